//! Customers: the register for either side, and one record.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    Result,
    domain::{CountryCode, Rate, TaxCategory},
    error::Error,
    id::{CustomerId, PartnerId},
    store::{
        Scope, Tx, VendorScope, Visible,
        names::{anywhere, name_key, stored, typed},
        paging::{COUNT_CAP, Count, Cursor, FETCH, PAGE, Page, by_key, newest_first},
        schema::customers,
        tx::{Boxed, Scoped, to},
    },
};

/// An end customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Which.
    pub id: CustomerId,
    /// Its partner of record; never changes.
    pub partner: PartnerId,
    /// What other systems call it.
    pub external_id: String,
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub country: CountryCode,
    /// The tax on its invoices, where its category says so.
    pub tax: Rate,
    /// By which rule its invoices are taxed.
    pub tax_category: TaxCategory,
    /// Its VAT id; empty for none.
    pub vat_id: String,
    /// Since when it is on record, UTC.
    pub created_at: NaiveDateTime,
    /// Rises with every edit.
    pub version: i32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = customers)]
struct Row {
    id: CustomerId,
    partner_id: PartnerId,
    external_id: String,
    name: String,
    country: String,
    tax_bps: i32,
    created_at: NaiveDateTime,
    version: i32,
    tax_category: String,
    vat_id: String,
}

impl Row {
    fn read(self) -> Result<Customer> {
        Ok(Customer {
            id: self.id,
            partner: self.partner_id,
            country: stored(&self.country)?,
            tax: Rate::from_bps(self.tax_bps).map_err(Error::fault)?,
            tax_category: stored(&self.tax_category)?,
            vat_id: self.vat_id,
            external_id: self.external_id,
            name: self.name,
            created_at: self.created_at,
            version: self.version,
        })
    }
}

/// What the register is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Part of a name, or a whole external id; empty for any.
    pub search: String,
    /// Only customers of this partner.
    pub partner: Option<PartnerId>,
    /// Only those in this country.
    pub country: Option<CountryCode>,
}

/// The order of the register.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// By name.
    #[default]
    Name,
    /// Newest first.
    Newest,
}

