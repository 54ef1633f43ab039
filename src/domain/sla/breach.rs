//! Misses over the months: what each gives back, who bears it, and when there are too many.

use std::collections::BTreeSet;

use super::credit::Liable;
use crate::domain::{
    billing_calendar::ServicePeriod,
    catalogue::DeliveryParty,
    coded::coded,
    period::Period,
    rate::Rate,
    ratio::{Overflow, Ratio},
};

coded! {
    /// Who bears a policy's credits.
    Liability {
        ByDelivery = "by_delivery", "The vendor where it delivers alone, else the partner earns on what is left";
        ProtectPartner = "protect_partner", "The vendor: the partner earns as if nothing had been credited";
        ReduceBase = "reduce_base", "The partner earns on what is left";
        Shared = "shared", "Both: the partner's part is charged back to it";
    }
}

coded! {
    /// Where the credit of a miss stands.
    SlaCreditStatus {
        Noted = "noted", "Nothing to give back";
        Unclaimed = "unclaimed", "To be claimed";
        Proposed = "proposed", "Waits for approval";
        Approved = "approved", "Credited";
        Declined = "declined", "Declined";
    }
}

impl Liability {
    /// Who bears the credits of a service, given who delivers it and the partner's part.
    pub fn of(self, delivery: DeliveryParty, partner: Rate) -> Liable {
        match (self, delivery) {
            (Self::ProtectPartner, _) | (Self::ByDelivery, DeliveryParty::Vendor) => {
                Liable::ProtectPartner
            }
            (Self::ReduceBase | Self::ByDelivery, _) => Liable::ReduceBase,
            (Self::Shared, _) => Liable::Shared { partner },
        }
    }
}

/// A credit by who bears it, in minor units: magnitudes that add up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Borne {
    /// What reduces the base of the partner's commission.
    pub reduces: i64,
    /// What leaves the commission as it was.
    pub protects: i64,
    /// What of that is charged back to the partner, once and in full.
    pub charged_back: i64,
}

/// Splits a credit (a magnitude in minor units) by who bears it. The same money never both reduces
/// the base and is charged back.
pub fn borne(credit_minor: i64, liable: Liable) -> Borne {
    match liable {
        Liable::ProtectPartner => Borne {
            reduces: 0,
            protects: credit_minor,
            charged_back: 0,
        },
        Liable::ReduceBase => Borne {
            reduces: credit_minor,
            protects: 0,
            charged_back: 0,
        },
        Liable::Shared { partner } => {
            let charged_back = partner.of(credit_minor);
            Borne {
                reduces: credit_minor - charged_back,
                protects: charged_back,
                charged_back,
            }
        }
    }
}

/// What of a line's recurring fee (minor units) falls in a month, by days, before rounding.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn fee_in(net_minor: i64, service: ServicePeriod, month: Period) -> Result<Ratio, Overflow> {
    let within = ServicePeriod {
        from: service.from.max(month.first_day()),
        to: service.to.min(month.end()),
    };
    let days = i128::from(within.days());
    let of = i128::from(service.days()).max(1);
    Ratio::new(i128::from(net_minor.max(0)) * days, of)
}

/// What is given back of a line for a month: a magnitude in minor units, rounded once.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn credit_in(fee: Ratio, share: Rate) -> Result<i64, Overflow> {
    fee.times(Ratio::new(i128::from(share.bps()), 10_000)?)?
        .round()
}

/// So many months with a miss among the last six that are over give the right to end at once.
const TOO_MANY: usize = 3;

/// The months of the last six before this one in which something was missed, where they are enough
/// to end a subscription without a fee and without commission going back; else nothing.
pub fn too_many(missed: &BTreeSet<Period>, now: Period) -> Vec<Period> {
    let mut first = now;
    for _ in 0..6 {
        first = first.previous();
    }
    let recent: Vec<Period> = missed.range(first..now).copied().collect();
    match recent.len() >= TOO_MANY {
        true => recent,
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{period::read_date, sla::effect_on_commission};

    fn rate(bps: i32) -> Rate {
        Rate::from_bps(bps).unwrap()
    }

    fn month(typed: &str) -> Period {
        typed.parse().unwrap()
    }

    fn served(from: &str, to: &str) -> ServicePeriod {
        ServicePeriod {
            from: read_date(from).unwrap(),
            to: read_date(to).unwrap(),
        }
    }

    #[test]
    fn only_the_months_part_of_a_fee_gives_something_back() {
        let credit = |net, service, share| {
            let fee = fee_in(net, service, month("2027-01")).unwrap();
            (fee.round().unwrap(), credit_in(fee, rate(share)).unwrap())
        };
        let all = served("2027-01-01", "2027-02-01");
        assert_eq!(credit(50_000, all, 1_000), (50_000, 5_000));
        let half = served("2027-01-15", "2027-02-15");
        // 17 of 31 days.
        assert_eq!(credit(31_000, half, 1_000), (17_000, 1_700));
        let year = served("2026-07-01", "2027-07-01");
        assert_eq!(credit(36_500, year, 5_000), (3_100, 1_550));
        assert_eq!(
            credit(36_500, served("2027-02-01", "2027-03-01"), 5_000),
            (0, 0)
        );
        assert_eq!(credit(-5, all, 5_000), (0, 0));
    }

    #[test]
    fn what_is_borne_agrees_with_the_case_of_shared_liability() {
        let liable = Liability::Shared.of(DeliveryParty::Vendor, rate(3_000));
        let parts = borne(10_000, liable);
        assert_eq!(
            (parts.reduces, parts.protects, parts.charged_back),
            (7_000, 3_000, 3_000)
        );
        let effect = effect_on_commission((100_000, -10_000), rate(1_500), liable).unwrap();
        assert_eq!(effect.commissionable, 100_000 - parts.reduces);
        assert_eq!(effect.chargeback, -parts.charged_back);
        let default = |delivery| Liability::ByDelivery.of(delivery, rate(0));
        assert_eq!(default(DeliveryParty::Vendor), Liable::ProtectPartner);
        assert_eq!(default(DeliveryParty::Partner), Liable::ReduceBase);
        assert_eq!(default(DeliveryParty::Shared), Liable::ReduceBase);
    }

    #[test]
    fn three_misses_of_the_last_six_months_are_too_many() {
        let missed = |months: &[&str]| months.iter().map(|one| month(one)).collect();
        let now = month("2027-01");
        let three: BTreeSet<Period> = missed(&["2026-07", "2026-10", "2026-12"]);
        assert_eq!(too_many(&three, now).len(), 3);
        assert!(too_many(&three, month("2027-02")).is_empty());
        assert!(too_many(&missed(&["2026-06", "2026-10", "2026-12", "2027-01"]), now).is_empty());
    }
}
