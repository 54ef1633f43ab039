//! The way out: an SMTP server, or none, and then letters wait in the outbox.
use std::time::{Duration, SystemTime};

use chrono::NaiveDateTime;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Attachment as Part, Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

use super::letters::Rendered;
use crate::{Error, Result, secrets::SecretKey};

/// The longest wait for a mail server's answer to one command.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest subject line, in characters.
const SUBJECT: usize = 200;

/// How letters leave, and what their links begin with.
#[derive(Clone)]
pub struct Post {
    /// Where the portal is, without a slash at the end.
    pub public_url: String,
    /// What one-time links are derived from.
    pub secret: SecretKey,
    from: Mailbox,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    /// Letters wait in the outbox.
    Kept,
    /// The demo: letters are made and count as sent, and stay here.
    Demo,
}

/// Said of mail settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadPost {
    /// `MAIL_FROM`.
    #[error("MAIL_FROM: give an address such as Perennial <statements@example.com>")]
    From,
    /// `SMTP_URL`.
    #[error("SMTP_URL: give smtp://USER:PASSWORD@HOST:PORT or smtps://…")]
    Url,
}

/// A file that goes with a letter.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// What it is.
    pub content_type: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What is written on the outside.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// One address.
    pub recipient: String,
    /// The subject line.
    pub subject: String,
    /// The same for every try.
    pub message_id: String,
    /// Its date, UTC.
    pub written_at: NaiveDateTime,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server took it.
    Sent,
    /// The server was not there, or said later.
    Deferred(String),
    /// The server refused it, or it cannot be made: trying again does not help.
    Failed(String),
}

impl Post {
    /// By this server, or by none.
    ///
    /// # Errors
    /// [`BadPost`], which names the setting.
    pub fn new(
        smtp_url: Option<&str>,
        mail_from: &str,
        public_url: &str,
        secret: SecretKey,
    ) -> Result<Self, BadPost> {
        let from = mail_from.parse().map_err(|_| BadPost::From)?;
        let way = match smtp_url {
            None => Way::Kept,
            Some(url) => {
                let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
                let transport = transport.map_err(|_| BadPost::Url)?;
                Way::Smtp(Box::new(transport.timeout(Some(PATIENCE)).build()))
            }
        };
        let public_url = public_url.trim_end_matches('/').to_owned();
        Ok(Self {
            public_url,
            secret,
            from,
            way,
        })
    }

    /// The demo's way: every letter is made as it would be sent, and none leaves this machine.
    ///
    /// # Errors
    /// [`BadPost::From`].
    pub fn for_the_demo(
        mail_from: &str,
        public_url: &str,
        secret: SecretKey,
    ) -> Result<Self, BadPost> {
        let post = Self::new(None, mail_from, public_url, secret)?;
        Ok(Self {
            way: Way::Demo,
            ..post
        })
    }

    /// Whether letters are made now rather than wait.
    pub fn sends(&self) -> bool {
        !matches!(self.way, Way::Kept)
    }

    /// What Message-IDs end in.
    pub fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// Tries to send a letter. No transaction is open meanwhile.
    pub async fn send(&self, envelope: &Envelope, letter: Rendered) -> Outcome {
        let transport = match &self.way {
            Way::Smtp(transport) => Some(transport),
            Way::Demo => None,
            Way::Kept => return Outcome::Deferred("no mail server is set".to_owned()),
        };
        // Header types of the mail library have panicked on odd input; one letter must not stop
        // those behind it.
        let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.message(envelope, letter)
        }));
        let message = match made {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => return Outcome::Failed(error.to_string()),
            Err(_) => return Outcome::Failed("the letter cannot be put together".to_owned()),
        };
        let Some(transport) = transport else {
            return Outcome::Sent;
        };
        // The library's own time limit ends with the connection's beginning; a server that then
        // says nothing must not hold a worker.
        let sent = tokio::time::timeout(PATIENCE, transport.send(message)).await;
        let Ok(sent) = sent else {
            return Outcome::Deferred("the mail server did not answer in time".to_owned());
        };
        match sent {
            Ok(_) => Outcome::Sent,
            Err(error) if error.is_permanent() => Outcome::Failed(error.to_string()),
            Err(error) => Outcome::Deferred(error.to_string()),
        }
    }

    fn message(&self, envelope: &Envelope, letter: Rendered) -> Result<Message> {
        let to: Address = envelope.recipient.parse().map_err(Error::fault)?;
        let since = envelope.written_at.and_utc().timestamp();
        let since = Duration::from_secs(u64::try_from(since).unwrap_or_default());
        let subject: String = one_line(&envelope.subject).chars().take(SUBJECT).collect();
        let builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .message_id(Some(one_line(&envelope.message_id)))
            .date(SystemTime::UNIX_EPOCH + since)
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"));
        let words = MultiPart::alternative_plain_html(letter.text, letter.html);
        let mut body = MultiPart::mixed().multipart(words);
        for file in letter.attachments {
            body = body.singlepart(part(file)?);
        }
        builder.multipart(body).map_err(Error::fault)
    }
}

fn part(file: Attachment) -> Result<SinglePart> {
    let kind = ContentType::parse(file.content_type).map_err(Error::fault)?;
    Ok(Part::new(one_line(&file.name)).body(file.bytes, kind))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Without anything that could end a header.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
