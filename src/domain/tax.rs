//! How a partner's commission is taxed: VAT that is added to it, and tax that is withheld from it.
use std::{fmt, str::FromStr};

use chrono::NaiveDate;

use super::{coded::coded, payout::PayoutTax, problems::Problems, rate::Rate};

coded! {
    /// What becomes of VAT on a partner's commission.
    TaxTreatment {
        NoTax = "none", "No VAT";
        Charged = "charged", "The partner charges VAT";
        SelfBilled = "self_billed", "Self-billing: the vendor writes the partner's invoice";
        ReverseCharge = "reverse_charge", "Reverse charge";
    }
}

/// A number for VAT: two letters of the country and two to thirteen letters or digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VatId(String);

impl VatId {
    /// The number, in capitals and without spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no number for VAT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Give the VAT id with the two letters of its country, such as DE123456789.")]
pub struct BadVatId;

impl FromStr for VatId {
    type Err = BadVatId;

    fn from_str(typed: &str) -> Result<Self, BadVatId> {
        let spaced = |c: &char| !c.is_whitespace() && !matches!(c, '.' | '-' | '/');
        let id: String = typed.chars().filter(spaced).collect();
        let id = id.to_uppercase();
        let is_plain = id.bytes().all(|b| b.is_ascii_alphanumeric());
        let begins = id.bytes().take(2).all(|b| b.is_ascii_alphabetic());
        let has_digit = id.bytes().any(|b| b.is_ascii_digit());
        match is_plain && begins && has_digit && (4..=15).contains(&id.len()) {
            true => Ok(Self(id)),
            false => Err(BadVatId),
        }
    }
}

/// How a partner's commission is taxed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxTerms {
    /// What becomes of VAT.
    pub treatment: TaxTreatment,
    /// VAT on the commission; zero where none is added.
    pub rate: Rate,
    /// What is kept back of the commission before VAT.
    pub withheld: Rate,
    /// The partner's number.
    pub vat_id: Option<VatId>,
    /// The last day of the agreement on self-billing.
    pub agreed_until: Option<NaiveDate>,
}

impl TaxTerms {
    /// What is wrong with terms that hold from a day on, field by field: `treatment`, `rate`,
    /// `withheld`, `vat_id`, `agreed_until`. `vendor_vat_id` is the vendor's own number.
    pub fn problems(&self, from: NaiveDate, vendor_vat_id: &str) -> Problems {
        use TaxTreatment::{Charged, NoTax, SelfBilled};
        let mut problems = Problems::default();
        let adds = matches!(self.treatment, Charged | SelfBilled);
        if adds && self.rate.bps() == 0 {
            problems.add("rate", "Give the rate of VAT, more than 0 %.");
        }
        if !adds && self.rate.bps() != 0 {
            problems.add("rate", "No VAT is added here: leave this empty.");
        }
        if self.withheld.bps() >= 5_000 {
            problems.add("withheld", "Give less than 50 %.");
        }
        if self.treatment != NoTax && self.vat_id.is_none() {
            problems.add("vat_id", "Give the partner's VAT id.");
        }
        match (self.treatment, self.agreed_until) {
            (SelfBilled, None) => {
                problems.add("agreed_until", "Give the last day of the agreement.");
            }
            (SelfBilled, Some(until)) if until < from => {
                problems.add("agreed_until", "The agreement ends before this begins.");
            }
            (SelfBilled, Some(_)) | (_, None) => {}
            (_, Some(_)) => problems.add("agreed_until", "Only self-billing has an agreement."),
        }
        if self.treatment == SelfBilled && vendor_vat_id.is_empty() {
            problems.add(
                "treatment",
                "An invoice in the partner's name needs your own VAT id too. Give it in the settings first.",
            );
        }
        problems
    }

    /// The day the agreement on self-billing ended, if it is over on a day.
    pub fn lapsed_on(&self, day: NaiveDate) -> Option<NaiveDate> {
        let until = self.agreed_until.filter(|until| *until < day);
        until.filter(|_| self.treatment == TaxTreatment::SelfBilled)
    }

    /// The rates for a statement whose month ends on a day. Without a valid agreement nothing is
    /// billed in the partner's name, so that no VAT is added.
    pub fn rates(&self, day: NaiveDate) -> PayoutTax {
        PayoutTax {
            added: match self.lapsed_on(day) {
                Some(_) => Rate::default(),
                None => self.rate,
            },
            withheld: self.withheld,
        }
    }

