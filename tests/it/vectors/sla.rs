//! The cases of the service levels.
use std::collections::BTreeSet;

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};
use perennial::domain::{
    Rate, Zone,
    proration::tax_on,
    sla::{
        Band, BusinessHours, Liable, Maintenance, MonthOfService, Span, availability,
        counted_seconds, credit_minor, effect_on_commission, missed_band, total_credit,
    },
};
use serde_json::{Value, json};

use super::{Input, date, list};

/// What the rules say to a case of this area; `None` to another.
pub fn answer(id: &str, input: &mut Input) -> Option<Value> {
    Some(match id {
        "S01" => available(input),
        "S03" => credited(input),
        "S05" => answered(input),
        _ => return None,
    })
}

fn ppm(value: &Value) -> i64 {
    let typed = value.as_str().unwrap();
    let (whole, part) = typed.split_once('.').unwrap_or((typed, ""));
    format!("{whole}{part:0<6}").parse().unwrap()
}

fn available(input: &mut Input) -> Value {
    let start = date(&json!("2027-06-01")).and_time(NaiveTime::MIN);
    let span = |from: i64, minutes: i64| Span {
        from: start + TimeDelta::minutes(from),
        to: start + TimeDelta::minutes(from + minutes),
    };
    let planned = input.int("scheduled_maintenance");
    let outage = |mut case: Input| {
        let (minutes, inside) = (case.int("minutes"), case.int("inside_maintenance"));
        case.done();
        // It begins while the maintenance still runs.
        span(planned - inside, minutes)
    };
    let outages: Vec<Span> = input.parts("outages").into_iter().map(outage).collect();
    let kept = availability(&MonthOfService {
        served: &[span(0, input.int("month_minutes"))],
        maintenance: &[Maintenance {
            span: span(0, planned),
            announced_at: start,
        }],
        outages: &outages,
        notice_seconds: 0,
        maintenance_cap_seconds: None,
    });
    let bands: Vec<Input> = input.parts("bands");
    let credits: Vec<(i64, Rate)> = bands
        .into_iter()
        .map(|mut band| (ppm(&band.take("uptime_at_least")), band.rate("credit_bps")))
        .collect();
    // A band names what is credited while it is kept; a promise, what when it is missed.
    let bands: Vec<Band> = credits
        .windows(2)
        .map(|pair| Band {
            at_least_ppm: pair[0].0,
            credit: pair[1].1,
        })
        .collect();
    let share = missed_band(&bands, |target| kept.meets(target)).unwrap_or(credits[0].1);
    let mut also = input.part("also");
    let usage = also.int("usage");
    let breaches: Vec<Rate> = also
        .take("breaches_bps")
        .as_array()
        .unwrap()
        .iter()
        .map(|bps| Rate::from_bps(i32::try_from(bps.as_i64().unwrap()).unwrap()).unwrap())
        .collect();
    let several = total_credit(&breaches, also.rate("cap_bps"));
    // Usage is no part of the fee.
    assert!(usage > 0);
    let answer = json!({
        "also": { "credit_bps": several.bps(), "credit": credit_minor(also.int("fee"), several) },
        "counted_downtime": kept.down / 60,
        "uptime_num": (kept.service - kept.down) / 60,
        "uptime_den": kept.service / 60,
        "uptime_bps_floor": kept.ppm_floor().unwrap() / 100,
        "credit_bps": share.bps(),
        "credit": credit_minor(input.int("fee"), share),
    });
    also.done();
    answer
}

fn credited(input: &mut Input) -> Value {
    let fee = input.int("fee");
    let net = credit_minor(fee, input.rate("credit_bps"));
    let tax = tax_on(net, input.rate("tax_bps"));
    let commission = input.rate("commission_bps");
    let mut answer = json!({
        "credit_note": { "net": net, "tax": tax, "total": net + tax },
    });
    for policy in list(&input.take("policies")) {
        let name = policy.as_str().unwrap();
        let liable = match name {
            "reduce_base" => Liable::ReduceBase,
            "protect_partner" => Liable::ProtectPartner,
            other => panic!("no policy {other}"),
        };
        let effect = effect_on_commission((fee, net), commission, liable).unwrap();
        assert_eq!(effect.chargeback, 0);
        answer[name] = json!({
            "commissionable": effect.commissionable,
            "commission": effect.commission,
            "adjustment": effect.adjustment,
        });
    }
    answer
}

fn answered(input: &mut Input) -> Value {
    input.given("calendar", "Mon-Fri 09:00-17:00 local");
    let at = |value: &Value| {
        NaiveDateTime::parse_from_str(value.as_str().unwrap(), "%Y-%m-%dT%H:%M").unwrap()
    };
    let opened = at(&input.take("opened"));
    let target = input.int("target_minutes");
    let holidays = input.take("holidays");
    let responses = input.take("responses");
    let none = json!([]);
    let of = |(response, holidays): (&Value, &Value)| {
        let hours = BusinessHours {
            zone: Zone::UTC,
            opens: NaiveTime::from_hms_opt(9, 0, 0).unwrap(),
            closes: NaiveTime::from_hms_opt(17, 0, 0).unwrap(),
            holidays: list(holidays).iter().map(date).collect::<BTreeSet<_>>(),
        };
        let minutes = counted_seconds((opened, at(response)), &[], Some(&hours)) / 60;
        json!({ "holidays": holidays, "minutes": minutes, "met": minutes <= target })
    };
    list(&responses)
        .iter()
        .zip([&none, &holidays])
        .map(of)
        .collect()
}
