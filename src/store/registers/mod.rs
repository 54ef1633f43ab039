//! What the pages about money ask: read only, one function to a question. Questions that both
//! sides ask are generic over [`Sees`].
pub mod credit_notes;
pub mod deals;
pub mod forecasts;
pub mod homes;
pub mod invoices;
pub mod journal;
pub mod ledger;
pub mod mails;
pub mod metrics;
pub mod payments;
pub mod payouts;
pub mod periods;
mod sees;
pub mod service_levels;
pub mod sla_credits;
pub mod statements;
pub mod usage;

pub use sees::{Live, Sees};

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::{prelude::*, sql_types::Bool};

use super::{
    Scoped, Tx,
    names::stored,
    schema::{customers, partners, vendors},
    tx::{Boxed, Db},
};
use crate::{
    Error, Result,
    domain::{Currency, Money, Period, Zone},
    id::{CustomerId, PartnerId},
};

/// A condition on the rows of a table.
type Where<T> = Box<dyn BoxableExpression<T, Db, SqlType = Bool>>;
/// Rows of a table, narrowed to a scope.
pub(super) type Rows<S, T> = Scoped<S, Boxed<T>>;

fn totals(rows: Vec<(String, i64)>) -> Result<Vec<Money>> {
    let mut sums = rows
        .into_iter()
        .map(|(code, minor)| money(minor, &code))
        .collect::<Result<Vec<_>>>()?;
    sums.sort_by_key(|sum| sum.currency().code());
    Ok(sums)
}

/// A stored amount: minor units and a currency's code.
fn money(minor: i64, code: &str) -> Result<Money> {
    Ok(Money::new(minor, stored::<Currency>(code)?))
}

/// A stored month, as 202610.
fn month(key: i32) -> Result<Period> {
    Period::from_key(key).ok_or_else(|| Error::fault(format!("stored month {key}")))
}

/// What the vendor's calendar says at this transaction's instant.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// The vendor's date.
    pub today: NaiveDate,
    /// The zone of its months.
    pub zone: Zone,
    /// The currency of its books.
    pub currency: Currency,
    /// The first month it can close.
    pub first_period: Period,
    /// The day of the month on which commission is paid out.
    pub payout_day: i32,
}

impl Calendar {
    /// The month the vendor's date lies in.
    pub fn this_month(&self) -> Period {
        Period::of(self.today)
    }
}

/// The vendor's calendar.
///
/// # Errors
/// Faults of the database.
pub fn calendar<S: Sees>(tx: &mut Tx<'_, S>) -> Result<Calendar> {
    let row = S::vendors(tx).select((
        vendors::time_zone,
        vendors::currency,
        vendors::first_period,
        vendors::payout_day,
    ));
    let (zone, currency, first, payout_day): (String, String, i32, i32) = tx.one(row)?;
    let zone: Zone = stored(&zone)?;
    Ok(Calendar {
        today: zone.local_date(tx.now()),
        currency: stored(&currency)?,
        first_period: month(first)?,
        payout_day,
        zone,
    })
}

/// Ids are looked up so many at a time: within what both databases bind.
const AT_ONCE: usize = 500;

/// Loads rows by their ids, some at a time.
macro_rules! by_ids {
    ($tx:expr, $ids:expr, |$chunk:ident| $query:expr) => {{
        let ids: BTreeSet<_> = $ids.into_iter().collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let mut found = Vec::new();
        for part in ids.chunks($crate::store::registers::AT_ONCE) {
            let $chunk = part.to_vec();
            let query = $query;
            let mut more = $tx.load(query)?;
            found.append(&mut more);
        }
        found
    }};
}
use by_ids;

/// Customers' names.
fn customer_names<S: Sees>(
    tx: &mut Tx<'_, S>,
    ids: impl IntoIterator<Item = CustomerId>,
) -> Result<HashMap<CustomerId, String>> {
    let rows: Vec<(CustomerId, String)> = by_ids!(tx, ids, |some| S::customers(tx)
        .filter(customers::id.eq_any(some))
        .select((customers::id, customers::name)));
    Ok(rows.into_iter().collect())
}

/// Partners' names.
fn partner_names<S: Sees>(
    tx: &mut Tx<'_, S>,
    ids: impl IntoIterator<Item = PartnerId>,
) -> Result<HashMap<PartnerId, String>> {
    let rows: Vec<(PartnerId, String)> = by_ids!(tx, ids, |some| S::partners(tx)
        .filter(partners::id.eq_any(some))
        .select((partners::id, partners::name)));
    Ok(rows.into_iter().collect())
}

/// A name that was looked up; none can be missing while foreign keys hold.
fn named<K: std::hash::Hash + Eq>(names: &HashMap<K, String>, id: &K) -> String {
    names.get(id).cloned().unwrap_or_default()
}

/// The rows of a table whose partner or customer is searched for by name. The rows of the other
/// table are held to those of the first, by tenant and by partner.
macro_rules! whose {
    ($table:ident, partner, $search:expr) => {
        diesel::dsl::exists(
            partners::table
                .filter(partners::tenant_id.eq($table::tenant_id))
                .filter(partners::id.eq($table::partner_id))
                .filter(partners::name_key.like(anywhere($search)).escape('\\'))
                .select(partners::id),
        )
    };
    ($table:ident, customer, $search:expr) => {
        diesel::dsl::exists(
            customers::table
                .filter(customers::tenant_id.eq($table::tenant_id))
                .filter(customers::partner_id.eq($table::partner_id))
                .filter(customers::id.eq($table::customer_id))
                .filter(customers::name_key.like(anywhere($search)).escape('\\'))
                .select(customers::id),
        )
    };
}
use whose;

/// The rows that follow a customer whose name has this in it. To a vendor that is whoever is served,
/// also where a distributor is billed; to a partner a customer of its own.
macro_rules! of_customer {
    ($table:ident, $tx:expr, $search:expr) => {{
        let named = customers::table
            .filter(customers::tenant_id.eq($table::tenant_id))
            .filter(customers::id.eq($table::customer_id))
            .filter(customers::name_key.like(anywhere($search)).escape('\\'))
            .select(customers::id);
        let found: Where<$table::table> = match $tx.scope().partner_id() {
            None => Box::new(diesel::dsl::exists(named)),
            Some(_) => {
                let own = named.filter(customers::partner_id.eq($table::partner_id));
                Box::new(diesel::dsl::exists(own))
            }
        };
        found
    }};
}
use of_customer;
