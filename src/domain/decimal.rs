//! Decimal numbers as people type and read them, as whole numbers of their
//! smallest unit: `"1,234.50"` to two places is 123450.

/// Why a text is not the number asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadDecimal {
    Empty,
    NotANumber,
    Grouping,
    TooManyPlaces,
    TooLarge,
}

/// Reads a number with at most `places` digits after the point.
///
/// Commas may only stand between groups of three digits: whoever types `1,5`
/// for one and a half is told, not charged fifteen.
pub(super) fn read(typed: &str, places: u32) -> Result<i64, BadDecimal> {
    let typed = typed.trim();
    let (negative, digits) = match typed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, typed),
    };
    let (whole, part) = split(digits)?;
    let whole = ungrouped(whole)?;
    let missing = usize::try_from(places)
        .ok()
        .and_then(|places| places.checked_sub(part.len()))
        .ok_or(BadDecimal::TooManyPlaces)?;
    let sign = if negative { "-" } else { "" };
    let zeros = "0".repeat(missing);
    format!("{sign}{whole}{part}{zeros}")
        .parse()
        .map_err(|_| BadDecimal::TooLarge)
}

/// The digits before and after the point; both sides are digits where there is a point.
fn split(digits: &str) -> Result<(&str, &str), BadDecimal> {
    let (whole, part) = match digits.split_once('.') {
        Some((_, "")) => return Err(BadDecimal::NotANumber),
        Some(sides) => sides,
        None => (digits, ""),
    };
    let is_digit = |b: u8| b.is_ascii_digit();
    if digits.is_empty() {
        Err(BadDecimal::Empty)
    } else if whole.is_empty()
        || !part.bytes().all(is_digit)
        || !whole.bytes().all(|b| is_digit(b) || b == b',')
    {
        Err(BadDecimal::NotANumber)
    } else {
        Ok((whole, part))
    }
}

fn ungrouped(whole: &str) -> Result<String, BadDecimal> {
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let is_grouped = whole.contains(',');
    if is_grouped && (!(1..=3).contains(&first.len()) || groups.any(|group| group.len() != 3)) {
        return Err(BadDecimal::Grouping);
    }
    Ok(whole.replace(',', ""))
}

/// Writes a number of smallest units with `places` digits after the point.
pub(super) fn plain(units: i64, places: u32) -> String {
    let (sign, whole, part) = parts(units, places);
    format!("{sign}{whole}{part}")
}

/// The same, with commas between thousands.
pub(super) fn grouped(units: i64, places: u32) -> String {
    let (sign, whole, part) = parts(units, places);
    let mut figure = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            figure.push(',');
        }
        figure.push(digit);
    }
    format!("{sign}{figure}{part}")
}

/// Sign, whole digits, and the point with what follows it (empty for no places).
fn parts(units: i64, places: u32) -> (&'static str, String, String) {
    let sign = if units < 0 { "-" } else { "" };
    let places = usize::try_from(places).unwrap_or_default();
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let point = if places == 0 { "" } else { "." };
    (sign, whole.to_owned(), format!("{point}{part}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        assert_eq!(read("1234.5", 2), Ok(123_450));
        assert_eq!(read(" 1,234.50 ", 2), Ok(123_450));
        assert_eq!(read("-0.07", 2), Ok(-7));
        assert_eq!(read("1,234,567", 0), Ok(1_234_567));
        assert_eq!(read("0012", 0), Ok(12));
        assert_eq!(read("-92233720368547758.08", 2), Ok(i64::MIN));
    }

    #[test]
    fn what_is_not_a_number_is_told_apart() {
        assert_eq!(read("", 2), Err(BadDecimal::Empty));
        assert_eq!(read(" - ", 2), Err(BadDecimal::Empty));
        for junk in ["abc", "1.", ".5", "1.2.3", "--1", "+1", "1e3", "1 000", "٣"] {
            assert_eq!(read(junk, 2), Err(BadDecimal::NotANumber), "{junk}");
        }
        for odd in ["1,5", "1,23.00", "1234,567", ",123", "1,,234", "12,"] {
            assert_eq!(read(odd, 2), Err(BadDecimal::Grouping), "{odd}");
        }
        assert_eq!(read("1.005", 2), Err(BadDecimal::TooManyPlaces));
        assert_eq!(read("1.0", 0), Err(BadDecimal::TooManyPlaces));
        assert_eq!(read("92233720368547758.08", 2), Err(BadDecimal::TooLarge));
    }

    #[test]
    fn figures_keep_their_places() {
        assert_eq!(grouped(123_450, 2), "1,234.50");
        assert_eq!(grouped(-7, 2), "-0.07");
        assert_eq!(grouped(1_005, 0), "1,005");
        assert_eq!(plain(1_234_567, 3), "1234.567");
        assert_eq!(grouped(i64::MIN, 2), "-92,233,720,368,547,758.08");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(units in any::<i64>(), places in 0u32..10) {
            prop_assert_eq!(read(&plain(units, places), places), Ok(units));
            prop_assert_eq!(read(&grouped(units, places), places), Ok(units));
        }

        #[test]
        fn no_text_is_too_strange_to_judge(typed in ".{0,40}", places in 0u32..10) {
            let _ = read(&typed, places);
        }
    }
}
