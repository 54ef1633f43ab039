//! One partner: where it stands, its tier and terms, and what happened to it.
use std::collections::{BTreeMap, btree_map::Entry};

use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::{Parts, bank, distributor, partner, payout_currency, resale, tax};
use crate::{
    Error, Result,
    domain::{
        PartnerStatus, Permission, Position, Problems, date_words, lifecycle::stage_of, read_date,
    },
    id::{CommissionPlanVersionId, PartnerId, TierId},
    services::{
        incentivize::{enrollments as enrolling, tiers as tiering},
        recruit::partners::{self as service, Record},
    },
    store::{
        Platform, Store, Tx, VendorScope,
        incentivize::{
            commission_plans::{self, Choice},
            enrollments::{self, Enrollment},
            tiers::{self, Assignment, Tier},
        },
        platform::History,
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::{Typed, fresh_form_id, once},
        history::{self, HistoryRow},
        page::{ok, see_other_saying, unprocessable},
        stages::{self, Mark},
        words,
    },
};

/// A tier as chosen.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TierForm {
    tier: String,
    tier_from: String,
    form_id: String,
}

/// An enrolment as chosen.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EnrolmentForm {
    plan_version: String,
    from: String,
    form_id: String,
}

/// What was typed into the record's two forms, and what is wrong with it.
#[derive(Default)]
struct Entries {
    tier: TierForm,
    tier_problems: Problems,
    enrolment: EnrolmentForm,
    enrolment_problems: Problems,
}

struct TierRow {
    name: String,
    from: NaiveDate,
    is_current: bool,
}

struct EnrolmentRow {
    plan: String,
    from: NaiveDate,
    terms: Vec<String>,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "partners/show.html")]
struct ShowPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    base: String,
    here: String,
    answer: String,
    may_manage: bool,
    may_see_people: bool,
    may_adjust: bool,
    may_settle: bool,
    record: Record,
    position: Position,
    since: NaiveDate,
    marks: Vec<Mark>,
    later: String,
    next_href: String,
    next_label: &'static str,
    tiers: Vec<TierRow>,
    tier_choices: Vec<(String, String)>,
    enrolments: Vec<EnrolmentRow>,
    plan_choices: Vec<(String, String)>,
    distributor: String,
    tax: String,
    bank: String,
    payout_currency: String,
    resale: String,
    entries: Entries,
    history: Vec<HistoryRow>,
}

/// What the page is made from.
struct Found {
    record: Record,
    tiers: Vec<Tier>,
    assignments: Vec<Assignment>,
    enrolments: Vec<Enrollment>,
    plans: BTreeMap<CommissionPlanVersionId, String>,
    choices: Vec<Choice>,
    distributor: String,
    tax: String,
    bank: String,
    payout_currency: String,
    resale: String,
    history: Vec<History>,
}

