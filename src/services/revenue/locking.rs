//! What entries come to in the currency their partner is paid in: converted as they are written, at
//! the rate of the day they are of, and never again. What takes an entry back, or caps it, goes by
//! the conversion of that entry; so does what steps take back of what they brought.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{
        Currency, Money, Overflow, Period, counted, date_words,
        payable::{FxRate, Payable, RATE_DAYS},
    },
    id::{CommissionEntryId, FxRateId, PartnerId},
    store::{
        Tx, VendorScope,
        incentivize::{
            conversions::{self, Conversion},
            entries::{self, Entry, StepsOf},
            fx_rates,
            payout_currencies::{self, PaidIn},
        },
    },
};

/// A rate that is not on record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The day it is asked for.
    pub on: NaiveDate,
    /// What one unit is of.
    pub from: Currency,
    /// What it is worth so much of.
    pub to: Currency,
}

impl Missing {
    /// What to do, in a sentence.
    pub fn words(&self) -> String {
        format!(
            "There is no rate from {} to {} for {}. Set one of that day, or of up to {} before, under Months, Exchange rates.",
            self.from,
            self.to,
            date_words(self.on),
            counted(RATE_DAYS - 1, "day", "days")
        )
    }
}

/// What entries come to in other currencies, and which rates that takes besides.
#[derive(Debug, Default)]
pub(super) struct Reckoned {
    /// The conversions of those that can be converted.
    pub conversions: Vec<Conversion>,
    /// What is missing for the others.
    pub missing: BTreeSet<Missing>,
}

/// Posts entries, each with its conversion where its partner is paid in another currency. Where the
/// rate is missing, that is left to whoever adds it, and to the close.
///
/// # Errors
/// Faults of the database, and amounts that do not fit.
pub(in crate::services) fn post(tx: &mut Tx<'_, VendorScope>, new: Vec<Entry>) -> Result<()> {
    let reckoned = reckon(tx, &new)?;
    entries::post(tx, new)?;
    conversions::add(tx, reckoned.conversions)
}

/// Converts what was posted by the end of a month and waits for a rate that is there by now; gives
/// what is missing still.
///
/// # Errors
/// Faults of the database, and amounts that do not fit.
pub(in crate::services) fn catch_up(
    tx: &mut Tx<'_, VendorScope>,
    month: Period,
) -> Result<BTreeSet<Missing>> {
    let waiting = waiting(tx, month)?;
    let reckoned = reckon(tx, &waiting)?;
    conversions::add(tx, reckoned.conversions)?;
    Ok(reckoned.missing)
}

/// Refuses to go on where a rate is missing.
///
/// # Errors
/// [`Error::Conflict`] that names the first that is missing, and how many others are.
pub(super) fn refuse(missing: &BTreeSet<Missing>) -> Result<()> {
    let Some(first) = missing.first() else {
        return Ok(());
    };
    let others = match missing.len() {
        1 => String::new(),
        many => format!(" {} more are missing.", many - 1),
    };
    Err(Error::conflict(format!("{}{others}", first.words())))
}

/// What is missing for entries posted by the end of a month. Writes nothing.
///
/// # Errors
/// Faults of the database, and amounts that do not fit.
pub(in crate::services) fn missing(
    tx: &mut Tx<'_, VendorScope>,
    month: Period,
) -> Result<BTreeSet<Missing>> {
    let waiting = waiting(tx, month)?;
    Ok(reckon(tx, &waiting)?.missing)
}

/// The entries posted by the end of a month that may wait for a rate.
pub(super) fn waiting(tx: &mut Tx<'_, VendorScope>, month: Period) -> Result<Vec<Entry>> {
    let partners = payout_currencies::partners(tx)?;
    conversions::unconverted(tx, &partners, month)
}

