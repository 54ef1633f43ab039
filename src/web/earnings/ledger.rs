//! The commission ledger: its register, and one entry that explains itself.
use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::{Desk, currency, id, month, months};
use crate::{
    Result,
    documents::csv::{self, Cell},
    domain::{
        Money, Phase, Ratio,
        accrual::{EntryKind, EntryStatus},
        date_words,
    },
    id::CommissionEntryId,
    store::{
        Store, Tx,
        paging::Cursor,
        registers::{
            Sees,
            ledger::{self, EntryDetail, EntryFilter, EntryRow, EntryTerms},
        },
    },
    web::{
        Answer, Shell, filters,
        list::{Address, Pager, count_words, options},
        page::{download, ok},
        words,
    },
};

/// The register's address, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    partner: String,
    customer: String,
    kind: String,
    status: String,
    earned: String,
    posted: String,
    currency: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> EntryFilter {
        let status: Option<EntryStatus> = self.status.parse().ok();
        EntryFilter {
            partner: self.partner.clone(),
            customer: self.customer.clone(),
            kind: self.kind.parse().ok(),
            status: status.filter(|status| *status != EntryStatus::Offset),
            earned: month(&self.earned),
            posted: month(&self.posted),
            currency: currency(&self.currency),
        }
    }
    fn address(&self, base: &str) -> Address {
        Address::new(
            format!("{base}/ledger"),
            &[
                ("partner", &self.partner),
                ("customer", &self.customer),
                ("kind", &self.kind),
                ("status", &self.status),
                ("earned", &self.earned),
                ("posted", &self.posted),
                ("currency", &self.currency),
            ],
        )
    }
}

/// How entries stand, for the filter.
const STATUSES: [(&str, &str); 5] = [
    ("", "All"),
    ("held", "Held"),
    ("payable", "Payable"),
    ("stated", "On a statement"),
    ("paid", "Paid"),
];
const KINDS: [(&str, &str); 3] = [("", "All"), ("earned", "Earned"), ("reversal", "Reversed")];

#[derive(Template)]
#[template(path = "ledger/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    asked: Asked,
    months: Vec<(String, String)>,
    currencies: Vec<(String, String)>,
    entries: Vec<EntryRow>,
    count: String,
    csv_href: String,
    clear_href: String,
    pager: Pager,
}

/// The register.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn index<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let (filter, from) = (asked.filter(), Cursor::read(&asked.at));
    let (page, count, months, currencies) = desk
        .read(store, move |tx, calendar| {
            let page = ledger::page(tx, &filter, calendar.today, from.as_ref())?;
            let count = ledger::count(tx, &filter, calendar.today)?;
            Ok((page, count, months(calendar), S::currencies(tx)?))
        })
        .await?;
    let address = asked.address(&desk.base);
    ok(&IndexPage {
        count: count_words(page.rows.len(), count, ("entry", "entries")),
        pager: address.pager(&page),
        csv_href: address.csv(),
        clear_href: address.clear(),
        entries: page.rows,
        shell: desk.shell,
        base: desk.base,
        is_staff: desk.is_staff,
        asked,
        months,
        currencies: options("All", currencies),
    })
}

const COLUMNS: [&str; 15] = [
    "Entry",
    "Partner",
    "Customer",
    "Kind",
    "Status",
    "Earned in",
    "Posted in",
    "Paid on",
    "Payable from",
    "Base",
    "Rate %",
    "Amount",
    "Currency",
    "Statement",
    "Reverses entry",
];

/// The register as a file.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn file<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let filter = asked.filter();
    let content = desk
        .read(store, move |tx, calendar| {
            let rows = ledger::all(tx, &filter, calendar.today)?;
            Ok(csv::table(&COLUMNS, rows.iter().map(cells))?)
        })
        .await?;
    Ok(csv_file("ledger.csv", content))
}

/// A register as a file to be kept.
pub fn csv_file(name: &str, content: Vec<u8>) -> HttpResponse {
    download(name, "text/csv; charset=utf-8", content)
}

