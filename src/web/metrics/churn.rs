//! The churn simulator, the calculator of required new sales, the value of one churn point, and what
//! a customer is worth: on one's own figures, or on any. Everything typed stands in the address.
use askama::Template;
use serde::Deserialize;

use super::{
    Asked as Narrowed, Figure, Look, file,
    grid::{Cell, Grid},
    on_axis, tabs,
};
use crate::{
    Result,
    domain::{
        Currency, Money, Period, Problems, Quantity, Rate,
        metrics::{
            Bond, Convention, CustomerHistory, MonthMovements, Paid, Projection, by_month,
            churn_point, gross_new_bps, project, simple_value, yearly_of_monthly,
        },
    },
    store::{Store, registers::Sees, registers::metrics::histories},
    web::{
        Answer, Shell,
        chart::{CLASSES, Caption, Chart, Series, lines},
        earnings::Desk,
        page::{ok, query, unprocessable},
        words,
    },
};

/// What is asked, as typed; where nothing is, the workspace's own figures.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    customers: String,
    price: String,
    currency: String,
    growth: String,
    churn: String,
    years: String,
    convention: String,
    margin: String,
    discount: String,
    cost: String,
    paid: String,
}

impl Asked {
    fn pairs(&self) -> [(&'static str, &str); 11] {
        [
            ("customers", &self.customers),
            ("price", &self.price),
            ("currency", &self.currency),
            ("growth", &self.growth),
            ("churn", &self.churn),
            ("years", &self.years),
            ("convention", &self.convention),
            ("margin", &self.margin),
            ("discount", &self.discount),
            ("cost", &self.cost),
            ("paid", &self.paid),
        ]
    }

    /// What is asked, where nothing was typed the usual.
    fn filled(mut self, own: Option<&Own>, currency: Currency) -> Self {
        let mut fill = |field: fn(&mut Self) -> &mut String, value: String| {
            let field = field(&mut self);
            if field.trim().is_empty() {
                *field = value;
            }
        };
        let typed = |rate: Rate| rate.to_string().trim_end_matches(" %").to_owned();
        let preset = Own::preset(currency);
        let own = own.unwrap_or(&preset);
        fill(|asked| &mut asked.currency, currency.code().to_owned());
        fill(|asked| &mut asked.customers, own.customers.to_string());
        fill(|asked| &mut asked.price, own.price.figure());
        fill(|asked| &mut asked.growth, typed(own.growth));
        fill(|asked| &mut asked.churn, typed(own.churn));
        fill(|asked| &mut asked.years, "3".to_owned());
        fill(
            |asked| &mut asked.convention,
            Convention::QUARTERLY.code().to_owned(),
        );
        fill(|asked| &mut asked.margin, "100".to_owned());
        fill(|asked| &mut asked.discount, "10".to_owned());
        fill(|asked| &mut asked.cost, "0".to_owned());
        fill(|asked| &mut asked.paid, "advance".to_owned());
        self
    }

    fn read(&self, currency: Currency) -> Result<Model, Problems> {
        let mut problems = Problems::default();
        let customers = problems.check("customers", self.customers.parse::<Quantity>());
        let mut amount = |field: &'static str, typed: &str| {
            let amount = problems.check(field, Money::parse(typed, currency))?;
            if amount.is_negative() {
                problems.add(field, "Give an amount of zero or more.");
                return None;
            }
            Some(amount.minor())
        };
        let price = amount("price", &self.price);
        let cost = amount("cost", &self.cost);
        let mut rate =
            |field: &'static str, typed: &str| problems.check(field, typed.parse::<Rate>());
        let growth = rate("growth", &self.growth);
        let churn = rate("churn", &self.churn);
        let margin = rate("margin", &self.margin);
        let discount = rate("discount", &self.discount);
        let years = self
            .years
            .trim()
            .parse::<u32>()
            .ok()
            .filter(|years| (1..=10).contains(years));
        if years.is_none() {
            problems.add("years", "Give a number of years from 1 to 10.");
        }
        let convention = Convention::named(&self.convention);
        if convention.is_none() {
            problems.add("convention", "Choose one of the conventions.");
        }
        let read = || {
            Some(Model {
                currency,
                customers: i64::from(customers?.get()),
                price: price?,
                growth: growth?,
                churn: churn?,
                years: years?,
                convention: convention?,
                margin: margin?,
                discount: discount?,
                cost: cost?,
                paid: match self.paid.as_str() {
                    "arrears" => Paid::InArrears,
                    _ => Paid::InAdvance,
                },
            })
        };
        read().ok_or(problems)
    }
}

