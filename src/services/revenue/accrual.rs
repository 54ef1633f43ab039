//! Commission follows cash: after anything that moves an invoice's money, what its lines should
//! have earned by now is compared with what is posted, and the difference is posted.
use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::{
    books::Books,
    caps::{Caps, is_earning},
    renewals, spiffs,
};
use crate::{
    Error, Result,
    domain::{
        Currency, Period, Ratio,
        commission::{
            Accrual, EarningLine, EntryKind, accrue, matures_on, posting_period,
            reversal_matures_on, reverse_newest_first,
        },
        shares::allocate,
    },
    id::{CommissionClauseId, CommissionEntryId, InvoiceId, InvoiceLineId},
    store::{
        Tx, VendorScope,
        incentivize::entries::{self, Entry, SourceKind},
        revenue::invoices::{self, Invoice, InvoiceLine},
    },
};

/// What moved an invoice's money, and on which day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    pub kind: SourceKind,
    pub id: i64,
    pub on: NaiveDate,
}

/// One line that earns, its clause, and its entries so far.
struct Earner<'a> {
    line: &'a InvoiceLine,
    clause: CommissionClauseId,
    posted: &'a [Entry],
}

/// An invoice as it stands after its money moved.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    pub invoice: Invoice,
    pub source: Source,
    /// Whether none of its money had moved before, so that nothing is posted yet.
    pub is_first: bool,
}

/// Posts what invoices' lines have earned (or earned too much) by now; says how many entries.
/// Asking again posts nothing. An invoice whose money moved several times is given once for each,
/// in their order.
///
/// # Errors
/// Faults of the database, and amounts that do not fit.
pub(super) fn accrue_all(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    moves: &[Moved],
) -> Result<usize> {
    let mut ledger = Ledger::of(tx, moves)?;
    let currencies = moves
        .iter()
        .map(|one| (one.invoice.id, one.invoice.currency));
    let currencies: HashMap<InvoiceId, Currency> = currencies.collect();
    let lines = ledger.lines.values().flatten();
    let lines = lines.filter_map(|line| Some((line, *currencies.get(&line.invoice_id)?)));
    ledger.caps = Caps::of(tx, books, lines)?;
    for moved in moves {
        ledger.accrue(&*tx, books, moved)?;
    }
    ledger.new.extend(spiffs::earn(tx, books, moves)?);
    let bonuses = renewals::earn(tx, books, moves, &ledger.lines)?;
    ledger.new.extend(bonuses);
    let count = ledger.new.len();
    invoices::settle_lines(tx, &ledger.changed())?;
    entries::post(tx, ledger.new)?;
    Ok(count)
}

/// As [`accrue_all`], of one.
pub(super) fn accrue_invoice(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    invoice: &Invoice,
    source: Source,
) -> Result<usize> {
    let invoice = invoice.clone();
    let moved = Moved {
        invoice,
        source,
        is_first: false,
    };
    accrue_all(tx, books, &[moved])
}

/// The lines that earn, by invoice, what is posted on each, and what is to be.
#[derive(Default)]
struct Ledger {
    lines: HashMap<InvoiceId, Vec<InvoiceLine>>,
    posted: HashMap<InvoiceLineId, Vec<Entry>>,
    changed: BTreeSet<InvoiceLineId>,
    caps: Caps,
    new: Vec<Entry>,
}

impl Ledger {
    fn of(tx: &mut Tx<'_, VendorScope>, moves: &[Moved]) -> Result<Self> {
        let mut moved: Vec<InvoiceId> = moves.iter().map(|one| one.invoice.id).collect();
        moved.sort_unstable();
        moved.dedup();
        let mut lines = invoices::lines(tx, &moved)?;
        lines.retain(InvoiceLine::earns);
        let firsts = moves.iter().filter(|one| one.is_first);
        let firsts: HashSet<InvoiceId> = firsts.map(|one| one.invoice.id).collect();
        let known = lines
            .iter()
            .filter(|line| !firsts.contains(&line.invoice_id));
        let ids: Vec<InvoiceLineId> = known.map(|line| line.id).collect();
        let mut ledger = Self::default();
        for entry in entries::of_lines(tx, &ids)? {
            if let Some(line) = entry.invoice_line_id {
                ledger.posted.entry(line).or_default().push(entry);
            }
        }
        for line in lines {
            ledger.lines.entry(line.invoice_id).or_default().push(line);
        }
        Ok(ledger)
    }

