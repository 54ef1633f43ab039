//! The cases of the metrics.
use perennial::domain::{
    Period, Rate,
    metrics::{
        Bond, Cadence, Convention, CustomerHistory, MonthMovements, Paid, by_month, cohorts,
        gross_new_bps, monthly_value, project,
    },
};
use serde_json::{Map, Value, json};

use super::{CASES, Input, ints, list};

/// What the rules say to a case of this area; `None` to another.
pub fn answer(id: &str, input: &mut Input) -> Option<Value> {
    Some(match id {
        "K01" => movements(input),
        "K02" => ratios(input),
        "K04" => by_cohort(input),
        "K05" => normalized(input),
        "K06" => worth(input),
        "K08" => simulated(input),
        "K09" => added_every_year(input),
        _ => return None,
    })
}

/// Dollars as the cents that the product reckons in.
const DOLLAR: i64 = 100;

struct DataSet {
    months: (Period, Period),
    customers: Vec<CustomerHistory>,
}

fn data_set(input: &mut Input) -> DataSet {
    let months = input.take("months");
    let months: Vec<Period> = list(&months)
        .iter()
        .map(|month| month.as_str().unwrap().parse().unwrap())
        .collect();
    let mut first_paid = input.part("first_paid_month");
    let mrr = input.part("mrr_dollars_by_customer");
    let customers = mrr.0.iter().map(|(name, ends)| {
        let ends = ints(ends).into_iter().map(|dollars| dollars * DOLLAR);
        CustomerHistory {
            ends: months.iter().copied().zip(ends).collect(),
            first_paid: Some(first_paid.month(name)),
        }
    });
    let customers = customers.collect();
    first_paid.done();
    DataSet {
        months: (months[0], *months.last().unwrap()),
        customers,
    }
}

fn named(input: &mut Input) -> DataSet {
    let id = input.take("dataset");
    let file: Value = serde_json::from_str(CASES).unwrap();
    let case = list(&file["cases"]).iter().find(|case| case["id"] == id);
    data_set(&mut Input::of(&case.unwrap()["input"]))
}

/// The months after the first, which is only where they start from.
fn months_of(set: &DataSet) -> Vec<MonthMovements> {
    by_month(&set.customers, (set.months.0.next(), set.months.1)).unwrap()
}

fn movements(input: &mut Input) -> Value {
    let dollars = |minor: i64| {
        assert_eq!(minor % DOLLAR, 0);
        minor / DOLLAR
    };
    let row = |month: &MonthMovements| {
        json!({
            "month": month.month.to_string(),
            "start": dollars(month.start),
            "new": dollars(month.new),
            "expansion": dollars(month.expansion),
            "contraction": dollars(month.contraction),
            "churn": dollars(month.churn),
            "reactivation": dollars(month.reactivation),
            "end": dollars(month.end),
            "arr": dollars(month.arr().unwrap()),
        })
    };
    months_of(&data_set(input)).iter().map(row).collect()
}

fn ratios(input: &mut Input) -> Value {
    let row = |month: &MonthMovements| {
        json!({
            "month": month.month.to_string(),
            "customers_start": month.customers_start,
            "customers_lost": month.customers_lost,
            "customers_end": month.customers_end,
            "nrr_bps": month.nrr_bps().unwrap(),
            "grr_bps": month.grr_bps().unwrap(),
            "nrr_incl_reactivation_bps": month.nrr_with_reactivation_bps().unwrap(),
            "logo_churn_bps": month.logo_churn_bps().unwrap(),
            "quick_ratio_x10000": month.quick_ratio().unwrap(),
            "arpa_cents": month.arpa().unwrap(),
        })
    };
    months_of(&named(input)).iter().map(row).collect()
}

fn by_cohort(input: &mut Input) -> Value {
    let set = named(input);
    let mut rows = Map::new();
    for cohort in cohorts(&set.customers, set.months).unwrap() {
        let dollars: Vec<i64> = cohort.mrr.iter().map(|minor| minor / DOLLAR).collect();
        let row = json!({
            "customers": cohort.customers,
            "mrr": dollars,
            "revenue_retention_bps": cohort.retention_bps().unwrap(),
            "logos": cohort.logos,
        });
        rows.insert(cohort.since.to_string(), row);
    }
    Value::Object(rows)
}

