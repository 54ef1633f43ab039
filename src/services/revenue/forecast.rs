//! Twelve months ahead, per partner: what is committed and what is expected, by the rules that
//! bill, accrue and close.
use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::{
    billing::{Expected, Terms, expected},
    books::Books,
    guarantees::Floors,
    parties::Arranged,
    renewals, spiffs, volumes,
};
use crate::{
    Error, Result,
    domain::{
        CommissionClause, Overflow, Period, Permission, Phase, SubscriptionStatus,
        commission::{
            Claim, InvoiceState,
            tally::{self, Earned, Key, Tally},
        },
        forecast::{Coming, Sold},
    },
    id::{CommissionPlanVersionId, Id, SubscriptionId},
    store::{
        Tx, VendorScope,
        incentivize::forecasts::{self, ForecastMonth},
        revenue::{
            subscriptions::{self, Subscription},
            terms,
        },
    },
};

/// How far it looks.
const MONTHS: u32 = 12;
/// Subscriptions looked at together.
const CHUNK: i64 = 500;

/// Reckons every partner's forecast anew, from the month of a day on.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults of the database, and amounts that do not fit.
pub fn renew(tx: &mut Tx<'_, VendorScope>, today: NaiveDate) -> Result<()> {
    let rows = reckon(tx, today, &mut || Ok(()))?;
    replace(tx, rows)
}

/// Whether the forecast that stands is of a day, or of a later one.
///
/// # Errors
/// Faults of the database.
pub fn is_of(tx: &mut Tx<'_, VendorScope>, day: NaiveDate) -> Result<bool> {
    Ok(forecasts::reckoned_on(tx)?.is_some_and(|on| on >= day))
}

/// Every partner's forecast from the month of a day on, of what is there now. It takes as long as
/// there are subscriptions, and only reads, so that nobody who writes waits for it; `alive` is
/// called over and over meanwhile.
///
/// # Errors
/// [`crate::Error::Forbidden`]; those of `alive`; faults of the database, and amounts that do not
/// fit.
pub fn reckon(
    tx: &mut Tx<'_, VendorScope>,
    today: NaiveDate,
    alive: &mut dyn FnMut() -> Result<()>,
) -> Result<Vec<ForecastMonth>> {
    tx.allow(Permission::ManageSubscriptions)?;
    let books = Books::open(tx)?;
    let mut outlook = Outlook::new(clauses(tx)?, Period::of(today));
    outlook.go_on(tx, &books)?;
    let mut after = None;
    loop {
        let sold = subscriptions::live_after(tx, after, CHUNK)?;
        let Some(last) = sold.last() else {
            break;
        };
        after = Some(last.id);
        outlook.look_at(tx, &books, &sold)?;
        alive()?;
    }
    outlook.promise(tx)?;
    outlook.rows(tx, &books, today)
}

/// Puts what was [reckoned](reckon) in the place of what stands.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults of the database.
pub fn replace(tx: &mut Tx<'_, VendorScope>, rows: Vec<ForecastMonth>) -> Result<()> {
    tx.allow(Permission::ManageSubscriptions)?;
    forecasts::replace(tx, rows)
}

/// Every clause of the vendor's plans, by its number.
pub(super) fn clauses(tx: &mut Tx<'_, VendorScope>) -> Result<BTreeMap<i64, CommissionClause>> {
    let plans = terms::commission_terms(tx)?.into_values();
    let clauses = plans.flat_map(|plan| plan.clauses);
    Ok(clauses.map(|(id, one)| (id.number(), one)).collect())
}

/// What a period earns everybody once it is paid in full, line by line.
pub(super) fn paid_in_full(expected: &Expected, claims: &[Claim]) -> Result<Vec<Vec<Earned>>> {
    let state = InvoiceState {
        total_minor: expected.net_minor,
        paid_minor: expected.net_minor,
        ..InvoiceState::default()
    };
    let lines: Vec<_> = expected
        .lines
        .iter()
        .map(|line| (*line, claims.to_vec()))
        .collect();
    tally::earned(&state, &lines).map_err(Error::fault)
}

/// The months ahead, as they fill.
struct Outlook {
    first: Period,
    committed: Tally,
    expected: Tally,
    /// What customers are billed, with the partner of record: committed and expected.
    nets: BTreeMap<Key, (i64, i64)>,
    /// The subscriptions whose first period lies ahead, and its month.
    begun: Vec<(NaiveDate, Subscription)>,
}

/// What looking at some subscriptions rests on.
struct Basis<'a> {
    books: &'a Books,
    terms: Terms,
    arranged: Arranged,
    /// What a whole period charged as terms began, of those whose plan pays a bonus on renewed ones.
    billed: HashMap<(SubscriptionId, NaiveDate), i64>,
}

impl Outlook {
    fn new(clauses: BTreeMap<i64, CommissionClause>, first: Period) -> Self {
        Self {
            first,
            committed: Tally::under(clauses.clone()).since(first),
            expected: Tally::under(clauses).since(first),
            nets: BTreeMap::new(),
            begun: Vec::new(),
        }
    }

    /// Goes on from what was posted before in the months that count together for steps.
    fn go_on(&mut self, tx: &mut Tx<'_, VendorScope>, books: &Books) -> Result<()> {
        let tallies: &mut [&mut Tally] = &mut [&mut self.committed, &mut self.expected];
        volumes::go_on(tx, books, (self.first, tallies))
    }

