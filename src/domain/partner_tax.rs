//! How a partner's commission is taxed: VAT that is added to it, and tax that is withheld from it.
use chrono::NaiveDate;

use super::{coded::coded, payout::PayoutTax, problems::Problems, rate::Rate, tax::VatId};

coded! {
    /// What becomes of VAT on a partner's commission.
    TaxTreatment {
        NoTax = "none", "No VAT";
        Charged = "charged", "The partner charges VAT";
        SelfBilled = "self_billed", "Self-billing: the vendor writes the partner's invoice";
        ReverseCharge = "reverse_charge", "Reverse charge";
    }
}

/// How a partner's commission is taxed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerTax {
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

impl PartnerTax {
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
        let id = id.map_or_else(String::new, |id| format!(", VAT id {}", id.as_str()));
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

    fn terms(treatment: TaxTreatment, rate: i32, withheld: i32) -> PartnerTax {
        PartnerTax {
            treatment,
            rate: Rate::from_bps(rate).unwrap(),
            withheld: Rate::from_bps(withheld).unwrap(),
            vat_id: "de 123-456.789".parse().ok(),
            agreed_until: None,
        }
    }

    /// Case X01.
    #[test]
    fn what_is_paid_is_commission_and_vat_less_what_is_withheld() {
        let on = day("2027-03-31");
        let paid = |terms: PartnerTax| {
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
        let agreed = PartnerTax {
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
        let told = |terms: &PartnerTax, field: &str| terms.problems(from, "").on(field).is_some();
        let bare = PartnerTax {
            vat_id: None,
            ..terms(TaxTreatment::SelfBilled, 0, 5_000)
        };
        for field in ["rate", "withheld", "vat_id", "agreed_until", "treatment"] {
            assert!(told(&bare, field), "{field}");
        }
        let reverse = terms(TaxTreatment::ReverseCharge, 2_000, 0);
        assert!(told(&reverse, "rate") && !told(&reverse, "treatment"));
        let agreed = PartnerTax {
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
