//! Deals that partners register: written down, decided, won.
use std::collections::{HashMap, HashSet};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use crate::{
    Result,
    domain::{DealStatus, deal::CustomerMark, deal::protects},
    id::{CustomerId, DealRegistrationId, OfferingId, PartnerId, SubscriptionId, UserId},
    store::{
        PartnerScope, Tx, VendorScope,
        columns::Coded,
        names::name_key,
        recruit::partners,
        schema::{customers, deal_registrations},
        tx::to,
    },
};

/// A deal that a partner registered.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = deal_registrations)]
pub struct DealRegistration {
    /// Which.
    pub id: DealRegistrationId,
    /// Whose.
    pub partner_id: PartnerId,
    /// What is to be sold.
    pub offering_id: OfferingId,
    /// To whom, as typed.
    pub customer_name: String,
    /// Its website or address, as typed; empty where neither is known.
    pub web: String,
    /// Its name in the spelling it is told from others by.
    pub name_mark: String,
    /// Its website or mail domain in that spelling.
    pub web_mark: String,
    /// Its VAT id; empty where it is not known.
    pub vat_id: String,
    /// Expected units.
    pub quantity: i32,
    /// The day the partner expects the sale to begin.
    pub expected_on: NaiveDate,
    /// What the partner says about it.
    pub note: String,
    /// How far it has come.
    #[diesel(deserialize_as = Coded<DealStatus>)]
    pub status: DealStatus,
    /// The last day of its protection, once it has one.
    pub protected_until: Option<NaiveDate>,
    /// Who registered it.
    pub submitted_by: UserId,
    /// Their name then.
    pub submitter: String,
    /// When, UTC.
    pub submitted_at: NaiveDateTime,
    /// Who decided; empty while nobody has.
    pub decider: String,
    /// When, UTC.
    pub decided_at: Option<NaiveDateTime>,
    /// What they said; for the partner.
    pub answer: String,
    /// The sale it became.
    pub subscription_id: Option<SubscriptionId>,
    /// Rises with every change.
    pub version: i32,
}

impl DealRegistration {
    /// What tells its customer from others.
    pub fn mark(&self) -> CustomerMark {
        CustomerMark {
            name: self.name_mark.clone(),
            web: self.web_mark.clone(),
            vat_id: self.vat_id.clone(),
        }
    }

    /// Whether it still claims the customer on a day: undecided, or protected then.
    pub fn is_live(&self, today: NaiveDate) -> bool {
        match self.status {
            DealStatus::Submitted => true,
            DealStatus::Approved => self.protects_on(today),
            _ => false,
        }
    }

    /// Whether a sale that becomes active on a day is the registered one.
    pub fn protects_on(&self, day: NaiveDate) -> bool {
        let until = self.protected_until;
        until.is_some_and(|last| protects(self.status, last, day))
    }
}

/// A deal as a partner registers it.
#[derive(Debug, Clone)]
pub struct NewDeal {
    /// Which it will be.
    pub id: DealRegistrationId,
    /// What is to be sold.
    pub offering: OfferingId,
    /// To whom.
    pub customer_name: String,
    /// Its website or address.
    pub web: String,
    /// What tells it from others.
    pub mark: CustomerMark,
    /// Expected units.
    pub quantity: i32,
    /// The day the sale is expected to begin.
    pub expected_on: NaiveDate,
    /// What the partner says about it.
    pub note: String,
    /// Who registers it.
    pub submitted_by: UserId,
    /// Their name.
    pub submitter: String,
}

/// Writes a registration down; it waits for a decision.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, PartnerScope>, new: NewDeal) -> Result<()> {
    let now = tx.now();
    let submitted = (
        deal_registrations::status.eq(DealStatus::Submitted.code()),
        deal_registrations::submitted_by.eq(new.submitted_by),
        deal_registrations::submitter.eq(new.submitter),
        deal_registrations::submitted_at.eq(now),
        deal_registrations::decider.eq(String::new()),
        deal_registrations::answer.eq(String::new()),
        deal_registrations::version.eq(1),
    );
    let customer = (
        deal_registrations::name_key.eq(name_key(&new.customer_name)),
        deal_registrations::customer_name.eq(new.customer_name),
        deal_registrations::web.eq(new.web),
        deal_registrations::name_mark.eq(new.mark.name),
        deal_registrations::web_mark.eq(new.mark.web),
        deal_registrations::vat_id.eq(new.mark.vat_id),
    );
    let sale = (
        deal_registrations::id.eq(new.id),
        deal_registrations::offering_id.eq(new.offering),
        deal_registrations::quantity.eq(new.quantity),
        deal_registrations::expected_on.eq(new.expected_on),
        deal_registrations::note.eq(new.note),
    );
    tx.insert(deal_registrations::table, (sale, customer, submitted))
}

/// One registration, on the vendor's side.
///
/// # Errors
/// [`crate::Error::NotFound`] where there is none.
pub fn one(tx: &mut Tx<'_, VendorScope>, id: DealRegistrationId) -> Result<DealRegistration> {
    let row = tx
        .rows(deal_registrations::table)
        .filter(deal_registrations::id.eq(id))
        .select(DealRegistration::as_select());
    tx.one(row)
}

