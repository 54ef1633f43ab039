//! Partners on record.
use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::{
    Error, Result,
    domain::{CountryCode, PartnerStatus, PartnerType, Slug, StatementDelivery},
    id::PartnerId,
    store::{
        Scope, Tx, VendorScope, Visible,
        names::{anywhere, name_key, stored},
        revenue::ASKED_AT_ONCE,
        schema::partners,
        tx::to,
    },
};

/// A partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// Which.
    pub id: PartnerId,
    /// What the vendor's other systems call it.
    pub external_id: String,
    /// Its part of web addresses; never changes.
    pub slug: Slug,
    /// What people call it.
    pub name: String,
    /// As on documents.
    pub legal_name: String,
    /// Lines of its postal address.
    pub address: String,
    /// Where it is.
    pub country: CountryCode,
    /// How it does business.
    pub partner_type: PartnerType,
    /// Where statements go; empty for nowhere.
    pub statement_email: String,
    /// How statements go there.
    pub delivery: StatementDelivery,
    /// Whether it is in the programme.
    pub status: PartnerStatus,
    /// The day it left, where it has.
    pub left_on: Option<NaiveDate>,
    /// Since when it is on record, UTC.
    pub created_at: NaiveDateTime,
    /// Rises with every edit.
    pub version: i32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = partners)]
pub(super) struct Row {
    pub(super) id: PartnerId,
    external_id: String,
    slug: String,
    pub(super) name: String,
    legal_name: String,
    address: String,
    country: String,
    partner_type: String,
    statement_email: String,
    statement_delivery: String,
    status: String,
    created_at: NaiveDateTime,
    version: i32,
    left_on: Option<NaiveDate>,
}

impl Row {
    pub(super) fn read(self) -> Result<Partner> {
        Ok(Partner {
            id: self.id,
            slug: stored(&self.slug)?,
            country: stored(&self.country)?,
            partner_type: stored(&self.partner_type)?,
            delivery: stored(&self.statement_delivery)?,
            status: stored(&self.status)?,
            external_id: self.external_id,
            name: self.name,
            legal_name: self.legal_name,
            address: self.address,
            statement_email: self.statement_email,
            created_at: self.created_at,
            version: self.version,
            left_on: self.left_on,
        })
    }
}

/// One partner. A partner's own people find theirs and no other.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), and faults of the database.
pub fn partner<S: Scope>(tx: &mut Tx<'_, S>, id: PartnerId) -> Result<Partner>
where
    partners::table: Visible<S>,
{
    let row = tx
        .rows(partners::table)
        .filter(partners::id.eq(id))
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    row.read()
}

/// The partners with these external ids.
///
/// # Errors
/// Faults of the database.
pub fn by_external_ids(tx: &mut Tx<'_, VendorScope>, ids: &[String]) -> Result<Vec<Partner>> {
    let mut found = Vec::new();
    for chunk in ids.chunks(500) {
        let rows = tx
            .rows(partners::table)
            .filter(partners::external_id.eq_any(chunk.to_vec()))
            .select(Row::as_select());
        let rows: Vec<Row> = tx.load(rows)?;
        found.extend(rows);
    }
    found.into_iter().map(Row::read).collect()
}

/// Names of some partners, for lists of what is theirs.
///
/// # Errors
/// Faults of the database.
pub fn names<S: Scope>(tx: &mut Tx<'_, S>, ids: &[PartnerId]) -> Result<Vec<(PartnerId, String)>>
where
    partners::table: Visible<S>,
{
    let rows = tx
        .rows(partners::table)
        .filter(partners::id.eq_any(ids.to_vec()))
        .select((partners::id, partners::name));
    tx.load(rows)
}

/// Those of these partners whose statements have no address to go to, by name.
///
/// # Errors
/// Faults of the database.
pub fn unaddressed(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[PartnerId],
) -> Result<Vec<(PartnerId, String)>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(partners::table)
            .filter(partners::id.eq_any(some.to_vec()))
            .filter(partners::statement_email.eq(""))
            .select((partners::id, partners::name));
        found.extend(tx.load::<(PartnerId, String), _>(rows)?);
    }
    found.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(found)
}

