//! What churn does to growth over some years, in every convention that people
//! use, each by its name.

use super::{fixed::Fixed, lifetime::fraction};
use crate::domain::{rate::Rate, ratio::Overflow};

/// How a yearly rate is read for a shorter step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reading {
    /// Divided by the number of steps.
    Nominal,
    /// The rate that makes the yearly one when compounded.
    Effective,
}

/// How growth and churn of one step come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Combine {
    /// Growth less churn.
    Net,
    /// Growth times survival.
    Multiplicative,
}

/// A way to reckon growth under churn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Convention {
    /// The same step, so many times a year.
    Uniform {
        /// Steps in a year, one or more.
        steps: u32,
        /// How the yearly growth is read.
        growth: Reading,
        /// How the yearly churn is read.
        churn: Reading,
        /// How both come together.
        combine: Combine,
    },
    /// The live base grows every month; customers can leave only when their
    /// year ends, and the ends are spread evenly over the year.
    AtRenewal,
    /// The same number of customers is added every year, then some are lost.
    Linear,
}

impl Convention {
    /// Growth less churn, once a year.
    pub const YEARLY_NET: Self = Self::yearly(Combine::Net);
    /// Growth times survival, once a year.
    pub const YEARLY_SURVIVAL: Self = Self::yearly(Combine::Multiplicative);
    /// A quarter of each rate, growth less churn, four times a year.
    pub const QUARTERLY: Self = Self::Uniform {
        steps: 4,
        growth: Reading::Nominal,
        churn: Reading::Nominal,
        combine: Combine::Net,
    };
    /// The conventions a person may choose, the usual one first.
    pub const NAMED: [Self; 5] = [
        Self::QUARTERLY,
        Self::YEARLY_NET,
        Self::YEARLY_SURVIVAL,
        Self::AtRenewal,
        Self::Linear,
    ];

    const fn yearly(combine: Combine) -> Self {
        Self::Uniform {
            steps: 1,
            growth: Reading::Nominal,
            churn: Reading::Nominal,
            combine,
        }
    }

    /// How it is spelled in an address.
    pub fn code(self) -> &'static str {
        match self {
            Self::YEARLY_NET => "yearly",
            Self::YEARLY_SURVIVAL => "survival",
            Self::Uniform { .. } => "quarterly",
            Self::AtRenewal => "renewal",
            Self::Linear => "linear",
        }
    }

    /// The named convention that is spelled so.
    pub fn named(code: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|named| named.code() == code)
    }

    /// What it does, to stand on a chart.
    pub fn words(self) -> &'static str {
        match self {
            Self::YEARLY_NET => "Yearly steps, growth less churn",
            Self::YEARLY_SURVIVAL => "Yearly steps, growth times survival",
            Self::Uniform { .. } => "Quarterly steps, a quarter of each rate, growth less churn",
            Self::AtRenewal => "Monthly growth, churn only at each customer's yearly renewal",
            Self::Linear => "The same number of customers added every year, then churn",
        }
    }
}

/// How many times its start something is after each year; the first is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// The factor at the start and at the end of each year.
    pub by_year: Vec<Fixed>,
}

impl Projection {
    /// An amount in minor units carried through the years, each rounded once.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn amounts(&self, start_minor: i64) -> Result<Vec<i64>, Overflow> {
        let factors = self.by_year.iter();
        factors.map(|factor| factor.of_minor(start_minor)).collect()
    }

    /// How much lower this ends than another, in bps of the other.
    ///
    /// # Errors
    /// [`Overflow`] when the other ends at nothing, or it does not fit.
    pub fn lower_by_bps(&self, other: &Self) -> Result<i64, Overflow> {
        let (here, there) = (self.last(), other.last());
        there.minus(here).over(there)?.bps()
    }

    fn last(&self) -> Fixed {
        self.by_year.last().copied().unwrap_or(Fixed::ZERO)
    }
}

