//! Commission plans: a draft is edited freely; once published a version never changes.
use chrono::NaiveDate;

use super::wording::Wording;
use crate::{
    Error, Result,
    domain::{
        Action, CommissionClause, Money, Name, Permission, Phase, Problems, Rate, VersionStatus,
        audit::{Change, diff},
        commission::{
            STEPS_OF_NOTHING, clause_problems,
            clawback::{self, ClawbackTerms},
            extras::PlanExtras,
            volume::Volume,
        },
        date_words, near,
    },
    id::{CommissionPlanId, CommissionPlanVersionId, Id, OfferingId, TierId},
    services::stale,
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        catalogue::offerings,
        incentivize::{
            commission_plans::{self, CommissionPlan, CommissionPlanVersion},
            tiers,
        },
        platform::Event,
    },
};

/// The most clauses of one version.
pub const MOST_CLAUSES: usize = 40;
/// The longest hold.
pub const LONGEST_HOLD_DAYS: i32 = 365;

/// One clause as a form says it.
#[derive(Debug, Default, Clone, Copy)]
pub struct ClauseDraft {
    /// The phase it is for; any, when none is named.
    pub phase: Option<Phase>,
    /// The tier it is for; any, when none is named.
    pub tier: Option<TierId>,
    /// The offering it is for; any, when none is named.
    pub offering: Option<OfferingId>,
    /// The share of net revenue it pays; nothing where it pays per unit.
    pub rate: Rate,
    /// What it pays beyond its rate for registered deals.
    pub uplift: Rate,
    /// What it pays for each unit of each period.
    pub per_unit: Option<Money>,
    /// For how many months; for life, when none are named.
    pub months: Option<u32>,
    /// The most it pays a partner for a month.
    pub cap: Option<Money>,
    /// What it pays beyond its rate, by revenue.
    pub volume: Option<Volume>,
    /// What goes back of it when the customer leaves early.
    pub clawback: Option<ClawbackTerms>,
}

/// What a form says about a version.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The first day a partner can be enrolled from, in the vendor's zone.
    pub effective_from: NaiveDate,
    /// Days a commission is held after the customer paid.
    pub hold_days: i32,
    /// The customer's outcome it is there for; may be empty.
    pub outcome: String,
    /// What it pays beside its clauses.
    pub extras: PlanExtras,
    /// In order.
    pub clauses: Vec<ClauseDraft>,
}

impl Draft {
    /// The version it makes, over what stays as it is.
    pub fn over(&self, old: CommissionPlanVersion) -> CommissionPlanVersion {
        CommissionPlanVersion {
            effective_from: self.effective_from,
            hold_days: self.hold_days,
            outcome: self.outcome.clone(),
            extras: self.extras,
            clauses: self.clauses(),
            ..old
        }
    }

    fn clauses(&self) -> Vec<CommissionClause> {
        let clause = |(seq, draft): (i32, &ClauseDraft)| CommissionClause {
            seq,
            phase: draft.phase,
            tier: draft.tier.map(Id::number),
            offering: draft.offering.map(Id::number),
            rate: draft.rate,
            uplift: draft.uplift,
            per_unit: draft.per_unit,
            months: draft.months,
            cap: draft.cap,
            volume: draft.volume,
            clawback: draft.clawback,
        };
        (1..).zip(&self.clauses).map(clause).collect()
    }
}

/// Adds a commission plan, with a first version as a draft.
///
/// # Errors
/// [`Error::Forbidden`], and [`Error::Invalid`] on `name`, `hold_days`, `clauses` or a field such as
/// `clause-1-cap`.
pub fn add(
    tx: &mut Tx<'_, VendorScope>,
    name: &Name,
    draft: &Draft,
) -> Result<(CommissionPlanId, CommissionPlanVersionId)> {
    tx.allow(Permission::ManageCommissionPlans)?;
    let mut problems = problems_of(tx, draft)?;
    if commission_plans::plans(tx)?
        .iter()
        .any(|plan| plan.name == name.as_str())
    {
        problems.add("name", "Another commission plan has this name.");
    }
    refuse(problems)?;
    let plan = CommissionPlan {
        id: tx.fresh_id(),
        name: name.to_string(),
    };
    commission_plans::insert(tx, &plan)?;
    let version = CommissionPlanVersion {
        id: tx.fresh_id(),
        plan: plan.id,
        version_no: 1,
        status: VersionStatus::Draft,
        effective_from: draft.effective_from,
        hold_days: draft.hold_days,
        published_at: None,
        version: 1,
        outcome: draft.outcome.clone(),
        extras: draft.extras,
        clauses: draft.clauses(),
    };
    commission_plans::insert_version(tx, &version)?;
    note(tx, &plan, Action::CommissionPlanAdded, &[])?;
    Ok((plan.id, version.id))
}

