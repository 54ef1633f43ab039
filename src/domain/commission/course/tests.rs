use proptest::prelude::*;

use super::*;
use crate::domain::commission::{span::Span, volume::VolumeKind};

fn rate(bps: i32) -> Rate {
    Rate::from_bps(bps).unwrap()
}

fn month(typed: &str) -> Period {
    typed.parse().unwrap()
}

fn steps(kind: VolumeKind, typed: &str, bps: i32, given_back: GivenBack) -> Volume {
    let eur = "EUR".parse().unwrap();
    let steps = Volume::parse(kind, eur, typed, rate(bps)).unwrap();
    steps.over(Span::Quarter, given_back)
}

/// Revenue of some months, each posted at the rate and rounded: below zero goes back.
fn course(bps: i32, earned: &[(&str, i64)], back: &[(&str, i64)]) -> Course {
    let mut course = Course::default();
    let at = |minor| {
        let exact = rate(bps).exact(minor);
        (exact, exact.round().unwrap())
    };
    for (on, minor) in earned {
        let when = When::Within(month(on));
        course.take(when, Part::Whole, at(*minor)).unwrap();
    }
    for (on, minor) in back {
        let when = When::After(month(on));
        course.take(when, Part::Whole, at(-minor)).unwrap();
    }
    course
}

fn settled(volume: &Volume, bps: i32, course: &Course) -> Vec<i64> {
    let turns = volume.turns(rate(bps), course).unwrap();
    turns.iter().map(|turn| turn.minor).collect()
}

#[test]
fn a_quarter_brings_month_by_month_what_lies_above() {
    let volume = steps(
        VolumeKind::Graduated,
        "10,000: 12; 25,000: 15",
        1_000,
        GivenBack::OriginalRate,
    );
    let earned = [
        ("2026-10", 800_000),
        ("2026-11", 1_200_000),
        ("2026-12", 1_250_000),
    ];
    // 8,000.00; 20,000.00; 32,500.00, which earns 3,925.00 in all, 3,250.00 of it at the rate.
    let told = settled(&volume, 1_000, &course(1_000, &earned, &[]));
    assert_eq!(told, [0, 20_000, 47_500]);
    let turns = volume
        .turns(rate(1_000), &course(1_000, &earned, &[]))
        .unwrap();
    assert_eq!(
        (turns[2].revenue_minor, turns[2].posted_minor),
        (3_250_000, 345_000)
    );
}

#[test]
fn a_cliff_is_taken_off_until_it_is_passed() {
    let cliff = steps(VolumeKind::Cliff, "20,000", 1_000, GivenBack::OriginalRate);
    let earned = [
        ("2026-10", 900_000),
        ("2026-11", 900_000),
        ("2026-12", 900_000),
    ];
    let told = settled(&cliff, 1_000, &course(1_000, &earned, &[]));
    assert_eq!(told, [-90_000, -90_000, 180_000]);
}

#[test]
fn what_goes_back_later_goes_at_its_rate_or_takes_the_steps_anew() {
    let earned = [("2026-12", 510_000)];
    let back = [("2027-01", 20_000)];
    for (given_back, all) in [
        (GivenBack::OriginalRate, -2_000),
        (GivenBack::Reband, -11_800),
    ] {
        let volume = steps(VolumeKind::Whole, "5,000: 10", 800, given_back);
        let told = settled(&volume, 800, &course(800, &earned, &back));
        // 510.00 in all, 408.00 of it at the rate; 16.00 go back at the rate.
        assert_eq!(told[0], 10_200);
        assert_eq!(told[1] - 1_600, all);
    }
}

#[test]
fn what_goes_the_other_way_takes_back_the_newest_first() {
    let [october, november, december] = ["2026-10", "2026-11", "2026-12"].map(month);
    let mut open = Outstanding::default();
    assert_eq!(open.settle(october, 500), [(october, 500)]);
    assert_eq!(open.settle(november, 300), [(november, 300)]);
    let back = open.settle(december, -900);
    assert_eq!(back, [(november, -300), (october, -500), (december, -100)]);
    let later = month("2027-01");
    assert_eq!(open.settle(later, 40), [(december, 40)]);
    assert_eq!(open.settle(later, 0), []);
}

fn kinds() -> impl Strategy<Value = VolumeKind> {
    proptest::sample::select(VolumeKind::ALL.to_vec())
}

