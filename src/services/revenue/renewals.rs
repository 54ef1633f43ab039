//! The bonus on a renewed term, paid once its first invoice is.
use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::{accrual::Moved, billing::Terms, books::Books};
use crate::{
    Result,
    domain::{
        Money, Overflow, Period, Phase, Ratio, ServicePeriod, SubscriptionStatus,
        commission::{EntryKind, Part, extras::RenewalTerms, matures_on, posting_period},
        date_words,
    },
    id::{CommissionPlanVersionId, InvoiceId, SubscriptionId},
    store::{
        Tx, VendorScope,
        incentivize::entries::{self, Entry, SourceKind},
        revenue::{
            invoices::{self, InvoiceLine, InvoiceLineKind},
            subscriptions::{self, Subscription},
        },
    },
};

/// A renewed term.
pub(super) struct Term {
    /// How often it was renewed, this time included.
    count: u32,
    /// Its first period, and the first of the term before.
    first: ServicePeriod,
    before: ServicePeriod,
    /// Billing periods of a term.
    periods: u32,
}

impl Term {
    /// The renewed term that begins with a service period that starts on a day, if one does.
    pub fn begun(sold: &Subscription, from: NaiveDate) -> Result<Option<Self>> {
        let (anchor, term) = (sold.anchor()?, sold.term().max(1));
        let index = anchor.index_of(from);
        let begun = index.and_then(|index| Some((index, anchor.term_begun(index, term)?)));
        let Some((index, count)) = begun.filter(|(_, count)| *count > 0) else {
            return Ok(None);
        };
        let begins = |count: u32| {
            anchor
                .index_after(count.saturating_mul(term))
                .ok_or(Overflow)
        };
        let period = |index| anchor.service_period(index).ok_or(Overflow);
        let first = period(index)?;
        Ok((first.from == from).then_some(Self {
            count: count.saturating_add(before_anchor(sold)),
            first,
            before: period(begins(count - 1)?)?,
            periods: begins(count + 1)?.saturating_sub(index),
        }))
    }

    /// The first day of the term that a subscription was renewed for so many times, in
    /// the way its periods are counted now.
    pub fn first_day(sold: &Subscription, count: i32) -> Result<NaiveDate> {
        let count = u32::try_from(count).unwrap_or_default();
        let count = count.saturating_sub(before_anchor(sold));
        let (anchor, term) = (sold.anchor()?, sold.term().max(1));
        let index = anchor.index_after(count.saturating_mul(term));
        let period = index.and_then(|index| anchor.service_period(index));
        Ok(period.ok_or(Overflow)?.from)
    }

    /// The first days of service of the term before and of this one.
    pub fn begins(&self, sold: &Subscription) -> [NaiveDate; 2] {
        [self.before.from.max(sold.charged_from()), self.first.from]
    }

    /// What it earns, given what a whole period charges as a term begins on a day, in minor units.
    pub fn bonus(
        &self,
        (sold, terms): (&Subscription, &RenewalTerms),
        net: impl Fn(NaiveDate) -> i64,
    ) -> Result<Bonus> {
        let worth = |from| {
            let periods = i64::from(self.periods);
            net(from).checked_mul(periods).ok_or(Overflow)
        };
        let [before, now] = self.begins(sold);
        let (before_minor, now_minor) = (worth(before)?, worth(now)?);
        Ok(Bonus {
            before_minor,
            now_minor,
            minor: terms.bonus(before_minor, now_minor),
        })
    }
}

/// What a renewed term earns, and what it and the one before are worth, in minor units.
#[derive(Default)]
pub(super) struct Bonus {
    pub minor: i64,
    before_minor: i64,
    now_minor: i64,
}

/// Renewed terms that had begun before the anchor: bonuses are numbered on.
fn before_anchor(sold: &Subscription) -> u32 {
    u32::try_from(sold.terms_before).unwrap_or_default()
}

/// A term whose first invoice is paid.
struct Renewed<'a> {
    moved: &'a Moved,
    sold: Subscription,
    plan: CommissionPlanVersionId,
    terms: RenewalTerms,
    term: Term,
}

