//! Charges and credits for parts of a service period, by the day or the second.
//!
//! A credit comes from what was charged, never from today's price.

use chrono::NaiveDate;

use super::{
    billing_calendar::ServicePeriod,
    coded::coded,
    meter::Span,
    moment::Moment,
    rate::Rate,
    ratio::{Overflow, Ratio},
};

coded! {
    /// How parts of a period are measured: by local days, or by elapsed seconds,
    /// so that a month with a change of clocks is an hour longer or shorter.
    Proration {
        Day = "day", "By the day";
        Second = "second", "By the second";
    }
}

/// A charge as it was made, and what of it has been credited since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeSegment {
    /// The days it was for.
    pub service: ServicePeriod,
    /// Its instants where it is measured by the second.
    pub span: Option<Span>,
    /// What was charged, in minor units, before tax; zero or more.
    pub amount_minor: i64,
    /// What has been credited so far, in minor units, as a magnitude.
    pub credited_minor: i64,
}

/// The credit for the unused days of a charge from `on` (not served) onwards:
/// zero or negative minor units. Credits are cumulative, so days credited
/// before are not credited again and all of them never exceed the charge.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn credit_from(segment: &ChargeSegment, on: NaiveDate) -> Result<i64, Overflow> {
    let unused = segment.service.rest_from(on);
    open(
        segment,
        part_of(segment.amount_minor, segment.service, unused),
    )
}

/// The credit for what is unused of a charge from a moment on, measured as it
/// was charged: by the second, or by days of which the moment's is not served.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn credit_at(segment: &ChargeSegment, from: Moment) -> Result<i64, Overflow> {
    match segment.span {
        None => credit_from(segment, from.on),
        Some(span) => open(
            segment,
            part_of_span(segment.amount_minor, span, span.rest_from(from.at)),
        ),
    }
}

/// What is still to be credited of what is owed back.
fn open(segment: &ChargeSegment, owed_minor: i64) -> Result<i64, Overflow> {
    let open = owed_minor.checked_sub(segment.credited_minor);
    Ok(-open.ok_or(Overflow)?.max(0))
}

/// The share of an amount that was charged for one stretch, that falls on a
/// later one inside it.
pub fn carried(amount_minor: i64, whole: &ChargeSegment, part: &ChargeSegment) -> i64 {
    match (whole.span, part.span) {
        (Some(whole), Some(part)) => part_of_span(amount_minor, whole, part),
        _ => part_of(amount_minor, whole.service, part.service),
    }
}

/// The charge for what is left of a period from a day on, in minor units: the
/// full price by days over the days of the whole period.
pub fn charge_for(full_price_minor: i64, period: ServicePeriod, from: NaiveDate) -> i64 {
    part_of(full_price_minor, period, period.rest_from(from))
}

/// The share of an amount that falls on some days of a period, rounded. `part`
/// lies within `whole`; the whole gives back the amount itself.
pub fn part_of(amount_minor: i64, whole: ServicePeriod, part: ServicePeriod) -> i64 {
    let share = i128::from(amount_minor) * i128::from(part.days().min(whole.days()));
    Ratio::new(share, i128::from(whole.days()))
        .and_then(Ratio::round)
        // Only a period without days has no share.
        .unwrap_or_default()
}

/// The share of an amount that falls on a part of a span, by elapsed seconds,
/// rounded: a month with a change of clocks is an hour longer or shorter.
pub fn part_of_span(amount_minor: i64, whole: Span, part: Span) -> i64 {
    let share = i128::from(amount_minor) * i128::from(part.seconds().min(whole.seconds()));
    Ratio::new(share, i128::from(whole.seconds()))
        .and_then(Ratio::round)
        // Only a span without a second has no share.
        .unwrap_or_default()
}

/// The tax on a net amount, both in minor units, rounded.
pub fn tax_on(net_minor: i64, tax: Rate) -> i64 {
    tax.of(net_minor)
}

/// What an invoice (or one of its lines) charged with its tax, and what credit
/// notes have taken back of both; magnitudes in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaxedCharge {
    /// Charged before tax.
    pub net_minor: i64,
    /// The tax charged on it.
    pub tax_minor: i64,
    /// Credited so far, before tax.
    pub credited_net_minor: i64,
    /// The tax credited with it.
    pub credited_tax_minor: i64,
}

