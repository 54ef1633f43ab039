//! The same histories told by the application itself, through its services and on both databases.
use std::{collections::HashMap, slice::from_ref};

use chrono::NaiveDate;
use perennial::{
    Error,
    domain::{
        self, AdjustmentReason, CommissionRule, CreditReason, Disposition, Name, Period, Quantity,
        Rate, Role, commission::EntryKind,
    },
    id::{AdjustmentId, CustomerId, PartnerId, PaymentId, SubscriptionId},
    services::{
        incentivize::{
            adjustments::{self, NewAdjustment},
            distributors,
        },
        revenue::{
            billing,
            credit::{self, LineCredit, NewCreditNote},
            payments::{self, NewPayment, NewRefund},
            subscriptions::{
                self, CancelWhen, Cancellation, NewDiscount, NewSubscription, Pausing, PlanChange,
                PlanWhen, QuantityChange, Sharing, Undoing,
            },
            usage::{Intake, Said, Verdict},
        },
    },
    store::{
        VendorScope,
        lobby::{self, Admission, Lobby, NewMembership},
        revenue::{cash, credits, invoices, recurring, subscriptions as rows},
    },
    worker::{self, Closing},
};
use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};

use super::{
    beside::{Beside, joined_on},
    clauses::Clauses,
    facts::{
        Above, CUSTOMERS, Fact, Goes, How, Kind as Grows, Off, Plan, Price, SELLERS, Terms, Tier,
    },
    histories::{renewals, steps, stories},
    pure::volume,
    renewals::Renewal,
    rewards::{Reward, Spiff},
    rules::{Does, Month, first_of, month_of},
    slow::Slow,
    steps::{Stepped, Steps},
    teller::Teller,
};
use crate::{
    revenue::world::{Like, World, eur, id},
    support::postgres::{Databases, Kind},
};

/// What both are asked for in the end.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    invoices: Vec<Invoice>,
    entries: Vec<Entry>,
    /// Whose, and what is left of it.
    credits: Vec<(usize, i64, i64)>,
    /// What went back of each payment.
    refunded: Vec<i64>,
    statements: Vec<Statement>,
    /// What each subscription brings a month now.
    revenue: Vec<i64>,
}

#[derive(Debug, PartialEq, Eq)]
struct Invoice {
    customer: usize,
    issued_on: NaiveDate,
    net_tax: (i64, i64),
    paid: i64,
    refunded: i64,
    credited: i64,
    reduced: i64,
    /// Net, discount, credited and commission.
    lines: Vec<[i64; 4]>,
}

/// Invoice and line, partner, amount, base, whether it takes back, whether it caps, paid on, matures
/// on, posted, earned.
type Entry = (
    Option<(usize, usize)>,
    usize,
    i64,
    i64,
    bool,
    bool,
    NaiveDate,
    NaiveDate,
    Month,
    Month,
);

/// Partner, month, opening, lines, how many, payout, closing.
type Statement = (usize, Month, i64, i64, usize, i64, i64);

struct Application<'a> {
    world: World,
    terms: &'a Terms,
    today: NaiveDate,
    next: Period,
    count: usize,
    high: [bool; SELLERS],
    subs: Vec<SubscriptionId>,
    payments: Vec<PaymentId>,
    /// Two who decide on what is given by hand.
    people: [VendorScope; 2],
    proposals: Vec<AdjustmentId>,
    /// What was reported: of what by which price, how much, and for which day.
    events: Vec<((SubscriptionId, usize), i64, NaiveDate)>,
}

fn customer(number: usize) -> CustomerId {
    id([501, 502, 504, 505][number])
}

fn partner(number: usize) -> PartnerId {
    id(201 + i64::try_from(number).unwrap())
}

fn partner_number(id: PartnerId) -> usize {
    usize::try_from(id.number() - 201).unwrap()
}

fn plan_sql(tenant: i64, at: usize, (plan, term): (&Plan, u32)) -> String {
    let (plan_id, version) = (380 + at, 390 + at);
    let anchor = plan
        .anchor_day
        .map_or("NULL".to_owned(), |day| day.to_string());
    let (months, trial) = (plan.months, plan.trial_days);
    let mut sql = format!(
        "INSERT INTO plans VALUES ({tenant}, {plan_id}, 301, 'model-{at}', 'Model {at}');
         INSERT INTO plan_versions (tenant_id, id, plan_id, version_no, status, currency, interval_months, term_months, notice_days, published_at, version, trial_days, anchor_day)
           VALUES ({tenant}, {version}, {plan_id}, 1, 'published', 'EUR', {months}, {term}, 30, NULL, 1, {trial}, {anchor});"
    );
    for (place, price) in plan.prices.iter().enumerate() {
        let key = 3_000 + at * 100 + place * 10;
        let (grows, metered) = match &price.kind {
            Grows::Used(grows) => (&**grows, format!("'m{place}', 'sum'")),
            grows => (grows, "NULL, NULL".to_owned()),
        };
        let (kind, unit, size, free) = match grows {
            Grows::Seat(micro) if price.is_used() => ("usage", *micro, None, 0),
            Grows::Used(_) => unreachable!("a meter of a meter"),
            Grows::Flat(micro) => ("flat", *micro, None, 0),
            Grows::Seat(micro) => ("per_seat", *micro, None, 0),
            Grows::Once(micro) => ("one_off", *micro, None, 0),
            Grows::Graduated(_) => ("graduated", 0, None, 0),
            Grows::Volume(_) => ("volume", 0, None, 0),
            Grows::Package { micro, size, free } => ("package", *micro, Some(*size), *free),
        };
        let size = size.map_or("NULL".to_owned(), |size| format!("{size}000000"));
        let (seq, earns) = (place + 1, price.earns);
        sql += &format!(
            "INSERT INTO prices (tenant_id, id, plan_version_id, seq, label, kind, unit_price_micro, package_micro, included_micro, commissionable, meter, aggregation)
               VALUES ({tenant}, {key}, {version}, {seq}, 'Part {seq}', '{kind}', {unit}, {size}, {free} * 1000000, {earns}, {metered});"
        );
        if let Grows::Graduated(tiers) | Grows::Volume(tiers) = grows {
            for (step, Tier { up_to, micro, flat }) in tiers.iter().enumerate() {
                let (tier, seq) = (key + 1 + step, step + 1);
                let up_to = up_to.map_or("NULL".to_owned(), |last| format!("{last}000000"));
                sql += &format!(
                    "INSERT INTO price_tiers (tenant_id, id, price_id, seq, up_to_micro, unit_price_micro, flat_minor)
                       VALUES ({tenant}, {tier}, {key}, {seq}, {up_to}, {micro}, {flat});"
                );
            }
        }
    }
    sql
}