/// What is reckoned with. Amounts are minor units; price is what a customer pays a month.
#[derive(Debug, Clone, Copy)]
struct Model {
    currency: Currency,
    customers: i64,
    price: i64,
    growth: Rate,
    churn: Rate,
    years: u32,
    convention: Convention,
    margin: Rate,
    discount: Rate,
    cost: i64,
    paid: Paid,
}

/// The workspace's own figures.
#[derive(Debug, Clone)]
struct Own {
    customers: i64,
    price: Money,
    growth: Rate,
    churn: Rate,
    /// What they are of, in a sentence; empty for the preset.
    about: String,
}

fn bps(value: Option<i64>) -> Rate {
    let capped = value.unwrap_or_default().clamp(0, 10_000);
    i32::try_from(capped)
        .ok()
        .and_then(|bps| Rate::from_bps(bps).ok())
        .unwrap_or_default()
}

impl Own {
    /// 1,000 customers at 100 a month, growing by half a year, losing 30 %.
    fn preset(currency: Currency) -> Self {
        Self {
            customers: 1_000,
            price: Money::new(100 * 10_i64.pow(currency.exponent()), currency),
            growth: bps(Some(5_000)),
            churn: bps(Some(3_000)),
            about: String::new(),
        }
    }

    /// From the last twelve whole months, or as many as there are; `None` without customers.
    fn of(look: &Look, found: &[CustomerHistory]) -> Result<Option<Self>> {
        let last = look.calendar.this_month().previous();
        let first = (1..12).fold(last, |month, _| month.previous());
        let began = found.iter().filter_map(|one| one.first_paid).min();
        let first = began.map_or(last, |began| began.next()).max(first);
        let months = by_month(found, (first, last))?;
        let Some(end) = months.last().filter(|month| month.customers_end > 0) else {
            return Ok(None);
        };
        let mean = |of: fn(&MonthMovements) -> i64, whole: fn(&MonthMovements) -> i64| {
            let part: i128 = months.iter().map(|month| i128::from(of(month))).sum();
            let whole: i128 = months.iter().map(|month| i128::from(whole(month))).sum();
            crate::domain::metrics::share_bps(part, whole)
        };
        let lost = bps(mean(
            |month| month.customers_lost,
            |month| month.customers_start,
        )?);
        let start = months
            .iter()
            .map(|month| month.start)
            .find(|start| *start > 0);
        let grown = crate::domain::metrics::share_bps(
            i128::from(end.end) - i128::from(start.unwrap_or(end.end)),
            start.unwrap_or_default().into(),
        )?;
        Ok(Some(Self {
            customers: end.customers_end,
            price: look.money(end.arpa()?.unwrap_or_default()),
            growth: bps(grown),
            churn: yearly_of_monthly(lost)?,
            about: about(first, last, lost),
        }))
    }
}

fn about(first: Period, last: Period, lost: Rate) -> String {
    format!(
        "Own figures: customers and MRR per customer at the end of {}, growth of MRR from {} on (at most 100 %), and the customers lost in a month on average ({lost}) brought to a year.",
        words::month(last),
        words::month(first)
    )
}

