//! Partner tiers.
use actix_session::Session;
use actix_web::web::{Data, Path, ServiceConfig, get, post, resource};
use askama::Template;
use serde::Deserialize;

use super::offerings::id_of;
use crate::{
    Error, Result,
    domain::{Name, Permission, Problems},
    id::TierId,
    services::incentivize::tiers::{self as service, Draft},
    store::{Platform, Store, Tx, VendorScope, account::vendor, incentivize::tiers},
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Typed, fresh_form_id, once},
        history::{self, HistoryRow},
        page::{ok, see_other_saying, unprocessable},
        stale::{Differing, conflict, differing},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/tiers")
                .route(get().to(index))
                .route(post().to(create)),
        )
        .service(
            resource("/tiers/{tier}")
                .route(get().to(edit))
                .route(post().to(update)),
        );
}

/// The form as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TierForm {
    name: String,
    rank: String,
    version: String,
    form_id: String,
}

impl TierForm {
    fn read(&self) -> Result<Draft, Problems> {
        let mut problems = Problems::default();
        let name = problems.check("name", self.name.parse::<Name>());
        let rank = self.rank.trim().parse::<i32>();
        let rank = problems.check("rank", rank.map_err(|_| "Give a whole number."));
        match name.zip(rank) {
            Some((name, rank)) => Ok(Draft { name, rank }),
            None => Err(problems),
        }
    }
}

struct TierRow {
    id: TierId,
    name: String,
    rank: i32,
    partners: usize,
}

#[derive(Template)]
#[template(path = "staff/tiers/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    may_edit: bool,
    rows: Vec<TierRow>,
    problems: Problems,
    typed: TierForm,
    form_id: String,
}

#[derive(Template)]
#[template(path = "staff/tiers/edit.html")]
struct EditPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    heading: String,
    action: String,
    cancel_href: String,
    problems: Problems,
    typed: TierForm,
    both: Option<Vec<Differing>>,
    history: Vec<HistoryRow>,
}

async fn index_page(
    staff: &Staff,
    store: &Store,
    typed: TierForm,
    problems: Problems,
) -> Result<IndexPage> {
    let rows = store
        .read(staff.scope.clone(), |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ViewPartners)?;
            let today = vendor::today(tx)?;
            let mut rows = Vec::new();
            for tier in tiers::tiers(tx)? {
                rows.push(TierRow {
                    partners: tiers::members(tx, tier.id, today)?.len(),
                    id: tier.id,
                    name: tier.name,
                    rank: tier.rank,
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
        typed,
        form_id: fresh_form_id()?,
    })
}

async fn index(staff: Staff, store: Data<Store>) -> Answer {
    ok(&index_page(&staff, &store, TierForm::default(), Problems::default()).await?)
}

async fn create(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<TierForm>,
) -> Answer {
    staff.needs(Permission::ManageCommissionPlans)?;
    let made = match typed.read() {
        Ok(draft) => {
            let (form_id, to) = (typed.form_id.clone(), format!("{}/tiers", staff.base));
            store
                .write(staff.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        service::add(tx, &draft)?;
                        Ok(to.clone())
                    })
                })
                .await
        }
        Err(problems) => Err(Error::Invalid(problems)),
    };
    match made {
        Ok(to) => see_other_saying(&session, &to, "The tier was added."),
        Err(Error::Invalid(problems)) => {
            unprocessable(&index_page(&staff, &store, typed, problems).await?)
        }
        Err(other) => Err(other.into()),
    }
}

type Parts = Path<(String, String)>;

async fn edit_page(
    staff: &Staff,
    store: &Store,
    id: TierId,
    again: Option<(TierForm, Problems)>,
) -> Result<EditPage> {
    let (tier, history) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManageCommissionPlans)?;
            let tier = tiers::tiers(tx)?.into_iter().find(|tier| tier.id == id);
            let tier = tier.ok_or(Error::NotFound)?;
            Ok((tier, VendorScope::history(tx, id.number())?))
        })
        .await?;
    let at = format!("{}/tiers", staff.base);
    let typed = TierForm {
        name: tier.name.clone(),
        rank: tier.rank.to_string(),
        version: tier.version.to_string(),
        form_id: String::new(),
    };
    let (typed, problems) = again.unwrap_or((typed, Problems::default()));
    Ok(EditPage {
        shell: staff.shell(),
        crumbs: vec![("Tiers".to_owned(), at.clone())],
        heading: tier.name,
        action: format!("{at}/{id}"),
        cancel_href: at,
        problems,
        typed,
        both: None,
        history: history::rows(history, staff.zone()),
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
    Typed(typed): Typed<TierForm>,
) -> Answer {
    let id: TierId = id_of(&parts.1)?;
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
            &format!("{}/tiers", staff.base),
            "The tier was saved.",
        ),
        Err(Error::Invalid(problems)) => {
            unprocessable(&edit_page(&staff, &store, id, Some((typed, problems))).await?)
        }
        Err(Error::Conflict(why)) => overtaken((&staff, &store), id, typed, why).await,
        Err(other) => Err(other.into()),
    }
}

/// The form again, over what someone else has saved.
async fn overtaken(
    (staff, store): (&Staff, &Store),
    id: TierId,
    mut typed: TierForm,
    why: String,
) -> Answer {
    let mut page = edit_page(staff, store, id, None).await?;
    if page.typed.version == typed.version {
        return Err(Error::Conflict(why).into());
    }
    typed.version.clone_from(&page.typed.version);
    let theirs = std::mem::replace(&mut page.typed, typed);
    page.both = Some(differing(&[
        ("Name", &theirs.name, &page.typed.name),
        ("Rank", &theirs.rank, &page.typed.rank),
    ]));
    conflict(&page)
}
