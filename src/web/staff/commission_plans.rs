//! Commission plans: what partners earn, clause by clause.
use actix_session::Session;
use actix_web::web::{Data, Path, ServiceConfig, get, post, resource};
use askama::Template;

use super::{
    offerings::{Pressed, id_of},
    plans::kind,
};
use crate::{
    Error, Result,
    domain::{
        CommissionClause, Name, Permission, Phase, Problems, Rate, VersionStatus,
        commission::sentence, date_words, read_date,
    },
    id::{CommissionPlanId, CommissionPlanVersionId, TierId},
    services::incentivize::commission_plans::{self as service, ClauseDraft, Draft},
    store::{
        Platform, Store, Tx, VendorScope,
        account::vendor,
        incentivize::{
            commission_plans::{self as plans, CommissionPlanVersion},
            tiers::{self, Tier},
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Fields, Typed, fresh_form_id, once},
        history::{self, HistoryRow},
        page::{ok, see_other, see_other_saying, unprocessable},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/commission-plans")
                .route(get().to(index))
                .route(post().to(create)),
        )
        .service(resource("/commission-plans/{commission_plan}").route(get().to(show)))
        .service(resource("/commission-plans/{commission_plan}/versions").route(post().to(draft)))
        .service(
            resource("/commission-plan-versions/{commission_plan_version}/edit")
                .route(get().to(edit)),
        )
        .service(
            resource("/commission-plan-versions/{commission_plan_version}")
                .route(post().to(update)),
        )
        .service(
            resource("/commission-plan-versions/{commission_plan_version}/publication")
                .route(post().to(publish)),
        );
}

struct PlanRow {
    id: CommissionPlanId,
    name: String,
    version: String,
    effective_from: String,
    hold_days: String,
}

#[derive(Template)]
#[template(path = "staff/commission_plans/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    may_edit: bool,
    rows: Vec<PlanRow>,
    problems: Problems,
    typed_name: String,
    form_id: String,
}

async fn index_page(
    staff: &Staff,
    store: &Store,
    (name, problems): (String, Problems),
) -> Result<IndexPage> {
    let rows = store
        .read(staff.scope.clone(), |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ViewMoney)?;
            let mut rows = Vec::new();
            for plan in plans::plans(tx)? {
                let versions = plans::versions_of(tx, plan.id)?;
                let sold = versions
                    .iter()
                    .find(|v| v.status == VersionStatus::Published);
                rows.push(PlanRow {
                    id: plan.id,
                    name: plan.name,
                    version: sold.map_or("None yet".to_owned(), |v| {
                        format!("Version {}", v.version_no)
                    }),
                    effective_from: sold.map_or(String::new(), |v| date_words(v.effective_from)),
                    hold_days: sold.map_or(String::new(), |v| v.hold_days.to_string()),
                });
            }
            Ok(rows)
        })
        .await?;
    Ok(IndexPage {
        shell: staff.shell(),
        base: staff.base.clone(),
        may_edit: staff.may(Permission::ManageCommissionPlans),
        rows,
        problems,
        typed_name: name,
        form_id: fresh_form_id()?,
    })
}

async fn index(staff: Staff, store: Data<Store>) -> Answer {
    ok(&index_page(&staff, &store, (String::new(), Problems::default())).await?)
}

async fn create(staff: Staff, store: Data<Store>, typed: Fields) -> Answer {
    let typed = typed.only(|name| ["name", "form_id"].contains(&name))?;
    let made = match typed.get("name").parse::<Name>() {
        Ok(name) => {
            let (form_id, base) = (typed.text("form_id"), staff.base.clone());
            store
                .write(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
                    once(tx, &form_id, |tx| {
                        let draft = Draft {
                            effective_from: vendor::today(tx)?,
                            hold_days: 30,
                            clauses: Vec::new(),
                        };
                        let (_, version) = service::add(tx, &name, &draft)?;
                        Ok(format!("{base}/commission-plan-versions/{version}/edit"))
                    })
                })
                .await
        }
        Err(why) => Err(Error::on("name", why.to_string())),
    };
    match made {
        Ok(to) => see_other(&to),
        Err(Error::Invalid(problems)) => {
            let again = (typed.text("name"), problems);
            unprocessable(&index_page(&staff, &store, again).await?)
        }
        Err(other) => Err(other.into()),
    }
}

struct VersionView {
    id: CommissionPlanVersionId,
    number: i32,
    kind: &'static str,
    status: &'static str,
    is_draft: bool,
    version: String,
    effective_from: String,
    hold_days: i32,
    clauses: Vec<String>,
}

