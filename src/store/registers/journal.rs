//! What a month's journal is told from: sums of the ledger, of statements and of payouts.
use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::{
    dsl::{exists, sql},
    prelude::*,
    sql_types::BigInt,
};

use super::{Where, money, named, partner_names};
use crate::{
    Result,
    domain::{Money, Period, commission::EntryKind, journal::TakenOver},
    id::{PartnerId, PayoutId, StatementId},
    store::{
        Tx, VendorScope,
        names::stored,
        schema::{commission_entries, conversions, payouts, statement_lines, statements},
    },
};

/// A partner's entries of a kind that a month posted.
#[derive(Debug, Clone)]
pub struct EarnedSum {
    /// Whose.
    pub partner: PartnerId,
    /// The kind of entry.
    pub kind: EntryKind,
    /// What they come to.
    pub amount: Money,
}

/// What a month's statement took over, and the VAT it added.
#[derive(Debug, Clone)]
pub struct StatedSum {
    /// Whose.
    pub partner: PartnerId,
    /// Which.
    pub statement: StatementId,
    /// Its number.
    pub number: String,
    /// What it took over.
    pub taken: TakenOver,
    /// VAT it added.
    pub vat: Money,
}

/// A payout that a month booked.
#[derive(Debug, Clone)]
pub struct PaidRow {
    /// Whose.
    pub partner: PartnerId,
    /// Which.
    pub payout: PayoutId,
    /// Its statement's number.
    pub number: String,
    /// The day the bank paid it.
    pub paid_on: NaiveDate,
    /// What the partner got.
    pub amount: Money,
    /// What was withheld of it.
    pub withheld: Money,
}

/// Everything that a month's journal is told from, and the partners' names.
#[derive(Debug, Clone)]
pub struct Booked {
    /// Entries posted.
    pub earned: Vec<EarnedSum>,
    /// Statements closed.
    pub stated: Vec<StatedSum>,
    /// Payouts the bank paid.
    pub paid: Vec<PaidRow>,
    names: HashMap<PartnerId, String>,
}

impl Booked {
    /// A partner's name.
    pub fn name(&self, partner: PartnerId) -> String {
        named(&self.names, &partner)
    }
}

/// What a month's journal is told from.
///
/// # Errors
/// Faults of the database.
pub fn booked(tx: &mut Tx<'_, VendorScope>, period: Period) -> Result<Booked> {
    let (earned, stated, paid) = (earned(tx, period)?, stated(tx, period)?, paid(tx, period)?);
    let partners = earned.iter().map(|one| one.partner);
    let partners = partners.chain(stated.iter().map(|one| one.partner));
    let mut partners: Vec<PartnerId> = partners.chain(paid.iter().map(|one| one.partner)).collect();
    partners.sort_unstable();
    partners.dedup();
    Ok(Booked {
        names: partner_names(tx, partners)?,
        earned,
        stated,
        paid,
    })
}

fn earned(tx: &mut Tx<'_, VendorScope>, period: Period) -> Result<Vec<EarnedSum>> {
    let rows = tx
        .rows_of(commission_entries::table)
        .filter(commission_entries::posting_period.eq(period.key()))
        .group_by((
            commission_entries::partner_id,
            commission_entries::kind,
            commission_entries::currency,
        ))
        .select((
            commission_entries::partner_id,
            commission_entries::kind,
            commission_entries::currency,
            sql::<BigInt>("CAST(SUM(commission_entries.amount_minor) AS BIGINT)"),
        ));
    let rows: Vec<(PartnerId, String, String, i64)> = tx.load(rows)?;
    rows.into_iter()
        .map(|(partner, kind, code, minor)| {
            Ok(EarnedSum {
                partner,
                kind: stored(&kind)?,
                amount: money(minor, &code)?,
            })
        })
        .collect()
}

type StatedRow = (StatementId, PartnerId, String, String, i64, i64);

