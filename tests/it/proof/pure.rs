//! The engine's own rules, asked the same questions.
use chrono::NaiveDate;
use perennial::domain::{
    Anchor, Band, Bands, BillingInterval, ChargeSegment, CommissionClause, Disposition, Measure,
    Money as Amount, Period, Phase, Price as Priced, Quantity, Rate, Ratio, Scale, ServicePeriod,
    UnitPrice,
    adjustment::unadjustable,
    arrears::{UsagePeriod, arrears},
    bill::{self, Stretch},
    cash,
    commission::{
        self as commission, DaysCredited, EarningLine, EntryKind, InvoiceState, LineTerms, Pay,
        bonus, clause_for,
        clawback::{ClawbackMode, ClawbackTerms},
        course::{Course, When},
        extras::{GuaranteeTerms, RenewalTerms},
        matures_on,
        parts::{self as shared, accrue_claims},
        posting_period, reversal_matures_on, reverse_newest_first,
        span::{GivenBack, Span as Counts},
        spiff::SpiffTerms,
        volume::{Step, Volume, VolumeKind},
        window::{DayShare, Window},
    },
    discount as discounts, held,
    meter::{self, Aggregation, Meter, UsageEvent},
    metrics::{CustomerHistory, by_month},
    proration::{self, TaxedCharge, credit_from, credit_tax, tax_on},
    sale,
    shares::{ShareError, allocate},
    statement::{LineBlock, block_of, is_payable, settle},
    subscription::phase_of,
};

use super::{
    beside::Floor,
    exact::Exact,
    facts::{Above, Discount, Goes, Kind, Off, Price, Terms, Tier},
    renewals::{Renewal, Renewed},
    rewards::{Back, Spiff},
    rules::{
        BeforeCap, Case, Charged, Does, Earning, Earns, Money, Month, Movements, Part, Rules,
        Share, Span, Taxed, first_of, month_of,
    },
    steps::{self, Item, Steps},
};

pub struct Pure;

fn unit(micro: i64) -> UnitPrice {
    UnitPrice::from_micro(micro).unwrap()
}

fn rate(bps: i32) -> Rate {
    Rate::from_bps(bps).unwrap()
}

fn bands(tiers: &[Tier]) -> Bands {
    let band = |tier: &Tier| Band {
        up_to: tier.up_to.map(Measure::whole),
        unit: unit(tier.micro),
        flat_minor: tier.flat,
    };
    Bands::new(tiers.iter().map(band).collect(), true).unwrap()
}

pub fn priced(price: &Price) -> Priced {
    let meter = || Meter {
        code: "m".parse().unwrap(),
        aggregation: Aggregation::Sum,
    };
    match &price.kind {
        Kind::Used(kind) => match priced_as(kind) {
            Priced::Seats(scale) => Priced::Metered(meter(), scale),
            _ => unreachable!("only what grows is metered"),
        },
        kind => priced_as(kind),
    }
}

fn priced_as(kind: &Kind) -> Priced {
    match kind {
        Kind::Used(_) => unreachable!("a meter of a meter"),
        Kind::Flat(micro) => Priced::Flat(unit(*micro)),
        Kind::Once(micro) => Priced::OneOff(unit(*micro)),
        Kind::Seat(micro) => Priced::per_seat(unit(*micro)),
        Kind::Graduated(tiers) => Priced::Seats(Scale::Graduated(bands(tiers))),
        Kind::Volume(tiers) => Priced::Seats(Scale::Volume(bands(tiers))),
        Kind::Package { micro, size, free } => Priced::Seats(Scale::Package {
            unit: unit(*micro),
            size: Measure::whole(*size),
            free: Measure::whole(*free),
        }),
    }
}

fn discount(one: &Discount) -> discounts::Discount {
    discounts::Discount {
        off: match one.off {
            Off::Percent(bps) => discounts::Off::Percent(rate(bps)),
            Off::Fixed(minor) => discounts::Off::Fixed(minor),
        },
        priority: one.priority,
        from_period: one.from_period,
        periods: one.periods,
    }
}

