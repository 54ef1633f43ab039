//! The commission ledger, entry by entry.
mod explain;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{
    define_sql_function,
    dsl::{exists, not},
    prelude::*,
    sql_types::Text,
};

use super::{Rows, Sees, Where, by_ids, money, whose};
use crate::{
    Error, Result,
    domain::{
        Money, Period, Rate, Ratio,
        accrual::{EntryKind, EntryStatus},
        commission::Part,
        statement_document::figure,
    },
    id::{
        CommissionEntryId, CustomerId, InvoiceId, InvoiceLineId, PartnerId, StatementId,
        SubscriptionId,
    },
    store::{
        Tx,
        columns::{Fraction, PartCode},
        names::{anywhere, typed},
        paging::{COUNT_CAP, Count, Cursor, PAGE, Page, newest_first},
        schema::{commission_entries, customers, partners, payouts, statement_lines, statements},
    },
};

pub use explain::{EntryDetail, EntryTerms, LineDetail, entry, terms};
use standing::dressed;

/// What entries to show; all of it together.
#[derive(Debug, Clone, Default)]
pub struct EntryFilter {
    /// A partner's name, in part.
    pub partner: String,
    /// A customer's name, in part.
    pub customer: String,
    /// Earned, reversed, or one of the others.
    pub kind: Option<EntryKind>,
    /// How far they have come. Those taken back before they were stated count by their hold, so
    /// that `Offset` asks for nothing.
    pub status: Option<EntryStatus>,
    /// The month they were earned in.
    pub earned: Option<Period>,
    /// The month they were posted in.
    pub posted: Option<Period>,
    /// A currency's code.
    pub currency: String,
}

/// One entry of the ledger.
#[derive(Debug, Clone)]
pub struct EntryRow {
    /// Which.
    pub id: CommissionEntryId,
    /// Whose.
    pub partner: PartnerId,
    /// Their name.
    pub partner_name: String,
    /// Of which customer, if any.
    pub customer: Option<CustomerId>,
    /// Their name; empty where there is none.
    pub customer_name: String,
    /// Of which subscription.
    pub subscription: Option<SubscriptionId>,
    /// Of which invoice.
    pub invoice: Option<InvoiceId>,
    /// Of which line.
    pub invoice_line: Option<InvoiceLineId>,
    /// Earned, reversed, or one of the others.
    pub kind: EntryKind,
    /// What brought it about: allocation, refund, credit_note or another.
    pub source_kind: String,
    /// Which of those, as a bare number.
    pub source_id: i64,
    /// The net revenue it is for.
    pub base: Money,
    /// The share of it.
    pub rate: Rate,
    /// What it pays for each unit instead, where its line is paid by the unit.
    pub per_unit: Option<Money>,
    /// What it is before rounding, in minor units.
    pub exact: Ratio,
    /// What it comes to.
    pub amount: Money,
    /// The day of the payment or of what took it back.
    pub paid_on: NaiveDate,
    /// The month of the service period's start.
    pub earned: Period,
    /// The month it was posted in.
    pub posted: Period,
    /// The day it becomes payable.
    pub matures_on: NaiveDate,
    /// What it takes back, if it does.
    pub reverses: Option<CommissionEntryId>,
    /// What it caps, if it does.
    pub caps: Option<CommissionEntryId>,
    /// Why it is there; empty where line and clause say it.
    pub note: String,
    /// What its partner gets of what the line earns.
    pub part: Part,
    /// Whether whoever looks sees the customer and what it was sold: not the partners who share in
    /// another's sale.
    pub is_own: bool,
    /// When it was written, UTC.
    pub created_at: NaiveDateTime,
    /// How far it has come.
    pub status: EntryStatus,
    /// The statement it is on, and its number.
    pub statement: Option<(StatementId, String)>,
}

impl EntryRow {
    /// Whom it is about: the customer, or else what kind of entry it is.
    pub fn about(&self) -> &str {
        match self.customer_name.as_str() {
            "" => self.kind.label(),
            customer => customer,
        }
    }

    /// What it is reckoned on, to read; nothing for an entry that is not.
    pub fn on(&self) -> String {
        match self.is_plain() && self.base.is_zero() {
            true => String::new(),
            false => figure(self.base.minor(), self.base.currency().exponent()),
        }
    }

    /// Whether it pays neither a share nor by the unit.
    fn is_plain(&self) -> bool {
        !self.note.is_empty()
    }

    /// Its partner's part as a factor after the rate: " × 70 %"; empty for all of it.
    pub fn times_part(&self) -> String {
        match self.part.factor_words() {
            words if words.is_empty() => words,
            words => format!(" × {words}"),
        }
    }

