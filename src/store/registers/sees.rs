//! Which rows the questions of either side begin at.
use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::{expression::SqlLiteral, prelude::*, sql_types::BigInt};

use super::{Rows, Where, money, totals};
use crate::{
    Error, Result,
    domain::{Money, SubscriptionStatus, commission::Part},
    id::{CommissionEntryId, CustomerId, PartnerId, PlanVersionId, SubscriptionId},
    store::{
        PartnerScope, Scope, Tx, VendorScope,
        catalogue::sla::{self, Policy},
        incentivize::conversions::{self as converted, Conversion},
        schema::*,
    },
};

/// What live subscriptions in a currency bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// Monthly recurring revenue of those whose revenue the scope sees.
    pub mrr: Money,
    /// How many those are.
    pub shown: i64,
    /// How many there are besides, bought from a distributor at a price that is the distributor's.
    pub hidden: i64,
}

/// A scope that sees earnings: a vendor's sees every partner's, a partner's its own.
pub trait Sees: Scope {
    /// Commission entries.
    fn entries(tx: &Tx<'_, Self>) -> Rows<Self, commission_entries::table>;
    /// What an entry was converted to, where it is paid in another currency.
    ///
    /// # Errors
    /// Faults of the database.
    fn conversion(tx: &mut Tx<'_, Self>, of: CommissionEntryId) -> Result<Option<Conversion>>;
    /// Months ahead.
    fn forecasts(tx: &Tx<'_, Self>) -> Rows<Self, forecasts::table>;
    /// Statements.
    fn statements(tx: &Tx<'_, Self>) -> Rows<Self, statements::table>;
    /// Statement lines.
    fn lines(tx: &Tx<'_, Self>) -> Rows<Self, statement_lines::table>;
    /// Payouts.
    fn payouts(tx: &Tx<'_, Self>) -> Rows<Self, payouts::table>;
    /// Payouts as runs transfer them.
    fn transfers(tx: &Tx<'_, Self>) -> Rows<Self, payout_transfers::table>;
    /// The accounts that partners are paid to.
    fn bank_accounts(tx: &Tx<'_, Self>) -> Rows<Self, bank_accounts::table>;
    /// Mails.
    fn mails(tx: &Tx<'_, Self>) -> Rows<Self, mails::table>;
    /// Customers.
    fn customers(tx: &Tx<'_, Self>) -> Rows<Self, customers::table>;
    /// Partners.
    fn partners(tx: &Tx<'_, Self>) -> Rows<Self, partners::table>;
    /// Invoices.
    fn invoices(tx: &Tx<'_, Self>) -> Rows<Self, invoices::table>;
    /// Invoice lines.
    fn invoice_lines(tx: &Tx<'_, Self>) -> Rows<Self, invoice_lines::table>;
    /// Credits of customers, and of those who are billed in their place.
    fn credits(tx: &Tx<'_, Self>) -> Rows<Self, customer_credits::table>;
    /// Subscriptions.
    fn subscriptions(tx: &Tx<'_, Self>) -> Rows<Self, subscriptions::table>;
    /// The meters of some plan versions whose outcomes are billed once they are verified.
    ///
    /// # Errors
    /// Faults of the database.
    fn outcome_meters(tx: &mut Tx<'_, Self>, of: &[PlanVersionId]) -> Result<Vec<String>>;
    /// The plan versions that a subscription changed from.
    ///
    /// # Errors
    /// Faults of the database.
    fn plans_left(tx: &mut Tx<'_, Self>, of: SubscriptionId) -> Result<Vec<PlanVersionId>>;
    /// Usage as it was reported.
    fn usage_events(tx: &Tx<'_, Self>) -> Rows<Self, usage_events::table>;
    /// Payments.
    fn payments(tx: &Tx<'_, Self>) -> Rows<Self, payments::table>;
    /// Cash applied to invoices.
    fn allocations(tx: &Tx<'_, Self>) -> Rows<Self, payment_allocations::table>;
    /// Credit notes.
    fn credit_notes(tx: &Tx<'_, Self>) -> Rows<Self, credit_notes::table>;
    /// What credit notes take off which invoice line.
    fn credit_note_lines(tx: &Tx<'_, Self>) -> Rows<Self, credit_note_lines::table>;
    /// Tiers.
    fn tiers(tx: &Tx<'_, Self>) -> Rows<Self, tiers::table>;
    /// The vendor's settings.
    fn vendors(tx: &Tx<'_, Self>) -> Rows<Self, vendors::table>;
    /// Sums of entries per currency.
    ///
    /// # Errors
    /// Faults of the database.
    fn entry_sums(
        tx: &mut Tx<'_, Self>,
        of: Where<commission_entries::table>,
    ) -> Result<Vec<Money>>;
    /// Sums of payouts per currency.
    ///
    /// # Errors
    /// Faults of the database.
    fn payout_sums(tx: &mut Tx<'_, Self>, of: Where<payouts::table>) -> Result<Vec<Money>>;
    /// Offerings.
    fn offerings(tx: &Tx<'_, Self>) -> Rows<Self, offerings::table>;
    /// Policies of service levels with what they promise, by name.
    ///
    /// # Errors
    /// Faults of the database.
    fn sla_policies(tx: &mut Tx<'_, Self>) -> Result<Vec<Policy>>;
    /// Tickets.
    fn sla_tickets(tx: &Tx<'_, Self>) -> Rows<Self, sla_tickets::table>;
    /// When tickets waited for customers.
    fn sla_waits(tx: &Tx<'_, Self>) -> Rows<Self, sla_waits::table>;
    /// Deals that partners registered.
    fn deal_registrations(tx: &Tx<'_, Self>) -> Rows<Self, deal_registrations::table>;
    /// Misses and what is given back for them.
    fn sla_credits(tx: &Tx<'_, Self>) -> Rows<Self, sla_credits::table>;
    /// The lines on which something is given back for misses.
    fn sla_credit_lines(tx: &Tx<'_, Self>) -> Rows<Self, sla_credit_lines::table>;
    /// The credit notes that misses became.
    fn sla_credit_notes(tx: &Tx<'_, Self>) -> Rows<Self, sla_credit_notes::table>;
    /// The months that are measured.
    fn sla_measured(tx: &Tx<'_, Self>) -> Rows<Self, sla_measured::table>;
    /// Outages and maintenance.
    fn sla_events(tx: &Tx<'_, Self>) -> Rows<Self, sla_events::table>;
    /// Changes of MRR by customer and month (as 202610), minor units, in that order.
    ///
    /// # Errors
    /// Faults of the database.
    fn mrr_by_customer(
        tx: &mut Tx<'_, Self>,
        of: Where<mrr_changes::table>,
    ) -> Result<Vec<(CustomerId, i32, i64)>>;
    /// The currencies that customers pay in.
    ///
    /// # Errors
    /// Faults of the database.
    fn mrr_currencies(tx: &mut Tx<'_, Self>) -> Result<Vec<String>>;
    /// Commission by the month it was posted in (as 202610) and the part of whoever gets it: the
    /// net collected that it is on, and itself, minor units.
    ///
    /// # Errors
    /// Faults of the database.
    fn commission_by_month(
        tx: &mut Tx<'_, Self>,
        of: Where<commission_entries::table>,
    ) -> Result<Vec<(i32, Part, i64, i64)>>;
    /// Commission by the day of the payment it follows, minor units.
    ///
    /// # Errors
    /// Faults of the database.
    fn commission_by_day(
        tx: &mut Tx<'_, Self>,
        of: Where<commission_entries::table>,
    ) -> Result<Vec<(NaiveDate, i64)>>;
    /// The codes of the currencies that plans on sale, or once on sale, are in.
    ///
    /// # Errors
    /// Faults of the database.
    fn currencies(tx: &mut Tx<'_, Self>) -> Result<Vec<String>>;
    /// The countries customers are in.
    ///
    /// # Errors
    /// Faults of the database.
    fn customer_countries(tx: &mut Tx<'_, Self>) -> Result<Vec<String>>;
    /// Monthly recurring revenue of live subscriptions per currency.
    ///
    /// # Errors
    /// Faults of the database.
    fn live_revenue(tx: &mut Tx<'_, Self>) -> Result<Vec<Live>>;
}

/// A sum that both databases give as a whole number.
fn sum_of(sql: &'static str) -> SqlLiteral<BigInt> {
    diesel::dsl::sql::<BigInt>(sql)
}

macro_rules! sees {
    ($scope:ty) => {
        impl Sees for $scope {
            fn entries(tx: &Tx<'_, Self>) -> Rows<Self, commission_entries::table> {
                tx.rows(commission_entries::table)
            }
            fn conversion(
                tx: &mut Tx<'_, Self>,
                of: CommissionEntryId,
            ) -> Result<Option<Conversion>> {
                Ok(converted::of(tx, &[of])?.remove(&of))
            }
            fn forecasts(tx: &Tx<'_, Self>) -> Rows<Self, forecasts::table> {
                tx.rows(forecasts::table)
            }
            fn statements(tx: &Tx<'_, Self>) -> Rows<Self, statements::table> {
                // A staged statement is the close's own until the month is closed.
                tx.rows(statements::table)
                    .filter(statements::status.eq("closed"))
            }
            fn lines(tx: &Tx<'_, Self>) -> Rows<Self, statement_lines::table> {
                tx.rows(statement_lines::table)
            }
            fn payouts(tx: &Tx<'_, Self>) -> Rows<Self, payouts::table> {
                tx.rows(payouts::table).filter(super::payouts::stands())
            }
            fn transfers(tx: &Tx<'_, Self>) -> Rows<Self, payout_transfers::table> {
                tx.rows(payout_transfers::table)
            }
            fn bank_accounts(tx: &Tx<'_, Self>) -> Rows<Self, bank_accounts::table> {
                tx.rows(bank_accounts::table)
            }
            fn mails(tx: &Tx<'_, Self>) -> Rows<Self, mails::table> {
                tx.rows(mails::table)
            }
            fn customers(tx: &Tx<'_, Self>) -> Rows<Self, customers::table> {
                tx.rows(customers::table)
            }
            fn partners(tx: &Tx<'_, Self>) -> Rows<Self, partners::table> {
                tx.rows(partners::table)
            }
            fn invoices(tx: &Tx<'_, Self>) -> Rows<Self, invoices::table> {
                tx.rows(invoices::table)
            }
            fn credits(tx: &Tx<'_, Self>) -> Rows<Self, customer_credits::table> {
                tx.rows(customer_credits::table)
            }
            fn invoice_lines(tx: &Tx<'_, Self>) -> Rows<Self, invoice_lines::table> {
                tx.rows(invoice_lines::table)
            }
            fn subscriptions(tx: &Tx<'_, Self>) -> Rows<Self, subscriptions::table> {
                tx.rows(subscriptions::table)
            }
            fn outcome_meters(tx: &mut Tx<'_, Self>, of: &[PlanVersionId]) -> Result<Vec<String>> {
                let rows = tx
                    .rows(prices::table)
                    .filter(prices::plan_version_id.eq_any(of.to_vec()))
                    .filter(prices::kind.eq("outcome"))
                    .order(prices::seq)
                    .select(prices::meter);
                let rows: Vec<Option<String>> = tx.load(rows)?;
                let mut meters: Vec<String> = Vec::new();
                for meter in rows.into_iter().flatten() {
                    if !meters.contains(&meter) {
                        meters.push(meter);
                    }
                }
                Ok(meters)
            }
            fn plans_left(tx: &mut Tx<'_, Self>, of: SubscriptionId) -> Result<Vec<PlanVersionId>> {
                let rows = tx
                    .rows(subscription_changes::table)
                    .filter(subscription_changes::subscription_id.eq(of))
                    .filter(subscription_changes::kind.eq("plan"))
                    .order(subscription_changes::id)
                    .select(subscription_changes::plan_before_id);
                let rows: Vec<Option<PlanVersionId>> = tx.load(rows)?;
                Ok(rows.into_iter().flatten().collect())
            }
            fn usage_events(tx: &Tx<'_, Self>) -> Rows<Self, usage_events::table> {
                tx.rows(usage_events::table)
            }
            fn payments(tx: &Tx<'_, Self>) -> Rows<Self, payments::table> {
                tx.rows(payments::table)
            }
            fn allocations(tx: &Tx<'_, Self>) -> Rows<Self, payment_allocations::table> {
                tx.rows(payment_allocations::table)
            }
            fn credit_notes(tx: &Tx<'_, Self>) -> Rows<Self, credit_notes::table> {
                tx.rows(credit_notes::table)
            }
            fn credit_note_lines(tx: &Tx<'_, Self>) -> Rows<Self, credit_note_lines::table> {
                tx.rows(credit_note_lines::table)
            }
            fn tiers(tx: &Tx<'_, Self>) -> Rows<Self, tiers::table> {
                tx.rows(tiers::table)
            }
            fn vendors(tx: &Tx<'_, Self>) -> Rows<Self, vendors::table> {
                tx.rows(vendors::table)
            }
            fn entry_sums(
                tx: &mut Tx<'_, Self>,
                of: Where<commission_entries::table>,
            ) -> Result<Vec<Money>> {
                let rows = tx
                    .rows_of(commission_entries::table)
                    .filter(of)
                    .group_by(commission_entries::currency)
                    .select((
                        commission_entries::currency,
                        sum_of("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
                    ));
                let rows: Vec<(String, i64)> = tx.load(rows)?;
                totals(rows)
            }
            fn payout_sums(tx: &mut Tx<'_, Self>, of: Where<payouts::table>) -> Result<Vec<Money>> {
                let rows = tx
                    .rows_of(payouts::table)
                    .filter(super::payouts::stands())
                    .filter(of)
                    .group_by(payouts::currency)
                    .select((
                        payouts::currency,
                        sum_of("CAST(SUM(payouts.amount_minor) AS BIGINT)"),
                    ));
                let rows: Vec<(String, i64)> = tx.load(rows)?;
                totals(rows)
            }
            fn offerings(tx: &Tx<'_, Self>) -> Rows<Self, offerings::table> {
                tx.rows(offerings::table)
            }
            fn sla_policies(tx: &mut Tx<'_, Self>) -> Result<Vec<Policy>> {
                sla::policies(tx)
            }
            fn sla_tickets(tx: &Tx<'_, Self>) -> Rows<Self, sla_tickets::table> {
                tx.rows(sla_tickets::table)
            }
            fn sla_waits(tx: &Tx<'_, Self>) -> Rows<Self, sla_waits::table> {
                tx.rows(sla_waits::table)
            }
            fn deal_registrations(tx: &Tx<'_, Self>) -> Rows<Self, deal_registrations::table> {
                tx.rows(deal_registrations::table)
            }
            fn sla_credits(tx: &Tx<'_, Self>) -> Rows<Self, sla_credits::table> {
                tx.rows(sla_credits::table)
            }
            fn sla_credit_lines(tx: &Tx<'_, Self>) -> Rows<Self, sla_credit_lines::table> {
                tx.rows(sla_credit_lines::table)
            }
            fn sla_credit_notes(tx: &Tx<'_, Self>) -> Rows<Self, sla_credit_notes::table> {
                tx.rows(sla_credit_notes::table)
            }
            fn sla_measured(tx: &Tx<'_, Self>) -> Rows<Self, sla_measured::table> {
                tx.rows(sla_measured::table)
            }
            fn sla_events(tx: &Tx<'_, Self>) -> Rows<Self, sla_events::table> {
                tx.rows(sla_events::table)
            }
            fn mrr_by_customer(
                tx: &mut Tx<'_, Self>,
                of: Where<mrr_changes::table>,
            ) -> Result<Vec<(CustomerId, i32, i64)>> {
                let rows = tx
                    .rows_of(mrr_changes::table)
                    .filter(of)
                    .group_by((mrr_changes::customer_id, mrr_changes::month))
                    .order((mrr_changes::customer_id, mrr_changes::month))
                    .select((
                        mrr_changes::customer_id,
                        mrr_changes::month,
                        sum_of("CAST(SUM(mrr_changes.change_minor) AS BIGINT)"),
                    ));
                tx.load(rows)
            }
            fn mrr_currencies(tx: &mut Tx<'_, Self>) -> Result<Vec<String>> {
                let rows = tx
                    .rows_of(mrr_changes::table)
                    .group_by(mrr_changes::currency)
                    .order(mrr_changes::currency)
                    .select(mrr_changes::currency);
                tx.load(rows)
            }
            fn commission_by_month(
                tx: &mut Tx<'_, Self>,
                of: Where<commission_entries::table>,
            ) -> Result<Vec<(i32, Part, i64, i64)>> {
                let rows = tx
                    .rows_of(commission_entries::table)
                    .filter(of)
                    .group_by((commission_entries::posting_period, commission_entries::part))
                    .order((commission_entries::posting_period, commission_entries::part))
                    .select((
                        commission_entries::posting_period,
                        commission_entries::part,
                        sum_of("CAST(SUM(commission_entries.base_minor) AS BIGINT)"),
                        sum_of("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
                    ));
                let rows: Vec<(i32, String, i64, i64)> = tx.load(rows)?;
                let read = |(month, part, base, amount): (i32, String, i64, i64)| {
                    Ok((month, part.parse().map_err(Error::fault)?, base, amount))
                };
                rows.into_iter().map(read).collect()
            }
            fn commission_by_day(
                tx: &mut Tx<'_, Self>,
                of: Where<commission_entries::table>,
            ) -> Result<Vec<(NaiveDate, i64)>> {
                let rows = tx
                    .rows_of(commission_entries::table)
                    .filter(of)
                    .group_by(commission_entries::paid_on)
                    .order(commission_entries::paid_on)
                    .select((
                        commission_entries::paid_on,
                        sum_of("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
                    ));
                tx.load(rows)
            }
            fn currencies(tx: &mut Tx<'_, Self>) -> Result<Vec<String>> {
                let rows = tx
                    .rows_of(plan_versions::table)
                    .filter(plan_versions::status.ne("draft"))
                    .group_by(plan_versions::currency)
                    .order(plan_versions::currency)
                    .select(plan_versions::currency);
                tx.load(rows)
            }
            fn customer_countries(tx: &mut Tx<'_, Self>) -> Result<Vec<String>> {
                let rows = tx
                    .rows_of(customers::table)
                    .group_by(customers::country)
                    .order(customers::country)
                    .select(customers::country);
                tx.load(rows)
            }
            fn live_revenue(tx: &mut Tx<'_, Self>) -> Result<Vec<Live>> {
                let seen_by = tx.scope().partner_id();
                let rows = tx
                    .rows_of(subscriptions::table)
                    .filter(
                        subscriptions::status
                            .eq_any(SubscriptionStatus::LIVE.map(SubscriptionStatus::code)),
                    )
                    .group_by((subscriptions::currency, subscriptions::payer_id))
                    .select((
                        subscriptions::currency,
                        subscriptions::payer_id,
                        sum_of("CAST(SUM(subscriptions.mrr_minor) AS BIGINT)"),
                        sum_of("COUNT(*)"),
                    ));
                let rows: Vec<(String, Option<PartnerId>, i64, i64)> = tx.load(rows)?;
                let mut sums: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
                for (code, payer, minor, count) in rows {
                    // What a distributor buys at is nobody's below it.
                    let is_hidden = seen_by.is_some() && payer.is_some() && payer != seen_by;
                    let (sum, shown, hidden) = sums.entry(code).or_default();
                    match is_hidden {
                        true => *hidden += count,
                        false => (*sum, *shown) = (*sum + minor, *shown + count),
                    }
                }
                let live = |(code, (minor, shown, hidden)): (String, (i64, i64, i64))| {
                    let mrr = money(minor, &code)?;
                    Ok(Live { mrr, shown, hidden })
                };
                let mut rows = sums.into_iter().map(live).collect::<Result<Vec<_>>>()?;
                rows.sort_by_key(|live| live.mrr.currency().code());
                Ok(rows)
            }
        }
    };
}
sees!(VendorScope);
sees!(PartnerScope);
