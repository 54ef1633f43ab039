//! A few pages on loopback, for the tests of the two clients.
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
};

/// A request as far as these tests look at it.
pub struct Request {
    /// The request line and the header lines, names in lower case.
    pub head: String,
    pub body: String,
}

/// Serves what `answer` makes of each request, status line and all, and returns the origin.
pub fn serve(answer: fn(&Request) -> String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // A browser opens connections it may never use: each waits on its own.
            std::thread::spawn(move || converse(stream.unwrap(), answer));
        }
    });
    origin
}

/// A complete answer with a body of HTML.
pub fn html(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

fn converse(mut stream: TcpStream, answer: fn(&Request) -> String) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            line = format!("{}: {value}", name.to_ascii_lowercase());
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    let response = answer(&Request { head, body });
    // Whoever asked may be gone.
    let _ = stream.write_all(response.as_bytes());
}