/// Carries one unit through so many years of growth and churn.
///
/// # Errors
/// [`Overflow`] when it does not fit, or for a convention of no steps.
pub fn project(
    convention: Convention,
    (growth, churn): (Rate, Rate),
    years: u32,
) -> Result<Projection, Overflow> {
    let by_year = match convention {
        Convention::Linear => linear(growth, churn, years)?,
        Convention::AtRenewal => at_renewal(growth, churn, years)?,
        Convention::Uniform { steps, combine, .. } => {
            let (up, down) = step_rates(convention, (growth, churn))?;
            let step = match combine {
                Combine::Net => Fixed::ONE.plus(up)?.minus(down),
                Combine::Multiplicative => Fixed::ONE.plus(up)?.times(Fixed::ONE.minus(down))?,
            };
            let power = |year: u32| step.power(steps.checked_mul(year).ok_or(Overflow)?);
            (0..=years).map(power).collect::<Result<_, _>>()?
        }
    };
    Ok(Projection { by_year })
}

/// Growth and churn of one step.
fn step_rates(
    convention: Convention,
    (yearly_growth, yearly_churn): (Rate, Rate),
) -> Result<(Fixed, Fixed), Overflow> {
    let Convention::Uniform {
        steps,
        growth,
        churn,
        ..
    } = convention
    else {
        return Ok((fraction(yearly_growth)?, fraction(yearly_churn)?));
    };
    let part = |rate: Rate| {
        let whole = u64::from(steps) * 10_000;
        Fixed::of(u64::from(rate.bps().unsigned_abs()), whole)
    };
    let up = match growth {
        Reading::Nominal => part(yearly_growth)?,
        Reading::Effective => monthly_up(yearly_growth, steps)?,
    };
    let down = match churn {
        Reading::Nominal => part(yearly_churn)?,
        Reading::Effective => {
            let kept = Fixed::ONE.minus(fraction(yearly_churn)?);
            Fixed::ONE.minus(kept.root(steps)?)
        }
    };
    Ok((up, down))
}

/// What a step adds when so many of them make a year's growth.
fn monthly_up(growth: Rate, steps: u32) -> Result<Fixed, Overflow> {
    let whole = Fixed::ONE.plus(fraction(growth)?)?;
    Ok(whole.root(steps)?.minus(Fixed::ONE))
}

fn linear(growth: Rate, churn: Rate, years: u32) -> Result<Vec<Fixed>, Overflow> {
    let (added, kept) = (fraction(growth)?, Fixed::ONE.minus(fraction(churn)?));
    let mut by_year = vec![Fixed::ONE];
    let mut now = Fixed::ONE;
    for _ in 0..years {
        now = now.plus(added)?.times(kept)?;
        by_year.push(now);
    }
    Ok(by_year)
}

fn at_renewal(growth: Rate, churn: Rate, years: u32) -> Result<Vec<Fixed>, Overflow> {
    let (up, kept) = (monthly_up(growth, 12)?, Fixed::ONE.minus(fraction(churn)?));
    // The base by the month in which its year ends.
    let mut ends = [Fixed::of(1, 12)?; 12];
    let mut by_year = vec![Fixed::ONE];
    for _ in 0..years {
        for month in 0..ends.len() {
            let live = ends
                .iter()
                .try_fold(Fixed::ZERO, |sum, part| sum.plus(*part))?;
            let added = live.times(up)?;
            if let Some(ending) = ends.get_mut(month) {
                *ending = ending.times(kept)?.plus(added)?;
            }
        }
        let live = ends
            .iter()
            .try_fold(Fixed::ZERO, |sum, part| sum.plus(*part))?;
        by_year.push(live);
    }
    Ok(by_year)
}

/// The new business a growth target needs under churn, in bps of the opening
/// base: what is to be added, and what is lost and has to be sold again.
pub fn gross_new_bps(growth: Rate, churn: Rate) -> i64 {
    i64::from(growth.bps()) + i64::from(churn.bps())
}

