//! Cases of money, time, pricing and proration beyond the plainest.
use chrono::{NaiveDate, NaiveDateTime};
use perennial::domain::{
    Aggregation, Anchor, Band, Bands, BillingInterval, Discount, Measure, Meter, Money, Price,
    Quantity, Ratio, Scale, ServicePeriod, UnitPrice, Zone,
    discount::{Off, taken_off},
    meter::{Span, UsageEvent, used},
    payable::FxRate,
    price::{Outcome, Retainer},
    proration::{charge_for, part_of, part_of_span},
    sale::{VersionDates, opening, true_up, version_for},
};
use serde_json::{Map, Value, json};

use super::{Input, change, charged, date, list, quantity, told};

/// The answer to a case of these areas; nothing for one of another.
pub fn answer(id: &str, input: &mut Input) -> Option<Value> {
    Some(match id {
        "M05" => converted(input),
        "T03" => period_utc(input),
        "P01" => priced(input),
        "P02" | "P04" => tiered(input),
        "P03" => cliff(input),
        "P06" => at_zero(input),
        "P07" => packages(input),
        "P08" => aggregated(input),
        "P09" => retained(input),
        "P11" => succeeded(input),
        "P12" => discounted(input),
        "P14" => committed(input),
        "P15" => grandfathered(input),
        "P16" => tried(input),
        "R01" => changed(input),
        "R07" => paused(input),
        "R08" => backdated(input),
        "R09" => together(input),
        _ => return None,
    })
}

/// A number or a text of minor units, as a unit price.
fn unit(minor: &Value) -> UnitPrice {
    let text = minor
        .as_str()
        .map_or_else(|| minor.to_string(), str::to_owned);
    let minor: Measure = text.parse().unwrap();
    UnitPrice::from_micro(minor.micro()).unwrap()
}

fn measure(value: &Value) -> Measure {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    text.parse().unwrap()
}

fn instant(value: &Value) -> NaiveDateTime {
    let text = value.as_str().unwrap().strip_suffix('Z').unwrap();
    text.parse().unwrap()
}

fn span(value: &Value) -> Span {
    Span {
        from: instant(&value[0]),
        to: instant(&value[1]),
    }
}

fn rounded(exact: Ratio) -> i64 {
    exact.round().unwrap()
}

fn converted(input: &mut Input) -> Value {
    input.given("op", "convert");
    let convert = |mut case: Input| {
        let currency = |code: Value| code.as_str().unwrap().parse().unwrap();
        let from: perennial::domain::Currency = currency(case.take("from"));
        let to: perennial::domain::Currency = currency(case.take("to"));
        case.given("from_exp", from.exponent());
        case.given("to_exp", to.exponent());
        let rate: FxRate = case.take("rate").as_str().unwrap().parse().unwrap();
        let amount = Money::new(case.int("minor"), from);
        case.done();
        rate.convert(amount, to).unwrap().minor()
    };
    input.parts("cases").into_iter().map(convert).collect()
}

fn period_utc(input: &mut Input) -> Value {
    input.given("op", "period_utc");
    let zone: Zone = input.take("tz").as_str().unwrap().parse().unwrap();
    let (from, to) = (input.date("start_local"), input.date("end_local"));
    let span = Span {
        from: zone.start_of(from),
        to: zone.start_of(to),
    };
    json!({
        "start_utc": format!("{}Z", span.from.format("%Y-%m-%dT%H:%M:%S")),
        "end_utc": format!("{}Z", span.to.format("%Y-%m-%dT%H:%M:%S")),
        "seconds": span.seconds(),
        "days": ServicePeriod { from, to }.days(),
    })
}

