//! What is paid once for a new subscription, and taken back when its customer leaves early.
use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::{accrual::Moved, books::Books};
use crate::{
    Error, Result,
    domain::{
        Money, Period, Ratio,
        commission::{EntryKind, Part, matures_on, posting_period, reversal_matures_on},
        counted,
    },
    id::{CommissionEntryId, PartnerId, PlanVersionId, SpiffId, SubscriptionId},
    store::{
        Tx, VendorScope,
        incentivize::{
            entries::{self, Entry, SourceKind},
            spiffs::{self, Spiff},
        },
        revenue::{
            subscriptions::{self, Subscription},
            terms,
        },
    },
};

/// The entries of SPIFFs that the first cash on new subscriptions brings about. A vendor without
/// SPIFFs is asked for them and nothing else.
pub(super) fn earn(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    moves: &[Moved],
) -> Result<Vec<Entry>> {
    let mut paid: Vec<&Moved> = Vec::new();
    let mut seen = HashSet::new();
    for moved in moves {
        let is_cash = moved.source.kind == SourceKind::Allocation;
        let state = moved.invoice.state();
        let is_kept = state.paid_minor > state.refunded_minor;
        if is_cash && is_kept && seen.insert(moved.invoice.subscription_id) {
            paid.push(moved);
        }
    }
    if paid.is_empty() {
        return Ok(Vec::new());
    }
    let open = spiffs::all(tx)?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    Desk::of(tx, open, &paid)?.pay(&*tx, books, &paid)
}

/// What SPIFFs are paid by: the subscriptions, what they are of, and what was paid before.
struct Desk {
    /// The oldest first, so that the first that counts is paid.
    spiffs: Vec<Spiff>,
    offerings: HashMap<crate::id::OfferingId, String>,
    sold: HashMap<SubscriptionId, Subscription>,
    plans: HashMap<PlanVersionId, terms::PlanTerms>,
    done: HashSet<(i64, SubscriptionId)>,
    counts: HashMap<(i64, PartnerId), u32>,
}

impl Desk {
    fn of(tx: &mut Tx<'_, VendorScope>, mut open: Vec<Spiff>, paid: &[&Moved]) -> Result<Self> {
        open.reverse();
        let ids: Vec<SubscriptionId> = paid.iter().map(|one| one.invoice.subscription_id).collect();
        let mut sold = subscriptions::of_ids(tx, &ids)?;
        sold.retain(|one| open.iter().any(|spiff| spiff.terms().covers(one.starts_on)));
        let partners: BTreeSet<PartnerId> = sold.iter().map(|one| one.partner_id).collect();
        let plans: BTreeSet<PlanVersionId> = sold.iter().map(|one| one.plan_version_id).collect();
        let (mut done, mut counts) = (HashSet::new(), HashMap::new());
        for (spiff, partner, subscription) in entries::spiffs_of(tx, &Vec::from_iter(partners))? {
            *counts.entry((spiff, partner)).or_default() += 1;
            done.extend(subscription.map(|subscription| (spiff, subscription)));
        }
        Ok(Self {
            offerings: spiffs::offering_names(tx, &open)?,
            plans: terms::plans_of(tx, &Vec::from_iter(plans))?,
            sold: sold.into_iter().map(|one| (one.id, one)).collect(),
            spiffs: open,
            done,
            counts,
        })
    }

    fn pay(
        mut self,
        tx: &Tx<'_, VendorScope>,
        books: &Books,
        paid: &[&Moved],
    ) -> Result<Vec<Entry>> {
        let mut made = Vec::new();
        for moved in paid {
            let Some(sold) = self.sold.get(&moved.invoice.subscription_id) else {
                continue;
            };
            for spiff in &self.spiffs {
                let plan = self.plans.get(&sold.plan_version_id);
                let counts = spiff.terms().covers(sold.starts_on)
                    && spiff.currency == sold.currency
                    && plan.is_some_and(|plan| plan.offering_id == spiff.offering_id)
                    && !self.done.contains(&(spiff.id.number(), sold.id));
                if !counts {
                    continue;
                }
                let key = (spiff.id.number(), sold.partner_id);
                let before = self.counts.entry(key).or_default();
                let minor = spiff.terms().next(*before)?;
                if minor == 0 {
                    continue;
                }
                *before += 1;
                let offering = self.offerings.get(&spiff.offering_id);
                let note = note(spiff, offering.map_or("", String::as_str), *before);
                made.push(entry(tx, books, (moved, sold), (spiff, minor, note)));
            }
        }
        Ok(made)
    }
}

fn note(spiff: &Spiff, offering: &str, count: u32) -> String {
    let place = match spiff.most_per_partner {
        Some(most) => format!(" It is number {count} of at most {most}."),
        None => format!(" It is number {count}."),
    };
    format!(
        "SPIFF “{}”: {}.{place}",
        spiff.name,
        spiff.terms().sentence(offering)
    )
}

