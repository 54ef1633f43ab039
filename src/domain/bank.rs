//! Bank accounts, and the letters that banks can read.
mod countries;

use std::{fmt, str::FromStr};

use chrono::{NaiveDateTime, TimeDelta};

use super::{coded::coded, problems::Problems};

coded! {
    /// How far a run of payouts has come.
    PayoutRunStatus {
        Open = "open", "To be paid";
        Paid = "paid", "Paid";
        Canceled = "canceled", "Canceled";
    }
}

impl PayoutRunStatus {
    /// Whether this may turn into that; what is not listed is refused.
    pub fn can_become(self, next: Self) -> bool {
        self == Self::Open && next != Self::Open
    }
}

/// A number of an account that its check digits agree with, without spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iban(String);

/// Why a text is no IBAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadIban {
    /// It does not begin with two letters and two digits.
    #[error("Give an IBAN, such as DE89 3704 0044 0532 0130 00.")]
    Shape,
    /// Its country has no IBAN.
    #[error("No country that has IBANs begins with these letters.")]
    Country,
    /// It is too long or too short for its country.
    #[error("An IBAN of this country has {0} characters.")]
    Length(usize),
    /// A digit is wrong.
    #[error("The check digits do not agree with the rest: a character is wrong.")]
    Check,
}

impl Iban {
    /// The number without spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What those may see who are not to know it: "DE89 ···· 3000".
    pub fn masked(&self) -> String {
        let (head, tail) = (self.0.get(..4), self.0.get(self.0.len() - 4..));
        format!(
            "{} ···· {}",
            head.unwrap_or_default(),
            tail.unwrap_or_default()
        )
    }

    /// Whether its bank can be paid in euro by SEPA.
    pub fn is_sepa(&self) -> bool {
        let country = self.0.get(..2);
        country.is_some_and(|country| countries::SEPA.contains(&country))
    }
}

impl fmt::Display for Iban {
    /// In groups of four.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, letter) in self.0.chars().enumerate() {
            if place > 0 && place.is_multiple_of(4) {
                f.write_str(" ")?;
            }
            write!(f, "{letter}")?;
        }
        Ok(())
    }
}

impl FromStr for Iban {
    type Err = BadIban;

    fn from_str(typed: &str) -> Result<Self, BadIban> {
        let plain = typed.chars().filter(|c| !c.is_whitespace() && *c != '-');
        let iban: String = plain.map(|c| c.to_ascii_uppercase()).collect();
        let bytes = iban.as_bytes();
        let is_plain = bytes.iter().all(u8::is_ascii_alphanumeric) && bytes.len() > 4;
        let begins = bytes.iter().take(2).all(u8::is_ascii_alphabetic)
            && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit);
        if !is_plain || !begins {
            return Err(BadIban::Shape);
        }
        let country = iban.get(..2).unwrap_or_default();
        let length = countries::LENGTHS.iter().find(|(code, _)| *code == country);
        let (_, length) = length.ok_or(BadIban::Country)?;
        if bytes.len() != *length {
            return Err(BadIban::Length(*length));
        }
        match remainder(bytes) {
            1 => Ok(Self(iban)),
            _ => Err(BadIban::Check),
        }
    }
}

/// The number, its first four characters last and its letters as 10 to 35, modulo 97.
fn remainder(iban: &[u8]) -> u32 {
    let turned = iban.iter().skip(4).chain(iban.iter().take(4));
    turned.fold(0, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.saturating_sub(b'A')) + 10) % 97,
    })
}

/// A bank's own code: eight or eleven letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bic(String);

/// A text that is no BIC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Give a BIC of 8 or 11 letters and digits, such as COBADEFFXXX, or leave it empty.")]
pub struct BadBic;

impl Bic {
    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Bic {
    type Err = BadBic;

    fn from_str(typed: &str) -> Result<Self, BadBic> {
        let plain = typed.chars().filter(|c| !c.is_whitespace());
        let bic: String = plain.map(|c| c.to_ascii_uppercase()).collect();
        let fits = bic.bytes().enumerate().all(|(place, byte)| match place {
            0..4 | 6.. => byte.is_ascii_alphanumeric(),
            _ => byte.is_ascii_alphabetic(),
        });
        match fits && matches!(bic.len(), 8 | 11) {
            true => Ok(Self(bic)),
            false => Err(BadBic),
        }
    }
}

/// An account as a bank knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankDetails {
    /// Whose it is: 1 to 70 letters that banks can read, as typed.
    pub holder: String,
    /// Its number.
    pub iban: Iban,
    /// Its bank.
    pub bic: Option<Bic>,
}

impl BankDetails {
    /// Reads what was typed.
    ///
    /// # Errors
    /// What is wrong with `holder`, `iban` and `bic`.
    pub fn read(holder: &str, iban: &str, bic: &str) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let holder = problems.check("holder", account_holder(holder));
        let iban = problems.check("iban", iban.parse::<Iban>());
        let bic = match bic.trim() {
            "" => Some(None),
            bic => problems.check("bic", bic.parse::<Bic>()).map(Some),
        };
        match (holder, iban, bic) {
            (Some(holder), Some(iban), Some(bic)) => Ok(Self { holder, iban, bic }),
            _ => Err(problems),
        }
    }
}

/// For how long nothing is paid to an account that took another's place, so that whoever is told of
/// the change has time to object.
const CHANGE_WAITS: TimeDelta = TimeDelta::hours(48);

