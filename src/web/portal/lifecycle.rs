//! The eight stages as a partner goes through them: where it stands, what shows it, what is next.
use actix_web::web::{Data, ServiceConfig, get, resource};
use askama::Template;

use crate::{
    domain::{
        PartnerFacts, Permission, Stage, date_words,
        lifecycle::{Standing, map_of, stage_of},
    },
    store::{Store, recruit::own},
    web::{
        Answer, Shell,
        admission::Visitor,
        page::ok,
        stages::{self, Mark},
        words,
    },
};

/// The route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("/lifecycle").route(get().to(show)));
}

/// A stage of the map.
struct Row {
    title: &'static str,
    kind: &'static str,
    standing: &'static str,
    about: String,
    evidence: Vec<String>,
}

#[derive(Template)]
#[template(path = "portal/lifecycle/show.html")]
struct ShowPage {
    shell: Shell,
    answer: String,
    marks: Vec<Mark>,
    later: String,
    next: String,
    next_href: String,
    next_label: &'static str,
    rows: Vec<Row>,
}

/// What a stage is for, said to the partner.
fn about(stage: Stage, vendor: &str) -> String {
    match stage {
        Stage::Strategize => {
            format!("{vendor} decides what you can sell, and what you earn with it.")
        }
        Stage::Recruit => format!("{vendor} has chosen you as a partner."),
        Stage::Onboard => "You know your terms, and your people can sign in.".to_owned(),
        Stage::Enable => "Courses come later; nothing is recorded here yet.".to_owned(),
        Stage::Market => "Campaigns come later; nothing is recorded here yet.".to_owned(),
        Stage::Sell => "Your customers subscribe.".to_owned(),
        Stage::Incentivize => "You receive statements of what you earned.".to_owned(),
        Stage::Accelerate => "Your customers stay beyond their first term.".to_owned(),
    }
}

fn count(number: i64, one: &str, many: &str) -> Option<String> {
    (number > 0).then(|| words::count(number, one, many))
}

/// What shows that a stage is reached, said to the partner.
fn evidence(stage: Stage, facts: &PartnerFacts) -> Vec<String> {
    let said = |holds: bool, what: &str| holds.then(|| what.to_owned());
    let all = match stage {
        Stage::Strategize => vec![said(facts.has_offering, "There is something to sell")],
        Stage::Recruit => vec![said(facts.has_record, "You are on record")],
        Stage::Onboard => vec![
            said(facts.has_commission_plan, "You have a commission plan"),
            said(facts.has_resale_terms, "You have resale terms"),
            count(
                facts.people_count,
                "person who may sign in",
                "people who may sign in",
            ),
        ],
        Stage::Enable | Stage::Market => Vec::new(),
        Stage::Sell => vec![
            count(facts.customers_count, "customer", "customers"),
            count(
                facts.live_subscriptions,
                "live subscription",
                "live subscriptions",
            ),
            said(
                !facts.mrr.is_empty(),
                &format!("{} a month", words::amounts(&facts.mrr)),
            ),
            facts
                .first_payment
                .map(|day| format!("First payment on {}", date_words(day))),
        ],
        Stage::Incentivize => vec![
            count(facts.statements_made, "statement", "statements"),
            count(facts.statements_paid, "of them paid", "of them paid"),
        ],
        Stage::Accelerate => vec![count(
            facts.renewals_held,
            "period paid after a first term",
            "periods paid after a first term",
        )],
    };
    all.into_iter().flatten().collect()
}

/// The next step, where it is taken below the partner's pages, and what the link says. Who sees no
/// earnings is not led to them.
pub(super) fn next(
    facts: &PartnerFacts,
    vendor: &str,
    sees_earnings: bool,
) -> (String, &'static str, &'static str) {
    match () {
        () if !facts.has_offering => (format!("{vendor} publishes its first offering."), "", ""),
        () if !facts.has_commission_plan && !facts.has_resale_terms => {
            (format!("{vendor} gives you a commission plan."), "", "")
        }
        () if facts.live_subscriptions == 0 && facts.first_payment.is_none() => (
            "Win the first subscription of a customer.".to_owned(),
            "/offerings",
            "See what you can offer",
        ),
        () if facts.statements_made == 0 && facts.has_commission_plan && sees_earnings => (
            "Your first statement follows when a month with payable commission is closed."
                .to_owned(),
            "/ledger",
            "See what you have earned",
        ),
        () if facts.renewals_held == 0 => (
            "Keep a customer beyond the first term.".to_owned(),
            "/subscriptions",
            "See when terms end",
        ),
        () => (
            "Keep the renewals coming.".to_owned(),
            "/subscriptions",
            "See when terms end",
        ),
    }
}

async fn show(visitor: Visitor, store: Data<Store>) -> Answer {
    let facts = store
        .read(visitor.scope.clone(), |tx| {
            tx.allow(Permission::ViewCatalogue)?;
            own::facts(tx)
        })
        .await?;
    let (vendor, stage) = (visitor.vendor_name(), stage_of(&facts).stage);
    let sees_earnings = visitor.may(Permission::PartnerViewEarnings);
    let (next, below, next_label) = next(&facts, vendor, sees_earnings);
    let row = |at: &crate::domain::lifecycle::StageOnMap| Row {
        title: at.stage.label(),
        kind: match at.standing {
            Standing::Reached => "good",
            Standing::Current => "info",
            Standing::Ahead | Standing::Unrecorded => "plain",
        },
        standing: at.standing.label(),
        about: about(at.stage, vendor),
        evidence: evidence(at.stage, &facts),
    };
    ok(&ShowPage {
        answer: format!("You are in {}.", stage.label()),
        marks: stages::marks(&facts),
        later: stages::unrecorded(),
        next_href: match below {
            "" => String::new(),
            below => format!("{}{below}", visitor.base),
        },
        next,
        next_label,
        rows: map_of(&facts).iter().map(row).collect(),
        shell: visitor.shell(),
    })
}
