//! Deals that partners register before they are sold: how far one has come, whether it still
//! protects, and whether two are about the same customer.

use chrono::{Days, NaiveDate};

use super::{coded::coded, tax::VatId, text::Email};

coded! {
    /// How far a registered deal has come.
    DealStatus {
        Submitted = "submitted", "Waits for a decision";
        Approved = "approved", "Approved";
        Rejected = "rejected", "Declined";
        Withdrawn = "withdrawn", "Withdrawn";
        Won = "won", "Won";
        Expired = "expired", "Lapsed";
    }
}

impl DealStatus {
    /// Those that still claim the customer.
    pub const LIVE: [Self; 2] = [Self::Submitted, Self::Approved];

    /// Whether this may turn into that; what is not listed is refused.
    pub fn can_become(self, next: Self) -> bool {
        use DealStatus::{Approved, Expired, Rejected, Submitted, Withdrawn, Won};
        matches!(
            (self, next),
            (Submitted, Approved | Rejected | Withdrawn) | (Approved, Won | Expired | Withdrawn)
        )
    }
}

/// Whether a registration pays off for a sale: approved, and not lapsed on the day the sale
/// becomes active, its last day included.
pub fn protects(status: DealStatus, last_day: NaiveDate, activated_on: NaiveDate) -> bool {
    matches!(status, DealStatus::Approved | DealStatus::Won) && activated_on <= last_day
}

/// Days a customer is protected for where nobody says another number.
pub const USUAL_PROTECTION: u64 = 90;
/// The longest protection, in days from the decision.
pub const LONGEST_PROTECTION: u64 = 365;

/// The last day of the usual protection, from the day of the decision.
pub fn usual_last_day(decided_on: NaiveDate) -> NaiveDate {
    let last = decided_on.checked_add_days(Days::new(USUAL_PROTECTION));
    last.unwrap_or(decided_on)
}

/// Why a day cannot be the last of a protection that is decided on another.
pub fn unprotectable(until: NaiveDate, decided_on: NaiveDate) -> Option<&'static str> {
    let longest = decided_on.checked_add_days(Days::new(LONGEST_PROTECTION));
    if until < decided_on {
        return Some("This day is over. Give today or a later one.");
    }
    (longest.is_none_or(|last| until > last)).then_some("Give a day within the next 365.")
}

/// By what a customer is told from others, each in one spelling; empty where it is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerMark {
    /// Its name without case, signs and the form of the company.
    pub name: String,
    /// The domain of its website or mail, or a whole address at a public mail service.
    pub web: String,
    /// Its VAT id.
    pub vat_id: String,
}

/// What two records of a customer have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alike {
    /// The VAT id.
    VatId,
    /// The website, or the domain of the mail.
    Web,
    /// The name.
    Name,
}

impl Alike {
    /// In words, after "the same".
    pub fn words(self) -> &'static str {
        match self {
            Self::VatId => "VAT id",
            Self::Web => "website or mail domain",
            Self::Name => "name",
        }
    }
}

/// Forms of companies that say nothing about which company it is.
const FORMS: [&str; 28] = [
    "ab", "ag", "as", "bv", "co", "corp", "epe", "eg", "gmbh", "inc", "kft", "kg", "limited",
    "llc", "ltd", "nv", "ohg", "oy", "plc", "sa", "sarl", "sas", "se", "sl", "spa", "srl", "sro",
    "ug",
];

/// Mail services at which anybody may have an address.
const PUBLIC_MAIL: [&str; 12] = [
    "gmail.com",
    "googlemail.com",
    "gmx.de",
    "gmx.net",
    "hotmail.com",
    "icloud.com",
    "outlook.com",
    "proton.me",
    "t-online.de",
    "web.de",
    "yahoo.com",
    "live.com",
];

/// A text that is neither a website nor an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Give a website such as example.com, or an address such as info@example.com.")]
pub struct NoWeb;

impl CustomerMark {
    /// What tells a customer from others, from what was typed of it. The website or address may
    /// be empty.
    ///
    /// # Errors
    /// [`NoWeb`].
    pub fn of(name: &str, web: &str, vat_id: &VatId) -> Result<Self, NoWeb> {
        Ok(Self {
            name: bare_name(name),
            web: web_mark(web)?,
            vat_id: vat_id.as_str().to_owned(),
        })
    }

    /// What both have in common, the surest first; nothing where they are two customers.
    pub fn alike(&self, other: &Self) -> Option<Alike> {
        let same = |one: &str, two: &str| !one.is_empty() && one == two;
        if same(&self.vat_id, &other.vat_id) {
            return Some(Alike::VatId);
        }
        if same(&self.web, &other.web) {
            return Some(Alike::Web);
        }
        same(&self.name, &other.name).then_some(Alike::Name)
    }
}

