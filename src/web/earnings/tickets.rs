//! Tickets on either side: what customers asked, and whether it was answered in time.
use actix_web::http::StatusCode;
use askama::Template;
use chrono::{NaiveDate, NaiveDateTime, Timelike};
use serde::Deserialize;

use super::{Desk, id, ledger::csv_file, month, months};
use crate::{
    Result,
    documents::csv::{self, Cell},
    domain::{
        ExternalId, Name, Permission, Problems, TicketSeverity, Zone,
        sla::{Standing, read_waits, waits_in_words},
    },
    id::SlaTicketId,
    services::catalogue::{
        judging::{is_about, standing},
        tickets::Draft,
    },
    store::{
        Platform, Scope, Store, Tx,
        catalogue::tickets::Ticket,
        paging::Cursor,
        registers::{
            Calendar, Sees,
            service_levels::{self as register, Promised, TicketFilter, TicketRow},
        },
    },
    web::{
        Answer, Shell, filters,
        form::fresh_form_id,
        history::{self, HistoryRow},
        list::{Address, Pager, count_words, every},
        page::{html, ok, unprocessable},
        staff::sla_policies,
        stale::{Differing, chosen, differing},
    },
};

/// Whether somebody sees tickets: they are about customers.
pub fn may_see<S: Scope>(tx: &Tx<'_, S>) -> bool {
    let actor = tx.scope().actor();
    actor.may(Permission::ViewPartners) || actor.may(Permission::PartnerViewCustomers)
}

/// What narrows the register, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    month: String,
    subscription: String,
    at: String,
}

/// A ticket as typed; times are on the vendor's clock.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TicketForm {
    /// What the help desk calls it; not of one that is on record.
    pub external_id: String,
    /// The external id of its subscription; as above.
    pub subscription: String,
    title: String,
    severity: String,
    /// As 2026-11-03T14:05.
    opened_at: String,
    answered_at: String,
    resolved_at: String,
    waits: String,
    /// The version that was seen.
    pub version: String,
    /// Once is enough.
    pub form_id: String,
}

/// A time as a field of the browser gives it.
fn local(typed: &str) -> Option<NaiveDateTime> {
    let typed = typed.trim();
    let read = NaiveDateTime::parse_from_str(typed, "%Y-%m-%dT%H:%M")
        .or_else(|_| NaiveDateTime::parse_from_str(typed, "%Y-%m-%dT%H:%M:%S"));
    let is_sound = |at: &NaiveDateTime| crate::domain::read_date(&at.date().to_string()).is_ok();
    read.ok().filter(is_sound)
}

/// A time as [`local`] reads it back: with its seconds where it has any.
fn typed_time(at: NaiveDateTime) -> String {
    let spelled = match at.second() {
        0 => at.format("%Y-%m-%dT%H:%M"),
        _ => at.format("%Y-%m-%dT%H:%M:%S"),
    };
    spelled.to_string()
}

impl TicketForm {
    /// What was typed, by the clock of a zone.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn read(&self, zone: Zone) -> Result<Draft, Problems> {
        let mut problems = Problems::default();
        let instant = |typed: &str| local(typed).map(|local| zone.instant(local));
        let mut at = |field: &'static str, typed: &str| {
            let why = "Give a day and a time, such as 2026-11-03T14:05.";
            match typed.trim() {
                "" => Some(None),
                typed => problems.check(field, instant(typed).map(Some).ok_or(why)),
            }
        };
        let opened_at = at("opened_at", &self.opened_at);
        let answered_at = at("answered_at", &self.answered_at);
        let resolved_at = at("resolved_at", &self.resolved_at);
        let opened_at = problems.check(
            "opened_at",
            opened_at
                .flatten()
                .ok_or("Say when it came, such as 2026-11-03T14:05."),
        );
        let title = problems.check("title", self.title.parse::<Name>());
        let severity = problems.check("severity", self.severity.parse::<TicketSeverity>());
        let waits = problems.check("waits", read_waits(&self.waits, instant));
        match (opened_at, answered_at, resolved_at, title, severity, waits) {
            (
                Some(opened_at),
                Some(answered_at),
                Some(resolved_at),
                Some(title),
                Some(severity),
                Some(waits),
            ) if problems.is_empty() => Ok(Draft {
                title,
                severity,
                opened_at,
                answered_at,
                resolved_at,
                waits,
            }),
            _ => Err(problems),
        }
    }

    /// The external id that was typed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn named(&self) -> Result<ExternalId, Problems> {
        let read = self.external_id.parse::<ExternalId>();
        read.map_err(|why| Problems::with("external_id", why.to_string()))
    }

    fn of(ticket: &Ticket, zone: Zone) -> Self {
        let time = |at: NaiveDateTime| typed_time(zone.local(at));
        Self {
            title: ticket.title.clone(),
            severity: ticket.severity.code().to_owned(),
            opened_at: time(ticket.opened_at),
            answered_at: ticket.answered_at.map(time).unwrap_or_default(),
            resolved_at: ticket.resolved_at.map(time).unwrap_or_default(),
            waits: waits_in_words(&ticket.waits, time),
            version: ticket.version.to_string(),
            ..Self::default()
        }
    }
}

