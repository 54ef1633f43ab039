//! One statement: its tax, and how it is settled.
mod lines;

use std::collections::{BTreeSet, HashMap};

use chrono::{Datelike, NaiveDate};

use super::{
    Month,
    contents::{Content, Stated},
    names::Names,
};
use crate::{
    Error, Result,
    domain::{
        Currency, Period, TaxTreatment,
        statement::{self as rules, LineBlock, Settlement, settle},
        statement_document as document,
    },
    id::{CommissionEntryId, PartnerId, StatementId},
    secrets::sha256_hex,
    store::{
        Tx, VendorScope,
        incentivize::{
            statements::{Staging, StatedPartner, Statement, StatementLine},
            tax_terms::{self, Taxed},
        },
    },
};

/// What the statements are taxed by.
pub(super) struct Taxes {
    pub own_vat_id: String,
    pub terms: HashMap<PartnerId, Vec<Taxed>>,
}

/// Makes one statement.
pub(super) struct Maker<'a, 'c> {
    pub tx: &'a Tx<'c, VendorScope>,
    pub month: &'a Month<'a>,
    pub names: &'a Names,
    pub partner: &'a StatedPartner,
    pub taxes: &'a Taxes,
    pub currency: Currency,
    pub minimum: i64,
}

impl Maker<'_, '_> {
    /// The day this month is paid: the next one after the month that is not past as it closes.
    fn payment_day(&self) -> NaiveDate {
        let day = self.month.books.vendor.payout_day;
        let mut month = self.month.period.next();
        while payment_day(month, day) < self.month.closed_on {
            month = month.next();
        }
        payment_day(month, day)
    }

    /// VAT and withholding on what is paid out, by the terms of the month's last day.
    fn tax(&self, payout_minor: i64) -> Result<Option<document::Tax>> {
        let last = self.month.period.last_day();
        let all = self.taxes.terms.get(&self.partner.id);
        let held = all.and_then(|all| tax_terms::on(all, last));
        let Some(terms) = held.map(Taxed::terms).transpose()? else {
            return Ok(None);
        };
        if payout_minor == 0 || !terms.matter() {
            return Ok(None);
        }
        let rates = terms.rates(last);
        let parts = rates.on(payout_minor)?;
        Ok(Some(document::Tax {
            treatment: terms.treatment.code().to_owned(),
            rate_bps: rates.added.bps(),
            tax_minor: parts.tax_minor,
            withheld_bps: rates.withheld.bps(),
            withheld_minor: parts.withheld_minor,
            payable_minor: parts.net_minor,
            lapsed_on: terms.lapsed_on(last),
            partner_vat_id: terms
                .vat_id
                .map_or_else(String::new, |id| id.as_str().to_owned()),
            vendor_vat_id: match terms.treatment {
                TaxTreatment::NoTax => String::new(),
                _ => self.taxes.own_vat_id.clone(),
            },
        }))
    }

    pub fn make(&self, number: i64, content: Content) -> Result<(Statement, Vec<StatementLine>)> {
        let prefix = &self.month.books.vendor.document_prefix;
        let number = format!("{prefix}-{}-{number:04}", self.month.period);
        let (entries, lines) = self.lines(&content.payable)?;
        let total = lines
            .iter()
            .map(|line| i128::from(line.amount_minor))
            .sum::<i128>();
        let total = i64::try_from(total).map_err(Error::fault)?;
        let settlement = settle(content.opening_minor, total, self.minimum)?;
        let document = self.document(&number, &content, lines, &settlement)?;
        let wrong = document.check();
        if !wrong.is_empty() {
            return Err(Error::fault(format!(
                "statement {number}: {}",
                wrong.join(" ")
            )));
        }
        let content_json = document.canonical_json();
        let tax = document.tax.as_ref();
        let statement = Statement {
            id: self.tx.fresh_id(),
            partner_id: self.partner.id,
            month: self.month.period,
            currency: self.currency,
            number,
            status: Staging::Staged,
            opening_minor: content.opening_minor,
            lines_minor: total,
            payout_minor: settlement.payout,
            closing_minor: settlement.closing,
            payout_reason: settlement.reason.code().to_owned(),
            due_on: document.payout.due_on,
            line_count: i32::try_from(entries.len()).map_err(Error::fault)?,
            sha256: sha256_hex(content_json.as_bytes()),
            content: content_json,
            created_at: self.tx.now(),
            tax_minor: tax.map_or(0, |tax| tax.tax_minor),
            withheld_minor: tax.map_or(0, |tax| tax.withheld_minor),
        };
        let its = self.rows(statement.id, entries.iter().zip(&document.lines));
        Ok((statement, its))
    }

