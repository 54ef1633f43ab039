//! What closing a month would come to, by partner and currency.
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
};

use chrono::NaiveDate;
use diesel::{
    dsl::{exists, not, sql},
    prelude::*,
    sql_types::BigInt,
};

use super::super::{Where, ledger, named, partner_names, statements as closed};
use crate::{
    Error, Result,
    domain::{
        Currency, Money, Period,
        payout::{PayoutParts, PayoutTax},
        statement::{Settlement, settle, usual_minimum},
    },
    id::{CommissionEntryId, PartnerId},
    store::{
        Tx, VendorScope,
        incentivize::{
            conversions::{self, Conversion},
            entries::Entry,
            tax_terms::{self, Taxed},
        },
        names::stored,
        revenue::ASKED_AT_ONCE,
        schema::{self, commission_entries, partners, payout_minimums},
    },
};

/// What one partner's statement in one currency would say if a month closed now.
#[derive(Debug, Clone)]
pub struct PreviewRow {
    /// Whose.
    pub partner: PartnerId,
    /// Their name.
    pub partner_name: String,
    /// In what.
    pub currency: Currency,
    /// Carried in, minor units.
    pub opening_minor: i64,
    /// Lines there would be.
    pub line_count: i64,
    /// What they come to, minor units.
    pub lines_minor: i64,
    /// What would be paid, carried on, and why.
    pub settlement: Settlement,
    /// What would be transferred: with VAT, and without what is withheld.
    pub paid: PayoutParts,
    /// Posted by then but still in hold, minor units.
    pub held_minor: i64,
    /// Of the lines and of what is in hold, what the close itself would make: what volume steps
    /// bring and what fills up to a floor, minor units.
    pub settled_minor: i64,
}

/// An entry that a close would make.
#[derive(Debug, Clone, Copy)]
pub struct ToCome {
    partner: PartnerId,
    currency: Currency,
    matures_on: NaiveDate,
    minor: i64,
}

impl ToCome {
    /// Of an entry that is not posted, and what it would be converted to.
    pub fn of(entry: &Entry, converted: Option<&Conversion>) -> Self {
        let (currency, minor) = converted.map_or((entry.currency, entry.amount_minor), |one| {
            (one.currency, one.payable_minor)
        });
        Self {
            partner: entry.partner_id,
            currency,
            matures_on: entry.matures_on,
            minor,
        }
    }
}

/// A posted entry that is paid in another currency than it was earned in.
#[derive(Debug, Clone, Copy)]
pub struct Shifted {
    partner: PartnerId,
    matures_on: NaiveDate,
    earned: Money,
    payable: Money,
}

impl Shifted {
    /// Of an entry's conversion, and the day its hold is over.
    pub fn of(one: &Conversion, matures_on: NaiveDate) -> Self {
        Self {
            partner: one.partner_id,
            matures_on,
            earned: Money::new(one.earned_minor, one.earned_currency),
            payable: Money::new(one.payable_minor, one.currency),
        }
    }
}

type Sum = (PartnerId, String, i64, i64);

impl PreviewRow {
    /// Whether there would be a statement: not where all there is is on hold.
    pub fn is_stated(&self) -> bool {
        self.line_count > 0 || self.opening_minor != 0
    }
}