fn priced(input: &mut Input) -> Value {
    let (mut flat, mut seats) = (input.part("flat"), input.part("per_seat"));
    let mut setup = input.part("with_setup");
    let flat_price = Price::Flat(unit(&flat.take("amount")));
    let seat_price = Price::per_seat(unit(&seats.take("unit_price")));
    let per_period = flat_price.for_period(Quantity::ONE).unwrap();
    let units = quantity(seats.int("quantity"));
    let recurring = Price::Flat(unit(&setup.take("recurring")));
    let once = Price::OneOff(unit(&setup.take("setup")));
    let ahead = recurring.for_period(Quantity::ONE).unwrap();
    let periods = setup.int("periods");
    let first = |n| if n == 0 { once.once().unwrap() } else { 0 };
    let invoices: Vec<i64> = (0..periods).map(|n| ahead + first(n)).collect();
    // What a price earns on by default is what comes back.
    let earns =
        |n| ahead * i64::from(recurring.is_recurring()) + first(n) * i64::from(once.is_recurring());
    let answer = json!({
        "flat_total": per_period * flat.int("periods"),
        "per_seat": seat_price.for_period(units).unwrap(),
        "setup_invoices": invoices,
        "setup_mrr": ahead + once.for_period(Quantity::ONE).unwrap(),
        "setup_commissionable": (0..periods).map(earns).collect::<Vec<_>>(),
    });
    flat.done();
    seats.done();
    setup.done();
    answer
}

fn bands(input: &mut Input, flat_at_zero: bool) -> Bands {
    let band = |mut row: Input| {
        let up_to = row.take("up_to");
        let band = Band {
            up_to: (!up_to.is_null()).then(|| measure(&up_to)),
            unit: unit(&row.take("unit_price")),
            flat_minor: row.int("flat"),
        };
        row.done();
        band
    };
    let bands = input.parts("tiers").into_iter().map(band).collect();
    Bands::new(bands, flat_at_zero).unwrap()
}

fn scale(model: &str, bands: Bands) -> Scale {
    match model {
        "tiered_graduated" => Scale::Graduated(bands),
        "tiered_volume" => Scale::Volume(bands),
        other => panic!("no model {other}"),
    }
}

fn cost(scale: &Scale, quantity: Measure) -> i64 {
    rounded(scale.of(quantity.exact()).unwrap())
}

fn tiered(input: &mut Input) -> Value {
    let bands = bands(input, true);
    let one = input.0.remove("quantity");
    let many = input.0.remove("quantities");
    let mut answer = Map::new();
    for model in list(&input.take("models")) {
        let model = model.as_str().unwrap();
        let scale = scale(model, bands.clone());
        let costs = match (&one, &many) {
            (Some(one), _) => cost(&scale, measure(one)).into(),
            (_, Some(many)) => list(many)
                .iter()
                .map(|q| cost(&scale, measure(q)))
                .collect(),
            _ => panic!("no quantity"),
        };
        answer.insert(model.to_owned(), costs);
    }
    answer.into()
}

fn cliff(input: &mut Input) -> Value {
    input.given("model", "tiered_volume");
    let scale = Scale::Volume(bands(input, true));
    let quantities = input.take("quantities");
    let costs: Vec<i64> = list(&quantities)
        .iter()
        .map(|q| cost(&scale, measure(q)))
        .collect();
    let cliffs = scale.cliffs();
    assert_eq!(
        (cliffs[0].costs_minor, cliffs[0].next_minor),
        (costs[0], costs[1])
    );
    costs.into()
}

fn at_zero(input: &mut Input) -> Value {
    let tiers = input.take("tiers");
    let quantity = measure(&input.take("quantity"));
    let mut answer = Map::new();
    let settings = input.take("flat_fee_at_zero");
    for model in ["tiered_graduated", "tiered_volume"] {
        let costs = list(&settings).iter().map(|setting| {
            let mut again = Input::of(&json!({ "tiers": tiers }));
            let bands = bands(&mut again, setting.as_bool().unwrap());
            cost(&scale(model, bands), quantity)
        });
        answer.insert(model.to_owned(), costs.collect());
    }
    answer.into()
}

fn packages(input: &mut Input) -> Value {
    input.given("model", "package");
    let scale = Scale::Package {
        unit: unit(&input.take("package_price")),
        size: measure(&input.take("package_size")),
        free: measure(&input.take("free_units")),
    };
    let quantities = input.take("quantities");
    list(&quantities)
        .iter()
        .map(|q| cost(&scale, measure(q)))
        .collect()
}

