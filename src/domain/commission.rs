//! What a commission plan says: which clause holds for whom, and when.

pub mod bands;
pub mod bonus;
pub mod checks;
pub mod choice;
pub mod clawback;
pub mod course;
pub mod extras;
pub mod parties;
pub mod parts;
pub mod settling;
pub mod slices;
pub mod span;
pub mod spiff;
pub mod steps_seq;
pub mod tally;
pub mod volume;
pub mod window;
pub mod words;

use chrono::NaiveDate;

use super::{
    billing_calendar::ServicePeriod,
    money::{Currency, Money},
    rate::Rate,
    subscription::Phase,
};
use clawback::ClawbackTerms;
use volume::Volume;
use window::{DayShare, Window};

pub use super::accrual::{
    Accrual, DaysCredited, EarningLine, EntryFacts, EntryKind, EntryStatus, InvoiceState,
    LineTerms, Pay, accrue, matures_on, posting_period, reversal_matures_on, reverse_newest_first,
};
pub use checks::{STEPS_OF_NOTHING, clause_problems, clause_warnings};
pub use parts::{Claim, Part, accrue_claims};
pub use words::{Names, sentence, sentences};

/// One sentence of a commission plan: what it pays, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommissionClause {
    /// Its place in the plan, counted from 1.
    pub seq: i32,
    /// The phase it is for; any, when none is named.
    pub phase: Option<Phase>,
    /// The partner tier it is for, by its id; any, when none is named.
    pub tier: Option<i64>,
    /// The offering it is for, by its id; any, when none is named.
    pub offering: Option<i64>,
    /// The share of net revenue it pays; nothing where it pays per unit.
    pub rate: Rate,
    /// What it pays beyond its rate where the deal was registered in time; nothing by default.
    pub uplift: Rate,
    /// What it pays for each unit of each period, in the one currency it holds for.
    pub per_unit: Option<Money>,
    /// For how many months from the first paid period; for life, when none are named.
    pub months: Option<u32>,
    /// The most it pays a partner for a month of service, in the currency it is named in.
    pub cap: Option<Money>,
    /// What it pays beyond its rate, by revenue.
    pub volume: Option<Volume>,
    /// What goes back of it when the customer leaves early, by days from the first day charged.
    pub clawback: Option<ClawbackTerms>,
}

/// What a clause is looked up for: one service period of one subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// Where the period lies in the subscription's life.
    pub phase: Phase,
    /// The partner's tier on the period's first day, by its id.
    pub tier: Option<i64>,
    /// The offering sold, by its id.
    pub offering: i64,
    /// What is billed in.
    pub currency: Currency,
    /// The first day of the first paid period: months are counted from it.
    pub since: NaiveDate,
    /// The days charged for.
    pub service: ServicePeriod,
    /// Whether the sale was registered before it was made, and in time.
    pub is_registered: bool,
}

impl CommissionClause {
    /// A share of revenue for every case, for life and without a cap.
    pub fn percent(seq: i32, rate: Rate) -> Self {
        Self {
            seq,
            phase: None,
            tier: None,
            offering: None,
            rate,
            uplift: Rate::default(),
            per_unit: None,
            months: None,
            cap: None,
            volume: None,
            clawback: None,
        }
    }

    fn is_for(&self, case: &Case) -> bool {
        self.phase.is_none_or(|named| named == case.phase)
            && self.tier.is_none_or(|named| case.tier == Some(named))
            && self.offering.is_none_or(|named| named == case.offering)
            && self
                .per_unit
                .is_none_or(|amount| amount.currency() == case.currency)
            && self.is_within(case.since, case.service.from)
    }

    /// Whether a period that starts on a day lies in its months.
    fn is_within(&self, since: NaiveDate, from: NaiveDate) -> bool {
        match self.months {
            None => true,
            Some(months) => Window::months(since, months).is_none_or(|window| window.covers(from)),
        }
    }

    /// How precisely it names what it is for: tier before offering before phase, a currency
    /// before all currencies, few months before many, the earlier of equals.
    fn precision(&self) -> (bool, bool, bool, bool, std::cmp::Reverse<(u32, i32)>) {
        (
            self.tier.is_some(),
            self.offering.is_some(),
            self.phase.is_some(),
            self.per_unit.is_some(),
            std::cmp::Reverse((self.months.unwrap_or(u32::MAX), self.seq)),
        )
    }

    /// The terms it gives a line for so many units in these days.
    pub fn terms(&self, case: &Case, units: u32) -> LineTerms {
        let window = self
            .months
            .and_then(|months| Window::months(case.since, months));
        LineTerms {
            pay: match self.per_unit {
                Some(amount) => Pay::PerUnit {
                    minor: amount.minor(),
                    units,
                },
                None => Pay::Share(bonus::uplifted(self.rate, self.uplift, case.is_registered)),
            },
            share: window.map_or(DayShare::WHOLE, |window| window.share(case.service)),
        }
    }

    /// What it adds to its rate in a case: nothing but for what was registered.
    pub fn added(&self, case: &Case) -> Rate {
        match case.is_registered && self.per_unit.is_none() {
            true => self.uplift,
            false => Rate::default(),
        }
    }

    /// Its cap in a currency, in minor units.
    pub fn cap_in(&self, currency: Currency) -> Option<i64> {
        let cap = self.cap.filter(|cap| cap.currency() == currency);
        cap.map(Money::minor)
    }
}

/// The clause that holds in a case: the most precise one. `None` where the plan says nothing.
pub fn clause_for<'a>(
    clauses: impl IntoIterator<Item = &'a CommissionClause>,
    case: &Case,
) -> Option<&'a CommissionClause> {
    choice::chosen(clauses, case).map(|(clause, _)| clause)
}

#[cfg(test)]
mod tests;
