//! A partner's subscriptions, and what each earns.
use actix_web::web::{Data, Path, Query, ServiceConfig, get, resource};
use askama::Template;
use chrono::{Months, NaiveDate};
use serde::Deserialize;

use crate::{
    Error, Result,
    documents::csv::{Cell, table},
    domain::{Money, Period, Permission, SubscriptionStatus, date_words},
    id::{CustomerId, SubscriptionId},
    services::revenue::billing::{Basis, Preview, preview, usage_asked},
    store::{
        PartnerScope, Store, Tx,
        account::vendor,
        incentivize::{
            enrollments::{self, Enrollment},
            parties,
        },
        paging::{Count, Cursor, Page},
        registers::{
            deals,
            invoices::{self, Resold},
            ledger::{self, EarnedWith},
            sla_credits,
        },
        revenue::{
            commitments, discounts,
            sla_credits::SlaCredit,
            usage::{self, UsageCharge},
        },
        sell::{
            accounts::{self, Billed},
            customers,
            deals::DealRegistration,
            subscriptions::{self, Filter, Line, Record},
            taxes,
        },
    },
    web::{
        Answer, Shell,
        admission::Visitor,
        earnings::{missed::Missed, usage::Usage},
        filters,
        list::{Address, Pager, count_words, every},
        page::{download, ok},
        portal::terms::own_shares,
        resold::{self, MarginMonth, ResoldView, Viewer},
        sold::{self, BilledRow, ChangeRow, DiscountRow, PriceRow, Sold},
        words,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/subscriptions").route(get().to(index)))
        .service(resource("/subscriptions.csv").route(get().to(csv)))
        .service(resource("/subscriptions/{subscription}").route(get().to(show)))
        .configure(super::usage::routes);
}

/// What the list is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    customer: String,
    status: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> Filter {
        Filter {
            search: self.q.clone(),
            customer: self.customer.parse().ok(),
            status: self.status.parse().ok(),
            ..Filter::default()
        }
    }
    fn address(&self, base: &str) -> Address {
        let pairs = [
            ("q", &*self.q),
            ("customer", &*self.customer),
            ("status", &*self.status),
        ];
        Address::new(format!("{base}/subscriptions"), &pairs)
    }
}

#[derive(Template)]
#[template(path = "portal/subscriptions/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    answer: String,
    asked: Asked,
    statuses: Vec<(String, String)>,
    address: Address,
    count: String,
    rows: Vec<Sold>,
    pager: Pager,
    /// What was bought to be sold on, for those who see earnings.
    margins: Vec<MarginMonth>,
    /// What the vendor owes the partner of what it was billed; empty for nothing.
    credit: String,
}

struct Found {
    resold: Vec<Resold>,
    credit: Vec<Money>,
    page: Page<Line>,
    count: Count,
    of: Option<String>,
    today: NaiveDate,
}

fn find(tx: &mut Tx<'_, PartnerScope>, asked: &Asked) -> Result<Found> {
    tx.allow(Permission::PartnerViewCustomers)?;
    let (filter, at) = (asked.filter(), Cursor::read(&asked.at));
    let of = match filter.customer {
        Some(id) => name(tx, id)?,
        None => None,
    };
    let today = vendor::today(tx)?;
    let year = Period::of(today).first_day();
    let year = year.checked_sub_months(Months::new(11)).unwrap_or(year);
    let may_see = tx.allow(Permission::PartnerViewEarnings).is_ok();
    Ok(Found {
        resold: match may_see {
            true => invoices::resold(tx, year)?,
            false => Vec::new(),
        },
        credit: match may_see {
            true => invoices::own_credit(tx)?,
            false => Vec::new(),
        },
        page: subscriptions::page(tx, &filter, at.as_ref())?,
        count: subscriptions::count(tx, &filter)?,
        today,
        of,
    })
}

fn name(tx: &mut Tx<'_, PartnerScope>, id: CustomerId) -> Result<Option<String>> {
    Ok(customers::names(tx, &[id])?.pop().map(|(_, name)| name))
}

