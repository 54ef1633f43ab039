//! One month: what it came to or would come to, its statements, and how far its close is.
use actix_web::{HttpResponse, http::header, web::Data};
use askama::Template;

use super::{Parts, asked_month, job, pill};
use crate::{
    Error, Result,
    documents::csv::{self, Cell},
    domain::{Money, Period, PeriodStatus, Permission, date_words},
    queue::Job,
    services::revenue::{
        Missing,
        close::{self, Preview},
    },
    store::{
        Store, VendorScope,
        registers::{
            Calendar,
            periods::{self, CloseJob, MonthRow, PreviewRow, PreviewTotal},
            statements::{self, StatementFilter, StatementRow},
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::{Desk, ledger::csv_file},
        filters,
        form::fresh_form_id,
        page::ok,
        words::{self, mail_pill},
    },
};

/// What is known of one month.
pub(super) struct Found {
    row: MonthRow,
    calendar: Calendar,
    job: Option<CloseJob>,
    staged: i64,
    /// An earlier month that is still open, if there is one.
    earlier: Option<Period>,
    pub(super) preview: Vec<PreviewRow>,
    /// The exchange rates that the close waits for.
    missing: Vec<Missing>,
    statements: Vec<StatementRow>,
}

/// What is known of a month.
pub(super) async fn find(store: &Store, desk: &Desk<VendorScope>, period: Period) -> Result<Found> {
    desk.read(store, move |tx, calendar| {
        let months = periods::months(tx, calendar)?;
        let open = |row: &&MonthRow| row.status != PeriodStatus::Closed && row.period < period;
        let earlier = months.iter().rfind(open).map(|row| row.period);
        let row = months.into_iter().find(|row| row.period == period);
        let row = row.ok_or(Error::NotFound)?;
        let filter = StatementFilter {
            month: Some(period),
            ..StatementFilter::default()
        };
        let (preview, statements) = match row.status {
            PeriodStatus::Open => (close::preview(tx, period)?, Vec::new()),
            PeriodStatus::Closing => (Preview::default(), Vec::new()),
            PeriodStatus::Closed => (
                Preview::default(),
                statements::all(tx, &filter, calendar.today)?,
            ),
        };
        Ok(Found {
            job: periods::close_job(tx, &job(period).dedupe())?,
            staged: periods::staged(tx, period)?,
            calendar: calendar.clone(),
            earlier,
            preview: preview.rows,
            missing: preview.missing.into_iter().collect(),
            statements,
            row,
        })
    })
    .await
}

/// What a month's close is doing.
#[derive(PartialEq, Eq)]
enum Doing {
    /// Nothing: it is open, or closed.
    Nothing,
    /// It waits for a worker.
    Queued,
    /// A worker stages statements.
    Staging,
    /// It failed too often.
    Parked,
}

impl Found {
    fn doing(&self) -> Doing {
        match (&self.job, self.row.status) {
            (_, PeriodStatus::Closed) => Doing::Nothing,
            (Some(job), _) if job.is_parked => Doing::Parked,
            (_, PeriodStatus::Closing) => Doing::Staging,
            (Some(_), PeriodStatus::Open) => Doing::Queued,
            (None, PeriodStatus::Open) => Doing::Nothing,
        }
    }
    /// Whether its close can be begun now.
    pub(super) fn may_be_closed(&self) -> bool {
        self.row.waits(&self.calendar)
            && self.earlier.is_none()
            && self.missing.is_empty()
            && self.doing() == Doing::Nothing
    }
    /// How it stands, in a sentence.
    pub(super) fn answer(&self) -> String {
        let (title, last) = (
            self.row.period.title(),
            date_words(self.row.period.last_day()),
        );
        match (self.row.status, self.doing(), self.earlier) {
            (PeriodStatus::Closed, _, _) => {
                let at = self
                    .row
                    .closed_at
                    .map(|at| date_words(self.calendar.zone.local_date(at)));
                format!(
                    "Closed{}. Nothing in it changes any more.",
                    at.map_or(String::new(), |at| format!(" on {at}"))
                )
            }
            (_, Doing::Parked, _) => "The close failed and waits for somebody.".to_owned(),
            (_, Doing::Queued, _) => "The close is queued and begins in a moment.".to_owned(),
            (_, Doing::Staging, _) => format!(
                "The close is running: {} so far.",
                words::count(self.staged, "statement", "statements")
            ),
            (_, _, Some(earlier)) => {
                format!("{} has to be closed before {title}.", earlier.title())
            }
            _ if self.row.waits(&self.calendar) && !self.missing.is_empty() => {
                format!("{title} is over. It cannot be closed while exchange rates are missing.")
            }
            _ if self.row.waits(&self.calendar) => {
                format!("{title} is over. This is what closing it now would come to.")
            }
            _ => format!("{title} is open until {last}. This is what it would come to so far."),
        }
    }
}

/// A row of the preview, ready to be set.
struct PreviewView {
    row: PreviewRow,
    opening: String,
    lines: String,
    payout: String,
    closing: String,
    held: String,
    why: &'static str,
    commission: String,
    tax: String,
    withheld: String,
}

/// A statement of a closed month, ready to be set.
struct StatementView {
    row: StatementRow,
    delivery: (&'static str, &'static str),
}

/// Rows shown on a page; the file has all.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "staff/periods/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    href: String,
    crumbs: Vec<(String, String)>,
    title: String,
    answer: String,
    pill: (&'static str, &'static str),
    row: MonthRow,
    posted: String,
    paid: Vec<Money>,
    may_close: bool,
    parked: Option<CloseJob>,
    is_running: bool,
    missing: Vec<Missing>,
    totals: Vec<PreviewTotal>,
    preview: Vec<PreviewView>,
    /// Whether VAT would be added to any of it, or anything withheld.
    is_taxed: bool,
    statements: Vec<StatementView>,
    count: String,
    deliveries: Vec<(String, String)>,
    ledger_href: String,
    statements_href: String,
    csv_href: String,
    journal_href: String,
    form_id: String,
}

