//! The terms a partner is under, in words.
use actix_web::web::{Data, ServiceConfig, get, resource};
use askama::Template;
use chrono::NaiveDate;

use crate::{
    Error, Result,
    domain::{Rate, date_words},
    services::{incentivize::tax_terms::words, sell::resale as resale_terms},
    store::{
        PartnerScope, Scope, Store, Tx,
        incentivize::{
            bank_accounts, entries,
            parties::{self, Party},
            payout_currencies,
            spiffs::{self, Spiff},
            tax_terms,
        },
        registers::homes::{self, OwnTerms},
        sell::resale::{self, Resells},
    },
    web::{
        Answer, Shell, admission::Visitor, earnings::Desk, filters, page::ok,
        staff::spiffs::standing,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("/terms").route(get().to(show)));
}

/// Terms from a day on.
struct Enrollment {
    heading: String,
    clauses: Vec<String>,
}

#[derive(Template)]
#[template(path = "portal/terms.html")]
struct TermsPage {
    shell: Shell,
    base: String,
    answer: String,
    tier: Option<(String, NaiveDate)>,
    enrollments: Vec<Enrollment>,
    /// What it buys at to sell on, and from when, the latest first.
    resale: Vec<(String, NaiveDate)>,
    spiffs: Vec<SpiffView>,
    shares: Vec<String>,
    taxes: Vec<(String, NaiveDate)>,
    bank: String,
    paid_in: Vec<(String, NaiveDate)>,
}

/// The partner's shares in what subscriptions earn, its own and others' sales: how they stand, and
/// how they are to stand.
pub(super) fn own_shares(all: &[Party], today: NaiveDate) -> Vec<String> {
    let words = |one: &Party| {
        let share = Rate::from_bps(one.share_bps).unwrap_or_default();
        let since = if one.effective_from <= today {
            "since"
        } else {
            "from"
        };
        let on = date_words(one.effective_from);
        format!("{}: {share} of the commission {since} {on}", one.about)
    };
    let is_latest = |one: &Party| {
        let later = all
            .iter()
            .filter(|other| other.subscription_id == one.subscription_id);
        let mut later = later.filter(|other| other.effective_from <= today);
        one.effective_from > today || later.all(|other| other.effective_from <= one.effective_from)
    };
    let is_over = |one: &Party| one.share_bps == 0 && one.effective_from <= today;
    let shown = all.iter().filter(|one| is_latest(one) && !is_over(one));
    shown.map(words).collect()
}

/// A SPIFF that is open or to come, and what the partner has had of it.
struct SpiffView {
    name: String,
    sentence: String,
    pill: (&'static str, &'static str),
    paid: i64,
}

fn own_spiffs(tx: &mut Tx<'_, PartnerScope>, today: NaiveDate) -> Result<Vec<SpiffView>> {
    let mut all = spiffs::all(tx)?;
    all.retain(|spiff| spiff.until_on >= today);
    let offerings = spiffs::offering_names(tx, &all)?;
    let paid = match all.is_empty() {
        true => Vec::new(),
        false => entries::spiffs_paid(tx)?,
    };
    let view = |spiff: Spiff| SpiffView {
        sentence: spiff
            .terms()
            .sentence(offerings.get(&spiff.offering_id).map_or("", String::as_str)),
        pill: standing((spiff.from_on, spiff.until_on), today),
        paid: paid
            .iter()
            .filter(|(id, ..)| *id == spiff.id.number())
            .map(|(_, _, times, _)| times)
            .sum(),
        name: spiff.name,
    };
    Ok(all.into_iter().map(view).collect())
}

/// How the partner is taxed, and from when, the latest first.
fn own_taxes(tx: &mut Tx<'_, PartnerScope>) -> Result<Vec<(String, NaiveDate)>> {
    let all = tax_terms::own(tx)?;
    let row = |one: &tax_terms::Taxed| Ok((words(one)?, one.effective_from));
    all.iter().map(row).collect()
}

/// What the partner buys at to sell on, and how it is taxed, the latest first.
fn own_resale(tx: &mut Tx<'_, PartnerScope>) -> Result<Vec<(String, NaiveDate)>> {
    let own = tx.scope().partner_id().ok_or(Error::Forbidden)?;
    let all = resale::of(tx, &[own])?.remove(&own).unwrap_or_default();
    let row = |one: &Resells| {
        let words = format!("{}; {}", one.own_words()?, resale_terms::taxed(one)?);
        Ok((words, one.effective_from))
    };
    all.iter().map(row).collect()
}

/// Where the partner is paid to: whose account, and enough of its number to know it by.
fn own_account(tx: &mut Tx<'_, PartnerScope>) -> Result<String> {
    let partner = tx.scope().partner_id().ok_or(Error::Forbidden)?;
    let known = bank_accounts::of_partner(tx, partner)?;
    Ok(known.map_or_else(String::new, |known| {
        format!("{}, {}", known.details.holder, known.details.iban.masked())
    }))
}

/// What the partner is paid in, and from when, the latest first.
fn own_paid_in(tx: &mut Tx<'_, PartnerScope>) -> Result<Vec<(String, NaiveDate)>> {
    let all = payout_currencies::own(tx)?.into_iter();
    Ok(all.map(|one| (one.words(), one.effective_from)).collect())
}

async fn show(visitor: Visitor, store: Data<Store>) -> Answer {
    let desk = Desk::of_partner(visitor);
    let (terms, spiffs, (shares, resale), (taxes, bank, paid_in), today) = desk
        .read(&store, |tx, calendar| {
            let today = calendar.today;
            let terms = homes::own_terms(tx, today)?;
            let shares = own_shares(&parties::own(tx)?, today);
            let taxes = (own_taxes(tx)?, own_account(tx)?, own_paid_in(tx)?);
            let sales = (shares, own_resale(tx)?);
            Ok((terms, own_spiffs(tx, today)?, sales, taxes, today))
        })
        .await?;
    ok(&TermsPage {
        answer: match (terms.enrollments.is_empty(), resale.is_empty()) {
            (true, true) => format!(
                "{} has not enrolled you in a commission plan yet.",
                desk.shell.vendor_name
            ),
            (true, false) => {
                "What you buy at, to sell on at your own price. A sale keeps the terms of its day."
                    .to_owned()
            }
            (false, _) => {
                "What you earn on what your customers pay. A sale keeps the terms of its day."
                    .to_owned()
            }
        },
        enrollments: enrollments(&terms, today),
        resale,
        spiffs,
        shares,
        taxes,
        bank,
        paid_in,
        tier: terms.tier,
        shell: desk.shell,
        base: desk.base,
    })
}

fn enrollments(terms: &OwnTerms, today: NaiveDate) -> Vec<Enrollment> {
    let mut until: Option<NaiveDate> = None;
    terms
        .enrollments
        .iter()
        .map(|(from, clauses)| {
            let heading = match until {
                _ if *from > today => format!("For sales from {} on", date_words(*from)),
                None => format!("For sales since {}", date_words(*from)),
                Some(next) => {
                    format!(
                        "For sales from {} until {}",
                        date_words(*from),
                        date_words(next)
                    )
                }
            };
            until = from.pred_opt();
            Enrollment {
                heading,
                clauses: clauses.lines().map(str::to_owned).collect(),
            }
        })
        .collect()
}