fn find(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<Found> {
    let record = service::record(tx, id)?;
    let enrolments = enrollments::of_partner(tx, id)?;
    let mut plans = BTreeMap::new();
    for enrolment in &enrolments {
        if let Entry::Vacant(entry) = plans.entry(enrolment.plan_version) {
            let version = commission_plans::version(tx, enrolment.plan_version)?;
            let name = commission_plans::plan(tx, version.plan)?.name;
            entry.insert(format!("{name}, version {}", version.version_no));
        }
    }
    Ok(Found {
        record,
        enrolments,
        plans,
        tiers: tiers::tiers(tx)?,
        assignments: tiers::assignments(tx, id)?,
        choices: commission_plans::choices(tx)?,
        distributor: distributor::standing(tx, id)?,
        tax: tax::standing(tx, id)?,
        bank: bank::standing(tx, id)?,
        payout_currency: payout_currency::standing(tx, id)?,
        resale: resale::standing(tx, id)?,
        history: VendorScope::history(tx, id.number())?,
    })
}

fn tier_rows(found: &Found) -> Vec<TierRow> {
    let current = found.record.tier.as_ref().map(|tier| tier.id);
    let today = found.record.today;
    let since = found
        .assignments
        .iter()
        .find(|held| held.effective_from <= today);
    let row = |held: &Assignment| TierRow {
        name: found
            .tiers
            .iter()
            .find(|tier| tier.id == held.tier)
            .map_or_else(String::new, |tier| tier.name.clone()),
        from: held.effective_from,
        is_current: Some(held.tier) == current && since.is_some_and(|since| since.id == held.id),
    };
    found.assignments.iter().map(row).collect()
}

fn enrolment_rows(found: &Found) -> Vec<EnrolmentRow> {
    let current = found.record.enrollment.as_ref().map(|held| held.id);
    let row = |held: &Enrollment| EnrolmentRow {
        plan: found
            .plans
            .get(&held.plan_version)
            .cloned()
            .unwrap_or_default(),
        from: held.effective_from,
        terms: held.terms.lines().map(str::to_owned).collect(),
        is_current: Some(held.id) == current,
    };
    found.enrolments.iter().map(row).collect()
}

fn tier_choices(tiers: &[Tier]) -> Vec<(String, String)> {
    let choice = |tier: &Tier| (tier.id.to_string(), tier.name.clone());
    tiers.iter().map(choice).collect()
}

fn plan_choices(choices: &[Choice]) -> Vec<(String, String)> {
    let choice = |choice: &Choice| {
        let name = format!("{}, version {}", choice.plan, choice.version.version_no);
        (choice.version.id.to_string(), name)
    };
    choices.iter().map(choice).collect()
}

/// One sentence: how far it has come, and what it brings.
fn answer(record: &Record, position: &Position) -> String {
    if record.partner.status == PartnerStatus::Left {
        return match record.partner.left_on {
            Some(on) => format!("Left the program on {}.", date_words(on)),
            None => "Has left the program.".to_owned(),
        };
    }
    let mrr: Vec<String> = record.facts.mrr.iter().map(ToString::to_string).collect();
    match mrr.is_empty() {
        true => format!("In {}: nothing is sold yet.", position.stage.label()),
        false => format!(
            "In {}, with {} a month from {}.",
            position.stage.label(),
            mrr.join(" and "),
            words::count(
                record.facts.live_subscriptions,
                "live subscription",
                "live subscriptions"
            )
        ),
    }
}

/// Where the next step is taken, and what the way there is called; empty for those who may not.
fn next_step(visitor: &Staff, record: &Record) -> (String, &'static str) {
    let (facts, id, base) = (&record.facts, record.partner.id, &visitor.base);
    let (below, label) = match () {
        () if !facts.has_offering => ("/offerings".to_owned(), "Open offerings"),
        () if !facts.has_published_plan && !facts.has_resale_terms => {
            ("/commission-plans".to_owned(), "Open commission plans")
        }
        () if !facts.has_commission_plan && !facts.has_resale_terms => {
            return ("#enrolment".to_owned(), "Enroll");
        }
        () if !facts.has_signed_in && !visitor.may(Permission::ManagePeople) => {
            return (String::new(), "");
        }
        () if !facts.has_signed_in => (format!("/partners/{id}/people"), "Invite someone"),
        () if facts.customers_count == 0 => {
            (format!("/customers/new?partner={id}"), "Add a customer")
        }
        () if facts.live_subscriptions == 0 && facts.first_payment.is_none() => (
            format!("/subscriptions/new?partner={id}"),
            "Start a subscription",
        ),
        () if facts.statements_made == 0 && facts.has_commission_plan => {
            ("/periods".to_owned(), "Open months")
        }
        () => (format!("/subscriptions?partner={id}"), "See when terms end"),
    };
    (format!("{base}{below}"), label)
}

async fn page(
    visitor: &Staff,
    store: &Store,
    id: PartnerId,
    mut entries: Entries,
) -> Result<ShowPage> {
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, id))
        .await?;
    let position = stage_of(&found.record.facts);
    let (base, today) = (visitor.base.clone(), found.record.today.to_string());
    for from in [&mut entries.tier.tier_from, &mut entries.enrolment.from] {
        if from.is_empty() {
            from.clone_from(&today);
        }
    }
    let (next_href, next_label) = next_step(visitor, &found.record);
    entries.tier.form_id = fresh_form_id()?;
    entries.enrolment.form_id = fresh_form_id()?;
    Ok(ShowPage {
        shell: visitor.shell(),
        crumbs: vec![("Partners".to_owned(), format!("{base}/partners"))],
        here: format!("{base}/partners/{id}"),
        answer: answer(&found.record, &position),
        may_manage: visitor.may(Permission::ManagePartners),
        may_see_people: visitor.may(Permission::ManagePeople),
        may_adjust: visitor.may(Permission::AdjustCommission),
        may_settle: visitor.may(Permission::ManagePayouts),
        marks: stages::marks(&found.record.facts),
        later: stages::unrecorded(),
        next_href,
        next_label,
        tiers: tier_rows(&found),
        tier_choices: tier_choices(&found.tiers),
        enrolments: enrolment_rows(&found),
        plan_choices: plan_choices(&found.choices),
        history: history::rows(found.history, visitor.zone()),
        since: visitor.zone().local_date(found.record.partner.created_at),
        position,
        distributor: found.distributor,
        tax: found.tax,
        bank: found.bank,
        payout_currency: found.payout_currency,
        resale: found.resale,
        record: found.record,
        entries,
        base,
    })
}