fn entry(
    tx: &Tx<'_, VendorScope>,
    books: &Books,
    (moved, sold): (&Moved, &Subscription),
    (spiff, minor, note): (&Spiff, i64, String),
) -> Entry {
    let on = moved.source.on;
    let due = Period::of(on);
    let hold = sold.commission_plan_version_id;
    Entry {
        id: tx.fresh_id(),
        partner_id: sold.partner_id,
        customer_id: Some(sold.customer_id),
        subscription_id: Some(sold.id),
        invoice_id: Some(moved.invoice.id),
        invoice_line_id: None,
        commission_clause_id: None,
        kind: EntryKind::Spiff,
        source_kind: SourceKind::Spiff,
        source_id: spiff.id.number(),
        seq: 1,
        base_minor: 0,
        rate_bps: 0,
        exact: Ratio::from_int(minor),
        amount_minor: minor,
        currency: sold.currency,
        paid_on: on,
        earned_period: due,
        due_period: due,
        posting_period: posting_period(due, books.first_open),
        matures_on: matures_on(on, hold.map_or(0, |plan| books.plan_hold_days(plan))),
        reverses_id: None,
        created_at: tx.now(),
        part: Part::Whole,
        about: String::new(),
        caps_id: None,
        note,
    }
}

/// Takes back what was paid for subscriptions that have ended within its window, unless the vendor
/// is to blame.
///
/// # Errors
/// Faults of the database, and amounts that do not fit.
pub(super) fn claw_back(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    ended: &[Subscription],
) -> Result<()> {
    let ids: Vec<SubscriptionId> = ended.iter().map(|one| one.id).collect();
    let posted = entries::beside_lines(tx, &ids)?;
    if posted.is_empty() {
        return Ok(());
    }
    let known = spiffs::all(tx)?;
    let mut made = Vec::new();
    for sold in ended {
        let Some(end) = sold.ends_on else { continue };
        let own = posted
            .iter()
            .filter(|entry| entry.subscription_id == Some(sold.id));
        let before = own
            .filter(|entry| entry.kind == EntryKind::Clawback)
            .count();
        let mut place = i32::try_from(before).unwrap_or(i32::MAX).saturating_add(1);
        for paid in posted.iter().filter(|entry| {
            entry.kind == EntryKind::Spiff && entry.subscription_id == Some(sold.id)
        }) {
            let spiff = known
                .iter()
                .find(|one| one.id == SpiffId::of(paid.source_id));
            let spiff = spiff.ok_or_else(|| Error::fault("an entry has no SPIFF"))?;
            let back = Back {
                spiff,
                paid,
                taken: taken(&posted, paid.id),
                place,
            };
            if let Some(entry) = back.entry(tx, books, (sold, end))? {
                made.push(entry);
                place += 1;
            }
        }
    }
    entries::post(tx, made)
}

fn taken(posted: &[Entry], id: CommissionEntryId) -> i64 {
    let back = posted.iter().filter(|entry| entry.reverses_id == Some(id));
    back.map(|entry| entry.amount_minor).sum()
}

/// Something that was paid once and may go back.
struct Back<'a> {
    spiff: &'a Spiff,
    paid: &'a Entry,
    /// What was taken back before, in minor units.
    taken: i64,
    /// The place among what is taken back of the subscription.
    place: i32,
}

impl Back<'_> {
    fn entry(
        &self,
        tx: &Tx<'_, VendorScope>,
        books: &Books,
        (sold, end): (&Subscription, NaiveDate),
    ) -> Result<Option<Entry>> {
        let active = (end - sold.charged_from()).num_days().max(0);
        let active = u32::try_from(active).unwrap_or(u32::MAX);
        let left = self.paid.amount_minor + self.taken;
        let terms = self.spiff.terms();
        let whole = (self.paid.amount_minor, left);
        let minor = terms.clawback(whole, active, sold.ends_by_vendor)?;
        if minor == 0 {
            return Ok(None);
        }
        let money = |minor| Money::new(minor, self.paid.currency);
        // An end that is written down late counts from its day, and never before the payment.
        let on = end.max(self.paid.paid_on);
        let due = Period::of(on);
        Ok(Some(Entry {
            id: tx.fresh_id(),
            kind: EntryKind::Clawback,
            source_kind: SourceKind::Cancellation,
            source_id: sold.id.number(),
            seq: self.place,
            exact: Ratio::from_int(minor),
            amount_minor: minor,
            paid_on: on,
            earned_period: self.paid.earned_period,
            due_period: due,
            posting_period: posting_period(due, books.first_open),
            matures_on: reversal_matures_on(on, self.paid.matures_on),
            reverses_id: Some(self.paid.id),
            created_at: tx.now(),
            note: format!(
                "SPIFF “{}”: the subscription ended after {active} of {}, so that {} of {} goes back.",
                self.spiff.name,
                counted(terms.clawback_days, "day", "days"),
                money(-minor),
                money(self.paid.amount_minor)
            ),
            ..self.paid.clone()
        }))
    }
}
