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
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::{oneshot, watch},
};

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

/// One connection.
struct Session<S> {
    stream: BufReader<S>,
    shared: Arc<Shared>,
    envelope: Option<Envelope>,
}

struct Envelope {
    from: String,
    to: Vec<String>,
    behaviour: Behaviour,
}

/// Whether the conversation goes on.
enum Next {
    Line,
    HangUp,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    fn new(stream: S, shared: Arc<Shared>) -> Self {
        Self {
            stream: BufReader::new(stream),
            shared,
            envelope: None,
        }
    }

    async fn run(mut self) -> std::io::Result<()> {
        if self.shared.swallows_connection() {
            return std::future::pending().await;
        }
        self.say("220 sink.test ESMTP").await?;
        while let Some(line) = self.line().await? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if let Next::HangUp = self.answer(&line).await? {
                break;
            }
        }
        Ok(())
    }

    async fn answer(&mut self, line: &str) -> std::io::Result<Next> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                let size = format!("250-SIZE {SIZE_LIMIT}");
                for line in ["250-sink.test", &size, "250-8BITMIME", "250 SMTPUTF8"] {
                    self.say(line).await?;
                }
            }
            "HELO" => self.say("250 sink.test").await?,
            "MAIL" => self.mail(rest).await?,
            "RCPT" => self.rcpt(rest).await?,
            "DATA" => return self.data().await,
            "RSET" => {
                self.envelope = None;
                self.say("250 OK").await?;
            }
            "NOOP" => self.say("250 OK").await?,
            "QUIT" => {
                self.say("221 Bye").await?;
                return Ok(Next::HangUp);
            }
            _ => self.say("502 Command not implemented").await?,
        }
        Ok(Next::Line)
    }

    async fn mail(&mut self, rest: &str) -> std::io::Result<()> {
        let announced = rest
            .split_whitespace()
            .filter_map(|word| {
                word.to_ascii_uppercase()
                    .strip_prefix("SIZE=")?
                    .parse()
                    .ok()
            })
            .next()
            .unwrap_or(0);
        let Some(from) = address(rest, "FROM:") else {
            return self.say("501 Syntax: MAIL FROM:<address>").await;
        };
        if self.envelope.is_some() {
            return self.say("503 Nested MAIL").await;
        }
        if announced > SIZE_LIMIT {
            return self.say("552 Too big").await;
        }
        let behaviour = self.shared.for_this_message();
        if behaviour == Behaviour::BlackHole {
            return std::future::pending().await;
        }
        self.envelope = Some(Envelope {
            from,
            to: Vec::new(),
            behaviour,
        });
        self.say("250 OK").await
    }

    async fn rcpt(&mut self, rest: &str) -> std::io::Result<()> {
        let Some(envelope) = &mut self.envelope else {
            return self.say("503 MAIL first").await;
        };
        let Some(to) = address(rest, "TO:").filter(|to| !to.is_empty()) else {
            return self.say("501 Syntax: RCPT TO:<address>").await;
        };
        let reply = match envelope.behaviour {
            Behaviour::RejectRecipient => "550 5.1.1 No such mailbox",
            Behaviour::Temporary => "451 4.3.0 Try again later",
            _ => {
                envelope.to.push(to);
                "250 OK"
            }
        };
        self.say(reply).await
    }

    async fn data(&mut self) -> std::io::Result<Next> {
        match &self.envelope {
            None => return self.say("503 MAIL first").await.map(|()| Next::Line),
            Some(envelope) if envelope.to.is_empty() => {
                self.say("554 No valid recipients").await?;
                return Ok(Next::Line);
            }
            Some(_) => self.say("354 End with a line of one dot").await?,
        }
        let Some(raw) = self.body().await? else {
            return Ok(Next::HangUp);
        };
        let Some(envelope) = self.envelope.take() else {
            return Ok(Next::HangUp);
        };
        if raw.len() > SIZE_LIMIT {
            self.say("552 Too big").await?;
            return Ok(Next::Line);
        }
        self.take(envelope, raw).await
    }

    async fn take(&mut self, envelope: Envelope, raw: Vec<u8>) -> std::io::Result<Next> {
        let at = self.shared.keep(Received {
            from: envelope.from,
            to: envelope.to,
            raw,
            acknowledged: false,
        });
        match envelope.behaviour {
            Behaviour::DropAfterData => return Ok(Next::HangUp),
            Behaviour::Silent => return std::future::pending().await,
            Behaviour::Slow(delay) => tokio::time::sleep(delay).await,
            _ => {}
        }
        // Before the answer, so that whoever has read it finds it noted.
        self.shared.acknowledge(at);
        self.say("250 OK kept").await?;
        Ok(Next::Line)
    }

    /// The lines up to the lone dot, unstuffed; none when the sender hangs up first.
    async fn body(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut raw = Vec::new();
        while let Some(line) = self.line().await? {
            if line == b".\r\n" {
                return Ok(Some(raw));
            }
            let line = line.strip_prefix(b".").unwrap_or(&line);
            // What is too big is read to its end, so that the answer can be given, but not kept.
            if raw.len() <= SIZE_LIMIT {
                raw.extend_from_slice(line);
            }
        }
        Ok(None)
    }

    async fn line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = self.stream.read_until(b'\n', &mut line).await?;
        Ok((read > 0).then_some(line))
    }

    async fn say(&mut self, line: &str) -> std::io::Result<()> {
        self.stream
            .write_all(format!("{line}\r\n").as_bytes())
            .await?;
        self.stream.flush().await
    }
}

