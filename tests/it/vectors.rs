//! Worked cases of the revenue engine, to the cent.
//!
//! Each case is answered by the product's own rules and compared whole, order
//! included. A key of a case that its answer does not read fails the test.
#![expect(clippy::unwrap_used, reason = "a case that cannot be read has failed")]

mod metrics;
mod pricing;
mod sla;

use chrono::NaiveDate;
use perennial::domain::{
    Anchor, BillingInterval, ChargeSegment, CommissionClause, Money, Period, Phase, Price,
    Quantity, Rate, Ratio, ServicePeriod, UnitPrice,
    commission::{
        Case, EarningLine, EntryKind, InvoiceState, LineTerms, accrue, clause_for, clause_problems,
        matures_on, posting_period, window::DayShare,
    },
    proration::{TaxedCharge, charge_for, credit_from, credit_tax},
    shares::allocate,
    statement::{LineBlock, block_of, is_payable, settle},
    subscription::phase_of,
};
use serde_json::{Map, Value, json};

mod commission;

const CASES: &str = include_str!("../vectors/engine.json");

#[test]
fn every_worked_case_comes_out_to_the_cent() {
    let file: Value = serde_json::from_str(CASES).unwrap();
    for case in list(&file["cases"]) {
        let id = case["id"].as_str().unwrap();
        let mut input = Input::of(&case["input"]);
        let answer = answer(id, &mut input);
        assert_eq!(answer, case["expected"], "{id}: {}", case["note"]);
        assert!(input.0.is_empty(), "{id}: nobody read {:?}", input.0);
    }
}

#[test]
fn a_key_that_nobody_reads_is_noticed() {
    let mut input = Input::of(&json!({ "op": "allocate", "weights": [1], "totals": [1], "by": 2 }));
    answer("M02", &mut input);
    assert_eq!(input.0.len(), 1);
}

fn answer(id: &str, input: &mut Input) -> Value {
    match id {
        "M01" => rounded(input),
        "M02" => allocated(input),
        "M04" => percent(input),
        "T01" => period_starts(input),
        "R02" => changed_once(input),
        "R03" => seats_changed(input),
        "R06" => canceled(input),
        "C01" => earned_on_net(input),
        "C03" => phased(input),
        "C11" => paid_in_parts(input),
        "C13" => refunded_in_parts(input),
        "B01" => balances(input),
        "B02" => held(input),
        "L01" => late(input),
        "L02" => repeated(input),
        _ => metrics::answer(id, input)
            .or_else(|| pricing::answer(id, input))
            .or_else(|| sla::answer(id, input))
            .or_else(|| commission::answer(id, input))
            .unwrap_or_else(|| panic!("{id}: no rule answers this case")),
    }
}

/// A case's input, of which every key has to be taken.
struct Input(Map<String, Value>);

impl Input {
    fn of(value: &Value) -> Self {
        Self(value.as_object().unwrap().clone())
    }

    fn take(&mut self, key: &str) -> Value {
        self.0.remove(key).unwrap_or_else(|| panic!("no {key}"))
    }

    fn part(&mut self, key: &str) -> Self {
        Self::of(&self.take(key))
    }

    fn parts(&mut self, key: &str) -> Vec<Self> {
        list(&self.take(key)).iter().map(Self::of).collect()
    }

    fn int(&mut self, key: &str) -> i64 {
        self.take(key).as_i64().unwrap()
    }

    fn ints(&mut self, key: &str) -> Vec<i64> {
        ints(&self.take(key))
    }

    fn rate(&mut self, key: &str) -> Rate {
        Rate::from_bps(i32::try_from(self.int(key)).unwrap()).unwrap()
    }

    fn date(&mut self, key: &str) -> NaiveDate {
        date(&self.take(key))
    }

    fn month(&mut self, key: &str) -> Period {
        self.take(key).as_str().unwrap().parse().unwrap()
    }

    fn service(&mut self, key: &str) -> ServicePeriod {
        let days = self.take(key);
        let (from, to) = (date(&days[0]), date(&days[1]));
        ServicePeriod { from, to }
    }

    /// Takes a setting that must stand just so for the rules to apply.
    fn given(&mut self, key: &str, expected: impl Into<Value>) {
        assert_eq!(self.take(key), expected.into(), "{key}");
    }

