//! The bonus on a renewed term, paid once its first invoice is.
mod term;

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::{accrual::Moved, billing::Terms, books::Books};
use crate::{
    Result,
    domain::{
        Money, Period, Phase, Ratio, SubscriptionStatus,
        commission::{EntryKind, Part, extras::RenewalTerms, matures_on, posting_period},
        date_words,
    },
    id::{CommissionEntryId, CommissionPlanVersionId, InvoiceId, SubscriptionId},
    store::{
        Tx, VendorScope,
        incentivize::entries::{self, Entry, SourceKind},
        revenue::{
            invoices::{self, InvoiceLine},
            subscriptions::{self, Subscription},
        },
    },
};

pub(super) use term::{Bonus, Term};

/// A term whose first invoice is paid.
struct Renewed<'a> {
    moved: &'a Moved,
    sold: Subscription,
    plan: CommissionPlanVersionId,
    terms: RenewalTerms,
    term: Term,
}

/// The first days of service that invoices charge for in renewed terms, of each.
pub(super) type Days = HashMap<InvoiceId, BTreeSet<NaiveDate>>;

/// Of some invoices' lines, the days on which those of renewed terms begin, whether a clause lets
/// them earn or not.
pub(super) fn days(all: &[InvoiceLine]) -> Days {
    let renewed =
        |line: &&InvoiceLine| invoices::AHEAD.contains(&line.kind) && line.phase == Phase::Renewal;
    let mut found = Days::new();
    for line in all.iter().filter(renewed) {
        let of = found.entry(line.invoice_id).or_default();
        of.insert(line.service_from);
    }
    found
}

/// The entries of bonuses that payments bring about. Asks nothing where no plan pays one.
pub(super) fn earn(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    moves: &[Moved],
    days: &Days,
) -> Result<Vec<Entry>> {
    if books
        .extras()
        .values()
        .all(|extras| extras.renewal.is_none())
    {
        return Ok(Vec::new());
    }
    let renewed = renewed(tx, books, moves, days)?;
    if renewed.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<SubscriptionId> = renewed.iter().map(|one| one.sold.id).collect();
    let mut paid = Paid::of(&entries::beside_lines(tx, &ids)?);
    let of: Vec<Subscription> = renewed.iter().map(|one| one.sold.clone()).collect();
    let nets = standing(tx, &of)?;
    let begun = renewed.iter().map(|one| (one.sold.id, one.term.first.from));
    let first = first_invoices(tx, &begun.collect())?;
    let mut made = Vec::new();
    for one in renewed {
        let (sold, from) = (one.sold.id, one.term.first.from);
        let is_first = first.get(&(sold, from)) == Some(&one.moved.invoice.id);
        if is_first && !paid.terms.contains(&(sold, Period::of(from))) {
            let seq = paid.times.get(&sold).copied().unwrap_or_default() + 1;
            if let Some(entry) = one.entry(tx, books, (&nets, seq))? {
                paid.take(sold, &entry);
                made.push(entry);
            }
        }
    }
    Ok(made)
}

/// For which renewed terms bonuses have been paid.
#[derive(Default)]
struct Paid {
    /// Each by the month it began in, but for those whose money went back: no two begin in one.
    terms: HashSet<(SubscriptionId, Period)>,
    /// How many each subscription has brought, those included.
    times: HashMap<SubscriptionId, i32>,
}

impl Paid {
    fn of(posted: &[Entry]) -> Self {
        let given_back: HashSet<CommissionEntryId> = posted
            .iter()
            .filter(|one| matches!(one.source_kind, SourceKind::Refund | SourceKind::CreditNote))
            .filter_map(|one| one.reverses_id)
            .collect();
        let mut paid = Self::default();
        for entry in posted
            .iter()
            .filter(|one| one.kind == EntryKind::RenewalBonus)
        {
            let Some(sold) = entry.subscription_id else {
                continue;
            };
            paid.take(sold, entry);
            if given_back.contains(&entry.id) {
                paid.terms.remove(&(sold, entry.earned_period));
            }
        }
        paid
    }

    fn take(&mut self, sold: SubscriptionId, entry: &Entry) {
        let times = self.times.entry(sold).or_default();
        *times = entry.seq.max(*times);
        self.terms.insert((sold, entry.earned_period));
    }
}

