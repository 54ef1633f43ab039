//! Usage as a vendor's program reports it, through the door that real ones use: a listening
//! portal, a token, and a JSON object on each line.
use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use chrono::NaiveDate;

use super::{bring, files, terms};
use crate::{
    Error, Result,
    domain::ImportKind,
    secrets::{SecretKey, random_token},
    services::account::access_tokens,
    startup::{Application, Config},
    store::{Store, VendorScope},
    web::caller::TrustedProxies,
};

/// Subscriptions that the events are of, at most.
const SOLD: usize = 100;
/// Requests sent one after another, and events of each.
const REQUESTS: usize = 10;
const EVENTS: usize = 5_000;

/// Reports events of a day, and says how many and how long that took.
///
/// # Errors
/// Faults of the database; an answer that is not what it should be.
pub fn report(
    store: &Store,
    scope: &VendorScope,
    (customers, day): (usize, NaiveDate),
) -> Result<(usize, Duration)> {
    terms::metered(store, scope)?;
    let sold = customers.clamp(1, SOLD);
    let file = files::metered(sold, day);
    bring(store, scope, ImportKind::Subscriptions, &file)?;
    let token = random_token()?;
    let (name, kept) = (terms::read("Load")?, token.clone());
    store.write_now(scope.clone(), |tx| {
        access_tokens::create(tx, &name, &kept).map(drop)
    })?;
    let config = Config {
        listen: "127.0.0.1:0".to_owned(),
        public_url: "http://127.0.0.1".to_owned(),
        secret: SecretKey::random()?,
        mail_domain: "load.example".to_owned(),
        trusted_proxies: TrustedProxies::default(),
        personas: None,
        workers: 1,
    };
    let application = Application::build(&config, store.clone())?;
    let port = application.port;
    application.aside(|| send((port, &token), (sold, day)))?
}

fn send((port, token): (u16, &str), (sold, day): (usize, NaiveDate)) -> Result<(usize, Duration)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(Error::fault)?;
    let bodies: Vec<String> = (0..REQUESTS)
        .map(|request| events(request, sold, day))
        .collect();
    let began = Instant::now();
    for body in &bodies {
        post(&mut stream, token, body).map_err(Error::fault)?;
    }
    Ok((REQUESTS * EVENTS, began.elapsed()))
}

fn events(request: usize, sold: usize, day: NaiveDate) -> String {
    let mut text = String::new();
    for place in 0..EVENTS {
        let number = request * EVENTS + place;
        let (of, second) = (number % sold, number % 3_600);
        let (minute, second) = (second / 60, second % 60);
        let _ = writeln!(
            text,
            "{{\"external_id\":\"E-{number:07}\",\"subscription\":\"M-{of:07}\",\"meter\":\"calls\",\"occurred_at\":\"{day}T08:{minute:02}:{second:02}Z\",\"value\":1}}"
        );
    }
    text
}

/// One request, and its answer read to the end.
fn post(stream: &mut TcpStream, token: &str, body: &str) -> std::io::Result<()> {
    let head = format!(
        "POST /api/usage HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = String::new();
    let mut part = [0; 4_096];
    // The answer is one short JSON object.
    while !answer.ends_with('}') {
        match stream.read(&mut part)? {
            0 => break,
            read => answer.push_str(&String::from_utf8_lossy(&part[..read])),
        }
    }
    match answer.contains(&format!("\"taken\":{EVENTS}")) {
        true => Ok(()),
        false => Err(std::io::Error::other(answer)),
    }
}
