//! Months in which a promise to a customer was missed, and what is given back for them.
use std::collections::{BTreeSet, HashMap};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::{
    ASKED_AT_ONCE,
    subscriptions::{ChangeKind, Subscription},
};
use crate::{
    Result,
    domain::{
        Currency, Money, Period,
        sla::{Liability, SlaCreditStatus},
    },
    id::{
        CreditNoteId, InvoiceId, InvoiceLineId, OfferingId, PartnerId, PlanVersionId, PriceId,
        SlaCreditId, SlaCreditLineId, SlaCreditNoteId, SubscriptionId,
    },
    store::{
        PartnerScope, Tx, VendorScope,
        columns::{Coded, Month},
        schema::{
            plan_versions, plans, prices, sla_credit_lines, sla_credit_notes, sla_credits,
            sla_measured, subscription_changes, subscriptions,
        },
        tx::to,
    },
};

/// A month in which something was missed for one subscription. Amounts are in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = sla_credits, treat_none_as_default_value = false)]
pub struct SlaCredit {
    /// Which.
    pub id: SlaCreditId,
    /// Whose customer it was.
    pub partner_id: PartnerId,
    /// Under which subscription.
    pub subscription_id: SubscriptionId,
    /// Of which service.
    pub offering_id: OfferingId,
    /// When.
    #[diesel(serialize_as = Month, deserialize_as = Month)]
    pub month: Period,
    /// What was missed, one promise a line.
    pub missed: String,
    /// The share of the month's fee that is given back, in basis points.
    pub share_bps: i32,
    /// What it is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// The month's recurring fee, before tax.
    pub fee_minor: i64,
    /// What is given back, before tax; a magnitude.
    pub net_minor: i64,
    /// Who bears it; never by delivery.
    #[diesel(serialize_as = Coded<Liability>, deserialize_as = Coded<Liability>)]
    pub liability: Liability,
    /// The partner's part where both bear it, in basis points.
    pub partner_share_bps: i32,
    /// What of it is charged back to the partner; a magnitude.
    pub charged_back_minor: i64,
    /// Where it stands.
    #[diesel(serialize_as = Coded<SlaCreditStatus>, deserialize_as = Coded<SlaCreditStatus>)]
    pub status: SlaCreditStatus,
    /// The last day it can be claimed on, where it has to be.
    pub claim_until: Option<NaiveDate>,
    /// Who claimed it; empty while nobody has.
    pub claimed_by: String,
    /// Who decided; empty while nobody has.
    pub decider: String,
    /// When, UTC.
    pub decided_at: Option<NaiveDateTime>,
    /// Why it was declined.
    pub answer: String,
    /// When it was first proposed, UTC: it stays where it is reckoned anew.
    pub created_at: NaiveDateTime,
    /// Rises as it is reckoned anew, and with its decision.
    pub version: i32,
}

impl SlaCredit {
    /// What is given back, before tax.
    pub fn net(&self) -> Money {
        Money::new(self.net_minor, self.currency)
    }

    /// Whether it can be claimed on a day.
    pub fn can_be_claimed(&self, today: NaiveDate) -> bool {
        self.status == SlaCreditStatus::Unclaimed
            && self.claim_until.is_some_and(|until| today <= until)
    }

    /// Whether nobody has decided about it, so that it is reckoned anew when more becomes known.
    pub fn is_open(&self) -> bool {
        !matches!(
            self.status,
            SlaCreditStatus::Approved | SlaCreditStatus::Declined
        )
    }
}

/// A line on which something is given back.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = sla_credit_lines)]
pub struct SlaCreditLine {
    /// Which.
    pub id: SlaCreditLineId,
    /// Whose.
    pub partner_id: PartnerId,
    /// For what.
    pub sla_credit_id: SlaCreditId,
    /// On which invoice.
    pub invoice_id: InvoiceId,
    /// On which of its lines.
    pub invoice_line_id: InvoiceLineId,
    /// How much, before tax; a magnitude in minor units.
    pub net_minor: i64,
}

/// A credit note that an approved one became.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = sla_credit_notes)]
pub struct SlaCreditNote {
    /// Which.
    pub id: SlaCreditNoteId,
    /// Whose.
    pub partner_id: PartnerId,
    /// For what.
    pub sla_credit_id: SlaCreditId,
    /// The credit note.
    pub credit_note_id: CreditNoteId,
    /// What of it is charged back to the partner; a magnitude in minor units.
    pub charged_back_minor: i64,
}

/// The versions of a service's plans.
///
/// # Errors
/// Faults of the database.
pub fn versions_of(
    tx: &mut Tx<'_, VendorScope>,
    offering: OfferingId,
) -> Result<Vec<PlanVersionId>> {
    let versions = tx
        .joined(plan_versions::table, plans::table)
        .filter(plans::offering_id.eq(offering))
        .select(plan_versions::id);
    tx.load(versions)
}

