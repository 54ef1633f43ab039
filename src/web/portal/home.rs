//! A partner's first screen: the money, what needs somebody, where the partner stands.
use actix_web::web::{Data, ServiceConfig, get, resource};
use askama::Template;
use chrono::{Days, NaiveDate, Timelike};

use super::lifecycle;
use crate::{
    Error, Result,
    domain::{Currency, Money, Permission, Stage, date_words, lifecycle::stage_of},
    store::{
        PartnerScope, Scope, Store, Tx,
        incentivize::bank_accounts,
        recruit::own,
        registers::{
            Calendar, Live, calendar, deals,
            homes::{self, EarningFigures, Looming},
            invoices,
            ledger::{self, EntryRow},
            payouts::{self, PayoutRow},
            sla_credits::{self, CreditRow},
            statements::{self, StatementRow},
        },
        sell::deals::DealRegistration,
    },
    web::{
        Answer, Shell,
        admission::Visitor,
        filters,
        page::ok,
        resold::{self, MarginMonth},
        stages::{self, Mark},
        words,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("").route(get().to(show)));
}

/// A figure with the way to what it counts.
struct Figure {
    label: String,
    value: String,
    note: String,
    href: String,
}

/// Something to think of.
struct Need {
    what: String,
    detail: String,
    href: String,
    verb: &'static str,
}

#[derive(Template)]
#[template(path = "portal/home.html")]
struct HomePage {
    shell: Shell,
    base: String,
    greeting: String,
    answer: String,
    rows: Vec<Vec<Figure>>,
    needs: Vec<Need>,
    marks: Vec<Mark>,
    stage_name: &'static str,
    evidence: Vec<String>,
    next: String,
    next_href: String,
    next_label: &'static str,
    lifecycle_href: String,
    ledger_href: String,
    sees_earnings: bool,
    entries: Vec<EntryRow>,
}

/// What those see who may see earnings.
struct Earnings {
    figures: EarningFigures,
    latest: Vec<StatementRow>,
    due: Vec<PayoutRow>,
    entries: Vec<EntryRow>,
    has_account: bool,
    /// What was bought to sell on in the present month.
    margins: Vec<MarginMonth>,
}

impl Earnings {
    fn of(tx: &mut Tx<'_, PartnerScope>, calendar: &Calendar) -> Result<Self> {
        Ok(Self {
            figures: homes::earnings(tx, calendar)?,
            latest: statements::latest(tx, 6)?,
            due: payouts::due(tx, 50)?,
            entries: ledger::recent(tx, calendar.today, 8)?,
            has_account: has_account(tx)?,
            margins: resold::months(&invoices::resold(tx, calendar.this_month().first_day())?)?,
        })
    }
}

/// Days before the end of a protection in which it is shown.
const ENDS_SOON: u64 = 30;

/// Registered deals whose protection ends soon.
fn ending(tx: &mut Tx<'_, PartnerScope>, today: NaiveDate) -> Result<Vec<DealRegistration>> {
    let soon = today.checked_add_days(Days::new(ENDS_SOON));
    deals::ending(tx, (today, soon.unwrap_or(today)), 7)
}

async fn show(visitor: Visitor, store: Data<Store>) -> Answer {
    let (shell, base) = (visitor.shell(), visitor.base.clone());
    let (person, zone) = (visitor.person().to_owned(), visitor.zone());
    let sees_earnings = visitor.may(Permission::PartnerViewEarnings);
    let (calendar, hour, earnings, (looming, claims, ending), facts) = store
        .read(visitor.scope, move |tx| {
            tx.allow(Permission::PartnerViewCustomers)?;
            let calendar = calendar(tx)?;
            let hour = zone.local(tx.now()).hour();
            let earnings = match sees_earnings {
                false => None,
                true => Some(Earnings::of(tx, &calendar)?),
            };
            let looming = homes::looming(tx, calendar.today, 7)?;
            let claims = sla_credits::to_claim(tx, calendar.today, 7)?;
            let waits = (looming, claims, ending(tx, calendar.today)?);
            Ok((calendar, hour, earnings, waits, own::facts(tx)?))
        })
        .await?;
    let position = stage_of(&facts);
    let needs = needs(
        &shell.vendor_name,
        earnings.as_ref(),
        (&claims, &ending, &looming),
        &base,
    );
    let (next, below, next_label) = lifecycle::next(&facts, &shell.vendor_name, sees_earnings);
    ok(&HomePage {
        next,
        next_href: match below {
            "" => String::new(),
            below => format!("{base}{below}"),
        },
        next_label,
        greeting: greeting(hour, &person),
        answer: match &earnings {
            Some(money) => sentence(&calendar, &money.latest),
            None => waiting(needs.len()),
        },
        rows: earnings
            .as_ref()
            .map_or_else(Vec::new, |money| rows(&calendar, money, &base)),
        needs,
        marks: stages::marks(&facts),
        stage_name: position.stage.label(),
        evidence: match position.stage {
            Stage::Strategize => Vec::new(),
            _ => position.evidence,
        },
        lifecycle_href: format!("{base}/lifecycle"),
        ledger_href: format!("{base}/ledger"),
        entries: earnings.map_or_else(Vec::new, |money| money.entries),
        sees_earnings,
        shell,
        base,
    })
}

