//! A version tried on past months: who would gain, who would lose.
use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::{super::offerings::id_of, Parts};
use crate::{
    Error,
    domain::{Money, Period, Permission, Problems},
    id::CommissionPlanVersionId,
    services::revenue::dry_run::{Effect, dry_run},
    store::{Store, Tx, VendorScope, account::vendor, incentivize::commission_plans as plans},
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        page::{ok, unprocessable},
    },
};

/// The most months that are tried at once.
const MOST_MONTHS: usize = 24;
/// Months tried where nothing is asked.
const USUAL_MONTHS: usize = 6;

/// The months to try it on, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    from: String,
    until: String,
}

struct Row {
    effect: Effect,
    change: Money,
    href: String,
}

#[derive(Template)]
#[template(path = "staff/commission_plans/dry_run.html")]
struct DryRunPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    heading: String,
    answer: String,
    own_href: String,
    asked: Asked,
    problems: Problems,
    rows: Vec<Row>,
}

/// The months asked for, or why they cannot be tried.
fn months(asked: &Asked, today: Period) -> Result<(Period, Period), Problems> {
    let read = |field: &'static str, typed: &str, usual: Period| match typed.trim() {
        "" => Ok(usual),
        typed => typed
            .parse::<Period>()
            .map_err(|_| Problems::with(field, "Give months as 2026-11.")),
    };
    let last = read("until", &asked.until, today.previous())?;
    let usual = (1..USUAL_MONTHS).fold(last, |month, _| month.previous());
    let first = read("from", &asked.from, usual)?;
    let count = first.through(last).take(MOST_MONTHS + 1).count();
    match count {
        0 => Err(Problems::with(
            "from",
            "The first month comes after the last.",
        )),
        count if count > MOST_MONTHS => {
            Err(Problems::with("from", "Try at most 24 months at once."))
        }
        _ => Ok((first, last)),
    }
}

pub(super) async fn show(
    staff: Staff,
    store: Data<Store>,
    parts: Parts,
    asked: Query<Asked>,
) -> Answer {
    let id: CommissionPlanVersionId = id_of(&parts.1)?;
    let typed = asked.into_inner();
    let wanted = typed.clone();
    let (version, plan, tried) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ViewMoney)?;
            let version = plans::version(tx, id)?;
            let plan = plans::plan(tx, version.plan)?;
            let today = Period::of(vendor::today(tx)?);
            let tried = match months(&wanted, today) {
                Ok(months) => Ok((months, dry_run(tx, id, months)?)),
                Err(why) => Err(why),
            };
            Ok::<_, Error>((version, plan, tried))
        })
        .await?;
    let at = format!("{}/commission-plans", staff.base);
    let mut page = DryRunPage {
        shell: staff.shell(),
        crumbs: vec![
            ("Commission plans".to_owned(), at.clone()),
            (plan.name.clone(), format!("{at}/{}", plan.id)),
        ],
        heading: format!(
            "{}, version {} on past months",
            plan.name, version.version_no
        ),
        answer: String::new(),
        own_href: format!("{}/commission-plan-versions/{id}/dry-run", staff.base),
        asked: typed,
        problems: Problems::default(),
        rows: Vec::new(),
    };
    match tried {
        Ok(((first, last), effects)) => {
            page.asked = Asked {
                from: first.to_string(),
                until: last.to_string(),
            };
            page.answer = answer(&effects);
            page.rows = rows(effects, &staff.base);
            ok(&page)
        }
        Err(why) => {
            page.problems = why;
            unprocessable(&page)
        }
    }
}

/// "3 gain, 1 loses, 2 stay the same."
fn answer(effects: &[Effect]) -> String {
    let said = |sign: i64, one: &str, many: &str| {
        let some = effects
            .iter()
            .filter(|one| one.change_minor().signum() == sign);
        match some.count() {
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        }
    };
    format!(
        "{}, {}, {}, counted by partner and currency.",
        said(1, "gains", "gain"),
        said(-1, "loses", "lose"),
        said(0, "stays the same", "stay the same")
    )
}

fn rows(effects: Vec<Effect>, base: &str) -> Vec<Row> {
    effects
        .into_iter()
        .map(|effect| Row {
            change: Money::new(effect.change_minor(), effect.was.currency()),
            href: format!("{base}/partners/{}", effect.partner),
            effect,
        })
        .collect()
}
