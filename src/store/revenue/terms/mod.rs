//! The terms that billing and commission rest on: the vendor's, plans, clauses, tiers, customers.
mod commission;

pub use commission::{
    CommissionTerms, commission_terms, enrolments, partners_left, partners_under, tier_names,
    tiers_given,
};

use std::collections::HashMap;

use diesel::prelude::*;

use super::ASKED_AT_ONCE;
use crate::{
    Error, Result,
    domain::{BillingInterval, Currency, Period, Proration, TaxCategory, Zone},
    id::{CustomerId, OfferingId, PartnerId, PlanVersionId, VendorId},
    store::{
        Tx, VendorScope,
        catalogue::{
            of_versions,
            plans::{PriceLine, interval},
        },
        columns::Coded,
        schema::{customers, offerings, payout_minimums, plan_versions, plans, vendors},
    },
};

type Found<T> = Result<T>;
type Vendors<'a, 'c> = &'a mut Tx<'c, VendorScope>;

/// The vendor's own settings.
#[derive(Debug, Clone)]
pub struct VendorTerms {
    /// The settings row.
    pub id: VendorId,
    /// What people call it.
    pub name: String,
    /// As on documents.
    pub legal_name: String,
    /// Lines of its postal address.
    pub address: String,
    /// The zone of its accounting months.
    pub zone: Zone,
    /// The currency of its books.
    pub currency: Currency,
    /// Begins its document numbers.
    pub document_prefix: String,
    /// Days from an invoice's issue to the day it is due.
    pub payment_days: u32,
    /// The day of the month on which partners are paid, 1 to 28.
    pub payout_day: u32,
    /// The first month that it closes.
    pub first_period: Period,
    /// Through which month, by its key, steps counted what a distributor gets out of a commission as
    /// that much less revenue; 0 for none.
    pub steps_carved_through: i32,
    /// Through which month, by its key, steps were settled with the seller alone, whatever a
    /// distributor gets out of its commission; 0 for none.
    pub steps_unshared_through: i32,
}

/// The vendor's settings.
///
/// # Errors
/// Faults of the database, or of what it holds.
pub fn vendor(tx: Vendors<'_, '_>) -> Found<VendorTerms> {
    type Row = (
        VendorId,
        String,
        String,
        String,
        String,
        Coded<Currency>,
        String,
        i32,
        i32,
        i32,
        (i32, i32),
    );
    let row = tx.rows(vendors::table).select((
        vendors::id,
        vendors::name,
        vendors::legal_name,
        vendors::address,
        vendors::time_zone,
        vendors::currency,
        vendors::document_prefix,
        vendors::payment_days,
        vendors::payout_day,
        vendors::first_period,
        (
            vendors::steps_carved_through,
            vendors::steps_unshared_through,
        ),
    ));
    let row: Row = tx.one(row)?;
    let (id, name, legal_name, address, zone, currency, document_prefix, days, day, first, steps) =
        row;
    Ok(VendorTerms {
        id,
        name,
        legal_name,
        address,
        zone: zone.parse().map_err(Error::fault)?,
        currency: currency.value(),
        document_prefix,
        payment_days: u32::try_from(days).unwrap_or_default(),
        payout_day: u32::try_from(day).unwrap_or(1).clamp(1, 28),
        first_period: Period::from_key(first).ok_or_else(|| Error::fault("no first period"))?,
        steps_carved_through: steps.0,
        steps_unshared_through: steps.1,
    })
}

/// The least that is paid out in each currency, in minor units, where the vendor has set it.
///
/// # Errors
/// Faults of the database.
pub fn payout_minimums_set(tx: Vendors<'_, '_>) -> Found<HashMap<Currency, i64>> {
    let rows = tx
        .rows(payout_minimums::table)
        .select((payout_minimums::currency, payout_minimums::minimum_minor));
    let rows: Vec<(Coded<Currency>, i64)> = tx.load(rows)?;
    Ok(rows
        .into_iter()
        .map(|(code, minor)| (code.value(), minor))
        .collect())
}