fn narrowed<S: Scope>(tx: &Tx<'_, S>, filter: &Filter) -> Scoped<S, Boxed<customers::table>>
where
    customers::table: Visible<S>,
{
    let mut rows = tx.rows(customers::table);
    if let Some(search) = typed(&filter.search) {
        let named = customers::name_key.like(anywhere(search)).escape('\\');
        rows = rows.filter(named.or(customers::external_id.eq(search.to_owned())));
    }
    if let Some(partner) = filter.partner {
        rows = rows.filter(customers::partner_id.eq(partner));
    }
    if let Some(country) = &filter.country {
        rows = rows.filter(customers::country.eq(country.to_string()));
    }
    rows
}

/// One page of the customers a scope may see.
///
/// # Errors
/// Faults of the database.
pub fn page<S: Scope>(
    tx: &mut Tx<'_, S>,
    filter: &Filter,
    sort: Sort,
    from: Option<&Cursor>,
) -> Result<Page<Customer>>
where
    customers::table: Visible<S>,
{
    let rows = narrowed(tx, filter);
    let rows = match sort {
        Sort::Name => by_key!(rows, from, customers::name_key, customers::id),
        Sort::Newest => newest_first!(rows, from, customers::id),
    };
    let rows: Vec<Row> = tx.load(rows.limit(FETCH).select(Row::as_select()))?;
    let place = |row: &Row| match sort {
        Sort::Name => (name_key(&row.name), row.id.number()),
        Sort::Newest => (String::new(), row.id.number()),
    };
    Page::of(rows, from, PAGE, place).try_map(Row::read)
}

/// How many customers a filter leaves.
///
/// # Errors
/// Faults of the database.
pub fn count<S: Scope>(tx: &mut Tx<'_, S>, filter: &Filter) -> Result<Count>
where
    customers::table: Visible<S>,
{
    let ids = narrowed(tx, filter)
        .limit(COUNT_CAP + 1)
        .select(customers::id);
    let ids: Vec<CustomerId> = tx.load(ids)?;
    Ok(Count::of(ids.len()))
}

/// One customer.
///
/// # Errors
/// [`Error::NotFound`], and faults of the database.
pub fn customer<S: Scope>(tx: &mut Tx<'_, S>, id: CustomerId) -> Result<Customer>
where
    customers::table: Visible<S>,
{
    let row = tx
        .rows(customers::table)
        .filter(customers::id.eq(id))
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    row.read()
}

/// Names of some customers, for lists of what is theirs.
///
/// # Errors
/// Faults of the database.
pub fn names<S: Scope>(tx: &mut Tx<'_, S>, ids: &[CustomerId]) -> Result<Vec<(CustomerId, String)>>
where
    customers::table: Visible<S>,
{
    let rows = tx
        .rows(customers::table)
        .filter(customers::id.eq_any(ids.to_vec()))
        .select((customers::id, customers::name));
    tx.load(rows)
}

/// The customers with these external ids.
///
/// # Errors
/// Faults of the database.
pub fn by_external_ids(tx: &mut Tx<'_, VendorScope>, ids: &[String]) -> Result<Vec<Customer>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(500) {
        let rows = tx
            .rows(customers::table)
            .filter(customers::external_id.eq_any(chunk.to_vec()))
            .select(Row::as_select());
        let rows: Vec<Row> = tx.load(rows)?;
        found.extend(rows);
    }
    found.into_iter().map(Row::read).collect()
}

type NewRow = (
    diesel::dsl::Eq<customers::id, CustomerId>,
    diesel::dsl::Eq<customers::partner_id, PartnerId>,
    diesel::dsl::Eq<customers::external_id, String>,
    diesel::dsl::Eq<customers::name, String>,
    diesel::dsl::Eq<customers::name_key, String>,
    diesel::dsl::Eq<customers::country, String>,
    diesel::dsl::Eq<customers::tax_bps, i32>,
    diesel::dsl::Eq<customers::created_at, NaiveDateTime>,
    diesel::dsl::Eq<customers::version, i32>,
    diesel::dsl::Eq<customers::tax_category, String>,
    diesel::dsl::Eq<customers::vat_id, String>,
);

fn new_row(new: &Customer) -> NewRow {
    (
        customers::id.eq(new.id),
        customers::partner_id.eq(new.partner),
        customers::external_id.eq(new.external_id.clone()),
        customers::name.eq(new.name.clone()),
        customers::name_key.eq(name_key(&new.name)),
        customers::country.eq(new.country.to_string()),
        customers::tax_bps.eq(new.tax.bps()),
        customers::created_at.eq(new.created_at),
        customers::version.eq(new.version),
        customers::tax_category.eq(new.tax_category.code().to_owned()),
        customers::vat_id.eq(new.vat_id.clone()),
    )
}

/// New customers, many at once.
///
/// # Errors
/// Faults of the database, an external id that is taken among them.
pub fn insert_all(tx: &mut Tx<'_, VendorScope>, new: &[Customer]) -> Result<()> {
    tx.insert_all(customers::table, new.iter().map(new_row))?;
    Ok(())
}

/// Writes a customer over its older self, if that still is at `version`; says whether it was.
/// External id and partner stay.
///
/// # Errors
/// Faults of the database.
pub fn update(tx: &mut Tx<'_, VendorScope>, new: &Customer) -> Result<bool> {
    let row = tx
        .rows_of(customers::table)
        .filter(customers::id.eq(new.id))
        .filter(customers::version.eq(new.version));
    let changed = tx.update(
        row,
        (
            to(customers::name, new.name.clone()),
            to(customers::name_key, name_key(&new.name)),
            to(customers::country, new.country.to_string()),
            to(customers::tax_bps, new.tax.bps()),
            to(customers::tax_category, new.tax_category.code()),
            to(customers::vat_id, new.vat_id.clone()),
            to(customers::version, new.version + 1),
        ),
    )?;
    Ok(changed == 1)
}
