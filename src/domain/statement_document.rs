//! A closed statement as one value: everything that its page, PDF, CSV, JSON
//! and mail show, and nothing that is looked up later.
//!
//! The value is stored as canonical JSON (sorted keys, integers only) together
//! with the SHA-256 of that text when its period closes. Every rendering is a
//! pure function of it. A field added later must be optional and left out when
//! empty, so that statements closed before it keep their hash.

mod check;
mod converted;
mod tax;
mod words;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use converted::Converted;
pub use tax::Tax;
pub use words::{
    date_words, figure, month_short, month_words, percent, plain_decimal, range_words,
    service_words,
};

/// A statement of one partner, period and currency, as it was closed.
///
/// All `*_minor` fields are signed whole minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementDocument {
    /// The number printed on it, "NW-2026-10-0042".
    pub number: String,
    /// 1 for the first issue, counted up when it is issued again.
    pub version: u32,
    /// Who pays.
    pub vendor: Party,
    /// Who is paid.
    pub partner: Party,
    /// The month it is of, "2026-10", in `zone`.
    pub period: String,
    /// The vendor's IANA zone, in which the period and all dates stand.
    pub zone: String,
    /// ISO 4217 code of every amount.
    pub currency: String,
    /// Decimals of that currency: 2 for EUR, 0 for JPY.
    pub exponent: u32,
    /// The vendor's date on which the period was closed.
    pub closed_on: NaiveDate,
    /// The commission plan versions that its lines follow: "Recurring 2026, version 3".
    pub commission_plans: Vec<String>,
    /// Carried over from the statement before; negative when the partner owes.
    pub opening_minor: i64,
    /// Sum of the lines in [`Block::Earned`].
    pub earned_minor: i64,
    /// Sum of the lines in [`Block::PostedLate`].
    pub posted_late_minor: i64,
    /// Sum of the lines in [`Block::Extra`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub extra_minor: i64,
    /// Sum of the lines in [`Block::Reversed`], normally negative.
    pub reversed_minor: i64,
    /// What this statement pays out of the commission, before tax; never negative.
    pub payout_minor: i64,
    /// Carried to the next statement: opening + earned + posted late + extra + reversed − payout.
    pub closing_minor: i64,
    /// Whether and when it is paid, and if not, why.
    pub payout: Payout,
    /// VAT and withholding on what is paid out, where there is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<Tax>,
    /// Memo, part of no total: earned but still in its holding time.
    pub held: Held,
    /// The day of the vendor's next payment run after this statement's own.
    pub next_payment_on: Option<NaiveDate>,
    /// The lines, numbered from 1 in the order they are printed.
    pub lines: Vec<Line>,
}

/// One of the two sides of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The name used in speech.
    pub name: String,
    /// The registered name.
    pub legal_name: String,
    /// The address as it stood at close, line by line.
    pub address: Vec<String>,
}

/// What becomes of the balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payout {
    /// The day on which the payout is due; none when nothing is paid.
    pub due_on: Option<NaiveDate>,
    /// Paid, or the reason why not.
    pub reason: PayoutReason,
    /// The vendor's minimum payout in this currency, minor units.
    pub minimum_minor: i64,
}

/// Why a balance is paid out or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutReason {
    /// The whole balance is paid.
    Paid,
    /// Positive, but less than the minimum: carried forward.
    BelowMinimum,
    /// The partner owes: carried forward, never debited.
    Negative,
    /// There is no balance.
    Nothing,
}

/// Entries earned but not yet payable on the period's last day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Their sum, minor units.
    pub total_minor: i64,
    /// The first date on which one of them becomes payable.
    pub first_matures_on: Option<NaiveDate>,
    /// The last such date.
    pub last_matures_on: Option<NaiveDate>,
}

/// One commission entry on a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Line number on this statement, from 1.
    pub seq: u32,
    /// The block it is added up in.
    pub block: Block,
    /// Public id of the commission entry.
    pub entry: String,
    /// The code of its kind of entry, where it is neither earned nor a reversal: "adjustment".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Why it is there, where no invoice line and clause say it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The customer's name; empty where it follows none.
    pub customer: String,
    /// The offering's name; empty where it follows no subscription.
    pub offering: String,
    /// The name of the offering's plan that was sold.
    pub plan: String,
    /// Public id of the subscription.
    pub subscription: String,
    /// Where in the subscription's life the service period lies.
    pub phase: Phase,
    /// The month in which it was earned, "2026-09".
    pub earned_period: String,
    /// First day of the service period.
    pub service_from: NaiveDate,
    /// The day after the service period's last: exclusive.
    pub service_to: NaiveDate,
    /// Number of the customer's invoice.
    pub invoice_number: String,
    /// Line on that invoice.
    pub invoice_line: u32,
    /// What was collected (on a reversal: given back, negative), minor units.
    pub base_minor: i64,
    /// The rate in basis points: 2000 is 20 %.
    pub rate_bps: i32,
    /// The share of the line that earns, numerator: days inside the clause's months.
    pub share_num: u32,
    /// The share of the line that earns, denominator, not 0: all its days.
    pub share_den: u32,
    /// The code of what the partner gets of what the line earns, where that is not all of it:
    /// "split:7000:0".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// What it pays per unit, where it pays no share of the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_unit: Option<PerUnit>,
    /// The amount before rounding as "numerator/denominator" of minor units.
    pub exact: String,
    /// What it comes to, minor units.
    pub amount_minor: i64,
    /// How it was converted, where it was earned in another currency: base, amount per unit and
    /// exact amount are then in that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
    /// The partner's tier at the start of the service period.
    pub tier: Option<String>,
    /// Number of the clause within its plan version, from 1.
    pub clause_number: u32,
    /// The clause as a sentence.
    pub clause: String,
    /// The commission plan version: "Recurring 2026, version 3".
    pub plan_version: String,
    /// The day on which the customer's payment was received.
    pub paid_on: NaiveDate,
    /// The day on which the entry became payable.
    pub held_until: NaiveDate,
    /// Why it was posted late or reversed.
    pub reason: Option<String>,
    /// The entry that it reverses.
    pub reverses: Option<Reverses>,
}