async fn index(visitor: Visitor, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    let wanted = asked.clone();
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, &wanted))
        .await?;
    let address = asked.address(&visitor.base);
    let statuses = SubscriptionStatus::ALL.iter();
    let statuses = statuses.map(|status| (status.code().to_owned(), status.label().to_owned()));
    let count = count_words(
        found.page.rows.len(),
        found.count,
        ("subscription", "subscriptions"),
    );
    ok(&IndexPage {
        shell: visitor.shell(),
        base: visitor.base.clone(),
        answer: match &found.of {
            Some(customer) => format!("What {customer} uses."),
            None => "What your customers use, and until when.".to_owned(),
        },
        statuses: std::iter::once((String::new(), "All".to_owned()))
            .chain(statuses)
            .collect(),
        count,
        pager: address.pager(&found.page),
        rows: sold::rows(&visitor.base, &found.page.rows, found.today),
        margins: resold::months(&found.resold)?,
        credit: match found.credit.is_empty() {
            true => String::new(),
            false => words::amounts(&found.credit),
        },
        address,
        asked,
    })
}

const COLUMNS: [&str; 12] = [
    "Subscription",
    "External id",
    "Customer",
    "Plan",
    "Status",
    "Quantity",
    "Currency",
    "MRR",
    "Starts on",
    "Last day",
    "Next bill on",
    "Billing",
];

fn cells(line: &Line) -> Vec<Cell> {
    let it = &line.subscription;
    let day =
        |day: Option<NaiveDate>| Cell::text(day.map_or_else(String::new, |day| day.to_string()));
    vec![
        Cell::text(it.id.to_string()),
        Cell::text(&it.external_id),
        Cell::text(&line.customer),
        Cell::text(&line.plan),
        Cell::text(it.status.label()),
        Cell::number(it.quantity.get()),
        Cell::text(it.mrr.currency().code()),
        match resold::shows_revenue(it, Viewer::Seller) {
            true => Cell::number(it.mrr.plain()),
            false => Cell::text(""),
        },
        Cell::text(it.starts_on.to_string()),
        day(it.ends_on.and_then(|end| end.pred_opt())),
        day(it.next_bill_on),
        Cell::text(it.billing.model.label()),
    ]
}

async fn csv(visitor: Visitor, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    let (rows, today) = store
        .read(visitor.scope, move |tx| {
            tx.allow(Permission::PartnerViewCustomers)?;
            let filter = asked.filter();
            let rows = every(|at| subscriptions::page(tx, &filter, at))?;
            Ok((rows, vendor::today(tx)?))
        })
        .await?;
    let file = table(&COLUMNS, rows.iter().map(cells))?;
    Ok(download(
        &format!("subscriptions-{today}.csv"),
        "text/csv; charset=utf-8",
        file,
    ))
}

#[derive(Template)]
#[template(path = "portal/subscriptions/show.html")]
struct ShowPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    title: String,
    answer: String,
    vendor: String,
    line: Sold,
    quantity: String,
    every: &'static str,
    starts: NaiveDate,
    notice: String,
    registered: Option<DealRegistration>,
    may_earn: bool,
    resold: Option<ResoldView>,
    shows_revenue: bool,
    is_pinned: bool,
    earned: String,
    terms: Vec<String>,
    prices: Vec<PriceRow>,
    charged: Option<NaiveDate>,
    discounts: Vec<DiscountRow>,
    usage: Option<Usage>,
    missed: Option<Missed>,
    preview: Option<Preview>,
    changes: Vec<ChangeRow>,
    billed: Vec<BilledRow>,
    next_plan: Option<String>,
    held: &'static str,
}

struct Seen {
    record: Record,
    enrolments: Vec<Enrollment>,
    billed: Vec<Billed>,
    earned: EarnedWith,
    basis: Basis,
    charges: Vec<UsageCharge>,
    misses: Vec<SlaCredit>,
    registered: Option<DealRegistration>,
    shares: Vec<String>,
    today: NaiveDate,
}

