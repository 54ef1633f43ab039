//! Bank details as both sides type them and read them.
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{
        Zone,
        bank::{AccountStanding, BankDetails},
        date_words,
    },
    store::incentivize::bank_accounts::Account,
    web::stale::{Differing, differing, is_overtaken},
};

/// An account as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BankForm {
    /// Whose account.
    pub holder: String,
    /// Its number.
    pub iban: String,
    /// Its bank; may be empty.
    pub bic: String,
    /// The version that was seen, 0 for none.
    pub version: String,
    /// Makes the form count once.
    pub form_id: String,
}

impl BankForm {
    /// The form of an account that is known at a version, or of none.
    pub fn of(known: Option<(&BankDetails, i32)>) -> Self {
        let Some((details, version)) = known else {
            return Self {
                version: "0".to_owned(),
                ..Self::default()
            };
        };
        let bic = details.bic.as_ref();
        Self {
            holder: details.holder.clone(),
            iban: details.iban.to_string(),
            bic: bic.map_or_else(String::new, |bic| bic.as_str().to_owned()),
            version: version.to_string(),
            form_id: String::new(),
        }
    }

    /// What was typed, and the version it was made from.
    ///
    /// # Errors
    /// [`Error::Invalid`] on the fields; [`Error::Conflict`] for a version that no page made.
    pub fn read(&self) -> Result<(BankDetails, i32)> {
        let details = BankDetails::read(&self.holder, &self.iban, &self.bic);
        let version = self.version.parse::<i32>();
        let version = version.ok().filter(|version| *version >= 0);
        let version = version.ok_or_else(|| Error::conflict("Look at the account again."))?;
        Ok((details.map_err(Error::Invalid)?, version))
    }

    /// The account as it is beside what was typed, where somebody else was faster, and the form
    /// that is put over it.
    pub fn overtaken(&self, known: Option<(&BankDetails, i32)>) -> Option<(Self, Vec<Differing>)> {
        let now = known.map_or(0, |(_, version)| version);
        if !is_overtaken(&self.version, now) {
            return None;
        }
        let theirs = Self::of(known);
        let both = differing(&[
            ("Account holder", &theirs.holder, &self.holder),
            ("IBAN", &theirs.iban, &self.iban),
            ("BIC", &theirs.bic, &self.bic),
        ]);
        let again = Self {
            version: theirs.version,
            ..self.clone()
        };
        Some((again, both))
    }
}

/// How an account stands: the pill's kind, and what it says.
pub fn standing_pill(standing: AccountStanding) -> (&'static str, &'static str) {
    match standing {
        AccountStanding::Unconfirmed => ("watch", "Not confirmed"),
        AccountStanding::Waits(_) => ("watch", "Changed lately"),
        AccountStanding::Ready => ("good", "Confirmed"),
    }
}

/// What an account's standing means, in a sentence for whoever asks.
pub fn standing_words(standing: AccountStanding, (vendor, zone): (&str, Zone)) -> String {
    match standing {
        AccountStanding::Unconfirmed => format!(
            "{vendor} pays to this account once someone in its finance, other than who gave it, has confirmed it."
        ),
        AccountStanding::Waits(until) => format!(
            "It took the place of another account, so nothing is paid to it before {}.",
            zone.instant_words(until)
        ),
        AccountStanding::Ready => "Runs of payouts pay to this account.".to_owned(),
    }
}

/// By whom an account was given and confirmed, by the days of a zone: "by Mira at the partner on
/// 3 Nov 2026".
pub fn given_words(account: &Account, zone: Zone) -> String {
    let side = match account.by_partner {
        true => " at the partner",
        false => " at the vendor",
    };
    let on = date_words(zone.local_date(account.changed_at));
    let given = format!("by {}{side} on {on}", account.changer);
    match account.confirmed_at {
        None => given,
        Some(at) => {
            let on = date_words(zone.local_date(at));
            format!("{given}, confirmed by {} on {on}", account.confirmer)
        }
    }
}
