//! A subscription's life: it starts, its quantity changes, it ends.
use chrono::NaiveDate;

use super::{
    billing::{Draft, Terms, bill_one, blank_invoice, issue, monthly},
    books::{Books, day},
    credit::{Unused, credit, use_credits},
    payments::Recorded,
};
use crate::{
    Error, Result,
    domain::{
        Action, Change, Overflow, Permission, PriceKind, Quantity, ServicePeriod,
        SubscriptionStatus,
        audit::diff,
        proration::{charge_for, credit_from},
    },
    id::{CustomerId, Id, InvoiceLineId, PlanVersionId, SubscriptionId},
    store::{
        Platform, Tx, VendorScope,
        platform::Event,
        revenue::{
            invoices::{self, InvoiceLine, InvoiceLineKind},
            segments::{self, Segment},
            subscriptions::{self, ChangeKind, Subscription, SubscriptionChange},
            terms::{self, PlanTerms, PriceTerms},
        },
    },
};

/// A sale.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    /// The vendor's own key for it: the same key twice is the same sale.
    pub external_id: String,
    /// To whom.
    pub customer: CustomerId,
    /// What.
    pub plan_version: PlanVersionId,
    /// The first day served; may lie in the past or to come.
    pub starts_on: NaiveDate,
    /// Units.
    pub quantity: Quantity,
}

/// Starts a subscription for a customer and bills what is due by today. The commission plan
/// version is pinned from the partner's enrolment on the first day served.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the customer; [`Error::Invalid`] on `plan` or
/// `external_id`; faults of the database.
pub fn start(tx: &mut Tx<'_, VendorScope>, new: &NewSubscription) -> Result<Recorded<SubscriptionId>> {
    let books = Books::open(tx)?;
    start_in(tx, &books, new)
}

/// As [`start`], with books that are open already: for many sales in one transaction.
///
/// # Errors
/// As [`start`].
pub fn start_in(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    new: &NewSubscription,
) -> Result<Recorded<SubscriptionId>> {
    tx.allow(Permission::ManageSubscriptions)?;
    if let Some(known) = subscriptions::named(tx, &new.external_id)? {
        return unchanged(tx, &known, new);
    }
    let customer = terms::customer(tx, new.customer)?;
    let plans = terms::plans_of(tx, &[new.plan_version])?;
    let plan = plans.get(&new.plan_version).filter(|plan| plan.is_published);
    let plan = plan.ok_or_else(|| Error::on("plan", "This plan is not on sale."))?;
    let subscription = Subscription {
        id: tx.fresh_id(),
        partner_id: customer.partner_id,
        customer_id: customer.id,
        plan_version_id: new.plan_version,
        commission_plan_version_id: terms::enrolled_in(tx, customer.partner_id, new.starts_on)?,
        external_id: new.external_id.clone(),
        currency: plan.currency,
        starts_on: new.starts_on,
        interval_months: plan.interval_months,
        term_months: plan.term_months,
        quantity: units(new.quantity),
        mrr_minor: monthly(plan, new.quantity)?,
        billed_periods: 0,
        next_bill_on: Some(new.starts_on),
        ends_on: None,
        status: if new.starts_on <= books.today {
            SubscriptionStatus::Active
        } else {
            SubscriptionStatus::Pending
        },
        created_at: tx.now(),
        version: 1,
    };
    subscriptions::add(tx, subscription.clone())?;
    let started = Noted {
        kind: ChangeKind::Started,
        on: new.starts_on,
        before: 0,
        after: subscription.quantity,
        reason: "",
    };
    note(tx, &subscription, started)?;
    let summary = format!("{}, {} for {}", plan.offering, plan.plan, customer.name);
    record(tx, Action::SubscriptionStarted, (&subscription, summary), &[])?;
    bill_one(tx, books, subscription.id, books.today)?;
    Ok(Recorded::New(subscription.id))
}

fn units(quantity: Quantity) -> i32 {
    // At most a million.
    i32::try_from(quantity.get()).unwrap_or(i32::MAX)
}