fn aggregated(input: &mut Input) -> Value {
    input.given("model", "usage");
    let span = span(&input.take("period"));
    let price = unit(&input.take("unit_price"));
    let event = |mut row: Input| {
        let event = UsageEvent {
            event_id: row.take("event_id").as_str().unwrap().to_owned(),
            at: instant(&row.take("at")),
            subject: row.take("user").as_str().unwrap().to_owned(),
            value: measure(&row.take("value")),
        };
        row.done();
        event
    };
    let events: Vec<UsageEvent> = input.parts("events").into_iter().map(event).collect();
    let (mut quantities, mut amounts) = (Map::new(), Map::new());
    for how in Aggregation::ALL {
        if *how == Aggregation::TimeWeighted {
            continue;
        }
        let quantity = used(*how, span, &events).unwrap();
        let meter = Meter {
            code: "meter".parse().unwrap(),
            aggregation: *how,
        };
        let metered = Price::Metered(meter, Scale::Unit(price));
        let amount = metered.for_usage(quantity, Ratio::ZERO).unwrap().overage;
        let shown = Measure::nearest(quantity)
            .unwrap()
            .to_string()
            .replace(',', "");
        quantities.insert(how.code().to_owned(), shown.into());
        amounts.insert(how.code().to_owned(), rounded(amount).into());
    }
    json!({ "quantity": quantities, "amount": amounts })
}

fn retained(input: &mut Input) -> Value {
    input.given("model", "retainer");
    let retainer = Retainer {
        fee: unit(&input.take("fee")),
        included: measure(&input.take("included_hours")),
        overage: unit(&input.take("overage_per_hour")),
        rollover_cap: Measure::ZERO,
    };
    let used = measure(&input.take("used_hours")).exact();
    let settled = retainer.settle(used, Ratio::ZERO).unwrap();
    let fee = retainer.fee.of(Ratio::ONE).unwrap();
    json!(rounded(fee) + rounded(settled.overage))
}

fn succeeded(input: &mut Input) -> Value {
    input.given("model", "outcome");
    let outcome = Outcome {
        base: unit(&input.take("base_fee")),
        baseline: measure(&input.take("baseline")),
        fee: unit(&input.take("fee_per_outcome")),
        cap_minor: Some(input.int("outcome_fee_cap")),
    };
    let base = rounded(outcome.base.of(Ratio::ONE).unwrap());
    let verified = input.take("verified_outcomes");
    let fee =
        |verified: &Value| base + rounded(outcome.fee_for(measure(verified).exact()).unwrap());
    list(&verified).iter().map(fee).collect()
}

fn discounted(input: &mut Input) -> Value {
    let amount = input.int("amount");
    let (mut percent, mut fixed) = (None, None);
    for mut one in input.parts("discounts") {
        match one.0.contains_key("fixed") {
            true => fixed = Some(Off::Fixed(one.int("fixed"))),
            false => percent = Some(Off::Percent(one.rate("percent_bps"))),
        }
        one.done();
    }
    let discount = |off: Off, priority| Discount {
        off,
        priority,
        from_period: 0,
        periods: None,
    };
    let mut answer = Map::new();
    for order in list(&input.take("orders")) {
        // By default a percentage goes first; a priority turns them round.
        let priority = match order.as_str().unwrap() {
            "percent_then_fixed" => 0,
            "fixed_then_percent" => 1,
            other => panic!("no order {other}"),
        };
        let both = [
            discount(fixed.unwrap(), 0),
            discount(percent.unwrap(), priority),
        ];
        let left = amount - taken_off(amount, both, Ratio::ONE).unwrap();
        answer.insert(order.as_str().unwrap().to_owned(), left.into());
    }
    answer.into()
}

fn days(from: NaiveDate, days: i64) -> ServicePeriod {
    ServicePeriod {
        from,
        to: from + chrono::TimeDelta::days(days),
    }
}

fn committed(input: &mut Input) -> Value {
    let from = date(&json!("2027-06-01"));
    let minimum = input.int("minimum_per_period");
    let lines = input.ints("lines");
    let whole = days(from, input.int("full_days"));
    let owed = |active: i64| true_up(minimum, (whole, days(from, active)), &lines).unwrap();
    let owed: Vec<i64> = input.ints("active_days").into_iter().map(owed).collect();
    json!({ "true_up": owed })
}

