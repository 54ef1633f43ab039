//! The journal: what each thing that happens to commission does to the vendor's accounts, in
//! double entry. It is told from the ledger, statements and payouts and stored nowhere, so that it
//! cannot part from them; of a closed month it says the same for ever.
//!
//! The accounts and what moves between them are those of `engine.md` 0.1, rule 14, and 3.1, step 9.
//! A payout is booked when the bank has paid it, so that no account holds what is on its way.
use std::collections::BTreeMap;

use super::{
    coded::coded,
    money::{Money, MoneyError},
};

coded! {
    /// An account of the vendor's.
    Account {
        CommissionExpense = "commission_expense", "Commission expense";
        AccruedCommission = "accrued_commission", "Accrued commission";
        CurrencyExchange = "currency_exchange", "Currency exchange";
        InputVat = "input_vat", "Input VAT";
        PartnerPayable = "partner_payable", "Payable to partners";
        WithholdingPayable = "withholding_payable", "Withholding tax payable";
        Bank = "bank", "Bank";
    }
}

/// An amount on one account: above zero it is a debit, below zero a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// How much.
    pub amount: Money,
}

/// What belongs together: its postings come to nothing in each currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal(Vec<Posting>);

/// What a statement takes over from the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// The total of its lines, in its currency.
    pub lines: Money,
    /// Of them, entries that were earned in that currency.
    pub own: Money,
    /// Entries that were earned in another: as earned, and as payable.
    pub converted: Vec<(Money, Money)>,
}

impl Journal {
    /// Entries are posted in the ledger; below zero they take back.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn earned(amount: Money) -> Result<Self, MoneyError> {
        Self::between(
            Account::CommissionExpense,
            Account::AccruedCommission,
            amount,
        )
    }

    /// Entries are put on a statement, by which they are owed.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn stated(taken: &TakenOver) -> Result<Self, MoneyError> {
        let mut postings = vec![
            debit(Account::AccruedCommission, taken.own),
            credit(Account::PartnerPayable, taken.lines)?,
        ];
        for (earned, payable) in &taken.converted {
            postings.extend([
                debit(Account::AccruedCommission, *earned),
                credit(Account::CurrencyExchange, *earned)?,
                debit(Account::CurrencyExchange, *payable),
            ]);
        }
        Ok(Self::of(postings))
    }

    /// VAT that a statement adds.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn taxed(vat: Money) -> Result<Self, MoneyError> {
        Self::between(Account::InputVat, Account::PartnerPayable, vat)
    }

    /// The bank has paid a payout, of which tax was withheld.
    ///
    /// # Errors
    /// [`MoneyError`] when the sum does not fit, or they are in two currencies.
    pub fn paid(amount: Money, withheld: Money) -> Result<Self, MoneyError> {
        Ok(Self::of(vec![
            debit(Account::PartnerPayable, amount.plus(withheld)?),
            credit(Account::WithholdingPayable, withheld)?,
            credit(Account::Bank, amount)?,
        ]))
    }

    /// Its postings; none is nothing.
    pub fn postings(&self) -> &[Posting] {
        &self.0
    }

    /// What its postings come to where that is not nothing: it is wrong then.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn imbalance(&self) -> Result<Vec<Money>, MoneyError> {
        let mut sums: BTreeMap<&str, Money> = BTreeMap::new();
        for posting in &self.0 {
            let zero = Money::zero(posting.amount.currency());
            let sum = sums.entry(zero.currency().code()).or_insert(zero);
            *sum = sum.plus(posting.amount)?;
        }
        Ok(sums.into_values().filter(|sum| !sum.is_zero()).collect())
    }

    fn between(to: Account, from: Account, amount: Money) -> Result<Self, MoneyError> {
        Ok(Self::of(vec![debit(to, amount), credit(from, amount)?]))
    }

    fn of(mut postings: Vec<Posting>) -> Self {
        postings.retain(|posting| !posting.amount.is_zero());
        Self(postings)
    }
}

fn debit(account: Account, amount: Money) -> Posting {
    Posting { account, amount }
}

fn credit(account: Account, amount: Money) -> Result<Posting, MoneyError> {
    let amount = Money::zero(amount.currency()).minus(amount)?;
    Ok(Posting { account, amount })
}

/// What was put on one account in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountSum {
    /// The account.
    pub account: Account,
    /// All debits.
    pub debit: Money,
    /// All credits, above zero.
    pub credit: Money,
}

impl AccountSum {
    /// Debit minus credit.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn balance(&self) -> Result<Money, MoneyError> {
        self.debit.minus(self.credit)
    }
}

