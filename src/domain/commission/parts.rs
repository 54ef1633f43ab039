//! How several earn on one line: what each gets of it, and what is posted for whom by now.

use std::{collections::BTreeMap, fmt, str::FromStr};

use super::{
    super::{
        rate::Rate,
        ratio::{Overflow, Ratio},
        shares::{allocate, apportion_to},
    },
    parties::SplitError,
};
use crate::domain::accrual::{Accrual, EarningLine, InvoiceState, kind_of};

/// What somebody gets of what a line earns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// All of it.
    Whole,
    /// A share of the commission, less what a distributor takes out of that.
    Split {
        /// Of the commission.
        share: Rate,
        /// Of that share, for the distributor.
        carved: Rate,
    },
    /// A distributor's share of the revenue, on top of the commission.
    OnRevenue(Rate),
    /// A distributor's share of what its reseller gets, out of it.
    CarvedOut {
        /// Of what the reseller gets.
        rate: Rate,
        /// What the reseller gets of the commission.
        of: Rate,
    },
}

fn whole() -> Rate {
    rest_of(Rate::default())
}

/// What is left of a whole.
pub fn rest_of(taken: Rate) -> Rate {
    Rate::from_bps(10_000 - taken.bps()).unwrap_or_default()
}

impl Part {
    /// Whether a distributor gets it, over what a partner below it sold.
    pub fn is_override(self) -> bool {
        matches!(self, Self::OnRevenue(_) | Self::CarvedOut { .. })
    }

    /// Which share of a line's revenue it stands for, so that those of all who earn on the line are
    /// together the whole of it: a distributor's share is over what its reseller's stands for.
    pub fn of_revenue(self) -> Rate {
        match self {
            Self::Whole => whole(),
            Self::Split { share, .. } => share,
            Self::OnRevenue(_) | Self::CarvedOut { .. } => Rate::default(),
        }
    }

    /// What base times rate is multiplied with, one after the other; none for all of it, and none
    /// for a share of the revenue, whose rate takes the place of the clause's.
    pub fn factors(self) -> Vec<Rate> {
        let factors = match self {
            Self::Whole | Self::OnRevenue(_) => Vec::new(),
            Self::Split { share, carved } => vec![share, rest_of(carved)],
            Self::CarvedOut { rate, of } => vec![of, rate],
        };
        factors.into_iter().filter(|one| *one != whole()).collect()
    }

    /// The factors as they are read: "70 % × 90 %"; empty where there is none.
    pub fn factor_words(self) -> String {
        let words: Vec<String> = self.factors().iter().map(Rate::to_string).collect();
        words.join(" × ")
    }

    /// What it is, for whoever gets it; empty for all of it.
    pub fn words(self) -> String {
        match self {
            Self::Whole => String::new(),
            Self::Split { share, carved } if carved.bps() == 0 => {
                format!("a share of {share} of the commission")
            }
            Self::Split { share, carved } if share == whole() => {
                format!("the commission less the distributor’s {carved} of it")
            }
            Self::Split { share, carved } => {
                format!(
                    "a share of {share} of the commission, less the distributor’s {carved} of that"
                )
            }
            Self::OnRevenue(rate) => format!("the distributor’s {rate} of the revenue"),
            Self::CarvedOut { rate, of } if of == whole() => {
                format!("the distributor’s {rate} of the reseller’s commission")
            }
            Self::CarvedOut { rate, of } => {
                format!("the distributor’s {rate} of the reseller’s {of} of the commission")
            }
        }
    }

    /// What it is of a line that earns `exact` on `base` so far, before rounding.
    fn of(self, exact: Ratio, base: Ratio) -> Result<Ratio, Overflow> {
        let from = match self {
            Self::OnRevenue(rate) => base.times(rate.exact(1))?,
            _ => exact,
        };
        let factors = self.factors().into_iter();
        factors.map(|one| one.exact(1)).try_fold(from, Ratio::times)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => write!(f, "whole"),
            Self::Split { share, carved } => write!(f, "split:{}:{}", share.bps(), carved.bps()),
            Self::OnRevenue(rate) => write!(f, "on_revenue:{}", rate.bps()),
            Self::CarvedOut { rate, of } => write!(f, "carved_out:{}:{}", rate.bps(), of.bps()),
        }
    }
}

