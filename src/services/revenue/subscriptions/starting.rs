//! Sales: one, or a file of them, by the same way.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

use super::{
    Noted, check_units,
    resale::{self, BillingAsked, Resale},
    units,
};
use crate::{
    Error, Result,
    domain::{
        Action, BillingModel, Discount, Permission, Quantity, SubscriptionStatus, bill,
        commitment::at_least,
        near,
        resale::bought,
        sale::{Opening, opening},
    },
    id::{
        CommissionPlanVersionId, CustomerId, DealRegistrationId, PartnerId, PlanVersionId,
        SubscriptionId,
    },
    services::{
        revenue::{
            billing::bill_all,
            books::Books,
            payments::{AtPlace, Recorded},
            recurring::begin,
        },
        sell::deals,
    },
    store::{
        Tx, VendorScope,
        platform::{self, Event},
        revenue::{
            subscriptions::{self, ChangeKind, Subscription, SubscriptionChange},
            terms::{self, BilledCustomer, PlanTerms},
        },
        sell::deals::{self as registered, DealRegistration},
    },
};

/// A sale.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    /// The vendor's own key for it: the same key twice is the same sale.
    pub external_id: String,
    /// To whom.
    pub customer: CustomerId,
    /// What.
    pub plan_version: PlanVersionId,
    /// The first day served; may lie in the past or to come.
    pub starts_on: NaiveDate,
    /// Units.
    pub quantity: Quantity,
}

/// Starts a subscription for a customer and bills what is due by today. The commission plan
/// version is pinned from the partner's enrolment on the first day served.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for the customer; [`Error::Invalid`] on `plan` or
/// `external_id`; faults of the database.
pub fn start(
    tx: &mut Tx<'_, VendorScope>,
    new: &NewSubscription,
) -> Result<Recorded<SubscriptionId>> {
    let books = Books::open(tx)?;
    let started = start_all(tx, &books, std::slice::from_ref(new)).map_err(|at| at.error)?;
    let one = started.into_iter().next();
    one.ok_or_else(|| Error::fault("a sale was not recorded"))
}

/// As [`start`], of a deal that its partner registered, which is won by it: the clauses that pay
/// more for registered deals do, from the first bill on.
///
/// # Errors
/// As [`start`], and [`Error::Invalid`] on `deal` where the sale is not the one registered.
pub fn start_registered(
    tx: &mut Tx<'_, VendorScope>,
    new: &NewSubscription,
    deal: DealRegistrationId,
) -> Result<Recorded<SubscriptionId>> {
    let deal = registration(tx, deal)?;
    sell_one(tx, (new, &BillingAsked::default()), Some(deal))
}

/// As [`start`], or [`start_registered`] where a deal is named, billed as is asked for. What a
/// partner buys at is that of the first day served, and is written down with the sale.
///
/// # Errors
/// As those, and [`Error::Invalid`] on `billing` or `street`.
pub fn start_billed(
    tx: &mut Tx<'_, VendorScope>,
    (new, asked): (&NewSubscription, &BillingAsked),
    deal: Option<DealRegistrationId>,
) -> Result<Recorded<SubscriptionId>> {
    let deal = deal.map(|deal| registration(tx, deal)).transpose()?;
    sell_one(tx, (new, asked), deal)
}

fn registration(
    tx: &mut Tx<'_, VendorScope>,
    deal: DealRegistrationId,
) -> Result<DealRegistration> {
    match registered::one(tx, deal) {
        Err(Error::NotFound) => Err(Error::on("deal", "Choose one of the registrations.")),
        other => other,
    }
}

fn sell_one(
    tx: &mut Tx<'_, VendorScope>,
    (new, asked): (&NewSubscription, &BillingAsked),
    deal: Option<DealRegistration>,
) -> Result<Recorded<SubscriptionId>> {
    let books = Books::open(tx)?;
    let sale = (std::slice::from_ref(new), std::slice::from_ref(asked));
    let started = sell(tx, &books, sale, deal).map_err(|at| at.error)?;
    let one = started.into_iter().next();
    one.ok_or_else(|| Error::fault("a sale was not recorded"))
}

/// As [`start_all`], each billed as is asked for in its place.
///
/// # Errors
/// As [`start_all`], and [`Error::Invalid`] on `billing` or `street`.
pub fn start_all_billed(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (new, how): (&[NewSubscription], &[BillingAsked]),
) -> Result<Vec<Recorded<SubscriptionId>>, AtPlace> {
    sell(tx, books, (new, how), None)
}

/// As [`start`], of many in one transaction: what they need is read together and what they come
/// to is written together.
///
/// # Errors
/// As [`start`], with the place of the sale that is refused, from 0.
pub fn start_all(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    new: &[NewSubscription],
) -> Result<Vec<Recorded<SubscriptionId>>, AtPlace> {
    sell(tx, books, (new, &[]), None)
}