/// What entries that are not converted come to in the currency of their payout; those paid as they
/// are earned are in neither list. Writes nothing.
///
/// # Errors
/// Faults of the database, and amounts that do not fit.
pub(super) fn reckon(tx: &mut Tx<'_, VendorScope>, of: &[Entry]) -> Result<Reckoned> {
    let partners: BTreeSet<PartnerId> = of.iter().map(|entry| entry.partner_id).collect();
    let paid_in = payout_currencies::of(tx, &Vec::from_iter(partners))?;
    let of: Vec<&Entry> = of
        .iter()
        .filter(|entry| paid_in.contains_key(&entry.partner_id))
        .collect();
    if of.is_empty() {
        return Ok(Reckoned::default());
    }
    let mut desk = Desk::of(tx, &of, paid_in)?;
    let mut reckoned = Reckoned::default();
    // What an entry follows was written before it.
    let of: BTreeMap<CommissionEntryId, &Entry> =
        of.into_iter().map(|entry| (entry.id, entry)).collect();
    for entry in of.values() {
        match desk.convert(tx, entry)? {
            Outcome::AsEarned => {}
            Outcome::Converted(one) => {
                desk.keep(Conversion::clone(&one));
                reckoned.conversions.push(*one);
            }
            Outcome::Missing(one) => {
                reckoned.missing.insert(one);
            }
        }
    }
    Ok(reckoned)
}

enum Outcome {
    /// It is paid in the currency it was earned in.
    AsEarned,
    Converted(Box<Conversion>),
    Missing(Missing),
}

/// A rate as it is fixed on an entry.
#[derive(Clone)]
struct Fixed {
    id: FxRateId,
    rate: FxRate,
    on: NaiveDate,
    source: String,
}

/// What conversions are reckoned from.
struct Desk {
    paid_in: HashMap<PartnerId, Vec<PaidIn>>,
    /// The entries, and whatever they take back or cap.
    entries: HashMap<CommissionEntryId, Entry>,
    /// What steps brought, of which some take back.
    steps: HashMap<StepsOf, CommissionEntryId>,
    done: HashMap<CommissionEntryId, Conversion>,
    /// What was converted back of an entry, in what it is in.
    taken_back: HashMap<CommissionEntryId, i64>,
    rates: HashMap<(Currency, Currency, NaiveDate), Option<Fixed>>,
}

impl Desk {
    fn of(
        tx: &mut Tx<'_, VendorScope>,
        of: &[&Entry],
        paid_in: HashMap<PartnerId, Vec<PaidIn>>,
    ) -> Result<Self> {
        let mut entries: HashMap<_, _> = of.iter().map(|one| (one.id, (*one).clone())).collect();
        let brought = brought(tx, of)?;
        entries.extend(brought.into_iter().map(|one| (one.id, one)));
        let steps = entries.values();
        let steps = steps.filter_map(|one| Some((one.steps()?, one.id)));
        let steps = steps.collect();
        let mut wanted = unknown(&entries);
        while !wanted.is_empty() {
            let found = entries::of_ids(tx, &wanted)?;
            entries.extend(found.into_iter().map(|one| (one.id, one)));
            let still = unknown(&entries);
            if still == wanted {
                return Err(Error::fault("an entry follows one that is not there"));
            }
            wanted = still;
        }
        let ids: Vec<CommissionEntryId> = entries.keys().copied().collect();
        Ok(Self {
            done: conversions::of(tx, &ids)?,
            taken_back: conversions::taken_back(tx, &ids)?,
            rates: HashMap::new(),
            paid_in,
            steps,
            entries,
        })
    }

    fn keep(&mut self, one: Conversion) {
        if let Some(reversed) = one.reverses_id {
            *self.taken_back.entry(reversed).or_default() += one.earned_minor;
        }
        self.done.insert(one.commission_entry_id, one);
    }

    /// The entry that says by which day's terms one is paid: the first of those it follows.
    fn root<'a>(&'a self, entry: &'a Entry) -> &'a Entry {
        let mut root = entry;
        while let Some(next) = self.before(root).and_then(|id| self.entries.get(&id)) {
            root = next;
        }
        root
    }

    /// The entry that one takes back.
    fn reversed(&self, entry: &Entry) -> Option<CommissionEntryId> {
        let steps = || self.steps.get(&entry.steps_taken_back()?).copied();
        entry.reverses_id.or_else(steps)
    }

    /// The entry that one takes back or caps.
    fn before(&self, entry: &Entry) -> Option<CommissionEntryId> {
        self.reversed(entry).or(entry.caps_id)
    }

    fn target(&self, entry: &Entry, on: NaiveDate) -> Result<Option<Currency>> {
        let all = self.paid_in.get(&entry.partner_id);
        let held = all.and_then(|all| payout_currencies::on(all, on));
        let currency = held.map(PaidIn::currency).transpose()?.flatten();
        Ok(currency.filter(|currency| *currency != entry.currency))
    }

