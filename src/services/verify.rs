//! Whether the ledger holds together: everything is reckoned again and compared with what is
//! stored. Reads a whole vendor at once; for the command line and for tests.
mod arrears;
mod commission;
mod conversions;
mod deals;
mod journal;
mod payout_runs;
mod plans;
mod recurring;
mod resale;
mod revenue;
mod seconds;
mod service_levels;
mod statements;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::{
    Result,
    domain::{CommissionRule, Currency, Money, Permission, Rate, commission::DaysCredited},
    id::{CommissionClauseId, InvoiceLineId, PartnerId, PlanVersionId, PriceId, SubscriptionId},
    services::revenue::{Books, OfLines},
    store::{
        Tx, VendorScope,
        catalogue::{
            offerings,
            plans::{self as catalogue, prices_of_versions},
            tickets::{self, Services, Ticket},
        },
        incentivize::{
            conversions::{self as converted, Conversion},
            entries::{self, Entry},
            fx_rates::{self, DayRate},
            parties::{self, Party},
            payout_currencies::{self, PaidIn},
            payout_runs::{self as runs, PayoutRun, PayoutTransfer},
            payouts::{self, Payout},
            periods::{self, AccountingPeriod},
            spiffs::{self, Spiff},
            statements::{self as stated, Statement, StatementLine},
        },
        revenue::{
            cash::{self, Allocation, Payment, Refund},
            credit_notes::{self, CreditNote, CreditNoteLine},
            credits::{self, CustomerCredit},
            invoices::{self, Invoice, InvoiceLine},
            parts,
            recurring::{self as mrr, MrrChange},
            segments::{self, Segment},
            sla_credits::{self, SlaCredit, SlaCreditLine, SlaCreditNote},
            subscriptions::{self, Subscription, SubscriptionChange},
            terms,
            usage::{self, UsageCharge},
        },
        sell::deals::{self as registered, DealRegistration},
    },
};

/// Everything of one vendor that takes part in a check.
struct Ledger {
    subscriptions: Vec<Subscription>,
    invoices: Vec<Invoice>,
    lines: Vec<InvoiceLine>,
    segments: Vec<Segment>,
    used: Vec<UsageCharge>,
    prices: HashMap<PriceId, PlanVersionId>,
    minimums: BTreeMap<PlanVersionId, i64>,
    by_second: HashSet<PlanVersionId>,
    mrr: Vec<MrrChange>,
    changes: Vec<SubscriptionChange>,
    payments: Vec<Payment>,
    refunds: Vec<Refund>,
    allocations: Vec<Allocation>,
    credits: Vec<CustomerCredit>,
    notes: Vec<CreditNote>,
    note_lines: Vec<CreditNoteLine>,
    of_lines: OfLines,
    parties: Vec<Party>,
    books: Books,
    entries: Vec<Entry>,
    spiffs: Vec<Spiff>,
    deals: Vec<DealRegistration>,
    /// The clauses that pay more for registered deals: their rate, and what they add.
    uplifts: HashMap<CommissionClauseId, (Rate, Rate)>,
    /// The clauses for an offering that is not the vendor's.
    strange_clauses: Vec<CommissionClauseId>,
    conversions: Vec<Conversion>,
    rates: Vec<DayRate>,
    paid_in: HashMap<PartnerId, Vec<PaidIn>>,
    periods: Vec<AccountingPeriod>,
    statements: Vec<Statement>,
    statement_lines: Vec<StatementLine>,
    payouts: Vec<Payout>,
    payout_runs: Vec<PayoutRun>,
    transfers: Vec<PayoutTransfer>,
    tickets: Vec<Ticket>,
    sla_credits: Vec<SlaCredit>,
    sla_lines: Vec<SlaCreditLine>,
    sla_notes: Vec<SlaCreditNote>,
    services: HashMap<SubscriptionId, Services>,
}

impl Ledger {
    fn read(tx: &mut Tx<'_, VendorScope>) -> Result<Self> {
        let tickets = tickets::all(tx)?;
        let (sla_credits, sla_lines, sla_notes) = sla_credits::all(tx)?;
        let asked: BTreeSet<SubscriptionId> = tickets.iter().map(|one| one.subscription).collect();
        let (lines, notes) = (invoices::all_lines(tx)?, credit_notes::all(tx)?);
        let note_lines = credit_notes::all_lines(tx)?;
        let of_lines = OfLines {
            parts: parts::all(tx)?,
            credited: days_credited(&lines, (&notes, &note_lines)),
        };
        Ok(Self {
            services: tickets::services_of(tx, &Vec::from_iter(asked))?,
            tickets,
            sla_credits,
            sla_lines,
            sla_notes,
            subscriptions: subscriptions::all(tx)?,
            invoices: invoices::all(tx)?,
            lines,
            segments: segments::all(tx)?,
            used: usage::all_charges(tx)?,
            prices: prices_of_versions(tx)?,
            minimums: catalogue::minimums(tx)?,
            by_second: catalogue::by_second(tx)?,
            mrr: mrr::all(tx)?,
            changes: subscriptions::all_changes(tx)?,
            payments: cash::all_payments(tx)?,
            refunds: cash::all_refunds(tx)?,
            allocations: cash::all_allocations(tx)?,
            credits: credits::all(tx)?,
            notes,
            note_lines,
            of_lines,
            parties: parties::all(tx)?,
            books: Books::open(tx)?,
            entries: entries::all(tx)?,
            spiffs: spiffs::all(tx)?,
            deals: registered::all(tx)?,
            uplifts: uplifts(tx)?,
            strange_clauses: strange_clauses(tx)?,
            conversions: converted::all(tx)?,
            rates: fx_rates::all(tx)?,
            paid_in: paid_in(tx)?,
            periods: periods::all(tx)?,
            statements: stated::all(tx)?,
            statement_lines: stated::all_lines(tx)?,
            payouts: payouts::all(tx)?,
            payout_runs: runs::all(tx)?,
            transfers: runs::all_transfers(tx)?,
        })
    }
}

