//! Who earns on a subscription: shown on its record, and changed from its next period on.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;

use super::{Parts, subscription};
use crate::{
    Error, Result,
    domain::{Money, Permission, Problems, Rate, commission::Part, date_words},
    id::{PartnerId, SubscriptionId},
    services::revenue::{
        NextEarnings, WhoEarns, next_earnings,
        subscriptions::{Sharing, share_out},
        who_earns,
    },
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        incentivize::parties,
        recruit::partners,
        sell::subscriptions::{self, Record},
    },
    web::{
        Answer, Failure, Shell,
        admission::Staff,
        form::{Fields, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
        staff::partners::called::Called,
        stale::{Differing, Said, between, conflict},
    },
};

/// The most who may share with a partner of record.
const MOST: usize = 5;

/// Who earns, now and from a day on.
#[derive(Debug, Clone)]
pub(super) struct Earning {
    /// In the order of their days.
    pub sets: Vec<EarningSet>,
    /// What the next invoice earns each once it is paid.
    pub next: Vec<NextRow>,
}

/// What somebody earns on the next invoice.
#[derive(Debug, Clone)]
pub(super) struct NextRow {
    /// What it is called.
    pub name: String,
    /// What it gets, in words.
    pub gets: String,
    /// How much.
    pub amount: Money,
}

/// Who earns from one day on.
#[derive(Debug, Clone)]
pub(super) struct EarningSet {
    /// Since or from when.
    pub when: String,
    /// Who, and what.
    pub rows: Vec<EarningRow>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct EarningRow {
    partner: PartnerId,
    /// Its record's address.
    pub href: String,
    /// What it is called.
    pub name: String,
    /// What it gets, in words.
    pub gets: String,
}

impl Earning {
    /// The same, with addresses in a workspace.
    pub fn below(mut self, base: &str) -> Self {
        for row in self.sets.iter_mut().flat_map(|set| &mut set.rows) {
            row.href = format!("{base}/partners/{}", row.partner);
        }
        self
    }
}

/// Who earns on a subscription.
pub(super) fn earning(tx: &mut Tx<'_, VendorScope>, record: &Record) -> Result<Earning> {
    let it = &record.subscription;
    let today = vendor::today(tx)?;
    let sets = who_earns(tx, (it.id, it.partner), today)?;
    let NextEarnings { each: next, bonus } = next_earnings(tx, it.id)?;
    let now = sets.iter().flat_map(|(_, set)| set).map(|(id, _)| *id);
    let then = next.iter().map(|(id, _, _)| *id);
    let then = then.chain(bonus.iter().map(|(id, _)| *id));
    let ids: Vec<PartnerId> = now.chain(then).collect();
    let names = partners::names(tx, &ids)?;
    let name = |id: &PartnerId| {
        let named = names.iter().find(|(known, _)| known == id);
        named.map_or_else(String::new, |(_, name)| name.clone())
    };
    let row = |(id, part): &(PartnerId, Part)| EarningRow {
        partner: *id,
        href: String::new(),
        name: name(id),
        gets: gets(*part),
    };
    let next = next.iter().map(|(id, part, amount)| NextRow {
        name: name(id),
        gets: gets(*part),
        amount: *amount,
    });
    let bonus = bonus.iter().map(|(id, amount)| NextRow {
        name: name(id),
        gets: "the bonus on the renewed term".to_owned(),
        amount: *amount,
    });
    let set = |(day, rows): &WhoEarns| EarningSet {
        when: match *day == today {
            true => "Today".to_owned(),
            false => format!("For periods from {} on", date_words(*day)),
        },
        rows: rows.iter().map(row).collect(),
    };
    Ok(Earning {
        sets: sets.iter().map(set).collect(),
        next: next.chain(bonus).collect(),
    })
}

fn gets(part: Part) -> String {
    match part {
        Part::Whole => "the commission".to_owned(),
        part => part.words(),
    }
}

/// A row of the form.
#[derive(Clone)]
struct Row {
    who: String,
    how: String,
    partner: String,
    share: String,
}

fn row(place: usize, partner: String, share: String) -> Row {
    Row {
        who: format!("partner_{place}"),
        how: format!("share_{place}"),
        partner,
        share,
    }
}

#[derive(Template)]
#[template(path = "subscriptions/parties.html")]
struct PartiesPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    customer: String,
    title: String,
    partner: String,
    begins: String,
    action: String,
    cancel: String,
    known: Vec<(String, String)>,
    rows: Vec<Row>,
    version: String,
    form_id: String,
    problems: Problems,
    both: Option<Vec<Differing>>,
}

/// What the form is made from.
struct Found {
    record: Record,
    partner: String,
    known: Vec<String>,
    rows: Vec<Row>,
}

fn find(tx: &mut Tx<'_, VendorScope>, id: SubscriptionId) -> Result<Found> {
    let record = subscriptions::record(tx, id)?;
    let it = &record.subscription;
    let all = parties::of(tx, &[id])?.remove(&id).unwrap_or_default();
    let from = it.next_bill_on.unwrap_or(it.starts_on);
    let others: Vec<(PartnerId, i32)> = parties::on(&all, from)
        .filter(|one| one.partner_id != it.partner && one.share_bps > 0)
        .map(|one| (one.partner_id, one.share_bps))
        .collect();
    let mut rows = Vec::new();
    for (place, (who, bps)) in (1..).zip(others) {
        let share = Rate::from_bps(bps).map_err(Error::fault)?;
        rows.push(row(place, partners::calling(tx, who)?, share.to_string()));
    }
    Ok(Found {
        partner: partners::partner(tx, it.partner)?.name,
        known: Called::of(tx, "")?.known,
        rows,
        record,
    })
}