fn see(tx: &mut Tx<'_, PartnerScope>, id: SubscriptionId) -> Result<Seen> {
    tx.allow(Permission::PartnerViewCustomers)?;
    let record = subscriptions::record(tx, id)?;
    let zone = vendor::settings(tx)?.zone;
    let asked = usage_asked(&record, zone)?;
    let customer = customers::customer(tx, record.subscription.customer)?;
    let basis = Basis {
        given: discounts::of(tx, &[id])?.remove(&id).unwrap_or_default(),
        tax: taxes::terms_for(tx, &record.subscription, &customer)?,
        zone,
        usage: usage::book(tx, asked)?,
        commitment: commitments::book(tx, id, record.has_minimum())?,
    };
    let charges = match asked {
        Some(_) => usage::charges(tx, id)?,
        None => Vec::new(),
    };
    let today = vendor::today(tx)?;
    let mut own = parties::own(tx)?;
    own.retain(|share| share.subscription_id == id);
    Ok(Seen {
        shares: own_shares(&own, today),
        enrolments: enrollments::of_partner(tx, record.subscription.partner)?,
        billed: accounts::billed(tx, id)?,
        earned: ledger::earned_with(tx, id, record.subscription.partner)?,
        basis,
        charges,
        misses: sla_credits::of_subscription(tx, id)?,
        registered: deals::of_subscription(tx, id)?,
        today,
        record,
    })
}

fn answer(record: &Record, line: &Sold) -> String {
    let until = line.until.map(date_words).unwrap_or_default();
    if !resold::shows_revenue(&record.subscription, Viewer::Seller) {
        return "Bought from your distributor.".to_owned();
    }
    match record.subscription.status {
        SubscriptionStatus::Canceled => "Has ended.".to_owned(),
        SubscriptionStatus::PendingCancel => format!("{} a month until {until}.", line.mrr),
        SubscriptionStatus::Trialing => {
            let charged = date_words(record.subscription.charged_from);
            format!("On trial: charged from {charged}.")
        }
        SubscriptionStatus::Paused => "Paused: nothing is billed.".to_owned(),
        SubscriptionStatus::Pending => format!(
            "Begins on {}, with {} a month.",
            date_words(record.subscription.starts_on),
            line.mrr
        ),
        SubscriptionStatus::Active => format!("{} a month.", line.mrr),
    }
}

async fn show(
    visitor: Visitor,
    store: Data<Store>,
    parts: Path<(String, String, String)>,
) -> Answer {
    let id: SubscriptionId = parts.2.parse().map_err(|_| Error::NotFound)?;
    let seen = store
        .read(visitor.scope.clone(), move |tx| see(tx, id))
        .await?;
    let (base, record) = (visitor.base.clone(), &seen.record);
    let it = &record.subscription;
    let title = format!("{}, {}", record.offering, record.plan.name);
    let line = Line {
        subscription: it.clone(),
        customer: record.customer.clone(),
        plan: title.clone(),
    };
    let line = sold::row(&base, &line, seen.today);
    let next = preview(record, &seen.basis)?;
    let open = next.as_ref().map_or(&[][..], |next| &next.used);
    let at = format!("{base}/subscriptions/{id}");
    // Of what a distributor is billed, its reseller sees what was reported, not what it came to.
    let (open, charges) = match resold::shows_revenue(it, Viewer::Seller) {
        true => (open, &seen.charges[..]),
        false => (&[][..], &[][..]),
    };
    let usage = Usage::of(record, open, charges, &at);
    ok(&ShowPage {
        shell: visitor.shell(),
        crumbs: vec![("Subscriptions".to_owned(), format!("{base}/subscriptions"))],
        answer: answer(record, &line),
        vendor: visitor.vendor_name().to_owned(),
        quantity: it.quantity.to_string(),
        every: sold::every(it.interval),
        starts: it.starts_on,
        notice: words::count(i64::from(record.version.terms.notice_days), "day", "days"),
        registered: seen.registered.clone(),
        may_earn: visitor.may(Permission::PartnerViewEarnings),
        resold: resold::view(record, ("", ""), Viewer::Seller)?,
        shows_revenue: resold::shows_revenue(it, Viewer::Seller),
        is_pinned: it.commission_plan_version.is_some(),
        earned: sold::earned(&seen.earned),
        terms: [sold::terms(it, &seen.enrolments), seen.shares.clone()].concat(),
        prices: sold::prices(&record.version, it.quantity),
        usage,
        missed: Missed::of(&seen.misses, Period::of(seen.today), &base),
        preview: next.filter(|_| resold::shows_revenue(it, Viewer::Seller)),
        charged: Some(it.charged_from).filter(|day| *day != it.starts_on),
        discounts: sold::discounts(&seen.basis.given, it),
        changes: sold::changes(record),
        next_plan: sold::set_to(record),
        held: sold::held(record),
        billed: sold::billed(&base, (&seen.billed, &seen.earned), seen.today),
        title,
        line,
    })
}
