//! Deals: registered by a partner, decided by the vendor, won by the sale they were registered for.
use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{
        Action, DealStatus, LongText, Name, Permission, Problems, Quantity, Role, VatId,
        audit::{Change, diff},
        date_words,
        deal::{Alike, CustomerMark, unprotectable},
        near,
    },
    id::{DealRegistrationId, MailId, OfferingId, UserId},
    services::stale,
    store::{
        PartnerScope, Platform, Scope, Tx, VendorScope,
        account::{people, vendor},
        platform::{Event, NewJob, NewMail},
        registers::deals::{self as register, DealRow},
        revenue::subscriptions::Subscription,
        sell::deals::{self as deals, DealRegistration, NewDeal},
    },
};

/// The kind of the letter that tells a decision.
pub const LETTER: &str = "deal_decision";

/// A deal as a form says it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// To whom it is to be sold.
    pub customer: Name,
    /// The customer's website or address; may be empty.
    pub web: String,
    /// Its VAT id; may be empty.
    pub vat_id: VatId,
    /// What is to be sold.
    pub offering: OfferingId,
    /// Expected units.
    pub quantity: Quantity,
    /// The day the sale is expected to begin.
    pub expected_on: NaiveDate,
    /// What the partner says about it.
    pub note: LongText,
}

/// Registers a deal for the scope's partner; it waits for the vendor's decision. Whether another
/// partner has registered the customer is the vendor's to know.
///
/// # Errors
/// [`Error::Forbidden`], also for whoever is no person; [`Error::Invalid`] on `customer`, `web`,
/// `offering`, `quantity` or `expected_on`; faults of the database.
pub fn register(tx: &mut Tx<'_, PartnerScope>, draft: &Draft) -> Result<DealRegistrationId> {
    tx.allow(Permission::PartnerRegisterDeals)?;
    let (user, submitter) = {
        let actor = tx.scope().actor();
        (actor.user.ok_or(Error::Forbidden)?, actor.name.clone())
    };
    let today = vendor::today(tx)?;
    let named = (draft.web.as_str(), Some(&draft.vat_id));
    let mut problems = remarks(named, Some(draft.expected_on), today);
    let offered = register::offered(tx)?;
    if !offered.iter().any(|(id, _)| *id == draft.offering) {
        problems.add("offering", "Choose an offering that is on sale.");
    }
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let mark = mark_of(draft)?;
    let own = register::alike(tx, (&mark, None), today)?;
    if let Some(other) = own
        .iter()
        .find(|row| row.deal.offering_id == draft.offering)
    {
        return Err(Error::on("customer", already(&other.deal)));
    }
    let quantity = i32::try_from(draft.quantity.get());
    let new = NewDeal {
        id: tx.fresh_id(),
        offering: draft.offering,
        customer_name: draft.customer.to_string(),
        web: draft.web.trim().to_owned(),
        mark,
        quantity: quantity.map_err(|_| Error::on("quantity", "Give a smaller number."))?,
        expected_on: draft.expected_on,
        note: draft.note.as_str().trim().to_owned(),
        submitted_by: user,
        submitter,
    };
    let id = new.id;
    let summary = format!("{}: {}", Action::DealRegistered.label(), new.customer_name);
    deals::add(tx, new)?;
    let event = Event {
        action: Action::DealRegistered,
        subject: id.number(),
        partner: tx.scope().partner_id(),
        summary,
        changes: &[],
    };
    PartnerScope::record(tx, &event)?;
    Ok(id)
}

fn mark_of(draft: &Draft) -> Result<CustomerMark> {
    let mark = CustomerMark::of(draft.customer.as_str(), &draft.web, &draft.vat_id);
    mark.map_err(|why| Error::on("web", why.to_string()))
}