fn normalized(input: &mut Input) -> Value {
    let monthly = |mut case: Input| {
        let amount = case.int("amount");
        let every = match case.take("interval").as_str().unwrap() {
            "week" => Cadence::Week,
            "month" => Cadence::Months(1),
            "quarter" => Cadence::Months(3),
            "year" => Cadence::Months(12),
            "one_off" => Cadence::Once,
            other => panic!("no cadence {other}"),
        };
        let discount = match case.0.contains_key("discount_bps") {
            true => case.rate("discount_bps"),
            false => Rate::default(),
        };
        // A trial charges nothing.
        let amount = match case.0.remove("status") {
            Some(status) if status == "trialing" => 0,
            Some(status) => panic!("no status {status}"),
            None => amount,
        };
        case.done();
        monthly_value(amount, every, discount).unwrap()
    };
    input
        .parts("subscriptions")
        .into_iter()
        .map(monthly)
        .collect()
}

fn share(value: &Value) -> Rate {
    let typed = value.as_str().unwrap();
    let (whole, part) = typed.split_once('.').unwrap_or((typed, ""));
    let bps = format!("{whole}{part:0<4}");
    Rate::from_bps(bps.parse().unwrap()).unwrap()
}

fn worth(input: &mut Input) -> Value {
    input.given(
        "formula",
        "CLV = sum m*(1-c)^t/(1+d)^t, t=0..n-1 (paid in advance) - CAC",
    );
    let (margin_minor, cac) = (input.int("annual_margin"), input.int("cac"));
    let discount = share(&input.take("discount"));
    let years = u32::try_from(input.int("years")).unwrap();
    let row = |typed: &Value| {
        let bond = Bond {
            margin_minor,
            churn: share(typed),
            discount,
            paid: Paid::InAdvance,
        };
        let value = bond.value(years).unwrap();
        json!({
            "annual_churn": typed,
            "npv_3y": value,
            "npv_infinite": bond.perpetual().unwrap(),
            "clv_3y_after_cac": value - cac,
        })
    };
    list(&input.take("churn")).iter().map(row).collect()
}

fn simulated(input: &mut Input) -> Value {
    let start = input.int("customers") * input.int("price");
    let growth = share(&input.take("growth_per_year"));
    let years = u32::try_from(input.int("years")).unwrap();
    let churns = input.take("churn_per_year");
    let answer = |convention: Convention| {
        let (mut by_year, mut lower) = (Map::new(), Map::new());
        let of = |churn| project(convention, (growth, churn), years).unwrap();
        let without = of(Rate::default());
        for churn in list(&churns).iter().map(share) {
            let name = churn.to_string().replace(' ', "");
            let projection = of(churn);
            by_year.insert(name.clone(), projection.amounts(start).unwrap().into());
            if churn.bps() > 0 {
                lower.insert(name, projection.lower_by_bps(&without).unwrap().into());
            }
        }
        json!({ "mrr_by_year": by_year, "lower_by_bps": lower })
    };
    json!({
        "annual_net": answer(Convention::YEARLY_NET),
        "annual_multiplicative": answer(Convention::YEARLY_SURVIVAL),
        "quarterly_nominal_net": answer(Convention::QUARTERLY),
    })
}

fn added_every_year(input: &mut Input) -> Value {
    input.given("also", "gross sales needed");
    let customers = input.int("customers");
    let growth =
        Rate::from_bps(i32::try_from(input.int("adds_per_year") * 10_000 / customers).unwrap());
    let growth = growth.unwrap();
    let churn = share(&input.take("churn_after_adds"));
    let years = u32::try_from(input.int("years")).unwrap();
    let of = |churn| project(Convention::Linear, (growth, churn), years).unwrap();
    let (with, without) = (of(churn), of(Rate::default()));
    let told = |tenths: i64| match tenths % 10 {
        0 => (tenths / 10).to_string(),
        part => format!("{}.{part}", tenths / 10),
    };
    let by_year = with.amounts(customers * 10).unwrap();
    let target = share(&input.take("growth_target"));
    json!({
        "customers": by_year[1..].iter().copied().map(told).collect::<Vec<_>>(),
        "no_churn": without.amounts(customers).unwrap().last(),
        "lower_by_bps": with.lower_by_bps(&without).unwrap(),
        "gross_new_needed_bps_of_base": gross_new_bps(target, share(&input.take("churn"))),
    })
}
