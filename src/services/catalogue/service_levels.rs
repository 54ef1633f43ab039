//! What was promised with a service and what was kept: outages and maintenance are recorded, and each
//! month's availability is judged by the policy.
use chrono::NaiveDateTime;

use crate::{
    Error, Result,
    domain::{
        Action, LongText, Permission, Rate, SlaCalendar, SlaEventKind, Zone,
        sla::{
            Availability, Band, BusinessHours, Maintenance, MonthOfService, Span, availability,
            missed_band,
        },
    },
    id::{OfferingId, SlaEventId},
    store::{
        Platform, Tx, VendorScope,
        catalogue::{
            offerings,
            sla::Target,
            sla_events::{self, SlaEvent},
        },
        platform::Event,
    },
};

/// An outage, or maintenance that was announced. Instants are UTC.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Of what.
    pub offering: OfferingId,
    /// What it was.
    pub kind: SlaEventKind,
    /// When.
    pub span: Span,
    /// When maintenance was announced; nothing for an outage.
    pub announced_at: Option<NaiveDateTime>,
    /// What was the matter.
    pub note: LongText,
}

/// The longest single event: a month.
const LONGEST_SECONDS: i64 = 31 * 24 * 3_600;

/// Records an outage or maintenance.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the offering; [`Error::Invalid`] on `ended_at`,
/// `began_at` or `announced_at`; faults of the database.
pub fn record(tx: &mut Tx<'_, VendorScope>, new: &NewEvent) -> Result<SlaEventId> {
    tx.allow(Permission::ManageCatalogue)?;
    let offering = offerings::offering(tx, new.offering)?;
    check(tx.now(), new)?;
    let event = SlaEvent {
        id: tx.fresh_id(),
        offering: new.offering,
        kind: new.kind,
        began_at: new.span.from,
        ended_at: new.span.to,
        announced_at: new.announced_at,
        note: new.note.to_string(),
    };
    sla_events::add(tx, &event)?;
    let summary = format!("{} of {}", event.kind.label(), offering.name);
    told(tx, Action::SlaEventRecorded, (event.id, summary))?;
    Ok(event.id)
}

fn check(now: NaiveDateTime, new: &NewEvent) -> Result<()> {
    if new.span.seconds() == 0 {
        return Err(Error::on("ended_at", "It ends after it begins."));
    }
    if new.span.seconds() > LONGEST_SECONDS {
        return Err(Error::on("ended_at", "Give at most 31 days at once."));
    }
    if new.kind == SlaEventKind::Outage && new.span.to > now {
        return Err(Error::on(
            "ended_at",
            "An outage is recorded once it is over.",
        ));
    }
    match (new.kind, new.announced_at) {
        (SlaEventKind::Maintenance, None) => {
            Err(Error::on("announced_at", "Say when customers were told."))
        }
        (SlaEventKind::Outage, Some(_)) => {
            let why = "An outage is not announced: leave this empty.";
            Err(Error::on("announced_at", why))
        }
        (SlaEventKind::Maintenance, Some(at)) if at > now => {
            Err(Error::on("announced_at", "This is still to come."))
        }
        _ => Ok(()),
    }
}

/// Takes an event that was recorded by mistake out of the reckoning.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; faults of the database.
pub fn withdraw(tx: &mut Tx<'_, VendorScope>, id: SlaEventId) -> Result<()> {
    tx.allow(Permission::ManageCatalogue)?;
    if !sla_events::remove(tx, id)? {
        return Err(Error::NotFound);
    }
    let summary = Action::SlaEventWithdrawn.label().to_owned();
    told(tx, Action::SlaEventWithdrawn, (id, summary))
}

fn told(
    tx: &mut Tx<'_, VendorScope>,
    action: Action,
    (id, summary): (SlaEventId, String),
) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: id.number(),
            partner: None,
            summary,
            changes: &[],
        },
    )
}

/// What a promise came to.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// What was promised.
    pub target_ppm: i64,
    /// The hours that count.
    pub calendar: SlaCalendar,
    /// What was there.
    pub kept: Availability,
    /// Whether it was enough.
    pub is_met: bool,
}

