//! Resale as pages show it: who buys at what, and who keeps what.
use std::collections::BTreeMap;

use super::words;
use crate::{
    Error, Result,
    domain::{
        BillingModel, Currency, Money, Overflow, Period, Rate,
        resale::{bought, left_of},
    },
    store::{
        registers::invoices::{InvoiceLineRow, Resold},
        sell::subscriptions::{Record, Subscription},
    },
};

/// Why nobody earns commission on what is resold.
pub const WHY: &str = "Resale: the margin is the partner’s pay, in place of commission.";

/// Who looks at a sale that is resold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// The vendor, who sees what everybody keeps.
    Vendor,
    /// The seller, who sees what it buys at and keeps.
    Seller,
}

/// A row of what a period costs and leaves: what, and how much before tax.
#[derive(Debug, Clone)]
pub struct MarginRow {
    /// What.
    pub what: String,
    /// How much.
    pub amount: String,
    /// Whether it is what somebody keeps.
    pub is_kept: bool,
}

/// How a sale is resold, ready to be set.
#[derive(Debug, Clone)]
pub struct ResoldView {
    /// "Two-tier resale".
    pub model: &'static str,
    /// Who invoices whom, in a sentence.
    pub who: String,
    /// What a whole period comes to.
    pub rows: Vec<MarginRow>,
}

/// What the billing of a sale is called.
pub fn model(it: &Subscription) -> &'static str {
    it.billing.model.label()
}

/// Whether a subscription's revenue is shown: what a distributor buys at is not, to its reseller.
pub fn shows_revenue(it: &Subscription, viewer: Viewer) -> bool {
    viewer == Viewer::Vendor || it.billing.model != BillingModel::TwoTier
}

/// How a sale is resold; nothing in agency. `names` are the seller and who is billed.
///
/// # Errors
/// Amounts that do not fit.
pub fn view(
    record: &Record,
    (seller, payer): (&str, &str),
    viewer: Viewer,
) -> Result<Option<ResoldView>> {
    let it = &record.subscription;
    let list = list(record)?;
    let Some(margins) = it.billing.margins(list)? else {
        return Ok(None);
    };
    let mut rows = Rows {
        it,
        rows: Vec::new(),
    };
    rows.add("List price", list, false);
    let is_two_tier = it.billing.model == BillingModel::TwoTier;
    let off = |who: &str, rate: Rate| format!("{who} buys at {rate} off the list");
    if is_two_tier && viewer == Viewer::Vendor {
        let what = off(payer, it.billing.distributor);
        rows.add(&what, margins.distributor_buys, false);
        rows.add(&format!("{payer} keeps"), margins.distributor_margin, true);
    }
    let (buys, keeps) = match viewer {
        Viewer::Vendor => (off(seller, it.billing.reseller), format!("{seller} keeps")),
        Viewer::Seller => (
            format!("You buy at {} off the list", it.billing.reseller),
            "You keep".to_owned(),
        ),
    };
    rows.add(&buys, bought(list, it.billing.reseller), false);
    if let Some(street) = it.billing.street {
        rows.add("Street price", street.of(list)?, false);
        rows.add(&keeps, margins.reseller_margin, true);
    }
    Ok(Some(ResoldView {
        model: model(it),
        who: who(it.billing.model, (seller, payer), viewer),
        rows: rows.rows,
    }))
}

/// What a whole period costs at list prices, in minor units.
fn list(record: &Record) -> Result<i64> {
    let quantity = record.subscription.quantity;
    let prices = record.version.prices.iter();
    let mut lists = prices.map(|line| line.price.for_period(quantity));
    Ok(lists.try_fold(0i64, |sum, list| sum.checked_add(list?).ok_or(Overflow))?)
}

/// What the seller is out of pocket each period, where its street price is below what it buys at.
///
/// # Errors
/// Amounts that do not fit.
pub fn loss(record: &Record) -> Result<Option<Money>> {
    let it = &record.subscription;
    let margins = it.billing.margins(list(record)?)?;
    let margin = margins.filter(|_| it.billing.street.is_some());
    let minor = margin.map_or(0, |margins| margins.reseller_margin);
    let loss = Money::new(minor, record.version.terms.currency);
    Ok(loss.is_negative().then_some(loss))
}

