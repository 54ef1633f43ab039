//! Volume: what a partner's revenue earns beyond its clause's rate, over a month, a quarter or a
//! year, settled as each month closes. What is given back later takes its part of that along, at
//! the rate it brought or by the steps anew, and no closed month is reckoned anew.
mod notes;
mod reckon;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(in crate::services) use self::reckon::{Settled, groups, settled};
use self::{
    notes::note,
    reckon::{Group, due, followed},
};
use super::books::Books;
use crate::{
    Result,
    domain::{
        Currency, Period, Rate, Ratio,
        commission::{
            EntryKind, Part,
            tally::{Key, Tally},
            volume::Volume,
        },
    },
    id::{CommissionClauseId, CommissionEntryId, PartnerId},
    store::{
        Tx, VendorScope,
        incentivize::entries::{self, Counted, Entry, SourceKind},
        recruit::partners,
    },
};

/// Partners looked at together.
const CHUNK: usize = 100;

/// What a clause with steps says.
#[derive(Debug, Clone, Copy)]
pub(in crate::services) struct VolumeTerms {
    /// Its place in its plan.
    pub seq: i32,
    /// Its own rate.
    pub rate: Rate,
    /// Its steps.
    pub volume: Volume,
    /// Days from a payment to the day its commission is payable.
    pub hold_days: u32,
    /// Through which month, by its key, what a distributor gets out of the commission counted as
    /// that much less revenue.
    pub carved_through: i32,
    /// Through which month, by its key, steps were settled with the seller alone.
    pub unshared_through: i32,
}

impl VolumeTerms {
    /// The first of the months that count together with one.
    fn first(&self, month: Period) -> Period {
        self.volume.span.first(month)
    }
}

/// Clauses with steps, by their id.
type Terms = HashMap<CommissionClauseId, VolumeTerms>;

/// The entries by which a month's close settles what the steps of clauses bring by then, and what
/// goes back of earlier months. Asks nothing where no clause has steps.
pub(super) fn settling(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    month: Period,
) -> Result<Vec<Entry>> {
    let terms = books.volumes();
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let clauses: Vec<CommissionClauseId> = terms.keys().copied().collect();
    let mut posted: BTreeMap<PartnerId, Vec<Counted>> = BTreeMap::new();
    for one in entries::of_clauses(tx, &clauses, month)? {
        posted.entry(one.seller).or_default().push(one);
    }
    let sellers: Vec<PartnerId> = posted.keys().copied().collect();
    let mut new = Vec::new();
    for some in sellers.chunks(CHUNK) {
        let now = some.iter().filter_map(|seller| posted.remove(seller));
        let now = now.flatten().collect();
        let known = with_earlier(tx, terms, (month, some), now)?;
        for ((clause, seller), of) in groups(whose(&known), terms) {
            let Some(terms) = terms.get(&clause) else {
                continue;
            };
            for settled in due(&of, terms, month)? {
                new.push(entry(tx, (clause, seller), terms, &settled));
            }
        }
    }
    name_sellers(tx, &mut new)?;
    Ok(new)
}

/// A distributor is told whose steps it has its share in.
fn name_sellers(tx: &mut Tx<'_, VendorScope>, new: &mut [Entry]) -> Result<()> {
    let sellers: BTreeSet<PartnerId> = new.iter().filter_map(|entry| entry.seller_id).collect();
    let mut names = HashMap::new();
    for some in Vec::from_iter(sellers).chunks(CHUNK) {
        names.extend(partners::names(tx, some)?);
    }
    for entry in new {
        let name = entry.seller_id.and_then(|seller| names.get(&seller));
        entry.about = name.cloned().unwrap_or_default();
    }
    Ok(())
}

fn whose(all: &[Counted]) -> impl Iterator<Item = (PartnerId, &Entry)> {
    all.iter().map(|one| (one.seller, &one.entry))
}

