//! SLA policies: what is promised with an offering, as data.
use actix_session::Session;
use actix_web::web::{Data, Path, ServiceConfig, get, post, resource};
use askama::Template;

use super::offerings::{choices, id_of};
use crate::{
    Error, Result,
    domain::{LongText, Name, Permission, Problems, Rate, SlaCalendar, SlaMetric},
    id::SlaPolicyId,
    services::catalogue::sla::{self as service, Draft},
    store::{
        Store, Tx, VendorScope,
        catalogue::sla::{self, Policy, Target},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Fields, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/sla-policies")
                .route(get().to(index))
                .route(post().to(create)),
        )
        .service(resource("/sla-policies/new").route(get().to(new)))
        .service(resource("/sla-policies/{sla_policy}/edit").route(get().to(edit)))
        .service(resource("/sla-policies/{sla_policy}").route(post().to(update)));
}

/// Each promise in a sentence.
pub fn sentences(targets: &[Target]) -> Vec<String> {
    targets.iter().map(sentence).collect()
}

fn sentence(target: &Target) -> String {
    let what = match target.metric {
        SlaMetric::Availability => format!("Available {} % of a month", percent(target.threshold)),
        SlaMetric::FirstResponse => format!("First response within {}", minutes(target.threshold)),
        SlaMetric::Resolution => format!("Resolved within {}", minutes(target.threshold)),
    };
    let hours = target.calendar.label().to_lowercase();
    match target.credit.bps() {
        0 => format!("{what}, {hours}."),
        _ => format!(
            "{what}, {hours}; a miss gives {} of the month's fee back.",
            target.credit
        ),
    }
}

/// Parts per million as percent: 999000 is 99.9.
fn percent(ppm: i64) -> String {
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn read_percent(text: &str) -> Result<i64, &'static str> {
    const WHY: &str = "Give a percentage such as 99.9, with at most four decimals.";
    let text = text.trim().trim_end_matches('%').trim_end();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || part.len() > 4 || !digits(whole) || !digits(part) {
        return Err(WHY);
    }
    format!("{whole}{part:0<4}").parse().map_err(|_| WHY)
}

fn minutes(count: i64) -> String {
    match (count % 60, count / 60) {
        (0, 1) => "1 hour".to_owned(),
        (0, hours) => format!("{hours} hours"),
        _ => format!("{count} minutes"),
    }
}

struct PolicyView {
    id: SlaPolicyId,
    name: String,
    summary: String,
    targets: Vec<String>,
}

#[derive(Template)]
#[template(path = "staff/sla_policies/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    answer: String,
    may_edit: bool,
    rows: Vec<PolicyView>,
}

async fn index(staff: Staff, store: Data<Store>) -> Answer {
    let policies = store
        .read(staff.scope.clone(), |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ViewCatalogue)?;
            sla::policies(tx)
        })
        .await?;
    ok(&IndexPage {
        shell: staff.shell(),
        may_edit: staff.may(Permission::ManageCatalogue),
        base: staff.base,
        answer: "What is promised with an offering, shown with it to every partner.".to_owned(),
        rows: policies
            .into_iter()
            .map(|policy| PolicyView {
                id: policy.id,
                targets: sentences(&policy.targets),
                name: policy.name,
                summary: policy.summary,
            })
            .collect(),
    })
}

struct TargetRow {
    metric_name: String,
    threshold_name: String,
    calendar_name: String,
    credit_name: String,
    metric: String,
    threshold: String,
    calendar: String,
    credit: String,
}

struct PolicyFields {
    name: String,
    summary: String,
    version: String,
}

#[derive(Template)]
#[template(path = "staff/sla_policies/edit.html")]
struct EditPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    heading: String,
    action: String,
    cancel_href: String,
    metrics: Vec<(String, String)>,
    calendars: Vec<(String, String)>,
    target_rows: Vec<TargetRow>,
    problems: Problems,
    typed: PolicyFields,
    form_id: String,
}

