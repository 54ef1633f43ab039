//! What customers are sold, and what they and their partners are called.
use chrono::NaiveDate;

use super::Won;
use crate::{
    Error, Result,
    demo::{
        Scope,
        cast::{CUSTOMER_FIRST, CUSTOMER_SECOND, PartnerPart, Story},
        chance::Chance,
        setting::{Plans, read},
        taxing,
    },
    domain::{CountryCode, Currency, Quantity, Rate},
    id::{DealRegistrationId, PartnerId},
    services::{
        recruit::partners,
        revenue::subscriptions::{self, NewSubscription},
        sell::customers,
    },
    store::Tx,
};

/// What a customer is sold.
#[derive(Clone)]
pub(in crate::demo) struct Sale {
    plan: &'static str,
    pub(in crate::demo) quantity: u32,
    pays_after: i64,
    leaves_unpaid: bool,
    pub(in crate::demo) plan_version: crate::id::PlanVersionId,
    currency: Currency,
    number: u32,
}

impl Sale {
    /// What a partner sells to its next customer.
    pub(super) fn of(
        part: &PartnerPart,
        k: u32,
        plans: &Plans,
        chance: &mut Chance,
    ) -> Result<Self> {
        let plan = part.sells[usize::try_from(k).unwrap_or_default() % part.sells.len()];
        let (plan_version, currency) = *plans.versions.get(plan).ok_or(Error::NotFound)?;
        let quantity = match (part.story, plan) {
            (Story::BelowMinimum, _) => 2,
            (_, "MON-M" | "MON-JPY" | "PRV-Y") => chance.between(1, 6),
            (_, "MSG-M") => 1,
            _ => chance.between(3, 28),
        };
        Ok(Self {
            plan,
            quantity,
            pays_after: i64::from(chance.between(2, 19)),
            leaves_unpaid: chance.between(1, 40) == 1,
            plan_version,
            currency,
            number: k + 1,
        })
    }

    /// Wins the customer and starts its subscription.
    pub(super) fn close(
        &self,
        tx: &mut Tx<'_, Scope>,
        (partner, part): (PartnerId, &PartnerPart),
        (name, deal): (&str, Option<DealRegistrationId>),
        day: NaiveDate,
    ) -> Result<Won> {
        let code = format!("{}-C{:02}", part.code, self.number);
        let (tax_category, vat_id) = taxing::of_customer(part, self.number)?;
        let draft = customers::Draft {
            name: read(name)?,
            country: read::<CountryCode>(part.country)?,
            tax: Rate::from_bps(part.tax_bps).map_err(Error::fault)?,
            tax_category,
            vat_id,
        };
        let id = customers::add(tx, partner, Some(&read(&code)?), &draft)?;
        let new = NewSubscription {
            external_id: format!("{code}-{}", self.plan),
            customer: id,
            plan_version: self.plan_version,
            starts_on: day,
            quantity: Quantity::new(self.quantity).map_err(Error::fault)?,
        };
        let started = match deal {
            None => subscriptions::start(tx, &new)?,
            Some(deal) => subscriptions::start_registered(tx, &new, deal)?,
        };
        Ok(Won {
            id,
            subscription: started.id(),
            plan: self.plan,
            currency: self.currency,
            pays_after: self.pays_after,
            leaves_unpaid: self.leaves_unpaid,
            left: None,
        })
    }
}

/// No two alike: the two lists have lengths without a common factor.
pub(super) fn customer_name(index: usize) -> String {
    let first = CUSTOMER_FIRST[index % CUSTOMER_FIRST.len()];
    let second = CUSTOMER_SECOND[(index * 7 + 3) % CUSTOMER_SECOND.len()];
    format!("{first} {second}")
}

/// A partner as it is recruited.
pub(super) fn draft(part: &PartnerPart) -> Result<partners::Draft> {
    let host: String = part
        .name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    Ok(partners::Draft {
        name: read(part.name)?,
        legal_name: read(part.legal_name)?,
        address: read(part.address)?,
        country: read(part.country)?,
        partner_type: read(part.kind)?,
        statement_email: Some(read(&format!(
            "finance@{}.example",
            host.trim_matches('-')
        ))?),
        delivery: read("attached")?,
    })
}
