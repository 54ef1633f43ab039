//! Tiers and who is in them.
use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{
        Action, Name, Permission, Problems,
        audit::{Change, diff},
        date_words, near,
    },
    id::{PartnerId, TierId},
    services::stale,
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        incentivize::tiers::{self, Assignment, Tier},
        platform::Event,
        recruit::partners,
    },
};

/// What a vendor says about a tier.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it is called; no two alike.
    pub name: Name,
    /// 1 to 1,000, the higher the better; no two alike.
    pub rank: i32,
}

/// Adds a tier.
///
/// # Errors
/// [`Error::Forbidden`], and [`Error::Invalid`] on `name` or `rank`.
pub fn add(tx: &mut Tx<'_, VendorScope>, draft: &Draft) -> Result<TierId> {
    tx.allow(Permission::ManageCommissionPlans)?;
    check(tx, None, draft)?;
    let tier = Tier {
        id: tx.fresh_id(),
        name: draft.name.to_string(),
        rank: draft.rank,
        version: 1,
    };
    tiers::insert(tx, &tier)?;
    note(tx, &tier, Action::TierAdded, &[])?;
    Ok(tier.id)
}

/// Changes a tier. `version` is the one the form was made from.
///
/// # Errors
/// As [`add`], [`Error::NotFound`], and [`Error::Conflict`] when it was changed meanwhile.
pub fn edit(tx: &mut Tx<'_, VendorScope>, id: TierId, version: i32, draft: &Draft) -> Result<()> {
    tx.allow(Permission::ManageCommissionPlans)?;
    let old = tier(tx, id)?;
    check(tx, Some(id), draft)?;
    let new = Tier {
        id,
        name: draft.name.to_string(),
        rank: draft.rank,
        version,
    };
    if !tiers::update(tx, &new)? {
        return Err(stale("tier"));
    }
    let changes = diff(&[
        ("name", old.name.as_str(), new.name.as_str()),
        ("rank", &old.rank.to_string(), &new.rank.to_string()),
    ]);
    note(tx, &new, Action::TierChanged, &changes)
}

fn tier(tx: &mut Tx<'_, VendorScope>, id: TierId) -> Result<Tier> {
    let tiers = tiers::tiers(tx)?;
    let found = tiers.into_iter().find(|tier| tier.id == id);
    found.ok_or(Error::NotFound)
}

fn check(tx: &mut Tx<'_, VendorScope>, own: Option<TierId>, draft: &Draft) -> Result<()> {
    let mut problems = Problems::default();
    if !(1..=1_000).contains(&draft.rank) {
        problems.add("rank", "Give a rank from 1 to 1,000.");
    }
    for other in tiers::tiers(tx)? {
        if Some(other.id) == own {
            continue;
        }
        if other.name == draft.name.as_str() {
            problems.add("name", "Another tier has this name.");
        }
        if other.rank == draft.rank {
            problems.add("rank", format!("{} has this rank.", other.name));
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(problems)),
    }
}

fn note(
    tx: &mut Tx<'_, VendorScope>,
    tier: &Tier,
    action: Action,
    changes: &[Change],
) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: tier.id.number(),
            partner: None,
            summary: format!("{}: {}", action.label(), tier.name),
            changes,
        },
    )
}

/// Puts a partner in a tier from a date on (in the vendor's zone). What was billed before keeps
/// the rate it was billed with; a tier of that very date is replaced.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`] for the partner, and [`Error::Invalid`] on `tier` or
/// `from`.
pub fn assign(
    tx: &mut Tx<'_, VendorScope>,
    partner: PartnerId,
    tier_id: TierId,
    from: NaiveDate,
) -> Result<()> {
    tx.allow(Permission::ManagePartners)?;
    let name = partners::partner(tx, partner)?.name;
    let all = tiers::tiers(tx)?;
    let named = |id| {
        all.iter()
            .find(|tier| tier.id == id)
            .map(|tier| tier.name.as_str())
    };
    near::within_reach(from, vendor::today(tx)?).map_err(|why| Error::on("from", why))?;
    let Some(new) = named(tier_id) else {
        return Err(Error::on("tier", "Choose one of the tiers."));
    };
    let held = tiers::on(tx, &[partner], from)?.first().copied();
    let old = held.and_then(|(_, id)| named(id)).unwrap_or_default();
    let assignment = Assignment {
        id: tx.fresh_id(),
        partner,
        tier: tier_id,
        effective_from: from,
    };
    tiers::assign(tx, &assignment)?;
    VendorScope::record(
        tx,
        &Event {
            action: Action::PartnerTierChanged,
            subject: partner.number(),
            partner: Some(partner),
            summary: format!("{name} is in tier {new} from {}", date_words(from)),
            changes: &diff(&[("tier", old, new)]),
        },
    )
}
