//! What is due to partners, the runs there were, and a new one.
use std::collections::HashMap;

use actix_session::Session;
use actix_web::web::{Data, Query};
use askama::Template;
use chrono::{Datelike, NaiveDate, Weekday};
use serde::Deserialize;

use super::shared_words;
use crate::{
    Error, Result,
    domain::{Currency, Money, Permission, Problems, Zone, date_words, read_date},
    id::PartnerId,
    services::revenue::payout_runs::{self as service, Candidate, Gathered, NewRun},
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        incentivize::{
            bank_accounts::{self, Account},
            payout_runs::{self, PayoutRun},
        },
        recruit::partners,
        registers::payouts::{self, PayoutRow, WaitingPayouts},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::bank::given_words,
        filters,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other, see_other_saying, unprocessable},
        words,
    },
};

/// Payouts and runs shown on the page.
const SHOWN: i64 = 100;
/// Payments listed before a run is made; all of them are counted.
const LISTED: usize = 300;

struct DueRow {
    row: PayoutRow,
    href: String,
    is_late: bool,
    /// The number of the run it is in, or words for one that is not listed; empty for none.
    run: String,
    run_href: String,
}

/// An account that waits to be confirmed.
struct UnconfirmedRow {
    partner: String,
    href: String,
    given: String,
}

/// A run in the list.
struct RunRow {
    href: String,
    number: String,
    on: NaiveDate,
    count: i32,
    amount: String,
    pill: (&'static str, &'static str),
}

#[derive(Template)]
#[template(path = "staff/payouts/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    answer: String,
    account: String,
    unconfirmed: Vec<UnconfirmedRow>,
    due: Vec<DueRow>,
    is_more: bool,
    runs: Vec<RunRow>,
    currencies: Vec<(String, String)>,
    typed: RunForm,
    problems: Problems,
}

/// A run that is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RunForm {
    currency: String,
    execute_on: String,
    seen: String,
    form_id: String,
}

/// How a run stands.
pub(super) fn run_pill(run: &PayoutRun) -> (&'static str, &'static str) {
    use crate::domain::bank::PayoutRunStatus::{Canceled, Open, Paid};
    let colour = match run.status {
        Open => "info",
        Paid => "good",
        Canceled => "plain",
    };
    (colour, run.status.label())
}

struct Found {
    account: String,
    unconfirmed: Vec<(String, PartnerId, Account)>,
    late: Option<WaitingPayouts>,
    later: Option<WaitingPayouts>,
    due: Vec<PayoutRow>,
    runs: Vec<PayoutRun>,
    currencies: Vec<String>,
    today: NaiveDate,
}

fn find(tx: &mut Tx<'_, VendorScope>) -> Result<Found> {
    tx.allow(Permission::ManagePayouts)?;
    let own = bank_accounts::own(tx)?;
    let today = vendor::today(tx)?;
    Ok(Found {
        account: own.map_or_else(String::new, |own| own.details.iban.masked()),
        unconfirmed: unconfirmed(tx)?,
        late: payouts::waiting(tx, today, true)?,
        later: payouts::waiting(tx, today, false)?,
        due: payouts::due(tx, SHOWN + 1)?,
        runs: payout_runs::latest(tx, SHOWN)?,
        currencies: payout_runs::currencies(tx)?,
        today,
    })
}