/// A name without case, signs and the form of the company; the name as it is where no more is left.
fn bare_name(name: &str) -> String {
    let lower = name.to_lowercase();
    let joined: String = lower.chars().filter(|c| *c != '.').collect();
    let words: Vec<&str> = joined
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let telling: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !FORMS.contains(word))
        .collect();
    match telling.is_empty() {
        true => words.join(" "),
        false => telling.join(" "),
    }
}

fn web_mark(typed: &str) -> Result<String, NoWeb> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(String::new());
    }
    if typed.contains('@') {
        let address: Email = typed.parse().map_err(|_| NoWeb)?;
        let (_, domain) = address.as_str().split_once('@').ok_or(NoWeb)?;
        return Ok(match PUBLIC_MAIL.contains(&domain) {
            true => address.to_string(),
            false => bare_domain(domain).to_owned(),
        });
    }
    let lower = typed.to_lowercase();
    let rest = lower
        .split_once("://")
        .map_or(lower.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let host = bare_domain(host);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let is_domain = host.len() <= 253 && host.contains('.') && host.split('.').all(is_label);
    is_domain.then(|| host.to_owned()).ok_or(NoWeb)
}

fn bare_domain(host: &str) -> &str {
    host.strip_prefix("www.")
        .unwrap_or(host)
        .trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::period::read_date;

    fn mark(name: &str, web: &str, vat_id: &str) -> CustomerMark {
        CustomerMark::of(name, web, &vat_id.parse().unwrap()).unwrap()
    }

    fn day(typed: &str) -> NaiveDate {
        read_date(typed).unwrap()
    }

    #[test]
    fn deals_are_judged_once() {
        assert!(DealStatus::Submitted.can_become(DealStatus::Approved));
        assert!(!DealStatus::Rejected.can_become(DealStatus::Approved));
        assert!(!DealStatus::Expired.can_become(DealStatus::Won));
        assert!(!DealStatus::Won.can_become(DealStatus::Withdrawn));
    }

    #[test]
    fn protection_holds_through_its_last_day() {
        let last = day("2027-02-20");
        assert!(protects(DealStatus::Approved, last, last));
        assert!(protects(DealStatus::Won, last, day("2027-01-01")));
        assert!(!protects(DealStatus::Approved, last, day("2027-02-21")));
        assert!(!protects(DealStatus::Submitted, last, day("2027-01-01")));
        assert_eq!(usual_last_day(day("2026-11-22")), last);
        let today = day("2026-11-22");
        assert_eq!(unprotectable(today, today), None);
        assert!(unprotectable(day("2026-11-21"), today).is_some());
        assert_eq!(unprotectable(day("2027-11-22"), today), None);
        assert!(unprotectable(day("2027-11-23"), today).is_some());
    }

    #[test]
    fn one_customer_is_known_however_it_is_spelled() {
        let hotel = mark("Hotel Adler GmbH", "https://www.hotel-adler.de/rooms", "");
        for (other, alike) in [
            (mark("HOTEL  ADLER", "", ""), Some(Alike::Name)),
            (mark("Hotel Adler G.m.b.H.", "", ""), Some(Alike::Name)),
            (
                mark("Adler Group", "frontdesk@hotel-adler.de", ""),
                Some(Alike::Web),
            ),
            (mark("Hotel Adlon", "hotel-adlon.de", ""), None),
            (mark("Adlerhof", "", "DE123456789"), None),
        ] {
            assert_eq!(hotel.alike(&other), alike, "{other:?}");
        }
        let by_vat = mark("A", "", "DE 123 456 789");
        assert_eq!(
            by_vat.alike(&mark("B", "", "de123456789")),
            Some(Alike::VatId)
        );
        // Two people at a public mail service are two customers.
        let (one, two) = (mark("A", "a@gmail.com", ""), mark("B", "b@gmail.com", ""));
        assert_eq!(one.alike(&two), None);
        assert_eq!(one.alike(&mark("C", "A@Gmail.com", "")), Some(Alike::Web));
        assert_eq!(mark("AG", "", "").name, "ag");
        for wrong in ["nowhere", "a b.de", "@", "x@", "http://", "..", "a..de"] {
            assert_eq!(web_mark(wrong), Err(NoWeb), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_judged(name in ".{0,40}", web in ".{0,40}") {
            if let Ok(mark) = CustomerMark::of(&name, &web, &VatId::default()) {
                let again = CustomerMark::of(&mark.name, &mark.web, &VatId::default());
                prop_assert_eq!(again.map(|again| again.web), Ok(mark.web));
            }
        }
    }
}
