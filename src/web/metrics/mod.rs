//! Metrics, for the vendor over all partners and for a partner over its own customers: each with a
//! chart, the same figures in a table and in a file, and what they mean in words.
pub mod churn;
pub mod cohorts;
pub mod commission;
pub mod grid;
pub mod recurring;

use askama::Template;
use serde::Deserialize;

use crate::{
    Result,
    domain::{Currency, Money, Period, metrics::CustomerHistory, statement_document},
    id::OfferingId,
    store::{
        Store, Tx,
        registers::{
            Calendar, Sees,
            metrics::{self, MetricFilter},
        },
    },
    web::{
        Answer, Shell,
        chart::Chart,
        earnings::{Desk, ledger::csv_file, month, months},
        list::Address,
        page::ok,
        words,
    },
};
use grid::Grid;

/// What is looked at, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    partner: String,
    offering: String,
    currency: String,
    until: String,
    months: String,
}

/// How many months a page shows, the usual first.
const SPANS: [(&str, &str); 4] = [
    ("", "12 months"),
    ("6", "6 months"),
    ("24", "24 months"),
    ("36", "36 months"),
];

impl Asked {
    fn address(&self, path: String) -> Address {
        Address::new(
            path,
            &[
                ("partner", &self.partner),
                ("offering", &self.offering),
                ("currency", &self.currency),
                ("until", &self.until),
                ("months", &self.months),
            ],
        )
    }
    fn span(&self) -> u32 {
        match self.months.as_str() {
            "6" => 6,
            "24" => 24,
            "36" => 36,
            _ => 12,
        }
    }
}

/// What was asked, understood.
#[derive(Debug, Clone)]
struct Look {
    filter: MetricFilter,
    first: Period,
    last: Period,
    calendar: Calendar,
    offerings: Vec<(String, String)>,
    currencies: Vec<(String, String)>,
    months: Vec<(String, String)>,
}

impl Look {
    fn of<S: Sees>(tx: &mut Tx<'_, S>, calendar: &Calendar, asked: &Asked) -> Result<Self> {
        let known = metrics::currencies(tx, calendar)?;
        let typed = known.iter().find(|one| one.code() == asked.currency);
        let offerings = metrics::offerings(tx)?;
        let offering: Option<OfferingId> = asked.offering.parse().ok();
        let last = month(&asked.until).unwrap_or(calendar.this_month());
        let last = last.min(calendar.this_month());
        let first = (1..asked.span()).fold(last, |month, _| month.previous());
        let all = ("".to_owned(), "All".to_owned());
        let named = offerings.into_iter();
        let named = named.map(|(id, name)| (id.to_string(), name));
        let codes = known.iter().map(|one| one.code().to_owned());
        let mut until = months(calendar);
        until.retain(|(code, _)| !code.is_empty());
        Ok(Self {
            filter: MetricFilter {
                // To a partner there is none but itself.
                partner: match tx.scope().partner_id() {
                    None => asked.partner.clone(),
                    Some(_) => String::new(),
                },
                offering,
                currency: typed.copied().unwrap_or(calendar.currency),
            },
            first,
            last,
            calendar: calendar.clone(),
            offerings: std::iter::once(all).chain(named).collect(),
            currencies: codes.map(|code| (code.clone(), code)).collect(),
            months: until,
        })
    }

    /// The first month to show: not before anything was sold.
    fn since(&self, histories: &[CustomerHistory]) -> Period {
        let began = histories.iter().filter_map(|one| one.first_paid).min();
        began.map_or(self.last, |began| began.max(self.first).min(self.last))
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.filter.currency)
    }

    /// "Nov 2026", and whether it is not over yet.
    fn label(&self, month: Period) -> String {
        match month == self.calendar.this_month() {
            true => format!("{} so far", words::month(month)),
            false => words::month(month),
        }
    }
}

/// Whole units of a currency, for the rules of a chart.
fn on_axis(currency: Currency) -> impl Fn(i64) -> String {
    let unit = 10_i64.pow(currency.exponent());
    move |minor| statement_document::figure(minor / unit, 0)
}

/// Whole percents of bps, for the rules of a chart.
fn percent_on_axis(bps: i64) -> String {
    format!("{}\u{a0}%", statement_document::figure(bps / 100, 0))
}

/// A figure above a page; its label leads to what it means.
struct Figure {
    label: &'static str,
    value: String,
    note: String,
    href: &'static str,
}

/// A chart and its table.
struct Block {
    title: &'static str,
    chart: Option<Chart>,
    grid: Grid,
    csv_href: String,
    note: String,
}

/// What a page shows beside its frame.
struct Shown {
    title: &'static str,
    answer: String,
    figures: Vec<Figure>,
    blocks: Vec<Block>,
    meanings: &'static [(&'static str, &'static str, &'static str)],
    is_empty: bool,
}

#[derive(Template)]
#[template(path = "metrics/show.html")]
struct ShowPage {
    shell: Shell,
    is_staff: bool,
    asked: Asked,
    look: Look,
    tabs: Vec<(&'static str, String, bool)>,
    clear_href: String,
    shown: Shown,
}

const TABS: [(&str, &str); 4] = [
    ("Recurring revenue", "/metrics"),
    ("Cohorts", "/metrics/cohorts"),
    ("Commission cost", "/metrics/commission"),
    ("Churn simulator", "/metrics/churn"),
];

fn tabs(base: &str, current: &str, asked: &Asked) -> Vec<(&'static str, String, bool)> {
    let tab = |(label, below): (&'static str, &str)| {
        let href = asked.address(format!("{base}{below}")).sorted("");
        (label, href, below == current)
    };
    TABS.into_iter().map(tab).collect()
}

/// A page about figures: reads them, and shows them in their frame.
async fn page<S, T>(
    store: &Store,
    desk: Desk<S>,
    (asked, below): (Asked, &'static str),
    read: impl FnOnce(&mut Tx<'_, S>, &Look) -> Result<T> + Send + 'static,
    show: impl FnOnce(&Look, T, &dyn Fn(&str) -> String) -> Result<Shown>,
) -> Answer
where
    S: Sees,
    T: Send + 'static,
{
    let wanted = asked.clone();
    let (look, found) = desk
        .read(store, move |tx, calendar| {
            let look = Look::of(tx, calendar, &wanted)?;
            let found = read(tx, &look)?;
            Ok((look, found))
        })
        .await?;
    let file = |name: &str| asked.address(format!("{}{name}", desk.base)).csv();
    let shown = show(&look, found, &file)?;
    let address = asked.address(format!("{}{below}", desk.base));
    ok(&ShowPage {
        tabs: tabs(&desk.base, below, &asked),
        clear_href: address.clear(),
        is_staff: desk.is_staff,
        shell: desk.shell,
        asked,
        look,
        shown,
    })
}

/// A table as a file.
async fn file<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    (asked, name): (Asked, &str),
    make: impl FnOnce(&mut Tx<'_, S>, &Look) -> Result<Grid> + Send + 'static,
) -> Answer {
    let grid = desk
        .read(store, move |tx, calendar| {
            let look = Look::of(tx, calendar, &asked)?;
            make(tx, &look)
        })
        .await?;
    Ok(csv_file(name, grid.file()?))
}
