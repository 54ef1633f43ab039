//! The next invoice of one subscription, before it is numbered.
use chrono::{Days, NaiveDate};

use super::{
    Draft, Used,
    arrears::{Usage, UsageItem},
    commitments::{self, Commitments, Missing},
    courses::Course,
    items::{Facts, Item, items},
    terms::{Earns, Terms},
    too_much::TooMuch,
};
use crate::{
    Result,
    domain::{
        Billing, Overflow, Price, Proration, ServicePeriod, SubscriptionStatus, UnitPrice,
        bill::Stretch, meter::Span, proration::tax_on, resale::list_of,
    },
    id::{Id, PriceId, UsageChargeId},
    services::revenue::books::Books,
    store::{
        Tx, VendorScope,
        catalogue::plans::PriceLine,
        revenue::{
            invoices::{Invoice, InvoiceLine, InvoiceLineKind, InvoiceStatus},
            segments::Segment,
            subscriptions::{Advance, Subscription},
            terms::PlanTerms,
            usage::UsageCharge,
        },
    },
};

/// An invoice to a subscription's customer, or to the partner that is billed in its place, over these
/// net amounts, without number or status.
pub(in crate::services::revenue) fn blank_invoice(
    tx: &Tx<'_, VendorScope>,
    books: &Books,
    subscription: &Subscription,
    terms: &Terms,
    (issued_on, net_minor): (NaiveDate, i64),
) -> Result<Invoice> {
    let tax = terms.tax(subscription, issued_on)?;
    let tax_minor = tax_on(net_minor, tax.rate);
    let payer = terms.payer(subscription, issued_on)?;
    let days = Days::new(u64::from(books.vendor.payment_days));
    Ok(Invoice {
        id: tx.fresh_id(),
        partner_id: subscription.billed_partner(),
        customer_id: subscription.customer_id,
        subscription_id: subscription.id,
        number: String::new(),
        issued_on,
        due_on: issued_on.checked_add_days(days).unwrap_or(issued_on),
        currency: subscription.currency,
        tax_bps: tax.rate.bps(),
        tax_name: tax.name,
        tax_note: tax.note,
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
        written_off_on: None,
        write_off_reason: String::new(),
        protected_moved_minor: 0,
        payer_id: subscription.payer_id,
        payer_name: payer.name,
        payer_country: payer.country,
        payer_vat_id: payer.vat_id,
        resold_by: payer.resold_by,
    })
}

/// When the bill of a period is issued: as it begins, or where the subscription has ended, when the
/// last bill is due.
fn issued_on(of: &Subscription, stretch: Stretch) -> NaiveDate {
    let begins = stretch.service.from;
    match of.ends_on {
        Some(end) if end <= begins => of.next_bill_on.unwrap_or(end),
        _ => begins,
    }
}

/// Writes the invoices of one chunk.
pub(super) struct Biller<'a, 'c> {
    pub tx: &'a Tx<'c, VendorScope>,
    pub books: &'a Books,
    pub terms: &'a Terms,
    pub usage: &'a Usage,
    pub commitments: &'a Commitments,
}

impl Biller<'_, '_> {
    /// The next period's invoice, and how the subscription moves on. A period that would begin on
    /// or after the end is not billed.
    pub fn draft(&self, subscription: &Subscription) -> Result<(Draft, Advance)> {
        let stretch = subscription.stretch(subscription.next_index())?;
        let ends = |from: NaiveDate| subscription.ends_on.is_some_and(|end| end <= from);
        if ends(stretch.service.from) {
            let advance = Advance {
                billed_periods: subscription.billed_periods,
                next_bill_on: None,
                status: subscription.status,
                mrr_minor: None,
            };
            let charged = self.charged(subscription, stretch)?;
            let last = self.finish(&charged, (Vec::new(), Vec::new()))?;
            return Ok((last, advance));
        }
        let in_arrears = self.terms.bills_in_arrears(subscription)?;
        let status = match subscription.status {
            SubscriptionStatus::Pending | SubscriptionStatus::Trialing => {
                SubscriptionStatus::Active
            }
            other => other,
        };
        let advance = Advance {
            billed_periods: subscription.billed_periods + 1,
            // What was used until the end, and lacks of the minimum, is billed at the end.
            next_bill_on: Some(stretch.service.to).filter(|next| !ends(*next) || in_arrears),
            status,
            mrr_minor: self.mrr(subscription, stretch.index)?,
        };
        Ok((self.period(subscription, stretch)?, advance))
    }

    /// What a subscription brings a month from this period on, where that is something new: with
    /// its first charge, or as discounts come and go.
    fn mrr(&self, subscription: &Subscription, index: u32) -> Result<Option<i64>> {
        let mrr = self.terms.monthly(subscription, index)?;
        Ok(Some(mrr).filter(|mrr| *mrr != subscription.mrr_minor))
    }