/// What some journals come to, by currency and in it by account.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub fn by_account<'a>(
    journals: impl IntoIterator<Item = &'a Journal>,
) -> Result<BTreeMap<&'static str, Vec<AccountSum>>, MoneyError> {
    let mut sums: BTreeMap<&'static str, Vec<AccountSum>> = BTreeMap::new();
    for posting in journals.into_iter().flat_map(Journal::postings) {
        let zero = Money::zero(posting.amount.currency());
        let of = sums
            .entry(posting.amount.currency().code())
            .or_insert_with(|| empty(zero));
        let Some(sum) = of.iter_mut().find(|sum| sum.account == posting.account) else {
            continue;
        };
        match posting.amount.is_positive() {
            true => sum.debit = sum.debit.plus(posting.amount)?,
            false => sum.credit = sum.credit.minus(posting.amount)?,
        }
    }
    for of in sums.values_mut() {
        of.retain(|sum| !sum.debit.is_zero() || !sum.credit.is_zero());
    }
    Ok(sums)
}

fn empty(zero: Money) -> Vec<AccountSum> {
    let sum = |account: &Account| AccountSum {
        account: *account,
        debit: zero,
        credit: zero,
    };
    Account::ALL.iter().map(sum).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().unwrap())
    }

    fn said(journal: &Journal) -> Vec<(Account, i64)> {
        let one = |posting: &Posting| (posting.account, posting.amount.minor());
        journal.postings().iter().map(one).collect()
    }

    #[test]
    fn commission_is_accrued_owed_and_paid() {
        use Account::*;
        let earned = Journal::earned(money(1_250, "EUR")).unwrap();
        assert_eq!(
            said(&earned),
            [(CommissionExpense, 1_250), (AccruedCommission, -1_250)]
        );
        let back = Journal::earned(money(-250, "EUR")).unwrap();
        assert_eq!(
            said(&back),
            [(CommissionExpense, -250), (AccruedCommission, 250)]
        );
        let stated = Journal::stated(&TakenOver {
            lines: money(1_000, "EUR"),
            own: money(1_000, "EUR"),
            converted: Vec::new(),
        });
        assert_eq!(
            said(&stated.unwrap()),
            [(AccruedCommission, 1_000), (PartnerPayable, -1_000)]
        );
        let vat = Journal::taxed(money(190, "EUR")).unwrap();
        assert_eq!(said(&vat), [(InputVat, 190), (PartnerPayable, -190)]);
        let paid = Journal::paid(money(1_040, "EUR"), money(150, "EUR")).unwrap();
        assert_eq!(
            said(&paid),
            [
                (PartnerPayable, 1_190),
                (WithholdingPayable, -150),
                (Bank, -1_040)
            ]
        );
    }

    #[test]
    fn what_is_paid_in_another_currency_balances_in_both() {
        let taken = |lines| TakenOver {
            lines: money(lines, "CHF"),
            own: money(100, "CHF"),
            converted: vec![(money(1_000, "EUR"), money(935, "CHF"))],
        };
        let journal = Journal::stated(&taken(1_035)).unwrap();
        assert_eq!(journal.imbalance().unwrap(), []);
        let wrong = Journal::stated(&taken(1_034)).unwrap();
        assert_eq!(wrong.imbalance().unwrap(), [money(1, "CHF")]);
        let sums = by_account([&journal]).unwrap();
        let exchange = |code: &str| {
            let of = &sums[code];
            let found = of
                .iter()
                .find(|sum| sum.account == Account::CurrencyExchange);
            found.unwrap().balance().unwrap()
        };
        assert_eq!(exchange("EUR"), money(-1_000, "EUR"));
        assert_eq!(exchange("CHF"), money(935, "CHF"));
    }

    proptest! {
        /// Invariant 1: each journal comes to nothing, and so do all accounts together.
        #[test]
        fn postings_balance(
            earned in prop::collection::vec(-1_000_000i64..1_000_000, 0..20),
            converted in prop::collection::vec((-1_000_000i64..1_000_000, -1_000_000i64..1_000_000), 0..10),
            own in -1_000_000i64..1_000_000,
            vat in 0i64..100_000,
            (paid, withheld) in (0i64..1_000_000, 0i64..100_000),
        ) {
            let payable: i64 = converted.iter().map(|(_, payable)| payable).sum();
            let pair = |(earned, payable): &(i64, i64)| (money(*earned, "EUR"), money(*payable, "JPY"));
            let mut journals: Vec<Journal> = earned
                .iter()
                .map(|minor| Journal::earned(money(*minor, "EUR")).unwrap())
                .collect();
            journals.push(Journal::stated(&TakenOver {
                lines: money(own + payable, "JPY"),
                own: money(own, "JPY"),
                converted: converted.iter().map(pair).collect(),
            }).unwrap());
            journals.push(Journal::taxed(money(vat, "JPY")).unwrap());
            journals.push(Journal::paid(money(paid, "JPY"), money(withheld, "JPY")).unwrap());
            for journal in &journals {
                prop_assert_eq!(journal.imbalance().unwrap(), []);
                prop_assert!(journal.postings().iter().all(|one| !one.amount.is_zero()));
            }
            for of in by_account(&journals).unwrap().values() {
                let all: i64 = of.iter().map(|sum| sum.balance().unwrap().minor()).sum();
                prop_assert_eq!(all, 0);
                prop_assert!(of.iter().all(|sum| !sum.debit.is_negative() && !sum.credit.is_negative()));
            }
        }
    }
}
