//! The next invoice of a subscription as it stands now, by the rule of the run.
use chrono::NaiveDate;

use super::items::{Facts, items};
use crate::{
    Result,
    domain::{Discount, Money, Overflow, Rate, proration::tax_on},
    store::{revenue::discounts::Given, sell::subscriptions::Record},
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

/// What the next invoice of a subscription comes to; nothing where none is to come.
///
/// # Errors
/// Amounts that do not fit, a period beyond the calendar.
pub fn preview(record: &Record, given: &[Given], tax: Rate) -> Result<Option<Preview>> {
    let of = &record.subscription;
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
    let with = tax_on(net, tax);
    Ok(Some(Preview {
        on: stretch.service.from,
        lines,
        net: money(net),
        tax: money(with),
        total: money(net.checked_add(with).ok_or(Overflow)?),
    }))
}
