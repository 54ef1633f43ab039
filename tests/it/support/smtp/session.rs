//! One connection to the mail server.
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::{Behaviour, Received, SIZE_LIMIT, Shared};

/// One connection.
pub struct Session<S> {
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
    pub fn new(stream: S, shared: Arc<Shared>) -> Self {
        Self {
            stream: BufReader::new(stream),
            shared,
            envelope: None,
        }
    }

    pub async fn run(mut self) -> std::io::Result<()> {
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