/// The prices of plan versions, each with its version.
///
/// # Errors
/// Faults of the database.
pub fn prices_of(
    tx: &mut Tx<'_, VendorScope>,
    versions: &[PlanVersionId],
) -> Result<HashMap<PriceId, PlanVersionId>> {
    let mut found = HashMap::new();
    for some in versions.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(prices::table)
            .filter(prices::plan_version_id.eq_any(some.to_vec()))
            .select((prices::id, prices::plan_version_id));
        found.extend(tx.load::<(PriceId, PlanVersionId), _>(rows)?);
    }
    Ok(found)
}

/// The subscriptions that are of these plan versions, or left one of them after a day.
fn ever_of(
    tx: &mut Tx<'_, VendorScope>,
    versions: &[PlanVersionId],
    after: NaiveDate,
) -> Result<Vec<SubscriptionId>> {
    let mut found = BTreeSet::new();
    for some in versions.chunks(ASKED_AT_ONCE) {
        let now = tx
            .rows(subscriptions::table)
            .filter(subscriptions::plan_version_id.eq_any(some.to_vec()))
            .select(subscriptions::id);
        found.extend(tx.load::<SubscriptionId, _>(now)?);
        let left = tx
            .rows(subscription_changes::table)
            .filter(subscription_changes::plan_before_id.eq_any(some.to_vec()))
            .filter(subscription_changes::kind.eq(ChangeKind::Plan.code()))
            .filter(subscription_changes::effective_on.gt(after))
            .select(subscription_changes::subscription_id);
        found.extend(tx.load::<SubscriptionId, _>(left)?);
    }
    Ok(Vec::from_iter(found))
}

/// The subscriptions that may have been of these plan versions in some days (half-open): those
/// that began before their end, ended after their start, and are of one or left one since.
///
/// # Errors
/// Faults of the database.
pub fn served(
    tx: &mut Tx<'_, VendorScope>,
    versions: &[PlanVersionId],
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<Subscription>> {
    let ids = ever_of(tx, versions, from)?;
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(subscriptions::table)
            .filter(subscriptions::id.eq_any(some.to_vec()))
            .filter(subscriptions::starts_on.lt(to))
            .filter(
                subscriptions::ends_on
                    .is_null()
                    .or(subscriptions::ends_on.gt(from)),
            )
            .order(subscriptions::id)
            .select(Subscription::as_select());
        found.extend(tx.load::<Subscription, _>(rows)?);
    }
    Ok(found)
}

/// What there is of a service in a month.
///
/// # Errors
/// Faults of the database.
pub fn of_month(
    tx: &mut Tx<'_, VendorScope>,
    offering: OfferingId,
    month: Period,
) -> Result<Vec<SlaCredit>> {
    let rows = tx
        .rows(sla_credits::table)
        .filter(sla_credits::offering_id.eq(offering))
        .filter(sla_credits::month.eq(month.key()))
        .select(SlaCredit::as_select());
    tx.load(rows)
}

/// The services and months that somebody said are measured, from a month on.
///
/// # Errors
/// Faults of the database.
pub fn measured_since(
    tx: &mut Tx<'_, VendorScope>,
    first: Period,
) -> Result<Vec<(OfferingId, Period)>> {
    let rows = tx
        .rows(sla_measured::table)
        .filter(sla_measured::month.ge(first.key()))
        .order((sla_measured::month, sla_measured::offering_id))
        .select((sla_measured::offering_id, sla_measured::month));
    let rows: Vec<(OfferingId, i32)> = tx.load(rows)?;
    let read = |(offering, key)| Some((offering, Period::from_key(key)?));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// One of them.
///
/// # Errors
/// [`crate::Error::NotFound`]; faults of the database.
pub fn one(tx: &mut Tx<'_, VendorScope>, id: SlaCreditId) -> Result<SlaCredit> {
    let row = tx
        .rows(sla_credits::table)
        .filter(sla_credits::id.eq(id))
        .select(SlaCredit::as_select());
    tx.one(row)
}

/// The lines of one, in order.
///
/// # Errors
/// Faults of the database.
pub fn lines(tx: &mut Tx<'_, VendorScope>, of: SlaCreditId) -> Result<Vec<SlaCreditLine>> {
    let rows = tx
        .rows(sla_credit_lines::table)
        .filter(sla_credit_lines::sla_credit_id.eq(of))
        .order((sla_credit_lines::invoice_id, sla_credit_lines::id))
        .select(SlaCreditLine::as_select());
    tx.load(rows)
}

/// Everything there is, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(
    tx: &mut Tx<'_, VendorScope>,
) -> Result<(Vec<SlaCredit>, Vec<SlaCreditLine>, Vec<SlaCreditNote>)> {
    let credits = tx
        .rows(sla_credits::table)
        .order(sla_credits::id)
        .select(SlaCredit::as_select());
    let credits = tx.load(credits)?;
    let lines = tx
        .rows(sla_credit_lines::table)
        .order(sla_credit_lines::id)
        .select(SlaCreditLine::as_select());
    let lines = tx.load(lines)?;
    let notes = tx
        .rows(sla_credit_notes::table)
        .order(sla_credit_notes::id)
        .select(SlaCreditNote::as_select());
    Ok((credits, lines, tx.load(notes)?))
}