/// A text that names no part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no part of a commission")]
pub struct NoPart;

impl FromStr for Part {
    type Err = NoPart;

    /// Reads what [`fmt::Display`] wrote.
    fn from_str(code: &str) -> Result<Self, NoPart> {
        let mut words = code.split(':');
        let kind = words.next().unwrap_or_default();
        let rates: Result<Vec<Rate>, NoPart> = words
            .map(|bps| Rate::from_bps(bps.parse().map_err(|_| NoPart)?).map_err(|_| NoPart))
            .collect();
        match (kind, rates?.as_slice()) {
            ("whole", []) => Ok(Self::Whole),
            ("split", &[share, carved]) => Ok(Self::Split { share, carved }),
            ("on_revenue", &[rate]) => Ok(Self::OnRevenue(rate)),
            ("carved_out", &[rate, of]) => Ok(Self::CarvedOut { rate, of }),
            _ => Err(NoPart),
        }
    }
}

/// A distributor above the partner who sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Above {
    /// Who, by its id.
    pub who: i64,
    /// Whether its share comes out of the reseller's, or on top.
    pub is_carved: bool,
    /// Its share: of the reseller's commission, or of the revenue.
    pub rate: Rate,
}

/// Who gets which part of what a line earns: those who split it, the seller among them, and the
/// distributor above the seller. A share of nothing is no part.
pub fn parts(seller: i64, shares: &[(i64, Rate)], above: Option<Above>) -> Vec<(i64, Part)> {
    let sole = [(seller, whole())];
    let shares = if shares.is_empty() { &sole } else { shares };
    let mut found = Vec::new();
    for &(who, share) in shares.iter().filter(|(_, share)| share.bps() > 0) {
        let carves = above.filter(|one| one.is_carved && who == seller);
        let carved = carves.map_or(Rate::default(), |one| one.rate);
        found.push(match (share == whole(), carved.bps()) {
            (true, 0) => (who, Part::Whole),
            _ => (who, Part::Split { share, carved }),
        });
        if let Some(one) = carves {
            let rate = one.rate;
            found.push((one.who, Part::CarvedOut { rate, of: share }));
        }
    }
    found.extend(
        above
            .filter(|one| !one.is_carved)
            .map(|one| (one.who, Part::OnRevenue(one.rate))),
    );
    found
}

/// Somebody who earns on a line, and what they have of it so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Who, by their id.
    pub who: i64,
    /// What they get.
    pub part: Part,
    /// The sum of their entries on the line so far, in minor units.
    pub posted_minor: i64,
    /// The sum of those entries' bases, in minor units.
    pub posted_base_minor: i64,
}

impl Claim {
    /// Of somebody who has nothing of the line yet.
    pub fn new(who: i64, part: Part) -> Self {
        Self {
            who,
            part,
            posted_minor: 0,
            posted_base_minor: 0,
        }
    }
}

/// Lines of one clause on which the same earn the same parts: rounded together.
type Group = (i64, Vec<(i64, Part)>);

/// What everybody's commission on each line changes by, in the order of the lines and their
/// claims. Per clause the exact commission on collected net is rounded once, shared out, and each
/// part spread to its lines; what is posted already is taken off.
///
/// # Errors
/// See [`SplitError`].
pub fn accrue_claims(
    state: &InvoiceState,
    lines: &[(EarningLine, Vec<Claim>)],
) -> Result<Vec<Vec<Accrual>>, SplitError> {
    let so_far = state.so_far()?;
    let mut groups: BTreeMap<Group, Vec<usize>> = BTreeMap::new();
    let mut sums = Vec::new();
    for (index, (line, claims)) in lines.iter().enumerate() {
        let who = claims.iter().map(|claim| (claim.who, claim.part));
        let key = (line.clause, who.collect());
        groups.entry(key).or_default().push(index);
        sums.push((line.exact(so_far)?, line.earning_base(so_far)?));
    }
    let mut targets: BTreeMap<(usize, usize), i64> = BTreeMap::new();
    for ((_, parts), indices) in &groups {
        let its: Vec<(Ratio, Ratio)> = indices
            .iter()
            .filter_map(|at| sums.get(*at))
            .copied()
            .collect();
        for (place, spread) in shared_out(parts, &its)?.into_iter().enumerate() {
            targets.extend(
                indices
                    .iter()
                    .zip(spread)
                    .map(|(line, minor)| ((*line, place), minor)),
            );
        }
    }
    let mut all = Vec::new();
    for (index, ((line, claims), (exact, earning_base))) in lines.iter().zip(&sums).enumerate() {
        let base = line.base(so_far)?.round()?;
        let mut accruals = Vec::new();
        for (place, claim) in claims.iter().enumerate() {
            let target = targets.get(&(index, place)).copied().unwrap_or_default();
            let delta_minor = target.checked_sub(claim.posted_minor).ok_or(Overflow)?;
            accruals.push(Accrual {
                kind: kind_of(claim.posted_minor, delta_minor),
                delta_minor,
                base_minor: base.checked_sub(claim.posted_base_minor).ok_or(Overflow)?,
                exact: claim.part.of(*exact, *earning_base)?,
            });
        }
        all.push(accruals);
    }
    Ok(all)
}