fn unchanged(
    tx: &mut Tx<'_, VendorScope>,
    known: &Subscription,
    new: &NewSubscription,
) -> Result<Recorded<SubscriptionId>> {
    let began = subscriptions::changes(tx, known.id)?;
    let began = began.first().map_or(known.quantity, |change| change.quantity_after);
    let same = known.customer_id == new.customer
        && known.plan_version_id == new.plan_version
        && known.starts_on == new.starts_on
        && began == units(new.quantity);
    if !same {
        let why = "A subscription with this id is there already, with other details.";
        return Err(Error::on("external_id", why));
    }
    Ok(Recorded::Unchanged(known.id))
}

/// A change of quantity.
#[derive(Debug, Clone)]
pub struct QuantityChange {
    /// Of what.
    pub subscription: SubscriptionId,
    /// The version that was read.
    pub version: i32,
    /// Units from then on.
    pub quantity: Quantity,
    /// The first day of the new quantity, no later than today.
    pub effective_on: NaiveDate,
    /// Why.
    pub reason: String,
}

/// Changes a subscription's quantity from a day on. What was billed beyond that day is prorated
/// by the day: more becomes an invoice for the difference, less a credit note.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version or an ended
/// subscription; [`Error::Invalid`] on `quantity` or `effective_on`; faults of the database.
pub fn change_quantity(tx: &mut Tx<'_, VendorScope>, change: &QuantityChange) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let books = Books::open(tx)?;
    let before = live(tx, change.subscription, change.version)?;
    if before.quantity == units(change.quantity) {
        return Err(Error::on("quantity", "This is its quantity already."));
    }
    check_effective(tx, &books, &before, change.effective_on)?;
    bill_before(tx, &books, &before, change.effective_on)?;
    let terms = Terms::of(tx, std::slice::from_ref(&before))?;
    let plan = terms.plan(&before)?;
    let mut now = subscriptions::one(tx, before.id)?;
    now.quantity = units(change.quantity);
    now.mrr_minor = monthly(plan, change.quantity)?;
    subscriptions::change(tx, &now)?;
    let noted = Noted {
        kind: ChangeKind::Quantity,
        on: change.effective_on,
        before: before.quantity,
        after: now.quantity,
        reason: &change.reason,
    };
    note(tx, &now, noted)?;
    let all = segments::of_subscription(tx, now.id)?;
    let turns = turns(plan, &now, &all, change)?;
    if turns.iter().map(Turn::net_minor).sum::<i64>() > 0 {
        charge_more(tx, &books, &terms, (&now, &all), &turns)?;
    } else {
        charge_less(tx, &books, (&now, &all), &turns, &change.reason)?;
    }
    let changes = diff(&[("quantity", before.quantity.to_string(), now.quantity.to_string())]);
    let summary = format!("Quantity {} from {}", now.quantity, day(change.effective_on));
    record(tx, Action::SubscriptionChanged, (&now, summary), &changes)
}

/// Reads a subscription that can still be changed.
fn live(tx: &mut Tx<'_, VendorScope>, id: SubscriptionId, version: i32) -> Result<Subscription> {
    let subscription = subscriptions::one(tx, id)?;
    if subscription.version != version {
        return Err(Error::conflict("Somebody else has changed this subscription."));
    }
    let ended = !subscription.status.is_live() && subscription.status != SubscriptionStatus::Pending;
    if ended {
        return Err(Error::conflict("This subscription has ended."));
    }
    Ok(subscription)
}

fn check_effective(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    subscription: &Subscription,
    on: NaiveDate,
) -> Result<()> {
    let refuse = |why: String| Err(Error::on("effective_on", why));
    if on < subscription.starts_on {
        return refuse(format!("It starts on {}.", day(subscription.starts_on)));
    }
    if on > books.today {
        return refuse("This day is still to come.".to_owned());
    }
    if let Some(end) = subscription.ends_on.filter(|end| on >= *end) {
        return refuse(format!("It ends on {}.", day(end)));
    }
    let changes = subscriptions::changes(tx, subscription.id)?;
    match changes.iter().map(|change| change.effective_on).max() {
        Some(last) if on < last => refuse(format!("It was last changed from {} on.", day(last))),
        _ => Ok(()),
    }
}

