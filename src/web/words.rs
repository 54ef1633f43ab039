//! Amounts, months and states as pages say them.
use chrono::NaiveDate;

use crate::{
    domain::{
        Money, Period, PeriodStatus,
        accrual::{EntryKind, EntryStatus},
        counted,
        statement_document::{self, service_words},
    },
    store::registers::ledger::EntryRow,
};

/// "EUR 1,234.50", with a space that does not break and a minus sign.
pub fn money(amount: Money) -> String {
    format!("{}\u{a0}{}", amount.currency(), figure(amount))
}

/// A name as a filter takes it for the whole name and not a part of one.
pub fn whole(name: &str) -> String {
    format!("\"{name}\"")
}

/// "1,234.50": for columns whose head names the currency.
pub fn figure(amount: Money) -> String {
    statement_document::figure(amount.minor(), amount.currency().exponent())
}

/// Amounts of several currencies beside each other, never added; "none" for none.
pub fn amounts(amounts: &[Money]) -> String {
    let said: Vec<String> = amounts.iter().map(|amount| money(*amount)).collect();
    match said.is_empty() {
        true => "none".to_owned(),
        false => said.join(" · "),
    }
}

/// "Oct 2026".
pub fn month(period: Period) -> String {
    period.first_day().format("%b %Y").to_string()
}

/// A service period, given half-open: "1–30 Sep 2026".
pub fn service(from: NaiveDate, to: NaiveDate) -> String {
    service_words(from, to)
}

/// "1 entry", "12 entries", "1,204 entries".
pub fn count(number: i64, one: &str, many: &str) -> String {
    counted(number, one, many)
}

/// How an entry stands: the pill's kind and its word.
pub fn entry_pill(status: EntryStatus) -> (&'static str, &'static str) {
    let kind = match status {
        EntryStatus::Held | EntryStatus::Offset => "plain",
        EntryStatus::Payable | EntryStatus::Stated => "info",
        EntryStatus::Paid => "good",
    };
    (kind, status.label())
}

/// An entry's kind, where a list does not go without saying it.
pub fn aside(entry: &EntryRow) -> Option<&'static str> {
    let is_said = entry.kind == EntryKind::Earned || entry.customer_name.is_empty();
    (!is_said).then(|| entry.kind.label())
}

/// How a letter stands: the pill's kind and its word.
pub fn mail_pill(status: &str) -> (&'static str, &'static str) {
    match status {
        "queued" => ("info", "Queued"),
        "sending" => ("info", "Being sent"),
        "sent" => ("good", "Sent"),
        "deferred" => ("watch", "Will be tried again"),
        "failed" => ("bad", "Failed"),
        "withdrawn" => ("plain", "Withdrawn"),
        _ => ("watch", "Not known"),
    }
}

/// How a month stands: the pill's kind and its word.
pub fn period_pill(status: PeriodStatus) -> (&'static str, &'static str) {
    let kind = match status {
        PeriodStatus::Open => "plain",
        PeriodStatus::Closing => "watch",
        PeriodStatus::Closed => "good",
    };
    (kind, status.label())
}

/// How an invoice stands: the pill's kind and its word.
pub fn invoice_pill(status: &str, is_overdue: bool) -> (&'static str, &'static str) {
    match (status, is_overdue) {
        ("paid", _) => ("good", "Paid"),
        ("uncollectible", _) => ("plain", "Written off"),
        ("partially_paid", true) => ("watch", "Paid in part, overdue"),
        ("partially_paid", false) => ("info", "Paid in part"),
        (_, true) => ("watch", "Overdue"),
        (_, false) => ("info", "Open"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_two_currencies_stand_beside_each_other() {
        let (eur, jpy) = ("EUR".parse().unwrap(), "JPY".parse().unwrap());
        let both = [Money::new(-123_450, eur), Money::new(1_005, jpy)];
        assert_eq!(amounts(&both), "EUR\u{a0}−1,234.50 · JPY\u{a0}1,005");
        assert_eq!(amounts(&[]), "none");
        assert_eq!(count(1, "entry", "entries"), "1 entry");
        assert_eq!(count(1_204, "entry", "entries"), "1,204 entries");
    }
}
