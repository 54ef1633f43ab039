//! Offerings: draft, published, closed to new customers, retired.
use crate::{
    Error, Result,
    domain::{
        Action, DeliveryParty, LongText, Name, OfferingStatus, Permission,
        audit::{Change, diff},
    },
    id::{OfferingId, SlaPolicyId},
    services::stale,
    store::{
        Platform, Tx, VendorScope,
        catalogue::{
            offerings::{self, Offering},
            plans, sla,
        },
        platform::Event,
        sell::subscriptions,
    },
};

/// What a vendor says about an offering.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it is called; no two alike.
    pub name: Name,
    /// In the vendor's own words.
    pub category: Name,
    /// What it is.
    pub summary: LongText,
    /// Who delivers it.
    pub delivery: DeliveryParty,
    /// The service level it comes with.
    pub sla_policy: Option<SlaPolicyId>,
}

/// Puts an offering on record, as a draft no partner sees.
///
/// # Errors
/// [`Error::Forbidden`], and [`Error::Invalid`] on `name` or `sla_policy`.
pub fn add(tx: &mut Tx<'_, VendorScope>, draft: &Draft) -> Result<OfferingId> {
    tx.allow(Permission::ManageCatalogue)?;
    check(tx, None, draft)?;
    let offering = Offering {
        id: tx.fresh_id(),
        name: draft.name.to_string(),
        category: draft.category.to_string(),
        summary: draft.summary.to_string(),
        delivery: draft.delivery,
        sla_policy: draft.sla_policy,
        status: OfferingStatus::Draft,
        created_at: tx.now(),
        published_at: None,
        version: 1,
    };
    offerings::insert(tx, &offering)?;
    note(tx, &offering, Action::OfferingAdded, &[])?;
    Ok(offering.id)
}

fn check(tx: &mut Tx<'_, VendorScope>, own: Option<OfferingId>, draft: &Draft) -> Result<()> {
    let namesake = offerings::named(tx, draft.name.as_str())?;
    if namesake.is_some() && namesake != own {
        return Err(Error::on("name", "Another offering has this name."));
    }
    match draft.sla_policy.map(|id| sla::policy(tx, id)).transpose() {
        Err(Error::NotFound) => Err(Error::on("sla_policy", "Choose one of the service levels.")),
        other => other.map(drop),
    }
}

/// Changes what is said about an offering. `version` is the one the form was made from.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] on `name` or `sla_policy`, and
/// [`Error::Conflict`] when it was changed meanwhile or is retired.
pub fn edit(
    tx: &mut Tx<'_, VendorScope>,
    id: OfferingId,
    version: i32,
    draft: &Draft,
) -> Result<()> {
    tx.allow(Permission::ManageCatalogue)?;
    let old = offerings::offering(tx, id)?;
    if old.status == OfferingStatus::Retired {
        return Err(Error::conflict(
            "A retired offering can no longer be changed.",
        ));
    }
    check(tx, Some(id), draft)?;
    let new = Offering {
        name: draft.name.to_string(),
        category: draft.category.to_string(),
        summary: draft.summary.to_string(),
        delivery: draft.delivery,
        sla_policy: draft.sla_policy,
        version,
        ..old.clone()
    };
    if !offerings::update(tx, &new)? {
        return Err(stale("offering"));
    }
    let level = |offering: &Offering| {
        offering
            .sla_policy
            .map_or_else(String::new, |id| id.to_string())
    };
    let changes = diff(&[
        ("name", old.name.as_str(), new.name.as_str()),
        ("category", &old.category, &new.category),
        ("summary", &old.summary, &new.summary),
        ("delivery", old.delivery.label(), new.delivery.label()),
        ("service level", &level(&old), &level(&new)),
    ]);
    note(tx, &new, Action::OfferingChanged, &changes)
}

/// Lets partners see an offering and sell it.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] when it was changed
/// meanwhile, is no draft, or has no published plan.
pub fn publish(tx: &mut Tx<'_, VendorScope>, id: OfferingId, version: i32) -> Result<()> {
    tx.allow(Permission::ManageCatalogue)?;
    // Of an offering that is not there nothing is said, not even that it has no plan.
    offerings::offering(tx, id)?;
    if !plans::has_published(tx, id)? {
        return Err(Error::conflict(
            "Publish a plan first: without one, there is nothing to sell.",
        ));
    }
    turn(
        tx,
        (id, version),
        OfferingStatus::Published,
        Action::OfferingPublished,
    )
}

/// Closes an offering to new customers; those who have it keep it.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] when it was changed
/// meanwhile or is not published.
pub fn close_to_new(tx: &mut Tx<'_, VendorScope>, id: OfferingId, version: i32) -> Result<()> {
    tx.allow(Permission::ManageCatalogue)?;
    turn(
        tx,
        (id, version),
        OfferingStatus::ClosedToNew,
        Action::OfferingClosedToNew,
    )
}

/// Retires an offering nobody has any more.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] when it was changed
/// meanwhile, is not closed to new customers, or is still being served.
pub fn retire(tx: &mut Tx<'_, VendorScope>, id: OfferingId, version: i32) -> Result<()> {
    tx.allow(Permission::ManageCatalogue)?;
    let begun = subscriptions::begun_of_offering(tx, id)?;
    if begun > 0 {
        return Err(Error::conflict(format!(
            "Subscriptions to this offering are still going on: {begun}."
        )));
    }
    turn(
        tx,
        (id, version),
        OfferingStatus::Retired,
        Action::OfferingRetired,
    )
}

fn turn(
    tx: &mut Tx<'_, VendorScope>,
    (id, version): (OfferingId, i32),
    status: OfferingStatus,
    action: Action,
) -> Result<()> {
    let old = offerings::offering(tx, id)?;
    // The second press of a button finds done what it asks for.
    if old.status == status {
        return Ok(());
    }
    if old.version != version {
        return Err(stale("offering"));
    }
    if !old.status.can_become(status) {
        return Err(Error::conflict(format!(
            "This offering is “{}” and cannot become “{}”.",
            old.status.label(),
            status.label()
        )));
    }
    let published_at = match status {
        OfferingStatus::Published => Some(tx.now()),
        _ => old.published_at,
    };
    let new = Offering {
        status,
        published_at,
        ..old.clone()
    };
    if !offerings::update(tx, &new)? {
        return Err(stale("offering"));
    }
    let changes = diff(&[("status", old.status.label(), status.label())]);
    note(tx, &new, action, &changes)
}

fn note(
    tx: &mut Tx<'_, VendorScope>,
    offering: &Offering,
    action: Action,
    changes: &[Change],
) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: offering.id.number(),
            partner: None,
            summary: format!("{}: {}", action.label(), offering.name),
            changes,
        },
    )
}
