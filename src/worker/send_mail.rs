//! Sends one letter. SMTP cannot promise exactly once: a worker may die after the server has said
//! yes. A letter found half-sent is sent once more under the same Message-ID, and then no more.
use chrono::TimeDelta;

use super::payload;
use crate::{
    Error, Result,
    domain::{
        Action, DealStatus, counted::counted, date_words, statement_document::StatementDocument,
    },
    id::{Id, InvitationId, MailId},
    mail::{
        Envelope, LinkLetter, Outcome, Post, PriceRow, PricesLetter, Rendered, StatementLetter,
    },
    queue::SendMail,
    services::{
        account::{invitations, passwords},
        revenue::{
            bank,
            subscriptions::announcing::{self, Announced},
        },
        sell::deals,
    },
    store::{
        Platform, Store, Tx, VendorScope,
        account::invitations as invited,
        incentivize::{
            bank_accounts,
            outbox::{self, Letter, MailStatus},
            statements,
        },
        jobs::{self, Claimed},
        lobby,
        platform::Event,
        revenue::terms,
        sell::deals as registered,
    },
};

/// How long a letter waits before it is looked at again when no mail server is set.
const KEPT: TimeDelta = TimeDelta::minutes(15);

/// What a letter is made from.
#[derive(Clone)]
enum Content {
    Statement {
        document: Box<StatementDocument>,
        href: String,
        attach: bool,
    },
    Link(LinkLetter),
    Prices(PricesLetter),
}

impl Content {
    fn render(&self) -> Result<Rendered> {
        match self {
            Self::Statement {
                document,
                href,
                attach,
            } => StatementLetter {
                document,
                href: href.clone(),
                attach: *attach,
            }
            .render(),
            Self::Link(letter) => letter.render(),
            Self::Prices(letter) => letter.render(),
        }
    }
    fn for_the_record(&self) -> Result<String> {
        match self {
            Self::Statement {
                document,
                href,
                attach,
            } => StatementLetter {
                document,
                href: href.clone(),
                attach: *attach,
            }
            .text(),
            Self::Link(letter) => letter.text_without_link(),
            Self::Prices(letter) => letter.text(),
        }
    }
}

/// Why a letter cannot be made.
enum NotMade {
    /// What it is about is no longer there: the invitation was withdrawn or made again.
    Withdrawn,
    Failed(String),
}

pub async fn run(store: &Store, scope: &VendorScope, post: &Post, job: &Claimed) -> Result<()> {
    let asked: SendMail = payload(job)?;
    let mail: MailId = asked.mail.parse().map_err(anyhow::Error::new)?;
    let made = match make(store, scope, post, mail).await {
        Ok((body, rendered)) => Ok((body, rendered)),
        Err(Error::NotFound) => Err(NotMade::Withdrawn),
        Err(Error::Busy) => return Err(Error::Busy),
        Err(error) => Err(NotMade::Failed(format!("{error:#}"))),
    };
    let (body, rendered) = match made {
        Ok((body, rendered)) => (Ok(body), Some(rendered)),
        Err(why) => (Err(why), None),
    };
    let (sends, held) = (post.sends(), job.clone());
    let taken = store
        .write(scope.clone(), move |tx| {
            take(tx, &held, mail, (sends, &body))
        })
        .await?;
    let Some((letter, rendered)) = taken.zip(rendered) else {
        return Ok(());
    };
    let outcome = post.send(&envelope(&letter), rendered).await;
    let job = job.clone();
    let work = move |tx: &mut Tx<'_, VendorScope>| settle(tx, &job, letter.clone(), &outcome);
    store.write(scope.clone(), work).await
}

/// The text for the record and the letter itself, made before anything is locked.
async fn make(
    store: &Store,
    scope: &VendorScope,
    post: &Post,
    mail: MailId,
) -> Result<(String, Rendered)> {
    let whose = scope.clone();
    let slug = store
        .lobby(move |lobby| lobby::places::slug_of(lobby, &whose))
        .await?;
    let post = post.clone();
    let content = store
        .read(scope.clone(), move |tx| {
            let letter = outbox::letter(tx, mail)?;
            content(tx, &post, &slug, &letter)
        })
        .await?;
    let work = move || Ok((content.for_the_record()?, content.render()?));
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| anyhow::Error::new(e).context("a letter"))?
}

fn envelope(letter: &Letter) -> Envelope {
    Envelope {
        recipient: letter.recipient.clone(),
        subject: letter.subject.clone(),
        message_id: letter.message_id.clone(),
        written_at: letter.created_at,
    }
}

