//! Why a clause holds and not another: what decided, and among how many.

use std::{cmp::Reverse, fmt, str::FromStr};

use super::{super::rate::Rate, Case, CommissionClause};

/// What decided between the clauses of a plan that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decided {
    /// No other fits.
    Alone,
    /// It names the tier.
    Tier,
    /// It names the offering.
    Offering,
    /// It names the phase.
    Phase,
    /// It pays an amount in the currency.
    Currency,
    /// It holds for fewer months.
    Months,
    /// It comes before its equals.
    Place,
}

impl Decided {
    const ALL: [Self; 7] = [
        Self::Alone,
        Self::Tier,
        Self::Offering,
        Self::Phase,
        Self::Currency,
        Self::Months,
        Self::Place,
    ];

    fn letter(self) -> char {
        match self {
            Self::Alone => 'a',
            Self::Tier => 't',
            Self::Offering => 'o',
            Self::Phase => 'p',
            Self::Currency => 'c',
            Self::Months => 'm',
            Self::Place => 'f',
        }
    }
}

/// Why a clause holds in a case, and what it adds there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Choice {
    decided: Decided,
    fitting: u32,
    added: Rate,
}

impl Choice {
    /// What the clause adds to its rate because the deal was registered; nothing otherwise.
    pub fn added(self) -> Rate {
        self.added
    }

    /// In a sentence or two.
    pub fn words(self) -> String {
        let chosen = self.chosen_words();
        match self.added.bps() {
            0 => chosen,
            _ => format!(
                "{chosen} The deal was registered, which adds {} to its rate.",
                self.added
            ),
        }
    }

    fn chosen_words(self) -> String {
        let because = match self.decided {
            Decided::Alone => return "No other clause of the plan fits this period.".to_owned(),
            Decided::Tier => "it names the tier, which comes before all else",
            Decided::Offering => "it names the offering",
            Decided::Phase => "it names the phase that the period lies in",
            Decided::Currency => "it names the currency",
            Decided::Months => "it holds for fewer months than the others",
            Decided::Place => "it stands first among equals",
        };
        format!(
            "{} clauses of the plan fit this period. This one counts, for {because}.",
            self.fitting
        )
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.decided.letter(), self.fitting)?;
        match self.added.bps() {
            0 => Ok(()),
            added => write!(f, "+{added}"),
        }
    }
}

/// A text that is no choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no choice of a clause")]
pub struct NoChoice;

impl FromStr for Choice {
    type Err = NoChoice;

    /// Reads what [`fmt::Display`] wrote.
    fn from_str(code: &str) -> Result<Self, NoChoice> {
        let mut letters = code.chars();
        let letter = letters.next().ok_or(NoChoice)?;
        let mut all = Decided::ALL.into_iter();
        let rest = letters.as_str();
        let (fitting, added) = rest.split_once('+').unwrap_or((rest, "0"));
        let added: i32 = added.parse().map_err(|_| NoChoice)?;
        Ok(Self {
            decided: all.find(|one| one.letter() == letter).ok_or(NoChoice)?,
            fitting: fitting.parse().map_err(|_| NoChoice)?,
            added: Rate::from_bps(added).map_err(|_| NoChoice)?,
        })
    }
}

/// The clause that holds in a case, the most precise one, and why. `None` where the plan says
/// nothing.
pub fn chosen<'a>(
    clauses: impl IntoIterator<Item = &'a CommissionClause>,
    case: &Case,
) -> Option<(&'a CommissionClause, Choice)> {
    let mut best: Option<&CommissionClause> = None;
    let mut next: Option<&CommissionClause> = None;
    let mut fitting = 0;
    for clause in clauses.into_iter().filter(|clause| clause.is_for(case)) {
        fitting += 1;
        let beats = |other: &CommissionClause| clause.precision() > other.precision();
        if best.is_none_or(beats) {
            (best, next) = (Some(clause), best);
        } else if next.is_none_or(beats) {
            next = Some(clause);
        }
    }
    let best = best?;
    let decided = next.map_or(Decided::Alone, |next| between(best, next));
    let added = best.added(case);
    Some((
        best,
        Choice {
            decided,
            fitting,
            added,
        },
    ))
}