fn unconfirmed(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<(String, PartnerId, Account)>> {
    let found = bank_accounts::unconfirmed(tx, SHOWN)?;
    let ids: Vec<PartnerId> = found.iter().map(|(partner, _)| *partner).collect();
    let names: HashMap<_, _> = partners::names(tx, &ids)?.into_iter().collect();
    let named = |(partner, account): (PartnerId, Account)| {
        let name = names.get(&partner).cloned().unwrap_or_default();
        (name, partner, account)
    };
    Ok(found.into_iter().map(named).collect())
}

/// "3 payouts are overdue, EUR 1,234.00; 2 are due later, EUR 100.00, the first on 15 Dec 2026."
fn answer(found: &Found) -> String {
    let many = |number: i64| words::count(number, "payout", "payouts");
    let late = found.late.as_ref().map(|late| {
        let since = date_words(late.first_due_on);
        let sums = words::amounts(&late.sums);
        format!(
            "{} overdue, {sums}, the first since {since}.",
            many(late.number)
        )
    });
    let later = found.later.as_ref().map(|later| {
        let on = date_words(later.first_due_on);
        let sums = words::amounts(&later.sums);
        format!(
            "{} to come, {sums}, the first due on {on}.",
            many(later.number)
        )
    });
    let said: Vec<String> = late.into_iter().chain(later).collect();
    match said.is_empty() {
        true => "Nothing is to be paid out.".to_owned(),
        false => said.join(" "),
    }
}

fn due_row((base, today): (&str, NaiveDate), runs: &[PayoutRun], row: PayoutRow) -> DueRow {
    let run = row.run.map(|id| {
        let known = runs.iter().find(|run| run.id == id);
        let number = known.map_or_else(|| "In a run".to_owned(), |run| run.number.clone());
        (number, format!("{base}/payouts/{id}"))
    });
    let (run, run_href) = run.unwrap_or_default();
    DueRow {
        href: format!("{base}/statements/{}", row.statement),
        is_late: row.is_overdue(today),
        run,
        run_href,
        row,
    }
}

/// The first of the currencies and the next day on which something is due, until others are typed.
fn as_typed(typed: RunForm, found: &Found) -> RunForm {
    let next = found.due.iter().filter(|row| row.run.is_none());
    let next = next.map(|row| row.due_on.max(found.today)).min();
    let or = |typed: String, other: String| match typed.is_empty() {
        true => other,
        false => typed,
    };
    RunForm {
        currency: or(
            typed.currency,
            found.currencies.first().cloned().unwrap_or_default(),
        ),
        execute_on: or(typed.execute_on, next.unwrap_or(found.today).to_string()),
        ..RunForm::default()
    }
}

async fn page(
    visitor: &Staff,
    store: &Store,
    (typed, problems): (RunForm, Problems),
) -> Result<IndexPage> {
    let found = store.read(visitor.scope.clone(), find).await?;
    let base = visitor.base.clone();
    let shown = usize::try_from(SHOWN).unwrap_or_default();
    let at = (base.as_str(), found.today);
    let zone = visitor.zone();
    Ok(IndexPage {
        shell: visitor.shell(),
        answer: answer(&found),
        typed: as_typed(typed, &found),
        account: found.account,
        unconfirmed: found
            .unconfirmed
            .into_iter()
            .map(|(partner, id, account)| UnconfirmedRow {
                partner,
                href: format!("{base}/partners/{id}/bank"),
                given: given_words(&account, zone),
            })
            .collect(),
        is_more: found.due.len() > shown,
        due: found
            .due
            .into_iter()
            .take(shown)
            .map(|row| due_row(at, &found.runs, row))
            .collect(),
        runs: found.runs.iter().map(|run| run_row(&base, run)).collect(),
        currencies: options(found.currencies),
        base,
        problems,
    })
}

fn options(codes: Vec<String>) -> Vec<(String, String)> {
    codes.into_iter().map(|code| (code.clone(), code)).collect()
}

fn run_row(base: &str, run: &PayoutRun) -> RunRow {
    RunRow {
        href: format!("{base}/payouts/{}", run.id),
        number: run.number.clone(),
        on: run.execute_on,
        count: run.transfer_count,
        amount: words::money(Money::new(run.total_minor, run.currency)),
        pill: run_pill(run),
    }
}

/// The page.
pub(super) async fn index(visitor: Staff, store: Data<Store>) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    ok(&page(&visitor, &store, Default::default()).await?)
}

/// A payout as a run would take it, or leave it.
struct CandidateRow {
    partner: String,
    partner_href: String,
    statement: String,
    due_on: NaiveDate,
    to: String,
    /// When the account was given, by the person's clock.
    since: NaiveDate,
    why: String,
    /// What is to be done about it, and where; empty where nothing can be.
    remedy: &'static str,
    amount: String,
}

#[derive(Template)]
#[template(path = "staff/payouts/new.html")]
struct NewPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    base: String,
    currency: String,
    execute_on: NaiveDate,
    total: String,
    is_sepa: bool,
    has_account: bool,
    taken_count: usize,
    left_count: usize,
    taken: Vec<CandidateRow>,
    left: Vec<CandidateRow>,
    /// The day of the weekend that the bank is to pay on, or nothing.
    weekend: &'static str,
    /// Which partners would be paid to one account.
    shared: Vec<String>,
    seen: String,
    form_id: String,
    problems: Problems,
}