fn uplifts(tx: &mut Tx<'_, VendorScope>) -> Result<HashMap<CommissionClauseId, (Rate, Rate)>> {
    let plans = terms::commission_terms(tx)?.into_values();
    let clauses = plans.flat_map(|plan| plan.clauses);
    let uplifting = clauses.filter(|(_, clause)| clause.uplift.bps() > 0);
    let rates = uplifting.map(|(id, clause)| (id, (clause.rate, clause.uplift)));
    Ok(rates.collect())
}

/// The database lets a clause name any offering.
fn strange_clauses(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<CommissionClauseId>> {
    let own = offerings::names(tx)?.into_iter();
    let own: HashSet<i64> = own.map(|(id, _)| id.number()).collect();
    let plans = terms::commission_terms(tx)?.into_values();
    let clauses = plans.flat_map(|plan| plan.clauses);
    let strange =
        clauses.filter(|(_, clause)| clause.offering.is_some_and(|id| !own.contains(&id)));
    Ok(strange.map(|(id, _)| id).collect())
}

fn paid_in(tx: &mut Tx<'_, VendorScope>) -> Result<HashMap<PartnerId, Vec<PaidIn>>> {
    let partners = payout_currencies::partners(tx)?;
    payout_currencies::of(tx, &partners)
}

/// For which days lines were credited that earn for some of theirs, where that lowers commission.
fn days_credited(
    lines: &[InvoiceLine],
    (notes, note_lines): (&[CreditNote], &[CreditNoteLine]),
) -> HashMap<InvoiceLineId, Vec<DaysCredited>> {
    let lowers = |note: &&CreditNote| note.commission_rule == CommissionRule::ReduceBase;
    let lowering: HashSet<_> = notes.iter().filter(lowers).map(|note| note.id).collect();
    let some_days = lines.iter().filter(|line| line.earns_for_some_days());
    let some_days: HashSet<InvoiceLineId> = some_days.map(|line| line.id).collect();
    let mut found: HashMap<InvoiceLineId, Vec<DaysCredited>> = HashMap::new();
    for part in note_lines.iter().filter(|part| {
        some_days.contains(&part.invoice_line_id) && lowering.contains(&part.credit_note_id)
    }) {
        let days = found.entry(part.invoice_line_id).or_default();
        days.push(part.days());
    }
    found
}

/// Everything in one vendor's ledger that contradicts itself, one sentence each; nothing when it
/// holds together.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults of the database.
pub fn verify(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<String>> {
    tx.allow(Permission::ViewMoney)?;
    let ledger = Ledger::read(tx)?;
    let mut found = Findings::default();
    revenue::check(&ledger, &mut found);
    arrears::check(&ledger, &mut found);
    resale::check(&ledger, &mut found);
    plans::check(&ledger, &mut found);
    seconds::check(&ledger, &mut found);
    recurring::check(&ledger, &mut found);
    commission::check(&ledger, &mut found)?;
    deals::check(&ledger, &mut found);
    conversions::check(&ledger, &mut found)?;
    statements::check(&ledger, &mut found);
    journal::check(&ledger, &mut found);
    payout_runs::check(&ledger, &mut found);
    service_levels::check(&ledger, &mut found);
    service_levels::credits(&ledger, &mut found);
    Ok(found.0)
}

/// What was found, in words.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn say(&mut self, what: impl Into<String>) {
        self.0.push(what.into());
    }
    fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.say(what());
        }
    }
    /// Two amounts that have to be one.
    fn same(&mut self, what: &str, stored: i64, reckoned: i64) {
        self.unless(stored == reckoned, || {
            format!("{what}: {stored} is stored, {reckoned} reckoned")
        });
    }
}

/// The sum of something by something.
fn sums<T, K: std::hash::Hash + Eq>(
    rows: &[T],
    of: impl Fn(&T) -> Option<(K, i64)>,
) -> HashMap<K, i64> {
    let mut sums = HashMap::new();
    for (key, amount) in rows.iter().filter_map(of) {
        *sums.entry(key).or_default() += amount;
    }
    sums
}

fn words(minor: i64, currency: Currency) -> String {
    Money::new(minor, currency).to_string()
}
