//! Over which months a partner's revenue counts towards a clause's steps, and what becomes of them
//! when some of it goes back later.

use super::super::{coded::coded, period::Period};

coded! {
    /// The calendar months of the vendor over which revenue counts towards steps.
    Span {
        Month = "month", "a month";
        Quarter = "quarter", "a calendar quarter";
        Year = "year", "a calendar year";
    }
}

coded! {
    /// What steps do with what customers get back once their months are closed.
    GivenBack {
        OriginalRate = "original_rate", "goes at the rate it brought";
        Reband = "reband", "takes the steps anew";
    }
}

impl Span {
    /// What one is called.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    fn months(self) -> i32 {
        match self {
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        }
    }

    /// The first month of the one that a month lies in.
    pub fn first(self, month: Period) -> Period {
        let (year, place) = (month.key() / 100, month.key() % 100 - 1);
        let first = place - place % self.months() + 1;
        Period::from_key(year * 100 + first).unwrap_or(month)
    }

    /// The one that a month lies in: "December 2026", "Q4 2026", "2026".
    pub fn title(self, month: Period) -> String {
        let (year, place) = (month.key() / 100, month.key() % 100 - 1);
        match self {
            Self::Month => month.title(),
            Self::Quarter => format!("Q{} {year}", place / 3 + 1),
            Self::Year => year.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_and_years_are_the_calendars() {
        let month = |typed: &str| typed.parse::<Period>().unwrap();
        for (span, of, first, title) in [
            (Span::Month, "2026-12", "2026-12", "December 2026"),
            (Span::Quarter, "2026-12", "2026-10", "Q4 2026"),
            (Span::Quarter, "2027-01", "2027-01", "Q1 2027"),
            (Span::Quarter, "2027-06", "2027-04", "Q2 2027"),
            (Span::Year, "2026-12", "2026-01", "2026"),
            (Span::Year, "2027-01", "2027-01", "2027"),
        ] {
            assert_eq!(span.first(month(of)), month(first));
            assert_eq!(span.title(month(of)), title);
        }
    }
}
