//! What another version of a commission plan would have paid for months that were billed: the
//! same rules over the same lines and cash, and nothing written. What was earned is reckoned the
//! same way, so that a version tried on what was sold under it changes nothing.
mod lines;
mod sold;

use std::collections::{BTreeMap, HashMap};

use self::{
    lines::{lines_under, paid_before_tax},
    sold::Book,
};
use super::{
    books::Books,
    forecast::clauses,
    guarantees::Floors,
    renewals::{self, Bonus, Term},
};
use crate::{
    Error, Result,
    domain::{
        CommissionClause, Money, Period, Permission, Ratio,
        commission::{
            extras::{GuaranteeTerms, PlanExtras, RenewalTerms},
            tally::{Key, Tally, earned},
        },
    },
    id::{CommissionPlanVersionId, Id, InvoiceId, PartnerId},
    store::{
        Tx, VendorScope,
        incentivize::{commission_plans, entries},
        recruit::partners,
        revenue::invoices::{self, Invoice, InvoiceLine},
    },
};

/// Lines looked at together.
const CHUNK: i64 = 5_000;

/// What a version would change for one partner in one currency.
#[derive(Debug, Clone)]
pub struct Effect {
    /// Whom.
    pub partner: PartnerId,
    /// Their name.
    pub name: String,
    /// What customers of whom they are the partner of record paid before tax.
    pub collected: Money,
    /// What was earned, on those and as a part of what others sold.
    pub was: Money,
    /// What would have been earned.
    pub would_be: Money,
}

impl Effect {
    /// What the partner would gain, below zero what it would lose, in minor units.
    pub fn change_minor(&self) -> i64 {
        self.would_be.minor().saturating_sub(self.was.minor())
    }
}

/// Tries a version on what was billed for service in some months (both included), as if every
/// partner had sold everything under it. Those who gain most come first.
///
/// # Errors
/// [`crate::Error::Forbidden`]; [`crate::Error::NotFound`]; faults of the database.
pub fn dry_run(
    tx: &mut Tx<'_, VendorScope>,
    version: CommissionPlanVersionId,
    (first, last): (Period, Period),
) -> Result<Vec<Effect>> {
    tx.allow(Permission::ViewMoney)?;
    let mut trial = Trial::of(tx, version, first)?;
    let days = (trial.from.first_day(), last.end());
    let mut after = None;
    loop {
        let mut lines = invoices::lines_served(tx, days, after, CHUNK)?;
        let is_last = i64::try_from(lines.len()).is_ok_and(|count| count < CHUNK);
        let end = lines.last().map(|line| line.invoice_id);
        if !is_last {
            // The last invoice may go on in the next chunk.
            lines.retain(|line| Some(line.invoice_id) != end);
        }
        after = lines.last().map(|line| line.invoice_id);
        if after.is_none() {
            break;
        }
        trial.take(tx, lines)?;
        if is_last {
            break;
        }
    }
    trial.promised(tx, (first, last))?;
    trial.effects(tx, (first, last))
}

/// A version that is tried, and what came out so far.
struct Trial {
    version: CommissionPlanVersionId,
    /// The first month asked about.
    first: Period,
    /// The first of those that count together with it for anybody's steps.
    from: Period,
    clauses: Vec<CommissionClause>,
    extras: PlanExtras,
    books: Books,
    was: Tally,
    would_be: Tally,
    /// What customers paid before tax, with the partner of record, in minor units.
    collected: BTreeMap<Key, i64>,
}

impl Trial {
    fn of(
        tx: &mut Tx<'_, VendorScope>,
        version: CommissionPlanVersionId,
        first: Period,
    ) -> Result<Self> {
        let tried = commission_plans::version(tx, version)?;
        let by_place = tried.clauses.iter().map(|one| (i64::from(one.seq), *one));
        let all = clauses(tx)?;
        let steps = all.values().chain(&tried.clauses);
        let steps = steps.filter_map(|clause| Some(clause.volume?.span.first(first)));
        Ok(Self {
            version,
            first,
            from: steps.min().unwrap_or(first),
            books: Books::open(tx)?,
            was: Tally::under(all).since(first),
            would_be: Tally::under(by_place.collect()).since(first),
            extras: tried.extras,
            clauses: tried.clauses,
            collected: BTreeMap::new(),
        })
    }

    /// Whether the version, or any other, pays a bonus on renewed terms.
    fn pays_renewals(&self) -> bool {
        let mut all = self.books.extras().values().chain([&self.extras]);
        all.any(|extras| extras.renewal.is_some())
    }

    fn take(&mut self, tx: &mut Tx<'_, VendorScope>, lines: Vec<InvoiceLine>) -> Result<()> {
        let book = Book::of(tx, &lines, self.pays_renewals())?;
        let mut on: BTreeMap<InvoiceId, Vec<InvoiceLine>> = BTreeMap::new();
        for line in lines {
            on.entry(line.invoice_id).or_default().push(line);
        }
        for (id, lines) in on {
            // Nobody earns on what is resold, under whatever plan.
            let invoice = book.invoice(id).filter(|one| one.payer_id.is_none());
            if let Some(invoice) = invoice {
                self.add(invoice, &lines, &book)?;
                self.renew(invoice, &lines, &book)?;
            }
        }
        Ok(())
    }

