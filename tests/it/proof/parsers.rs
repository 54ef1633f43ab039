//! Whatever comes from outside is judged without a panic; what is accepted is written as it is
//! read, and a number means what its digits say.
use std::{fmt::Display, str::FromStr};

use perennial::domain::{
    CountryCode, Currency, Email, ExternalId, ImportKind, LongText, Measure, Money, Name,
    PartnerType, Period, PriceKind, Quantity, Rate, Role, Slug, UnitPrice, Zone, payable::FxRate,
    period::date_words, read_date,
};
use proptest::{prelude::*, test_runner::TestCaseError};

use super::strange::nearly;

type Judged = Result<(), TestCaseError>;

/// Accepted or refused; what is accepted reads back as itself.
fn reads_back<T: FromStr + Display + PartialEq + std::fmt::Debug>(typed: &str) -> Judged {
    let Ok(value) = typed.parse::<T>() else {
        return Ok(());
    };
    let shown = value.to_string();
    let again = shown.parse::<T>().ok();
    prop_assert_eq!(Some(value), again, "{:?} is shown as {:?}", typed, shown);
    Ok(())
}

/// What an accepted number means, by its digits alone: so many units of the last of `places`.
fn digits(typed: &str, places: usize) -> Option<i128> {
    let plain = typed.trim().replace(',', "");
    let (sign, plain) = match plain.strip_prefix('-') {
        Some(rest) => (-1, rest.to_owned()),
        None => (1, plain),
    };
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    if part.len() > places
        || !whole
            .bytes()
            .chain(part.bytes())
            .all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let padded = format!("{whole}{part:0<places$}");
    padded.parse::<i128>().ok().map(|units| units * sign)
}

const AMOUNTS: &[&str] = &[
    "0",
    "1234.50",
    "1,234.50",
    "-0.07",
    "92233720368547758.07",
    "-92233720368547758.08",
    "1,000,000",
    "0.000001",
    "12.5",
    "100",
    "7.25 %",
    "0.123456789",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn amounts(typed in nearly(AMOUNTS), code in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
        let currency: Currency = code.parse().unwrap();
        let places = usize::try_from(currency.exponent()).unwrap();
        if let Ok(money) = Money::parse(&typed, currency) {
            prop_assert_eq!(Some(i128::from(money.minor())), digits(&typed, places), "{:?}", typed);
            prop_assert_eq!(Money::parse(&money.figure(), currency), Ok(money));
            prop_assert_eq!(Money::parse(&money.plain(), currency), Ok(money));
        }
        if let Ok(price) = UnitPrice::parse(&typed, currency) {
            prop_assert_eq!(Some(i128::from(price.micro())), digits(&typed, places + 6));
            prop_assert_eq!(UnitPrice::parse(&price.figure(currency), currency), Ok(price));
        }
    }

    #[test]
    fn quantities_measures_and_rates(typed in nearly(AMOUNTS)) {
        if let Ok(quantity) = typed.parse::<Quantity>() {
            prop_assert_eq!(Some(i128::from(quantity.get())), digits(&typed, 0));
            prop_assert!((1..=1_000_000).contains(&quantity.get()));
        }
        if let Ok(measure) = typed.parse::<Measure>() {
            prop_assert_eq!(Some(i128::from(measure.micro())), digits(&typed, 6));
        }
        if let Ok(rate) = typed.parse::<FxRate>() {
            prop_assert_eq!(Some(i128::from(rate.nano())), digits(&typed, 9));
            prop_assert!(rate.nano() > 0);
        }
        if let Ok(rate) = typed.parse::<Rate>() {
            prop_assert!((0..=10_000).contains(&rate.bps()));
        }
        reads_back::<Quantity>(&typed)?;
        reads_back::<Measure>(&typed)?;
        reads_back::<Rate>(&typed)?;
    }

    #[test]
    fn days_and_months(typed in nearly(&["2026-10-31", "2028-02-29", "2026-02-29", "2026-10", "1970-01", "2200-12", "31.10.2026"])) {
        if let Ok(day) = read_date(&typed) {
            prop_assert_eq!(day.to_string(), typed.trim());
            prop_assert!(!date_words(day).is_empty());
        }
        reads_back::<Period>(&typed)?;
        if let Ok(month) = typed.parse::<Period>() {
            prop_assert_eq!(month.to_string(), typed.trim());
            prop_assert_eq!(Period::from_key(month.key()), Some(month));
        }
    }

    #[test]
    fn month_numbers(key in any::<i32>()) {
        if let Some(month) = Period::from_key(key) {
            prop_assert_eq!(month.key(), key);
        }
    }

    #[test]
    fn names_texts_and_ids(typed in nearly(&["Northwind Cloud", "P-1001", "two\r\nlines", "O'Neill & Søn", "漢字 Ltd"])) {
        reads_back::<Name>(&typed)?;
        reads_back::<LongText>(&typed)?;
        reads_back::<ExternalId>(&typed)?;
        for text in [typed.parse::<Name>().ok().map(|text| text.to_string()), typed.parse::<ExternalId>().ok().map(|text| text.to_string())] {
            let is_sound = |text: String| !text.is_empty() && text.trim() == text && !text.contains(['\r', '\n', '\0', '\u{202e}']);
            prop_assert!(text.is_none_or(is_sound), "{:?}", typed);
        }
        prop_assert!(typed.parse::<LongText>().is_ok_and(|text| !text.as_str().contains(['\0', '\r'])) || typed.parse::<LongText>().is_err());
    }

    #[test]
    fn mail_addresses(typed in nearly(&["a@north.example", "first.last+tag@mail.north.example", "A@B.CO", "o'neill@x-y.example"])) {
        reads_back::<Email>(&typed)?;
        if let Ok(address) = typed.parse::<Email>() {
            let text = address.as_str();
            prop_assert!(text.is_ascii() && text.matches('@').count() == 1, "{}", text);
            let is_risky = |c: char| c.is_whitespace() || c.is_control() || "<>()[]\\,;:\"".contains(c);
            prop_assert!(!text.contains(is_risky) && !text.starts_with('-'), "{}", text);
        }
    }

    #[test]
    fn slugs_countries_zones_and_currencies(typed in nearly(&["acme-cloud", "p", "north", "DE", "de", "Europe/Berlin", "UTC", "EUR", "JPY", "XAU", "sign-in"])) {
        reads_back::<Slug>(&typed)?;
        reads_back::<CountryCode>(&typed)?;
        reads_back::<Zone>(&typed)?;
        reads_back::<Currency>(&typed)?;
        if let Ok(slug) = typed.parse::<Slug>() {
            let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            prop_assert!(slug.as_str().bytes().all(is_plain));
        }
    }

    #[test]
    fn codes(typed in nearly(&["owner", "reseller", "payments", "per_seat", "partner_admin"])) {
        let same = |code: Option<&'static str>| code.is_none_or(|code| code == typed);
        prop_assert!(same(typed.parse::<Role>().ok().map(Role::code)));
        prop_assert!(same(typed.parse::<PartnerType>().ok().map(PartnerType::code)));
        prop_assert!(same(typed.parse::<ImportKind>().ok().map(ImportKind::code)));
        prop_assert!(same(typed.parse::<PriceKind>().ok().map(PriceKind::code)));
    }
}
