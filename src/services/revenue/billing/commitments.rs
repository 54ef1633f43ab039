//! Committed minimums on bills: what periods that are over lacked of theirs.
use std::collections::HashMap;

use super::{
    arrears::UsageItem,
    courses::{Course, Served},
    terms::Terms,
};
use crate::{
    Result,
    domain::{
        Currency, Money,
        commitment::{PastPeriod, TrueUp, open_true_up},
        held::Held,
    },
    id::{PlanVersionId, SubscriptionId},
    store::{
        Tx, VendorScope,
        revenue::{
            commitments::{self, CommitmentBook},
            subscriptions::Subscription,
        },
    },
};

/// What was billed under the commitments that some bills rest on.
#[derive(Default)]
pub(super) struct Commitments {
    books: HashMap<SubscriptionId, CommitmentBook>,
}

impl Commitments {
    /// Reads it, for those of the subscriptions that are or were of plans with a minimum.
    pub fn of(tx: &mut Tx<'_, VendorScope>, terms: &Terms, due: &[Subscription]) -> Result<Self> {
        let mut asked = Vec::new();
        for subscription in due {
            for held in terms.held(subscription)? {
                if terms.plan_of(held.plan)?.minimum_minor > 0 {
                    asked.push(subscription.id);
                }
            }
        }
        asked.dedup();
        match asked.is_empty() {
            true => Ok(Self::default()),
            false => Ok(Self {
                books: commitments::books(tx, &asked)?,
            }),
        }
    }

    /// As it is known of one subscription.
    pub fn known(id: SubscriptionId, book: Option<CommitmentBook>) -> Self {
        Self {
            books: book.map(|book| (id, book)).into_iter().collect(),
        }
    }

    /// What the periods that are over lack of the minimum of the plan of their days, with the usage
    /// that the same bill charges for; below zero where they lack less than was billed.
    pub fn items(&self, all: &[Course<'_>], used: &[UsageItem<'_>]) -> Result<Vec<Missing>> {
        let id = all.first().map(|course| course.served.id);
        let Some(book) = id.and_then(|id| self.books.get(&id)) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for course in all.iter().filter(|course| course.minimum_minor > 0) {
            let served = course.served;
            for index in served.over() {
                let Some(period) = past(served, index, (book, used))? else {
                    continue;
                };
                let missing = open_true_up(course.minimum_minor, &period, &book.pauses)?;
                found.extend(missing.map(|true_up| Missing {
                    held: served.held,
                    true_up,
                }));
            }
        }
        Ok(found)
    }
}

/// What some days lacked of the minimum of their plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missing {
    pub held: Held<PlanVersionId>,
    pub true_up: TrueUp,
}

/// What of a period that is over is of a plan, with what was charged for it; nothing where none of
/// it was served by that.
fn past(
    served: Served,
    index: u32,
    (book, used): (&CommitmentBook, &[UsageItem<'_>]),
) -> Result<Option<PastPeriod>> {
    let Some(period) = served.period(index)? else {
        return Ok(None);
    };
    let at = i32::try_from(index).ok();
    let charged = book.charged.iter();
    let charged = charged
        .filter(|(in_period, from, _)| Some(*in_period) == at && served.held.contains(*from));
    let charged: i64 = charged.map(|(_, _, minor)| minor).sum();
    let now = used
        .iter()
        .filter(|item| item.arrear.period.index == index && item.held == served.held);
    let now: i64 = now.map(|item| item.arrear.open_minor).sum();
    Ok(Some(PastPeriod {
        whole: served.stretch(index)?.whole,
        service: period.service,
        charged_minor: charged + now,
        billed_minor: book.true_ups.get(&period.service.from).copied(),
    }))
}

/// "Minimum of EUR 500.00, of which EUR 411.47 was charged".
pub(super) fn words(one: &TrueUp, currency: Currency) -> String {
    let money = |minor| Money::new(minor, currency);
    let (minimum, charged) = (money(one.minimum_minor), money(one.charged_minor));
    let now = if one.is_again { " by now" } else { "" };
    match one.charged_minor >= one.minimum_minor {
        true => format!("Minimum of {minimum}, reached{now} with {charged}"),
        false => format!("Minimum of {minimum}, of which {charged} was charged{now}"),
    }
}
