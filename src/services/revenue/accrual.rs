//! Commission follows cash: after anything that moves an invoice's money, what its lines should
//! have earned by now is compared with what is posted, and the difference is posted.
use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::{
    books::Books,
    caps::{Capped, Caps, OnLine},
    claims::{OfLines, Who, claims, is_of_record, own, who},
    clawbacks, locking, renewals, spiffs,
};
use crate::{
    Error, Result,
    domain::{
        Currency, Period, Ratio,
        commission::{
            Accrual, EntryKind, Part, accrue_claims, matures_on, posting_period,
            reversal_matures_on, reverse_newest_first,
        },
        shares::allocate,
    },
    id::{
        CommissionClauseId, CommissionEntryId, InvoiceId, InvoiceLineId, PartnerId, SubscriptionId,
    },
    store::{
        Tx, VendorScope,
        incentivize::entries::{self, Entry, SourceKind},
        revenue::{
            credit_notes,
            invoices::{self, Invoice, InvoiceLine},
            parts, subscriptions,
        },
    },
};

/// What moved an invoice's money, and on which day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    pub kind: SourceKind,
    pub id: i64,
    pub on: NaiveDate,
}

/// One line that earns, its clause, for whom, and the entries so far.
struct Earner<'a> {
    line: &'a InvoiceLine,
    clause: CommissionClauseId,
    who: Who<'a>,
    /// Of this line and for whom it is.
    posted: &'a [Entry],
    /// Of this line, whoever it is for.
    all: &'a [Entry],
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
    ledger.caps = Caps::of(tx, books, &ledger.earners(&currencies))?;
    for moved in moves {
        ledger.accrue(&*tx, books, moved)?;
    }
    let rewards = spiffs::earn(tx, books, moves)?;
    let gives_back = |one: &Moved| one.source.kind == SourceKind::Refund;
    let claws_back = books.claws_back() || !rewards.is_empty() || moves.iter().any(gives_back);
    ledger.new.extend(rewards);
    let bonuses = renewals::earn(tx, books, moves, &ledger.renewed)?;
    ledger.new.extend(bonuses);
    let count = ledger.new.len();
    invoices::settle_lines(tx, ledger.changed())?;
    locking::post(tx, ledger.new)?;
    if claws_back {
        clawbacks::follow(tx, books, moves)?;
    }
    Ok(count)
}

/// What collects an invoice that asks for nothing.
pub(super) fn of_nothing(
    books: &Books,
    invoice: &Invoice,
    clause: Option<CommissionClauseId>,
) -> Option<Source> {
    let plan = books.plan_of(clause.filter(|_| invoice.total_minor == 0)?)?;
    Some(Source {
        kind: SourceKind::Plan,
        id: plan.number(),
        on: invoice.issued_on,
    })
}