    /// What it pays, to read: "20 %", or "2.50 a unit"; nothing where it is no share.
    pub fn pays(&self) -> String {
        match self.per_unit {
            _ if self.is_plain() && self.rate == Rate::default() => String::new(),
            Some(amount) => format!("{} a unit{}", amount.figure(), self.times_part()),
            None => format!("{}{}", self.rate, self.times_part()),
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = commission_entries)]
struct Row {
    id: CommissionEntryId,
    partner_id: PartnerId,
    customer_id: Option<CustomerId>,
    subscription_id: Option<SubscriptionId>,
    invoice_id: Option<InvoiceId>,
    invoice_line_id: Option<InvoiceLineId>,
    kind: String,
    source_kind: String,
    source_id: i64,
    base_minor: i64,
    rate_bps: i32,
    #[diesel(deserialize_as = Fraction)]
    exact: Ratio,
    amount_minor: i64,
    currency: String,
    paid_on: NaiveDate,
    earned_period: i32,
    posting_period: i32,
    matures_on: NaiveDate,
    reverses_id: Option<CommissionEntryId>,
    caps_id: Option<CommissionEntryId>,
    note: String,
    #[diesel(deserialize_as = PartCode)]
    part: Part,
    about: String,
    created_at: NaiveDateTime,
}

/// Entries on a closed statement.
fn stated() -> Where<commission_entries::table> {
    Box::new(exists(
        statement_lines::table
            .inner_join(
                statements::table.on(statements::tenant_id
                    .eq(statement_lines::tenant_id)
                    .and(statements::partner_id.eq(statement_lines::partner_id))
                    .and(statements::id.eq(statement_lines::statement_id))),
            )
            .filter(statement_lines::tenant_id.eq(commission_entries::tenant_id))
            .filter(statement_lines::partner_id.eq(commission_entries::partner_id))
            .filter(statement_lines::commission_entry_id.eq(commission_entries::id))
            .filter(statements::status.eq("closed"))
            .select(statement_lines::id),
    ))
}

/// Entries whose statement was paid out.
fn paid() -> Where<commission_entries::table> {
    Box::new(exists(
        statement_lines::table
            .inner_join(
                payouts::table.on(payouts::tenant_id
                    .eq(statement_lines::tenant_id)
                    .and(payouts::partner_id.eq(statement_lines::partner_id))
                    .and(payouts::statement_id.eq(statement_lines::statement_id))),
            )
            .filter(statement_lines::tenant_id.eq(commission_entries::tenant_id))
            .filter(statement_lines::partner_id.eq(commission_entries::partner_id))
            .filter(statement_lines::commission_entry_id.eq(commission_entries::id))
            .filter(payouts::status.eq("paid"))
            .select(statement_lines::id),
    ))
}

/// Entries still in their hold on a day and on no statement.
pub(super) fn held(today: NaiveDate) -> Where<commission_entries::table> {
    Box::new(not(stated()).and(commission_entries::matures_on.gt(today)))
}

/// Entries whose hold is over on a day and which are on no statement.
pub(super) fn payable(today: NaiveDate) -> Where<commission_entries::table> {
    Box::new(not(stated()).and(commission_entries::matures_on.le(today)))
}

/// Entries earned in a month, reversals among them.
pub(super) fn earned_in(period: Period) -> Where<commission_entries::table> {
    Box::new(commission_entries::earned_period.eq(period.key()))
}

/// Entries on no closed statement.
pub(super) fn unstated() -> Where<commission_entries::table> {
    Box::new(not(stated()))
}

define_sql_function! {
    /// In small letters, as the database does it.
    fn lower(text: Text) -> Text;
}

/// Entries that follow a customer whose name has this in it: the partner's own, or, where it
/// shares in another's sale, the one its entry names.
fn of_customer<S: Sees>(tx: &Tx<'_, S>, search: &str) -> Where<commission_entries::table> {
    let named = customers::table
        .filter(customers::tenant_id.eq(commission_entries::tenant_id))
        .filter(customers::id.nullable().eq(commission_entries::customer_id))
        .filter(customers::name_key.like(anywhere(search)).escape('\\'))
        .select(customers::id);
    match tx.scope().partner_id() {
        None => Box::new(exists(named)),
        Some(_) => {
            let told = lower(commission_entries::about)
                .like(anywhere(search))
                .escape('\\');
            let own = named.filter(customers::partner_id.eq(commission_entries::partner_id));
            Box::new(exists(own).or(told))
        }
    }
}

fn asked<S: Sees>(
    tx: &Tx<'_, S>,
    filter: &EntryFilter,
    today: NaiveDate,
) -> Rows<S, commission_entries::table> {
    let mut rows = S::entries(tx);
    if let Some(search) = typed(&filter.partner) {
        rows = rows.filter(whose!(commission_entries, partner, search));
    }
    if let Some(search) = typed(&filter.customer) {
        rows = rows.filter(of_customer(tx, search));
    }
    if let Some(kind) = filter.kind {
        rows = rows.filter(commission_entries::kind.eq(kind.code()));
    }
    if let Some(period) = filter.earned {
        rows = rows.filter(commission_entries::earned_period.eq(period.key()));
    }
    if let Some(period) = filter.posted {
        rows = rows.filter(commission_entries::posting_period.eq(period.key()));
    }
    if let Some(code) = typed(&filter.currency) {
        rows = rows.filter(commission_entries::currency.eq(code.to_owned()));
    }
    match filter.status {
        None | Some(EntryStatus::Offset) => rows,
        Some(EntryStatus::Held) => rows.filter(held(today)),
        Some(EntryStatus::Payable) => rows.filter(payable(today)),
        Some(EntryStatus::Stated) => rows.filter(stated()).filter(not(paid())),
        Some(EntryStatus::Paid) => rows.filter(stated()).filter(paid()),
    }
}

/// A page of the ledger, newest first. `today` is the vendor's date.
///
/// # Errors
/// Faults of the database.
pub fn page<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &EntryFilter,
    today: NaiveDate,
    from: Option<&Cursor>,
) -> Result<Page<EntryRow>> {
    let rows = asked(tx, filter, today);
    let rows = newest_first!(rows, from, commission_entries::id)
        .limit(limit_of(PAGE))
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    let page = Page::of(rows, from, PAGE, |row| (String::new(), row.id.number()));
    let rows = dressed(tx, page.rows, today)?;
    Ok(Page {
        rows,
        previous: page.previous,
        next: page.next,
    })
}

