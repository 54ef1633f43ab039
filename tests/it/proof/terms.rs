//! Stories about terms that are renewed, lived by the application and told by the model.
use super::{
    application::{plain, sold, sold_to, told},
    facts::{Fact, Goes, How, Kind as Grows, Off, Terms},
    renewals::Renewal,
    rules::Does,
    teller::Books,
};

/// Each month is a term, of which a tenth is paid as bonus if it is worth as much as the one before.
fn renewing(kinds: Vec<Grows>) -> Terms {
    let mut terms = plain(kinds);
    terms.term = 1;
    terms.clauses.renewal = Some(Renewal {
        bps: 1_000,
        kept_bps: 10_000,
        days: 0,
        is_full: false,
    });
    terms
}

fn bonuses(books: &Books) -> Vec<(usize, i64)> {
    let all = books.rewards.iter().filter(|one| one.does == Does::Renews);
    all.map(|one| (one.invoice, one.amount)).collect()
}

/// Half of the seats leave on the day on which the term is renewed, which is written down after its
/// bill: it began with half as many.
#[test]
fn a_bonus_counts_the_units_that_its_term_began_with() {
    let terms = renewing(vec![Grows::Seat(10_000_000_000)]);
    let history = [
        sold_to(0, (2, 0)),
        Fact::PayInvoice { which: 0, part: 1 },
        Fact::Pass { days: 30 },
        Fact::Change {
            which: 0,
            seats: 1,
            ago: 0,
        },
        Fact::PayInvoice { which: 1, part: 1 },
    ];
    assert_eq!(bonuses(&told(&terms, &history).books), []);
}

/// The first period of the renewed term is given away: its invoice asks for nothing, and what the
/// term is worth was kept.
#[test]
fn a_term_whose_first_invoice_asks_for_nothing_is_renewed_as_it_is_issued() {
    let mut terms = renewing(vec![Grows::Seat(10_000_000_000)]);
    terms.rates = [0; 4];
    let history = [
        sold(),
        Fact::PayInvoice { which: 0, part: 1 },
        Fact::Discount {
            which: 0,
            off: Off::Percent(10_000),
            priority: 0,
            periods: Some(1),
        },
        Fact::Pass { days: 31 },
    ];
    assert_eq!(bonuses(&told(&terms, &history).books), [(1, 1_000)]);
}

/// A seat is added on the first day of a term: paying for that alone renews nothing, and paying for
/// both at once does so once.
#[test]
fn what_is_added_to_a_term_does_not_renew_it() {
    let terms = renewing(vec![Grows::Seat(10_000_000_000)]);
    let begun = [
        sold(),
        Fact::PayInvoice { which: 0, part: 1 },
        Fact::Pass { days: 30 },
        Fact::Change {
            which: 0,
            seats: 2,
            ago: 0,
        },
    ];
    let pay = |which| Fact::PayInvoice { which, part: 1 };
    let added: Vec<Fact> = begun.iter().cloned().chain([pay(2)]).collect();
    assert_eq!(bonuses(&told(&terms, &added).books), []);
    let then: Vec<Fact> = added.into_iter().chain([pay(1)]).collect();
    assert_eq!(bonuses(&told(&terms, &then).books), [(1, 2_000)]);
    let both = Fact::Pay {
        customer: 0,
        minor: 20_000,
        ago: 0,
    };
    let at_once: Vec<Fact> = begun.into_iter().chain([both]).collect();
    assert_eq!(bonuses(&told(&terms, &at_once).books), [(1, 2_000)]);
}

/// Changed to the other plan from a day of the term before: the new invoice takes the place of the
/// one that was credited altogether, and its first line is for the rest of that term.
#[test]
fn a_term_billed_anew_is_renewed_by_its_new_invoice() {
    let mut terms = renewing(vec![Grows::Seat(10_000_000_000)]);
    terms.plans.push(terms.plans[0].clone());
    let pay = |which| Fact::PayInvoice { which, part: 1 };
    let history = [
        sold(),
        pay(0),
        Fact::Pass { days: 30 },
        pay(1),
        Fact::Pass { days: 35 },
        Fact::Move {
            which: 0,
            ago: Some(10),
        },
        pay(3),
    ];
    let books = told(&terms, &history).books;
    assert_eq!(bonuses(&books), [(1, 1_000), (3, 1_000)]);
}

