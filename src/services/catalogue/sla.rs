//! Service level policies.
use crate::{
    Error, Result,
    domain::{
        Action, LongText, Name, Permission, Problems, Rate, SlaMetric, TicketSeverity, Zone,
        audit::{Change, diff},
        counted,
        sla::{Liability, Terms},
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
    /// By what calendar it measures, and its limits.
    pub terms: Terms,
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
        terms: draft.terms.clone(),
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
        terms: draft.terms.clone(),
        targets: draft.targets.clone(),
    };
    if !sla::update(tx, &new)? {
        return Err(stale("SLA policy"));
    }
    let changes = diff(&[
        ("name", old.name.as_str(), new.name.as_str()),
        ("summary", &old.summary, &new.summary),
        ("calendar", &calendar(&old.terms), &calendar(&new.terms)),
        ("limits", &limits(&old.terms), &limits(&new.terms)),
        ("targets", &in_words(&old.targets), &in_words(&new.targets)),
    ]);
    note(tx, &new, &changes)
}

fn check(tx: &mut Tx<'_, VendorScope>, own: Option<SlaPolicyId>, draft: &Draft) -> Result<()> {
    let mut problems = Problems::default();
    let is_namesake =
        |policy: &Policy| policy.name == draft.name.as_str() && Some(policy.id) != own;
    if sla::policies(tx)?.iter().any(is_namesake) {
        problems.add("name", "Another SLA policy has this name.");
    }
    if !(1..=MOST_TARGETS).contains(&draft.targets.len()) {
        problems.add("targets", "Give one to twelve targets.");
    }
    wrong_with_terms(&draft.terms, &mut problems);
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

/// A credit can be claimed for so many days at most.
const LONGEST_CLAIM: i32 = 366;
/// The most days off of one policy.
const MOST_HOLIDAYS: usize = 400;
/// A quarter of minutes: no maintenance is announced earlier, or takes longer.
const QUARTER_MINUTES: i32 = 92 * 24 * 60;

fn wrong_with_terms(terms: &Terms, problems: &mut Problems) {
    let day = 0..=24 * 60;
    if !day.contains(&terms.opens_minute) || !day.contains(&terms.closes_minute) {
        problems.add("opens", "Give times of a day, such as 09:00.");
    } else if terms.closes_minute <= terms.opens_minute {
        problems.add("closes", "The working day ends after it begins.");
    }
    if terms.holidays.len() > MOST_HOLIDAYS {
        problems.add("holidays", "Give at most 400 days.");
    }
    if !(0..=QUARTER_MINUTES).contains(&terms.notice_minutes) {
        problems.add("notice_minutes", "Give at most 92 days in minutes.");
    }
    if !(1..=LONGEST_CLAIM).contains(&terms.claim_days.unwrap_or(1)) {
        problems.add("claim_days", "Give 1 to 366 days.");
    }
    let is_shared = terms.liability == Liability::Shared;
    if is_shared != (terms.partner_share.bps() > 0) {
        problems.add(
            "partner_share",
            "Give the partner's part where both bear the credits.",
        );
    }
    let cap = terms.maintenance_cap_minutes.unwrap_or_default();
    if !(0..=QUARTER_MINUTES).contains(&cap) {
        problems.add(
            "maintenance_cap_minutes",
            "Give at most 92 days in minutes.",
        );
    }
}

/// The hours that count and the days off, in words; a zone only where the policy has its own.
pub fn calendar(terms: &Terms) -> String {
    // The vendor's own zone is said as such, by being left out.
    let words = terms.hours_in_words(Zone::UTC);
    match terms.zone {
        Some(_) => words,
        None => words.replace(" in UTC", ""),
    }
}

fn limits(terms: &Terms) -> String {
    let claim = terms.claim_days;
    let claim = claim.map_or("no claim".to_owned(), |days| {
        format!("claimed in {}", counted(days, "day", "days"))
    });
    let cap = terms.maintenance_cap_minutes;
    let cap = cap.map_or("no limit".to_owned(), |minutes| format!("{minutes} min"));
    format!(
        "maintenance announced {} min before, {cap} a month; credit at most {}, {claim}, borne by {} {}",
        terms.notice_minutes,
        terms.credit_cap,
        terms.liability.code(),
        terms.partner_share
    )
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
        SlaMetric::FirstResponse | SlaMetric::Resolution if target.share.bps() == 0 => {
            Some("Give a share of tickets above 0 %.")
        }
        SlaMetric::Availability if target.share != Rate::WHOLE || target.severity.is_some() => {
            Some("A share and a severity are of tickets: leave them empty here.")
        }
        _ => None,
    }
}

fn in_words(targets: &[Target]) -> String {
    let words = targets.iter().map(|target| {
        let what = match target.metric {
            SlaMetric::Availability => format!("{} ppm", target.threshold),
            _ => {
                let which = target.severity.map_or("all", TicketSeverity::label);
                format!("{} min, {} of {which}", target.threshold, target.share)
            }
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

/// What is promised, without the hours and the credit.
pub fn promise(target: &Target) -> String {
    let within = match target.metric {
        SlaMetric::Availability => {
            return format!("Available {} % of a month", percent(target.threshold));
        }
        SlaMetric::FirstResponse => format!("First response within {}", minutes(target.threshold)),
        SlaMetric::Resolution => format!("Resolved within {}", minutes(target.threshold)),
    };
    let which = target.severity.map(|one| one.label().to_lowercase());
    match (target.share == Rate::WHOLE, which) {
        (true, None) => within,
        (true, Some(which)) => format!("{within} for {which} tickets"),
        (false, None) => format!("{within} for {} of tickets", target.share),
        (false, Some(which)) => format!("{within} for {} of {which} tickets", target.share),
    }
}

/// Parts per million as percent: 999000 is 99.9.
pub fn percent(ppm: i64) -> String {
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Minutes as they are said: 240 is "4 hours".
pub fn minutes(count: i64) -> String {
    match (count % 60, count / 60) {
        (0, hours) if hours > 0 => counted(hours, "hour", "hours"),
        _ => counted(count, "minute", "minutes"),
    }
}
