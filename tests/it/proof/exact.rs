//! Fractions of the model's own, so that it shares no arithmetic with what it checks.
use std::{
    cmp::Ordering,
    ops::{Add, Mul, Sub},
};

/// A fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exact {
    top: i128,
    bottom: i128,
}

impl Exact {
    pub const NONE: Self = Self { top: 0, bottom: 1 };

    pub fn new(top: i128, bottom: i128) -> Self {
        assert!(bottom > 0, "the model divides by nothing");
        let (mut a, mut b) = (top.abs(), bottom);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let a = a.max(1);
        Self {
            top: top / a,
            bottom: bottom / a,
        }
    }

    pub fn whole(minor: i64) -> Self {
        Self {
            top: i128::from(minor),
            bottom: 1,
        }
    }

    /// Top and bottom.
    pub fn parts(self) -> (i128, i128) {
        (self.top, self.bottom)
    }

    /// So many parts of so many.
    pub fn part(of: i64, parts: i64, all: i64) -> Self {
        Self::new(i128::from(of) * i128::from(parts), i128::from(all))
    }

    /// The same, or where its bottom grew beyond all measure, to the nearest of twelve decimals.
    pub fn short(self) -> Self {
        if self.bottom <= 10_i128.pow(20) {
            return self;
        }
        let places = 10_i128.pow(12);
        let (whole, rest) = (self.top / self.bottom, self.top % self.bottom);
        let part = (2 * rest * places + self.bottom) / (2 * self.bottom);
        Self::new(whole * places + part, places)
    }

    /// The nearest whole number; a tie goes away from zero.
    pub fn nearest(self) -> i64 {
        let up = (2 * self.top.abs() + self.bottom) / (2 * self.bottom);
        i64::try_from(up * self.top.signum()).unwrap()
    }

    /// The nearest millionth.
    pub fn to_millionths(self) -> Self {
        let millionths = self * Self::whole(1_000_000);
        Self::new(millionths.nearest().into(), 1_000_000)
    }

    /// The nearest billionth.
    pub fn to_billionths(self) -> Self {
        let billionths = self * Self::whole(1_000_000_000);
        Self::new(billionths.nearest().into(), 1_000_000_000)
    }

    /// The whole number below.
    pub fn below(self) -> i64 {
        i64::try_from(self.top.div_euclid(self.bottom)).unwrap()
    }

    /// One, divided by this.
    pub fn turned(self) -> Self {
        Self::new(self.bottom * self.top.signum(), self.top.abs())
    }

    pub fn is_below_zero(self) -> bool {
        self.top < 0
    }
}

impl Add for Exact {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        // Over the smallest bottom that both go into, so that long sums fit.
        let (mut a, mut b) = (self.bottom, other.bottom);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let (own, others) = (self.bottom / a, other.bottom / a);
        Self::new(self.top * others + other.top * own, own * other.bottom)
    }
}

impl Sub for Exact {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + Self {
            top: -other.top,
            ..other
        }
    }
}

impl Mul for Exact {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::new(self.top * other.top, self.bottom * other.bottom)
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.top * other.bottom).cmp(&(other.top * self.bottom))
    }
}

impl std::iter::Sum for Exact {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::NONE, Add::add)
    }
}

/// Whole parts that add up to the rounded sum: see [`share_out_to`].
pub fn share_out(exact: &[Exact]) -> Vec<i64> {
    share_out_to(exact, exact.iter().copied().sum::<Exact>().nearest())
}

/// Whole parts that add up to a total: each begins below its exact value, and one unit at a time
/// goes to whoever lacks most, or is taken from whoever lacks least and has one. What is below zero
/// as a whole is shared as its opposite is.
pub fn share_out_to(exact: &[Exact], total: i64) -> Vec<i64> {
    let sum: Exact = exact.iter().copied().sum();
    let first = exact.iter().find(|part| **part != Exact::NONE);
    let turned = match (total, sum) {
        (0, Exact::NONE) => first.is_some_and(|one| one.is_below_zero()),
        (0, sum) => sum.is_below_zero(),
        (total, _) => total < 0,
    };
    if turned {
        let opposite: Vec<Exact> = exact.iter().map(|part| Exact::NONE - *part).collect();
        let parts = share_out_to(&opposite, -total).into_iter();
        return parts.map(|part| -part).collect();
    }
    let mut given: Vec<i64> = exact.iter().map(|part| part.below()).collect();
    let lacks = |at: usize, given: &[i64]| exact[at] - Exact::whole(given[at]);
    while given.iter().sum::<i64>() < total {
        let mut neediest = 0;
        for at in 0..exact.len() {
            if lacks(at, &given) > lacks(neediest, &given) {
                neediest = at;
            }
        }
        given[neediest] += 1;
    }
    while given.iter().sum::<i64>() > total {
        let has_one = (0..exact.len()).filter(|at| given[*at] > 0);
        let richest = has_one.min_by_key(|at| (lacks(*at, &given), std::cmp::Reverse(*at)));
        given[richest.expect("a total below all that is given")] -= 1;
    }
    given
}