/// The month.
pub(super) async fn show(staff: Staff, store: Data<Store>, path: Parts) -> Answer {
    let (desk, period) = (Desk::of_staff(staff), asked_month(&path)?);
    let found = find(&store, &desk, period).await?;
    let is_running = matches!(found.doing(), Doing::Queued | Doing::Staging);
    let page = ok(&show_page(desk, found)?)?;
    Ok(if is_running { again(page) } else { page })
}

/// A page that asks for itself again, to show how far something has come.
fn again(mut page: HttpResponse) -> HttpResponse {
    let soon = header::HeaderValue::from_static("5");
    page.headers_mut()
        .insert(header::HeaderName::from_static("refresh"), soon);
    page
}

fn show_page(desk: Desk<VendorScope>, found: Found) -> Result<ShowPage> {
    let base = desk.base.clone();
    let count = count_words(&found);
    Ok(ShowPage {
        href: format!("{base}/periods/{}", found.row.period),
        ledger_href: format!("{base}/ledger?posted={}", found.row.period),
        statements_href: format!("{base}/statements?month={}", found.row.period),
        csv_href: format!("{base}/periods/{}.csv", found.row.period),
        journal_href: format!("{base}/periods/{}/journal", found.row.period),
        form_id: fresh_form_id()?,
        crumbs: vec![("Months".to_owned(), format!("{base}/periods"))],
        title: found.row.period.title(),
        answer: found.answer(),
        pill: pill(&found.row, &found.calendar),
        posted: words::amounts(&found.row.posted),
        paid: found.row.paid.clone(),
        may_close: desk.may(Permission::ClosePeriods) && found.may_be_closed(),
        is_running: matches!(found.doing(), Doing::Queued | Doing::Staging),
        parked: found.job.clone().filter(|job| job.is_parked),
        missing: found.missing,
        totals: periods::preview_totals(&found.preview)?,
        preview: found.preview.iter().take(SHOWN).map(preview_view).collect(),
        is_taxed: found.preview.iter().any(|row| row.paid.is_taxed()),
        deliveries: deliveries(&found.statements, &base, found.row.period),
        statements: largest(found.statements),
        row: found.row,
        shell: desk.shell,
        base,
        count,
    })
}

/// How many statements there are or would be, and whose entries are all on hold.
fn count_words(found: &Found) -> String {
    let stated = found.preview.iter().filter(|row| row.is_stated()).count();
    let (all, [one, many]) = match found.row.status {
        PeriodStatus::Closed => (found.statements.len(), ["statement", "statements"]),
        _ => (
            stated,
            ["statement would be made", "statements would be made"],
        ),
    };
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let said = match all > SHOWN {
        true => format!("{SHOWN} of {all} {many}, the largest payouts first"),
        false => words::count(number(all), one, many),
    };
    match found.preview.len() - stated {
        0 => said,
        on_hold => format!(
            "{said}; {} on hold alone",
            words::count(number(on_hold), "more has entries", "more have entries")
        ),
    }
}

