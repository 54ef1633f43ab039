//! Credits for missed promises on either side: what was missed, what is given back, and how it was
//! decided.
use actix_web::http::StatusCode;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::{Desk, id, ledger::csv_file, month, months};
use crate::{
    Result,
    documents::csv::{self, Cell},
    domain::{
        Money, Permission, Problems, Rate, date_words,
        sla::{Liability, SlaCreditStatus},
    },
    id::SlaCreditId,
    store::{
        Platform, Store,
        paging::Cursor,
        registers::{
            Sees,
            sla_credits::{self as register, CreditFilter, CreditRow},
        },
    },
    web::{
        Answer, Shell, filters,
        form::fresh_form_id,
        history::{self, HistoryRow},
        list::{Address, Pager, count_words, every},
        page::{html, ok},
        stale::{Differing, differing, is_overtaken},
        words,
    },
};

/// What narrows the register, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    status: String,
    month: String,
    at: String,
}

/// A decision as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecisionForm {
    /// The version that was seen.
    pub version: String,
    /// Why it is declined.
    pub answer: String,
    /// Once is enough.
    pub form_id: String,
}

impl DecisionForm {
    /// How the credit stands beside what was to be decided.
    fn beside(&self, row: &CreditRow, today: NaiveDate) -> Vec<Differing> {
        let wanted = match self.answer.trim() {
            "" => SlaCreditStatus::Approved,
            _ => SlaCreditStatus::Declined,
        };
        differing(&[
            ("Status", pill(row, today).1, wanted.label()),
            ("Reason", &row.credit.answer, &self.answer),
        ])
    }
}

/// How a credit stands on a day: the pill's kind and its word.
fn pill(row: &CreditRow, today: NaiveDate) -> (&'static str, &'static str) {
    let status = row.credit.status;
    match status {
        SlaCreditStatus::Unclaimed if !row.credit.can_be_claimed(today) => {
            ("plain", "Not claimed in time")
        }
        SlaCreditStatus::Noted | SlaCreditStatus::Lapsed => ("plain", status.label()),
        SlaCreditStatus::Unclaimed | SlaCreditStatus::Proposed => ("watch", status.label()),
        SlaCreditStatus::Approved => ("good", status.label()),
        SlaCreditStatus::Declined => ("bad", status.label()),
    }
}

/// A credit in the list.
struct ListRow {
    id: SlaCreditId,
    customer: String,
    service: String,
    partner: String,
    month: String,
    missed: Vec<String>,
    net: String,
    pill: (&'static str, &'static str),
}

fn list_row(row: &CreditRow, today: NaiveDate) -> ListRow {
    ListRow {
        id: row.credit.id,
        customer: row.customer.clone(),
        service: row.service.clone(),
        partner: row.partner.clone(),
        month: words::month(row.credit.month),
        missed: row.credit.missed.lines().map(str::to_owned).collect(),
        net: words::money(row.credit.net()),
        pill: pill(row, today),
    }
}

#[derive(Template)]
#[template(path = "sla_credits/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    may_reckon: bool,
    asked: Asked,
    months: Vec<(String, String)>,
    statuses: Vec<(String, String)>,
    clear_href: String,
    csv_href: String,
    count: String,
    rows: Vec<ListRow>,
    pager: Pager,
}

fn filter(asked: &Asked) -> CreditFilter {
    CreditFilter {
        status: asked.status.parse().ok(),
        month: month(&asked.month),
    }
}

/// The register.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn index<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let wanted = asked.clone();
    let (page, count, months, today) = desk
        .read(store, move |tx, calendar| {
            let filter = filter(&wanted);
            let page = register::page(tx, &filter, Cursor::read(&wanted.at).as_ref())?;
            let count = register::count(tx, &filter)?;
            Ok((page, count, months(calendar), calendar.today))
        })
        .await?;
    let pairs = [
        ("status", asked.status.as_str()),
        ("month", asked.month.as_str()),
    ];
    let address = Address::new(format!("{}/sla-credits", desk.base), &pairs);
    let each = SlaCreditStatus::ALL.iter();
    let statuses = std::iter::once((String::new(), "All".to_owned()))
        .chain(each.map(|one| (one.code().to_owned(), one.label().to_owned())));
    ok(&IndexPage {
        is_staff: desk.is_staff,
        may_reckon: desk.is_staff && desk.may(Permission::ManageCatalogue),
        count: count_words(page.rows.len(), count, ("miss", "misses")),
        clear_href: address.clear(),
        csv_href: address.csv(),
        pager: address.pager(&page),
        rows: page.rows.iter().map(|row| list_row(row, today)).collect(),
        statuses: statuses.collect(),
        shell: desk.shell,
        base: desk.base,
        months,
        asked,
    })
}

