//! Files that were uploaded to be imported, and what their rows refer to.
use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{
    dsl::{count_star, sql},
    prelude::*,
    sql_types::BigInt,
};

use crate::{
    Error, Result,
    domain::{Money, PriceKind},
    id::{
        CommissionEntryId, CustomerId, ImportFileId, InvoiceId, PaymentId, PlanId, PlanVersionId,
    },
    store::{
        Tx, VendorScope,
        names::stored,
        paging::{Cursor, FETCH, PAGE, Page, newest_first},
        schema::{
            commission_entries, import_files, invoices, offerings, payments, plan_versions, plans,
            prices,
        },
        tx::to,
    },
};

/// A file to be kept.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Its id.
    pub id: ImportFileId,
    /// partners, customers, subscriptions or payments.
    pub kind: &'static str,
    /// As the uploader named it.
    pub file_name: String,
    /// Of its bytes, in hex.
    pub sha256: String,
    /// Its text; empty where it was refused.
    pub content: String,
    /// Rows besides the header.
    pub row_count: i32,
    /// checked or refused.
    pub status: &'static str,
    /// What checking it found, as JSON.
    pub outcome: String,
}

/// A file, without its content.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = import_files)]
pub struct File {
    /// Which.
    pub id: ImportFileId,
    /// partners, customers, subscriptions or payments.
    pub kind: String,
    /// As the uploader named it.
    pub file_name: String,
    /// Of its bytes, in hex.
    pub sha256: String,
    /// Rows besides the header.
    pub row_count: i32,
    /// checked, refused, applied or withdrawn.
    pub status: String,
    /// What checking or applying it found, as JSON.
    pub outcome: String,
    /// When it was uploaded, UTC.
    pub created_at: NaiveDateTime,
    /// When it was applied, UTC.
    pub applied_at: Option<NaiveDateTime>,
}

/// Keeps a file.
///
/// # Errors
/// Faults of the database.
pub fn insert(tx: &mut Tx<'_, VendorScope>, new: NewFile) -> Result<()> {
    let now = tx.now();
    tx.insert(
        import_files::table,
        (
            import_files::id.eq(new.id),
            import_files::kind.eq(new.kind),
            import_files::file_name.eq(new.file_name),
            import_files::sha256.eq(new.sha256),
            import_files::content.eq(new.content),
            import_files::row_count.eq(new.row_count),
            import_files::status.eq(new.status),
            import_files::outcome.eq(new.outcome),
            import_files::created_at.eq(now),
        ),
    )
}

/// One file.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), and faults of the database.
pub fn file(tx: &mut Tx<'_, VendorScope>, id: ImportFileId) -> Result<File> {
    let row = tx
        .rows(import_files::table)
        .filter(import_files::id.eq(id))
        .select(File::as_select());
    tx.one(row)
}

/// A file's text.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), and faults of the database.
pub fn content(tx: &mut Tx<'_, VendorScope>, id: ImportFileId) -> Result<String> {
    let row = tx
        .rows(import_files::table)
        .filter(import_files::id.eq(id))
        .select(import_files::content);
    tx.one(row)
}

/// One page of files, newest first.
///
/// # Errors
/// Faults of the database.
pub fn page(tx: &mut Tx<'_, VendorScope>, from: Option<&Cursor>) -> Result<Page<File>> {
    let rows = newest_first!(tx.rows(import_files::table), from, import_files::id);
    let rows: Vec<File> = tx.load(rows.limit(FETCH).select(File::as_select()))?;
    Ok(Page::of(rows, from, PAGE, |row| {
        (String::new(), row.id.number())
    }))
}

/// Marks a checked file as applied; says whether it was still only checked.
///
/// # Errors
/// Faults of the database.
pub fn mark_applied(
    tx: &mut Tx<'_, VendorScope>,
    id: ImportFileId,
    outcome: String,
) -> Result<bool> {
    let now = tx.now();
    let row = tx
        .rows_of(import_files::table)
        .filter(import_files::id.eq(id))
        .filter(import_files::status.eq("checked"));
    let changed = tx.update(
        row,
        (
            to(import_files::status, "applied"),
            to(import_files::outcome, outcome),
            to(import_files::applied_at, Some(now)),
        ),
    )?;
    Ok(changed == 1)
}