fn service(span: Span) -> ServicePeriod {
    ServicePeriod {
        from: span.from,
        to: span.to,
    }
}

fn period(month: Month) -> Period {
    Period::of(first_of(month))
}

fn number(period: Period) -> Month {
    month_of(period.first_day())
}

/// The clauses of the plan: one for each phase, the higher tier's, and one for whatever is left.
fn clauses(terms: &Terms) -> Vec<CommissionClause> {
    let clause = |at: usize| {
        let unit = terms.unit_pay(at);
        let amount = Amount::new(unit, "EUR".parse().unwrap());
        let paid = if unit > 0 { 0 } else { terms.rates[at] };
        CommissionClause {
            per_unit: Some(amount).filter(|_| unit > 0),
            months: terms.clauses.months[at],
            ..CommissionClause::percent(i32::try_from(at).unwrap(), rate(paid))
        }
    };
    let phases = Phase::ALL.iter().enumerate();
    let mut clauses: Vec<CommissionClause> = phases
        .map(|(at, phase)| CommissionClause {
            phase: Some(*phase),
            ..clause(at)
        })
        .collect();
    if terms.rates[3] > 0 {
        clauses.push(CommissionClause {
            tier: Some(2),
            ..clause(3)
        });
    }
    let left = terms.clauses.else_bps;
    clauses.extend(left.map(|bps| CommissionClause::percent(4, rate(bps))));
    clauses
}

fn line_terms(bps: i32, (minor, units): (i64, u32), share: Share) -> LineTerms {
    LineTerms {
        pay: match minor {
            0 => Pay::Share(rate(bps)),
            minor => Pay::PerUnit { minor, units },
        },
        share: DayShare::new(share.0, share.1),
    }
}

struct Asked {
    prices: Vec<Priced>,
    seats: Quantity,
    discounts: Vec<discounts::Discount>,
    stretch: Stretch,
}

fn asked(charged: &Charged<'_>) -> Asked {
    Asked {
        prices: charged.prices.iter().map(priced).collect(),
        seats: Quantity::new(charged.seats).unwrap(),
        discounts: charged.discounts.iter().map(discount).collect(),
        stretch: Stretch {
            index: charged.index,
            whole: service(charged.whole),
            service: service(charged.served),
            spans: None,
        },
    }
}

fn part(one: Part) -> shared::Part {
    match one {
        Part::Whole => shared::Part::Whole,
        Part::Split { share, carved } => shared::Part::Split {
            share: rate(share),
            carved: rate(carved),
        },
        Part::OnRevenue(bps) => shared::Part::OnRevenue(rate(bps)),
        Part::CarvedOut { bps, of } => shared::Part::CarvedOut {
            rate: rate(bps),
            of: rate(of),
        },
    }
}

fn part_as_told(one: shared::Part) -> Part {
    match one {
        shared::Part::Whole => Part::Whole,
        shared::Part::Split { share, carved } => Part::Split {
            share: share.bps(),
            carved: carved.bps(),
        },
        shared::Part::OnRevenue(rate) => Part::OnRevenue(rate.bps()),
        shared::Part::CarvedOut { rate, of } => Part::CarvedOut {
            bps: rate.bps(),
            of: of.bps(),
        },
    }
}

fn promised(spiff: &Spiff) -> SpiffTerms {
    SpiffTerms {
        from: spiff.from,
        until: spiff.until,
        amount: Amount::new(spiff.minor, "EUR".parse().unwrap()),
        most: spiff.most,
        clawback_days: spiff.days,
        clawback_mode: mode(spiff.is_full),
    }
}

