//! SPIFFs: what each new subscription is worth for a while.
use actix_session::Session;
use actix_web::web::{Data, Path, ServiceConfig, get, post, resource};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::offerings::id_of;
use crate::{
    Error, Result,
    domain::{
        Currency, Money, Name, Permission, Problems, commission::clawback::ClawbackMode,
        date_words, read_date,
    },
    id::{OfferingId, SpiffId},
    services::incentivize::spiffs::{self as service, NewSpiff},
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        catalogue::offerings,
        incentivize::{entries, spiffs},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
        words,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/spiffs")
                .route(get().to(index))
                .route(post().to(create)),
        )
        .service(resource("/spiffs/{spiff}/end").route(post().to(end)));
}

/// The form as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SpiffForm {
    name: String,
    offering: String,
    from: String,
    until: String,
    amount: String,
    currency: String,
    most: String,
    clawback_days: String,
    clawback_mode: String,
    form_id: String,
}

impl SpiffForm {
    fn read(&self) -> Result<NewSpiff, Problems> {
        let mut problems = Problems::default();
        let offering = self.offering.parse::<OfferingId>();
        let offering = offering.map_err(|_| "Choose one of the offerings.");
        let currency = self.currency.trim().to_uppercase().parse::<Currency>();
        let currency = problems.check("currency", currency);
        let days = number(&self.clawback_days).map(Option::unwrap_or_default);
        let read = (
            problems.check("name", self.name.parse::<Name>()),
            problems.check("offering", offering),
            problems.check("from", read_date(&self.from)),
            problems.check("until", read_date(&self.until)),
            currency.and_then(|one| problems.check("amount", Money::parse(&self.amount, one))),
            problems.check("most", number(&self.most)),
            problems.check("clawback_days", days),
        );
        let (
            Some(name),
            Some(offering),
            Some(from),
            Some(until),
            Some(amount),
            Some(most),
            Some(days),
        ) = read
        else {
            return Err(problems);
        };
        Ok(NewSpiff {
            name,
            offering,
            from,
            until,
            amount,
            most,
            clawback_days: days,
            clawback_mode: self.clawback_mode.parse().unwrap_or(ClawbackMode::Linear),
        })
    }
}

/// A whole number that may be left empty.
fn number(typed: &str) -> Result<Option<i32>, &'static str> {
    match typed.trim() {
        "" => Ok(None),
        typed => typed.parse().map(Some).map_err(|_| "Give a whole number."),
    }
}

/// One of the list.
struct Row {
    id: SpiffId,
    name: String,
    sentence: String,
    pill: (&'static str, &'static str),
    can_end: bool,
    version: i32,
    paid: usize,
    partners: usize,
    worth: String,
    /// Which others that are not over pay for the same sales, and when.
    beside: Vec<String>,
}

#[derive(Template)]
#[template(path = "staff/spiffs/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    may_edit: bool,
    rows: Vec<Row>,
    offerings: Vec<(String, String)>,
    modes: Vec<(String, String)>,
    problems: Problems,
    typed: SpiffForm,
    form_id: String,
}

/// How a window stands on a day.
pub(in crate::web) fn standing(
    (from, until): (NaiveDate, NaiveDate),
    today: NaiveDate,
) -> (&'static str, &'static str) {
    match () {
        () if today < from => ("info", "To come"),
        () if today > until => ("plain", "Over"),
        () => ("good", "Open"),
    }
}

/// Which days' sales both of two pay for: "Autumn sprint from 5 to 20 March 2027".
fn beside(one: &spiffs::Spiff, other: &spiffs::Spiff) -> Option<String> {
    let (from, until) = (
        one.from_on.max(other.from_on),
        one.until_on.min(other.until_on),
    );
    let is_both = one.offering_id == other.offering_id && from <= until;
    is_both.then(|| {
        let days = (date_words(from), date_words(until));
        format!("{} for sales from {} to {}", other.name, days.0, days.1)
    })
}

