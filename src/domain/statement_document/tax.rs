//! VAT and withholding on what a statement pays out, in figures and in words.
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{StatementDocument, date_words, percent};
use crate::domain::{Rate, TaxTreatment, payout::PayoutTax};

/// What is added to the commission that a statement pays out, and kept back of it, as it was fixed
/// at the close. Amounts are minor units of the statement's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    /// The code of what becomes of VAT: "self_billed".
    pub treatment: String,
    /// VAT in basis points.
    pub rate_bps: i32,
    /// VAT on the commission paid out.
    pub tax_minor: i64,
    /// What is withheld, in basis points of the commission.
    pub withheld_bps: i32,
    /// What is withheld, not below zero.
    pub withheld_minor: i64,
    /// What is transferred: commission + VAT − withheld.
    pub payable_minor: i64,
    /// The partner's number for VAT.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub partner_vat_id: String,
    /// The vendor's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vendor_vat_id: String,
    /// The day the agreement on self-billing ended, where it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapsed_on: Option<NaiveDate>,
}

impl Tax {
    /// What becomes of VAT; nothing for a code that is none.
    pub fn vat(&self) -> TaxTreatment {
        self.treatment.parse().unwrap_or(TaxTreatment::NoTax)
    }

    fn vat_label(&self) -> Option<String> {
        let rate = percent(self.rate_bps);
        match self.vat() {
            TaxTreatment::NoTax => None,
            _ if self.lapsed_on.is_some() => Some("VAT, not billed".to_owned()),
            TaxTreatment::Charged => Some(format!("VAT {rate}")),
            TaxTreatment::SelfBilled => Some(format!("VAT {rate}, self-billed")),
            TaxTreatment::ReverseCharge => Some("VAT, reverse charge".to_owned()),
        }
    }

    fn ids(&self) -> String {
        let ids = [
            ("partner", &self.partner_vat_id),
            ("vendor", &self.vendor_vat_id),
        ];
        let ids = ids.iter().filter(|(_, id)| !id.is_empty());
        let ids: Vec<String> = ids.map(|(whose, id)| format!("{whose} {id}")).collect();
        match ids.is_empty() {
            true => String::new(),
            false => format!(" VAT ids: {}.", ids.join(", ")),
        }
    }
}

impl StatementDocument {
    /// What is transferred to the partner, in minor units: with VAT, and without what is withheld.
    pub fn payable_minor(&self) -> i64 {
        self.tax
            .as_ref()
            .map_or(self.payout_minor, |tax| tax.payable_minor)
    }

    /// How the commission paid out becomes what is transferred: labels and signed minor units, the
    /// last their sum. Empty where they are the same.
    pub fn payable_rows(&self) -> Vec<(String, i64)> {
        let Some(tax) = &self.tax else {
            return Vec::new();
        };
        let mut rows = vec![("Commission, net".to_owned(), self.payout_minor)];
        rows.extend(tax.vat_label().map(|label| (label, tax.tax_minor)));
        if tax.withheld_bps > 0 {
            let label = format!("Withheld {}", percent(tax.withheld_bps));
            rows.push((label, -tax.withheld_minor));
        }
        rows.push((self.payable_label(), tax.payable_minor));
        rows
    }

    /// What has to be said of VAT and withholding; empty where there is nothing.
    pub fn tax_sentence(&self) -> String {
        let Some(tax) = &self.tax else {
            return String::new();
        };
        let (vendor, partner) = (&self.vendor.legal_name, &self.partner.legal_name);
        let mut said = match (tax.vat(), tax.lapsed_on) {
            (TaxTreatment::NoTax, _) => "No VAT is charged.".to_owned(),
            (_, Some(ended)) => format!(
                "The agreement on self-billing ended on {}: no VAT is added, and {partner} sends an invoice for it.{}",
                date_words(ended),
                tax.ids()
            ),
            (TaxTreatment::Charged, _) => {
                format!(
                    "VAT is charged by {partner}, who sends an invoice for it.{}",
                    tax.ids()
                )
            }
            (TaxTreatment::SelfBilled, _) => format!(
                "Self-billing: this invoice is written by {vendor} in the name of {partner}, who sends none.{}",
                tax.ids()
            ),
            (TaxTreatment::ReverseCharge, _) => {
                format!(
                    "Reverse charge: {vendor} accounts for the VAT.{}",
                    tax.ids()
                )
            }
        };
        if tax.withheld_bps > 0 {
            said += &format!(
                " {} of the commission is withheld as tax and paid to the tax office: {}.",
                percent(tax.withheld_bps),
                self.money(tax.withheld_minor)
            );
        }
        said
    }

    /// " (commission EUR 1,000.00, VAT EUR 200.00, less EUR 100.00 withheld)".
    pub(super) fn payable_words(&self) -> String {
        let Some(tax) = &self.tax else {
            return String::new();
        };
        let mut parts = vec![format!("commission {}", self.money(self.payout_minor))];
        parts.extend((tax.tax_minor != 0).then(|| format!("VAT {}", self.money(tax.tax_minor))));
        let withheld = (tax.withheld_minor != 0).then(|| self.money(tax.withheld_minor));
        parts.extend(withheld.map(|amount| format!("less {amount} withheld")));
        match parts.len() {
            1 => String::new(),
            _ => format!(" ({})", parts.join(", ")),
        }
    }

    pub(super) fn wrong_tax(&self) -> Option<String> {
        let tax = self.tax.as_ref()?;
        let rates = Rate::from_bps(tax.rate_bps)
            .ok()
            .zip(Rate::from_bps(tax.withheld_bps).ok());
        let parts = rates
            .and_then(|(added, withheld)| PayoutTax { added, withheld }.on(self.payout_minor).ok());
        let stated = (tax.tax_minor, tax.withheld_minor, tax.payable_minor);
        let adds_up = parts
            .is_some_and(|it| (it.tax_minor, it.withheld_minor, it.net_minor) == stated)
            && tax.treatment.parse::<TaxTreatment>().is_ok()
            && self.payout_minor > 0
            && tax.payable_minor > 0;
        (!adds_up).then(|| "Tax: the figures do not follow from the commission paid out.".into())
    }
}