    /// Takes in what an invoice's lines earn everybody, as it was and as it would be.
    fn add(&mut self, invoice: &Invoice, lines: &[InvoiceLine], book: &Book) -> Result<()> {
        let state = invoice.state();
        for (line, minor) in lines.iter().zip(paid_before_tax(&state, lines)?) {
            let key = key(invoice, Period::of(line.service_from));
            if key.month >= self.first {
                *self.collected.entry(key).or_default() += minor;
            }
        }
        let was = lines_under(lines, book, |line| line.own())?;
        let would_be = lines_under(lines, book, |line| line.under(&self.clauses))?;
        for (tally, lines) in [(&mut self.was, was), (&mut self.would_be, would_be)] {
            let (months, lines): (Vec<Period>, Vec<_>) = lines.into_iter().unzip();
            let all = earned(&state, &lines).map_err(Error::fault)?;
            for (month, line) in months.into_iter().zip(all) {
                tally.take(&line, (invoice.currency, month))?;
            }
        }
        Ok(())
    }

    /// Takes in the bonuses on the renewed terms whose first invoice this is, once it is paid.
    fn renew(&mut self, invoice: &Invoice, lines: &[InvoiceLine], book: &Book) -> Result<()> {
        let is_paid = invoice.state().collected()? == Ratio::ONE;
        let sold = book.subscription(invoice.subscription_id);
        let Some(sold) = sold.filter(|_| is_paid && self.pays_renewals()) else {
            return Ok(());
        };
        for day in renewals::days(lines).into_values().flatten() {
            let is_first = book.first_invoice(sold.id, day) == Some(invoice.id);
            let term = Term::begun(sold, day)?.filter(|_| is_first);
            let Some(term) = term else { continue };
            let bonus = |terms: Option<RenewalTerms>| match terms {
                Some(terms) => term.bonus((sold, &terms), |from| book.charged(sold.id, from)),
                None => Ok(Bonus::default()),
            };
            let plan = sold.commission_plan_version_id;
            let own = plan.and_then(|plan| self.books.extras().get(&plan)?.renewal);
            let key = key(invoice, Period::of(day));
            self.was.add(key, bonus(own)?.minor)?;
            self.would_be.add(key, bonus(self.extras.renewal)?.minor)?;
        }
        Ok(())
    }

    /// Takes in what SPIFFs paid in these months: they are of no plan, and count for floors.
    fn promised(
        &mut self,
        tx: &mut Tx<'_, VendorScope>,
        (first, last): (Period, Period),
    ) -> Result<()> {
        for one in entries::spiffs_in(tx, (first, last))? {
            let key = Key {
                who: one.partner.number(),
                currency: one.currency,
                month: one.month,
            };
            self.was.add(key, one.amount_minor)?;
            self.would_be.add(key, one.amount_minor)?;
        }
        Ok(())
    }

    fn effects(
        self,
        tx: &mut Tx<'_, VendorScope>,
        (first, last): (Period, Period),
    ) -> Result<Vec<Effect>> {
        let own = Floors::of(tx, &self.books)?;
        let tried = Floors::under(tx, tried_floors(&self))?;
        let (mut was, mut would_be) = (self.was.settle()?, self.would_be.settle()?);
        for month in first.through(last) {
            for (sums, floors) in [(&mut was, &own), (&mut would_be, &tried)] {
                for floor in floors.in_month(month) {
                    sums.fill((floor.partner.number(), month), floor.terms);
                }
            }
        }
        effects(tx, [&self.collected, was.sums(), would_be.sums()])
    }
}

/// The tried version's floor, as if every plan had it: of its own and of every other.
fn tried_floors(trial: &Trial) -> HashMap<CommissionPlanVersionId, GuaranteeTerms> {
    let plans = trial.books.plans().chain([trial.version]);
    let floor = trial.extras.guarantee;
    plans.filter_map(|plan| Some((plan, floor?))).collect()
}

/// By partner and currency: what was collected, what was earned, and what would be.
fn effects(tx: &mut Tx<'_, VendorScope>, figures: [&BTreeMap<Key, i64>; 3]) -> Result<Vec<Effect>> {
    let mut found: BTreeMap<_, [i64; 3]> = BTreeMap::new();
    for (place, sums) in figures.iter().enumerate() {
        for (key, minor) in *sums {
            let row = found.entry((key.who, key.currency)).or_default();
            if let Some(sum) = row.get_mut(place) {
                *sum += minor;
            }
        }
    }
    let ids: Vec<PartnerId> = found.keys().map(|(who, _)| Id::of(*who)).collect();
    let names: HashMap<PartnerId, String> = partners::names(tx, &ids)?.into_iter().collect();
    let row = |((who, currency), minor): (_, [i64; 3])| {
        let [collected, was, would_be] = minor.map(|minor| Money::new(minor, currency));
        let partner = Id::of(who);
        Effect {
            partner,
            name: names.get(&partner).cloned().unwrap_or_default(),
            collected,
            was,
            would_be,
        }
    };
    let mut effects: Vec<Effect> = found.into_iter().map(row).collect();
    effects.sort_by_key(|effect| (effect.was.currency().code(), -effect.change_minor()));
    Ok(effects)
}

/// Of an invoice's partner of record, in a month.
fn key(invoice: &Invoice, month: Period) -> Key {
    Key {
        who: invoice.partner_id.number(),
        currency: invoice.currency,
        month,
    }
}
