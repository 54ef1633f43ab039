//! Accounts to which a run pays more than one partner.
use std::collections::BTreeMap;

use super::{Gathered, Held};
use crate::{domain::bank::Iban, id::PartnerId};

/// An account that several partners are paid to: it may be right, and it may be that somebody has
/// put their own in the place of others'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedAccount {
    /// As those may see it who are not to know it: "DE89 ···· 3000".
    pub masked: String,
    /// The partners' names, in order.
    pub partners: Vec<String>,
}

impl Gathered {
    /// The accounts to which it would pay several partners.
    pub fn shared(&self) -> Vec<SharedAccount> {
        let paid = self.taken.iter().filter_map(|one| {
            let account = one.account.as_ref()?;
            let iban = account.details.iban.as_str();
            Some((one.waiting.partner, iban, one.partner_name.as_str()))
        });
        shared(paid)
    }
}

impl Held {
    /// The accounts to which it pays several partners.
    pub fn shared(&self) -> Vec<SharedAccount> {
        let paid = self.transfers.iter().map(|held| {
            let transfer = &held.transfer;
            let iban = transfer.iban.as_str();
            (transfer.partner_id, iban, held.partner_name.as_str())
        });
        shared(paid)
    }
}

fn shared<'a>(paid: impl Iterator<Item = (PartnerId, &'a str, &'a str)>) -> Vec<SharedAccount> {
    let mut accounts: BTreeMap<&str, BTreeMap<PartnerId, &str>> = BTreeMap::new();
    for (partner, iban, name) in paid {
        accounts.entry(iban).or_default().insert(partner, name);
    }
    accounts.retain(|_, partners| partners.len() > 1);
    let account = |(iban, partners): (&str, BTreeMap<PartnerId, &str>)| {
        let mut partners: Vec<String> = partners.into_values().map(str::to_owned).collect();
        partners.sort();
        let masked = iban.parse::<Iban>().map(|iban| iban.masked());
        SharedAccount {
            masked: masked.unwrap_or_default(),
            partners,
        }
    };
    accounts.into_iter().map(account).collect()
}
