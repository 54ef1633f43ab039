//! How many of something there are, in words.
use super::statement_document;

/// "1 entry", "12 entries", "1,204 entries".
pub fn counted<N: TryInto<i64>>(number: N, one: &str, many: &str) -> String {
    let number = number.try_into().unwrap_or(i64::MAX);
    let noun = if number == 1 { one } else { many };
    format!("{} {noun}", statement_document::figure(number, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!(counted(1_i32, "entry", "entries"), "1 entry");
        assert_eq!(counted(0_usize, "entry", "entries"), "0 entries");
        assert_eq!(counted(1_204_u32, "entry", "entries"), "1,204 entries");
    }
}
