//! What an invoice of one period charges: for the run and for its preview alike.
use crate::{
    Result,
    domain::{
        Discount, Quantity,
        bill::{self, Stretch},
        discount,
        resale::bought,
    },
    store::{catalogue::plans::PriceLine, revenue::invoices::InvoiceLineKind},
};

/// A period of a subscription that is to be charged for.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub prices: &'a [PriceLine],
    pub quantity: Quantity,
    pub discounts: &'a [Discount],
    pub stretch: Stretch,
    /// Whether it is the first that is charged.
    pub is_first: bool,
}

/// An amount on its way to becoming a line.
pub(super) struct Item<'a> {
    pub price: &'a PriceLine,
    pub kind: InvoiceLineKind,
    pub net_minor: i64,
    pub off_minor: i64,
    /// Of that, the resale discount.
    pub resale_minor: i64,
}

/// What each price charges in advance, and with the first period what is charged once.
pub(super) fn items<'a>(facts: &Facts<'a>) -> Result<Vec<Item<'a>>> {
    let prices = facts.prices.iter().map(|line| &line.price);
    let ahead = bill::ahead(prices, facts.quantity, facts.discounts, facts.stretch)?;
    let mut items = Vec::new();
    for (price, ahead) in facts.prices.iter().zip(ahead) {
        if price.price.is_charged_ahead() {
            items.push(Item {
                price,
                kind: InvoiceLineKind::Recurring,
                net_minor: ahead.net_minor(),
                off_minor: ahead.off_minor,
                resale_minor: ahead.resale_minor,
            });
        }
    }
    // After what comes back, so that its lines have the same places on every bill.
    let once = facts
        .prices
        .iter()
        .filter(|line| !line.price.is_recurring());
    for price in once.filter(|_| facts.is_first) {
        let list_minor = price.price.once()?;
        let net_minor = bought(list_minor, discount::resale(facts.discounts));
        items.push(Item {
            price,
            kind: InvoiceLineKind::OneOff,
            net_minor,
            off_minor: list_minor - net_minor,
            resale_minor: list_minor - net_minor,
        });
    }
    Ok(items)
}
