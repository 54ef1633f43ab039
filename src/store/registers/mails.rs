//! The outbox, and the letters about one thing.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{Rows, Sees, by_ids, ledger::limit_of, named, partner_names};
use crate::{
    Result,
    id::{MailId, PartnerId, StatementId},
    store::{
        Tx, VendorScope,
        names::typed,
        paging::{COUNT_CAP, Count, Cursor, PAGE, Page, newest_first},
        schema::mails,
    },
};

/// What letters to show; all of it together.
#[derive(Debug, Clone, Default)]
pub struct MailFilter {
    /// An address, whole.
    pub recipient: String,
    /// A kind's code.
    pub kind: String,
    /// A status' code.
    pub status: String,
}

/// A letter.
#[derive(Debug, Clone)]
pub struct MailRow {
    /// Which.
    pub id: MailId,
    /// At which partner, if at one.
    pub partner_name: Option<String>,
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
    /// Where it is: queued, sending, sent, deferred, failed, unknown or withdrawn.
    pub status: String,
    /// Tries so far.
    pub attempts: i32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was written, UTC.
    pub created_at: NaiveDateTime,
    /// When the server took it, UTC.
    pub sent_at: Option<NaiveDateTime>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = mails)]
struct Row {
    id: MailId,
    partner_id: Option<PartnerId>,
    kind: String,
    subject_id: i64,
    copy_no: i32,
    recipient: String,
    subject: String,
    status: String,
    attempts: i32,
    last_error: Option<String>,
    created_at: NaiveDateTime,
    sent_at: Option<NaiveDateTime>,
}

fn asked(tx: &Tx<'_, VendorScope>, filter: &MailFilter) -> Rows<VendorScope, mails::table> {
    let mut rows = tx.rows(mails::table);
    if let Some(address) = typed(&filter.recipient) {
        rows = rows.filter(mails::recipient.eq(address.to_lowercase()));
    }
    if let Some(kind) = typed(&filter.kind) {
        rows = rows.filter(mails::kind.eq(kind.to_owned()));
    }
    if let Some(status) = typed(&filter.status) {
        rows = rows.filter(mails::status.eq(status.to_owned()));
    }
    rows
}

/// A page of the outbox, newest first.
///
/// # Errors
/// Faults of the database.
pub fn page(
    tx: &mut Tx<'_, VendorScope>,
    filter: &MailFilter,
    from: Option<&Cursor>,
) -> Result<Page<MailRow>> {
    let rows = asked(tx, filter);
    let rows = newest_first!(rows, from, mails::id)
        .limit(limit_of(PAGE))
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    let page = Page::of(rows, from, PAGE, |row| (String::new(), row.id.number()));
    Ok(Page {
        rows: dressed(tx, page.rows)?,
        previous: page.previous,
        next: page.next,
    })
}

/// How many letters a filter leaves.
///
/// # Errors
/// Faults of the database.
pub fn count(tx: &mut Tx<'_, VendorScope>, filter: &MailFilter) -> Result<Count> {
    let rows = asked(tx, filter).limit(COUNT_CAP + 1).select(mails::id);
    let rows: Vec<MailId> = tx.load(rows)?;
    Ok(Count::of(rows.len()))
}

/// One letter, and its text as it was first made; empty before.
///
/// # Errors
/// [`crate::Error::NotFound`] where there is none.
pub fn letter(tx: &mut Tx<'_, VendorScope>, id: MailId) -> Result<(MailRow, String)> {
    let row = tx
        .rows(mails::table)
        .filter(mails::id.eq(id))
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    let body = tx
        .rows(mails::table)
        .filter(mails::id.eq(id))
        .select(mails::body);
    let body: String = tx.one(body)?;
    let row = dressed(tx, vec![row])?.pop();
    Ok((row.ok_or(crate::Error::NotFound)?, body))
}

/// The letters about a statement, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn about_statement<S: Sees>(tx: &mut Tx<'_, S>, id: StatementId) -> Result<Vec<MailRow>> {
    let rows = S::mails(tx)
        .filter(mails::kind.eq("statement"))
        .filter(mails::subject_id.eq(id.number()))
        .order(mails::id)
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    dressed(tx, rows)
}

/// The latest letter about each of some statements, by the bare number of the statement's id.
///
/// # Errors
/// Faults of the database.
pub fn latest_about_statements<S: Sees>(
    tx: &mut Tx<'_, S>,
    ids: Vec<StatementId>,
) -> Result<HashMap<i64, MailRow>> {
    let ids = ids.into_iter().map(StatementId::number);
    let mut rows: Vec<Row> = by_ids!(tx, ids, |some| S::mails(tx)
        .filter(mails::kind.eq("statement"))
        .filter(mails::subject_id.eq_any(some))
        .select(Row::as_select()));
    rows.sort_by_key(|row| row.id);
    let rows = dressed(tx, rows)?;
    Ok(rows.into_iter().map(|row| (row.subject_id, row)).collect())
}

fn dressed<S: Sees>(tx: &mut Tx<'_, S>, rows: Vec<Row>) -> Result<Vec<MailRow>> {
    let names = partner_names(tx, rows.iter().filter_map(|row| row.partner_id))?;
    let dress = |row: Row| MailRow {
        partner_name: row.partner_id.map(|id| named(&names, &id)),
        id: row.id,
        kind: row.kind,
        subject_id: row.subject_id,
        copy_no: row.copy_no,
        recipient: row.recipient,
        subject: row.subject,
        status: row.status,
        attempts: row.attempts,
        last_error: row.last_error,
        created_at: row.created_at,
        sent_at: row.sent_at,
    };
    Ok(rows.into_iter().map(dress).collect())
}
