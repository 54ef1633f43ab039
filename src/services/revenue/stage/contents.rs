//! What goes into which statement.
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{
    Result,
    domain::{Currency, Period, statement::is_payable},
    id::{CommissionEntryId, PartnerId},
    store::{
        Tx, VendorScope,
        control::{self, Wall},
        incentivize::{
            conversions::{self, Conversion},
            entries::{self, Entry},
            payout_currencies,
            statements::{self, StatedPartner},
        },
    },
};

/// A statement to be: whose, and in which currency.
pub(super) type Key = (PartnerId, &'static str);

/// An entry, and its conversion where it is paid in another currency.
pub(super) struct Stated {
    pub entry: Entry,
    pub converted: Option<Conversion>,
}

impl Stated {
    fn currency(&self) -> Currency {
        let other = self.converted.as_ref();
        other.map_or(self.entry.currency, |other| other.currency)
    }

    /// What it comes to in the statement's currency.
    pub fn minor(&self) -> i64 {
        let other = self.converted.as_ref();
        other.map_or(self.entry.amount_minor, |other| other.payable_minor)
    }
}

/// What goes into one statement.
#[derive(Default)]
pub(super) struct Content {
    pub payable: Vec<Stated>,
    pub held: Vec<Stated>,
    pub opening_minor: i64,
}

impl Content {
    pub fn is_due(&self) -> bool {
        !self.payable.is_empty() || self.opening_minor != 0
    }
}

/// What goes into which statement of these partners, but for those that are there already.
pub(super) fn contents(
    tx: &mut Tx<'_, VendorScope>,
    period: Period,
    partners: &[StatedPartner],
) -> Result<BTreeMap<Key, Content>> {
    let ids: Vec<PartnerId> = partners.iter().map(|partner| partner.id).collect();
    let done = done(tx, period, &ids)?;
    let mut contents: BTreeMap<Key, Content> = BTreeMap::new();
    for balance in statements::balances(tx, period.previous(), Some(&ids))? {
        let key = (balance.partner_id, balance.currency().code());
        contents.entry(key).or_default().opening_minor = balance.closing_minor;
    }
    for one in stated(tx, period, &ids)? {
        let content = contents
            .entry((one.entry.partner_id, one.currency().code()))
            .or_default();
        if is_payable(one.entry.matures_on, one.entry.posting_period, period) {
            content.payable.push(one);
        } else {
            content.held.push(one);
        }
    }
    contents.retain(|key, _| !done.contains(key));
    Ok(contents)
}

fn done(tx: &mut Tx<'_, VendorScope>, period: Period, of: &[PartnerId]) -> Result<HashSet<Key>> {
    if control::is_down(Wall::Look) {
        return Ok(HashSet::new());
    }
    let balances = statements::balances(tx, period, Some(of))?;
    Ok(balances
        .iter()
        .map(|balance| (balance.partner_id, balance.currency().code()))
        .collect())
}

fn stated(tx: &mut Tx<'_, VendorScope>, period: Period, of: &[PartnerId]) -> Result<Vec<Stated>> {
    let entries = unstated(tx, period, of)?;
    let ids: Vec<CommissionEntryId> = entries.iter().map(|entry| entry.id).collect();
    let mut converted = match payout_currencies::of(tx, of)?.is_empty() {
        true => HashMap::new(),
        false => conversions::of(tx, &ids)?,
    };
    let entries = entries.into_iter();
    Ok(entries
        .map(|entry| Stated {
            converted: converted.remove(&entry.id),
            entry,
        })
        .collect())
}

fn unstated(tx: &mut Tx<'_, VendorScope>, period: Period, of: &[PartnerId]) -> Result<Vec<Entry>> {
    if control::is_down(Wall::Look) {
        let mut every = entries::all(tx)?;
        every.retain(|entry| of.contains(&entry.partner_id) && entry.posting_period <= period);
        return Ok(every);
    }
    entries::unstated(tx, of, period)
}
