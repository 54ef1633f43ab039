//! Subscriptions: the register, their records, and what can be done with them.
mod cancellation;
mod discount;
mod form;
mod outcome;
mod parties;
mod pausing;
mod plan;
mod quantity;
mod record;
mod register;
mod step;
mod undoing;
mod usage;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use actix_web::web::{Path, ServiceConfig, get, post, resource};

use crate::{
    Error, Result,
    domain::{LongText, Problems, Proration, SubscriptionStatus, Zone, read_date},
    id::SubscriptionId,
    store::sell::subscriptions::Record,
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/subscriptions")
                .route(get().to(register::index))
                .route(post().to(form::create)),
        )
        .service(resource("/subscriptions.csv").route(get().to(register::csv)))
        .service(resource("/subscriptions/new").route(get().to(form::new)))
        .service(resource("/subscriptions/{subscription}").route(get().to(record::show)))
        .service(resource("/subscriptions/{subscription}/usage").route(get().to(usage::index)))
        .service(resource("/subscriptions/{subscription}/usage.csv").route(get().to(usage::file)))
        .service(
            resource("/subscriptions/{subscription}/usage/{usage_event}/verification")
                .route(post().to(usage::verify)),
        )
        .service(
            resource("/subscriptions/{subscription}/quantity")
                .route(get().to(quantity::form))
                .route(post().to(quantity::change)),
        )
        .configure(plan::routes)
        .service(
            resource("/subscriptions/{subscription}/parties")
                .route(get().to(parties::form))
                .route(post().to(parties::share)),
        )
        .service(
            resource("/subscriptions/{subscription}/discounts/new").route(get().to(discount::form)),
        )
        .service(
            resource("/subscriptions/{subscription}/discounts").route(post().to(discount::give)),
        )
        .service(
            resource("/subscriptions/{subscription}/discounts/{discount}/end")
                .route(post().to(discount::end)),
        )
        .service(
            resource("/subscriptions/{subscription}/cancellation")
                .route(get().to(cancellation::form))
                .route(post().to(cancellation::cancel)),
        )
        .service(
            resource("/subscriptions/{subscription}/pause")
                .route(get().to(pausing::pausing))
                .route(post().to(pausing::pause)),
        )
        .service(
            resource("/subscriptions/{subscription}/resume")
                .route(get().to(pausing::resuming))
                .route(post().to(pausing::resume)),
        )
        .service(
            resource("/subscriptions/{subscription}/cancellation/undo")
                .route(get().to(undoing::form))
                .route(post().to(undoing::keep)),
        );
}

type Parts = Path<(String, String)>;

fn subscription(parts: &Parts) -> Result<SubscriptionId> {
    parts.1.parse().map_err(|_| Error::NotFound)
}

/// Refuses what is done to a subscription that has ended.
fn not_ended(record: &Record) -> Result<()> {
    match record.subscription.status {
        SubscriptionStatus::Canceled => Err(Error::conflict("This subscription has ended.")),
        _ => Ok(()),
    }
}

/// Why something is done to a subscription: asked for by every form that does it.
fn reason(problems: &mut Problems, typed: &str) -> Option<String> {
    reason_beside(problems, "reason", typed)
}

/// The same in a field that is called otherwise.
fn reason_beside(problems: &mut Problems, field: &'static str, typed: &str) -> Option<String> {
    let reason = problems.check(field, typed.parse::<LongText>())?;
    if reason.as_str().is_empty() {
        problems.add(field, "Say why; it stands in the history.");
        return None;
    }
    Some(reason.to_string())
}

/// From when a change holds, as typed: a day, "2026-10-31", or a time of it, "2026-10-31T09:30".
fn day_and_time(problems: &mut Problems, typed: &str) -> Option<(NaiveDate, Option<NaiveTime>)> {
    let typed = typed.trim();
    let (day, time) = match typed.split_once('T') {
        None => (typed, None),
        Some((day, time)) => (day, Some(time)),
    };
    let on = problems.check("effective_on", read_date(day))?;
    let Some(time) = time else {
        return Some((on, None));
    };
    let read = NaiveTime::parse_from_str(time, "%H:%M")
        .or_else(|_| NaiveTime::parse_from_str(time, "%H:%M:%S"));
    // A leap second is none that clocks here show.
    let read = read.ok().filter(|time| time.nanosecond() == 0);
    let read = read.ok_or("Give a day and a time, such as 2026-10-31T09:30.");
    let time = problems.check("effective_on", read)?;
    Some((on, Some(time)))
}

/// Now, as a form of a plan asks for it: the day, or the minute where it counts seconds.
fn as_of_now(by: Proration, zone: Zone, now: NaiveDateTime) -> String {
    let local = zone.local(now);
    match by {
        Proration::Day => local.date().to_string(),
        Proration::Second => local.format("%Y-%m-%dT%H:%M").to_string(),
    }
}

/// The version that a form was opened with; told beside a field that people see.
fn version(problems: &mut Problems, beside: &'static str, typed: &str) -> Option<i32> {
    let stale = "This form is out of date: open the page again.";
    problems.check(beside, typed.parse().map_err(|_| stale))
}
