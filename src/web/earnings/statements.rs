//! Statements: their register, and one of them as page, PDF, CSV and JSON.
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::{Desk, currency, id, ledger::csv_file, month, months};
use crate::{
    Error, Result,
    documents::{self, SummaryRow, csv::Cell, mail_summary},
    domain::{
        Permission, Problems, date_words,
        statement_document::{Block, Line, StatementDocument, month_short, service_words},
    },
    id::StatementId,
    store::{
        Store,
        paging::Cursor,
        registers::{
            Sees,
            mails::MailRow,
            statements::{self, PayoutState, StatementDetail, StatementFilter, StatementRow},
        },
    },
    web::{
        Answer, Shell, filters,
        form::fresh_form_id,
        list::{Address, Pager, count_words},
        page::{download, html, ok},
        words::{self, mail_pill},
    },
};

/// The register's address, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    month: String,
    partner: String,
    currency: String,
    delivery: String,
    payout: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> StatementFilter {
        StatementFilter {
            partner: self.partner.clone(),
            month: month(&self.month),
            currency: currency(&self.currency),
            delivery: self.delivery.clone(),
            payout: match self.payout.as_str() {
                "due" => Some(PayoutState::Due),
                "overdue" => Some(PayoutState::Overdue),
                "paid" => Some(PayoutState::Paid),
                "nothing" => Some(PayoutState::Nothing),
                _ => None,
            },
        }
    }
    fn address(&self, base: &str) -> Address {
        Address::new(
            format!("{base}/statements"),
            &[
                ("month", &self.month),
                ("partner", &self.partner),
                ("currency", &self.currency),
                ("delivery", &self.delivery),
                ("payout", &self.payout),
            ],
        )
    }
}

const PAYOUTS: [(&str, &str); 5] = [
    ("", "All"),
    ("due", "To be paid"),
    ("overdue", "Overdue"),
    ("paid", "Paid"),
    ("nothing", "Nothing to pay"),
];
const DELIVERIES: [(&str, &str); 8] = [
    ("", "All"),
    ("none", "Not mailed"),
    ("queued", "Queued"),
    ("sending", "Being sent"),
    ("sent", "Sent"),
    ("deferred", "Will be tried again"),
    ("failed", "Failed"),
    ("unknown", "Not known"),
];

/// A statement's payout in a word: the pill's kind, and what it says.
fn payout_pill(row: &StatementRow, today: NaiveDate) -> (&'static str, String) {
    match &row.payment {
        None => ("plain", row.reason.label().to_owned()),
        Some(payment) => match payment.paid_on {
            Some(day) => ("good", format!("Paid {}", date_words(day))),
            None if payment.is_overdue(today) => (
                "bad",
                format!("Overdue since {}", date_words(payment.due_on)),
            ),
            None => ("info", format!("Due {}", date_words(payment.due_on))),
        },
    }
}

/// A statement's delivery in a word: the pill's kind, and what it says.
fn delivery_pill(row: &StatementRow) -> (&'static str, &'static str) {
    match &row.mail {
        Some(mail) => mail_pill(&mail.status),
        None => ("plain", "Not mailed"),
    }
}

/// A row of the register, ready to be set.
struct Listed {
    row: StatementRow,
    payout: (&'static str, String),
    delivery: (&'static str, &'static str),
}

#[derive(Template)]
#[template(path = "statements/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    asked: Asked,
    months: Vec<(String, String)>,
    statements: Vec<Listed>,
    count: String,
    csv_href: String,
    clear_href: String,
    pager: Pager,
}

/// The register.
///
/// # Errors
/// [`Error::Forbidden`]; faults.
pub async fn index<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let (filter, from) = (asked.filter(), Cursor::read(&asked.at));
    let (page, count, months, today) = desk
        .read(store, move |tx, calendar| {
            let page = statements::page(tx, &filter, calendar.today, from.as_ref())?;
            let count = statements::count(tx, &filter, calendar.today)?;
            Ok((page, count, months(calendar), calendar.today))
        })
        .await?;
    let address = asked.address(&desk.base);
    let listed = |row: StatementRow| Listed {
        payout: payout_pill(&row, today),
        delivery: delivery_pill(&row),
        row,
    };
    ok(&IndexPage {
        count: count_words(page.rows.len(), count, ("statement", "statements")),
        pager: address.pager(&page),
        csv_href: address.csv(),
        clear_href: address.clear(),
        statements: page.rows.into_iter().map(listed).collect(),
        shell: desk.shell,
        base: desk.base,
        is_staff: desk.is_staff,
        asked,
        months,
    })
}

const COLUMNS: [&str; 13] = [
    "Statement",
    "Month",
    "Partner",
    "Currency",
    "Opening",
    "Lines",
    "Lines total",
    "Payout",
    "Closing",
    "Due on",
    "Paid on",
    "Reference",
    "Delivery",
];

