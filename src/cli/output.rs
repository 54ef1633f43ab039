//! What commands print: results on standard output, the rest on standard error; progress at a
//! terminal, plain lines otherwise, JSON where asked.
use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::Error;

/// One line that says why a command stopped.
pub fn refuse(error: &Error) {
    let told = match error {
        Error::Unexpected(cause) => format!("{cause:#}"),
        Error::Invalid(problems) => problems
            .iter()
            .map(|(field, why)| format!("{field}: {why}"))
            .collect::<Vec<_>>()
            .join("; "),
        Error::NotFound => "not found".to_owned(),
        other => other.to_string(),
    };
    let mut err = std::io::stderr().lock();
    // The databases' own words run over several lines.
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let _ = writeln!(err, "perennial: {told}");
}

/// A line of the result.
pub fn say(line: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
}

/// The result as one JSON object.
pub fn json(value: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(value) {
        say(text);
    }
}

/// Progress of long work: rewritten in place at a terminal, a line now and then otherwise.
pub struct Progress {
    terminal: bool,
    told: std::time::Instant,
}

impl Progress {
    /// Begins to tell.
    pub fn new() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            told: std::time::Instant::now(),
        }
    }
    /// Tells where the work stands.
    pub fn tell(&mut self, line: &str) {
        let mut err = std::io::stderr().lock();
        if self.terminal {
            let _ = write!(err, "\r\x1b[2K{line}");
            let _ = err.flush();
        } else if self.told.elapsed().as_secs() >= 2 {
            let _ = writeln!(err, "{line}");
            self.told = std::time::Instant::now();
        }
    }
    /// Leaves a clean line behind.
    pub fn end(self) {
        if self.terminal {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
        }
    }
}
