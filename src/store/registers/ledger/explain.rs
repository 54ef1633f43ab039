//! One entry with what explains it.
use chrono::NaiveDate;
use diesel::prelude::*;

use super::{EntryRow, Row, dressed};
use crate::{
    Result,
    domain::{
        Currency, DayShare, Money, Phase, ServicePeriod,
        commission::{Names, Part, choice::Choice, sentence},
    },
    error::Error,
    id::{CommissionEntryId, InvoiceLineId, OfferingId, TierId},
    store::{
        Tx, VendorScope,
        incentivize::{commission_plans::ClauseRow, conversions::Conversion},
        registers::Sees,
        schema::{
            commission_clauses, commission_entries, commission_plan_versions, commission_plans,
            invoice_lines, invoices, offerings, tiers,
        },
    },
};

/// An entry with what explains it.
#[derive(Debug, Clone)]
pub struct EntryDetail {
    /// The entry.
    pub entry: EntryRow,
    /// The number of its invoice, where it follows one that is seen.
    pub invoice_number: Option<String>,
    /// The line of the invoice, where it follows one that is seen.
    pub line: Option<LineDetail>,
    /// What it was converted to, where it is paid in another currency.
    pub converted: Option<Conversion>,
    /// What it takes back, or caps.
    pub reverses: Option<EntryRow>,
    /// What takes it back, or caps it.
    pub reversed_by: Vec<EntryRow>,
}

/// The line of an invoice that an entry follows.
#[derive(Debug, Clone)]
pub struct LineDetail {
    /// Its place on the invoice.
    pub line_no: i32,
    /// What it says.
    pub description: String,
    /// First day of the service period.
    pub service_from: NaiveDate,
    /// The day after its last.
    pub service_to: NaiveDate,
    /// What it charged before tax.
    pub net: Money,
    /// What it has earned in all, before caps.
    pub commission: Money,
    /// What it pays for each of its units, and how many there are, where it pays no share.
    pub per_unit: Option<(Money, i32)>,
    /// The days of it that earn.
    pub share: DayShare,
    /// Where in the subscription's life the period lies.
    pub phase: Option<Phase>,
    /// The partner's tier at the period's start.
    pub tier: Option<String>,
    /// Why its clause was chosen, where that was noted.
    pub chosen: Option<Choice>,
}

impl LineDetail {
    /// As it counts for a part: a share of the revenue is of the line's own days, whatever its units
    /// are paid for.
    fn counting_for(self, part: Part) -> Self {
        let service = ServicePeriod {
            from: self.service_from,
            to: self.service_to,
        };
        match part {
            Part::OnRevenue(_) => Self {
                share: self.share.of_line(service),
                per_unit: None,
                ..self
            },
            _ => self,
        }
    }
}

/// One entry with what explains it.
///
/// # Errors
/// [`Error::NotFound`] for one this scope does not see.
pub fn entry<S: Sees>(
    tx: &mut Tx<'_, S>,
    id: CommissionEntryId,
    today: NaiveDate,
) -> Result<EntryDetail> {
    let entry = one(tx, id, today)?;
    let currency = entry.amount.currency();
    let line = match entry.invoice_line {
        Some(line) if entry.is_own => {
            let detail = line_detail(tx, line, currency)?;
            Some(detail.counting_for(entry.part))
        }
        _ => None,
    };
    let invoice_number = match entry.invoice.filter(|_| entry.is_own) {
        Some(invoice) => {
            let number = S::invoices(tx)
                .filter(invoices::id.eq(invoice))
                .select(invoices::number);
            Some(tx.one(number)?)
        }
        None => None,
    };
    let other = entry.reverses.or(entry.caps);
    let reverses = other.map(|id| one(tx, id, today)).transpose()?;
    let reversed_by = S::entries(tx)
        .filter(
            commission_entries::reverses_id
                .eq(id)
                .or(commission_entries::caps_id.eq(id)),
        )
        .order(commission_entries::id)
        .select(Row::as_select());
    let reversed_by: Vec<Row> = tx.load(reversed_by)?;
    Ok(EntryDetail {
        converted: S::conversion(tx, id)?,
        reversed_by: dressed(tx, reversed_by, today)?,
        reverses,
        invoice_number,
        line,
        entry,
    })
}