/// What is wrong with a deal's website, on `web`, and with the day its sale is to begin, on
/// `expected_on`, whatever else is; `today` is the vendor's date. A VAT id or a day that could not be
/// read is none.
pub fn remarks(
    (web, vat_id): (&str, Option<&VatId>),
    expected_on: Option<NaiveDate>,
    today: NaiveDate,
) -> Problems {
    let mut problems = Problems::default();
    let mark = CustomerMark::of("", web, &VatId::default());
    let has_no_vat_id = vat_id.is_some_and(|id| id.as_str().is_empty());
    match mark {
        Err(why) => problems.add("web", why.to_string()),
        Ok(mark) if mark.web.is_empty() && has_no_vat_id => problems.add(
            "web",
            "Give the customer’s website, address or VAT id: names alone are mixed up.",
        ),
        Ok(_) => {}
    }
    if expected_on.is_some_and(|day| day < today) {
        let why = "Give a day to come: what is sold already cannot be registered.";
        problems.add("expected_on", why);
    }
    if let Some(Err(why)) = expected_on.map(|day| near::within_reach(day, today)) {
        problems.add("expected_on", why);
    }
    problems
}

fn already(deal: &DealRegistration) -> String {
    let stands = match deal.protected_until {
        Some(until) => format!("is protected until {}", date_words(until)),
        None => "waits for a decision".to_owned(),
    };
    format!(
        "You have registered {} for this already: it {stands}.",
        deal.customer_name
    )
}

/// Takes the partner's own registration back.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for one that is over or was
/// changed meanwhile; faults of the database.
pub fn withdraw(tx: &mut Tx<'_, PartnerScope>, seen: (DealRegistrationId, i32)) -> Result<()> {
    tx.allow(Permission::PartnerRegisterDeals)?;
    let deal = register::one(tx, seen.0)?.deal;
    may_become(&deal, DealStatus::Withdrawn)?;
    if !deals::withdraw(tx, seen)? {
        return Err(stale("registration"));
    }
    told(tx, (Action::DealWithdrawn, &deal), &[])
}

fn may_become(deal: &DealRegistration, next: DealStatus) -> Result<()> {
    match deal.status.can_become(next) {
        true => Ok(()),
        false => Err(Error::conflict(format!(
            "This registration is {} already.",
            deal.status.label().to_lowercase()
        ))),
    }
}

fn told<S: Platform>(
    tx: &mut Tx<'_, S>,
    (action, deal): (Action, &DealRegistration),
    changes: &[Change],
) -> Result<()> {
    let event = Event {
        action,
        subject: deal.id.number(),
        partner: Some(deal.partner_id),
        summary: format!("{}: {}", action.label(), deal.customer_name),
        changes,
    };
    S::record(tx, &event)
}

/// Who else claims the customer of a registration, for the vendor's decision.
#[derive(Debug, Clone)]
pub struct Rivals {
    /// Registrations that wait or protect, with what they have in common, oldest first.
    pub deals: Vec<(DealRow, Alike)>,
    /// Customers on record, with what they have in common.
    pub customers: Vec<(deals::KnownCustomer, Alike)>,
}

/// Who else claims the customer of a registration on a day.
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database.
pub fn rivals(
    tx: &mut Tx<'_, VendorScope>,
    deal: &DealRegistration,
    today: NaiveDate,
) -> Result<Rivals> {
    tx.allow(Permission::ViewPartners)?;
    let mark = deal.mark();
    let rows = register::alike(tx, (&mark, Some(deal.id)), today)?;
    let rows = rows.into_iter().filter_map(|row| {
        let alike = row.deal.mark().alike(&mark)?;
        Some((row, alike))
    });
    let known = deals::customers_called(tx, deal)?.into_iter().map(|one| {
        let by_vat = !deal.vat_id.is_empty() && one.vat_id == deal.vat_id;
        let alike = if by_vat { Alike::VatId } else { Alike::Name };
        (one, alike)
    });
    Ok(Rivals {
        deals: rows.collect(),
        customers: known.collect(),
    })
}

/// A registration that is approved.
#[derive(Debug, Clone, Copy)]
pub struct Approval {
    /// Which.
    pub deal: DealRegistrationId,
    /// The version that was seen.
    pub version: i32,
    /// The last day of its protection.
    pub until: NaiveDate,
    /// Whether another partner may be protected for the same customer.
    pub despite: bool,
}

