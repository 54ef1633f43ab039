//! What holds for every invoice, whatever happens to it.
use proptest::prelude::*;

use super::*;

/// Something that happens to an invoice's money; amounts are cut to what is possible.
#[derive(Debug, Clone, Copy)]
enum Fact {
    Payment(i64),
    Refund(i64),
    Credit(usize, i64),
}

fn happen(state: &mut InvoiceState, lines: &mut [EarningLine], fact: Fact) {
    match fact {
        Fact::Payment(amount) => {
            let due = state.total_minor - state.credited_minor - state.paid_minor;
            state.paid_minor += amount.min(due.max(0));
        }
        Fact::Refund(amount) => {
            state.refunded_minor += amount.min(state.paid_minor - state.refunded_minor);
        }
        Fact::Credit(index, amount) => {
            let index = index % lines.len();
            let line = &mut lines[index];
            let amount = amount
                .min(line.net_minor - line.credited_net_minor)
                .min(state.total_minor - state.credited_minor)
                .max(0);
            line.credited_net_minor += amount;
            state.credited_minor += amount;
        }
    }
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let fact = prop_oneof![
        (1i64..60_000).prop_map(Fact::Payment),
        (1i64..40_000).prop_map(Fact::Refund),
        (0usize..6, 1i64..20_000).prop_map(|(index, amount)| Fact::Credit(index, amount)),
    ];
    prop::collection::vec(fact, 1..12)
}

/// Lines under up to three clauses, a clause having one rate; tax and lines
/// that earn nothing make the total larger than their sum.
fn invoices_of(least_net: i64) -> impl Strategy<Value = (InvoiceState, Vec<EarningLine>)> {
    let lines = prop::collection::vec((least_net..30_000, 0i64..3), 1..6);
    (
        lines,
        [0i32..=10_000, 0i32..=10_000, 0i32..=10_000],
        1i64..20_000,
    )
        .prop_map(|(lines, rates, besides)| {
            let lines: Vec<EarningLine> = lines
                .into_iter()
                .map(|(net, clause)| EarningLine {
                    clause,
                    ..line(net, rates[usize::try_from(clause).unwrap()])
                })
                .collect();
            let net: i64 = lines.iter().map(|line| line.net_minor).sum();
            (invoice(net.max(0) + besides), lines)
        })
}

/// Invoices as they come, credit lines among them.
fn invoices() -> impl Strategy<Value = (InvoiceState, Vec<EarningLine>)> {
    invoices_of(-10_000)
}

fn rate_of(line: &EarningLine) -> Rate {
    match line.terms.pay {
        Pay::Share(rate) => rate,
        Pay::PerUnit { .. } => Rate::default(),
    }
}

fn posted(lines: &[EarningLine]) -> Vec<i64> {
    lines.iter().map(|line| line.posted_minor).collect()
}

