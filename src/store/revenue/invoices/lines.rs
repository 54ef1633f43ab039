//! The lines of invoices.
use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::{
    Error, Result,
    domain::{
        DayShare, Phase, Rate, ServicePeriod,
        commission::{LineTerms, Pay},
    },
    id::{
        CommissionClauseId, InvoiceId, InvoiceLineId, PartnerId, SubscriptionId, TierId,
        UsageChargeId,
    },
    store::{
        Tx, VendorScope,
        columns::{Coded, row_codes},
        days::Day,
        revenue::ASKED_AT_ONCE,
        schema::{invoice_lines, invoices},
    },
};

row_codes! {
    /// What a line charges for.
    InvoiceLineKind {
        /// A whole service period.
        Recurring = "recurring",
        /// Something that is charged once.
        OneOff = "one_off",
        /// What was used in a period that is over.
        Usage = "usage",
        /// What a period that is over lacked of the minimum it was committed to.
        TrueUp = "true_up",
        /// The rest of a period at its new price.
        ProrationCharge = "proration_charge",
        /// The rest of a period at its old price, taken back.
        ProrationCredit = "proration_credit",
    }
}

/// A line of an invoice. Amounts are minor units, before tax.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoice_lines, treat_none_as_default_value = false)]
pub struct InvoiceLine {
    /// Which.
    pub id: InvoiceLineId,
    /// Whose.
    pub partner_id: PartnerId,
    /// On which invoice.
    pub invoice_id: InvoiceId,
    /// For what.
    pub subscription_id: SubscriptionId,
    /// Its place, from 1.
    pub line_no: i32,
    /// What it charges for.
    #[diesel(serialize_as = Coded<InvoiceLineKind>, deserialize_as = Coded<InvoiceLineKind>)]
    pub kind: InvoiceLineKind,
    /// In words.
    pub description: String,
    /// The first day of service.
    #[diesel(serialize_as = Day, deserialize_as = Day)]
    pub service_from: NaiveDate,
    /// The first day no longer served.
    #[diesel(serialize_as = Day, deserialize_as = Day)]
    pub service_to: NaiveDate,
    /// Units.
    pub quantity: i32,
    /// What one costs for a whole period, in millionths of a minor unit.
    pub unit_price_micro: i64,
    /// What it charges, after discounts; below zero for a proration credit.
    pub net_minor: i64,
    /// What discounts took off it.
    pub discount_minor: i64,
    /// What credit notes took back of it; a magnitude.
    pub credited_net_minor: i64,
    /// Of that, what leaves the partner's commission as it was.
    pub protected_net_minor: i64,
    /// Whether others than its partner earn on it.
    pub shared: bool,
    /// The sum of its partner's commission entries.
    pub commission_minor: i64,
    /// The clause it earns under, fixed when it was billed.
    pub commission_clause_id: Option<CommissionClauseId>,
    /// That clause's rate, in basis points.
    pub rate_bps: i32,
    /// The phase its period lies in.
    #[diesel(serialize_as = Coded<Phase>, deserialize_as = Coded<Phase>)]
    pub phase: Phase,
    /// The partner's tier at its period's start.
    pub tier_id: Option<TierId>,
    /// What the clause pays for each unit; zero where it pays a share of the net.
    pub unit_pay_minor: i64,
    /// Of its days, those that earn.
    pub share_days: i32,
    /// All its days, or one where all of them earn.
    pub share_of: i32,
    /// Why that clause was chosen, as [`crate::domain::commission::choice::Choice`] is written;
    /// empty where none was, and on lines from before it was noted.
    pub chosen: String,
    /// Of what discounts took off it, the resale discount.
    pub resale_minor: i64,
    /// What whoever is billed sells it on for, where that is known.
    pub resold_minor: Option<i64>,
    /// What on record of usage it charges for; none where it charges for something else.
    pub usage_charge_id: Option<UsageChargeId>,
}

impl InvoiceLine {
    /// Whether a partner can earn on it.
    pub fn earns(&self) -> bool {
        self.commission_clause_id.is_some() && self.terms().is_ok_and(|terms| terms.pay_anything())
    }

    /// What it pays, as fixed when it was billed.
    ///
    /// # Errors
    /// A stored number out of range.
    pub fn terms(&self) -> Result<LineTerms> {
        let pay = match self.unit_pay_minor {
            0 => Pay::Share(Rate::from_bps(self.rate_bps).map_err(Error::fault)?),
            minor => Pay::PerUnit {
                minor,
                units: u32::try_from(self.quantity).map_err(Error::fault)?,
            },
        };
        let share = DayShare {
            days: self.share_days,
            of: self.share_of,
        };
        Ok(LineTerms { pay, share })
    }

    /// The days it charges for.
    pub fn service(&self) -> ServicePeriod {
        ServicePeriod {
            from: self.service_from,
            to: self.service_to,
        }
    }

