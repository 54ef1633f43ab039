//! What one service period is billed in advance: the one rule that the run,
//! its preview and a change inside a period share.

use chrono::NaiveDate;

use super::{
    billing_calendar::{Anchor, BillingInterval, ServicePeriod},
    discount::{Discount, spread, taken_off},
    meter::Span,
    price::Price,
    proration::{Proration, part_of, part_of_span},
    rate::Quantity,
    ratio::{Overflow, Ratio},
    text::Zone,
};

/// A period, or the rest of one, to be charged for.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    /// Which period, counted from 0.
    pub index: u32,
    /// All of it.
    pub whole: ServicePeriod,
    /// What of it is charged for.
    pub service: ServicePeriod,
    /// Both as instants, where parts are measured by the second.
    pub spans: Option<Spans>,
}

/// The instants of a period, and of what of it is charged for.
#[derive(Debug, Clone, Copy)]
pub struct Spans {
    /// All of it.
    pub whole: Span,
    /// What is charged for.
    pub service: Span,
}

impl Stretch {
    /// Period `index` as it is charged from a day on: the first may be the rest
    /// of one. `None` beyond the calendar.
    pub fn of(anchor: Anchor, index: u32, charged_from: NaiveDate) -> Option<Self> {
        let whole = anchor.service_period(index)?;
        Some(Self {
            index,
            whole,
            service: whole.rest_from(charged_from),
            spans: None,
        })
    }

    /// The same, measured as a plan says, from the start of one local day to
    /// that of another.
    pub fn measured(self, by: Proration, zone: Zone) -> Self {
        let spans = Spans {
            whole: Span::of_days(self.whole, zone),
            service: Span::of_days(self.service, zone),
        };
        Self {
            spans: (by == Proration::Second).then_some(spans),
            ..self
        }
    }

    /// What of an amount for the whole falls on what is charged for, rounded.
    fn part(&self, amount_minor: i64) -> i64 {
        match self.spans {
            None => part_of(amount_minor, self.whole, self.service),
            Some(spans) => part_of_span(amount_minor, spans.whole, spans.service),
        }
    }

    /// The part of the whole that is charged for.
    fn share(&self) -> Result<Ratio, Overflow> {
        let (part, whole) = match self.spans {
            None => (self.service.days(), self.whole.days()),
            Some(spans) => (spans.service.seconds(), spans.whole.seconds()),
        };
        match whole {
            0 => Ok(Ratio::ZERO),
            whole => Ratio::new(i128::from(part.min(whole)), i128::from(whole)),
        }
    }
}

/// What one price charges in advance, in minor units before tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ahead {
    /// By the price alone.
    pub list_minor: i64,
    /// What discounts take off it.
    pub off_minor: i64,
    /// Of that, the resale discount.
    pub resale_minor: i64,
}

impl Ahead {
    /// What is charged.
    pub fn net_minor(self) -> i64 {
        self.list_minor - self.off_minor
    }
}

/// What each price charges in advance for a stretch, in the order of the
/// prices. Discounts that run in its period apply to all of them together;
/// what they take off is spread by amount.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn ahead<'a>(
    prices: impl IntoIterator<Item = &'a Price>,
    quantity: Quantity,
    discounts: &[Discount],
    stretch: Stretch,
) -> Result<Vec<Ahead>, Overflow> {
    let part = |price: &Price| {
        let whole = price.for_period(quantity)?;
        Ok(stretch.part(whole))
    };
    let lists: Vec<i64> = prices.into_iter().map(part).collect::<Result<_, _>>()?;
    let total = lists
        .iter()
        .try_fold(0i64, |sum, list| sum.checked_add(*list));
    let total = total.ok_or(Overflow)?;
    let running = discounts.iter().filter(|one| one.runs_in(stretch.index));
    let resale = running.clone().filter(|one| one.is_resale());
    let off = taken_off(total, running.copied(), stretch.share()?)?;
    let offs = spread(off, &lists)?;
    let first = taken_off(total, resale.copied(), stretch.share()?)?;
    let firsts = spread(first, &lists)?;
    let ahead = |(list_minor, (off_minor, first)): (i64, (i64, i64))| Ahead {
        list_minor,
        off_minor,
        resale_minor: first.min(off_minor),
    };
    let offs = offs.into_iter().zip(firsts);
    Ok(lists.into_iter().zip(offs).map(ahead).collect())
}

