//! One registered deal: what it is about, who else claims the customer, and the decision.
use actix_web::http::StatusCode;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::pill;
use crate::{
    Result,
    domain::{
        DealStatus, Permission, Problems, counted, date_words, deal::usual_last_day, read_date,
    },
    id::DealRegistrationId,
    services::sell::deals::Rivals,
    store::{
        Platform, Store, Tx,
        registers::{Sees, deals as register, deals::DealRow},
        sell::deals::DealRegistration,
    },
    web::{
        Answer, Shell,
        earnings::{Desk, id},
        filters,
        form::fresh_form_id,
        history::{self, HistoryRow},
        page::html,
        stale::{Differing, differing, is_overtaken},
    },
};

/// A decision as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecisionForm {
    /// The version that was seen.
    pub version: String,
    /// The last day of the protection.
    pub until: String,
    /// Whether another partner may be protected too.
    pub despite: String,
    /// Why it is declined.
    pub answer: String,
    /// Once is enough.
    pub form_id: String,
}

impl DecisionForm {
    /// How the registration stands beside what was to become of it.
    fn beside(&self, deal: &DealRegistration) -> Vec<Differing> {
        let (until, answer) = (self.until.trim(), self.answer.trim());
        let wanted = match (answer, until) {
            ("", "") => DealStatus::Withdrawn,
            ("", _) => DealStatus::Approved,
            _ => DealStatus::Rejected,
        };
        let day = read_date(until).map_or_else(|_| until.to_owned(), date_words);
        let protected = deal.protected_until.map_or(String::new(), date_words);
        let mut fields = vec![("Status", deal.status.label(), wanted.label())];
        if wanted == DealStatus::Approved {
            fields.push(("Protected until", &protected, &day));
        }
        fields.push(("Reason", &deal.answer, &self.answer));
        differing(&fields)
    }
}

/// What was typed, what is wrong with it, and why it met a conflict, where a step was refused.
pub type Refused = (DecisionForm, Problems, Option<String>);

/// Somebody who claims the customer too.
struct RivalRow {
    name: String,
    href: String,
    partner: String,
    is_own: bool,
    alike: &'static str,
    stands: String,
}

#[derive(Template)]
#[template(path = "registrations/show.html")]
struct ShowPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    own_href: String,
    answer: String,
    row: DealRow,
    pill: (&'static str, &'static str),
    partner_href: String,
    offering_href: String,
    subscription_href: String,
    start_href: String,
    rivals: Vec<RivalRow>,
    is_staff: bool,
    is_contested: bool,
    may_decide: bool,
    may_withdraw: bool,
    typed: DecisionForm,
    problems: Problems,
    both: Option<Vec<Differing>>,
    history: Vec<HistoryRow>,
    form_id: String,
}