/// Every registration, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<DealRegistration>> {
    let rows = tx
        .rows(deal_registrations::table)
        .order(deal_registrations::id)
        .select(DealRegistration::as_select());
    tx.load(rows)
}

/// Writes what became of a registration that still is at `version`; says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn change(tx: &mut Tx<'_, VendorScope>, new: &DealRegistration) -> Result<bool> {
    let row = tx
        .rows_of(deal_registrations::table)
        .filter(deal_registrations::id.eq(new.id))
        .filter(deal_registrations::version.eq(new.version));
    let changed = tx.update(
        row,
        (
            to(deal_registrations::status, new.status.code()),
            to(deal_registrations::protected_until, new.protected_until),
            to(deal_registrations::decider, new.decider.clone()),
            to(deal_registrations::decided_at, new.decided_at),
            to(deal_registrations::answer, new.answer.clone()),
            to(deal_registrations::subscription_id, new.subscription_id),
            to(deal_registrations::version, new.version + 1),
        ),
    )?;
    Ok(changed == 1)
}

/// Takes a partner's own registration back that still is at a version; says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn withdraw(
    tx: &mut Tx<'_, PartnerScope>,
    (id, version): (DealRegistrationId, i32),
) -> Result<bool> {
    let row = tx
        .rows_of(deal_registrations::table)
        .filter(deal_registrations::id.eq(id))
        .filter(deal_registrations::version.eq(version));
    let changed = tx.update(
        row,
        (
            to(deal_registrations::status, DealStatus::Withdrawn.code()),
            to(deal_registrations::version, version + 1),
        ),
    )?;
    Ok(changed == 1)
}

/// Approved registrations whose last day is over, the first to lapse first; at most `limit`.
///
/// # Errors
/// Faults of the database.
pub fn lapsing(
    tx: &mut Tx<'_, VendorScope>,
    today: NaiveDate,
    limit: i64,
) -> Result<Vec<DealRegistration>> {
    let rows = tx
        .rows(deal_registrations::table)
        .filter(deal_registrations::status.eq(DealStatus::Approved.code()))
        .filter(deal_registrations::protected_until.lt(today))
        .order((deal_registrations::protected_until, deal_registrations::id))
        .limit(limit)
        .select(DealRegistration::as_select());
    tx.load(rows)
}

/// Approved registrations that protect on a day, by customer.
///
/// # Errors
/// Faults of the database.
pub fn protected(tx: &mut Tx<'_, VendorScope>, today: NaiveDate) -> Result<Vec<DealRegistration>> {
    let rows = tx
        .rows(deal_registrations::table)
        .filter(deal_registrations::status.eq(DealStatus::Approved.code()))
        .filter(deal_registrations::protected_until.ge(today))
        .order((deal_registrations::name_key, deal_registrations::id))
        .select(DealRegistration::as_select());
    tx.load(rows)
}

/// The subscriptions among some that were registered before they were sold.
///
/// # Errors
/// Faults of the database.
pub fn won_by(
    tx: &mut Tx<'_, VendorScope>,
    of: &[SubscriptionId],
) -> Result<HashSet<SubscriptionId>> {
    let mut found = HashSet::new();
    for some in of.chunks(500) {
        let some: Vec<Option<SubscriptionId>> = some.iter().copied().map(Some).collect();
        let rows = tx
            .rows(deal_registrations::table)
            .filter(deal_registrations::status.eq(DealStatus::Won.code()))
            .filter(deal_registrations::subscription_id.eq_any(some))
            .select(deal_registrations::subscription_id);
        let rows: Vec<Option<SubscriptionId>> = tx.load(rows)?;
        found.extend(rows.into_iter().flatten());
    }
    Ok(found)
}

/// A customer on record who may be the one of a registration.
#[derive(Debug, Clone)]
pub struct KnownCustomer {
    /// Its partner.
    pub partner: PartnerId,
    /// The partner's name.
    pub partner_name: String,
    /// Which.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
    /// Its VAT id; may be empty.
    pub vat_id: String,
}

/// Customers on record with a VAT id or a name; at most 20.
///
/// # Errors
/// Faults of the database.
pub fn customers_called(
    tx: &mut Tx<'_, VendorScope>,
    of: &DealRegistration,
) -> Result<Vec<KnownCustomer>> {
    let named = customers::name_key.eq(name_key(&of.customer_name));
    let rows = tx.rows(customers::table);
    let rows = match of.vat_id.as_str() {
        "" => rows.filter(named),
        vat_id => rows.filter(named.or(customers::vat_id.eq(vat_id.to_owned()))),
    };
    let rows = rows.order(customers::id).limit(20).select((
        customers::partner_id,
        customers::id,
        customers::name,
        customers::vat_id,
    ));
    let rows: Vec<(PartnerId, CustomerId, String, String)> = tx.load(rows)?;
    let of: Vec<PartnerId> = rows.iter().map(|row| row.0).collect();
    let names: HashMap<PartnerId, String> = partners::names(tx, &of)?.into_iter().collect();
    let known = |(partner, id, name, vat_id)| KnownCustomer {
        partner_name: names.get(&partner).cloned().unwrap_or_default(),
        partner,
        id,
        name,
        vat_id,
    };
    Ok(rows.into_iter().map(known).collect())
}
