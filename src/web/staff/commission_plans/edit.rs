//! The form of a draft, and its publication.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;

use super::{
    super::offerings::{Pressed, id_of},
    Parts,
    clauses::{self, Choices, ClauseRow},
};
use crate::{
    Error, Result,
    domain::{
        Currency, Money, Permission, Problems, Rate, VersionStatus,
        commission::extras::{GuaranteeTerms, PlanExtras, RenewalTerms},
        date_words, read_date,
    },
    id::CommissionPlanVersionId,
    services::incentivize::{
        commission_plans::{self as service, Draft},
        wording::Wording,
    },
    store::{
        Store, Tx, VendorScope,
        incentivize::commission_plans::{self as plans, CommissionPlanVersion},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Fields, Typed, fresh_form_id},
        page::{ok, see_other_saying, unprocessable},
        stale::{Differing, Said, between, conflict, is_overtaken},
    },
};

/// The longest description of a customer's outcome, in characters.
const LONGEST_OUTCOME: usize = 200;

struct PlanFields {
    effective_from: String,
    hold_days: String,
    version: String,
    outcome: String,
    renewal: String,
    renewal_kept: String,
    renewal_back: String,
    renewal_mode: String,
    guarantee: String,
    guarantee_currency: String,
    guarantee_months: String,
}

#[derive(Template)]
#[template(path = "staff/commission_plans/edit.html")]
struct EditPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    heading: String,
    action: String,
    cancel_href: String,
    choices: Choices,
    clause_rows: Vec<ClauseRow>,
    problems: Problems,
    typed: PlanFields,
    both: Option<Vec<Differing>>,
    form_id: String,
}

fn known(name: &str) -> bool {
    [
        "effective_from",
        "hold_days",
        "outcome",
        "renewal",
        "renewal_kept",
        "renewal_back",
        "renewal_mode",
        "guarantee",
        "guarantee_currency",
        "guarantee_months",
        "version",
        "form_id",
    ]
    .contains(&name)
        || clauses::is_known(name)
}

fn read(typed: &Fields) -> Result<Draft, Problems> {
    let mut problems = Problems::default();
    let from = problems.check("effective_from", read_date(typed.get("effective_from")));
    let hold = typed.get("hold_days").trim().parse::<i32>();
    let hold = problems.check(
        "hold_days",
        hold.map_err(|_| "Give a whole number of days."),
    );
    let outcome = typed.get("outcome").trim().to_owned();
    if outcome.chars().count() > LONGEST_OUTCOME {
        problems.add("outcome", "Give at most 200 characters.");
    }
    let extras = extras(typed, &mut problems);
    let clauses = clauses::read(typed, &mut problems);
    match from.zip(hold) {
        Some((effective_from, hold_days)) if problems.is_empty() => Ok(Draft {
            effective_from,
            hold_days,
            outcome,
            extras,
            clauses,
        }),
        _ => Err(problems),
    }
}

/// What is paid beside the clauses; what is left empty is not.
fn extras(typed: &Fields, problems: &mut Problems) -> PlanExtras {
    let text = |name: &str| typed.get(name).trim();
    let mut extras = PlanExtras::default();
    if !text("renewal").is_empty() {
        let rate = problems.check("renewal", text("renewal").parse::<Rate>());
        let kept = problems.check("renewal_kept", text("renewal_kept").parse::<Rate>());
        let kept = kept.and_then(|kept| u32::try_from(kept.bps()).ok());
        let back = ("renewal_back", text("renewal_back"));
        let back = clauses::read_clawback(back, ("renewal_mode", text("renewal_mode")), problems);
        extras.renewal = rate
            .filter(|rate| *rate != Rate::default())
            .zip(kept)
            .zip(back)
            .map(|((rate, kept_bps), clawback)| RenewalTerms {
                rate,
                kept_bps,
                clawback,
            });
    }
    if text("renewal").is_empty() && !text("renewal_back").is_empty() {
        problems.add("renewal", "Say how much the bonus is.");
    }
    if !text("guarantee").is_empty() {
        let code = text("guarantee_currency").to_uppercase();
        let currency = problems.check("guarantee_currency", code.parse::<Currency>());
        let amount = currency
            .and_then(|one| problems.check("guarantee", Money::parse(text("guarantee"), one)));
        let months = text("guarantee_months").parse::<u32>();
        let months = months.map_err(|_| "Give a whole number of months.");
        let months = problems.check("guarantee_months", months);
        extras.guarantee = amount
            .zip(months)
            .map(|(amount, months)| GuaranteeTerms { amount, months });
    }
    extras
}

