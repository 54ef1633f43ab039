//! A mail server on loopback that keeps what it is given and fails when told to.
//!
//! It runs on a thread of its own, so a test may block on a child process and mail still arrives.
use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use mail_parser::{MessageParser, MimeHeaders, PartType};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};

use session::Session;

/// The largest message taken, as announced with SIZE.
pub const SIZE_LIMIT: usize = 20 * 1024 * 1024;

/// What the server does with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes it.
    Accept,
    /// 550 to every recipient: this will never work.
    RejectRecipient,
    /// 451 to every recipient: try again later.
    Temporary,
    /// Takes the message and hangs up before saying so: the sender cannot know.
    DropAfterData,
    /// Accepts the connection and never says a word.
    BlackHole,
    /// Takes the message and never says so, with the connection left open.
    Silent,
    /// Takes the message and says so this much later.
    Slow(Duration),
}

/// One message as it came over the wire.
#[derive(Clone, Debug)]
pub struct Received {
    /// The envelope sender.
    pub from: String,
    /// The envelope recipients.
    pub to: Vec<String>,
    /// The message, dots unstuffed.
    pub raw: Vec<u8>,
    /// Whether the sender was told 250.
    pub acknowledged: bool,
}

/// A message as a reader's mail program understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    /// Addresses only, without names.
    pub from: Vec<String>,
    /// Addresses only, without names.
    pub to: Vec<String>,
    /// Without angle brackets.
    pub message_id: String,
    /// The plain text part; empty when there is none.
    pub text: String,
    /// The HTML part; empty when there is none.
    pub html: String,
    pub attachments: Vec<Attachment>,
}

/// A file that came with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub name: String,
    /// Type and subtype, such as `application/pdf`.
    pub content_type: String,
    pub bytes: Vec<u8>,
}

impl Received {
    /// Reads the message with a MIME parser.
    ///
    /// # Panics
    /// When it is no message.
    pub fn parsed(&self) -> Letter {
        let message = MessageParser::default()
            .parse(&self.raw)
            .expect("a message");
        let addresses = |list: Option<&mail_parser::Address<'_>>| {
            list.into_iter()
                .flat_map(|list| list.iter())
                .filter_map(|one| one.address().map(str::to_owned))
                .collect()
        };
        // The parser offers HTML as text where there is no text; a test wants to know the difference.
        let body = |wanted: fn(&PartType<'_>) -> Option<String>| {
            let mut parts = message.parts.iter();
            parts
                .find_map(|part| {
                    part.attachment_name()
                        .map_or_else(|| wanted(&part.body), |_| None)
                })
                .unwrap_or_default()
        };
        Letter {
            subject: message.subject().unwrap_or_default().to_owned(),
            from: addresses(message.from()),
            to: addresses(message.to()),
            message_id: message.message_id().unwrap_or_default().to_owned(),
            text: body(|part| match part {
                PartType::Text(text) => Some(text.to_string()),
                _ => None,
            }),
            html: body(|part| match part {
                PartType::Html(html) => Some(html.to_string()),
                _ => None,
            }),
            attachments: message.attachments().map(attachment).collect(),
        }
    }

    /// The value of a header as it stands in the message, unfolded; none when it is missing.
    pub fn header(&self, name: &str) -> Option<String> {
        let message = MessageParser::default().parse(&self.raw)?;
        let raw = message.header_raw(name.to_owned())?;
        Some(raw.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

fn attachment(part: &mail_parser::MessagePart<'_>) -> Attachment {
    let kind = part.content_type();
    Attachment {
        name: part.attachment_name().unwrap_or_default().to_owned(),
        content_type: kind.map_or_else(String::new, |kind| match kind.subtype() {
            Some(subtype) => format!("{}/{subtype}", kind.ctype()),
            None => kind.ctype().to_owned(),
        }),
        bytes: part.contents().to_vec(),
    }
}

/// A running mail server. Dropping it closes every connection.
pub struct SmtpSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    count: watch::Receiver<usize>,
    _stop: oneshot::Sender<()>,
}

struct Shared {
    usual: Mutex<Behaviour>,
    next: Mutex<VecDeque<Behaviour>>,
    received: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
}

impl SmtpSink {
    /// Starts on a free port of 127.0.0.1 and accepts everything.
    pub async fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (count, counted) = watch::channel(0);
        let shared = Arc::new(Shared {
            usual: Mutex::new(Behaviour::Accept),
            next: Mutex::default(),
            received: Mutex::default(),
            count,
        });
        let (stop, stopped) = oneshot::channel();
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || serve(listener, theirs, stopped));
        Self {
            address,
            shared,
            count: counted,
            _stop: stop,
        }
    }

    /// `smtp://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// What is done with every message from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        *lock(&self.shared.usual) = behaviour;
    }

    /// What is done with the next messages, one each, before the usual again.
    pub fn behave_next(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        lock(&self.shared.next).extend(behaviours);
    }

    /// Every message taken so far, in order, acknowledged or not.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// Forgets what was received.
    pub fn clear(&self) {
        let mut received = lock(&self.shared.received);
        received.clear();
        self.shared.count.send_replace(0);
    }

    /// Waits until at least `n` messages were taken and returns all of them.
    ///
    /// # Panics
    /// When they have not come within `timeout`.
    pub async fn wait_for(&self, n: usize, timeout: Duration) -> Vec<Received> {
        let mut count = self.count.clone();
        let enough = count.wait_for(|&count| count >= n);
        let in_time = tokio::time::timeout(timeout, enough).await.is_ok();
        let received = self.received();
        assert!(
            in_time,
            "{n} messages expected within {timeout:?}, {} came",
            received.len()
        );
        received
    }
}

impl Shared {
    /// A black hole says nothing from the first byte; the rest is decided message by message.
    fn swallows_connection(&self) -> bool {
        let mut next = lock(&self.next);
        match next.front() {
            Some(Behaviour::BlackHole) => next.pop_front().is_some(),
            Some(_) => false,
            None => *lock(&self.usual) == Behaviour::BlackHole,
        }
    }

    fn for_this_message(&self) -> Behaviour {
        let next = lock(&self.next).pop_front();
        next.unwrap_or_else(|| lock(&self.usual).clone())
    }

    /// Keeps a message and says where.
    fn keep(&self, message: Received) -> usize {
        let mut received = lock(&self.received);
        received.push(message);
        self.count.send_replace(received.len());
        received.len() - 1
    }

    fn acknowledge(&self, at: usize) {
        if let Some(message) = lock(&self.received).get_mut(at) {
            message.acknowledged = true;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

fn serve(listener: std::net::TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async move {
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let accepting = async {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&shared);
                // A sender that hangs up in the middle is its own affair.
                tokio::spawn(async move { Session::new(stream, shared).run().await });
            }
        };
        tokio::select! {
            () = accepting => {}
            _ = stopped => {}
        }
    });
}

mod session;
mod tests;