/// The record.
pub(super) async fn show(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    ok(&page(&visitor, &store, partner(&parts)?, Entries::default()).await?)
}

fn read_tier(typed: &TierForm) -> Result<(TierId, NaiveDate), Problems> {
    let mut problems = Problems::default();
    let chosen = typed.tier.parse().map_err(|_| "Choose one of the tiers.");
    let tier = problems.check("tier", chosen);
    let from = problems.check("tier_from", read_date(&typed.tier_from));
    tier.zip(from).ok_or(problems)
}

/// Puts the partner in a tier from a date on.
pub(super) async fn assign_tier(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<TierForm>,
) -> Answer {
    visitor.needs(Permission::ManagePartners)?;
    let id = partner(&parts)?;
    let assigned = match read_tier(&typed) {
        Err(problems) => Err(Error::Invalid(problems)),
        Ok((tier, from)) => {
            let (form_id, to) = (
                typed.form_id.clone(),
                format!("{}/partners/{id}", visitor.base),
            );
            store
                .write(visitor.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        tiering::assign(tx, id, tier, from)?;
                        Ok(to.clone())
                    })
                })
                .await
        }
    };
    match assigned {
        Ok(to) => see_other_saying(&session, &to, "The tier was assigned."),
        Err(Error::Invalid(tier_problems)) => {
            let entries = Entries {
                tier: typed,
                tier_problems,
                ..Entries::default()
            };
            unprocessable(&page(&visitor, &store, id, entries).await?)
        }
        Err(other) => Err(other.into()),
    }
}

fn read_enrolment(typed: &EnrolmentForm) -> Result<(CommissionPlanVersionId, NaiveDate), Problems> {
    let mut problems = Problems::default();
    let chosen = typed.plan_version.parse();
    let plan = problems.check(
        "plan_version",
        chosen.map_err(|_| "Choose a published commission plan."),
    );
    let from = problems.check("from", read_date(&typed.from));
    plan.zip(from).ok_or(problems)
}

/// Puts the partner's sales from a date on under a commission plan.
pub(super) async fn enroll(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<EnrolmentForm>,
) -> Answer {
    visitor.needs(Permission::ManagePartners)?;
    let id = partner(&parts)?;
    let enrolled = match read_enrolment(&typed) {
        Err(problems) => Err(Error::Invalid(problems)),
        Ok((plan, from)) => {
            let (form_id, to) = (
                typed.form_id.clone(),
                format!("{}/partners/{id}", visitor.base),
            );
            store
                .write(visitor.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        enrolling::enroll(tx, id, plan, from)?;
                        Ok(to.clone())
                    })
                })
                .await
        }
    };
    match enrolled {
        Ok(to) => see_other_saying(&session, &to, "The partner was enrolled."),
        Err(Error::Invalid(enrolment_problems)) => {
            let entries = Entries {
                enrolment: typed,
                enrolment_problems,
                ..Entries::default()
            };
            unprocessable(&page(&visitor, &store, id, entries).await?)
        }
        Err(other) => Err(other.into()),
    }
}