fn spiff_sql(tenant: i64, at: usize, spiff: &Spiff) -> String {
    let (id, from, until, minor) = (601 + at, spiff.from, spiff.until, spiff.minor);
    let most = spiff
        .most
        .map_or("NULL".to_owned(), |most| most.to_string());
    let (days, mode) = (spiff.days, if spiff.is_full { "full" } else { "linear" });
    format!(
        "INSERT INTO spiffs VALUES ({tenant}, {id}, 'Spiff {at}', 301, '{from}', '{until}', {minor}, 'EUR', {most}, {days}, '{mode}', '2027-01-01 00:00:00', 1);"
    )
}

fn renewal_sql(renewal: &Renewal) -> String {
    let (bps, kept, days) = (renewal.bps, renewal.kept_bps, renewal.days);
    let mode = if renewal.is_full { "full" } else { "linear" };
    format!(
        "UPDATE commission_plan_versions SET renewal_bps = {bps}, renewal_kept_bps = {kept}, renewal_clawback_days = {days}, renewal_clawback_mode = '{mode}' WHERE id = 411;"
    )
}

fn steps_sql(clause: usize, (rate, steps): (i32, &Steps)) -> String {
    let volume = volume(rate, steps);
    let (id, span, back) = (421 + clause, volume.span.code(), volume.given_back.code());
    format!(
        "UPDATE commission_clauses SET volume = '{volume}', volume_span = '{span}', volume_given_back = '{back}', currency = 'EUR' WHERE id = {id};"
    )
}

/// Somebody who may do everything at the vendor.
fn person(world: &World, name: &str) -> VendorScope {
    let tenant = lobby::tenant_of(&world.scope);
    let email = format!("{name}@meridian.example").to_lowercase();
    let enter = |lobby: &mut Lobby<'_>| {
        let user = lobby::add_person(lobby, &email, name, None)?;
        let place = NewMembership {
            tenant,
            partner: None,
            user,
            role: Role::Owner,
            email: &email,
            name,
        };
        lobby::add_membership(lobby, &place)?;
        lobby::admit(lobby, user, "meridian", None)
    };
    match world.store.lobby_write_now(enter).unwrap().unwrap() {
        Admission::Staff(scope) => scope,
        Admission::Partner(_) => unreachable!("the vendor's own"),
    }
}

impl<'a> Application<'a> {
    fn new(kind: Kind, terms: &'a Terms) -> Self {
        let next = Period::of(terms.today);
        let world = World::new(
            kind,
            Like {
                now: terms.today.to_string().leak(),
                first: next.key(),
                tax_bps: terms.tax_bps,
                hold_days: i32::try_from(terms.hold_days).unwrap(),
                rates: [terms.rates[0], terms.rates[1], terms.rates[2]],
                ..Like::default()
            },
        );
        let tenant = lobby::tenant_of(&world.scope).number();
        let plans = terms.plans.iter().enumerate();
        let plans = plans.map(|(at, plan)| plan_sql(tenant, at, (plan, terms.term(plan.months))));
        let plans: String = plans.collect();
        let (minimum, high) = (terms.minimum, terms.rates[3]);
        world.database.sql(&format!(
            "{plans}
             INSERT INTO payout_minimums VALUES ({tenant}, 71, 'EUR', {minimum});
             INSERT INTO tiers VALUES ({tenant}, 103, 'Top', 3, 1);"
        ));
        if high > 0 {
            world.database.sql(&format!(
                "INSERT INTO commission_clauses (tenant_id, id, commission_plan_version_id, seq, phase, tier_id, rate_bps)
                   VALUES ({tenant}, 424, 411, 4, NULL, 103, {high});"
            ));
        }
        for at in 0..4 {
            let (clause, unit) = (421 + at, terms.unit_pay(at));
            if unit > 0 {
                world.database.sql(&format!(
                    "UPDATE commission_clauses SET unit_minor = {unit}, rate_bps = 0, currency = 'EUR' WHERE id = {clause};"
                ));
            }
            if let Some(months) = terms.clauses.months[at] {
                world.database.sql(&format!(
                    "UPDATE commission_clauses SET months = {months} WHERE id = {clause};"
                ));
            }
        }
        if let Some(bps) = terms.clauses.else_bps {
            world.database.sql(&format!(
                "INSERT INTO commission_clauses (tenant_id, id, commission_plan_version_id, seq, phase, tier_id, rate_bps)
                   VALUES ({tenant}, 425, 411, 5, NULL, NULL, {bps});"
            ));
        }
        for (clause, cap) in (421..).zip(terms.caps) {
            if let Some(cap) = cap {
                world.database.sql(&format!(
                    "UPDATE commission_clauses SET cap_minor = {cap}, currency = 'EUR' WHERE id = {clause};"
                ));
            }
        }
        if let Some(floor) = terms.floor() {
            let (minor, months, joined) = (floor.minor, floor.months, joined_on());
            world.database.sql(&format!(
                "UPDATE commission_plan_versions SET guarantee_minor = {minor}, guarantee_months = {months}, guarantee_currency = 'EUR' WHERE id = 411;
                 UPDATE commission_enrollments SET effective_from = '{joined}';"
            ));
        }
        for (at, spiff) in terms.clauses.spiffs.iter().enumerate() {
            world.database.sql(&spiff_sql(tenant, at, spiff));
        }
        for clause in 0..5 {
            if let Some(of) = terms.steps_of(clause) {
                world.database.sql(&steps_sql(clause, of));
            }
        }
        if let Some(renewal) = &terms.clauses.renewal {
            world.database.sql(&renewal_sql(renewal));
        }
        let people = ["Ada", "Ben"].map(|name| person(&world, name));
        Self {
            world,
            terms,
            today: terms.today,
            next,
            count: 0,
            high: [false; SELLERS],
            subs: Vec::new(),
            payments: Vec::new(),
            events: Vec::new(),
            people,
            proposals: Vec::new(),
        }
    }

    /// Whether it was accepted; a fault is a failure.
    fn happens(&mut self, fact: &Fact) -> bool {
        self.count += 1;
        match self.try_it(fact) {
            Ok(()) => true,
            Err(Error::Invalid(_) | Error::Conflict(_) | Error::NotFound) => false,
            Err(error) => panic!("{fact:?}: {error:#}"),
        }
    }

    fn ago(&self, days: u32) -> NaiveDate {
        self.today - chrono::Days::new(u64::from(days))
    }

    fn sub(&self, which: usize) -> Result<(SubscriptionId, i32), Error> {
        let at = which.checked_rem(self.subs.len()).ok_or(Error::NotFound)?;
        let id = self.subs[at];
        Ok((id, self.world.read(|tx| rows::one(tx, id)).version))
    }

