//! Offerings: what partners may resell.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};
use askama::Template;
use serde::Deserialize;

use super::{plans, sla_policies};
use crate::{
    Error, Result,
    domain::{DeliveryParty, LongText, Name, OfferingStatus, Permission, Problems},
    id::{OfferingId, SlaPolicyId},
    services::catalogue::offerings::{self as service, Draft},
    store::{
        Platform, Store, Tx, VendorScope,
        catalogue::{offerings, offerings::Offering, plans as plan_rows, sla},
        paging::Cursor,
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::{Typed, fresh_form_id, once},
        history::{self, HistoryRow},
        page::{ok, query, see_other, see_other_saying, unprocessable},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/offerings")
                .route(get().to(index))
                .route(post().to(create)),
        )
        .service(resource("/offerings/new").route(get().to(new)))
        .service(
            resource("/offerings/{offering}")
                .route(get().to(show))
                .route(post().to(update)),
        )
        .service(resource("/offerings/{offering}/edit").route(get().to(edit)))
        .service(resource("/offerings/{offering}/publication").route(post().to(publish)))
        .service(resource("/offerings/{offering}/closing").route(post().to(close)))
        .service(resource("/offerings/{offering}/retirement").route(post().to(retire)));
}

/// The pill of a status.
pub fn kind(status: &OfferingStatus) -> &'static str {
    match status {
        OfferingStatus::Draft => "info",
        OfferingStatus::Published => "good",
        OfferingStatus::ClosedToNew => "watch",
        OfferingStatus::Retired => "plain",
    }
}

/// What the list is narrowed to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    status: String,
    from: String,
}

#[derive(Template)]
#[template(path = "staff/offerings/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    answer: String,
    may_edit: bool,
    clear_href: String,
    q: String,
    status: String,
    statuses: Vec<(String, String)>,
    rows: Vec<Offering>,
    count: String,
    previous: Option<String>,
    next: Option<String>,
}

async fn index(staff: Staff, store: Data<Store>, Query(typed): Query<Filters>) -> Answer {
    let filter = offerings::Filter {
        search: typed.q.clone(),
        status: typed.status.parse().ok(),
    };
    let from = Cursor::read(&typed.from);
    let (page, count) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ViewCatalogue)?;
            let page = offerings::register(tx, &filter, from.as_ref())?;
            Ok((page, offerings::count(tx, &filter)?))
        })
        .await?;
    let at = format!("{}/offerings", staff.base);
    let link = |cursor: Cursor| {
        let from = cursor.to_string();
        format!(
            "{at}?{}",
            query(&[("q", &typed.q), ("status", &typed.status), ("from", &from)])
        )
    };
    let (previous, next) = (page.previous.map(link), page.next.map(link));
    ok(&IndexPage {
        shell: staff.shell(),
        may_edit: staff.may(Permission::ManageCatalogue),
        base: staff.base,
        answer: "What partners may resell.".to_owned(),
        clear_href: at,
        statuses: choices(
            "Any status",
            OfferingStatus::ALL,
            OfferingStatus::code,
            OfferingStatus::label,
        ),
        q: typed.q,
        status: typed.status,
        rows: page.rows,
        count: format!("{count} offerings"),
        previous,
        next,
    })
}

/// Options of a choice, the first for none.
pub fn choices<T: Copy>(
    none: &str,
    all: &[T],
    code: impl Fn(T) -> &'static str,
    label: impl Fn(T) -> &'static str,
) -> Vec<(String, String)> {
    let first = (!none.is_empty()).then(|| (String::new(), none.to_owned()));
    let rest = all
        .iter()
        .map(|one| (code(*one).to_owned(), label(*one).to_owned()));
    first.into_iter().chain(rest).collect()
}

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
        form_id: fresh_form_id()?,
    })
}

async fn new(staff: Staff, store: Data<Store>) -> Answer {
    ok(&edit_page(&staff, &store, None, None).await?)
}

async fn create(staff: Staff, store: Data<Store>, Typed(typed): Typed<OfferingForm>) -> Answer {
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

/// The id in an address, or a page that does not exist.
pub fn id_of<T: crate::id::Named>(text: &str) -> Result<crate::id::Id<T>> {
    text.parse().map_err(|_| Error::NotFound)
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
            "Saved.",
        ),
        Err(Error::Invalid(problems)) => {
            unprocessable(&edit_page(&staff, &store, Some(id), Some((typed, problems))).await?)
        }
        Err(other) => Err(other.into()),
    }
}

/// What may be done next with an offering.
struct Step {
    about: &'static str,
    noun: &'static str,
    label: &'static str,
    possible: bool,
    danger: bool,
}

fn step(status: OfferingStatus, has_published_plan: bool) -> Option<Step> {
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
#[template(path = "staff/offerings/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    may_edit: bool,
    version: String,
    offering: Offering,
    policy_name: String,
    step: Option<Step>,
    plans: Vec<plans::PlanView>,
    targets: Vec<String>,
    history: Vec<HistoryRow>,
}

async fn show(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let zone = staff.zone();
    let id: OfferingId = id_of(&parts.1)?;
    let (offering, policy, plans, history) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ViewCatalogue)?;
            let offering = offerings::offering(tx, id)?;
            let policy = offering
                .sla_policy
                .map(|id| sla::policy(tx, id))
                .transpose()?;
            let mut plans = Vec::new();
            for plan in plan_rows::plans_of(tx, id)? {
                let versions = plan_rows::versions_of(tx, plan.id)?;
                plans.push(plans::PlanView::of(plan, versions));
            }
            let history = VendorScope::history(tx, id.number())?;
            Ok((offering, policy, plans, history))
        })
        .await?;
    let mut plans = plans;
    for plan in &mut plans {
        plan.form_id = fresh_form_id()?;
    }
    let has_published = plans.iter().any(plans::PlanView::is_sold);
    ok(&ShowPage {
        shell: staff.shell(),
        may_edit: staff.may(Permission::ManageCatalogue),
        crumbs: vec![("Offerings".to_owned(), format!("{}/offerings", staff.base))],
        base: staff.base,
        version: offering.version.to_string(),
        step: step(offering.status, has_published),
        policy_name: policy
            .as_ref()
            .map_or("None".to_owned(), |policy| policy.name.clone()),
        targets: policy
            .map(|p| sla_policies::sentences(&p.targets))
            .unwrap_or_default(),
        offering,
        plans,
        history: history::rows(history, zone),
    })
}

/// Which version of a record a button was pressed on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pressed {
    version: String,
}

impl Pressed {
    /// The version; one that cannot be read is stale.
    pub fn version(&self) -> i32 {
        self.version.parse().unwrap_or_default()
    }
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

async fn publish(
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

async fn close(
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

async fn retire(
    staff: Staff,
    doors: (Data<Store>, Session),
    parts: Parts,
    Typed(pressed): Typed<Pressed>,
) -> Answer {
    turn(staff, doors, parts, pressed, (service::retire, "Retired.")).await
}
