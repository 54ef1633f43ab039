//! Statements as they are mailed.
use crate::{
    Error, Result,
    domain::{
        Action, Money, Period, Permission, date_words, statement_document::StatementDocument,
    },
    id::{MailId, PartnerId, StatementId},
    queue::{self, SendMail},
    store::{
        Platform, Tx, VendorScope,
        incentivize::{
            outbox,
            statements::{self, Balance, Statement},
        },
        platform::{Event, NewMail},
    },
};

/// The kind of a statement's letters.
pub const LETTER: &str = "statement";

/// A closed statement's content, as it was closed.
///
/// # Errors
/// [`Error::NotFound`]; a stored text that is no statement.
pub fn content(statement: &Statement) -> Result<StatementDocument> {
    StatementDocument::from_canonical(&statement.content).map_err(Error::fault)
}

/// Sends a statement once more, to the address its partner has now; says which letter it is.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; [`Error::Conflict`] for a partner without an
/// address; faults of the database.
pub fn resend(
    tx: &mut Tx<'_, VendorScope>,
    statement: StatementId,
    mail_domain: &str,
) -> Result<MailId> {
    tx.allow(Permission::SendStatements)?;
    let statement = statements::one(tx, statement)?;
    let partner = statements::partner(tx, statement.partner_id)?;
    if partner.statement_email.is_empty() {
        return Err(Error::conflict(
            "This partner has no address for statements.",
        ));
    }
    let earlier = outbox::letters_about(tx, LETTER, statement.id.number())?;
    let copy_no = earlier
        .iter()
        .map(|letter| letter.copy_no)
        .max()
        .unwrap_or_default()
        + 1;
    let document = content(&statement)?;
    let subject = subject_of(
        &document.vendor.name,
        statement.month,
        &Outcome {
            payout: Money::new(statement.payable_minor(), statement.currency),
            closing: Money::new(statement.closing_minor, statement.currency),
            due_on: statement.due_on,
        },
    );
    let mail = letter(
        tx,
        NewLetter {
            statement: statement.id,
            partner: partner.id,
            recipient: &partner.statement_email,
            subject,
            copy_no,
            mail_domain,
        },
    );
    VendorScope::add_mail(tx, &mail)?;
    queue::enqueue(tx, &SendMail::of(mail.id))?;
    VendorScope::record(
        tx,
        &Event {
            action: Action::StatementSent,
            subject: statement.id.number(),
            partner: Some(partner.id),
            summary: format!(
                "Statement {}, copy {copy_no}, to {}",
                statement.number, mail.recipient
            ),
            changes: &[],
        },
    )?;
    Ok(mail.id)
}

/// A statement's letter to be.
pub(super) struct NewLetter<'a> {
    pub statement: StatementId,
    pub partner: PartnerId,
    pub recipient: &'a str,
    pub subject: String,
    pub copy_no: i32,
    pub mail_domain: &'a str,
}

/// The letter, with the Message-ID that all its tries carry.
pub(super) fn letter(tx: &Tx<'_, VendorScope>, new: NewLetter<'_>) -> NewMail {
    let id: MailId = tx.fresh_id();
    NewMail {
        id,
        kind: LETTER,
        subject_id: new.statement.number(),
        copy_no: new.copy_no,
        partner: Some(new.partner),
        recipient: new.recipient.to_owned(),
        subject: new.subject,
        message_id: format!("<{id}@{}>", new.mail_domain),
    }
}

struct Outcome {
    payout: Money,
    closing: Money,
    due_on: Option<chrono::NaiveDate>,
}

/// "Meridian Cloud: October 2026 statement, EUR 4,377.10, to be paid 15 Nov 2026".
pub(super) fn subject(vendor: &str, period: Period, balance: &Balance) -> String {
    subject_of(
        vendor,
        period,
        &Outcome {
            payout: Money::new(balance.payable_minor(), balance.currency()),
            closing: Money::new(balance.closing_minor, balance.currency()),
            due_on: balance.due_on,
        },
    )
}

fn subject_of(vendor: &str, period: Period, outcome: &Outcome) -> String {
    let what = match outcome.due_on {
        Some(due) => format!("{}, to be paid {}", outcome.payout, date_words(due)),
        None if outcome.closing.is_zero() => "nothing to pay".to_owned(),
        None => format!("{}, carried forward", outcome.closing),
    };
    format!("{vendor}: {} statement, {what}", period.title())
}