/// A plan version as it is billed.
#[derive(Debug, Clone)]
pub struct PlanTerms {
    /// The offering.
    pub offering_id: OfferingId,
    /// The offering's name.
    pub offering: String,
    /// The plan's name.
    pub plan: String,
    /// Whether it may be sold.
    pub is_published: bool,
    /// What its prices are in.
    pub currency: Currency,
    /// Months of a billing period.
    pub interval_months: i32,
    /// Months of the first term.
    pub term_months: i32,
    /// Days at the start that cost nothing.
    pub trial_days: i32,
    /// The day of the month on which every period starts, where one is set.
    pub anchor_day: Option<i32>,
    /// What a whole period comes to at least, in minor units before tax; 0 for no commitment.
    pub minimum_minor: i64,
    /// How parts of a period are measured.
    pub proration: Proration,
    /// In order.
    pub prices: Vec<PriceLine>,
}

impl PlanTerms {
    /// What an invoice line says that charges by one of its prices.
    pub fn line_words(&self, label: &str) -> String {
        format!("{}, {}: {label}", self.offering, self.plan)
    }
    /// Whether a line that says this charges by one of its prices, as offering and plan are called now.
    pub fn is_said_in(&self, line: &str) -> bool {
        line.starts_with(&self.line_words(""))
    }
    /// How often it is billed.
    ///
    /// # Errors
    /// A fault for a stored interval that is none.
    pub fn interval(&self) -> Result<BillingInterval> {
        interval(self.interval_months)
    }
    /// Whether a period is charged for after it is over too: for what was used, or lacks of its
    /// minimum.
    pub fn bills_in_arrears(&self) -> bool {
        let mut prices = self.prices.iter();
        self.minimum_minor > 0 || prices.any(|price| price.price.meter().is_some())
    }

    /// Whether any of its prices goes by the units that are subscribed to.
    pub fn takes_units(&self) -> bool {
        self.prices.iter().any(|price| price.price.counts_seats())
    }

    /// Whether partners earn on any of its prices, and so on what lacks of its minimum.
    pub fn earns_at_all(&self) -> bool {
        self.prices.iter().any(|price| price.commissionable)
    }

    /// The place of the line that an amount per unit is paid on: the first that is priced by the
    /// seat, or the first of all. Counted from 1, over what is charged in advance.
    pub fn unit_place(&self) -> i32 {
        let ahead = self
            .prices
            .iter()
            .filter(|price| price.price.is_charged_ahead());
        let mut placed = (1..).zip(ahead);
        let first = placed.find(|(_, price)| price.price.counts_seats());
        first.map_or(1, |(place, _)| place)
    }

    /// Whether partners earn on the price that a line of an invoice names: the one with the longest
    /// label that the text goes on with after the plan's name.
    pub fn lets_earn(&self, description: &str) -> bool {
        let named = description.split_once(": ").map_or("", |(_, rest)| rest);
        let fitting = self.prices.iter();
        let fitting = fitting.filter(|price| named.starts_with(&price.label));
        let price = fitting.max_by_key(|price| price.label.len());
        price.map_or_else(|| self.earns_at_all(), |price| price.commissionable)
    }
}

type PlanRow = (
    PlanVersionId,
    String,
    Coded<Currency>,
    i32,
    i32,
    String,
    OfferingId,
    (i32, Option<i32>, i64, Coded<Proration>),
);

/// The plan versions with these ids.
///
/// # Errors
/// Faults of the database.
pub fn plans_of(
    tx: Vendors<'_, '_>,
    ids: &[PlanVersionId],
) -> Found<HashMap<PlanVersionId, PlanTerms>> {
    let rows = plan_rows(tx, ids)?;
    let offered: Vec<OfferingId> = rows.iter().map(|row| row.6).collect();
    let offered = offerings_of(tx, &offered)?;
    let mut found: HashMap<PlanVersionId, PlanTerms> = rows
        .into_iter()
        .map(
            |(id, status, currency, interval_months, term_months, plan, offering_id, begins)| {
                let (offering, offered) = offered.get(&offering_id).cloned().unwrap_or_default();
                let terms = PlanTerms {
                    offering_id,
                    offering,
                    plan,
                    is_published: status == "published" && offered == "published",
                    currency: currency.value(),
                    interval_months,
                    term_months,
                    trial_days: begins.0,
                    anchor_day: begins.1,
                    minimum_minor: begins.2,
                    proration: begins.3.value(),
                    prices: Vec::new(),
                };
                (id, terms)
            },
        )
        .collect();
    for (version, price) in of_versions(tx, ids)? {
        if let Some(terms) = found.get_mut(&version) {
            terms.prices.push(price);
        }
    }
    Ok(found)
}

