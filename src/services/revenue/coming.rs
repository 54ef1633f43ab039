//! What the next invoice of a subscription earns, by the rules that bill and accrue.
use std::collections::BTreeMap;

use super::{
    billing::{Terms, expected},
    books::Books,
    forecast::paid_in_full,
    parties::Arranged,
    renewals,
};
use crate::{
    Result,
    domain::{
        Money, Overflow, Permission,
        commission::{Claim, Part},
        forecast::Coming,
    },
    id::{Id, PartnerId, SubscriptionId},
    store::{Tx, VendorScope, registers::calendar, revenue::subscriptions},
};

/// What the next invoice of a subscription earns.
#[derive(Debug, Clone, Default)]
pub struct NextEarnings {
    /// Everybody by the clauses, in the order of their turns.
    pub each: Vec<(PartnerId, Part, Money)>,
    /// The bonus on the renewed term that it begins, and whose.
    pub bonus: Option<(PartnerId, Money)>,
}

/// What the next service period of a subscription earns everybody once its invoice is paid, in the
/// order of their turns: what is charged ahead, and neither usage nor what a month's sums bring
/// (caps, volume steps, guarantees). Nothing where no period is to come.
///
/// # Errors
/// [`crate::Error::Forbidden`]; [`crate::Error::NotFound`]; faults of the database.
pub fn next_earnings(tx: &mut Tx<'_, VendorScope>, id: SubscriptionId) -> Result<NextEarnings> {
    tx.allow(Permission::ViewPartners)?;
    let sold = subscriptions::one(tx, id)?;
    let index = sold.next_index();
    let terms = Terms::of(tx, std::slice::from_ref(&sold))?;
    let from = sold.stretch(index)?.service.from;
    let then = terms.in_period(&sold, from)?;
    let service = then.stretch(index)?.service;
    let is_over = sold.ends_on.is_some_and(|end| end <= service.from);
    if sold.next_bill_on.is_none() || is_over {
        return Ok(NextEarnings::default());
    }
    let period = Coming {
        service,
        phase: then.phase(index)?,
        is_committed: true,
    };
    let zone = calendar(tx)?.zone;
    let found = expected((&terms, zone), &then, &period)?;
    let of = std::iter::once((sold.id, sold.partner_id));
    let who = Arranged::of(tx, of)?.on_line(&sold, service.from)?;
    let claims: Vec<Claim> = who
        .iter()
        .map(|(who, part)| Claim::new(who.number(), *part))
        .collect();
    let mut sums: BTreeMap<(i64, Part), i64> = BTreeMap::new();
    for one in paid_in_full(&found, &claims)?.concat() {
        let sum = sums.entry((one.who, one.part)).or_default();
        *sum = sum.checked_add(one.minor).ok_or(Overflow)?;
    }
    let each = claims.iter().filter_map(|claim| {
        let minor = sums.get(&(claim.who, claim.part))?;
        let money = Money::new(*minor, sold.currency);
        Some((Id::of(claim.who), claim.part, money))
    });
    let books = Books::open(tx)?;
    let billed = renewals::standing(tx, std::slice::from_ref(&then))?;
    let bonus = renewals::foreseen(&then, service.from, (&books, &terms, &billed))?;
    Ok(NextEarnings {
        each: each.collect(),
        bonus: (bonus != 0).then(|| (sold.partner_id, Money::new(bonus, sold.currency))),
    })
}