    fn done(&self) {
        assert!(self.0.is_empty(), "nobody read {:?}", self.0);
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn ints(value: &Value) -> Vec<i64> {
    let ints = list(value).iter().map(Value::as_i64);
    ints.collect::<Option<_>>().unwrap()
}

fn date(value: &Value) -> NaiveDate {
    value.as_str().unwrap().parse().unwrap()
}

fn rounded(input: &mut Input) -> Value {
    input.given("op", "round_half_away");
    let values = input.take("values_minor");
    let round = |value: &Value| {
        let text = value.as_str().unwrap();
        let places = text.split_once('.').map_or(0, |(_, part)| part.len());
        let num = text.replace('.', "").parse().unwrap();
        let den = 10_i128.pow(u32::try_from(places).unwrap());
        Ratio::new(num, den).unwrap().round().unwrap()
    };
    list(&values).iter().map(round).collect()
}

fn allocated(input: &mut Input) -> Value {
    input.given("op", "allocate");
    let weights = input.ints("weights");
    let weights: Vec<u64> = weights.into_iter().map(|w| w.try_into().unwrap()).collect();
    let totals = input.ints("totals");
    totals
        .into_iter()
        .map(|total| allocate(total, &weights).unwrap())
        .collect()
}

fn percent(input: &mut Input) -> Value {
    input.given("op", "percent");
    let rate = input.rate("rate_bps");
    let mut shares = Vec::new();
    for mut amount in input.parts("amounts") {
        let currency = amount.take("ccy").as_str().unwrap().parse().unwrap();
        let share = Money::new(rate.of(amount.int("minor")), currency);
        amount.given("exponent", currency.exponent());
        amount.done();
        shares.push(share);
    }
    json!({
        "minor": shares.iter().map(|share| share.minor()).collect::<Vec<_>>(),
        "display": shares.iter().map(|share| share.figure()).collect::<Vec<_>>(),
    })
}

fn period_starts(input: &mut Input) -> Value {
    input.given("op", "period_starts");
    let starts = |mut case: Input| -> Value {
        // Every period starts where some month counted from the anchor does.
        let months = u32::try_from(case.int("months")).unwrap();
        let anchor = Anchor {
            on: case.date("anchor"),
            interval: BillingInterval::Month,
        };
        let count = u32::try_from(case.int("n")).unwrap();
        case.done();
        (0..count)
            .map(|k| anchor.start(k * months).unwrap().to_string())
            .collect()
    };
    input.parts("cases").into_iter().map(starts).collect()
}

fn seat(unit_minor: i64) -> Price {
    Price::per_seat(UnitPrice::from_micro(unit_minor * 1_000_000).unwrap())
}

fn quantity(units: i64) -> Quantity {
    Quantity::new(u32::try_from(units).unwrap()).unwrap()
}

fn charged(service: ServicePeriod, amount_minor: i64) -> ChargeSegment {
    ChargeSegment {
        service,
        span: None,
        amount_minor,
        credited_minor: 0,
    }
}

/// A change inside a period: the unused part of the old charge, and the new.
fn change(period: ServicePeriod, on: NaiveDate, old: i64, new: i64) -> (i64, i64) {
    let credit = credit_from(&charged(period, old), on).unwrap();
    (credit, charge_for(new, period, on))
}

fn told((credit, charge): (i64, i64)) -> Value {
    json!({ "credit": credit, "charge": charge, "net": credit + charge })
}

fn changed_once(input: &mut Input) -> Value {
    input.given("unit", "day");
    let (period, on) = (input.service("period"), input.date("change"));
    told(change(period, on, input.int("old"), input.int("new")))
}

fn seats_changed(input: &mut Input) -> Value {
    input.given("unit", "day");
    let (period, on) = (input.service("period"), input.date("change"));
    let seat = seat(input.int("unit_price"));
    let mut cost = |key| seat.for_period(quantity(input.int(key))).unwrap();
    let mut answer = told(change(period, on, cost("qty_from"), cost("qty_to")));
    answer["days"] = period.rest_from(on).days().into();
    answer
}

fn canceled(input: &mut Input) -> Value {
    input.given("cancel", "immediate");
    let from = date(&json!("2027-06-01"));
    let service = ServicePeriod {
        from,
        to: matures_on(from, u32::try_from(input.int("period_days")).unwrap()),
    };
    let remaining = chrono::TimeDelta::days(input.int("remaining_days"));
    let (net_minor, tax_minor) = (input.int("line_net"), input.int("line_tax"));
    input.given("tax_bps", 2_000);
    let net = credit_from(&charged(service, net_minor), service.to - remaining).unwrap();
    let line = TaxedCharge {
        net_minor,
        tax_minor,
        credited_net_minor: 0,
        credited_tax_minor: 0,
    };
    let tax = credit_tax(&line, net).unwrap();
    json!({ "credit_net": net, "credit_tax": tax, "credit_total": net + tax })
}

fn earning(net_minor: i64, rate: Rate) -> EarningLine {
    EarningLine {
        net_minor,
        credited_net_minor: 0,
        protected_net_minor: 0,
        credited_beside: Ratio::ZERO,
        earning_days: DayShare::WHOLE,
        clause: 1,
        terms: LineTerms::share_of(rate),
        posted_minor: 0,
        posted_base_minor: 0,
    }
}

/// Posts what a line's commission changes by, and gives it.
fn post(state: &InvoiceState, line: &mut EarningLine) -> i64 {
    let accrual = accrue(state, &[*line]).unwrap()[0];
    line.posted_minor += accrual.delta_minor;
    line.posted_base_minor += accrual.base_minor;
    accrual.delta_minor
}

fn paid_in_full(total_minor: i64) -> InvoiceState {
    InvoiceState {
        total_minor,
        paid_minor: total_minor,
        ..InvoiceState::default()
    }
}

fn earned_on_net(input: &mut Input) -> Value {
    input.given("base_rule", "net");
    input.given("setup_commissionable", false);
    let list = input.int("list");
    let net = list - input.rate("discount_bps").of(list);
    let billed = net + input.int("setup_fee");
    let total = billed + input.rate("tax_bps").of(billed);
    let mut line = earning(net, input.rate("rate_bps"));
    let commission = post(&paid_in_full(total), &mut line);
    json!({ "commissionable": line.posted_base_minor, "commission": commission })
}

fn phased(input: &mut Input) -> Value {
    input.given("plan", "phased");
    let amount = input.int("period_amount");
    let anchor = Anchor {
        on: date(&json!("2027-01-31")),
        interval: BillingInterval::Month,
    };
    let mut ranges = Vec::new();
    let mut clauses = Vec::new();
    for ((mut phase, &named), seq) in input.parts("phases").into_iter().zip(Phase::ALL).zip(1..) {
        ranges.push(phase.take("periods"));
        clauses.push(CommissionClause {
            phase: Some(named),
            ..CommissionClause::percent(seq, phase.rate("rate_bps"))
        });
        phase.done();
    }
    assert!(clause_problems(&clauses).is_empty());
    let mut per_phase = vec![0; clauses.len()];
    for number in 1..=input.int("periods_billed") {
        let phase = phase_of(u32::try_from(number - 1).unwrap(), anchor, 12);
        let case = case_of(anchor, u32::try_from(number - 1).unwrap(), None);
        let clause = clause_for(&clauses, &Case { phase, ..case }).unwrap();
        let place = usize::try_from(clause.seq - 1).unwrap();
        let (first, last) = (ranges[place][0].as_i64(), ranges[place][1].as_i64());
        assert!(first.unwrap() <= number && number <= last.unwrap_or(i64::MAX));
        per_phase[place] += post(&paid_in_full(amount), &mut earning(amount, clause.rate));
    }
    json!({ "per_phase": per_phase, "total": per_phase.iter().sum::<i64>() })
}

/// Period `k` of a subscription in euros, for a partner of a tier.
fn case_of(anchor: Anchor, k: u32, tier: Option<i64>) -> Case {
    Case {
        phase: phase_of(k, anchor, 12),
        tier,
        offering: 1,
        currency: "EUR".parse().unwrap(),
        since: anchor.on,
        service: anchor.service_period(k).unwrap(),
        is_registered: false,
    }
}

fn paid_in_parts(input: &mut Input) -> Value {
    input.given("trigger", "payment");
    let net = input.int("invoice_net");
    let mut line = earning(net, input.rate("rate_bps"));
    let mut state = InvoiceState {
        total_minor: net + input.int("invoice_tax"),
        ..InvoiceState::default()
    };
    let pay = |amount| {
        state.paid_minor += amount;
        post(&state, &mut line)
    };
    input.ints("payments").into_iter().map(pay).collect()
}

fn refunded_in_parts(input: &mut Input) -> Value {
    let base = input.int("base");
    let mut line = earning(base, input.rate("rate_bps"));
    let mut state = paid_in_full(base);
    let accrued = post(&state, &mut line);
    let refund = |amount| {
        state.refunded_minor += amount;
        post(&state, &mut line)
    };
    let reversals: Vec<i64> = input.ints("refunds").into_iter().map(refund).collect();
    json!({ "accrued": accrued, "reversals": reversals })
}

fn balances(input: &mut Input) -> Value {
    let months = |mut case: Input| -> Value {
        let minimum = case.int("min_payout");
        let months = case.take("months");
        case.done();
        let mut opening = 0;
        let month = |lines: &Value| {
            let net = ints(lines).iter().sum();
            let settlement = settle(opening, net, minimum).unwrap();
            let row = json!({
                "opening": opening,
                "net": net,
                "closing_before_payout": settlement.closing_before_payout,
                "payout": settlement.payout,
            });
            opening = settlement.closing;
            row
        };
        list(&months).iter().map(month).collect()
    };
    input.parts("cases").into_iter().map(months).collect()
}

fn held(input: &mut Input) -> Value {
    let hold_days = u32::try_from(input.int("hold_days")).unwrap();
    let close = input.date("close");
    let month = Period::of(close);
    assert_eq!(month.last_day(), close);
    let (mut matures, mut eligible, mut pending) = (Vec::new(), 0, 0);
    for mut entry in input.parts("entries") {
        let paid_on = entry.date("paid_at");
        let matures_on = matures_on(paid_on, hold_days);
        matures.push(matures_on.to_string());
        let balance = if is_payable(matures_on, Period::of(paid_on), month) {
            &mut eligible
        } else {
            &mut pending
        };
        *balance += entry.int("amount");
        entry.done();
    }
    json!({ "matures": matures, "eligible_at_close": eligible, "pending_at_close": pending })
}

fn late(input: &mut Input) -> Value {
    let (mut closed, mut late) = (input.part("closed"), input.part("late_invoice"));
    closed.given("sha256_before", "H");
    let (march, open) = (closed.month("period"), input.month("open"));
    let earned = late.month("earned_period");
    let posted = posting_period(earned, open);
    let base = late.int("base");
    let amount = post(
        &paid_in_full(base),
        &mut earning(base, late.rate("rate_bps")),
    );
    // What March's statements hold: the amounts, told apart by posting month.
    let entries = [(march, closed.int("total")), (posted, amount)];
    let in_march = |entries: &[(Period, i64)]| -> Vec<i64> {
        let entries = entries.iter();
        let held = entries.filter(|(posted, _)| is_payable(march.last_day(), *posted, march));
        held.map(|(_, amount)| *amount).collect()
    };
    let kind = match block_of(EntryKind::Earned, earned, posted) {
        LineBlock::PostedLate => "late",
        other => other.code(),
    };
    closed.done();
    late.done();
    json!({
        "march_total": in_march(&entries).iter().sum::<i64>(),
        "march_hash_unchanged": in_march(&entries) == in_march(&entries[..1]),
        "april_entry": {
            "amount": amount,
            "earned_period": earned.to_string(),
            "posting_period": posted.to_string(),
            "kind": kind,
        },
    })
}

fn repeated(input: &mut Input) -> Value {
    input.given("run", "accrue");
    input.given("invoice", "INV-1");
    let base = input.int("base");
    let mut line = earning(base, input.rate("rate_bps"));
    let runs: Vec<i64> = (0..input.int("times"))
        .map(|_| post(&paid_in_full(base), &mut line))
        .collect();
    json!({
        "entries": runs.iter().filter(|&&delta| delta != 0).count(),
        "total": line.posted_minor,
        "second_run_inserts": usize::from(runs[1] != 0),
    })
}
