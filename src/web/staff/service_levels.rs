//! Service levels on the vendor's side: what was kept, and what happened.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};
use chrono::NaiveDateTime;
use serde::Deserialize;

use crate::{
    Error,
    domain::{LongText, Period, Permission, Problems, SlaEventKind, Zone, sla::Span},
    id::{OfferingId, SlaEventId},
    services::catalogue::service_levels::{self as service, NewEvent},
    store::{Store, registers::calendar},
    web::{
        Answer,
        admission::Staff,
        earnings::{
            Desk, id,
            service_levels::{self, Asked, EventForm},
        },
        form::{Typed, once},
        page::see_other_saying,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/service-levels")
                .route(get().to(index))
                .route(post().to(record)),
        )
        .service(resource("/service-levels.csv").route(get().to(file)))
        .service(resource("/service-levels/{offering}/months/{month}").route(post().to(complete)))
        .service(resource("/service-levels/{sla_event}/withdrawal").route(post().to(withdraw)));
}

fn desk(staff: Staff) -> Desk<crate::store::VendorScope> {
    Desk::of_staff(staff).needing(Permission::ViewCatalogue)
}

async fn index(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    let nothing = (EventForm::default(), Problems::default());
    service_levels::index(&store, desk(staff), asked.into_inner(), nothing).await
}

async fn file(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    service_levels::file(&store, desk(staff), asked.into_inner()).await
}

fn read(typed: &EventForm, zone: Zone) -> Result<NewEvent, Problems> {
    let mut problems = Problems::default();
    let offering = typed.offering.parse::<OfferingId>();
    let offering = problems.check("offering", offering.map_err(|_| "Choose a service."));
    let kind = problems.check("kind", typed.kind.parse::<SlaEventKind>());
    let mut at = |field: &'static str, typed: &str| {
        let local = NaiveDateTime::parse_from_str(typed.trim(), "%Y-%m-%dT%H:%M")
            .or_else(|_| NaiveDateTime::parse_from_str(typed.trim(), "%Y-%m-%dT%H:%M:%S"));
        let local = local
            .ok()
            .filter(|at| crate::domain::read_date(&at.date().to_string()).is_ok());
        let read = local.ok_or("Give a day and a time, such as 2026-11-03T14:05.");
        problems.check(field, read).map(|local| zone.instant(local))
    };
    let from = at("began_at", &typed.began_at);
    let to = at("ended_at", &typed.ended_at);
    let announced_at = match typed.announced_at.trim() {
        "" => None,
        typed => at("announced_at", typed),
    };
    let note = problems.check("note", typed.note.parse::<LongText>());
    match (offering, kind, from.zip(to), note, problems.is_empty()) {
        (Some(offering), Some(kind), Some((from, to)), Some(note), true) => Ok(NewEvent {
            external_id: None,
            offering,
            kind,
            span: Span { from, to },
            announced_at,
            note,
        }),
        _ => Err(problems),
    }
}

async fn record(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<EventForm>,
) -> Answer {
    if !staff.may(Permission::ManageCatalogue) {
        return Err(Error::Forbidden.into());
    }
    let base = staff.base.clone();
    let form = typed.clone();
    let done = store
        .write(staff.scope.clone(), move |tx| {
            tx.allow(Permission::ManageCatalogue)?;
            let zone = calendar(tx)?.zone;
            let new = read(&form, zone).map_err(Error::Invalid)?;
            once(tx, &form.form_id, |tx| {
                service::record(tx, &new)?;
                // Where it stands now, whatever month was looked at.
                let month = Period::of(zone.local(new.span.from).date());
                Ok(format!("{base}/service-levels?month={month}"))
            })
        })
        .await;
    match done {
        Ok(to) => see_other_saying(&session, &to, "The event is recorded."),
        Err(Error::Invalid(problems)) => {
            let asked = Asked {
                month: typed.month.clone(),
            };
            service_levels::index(&store, desk(staff), asked, (typed, problems)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn complete(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    path: Path<(String, String, String)>,
) -> Answer {
    let offering: OfferingId = id(&path.1)?;
    let month: Period = id(&path.2)?;
    let to = format!("{}/service-levels?month={month}", staff.base);
    store
        .write(staff.scope, move |tx| {
            service::complete(tx, offering, month)
        })
        .await?;
    see_other_saying(&session, &to, "The month counts as measured.")
}

/// The month that was looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WithdrawForm {
    month: String,
}

async fn withdraw(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    path: Path<(String, String)>,
    Typed(typed): Typed<WithdrawForm>,
) -> Answer {
    let event: SlaEventId = id(&path.1)?;
    let month = typed.month.parse::<Period>();
    let month = month.map_or_else(|_| String::new(), |month| format!("?month={month}"));
    let to = format!("{}/service-levels{month}", staff.base);
    store
        .write(staff.scope, move |tx| service::withdraw(tx, event))
        .await?;
    see_other_saying(&session, &to, "The event is withdrawn and counts no more.")
}