fn who(model: BillingModel, (seller, payer): (&str, &str), viewer: Viewer) -> String {
    match (model, viewer) {
        (BillingModel::TwoTier, Viewer::Vendor) => {
            format!("You invoice {payer}, {payer} invoices {seller}, and {seller} the customer.")
        }
        (BillingModel::TwoTier, Viewer::Seller) => {
            "Your distributor invoices you, and you invoice the customer.".to_owned()
        }
        (_, Viewer::Vendor) => format!("You invoice {seller}, and {seller} the customer."),
        (_, Viewer::Seller) => "You are invoiced, and invoice the customer.".to_owned(),
    }
}

struct Rows<'a> {
    it: &'a Subscription,
    rows: Vec<MarginRow>,
}

impl Rows<'_> {
    fn add(&mut self, what: &str, minor: i64, is_kept: bool) {
        self.rows.push(MarginRow {
            what: what.to_owned(),
            amount: words::money(Money::new(minor, self.it.mrr.currency())),
            is_kept,
        });
    }
}

/// What explains the net of an invoice's line: "List 100.00, less a resale discount of 30.00";
/// empty where it was not resold.
///
/// # Errors
/// Amounts that do not fit.
pub fn line_words(line: &InvoiceLineRow) -> Result<Vec<String>> {
    if line.resale.is_zero() && line.resold.is_none() {
        return Ok(Vec::new());
    }
    // Of what is taken back, the resale discount alone is noted: below zero, as its net is.
    let off = match line.resale.minor() < 0 {
        true => line.resale,
        false => line.discount,
    };
    let list = line.net.plus(off).map_err(Error::fault)?;
    let others = off.minus(line.resale).map_err(Error::fault)?;
    let mut said = vec![format!(
        "List {}, less a resale discount of {}",
        words::figure(list),
        words::figure(line.resale)
    )];
    if !others.is_zero() {
        let others = words::figure(others);
        said.push(match line.resold {
            Some(_) => format!("less further discounts of {others}, which go on in the same share"),
            None => format!("less further discounts of {others}"),
        });
    }
    if let Some(resold) = line.resold {
        let margin = resold.minus(line.net).map_err(Error::fault)?;
        said.push(format!(
            "sold on at {}: a margin of {}",
            words::figure(resold),
            words::figure(margin)
        ));
        if !line.credited.is_zero() {
            let of = (line.net.minor(), line.credited.minor());
            let sold = left_of(resold.minor(), of)?;
            let left = line.net.minor() - line.credited.minor();
            let left = Money::new(sold - left, resold.currency());
            said.push(format!(
                "after credit notes a margin of {}",
                words::figure(left)
            ));
        }
    }
    Ok(said)
}

/// A month of what was bought to be sold on.
#[derive(Debug, Clone)]
pub struct MarginMonth {
    /// "Nov 2026".
    pub month: String,
    /// What all of it is in.
    pub currency: Currency,
    /// At list.
    pub list: String,
    /// What the vendor charged.
    pub bought: String,
    /// What it was sold on for; empty where that is known of none of it.
    pub sold: String,
    /// What was kept of that; empty likewise.
    pub margin: String,
}

/// What a partner bought to sell on, the latest month first.
///
/// # Errors
/// Amounts that do not fit.
pub fn months(resold: &[Resold]) -> Result<Vec<MarginMonth>> {
    let mut sums: BTreeMap<(Period, &str), ([Money; 4], bool)> = BTreeMap::new();
    for one in resold {
        let key = (Period::of(one.issued_on), one.net.currency().code());
        let zero = Money::zero(one.net.currency());
        let (sum, is_known) = sums.entry(key).or_insert(([zero; 4], false));
        *is_known |= one.sold.is_some();
        let margin = one.sold.map_or(Ok(zero), |sold| sold.minus(one.net));
        let parts = [
            one.list,
            one.net,
            one.sold.unwrap_or(zero),
            margin.map_err(Error::fault)?,
        ];
        for (sum, part) in sum.iter_mut().zip(parts) {
            *sum = sum.plus(part).map_err(Error::fault)?;
        }
    }
    let mut rows = Vec::new();
    for ((month, _), ([list, bought, sold, margin], is_known)) in sums.into_iter().rev() {
        let known = |amount| match is_known {
            true => words::money(amount),
            false => String::new(),
        };
        rows.push(MarginMonth {
            month: words::month(month),
            currency: list.currency(),
            list: words::money(list),
            bought: words::money(bought),
            sold: known(sold),
            margin: known(margin),
        });
    }
    Ok(rows)
}
