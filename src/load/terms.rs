//! What a generated vendor sells, and what selling it pays.
use crate::{
    Error, Result,
    domain::{
        Aggregation, BillingInterval, DeliveryParty, Meter, Period, Price, Rate, Scale, UnitPrice,
    },
    id::{CommissionPlanVersionId, PartnerId},
    services::{
        catalogue::{offerings, plans},
        incentivize::{commission_plans, enrollments},
    },
    store::{
        Store, VendorScope,
        catalogue::{offerings as rows, plans::Terms},
        incentivize::statements::partners_after,
        lobby::{self, NewVendor},
    },
};

/// Partners enrolled in one transaction.
const TOGETHER: i64 = 500;

/// The address of a vendor by its number.
pub fn slug(number: usize) -> String {
    format!("load-{number}")
}

pub fn vendor(store: &Store, number: usize, first: Period) -> Result<VendorScope> {
    let new = NewVendor {
        slug: slug(number),
        name: format!("Load {number}"),
        legal_name: format!("Load {number} GmbH"),
        address: "Messplatz 1\n20457 Hamburg".into(),
        time_zone: "UTC".into(),
        currency: "EUR".into(),
        document_prefix: format!("L{number}"),
        first_period: first.key(),
    };
    store.lobby_write_now(|lobby| lobby::add_vendor(lobby, &new))
}

pub fn read<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T> {
    text.parse().map_err(Error::fault)
}

/// Seats by the month; 20 % of what is collected, after fourteen days.
pub fn catalogue(store: &Store, scope: &VendorScope) -> Result<CommissionPlanVersionId> {
    let offering = offerings::Draft {
        name: read("Seats")?,
        category: read("Software")?,
        summary: read("By the seat and month")?,
        delivery: DeliveryParty::Vendor,
        sla_policy: None,
    };
    let currency = read("EUR")?;
    let plan = plans::Draft {
        terms: Terms {
            currency,
            interval: BillingInterval::Month,
            term_months: 12,
            notice_days: 30,
            trial_days: 0,
            anchor_day: None,
            minimum_minor: 0,
            proration: crate::domain::Proration::Day,
        },
        prices: vec![plans::PriceDraft {
            label: read("Seats")?,
            price: Price::per_seat(UnitPrice::parse("12.50", currency).map_err(Error::fault)?),
            commissionable: true,
        }],
    };
    let (code, title) = (read("SEATS")?, read("Seats")?);
    let (commission, rate) = (
        read("Recurring")?,
        Rate::from_bps(2_000).map_err(Error::fault)?,
    );
    store.write_now(scope.clone(), |tx| {
        let sold = offerings::add(tx, &offering)?;
        let (_, version) = plans::add(tx, sold, (&code, &title), &plan)?;
        plans::publish(tx, version, 1)?;
        let version = rows::offering(tx, sold)?.version;
        offerings::publish(tx, sold, version)?;
        let draft = commission_plans::Draft {
            effective_from: tx.now().date(),
            hold_days: 14,
            extras: crate::domain::commission::extras::PlanExtras::default(),
            clauses: vec![commission_plans::ClauseDraft {
                phase: None,
                tier: None,
                rate,
                ..commission_plans::ClauseDraft::default()
            }],
            outcome: String::new(),
        };
        let (_, version) = commission_plans::add(tx, &commission, &draft)?;
        commission_plans::publish(tx, version, 1)?;
        Ok(version)
    })
}

/// Calls, counted from what is reported.
pub fn metered(store: &Store, scope: &VendorScope) -> Result<()> {
    let offering = offerings::Draft {
        name: read("Calls")?,
        category: read("Software")?,
        summary: read("By the call")?,
        delivery: DeliveryParty::Vendor,
        sla_policy: None,
    };
    let currency = read("EUR")?;
    let each = UnitPrice::parse("0.01", currency).map_err(Error::fault)?;
    let meter = Meter {
        code: read("calls")?,
        aggregation: Aggregation::Sum,
    };
    let plan = plans::Draft {
        terms: Terms {
            currency,
            interval: BillingInterval::Month,
            term_months: 12,
            notice_days: 30,
            trial_days: 0,
            anchor_day: None,
            minimum_minor: 0,
            proration: crate::domain::Proration::Day,
        },
        prices: vec![plans::PriceDraft {
            label: read("Calls")?,
            price: Price::Metered(meter, Scale::Unit(each)),
            commissionable: true,
        }],
    };
    let (code, title) = (read("CALLS")?, read("Calls")?);
    store.write_now(scope.clone(), |tx| {
        let sold = offerings::add(tx, &offering)?;
        let (_, version) = plans::add(tx, sold, (&code, &title), &plan)?;
        plans::publish(tx, version, 1)?;
        let version = rows::offering(tx, sold)?.version;
        offerings::publish(tx, sold, version)
    })
}

/// Puts every partner under the commission plan from today on.
pub fn enroll(store: &Store, scope: &VendorScope, version: CommissionPlanVersionId) -> Result<()> {
    let mut after: Option<PartnerId> = None;
    loop {
        let some = store.write_now(scope.clone(), |tx| {
            let (some, today) = (partners_after(tx, after, TOGETHER)?, tx.now().date());
            for partner in &some {
                enrollments::enroll(tx, partner.id, version, today)?;
            }
            Ok(some)
        })?;
        match some.last() {
            Some(last) => after = Some(last.id),
            None => return Ok(()),
        }
    }
}
