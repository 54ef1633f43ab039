//! Random histories, told by the model and by the engine's rules: to the cent and to the day the
//! same books.
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestCaseError, TestRunner},
};

use super::{
    beside::Beside,
    facts::{Fact, Goes, How, Terms, facts, terms},
    laws,
    pure::Pure,
    rewards::{By, Reward},
    rules::{Does, Earns, Part, Span},
    slow::Slow,
    steps::{How as Counts, Stepped},
    teller::{Books, Entry, Teller},
};

/// How many are told on each run.
const HISTORIES: u32 = 10_000;

pub fn stories() -> impl Strategy<Value = (Terms, Vec<Fact>)> {
    (terms(), prop::collection::vec(facts(), 1..80))
}

fn differ(model: &Books, engine: &Books) -> Result<(), TestCaseError> {
    prop_assert_eq!(&model.subs, &engine.subs);
    prop_assert_eq!(&model.invoices, &engine.invoices);
    prop_assert_eq!(&model.entries, &engine.entries);
    prop_assert_eq!(&model.rewards, &engine.rewards);
    prop_assert_eq!(&model.stepped, &engine.stepped);
    prop_assert_eq!(&model.statements, &engine.statements);
    prop_assert_eq!(&model.movements, &engine.movements);
    prop_assert_eq!(model, engine);
    Ok(())
}

/// Seats that change under caps while money comes and goes: what is given back and comes back.
fn changes_under_caps() -> impl Strategy<Value = (Terms, Vec<Fact>)> {
    let is_one = |fact: &Fact| {
        matches!(
            fact,
            Fact::Sell { .. }
                | Fact::Change { .. }
                | Fact::PayInvoice { .. }
                | Fact::Refund { .. }
                | Fact::Credit { .. }
        )
    };
    let stories = (terms(), prop::collection::vec(facts(), 1..160));
    stories.prop_map(move |(mut terms, mut facts)| {
        facts.retain(is_one);
        terms.caps = terms.caps.map(|cap| cap.or(Some(90)));
        (terms, facts)
    })
}

/// Terms of a month or two that pay a bonus, and what brings one or takes it away, in all orders.
pub fn renewals() -> impl Strategy<Value = (Terms, Vec<Fact>)> {
    let is_one = |fact: &Fact| {
        matches!(
            fact,
            Fact::Sell { .. }
                | Fact::Change { .. }
                | Fact::Move { .. }
                | Fact::Pause { .. }
                | Fact::Resume { .. }
                | Fact::CancelNow { .. }
                | Fact::Pay { .. }
                | Fact::PayInvoice { .. }
                | Fact::Refund { .. }
                | Fact::Credit { .. }
                | Fact::Pass { .. }
                | Fact::Close
        )
    };
    let stories = (terms(), prop::collection::vec(facts(), 1..200));
    stories
        .prop_map(move |(mut terms, mut facts)| {
            facts.retain(is_one);
            terms.term = terms.term.min(2);
            (terms, facts)
        })
        .prop_filter("nothing is promised", |(terms, _)| {
            terms.clauses.renewal.is_some()
        })
}

/// Clauses that pay by steps, and what is sold under them, paid, given back and closed.
pub fn steps() -> impl Strategy<Value = (Terms, Vec<Fact>)> {
    let is_one = |fact: &Fact| {
        matches!(
            fact,
            Fact::Sell { .. }
                | Fact::Change { .. }
                | Fact::CancelNow { .. }
                | Fact::Pay { .. }
                | Fact::PayInvoice { .. }
                | Fact::Refund { .. }
                | Fact::Chargeback { .. }
                | Fact::Credit { .. }
                | Fact::Share { .. }
                | Fact::Link { .. }
                | Fact::Pass { .. }
                | Fact::Close
        )
    };
    let stories = (terms(), prop::collection::vec(facts(), 1..200));
    stories
        .prop_map(move |(mut terms, mut facts)| {
            facts.retain(is_one);
            terms.caps = [None; 4];
            terms.clauses.units = [None; 4];
            (terms, facts)
        })
        .prop_filter("no clause has steps", |(terms, _)| {
            (0..5).any(|clause| terms.steps_of(clause).is_some())
        })
}