impl VersionView {
    fn of(version: &CommissionPlanVersion, tiers: &[Tier]) -> Self {
        Self {
            id: version.id,
            number: version.version_no,
            kind: kind(version.status),
            status: version.status.label(),
            is_draft: version.status == VersionStatus::Draft,
            version: version.version.to_string(),
            effective_from: date_words(version.effective_from),
            hold_days: version.hold_days,
            clauses: version
                .clauses
                .iter()
                .map(|clause| in_words(clause, tiers))
                .collect(),
        }
    }
}

fn in_words(clause: &CommissionClause, tiers: &[Tier]) -> String {
    let tier = tiers
        .iter()
        .find(|tier| Some(tier.id.number()) == clause.tier);
    format!("{}.", sentence(clause, tier.map(|tier| tier.name.as_str())))
}

#[derive(Template)]
#[template(path = "staff/commission_plans/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    id: CommissionPlanId,
    name: String,
    answer: String,
    may_edit: bool,
    may_draft: bool,
    versions: Vec<VersionView>,
    history: Vec<HistoryRow>,
    form_id: String,
}

type Parts = Path<(String, String)>;

async fn show(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let zone = staff.zone();
    let id: CommissionPlanId = id_of(&parts.1)?;
    let (plan, versions, history) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ViewMoney)?;
            let tiers = tiers::tiers(tx)?;
            let versions = plans::versions_of(tx, id)?;
            let views: Vec<_> = versions
                .iter()
                .map(|v| VersionView::of(v, &tiers))
                .collect();
            Ok((
                plans::plan(tx, id)?,
                views,
                VendorScope::history(tx, id.number())?,
            ))
        })
        .await?;
    let drafted = versions.iter().any(|version| version.is_draft);
    ok(&ShowPage {
        shell: staff.shell(),
        crumbs: vec![(
            "Commission plans".to_owned(),
            format!("{}/commission-plans", staff.base),
        )],
        may_edit: staff.may(Permission::ManageCommissionPlans),
        base: staff.base,
        id,
        name: plan.name,
        answer:
            "The most specific clause counts: tier and phase, then tier, then phase, then the rest."
                .to_owned(),
        may_draft: !drafted,
        versions,
        history: history::rows(history, zone),
        form_id: fresh_form_id()?,
    })
}

async fn draft(staff: Staff, store: Data<Store>, parts: Parts, typed: Fields) -> Answer {
    let id: CommissionPlanId = id_of(&parts.1)?;
    let typed = typed.only(|name| name == "form_id")?;
    let (form_id, base) = (typed.text("form_id"), staff.base.clone());
    let to = store
        .write(staff.scope.clone(), move |tx| {
            once(tx, &form_id, |tx| {
                let version = service::new_version(tx, id)?;
                Ok(format!("{base}/commission-plan-versions/{version}/edit"))
            })
        })
        .await?;
    see_other(&to)
}

struct ClauseRow {
    name: String,
    tier_name: String,
    rate_name: String,
    phase_name: String,
    tier: String,
    rate: String,
    phase: String,
}

struct PlanFields {
    effective_from: String,
    hold_days: String,
    version: String,
}

#[derive(Template)]
#[template(path = "staff/commission_plans/edit.html")]
struct EditPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    heading: String,
    action: String,
    cancel_href: String,
    tiers: Vec<(String, String)>,
    phases: Vec<(String, String)>,
    clause_rows: Vec<ClauseRow>,
    problems: Problems,
    typed: PlanFields,
    form_id: String,
}

const ROWS: usize = service::MOST_CLAUSES;

fn row_names(n: usize) -> [String; 3] {
    ["tier", "rate", "phase"].map(|part| format!("clause-{n}-{part}"))
}

fn known(name: &str) -> bool {
    ["effective_from", "hold_days", "version", "form_id"].contains(&name)
        || (1..=ROWS).any(|n| row_names(n).iter().any(|known| known == name))
}

fn clause_rows(typed: &Fields) -> Vec<ClauseRow> {
    let filled = (1..=ROWS).filter(|n| !typed.get(&format!("clause-{n}-rate")).is_empty());
    let shown = (filled.max().unwrap_or_default() + 2).clamp(4, ROWS);
    (1..=shown)
        .map(|n| {
            let [tier_name, rate_name, phase_name] = row_names(n);
            ClauseRow {
                name: format!("clause-{n}"),
                tier: typed.text(&tier_name),
                rate: typed.text(&rate_name),
                phase: typed.text(&phase_name),
                tier_name,
                rate_name,
                phase_name,
            }
        })
        .collect()
}

