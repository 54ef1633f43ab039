//! One run: what it holds, its files, and what became of it.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{Parts, register::run_pill, shared_words};
use crate::{
    Error, Result,
    documents::transfer,
    domain::{
        Money, Permission, Problems, Zone,
        bank::{Iban, PayoutRunStatus},
        date_words,
    },
    id::PayoutRunId,
    services::revenue::payout_runs::{self as service, Held, HeldTransfer},
    store::{Platform, Store, VendorScope, account::vendor, incentivize::payout_runs::PayoutRun},
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::{id, paid::PaidForm},
        filters,
        form::{Typed, fresh_form_id, once},
        history::{self, HistoryRow},
        page::{download, html, see_other_saying},
        words,
    },
};

/// Payments listed on the page; all of them are in the files.
const LISTED: usize = 500;

struct TransferRow {
    partner: String,
    partner_href: String,
    holder: String,
    iban: String,
    statement: String,
    amount: String,
}

#[derive(Template)]
#[template(path = "staff/payouts/show.html")]
struct ShowPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    own_href: String,
    answer: String,
    run: PayoutRun,
    pill: (&'static str, &'static str),
    from: String,
    total: String,
    is_open: bool,
    /// How many of the payments stand on the page.
    shown: usize,
    count: usize,
    /// Whose account was changed after the run was made, and when.
    changed: Vec<String>,
    /// Which partners are paid to one account.
    shared: Vec<String>,
    is_sepa: bool,
    transfers: Vec<TransferRow>,
    typed: PaidForm,
    form_id: String,
    cancel_form_id: String,
    problems: Problems,
    history: Vec<HistoryRow>,
}

/// "Cancel the run".
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CancelForm {
    version: String,
    form_id: String,
}

async fn find(visitor: &Staff, store: &Store, run: PayoutRunId) -> Result<Held> {
    store
        .read(visitor.scope.clone(), move |tx| service::held(tx, run))
        .await
}

fn answer(run: &PayoutRun) -> String {
    match (run.status, run.paid_on) {
        (PayoutRunStatus::Canceled, _) => {
            "It was canceled before it was paid. Its payouts can be put in another run.".to_owned()
        }
        (PayoutRunStatus::Paid, Some(on)) => format!(
            "The bank paid it on {}, reference {}.",
            date_words(on),
            run.reference
        ),
        _ => "Hand the file to your bank, then mark the run as paid.".to_owned(),
    }
}

/// "Northwind on 3 Nov 2026", where the account was changed after the run was made.
fn changed_words(zone: Zone) -> impl Fn(&HeldTransfer) -> Option<String> {
    move |held| {
        let on = date_words(zone.local_date(held.changed_at?));
        Some(format!("{} on {on}", held.partner_name))
    }
}

fn masked(iban: &str) -> String {
    let iban = iban.parse::<Iban>();
    iban.map_or_else(|_| String::new(), |iban| iban.masked())
}

