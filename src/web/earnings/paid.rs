//! The form that says the bank has paid: a payout, or a whole run of them.
use serde::Deserialize;

use crate::{
    domain::{BankReference, Problems, read_date},
    services::revenue::payouts::Paid,
};

/// "Paid", as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaidForm {
    /// The day, as 2026-11-15.
    pub paid_on: String,
    /// The bank's reference.
    pub reference: String,
    /// The version that was seen.
    pub version: String,
    /// Makes the form count once.
    pub form_id: String,
}

impl PaidForm {
    /// What it says.
    ///
    /// # Errors
    /// What is wrong with it, field by field.
    pub fn read(&self) -> Result<Paid, Problems> {
        let mut problems = Problems::default();
        let paid_on = problems.check("paid_on", read_date(&self.paid_on));
        let reference = self.reference.parse::<BankReference>();
        let reference = problems.check("reference", reference);
        let version = problems.check("version", self.version.parse::<i32>());
        let (Some(paid_on), Some(reference), Some(version)) = (paid_on, reference, version) else {
            return Err(problems);
        };
        Ok(Paid {
            version,
            paid_on,
            reference,
        })
    }
}
