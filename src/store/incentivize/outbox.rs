//! Letters on their way out, and the jobs that carry them.
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use crate::{
    Result,
    id::{JobId, MailId, PartnerId},
    store::{
        Tx, VendorScope,
        columns::{Coded, row_codes},
        jobs::{self, Claimed},
        platform::NewMail,
        schema::{jobs as queue, mails},
        tx::to,
    },
};

row_codes! {
    /// Where a letter is.
    MailStatus {
        /// Nobody has tried yet.
        Queued = "queued",
        /// Somebody is trying, or died trying.
        Sending = "sending",
        /// The server took it.
        Sent = "sent",
        /// The server was not there, or said later.
        Deferred = "deferred",
        /// The server refused it for good, or it cannot be made.
        Failed = "failed",
        /// Somebody died trying; it was sent again once, and nobody knows more.
        Unknown = "unknown",
        /// What it was about was withdrawn before it left.
        Withdrawn = "withdrawn",
    }
}

/// A letter of the outbox.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = mails)]
pub struct Letter {
    /// Which.
    pub id: MailId,
    /// Whose, if a partner's.
    pub partner_id: Option<PartnerId>,
    /// statement, invitation, password_reset, bank_changed, deal_decision or prices_changed.
    pub kind: String,
    /// What it is about, as the bare number of an id.
    pub subject_id: i64,
    /// 1 for the first sending, more for an explicit resend.
    pub copy_no: i32,
    /// One address.
    pub recipient: String,
    /// The subject line.
    pub subject: String,
    /// The plain text as it was first made, without one-time links; empty before.
    pub body: String,
    /// RFC 5322 Message-ID.
    pub message_id: String,
    /// Where it is.
    #[diesel(deserialize_as = Coded<MailStatus>)]
    pub status: MailStatus,
    /// Tries so far.
    pub attempts: i32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was written, UTC.
    pub created_at: NaiveDateTime,
    /// When the server took it, UTC.
    pub sent_at: Option<NaiveDateTime>,
}

/// One letter.
///
/// # Errors
/// [`crate::Error::NotFound`] where there is none.
pub fn letter(tx: &mut Tx<'_, VendorScope>, id: MailId) -> Result<Letter> {
    let row = tx
        .rows(mails::table)
        .filter(mails::id.eq(id))
        .select(Letter::as_select());
    tx.one(row)
}

/// The letters about one thing, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn letters_about(
    tx: &mut Tx<'_, VendorScope>,
    kind: &str,
    subject_id: i64,
) -> Result<Vec<Letter>> {
    let rows = tx
        .rows(mails::table)
        .filter(mails::kind.eq(kind.to_owned()))
        .filter(mails::subject_id.eq(subject_id))
        .order(mails::id)
        .select(Letter::as_select());
    tx.load(rows)
}

/// Puts many letters in the outbox.
///
/// # Errors
/// Faults of the database.
pub fn post(tx: &mut Tx<'_, VendorScope>, new: &[NewMail]) -> Result<()> {
    let now = tx.now();
    let rows: Vec<_> = new
        .iter()
        .map(|mail| {
            (
                mails::id.eq(mail.id),
                mails::kind.eq(mail.kind),
                mails::subject_id.eq(mail.subject_id),
                mails::copy_no.eq(mail.copy_no),
                mails::partner_id.eq(mail.partner),
                mails::recipient.eq(mail.recipient.clone()),
                mails::subject.eq(mail.subject.clone()),
                mails::body.eq(String::new()),
                mails::message_id.eq(mail.message_id.clone()),
                mails::status.eq(MailStatus::Queued.code()),
                mails::attempts.eq(0),
                mails::created_at.eq(now),
            )
        })
        .collect();
    tx.insert_all(mails::table, rows)?;
    Ok(())
}

/// Writes how far a letter has come, and the text it was given.
///
/// # Errors
/// Faults of the database.
pub fn note(tx: &mut Tx<'_, VendorScope>, letter: &Letter) -> Result<()> {
    let row = tx.rows_of(mails::table).filter(mails::id.eq(letter.id));
    let error = letter.last_error.as_ref();
    tx.update(
        row,
        (
            to(mails::body, letter.body.clone()),
            to(mails::status, letter.status.code()),
            to(mails::attempts, letter.attempts),
            to(
                mails::last_error,
                error.map(|why| why.chars().take(500).collect::<String>()),
            ),
            to(mails::sent_at, letter.sent_at),
        ),
    )?;
    Ok(())
}

/// A job for each of many things, due at once; each is (kind, payload, natural key).
///
/// # Errors
/// Faults of the database.
pub fn enqueue_all(
    tx: &mut Tx<'_, VendorScope>,
    kind: &'static str,
    new: Vec<(String, String)>,
) -> Result<()> {
    let now = tx.now();
    let rows: Vec<_> = new
        .into_iter()
        .map(|(payload, dedupe)| {
            let id: JobId = tx.fresh_id();
            (
                queue::id.eq(id),
                queue::kind.eq(kind),
                queue::payload.eq(payload),
                queue::dedupe.eq(dedupe),
                queue::status.eq("ready"),
                queue::run_at.eq(now),
                queue::lease_token.eq(0i64),
                queue::attempts.eq(0),
                queue::created_at.eq(now),
            )
        })
        .collect();
    tx.insert_all(queue::table, rows)?;
    Ok(())
}

/// Takes the job with this natural key, if nobody holds it.
///
/// # Errors
/// Faults of the database.
pub fn claim(
    tx: &mut Tx<'_, VendorScope>,
    dedupe: &str,
    lease: TimeDelta,
) -> Result<Option<Claimed>> {
    let now = tx.database_now()?;
    let free = queue::lease_until.is_null().or(queue::lease_until.lt(now));
    let row = tx
        .rows(queue::table)
        .filter(queue::dedupe.eq(dedupe.to_owned()))
        .filter(free)
        .select((
            queue::id,
            queue::kind,
            queue::payload,
            queue::lease_token,
            queue::attempts,
        ));
    let row: Option<(JobId, String, String, i64, i32)> = tx.first(row)?;
    let Some((id, kind, payload, token, attempts)) = row else {
        return Ok(None);
    };
    let mine = tx
        .rows_of(queue::table)
        .filter(queue::id.eq(id))
        .filter(queue::lease_token.eq(token))
        .filter(queue::lease_until.is_null().or(queue::lease_until.lt(now)));
    let taken = tx.update(
        mine,
        (
            to(queue::status, "ready"),
            to(queue::lease_token, token + 1),
            to(queue::lease_until, Some(now + lease)),
            to(queue::attempts, attempts + 1),
        ),
    )?;
    Ok((taken == 1).then_some(Claimed {
        id,
        kind,
        payload,
        token: token + 1,
        attempts: attempts + 1,
        lease,
    }))
}

/// Gives a job back without counting the try: it waits for something outside, not for its turn.
///
/// # Errors
/// [`crate::Error::Conflict`] when the job was taken over.
pub fn wait_on(tx: &mut Tx<'_, VendorScope>, job: &Claimed, pause: TimeDelta) -> Result<()> {
    jobs::hold(tx, job, job.lease)?;
    let next = tx.now() + pause;
    let mine = tx
        .rows_of(queue::table)
        .filter(queue::id.eq(job.id))
        .filter(queue::lease_token.eq(job.token));
    tx.update(
        mine,
        (
            to(queue::run_at, next),
            to(queue::lease_until, None::<NaiveDateTime>),
            to(queue::attempts, 0),
        ),
    )?;
    Ok(())
}