fn sell(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (new, how): (&[NewSubscription], &[BillingAsked]),
    deal: Option<DealRegistration>,
) -> Result<Vec<Recorded<SubscriptionId>>, AtPlace> {
    tx.allow(Permission::ManageSubscriptions)?;
    let mut sales = Sales::of(tx, new, how)?;
    let (mut recorded, mut rows, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (place, one) in new.iter().enumerate() {
        let at = |error| AtPlace { place, error };
        let asked = how.get(place).copied().unwrap_or_default();
        let one = (one, &asked);
        if let Some(known) = sales.known.get(&one.0.external_id) {
            recorded.push(sales.unchanged(known, one).map_err(at)?);
            continue;
        }
        let (row, name) = sales.row(&*tx, books, one).map_err(at)?;
        recorded.push(Recorded::New(row.id));
        sales.known.insert(row.external_id.clone(), row.clone());
        rows.push(row);
        names.push(name);
    }
    let ids: Vec<SubscriptionId> = rows.iter().map(|row| row.id).collect();
    subscriptions::add(tx, rows.clone())?;
    note(tx, &rows, &names)?;
    // Before the first bill, whose terms are fixed by it.
    if let (Some(deal), Some(sold)) = (deal, rows.first()) {
        let offering = sales.plans.get(&sold.plan_version_id);
        let offering = offering.ok_or_else(|| Error::fault("a sale has no plan"))?;
        deals::win(tx, deal, (sold, offering.offering_id))?;
    }
    bill_all(tx, books, &ids, books.today)?;
    Ok(recorded)
}

/// What sales rest on.
struct Sales {
    known: HashMap<String, Subscription>,
    began: HashMap<SubscriptionId, i32>,
    left: HashMap<SubscriptionId, Vec<(NaiveDate, PlanVersionId)>>,
    customers: HashMap<CustomerId, BilledCustomer>,
    plans: HashMap<PlanVersionId, PlanTerms>,
    enrolled: HashMap<PartnerId, Vec<(NaiveDate, CommissionPlanVersionId)>>,
    resale: Resale,
}

impl Sales {
    fn of(
        tx: &mut Tx<'_, VendorScope>,
        new: &[NewSubscription],
        how: &[BillingAsked],
    ) -> Result<Self> {
        let names: Vec<String> = new.iter().map(|one| one.external_id.clone()).collect();
        let known = subscriptions::named(tx, &names)?;
        let repeated: Vec<SubscriptionId> = known.values().map(|one| one.id).collect();
        let customers: BTreeSet<CustomerId> = new.iter().map(|one| one.customer).collect();
        let customers = terms::customers_of(tx, &customers.into_iter().collect::<Vec<_>>())?;
        let plans: BTreeSet<PlanVersionId> = new.iter().map(|one| one.plan_version).collect();
        let partners: BTreeSet<PartnerId> = customers.values().map(|one| one.partner_id).collect();
        let resold = how.iter().any(|one| one.model != BillingModel::Agency);
        Ok(Self {
            resale: match resold {
                true => Resale::of(tx, &Vec::from_iter(partners.iter().copied()))?,
                false => Resale::default(),
            },
            began: subscriptions::began_with(tx, &repeated)?,
            left: subscriptions::plans_left(tx, &repeated)?,
            known,
            plans: terms::plans_of(tx, &plans.into_iter().collect::<Vec<_>>())?,
            enrolled: terms::enrolments(tx, &partners.into_iter().collect::<Vec<_>>())?,
            customers,
        })
    }

    fn unchanged(
        &self,
        known: &Subscription,
        (new, asked): (&NewSubscription, &BillingAsked),
    ) -> Result<Recorded<SubscriptionId>> {
        let began = self.began.get(&known.id).copied();
        let left = self.left.get(&known.id).and_then(|left| left.first());
        let plan = left.map_or(known.plan_version_id, |(_, plan)| *plan);
        let same = known.customer_id == new.customer
            && plan == new.plan_version
            && known.starts_on == new.starts_on
            && known.billing_model() == asked.model
            && asked
                .street_minor
                .is_none_or(|street| known.street_minor == Some(street))
            && began.unwrap_or(known.quantity) == units(new.quantity);
        if !same {
            let why = "A subscription with this id is there already, with other details.";
            return Err(Error::on("external_id", why));
        }
        Ok(Recorded::Unchanged(known.id))
    }

    /// The sale's row, and what a reader calls it.
    fn row(
        &self,
        tx: &Tx<'_, VendorScope>,
        books: &Books,
        (new, asked): (&NewSubscription, &BillingAsked),
    ) -> Result<(Subscription, String)> {
        let customer = self.customers.get(&new.customer).ok_or(Error::NotFound)?;
        let plan = self.plans.get(&new.plan_version);
        let plan = plan
            .filter(|plan| plan.is_published)
            .ok_or_else(|| Error::on("plan", "This plan is not on sale."))?;
        let is_sound = near::within_reach(new.starts_on, books.today);
        is_sound.map_err(|why| Error::on("starts_on", why))?;
        check_units(plan, new.quantity)?;
        let opening = opening_of(plan, new.starts_on)?;
        let other = |day: NaiveDate| Some(day).filter(|day| *day != new.starts_on);
        let mut row = Subscription {
            id: tx.fresh_id(),
            partner_id: customer.partner_id,
            customer_id: customer.id,
            plan_version_id: new.plan_version,
            commission_plan_version_id: self.enrolled_in(customer.partner_id, new.starts_on),
            external_id: new.external_id.clone(),
            currency: plan.currency,
            starts_on: new.starts_on,
            anchor_on: other(opening.anchor.on),
            charged_from: other(opening.charged_from),
            interval_months: plan.interval_months,
            term_months: plan.term_months,
            quantity: units(new.quantity),
            mrr_minor: 0,
            billed_periods: 0,
            next_bill_on: Some(opening.charged_from),
            ends_on: None,
            status: status_on(books.today, new.starts_on, &opening),
            created_at: tx.now(),
            version: 1,
            ends_by_vendor: false,
            next_plan_version_id: None,
            next_plan_on: None,
            anchor_index: 0,
            renewals_from: None,
            payer_id: None,
            reseller_bps: 0,
            distributor_bps: 0,
            street_minor: None,
            street_list_minor: None,
        };
        let sale = resale::Sale {
            partner: customer.partner_id,
            on: new.starts_on,
            plan,
            quantity: new.quantity,
        };
        self.resale.billed(&sale, asked)?.write(&mut row);
        // A trial brings nothing until it is over.
        if opening.charged_from == new.starts_on {
            row.mrr_minor = first_mrr(plan, &row)?;
        }
        let name = format!("{}, {} for {}", plan.offering, plan.plan, customer.name);
        Ok((row, name))
    }

    fn enrolled_in(&self, partner: PartnerId, on: NaiveDate) -> Option<CommissionPlanVersionId> {
        let given = self.enrolled.get(&partner)?;
        let held = given.iter().rev().find(|(since, _)| *since <= on);
        held.map(|(_, version)| *version)
    }
}

/// Where a sale stands on a day.
fn status_on(today: NaiveDate, starts_on: NaiveDate, opening: &Opening) -> SubscriptionStatus {
    match starts_on <= today {
        false => SubscriptionStatus::Pending,
        true if opening.charged_from > today => SubscriptionStatus::Trialing,
        true => SubscriptionStatus::Active,
    }
}

/// From when a sale of a plan is charged, and from where its periods are counted.
fn opening_of(plan: &PlanTerms, starts_on: NaiveDate) -> Result<Opening> {
    let many = |number: i32| u32::try_from(number).unwrap_or_default();
    let terms = (plan.anchor_day.map(many), plan.interval()?);
    let opening = opening(starts_on, many(plan.trial_days), terms);
    opening.ok_or_else(|| Error::on("starts_on", "This day is too far away."))
}

/// What a sale brings a month from its first charge on, in minor units.
fn first_mrr(plan: &PlanTerms, row: &Subscription) -> Result<i64> {
    let prices = plan.prices.iter().map(|line| &line.price);
    let interval = plan.interval()?;
    let over = (row.stretch(0)?, interval);
    let billing = row.billing()?;
    let first: Vec<Discount> = billing.first().into_iter().collect();
    let monthly = bill::monthly(prices, row.units()?, &first, over)?;
    let least = bought(plan.minimum_minor, billing.discount());
    Ok(at_least(monthly, least, interval)?)
}

fn note(tx: &mut Tx<'_, VendorScope>, rows: &[Subscription], names: &[String]) -> Result<()> {
    let changes: Vec<SubscriptionChange> = rows
        .iter()
        .map(|row| {
            let started = Noted {
                kind: ChangeKind::Started,
                on: row.starts_on,
                before: 0,
                after: row.quantity,
                reason: "",
                plans: None,
            };
            started.of(tx, row)
        })
        .collect();
    subscriptions::record_changes(tx, changes)?;
    begin(tx, rows)?;
    let events: Vec<Event<'_>> = rows
        .iter()
        .zip(names)
        .map(|(row, name)| Event {
            action: Action::SubscriptionStarted,
            subject: row.id.number(),
            partner: Some(row.partner_id),
            summary: name.clone(),
            changes: &[],
        })
        .collect();
    platform::record_all(tx, &events)
}
