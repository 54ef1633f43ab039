//! The lines that were paid for what is credited, and their invoices.
use std::collections::HashMap;

use super::{by_hand::LineCredit, unused::Unused};
use crate::{
    Error, Result,
    domain::{CommissionRule, Disposition, Money, ServicePeriod},
    id::{ChargeSegmentId, InvoiceId, InvoiceLineId},
    store::{
        Tx, VendorScope,
        revenue::{
            credit_notes::{CreditNote, CreditNoteLine},
            invoices::{self, Invoice, InvoiceLine},
            segments::Segment,
        },
    },
};

/// Lines that can be credited, the segments they charged for, and their invoices with all their
/// lines.
pub struct Payers {
    segments: HashMap<ChargeSegmentId, Segment>,
    lines: HashMap<InvoiceLineId, InvoiceLine>,
    invoices: HashMap<InvoiceId, Invoice>,
    credited_net: HashMap<InvoiceId, i64>,
    credited_before: HashMap<InvoiceId, i64>,
    parts: Vec<Part>,
}

struct Part {
    line: InvoiceLineId,
    invoice: InvoiceId,
    service: ServicePeriod,
    net_minor: i64,
    tax_minor: i64,
}

impl Payers {
    /// Those that charged for a subscription's segments.
    pub fn of_segments(tx: &mut Tx<'_, VendorScope>, all: &[Segment]) -> Result<Self> {
        let ids: Vec<InvoiceLineId> = all.iter().filter_map(|one| one.invoice_line_id).collect();
        let lines = invoices::lines_of_ids(tx, &ids)?;
        let mut on: Vec<InvoiceId> = lines.values().map(|line| line.invoice_id).collect();
        on.sort_unstable();
        on.dedup();
        Self::of_invoices(tx, &on, all)
    }

    /// Those of some invoices.
    pub fn of_invoices(
        tx: &mut Tx<'_, VendorScope>,
        on: &[InvoiceId],
        all: &[Segment],
    ) -> Result<Self> {
        let lines = invoices::lines(tx, on)?;
        let mut credited_net: HashMap<InvoiceId, i64> = HashMap::new();
        for line in &lines {
            *credited_net.entry(line.invoice_id).or_default() += line.credited_net_minor;
        }
        let invoices = invoices::of_ids(tx, on)?;
        let credited_before = invoices
            .iter()
            .map(|(id, one)| (*id, one.credited_minor))
            .collect();
        Ok(Self {
            segments: all.iter().map(|one| (one.id, one.clone())).collect(),
            lines: lines.into_iter().map(|line| (line.id, line)).collect(),
            invoices,
            credited_net,
            credited_before,
            parts: Vec::new(),
        })
    }

    /// Whether nothing is credited.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Credits a part of what a segment charged on the lines that paid, as far as they can still
    /// be credited: the segment's own part first, then what it carried along from those it
    /// replaced. Gives what is credited on which line of which invoice.
    pub fn attribute(
        &mut self,
        unused: &Unused<'_>,
    ) -> Result<Vec<(InvoiceId, InvoiceLineId, i64)>> {
        let known = self.parts.len();
        let mut left = unused.net_minor;
        let mut at = Some(unused.segment.id);
        while let Some(segment) = at.and_then(|id| self.segments.get(&id)) {
            let (line, own) = (segment.invoice_line_id, segment.own_minor());
            at = segment.replaces_id;
            if let Some(line) = line {
                left -= self.take((line, own), left, unused.service)?;
            }
        }
        let made = self.parts.iter().skip(known);
        Ok(made
            .map(|part| (part.invoice, part.line, part.net_minor))
            .collect())
    }

    /// One of the lines.
    pub fn line(&self, id: InvoiceLineId) -> Option<&InvoiceLine> {
        self.lines.get(&id)
    }

    /// What a line paid for by itself: not what was paid before and carried along, nor what was
    /// given back on it.
    fn own(&self, line: &InvoiceLine) -> i64 {
        let mut segments = self.segments.values();
        let charged = segments.find(|one| one.invoice_line_id == Some(line.id));
        charged.map_or(line.net_minor.max(0), Segment::own_minor)
    }

    /// What can still be credited of a line, in minor units before tax.
    pub fn left_of(&self, id: InvoiceLineId) -> Result<i64> {
        let line = self.lines.get(&id).ok_or(Error::NotFound)?;
        let invoice = self.invoices.get(&line.invoice_id).ok_or(Error::NotFound)?;
        let credited = self.credited_net.get(&invoice.id).copied();
        let most = creditable_net(invoice, credited.unwrap_or_default())?;
        Ok((self.own(line) - line.credited_net_minor).min(most).max(0))
    }