    fn accrue(&mut self, tx: &Tx<'_, VendorScope>, books: &Books, moved: &Moved) -> Result<()> {
        let Some(lines) = self.lines.get_mut(&moved.invoice.id) else {
            return Ok(());
        };
        let earning = earning_lines(lines, &self.posted)?;
        let accruals = accrue(&moved.invoice.state(), &earning)?;
        for (line, accrual) in lines.iter_mut().zip(&accruals) {
            let Some(clause) = line.commission_clause_id.filter(|_| !accrual.is_nothing()) else {
                continue;
            };
            let earner = Earner {
                line,
                clause,
                posted: self.posted.get(&line.id).map_or(&[], Vec::as_slice),
            };
            let poster = Poster {
                tx,
                books,
                invoice: &moved.invoice,
                source: moved.source,
            };
            let mut new = poster.post(&earner, accrual)?;
            let caps = self.caps.follow(tx, books, (earner.posted, &new))?;
            new.extend(caps);
            line.commission_minor += accrual.delta_minor;
            self.changed.insert(line.id);
            self.posted.entry(line.id).or_default().extend(new.clone());
            self.new.extend(new);
        }
        Ok(())
    }

    fn changed(&self) -> Vec<InvoiceLine> {
        let lines = self.lines.values().flatten();
        let changed = lines.filter(|line| self.changed.contains(&line.id));
        changed.cloned().collect()
    }
}

/// The lines as the rule of accrual sees them.
///
/// # Errors
/// A stored rate out of range.
pub(in crate::services) fn earning_lines(
    lines: &[InvoiceLine],
    posted: &HashMap<InvoiceLineId, Vec<Entry>>,
) -> Result<Vec<EarningLine>> {
    lines
        .iter()
        .map(|line| {
            let entries = posted.get(&line.id).map_or(&[][..], Vec::as_slice);
            Ok(EarningLine {
                net_minor: line.net_minor,
                credited_net_minor: line.credited_net_minor,
                protected_net_minor: line.protected_net_minor,
                clause: line
                    .commission_clause_id
                    .map_or(0, CommissionClauseId::number),
                terms: line.terms()?,
                posted_minor: line.commission_minor,
                posted_base_minor: entries.iter().map(|entry| entry.base_minor).sum(),
            })
        })
        .collect()
}

struct Poster<'a, 'c> {
    tx: &'a Tx<'c, VendorScope>,
    books: &'a Books,
    invoice: &'a Invoice,
    source: Source,
}

impl Poster<'_, '_> {
    /// What grows as the line does is earned; what goes the other way takes back earlier entries.
    fn post(&self, earner: &Earner<'_>, accrual: &Accrual) -> Result<Vec<Entry>> {
        let done = earner.posted.iter().filter(|entry| is_earning(entry));
        let done = Ratio::sum(done.map(|entry| entry.exact));
        let exact = done
            .and_then(|done| accrual.exact.minus(done))
            .unwrap_or(Ratio::from_int(accrual.delta_minor));
        if (accrual.delta_minor < 0) == (earner.line.net_minor < 0) {
            return Ok(vec![self.earned(earner, accrual, exact)]);
        }
        self.reversed(earner, accrual, exact)
    }

    fn earned(&self, earner: &Earner<'_>, accrual: &Accrual, exact: Ratio) -> Entry {
        Entry {
            base_minor: accrual.base_minor,
            exact,
            amount_minor: accrual.delta_minor,
            matures_on: matures_on(self.source.on, self.books.hold_days(earner.clause)),
            ..self.entry(earner, EntryKind::Earned)
        }
    }

