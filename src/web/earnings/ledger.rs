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
        date_words, statement_document,
    },
    id::CommissionEntryId,
    store::{
        Store, Tx,
        paging::Cursor,
        registers::{
            Sees,
            ledger::{self, EntryDetail, EntryFilter, EntryRow, EntryTerms, LineDetail},
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

/// The kinds of entries there are, for the filter.
fn kinds() -> Vec<(&'static str, &'static str)> {
    let kinds = EntryKind::ALL.iter();
    let kinds = kinds.map(|kind| (kind.code(), kind.label()));
    std::iter::once(("", "All")).chain(kinds).collect()
}

#[derive(Template)]
#[template(path = "ledger/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    asked: Asked,
    kinds: Vec<(&'static str, &'static str)>,
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
        kinds: kinds(),
        months,
        currencies: options("All", currencies),
    })
}

const COLUMNS: [&str; 18] = [
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
    "Amount per unit",
    "Amount",
    "Currency",
    "Statement",
    "Reverses entry",
    "Note",
    "Part",
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
        match entry.per_unit {
            Some(_) => Cell::text(""),
            None => Cell::minor(i64::from(entry.rate.bps()), 2),
        },
        entry
            .per_unit
            .map_or_else(|| Cell::text(""), |one| Cell::number(one.plain())),
        Cell::number(entry.amount.plain()),
        Cell::text(entry.amount.currency().code()),
        Cell::text(statement.unwrap_or_default()),
        Cell::text(reverses.unwrap_or_default()),
        Cell::text(&entry.note),
        Cell::text(entry.part.words()),
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
        let to = |kind: &str, id: Option<String>| {
            let id = id.filter(|_| entry.is_own);
            id.map_or(String::new(), |id| format!("{base}/{kind}/{id}"))
        };
        Self {
            partner: format!("{base}/partners/{}", entry.partner),
            customer: to("customers", entry.customer.map(|id| id.to_string())),
            subscription: to("subscriptions", entry.subscription.map(|id| id.to_string())),
            invoice: to("invoices", entry.invoice.map(|id| id.to_string())),
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
    because: Vec<String>,
    standing: String,
    formula: Option<String>,
    pays: String,
    /// What it comes to in the currency it is paid in; empty for the one it was earned in.
    paid_as: String,
    is_capped: bool,
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
        because: because(&detail, terms.as_ref()),
        standing: standing(&row),
        pays: row.pays(),
        paid_as: detail.converted.as_ref().map_or_else(String::new, |one| {
            words::money(Money::new(one.payable_minor, one.currency))
        }),
        is_capped: row.caps.is_some() || detail.reversed_by.iter().any(|one| one.caps.is_some()),
        formula: match &detail.line {
            _ if !row.note.is_empty() => None,
            Some(line) => Some(formula(&row, line)),
            None => (!row.is_own).then(|| own_formula(&row)),
        },
        shell: desk.shell,
        base: desk.base,
        is_staff: desk.is_staff,
        entry: row,
        detail,
    })
}

fn answer(entry: &EntryRow) -> String {
    let amount = words::money(entry.amount);
    let month = entry.earned.title();
    let whom = match entry.customer_name.as_str() {
        "" => String::new(),
        customer => format!(" for {customer}"),
    };
    match entry.kind {
        EntryKind::Earned => format!("{amount}{whom}, earned in {month}."),
        EntryKind::Reversal | EntryKind::Clawback => {
            format!("{amount}{whom}, taken back from {month}.")
        }
        kind => format!("{}: {amount}{whom}, in {month}.", kind.label()),
    }
}

/// "480.00 × 20 % = 96.00", or how rounding over the whole invoice makes it differ.
fn formula(entry: &EntryRow, line: &LineDetail) -> String {
    let amount = words::figure(entry.amount);
    let share = match line.share.is_whole() {
        true => String::new(),
        false => format!(" × {} of {} days", line.share.days, line.share.of),
    };
    let part = entry.times_part();
    let per_unit = line.per_unit.filter(|_| entry.rate.bps() == 0);
    if let Some((per_unit, units)) = per_unit {
        let units = words::count(units.into(), "unit", "units");
        let whole = format!("{units} × {}{share}{part}", words::figure(per_unit));
        return format!(
            "{whole}, of which {amount} for {}",
            words::figure(entry.base)
        );
    }
    let sum = format!(
        "{} × {}{share}{part}",
        words::figure(entry.base),
        entry.rate
    );
    let days = line.share.exact().unwrap_or(Ratio::ONE);
    let alone = entry.rate.exact(entry.base.minor()).times(days);
    let mut factors = entry.part.factors().into_iter().map(|one| one.exact(1));
    let alone = alone.and_then(|alone| factors.try_fold(alone, Ratio::times));
    let alone = alone.and_then(Ratio::round).unwrap_or_default();
    match alone == entry.amount.minor() {
        true => format!("{sum} = {amount}"),
        false => format!(
            "{sum} is {} alone. Rounding is done once for the whole invoice; this entry’s part is {amount}",
            words::figure(Money::new(alone, entry.amount.currency()))
        ),
    }
}

