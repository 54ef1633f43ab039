//! Who claims what of a line's commission, and which entries are theirs.
use std::{borrow::Cow, collections::HashMap};

use crate::{
    Result,
    domain::commission::{Claim, DaysCredited, EarningLine, LineTerms, Part},
    id::{CommissionClauseId, Id, InvoiceLineId, PartnerId},
    store::{
        incentivize::entries::Entry,
        revenue::{invoices::InvoiceLine, parts::EarningPart},
    },
};

/// Whom a part of a line's commission is for.
pub(super) struct Who<'a> {
    pub partner: PartnerId,
    pub part: Part,
    pub about: &'a str,
}

/// Whether a claim is the partner of record's own.
pub(super) fn is_of_record(line: &InvoiceLine, claim: &Claim) -> bool {
    claim.who == line.partner_id.number() && !claim.part.is_override()
}

/// Whether an entry of a line is its partner of record's own.
pub(super) fn is_of_record_entry(line: &InvoiceLine, entry: &Entry) -> bool {
    entry.invoice_line_id == Some(line.id)
        && entry.partner_id == line.partner_id
        && !entry.part.is_override()
}

/// Whether an entry of a line is somebody's, in the role in which they claim.
fn is_whose(entry: &Entry, claim: (PartnerId, Part)) -> bool {
    entry.partner_id == claim.0 && entry.part.is_override() == claim.1.is_override()
}

/// The entries of a line that are for one claim.
pub(super) fn own<'e>(line: &InvoiceLine, claim: &Claim, all: &'e [Entry]) -> Cow<'e, [Entry]> {
    if !line.shared {
        return Cow::Borrowed(all);
    }
    let of = (Id::of(claim.who), claim.part);
    Cow::Owned(
        all.iter()
            .filter(|entry| is_whose(entry, of))
            .cloned()
            .collect(),
    )
}

/// Whom a claim is for, and what they are told of it.
pub(super) fn who<'p>(claim: &Claim, parts: Option<&'p Vec<EarningPart>>) -> Who<'p> {
    let partner = Id::of(claim.who);
    let its = parts.into_iter().flatten();
    let mut its = its.filter(|one| (one.partner_id, one.part) == (partner, claim.part));
    Who {
        partner,
        part: claim.part,
        about: its.next().map_or("", |one| one.about.as_str()),
    }
}

/// What lines' commission rests on beside themselves.
#[derive(Default)]
pub(in crate::services) struct OfLines {
    /// Who earns on lines that not their partner of record alone earns on.
    pub parts: HashMap<InvoiceLineId, Vec<EarningPart>>,
    /// For which days lines were credited that earn for some of theirs.
    pub credited: HashMap<InvoiceLineId, Vec<DaysCredited>>,
}

/// The lines as the rule of accrual sees them, each with those who earn on it.
///
/// # Errors
/// A stored rate out of range; amounts that do not fit.
pub(in crate::services) fn claims(
    lines: &[InvoiceLine],
    of: &OfLines,
    posted: &HashMap<InvoiceLineId, Vec<Entry>>,
) -> Result<Vec<(EarningLine, Vec<Claim>)>> {
    lines
        .iter()
        .map(|line| {
            let entries = posted.get(&line.id).map_or(&[][..], Vec::as_slice);
            let whole = [(line.partner_id, Part::Whole)];
            let parts = of.parts.get(&line.id).into_iter().flatten();
            let mut who: Vec<(PartnerId, Part)> =
                parts.map(|one| (one.partner_id, one.part)).collect();
            if !line.shared {
                who = whole.to_vec();
            }
            let claim = |of: (PartnerId, Part)| {
                let own = entries.iter().filter(|entry| entry.is_earning());
                let own = own.filter(|entry| is_whose(entry, of));
                Claim {
                    who: of.0.number(),
                    part: of.1,
                    posted_minor: own.clone().map(|entry| entry.amount_minor).sum(),
                    posted_base_minor: own.map(|entry| entry.base_minor).sum(),
                }
            };
            let credits = of.credited.get(&line.id).map_or(&[][..], Vec::as_slice);
            let earning = earning_line(line, (clause_of(line), line.terms()?), credits)?;
            Ok((earning, who.into_iter().map(claim).collect()))
        })
        .collect()
}

/// The number of the clause that a line was billed under; zero where none held.
pub(super) fn clause_of(line: &InvoiceLine) -> i64 {
    let clause = line.commission_clause_id;
    clause.map_or(0, CommissionClauseId::number)
}

/// A line as the rule of accrual sees it under a clause, given for which of its days it was
/// credited.
pub(super) fn earning_line(
    line: &InvoiceLine,
    (clause, terms): (i64, LineTerms),
    credits: &[DaysCredited],
) -> Result<EarningLine> {
    Ok(EarningLine {
        credited_net_minor: line.credited_net_minor,
        protected_net_minor: line.protected_net_minor,
        earning_days: terms.share.of_line(line.service()),
        credited_beside: terms.beside((line.service(), line.net_minor), credits)?,
        ..EarningLine::new(line.net_minor, clause, terms)
    })
}
