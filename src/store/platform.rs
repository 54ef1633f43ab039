//! What people on either side may write: the audit trail, forms sent in, jobs and letters.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{
    PartnerScope, Scope, Tx, VendorScope,
    days::Instant,
    schema::{audit_events, form_submissions, invitations, jobs, mails},
};
use crate::{
    Result,
    domain::audit::{Action, Change},
    id::{AuditEventId, FormSubmissionId, InvitationId, JobId, MailId, PartnerId},
};

/// Something that happened, for the audit trail.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// What.
    pub action: Action,
    /// To what, as the bare number of its id.
    pub subject: i64,
    /// Whose it is; in a partner's scope always that partner.
    pub partner: Option<PartnerId>,
    /// One line for a reader.
    pub summary: String,
    /// Old and new values.
    pub changes: &'a [Change],
}

/// A letter for the outbox.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// Its id, which also makes its Message-ID.
    pub id: MailId,
    /// statement, invitation, password_reset, bank_changed, deal_decision or prices_changed.
    pub kind: &'static str,
    /// What it is about, as the bare number of an id.
    pub subject_id: i64,
    /// 1 for the first sending, more for an explicit resend.
    pub copy_no: i32,
    /// Whose, if a partner's.
    pub partner: Option<PartnerId>,
    /// One address.
    pub recipient: String,
    /// The subject line.
    pub subject: String,
    /// RFC 5322 Message-ID, fixed before the first sending.
    pub message_id: String,
}

/// An invitation to be written down.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Its id; the token is derived from it.
    pub id: InvitationId,
    /// To which partner, if any; in a partner's scope always that partner.
    pub partner: Option<PartnerId>,
    /// Whom.
    pub email: String,
    /// Their name.
    pub name: String,
    /// As what: a role's code.
    pub role: String,
    /// SHA-256 of the token, in hex.
    pub token_hash: String,
    /// Until when, UTC.
    pub expires_at: NaiveDateTime,
}