    /// Whether it matters which of its days are credited: some earn and some do not.
    pub fn earns_for_some_days(&self) -> bool {
        self.earns() && self.share_days != self.share_of && self.credited_net_minor > 0
    }

    /// Fixes what it pays.
    pub fn fix(&mut self, terms: &LineTerms) {
        (self.rate_bps, self.unit_pay_minor) = match terms.pay {
            Pay::Share(rate) => (rate.bps(), 0),
            Pay::PerUnit { minor, .. } => (0, minor),
        };
        (self.share_days, self.share_of) = (terms.share.days, terms.share.of);
    }
}

/// The lines of these invoices, in order.
///
/// # Errors
/// Faults of the database.
pub fn lines(tx: &mut Tx<'_, VendorScope>, invoices: &[InvoiceId]) -> Result<Vec<InvoiceLine>> {
    let mut found = Vec::new();
    for some in invoices.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoice_lines::table)
            .filter(invoice_lines::invoice_id.eq_any(some.to_vec()))
            .order((invoice_lines::invoice_id, invoice_lines::line_no))
            .select(InvoiceLine::as_select());
        found.extend(tx.load::<InvoiceLine, _>(rows)?);
    }
    Ok(found)
}

/// What charges for service in advance, a whole period or the rest of one.
pub const AHEAD: [InvoiceLineKind; 2] =
    [InvoiceLineKind::Recurring, InvoiceLineKind::ProrationCharge];

/// That a line charged for service in advance.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    /// For what.
    pub subscription: SubscriptionId,
    /// From which day on.
    pub on: NaiveDate,
    /// On which invoice.
    pub invoice: InvoiceId,
    /// Whether not all of it was credited.
    pub is_left: bool,
}

/// What these subscriptions were charged for in advance.
///
/// # Errors
/// Faults of the database.
pub fn begun(tx: &mut Tx<'_, VendorScope>, subscriptions: &[SubscriptionId]) -> Result<Vec<Begun>> {
    let mut found = Vec::new();
    for some in subscriptions.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoice_lines::table)
            .filter(invoice_lines::subscription_id.eq_any(some.to_vec()))
            .filter(invoice_lines::kind.eq_any(AHEAD.map(InvoiceLineKind::code)))
            .select((
                invoice_lines::subscription_id,
                invoice_lines::service_from,
                invoice_lines::invoice_id,
                invoice_lines::net_minor,
                invoice_lines::credited_net_minor,
            ));
        let rows: Vec<(SubscriptionId, NaiveDate, InvoiceId, i64, i64)> = tx.load(rows)?;
        let rows = rows.into_iter();
        found.extend(
            rows.map(|(subscription, on, invoice, net, credited)| Begun {
                subscription,
                on,
                invoice,
                is_left: net == 0 || credited < net,
            }),
        );
    }
    Ok(found)
}

/// Lines whose service starts in some days (half-open), by invoice, after one of these.
///
/// # Errors
/// Faults of the database.
pub fn lines_served(
    tx: &mut Tx<'_, VendorScope>,
    (from, to): (NaiveDate, NaiveDate),
    after: Option<InvoiceId>,
    limit: i64,
) -> Result<Vec<InvoiceLine>> {
    let rows = tx
        .rows(invoice_lines::table)
        .filter(invoice_lines::service_from.ge(from))
        .filter(invoice_lines::service_from.lt(to))
        .filter(invoice_lines::invoice_id.gt(after.unwrap_or(InvoiceId::of(0))))
        .order((invoice_lines::invoice_id, invoice_lines::line_no))
        .limit(limit)
        .select(InvoiceLine::as_select());
    tx.load(rows)
}

/// The lines with these ids.
///
/// # Errors
/// Faults of the database.
pub fn lines_of_ids(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[InvoiceLineId],
) -> Result<HashMap<InvoiceLineId, InvoiceLine>> {
    let mut found = HashMap::new();
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoice_lines::table)
            .filter(invoice_lines::id.eq_any(some.to_vec()))
            .select(InvoiceLine::as_select());
        found.extend(
            tx.load(rows)?
                .into_iter()
                .map(|one: InvoiceLine| (one.id, one)),
        );
    }
    Ok(found)
}

/// A subscription's lines that charge for usage or for what lacked of a minimum, oldest first.
///
/// # Errors
/// Faults of the database.
pub fn lines_in_arrears(
    tx: &mut Tx<'_, VendorScope>,
    of: SubscriptionId,
) -> Result<Vec<InvoiceLine>> {
    let kinds = [InvoiceLineKind::Usage, InvoiceLineKind::TrueUp].map(InvoiceLineKind::code);
    let rows = tx
        .rows(invoice_lines::table)
        .filter(invoice_lines::subscription_id.eq(of))
        .filter(invoice_lines::kind.eq_any(kinds))
        .select(InvoiceLine::as_select());
    let mut found: Vec<InvoiceLine> = tx.load(rows)?;
    found.sort_unstable_by_key(|line| line.id);
    Ok(found)
}

