//! Statements against the entries they carry, the statements before them, and their payouts.
use std::collections::{HashMap, HashSet};

use super::{Findings, Ledger, conversions::by_entry, revenue::gapless};
use crate::{
    domain::{Period, PeriodStatus, statement_document::StatementDocument},
    id::CommissionEntryId,
    store::incentivize::{
        conversions::Conversion,
        entries::Entry,
        statements::{Staging, Statement, StatementLine},
    },
};

pub fn check(ledger: &Ledger, found: &mut Findings) {
    let entries: HashMap<CommissionEntryId, &Entry> = ledger
        .entries
        .iter()
        .map(|entry| (entry.id, entry))
        .collect();
    let mut lines: HashMap<_, Vec<&StatementLine>> = HashMap::new();
    let mut stated = HashSet::new();
    for line in &ledger.statement_lines {
        lines.entry(line.statement_id).or_default().push(line);
        found.unless(stated.insert(line.commission_entry_id), || {
            format!(
                "Entry {} stands on two statements",
                line.commission_entry_id
            )
        });
    }
    let converted = by_entry(ledger);
    for statement in &ledger.statements {
        let its = lines.get(&statement.id).map_or(&[][..], Vec::as_slice);
        total(statement, its, (&entries, &converted), found);
        content(statement, its, found);
    }
    carried(ledger, found);
    payouts(ledger, found);
    periods(ledger, found);
    left_out(ledger, &stated, found);
    gapless(
        "Statements",
        ledger.statements.iter().map(|one| one.number.as_str()),
        found,
    );
}

fn total(
    statement: &Statement,
    lines: &[&StatementLine],
    (entries, converted): (
        &HashMap<CommissionEntryId, &Entry>,
        &HashMap<CommissionEntryId, &Conversion>,
    ),
    found: &mut Findings,
) {
    let name = format!("Statement {}", statement.number);
    let mut total = 0;
    for line in lines {
        let Some(entry) = entries.get(&line.commission_entry_id) else {
            found.say(format!(
                "{name}: entry {} is not there",
                line.commission_entry_id
            ));
            continue;
        };
        let one = converted.get(&entry.id);
        let (currency, minor) = one.map_or((entry.currency, entry.amount_minor), |one| {
            (one.currency, one.payable_minor)
        });
        total += minor;
        let fits = entry.partner_id == statement.partner_id
            && currency == statement.currency
            && entry.posting_period <= statement.month
            && entry.matures_on <= statement.month.last_day();
        found.unless(fits, || {
            format!("{name}: entry {} does not belong on it", entry.id)
        });
    }
    found.same(&format!("{name}, lines"), statement.lines_minor, total);
    let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    found.same(
        &format!("{name}, count"),
        statement.line_count.into(),
        count,
    );
    let closing = statement.opening_minor + total - statement.payout_minor;
    found.same(
        &format!("{name}, closing balance"),
        statement.closing_minor,
        closing,
    );
}

/// The stored content is what was hashed, re-adds, and says what the row says.
fn content(statement: &Statement, lines: &[&StatementLine], found: &mut Findings) {
    let name = format!("Statement {}", statement.number);
    let document = match StatementDocument::from_canonical(&statement.content) {
        Ok(document) => document,
        Err(why) => return found.say(format!("{name}: {why}")),
    };
    found.unless(document.sha256_hex() == statement.sha256, || {
        format!("{name}: its content is not what was hashed")
    });
    for wrong in document.check() {
        found.say(format!("{name}: {wrong}"));
    }
    let said = (
        document.opening_minor,
        document.payout_minor,
        document.closing_minor,
    );
    let stored = (
        statement.opening_minor,
        statement.payout_minor,
        statement.closing_minor,
    );
    let tax = document.tax.as_ref();
    let tax = tax.map_or((0, 0), |tax| (tax.tax_minor, tax.withheld_minor));
    found.unless(
        tax == (statement.tax_minor, statement.withheld_minor),
        || format!("{name}: its tax differs from its row"),
    );
    let named: Vec<&str> = document
        .lines
        .iter()
        .map(|line| line.entry.as_str())
        .collect();
    let rows: Vec<String> = lines
        .iter()
        .map(|line| line.commission_entry_id.to_string())
        .collect();
    let same = said == stored
        && document.lines_total() == Some(statement.lines_minor)
        && document.number == statement.number
        && document.period == statement.month.to_string()
        && named == rows;
    found.unless(same, || format!("{name}: its content differs from its row"));
}

