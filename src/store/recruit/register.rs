//! The register of partners: searched, filtered, in order, a page at a time.
use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{
    lifecycle::{self, Which},
    partners::{Partner, Row},
};
use crate::{
    Result,
    domain::{CountryCode, PartnerFacts, PartnerStatus, Stage, lifecycle::stage_of},
    id::{PartnerId, TierId},
    store::{
        Tx, VendorScope,
        incentivize::tiers,
        names::{anywhere, name_key, typed},
        paging::{COUNT_CAP, Count, Cursor, PAGE, Page, by_key, newest_first},
        schema::partners,
        tx::{Boxed, Scoped},
    },
};

/// What the register is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Part of a name, or a whole external id; empty for any.
    pub search: String,
    /// Only those in this tier today.
    pub tier: Option<TierId>,
    /// Only those in this stage.
    pub stage: Option<Stage>,
    /// Only those in this country.
    pub country: Option<CountryCode>,
    /// Only these.
    pub status: Option<PartnerStatus>,
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

/// A line of the register.
#[derive(Debug, Clone)]
pub struct Line {
    /// The partner.
    pub partner: Partner,
    /// Its tier today.
    pub tier: Option<TierId>,
    /// Its stage today.
    pub stage: Stage,
    /// What that rests on: counts and monthly recurring revenue.
    pub facts: PartnerFacts,
}

/// Filters as one query can carry them. Tier and stage are found by reckoning, and the ids they
/// leave are compared here: there is no telling how many there are.
struct Narrowed {
    among: Option<BTreeSet<PartnerId>>,
}

impl Narrowed {
    fn by(tx: &mut Tx<'_, VendorScope>, filter: &Filter, today: NaiveDate) -> Result<Self> {
        let mut among: Option<BTreeSet<PartnerId>> = None;
        if let Some(tier) = filter.tier {
            among = Some(tiers::members(tx, tier, today)?.into_iter().collect());
        }
        if let Some(stage) = filter.stage {
            let facts = lifecycle::facts(tx, Which::All)?;
            let in_stage = facts.into_iter().filter(|(id, facts)| {
                among.as_ref().is_none_or(|among| among.contains(id))
                    && stage_of(facts).stage == stage
            });
            among = Some(in_stage.map(|(id, _)| id).collect());
        }
        Ok(Self { among })
    }
    fn keeps(&self, id: PartnerId) -> bool {
        self.among.as_ref().is_none_or(|among| among.contains(&id))
    }
}

fn rows(tx: &Tx<'_, VendorScope>, filter: &Filter) -> Scoped<VendorScope, Boxed<partners::table>> {
    let mut rows = tx.rows(partners::table);
    if let Some(search) = typed(&filter.search) {
        let named = partners::name_key.like(anywhere(search)).escape('\\');
        rows = rows.filter(named.or(partners::external_id.eq(search.to_owned())));
    }
    if let Some(country) = &filter.country {
        rows = rows.filter(partners::country.eq(country.to_string()));
    }
    if let Some(status) = filter.status {
        rows = rows.filter(partners::status.eq(status.code()));
    }
    rows
}

/// Rows read at a time while looking for those that reckoned filters keep.
const STRIDE: usize = 500;

/// One page of the register.
///
/// # Errors
/// Faults of the database.
pub fn page(
    tx: &mut Tx<'_, VendorScope>,
    filter: &Filter,
    sort: Sort,
    from: Option<&Cursor>,
    today: NaiveDate,
) -> Result<Page<Line>> {
    let narrowed = Narrowed::by(tx, filter, today)?;
    let place = |row: &Row| match sort {
        Sort::Name => (name_key(&row.name), row.id.number()),
        Sort::Newest => (String::new(), row.id.number()),
    };
    let stride = if narrowed.among.is_some() {
        STRIDE
    } else {
        PAGE
    };
    let (mut found, mut at) = (Vec::new(), from.cloned());
    while found.len() <= PAGE {
        let read = stretch(tx, rows(tx, filter), sort, at.as_ref(), stride)?;
        let is_last = read.len() <= stride;
        at = read.last().map(|row| {
            let is_back = from.is_some_and(Cursor::is_back);
            Cursor::at(place(row), is_back)
        });
        found.extend(read.into_iter().filter(|row| narrowed.keeps(row.id)));
        if is_last {
            break;
        }
    }
    found.truncate(PAGE + 1);
    let page = Page::of(found, from, PAGE, place);
    lines(tx, page, today)
}

fn stretch(
    tx: &mut Tx<'_, VendorScope>,
    rows: Scoped<VendorScope, Boxed<partners::table>>,
    sort: Sort,
    from: Option<&Cursor>,
    size: usize,
) -> Result<Vec<Row>> {
    let rows = match sort {
        Sort::Name => by_key!(rows, from, partners::name_key, partners::id),
        Sort::Newest => newest_first!(rows, from, partners::id),
    };
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    tx.load(rows.limit(limit).select(Row::as_select()))
}

fn lines(tx: &mut Tx<'_, VendorScope>, page: Page<Row>, today: NaiveDate) -> Result<Page<Line>> {
    let ids: Vec<PartnerId> = page.rows.iter().map(|row| row.id).collect();
    let tiers: BTreeMap<PartnerId, TierId> = tiers::on(tx, &ids, today)?.into_iter().collect();
    let mut facts = lifecycle::facts(tx, Which::These(&ids))?;
    page.try_map(|row| {
        let facts = facts.remove(&row.id).unwrap_or_default();
        Ok(Line {
            tier: tiers.get(&row.id).copied(),
            stage: stage_of(&facts).stage,
            partner: row.read()?,
            facts,
        })
    })
}

/// How many partners a filter leaves.
///
/// # Errors
/// Faults of the database.
pub fn count(tx: &mut Tx<'_, VendorScope>, filter: &Filter, today: NaiveDate) -> Result<Count> {
    let narrowed = Narrowed::by(tx, filter, today)?;
    let ids = rows(tx, filter).select(partners::id);
    let ids: Vec<PartnerId> = match narrowed.among {
        None => tx.load(ids.limit(COUNT_CAP + 1))?,
        Some(_) => tx.load(ids)?,
    };
    Ok(Count::of(
        ids.into_iter().filter(|id| narrowed.keeps(*id)).count(),
    ))
}
