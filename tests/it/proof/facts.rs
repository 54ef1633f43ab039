//! What can happen to a vendor, and the terms it happens under.
use chrono::NaiveDate;
use proptest::prelude::*;

use super::clauses::{Clauses, clauses};

/// The customers there are; the first half is the first partner's.
pub const CUSTOMERS: usize = 4;
/// The partners there are: two that sell, and one that only ever stands above them.
pub const PARTNERS: usize = 3;
/// Those that sell come first.
pub const SELLERS: usize = 2;

pub fn partner_of(customer: usize) -> usize {
    usize::from(customer * SELLERS >= CUSTOMERS)
}

/// How a price grows, in millionths of a minor unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Flat(i64),
    Seat(i64),
    /// The last unit of each tier but the open one, price per unit, flat part in minor units.
    Graduated(Vec<Tier>),
    Volume(Vec<Tier>),
    /// So much for so many units, the first of them free.
    Package {
        micro: i64,
        size: u32,
        free: u32,
    },
    Once(i64),
    /// By what was used of a period, when it is over.
    Used(Box<Kind>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    pub up_to: Option<u32>,
    pub micro: i64,
    pub flat: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    pub kind: Kind,
    pub earns: bool,
}

impl Price {
    pub fn is_once(&self) -> bool {
        matches!(self.kind, Kind::Once(_))
    }
    pub fn counts_seats(&self) -> bool {
        !matches!(self.kind, Kind::Once(_) | Kind::Flat(_) | Kind::Used(_))
    }
    pub fn is_used(&self) -> bool {
        matches!(self.kind, Kind::Used(_))
    }
    /// Whether it comes back with every period, in advance.
    pub fn is_ahead(&self) -> bool {
        !self.is_once() && !self.is_used()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub months: u32,
    pub trial_days: u32,
    pub anchor_day: Option<u32>,
    pub prices: Vec<Price>,
}

/// What a vendor has settled before anything happens.
#[derive(Debug, Clone)]
pub struct Terms {
    pub today: NaiveDate,
    pub tax_bps: i32,
    pub hold_days: u32,
    /// First, recurring, renewal, and for partners of the higher tier whatever the phase.
    pub rates: [i32; 4],
    /// The most that each of them pays a partner for a month, in minor units.
    pub caps: [Option<i64>; 4],
    /// The least that is paid out, in minor units.
    pub minimum: i64,
    /// Months of a term, where it is as many whole periods: see [`Terms::term`].
    pub term: u32,
    pub plans: Vec<Plan>,
    pub clauses: Clauses,
}

impl Terms {
    /// So many units of a plan, or one where none of its prices goes by them.
    pub fn units(&self, plan: usize, seats: u32) -> u32 {
        let takes = self.plans[plan].prices.iter().any(Price::counts_seats);
        if takes { seats } else { 1 }
    }

