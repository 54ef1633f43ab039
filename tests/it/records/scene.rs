//! Two vendors on one database, and people with every role.
use std::fmt::Display;

use chrono::{DateTime, NaiveDate};
use perennial::{
    Error, Result,
    clock::Clock,
    domain::{BillingInterval, PartnerType, Price, Rate, Role, StatementDelivery, UnitPrice},
    id::{CustomerId, PartnerId, PlanVersionId},
    services::{
        catalogue::plans::{Draft as PlanDraft, PriceDraft},
        recruit::partners as recruiting,
        sell::customers as selling,
    },
    store::{
        PartnerScope, Scope, Store, Tx, VendorScope,
        catalogue::plans::Terms,
        lobby::{self, Admission, NewMembership, NewVendor},
    },
};

use crate::support::postgres::{Databases, TestDatabase};

pub struct Scene {
    pub store: Store,
    pub database: TestDatabase,
    pub acme: VendorScope,
    pub rival: VendorScope,
}

/// Runs a test on each database there is.
pub fn on_each(test: impl Fn(&Scene)) {
    for kind in Databases::each() {
        let database = TestDatabase::fresh(kind);
        let clock = Clock::held_at(DateTime::from_timestamp(1_793_880_000, 0).unwrap());
        let store = Store::open(&database.url().parse().unwrap(), clock).unwrap();
        let (acme, rival) = (vendor(&store, "acme"), vendor(&store, "rival"));
        test(&Scene {
            store,
            database,
            acme,
            rival,
        });
    }
}

fn vendor(store: &Store, slug: &str) -> VendorScope {
    let new = NewVendor {
        slug: slug.into(),
        name: slug.to_uppercase(),
        legal_name: format!("{slug} GmbH"),
        address: "Hauptstrasse 1".into(),
        time_zone: "Europe/Berlin".into(),
        currency: "EUR".into(),
        document_prefix: slug.to_uppercase(),
        first_period: 202_610,
    };
    store
        .lobby_write_now(|lobby| lobby::add_vendor(lobby, &new))
        .unwrap()
}

impl Scene {
    pub fn write<S: Scope, T>(
        &self,
        scope: &S,
        work: impl Fn(&mut Tx<'_, S>) -> Result<T>,
    ) -> Result<T> {
        self.store.write_now(scope.clone(), work)
    }

    pub fn read<S: Scope, T>(
        &self,
        scope: &S,
        work: impl FnOnce(&mut Tx<'_, S>) -> Result<T>,
    ) -> T {
        self.store.read_now(scope.clone(), work).unwrap()
    }

    /// Someone of the vendor's who is already in.
    pub fn staff(&self, role: Role) -> VendorScope {
        let email = format!("{}@acme.example", role.code());
        match self.admitted(&email, role, None) {
            Admission::Staff(scope) => scope,
            Admission::Partner(_) => panic!("a partner's"),
        }
    }

    /// Someone of a partner's who is already in.
    pub fn seller(&self, partner: PartnerId, slug: &str, role: Role) -> PartnerScope {
        let email = format!("{}@{slug}.example", role.code());
        match self.admitted(&email, role, Some((partner, slug))) {
            Admission::Partner(scope) => scope,
            Admission::Staff(_) => panic!("the vendor's"),
        }
    }

    fn admitted(&self, email: &str, role: Role, at: Option<(PartnerId, &str)>) -> Admission {
        let tenant = lobby::tenant_of(&self.acme);
        let enter = |lobby: &mut lobby::Lobby<'_>| {
            let user = lobby::add_person(lobby, email, role.label(), None)?;
            let place = NewMembership {
                tenant,
                partner: at.map(|(id, _)| id),
                user,
                role,
                email,
                name: role.label(),
            };
            lobby::add_membership(lobby, &place)?;
            lobby::admit(lobby, user, "acme", at.map(|(_, slug)| slug))
        };
        self.store.lobby_write_now(enter).unwrap().unwrap()
    }

    pub fn partner(&self, scope: &VendorScope, name: &str, country: &str) -> PartnerId {
        let draft = partner_draft(name, country);
        self.write(scope, |tx| recruiting::recruit(tx, None, &draft))
            .unwrap()
    }

    pub fn customer(&self, scope: &VendorScope, partner: PartnerId, name: &str) -> CustomerId {
        let draft = customer_draft(name);
        self.write(scope, |tx| selling::add(tx, partner, None, &draft))
            .unwrap()
    }

    /// A live subscription, written as the revenue services would.
    pub fn subscription(
        &self,
        of: (PartnerId, CustomerId),
        plan: PlanVersionId,
        external_id: &str,
    ) -> i64 {
        let tenant = lobby::tenant_of(&self.acme).number();
        let id = of.1.number() + 1;
        let (partner, customer, plan) = (of.0.number(), of.1.number(), plan.number());
        self.database.sql(&format!(
            "INSERT INTO subscriptions (tenant_id, id, partner_id, customer_id, plan_version_id,
             external_id, currency, starts_on, interval_months, term_months, quantity, mrr_minor,
             billed_periods, status, created_at, version) VALUES ({tenant}, {id}, {partner},
             {customer}, {plan}, '{external_id}', 'EUR', '2026-10-01', 1, 12, 5, 12500, 1, 'active',
             '2026-10-01 08:00:00', 1)"
        ));
        self.database.sql(&format!(
            "INSERT INTO subscription_changes (tenant_id, id, partner_id, subscription_id, kind,
             effective_on, quantity_before, quantity_after, reason, recorded_at) VALUES ({tenant},
             {id}, {partner}, {id}, 'started', '2026-10-01', 0, 3, '', '2026-10-01 08:00:00')"
        ));
        id
    }
}