/// What closing a month now would come to, by the rules of the close: each entry on no statement,
/// posted by then, or to come with the close, and out of hold by the month's end, with what earlier
/// statements carried. Largest payout first. `shifted` are entries whose conversion is reckoned and
/// not stored.
///
/// # Errors
/// Faults of the database.
pub fn preview(
    tx: &mut Tx<'_, VendorScope>,
    period: Period,
    (to_come, mut shifted): (&[ToCome], Vec<Shifted>),
) -> Result<Vec<PreviewRow>> {
    let posted = || ledger::unstated().and(commission_entries::posting_period.le(period.key()));
    let over = || commission_entries::matures_on.lt(period.end());
    let mut due = sums(tx, Box::new(posted().and(over())))?;
    let mut held = sums(tx, Box::new(posted().and(not(over()))))?;
    shifted.extend(converted(tx, Box::new(posted()))?);
    shift(&shifted, period, [&mut due, &mut held]);
    let settled = settled(to_come, period, [&mut due, &mut held]);
    let opening = closed::carried(tx, period)?;
    let minimums = minimums(tx)?;
    let mut keys: Vec<(PartnerId, String)> = due.keys().chain(held.keys()).cloned().collect();
    keys.extend(
        opening
            .iter()
            .filter(|(_, minor)| **minor != 0)
            .map(|(key, _)| key.clone()),
    );
    keys.sort_unstable();
    keys.dedup();
    let names = partner_names(tx, keys.iter().map(|(partner, _)| *partner))?;
    let partners: Vec<PartnerId> = keys.iter().map(|(partner, _)| *partner).collect();
    let taxed = tax_terms::of(tx, &partners)?;
    let left = left(tx, &partners, period.last_day())?;
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let (line_count, lines_minor) = due.get(&key).copied().unwrap_or_default();
        let opening_minor = opening.get(&key).copied().unwrap_or_default();
        let currency: Currency = stored(&key.1)?;
        let minimum = minimums.get(&key.1).copied();
        let minimum = match left.contains(&key.0) {
            // Nothing more may come, so that a small balance would never be paid.
            true => 0,
            false => minimum.unwrap_or_else(|| usual_minimum(currency)),
        };
        let settlement = settle(opening_minor, lines_minor, minimum)?;
        let taxed = taxed.get(&key.0).map_or(&[][..], Vec::as_slice);
        rows.push(PreviewRow {
            partner: key.0,
            partner_name: named(&names, &key.0),
            currency,
            opening_minor,
            line_count,
            lines_minor,
            paid: paid(taxed, period, settlement.payout)?,
            settlement,
            held_minor: held.get(&key).map(|(_, minor)| *minor).unwrap_or_default(),
            settled_minor: settled.get(&key).copied().unwrap_or_default(),
        });
    }
    rows.sort_by_key(|row| (Reverse(row.paid.net_minor), row.partner_name.clone()));
    Ok(rows)
}

/// The conversions of posted entries.
fn converted(
    tx: &mut Tx<'_, VendorScope>,
    of: Where<commission_entries::table>,
) -> Result<Vec<Shifted>> {
    let has_one = schema::conversions::table
        .filter(schema::conversions::tenant_id.eq(commission_entries::tenant_id))
        .filter(schema::conversions::commission_entry_id.eq(commission_entries::id));
    let rows = tx
        .rows(commission_entries::table)
        .filter(of)
        .filter(exists(has_one))
        .select((commission_entries::id, commission_entries::matures_on));
    let rows: Vec<(CommissionEntryId, NaiveDate)> = tx.load(rows)?;
    let ids: Vec<CommissionEntryId> = rows.iter().map(|(id, _)| *id).collect();
    let found = conversions::of(tx, &ids)?;
    let shifted = |(id, matures_on): &(CommissionEntryId, NaiveDate)| {
        Some(Shifted::of(found.get(id)?, *matures_on))
    };
    Ok(rows.iter().filter_map(shifted).collect())
}

/// Takes what is paid in another currency from the one it was earned in to that one.
fn shift(shifted: &[Shifted], period: Period, [due, held]: [&mut Sums; 2]) {
    for one in shifted {
        let sums = match one.matures_on < period.end() {
            true => &mut *due,
            false => &mut *held,
        };
        let mut add = |money: Money, number: i64| {
            let key = (one.partner, money.currency().code().to_owned());
            let (count, minor) = sums.entry(key).or_default();
            (*count, *minor) = (*count + number, *minor + number * money.minor());
        };
        add(one.earned, -1);
        add(one.payable, 1);
    }
    for sums in [due, held] {
        sums.retain(|_, (count, _)| *count != 0);
    }
}

