//! The form of an SLA policy: its calendar, its limits and its promises.
use actix_session::Session;
use actix_web::web::{Data, Path};
use askama::Template;

use super::{limits, percent, read_percent, sentences};
use crate::{
    Error, Result,
    domain::{
        LongText, Name, Permission, Problems, Rate, SlaCalendar, SlaMetric, TicketSeverity, Zone,
        date_words, read_date,
        sla::{Liability, Terms},
    },
    id::SlaPolicyId,
    services::catalogue::sla::{self as service, Draft},
    store::{
        Platform, Store, Tx, VendorScope,
        catalogue::sla::{self, Policy, Target},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Fields, fresh_form_id, once},
        history::{self, HistoryRow},
        page::{ok, see_other_saying, unprocessable},
        staff::offerings::{choices, id_of},
        stale::{Differing, Said, between, conflict, is_overtaken},
    },
};

struct TargetRow {
    metric_name: String,
    threshold_name: String,
    calendar_name: String,
    credit_name: String,
    share_name: String,
    severity_name: String,
    share: String,
    severity: String,
    metric: String,
    threshold: String,
    calendar: String,
    credit: String,
}

struct PolicyFields {
    name: String,
    summary: String,
    zone: String,
    opens: String,
    closes: String,
    holidays: String,
    notice_minutes: String,
    maintenance_cap_minutes: String,
    credit_cap: String,
    claim_days: String,
    liability: String,
    partner_share: String,
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
    severities: Vec<(String, String)>,
    zones: Vec<(String, String)>,
    liabilities: Vec<(String, String)>,
    target_rows: Vec<TargetRow>,
    problems: Problems,
    typed: PolicyFields,
    both: Option<Vec<Differing>>,
    history: Vec<HistoryRow>,
    form_id: String,
}

const ROWS: usize = service::MOST_TARGETS;

fn row_names(n: usize) -> [String; 6] {
    let parts = [
        "metric",
        "threshold",
        "calendar",
        "credit",
        "share",
        "severity",
    ];
    parts.map(|part| format!("target-{n}-{part}"))
}

/// The fields besides those of the promises.
const FIELDS: [&str; 14] = [
    "name",
    "summary",
    "zone",
    "opens",
    "closes",
    "holidays",
    "notice_minutes",
    "maintenance_cap_minutes",
    "credit_cap",
    "claim_days",
    "liability",
    "partner_share",
    "version",
    "form_id",
];

fn known(name: &str) -> bool {
    FIELDS.contains(&name) || (1..=ROWS).any(|n| row_names(n).iter().any(|known| known == name))
}