/// The same steps as the engine keeps them.
pub fn volume(bps: i32, steps: &Steps) -> Volume {
    let kind = match steps.how {
        steps::How::Above => VolumeKind::Graduated,
        steps::How::Whole => VolumeKind::Whole,
        steps::How::Faster => VolumeKind::Accelerator,
        steps::How::Cliff => VolumeKind::Cliff,
    };
    let step = |(above_minor, set, _): &(i64, i32, i32)| Step {
        above_minor: *above_minor,
        bps: u32::try_from(*set).unwrap(),
    };
    let all: Vec<Step> = steps.above(bps).iter().map(step).collect();
    let span = match steps.months {
        1 => Counts::Month,
        3 => Counts::Quarter,
        _ => Counts::Year,
    };
    let back = match steps.is_anew {
        true => GivenBack::Reband,
        false => GivenBack::OriginalRate,
    };
    let eur = "EUR".parse().unwrap();
    let volume = Volume::new(kind, eur, &all, rate(bps)).unwrap();
    volume.over(span, back)
}

fn mode(is_full: bool) -> ClawbackMode {
    match is_full {
        true => ClawbackMode::Full,
        false => ClawbackMode::Linear,
    }
}

fn state(money: &Money) -> InvoiceState {
    InvoiceState {
        total_minor: money.total,
        paid_minor: money.paid,
        refunded_minor: money.refunded,
        credited_minor: money.credited,
    }
}

impl Rules for Pure {
    fn opening(
        starts_on: NaiveDate,
        trial_days: u32,
        anchor_day: Option<u32>,
    ) -> (NaiveDate, NaiveDate) {
        let terms = (anchor_day, BillingInterval::Month);
        let opening = sale::opening(starts_on, trial_days, terms).unwrap();
        (opening.charged_from, opening.anchor.on)
    }

    fn period(anchor: NaiveDate, months: u32, index: u32) -> Span {
        let interval = BillingInterval::from_months(months).unwrap();
        let anchor = Anchor {
            on: anchor,
            interval,
        };
        let period = anchor.service_period(index).unwrap();
        Span {
            from: period.from,
            to: period.to,
        }
    }

    fn ahead(charged: &Charged<'_>) -> Vec<(i64, i64)> {
        let asked = asked(charged);
        let ahead = bill::ahead(&asked.prices, asked.seats, &asked.discounts, asked.stretch);
        let pair = |one: bill::Ahead| (one.list_minor, one.off_minor);
        ahead.unwrap().into_iter().map(pair).collect()
    }

    fn once(price: &Price) -> i64 {
        priced(price).once().unwrap()
    }

    fn used(price: &Price, days: Span, events: &[(NaiveDate, i64)]) -> i64 {
        let start = |day: NaiveDate| day.and_hms_opt(0, 0, 0).unwrap();
        let period = UsagePeriod {
            index: 0,
            service: service(days),
            span: meter::Span {
                from: start(days.from),
                to: start(days.to),
            },
            share: held::Share::whole((days.to - days.from).num_days()),
        };
        let event = |(at, (on, units)): (usize, &(NaiveDate, i64))| UsageEvent {
            event_id: at.to_string(),
            at: on.and_hms_opt(10, 0, 0).unwrap(),
            subject: String::new(),
            value: Measure::from_micro(units * 1_000_000),
        };
        let events: Vec<UsageEvent> = events.iter().enumerate().map(event).collect();
        let found = arrears(&priced(price), &[period], &events, &[]).unwrap();
        found[0].open_minor
    }

    fn monthly(charged: &Charged<'_>, months: u32) -> i64 {
        let asked = asked(charged);
        let interval = BillingInterval::from_months(months).unwrap();
        let over = (asked.stretch, interval);
        bill::monthly(&asked.prices, asked.seats, &asked.discounts, over).unwrap()
    }

    fn clause(of: &Case<'_>) -> Option<Earns> {
        let clauses = clauses(of.terms);
        let anchor = Anchor {
            on: of.anchor,
            interval: BillingInterval::from_months(of.months).unwrap(),
        };
        let case = commission::Case {
            phase: phase_of(of.index, anchor, of.terms.term(of.months)),
            tier: Some(if of.is_high { 2 } else { 1 }),
            offering: 1,
            currency: "EUR".parse().unwrap(),
            since: of.since,
            service: service(of.service),
            is_registered: false,
        };
        let clause = clause_for(&clauses, &case)?;
        let terms = clause.terms(&case, 0);
        let window = clause.months.map(|months| Window::months(of.since, months));
        let mut earns = Earns {
            clause: clause.seq.into(),
            rate: clause.rate.bps(),
            unit: clause.per_unit.map_or(0, |amount| amount.minor()),
            until: window.map(|window| window.unwrap().days().to),
            share: (terms.share.days.into(), terms.share.of.into()),
        };
        earns.share = Self::rest_earns(&earns, of.service, of.service, of.whole);
        Some(earns)
    }

