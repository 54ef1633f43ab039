//! The lines of a statement: what each entry is, in words and figures.
use super::{
    super::{
        super::books::{day, rate},
        contents::Stated,
    },
    Maker,
};
use crate::{
    Error, Result,
    domain::{
        CommissionClause,
        commission::{EntryKind, Names as Words, Part, sentence},
        statement::{LineBlock, block_of},
        statement_document as document,
    },
    id::{CommissionClauseId, CommissionEntryId, InvoiceLineId},
    store::{
        incentivize::{conversions::Conversion, entries::Entry},
        revenue::invoices::StatedLine,
    },
};

impl Maker<'_, '_> {
    /// The lines in the order they are printed, and which entry each is of.
    pub(super) fn lines(
        &self,
        payable: &[Stated],
    ) -> Result<(Vec<CommissionEntryId>, Vec<document::Line>)> {
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
        let sold = entry.subscription_id;
        let sold = sold.and_then(|id| names.plan_of(id, entry.invoice_line_id));
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
}

fn said(clause: &CommissionClause, tier: Option<&str>, offering: &str) -> String {
    let words = Words {
        tier: clause.tier.and(tier),
        offering: clause.offering.and(Some(offering)),
    };
    sentence(clause, words)
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
