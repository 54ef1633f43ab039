//! Billing: one invoice per subscription and service period, in advance.
use std::collections::HashMap;

use chrono::{Days, NaiveDate};

use super::{
    books::{Books, DocumentKind, rate},
    credit::use_credits,
};
use crate::{
    Error, Result,
    domain::Permission,
    domain::{
        Action, Period, Phase, Rate, ServicePeriod, SubscriptionStatus,
        commission::{Case, LineTerms, clause_for},
        proration::tax_on,
        subscription::phase_of,
    },
    id::{
        CommissionClauseId, CommissionPlanVersionId, CustomerId, PartnerId, PlanVersionId, PriceId,
        SubscriptionId, TierId,
    },
    store::{
        Platform, Tx, VendorScope,
        platform::Event,
        revenue::{
            invoices::{self, Invoice, InvoiceLine, InvoiceLineKind, InvoiceStatus},
            segments::{self, Segment},
            subscriptions::{self, Advance, Subscription},
            terms::{self, BilledCustomer, CommissionTerms, PlanTerms},
        },
    },
};

/// Subscriptions billed in one transaction by [`bill_due`].
const CHUNK: i64 = 500;

/// What a billing run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Billed {
    /// Invoices made.
    pub count: usize,
    /// Whether there may be more to bill.
    pub more: bool,
}

/// Bills every period that starts on or before a day and is not billed yet; says how many
/// invoices it made. All in one transaction: a large run goes by [`bill_due_chunk`].
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database.
pub fn bill_due(tx: &mut Tx<'_, VendorScope>, through: NaiveDate) -> Result<usize> {
    let mut count = 0;
    loop {
        let billed = bill_due_chunk(tx, through, CHUNK)?;
        count += billed.count;
        if !billed.more {
            return Ok(count);
        }
    }
}

/// Bills the next period of up to `limit` subscriptions, those due first at the front.
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database.
pub fn bill_due_chunk(
    tx: &mut Tx<'_, VendorScope>,
    through: NaiveDate,
    limit: i64,
) -> Result<Billed> {
    tx.allow(Permission::ManageSubscriptions)?;
    bill_chunk(tx, through, limit)
}

/// As [`bill_due_chunk`], for the close, which whoever closes months may do.
pub(super) fn bill_chunk(
    tx: &mut Tx<'_, VendorScope>,
    through: NaiveDate,
    limit: i64,
) -> Result<Billed> {
    let due = subscriptions::due(tx, through, limit)?;
    if due.is_empty() {
        return Ok(Billed {
            count: 0,
            more: false,
        });
    }
    let books = Books::open(tx)?;
    let made = bill(tx, &books, &due)?;
    record_run(tx, &made)?;
    Ok(Billed {
        count: made.len(),
        more: true,
    })
}

fn record_run(tx: &mut Tx<'_, VendorScope>, made: &[Invoice]) -> Result<()> {
    let (Some(first), Some(last)) = (made.first(), made.last()) else {
        return Ok(());
    };
    let summary = match made.len() {
        1 => format!("Invoice {}", first.number),
        count => format!("{count} invoices, {} to {}", first.number, last.number),
    };
    VendorScope::record(
        tx,
        &Event {
            action: Action::InvoiceIssued,
            subject: first.id.number(),
            partner: (made.len() == 1).then_some(first.partner_id),
            summary,
            changes: &[],
        },
    )
}

/// Bills everything of one subscription that is due through a day.
pub(super) fn bill_one(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    id: SubscriptionId,
    through: NaiveDate,
) -> Result<Vec<Invoice>> {
    bill_all(tx, books, &[id], through)
}

/// As [`bill_one`], of several: period by period, so that what is due first is numbered first.
pub(super) fn bill_all(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    ids: &[SubscriptionId],
    through: NaiveDate,
) -> Result<Vec<Invoice>> {
    let mut made = Vec::new();
    loop {
        let due = subscriptions::due_of(tx, ids, through)?;
        if due.is_empty() {
            return Ok(made);
        }
        made.extend(bill(tx, books, &due)?);
    }
}

/// Bills the next period of each of these, then applies what their customers have in credit.
fn bill(tx: &mut Tx<'_, VendorScope>, books: &Books, due: &[Subscription]) -> Result<Vec<Invoice>> {
    let terms = Terms::of(tx, due)?;
    let mut drafts = Vec::new();
    let mut moved: HashMap<Advance, Vec<SubscriptionId>> = HashMap::new();
    for subscription in due {
        let (draft, advance) = Biller {
            tx: &*tx,
            books,
            terms: &terms,
        }
        .draft(subscription)?;
        drafts.extend(draft);
        moved.entry(advance).or_default().push(subscription.id);
    }
    for (advance, ids) in moved {
        subscriptions::advance(tx, &ids, advance)?;
    }
    let mut made = issue(tx, books, drafts)?;
    use_credits(tx, books, &mut made)?;
    Ok(made)
}

/// An invoice that has everything but its number.
pub(super) struct Draft {
    pub invoice: Invoice,
    pub lines: Vec<InvoiceLine>,
    pub segments: Vec<Segment>,
}

