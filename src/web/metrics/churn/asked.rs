//! What the churn page is asked, as typed, and what stands in for what is not: one's own figures,
//! or the usual ones.
use serde::Deserialize;

use super::model::{Model, bps};
use crate::{
    Result,
    domain::{
        Currency, Money, Period, Problems, Quantity, Rate,
        metrics::{Convention, CustomerHistory, MonthMovements, Paid, by_month, yearly_of_monthly},
    },
    web::{metrics::Look, words},
};

/// What is asked, as typed; where nothing is, the workspace's own figures.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Asked {
    pub(super) customers: String,
    pub(super) price: String,
    pub(super) currency: String,
    pub(super) growth: String,
    pub(super) churn: String,
    pub(super) years: String,
    pub(super) convention: String,
    pub(super) margin: String,
    pub(super) discount: String,
    pub(super) cost: String,
    pub(super) paid: String,
}

impl Asked {
    /// As they stand in the address.
    pub(super) fn pairs(&self) -> [(&'static str, &str); 11] {
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
    pub(super) fn filled(mut self, own: Option<&Own>, currency: Currency) -> Self {
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

    /// What to reckon with.
    pub(super) fn read(&self, currency: Currency) -> Result<Model, Problems> {
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

/// The workspace's own figures.
#[derive(Debug, Clone)]
pub(super) struct Own {
    customers: i64,
    price: Money,
    growth: Rate,
    churn: Rate,
    /// What they are of, in a sentence; empty for the preset.
    pub(super) about: String,
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
    pub(super) fn of(look: &Look, found: &[CustomerHistory]) -> Result<Option<Self>> {
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