#[derive(Template)]
#[template(path = "metrics/churn.html")]
struct ChurnPage {
    shell: Shell,
    tabs: Vec<(&'static str, String, bool)>,
    asked: Asked,
    problems: Problems,
    about: String,
    own_href: String,
    preset_href: String,
    csv_href: String,
    currency: Currency,
    conventions: Vec<(&'static str, &'static str)>,
    result: Option<Reckoned>,
}

const PAID: [(&str, &str); 2] = [
    ("advance", "In advance, at the start of each year"),
    ("arrears", "In arrears, at the end of each year"),
];

/// What the page tells.
struct Reckoned {
    answer: String,
    convention: &'static str,
    chart: Chart,
    years: Grid,
    figures: Vec<Figure>,
    sales: Grid,
    worth: Grid,
}

/// The page.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn index<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let (look, own) = own(store, &desk, &asked).await?;
    let currency = look.filter.currency;
    let about = own.as_ref().map_or(String::new(), |own| own.about.clone());
    let asked = asked.filled(own.as_ref(), currency);
    let path = format!("{}/metrics/churn", desk.base);
    let preset = Asked::default().filled(None, currency);
    let (result, problems) = match asked.read(currency) {
        Ok(model) => (Some(reckon(&model)?), Problems::default()),
        Err(problems) => (None, problems),
    };
    let is_refused = result.is_none();
    let page = ChurnPage {
        tabs: tabs(&desk.base, "/metrics/churn", &Narrowed::default()),
        own_href: format!("{path}?{}", query(&[("currency", currency.code())])),
        preset_href: format!("{path}?{}", query(&preset.pairs())),
        csv_href: format!("{path}.csv?{}", query(&asked.pairs())),
        conventions: Convention::NAMED
            .map(|one| (one.code(), one.words()))
            .to_vec(),
        shell: desk.shell,
        asked,
        problems,
        about,
        currency,
        result,
    };
    match is_refused {
        true => unprocessable(&page),
        false => ok(&page),
    }
}

/// The years as a file.
///
/// # Errors
/// [`crate::Error::Invalid`] for what cannot be reckoned with; [`crate::Error::Forbidden`]; faults.
pub async fn csv<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    let (look, own) = own(store, &desk, &asked).await?;
    let currency = look.filter.currency;
    let asked = asked.filled(own.as_ref(), currency);
    let model = asked.read(currency).map_err(crate::Error::Invalid)?;
    let narrowed = Narrowed::default();
    file(store, desk, (narrowed, "churn.csv"), move |_, _| {
        years(&model)
    })
    .await
}

async fn own<S: Sees>(store: &Store, desk: &Desk<S>, asked: &Asked) -> Result<(Look, Option<Own>)> {
    let narrowed = Narrowed {
        currency: asked.currency.clone(),
        ..Narrowed::default()
    };
    desk.read(store, move |tx, calendar| {
        let look = Look::of(tx, calendar, &narrowed)?;
        let found = histories(tx, &look.filter, calendar.today)?;
        let own = Own::of(&look, &found)?;
        Ok((look, own))
    })
    .await
}

impl Model {
    fn mrr(&self) -> Result<i64> {
        let mrr = self.customers.checked_mul(self.price);
        Ok(mrr.ok_or(crate::domain::Overflow)?)
    }
    fn money(&self, minor: i64) -> Cell {
        Cell::Money(Money::new(minor, self.currency))
    }
    fn said(&self, minor: i64) -> String {
        words::money(Money::new(minor, self.currency))
    }
    /// The churn of each line: none, a tenth, three tenths, and what was typed.
    fn churns(&self) -> Vec<Rate> {
        let mut churns = vec![bps(Some(0)), bps(Some(1_000)), bps(Some(3_000)), self.churn];
        churns.sort_unstable();
        churns.dedup();
        churns
    }
    fn projected(&self, churn: Rate) -> Result<Projection> {
        Ok(project(self.convention, (self.growth, churn), self.years)?)
    }
}

