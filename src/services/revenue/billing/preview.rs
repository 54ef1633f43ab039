//! The next invoice of a subscription as it stands now, by the rule of the run.
use chrono::{NaiveDate, NaiveDateTime};

use super::{
    arrears::{Served, Usage, UsageItem},
    items::{Facts, items},
};
use crate::{
    Result,
    domain::{Aggregation, Discount, Money, Overflow, Rate, Zone, proration::tax_on},
    store::{
        revenue::{
            discounts::Given,
            usage::{Ask, Book},
        },
        sell::subscriptions::Record,
    },
};

/// A line of the next invoice.
#[derive(Debug, Clone)]
pub struct PreviewLine {
    /// The price's name.
    pub label: String,
    /// The first day it is for.
    pub from: NaiveDate,
    /// The day after the last.
    pub to: NaiveDate,
    /// What discounts take off.
    pub off: Money,
    /// What is charged, before tax.
    pub net: Money,
}

/// The next invoice, before it is numbered.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The day it is issued on.
    pub on: NaiveDate,
    /// What it charges.
    pub lines: Vec<PreviewLine>,
    /// Before tax.
    pub net: Money,
    /// The tax on it.
    pub tax: Money,
    /// Both.
    pub total: Money,
}

/// What the next invoice of a subscription rests on, besides its record.
#[derive(Debug, Clone)]
pub struct Basis {
    /// Its discounts.
    pub given: Vec<Given>,
    /// The tax on its customer's invoices.
    pub tax: Rate,
    /// The zone of the vendor's days.
    pub zone: Zone,
    /// What was used and not billed yet.
    pub usage: Book,
}

/// What to ask about a subscription's usage for [`preview`], as of now; nothing where its plan
/// counts none.
///
/// # Errors
/// A period beyond the calendar.
pub fn usage_asked(record: &Record, zone: Zone, now: NaiveDateTime) -> Result<Option<Ask>> {
    let of = &record.subscription;
    let mut meters = record.version.prices.iter().filter_map(|line| line.price.meter());
    let billed = u32::try_from(of.billed_periods).unwrap_or_default();
    let late = of.stretch(billed.saturating_sub(1))?.service.from;
    let ask = Ask {
        subscription: of.id,
        late_before: zone.start_of(late),
        before: now,
        holds_levels: meters.clone().any(|one| one.aggregation == Aggregation::TimeWeighted),
    };
    Ok(meters.next().map(|_| ask))
}

/// What the next invoice of a subscription comes to; nothing where none is to come.
///
/// # Errors
/// Amounts that do not fit, a period beyond the calendar.
pub fn preview(record: &Record, basis: &Basis) -> Result<Option<Preview>> {
    let (of, given, tax) = (&record.subscription, &basis.given, basis.tax);
    if of.next_bill_on.is_none() {
        return Ok(None);
    }
    let billed = u32::try_from(of.billed_periods).unwrap_or_default();
    let stretch = of.stretch(billed)?;
    let discounts: Vec<Discount> = given.iter().map(|one| one.discount).collect();
    let facts = Facts {
        prices: &record.version.prices,
        quantity: of.quantity,
        discounts: &discounts,
        stretch,
        is_first: billed == 0,
    };
    let money = |minor| Money::new(minor, of.mrr.currency());
    let (mut lines, mut net) = (Vec::new(), 0i64);
    for item in items(&facts)? {
        net = net.checked_add(item.net_minor).ok_or(Overflow)?;
        lines.push(PreviewLine {
            label: item.price.label.clone(),
            from: stretch.service.from,
            to: stretch.service.to,
            off: money(item.off_minor),
            net: money(item.net_minor),
        });
    }
    let ends = of.ends_on.is_some_and(|end| end <= stretch.service.from);
    if ends {
        (lines, net) = (Vec::new(), 0);
    }
    let served = Served {
        id: of.id,
        anchor: of.anchor(),
        charged_from: of.charged_from,
        ends_on: of.ends_on,
        zone: basis.zone,
        next: billed,
    };
    let usage = Usage::known(of.id, basis.usage.clone());
    for item in usage.items(served, &record.version.prices, net)?.items {
        let days = item.arrear.period.service;
        net = net.checked_add(item.net_minor).ok_or(Overflow)?;
        lines.push(PreviewLine {
            label: used_words(&item),
            from: days.from,
            to: days.to,
            off: money(0),
            net: money(item.net_minor),
        });
    }
    let with = tax_on(net, tax);
    Ok(Some(Preview {
        on: of.ends_on.unwrap_or(NaiveDate::MAX).min(stretch.service.from),
        lines,
        net: money(net),
        tax: money(with),
        total: money(net.checked_add(with).ok_or(Overflow)?),
    }))
}

/// What was used under a price: "Calls, 1,234.5 api-calls so far".
fn used_words(item: &UsageItem<'_>) -> String {
    let meter = item.price.price.meter().map(|meter| meter.code.to_string());
    let meter = meter.unwrap_or_default();
    format!("{}, {} {meter} so far", item.price.label, item.arrear.used)
}