const COLUMNS: [&str; 11] = [
    "Month",
    "Service",
    "Customer",
    "Partner",
    "Missed",
    "Share %",
    "Currency",
    "Fee",
    "Credit",
    "Charged back to the partner",
    "Status",
];

fn cells(row: &CreditRow, today: NaiveDate) -> Vec<Cell> {
    let credit = &row.credit;
    let exponent = credit.currency.exponent();
    vec![
        Cell::text(credit.month.to_string()),
        Cell::text(&row.service),
        Cell::text(&row.customer),
        Cell::text(&row.partner),
        Cell::text(credit.missed.replace('\n', "; ")),
        Cell::minor(i64::from(credit.share_bps), 2),
        Cell::text(credit.currency.code()),
        Cell::minor(credit.fee_minor, exponent),
        Cell::minor(credit.net_minor, exponent),
        Cell::minor(credit.charged_back_minor, exponent),
        Cell::text(pill(row, today).1),
    ]
}

/// The same as a file.
///
/// # Errors
/// As [`index`].
pub async fn file<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let content = desk
        .read(store, move |tx, calendar| {
            let filter = filter(&asked);
            let rows = every(|from| register::page(tx, &filter, from))?;
            let rows = rows.iter().map(|row| cells(row, calendar.today));
            Ok(csv::table(&COLUMNS, rows)?)
        })
        .await?;
    Ok(csv_file("sla-credits.csv", content))
}

/// What is given back on one invoice's line.
struct LineRow {
    number: String,
    invoice_href: String,
    net: String,
}

#[derive(Template)]
#[template(path = "sla_credits/show.html")]
struct ShowPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    own_href: String,
    heading: String,
    answer: String,
    row: CreditRow,
    subscription_href: String,
    month: String,
    missed: Vec<String>,
    share: String,
    fee: String,
    net: String,
    bears: String,
    pill: (&'static str, &'static str),
    lines: Vec<LineRow>,
    notes: Vec<String>,
    is_staff: bool,
    may_claim: bool,
    may_decide: bool,
    typed: DecisionForm,
    problems: Problems,
    both: Option<Vec<Differing>>,
    history: Vec<HistoryRow>,
    form_id: String,
}

/// What became of it, in a sentence.
fn answer(row: &CreditRow, today: NaiveDate) -> String {
    let credit = &row.credit;
    let net = words::money(credit.net());
    match (credit.status, credit.claim_until) {
        (SlaCreditStatus::Noted, _) if credit.share_bps == 0 => {
            "Something was missed for which the policy gives nothing back.".to_owned()
        }
        (SlaCreditStatus::Noted, _) => {
            "Something was missed in a month without a fee to give back.".to_owned()
        }
        (SlaCreditStatus::Unclaimed, Some(until)) if credit.can_be_claimed(today) => {
            format!("{net} can be claimed until {}.", date_words(until))
        }
        (SlaCreditStatus::Unclaimed, _) => format!("{net}, not claimed in time."),
        (SlaCreditStatus::Proposed, _) => format!("{net} to be approved."),
        (SlaCreditStatus::Approved, _) if row.is_resold => {
            format!("{net} credited to {}.", row.partner)
        }
        (SlaCreditStatus::Approved, _) => format!("{net} credited to {}.", row.customer),
        (SlaCreditStatus::Declined, _) => "Declined: nothing is given back.".to_owned(),
        (SlaCreditStatus::Lapsed, _) => "Nothing is owed as things stand.".to_owned(),
    }
}

