//! The commission ledger. Entries are added; nothing here changes or removes one.
mod spiffs;
mod steps;
mod sums;

pub use spiffs::{SpiffPaid, spiffs_in, spiffs_of, spiffs_paid};
pub use steps::{
    Counted, StepsOf, of_clauses, of_clauses_before, of_clauses_between, of_steps,
    partners_of_clauses,
};
pub use sums::{GroupSum, MonthSum, carved_under, earned_in, sums_under};

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::{
    dsl::{count_star, exists, not},
    prelude::*,
};

use crate::{
    Result,
    domain::{
        Currency, Period,
        commission::{EntryKind, Part, steps_seq},
        ratio::Ratio,
    },
    id::{
        CommissionClauseId, CommissionEntryId, CustomerId, InvoiceId, InvoiceLineId, PartnerId,
        SubscriptionId,
    },
    store::{
        Tx, VendorScope,
        columns::{Coded, Fraction, Month, PartCode, row_codes},
        days::{Day, Instant},
        revenue::ASKED_AT_ONCE,
        schema::{commission_entries, statement_lines},
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
    /// Whose steps a distributor has its share in, where that is what it is.
    pub seller_id: Option<PartnerId>,
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

    /// Who sold what it follows, given who sold a line: somebody else where a distributor has its
    /// part out of that.
    pub fn seller(&self, of_line: impl Fn(InvoiceLineId) -> Option<PartnerId>) -> PartnerId {
        let line = self.invoice_line_id.filter(|_| self.part.is_override());
        line.and_then(of_line).unwrap_or(self.partner_id)
    }

    /// What names it among the entries that steps brought as a month closed, where it is one.
    pub fn steps(&self) -> Option<StepsOf> {
        match steps_seq::taken_back(self.seq) {
            None => self.of_steps(self.seq),
            Some(_) => None,
        }
    }

    /// Which of those it takes back, where it does.
    pub fn steps_taken_back(&self) -> Option<StepsOf> {
        self.of_steps(steps_seq::taken_back(self.seq)?)
    }

    fn of_steps(&self, seq: i32) -> Option<StepsOf> {
        let clause = self.commission_clause_id;
        let clause = clause.filter(|_| self.kind == EntryKind::Volume)?;
        Some((clause, self.partner_id, self.seller_id, seq))
    }
}

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
