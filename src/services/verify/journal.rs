//! The journal of all months together: each part of it balances, and its accounts hold what the
//! ledger, the statements and the payouts say is accrued and owed.
use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Findings, Ledger, conversions::by_entry};
use crate::{
    domain::{
        Money, MoneyError,
        journal::{Account, Journal, TakenOver, by_account},
    },
    id::{CommissionEntryId, StatementId},
    store::incentivize::{
        conversions::Conversion,
        entries::Entry,
        payouts::PayoutStatus,
        statements::{Staging, Statement},
    },
};

pub fn check(ledger: &Ledger, found: &mut Findings) {
    match told(ledger, found) {
        Ok(journals) => accounts(ledger, &journals, found),
        Err(why) => found.say(format!("Journal: {why}")),
    }
}

/// Every journal there is, by the entries themselves.
fn told(ledger: &Ledger, found: &mut Findings) -> Result<Vec<Journal>, MoneyError> {
    let mut journals = Vec::new();
    for entry in &ledger.entries {
        journals.push(Journal::earned(amount(entry))?);
    }
    let taken = taken_over(ledger)?;
    let closed = ledger.statements.iter();
    for statement in closed.filter(|one| one.status == Staging::Closed) {
        let money = |minor| Money::new(minor, statement.currency);
        let mut its = taken.get(&statement.id).cloned();
        let its = its.get_or_insert_with(|| nothing(statement));
        its.lines = money(statement.lines_minor);
        let journal = Journal::stated(its)?;
        for wrong in journal.imbalance()? {
            let number = &statement.number;
            found.say(format!(
                "Journal of statement {number}: {wrong} is left over"
            ));
        }
        journals.push(journal);
        journals.push(Journal::taxed(money(statement.tax_minor))?);
    }
    journals.extend(paid(ledger, found)?);
    Ok(journals)
}

fn amount(entry: &Entry) -> Money {
    Money::new(entry.amount_minor, entry.currency)
}

fn nothing(statement: &Statement) -> TakenOver {
    let zero = Money::zero(statement.currency);
    TakenOver {
        lines: zero,
        own: zero,
        converted: Vec::new(),
    }
}

/// What the entries on each statement come to.
fn taken_over(ledger: &Ledger) -> Result<HashMap<StatementId, TakenOver>, MoneyError> {
    let entries: HashMap<CommissionEntryId, &Entry> =
        ledger.entries.iter().map(|one| (one.id, one)).collect();
    let statements = ledger.statements.iter().map(|one| (one.id, one));
    let statements: HashMap<StatementId, &Statement> = statements.collect();
    let converted: HashMap<CommissionEntryId, &Conversion> = by_entry(ledger);
    let mut taken: HashMap<StatementId, TakenOver> = HashMap::new();
    for line in &ledger.statement_lines {
        let statement = statements.get(&line.statement_id);
        let (Some(entry), Some(statement)) = (entries.get(&line.commission_entry_id), statement)
        else {
            continue;
        };
        let its = taken.entry(statement.id);
        let its = its.or_insert_with(|| nothing(statement));
        match converted.get(&entry.id) {
            None => its.own = its.own.plus(amount(entry))?,
            Some(one) => {
                let payable = Money::new(one.payable_minor, one.currency);
                its.converted.push((amount(entry), payable));
            }
        }
    }
    Ok(taken)
}

fn paid(ledger: &Ledger, found: &mut Findings) -> Result<Vec<Journal>, MoneyError> {
    let withheld = ledger.statements.iter();
    let withheld = withheld.map(|one| (one.id, one.withheld_minor));
    let withheld: HashMap<StatementId, i64> = withheld.collect();
    let mut journals = Vec::new();
    for payout in &ledger.payouts {
        let is_paid = payout.status == PayoutStatus::Paid;
        found.unless(is_paid == payout.booked_period.is_some(), || {
            format!("Payout {} is not booked as it is paid", payout.id)
        });
        if is_paid {
            let money = |minor| Money::new(minor, payout.currency);
            let withheld = withheld.get(&payout.statement_id).copied();
            let withheld = money(withheld.unwrap_or_default());
            journals.push(Journal::paid(money(payout.amount_minor), withheld)?);
        }
    }
    Ok(journals)
}

/// By currency, minor units.
type Sums = BTreeMap<&'static str, i64>;

/// What is on no statement is accrued; what statements carry on and payouts still owe is payable.
fn accounts(ledger: &Ledger, journals: &[Journal], found: &mut Findings) {
    let sums = match by_account(journals) {
        Ok(sums) => sums,
        Err(why) => return found.say(format!("Journal: {why}")),
    };
    let (accrued, owed) = (accrued(ledger), owed(ledger));
    for (currency, of) in &sums {
        let balance = |account: Account| {
            let sum = of.iter().find(|sum| sum.account == account);
            sum.map_or(0, |sum| sum.credit.minor() - sum.debit.minor())
        };
        let all: i64 = of
            .iter()
            .map(|sum| sum.credit.minor() - sum.debit.minor())
            .sum();
        found.same(&format!("Journal, all accounts in {currency}"), 0, all);
        for (account, wanted) in [
            (Account::AccruedCommission, &accrued),
            (Account::PartnerPayable, &owed),
        ] {
            let name = format!("Journal, {} in {currency}", account.label());
            let wanted = wanted.get(currency).copied().unwrap_or_default();
            found.same(&name, wanted, balance(account));
        }
    }
}

fn accrued(ledger: &Ledger) -> Sums {
    let closed: HashSet<StatementId> = ledger
        .statements
        .iter()
        .filter(|one| one.status == Staging::Closed)
        .map(|one| one.id)
        .collect();
    let lines = ledger.statement_lines.iter();
    let stated: HashSet<CommissionEntryId> = lines
        .filter(|line| closed.contains(&line.statement_id))
        .map(|line| line.commission_entry_id)
        .collect();
    let mut sums = Sums::new();
    for entry in ledger
        .entries
        .iter()
        .filter(|one| !stated.contains(&one.id))
    {
        *sums.entry(entry.currency.code()).or_default() += entry.amount_minor;
    }
    sums
}

fn owed(ledger: &Ledger) -> Sums {
    let mut sums = Sums::new();
    let mut latest: HashMap<_, &Statement> = HashMap::new();
    let closed = ledger.statements.iter();
    for one in closed.filter(|one| one.status == Staging::Closed) {
        let last = latest
            .entry((one.partner_id, one.currency.code()))
            .or_insert(one);
        if one.month > last.month {
            *last = one;
        }
    }
    for one in latest.values() {
        *sums.entry(one.currency.code()).or_default() += one.closing_minor;
    }
    let due = ledger.payouts.iter();
    let due: HashSet<StatementId> = due
        .filter(|one| one.status == PayoutStatus::Due)
        .map(|one| one.statement_id)
        .collect();
    for one in ledger.statements.iter().filter(|one| due.contains(&one.id)) {
        *sums.entry(one.currency.code()).or_default() += one.payout_minor + one.tax_minor;
    }
    sums
}