    fn rest_earns(earns: &Earns, like: Span, rest: Span, whole: Span) -> Share {
        let terms = line_terms(earns.rate, (earns.unit, 0), earns.share);
        let share = terms.prorated(service(like), service(rest), service(whole));
        (share.days.into(), share.of.into())
    }

    fn tax(net: i64, bps: i32) -> i64 {
        tax_on(net, rate(bps))
    }

    fn unused((span, amount_minor): (Span, i64), credited_minor: i64, on: NaiveDate) -> i64 {
        let segment = ChargeSegment {
            service: service(span),
            span: None,
            amount_minor,
            credited_minor,
        };
        -credit_from(&segment, on).unwrap()
    }

    fn tax_back(charge: &Taxed, net: i64) -> i64 {
        let charge = TaxedCharge {
            net_minor: charge.net,
            tax_minor: charge.tax,
            credited_net_minor: charge.credited_net,
            credited_tax_minor: charge.credited_tax,
        };
        -credit_tax(&charge, -net).unwrap()
    }

    fn pay(amount: i64, open: &[(usize, i64)]) -> (Vec<(usize, i64)>, i64) {
        cash::apply(amount, open)
    }

    fn refund(amount: i64, went: &[(usize, i64)], unused: i64) -> Option<(i64, Vec<(usize, i64)>)> {
        let refund = cash::refund(amount, went, unused).ok()?;
        Some((refund.from_credit_minor, refund.reversed))
    }

    fn dispose(goes: Goes, total: i64, due: i64, kept: i64) -> Option<(i64, i64)> {
        let disposition = match goes {
            Goes::DueThenCredit => Disposition::DueThenCredit,
            Goes::DueThenBack => Disposition::DueThenRefund,
            Goes::Credit => Disposition::Credit,
        };
        disposition.split(total, due, kept).ok()
    }

    fn part_of(amount: i64, whole: Span, rest: Span) -> i64 {
        proration::part_of(amount, service(whole), service(rest))
    }

    fn parts(
        seller: usize,
        beside: Option<(usize, i32)>,
        above: Option<Above>,
    ) -> Vec<(usize, Part)> {
        let id = |who: usize| i64::try_from(who).unwrap();
        let shares: Vec<(i64, Rate)> = beside.map_or(Vec::new(), |(who, bps)| {
            vec![(id(seller), rate(10_000 - bps)), (id(who), rate(bps))]
        });
        let above = above.map(|one| shared::Above {
            who: id(one.who),
            is_carved: one.is_carved,
            rate: rate(one.bps),
        });
        let parts = shared::parts(id(seller), &shares, above).into_iter();
        parts
            .map(|(who, part)| (usize::try_from(who).unwrap(), part_as_told(part)))
            .collect()
    }

    fn stands((bps, steps): (i32, &Steps), items: &[Item]) -> (i64, Vec<(usize, i64)>) {
        let mut course = Course::default();
        for one in items {
            let when = match one.is_late {
                true => When::After(period(one.posted)),
                false => When::Within(period(one.posted)),
            };
            let (top, bottom) = one.exact.parts();
            let of = (Ratio::new(top, bottom).unwrap(), one.amount);
            match one.part {
                Part::CarvedOut { .. } => course.carve(when, i64::try_from(one.who).unwrap(), of),
                _ => course.take(when, part(one.part), of),
            }
            .unwrap();
        }
        let turns = volume(bps, steps).turns(rate(bps), &course).unwrap();
        let last = turns.last().unwrap();
        let shares = last.shares.iter();
        let shares = shares.map(|one| (usize::try_from(one.who).unwrap(), one.stands_minor));
        (last.stands_minor, shares.collect())
    }

