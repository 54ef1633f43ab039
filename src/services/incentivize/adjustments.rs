//! What finance gives or takes by hand: one person proposes, another approves, and then an entry
//! is written.
use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{
        Action, AdjustmentReason, AdjustmentStatus, LongText, Money, Period, Permission, Problems,
        Ratio,
        adjustment::{adjustment_note, unadjustable},
        commission::{EntryKind, Part},
    },
    id::{AdjustmentId, PartnerId, UserId},
    services::revenue::{self, Books},
    store::{
        Platform, Scope, Tx, VendorScope,
        incentivize::{
            adjustments::{self, Adjustment},
            entries::{Entry, SourceKind},
        },
        platform::Event,
        recruit::partners,
        registers::Sees,
    },
};

/// An adjustment as it is proposed.
#[derive(Debug, Clone)]
pub struct NewAdjustment {
    /// Whose.
    pub partner: PartnerId,
    /// The open month it is to be posted in.
    pub month: Period,
    /// What it comes to, positive for the partner.
    pub amount: Money,
    /// Why.
    pub reason: AdjustmentReason,
    /// What the partner reads.
    pub memo: LongText,
}

/// Proposes an adjustment; nothing is posted until someone else approves it.
///
/// # Errors
/// [`Error::Forbidden`], also for whoever is no person; [`Error::NotFound`] for the partner;
/// [`Error::Invalid`] on `amount`, `currency`, `month` or `memo`; faults of the database.
pub fn propose(tx: &mut Tx<'_, VendorScope>, new: &NewAdjustment) -> Result<AdjustmentId> {
    let (user, proposer) = person(tx)?;
    let name = partners::partner(tx, new.partner)?.name;
    let problems = problems_of(tx, new)?;
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let adjustment = Adjustment {
        id: tx.fresh_id(),
        partner_id: new.partner,
        month: new.month,
        amount_minor: new.amount.minor(),
        currency: new.amount.currency(),
        reason: new.reason,
        memo: new.memo.to_string(),
        status: AdjustmentStatus::Proposed,
        proposed_by: user,
        proposer,
        proposed_at: tx.now(),
        decided_by: None,
        decider: String::new(),
        decided_at: None,
        answer: String::new(),
    };
    adjustments::add(tx, adjustment.clone())?;
    note(tx, (Action::AdjustmentProposed, &adjustment), &name)?;
    Ok(adjustment.id)
}

/// The person who asks.
fn person(tx: &Tx<'_, VendorScope>) -> Result<(UserId, String)> {
    tx.allow(Permission::AdjustCommission)?;
    let actor = tx.scope().actor();
    let user = actor.user.ok_or(Error::Forbidden)?;
    Ok((user, actor.name.clone()))
}

fn problems_of(tx: &mut Tx<'_, VendorScope>, new: &NewAdjustment) -> Result<Problems> {
    let mut problems = Problems::default();
    let books = Books::open(tx)?;
    if new.amount.is_zero() {
        problems.add("amount", "Give an amount other than nothing.");
    }
    if new.memo.as_str().trim().is_empty() {
        problems.add("memo", "Say why: the partner reads it.");
    }
    let currency = new.amount.currency();
    let sold = VendorScope::currencies(tx)?;
    if currency != books.vendor.currency && !sold.iter().any(|code| code == currency.code()) {
        problems.add("currency", "Nothing is sold in this currency.");
    }
    if let Some(why) = unadjustable(new.month, books.first_open, Period::of(books.today)) {
        problems.add("month", why);
    }
    Ok(problems)
}

