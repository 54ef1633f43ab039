//! What commission costs, and what is still owed to partners.
use super::{
    Asked, Block, Figure, Look, Shown, file,
    grid::{Cell, Grid},
    on_axis, page, percent_on_axis,
};
use crate::{
    Result,
    domain::metrics::{AgeBand, Liability, cost_ratio_bps, liability},
    store::{
        Store, Tx,
        registers::{
            Sees,
            metrics::{self as register, CommissionMonth},
        },
    },
    web::{
        Answer,
        chart::{CLASSES, Caption, Chart, Series, lines, stacked},
        earnings::Desk,
        words,
    },
};

const MEANINGS: &[(&str, &str, &str)] = &[
    (
        "cost-ratio",
        "Commission cost ratio",
        "Commission posted in a month, less what was reversed in it, as a share of the revenue it is on: what customers paid for lines that earn commission, before tax, less what was given back. Revenue that several earn on counts once.",
    ),
    (
        "held",
        "In hold",
        "Earned, but the hold of the commission plan is not over.",
    ),
    (
        "payable",
        "Payable",
        "The hold is over; it comes onto the next statement.",
    ),
    (
        "stated",
        "On a statement",
        "On the statement of a closed month and not paid out: due, or carried forward because the balance is below the minimum. Below zero where a partner owes more than it earned.",
    ),
    (
        "age",
        "Age",
        "Days since the payment of the customer that earned it; of what is on a statement, days since the end of the statement’s month.",
    ),
];

struct Found {
    months: Vec<CommissionMonth>,
    liability: Vec<Liability>,
}

fn read<S: Sees>(tx: &mut Tx<'_, S>, look: &Look) -> Result<Found> {
    let mut months = register::commission(tx, &look.filter)?;
    months.retain(|one| (look.first..=look.last).contains(&one.month));
    let today = look.calendar.today;
    let owed = register::owed(tx, &look.filter, today)?;
    Ok(Found {
        months,
        liability: liability(&owed, today)?,
    })
}

/// The page.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn index<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    page(
        store,
        desk,
        (asked, "/metrics/commission"),
        |tx, look| read(tx, look),
        |look, found, csv| shown(look, &found, csv),
    )
    .await
}

/// The months as a file.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn csv<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    file(store, desk, (asked, "commission-cost.csv"), |tx, look| {
        let mut grid = costs(look, &read(tx, look)?.months)?;
        for row in &mut grid.rows {
            row.cells
                .push(Cell::Text(look.filter.currency.code().to_owned()));
        }
        grid.heads.push("Currency".to_owned());
        Ok(grid)
    })
    .await
}

/// What is owed, as a file.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn owed_csv<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    file(store, desk, (asked, "commission-owed.csv"), |tx, look| {
        Ok(debts(look, &read(tx, look)?.liability))
    })
    .await
}

fn costs(look: &Look, months: &[CommissionMonth]) -> Result<Grid> {
    let heads = ["Month", "Collected", "Commission", "Cost ratio %"];
    let mut grid = Grid::new(
        format!("Commission by month, {}", look.filter.currency),
        &heads,
    );
    for one in months {
        grid.row(
            one.month.to_string(),
            vec![
                Cell::Money(look.money(one.collected)),
                Cell::Money(look.money(one.commission)),
                Cell::Percent(cost_ratio_bps(one.commission, one.collected)?),
            ],
        );
    }
    Ok(grid)
}

fn debts(look: &Look, liability: &[Liability]) -> Grid {
    let mut heads = vec!["State"];
    heads.extend(AgeBand::ALL.iter().map(|band| band.label()));
    heads.push("Total");
    let mut grid = Grid::new(
        format!("Owed to partners, {}", look.filter.currency),
        &heads,
    );
    for row in liability {
        let parts = row.by_age.iter().chain([&row.total]);
        let cells = parts.map(|minor| Cell::Money(look.money(*minor)));
        grid.row(row.state.label(), cells.collect());
    }
    grid
}

fn shown(look: &Look, found: &Found, csv: &dyn Fn(&str) -> String) -> Result<Shown> {
    let collected: i64 = found.months.iter().map(|one| one.collected).sum();
    let commission: i64 = found.months.iter().map(|one| one.commission).sum();
    let owed: i64 = found.liability.iter().map(|row| row.total).sum();
    let ratio = Cell::Percent(cost_ratio_bps(commission, collected)?).shown();
    let mut table = costs(look, &found.months)?;
    for (row, one) in table.rows.iter_mut().zip(&found.months) {
        row.name = look.label(one.month);
    }
    table.rows.reverse();
    let figure = |label, href, value, note: &str| Figure {
        label,
        value,
        note: note.to_owned(),
        href,
    };
    let money = |minor| words::money(look.money(minor));
    let span = format!(
        "{} to {}",
        words::month(look.first),
        words::month(look.last)
    );
    Ok(Shown {
        title: "Commission cost",
        answer: format!("{} is owed to partners today.", money(owed)),
        figures: vec![
            figure("Commission cost ratio", "#cost-ratio", ratio, &span),
            figure("Commission", "#cost-ratio", money(commission), &span),
            figure("Collected, earning", "#cost-ratio", money(collected), &span),
            figure("Owed today", "#age", money(owed), "all states"),
        ],
        blocks: vec![
            Block {
                title: "What it costs",
                chart: Some(cost_chart(look, &found.months)?),
                grid: table,
                csv_href: csv("/metrics/commission"),
                note: String::new(),
            },
            Block {
                title: "What is owed, by age",
                chart: Some(owed_chart(look, &found.liability)),
                grid: debts(look, &found.liability),
                csv_href: csv("/metrics/liability"),
                note: match look.filter.offering {
                    Some(_) => "A statement is over all offerings: what is on statements is left out while one offering is looked at.".to_owned(),
                    None => String::new(),
                },
            },
        ],
        meanings: MEANINGS,
        is_empty: found.months.is_empty() && owed == 0,
    })
}

fn cost_chart(look: &Look, months: &[CommissionMonth]) -> Result<Chart> {
    let short = |one: &CommissionMonth| one.month.first_day().format("%b %y").to_string();
    let labels: Vec<String> = months.iter().map(short).collect();
    let ratios = months
        .iter()
        .map(|one| cost_ratio_bps(one.commission, one.collected));
    let series = [Series {
        name: "Commission cost ratio".to_owned(),
        class: CLASSES[0],
        values: ratios.collect::<Result<_, _>>()?,
    }];
    let caption = Caption {
        id: "cost-chart",
        title: "Commission cost ratio by month".to_owned(),
        about: format!(
            "Commission as a share of collected revenue in {}.",
            look.filter.currency
        ),
    };
    Ok(lines(caption, &labels, &series, percent_on_axis))
}

fn owed_chart(look: &Look, liability: &[Liability]) -> Chart {
    let labels: Vec<String> = AgeBand::ALL
        .iter()
        .map(|band| band.label().to_owned())
        .collect();
    let series: Vec<Series> = liability
        .iter()
        .zip(CLASSES)
        .map(|(row, class)| Series {
            name: row.state.label().to_owned(),
            class,
            values: row.by_age.iter().map(|minor| Some(*minor)).collect(),
        })
        .collect();
    let caption = Caption {
        id: "owed-chart",
        title: format!("Owed to partners by age, {}", look.filter.currency),
        about: "Below the line where partners owe.".to_owned(),
    };
    stacked(caption, &labels, &series, on_axis(look.filter.currency))
}
