//! Twelve months ahead, per partner: what is committed and what is expected.
use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::billing::{Terms, expected};
use crate::{
    Result,
    domain::{
        Period, Permission,
        commission::{InvoiceState, accrue},
        forecast::{Coming, Sold},
    },
    id::PartnerId,
    store::{
        Tx, VendorScope,
        incentivize::forecasts::{self, ForecastMonth},
        revenue::subscriptions::{self, Subscription},
    },
};

/// How far it looks.
const MONTHS: u32 = 12;
/// Subscriptions looked at together.
const CHUNK: i64 = 500;

type Key = (PartnerId, &'static str, Period);

/// Reckons every partner's forecast anew, from the month of a day on.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults of the database, and amounts that do not fit.
pub fn renew(tx: &mut Tx<'_, VendorScope>, today: NaiveDate) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    let mut months: BTreeMap<Key, ForecastMonth> = BTreeMap::new();
    let mut after = None;
    loop {
        let sold = subscriptions::live_after(tx, after, CHUNK)?;
        let Some(last) = sold.last() else {
            break;
        };
        after = Some(last.id);
        let terms = Terms::of(tx, &sold)?;
        for one in &sold {
            let coming = Sold {
                anchor: one.anchor()?,
                term_months: one.term(),
                ends_on: one.ends_on,
            };
            for period in coming.coming(Period::of(today), MONTHS) {
                let month = Period::of(period.service.from);
                let key = (one.partner_id, one.currency.code(), month);
                let sums = months.entry(key).or_insert_with(|| ForecastMonth {
                    id: tx.fresh_id(),
                    partner_id: one.partner_id,
                    currency: one.currency,
                    month,
                    reckoned_on: today,
                    committed_net_minor: 0,
                    committed_minor: 0,
                    expected_net_minor: 0,
                    expected_minor: 0,
                });
                add(sums, one, &period, &terms)?;
            }
        }
    }
    forecasts::replace(tx, months.into_values().collect())
}

fn add(
    sums: &mut ForecastMonth,
    sold: &Subscription,
    period: &Coming,
    terms: &Terms,
) -> Result<()> {
    let (net, earned) = paid_in_full(sold, period, terms)?;
    sums.expected_net_minor += net;
    sums.expected_minor += earned;
    if period.is_committed {
        sums.committed_net_minor += net;
        sums.committed_minor += earned;
    }
    Ok(())
}

/// What a period charges, and what it earns once that is paid: by the rules that bill and accrue.
fn paid_in_full(sold: &Subscription, period: &Coming, terms: &Terms) -> Result<(i64, i64)> {
    let (net, lines) = expected(terms, sold, period)?;
    let state = InvoiceState {
        total_minor: net,
        paid_minor: net,
        ..InvoiceState::default()
    };
    let earned = accrue(&state, &lines)?;
    let earned = earned.iter().map(|one| one.delta_minor).sum();
    Ok((net, earned))
}
