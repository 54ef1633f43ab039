//! Closing months from the command line.
use clap::Args;
use serde::Serialize;

use super::{Settings, output, output::Progress};
use crate::{
    Error, Result,
    domain::{Period, counted},
    services::revenue::Books,
    store::lobby,
    worker::{self, Closing},
};

/// `perennial close`.
#[derive(Args)]
pub struct Close {
    /// The vendor's address
    #[arg(long)]
    vendor: String,
    /// The last month to close, as 2026-10
    #[arg(long)]
    through: String,
    /// The outcome as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Month {
    month: String,
    statements: usize,
    payouts: usize,
    mails: usize,
}

impl Close {
    /// Closes the months that are due, in order.
    ///
    /// # Errors
    /// One line that says why a month cannot be closed.
    pub fn run(&self, settings: &Settings) -> Result<u8> {
        let through: Period = self
            .through
            .parse()
            .map_err(|e| Error::fault(format!("--through: {e}")))?;
        let (store, mail_domain) = (settings.store()?, settings.mail_domain()?);
        let scope = store.lobby_now(|lobby| lobby::operator(lobby, &self.vendor));
        let scope = scope.map_err(|error| match error {
            Error::NotFound => {
                Error::fault(format!("--vendor: there is no vendor {}", self.vendor))
            }
            other => other,
        })?;
        let books = store.read_now(scope.clone(), Books::open)?;
        // Asked for more than there is, it would otherwise close all months before and then refuse.
        if store.now() < books.vendor.zone.end_of(through.last_day()) {
            return Err(Error::conflict(format!(
                "{} is not over yet.",
                through.title()
            )));
        }
        let (mut progress, mut months) = (Progress::new(), Vec::new());
        for period in books.first_open.through(through) {
            progress.tell(&format!("closing {}", period.title()));
            let closing = Closing {
                period,
                chunk: 200,
                mail_domain: mail_domain.clone(),
            };
            let closed = worker::close_now(&store, &scope, &closing)?;
            months.push(Month {
                month: period.to_string(),
                statements: closed.statements,
                payouts: closed.payouts,
                mails: closed.mails,
            });
        }
        progress.end();
        self.tell(&months);
        Ok(0)
    }

    fn tell(&self, months: &[Month]) {
        if self.json {
            output::json(&serde_json::json!({ "closed": months }));
            return;
        }
        if months.is_empty() {
            output::say("Nothing to close: every month through that one is closed.");
        }
        for month in months {
            output::say(format!(
                "{}: {}, {}, {} queued",
                month.month,
                counted(month.statements, "statement", "statements"),
                counted(month.payouts, "payout", "payouts"),
                counted(month.mails, "letter", "letters")
            ));
        }
    }
}