/// The first invoice that charges for a term, by subscription and the term's first day: what is
/// added to a term later begins none. What was credited altogether is none, since another took its
/// place.
pub(super) fn first_invoices(
    tx: &mut Tx<'_, VendorScope>,
    terms: &HashSet<(SubscriptionId, NaiveDate)>,
) -> Result<HashMap<(SubscriptionId, NaiveDate), InvoiceId>> {
    let ids: BTreeSet<SubscriptionId> = terms.iter().map(|(sold, _)| *sold).collect();
    let mut first = HashMap::new();
    for one in invoices::begun(tx, &Vec::from_iter(ids))? {
        let of = (one.subscription, one.on);
        if one.is_left && terms.contains(&of) {
            let found = first.entry(of).or_insert(one.invoice);
            *found = one.invoice.min(*found);
        }
    }
    Ok(first)
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
    let units = subscriptions::units_from(tx, &ids)?;
    let mut then = Vec::new();
    let billed = invoices::begun(tx, &ids)?;
    let billed: HashSet<_> = billed
        .iter()
        .map(|one| (one.subscription, one.on))
        .collect();
    for (id, day) in billed {
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
        // What was written down after the bill counts from its day on.
        let known = units.get(&id).into_iter().flatten();
        let mut known = known.filter(|(since, _)| *since <= day);
        let quantity = known.next_back().map_or(one.quantity, |(_, units)| *units);
        // In a pause nothing is charged.
        if quantity == 0 {
            continue;
        }
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

/// The bonus on the renewed term that begins on a day, in minor units, once it is paid; nothing
/// where none does, or its plan pays none. What [`standing`] does not say is worth what it will
/// charge.
pub(super) fn foreseen(
    one: &Subscription,
    from: NaiveDate,
    (books, plans, billed): (&Books, &Terms, &HashMap<(SubscriptionId, NaiveDate), i64>),
) -> Result<i64> {
    let plan = one.commission_plan_version_id;
    let extras = plan.and_then(|plan| books.extras().get(&plan));
    let Some(terms) = extras.and_then(|extras| extras.renewal) else {
        return Ok(0);
    };
    let Some(term) = Term::begun(one, from)? else {
        return Ok(0);
    };
    let mut worth = HashMap::new();
    for day in term.begins(one) {
        let index = one.index_of(day)?.unwrap_or(one.first_index());
        let charged = match billed.get(&(one.id, day)) {
            Some(billed) => *billed,
            None => plans.standing(one, index)?,
        };
        worth.insert(day, charged);
    }
    let net = |day| worth.get(&day).copied().unwrap_or_default();
    Ok(term.bonus((one, &terms), net)?.minor)
}

fn renewed<'a>(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    moves: &'a [Moved],
    days: &Days,
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
    let mut paid: Vec<(&Moved, NaiveDate)> = Vec::new();
    for (id, moved) in last {
        let state = moved.invoice.state();
        if state.collected()? == Ratio::ONE {
            // A change that is dated back may charge for several terms.
            let days = days.get(&id).into_iter().flatten();
            paid.extend(days.map(|day| (moved, *day)));
        }
    }
    paid.sort_by_key(|(moved, day)| (moved.invoice.id, *day));
    let ids: Vec<SubscriptionId> = paid
        .iter()
        .map(|(one, _)| one.invoice.subscription_id)
        .collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sold = subscriptions::of_ids(tx, &ids)?;
    let mut found = Vec::new();
    for (moved, day) in paid {
        let sold = sold
            .iter()
            .find(|one| one.id == moved.invoice.subscription_id);
        // The credit note of a customer who leaves settles what was not used: that renews nothing.
        let leaves = |sold: &Subscription| {
            let has_ended = sold.status == SubscriptionStatus::Canceled;
            has_ended && moved.source.kind == SourceKind::CreditNote
        };
        if let Some(sold) = sold.filter(|sold| !leaves(sold)) {
            found.extend(begun(books, (moved, day), sold)?);
        }
    }
    Ok(found)
}

/// The term that begins on a day, if one does and its plan pays for that.
fn begun<'a>(
    books: &Books,
    (moved, day): (&'a Moved, NaiveDate),
    sold: &Subscription,
) -> Result<Option<Renewed<'a>>> {
    let pinned = sold.commission_plan_version_id;
    let pays = pinned.and_then(|plan| Some((plan, books.extras().get(&plan)?.renewal?)));
    let Some((plan, terms)) = pays else {
        return Ok(None);
    };
    let term = Term::begun(sold, day)?;
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