/// Judges what happened to one service in a span of UTC: each promise, and the share of the fee that
/// the policy gives back. Of several promises over the same hours the lowest that was missed counts.
pub fn judge(
    targets: &[Target],
    events: &[&SlaEvent],
    (month, zone): (Span, Zone),
) -> (Vec<Outcome>, Option<Rate>) {
    let mut outcomes = Vec::new();
    let mut credit: Option<Rate> = None;
    for calendar in SlaCalendar::ALL {
        let own = targets.iter().filter(|target| target.calendar == *calendar);
        let own: Vec<&Target> = own.collect();
        if own.is_empty() {
            continue;
        }
        let kept = reckoned(events, (month, zone), *calendar);
        outcomes.extend(own.iter().map(|target| Outcome {
            target_ppm: target.threshold,
            calendar: *calendar,
            kept,
            is_met: kept.meets(target.threshold),
        }));
        let bands: Vec<Band> = own
            .iter()
            .map(|target| Band {
                at_least_ppm: target.threshold,
                credit: target.credit,
            })
            .collect();
        let missed = missed_band(&bands, |target| kept.meets(target));
        credit = credit.max(missed);
    }
    (outcomes, credit)
}

fn reckoned(
    events: &[&SlaEvent],
    (month, zone): (Span, Zone),
    calendar: SlaCalendar,
) -> Availability {
    let served = match calendar {
        SlaCalendar::Always => vec![month],
        SlaCalendar::WorkingHours => BusinessHours::office(zone).within(month),
    };
    let span = |event: &SlaEvent| Span {
        from: event.began_at,
        to: event.ended_at,
    };
    let maintenance: Vec<Maintenance> = events
        .iter()
        .filter_map(|event| {
            Some(Maintenance {
                span: span(event),
                announced_at: event.announced_at?,
            })
        })
        .collect();
    let outages = events
        .iter()
        .filter(|event| event.kind == SlaEventKind::Outage);
    let outages: Vec<Span> = outages.map(|event| span(event)).collect();
    availability(&MonthOfService {
        served: &served,
        maintenance: &maintenance,
        outages: &outages,
        notice_seconds: 0,
        maintenance_cap_seconds: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::SlaMetric, id::Id};

    fn at(day: u32, hour: u32) -> NaiveDateTime {
        let day = chrono::NaiveDate::from_ymd_opt(2027, 1, day).unwrap();
        day.and_hms_opt(hour, 0, 0).unwrap()
    }

    fn event(kind: SlaEventKind, day: u32, hours: (u32, u32)) -> SlaEvent {
        SlaEvent {
            id: Id::of(1),
            offering: Id::of(1),
            kind,
            began_at: at(day, hours.0),
            ended_at: at(day, hours.1),
            announced_at: (kind == SlaEventKind::Maintenance).then(|| at(day, 0)),
            note: String::new(),
        }
    }

    #[test]
    fn the_night_counts_for_one_promise_and_not_for_the_other() {
        let promise = |calendar, threshold, bps| Target {
            metric: SlaMetric::Availability,
            threshold,
            calendar,
            credit: Rate::from_bps(bps).unwrap(),
        };
        let targets = [
            promise(SlaCalendar::Always, 999_000, 1_000),
            promise(SlaCalendar::Always, 990_000, 2_500),
            promise(SlaCalendar::WorkingHours, 999_000, 500),
        ];
        let january = Span {
            from: at(1, 0),
            to: at(31, 0) + chrono::TimeDelta::days(1),
        };
        // Two hours at night, one of them planned; the fourth is a Monday.
        let night = event(SlaEventKind::Outage, 4, (2, 4));
        let planned = event(SlaEventKind::Maintenance, 4, (2, 3));
        let (outcomes, credit) = judge(&targets, &[&night, &planned], (january, Zone::UTC));
        let met: Vec<bool> = outcomes.iter().map(|one| one.is_met).collect();
        assert_eq!(met, [false, true, true]);
        assert_eq!(outcomes[0].kept.down, 3_600);
        assert_eq!(credit, Some(Rate::from_bps(1_000).unwrap()));
        // 21 working days of eight hours.
        assert_eq!(outcomes[2].kept.service, 21 * 8 * 3_600);
        let noon = event(SlaEventKind::Outage, 4, (12, 13));
        let (outcomes, credit) = judge(&targets[2..], &[&noon], (january, Zone::UTC));
        assert!(!outcomes[0].is_met);
        assert_eq!(credit, Some(Rate::from_bps(500).unwrap()));
        assert_eq!(judge(&targets, &[], (january, Zone::UTC)).1, None);
    }
}
