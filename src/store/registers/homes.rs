//! What the two first screens ask.
use chrono::{Days, NaiveDate};
use diesel::{
    dsl::{min, sql},
    prelude::*,
    sql_types::BigInt,
};

use super::{Calendar, Sees, ledger, named, partner_names, payouts};
use crate::{
    Result,
    domain::Money,
    id::PartnerId,
    store::{
        Tx, VendorScope,
        schema::{
            commission_plan_versions, import_files, jobs, mails, offerings, partners,
            plan_versions, subscriptions,
        },
    },
};

/// Figures about earnings, per currency.
#[derive(Debug, Clone)]
pub struct EarningFigures {
    /// Earned in the present month, reversals taken off.
    pub earned: Vec<Money>,
    /// Still in hold.
    pub held: Vec<Money>,
    /// Out of hold, on no statement yet.
    pub payable: Vec<Money>,
    /// On statements, to be paid out.
    pub to_be_paid: Vec<Money>,
    /// Monthly recurring revenue, and live subscriptions.
    pub live: Vec<(Money, i64)>,
}

/// The figures of the scope's earnings.
///
/// # Errors
/// Faults of the database.
pub fn earnings<S: Sees>(tx: &mut Tx<'_, S>, calendar: &Calendar) -> Result<EarningFigures> {
    Ok(EarningFigures {
        earned: S::entry_sums(tx, ledger::earned_in(calendar.this_month()))?,
        held: S::entry_sums(tx, ledger::held(calendar.today))?,
        payable: S::entry_sums(tx, ledger::payable(calendar.today))?,
        to_be_paid: S::payout_sums(tx, payouts::unpaid())?,
        live: S::live_revenue(tx)?,
    })
}

/// Counts of what waits for somebody at the vendor.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// Letters that failed for good.
    pub failed_mails: i64,
    /// Jobs that failed too often.
    pub parked_jobs: i64,
    /// Files that were checked and not applied.
    pub checked_imports: i64,
    /// Offerings that are drafts.
    pub draft_offerings: i64,
    /// Plan versions that are drafts.
    pub draft_plans: i64,
    /// Commission plan versions that are drafts.
    pub draft_commission_plans: i64,
    /// Partners on record who have not left.
    pub partners: i64,
}

macro_rules! how_many {
    ($tx:expr, $table:ident, $status:literal) => {{
        let rows = $tx
            .rows($table::table)
            .filter($table::status.eq($status))
            .select(sql::<BigInt>("COUNT(*)"));
        $tx.one(rows)?
    }};
}

/// What waits for somebody at the vendor.
///
/// # Errors
/// Faults of the database.
pub fn waiting(tx: &mut Tx<'_, VendorScope>) -> Result<Waiting> {
    Ok(Waiting {
        failed_mails: how_many!(tx, mails, "failed"),
        parked_jobs: how_many!(tx, jobs, "parked"),
        checked_imports: how_many!(tx, import_files, "checked"),
        draft_offerings: how_many!(tx, offerings, "draft"),
        draft_plans: how_many!(tx, plan_versions, "draft"),
        draft_commission_plans: how_many!(tx, commission_plan_versions, "draft"),
        partners: how_many!(tx, partners, "active"),
    })
}

/// A partner whose first subscription began lately.
#[derive(Debug, Clone)]
pub struct FirstSale {
    /// Who.
    pub partner: PartnerId,
    /// Their name.
    pub partner_name: String,
    /// The first day served.
    pub starts_on: NaiveDate,
}

/// Partners whose first subscription began within the last 60 days, latest first, at most `limit`.
///
/// # Errors
/// Faults of the database.
pub fn first_sales(
    tx: &mut Tx<'_, VendorScope>,
    today: NaiveDate,
    limit: usize,
) -> Result<Vec<FirstSale>> {
    let rows = tx
        .rows_of(subscriptions::table)
        .group_by(subscriptions::partner_id)
        .select((subscriptions::partner_id, min(subscriptions::starts_on)));
    let rows: Vec<(PartnerId, Option<NaiveDate>)> = tx.load(rows)?;
    let since = today.checked_sub_days(Days::new(60)).unwrap_or(today);
    let mut first: Vec<(NaiveDate, PartnerId)> = rows
        .into_iter()
        .filter_map(|(partner, day)| Some((day?, partner)))
        .filter(|(day, _)| (since..=today).contains(day))
        .collect();
    first.sort_unstable_by(|a, b| b.cmp(a));
    first.truncate(limit);
    let names = partner_names(tx, first.iter().map(|(_, partner)| *partner))?;
    let dress = |(starts_on, partner)| FirstSale {
        partner_name: named(&names, &partner),
        partner,
        starts_on,
    };
    Ok(first.into_iter().map(dress).collect())
}
