//! Sums of entries, by month and group.
use std::collections::{HashMap, HashSet};

use diesel::{
    dsl::{exists, sql},
    prelude::*,
    sql_types::BigInt,
};

use crate::{
    Error, Result,
    domain::{Currency, Period, commission::EntryKind},
    id::{CommissionClauseId, CommissionEntryId, PartnerId},
    store::{
        Tx, VendorScope,
        columns::{Coded, Month},
        revenue::ASKED_AT_ONCE,
        schema::{commission_entries, invoice_lines},
    },
};

/// What some entries of one clause come to.
#[derive(Debug, Clone)]
pub struct GroupSum {
    /// The clause.
    pub clause: CommissionClauseId,
    /// Whose.
    pub partner: PartnerId,
    /// The month of the service.
    pub earned: Period,
    /// What they are in.
    pub currency: Currency,
    /// Their sum, in minor units: what is reversed and capped taken off.
    pub amount_minor: i64,
}

type SumRow = (
    Option<CommissionClauseId>,
    PartnerId,
    Month,
    Coded<Currency>,
    i64,
);

fn group_sum(row: SumRow) -> Option<Result<GroupSum>> {
    let (clause, partner, earned, currency, amount_minor) = row;
    let clause = clause?;
    let earned = earned.try_into().map_err(Error::fault);
    Some(earned.map(|earned| GroupSum {
        clause,
        partner,
        earned,
        currency: currency.value(),
        amount_minor,
    }))
}