fn grandfathered(input: &mut Input) -> Value {
    let (mut versions, mut amounts) = (Vec::new(), Vec::new());
    for (mut row, number) in input.parts("price_versions").into_iter().zip(1..) {
        row.given("v", number);
        amounts.push(row.int("amount"));
        let existing_from = row.0.remove("existing_from");
        versions.push(VersionDates {
            new_from: row.date("new_from"),
            existing_from: existing_from.map(|on| date(&on)),
        });
        row.done();
    }
    let invoices = |mut subscription: Input| -> Value {
        let sold_on = subscription.date("start");
        let dates = subscription.take("invoice_dates");
        subscription.done();
        let amount = |on: &Value| amounts[version_for(&versions, sold_on, date(on)).unwrap()];
        list(&dates).iter().map(amount).collect()
    };
    input
        .parts("subscriptions")
        .into_iter()
        .map(invoices)
        .collect()
}

fn tried(input: &mut Input) -> Value {
    let trial = u32::try_from(input.int("trial_days")).unwrap();
    let day = u32::try_from(input.int("anchor_day")).unwrap();
    let terms = (Some(day), BillingInterval::Month);
    let opening = opening(input.date("start"), trial, terms).unwrap();
    let (stub, whole) = opening.first_period().unwrap();
    json!({
        "trial_end": opening.charged_from.to_string(),
        "stub": {
            "from": stub.from.to_string(),
            "to": stub.to.to_string(),
            "days": stub.days(),
            "of": whole.days(),
            "amount": part_of(input.int("amount"), whole, stub),
        },
        "next_full_from": opening.anchor.start(1).unwrap().to_string(),
    })
}

fn changed(input: &mut Input) -> Value {
    let (old, new) = (input.int("old"), input.int("new"));
    let one = |mut case: Input| {
        let unit = case.take("unit");
        let net = match unit.as_str().unwrap() {
            "day" => change(case.service("period"), case.date("change"), old, new),
            "second" => {
                let whole = span(&case.take("period"));
                let rest = whole.rest_from(instant(&case.take("change")));
                let part = |amount| part_of_span(amount, whole, rest);
                (-part(old), part(new))
            }
            other => panic!("no unit {other}"),
        };
        case.done();
        told(net)
    };
    input.parts("cases").into_iter().map(one).collect()
}

fn paused(input: &mut Input) -> Value {
    input.given("anchor", "unchanged");
    let (period, amount) = (input.service("period"), input.int("amount"));
    let (from, until) = (input.date("pause"), input.date("resume"));
    let segment = charged(period, amount);
    let credit = perennial::domain::proration::credit_from(&segment, from).unwrap();
    let charge = charge_for(amount, period, until);
    // What is served before the pause ends before what is charged after it begins.
    assert!(segment.service.until(from).to <= period.rest_from(until).from);
    json!({ "pause_credit": credit, "resume_charge": charge, "net": credit + charge })
}

fn backdated(input: &mut Input) -> Value {
    let (effective, recorded) = (input.date("effective"), input.date("recorded"));
    let (old, new) = (input.int("old"), input.int("new"));
    let anchor = Anchor {
        on: date(&json!("2027-06-01")),
        interval: BillingInterval::Month,
    };
    let (mut adjustments, mut net) = (Vec::new(), 0);
    for (row, index) in list(&input.take("invoiced")).iter().zip(0..) {
        let period = anchor.service_period(index).unwrap();
        assert_eq!((period.from, period.to), (date(&row[0]), date(&row[1])));
        assert!(period.from <= recorded);
        let (credit, charge) = change(period, effective.max(period.from), old, new);
        net += credit + charge;
        let month = period.from.format("%Y-%m").to_string();
        adjustments.push(json!({ "period": month, "credit": credit, "charge": charge }));
    }
    // The adjustment is made of new lines alone: what was issued is an input only.
    json!({ "adjustments": adjustments, "net": net, "issued_invoices_changed": 0 })
}

fn together(input: &mut Input) -> Value {
    let stub = |mut case: Input| {
        let (amount, from) = (case.int("amount"), case.date("from"));
        let amount = match case.0.contains_key("anchor_period") {
            true => charge_for(amount, case.service("anchor_period"), from),
            false => {
                let to = case.date("to");
                part_of(
                    amount,
                    case.service("own_period"),
                    ServicePeriod { from, to },
                )
            }
        };
        case.done();
        amount
    };
    input.parts("cotermination").into_iter().map(stub).collect()
}
