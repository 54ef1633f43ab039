//! Who earns together: a partner that shares a sale with another, and one that has a distributor
//! above it.
use chrono::NaiveDate;

use super::{Scope, setting::read};
use crate::{
    Result,
    id::{PartnerId, SubscriptionId},
    services::{
        incentivize::distributors::{self, Share},
        revenue::subscriptions::{self, Sharing},
    },
    store::{Store, revenue::subscriptions as rows},
};

/// From its next period on a third of a subscription's commission is another partner's.
pub(super) fn share(
    store: &Store,
    scope: &Scope,
    (sold, with): (SubscriptionId, PartnerId),
) -> Result<()> {
    store.write_now(scope.clone(), |tx| {
        let sharing = Sharing {
            subscription: sold,
            version: rows::one(tx, sold)?.version,
            others: vec![(1, with, read("33.33")?)],
        };
        subscriptions::share_out(tx, &sharing)
    })
}

/// From a day on a distributor has a twentieth of what a partner sells, on top.
pub(super) fn place(
    store: &Store,
    scope: &Scope,
    (partner, distributor): (PartnerId, PartnerId),
    day: NaiveDate,
) -> Result<()> {
    store.write_now(scope.clone(), |tx| {
        let share = Share {
            distributor,
            is_carved: false,
            rate: read("5")?,
        };
        distributors::place(tx, partner, Some(share), day)
    })
}
