//! Service levels on either side: what was promised of each service, and what was kept of it in a
//! month.
mod file;
mod rows;

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use chrono::NaiveDateTime;
use serde::Deserialize;

use super::{Desk, month, months};
use crate::{
    Result,
    domain::{Period, Problems, SlaMetric, Zone},
    id::OfferingId,
    services::catalogue::judging::{Frame, Known, Outcome, Verdict, judge},
    store::{
        Store, Tx,
        catalogue::{sla_events::SlaEvent, tickets::Ticket},
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

pub use file::file;
use rows::{event_row, gives, promise, ticket_promise};

/// The month looked at, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// As 2026-11; the present one where it is empty.
    pub month: String,
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
    /// The month that was looked at.
    pub month: String,
    /// Once is enough.
    pub form_id: String,
}

/// One promise of availability in one month.
struct Promise {
    target: String,
    hours: &'static str,
    share: String,
    down: String,
    maintenance: String,
    pill: (&'static str, String),
}

/// One promise about tickets in one month.
struct TicketPromise {
    target: String,
    hours: &'static str,
    measured: i64,
    in_time: i64,
    running: i64,
    share: String,
    pill: (&'static str, String),
}

/// One service in one month.
struct Service {
    id: OfferingId,
    name: String,
    promises: Vec<Promise>,
    asked: Vec<TicketPromise>,
    verdicts: Vec<Verdict>,
    calendar: String,
    credit: String,
    /// Whether it may be said now that the month is on record in full.
    can_complete: bool,
    is_complete: bool,
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
    tickets_href: String,
    month: String,
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
    zone: Zone,
    now: NaiveDateTime,
    promised: Vec<Promised>,
    names: HashMap<OfferingId, String>,
    events: Vec<SlaEvent>,
    tickets: Vec<Ticket>,
    measured: BTreeSet<OfferingId>,
    may_see_tickets: bool,
    months: Vec<(String, String)>,
}

fn read<S: Sees>(tx: &mut Tx<'_, S>, calendar: &Calendar, asked: &Asked) -> Result<Found> {
    let present = calendar.this_month();
    let month = month(&asked.month).unwrap_or(present).min(present);
    let (zone, now) = (calendar.zone, tx.now());
    let promised = register::promised(tx)?;
    let at = (zone, now);
    let frames = promised
        .iter()
        .map(|one| Frame::of(&one.policy.terms, month, at));
    // Every policy's month, and the vendor's own, whole.
    let spans = frames
        .map(|one| (one.span.from, one.span.to))
        .chain([(zone.start_of(month.first_day()), zone.start_of(month.end()))]);
    let (mut from, mut to) = (now, zone.start_of(month.end()));
    for span in spans {
        from = from.min(span.0);
        to = to.max(span.1);
    }
    let mut months = months(calendar);
    months.retain(|(code, _)| !code.is_empty());
    let may_see_tickets = super::tickets::may_see(tx);
    let names = register::service_names(tx)?;
    let mut events = register::events(tx, (from, to))?;
    events.retain(|event| names.contains_key(&event.offering));
    Ok(Found {
        month,
        zone,
        now,
        promised,
        names,
        events,
        tickets: match may_see_tickets {
            true => register::tickets(tx, (from, to))?,
            false => Vec::new(),
        },
        measured: register::measured(tx, month)?,
        may_see_tickets,
        months,
    })
}

impl Found {
    fn frame(&self, promised: &Promised) -> Frame {
        let at = (self.zone, self.now);
        Frame::of(&promised.policy.terms, self.month, at)
    }

    /// What each promise of a service came to; those about tickets only for whoever sees tickets.
    fn outcomes(&self, promised: &Promised) -> Vec<Outcome> {
        let frame = self.frame(promised);
        let own = |of: OfferingId| of == promised.offering;
        let events: Vec<&SlaEvent> = self
            .events
            .iter()
            .filter(|one| own(one.offering))
            .filter(|one| one.began_at < frame.span.to && one.ended_at > frame.span.from)
            .collect();
        let tickets: Vec<&Ticket> = self
            .tickets
            .iter()
            .filter(|one| own(one.offering))
            .filter(|one| (frame.span.from..frame.span.to).contains(&one.opened_at))
            .collect();
        let known = Known {
            events: &events,
            tickets: &tickets,
            is_complete: self.measured.contains(&promised.offering),
        };
        let mut outcomes = judge(&promised.policy, &known, &frame);
        outcomes.retain(|one| self.may_see_tickets || one.target.metric == SlaMetric::Availability);
        outcomes
    }

    fn service(&self, promised: &Promised, may_record: bool) -> Service {
        let outcomes = self.outcomes(promised);
        let is_complete = self.measured.contains(&promised.offering);
        let there = outcomes.iter();
        Service {
            id: promised.offering,
            name: promised.name.clone(),
            promises: there.clone().filter_map(promise).collect(),
            asked: there.filter_map(ticket_promise).collect(),
            verdicts: outcomes.iter().map(|one| one.verdict).collect(),
            calendar: promised.policy.terms.hours_in_words(self.zone),
            credit: gives(promised, &outcomes),
            can_complete: may_record && !is_complete && self.frame(promised).is_over,
            is_complete,
        }
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
    let may_record = desk.is_staff && desk.may(crate::domain::Permission::ManageCatalogue);
    let services = found.promised.iter();
    let services: Vec<Service> = services.map(|one| found.service(one, may_record)).collect();
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
        may_record,
        month: found.month.to_string(),
        tickets_href: match found.may_see_tickets {
            true => format!("{}/tickets?month={}", desk.base, found.month),
            false => String::new(),
        },
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
    let month = words::month(found.month);
    let has = |of: &Service, wanted: &[Verdict]| of.verdicts.iter().any(|one| wanted.contains(one));
    let many = |wanted: &[Verdict]| {
        let such = services.iter().filter(|one| has(one, wanted)).count();
        i64::try_from(such).unwrap_or_default()
    };
    let count = |number| words::count(number, "service", "services");
    let missed = many(&[Verdict::Missed, Verdict::MissedSoFar]);
    if missed > 0 {
        return format!("In {month}, {} missed what was promised.", count(missed));
    }
    let is_all = |wanted: Verdict| {
        let mut verdicts = services.iter().flat_map(|one| &one.verdicts);
        verdicts.all(|one| *one == wanted)
    };
    match many(&[Verdict::NotMeasured]) {
        _ if is_all(Verdict::NotMeasured) => {
            format!("Not measured: nothing is on record for {month}.")
        }
        0 if is_all(Verdict::Kept) => format!("Every promise was kept in {month}."),
        0 => format!("Every promise is kept so far in {month}."),
        open => format!(
            "No promise was missed in {month}, and {} not measured in full.",
            match open {
                1 => "1 service was".to_owned(),
                many => format!("{} were", count(many)),
            }
        ),
    }
}