const ROWS: usize = service::MOST_TARGETS;

fn row_names(n: usize) -> [String; 4] {
    ["metric", "threshold", "calendar", "credit"].map(|part| format!("target-{n}-{part}"))
}

fn known(name: &str) -> bool {
    ["name", "summary", "version", "form_id"].contains(&name)
        || (1..=ROWS).any(|n| row_names(n).iter().any(|known| known == name))
}

fn target_rows(typed: &Fields) -> Vec<TargetRow> {
    let filled = (1..=ROWS).filter(|n| !typed.get(&format!("target-{n}-threshold")).is_empty());
    let shown = (filled.max().unwrap_or_default() + 1).clamp(3, ROWS);
    (1..=shown)
        .map(|n| {
            let [metric_name, threshold_name, calendar_name, credit_name] = row_names(n);
            TargetRow {
                metric: typed.text(&metric_name),
                threshold: typed.text(&threshold_name),
                calendar: typed.text(&calendar_name),
                credit: typed.text(&credit_name),
                metric_name,
                threshold_name,
                calendar_name,
                credit_name,
            }
        })
        .collect()
}

fn read(typed: &Fields) -> Result<Draft, Problems> {
    let mut problems = Problems::default();
    let name = problems.check("name", typed.get("name").parse::<Name>());
    let summary = problems.check("summary", typed.get("summary").parse::<LongText>());
    let mut targets = Vec::new();
    for n in 1..=ROWS {
        if !typed
            .get(&format!("target-{n}-threshold"))
            .trim()
            .is_empty()
        {
            targets.extend(read_target(typed, n, &mut problems));
        }
    }
    match (name, summary) {
        (Some(name), Some(summary)) if problems.is_empty() => Ok(Draft {
            name,
            summary,
            targets,
        }),
        _ => Err(problems),
    }
}

fn read_target(typed: &Fields, n: usize, problems: &mut Problems) -> Option<Target> {
    let [metric_name, threshold_name, calendar_name, credit_name] = row_names(n);
    let metric = problems.check(
        metric_name.clone(),
        typed.get(&metric_name).parse::<SlaMetric>(),
    );
    let text = typed.get(&threshold_name);
    let threshold = match metric {
        Some(SlaMetric::Availability) => read_percent(text),
        _ => text.trim().parse().map_err(|_| "Give whole minutes."),
    };
    let threshold = problems.check(threshold_name, threshold);
    let calendar = typed.get(&calendar_name).parse::<SlaCalendar>();
    let calendar = problems.check(calendar_name, calendar);
    let credit = match typed.get(&credit_name).trim() {
        "" => Rate::from_bps(0),
        text => text.parse(),
    };
    let credit = problems.check(credit_name, credit);
    Some(Target {
        metric: metric?,
        threshold: threshold?,
        calendar: calendar?,
        credit: credit?,
    })
}

fn on_the_form(problems: Problems) -> Problems {
    let mut renamed = Problems::default();
    for (field, why) in problems.iter() {
        let field = if field == "targets" {
            "target-1-threshold"
        } else {
            field
        };
        renamed.add(field, why);
    }
    renamed
}

fn typed_of(policy: &Policy) -> Fields {
    let mut fields = vec![
        ("name".to_owned(), policy.name.clone()),
        ("summary".to_owned(), policy.summary.clone()),
        ("version".to_owned(), policy.version.to_string()),
    ];
    for (n, target) in (1..).zip(&policy.targets) {
        let [metric, threshold, calendar, credit] = row_names(n);
        let figure = match target.metric {
            SlaMetric::Availability => percent(target.threshold),
            _ => target.threshold.to_string(),
        };
        fields.push((metric, target.metric.code().to_owned()));
        fields.push((threshold, figure));
        fields.push((calendar, target.calendar.code().to_owned()));
        fields.push((credit, target.credit.to_string()));
    }
    Fields::new(fields)
}

