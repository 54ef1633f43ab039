//! Prices of plan versions, with their tiers.
use std::collections::BTreeMap;

use diesel::prelude::*;

use super::plans::{PlanVersion, PriceLine};
use crate::{
    Result,
    domain::{Band, Measure, Meter, PriceParts, UnitPrice, text::ExternalId},
    error::Error,
    id::{PlanVersionId, PriceId, PriceTier},
    store::{
        Scope, Tx, VendorScope, Visible,
        names::stored,
        schema::{price_tiers, prices},
    },
};

/// The most versions asked for at once.
const ASKED_AT_ONCE: usize = 500;

#[derive(Queryable, Selectable)]
#[diesel(table_name = prices)]
struct Row {
    id: PriceId,
    plan_version_id: PlanVersionId,
    label: String,
    unit_price_micro: i64,
    kind: String,
    meter: Option<String>,
    aggregation: Option<String>,
    package_micro: Option<i64>,
    included_micro: i64,
    over_price_micro: i64,
    rollover_micro: i64,
    cap_minor: Option<i64>,
    flat_at_zero: bool,
    commissionable: bool,
}

type BandRow = (PriceId, Option<i64>, i64, i64);

fn unit(micro: i64) -> Result<UnitPrice> {
    UnitPrice::from_micro(micro).map_err(Error::fault)
}

fn band((_, up_to, micro, flat_minor): &BandRow) -> Result<Band> {
    Ok(Band {
        up_to: up_to.map(Measure::from_micro),
        unit: unit(*micro)?,
        flat_minor: *flat_minor,
    })
}

impl Row {
    fn read(self, bands: Vec<Band>) -> Result<(PlanVersionId, PriceLine)> {
        let meter = match (&self.meter, &self.aggregation) {
            (Some(code), Some(aggregation)) => Some(Meter {
                code: code.parse::<ExternalId>().map_err(Error::fault)?,
                aggregation: stored(aggregation)?,
            }),
            _ => None,
        };
        let parts = PriceParts {
            kind: stored(&self.kind)?,
            unit: unit(self.unit_price_micro)?,
            meter,
            bands,
            flat_at_zero: self.flat_at_zero,
            package: self.package_micro.map(Measure::from_micro),
            included: Measure::from_micro(self.included_micro),
            over: unit(self.over_price_micro)?,
            rollover: Measure::from_micro(self.rollover_micro),
            cap_minor: self.cap_minor,
        };
        let line = PriceLine {
            id: self.id,
            label: self.label,
            price: parts.price().map_err(Error::fault)?,
            commissionable: self.commissionable,
        };
        Ok((self.plan_version_id, line))
    }
}

/// The prices of some versions, by version and in order.
///
/// # Errors
/// Faults of the database, or of what it holds.
pub fn of_versions<S: Scope>(
    tx: &mut Tx<'_, S>,
    ids: &[PlanVersionId],
) -> Result<Vec<(PlanVersionId, PriceLine)>>
where
    prices::table: Visible<S>,
    price_tiers::table: Visible<S>,
{
    let mut found: Vec<Row> = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(prices::table)
            .filter(prices::plan_version_id.eq_any(some.to_vec()))
            .order((prices::plan_version_id, prices::seq))
            .select(Row::as_select());
        found.extend(tx.load(rows)?);
    }
    let tiered = found
        .iter()
        .filter(|row| matches!(row.kind.as_str(), "graduated" | "volume"));
    let tiered: Vec<PriceId> = tiered.map(|row| row.id).collect();
    let mut bands = bands(tx, &tiered)?;
    found
        .into_iter()
        .map(|row| {
            let bands = bands.remove(&row.id).unwrap_or_default();
            row.read(bands)
        })
        .collect()
}

fn bands<S: Scope>(tx: &mut Tx<'_, S>, ids: &[PriceId]) -> Result<BTreeMap<PriceId, Vec<Band>>>
where
    price_tiers::table: Visible<S>,
{
    let mut found: BTreeMap<PriceId, Vec<Band>> = BTreeMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(price_tiers::table)
            .filter(price_tiers::price_id.eq_any(some.to_vec()))
            .order((price_tiers::price_id, price_tiers::seq))
            .select((
                price_tiers::price_id,
                price_tiers::up_to_micro,
                price_tiers::unit_price_micro,
                price_tiers::flat_minor,
            ));
        for row in tx.load::<BandRow, _>(rows)? {
            found.entry(row.0).or_default().push(band(&row)?);
        }
    }
    Ok(found)
}

/// Writes the prices of a new version.
///
/// # Errors
/// Faults of the database.
pub(super) fn insert(tx: &mut Tx<'_, VendorScope>, new: &PlanVersion) -> Result<()> {
    for (seq, line) in (1..).zip(&new.prices) {
        let parts = PriceParts::of(&line.price);
        let meter = parts.meter.as_ref();
        tx.insert(
            prices::table,
            (
                prices::id.eq(line.id),
                prices::plan_version_id.eq(new.id),
                prices::seq.eq(seq),
                prices::label.eq(line.label.clone()),
                prices::kind.eq(parts.kind.code()),
                prices::unit_price_micro.eq(parts.unit.micro()),
                prices::meter.eq(meter.map(|meter| meter.code.to_string())),
                prices::aggregation.eq(meter.map(|meter| meter.aggregation.code())),
                prices::package_micro.eq(parts.package.map(Measure::micro)),
                prices::included_micro.eq(parts.included.micro()),
                prices::over_price_micro.eq(parts.over.micro()),
                prices::rollover_micro.eq(parts.rollover.micro()),
                prices::cap_minor.eq(parts.cap_minor),
                prices::flat_at_zero.eq(parts.flat_at_zero),
                prices::commissionable.eq(line.commissionable),
            ),
        )?;
        insert_bands(tx, line.id, &parts.bands)?;
    }
    Ok(())
}

fn insert_bands(tx: &mut Tx<'_, VendorScope>, price: PriceId, bands: &[Band]) -> Result<()> {
    for (seq, band) in (1..).zip(bands) {
        tx.insert(
            price_tiers::table,
            (
                price_tiers::id.eq(tx.fresh_id::<PriceTier>()),
                price_tiers::price_id.eq(price),
                price_tiers::seq.eq(seq),
                price_tiers::up_to_micro.eq(band.up_to.map(Measure::micro)),
                price_tiers::unit_price_micro.eq(band.unit.micro()),
                price_tiers::flat_minor.eq(band.flat_minor),
            ),
        )?;
    }
    Ok(())
}

/// Removes the prices of a draft.
///
/// # Errors
/// Faults of the database.
pub(super) fn delete(tx: &mut Tx<'_, VendorScope>, version: PlanVersionId) -> Result<()> {
    let ids = tx
        .rows(prices::table)
        .filter(prices::plan_version_id.eq(version))
        .select(prices::id);
    let ids: Vec<PriceId> = tx.load(ids)?;
    let tiers = tx
        .rows_of(price_tiers::table)
        .filter(price_tiers::price_id.eq_any(ids));
    tx.delete(tiers)?;
    let old = tx
        .rows_of(prices::table)
        .filter(prices::plan_version_id.eq(version));
    tx.delete(old)?;
    Ok(())
}
