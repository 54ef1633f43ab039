//! The currency a partner is paid in.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::{Parts, partner};
use crate::{
    Error, Result,
    domain::{Currency, Permission, Problems, read_date},
    id::PartnerId,
    services::incentivize::currencies as service,
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        incentivize::payout_currencies::{self, PaidIn},
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

/// A payout currency as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CurrencyForm {
    currency: String,
    from: String,
    form_id: String,
}

struct Row {
    words: String,
    from: NaiveDate,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "partners/payout_currency.html")]
struct CurrencyPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    name: String,
    may_manage: bool,
    action: String,
    cancel: String,
    rows: Vec<Row>,
    typed: CurrencyForm,
    problems: Problems,
}

/// What a partner is paid in today, in a few words.
pub(super) fn standing(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<String> {
    let today = vendor::today(tx)?;
    let all = payout_currencies::of(tx, &[id])?.remove(&id);
    let all = all.unwrap_or_default();
    let now = payout_currencies::on(&all, today).map(PaidIn::words);
    Ok(now.unwrap_or_else(|| "Paid in the currency it is earned in".to_owned()))
}

struct Found {
    name: String,
    all: Vec<PaidIn>,
    today: NaiveDate,
    first: NaiveDate,
}

fn find(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<Found> {
    tx.allow(Permission::ViewMoney)?;
    let today = vendor::today(tx)?;
    let after = payout_currencies::last_entry_on(tx, id)?.and_then(|last| last.succ_opt());
    Ok(Found {
        name: partners::partner(tx, id)?.name,
        all: payout_currencies::of(tx, &[id])?
            .remove(&id)
            .unwrap_or_default(),
        first: after.map_or(today, |after| after.max(today)),
        today,
    })
}

async fn page(
    visitor: &Staff,
    store: &Store,
    id: PartnerId,
    typed: Option<(CurrencyForm, Problems)>,
) -> Result<CurrencyPage> {
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, id))
        .await?;
    let base = visitor.base.clone();
    let href = format!("{base}/partners/{id}");
    let current = payout_currencies::on(&found.all, found.today);
    let (typed, problems) = typed.unwrap_or_else(|| {
        let typed = CurrencyForm {
            currency: current.map_or_else(String::new, |one| one.currency.clone()),
            from: found.first.to_string(),
            form_id: String::new(),
        };
        (typed, Problems::default())
    });
    let current = current.map(|one| one.id);
    let row = |one: &PaidIn| Row {
        words: one.words(),
        from: one.effective_from,
        is_current: Some(one.id) == current,
    };
    Ok(CurrencyPage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Partners".to_owned(), format!("{base}/partners")),
            (found.name.clone(), href.clone()),
        ],
        may_manage: visitor.may(Permission::ManagePayouts),
        action: format!("{href}/payout-currency"),
        cancel: href,
        rows: found.all.iter().map(row).collect(),
        typed: CurrencyForm {
            form_id: fresh_form_id()?,
            ..typed
        },
        name: found.name,
        base,
        problems,
    })
}

/// The page.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    ok(&page(&visitor, &store, partner(&parts)?, None).await?)
}

fn read(typed: &CurrencyForm) -> Result<(Option<Currency>, NaiveDate), Problems> {
    let mut problems = Problems::default();
    let currency = match typed.currency.trim() {
        "" => Some(None),
        code => problems
            .check("currency", code.to_uppercase().parse::<Currency>())
            .map(Some),
    };
    let from = problems.check("from", read_date(&typed.from));
    currency.zip(from).ok_or(problems)
}

/// Sets it.
pub(super) async fn place(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<CurrencyForm>,
) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    let id = partner(&parts)?;
    let to = format!("{}/partners/{id}/payout-currency", visitor.base);
    let form = typed.clone();
    let placed = store
        .write(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::ManagePayouts)?;
            once(tx, &form.form_id, |tx| {
                let new = read(&form).map_err(Error::Invalid)?;
                service::pay_in(tx, id, new)?;
                Ok(to.clone())
            })
        })
        .await;
    match placed {
        Ok(to) => see_other_saying(&session, &to, "The payout currency was set."),
        Err(Error::Invalid(problems)) => {
            unprocessable(&page(&visitor, &store, id, Some((typed, problems))).await?)
        }
        Err(other) => Err(other.into()),
    }
}
