//! The form of an SLA policy: its calendar, its limits and its promises.
mod fields;

use actix_session::Session;
use actix_web::web::{Data, Path};
use askama::Template;

use self::fields::{TargetRow, known, on_the_form, read, target_rows, typed_of, typed_terms};
use super::{limits, sentences};
use crate::{
    Error, Result,
    domain::{
        Permission, Problems, SlaCalendar, SlaMetric, TicketSeverity, Zone, date_words,
        sla::{Liability, Terms},
    },
    id::SlaPolicyId,
    services::catalogue::sla as service,
    store::{
        Platform, Store, Tx, VendorScope,
        catalogue::sla::{self, Target},
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

fn zones() -> Vec<(String, String)> {
    let names = Zone::names().map(|name| (name.to_owned(), name.to_owned()));
    std::iter::once((String::new(), "The vendor's own".to_owned()))
        .chain(names)
        .collect()
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
