//! What usage adds to a bill: periods that are over, and what late events and
//! corrections change about periods billed before.

use super::{
    billing_calendar::ServicePeriod,
    held::Share,
    measure::Measure,
    meter::{Span, UsageEvent, used},
    price::Price,
    rate::Rate,
    ratio::{Overflow, Ratio},
    resale::bought,
};

/// A period of which usage is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsagePeriod {
    /// Which, counted from 0.
    pub index: u32,
    /// Its days.
    pub service: ServicePeriod,
    /// Its instants.
    pub span: Span,
    /// The part of the whole period that is of the plan: less than all where that changes inside it.
    pub share: Share,
}

/// What was billed for the usage of a period so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastUsage {
    /// Which period, counted from 0.
    pub index: u32,
    /// What of an allowance it carried on.
    pub carries: Measure,
    /// What was billed in all, in minor units.
    pub billed_minor: i64,
}

/// What a period's usage comes to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrear {
    /// Which period.
    pub period: UsagePeriod,
    /// What was used.
    pub used: Measure,
    /// What of an allowance is carried on.
    pub carries: Measure,
    /// What the list asks for it in all, in minor units.
    pub list_minor: i64,
    /// What it costs in all, in minor units.
    pub amount_minor: i64,
    /// What of that was not billed yet; below zero after a correction.
    pub open_minor: i64,
}

/// Reckons the usage of some periods that follow one another, with what the
/// period before them carried on. A period billed before is charged for the
/// difference alone.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn arrears(
    price: &Price,
    periods: &[UsagePeriod],
    events: &[UsageEvent],
    past: &[PastUsage],
) -> Result<Vec<Arrear>, Overflow> {
    arrears_off(price, Rate::default(), (periods, events), past)
}

