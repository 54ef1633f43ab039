//! The floor under a partner's first months, filled up as a month is closed.
use std::collections::HashMap;

use chrono::NaiveDate;

use super::books::Books;
use crate::{
    Result,
    domain::{
        Money, Period, Ratio,
        commission::{EntryKind, Part, extras::GuaranteeTerms, settling::held},
        counted,
    },
    id::{CommissionPlanVersionId, PartnerId},
    store::{
        Tx, VendorScope,
        incentivize::entries::{self, Entry, SourceKind},
        revenue::terms,
    },
};

/// Which plan puts which floor under whose first months.
#[derive(Default)]
pub(super) struct Floors {
    plans: HashMap<CommissionPlanVersionId, GuaranteeTerms>,
    enrolled: HashMap<PartnerId, Vec<(NaiveDate, CommissionPlanVersionId)>>,
    left: HashMap<PartnerId, NaiveDate>,
}

impl Floors {
    /// As they hold. Asks nothing where no plan has one.
    pub fn of(tx: &mut Tx<'_, VendorScope>, books: &Books) -> Result<Self> {
        let plans = books.extras().iter();
        let plans = plans.filter_map(|(id, extras)| Some((*id, extras.guarantee?)));
        Self::under(tx, plans.collect())
    }

    /// As if these plans had these floors, and no other plan one.
    pub fn under(
        tx: &mut Tx<'_, VendorScope>,
        plans: HashMap<CommissionPlanVersionId, GuaranteeTerms>,
    ) -> Result<Self> {
        if plans.is_empty() {
            return Ok(Self::default());
        }
        let versions: Vec<CommissionPlanVersionId> = plans.keys().copied().collect();
        let partners = terms::partners_under(tx, &versions)?;
        let enrolled = terms::enrolments(tx, &partners)?;
        Ok(Self {
            left: terms::partners_left(tx)?,
            plans,
            enrolled,
        })
    }

    /// The floors that hold in a month.
    pub fn in_month(&self, month: Period) -> Vec<Floor<'_>> {
        let mut found: Vec<Floor<'_>> = self
            .enrolled
            .iter()
            .filter_map(|(partner, given)| {
                // The month in which a partner leaves is its last.
                let left = self.left.get(partner);
                if left.is_some_and(|on| *on <= month.first_day()) {
                    return None;
                }
                let (plan, first) = held(given, month)?;
                let terms = self.plans.get(&plan)?;
                let place = terms.place(first, month)?;
                Some(Floor {
                    partner: *partner,
                    plan,
                    terms,
                    place,
                })
            })
            .collect();
        found.sort_by_key(|floor| floor.partner);
        found
    }
}

/// The entries that bring partners up to their floor in a month that is about to be closed, given
/// those that its close makes before. Asks nothing where no plan has one.
pub(super) fn filling(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (month, settled): (Period, &[Entry]),
) -> Result<Vec<Entry>> {
    let floors = Floors::of(tx, books)?;
    let floors = floors.in_month(month);
    if floors.is_empty() {
        return Ok(Vec::new());
    }
    let partners: Vec<PartnerId> = floors.iter().map(|floor| floor.partner).collect();
    let mut earned = entries::earned_in(tx, &partners, month)?;
    // What steps take back of an earlier month is not of this one.
    for entry in settled.iter().filter(|one| one.earned_period == month) {
        let key = (entry.partner_id, entry.currency.code());
        *earned.entry(key).or_default() += entry.amount_minor;
    }
    let made = floors.iter().filter_map(|floor| {
        let key = (floor.partner, floor.terms.amount.currency().code());
        floor.entry(tx, (month, earned.get(&key).copied().unwrap_or_default()))
    });
    Ok(made.collect())
}

/// A floor under one partner's month.
pub(super) struct Floor<'a> {
    pub partner: PartnerId,
    pub terms: &'a GuaranteeTerms,
    plan: CommissionPlanVersionId,
    place: u32,
}

impl Floor<'_> {
    fn entry(&self, tx: &Tx<'_, VendorScope>, (month, earned): (Period, i64)) -> Option<Entry> {
        let minor = self.terms.fill(earned);
        let currency = self.terms.amount.currency();
        let on = month.last_day();
        (minor > 0).then(|| Entry {
            id: tx.fresh_id(),
            partner_id: self.partner,
            customer_id: None,
            subscription_id: None,
            invoice_id: None,
            invoice_line_id: None,
            commission_clause_id: None,
            kind: EntryKind::Guarantee,
            source_kind: SourceKind::Plan,
            source_id: self.plan.number(),
            seq: month.key(),
            base_minor: 0,
            rate_bps: 0,
            exact: Ratio::from_int(minor),
            amount_minor: minor,
            currency,
            paid_on: on,
            earned_period: month,
            due_period: month,
            posting_period: month,
            matures_on: on,
            reverses_id: None,
            created_at: tx.now(),
            part: Part::Whole,
            about: String::new(),
            seller_id: None,
            caps_id: None,
            note: format!(
                "Guarantee: at least {} a month in the first {}; {} was earned in {}, which is month {} of them. What goes back of earlier months does not count.",
                self.terms.amount,
                counted(self.terms.months, "month", "months"),
                Money::new(earned, currency),
                month.title(),
                self.place
            ),
        })
    }
}
