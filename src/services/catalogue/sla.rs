//! Service level policies.
use crate::{
    Error, Result,
    domain::{
        Action, LongText, Name, Permission, Problems, SlaMetric,
        audit::{Change, diff},
    },
    id::SlaPolicyId,
    services::stale,
    store::{
        Platform, Tx, VendorScope,
        catalogue::sla::{self, Policy, Target},
        platform::Event,
    },
};

/// The most promises of one policy.
pub const MOST_TARGETS: usize = 12;
/// Availability is measured in parts of this.
pub const WHOLE_PPM: i64 = 1_000_000;
/// A year of minutes: no response is promised later.
const LONGEST_MINUTES: i64 = 366 * 24 * 60;

/// What a vendor says about a service level.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it is called; no two alike.
    pub name: Name,
    /// What it is for.
    pub summary: LongText,
    /// What it promises, in order.
    pub targets: Vec<Target>,
}

/// Puts a service level on record.
///
/// # Errors
/// [`Error::Forbidden`], and [`Error::Invalid`] on `name`, `targets` or `target-1-threshold`.
pub fn add(tx: &mut Tx<'_, VendorScope>, draft: &Draft) -> Result<SlaPolicyId> {
    tx.allow(Permission::ManageCatalogue)?;
    check(tx, None, draft)?;
    let policy = Policy {
        id: tx.fresh_id(),
        name: draft.name.to_string(),
        summary: draft.summary.to_string(),
        version: 1,
        targets: draft.targets.clone(),
    };
    sla::insert(tx, &policy)?;
    note(tx, &policy, &[])?;
    Ok(policy.id)
}

/// Changes a service level. `version` is the one the form was made from.
///
/// # Errors
/// As [`add`], [`Error::NotFound`], and [`Error::Conflict`] when it was changed meanwhile.
pub fn edit(
    tx: &mut Tx<'_, VendorScope>,
    id: SlaPolicyId,
    version: i32,
    draft: &Draft,
) -> Result<()> {
    tx.allow(Permission::ManageCatalogue)?;
    let old = sla::policy(tx, id)?;
    check(tx, Some(id), draft)?;
    let new = Policy {
        id,
        name: draft.name.to_string(),
        summary: draft.summary.to_string(),
        version,
        targets: draft.targets.clone(),
    };
    if !sla::update(tx, &new)? {
        return Err(stale("service level"));
    }
    let changes = diff(&[
        ("name", old.name.as_str(), new.name.as_str()),
        ("summary", &old.summary, &new.summary),
        ("targets", &in_words(&old.targets), &in_words(&new.targets)),
    ]);
    note(tx, &new, &changes)
}

fn check(tx: &mut Tx<'_, VendorScope>, own: Option<SlaPolicyId>, draft: &Draft) -> Result<()> {
    let mut problems = Problems::default();
    let is_namesake =
        |policy: &Policy| policy.name == draft.name.as_str() && Some(policy.id) != own;
    if sla::policies(tx)?.iter().any(is_namesake) {
        problems.add("name", "Another service level has this name.");
    }
    if !(1..=MOST_TARGETS).contains(&draft.targets.len()) {
        problems.add("targets", "Give one to twelve targets.");
    }
    for (number, target) in (1..).zip(&draft.targets) {
        if let Some(why) = wrong_with(target) {
            problems.add(format!("target-{number}-threshold"), why);
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(problems)),
    }
}

fn wrong_with(target: &Target) -> Option<&'static str> {
    match target.metric {
        SlaMetric::Availability if !(1..=WHOLE_PPM).contains(&target.threshold) => {
            Some("Give a share above 0 % and up to 100 %.")
        }
        SlaMetric::FirstResponse | SlaMetric::Resolution
            if !(1..=LONGEST_MINUTES).contains(&target.threshold) =>
        {
            Some("Give a time between a minute and a year.")
        }
        _ => None,
    }
}

fn in_words(targets: &[Target]) -> String {
    let words = targets.iter().map(|target| {
        let what = match target.metric {
            SlaMetric::Availability => format!("{} ppm", target.threshold),
            _ => format!("{} min", target.threshold),
        };
        let (metric, hours) = (target.metric.label(), target.calendar.label());
        format!("{metric} {what}, {hours}, credit {}", target.credit)
    });
    words.collect::<Vec<_>>().join("\n")
}

fn note(tx: &mut Tx<'_, VendorScope>, policy: &Policy, changes: &[Change]) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action: Action::SlaSet,
            subject: policy.id.number(),
            partner: None,
            summary: format!("{}: {}", Action::SlaSet.label(), policy.name),
            changes,
        },
    )
}
