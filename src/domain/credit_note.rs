//! Credit notes: why there is one, where its money goes, and what it does to commission.

use super::{cash::dispose, coded::coded};

coded! {
    /// Why a credit note was made.
    CreditReason {
        Change = "change", "Change of the subscription or its usage";
        BillingError = "billing_error", "Billed by mistake";
        ServiceLevel = "service_level", "Service level missed";
        Goodwill = "goodwill", "Goodwill";
        PriceAgreed = "price_agreed", "Another price agreed";
        Other = "other", "Other";
    }
}

impl CreditReason {
    /// The reasons a person may give; the others are the machine's.
    pub fn by_hand() -> impl Iterator<Item = Self> {
        let all = Self::ALL.iter().copied();
        all.filter(|one| *one != Self::Change)
    }

    /// Whether it says that another price was right from the beginning: what is given back later
    /// for days that are not used is then a part of that price.
    pub fn lowers_price(self) -> bool {
        matches!(self, Self::BillingError | Self::PriceAgreed)
    }
}

coded! {
    /// Where the money of a credit note goes.
    Disposition {
        DueThenCredit = "due_then_credit", "Off what is due; the rest is the customer’s credit";
        DueThenRefund = "due_then_refund", "Off what is due; the rest is paid back";
        Credit = "credit", "All of it is the customer’s credit, for the next invoice";
    }
}

coded! {
    /// What a credit note does to the partner's commission.
    CommissionRule {
        ReduceBase = "reduce_base", "The partner earns on what is left";
        ProtectPartner = "protect_partner", "The partner earns as if nothing had been credited";
    }
}

/// More than can become the customer's credit: that much of what was paid is still here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMuch {
    /// What can at most, in minor units.
    pub most_minor: i64,
}

impl Disposition {
    /// Splits a credit of an invoice (a magnitude) into what it takes off the amount due and what
    /// becomes the customer's credit; the two add up to it. `kept_minor` is the cash that is still
    /// on the invoice. Minor units.
    ///
    /// # Errors
    /// [`TooMuch`] where more would become credit than was paid.
    pub fn split(
        self,
        total_minor: i64,
        due_minor: i64,
        kept_minor: i64,
    ) -> Result<(i64, i64), TooMuch> {
        let (reduces, credit) = match self {
            Self::DueThenCredit | Self::DueThenRefund => dispose(total_minor, due_minor),
            Self::Credit => (0, total_minor),
        };
        match credit > kept_minor.max(0) {
            true => Err(TooMuch {
                most_minor: kept_minor.max(0),
            }),
            false => Ok((reduces, credit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_goes_first_unless_all_is_to_be_credit() {
        let off_due = Disposition::DueThenCredit;
        assert_eq!(off_due.split(6_000, 15_000, 9_000), Ok((6_000, 0)));
        assert_eq!(off_due.split(6_000, 2_000, 9_000), Ok((2_000, 4_000)));
        let back = Disposition::DueThenRefund;
        assert_eq!(back.split(6_000, 0, 9_000), Ok((0, 6_000)));
        let credit = Disposition::Credit;
        assert_eq!(credit.split(6_000, 15_000, 9_000), Ok((0, 6_000)));
        let too_much = Err(TooMuch { most_minor: 5_000 });
        assert_eq!(credit.split(6_000, 15_000, 5_000), too_much);
        assert_eq!(off_due.split(9_000, 2_000, 5_000), too_much);
    }

    #[test]
    fn a_person_does_not_give_the_machines_reason() {
        assert!(CreditReason::by_hand().all(|one| one != CreditReason::Change));
        assert_eq!(CreditReason::by_hand().count(), 5);
    }
}
