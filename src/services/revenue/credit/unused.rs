//! What was charged and is not used: it goes back to the lines that paid for it.
use super::{
    note::{Said, Whose, write},
    payers::Payers,
};
use crate::{
    Result,
    domain::{CommissionRule, CreditReason, Disposition, ServicePeriod},
    services::revenue::books::Books,
    store::{
        Tx, VendorScope,
        revenue::{segments::Segment, subscriptions::Subscription},
    },
};

/// Something to be credited: a stretch of a segment, and how much of what it charged.
pub struct Unused<'a> {
    pub segment: &'a Segment,
    pub service: ServicePeriod,
    pub net_minor: i64,
}

/// Writes the credit note for what was charged and not used, if anything can be credited: the
/// part goes back to the lines that paid, newest first. It takes off what is due on each invoice;
/// the rest becomes the customer's credit, and commission on money that moved is taken back.
pub fn credit(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (subscription, all): (&Subscription, &[Segment]),
    unused: &[Unused<'_>],
    reason: &str,
) -> Result<()> {
    let mut payers = Payers::of_segments(tx, all)?;
    for part in unused {
        payers.attribute(part)?;
    }
    let said = Said {
        reason,
        about: "",
        code: CreditReason::Change,
        disposition: Disposition::DueThenCredit,
        rule: CommissionRule::ReduceBase,
    };
    write(tx, books, payers, (&Whose::of(subscription), &said)).map(drop)
}