/// All that was paid for a term went back to the customer, and the term is billed anew: its bonus is
/// paid anew too.
#[test]
fn a_bonus_is_paid_anew_once_its_term_is() {
    let mut terms = renewing(vec![Grows::Seat(10_000_000_000)]);
    terms.plans.push(terms.plans[0].clone());
    let pay = |which| Fact::PayInvoice { which, part: 1 };
    let history = [
        sold(),
        pay(0),
        Fact::Pass { days: 30 },
        pay(1),
        Fact::Credit {
            which: 1,
            line: 0,
            part: 1,
            how: How {
                goes: Goes::Credit,
                lowers: false,
                protects: false,
            },
        },
        Fact::Pass { days: 5 },
        Fact::Move {
            which: 0,
            ago: Some(10),
        },
        pay(2),
    ];
    let books = told(&terms, &history).books;
    let all = books.rewards.iter().filter(|one| one.does != Does::Rewards);
    let all: Vec<_> = all.map(|one| (one.invoice, one.amount)).collect();
    assert_eq!(all, [(1, 1_000), (1, -1_000), (2, 1_000)]);
}

/// A pause that is dated back gives back all that was charged for the term, and with that settles
/// its invoice: the term is renewed by what is charged when the pause ends.
#[test]
fn a_term_that_a_pause_took_back_is_renewed_after_it() {
    let mut terms = renewing(vec![Grows::Seat(10_000_000_000)]);
    terms.clauses.renewal.as_mut().unwrap().kept_bps = 0;
    terms.plans.push(terms.plans[0].clone());
    let pay = |which, part| Fact::PayInvoice { which, part };
    let history = [
        sold(),
        pay(0, 1),
        Fact::Pass { days: 20 },
        Fact::Pass { days: 20 },
        Fact::Pass { days: 22 },
        Fact::Move {
            which: 0,
            ago: Some(23),
        },
        pay(3, 4),
        Fact::Pause { which: 0, ago: 15 },
        Fact::Resume { which: 0, ago: 13 },
    ];
    assert_eq!(bonuses(&told(&terms, &history).books), []);
    let books = told(&terms, &[&history[..], &[pay(4, 1)]].concat()).books;
    assert_eq!(bonuses(&books), [(4, 1_000)]);
}

/// Changed to a cheaper plan with the term: it is worth less than the one before was on its own plan.
#[test]
fn a_bonus_counts_the_plan_that_each_term_began_on() {
    let mut terms = renewing(vec![Grows::Seat(10_000_000_000)]);
    let mut cheaper = terms.plans[0].clone();
    cheaper.prices[0].kind = Grows::Seat(9_000_000_000);
    terms.plans.push(cheaper);
    let pay = |which| Fact::PayInvoice { which, part: 1 };
    let history = [
        sold(),
        pay(0),
        Fact::Move {
            which: 0,
            ago: None,
        },
        Fact::Pass { days: 30 },
        pay(1),
    ];
    assert_eq!(bonuses(&told(&terms, &history).books), []);
    terms.clauses.renewal.as_mut().unwrap().kept_bps = 9_000;
    assert_eq!(bonuses(&told(&terms, &history).books), [(1, 900)]);
}

/// Of thirty days from the term's first, ten are served, whatever day of the month it began on.
#[test]
fn a_bonus_goes_back_by_the_days_of_its_term() {
    let mut terms = renewing(vec![Grows::Seat(10_000_000_000)]);
    terms.clauses.renewal.as_mut().unwrap().days = 30;
    let history = [
        Fact::Pass { days: 9 },
        sold(),
        Fact::PayInvoice { which: 0, part: 1 },
        Fact::Pass { days: 30 },
        Fact::PayInvoice { which: 1, part: 1 },
        Fact::Pass { days: 10 },
        Fact::CancelNow {
            which: 0,
            ago: 0,
            fault: false,
        },
    ];
    let books = told(&terms, &history).books;
    let all: Vec<i64> = books.rewards.iter().map(|one| one.amount).collect();
    assert_eq!(all, [1_000, -667]);
}