/// Of some invoices' lines, the recurring ones of renewed terms.
pub(super) fn lines(all: &[InvoiceLine]) -> HashMap<InvoiceId, Vec<InvoiceLine>> {
    let mut found: HashMap<InvoiceId, Vec<InvoiceLine>> = HashMap::new();
    for line in all
        .iter()
        .filter(|line| line.kind == InvoiceLineKind::Recurring && line.phase == Phase::Renewal)
    {
        let of = found.entry(line.invoice_id).or_default();
        of.push(line.clone());
    }
    found
}

/// The entries of bonuses that payments bring about. Asks nothing where no plan pays one. `lines`
/// are the recurring lines of renewed terms, whether a clause lets them earn or not.
pub(super) fn earn(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    moves: &[Moved],
    lines: &HashMap<InvoiceId, Vec<InvoiceLine>>,
) -> Result<Vec<Entry>> {
    if books
        .extras()
        .values()
        .all(|extras| extras.renewal.is_none())
    {
        return Ok(Vec::new());
    }
    let renewed = renewed(tx, books, moves, lines)?;
    if renewed.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<SubscriptionId> = renewed.iter().map(|one| one.sold.id).collect();
    let known = entries::beside_lines(tx, &ids)?;
    let known: HashSet<(Option<SubscriptionId>, i64, i32)> = known
        .iter()
        .filter(|entry| entry.kind == EntryKind::RenewalBonus)
        .map(|entry| (entry.subscription_id, entry.source_id, entry.seq))
        .collect();
    let of: Vec<Subscription> = renewed.iter().map(|one| one.sold.clone()).collect();
    let nets = standing(tx, &of)?;
    let mut made = Vec::new();
    for one in renewed {
        let seq = i32::try_from(one.term.count).unwrap_or(i32::MAX);
        if !known.contains(&(Some(one.sold.id), one.plan.number(), seq)) {
            made.extend(one.entry(tx, books, (&nets, seq))?);
        }
    }
    Ok(made)
}

/// What a whole period charges for what partners earn on, discounts for a single one left out, as
/// each term of these subscriptions began that has been billed: by the first day of service, in
/// minor units.
pub(super) fn standing(
    tx: &mut Tx<'_, VendorScope>,
    sold: &[Subscription],
) -> Result<HashMap<(SubscriptionId, NaiveDate), i64>> {
    let ids: Vec<SubscriptionId> = sold.iter().map(|one| one.id).collect();
    let by_id: HashMap<SubscriptionId, &Subscription> =
        sold.iter().map(|one| (one.id, one)).collect();
    let left = subscriptions::plans_left(tx, &ids)?;
    let mut then = Vec::new();
    for ((id, day), quantity) in invoices::units_billed(tx, &ids)? {
        let Some(one) = by_id.get(&id) else { continue };
        let Some(index) = one.index_of(day)? else {
            continue;
        };
        let since = index - one.first_index();
        if one.anchor()?.term_begun(since, one.term()).is_none() {
            continue;
        }
        let mut plans = left.get(&id).into_iter().flatten();
        let plan = plans.find(|(left_on, _)| day < *left_on);
        let as_it_was = Subscription {
            plan_version_id: plan.map_or(one.plan_version_id, |(_, plan)| *plan),
            quantity,
            ..(*one).clone()
        };
        then.push((day, index, as_it_was));
    }
    let was: Vec<Subscription> = then.iter().map(|(_, _, was)| was.clone()).collect();
    let terms = Terms::of(tx, &was)?;
    let worth = |(day, index, was): &(NaiveDate, u32, Subscription)| {
        Ok(((was.id, *day), terms.standing(was, *index)?))
    };
    then.iter().map(worth).collect()
}

