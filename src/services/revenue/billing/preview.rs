//! The next invoice of a subscription as it stands now, by the rule of the run.
use chrono::NaiveDate;

use super::{
    arrears::{Usage, UsageItem},
    commitments::{self, Commitments, Missing},
    courses::{Course, Served, asked},
    items::{Facts, Item, items},
};
use crate::{
    Result,
    domain::{
        Currency, Discount, Measure, Money, Overflow, Rate, Tax, TaxTerms, Zone, bill::Stretch,
        proration::tax_on, resale::list_of,
    },
    id::{PlanVersionId, PriceId},
    store::{
        revenue::{
            commitments::CommitmentBook,
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
    /// What earlier bills charged too much: it goes back with it, by credit note, each at the tax
    /// it was charged with. Below zero.
    pub back: Vec<PreviewLine>,
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
    /// What was billed so far, where one of its plans has a minimum.
    pub commitment: Option<CommitmentBook>,
}

/// The plans that a subscription is and was of, oldest first, as they are billed.
fn courses(record: &Record, zone: Zone) -> Result<Vec<Course<'_>>> {
    let of = &record.subscription;
    let mut all = Vec::new();
    for held in record.held()? {
        let Some(version) = record.versions().find(|one| one.id == held.plan) else {
            continue;
        };
        let served = Served {
            id: of.id,
            held,
            charged_from: of.charged_from,
            ends_on: of.ends_on,
            zone,
            discount: of.billing.discount(),
        };
        let minimum_minor = version.terms.minimum_minor;
        all.push(Course::of(served, &version.prices, minimum_minor));
    }
    Ok(all)
}

/// What to ask about a subscription's usage for [`preview`]; nothing where no plan that it is or was
/// of counts any.
///
/// # Errors
/// A period beyond the calendar.
pub fn usage_asked(record: &Record, zone: Zone) -> Result<Option<Ask>> {
    asked(&courses(record, zone)?)
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
    let all = courses(record, basis.zone)?;
    let usage = Usage::known(of.id, basis.usage.clone());
    let found = usage.items(&all)?.items;
    let named = Named {
        record,
        billed: version.id,
        currency,
        off: of.billing.discount(),
    };
    for item in &found {
        lines.push(named.usage_line(item)?);
    }
    let commitments = Commitments::known(of.id, basis.commitment.clone());
    for one in commitments.items(&all, &found)? {
        lines.push(named.true_up_line(&one)?);
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

/// The invoice of some lines; what is below zero is given back beside it.
fn whole(
    (on, lines): (NaiveDate, Vec<PreviewLine>),
    used: Vec<UsedSoFar>,
    (tax, currency): (Tax, Currency),
) -> Result<Preview> {
    let is_back = |line: &PreviewLine| line.net.minor() < 0;
    let (back, lines): (Vec<_>, Vec<_>) = lines.into_iter().partition(is_back);
    let mut nets = lines.iter().map(|line| line.net.minor());
    let net = nets.try_fold(0i64, i64::checked_add).ok_or(Overflow)?;
    let with = tax_on(net, tax.rate);
    let money = |minor| Money::new(minor, currency);
    Ok(Preview {
        on,
        lines,
        back,
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

/// How lines in arrears are named and put.
struct Named<'a> {
    record: &'a Record,
    /// What the period is billed by that begins.
    billed: PlanVersionId,
    currency: Currency,
    off: Rate,
}

impl Named<'_> {
    /// "Backup, Basic: ", of another plan than what is charged ahead.
    fn plan(&self, of: PlanVersionId) -> String {
        match self.record.plan_names.get(&of) {
            Some(name) if of != self.billed => format!("{name}: "),
            _ => String::new(),
        }
    }

    /// "Calls, 1,234.5 api-calls so far".
    fn usage_line(&self, item: &UsageItem<'_>) -> Result<PreviewLine> {
        let days = item.arrear.period.service;
        let until = if item.is_again { "" } else { " so far" };
        let resale = Money::new(item.resale_minor(self.off)?, self.currency);
        let (plan, label) = (self.plan(item.held.plan), &item.price.label);
        Ok(PreviewLine {
            label: format!("{plan}{label}, {}{until}", item.words()),
            from: days.from,
            to: days.to,
            off: resale,
            resale,
            net: Money::new(item.arrear.open_minor, self.currency),
        })
    }

    fn true_up_line(&self, Missing { held, true_up }: &Missing) -> Result<PreviewLine> {
        let resale_minor = list_of(true_up.open_minor, self.off)? - true_up.open_minor;
        let resale = Money::new(resale_minor, self.currency);
        let (plan, words) = (
            self.plan(held.plan),
            commitments::words(true_up, self.currency),
        );
        Ok(PreviewLine {
            label: format!("{plan}{words}"),
            from: true_up.service.from,
            to: true_up.service.to,
            off: resale,
            resale,
            net: Money::new(true_up.open_minor, self.currency),
        })
    }
}

fn so_far(item: &UsageItem<'_>, currency: Currency) -> UsedSoFar {
    let days = item.arrear.period.service;
    UsedSoFar {
        price: item.price.id,
        from: days.from,
        to: days.to,
        used: item.arrear.used,
        net: Money::new(item.arrear.open_minor, currency),
    }
}