fn named(churn: Rate) -> String {
    match churn.bps() {
        0 => "No churn".to_owned(),
        _ => format!("{churn} churn"),
    }
}

/// MRR by year, a column for each churn.
fn years(model: &Model) -> Result<Grid> {
    let churns = model.churns();
    let heads: Vec<String> = churns.iter().copied().map(named).collect();
    let mut columns = vec!["Year"];
    columns.extend(heads.iter().map(String::as_str));
    let mut grid = Grid::new(format!("MRR by year, {}", model.currency), &columns);
    let of = |churn| -> Result<Vec<i64>> { Ok(model.projected(churn)?.amounts(model.mrr()?)?) };
    let amounts: Vec<Vec<i64>> = churns
        .iter()
        .map(|churn| of(*churn))
        .collect::<Result<_>>()?;
    for (year, at) in (0..).zip(0..=model.years as usize) {
        let name = match year {
            0 => "Today".to_owned(),
            year => format!("After year {year}"),
        };
        let row = amounts.iter().filter_map(|line| line.get(at));
        grid.row(name, row.map(|minor| model.money(*minor)).collect());
    }
    let without = model.projected(Rate::default())?;
    let lower = churns.iter().map(|churn| {
        let projected = model.projected(*churn)?;
        Ok(Cell::Percent(Some(projected.lower_by_bps(&without)?)))
    });
    grid.row("Lower than without churn, %", lower.collect::<Result<_>>()?);
    Ok(grid)
}

fn chart(model: &Model) -> Result<Chart> {
    let mut series = Vec::new();
    for (churn, class) in model.churns().into_iter().zip(CLASSES) {
        let amounts = model.projected(churn)?.amounts(model.mrr()?)?;
        series.push(Series {
            name: named(churn),
            class,
            values: amounts.into_iter().map(Some).collect(),
        });
    }
    let label = |year: u32| match year {
        0 => "Today".to_owned(),
        year => format!("Year {year}"),
    };
    let labels: Vec<String> = (0..=model.years).map(label).collect();
    let caption = Caption {
        id: "churn-chart",
        title: format!("MRR under churn, {}", model.currency),
        about: format!(
            "Growth of {} a year. Convention: {}.",
            model.growth,
            model.convention.words()
        ),
    };
    Ok(lines(caption, &labels, &series, on_axis(model.currency)))
}

fn reckon(model: &Model) -> Result<Reckoned> {
    let without = model.projected(Rate::default())?;
    let lower = model.projected(model.churn)?.lower_by_bps(&without)?;
    let years_word = words::count(model.years.into(), "year", "years");
    Ok(Reckoned {
        answer: format!(
            "After {years_word}, {} churn a year leaves the MRR {} lower than it would be without churn.",
            model.churn,
            Cell::Percent(Some(lower)).shown()
        ),
        convention: model.convention.words(),
        chart: chart(model)?,
        years: years(model)?,
        figures: figures(model)?,
        sales: sales(model)?,
        worth: worth(model)?,
    })
}

fn bond(model: &Model, churn: Rate, paid: Paid) -> Result<Bond> {
    let yearly = model.price.checked_mul(12).ok_or(crate::domain::Overflow)?;
    Ok(Bond {
        margin_minor: model.margin.of(yearly),
        churn,
        discount: model.discount,
        paid,
    })
}