pub fn read<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn partner_draft(name: &str, country: &str) -> recruiting::Draft {
    recruiting::Draft {
        name: read(name),
        legal_name: read(name),
        address: read("Hafen 1"),
        country: read(country),
        partner_type: PartnerType::Reseller,
        statement_email: Some(read("books@partner.example")),
        delivery: StatementDelivery::Attached,
    }
}

pub fn customer_draft(name: &str) -> selling::Draft {
    selling::Draft {
        name: read(name),
        country: read("DE"),
        tax: Rate::from_bps(1_900).unwrap(),
        tax_category: perennial::domain::TaxCategory::Own,
        vat_id: perennial::domain::VatId::default(),
    }
}

pub fn plan_draft(interval: BillingInterval, term_months: u32, micro: &[i64]) -> PlanDraft {
    let price = |(number, micro): (usize, &i64)| PriceDraft {
        label: read(&format!("Price {number}")),
        price: Price::per_seat(UnitPrice::from_micro(*micro).unwrap()),
        commissionable: true,
    };
    PlanDraft {
        terms: Terms {
            currency: read("EUR"),
            interval,
            term_months,
            notice_days: 30,
            trial_days: 0,
            anchor_day: None,
            minimum_minor: 0,
            proration: perennial::domain::Proration::Day,
        },
        prices: micro.iter().enumerate().map(price).collect(),
    }
}

/// The fields an act was refused on.
pub fn fields<T>(done: Result<T>) -> Vec<String> {
    match done {
        Err(Error::Invalid(problems)) => {
            problems.iter().map(|(field, _)| field.to_owned()).collect()
        }
        Err(other) => vec![format!("{other:?}")],
        Ok(_) => vec!["done".to_owned()],
    }
}

pub fn is_conflict<T>(done: &Result<T>) -> bool {
    matches!(done, Err(Error::Conflict(_)))
}
pub fn is_forbidden<T>(done: &Result<T>) -> bool {
    matches!(done, Err(Error::Forbidden))
}
pub fn is_not_found<T>(done: &Result<T>) -> bool {
    matches!(done, Err(Error::NotFound))
}
pub fn said<T>(done: Result<T>) -> String
where
    Error: Display,
{
    done.err()
        .map_or_else(String::new, |error| error.to_string())
}
