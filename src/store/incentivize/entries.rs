//! The commission ledger. Entries are added; nothing here changes or removes one.
use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{
    dsl::{count_star, exists, not, sql},
    prelude::*,
    sql_types::BigInt,
};

use crate::{
    Error, Result,
    domain::{
        Currency, Period,
        commission::{EntryKind, Part},
        ratio::Ratio,
    },
    id::{
        CommissionClauseId, CommissionEntryId, CustomerId, InvoiceId, InvoiceLineId, PartnerId,
        SubscriptionId,
    },
    store::{
        Scope, Tx, VendorScope, Visible,
        columns::{Coded, Fraction, Month, PartCode, row_codes},
        days::{Day, Instant},
        revenue::ASKED_AT_ONCE,
        schema::{commission_entries, invoice_lines, statement_lines},
    },
};

row_codes! {
    /// What an entry comes from.
    SourceKind {
        /// Cash applied to an invoice.
        Allocation = "allocation",
        /// Money given back.
        Refund = "refund",
        /// A credit note.
        CreditNote = "credit_note",
        /// An adjustment that was approved.
        Adjustment = "adjustment",
        /// A SPIFF.
        Spiff = "spiff",
        /// A commission plan version.
        Plan = "plan",
        /// A subscription that ended early.
        Cancellation = "cancellation",
    }
}

/// One line of the commission ledger. Amounts are minor units.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = commission_entries, treat_none_as_default_value = false)]
pub struct Entry {
    /// Which.
    pub id: CommissionEntryId,
    /// Whose.
    pub partner_id: PartnerId,
    /// Whose payment it follows, if any.
    pub customer_id: Option<CustomerId>,
    /// Of what.
    pub subscription_id: Option<SubscriptionId>,
    /// On which invoice.
    pub invoice_id: Option<InvoiceId>,
    /// On which of its lines: there for what is earned, reversed and capped.
    pub invoice_line_id: Option<InvoiceLineId>,
    /// Under which clause.
    pub commission_clause_id: Option<CommissionClauseId>,
    /// What it does.
    #[diesel(serialize_as = Coded<EntryKind>, deserialize_as = Coded<EntryKind>)]
    pub kind: EntryKind,
    /// What it comes from.
    #[diesel(serialize_as = Coded<SourceKind>, deserialize_as = Coded<SourceKind>)]
    pub source_kind: SourceKind,
    /// Which of those, as a bare number.
    pub source_id: i64,
    /// Its place among the entries of one source and line, from 1.
    pub seq: i32,
    /// The net it is reckoned on.
    pub base_minor: i64,
    /// The rate, in basis points.
    pub rate_bps: i32,
    /// What it is before rounding; those of one line add up to the line's exact commission.
    #[diesel(serialize_as = Fraction, deserialize_as = Fraction)]
    pub exact: Ratio,
    /// What it comes to.
    pub amount_minor: i64,
    /// What it is in.
    #[diesel(serialize_as = Coded<Currency>, deserialize_as = Coded<Currency>)]
    pub currency: Currency,
    /// The day of the payment, refund or credit note.
    #[diesel(serialize_as = Day, deserialize_as = Day)]
    pub paid_on: NaiveDate,
    /// The month of the service.
    #[diesel(serialize_as = Month, deserialize_as = Month)]
    pub earned_period: Period,
    /// The month of `paid_on`.
    #[diesel(serialize_as = Month, deserialize_as = Month)]
    pub due_period: Period,
    /// The month it is posted in: that one, or the earliest open one then.
    #[diesel(serialize_as = Month, deserialize_as = Month)]
    pub posting_period: Period,
    /// The day its hold is over.
    #[diesel(serialize_as = Day, deserialize_as = Day)]
    pub matures_on: NaiveDate,
    /// The entry it takes back.
    pub reverses_id: Option<CommissionEntryId>,
    /// When it was posted, UTC.
    #[diesel(serialize_as = Instant, deserialize_as = Instant)]
    pub created_at: NaiveDateTime,
    /// The entry that it caps.
    pub caps_id: Option<CommissionEntryId>,
    /// Why it is there, for a reader; empty where the line and its clause say it.
    pub note: String,
    /// What its partner gets of what the line earns.
    #[diesel(serialize_as = PartCode, deserialize_as = PartCode)]
    pub part: Part,
    /// Customer and plan, for a partner who does not see the customer; empty for the seller's.
    pub about: String,
}

