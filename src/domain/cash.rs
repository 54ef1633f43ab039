//! Where cash goes: payments to invoices, refunds back, credit notes between
//! what is due and the customer's credit. Minor units of one currency.

/// Applies a payment to open invoices, oldest first as given, each with what is
/// due on it. Gives what each received (those that received nothing are left
/// out) and what is left over, which becomes the customer's credit.
pub fn apply<Id: Copy>(amount_minor: i64, open_invoices: &[(Id, i64)]) -> (Vec<(Id, i64)>, i64) {
    draw(amount_minor, open_invoices)
}

/// Takes from each in turn what it can give, until the amount is reached.
fn draw<Id: Copy>(amount_minor: i64, sources: &[(Id, i64)]) -> (Vec<(Id, i64)>, i64) {
    let mut left = amount_minor;
    let mut parts = Vec::new();
    for &(source, most) in sources {
        let part = left.min(most);
        if part > 0 {
            parts.push((source, part));
            left -= part;
        }
    }
    (parts, left)
}

/// Where the money of a refund comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund<Id> {
    /// From credit the customer had not used; nobody earned on it.
    pub from_credit_minor: i64,
    /// Back from invoices, by allocation: those that give nothing are left out.
    pub reversed: Vec<(Id, i64)>,
}

/// Why a refund cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefundError {
    /// Nothing, or less.
    #[error("Give an amount above zero.")]
    NotPositive,
    /// More than is left of the payment, which is this much.
    #[error("This is more than is left of the payment.")]
    TooMuch {
        /// What can be refunded at most, in minor units.
        most_minor: i64,
    },
}

/// Refunds a part of a payment: unused credit first, then its allocations,
/// newest first as given, each with what is left of it.
///
/// # Errors
/// See [`RefundError`].
pub fn refund<Id: Copy>(
    amount_minor: i64,
    allocations: &[(Id, i64)],
    unapplied_credit_minor: i64,
) -> Result<Refund<Id>, RefundError> {
    if amount_minor <= 0 {
        return Err(RefundError::NotPositive);
    }
    let from_credit_minor = amount_minor.min(unapplied_credit_minor.max(0));
    let (reversed, missing) = draw(amount_minor - from_credit_minor, allocations);
    if missing > 0 {
        let most_minor = amount_minor - missing;
        return Err(RefundError::TooMuch { most_minor });
    }
    Ok(Refund {
        from_credit_minor,
        reversed,
    })
}

/// Splits a credit note's total (a magnitude) into what it takes off the amount
/// due and what becomes the customer's credit. The two add up to it.
pub fn dispose(credit_total_minor: i64, amount_due_minor: i64) -> (i64, i64) {
    let reduces_due = credit_total_minor.min(amount_due_minor.max(0));
    (reduces_due, credit_total_minor - reduces_due)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_payment_pays_the_oldest_first_and_the_rest_is_credit() {
        let open = [(1, 100), (2, 50), (3, 70)];
        assert_eq!(apply(120, &open), (vec![(1, 100), (2, 20)], 0));
        assert_eq!(apply(300, &open), (vec![(1, 100), (2, 50), (3, 70)], 80));
        assert_eq!(apply(5, &[(1, 0), (2, -3), (3, 9)]), (vec![(3, 5)], 0));
        assert_eq!(apply::<i64>(5, &[]), (vec![], 5));
    }

    #[test]
    fn a_refund_takes_unused_credit_then_the_newest_allocation() {
        let allocations = [("new", 50), ("old", 100)];
        let refund = |amount| refund(amount, &allocations, 30);
        assert_eq!(
            refund(20),
            Ok(Refund {
                from_credit_minor: 20,
                reversed: vec![]
            })
        );
        assert_eq!(
            refund(100),
            Ok(Refund {
                from_credit_minor: 30,
                reversed: vec![("new", 50), ("old", 20)]
            })
        );
        assert_eq!(refund(181), Err(RefundError::TooMuch { most_minor: 180 }));
        assert_eq!(refund(0), Err(RefundError::NotPositive));
        assert_eq!(
            refund(i64::MAX),
            Err(RefundError::TooMuch { most_minor: 180 })
        );
    }

    #[test]
    fn a_credit_note_first_takes_off_what_is_due() {
        assert_eq!(dispose(4_752, 11_880), (4_752, 0));
        assert_eq!(dispose(4_752, 1_000), (1_000, 3_752));
        assert_eq!(dispose(4_752, 0), (0, 4_752));
        assert_eq!(dispose(4_752, -1), (0, 4_752));
    }

    proptest! {
        #[test]
        fn cash_is_neither_made_nor_lost(
            amount in 1i64..1_000_000,
            open in prop::collection::vec((any::<u16>(), 0i64..100_000), 0..12),
            credit in 0i64..100_000,
        ) {
            let sum = |parts: &[(u16, i64)]| parts.iter().map(|(_, part)| part).sum::<i64>();
            let (parts, left) = apply(amount, &open);
            prop_assert_eq!(sum(&parts) + left, amount);
            prop_assert!(left == 0 || sum(&parts) == sum(&open));
            match refund(amount, &open, credit) {
                Ok(refund) => prop_assert_eq!(refund.from_credit_minor + sum(&refund.reversed), amount),
                Err(why) => {
                    prop_assert_eq!(why, RefundError::TooMuch { most_minor: sum(&open) + credit });
                    prop_assert!(sum(&open) + credit < amount);
                }
            }
            let (due, rest) = dispose(amount, credit);
            prop_assert_eq!(due + rest, amount);
            prop_assert!(due <= credit && rest >= 0);
        }
    }
}
