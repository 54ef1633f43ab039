use proptest::prelude::*;

use super::*;

fn month(number: u32) -> Period {
    let january: Period = "2027-01".parse().unwrap();
    (0..number).fold(january, |month, _| month.next())
}

fn customer(mrr: &[i64]) -> CustomerHistory {
    let mut before = 0;
    let changes: Vec<(Period, i64)> = mrr
        .iter()
        .zip(0..)
        .map(|(&mrr, at)| (month(at), mrr - std::mem::replace(&mut before, mrr)))
        .filter(|(_, change)| *change != 0)
        .collect();
    CustomerHistory::from_changes(&changes).unwrap()
}

#[test]
fn a_return_is_never_new_and_a_second_subscription_is_expansion() {
    use MovementKind::{Churn, Contraction, Expansion, New, Reactivation};
    let back = customer(&[100, 100, 150, 0, 80, 60]);
    let kinds: Vec<_> = (0..6).map(|at| back.movement(month(at))).collect();
    let expected = [
        Some((New, 100)),
        None,
        Some((Expansion, 50)),
        Some((Churn, 150)),
        Some((Reactivation, 80)),
        Some((Contraction, 20)),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn winning_back_heals_one_convention_and_not_the_other() {
    let base = [customer(&[100, 0, 150]), customer(&[100, 100, 90])];
    let kept = retention(&base, (month(0), month(2))).unwrap();
    assert_eq!(kept.nrr_bps, Some(12_000));
    assert_eq!(kept.grr_point_bps, Some(9_500));
    assert_eq!(kept.grr_strict_bps, Some(4_500));
    let nobody = retention(&[], (month(0), month(2))).unwrap();
    assert_eq!(nobody.nrr_bps, None);
}

#[test]
fn of_nothing_there_is_no_share() {
    let none = MonthMovements::none(month(0));
    assert_eq!(none.nrr_bps(), Ok(None));
    assert_eq!(none.quick_ratio(), Ok(None));
    assert_eq!(none.arpa(), Ok(None));
    let huge = MonthMovements {
        end: i64::MAX,
        ..none
    };
    assert_eq!(huge.arr(), Err(Overflow));
}

fn histories() -> impl Strategy<Value = Vec<Vec<i64>>> {
    let mrr = prop_oneof![Just(0i64), 1i64..10_000];
    prop::collection::vec(prop::collection::vec(mrr, 8), 0..12)
}

proptest! {
    /// Invariants 27 and 28: the parts of each month lead from its start to
    /// its end, per customer and in total, and add up to what is paid now.
    #[test]
    fn movements_add_up(histories in histories()) {
        let customers: Vec<CustomerHistory> = histories.iter().map(|mrr| customer(mrr)).collect();
        let span = (month(0), month(7));
        let total = by_month(&customers, span).unwrap();
        let mut each = vec![(0, 0); 8];
        for (history, mrr) in customers.iter().zip(&histories) {
            let mut now = 0;
            for (at, row) in by_month([history], span).unwrap().iter().enumerate() {
                let net = row.new + row.expansion + row.reactivation - row.contraction - row.churn;
                prop_assert_eq!(row.start + net, row.end);
                prop_assert_eq!(row.end, mrr[at]);
                now += net;
                each[at].0 += row.start;
                each[at].1 += row.end;
            }
            prop_assert_eq!(now, *mrr.last().unwrap());
        }
        for (row, (start, end)) in total.iter().zip(&each) {
            let net = row.new + row.expansion + row.reactivation - row.contraction - row.churn;
            prop_assert_eq!(row.start + net, row.end);
            prop_assert_eq!((row.start, row.end), (*start, *end));
        }
        for pair in total.windows(2) {
            prop_assert_eq!(pair[0].end, pair[1].start);
        }
    }

    /// Invariant 29: what is kept is at most the whole and at most what is
    /// there with growth; logos are the customers whose MRR is above zero.
    #[test]
    fn retention_keeps_its_order(histories in histories()) {
        let customers: Vec<CustomerHistory> = histories.iter().map(|mrr| customer(mrr)).collect();
        for row in by_month(&customers, (month(1), month(7))).unwrap() {
            let (grr, nrr) = (row.grr_bps().unwrap(), row.nrr_bps().unwrap());
            prop_assert!(grr <= Some(10_000) && grr <= nrr);
            prop_assert!(nrr <= row.nrr_with_reactivation_bps().unwrap());
            let at = |month| customers.iter().filter(|one| one.at(month) > 0).count();
            prop_assert_eq!(usize::try_from(row.customers_end).unwrap(), at(row.month));
            prop_assert_eq!(usize::try_from(row.customers_start).unwrap(), at(row.month.previous()));
            prop_assert!(row.customers_lost <= row.customers_start);
        }
        let kept = retention(&customers, (month(0), month(7))).unwrap();
        prop_assert!(kept.grr_strict_bps <= kept.grr_point_bps);
        prop_assert!(kept.grr_point_bps <= kept.nrr_bps);
        prop_assert!(kept.grr_point_bps <= Some(10_000));
    }

    /// Every customer who ever paid is in one cohort, and no MRR is lost.
    #[test]
    fn cohorts_hold_everybody_once(histories in histories()) {
        let customers: Vec<CustomerHistory> = histories.iter().map(|mrr| customer(mrr)).collect();
        let cohorts = cohorts(&customers, (month(0), month(7))).unwrap();
        let paid = customers.iter().filter(|one| one.first_paid.is_some()).count();
        prop_assert_eq!(cohorts.iter().map(|c| c.customers).sum::<i64>(), i64::try_from(paid).unwrap());
        let last: i64 = cohorts.iter().filter_map(|cohort| cohort.mrr.last()).sum();
        prop_assert_eq!(last, customers.iter().map(|one| one.at(month(7))).sum::<i64>());
    }
}