/// What each price charges in advance for all of a period, after discounts that
/// come back: neither a first period that is the rest of one nor a discount for
/// a single period lowers it.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn standing<'a>(
    prices: impl IntoIterator<Item = &'a Price>,
    quantity: Quantity,
    discounts: &[Discount],
    stretch: Stretch,
) -> Result<Vec<Ahead>, Overflow> {
    let recurring: Vec<Discount> = discounts
        .iter()
        .copied()
        .filter(Discount::is_recurring)
        .collect();
    let whole = Stretch {
        service: stretch.whole,
        spans: None,
        ..stretch
    };
    ahead(prices, quantity, &recurring, whole)
}

/// What a subscription brings in a month while a period runs, in minor units:
/// what a whole period charges in advance, after discounts that come back,
/// brought to a month, rounded. One-off charges and usage do not count.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn monthly<'a>(
    prices: impl IntoIterator<Item = &'a Price>,
    quantity: Quantity,
    discounts: &[Discount],
    (stretch, interval): (Stretch, BillingInterval),
) -> Result<i64, Overflow> {
    let charged = standing(prices, quantity, discounts, stretch)?;
    let sum = charged.iter().map(|one| i128::from(one.net_minor())).sum();
    interval.monthly(sum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        discount::Off,
        moment::Moment,
        period::read_date,
        proration::{ChargeSegment, credit_at},
        rate::{Rate, UnitPrice},
    };

    fn unit(minor: i64) -> UnitPrice {
        UnitPrice::from_micro(minor * 1_000_000).unwrap()
    }

    fn june(index: u32, from: &str) -> Stretch {
        let whole = ServicePeriod {
            from: read_date("2027-06-01").unwrap(),
            to: read_date("2027-07-01").unwrap(),
        };
        Stretch {
            index,
            whole,
            service: whole.rest_from(read_date(from).unwrap()),
            spans: None,
        }
    }

    fn percent(bps: i32, from_period: u32, periods: Option<u32>) -> Discount {
        Discount {
            off: Off::Percent(Rate::from_bps(bps).unwrap()),
            priority: 0,
            from_period,
            periods,
        }
    }

    #[test]
    fn discounts_apply_to_what_comes_back_and_are_spread_over_it() {
        let prices = [
            Price::Flat(unit(4_900)),
            Price::OneOff(unit(9_900)),
            Price::per_seat(unit(1_250)),
        ];
        let ten = Quantity::new(10).unwrap();
        let off = [percent(1_000, 0, None)];
        let charged = ahead(&prices, ten, &off, june(0, "2027-06-01")).unwrap();
        let pairs: Vec<(i64, i64)> = charged
            .iter()
            .map(|one| (one.list_minor, one.off_minor))
            .collect();
        assert_eq!(pairs, [(4_900, 490), (0, 0), (12_500, 1_250)]);
        let rest = ahead(&prices, ten, &off, june(0, "2027-06-16")).unwrap();
        assert_eq!(
            rest[2],
            Ahead {
                list_minor: 6_250,
                off_minor: 625,
                resale_minor: 0,
            }
        );
    }

    fn berlin() -> Zone {
        "Europe/Berlin".parse().unwrap()
    }

    /// What is left of a period of Berlin's from a local time on, measured by the second.
    fn left(whole: ServicePeriod, from: Moment) -> Stretch {
        let all = Span::of_days(whole, berlin());
        Stretch {
            index: 0,
            whole,
            service: whole.rest_from(from.on),
            spans: Some(Spans {
                whole: all,
                service: all.rest_from(from.at),
            }),
        }
    }

    fn month(from: &str, to: &str) -> ServicePeriod {
        ServicePeriod {
            from: read_date(from).unwrap(),
            to: read_date(to).unwrap(),
        }
    }

    #[test]
    fn a_month_with_a_change_of_clocks_is_an_hour_shorter_or_longer() {
        let march = month("2027-03-01", "2027-04-01");
        let at = |local: &str| Moment::at(berlin(), local.parse().unwrap());
        let whole = left(march, at("2027-03-01T00:00:00"));
        assert_eq!(whole.spans.unwrap().whole.seconds(), 2_674_800);
        // As many cents as seconds: what is left is what is charged.
        let part = |whole, from| left(whole, at(from)).part(2_674_800);
        assert_eq!(part(march, "2027-03-28T02:30:00"), 334_800);
        assert_eq!(part(march, "2027-03-28T03:00:00"), 334_800);
        assert_eq!(part(march, "2027-03-28T01:00:00"), 334_800 + 3_600);
        let october = month("2027-10-01", "2027-11-01");
        let doubled = left(october, at("2027-10-31T02:30:00"));
        assert_eq!(doubled.spans.unwrap().whole.seconds(), 2_682_000);
        assert_eq!(doubled.spans.unwrap().service.seconds(), 81_000);
        let measured = june(0, "2027-06-16").measured(Proration::Second, berlin());
        assert_eq!(measured.share(), Ratio::new(1, 2));
        assert_eq!(measured.part(10_000), 5_000);
        let by_day = june(0, "2027-06-16").measured(Proration::Day, berlin());
        assert!(by_day.spans.is_none());
    }

    proptest! {
        // Whatever prices follow one another at whatever instants of a month with a change of
        // clocks, each is charged and given back for its seconds, rounded once, and no credit
        // exceeds what was charged.
        #[test]
        fn prices_by_the_second_come_to_each_ones_time(
            first in 0i64..10_000_000,
            spring in any::<bool>(),
            mut changes in proptest::collection::vec((0i64..31 * 86_400, 0i64..10_000_000), 1..9),
        ) {
            let whole = match spring {
                true => month("2027-03-01", "2027-04-01"),
                false => month("2027-10-01", "2027-11-01"),
            };
            let all = Span::of_days(whole, berlin());
            let rounded = |amount: i64, part: i64, of: i64| {
                let (num, of) = (i128::from(amount) * i128::from(part), i128::from(of));
                i64::try_from((2 * num + of) / (2 * of)).unwrap()
            };
            changes.sort_unstable();
            let mut open = ChargeSegment { service: whole, span: Some(all), amount_minor: first, credited_minor: 0 };
            let (mut price, mut net, mut exact) = (first, first, Ratio::ZERO);
            for (second, next) in changes {
                let local = whole.from.and_time(chrono::NaiveTime::MIN) + chrono::TimeDelta::seconds(second);
                let from = Moment::at(berlin(), local);
                let was = open.span.unwrap();
                let rest = left(whole, from);
                let seconds = rest.spans.unwrap().service.seconds();
                let credit = credit_at(&open, from).unwrap();
                prop_assert_eq!(-credit, rounded(open.amount_minor, seconds, was.seconds()));
                prop_assert!(-credit <= open.amount_minor);
                let charge = rest.part(next);
                prop_assert_eq!(charge, rounded(next, seconds, all.seconds()));
                let served = i128::from(was.seconds() - seconds) * i128::from(price);
                exact = exact.plus(Ratio::new(served, i128::from(all.seconds())).unwrap()).unwrap();
                net += credit + charge;
                price = next;
                open = ChargeSegment { service: rest.service, span: Some(rest.spans.unwrap().service), amount_minor: charge, credited_minor: 0 };
                // Given back at the same instant, it is as if nothing had been.
                prop_assert_eq!(credit_at(&open, from).unwrap(), -charge);
            }
            let left = i128::from(open.span.unwrap().seconds()) * i128::from(price);
            exact = exact.plus(Ratio::new(left, i128::from(all.seconds())).unwrap()).unwrap();
            // Half a unit for each line that was rounded: at most two a change.
            prop_assert!((net - exact.round().unwrap()).abs() <= 9);
        }
    }

    #[test]
    fn a_discount_for_one_period_does_not_lower_the_monthly_revenue() {
        let prices = [Price::Flat(unit(12_000))];
        let once = [percent(5_000, 0, Some(1))];
        let thrice = [percent(5_000, 0, Some(3))];
        let of = |discounts: &[Discount], index| {
            let stretch = june(index, "2027-06-20");
            monthly(
                &prices,
                Quantity::ONE,
                discounts,
                (stretch, BillingInterval::Month),
            )
            .unwrap()
        };
        assert_eq!(of(&once, 0), 12_000);
        assert_eq!((of(&thrice, 2), of(&thrice, 3)), (6_000, 12_000));
        let every = |interval| {
            let over = (june(0, "2027-06-01"), interval);
            monthly(&prices, Quantity::ONE, &[], over)
        };
        assert_eq!(every(BillingInterval::Year), Ok(1_000));
        assert_eq!(every(BillingInterval::Week), Ok(52_000));
    }
}