    fn line(&self, period: &Charged<'_>, (place, item): (i32, &Item<'_>)) -> Result<InvoiceLine> {
        let (of, price) = (period.subscription, item.price);
        let earns = match price.commissionable {
            true => period.earns,
            false => period.earns.nothing(),
        };
        let is_ahead = item.kind == InvoiceLineKind::Recurring;
        let plan = period.plan;
        let mut line = InvoiceLine {
            id: self.tx.fresh_id(),
            partner_id: of.billed_partner(),
            // Set below, once the net is known.
            invoice_id: Id::of(0),
            subscription_id: of.id,
            line_no: 0,
            kind: item.kind,
            description: plan.line_words(&price.label),
            service_from: period.stretch.service.from,
            service_to: period.stretch.service.to,
            // A price that is the same for any number is charged once.
            quantity: if is_ahead && price.price.counts_seats() {
                of.quantity
            } else {
                1
            },
            unit_price_micro: match item.kind {
                InvoiceLineKind::Usage | InvoiceLineKind::TrueUp => 0,
                _ => price.price.each().micro(),
            },
            net_minor: item.net_minor,
            discount_minor: item.off_minor,
            credited_net_minor: 0,
            protected_net_minor: 0,
            commission_minor: 0,
            commission_clause_id: earns.clause,
            rate_bps: 0,
            phase: earns.phase,
            tier_id: earns.tier,
            unit_pay_minor: 0,
            share_days: 1,
            share_of: 1,
            shared: false,
            chosen: earns.chosen.map_or(String::new(), |why| why.to_string()),
            resale_minor: item.resale_minor,
            resold_minor: None,
            usage_charge_id: None,
        };
        line.fix(&earns.at_place(place, period.plan));
        Ok(line)
    }

    /// What a line charged ahead for, as its period begins.
    fn segment(&self, period: &Charged<'_>, price_id: PriceId, line: &InvoiceLine) -> Segment {
        let of = period.subscription;
        let span = match period.plan.proration {
            Proration::Day => None,
            Proration::Second => Some(Span::of_days(
                period.stretch.service,
                self.books.vendor.zone,
            )),
        };
        Segment {
            id: self.tx.fresh_id(),
            partner_id: of.billed_partner(),
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
            lowered_minor: 0,
            from_at: span.map(|span| span.from),
            to_at: span.map(|span| span.to),
        }
    }

    fn charged<'p>(&'p self, of: &'p Subscription, stretch: Stretch) -> Result<Charged<'p>> {
        Ok(Charged {
            subscription: of,
            plan: self.terms.plan(of)?,
            stretch,
            earns: self.earns(of, (stretch.index, stretch.service))?,
            billing: of.billing()?,
        })
    }

    /// The terms of some days of a period: tier and clause are those of its first day.
    fn earns(&self, of: &Subscription, (index, days): (u32, ServicePeriod)) -> Result<Earns> {
        let period = of.stretch(index)?;
        let mut earns = self.terms.earns(of, period.service, of.phase(index)?)?;
        earns.terms.share = earns.terms.prorated(period.service, days, period.whole);
        Ok(earns)
    }

    /// A period as it is charged, or what is left of one.
    pub fn period(&self, subscription: &Subscription, stretch: Stretch) -> Result<Draft> {
        let by = self.terms.plan(subscription)?.proration;
        let stretch = stretch.measured(by, self.books.vendor.zone);
        let period = self.charged(subscription, stretch)?;
        let (mut lines, mut segments) = (Vec::new(), Vec::new());
        let facts = Facts {
            prices: &period.plan.prices,
            quantity: subscription.units()?,
            discounts: &self.terms.discounts(subscription),
            stretch,
            is_first: subscription.billed_periods == 0,
        };
        for (place, item) in (1..).zip(items(&facts)?) {
            let line = self.line(&period, (place, &item))?;
            if item.kind == InvoiceLineKind::Recurring {
                segments.push(self.segment(&period, item.price.id, &line));
            }
            lines.push(line);
        }
        self.finish(&period, (lines, segments))
    }

    /// Adds what was used and what lacks of the minimum, and the invoice around the lines.
    fn finish(
        &self,
        period: &Charged<'_>,
        (mut lines, segments): (Vec<InvoiceLine>, Vec<Segment>),
    ) -> Result<Draft> {
        let of = period.subscription;
        let sum = |lines: &[InvoiceLine]| {
            let mut nets = lines.iter().map(|line| line.net_minor);
            nets.try_fold(0i64, i64::checked_add).ok_or(Overflow)
        };
        let courses = Course::all(self.terms, of, self.books.vendor.zone)?;
        let found = self.usage.items(&courses)?;
        let mut used = Used {
            settled: found.settled,
            ..Used::default()
        };
        let mut too_much = Vec::new();
        for item in &found.items {
            let charge = self.note(of, item, &mut used);
            match item.arrear.open_minor {
                0 => {}
                less @ ..0 => too_much.push(TooMuch::of_usage(charge, less)),
                _ => lines.push(self.usage_line(period, (item, charge))?),
            }
        }
        for missing in self.commitments.items(&courses, &found.items)? {
            match missing.true_up.open_minor {
                ..0 => too_much.push(TooMuch::of_true_up(&missing.true_up)),
                _ => lines.push(self.true_up_line(period, &missing)?),
            }
        }
        sell_on(&period.billing, &mut lines)?;
        let from = issued_on(of, period.stretch);
        let net = sum(&lines)?;
        let invoice = blank_invoice(self.tx, self.books, of, self.terms, (from, net))?;
        for (place, line) in (1..).zip(&mut lines) {
            line.line_no = place;
            line.invoice_id = invoice.id;
        }
        Ok(Draft {
            invoice,
            lines,
            segments,
            used,
            too_much,
        })
    }

    /// The line of what a period lacked, under the terms of that period and of the plan it was of.
    fn true_up_line(
        &self,
        period: &Charged<'_>,
        Missing { held, true_up }: &Missing,
    ) -> Result<InvoiceLine> {
        let (missing, of) = (true_up, &period.subscription.under(held)?);
        let index = of.index_of(missing.service.from)?;
        let index = index.unwrap_or(period.stretch.index);
        let charged = Charged {
            subscription: of,
            plan: self.terms.plan(of)?,
            earns: self.earns(of, (index, missing.service))?,
            ..*period
        };
        let list_minor = list_of(missing.open_minor, period.billing.discount())?;
        let resale_minor = list_minor - missing.open_minor;
        let price = PriceLine {
            id: Id::of(0),
            label: commitments::words(missing, of.currency),
            price: Price::Flat(UnitPrice::default()),
            commissionable: charged.plan.earns_at_all(),
        };
        let item = Item {
            price: &price,
            kind: InvoiceLineKind::TrueUp,
            net_minor: missing.open_minor,
            off_minor: resale_minor,
            resale_minor,
        };
        let line = self.line(&charged, (0, &item))?;
        Ok(InvoiceLine {
            service_from: missing.service.from,
            service_to: missing.service.to,
            ..line
        })
    }

    /// What a period's usage came to, to be written down.
    fn note(&self, of: &Subscription, item: &UsageItem<'_>, used: &mut Used) -> UsageChargeId {
        if let Some(changed) = self.usage.charge(of.id, item) {
            let id = changed.id;
            used.changed.push(changed);
            return id;
        }
        let period = item.arrear.period;
        let id = self.tx.fresh_id();
        used.new.push(UsageCharge {
            id,
            partner_id: of.billed_partner(),
            subscription_id: of.id,
            price_id: item.price.id,
            period_index: i32::try_from(period.index).unwrap_or(i32::MAX),
            service_from: period.service.from,
            service_to: period.service.to,
            used_micro: item.arrear.used.micro(),
            carries_micro: item.arrear.carries.micro(),
            billed_minor: item.arrear.open_minor,
        });
        id
    }

    /// The line of a period's usage, under the terms of that period and of the plan it was of.
    fn usage_line(
        &self,
        period: &Charged<'_>,
        (used, charge): (&UsageItem<'_>, UsageChargeId),
    ) -> Result<InvoiceLine> {
        let of = &period.subscription.under(&used.held)?;
        let days = used.arrear.period.service;
        let resale_minor = used.resale_minor(period.billing.discount())?;
        let charged = Charged {
            subscription: of,
            plan: self.terms.plan(of)?,
            earns: self.earns(of, (used.arrear.period.index, days))?,
            ..*period
        };
        let item = Item {
            price: used.price,
            kind: InvoiceLineKind::Usage,
            net_minor: used.arrear.open_minor,
            off_minor: resale_minor,
            resale_minor,
        };
        let line = self.line(&charged, (0, &item))?;
        Ok(InvoiceLine {
            usage_charge_id: Some(charge),
            description: format!("{}, {}", line.description, used.words()),
            service_from: days.from,
            service_to: days.to,
            ..line
        })
    }
}

/// A period that is being charged for.
#[derive(Clone, Copy)]
struct Charged<'a> {
    subscription: &'a Subscription,
    plan: &'a PlanTerms,
    stretch: Stretch,
    earns: Earns,
    billing: Billing,
}

/// Sets what the charges of an invoice are sold on for: a further discount goes on to whoever buys
/// next, in the same share. What takes back an earlier charge says so itself.
pub(in crate::services::revenue) fn sell_on(
    billing: &Billing,
    lines: &mut [InvoiceLine],
) -> Result<()> {
    let charges = lines
        .iter_mut()
        .filter(|line| line.kind != InvoiceLineKind::ProrationCredit);
    let charges: Vec<&mut InvoiceLine> = charges.collect();
    let list = |line: &&mut InvoiceLine| match line.discount_minor == line.resale_minor {
        true => Ok(line.net_minor + line.resale_minor),
        false => list_of(line.net_minor, billing.discount()),
    };
    let lists: Vec<i64> = charges.iter().map(list).collect::<Result<_, Overflow>>()?;
    let sold = billing.sold_on_together(&lists)?;
    for (line, sold) in charges.into_iter().zip(sold) {
        line.resold_minor = sold;
    }
    Ok(())
}
