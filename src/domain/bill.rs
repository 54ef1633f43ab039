//! What one service period is billed in advance: the one rule that the run,
//! its preview and a change inside a period share.

use chrono::NaiveDate;

use super::{
    billing_calendar::{Anchor, BillingInterval, ServicePeriod},
    discount::{Discount, spread, taken_off},
    price::Price,
    proration::part_of,
    rate::Quantity,
    ratio::{Overflow, Ratio},
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
        })
    }

    /// The part of the whole that is charged for.
    fn share(&self) -> Result<Ratio, Overflow> {
        match self.whole.days() {
            0 => Ok(Ratio::ZERO),
            days => Ratio::new(i128::from(self.service.days()), i128::from(days)),
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
        Ok(part_of(whole, stretch.whole, stretch.service))
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
    use super::*;
    use crate::domain::{
        discount::Off,
        period::read_date,
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