    fn payment(&self, which: usize) -> Result<PaymentId, Error> {
        let at = which
            .checked_rem(self.payments.len())
            .ok_or(Error::NotFound)?;
        Ok(self.payments[at])
    }

    fn try_it(&mut self, fact: &Fact) -> Result<(), Error> {
        let external_id = format!("F-{}", self.count);
        let reason = "Asked for it".to_owned();
        match *fact {
            Fact::Sell {
                customer: of,
                plan,
                seats,
                ago,
            } => {
                let plan = plan % self.terms.plans.len();
                let version = 390 + i64::try_from(plan).unwrap();
                let new = NewSubscription {
                    external_id,
                    customer: customer(of),
                    plan_version: id(version),
                    starts_on: self.ago(ago),
                    quantity: Quantity::new(self.terms.units(plan, seats)).unwrap(),
                };
                let started = self.world.write(|tx| subscriptions::start(tx, &new))?;
                self.subs.push(started.id());
                Ok(())
            }
            Fact::Change { which, seats, ago } => {
                let (subscription, version) = self.sub(which)?;
                let change = QuantityChange {
                    subscription,
                    version,
                    quantity: Quantity::new(seats).unwrap(),
                    effective_on: self.ago(ago),
                    reason,
                };
                self.world
                    .write(|tx| subscriptions::change_quantity(tx, &change))
            }
            Fact::CancelNow { which, ago, fault } => {
                let when = CancelWhen::Now(self.until(which, ago)?);
                self.cancel(which, (when, fault), reason)
            }
            Fact::Use {
                which,
                price,
                units,
                ago,
            } => {
                let (id, _) = self.sub(which)?;
                let at = self.plan(id).used_price(price).ok_or(Error::NotFound)?;
                self.report((id, at), (units, self.ago(ago)))
            }
            Fact::Correct { which, part } => {
                let at = which.checked_rem(self.events.len());
                let (of, units, on) = self.events[at.ok_or(Error::NotFound)?];
                self.report(of, (-units / part, on))
            }
            Fact::CancelLater { which } => {
                self.cancel(which, (CancelWhen::PeriodEnd, false), reason)
            }
            Fact::Undo { which } => {
                let (subscription, version) = self.sub(which)?;
                let undoing = Undoing {
                    subscription,
                    version,
                    reason,
                };
                self.world.write(|tx| subscriptions::undo(tx, &undoing))
            }
            Fact::Discount {
                which,
                off,
                priority,
                periods,
            } => {
                let (subscription, version) = self.sub(which)?;
                let new = NewDiscount {
                    subscription,
                    version,
                    label: external_id.parse::<Name>().unwrap(),
                    off: match off {
                        Off::Percent(bps) => {
                            domain::discount::Off::Percent(Rate::from_bps(bps).unwrap())
                        }
                        Off::Fixed(minor) => domain::discount::Off::Fixed(minor),
                    },
                    priority,
                    periods,
                };
                self.world
                    .write(|tx| subscriptions::give_discount(tx, &new))
            }
            Fact::Pay {
                customer: of,
                minor,
                ago,
            } => self.pay(NewPayment {
                external_id,
                received_on: self.ago(ago),
                amount: eur(minor),
                invoice_number: None,
                customer: Some(customer(of)),
            }),
            Fact::PayInvoice { which, part } => {
                let made = self.world.invoices();
                let at = which.checked_rem(made.len()).ok_or(Error::NotFound)?;
                self.pay(NewPayment {
                    external_id,
                    received_on: self.today,
                    amount: eur(made[at].total_minor / part),
                    invoice_number: Some(made[at].number.clone()),
                    customer: None,
                })
            }
            Fact::Refund { which, minor } => self.refund(self.payment(which)?, minor),
            Fact::Chargeback { which } => {
                let id = self.payment(which)?;
                let payment = self.world.read(|tx| cash::payment(tx, id));
                self.refund(id, payment.amount_minor - payment.refunded_minor)
            }
            Fact::Promote { partner } => {
                self.promote(partner);
                Ok(())
            }
            Fact::Credit {
                which,
                line,
                part,
                how,
            } => self.credit_by_hand(which, line, (part, how)),
            Fact::Pause { which, ago } => {
                let mut pausing = self.pausing(which, ago)?;
                pausing.on = self.until(which, ago)?;
                self.world.write(|tx| subscriptions::pause(tx, &pausing))
            }
            Fact::Resume { which, ago } => {
                let pausing = self.pausing(which, ago)?;
                self.world.write(|tx| subscriptions::resume(tx, &pausing))
            }
            Fact::Move { which, ago } => {
                let (subscription, version) = self.sub(which)?;
                let [one, other] = [0, 1].map(|plan| self.terms.plans[plan].months);
                if one != other {
                    return Err(Error::conflict("histories count no periods anew"));
                }
                if self.terms.plans.iter().any(Plan::counts_usage) {
                    return Err(Error::conflict(
                        "histories leave what counts usage as it is",
                    ));
                }
                let of = self.world.read(|tx| rows::one(tx, subscription));
                let change = PlanChange {
                    subscription,
                    version,
                    // The other of 390 and 391.
                    plan_version: id(781 - of.plan_version_id.number()),
                    when: match ago {
                        Some(ago) => PlanWhen::Now(self.ago(ago)),
                        None => PlanWhen::NextPeriod,
                    },
                    reason,
                };
                self.world
                    .write(|tx| subscriptions::change_plan(tx, &change))
            }
            Fact::Keep { which } => {
                let of = self.sub(which)?;
                self.world
                    .write(|tx| subscriptions::keep_plan(tx, of, &reason))
            }
            Fact::Share { which, bps } => self.share_out(which, bps),
            Fact::Link { seller, above } => self.link(seller, above),
            Fact::Propose {
                partner,
                minor,
                months,
            } => self.propose(partner, (minor, months)),
            Fact::Decide {
                which,
                is_yes,
                is_own,
            } => self.decide(which, (is_yes, is_own)),
            Fact::Pass { days } => self.pass(days),
            Fact::Close => self.close(),
        }
    }

    fn plan(&self, of: SubscriptionId) -> &Plan {
        let of = self.world.read(|tx| rows::one(tx, of));
        &self.terms.plans[usize::try_from(of.plan_version_id.number() - 390).unwrap()]
    }

    /// Where usage is counted, nothing ends before today: it might have been used since.
    fn until(&self, which: usize, ago: u32) -> Result<NaiveDate, Error> {
        let (of, _) = self.sub(which)?;
        let counts = self.plan(of).counts_usage();
        Ok(self.ago(if counts { 0 } else { ago }))
    }

