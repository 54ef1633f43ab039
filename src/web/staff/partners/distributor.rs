//! The distributor above a partner: who it is, and what it earns on what the partner sells.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::{Parts, called::Called, partner};
use crate::{
    Error, Result,
    domain::{Permission, Problems, Rate, read_date},
    id::PartnerId,
    services::incentivize::distributors::{self as service, Share, how},
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        incentivize::distributors::{self, Link},
        recruit::partners,
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
    },
};

/// A place below a distributor as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PlaceForm {
    distributor: String,
    how: String,
    rate: String,
    from: String,
    form_id: String,
}

/// A link as it is shown.
struct LinkRow {
    name: String,
    href: String,
    gets: String,
    from: NaiveDate,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "partners/distributor.html")]
struct DistributorPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    name: String,
    may_manage: bool,
    action: String,
    cancel: String,
    above: Vec<LinkRow>,
    below: Vec<LinkRow>,
    known: Vec<(String, String)>,
    hows: Vec<(String, String)>,
    typed: PlaceForm,
    problems: Problems,
}

const HOWS: [(&str, &str); 2] = [
    ("on_revenue", "A share of the revenue, on top"),
    (
        "carved_out",
        "A share of this partner’s commission, out of it",
    ),
];

/// Who is above a partner, in a few words.
pub(super) fn standing(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<String> {
    let today = vendor::today(tx)?;
    let links = distributors::of(tx, &[id])?.remove(&id).unwrap_or_default();
    let below = distributors::below(tx, id)?;
    let above = distributors::on(&links, today).and_then(|link| link.distributor_id);
    Ok(match above {
        Some(above) => format!("Sells through {}", partners::partner(tx, above)?.name),
        None if !below.is_empty() => "Distributor of others".to_owned(),
        None => "No distributor".to_owned(),
    })
}

/// What the page is made from.
struct Found {
    name: String,
    above: Vec<Link>,
    below: Vec<Link>,
    names: Vec<(PartnerId, String)>,
    known: Vec<String>,
    today: NaiveDate,
}

fn find(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<Found> {
    tx.allow(Permission::ViewPartners)?;
    let above = distributors::of(tx, &[id])?.remove(&id).unwrap_or_default();
    let below = distributors::below(tx, id)?;
    let ids = above.iter().filter_map(|link| link.distributor_id);
    let ids: Vec<PartnerId> = ids
        .chain(below.iter().map(|link| link.partner_id))
        .collect();
    Ok(Found {
        name: partners::partner(tx, id)?.name,
        names: partners::names(tx, &ids)?,
        known: Called::of(tx, "")?.known,
        today: vendor::today(tx)?,
        above,
        below,
    })
}

impl Found {
    fn row(&self, base: &str, (link, other): (&Link, Option<PartnerId>)) -> LinkRow {
        let is_above = other == link.distributor_id;
        let current = distributors::on(&self.above, self.today).map(|one| one.id);
        let name = |id: PartnerId| {
            let name = self.names.iter().find(|(known, _)| *known == id);
            name.map_or_else(String::new, |(_, name)| name.clone())
        };
        LinkRow {
            name: other.map_or_else(|| "None".to_owned(), name),
            href: other.map_or_else(String::new, |id| format!("{base}/partners/{id}")),
            gets: other.map_or_else(String::new, |_| how(link)),
            from: link.effective_from,
            is_current: is_above && Some(link.id) == current,
        }
    }
}

async fn page(
    visitor: &Staff,
    store: &Store,
    id: PartnerId,
    (typed, problems): (PlaceForm, Problems),
) -> Result<DistributorPage> {
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, id))
        .await?;
    let base = visitor.base.clone();
    let href = format!("{base}/partners/{id}");
    let above = found.above.iter();
    let below = found.below.iter();
    let or = |typed: &str, other: String| match typed {
        "" => other,
        typed => typed.to_owned(),
    };
    Ok(DistributorPage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Partners".to_owned(), format!("{base}/partners")),
            (found.name.clone(), href.clone()),
        ],
        may_manage: visitor.may(Permission::ManagePartners),
        action: format!("{href}/distributor"),
        cancel: href,
        above: above
            .map(|link| found.row(&base, (link, link.distributor_id)))
            .collect(),
        below: below
            .map(|link| found.row(&base, (link, Some(link.partner_id))))
            .collect(),
        known: found
            .known
            .iter()
            .map(|name| (name.clone(), String::new()))
            .collect(),
        hows: HOWS
            .map(|(code, words)| (code.to_owned(), words.to_owned()))
            .to_vec(),
        typed: PlaceForm {
            how: or(&typed.how, HOWS[0].0.to_owned()),
            from: or(&typed.from, found.today.to_string()),
            form_id: fresh_form_id()?,
            ..typed
        },
        name: found.name,
        problems,
    })
}

/// The page.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    ok(&page(&visitor, &store, partner(&parts)?, Default::default()).await?)
}

fn read(tx: &mut Tx<'_, VendorScope>, typed: &PlaceForm) -> Result<(Option<Share>, NaiveDate)> {
    let mut problems = Problems::default();
    let from = problems.check("from", read_date(&typed.from));
    let called = Called::of(tx, &typed.distributor)?;
    if !called.problem.is_empty() {
        problems.add("distributor", called.problem);
    }
    let is_known = HOWS.iter().any(|(code, _)| *code == typed.how);
    if !is_known {
        problems.add("how", "Choose one of the two.");
    }
    let share = match called.id {
        None => None,
        Some(distributor) => {
            let rate = problems.check("rate", typed.rate.parse::<Rate>());
            rate.map(|rate| Share {
                distributor,
                is_carved: typed.how == "carved_out",
                rate,
            })
        }
    };
    match from {
        Some(from) if problems.is_empty() => Ok((share, from)),
        _ => Err(Error::Invalid(problems)),
    }
}

/// Puts the partner below a distributor, or below none.
pub(super) async fn place(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<PlaceForm>,
) -> Answer {
    visitor.needs(Permission::ManagePartners)?;
    let id = partner(&parts)?;
    let to = format!("{}/partners/{id}/distributor", visitor.base);
    let form = typed.clone();
    let placed = store
        .write(visitor.scope.clone(), move |tx| {
            once(tx, &form.form_id, |tx| {
                let (below, from) = read(tx, &form)?;
                service::place(tx, id, below, from)?;
                Ok(to.clone())
            })
        })
        .await;
    match placed {
        Ok(to) => see_other_saying(&session, &to, "The distributor was changed."),
        Err(Error::Invalid(problems)) => {
            unprocessable(&page(&visitor, &store, id, (typed, problems)).await?)
        }
        Err(other) => Err(other.into()),
    }
}