/// Whether money may go to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountStanding {
    /// Nobody but who gave it has looked at it.
    Unconfirmed,
    /// It took another's place not long ago; from this instant on, UTC, it may.
    Waits(NaiveDateTime),
    /// It may.
    Ready,
}

impl AccountStanding {
    /// How an account stands: whether a second person has confirmed it, when it was changed last,
    /// and whether it took another's place then. Instants are UTC.
    pub fn of(
        is_confirmed: bool,
        (changed_at, is_first): (NaiveDateTime, bool),
        now: NaiveDateTime,
    ) -> Self {
        let until = changed_at.checked_add_signed(CHANGE_WAITS);
        let until = until.unwrap_or(NaiveDateTime::MAX);
        match is_confirmed {
            false => Self::Unconfirmed,
            true if !is_first && now < until => Self::Waits(until),
            true => Self::Ready,
        }
    }
}

fn account_holder(typed: &str) -> Result<String, &'static str> {
    let typed = typed.trim();
    let written = bank_letters(typed);
    match written {
        None => Err("Give the name in Latin letters, as the bank has it."),
        Some(written) if written.trim().is_empty() => Err("Give the account holder."),
        Some(written) if written.len() > 70 => Err("Give a name of at most 70 characters."),
        Some(_) => Ok(typed.to_owned()),
    }
}

/// The marks that every bank reads.
const MARKS: &str = "/-?:().,'+ ";

/// A text in the letters that every bank reads: a to z, A to Z, digits and a few marks. None when
/// it has a character that stands for none of them.
pub fn bank_letters(text: &str) -> Option<String> {
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.is_ascii_alphanumeric() || MARKS.contains(letter) {
            true => written.push(letter),
            false => written.push_str(countries::folded(letter)?),
        }
    }
    Some(written)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_iban_is_read_with_its_check_digits() {
        for good in [
            "DE89 3704 0044 0532 0130 00",
            "gb29nwbk60161331926819",
            "FR14 2004 1010 0505 0001 3M02 606",
            "NO93-8601-1117-947",
            "AT611904300234573201",
            "CH9300762011623852957",
        ] {
            assert!(good.parse::<Iban>().is_ok(), "{good}");
        }
        let bad = |typed: &str| typed.parse::<Iban>().unwrap_err();
        assert_eq!(bad(""), BadIban::Shape);
        assert_eq!(bad("12345678"), BadIban::Shape);
        assert_eq!(bad("DEÄ93704004405320130"), BadIban::Shape);
        assert_eq!(bad("US89370400440532013000"), BadIban::Country);
        assert_eq!(bad("DE8937040044053201300"), BadIban::Length(22));
        assert_eq!(bad("DE89370400440532013001"), BadIban::Check);
        let iban: Iban = "DE89370400440532013000".parse().unwrap();
        assert_eq!(iban.to_string(), "DE89 3704 0044 0532 0130 00");
        assert_eq!(iban.masked(), "DE89 ···· 3000");
        assert!(iban.is_sepa());
    }

    #[test]
    fn a_bic_has_eight_or_eleven_characters() {
        assert_eq!(
            "cobadeff xxx".parse::<Bic>().unwrap().as_str(),
            "COBADEFFXXX"
        );
        for bad in ["", "COBADEF", "COBADEFFXX", "COBA12FF", "COBADEFFÄÖÜ"] {
            assert_eq!(bad.parse::<Bic>(), Err(BadBic), "{bad}");
        }
    }

    #[test]
    fn names_are_written_in_the_letters_banks_read() {
        let written = |name: &str| bank_letters(name);
        assert_eq!(
            written("Müller & Söhne").as_deref(),
            Some("Mueller + Soehne")
        );
        assert_eq!(
            written("Łódź, Århus, Straße").as_deref(),
            Some("Lodz, Arhus, Strasse")
        );
        assert_eq!(written("株式会社"), None);
        assert!(BankDetails::read("株式会社", "x", "x").is_err());
    }

    #[test]
    fn a_run_is_paid_or_canceled_once() {
        use PayoutRunStatus::{Canceled, Open, Paid};
        assert!(Open.can_become(Paid) && Open.can_become(Canceled));
        assert!(!Paid.can_become(Canceled) && !Canceled.can_become(Paid) && !Open.can_become(Open));
    }

    #[test]
    fn an_account_is_paid_to_once_it_is_confirmed_and_was_not_changed_just_now() {
        use AccountStanding::{Ready, Unconfirmed, Waits};
        let at = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        let (changed, until) = (at("2026-11-03T10:00:00"), at("2026-11-05T10:00:00"));
        let standing =
            |confirmed, first, now| AccountStanding::of(confirmed, (changed, first), at(now));
        assert_eq!(standing(false, true, "2026-12-01T10:00:00"), Unconfirmed);
        assert_eq!(standing(true, true, "2026-11-03T10:00:00"), Ready);
        assert_eq!(standing(true, false, "2026-11-05T09:59:59"), Waits(until));
        assert_eq!(standing(true, false, "2026-11-05T10:00:00"), Ready);
    }

    proptest! {
        /// One wrong digit is always noticed.
        #[test]
        fn a_slip_is_noticed(place in 4usize..22, by in 1u8..10) {
            let mut digits = *b"DE89370400440532013000";
            digits[place] = b'0' + (digits[place] - b'0' + by) % 10;
            let slipped = String::from_utf8(digits.to_vec()).unwrap();
            prop_assert_eq!(slipped.parse::<Iban>(), Err(BadIban::Check));
        }
    }
}