    fn report(
        &mut self,
        (id, at): (SubscriptionId, usize),
        (units, on): (i64, NaiveDate),
    ) -> Result<(), Error> {
        let (meter, event) = (format!("m{at}"), format!("E-{}", self.count));
        let sold = self.world.read(|tx| rows::one(tx, id)).external_id;
        let (occurred_at, value) = (format!("{on}T10:00:00Z"), units.to_string());
        self.world.write(|tx| {
            let mut intake = Intake::of(tx, from_ref(&sold), from_ref(&event))?;
            let said = Said {
                external_id: &event,
                subscription: &sold,
                meter: &meter,
                occurred_at: &occurred_at,
                value: &value,
                subject: "",
            };
            match intake.hear(&said) {
                Verdict::New => intake.write(tx).map(drop),
                other => Err(Error::conflict(format!("{other:?}"))),
            }
        })?;
        self.events.push(((id, at), units, on));
        Ok(())
    }

    fn cancel(
        &self,
        which: usize,
        (when, is_vendor_fault): (CancelWhen, bool),
        reason: String,
    ) -> Result<(), Error> {
        let (subscription, version) = self.sub(which)?;
        let cancellation = Cancellation {
            subscription,
            version,
            when,
            reason,
            is_vendor_fault,
        };
        self.world
            .write(|tx| subscriptions::cancel(tx, &cancellation))
    }

    fn pausing(&self, which: usize, ago: u32) -> Result<Pausing, Error> {
        let (subscription, version) = self.sub(which)?;
        Ok(Pausing {
            subscription,
            version,
            on: self.ago(ago),
            reason: "Asked for it".into(),
        })
    }

    fn share_out(&self, which: usize, bps: i32) -> Result<(), Error> {
        let (subscription, version) = self.sub(which)?;
        let of = self.world.read(|tx| rows::one(tx, subscription));
        let other = partner(1 - partner_number(of.partner_id));
        let share = Rate::from_bps(bps).unwrap();
        let others = match bps {
            0 => Vec::new(),
            _ => vec![(1, other, share)],
        };
        let sharing = Sharing {
            subscription,
            version,
            others,
        };
        self.world
            .write(|tx| subscriptions::share_out(tx, &sharing))
    }

    fn link(&self, seller: usize, above: Option<Above>) -> Result<(), Error> {
        let below = above.map(|one| distributors::Share {
            distributor: partner(one.who),
            is_carved: one.is_carved,
            rate: Rate::from_bps(one.bps).unwrap(),
        });
        let today = self.today;
        self.world
            .write(|tx| distributors::place(tx, partner(seller), below, today))
    }

    fn credit_by_hand(
        &self,
        which: usize,
        line: usize,
        (part, how): (i64, How),
    ) -> Result<(), Error> {
        let made = self.world.invoices();
        let at = which.checked_rem(made.len()).ok_or(Error::NotFound)?;
        let invoice = made[at].id;
        let lines = self.world.read(|tx| invoices::lines(tx, &[invoice]));
        let line = &lines[line % lines.len()];
        let new = NewCreditNote {
            invoice,
            lines: vec![LineCredit {
                line: line.id,
                net_minor: line.net_minor / part,
                days: None,
            }],
            reason: match how.lowers {
                true => CreditReason::PriceAgreed,
                false => CreditReason::Goodwill,
            },
            note: "As agreed".into(),
            disposition: match how.goes {
                Goes::DueThenCredit => Disposition::DueThenCredit,
                Goes::DueThenBack => Disposition::DueThenRefund,
                Goes::Credit => Disposition::Credit,
            },
            commission: match how.protects {
                true => CommissionRule::ProtectPartner,
                false => CommissionRule::ReduceBase,
            },
        };
        self.world.write(|tx| credit::issue(tx, &new)).map(drop)
    }

    fn propose(&mut self, who: usize, (minor, months): (i64, i32)) -> Result<(), Error> {
        let month = month_of(self.next.first_day()) + months;
        let new = NewAdjustment {
            partner: partner(who),
            month: Period::of(first_of(month)),
            amount: eur(minor),
            reason: AdjustmentReason::Goodwill,
            memo: "As agreed".parse().unwrap(),
        };
        let [proposer, _] = &self.people;
        let made = self
            .world
            .store
            .write_now(proposer.clone(), |tx| adjustments::propose(tx, &new))?;
        self.proposals.push(made);
        Ok(())
    }

    fn decide(&self, which: usize, (is_yes, is_own): (bool, bool)) -> Result<(), Error> {
        let at = which.checked_rem(self.proposals.len());
        let id = self.proposals[at.ok_or(Error::NotFound)?];
        let who = self.people[usize::from(!is_own)].clone();
        self.world.store.write_now(who, |tx| match is_yes {
            true => adjustments::approve(tx, id),
            false => adjustments::decline(tx, id, "Not this time"),
        })
    }

    fn pay(&mut self, new: NewPayment) -> Result<(), Error> {
        let paid = self.world.write(|tx| payments::receive(tx, &new))?;
        self.payments.push(paid.id());
        Ok(())
    }

    fn refund(&self, payment: PaymentId, minor: i64) -> Result<(), Error> {
        let new = NewRefund {
            external_id: format!("F-{}", self.count),
            payment,
            refunded_on: self.today,
            amount: eur(minor),
            reason: "Goodwill".into(),
        };
        self.world.write(|tx| payments::refund(tx, &new)).map(drop)
    }

    fn promote(&mut self, partner: usize) {
        if !std::mem::replace(&mut self.high[partner], true) {
            let tenant = lobby::tenant_of(&self.world.scope).number();
            let (row, partner, today) = (121 + partner, 201 + partner, self.today);
            self.world.database.sql(&format!(
                "INSERT INTO tier_assignments VALUES ({tenant}, {row}, {partner}, 103, '{today}')"
            ));
        }
    }

    fn pass(&mut self, days: u32) -> Result<(), Error> {
        self.today = self.today + chrono::Days::new(u64::from(days));
        let today = self.today;
        self.world.at(&today.to_string());
        self.world.write(|tx| billing::bill_due(tx, today))?;
        self.world
            .write(|tx| subscriptions::end_due(tx, today, 100))?;
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        let closing = Closing {
            period: self.next,
            chunk: 1,
            mail_domain: "mail.example".into(),
        };
        worker::close_now(&self.world.store, &self.world.scope, &closing)?;
        self.next = self.next.next();
        Ok(())
    }