/// Numbers drafts and writes them.
pub(super) fn issue(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    drafts: Vec<Draft>,
) -> Result<Vec<Invoice>> {
    let issued: Vec<NaiveDate> = drafts.iter().map(|draft| draft.invoice.issued_on).collect();
    let numbers = books.numbers(tx, DocumentKind::Invoice, &issued)?;
    let (mut made, mut lines, mut charged) = (Vec::new(), Vec::new(), Vec::new());
    for (mut draft, number) in drafts.into_iter().zip(numbers) {
        draft.invoice.number = number;
        draft.invoice.status = draft.invoice.standing();
        made.push(draft.invoice);
        lines.extend(draft.lines);
        charged.extend(draft.segments);
    }
    invoices::add(tx, made.clone(), lines)?;
    segments::add(tx, charged)?;
    Ok(made)
}

/// Everything that billing some subscriptions rests on.
pub(super) struct Terms {
    plans: HashMap<PlanVersionId, PlanTerms>,
    commissions: HashMap<CommissionPlanVersionId, CommissionTerms>,
    tiers: HashMap<PartnerId, Vec<(NaiveDate, TierId)>>,
    customers: HashMap<CustomerId, BilledCustomer>,
}

impl Terms {
    pub fn of(tx: &mut Tx<'_, VendorScope>, due: &[Subscription]) -> Result<Self> {
        let plans: Vec<PlanVersionId> = distinct(due.iter().map(|one| one.plan_version_id));
        let partners: Vec<PartnerId> = distinct(due.iter().map(|one| one.partner_id));
        let customers: Vec<CustomerId> = distinct(due.iter().map(|one| one.customer_id));
        Ok(Self {
            plans: terms::plans_of(tx, &plans)?,
            commissions: terms::commission_terms(tx)?,
            tiers: terms::tiers_given(tx, &partners)?,
            customers: terms::customers_of(tx, &customers)?,
        })
    }
    pub fn plan(&self, subscription: &Subscription) -> Result<&PlanTerms> {
        self.plans
            .get(&subscription.plan_version_id)
            .ok_or_else(|| Error::fault("a subscription has no plan"))
    }
    pub fn customer(&self, subscription: &Subscription) -> Result<&BilledCustomer> {
        self.customers
            .get(&subscription.customer_id)
            .ok_or_else(|| Error::fault("a subscription has no customer"))
    }
    /// The commission terms of a period, fixed as it is billed: the tier of its first day and the
    /// clause of the pinned plan version. Without a pinned version nothing is earned.
    pub fn earns(
        &self,
        subscription: &Subscription,
        service: ServicePeriod,
        phase: Phase,
    ) -> Result<Earns> {
        let tier = self.tiers.get(&subscription.partner_id).and_then(|given| {
            let held = given.iter().rev().find(|(since, _)| *since <= service.from);
            held.map(|(_, tier)| *tier)
        });
        let case = Case {
            phase,
            tier: tier.map(TierId::number),
            offering: self.plan(subscription)?.offering_id.number(),
            currency: subscription.currency,
            since: subscription.starts_on,
            service,
        };
        let pinned = subscription.commission_plan_version_id;
        let plan = pinned.and_then(|id| self.commissions.get(&id));
        let clause = plan.and_then(|plan| {
            let found = clause_for(plan.clauses.iter().map(|(_, clause)| clause), &case)?;
            let named = plan.clauses.iter().find(|(_, one)| one.seq == found.seq);
            named.map(|(id, _)| (*id, *found))
        });
        let units = subscription.units()?.get();
        Ok(Earns {
            clause: clause.map(|(id, _)| id),
            terms: match clause {
                Some((_, clause)) => clause.terms(&case, units),
                None => LineTerms::share_of(Rate::default()),
            },
            phase,
            tier,
        })
    }
}

impl Earns {
    /// The terms of the line at a place of a plan: units are paid for on one line.
    pub fn at_place(&self, place: i32, plan: &PlanTerms) -> LineTerms {
        match place == plan.unit_place() {
            true => self.terms,
            false => self.terms.beside_units(),
        }
    }
}

/// The commission terms that a line is billed under.
#[derive(Debug, Clone, Copy)]
pub(super) struct Earns {
    clause: Option<CommissionClauseId>,
    terms: LineTerms,
    phase: Phase,
    tier: Option<TierId>,
}