    fn rows<'l>(
        &self,
        statement: StatementId,
        lines: impl Iterator<Item = (&'l CommissionEntryId, &'l document::Line)>,
    ) -> Vec<StatementLine> {
        let row = |(entry, line): (&CommissionEntryId, &document::Line)| StatementLine {
            id: self.tx.fresh_id(),
            partner_id: self.partner.id,
            statement_id: statement,
            commission_entry_id: *entry,
            seq: i32::try_from(line.seq).unwrap_or(i32::MAX),
            block: match line.block {
                document::Block::Earned => LineBlock::Earned,
                document::Block::PostedLate => LineBlock::PostedLate,
                document::Block::Extra => LineBlock::Extra,
                document::Block::Reversed => LineBlock::Reversed,
            },
        };
        lines.map(row).collect()
    }

    fn document(
        &self,
        number: &str,
        content: &Content,
        lines: Vec<document::Line>,
        settlement: &Settlement,
    ) -> Result<document::StatementDocument> {
        let vendor = &self.month.books.vendor;
        let period = self.month.period;
        let is_paid = settlement.reason == rules::PayoutReason::Paid;
        let plans: BTreeSet<&str> = lines
            .iter()
            .map(|line| line.plan_version.as_str())
            .filter(|plan| !plan.is_empty())
            .collect();
        let mut made = document::StatementDocument {
            number: number.to_owned(),
            version: 1,
            vendor: party(&vendor.name, &vendor.legal_name, &vendor.address),
            partner: party(
                &self.partner.name,
                &self.partner.legal_name,
                &self.partner.address,
            ),
            period: period.to_string(),
            zone: vendor.zone.as_str().to_owned(),
            currency: self.currency.code().to_owned(),
            exponent: self.currency.exponent(),
            closed_on: self.month.closed_on,
            commission_plans: plans.into_iter().map(str::to_owned).collect(),
            opening_minor: content.opening_minor,
            earned_minor: 0,
            posted_late_minor: 0,
            extra_minor: 0,
            reversed_minor: 0,
            payout_minor: settlement.payout,
            closing_minor: settlement.closing,
            payout: document::Payout {
                due_on: is_paid.then(|| self.payment_day()),
                reason: reason(settlement.reason),
                minimum_minor: self.minimum,
            },
            tax: self.tax(settlement.payout)?,
            held: held(&content.held)?,
            next_payment_on: Some(payment_day(
                Period::of(self.payment_day()).next(),
                vendor.payout_day,
            )),
            lines,
        };
        let total = |block| made.block_total(block).ok_or(crate::domain::Overflow);
        let sums = (
            total(document::Block::Earned)?,
            total(document::Block::PostedLate)?,
            total(document::Block::Extra)?,
            total(document::Block::Reversed)?,
        );
        (
            made.earned_minor,
            made.posted_late_minor,
            made.extra_minor,
            made.reversed_minor,
        ) = sums;
        Ok(made)
    }
}

fn party(name: &str, legal_name: &str, address: &str) -> document::Party {
    let lines = address
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    document::Party {
        name: name.to_owned(),
        legal_name: legal_name.to_owned(),
        address: lines.map(str::to_owned).collect(),
    }
}

/// The day of a month on which partners are paid.
fn payment_day(month: Period, payout_day: u32) -> NaiveDate {
    let first = month.first_day();
    first.with_day(payout_day).unwrap_or(first)
}

fn reason(reason: rules::PayoutReason) -> document::PayoutReason {
    match reason {
        rules::PayoutReason::Paid => document::PayoutReason::Paid,
        rules::PayoutReason::BelowMinimum => document::PayoutReason::BelowMinimum,
        rules::PayoutReason::Negative => document::PayoutReason::Negative,
        rules::PayoutReason::Nothing => document::PayoutReason::Nothing,
    }
}

fn held(entries: &[Stated]) -> Result<document::Held> {
    let total: i128 = entries.iter().map(|one| i128::from(one.minor())).sum();
    let days = || entries.iter().map(|one| one.entry.matures_on);
    Ok(document::Held {
        total_minor: i64::try_from(total).map_err(Error::fault)?,
        first_matures_on: days().min(),
        last_matures_on: days().max(),
    })
}