/// Every active partner by name, for a form's list of choices; at most `limit`.
///
/// # Errors
/// Faults of the database.
pub fn choices(tx: &mut Tx<'_, VendorScope>, limit: i64) -> Result<Vec<(PartnerId, String)>> {
    let rows = tx
        .rows(partners::table)
        .filter(partners::status.eq(PartnerStatus::Active.code()))
        .order((partners::name_key, partners::id))
        .limit(limit)
        .select((partners::id, partners::name));
    tx.load(rows)
}

/// The partner that a field names: by its id, its code (external id or address), its whole name, or
/// a part of the name that no other has.
///
/// # Errors
/// [`Error::Invalid`] on `partner` where none is called that, or several; faults of the database.
pub fn called(tx: &mut Tx<'_, VendorScope>, typed: &str) -> Result<(PartnerId, String)> {
    let typed = typed.trim();
    let by_id = typed.parse::<PartnerId>().ok();
    if let Some(found) = by_id.map(|id| names(tx, &[id])).transpose()? {
        return only(found, typed);
    }
    let code = partners::external_id
        .eq(typed.to_owned())
        .or(partners::slug.eq(typed.to_owned()));
    let rows = tx.rows(partners::table).filter(code);
    let by_code: Vec<(PartnerId, String)> = tx.load(rows.select((partners::id, partners::name)))?;
    let named = tx
        .rows(partners::table)
        .filter(partners::name_key.eq(name_key(typed)));
    let by_name = named.limit(FEW).select((partners::id, partners::name));
    let by_name: Vec<(PartnerId, String)> = tx.load(by_name)?;
    let alike = tx
        .rows(partners::table)
        .filter(partners::name_key.like(anywhere(typed)).escape('\\'))
        .order((partners::name_key, partners::id));
    let alike = alike.limit(FEW).select((partners::id, partners::name));
    let alike: Vec<(PartnerId, String)> = tx.load(alike)?;
    let tries = [by_code, by_name, alike];
    let found = tries.into_iter().find(|found| !found.is_empty());
    only(found.unwrap_or_default(), typed)
}

/// How many of those that fit are looked at, and named.
const FEW: i64 = 4;

fn only(mut found: Vec<(PartnerId, String)>, typed: &str) -> Result<(PartnerId, String)> {
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(Error::on("partner", "No partner is called that.")),
        (Some(last), false) => {
            found.push(last);
            let names: Vec<String> = found.into_iter().map(|(_, name)| name).collect();
            let why = format!(
                "Several partners fit “{typed}”, such as {}. Give the whole name, or the external id of one.",
                names.join(", ")
            );
            Err(Error::on("partner", why))
        }
    }
}