/// What one statement leaves, the next opens with.
fn carried(ledger: &Ledger, found: &mut Findings) {
    let closed: Vec<Period> = ledger
        .periods
        .iter()
        .filter(|row| row.status == PeriodStatus::Closed)
        .map(|row| row.month)
        .collect();
    for (at, statement) in ledger.statements.iter().enumerate() {
        let before = at
            .checked_sub(1)
            .and_then(|before| ledger.statements.get(before));
        let before = before.filter(|one| {
            (one.partner_id, one.currency) == (statement.partner_id, statement.currency)
        });
        let name = format!("Statement {}, opening balance", statement.number);
        let left = before.map_or(0, |one| one.closing_minor);
        found.same(&name, statement.opening_minor, left);
        let next = statement.month.next();
        let goes_on = ledger.statements.get(at + 1).is_some_and(|one| {
            (one.partner_id, one.currency, one.month)
                == (statement.partner_id, statement.currency, next)
        });
        let lost = statement.closing_minor != 0 && closed.contains(&next) && !goes_on;
        found.unless(!lost, || {
            format!(
                "Statement {}: its balance is not carried on",
                statement.number
            )
        });
    }
}

fn payouts(ledger: &Ledger, found: &mut Findings) {
    let paid: HashMap<_, i64> = ledger
        .payouts
        .iter()
        .map(|one| (one.statement_id, one.amount_minor))
        .collect();
    found.unless(paid.len() == ledger.payouts.len(), || {
        "A statement has two payouts".to_owned()
    });
    for statement in ledger
        .statements
        .iter()
        .filter(|one| one.status == Staging::Closed)
    {
        let paid = paid.get(&statement.id).copied().unwrap_or_default();
        found.same(
            &format!("Payout of {}", statement.number),
            paid,
            statement.payable_minor(),
        );
    }
}

/// Months close in order, and their statements with them.
fn periods(ledger: &Ledger, found: &mut Findings) {
    let rows: Vec<_> = ledger
        .periods
        .iter()
        .filter(|row| row.status != PeriodStatus::Open)
        .collect();
    for pair in rows.windows(2) {
        let [earlier, later] = pair else { continue };
        let in_order =
            earlier.month.next() == later.month && earlier.status == PeriodStatus::Closed;
        found.unless(in_order, || {
            format!("{} is closed out of order", later.month.title())
        });
    }
    for statement in &ledger.statements {
        let status = rows
            .iter()
            .find(|row| row.month == statement.month)
            .map(|row| row.status);
        let fits = match statement.status {
            Staging::Staged => status == Some(PeriodStatus::Closing),
            Staging::Closed => status == Some(PeriodStatus::Closed),
        };
        found.unless(fits, || {
            format!("Statement {} is not as its month is", statement.number)
        });
    }
}

/// Nothing that was payable when a month closed is missing from every statement.
fn left_out(ledger: &Ledger, stated: &HashSet<CommissionEntryId>, found: &mut Findings) {
    let last = ledger
        .periods
        .iter()
        .filter(|row| row.status == PeriodStatus::Closed);
    let Some(last) = last.map(|row| row.month).max() else {
        return;
    };
    for entry in ledger
        .entries
        .iter()
        .filter(|entry| !stated.contains(&entry.id))
    {
        let waits = entry.posting_period > last || entry.matures_on > last.last_day();
        found.unless(waits, || {
            format!("Entry {} was left out of {last}", entry.id)
        });
    }
}
