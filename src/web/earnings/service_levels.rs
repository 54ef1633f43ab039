//! Service levels on either side: what was promised of each service, and what was kept of it in a
//! month.
use askama::Template;
use chrono::NaiveDateTime;
use serde::Deserialize;

use super::{Desk, ledger::csv_file, month, months};
use crate::{
    Result,
    documents::csv::{self, Cell},
    domain::{Period, Problems, Zone, sla::Span, statement_document},
    services::catalogue::service_levels::{Outcome, judge},
    store::{
        Store, Tx,
        catalogue::sla_events::SlaEvent,
        registers::{
            Calendar, Sees,
            service_levels::{self as register, Promised},
        },
    },
    web::{
        Answer, Shell,
        form::fresh_form_id,
        list::Address,
        page::{ok, unprocessable},
        words,
    },
};

/// The month looked at, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    month: String,
}

/// An event as typed; times are on the vendor's clock.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventForm {
    /// Of what.
    pub offering: String,
    /// What it was.
    pub kind: String,
    /// As 2026-11-03T14:05.
    pub began_at: String,
    /// As above.
    pub ended_at: String,
    /// As above; for maintenance.
    pub announced_at: String,
    /// What was the matter.
    pub note: String,
    /// Once is enough.
    pub form_id: String,
}

/// One promise in one month.
struct Promise {
    target: String,
    hours: &'static str,
    share: String,
    down: String,
    maintenance: String,
    is_met: bool,
}

/// One service in one month.
struct Service {
    name: String,
    promises: Vec<Promise>,
    credit: String,
}

struct EventRow {
    id: String,
    service: String,
    kind: &'static str,
    when: String,
    long: String,
    note: String,
}

#[derive(Template)]
#[template(path = "service_levels/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    may_record: bool,
    answer: String,
    asked: Asked,
    months: Vec<(String, String)>,
    csv_href: String,
    services: Vec<Service>,
    events: Vec<EventRow>,
    offerings: Vec<(String, String)>,
    typed: EventForm,
    problems: Problems,
    form_id: String,
    zone: &'static str,
}

/// What an event may be, for the form.
const KINDS: [(&str, &str); 2] = [("outage", "Outage"), ("maintenance", "Maintenance")];

/// A month, and what is known of it.
struct Found {
    month: Period,
    span: Span,
    zone: Zone,
    promised: Vec<Promised>,
    events: Vec<SlaEvent>,
    months: Vec<(String, String)>,
}

fn read<S: Sees>(tx: &mut Tx<'_, S>, calendar: &Calendar, asked: &Asked) -> Result<Found> {
    let present = calendar.this_month();
    let month = month(&asked.month).unwrap_or(present).min(present);
    let zone = calendar.zone;
    // Of the present month, what has passed.
    let span = Span {
        from: zone.start_of(month.first_day()),
        to: zone.start_of(month.end()).min(tx.now()),
    };
    let mut months = months(calendar);
    months.retain(|(code, _)| !code.is_empty());
    Ok(Found {
        month,
        span,
        zone,
        promised: register::promised(tx)?,
        events: register::events(tx, (span.from, zone.start_of(month.end())))?,
        months,
    })
}

impl Found {
    fn outcomes(&self, promised: &Promised) -> (Vec<Outcome>, String) {
        let own = self.events.iter();
        let own: Vec<&SlaEvent> = own
            .filter(|one| one.offering == promised.offering)
            .collect();
        let (outcomes, credit) = judge(&promised.targets, &own, (self.span, self.zone));
        let credit = credit.map_or(String::new(), |credit| credit.to_string());
        (outcomes, credit)
    }
}

/// Parts per million as a percentage, cut and never rounded up.
fn percent(ppm: i64) -> String {
    format!("{}\u{a0}%", statement_document::figure(ppm, 4))
}

fn minutes(seconds: i64) -> String {
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match rest {
        0 => format!("{} min", statement_document::figure(minutes, 0)),
        _ => format!("{} min {rest} s", statement_document::figure(minutes, 0)),
    }
}