/// A draft may still have gaps and doubles; those are judged when it is published.
fn problems_of(tx: &mut Tx<'_, VendorScope>, draft: &Draft) -> Result<Problems> {
    let mut problems = Problems::default();
    if !(0..=LONGEST_HOLD_DAYS).contains(&draft.hold_days) {
        problems.add("hold_days", "Give 0 to 365 days.");
    }
    let begins = near::within_reach(draft.effective_from, vendor::today(tx)?);
    problems.check("effective_from", begins);
    if draft.clauses.len() > MOST_CLAUSES {
        problems.add("clauses", "Give at most 40 rates.");
    }
    let back = draft.extras.renewal.and_then(|terms| terms.clawback);
    if back.is_some_and(is_too_long) {
        problems.add(
            "renewal_back",
            "Give 1 to 1,095 days, or none where nothing goes back.",
        );
    }
    if let Some(terms) = draft.extras.guarantee {
        if !terms.amount.is_positive() {
            problems.add("guarantee", "Give an amount above zero.");
        }
        if !(1..=MOST_GUARANTEED).contains(&terms.months) {
            problems.add("guarantee_months", "Give 1 to 60 months.");
        }
    }
    let tiers = tiers::tiers(tx)?;
    let offerings = offerings::names(tx)?;
    for (number, clause) in (1..).zip(&draft.clauses) {
        let is_tier = |id| tiers.iter().any(|tier| tier.id == id);
        let is_offering = |id| offerings.iter().any(|(known, _)| *known == id);
        if clause.tier.is_some_and(|id| !is_tier(id)) {
            let field = format!("clause-{number}-tier");
            problems.add(field, "Choose one of the tiers.");
        }
        if clause.offering.is_some_and(|id| !is_offering(id)) {
            let field = format!("clause-{number}-offering");
            problems.add(field, "Choose one of the offerings.");
        }
        if let Some((part, why)) = clause.refusal() {
            problems.add(format!("clause-{number}-{part}"), why);
        }
    }
    Ok(problems)
}

/// The longest guarantee: five years.
const MOST_GUARANTEED: u32 = 60;
/// The longest limited clause: fifty years.
const MOST_MONTHS: u32 = 600;

impl ClauseDraft {
    /// Why no line can earn by it, and which of its fields says so.
    fn refusal(&self) -> Option<(&'static str, &'static str)> {
        const ABOVE_ZERO: &str = "Give an amount above zero.";
        let positive = |money: Option<Money>| money.is_none_or(Money::is_positive);
        let months = self
            .months
            .is_none_or(|one| (1..=MOST_MONTHS).contains(&one));
        let currencies = self.per_unit.zip(self.cap);
        let differ = currencies.is_some_and(|(unit, cap)| unit.currency() != cap.currency());
        let uplift = self.no_uplift().filter(|_| self.uplift.bps() > 0);
        let found = [
            (!positive(self.per_unit), "rate", ABOVE_ZERO),
            (!positive(self.cap), "cap", ABOVE_ZERO),
            (!months, "months", "Give 1 to 600 months, or none for life."),
            (uplift.is_some(), "uplift", uplift.unwrap_or_default()),
            (
                self.per_unit.is_some() && self.rate != Rate::default(),
                "rate",
                "Give a percentage or an amount per unit, not both.",
            ),
            (
                self.volume.is_some() && (self.per_unit.is_some() || self.cap.is_some()),
                "volume",
                "Give steps to a percentage alone: neither by the unit nor with a cap.",
            ),
            (
                self.clawback.is_some_and(is_too_long),
                "back",
                "Give 1 to 1,095 days, or none where nothing goes back.",
            ),
            (
                self.clawback.is_some() && self.volume.is_some(),
                "back",
                "Give steps to a clause of which nothing goes back: they count a month as it was.",
            ),
            (
                self.volume.is_some() && self.rate == Rate::default(),
                "rate",
                STEPS_OF_NOTHING,
            ),
            (
                differ,
                "currency",
                "Give the amount per unit and the cap in one currency.",
            ),
        ];
        let mut found = found.into_iter().filter(|(is_so, ..)| *is_so);
        found.next().map(|(_, part, why)| (part, why))
    }

    /// Why it cannot pay more for registered deals.
    fn no_uplift(&self) -> Option<&'static str> {
        if self.per_unit.is_some() {
            return Some("A registered deal adds to a percentage, not to an amount per unit.");
        }
        if self.volume.is_some() {
            return Some(
                "Give steps to a clause that pays the same for registered deals: they rest on one rate.",
            );
        }
        let sum = self.rate.bps().saturating_add(self.uplift.bps());
        (sum > 10_000).then_some("For registered deals this comes to more than 100 %.")
    }
}