    fn seen(&self) -> Seen {
        let customers: HashMap<CustomerId, usize> =
            (0..CUSTOMERS).map(|at| (customer(at), at)).collect();
        let made = self.world.invoices();
        let mut places = HashMap::new();
        let mut invoices = Vec::new();
        for (place, one) in made.iter().enumerate() {
            let lines = self.world.read(|tx| invoices::lines(tx, &[one.id]));
            for (at, line) in lines.iter().enumerate() {
                places.insert(line.id, (place, at));
            }
            let line = |line: &invoices::InvoiceLine| {
                [
                    line.net_minor,
                    line.discount_minor,
                    line.credited_net_minor,
                    line.commission_minor,
                ]
            };
            invoices.push(Invoice {
                customer: customers[&one.customer_id],
                issued_on: one.issued_on,
                net_tax: (one.net_minor, one.tax_minor),
                paid: one.paid_minor,
                refunded: one.refunded_minor,
                credited: one.credited_minor,
                reduced: one.reduced_minor,
                lines: lines.iter().map(line).collect(),
            });
        }
        let month = |period: Period| month_of(period.first_day());
        let mut entries: Vec<Entry> = self
            .world
            .entries()
            .iter()
            .map(|one| {
                (
                    one.invoice_line_id.map(|line| places[&line]),
                    partner_number(one.partner_id),
                    one.amount_minor,
                    one.base_minor,
                    one.reverses_id.is_some(),
                    one.kind == EntryKind::Cap,
                    one.paid_on,
                    one.matures_on,
                    month(one.posting_period),
                    month(one.earned_period),
                )
            })
            .collect();
        entries.sort_unstable();
        let all = self.world.read(credits::all);
        let left = |one: &credits::CustomerCredit| {
            let of = customers[&one.customer_id];
            (of, one.amount_minor, one.remaining_minor)
        };
        let mut credits: Vec<(usize, i64, i64)> = all.iter().map(left).collect();
        credits.sort_unstable();
        let refunded = |id: &PaymentId| self.world.read(|tx| cash::payment(tx, *id)).refunded_minor;
        let mut statements: Vec<Statement> = self
            .world
            .statements()
            .iter()
            .map(|one| {
                (
                    partner_number(one.partner_id),
                    month(one.month),
                    one.opening_minor,
                    one.lines_minor,
                    usize::try_from(one.line_count).unwrap(),
                    one.payout_minor,
                    one.closing_minor,
                )
            })
            .collect();
        statements.sort_unstable();
        Seen {
            invoices,
            entries,
            credits,
            refunded: self.payments.iter().map(refunded).collect(),
            statements,
            revenue: self.revenue(),
        }
    }

    /// The sum of what was written down of each, by today.
    fn revenue(&self) -> Vec<i64> {
        let changes = self.world.read(recurring::all);
        let now = |id: &SubscriptionId| {
            let its = changes.iter().filter(|one| one.subscription_id == *id);
            let its = its.filter(|one| one.effective_on <= self.today);
            its.map(|one| one.change_minor).sum()
        };
        self.subs.iter().map(now).collect()
    }
}

fn rewarded(one: &Reward) -> Entry {
    let days = (one.paid_on, one.matures_on);
    (
        None,
        one.who,
        one.amount,
        0,
        one.reverses.is_some(),
        false,
        days.0,
        days.1,
        one.posted,
        one.earned,
    )
}

fn modelled(teller: &Teller<'_, Slow>) -> Seen {
    let books = &teller.books;
    let invoice = |one: &super::teller::Invoice| Invoice {
        customer: one.customer,
        issued_on: one.issued_on,
        net_tax: (one.net, one.tax),
        paid: one.paid,
        refunded: one.refunded,
        credited: one.credited,
        reduced: one.reduced,
        lines: (one.lines.iter())
            .map(|line| [line.net, line.off, line.credited, line.commission])
            .collect(),
    };
    let entry = |one: &super::teller::Entry| {
        (
            Some((one.invoice, one.line)),
            one.who,
            one.amount,
            one.base,
            one.reverses.is_some(),
            one.does == Does::Caps,
            one.paid_on,
            one.matures_on,
            one.posted,
            one.earned,
        )
    };
    let beside = |one: &Beside| {
        let (on, month) = (one.on, one.posted);
        let is_any = (false, false);
        (
            None, one.who, one.amount, 0, is_any.0, is_any.1, on, on, month, month,
        )
    };
    let mut entries: Vec<Entry> = books.entries.iter().map(entry).collect();
    entries.extend(books.rewards.iter().map(rewarded));
    entries.extend(books.beside.iter().map(beside));
    let first = |month| first_of(month + 1).pred_opt().unwrap();
    let stepped = |one: &Stepped| {
        let days = (first(one.posted), one.matures_on);
        (
            None, one.who, one.amount, 0, false, false, days.0, days.1, one.posted, one.of,
        )
    };
    entries.extend(books.stepped.iter().map(stepped));
    entries.sort_unstable();
    let left = |one: &super::teller::Credit| (one.customer, one.amount, one.left);
    let mut credits: Vec<(usize, i64, i64)> = books.credits.iter().map(left).collect();
    credits.sort_unstable();
    let statement = |one: &super::teller::Statement| {
        let lines = one.blocks.iter().sum();
        (
            one.partner,
            one.month,
            one.opening,
            lines,
            one.lines,
            one.payout,
            one.closing,
        )
    };
    let mut statements: Vec<Statement> = books.statements.iter().map(statement).collect();
    statements.sort_unstable();
    let subs = 0..books.subs.len();
    Seen {
        invoices: books.invoices.iter().map(invoice).collect(),
        entries,
        credits,
        refunded: books.payments.iter().map(|one| one.refunded).collect(),
        statements,
        revenue: subs.map(|sub| teller.revenue(sub, teller.today)).collect(),
    }
}

fn tell(kind: Kind, terms: &Terms, facts: &[Fact]) {
    let mut model = Teller::<Slow>::new(terms);
    let mut application = Application::new(kind, terms);
    // What is to be billed by now is billed in the end.
    for fact in facts.iter().chain([&Fact::Pass { days: 1 }]) {
        let is_possible = model.happens(fact).is_ok();
        assert_eq!(application.happens(fact), is_possible, "{fact:?}");
    }
    assert_eq!(application.seen(), modelled(&model));
    application.world.verify();
}

fn tell_each(stories: &impl Strategy<Value = (Terms, Vec<Fact>)>, usual: [u32; 2]) {
    for kind in Databases::each() {
        let usual = usual[usize::from(kind != Kind::Sqlite)];
        let told = std::env::var("APPLICATION_HISTORIES").ok();
        let mut runner = TestRunner::new(Config {
            cases: told.and_then(|many| many.parse().ok()).unwrap_or(usual),
            failure_persistence: None,
            max_shrink_iters: 300,
            ..Config::default()
        });
        let told = runner.run(stories, |(terms, facts)| {
            tell(kind, &terms, &facts);
            Ok(())
        });
        if let Err(why) = told {
            panic!("{kind:?}: {why}");
        }
    }
}

