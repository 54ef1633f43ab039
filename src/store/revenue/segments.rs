//! What was charged for each stretch of service: the only source of a proration credit.
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use diesel::prelude::*;

use super::ASKED_AT_ONCE;
use crate::{
    Result,
    domain::{ChargeSegment, Moment, ServicePeriod, meter::Span},
    id::{ChargeSegmentId, InvoiceLineId, PartnerId, PriceId, SubscriptionId},
    store::{Tx, VendorScope, days::Day, schema::charge_segments, tx::to},
};

/// What was charged for a stretch of service, in minor units before tax.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = charge_segments, treat_none_as_default_value = false)]
pub struct Segment {
    /// Which.
    pub id: ChargeSegmentId,
    /// Whose.
    pub partner_id: PartnerId,
    /// For what.
    pub subscription_id: SubscriptionId,
    /// By which price.
    pub price_id: PriceId,
    /// In which period, from 0.
    pub period_index: i32,
    /// Counts the changes of this price in this period, from 0.
    pub change_no: i32,
    /// The first day.
    #[diesel(serialize_as = Day, deserialize_as = Day)]
    pub service_from: NaiveDate,
    /// The day after the last.
    #[diesel(serialize_as = Day, deserialize_as = Day)]
    pub service_to: NaiveDate,
    /// Units.
    pub quantity: i32,
    /// What was charged.
    pub amount_minor: i64,
    /// What of it was credited since.
    pub credited_minor: i64,
    /// What of the amount the segment it replaces had paid for.
    pub carried_minor: i64,
    /// The segment it took the place of.
    pub replaces_id: Option<ChargeSegmentId>,
    /// The line that charged what was not carried.
    pub invoice_line_id: Option<InvoiceLineId>,
    /// What its price was lowered by since, as another one was agreed or a mistake put right.
    pub lowered_minor: i64,
    /// Its first instant, UTC, where it is measured by the second.
    pub from_at: Option<NaiveDateTime>,
    /// The first instant after it.
    pub to_at: Option<NaiveDateTime>,
}

impl Segment {
    /// As the rules of proration see it.
    pub fn charge(&self) -> ChargeSegment {
        ChargeSegment {
            service: ServicePeriod {
                from: self.service_from,
                to: self.service_to,
            },
            span: self.span(),
            amount_minor: self.amount_minor - self.lowered_minor,
            credited_minor: self.credited_minor,
        }
    }
    /// Its instants, where it is measured by the second.
    pub fn span(&self) -> Option<Span> {
        let ends = self.from_at.zip(self.to_at);
        ends.map(|(from, to)| Span { from, to })
    }
    /// The moment it begins at, as its own credit is reckoned from.
    pub fn begins(&self) -> Moment {
        let on = self.service_from;
        Moment {
            on,
            second: 0,
            at: self.from_at.unwrap_or(on.and_time(NaiveTime::MIN)),
        }
    }
    /// What its own line charged for it.
    pub fn own_minor(&self) -> i64 {
        (self.amount_minor - self.carried_minor).max(0)
    }
}

/// Writes new segments.
///
/// # Errors
/// Faults of the database.
pub fn add(tx: &mut Tx<'_, VendorScope>, new: Vec<Segment>) -> Result<()> {
    tx.insert_all(charge_segments::table, new)?;
    Ok(())
}

/// A subscription's segments by price, period and change.
///
/// # Errors
/// Faults of the database.
pub fn of_subscription(tx: &mut Tx<'_, VendorScope>, id: SubscriptionId) -> Result<Vec<Segment>> {
    let rows = tx
        .rows(charge_segments::table)
        .filter(charge_segments::subscription_id.eq(id))
        .order((
            charge_segments::price_id,
            charge_segments::period_index,
            charge_segments::change_no,
        ))
        .select(Segment::as_select());
    tx.load(rows)
}

/// The segments of some subscriptions with service in some days (half-open), each subscription's
/// by price, period and change.
///
/// # Errors
/// Faults of the database.
pub fn in_days(
    tx: &mut Tx<'_, VendorScope>,
    of: &[SubscriptionId],
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<Segment>> {
    let mut found = Vec::new();
    for some in of.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(charge_segments::table)
            .filter(charge_segments::subscription_id.eq_any(some.to_vec()))
            .filter(charge_segments::service_from.lt(to))
            .filter(charge_segments::service_to.gt(from))
            .order((
                charge_segments::subscription_id,
                charge_segments::price_id,
                charge_segments::period_index,
                charge_segments::change_no,
            ))
            .select(Segment::as_select());
        found.extend(tx.load::<Segment, _>(rows)?);
    }
    Ok(found)
}

/// Every segment, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Segment>> {
    let rows = tx
        .rows(charge_segments::table)
        .order((
            charge_segments::subscription_id,
            charge_segments::price_id,
            charge_segments::period_index,
            charge_segments::change_no,
        ))
        .select(Segment::as_select());
    tx.load(rows)
}

/// Writes by how much a segment's price has been lowered.
///
/// # Errors
/// Faults of the database.
pub fn lower(tx: &mut Tx<'_, VendorScope>, id: ChargeSegmentId, lowered_minor: i64) -> Result<()> {
    let row = tx
        .rows_of(charge_segments::table)
        .filter(charge_segments::id.eq(id));
    tx.update(row, to(charge_segments::lowered_minor, lowered_minor))?;
    Ok(())
}

/// Writes what has been credited of a segment.
///
/// # Errors
/// Faults of the database.
pub fn credit(
    tx: &mut Tx<'_, VendorScope>,
    id: ChargeSegmentId,
    credited_minor: i64,
) -> Result<()> {
    let row = tx
        .rows_of(charge_segments::table)
        .filter(charge_segments::id.eq(id));
    tx.update(row, to(charge_segments::credited_minor, credited_minor))?;
    Ok(())
}