/// Some sellers' entries of a month, with those of the earlier months that count together with it;
/// and with all earlier ones of whom anything went back after such months.
fn with_earlier(
    tx: &mut Tx<'_, VendorScope>,
    terms: &Terms,
    (month, sellers): (Period, &[PartnerId]),
    mut known: Vec<Counted>,
) -> Result<Vec<Counted>> {
    for (first, clauses) in spanning(terms, month) {
        let earlier = entries::of_clauses_between(tx, (&clauses[..], sellers), (first, month))?;
        known.extend(earlier);
    }
    let ids: BTreeSet<CommissionEntryId> = known.iter().map(|one| one.entry.id).collect();
    let is_late = |one: &&Counted| one.entry.reverses_id.is_some_and(|id| !ids.contains(&id));
    let late: BTreeSet<PartnerId> = known.iter().filter(is_late).map(|one| one.seller).collect();
    if late.is_empty() {
        return Ok(known);
    }
    known.retain(|one| one.entry.posting_period >= month || !late.contains(&one.seller));
    let clauses: Vec<CommissionClauseId> = terms.keys().copied().collect();
    let whose = (&clauses[..], &Vec::from_iter(late)[..]);
    known.extend(entries::of_clauses_before(tx, whose, month)?);
    Ok(known)
}

/// The clauses whose steps count earlier months together with one, by the first of those.
fn spanning(terms: &Terms, month: Period) -> BTreeMap<Period, Vec<CommissionClauseId>> {
    let mut found: BTreeMap<Period, Vec<CommissionClauseId>> = BTreeMap::new();
    for (clause, terms) in terms {
        let first = terms.first(month);
        if first < month {
            found.entry(first).or_default().push(*clause);
        }
    }
    found
}

/// Lets tallies go on from what was earned before a month in those that count together with it.
/// Asks nothing where no clause counts more than a month.
///
/// # Errors
/// Faults of the database, and amounts that do not fit.
pub(super) fn go_on(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (month, tallies): (Period, &mut [&mut Tally]),
) -> Result<()> {
    let terms = books.volumes();
    let before = spanning(terms, month);
    let mut partners = BTreeSet::new();
    for (first, clauses) in &before {
        partners.extend(entries::partners_of_clauses(tx, clauses, (*first, month))?);
    }
    let partners = Vec::from_iter(partners);
    for some in partners.chunks(CHUNK) {
        let known = with_earlier(tx, terms, (month, some), Vec::new())?;
        for ((clause, partner), of) in groups(whose(&known), terms) {
            let Some(terms) = terms.get(&clause) else {
                continue;
            };
            let first = terms.first(month);
            let key = Key {
                who: partner.number(),
                currency: terms.volume.currency,
                month: first,
            };
            let mut all = followed(&of, terms, month.previous())?;
            if let Some(one) = all.remove(&first).filter(|_| first < month) {
                for tally in tallies.iter_mut() {
                    tally.go_on(clause.number(), key, one.course.clone());
                }
            }
        }
    }
    Ok(())
}

fn entry(
    tx: &Tx<'_, VendorScope>,
    (clause, seller): Group,
    terms: &VolumeTerms,
    settled: &Settled,
) -> Entry {
    let currency: Currency = terms.volume.currency;
    let month = settled.turn.month;
    let on = month.last_day();
    Entry {
        id: tx.fresh_id(),
        partner_id: settled.share.map_or(seller, |(distributor, _)| distributor),
        customer_id: None,
        subscription_id: None,
        invoice_id: None,
        invoice_line_id: None,
        commission_clause_id: Some(clause),
        kind: EntryKind::Volume,
        source_kind: SourceKind::Plan,
        source_id: clause.number(),
        seq: settled.seq(),
        base_minor: 0,
        rate_bps: 0,
        exact: Ratio::from_int(settled.minor),
        amount_minor: settled.minor,
        currency,
        paid_on: on,
        earned_period: settled.of,
        due_period: month,
        posting_period: month,
        matures_on: settled.matures_on,
        reverses_id: None,
        created_at: tx.now(),
        part: settled.share.map_or(Part::Whole, |(_, part)| part),
        about: String::new(),
        caps_id: None,
        note: note(terms, settled),
        seller_id: settled.share.map(|_| seller),
    }
}