#[test]
fn the_application_tells_histories_as_the_model_does() {
    tell_each(&stories(), [100, 5]);
}

#[test]
fn the_application_renews_as_the_model_does() {
    tell_each(&renewals(), [30, 2]);
}

#[test]
fn the_application_settles_steps_as_the_model_does() {
    tell_each(&steps(), [20, 2]);
}

/// A fifth seat costs more by one price and less by the other. All of it can be credited later,
/// which a single invoice over both had not allowed.
#[test]
fn prices_that_part_are_charged_and_credited_apart() {
    let price = |kind| Price { kind, earns: true };
    let tier = |up_to, micro| Tier {
        up_to,
        micro,
        flat: 0,
    };
    let plan = Plan {
        months: 1,
        trial_days: 0,
        anchor_day: None,
        prices: vec![
            price(Grows::Seat(1_000_000_000)),
            price(Grows::Volume(vec![
                tier(Some(4), 2_000_000_000),
                tier(None, 100_000_000),
            ])),
        ],
    };
    let terms = Terms {
        today: super::facts::first_day(),
        tax_bps: 1_900,
        hold_days: 0,
        rates: [2_000, 2_000, 2_000, 0],
        caps: [None; 4],
        minimum: 0,
        term: 12,
        clauses: Clauses::default(),
        plans: vec![plan],
    };
    let sold = Fact::Sell {
        customer: 0,
        plan: 0,
        seats: 4,
        ago: 0,
    };
    let more = Fact::Change {
        which: 0,
        seats: 5,
        ago: 0,
    };
    let ended = Fact::CancelNow {
        which: 0,
        ago: 0,
        fault: false,
    };
    for kind in Databases::each() {
        tell(kind, &terms, &[sold.clone(), more.clone(), ended.clone()]);
        let mut model = Teller::<Slow>::new(&terms);
        for fact in [&sold, &more, &ended] {
            model.happens(fact).unwrap();
        }
        let nets: Vec<i64> = model.books.invoices.iter().map(|one| one.net).collect();
        assert_eq!(nets, [12_000, 1_000]);
        let open = model
            .books
            .invoices
            .iter()
            .map(|one| one.total() - one.credited);
        assert_eq!(open.sum::<i64>(), 0);
    }
}

/// A fixed discount is spread over all prices. When the seats of one change, what it takes off the
/// other changes too, so that it is given once and in full.
#[test]
fn a_fixed_discount_is_given_once_whatever_changes() {
    let price = |kind| Price { kind, earns: true };
    let terms = Terms {
        today: super::facts::first_day(),
        tax_bps: 0,
        hold_days: 0,
        rates: [2_000, 2_000, 2_000, 0],
        caps: [None; 4],
        minimum: 0,
        term: 12,
        clauses: Clauses::default(),
        plans: vec![Plan {
            months: 1,
            trial_days: 14,
            anchor_day: None,
            prices: vec![
                price(Grows::Flat(10_000_000_000)),
                price(Grows::Seat(1_000_000_000)),
            ],
        }],
    };
    let history = [
        Fact::Sell {
            customer: 0,
            plan: 0,
            seats: 1,
            ago: 0,
        },
        Fact::Discount {
            which: 0,
            off: Off::Fixed(2_200),
            priority: 0,
            periods: None,
        },
        Fact::Pass { days: 14 },
        Fact::Change {
            which: 0,
            seats: 10,
            ago: 0,
        },
    ];
    for kind in Databases::each() {
        tell(kind, &terms, &history);
    }
    let model = Teller::<Slow>::tell(&terms, &history);
    let invoices = model.books.invoices.iter();
    let nets: Vec<i64> = invoices
        .map(|one| one.net - one.lines.iter().map(|line| line.credited).sum::<i64>())
        .collect();
    assert_eq!(nets.iter().sum::<i64>(), 20_000 - 2_200, "{nets:?}");
}

/// Seats added within a period earn as the period was sold, not as a later one or a later tier.
#[test]
fn what_is_added_earns_as_the_period_it_is_added_to() {
    let terms = Terms {
        today: super::facts::first_day(),
        tax_bps: 0,
        hold_days: 0,
        rates: [3_000, 1_000, 500, 2_000],
        caps: [None; 4],
        minimum: 0,
        term: 12,
        clauses: Clauses::default(),
        plans: vec![Plan {
            months: 1,
            trial_days: 0,
            anchor_day: None,
            prices: vec![Price {
                kind: Grows::Seat(1_000_000_000),
                earns: true,
            }],
        }],
    };
    let pay = |which| Fact::PayInvoice { which, part: 1 };
    let history = [
        Fact::Sell {
            customer: 0,
            plan: 0,
            seats: 1,
            ago: 0,
        },
        Fact::Promote { partner: 0 },
        Fact::Change {
            which: 0,
            seats: 3,
            ago: 0,
        },
        pay(0),
        pay(1),
    ];
    for kind in Databases::each() {
        tell(kind, &terms, &history);
    }
    let model = Teller::<Slow>::tell(&terms, &history);
    let earned: i64 = model.books.entries.iter().map(|entry| entry.amount).sum();
    assert_eq!(earned, 900);
}

/// A discount takes nothing off what is charged once.
#[test]
fn a_discount_leaves_what_is_charged_once_alone() {
    let price = |kind| Price { kind, earns: true };
    let terms = Terms {
        today: super::facts::first_day(),
        tax_bps: 0,
        hold_days: 0,
        rates: [2_000, 2_000, 2_000, 0],
        caps: [None; 4],
        minimum: 0,
        term: 12,
        clauses: Clauses::default(),
        plans: vec![Plan {
            months: 1,
            trial_days: 14,
            anchor_day: None,
            prices: vec![
                price(Grows::Once(5_000_000_000)),
                price(Grows::Seat(1_000_000_000)),
            ],
        }],
    };
    let history = [
        Fact::Sell {
            customer: 0,
            plan: 0,
            seats: 10,
            ago: 0,
        },
        Fact::Discount {
            which: 0,
            off: Off::Percent(5_000),
            priority: 0,
            periods: None,
        },
        Fact::Pass { days: 14 },
    ];
    for kind in Databases::each() {
        tell(kind, &terms, &history);
    }
    let model = Teller::<Slow>::tell(&terms, &history);
    assert_eq!(model.books.invoices[0].net, 5_000 + 5_000);
}

/// One plan of these prices by the month, a fifth of everything as commission, no tax and no hold.
pub(super) fn plain(kinds: Vec<Grows>) -> Terms {
    let price = |kind| Price { kind, earns: true };
    Terms {
        today: super::facts::first_day(),
        tax_bps: 0,
        hold_days: 0,
        rates: [2_000, 2_000, 2_000, 0],
        caps: [None; 4],
        minimum: 0,
        term: 12,
        clauses: Clauses::default(),
        plans: vec![Plan {
            months: 1,
            trial_days: 0,
            anchor_day: None,
            prices: kinds.into_iter().map(price).collect(),
        }],
    }
}