impl Entry {
    /// Whether it is a part of what its line earns: neither a cap nor what is given back of one.
    pub fn is_earning(&self) -> bool {
        match self.kind {
            EntryKind::Earned => true,
            EntryKind::Reversal => self.note.is_empty(),
            _ => false,
        }
    }

    /// Whether it takes something back because a customer left early: of a line, of its cap, or of
    /// what was paid beside lines.
    pub fn is_for_leaving(&self) -> bool {
        self.kind == EntryKind::Clawback || self.source_kind == SourceKind::Cancellation
    }

    /// What names it among the entries that steps brought as a month closed, where it is one.
    pub fn steps(&self) -> Option<StepsOf> {
        (self.kind == EntryKind::Volume && self.earned_period == self.posting_period)
            .then(|| self.of_steps())
            .flatten()
    }

    /// Which of those it takes back, where it does.
    pub fn steps_taken_back(&self) -> Option<StepsOf> {
        (self.kind == EntryKind::Volume && self.earned_period != self.posting_period)
            .then(|| self.of_steps())
            .flatten()
    }

    fn of_steps(&self) -> Option<StepsOf> {
        let clause = self.commission_clause_id?;
        Some((clause, self.partner_id, self.earned_period))
    }
}

/// What steps brought, by clause, partner and the month that closed.
pub type StepsOf = (CommissionClauseId, PartnerId, Period);

/// Posts entries; one that is there already is refused by its natural key.
///
/// # Errors
/// Faults of the database.
pub fn post(tx: &mut Tx<'_, VendorScope>, new: Vec<Entry>) -> Result<()> {
    tx.insert_all(commission_entries::table, new)?;
    Ok(())
}

/// The entries of these invoice lines, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn of_lines(tx: &mut Tx<'_, VendorScope>, lines: &[InvoiceLineId]) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for some in lines.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::invoice_line_id.eq_any(some.to_vec()))
            .order(commission_entries::id)
            .select(Entry::as_select());
        found.extend(tx.load::<Entry, _>(rows)?);
    }
    Ok(found)
}

/// These entries, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn of_ids(tx: &mut Tx<'_, VendorScope>, ids: &[CommissionEntryId]) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::id.eq_any(some.to_vec()))
            .order(commission_entries::id)
            .select(Entry::as_select());
        found.extend(tx.load::<Entry, _>(rows)?);
    }
    Ok(found)
}

/// The line of a statement that an entry stands on, for questions about entries.
#[diesel::dsl::auto_type]
pub(super) fn statement_line() -> _ {
    statement_lines::table
        .filter(statement_lines::tenant_id.eq(commission_entries::tenant_id))
        .filter(statement_lines::commission_entry_id.eq(commission_entries::id))
}

/// The entries of these partners that were posted by the end of a month and are on no statement,
/// by partner, oldest first: those payable by `by`, and those still in hold.
///
/// # Errors
/// Faults of the database.
pub fn unstated(
    tx: &mut Tx<'_, VendorScope>,
    partners: &[PartnerId],
    month: Period,
) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::posting_period.le(month.key()))
            // Whatever matured and was posted by the month before is on a statement of then.
            .filter(
                commission_entries::matures_on
                    .gt(month.previous().last_day())
                    .or(commission_entries::posting_period.eq(month.key())),
            )
            .filter(not(exists(statement_line())))
            .order((commission_entries::partner_id, commission_entries::id))
            .select(Entry::as_select());
        found.extend(tx.load::<Entry, _>(rows)?);
    }
    Ok(found)
}

/// How many entries of each of these partners mature after a day.
///
/// # Errors
/// Faults of the database.
pub fn maturing(
    tx: &mut Tx<'_, VendorScope>,
    partners: &[PartnerId],
    after: NaiveDate,
) -> Result<HashMap<PartnerId, i64>> {
    let mut found = HashMap::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows_of(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::matures_on.gt(after))
            .group_by(commission_entries::partner_id)
            .select((commission_entries::partner_id, count_star()));
        found.extend(tx.load::<(PartnerId, i64), _>(rows)?);
    }
    Ok(found)
}

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