/// The tax that goes back with a credit of `credit_net_minor` (negative, as
/// [`credit_from`] gives it): zero or negative minor units. Taken from the tax
/// that was charged, cumulatively, so that crediting all the net in any steps
/// returns all the tax and never more.
///
/// # Errors
/// [`Overflow`] when it does not fit, or there was no net to credit.
pub fn credit_tax(charge: &TaxedCharge, credit_net_minor: i64) -> Result<i64, Overflow> {
    let credited = i128::from(charge.credited_net_minor) - i128::from(credit_net_minor);
    let net = i128::from(charge.net_minor);
    let share = Ratio::new(credited.clamp(0, net.max(0)), net)?;
    let owed = Ratio::from_int(charge.tax_minor).times(share)?.round()?;
    let open = owed.checked_sub(charge.credited_tax_minor);
    Ok(-open.ok_or(Overflow)?.max(0))
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
        let (from, to) = (date(from), date(to));
        ServicePeriod { from, to }
    }

    fn charged(service: ServicePeriod, amount_minor: i64) -> ChargeSegment {
        ChargeSegment {
            service,
            span: None,
            amount_minor,
            credited_minor: 0,
        }
    }

    #[test]
    fn the_second_upgrade_credits_what_the_first_one_charged() {
        let june = period("2027-06-01", "2027-07-01");
        let (first, second) = (date("2027-06-11"), date("2027-06-21"));
        assert_eq!(credit_from(&charged(june, 3_000), first), Ok(-2_000));
        let middle = charge_for(6_000, june, first);
        assert_eq!(middle, 4_000);
        let open = charged(june.rest_from(first), middle);
        assert_eq!(credit_from(&open, second), Ok(-2_000));
        assert_eq!(charge_for(9_000, june, second), 3_000);
    }

    #[test]
    fn a_discounted_charge_credits_what_was_paid() {
        let june = period("2027-06-01", "2027-07-01");
        let credit = credit_from(&charged(june, 4_500), date("2027-06-21"));
        assert_eq!(credit, Ok(-1_500));
    }

    #[test]
    fn days_credited_once_are_not_credited_again() {
        let june = period("2027-06-01", "2027-07-01");
        let mut segment = charged(june, 10_000);
        segment.credited_minor = 5_000;
        assert_eq!(credit_from(&segment, date("2027-06-16")), Ok(0));
        assert_eq!(credit_from(&segment, date("2027-06-11")), Ok(-1_667));
        assert_eq!(credit_from(&segment, date("2027-06-21")), Ok(0));
        assert_eq!(credit_from(&segment, date("2026-01-01")), Ok(-5_000));
    }

    #[test]
    fn a_period_without_days_is_worth_nothing() {
        let none = period("2027-06-01", "2027-06-01");
        assert_eq!(charge_for(10_000, none, none.from), 0);
        assert_eq!(credit_from(&charged(none, 10_000), none.from), Ok(0));
    }

    #[test]
    fn tax_goes_back_with_its_net() {
        let charge = TaxedCharge {
            net_minor: 9_900,
            tax_minor: 1_980,
            credited_net_minor: 0,
            credited_tax_minor: 0,
        };
        assert_eq!(tax_on(9_900, Rate::from_bps(2_000).unwrap()), 1_980);
        assert_eq!(credit_tax(&charge, -3_960), Ok(-792));
        assert_eq!(credit_tax(&charge, -9_900), Ok(-1_980));
        assert_eq!(credit_tax(&charge, -99_000), Ok(-1_980));
        let empty = TaxedCharge {
            net_minor: 0,
            tax_minor: 0,
            ..charge
        };
        assert_eq!(credit_tax(&empty, -1), Err(Overflow));
    }

    proptest! {
        // Invariants 15 and 16: whatever quantities follow one another within a
        // period, credits never exceed their charge, no day is charged twice, and
        // what remains is each price by its days, within a unit per charge.
        #[test]
        fn changes_within_a_period_come_to_each_price_by_its_days(
            first in 0i64..1_000_000,
            changes in proptest::collection::vec((1i64..30, 0i64..1_000_000), 1..6),
        ) {
            let june = period("2027-06-01", "2027-07-01");
            let mut changes = changes;
            changes.sort_unstable();
            let (mut open, mut price) = (charged(june, first), first);
            let (mut net, mut exact) = (first, Ratio::ZERO);
            for (day, next) in &changes {
                let on = june.from + chrono::TimeDelta::days(*day);
                let credit = credit_from(&open, on).unwrap();
                prop_assert!(-credit <= open.amount_minor - open.credited_minor);
                let served = open.service.until(on).days();
                exact = exact.plus(Ratio::new(i128::from(price * served), 30).unwrap()).unwrap();
                let rest = june.rest_from(on);
                prop_assert_eq!(rest.from, open.service.until(on).to.max(open.service.from));
                open = charged(rest, charge_for(*next, june, on));
                net += credit + open.amount_minor;
                price = *next;
            }
            let left = Ratio::new(i128::from(price * open.service.days()), 30).unwrap();
            let off = Ratio::from_int(net).minus(exact.plus(left).unwrap()).unwrap();
            let lines = 2 * i64::try_from(changes.len()).unwrap() + 1;
            prop_assert!(off.max(off.negated().unwrap()) <= Ratio::from_int(lines));
        }

        // Invariant 17: there and back at the same instant is as if nothing had been.
        #[test]
        fn a_change_taken_back_at_once_nets_to_nothing(
            old in 0i64..1_000_000_000,
            new in 0i64..1_000_000_000,
            day in 0i64..30,
        ) {
            let june = period("2027-06-01", "2027-07-01");
            let on = june.from + chrono::TimeDelta::days(day);
            let there = charge_for(new, june, on);
            let back = credit_from(&charged(june.rest_from(on), there), on).unwrap();
            prop_assert_eq!(there + back, 0);
            let net = credit_from(&charged(june, old), on).unwrap() + charge_for(old, june, on);
            prop_assert_eq!(net, 0);
        }

        // Invariant 18: the whole gives the full price, nothing gives nothing.
        #[test]
        fn a_whole_period_is_the_full_price(amount in any::<i64>()) {
            let june = period("2027-06-01", "2027-07-01");
            prop_assert_eq!(charge_for(amount, june, june.from), amount);
            prop_assert_eq!(charge_for(amount, june, june.to), 0);
        }

        #[test]
        fn credits_never_exceed_the_charge(
            amount in 0i64..=i64::MAX,
            days in prop::collection::vec(-5i64..40, 1..8),
        ) {
            let june = period("2027-06-01", "2027-07-01");
            let mut segment = charged(june, amount);
            for day in &days {
                let credit = credit_from(&segment, june.from + chrono::TimeDelta::days(*day)).unwrap();
                prop_assert!(credit <= 0);
                segment.credited_minor -= credit;
                prop_assert!(segment.credited_minor <= amount);
            }
            // The earliest day alone decides, in whatever order they came.
            let earliest = june.from + chrono::TimeDelta::days(days.into_iter().min().unwrap());
            prop_assert_eq!(-segment.credited_minor, credit_from(&charged(june, amount), earliest).unwrap());
        }

        #[test]
        fn a_change_and_back_on_one_day_nets_to_nothing(
            amount in 0i64..1_000_000_000,
            other in 0i64..1_000_000_000,
            day in 0i64..30,
        ) {
            let june = period("2027-06-01", "2027-07-01");
            let on = june.from + chrono::TimeDelta::days(day);
            let away = credit_from(&charged(june, amount), on).unwrap();
            let there = charge_for(other, june, on);
            let left = credit_from(&charged(june.rest_from(on), there), on).unwrap();
            let back = charge_for(amount, june, on);
            prop_assert_eq!(away + there + left + back, 0);
        }

        #[test]
        fn several_changes_add_up_to_the_price_of_each_days(
            prices in prop::collection::vec(0i64..1_000_000, 1..6),
            mut days in prop::collection::vec(1i64..30, 5),
        ) {
            days.sort_unstable();
            let june = period("2027-06-01", "2027-07-01");
            let mut segment = charged(june, prices[0]);
            let (mut billed, mut lines, mut exact) = (prices[0], 1, Ratio::ZERO);
            for (price, day) in prices[1..].iter().zip(&days) {
                let on = june.from + chrono::TimeDelta::days(*day);
                billed += credit_from(&segment, on).unwrap();
                segment = charged(june.rest_from(on), charge_for(*price, june, on));
                billed += segment.amount_minor;
                lines += 2;
            }
            let mut starts = vec![0];
            starts.extend(days.iter().take(prices.len() - 1));
            starts.push(30);
            for (price, span) in prices.iter().zip(starts.windows(2)) {
                let share = Ratio::new(i128::from(price * (span[1] - span[0])), 30).unwrap();
                exact = exact.plus(share).unwrap();
            }
            prop_assert!((billed - exact.round().unwrap()).abs() <= lines);
        }

        #[test]
        fn the_whole_period_is_the_whole_price(amount in any::<i64>(), months in 1u32..13) {
            let from = date("2028-01-31");
            let to = from.checked_add_months(chrono::Months::new(months)).unwrap();
            let whole = ServicePeriod { from, to };
            prop_assert_eq!(charge_for(amount, whole, from), amount);
            prop_assert_eq!(charge_for(amount, whole, to), 0);
        }

        #[test]
        fn tax_credited_in_steps_is_the_tax_charged(
            net in 1i64..1_000_000_000,
            tax_bps in 0i32..=10_000,
            steps in prop::collection::vec(1i64..1_000_000_000, 1..8),
        ) {
            let tax = tax_on(net, Rate::from_bps(tax_bps).unwrap());
            let mut charge = TaxedCharge { net_minor: net, tax_minor: tax, credited_net_minor: 0, credited_tax_minor: 0 };
            for step in steps.into_iter().chain([net]) {
                let now = step.min(net - charge.credited_net_minor);
                charge.credited_tax_minor -= credit_tax(&charge, -now).unwrap();
                charge.credited_net_minor += now;
                prop_assert!(charge.credited_tax_minor <= tax);
            }
            prop_assert_eq!(charge.credited_tax_minor, tax);
        }
    }
}