async fn page(
    visitor: &Staff,
    store: &Store,
    id: SubscriptionId,
    typed: Option<(&Fields, Problems)>,
) -> Result<PartiesPage> {
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, id))
        .await?;
    let it = &found.record.subscription;
    let register = format!("{}/subscriptions", visitor.base);
    let href = format!("{register}/{id}");
    let title = format!("{}, {}", found.record.offering, found.record.plan.name);
    let mut rows = found.rows;
    if let Some((typed, _)) = &typed {
        let typed = |place: usize| {
            let text = |name: &str| typed.text(&format!("{name}_{place}"));
            row(place, text("partner"), text("share"))
        };
        rows = (1..=MOST).map(typed).collect();
    }
    for place in rows.len() + 1..=MOST {
        rows.push(row(place, String::new(), String::new()));
    }
    Ok(PartiesPage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Subscriptions".to_owned(), register),
            (
                format!("{title} of {}", found.record.customer),
                href.clone(),
            ),
        ],
        begins: it.next_bill_on.map_or_else(String::new, date_words),
        action: format!("{href}/parties"),
        cancel: href,
        known: found
            .known
            .into_iter()
            .map(|name| (name, String::new()))
            .collect(),
        rows,
        version: match &typed {
            Some((typed, _)) => typed.text("version"),
            None => it.version.to_string(),
        },
        form_id: fresh_form_id()?,
        problems: typed.map(|(_, problems)| problems).unwrap_or_default(),
        customer: found.record.customer,
        partner: found.partner,
        title,
        both: None,
    })
}

/// The form.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    ok(&page(&visitor, &store, subscription(&parts)?, None).await?)
}

fn is_known(name: &str) -> bool {
    let is_row = (1..=MOST)
        .any(|place| name == format!("partner_{place}") || name == format!("share_{place}"));
    is_row || matches!(name, "version" | "form_id")
}

/// Reads the rows in which something was typed.
fn read(
    tx: &mut Tx<'_, VendorScope>,
    subscription: SubscriptionId,
    typed: &Fields,
) -> Result<Sharing> {
    let mut problems = Problems::default();
    let mut others = Vec::new();
    for place in 1..=MOST {
        let (who, how) = (format!("partner_{place}"), format!("share_{place}"));
        if typed.get(&who).trim().is_empty() && typed.get(&how).trim().is_empty() {
            continue;
        }
        let called = Called::of(tx, typed.get(&who))?;
        if called.id.is_none() {
            let why = match called.problem.as_str() {
                "" => "Name the partner this share is for.",
                why => why,
            };
            problems.add(who, why);
        }
        let share = problems.check(how, typed.get(&format!("share_{place}")).parse::<Rate>());
        if let Some((partner, share)) = called.id.zip(share) {
            others.push((place, partner, share));
        }
    }
    let stale = "This form is out of date: open the page again.";
    let version = problems.check("partner_1", typed.get("version").parse().map_err(|_| stale));
    match version {
        Some(version) if problems.is_empty() => Ok(Sharing {
            subscription,
            version,
            others,
        }),
        _ => Err(Error::Invalid(problems)),
    }
}

/// Shares the subscription out anew.
pub(super) async fn share(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    typed: Fields,
) -> Answer {
    visitor.needs(Permission::ManageSubscriptions)?;
    let id = subscription(&parts)?;
    let typed = typed.only(is_known)?;
    let to = format!("{}/subscriptions/{id}", visitor.base);
    let (form_id, fields) = (typed.text("form_id"), typed.clone());
    let shared = store
        .write(visitor.scope.clone(), move |tx| {
            once(tx, &form_id, |tx| {
                let sharing = read(tx, id, &fields)?;
                share_out(tx, &sharing)?;
                Ok(to.clone())
            })
        })
        .await;
    match shared {
        Ok(to) => see_other_saying(&session, &to, "Who earns was changed."),
        Err(Error::Invalid(problems)) => {
            let typed = Some((&typed, problems));
            unprocessable(&page(&visitor, &store, id, typed).await?)
        }
        Err(Error::Conflict(why)) => overtaken((&visitor, &store), id, typed, why).await,
        Err(other) => Err(Failure::from(other)),
    }
}

/// Who shares, as the form says it.
fn said(rows: &[Row]) -> Said {
    let filled = rows.iter().filter(|row| !row.partner.trim().is_empty());
    filled
        .map(|row| (row.partner.trim().to_owned(), row.share.trim().to_owned()))
        .collect()
}

/// The form again, over what someone else has saved.
async fn overtaken(
    (visitor, store): (&Staff, &Store),
    id: SubscriptionId,
    typed: Fields,
    why: String,
) -> Answer {
    let now = page(visitor, store, id, None).await?;
    if now.version == typed.get("version") {
        return Err(Error::Conflict(why).into());
    }
    let typed = typed.with("version", now.version);
    let again = Some((&typed, Problems::default()));
    let page = page(visitor, store, id, again).await?;
    let both = between(&said(&now.rows), &said(&page.rows));
    conflict(&PartiesPage {
        both: Some(both),
        ..page
    })
}