/// Adds what a close would make to what is due or held; gives what that is for each.
fn settled(
    to_come: &[ToCome],
    period: Period,
    [due, held]: [&mut Sums; 2],
) -> HashMap<(PartnerId, String), i64> {
    let mut settled = HashMap::new();
    for one in to_come {
        let key = (one.partner, one.currency.code().to_owned());
        let sums = match one.matures_on < period.end() {
            true => &mut *due,
            false => &mut *held,
        };
        let (count, minor) = sums.entry(key.clone()).or_default();
        (*count, *minor) = (*count + 1, *minor + one.minor);
        *settled.entry(key).or_default() += one.minor;
    }
    settled
}

/// Those of some partners who have left by a day.
fn left(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[PartnerId],
    day: NaiveDate,
) -> Result<HashSet<PartnerId>> {
    let mut left = HashSet::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(partners::table)
            .filter(partners::id.eq_any(some.to_vec()))
            .filter(partners::left_on.le(day))
            .select(partners::id);
        left.extend(tx.load::<PartnerId, _>(rows)?);
    }
    Ok(left)
}

/// What a payout comes to by the terms of the month's last day.
fn paid(taxed: &[Taxed], period: Period, payout_minor: i64) -> Result<PayoutParts> {
    let last = period.last_day();
    let rates = match tax_terms::on(taxed, last) {
        Some(one) => one.terms()?.rates(last),
        None => PayoutTax::default(),
    };
    Ok(rates.on(payout_minor)?)
}

type Sums = HashMap<(PartnerId, String), (i64, i64)>;

fn sums(tx: &mut Tx<'_, VendorScope>, of: Where<commission_entries::table>) -> Result<Sums> {
    let rows = tx
        .rows_of(commission_entries::table)
        .filter(of)
        .group_by((commission_entries::partner_id, commission_entries::currency))
        .select((
            commission_entries::partner_id,
            commission_entries::currency,
            sql::<BigInt>("COUNT(*)"),
            sql::<BigInt>("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
        ));
    let rows: Vec<Sum> = tx.load(rows)?;
    Ok(rows
        .into_iter()
        .map(|(partner, code, number, minor)| ((partner, code), (number, minor)))
        .collect())
}

fn minimums(tx: &mut Tx<'_, VendorScope>) -> Result<HashMap<String, i64>> {
    let rows = tx
        .rows(payout_minimums::table)
        .select((payout_minimums::currency, payout_minimums::minimum_minor));
    let rows: Vec<(String, i64)> = tx.load(rows)?;
    Ok(rows.into_iter().collect())
}

/// A preview's figures in one currency.
#[derive(Debug, Clone)]
pub struct PreviewTotal {
    /// Statements there would be.
    pub statements: i64,
    /// What they would pay.
    pub payout: Money,
    /// What they would carry on.
    pub carried: Money,
    /// Still in hold.
    pub held: Money,
    /// Of both, what the close itself would make.
    pub settled: Money,
}

/// A preview's figures, per currency.
///
/// # Errors
/// When a sum does not fit.
pub fn preview_totals(rows: &[PreviewRow]) -> Result<Vec<PreviewTotal>> {
    let mut totals: BTreeMap<&str, PreviewTotal> = BTreeMap::new();
    for row in rows {
        let zero = Money::zero(row.currency);
        let total = totals.entry(row.currency.code()).or_insert(PreviewTotal {
            statements: 0,
            payout: zero,
            carried: zero,
            held: zero,
            settled: zero,
        });
        let add = |to: Money, minor| {
            to.plus(Money::new(minor, row.currency))
                .map_err(Error::fault)
        };
        total.statements += i64::from(row.is_stated());
        total.payout = add(total.payout, row.paid.net_minor)?;
        total.carried = add(total.carried, row.settlement.closing)?;
        total.held = add(total.held, row.held_minor)?;
        total.settled = add(total.settled, row.settled_minor)?;
    }
    Ok(totals.into_values().collect())
}