/// Marks a checked file as withdrawn and forgets its text; says whether it was still only checked.
///
/// # Errors
/// Faults of the database.
pub fn mark_withdrawn(tx: &mut Tx<'_, VendorScope>, id: ImportFileId) -> Result<bool> {
    let row = tx
        .rows_of(import_files::table)
        .filter(import_files::id.eq(id))
        .filter(import_files::status.eq("checked"));
    let gone = (
        to(import_files::status, "withdrawn"),
        to(import_files::content, ""),
    );
    Ok(tx.update(row, gone)? == 1)
}

/// Ids of this moment: what is written from now on has higher ones.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    invoice: InvoiceId,
    payment: PaymentId,
    entry: CommissionEntryId,
}

impl Mark {
    /// Of now.
    pub fn set(tx: &mut Tx<'_, VendorScope>) -> Self {
        Self {
            invoice: tx.fresh_id(),
            payment: tx.fresh_id(),
            entry: tx.fresh_id(),
        }
    }
}

/// How many, and what they come to, in one currency.
pub type Sum = (i64, Money);

/// What was written to the ledger since a mark, by currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Invoices, with tax.
    pub invoices: Vec<Sum>,
    /// Payments.
    pub payments: Vec<Sum>,
    /// Commission entries of all partners, what was taken back subtracted.
    pub entries: Vec<Sum>,
}

