//! Checking the whole ledger.
use clap::Args;
use serde::Serialize;

use super::{Settings, output};
use crate::{Result, domain::counted, services::verify, store::lobby};

/// `perennial verify`.
#[derive(Args)]
pub struct Verify {
    /// Only this vendor
    #[arg(long)]
    vendor: Option<String>,
    /// The findings as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Finding {
    vendor: String,
    what: String,
}

impl Verify {
    /// Recomputes every invariant of every vendor; exits with 1 if anything is wrong.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn run(&self, settings: &Settings) -> Result<u8> {
        let store = settings.store()?;
        let vendors = store.lobby_now(lobby::every_vendor)?;
        let (mut findings, mut checked) = (Vec::new(), 0);
        for (slug, scope) in vendors {
            if self.vendor.as_ref().is_some_and(|only| *only != slug) {
                continue;
            }
            checked += 1;
            for what in store.read_now(scope, verify::verify)? {
                let vendor = slug.clone();
                findings.push(Finding { vendor, what });
            }
        }
        if self.vendor.is_some() && checked == 0 {
            return Err(crate::Error::fault("--vendor: there is no such vendor"));
        }
        if self.json {
            output::json(&serde_json::json!({ "vendors": checked, "findings": findings }));
        } else {
            for finding in &findings {
                output::say(format!("{}: {}", finding.vendor, finding.what));
            }
            let vendors = counted(checked, "vendor", "vendors");
            output::say(match findings.len() {
                0 => format!("The ledgers of {vendors} hold together."),
                count => format!(
                    "{} in the ledgers of {vendors}.",
                    counted(count, "finding", "findings")
                ),
            });
        }
        Ok(u8::from(!findings.is_empty()))
    }
}
