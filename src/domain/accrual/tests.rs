mod properties;

use chrono::NaiveDate;

use super::*;
use crate::domain::period::{Period, read_date};

fn line(net_minor: i64, rate_bps: i32) -> EarningLine {
    EarningLine {
        net_minor,
        credited_net_minor: 0,
        protected_net_minor: 0,
        credited_beside: Ratio::ZERO,
        earning_days: DayShare::WHOLE,
        clause: 1,
        terms: LineTerms::share_of(Rate::from_bps(rate_bps).unwrap()),
        posted_minor: 0,
        posted_base_minor: 0,
    }
}

fn invoice(total_minor: i64) -> InvoiceState {
    InvoiceState {
        total_minor,
        ..InvoiceState::default()
    }
}

/// Accrues and posts; gives the deltas.
fn post(state: &InvoiceState, lines: &mut [EarningLine]) -> Vec<i64> {
    let accruals = accrue(state, lines).unwrap();
    for (line, accrual) in lines.iter_mut().zip(&accruals) {
        line.posted_minor += accrual.delta_minor;
        line.posted_base_minor += accrual.base_minor;
    }
    accruals.iter().map(|accrual| accrual.delta_minor).collect()
}

#[test]
fn commission_follows_each_part_payment() {
    let (mut state, mut lines) = (invoice(24_000), [line(20_000, 2_000)]);
    state.paid_minor = 9_000;
    assert_eq!(post(&state, &mut lines), [1_500]);
    state.paid_minor = 24_000;
    assert_eq!(post(&state, &mut lines), [2_500]);
    assert_eq!(post(&state, &mut lines), [0]);
    assert_eq!(lines[0].posted_base_minor, 20_000);
}

#[test]
fn equal_payments_of_an_odd_amount_lose_no_cent() {
    let (mut state, mut lines) = (invoice(6_000), [line(5_000, 1_000)]);
    let mut earned = Vec::new();
    for _ in 0..3 {
        state.paid_minor += 2_000;
        earned.extend(post(&state, &mut lines));
    }
    assert_eq!(earned, [167, 166, 167]);
}

#[test]
fn refunds_take_back_what_was_earned_and_never_a_cent_more() {
    let (mut state, mut lines) = (invoice(9_999), [line(9_999, 1_250)]);
    state.paid_minor = 9_999;
    assert_eq!(post(&state, &mut lines), [1_250]);
    let mut reversed = Vec::new();
    for _ in 0..3 {
        state.refunded_minor += 3_333;
        reversed.extend(post(&state, &mut lines));
    }
    assert_eq!(reversed, [-417, -416, -417]);
    assert_eq!(lines[0].posted_base_minor, 0);
}

#[test]
fn a_credit_note_reverses_nothing_that_was_never_collected() {
    let (mut state, mut lines) = (invoice(24_000), [line(20_000, 2_000)]);
    state.paid_minor = 9_000;
    assert_eq!(post(&state, &mut lines), [1_500]);
    state.credited_minor = 6_000;
    lines[0].credited_net_minor = 5_000;
    assert_eq!(post(&state, &mut lines), [0]);
    state.paid_minor = 18_000;
    assert_eq!(post(&state, &mut lines), [1_500]);
}

#[test]
fn a_credit_note_on_a_paid_invoice_reverses_and_its_refund_does_not_again() {
    let (mut state, mut lines) = (invoice(24_000), [line(20_000, 2_000)]);
    state.paid_minor = 24_000;
    assert_eq!(post(&state, &mut lines), [4_000]);
    state.credited_minor = 6_000;
    lines[0].credited_net_minor = 5_000;
    assert_eq!(post(&state, &mut lines), [-1_000]);
    state.refunded_minor = 6_000;
    assert_eq!(post(&state, &mut lines), [0]);
    state.refunded_minor = 24_000;
    assert_eq!(post(&state, &mut lines), [-3_000]);
}

#[test]
fn an_invoice_credited_whole_earns_nothing() {
    let (mut state, mut lines) = (invoice(24_000), [line(20_000, 2_000)]);
    state.paid_minor = 24_000;
    post(&state, &mut lines);
    state.credited_minor = 24_000;
    lines[0].credited_net_minor = 20_000;
    assert_eq!(post(&state, &mut lines), [-4_000]);
    // Nothing is asked for, so that nothing is waited for.
    assert_eq!(invoice(0).collected(), Ok(Ratio::ONE));
}

#[test]
fn many_small_lines_are_rounded_together() {
    let mut lines = vec![line(5, 1_000); 1_000];
    let state = InvoiceState {
        paid_minor: 5_000,
        ..invoice(5_000)
    };
    let earned = post(&state, &mut lines);
    assert_eq!(earned.iter().sum::<i64>(), 500);
    assert!(earned[..500].iter().all(|&cent| cent == 1));
}

