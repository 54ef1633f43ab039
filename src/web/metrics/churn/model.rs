//! The churn page's figures: MRR by year, new sales, and what a customer is worth.
use crate::{
    Result,
    domain::{
        Currency, Money, Rate,
        metrics::{
            Bond, Convention, Paid, Projection, churn_point, gross_new_bps, project, simple_value,
        },
    },
    web::{
        chart::{CLASSES, Caption, Chart, Series, lines},
        metrics::{
            Figure,
            grid::{Cell, Grid},
            on_axis,
        },
        words,
    },
};

/// What is reckoned with. Amounts are minor units; price is what a customer pays a month.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    pub(super) currency: Currency,
    pub(super) customers: i64,
    pub(super) price: i64,
    pub(super) growth: Rate,
    pub(super) churn: Rate,
    pub(super) years: u32,
    pub(super) convention: Convention,
    pub(super) margin: Rate,
    pub(super) discount: Rate,
    pub(super) cost: i64,
    pub(super) paid: Paid,
}

/// A share of a whole, from nothing to all of it.
pub(super) fn bps(value: Option<i64>) -> Rate {
    let capped = value.unwrap_or_default().clamp(0, 10_000);
    i32::try_from(capped)
        .ok()
        .and_then(|bps| Rate::from_bps(bps).ok())
        .unwrap_or_default()
}

/// What the page tells.
pub(super) struct Reckoned {
    pub(super) answer: String,
    pub(super) convention: &'static str,
    pub(super) chart: Chart,
    pub(super) years: Grid,
    pub(super) figures: Vec<Figure>,
    pub(super) sales: Grid,
    pub(super) worth: Grid,
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
pub(super) fn years(model: &Model) -> Result<Grid> {
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

pub(super) fn reckon(model: &Model) -> Result<Reckoned> {
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
