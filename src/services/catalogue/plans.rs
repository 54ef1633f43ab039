//! Plans: a draft is edited freely; once published a version never changes, and the next one
//! begins as its copy.
use crate::{
    Error, Result,
    domain::{
        Action, Bands, BillingInterval, ExternalId, Name, OfferingStatus, Permission, Price,
        Problems, Proration, VersionStatus,
        audit::{Change, diff},
    },
    id::{OfferingId, PlanId, PlanVersionId},
    services::stale,
    store::{
        Platform, Tx, VendorScope,
        catalogue::{
            offerings,
            plans::{self, Plan, PlanVersion, PriceLine, Terms},
        },
        platform::Event,
    },
};

/// The most prices of one version.
pub const MOST_PRICES: usize = 6;
/// The longest first term.
pub const LONGEST_TERM_MONTHS: u32 = 120;
/// Above this, in millionths of a minor unit, a price is a slip: a million units of it still fit
/// in the books.
const HIGHEST_PRICE_MICRO: i64 = 10_000_000_000_000_000;

/// Above this, in minor units, a minimum is a slip.
const HIGHEST_MINIMUM_MINOR: i64 = 1_000_000_000_000;

/// One price as a form says it.
#[derive(Debug, Clone)]
pub struct PriceDraft {
    /// What it is for.
    pub label: Name,
    /// What it comes to, before tax.
    pub price: Price,
    /// Whether partners earn on it.
    pub commissionable: bool,
}

/// What a form says about a version.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Currency, interval, term and notice.
    pub terms: Terms,
    /// One to six, in order.
    pub prices: Vec<PriceDraft>,
}

/// Adds a plan to an offering, with a first version as a draft.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Invalid`] on `code`, `currency`,
/// `term`, `notice`, `prices` or `price-1`.
pub fn add(
    tx: &mut Tx<'_, VendorScope>,
    offering: OfferingId,
    named: (&ExternalId, &Name),
    draft: &Draft,
) -> Result<(PlanId, PlanVersionId)> {
    tx.allow(Permission::ManageCatalogue)?;
    let (code, name) = named;
    if offerings::offering(tx, offering)?.status == OfferingStatus::Retired {
        return Err(Error::conflict("A retired offering takes no new plan."));
    }
    let mut problems = problems_of(draft);
    if plans::coded(tx, code.as_str())?.is_some() {
        problems.add("code", "Another plan has this code.");
    }
    refuse(problems)?;
    let plan = Plan {
        id: tx.fresh_id(),
        offering,
        code: code.to_string(),
        name: name.to_string(),
    };
    plans::insert(tx, &plan)?;
    let version = version_of(tx, &plan, draft, 1);
    plans::insert_version(tx, &version)?;
    note(tx, &plan, Action::PlanAdded, &[])?;
    Ok((plan.id, version.id))
}

fn version_of(
    tx: &Tx<'_, VendorScope>,
    plan: &Plan,
    draft: &Draft,
    version_no: i32,
) -> PlanVersion {
    PlanVersion {
        id: tx.fresh_id(),
        plan: plan.id,
        version_no,
        status: VersionStatus::Draft,
        terms: draft.terms,
        published_at: None,
        reach: None,
        version: 1,
        prices: lines(tx, draft),
    }
}

fn lines(tx: &Tx<'_, VendorScope>, draft: &Draft) -> Vec<PriceLine> {
    let line = |price: &PriceDraft| PriceLine {
        id: tx.fresh_id(),
        label: price.label.to_string(),
        price: price.price.clone(),
        commissionable: price.commissionable,
    };
    draft.prices.iter().map(line).collect()
}

fn refuse(problems: Problems) -> Result<()> {
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(problems)),
    }
}