fn cells(entry: &EntryRow) -> Vec<Cell> {
    let statement = entry.statement.as_ref().map(|(_, number)| number.clone());
    let reverses = entry.reverses.map(|id| id.to_string());
    vec![
        Cell::text(entry.id.to_string()),
        Cell::text(&entry.partner_name),
        Cell::text(&entry.customer_name),
        Cell::text(entry.kind.code()),
        Cell::text(entry.status.code()),
        Cell::text(entry.earned.to_string()),
        Cell::text(entry.posted.to_string()),
        Cell::text(entry.paid_on.to_string()),
        Cell::text(entry.matures_on.to_string()),
        Cell::number(entry.base.plain()),
        Cell::minor(i64::from(entry.rate.bps()), 2),
        Cell::number(entry.amount.plain()),
        Cell::text(entry.amount.currency().code()),
        Cell::text(statement.unwrap_or_default()),
        Cell::text(reverses.unwrap_or_default()),
    ]
}

/// Where an entry's page leads.
struct Links {
    partner: String,
    customer: String,
    subscription: String,
    invoice: String,
    statement: String,
}

impl Links {
    fn of(base: &str, entry: &EntryRow) -> Self {
        let statement = entry.statement.as_ref();
        Self {
            partner: format!("{base}/partners/{}", entry.partner),
            customer: format!("{base}/customers/{}", entry.customer),
            subscription: format!("{base}/subscriptions/{}", entry.subscription),
            invoice: format!("{base}/invoices/{}", entry.invoice),
            statement: statement.map_or(String::new(), |(id, _)| format!("{base}/statements/{id}")),
        }
    }
}

#[derive(Template)]
#[template(path = "ledger/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    answer: String,
    crumbs: Vec<(String, String)>,
    links: Links,
    entry: EntryRow,
    service: String,
    because: Vec<String>,
    standing: String,
    formula: String,
    pays: String,
    detail: EntryDetail,
}

/// One entry. What partners do not see of plans, `terms` leaves out.
///
/// # Errors
/// [`crate::Error::NotFound`]; [`crate::Error::Forbidden`]; faults.
pub async fn show<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    entry: &str,
    terms: fn(&mut Tx<'_, S>, CommissionEntryId) -> Result<Option<EntryTerms>>,
) -> Answer {
    let entry: CommissionEntryId = id(entry)?;
    let (detail, terms) = desk
        .read(store, move |tx, calendar| {
            let detail = ledger::entry(tx, entry, calendar.today)?;
            Ok((detail, terms(tx, entry)?))
        })
        .await?;
    let row = detail.entry.clone();
    ok(&ShowPage {
        crumbs: vec![("Ledger".to_owned(), format!("{}/ledger", desk.base))],
        answer: answer(&row),
        links: Links::of(&desk.base, &row),
        service: words::service(detail.service_from, detail.service_to),
        because: because(&detail, terms.as_ref()),
        standing: standing(&row),
        pays: row.pays(),
        formula: formula(&detail),
        shell: desk.shell,
        base: desk.base,
        is_staff: desk.is_staff,
        entry: row,
        detail,
    })
}

fn answer(entry: &EntryRow) -> String {
    let amount = words::money(entry.amount);
    match entry.kind {
        EntryKind::Earned => format!(
            "{amount} for {}, earned in {}.",
            entry.customer_name,
            entry.earned.title()
        ),
        EntryKind::Reversal => format!(
            "{amount} for {}, taken back from {}.",
            entry.customer_name,
            entry.earned.title()
        ),
    }
}