/// The register as a file.
///
/// # Errors
/// [`Error::Forbidden`]; faults.
pub async fn file<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let filter = asked.filter();
    let content = desk
        .read(store, move |tx, calendar| {
            let rows = statements::all(tx, &filter, calendar.today)?;
            Ok(documents::csv::table(&COLUMNS, rows.iter().map(cells))?)
        })
        .await?;
    Ok(csv_file("statements.csv", content))
}

fn cells(row: &StatementRow) -> Vec<Cell> {
    let day = |day: Option<NaiveDate>| Cell::text(day.map(|d| d.to_string()).unwrap_or_default());
    let payment = row.payment.as_ref();
    let reference = payment.and_then(|payment| payment.reference.clone());
    let delivery = row
        .mail
        .as_ref()
        .map_or("none", |mail| mail.status.as_str());
    vec![
        Cell::text(&row.number),
        Cell::text(row.month.to_string()),
        Cell::text(&row.partner_name),
        Cell::text(row.payout.currency().code()),
        Cell::number(row.opening.plain()),
        Cell::number(row.line_count),
        Cell::number(row.lines.plain()),
        Cell::number(row.payout.plain()),
        Cell::number(row.closing.plain()),
        day(row.due_on),
        day(payment.and_then(|payment| payment.paid_on)),
        Cell::text(reference.unwrap_or_default()),
        Cell::text(delivery),
    ]
}

/// As what a statement is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Sheets to print.
    Pdf,
    /// One row per line.
    Csv,
    /// The canonical fields and their hash.
    Json,
}

/// One statement as a file: a function of what was stored when its month closed.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`]; faults.
pub async fn document<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    statement: &str,
    format: Format,
) -> Answer {
    let detail = find(store, &desk, statement).await?;
    let (name, media) = match format {
        Format::Pdf => ("pdf", "application/pdf"),
        Format::Csv => ("csv", "text/csv; charset=utf-8"),
        Format::Json => ("json", "application/json"),
    };
    let name = format!("{}.{name}", detail.document.number);
    // Setting sheets takes a while; the request's thread has others to serve.
    let content = tokio::task::spawn_blocking(move || match format {
        Format::Pdf => documents::pdf::statement(&detail.document),
        Format::Csv => documents::csv::statement(&detail.document),
        Format::Json => Ok(documents::json::statement(&detail.document)),
    });
    Ok(download(
        &name,
        media,
        content.await.map_err(Error::fault)??,
    ))
}

async fn find<S: Sees>(store: &Store, desk: &Desk<S>, statement: &str) -> Result<StatementDetail> {
    let statement: StatementId = id(statement)?;
    desk.read(store, move |tx, _| statements::statement(tx, statement))
        .await
}

/// A line of a statement, ready to be set.
struct LineView {
    customer: String,
    service: String,
    period: String,
    earned: String,
    base: String,
    rate: String,
    amount: String,
    why: String,
    entry_href: String,
}

/// The lines of one block and what they come to.
struct BlockView {
    title: &'static str,
    lines: Vec<LineView>,
    total: String,
}

/// Lines shown on a page; all of them are in the files.
const LINES_SHOWN: usize = 500;

fn blocks(document: &StatementDocument, base: &str) -> Vec<BlockView> {
    let mut left = LINES_SHOWN;
    let block = |block: Block| {
        let lines: Vec<LineView> = document
            .block(block)
            .take(left)
            .map(|line| view(document, line, base))
            .collect();
        left = left.saturating_sub(lines.len());
        BlockView {
            title: block.title(),
            total: document.figure(document.stated_total(block)),
            lines,
        }
    };
    let blocks = Block::ALL.map(block);
    blocks
        .into_iter()
        .filter(|block| !block.lines.is_empty())
        .collect()
}

fn view(document: &StatementDocument, line: &Line, base: &str) -> LineView {
    LineView {
        customer: line.customer.clone(),
        service: format!("{}, {}", line.offering, line.plan),
        period: service_words(line.service_from, line.service_to),
        earned: month_short(&line.earned_period),
        base: document.figure(line.base_minor),
        rate: document.rate_words(line),
        amount: document.figure(line.amount_minor),
        why: document.explanation(line),
        entry_href: format!("{base}/ledger/{}", line.entry),
    }
}

/// A letter about the statement, ready to be set.
struct Letter {
    pill: (&'static str, &'static str),
    at: String,
    mail: MailRow,
}

