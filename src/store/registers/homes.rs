//! What the two first screens ask.
use chrono::{Days, Months, NaiveDate};
use diesel::{
    dsl::{min, sql},
    prelude::*,
    sql_types::BigInt,
};

use super::{Calendar, Live, Sees, customer_names, ledger, money, named, partner_names, payouts};
use crate::{
    Result,
    domain::{Money, SubscriptionStatus},
    id::{CustomerId, PartnerId, SubscriptionId, TierId},
    store::{
        PartnerScope, Scope, Tx, VendorScope,
        schema::{
            adjustments, bank_accounts, commission_enrollments, commission_plan_versions,
            deal_registrations, import_files, jobs, mails, offerings, partners, plan_versions,
            sla_credits, subscriptions, tier_assignments, tiers,
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
    /// What live subscriptions bring.
    pub live: Vec<Live>,
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
    /// Adjustments that somebody else proposed.
    pub adjustments: i64,
    /// Credits for missed promises that wait for approval.
    pub sla_credits: i64,
    /// Bank details that wait for whoever asks to confirm them.
    pub bank_details: i64,
    /// Deals that partners registered, to be decided on.
    pub registrations: i64,
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
        adjustments: adjustments_of_others(tx)?,
        sla_credits: how_many!(tx, sla_credits, "proposed"),
        bank_details: bank_details_of_others(tx)?,
        registrations: how_many!(tx, deal_registrations, "submitted"),
        partners: how_many!(tx, partners, "active"),
    })
}

/// Adjustments that wait for whoever asks to approve them: nobody approves their own.
fn adjustments_of_others(tx: &mut Tx<'_, VendorScope>) -> Result<i64> {
    let mut rows = tx
        .rows(adjustments::table)
        .filter(adjustments::status.eq("proposed"));
    if let Some(user) = tx.scope().actor().user {
        rows = rows.filter(adjustments::proposed_by.ne(user));
    }
    tx.one(rows.select(sql::<BigInt>("COUNT(*)")))
}

/// Bank details that somebody else gave: nobody confirms their own.
fn bank_details_of_others(tx: &mut Tx<'_, VendorScope>) -> Result<i64> {
    let mut rows = tx
        .rows(bank_accounts::table)
        .filter(bank_accounts::confirmed_at.is_null());
    if let Some(user) = tx.scope().actor().user {
        let is_other = bank_accounts::changed_by.ne(user);
        rows = rows.filter(bank_accounts::changed_by.is_null().or(is_other));
    }
    tx.one(rows.select(sql::<BigInt>("COUNT(*)")))
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

/// A subscription of the partner's that somebody should think of.
#[derive(Debug, Clone)]
pub struct Looming {
    /// Which.
    pub id: SubscriptionId,
    /// Whose.
    pub customer_name: String,
    /// What it brings a month; nothing where that is a distributor's affair.
    pub mrr: Option<Money>,
    /// The first day of its next term, or the first day it is no longer served.
    pub on: NaiveDate,
    /// Whether it ends then; otherwise it renews.
    pub ends: bool,
}

type LoomingRow = (
    SubscriptionId,
    CustomerId,
    String,
    i64,
    NaiveDate,
    i32,
    Option<NaiveDate>,
    (i32, Option<NaiveDate>),
    Option<PartnerId>,
);

/// The partner's live subscriptions that renew, or end, within 60 days; soonest first, at most
/// `limit`. Of a term shorter than half a year only the first counts: the others are no news.
///
/// # Errors
/// Faults of the database.
pub fn looming(
    tx: &mut Tx<'_, PartnerScope>,
    today: NaiveDate,
    limit: usize,
) -> Result<Vec<Looming>> {
    let rows = tx
        .rows(subscriptions::table)
        .filter(
            subscriptions::status.eq_any(SubscriptionStatus::LIVE.map(SubscriptionStatus::code)),
        )
        .select((
            subscriptions::id,
            subscriptions::customer_id,
            subscriptions::currency,
            subscriptions::mrr_minor,
            subscriptions::starts_on,
            subscriptions::term_months,
            subscriptions::ends_on,
            (subscriptions::anchor_index, subscriptions::anchor_on),
            subscriptions::payer_id,
        ));
    let seen_by = tx.scope().partner_id();
    let rows: Vec<LoomingRow> = tx.load(rows)?;
    let until = today.checked_add_days(Days::new(60)).unwrap_or(today);
    let mut near: Vec<(NaiveDate, bool, LoomingRow)> = rows
        .into_iter()
        .filter_map(|row| {
            let (on, ends) = turn(&row, today)?;
            (today..=until).contains(&on).then_some((on, ends, row))
        })
        .collect();
    near.sort_unstable_by_key(|(on, _, row)| (*on, row.0));
    near.truncate(limit);
    let names = customer_names(tx, near.iter().map(|(_, _, row)| row.1))?;
    near.into_iter()
        .map(|(on, ends, row)| {
            Ok(Looming {
                id: row.0,
                customer_name: named(&names, &row.1),
                mrr: match row.8.is_none() || row.8 == seen_by {
                    true => Some(money(row.3, &row.2)?),
                    false => None,
                },
                on,
                ends,
            })
        })
        .collect()
}

/// Months of a term from which on each renewal is told.
const LONG_TERM: i32 = 6;

/// The next day from today on that something happens to a subscription by itself, and whether that
/// is its end.
fn turn(row: &LoomingRow, today: NaiveDate) -> Option<(NaiveDate, bool)> {
    if let Some(end) = row.6 {
        return Some((end, true));
    }
    let months = u32::try_from(row.5).ok().filter(|months| *months > 0)?;
    let counted_anew = row.7.1.filter(|_| row.7.0 > 0);
    let first = counted_anew.unwrap_or(row.4);
    let term = |number: u32| first.checked_add_months(Months::new(months.checked_mul(number)?));
    let known = if row.5 < LONG_TERM { 1 } else { u32::MAX };
    let next = (1..=known).map_while(term).find(|end| *end >= today)?;
    Some((next, false))
}

/// The terms a partner is under, as they stood at its enrolment, and its tier of today.
#[derive(Debug, Clone)]
pub struct OwnTerms {
    /// Enrolments, latest first: from when, and the clauses in words, one to a line.
    pub enrollments: Vec<(NaiveDate, String)>,
    /// The tier of today, and since when.
    pub tier: Option<(String, NaiveDate)>,
}

/// The partner's own terms.
///
/// # Errors
/// Faults of the database.
pub fn own_terms(tx: &mut Tx<'_, PartnerScope>, today: NaiveDate) -> Result<OwnTerms> {
    let rows = tx
        .rows(commission_enrollments::table)
        .order(commission_enrollments::effective_from.desc())
        .select((
            commission_enrollments::effective_from,
            commission_enrollments::terms,
        ));
    let enrollments = tx.load(rows)?;
    let tier = tx
        .rows(tier_assignments::table)
        .filter(tier_assignments::effective_from.le(today))
        .order(tier_assignments::effective_from.desc())
        .select((tier_assignments::tier_id, tier_assignments::effective_from));
    let tier: Option<(TierId, NaiveDate)> = tx.first(tier)?;
    let tier = match tier {
        None => None,
        Some((id, since)) => {
            let name = tx
                .rows(tiers::table)
                .filter(tiers::id.eq(id))
                .select(tiers::name);
            Some((tx.one(name)?, since))
        }
    };
    Ok(OwnTerms { enrollments, tier })
}