/// What a field says for a partner, so that [`called`] finds the same one again: its name, or its
/// external id where another has that name too.
///
/// # Errors
/// Faults of the database.
pub fn calling(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<String> {
    let one = partner(tx, id)?;
    let namesakes = tx
        .rows(partners::table)
        .filter(partners::name_key.eq(name_key(&one.name)))
        .limit(2)
        .select(partners::id);
    let namesakes: Vec<PartnerId> = tx.load(namesakes)?;
    Ok(match namesakes.len() {
        1 => one.name,
        _ => one.external_id,
    })
}

/// The countries partners are in.
///
/// # Errors
/// Faults of the database.
pub fn countries(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<String>> {
    let rows = tx
        .rows_of(partners::table)
        .group_by(partners::country)
        .order(partners::country)
        .select(partners::country);
    tx.load(rows)
}

/// Slugs that are taken and begin like this.
///
/// # Errors
/// Faults of the database.
pub fn slugs_like(tx: &mut Tx<'_, VendorScope>, beginning: &str) -> Result<Vec<String>> {
    // A slug has no character that a pattern would misread.
    let rows = tx
        .rows(partners::table)
        .filter(partners::slug.like(format!("{beginning}%")))
        .select(partners::slug);
    tx.load(rows)
}

/// The partner with this slug.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), and faults of the database.
pub fn with_slug(tx: &mut Tx<'_, VendorScope>, slug: &Slug) -> Result<PartnerId> {
    let row = tx
        .rows(partners::table)
        .filter(partners::slug.eq(slug.to_string()))
        .select(partners::id);
    tx.one(row)
}

type NewRow = (
    diesel::dsl::Eq<partners::id, PartnerId>,
    diesel::dsl::Eq<partners::external_id, String>,
    diesel::dsl::Eq<partners::slug, String>,
    diesel::dsl::Eq<partners::name, String>,
    diesel::dsl::Eq<partners::name_key, String>,
    diesel::dsl::Eq<partners::legal_name, String>,
    diesel::dsl::Eq<partners::address, String>,
    diesel::dsl::Eq<partners::country, String>,
    diesel::dsl::Eq<partners::partner_type, &'static str>,
    diesel::dsl::Eq<partners::statement_email, String>,
    diesel::dsl::Eq<partners::statement_delivery, &'static str>,
    diesel::dsl::Eq<partners::status, &'static str>,
    diesel::dsl::Eq<partners::created_at, NaiveDateTime>,
    diesel::dsl::Eq<partners::version, i32>,
    diesel::dsl::Eq<partners::left_on, Option<NaiveDate>>,
);

fn new_row(new: &Partner) -> NewRow {
    (
        partners::id.eq(new.id),
        partners::external_id.eq(new.external_id.clone()),
        partners::slug.eq(new.slug.to_string()),
        partners::name.eq(new.name.clone()),
        partners::name_key.eq(name_key(&new.name)),
        partners::legal_name.eq(new.legal_name.clone()),
        partners::address.eq(new.address.clone()),
        partners::country.eq(new.country.to_string()),
        partners::partner_type.eq(new.partner_type.code()),
        partners::statement_email.eq(new.statement_email.clone()),
        partners::statement_delivery.eq(new.delivery.code()),
        partners::status.eq(new.status.code()),
        partners::created_at.eq(new.created_at),
        partners::version.eq(new.version),
        partners::left_on.eq(new.left_on),
    )
}

/// New partners, many at once.
///
/// # Errors
/// Faults of the database, an external id or slug that is taken among them.
pub fn insert_all(tx: &mut Tx<'_, VendorScope>, new: &[Partner]) -> Result<()> {
    tx.insert_all(partners::table, new.iter().map(new_row))?;
    Ok(())
}

/// Writes a partner over its older self, if that still is at `version`; says whether it was.
/// External id and slug stay.
///
/// # Errors
/// Faults of the database.
pub fn update(tx: &mut Tx<'_, VendorScope>, new: &Partner) -> Result<bool> {
    let row = tx
        .rows_of(partners::table)
        .filter(partners::id.eq(new.id))
        .filter(partners::version.eq(new.version));
    let named = (
        to(partners::name, new.name.clone()),
        to(partners::name_key, name_key(&new.name)),
        to(partners::legal_name, new.legal_name.clone()),
        to(partners::address, new.address.clone()),
        to(partners::country, new.country.to_string()),
    );
    let changed = tx.update(
        row,
        (
            named,
            to(partners::partner_type, new.partner_type.code()),
            to(partners::statement_email, new.statement_email.clone()),
            to(partners::statement_delivery, new.delivery.code()),
            to(partners::status, new.status.code()),
            to(partners::left_on, new.left_on),
            to(partners::version, new.version + 1),
        ),
    )?;
    Ok(changed == 1)
}
