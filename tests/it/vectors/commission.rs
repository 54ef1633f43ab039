//! The cases of commission, payouts and states.
use perennial::domain::{
    Anchor, BillingInterval, CommissionClause, Money, Ratio,
    commission::{
        Claim, LineTerms, accrue, accrue_claims,
        bands::{Band, Bands},
        bonus::{renewal_bonus, spiff, uplifted},
        clause_for,
        clawback::EarlyEnd,
        parties::{Resale, split},
        parts::{Above, parts},
        window::Window,
    },
    deal::{DealStatus, protects},
    payable::Payable,
    payout::{PayoutTax, nacha_control, transfer_totals},
    states::may_follow,
};
use serde_json::{Value, json};

use super::{Input, case_of, date, earning, list, paid_in_full, post};

pub(super) fn answer(id: &str, input: &mut Input) -> Option<Value> {
    Some(match id {
        "C02" => by_unit_and_tier(input),
        "C04" => some_months(input),
        "C06" => banded(input),
        "C08" => beside(input),
        "C09" => shared(input),
        "C10" => overridden(input),
        "C14" => at_its_own_rate(input),
        "C15" => left_early(input),
        "C16" => downgraded(input),
        "C18" => many_lines(input),
        "C21" => in_another_currency(input),
        "L04" => transitions(input),
        "X01" => taxed(input),
        "X02" => files(input),
        _ => return None,
    })
}

fn by_unit_and_tier(input: &mut Input) -> Value {
    let (mut flat, mut tiers) = (input.part("flat_per_unit"), input.part("partner_tier"));
    let anchor = Anchor {
        on: date(&json!("2027-01-01")),
        interval: BillingInterval::Month,
    };
    let amount = Money::new(flat.int("amount_per_unit"), "EUR".parse().unwrap());
    let per_unit = CommissionClause {
        per_unit: Some(amount),
        ..CommissionClause::percent(1, "0".parse().unwrap())
    };
    let units = u32::try_from(flat.int("quantity")).unwrap();
    let mut line = earning(10_000, "0".parse().unwrap());
    line.terms = per_unit.terms(&case_of(anchor, 0, None), units);
    let earned = post(&paid_in_full(10_000), &mut line);
    flat.done();
    let mut rates = tiers.part("rates_bps");
    let base = tiers.int("base");
    let held = tiers.take("tier_at_period_start");
    let named = [("silver", 1i64), ("gold", 2)];
    let clauses = named.map(|(name, tier)| CommissionClause {
        tier: Some(tier),
        ..CommissionClause::percent(i32::try_from(tier).unwrap(), rates.rate(name))
    });
    let by_tier: Vec<i64> = (0..)
        .zip(list(&held))
        .map(|(k, name)| {
            let tier = named
                .iter()
                .find(|(known, _)| json!(known) == *name)
                .unwrap()
                .1;
            let case = case_of(anchor, k, Some(tier));
            let mut line = earning(base, "0".parse().unwrap());
            line.terms = clause_for(&clauses, &case).unwrap().terms(&case, 1);
            post(&paid_in_full(base), &mut line)
        })
        .collect();
    rates.done();
    tiers.done();
    json!({ "flat_per_unit": earned, "partner_tier": by_tier })
}

fn some_months(input: &mut Input) -> Value {
    input.given("plan", "duration_limited");
    let months = u32::try_from(input.int("months")).unwrap();
    let anchor = Anchor {
        on: input.date("start"),
        interval: BillingInterval::Month,
    };
    let clause = CommissionClause {
        months: Some(months),
        ..CommissionClause::percent(1, input.rate("rate_bps"))
    };
    let (amount, starts) = (input.int("monthly"), input.take("invoiced_period_starts"));
    let (mut paid, mut total) = (Vec::new(), 0);
    for (k, start) in (0..).zip(list(&starts)) {
        let case = case_of(anchor, k, None);
        assert_eq!(case.service.from, date(start));
        if let Some(clause) = clause_for(&[clause], &case) {
            let mut line = earning(amount, "0".parse().unwrap());
            line.terms = clause.terms(&case, 1);
            total += post(&paid_in_full(amount), &mut line);
            paid.push(case.service.from.to_string());
        }
    }
    let window = Window::months(anchor.on, months).unwrap().days();
    json!({
        "window": [window.from.to_string(), window.to.to_string()],
        "eligible": paid.len(),
        "last_eligible": paid.last(),
        "total": total,
    })
}