/// Marks a letter as being sent, unless it is not to be sent (any more). `made` is its text for
/// the record, or why it cannot be made.
fn take(
    tx: &mut Tx<'_, VendorScope>,
    job: &Claimed,
    mail: MailId,
    (sends, made): (bool, &Result<String, NotMade>),
) -> Result<Option<Letter>> {
    jobs::hold(tx, job, job.lease)?;
    let mut letter = outbox::letter(tx, mail)?;
    let over = [MailStatus::Sent, MailStatus::Unknown, MailStatus::Withdrawn];
    if over.contains(&letter.status) {
        jobs::finish(tx, job)?;
        return Ok(None);
    }
    match made {
        Ok(body) if letter.body.is_empty() => letter.body = body.clone(),
        Ok(_) => {}
        Err(NotMade::Withdrawn) => {
            letter.status = MailStatus::Withdrawn;
            letter.last_error = None;
            outbox::note(tx, &letter)?;
            jobs::finish(tx, job)?;
            return Ok(None);
        }
        Err(NotMade::Failed(why)) => {
            settle(tx, job, letter, &Outcome::Failed(why.clone()))?;
            return Ok(None);
        }
    }
    if !sends {
        outbox::note(tx, &letter)?;
        outbox::wait_on(tx, job, KEPT)?;
        return Ok(None);
    }
    letter.attempts += 1;
    letter.status = match letter.status {
        MailStatus::Sending => {
            letter.last_error = Some("a worker stopped while sending; sent once more".to_owned());
            MailStatus::Unknown
        }
        _ => MailStatus::Sending,
    };
    outbox::note(tx, &letter)?;
    Ok(Some(letter))
}

fn content(
    tx: &mut Tx<'_, VendorScope>,
    post: &Post,
    slug: &str,
    letter: &Letter,
) -> Result<Content> {
    match letter.kind.as_str() {
        "statement" => statement(tx, post, slug, letter),
        "invitation" => invitation(tx, post, letter),
        bank::LETTER => bank_changed(tx, post, slug, letter),
        "password_reset" => Ok(reset(post, letter)),
        deals::LETTER => decision(tx, post, slug, letter),
        announcing::LETTER => new_prices(tx, post, slug, letter),
        other => Err(Error::fault(format!("no letter is called {other}"))),
    }
}

fn statement(
    tx: &mut Tx<'_, VendorScope>,
    post: &Post,
    slug: &str,
    letter: &Letter,
) -> Result<Content> {
    let row = statements::one(tx, Id::of(letter.subject_id))?;
    let partner = statements::partner(tx, row.partner_id)?;
    let document = StatementDocument::from_canonical(&row.content).map_err(Error::fault)?;
    let home = format!("{}/{slug}/p/{}", post.public_url, partner.slug);
    Ok(Content::Statement {
        document: Box::new(document),
        href: format!("{home}/statements/{}", row.id),
        attach: partner.statement_delivery == "attached",
    })
}

/// What the vendor decided about a deal that a partner registered.
fn decision(
    tx: &mut Tx<'_, VendorScope>,
    post: &Post,
    slug: &str,
    letter: &Letter,
) -> Result<Content> {
    let deal = registered::one(tx, Id::of(letter.subject_id))?;
    let partner = statements::partner(tx, deal.partner_id)?;
    let vendor = terms::vendor(tx)?.name;
    let (customer, decider) = (&deal.customer_name, &deal.decider);
    let sentence = match (deal.status, deal.protected_until) {
        (DealStatus::Rejected, _) | (_, None) => {
            format!("{decider} at {vendor} has declined it: {}", deal.answer)
        }
        (_, Some(until)) => format!(
            "{decider} at {vendor} has approved it. {customer} is protected for {} until {}.",
            partner.name,
            date_words(until)
        ),
    };
    let home = format!("{}/{slug}/p/{}", post.public_url, partner.slug);
    Ok(Content::Link(LinkLetter {
        title: letter.subject.clone(),
        sentence,
        button: "See the registration".to_owned(),
        href: format!("{home}/registrations/{}", deal.id),
        note: "The page is behind your sign-in.".to_owned(),
    }))
}

/// Subscriptions that a letter lists at most.
const LISTED: usize = 200;

/// That customers of a partner come to new prices.
fn new_prices(
    tx: &mut Tx<'_, VendorScope>,
    post: &Post,
    slug: &str,
    letter: &Letter,
) -> Result<Content> {
    let partner = letter.partner_id.ok_or(Error::NotFound)?;
    let about = announcing::announcement(tx, (Id::of(letter.subject_id), partner))?;
    let partner = statements::partner(tx, partner)?;
    let vendor = terms::vendor(tx)?.name;
    let (plan, prices) = (&about.plan, &about.prices);
    let rows = about.coming.iter().take(LISTED).map(price_row).collect();
    let home = format!("{}/{slug}/p/{}", post.public_url, partner.slug);
    Ok(Content::Prices(PricesLetter {
        title: letter.subject.clone(),
        sentence: format!(
            "{vendor} sells {plan} at new prices: {prices}. {} of {} to them:",
            counted(about.coming.len(), "subscription", "subscriptions"),
            match about.coming.len() {
                1 => "your customers comes",
                _ => "your customers come",
            }
        ),
        rows,
        more: about.coming.len().saturating_sub(LISTED),
        href: format!("{home}/subscriptions"),
        note: "Amounts are before tax. Quantity, term, discounts and commission terms stay. The \
               page is behind your sign-in."
            .to_owned(),
    }))
}