/// A line as a statement tells of it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = invoice_lines)]
pub struct StatedLine {
    /// Which.
    pub id: InvoiceLineId,
    /// Its partner of record.
    pub partner_id: PartnerId,
    /// Its place, from 1.
    pub line_no: i32,
    /// The first day of service.
    #[diesel(deserialize_as = Day)]
    pub service_from: NaiveDate,
    /// The first day no longer served.
    #[diesel(deserialize_as = Day)]
    pub service_to: NaiveDate,
    /// Units.
    pub quantity: i32,
    /// The phase its period lies in.
    #[diesel(deserialize_as = Coded<Phase>)]
    pub phase: Phase,
    /// The partner's tier at its period's start.
    pub tier_id: Option<TierId>,
    /// What the clause pays for each unit, in minor units; zero where it pays a share of the net.
    pub unit_pay_minor: i64,
    /// Of its days, those that earn.
    pub share_days: i32,
    /// All its days, or one where all of them earn.
    pub share_of: i32,
}

impl StatedLine {
    /// The part of its days that earns; a share of the revenue counts its own days alone.
    pub fn share(&self, is_on_revenue: bool) -> DayShare {
        let share = DayShare {
            days: self.share_days,
            of: self.share_of,
        };
        let service = ServicePeriod {
            from: self.service_from,
            to: self.service_to,
        };
        match is_on_revenue {
            true => share.of_line(service),
            false => share,
        }
    }
}

/// The lines with these ids, as statements tell of them.
///
/// # Errors
/// Faults of the database.
pub fn stated_lines(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[InvoiceLineId],
) -> Result<HashMap<InvoiceLineId, StatedLine>> {
    let mut found = HashMap::with_capacity(ids.len());
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoice_lines::table)
            .filter(invoice_lines::id.eq_any(some.to_vec()))
            .select(StatedLine::as_select());
        let rows: Vec<StatedLine> = tx.load(rows)?;
        found.extend(rows.into_iter().map(|one| (one.id, one)));
    }
    Ok(found)
}

/// What the lines with these ids say they charge for.
///
/// # Errors
/// Faults of the database.
pub fn descriptions(
    tx: &mut Tx<'_, VendorScope>,
    ids: &[InvoiceLineId],
) -> Result<HashMap<InvoiceLineId, String>> {
    let mut found = HashMap::with_capacity(ids.len());
    for some in ids.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(invoice_lines::table)
            .filter(invoice_lines::id.eq_any(some.to_vec()))
            .select((invoice_lines::id, invoice_lines::description));
        found.extend(tx.load::<(InvoiceLineId, String), _>(rows)?);
    }
    Ok(found)
}

/// Every line, by invoice and place, for the check of the whole ledger.
///
/// # Errors
/// Faults of the database.
pub fn all_lines(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<InvoiceLine>> {
    let rows = tx
        .rows(invoice_lines::table)
        .order((invoice_lines::invoice_id, invoice_lines::line_no))
        .select(InvoiceLine::as_select());
    tx.load(rows)
}

/// Invoices whose commission may be behind: with cash on them, or asking for none, and a line that
/// has earned nothing yet though its rate says it should; and those whose lines' credits count for
/// some days only or are the vendor's own cost, beside money that went back. With the clause of one
/// of those lines.
///
/// # Errors
/// Faults of the database.
pub fn behind(
    tx: &mut Tx<'_, VendorScope>,
) -> Result<Vec<(InvoiceId, Option<CommissionClauseId>)>> {
    let is_bare = invoice_lines::commission_minor.eq(0).and(
        invoices::paid_minor
            .gt(invoices::refunded_minor)
            .or(invoices::total_minor.eq(0)),
    );
    let for_some_days = invoice_lines::credited_net_minor
        .gt(0)
        .and(invoice_lines::share_days.lt(invoice_lines::share_of));
    let at_own_cost = invoices::protected_moved_minor
        .gt(0)
        .and(invoices::refunded_minor.gt(0));
    let rows = tx
        .joined(invoice_lines::table, invoices::table)
        .filter(is_bare.or(for_some_days).or(at_own_cost))
        .filter(invoice_lines::commission_clause_id.is_not_null())
        .filter(
            invoice_lines::rate_bps
                .gt(0)
                .or(invoice_lines::unit_pay_minor.gt(0)),
        )
        .filter(invoice_lines::share_days.gt(0))
        .filter(invoice_lines::net_minor.ne(0))
        .order(invoice_lines::invoice_id)
        .select((
            invoice_lines::invoice_id,
            invoice_lines::commission_clause_id,
        ));
    let mut found: Vec<(InvoiceId, Option<CommissionClauseId>)> = tx.load(rows)?;
    found.dedup_by_key(|(id, _)| *id);
    Ok(found)
}
