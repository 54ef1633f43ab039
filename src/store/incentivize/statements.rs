//! Statements: staged while their month closes, then never changed again.
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::{
    Result,
    domain::{Currency, Period, statement::LineBlock},
    id::{CommissionEntryId, PartnerId, StatementId, StatementLineId},
    store::{
        Tx, VendorScope,
        columns::{Coded, Month, row_codes},
        days::Instant,
        revenue::ASKED_AT_ONCE,
        schema::{partners, statement_lines, statements},
        tx::to,
    },
};

row_codes! {
    /// How far a statement has come.
    Staging {
        /// Made, and seen by nobody until its month is closed.
        Staged = "staged",
        /// Closed with its month.
        Closed = "closed",
    }
}

/// A statement. Amounts are minor units of its currency.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = statements, treat_none_as_default_value = false)]
pub struct Statement {
    /// Which.
    pub id: StatementId,
    /// Whose.
    pub partner_id: PartnerId,
    /// Of which month.
    #[diesel(serialize_as = Month, deserialize_as = Month)]
    pub month: Period,
    /// What it is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// Gapless per vendor and month.
    pub number: String,
    /// How far it has come.
    #[diesel(serialize_as = Coded<Staging>, deserialize_as = Coded<Staging>)]
    pub status: Staging,
    /// Carried in.
    pub opening_minor: i64,
    /// The sum of its lines.
    pub lines_minor: i64,
    /// What it pays out.
    pub payout_minor: i64,
    /// Carried on.
    pub closing_minor: i64,
    /// Why it pays what it pays.
    pub payout_reason: String,
    /// The day its payout is due.
    pub due_on: Option<NaiveDate>,
    /// How many lines it has.
    pub line_count: i32,
    /// Its canonical content.
    pub content: String,
    /// SHA-256 of that, in hex.
    pub sha256: String,
    /// When it was made, UTC.
    #[diesel(serialize_as = Instant, deserialize_as = Instant)]
    pub created_at: NaiveDateTime,
    /// VAT added to what it pays out.
    pub tax_minor: i64,
    /// What is withheld of it.
    pub withheld_minor: i64,
}

impl Statement {
    /// What is transferred, in minor units.
    pub fn payable_minor(&self) -> i64 {
        self.payout_minor + self.tax_minor - self.withheld_minor
    }
}

/// An entry's place on a statement.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = statement_lines, treat_none_as_default_value = false)]
pub struct StatementLine {
    /// Which.
    pub id: StatementLineId,
    /// Whose.
    pub partner_id: PartnerId,
    /// On which statement.
    pub statement_id: StatementId,
    /// Which entry.
    pub commission_entry_id: CommissionEntryId,
    /// Its place, from 1.
    pub seq: i32,
    /// The part it stands in.
    #[diesel(serialize_as = Coded<LineBlock>, deserialize_as = Coded<LineBlock>)]
    pub block: LineBlock,
}

/// A partner as its statements name it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = partners)]
pub struct StatedPartner {
    /// Which.
    pub id: PartnerId,
    /// First segment of its addresses.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// As on documents.
    pub legal_name: String,
    /// Lines of its postal address.
    pub address: String,
    /// Where its statements are mailed to.
    pub statement_email: String,
    /// attached, or link.
    pub statement_delivery: String,
    /// The day it left the programme, where it has.
    pub left_on: Option<NaiveDate>,
}

impl StatedPartner {
    /// Whether it has left by a day.
    pub fn has_left(&self, day: NaiveDate) -> bool {
        self.left_on.is_some_and(|on| on <= day)
    }
}

/// The next partners after one, by id.
///
/// # Errors
/// Faults of the database.
pub fn partners_after(
    tx: &mut Tx<'_, VendorScope>,
    after: Option<PartnerId>,
    limit: i64,
) -> Result<Vec<StatedPartner>> {
    let after = after.map_or(0, PartnerId::number);
    let rows = tx
        .rows(partners::table)
        .filter(partners::id.gt(after))
        .order(partners::id)
        .limit(limit)
        .select(StatedPartner::as_select());
    tx.load(rows)
}

