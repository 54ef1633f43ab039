//! How a sale is billed: what was asked for, and the terms of the day it begins on.
use std::collections::HashMap;

use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{
        Billing, BillingModel, Overflow, Quantity, Rate, date_words,
        resale::{BuysAt, Street},
    },
    id::PartnerId,
    store::{
        Tx, VendorScope,
        incentivize::distributors::{self, Link},
        recruit::partners,
        revenue::{subscriptions::Subscription, terms::PlanTerms},
        sell::resale::{self as terms, Resells},
    },
};

/// How a sale is to be billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BillingAsked {
    /// Who invoices the customer.
    pub model: BillingModel,
    /// What the seller asks of its customer a period, in minor units of the plan's currency, where
    /// that is known.
    pub street_minor: Option<i64>,
}

impl Default for BillingAsked {
    fn default() -> Self {
        Self {
            model: BillingModel::Agency,
            street_minor: None,
        }
    }
}

/// A sale whose terms are looked for.
pub(super) struct Sale<'a> {
    pub partner: PartnerId,
    /// The first day served.
    pub on: NaiveDate,
    pub plan: &'a PlanTerms,
    pub quantity: Quantity,
}

/// How a sale is billed, and who in the customer's place.
pub(super) struct Billed {
    pub billing: Billing,
    pub payer: Option<PartnerId>,
}

impl Billed {
    /// Fixes it with the sale. The margin is all that is paid for what is resold, so that no
    /// commission plan holds for it.
    pub fn write(&self, sold: &mut Subscription) {
        let Billing { street, .. } = self.billing;
        sold.payer_id = self.payer;
        sold.reseller_bps = self.billing.reseller.bps();
        sold.distributor_bps = self.billing.distributor.bps();
        sold.street_minor = street.map(|street| street.asked_minor);
        sold.street_list_minor = street.map(|street| street.list_minor);
        if self.payer.is_some() {
            sold.commission_plan_version_id = None;
        }
    }
}

/// What resales rest on.
#[derive(Default)]
pub(super) struct Resale {
    terms: HashMap<PartnerId, Vec<Resells>>,
    above: HashMap<PartnerId, Vec<Link>>,
    names: HashMap<PartnerId, String>,
}

impl Resale {
    /// Reads it, for sales of some partners.
    pub fn of(tx: &mut Tx<'_, VendorScope>, partners: &[PartnerId]) -> Result<Self> {
        let above = distributors::of(tx, partners)?;
        let links = above.values().flatten();
        let mut all: Vec<PartnerId> = links.filter_map(|link| link.distributor_id).collect();
        all.extend(partners);
        all.sort_unstable();
        all.dedup();
        Ok(Self {
            terms: terms::of(tx, &all)?,
            names: partners::names(tx, &all)?.into_iter().collect(),
            above,
        })
    }

    /// How a sale is billed that is asked to be billed so.
    pub fn billed(&self, sale: &Sale<'_>, asked: &BillingAsked) -> Result<Billed> {
        if asked.model == BillingModel::Agency {
            return match asked.street_minor {
                None => Ok(Billed {
                    billing: Billing::agency(),
                    payer: None,
                }),
                Some(_) => Err(Error::on(
                    "street",
                    "Only what is resold has a street price.",
                )),
            };
        }
        let at = self.buys_at(sale)?;
        let (payer, distributor) = match asked.model {
            BillingModel::TwoTier => self.distributor(sale, at)?,
            _ => (sale.partner, Rate::default()),
        };
        let street = asked
            .street_minor
            .map(|asked| street(sale, asked))
            .transpose()?;
        Ok(Billed {
            billing: Billing {
                model: asked.model,
                distributor,
                reseller: at.reseller,
                street,
            },
            payer: Some(payer),
        })
    }

    fn held(&self, partner: PartnerId, on: NaiveDate) -> Option<&Resells> {
        terms::on(self.terms.get(&partner)?, on)
    }

    fn buys_at(&self, sale: &Sale<'_>) -> Result<BuysAt> {
        let held = self.held(sale.partner, sale.on);
        let at = held.map(Resells::buys_at).transpose()?;
        at.filter(|at| at.reseller.bps() > 0).ok_or_else(|| {
            let why = format!(
                "{} has no resale terms on {}. Set them on its page first.",
                self.name(sale.partner),
                date_words(sale.on)
            );
            Error::on("billing", why)
        })
    }

    /// The distributor that is billed, and what is off the list for it.
    fn distributor(&self, sale: &Sale<'_>, at: BuysAt) -> Result<(PartnerId, Rate)> {
        let (name, day) = (self.name(sale.partner), date_words(sale.on));
        let links = self.above.get(&sale.partner).map_or(&[][..], Vec::as_slice);
        let link = distributors::on(links, sale.on);
        let above = link
            .and_then(|link| link.distributor_id)
            .ok_or_else(|| Error::on("billing", format!("{name} has no distributor on {day}.")))?;
        let rate = at.distributor.ok_or_else(|| {
            let why = format!("The resale terms of {name} say nothing of its distributor.");
            Error::on("billing", why)
        })?;
        match self.held(above, sale.on) {
            Some(_) => Ok((above, rate)),
            None => {
                let why = format!(
                    "{} has no resale terms on {day}, which say how invoices to it are taxed.",
                    self.name(above)
                );
                Err(Error::on("billing", why))
            }
        }
    }

    fn name(&self, partner: PartnerId) -> &str {
        self.names
            .get(&partner)
            .map_or("The partner", String::as_str)
    }
}

/// A street price beside what the list asks for a whole period.
fn street(sale: &Sale<'_>, asked_minor: i64) -> Result<Street> {
    let list_minor = list_of_period(sale)?;
    match (list_minor, asked_minor) {
        (1.., 0..) => Ok(Street {
            asked_minor,
            list_minor,
        }),
        (1.., _) => Err(Error::on("street", "Give an amount of zero or more.")),
        _ => {
            let why = "This plan charges nothing for a period in advance: leave it empty.";
            Err(Error::on("street", why))
        }
    }
}

fn list_of_period(sale: &Sale<'_>) -> Result<i64> {
    let prices = sale.plan.prices.iter();
    let mut lists = prices.map(|line| line.price.for_period(sale.quantity));
    Ok(lists.try_fold(0i64, |sum, list| sum.checked_add(list?).ok_or(Overflow))?)
}
