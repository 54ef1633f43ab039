//! What is done with an offering as a whole: published, closed to new customers, retired. What
//! cannot be taken back is confirmed on a page of its own.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;

use super::{Parts, Pressed, id_of};
use crate::{
    Result,
    domain::{OfferingStatus, Permission},
    id::OfferingId,
    services::catalogue::offerings as service,
    store::{Store, Tx, VendorScope, catalogue::offerings, sell::subscriptions},
    web::{
        Answer, Shell,
        admission::Staff,
        form::Typed,
        page::{ok, see_other, see_other_saying},
        words,
    },
};

/// What may be done next with an offering.
pub(super) struct Step {
    pub about: &'static str,
    pub noun: &'static str,
    pub label: &'static str,
    pub possible: bool,
    pub danger: bool,
}

/// The next step of an offering in this status.
pub(super) fn step(status: OfferingStatus, has_published_plan: bool) -> Option<Step> {
    let step = |about, noun, label, possible, danger| {
        Some(Step {
            about,
            noun,
            label,
            possible,
            danger,
        })
    };
    match (status, has_published_plan) {
        (OfferingStatus::Draft, true) => step(
            "Partners do not see this yet.",
            "publication",
            "Publish the offering",
            true,
            false,
        ),
        (OfferingStatus::Draft, false) => step(
            "Add a plan and publish it; then the offering can be published.",
            "publication",
            "Publish the offering",
            false,
            false,
        ),
        (OfferingStatus::Published, _) => step(
            "Closing keeps it for those who have it and takes no new customers.",
            "closing",
            "Close to new customers",
            true,
            true,
        ),
        (OfferingStatus::ClosedToNew, _) => step(
            "Retire it once nobody has it any more.",
            "retirement",
            "Retire",
            true,
            true,
        ),
        (OfferingStatus::Retired, _) => None,
    }
}

#[derive(Template)]
#[template(path = "staff/offerings/step.html")]
struct StepPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    back: String,
    step: Step,
    name: String,
    live: String,
    version: String,
}

/// Asks before a step that cannot be taken back.
async fn confirm(staff: Staff, store: Data<Store>, parts: Parts, from: OfferingStatus) -> Answer {
    let id: OfferingId = id_of(&parts.1)?;
    let (offering, live) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManageCatalogue)?;
            let offering = offerings::offering(tx, id)?;
            Ok((offering, subscriptions::begun_of_offering(tx, id)?))
        })
        .await?;
    let register = format!("{}/offerings", staff.base);
    let back = format!("{register}/{id}");
    // Somebody was faster, or nothing is to be confirmed: the record says how it stands.
    let Some(step) = step(offering.status, true).filter(|_| offering.status == from) else {
        return see_other(&back);
    };
    ok(&StepPage {
        shell: staff.shell(),
        crumbs: vec![
            ("Offerings".to_owned(), register),
            (offering.name.clone(), back.clone()),
        ],
        live: words::count(
            live,
            "subscription that has not ended",
            "subscriptions that have not ended",
        ),
        version: offering.version.to_string(),
        name: offering.name,
        back,
        step,
    })
}

/// Asks before it is closed to new customers.
pub(super) async fn confirm_closing(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    confirm(staff, store, parts, OfferingStatus::Published).await
}

/// Asks before it is retired.
pub(super) async fn confirm_retirement(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    confirm(staff, store, parts, OfferingStatus::ClosedToNew).await
}

type Turn = fn(&mut Tx<'_, VendorScope>, OfferingId, i32) -> Result<()>;

async fn turn(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    pressed: Pressed,
    (turn, said): (Turn, &str),
) -> Answer {
    let id: OfferingId = id_of(&parts.1)?;
    let version = pressed.version();
    store
        .write(staff.scope.clone(), move |tx| turn(tx, id, version))
        .await?;
    see_other_saying(&session, &format!("{}/offerings/{id}", staff.base), said)
}

/// Shows it to partners.
pub(super) async fn publish(
    staff: Staff,
    doors: (Data<Store>, Session),
    parts: Parts,
    Typed(pressed): Typed<Pressed>,
) -> Answer {
    turn(
        staff,
        doors,
        parts,
        pressed,
        (service::publish, "Published: partners see it now."),
    )
    .await
}

/// Takes no new customers for it from now on.
pub(super) async fn close(
    staff: Staff,
    doors: (Data<Store>, Session),
    parts: Parts,
    Typed(pressed): Typed<Pressed>,
) -> Answer {
    turn(
        staff,
        doors,
        parts,
        pressed,
        (service::close_to_new, "Closed to new customers."),
    )
    .await
}

/// Takes it off the shelf.
pub(super) async fn retire(
    staff: Staff,
    doors: (Data<Store>, Session),
    parts: Parts,
    Typed(pressed): Typed<Pressed>,
) -> Answer {
    turn(staff, doors, parts, pressed, (service::retire, "Retired.")).await
}
