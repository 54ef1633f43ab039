//! What people decide about credits, and what follows from it.
use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{
        Action, CommissionRule, CreditReason, Disposition, LongText, Money, Period, Permission,
        Rate, Ratio, ServicePeriod,
        commission::{EntryKind, Part, posting_period},
        sla::{Liability, Liable, SlaCreditStatus, borne},
    },
    id::{InvoiceId, SlaCreditId},
    services::revenue::{
        books::Books,
        credit::{LineCredit, NewCreditNote, issue_in},
        locking,
    },
    services::stale,
    store::{
        Platform, Scope, Tx, VendorScope,
        incentivize::entries::{Entry, SourceKind},
        platform::Event,
        revenue::{
            credit_notes::CreditNote,
            sla_credits::{self, Claims, SlaCredit, SlaCreditLine, SlaCreditNote},
        },
    },
};

/// Claims a credit for the customer, on either side.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Conflict`] for one that cannot be claimed, or can no longer;
/// faults of the database.
pub fn claim<S: Claims + Platform>(
    tx: &mut Tx<'_, S>,
    (credit, today): (&SlaCredit, NaiveDate),
) -> Result<()> {
    tx.allow(match tx.scope().partner_id() {
        Some(_) => Permission::PartnerManageOutcomes,
        None => Permission::ManageSubscriptions,
    })?;
    if !credit.can_be_claimed(today) {
        return Err(Error::conflict(
            "This credit cannot be claimed, or its time is over.",
        ));
    }
    let name = tx.scope().actor().name.clone();
    if !S::claim(tx, credit.id, &name)? {
        return Err(stale("credit"));
    }
    told(tx, Action::SlaCreditClaimed, credit)
}

fn waiting(tx: &mut Tx<'_, VendorScope>, (id, version): (SlaCreditId, i32)) -> Result<SlaCredit> {
    let found = sla_credits::one(tx, id)?;
    if found.version != version {
        return Err(stale("credit"));
    }
    match found.status {
        SlaCreditStatus::Proposed => Ok(found),
        SlaCreditStatus::Unclaimed => Err(Error::conflict("This credit has to be claimed first.")),
        SlaCreditStatus::Lapsed => Err(Error::conflict("Nothing is owed as things stand.")),
        _ => Err(Error::conflict("This credit has been decided already.")),
    }
}

/// Declines a credit; the partner reads why.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`] on `answer`; [`Error::Conflict`]
/// for one that was decided or reckoned anew meanwhile; faults of the database.
pub fn decline(
    tx: &mut Tx<'_, VendorScope>,
    seen: (SlaCreditId, i32),
    answer: &LongText,
) -> Result<()> {
    tx.allow(Permission::RecordPayments)?;
    if answer.as_str().trim().is_empty() {
        return Err(Error::on("answer", "Say why: the partner reads it."));
    }
    let mut credit = waiting(tx, seen)?;
    credit.answer = answer.as_str().trim().to_owned();
    decided(tx, credit, SlaCreditStatus::Declined)
}

fn decided(
    tx: &mut Tx<'_, VendorScope>,
    mut credit: SlaCredit,
    status: SlaCreditStatus,
) -> Result<()> {
    credit.status = status;
    credit.decider = tx.scope().actor().name.clone();
    credit.decided_at = Some(tx.now());
    if !sla_credits::decide(tx, &credit)? {
        return Err(stale("credit"));
    }
    let action = match status {
        SlaCreditStatus::Approved => Action::SlaCreditApproved,
        _ => Action::SlaCreditDeclined,
    };
    told(tx, action, &credit)
}

fn told<S: Platform>(tx: &mut Tx<'_, S>, action: Action, credit: &SlaCredit) -> Result<()> {
    S::record(
        tx,
        &Event {
            action,
            subject: credit.id.number(),
            partner: Some(credit.partner_id),
            summary: format!(
                "{}: {} for {}",
                action.label(),
                credit.net(),
                credit.month.title()
            ),
            changes: &[],
        },
    )
}

