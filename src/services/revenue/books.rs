//! What every money verb looks up first.
use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};

use super::volumes::VolumeTerms;
use crate::{
    Result,
    domain::{
        Currency, Money, Period, Rate,
        commission::{clawback::ClawbackTerms, extras::PlanExtras},
        date_words,
    },
    id::{CommissionClauseId, CommissionPlanVersionId},
    store::{
        Tx, VendorScope, counters,
        incentivize::periods,
        revenue::terms::{self, CommissionTerms, VendorTerms},
    },
};

/// The vendor's terms and calendar, read once per transaction. An import of many rows passes one
/// along, so that each row asks for no more than its own.
#[derive(Debug, Clone)]
pub struct Books {
    /// The vendor's settings.
    pub vendor: VendorTerms,
    /// The date in the vendor's zone.
    pub today: NaiveDate,
    /// The earliest month that is open.
    pub first_open: Period,
    clauses: HashMap<CommissionClauseId, ClauseTerms>,
    holds: HashMap<CommissionPlanVersionId, u32>,
    extras: HashMap<CommissionPlanVersionId, PlanExtras>,
    volumes: HashMap<CommissionClauseId, VolumeTerms>,
}

/// What a clause says beside what it pays.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClauseTerms {
    /// Its plan version.
    pub plan: CommissionPlanVersionId,
    /// Its place in its plan.
    pub seq: i32,
    /// Days from a payment to the day its commission is payable.
    pub hold_days: u32,
    /// The most it pays a partner for a month.
    pub cap: Option<Money>,
    /// What goes back of it when the customer leaves early.
    pub clawback: Option<ClawbackTerms>,
}

impl Books {
    /// Opens the books as they stand in this transaction.
    ///
    /// # Errors
    /// Faults of the database.
    pub fn open(tx: &mut Tx<'_, VendorScope>) -> Result<Self> {
        let vendor = terms::vendor(tx)?;
        let today = vendor.zone.local_date(tx.now());
        let after = periods::last_not_open(tx)?.map(|row| row.month.next());
        let first_open = after.map_or(vendor.first_period, |month| month.max(vendor.first_period));
        let plans = terms::commission_terms(tx)?;
        let holds = plans.iter().map(|(id, plan)| (*id, plan.hold_days));
        let holds = holds.collect();
        let extras = plans.iter().map(|(id, plan)| (*id, plan.extras));
        let extras = extras
            .filter(|(_, extras)| *extras != PlanExtras::default())
            .collect();
        let volumes = volumes(plans.values(), &vendor);
        let clauses = plans
            .into_iter()
            .flat_map(|(id, plan)| {
                let version = id;
                let hold_days = plan.hold_days;
                plan.clauses.into_iter().map(move |(id, clause)| {
                    let terms = ClauseTerms {
                        plan: version,
                        seq: clause.seq,
                        hold_days,
                        cap: clause.cap,
                        clawback: clause.clawback,
                    };
                    (id, terms)
                })
            })
            .collect();
        Ok(Self {
            vendor,
            today,
            first_open,
            clauses,
            holds,
            extras,
            volumes,
        })
    }

    /// Days from a payment to the day its commission is payable, under a clause.
    pub(super) fn hold_days(&self, clause: CommissionClauseId) -> u32 {
        self.clauses.get(&clause).map_or(0, |terms| terms.hold_days)
    }

    /// The plan version of a clause.
    pub(super) fn plan_of(&self, clause: CommissionClauseId) -> Option<CommissionPlanVersionId> {
        Some(self.clauses.get(&clause)?.plan)
    }

    /// Days from a payment to the day what it earns is payable, under a plan version.
    pub(super) fn plan_hold_days(&self, plan: CommissionPlanVersionId) -> u32 {
        self.holds.get(&plan).copied().unwrap_or_default()
    }

    /// Every commission plan version.
    pub(super) fn plans(&self) -> impl Iterator<Item = CommissionPlanVersionId> {
        self.holds.keys().copied()
    }

