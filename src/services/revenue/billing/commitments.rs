//! Committed minimums on bills: what periods that are over lacked of theirs.
use std::collections::HashMap;

use super::{
    arrears::{Served, UsageItem},
    terms::Terms,
};
use crate::{
    Result,
    domain::{
        Currency, Money,
        commitment::{PastPeriod, TrueUp, open_true_up},
    },
    id::SubscriptionId,
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
    /// Reads it, for those of the subscriptions whose plans have a minimum.
    pub fn of(tx: &mut Tx<'_, VendorScope>, terms: &Terms, due: &[Subscription]) -> Result<Self> {
        let mut asked = Vec::new();
        for subscription in due {
            if terms.plan(subscription)?.minimum_minor > 0 {
                asked.push(subscription.id);
            }
        }
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

    /// What the periods that are over lack of a minimum, with the usage that the same bill charges
    /// for; of a bill that comes to `others_minor` otherwise. What was billed too much takes off no
    /// more than that; the rest waits for the next bill.
    pub fn items(
        &self,
        served: Served,
        minimum_minor: i64,
        (used, others_minor): (&[UsageItem<'_>], i64),
    ) -> Result<Vec<TrueUp>> {
        let Some(book) = self.books.get(&served.id) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for index in served.first..served.next {
            let Some(period) = past(served, index, (book, used))? else {
                continue;
            };
            found.extend(open_true_up(minimum_minor, &period, &book.pauses)?);
        }
        let missing = found.iter().map(|one| one.open_minor.max(0));
        let mut room = missing.fold(others_minor.max(0), i64::saturating_add);
        for one in found.iter_mut().filter(|one| one.open_minor < 0) {
            one.open_minor = one.open_minor.max(-room);
            room += one.open_minor;
        }
        found.retain(|one| one.open_minor != 0);
        Ok(found)
    }
}

/// A period that is over, with what was charged for it; nothing where nothing of it was served.
fn past(
    served: Served,
    index: u32,
    (book, used): (&CommitmentBook, &[UsageItem<'_>]),
) -> Result<Option<PastPeriod>> {
    let Some(period) = served.period(index)? else {
        return Ok(None);
    };
    let charged = i32::try_from(index)
        .ok()
        .and_then(|at| book.charged.get(&at));
    let now = used.iter().filter(|item| item.arrear.period.index == index);
    let now: i64 = now.map(|item| item.net_minor).sum();
    Ok(Some(PastPeriod {
        whole: served.stretch(index)?.whole,
        service: period.service,
        charged_minor: charged.copied().unwrap_or_default() + now,
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
