//! The next invoice of a subscription as it stands now, by the rule of the run.
use chrono::NaiveDate;

use super::{
    arrears::{Served, Usage, UsageItem},
    commitments::{self, Commitments},
    items::{Facts, Item, items},
};
use crate::{
    Result,
    domain::{
        Currency, Discount, Measure, Money, Overflow, Rate, Tax, TaxTerms, Zone,
        bill::Stretch,
        commitment::TrueUp,
        proration::tax_on,
        resale::{bought, list_of},
    },
    id::PriceId,
    store::{
        revenue::{
            commitments::CommitmentBook,
            discounts::Given,
            usage::{Ask, Book},
        },
        sell::subscriptions::{Record, Subscription as Sold},
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
    /// Of that, the resale discount.
    pub resale: Money,
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
    /// The usage of periods that no bill has charged for yet, as far as it was reported.
    pub used: Vec<UsedSoFar>,
    /// Before tax.
    pub net: Money,
    /// What the tax is called, or why there is none.
    pub tax_words: String,
    /// The tax on it.
    pub tax: Money,
    /// Both.
    pub total: Money,
}

/// What was used in a period that no bill has charged for yet.
#[derive(Debug, Clone)]
pub struct UsedSoFar {
    /// The price that counts it.
    pub price: PriceId,
    /// The first day of the period.
    pub from: NaiveDate,
    /// The day after its last.
    pub to: NaiveDate,
    /// How much.
    pub used: Measure,
    /// What it costs so far, before tax.
    pub net: Money,
}

/// What the next invoice of a subscription rests on, besides its record.
#[derive(Debug, Clone)]
pub struct Basis {
    /// Its discounts.
    pub given: Vec<Given>,
    /// What the tax on its customer's invoices rests on.
    pub tax: TaxTerms,
    /// The zone of the vendor's days.
    pub zone: Zone,
    /// What was used and not billed yet.
    pub usage: Book,
    /// What was billed so far, where its plan has a minimum.
    pub commitment: Option<CommitmentBook>,
}

fn served(of: &Sold, zone: Zone) -> Served {
    Served {
        id: of.id,
        anchor: of.anchor(),
        charged_from: of.charged_from,
        ends_on: of.ends_on,
        zone,
        next: u32::try_from(of.billed_periods).unwrap_or_default(),
        first: of.anchor_index,
        discount: of.billing.discount(),
    }
}

/// What to ask about a subscription's usage for [`preview`]; nothing where its plan counts none.
///
/// # Errors
/// A period beyond the calendar.
pub fn usage_asked(record: &Record, zone: Zone) -> Result<Option<Ask>> {
    served(&record.subscription, zone).asks(&record.version.prices)
}

/// What the next invoice of a subscription comes to; nothing where none is to come.
///
/// # Errors
/// Amounts that do not fit, a period beyond the calendar.
pub fn preview(record: &Record, basis: &Basis) -> Result<Option<Preview>> {
    if record.subscription.next_bill_on.is_none() {
        return Ok(None);
    }
    let of = &record.at_next()?;
    let billed = u32::try_from(of.billed_periods).unwrap_or_default();
    let stretch = of.stretch(billed)?;
    let running = basis.given.iter().map(|one| one.discount);
    let running = running.filter(|one| one.outlasts(of.anchor_index));
    let discounts: Vec<Discount> = of.billing.first().into_iter().chain(running).collect();
    let version = record.version_on(stretch.service.from);
    let stretch = stretch.measured(version.terms.proration, basis.zone);
    let prices = &version.prices;
    let facts = Facts {
        prices,
        quantity: of.quantity,
        discounts: &discounts,
        stretch,
        is_first: billed == 0,
    };
    let ends = of.ends_on.is_some_and(|end| end <= stretch.service.from);
    let ahead = match ends {
        true => Vec::new(),
        false => items(&facts)?,
    };
    let currency = of.mrr.currency();
    let mut lines: Vec<PreviewLine> = ahead
        .iter()
        .map(|item| line_ahead(item, stretch, currency))
        .collect();
    let mut nets = ahead.iter().map(|item| item.net_minor);
    let net = nets.try_fold(0i64, i64::checked_add).ok_or(Overflow)?;
    let usage = Usage::known(of.id, basis.usage.clone());
    let found = usage.items(served(of, basis.zone), prices, net)?.items;
    let off = of.billing.discount();
    for item in &found {
        lines.push(usage_line(item, (currency, off))?);
    }
    let minimum = bought(record.version.terms.minimum_minor, off);
    let others = lines.iter().map(|line| line.net.minor());
    let others = others.fold(0i64, i64::saturating_add);
    let missing = Commitments::known(of.id, basis.commitment.clone()).items(
        served(of, basis.zone),
        minimum,
        (&found, others),
    )?;
    for one in &missing {
        lines.push(true_up_line(one, (currency, off))?);
    }
    let open = found.iter().filter(|item| !item.is_again);
    let on = of.next_bill_on.filter(|_| ends);
    let on = on.unwrap_or(stretch.service.from);
    whole(
        (on, lines),
        open.map(|item| so_far(item, currency)).collect(),
        (basis.tax.on(on), currency),
    )
    .map(Some)
}

/// The invoice of some lines.
fn whole(
    (on, lines): (NaiveDate, Vec<PreviewLine>),
    used: Vec<UsedSoFar>,
    (tax, currency): (Tax, Currency),
) -> Result<Preview> {
    let mut nets = lines.iter().map(|line| line.net.minor());
    let net = nets.try_fold(0i64, i64::checked_add).ok_or(Overflow)?;
    let with = tax_on(net, tax.rate);
    let money = |minor| Money::new(minor, currency);
    Ok(Preview {
        on,
        lines,
        used,
        net: money(net),
        tax_words: match tax.note.is_empty() {
            true => format!("{}, {}", tax.name, tax.rate),
            false => tax.note,
        },
        tax: money(with),
        total: money(net.checked_add(with).ok_or(Overflow)?),
    })
}

fn line_ahead(item: &Item<'_>, stretch: Stretch, currency: Currency) -> PreviewLine {
    PreviewLine {
        label: item.price.label.clone(),
        from: stretch.service.from,
        to: stretch.service.to,
        off: Money::new(item.off_minor, currency),
        resale: Money::new(item.resale_minor, currency),
        net: Money::new(item.net_minor, currency),
    }
}

/// "Calls, 1,234.5 api-calls so far".
fn usage_line(item: &UsageItem<'_>, (currency, off): (Currency, Rate)) -> Result<PreviewLine> {
    let days = item.arrear.period.service;
    let until = if item.is_again { "" } else { " so far" };
    let resale = Money::new(item.resale_minor(off)?, currency);
    Ok(PreviewLine {
        label: format!("{}, {}{until}", item.price.label, item.words()),
        from: days.from,
        to: days.to,
        off: resale,
        resale,
        net: Money::new(item.net_minor, currency),
    })
}

fn true_up_line(one: &TrueUp, (currency, off): (Currency, Rate)) -> Result<PreviewLine> {
    let resale = Money::new(list_of(one.open_minor, off)? - one.open_minor, currency);
    Ok(PreviewLine {
        label: commitments::words(one, currency),
        from: one.service.from,
        to: one.service.to,
        off: resale,
        resale,
        net: Money::new(one.open_minor, currency),
    })
}

fn so_far(item: &UsageItem<'_>, currency: Currency) -> UsedSoFar {
    let days = item.arrear.period.service;
    UsedSoFar {
        price: item.price.id,
        from: days.from,
        to: days.to,
        used: item.arrear.used,
        net: Money::new(item.net_minor, currency),
    }
}
