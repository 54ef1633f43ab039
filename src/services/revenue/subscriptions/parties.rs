//! Sharing out what a subscription earns, from its next service period on.
use std::collections::BTreeSet;

use super::live;
use crate::{
    Error, Result,
    domain::{Action, PartnerStatus, Permission, Problems, Rate, audit::diff, date_words},
    id::{PartnerId, SubscriptionId},
    services::revenue::{Books, parties::about},
    store::{
        Platform, Tx, VendorScope,
        incentivize::parties::{self, Party},
        platform::Event,
        recruit::partners,
        revenue::{
            subscriptions::{self, Subscription},
            terms,
        },
    },
};

/// Who is to earn on a subscription beside its partner of record.
#[derive(Debug, Clone)]
pub struct Sharing {
    /// Of what.
    pub subscription: SubscriptionId,
    /// The version that was read.
    pub version: i32,
    /// The others and their shares, each with the place of its fields in the form, from 1. The
    /// partner of record has the rest.
    pub others: Vec<(usize, PartnerId, Rate)>,
}

/// Shares out what a subscription earns from its next service period on; what was billed keeps
/// its terms. Nobody beside the partner of record: it earns alone again.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a stale version or an ended
/// subscription; [`Error::Invalid`] on `partner_1` or `share_1` and so on; faults of the database.
pub fn share_out(tx: &mut Tx<'_, VendorScope>, sharing: &Sharing) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let of = live(tx, sharing.subscription, sharing.version)?;
    if of.next_bill_on.is_none() {
        return Err(Error::on("partner_1", "It has no further service period."));
    }
    let rest = check(tx, &of, sharing)?;
    let from = of.stretch(of.next_index())?.service.from;
    let books = Books::open(tx)?;
    let known = parties::of(tx, &[of.id])?
        .remove(&of.id)
        .unwrap_or_default();
    let before = words(tx, parties::on(&known, from))?;
    let about = about_of(tx, &of)?;
    let shares = std::iter::once((of.partner_id, rest));
    let shares = shares.chain(sharing.others.iter().map(|(_, who, share)| (*who, *share)));
    let mut shares: Vec<(PartnerId, Rate)> = shares.collect();
    // Whoever shared before is told that it is over.
    for one in parties::on(&known, from) {
        if shares.iter().all(|(who, _)| *who != one.partner_id) {
            shares.push((one.partner_id, Rate::default()));
        }
    }
    let set: Vec<Party> = shares
        .into_iter()
        .map(|(partner_id, share)| Party {
            id: tx.fresh_id(),
            partner_id,
            subscription_id: of.id,
            effective_from: from,
            share_bps: share.bps(),
            about: about.clone(),
            created_at: tx.now(),
        })
        .collect();
    let after = words(tx, set.iter())?;
    parties::arrange(tx, set)?;
    subscriptions::change(tx, &of)?;
    let since = match from <= books.today {
        true => "its next bill".to_owned(),
        false => date_words(from),
    };
    let summary = format!("From {since} it earns for {after}");
    let changes = diff(&[("who earns", before, after)]);
    VendorScope::record(
        tx,
        &Event {
            action: Action::SubscriptionChanged,
            subject: of.id.number(),
            // Each partner is told its own share, and nobody else's.
            partner: None,
            summary,
            changes: &changes,
        },
    )
}

/// Judges the others and their shares; gives what is left for the partner of record.
fn check(tx: &mut Tx<'_, VendorScope>, of: &Subscription, sharing: &Sharing) -> Result<Rate> {
    let mut problems = Problems::default();
    let (mut seen, mut taken) = (BTreeSet::new(), 0i32);
    for (place, who, share) in &sharing.others {
        let partner = partners::partner(tx, *who)?;
        let on = format!("partner_{place}");
        if *who == of.partner_id {
            problems.add(on, "It is the partner of record: the rest is its share.");
        } else if !seen.insert(*who) {
            problems.add(on, format!("{} is named twice.", partner.name));
        } else if partner.status != PartnerStatus::Active {
            problems.add(on, format!("{} has left.", partner.name));
        }
        if share.bps() == 0 {
            problems.add(format!("share_{place}"), "Give more than 0 %.");
        }
        taken = taken.saturating_add(share.bps());
        if taken > 10_000 && taken - share.bps() <= 10_000 {
            problems.add(
                format!("share_{place}"),
                "Together the shares are more than 100 %.",
            );
        }
    }
    match problems.is_empty() {
        true => Rate::from_bps(10_000 - taken).map_err(Error::fault),
        false => Err(Error::Invalid(problems)),
    }
}

fn about_of(tx: &mut Tx<'_, VendorScope>, of: &Subscription) -> Result<String> {
    let customer = terms::customer(tx, of.customer_id)?.name;
    let plans = terms::plans_of(tx, &[of.plan_version_id])?;
    let sold = plans.get(&of.plan_version_id);
    let sold = sold.map_or(String::new(), |plan| {
        format!("{}, {}", plan.offering, plan.plan)
    });
    Ok(about(&customer, &sold))
}

/// "Northwind 70 %, Contoso 30 %".
fn words<'p>(tx: &mut Tx<'_, VendorScope>, set: impl Iterator<Item = &'p Party>) -> Result<String> {
    let set: Vec<&Party> = set.filter(|one| one.share_bps > 0).collect();
    let ids: Vec<PartnerId> = set.iter().map(|one| one.partner_id).collect();
    let names = partners::names(tx, &ids)?;
    let word = |one: &&Party| {
        let name = names.iter().find(|(id, _)| *id == one.partner_id);
        let share = Rate::from_bps(one.share_bps).unwrap_or_default();
        format!("{} {share}", name.map_or("", |(_, name)| name.as_str()))
    };
    Ok(set.iter().map(word).collect::<Vec<_>>().join(", "))
}