fn distinct<T: Ord>(ids: impl Iterator<Item = T>) -> Vec<T> {
    let mut ids: Vec<T> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// An invoice to a subscription's customer over these net amounts, without number or status.
pub(super) fn blank_invoice(
    tx: &Tx<'_, VendorScope>,
    books: &Books,
    subscription: &Subscription,
    tax_bps: i32,
    (issued_on, net_minor): (NaiveDate, i64),
) -> Result<Invoice> {
    let tax_minor = tax_on(net_minor, rate(tax_bps)?);
    let days = Days::new(u64::from(books.vendor.payment_days));
    Ok(Invoice {
        id: tx.fresh_id(),
        partner_id: subscription.partner_id,
        customer_id: subscription.customer_id,
        subscription_id: subscription.id,
        number: String::new(),
        issued_on,
        due_on: issued_on.checked_add_days(days).unwrap_or(issued_on),
        currency: subscription.currency,
        tax_bps,
        net_minor,
        tax_minor,
        total_minor: net_minor
            .checked_add(tax_minor)
            .ok_or(crate::domain::Overflow)?,
        paid_minor: 0,
        refunded_minor: 0,
        credited_minor: 0,
        reduced_minor: 0,
        status: InvoiceStatus::Open,
        created_at: tx.now(),
    })
}

struct Biller<'a, 'c> {
    tx: &'a Tx<'c, VendorScope>,
    books: &'a Books,
    terms: &'a Terms,
}

impl Biller<'_, '_> {
    /// The next period's invoice, and how the subscription moves on. A period that would begin on
    /// or after the end is not billed.
    fn draft(&self, subscription: &Subscription) -> Result<(Option<Draft>, Advance)> {
        let (anchor, index) = (subscription.anchor()?, subscription.next_index());
        let service = anchor.service_period(index);
        let service = service.ok_or_else(|| Error::fault("a period lies beyond the calendar"))?;
        let ends = |from: NaiveDate| subscription.ends_on.is_some_and(|end| end <= from);
        if ends(service.from) {
            let advance = Advance {
                billed_periods: subscription.billed_periods,
                next_bill_on: None,
                status: subscription.status,
            };
            return Ok((None, advance));
        }
        let status = match subscription.status {
            SubscriptionStatus::Pending => SubscriptionStatus::Active,
            other => other,
        };
        let advance = Advance {
            billed_periods: subscription.billed_periods + 1,
            next_bill_on: Some(service.to).filter(|next| !ends(*next)),
            status,
        };
        Ok((Some(self.period(subscription, service, index)?), advance))
    }

    /// What a whole period's line charged, as it begins.
    fn segment(&self, of: &Subscription, price_id: PriceId, line: &InvoiceLine) -> Segment {
        Segment {
            id: self.tx.fresh_id(),
            partner_id: of.partner_id,
            subscription_id: of.id,
            price_id,
            period_index: of.billed_periods,
            change_no: 0,
            service_from: line.service_from,
            service_to: line.service_to,
            quantity: of.quantity,
            amount_minor: line.net_minor,
            credited_minor: 0,
            carried_minor: 0,
            replaces_id: None,
            invoice_line_id: Some(line.id),
        }
    }

    fn period(
        &self,
        subscription: &Subscription,
        service: ServicePeriod,
        index: u32,
    ) -> Result<Draft> {
        let plan = self.terms.plan(subscription)?;
        let phase = phase_of(index, subscription.anchor()?, subscription.term());
        let earns = self.terms.earns(subscription, service, phase)?;
        let (mut lines, mut charged, mut net) = (Vec::new(), Vec::new(), 0i64);
        let tax_bps = self.terms.customer(subscription)?.tax_bps;
        for (place, price) in (1..).zip(&plan.prices) {
            let amount = price.price.for_period(subscription.units()?)?;
            net = net.checked_add(amount).ok_or(crate::domain::Overflow)?;
            let mut line = InvoiceLine {
                id: self.tx.fresh_id(),
                partner_id: subscription.partner_id,
                // Set below, once the net is known.
                invoice_id: crate::id::Id::of(0),
                subscription_id: subscription.id,
                line_no: place,
                kind: InvoiceLineKind::Recurring,
                description: format!("{}, {}: {}", plan.offering, plan.plan, price.label),
                service_from: service.from,
                service_to: service.to,
                quantity: subscription.quantity,
                unit_price_micro: price.price.unit.micro(),
                net_minor: amount,
                credited_net_minor: 0,
                commission_minor: 0,
                commission_clause_id: earns.clause,
                rate_bps: 0,
                phase: earns.phase,
                tier_id: earns.tier,
                unit_pay_minor: 0,
                share_days: 1,
                share_of: 1,
            };
            line.fix(&earns.at_place(place, plan));
            charged.push(self.segment(subscription, price.id, &line));
            lines.push(line);
        }
        let invoice = blank_invoice(
            self.tx,
            self.books,
            subscription,
            tax_bps,
            (service.from, net),
        )?;
        lines
            .iter_mut()
            .for_each(|line| line.invoice_id = invoice.id);
        Ok(Draft {
            invoice,
            lines,
            segments: charged,
        })
    }
}

/// What a subscription brings a month, in minor units: its prices for a whole period over the
/// months of it, rounded once.
///
/// # Errors
/// Amounts that do not fit.
pub(super) fn monthly(plan: &PlanTerms, quantity: crate::domain::Quantity) -> Result<i64> {
    let mut whole = 0i128;
    for price in &plan.prices {
        whole += i128::from(price.price.for_period(quantity)?);
    }
    let months = i128::from(plan.interval_months.max(1));
    Ok(crate::domain::Ratio::new(whole, months)?.round()?)
}

/// The last day on which a month's periods can start.
pub(super) fn last_day(month: Period) -> NaiveDate {
    month.last_day()
}