    /// Months of a term of what is billed every so many months: no term ends within a period.
    pub fn term(&self, months: u32) -> u32 {
        let mut term = months;
        while term < self.term {
            term += months;
        }
        term
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    Percent(i32),
    Fixed(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Discount {
    pub off: Off,
    pub priority: i32,
    pub from_period: u32,
    pub periods: Option<u32>,
}

impl Discount {
    pub fn is_fixed_in(&self, period: u32) -> bool {
        let is_over = |many| period >= self.from_period + many;
        matches!(self.off, Off::Fixed(_))
            && period >= self.from_period
            && !self.periods.is_some_and(is_over)
    }
}

/// What a credit note by hand does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct How {
    pub goes: Goes,
    /// Another price was right from the beginning.
    pub lowers: bool,
    /// The partner earns as if nothing had been credited.
    pub protects: bool,
}

/// Where the money of a credit note goes: off what is due first, and the rest into credit or back
/// to where it came from; or all of it into credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    DueThenCredit,
    DueThenBack,
    Credit,
}

/// A distributor: who, and how much of the seller's commission or of the revenue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Above {
    pub who: usize,
    pub is_carved: bool,
    pub bps: i32,
}

/// Something that happens on a day. Numbers are cut to what there is.
#[derive(Debug, Clone)]
pub enum Fact {
    Sell {
        customer: usize,
        plan: usize,
        seats: u32,
        ago: u32,
    },
    Change {
        which: usize,
        seats: u32,
        ago: u32,
    },
    CancelNow {
        which: usize,
        ago: u32,
        /// The vendor is to blame.
        fault: bool,
    },
    CancelLater {
        which: usize,
    },
    Undo {
        which: usize,
    },
    Discount {
        which: usize,
        off: Off,
        priority: i32,
        periods: Option<u32>,
    },
    Pay {
        customer: usize,
        minor: i64,
        ago: u32,
    },
    PayInvoice {
        which: usize,
        part: i64,
    },
    Refund {
        which: usize,
        minor: i64,
    },
    /// The customer's bank takes back all that is left of a payment.
    Chargeback {
        which: usize,
    },
    /// The partner comes to the higher tier from today.
    Promote {
        partner: usize,
    },
    /// A credit note by hand: so much of a line as one of so many parts.
    Credit {
        which: usize,
        line: usize,
        part: i64,
        how: How,
    },
    Pause {
        which: usize,
        ago: u32,
    },
    Resume {
        which: usize,
        ago: u32,
    },
    /// To the other plan: from a day on, or with the next period.
    Move {
        which: usize,
        ago: Option<u32>,
    },
    /// The change that was set for the next period is not to come.
    Keep {
        which: usize,
    },
    /// The other seller gets a share of what the next periods earn; nothing ends it.
    Share {
        which: usize,
        bps: i32,
    },
    /// A seller comes below a distributor from today, or below nobody.
    Link {
        seller: usize,
        above: Option<Above>,
    },
    /// So many units of something were used, or fewer than reported.
    Use {
        which: usize,
        price: usize,
        units: i64,
        ago: u32,
    },
    /// One of so many parts of what was reported once is taken back.
    Correct {
        which: usize,
        part: i64,
    },
    /// One person proposes an amount for a month, counted from the first that is open.
    Propose {
        partner: usize,
        minor: i64,
        months: i32,
    },
    /// Another, or the same, approves or declines it.
    Decide {
        which: usize,
        is_yes: bool,
        is_own: bool,
    },
    Pass {
        days: u32,
    },
    Close,
}

fn tiers() -> impl Strategy<Value = Vec<Tier>> {
    let ends = prop::collection::btree_set(1u32..14, 0..3);
    (
        ends,
        prop::collection::vec((0i64..250_000_000, 0i64..300), 3),
    )
        .prop_map(|(ends, prices)| {
            let ends = ends.into_iter().map(Some).chain([None]);
            let tier = |(up_to, (micro, flat))| Tier { up_to, micro, flat };
            ends.zip(prices).map(tier).collect()
        })
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        11 => ahead_or_once(),
        2 => scales().prop_map(|kind| Kind::Used(Box::new(kind))),
    ]
}

fn scales() -> impl Strategy<Value = Kind> {
    prop_oneof![
        3 => (1i64..300_000_000).prop_map(Kind::Seat),
        1 => tiers().prop_map(Kind::Graduated),
        1 => tiers().prop_map(Kind::Volume),
        1 => (1i64..900_000_000, 1u32..6, 0u32..5).prop_map(|(micro, size, free)| Kind::Package { micro, size, free }),
    ]
}

fn ahead_or_once() -> impl Strategy<Value = Kind> {
    prop_oneof![
        1 => (1i64..2_000_000_000).prop_map(Kind::Flat),
        4 => (1i64..300_000_000).prop_map(Kind::Seat),
        2 => tiers().prop_map(Kind::Graduated),
        2 => tiers().prop_map(Kind::Volume),
        1 => (1i64..900_000_000, 1u32..6, 0u32..5).prop_map(|(micro, size, free)| Kind::Package { micro, size, free }),
        1 => (1i64..900_000_000).prop_map(Kind::Once),
    ]
}

fn plans() -> impl Strategy<Value = Plan> {
    let price = (kinds(), prop::bool::weighted(0.8));
    let price = price.prop_map(|(kind, earns)| Price { kind, earns });
    (
        prop::sample::select(vec![1u32, 1, 1, 3, 12]),
        prop::sample::select(vec![0u32, 0, 0, 1, 14]),
        prop::option::weighted(0.25, 1u32..=28),
        prop::collection::vec(price, 1..4),
    )
        .prop_map(|(months, trial_days, anchor_day, prices)| Plan {
            months,
            trial_days,
            anchor_day,
            prices,
        })
}

pub fn terms() -> impl Strategy<Value = Terms> {
    (
        0u32..150,
        prop::sample::select(vec![0, 700, 1_900, 2_000]),
        prop::sample::select(vec![0u32, 14, 30, 31, 60]),
        prop::array::uniform4(prop_oneof![Just(0i32), 1i32..=3_500, Just(2_000i32)]),
        prop::sample::select(vec![0i64, 100, 5_000]),
        prop::collection::vec(plans(), 2),
        prop::array::uniform4(prop::option::weighted(0.5, 1i64..800)),
        prop::sample::select(vec![1u32, 1, 2, 3, 12, 12]),
        clauses(),
    )
        .prop_map(
            |(day, tax_bps, hold_days, rates, minimum, plans, caps, term, clauses)| Terms {
                today: first_day() + chrono::Days::new(u64::from(day)),
                tax_bps,
                hold_days,
                rates,
                caps,
                minimum,
                term,
                plans,
                clauses,
            },
        )
}

