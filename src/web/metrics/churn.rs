//! The churn simulator, the calculator of required new sales, the value of one churn point, and what
//! a customer is worth: on one's own figures, or on any. Everything typed stands in the address.
mod asked;
mod model;

use askama::Template;

pub use asked::Asked;
use asked::Own;
use model::{Reckoned, reckon, years};

use super::{Asked as Narrowed, Look, file, tabs};
use crate::{
    Result,
    domain::{Currency, Problems, metrics::Convention},
    store::{Store, registers::Sees, registers::metrics::histories},
    web::{
        Answer, Shell,
        earnings::Desk,
        page::{ok, query, unprocessable},
    },
};

#[derive(Template)]
#[template(path = "metrics/churn.html")]
struct ChurnPage {
    shell: Shell,
    tabs: Vec<(&'static str, String, bool)>,
    asked: Asked,
    problems: Problems,
    about: String,
    own_href: String,
    preset_href: String,
    csv_href: String,
    currency: Currency,
    conventions: Vec<(&'static str, &'static str)>,
    result: Option<Reckoned>,
}

const PAID: [(&str, &str); 2] = [
    ("advance", "In advance, at the start of each year"),
    ("arrears", "In arrears, at the end of each year"),
];

/// The page.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn index<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let (look, own) = own(store, &desk, &asked).await?;
    let currency = look.filter.currency;
    let about = own.as_ref().map_or(String::new(), |own| own.about.clone());
    let asked = asked.filled(own.as_ref(), currency);
    let path = format!("{}/metrics/churn", desk.base);
    let preset = Asked::default().filled(None, currency);
    let (result, problems) = match asked.read(currency) {
        Ok(model) => (Some(reckon(&model)?), Problems::default()),
        Err(problems) => (None, problems),
    };
    let is_refused = result.is_none();
    let page = ChurnPage {
        tabs: tabs(&desk.base, "/metrics/churn", &Narrowed::default()),
        own_href: format!("{path}?{}", query(&[("currency", currency.code())])),
        preset_href: format!("{path}?{}", query(&preset.pairs())),
        csv_href: format!("{path}.csv?{}", query(&asked.pairs())),
        conventions: Convention::NAMED
            .map(|one| (one.code(), one.words()))
            .to_vec(),
        shell: desk.shell,
        asked,
        problems,
        about,
        currency,
        result,
    };
    match is_refused {
        true => unprocessable(&page),
        false => ok(&page),
    }
}

/// The years as a file.
///
/// # Errors
/// [`crate::Error::Invalid`] for what cannot be reckoned with; [`crate::Error::Forbidden`]; faults.
pub async fn csv<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let (look, own) = own(store, &desk, &asked).await?;
    let currency = look.filter.currency;
    let asked = asked.filled(own.as_ref(), currency);
    let model = asked.read(currency).map_err(crate::Error::Invalid)?;
    let narrowed = Narrowed::default();
    file(store, desk, (narrowed, "churn.csv"), move |_, _| {
        years(&model)
    })
    .await
}

async fn own<S: Sees>(store: &Store, desk: &Desk<S>, asked: &Asked) -> Result<(Look, Option<Own>)> {
    let narrowed = Narrowed {
        currency: asked.currency.clone(),
        ..Narrowed::default()
    };
    desk.read(store, move |tx, calendar| {
        let look = Look::of(tx, calendar, &narrowed)?;
        let found = histories(tx, &look.filter, calendar.today)?;
        let own = Own::of(&look, &found)?;
        Ok((look, own))
    })
    .await
}