/// Approves a registration: no other partner is to be approved for the customer until its last
/// day, unless the vendor says so. The partner is told by mail from an address of `mail_domain`.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`] on `until` or `despite`;
/// [`Error::Conflict`] for one that was decided or withdrawn; faults of the database.
pub fn approve(tx: &mut Tx<'_, VendorScope>, approval: &Approval, mail_domain: &str) -> Result<()> {
    tx.allow(Permission::DecideDeals)?;
    let mut deal = waiting(tx, (approval.deal, approval.version), DealStatus::Approved)?;
    let today = vendor::today(tx)?;
    if let Some(why) = unprotectable(approval.until, today) {
        return Err(Error::on("until", why));
    }
    let protected = protected_elsewhere(tx, &deal, today)?;
    if !protected.is_empty() && !approval.despite {
        let why = format!(
            "{}. Say that both may work on the customer, or decline.",
            protected.join("; ")
        );
        return Err(Error::on("despite", why));
    }
    deal.protected_until = Some(approval.until);
    decide(tx, deal, DealStatus::Approved, mail_domain)?;
    for said in protected {
        let event = Event {
            action: Action::DealApproved,
            subject: approval.deal.number(),
            // What other partners have is not this one's to know.
            partner: None,
            summary: format!("Approved although {said}"),
            changes: &[],
        };
        VendorScope::record(tx, &event)?;
    }
    Ok(())
}

/// The other partners that are protected for a registration's customer, in words.
fn protected_elsewhere(
    tx: &mut Tx<'_, VendorScope>,
    deal: &DealRegistration,
    today: NaiveDate,
) -> Result<Vec<String>> {
    let others = rivals(tx, deal, today)?.deals.into_iter();
    let others = others.filter(|(row, _)| row.deal.partner_id != deal.partner_id);
    let protected = others.filter_map(|(row, _)| {
        let until = row
            .deal
            .protected_until
            .filter(|_| row.deal.protects_on(today))?;
        Some(format!(
            "{} is protected for this customer until {}",
            row.partner,
            date_words(until)
        ))
    });
    Ok(protected.collect())
}

/// Declines a registration; the partner reads why, also by mail.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Invalid`] on `answer`; [`Error::Conflict`]
/// for one that was decided or withdrawn; faults of the database.
pub fn decline(
    tx: &mut Tx<'_, VendorScope>,
    seen: (DealRegistrationId, i32),
    (answer, mail_domain): (&LongText, &str),
) -> Result<()> {
    tx.allow(Permission::DecideDeals)?;
    if answer.as_str().trim().is_empty() {
        return Err(Error::on("answer", "Say why: the partner reads it."));
    }
    let mut deal = waiting(tx, seen, DealStatus::Rejected)?;
    answer.as_str().trim().clone_into(&mut deal.answer);
    decide(tx, deal, DealStatus::Rejected, mail_domain)
}

fn waiting(
    tx: &mut Tx<'_, VendorScope>,
    (id, version): (DealRegistrationId, i32),
    next: DealStatus,
) -> Result<DealRegistration> {
    let deal = deals::one(tx, id)?;
    may_become(&deal, next)?;
    match deal.version == version {
        true => Ok(deal),
        false => Err(stale("registration")),
    }
}

fn decide(
    tx: &mut Tx<'_, VendorScope>,
    mut deal: DealRegistration,
    status: DealStatus,
    mail_domain: &str,
) -> Result<()> {
    deal.status = status;
    tx.scope().actor().name.clone_into(&mut deal.decider);
    deal.decided_at = Some(tx.now());
    if !deals::change(tx, &deal)? {
        return Err(stale("registration"));
    }
    let action = match status {
        DealStatus::Approved => Action::DealApproved,
        _ => Action::DealDeclined,
    };
    let until = deal.protected_until.map_or(String::new(), date_words);
    let changes = diff(&[
        ("protected until", "", until.as_str()),
        ("reason", "", deal.answer.as_str()),
    ]);
    told(tx, (action, &deal), &changes)?;
    post(tx, &deal, mail_domain)
}