    /// The plan versions that pay anything beside their clauses.
    pub(super) fn extras(&self) -> &HashMap<CommissionPlanVersionId, PlanExtras> {
        &self.extras
    }

    /// The clauses that pay beyond their rate by revenue.
    pub(in crate::services) fn volumes(&self) -> &HashMap<CommissionClauseId, VolumeTerms> {
        &self.volumes
    }

    /// The cap of a clause in a currency: the clause's place in its plan, and minor units.
    pub(super) fn cap(&self, clause: CommissionClauseId, currency: Currency) -> Option<(i32, i64)> {
        let terms = self.clauses.get(&clause)?;
        let cap = terms.cap.filter(|cap| cap.currency() == currency)?;
        Some((terms.seq, cap.minor()))
    }

    /// What goes back of a clause's commission when the customer leaves early: the clause's place in
    /// its plan, and the terms.
    pub(super) fn clawback(&self, clause: CommissionClauseId) -> Option<(i32, ClawbackTerms)> {
        let terms = self.clauses.get(&clause)?;
        Some((terms.seq, terms.clawback?))
    }

    /// Whether any plan takes back commission, or a bonus, when a customer leaves early.
    pub(super) fn claws_back(&self) -> bool {
        let mut renewals = self.extras.values().filter_map(|extras| extras.renewal);
        self.clauses.values().any(|one| one.clawback.is_some())
            || renewals.any(|terms| terms.clawback.is_some())
    }

    /// Document numbers for these dates of issue, in their order: gapless per kind and year.
    pub(super) fn numbers(
        &self,
        tx: &mut Tx<'_, VendorScope>,
        kind: DocumentKind,
        issued: &[NaiveDate],
    ) -> Result<Vec<String>> {
        let mut next: HashMap<i32, i64> = HashMap::new();
        let mut count: Vec<(i32, i64)> = Vec::new();
        for date in issued {
            match count.iter_mut().find(|(year, _)| *year == date.year()) {
                Some((_, many)) => *many += 1,
                None => count.push((date.year(), 1)),
            }
        }
        for (year, many) in count {
            next.insert(year, counters::take(tx, &kind.series(year), many)?);
        }
        let numbers = issued.iter().map(|date| {
            let value = next.entry(date.year()).or_default();
            *value += 1;
            kind.spell(&self.vendor.document_prefix, date.year(), *value - 1)
        });
        Ok(numbers.collect())
    }
}

/// Every clause with steps.
fn volumes<'p>(
    plans: impl Iterator<Item = &'p CommissionTerms>,
    vendor: &VendorTerms,
) -> HashMap<CommissionClauseId, VolumeTerms> {
    let (carved_through, unshared_through) =
        (vendor.steps_carved_through, vendor.steps_unshared_through);
    let of_plan = move |plan: &'p CommissionTerms| {
        plan.clauses.iter().filter_map(move |(id, clause)| {
            let terms = VolumeTerms {
                seq: clause.seq,
                rate: clause.rate,
                volume: clause.volume?,
                hold_days: plan.hold_days,
                carved_through,
                unshared_through,
            };
            Some((*id, terms))
        })
    };
    plans.flat_map(of_plan).collect()
}

/// What is numbered by the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DocumentKind {
    Invoice,
    CreditNote,
}

impl DocumentKind {
    fn series(self, year: i32) -> String {
        match self {
            Self::Invoice => format!("invoice:{year}"),
            Self::CreditNote => format!("credit_note:{year}"),
        }
    }
    fn spell(self, prefix: &str, year: i32, value: i64) -> String {
        match self {
            Self::Invoice => format!("{prefix}-{year}-{value:06}"),
            Self::CreditNote => format!("{prefix}-CN-{year}-{value:06}"),
        }
    }
}

/// A rate as rows keep it.
pub(super) fn rate(bps: i32) -> Result<Rate> {
    Rate::from_bps(bps).map_err(crate::Error::fault)
}

/// A day in words, for a refusal.
pub(super) fn day(on: NaiveDate) -> String {
    date_words(on)
}