fn banded(input: &mut Input) -> Value {
    let (mut banded, mut fast) = (input.part("banded"), input.part("accelerator"));
    let bands = banded.parts("bands").into_iter().map(|mut band| {
        let read = Band {
            up_to_minor: band.take("up_to").as_i64(),
            rate: band.rate("rate_bps"),
        };
        band.done();
        read
    });
    let bands = Bands::new(bands.collect()).unwrap();
    let base = banded.int("base");
    banded.given("modes", json!(["graduated", "whole"]));
    banded.done();
    let factor = u32::try_from(fast.int("multiplier_bps")).unwrap();
    let rate = fast.rate("base_rate_bps");
    let quota = Bands::accelerator(fast.int("quota"), rate, factor).unwrap();
    let attained = fast.ints("attained").into_iter();
    let earned = attained.map(|sold| quota.graduated(sold).unwrap().round().unwrap());
    let earned: Vec<i64> = earned.collect();
    fast.done();
    json!({
        "graduated": bands.graduated(base).unwrap().round().unwrap(),
        "whole": bands.whole(base).round().unwrap(),
        "accelerator": earned,
    })
}

fn beside(input: &mut Input) -> Value {
    let (mut deal, mut reward) = (input.part("deal_registration"), input.part("spiff"));
    let mut renewal = input.part("renewal_bonus");
    let (base, rate, uplift) = (
        deal.int("base"),
        deal.rate("base_rate_bps"),
        deal.rate("uplift_bps"),
    );
    let registrations = deal.take("registrations");
    let deals: Vec<i64> = list(&registrations)
        .iter()
        .map(|registration| {
            let (held, on) = registered(registration);
            let holds = held.is_some_and(|(status, last)| protects(status, last, on));
            let rate = uplifted(rate, uplift, holds);
            post(&paid_in_full(base), &mut earning(base, rate))
        })
        .collect();
    deal.done();
    let (each, most) = (reward.int("per_new_logo"), reward.int("max_per_partner"));
    let most = u32::try_from(most).unwrap();
    let logos = reward.ints("new_logos").into_iter();
    let logos = logos.map(|count| spiff(each, most, u32::try_from(count).unwrap()).unwrap());
    let logos: Vec<i64> = logos.collect();
    reward.done();
    let kept = u32::try_from(renewal.int("min_value_retained_bps")).unwrap();
    let share = renewal.rate("rate_bps");
    let renewed = renewal.parts("renewals").into_iter().map(|mut one| {
        let bonus = renewal_bonus(share, kept, one.int("prev"), one.int("now"));
        one.done();
        bonus
    });
    let renewed: Vec<i64> = renewed.collect();
    renewal.done();
    json!({ "deal_registration": deals, "spiff": logos, "renewal_bonus": renewed })
}

type Registered = Option<(DealStatus, chrono::NaiveDate)>;

fn registered(registration: &Value) -> (Registered, chrono::NaiveDate) {
    let some_day = date(&json!("2027-05-31"));
    if registration.is_null() {
        return (None, some_day);
    }
    let mut registration = Input::of(registration);
    let status = registration
        .take("status")
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    if registration.0.is_empty() {
        return (Some((status, some_day)), some_day);
    }
    let (last, on) = (registration.date("expires"), registration.date("activated"));
    registration.done();
    (Some((status, last)), on)
}

fn shares(commission: i64, weights: &[i64]) -> Vec<i64> {
    let weights: Vec<u64> = weights
        .iter()
        .map(|&weight| weight.try_into().unwrap())
        .collect();
    let parts = split(&[Ratio::from_int(commission)], &weights).unwrap();
    parts.into_iter().flatten().collect()
}