/// New invoices that ask for nothing are paid as they are issued: what is earned for that, by the
/// unit or for a renewed term, is posted at once.
pub(super) fn collect_nothing(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    made: &[Invoice],
) -> Result<()> {
    let free: Vec<&Invoice> = made.iter().filter(|one| one.total_minor == 0).collect();
    if free.is_empty() {
        return Ok(());
    }
    let sold: Vec<SubscriptionId> = free.iter().map(|one| one.subscription_id).collect();
    let sold = subscriptions::of_ids(tx, &sold)?;
    let moves = free.into_iter().filter_map(|invoice| {
        let of = sold.iter().find(|one| one.id == invoice.subscription_id)?;
        Some(Moved {
            invoice: invoice.clone(),
            source: Source {
                kind: SourceKind::Plan,
                id: of.commission_plan_version_id?.number(),
                on: invoice.issued_on,
            },
            is_first: false,
        })
    });
    let moves: Vec<Moved> = moves.collect();
    accrue_all(tx, books, &moves)?;
    Ok(())
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
    /// The days on which they charge for renewed terms.
    renewed: renewals::Days,
    of: OfLines,
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
        let renewed = renewals::days(&lines);
        lines.retain(InvoiceLine::earns);
        let firsts = moves.iter().filter(|one| one.is_first);
        let firsts: HashSet<InvoiceId> = firsts.map(|one| one.invoice.id).collect();
        let known = lines
            .iter()
            .filter(|line| !firsts.contains(&line.invoice_id));
        let ids: Vec<InvoiceLineId> = known.map(|line| line.id).collect();
        let shared = lines.iter().filter(|line| line.shared);
        let shared: Vec<InvoiceLineId> = shared.map(|line| line.id).collect();
        let some_days = lines.iter().filter(|line| line.earns_for_some_days());
        let some_days: Vec<InvoiceLineId> = some_days.map(|line| line.id).collect();
        let mut ledger = Self {
            of: OfLines {
                parts: parts::of_lines(tx, &shared)?,
                credited: credit_notes::days_credited(tx, &some_days)?,
            },
            renewed,
            ..Self::default()
        };
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
        let earning = claims(lines, &self.of, &self.posted)?;
        let accruals = accrue_claims(&moved.invoice.state(), &earning).map_err(Error::fault)?;
        let poster = Poster {
            tx,
            books,
            invoice: &moved.invoice,
            source: moved.source,
        };
        let mut posted = Vec::new();
        for ((line, (_, claims)), accruals) in lines.iter_mut().zip(&earning).zip(&accruals) {
            let Some(clause) = line.commission_clause_id else {
                continue;
            };
            let mut on_line = Vec::new();
            for (claim, accrual) in claims.iter().zip(accruals) {
                if accrual.is_nothing() {
                    continue;
                }
                let all = self.posted.get(&line.id).map_or(&[][..], Vec::as_slice);
                let earner = Earner {
                    who: who(claim, self.of.parts.get(&line.id)),
                    posted: &own(line, claim, all),
                    line,
                    clause,
                    all,
                };
                let new = poster.post(&earner, accrual)?;
                let minor: i64 = new.iter().map(|entry| entry.amount_minor).sum();
                if is_of_record(line, claim) {
                    line.commission_minor += minor;
                    self.changed.insert(line.id);
                }
                self.posted.entry(line.id).or_default().extend(new.clone());
                on_line.extend(new);
            }
            if !on_line.is_empty() {
                posted.push((line.id, line.partner_id, on_line));
            }
        }
        self.cap(tx, books, posted)
    }

    /// Caps what one posting brought on these lines, and keeps all of it.
    fn cap(
        &mut self,
        tx: &Tx<'_, VendorScope>,
        books: &Books,
        posted: Vec<(InvoiceLineId, PartnerId, Vec<Entry>)>,
    ) -> Result<()> {
        let lines = posted.iter().map(|(line, seller, new)| {
            let all = self.posted.get(line).map_or(&[][..], Vec::as_slice);
            let (known, _) = all.split_at(all.len().saturating_sub(new.len()));
            OnLine {
                seller: *seller,
                known,
                new,
            }
        });
        let lines: Vec<OnLine<'_>> = lines.collect();
        let capped = self.caps.follow(tx, books, &lines)?;
        for ((line, _, new), capped) in posted.into_iter().zip(capped) {
            let all = self.posted.entry(line).or_default();
            all.extend(capped.iter().cloned());
            self.new.extend(new.into_iter().chain(capped));
        }
        Ok(())
    }

    /// Who earns under which clause, in what, and for which months.
    fn earners(&self, currencies: &HashMap<InvoiceId, Currency>) -> Vec<Capped> {
        let lines = self.lines.values().flatten();
        let known = lines.filter_map(|line| {
            let currency = currencies.get(&line.invoice_id)?;
            Some((line, line.commission_clause_id?, *currency))
        });
        known
            .flat_map(|(line, clause, currency)| {
                let parts = self.of.parts.get(&line.id).into_iter().flatten();
                let others = parts.filter(|part| !part.part.is_override());
                let all = others.map(|part| part.partner_id).chain([line.partner_id]);
                let month = Period::of(line.service_from);
                all.map(move |who| Capped {
                    clause,
                    who,
                    currency,
                    month,
                })
            })
            .collect()
    }

    fn changed(&self) -> impl Iterator<Item = &InvoiceLine> {
        let lines = self.lines.values().flatten();
        lines.filter(|line| self.changed.contains(&line.id))
    }
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
        let done = earner.posted.iter().filter(|entry| entry.is_earning());
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
        let wanted = accrual.delta_minor.abs();
        let (due, exact) = match earner.posted.iter().any(Entry::is_for_leaving) {
            false => (wanted, exact),
            // What went back because the customer left does not go back again.
            true => {
                let left: i64 = open.iter().map(|(_, left)| left).sum();
                let due = wanted.min(left.max(0));
                (due, Ratio::from_int(-due * sign))
            }
        };
        if due == 0 {
            return Ok(Vec::new());
        }
        let parts = reverse_newest_first(&open, -due);
        if parts.iter().map(|(_, part)| part).sum::<i64>() != -due {
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
        let same = earner.all.iter().filter(|entry| {
            entry.source_kind == self.source.kind && entry.source_id == self.source.id
        });
        same.map(|entry| entry.seq).max().unwrap_or_default() + 1
    }

    fn entry(&self, earner: &Earner<'_>, kind: EntryKind) -> Entry {
        let due = Period::of(self.source.on);
        Entry {
            id: self.tx.fresh_id(),
            partner_id: earner.who.partner,
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
            rate_bps: match earner.who.part {
                Part::OnRevenue(rate) => rate.bps(),
                _ => earner.line.rate_bps,
            },
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
            part: earner.who.part,
            about: earner.who.about.to_owned(),
            seller_id: None,
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
