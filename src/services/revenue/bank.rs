//! Bank accounts: where commission goes, and where it comes from. Nothing is paid to an account
//! before a second person has confirmed it.
use crate::{
    Error, Result,
    domain::{Action, Change, Permission, audit::diff, bank::BankDetails},
    id::{MailId, PartnerId},
    queue::{self, SendMail},
    services::stale,
    store::{
        Platform, Scope, Tx, VendorScope,
        account::vendor,
        incentivize::bank_accounts::{self, Accounts, Given},
        platform::{Event, NewMail},
        recruit::partners::{self, Partner},
    },
};

/// The kind of the letters that say that an account has changed.
pub const LETTER: &str = "bank_changed";

/// What it takes, on the side of a scope, to see a partner's whole account number and to set it.
pub fn permission<S: Scope>(scope: &S) -> Permission {
    match scope.partner_id() {
        Some(_) => Permission::PartnerManageBankDetails,
        None => Permission::ManagePayouts,
    }
}

/// An account to be set.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// What a bank has to know.
    pub details: BankDetails,
    /// The version that the form was made from, 0 for none.
    pub version: i32,
    /// What Message-IDs end in.
    pub mail_domain: String,
}

/// Sets the account a partner is paid to, unconfirmed, and tells those of its people who may see
/// it, or, where there are none, the address that gets its statements. The same account again
/// changes nothing.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for another partner than the scope's;
/// [`Error::Conflict`] when somebody else changed it meanwhile; faults of the database.
pub fn set<S: Accounts>(tx: &mut Tx<'_, S>, partner: PartnerId, new: &NewAccount) -> Result<()> {
    tx.allow(permission(tx.scope()))?;
    let row = S::payee(tx, partner)?;
    let old = bank_accounts::of_partner(tx, partner)?;
    if old.as_ref().is_some_and(|old| old.details == new.details) {
        return Ok(());
    }
    let actor = tx.scope().actor().clone();
    let given = Given {
        partner,
        details: new.details.clone(),
        by: actor.user,
        name: actor.name,
        version: new.version,
        at: tx.now(),
    };
    if !S::place(tx, &given)? {
        return Err(stale("account"));
    }
    let changes = changes(old.as_ref().map(|old| &old.details), &new.details);
    S::record(
        tx,
        &Event {
            action: Action::PartnerBankSet,
            subject: partner.number(),
            partner: Some(partner),
            summary: format!("{}: bank details set", row.name),
            changes: &changes,
        },
    )?;
    let to_be_told = to_be_told(tx, &row)?;
    for recipient in to_be_told {
        tell(tx, (&row, new), recipient)?;
    }
    Ok(())
}

fn to_be_told<S: Accounts>(tx: &mut Tx<'_, S>, partner: &Partner) -> Result<Vec<String>> {
    let members = S::members(tx, Some(partner.id))?.into_iter();
    let may_see = members.filter(|one| one.role.may(Permission::PartnerManageBankDetails));
    let mut told: Vec<String> = may_see.map(|one| one.email).collect();
    if told.is_empty() && !partner.statement_email.is_empty() {
        told.push(partner.statement_email.clone());
    }
    told.sort_unstable();
    told.dedup();
    Ok(told)
}

/// What differs, without saying more of an account than its country and its last digits.
fn changes(old: Option<&BankDetails>, new: &BankDetails) -> Vec<Change> {
    let bic = |one: &BankDetails| {
        let bic = one.bic.as_ref();
        bic.map_or_else(String::new, |bic| bic.as_str().to_owned())
    };
    let before = old.map_or_else(String::new, |old| old.iban.masked());
    let mut after = new.iban.masked();
    if before == after && old.is_some_and(|old| old.iban != new.iban) {
        after += ", another account";
    }
    diff(&[
        (
            "account holder",
            old.map_or_else(String::new, |old| old.holder.clone()),
            new.holder.clone(),
        ),
        ("IBAN", before, after),
        ("BIC", old.map_or_else(String::new, bic), bic(new)),
    ])
}

fn tell<S: Accounts>(
    tx: &mut Tx<'_, S>,
    (partner, new): (&Partner, &NewAccount),
    recipient: String,
) -> Result<()> {
    let id: MailId = tx.fresh_id();
    let vendor = S::vendor_name(tx)?;
    let mail = NewMail {
        id,
        kind: LETTER,
        subject_id: partner.id.number(),
        // One letter for each version of the account.
        copy_no: new.version + 1,
        partner: Some(partner.id),
        recipient,
        subject: format!("{vendor}: new bank details of {}", partner.name),
        message_id: format!("<{id}@{}>", new.mail_domain),
    };
    S::add_mail(tx, &mail)?;
    queue::enqueue(tx, &SendMail::of(id))
}

/// Confirms the account that somebody else gave.
///
/// # Errors
/// [`Error::Forbidden`], also for whoever is no person; [`Error::NotFound`]; [`Error::Conflict`] for
/// one's own, one that is confirmed, and one that was changed meanwhile; faults of the database.
pub fn confirm(tx: &mut Tx<'_, VendorScope>, partner: PartnerId, version: i32) -> Result<()> {
    tx.allow(Permission::ManagePayouts)?;
    let actor = tx.scope().actor().clone();
    let user = actor.user.ok_or(Error::Forbidden)?;
    let name = partners::partner(tx, partner)?.name;
    let account = bank_accounts::of_partner(tx, partner)?.ok_or(Error::NotFound)?;
    if account.version != version {
        return Err(stale("account"));
    }
    if account.confirmed_at.is_some() {
        return Err(Error::conflict("These bank details are confirmed already."));
    }
    if account.changed_by == Some(user) {
        return Err(Error::conflict(
            "You gave these bank details. Someone else has to confirm them.",
        ));
    }
    let now = tx.now();
    if !bank_accounts::confirm(tx, (partner, version), (&actor.name, now))? {
        return Err(stale("account"));
    }
    let iban = account.details.iban.masked();
    VendorScope::record(
        tx,
        &Event {
            action: Action::PartnerBankConfirmed,
            subject: partner.number(),
            partner: Some(partner),
            summary: format!("{name}: bank details confirmed, {iban}"),
            changes: &[],
        },
    )
}

/// Sets the account the vendor pays from; `version` is the one the form was made from, 0 for none.
/// The same account again changes nothing.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Conflict`] when somebody else changed it meanwhile; faults of the
/// database.
pub fn set_own(tx: &mut Tx<'_, VendorScope>, details: &BankDetails, version: i32) -> Result<()> {
    tx.allow(Permission::ManagePayouts)?;
    let old = bank_accounts::own(tx)?;
    if old.as_ref().is_some_and(|old| old.details == *details) {
        return Ok(());
    }
    if !bank_accounts::place_own(tx, details, version)? {
        return Err(stale("account"));
    }
    let changes = changes(old.as_ref().map(|old| &old.details), details);
    let subject = vendor::settings(tx)?.id.number();
    VendorScope::record(
        tx,
        &Event {
            action: Action::SettingsChanged,
            subject,
            partner: None,
            summary: "Account that payouts come from".to_owned(),
            changes: &changes,
        },
    )
}