fn figures(model: &Model) -> Result<Vec<Figure>> {
    let end = churn_point(
        model.convention,
        (model.growth, model.churn),
        (model.mrr()?, model.years),
    )?;
    let less = bps(Some(i64::from(model.churn.bps()) - 100));
    let worth = |churn| -> Result<Option<i64>> { Ok(bond(model, churn, model.paid)?.perpetual()?) };
    let gained = match (worth(less)?, worth(model.churn)?) {
        (Some(less), Some(now)) => {
            let each = less.checked_sub(now).ok_or(crate::domain::Overflow)?;
            let all = each.checked_mul(model.customers);
            model.said(all.ok_or(crate::domain::Overflow)?)
        }
        _ => "no end to it".to_owned(),
    };
    let new = gross_new_bps(model.growth, model.churn);
    let yearly = Fraction(new).of(model.mrr()?)?;
    Ok(vec![
        Figure {
            label: "One churn point, MRR",
            value: model.said(end),
            note: format!(
                "more MRR after {}",
                words::count(model.years.into(), "year", "years")
            ),
            href: "#churn-point",
        },
        Figure {
            label: "One churn point, worth today",
            value: gained,
            note: "today’s customers as bonds".to_owned(),
            href: "#churn-point",
        },
        Figure {
            label: "New sales needed a year",
            value: Cell::Percent(Some(new)).shown(),
            note: format!("of the opening base: {} of new MRR", model.said(yearly)),
            href: "#required",
        },
    ])
}

/// A share of an amount that may be more than the whole, in bps.
struct Fraction(i64);

impl Fraction {
    fn of(&self, minor: i64) -> Result<i64> {
        let product = i128::from(minor) * i128::from(self.0);
        let part = crate::domain::Ratio::new(product, 10_000)?;
        Ok(part.round()?)
    }
}

/// What has to be sold for the growth asked, by churn, and what less churn saves.
fn sales(model: &Model) -> Result<Grid> {
    let heads = [
        "Churn a year",
        "New sales, % of opening base",
        "New MRR",
        "Of it, to replace churn",
        "Saved against this churn",
    ];
    let mut grid = Grid::new(
        format!(
            "New sales for {} growth a year, {}",
            model.growth, model.currency
        ),
        &heads,
    );
    let mut churns: Vec<Rate> = (0..=6).map(|five| bps(Some(five * 500))).collect();
    churns.push(model.churn);
    churns.sort_unstable();
    churns.dedup();
    let mrr = model.mrr()?;
    let here = Fraction(gross_new_bps(model.growth, model.churn)).of(mrr)?;
    for churn in churns {
        let needed = gross_new_bps(model.growth, churn);
        let new = Fraction(needed).of(mrr)?;
        let name = match churn == model.churn {
            true => format!("{churn} (as asked)"),
            false => churn.to_string(),
        };
        grid.row(
            name,
            vec![
                Cell::Percent(Some(needed)),
                model.money(new),
                model.money(churn.of(mrr)),
                model.money(here - new),
            ],
        );
    }
    Ok(grid)
}

/// What a customer is worth, after the cost of winning it.
fn worth(model: &Model) -> Result<Grid> {
    let heads = [
        "What a customer is worth",
        "Before cost",
        "After cost of winning",
    ];
    let mut grid = Grid::new(format!("One customer, {}", model.currency), &heads);
    let mut row = |name: String, value: Option<i64>| -> Result<()> {
        let cells = match value {
            Some(value) => {
                let after = value
                    .checked_sub(model.cost)
                    .ok_or(crate::domain::Overflow)?;
                vec![model.money(value), model.money(after)]
            }
            None => vec![Cell::Text("no end to it".to_owned()), Cell::Nothing],
        };
        grid.row(name, cells);
        Ok(())
    };
    let years = words::count(model.years.into(), "year", "years");
    let discount = model.discount;
    let own = bond(model, model.churn, model.paid)?;
    let when = match model.paid {
        Paid::InAdvance => "in advance",
        Paid::InArrears => "in arrears",
    };
    row(
        format!("As a bond over {years}, paid {when}, {discount} discount"),
        Some(own.value(model.years)?),
    )?;
    row(
        format!("As a bond for as long as it lasts, paid {when}"),
        own.perpetual()?,
    )?;
    let simple = simple_value(own.margin_minor, model.churn)?;
    row(
        "Simple: margin over churn (no time value)".to_owned(),
        simple,
    )?;
    Ok(grid)
}