fn severities() -> Vec<(String, String)> {
    let each = TicketSeverity::ALL.iter();
    each.map(|one| (one.code().to_owned(), one.label().to_owned()))
        .collect()
}

/// How a promise stands for one ticket.
struct Measure {
    promise: String,
    hours: &'static str,
    spent: String,
    pill: (&'static str, &'static str),
}

fn measures(row: &TicketRow, promised: &[Promised], at: (Zone, NaiveDateTime)) -> Vec<Measure> {
    let found = promised
        .iter()
        .find(|one| one.offering == row.ticket.offering);
    let Some(promised) = found else {
        return Vec::new();
    };
    let about = promised.policy.targets.iter();
    about
        .filter(|target| is_about(target, &row.ticket))
        .map(|target| {
            let (standing, seconds) = standing(&promised.policy, (target, &row.ticket), at);
            Measure {
                promise: sla_policies::promise(target),
                hours: target.calendar.label(),
                spent: format!("{} min", seconds / 60),
                pill: match standing {
                    Standing::InTime => ("good", "In time"),
                    Standing::Late => ("bad", "Late"),
                    Standing::Running => ("info", "Still running"),
                },
            }
        })
        .collect()
}

/// How the ticket stands, in a sentence.
fn answer(measures: &[Measure]) -> String {
    let number = |word: &str| measures.iter().filter(|one| one.pill.1 == word).count();
    let all = measures.len();
    match (number("Late"), number("Still running")) {
        _ if all == 0 => "Nothing is promised for such a ticket.".to_owned(),
        (0, 0) => "What is promised for it was kept.".to_owned(),
        (0, _) => "What is promised for it can still be kept.".to_owned(),
        (late, _) if late == all => "What is promised for it was missed.".to_owned(),
        (late, _) => format!("Of the {all} promises for it {late} was missed."),
    }
}

/// A ticket in the list.
struct ListRow {
    id: SlaTicketId,
    external_id: String,
    title: String,
    customer: String,
    service: String,
    partner: String,
    severity: &'static str,
    opened: NaiveDateTime,
    pill: (&'static str, &'static str),
}

fn list_row(row: &TicketRow, measures: &[Measure]) -> ListRow {
    let is = |word: &str| measures.iter().any(|one| one.pill.1 == word);
    let pill = match () {
        () if is("Late") => ("bad", "Late"),
        () if is("Still running") => ("info", "Still running"),
        () if measures.is_empty() => ("plain", "Nothing promised"),
        () => ("good", "In time"),
    };
    ListRow {
        id: row.ticket.id,
        external_id: row.ticket.external_id.clone(),
        title: row.ticket.title.clone(),
        customer: row.customer.clone(),
        service: row.service.clone(),
        partner: row.partner.clone(),
        severity: row.ticket.severity.label(),
        opened: row.ticket.opened_at,
        pill,
    }
}