/// Approves a credit: its lines get credit notes, one of each invoice for what the vendor bears and
/// one for what is charged back to the partner, which leaves the commission as it was.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for one that was decided or
/// reckoned anew meanwhile, and where less is left of a line than is to be credited; faults of the
/// database.
pub fn approve(tx: &mut Tx<'_, VendorScope>, seen: (SlaCreditId, i32)) -> Result<()> {
    tx.allow(Permission::RecordPayments)?;
    let credit = waiting(tx, seen)?;
    let books = Books::open(tx)?;
    let mut invoices: BTreeMap<InvoiceId, Vec<SlaCreditLine>> = BTreeMap::new();
    for line in sla_credits::lines(tx, credit.id)? {
        invoices.entry(line.invoice_id).or_default().push(line);
    }
    let liable = liable(&credit)?;
    let month = ServicePeriod {
        from: credit.month.first_day(),
        to: credit.month.end(),
    };
    for (invoice, lines) in invoices {
        let split = lines
            .iter()
            .map(|line| (line.invoice_line_id, borne(line.net_minor, liable)));
        let split: Vec<_> = split.collect();
        let part = |of: &dyn Fn(&crate::domain::sla::Borne) -> i64| -> Vec<LineCredit> {
            split
                .iter()
                .map(|(line, borne)| LineCredit {
                    days: Some(month),
                    line: *line,
                    net_minor: of(borne),
                })
                .filter(|one| one.net_minor > 0)
                .collect()
        };
        let own = part(&|borne| borne.reduces);
        let kept = part(&|borne| borne.protects);
        let back = split.iter().map(|(_, borne)| borne.charged_back).sum();
        let of = (&credit, invoice);
        issue(tx, &books, of, (own, CommissionRule::ReduceBase, 0))?;
        issue(tx, &books, of, (kept, CommissionRule::ProtectPartner, back))?;
    }
    decided(tx, credit, SlaCreditStatus::Approved)
}

fn liable(credit: &SlaCredit) -> Result<Liable> {
    let partner = Rate::from_bps(credit.partner_share_bps).map_err(Error::fault)?;
    Ok(match credit.liability {
        Liability::Shared => Liable::Shared { partner },
        Liability::ReduceBase => Liable::ReduceBase,
        Liability::ProtectPartner | Liability::ByDelivery => Liable::ProtectPartner,
    })
}

fn issue(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (credit, invoice): (&SlaCredit, InvoiceId),
    (lines, commission, charged_back): (Vec<LineCredit>, CommissionRule, i64),
) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let share = Rate::from_bps(credit.share_bps).map_err(Error::fault)?;
    let part = match charged_back {
        0 => "",
        _ => " Borne by the partner.",
    };
    let new = NewCreditNote {
        invoice,
        lines,
        reason: CreditReason::ServiceLevel,
        note: format!(
            "{share} of the fee for {}: {}.{part}",
            credit.month.title(),
            credit.missed.replace('\n', "; ")
        ),
        disposition: Disposition::DueThenCredit,
        commission,
    };
    let note = issue_in(tx, books, &new).map_err(|error| match error {
        Error::Invalid(problems) => {
            let why: Vec<&str> = problems.iter().map(|(_, why)| why).collect();
            Error::conflict(why.join(" "))
        }
        other => other,
    })?;
    let issued = SlaCreditNote {
        id: tx.fresh_id(),
        partner_id: credit.partner_id,
        sla_credit_id: credit.id,
        credit_note_id: note.id,
        charged_back_minor: charged_back,
    };
    sla_credits::note_issued(tx, vec![issued])?;
    if charged_back > 0 {
        let entry = chargeback(&*tx, books, (credit, &note), (invoice, charged_back));
        locking::post(tx, vec![entry])?;
    }
    Ok(())
}

/// The partner's part, charged back once and in full; payable at once, like an adjustment.
fn chargeback(
    tx: &Tx<'_, VendorScope>,
    books: &Books,
    (credit, note): (&SlaCredit, &CreditNote),
    (invoice, minor): (InvoiceId, i64),
) -> Entry {
    let due = Period::of(books.today);
    let posting = posting_period(due, books.first_open);
    Entry {
        id: tx.fresh_id(),
        partner_id: credit.partner_id,
        customer_id: Some(note.customer_id),
        subscription_id: Some(credit.subscription_id),
        invoice_id: Some(invoice),
        invoice_line_id: None,
        commission_clause_id: None,
        kind: EntryKind::Adjustment,
        source_kind: SourceKind::CreditNote,
        source_id: note.id.number(),
        seq: 1,
        base_minor: 0,
        rate_bps: 0,
        exact: Ratio::from_int(-minor),
        amount_minor: -minor,
        currency: credit.currency,
        paid_on: books.today,
        earned_period: credit.month,
        due_period: due,
        posting_period: posting,
        matures_on: books.today,
        reverses_id: None,
        created_at: tx.now(),
        caps_id: None,
        note: format!(
            "SLA chargeback: your part of credit note {} for {}, {}. {}.",
            note.number,
            credit.month.title(),
            Money::new(minor, credit.currency),
            credit.missed.replace('\n', "; ")
        ),
        part: Part::Whole,
        about: String::new(),
        seller_id: None,
    }
}
