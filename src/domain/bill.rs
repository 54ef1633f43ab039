//! What one service period is billed in advance: the one rule that the run,
//! its preview and a change inside a period share.

use chrono::NaiveDate;

use super::{
    billing_calendar::{Anchor, BillingInterval, ServicePeriod},
    discount::{Discount, left_of, spread},
    meter::Span,
    price::Price,
    proration::Proration,
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
/// prices. Discounts that run in its period apply to all of them together:
/// what is charged in all is rounded once from the exact prices, and what is
/// taken off is spread by amount. Of one price alone, that is its own exact
/// price by its days and discounts, rounded once.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn ahead<'a>(
    prices: impl IntoIterator<Item = &'a Price>,
    quantity: Quantity,
    discounts: &[Discount],
    stretch: Stretch,
) -> Result<Vec<Ahead>, Overflow> {
    let share = stretch.share()?;
    let part = |price: &Price| price.exact_for_period(quantity)?.times(share);
    let exact: Vec<Ratio> = prices.into_iter().map(part).collect::<Result<_, _>>()?;
    let sum = Ratio::sum(exact.iter().copied())?;
    let lists = exact.into_iter().map(Ratio::round);
    let lists: Vec<i64> = lists.collect::<Result<_, _>>()?;
    let total = lists
        .iter()
        .try_fold(0i64, |sum, list| sum.checked_add(*list));
    let total = total.ok_or(Overflow)?;
    let running: Vec<Discount> = discounts
        .iter()
        .filter(|one| one.runs_in(stretch.index))
        .copied()
        .collect();
    let resale: Vec<Discount> = running
        .iter()
        .filter(|one| one.is_resale())
        .copied()
        .collect();
    let off = |discounts: Vec<Discount>| match discounts.is_empty() {
        true => Ok(vec![0; lists.len()]),
        false => {
            let left = left_of(sum, discounts, share)?;
            // Each list price is rounded by itself: a discount never adds to them.
            spread(total.saturating_sub(left).clamp(0, total.max(0)), &lists)
        }
    };
    let (offs, firsts) = (off(running)?, off(resale)?);
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

    fn nets<'a>(
        prices: impl IntoIterator<Item = &'a Price>,
        seats: u32,
        (off, rest): (Discount, Stretch),
    ) -> Vec<i64> {
        let seats = Quantity::new(seats).unwrap();
        let charged = ahead(prices, seats, &[off], rest).unwrap();
        charged.into_iter().map(Ahead::net_minor).collect()
    }

    // The cent that was off: with the rest of a base fee, which a change of seats does not charge,
    // 10.50 came to 10.51 and 7.50 to 7.49, as each list price was rounded before the discount.
    #[test]
    fn a_price_charged_by_itself_is_its_days_and_discount_to_the_cent() {
        let prices = [
            Price::Flat(unit(4_900)),
            Price::per_seat(unit(1_250)),
            Price::per_seat(unit(375)),
        ];
        for (seats, bps, from, together, alone) in [
            (
                14,
                1_000,
                "2027-06-29",
                [294, 1_050, 315],
                [294, 1_050, 315],
            ),
            (5, 1_000, "2027-06-27", [588, 750, 225], [588, 750, 225]),
            // 2.7766, 4.9583 and 1.4875 are 9.2225 together.
            (7, 1_500, "2027-06-29", [278, 495, 149], [278, 496, 149]),
            // 13.8833, 46.0416 and 13.8125 are 73.7375.
            (
                13,
                1_500,
                "2027-06-21",
                [1_388, 4_605, 1_381],
                [1_388, 4_604, 1_381],
            ),
        ] {
            let terms = (percent(bps, 0, None), june(0, from));
            assert_eq!(nets(&prices, seats, terms), together);
            let each = prices.iter().flat_map(|price| nets([price], seats, terms));
            assert_eq!(each.collect::<Vec<_>>(), alone);
        }
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

    /// What a stretch charges of an amount for the whole.
    fn of(stretch: Stretch, minor: i64) -> i64 {
        let charged = ahead(&[Price::Flat(unit(minor))], Quantity::ONE, &[], stretch);
        charged.unwrap()[0].net_minor()
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
        let part = |whole, from| of(left(whole, at(from)), 2_674_800);
        assert_eq!(part(march, "2027-03-28T02:30:00"), 334_800);
        assert_eq!(part(march, "2027-03-28T03:00:00"), 334_800);
        assert_eq!(part(march, "2027-03-28T01:00:00"), 334_800 + 3_600);
        let october = month("2027-10-01", "2027-11-01");
        let doubled = left(october, at("2027-10-31T02:30:00"));
        assert_eq!(doubled.spans.unwrap().whole.seconds(), 2_682_000);
        assert_eq!(doubled.spans.unwrap().service.seconds(), 81_000);
        let measured = june(0, "2027-06-16").measured(Proration::Second, berlin());
        assert_eq!(measured.share(), Ratio::new(1, 2));
        assert_eq!(of(measured, 10_000), 5_000);
        let by_day = june(0, "2027-06-16").measured(Proration::Day, berlin());
        assert!(by_day.spans.is_none());
    }

    proptest! {
        // One price: its exact price by days and percentage, rounded once. Several: their exact sum.
        #[test]
        fn what_is_charged_together_is_rounded_once(
            micros in proptest::collection::vec(1_000_000i64..900_000_000_000, 1..5),
            (seats, bps, day) in (1u32..200, 1i32..=10_000, 1u32..=30),
        ) {
            let seat = |micro: &i64| Price::per_seat(UnitPrice::from_micro(*micro).unwrap());
            let prices: Vec<Price> = micros.iter().map(seat).collect();
            let terms = (percent(bps, 0, None), june(0, &format!("2027-06-{day:02}")));
            let exact = |micro: i64| {
                let days = i128::from(31 - day) * i128::from(seats) * i128::from(10_000 - bps);
                Ratio::new(i128::from(micro) * days, 1_000_000 * 30 * 10_000).unwrap()
            };
            let listed = ahead(&prices, Quantity::new(seats).unwrap(), &[], terms.1).unwrap();
            let listed: i64 = listed.into_iter().map(Ahead::net_minor).sum();
            let all: i64 = nets(&prices, seats, terms).iter().sum();
            prop_assert_eq!(all, exact(micros.iter().sum()).round().unwrap().min(listed));
            for (price, micro) in prices.iter().zip(micros) {
                prop_assert_eq!(nets([price], seats, terms), vec![exact(micro).round().unwrap()]);
            }
        }

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
                let charge = of(rest, next);
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