pub(super) fn sold() -> Fact {
    Fact::Sell {
        customer: 0,
        plan: 0,
        seats: 1,
        ago: 0,
    }
}

fn credited(part: i64, goes: Goes) -> Fact {
    Fact::Credit {
        which: 0,
        line: 0,
        part,
        how: How {
            goes,
            lowers: false,
            protects: false,
        },
    }
}

pub(super) fn told<'a>(terms: &'a Terms, history: &[Fact]) -> Teller<'a, Slow> {
    for kind in Databases::each() {
        tell(kind, terms, history);
    }
    Teller::<Slow>::tell(terms, history)
}

/// R07: 90.00 for 30 days, paused from the 11th and resumed from the 26th: 60.00 goes back, and
/// 15.00 is charged for the five days that are left.
#[test]
fn a_pause_begins_on_its_day_and_ends_with_the_day_before_it_is_resumed() {
    let terms = plain(vec![Grows::Flat(9_000_000_000)]);
    let history = [
        sold(),
        Fact::Pass { days: 10 },
        Fact::Pause { which: 0, ago: 0 },
        Fact::Pass { days: 15 },
        Fact::Resume { which: 0, ago: 0 },
    ];
    let books = told(&terms, &history).books;
    let nets: Vec<i64> = books.invoices.iter().map(|one| one.net).collect();
    assert_eq!((nets, books.notes[0].net), (vec![9_000, 1_500], 6_000));
}

/// A trial is not paused, and not afterwards either.
#[test]
fn a_pause_does_not_begin_before_the_first_charge() {
    let mut terms = plain(vec![Grows::Flat(9_000_000_000)]);
    terms.plans[0].trial_days = 14;
    let sold = Fact::Sell {
        customer: 0,
        plan: 0,
        seats: 1,
        ago: 20,
    };
    let pause = |ago| Fact::Pause { which: 0, ago };
    told(&terms, &[sold.clone(), pause(7), pause(6)]);
    let mut model = Teller::<Slow>::tell(&terms, &[sold]);
    assert!(model.happens(&pause(7)).is_err());
    assert!(model.happens(&pause(6)).is_ok());
}

/// A cap counts what distributors took out of the month, those too that are above no longer.
#[test]
fn a_cap_counts_what_an_earlier_distributor_got() {
    let mut terms = plain(vec![Grows::Seat(10_000_000_000)]);
    terms.caps = [Some(1_000); 4];
    let link = |above| Fact::Link { seller: 0, above };
    let above = Above {
        who: 2,
        is_carved: true,
        bps: 5_000,
    };
    let history = [
        link(Some(above)),
        sold(),
        Fact::PayInvoice { which: 0, part: 1 },
        Fact::Pass { days: 1 },
        link(None),
        sold(),
        Fact::PayInvoice { which: 1, part: 1 },
    ];
    let books = told(&terms, &history).books;
    let amounts: Vec<i64> = books.entries.iter().map(|entry| entry.amount).collect();
    assert_eq!(amounts, [1_000, 1_000, -500, -500, 2_000, -2_000]);
}

/// Credited by hand, a line is not credited by more than it charged when its days are given back,
/// though its invoice charged for other things too.
#[test]
fn what_was_credited_by_hand_does_not_go_back_again() {
    let seat = || Grows::Seat(10_000_000_000);
    let terms = plain(vec![seat(), seat()]);
    let history = [
        sold(),
        credited(2, Goes::DueThenCredit),
        Fact::CancelNow {
            which: 0,
            ago: 0,
            fault: false,
        },
    ];
    let books = told(&terms, &history).books;
    let lines = books.invoices[0].lines.iter();
    let credited: Vec<i64> = lines.map(|line| line.credited).collect();
    assert_eq!(credited, [10_000, 10_000]);
}

/// As one line goes back and another earns more, the room that the first frees is no more than
/// what it had of the cap.
#[test]
fn what_goes_back_frees_no_more_of_a_cap_than_it_took() {
    let seat = || Grows::Seat(10_000_000_000);
    let mut terms = plain(vec![seat(), seat()]);
    terms.caps = [Some(500); 4];
    let history = [
        sold(),
        Fact::PayInvoice { which: 0, part: 2 },
        credited(1, Goes::DueThenCredit),
    ];
    let books = told(&terms, &history).books;
    let amounts: Vec<i64> = books.entries.iter().map(|entry| entry.amount).collect();
    assert_eq!(
        amounts,
        [1_000, 1_000, -500, -1_000, -1_000, 1_000, 500, -500]
    );
}

/// What is added within a period earns for whoever earned on its first day.
#[test]
fn a_distributor_placed_within_a_period_earns_from_the_next() {
    let terms = plain(vec![Grows::Seat(10_000_000_000)]);
    let above = Above {
        who: 2,
        is_carved: true,
        bps: 1_000,
    };
    let history = [
        sold(),
        Fact::Pass { days: 5 },
        Fact::Link {
            seller: 0,
            above: Some(above),
        },
        Fact::Change {
            which: 0,
            seats: 2,
            ago: 0,
        },
        Fact::PayInvoice { which: 0, part: 1 },
        Fact::PayInvoice { which: 1, part: 1 },
        Fact::Pass { days: 25 },
        Fact::PayInvoice { which: 2, part: 1 },
    ];
    let books = told(&terms, &history).books;
    let of = |who| {
        let its = books.entries.iter().filter(move |entry| entry.who == who);
        its.map(|entry| entry.invoice).collect::<Vec<_>>()
    };
    assert_eq!(of(2), [2], "{:?}", books.entries);
    assert_eq!(of(0).last(), Some(&2));
}

/// Paid back by credit note: out of the credit that the note leaves, not of another that the
/// customer has; and refused where the payments behind the invoice went back before.
#[test]
fn what_is_paid_back_by_credit_note_is_that_notes_own() {
    let terms = plain(vec![Grows::Flat(10_000_000_000)]);
    let paid = Fact::Pay {
        customer: 0,
        minor: 13_000,
        ago: 0,
    };
    let history = [
        sold(),
        paid,
        credited(4, Goes::Credit),
        credited(4, Goes::DueThenBack),
    ];
    let books = told(&terms, &history).books;
    let left: Vec<i64> = books.credits.iter().map(|one| one.left).collect();
    assert_eq!(
        (left, books.payments[0].refunded),
        (vec![3_000, 2_500, 0], 2_500)
    );
}