/// Periods that begin before the day are billed as they were; later ones as they will be.
fn bill_before(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    subscription: &Subscription,
    on: NaiveDate,
) -> Result<()> {
    if let Some(through) = on.pred_opt() {
        bill_one(tx, books, subscription.id, through)?;
    }
    Ok(())
}

/// What a change makes of one segment: the rest of it taken back, and charged anew.
struct Turn<'a> {
    old: &'a Segment,
    price: &'a PriceTerms,
    rest: ServicePeriod,
    credit_minor: i64,
    charge_minor: i64,
}

impl Turn<'_> {
    fn net_minor(&self) -> i64 {
        self.charge_minor - self.credit_minor
    }
    /// The segment in the old one's place.
    fn segment(
        &self,
        tx: &Tx<'_, VendorScope>,
        quantity: i32,
        (carried_minor, line): (i64, Option<InvoiceLineId>),
    ) -> Segment {
        Segment {
            id: tx.fresh_id(),
            change_no: self.old.change_no + 1,
            service_from: self.rest.from,
            quantity,
            amount_minor: self.charge_minor,
            credited_minor: 0,
            carried_minor,
            replaces_id: Some(self.old.id),
            invoice_line_id: line,
            ..self.old.clone()
        }
    }
}

/// The newest segment of each price and period: those that are still being served or will be.
fn newest(all: &[Segment]) -> impl Iterator<Item = &Segment> {
    all.iter().enumerate().filter_map(|(at, segment)| {
        let next = all.get(at + 1);
        let is_newest = next.is_none_or(|next| {
            (next.price_id, next.period_index) != (segment.price_id, segment.period_index)
        });
        is_newest.then_some(segment)
    })
}

fn turns<'a>(
    plan: &'a PlanTerms,
    now: &Subscription,
    all: &'a [Segment],
    change: &QuantityChange,
) -> Result<Vec<Turn<'a>>> {
    let mut turns = Vec::new();
    for old in newest(all).filter(|old| old.service_to > change.effective_on) {
        let price = plan.prices.iter().find(|price| price.id == old.price_id);
        let Some(price) = price.filter(|price| price.price.kind == PriceKind::PerSeat) else {
            continue;
        };
        let index = u32::try_from(old.period_index).unwrap_or_default();
        let whole = now.anchor()?.service_period(index).ok_or(Overflow)?;
        let rest = old.charge().service.rest_from(change.effective_on);
        let full = price.price.for_period(change.quantity)?;
        turns.push(Turn {
            old,
            price,
            rest,
            credit_minor: -credit_from(&old.charge(), rest.from)?,
            charge_minor: charge_for(full, whole, rest.from),
        });
    }
    Ok(turns)
}

/// The line that the terms of a segment's period stand on: its own, or that of one it replaced.
fn origin<'a>(
    all: &[Segment],
    lines: &'a std::collections::HashMap<InvoiceLineId, InvoiceLine>,
    segment: &Segment,
) -> Result<&'a InvoiceLine> {
    let mut at = Some(segment.clone());
    while let Some(segment) = at {
        if let Some(line) = segment.invoice_line_id.and_then(|id| lines.get(&id)) {
            return Ok(line);
        }
        at = all.iter().find(|one| Some(one.id) == segment.replaces_id).cloned();
    }
    Err(Error::fault("a segment has no line that charged for it"))
}

