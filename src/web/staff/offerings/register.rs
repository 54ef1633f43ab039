//! The register of offerings.
use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::choices;
use crate::{
    domain::{OfferingStatus, Permission},
    store::{
        Store, Tx, VendorScope,
        catalogue::{offerings, offerings::Offering},
        paging::Cursor,
    },
    web::{
        Answer, Shell,
        admission::Staff,
        list::count_words,
        page::{ok, query},
    },
};

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

/// The register.
pub(super) async fn index(
    staff: Staff,
    store: Data<Store>,
    Query(typed): Query<Filters>,
) -> Answer {
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
    let shown = page.rows.len();
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
        count: count_words(shown, count, ("offering", "offerings")),
        previous,
        next,
    })
}
