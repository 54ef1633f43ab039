//! What was missed for a subscription, as its record shows it on either side.
use std::collections::BTreeSet;

use crate::{
    domain::{Period, sla::too_many},
    store::revenue::sla_credits::SlaCredit,
    web::words,
};

/// A month in which something was missed.
#[derive(Debug, Clone)]
pub struct MissedRow {
    /// "Oct 2026".
    pub month: String,
    /// Where its credit is.
    pub href: String,
    /// What was missed.
    pub what: String,
    /// What is given back, and where that stands.
    pub credit: String,
}

/// The misses of a subscription.
#[derive(Debug, Clone)]
pub struct Missed {
    /// Its months, latest first.
    pub rows: Vec<MissedRow>,
    /// Why it may be ended at once, in a sentence; empty where it may not.
    pub right: String,
}

impl Missed {
    /// The misses of a subscription as seen in a month; nothing where there are none.
    pub fn of(credits: &[SlaCredit], now: Period, base: &str) -> Option<Self> {
        if credits.is_empty() {
            return None;
        }
        let misses = credits.iter().filter(|one| one.status.is_miss());
        let months: BTreeSet<Period> = misses.map(|one| one.month).collect();
        let recent = too_many(&months, now).into_iter().map(words::month);
        let recent: Vec<String> = recent.collect();
        let right = match recent.is_empty() {
            true => String::new(),
            false => format!(
                "Promises were missed in {}: the customer may end this at any time without a fee, and the partner gives nothing back.",
                recent.join(", ")
            ),
        };
        let row = |one: &SlaCredit| MissedRow {
            month: words::month(one.month),
            href: format!("{base}/sla-credits/{}", one.id),
            what: one.missed.replace('\n', "; "),
            credit: match one.net_minor {
                0 => one.status.label().to_owned(),
                _ => format!("{}: {}", words::money(one.net()), one.status.label()),
            },
        };
        Some(Self {
            rows: credits.iter().map(row).collect(),
            right,
        })
    }
}
