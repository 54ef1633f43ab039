//! The floor under a partner's first months, filled up as a month is closed.
use std::collections::HashMap;

use super::books::Books;
use crate::{
    Result,
    domain::{
        Money, Period, Ratio,
        commission::{EntryKind, Part, extras::GuaranteeTerms},
        counted,
    },
    id::{CommissionPlanVersionId, PartnerId},
    store::{
        Tx, VendorScope,
        incentivize::entries::{self, Entry, SourceKind},
        revenue::terms,
    },
};

/// Posts what brings partners up to their floor in a month that is about to be closed. Asks
/// nothing where no plan has one.
pub(super) fn fill(tx: &mut Tx<'_, VendorScope>, books: &Books, month: Period) -> Result<()> {
    let plans: HashMap<CommissionPlanVersionId, GuaranteeTerms> = books
        .extras()
        .iter()
        .filter_map(|(id, extras)| Some((*id, extras.guarantee?)))
        .collect();
    if plans.is_empty() {
        return Ok(());
    }
    let versions: Vec<CommissionPlanVersionId> = plans.keys().copied().collect();
    let partners = terms::partners_under(tx, &versions)?;
    let enrolled = terms::enrolments(tx, &partners)?;
    let earned = entries::earned_in(tx, &partners, month)?;
    let mut made = Vec::new();
    for partner in partners {
        let given = enrolled.get(&partner).map_or(&[][..], Vec::as_slice);
        let last = month.last_day();
        let held = given.iter().rev().find(|(since, _)| *since <= last);
        let (Some((_, plan)), Some((first, _))) = (held, given.first()) else {
            continue;
        };
        let Some(terms) = plans.get(plan) else {
            continue;
        };
        let Some(place) = terms.place(Period::of(*first), month) else {
            continue;
        };
        let key = (partner, terms.amount.currency().code());
        let earned = earned.get(&key).copied().unwrap_or_default();
        let floor = Floor {
            partner,
            plan: *plan,
            terms,
            place,
            earned,
        };
        made.extend(floor.entry(tx, month));
    }
    entries::post(tx, made)
}

struct Floor<'a> {
    partner: PartnerId,
    plan: CommissionPlanVersionId,
    terms: &'a GuaranteeTerms,
    place: u32,
    earned: i64,
}

impl Floor<'_> {
    fn entry(&self, tx: &Tx<'_, VendorScope>, month: Period) -> Option<Entry> {
        let minor = self.terms.fill(self.earned);
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
            caps_id: None,
            note: format!(
                "Guarantee: at least {} a month in the first {}; {} was posted in {}, which is month {} of them.",
                self.terms.amount,
                counted(self.terms.months, "month", "months"),
                Money::new(self.earned, currency),
                month.title(),
                self.place
            ),
        })
    }
}
