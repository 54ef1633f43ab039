//! Recurring revenue: how it moved month by month, and what was kept of it.
use super::{
    Asked, Block, Figure, Look, Shown, file,
    grid::{Cell, Grid},
    on_axis, page, percent_on_axis,
};
use crate::{
    Result,
    domain::{
        Period,
        metrics::{CustomerHistory, MonthMovements, Retention, by_month, retention},
    },
    store::{
        Store,
        registers::{Sees, metrics::histories},
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
        "mrr",
        "MRR",
        "Monthly recurring revenue: the recurring fees of all subscriptions after recurring discounts and before tax, brought to one month (a yearly fee divided by 12). It follows from the subscriptions, not from invoices, so that credits and late payment do not move it. One-off charges, trials and usage beyond what is committed are left out.",
    ),
    (
        "arr",
        "ARR",
        "Annual recurring revenue: twelve times the MRR at the end of the month.",
    ),
    (
        "movements",
        "Movements",
        "Per customer and month, from one month’s end to the next. New: never paid before. Expansion and contraction: more or less than before, where a second subscription is expansion. Churn: nothing left. Won back: paid before, had left, and is back.",
    ),
    (
        "nrr",
        "NRR",
        "Net revenue retention: what the customers of the start pay at the end, as a share of the start: start plus expansion less contraction and churn. What was won back is left out, and told beside it.",
    ),
    (
        "grr",
        "GRR",
        "Gross revenue retention: the same without expansion. Over twelve months it follows the customers of the first month, and is told in two conventions. Point to point: each counts for at most what it paid then. Strict: each counts for the least it paid since, so that winning one back does not heal the loss.",
    ),
    (
        "logo-churn",
        "Logo churn",
        "Customers lost in the month as a share of those at its start.",
    ),
    (
        "quick-ratio",
        "Quick ratio",
        "New, expansion and won back, for each unit of contraction and churn. None where nothing was lost.",
    ),
    (
        "arpa",
        "ARPA",
        "MRR at the end of the month for each customer who pays then.",
    ),
];

const MOVEMENTS: [&str; 8] = [
    "Month",
    "Start",
    "New",
    "Expansion",
    "Won back",
    "Contraction",
    "Churn",
    "End",
];
const RATIOS: [&str; 9] = [
    "Month",
    "NRR",
    "NRR with won back",
    "GRR",
    "Customers at start",
    "Lost",
    "Logo churn",
    "Quick ratio",
    "ARPA",
];
const ALL: [&str; 18] = [
    "Month",
    "Currency",
    "Start",
    "New",
    "Expansion",
    "Won back",
    "Contraction",
    "Churn",
    "End",
    "ARR",
    "Customers at start",
    "Customers lost",
    "Customers at end",
    "NRR %",
    "NRR with won back %",
    "GRR %",
    "Logo churn %",
    "Quick ratio",
];

/// The page.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn index<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    page(
        store,
        desk,
        (asked, "/metrics"),
        |tx, look| histories(tx, &look.filter, look.calendar.today),
        |look, found, csv| shown(look, &found, csv("/metrics")),
    )
    .await
}

/// The months as a file.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn csv<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    file(store, desk, (asked, "recurring-revenue.csv"), |tx, look| {
        let found = histories(tx, &look.filter, look.calendar.today)?;
        let months = by_month(&found, (look.since(&found), look.last))?;
        let mut grid = Grid::new("", &ALL);
        for month in &months {
            grid.row(month.month.to_string(), whole(look, month)?);
        }
        Ok(grid)
    })
    .await
}

fn whole(look: &Look, month: &MonthMovements) -> Result<Vec<Cell>> {
    let mut cells = vec![Cell::Text(look.filter.currency.code().to_owned())];
    cells.extend(moved(look, month));
    cells.extend([
        Cell::Money(look.money(month.arr()?)),
        Cell::Count(month.customers_start),
        Cell::Count(month.customers_lost),
        Cell::Count(month.customers_end),
        Cell::Percent(month.nrr_bps()?),
        Cell::Percent(month.nrr_with_reactivation_bps()?),
        Cell::Percent(month.grr_bps()?),
        Cell::Percent(month.logo_churn_bps()?),
        Cell::Times(month.quick_ratio()?),
    ]);
    Ok(cells)
}

fn moved(look: &Look, month: &MonthMovements) -> Vec<Cell> {
    let parts = [
        month.start,
        month.new,
        month.expansion,
        month.reactivation,
        -month.contraction,
        -month.churn,
        month.end,
    ];
    parts.map(|minor| Cell::Money(look.money(minor))).to_vec()
}

fn shown(look: &Look, found: &[CustomerHistory], csv_href: String) -> Result<Shown> {
    let months = by_month(found, (look.since(found), look.last))?;
    let currency = look.filter.currency;
    let mut movements = Grid::new(format!("Movements of MRR, {currency}"), &MOVEMENTS);
    let mut ratios = Grid::new("What was kept, by month", &RATIOS);
    for month in months.iter().rev() {
        let label = look.label(month.month);
        movements.row(&label, moved(look, month));
        ratios.row(&label, kept(look, month)?);
    }
    // A year back, or as far as there is anything to follow.
    let year_ago = (0..12).fold(look.last, |month, _| month.previous());
    let began = found.iter().filter_map(|one| one.first_paid).min();
    let base = began
        .map_or(year_ago, |began| began.max(year_ago))
        .min(look.last);
    let year = retention(found, (base, look.last))?;
    Ok(Shown {
        title: "Recurring revenue",
        answer: answer(look, months.last()),
        figures: figures(look, months.last(), (base, &year))?,
        blocks: vec![
            Block {
                title: "How it moved",
                chart: Some(movement_chart(look, &months)),
                grid: movements,
                csv_href: csv_href.clone(),
                note: format!("In {currency}. Start and the movements add up to the end."),
            },
            Block {
                title: "What was kept",
                chart: Some(retention_chart(look, &months)?),
                grid: ratios,
                csv_href,
                note: String::new(),
            },
        ],
        meanings: MEANINGS,
        is_empty: found.is_empty(),
    })
}

