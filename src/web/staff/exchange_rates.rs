//! The exchange rates a vendor keeps: their register, and one by hand.
use std::collections::HashSet;

use actix_session::Session;
use actix_web::web::{Data, Query, ServiceConfig, get, post, resource};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{
        Currency, Name, Permission, Problems, counted, date_words, payable::FxRate, read_date,
    },
    id::FxRateId,
    services::incentivize::currencies::{self as service, NewRate},
    store::{
        Store,
        account::vendor,
        incentivize::fx_rates::{self, DayRate},
        paging::{Count, Cursor, Page},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings, filters,
        form::{Typed, fresh_form_id, once},
        list::{Address, Pager, count_words},
        page::{ok, see_other_saying, unprocessable},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/exchange-rates")
            .route(get().to(index))
            .route(post().to(set)),
    );
}

/// The register's address, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    currency: String,
    at: String,
}

/// A rate as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RateForm {
    from: String,
    to: String,
    rate: String,
    on: String,
    source: String,
    /// Set where commission of later days may take this rate for good.
    despite: String,
    form_id: String,
}

/// A rate as it is shown.
struct Row {
    one: DayRate,
    rate: FxRate,
    is_used: bool,
}

#[derive(Template)]
#[template(path = "staff/exchange_rates/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    may_manage: bool,
    asked: Asked,
    rows: Vec<Row>,
    count: String,
    clear_href: String,
    pager: Pager,
    typed: RateForm,
    problems: Problems,
}

type Found = (Page<DayRate>, Count, HashSet<FxRateId>, String);

async fn find(staff: &Staff, store: &Store, asked: &Asked) -> Result<Found> {
    let (currency, from) = (earnings::currency(&asked.currency), Cursor::read(&asked.at));
    store
        .read(staff.scope.clone(), move |tx| {
            tx.allow(Permission::ViewMoney)?;
            let page = fx_rates::page(tx, &currency, from.as_ref())?;
            let ids: Vec<FxRateId> = page.rows.iter().map(|row| row.id).collect();
            let used = fx_rates::used(tx, &ids)?;
            let count = fx_rates::count(tx, &currency)?;
            Ok((page, count, used, vendor::today(tx)?.to_string()))
        })
        .await
}

async fn page(
    staff: &Staff,
    store: &Store,
    asked: Asked,
    typed: Option<(RateForm, Problems)>,
) -> Result<IndexPage> {
    let (page, count, used, today) = find(staff, store, &asked).await?;
    let base = staff.base.clone();
    let address = Address::new(
        format!("{base}/exchange-rates"),
        &[("currency", &asked.currency)],
    );
    let row = |one: &DayRate| {
        Ok(Row {
            rate: one.rate()?,
            is_used: used.contains(&one.id),
            one: one.clone(),
        })
    };
    let (typed, problems) = typed.unwrap_or_else(|| {
        let typed = RateForm {
            on: today,
            ..RateForm::default()
        };
        (typed, Problems::default())
    });
    Ok(IndexPage {
        shell: staff.shell(),
        crumbs: vec![("Months".to_owned(), format!("{base}/periods"))],
        may_manage: staff.may(Permission::ManagePayouts),
        rows: page.rows.iter().map(row).collect::<Result<_>>()?,
        count: count_words(page.rows.len(), count, ("rate", "rates")),
        clear_href: address.clear(),
        pager: address.pager(&page),
        typed: RateForm {
            form_id: fresh_form_id()?,
            ..typed
        },
        base,
        asked,
        problems,
    })
}

async fn index(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    ok(&page(&staff, &store, asked.into_inner(), None).await?)
}

impl RateForm {
    fn read(&self) -> Result<NewRate, Problems> {
        let mut problems = Problems::default();
        let currency = |typed: &str| typed.trim().to_uppercase().parse::<Currency>();
        let from = problems.check("from", currency(&self.from));
        let to = problems.check("to", currency(&self.to));
        let rate = problems.check("rate", self.rate.parse::<FxRate>());
        let on = problems.check("on", read_date(&self.on));
        let source = problems.check("source", self.source.parse::<Name>());
        match (from, to, rate, on, source) {
            (Some(from), Some(to), Some(rate), Some(on), Some(source)) => Ok(NewRate {
                from,
                to,
                on,
                rate,
                source,
            }),
            _ => Err(problems),
        }
    }
}

/// Asks before an older rate converts what may have one of its own day.
fn ask_about(later: &[NaiveDate]) -> Result<()> {
    let Some((first, others)) = later.split_first() else {
        return Ok(());
    };
    let others = match others.len() {
        0 => String::new(),
        many => format!(" and of {}", counted(many, "other day", "other days")),
    };
    Err(Error::on(
        "despite",
        format!(
            "Commission of {}{others} waits for a rate and would take this one for good. Set the rates of those days first, or say that it may.",
            date_words(*first)
        ),
    ))
}

async fn set(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<RateForm>,
) -> Answer {
    staff.needs(Permission::ManagePayouts)?;
    let to = format!("{}/exchange-rates", staff.base);
    let form = typed.clone();
    let done = store
        .write(staff.scope.clone(), move |tx| {
            tx.allow(Permission::ManagePayouts)?;
            once(tx, &form.form_id, |tx| {
                let new = form.read().map_err(Error::Invalid)?;
                if form.despite.is_empty() {
                    ask_about(&service::later_days(tx, &new)?)?;
                }
                service::set_all(tx, &[new])?;
                Ok(to.clone())
            })
        })
        .await;
    match done {
        Ok(to) => see_other_saying(&session, &to, "The exchange rate was set."),
        Err(Error::Invalid(problems)) => {
            let again = Some((typed, problems));
            unprocessable(&page(&staff, &store, Asked::default(), again).await?)
        }
        Err(error) => Err(error.into()),
    }
}
