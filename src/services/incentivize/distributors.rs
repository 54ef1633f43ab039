//! Putting a partner below a distributor, who then earns on what the partner sells.
use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{Action, PartnerStatus, Permission, Rate, audit::diff, date_words, near},
    id::PartnerId,
    services::revenue::Books,
    store::{
        Platform, Tx, VendorScope,
        incentivize::distributors::{self, Link},
        platform::Event,
        recruit::partners,
    },
};

/// A distributor's share in what a partner below it sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Who.
    pub distributor: PartnerId,
    /// Whether it comes out of the partner's commission, or on top, of the revenue.
    pub is_carved: bool,
    /// How much.
    pub rate: Rate,
}

/// Puts a partner below a distributor, or below nobody, for service periods that start on a day
/// (in the vendor's zone) or later; what was billed keeps its terms. A place from that very day
/// is replaced. A distributor earns on what the partner itself sells, not on what those below that
/// partner do.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the partner; [`Error::Invalid`] on `distributor`,
/// `rate` or `from`; faults of the database.
pub fn place(
    tx: &mut Tx<'_, VendorScope>,
    partner: PartnerId,
    below: Option<Share>,
    from: NaiveDate,
) -> Result<()> {
    tx.allow(Permission::ManagePartners)?;
    let name = partners::partner(tx, partner)?.name;
    let today = Books::open(tx)?.today;
    if from < today {
        return Err(Error::on("from", "This day has passed."));
    }
    near::within_reach(from, today).map_err(|why| Error::on("from", why))?;
    if let Some(share) = below {
        check(tx, partner, share, today)?;
    }
    let known = distributors::of(tx, &[partner])?;
    let known = known.get(&partner).map_or(&[][..], Vec::as_slice);
    let before = words(tx, distributors::on(known, from))?;
    let link = Link {
        id: tx.fresh_id(),
        partner_id: partner,
        distributor_id: below.map(|share| share.distributor),
        carved_out: below.is_some_and(|share| share.is_carved),
        rate_bps: below.map_or(0, |share| share.rate.bps()),
        effective_from: from,
        created_at: tx.now(),
    };
    let after = words(tx, Some(&link))?;
    distributors::place(tx, link)?;
    VendorScope::record(
        tx,
        &Event {
            action: Action::PartnerChanged,
            subject: partner.number(),
            // Its people see what they earn, not who is above them.
            partner: None,
            summary: format!("{name}, distributor from {}: {after}", date_words(from)),
            changes: &diff(&[("distributor", before, after)]),
        },
    )
}

fn check(
    tx: &mut Tx<'_, VendorScope>,
    partner: PartnerId,
    share: Share,
    today: NaiveDate,
) -> Result<()> {
    if share.distributor == partner {
        return Err(Error::on(
            "distributor",
            "A partner is not its own distributor.",
        ));
    }
    let distributor = partners::partner(tx, share.distributor)?;
    if distributor.status != PartnerStatus::Active {
        let why = format!("{} has left.", distributor.name);
        return Err(Error::on("distributor", why));
    }
    if share.rate.bps() == 0 {
        return Err(Error::on("rate", "Give more than 0 %."));
    }
    if leads_to(tx, share.distributor, partner, today)? {
        let why = format!(
            "{} is below this partner itself: distributors would go round in a circle.",
            distributor.name
        );
        return Err(Error::on("distributor", why));
    }
    Ok(())
}

/// Whether a partner has another above it, at any height, today or on a day to come.
fn leads_to(
    tx: &mut Tx<'_, VendorScope>,
    start: PartnerId,
    wanted: PartnerId,
    today: NaiveDate,
) -> Result<bool> {
    let (mut seen, mut open) = (BTreeSet::from([start]), vec![start]);
    while !open.is_empty() {
        let links = distributors::of(tx, &open)?;
        open.clear();
        for all in links.values() {
            let now = distributors::on(all, today).map(|link| link.id);
            let holds = |link: &&Link| link.effective_from > today || Some(link.id) == now;
            for above in all
                .iter()
                .filter(holds)
                .filter_map(|link| link.distributor_id)
            {
                if above == wanted {
                    return Ok(true);
                }
                if seen.insert(above) {
                    open.push(above);
                }
            }
        }
    }
    Ok(false)
}

/// "Contoso, 4 % of the revenue on top"; "none".
fn words(tx: &mut Tx<'_, VendorScope>, link: Option<&Link>) -> Result<String> {
    let Some((link, id)) = link.and_then(|link| Some((link, link.distributor_id?))) else {
        return Ok("none".to_owned());
    };
    let name = partners::partner(tx, id)?.name;
    Ok(format!("{name}, {}", how(link)))
}

/// What a link gives the distributor, to read.
pub fn how(link: &Link) -> String {
    let rate = Rate::from_bps(link.rate_bps).unwrap_or_default();
    match link.carved_out {
        true => format!("{rate} of the partner’s commission, out of it"),
        false => format!("{rate} of the revenue, on top"),
    }
}
