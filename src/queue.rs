//! What there is to be done later. Written in the transaction that causes it; done by the worker.
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    Result,
    id::MailId,
    store::{Platform, Tx, VendorScope, incentivize::outbox, jobs, platform::NewJob},
};

/// A note to do something, at least once.
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// Its kind's code.
    const KIND: &'static str;
    /// Its natural key among the tenant's jobs.
    fn dedupe(&self) -> String;
}

/// Close a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseMonth {
    /// Which, as "2026-10".
    pub period: String,
}
impl Job for CloseMonth {
    const KIND: &'static str = "close_month";
    fn dedupe(&self) -> String {
        format!("close_month:{}", self.period)
    }
}

/// Send a letter of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendMail {
    /// Which, as its id is spelled.
    pub mail: String,
}
impl SendMail {
    /// The letter with this id.
    pub fn of(mail: MailId) -> Self {
        Self {
            mail: mail.to_string(),
        }
    }
}
impl Job for SendMail {
    const KIND: &'static str = "send_mail";
    fn dedupe(&self) -> String {
        format!("mail:{}", self.mail)
    }
}

/// Bill what is due on a day, and end what ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DailyRun {
    /// The day in the vendor's zone, as "2026-10-31".
    pub date: String,
}
impl Job for DailyRun {
    const KIND: &'static str = "daily_run";
    fn dedupe(&self) -> String {
        format!("daily_run:{}", self.date)
    }
}

/// Puts a job in the queue, due at once.
///
/// # Errors
/// Faults of the database; among them, that the same job waits already.
pub fn enqueue<S: Platform, J: Job>(tx: &mut Tx<'_, S>, job: &J) -> Result<()> {
    let (payload, dedupe, run_at) = (payload(job)?, job.dedupe(), tx.now());
    let job = NewJob {
        kind: J::KIND,
        payload: &payload,
        dedupe: &dedupe,
        run_at,
    };
    S::add_job(tx, &job)
}

/// Puts a job in the queue unless the same one waits or runs; says whether it did.
///
/// # Errors
/// Faults of the database.
pub fn enqueue_once<J: Job>(tx: &mut Tx<'_, VendorScope>, job: &J) -> Result<bool> {
    if jobs::waits(tx, &job.dedupe())? {
        return Ok(false);
    }
    enqueue(tx, job)?;
    Ok(true)
}

/// Puts many jobs of one kind in the queue, due at once.
///
/// # Errors
/// As [`enqueue`].
pub fn enqueue_all<J: Job>(tx: &mut Tx<'_, VendorScope>, new: &[J]) -> Result<()> {
    let new = new
        .iter()
        .map(|job| Ok((payload(job)?, job.dedupe())))
        .collect::<Result<Vec<_>>>()?;
    outbox::enqueue_all(tx, J::KIND, new)
}

fn payload<J: Job>(job: &J) -> Result<String> {
    Ok(serde_json::to_string(job).map_err(anyhow::Error::new)?)
}
