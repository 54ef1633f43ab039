//! A period in which the partner of record, or its rate, changed.

use chrono::NaiveDate;

use super::super::{
    billing_calendar::ServicePeriod,
    coded::coded,
    rate::Rate,
    ratio::{Overflow, Ratio},
    shares::apportion,
};

coded! {
    /// When a change of partner or tier counts.
    Takes {
        PeriodStart = "period_start", "From the next service period";
        Days = "prorate_days", "From the day itself";
    }
}

/// What one holder earned of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice<T> {
    /// Whose, or at which rate.
    pub holder: T,
    /// Its days.
    pub service: ServicePeriod,
}

/// Parts a period among holders, each from a day on, earliest first and the first from the
/// period's start or before. With [`Takes::PeriodStart`] whoever holds the first day has all.
pub fn slices<T: Copy>(
    service: ServicePeriod,
    holders: &[(NaiveDate, T)],
    takes: Takes,
) -> Vec<Slice<T>> {
    if takes == Takes::PeriodStart {
        let first = holders.iter().rev().find(|(from, _)| *from <= service.from);
        let whole = first.map(|&(_, holder)| Slice { holder, service });
        return whole.into_iter().collect();
    }
    let ends = holders.iter().skip(1).map(|(from, _)| *from);
    let ends = ends.chain([service.to]);
    holders
        .iter()
        .zip(ends)
        .map(|(&(from, holder), to)| Slice {
            holder,
            service: service.rest_from(from).until(to),
        })
        .filter(|slice| slice.service.days() > 0)
        .collect()
}

/// What each partner gets of a commission that was transferred inside the period, by days: one
/// rounding over all, in minor units.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn shared_by_days<T>(
    commission: Ratio,
    service: ServicePeriod,
    slices: &[Slice<T>],
) -> Result<Vec<i64>, Overflow> {
    let parts: Result<Vec<Ratio>, Overflow> = slices
        .iter()
        .map(|slice| commission.times(days_of(slice.service, service)?))
        .collect();
    apportion(&parts?)
}

/// What a base earns under each rate of a period, by days: one rounding per rate, in minor units.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn earned_by_rate(
    base_minor: i64,
    service: ServicePeriod,
    slices: &[Slice<Rate>],
) -> Result<Vec<i64>, Overflow> {
    slices
        .iter()
        .map(|slice| {
            let exact = slice.holder.exact(base_minor);
            exact.times(days_of(slice.service, service)?)?.round()
        })
        .collect()
}

fn days_of(part: ServicePeriod, whole: ServicePeriod) -> Result<Ratio, Overflow> {
    Ratio::new(i128::from(part.days()), i128::from(whole.days()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::period::read_date;

    fn date(typed: &str) -> NaiveDate {
        read_date(typed).unwrap()
    }

    fn period(from: &str, to: &str) -> ServicePeriod {
        ServicePeriod {
            from: date(from),
            to: date(to),
        }
    }

    #[test]
    fn a_customer_moved_inside_a_period() {
        let june = period("2027-06-01", "2027-07-01");
        let holders = [(june.from, 'a'), (date("2027-06-21"), 'b')];
        let by = |takes| {
            let parts = slices(june, &holders, takes);
            shared_by_days(Ratio::from_int(4_500), june, &parts).unwrap()
        };
        assert_eq!(by(Takes::Days), [3_000, 1_500]);
        assert_eq!(by(Takes::PeriodStart), [4_500]);
    }

    #[test]
    fn a_tier_changed_inside_a_period() {
        let july = period("2027-07-01", "2027-08-01");
        let rate = |bps| Rate::from_bps(bps).unwrap();
        let rates = [(july.from, rate(1_000)), (date("2027-07-11"), rate(1_500))];
        let by = |takes| earned_by_rate(31_000, july, &slices(july, &rates, takes)).unwrap();
        assert_eq!(by(Takes::PeriodStart), [3_100]);
        assert_eq!(by(Takes::Days), [1_000, 3_150]);
    }

    proptest! {
        #[test]
        fn a_transfer_loses_nothing(minor in -1_000_000i64..1_000_000, days in prop::collection::btree_set(0u64..40, 0..5)) {
            let service = period("2027-07-01", "2027-08-01");
            let mut holders = vec![(service.from, 0usize)];
            holders.extend(days.into_iter().enumerate().map(|(index, day)| {
                (service.from + chrono::Days::new(day), index + 1)
            }));
            let parts = slices(service, &holders, Takes::Days);
            prop_assert_eq!(parts.iter().map(|part| part.service.days()).sum::<i64>(), 31);
            let shares = shared_by_days(Ratio::from_int(minor), service, &parts).unwrap();
            prop_assert_eq!(shares.iter().sum::<i64>(), minor);
        }
    }
}