/// Puts misses on record with the lines they give back on.
///
/// # Errors
/// Faults of the database.
pub fn add(
    tx: &mut Tx<'_, VendorScope>,
    new: Vec<SlaCredit>,
    lines: Vec<SlaCreditLine>,
) -> Result<()> {
    tx.insert_all(sla_credits::table, new)?;
    tx.insert_all(sla_credit_lines::table, lines)?;
    Ok(())
}

/// Takes one that nobody has decided about out, to be reckoned anew.
///
/// # Errors
/// Faults of the database.
pub fn remove(tx: &mut Tx<'_, VendorScope>, id: SlaCreditId) -> Result<()> {
    let lines = tx
        .rows_of(sla_credit_lines::table)
        .filter(sla_credit_lines::sla_credit_id.eq(id));
    tx.delete(lines)?;
    let row = tx
        .rows_of(sla_credits::table)
        .filter(sla_credits::id.eq(id))
        .filter(sla_credits::status.ne_all(["approved", "declined"]));
    tx.delete(row).map(drop)
}

/// Writes a decision down, if the credit still is as `decided.version` says; says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn decide(tx: &mut Tx<'_, VendorScope>, decided: &SlaCredit) -> Result<bool> {
    let row = tx
        .rows_of(sla_credits::table)
        .filter(sla_credits::id.eq(decided.id))
        .filter(sla_credits::version.eq(decided.version));
    let changed = tx.update(
        row,
        (
            to(sla_credits::status, decided.status.code()),
            to(sla_credits::decider, decided.decider.clone()),
            to(sla_credits::decided_at, decided.decided_at),
            to(sla_credits::answer, decided.answer.clone()),
            to(sla_credits::version, decided.version + 1),
        ),
    )?;
    Ok(changed == 1)
}

/// The columns that a claim changes, and the condition on which it does.
macro_rules! claimed {
    ($tx:expr, $credit:expr, $by:expr) => {{
        let row = $tx
            .rows_of(sla_credits::table)
            .filter(sla_credits::id.eq($credit))
            .filter(sla_credits::status.eq(SlaCreditStatus::Unclaimed.code()));
        $tx.update(
            row,
            (
                to(sla_credits::status, SlaCreditStatus::Proposed.code()),
                to(sla_credits::claimed_by, $by.to_owned()),
            ),
        )
    }};
}

/// A side that may claim a credit for the customer.
pub trait Claims: crate::store::Scope {
    /// Claims one; says whether it could be.
    ///
    /// # Errors
    /// Faults of the database.
    fn claim(tx: &mut Tx<'_, Self>, credit: SlaCreditId, by: &str) -> Result<bool>;
}

impl Claims for VendorScope {
    fn claim(tx: &mut Tx<'_, Self>, credit: SlaCreditId, by: &str) -> Result<bool> {
        Ok(claimed!(tx, credit, by)? == 1)
    }
}

impl Claims for PartnerScope {
    fn claim(tx: &mut Tx<'_, Self>, credit: SlaCreditId, by: &str) -> Result<bool> {
        Ok(claimed!(tx, credit, by)? == 1)
    }
}

/// Notes which credit notes one became.
///
/// # Errors
/// Faults of the database.
pub fn note_issued(tx: &mut Tx<'_, VendorScope>, new: Vec<SlaCreditNote>) -> Result<()> {
    tx.insert_all(sla_credit_notes::table, new).map(drop)
}

/// The months in which something was missed, by subscription; what was declined is no miss.
///
/// # Errors
/// Faults of the database.
pub fn months_missed(
    tx: &mut Tx<'_, VendorScope>,
    of: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, BTreeSet<Period>>> {
    let mut found: HashMap<SubscriptionId, BTreeSet<Period>> = HashMap::new();
    for some in of.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(sla_credits::table)
            .filter(sla_credits::subscription_id.eq_any(some.to_vec()))
            .filter(sla_credits::status.ne_all(SlaCreditStatus::NO_MISS.map(SlaCreditStatus::code)))
            .select((sla_credits::subscription_id, sla_credits::month));
        for (subscription, key) in tx.load::<(SubscriptionId, i32), _>(rows)? {
            found
                .entry(subscription)
                .or_default()
                .extend(Period::from_key(key));
        }
    }
    Ok(found)
}