fn line_detail<S: Sees>(
    tx: &mut Tx<'_, S>,
    id: InvoiceLineId,
    currency: Currency,
) -> Result<LineDetail> {
    let line = S::invoice_lines(tx)
        .filter(invoice_lines::id.eq(id))
        .select(LineRow::as_select());
    let line: LineRow = tx.one(line)?;
    let tier = match line.tier_id {
        Some(tier) => tx.first(S::tiers(tx).filter(tiers::id.eq(tier)).select(tiers::name))?,
        None => None,
    };
    Ok(LineDetail {
        line_no: line.line_no,
        description: line.description,
        service_from: line.service_from,
        service_to: line.service_to,
        net: Money::new(line.net_minor, currency),
        commission: Money::new(line.commission_minor, currency),
        per_unit: (line.unit_pay_minor > 0)
            .then(|| (Money::new(line.unit_pay_minor, currency), line.quantity)),
        share: DayShare {
            days: line.share_days,
            of: line.share_of,
        },
        phase: line.phase.parse().ok(),
        chosen: line.chosen.parse().ok(),
        tier,
    })
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = invoice_lines)]
struct LineRow {
    line_no: i32,
    description: String,
    service_from: NaiveDate,
    service_to: NaiveDate,
    net_minor: i64,
    commission_minor: i64,
    phase: String,
    tier_id: Option<TierId>,
    quantity: i32,
    unit_pay_minor: i64,
    share_days: i32,
    share_of: i32,
    chosen: String,
}

fn one<S: Sees>(tx: &mut Tx<'_, S>, id: CommissionEntryId, today: NaiveDate) -> Result<EntryRow> {
    let row = S::entries(tx)
        .filter(commission_entries::id.eq(id))
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    dressed(tx, vec![row], today)?.pop().ok_or(Error::NotFound)
}

/// The terms an entry follows: plan, version and clause, all that partners do not see of plans.
#[derive(Debug, Clone)]
pub struct EntryTerms {
    /// The commission plan's name.
    pub plan: String,
    /// The number of its version.
    pub version_no: i32,
    /// The clause's place in it.
    pub clause_no: i32,
    /// The clause in words.
    pub clause: String,
    /// Days from payment until it is payable.
    pub hold_days: i32,
}

/// The terms of an entry; nothing for one that follows no clause.
///
/// # Errors
/// [`Error::NotFound`] for an entry there is not.
pub fn terms(tx: &mut Tx<'_, VendorScope>, id: CommissionEntryId) -> Result<Option<EntryTerms>> {
    let clause = tx
        .rows(commission_entries::table)
        .filter(commission_entries::id.eq(id))
        .select(commission_entries::commission_clause_id);
    let clause: Option<crate::id::CommissionClauseId> = tx.one(clause)?;
    let Some(clause) = clause else {
        return Ok(None);
    };
    let clause = tx
        .rows(commission_clauses::table)
        .filter(commission_clauses::id.eq(clause))
        .select(ClauseRow::as_select());
    let clause: ClauseRow = tx.one(clause)?;
    let version = clause.commission_plan_version_id;
    let clause = clause.read()?;
    let tier = match clause.tier {
        Some(id) => tx.first(
            tx.rows(tiers::table)
                .filter(tiers::id.eq(TierId::of(id)))
                .select(tiers::name),
        )?,
        None => None,
    };
    let offering: Option<String> = match clause.offering {
        Some(id) => tx.first(
            tx.rows(offerings::table)
                .filter(offerings::id.eq(OfferingId::of(id)))
                .select(offerings::name),
        )?,
        None => None,
    };
    let tier: Option<String> = tier;
    let version = tx
        .joined(commission_plan_versions::table, commission_plans::table)
        .filter(commission_plan_versions::id.eq(version))
        .select((
            commission_plans::name,
            commission_plan_versions::version_no,
            commission_plan_versions::hold_days,
        ));
    let (plan, version_no, hold_days): (String, i32, i32) = tx.one(version)?;
    Ok(Some(EntryTerms {
        plan,
        version_no,
        clause_no: clause.seq,
        clause: sentence(
            &clause,
            Names {
                tier: tier.as_deref(),
                offering: offering.as_deref(),
            },
        ),
        hold_days,
    }))
}