/// "480.00 × 20 % = 96.00", or how rounding over the whole invoice makes it differ.
fn formula(detail: &EntryDetail) -> String {
    let entry = &detail.entry;
    let amount = words::figure(entry.amount);
    let share = match detail.share.is_whole() {
        true => String::new(),
        false => format!(" × {} of {} days", detail.share.days, detail.share.of),
    };
    if let Some((per_unit, units)) = detail.per_unit {
        let whole = format!("{units} units × {}{share}", words::figure(per_unit));
        return format!(
            "{whole}, of which {amount} for {}",
            words::figure(entry.base)
        );
    }
    let sum = format!("{} × {}{share}", words::figure(entry.base), entry.rate);
    let part = detail.share.exact().unwrap_or(Ratio::ONE);
    let alone = entry.rate.exact(entry.base.minor()).times(part);
    let alone = alone.and_then(Ratio::round).unwrap_or_default();
    match alone == entry.amount.minor() {
        true => format!("{sum} = {amount}"),
        false => format!(
            "{sum} is {} alone. Rounding is done once for the whole invoice; this entry’s part is {amount}",
            words::figure(Money::new(alone, entry.amount.currency()))
        ),
    }
}

/// The amount before rounding, where it is no whole minor unit.
fn exactly(entry: &EntryRow) -> Option<String> {
    (entry.exact.den() > 1).then(|| {
        format!(
            "Before rounding it is {}/{} of the smallest unit of {}; halves round away from zero.",
            entry.exact.num(),
            entry.exact.den(),
            entry.amount.currency()
        )
    })
}

fn because(detail: &EntryDetail, terms: Option<&EntryTerms>) -> Vec<String> {
    let mut said = vec![cause(detail), rate(detail)];
    if !detail.share.is_whole() {
        said.push(format!(
            "The clause pays for some months only: {} of the {} days lie within them.",
            detail.share.days, detail.share.of
        ));
    }
    said.extend(exactly(&detail.entry));
    if let Some(terms) = terms {
        said.push(format!(
            "Commission plan “{}”, version {}, clause {}. The plan holds commission for {} after the payment.",
            terms.plan,
            terms.version_no,
            terms.clause_no,
            words::count(terms.hold_days.into(), "day", "days")
        ));
        said.push(format!("It says: “{}.”", terms.clause));
    }
    if detail.entry.posted > crate::domain::Period::of(detail.entry.paid_on) {
        said.push(format!(
            "It was posted in {}: the month of its payment was closed already.",
            detail.entry.posted.title()
        ));
    }
    said
}

fn cause(detail: &EntryDetail) -> String {
    let entry = &detail.entry;
    let day = date_words(entry.paid_on);
    let base = words::money(entry.base);
    let line = format!("invoice {}, line {}", detail.invoice_number, detail.line_no);
    match (entry.kind, entry.source_kind.as_str()) {
        (EntryKind::Earned, _) => format!(
            "{} paid {base} before tax on {line}, on {day}.",
            entry.customer_name
        ),
        (EntryKind::Reversal, "credit_note") => {
            format!("A credit note of {day} changed what was collected on {line} by {base}.")
        }
        (EntryKind::Reversal, _) => {
            format!("A refund on {day} changed what was collected on {line} by {base}.")
        }
    }
}

fn rate(detail: &EntryDetail) -> String {
    let phase = match detail.phase {
        Some(Phase::First) => "the first service period",
        Some(Phase::Recurring) => "a service period of the first term",
        Some(Phase::Renewal) => "a service period after the first term",
        None => "this service period",
    };
    let rate = match detail.per_unit {
        Some((per_unit, _)) => format!("{} for each unit", words::money(per_unit)),
        None => detail.entry.rate.to_string(),
    };
    match &detail.tier {
        Some(tier) => format!("The rate is {rate}: {tier} at the start of {phase}."),
        None => format!("The rate is {rate}, in {phase}."),
    }
}

fn standing(entry: &EntryRow) -> String {
    let from = date_words(entry.matures_on);
    match (entry.status, &entry.statement) {
        (EntryStatus::Held, _) => format!("Held until {from}, payable from that day on."),
        (EntryStatus::Payable, _) => {
            format!("Payable since {from}. It comes onto the next statement.")
        }
        (EntryStatus::Offset, _) => {
            "Taken back in full before it was on a statement. Both come onto one statement and add up to nothing."
                .to_owned()
        }
        (EntryStatus::Stated, Some((_, number))) => {
            format!("Payable since {from}, on statement {number}.")
        }
        (_, Some((_, number))) => format!("Paid with statement {number}."),
        (_, None) => format!("Payable since {from}."),
    }
}
