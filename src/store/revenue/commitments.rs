//! What the true-ups of subscriptions with a committed minimum rest on.
use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{
    ASKED_AT_ONCE, credit_notes::changed_on, invoices::InvoiceLineKind, subscriptions::ChangeKind,
};
use crate::{
    Result,
    domain::commitment::Pause,
    id::{InvoiceLineId, SubscriptionId},
    store::{
        Scope, Tx, Visible,
        schema::{
            charge_segments, credit_note_lines, credit_notes, invoice_lines, subscription_changes,
            usage_charges,
        },
    },
};

/// What was billed for a subscription's periods, in minor units before tax, and when it was paused.
#[derive(Debug, Clone, Default)]
pub struct CommitmentBook {
    /// By recurring prices and usage, less what was given back for days not served; by period and the
    /// first day each charge was for.
    pub charged: Vec<(i32, NaiveDate, i64)>,
    /// By true-ups, by the first day they are for.
    pub true_ups: HashMap<NaiveDate, i64>,
    /// In the order they began.
    pub pauses: Vec<Pause>,
}

/// The books of some subscriptions, one for each.
///
/// # Errors
/// Faults of the database.
pub fn books<S: Scope>(
    tx: &mut Tx<'_, S>,
    ids: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, CommitmentBook>>
where
    charge_segments::table: Visible<S>,
    usage_charges::table: Visible<S>,
    invoice_lines::table: Visible<S>,
    credit_notes::table: Visible<S>,
    credit_note_lines::table: Visible<S>,
    subscription_changes::table: Visible<S>,
{
    let mut found: HashMap<SubscriptionId, CommitmentBook> = ids
        .iter()
        .map(|id| (*id, CommitmentBook::default()))
        .collect();
    for some in ids.chunks(ASKED_AT_ONCE) {
        for (id, period, from, minor) in charged(tx, some)? {
            found
                .entry(id)
                .or_default()
                .charged
                .push((period, from, minor));
        }
        for (id, from, minor) in true_ups(tx, some)? {
            let book = found.entry(id).or_default();
            *book.true_ups.entry(from).or_default() += minor;
        }
        for (id, pauses) in pauses(tx, some)? {
            found.entry(id).or_default().pauses = pauses;
        }
    }
    Ok(found)
}

/// When some subscriptions were paused, in the order it began; those that never were are left out.
///
/// # Errors
/// Faults of the database.
pub fn pauses<S: Scope>(
    tx: &mut Tx<'_, S>,
    ids: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, Vec<Pause>>>
where
    subscription_changes::table: Visible<S>,
{
    let mut found: HashMap<SubscriptionId, Vec<Pause>> = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        for (id, kind, on) in turns(tx, some)? {
            let pauses = found.entry(id).or_default();
            match (pauses.last_mut(), kind == ChangeKind::Paused.code()) {
                (_, true) => pauses.push(Pause {
                    from: on,
                    until: None,
                }),
                (Some(last), false) => last.until = Some(on),
                (None, false) => {}
            }
        }
    }
    Ok(found)
}

/// As [`books`], of one subscription; nothing is read where none of its plans has a minimum.
///
/// # Errors
/// Faults of the database.
pub fn book<S: Scope>(
    tx: &mut Tx<'_, S>,
    id: SubscriptionId,
    has_minimum: bool,
) -> Result<Option<CommitmentBook>>
where
    charge_segments::table: Visible<S>,
    usage_charges::table: Visible<S>,
    invoice_lines::table: Visible<S>,
    credit_notes::table: Visible<S>,
    credit_note_lines::table: Visible<S>,
    subscription_changes::table: Visible<S>,
{
    match has_minimum {
        false => Ok(None),
        true => Ok(books(tx, &[id])?.remove(&id)),
    }
}

/// What was charged for some days of a period.
type Charged = (SubscriptionId, i32, NaiveDate, i64);

fn charged<S: Scope>(tx: &mut Tx<'_, S>, ids: &[SubscriptionId]) -> Result<Vec<Charged>>
where
    charge_segments::table: Visible<S>,
    usage_charges::table: Visible<S>,
{
    let ahead = tx
        .rows(charge_segments::table)
        .filter(charge_segments::subscription_id.eq_any(ids.to_vec()))
        .select((
            charge_segments::subscription_id,
            charge_segments::period_index,
            charge_segments::service_from,
            charge_segments::amount_minor,
            charge_segments::credited_minor,
        ));
    let ahead: Vec<(SubscriptionId, i32, NaiveDate, i64, i64)> = tx.load(ahead)?;
    let used = tx
        .rows(usage_charges::table)
        .filter(usage_charges::subscription_id.eq_any(ids.to_vec()))
        .select((
            usage_charges::subscription_id,
            usage_charges::period_index,
            usage_charges::service_from,
            usage_charges::billed_minor,
        ));
    let used: Vec<Charged> = tx.load(used)?;
    let kept = |(id, period, from, amount, credited)| (id, period, from, amount - credited);
    Ok(ahead.into_iter().map(kept).chain(used).collect())
}

/// What true-ups came to, less what was given back as too much.
fn true_ups<S: Scope>(
    tx: &mut Tx<'_, S>,
    ids: &[SubscriptionId],
) -> Result<Vec<(SubscriptionId, NaiveDate, i64)>>
where
    invoice_lines::table: Visible<S>,
    credit_notes::table: Visible<S>,
    credit_note_lines::table: Visible<S>,
{
    let rows = tx
        .rows(invoice_lines::table)
        .filter(invoice_lines::subscription_id.eq_any(ids.to_vec()))
        .filter(invoice_lines::kind.eq(InvoiceLineKind::TrueUp.code()))
        .select((
            invoice_lines::id,
            invoice_lines::subscription_id,
            invoice_lines::service_from,
            invoice_lines::net_minor,
            invoice_lines::credited_net_minor,
        ));
    let rows: Vec<(InvoiceLineId, SubscriptionId, NaiveDate, i64, i64)> = tx.load(rows)?;
    let credited = rows.iter().filter(|(.., credited)| *credited > 0);
    let credited: Vec<InvoiceLineId> = credited.map(|(line, ..)| *line).collect();
    let back = changed_on(tx, &credited)?;
    let kept = |(line, id, from, net, _)| {
        let back = back.get(&line).copied().unwrap_or_default();
        (id, from, net - back)
    };
    Ok(rows.into_iter().map(kept).collect())
}

fn turns<S: Scope>(
    tx: &mut Tx<'_, S>,
    ids: &[SubscriptionId],
) -> Result<Vec<(SubscriptionId, String, NaiveDate)>>
where
    subscription_changes::table: Visible<S>,
{
    let kinds = [ChangeKind::Paused, ChangeKind::Resumed].map(ChangeKind::code);
    let rows = tx
        .rows(subscription_changes::table)
        .filter(subscription_changes::subscription_id.eq_any(ids.to_vec()))
        .filter(subscription_changes::kind.eq_any(kinds))
        .order(subscription_changes::id)
        .select((
            subscription_changes::subscription_id,
            subscription_changes::kind,
            subscription_changes::effective_on,
        ));
    tx.load(rows)
}