fn promise(outcome: &Outcome) -> Promise {
    let share = outcome.kept.ppm_floor();
    Promise {
        target: percent(outcome.target_ppm),
        hours: outcome.calendar.label(),
        share: share.map_or("no service time".to_owned(), percent),
        down: minutes(outcome.kept.down),
        maintenance: minutes(outcome.kept.maintenance),
        is_met: outcome.is_met,
    }
}

fn event_row(found: &Found, event: &SlaEvent) -> EventRow {
    let clock = |at: NaiveDateTime| found.zone.local(at).format("%-d %b %Y, %H:%M").to_string();
    let service = found
        .promised
        .iter()
        .find(|one| one.offering == event.offering);
    let announced = match event.announced_at {
        Some(at) => format!(", announced {}", clock(at)),
        None => String::new(),
    };
    EventRow {
        id: event.id.to_string(),
        service: service.map_or(String::new(), |one| one.name.clone()),
        kind: event.kind.label(),
        when: format!(
            "{} to {}{announced}",
            clock(event.began_at),
            clock(event.ended_at)
        ),
        long: minutes((event.ended_at - event.began_at).num_seconds()),
        note: event.note.clone(),
    }
}

/// The page; with what was typed and what is wrong with it, where an event was refused.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn index<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    asked: Asked,
    (typed, problems): (EventForm, Problems),
) -> Answer {
    let wanted = asked.clone();
    let found = desk
        .read(store, move |tx, calendar| read(tx, calendar, &wanted))
        .await?;
    let mut services = Vec::new();
    for one in &found.promised {
        let (outcomes, credit) = found.outcomes(one);
        services.push(Service {
            name: one.name.clone(),
            promises: outcomes.iter().map(promise).collect(),
            credit,
        });
    }
    let named = found.promised.iter();
    let path = format!("{}/service-levels", desk.base);
    let is_refused = !problems.is_empty();
    let page = IndexPage {
        answer: answer(&found, &services),
        csv_href: Address::new(path, &[("month", &asked.month)]).csv(),
        events: found
            .events
            .iter()
            .map(|event| event_row(&found, event))
            .collect(),
        offerings: named
            .map(|one| (one.offering.to_string(), one.name.clone()))
            .collect(),
        may_record: desk.is_staff && desk.may(crate::domain::Permission::ManageCatalogue),
        zone: found.zone.as_str(),
        form_id: fresh_form_id()?,
        months: found.months,
        shell: desk.shell,
        base: desk.base,
        asked,
        services,
        typed,
        problems,
    };
    match is_refused {
        true => unprocessable(&page),
        false => ok(&page),
    }
}

fn answer(found: &Found, services: &[Service]) -> String {
    let missed = services
        .iter()
        .filter(|one| one.promises.iter().any(|promise| !promise.is_met));
    let month = words::month(found.month);
    match missed.count() {
        0 => format!("Every promise of availability was kept in {month}."),
        many => format!(
            "In {month}, {} missed what was promised.",
            words::count(
                i64::try_from(many).unwrap_or_default(),
                "service",
                "services"
            )
        ),
    }
}

const COLUMNS: [&str; 9] = [
    "Month",
    "Service",
    "Promised %",
    "Hours",
    "Service seconds",
    "Seconds down",
    "Maintenance seconds",
    "Available %",
    "Kept",
];

/// The promises of a month as a file.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn file<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let content = desk
        .read(store, move |tx, calendar| {
            let found = read(tx, calendar, &asked)?;
            let mut rows = Vec::new();
            for one in &found.promised {
                for outcome in found.outcomes(one).0 {
                    rows.push(cells(found.month, &one.name, &outcome));
                }
            }
            Ok(csv::table(&COLUMNS, rows)?)
        })
        .await?;
    Ok(csv_file("service-levels.csv", content))
}

fn cells(month: Period, name: &str, outcome: &Outcome) -> Vec<Cell> {
    let kept = outcome.kept;
    let share = kept
        .ppm_floor()
        .map_or(Cell::text(""), |ppm| Cell::minor(ppm, 4));
    vec![
        Cell::text(month.to_string()),
        Cell::text(name),
        Cell::minor(outcome.target_ppm, 4),
        Cell::text(outcome.calendar.code()),
        Cell::number(kept.service),
        Cell::number(kept.down),
        Cell::number(kept.maintenance),
        share,
        Cell::text(if outcome.is_met { "yes" } else { "no" }),
    ]
}