fn read(typed: &RunForm) -> Result<(Currency, NaiveDate), Problems> {
    let mut problems = Problems::default();
    let currency = typed.currency.trim().to_uppercase().parse::<Currency>();
    let currency = problems.check("currency", currency);
    let on = problems.check("execute_on", read_date(&typed.execute_on));
    currency.zip(on).ok_or(problems)
}

async fn preview(
    visitor: &Staff,
    store: &Store,
    (currency, execute_on): (Currency, NaiveDate),
    problems: Problems,
) -> Result<NewPage> {
    let (gathered, own) = store
        .read(visitor.scope.clone(), move |tx| {
            let gathered = service::gather(tx, currency, execute_on)?;
            Ok((gathered, bank_accounts::own(tx)?))
        })
        .await?;
    let base = visitor.base.clone();
    let (seen, shared) = (gathered.seen(), shared_words(&gathered.shared()));
    let Gathered { taken, left, total } = gathered;
    let row = |one: Candidate| candidate_row((&base, visitor.zone()), currency, one);
    Ok(NewPage {
        shell: visitor.shell(),
        crumbs: vec![("Payouts".to_owned(), format!("{base}/payouts"))],
        currency: currency.code().to_owned(),
        total: words::money(total),
        is_sepa: service::is_sepa(currency),
        has_account: own.is_some(),
        taken_count: taken.len(),
        left_count: left.len(),
        taken: taken.into_iter().take(LISTED).map(row).collect(),
        left: left.into_iter().take(LISTED).map(row).collect(),
        weekend: weekend(execute_on),
        shared,
        seen,
        form_id: fresh_form_id()?,
        base,
        execute_on,
        problems,
    })
}

/// Euro payments are settled on weekdays only (TARGET's calendar; its holidays are left to the bank).
fn weekend(day: NaiveDate) -> &'static str {
    match day.weekday() {
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
        _ => "",
    }
}

fn candidate_row((base, zone): (&str, Zone), currency: Currency, one: Candidate) -> CandidateRow {
    let account = one.account.as_ref();
    let is_open = account.is_some_and(|known| known.confirmed_at.is_none());
    CandidateRow {
        partner_href: format!("{base}/partners/{}", one.waiting.partner),
        remedy: match account {
            None => "Give them",
            Some(_) if is_open => "Look at them",
            Some(_) => "",
        },
        to: account.map_or_else(String::new, |known| known.details.iban.masked()),
        since: account.map_or(one.waiting.due_on, |known| {
            zone.local_date(known.changed_at)
        }),
        partner: one.partner_name,
        statement: one.waiting.statement_number,
        due_on: one.waiting.due_on,
        why: one.left_out,
        amount: words::money(Money::new(one.waiting.amount_minor, currency)),
    }
}

/// What a run would hold.
pub(super) async fn new(visitor: Staff, store: Data<Store>, asked: Query<RunForm>) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    let typed = asked.into_inner();
    if typed.currency.is_empty() && typed.execute_on.is_empty() {
        return see_other(&format!("{}/payouts", visitor.base));
    }
    match read(&typed) {
        Ok(asked) => ok(&preview(&visitor, &store, asked, Problems::default()).await?),
        Err(problems) => unprocessable(&page(&visitor, &store, (typed, problems)).await?),
    }
}

/// Puts a run together.
pub(super) async fn create(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<RunForm>,
) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    let asked = match read(&typed) {
        Ok(asked) => asked,
        Err(problems) => return unprocessable(&page(&visitor, &store, (typed, problems)).await?),
    };
    let new = NewRun {
        currency: asked.0,
        execute_on: asked.1,
        seen: typed.seen,
    };
    let (base, form_id) = (visitor.base.clone(), typed.form_id);
    let made = store
        .write(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::ManagePayouts)?;
            once(tx, &form_id, |tx| {
                let id = service::create(tx, &new)?;
                Ok(format!("{base}/payouts/{id}"))
            })
        })
        .await;
    match made {
        Ok(to) => see_other_saying(
            &session,
            &to,
            "The run was made. Hand its file to your bank.",
        ),
        Err(Error::Invalid(problems)) => {
            unprocessable(&preview(&visitor, &store, asked, problems).await?)
        }
        Err(other) => Err(other.into()),
    }
}
