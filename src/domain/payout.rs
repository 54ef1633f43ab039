//! What leaves for the partner's bank: tax on it, tax withheld from it, and the files that carry it.

use super::{coded::coded, money::Currency, rate::Rate, ratio::Overflow};

coded! {
    /// How far a payout has come.
    PayoutStatus {
        Draft = "draft", "Draft";
        Approved = "approved", "Approved";
        Submitted = "submitted", "Submitted";
        Sent = "sent", "Sent";
        Paid = "paid", "Paid";
        Failed = "failed", "Failed";
        Returned = "returned", "Returned";
        Canceled = "canceled", "Canceled";
    }
}

impl PayoutStatus {
    /// Whether this may turn into that; what is not listed is refused. A failed payout is taken
    /// back in the ledger and tried again as a new one.
    pub fn can_become(self, next: Self) -> bool {
        use PayoutStatus::{Approved, Canceled, Draft, Failed, Paid, Returned, Sent, Submitted};
        matches!(
            (self, next),
            (Draft, Approved | Canceled)
                | (Approved, Submitted)
                | (Submitted, Sent | Failed)
                | (Sent, Paid | Failed)
                | (Paid, Returned)
        )
    }
}

/// The tax terms of a partner on the day of a payout.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct PayoutTax {
    /// Tax the vendor adds for the partner, as with a self-billed invoice.
    pub added: Rate,
    /// Tax the vendor keeps back for the authorities, of the commission before tax.
    pub withheld: Rate,
}

/// A payout in its parts, in minor units; `net = gross + tax - withheld`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayoutParts {
    /// The commission.
    pub gross_minor: i64,
    /// Tax added.
    pub tax_minor: i64,
    /// Tax kept back.
    pub withheld_minor: i64,
    /// What is transferred.
    pub net_minor: i64,
}

impl PayoutParts {
    /// Whether tax is added or kept back.
    pub fn is_taxed(&self) -> bool {
        self.tax_minor != 0 || self.withheld_minor != 0
    }
}

impl PayoutTax {
    /// The parts of a payout of so much commission, in minor units.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn on(&self, gross_minor: i64) -> Result<PayoutParts, Overflow> {
        let (tax_minor, withheld_minor) =
            (self.added.of(gross_minor), self.withheld.of(gross_minor));
        let with_tax = gross_minor.checked_add(tax_minor);
        let net = with_tax.and_then(|sum| sum.checked_sub(withheld_minor));
        Ok(PayoutParts {
            gross_minor,
            tax_minor,
            withheld_minor,
            net_minor: net.ok_or(Overflow)?,
        })
    }
}

/// What the head of a credit transfer file (ISO 20022 pain.001) states about its payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferTotals {
    /// How many there are.
    pub count: String,
    /// Their sum, written from the same whole numbers as they are.
    pub control_sum: String,
    /// Each amount.
    pub amounts: Vec<String>,
}

/// The totals of payments in minor units of one currency.
///
/// # Errors
/// [`Overflow`] when the sum does not fit.
pub fn transfer_totals(
    payments_minor: &[i64],
    currency: Currency,
) -> Result<TransferTotals, Overflow> {
    let written = |minor| super::decimal::plain(minor, currency.exponent());
    Ok(TransferTotals {
        count: payments_minor.len().to_string(),
        control_sum: written(total(payments_minor)?),
        amounts: payments_minor.iter().map(|minor| written(*minor)).collect(),
    })
}

fn total(payments_minor: &[i64]) -> Result<i64, Overflow> {
    let sum = payments_minor
        .iter()
        .try_fold(0i64, |sum, minor| sum.checked_add(*minor));
    sum.ok_or(Overflow)
}

/// Why a NACHA batch cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBatch {
    /// Not nine digits, at this place counted from 1.
    #[error("Routing number {0} must have nine digits.")]
    Routing(usize),
    /// Nothing, or less, at this place counted from 1.
    #[error("Payment {0} must be above zero.")]
    Amount(usize),
    /// A sum that the file has no room for.
    #[error("The batch is too large for one file.")]
    TooLarge,
}

/// The control fields of a NACHA batch: ten digits of entry hash, twelve of total credit.
///
/// # Errors
/// See [`BadBatch`].
pub fn nacha_control(payments: &[(&str, i64)]) -> Result<(String, String), BadBatch> {
    let (mut hash, mut credit) = (0u64, 0i64);
    for (place, (routing, cents)) in (1..).zip(payments) {
        let is_routing = routing.len() == 9 && routing.bytes().all(|b| b.is_ascii_digit());
        let first = routing.get(..8).filter(|_| is_routing);
        let first = first.and_then(|digits| digits.parse::<u64>().ok());
        hash = (hash + first.ok_or(BadBatch::Routing(place))?) % 10_000_000_000;
        if *cents <= 0 {
            return Err(BadBatch::Amount(place));
        }
        credit = credit.checked_add(*cents).ok_or(BadBatch::TooLarge)?;
    }
    if credit >= 1_000_000_000_000 {
        return Err(BadBatch::TooLarge);
    }
    Ok((format!("{hash:010}"), format!("{credit:012}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_batch_that_no_bank_takes_is_refused() {
        assert_eq!(nacha_control(&[("12345678", 1)]), Err(BadBatch::Routing(1)));
        assert_eq!(nacha_control(&[("021000021", 0)]), Err(BadBatch::Amount(1)));
        let much = ("021000021", 999_999_999_999);
        assert!(nacha_control(&[much]).is_ok());
        assert_eq!(nacha_control(&[much, much]), Err(BadBatch::TooLarge));
    }

    proptest! {
        /// Invariant 25.
        #[test]
        fn parts_and_totals_agree(
            payments in prop::collection::vec(1i64..10_000_000, 0..20),
            added in 0i32..=10_000, withheld in 0i32..=10_000,
            code in prop::sample::select(vec!["EUR", "JPY", "KWD"]),
        ) {
            let currency: Currency = code.parse().unwrap();
            let totals = transfer_totals(&payments, currency).unwrap();
            let read = |typed: &str| super::super::money::Money::parse(typed, currency).unwrap().minor();
            let sum: i64 = totals.amounts.iter().map(|amount| read(amount)).sum();
            prop_assert_eq!(read(&totals.control_sum), sum);
            prop_assert_eq!(sum, payments.iter().sum::<i64>());
            let tax = PayoutTax {
                added: Rate::from_bps(added).unwrap(),
                withheld: Rate::from_bps(withheld).unwrap(),
            };
            let parts = tax.on(sum).unwrap();
            prop_assert_eq!(parts.net_minor, parts.gross_minor + parts.tax_minor - parts.withheld_minor);
            prop_assert!(parts.net_minor >= 0);
        }
    }
}
