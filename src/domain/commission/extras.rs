//! What a commission plan pays beside its clauses: a bonus on renewed terms, and a floor under a
//! partner's first months.

use super::{
    super::{money::Money, period::Period, rate::Rate},
    bonus,
    clawback::ClawbackTerms,
};

/// What a plan version pays beside its clauses.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct PlanExtras {
    /// A bonus on each renewed term.
    pub renewal: Option<RenewalTerms>,
    /// A floor under a partner's first months.
    pub guarantee: Option<GuaranteeTerms>,
}

/// A share of a renewed term's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenewalTerms {
    /// The share.
    pub rate: Rate,
    /// What the term has to be worth of the one before, in basis points: 10000 is as much.
    pub kept_bps: u32,
    /// What goes back of it when the customer leaves early, by days from the renewed term's first.
    pub clawback: Option<ClawbackTerms>,
}

/// A floor under what a partner earns a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuaranteeTerms {
    /// The floor.
    pub amount: Money,
    /// For how many months from the partner's first enrolment on.
    pub months: u32,
}

impl PlanExtras {
    /// Each in a sentence, without its full stop.
    pub fn sentences(&self) -> Vec<String> {
        let renewal = self.renewal.map(|terms| {
            let back = terms.clawback;
            let back = back.map_or(String::new(), |back| {
                format!("; counted from the renewal, it {}", back.words())
            });
            format!(
                "Partners earn {} of what a renewed term is worth, once its first invoice is paid, if that is at least {} of the term before{back}",
                terms.rate,
                percent(terms.kept_bps)
            )
        });
        let guarantee = self.guarantee.map(|terms| {
            format!(
                "Partners earn at least {} a month in their first {}, not counting what goes back of earlier months",
                terms.amount,
                match terms.months {
                    1 => "month".to_owned(),
                    months => format!("{months} months"),
                }
            )
        });
        renewal.into_iter().chain(guarantee).collect()
    }
}

fn percent(bps: u32) -> String {
    let text = format!("{}.{:02}", bps / 100, bps % 100);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

impl RenewalTerms {
    /// What a renewed term earns, in minor units, when it is worth so much and the one before was
    /// worth so much.
    pub fn bonus(&self, before_minor: i64, now_minor: i64) -> i64 {
        bonus::renewal_bonus(self.rate, self.kept_bps, before_minor, now_minor)
    }
}

impl GuaranteeTerms {
    /// The place of a month among those with a floor, from 1; none for one that has none.
    pub fn place(&self, first: Period, month: Period) -> Option<u32> {
        let count = first.through(month).count();
        let place = u32::try_from(count).ok()?;
        (1..=self.months).contains(&place).then_some(place)
    }

    /// What brings a month's earnings up to the floor, in minor units, zero or more.
    pub fn fill(&self, earned_minor: i64) -> i64 {
        bonus::guaranteed(self.amount.minor(), earned_minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewal_has_to_keep_what_was_there() {
        let terms = RenewalTerms {
            rate: Rate::from_bps(200).unwrap(),
            kept_bps: 10_000,
            clawback: None,
        };
        assert_eq!(terms.bonus(110_000, 120_000), 2_400);
        assert_eq!(terms.bonus(110_000, 109_999), 0);
    }

    #[test]
    fn a_floor_holds_for_its_months() {
        let month = |text: &str| text.parse::<Period>().unwrap();
        let terms = GuaranteeTerms {
            amount: Money::new(50_000, "EUR".parse().unwrap()),
            months: 3,
        };
        let first = month("2027-03");
        let places = ["2027-02", "2027-03", "2027-05", "2027-06"];
        let places = places.map(|text| terms.place(first, month(text)));
        assert_eq!(places, [None, Some(1), Some(3), None]);
        assert_eq!((terms.fill(32_000), terms.fill(60_000)), (18_000, 0));
    }

    #[test]
    fn both_are_said() {
        let extras = PlanExtras {
            renewal: Some(RenewalTerms {
                rate: Rate::from_bps(250).unwrap(),
                kept_bps: 9_500,
                clawback: None,
            }),
            guarantee: None,
        };
        let said = extras.sentences();
        assert_eq!(said.len(), 1);
        assert!(
            said[0].starts_with("Partners earn 2.5 % of what a renewed term"),
            "{said:?}"
        );
        assert!(
            said[0].ends_with("at least 95 % of the term before"),
            "{said:?}"
        );
        assert!(PlanExtras::default().sentences().is_empty());
    }
}