    fn accrue(money: &Money, lines: &[Earning]) -> Vec<Vec<(i64, i64, Exact)>> {
        let state = state(money);
        let claim = |one: &super::rules::Claim| shared::Claim {
            who: i64::try_from(one.who).unwrap(),
            part: part(one.part),
            posted_minor: one.posted,
            posted_base_minor: one.posted_base,
        };
        let line = |line: &Earning| {
            let terms = line_terms(line.rate_bps, (line.unit, line.units), line.share);
            let credits = line.credits.iter().map(|(days, net)| DaysCredited {
                service: service(*days),
                net_minor: *net,
            });
            let credits: Vec<DaysCredited> = credits.collect();
            let of = (service(line.service), line.net);
            let earning = EarningLine {
                credited_net_minor: line.credited,
                protected_net_minor: line.protected,
                earning_days: terms.share.of_line(of.0),
                credited_beside: terms.beside(of, &credits).unwrap(),
                ..EarningLine::new(line.net, line.clause, terms)
            };
            (earning, line.claims.iter().map(claim).collect())
        };
        let lines: Vec<(EarningLine, Vec<shared::Claim>)> = lines.iter().map(line).collect();
        let accruals = accrue_claims(&state, &lines).unwrap().into_iter();
        accruals
            .map(|line| {
                line.into_iter()
                    .map(|one| {
                        (
                            one.delta_minor,
                            one.base_minor,
                            Exact::new(one.exact.num(), one.exact.den()),
                        )
                    })
                    .collect()
            })
            .collect()
    }

    fn beyond(cap: i64, earned: i64, before: BeforeCap) -> (i64, i64) {
        let before = bonus::BeforeCap {
            own_minor: before.own,
            carved_minor: before.carved,
            carved: rate(before.carved_bps),
        };
        let beyond = before.beyond(cap, earned);
        (beyond.own_minor, beyond.carved_minor)
    }

    fn freed(cap: i64, entry: i64, before: i64, now: i64) -> i64 {
        bonus::uncapped(cap, entry, before, now).unwrap()
    }

    fn take_back(open: &[(usize, i64)], delta: i64) -> Vec<(usize, i64)> {
        reverse_newest_first(open, delta)
    }

    fn by_weight(total: i64, weights: &[i64]) -> Vec<i64> {
        let weights: Vec<u64> = weights
            .iter()
            .map(|one| u64::try_from(*one).unwrap())
            .collect();
        match allocate(total, &weights) {
            Err(ShareError::NoWeights) => vec![0; weights.len()],
            parts => parts.unwrap(),
        }
    }

    fn matures(paid_on: NaiveDate, hold_days: u32) -> NaiveDate {
        matures_on(paid_on, hold_days)
    }

    fn reversal_matures(on: NaiveDate, original: NaiveDate) -> NaiveDate {
        reversal_matures_on(on, original)
    }

    fn posting(paid_on: NaiveDate, first_open: Month) -> Month {
        number(posting_period(Period::of(paid_on), period(first_open)))
    }

    fn is_due(matures_on: NaiveDate, posted: Month, month: Month) -> bool {
        is_payable(matures_on, period(posted), period(month))
    }

    fn block(does: Does, paid_in: Month, posted: Month) -> usize {
        let kind = match does {
            Does::Earns => EntryKind::Earned,
            Does::Caps => EntryKind::Cap,
            Does::Reverses | Does::Frees => EntryKind::Reversal,
            Does::Adjusts => EntryKind::Adjustment,
            Does::Fills => EntryKind::Guarantee,
            Does::Rewards => EntryKind::Spiff,
            Does::Renews => EntryKind::RenewalBonus,
            Does::ClawsBack => EntryKind::Clawback,
            Does::Steps => EntryKind::Volume,
        };
        match block_of(kind, period(paid_in), period(posted)) {
            LineBlock::Earned => 0,
            LineBlock::PostedLate => 1,
            LineBlock::Reversed => 2,
            LineBlock::Extra => 3,
        }
    }