/// An amount for each unit of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerUnit {
    /// For one unit, minor units.
    pub minor: i64,
    /// How many units the line is for.
    pub units: u32,
}

/// The blocks of a statement, in the order they are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Posted in the month it belongs to.
    Earned,
    /// Belongs to a month that was closed when it became known.
    PostedLate,
    /// Bonuses, guarantees and what was adjusted by hand.
    Extra,
    /// Takes back an earlier entry.
    Reversed,
}

impl Block {
    /// All of them, in the order they are printed.
    pub const ALL: [Self; 4] = [Self::Earned, Self::PostedLate, Self::Extra, Self::Reversed];
}

/// The part of a subscription's life that a commission clause speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The first service period.
    First,
    /// Later service periods of the first term.
    Recurring,
    /// Service periods after the first term.
    Renewal,
}

/// Points from a reversal to what it takes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reverses {
    /// Public id of the reversed entry.
    pub entry: String,
    /// The statement that carried it; none when both stand on this one.
    pub statement_number: Option<String>,
}

/// Why a stored text is not a statement.
#[derive(Debug, thiserror::Error)]
pub enum NotAStatement {
    /// It is no JSON of this shape.
    #[error("not a statement: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// It reads, but is not spelled as this program spells it, so its hash means nothing.
    #[error("the statement is not in its canonical spelling")]
    NotCanonical,
}

impl StatementDocument {
    /// The content as a JSON object with sorted keys, integers only.
    #[expect(
        clippy::expect_used,
        reason = "strings, integers and lists only: no value of this type fails to serialize"
    )]
    pub fn content(&self) -> Value {
        let mut content = serde_json::to_value(self).expect("a statement is plain data");
        sort(&mut content);
        content
    }

    /// [`Self::content`] without spaces: the text that is stored and hashed.
    pub fn canonical_json(&self) -> String {
        self.content().to_string()
    }

    /// SHA-256 over [`Self::canonical_json`].
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.canonical_json()).into()
    }

    /// [`Self::sha256`] as 64 lower-case hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        self.sha256().iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Reads what [`Self::canonical_json`] wrote.
    ///
    /// # Errors
    /// [`NotAStatement`] for another shape, an unknown key, or another spelling
    /// of the same content.
    pub fn from_canonical(text: &str) -> Result<Self, NotAStatement> {
        let document: Self = serde_json::from_str(text)?;
        if document.canonical_json() == text {
            Ok(document)
        } else {
            Err(NotAStatement::NotCanonical)
        }
    }

    /// The lines of one block, in order.
    pub fn block(&self, block: Block) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.block == block)
    }

    /// Sum of one block's lines in minor units; none when it overflows.
    pub fn block_total(&self, block: Block) -> Option<i64> {
        sum(self.block(block).map(|line| line.amount_minor))
    }

    /// What the statement says that a block comes to, minor units.
    pub fn stated_total(&self, block: Block) -> i64 {
        match block {
            Block::Earned => self.earned_minor,
            Block::PostedLate => self.posted_late_minor,
            Block::Extra => self.extra_minor,
            Block::Reversed => self.reversed_minor,
        }
    }

    /// Sum of all lines in minor units; none when it overflows.
    pub fn lines_total(&self) -> Option<i64> {
        sum(self.lines.iter().map(|line| line.amount_minor))
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands the field over by reference"
)]
fn is_zero(minor: &i64) -> bool {
    *minor == 0
}

fn sum(amounts: impl Iterator<Item = i64>) -> Option<i64> {
    // Wide inside: the parts may overflow on the way to a sum that does not.
    i64::try_from(amounts.map(i128::from).sum::<i128>()).ok()
}

/// Sorts keys whatever the features of `serde_json` in this build: by themselves its maps are
/// sorted, and then there is nothing to move.
fn sort(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(sort);
            if !map.keys().is_sorted() {
                let mut pairs: Vec<(String, Value)> = std::mem::take(map).into_iter().collect();
                pairs.sort_by(|a, b| a.0.cmp(&b.0));
                map.extend(pairs);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}