    fn look_at(
        &mut self,
        tx: &mut Tx<'_, VendorScope>,
        books: &Books,
        sold: &[Subscription],
    ) -> Result<()> {
        let pays = |plan: &CommissionPlanVersionId| {
            let extras = books.extras().get(plan);
            extras.is_some_and(|extras| extras.renewal.is_some())
        };
        let renewing: Vec<Subscription> = sold
            .iter()
            .filter(|one| one.commission_plan_version_id.as_ref().is_some_and(pays))
            .cloned()
            .collect();
        let basis = Basis {
            books,
            terms: Terms::of(tx, sold)?,
            arranged: Arranged::of(tx, sold.iter().map(|one| (one.id, one.partner_id)))?,
            billed: renewals::standing(tx, &renewing)?,
        };
        let is_billed = |one: &&Subscription| one.status != SubscriptionStatus::Paused;
        for one in sold.iter().filter(is_billed) {
            self.follow(one, &basis)?;
        }
        Ok(())
    }

    /// Takes in the periods of one subscription: as it is, and where its plan is set to change to
    /// one that is billed at another interval, from then on as it will be.
    fn follow(&mut self, one: &Subscription, basis: &Basis<'_>) -> Result<()> {
        let (now, then) = basis.terms.courses(one)?;
        self.follow_course(&now, basis)?;
        match then {
            Some(then) => self.follow_course(&then, basis),
            None => Ok(()),
        }
    }

    fn follow_course(&mut self, one: &Subscription, basis: &Basis<'_>) -> Result<()> {
        let coming = Sold {
            anchor: one.anchor()?,
            term_months: one.term(),
            ends_on: one.ends_on,
            anchor_index: one.first_index(),
            renewals_from: one.renewals_from()?,
        };
        for period in coming.coming(self.first, MONTHS) {
            let from = period.service.from;
            let found = expected((&basis.terms, basis.books.vendor.zone), one, &period)?;
            self.take(one, (&period, &found), basis)?;
            if period.phase == Phase::First {
                self.begun.push((from, one.clone()));
            }
            let known = (basis.books, &basis.terms, &basis.billed);
            let bonus = renewals::foreseen(one, from, known)?;
            self.add((key(one, from), bonus), period.is_committed)?;
        }
        Ok(())
    }

    /// Takes in what a period charges, and what it earns everybody.
    fn take(
        &mut self,
        one: &Subscription,
        (period, found): (&Coming, &Expected),
        basis: &Basis<'_>,
    ) -> Result<()> {
        let key = key(one, period.service.from);
        let (committed, expected) = self.nets.entry(key).or_default();
        *expected = expected.checked_add(found.net_minor).ok_or(Overflow)?;
        if period.is_committed {
            *committed = committed.checked_add(found.net_minor).ok_or(Overflow)?;
        }
        let who = basis
            .arranged
            .on_line(one, period.service.from)?
            .into_iter();
        let claims: Vec<Claim> = who
            .map(|(who, part)| Claim::new(who.number(), part))
            .collect();
        for line in paid_in_full(found, &claims)? {
            self.expected.take(&line, (key.currency, key.month))?;
            if period.is_committed {
                self.committed.take(&line, (key.currency, key.month))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, (key, minor): (Key, i64), is_committed: bool) -> Result<()> {
        if minor != 0 {
            self.expected.add(key, minor)?;
            if is_committed {
                self.committed.add(key, minor)?;
            }
        }
        Ok(())
    }

    /// Adds what SPIFFs pay for the subscriptions that begin ahead, those that begin first before
    /// the others.
    fn promise(&mut self, tx: &mut Tx<'_, VendorScope>) -> Result<()> {
        let mut begun = std::mem::take(&mut self.begun);
        begun.sort_by_key(|(from, one)| (*from, one.id));
        let ids: Vec<SubscriptionId> = begun.iter().map(|(_, one)| one.id).collect();
        let keys: HashMap<SubscriptionId, Key> = begun
            .iter()
            .map(|(from, one)| (one.id, key(one, *from)))
            .collect();
        for (id, minor) in spiffs::foreseen(tx, &ids)? {
            if let Some(key) = keys.get(&id) {
                self.add((*key, minor), true)?;
            }
        }
        Ok(())
    }

    /// Settles the months and fills them up, as their closes do.
    fn rows(
        self,
        tx: &mut Tx<'_, VendorScope>,
        books: &Books,
        today: NaiveDate,
    ) -> Result<Vec<ForecastMonth>> {
        let floors = Floors::of(tx, books)?;
        let (mut committed, mut expected) = (self.committed.settle()?, self.expected.settle()?);
        let months = std::iter::successors(Some(self.first), |month| Some(month.next()));
        for month in months.take(usize::try_from(MONTHS).unwrap_or_default()) {
            for floor in floors.in_month(month) {
                let whose = (floor.partner.number(), month);
                committed.fill(whose, floor.terms);
                expected.fill(whose, floor.terms);
            }
        }
        let mut keys: Vec<Key> = self.nets.keys().copied().collect();
        keys.extend(expected.sums().keys().chain(committed.sums().keys()));
        keys.sort_unstable();
        keys.dedup();
        let row = |key: &Key| {
            let (committed_net_minor, expected_net_minor) =
                self.nets.get(key).copied().unwrap_or_default();
            ForecastMonth {
                id: tx.fresh_id(),
                partner_id: Id::of(key.who),
                currency: key.currency,
                month: key.month,
                reckoned_on: today,
                committed_net_minor,
                committed_minor: committed.of(key),
                expected_net_minor,
                expected_minor: expected.of(key),
            }
        };
        Ok(keys.iter().map(row).collect())
    }
}

/// Of the partner of record, or the one that is billed in the customer's place, in the month in which
/// a period starts.
fn key(one: &Subscription, from: NaiveDate) -> Key {
    Key {
        who: one.billed_partner().number(),
        currency: one.currency,
        month: Period::of(from),
    }
}