proptest! {
    #[test]
    fn all_that_is_posted_in_a_quarter_is_the_rule_on_its_revenue(
        cash in proptest::collection::vec((0usize..3, -200_000i64..1_000_000), 0..24), kind in kinds(),
    ) {
        let typed = match kind {
            VolumeKind::Cliff => "8,000",
            VolumeKind::Accelerator => "8,000: 1.5; 20,000: 2",
            _ => "8,000: 12; 20,000: 15",
        };
        let volume = steps(kind, typed, 1_000, GivenBack::OriginalRate);
        let months = ["2026-10", "2026-11", "2026-12"];
        let earned: Vec<_> = cash.iter().map(|(place, minor)| (months[*place], *minor)).collect();
        let course = course(1_000, &earned, &[]);
        let revenue: i64 = cash.iter().map(|(_, minor)| minor).sum();
        let posted: i64 = cash.iter().map(|(_, minor)| rate(1_000).of(*minor)).sum();
        let brought: i64 = settled(&volume, 1_000, &course).iter().sum();
        if revenue > 0 {
            let rule = volume.earns(rate(1_000), revenue).unwrap().round().unwrap();
            prop_assert_eq!(posted + brought, rule);
        } else {
            prop_assert_eq!(brought, 0);
        }
        let mut open = Outstanding::default();
        for turn in volume.turns(rate(1_000), &course).unwrap() {
            let parts = open.settle(turn.month, turn.minor);
            prop_assert_eq!(parts.iter().map(|(_, part)| part).sum::<i64>(), turn.minor);
        }
        prop_assert_eq!(open.0.iter().map(|(_, left)| left).sum::<i64>(), brought);
    }

    #[test]
    fn what_is_left_after_the_quarter_earns_by_the_rule_anew(
        cash in 1i64..3_000_000, back in proptest::collection::vec(1i64..600_000, 0..6), kind in kinds(),
    ) {
        let typed = match kind {
            VolumeKind::Cliff => "8,000",
            VolumeKind::Accelerator => "8,000: 1.5",
            _ => "8,000: 12",
        };
        let volume = steps(kind, typed, 1_000, GivenBack::Reband);
        let mut left = cash;
        let months = ["2027-01", "2027-02", "2027-03", "2027-05", "2027-06", "2028-01"];
        let back: Vec<_> = months.into_iter().zip(back).map(|(on, minor)| {
            let minor = minor.min(left);
            left -= minor;
            (on, minor)
        }).collect();
        let course = course(1_000, &[("2026-12", cash)], &back);
        let at_rate = rate(1_000).of(cash) + back.iter().map(|(_, minor)| rate(1_000).of(-minor)).sum::<i64>();
        let brought: i64 = settled(&volume, 1_000, &course).iter().sum();
        if left > 0 {
            let rule = volume.earns(rate(1_000), left).unwrap().round().unwrap();
            prop_assert_eq!(at_rate + brought, rule);
        } else {
            prop_assert_eq!(brought, 0);
        }
    }
}

proptest! {
    /// Whatever steps bring or take off, seller and distributors have all of it between them, and a
    /// distributor of a tenth has a tenth of what stands; of nothing, nothing.
    #[test]
    fn distributors_have_their_part_of_what_stands(
        cash in proptest::collection::vec((0usize..5, 1i64..600_000, any::<bool>()), 1..16), kind in kinds(), anew in any::<bool>(),
    ) {
        let typed = match kind {
            VolumeKind::Cliff => "8,000",
            VolumeKind::Accelerator => "8,000: 1.5",
            _ => "8,000: 12",
        };
        let given_back = if anew { GivenBack::Reband } else { GivenBack::OriginalRate };
        let volume = steps(kind, typed, 1_000, given_back);
        let tenth = rate(1_000);
        let part = Part::Split { share: rate(10_000), carved: tenth };
        let months = ["2026-10", "2026-11", "2026-12", "2027-01", "2027-03"];
        let (mut course, mut posted) = (Course::default(), (0i64, 0i64));
        let mut all_carved = true;
        for (place, minor, is_carved) in cash {
            let sign = if place < 3 { 1 } else { -1 };
            let on = month(months[place]);
            let when = if place < 3 { When::Within(on) } else { When::After(on) };
            let exact = rate(1_000).exact(sign * minor);
            let whole = exact.round().unwrap();
            if !is_carved {
                all_carved = false;
                posted.0 += whole;
                course.take(when, Part::Whole, (exact, whole)).unwrap();
                continue;
            }
            let theirs = (exact.times(tenth.exact(1)).unwrap(), tenth.of(whole));
            let own = (exact.minus(theirs.0).unwrap(), whole - theirs.1);
            course.take(when, part, own).unwrap();
            course.carve(when, 9, theirs).unwrap();
            posted = (posted.0 + own.1, posted.1 + theirs.1);
        }
        let turns = volume.turns(rate(1_000), &course).unwrap();
        for turn in &turns {
            let shares: i64 = turn.shares.iter().map(|share| share.minor).sum();
            prop_assert_eq!(turn.own_minor().unwrap() + shares, turn.minor);
        }
        let last = turns.last().unwrap();
        let theirs = last.shares.first().map_or(0, |share| share.stands_minor);
        let brought: i64 = turns.iter().map(|turn| turn.minor).sum();
        prop_assert_eq!(brought, last.stands_minor);
        if last.stands_minor != 0 && posted.0 + posted.1 + last.stands_minor == 0 {
            prop_assert_eq!(posted.1 + theirs, 0);
        } else if all_carved && last.revenue_minor != 0 {
            prop_assert_eq!(theirs, tenth.of(last.stands_minor));
        }
    }
}