/// One partner.
///
/// # Errors
/// [`crate::Error::NotFound`] where there is none.
pub fn partner(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<StatedPartner> {
    let row = tx
        .rows(partners::table)
        .filter(partners::id.eq(id))
        .select(StatedPartner::as_select());
    tx.one(row)
}

/// What a statement left to the next, without its lines.
#[derive(Debug, Clone, Queryable)]
pub struct Balance {
    /// Which statement.
    pub id: StatementId,
    /// Whose.
    pub partner_id: PartnerId,
    currency: Coded<Currency>,
    /// What it pays out of the commission, in minor units.
    pub payout_minor: i64,
    tax_minor: i64,
    withheld_minor: i64,
    /// Carried on, in minor units.
    pub closing_minor: i64,
    /// The day its payout is due.
    pub due_on: Option<NaiveDate>,
    /// How many lines it has.
    pub line_count: i32,
}

impl Balance {
    /// What it is in.
    pub fn currency(&self) -> Currency {
        self.currency.value()
    }

    /// What is transferred, in minor units: with VAT, and without what is withheld.
    pub fn payable_minor(&self) -> i64 {
        self.payout_minor + self.tax_minor - self.withheld_minor
    }
}

/// The balances of a month's statements, by partner; of these partners, or of all.
///
/// # Errors
/// Faults of the database.
pub fn balances(
    tx: &mut Tx<'_, VendorScope>,
    month: Period,
    of: Option<&[PartnerId]>,
) -> Result<Vec<Balance>> {
    let mut rows = tx
        .rows(statements::table)
        .filter(statements::month.eq(month.key()))
        .order((statements::partner_id, statements::currency));
    if let Some(of) = of {
        rows = rows.filter(statements::partner_id.eq_any(of.to_vec()));
    }
    let rows = rows.select((
        statements::id,
        statements::partner_id,
        statements::currency,
        statements::payout_minor,
        statements::tax_minor,
        statements::withheld_minor,
        statements::closing_minor,
        statements::due_on,
        statements::line_count,
    ));
    tx.load(rows)
}

/// The last partner that has a statement of a month: where its close goes on.
///
/// # Errors
/// Faults of the database.
pub fn staged_through(tx: &mut Tx<'_, VendorScope>, month: Period) -> Result<Option<PartnerId>> {
    let row = tx
        .rows(statements::table)
        .filter(statements::month.eq(month.key()))
        .order(statements::partner_id.desc())
        .select(statements::partner_id);
    tx.first(row)
}

/// Stages statements with their lines.
///
/// # Errors
/// Faults of the database.
pub fn stage(
    tx: &mut Tx<'_, VendorScope>,
    new: Vec<Statement>,
    lines: Vec<StatementLine>,
) -> Result<()> {
    tx.insert_all(statements::table, new)?;
    tx.insert_all(statement_lines::table, lines)?;
    Ok(())
}

/// Makes a month's statements visible; says how many.
///
/// # Errors
/// Faults of the database.
pub fn close(tx: &mut Tx<'_, VendorScope>, month: Period) -> Result<usize> {
    let rows = tx
        .rows_of(statements::table)
        .filter(statements::month.eq(month.key()))
        .filter(statements::status.eq(Staging::Staged.code()));
    tx.update(rows, to(statements::status, Staging::Closed.code()))
}

/// One statement that is closed.
///
/// # Errors
/// [`crate::Error::NotFound`] where there is none.
pub fn one(tx: &mut Tx<'_, VendorScope>, id: StatementId) -> Result<Statement> {
    let row = tx
        .rows(statements::table)
        .filter(statements::id.eq(id))
        .filter(statements::status.eq(Staging::Closed.code()))
        .select(Statement::as_select());
    tx.one(row)
}

/// The numbers of the statements that carry these entries.
///
/// # Errors
/// Faults of the database.
pub fn numbers_of_entries(
    tx: &mut Tx<'_, VendorScope>,
    entries: &[CommissionEntryId],
) -> Result<Vec<(CommissionEntryId, String)>> {
    let mut found = Vec::new();
    for some in entries.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .joined(statement_lines::table, statements::table)
            .filter(statement_lines::commission_entry_id.eq_any(some.to_vec()))
            .select((statement_lines::commission_entry_id, statements::number));
        found.extend(tx.load::<(CommissionEntryId, String), _>(rows)?);
    }
    Ok(found)
}

/// Every statement by partner, currency and month, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Statement>> {
    let rows = tx
        .rows(statements::table)
        .order((
            statements::partner_id,
            statements::currency,
            statements::month,
        ))
        .select(Statement::as_select());
    tx.load(rows)
}

/// Every statement line, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all_lines(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<StatementLine>> {
    let rows = tx
        .rows(statement_lines::table)
        .order((statement_lines::statement_id, statement_lines::seq))
        .select(StatementLine::as_select());
    tx.load(rows)
}
