//! Cohorts: customers by the month they first paid in, and what became of them.
use super::{
    Asked, Block, Look, Shown, file,
    grid::{Cell, Grid},
    page, percent_on_axis,
};
use crate::{
    Result,
    domain::metrics::{Cohort, CustomerHistory, cohorts, share_bps},
    store::{
        Store,
        registers::{Sees, metrics::histories},
    },
    web::{
        Answer,
        chart::{CLASSES, Caption, Chart, Series, lines},
        earnings::Desk,
        words,
    },
};

const MEANINGS: &[(&str, &str, &str)] = &[
    (
        "cohort",
        "Cohort",
        "The customers who first paid in one month. A customer is in one cohort for good, also after it left and came back.",
    ),
    (
        "revenue-kept",
        "Revenue kept",
        "The MRR of a cohort so many months later, as a share of its MRR at the end of its first month. Above 100 % where customers grew by more than was lost.",
    ),
    (
        "customers-kept",
        "Customers kept",
        "How many customers of the cohort pay so many months later, from point to point: who left and is back counts again.",
    ),
];

/// The page.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn index<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    page(
        store,
        desk,
        (asked, "/metrics/cohorts"),
        |tx, look| histories(tx, &look.filter, look.calendar.today),
        |look, found, csv| shown(look, &found, csv("/metrics/cohorts")),
    )
    .await
}

const COLUMNS: [&str; 8] = [
    "Cohort",
    "Month",
    "Months since",
    "Currency",
    "Customers of cohort",
    "Customers",
    "MRR",
    "Revenue kept %",
];

/// Every cohort in every month, as a file.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults.
pub async fn csv<S: Sees>(store: &Store, desk: Desk<S>, asked: Asked) -> Answer {
    file(store, desk, (asked, "cohorts.csv"), |tx, look| {
        let found = histories(tx, &look.filter, look.calendar.today)?;
        let mut grid = Grid::new("", &COLUMNS);
        for cohort in of(look, &found)? {
            let months = cohort.from.through(look.last);
            let kept = cohort.retention_bps()?;
            let rows = cohort.mrr.iter().zip(&cohort.logos).zip(kept);
            for ((since, month), ((mrr, logos), kept)) in (0..).zip(months).zip(rows) {
                grid.row(
                    cohort.since.to_string(),
                    vec![
                        Cell::Text(month.to_string()),
                        Cell::Count(since),
                        Cell::Text(look.filter.currency.code().to_owned()),
                        Cell::Count(cohort.customers),
                        Cell::Count(*logos),
                        Cell::Money(look.money(*mrr)),
                        Cell::Percent(kept),
                    ],
                );
            }
        }
        Ok(grid)
    })
    .await
}

/// Cohorts that began within the months looked at: of those, the first month is known.
fn of(look: &Look, found: &[CustomerHistory]) -> Result<Vec<Cohort>> {
    let mut cohorts = cohorts(found, (look.since(found), look.last))?;
    cohorts.retain(|cohort| cohort.since == cohort.from);
    Ok(cohorts)
}

fn shown(look: &Look, found: &[CustomerHistory], csv_href: String) -> Result<Shown> {
    let cohorts = of(look, found)?;
    let longest = cohorts.iter().map(|cohort| cohort.mrr.len()).max();
    let ages = longest.unwrap_or_default();
    let heads: Vec<String> = (0..ages).map(|age| format!("+{age}")).collect();
    let mut columns = vec!["Cohort", "Customers"];
    columns.extend(heads.iter().map(String::as_str));
    let mut revenue = Grid::new("Revenue kept, by months since the first", &columns);
    let mut logos = Grid::new("Customers kept, by months since the first", &columns);
    for cohort in cohorts.iter().rev() {
        let name = words::month(cohort.since);
        let kept = cohort.retention_bps()?.into_iter().map(Cell::Whole);
        revenue.row(&name, padded(cohort, kept, ages));
        let kept = cohort.logos.iter().map(|count| Cell::Count(*count));
        logos.row(&name, padded(cohort, kept, ages));
    }
    let customers = cohorts.iter().map(|cohort| cohort.customers).sum();
    Ok(Shown {
        title: "Cohorts",
        answer: format!(
            "{} first paid between {} and {}.",
            words::count(customers, "customer", "customers"),
            words::month(look.since(found)),
            words::month(look.last)
        ),
        figures: Vec::new(),
        blocks: vec![
            Block {
                title: "Revenue kept",
                chart: Some(chart(&cohorts, ages)?),
                grid: revenue,
                csv_href: csv_href.clone(),
                note: format!(
                    "In {}. A column is so many months after the first.",
                    look.filter.currency
                ),
            },
            Block {
                title: "Customers kept",
                chart: None,
                grid: logos,
                csv_href,
                note: String::new(),
            },
        ],
        meanings: MEANINGS,
        is_empty: cohorts.is_empty(),
    })
}

fn padded(cohort: &Cohort, kept: impl Iterator<Item = Cell>, ages: usize) -> Vec<Cell> {
    let mut cells = vec![Cell::Count(cohort.customers)];
    cells.extend(kept);
    cells.resize(ages + 1, Cell::Nothing);
    cells
}

/// All cohorts together by age: only those that have reached it count.
fn chart(cohorts: &[Cohort], ages: usize) -> Result<Chart> {
    let at = |age: usize, of: fn(&Cohort) -> &Vec<i64>| -> Result<Option<i64>> {
        let old = cohorts.iter().filter(|cohort| cohort.mrr.len() > age);
        let (mut then, mut now) = (0_i128, 0_i128);
        for cohort in old {
            then += i128::from(of(cohort).first().copied().unwrap_or_default());
            now += i128::from(of(cohort).get(age).copied().unwrap_or_default());
        }
        Ok(share_bps(now, then)?)
    };
    let series = |name: &str, class, of: fn(&Cohort) -> &Vec<i64>| -> Result<Series> {
        Ok(Series {
            name: name.to_owned(),
            class,
            values: (0..ages).map(|age| at(age, of)).collect::<Result<_>>()?,
        })
    };
    let all = [
        series("Revenue", CLASSES[0], |cohort| &cohort.mrr)?,
        series("Customers", CLASSES[1], |cohort| &cohort.logos)?,
    ];
    let labels: Vec<String> = (0..ages).map(|age| format!("+{age}")).collect();
    let caption = Caption {
        id: "cohort-chart",
        title: "What all cohorts together kept, by months since the first".to_owned(),
        about: "A cohort counts up to the age it has reached.".to_owned(),
    };
    Ok(lines(caption, &labels, &all, percent_on_axis))
}