fn price_row(one: &Announced) -> PriceRow {
    let units = counted(one.quantity, "unit", "units");
    PriceRow {
        what: format!("{}, {}, {units}", one.customer, one.external_id),
        now: format!(
            "{} a month until {}",
            one.now,
            date_words(one.on.pred_opt().unwrap_or(one.on))
        ),
        then: format!("{} a month from {}", one.then, date_words(one.on)),
    }
}

fn invitation(tx: &mut Tx<'_, VendorScope>, post: &Post, letter: &Letter) -> Result<Content> {
    let id: InvitationId = Id::of(letter.subject_id);
    let open = invited::invitation(tx, id)?;
    let vendor = terms::vendor(tx)?;
    let place = match open.partner {
        Some(partner) => format!(
            "{} at {}",
            statements::partner(tx, partner)?.name,
            vendor.name
        ),
        None => vendor.name,
    };
    let token = invitations::token(&post.secret, open.id, open.expires_at);
    let until = date_words(vendor.zone.local_date(open.expires_at));
    Ok(Content::Link(LinkLetter {
        title: format!("Your invitation to {place}"),
        sentence: format!("You are invited to {place} as {}.", open.role.label()),
        button: "Accept the invitation".to_owned(),
        href: format!("{}/invitations/{token}", post.public_url),
        note: format!("The link works until {until}. If you expected no invitation, do nothing."),
    }))
}

fn bank_changed(
    tx: &mut Tx<'_, VendorScope>,
    post: &Post,
    slug: &str,
    letter: &Letter,
) -> Result<Content> {
    let partner = statements::partner(tx, Id::of(letter.subject_id))?;
    let account = bank_accounts::of_partner(tx, partner.id)?.ok_or(Error::NotFound)?;
    let vendor = terms::vendor(tx)?;
    let (holder, iban) = (&account.details.holder, account.details.iban.masked());
    let on = date_words(vendor.zone.local_date(account.changed_at));
    let vendor = vendor.name;
    Ok(Content::Link(LinkLetter {
        title: format!("New bank details of {}", partner.name),
        sentence: format!(
            "{} gave this account on {on} for commission that {vendor} pays to {}: {holder}, {iban}. {vendor} confirms it before anything is paid there.",
            account.changer, partner.name
        ),
        button: "See the account".to_owned(),
        href: format!("{}/{slug}/p/{}/bank", post.public_url, partner.slug),
        note: format!("If you did not expect this, tell {vendor} at once."),
    }))
}

fn reset(post: &Post, letter: &Letter) -> Content {
    let token = passwords::token(&post.secret, letter.id, letter.created_at);
    Content::Link(LinkLetter {
        title: "Choose a new password".to_owned(),
        sentence: "Somebody, we hope you, asked for a new password for this address.".to_owned(),
        button: "Choose a new password".to_owned(),
        href: format!("{}/reset/{token}", post.public_url),
        note: "The link works for 30 minutes. If you did not ask, do nothing.".to_owned(),
    })
}

fn settle(
    tx: &mut Tx<'_, VendorScope>,
    job: &Claimed,
    mut letter: Letter,
    outcome: &Outcome,
) -> Result<()> {
    jobs::hold(tx, job, job.lease)?;
    match outcome {
        Outcome::Sent => {
            letter.status = MailStatus::Sent;
            letter.sent_at = Some(tx.now());
            outbox::note(tx, &letter)?;
            record(tx, Action::MailSent, &letter)?;
            jobs::finish(tx, job)
        }
        Outcome::Deferred(why) => {
            let last = job.attempts >= jobs::ATTEMPTS;
            letter.status = if last {
                MailStatus::Failed
            } else {
                MailStatus::Deferred
            };
            letter.last_error = Some(why.clone());
            outbox::note(tx, &letter)?;
            jobs::put_off(tx, job, why)
        }
        Outcome::Failed(why) => {
            letter.status = MailStatus::Failed;
            letter.last_error = Some(why.clone());
            outbox::note(tx, &letter)?;
            record(tx, Action::MailFailed, &letter)?;
            jobs::finish(tx, job)
        }
    }
}

fn record(tx: &mut Tx<'_, VendorScope>, action: Action, letter: &Letter) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: letter.subject_id,
            partner: letter.partner_id,
            summary: format!("{} to {}", letter.subject, letter.recipient),
            changes: &[],
        },
    )
}