    fn reversed(&self, earner: &Earner<'_>, accrual: &Accrual, exact: Ratio) -> Result<Vec<Entry>> {
        let sign = earner.line.net_minor.signum();
        let open = left_of(earner.posted, sign);
        let parts = reverse_newest_first(&open, -accrual.delta_minor.abs());
        if parts.iter().map(|(_, part)| part).sum::<i64>() != -accrual.delta_minor.abs() {
            return Err(Error::fault("a reversal is larger than what was earned"));
        }
        let weights: Vec<u64> = parts.iter().map(|(_, part)| part.unsigned_abs()).collect();
        let bases = allocate(accrual.base_minor, &weights).map_err(Error::fault)?;
        let mut rest = exact;
        let mut new = Vec::new();
        for (place, ((reversed, part), base)) in parts.iter().zip(bases).enumerate() {
            let original = earner.posted.iter().find(|entry| entry.id == *reversed);
            let original = original.ok_or_else(|| Error::fault("no entry to reverse"))?;
            let amount = part * sign;
            // The last part takes what is left, so that the exact amounts of a line add up.
            let is_last = place + 1 == parts.len();
            let exact = if is_last {
                rest
            } else {
                Ratio::from_int(amount)
            };
            rest = rest.minus(exact)?;
            new.push(Entry {
                commission_clause_id: original.commission_clause_id,
                rate_bps: original.rate_bps,
                seq: self.next_seq(earner) + i32::try_from(place).unwrap_or(i32::MAX),
                base_minor: base,
                exact,
                amount_minor: amount,
                matures_on: reversal_matures_on(self.source.on, original.matures_on),
                reverses_id: Some(*reversed),
                ..self.entry(earner, EntryKind::Reversal)
            });
        }
        Ok(new)
    }

    fn next_seq(&self, earner: &Earner<'_>) -> i32 {
        let same = earner.posted.iter().filter(|entry| {
            entry.source_kind == self.source.kind && entry.source_id == self.source.id
        });
        same.map(|entry| entry.seq).max().unwrap_or_default() + 1
    }

    fn entry(&self, earner: &Earner<'_>, kind: EntryKind) -> Entry {
        let due = Period::of(self.source.on);
        Entry {
            id: self.tx.fresh_id(),
            partner_id: self.invoice.partner_id,
            customer_id: Some(self.invoice.customer_id),
            subscription_id: Some(self.invoice.subscription_id),
            invoice_id: Some(self.invoice.id),
            invoice_line_id: Some(earner.line.id),
            commission_clause_id: Some(earner.clause),
            kind,
            source_kind: self.source.kind,
            source_id: self.source.id,
            seq: self.next_seq(earner),
            base_minor: 0,
            rate_bps: earner.line.rate_bps,
            exact: Ratio::ZERO,
            amount_minor: 0,
            currency: self.invoice.currency,
            paid_on: self.source.on,
            earned_period: Period::of(earner.line.service_from),
            due_period: due,
            posting_period: posting_period(due, self.books.first_open),
            matures_on: self.source.on,
            reverses_id: None,
            created_at: self.tx.now(),
            caps_id: None,
            note: String::new(),
        }
    }
}

/// What is left of each earned entry, newest first, as magnitudes of the line's sign.
fn left_of(posted: &[Entry], sign: i64) -> Vec<(CommissionEntryId, i64)> {
    let earned = posted
        .iter()
        .filter(|entry| entry.kind == EntryKind::Earned);
    let mut open: Vec<(CommissionEntryId, i64)> = earned
        .map(|entry| {
            let back = posted
                .iter()
                .filter(|other| other.reverses_id == Some(entry.id));
            let back: i64 = back.map(|other| other.amount_minor).sum();
            (entry.id, (entry.amount_minor + back) * sign)
        })
        .collect();
    open.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    open
}