/// What a scope of either kind can do for the platform. Rows are stamped with the scope's tenant,
/// and in a partner's scope with its partner, whatever the caller says.
pub trait Platform: Scope {
    /// Writes one line of the audit trail.
    ///
    /// # Errors
    /// Faults of the database.
    fn record(tx: &mut Tx<'_, Self>, event: &Event<'_>) -> Result<()>;
    /// What a form that was sent in before held and where it has led to, if it was.
    ///
    /// # Errors
    /// Faults of the database.
    fn form_sent(tx: &mut Tx<'_, Self>, form_id: &str) -> Result<Option<SentForm>>;
    /// Notes that a form was sent in and where it led; the same form twice is refused by its key.
    ///
    /// # Errors
    /// Faults of the database.
    fn note_form(tx: &mut Tx<'_, Self>, form_id: &str, sent: SentForm) -> Result<()>;
    /// What happened to one record, newest first: a hundred lines at most.
    ///
    /// # Errors
    /// Faults of the database.
    fn history(tx: &mut Tx<'_, Self>, subject: i64) -> Result<Vec<History>>;
    /// Puts a job in the queue. `dedupe` is its natural key among the tenant's jobs.
    ///
    /// # Errors
    /// Faults of the database.
    fn add_job(tx: &mut Tx<'_, Self>, job: &NewJob<'_>) -> Result<()>;
    /// Puts a letter in the outbox.
    ///
    /// # Errors
    /// Faults of the database.
    fn add_mail(tx: &mut Tx<'_, Self>, mail: &NewMail) -> Result<()>;
    /// Writes an invitation down.
    ///
    /// # Errors
    /// Faults of the database.
    fn add_invitation(tx: &mut Tx<'_, Self>, invitation: &NewInvitation) -> Result<()>;
}

/// A form that was sent in.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = form_submissions)]
pub struct SentForm {
    /// Where it has led to.
    pub location: String,
    /// SHA-256 of its address and of what it held, in hex; nothing where that is not known.
    pub content_hash: Option<String>,
}

/// A job to be put in the queue.
#[derive(Debug, Clone, Copy)]
pub struct NewJob<'a> {
    /// Its kind's code.
    pub kind: &'a str,
    /// JSON.
    pub payload: &'a str,
    /// Natural key.
    pub dedupe: &'a str,
    /// Not before, UTC.
    pub run_at: NaiveDateTime,
}

macro_rules! platform {
    ($scope:ty, |$partner:ident, $columns:ident| $owned:expr) => {
        impl Platform for $scope {
            fn record(tx: &mut Tx<'_, Self>, event: &Event<'_>) -> Result<()> {
                let changes = serde_json::to_string(event.changes).map_err(anyhow::Error::new)?;
                let id: AuditEventId = tx.fresh_id();
                let actor = tx.scope().actor().clone();
                let $columns = (
                    audit_events::id.eq(id),
                    audit_events::actor.eq(actor.name),
                    audit_events::actor_user_id.eq(actor.user),
                    audit_events::action.eq(event.action.code().to_owned()),
                    audit_events::subject_id.eq(event.subject),
                    audit_events::summary.eq(event.summary.clone()),
                    audit_events::changes.eq(changes),
                    audit_events::happened_at.eq(tx.now()),
                );
                let $partner = (audit_events::partner_id, event.partner);
                tx.insert(audit_events::table, $owned)
            }
            fn form_sent(tx: &mut Tx<'_, Self>, form_id: &str) -> Result<Option<SentForm>> {
                let row = tx
                    .rows(form_submissions::table)
                    .filter(form_submissions::form_id.eq(form_id.to_owned()))
                    .select(SentForm::as_select());
                tx.first(row)
            }
            fn note_form(tx: &mut Tx<'_, Self>, form_id: &str, sent: SentForm) -> Result<()> {
                let id: FormSubmissionId = tx.fresh_id();
                let $columns = (
                    form_submissions::id.eq(id),
                    form_submissions::form_id.eq(form_id.to_owned()),
                    form_submissions::location.eq(sent.location),
                    form_submissions::content_hash.eq(sent.content_hash),
                    form_submissions::submitted_at.eq(tx.now()),
                );
                let $partner = (form_submissions::partner_id, None);
                tx.insert(form_submissions::table, $owned)
            }
            fn history(tx: &mut Tx<'_, Self>, subject: i64) -> Result<Vec<History>> {
                history(tx, subject, 100)
            }
            fn add_job(tx: &mut Tx<'_, Self>, job: &NewJob<'_>) -> Result<()> {
                let id: JobId = tx.fresh_id();
                let $columns = (
                    jobs::id.eq(id),
                    jobs::kind.eq(job.kind.to_owned()),
                    jobs::payload.eq(job.payload.to_owned()),
                    jobs::dedupe.eq(job.dedupe.to_owned()),
                    jobs::status.eq("ready"),
                    jobs::run_at.eq(job.run_at),
                    jobs::lease_token.eq(0i64),
                    jobs::attempts.eq(0),
                    jobs::created_at.eq(tx.now()),
                );
                let $partner = (jobs::partner_id, None);
                tx.insert(jobs::table, $owned)
            }
            fn add_mail(tx: &mut Tx<'_, Self>, mail: &NewMail) -> Result<()> {
                let $columns = (
                    mails::id.eq(mail.id),
                    mails::kind.eq(mail.kind),
                    mails::subject_id.eq(mail.subject_id),
                    mails::copy_no.eq(mail.copy_no),
                    mails::recipient.eq(mail.recipient.clone()),
                    mails::subject.eq(mail.subject.clone()),
                    mails::body.eq(String::new()),
                    mails::message_id.eq(mail.message_id.clone()),
                    mails::status.eq("queued"),
                    mails::attempts.eq(0),
                    mails::created_at.eq(tx.now()),
                );
                let $partner = (mails::partner_id, mail.partner);
                tx.insert(mails::table, $owned)
            }
            fn add_invitation(tx: &mut Tx<'_, Self>, new: &NewInvitation) -> Result<()> {
                let $columns = (
                    invitations::id.eq(new.id),
                    invitations::email.eq(new.email.clone()),
                    invitations::name.eq(new.name.clone()),
                    invitations::role.eq(new.role.clone()),
                    invitations::token_hash.eq(new.token_hash.clone()),
                    invitations::created_at.eq(tx.now()),
                    invitations::expires_at.eq(new.expires_at),
                );
                let $partner = (invitations::partner_id, new.partner);
                tx.insert(invitations::table, $owned)
            }
        }
    };
}
platform!(VendorScope, |partner, columns| {
    let (column, id): (_, Option<PartnerId>) = partner;
    (column.eq(id), columns)
});
platform!(PartnerScope, |partner, columns| {
    // The door stamps the partner itself.
    let _: (_, Option<PartnerId>) = partner;
    columns
});

/// Writes many lines of the audit trail at once.
///
/// # Errors
/// Faults of the database.
pub fn record_all(tx: &mut Tx<'_, VendorScope>, events: &[Event<'_>]) -> Result<()> {
    let actor = tx.scope().actor().clone();
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        let id: AuditEventId = tx.fresh_id();
        let changes = serde_json::to_string(event.changes).map_err(anyhow::Error::new)?;
        rows.push((
            audit_events::id.eq(id),
            audit_events::partner_id.eq(event.partner),
            audit_events::actor.eq(actor.name.clone()),
            audit_events::actor_user_id.eq(actor.user),
            audit_events::action.eq(event.action.code()),
            audit_events::subject_id.eq(event.subject),
            audit_events::summary.eq(event.summary.clone()),
            audit_events::changes.eq(changes),
            audit_events::happened_at.eq(Instant::from(tx.now())),
        ));
    }
    tx.insert_all(audit_events::table, rows)?;
    Ok(())
}

/// A line of a record's history.
#[derive(Debug, Clone)]
pub struct History {
    /// When, UTC.
    pub at: NaiveDateTime,
    /// Who.
    pub actor: String,
    /// What.
    pub action: Action,
    /// One line for a reader.
    pub summary: String,
    /// Old and new values.
    pub changes: Vec<Change>,
}

type HistoryRow = (NaiveDateTime, String, String, String, String);

/// What happened to one record, newest first, at most `limit` lines.
///
/// # Errors
/// Faults of the database.
fn history<S: Scope>(tx: &mut Tx<'_, S>, subject: i64, limit: i64) -> Result<Vec<History>>
where
    audit_events::table: super::Visible<S>,
{
    let rows = tx
        .rows(audit_events::table)
        .filter(audit_events::subject_id.eq(subject))
        .order(audit_events::id.desc())
        .limit(limit)
        .select((
            audit_events::happened_at,
            audit_events::actor,
            audit_events::action,
            audit_events::summary,
            audit_events::changes,
        ));
    let rows: Vec<HistoryRow> = tx.load(rows)?;
    rows.into_iter().map(read_history).collect()
}

fn read_history((at, actor, action, summary, changes): HistoryRow) -> Result<History> {
    Ok(History {
        at,
        actor,
        action: action.parse().map_err(crate::Error::fault)?,
        summary,
        changes: serde_json::from_str(&changes).map_err(anyhow::Error::new)?,
    })
}
