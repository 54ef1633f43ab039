//! One statement: its lines, its tax, and how it is settled.
use std::collections::{BTreeSet, HashMap};

use chrono::{Datelike, NaiveDate};

use super::super::books::{day, rate};
use super::{
    Month,
    contents::{Content, Stated},
    names::Names,
};
use crate::{
    Error, Result,
    domain::{
        CommissionClause, Currency, Period, TaxTreatment,
        commission::{EntryKind, Names as Words, Part, sentence},
        statement::{self as rules, LineBlock, Settlement, block_of, settle},
        statement_document as document,
    },
    id::{CommissionClauseId, CommissionEntryId, InvoiceLineId, PartnerId, StatementId},
    secrets::sha256_hex,
    store::{
        Tx, VendorScope,
        incentivize::{
            conversions::Conversion,
            entries::Entry,
            statements::{Staging, StatedPartner, Statement, StatementLine},
            tax_terms::{self, Taxed},
        },
        revenue::invoices::StatedLine,
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

    /// The lines in the order they are printed, and which entry each is of.
    fn lines(&self, payable: &[Stated]) -> Result<(Vec<CommissionEntryId>, Vec<document::Line>)> {
        let mut lines = payable
            .iter()
            .map(|one| Ok((one.entry.id, self.line(one)?)))
            .collect::<Result<Vec<_>>>()?;
        lines.sort_by(|(a_id, a), (b_id, b)| {
            let a = (a.block, &a.earned_period, &a.customer, a_id);
            a.cmp(&(b.block, &b.earned_period, &b.customer, b_id))
        });
        for (seq, (_, line)) in (1..).zip(&mut lines) {
            line.seq = seq;
        }
        Ok(lines.into_iter().unzip())
    }

    fn line(&self, one: &Stated) -> Result<document::Line> {
        let entry = &one.entry;
        let line = document::Line {
            amount_minor: one.minor(),
            converted: one.converted.as_ref().map(converted),
            ..self.plain(entry)?
        };
        match (entry.invoice_line_id, entry.commission_clause_id) {
            (Some(on), Some(clause)) => self.traced(entry, line, (on, clause)),
            _ => Ok(line),
        }
    }

    /// What every entry says, whatever it follows.
    fn plain(&self, entry: &Entry) -> Result<document::Line> {
        let names = self.names;
        let sold = entry.subscription_id.and_then(|id| names.plan_of(id));
        let customer = entry.customer_id.and_then(|id| names.customers.get(&id));
        let invoice = entry.invoice_id.and_then(|id| names.invoices.get(&id));
        let block = block(entry);
        Ok(document::Line {
            seq: 0,
            block,
            entry: entry.id.to_string(),
            kind: match entry.kind {
                EntryKind::Earned | EntryKind::Reversal if entry.note.is_empty() => String::new(),
                kind => kind.code().to_owned(),
            },
            note: entry.note.clone(),
            customer: customer.unwrap_or(&entry.about).clone(),
            offering: sold.map_or(String::new(), |sold| sold.offering.clone()),
            plan: sold.map_or(String::new(), |sold| sold.plan.clone()),
            subscription: entry
                .subscription_id
                .map_or(String::new(), |id| id.to_string()),
            phase: document::Phase::First,
            earned_period: entry.earned_period.to_string(),
            service_from: entry.earned_period.first_day(),
            service_to: entry.earned_period.end(),
            invoice_number: invoice.cloned().unwrap_or_default(),
            invoice_line: 0,
            base_minor: entry.base_minor,
            rate_bps: rate(entry.rate_bps)?.bps(),
            share_num: 1,
            share_den: 1,
            part: match entry.part {
                Part::Whole => String::new(),
                part => part.to_string(),
            },
            per_unit: None,
            exact: entry.exact.to_string(),
            amount_minor: entry.amount_minor,
            converted: None,
            tier: None,
            clause_number: 0,
            clause: String::new(),
            plan_version: String::new(),
            paid_on: entry.paid_on,
            held_until: entry.matures_on,
            reason: self.reason(entry, block),
            reverses: entry.reverses_id.map(|reversed| document::Reverses {
                entry: reversed.to_string(),
                statement_number: names.stated_on.get(&reversed).cloned(),
            }),
        })
    }

    /// The same of an entry that follows a line of an invoice: its service and its terms.
    fn traced(
        &self,
        entry: &Entry,
        plain: document::Line,
        (on, clause): (InvoiceLineId, CommissionClauseId),
    ) -> Result<document::Line> {
        let missing = || Error::fault("a statement's line has no name");
        let names = self.names;
        let line = names.lines.get(&on).ok_or_else(missing)?;
        let (clause, label) = names.clauses.get(&clause).ok_or_else(missing)?;
        // The tier is the partner of record's.
        let tier = line.tier_id.filter(|_| entry.partner_id == line.partner_id);
        let tier = tier.and_then(|id| names.tiers.get(&id)).cloned();
        let is_named = !plain.customer.is_empty() && !plain.invoice_number.is_empty();
        if !is_named || plain.offering.is_empty() {
            return Err(missing());
        }
        let share = line.share(matches!(entry.part, Part::OnRevenue(_)));
        Ok(document::Line {
            phase: phase(line.phase),
            service_from: line.service_from,
            service_to: line.service_to,
            invoice_line: u32::try_from(line.line_no).map_err(Error::fault)?,
            share_num: u32::try_from(share.days).map_err(Error::fault)?,
            share_den: u32::try_from(share.of).map_err(Error::fault)?,
            per_unit: match entry.kind {
                _ if !entry.note.is_empty() => None,
                _ if matches!(entry.part, Part::OnRevenue(_)) => None,
                _ => per_unit(line)?,
            },
            clause_number: u32::try_from(clause.seq).map_err(Error::fault)?,
            clause: said(clause, tier.as_deref(), &plain.offering),
            tier,
            plan_version: label.clone(),
            ..plain
        })
    }

    fn reason(&self, entry: &Entry, block: document::Block) -> Option<String> {
        match block {
            document::Block::Earned => None,
            document::Block::Extra if entry.posting_period <= entry.due_period => None,
            document::Block::Extra => Some(format!(
                "it was decided after {} was closed",
                entry.due_period.title()
            )),
            document::Block::PostedLate => Some(format!(
                "the payment of {} was recorded after {} was closed",
                day(entry.paid_on),
                entry.due_period.title()
            )),
            document::Block::Reversed => {
                let given = self.names.reasons.get(&entry.source_id).cloned();
                given.filter(|reason| !reason.trim().is_empty())
            }
        }
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

fn said(clause: &CommissionClause, tier: Option<&str>, offering: &str) -> String {
    let words = Words {
        tier: clause.tier.and(tier),
        offering: clause.offering.and(Some(offering)),
    };
    sentence(clause, words)
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

fn block(entry: &Entry) -> document::Block {
    match block_of(entry.kind, entry.due_period, entry.posting_period) {
        LineBlock::Earned => document::Block::Earned,
        LineBlock::PostedLate => document::Block::PostedLate,
        LineBlock::Extra => document::Block::Extra,
        LineBlock::Reversed => document::Block::Reversed,
    }
}

fn per_unit(line: &StatedLine) -> Result<Option<document::PerUnit>> {
    Ok(match line.unit_pay_minor {
        0 => None,
        minor => Some(document::PerUnit {
            minor,
            units: u32::try_from(line.quantity).map_err(Error::fault)?,
        }),
    })
}

fn phase(phase: crate::domain::Phase) -> document::Phase {
    match phase {
        crate::domain::Phase::First => document::Phase::First,
        crate::domain::Phase::Recurring => document::Phase::Recurring,
        crate::domain::Phase::Renewal => document::Phase::Renewal,
    }
}

fn reason(reason: rules::PayoutReason) -> document::PayoutReason {
    match reason {
        rules::PayoutReason::Paid => document::PayoutReason::Paid,
        rules::PayoutReason::BelowMinimum => document::PayoutReason::BelowMinimum,
        rules::PayoutReason::Negative => document::PayoutReason::Negative,
        rules::PayoutReason::Nothing => document::PayoutReason::Nothing,
    }
}

fn converted(one: &Conversion) -> document::Converted {
    document::Converted {
        currency: one.earned_currency.code().to_owned(),
        exponent: one.earned_currency.exponent(),
        amount_minor: one.earned_minor,
        rate: one.rate_words(),
        rated_on: one.rated_on,
        source: one.source.clone(),
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