/// The same for a partner who does not see the invoice.
fn own_formula(entry: &EntryRow) -> String {
    let amount = words::figure(entry.amount);
    let rate = entry.pays();
    format!(
        "{amount} is {rate} on {} of revenue, rounded once with the whole invoice",
        words::figure(entry.base)
    )
}

/// The amount before rounding, where it is no whole minor unit.
fn exactly(entry: &EntryRow) -> Option<String> {
    let currency = entry.amount.currency();
    let finer = entry.exact.times(Ratio::from_int(10_000));
    let finer = finer.and_then(Ratio::round).ok();
    let finer = finer.filter(|_| entry.exact.den() > 1)?;
    Some(format!(
        "Before rounding it is {currency} {}, to four more decimals; halves round away from zero.",
        statement_document::figure(finer, currency.exponent() + 4)
    ))
}

fn because(detail: &EntryDetail, terms: Option<&EntryTerms>) -> Vec<String> {
    let mut said = match &detail.line {
        Some(line) if detail.entry.note.is_empty() => of_line(detail, line),
        None if !detail.entry.is_own && detail.entry.note.is_empty() => of_another(&detail.entry),
        _ => vec![detail.entry.note.clone()],
    };
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
    said.extend(converted(detail));
    if detail.entry.posted > crate::domain::Period::of(detail.entry.paid_on) {
        said.push(format!(
            "It was posted in {}: {} was closed already.",
            detail.entry.posted.title(),
            crate::domain::Period::of(detail.entry.paid_on).title()
        ));
    }
    said
}

/// What it comes to in the currency it is paid in.
fn converted(detail: &EntryDetail) -> Option<String> {
    let one = detail.converted.as_ref()?;
    let like = match detail.entry.reverses {
        Some(_) => ", as what it takes back was",
        None => "",
    };
    Some(format!(
        "It is paid in {}{like}: {} at {} of {} ({}) is {}.",
        one.currency,
        words::money(Money::new(one.earned_minor, one.earned_currency)),
        one.rate_words(),
        date_words(one.rated_on),
        one.source,
        words::money(Money::new(one.payable_minor, one.currency)),
    ))
}

/// Why a line of an invoice earned or gave back what it did.
fn of_line(detail: &EntryDetail, line: &LineDetail) -> Vec<String> {
    let mut said = vec![cause(detail, line), rate(&detail.entry, line)];
    said.extend(line.chosen.map(|why| why.words()));
    if !line.share.is_whole() {
        let (days, of) = (line.share.days, line.share.of);
        said.push(match line.per_unit {
            Some(_) => {
                format!(
                    "An amount per unit is for a whole period: of its days, {days} of {of} count."
                )
            }
            None => format!(
                "The clause pays for some months only: of the days, {days} of {of} lie within them."
            ),
        });
    }
    let part = detail.entry.part.words();
    said.extend((!part.is_empty()).then(|| format!("It is {part}.")));
    said.extend(exactly(&detail.entry));
    said
}

/// Why a partner earned or gave back on what another partner sold.
fn of_another(entry: &EntryRow) -> Vec<String> {
    let (base, day) = (words::money(entry.base), date_words(entry.paid_on));
    let cause = match (entry.kind, entry.source_kind.as_str()) {
        (EntryKind::Reversal, "credit_note") => {
            format!("A credit note of {day} changed what was collected by {base}.")
        }
        (EntryKind::Reversal, _) => {
            format!("A refund on {day} changed what was collected by {base}.")
        }
        _ => format!("{base} before tax was paid on {day}."),
    };
    let mut said = vec![
        format!("{}.", entry.customer_name),
        cause,
        format!("It is {}.", entry.part.words()),
    ];
    if entry.rate.bps() > 0 {
        said.push(format!("The rate is {}.", entry.rate));
    }
    said.extend(exactly(entry));
    said
}

fn cause(detail: &EntryDetail, line: &LineDetail) -> String {
    let entry = &detail.entry;
    let day = date_words(entry.paid_on);
    let base = words::money(entry.base);
    let number = detail.invoice_number.as_deref().unwrap_or_default();
    let line = format!("invoice {number}, line {}", line.line_no);
    match (entry.kind, entry.source_kind.as_str()) {
        (EntryKind::Reversal, "credit_note") => {
            format!("A credit note of {day} changed what was collected on {line} by {base}.")
        }
        (EntryKind::Reversal, _) => {
            format!("A refund on {day} changed what was collected on {line} by {base}.")
        }
        _ => format!(
            "{} paid {base} before tax on {line}, on {day}.",
            entry.customer_name
        ),
    }
}

fn rate(entry: &EntryRow, line: &LineDetail) -> String {
    let phase = match line.phase {
        Some(Phase::First) => "the first service period",
        Some(Phase::Recurring) => "a service period of the first term",
        Some(Phase::Renewal) => "a service period after the first term",
        None => "this service period",
    };
    let rate = match line.per_unit {
        Some((per_unit, _)) if entry.rate.bps() == 0 => {
            format!("{} for each unit", words::money(per_unit))
        }
        _ => entry.rate.to_string(),
    };
    match &line.tier {
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
