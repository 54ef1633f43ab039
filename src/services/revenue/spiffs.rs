//! What is paid once for a new subscription.
use std::collections::{BTreeSet, HashMap, HashSet};

use super::{accrual::Moved, books::Books};
use crate::{
    Result,
    domain::{
        Period, Ratio,
        commission::{EntryKind, Part, matures_on, posting_period},
    },
    id::{PartnerId, PlanVersionId, SubscriptionId},
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
    let ids: Vec<SubscriptionId> = paid.iter().map(|one| one.invoice.subscription_id).collect();
    Desk::of(tx, open, &ids, &HashSet::new())?.pay(&*tx, books, &paid)
}

/// What SPIFFs would pay for these subscriptions once each has paid, in their order, whatever was
/// paid for them already: minor units in each one's currency. Asks little where there are none.
pub(super) fn foreseen(
    tx: &mut Tx<'_, VendorScope>,
    begun: &[SubscriptionId],
) -> Result<Vec<(SubscriptionId, i64)>> {
    let open = match begun.is_empty() {
        true => Vec::new(),
        false => spiffs::all(tx)?,
    };
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let forgotten = begun.iter().copied().collect();
    let mut desk = Desk::of(tx, open, begun, &forgotten)?;
    let mut found = Vec::new();
    for id in begun {
        let Some(sold) = desk.sold.remove(id) else {
            continue;
        };
        let due = desk.due(&sold)?;
        found.extend(due.iter().map(|one| (*id, one.minor)));
    }
    Ok(found)
}

/// What SPIFFs are paid by: the subscriptions, what they are of, and what was paid before.
struct Desk {
    /// The oldest first, so that the first that counts is paid.
    spiffs: Vec<Spiff>,
    offerings: HashMap<crate::id::OfferingId, String>,
    sold: HashMap<SubscriptionId, Subscription>,
    plans: HashMap<PlanVersionId, terms::PlanTerms>,
    done: HashSet<(i64, SubscriptionId)>,
    /// How often each was paid for a subscription, what went back included.
    times: HashMap<(i64, SubscriptionId), i32>,
    counts: HashMap<(i64, PartnerId), u32>,
}

/// What a SPIFF pays for a subscription.
struct Due {
    /// The SPIFF's place on the desk.
    spiff: usize,
    minor: i64,
    /// How many it has paid the partner, this one included.
    count: u32,
}

impl Desk {
    /// As if nothing had been paid for those that are forgotten.
    fn of(
        tx: &mut Tx<'_, VendorScope>,
        mut open: Vec<Spiff>,
        ids: &[SubscriptionId],
        forgotten: &HashSet<SubscriptionId>,
    ) -> Result<Self> {
        open.reverse();
        let mut sold = subscriptions::of_ids(tx, ids)?;
        // The margin is all that is paid for what is resold.
        sold.retain(|one| one.payer_id.is_none());
        sold.retain(|one| open.iter().any(|spiff| spiff.terms().covers(one.starts_on)));
        // A SPIFF is for what was sold, whatever it was changed to since.
        let ids: Vec<SubscriptionId> = sold.iter().map(|one| one.id).collect();
        let left = subscriptions::plans_left(tx, &ids)?;
        for one in &mut sold {
            let first = left.get(&one.id).and_then(|left| left.first());
            one.plan_version_id = first.map_or(one.plan_version_id, |(_, plan)| *plan);
        }
        let partners: BTreeSet<PartnerId> = sold.iter().map(|one| one.partner_id).collect();
        let plans: BTreeSet<PlanVersionId> = sold.iter().map(|one| one.plan_version_id).collect();
        let (mut done, mut counts) = (HashSet::new(), HashMap::new());
        let mut times: HashMap<_, i32> = HashMap::new();
        for paid in entries::spiffs_of(tx, &Vec::from_iter(partners))? {
            let of = paid.subscription.map(|id| (paid.spiff, id));
            if let Some(of) = of {
                *times.entry(of).or_default() += 1;
            }
            if paid.is_refunded || paid.subscription.is_some_and(|id| forgotten.contains(&id)) {
                continue;
            }
            *counts.entry((paid.spiff, paid.partner)).or_default() += 1;
            done.extend(of);
        }
        Ok(Self {
            offerings: spiffs::offering_names(tx, &open)?,
            plans: terms::plans_of(tx, &Vec::from_iter(plans))?,
            sold: sold.into_iter().map(|one| (one.id, one)).collect(),
            spiffs: open,
            done,
            times,
            counts,
        })
    }

    /// What is due for a subscription, which counts as paid from then on.
    fn due(&mut self, sold: &Subscription) -> Result<Vec<Due>> {
        let plan = self.plans.get(&sold.plan_version_id);
        let mut found = Vec::new();
        for (place, spiff) in self.spiffs.iter().enumerate() {
            let number = spiff.id.number();
            let counts = spiff.terms().covers(sold.starts_on)
                && spiff.currency == sold.currency
                && plan.is_some_and(|plan| plan.offering_id == spiff.offering_id)
                && self.done.insert((number, sold.id));
            if !counts {
                continue;
            }
            let count = self.counts.entry((number, sold.partner_id)).or_default();
            let minor = spiff.terms().next(*count)?;
            if minor != 0 {
                *count += 1;
                found.push(Due {
                    spiff: place,
                    minor,
                    count: *count,
                });
            }
        }
        Ok(found)
    }

    fn pay(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        books: &Books,
        paid: &[&Moved],
    ) -> Result<Vec<Entry>> {
        let mut made = Vec::new();
        for moved in paid {
            let Some(sold) = self.sold.remove(&moved.invoice.subscription_id) else {
                continue;
            };
            for one in self.due(&sold)? {
                let Some(spiff) = self.spiffs.get(one.spiff) else {
                    continue;
                };
                let offering = self.offerings.get(&spiff.offering_id);
                let note = note(spiff, offering.map_or("", String::as_str), one.count);
                let before = self.times.get(&(spiff.id.number(), sold.id));
                made.push(Entry {
                    seq: before.copied().unwrap_or_default() + 1,
                    ..entry(tx, books, (moved, &sold), (spiff, one.minor, note))
                });
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
        seller_id: None,
        caps_id: None,
        note,
    }
}