/// The address between the angle brackets, whatever parameters follow.
fn address(rest: &str, keyword: &str) -> Option<String> {
    let head = rest.get(..keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let inside = rest.get(keyword.len()..)?.trim_start().strip_prefix('<')?;
    Some(inside.split_once('>')?.0.to_owned())
}

mod tests {
    use super::{Behaviour, SIZE_LIMIT, SmtpSink};
    use lettre::{
        AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
        message::{Attachment, MultiPart, header::ContentType},
        transport::smtp::{Error, response::Response},
    };
    use std::{
        io::{BufRead, BufReader, Write},
        net::TcpStream,
        time::Duration,
    };

    const SOON: Duration = Duration::from_secs(20);

    fn letter(subject: &str) -> Message {
        let bodies = MultiPart::alternative_plain_html(
            "Total EUR 1,234.50\r\n.\r\n..dots".to_owned(),
            "<p>Total EUR 1,234.50</p>".to_owned(),
        );
        let csv = ContentType::parse("text/csv; charset=utf-8").unwrap();
        let files = MultiPart::mixed()
            .multipart(bodies)
            .singlepart(
                Attachment::new("s.pdf".into())
                    .body(vec![0u8, 255, 10, 46], "application/pdf".parse().unwrap()),
            )
            .singlepart(Attachment::new("s.csv".into()).body("a,b\r\n".to_owned(), csv));
        Message::builder()
            .from("Perennial <mail@vendor.test>".parse().unwrap())
            .to("Zoë <zoe@partner.test>".parse().unwrap())
            .subject(subject)
            .message_id(Some("<1@vendor.test>".into()))
            .multipart(files)
            .unwrap()
    }

    async fn send(sink: &SmtpSink, subject: &str) -> Result<Response, Error> {
        AsyncSmtpTransport::<Tokio1Executor>::from_url(&sink.url())
            .unwrap()
            .build()
            .send(letter(subject))
            .await
    }

    #[tokio::test]
    async fn a_letter_arrives_whole() {
        let sink = SmtpSink::start().await;
        send(&sink, "Statement for März").await.unwrap();
        let received = sink.wait_for(1, SOON).await;
        assert_eq!(received[0].from, "mail@vendor.test");
        assert_eq!(received[0].to, ["zoe@partner.test"]);
        assert!(received[0].acknowledged);
        assert_eq!(received[0].header("Message-ID").unwrap(), "<1@vendor.test>");
        let letter = received[0].parsed();
        assert_eq!(letter.subject, "Statement for März");
        assert_eq!(letter.from, ["mail@vendor.test"]);
        assert_eq!(letter.to, ["zoe@partner.test"]);
        assert_eq!(letter.message_id, "1@vendor.test");
        assert_eq!(letter.text.trim_end(), "Total EUR 1,234.50\r\n.\r\n..dots");
        assert_eq!(letter.html.trim_end(), "<p>Total EUR 1,234.50</p>");
        let [pdf, csv] = &letter.attachments[..] else {
            panic!("{:?}", letter.attachments)
        };
        assert_eq!(
            (pdf.name.as_str(), pdf.content_type.as_str()),
            ("s.pdf", "application/pdf")
        );
        assert_eq!(pdf.bytes, [0, 255, 10, 46]);
        assert_eq!(
            (csv.name.as_str(), csv.content_type.as_str()),
            ("s.csv", "text/csv")
        );
        sink.clear();
        assert!(sink.received().is_empty());
    }

    #[tokio::test]
    async fn faults_come_in_the_order_they_were_asked_for() {
        let sink = SmtpSink::start().await;
        sink.behave_next([
            Behaviour::RejectRecipient,
            Behaviour::Temporary,
            Behaviour::DropAfterData,
        ]);
        assert!(send(&sink, "1").await.unwrap_err().is_permanent());
        assert!(send(&sink, "2").await.unwrap_err().is_transient());
        let unknown = send(&sink, "3").await.unwrap_err();
        assert!(!unknown.is_permanent() && !unknown.is_transient());
        send(&sink, "4").await.unwrap();
        let acknowledged: Vec<_> = sink
            .received()
            .iter()
            .map(|m| (m.parsed().subject, m.acknowledged))
            .collect();
        assert_eq!(acknowledged, [("3".into(), false), ("4".into(), true)]);
    }

    /// lettre's own timeout covers connecting and nothing after it: whoever sends must hold the clock.
    #[tokio::test]
    async fn silence_and_slowness_are_the_senders_to_time_out() {
        let sink = SmtpSink::start().await;
        sink.behave_next([Behaviour::BlackHole, Behaviour::Silent]);
        sink.behave(Behaviour::Slow(Duration::from_millis(50)));
        let given_up = tokio::time::timeout(Duration::from_millis(300), send(&sink, "1")).await;
        assert!(given_up.is_err() && sink.received().is_empty());
        tokio::select! {
            answer = send(&sink, "2") => panic!("{answer:?}"),
            taken = sink.wait_for(1, SOON) => assert!(!taken[0].acknowledged),
        }
        send(&sink, "3").await.unwrap();
        assert!(sink.received()[1].acknowledged);
    }

    #[tokio::test]
    async fn the_protocol_is_kept() {
        let sink = SmtpSink::start().await;
        let stream = TcpStream::connect(sink.address).unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut say = |line: &str, wanted: &str| {
            if !line.is_empty() {
                (&stream)
                    .write_all(format!("{line}\r\n").as_bytes())
                    .unwrap();
            }
            let got = lines.next().unwrap().unwrap();
            assert!(got.starts_with(wanted), "{line}: {got}");
        };
        say("", "220");
        say("HELO a.test", "250");
        say("RCPT TO:<b@b.test>", "503");
        say("DATA", "503");
        say(
            &format!("MAIL FROM:<a@a.test> SIZE={}", SIZE_LIMIT + 1),
            "552",
        );
        say("MAIL FROM:a@a.test", "501");
        say("MAIL FROM:<>", "250");
        say("DATA", "554");
        say("RSET", "250");
        say("NOOP", "250");
        say("mail from:<a@a.test> BODY=8BITMIME", "250");
        say("rcpt to:<b@b.test>", "250");
        say("VRFY b", "502");
        say("DATA", "354");
        say("..one\r\ntwo\r\n.", "250");
        say("QUIT", "221");
        assert!(lines.next().is_none());
        assert_eq!(sink.received()[0].raw, b".one\r\ntwo\r\n");
    }
}