fn charge_more(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    terms: &Terms,
    (now, all): (&Subscription, &[Segment]),
    turns: &[Turn<'_>],
) -> Result<()> {
    let ids: Vec<InvoiceLineId> = all.iter().filter_map(|one| one.invoice_line_id).collect();
    let known = invoices::lines_of_ids(tx, &ids)?;
    let plan = terms.plan(now)?;
    let (mut lines, mut charged) = (Vec::new(), Vec::new());
    for turn in turns {
        let like = origin(all, &known, turn.old)?;
        let name = format!("{}, {}: {}", plan.offering, plan.plan, turn.price.label);
        let line = |kind, net_minor, quantity, description| InvoiceLine {
            id: tx.fresh_id(),
            // Set below, once the net is known.
            invoice_id: Id::of(0),
            line_no: 0,
            kind,
            description,
            service_from: turn.rest.from,
            service_to: turn.rest.to,
            quantity,
            net_minor,
            credited_net_minor: 0,
            commission_minor: 0,
            ..like.clone()
        };
        let old = turn.old.quantity;
        let back = format!("{name}, credit for {old}");
        let more = format!("{name}, {} from {}", now.quantity, day(turn.rest.from));
        lines.push(line(InvoiceLineKind::ProrationCredit, -turn.credit_minor, old, back));
        let charge = line(InvoiceLineKind::ProrationCharge, turn.charge_minor, now.quantity, more);
        charged.push(turn.segment(tx, now.quantity, (turn.credit_minor, Some(charge.id))));
        lines.push(charge);
    }
    retire(tx, turns)?;
    let net = turns.iter().map(Turn::net_minor).sum();
    let tax_bps = terms.customer(now)?.tax_bps;
    let invoice = blank_invoice(tx, books, now, tax_bps, (books.today, net))?;
    for (place, line) in (1..).zip(&mut lines) {
        line.line_no = place;
        line.invoice_id = invoice.id;
    }
    let mut made = issue(tx, books, vec![Draft { invoice, lines, segments: charged }])?;
    use_credits(tx, books, &mut made)
}

fn charge_less(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (now, all): (&Subscription, &[Segment]),
    turns: &[Turn<'_>],
    reason: &str,
) -> Result<()> {
    retire(tx, turns)?;
    let new: Vec<Segment> = turns
        .iter()
        .map(|turn| turn.segment(tx, now.quantity, (turn.charge_minor, None)))
        .collect();
    segments::add(tx, new)?;
    let unused: Vec<Unused<'_>> = turns
        .iter()
        .filter(|turn| turn.net_minor() < 0)
        .map(|turn| Unused {
            segment: turn.old,
            service: turn.rest,
            net_minor: -turn.net_minor(),
        })
        .collect();
    let note = credit(tx, books, (now, all), &unused, reason)?;
    record_note(tx, now, note.as_ref())
}

fn record_note(
    tx: &mut Tx<'_, VendorScope>,
    subscription: &Subscription,
    note: Option<&crate::store::revenue::credit_notes::CreditNote>,
) -> Result<()> {
    let Some(note) = note else {
        return Ok(());
    };
    let total = crate::domain::Money::new(note.total_minor, note.currency);
    VendorScope::record(
        tx,
        &Event {
            action: Action::CreditNoteIssued,
            subject: note.id.number(),
            partner: Some(subscription.partner_id),
            summary: format!("Credit note {}, {total}", note.number),
            changes: &[],
        },
    )
}

fn retire(tx: &mut Tx<'_, VendorScope>, turns: &[Turn<'_>]) -> Result<()> {
    for turn in turns {
        segments::credit(tx, turn.old.id, turn.old.credited_minor + turn.credit_minor)?;
    }
    Ok(())
}

/// When a cancellation takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelWhen {
    /// On this day, the first no longer served; what is unused is credited.
    Now(NaiveDate),
    /// With the last billed period; nothing is credited.
    PeriodEnd,
}

/// A cancellation.
#[derive(Debug, Clone)]
pub struct Cancellation {
    /// Of what.
    pub subscription: SubscriptionId,
    /// The version that was read.
    pub version: i32,
    /// When.
    pub when: CancelWhen,
    /// Why.
    pub reason: String,
}

/// Cancels a subscription.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version or an ended
/// subscription; [`Error::Invalid`] on `effective_on`; faults of the database.
pub fn cancel(tx: &mut Tx<'_, VendorScope>, cancellation: &Cancellation) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let books = Books::open(tx)?;
    let before = live(tx, cancellation.subscription, cancellation.version)?;
    let has_begun = before.status != SubscriptionStatus::Pending;
    match cancellation.when {
        CancelWhen::Now(on) if has_begun => {
            check_effective(tx, &books, &before, on)?;
            end_now(tx, &books, (&before, on), &cancellation.reason)
        }
        CancelWhen::PeriodEnd if has_begun => end_later(tx, &books, &before, &cancellation.reason),
        _ => end_now(tx, &books, (&before, before.starts_on), &cancellation.reason),
    }
}