    /// Credits a line by an amount.
    pub fn credit(&mut self, part: &LineCredit) -> Result<()> {
        let line = self.lines.get(&part.line).ok_or(Error::NotFound)?;
        let all = ServicePeriod {
            from: line.service_from,
            to: line.service_to,
        };
        let within = |days: ServicePeriod| all.rest_from(days.from).until(days.to);
        let own = self.own(line);
        let service = part.days.map_or(all, within);
        self.take((part.line, own), part.net_minor, service)
            .map(drop)
    }

    fn take(
        &mut self,
        (id, own): (InvoiceLineId, i64),
        wanted: i64,
        service: ServicePeriod,
    ) -> Result<i64> {
        let Some(line) = self.lines.get_mut(&id) else {
            return Ok(0);
        };
        let Some(invoice) = self.invoices.get_mut(&line.invoice_id) else {
            return Ok(0);
        };
        let credited_net = self.credited_net.entry(invoice.id).or_default();
        let most = (own - line.credited_net_minor).min(creditable_net(invoice, *credited_net)?);
        let net_minor = wanted.min(most);
        if net_minor <= 0 {
            return Ok(0);
        }
        let tax_minor = invoice.tax_with(*credited_net, net_minor)?;
        line.credited_net_minor += net_minor;
        invoice.credited_minor += net_minor + tax_minor;
        *credited_net += net_minor;
        let invoice = invoice.id;
        self.parts.push(Part {
            line: id,
            invoice,
            service,
            net_minor,
            tax_minor,
        });
        Ok(net_minor)
    }

    /// Adds the note up and splits it between what is due and the customer's credit; gives the
    /// invoices it touches as they are now, oldest first.
    pub fn dispose(&mut self, note: &mut CreditNote, how: Disposition) -> Result<Vec<Invoice>> {
        for part in &self.parts {
            note.net_minor += part.net_minor;
            note.tax_minor += part.tax_minor;
        }
        note.total_minor = note.net_minor + note.tax_minor;
        let mut ids: Vec<InvoiceId> = self.parts.iter().map(|part| part.invoice).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut touched = Vec::new();
        for id in ids {
            let before = self.credited_before.get(&id).copied().unwrap_or_default();
            if let Some(invoice) = self.invoices.get_mut(&id) {
                let taken = invoice.credited_minor - before;
                let kept = invoice.kept_minor() + taken;
                let split = how.split(taken, invoice.due_minor(), kept);
                let (reduces, rest) = split.map_err(|most| {
                    let most = Money::new(most.most_minor, invoice.currency);
                    let why =
                        format!("Of what was paid on this invoice, {most} can be given back.");
                    Error::on("disposition", why)
                })?;
                invoice.reduced_minor += reduces;
                if note.commission_rule == CommissionRule::ProtectPartner {
                    invoice.protected_moved_minor += rest;
                }
                note.reduces_due_minor += reduces;
                note.customer_credit_minor += rest;
                touched.push(invoice.clone());
            }
        }
        if how == Disposition::DueThenRefund {
            note.refunded_minor = note.customer_credit_minor;
        }
        Ok(touched)
    }

    pub fn note_lines(&self, tx: &Tx<'_, VendorScope>, note: &CreditNote) -> Vec<CreditNoteLine> {
        let line = |part: &Part| CreditNoteLine {
            id: tx.fresh_id(),
            partner_id: note.partner_id,
            credit_note_id: note.id,
            invoice_id: part.invoice,
            invoice_line_id: part.line,
            service_from: part.service.from,
            service_to: part.service.to,
            net_minor: part.net_minor,
            tax_minor: part.tax_minor,
        };
        self.parts.iter().map(line).collect()
    }

    /// The lines that were credited, as they are now.
    pub fn touched_lines(&mut self, rule: CommissionRule) -> Vec<InvoiceLine> {
        if rule == CommissionRule::ProtectPartner {
            for part in &self.parts {
                if let Some(line) = self.lines.get_mut(&part.line) {
                    line.protected_net_minor += part.net_minor;
                }
            }
        }
        let mut ids: Vec<InvoiceLineId> = self.parts.iter().map(|part| part.line).collect();
        ids.sort_unstable();
        ids.dedup();
        let touched = ids.into_iter().filter_map(|id| self.lines.get(&id));
        touched.cloned().collect()
    }
}

/// The most net that can still be credited on an invoice: what was refunded has gone back already.
fn creditable_net(invoice: &Invoice, credited_net: i64) -> Result<i64> {
    let open = invoice.net_minor - credited_net;
    if invoice.refunded_minor == 0 || invoice.total_minor == 0 {
        return Ok(open);
    }
    let most = invoice.creditable_minor();
    let share = i128::from(most.max(0)) * i128::from(invoice.net_minor);
    let share = share / i128::from(invoice.total_minor);
    let mut net = i64::try_from(share).unwrap_or(open).min(open);
    // Rounding of the tax can make the estimate a unit or two too large.
    while net > 0 && net + invoice.tax_with(credited_net, net)? > most {
        net -= 1;
    }
    Ok(net)
}