/// "Good morning, Mira", by their own clock.
fn greeting(hour: u32, person: &str) -> String {
    let part = match hour {
        5..12 => "morning",
        12..18 => "afternoon",
        _ => "evening",
    };
    let first = person.split_whitespace().next().unwrap_or(person);
    format!("Good {part}, {first}")
}

/// What those are told who see no earnings.
fn waiting(needs: usize) -> String {
    match needs {
        0 => "Nothing of your customers waits for you.".to_owned(),
        1 => "One thing of your customers waits for you.".to_owned(),
        many => format!("{many} things of your customers wait for you."),
    }
}

/// The latest statements in a sentence each.
fn sentence(calendar: &Calendar, latest: &[StatementRow]) -> String {
    let said: Vec<String> = latest.iter().map(|row| said(calendar, row)).collect();
    match said.is_empty() {
        true => "Your first statement is made when a month with payable commission is closed."
            .to_owned(),
        false => said.join(" "),
    }
}

fn said(calendar: &Calendar, row: &StatementRow) -> String {
    let month = row.month.first_day().format("%B");
    match &row.payment {
        None => {
            let closing = words::money(row.closing);
            format!("Your {month} statement pays nothing; {closing} is carried on.")
        }
        Some(payment) => {
            let amount = words::money(row.payable);
            let when = match payment.paid_on {
                Some(day) => format!("it was paid on {}", date_words(day)),
                None if payment.is_overdue(calendar.today) => {
                    format!("it was due on {}", date_words(payment.due_on))
                }
                None => format!("it is paid on {}", date_words(payment.due_on)),
            };
            format!("Your {month} statement is {amount}; {when}.")
        }
    }
}

/// One row of figures per currency; amounts are never added across.
fn rows(calendar: &Calendar, money: &Earnings, base: &str) -> Vec<Vec<Figure>> {
    let figures = &money.figures;
    let live = figures.live.iter().map(|live| live.mrr.currency());
    let sums = [
        &figures.earned,
        &figures.held,
        &figures.payable,
        &figures.to_be_paid,
    ];
    let mut currencies: Vec<_> = live
        .chain(sums.into_iter().flatten().map(|sum| sum.currency()))
        .chain(money.margins.iter().map(|row| row.currency))
        .collect();
    if currencies.is_empty() {
        currencies.push(calendar.currency);
    }
    currencies.sort_by_key(|currency| (*currency != calendar.currency, currency.code()));
    currencies.dedup();
    currencies
        .into_iter()
        .map(|currency| row(calendar, money, currency, base))
        .collect()
}

fn row(calendar: &Calendar, money: &Earnings, currency: Currency, base: &str) -> Vec<Figure> {
    let figures = &money.figures;
    let of = |sums: &[Money]| {
        let found = sums.iter().find(|sum| sum.currency() == currency);
        found.copied().unwrap_or(Money::zero(currency))
    };
    let live = figures
        .live
        .iter()
        .find(|live| live.mrr.currency() == currency);
    let live = live.copied().unwrap_or(Live {
        mrr: Money::zero(currency),
        shown: 0,
        hidden: 0,
    });
    let due = money
        .due
        .iter()
        .find(|row| row.amount.currency() == currency);
    let month = calendar.this_month();
    let figure = |label: String, amount: Money, note: String, below: String| Figure {
        value: words::money(amount),
        href: format!("{base}{below}"),
        label,
        note,
    };
    let mut row = vec![
        figure(
            format!("Earned in {}", month.first_day().format("%B")),
            of(&figures.earned),
            "so far".to_owned(),
            format!("/ledger?earned={month}&currency={currency}"),
        ),
        figure(
            "Held, not yet payable".to_owned(),
            of(&figures.held),
            String::new(),
            format!("/ledger?status=held&currency={currency}"),
        ),
        figure(
            "Payable".to_owned(),
            of(&figures.payable),
            "on the next statement".to_owned(),
            format!("/ledger?status=payable&currency={currency}"),
        ),
        figure(
            "To be paid out".to_owned(),
            of(&figures.to_be_paid),
            due.map_or(String::new(), |row| {
                format!("due {}", date_words(row.due_on))
            }),
            format!("/statements?payout=due&currency={currency}"),
        ),
        recurring(live, base),
    ];
    row.extend(margin(calendar, money, currency, base));
    row
}