fn plan_rows(tx: Vendors<'_, '_>, ids: &[PlanVersionId]) -> Found<Vec<PlanRow>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .joined(plan_versions::table, plans::table)
            .filter(plan_versions::id.eq_any(some.to_vec()))
            .select((
                plan_versions::id,
                plan_versions::status,
                plan_versions::currency,
                plan_versions::interval_months,
                plan_versions::term_months,
                plans::name,
                plans::offering_id,
                (
                    plan_versions::trial_days,
                    plan_versions::anchor_day,
                    plan_versions::minimum_minor,
                    plan_versions::proration,
                ),
            ));
        found.extend(tx.load(rows)?);
    }
    Ok(found)
}

fn offerings_of(
    tx: Vendors<'_, '_>,
    ids: &[OfferingId],
) -> Found<HashMap<OfferingId, (String, String)>> {
    let mut found = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(offerings::table)
            .filter(offerings::id.eq_any(some.to_vec()))
            .select((offerings::id, (offerings::name, offerings::status)));
        found.extend(tx.load::<(OfferingId, (String, String)), _>(rows)?);
    }
    Ok(found)
}

/// A customer as billing knows it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = customers)]
pub struct BilledCustomer {
    /// Which.
    pub id: CustomerId,
    /// Its partner of record.
    pub partner_id: PartnerId,
    /// The vendor's own key for it.
    pub external_id: String,
    /// Its name.
    pub name: String,
    /// The tax on its invoices, in basis points, where its category says so.
    pub tax_bps: i32,
    /// By which rule its invoices are taxed.
    #[diesel(deserialize_as = Coded<TaxCategory>)]
    pub tax_category: TaxCategory,
    /// Its VAT id; empty for none.
    pub vat_id: String,
    /// Where it is: two letters.
    pub country: String,
}

/// The customers with these ids.
///
/// # Errors
/// Faults of the database.
pub fn customers_of(
    tx: Vendors<'_, '_>,
    ids: &[CustomerId],
) -> Found<HashMap<CustomerId, BilledCustomer>> {
    let mut found = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(customers::table)
            .filter(customers::id.eq_any(some.to_vec()))
            .select(BilledCustomer::as_select());
        found.extend(
            tx.load(rows)?
                .into_iter()
                .map(|one: BilledCustomer| (one.id, one)),
        );
    }
    Ok(found)
}

/// The names of these customers.
///
/// # Errors
/// Faults of the database.
pub fn customer_names(
    tx: Vendors<'_, '_>,
    ids: &[CustomerId],
) -> Found<HashMap<CustomerId, String>> {
    let mut found = HashMap::with_capacity(ids.len());
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(customers::table)
            .filter(customers::id.eq_any(some.to_vec()))
            .select((customers::id, customers::name));
        found.extend(tx.load::<(CustomerId, String), _>(rows)?);
    }
    Ok(found)
}

/// One customer.
///
/// # Errors
/// [`Error::NotFound`] where there is none.
pub fn customer(tx: Vendors<'_, '_>, id: CustomerId) -> Found<BilledCustomer> {
    let row = tx
        .rows(customers::table)
        .filter(customers::id.eq(id))
        .select(BilledCustomer::as_select());
    tx.one(row)
}

/// The customer with this external id, if there is one.
///
/// # Errors
/// Faults of the database.
pub fn customer_named(tx: Vendors<'_, '_>, external_id: &str) -> Found<Option<BilledCustomer>> {
    let row = tx
        .rows(customers::table)
        .filter(customers::external_id.eq(external_id.to_owned()))
        .select(BilledCustomer::as_select());
    tx.first(row)
}