#[derive(Template)]
#[template(path = "tickets/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    may_record: bool,
    asked: Asked,
    months: Vec<(String, String)>,
    clear_href: String,
    csv_href: String,
    count: String,
    rows: Vec<ListRow>,
    pager: Pager,
    severities: Vec<(String, String)>,
    typed: TicketForm,
    problems: Problems,
    form_id: String,
    zone: &'static str,
}

fn filter(asked: &Asked, calendar: &Calendar) -> TicketFilter {
    let start = |day: NaiveDate| calendar.zone.start_of(day);
    TicketFilter {
        came: month(&asked.month).map(|month| (start(month.first_day()), start(month.end()))),
        subscription: asked.subscription.clone(),
    }
}

fn address(base: &str, asked: &Asked) -> Address {
    let pairs = [
        ("month", asked.month.as_str()),
        ("subscription", asked.subscription.as_str()),
    ];
    Address::new(format!("{base}/tickets"), &pairs)
}

/// The register; with what was typed and what is wrong with it, where a ticket was refused.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn index<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    asked: Asked,
    (mut typed, problems): (TicketForm, Problems),
) -> Answer {
    let wanted = asked.clone();
    let (page, count, months, zone) = desk
        .read(store, move |tx, calendar| {
            let filter = filter(&wanted, calendar);
            let page = register::ticket_page(tx, &filter, Cursor::read(&wanted.at).as_ref())?;
            let count = register::ticket_count(tx, &filter)?;
            let promised = register::promised(tx)?;
            let at = (calendar.zone, tx.now());
            let page = page.try_map(|row| {
                let measures = measures(&row, &promised, at);
                Ok::<_, crate::Error>(list_row(&row, &measures))
            })?;
            Ok((page, count, months(calendar), calendar.zone))
        })
        .await?;
    let is_refused = !problems.is_empty();
    if !is_refused {
        typed.subscription.clone_from(&asked.subscription);
        TicketSeverity::Normal
            .code()
            .clone_into(&mut typed.severity);
    }
    let address = address(&desk.base, &asked);
    let page = IndexPage {
        is_staff: desk.is_staff,
        may_record: desk.is_staff && desk.may(Permission::ManageSubscriptions),
        count: count_words(page.rows.len(), count, ("ticket", "tickets")),
        clear_href: address.clear(),
        csv_href: address.csv(),
        pager: address.pager(&page),
        rows: page.rows,
        severities: severities(),
        form_id: fresh_form_id()?,
        zone: zone.as_str(),
        shell: desk.shell,
        base: desk.base,
        months,
        asked,
        typed,
        problems,
    };
    match is_refused {
        true => unprocessable(&page),
        false => ok(&page),
    }
}

const COLUMNS: [&str; 11] = [
    "Ticket",
    "Title",
    "Customer",
    "Subscription",
    "Service",
    "Partner",
    "Severity",
    "Came (UTC)",
    "Answered (UTC)",
    "Resolved (UTC)",
    "Result",
];

fn cells(row: &TicketRow, result: &str) -> Vec<Cell> {
    let at = |at: Option<NaiveDateTime>| {
        let at = at.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
        Cell::text(at.unwrap_or_default())
    };
    let ticket = &row.ticket;
    vec![
        Cell::text(&ticket.external_id),
        Cell::text(&ticket.title),
        Cell::text(&row.customer),
        Cell::text(&row.subscription),
        Cell::text(&row.service),
        Cell::text(&row.partner),
        Cell::text(ticket.severity.code()),
        at(Some(ticket.opened_at)),
        at(ticket.answered_at),
        at(ticket.resolved_at),
        Cell::text(result),
    ]
}

/// The same tickets as a file.
///
/// # Errors
/// As [`index`].
pub async fn file<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let content = desk
        .read(store, move |tx, calendar| {
            let filter = filter(&asked, calendar);
            let promised = register::promised(tx)?;
            let at = (calendar.zone, tx.now());
            let rows = every(|from| register::ticket_page(tx, &filter, from))?;
            let rows = rows.iter().map(|row| {
                let measures = measures(row, &promised, at);
                cells(row, list_row(row, &measures).pill.1)
            });
            Ok(csv::table(&COLUMNS, rows)?)
        })
        .await?;
    Ok(csv_file("tickets.csv", content))
}