/// What live subscriptions bring a month, as far as the partner sees it.
fn recurring(live: Live, base: &str) -> Figure {
    let besides = words::count(live.hidden, "subscription", "subscriptions");
    let shown = words::count(live.shown, "live subscription", "live subscriptions");
    let (value, note) = match (live.shown, live.hidden) {
        (_, 0) => (words::money(live.mrr), shown),
        (0, _) => (
            "Not shown".to_owned(),
            format!("{besides} bought from your distributor"),
        ),
        _ => (
            words::money(live.mrr),
            format!("{shown}; not shown: {besides} bought from your distributor"),
        ),
    };
    Figure {
        label: "Monthly recurring revenue".to_owned(),
        value,
        note,
        href: format!("{base}/subscriptions"),
    }
}

/// What is kept of what was billed to the partner in its customers' place in the present month;
/// nothing where nothing was.
fn margin(calendar: &Calendar, money: &Earnings, currency: Currency, base: &str) -> Option<Figure> {
    let month = calendar.this_month();
    let row = money.margins.iter().find(|row| row.currency == currency)?;
    let month = month.first_day().format("%B");
    let (label, value, note) = match row.margin.is_empty() {
        true => (
            format!("Bought to sell on in {month}"),
            row.bought.clone(),
            "no street price is known".to_owned(),
        ),
        false => (
            format!("Margin in {month}"),
            row.margin.clone(),
            format!("on {} bought to sell on", row.bought),
        ),
    };
    Some(Figure {
        label,
        value,
        note,
        href: format!("{base}/subscriptions"),
    })
}

/// What needs somebody: what stands between the partner and its money first.
fn needs(
    vendor: &str,
    earnings: Option<&Earnings>,
    (claims, ending, looming): (&[CreditRow], &[DealRegistration], &[Looming]),
    base: &str,
) -> Vec<Need> {
    let unpayable = earnings.filter(|money| !money.has_account);
    unpayable
        .map(|_| no_account(vendor, base))
        .into_iter()
        .chain(claims.iter().map(|one| claim(one, base)))
        .chain(ending.iter().map(|one| protection(one, base)))
        .chain(looming.iter().map(|one| need(one, base)))
        .collect()
}

fn has_account(tx: &mut Tx<'_, PartnerScope>) -> Result<bool> {
    let partner = tx.scope().partner_id().ok_or(Error::Forbidden)?;
    Ok(bank_accounts::of_partner(tx, partner)?.is_some())
}

fn no_account(vendor: &str, base: &str) -> Need {
    Need {
        what: "Bank details are missing".to_owned(),
        detail: format!("{vendor} cannot transfer your commission without them"),
        href: format!("{base}/bank"),
        verb: "Give them",
    }
}

/// A credit that lapses unless somebody claims it.
fn claim(one: &CreditRow, base: &str) -> Need {
    let until = one.credit.claim_until.map(date_words);
    Need {
        what: format!("{} can claim a credit", one.customer),
        detail: format!(
            "{}, {} for {}",
            until.map_or_else(String::new, |day| format!("until {day}")),
            words::money(one.credit.net()),
            words::month(one.credit.month)
        ),
        href: format!("{base}/sla-credits/{}", one.credit.id),
        verb: "Claim",
    }
}

/// A registered deal that is to be sold while it is protected.
fn protection(one: &DealRegistration, base: &str) -> Need {
    let until = one.protected_until.map_or(String::new(), date_words);
    Need {
        what: format!("Your protection for {} ends", one.customer_name),
        detail: until,
        href: format!("{base}/registrations/{}", one.id),
        verb: "See",
    }
}

fn need(one: &Looming, base: &str) -> Need {
    let (what, verb) = match one.ends {
        true => (format!("{} ends", one.customer_name), "See"),
        false => (format!("{} comes up for renewal", one.customer_name), "See"),
    };
    Need {
        detail: match one.mrr {
            Some(mrr) => format!("{}, {} a month", date_words(one.on), words::money(mrr)),
            None => date_words(one.on),
        },
        href: format!("{base}/subscriptions/{}", one.id),
        what,
        verb,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_knows_the_hour_and_the_first_name() {
        assert_eq!(greeting(8, "Mira Novak"), "Good morning, Mira");
        assert_eq!(greeting(13, "Mira"), "Good afternoon, Mira");
        assert_eq!(greeting(23, ""), "Good evening, ");
    }
}
