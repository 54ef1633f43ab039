//! What a month's statement holds, and what it pays.

use chrono::NaiveDate;

use super::{accrual::EntryKind, coded::coded, money::Currency, period::Period, ratio::Overflow};

coded! {
    /// How far an accounting month has come. A closed one never opens again.
    PeriodStatus {
        Open = "open", "Open";
        Closing = "closing", "Closing";
        Closed = "closed", "Closed";
    }
}

impl PeriodStatus {
    /// Whether this may turn into that; what is not listed is refused.
    pub fn can_become(self, next: Self) -> bool {
        use PeriodStatus::{Closed, Closing, Open};
        matches!((self, next), (Open, Closing) | (Closing, Closed))
    }
}

coded! {
    /// How far a statement has come. It is complete from the first of these on.
    StatementStatus {
        Closed = "closed", "Closed";
        Sent = "sent", "Sent";
        Paid = "paid", "Paid";
    }
}

impl StatementStatus {
    /// The status of a closed statement, read from its mail and its payout. One
    /// that nobody was mailed is paid all the same.
    pub fn of(is_sent: bool, is_paid: bool) -> Self {
        match (is_sent, is_paid) {
            (_, true) => Self::Paid,
            (true, false) => Self::Sent,
            (false, false) => Self::Closed,
        }
    }
}

coded! {
    /// The parts a statement's lines are shown in, in this order.
    LineBlock {
        Earned = "earned", "Earned";
        PostedLate = "posted_late", "From earlier months";
        Extra = "extra", "Bonuses, steps and adjustments";
        Reversed = "reversed", "Reversed";
    }
}

/// The part of the statement an entry stands in. Only an entry posted later
/// than the month of its payment counts as late: one that merely waited out
/// its hold does not.
pub fn block_of(kind: EntryKind, paid_in: Period, posted_in: Period) -> LineBlock {
    match kind {
        EntryKind::Reversal | EntryKind::Clawback => LineBlock::Reversed,
        EntryKind::Earned | EntryKind::Cap if posted_in > paid_in => LineBlock::PostedLate,
        EntryKind::Earned | EntryKind::Cap => LineBlock::Earned,
        EntryKind::Adjustment
        | EntryKind::Spiff
        | EntryKind::RenewalBonus
        | EntryKind::Guarantee
        | EntryKind::Volume => LineBlock::Extra,
    }
}

/// The first month on whose statement an entry can stand: posted by then, and
/// its hold over by the month's last day.
pub fn due_period(matures_on: NaiveDate, posted_in: Period) -> Period {
    posted_in.max(Period::of(matures_on))
}

/// Whether an entry belongs on the statement of a month, if it is on no
/// earlier one.
pub fn is_payable(matures_on: NaiveDate, posted_in: Period, statement: Period) -> bool {
    due_period(matures_on, posted_in) <= statement
}

coded! {
    /// Why a statement pays what it pays.
    PayoutReason {
        Paid = "paid", "Paid out";
        BelowMinimum = "below_minimum", "Below the minimum, carried forward";
        Negative = "negative", "Below zero, carried forward";
        Nothing = "nothing", "Nothing to pay";
    }
}

/// A statement's balances, in minor units of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// What was carried in, and the lines.
    pub closing_before_payout: i64,
    /// What is paid out: all of it or nothing.
    pub payout: i64,
    /// What the next statement opens with.
    pub closing: i64,
    /// Why.
    pub reason: PayoutReason,
}

/// The minimum payout of a currency for which none is set, in minor units: fifty of its major unit.
pub fn usual_minimum(currency: Currency) -> i64 {
    50i64.saturating_mul(10i64.saturating_pow(currency.exponent()))
}