#[derive(Template)]
#[template(path = "tickets/show.html")]
struct ShowPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    ticket_href: String,
    heading: String,
    row: TicketRow,
    subscription_href: String,
    is_staff: bool,
    may_edit: bool,
    waits: Vec<String>,
    answer: String,
    measures: Vec<Measure>,
    severities: Vec<(String, String)>,
    typed: TicketForm,
    problems: Problems,
    both: Option<Vec<Differing>>,
    history: Vec<HistoryRow>,
    zone: &'static str,
}

/// Why a ticket's page is shown.
pub enum Again {
    /// It was asked for.
    First,
    /// A change was refused: what was typed, and what is wrong with it.
    Refused(TicketForm, Problems),
    /// A change met another, or could not be made: what was typed, and why.
    Overtaken(TicketForm, String),
}

impl TicketForm {
    /// What differs from the form as it would be filled now.
    fn differing(&self, theirs: &Self) -> Vec<Differing> {
        let severity = |code: &str| chosen(&severities(), code);
        differing(&[
            ("What it is about", &theirs.title, &self.title),
            (
                "Severity",
                &severity(&theirs.severity),
                &severity(&self.severity),
            ),
            ("Came", &theirs.opened_at, &self.opened_at),
            ("First answered", &theirs.answered_at, &self.answered_at),
            ("Resolved", &theirs.resolved_at, &self.resolved_at),
            ("Waited for the customer", &theirs.waits, &self.waits),
        ])
    }
}

/// One ticket; with what was typed and what is wrong with it, where a change was refused.
///
/// # Errors
/// [`crate::Error::NotFound`]; [`crate::Error::Forbidden`]; faults.
pub async fn show<S: Sees + Platform>(
    store: &Store,
    desk: Desk<S>,
    spelled: &str,
    again: Again,
) -> Answer {
    let ticket: SlaTicketId = id(spelled)?;
    let (row, measures, zone, history) = desk
        .read(store, move |tx, calendar| {
            let row = register::ticket(tx, ticket)?;
            let promised = register::promised(tx)?;
            let measures = measures(&row, &promised, (calendar.zone, tx.now()));
            // Who changed what is the vendor's own affair.
            let history = match tx.scope().partner_id() {
                None => S::history(tx, ticket.number())?,
                Some(_) => Vec::new(),
            };
            Ok((row, measures, calendar.zone, history))
        })
        .await?;
    let now = TicketForm::of(&row.ticket, zone);
    let (typed, problems, both) = match again {
        Again::First => (now, Problems::default(), None),
        Again::Refused(typed, problems) => (typed, problems, None),
        Again::Overtaken(typed, why) if typed.version == now.version => {
            return Err(crate::Error::Conflict(why).into());
        }
        Again::Overtaken(mut typed, _) => {
            typed.version.clone_from(&now.version);
            let both = typed.differing(&now);
            (typed, Problems::default(), Some(both))
        }
    };
    let status = match (&both, problems.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let wait = |wait: &crate::domain::sla::Wait| {
        let to = wait.to.map(|to| desk.shell.zone.instant_words(to));
        let from = desk.shell.zone.instant_words(wait.from);
        format!("{from} to {}", to.unwrap_or_else(|| "now".to_owned()))
    };
    let register_href = format!("{}/tickets", desk.base);
    let page = ShowPage {
        ticket_href: format!("{register_href}/{ticket}"),
        crumbs: vec![("Tickets".to_owned(), register_href)],
        heading: format!("{}: {}", row.ticket.external_id, row.ticket.title),
        subscription_href: format!("{}/subscriptions/{}", desk.base, row.ticket.subscription),
        is_staff: desk.is_staff,
        may_edit: desk.is_staff && desk.may(Permission::ManageSubscriptions),
        waits: row.ticket.waits.iter().map(wait).collect(),
        answer: answer(&measures),
        measures,
        severities: severities(),
        zone: zone.as_str(),
        history: history::rows(history, desk.shell.zone),
        shell: desk.shell,
        row,
        typed,
        problems,
        both,
    };
    html(status, &page)
}