    /// Whether a statement has to say anything of them.
    pub fn matter(&self) -> bool {
        self.treatment != TaxTreatment::NoTax || self.withheld.bps() != 0
    }

    /// In a few words: "Self-billing, VAT 20 %, 10 % withheld".
    pub fn words(&self) -> String {
        let vat = match self.treatment {
            TaxTreatment::NoTax => "No VAT".to_owned(),
            TaxTreatment::Charged => format!("VAT {} charged by the partner", self.rate),
            TaxTreatment::SelfBilled => format!("Self-billing, VAT {}", self.rate),
            TaxTreatment::ReverseCharge => "Reverse charge".to_owned(),
        };
        let id = self.vat_id.as_ref();
        let id = id.map_or_else(String::new, |id| format!(", VAT id {id}"));
        match self.withheld.bps() {
            0 => format!("{vat}{id}"),
            _ => format!("{vat}{id}, {} withheld", self.withheld),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(typed: &str) -> NaiveDate {
        typed.parse().unwrap()
    }

    fn terms(treatment: TaxTreatment, rate: i32, withheld: i32) -> TaxTerms {
        TaxTerms {
            treatment,
            rate: Rate::from_bps(rate).unwrap(),
            withheld: Rate::from_bps(withheld).unwrap(),
            vat_id: "de 123-456.789".parse().ok(),
            agreed_until: None,
        }
    }

    #[test]
    fn a_vat_id_has_a_country_and_a_number() {
        assert_eq!(
            "de 123-456.789".parse::<VatId>().unwrap().as_str(),
            "DE123456789"
        );
        assert!("ATU12345678".parse::<VatId>().is_ok());
        for bad in [
            "",
            "123456789",
            "DE",
            "DEABC",
            "DE12345678901234",
            "DE1234ÄÖ",
        ] {
            assert_eq!(bad.parse::<VatId>(), Err(BadVatId), "{bad}");
        }
    }

    /// Case X01.
    #[test]
    fn what_is_paid_is_commission_and_vat_less_what_is_withheld() {
        let on = day("2027-03-31");
        let paid = |terms: TaxTerms| {
            let parts = terms.rates(on).on(100_000).unwrap();
            (parts.tax_minor, parts.withheld_minor, parts.net_minor)
        };
        assert_eq!(
            paid(terms(TaxTreatment::NoTax, 0, 2_400)),
            (0, 24_000, 76_000)
        );
        assert_eq!(
            paid(terms(TaxTreatment::SelfBilled, 2_000, 0)),
            (20_000, 0, 120_000)
        );
        assert_eq!(
            paid(terms(TaxTreatment::ReverseCharge, 0, 0)),
            (0, 0, 100_000)
        );
        assert_eq!(
            paid(terms(TaxTreatment::Charged, 2_000, 1_000)),
            (20_000, 10_000, 110_000)
        );
    }

    #[test]
    fn self_billing_ends_with_its_agreement() {
        let agreed = TaxTerms {
            agreed_until: Some(day("2027-03-30")),
            ..terms(TaxTreatment::SelfBilled, 2_000, 1_000)
        };
        assert_eq!(agreed.rates(day("2027-02-28")).added.bps(), 2_000);
        let lapsed = agreed.rates(day("2027-03-31"));
        assert_eq!((lapsed.added.bps(), lapsed.withheld.bps()), (0, 1_000));
        assert_eq!(agreed.lapsed_on(day("2027-03-31")), Some(day("2027-03-30")));
    }

    #[test]
    fn terms_that_make_no_sense_are_told_field_by_field() {
        let from = day("2027-01-01");
        let told = |terms: &TaxTerms, field: &str| terms.problems(from, "").on(field).is_some();
        let bare = TaxTerms {
            vat_id: None,
            ..terms(TaxTreatment::SelfBilled, 0, 5_000)
        };
        for field in ["rate", "withheld", "vat_id", "agreed_until", "treatment"] {
            assert!(told(&bare, field), "{field}");
        }
        let reverse = terms(TaxTreatment::ReverseCharge, 2_000, 0);
        assert!(told(&reverse, "rate") && !told(&reverse, "treatment"));
        let agreed = TaxTerms {
            agreed_until: Some(from),
            ..terms(TaxTreatment::NoTax, 0, 0)
        };
        assert!(told(&agreed, "agreed_until"));
        assert!(
            terms(TaxTreatment::Charged, 1_900, 0)
                .problems(from, "")
                .is_empty()
        );
    }
}
