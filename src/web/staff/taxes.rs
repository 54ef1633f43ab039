//! The tax rates of countries, as finance and programme admins see and set them.
use actix_session::Session;
use actix_web::web::{Data, ServiceConfig, get, post, resource};
use askama::Template;
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{CountryCode, Permission, Problems, Rate, TaxRate, read_date},
    services::sell::taxes as service,
    store::{
        Store,
        sell::taxes::{self, CountryRate},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::Typed,
        page::{ok, see_other_saying, unprocessable},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/settings/tax-rates")
            .route(get().to(index))
            .route(post().to(set)),
    );
}

/// A rate as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateForm {
    country: String,
    name: String,
    rate: String,
    from: String,
}

/// A rate as it is shown.
struct Row {
    one: CountryRate,
    /// The day before the next one of its country.
    until: Option<chrono::NaiveDate>,
}

#[derive(Template)]
#[template(path = "staff/settings/taxes.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    rows: Vec<Row>,
    typed: RateForm,
    problems: Problems,
}

async fn page(
    staff: &Staff,
    store: &Store,
    (typed, problems): (RateForm, Problems),
) -> Result<IndexPage> {
    let rates = store
        .read(staff.scope.clone(), |tx| {
            tx.allow(Permission::ManageSettings)?;
            taxes::all(tx)
        })
        .await?;
    // By country, the latest first: the one before in the list is the next in time.
    let mut rows: Vec<Row> = Vec::new();
    for one in rates {
        let next = rows.last().filter(|row| row.one.country == one.country);
        let until = next.and_then(|row| row.one.rate.from.pred_opt());
        rows.push(Row { one, until });
    }
    Ok(IndexPage {
        shell: staff.shell(),
        crumbs: vec![("Settings".to_owned(), format!("{}/settings", staff.base))],
        base: staff.base.clone(),
        rows,
        typed,
        problems,
    })
}

async fn index(staff: Staff, store: Data<Store>) -> Answer {
    let empty = (RateForm::default(), Problems::default());
    ok(&page(&staff, &store, empty).await?)
}

impl RateForm {
    fn read(&self) -> Result<(CountryCode, TaxRate), Problems> {
        let mut problems = Problems::default();
        let country = problems.check("country", self.country.parse::<CountryCode>());
        let name = problems.check("name", service::name(&self.name));
        let rate = problems.check("rate", self.rate.parse::<Rate>());
        let from = problems.check("from", read_date(&self.from));
        match (country, name, rate, from) {
            (Some(country), Some(name), Some(rate), Some(from)) => {
                Ok((country, TaxRate { name, rate, from }))
            }
            _ => Err(problems),
        }
    }
}

async fn set(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<RateForm>,
) -> Answer {
    let done = match typed.read() {
        Err(problems) => Err(Error::Invalid(problems)),
        Ok((country, rate)) => {
            store
                .write(staff.scope.clone(), move |tx| {
                    service::set(tx, &country, &rate)
                })
                .await
        }
    };
    match done {
        Ok(()) => {
            let to = format!("{}/settings/tax-rates", staff.base);
            see_other_saying(&session, &to, "The tax rate was set.")
        }
        Err(Error::Invalid(problems)) => {
            unprocessable(&page(&staff, &store, (typed, problems)).await?)
        }
        Err(error) => Err(error.into()),
    }
}
