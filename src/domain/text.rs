//! Texts that have been judged: a value of one of these types is well formed.

use std::{fmt, str::FromStr};

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// Why a text was refused, in a sentence for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadText(&'static str);

/// A judged text: made by `FromStr` alone, read by `as_str` and `Display`.
macro_rules! judged_text {
    ($(#[$about:meta])* $name:ident, $judge:path) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadText;

            fn from_str(typed: &str) -> Result<Self, BadText> {
                $judge(typed.trim()).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

judged_text! {
    /// What something or someone is called: 1 to 120 characters on one line.
    Name, name
}
judged_text! {
    /// A description or a note: up to 2,000 characters, lines allowed.
    LongText, long_text
}
judged_text! {
    /// An address mail can be sent to, in lower case.
    Email, email
}
judged_text! {
    /// A vendor's or a partner's part of a web address: `acme-cloud`.
    Slug, slug
}
judged_text! {
    /// What another system calls a record: 1 to 80 characters.
    ExternalId, external_id
}
judged_text! {
    /// What a bank calls a payment: 1 to 140 characters on one line, as SEPA has it.
    BankReference, bank_reference
}
judged_text! {
    /// A country by its two letters, such as `DE`.
    CountryCode, country_code
}

/// Slugs that would hide a page of the product's own.
pub const RESERVED_SLUGS: [&str; 16] = [
    "api",
    "session",
    "sign-in",
    "sign-out",
    "account",
    "invitations",
    "static",
    "livez",
    "readyz",
    "metrics",
    "mail",
    "workspaces",
    "p",
    "api",
    "help",
    "reset",
];

fn name(typed: &str) -> Result<String, BadText> {
    if typed.is_empty() {
        Err(BadText("Give a name."))
    } else if typed.chars().count() > 120 {
        Err(BadText("Give a name of at most 120 characters."))
    } else if typed.chars().any(is_unprintable) {
        Err(BadText("Give a name on one line, in readable characters."))
    } else {
        Ok(typed.to_owned())
    }
}

fn long_text(typed: &str) -> Result<String, BadText> {
    // Browsers send line ends as CRLF; one spelling is kept.
    let text = typed.replace("\r\n", "\n").replace('\r', "\n");
    if text.chars().count() > 2_000 {
        Err(BadText("Use at most 2,000 characters."))
    } else if text.chars().any(|c| c != '\n' && is_unprintable(c)) {
        Err(BadText("Use readable characters only."))
    } else {
        Ok(text)
    }
}

fn external_id(typed: &str) -> Result<String, BadText> {
    if typed.is_empty() {
        Err(BadText("Give an id."))
    } else if typed.chars().count() > 80 || typed.chars().any(is_unprintable) {
        Err(BadText("Give an id of at most 80 readable characters."))
    } else {
        Ok(typed.to_owned())
    }
}

fn bank_reference(typed: &str) -> Result<String, BadText> {
    let is_long = typed.chars().count() > 140;
    if typed.is_empty() || is_long || typed.chars().any(is_unprintable) {
        Err(BadText(
            "Give the bank’s reference: one line of at most 140 characters.",
        ))
    } else {
        Ok(typed.to_owned())
    }
}

fn country_code(typed: &str) -> Result<String, BadText> {
    if typed.len() == 2 && typed.bytes().all(|b| b.is_ascii_alphabetic()) {
        Ok(typed.to_ascii_uppercase())
    } else {
        Err(BadText("Give a country as its two letters, such as DE."))
    }
}

fn slug(typed: &str) -> Result<String, BadText> {
    let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !(2..=40).contains(&typed.len()) || !typed.bytes().all(is_allowed) {
        Err(BadText("Use 2 to 40 small letters, digits and hyphens."))
    } else if typed.starts_with('-') || typed.ends_with('-') {
        Err(BadText("Start and end with a letter or a digit."))
    } else if RESERVED_SLUGS.contains(&typed) {
        Err(BadText(
            "This word is used by the site itself; choose another.",
        ))
    } else {
        Ok(typed.to_owned())
    }
}

/// Stricter than the standard: quoted names, comments and address literals are
/// refused, and so is whatever a mail server's command line could misread.
fn email(typed: &str) -> Result<String, BadText> {
    let address = typed.to_ascii_lowercase();
    let is_sound = address.len() <= 254
        && address
            .split_once('@')
            .is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
    if is_sound {
        Ok(address)
    } else {
        Err(BadText("Give an email address such as name@example.com."))
    }
}

fn is_local_part(local: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"._%+-'&=".contains(&b);
    (1..=64).contains(&local.len())
        && local.bytes().all(is_allowed)
        && !local.starts_with('-')
        && local.split('.').all(|atom| !atom.is_empty())
}

fn is_domain(domain: &str) -> bool {
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.')
        && domain.split('.').all(is_label)
        // A domain that ends in digits is an address of a machine.
        && last.len() >= 2
        && last.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Controls, line ends, broken text, and marks that turn the reading direction
/// so that a name reads as another.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{fffd}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A time zone by its IANA name, such as `Europe/Berlin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The IANA name.
    pub fn as_str(&self) -> &'static str {
        self.0.name()
    }

    /// The names people choose from, by continent.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let old = ["Etc/", "US/", "Canada/", "Brazil/", "Chile/", "Mexico/"];
        chrono_tz::TZ_VARIANTS
            .iter()
            .map(|zone| zone.name())
            .filter(move |name| {
                let is_place = name.contains('/') && !old.iter().any(|at| name.starts_with(at));
                is_place || *name == "UTC"
            })
    }

    /// An instant in UTC as the zone's clocks show it, with the zone's short name:
    /// "3 Nov 2026, 14:05 CET".
    pub fn instant_words(&self, utc: NaiveDateTime) -> String {
        let local = self.0.from_utc_datetime(&utc);
        let short = local.format("%Z").to_string();
        let short = match short.starts_with(['+', '-']) {
            true => format!("UTC{short}"),
            false => short,
        };
        let day = super::period::date_words(local.date_naive());
        format!("{day}, {} {short}", local.format("%H:%M"))
    }

    /// The local time, without its zone, at an instant in UTC.
    pub fn local(&self, utc: NaiveDateTime) -> NaiveDateTime {
        self.0.from_utc_datetime(&utc).naive_local()
    }

    /// The date on the wall calendar at an instant in UTC.
    pub fn local_date(&self, utc: NaiveDateTime) -> NaiveDate {
        self.local(utc).date()
    }

    /// The first instant, in UTC, of a local date. Where clocks go forward
    /// over midnight that is later than midnight; where they go back over it,
    /// the earlier of the two; where a date was skipped, the start of the next.
    pub fn start_of(&self, date: NaiveDate) -> NaiveDateTime {
        let midnight = date.and_time(NaiveTime::MIN);
        let two_days = TimeDelta::days(2).num_seconds();
        (0..two_days)
            .filter_map(|second| midnight.checked_add_signed(TimeDelta::seconds(second)))
            .find_map(|local| self.0.from_local_datetime(&local).earliest())
            .map_or(midnight, |instant| instant.naive_utc())
    }

    /// The instant, in UTC, at which clocks show a local time: the first of two; of a time that
    /// clocks skip, the instant they skip it.
    pub fn instant(&self, local: NaiveDateTime) -> NaiveDateTime {
        let day = TimeDelta::days(1).num_seconds();
        (0..day)
            .filter_map(|second| local.checked_add_signed(TimeDelta::seconds(second)))
            .find_map(|local| self.0.from_local_datetime(&local).earliest())
            .map_or(local, |instant| instant.naive_utc())
    }

    /// The first instant, in UTC, after a local date.
    pub fn end_of(&self, date: NaiveDate) -> NaiveDateTime {
        self.start_of(date.checked_add_days(Days::new(1)).unwrap_or(date))
    }
}

impl FromStr for Zone {
    type Err = BadText;

    fn from_str(typed: &str) -> Result<Self, BadText> {
        typed
            .trim()
            .parse()
            .map(Self)
            .map_err(|_| BadText("Give a time zone such as Europe/Berlin."))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::period::read_date;

    fn reads<T: FromStr + fmt::Display>(typed: &str) -> Option<String> {
        typed.parse::<T>().ok().map(|text| text.to_string())
    }

    #[test]
    fn a_name_is_one_readable_line() {
        assert_eq!(
            reads::<Name>("  Müller & Söhne "),
            Some("Müller & Söhne".into())
        );
        assert!(reads::<Name>(&"é".repeat(120)).is_some());
        let long = "é".repeat(121);
        for typed in [
            "",
            "  ",
            "a\r\nBcc: b",
            "a\0b",
            "a\u{fffd}",
            "a\u{202e}b",
            "a\u{2028}b",
            &long,
        ] {
            assert_eq!(reads::<Name>(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn a_long_text_keeps_its_lines() {
        assert_eq!(reads::<LongText>("a\r\nb\rc\n"), Some("a\nb\nc".into()));
        assert_eq!(reads::<LongText>(""), Some(String::new()));
        assert_eq!(reads::<LongText>("a\u{7}"), None);
        assert_eq!(reads::<LongText>(&"x".repeat(2_001)), None);
    }

    #[test]
    fn an_address_can_be_mailed_to() {
        assert_eq!(
            reads::<Email>(" Ada.L+x@Example.CO.uk "),
            Some("ada.l+x@example.co.uk".into())
        );
        let long = format!("{}@example.com", "a".repeat(65));
        for typed in [
            "",
            "a",
            "a@b",
            "@example.com",
            "a@@example.com",
            "a@b@example.com",
            "-a@example.com",
            ".a@example.com",
            "a.@example.com",
            "a..b@example.com",
            "a@[1.2.3.4]",
            "a@1.2.3.4",
            "a@example.c",
            "a@-x.com",
            "a@x-.com",
            "a@x..com",
            "a b@example.com",
            "é@example.com",
            "a@exämple.com",
            "\"a\"@example.com",
            "a@example.com.",
            "a\n@example.com",
            &long,
        ] {
            assert_eq!(reads::<Email>(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn a_slug_leaves_the_sites_own_pages_alone() {
        assert_eq!(reads::<Slug>("acme-cloud2"), Some("acme-cloud2".into()));
        let long = "a".repeat(41);
        for typed in ["a", "-ab", "ab-", "Acme", "a_b", "a/b", "é2", &long] {
            assert_eq!(reads::<Slug>(typed), None, "{typed}");
        }
        for word in RESERVED_SLUGS {
            assert_eq!(reads::<Slug>(word), None, "{word}");
        }
    }

    #[test]
    fn codes_are_short_and_readable() {
        assert_eq!(reads::<ExternalId>(" INV-1 "), Some("INV-1".into()));
        assert_eq!(reads::<ExternalId>(""), None);
        assert_eq!(reads::<ExternalId>("a\tb"), None);
        assert_eq!(reads::<ExternalId>(&"x".repeat(81)), None);
        assert_eq!(reads::<CountryCode>("de"), Some("DE".into()));
        assert_eq!(reads::<CountryCode>("DEU"), None);
        assert_eq!(reads::<CountryCode>("D1"), None);
    }

    fn start(zone: &str, date: &str) -> String {
        let zone: Zone = zone.parse().unwrap();
        zone.start_of(read_date(date).unwrap()).to_string()
    }

    #[test]
    fn a_day_starts_at_its_first_instant() {
        assert_eq!(start("Europe/Berlin", "2026-07-01"), "2026-06-30 22:00:00");
        // Clocks go from 24:00 to 01:00: the day starts at one.
        assert_eq!(start("America/Havana", "2026-03-08"), "2026-03-08 05:00:00");
        // Clocks go from 01:00 back to 00:00: the first midnight counts.
        assert_eq!(start("America/Havana", "2026-11-01"), "2026-11-01 04:00:00");
        // Forward by 44 minutes and 30 seconds at midnight.
        assert_eq!(
            start("Africa/Monrovia", "1972-01-07"),
            "1972-01-07 00:44:30"
        );
        // The date that Samoa skipped starts with the next.
        assert_eq!(start("Pacific/Apia", "2011-12-30"), "2011-12-30 10:00:00");
        assert_eq!(start("Pacific/Apia", "2011-12-31"), "2011-12-30 10:00:00");
        assert!("Mars/Olympus".parse::<Zone>().is_err());
    }

    proptest! {
        #[test]
        fn the_start_of_a_day_is_on_it(
            day in 720_000i32..800_000,
            zone in prop::sample::select(vec!["Europe/Berlin", "America/Havana", "Asia/Tokyo", "Africa/Cairo", "Australia/Lord_Howe"]),
        ) {
            let zone: Zone = zone.parse().unwrap();
            let date = NaiveDate::from_num_days_from_ce_opt(day).unwrap();
            let start = zone.start_of(date);
            prop_assert_eq!(zone.local_date(start), date);
            prop_assert_eq!(zone.local_date(start - TimeDelta::seconds(1)), date.pred_opt().unwrap());
            prop_assert_eq!(zone.end_of(date), zone.start_of(date.succ_opt().unwrap()));
        }

        #[test]
        fn no_text_is_too_strange_to_judge(typed in "\\PC{0,60}|.{0,60}") {
            for text in [reads::<Name>(&typed), reads::<ExternalId>(&typed), reads::<Email>(&typed)].into_iter().flatten() {
                prop_assert!(!text.is_empty() && text.trim() == text && !text.contains(['\r', '\n', '\0']));
            }
        }
    }
}