/// What SPIFFs paid in some months (both included), before anything of it was taken back.
///
/// # Errors
/// Faults of the database.
pub fn spiffs_in(
    tx: &mut Tx<'_, VendorScope>,
    (first, last): (Period, Period),
) -> Result<Vec<MonthSum>> {
    let columns = (
        commission_entries::partner_id,
        commission_entries::posting_period,
        commission_entries::currency,
    );
    let rows = tx
        .rows_of(commission_entries::table)
        .filter(commission_entries::posting_period.between(first.key(), last.key()))
        .filter(commission_entries::kind.eq(EntryKind::Spiff.code()))
        .group_by(columns)
        .select((
            commission_entries::partner_id,
            commission_entries::posting_period,
            commission_entries::currency,
            sql::<BigInt>("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
        ));
    let rows: Vec<(PartnerId, Month, Coded<Currency>, i64)> = tx.load(rows)?;
    let sum = |(partner, month, currency, amount_minor): (_, Month, Coded<Currency>, _)| {
        Ok(MonthSum {
            partner,
            month: month.try_into().map_err(Error::fault)?,
            currency: currency.value(),
            amount_minor,
        })
    };
    rows.into_iter().map(sum).collect()
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

/// A SPIFF that was paid.
#[derive(Debug, Clone, Copy)]
pub struct SpiffPaid {
    /// The SPIFF, by its number.
    pub spiff: i64,
    /// To whom.
    pub partner: PartnerId,
    /// For what.
    pub subscription: Option<SubscriptionId>,
    /// Whether it went back with all that was paid for what brought it, so that it does not count.
    pub is_refunded: bool,
}

/// Whom SPIFFs have paid for what, oldest first: of these partners.
///
/// # Errors
/// Faults of the database.
pub fn spiffs_of(tx: &mut Tx<'_, VendorScope>, partners: &[PartnerId]) -> Result<Vec<SpiffPaid>> {
    let mut found = Vec::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let back = tx
            .rows(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::kind.eq(EntryKind::Clawback.code()))
            .filter(commission_entries::source_kind.eq(SourceKind::Refund.code()))
            .select(commission_entries::reverses_id);
        let back: HashSet<Option<CommissionEntryId>> = tx
            .load::<Option<CommissionEntryId>, _>(back)?
            .into_iter()
            .collect();
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::kind.eq(EntryKind::Spiff.code()))
            .order(commission_entries::id)
            .select((
                commission_entries::id,
                commission_entries::source_id,
                commission_entries::partner_id,
                commission_entries::subscription_id,
            ));
        let paid = |(id, spiff, partner, subscription)| SpiffPaid {
            spiff,
            partner,
            subscription,
            is_refunded: back.contains(&Some(id)),
        };
        let rows =
            tx.load::<(CommissionEntryId, i64, PartnerId, Option<SubscriptionId>), _>(rows)?;
        found.extend(rows.into_iter().map(paid));
    }
    Ok(found)
}

/// What these partners' entries of a month come to by currency, in minor units: what follows their
/// customers' payments, with bonuses, and neither what was given by hand nor filled up.
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
    }
    Ok(found)
}

/// What each SPIFF has paid each partner: how many times, and minor units with what was taken back
/// left in.
///
/// # Errors
/// Faults of the database.
pub fn spiffs_paid<S: Scope>(tx: &mut Tx<'_, S>) -> Result<Vec<(i64, PartnerId, i64, i64)>>
where
    commission_entries::table: Visible<S>,
{
    let rows = tx
        .rows(commission_entries::table)
        .filter(commission_entries::kind.eq(EntryKind::Spiff.code()))
        .select((
            commission_entries::source_id,
            commission_entries::partner_id,
            commission_entries::amount_minor,
        ));
    let mut sums: BTreeMap<(i64, PartnerId), (i64, i64)> = BTreeMap::new();
    for (spiff, partner, minor) in tx.load::<(i64, PartnerId, i64), _>(rows)? {
        let sum = sums.entry((spiff, partner)).or_default();
        *sum = (sum.0 + 1, sum.1 + minor);
    }
    let rows = sums.into_iter();
    Ok(rows
        .map(|((spiff, partner), (times, minor))| (spiff, partner, times, minor))
        .collect())
}

/// What was paid once for these subscriptions and follows none of their lines, and what was taken
/// back of it, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn beside_lines(
    tx: &mut Tx<'_, VendorScope>,
    subscriptions: &[SubscriptionId],
) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for some in subscriptions.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::subscription_id.eq_any(some.to_vec()))
            .filter(commission_entries::invoice_line_id.is_null())
            .order(commission_entries::id)
            .select(Entry::as_select());
        found.extend(tx.load::<Entry, _>(rows)?);
    }
    Ok(found)
}

