//! Letters about new prices: one to each partner whose customers come to a new version of a plan, with
//! each subscription, what it brings now and then, and the day.
use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::versions::at;
use crate::{
    Error, Result,
    domain::{Money, Role},
    id::{CustomerId, MailId, PartnerId, PlanVersionId},
    queue::{self, SendMail},
    services::revenue::billing::Terms,
    store::{
        Tx, VendorScope,
        account::people,
        catalogue::{
            offerings,
            plans::{self, PlanVersion},
        },
        incentivize::{outbox, statements},
        platform::NewMail,
        revenue::{
            subscriptions::{self, Subscription},
            terms,
        },
    },
};

/// The kind of these letters.
pub const LETTER: &str = "prices_changed";

/// A subscription that comes to new prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// Whose.
    pub customer: String,
    /// The vendor's own key for it.
    pub external_id: String,
    /// Units.
    pub quantity: i32,
    /// The first day at the new prices.
    pub on: NaiveDate,
    /// What it brings a month before that day, before tax.
    pub now: Money,
    /// And from it on.
    pub then: Money,
}

/// What such a letter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The offering and the plan.
    pub plan: String,
    /// The new prices: "EUR 60.00 a month".
    pub prices: String,
    /// By day, the earliest first.
    pub coming: Vec<Announced>,
}

fn name_of(tx: &mut Tx<'_, VendorScope>, version: &PlanVersion) -> Result<String> {
    let plan = plans::plan(tx, version.plan)?;
    let offering = offerings::offering(tx, plan.offering)?;
    Ok(format!("{}, {}", offering.name, plan.name))
}

/// Puts a letter to each partner of some subscriptions in the outbox, to its first admin or else to
/// the address of its statements.
pub(super) fn announce(
    tx: &mut Tx<'_, VendorScope>,
    (new, found): (&PlanVersion, &[Subscription]),
    mail_domain: &str,
) -> Result<()> {
    let vendor = terms::vendor(tx)?.name;
    let subject = format!("{vendor}: new prices of {}", name_of(tx, new)?);
    let earlier = outbox::letters_about(tx, LETTER, new.id.number())?;
    let partners: BTreeSet<PartnerId> = found.iter().map(|one| one.partner_id).collect();
    let mut letters = Vec::new();
    for partner in partners {
        let Some(recipient) = recipient(tx, partner)? else {
            continue;
        };
        let own = earlier.iter().filter(|one| one.partner_id == Some(partner));
        let id: MailId = tx.fresh_id();
        letters.push(NewMail {
            id,
            kind: LETTER,
            subject_id: new.id.number(),
            copy_no: 1 + own.map(|one| one.copy_no).max().unwrap_or_default(),
            partner: Some(partner),
            recipient,
            subject: subject.clone(),
            message_id: format!("<{id}@{mail_domain}>"),
        });
    }
    outbox::post(tx, &letters)?;
    let jobs: Vec<SendMail> = letters.iter().map(|mail| SendMail::of(mail.id)).collect();
    queue::enqueue_all(tx, &jobs)
}

/// The names of those partners whom a letter would not reach, in order.
pub(super) fn unreached(
    tx: &mut Tx<'_, VendorScope>,
    partners: &BTreeSet<PartnerId>,
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for partner in partners {
        if recipient(tx, *partner)?.is_none() {
            found.push(statements::partner(tx, *partner)?.name);
        }
    }
    found.sort();
    Ok(found)
}

fn recipient(tx: &mut Tx<'_, VendorScope>, partner: PartnerId) -> Result<Option<String>> {
    let members = people::members(tx, Some(partner))?;
    let admin = members
        .into_iter()
        .find(|one| one.role == Role::PartnerAdmin);
    let address = match admin {
        Some(admin) => admin.email,
        None => statements::partner(tx, partner)?.statement_email,
    };
    Ok(Some(address).filter(|address| !address.is_empty()))
}

/// What a partner is told about a new version: the subscriptions that are still to come to it.
///
/// # Errors
/// [`Error::NotFound`] where none is any more; amounts that do not fit; faults of the database.
pub fn announcement(
    tx: &mut Tx<'_, VendorScope>,
    (version, partner): (PlanVersionId, PartnerId),
) -> Result<Announcement> {
    let new = plans::version(tx, version)?;
    let mut found = subscriptions::set_to(tx, version)?;
    found.retain(|one| one.partner_id == partner);
    if found.is_empty() {
        return Err(Error::NotFound);
    }
    let customers: Vec<CustomerId> = found.iter().map(|one| one.customer_id).collect();
    let names = terms::customer_names(tx, &customers)?;
    let terms = Terms::of(tx, &found)?;
    let mut coming = Vec::new();
    for one in &found {
        let Some(on) = one.next_plan_on else { continue };
        let index = one.index_of(on)?.unwrap_or(one.next_index());
        let monthly = |of: &Subscription| -> Result<Money> {
            Ok(Money::new(terms.monthly(of, index)?, of.currency))
        };
        coming.push(Announced {
            customer: names.get(&one.customer_id).cloned().unwrap_or_default(),
            external_id: one.external_id.clone(),
            quantity: one.quantity,
            on,
            now: monthly(one)?,
            then: monthly(&at(one, version))?,
        });
    }
    coming.sort_by(|a, b| (a.on, &a.customer).cmp(&(b.on, &b.customer)));
    let prices = new.prices.iter();
    let prices = prices.map(|line| line.price.words(new.terms.currency, new.terms.interval));
    Ok(Announcement {
        plan: name_of(tx, &new)?,
        prices: prices.collect::<Vec<_>>().join(" and "),
        coming,
    })
}