/// One registration; `rivals` leaves out what partners do not see.
///
/// # Errors
/// [`crate::Error::NotFound`]; [`crate::Error::Forbidden`]; faults.
pub async fn show<S: Sees + Platform>(
    store: &Store,
    desk: Desk<S>,
    spelled: &str,
    rivals: fn(&mut Tx<'_, S>, &DealRegistration, NaiveDate) -> Result<Rivals>,
    (mut typed, problems, met): Refused,
) -> Answer {
    let deal: DealRegistrationId = id(spelled)?;
    let (row, rivals, history, today) = desk
        .read(store, move |tx, calendar| {
            let row = register::one(tx, deal)?;
            let rivals = rivals(tx, &row.deal, calendar.today)?;
            let history = S::history(tx, deal.number())?;
            Ok((row, rivals, history, calendar.today))
        })
        .await?;
    let both = match met {
        Some(why) if !is_overtaken(&typed.version, row.deal.version) => {
            return Err(crate::Error::Conflict(why).into());
        }
        Some(_) => Some(typed.beside(&row.deal)),
        None => None,
    };
    let status = match (&both, problems.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    if typed.until.is_empty() && problems.is_empty() {
        typed.until = usual_last_day(today).to_string();
    }
    let page = page_of(&desk, &row, today)?;
    html(
        status,
        &ShowPage {
            is_contested: desk.is_staff && is_contested(&row, &rivals, today),
            rivals: rival_rows(&desk.base, &row, &rivals),
            history: history::rows(history, desk.shell.zone),
            typed,
            problems,
            both,
            ..page
        },
    )
}

/// What a page says that depends on the registration alone.
fn page_of<S: Sees>(desk: &Desk<S>, row: &DealRow, today: NaiveDate) -> Result<ShowPage> {
    let list = format!("{}/registrations", desk.base);
    let deal = &row.deal;
    let waits = deal.status == DealStatus::Submitted;
    let sold = deal.subscription_id;
    let starts = desk.is_staff
        && deal.status == DealStatus::Approved
        && deal.protects_on(today)
        && desk.may(Permission::ManageSubscriptions);
    Ok(ShowPage {
        own_href: format!("{list}/{}", deal.id),
        crumbs: vec![("Registrations".to_owned(), list)],
        answer: answer(row, today),
        pill: pill(row, today),
        partner_href: match desk.is_staff {
            true => format!("{}/partners/{}", desk.base, deal.partner_id),
            false => String::new(),
        },
        offering_href: format!("{}/offerings/{}", desk.base, deal.offering_id),
        subscription_href: sold.map_or(String::new(), |id| {
            format!("{}/subscriptions/{id}", desk.base)
        }),
        start_href: match starts {
            true => format!("{}/subscriptions/new?deal={}", desk.base, deal.id),
            false => String::new(),
        },
        rivals: Vec::new(),
        is_staff: desk.is_staff,
        is_contested: false,
        may_decide: waits && desk.is_staff && desk.may(Permission::DecideDeals),
        may_withdraw: !desk.is_staff
            && deal.status.can_become(DealStatus::Withdrawn)
            && desk.may(Permission::PartnerRegisterDeals),
        typed: DecisionForm::default(),
        problems: Problems::default(),
        both: None,
        history: Vec::new(),
        form_id: fresh_form_id()?,
        shell: desk.shell.clone(),
        row: row.clone(),
    })
}

/// Where it stands, in one sentence.
fn answer(row: &DealRow, today: NaiveDate) -> String {
    let deal = &row.deal;
    let until = deal.protected_until.map_or(String::new(), date_words);
    match deal.status {
        DealStatus::Submitted => {
            let days = (today - deal.submitted_at.date()).num_days().max(0);
            match days {
                0 => "Registered today; it waits for a decision.".to_owned(),
                _ => format!(
                    "It has waited {} for a decision.",
                    counted(days, "day", "days")
                ),
            }
        }
        DealStatus::Approved if deal.protects_on(today) => {
            format!(
                "{} is protected for this customer until {until}.",
                row.partner
            )
        }
        DealStatus::Approved | DealStatus::Expired => {
            format!("The protection ended with {until} before anything was sold.")
        }
        DealStatus::Won => "It was sold while it was protected.".to_owned(),
        DealStatus::Rejected => format!("Declined by {}: {}", deal.decider, deal.answer),
        DealStatus::Withdrawn => format!("{} has taken it back.", row.partner),
    }
}

/// Whether another partner is protected for the customer, so that approving takes a word more.
fn is_contested(row: &DealRow, rivals: &Rivals, today: NaiveDate) -> bool {
    rivals.deals.iter().any(|(other, _)| {
        other.deal.partner_id != row.deal.partner_id && other.deal.protects_on(today)
    })
}

fn rival_rows(base: &str, of: &DealRow, rivals: &Rivals) -> Vec<RivalRow> {
    let deals = rivals.deals.iter().map(|(row, alike)| RivalRow {
        name: row.deal.customer_name.clone(),
        href: format!("{base}/registrations/{}", row.deal.id),
        partner: row.partner.clone(),
        is_own: row.deal.partner_id == of.deal.partner_id,
        alike: alike.words(),
        stands: match row.deal.protected_until {
            Some(until) => format!("Protected until {}", date_words(until)),
            None => format!(
                "Registered on {}, waits for a decision",
                date_words(row.deal.submitted_at.date())
            ),
        },
    });
    let customers = rivals.customers.iter().map(|(known, alike)| RivalRow {
        name: known.name.clone(),
        href: format!("{base}/customers/{}", known.id),
        partner: known.partner_name.clone(),
        is_own: known.partner == of.deal.partner_id,
        alike: alike.words(),
        stands: "A customer on record".to_owned(),
    });
    deals.chain(customers).collect()
}
