//! Adding an offering and changing its record.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{Parts, choices, id_of};
use crate::{
    Error, Result,
    domain::{DeliveryParty, LongText, Name, Permission, Problems},
    id::{OfferingId, SlaPolicyId},
    services::catalogue::offerings::{self as service, Draft},
    store::{
        Store, Tx, VendorScope,
        catalogue::{offerings, offerings::Offering, sla},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other, see_other_saying, unprocessable},
        stale::{Differing, Said, between, chosen, conflict},
    },
};

/// The form as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfferingForm {
    name: String,
    category: String,
    summary: String,
    delivery: String,
    sla_policy: String,
    version: String,
    form_id: String,
}

impl OfferingForm {
    fn of(offering: Offering) -> Self {
        Self {
            name: offering.name,
            category: offering.category,
            summary: offering.summary,
            delivery: offering.delivery.code().to_owned(),
            sla_policy: offering
                .sla_policy
                .map(|id| id.to_string())
                .unwrap_or_default(),
            version: offering.version.to_string(),
            form_id: String::new(),
        }
    }
    fn read(&self) -> Result<Draft, Problems> {
        let mut problems = Problems::default();
        let name = problems.check("name", self.name.parse::<Name>());
        let category = problems.check("category", self.category.parse::<Name>());
        let summary = problems.check("summary", self.summary.parse::<LongText>());
        if self.summary.trim().is_empty() {
            problems.add("summary", "Say what it is, in a sentence.");
        }
        let delivery = problems.check("delivery", self.delivery.parse::<DeliveryParty>());
        let policy = match self.sla_policy.as_str() {
            "" => Some(None),
            id => problems.check(
                "sla_policy",
                id.parse::<SlaPolicyId>()
                    .map(Some)
                    .map_err(|_| "Choose one of the policies."),
            ),
        };
        match (name, category, summary, delivery, policy) {
            (Some(name), Some(category), Some(summary), Some(delivery), Some(sla_policy))
                if problems.is_empty() =>
            {
                Ok(Draft {
                    name,
                    category,
                    summary,
                    delivery,
                    sla_policy,
                })
            }
            _ => Err(problems),
        }
    }
}

#[derive(Template)]
#[template(path = "staff/offerings/edit.html")]
struct EditPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    heading: String,
    answer: String,
    action: String,
    cancel_href: String,
    deliveries: Vec<(String, String)>,
    policies: Vec<(String, String)>,
    problems: Problems,
    typed: OfferingForm,
    both: Option<Vec<Differing>>,
    form_id: String,
}

async fn edit_page(
    staff: &Staff,
    store: &Store,
    id: Option<OfferingId>,
    typed: Option<(OfferingForm, Problems)>,
) -> Result<EditPage> {
    let (old, policies) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManageCatalogue)?;
            let old = id.map(|id| offerings::offering(tx, id)).transpose()?;
            Ok((old, sla::policies(tx)?))
        })
        .await?;
    let at = format!("{}/offerings", staff.base);
    let own = id.map_or_else(|| at.clone(), |id| format!("{at}/{id}"));
    let heading = old.as_ref().map_or("New offering".to_owned(), |old| {
        format!("Edit {}", old.name)
    });
    let (typed, problems) = typed.unwrap_or_else(|| {
        let typed = old.map(OfferingForm::of).unwrap_or_default();
        (typed, Problems::default())
    });
    let none = (String::new(), "None".to_owned());
    let policies = policies
        .into_iter()
        .map(|policy| (policy.id.to_string(), policy.name));
    Ok(EditPage {
        shell: staff.shell(),
        crumbs: vec![("Offerings".to_owned(), at)],
        heading,
        answer: "Partners see this as you write it.".to_owned(),
        action: own.clone(),
        cancel_href: own,
        deliveries: choices(
            "",
            DeliveryParty::ALL,
            DeliveryParty::code,
            DeliveryParty::label,
        ),
        policies: std::iter::once(none).chain(policies).collect(),
        problems,
        typed,
        both: None,
        form_id: fresh_form_id()?,
    })
}

/// The form for a new offering.
pub(super) async fn new(staff: Staff, store: Data<Store>) -> Answer {
    ok(&edit_page(&staff, &store, None, None).await?)
}

/// Adds an offering.
pub(super) async fn create(
    staff: Staff,
    store: Data<Store>,
    Typed(typed): Typed<OfferingForm>,
) -> Answer {
    let made = match typed.read() {
        Ok(draft) => {
            let (form_id, at) = (typed.form_id.clone(), format!("{}/offerings", staff.base));
            store
                .write(staff.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        let id = service::add(tx, &draft)?;
                        Ok(format!("{at}/{id}"))
                    })
                })
                .await
        }
        Err(problems) => Err(Error::Invalid(problems)),
    };
    match made {
        Ok(to) => see_other(&to),
        Err(Error::Invalid(problems)) => {
            unprocessable(&edit_page(&staff, &store, None, Some((typed, problems))).await?)
        }
        Err(other) => Err(other.into()),
    }
}

/// The form for an offering's record.
pub(super) async fn edit(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id = id_of(&parts.1)?;
    ok(&edit_page(&staff, &store, Some(id), None).await?)
}

/// Saves an offering's record.
pub(super) async fn update(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<OfferingForm>,
) -> Answer {
    let id: OfferingId = id_of(&parts.1)?;
    let version = typed.version.parse().unwrap_or_default();
    let changed = match typed.read() {
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
            &format!("{}/offerings/{id}", staff.base),
            "The offering was saved.",
        ),
        Err(Error::Invalid(problems)) => {
            unprocessable(&edit_page(&staff, &store, Some(id), Some((typed, problems))).await?)
        }
        Err(Error::Conflict(why)) => overtaken((&staff, &store), id, typed, why).await,
        Err(other) => Err(other.into()),
    }
}

impl EditPage {
    /// What the form says now.
    fn said(&self) -> Said {
        let OfferingForm {
            name,
            category,
            summary,
            ..
        } = self.typed.clone();
        let delivery = chosen(&self.deliveries, &self.typed.delivery);
        let policy = chosen(&self.policies, &self.typed.sla_policy);
        [
            ("Name", name),
            ("Category", category),
            ("What it is", summary),
            ("Delivered by", delivery),
            ("SLA policy", policy),
        ]
        .map(|(label, value)| (label.to_owned(), value))
        .to_vec()
    }
}

/// The form again, over what someone else has saved.
async fn overtaken(
    (staff, store): (&Staff, &Store),
    id: OfferingId,
    mut typed: OfferingForm,
    why: String,
) -> Answer {
    let mut page = edit_page(staff, store, Some(id), None).await?;
    if page.typed.version == typed.version {
        return Err(Error::Conflict(why).into());
    }
    let theirs = page.said();
    typed.version.clone_from(&page.typed.version);
    page.typed = typed;
    page.both = Some(between(&theirs, &page.said()));
    conflict(&page)
}
