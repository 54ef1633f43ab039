//! Usage as it is reported: each event counts once, and is billed with the period after its own.
mod intake;
mod lines;
mod outcomes;

pub use intake::{Intake, Said, Verdict, Wrong, instant};
pub use lines::{LineProblem, MOST_LINES, Taken, take};
pub use outcomes::{NewOutcome, permission, record, verify};

use chrono::NaiveDateTime;

use crate::{
    Result,
    domain::{Measure, Permission},
    id::{PartnerId, SubscriptionId},
    services::revenue::books::Books,
    store::{
        Tx, VendorScope,
        revenue::{
            subscriptions,
            usage::{self, UsageEvent},
        },
    },
};

/// Something that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUsage {
    /// Under which subscription.
    pub subscription: SubscriptionId,
    /// Whose customer's that is.
    pub partner: PartnerId,
    /// Which meter counts it.
    pub meter: String,
    /// Its own id.
    pub event_id: String,
    /// Who or what used it; empty where that does not matter.
    pub subject: String,
    /// How much; below zero to correct.
    pub value: Measure,
    /// When it happened, UTC.
    pub occurred_at: NaiveDateTime,
}

impl NewUsage {
    /// Whether it says what is on record.
    pub fn says(&self, is: &UsageEvent) -> bool {
        self.subscription == is.subscription_id
            && self.meter == is.meter
            && self.subject == is.subject
            && self.value.micro() == is.value_micro
            && self.occurred_at == is.occurred_at
    }
}

/// Writes reported events down. Who calls has seen to it that none is on record.
///
/// # Errors
/// [`Error::Forbidden`](crate::Error::Forbidden); faults of the database, an event that is on
/// record among them.
pub fn report(tx: &mut Tx<'_, VendorScope>, new: Vec<NewUsage>) -> Result<()> {
    tx.allow(Permission::ReportUsage)?;
    let now = tx.now();
    let today = Books::open(tx)?.today;
    let mut used: Vec<SubscriptionId> = new.iter().map(|one| one.subscription).collect();
    used.sort_unstable();
    used.dedup();
    // What has ended has no next bill to be added to.
    subscriptions::bill_ended_again(tx, &used, today)?;
    let row = |new: NewUsage| UsageEvent {
        id: tx.fresh_id(),
        partner_id: new.partner,
        subscription_id: new.subscription,
        meter: new.meter,
        event_id: new.event_id,
        subject: new.subject,
        value_micro: new.value.micro(),
        by_partner: false,
        verified_by: String::new(),
        occurred_at: new.occurred_at,
        received_at: now,
        settled: false,
    };
    let rows: Vec<UsageEvent> = new.into_iter().map(row).collect();
    usage::add_events(tx, rows)
}