/// The months that can be adjusted now, earliest first.
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database.
pub fn open_months(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Period>> {
    tx.allow(Permission::AdjustCommission)?;
    let books = Books::open(tx)?;
    Ok(books.first_open.through(Period::of(books.today)).collect())
}

/// Whether a month has been closed, so that what waits in it can be declined only.
///
/// # Errors
/// Faults of the database.
pub fn is_over(tx: &mut Tx<'_, VendorScope>, month: Period) -> Result<bool> {
    Ok(month < Books::open(tx)?.first_open)
}

/// Approves an adjustment of somebody else and posts its entry.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for one's own, for one that was
/// decided, and for a month that was closed meanwhile; faults of the database.
pub fn approve(tx: &mut Tx<'_, VendorScope>, id: AdjustmentId) -> Result<()> {
    let (user, decider) = person(tx)?;
    let waiting = waiting(tx, id)?;
    if waiting.proposed_by == user {
        return Err(Error::conflict(
            "You proposed this adjustment. Someone else has to approve it.",
        ));
    }
    let books = Books::open(tx)?;
    if let Some(why) = unadjustable(waiting.month, books.first_open, Period::of(books.today)) {
        return Err(Error::conflict(why));
    }
    let approved = Adjustment {
        status: AdjustmentStatus::Approved,
        decided_by: Some(user),
        decider,
        decided_at: Some(tx.now()),
        ..waiting
    };
    decide(tx, &approved)?;
    let entry = entry(tx, &approved, books.today);
    revenue::post(tx, vec![entry])?;
    let name = partners::partner(tx, approved.partner_id)?.name;
    note(tx, (Action::AdjustmentApproved, &approved), &name)
}

/// Declines an adjustment; one may take back one's own.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for one that was decided; faults
/// of the database.
pub fn decline(tx: &mut Tx<'_, VendorScope>, id: AdjustmentId, answer: &str) -> Result<()> {
    let (user, decider) = person(tx)?;
    let answer = answer.parse::<LongText>();
    let answer = answer.map_err(|why| Error::on("answer", why.to_string()))?;
    let declined = Adjustment {
        status: AdjustmentStatus::Declined,
        decided_by: Some(user),
        decider,
        decided_at: Some(tx.now()),
        answer: answer.to_string(),
        ..waiting(tx, id)?
    };
    decide(tx, &declined)?;
    let name = partners::partner(tx, declined.partner_id)?.name;
    note(tx, (Action::AdjustmentDeclined, &declined), &name)
}

fn waiting(tx: &mut Tx<'_, VendorScope>, id: AdjustmentId) -> Result<Adjustment> {
    let found = adjustments::one(tx, id)?;
    match found.status {
        AdjustmentStatus::Proposed => Ok(found),
        _ => Err(decided()),
    }
}

fn decided() -> Error {
    Error::conflict("This adjustment has been decided already.")
}

fn decide(tx: &mut Tx<'_, VendorScope>, decision: &Adjustment) -> Result<()> {
    match adjustments::decide(tx, decision)? {
        true => Ok(()),
        false => Err(decided()),
    }
}

/// Payable at once: on its month's last day at the latest.
fn entry(tx: &Tx<'_, VendorScope>, of: &Adjustment, today: NaiveDate) -> Entry {
    let on = today.min(of.month.last_day());
    Entry {
        id: tx.fresh_id(),
        partner_id: of.partner_id,
        customer_id: None,
        subscription_id: None,
        invoice_id: None,
        invoice_line_id: None,
        commission_clause_id: None,
        kind: EntryKind::Adjustment,
        source_kind: SourceKind::Adjustment,
        source_id: of.id.number(),
        seq: 1,
        base_minor: 0,
        rate_bps: 0,
        exact: Ratio::from_int(of.amount_minor),
        amount_minor: of.amount_minor,
        currency: of.currency,
        paid_on: on,
        earned_period: of.month,
        due_period: of.month,
        posting_period: of.month,
        matures_on: on,
        reverses_id: None,
        created_at: tx.now(),
        part: Part::Whole,
        about: String::new(),
        seller_id: None,
        caps_id: None,
        note: adjustment_note(of.reason, &of.memo),
    }
}

fn note(
    tx: &mut Tx<'_, VendorScope>,
    (action, of): (Action, &Adjustment),
    partner: &str,
) -> Result<()> {
    let amount = of.amount();
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: of.id.number(),
            // The partner sees the entry, and not how it came about.
            partner: None,
            summary: format!(
                "{}: {amount} for {partner}, {}",
                action.label(),
                of.month.title()
            ),
            changes: &[],
        },
    )
}
