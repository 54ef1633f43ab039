//! Accounting months: what they came to, and the close.
mod closure;
mod journal;
mod month;
mod register;

use actix_web::web::{Path, ServiceConfig, get, post, resource};

use crate::{
    Error, Result,
    domain::Period,
    queue::CloseMonth,
    store::registers::{Calendar, periods::MonthRow},
    web::words::period_pill,
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/periods").route(get().to(register::index)))
        .service(resource("/periods/{month}.csv").route(get().to(month::file)))
        .service(resource("/periods/{month}/journal.csv").route(get().to(journal::file)))
        .service(resource("/periods/{month}/journal").route(get().to(journal::show)))
        .service(resource("/periods/{month}").route(get().to(month::show)))
        .service(
            resource("/periods/{month}/closure")
                .route(get().to(closure::confirm))
                .route(post().to(closure::begin)),
        )
        .service(resource("/periods/{month}/retry").route(post().to(closure::retry)));
}

type Parts = Path<(String, String)>;

fn asked_month(parts: &Parts) -> Result<Period> {
    parts.1.parse().map_err(|_| Error::NotFound)
}

fn pill(row: &MonthRow, calendar: &Calendar) -> (&'static str, &'static str) {
    match row.waits(calendar) {
        true => ("watch", "To be closed"),
        false => period_pill(row.status),
    }
}

fn job(period: Period) -> CloseMonth {
    CloseMonth {
        period: period.to_string(),
    }
}
