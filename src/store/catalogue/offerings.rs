//! Offerings: the register, the shelf that partners see, and one record.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    Result,
    domain::{DeliveryParty, OfferingStatus},
    id::{OfferingId, SlaPolicyId},
    store::{
        Scope, Tx, VendorScope, Visible,
        names::{anywhere, name_key, stored, typed},
        paging::{COUNT_CAP, Count, Cursor, FETCH, PAGE, Page, by_key},
        schema::offerings,
        tx::{Boxed, Scoped, to},
    },
};

/// An offering.
#[derive(Debug, Clone)]
pub struct Offering {
    /// Which.
    pub id: OfferingId,
    /// What it is called.
    pub name: String,
    /// In the vendor's own words.
    pub category: String,
    /// What it is.
    pub summary: String,
    /// Who delivers it.
    pub delivery: DeliveryParty,
    /// The service level it comes with.
    pub sla_policy: Option<SlaPolicyId>,
    /// Where it is in its life.
    pub status: OfferingStatus,
    /// Since when it is on record, UTC.
    pub created_at: NaiveDateTime,
    /// Since when partners see it, UTC.
    pub published_at: Option<NaiveDateTime>,
    /// Rises with every edit.
    pub version: i32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = offerings)]
struct Row {
    id: OfferingId,
    name: String,
    category: String,
    summary: String,
    delivery_party: String,
    sla_policy_id: Option<SlaPolicyId>,
    status: String,
    created_at: NaiveDateTime,
    published_at: Option<NaiveDateTime>,
    version: i32,
}

impl Row {
    fn read(self) -> Result<Offering> {
        Ok(Offering {
            id: self.id,
            delivery: stored(&self.delivery_party)?,
            status: stored(&self.status)?,
            name: self.name,
            category: self.category,
            summary: self.summary,
            sla_policy: self.sla_policy_id,
            created_at: self.created_at,
            published_at: self.published_at,
            version: self.version,
        })
    }
}

/// What a list of offerings is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Part of a name; empty for any.
    pub search: String,
    /// Only these.
    pub status: Option<OfferingStatus>,
}

fn narrowed<S: Scope>(tx: &Tx<'_, S>, filter: &Filter) -> Scoped<S, Boxed<offerings::table>>
where
    offerings::table: Visible<S>,
{
    let mut rows = tx.rows(offerings::table);
    if let Some(search) = typed(&filter.search) {
        rows = rows.filter(offerings::name_key.like(anywhere(search)).escape('\\'));
    }
    if let Some(status) = filter.status {
        rows = rows.filter(offerings::status.eq(status.code()));
    }
    rows
}

fn page<S: Scope>(
    tx: &mut Tx<'_, S>,
    rows: Scoped<S, Boxed<offerings::table>>,
    from: Option<&Cursor>,
) -> Result<Page<Offering>> {
    let rows = by_key!(rows, from, offerings::name_key, offerings::id);
    let rows = rows.limit(FETCH).select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    Page::of(rows, from, PAGE, |row| {
        (name_key(&row.name), row.id.number())
    })
    .try_map(Row::read)
}

/// One page of the vendor's offerings, drafts among them, by name.
///
/// # Errors
/// Faults of the database.
pub fn register(
    tx: &mut Tx<'_, VendorScope>,
    filter: &Filter,
    from: Option<&Cursor>,
) -> Result<Page<Offering>> {
    let rows = narrowed(tx, filter);
    page(tx, rows, from)
}

/// How many offerings a filter leaves.
///
/// # Errors
/// Faults of the database.
pub fn count(tx: &mut Tx<'_, VendorScope>, filter: &Filter) -> Result<Count> {
    let ids = narrowed(tx, filter)
        .limit(COUNT_CAP + 1)
        .select(offerings::id);
    let ids: Vec<OfferingId> = tx.load(ids)?;
    Ok(Count::of(ids.len()))
}

/// One page of what partners can sell now, by name.
///
/// # Errors
/// Faults of the database.
pub fn shelf<S: Scope>(
    tx: &mut Tx<'_, S>,
    search: &str,
    from: Option<&Cursor>,
) -> Result<Page<Offering>>
where
    offerings::table: Visible<S>,
{
    let filter = Filter {
        search: search.to_owned(),
        status: Some(OfferingStatus::Published),
    };
    let rows = narrowed(tx, &filter);
    page(tx, rows, from)
}

/// An offering partners can sell now.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound) for any other, and faults of the database.
pub fn on_shelf<S: Scope>(tx: &mut Tx<'_, S>, id: OfferingId) -> Result<Offering>
where
    offerings::table: Visible<S>,
{
    let filter = Filter {
        status: Some(OfferingStatus::Published),
        ..Filter::default()
    };
    let row = narrowed(tx, &filter)
        .filter(offerings::id.eq(id))
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    row.read()
}

/// One offering.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), and faults of the database.
pub fn offering(tx: &mut Tx<'_, VendorScope>, id: OfferingId) -> Result<Offering> {
    let row = tx
        .rows(offerings::table)
        .filter(offerings::id.eq(id))
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    row.read()
}

/// The offering with a name, however it is written.
///
/// # Errors
/// Faults of the database.
pub fn named(tx: &mut Tx<'_, VendorScope>, name: &str) -> Result<Option<OfferingId>> {
    let row = tx
        .rows(offerings::table)
        .filter(offerings::name_key.eq(name_key(name)))
        .select(offerings::id);
    tx.first(row)
}

/// What every offering is called, by name.
///
/// # Errors
/// Faults of the database.
pub fn names(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<(OfferingId, String)>> {
    let rows = tx
        .rows(offerings::table)
        .order((offerings::name, offerings::id))
        .select((offerings::id, offerings::name));
    tx.load(rows)
}

/// A new offering.
///
/// # Errors
/// Faults of the database, a name that is taken among them.
pub fn insert(tx: &mut Tx<'_, VendorScope>, new: &Offering) -> Result<()> {
    tx.insert(
        offerings::table,
        (
            offerings::id.eq(new.id),
            offerings::name.eq(new.name.clone()),
            offerings::name_key.eq(name_key(&new.name)),
            offerings::category.eq(new.category.clone()),
            offerings::summary.eq(new.summary.clone()),
            offerings::delivery_party.eq(new.delivery.code()),
            offerings::sla_policy_id.eq(new.sla_policy),
            offerings::status.eq(new.status.code()),
            offerings::created_at.eq(new.created_at),
            offerings::published_at.eq(new.published_at),
            offerings::version.eq(new.version),
        ),
    )
}

/// Writes an offering over its older self, if that still is at `version`; says whether it was.
///
/// # Errors
/// Faults of the database, a name that is taken among them.
pub fn update(tx: &mut Tx<'_, VendorScope>, new: &Offering) -> Result<bool> {
    let row = tx
        .rows_of(offerings::table)
        .filter(offerings::id.eq(new.id))
        .filter(offerings::version.eq(new.version));
    let changed = tx.update(
        row,
        (
            to(offerings::name, new.name.clone()),
            to(offerings::name_key, name_key(&new.name)),
            to(offerings::category, new.category.clone()),
            to(offerings::summary, new.summary.clone()),
            to(offerings::delivery_party, new.delivery.code()),
            to(offerings::sla_policy_id, new.sla_policy),
            to(offerings::status, new.status.code()),
            to(offerings::published_at, new.published_at),
            to(offerings::version, new.version + 1),
        ),
    )?;
    Ok(changed == 1)
}