/// What this transaction has written since the mark.
///
/// # Errors
/// Faults of the database.
pub fn written_since(tx: &mut Tx<'_, VendorScope>, mark: Mark) -> Result<Written> {
    let invoices = tx
        .rows_of(invoices::table)
        .filter(invoices::id.gt(mark.invoice))
        .group_by(invoices::currency)
        .select((
            invoices::currency,
            count_star(),
            sql::<BigInt>("CAST(SUM(invoices.total_minor) AS BIGINT)"),
        ));
    let payments = tx
        .rows_of(payments::table)
        .filter(payments::id.gt(mark.payment))
        .group_by(payments::currency)
        .select((
            payments::currency,
            count_star(),
            sql::<BigInt>("CAST(SUM(payments.amount_minor) AS BIGINT)"),
        ));
    let entries = tx
        .rows_of(commission_entries::table)
        .filter(commission_entries::id.gt(mark.entry))
        .group_by(commission_entries::currency)
        .select((
            commission_entries::currency,
            count_star(),
            sql::<BigInt>("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
        ));
    Ok(Written {
        invoices: sums(tx.load(invoices)?)?,
        payments: sums(tx.load(payments)?)?,
        entries: sums(tx.load(entries)?)?,
    })
}

fn sums(mut rows: Vec<(String, i64, i64)>) -> Result<Vec<Sum>> {
    rows.sort();
    let read = |(currency, count, minor): (String, i64, i64)| {
        let currency = currency.parse().map_err(Error::fault)?;
        Ok((count, Money::new(minor, currency)))
    };
    rows.into_iter().map(read).collect()
}

/// A plan as a file names it.
#[derive(Debug, Clone, Copy)]
pub struct PlanByCode {
    /// Which.
    pub plan: PlanId,
    /// Its published version, while its offering can be sold.
    pub sold: Option<PlanVersionId>,
    /// Whether a price of that version goes by the units that are subscribed to.
    pub takes_units: bool,
}

/// Every plan of the vendor by its code.
///
/// # Errors
/// Faults of the database.
pub fn plans_by_code(tx: &mut Tx<'_, VendorScope>) -> Result<BTreeMap<String, PlanByCode>> {
    let rows = tx.joined(plans::table, offerings::table).select((
        plans::id,
        plans::code,
        offerings::status,
    ));
    let rows: Vec<(PlanId, String, String)> = tx.load(rows)?;
    let published = tx
        .rows(plan_versions::table)
        .filter(plan_versions::status.eq("published"))
        .select((plan_versions::plan_id, plan_versions::id));
    let published: BTreeMap<PlanId, PlanVersionId> = tx.load(published)?.into_iter().collect();
    let units = takes_units(tx)?;
    let by_code = |(plan, code, status): (PlanId, String, String)| {
        let sold = published
            .get(&plan)
            .copied()
            .filter(|_| status == "published");
        let by_code = PlanByCode {
            plan,
            sold,
            takes_units: sold.is_some_and(|version| units.contains(&version)),
        };
        (code, by_code)
    };
    Ok(rows.into_iter().map(by_code).collect())
}

/// The plan versions of which a price goes by the units that are subscribed to: what no meter counts
/// and is not the same for any number of them.
fn takes_units(tx: &mut Tx<'_, VendorScope>) -> Result<BTreeSet<PlanVersionId>> {
    let rows = tx
        .rows(prices::table)
        .filter(prices::meter.is_null())
        .filter(prices::kind.ne_all([PriceKind::Flat.code(), PriceKind::OneOff.code()]))
        .select(prices::plan_version_id);
    Ok(tx.load(rows)?.into_iter().collect())
}

/// The plan of every plan version.
///
/// # Errors
/// Faults of the database.
pub fn plan_of_versions(tx: &mut Tx<'_, VendorScope>) -> Result<BTreeMap<PlanVersionId, PlanId>> {
    let rows = tx
        .rows(plan_versions::table)
        .select((plan_versions::id, plan_versions::plan_id));
    Ok(tx.load(rows)?.into_iter().collect())
}

/// An invoice as a payment refers to it.
#[derive(Debug, Clone)]
pub struct InvoiceByNumber {
    /// Whose it is.
    pub customer: CustomerId,
    /// ISO 4217 code of its amounts.
    pub currency: String,
}

/// The invoices with these numbers.
///
/// # Errors
/// Faults of the database.
pub fn invoices_by_number(
    tx: &mut Tx<'_, VendorScope>,
    numbers: &[String],
) -> Result<BTreeMap<String, InvoiceByNumber>> {
    let mut found = BTreeMap::new();
    for chunk in numbers.chunks(500) {
        let rows = tx
            .rows(invoices::table)
            .filter(invoices::number.eq_any(chunk.to_vec()))
            .select((invoices::number, invoices::customer_id, invoices::currency));
        let rows: Vec<(String, CustomerId, String)> = tx.load(rows)?;
        found.extend(
            rows.into_iter().map(|(number, customer, currency)| {
                (number, InvoiceByNumber { customer, currency })
            }),
        );
    }
    Ok(found)
}

/// A payment as a file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPayment {
    /// What other systems call it.
    pub external_id: String,
    /// Who paid.
    pub customer: CustomerId,
    /// For which invoice, where one was named.
    pub invoice_number: Option<String>,
    /// When it came in, in the vendor's zone.
    pub received_on: NaiveDate,
    /// How much.
    pub amount: Money,
}

type PaymentRow = (String, CustomerId, Option<String>, NaiveDate, String, i64);

/// The payments with these external ids.
///
/// # Errors
/// Faults of the database.
pub fn payments_by_external_id(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[String],
) -> Result<Vec<KnownPayment>> {
    let mut found: Vec<PaymentRow> = Vec::new();
    for chunk in ids.chunks(500) {
        let rows = tx
            .rows(payments::table)
            .filter(payments::external_id.eq_any(chunk.to_vec()))
            .select((
                payments::external_id,
                payments::customer_id,
                payments::invoice_number,
                payments::received_on,
                payments::currency,
                payments::amount_minor,
            ));
        found.extend(tx.load::<PaymentRow, _>(rows)?);
    }
    found.into_iter().map(known_payment).collect()
}

fn known_payment(row: PaymentRow) -> Result<KnownPayment> {
    let (external_id, customer, invoice_number, received_on, currency, minor) = row;
    Ok(KnownPayment {
        external_id,
        customer,
        invoice_number,
        received_on,
        amount: Money::new(minor, stored(&currency)?),
    })
}
