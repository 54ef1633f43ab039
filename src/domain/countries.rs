//! The countries there are, by ISO 3166-1, and Kosovo by the code it uses.

use super::text::CountryCode;

const CODES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE \
    BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD \
    CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM \
    DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF \
    GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU \
    ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME \
    MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA \
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI \
    SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK \
    TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
    VN VU WF WS XK YE YT ZA ZM ZW";

/// Two letters that name no country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("There is no such country: give two letters, such as DE.")]
pub struct NoCountry;

/// Reads the two letters of a country that exists. What is on record is read by
/// [`CountryCode`] alone, so that an older code stays readable.
///
/// # Errors
/// [`NoCountry`].
pub fn read_country(typed: &str) -> Result<CountryCode, NoCountry> {
    let code: CountryCode = typed.parse().map_err(|_| NoCountry)?;
    let mut known = CODES.split_ascii_whitespace();
    match known.any(|one| one == code.as_str()) {
        true => Ok(code),
        false => Err(NoCountry),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_that_is_none_is_refused() {
        for good in ["DE", " cz ", "XK"] {
            assert!(read_country(good).is_ok(), "{good}");
        }
        for bad in ["XX", "ZZ", "UK", "D", "", "Germany"] {
            assert_eq!(read_country(bad), Err(NoCountry), "{bad}");
        }
        assert_eq!(CODES.split_ascii_whitespace().count(), 250);
    }
}