fn renewed<'a>(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    moves: &'a [Moved],
    lines: &HashMap<InvoiceId, Vec<InvoiceLine>>,
) -> Result<Vec<Renewed<'a>>> {
    let mut last: HashMap<InvoiceId, &Moved> = HashMap::new();
    for moved in moves.iter().filter(|one| {
        matches!(
            one.source.kind,
            SourceKind::Allocation | SourceKind::Plan | SourceKind::CreditNote
        )
    }) {
        last.insert(moved.invoice.id, moved);
    }
    let mut paid: Vec<(&Moved, &InvoiceLine)> = Vec::new();
    for (id, moved) in last {
        let state = moved.invoice.state();
        let is_paid = state.collected()? == Ratio::ONE;
        let first = lines.get(&id).and_then(|lines| lines.first());
        paid.extend(first.filter(|_| is_paid).map(|line| (moved, line)));
    }
    paid.sort_by_key(|(moved, _)| moved.invoice.id);
    let ids: Vec<SubscriptionId> = paid
        .iter()
        .map(|(one, _)| one.invoice.subscription_id)
        .collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sold = subscriptions::of_ids(tx, &ids)?;
    let mut found = Vec::new();
    for (moved, line) in paid {
        let sold = sold
            .iter()
            .find(|one| one.id == moved.invoice.subscription_id);
        // The credit note of a customer who leaves settles what was not used: that renews nothing.
        let leaves = |sold: &Subscription| {
            let has_ended = sold.status == SubscriptionStatus::Canceled;
            has_ended && moved.source.kind == SourceKind::CreditNote
        };
        if let Some(sold) = sold.filter(|sold| !leaves(sold)) {
            found.extend(begun(books, (moved, line), sold)?);
        }
    }
    Ok(found)
}

/// The term that begins with a line's period, if one does and its plan pays for that.
fn begun<'a>(
    books: &Books,
    (moved, line): (&'a Moved, &InvoiceLine),
    sold: &Subscription,
) -> Result<Option<Renewed<'a>>> {
    let pinned = sold.commission_plan_version_id;
    let pays = pinned.and_then(|plan| Some((plan, books.extras().get(&plan)?.renewal?)));
    let Some((plan, terms)) = pays else {
        return Ok(None);
    };
    let term = Term::begun(sold, line.service_from)?;
    Ok(term.map(|term| Renewed {
        moved,
        sold: sold.clone(),
        plan,
        terms,
        term,
    }))
}

impl Renewed<'_> {
    fn entry(
        &self,
        tx: &Tx<'_, VendorScope>,
        books: &Books,
        (nets, seq): (&HashMap<(SubscriptionId, NaiveDate), i64>, i32),
    ) -> Result<Option<Entry>> {
        let net = |from| nets.get(&(self.sold.id, from)).copied().unwrap_or_default();
        let Bonus {
            minor,
            before_minor: before,
            now_minor: now,
        } = self.term.bonus((&self.sold, &self.terms), net)?;
        if minor == 0 {
            return Ok(None);
        }
        let money = |minor| Money::new(minor, self.sold.currency);
        let on = self.moved.source.on;
        let due = Period::of(on);
        Ok(Some(Entry {
            id: tx.fresh_id(),
            partner_id: self.sold.partner_id,
            customer_id: Some(self.sold.customer_id),
            subscription_id: Some(self.sold.id),
            invoice_id: Some(self.moved.invoice.id),
            invoice_line_id: None,
            commission_clause_id: None,
            kind: EntryKind::RenewalBonus,
            source_kind: SourceKind::Plan,
            source_id: self.plan.number(),
            seq,
            base_minor: 0,
            rate_bps: 0,
            exact: self.terms.rate.exact(now),
            amount_minor: minor,
            currency: self.sold.currency,
            paid_on: on,
            earned_period: Period::of(self.term.first.from),
            due_period: due,
            posting_period: posting_period(due, books.first_open),
            matures_on: matures_on(on, books.plan_hold_days(self.plan)),
            reverses_id: None,
            created_at: tx.now(),
            part: Part::Whole,
            about: String::new(),
            seller_id: None,
            caps_id: None,
            note: format!(
                "Renewal bonus: {} of {}, what the term from {} is worth; the term before was worth {}.",
                self.terms.rate,
                money(now),
                date_words(self.term.first.from),
                money(before)
            ),
        }))
    }
}