/// One row more than a page has, to know whether there is another page.
pub(super) fn limit_of(page: usize) -> i64 {
    i64::try_from(page).unwrap_or(i64::MAX).saturating_add(1)
}

/// How many entries a filter leaves.
///
/// # Errors
/// Faults of the database.
pub fn count<S: Sees>(tx: &mut Tx<'_, S>, filter: &EntryFilter, today: NaiveDate) -> Result<Count> {
    let rows = asked(tx, filter, today)
        .limit(COUNT_CAP + 1)
        .select(commission_entries::id);
    let rows: Vec<CommissionEntryId> = tx.load(rows)?;
    Ok(Count::of(rows.len()))
}

/// Every entry a filter leaves, newest first.
///
/// # Errors
/// Faults of the database.
pub fn all<S: Sees>(
    tx: &mut Tx<'_, S>,
    filter: &EntryFilter,
    today: NaiveDate,
) -> Result<Vec<EntryRow>> {
    let rows = asked(tx, filter, today)
        .order(commission_entries::id.desc())
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    dressed(tx, rows, today)
}

/// The newest entries.
///
/// # Errors
/// Faults of the database.
pub fn recent<S: Sees>(tx: &mut Tx<'_, S>, today: NaiveDate, limit: i64) -> Result<Vec<EntryRow>> {
    let rows = S::entries(tx)
        .order(commission_entries::id.desc())
        .limit(limit)
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    dressed(tx, rows, today)
}

/// The entries of an invoice, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn of_invoices<S: Sees>(
    tx: &mut Tx<'_, S>,
    invoices: Vec<InvoiceId>,
    today: NaiveDate,
) -> Result<Vec<EntryRow>> {
    let mut rows: Vec<Row> = by_ids!(tx, invoices, |some| S::entries(tx)
        .filter(commission_entries::invoice_id.eq_any(some))
        .select(Row::as_select()));
    rows.sort_by_key(|row| row.id);
    dressed(tx, rows, today)
}

/// What a partner has earned with a subscription so far, whatever brought it about.
#[derive(Debug, Clone, Default)]
pub struct EarnedWith {
    /// In all, one amount per currency.
    pub all: Vec<Money>,
    /// By invoice; what no invoice brought is left out.
    pub by_invoice: BTreeMap<InvoiceId, Money>,
}

/// What a partner has earned with a subscription: the sum of its entries.
///
/// # Errors
/// Faults of the database.
pub fn earned_with<S: Sees>(
    tx: &mut Tx<'_, S>,
    subscription: SubscriptionId,
    partner: PartnerId,
) -> Result<EarnedWith> {
    let rows = S::entries(tx)
        .filter(commission_entries::subscription_id.eq(subscription))
        .filter(commission_entries::partner_id.eq(partner))
        .select((
            commission_entries::invoice_id,
            commission_entries::currency,
            commission_entries::amount_minor,
        ));
    let rows: Vec<(Option<InvoiceId>, String, i64)> = tx.load(rows)?;
    let mut earned = EarnedWith::default();
    let mut amounts = Vec::with_capacity(rows.len());
    for (invoice, currency, minor) in rows {
        let amount = money(minor, &currency)?;
        amounts.push(amount);
        if let Some(invoice) = invoice {
            let sum = earned.by_invoice.entry(invoice);
            let sum = sum.or_insert(Money::zero(amount.currency()));
            *sum = sum.plus(amount).map_err(Error::fault)?;
        }
    }
    earned.all = Money::totals(amounts).map_err(Error::fault)?;
    Ok(earned)
}

/// The entries that some sources (allocations, refunds or credit notes) brought about, oldest
/// first.
///
/// # Errors
/// Faults of the database.
pub fn of_sources<S: Sees>(
    tx: &mut Tx<'_, S>,
    kind: &str,
    ids: Vec<i64>,
    today: NaiveDate,
) -> Result<Vec<EntryRow>> {
    let mut rows: Vec<Row> = by_ids!(tx, ids, |some| S::entries(tx)
        .filter(commission_entries::source_kind.eq(kind.to_owned()))
        .filter(commission_entries::source_id.eq_any(some))
        .select(Row::as_select()));
    rows.sort_by_key(|row| row.id);
    dressed(tx, rows, today)
}
