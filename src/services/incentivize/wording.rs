//! Clauses in words, with the names that tiers and offerings have.
use std::collections::HashMap;

use crate::{
    Result,
    domain::{
        CommissionClause,
        commission::{Names, sentences},
    },
    store::{
        Tx, VendorScope,
        catalogue::offerings,
        incentivize::{commission_plans::CommissionPlanVersion, tiers},
    },
};

/// What a vendor's tiers and offerings are called, by their bare ids.
pub struct Wording {
    tiers: HashMap<i64, String>,
    offerings: HashMap<i64, String>,
}

impl Wording {
    /// The names as they are now.
    ///
    /// # Errors
    /// Faults of the database.
    pub fn of(tx: &mut Tx<'_, VendorScope>) -> Result<Self> {
        let tiers = tiers::tiers(tx)?.into_iter();
        let offerings = offerings::names(tx)?.into_iter();
        Ok(Self {
            tiers: tiers.map(|tier| (tier.id.number(), tier.name)).collect(),
            offerings: offerings.map(|(id, name)| (id.number(), name)).collect(),
        })
    }

    /// What a clause's tier and offering are called.
    pub fn names(&self, clause: &CommissionClause) -> Names<'_> {
        Names {
            tier: clause
                .tier
                .and_then(|id| self.tiers.get(&id))
                .map(String::as_str),
            offering: clause
                .offering
                .and_then(|id| self.offerings.get(&id))
                .map(String::as_str),
        }
    }

    /// A plan's clauses, one sentence each, without their full stops.
    pub fn sentences(&self, clauses: &[CommissionClause]) -> Vec<String> {
        sentences(clauses, |clause| self.names(clause))
    }

    /// What a version pays, clauses first, one sentence to a line, as a partner reads its terms.
    pub fn terms(&self, version: &CommissionPlanVersion) -> String {
        let mut said = self.sentences(&version.clauses);
        said.extend(version.extras.sentences());
        said.join("\n")
    }
}