fn target_rows(typed: &Fields) -> Vec<TargetRow> {
    let filled = (1..=ROWS).filter(|n| !typed.get(&format!("target-{n}-threshold")).is_empty());
    let shown = (filled.max().unwrap_or_default() + 1).clamp(3, ROWS);
    (1..=shown)
        .map(|n| {
            let [
                metric_name,
                threshold_name,
                calendar_name,
                credit_name,
                share_name,
                severity_name,
            ] = row_names(n);
            TargetRow {
                share: typed.text(&share_name),
                severity: typed.text(&severity_name),
                share_name,
                severity_name,
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
    let terms = read_terms(typed, &mut problems);
    match (name, summary, terms) {
        (Some(name), Some(summary), Some(terms)) if problems.is_empty() => Ok(Draft {
            name,
            summary,
            terms,
            targets,
        }),
        _ => Err(problems),
    }
}

/// A field that may be left empty, read by a function.
fn may<T>(
    typed: &Fields,
    (field, otherwise): (&str, T),
    problems: &mut Problems,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    match typed.get(field).trim() {
        "" => Some(otherwise),
        text => problems.check(field, read(text)),
    }
}

/// Minutes after midnight: 09:00 is 540; the day ends at 24:00.
fn minute_of_day(text: &str) -> Result<i32, String> {
    let why = "Give a time such as 09:00.";
    let (hour, minute) = text.split_once(':').ok_or(why)?;
    let number = |text: &str| text.parse::<u8>().map_err(|_| why);
    match (number(hour)?, number(minute)?) {
        (24, 0) => Ok(24 * 60),
        (hour, minute) if hour < 24 && minute < 60 => Ok(i32::from(hour) * 60 + i32::from(minute)),
        _ => Err(why.to_owned()),
    }
}

fn whole_minutes(text: &str) -> Result<i32, String> {
    text.parse().map_err(|_| "Give whole minutes.".to_owned())
}

fn days(text: &str) -> Result<std::collections::BTreeSet<chrono::NaiveDate>, String> {
    let days = text.split_whitespace().flat_map(|part| part.split(','));
    let days = days.filter(|day| !day.is_empty());
    days.map(|day| read_date(day).map_err(|why| why.to_string()))
        .collect()
}

fn read_terms(typed: &Fields, problems: &mut Problems) -> Option<Terms> {
    let usual = Terms::default();
    let zone = may(typed, ("zone", None), problems, |text| {
        text.parse::<Zone>()
            .map(Some)
            .map_err(|why| why.to_string())
    });
    let opens = may(
        typed,
        ("opens", usual.opens_minute),
        problems,
        minute_of_day,
    );
    let closes = may(
        typed,
        ("closes", usual.closes_minute),
        problems,
        minute_of_day,
    );
    let holidays = may(typed, ("holidays", usual.holidays), problems, days);
    let notice = may(typed, ("notice_minutes", 0), problems, whole_minutes);
    let cap = may(typed, ("maintenance_cap_minutes", None), problems, |text| {
        whole_minutes(text).map(Some)
    });
    let credit = may(typed, ("credit_cap", usual.credit_cap), problems, |text| {
        text.parse::<Rate>().map_err(|why| why.to_string())
    });
    let claim = may(typed, ("claim_days", None), problems, |text| {
        let days = text.parse().map(Some);
        days.map_err(|_| "Give whole days.".to_owned())
    });
    let liability = may(typed, ("liability", usual.liability), problems, |text| {
        let read = text.parse::<Liability>();
        read.map_err(|why| why.to_string())
    });
    let share = may(
        typed,
        ("partner_share", Rate::default()),
        problems,
        |text| text.parse::<Rate>().map_err(|why| why.to_string()),
    );
    Some(Terms {
        claim_days: claim?,
        liability: liability?,
        partner_share: share?,
        zone: zone?,
        opens_minute: opens?,
        closes_minute: closes?,
        holidays: holidays?,
        notice_minutes: notice?,
        maintenance_cap_minutes: cap?,
        credit_cap: credit?,
    })
}

fn read_target(typed: &Fields, n: usize, problems: &mut Problems) -> Option<Target> {
    let [
        metric_name,
        threshold_name,
        calendar_name,
        credit_name,
        share_name,
        severity_name,
    ] = row_names(n);
    let share = may(typed, (&share_name, Rate::WHOLE), problems, |text| {
        text.parse::<Rate>().map_err(|why| why.to_string())
    });
    let severity = may(typed, (&severity_name, None), problems, |text| {
        let read = text.parse::<TicketSeverity>().map(Some);
        read.map_err(|why| why.to_string())
    });
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
        share: share?,
        severity: severity?,
    })
}

fn zones() -> Vec<(String, String)> {
    let names = Zone::names().map(|name| (name.to_owned(), name.to_owned()));
    std::iter::once((String::new(), "The vendor's own".to_owned()))
        .chain(names)
        .collect()
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
    fields.extend(typed_terms(&policy.terms));
    for (n, target) in (1..).zip(&policy.targets) {
        let [metric, threshold, calendar, credit, share, severity] = row_names(n);
        if target.metric != SlaMetric::Availability {
            let code = target.severity.map_or("", TicketSeverity::code);
            fields.push((share, target.share.to_string()));
            fields.push((severity, code.to_owned()));
        }
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

fn typed_terms(terms: &Terms) -> Vec<(String, String)> {
    let time = |minute: i32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let days: Vec<String> = terms.holidays.iter().map(ToString::to_string).collect();
    let zone = terms.zone.map_or("", |zone| zone.as_str());
    let cap = terms.maintenance_cap_minutes;
    [
        ("zone", zone.to_owned()),
        ("opens", time(terms.opens_minute)),
        ("closes", time(terms.closes_minute)),
        ("holidays", days.join("\n")),
        ("notice_minutes", terms.notice_minutes.to_string()),
        (
            "maintenance_cap_minutes",
            cap.map_or(String::new(), |cap| cap.to_string()),
        ),
        ("credit_cap", terms.credit_cap.to_string()),
        (
            "claim_days",
            terms
                .claim_days
                .map_or(String::new(), |days| days.to_string()),
        ),
        ("liability", terms.liability.code().to_owned()),
        (
            "partner_share",
            match terms.liability {
                Liability::Shared => terms.partner_share.to_string(),
                _ => String::new(),
            },
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

async fn edit_page(
    staff: &Staff,
    store: &Store,
    id: Option<SlaPolicyId>,
    again: Option<(Fields, Problems)>,
) -> Result<EditPage> {
    let (old, history) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManageCatalogue)?;
            let old = id.map(|id| sla::policy(tx, id)).transpose()?;
            let history = match id {
                Some(id) => VendorScope::history(tx, id.number())?,
                None => Vec::new(),
            };
            Ok((old, history))
        })
        .await?;
    let at = format!("{}/sla-policies", staff.base);
    let heading = old.as_ref().map_or("New SLA policy".to_owned(), |old| {
        format!("Edit {}", old.name)
    });
    let (typed, problems) = again.unwrap_or_else(|| {
        let usual = || Fields::new(typed_terms(&Terms::default()));
        let typed = old.as_ref().map_or_else(usual, typed_of);
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
        severities: choices(
            "All",
            TicketSeverity::ALL,
            TicketSeverity::code,
            TicketSeverity::label,
        ),
        zones: zones(),
        liabilities: choices("", Liability::ALL, Liability::code, Liability::label),
        target_rows: target_rows(&typed),
        typed: PolicyFields {
            name: typed.text("name"),
            summary: typed.text("summary"),
            zone: typed.text("zone"),
            opens: typed.text("opens"),
            closes: typed.text("closes"),
            holidays: typed.text("holidays"),
            notice_minutes: typed.text("notice_minutes"),
            maintenance_cap_minutes: typed.text("maintenance_cap_minutes"),
            credit_cap: typed.text("credit_cap"),
            claim_days: typed.text("claim_days"),
            liability: typed.text("liability"),
            partner_share: typed.text("partner_share"),
            version: typed.text("version"),
        },
        problems,
        both: None,
        history: history::rows(history, staff.zone()),
        form_id: fresh_form_id()?,
    })
}

pub(super) async fn new(staff: Staff, store: Data<Store>) -> Answer {
    ok(&edit_page(&staff, &store, None, None).await?)
}

pub(super) async fn create(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    typed: Fields,
) -> Answer {
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
        Ok(to) => see_other_saying(&session, &to, "The SLA policy is on record."),
        Err(Error::Invalid(problems)) => {
            let again = Some((typed, on_the_form(problems)));
            unprocessable(&edit_page(&staff, &store, None, again).await?)
        }
        Err(other) => Err(other.into()),
    }
}

type Parts = Path<(String, String)>;

pub(super) async fn edit(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id = id_of(&parts.1)?;
    ok(&edit_page(&staff, &store, Some(id), None).await?)
}

pub(super) async fn update(
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
        Ok(()) => see_other_saying(
            &session,
            &format!("{}/sla-policies", staff.base),
            "The SLA policy was saved.",
        ),
        Err(Error::Invalid(problems)) => {
            let again = Some((typed, on_the_form(problems)));
            unprocessable(&edit_page(&staff, &store, Some(id), again).await?)
        }
        Err(Error::Conflict(why)) => overtaken((&staff, &store), id, typed, why).await,
        Err(other) => Err(other.into()),
    }
}

/// What a policy says, in words.
fn said((name, summary): (&str, &str), terms: &Terms, targets: &[Target]) -> Said {
    let own = || "The vendor's own".to_owned();
    let days: Vec<String> = terms.holidays.iter().map(|day| date_words(*day)).collect();
    let mut said: Said = [
        ("Name", name.to_owned()),
        ("For what", summary.to_owned()),
        (
            "Time zone",
            terms.zone.map_or_else(own, |zone| zone.to_string()),
        ),
        ("Working hours", service::calendar(terms)),
        ("Days off", days.join(", ")),
        ("Limits and credits", limits(terms)),
    ]
    .map(|(label, value)| (label.to_owned(), value))
    .to_vec();
    for (n, promise) in (1..).zip(sentences(targets)) {
        said.push((format!("Promise {n}"), promise));
    }
    said
}

/// The form again, over what someone else has saved.
async fn overtaken(
    (staff, store): (&Staff, &Store),
    id: SlaPolicyId,
    typed: Fields,
    why: String,
) -> Answer {
    let now = store
        .read(staff.scope.clone(), move |tx| sla::policy(tx, id))
        .await?;
    let draft = read(&typed).map_err(Error::Invalid)?;
    if !is_overtaken(typed.get("version"), now.version) {
        return Err(Error::Conflict(why).into());
    }
    let theirs = said((&now.name, &now.summary), &now.terms, &now.targets);
    let names = (draft.name.as_str(), draft.summary.as_str());
    let yours = said(names, &draft.terms, &draft.targets);
    let typed = typed.with("version", now.version.to_string());
    let again = Some((typed, Problems::default()));
    let page = edit_page(staff, store, Some(id), again).await?;
    conflict(&EditPage {
        both: Some(between(&theirs, &yours)),
        ..page
    })
}