/// In words for the vendor's people, or for the partner's own.
fn bears(row: &CreditRow, is_staff: bool) -> String {
    let partner = &row.partner;
    let credit = &row.credit;
    let share =
        Rate::from_bps(credit.partner_share_bps).map_or(String::new(), |one| one.to_string());
    let back = words::money(Money::new(credit.charged_back_minor, credit.currency));
    if row.is_resold {
        return "The vendor. Nobody earns commission on what is resold.".to_owned();
    }
    match credit.liability {
        Liability::Shared if is_staff => format!(
            "{share} of it, {back}, is charged back to {partner}, which earns on what is left after the vendor’s part."
        ),
        Liability::Shared => format!(
            "{share} of it, {back}, is charged back to you. You earn on what is left after the vendor’s part."
        ),
        Liability::ReduceBase if is_staff => {
            format!("{partner} earns on what is left of the fee.")
        }
        Liability::ReduceBase => "You earn on what is left of the fee.".to_owned(),
        Liability::ProtectPartner | Liability::ByDelivery if is_staff => {
            format!("The vendor. The commission of {partner} stays as it was.")
        }
        Liability::ProtectPartner | Liability::ByDelivery => {
            "The vendor. Your commission stays as it was.".to_owned()
        }
    }
}

/// One credit; with what was typed, what is wrong with it, or why it met a conflict, where a decision
/// was refused.
///
/// # Errors
/// [`crate::Error::NotFound`]; [`crate::Error::Forbidden`]; faults.
pub async fn show<S: Sees + Platform>(
    store: &Store,
    desk: Desk<S>,
    spelled: &str,
    (typed, problems, met): (DecisionForm, Problems, Option<String>),
) -> Answer {
    let credit: SlaCreditId = id(spelled)?;
    let (row, lines, notes, today, history) = desk
        .read(store, move |tx, calendar| {
            let row = register::one(tx, credit)?;
            let lines = register::lines(tx, credit)?;
            let notes = register::note_numbers(tx, credit)?;
            // Who changed what is the vendor's own affair.
            let history = match tx.scope().partner_id() {
                None => S::history(tx, credit.number())?,
                Some(_) => Vec::new(),
            };
            Ok((row, lines, notes, calendar.today, history))
        })
        .await?;
    let currency = row.credit.currency;
    let own = |minor: i64| words::money(Money::new(minor, currency));
    let both = match met {
        Some(why) if !is_overtaken(&typed.version, row.credit.version) => {
            return Err(crate::Error::Conflict(why).into());
        }
        Some(_) => Some(typed.beside(&row, today)),
        None => None,
    };
    let status = match (&both, problems.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    let claims = match desk.is_staff {
        true => Permission::ManageSubscriptions,
        false => Permission::PartnerManageOutcomes,
    };
    let may_decide = desk.is_staff && desk.may(Permission::RecordPayments);
    let page = page_of(&desk, &row)?;
    let page = ShowPage {
        fee: own(row.credit.fee_minor),
        pill: pill(&row, today),
        answer: answer(&row, today),
        lines: lines
            .into_iter()
            .map(|(line, number)| LineRow {
                number,
                invoice_href: format!("{}/invoices/{}", desk.base, line.invoice_id),
                net: own(line.net_minor),
            })
            .collect(),
        notes,
        may_claim: desk.may(claims) && row.credit.can_be_claimed(today),
        may_decide: may_decide && row.credit.status == SlaCreditStatus::Proposed,
        typed,
        problems,
        row,
        both,
        history: history::rows(history, desk.shell.zone),
        ..page
    };
    html(status, &page)
}

/// What a page says that depends on the credit alone.
fn page_of<S: Sees>(desk: &Desk<S>, row: &CreditRow) -> Result<ShowPage> {
    let register_href = format!("{}/sla-credits", desk.base);
    let credit = &row.credit;
    let share = Rate::from_bps(credit.share_bps).map_or(String::new(), |one| one.to_string());
    Ok(ShowPage {
        own_href: format!("{register_href}/{}", credit.id),
        crumbs: vec![("SLA credits".to_owned(), register_href)],
        heading: format!("{}, {}", row.service, words::month(credit.month)),
        subscription_href: format!("{}/subscriptions/{}", desk.base, credit.subscription_id),
        month: words::month(credit.month),
        missed: credit.missed.lines().map(str::to_owned).collect(),
        share,
        fee: String::new(),
        net: words::money(credit.net()),
        bears: bears(row, desk.is_staff),
        answer: String::new(),
        pill: ("plain", ""),
        lines: Vec::new(),
        notes: Vec::new(),
        is_staff: desk.is_staff,
        may_claim: false,
        may_decide: false,
        typed: DecisionForm::default(),
        problems: Problems::default(),
        both: None,
        history: Vec::new(),
        form_id: fresh_form_id()?,
        shell: desk.shell.clone(),
        row: row.clone(),
    })
}