/// Pays the whole balance once it is above zero and at least the minimum, and
/// carries it forward otherwise. A balance below zero is never collected; what
/// is earned later makes up for it.
///
/// # Errors
/// [`Overflow`] when the balance does not fit.
pub fn settle(
    opening_minor: i64,
    lines_total_minor: i64,
    minimum_payout_minor: i64,
) -> Result<Settlement, Overflow> {
    let balance = opening_minor
        .checked_add(lines_total_minor)
        .ok_or(Overflow)?;
    let reason = match balance {
        0 => PayoutReason::Nothing,
        ..0 => PayoutReason::Negative,
        _ if balance < minimum_payout_minor => PayoutReason::BelowMinimum,
        _ => PayoutReason::Paid,
    };
    let payout = if reason == PayoutReason::Paid {
        balance
    } else {
        0
    };
    Ok(Settlement {
        closing_before_payout: balance,
        payout,
        closing: balance - payout,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::period::read_date;

    fn month(typed: &str) -> Period {
        typed.parse().unwrap()
    }

    #[test]
    fn a_balance_is_paid_from_the_minimum_on() {
        let settled = |opening, lines| {
            let settlement = settle(opening, lines, 5_000).unwrap();
            (settlement.payout, settlement.closing, settlement.reason)
        };
        assert_eq!(settled(0, 5_000), (5_000, 0, PayoutReason::Paid));
        assert_eq!(settled(0, 4_999), (0, 4_999, PayoutReason::BelowMinimum));
        assert_eq!(settled(4_999, 1), (5_000, 0, PayoutReason::Paid));
        assert_eq!(settled(-100, 50), (0, -50, PayoutReason::Negative));
        assert_eq!(settled(-100, 100), (0, 0, PayoutReason::Nothing));
        assert_eq!(settle(i64::MAX, 1, 0), Err(Overflow));
        assert_eq!(settle(0, 1, 0).unwrap().payout, 1);
    }

    #[test]
    fn an_entry_that_only_waited_is_not_late() {
        let (march, april) = (month("2027-03"), month("2027-04"));
        assert_eq!(block_of(EntryKind::Earned, march, march), LineBlock::Earned);
        assert_eq!(
            block_of(EntryKind::Earned, march, april),
            LineBlock::PostedLate
        );
        assert_eq!(
            block_of(EntryKind::Reversal, march, april),
            LineBlock::Reversed
        );
    }

    #[test]
    fn an_entry_is_payable_from_the_month_its_hold_ends_in() {
        let (march, april) = (month("2027-03"), month("2027-04"));
        let date = |typed| read_date(typed).unwrap();
        assert!(is_payable(date("2027-03-31"), march, march));
        assert!(!is_payable(date("2027-04-01"), march, march));
        assert!(is_payable(date("2027-04-01"), march, april));
        assert!(!is_payable(date("2027-03-01"), april, march));
        assert_eq!(due_period(date("2027-04-01"), march), april);
    }

    #[test]
    fn months_only_go_forward_and_statements_follow_their_facts() {
        assert!(PeriodStatus::Open.can_become(PeriodStatus::Closing));
        assert!(!PeriodStatus::Open.can_become(PeriodStatus::Closed));
        assert!(!PeriodStatus::Closed.can_become(PeriodStatus::Open));
        assert_eq!(StatementStatus::of(false, false), StatementStatus::Closed);
        assert_eq!(StatementStatus::of(true, false), StatementStatus::Sent);
        assert_eq!(StatementStatus::of(false, true), StatementStatus::Paid);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_between_statements(
            lines in prop::collection::vec(-1_000_000i64..1_000_000, 1..24),
            minimum in 0i64..2_000_000,
        ) {
            let (mut opening, mut paid) = (0, 0);
            for total in &lines {
                let settlement = settle(opening, *total, minimum).unwrap();
                prop_assert!(settlement.payout >= 0);
                prop_assert!(settlement.payout == 0 || settlement.payout >= minimum);
                prop_assert_eq!(settlement.closing_before_payout, settlement.payout + settlement.closing);
                paid += settlement.payout;
                opening = settlement.closing;
            }
            prop_assert_eq!(paid + opening, lines.iter().sum::<i64>());
        }
    }
}