async fn edit_page(
    staff: &Staff,
    store: &Store,
    id: Option<SlaPolicyId>,
    again: Option<(Fields, Problems)>,
) -> Result<EditPage> {
    let old = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManageCatalogue)?;
            id.map(|id| sla::policy(tx, id)).transpose()
        })
        .await?;
    let at = format!("{}/sla-policies", staff.base);
    let heading = old.as_ref().map_or("New SLA policy".to_owned(), |old| {
        format!("Edit {}", old.name)
    });
    let (typed, problems) = again.unwrap_or_else(|| {
        let typed = old.as_ref().map(typed_of).unwrap_or_default();
        (typed, Problems::default())
    });
    Ok(EditPage {
        shell: staff.shell(),
        crumbs: vec![("SLA policies".to_owned(), at.clone())],
        heading,
        action: id.map_or_else(|| at.clone(), |id| format!("{at}/{id}")),
        cancel_href: at,
        metrics: choices("", SlaMetric::ALL, SlaMetric::code, SlaMetric::label),
        calendars: choices("", SlaCalendar::ALL, SlaCalendar::code, SlaCalendar::label),
        target_rows: target_rows(&typed),
        typed: PolicyFields {
            name: typed.text("name"),
            summary: typed.text("summary"),
            version: typed.text("version"),
        },
        problems,
        form_id: fresh_form_id()?,
    })
}

async fn new(staff: Staff, store: Data<Store>) -> Answer {
    ok(&edit_page(&staff, &store, None, None).await?)
}

async fn create(staff: Staff, (store, session): (Data<Store>, Session), typed: Fields) -> Answer {
    let typed = typed.only(known)?;
    let at = format!("{}/sla-policies", staff.base);
    let made = match read(&typed) {
        Ok(draft) => {
            let (form_id, at) = (typed.text("form_id"), at.clone());
            store
                .write(staff.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        service::add(tx, &draft)?;
                        Ok(at.clone())
                    })
                })
                .await
        }
        Err(problems) => Err(Error::Invalid(problems)),
    };
    match made {
        Ok(to) => see_other_saying(&session, &to, "The policy is on record."),
        Err(Error::Invalid(problems)) => {
            let again = Some((typed, on_the_form(problems)));
            unprocessable(&edit_page(&staff, &store, None, again).await?)
        }
        Err(other) => Err(other.into()),
    }
}

type Parts = Path<(String, String)>;

async fn edit(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id = id_of(&parts.1)?;
    ok(&edit_page(&staff, &store, Some(id), None).await?)
}

async fn update(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    typed: Fields,
) -> Answer {
    let (id, typed) = (id_of::<crate::id::SlaPolicy>(&parts.1)?, typed.only(known)?);
    let version = typed.get("version").parse().unwrap_or_default();
    let changed = match read(&typed) {
        Ok(draft) => {
            store
                .write(staff.scope.clone(), move |tx| {
                    service::edit(tx, id, version, &draft)
                })
                .await
        }
        Err(problems) => Err(Error::Invalid(problems)),
    };
    match changed {
        Ok(()) => see_other_saying(&session, &format!("{}/sla-policies", staff.base), "Saved."),
        Err(Error::Invalid(problems)) => {
            let again = Some((typed, on_the_form(problems)));
            unprocessable(&edit_page(&staff, &store, Some(id), again).await?)
        }
        Err(other) => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_reads_back_as_it_is_shown() {
        for (text, ppm) in [
            ("99.9", 999_000),
            ("99.95", 999_500),
            ("100", 1_000_000),
            ("0.5", 5_000),
        ] {
            assert_eq!(read_percent(text), Ok(ppm));
            assert_eq!(percent(ppm), text);
        }
        for nonsense in ["", "99,9", "-1", "99.99999", "abc", "1000"] {
            assert!(read_percent(nonsense).is_err(), "{nonsense}");
        }
    }
}