#[derive(Template)]
#[template(path = "statements/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    may_send: bool,
    may_pay: bool,
    // Not `href`: inside the body of a section that name is the section's own.
    own_href: String,
    title: String,
    crumbs: Vec<(String, String)>,
    answer: String,
    summary: [SummaryRow; 6],
    held: String,
    next_payment: Option<String>,
    plans: String,
    blocks: Vec<BlockView>,
    lines_left: usize,
    lines_total: String,
    letters: Vec<Letter>,
    payout: (&'static str, String),
    row: StatementRow,
    document: StatementDocument,
    sha256: String,
    problems: Problems,
    typed: PaidForm,
    form_id: String,
}

/// "Payout made", as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaidForm {
    /// The day, as 2026-11-15.
    pub paid_on: String,
    /// The bank's reference.
    pub reference: String,
    /// The version that was seen.
    pub version: String,
    /// Makes the form count once.
    pub form_id: String,
}

/// One statement.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`]; faults.
pub async fn show<S: Sees>(store: &Store, desk: Desk<S>, statement: &str) -> Answer {
    show_with(
        store,
        desk,
        statement,
        (PaidForm::default(), Problems::default()),
    )
    .await
}

/// As [`show`], with a payout form that was refused.
///
/// # Errors
/// As [`show`].
pub async fn show_with<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    statement: &str,
    (mut typed, problems): (PaidForm, Problems),
) -> Answer {
    let statement: StatementId = id(statement)?;
    let (detail, today) = desk
        .read(store, move |tx, calendar| {
            Ok((statements::statement(tx, statement)?, calendar.today))
        })
        .await?;
    let status = match problems.is_empty() {
        true => actix_web::http::StatusCode::OK,
        false => actix_web::http::StatusCode::UNPROCESSABLE_ENTITY,
    };
    if problems.is_empty() {
        typed.paid_on = today.to_string();
    }
    html(status, &show_page(desk, detail, today, (typed, problems))?)
}

/// What became of a payout that was made; the document itself was written before.
fn paid_words(row: &StatementRow) -> Option<String> {
    let day = row.payment.as_ref()?.paid_on?;
    Some(format!(
        "{} was paid on {}.",
        words::money(row.payout),
        date_words(day)
    ))
}

fn show_page<S: Sees>(
    desk: Desk<S>,
    detail: StatementDetail,
    today: NaiveDate,
    (typed, problems): (PaidForm, Problems),
) -> Result<ShowPage> {
    let StatementDetail {
        row,
        document,
        sha256,
        mails,
    } = detail;
    let summary = mail_summary(&document);
    let blocks = blocks(&document, &desk.base);
    let shown: usize = blocks.iter().map(|block| block.lines.len()).sum();
    let letter = |mail: MailRow| Letter {
        pill: mail_pill(&mail.status),
        at: sent_words(&mail),
        mail,
    };
    Ok(ShowPage {
        own_href: format!("{}/statements/{}", desk.base, row.id),
        crumbs: vec![("Statements".to_owned(), format!("{}/statements", desk.base))],
        title: format!("{} statement", document.period_words()),
        answer: paid_words(&row).unwrap_or(summary.sentence),
        summary: summary.rows,
        held: summary.held,
        next_payment: document.next_payment_sentence(),
        plans: document.commission_plans.join("; "),
        lines_total: document.figure(row.lines.minor()),
        lines_left: document.lines.len() - shown,
        blocks,
        letters: mails.into_iter().map(letter).collect(),
        payout: payout_pill(&row, today),
        may_send: desk.is_staff && desk.may(Permission::SendStatements),
        may_pay: desk.is_staff && desk.may(Permission::MarkPayoutsPaid),
        shell: desk.shell,
        base: desk.base,
        is_staff: desk.is_staff,
        row,
        document,
        sha256,
        problems,
        typed,
        form_id: fresh_form_id()?,
    })
}

#[derive(Template)]
#[template(path = "statements/sending.html")]
struct SendingPage {
    shell: Shell,
    href: String,
    crumbs: Vec<(String, String)>,
    row: StatementRow,
    recipient: String,
    form_id: String,
}

/// The page that asks before a statement is sent again.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`]; faults.
pub async fn sending<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    statement: &str,
    recipient: String,
) -> Answer {
    let row = find(store, &desk, statement).await?.row;
    let href = format!("{}/statements/{}", desk.base, row.id);
    ok(&SendingPage {
        crumbs: vec![
            ("Statements".to_owned(), format!("{}/statements", desk.base)),
            (row.number.clone(), href.clone()),
        ],
        form_id: fresh_form_id()?,
        shell: desk.shell,
        href,
        row,
        recipient,
    })
}

/// "2 Nov 2026, 08:00 UTC", for a letter that was taken.
fn sent_words(mail: &MailRow) -> String {
    let at = mail.sent_at.unwrap_or(mail.created_at);
    format!("{}, {} UTC", date_words(at.date()), at.format("%H:%M"))
}