/// What one churn point, up or down, is worth after so many years: the MRR a
/// base of `mrr_minor` would end with at one point less churn, less what it
/// ends with as it is; minor units. With less than a point of churn, the value
/// of having none.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn churn_point(
    convention: Convention,
    (growth, churn): (Rate, Rate),
    (mrr_minor, years): (i64, u32),
) -> Result<i64, Overflow> {
    let less = Rate::from_bps((churn.bps() - 100).max(0)).map_err(|_| Overflow)?;
    let end = |churn| -> Result<i64, Overflow> {
        let amounts = project(convention, (growth, churn), years)?.amounts(mrr_minor)?;
        Ok(amounts.last().copied().unwrap_or(mrr_minor))
    };
    end(less)?.checked_sub(end(churn)?).ok_or(Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUNDRED_THOUSAND: i64 = 10_000_000;

    fn rate(bps: i32) -> Rate {
        Rate::from_bps(bps).unwrap()
    }

    fn years(convention: Convention, churn: i32) -> Vec<i64> {
        let projection = project(convention, (rate(5_000), rate(churn)), 3).unwrap();
        projection.amounts(HUNDRED_THOUSAND).unwrap()[1..].to_vec()
    }

    fn lower(convention: Convention, churn: i32) -> i64 {
        let projected = |churn| project(convention, (rate(5_000), rate(churn)), 3).unwrap();
        projected(churn).lower_by_bps(&projected(0)).unwrap()
    }

    #[test]
    fn churn_at_the_renewal_is_the_honest_model_for_yearly_contracts() {
        let renewal = Convention::AtRenewal;
        assert_eq!(years(renewal, 0), [15_000_000, 22_500_000, 33_750_000]);
        assert_eq!(years(renewal, 1_000), [13_787_564, 19_015_890, 26_232_427]);
        assert_eq!(years(renewal, 3_000), [11_362_693, 12_917_767, 14_690_427]);
        assert_eq!(
            [lower(renewal, 1_000), lower(renewal, 3_000)],
            [2_227, 5_647]
        );
    }

    #[test]
    fn of_48_readings_only_quarters_of_nominal_rates_give_56_percent() {
        let mut found = Vec::new();
        for steps in [1, 2, 4, 12, 52, 365] {
            for (growth, churn) in [
                (Reading::Nominal, Reading::Nominal),
                (Reading::Nominal, Reading::Effective),
                (Reading::Effective, Reading::Nominal),
                (Reading::Effective, Reading::Effective),
            ] {
                for combine in [Combine::Net, Combine::Multiplicative] {
                    let reading = Convention::Uniform {
                        steps,
                        growth,
                        churn,
                        combine,
                    };
                    if (5_550..5_650).contains(&lower(reading, 3_000)) {
                        found.push(reading);
                    }
                }
            }
        }
        assert_eq!(found, [Convention::QUARTERLY]);
        assert_eq!(lower(Convention::Linear, 3_000), 5_562);
    }

    #[test]
    fn a_convention_is_known_by_its_spelling() {
        for convention in Convention::NAMED {
            assert_eq!(Convention::named(convention.code()), Some(convention));
        }
        assert_eq!(Convention::named("weekly"), None);
    }

    #[test]
    fn one_point_less_is_worth_what_it_leaves_more() {
        let value = churn_point(
            Convention::YEARLY_NET,
            (rate(5_000), rate(1_000)),
            (HUNDRED_THOUSAND, 1),
        );
        assert_eq!(value, Ok(100_000));
        let none = churn_point(Convention::YEARLY_NET, (rate(0), rate(0)), (1, 3));
        assert_eq!(none, Ok(0));
    }

    #[test]
    fn what_cannot_be_reckoned_is_said() {
        let never = Convention::Uniform {
            steps: 0,
            growth: Reading::Nominal,
            churn: Reading::Nominal,
            combine: Combine::Net,
        };
        assert_eq!(project(never, (rate(1), rate(1)), 1), Err(Overflow));
        assert_eq!(gross_new_bps(rate(5_000), rate(2_000)), 7_000);
        let all_lost = project(Convention::Linear, (rate(0), rate(10_000)), 1).unwrap();
        assert_eq!(all_lost.lower_by_bps(&all_lost), Err(Overflow));
    }
}