#[test]
fn clauses_are_rounded_apart() {
    let mut lines = [line(5, 1_000), line(5, 1_000)];
    lines[1].clause = 2;
    let state = InvoiceState {
        paid_minor: 10,
        ..invoice(10)
    };
    assert_eq!(post(&state, &mut lines), [1, 1]);
}

#[test]
fn credit_lines_earn_back_what_they_take() {
    let mut lines = [line(-10_667, 2_000), line(16_667, 2_000)];
    let state = InvoiceState {
        paid_minor: 6_000,
        ..invoice(6_000)
    };
    assert_eq!(post(&state, &mut lines).iter().sum::<i64>(), 1_200);
    assert!((lines[0].posted_minor + 2_133).abs() <= 1);
}

#[test]
fn what_takes_back_is_told_from_what_adds() {
    let mut lines = [line(-10_667, 2_000), line(16_667, 2_000)];
    let mut state = InvoiceState {
        paid_minor: 6_000,
        ..invoice(6_000)
    };
    let kinds = |state: &InvoiceState, lines: &[EarningLine]| {
        let accruals = accrue(state, lines).unwrap();
        [accruals[0].kind, accruals[1].kind]
    };
    assert_eq!(kinds(&state, &lines), [EntryKind::Earned; 2]);
    post(&state, &mut lines);
    state.refunded_minor = 3_000;
    assert_eq!(kinds(&state, &lines), [EntryKind::Reversal; 2]);
}

#[test]
fn a_reversal_eats_the_newest_entries_first() {
    let open = [(3, 100), (2, 0), (1, 50)];
    assert_eq!(reverse_newest_first(&open, -120), [(3, -100), (1, -20)]);
    assert_eq!(reverse_newest_first(&open, -30), [(3, -30)]);
    assert_eq!(reverse_newest_first(&open, -500), [(3, -100), (1, -50)]);
    assert_eq!(reverse_newest_first(&open, 10), []);
    assert_eq!(
        reverse_newest_first(&[(2, -8), (1, -9)], 10),
        [(2, 8), (1, 2)]
    );
    assert_eq!(
        reverse_newest_first(&[(1, i64::MIN)], i64::MAX),
        [(1, i64::MAX)]
    );
    assert_eq!(reverse_newest_first(&open, i64::MIN).len(), 2);
}

#[test]
fn a_hold_counts_from_the_payment_and_a_pair_matures_together() {
    let date = |typed| read_date(typed).unwrap();
    assert_eq!(matures_on(date("2027-03-01"), 30), date("2027-03-31"));
    assert_eq!(matures_on(date("2027-03-02"), 30), date("2027-04-01"));
    assert_eq!(matures_on(date("2027-03-02"), u32::MAX), NaiveDate::MAX);
    let (early, late) = (date("2027-03-10"), date("2027-03-31"));
    assert_eq!(reversal_matures_on(early, late), late);
    assert_eq!(reversal_matures_on(late, early), late);
}

#[test]
fn a_late_fact_is_posted_in_the_first_open_month() {
    let month = |typed: &str| typed.parse::<Period>().unwrap();
    let open = month("2027-04");
    assert_eq!(posting_period(month("2027-03"), open), open);
    assert_eq!(posting_period(month("2027-05"), open), month("2027-05"));
}

#[test]
fn the_status_of_an_entry_is_read_from_facts() {
    let date = |typed| read_date(typed).unwrap();
    let mut facts = EntryFacts {
        matures_on: date("2027-03-31"),
        is_reversed: false,
        is_stated: false,
        is_paid: false,
    };
    assert_eq!(facts.status(date("2027-03-30")), EntryStatus::Held);
    assert_eq!(facts.status(date("2027-03-31")), EntryStatus::Payable);
    facts.is_reversed = true;
    assert_eq!(facts.status(date("2027-03-31")), EntryStatus::Offset);
    facts.is_stated = true;
    assert_eq!(facts.status(date("2027-03-31")), EntryStatus::Stated);
    facts.is_paid = true;
    assert_eq!(facts.status(date("2027-03-31")), EntryStatus::Paid);
}

#[test]
fn amounts_beyond_reckoning_are_refused() {
    let mut lines = [line(i64::MAX, 9_999)];
    lines[0].credited_net_minor = -1;
    let state = InvoiceState {
        paid_minor: 1,
        ..invoice(i64::MAX)
    };
    assert_eq!(accrue(&state, &lines), Err(Overflow));
}

fn per_unit(net_minor: i64, minor: i64, units: u32) -> EarningLine {
    let pay = Pay::PerUnit { minor, units };
    let terms = LineTerms {
        pay,
        share: DayShare::WHOLE,
    };
    EarningLine {
        terms,
        ..line(net_minor, 0)
    }
}

