use super::*;
use crate::domain::period::read_date;

fn recorded() -> PartnerFacts {
    PartnerFacts {
        has_offering: true,
        has_published_plan: true,
        has_record: true,
        ..PartnerFacts::default()
    }
}

#[test]
fn the_table_has_every_stage_once_and_in_order() {
    let stages: Vec<Stage> = RULES.iter().map(|rule| rule.stage).collect();
    assert_eq!(stages, Stage::ALL);
    let unavailable = Stage::ALL.iter().filter(|stage| !stage.is_available());
    assert_eq!(
        unavailable.copied().collect::<Vec<_>>(),
        [Stage::Enable, Stage::Market]
    );
}

#[test]
fn a_partner_moves_as_its_facts_do() {
    let mut facts = PartnerFacts::default();
    let at = |facts: &PartnerFacts| {
        let position = stage_of(facts);
        (position.stage.code(), position.next)
    };
    assert_eq!(at(&facts), ("strategize", "Publish an offering.".into()));
    assert!(stage_of(&facts).evidence.is_empty());
    facts = recorded();
    assert_eq!(at(&facts).0, "recruit");
    facts.has_commission_plan = true;
    assert_eq!(at(&facts).0, "recruit");
    facts.has_signed_in = true;
    assert_eq!(at(&facts).0, "onboard");
    facts.live_subscriptions = 1;
    assert_eq!(at(&facts).0, "sell");
    facts.statements_made = 1;
    assert_eq!(at(&facts).0, "incentivize");
    facts.renewals_held = 1;
    assert_eq!(
        at(&facts),
        ("accelerate", "Keep the renewals coming.".into())
    );
}

#[test]
fn a_partner_that_only_resells_needs_no_commission_plan_and_no_statement() {
    let facts = PartnerFacts {
        has_published_plan: false,
        has_resale_terms: true,
        has_signed_in: true,
        ..recorded()
    };
    let position = stage_of(&facts);
    assert_eq!(position.stage, Stage::Onboard);
    assert!(
        position
            .evidence
            .contains(&"The partner has resale terms".to_owned())
    );
    assert_eq!(
        position.next,
        "Start the first subscription of one of their customers."
    );
    let sold = PartnerFacts {
        live_subscriptions: 1,
        ..facts
    };
    let position = stage_of(&sold);
    assert_eq!(position.stage, Stage::Sell);
    assert_eq!(
        position.next,
        "Keep a customer of theirs beyond the first term."
    );
    let reached = map_of(&sold)
        .iter()
        .filter(|at| at.standing == Standing::Reached)
        .map(|at| at.stage)
        .collect::<Vec<_>>();
    assert_eq!(reached, [Stage::Strategize, Stage::Recruit, Stage::Onboard]);
}

#[test]
fn a_gap_left_behind_is_the_next_step() {
    let facts = PartnerFacts {
        has_commission_plan: true,
        live_subscriptions: 3,
        ..recorded()
    };
    let position = stage_of(&facts);
    assert_eq!(position.stage, Stage::Sell);
    assert_eq!(
        position.next,
        "Invite someone of theirs; nobody has signed in yet."
    );
}

#[test]
fn evidence_is_counted_and_never_invented() {
    let facts = PartnerFacts {
        customers_count: 1,
        live_subscriptions: 2,
        first_payment: Some(read_date("2026-11-03").unwrap()),
        mrr: vec![Money::new(123_450, "EUR".parse().unwrap())],
        ..recorded()
    };
    assert_eq!(
        stage_of(&facts).evidence,
        [
            "1 customer",
            "2 live subscriptions",
            "EUR 1,234.50 a month",
            "First payment on 3 Nov 2026"
        ]
    );
}

#[test]
fn a_partner_whose_subscriptions_ended_has_still_sold() {
    let facts = PartnerFacts {
        first_payment: Some(read_date("2026-11-03").unwrap()),
        ..recorded()
    };
    assert_eq!(stage_of(&facts).stage, Stage::Sell);
}

#[test]
fn the_map_says_plainly_what_is_not_there_yet() {
    let facts = PartnerFacts {
        live_subscriptions: 1,
        ..recorded()
    };
    let standings: Vec<&str> = map_of(&facts)
        .iter()
        .map(|stage| stage.standing.code())
        .collect();
    assert_eq!(
        standings,
        [
            "reached",
            "reached",
            "ahead",
            "unrecorded",
            "unrecorded",
            "current",
            "ahead",
            "ahead"
        ]
    );
    let enable = &map_of(&facts)[3];
    assert_eq!(
        enable.about,
        "Courses come later; nothing is recorded here yet."
    );
    assert!(enable.evidence.is_empty());
}
