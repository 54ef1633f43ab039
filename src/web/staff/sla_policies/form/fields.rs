//! What the form of an SLA policy has fields for: read, and written back as it would be typed.
use super::super::read_percent;
use crate::{
    Result,
    domain::{
        LongText, Name, Problems, Rate, SlaCalendar, SlaMetric, TicketSeverity, Zone, read_date,
        sla::{Liability, Terms},
    },
    services::catalogue::sla::{self as service, Draft, percent},
    store::catalogue::sla::{Policy, Target},
    web::form::Fields,
};

/// A line of the targets, with the names of its fields.
pub(super) struct TargetRow {
    pub metric_name: String,
    pub threshold_name: String,
    pub calendar_name: String,
    pub credit_name: String,
    pub share_name: String,
    pub severity_name: String,
    pub share: String,
    pub severity: String,
    pub metric: String,
    pub threshold: String,
    pub calendar: String,
    pub credit: String,
}

pub(super) const ROWS: usize = service::MOST_TARGETS;

pub(super) fn row_names(n: usize) -> [String; 6] {
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
pub(super) const FIELDS: [&str; 14] = [
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

pub(super) fn known(name: &str) -> bool {
    FIELDS.contains(&name) || (1..=ROWS).any(|n| row_names(n).iter().any(|known| known == name))
}

pub(super) fn target_rows(typed: &Fields) -> Vec<TargetRow> {
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

pub(super) fn read(typed: &Fields) -> Result<Draft, Problems> {
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
pub(super) fn may<T>(
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
pub(super) fn minute_of_day(text: &str) -> Result<i32, String> {
    let why = "Give a time such as 09:00.";
    let (hour, minute) = text.split_once(':').ok_or(why)?;
    let number = |text: &str| text.parse::<u8>().map_err(|_| why);
    match (number(hour)?, number(minute)?) {
        (24, 0) => Ok(24 * 60),
        (hour, minute) if hour < 24 && minute < 60 => Ok(i32::from(hour) * 60 + i32::from(minute)),
        _ => Err(why.to_owned()),
    }
}

pub(super) fn whole_minutes(text: &str) -> Result<i32, String> {
    text.parse().map_err(|_| "Give whole minutes.".to_owned())
}

pub(super) fn days(text: &str) -> Result<std::collections::BTreeSet<chrono::NaiveDate>, String> {
    let days = text.split_whitespace().flat_map(|part| part.split(','));
    let days = days.filter(|day| !day.is_empty());
    days.map(|day| read_date(day).map_err(|why| why.to_string()))
        .collect()
}

pub(super) fn read_terms(typed: &Fields, problems: &mut Problems) -> Option<Terms> {
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

pub(super) fn read_target(typed: &Fields, n: usize, problems: &mut Problems) -> Option<Target> {
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

pub(super) fn on_the_form(problems: Problems) -> Problems {
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

pub(super) fn typed_of(policy: &Policy) -> Fields {
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

pub(super) fn typed_terms(terms: &Terms) -> Vec<(String, String)> {
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