/// What these partners have earned under these clauses for these months of service, by currency.
///
/// # Errors
/// Faults of the database.
pub fn sums_under(
    tx: &mut Tx<'_, VendorScope>,
    partners: &[PartnerId],
    (clauses, months): (&[CommissionClauseId], &[Period]),
) -> Result<Vec<GroupSum>> {
    let months: Vec<i32> = months.iter().map(|month| month.key()).collect();
    let mut found = Vec::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let columns = (
            commission_entries::commission_clause_id,
            commission_entries::partner_id,
            commission_entries::earned_period,
            commission_entries::currency,
        );
        let rows = tx
            .rows_of(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
            .filter(commission_entries::earned_period.eq_any(months.clone()))
            // A distributor's share is no commission of the clause.
            .filter(commission_entries::part.not_like("on_revenue%"))
            .filter(commission_entries::part.not_like("carved_out%"))
            .group_by(columns)
            .select((
                commission_entries::commission_clause_id,
                commission_entries::partner_id,
                commission_entries::earned_period,
                commission_entries::currency,
                sql::<BigInt>("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
            ));
        let rows = tx.load::<SumRow, _>(rows)?.into_iter();
        found.extend(rows.filter_map(group_sum).collect::<Result<Vec<_>>>()?);
    }
    Ok(found)
}

/// What some partner's entries of a month come to.
#[derive(Debug, Clone)]
pub struct MonthSum {
    /// Whose.
    pub partner: PartnerId,
    /// The month they are posted in.
    pub month: Period,
    /// What they are in.
    pub currency: Currency,
    /// Their sum, in minor units.
    pub amount_minor: i64,
}

/// What distributors have got out of a seller's commission under these clauses for these months of
/// service, by currency, as the seller's.
///
/// # Errors
/// Faults of the database.
pub fn carved_under(
    tx: &mut Tx<'_, VendorScope>,
    (seller, distributors): (PartnerId, &[PartnerId]),
    (clauses, months): (&[CommissionClauseId], &[Period]),
) -> Result<Vec<GroupSum>> {
    let months: Vec<i32> = months.iter().map(|month| month.key()).collect();
    let columns = (
        commission_entries::commission_clause_id,
        commission_entries::partner_id,
        commission_entries::earned_period,
        commission_entries::currency,
    );
    let sold = invoice_lines::table
        .filter(invoice_lines::tenant_id.eq(commission_entries::tenant_id))
        .filter(
            invoice_lines::id
                .nullable()
                .eq(commission_entries::invoice_line_id),
        )
        .filter(invoice_lines::partner_id.eq(seller));
    let rows = tx
        .rows_of(commission_entries::table)
        .filter(commission_entries::partner_id.eq_any(distributors.to_vec()))
        .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
        .filter(commission_entries::earned_period.eq_any(months))
        .filter(commission_entries::part.like("carved_out%"))
        .filter(exists(sold))
        .group_by(columns)
        .select((
            commission_entries::commission_clause_id,
            commission_entries::partner_id,
            commission_entries::earned_period,
            commission_entries::currency,
            sql::<BigInt>("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
        ));
    let rows = tx.load::<SumRow, _>(rows)?.into_iter();
    let sums: Vec<GroupSum> = rows.filter_map(group_sum).collect::<Result<_>>()?;
    let sold = |sum: GroupSum| GroupSum {
        partner: seller,
        ..sum
    };
    Ok(sums.into_iter().map(sold).collect())
}

/// What these partners' entries of a month come to by currency, in minor units: what follows their
/// customers' payments, with bonuses, and neither what was given by hand nor filled up, nor what
/// goes back of earlier months.
///
/// # Errors
/// Faults of the database.
pub fn earned_in(
    tx: &mut Tx<'_, VendorScope>,
    partners: &[PartnerId],
    month: Period,
) -> Result<HashMap<(PartnerId, &'static str), i64>> {
    let mut found = HashMap::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows_of(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::posting_period.eq(month.key()))
            .filter(commission_entries::reverses_id.is_null())
            .filter(
                commission_entries::kind
                    .ne_all([EntryKind::Adjustment.code(), EntryKind::Guarantee.code()]),
            )
            .group_by((commission_entries::partner_id, commission_entries::currency))
            .select((
                commission_entries::partner_id,
                commission_entries::currency,
                sql::<BigInt>("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
            ));
        for (partner, currency, minor) in tx.load::<(PartnerId, Coded<Currency>, i64), _>(rows)? {
            found.insert((partner, currency.value().code()), minor);
        }
        for (partner, currency, minor) in taken_back_at_once(tx, some, month)? {
            *found.entry((partner, currency.code())).or_default() += minor;
        }
    }
    Ok(found)
}

/// What a month's entries take back of entries of the same month.
fn taken_back_at_once(
    tx: &mut Tx<'_, VendorScope>,
    partners: &[PartnerId],
    month: Period,
) -> Result<Vec<(PartnerId, Currency, i64)>> {
    type Back = (PartnerId, Coded<Currency>, i64, Option<CommissionEntryId>);
    let rows = tx
        .rows_of(commission_entries::table)
        .filter(commission_entries::partner_id.eq_any(partners.to_vec()))
        .filter(commission_entries::posting_period.eq(month.key()))
        .filter(commission_entries::reverses_id.is_not_null())
        .select((
            commission_entries::partner_id,
            commission_entries::currency,
            commission_entries::amount_minor,
            commission_entries::reverses_id,
        ));
    let back: Vec<Back> = tx.load(rows)?;
    let reversed: Vec<CommissionEntryId> = back.iter().filter_map(|one| one.3).collect();
    let mut of_month: HashSet<CommissionEntryId> = HashSet::new();
    for some in reversed.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows_of(commission_entries::table)
            .filter(commission_entries::id.eq_any(some.to_vec()))
            .filter(commission_entries::posting_period.eq(month.key()))
            .select(commission_entries::id);
        of_month.extend(tx.load::<CommissionEntryId, _>(rows)?);
    }
    let at_once = back
        .into_iter()
        .filter(|one| one.3.is_some_and(|id| of_month.contains(&id)));
    let shown = at_once.map(|(partner, currency, minor, _)| (partner, currency.value(), minor));
    Ok(shown.collect())
}