#[test]
fn units_are_paid_for_as_they_are_collected_and_credited() {
    let (mut state, mut lines) = (invoice(17_000), [per_unit(17_000, 250, 17)]);
    state.paid_minor = 8_500;
    assert_eq!(post(&state, &mut lines), [2_125]);
    state.paid_minor = 17_000;
    assert_eq!(post(&state, &mut lines), [2_125]);
    // Five of the seventeen go back, and with them what they earned.
    (state.credited_minor, lines[0].credited_net_minor) = (5_000, 5_000);
    assert_eq!(post(&state, &mut lines), [-1_250]);
    state.refunded_minor = 17_000;
    assert_eq!(post(&state, &mut lines), [-3_000]);
    let free = per_unit(0, 250, 17);
    assert_eq!(post(&invoice(0), &mut [free]), [0]);
}

#[test]
fn only_days_inside_the_months_earn() {
    let mut year = line(120_000, 1_000);
    year.terms.share = DayShare::new(184, 366);
    let (mut state, mut lines) = (invoice(120_000), [year]);
    state.paid_minor = 120_000;
    assert_eq!(post(&state, &mut lines), [6_033]);
    state.refunded_minor = 120_000;
    assert_eq!(post(&state, &mut lines), [-6_033]);
}

#[test]
fn a_chargeback_that_is_won_is_earned_again() {
    let (mut state, mut lines) = (invoice(9_900), [line(9_900, 2_000)]);
    state.paid_minor = 9_900;
    assert_eq!(post(&state, &mut lines), [1_980]);
    state.refunded_minor = 9_900;
    assert_eq!(post(&state, &mut lines), [-1_980]);
    state.refunded_minor = 0;
    let again = accrue(&state, &lines).unwrap()[0];
    assert_eq!((again.kind, again.delta_minor), (EntryKind::Earned, 1_980));
}

#[test]
fn a_credit_at_the_vendors_cost_leaves_the_commission_as_it_was() {
    // A fee of 500.00 and its tax, at 20 %: 50.00 are credited for a service level that was missed.
    let credited = |protected_net_minor, paid_minor| {
        let lines = [EarningLine {
            credited_net_minor: 5_000,
            protected_net_minor,
            ..line(50_000, 2_000)
        }];
        let state = InvoiceState {
            paid_minor,
            credited_minor: 6_000,
            ..invoice(60_000)
        };
        let accrued = accrue(&state, &lines).unwrap()[0];
        (accrued.delta_minor, accrued.base_minor)
    };
    assert_eq!(credited(0, 54_000), (9_000, 45_000));
    assert_eq!(credited(5_000, 54_000), (10_000, 50_000));
    assert_eq!(credited(5_000, 27_000), (5_000, 25_000));
    // All of it credited: nothing is left to collect, and the partner earns all the same.
    let lines = [EarningLine {
        credited_net_minor: 50_000,
        protected_net_minor: 50_000,
        ..line(50_000, 2_000)
    }];
    let state = InvoiceState {
        credited_minor: 60_000,
        ..invoice(60_000)
    };
    assert_eq!(accrue(&state, &lines).unwrap()[0].delta_minor, 10_000);
}

fn days(from: &str, to: &str) -> ServicePeriod {
    let day = |typed| read_date(typed).unwrap();
    ServicePeriod {
        from: day(from),
        to: day(to),
    }
}

/// 1,200.00 for a leap year, at 10 % for its first 184 days.
fn for_six_months(credits: &[DaysCredited]) -> EarningLine {
    let terms = LineTerms {
        pay: Pay::Share(Rate::from_bps(1_000).unwrap()),
        share: DayShare::new(184, 366),
    };
    let year = days("2027-03-01", "2028-03-01");
    EarningLine {
        credited_net_minor: credits.iter().map(|one| one.net_minor).sum(),
        credited_beside: terms.beside((year, 120_000), credits).unwrap(),
        ..EarningLine::new(120_000, 1, terms)
    }
}

#[test]
fn a_credit_takes_what_its_own_days_earned() {
    let credited = |credits: &[DaysCredited]| {
        let line = for_six_months(credits);
        let left = 120_000 - line.credited_net_minor;
        let state = InvoiceState {
            paid_minor: left,
            credited_minor: line.credited_net_minor,
            ..invoice(120_000)
        };
        accrue(&state, &[line]).unwrap()[0].delta_minor
    };
    let from = |day: &str, net_minor| DaysCredited {
        service: days(day, "2028-03-01"),
        net_minor,
    };
    assert_eq!(credited(&[]), 6_033);
    assert_eq!(credited(&[from("2027-11-01", 39_672)]), 6_033);
    assert_eq!(credited(&[from("2027-06-09", 87_213)]), 3_279);
    // Spread over all its days, a credit takes their share: 1,080.00 x 184/366 x 10 %.
    assert_eq!(credited(&[from("2027-03-01", 12_000)]), 5_430);
    // All of it, in many steps of lengths that have nothing in common.
    let many: Vec<DaysCredited> = (1..=20)
        .map(|day| from(&format!("2027-03-{day:02}"), 6_000))
        .collect();
    assert_eq!(credited(&many), 0);
    assert!(credited(&many[..19]) > 0);
}