/// The customer's bank took a payment back, which was met from credit that another payment had
/// brought. What is left on the invoice cannot go back to the first payment again.
#[test]
fn what_the_bank_took_back_is_not_paid_back_again() {
    let terms = plain(vec![Grows::Flat(10_000_000_000)]);
    let pay = |minor| Fact::Pay {
        customer: 0,
        minor,
        ago: 0,
    };
    let how = How {
        goes: Goes::Credit,
        lowers: false,
        protects: false,
    };
    let history = [
        sold(),
        pay(12_000),
        Fact::Pass { days: 30 },
        pay(8_000),
        Fact::Credit {
            which: 1,
            line: 0,
            part: 2,
            how,
        },
        Fact::Chargeback { which: 0 },
    ];
    let mut teller = told(&terms, &history);
    assert_eq!(teller.books.invoices[0].kept(), 5_000);
    let back = credited(2, Goes::DueThenBack);
    assert!(teller.happens(&back).is_err());
    let all: Vec<Fact> = history.into_iter().chain([back]).collect();
    told(&terms, &all);
}

/// At most 20.00 a month: one sale is paid, seats are added to another, half of that is credited, a
/// third takes the room that this leaves, and the second payment goes back. 20.00 that were earned
/// below zero come back, of which 15.00 find room.
#[test]
fn what_comes_back_from_below_zero_stays_within_the_cap() {
    let mut terms = plain(vec![Grows::Seat(10_000_000_000)]);
    terms.caps = [Some(2_000); 4];
    let pay = |which| Fact::PayInvoice { which, part: 1 };
    let history = [
        sold_to(0, (1, 0)),
        pay(0),
        sold_to(1, (1, 0)),
        seats(2, 0),
        pay(2),
        Fact::Credit {
            which: 2,
            line: 1,
            part: 4,
            how: How {
                goes: Goes::DueThenCredit,
                lowers: false,
                protects: false,
            },
        },
        sold_to(0, (1, 0)),
        pay(3),
        Fact::Chargeback { which: 1 },
    ];
    let books = told(&terms, &history).books;
    let amounts: Vec<i64> = books.entries.iter().map(|entry| entry.amount).collect();
    let (before, back) = amounts.split_at(8);
    assert_eq!(
        before,
        [2_000, -2_000, 4_000, -2_000, -1_000, 500, 2_000, -1_500]
    );
    assert_eq!(back, [2_000, -3_000, 1_500, -500]);
    assert_eq!(amounts.iter().sum::<i64>(), 2_000);
}

/// Seats added in two periods that begin in one month: a part of what was paid goes back, which the
/// cap takes a cent of, and comes in again, which gives that cent back.
#[test]
fn what_falls_below_zero_again_gives_its_cap_back() {
    let mut terms = plain(vec![Grows::Seat(100_000_000)]);
    terms.caps = [Some(90); 4];
    let pay = |customer, minor| Fact::Pay {
        customer,
        minor,
        ago: 0,
    };
    let part = |which, part| Fact::PayInvoice { which, part };
    let refund = |which, minor| Fact::Refund { which, minor };
    let history = [
        sold_to(1, (1, 0)),
        pay(1, 1),
        sold_to(0, (1, 34)),
        pay(0, 2_438),
        pay(1, 1),
        pay(0, 120),
        sold_to(0, (4, 32)),
        refund(1, 1_006),
        seats(3, 27),
        sold_to(0, (1, 31)),
        part(5, 2),
        part(5, 1),
        part(1, 3),
        part(1, 3),
        part(1, 3),
        seats(11, 20),
        part(1, 2),
        part(6, 2),
        refund(4, 54),
        part(1, 1),
    ];
    let books = told(&terms, &history).books;
    let all = &books.entries;
    let again = all.iter().filter(|one| {
        let cap = one.reverses.and_then(|cap| all[cap].caps);
        one.does == Does::Frees && cap.is_some_and(|risen| all[risen].reverses.is_some())
    });
    let again: Vec<i64> = again.map(|one| one.amount).collect();
    assert_eq!(again, [1]);
}

pub(super) fn sold_to(customer: usize, (seats, ago): (u32, u32)) -> Fact {
    Fact::Sell {
        customer,
        plan: 0,
        seats,
        ago,
    }
}

/// The second sale's seats from a day on.
fn seats(seats: u32, ago: u32) -> Fact {
    Fact::Change {
        which: 1,
        seats,
        ago,
    }
}

/// Twice 62.00 for July, of which the first 30 days earn: half of the month is given back, and what
/// is charged anew earns for its own days.
#[test]
fn a_clause_that_is_over_within_a_period_earns_for_its_days() {
    let mut terms = plain(vec![Grows::Seat(6_200_000_000)]);
    terms.clauses.months = [Some(1), Some(1), None, None];
    let pay = |which| Fact::PayInvoice { which, part: 1 };
    terms.today = NaiveDate::from_ymd_opt(2028, 7, 1).unwrap();
    terms.plans[0].months = 3;
    let history = [
        sold(),
        pay(0),
        Fact::Pass { days: 15 },
        Fact::Change {
            which: 0,
            seats: 2,
            ago: 0,
        },
        pay(1),
    ];
    let books = told(&terms, &history).books;
    let earned: Vec<(i64, i64)> = books
        .entries
        .iter()
        .map(|one| (one.amount, one.base))
        .collect();
    // 62.00 of 92 days, of which 31 earn; then 77 days, of which 16 earn.
    assert_eq!(earned, [(418, 6_200), (-215, -5_189), (431, 10_378)]);
}

/// Of a period that is begun at its 9th day, units earn for the days that are left of it, and a
/// distributor's share of the revenue is that of what was charged for them.
#[test]
fn units_earn_for_the_days_they_are_charged_for() {
    let mut terms = plain(vec![Grows::Seat(3_100_000_000)]);
    terms.clauses.units[0] = Some(620);
    terms.plans[0].anchor_day = Some(1);
    terms.today = NaiveDate::from_ymd_opt(2028, 7, 9).unwrap();
    let above = Above {
        who: 2,
        is_carved: false,
        bps: 1_000,
    };
    let history = [
        Fact::Link {
            seller: 0,
            above: Some(above),
        },
        sold(),
        Fact::PayInvoice { which: 0, part: 1 },
        Fact::Change {
            which: 0,
            seats: 3,
            ago: 0,
        },
        Fact::PayInvoice { which: 1, part: 1 },
    ];
    let books = told(&terms, &history).books;
    let of = |who| {
        let its = books.entries.iter().filter(move |one| one.who == who);
        its.map(|one| one.amount).collect::<Vec<_>>()
    };
    // 23 of 31 days: 23.00 charged and 4.60 earned for each.
    assert_eq!(of(0), [460, -460, 1_380]);
    assert_eq!(of(2), [230, -230, 690]);
}