/// What is wrong with a draft, pinned to the fields of its form; the first price is `price-1`.
pub fn problems_of(draft: &Draft) -> Problems {
    let mut problems = Problems::default();
    let Terms {
        interval,
        term_months,
        notice_days,
        ..
    } = draft.terms;
    if !(1..=LONGEST_TERM_MONTHS).contains(&term_months) {
        problems.add("term", "Give a term from 1 to 120 months.");
    } else if interval.months() > 0 && term_months % interval.months() != 0 {
        problems.add("term", whole_terms(interval));
    }
    // A term has at least 28 days to a month.
    if notice_days > term_months.saturating_mul(28) {
        problems.add("notice", "Give a notice no longer than the term.");
    }
    if draft.terms.trial_days > 365 {
        problems.add("trial_days", "Give at most 365 days free.");
    }
    if draft
        .terms
        .anchor_day
        .is_some_and(|day| !(1..=28).contains(&day))
    {
        problems.add(
            "anchor_day",
            "Give a day from 1 to 28: every month has those.",
        );
    }
    if interval == BillingInterval::Week && draft.terms.anchor_day.is_some() {
        let why = "A week starts on the day of the sale: leave this empty.";
        problems.add("anchor_day", why);
    }
    match draft.terms.minimum_minor {
        below if below < 0 => problems.add("minimum", "Give an amount of zero or more."),
        above if above > HIGHEST_MINIMUM_MINOR => {
            problems.add("minimum", "This minimum is too large.");
        }
        _ => {}
    }
    proration_problem(draft, &mut problems);
    if !(1..=MOST_PRICES).contains(&draft.prices.len()) {
        problems.add("prices", "Give one to six prices.");
    }
    price_problems(&draft.prices, &mut problems);
    problems
}

fn proration_problem(draft: &Draft, problems: &mut Problems) {
    let in_arrears = |one: &PriceDraft| one.price.meter().is_some();
    let has_arrears = draft.terms.minimum_minor > 0 || draft.prices.iter().any(in_arrears);
    if draft.terms.proration == Proration::Second && has_arrears {
        let why = "Usage, outcomes and a minimum are counted by whole days: choose by the day.";
        problems.add("proration", why);
    }
}

fn price_problems(prices: &[PriceDraft], problems: &mut Problems) {
    for (number, line) in (1usize..).zip(prices) {
        let bands = line.price.bands().map_or(&[][..], Bands::all);
        let highest = bands.iter().map(|band| band.unit.micro()).max();
        if line.price.unit().micro().max(highest.unwrap_or_default()) > HIGHEST_PRICE_MICRO {
            problems.add(format!("price-{number}"), "This price is too large.");
        }
        let earlier = prices.iter().take(number - 1);
        if earlier.into_iter().any(|other| other.label == line.label) {
            problems.add(
                format!("price-{number}-label"),
                "Another price has this name.",
            );
        }
    }
}

fn whole_terms(interval: BillingInterval) -> &'static str {
    match interval {
        BillingInterval::Year => "Give whole years: the plan is billed yearly.",
        BillingInterval::HalfYear => "Give whole half-years: the plan is billed half-yearly.",
        _ => "Give whole quarters: the plan is billed quarterly.",
    }
}

/// Gives a plan another name. Its code stays: files use it. `was` is the name the form showed.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] when it was renamed
/// meanwhile.
pub fn rename(tx: &mut Tx<'_, VendorScope>, id: PlanId, was: &str, name: &Name) -> Result<()> {
    tx.allow(Permission::ManageCatalogue)?;
    let plan = plans::plan(tx, id)?;
    if plan.name != was {
        return Err(stale("plan"));
    }
    plans::rename(tx, id, name.as_str())?;
    let changes = diff(&[("name", plan.name.as_str(), name.as_str())]);
    note(tx, &plan, Action::PlanChanged, &changes)
}

/// Begins a new version as a copy of the latest one.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] while there is a draft.
pub fn new_version(tx: &mut Tx<'_, VendorScope>, id: PlanId) -> Result<PlanVersionId> {
    tx.allow(Permission::ManageCatalogue)?;
    let plan = plans::plan(tx, id)?;
    let versions = plans::versions_of(tx, id)?;
    let latest = versions.first().ok_or(Error::NotFound)?;
    if latest.status == VersionStatus::Draft {
        return Err(Error::conflict(
            "This plan has a draft already. Publish it first.",
        ));
    }
    let mut copy = latest.clone();
    copy.id = tx.fresh_id();
    copy.version_no += 1;
    copy.version = 1;
    copy.status = VersionStatus::Draft;
    copy.published_at = None;
    copy.reach = None;
    for line in &mut copy.prices {
        line.id = tx.fresh_id();
    }
    plans::insert_version(tx, &copy)?;
    let number = copy.version_no.to_string();
    let changes = diff(&[("draft version", "", number.as_str())]);
    note(tx, &plan, Action::PlanChanged, &changes)?;
    Ok(copy.id)
}