async fn page(
    visitor: &Staff,
    store: &Store,
    run: PayoutRunId,
    (mut typed, problems): (PaidForm, Problems),
) -> Result<ShowPage> {
    let (held, today, happened) = store
        .read(visitor.scope.clone(), move |tx| {
            let held = service::held(tx, run)?;
            let happened = VendorScope::history(tx, run.number())?;
            Ok((held, vendor::today(tx)?, happened))
        })
        .await?;
    if problems.is_empty() {
        typed.paid_on = today.to_string();
    }
    let base = &visitor.base;
    let shared = shared_words(&held.shared());
    let Held { run, transfers } = held;
    let shown = transfers.len().min(LISTED);
    let changed = transfers.iter().filter_map(changed_words(visitor.zone()));
    let changed: Vec<String> = changed.collect();
    let money = |minor| words::money(Money::new(minor, run.currency));
    Ok(ShowPage {
        shell: visitor.shell(),
        crumbs: vec![("Payouts".to_owned(), format!("{base}/payouts"))],
        own_href: format!("{base}/payouts/{}", run.id),
        answer: answer(&run),
        pill: run_pill(&run),
        from: format!("{}, {}", run.holder, masked(&run.iban)),
        total: money(run.total_minor),
        is_open: run.status == PayoutRunStatus::Open,
        shown,
        count: transfers.len(),
        changed,
        shared,
        is_sepa: service::is_sepa(run.currency),
        transfers: transfers
            .into_iter()
            .take(LISTED)
            .map(|held| (held.transfer, held.partner_name))
            .map(|(one, partner)| TransferRow {
                partner,
                partner_href: format!("{base}/partners/{}", one.partner_id),
                holder: one.holder,
                iban: masked(&one.iban),
                statement: one.statement_number,
                amount: money(one.amount_minor),
            })
            .collect(),
        form_id: fresh_form_id()?,
        cancel_form_id: fresh_form_id()?,
        history: history::rows(happened, visitor.zone()),
        run,
        typed,
        problems,
    })
}

/// The page.
pub(super) async fn show(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    show_with(&visitor, &store, id(&parts.1)?, Default::default()).await
}

async fn show_with(
    visitor: &Staff,
    store: &Store,
    run: PayoutRunId,
    form: (PaidForm, Problems),
) -> Answer {
    let status = match form.1.is_empty() {
        true => actix_web::http::StatusCode::OK,
        false => actix_web::http::StatusCode::UNPROCESSABLE_ENTITY,
    };
    html(status, &page(visitor, store, run, form).await?)
}

/// The run for the bank. A run in another currency than the euro has none.
pub(super) async fn xml(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    let held = find(&visitor, &store, id(&parts.1)?).await?;
    if !service::is_sepa(held.run.currency) || held.run.status == PayoutRunStatus::Canceled {
        return Err(Error::NotFound.into());
    }
    let file = transfer::pain_001(&held.as_file()).map_err(Error::from)?;
    let name = format!("{}.xml", held.run.number);
    Ok(download(&name, "application/xml", file.into_bytes()))
}

/// The run as a table.
pub(super) async fn csv(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    let held = find(&visitor, &store, id(&parts.1)?).await?;
    let file = transfer::sheet(&held.as_file()).map_err(Error::from)?;
    let name = format!("{}.csv", held.run.number);
    Ok(download(&name, "text/csv; charset=utf-8", file))
}

/// Marks the run and all it holds as paid.
pub(super) async fn pay(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<PaidForm>,
) -> Answer {
    visitor.needs(Permission::MarkPayoutsPaid)?;
    let run: PayoutRunId = id(&parts.1)?;
    let to = format!("{}/payouts/{run}", visitor.base);
    let form = typed.clone();
    let done = store
        .write(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::MarkPayoutsPaid)?;
            once(tx, &form.form_id, |tx| {
                service::mark_paid(tx, run, &form.read().map_err(Error::Invalid)?)?;
                Ok(to.clone())
            })
        })
        .await;
    match done {
        Ok(to) => see_other_saying(
            &session,
            &to,
            "The run and its payouts were marked as paid.",
        ),
        Err(Error::Invalid(problems)) => show_with(&visitor, &store, run, (typed, problems)).await,
        Err(other) => Err(other.into()),
    }
}

/// Cancels the run.
pub(super) async fn cancel(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<CancelForm>,
) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    let run: PayoutRunId = id(&parts.1)?;
    let to = format!("{}/payouts/{run}", visitor.base);
    let to = store
        .write(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::ManagePayouts)?;
            once(tx, &typed.form_id, |tx| {
                let version = typed.version.parse::<i32>();
                let version = version.map_err(|_| Error::conflict("Look at the run again."))?;
                service::cancel(tx, run, version)?;
                Ok(to.clone())
            })
        })
        .await?;
    see_other_saying(&session, &to, "The run was canceled.")
}