/// As [`arrears`], at a discount off the list.
///
/// # Errors
/// As [`arrears`].
pub fn arrears_off(
    price: &Price,
    discount: Rate,
    (periods, events): (&[UsagePeriod], &[UsageEvent]),
    past: &[PastUsage],
) -> Result<Vec<Arrear>, Overflow> {
    let Some(meter) = price.meter() else {
        return Ok(Vec::new());
    };
    let known = |index: u32| past.iter().find(|one| one.index == index);
    let before = periods.first().and_then(|first| first.index.checked_sub(1));
    let before = before.and_then(known);
    let mut carried = before.map_or(Ratio::ZERO, |past| past.carries.exact());
    let mut found = Vec::new();
    for period in periods {
        let quantity = used(meter.aggregation, period.span, events)?;
        let settled = price.for_part(quantity, carried, period.share.ratio()?)?;
        let list_minor = settled.overage.round()?;
        let amount_minor = bought(list_minor, discount);
        let billed = known(period.index).map_or(0, |past| past.billed_minor);
        found.push(Arrear {
            period: *period,
            used: Measure::nearest(quantity)?,
            carries: Measure::nearest(settled.carries)?,
            list_minor,
            amount_minor,
            open_minor: amount_minor.checked_sub(billed).ok_or(Overflow)?,
        });
        carried = settled.carries;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        meter::{Aggregation, Meter},
        price::Retainer,
        rate::UnitPrice,
        scale::{Band, Bands, Scale},
    };
    use chrono::{Days, NaiveDate};

    fn unit(minor: i64) -> UnitPrice {
        UnitPrice::from_micro(minor * 1_000_000).unwrap()
    }

    fn meter() -> Meter {
        Meter {
            code: "hours".parse().unwrap(),
            aggregation: Aggregation::Sum,
        }
    }

    fn period(index: u32) -> UsagePeriod {
        let start = |n: u32| {
            let first = NaiveDate::from_ymd_opt(2027, 1, 1).unwrap();
            first
                .checked_add_days(Days::new(u64::from(n) * 30))
                .unwrap()
        };
        let service = ServicePeriod {
            from: start(index),
            to: start(index + 1),
        };
        let midnight = |day: NaiveDate| day.and_hms_opt(0, 0, 0).unwrap();
        let span = Span {
            from: midnight(service.from),
            to: midnight(service.to),
        };
        UsagePeriod {
            index,
            service,
            span,
            share: Share::whole(30),
        }
    }

    fn event(id: &str, index: u32, value: &str) -> UsageEvent {
        UsageEvent {
            event_id: id.into(),
            at: period(index).span.from + chrono::TimeDelta::hours(5),
            subject: String::new(),
            value: value.parse().unwrap(),
        }
    }

    #[test]
    fn a_late_event_is_billed_as_the_difference_and_moves_the_carry() {
        let retainer = Retainer {
            fee: unit(90_000),
            included: Measure::whole(10),
            overage: unit(9_500),
            rollover_cap: Measure::whole(4),
        };
        let price = Price::Retainer(meter(), retainer);
        let periods: Vec<UsagePeriod> = (0..3).map(period).collect();
        let mut events = vec![event("a", 0, "7"), event("b", 1, "15"), event("c", 2, "9")];
        let first = arrears(&price, &periods, &events, &[]).unwrap();
        let opens = |of: &[Arrear]| of.iter().map(|one| one.open_minor).collect::<Vec<_>>();
        assert_eq!(opens(&first), [0, 19_000, 0]);
        let past: Vec<PastUsage> = first
            .iter()
            .map(|one| PastUsage {
                index: one.period.index,
                carries: one.carries,
                billed_minor: one.amount_minor,
            })
            .collect();
        events.push(event("late", 0, "2"));
        let again = arrears(&price, &periods, &events, &past).unwrap();
        assert_eq!(opens(&again), [0, 19_000, 0]);
        assert_eq!(again[1].amount_minor, 38_000);
        events.push(event("fewer", 1, "-20"));
        assert_eq!(
            opens(&arrears(&price, &periods[1..], &events, &past).unwrap()),
            [-19_000, 0]
        );
    }

    /// The first `days` of a period, after which another plan follows.
    fn part(index: u32, days: u64) -> UsagePeriod {
        let all = period(index);
        let to = all.service.from + Days::new(days);
        UsagePeriod {
            service: all.service.until(to),
            span: Span {
                to: to.and_hms_opt(0, 0, 0).unwrap(),
                ..all.span
            },
            share: Share {
                days: i64::try_from(days).unwrap(),
                of: 30,
            },
            ..all
        }
    }

    fn costs(price: &Price, of: UsagePeriod, value: &str) -> i64 {
        let events = [event("a", of.index, value)];
        arrears(price, &[of], &events, &[]).unwrap()[0].amount_minor
    }

    #[test]
    fn over_a_part_of_a_period_what_is_put_for_all_of_it_counts_in_proportion() {
        let (half, all) = (part(0, 15), period(0));
        let unit_price = Price::Metered(meter(), Scale::Unit(unit(7)));
        assert_eq!(costs(&unit_price, half, "13"), 91);
        let bands = || {
            let low = Band {
                up_to: Some(Measure::whole(100)),
                unit: unit(50),
                flat_minor: 300,
            };
            let high = Band {
                up_to: None,
                unit: unit(20),
                flat_minor: 0,
            };
            Bands::new(vec![low, high], true).unwrap()
        };
        let graduated = Price::Metered(meter(), Scale::Graduated(bands()));
        // 50 at 0.50, 40 at 0.20, and half of the flat 3.00.
        assert_eq!(costs(&graduated, half, "90"), 2_500 + 800 + 150);
        assert_eq!(costs(&graduated, all, "90"), 4_500 + 300);
        // 90 in half a month are 180 in one: the upper tier.
        let volume = Price::Metered(meter(), Scale::Volume(bands()));
        assert_eq!(costs(&volume, half, "90"), 1_800);
        let package = Price::Metered(
            meter(),
            Scale::Package {
                unit: unit(500),
                size: Measure::whole(100),
                free: Measure::whole(100),
            },
        );
        // Beyond 50 free ones: whole packages, each at its price.
        assert_eq!(costs(&package, half, "50"), 0);
        assert_eq!(costs(&package, half, "51"), 500);
        assert_eq!(costs(&package, half, "151"), 1_000);
    }

    #[test]
    fn over_a_part_hours_and_results_are_included_in_proportion() {
        let retainer = Retainer {
            fee: unit(90_000),
            included: Measure::whole(10),
            overage: unit(9_500),
            rollover_cap: Measure::whole(4),
        };
        let hours = Price::Retainer(meter(), retainer);
        assert_eq!(costs(&hours, part(0, 15), "5"), 0);
        assert_eq!(costs(&hours, part(0, 15), "7"), 19_000);
        // Carried in is used whole; what is carried on is in proportion too.
        let past = [PastUsage {
            index: 0,
            carries: Measure::whole(4),
            billed_minor: 0,
        }];
        let found = arrears(&hours, &[part(1, 15)], &[event("a", 1, "6")], &past).unwrap();
        assert_eq!(
            (found[0].amount_minor, found[0].carries),
            (0, Measure::whole(2))
        );
        let result = crate::domain::price::Outcome {
            base: unit(0),
            baseline: Measure::whole(4),
            fee: unit(4_000),
            cap_minor: Some(10_000),
        };
        let results = Price::Outcome(meter(), result);
        assert_eq!(costs(&results, part(0, 15), "3"), 4_000);
        assert_eq!(costs(&results, part(0, 15), "9"), 5_000);
        assert_eq!(costs(&results, period(0), "9"), 10_000);
    }

    #[test]
    fn a_level_costs_the_part_of_its_price() {
        let level = Meter {
            aggregation: crate::domain::meter::Aggregation::Max,
            ..meter()
        };
        let storage = Price::Metered(level, Scale::Unit(unit(30)));
        assert_eq!(costs(&storage, period(0), "10"), 300);
        assert_eq!(costs(&storage, part(0, 10), "10"), 100);
        assert_eq!(storage.part_words(), "price");
    }

    proptest! {
        // Invariant 19: whatever order events arrive in, bills add up to the price of the total.
        #[test]
        fn progressive_bills_come_to_the_price_of_the_total(
            values in proptest::collection::vec(0i64..90_000_000, 1..8),
            edge in 1u32..200,
            days in 1u64..=30,
        ) {
            let low = Band { up_to: Some(Measure::whole(edge)), unit: unit(7), flat_minor: 30 };
            let high = Band { up_to: None, unit: unit(5), flat_minor: 0 };
            let bands = Bands::new(vec![low, high], false).unwrap();
            let price = Price::Metered(meter(), Scale::Graduated(bands));
            let (mut events, mut past, mut sum) = (Vec::new(), Vec::new(), 0);
            for (n, micro) in values.iter().enumerate() {
                let mut one = event(&n.to_string(), 0, "0");
                one.value = Measure::from_micro(*micro);
                events.push(one);
                let now = arrears(&price, &[part(0, days)], &events, &past).unwrap()[0];
                sum += now.open_minor;
                past = vec![PastUsage { index: 0, carries: now.carries, billed_minor: now.amount_minor }];
            }
            let total = Measure::from_micro(values.iter().sum()).exact();
            let share = part(0, days).share.ratio().unwrap();
            let whole = price.for_part(total, Ratio::ZERO, share).unwrap().overage;
            prop_assert_eq!(sum, whole.round().unwrap());
        }

        // Left for the same plan inside a period, with even use, nothing is cheaper or dearer.
        #[test]
        fn a_change_to_the_same_prices_changes_nothing(
            daily in 0i64..9_000_000,
            edge in 1u32..200,
            days in 1u64..30,
        ) {
            let low = Band { up_to: Some(Measure::whole(edge)), unit: unit(7), flat_minor: 30 };
            let high = Band { up_to: None, unit: unit(5), flat_minor: 0 };
            let bands = || Bands::new(vec![low, high], true).unwrap();
            let part = |days: i64| (Share { days, of: 30 }, Measure::from_micro(daily * days));
            let first = i64::try_from(days).unwrap();
            for scale in [Scale::Unit(unit(7)), Scale::Graduated(bands()), Scale::Volume(bands())] {
                let price = Price::Metered(meter(), scale);
                let cost = |(share, used): (Share, Measure)| {
                    let share = share.ratio().unwrap();
                    price.for_part(used.exact(), Ratio::ZERO, share).unwrap().overage
                };
                let both = cost(part(first)).plus(cost(part(30 - first))).unwrap();
                prop_assert_eq!(both, cost(part(30)));
            }
        }
    }
}