/// What puts one clause before another.
fn between(best: &CommissionClause, next: &CommissionClause) -> Decided {
    let ((tier, offering, phase, unit, Reverse((months, _))), lost) =
        (best.precision(), next.precision());
    let found = [
        (tier != lost.0, Decided::Tier),
        (offering != lost.1, Decided::Offering),
        (phase != lost.2, Decided::Phase),
        (unit != lost.3, Decided::Currency),
        (months != lost.4.0.0, Decided::Months),
    ];
    let mut found = found.into_iter();
    found
        .find(|(differs, _)| *differs)
        .map_or(Decided::Place, |(_, decided)| decided)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        billing_calendar::ServicePeriod, period::read_date, rate::Rate, subscription::Phase,
    };

    fn case() -> Case {
        let day = |typed| read_date(typed).unwrap();
        Case {
            phase: Phase::First,
            tier: Some(7),
            offering: 3,
            currency: "EUR".parse().unwrap(),
            since: day("2027-01-01"),
            service: ServicePeriod {
                from: day("2027-01-01"),
                to: day("2027-02-01"),
            },
            is_registered: false,
        }
    }

    #[test]
    fn what_decides_is_said_and_read_back() {
        let plain = CommissionClause::percent(1, Rate::from_bps(1_000).unwrap());
        let variants = [
            (
                CommissionClause {
                    tier: Some(7),
                    ..plain
                },
                "names the tier",
            ),
            (
                CommissionClause {
                    offering: Some(3),
                    ..plain
                },
                "names the offering",
            ),
            (
                CommissionClause {
                    phase: Some(Phase::First),
                    ..plain
                },
                "the phase",
            ),
            (
                CommissionClause {
                    months: Some(6),
                    ..plain
                },
                "fewer months",
            ),
            (CommissionClause { seq: 0, ..plain }, "first among equals"),
        ];
        for (clause, said) in variants {
            let both = [plain, clause];
            let (found, why) = chosen(&both, &case()).unwrap();
            assert_eq!(found, &clause);
            assert!(why.words().starts_with("2 clauses of the plan fit"));
            assert!(why.words().contains(said), "{}", why.words());
            assert_eq!(why.to_string().parse(), Ok(why));
        }
        let alone = [plain];
        let (_, why) = chosen(&alone, &case()).unwrap();
        assert_eq!(why.words(), "No other clause of the plan fits this period.");
        let other = [
            CommissionClause {
                tier: Some(8),
                ..plain
            },
            plain,
        ];
        assert_eq!(chosen(&other[..1], &case()), None);
        assert_eq!(chosen(&other, &case()).unwrap().1, why);
        for wrong in ["", "x3", "t", "tt", "a1+", "a1+x", "a1+-5"] {
            assert_eq!(wrong.parse::<Choice>(), Err(NoChoice));
        }
    }

    #[test]
    fn what_a_registered_deal_adds_is_said_and_read_back() {
        let plain = CommissionClause::percent(1, Rate::from_bps(1_000).unwrap());
        let lifted = [CommissionClause {
            uplift: Rate::from_bps(500).unwrap(),
            ..plain
        }];
        let registered = Case {
            is_registered: true,
            ..case()
        };
        let (found, why) = chosen(&lifted, &registered).unwrap();
        assert_eq!(
            found.terms(&registered, 1),
            CommissionClause::percent(1, Rate::from_bps(1_500).unwrap()).terms(&registered, 1)
        );
        assert!(
            why.words()
                .ends_with("The deal was registered, which adds 5 % to its rate.")
        );
        assert_eq!(why.to_string().parse(), Ok(why));
        assert_eq!(chosen(&lifted, &case()).unwrap().1.added(), Rate::default());
    }
}