/// What each part of a group comes to on each of its lines, given what these earn and on how much.
fn shared_out(
    parts: &[(i64, Part)],
    lines: &[(Ratio, Ratio)],
) -> Result<Vec<Vec<i64>>, SplitError> {
    let rounded = Ratio::sum(lines.iter().map(|(exact, _)| *exact))?.round()?;
    let weights: Vec<u64> = parts.iter().map(|(_, part)| weight(*part)).collect();
    let allocated = match weights.iter().all(|weight| *weight == 0) {
        true => vec![0; parts.len()],
        false => allocate(rounded, &weights)?,
    };
    let sold = parts.iter().zip(&allocated);
    let mut sold = sold
        .filter(|((_, part), _)| matches!(part, Part::Split { carved, .. } if carved.bps() > 0));
    let resold = sold.next().map_or(0, |(_, minor)| *minor);
    let mut spread = Vec::new();
    for ((_, part), minor) in parts.iter().zip(&allocated) {
        let exact: Result<Vec<Ratio>, Overflow> = lines
            .iter()
            .map(|(exact, base)| part.of(*exact, *base))
            .collect();
        let exact = exact?;
        let total = match part {
            Part::Whole => *minor,
            Part::Split { carved, .. } => *minor - carved.of(*minor),
            Part::CarvedOut { rate, .. } => rate.of(resold),
            Part::OnRevenue(_) => Ratio::sum(exact.iter().copied())?.round()?,
        };
        spread.push(apportion_to(&exact, total)?);
    }
    Ok(spread)
}