    fn convert(&mut self, tx: &mut Tx<'_, VendorScope>, entry: &Entry) -> Result<Outcome> {
        let on = self.root(entry).paid_on;
        let Some(to) = self.target(entry, on)? else {
            return Ok(Outcome::AsEarned);
        };
        let fixed = match self.before(entry) {
            None => self.in_force(tx, (entry.currency, to), on)?,
            Some(id) => self.done.get(&id).map(fixed).transpose()?,
        };
        let Some(fixed) = fixed else {
            let from = entry.currency;
            return Ok(Outcome::Missing(Missing { on, from, to }));
        };
        let payable_minor = self.payable(entry, &fixed, to)?;
        Ok(Outcome::Converted(Box::new(Conversion {
            id: tx.fresh_id(),
            partner_id: entry.partner_id,
            commission_entry_id: entry.id,
            reverses_id: self.reversed(entry),
            fx_rate_id: fixed.id,
            earned_currency: entry.currency,
            earned_minor: entry.amount_minor,
            currency: to,
            payable_minor,
            rate_nano: fixed.rate.nano(),
            rated_on: fixed.on,
            source: fixed.source,
            created_at: tx.now(),
        })))
    }

    fn payable(&self, entry: &Entry, fixed: &Fixed, to: Currency) -> Result<i64, Overflow> {
        let reversed = self.reversed(entry).and_then(|id| self.done.get(&id));
        match reversed {
            Some(original) => {
                let before = self.taken_back.get(&original.commission_entry_id);
                taken_back(
                    original,
                    before.copied().unwrap_or_default(),
                    entry.amount_minor,
                )
            }
            None => {
                let earned = Money::new(entry.amount_minor, entry.currency);
                Ok(fixed.rate.convert(earned, to)?.minor())
            }
        }
    }

    fn in_force(
        &mut self,
        tx: &mut Tx<'_, VendorScope>,
        (from, to): (Currency, Currency),
        on: NaiveDate,
    ) -> Result<Option<Fixed>> {
        if let Some(known) = self.rates.get(&(from, to, on)) {
            return Ok(known.clone());
        }
        let found = fx_rates::in_force(tx, (from, to), on)?;
        let found = found.map(|found| {
            Ok::<_, Error>(Fixed {
                id: found.id,
                rate: found.rate()?,
                on: found.rated_on,
                source: found.source,
            })
        });
        let found = found.transpose()?;
        self.rates.insert((from, to, on), found.clone());
        Ok(found)
    }
}

/// What steps brought of which some of these entries take back.
fn brought(tx: &mut Tx<'_, VendorScope>, of: &[&Entry]) -> Result<Vec<Entry>> {
    let back = of.iter().filter_map(|entry| entry.steps_taken_back());
    let (clauses, partners): (BTreeSet<_>, BTreeSet<_>) =
        back.map(|(clause, partner, ..)| (clause, partner)).unzip();
    if clauses.is_empty() {
        return Ok(Vec::new());
    }
    let (clauses, partners) = (Vec::from_iter(clauses), Vec::from_iter(partners));
    entries::of_steps(tx, (&clauses[..], &partners[..]))
}

fn unknown(entries: &HashMap<CommissionEntryId, Entry>) -> Vec<CommissionEntryId> {
    let before = |entry: &Entry| entry.reverses_id.or(entry.caps_id);
    let ids: BTreeSet<CommissionEntryId> = entries.values().filter_map(before).collect();
    ids.into_iter()
        .filter(|id| !entries.contains_key(id))
        .collect()
}

fn fixed(one: &Conversion) -> Result<Fixed> {
    Ok(Fixed {
        id: one.fx_rate_id,
        rate: FxRate::from_nano(one.rate_nano).map_err(Error::fault)?,
        on: one.rated_on,
        source: one.source.clone(),
    })
}

/// What goes back of a converted entry when so much of it does, after so much did before: both
/// signed, in minor units of what it was earned in.
///
/// # Errors
/// [`Overflow`] when it does not fit, or the entry came to nothing.
pub(in crate::services) fn taken_back(
    original: &Conversion,
    before: i64,
    now: i64,
) -> Result<i64, Overflow> {
    if original.earned_minor == 0 {
        return Ok(0);
    }
    let direction = original.earned_minor.signum();
    let payable = Payable {
        amount_minor: original.earned_minor,
        payable_minor: original.payable_minor,
    };
    payable.reversed(-before * direction, -now * direction)
}
