use proptest::prelude::*;

use super::*;

fn eur() -> Currency {
    "EUR".parse().unwrap()
}

fn rate(bps: i32) -> Rate {
    Rate::from_bps(bps).unwrap()
}

fn read(kind: VolumeKind, typed: &str, bps: i32) -> Result<Volume, BadVolume> {
    Volume::parse(kind, eur(), typed, rate(bps))
}

fn earned(volume: &Volume, bps: i32, minor: i64) -> i64 {
    volume.earns(rate(bps), minor).unwrap().round().unwrap()
}

#[test]
fn the_worked_examples_come_out() {
    let typed = "10,000: 12 %; 25,000: 15 %";
    let graduated = read(VolumeKind::Graduated, typed, 1_000).unwrap();
    assert_eq!(earned(&graduated, 1_000, 3_250_000), 392_500);
    let whole = read(VolumeKind::Whole, typed, 1_000).unwrap();
    assert_eq!(earned(&whole, 1_000, 3_250_000), 487_500);
    let faster = read(VolumeKind::Accelerator, "20,000: 1.5", 1_000).unwrap();
    assert_eq!(earned(&faster, 1_000, 2_600_000), 290_000);
    let cliff = read(VolumeKind::Cliff, "20,000", 1_000).unwrap();
    assert_eq!(earned(&cliff, 1_000, 2_000_000), 0);
    assert_eq!(earned(&cliff, 1_000, 2_000_001), 200_000);
}

#[test]
fn it_is_said_as_a_sentence_goes_on_and_read_back_as_it_was_stored() {
    for (kind, typed, words) in [
        (
            VolumeKind::Graduated,
            "10000.00: 12 %; 25000.00: 15 %",
            ", 12 % of what lies above EUR 10,000.00 a month, 15 % of what lies above EUR 25,000.00 a month",
        ),
        (
            VolumeKind::Whole,
            "5000.00: 12.5 %",
            ", 12.5 % of all of a month’s once that is above EUR 5,000.00",
        ),
        (
            VolumeKind::Accelerator,
            "20000.00: 1.5",
            ", 1.5 times that on what lies above EUR 20,000.00 a month",
        ),
        (
            VolumeKind::Cliff,
            "20000.00",
            ", but only in months above EUR 20,000.00",
        ),
    ] {
        let volume = read(kind, typed, 1_000).unwrap();
        assert_eq!(volume.typed(), typed);
        let alone = " (revenue under this clause alone counts, of a shared sale the share)";
        assert_eq!(volume.words(), format!("{words}{alone}"));
        assert_eq!(
            Volume::of_code(&volume.code(), eur(), rate(1_000)),
            Ok(volume)
        );
    }
}

#[test]
fn a_quarter_and_what_goes_back_are_said() {
    let typed = "10,000: 12 %";
    for (kind, span, given_back, words) in [
        (
            VolumeKind::Graduated,
            Span::Quarter,
            GivenBack::OriginalRate,
            ", 12 % of what lies above EUR 10,000.00 in a quarter (revenue under this clause alone counts, of a shared sale the share, by calendar quarter)",
        ),
        (
            VolumeKind::Whole,
            Span::Year,
            GivenBack::Reband,
            ", 12 % of all of a year’s once that is above EUR 10,000.00 (revenue under this clause alone counts, of a shared sale the share, by calendar year; what goes back later takes the steps anew)",
        ),
    ] {
        let volume = read(kind, typed, 1_000).unwrap().over(span, given_back);
        assert_eq!(volume.words(), words);
    }
}

#[test]
fn steps_that_make_no_sense_are_refused() {
    for (kind, typed, why) in [
        (VolumeKind::Graduated, "", BadVolume::Count),
        (
            VolumeKind::Graduated,
            "1: 11; 2: 12; 3: 13; 4: 14; 5: 15",
            BadVolume::Count,
        ),
        (VolumeKind::Graduated, "10,000", BadVolume::Step),
        (VolumeKind::Graduated, "much: 12", BadVolume::Step),
        (
            VolumeKind::Graduated,
            "25,000: 15; 10,000: 16",
            BadVolume::Overlap(2),
        ),
        (VolumeKind::Graduated, "0: 12", BadVolume::Overlap(1)),
        (VolumeKind::Graduated, "10,000: 10", BadVolume::Falls(1)),
        (
            VolumeKind::Whole,
            "10,000: 15; 20,000: 12",
            BadVolume::Falls(2),
        ),
        (VolumeKind::Accelerator, "10,000: 1", BadVolume::Factor),
        (VolumeKind::Accelerator, "10,000: 11", BadVolume::Factor),
        (VolumeKind::Accelerator, "10,000: 1.555", BadVolume::Factor),
        (VolumeKind::Cliff, "10,000; 20,000", BadVolume::Cliff),
        (VolumeKind::Cliff, "soon", BadVolume::Cliff),
    ] {
        assert_eq!(read(kind, typed, 1_000), Err(why), "{typed}");
    }
    assert_eq!(
        read(VolumeKind::Accelerator, "10,000: 2", 6_000),
        Err(BadVolume::Rate)
    );
    assert!("soon".parse::<VolumeKind>().is_err());
}

proptest! {
    #[test]
    fn what_goes_back_in_steps_is_what_goes_back_at_once(
        brought in -1_000_000i64..1_000_000, revenue in 1i64..10_000_000,
        first in 0i64..5_000_000, second in 0i64..5_000_000,
    ) {
        let both = first + second;
        let at_once = taken_back(brought, revenue, (0, both)).unwrap();
        let steps = taken_back(brought, revenue, (0, first)).unwrap()
            + taken_back(brought, revenue, (first, both)).unwrap();
        prop_assert_eq!(at_once, steps);
        prop_assert_eq!(taken_back(brought, revenue, (0, revenue)).unwrap(), -brought);
    }

    #[test]
    fn steps_never_pay_less_than_the_rate(revenue in 0i64..10_000_000, step in 1i64..5_000_000) {
        let steps = [Step { above_minor: step, bps: 1_500 }];
        for kind in [VolumeKind::Graduated, VolumeKind::Whole] {
            let volume = Volume::new(kind, eur(), &steps, rate(1_000)).unwrap();
            prop_assert!(volume.earns(rate(1_000), revenue).unwrap() >= rate(1_000).exact(revenue));
        }
    }
}
