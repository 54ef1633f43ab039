//! CSV files from the command line.
use std::path::PathBuf;

use clap::Args;

use super::{Settings, output};
use crate::{
    Error, Result,
    domain::{ImportKind, counted},
    services::import::{self, Checked, Ledger},
    store::lobby,
};

/// `perennial import`.
#[derive(Args)]
pub struct Import {
    /// The vendor's address
    #[arg(long)]
    vendor: String,
    /// partners, customers, subscriptions, payments, usage, outages, tickets or exchange-rates
    #[arg(long)]
    kind: String,
    /// Apply the file if nothing is wrong with it; without this it is only checked
    #[arg(long)]
    apply: bool,
    /// The outcome as one JSON object
    #[arg(long)]
    json: bool,
    /// The file
    file: PathBuf,
}

impl Import {
    /// Checks, and applies where asked; exits with 1 where something is wrong with the file.
    ///
    /// # Errors
    /// One line that says what is wrong with the command.
    pub fn run(&self, settings: &Settings) -> Result<u8> {
        let kind: ImportKind = self.kind.parse().map_err(|_| {
            let kinds: Vec<&str> = ImportKind::ALL.iter().map(|kind| kind.code()).collect();
            Error::fault(format!("--kind: give one of {}", kinds.join(", ")))
        })?;
        let bytes = std::fs::read(&self.file)
            .map_err(|e| Error::fault(format!("{}: {e}", self.file.display())))?;
        let store = settings.store()?;
        let scope = store.lobby_now(|lobby| lobby::operator(lobby, &self.vendor));
        let scope = scope.map_err(|error| match error {
            Error::NotFound => {
                Error::fault(format!("--vendor: there is no vendor {}", self.vendor))
            }
            other => other,
        })?;
        if !self.apply {
            let checked = store.read_now(scope, |tx| import::check(tx, kind, &bytes))?;
            return Ok(self.tell(&checked, "checked"));
        }
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let (id, checked) =
            store.write_now(scope.clone(), |tx| import::stage(tx, kind, &name, &bytes))?;
        if !checked.is_sound() {
            return Ok(self.tell(&checked, "refused"));
        }
        let applied = store.write_now(scope, |tx| {
            let ledger = Ledger::open(tx)?;
            import::apply(tx, &ledger, id)
        })?;
        Ok(self.tell(&applied, "applied"))
    }

    fn tell(&self, checked: &Checked, what: &str) -> u8 {
        if self.json {
            output::json(&serde_json::json!({ "outcome": what, "file": checked }));
        } else {
            for problem in &checked.problems {
                let column = match problem.column.as_str() {
                    "" => String::new(),
                    column => format!(", {column}"),
                };
                output::say(format!("line {}{column}: {}", problem.line, problem.reason));
            }
            output::say(match checked.is_sound() {
                true => format!(
                    "{what}: {}, {} new, {} changed, {} unchanged",
                    counted(checked.rows, "row", "rows"),
                    checked.new,
                    checked.changed,
                    checked.unchanged
                ),
                false => format!(
                    "Nothing was brought in: {} in {}.",
                    counted(checked.problem_count, "problem", "problems"),
                    counted(checked.rows, "row", "rows")
                ),
            });
        }
        u8::from(!checked.is_sound())
    }
}