fn end_now(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (before, on): (&Subscription, NaiveDate),
    reason: &str,
) -> Result<()> {
    bill_before(tx, books, before, on)?;
    let mut now = subscriptions::one(tx, before.id)?;
    now.status = SubscriptionStatus::Canceled;
    now.ends_on = Some(on);
    now.next_bill_on = None;
    now.mrr_minor = 0;
    subscriptions::change(tx, &now)?;
    let noted = Noted {
        kind: ChangeKind::CancelNow,
        on,
        before: before.quantity,
        after: 0,
        reason,
    };
    note(tx, &now, noted)?;
    let all = segments::of_subscription(tx, now.id)?;
    let mut unused = Vec::new();
    for segment in newest(&all) {
        let net_minor = -credit_from(&segment.charge(), on)?;
        if net_minor > 0 {
            segments::credit(tx, segment.id, segment.credited_minor + net_minor)?;
            let service = segment.charge().service.rest_from(on);
            unused.push(Unused { segment, service, net_minor });
        }
    }
    let credited = credit(tx, books, (&now, &all), &unused, reason)?;
    record_note(tx, &now, credited.as_ref())?;
    let summary = format!("Canceled from {}", day(on));
    record(tx, Action::SubscriptionCanceled, (&now, summary), &[])
}

fn end_later(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    before: &Subscription,
    reason: &str,
) -> Result<()> {
    if before.status == SubscriptionStatus::PendingCancel {
        return Err(Error::conflict("This subscription is set to end already."));
    }
    bill_one(tx, books, before.id, books.today)?;
    let mut now = subscriptions::one(tx, before.id)?;
    let end = now.anchor()?.start(now.next_index()).ok_or(Overflow)?;
    now.status = SubscriptionStatus::PendingCancel;
    now.ends_on = Some(end);
    now.next_bill_on = None;
    subscriptions::change(tx, &now)?;
    let noted = Noted {
        kind: ChangeKind::CancelAtPeriodEnd,
        // Nothing changes before the end, so that the quantity may still be corrected.
        on: books.today.max(now.starts_on),
        before: now.quantity,
        after: 0,
        reason,
    };
    note(tx, &now, noted)?;
    let summary = format!("Ends on {}", day(end));
    record(tx, Action::SubscriptionCancelScheduled, (&now, summary), &[])
}

/// Ends the subscriptions whose set end has come; says how many of at most `limit`.
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database.
pub fn end_due(tx: &mut Tx<'_, VendorScope>, today: NaiveDate, limit: i64) -> Result<usize> {
    tx.allow(Permission::ManageSubscriptions)?;
    let due = subscriptions::ended(tx, today, limit)?;
    for mut subscription in due.iter().cloned() {
        subscription.status = SubscriptionStatus::Canceled;
        subscription.mrr_minor = 0;
        subscription.next_bill_on = None;
        subscriptions::change(tx, &subscription)?;
        let end = subscription.ends_on.map(day).unwrap_or_default();
        let summary = format!("Ended on {end}");
        record(tx, Action::SubscriptionCanceled, (&subscription, summary), &[])?;
    }
    Ok(due.len())
}

struct Noted<'a> {
    kind: ChangeKind,
    on: NaiveDate,
    before: i32,
    after: i32,
    reason: &'a str,
}

fn note(tx: &mut Tx<'_, VendorScope>, subscription: &Subscription, noted: Noted<'_>) -> Result<()> {
    let change = SubscriptionChange {
        id: tx.fresh_id(),
        partner_id: subscription.partner_id,
        subscription_id: subscription.id,
        kind: noted.kind,
        effective_on: noted.on,
        quantity_before: noted.before,
        quantity_after: noted.after,
        reason: noted.reason.to_owned(),
        recorded_at: tx.now(),
    };
    subscriptions::record_change(tx, change)
}

fn record(
    tx: &mut Tx<'_, VendorScope>,
    action: Action,
    (subscription, summary): (&Subscription, String),
    changes: &[Change],
) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: subscription.id.number(),
            partner: Some(subscription.partner_id),
            summary,
            changes,
        },
    )
}