/// The weight of a part among those that share the commission.
fn weight(part: Part) -> u64 {
    let share = match part {
        Part::Whole => whole(),
        Part::Split { share, .. } => share,
        Part::OnRevenue(_) | Part::CarvedOut { .. } => Rate::default(),
    };
    u64::try_from(share.bps()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::commission::{LineTerms, accrue, window::DayShare};

    fn rate(bps: i32) -> Rate {
        Rate::from_bps(bps).unwrap()
    }

    fn line(net_minor: i64, bps: i32) -> EarningLine {
        EarningLine {
            net_minor,
            credited_net_minor: 0,
            protected_net_minor: 0,
            credited_beside: Ratio::ZERO,
            earning_days: DayShare::WHOLE,
            clause: 1,
            terms: LineTerms::share_of(rate(bps)),
            posted_minor: 0,
            posted_base_minor: 0,
        }
    }

    fn claims(of: &[(i64, Part)]) -> Vec<Claim> {
        let claim = |&(who, part): &(i64, Part)| Claim {
            who,
            part,
            posted_minor: 0,
            posted_base_minor: 0,
        };
        of.iter().map(claim).collect()
    }

    fn paid(total_minor: i64) -> InvoiceState {
        InvoiceState {
            total_minor,
            paid_minor: total_minor,
            ..InvoiceState::default()
        }
    }

    fn amounts(state: &InvoiceState, lines: &[(EarningLine, Vec<Claim>)]) -> Vec<Vec<i64>> {
        let all = accrue_claims(state, lines).unwrap();
        let of_line = |one: &Vec<Accrual>| one.iter().map(|one| one.delta_minor).collect();
        all.iter().map(of_line).collect()
    }

    #[test]
    fn seller_partner_and_distributor_each_get_theirs() {
        let above = |is_carved, bps| Above {
            who: 9,
            is_carved,
            rate: rate(bps),
        };
        let shares = [(1, rate(7_500)), (2, rate(2_500))];
        let both = parts(1, &shares, Some(above(false, 500)));
        let half = InvoiceState {
            refunded_minor: 20_000,
            ..paid(40_000)
        };
        let lines = [(line(40_000, 1_000), claims(&both))];
        assert_eq!(amounts(&paid(40_000), &lines), [[3_000, 1_000, 2_000]]);
        // 400.00 at 10 %, 75 to 25, 5 % on top; half of it given back.
        assert_eq!(amounts(&half, &lines), [[1_500, 500, 1_000]]);
        let carved = parts(1, &[], Some(above(true, 1_000)));
        assert_eq!(
            amounts(&paid(9_900), &[(line(9_900, 2_000), claims(&carved))]),
            [[1_782, 198]]
        );
        let thirds = [(1, rate(3_334)), (2, rate(3_333)), (3, rate(3_333))];
        let thirds = claims(&parts(1, &thirds, None));
        assert_eq!(
            amounts(&paid(9_905), &[(line(9_905, 2_000), thirds)]),
            [[661, 660, 660]]
        );
    }

    #[test]
    fn a_part_is_read_as_it_was_written_and_says_what_it_is() {
        let (share, carved, of) = (rate(7_000), rate(1_000), rate(7_000));
        for (part, factors) in [
            (Part::Whole, ""),
            (
                Part::Split {
                    share,
                    carved: rate(0),
                },
                "70 %",
            ),
            (Part::Split { share, carved }, "70 % × 90 %"),
            (Part::OnRevenue(rate(400)), ""),
            (Part::CarvedOut { rate: carved, of }, "70 % × 10 %"),
        ] {
            assert_eq!(part.to_string().parse(), Ok(part));
            assert_eq!(part.factor_words(), factors);
            assert_eq!(part.words().is_empty(), part == Part::Whole);
        }
        for wrong in ["", "whole:1", "split:7000", "split:20000:0", "none:1"] {
            assert_eq!(wrong.parse::<Part>(), Err(NoPart));
        }
    }

    #[test]
    fn nobody_gets_a_share_of_nothing() {
        let all_away = [(1, rate(0)), (2, rate(10_000))];
        assert_eq!(parts(1, &all_away, None), [(2, Part::Whole)]);
        let above = Above {
            who: 9,
            is_carved: true,
            rate: rate(1_000),
        };
        assert_eq!(parts(1, &all_away, Some(above)), [(2, Part::Whole)]);
    }

    proptest! {
        /// Alone, a partner earns what the plain rule says; together, the parts are the whole, and
        /// a refund in full leaves nothing to anybody.
        #[test]
        fn parts_add_up_to_the_commission_and_go_back_with_it(
            nets in prop::collection::vec(-50_000i64..500_000, 1..6),
            bps in 0i32..=10_000, first in 1i32..10_000, carved in 0i32..=10_000,
            paid_minor in 0i64..1_000_000,
        ) {
            let total: i64 = nets.iter().sum();
            let state = InvoiceState { paid_minor, ..paid(total) };
            let alone: Vec<EarningLine> = nets.iter().map(|net| line(*net, bps)).collect();
            let plain: i64 = accrue(&state, &alone).unwrap().iter().map(|one| one.delta_minor).sum();
            let shares = [(1, rate(first)), (2, rate(10_000 - first))];
            let above = Above { who: 9, is_carved: true, rate: rate(carved) };
            let of = claims(&parts(1, &shares, Some(above)));
            let lines: Vec<_> = alone.iter().map(|line| (*line, of.clone())).collect();
            let together: i64 = amounts(&state, &lines).iter().flatten().sum();
            prop_assert_eq!(together, plain);
            let sole = claims(&parts(1, &[], None));
            let sole: Vec<_> = alone.iter().map(|line| (*line, sole.clone())).collect();
            let each: Vec<i64> = amounts(&state, &sole).concat();
            let ruled: Vec<i64> = accrue(&state, &alone).unwrap().iter().map(|one| one.delta_minor).collect();
            prop_assert_eq!(each, ruled);
            let back = InvoiceState { refunded_minor: paid_minor, ..state };
            prop_assert!(amounts(&back, &lines).concat().iter().all(|minor| *minor == 0));
        }
    }
}