fn is_too_long(back: ClawbackTerms) -> bool {
    !(1..=clawback::MOST_DAYS).contains(&back.days)
}

fn refuse(problems: Problems) -> Result<()> {
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(problems)),
    }
}

/// Begins a new version as a copy of the latest one.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] while there is a draft.
pub fn new_version(
    tx: &mut Tx<'_, VendorScope>,
    id: CommissionPlanId,
) -> Result<CommissionPlanVersionId> {
    tx.allow(Permission::ManageCommissionPlans)?;
    let plan = commission_plans::plan(tx, id)?;
    let versions = commission_plans::versions_of(tx, id)?;
    let latest = versions.first().ok_or(Error::NotFound)?;
    if latest.status == VersionStatus::Draft {
        return Err(Error::conflict(
            "This plan has a draft already. Publish it first.",
        ));
    }
    let copy = CommissionPlanVersion {
        id: tx.fresh_id(),
        version_no: latest.version_no + 1,
        status: VersionStatus::Draft,
        published_at: None,
        version: 1,
        ..latest.clone()
    };
    commission_plans::insert_version(tx, &copy)?;
    let number = copy.version_no.to_string();
    let changes = diff(&[("draft version", "", number.as_str())]);
    note(tx, &plan, Action::CommissionPlanChanged, &changes)?;
    Ok(copy.id)
}

/// Writes a draft anew. `version` is the one the form was made from.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] on `hold_days`, `clauses` or
/// `clause-1`, and [`Error::Conflict`] when it was changed meanwhile or is no draft.
pub fn edit_draft(
    tx: &mut Tx<'_, VendorScope>,
    id: CommissionPlanVersionId,
    version: i32,
    draft: &Draft,
) -> Result<()> {
    tx.allow(Permission::ManageCommissionPlans)?;
    let old = drafted(tx, id)?;
    refuse(problems_of(tx, draft)?)?;
    let new = CommissionPlanVersion {
        version,
        ..draft.over(old.clone())
    };
    if !commission_plans::update_draft(tx, &new)? {
        return Err(stale("commission plan"));
    }
    let wording = Wording::of(tx)?;
    let (was, is) = (wording.terms(&old), wording.terms(&new));
    let (from, until) = (
        date_words(old.effective_from),
        date_words(new.effective_from),
    );
    let changes = diff(&[
        ("effective from", from, until),
        (
            "hold days",
            old.hold_days.to_string(),
            new.hold_days.to_string(),
        ),
        ("customer outcome", old.outcome.clone(), new.outcome.clone()),
        ("clauses", was, is),
    ]);
    let plan = commission_plans::plan(tx, old.plan)?;
    note(tx, &plan, Action::CommissionPlanChanged, &changes)
}

fn drafted(
    tx: &mut Tx<'_, VendorScope>,
    id: CommissionPlanVersionId,
) -> Result<CommissionPlanVersion> {
    let version = commission_plans::version(tx, id)?;
    match version.status {
        VersionStatus::Draft => Ok(version),
        _ => Err(Error::conflict(
            "A published version never changes. Begin a new version instead.",
        )),
    }
}

/// Publishes a draft: partners can be enrolled in it, and it never changes again. Those enrolled
/// in an older version stay in it until they are enrolled anew.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], [`Error::Invalid`] on `clauses` or `clause-1` for
/// gaps and doubles, and [`Error::Conflict`] when it was changed meanwhile or is no draft.
pub fn publish(
    tx: &mut Tx<'_, VendorScope>,
    id: CommissionPlanVersionId,
    version: i32,
) -> Result<()> {
    tx.allow(Permission::ManageCommissionPlans)?;
    // The second press of the button finds done what it asks for.
    if commission_plans::version(tx, id)?.status == VersionStatus::Published {
        return Ok(());
    }
    let draft = drafted(tx, id)?;
    refuse(clause_problems(&draft.clauses))?;
    let expected = CommissionPlanVersion { version, ..draft };
    if !commission_plans::publish(tx, &expected)? {
        return Err(stale("commission plan"));
    }
    let terms = Wording::of(tx)?.terms(&expected);
    let plan = commission_plans::plan(tx, expected.plan)?;
    let changes = diff(&[("clauses", String::new(), terms)]);
    note(tx, &plan, Action::CommissionPlanPublished, &changes)
}

fn note(
    tx: &mut Tx<'_, VendorScope>,
    plan: &CommissionPlan,
    action: Action,
    changes: &[Change],
) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: plan.id.number(),
            partner: None,
            summary: format!("{}: {}", action.label(), plan.name),
            changes,
        },
    )
}
