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
    shares::apportion,
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
        Lapsed = "lapsed", "Not owed as things stand";
    }
}

impl SlaCreditStatus {
    /// Those that say that nothing was missed: somebody declined it, or it is reckoned away.
    pub const NO_MISS: [Self; 2] = [Self::Declined, Self::Lapsed];

    /// Whether the month counts among those in which something was missed.
    pub fn is_miss(self) -> bool {
        !Self::NO_MISS.contains(&self)
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

/// What of a charge for some days (minor units) falls on so many of them, before rounding.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn charge_on(amount_minor: i64, service: ServicePeriod, days: i64) -> Result<Ratio, Overflow> {
    charge_in(amount_minor, days, service.days())
}

/// What of a charge for some days or seconds (minor units) falls on so many of them, before
/// rounding.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn charge_in(amount_minor: i64, part: i64, whole: i64) -> Result<Ratio, Overflow> {
    let of = whole.max(1);
    let amount = i128::from(amount_minor.max(0));
    Ratio::new(amount * i128::from(part.clamp(0, of)), i128::from(of))
}

/// What is given back of the charges that make up a month's fee: magnitudes in minor units that
/// add up to their sum, which is rounded once.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn credit_in(charges: &[Ratio], share: Rate) -> Result<Vec<i64>, Overflow> {
    let share = Ratio::new(i128::from(share.bps()), 10_000)?;
    let exact = charges.iter().map(|charge| charge.times(share));
    apportion(&exact.collect::<Result<Vec<_>, _>>()?)
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
    fn a_charge_falls_on_its_days_and_is_given_back_in_one_rounding() {
        let half = served("2027-01-15", "2027-02-15");
        // 17 of 31 days.
        let on = |amount, service, days| charge_on(amount, service, days).unwrap();
        assert_eq!(on(31_000, half, 17).round(), Ok(17_000));
        let year = served("2027-02-01", "2028-01-01");
        // 24,000.00 a year from February on: 30 of 334 days of what that is charged.
        assert_eq!(on(2_196_164, year, 30).round(), Ok(197_260));
        assert_eq!(
            (on(-5, half, 17), on(31_000, half, 0)),
            (Ratio::ZERO, Ratio::ZERO)
        );
        let parts = [on(12_500, half, 15), on(8_125, half, 16)];
        let given = credit_in(&parts, rate(1_000)).unwrap();
        // 604.84 and 419.35 make 1,024.19 and no more.
        assert_eq!(given, [605, 419]);
        assert_eq!(credit_in(&[], rate(1_000)), Ok(Vec::new()));
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