fn read(typed: &Fields) -> Result<Draft, Problems> {
    let mut problems = Problems::default();
    let from = problems.check("effective_from", read_date(typed.get("effective_from")));
    let hold = typed.get("hold_days").trim().parse::<i32>();
    let hold = problems.check(
        "hold_days",
        hold.map_err(|_| "Give a whole number of days."),
    );
    let mut clauses = Vec::new();
    for n in 1..=ROWS {
        if !typed.get(&format!("clause-{n}-rate")).trim().is_empty() {
            clauses.extend(read_clause(typed, n, &mut problems));
        }
    }
    match from.zip(hold) {
        Some((effective_from, hold_days)) if problems.is_empty() => Ok(Draft {
            effective_from,
            hold_days,
            clauses,
        }),
        _ => Err(problems),
    }
}

fn read_clause(typed: &Fields, n: usize, problems: &mut Problems) -> Option<ClauseDraft> {
    let [tier_name, rate_name, phase_name] = row_names(n);
    let rate = problems.check(rate_name.clone(), typed.get(&rate_name).parse::<Rate>());
    let tier = match typed.get(&tier_name) {
        "" => Some(None),
        id => {
            let id = id.parse::<TierId>().map(Some);
            problems.check(tier_name, id.map_err(|_| "Choose one of the tiers."))
        }
    };
    let phase = match typed.get(&phase_name) {
        "" => Some(None),
        code => problems.check(phase_name, code.parse::<Phase>().map(Some)),
    };
    Some(ClauseDraft {
        rate: rate?,
        tier: tier?,
        phase: phase?,
    })
}

fn typed_of(version: &CommissionPlanVersion) -> Fields {
    let mut fields = vec![
        (
            "effective_from".to_owned(),
            version.effective_from.to_string(),
        ),
        ("hold_days".to_owned(), version.hold_days.to_string()),
        ("version".to_owned(), version.version.to_string()),
    ];
    for (n, clause) in (1..).zip(&version.clauses) {
        let [tier, rate, phase] = row_names(n);
        let tier_id = clause.tier.map(|number| TierId::of(number).to_string());
        fields.push((tier, tier_id.unwrap_or_default()));
        fields.push((rate, clause.rate.to_string()));
        fields.push((
            phase,
            clause.phase.map_or(String::new(), |p| p.code().to_owned()),
        ));
    }
    Fields::new(fields)
}

fn phases() -> Vec<(String, String)> {
    let named = [
        ("", "in every period"),
        (Phase::First.code(), "in the first period"),
        (Phase::Recurring.code(), "between first period and renewal"),
        (Phase::Renewal.code(), "from the renewal on"),
    ];
    named
        .map(|(code, label)| (code.to_owned(), label.to_owned()))
        .into()
}

async fn edit_page(
    staff: &Staff,
    store: &Store,
    id: CommissionPlanVersionId,
    again: Option<(Fields, Problems)>,
) -> Result<EditPage> {
    let (version, plan, tiers) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManageCommissionPlans)?;
            let version = plans::version(tx, id)?;
            let plan = plans::plan(tx, version.plan)?;
            Ok((version, plan, tiers::tiers(tx)?))
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
    let any = (String::new(), "Every partner".to_owned());
    let tiers = tiers
        .into_iter()
        .map(|tier| (tier.id.to_string(), format!("{} partners", tier.name)));
    Ok(EditPage {
        shell: staff.shell(),
        crumbs: vec![
            ("Commission plans".to_owned(), at),
            (plan.name.clone(), back.clone()),
        ],
        heading: format!("{}, version {}", plan.name, version.version_no),
        action: format!("{}/commission-plan-versions/{id}", staff.base),
        cancel_href: back,
        tiers: std::iter::once(any).chain(tiers).collect(),
        phases: phases(),
        clause_rows: clause_rows(&typed),
        typed: PlanFields {
            effective_from: typed.text("effective_from"),
            hold_days: typed.text("hold_days"),
            version: typed.text("version"),
        },
        problems,
        form_id: fresh_form_id()?,
    })
}

async fn edit(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id = id_of(&parts.1)?;
    ok(&edit_page(&staff, &store, id, None).await?)
}

async fn update(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    typed: Fields,
) -> Answer {
    let (id, typed) = (
        id_of::<crate::id::CommissionPlanVersion>(&parts.1)?,
        typed.only(known)?,
    );
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
            "Saved.",
        ),
        Err(Error::Invalid(problems)) => {
            unprocessable(&edit_page(&staff, &store, id, Some((typed, problems))).await?)
        }
        Err(other) => Err(other.into()),
    }
}

async fn publish(
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