fn shared(input: &mut Input) -> Value {
    let (commission, weights) = (input.int("commission"), input.ints("split_weights"));
    input.given("then_full_reversal", true);
    let mut other = input.part("other");
    let parted = shares(other.int("commission"), &other.ints("split_bps"));
    other.done();
    json!({
        "accrue": shares(commission, &weights),
        "reverse": shares(-commission, &weights),
        "other": parted,
    })
}

fn overridden(input: &mut Input) -> Value {
    let (mut over, mut resale) = (input.part("override"), input.part("resale_margin"));
    let (base, reseller) = (over.int("base"), over.rate("reseller_rate_bps"));
    let both = over
        .parts("distributor")
        .into_iter()
        .map(|mut distributor| {
            let rate = distributor.rate("rate_bps");
            let is_carved = match distributor.take("mode").as_str().unwrap() {
                "additive_on_base" => false,
                "carved_from_reseller" => true,
                other => panic!("{other}"),
            };
            distributor.done();
            let above = Above {
                who: 2,
                is_carved,
                rate,
            };
            let claims = parts(1, &[], Some(above)).into_iter();
            let claims: Vec<Claim> = claims.map(|(who, part)| Claim::new(who, part)).collect();
            let line = earning(base, reseller);
            let earned = accrue_claims(&paid_in_full(base), &[(line, claims)]).unwrap();
            let earned: Vec<i64> = earned[0].iter().map(|one| one.delta_minor).collect();
            json!({
                "reseller": earned[0],
                "distributor": earned[1],
                "vendor_cost": earned.iter().sum::<i64>(),
            })
        });
    let both: Vec<Value> = both.collect();
    over.done();
    let margins = Resale {
        list_minor: resale.int("list"),
        distributor_discount: resale.rate("distributor_discount_bps"),
        reseller_discount: resale.rate("reseller_discount_bps"),
        street_minor: resale.int("street_price"),
    };
    let margins = margins.margins().unwrap();
    resale.done();
    json!({
        "override": both,
        "resale_margin": {
            "distributor_buys": margins.distributor_buys,
            "reseller_buys": margins.reseller_buys,
            "vendor_revenue": margins.distributor_buys,
            "distributor_margin": margins.distributor_margin,
            "reseller_margin": margins.reseller_margin,
        },
    })
}

fn at_its_own_rate(input: &mut Input) -> Value {
    let mut lines = Vec::new();
    for mut captured in input.parts("captured") {
        let base = captured.int("base");
        lines.push((base, earning(base, captured.rate("rate_bps"))));
        captured.done();
    }
    let accrued: Vec<i64> = lines
        .iter_mut()
        .map(|(base, line)| post(&paid_in_full(*base), line))
        .collect();
    // Today's rate is read, and changes nothing: the line's own terms are fixed.
    let today = input.rate("rate_today_bps");
    let (base, line) = &mut lines[0];
    assert_ne!(line.terms, LineTerms::share_of(today));
    let mut state = paid_in_full(*base);
    state.refunded_minor = input.int("refund_of_first");
    json!({ "accrued": accrued, "reversal": post(&state, line) })
}

fn left_early(input: &mut Input) -> Value {
    let upfront = input.int("upfront");
    let window_days = u32::try_from(input.int("window_days")).unwrap();
    let back = |mut case: Input| {
        let end = EarlyEnd {
            mode: case.take("mode").as_str().unwrap().parse().unwrap(),
            window_days,
            active_days: u32::try_from(case.int("active_days")).unwrap(),
            is_vendor_fault: case.take("vendor_fault").as_bool().unwrap(),
        };
        case.done();
        end.clawback(upfront, upfront).unwrap()
    };
    input.parts("cases").into_iter().map(back).collect()
}

fn downgraded(input: &mut Input) -> Value {
    let rate = input.rate("rate_bps");
    let nets = input.ints("lines");
    let lines: Vec<_> = nets.into_iter().map(|net| earning(net, rate)).collect();
    // The charge is for less than the credit: nothing is due, and all of it is settled.
    let accruals = accrue(&paid_in_full(1), &lines).unwrap();
    let per_line: Vec<i64> = accruals.iter().map(|accrual| accrual.delta_minor).collect();
    json!({ "total": per_line.iter().sum::<i64>(), "per_line": per_line })
}

