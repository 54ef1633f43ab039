//! What finance gives or takes by hand: proposed by one person, decided by another.

use super::{coded::coded, period::Period};

coded! {
    /// Why an amount is adjusted.
    AdjustmentReason {
        Correction = "correction", "Correction";
        Goodwill = "goodwill", "Goodwill";
        Promotion = "promotion", "Promotion";
        Dispute = "dispute", "Settled dispute";
        Other = "other", "Other";
    }
}

coded! {
    /// How far an adjustment has come.
    AdjustmentStatus {
        Proposed = "proposed", "Waits for approval";
        Approved = "approved", "Approved";
        Declined = "declined", "Declined";
    }
}

impl AdjustmentStatus {
    /// Whether this may turn into that; what is not listed is refused.
    pub fn can_become(self, next: Self) -> bool {
        use AdjustmentStatus::{Approved, Declined, Proposed};
        matches!((self, next), (Proposed, Approved | Declined))
    }
}

/// What an entry says of its adjustment: the reason, and the memo that the partner reads.
pub fn adjustment_note(reason: AdjustmentReason, memo: &str) -> String {
    let memo = memo.trim().trim_end_matches('.');
    format!("{}: {memo}.", reason.label())
}

/// Why nothing can be adjusted in a month: one that was closed, or has not come yet. `None` where
/// something can.
pub fn unadjustable(month: Period, first_open: Period, now: Period) -> Option<String> {
    if month < first_open {
        return Some(format!(
            "{} is closed. Choose an open month.",
            month.title()
        ));
    }
    (month > now).then(|| format!("{} has not come yet.", month.title()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adjustment_is_decided_once() {
        use AdjustmentStatus::{Approved, Declined, Proposed};
        assert!(Proposed.can_become(Approved) && Proposed.can_become(Declined));
        assert!(!Approved.can_become(Declined) && !Declined.can_become(Approved));
    }

    #[test]
    fn only_open_months_are_adjusted() {
        let month = |text: &str| text.parse::<Period>().unwrap();
        let (open, now) = (month("2027-03"), month("2027-04"));
        assert_eq!(unadjustable(month("2027-03"), open, now), None);
        assert_eq!(unadjustable(month("2027-04"), open, now), None);
        let closed = unadjustable(month("2027-02"), open, now).unwrap();
        assert_eq!(closed, "February 2027 is closed. Choose an open month.");
        assert!(unadjustable(month("2027-05"), open, now).is_some());
    }

    #[test]
    fn a_note_ends_once() {
        let note = adjustment_note(AdjustmentReason::Goodwill, " The move took long. ");
        assert_eq!(note, "Goodwill: The move took long.");
    }
}