#[test]
fn the_engine_tells_every_history_as_the_model_does() {
    tell(&stories(), HISTORIES);
}

#[test]
fn the_engine_caps_every_change_as_the_model_does() {
    tell(&changes_under_caps(), HISTORIES / 5);
}

#[test]
fn the_engine_renews_as_the_model_does() {
    tell(&renewals(), HISTORIES / 5);
}

#[test]
fn the_engine_settles_steps_as_the_model_does() {
    tell(&steps(), HISTORIES / 5);
}

fn tell(stories: &impl Strategy<Value = (Terms, Vec<Fact>)>, usual: u32) {
    let told = std::env::var("MODEL_HISTORIES").ok();
    let mut runner = TestRunner::new(Config {
        cases: told.and_then(|many| many.parse().ok()).unwrap_or(usual),
        failure_persistence: None,
        ..Config::default()
    });
    let told = runner.run(stories, |(terms, facts)| {
        let model = Teller::<Slow>::tell(&terms, &facts);
        let engine = Teller::<Pure>::tell(&terms, &facts);
        differ(&model.books, &engine.books)?;
        laws::hold(&engine)
    });
    if let Err(why) = told {
        panic!("{why}");
    }
}

/// A proof about nothing proves nothing: what happens in these histories, and how often.
#[test]
fn the_histories_are_about_something() {
    let mut runner = TestRunner::deterministic();
    let strategies = [
        (stories().boxed(), 2_000),
        (renewals().boxed(), 400),
        (steps().boxed(), 400),
    ];
    let each = strategies.iter();
    let each = each.flat_map(|(strategy, many)| std::iter::repeat_n(strategy, *many));
    let mut seen = [0usize; 55];
    for strategy in each {
        let (terms, facts) = strategy.new_tree(&mut runner).unwrap().current();
        let told = Teller::<Slow>::tell(&terms, &facts);
        let (books, first_open) = (told.books, told.first_open);
        let late = books.statements.iter().filter(|one| one.blocks[1] != 0);
        let discounted = books.invoices.iter().flat_map(|one| &one.lines);
        let discounted = discounted.filter(|line| line.off != 0);
        let reversed = books.entries.iter().filter(|one| one.reverses.is_some());
        let does = |wanted| books.entries.iter().filter(move |one| one.does == wanted);
        let part = |wanted: fn(&Part) -> bool| {
            let all = books.entries.iter();
            all.filter(move |one| wanted(&one.part)).count()
        };
        let by_hand = |wanted: fn(&How) -> bool| {
            let all = books.notes.iter().filter_map(|one| one.by_hand);
            all.filter(wanted).count()
        };
        let said = books.subs.iter().flat_map(|one| &one.history);
        let plans = books.subs.iter().map(|one| one.history.windows(2));
        let moved = plans.map(|all| all.filter(|one| one[0].2 != one[1].2).count());
        let moved = moved.sum::<usize>();
        let earns = |wanted: fn(&Earns) -> bool| {
            let all = books.entries.iter();
            let line = |one: &Entry| &books.invoices[one.invoice].lines[one.line];
            let all = all.filter_map(|one| line(one).earns);
            all.filter(wanted).count()
        };
        let lines = || books.invoices.iter().flat_map(|one| &one.lines);
        let used = || lines().filter(|line| line.used.is_some());
        let mut days: Vec<Span> = used().map(|line| line.service).collect();
        days.sort_unstable_by_key(|one| (one.from, one.to));
        let again = days.windows(2).filter(|two| two[0] == two[1]).count();
        let beside = |wanted: fn(&Beside) -> bool| {
            let all = books.beside.iter();
            all.filter(|one| wanted(one)).count()
        };
        let is_bonus = |one: &Reward| matches!(one.by, By::Renewal { .. });
        let rewards = |wanted: &dyn Fn(&Reward) -> bool| {
            let all = books.rewards.iter().filter(|one| !is_bonus(one));
            all.filter(|one| wanted(one)).count()
        };
        let bonuses = |wanted: &dyn Fn(&Reward) -> bool| {
            let all = books.rewards.iter().filter(|one| is_bonus(one));
            all.filter(|one| wanted(one)).count()
        };
        // Of which a part went back.
        let is_part = |one: &Reward| {
            let whole = |of: usize| books.rewards[of].amount == -one.amount;
            one.reverses.is_some_and(|of| !whole(of))
        };
        let any_stepped = |wanted: &dyn Fn(&Stepped) -> bool| {
            let all = books.stepped.iter();
            all.filter(|one| wanted(one)).count()
        };
        let steps_of = |one: &Stepped| terms.steps_of(one.clause).unwrap().1;
        let stepped = |how: Counts, wanted: &dyn Fn(&Stepped) -> bool| {
            any_stepped(&|one| steps_of(one).how == how && wanted(one))
        };
        // Settled after the months that count together.
        let is_late = |one: &Stepped, anew: bool| {
            let steps = steps_of(one);
            steps.is_anew == anew && one.posted >= one.first + steps.months
        };
        // Proposed for a month that has been closed since.
        let left = books.proposals.iter();
        let left = left.filter(|one| !one.is_decided && one.month < first_open);
        let counts = [
            by_hand(|how| how.goes == Goes::DueThenCredit),
            by_hand(|how| how.goes == Goes::DueThenBack),
            by_hand(|how| how.goes == Goes::Credit),
            by_hand(|how| how.protects),
            books.segments.iter().filter(|one| one.lowered > 0).count(),
            said.filter(|(_, seats, _)| *seats == 0).count(),
            moved,
            books
                .invoices
                .iter()
                .filter(|one| one.at_own_cost > 0)
                .count(),
            part(|part| {
                matches!(
                    part,
                    Part::Split {
                        share: ..10_000,
                        ..
                    }
                )
            }),
            part(|part| matches!(part, Part::CarvedOut { .. })),
            part(|part| matches!(part, Part::OnRevenue(_))),
            does(Does::Caps).count(),
            does(Does::Frees).count(),
            books.invoices.len(),
            books.notes.len(),
            books.entries.len(),
            reversed.count(),
            books.statements.len(),
            late.count(),
            books
                .statements
                .iter()
                .filter(|one| one.closing < 0)
                .count(),
            books.statements.iter().filter(|one| one.payout > 0).count(),
            discounted.count(),
            books.movements.iter().filter(|one| one[3] > 0).count(),
            earns(|one| one.unit > 0),
            earns(|one| one.unit > 0 && one.share != (1, 1)),
            earns(|one| one.unit == 0 && one.share != (1, 1)),
            earns(|one| one.clause == 4),
            used().filter(|line| line.net > 0).count(),
            used().filter(|line| line.credited > 0).count(),
            again,
            beside(|one| one.does == Does::Adjusts && one.stated.is_some()),
            beside(|one| one.does == Does::Fills),
            left.count(),
            rewards(&|one| one.reverses.is_none()),
            rewards(&|one| one.reverses.is_some() && one.is_refund),
            rewards(&|one| one.reverses.is_some() && !one.is_refund),
            rewards(&is_part),
            rewards(&|one| one.does == Does::ClawsBack && one.stated.is_some()),
            rewards(&|one| one.does == Does::Rewards && books.subs[one.sub].is_vendors_fault),
            bonuses(&|one| one.reverses.is_none()),
            bonuses(&|one| matches!(one.by, By::Renewal { count: 2.., .. })),
            bonuses(&|one| one.reverses.is_some() && one.is_refund),
            bonuses(&|one| one.reverses.is_some() && !one.is_refund),
            bonuses(&is_part),
            bonuses(&|one| one.does == Does::ClawsBack && one.stated.is_some()),
            stepped(Counts::Above, &|one| one.amount > 0),
            stepped(Counts::Whole, &|one| one.amount > 0),
            stepped(Counts::Faster, &|one| one.amount > 0),
            stepped(Counts::Cliff, &|one| one.amount < 0),
            stepped(Counts::Cliff, &|one| one.amount > 0 && one.of < one.posted),
            any_stepped(&|one| one.of < one.posted),
            any_stepped(&|one| one.who != one.seller),
            any_stepped(&|one| one.stated.is_some_and(|month| month > one.posted)),
            any_stepped(&|one| is_late(one, true)),
            any_stepped(&|one| is_late(one, false)),
        ];
        for (sum, count) in seen.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    assert!(seen.iter().all(|count| *count >= 10), "{seen:?}");
}