fn many_lines(input: &mut Input) -> Value {
    let mut lines = input.part("lines");
    let (count, each) = (lines.int("count"), lines.int("each"));
    lines.done();
    let rate = input.rate("rate_bps");
    input.given("scopes", json!(["invoice", "line"]));
    let all: Vec<_> = (0..count).map(|_| earning(each, rate)).collect();
    let state = paid_in_full(count * each);
    let together = accrue(&state, &all).unwrap();
    let parts: Vec<i64> = together.iter().map(|accrual| accrual.delta_minor).collect();
    let alone = (0..count).map(|_| post(&paid_in_full(each), &mut earning(each, rate)));
    json!({
        "invoice": parts.iter().sum::<i64>(),
        "invoice_alloc_lines_with_1": parts.iter().filter(|part| **part == 1).count(),
        "invoice_alloc_first_zero_index": parts.iter().position(|part| *part == 0),
        "line": alone.sum::<i64>(),
    })
}

fn in_another_currency(input: &mut Input) -> Value {
    let source = input.take("invoice_ccy").as_str().unwrap().parse().unwrap();
    let target = input.take("payout_ccy").as_str().unwrap().parse().unwrap();
    let fx = |input: &mut Input, key| -> perennial::domain::payable::FxRate {
        input.take(key).as_str().unwrap().parse().unwrap()
    };
    let (locked, today) = (fx(input, "fx_at_payment"), fx(input, "fx_today"));
    let base = input.int("base");
    let earned = post(
        &paid_in_full(base),
        &mut earning(base, input.rate("rate_bps")),
    );
    let payable = locked.convert(Money::new(earned, source), target).unwrap();
    let now = today.convert(Money::new(earned, source), target).unwrap();
    assert_ne!(payable, now);
    input.given("refund_share", "1");
    let entry = Payable {
        amount_minor: earned,
        payable_minor: payable.minor(),
    };
    json!({
        "commission_eur": earned,
        "payable_usd": payable.minor(),
        "reversal_usd": entry.reversed(0, earned).unwrap(),
    })
}

fn transitions(input: &mut Input) -> Value {
    let all = input.take("transitions");
    let legal = |step: &Value| {
        let name = |place: usize| step[place].as_str().unwrap();
        may_follow(name(0), name(1), name(2))
    };
    list(&all).iter().map(legal).collect()
}

fn taxed(input: &mut Input) -> Value {
    let gross = input.int("gross");
    let case = |mut case: Input| {
        let optional = |case: &mut Input, key| match case.0.contains_key(key) {
            true => case.rate(key),
            false => "0".parse().unwrap(),
        };
        let regime = case.take("regime");
        assert!(regime.is_string());
        let tax = PayoutTax {
            added: optional(&mut case, "vat_bps"),
            withheld: optional(&mut case, "withhold_bps"),
        };
        case.done();
        let parts = tax.on(gross).unwrap();
        json!({
            "tax": parts.tax_minor,
            "withheld": parts.withheld_minor,
            "pay": parts.net_minor,
        })
    };
    input.parts("cases").into_iter().map(case).collect()
}

fn files(input: &mut Input) -> Value {
    let payments = input.ints("payments");
    let currency = input.take("currency").as_str().unwrap().parse().unwrap();
    let routing = input.take("nacha_routing");
    let totals = transfer_totals(&payments, currency).unwrap();
    let routed = list(&routing).iter().map(|number| number.as_str().unwrap());
    let routed: Vec<(&str, i64)> = routed.zip(payments).collect();
    let (hash, credit) = nacha_control(&routed).unwrap();
    json!({
        "pain001": {
            "NbOfTxs": totals.count,
            "CtrlSum": totals.control_sum,
            "InstdAmt": totals.amounts,
        },
        "nacha": { "entry_hash": hash, "total_credit": credit },
    })
}
