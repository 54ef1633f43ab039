//! The most a clause pays a partner for a month.
use perennial::{
    domain::{commission::EntryKind, statement_document::StatementDocument},
    services::incentivize::commission_plans::ClauseDraft,
    worker::{self, Closing},
};

use super::{
    clauses::{on_each, percent, world},
    world::{SEATS, World, YEN, currency, eur, month},
};
use perennial::domain::Money;

/// A fifth of everything, at most 30.00 a month.
fn capped() -> ClauseDraft {
    ClauseDraft {
        cap: Some(eur(3_000)),
        ..percent("20")
    }
}

fn amounts_of(world: &World, kind: EntryKind) -> Vec<i64> {
    let entries = world.entries().into_iter();
    let of_kind = entries.filter(|entry| entry.kind == kind);
    of_kind.map(|entry| entry.amount_minor).collect()
}

#[test]
fn what_is_beyond_the_cap_is_taken_off_and_given_back_with_its_entry() {
    on_each(|kind| {
        let world = world(kind, "2027-03-01", vec![capped()]);
        for (name, customer) in [("S-1", 1), ("S-2", 2), ("S-3", 3)] {
            world.start(name, customer, SEATS, "2027-03-01", 10);
        }
        world.pay("P-1", 1, "2027-03-01", eur(10_000));
        let second = world.pay("P-2", 2, "2027-03-01", eur(10_000));
        world.pay("P-3", 3, "2027-03-01", eur(5_000));
        assert_eq!(world.amounts(), [2_000, 2_000, -1_000, 1_000, -1_000]);
        let notes: Vec<String> = world
            .entries()
            .into_iter()
            .map(|entry| entry.note)
            .collect();
        assert_eq!(
            notes[2],
            "Clause 1 pays at most EUR 30.00 a month: EUR 10.00 of EUR 20.00 is beyond it for March 2027."
        );
        // Half of it goes back, and half of its cap with it; then the rest.
        world
            .refund("R-1", second.id(), "2027-03-01", eur(5_000))
            .unwrap();
        assert_eq!(world.amounts()[5..], [-1_000, 500]);
        world
            .refund("R-2", second.id(), "2027-03-01", eur(5_000))
            .unwrap();
        assert_eq!(world.amounts()[7..], [-1_000, 500]);
        // The room that it frees serves what comes later, and nothing that was capped before.
        world.pay("P-4", 3, "2027-03-01", eur(5_000));
        assert_eq!(world.amounts()[9..], [1_000]);
        world.verify();
    });
}

#[test]
fn each_month_partner_and_currency_has_a_cap_of_its_own() {
    on_each(|kind| {
        let world = world(kind, "2027-04-01", vec![capped()]);
        world.start("S-1", 1, SEATS, "2027-03-01", 20);
        world.start("S-2", 2, YEN, "2027-03-01", 1);
        world.start("S-3", 4, SEATS, "2027-03-01", 20);
        world.pay("P-1", 1, "2027-04-01", eur(40_000));
        world.pay("P-2", 2, "2027-04-01", Money::new(10_000, currency("JPY")));
        world.pay("P-3", 4, "2027-04-01", eur(40_000));
        // Two months of the first partner; its yen and the other partner have no cap.
        assert_eq!(amounts_of(&world, EntryKind::Cap), [-1_000, -1_000]);
        let earned: i64 = amounts_of(&world, EntryKind::Earned).iter().sum();
        assert_eq!(earned, 4_000 * 4 + 2_000);
        world.verify();
        for period in ["2027-01", "2027-02", "2027-03", "2027-04"] {
            world.at("2027-06-02");
            let closing = Closing {
                period: month(period),
                chunk: 10,
                mail_domain: "mail.example".into(),
            };
            worker::close_now(&world.store, &world.scope, &closing).unwrap();
        }
        world.at("2027-06-03");
        let closing = Closing {
            period: month("2027-05"),
            chunk: 10,
            mail_domain: "mail.example".into(),
        };
        worker::close_now(&world.store, &world.scope, &closing).unwrap();
        let statements = world.statements();
        let said: Vec<StatementDocument> = statements
            .iter()
            .map(|one| StatementDocument::from_canonical(&one.content).unwrap())
            .collect();
        let lines = said
            .iter()
            .flat_map(|one| one.lines.iter().map(move |line| (one, line)));
        let caps: Vec<String> = lines
            .filter(|(_, line)| line.kind == "cap")
            .map(|(one, line)| one.explanation(line))
            .collect();
        assert_eq!(caps.len(), 2, "{caps:?}");
        assert!(
            caps[0].starts_with("Clause 1 pays at most EUR 30.00 a month"),
            "{caps:?}"
        );
        world.verify();
    });
}
