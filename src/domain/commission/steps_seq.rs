//! Where an entry of steps stands among those of its clause and partner: what it settles, of which
//! months, and which entry it takes back. One number, so that the same close posts it once.

use super::super::period::Period;

/// Which entry of steps one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepsEntry {
    /// The first of the months whose revenue counts together.
    pub first: Period,
    /// The month whose entry it takes back, or the one that closes where it stands for itself.
    pub of: Period,
    /// Whether that month is after those that count together.
    pub is_late: bool,
    /// The month that closes.
    pub month: Period,
}

/// Of entries made before two spans could settle beside each other in one month: what takes back.
const WITHOUT_SPAN: i32 = 1_000_000;
/// What takes back an entry of a month that counts.
const WITHIN: i32 = 10_000_000;
/// What stands for itself after the months that count, and what takes that back.
const AFTER: i32 = 1_100_000_000;
/// More than any of the parts of a number.
const RADIX: i32 = 1_000;

impl StepsEntry {
    /// Its number among the entries of its clause, partner and seller.
    pub fn seq(self) -> i32 {
        match (self.is_late, self.of == self.month) {
            (false, true) => self.of.key(),
            (false, false) => WITHIN + self.parts(self.month),
            (true, _) => AFTER + self.parts(self.month),
        }
    }

    fn parts(self, month: Period) -> i32 {
        (count(self.first) * RADIX + count(self.of)) * RADIX + count(month)
    }
}

/// Months since the year 2000: below a thousand through April 2083.
fn count(month: Period) -> i32 {
    (month.key() / 100 - 2_000) * 12 + month.key() % 100 - 1
}

/// The number of the entry that one takes back, given its own; nothing for one that stands for
/// itself.
pub fn taken_back(seq: i32) -> Option<i32> {
    let key = |count: i32| (2_000 + count / 12) * 100 + count % 12 + 1;
    let (of, month) = (seq / RADIX % RADIX, seq % RADIX);
    match seq {
        AFTER.. => (of != month).then_some(seq - month + of),
        WITHIN.. => Some(key(of)),
        // Then a month's number was its place from 1.
        WITHOUT_SPAN.. => Some(key(of - 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_has_a_number_of_its_own_and_names_what_it_takes_back() {
        let month = |typed: &str| typed.parse::<Period>().unwrap();
        let firsts = ["2026-10", "2027-01"].map(month);
        let months = ["2026-12", "2027-01", "2027-02", "2083-04"].map(month);
        let mut seen = HashSet::new();
        for first in firsts {
            for of in months {
                let is_late = of > first.next().next();
                let own = StepsEntry {
                    first,
                    of,
                    is_late,
                    month: of,
                };
                assert_eq!(taken_back(own.seq()), None);
                // Within its span a month's own entry is named by the month alone.
                assert!(seen.insert(own.seq()) || !is_late);
                for later in months.into_iter().filter(|later| *later > of) {
                    let back = StepsEntry {
                        month: later,
                        ..own
                    };
                    assert_eq!(taken_back(back.seq()), Some(own.seq()), "{back:?}");
                    assert!(seen.insert(back.seq()), "{back:?}");
                }
            }
        }
        // As it was numbered before: 1,000,000 + 324 × 1,000 + 325.
        assert_eq!(taken_back(1_324_325), Some(202_612));
    }
}