fn kept(look: &Look, month: &MonthMovements) -> Result<Vec<Cell>> {
    let arpa = month
        .arpa()?
        .map_or(Cell::Nothing, |minor| Cell::Money(look.money(minor)));
    Ok(vec![
        Cell::Percent(month.nrr_bps()?),
        Cell::Percent(month.nrr_with_reactivation_bps()?),
        Cell::Percent(month.grr_bps()?),
        Cell::Count(month.customers_start),
        Cell::Count(month.customers_lost),
        Cell::Percent(month.logo_churn_bps()?),
        Cell::Times(month.quick_ratio()?),
        arpa,
    ])
}

fn answer(look: &Look, last: Option<&MonthMovements>) -> String {
    let Some(month) = last else {
        return "No subscription has brought anything yet.".to_owned();
    };
    format!(
        "{} recur every month from {}.",
        words::money(look.money(month.end)),
        words::count(month.customers_end, "customer", "customers")
    )
}

fn figures(
    look: &Look,
    last: Option<&MonthMovements>,
    (base, year): (Period, &Retention),
) -> Result<Vec<Figure>> {
    let Some(month) = last else {
        return Ok(Vec::new());
    };
    let figure = |label, href, cell: Cell, note: String| Figure {
        label,
        value: cell.shown(),
        note,
        href,
    };
    let money = |minor| Cell::Text(words::money(look.money(minor)));
    let since = format!("customers of {}", words::month(base));
    let strict = Cell::Percent(year.grr_strict_bps).shown();
    let is_year = (0..12).fold(base, |month, _| month.next()) == month.month;
    let (nrr, grr) = match is_year {
        true => ("NRR, 12 months", "GRR, 12 months"),
        false => ("NRR so far", "GRR so far"),
    };
    Ok(vec![
        figure("MRR", "#mrr", money(month.end), look.label(month.month)),
        figure("ARR", "#arr", money(month.arr()?), "12 × MRR".to_owned()),
        figure(nrr, "#nrr", Cell::Whole(year.nrr_bps), since),
        figure(
            grr,
            "#grr",
            Cell::Whole(year.grr_point_bps),
            format!("point to point; strict: {strict}"),
        ),
        figure(
            "Customers lost",
            "#logo-churn",
            Cell::Count(month.customers_lost),
            format!(
                "of {} in {}",
                month.customers_start,
                look.label(month.month)
            ),
        ),
        figure(
            "ARPA",
            "#arpa",
            month.arpa()?.map_or(Cell::Percent(None), money),
            "MRR per customer".to_owned(),
        ),
    ])
}

fn labels(months: &[MonthMovements]) -> Vec<String> {
    let short = |month: &MonthMovements| month.month.first_day().format("%b %y").to_string();
    months.iter().map(short).collect()
}

fn movement_chart(look: &Look, months: &[MonthMovements]) -> Chart {
    let part = |name: &str, class, of: fn(&MonthMovements) -> i64| Series {
        name: name.to_owned(),
        class,
        values: months.iter().map(|month| Some(of(month))).collect(),
    };
    let series = [
        part("New", CLASSES[0], |month| month.new),
        part("Expansion", CLASSES[1], |month| month.expansion),
        part("Won back", CLASSES[4], |month| month.reactivation),
        part("Contraction", CLASSES[2], |month| -month.contraction),
        part("Churn", CLASSES[3], |month| -month.churn),
    ];
    let net: i64 = months.iter().map(|month| month.end - month.start).sum();
    let caption = Caption {
        id: "movements-chart",
        title: format!("Movements of MRR by month, {}", look.filter.currency),
        about: format!(
            "What was gained stands above the line, what was lost hangs below it; together {}.",
            words::money(look.money(net))
        ),
    };
    stacked(
        caption,
        &labels(months),
        &series,
        on_axis(look.filter.currency),
    )
}

fn retention_chart(look: &Look, months: &[MonthMovements]) -> Result<Chart> {
    let nrr = months.iter().map(MonthMovements::nrr_bps);
    let grr = months.iter().map(MonthMovements::grr_bps);
    let series = [
        Series {
            name: "NRR".to_owned(),
            class: CLASSES[0],
            values: nrr.collect::<Result<_, _>>()?,
        },
        Series {
            name: "GRR".to_owned(),
            class: CLASSES[1],
            values: grr.collect::<Result<_, _>>()?,
        },
    ];
    let caption = Caption {
        id: "kept-chart",
        title: "NRR and GRR by month".to_owned(),
        about: format!(
            "From month to month, up to {}; what was won back is left out.",
            words::month(look.last)
        ),
    };
    Ok(lines(caption, &labels(months), &series, percent_on_axis))
}