/// The same as it would be typed.
fn typed_extras(of: &PlanExtras) -> [(String, String); 7] {
    let (renewal, guarantee) = (of.renewal, of.guarantee);
    let kept = renewal.and_then(|terms| i32::try_from(terms.kept_bps).ok());
    let kept = kept.and_then(|bps| Rate::from_bps(bps).ok());
    let back = renewal.and_then(|terms| terms.clawback);
    let said = |text: Option<String>| text.unwrap_or_default();
    [
        ("renewal_back", said(back.map(|back| back.days.to_string()))),
        (
            "renewal_mode",
            said(back.map(|back| back.mode.code().to_owned())),
        ),
        ("renewal", said(renewal.map(|terms| terms.rate.to_string()))),
        (
            "renewal_kept",
            kept.map_or("100".to_owned(), |kept| kept.to_string()),
        ),
        (
            "guarantee",
            said(guarantee.map(|terms| terms.amount.plain())),
        ),
        (
            "guarantee_currency",
            said(guarantee.map(|terms| terms.amount.currency().code().to_owned())),
        ),
        (
            "guarantee_months",
            said(guarantee.map(|terms| terms.months.to_string())),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

fn typed_of(version: &CommissionPlanVersion) -> Fields {
    let mut fields = vec![
        (
            "effective_from".to_owned(),
            version.effective_from.to_string(),
        ),
        ("hold_days".to_owned(), version.hold_days.to_string()),
        ("outcome".to_owned(), version.outcome.clone()),
        ("version".to_owned(), version.version.to_string()),
    ];
    fields.extend(typed_extras(&version.extras));
    for (n, clause) in (1..).zip(&version.clauses) {
        fields.extend(clauses::typed_of(n, clause));
    }
    Fields::new(fields)
}

async fn edit_page(
    staff: &Staff,
    store: &Store,
    id: CommissionPlanVersionId,
    again: Option<(Fields, Problems)>,
) -> Result<EditPage> {
    let (version, plan, choices) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManageCommissionPlans)?;
            let version = plans::version(tx, id)?;
            let plan = plans::plan(tx, version.plan)?;
            Ok((version, plan, Choices::of(tx)?))
        })
        .await?;
    if version.status != VersionStatus::Draft {
        return Err(Error::conflict(
            "A published version never changes. Draft a new one instead.",
        ));
    }
    let at = format!("{}/commission-plans", staff.base);
    let back = format!("{at}/{}", plan.id);
    let (typed, problems) = again.unwrap_or_else(|| (typed_of(&version), Problems::default()));
    Ok(EditPage {
        shell: staff.shell(),
        crumbs: vec![
            ("Commission plans".to_owned(), at),
            (plan.name.clone(), back.clone()),
        ],
        heading: format!("{}, version {}", plan.name, version.version_no),
        action: format!("{}/commission-plan-versions/{id}", staff.base),
        cancel_href: back,
        clause_rows: clauses::rows(&typed, &choices.currency),
        typed: PlanFields {
            renewal: typed.text("renewal"),
            renewal_kept: typed.text("renewal_kept"),
            renewal_back: typed.text("renewal_back"),
            renewal_mode: typed.text("renewal_mode"),
            guarantee: typed.text("guarantee"),
            guarantee_currency: match typed.get("guarantee_currency") {
                "" => choices.currency.clone(),
                code => code.to_owned(),
            },
            guarantee_months: typed.text("guarantee_months"),
            effective_from: typed.text("effective_from"),
            hold_days: typed.text("hold_days"),
            version: typed.text("version"),
            outcome: typed.text("outcome"),
        },
        choices,
        problems,
        both: None,
        form_id: fresh_form_id()?,
    })
}

