//! Statements as they were closed, with what became of their mail and their payout.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::{
    dsl::{exists, not},
    prelude::*,
};

use super::{
    Rows, Sees, Where, by_ids,
    ledger::limit_of,
    mails::{self, MailRow},
    money, month, named, partner_names,
    payouts::{self, PayoutRow},
    totals, whose,
};
use crate::{
    Error, Result,
    domain::{Money, Period, statement::PayoutReason, statement_document::StatementDocument},
    id::{PartnerId, StatementId},
    store::{
        Tx, VendorScope,
        names::{anywhere, stored, typed},
        paging::{COUNT_CAP, Count, Cursor, PAGE, Page, newest_first},
        schema::{mails as letters, partners, payouts as payments_out, statements},
    },
};

/// What statements to show; all of it together.
#[derive(Debug, Clone, Default)]
pub struct StatementFilter {
    /// A partner's name, in part.
    pub partner: String,
    /// Their month.
    pub month: Option<Period>,
    /// A currency's code.
    pub currency: String,
    /// A mail status' code, or `none` for those nobody was mailed.
    pub delivery: String,
    /// What became of their payout.
    pub payout: Option<PayoutState>,
}

/// What became of a statement's payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayoutState {
    /// To be made.
    Due,
    /// To be made, and late.
    Overdue,
    /// Made.
    Paid,
    /// There is nothing to be paid.
    Nothing,
}

/// A statement in a list.
#[derive(Debug, Clone)]
pub struct StatementRow {
    /// Which.
    pub id: StatementId,
    /// Whose.
    pub partner: PartnerId,
    /// Their name.
    pub partner_name: String,
    /// Its month.
    pub month: Period,
    /// Its number.
    pub number: String,
    /// Carried in.
    pub opening: Money,
    /// What its lines come to.
    pub lines: Money,
    /// How many they are.
    pub line_count: i32,
    /// What it pays out of the commission.
    pub payout: Money,
    /// VAT added to it.
    pub tax: Money,
    /// What is withheld of it.
    pub withheld: Money,
    /// What is transferred: with VAT, and without what is withheld.
    pub payable: Money,
    /// Carried on.
    pub closing: Money,
    /// Why it pays what it pays.
    pub reason: PayoutReason,
    /// When it is to be paid.
    pub due_on: Option<NaiveDate>,
    /// Its payment, if there is one.
    pub payment: Option<PayoutRow>,
    /// Its latest letter, if there is one.
    pub mail: Option<MailRow>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = statements)]
struct Row {
    id: StatementId,
    partner_id: PartnerId,
    month: i32,
    number: String,
    currency: String,
    opening_minor: i64,
    lines_minor: i64,
    payout_minor: i64,
    tax_minor: i64,
    withheld_minor: i64,
    closing_minor: i64,
    payout_reason: String,
    due_on: Option<NaiveDate>,
    line_count: i32,
}

fn mailed(status: Option<&str>) -> Where<statements::table> {
    let letter = letters::table
        .filter(letters::tenant_id.eq(statements::tenant_id))
        .filter(letters::partner_id.eq(statements::partner_id.nullable()))
        .filter(letters::subject_id.eq(statements::id))
        .filter(letters::kind.eq("statement"))
        .select(letters::id);
    match status {
        None => Box::new(exists(letter)),
        Some(code) => Box::new(exists(letter.filter(letters::status.eq(code.to_owned())))),
    }
}

fn paying(state: PayoutState, today: NaiveDate) -> Where<statements::table> {
    let payout = payments_out::table
        .filter(payments_out::tenant_id.eq(statements::tenant_id))
        .filter(payments_out::partner_id.eq(statements::partner_id))
        .filter(payments_out::statement_id.eq(statements::id))
        .select(payments_out::id);
    let due = payments_out::status.eq("due");
    match state {
        PayoutState::Due => Box::new(exists(payout.filter(due))),
        PayoutState::Overdue => Box::new(exists(
            payout.filter(due.and(payments_out::due_on.lt(today))),
        )),
        PayoutState::Paid => Box::new(exists(payout.filter(payments_out::status.eq("paid")))),
        PayoutState::Nothing => Box::new(not(exists(payout))),
    }
}