/// Mails the decision to whoever registered, or to an admin of the partner's where they have left.
fn post(tx: &mut Tx<'_, VendorScope>, deal: &DealRegistration, domain: &str) -> Result<()> {
    let Some(recipient) = recipient(tx, deal, deal.submitted_by)? else {
        return Ok(());
    };
    let decided = match deal.status {
        DealStatus::Approved => "approved",
        _ => "declined",
    };
    let id: MailId = tx.fresh_id();
    let mail = NewMail {
        id,
        kind: LETTER,
        subject_id: deal.id.number(),
        copy_no: 1,
        partner: Some(deal.partner_id),
        recipient,
        subject: format!("Your registration of {} is {decided}", deal.customer_name),
        message_id: format!("<{id}@{domain}>"),
    };
    VendorScope::add_mail(tx, &mail)?;
    let now = tx.now();
    VendorScope::add_job(
        tx,
        &NewJob {
            kind: "send_mail",
            payload: &serde_json::json!({ "mail": id.to_string() }).to_string(),
            dedupe: &format!("mail:{id}"),
            run_at: now,
        },
    )
}

fn recipient(
    tx: &mut Tx<'_, VendorScope>,
    deal: &DealRegistration,
    submitter: UserId,
) -> Result<Option<String>> {
    let members = people::members(tx, Some(deal.partner_id))?;
    let found = members.iter().find(|one| one.user == submitter);
    let found = found.or_else(|| members.iter().find(|one| one.role == Role::PartnerAdmin));
    Ok(found.map(|one| one.email.clone()))
}

/// Why a sale cannot be the registered one, on the field `deal`; given the day it was registered, in
/// the vendor's zone.
///
/// # Errors
/// [`Error::Invalid`] on `deal`.
pub fn fits(
    (deal, registered_on): (&DealRegistration, NaiveDate),
    (sold, offering): (&Subscription, OfferingId),
) -> Result<()> {
    let why = if deal.partner_id != sold.partner_id {
        "Another partner registered this deal."
    } else if deal.offering_id != offering {
        "This deal was registered for another offering."
    } else if deal.status != DealStatus::Approved {
        "This registration is no longer approved."
    } else if sold.starts_on < registered_on {
        "What is served already cannot be the deal: it was registered later."
    } else if !deal.protects_on(sold.starts_on) {
        "This registration lapses before the first day served."
    } else {
        return Ok(());
    };
    Err(Error::on("deal", why))
}

/// Notes that a registered deal became a sale, which is on record and not billed yet.
///
/// # Errors
/// [`Error::Invalid`] on `deal` where it cannot be; [`Error::Conflict`] when it was changed
/// meanwhile; faults of the database.
pub fn win(
    tx: &mut Tx<'_, VendorScope>,
    mut deal: DealRegistration,
    (sold, offering): (&Subscription, OfferingId),
) -> Result<()> {
    let registered_on = vendor::settings(tx)?.zone.local_date(deal.submitted_at);
    fits((&deal, registered_on), (sold, offering))?;
    deal.status = DealStatus::Won;
    deal.subscription_id = Some(sold.id);
    if !deals::change(tx, &deal)? {
        return Err(stale("registration"));
    }
    told(tx, (Action::DealWon, &deal), &[])
}

/// Lets approved registrations lapse whose last day is over, at most `limit`; says how many did.
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database.
pub fn lapse(tx: &mut Tx<'_, VendorScope>, today: NaiveDate, limit: i64) -> Result<usize> {
    tx.allow(Permission::DecideDeals)?;
    let over = deals::lapsing(tx, today, limit)?;
    for deal in &over {
        let lapsed = DealRegistration {
            status: DealStatus::Expired,
            ..deal.clone()
        };
        if deals::change(tx, &lapsed)? {
            told(tx, (Action::DealLapsed, &lapsed), &[])?;
        }
    }
    Ok(over.len())
}