pub(super) async fn edit(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id = id_of(&parts.1)?;
    ok(&edit_page(&staff, &store, id, None).await?)
}

pub(super) async fn update(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    typed: Fields,
) -> Answer {
    let id = id_of::<crate::id::CommissionPlanVersion>(&parts.1)?;
    let typed = clauses::closed_up(&typed.only(known)?);
    let version = typed.get("version").parse().unwrap_or_default();
    let changed = match read(&typed) {
        Ok(draft) => {
            store
                .write(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
                    service::edit_draft(tx, id, version, &draft)?;
                    Ok(plans::version(tx, id)?.plan)
                })
                .await
        }
        Err(problems) => Err(Error::Invalid(problems)),
    };
    match changed {
        Ok(plan) => see_other_saying(
            &session,
            &format!("{}/commission-plans/{plan}", staff.base),
            "The draft was saved.",
        ),
        Err(Error::Invalid(problems)) => {
            unprocessable(&edit_page(&staff, &store, id, Some((typed, problems))).await?)
        }
        Err(Error::Conflict(why)) => overtaken((&staff, &store), id, typed, why).await,
        Err(other) => Err(other.into()),
    }
}

/// What a version says, in words.
fn said(version: &CommissionPlanVersion, wording: &Wording) -> Said {
    let mut said = vec![
        (
            "Effective from".to_owned(),
            date_words(version.effective_from),
        ),
        ("Hold in days".to_owned(), version.hold_days.to_string()),
        ("Customer outcome".to_owned(), version.outcome.clone()),
    ];
    for (n, clause) in (1..).zip(wording.sentences(&version.clauses)) {
        said.push((format!("Clause {n}"), clause));
    }
    let beside = version.extras.sentences();
    said.push(("Beside the clauses".to_owned(), beside.join(". ")));
    said
}

/// The form again, over what someone else has saved.
async fn overtaken(
    (staff, store): (&Staff, &Store),
    id: CommissionPlanVersionId,
    typed: Fields,
    why: String,
) -> Answer {
    let (now, wording) = store
        .read(staff.scope.clone(), move |tx| {
            Ok((plans::version(tx, id)?, Wording::of(tx)?))
        })
        .await?;
    let draft = read(&typed).map_err(Error::Invalid)?;
    if !is_overtaken(typed.get("version"), now.version) {
        return Err(Error::Conflict(why).into());
    }
    let typed = typed.with("version", now.version.to_string());
    let theirs = said(&now, &wording);
    let yours = said(&draft.over(now), &wording);
    let again = Some((typed, Problems::default()));
    let page = edit_page(staff, store, id, again).await?;
    conflict(&EditPage {
        both: Some(between(&theirs, &yours)),
        ..page
    })
}

pub(super) async fn publish(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(pressed): Typed<Pressed>,
) -> Answer {
    let id: CommissionPlanVersionId = id_of(&parts.1)?;
    let version = pressed.version();
    let published = store
        .write(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            service::publish(tx, id, version)?;
            Ok(plans::version(tx, id)?.plan)
        })
        .await;
    match published {
        Ok(plan) => {
            let to = format!("{}/commission-plans/{plan}", staff.base);
            see_other_saying(&session, &to, "Published: partners can be enrolled in it.")
        }
        // A gap or a double is put right on the draft's own form.
        Err(Error::Invalid(problems)) => {
            let typed = store
                .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
                    Ok(typed_of(&plans::version(tx, id)?))
                })
                .await?;
            unprocessable(&edit_page(&staff, &store, id, Some((typed, problems))).await?)
        }
        Err(other) => Err(other.into()),
    }
}
