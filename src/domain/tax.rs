//! The tax on an invoice: what it is called, how much it is, and why there is none.

use chrono::NaiveDate;

use super::{coded::coded, rate::Rate};

coded! {
    /// By which rule a customer's invoices are taxed.
    TaxCategory {
        Own = "own", "A rate of its own";
        Standard = "standard", "The rate of its country";
        ReverseCharge = "reverse_charge", "Reverse charge";
        Exempt = "exempt", "Exempt";
    }
}

/// A country's rate, in force from a day until the next one's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRate {
    /// What it is called on invoices: "VAT", "MwSt."
    pub name: String,
    /// How much.
    pub rate: Rate,
    /// The first day.
    pub from: NaiveDate,
}

/// The tax of one invoice, fixed on its tax point: the day it is issued on. All its lines are taxed
/// alike, those in arrears too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tax {
    /// What it is called.
    pub name: String,
    /// How much of the net.
    pub rate: Rate,
    /// What the invoice has to say about it; empty for nothing.
    pub note: String,
}

/// What the tax on a customer's invoices rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxTerms {
    /// By which rule.
    pub category: TaxCategory,
    /// The customer's own rate: also where its country has none.
    pub own: Rate,
    /// Its VAT id; empty for none.
    pub vat_id: String,
    /// The rates of its country, in any order.
    pub rates: Vec<TaxRate>,
}

impl TaxTerms {
    /// The tax of an invoice issued on a day. Where its country has no rate yet, the customer's own
    /// holds.
    pub fn on(&self, day: NaiveDate) -> Tax {
        let none = |note: String| Tax {
            name: "Tax".to_owned(),
            rate: Rate::default(),
            note,
        };
        let own = Tax {
            name: "Tax".to_owned(),
            rate: self.own,
            note: String::new(),
        };
        match self.category {
            TaxCategory::Own => own,
            TaxCategory::Standard => match rate_on(&self.rates, day) {
                Some(found) => Tax {
                    name: found.name.clone(),
                    rate: found.rate,
                    note: String::new(),
                },
                None => own,
            },
            TaxCategory::ReverseCharge => none(format!(
                "Reverse charge: the tax is owed by the recipient, VAT id {}.",
                self.vat_id
            )),
            TaxCategory::Exempt => none("Exempt from tax.".to_owned()),
        }
    }
}

/// The rate in force on a day: the latest of a country's that has begun.
pub fn rate_on<'a>(
    rates: impl IntoIterator<Item = &'a TaxRate>,
    day: NaiveDate,
) -> Option<&'a TaxRate> {
    let begun = rates.into_iter().filter(|rate| rate.from <= day);
    begun.max_by_key(|rate| rate.from)
}

/// A VAT id as it is written without spaces, dots and dashes; empty for none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VatId(String);

/// A text that is no VAT id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Give the VAT id with its country, such as DE123456789.")]
pub struct NoVatId;

impl VatId {
    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for VatId {
    type Err = NoVatId;

    fn from_str(typed: &str) -> Result<Self, NoVatId> {
        let is_aside = |c: char| c.is_whitespace() || matches!(c, '.' | '-');
        let id: String = typed.chars().filter(|c| !is_aside(*c)).collect();
        let id = id.to_uppercase();
        let (country, rest) = id.split_at_checked(2).unwrap_or(("", ""));
        let fits = country.chars().all(|c| c.is_ascii_uppercase())
            && (2..=13).contains(&rest.len())
            && rest.chars().all(|c| c.is_ascii_alphanumeric())
            && rest.chars().any(|c| c.is_ascii_digit());
        match id.is_empty() || fits {
            true => Ok(Self(id)),
            false => Err(NoVatId),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::period::read_date;

    fn rate(from: &str, bps: i32) -> TaxRate {
        TaxRate {
            name: "VAT".to_owned(),
            rate: Rate::from_bps(bps).unwrap(),
            from: read_date(from).unwrap(),
        }
    }

    fn on(category: TaxCategory, day: &str) -> (i32, String) {
        let terms = TaxTerms {
            category,
            own: Rate::from_bps(700).unwrap(),
            vat_id: "AT U12345678".parse::<VatId>().unwrap().0,
            rates: vec![rate("2021-01-01", 1_900), rate("2020-07-01", 1_600)],
        };
        let tax = terms.on(read_date(day).unwrap());
        (tax.rate.bps(), tax.note)
    }

    #[test]
    fn the_rate_of_the_day_holds() {
        let bps = |day| on(TaxCategory::Standard, day).0;
        assert_eq!((bps("2020-12-31"), bps("2021-01-01")), (1_600, 1_900));
        // Before the first one is known, the customer's own.
        assert_eq!(bps("2020-06-30"), 700);
        assert_eq!(on(TaxCategory::Own, "2021-01-01").0, 700);
    }

    #[test]
    fn without_tax_the_invoice_says_why() {
        let (bps, note) = on(TaxCategory::ReverseCharge, "2021-01-01");
        assert_eq!(bps, 0);
        assert!(note.contains("Reverse charge") && note.contains("ATU12345678"));
        assert_eq!(on(TaxCategory::Exempt, "2021-01-01").1, "Exempt from tax.");
    }

    #[test]
    fn a_vat_id_has_a_country_and_a_number() {
        for good in ["DE123456789", "atu 123.456-78", "", " "] {
            assert!(good.parse::<VatId>().is_ok(), "{good}");
        }
        for bad in ["D", "12345", "DE", "DEABC", "DE1234567890123456", "DÉ123"] {
            assert_eq!(bad.parse::<VatId>(), Err(NoVatId), "{bad}");
        }
    }
}