/// Every entry of these subscriptions, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn of_subscriptions(
    tx: &mut Tx<'_, VendorScope>,
    subscriptions: &[SubscriptionId],
) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for some in subscriptions.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::subscription_id.eq_any(some.to_vec()))
            .order(commission_entries::id)
            .select(Entry::as_select());
        found.extend(tx.load::<Entry, _>(rows)?);
    }
    Ok(found)
}

/// Every entry, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Entry>> {
    let rows = tx
        .rows(commission_entries::table)
        .order(commission_entries::id)
        .select(Entry::as_select());
    tx.load(rows)
}

/// What was earned and reversed under these clauses, as posted in a month, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn of_clauses(
    tx: &mut Tx<'_, VendorScope>,
    clauses: &[CommissionClauseId],
    month: Period,
) -> Result<Vec<Entry>> {
    let rows = tx
        .rows(commission_entries::table)
        .filter(commission_entries::posting_period.eq(month.key()))
        .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
        .filter(commission_entries::invoice_line_id.is_not_null())
        .order(commission_entries::id)
        .select(Entry::as_select());
    tx.load(rows)
}

/// The same of some partners, as posted from a month on and before another.
///
/// # Errors
/// Faults of the database.
pub fn of_clauses_between(
    tx: &mut Tx<'_, VendorScope>,
    (clauses, partners): (&[CommissionClauseId], &[PartnerId]),
    (from, before): (Period, Period),
) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::posting_period.ge(from.key()))
            .filter(commission_entries::posting_period.lt(before.key()))
            .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
            .filter(commission_entries::invoice_line_id.is_not_null())
            .order(commission_entries::id)
            .select(Entry::as_select());
        found.extend(tx.load::<Entry, _>(rows)?);
    }
    Ok(found)
}

/// Who has any of them, as posted from a month on and before another.
///
/// # Errors
/// Faults of the database.
pub fn partners_of_clauses(
    tx: &mut Tx<'_, VendorScope>,
    clauses: &[CommissionClauseId],
    (from, before): (Period, Period),
) -> Result<Vec<PartnerId>> {
    let rows = tx
        .rows_of(commission_entries::table)
        .filter(commission_entries::posting_period.ge(from.key()))
        .filter(commission_entries::posting_period.lt(before.key()))
        .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
        .filter(commission_entries::invoice_line_id.is_not_null())
        .group_by(commission_entries::partner_id)
        .select(commission_entries::partner_id);
    tx.load(rows)
}

/// The same of some partners, as posted before a month.
///
/// # Errors
/// Faults of the database.
pub fn of_clauses_before(
    tx: &mut Tx<'_, VendorScope>,
    (clauses, partners): (&[CommissionClauseId], &[PartnerId]),
    month: Period,
) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::posting_period.lt(month.key()))
            .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
            .filter(commission_entries::invoice_line_id.is_not_null())
            .order(commission_entries::id)
            .select(Entry::as_select());
        found.extend(tx.load::<Entry, _>(rows)?);
    }
    Ok(found)
}

/// What the steps of these clauses brought some partners, and took off, as months were closed:
/// without what was taken back of that later. Oldest first.
///
/// # Errors
/// Faults of the database.
pub fn of_steps(
    tx: &mut Tx<'_, VendorScope>,
    (clauses, partners): (&[CommissionClauseId], &[PartnerId]),
) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(commission_entries::table)
            .filter(commission_entries::partner_id.eq_any(some.to_vec()))
            .filter(commission_entries::kind.eq(EntryKind::Volume.code()))
            .filter(commission_entries::commission_clause_id.eq_any(clauses.to_vec()))
            .filter(commission_entries::earned_period.eq(commission_entries::posting_period))
            .order(commission_entries::id)
            .select(Entry::as_select());
        found.extend(tx.load::<Entry, _>(rows)?);
    }
    Ok(found)
}
