//! What the tests stand on: real databases, a real mail server, a real browser.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot set its scene has failed"
)]

use std::io::Write;

pub mod http;
pub mod pages;
pub mod postgres;
pub mod smtp;
pub mod webdriver;

/// Tells whoever runs the tests, past libtest's capture of what a passing test prints.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