fn stated(tx: &mut Tx<'_, VendorScope>, period: Period) -> Result<Vec<StatedSum>> {
    let rows = tx
        .rows(statements::table)
        .filter(statements::month.eq(period.key()))
        .filter(statements::status.eq("closed"))
        .order(statements::number)
        .select((
            statements::id,
            statements::partner_id,
            statements::number,
            statements::currency,
            statements::lines_minor,
            statements::tax_minor,
        ));
    let rows: Vec<StatedRow> = tx.load(rows)?;
    let converted = converted(tx, period)?;
    rows.into_iter()
        .map(|(statement, partner, number, code, lines, tax)| {
            let converted = converted.get(&(partner, code.clone()));
            let converted = converted.cloned().unwrap_or_default();
            let bought: i64 = converted.iter().map(|(_, payable)| payable.minor()).sum();
            Ok(StatedSum {
                partner,
                statement,
                number,
                taken: TakenOver {
                    lines: money(lines, &code)?,
                    own: money(lines - bought, &code)?,
                    converted,
                },
                vat: money(tax, &code)?,
            })
        })
        .collect()
}

type Converted = HashMap<(PartnerId, String), Vec<(Money, Money)>>;

/// What stands on a month's statements in another currency than it was earned in: as earned and as
/// payable, by partner and currency of the statement.
fn converted(tx: &mut Tx<'_, VendorScope>, period: Period) -> Result<Converted> {
    let rows = tx
        .rows_of(conversions::table)
        .filter(on_statements(period))
        .group_by((
            conversions::partner_id,
            conversions::earned_currency,
            conversions::currency,
        ))
        .order((conversions::partner_id, conversions::earned_currency))
        .select((
            conversions::partner_id,
            conversions::earned_currency,
            conversions::currency,
            sql::<BigInt>("CAST(SUM(conversions.earned_minor) AS BIGINT)"),
            sql::<BigInt>("CAST(SUM(conversions.payable_minor) AS BIGINT)"),
        ));
    let rows: Vec<(PartnerId, String, String, i64, i64)> = tx.load(rows)?;
    let mut converted = Converted::new();
    for (partner, from, to, earned, payable) in rows {
        let pair = (money(earned, &from)?, money(payable, &to)?);
        converted.entry((partner, to)).or_default().push(pair);
    }
    Ok(converted)
}

fn on_statements(period: Period) -> Where<conversions::table> {
    let of_month = statements::table
        .filter(statements::tenant_id.eq(statement_lines::tenant_id))
        .filter(statements::id.eq(statement_lines::statement_id))
        .filter(statements::month.eq(period.key()))
        .filter(statements::status.eq("closed"));
    let line = statement_lines::table
        .filter(statement_lines::tenant_id.eq(conversions::tenant_id))
        .filter(statement_lines::commission_entry_id.eq(conversions::commission_entry_id))
        .filter(exists(of_month));
    Box::new(exists(line))
}

type PaidOut = (
    PayoutId,
    PartnerId,
    String,
    String,
    Option<NaiveDate>,
    i64,
    i64,
);

fn paid(tx: &mut Tx<'_, VendorScope>, period: Period) -> Result<Vec<PaidRow>> {
    let rows = tx
        .joined(payouts::table, statements::table)
        .filter(payouts::booked_period.eq(period.key()))
        .order((payouts::paid_on, payouts::id))
        .select((
            payouts::id,
            payouts::partner_id,
            statements::number,
            payouts::currency,
            payouts::paid_on,
            payouts::amount_minor,
            statements::withheld_minor,
        ));
    let rows: Vec<PaidOut> = tx.load(rows)?;
    rows.into_iter()
        .map(
            |(payout, partner, number, code, paid_on, amount, withheld)| {
                Ok(PaidRow {
                    partner,
                    payout,
                    number,
                    paid_on: paid_on.unwrap_or(period.last_day()),
                    amount: money(amount, &code)?,
                    withheld: money(withheld, &code)?,
                })
            },
        )
        .collect()
}