proptest! {
    #[test]
    fn every_road_to_a_state_ends_in_the_same_ledger((mut state, mut lines) in invoices(), facts in facts()) {
        let mut afresh = lines.clone();
        for fact in facts {
            happen(&mut state, &mut lines, fact);
            post(&state, &mut lines);
            prop_assert!(post(&state, &mut lines).iter().all(|&delta| delta == 0));
        }
        for (new, old) in afresh.iter_mut().zip(&lines) {
            new.credited_net_minor = old.credited_net_minor;
        }
        post(&state, &mut afresh);
        prop_assert_eq!(afresh, lines);
    }

    #[test]
    fn payments_and_refunds_may_come_in_any_order(
        (mut state, lines) in invoices(),
        mut parts in prop::collection::vec(1i64..10_000, 2..6),
    ) {
        state.total_minor = state.total_minor.max(parts.iter().sum());
        let run = |parts: &[i64]| {
            let (mut state, mut lines) = (state, lines.clone());
            for part in parts {
                happen(&mut state, &mut lines, Fact::Payment(*part));
                post(&state, &mut lines);
            }
            for part in parts {
                happen(&mut state, &mut lines, Fact::Refund(part / 2));
                post(&state, &mut lines);
            }
            posted(&lines)
        };
        let forward = run(&parts);
        parts.reverse();
        prop_assert_eq!(forward, run(&parts));
    }

    #[test]
    fn a_full_refund_nets_to_nothing((mut state, mut lines) in invoices(), facts in facts()) {
        for fact in facts {
            happen(&mut state, &mut lines, fact);
            post(&state, &mut lines);
        }
        state.refunded_minor = state.paid_minor;
        post(&state, &mut lines);
        prop_assert!(lines.iter().all(|line| line.posted_minor == 0 && line.posted_base_minor == 0));
    }

    #[test]
    fn a_part_earns_no_more_than_the_whole_and_the_whole_earns_it_all(
        (mut state, mut lines) in invoices_of(1),
        paid in 0i64..200_000,
    ) {
        state.paid_minor = paid.min(state.total_minor);
        let part: i64 = post(&state, &mut lines).iter().sum();
        state.paid_minor = state.total_minor;
        let rest: i64 = post(&state, &mut lines).iter().sum();
        prop_assert!(part >= 0 && rest >= 0);
        for clause in 0..3 {
            let group = lines.iter().filter(|line| line.clause == clause);
            let exact = Ratio::sum(group.clone().map(|line| rate_of(line).exact(line.net_minor))).unwrap();
            prop_assert_eq!(group.map(|line| line.posted_minor).sum::<i64>(), exact.round().unwrap());
        }
        for line in &lines {
            prop_assert_eq!(line.posted_base_minor, line.net_minor);
        }
    }

    #[test]
    fn a_group_is_its_rounded_sum_and_each_line_is_within_a_unit(
        (mut state, mut lines) in invoices(),
        facts in facts(),
    ) {
        for fact in facts {
            happen(&mut state, &mut lines, fact);
        }
        let accruals = accrue(&state, &lines).unwrap();
        for clause in 0..3 {
            let group = lines.iter().zip(&accruals).filter(|(line, _)| line.clause == clause);
            let exact = Ratio::sum(group.clone().map(|(_, accrual)| accrual.exact)).unwrap();
            prop_assert_eq!(group.map(|(_, accrual)| accrual.delta_minor).sum::<i64>(), exact.round().unwrap());
        }
        for accrual in &accruals {
            let off = accrual.exact.minus(Ratio::from_int(accrual.delta_minor)).unwrap();
            prop_assert!(off < Ratio::ONE && off.negated().unwrap() < Ratio::ONE);
        }
    }

    #[test]
    fn reversals_add_up_and_stay_within_their_entries(
        open in prop::collection::vec((any::<u8>(), 0i64..1_000), 0..8),
        delta in -8_000i64..0,
    ) {
        let parts = reverse_newest_first(&open, delta);
        let left: i64 = open.iter().map(|(_, left)| left).sum();
        prop_assert_eq!(parts.iter().map(|(_, part)| part).sum::<i64>(), delta.max(-left));
        prop_assert!(parts.iter().all(|(_, part)| *part < 0));
    }
}

/// A line that pays for each of its units instead of a share of its net.
/// Lines of every kind of terms, some for a part of their days.
fn any_terms() -> impl Strategy<Value = LineTerms> {
    let pay = prop_oneof![
        (0i32..=10_000).prop_map(|bps| Pay::Share(Rate::from_bps(bps).unwrap())),
        (0i64..1_000, 1u32..40).prop_map(|(minor, units)| Pay::PerUnit { minor, units }),
    ];
    (pay, 0i64..=30).prop_map(|(pay, days)| LineTerms {
        pay,
        share: DayShare::new(days, 30),
    })
}

proptest! {
    /// Invariants 6, 8, 9 and 23 for every kind of terms: in any order of payments and refunds
    /// the line ends at the rounded whole, never beyond it, and at nothing once all went back.
    #[test]
    fn every_kind_of_terms_ends_where_its_state_says(
        nets in prop::collection::vec((1i64..50_000, 1i64..4), 1..6),
        terms in prop::collection::vec(any_terms(), 4),
        moves in prop::collection::vec((any::<bool>(), 1i64..30_000), 0..12),
    ) {
        let mut lines: Vec<EarningLine> = nets
            .iter()
            .map(|&(net, clause)| EarningLine {
                clause,
                terms: terms[usize::try_from(clause).unwrap()],
                ..line(net, 0)
            })
            .collect();
        let total = nets.iter().map(|(net, _)| net).sum();
        let full = InvoiceState { paid_minor: total, ..invoice(total) };
        let most: i64 = accrue(&full, &lines).unwrap().iter().map(|a| a.delta_minor).sum();
        let mut state = invoice(total);
        for (is_payment, amount) in moves {
            match is_payment {
                true => state.paid_minor += amount.min(total - state.paid_minor),
                false => state.refunded_minor += amount.min(state.paid_minor - state.refunded_minor),
            }
            post(&state, &mut lines);
            let sum: i64 = posted(&lines).iter().sum();
            prop_assert!(sum >= 0 && sum <= most);
        }
        let mut fresh = lines.clone();
        for line in &mut fresh {
            (line.posted_minor, line.posted_base_minor) = (0, 0);
        }
        post(&state, &mut fresh);
        prop_assert_eq!(posted(&fresh), posted(&lines));
        state.refunded_minor = state.paid_minor;
        post(&state, &mut lines);
        prop_assert!(posted(&lines).iter().all(|minor| *minor == 0));
    }
}
