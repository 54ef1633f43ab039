//! What a breach costs: credits on the recurring fee, and who bears them.

use crate::domain::{rate::Rate, ratio::Overflow};

/// What is credited where a promise is missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// The share promised, in parts per million.
    pub at_least_ppm: i64,
    /// The share of the fee that is credited when it is missed.
    pub credit: Rate,
}

/// The credit of the lowest promise that was missed: of several for the same
/// service, the worst counts and not their sum.
pub fn missed_band(bands: &[Band], meets: impl Fn(i64) -> bool) -> Option<Rate> {
    let missed = bands.iter().filter(|band| !meets(band.at_least_ppm));
    let worst = missed.min_by_key(|band| band.at_least_ppm);
    worst.map(|band| band.credit)
}

/// The share credited for several breaches in one month: their sum, at most
/// the cap.
pub fn total_credit(breaches: &[Rate], cap: Rate) -> Rate {
    let sum: i64 = breaches.iter().map(|rate| i64::from(rate.bps())).sum();
    let capped = sum.min(i64::from(cap.bps()));
    i32::try_from(capped)
        .ok()
        .and_then(|bps| Rate::from_bps(bps).ok())
        .unwrap_or(cap)
}

/// The credit on a recurring fee in minor units: zero or below, at most the fee.
pub fn credit_minor(fee_minor: i64, share: Rate) -> i64 {
    -share.of(fee_minor.max(0))
}

/// Who bears a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Liable {
    /// The vendor; the partner's commission stays as it was.
    ProtectPartner,
    /// What was credited earns nothing.
    ReduceBase,
    /// Both: the partner's part is charged back once and in full, and only the
    /// vendor's part reduces the base.
    Shared {
        /// The partner's part of the credit.
        partner: Rate,
    },
}

impl Liable {
    /// As it is kept: what it is called, and the partner's part.
    pub fn named(self) -> (super::Liability, Rate) {
        use super::Liability;
        match self {
            Self::ProtectPartner => (Liability::ProtectPartner, Rate::default()),
            Self::ReduceBase => (Liability::ReduceBase, Rate::default()),
            Self::Shared { partner } => (Liability::Shared, partner),
        }
    }
}

/// What a credit does to the commission on the line it stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommissionEffect {
    /// The base the commission is on afterwards, minor units.
    pub commissionable: i64,
    /// The commission on it, minor units.
    pub commission: i64,
    /// The change of the commission, minor units; zero or below.
    pub adjustment: i64,
    /// The partner's part of the credit, charged back, minor units; zero or below.
    pub chargeback: i64,
}

/// What a credit (minor units, zero or below) on a fee does to the commission.
/// The same money never both reduces the base and is charged back.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn effect_on_commission(
    (fee_minor, credit): (i64, i64),
    commission: Rate,
    liable: Liable,
) -> Result<CommissionEffect, Overflow> {
    let chargeback = match liable {
        Liable::Shared { partner } => partner.of(credit),
        Liable::ReduceBase | Liable::ProtectPartner => 0,
    };
    let reduces = match liable {
        Liable::ProtectPartner => 0,
        Liable::ReduceBase | Liable::Shared { .. } => {
            credit.checked_sub(chargeback).ok_or(Overflow)?
        }
    };
    let commissionable = fee_minor.checked_add(reduces).ok_or(Overflow)?;
    let before = commission.of(fee_minor);
    let after = commission.of(commissionable);
    Ok(CommissionEffect {
        commissionable,
        commission: after,
        adjustment: after.checked_sub(before).ok_or(Overflow)?,
        chargeback,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(bps: i32) -> Rate {
        Rate::from_bps(bps).unwrap()
    }

    #[test]
    fn the_worst_missed_promise_counts() {
        let bands = [(999_000, 1_000), (990_000, 2_500), (950_000, 5_000)].map(|(ppm, bps)| Band {
            at_least_ppm: ppm,
            credit: rate(bps),
        });
        let of = |ppm: i64| missed_band(&bands, |target| ppm >= target);
        assert_eq!(of(999_000), None);
        assert_eq!(of(998_999), Some(rate(1_000)));
        assert_eq!(of(989_999), Some(rate(2_500)));
        assert_eq!(of(0), Some(rate(5_000)));
    }

    #[test]
    fn shared_liability_counts_no_money_twice() {
        let shared = Liable::Shared {
            partner: rate(7_000),
        };
        let effect = effect_on_commission((100_000, -10_000), rate(1_500), shared).unwrap();
        assert_eq!(effect.commissionable, 97_000);
        assert_eq!((effect.commission, effect.chargeback), (14_550, -7_000));
        let shared = Liable::Shared {
            partner: rate(3_000),
        };
        let effect = effect_on_commission((100_000, -10_000), rate(1_500), shared).unwrap();
        assert_eq!(effect.commissionable, 93_000);
        assert_eq!(effect.commission + effect.chargeback, 10_950);
    }

    proptest! {
        /// Invariant 30: a credit is at most the cap and at most the fee.
        #[test]
        fn a_credit_stays_below_cap_and_fee(
            fee in -1_000_000i64..1_000_000_000,
            breaches in prop::collection::vec(0i32..=10_000, 0..6),
            cap in 0i32..=10_000,
            partner in 0i32..=10_000,
            commission in 0i32..=10_000,
        ) {
            let rates: Vec<Rate> = breaches.iter().map(|bps| rate(*bps)).collect();
            let share = total_credit(&rates, rate(cap));
            prop_assert!(share.bps() <= cap);
            let credit = credit_minor(fee, share);
            prop_assert!(credit <= 0 && -credit <= fee.max(0));
            prop_assert!(-credit <= rate(cap).of(fee.max(0)));
            for liable in [
                Liable::ProtectPartner,
                Liable::ReduceBase,
                Liable::Shared { partner: rate(partner) },
            ] {
                let fee = fee.max(0);
                let effect = effect_on_commission((fee, credit), rate(commission), liable).unwrap();
                prop_assert!(effect.adjustment <= 0 && effect.chargeback <= 0);
                prop_assert!(effect.commissionable >= 0 && effect.commissionable <= fee);
                prop_assert!(-effect.chargeback <= -credit);
            }
        }
    }
}