    fn is_adjustable(month: Month, first_open: Month, now: Month) -> bool {
        unadjustable(period(month), period(first_open), period(now)).is_none()
    }

    fn fill(floor: Floor, (joined, month): (Month, Month), earned: i64) -> i64 {
        let terms = GuaranteeTerms {
            amount: Amount::new(floor.minor, "EUR".parse().unwrap()),
            months: floor.months,
        };
        let place = terms.place(period(joined), period(month));
        place.map_or(0, |_| terms.fill(earned))
    }

    fn reward(spiff: &Spiff, begins: NaiveDate, before: u32) -> i64 {
        let terms = promised(spiff);
        match terms.covers(begins) {
            true => terms.next(before).unwrap(),
            false => 0,
        }
    }

    fn clawed(
        back: &Back,
        (since, ended): (NaiveDate, NaiveDate),
        (left, gone): (i64, i64),
    ) -> i64 {
        let active = u32::try_from((ended - since).num_days()).unwrap_or_default();
        let days = i32::try_from(back.days).unwrap();
        ClawbackTerms::of(days, mode(back.is_full)).map_or(0, |terms| {
            -terms.due((back.minor, left, -gone), active).unwrap()
        })
    }

    fn standing(charged: &Charged<'_>) -> Vec<i64> {
        let asked = asked(charged);
        let each = bill::standing(&asked.prices, asked.seats, &asked.discounts, asked.stretch);
        let each = each.unwrap().into_iter();
        each.map(|one| one.list_minor - one.off_minor).collect()
    }

    fn is_paid(money: &Money) -> bool {
        state(money).collected().unwrap() == Ratio::ONE
    }

    fn renewed(anchor: NaiveDate, months: (u32, u32), day: NaiveDate) -> Option<Renewed> {
        let anchor = Anchor {
            on: anchor,
            interval: BillingInterval::from_months(months.0).unwrap(),
        };
        let index = anchor.index_of(day)?;
        let count = anchor
            .term_begun(index, months.1)
            .filter(|count| *count > 0)?;
        let begins = |count: u32| anchor.index_after(count * months.1).unwrap();
        let starts = |index: u32| anchor.service_period(index).unwrap().from;
        (starts(index) == day).then(|| Renewed {
            count,
            before: starts(begins(count - 1)),
            periods: begins(count + 1) - index,
        })
    }

    fn bonus(terms: &Renewal, before: i64, now: i64) -> i64 {
        let terms = RenewalTerms {
            rate: rate(terms.bps),
            kept_bps: terms.kept_bps,
            clawback: None,
        };
        terms.bonus(before, now)
    }

    fn settle(opening: i64, lines: i64, minimum: i64) -> (i64, i64) {
        let settled = settle(opening, lines, minimum).unwrap();
        assert_eq!(settled.closing_before_payout, opening + lines);
        (settled.payout, settled.closing)
    }

    fn movements(first: Month, customers: &[Vec<i64>]) -> Vec<Movements> {
        let many = customers.first().map_or(0, Vec::len);
        let last = first + i32::try_from(many).unwrap() - 2;
        let history = |revenue: &Vec<i64>| {
            let months = (first - 1..).zip(revenue);
            let mut before = 0;
            let mut changes = Vec::new();
            for (month, now) in months {
                if *now != before {
                    changes.push((period(month), now - before));
                }
                before = *now;
            }
            CustomerHistory::from_changes(&changes).unwrap()
        };
        let histories: Vec<CustomerHistory> = customers.iter().map(history).collect();
        if many < 2 {
            return Vec::new();
        }
        let months = by_month(&histories, (period(first), period(last))).unwrap();
        let row = |one: perennial::domain::metrics::MonthMovements| {
            [
                one.start,
                one.new,
                one.expansion,
                one.reactivation,
                one.contraction,
                one.churn,
                one.end,
                one.customers_start,
                one.customers_lost,
                one.customers_end,
            ]
        };
        months.into_iter().map(row).collect()
    }
}