fn asked<S: Sees>(
    tx: &Tx<'_, S>,
    filter: &StatementFilter,
    today: NaiveDate,
) -> Rows<S, statements::table> {
    let mut rows = S::statements(tx);
    if let Some(search) = typed(&filter.partner) {
        rows = rows.filter(whose!(statements, partner, search));
    }
    if let Some(month) = filter.month {
        rows = rows.filter(statements::month.eq(month.key()));
    }
    if let Some(code) = typed(&filter.currency) {
        rows = rows.filter(statements::currency.eq(code.to_owned()));
    }
    if let Some(state) = filter.payout {
        rows = rows.filter(paying(state, today));
    }
    match typed(&filter.delivery) {
        None => rows,
        Some("none") => rows.filter(not(mailed(None))),
        Some(code) => rows.filter(mailed(Some(code))),
    }
}

/// A page of statements, newest first. `today` is the vendor's date.
///
/// # Errors
/// Faults of the database.
pub fn page<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &StatementFilter,
    today: NaiveDate,
    from: Option<&Cursor>,
) -> Result<Page<StatementRow>> {
    let rows = asked(tx, filter, today);
    let rows = newest_first!(rows, from, statements::id)
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

/// How many statements a filter leaves.
///
/// # Errors
/// Faults of the database.
pub fn count<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &StatementFilter,
    today: NaiveDate,
) -> Result<Count> {
    let rows = asked(tx, filter, today)
        .limit(COUNT_CAP + 1)
        .select(statements::id);
    let rows: Vec<StatementId> = tx.load(rows)?;
    Ok(Count::of(rows.len()))
}

/// Every statement a filter leaves, newest first.
///
/// # Errors
/// Faults of the database.
pub fn all<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &StatementFilter,
    today: NaiveDate,
) -> Result<Vec<StatementRow>> {
    let rows = asked(tx, filter, today)
        .order(statements::id.desc())
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    dressed(tx, rows)
}

/// The statements of the latest month this scope has any of, by currency, at most `limit`.
///
/// # Errors
/// Faults of the database.
pub fn latest<S: Sees>(tx: &mut Tx<'_, S>, limit: i64) -> Result<Vec<StatementRow>> {
    let month = S::statements(tx)
        .order(statements::month.desc())
        .select(statements::month);
    let Some(month): Option<i32> = tx.first(month)? else {
        return Ok(Vec::new());
    };
    let rows = S::statements(tx)
        .filter(statements::month.eq(month))
        .order((statements::currency, statements::id))
        .limit(limit)
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    dressed(tx, rows)
}

fn dressed<S: Sees>(tx: &mut Tx<'_, S>, rows: Vec<Row>) -> Result<Vec<StatementRow>> {
    let ids: Vec<StatementId> = rows.iter().map(|row| row.id).collect();
    let names = partner_names(tx, rows.iter().map(|row| row.partner_id))?;
    let paid = payouts::of_statements(tx, ids.clone())?;
    let mut paid: HashMap<_, _> = paid.into_iter().map(|row| (row.statement, row)).collect();
    let mut mail = mails::latest_about_statements(tx, ids)?;
    rows.into_iter()
        .map(|row| {
            let amount = |minor| money(minor, &row.currency);
            Ok(StatementRow {
                partner_name: named(&names, &row.partner_id),
                opening: amount(row.opening_minor)?,
                lines: amount(row.lines_minor)?,
                payout: amount(row.payout_minor)?,
                tax: amount(row.tax_minor)?,
                withheld: amount(row.withheld_minor)?,
                payable: amount(row.payout_minor + row.tax_minor - row.withheld_minor)?,
                closing: amount(row.closing_minor)?,
                month: month(row.month)?,
                reason: stored(&row.payout_reason)?,
                payment: paid.remove(&row.id),
                mail: mail.remove(&row.id.number()),
                id: row.id,
                partner: row.partner_id,
                number: row.number,
                line_count: row.line_count,
                due_on: row.due_on,
            })
        })
        .collect()
}