fn rows(tx: &mut Tx<'_, VendorScope>, today: NaiveDate) -> Result<Vec<Row>> {
    let all = spiffs::all(tx)?;
    let offerings = spiffs::offering_names(tx, &all)?;
    let paid = entries::spiffs_paid(tx)?;
    let also = |spiff: &spiffs::Spiff| -> Vec<String> {
        let others = all
            .iter()
            .filter(|other| other.id != spiff.id && other.until_on >= today);
        others.filter_map(|other| beside(spiff, other)).collect()
    };
    let row = |spiff: spiffs::Spiff| {
        let own = paid.iter().filter(|(id, ..)| *id == spiff.id.number());
        let (mut count, mut minor, mut partners) = (0, 0, 0);
        for (_, _, times, sum) in own {
            partners += 1;
            count += usize::try_from(*times).unwrap_or_default();
            minor += sum;
        }
        let name = offerings.get(&spiff.offering_id).map_or("", String::as_str);
        Row {
            id: spiff.id,
            sentence: spiff.terms().sentence(name),
            pill: standing((spiff.from_on, spiff.until_on), today),
            can_end: today.max(spiff.from_on) < spiff.until_on,
            version: spiff.version,
            paid: count,
            partners,
            worth: words::money(Money::new(minor, spiff.currency)),
            beside: also(&spiff),
            name: spiff.name,
        }
    };
    Ok(all.iter().cloned().map(row).collect())
}

async fn page(
    staff: &Staff,
    store: &Store,
    mut typed: SpiffForm,
    problems: Problems,
) -> Result<IndexPage> {
    let (rows, offerings, today, currency) = store
        .read(staff.scope.clone(), |tx| {
            tx.allow(Permission::ViewMoney)?;
            let today = vendor::today(tx)?;
            let currency = vendor::settings(tx)?.currency;
            Ok((rows(tx, today)?, offerings::names(tx)?, today, currency))
        })
        .await?;
    if problems.is_empty() {
        typed.from = today.to_string();
        currency.code().clone_into(&mut typed.currency);
        "180".clone_into(&mut typed.clawback_days);
    }
    let modes = ClawbackMode::ALL.iter();
    let modes = modes.map(|mode| (mode.code().to_owned(), mode.label().to_owned()));
    Ok(IndexPage {
        shell: staff.shell(),
        base: staff.base.clone(),
        may_edit: staff.may(Permission::ManageCommissionPlans),
        rows,
        offerings: offerings
            .into_iter()
            .map(|(id, name)| (id.to_string(), name))
            .collect(),
        modes: modes.collect(),
        problems,
        typed,
        form_id: fresh_form_id()?,
    })
}

async fn index(staff: Staff, store: Data<Store>) -> Answer {
    ok(&page(&staff, &store, SpiffForm::default(), Problems::default()).await?)
}

async fn create(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<SpiffForm>,
) -> Answer {
    if !staff.may(Permission::ManageCommissionPlans) {
        return Err(Error::Forbidden.into());
    }
    let made = match typed.read() {
        Ok(new) => {
            let (form_id, to) = (typed.form_id.clone(), format!("{}/spiffs", staff.base));
            store
                .write(staff.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        service::add(tx, &new)?;
                        Ok(to.clone())
                    })
                })
                .await
        }
        Err(problems) => Err(Error::Invalid(problems)),
    };
    match made {
        Ok(to) => see_other_saying(&session, &to, "Announced to every partner."),
        Err(Error::Invalid(problems)) => {
            unprocessable(&page(&staff, &store, typed, problems).await?)
        }
        Err(other) => Err(other.into()),
    }
}

/// The version that was seen.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Seen {
    version: String,
    form_id: String,
}

async fn end(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Path<(String, String)>,
    Typed(seen): Typed<Seen>,
) -> Answer {
    let id: SpiffId = id_of(&parts.1)?;
    let version = seen.version.parse().unwrap_or_default();
    store
        .write(staff.scope.clone(), move |tx| service::end(tx, id, version))
        .await?;
    let to = format!("{}/spiffs", staff.base);
    see_other_saying(&session, &to, "Ended. What begins later does not count.")
}
