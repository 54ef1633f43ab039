//! Tickets on either side: what customers asked, and whether it was answered in time.
mod form;
mod measures;

use actix_web::http::StatusCode;
use askama::Template;
use chrono::{NaiveDate, NaiveDateTime};
use serde::Deserialize;

use self::form::severities;
pub use self::form::{Again, TicketForm};
use self::measures::{Measure, answer, measures};
use super::{Desk, id, ledger::csv_file, month, months};
use crate::{
    documents::csv::{self, Cell},
    domain::{Permission, Problems, TicketSeverity},
    id::SlaTicketId,
    store::{
        Platform, Scope, Store, Tx,
        paging::Cursor,
        registers::{
            Calendar, Sees,
            service_levels::{self as register, TicketFilter, TicketRow},
        },
    },
    web::{
        Answer, Shell, filters,
        form::fresh_form_id,
        history::{self, HistoryRow},
        list::{Address, Pager, count_words, every},
        page::{html, ok, unprocessable},
        stale::Differing,
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