/// A statement with its content.
#[derive(Debug, Clone)]
pub struct StatementDetail {
    /// As in a list.
    pub row: StatementRow,
    /// Everything it says.
    pub document: StatementDocument,
    /// The hash of its content, in hex.
    pub sha256: String,
    /// Its letters, oldest first.
    pub mails: Vec<MailRow>,
}

/// One statement with its content.
///
/// # Errors
/// [`Error::NotFound`] for one this scope does not see; a fault when its content does not read.
pub fn statement<S: Sees>(tx: &mut Tx<'_, S>, id: StatementId) -> Result<StatementDetail> {
    let row = S::statements(tx)
        .filter(statements::id.eq(id))
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    let content = S::statements(tx)
        .filter(statements::id.eq(id))
        .select((statements::content, statements::sha256));
    let (content, sha256): (String, String) = tx.one(content)?;
    let document = StatementDocument::from_canonical(&content).map_err(Error::fault)?;
    Ok(StatementDetail {
        mails: mails::about_statement(tx, id)?,
        row: dressed(tx, vec![row])?.pop().ok_or(Error::NotFound)?,
        document,
        sha256,
    })
}

/// What a partner's latest statement carries on, per currency. `before` is the month asked about.
///
/// # Errors
/// Faults of the database.
pub fn carried(
    tx: &mut Tx<'_, VendorScope>,
    before: Period,
) -> Result<HashMap<(PartnerId, String), i64>> {
    let rows = tx
        .rows_of(statements::table)
        .filter(statements::status.eq("closed"))
        .filter(statements::month.lt(before.key()))
        .group_by((statements::partner_id, statements::currency))
        .select((
            statements::partner_id,
            statements::currency,
            diesel::dsl::max(statements::month),
        ));
    let latest: Vec<(PartnerId, String, Option<i32>)> = tx.load(rows)?;
    let months: Vec<i32> = latest.iter().filter_map(|(_, _, month)| *month).collect();
    let closings: Vec<(PartnerId, String, i32, i64)> = by_ids!(tx, months, |some| tx
        .rows(statements::table)
        .filter(statements::status.eq("closed"))
        .filter(statements::month.eq_any(some))
        .select((
            statements::partner_id,
            statements::currency,
            statements::month,
            statements::closing_minor
        )));
    let closings: HashMap<_, _> = closings
        .into_iter()
        .map(|(partner, currency, month, minor)| ((partner, currency, month), minor))
        .collect();
    Ok(latest
        .into_iter()
        .filter_map(|(partner, currency, month)| {
            let minor = *closings.get(&(partner, currency.clone(), month?))?;
            Some(((partner, currency), minor))
        })
        .collect())
}

/// Sums of what a month's statements pay, per currency, and how many they are.
///
/// # Errors
/// Faults of the database.
pub fn of_month(tx: &mut Tx<'_, VendorScope>, month: Period) -> Result<(i64, Vec<Money>)> {
    let rows = tx
        .rows_of(statements::table)
        .filter(statements::status.eq("closed"))
        .filter(statements::month.eq(month.key()))
        .group_by(statements::currency)
        .select((
            statements::currency,
            diesel::dsl::sql::<diesel::sql_types::BigInt>("COUNT(*)"),
            diesel::dsl::sql::<diesel::sql_types::BigInt>(
                "CAST(SUM(statements.payout_minor + statements.tax_minor - statements.withheld_minor) AS BIGINT)",
            ),
        ));
    let rows: Vec<(String, i64, i64)> = tx.load(rows)?;
    let number = rows.iter().map(|(_, number, _)| number).sum();
    let paid = totals(
        rows.into_iter()
            .map(|(code, _, minor)| (code, minor))
            .collect(),
    )?;
    Ok((number, paid))
}