/// Histories begin in the months before a leap day.
pub fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2027, 11, 1).unwrap()
}

pub fn facts() -> impl Strategy<Value = Fact> {
    let off = prop_oneof![
        (1i32..=10_000).prop_map(Off::Percent),
        (1i64..1_500).prop_map(Off::Fixed),
    ];
    let discount = (
        0usize..4,
        off,
        0i32..3,
        prop::sample::select(vec![None, Some(1), Some(2), Some(3)]),
    );
    let discount = discount.prop_map(|(which, off, priority, periods)| Fact::Discount {
        which,
        off,
        priority,
        periods,
    });
    let goes = prop::sample::select(vec![Goes::DueThenCredit, Goes::DueThenBack, Goes::Credit]);
    let how = (goes, prop::bool::weighted(0.4), prop::bool::weighted(0.3));
    let how = how.prop_map(|(goes, lowers, protects)| How {
        goes,
        lowers,
        protects,
    });
    let above = (0..PARTNERS, any::<bool>(), 1i32..=5_000);
    let above = above.prop_map(|(who, is_carved, bps)| Above {
        who,
        is_carved,
        bps,
    });
    prop_oneof![
        2 => (0usize..8, 0usize..4, 1i64..=4, how)
            .prop_map(|(which, line, part, how)| Fact::Credit { which, line, part, how }),
        2 => (0usize..4, prop::option::weighted(0.6, 0u32..40))
            .prop_map(|(which, ago)| Fact::Move { which, ago }),
        1 => (0usize..4).prop_map(|which| Fact::Keep { which }),
        2 => (0usize..4, 0u32..40).prop_map(|(which, ago)| Fact::Pause { which, ago }),
        2 => (0usize..4, 0u32..40).prop_map(|(which, ago)| Fact::Resume { which, ago }),
        2 => (0usize..4, prop_oneof![Just(0), 1i32..=10_000])
            .prop_map(|(which, bps)| Fact::Share { which, bps }),
        2 => (0..SELLERS, prop::option::weighted(0.8, above))
            .prop_map(|(seller, above)| Fact::Link { seller, above }),
        3 => (0..CUSTOMERS, 0usize..4, 1u32..15, 0u32..50)
            .prop_map(|(customer, plan, seats, ago)| Fact::Sell { customer, plan, seats, ago }),
        4 => (0usize..4, 1u32..15, 0u32..40).prop_map(|(which, seats, ago)| Fact::Change { which, seats, ago }),
        1 => (0usize..4, 0u32..40, prop::bool::weighted(0.2))
            .prop_map(|(which, ago, fault)| Fact::CancelNow { which, ago, fault }),
        1 => (0usize..4).prop_map(|which| Fact::CancelLater { which }),
        1 => (0usize..4).prop_map(|which| Fact::Undo { which }),
        2 => discount,
        2 => (0..CUSTOMERS, 1i64..4_000, 0u32..40).prop_map(|(customer, minor, ago)| Fact::Pay { customer, minor, ago }),
        8 => (0usize..8, 1i64..=4).prop_map(|(which, part)| Fact::PayInvoice { which, part }),
        3 => (0usize..8, 1i64..2_500).prop_map(|(which, minor)| Fact::Refund { which, minor }),
        1 => (0usize..8).prop_map(|which| Fact::Chargeback { which }),
        1 => (0..SELLERS).prop_map(|partner| Fact::Promote { partner }),
        9 => (0usize..4, 0usize..2, -3i64..25, 0u32..60)
            .prop_map(|(which, price, units, ago)| Fact::Use { which, price, units, ago }),
        5 => (0usize..8, 1i64..=2).prop_map(|(which, part)| Fact::Correct { which, part }),
        2 => (0..PARTNERS, -900i64..900, -1i32..3)
            .prop_map(|(partner, minor, months)| Fact::Propose { partner, minor, months }),
        2 => (0usize..4, prop::bool::weighted(0.8), prop::bool::weighted(0.2))
            .prop_map(|(which, is_yes, is_own)| Fact::Decide { which, is_yes, is_own }),
        9 => (1u32..40).prop_map(|days| Fact::Pass { days }),
        7 => Just(Fact::Close),
    ]
}
