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