fn preview_view(row: &PreviewRow) -> PreviewView {
    let figure = |minor| words::figure(Money::new(minor, row.currency));
    PreviewView {
        opening: figure(row.opening_minor),
        lines: figure(row.lines_minor),
        payout: words::money(Money::new(row.paid.net_minor, row.currency)),
        commission: figure(row.paid.gross_minor),
        tax: figure(row.paid.tax_minor),
        withheld: figure(row.paid.withheld_minor),
        closing: figure(row.settlement.closing),
        held: figure(row.held_minor),
        why: row.settlement.reason.label(),
        row: row.clone(),
    }
}

fn largest(mut rows: Vec<StatementRow>) -> Vec<StatementView> {
    rows.sort_by_key(|row| std::cmp::Reverse(row.payable.minor()));
    let view = |row: StatementRow| StatementView {
        delivery: row
            .mail
            .as_ref()
            .map_or(("plain", "Not mailed"), |mail| mail_pill(&mail.status)),
        row,
    };
    rows.into_iter().take(SHOWN).map(view).collect()
}

/// How many statements of the month stand where with their mail, and the way to them.
fn deliveries(rows: &[StatementRow], base: &str, period: Period) -> Vec<(String, String)> {
    let states = [
        "sent", "queued", "sending", "deferred", "failed", "unknown", "none",
    ];
    let state = |row: &StatementRow| {
        row.mail
            .as_ref()
            .map_or("none".to_owned(), |mail| mail.status.clone())
    };
    states
        .iter()
        .filter_map(|wanted| {
            let number = rows.iter().filter(|row| state(row) == *wanted).count();
            let word = match *wanted {
                "none" => "not mailed".to_owned(),
                code => mail_pill(code).1.to_lowercase(),
            };
            let href = format!("{base}/statements?month={period}&delivery={wanted}");
            (number > 0).then(|| (format!("{number} {word}"), href))
        })
        .collect()
}

const COLUMNS: [&str; 12] = [
    "Partner",
    "Currency",
    "Opening",
    "Lines",
    "Lines total",
    "Payout",
    "Closing",
    "Held",
    "Why",
    "VAT",
    "Withheld",
    "Payable",
];

/// The month's statements, or those there would be, as a file.
pub(super) async fn file(staff: Staff, store: Data<Store>, path: Parts) -> Answer {
    let (desk, period) = (Desk::of_staff(staff), asked_month(&path)?);
    let found = find(&store, &desk, period).await?;
    let rows: Vec<Vec<Cell>> = match found.row.status {
        PeriodStatus::Closed => found.statements.iter().map(stated).collect(),
        _ => found.preview.iter().map(previewed).collect(),
    };
    let content = csv::table(&COLUMNS, rows).map_err(Error::from)?;
    Ok(csv_file(&format!("{period}.csv"), content))
}

fn previewed(row: &PreviewRow) -> Vec<Cell> {
    let amount = |minor| Cell::minor(minor, row.currency.exponent());
    vec![
        Cell::text(&row.partner_name),
        Cell::text(row.currency.code()),
        amount(row.opening_minor),
        Cell::number(row.line_count),
        amount(row.lines_minor),
        amount(row.settlement.payout),
        amount(row.settlement.closing),
        amount(row.held_minor),
        Cell::text(row.settlement.reason.code()),
        amount(row.paid.tax_minor),
        amount(row.paid.withheld_minor),
        amount(row.paid.net_minor),
    ]
}

fn stated(row: &StatementRow) -> Vec<Cell> {
    vec![
        Cell::text(&row.partner_name),
        Cell::text(row.payout.currency().code()),
        Cell::number(row.opening.plain()),
        Cell::number(row.line_count),
        Cell::number(row.lines.plain()),
        Cell::number(row.payout.plain()),
        Cell::number(row.closing.plain()),
        Cell::text(""),
        Cell::text(row.reason.code()),
        Cell::number(row.tax.plain()),
        Cell::number(row.withheld.plain()),
        Cell::number(row.payable.plain()),
    ]
}
