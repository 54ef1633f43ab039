//! A value that changes on days, kept as changes that are only ever added.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::ratio::Overflow;

/// The changes to add to the known ones (day, minor units) so that from a day
/// on the value is as wanted: pairs of a day, not before `from`, and the value
/// from then on, in order. Until the first of them it stays what it was before
/// `from`; earlier days stay as they are. What is so already needs no change.
///
/// # Errors
/// [`Overflow`] when a sum does not fit.
pub fn restated(
    known: &[(NaiveDate, i64)],
    from: NaiveDate,
    wanted: &[(NaiveDate, i64)],
) -> Result<Vec<(NaiveDate, i64)>, Overflow> {
    let earlier = known.iter().filter(|(day, _)| *day < from);
    let before = sum(earlier.map(|(_, change)| *change))?;
    let mut later: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    for (day, change) in known.iter().filter(|(day, _)| *day >= from) {
        let total = later.entry(*day).or_default();
        *total = total.checked_add(*change).ok_or(Overflow)?;
    }
    for (day, _) in wanted {
        later.entry(*day).or_default();
    }
    let mut value = before;
    let mut missing = Vec::new();
    for (day, there) in later {
        let until = wanted.partition_point(|(since, _)| *since <= day);
        let last = until.checked_sub(1).and_then(|at| wanted.get(at));
        let next = last.map_or(before, |(_, value)| *value);
        let change = next.checked_sub(value).ok_or(Overflow)?;
        let change = change.checked_sub(there).ok_or(Overflow)?;
        if change != 0 {
            missing.push((day, change));
        }
        value = next;
    }
    Ok(missing)
}

fn sum(changes: impl Iterator<Item = i64>) -> Result<i64, Overflow> {
    let mut sum: i64 = 0;
    for change in changes {
        sum = sum.checked_add(change).ok_or(Overflow)?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(number: u32) -> NaiveDate {
        NaiveDate::from_num_days_from_ce_opt(740_000 + number.cast_signed()).unwrap()
    }

    fn value(changes: &[(NaiveDate, i64)], on: NaiveDate) -> i64 {
        let until = changes.iter().filter(|(day, _)| *day <= on);
        until.map(|(_, change)| change).sum()
    }

    #[test]
    fn an_end_that_is_set_and_undone_leaves_the_value_as_it_was() {
        let mut known = restated(&[], day(1), &[(day(1), 100)]).unwrap();
        assert_eq!(known, [(day(1), 100)]);
        let ends = restated(&known, day(5), &[(day(5), 100), (day(31), 0)]).unwrap();
        assert_eq!(ends, [(day(31), -100)]);
        known.extend(ends);
        // More seats before the end: up now, and all of it down then.
        let more = restated(&known, day(8), &[(day(8), 150), (day(31), 0)]).unwrap();
        assert_eq!(more, [(day(8), 50), (day(31), -50)]);
        known.extend(more);
        let undone = restated(&known, day(9), &[(day(9), 150)]).unwrap();
        assert_eq!(undone, [(day(31), 150)]);
        known.extend(undone);
        assert_eq!(restated(&known, day(9), &[(day(9), 150)]), Ok(vec![]));
    }

    #[test]
    fn a_sale_that_never_began_brings_nothing() {
        let sold = restated(&[], day(1), &[(day(20), 100)]).unwrap();
        assert_eq!(sold, [(day(20), 100)]);
        assert_eq!(
            restated(&sold, day(20), &[(day(20), 0)]),
            Ok(vec![(day(20), -100)])
        );
    }

    proptest! {
        #[test]
        fn the_past_stays_and_the_future_is_as_wanted(
            known in prop::collection::vec((0u32..60, -500i64..500), 0..8),
            from in 0u32..60,
            wanted in prop::collection::btree_map(0u32..40, 0i64..1_000, 0..4),
        ) {
            let known: Vec<_> = known.into_iter().map(|(at, change)| (day(at), change)).collect();
            let wanted: Vec<_> = wanted.into_iter().map(|(at, value)| (day(from + at), value)).collect();
            let from = day(from);
            let mut all = known.clone();
            all.extend(restated(&known, from, &wanted).unwrap());
            let before = value(&known, from.pred_opt().unwrap());
            for at in 0..120 {
                let on = day(at);
                let last = wanted.iter().rfind(|(since, _)| *since <= on);
                let expected = match (on < from, last) {
                    (true, _) => value(&known, on),
                    (false, None) => before,
                    (false, Some((_, value))) => *value,
                };
                prop_assert_eq!(value(&all, on), expected);
            }
            prop_assert_eq!(restated(&all, from, &wanted), Ok(vec![]));
        }
    }
}
