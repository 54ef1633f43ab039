//! The lines of an invoice as the rule of accrual sees them: as they were billed, and as they would
//! be under other clauses.
use super::{
    super::claims::{clause_of, earning_line},
    sold::Book,
};
use crate::{
    Error, Result,
    domain::{
        CommissionClause, Period, Rate, ServicePeriod,
        commission::{
            Case, Claim, DaysCredited, EarningLine, InvoiceState, LineTerms, accrue, clause_for,
        },
    },
    id::Id,
    store::revenue::{
        invoices::{InvoiceLine, InvoiceLineKind},
        subscriptions::Subscription,
        terms::PlanTerms,
    },
};

/// A line, and what it was billed on.
pub(super) struct Line<'a> {
    line: &'a InvoiceLine,
    then: Subscription,
    plan: &'a PlanTerms,
    /// For which of its days it was credited.
    credits: &'a [DaysCredited],
    is_registered: bool,
}

/// A line that earns: its month, what it earns, and for whom.
type Earning = (Period, (EarningLine, Vec<Claim>));

/// Those lines of an invoice that earn under some terms.
pub(super) fn lines_under(
    lines: &[InvoiceLine],
    book: &Book,
    terms: impl Fn(&Line<'_>) -> Result<Option<EarningLine>>,
) -> Result<Vec<Earning>> {
    let mut found = Vec::new();
    for line in lines {
        let Some(then) = book.on(line.subscription_id, line.service_from) else {
            continue;
        };
        // The margin is all that is paid for what is resold.
        if then.payer_id.is_some() {
            continue;
        }
        let plan = book.plan(&then)?;
        let one = Line {
            line,
            then,
            plan,
            credits: book.credits(line.id),
            is_registered: book.is_registered(line.subscription_id),
        };
        let Some(earning) = terms(&one)? else {
            continue;
        };
        let who = book.who(line)?.into_iter();
        let claims = who.map(|(who, part)| Claim::new(who.number(), part));
        let month = Period::of(line.service_from);
        found.push((month, (earning, claims.collect())));
    }
    Ok(found)
}

impl Line<'_> {
    /// As it was billed.
    pub fn own(&self) -> Result<Option<EarningLine>> {
        if !self.line.earns() {
            return Ok(None);
        }
        let under = (clause_of(self.line), self.line.terms()?);
        earning_line(self.line, under, self.credits).map(Some)
    }

    /// As it would be under other clauses.
    pub fn under(&self, clauses: &[CommissionClause]) -> Result<Option<EarningLine>> {
        let Self {
            line, then, plan, ..
        } = self;
        if !plan.lets_earn(&line.description) {
            return Ok(None);
        }
        let service = ServicePeriod {
            from: line.service_from,
            to: line.service_to,
        };
        let index = then.index_of(service.from)?;
        let charged = index.map(|index| then.stretch(index)).transpose()?;
        let (charged, whole) = charged.map_or((service, service), |one| (one.service, one.whole));
        let case = Case {
            phase: line.phase,
            tier: line.tier_id.map(Id::number),
            offering: plan.offering_id.number(),
            currency: then.currency,
            since: then.charged_from(),
            service: charged,
            is_registered: self.is_registered,
        };
        let Some(clause) = clause_for(clauses, &case) else {
            return Ok(None);
        };
        let units = u32::try_from(line.quantity).unwrap_or_default();
        let mut pays = clause.terms(&case, units);
        if !is_paid_per_unit(line, plan) {
            pays = pays.beside_units();
        }
        pays.share = pays.prorated(charged, service, whole);
        if !pays.pay_anything() {
            return Ok(None);
        }
        earning_line(line, (clause.seq.into(), pays), self.credits).map(Some)
    }
}

/// What customers paid of each line before tax, in minor units.
pub(super) fn paid_before_tax(state: &InvoiceState, lines: &[InvoiceLine]) -> Result<Vec<i64>> {
    let nothing = LineTerms::share_of(Rate::default());
    let plain = lines.iter();
    let plain: Result<Vec<EarningLine>> = plain
        .map(|line| earning_line(line, (0, nothing), &[]))
        .collect();
    let accruals = accrue(state, &plain?).map_err(Error::from)?;
    Ok(accruals.iter().map(|one| one.base_minor).collect())
}

/// Whether an amount per unit is paid on a line: on the one that charges for units in advance, and
/// on what prorates it.
fn is_paid_per_unit(line: &InvoiceLine, plan: &PlanTerms) -> bool {
    match line.kind {
        InvoiceLineKind::Recurring => line.line_no == plan.unit_place(),
        InvoiceLineKind::ProrationCharge | InvoiceLineKind::ProrationCredit => true,
        _ => false,
    }
}