/// Writes a draft anew. `version` is the one the form was made from.
///
/// # Errors
/// As [`add`], and [`Error::Conflict`] when it was changed meanwhile or is no draft.
pub fn edit_draft(
    tx: &mut Tx<'_, VendorScope>,
    id: PlanVersionId,
    version: i32,
    draft: &Draft,
) -> Result<()> {
    tx.allow(Permission::ManageCatalogue)?;
    let old = drafted(tx, id)?;
    refuse(problems_of(draft))?;
    let new = PlanVersion {
        terms: draft.terms,
        prices: lines(tx, draft),
        version,
        ..old.clone()
    };
    if !plans::update_draft(tx, &new)? {
        return Err(stale("plan"));
    }
    let plan = plans::plan(tx, old.plan)?;
    let changes = diff(&differences(&old, &new));
    note(tx, &plan, Action::PriceSet, &changes)
}

/// Removes a draft that was never published, and its plan with it where it has no other version.
/// Gives the offering it was of, in whose history that stands.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] when it was changed
/// meanwhile or is no draft.
pub fn remove_draft(
    tx: &mut Tx<'_, VendorScope>,
    id: PlanVersionId,
    version: i32,
) -> Result<OfferingId> {
    tx.allow(Permission::ManageCatalogue)?;
    let draft = plans::version(tx, id)?;
    if draft.status != VersionStatus::Draft {
        let why = "This version was published: it stays for those who have it.";
        return Err(Error::conflict(why));
    }
    let plan = plans::plan(tx, draft.plan)?;
    if !plans::remove_draft(tx, (id, version))? {
        return Err(stale("plan"));
    }
    if plans::versions_of(tx, plan.id)?.is_empty() {
        plans::remove(tx, plan.id)?;
    }
    let action = Action::PlanDraftRemoved;
    let number = draft.version_no;
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: plan.offering.number(),
            partner: None,
            summary: format!("{}: {}, version {number}", action.label(), plan.name),
            changes: &diff(&[("prices", prices_in_words(&draft).as_str(), "")]),
        },
    )?;
    Ok(plan.offering)
}

fn drafted(tx: &mut Tx<'_, VendorScope>, id: PlanVersionId) -> Result<PlanVersion> {
    let version = plans::version(tx, id)?;
    match version.status {
        VersionStatus::Draft => Ok(version),
        _ => Err(Error::conflict(
            "A published version never changes. Begin a new version instead.",
        )),
    }
}

fn differences(old: &PlanVersion, new: &PlanVersion) -> Vec<(&'static str, String, String)> {
    let field = |name, of: fn(&PlanVersion) -> String| (name, of(old), of(new));
    vec![
        field("currency", |version| version.terms.currency.to_string()),
        field("billing", |version| {
            version.terms.interval.name().to_owned()
        }),
        field("term in months", |version| {
            version.terms.term_months.to_string()
        }),
        field("notice in days", |version| {
            version.terms.notice_days.to_string()
        }),
        field("days free", |version| version.terms.trial_days.to_string()),
        field("billing day", |version| {
            let day = version.terms.anchor_day;
            day.map_or_else(String::new, |day| day.to_string())
        }),
        field("parts of a period", |version| {
            version.terms.proration.label().to_lowercase()
        }),
        field("minimum", |version| {
            let minimum = version.terms.minimum();
            minimum.map_or_else(String::new, |minimum| minimum.to_string())
        }),
        field("prices", prices_in_words),
    ]
}

fn prices_in_words(version: &PlanVersion) -> String {
    let currency = version.terms.currency;
    let every = version.terms.interval;
    let words = version.prices.iter().map(|line| {
        let words = line.price.words(currency, every);
        let earns = if line.commissionable {
            ""
        } else {
            ", no commission"
        };
        format!("{}: {words}{earns}", line.label)
    });
    words.collect::<Vec<_>>().join("\n")
}

/// Publishes a draft: from now on it is what is sold, and it never changes again. The version
/// sold until now is superseded; who has it keeps it, until earlier sales are brought to this one.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] when it was changed
/// meanwhile or is no draft.
pub fn publish(tx: &mut Tx<'_, VendorScope>, id: PlanVersionId, version: i32) -> Result<()> {
    tx.allow(Permission::ManageCatalogue)?;
    // The second press of the button finds done what it asks for.
    if plans::version(tx, id)?.status == VersionStatus::Published {
        return Ok(());
    }
    let draft = drafted(tx, id)?;
    let expected = PlanVersion { version, ..draft };
    if !plans::publish(tx, &expected)? {
        return Err(stale("plan"));
    }
    let plan = plans::plan(tx, expected.plan)?;
    let number = expected.version_no.to_string();
    let changes = diff(&[("published version", "", number.as_str())]);
    note(tx, &plan, Action::PlanPublished, &changes)
}

fn note(
    tx: &mut Tx<'_, VendorScope>,
    plan: &Plan,
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
