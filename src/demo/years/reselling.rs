//! A partner that resells: to one customer by itself, to another through its distributor.
use chrono::NaiveDate;

use super::{Joined, Won, World};
use crate::{
    Error, Result,
    demo::{
        Scope,
        cast::{PartnerPart, Story},
        setting::read,
    },
    domain::{BillingModel, Quantity, Rate, TaxCategory, VatId, resale::BuysAt},
    id::PartnerId,
    services::{
        revenue::subscriptions::{self, BillingAsked, NewSubscription},
        sell::{
            customers,
            resale::{self, NewTerms},
        },
    },
    store::{Store, Tx, revenue::terms},
};

/// Whom it sells to, how, and how many units.
const SOLD: [(&str, BillingModel, u32); 2] = [
    ("Maison Verrier", BillingModel::Resale, 10),
    ("Imprimerie Laval", BillingModel::TwoTier, 20),
];
/// What it asks of its customers, in hundredths of the list.
const STREET: i64 = 95;

impl World {
    /// The vendor agrees what the partner buys at, which sells twice on the same day. Only where it
    /// has a distributor.
    pub(super) fn resell(&mut self, store: &Store, index: usize, day: NaiveDate) -> Result<()> {
        let above = self.partners.iter();
        let above = above.clone().find(|one| one.part.story == Story::Rises);
        let Some((above, seller)) = above.zip(self.partners.get(index)) else {
            return Ok(());
        };
        let plan = seller.part.sells.first().copied().unwrap_or_default();
        let (plan_version, currency) = *self.plans.versions.get(plan).ok_or(Error::NotFound)?;
        let whose = [(above.id, above.part, "0"), (seller.id, seller.part, "20")];
        let won = store.write_now(self.scope.clone(), |tx| {
            for terms in whose {
                agree(tx, terms, day)?;
            }
            let mut won = Vec::new();
            for (number, (name, model, units)) in (1..).zip(SOLD) {
                let code = format!("{}-R{number:02}", seller.part.code);
                let customer = customer(tx, seller, (name, &code))?;
                let new = NewSubscription {
                    external_id: format!("{code}-{plan}"),
                    customer,
                    plan_version,
                    starts_on: day,
                    quantity: Quantity::new(units).map_err(Error::fault)?,
                };
                let asked = BillingAsked {
                    model,
                    street_minor: Some(street(tx, &new)?),
                };
                let sold = subscriptions::start_billed(tx, (&new, &asked), None)?.id();
                won.push(Won {
                    id: customer,
                    subscription: sold,
                    plan,
                    currency,
                    pays_after: 12,
                    leaves_unpaid: false,
                    left: None,
                });
            }
            Ok(won)
        })?;
        if let Some(seller) = self.partners.get_mut(index) {
            seller.customers.extend(won);
        }
        Ok(())
    }
}

/// What a partner buys at, and its distributor, from a day on.
fn agree(
    tx: &mut Tx<'_, Scope>,
    (partner, part, off): (PartnerId, &PartnerPart, &str),
    day: NaiveDate,
) -> Result<()> {
    let reseller: Rate = read(off)?;
    let distributor = match reseller.bps() {
        0 => None,
        _ => Some(read("30")?),
    };
    let terms = NewTerms {
        buys_at: BuysAt {
            reseller,
            distributor,
        },
        tax_category: TaxCategory::Own,
        tax: Rate::from_bps(part.tax_bps).map_err(Error::fault)?,
        vat_id: VatId::default(),
    };
    resale::place(tx, partner, &terms, day)
}

fn customer(
    tx: &mut Tx<'_, Scope>,
    seller: &Joined,
    (name, code): (&str, &str),
) -> Result<crate::id::CustomerId> {
    let draft = customers::Draft {
        name: read(name)?,
        country: read(seller.part.country)?,
        tax: Rate::from_bps(seller.part.tax_bps).map_err(Error::fault)?,
        tax_category: TaxCategory::Own,
        vat_id: VatId::default(),
    };
    customers::add(tx, seller.id, Some(&read(code)?), &draft)
}

/// What the partner asks a period, in minor units.
fn street(tx: &mut Tx<'_, Scope>, new: &NewSubscription) -> Result<i64> {
    let plans = terms::plans_of(tx, &[new.plan_version])?;
    let plan = plans.get(&new.plan_version).ok_or(Error::NotFound)?;
    let mut list = 0;
    for price in &plan.prices {
        list += price.price.for_period(new.quantity)?;
    }
    Ok(list * STREET / 100)
}
