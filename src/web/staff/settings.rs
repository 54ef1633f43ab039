//! The vendor's settings.
use actix_session::Session;
use actix_web::web::{Data, ServiceConfig, get, post, resource};
use askama::Template;
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{Currency, LongText, Money, Name, Permission, Problems, VatId},
    services::account::settings::{self, Edit},
    store::{
        Platform, Store, Tx, VendorScope,
        account::{vendor, vendor_edit},
        registers::Sees,
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::Typed,
        history::{self, HistoryRow},
        page::{ok, see_other_saying, unprocessable},
        stale::{Differing, conflict, differing},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/settings")
                .route(get().to(edit))
                .route(post().to(update)),
        )
        .service(resource("/settings/payout-minimums").route(post().to(set_minimum)));
}

/// The form as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsForm {
    name: String,
    legal_name: String,
    address: String,
    vat_id: String,
    payment_days: String,
    payout_day: String,
    version: String,
}

/// A lowest payout as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinimumForm {
    currency: String,
    minimum: String,
}

#[derive(Template)]
#[template(path = "staff/settings/edit.html")]
struct EditPage {
    shell: Shell,
    base: String,
    zone: String,
    currency: String,
    prefix: String,
    minimums: Vec<(String, String)>,
    problems: Problems,
    typed: SettingsForm,
    both: Option<Vec<Differing>>,
    currencies: Vec<(String, String)>,
    minimum: MinimumForm,
    minimum_problems: Problems,
    history: Vec<HistoryRow>,
}

async fn page(staff: &Staff, store: &Store) -> Result<EditPage> {
    let (settings, minimums, currencies, history) = store
        .read(staff.scope.clone(), |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManageSettings)?;
            let settings = vendor::settings(tx)?;
            let minimums = vendor_edit::minimums(tx)?;
            let history = VendorScope::history(tx, settings.id.number())?;
            Ok((settings, minimums, VendorScope::currencies(tx)?, history))
        })
        .await?;
    Ok(EditPage {
        shell: staff.shell(),
        base: staff.base.clone(),
        zone: settings.zone.to_string(),
        currency: settings.currency.code().to_owned(),
        prefix: settings.document_prefix,
        minimums: minimums
            .into_iter()
            .map(|m| (m.currency().code().to_owned(), m.figure()))
            .collect(),
        problems: Problems::default(),
        typed: SettingsForm {
            name: settings.name,
            legal_name: settings.legal_name,
            address: settings.address,
            vat_id: settings.vat_id,
            payment_days: settings.payment_days.to_string(),
            payout_day: settings.payout_day.to_string(),
            version: settings.version.to_string(),
        },
        both: None,
        currencies: offered(settings.currency, currencies),
        minimum: MinimumForm {
            currency: settings.currency.code().to_owned(),
            minimum: String::new(),
        },
        minimum_problems: Problems::default(),
        history: history::rows(history, staff.zone()),
    })
}

/// The currencies a payout can be in: that of the books, and those of the plans.
fn offered(books: Currency, plans: Vec<String>) -> Vec<(String, String)> {
    let mut codes = plans;
    codes.retain(|code| code != books.code());
    codes.insert(0, books.code().to_owned());
    codes.into_iter().map(|code| (code.clone(), code)).collect()
}

async fn edit(staff: Staff, store: Data<Store>) -> Answer {
    ok(&page(&staff, &store).await?)
}

impl SettingsForm {
    fn read(&self) -> Result<Edit, Problems> {
        let mut problems = Problems::default();
        let name = problems.check("name", self.name.parse::<Name>());
        let legal_name = problems.check("legal_name", self.legal_name.parse::<Name>());
        let address = problems.check("address", self.address.parse::<LongText>());
        let vat_id = match self.vat_id.trim() {
            "" => Some(None),
            typed => problems.check("vat_id", typed.parse::<VatId>()).map(Some),
        };
        let number = |text: &str| {
            let read = text.trim().parse::<i32>();
            read.map_err(|_| "Give a whole number.")
        };
        let payment_days = problems.check("payment_days", number(&self.payment_days));
        let payout_day = problems.check("payout_day", number(&self.payout_day));
        let version = problems.check("version", number(&self.version));
        match (
            name,
            legal_name,
            address.zip(vat_id),
            payment_days.zip(payout_day),
            version,
        ) {
            (Some(name), Some(legal_name), Some((address, vat_id)), Some(days), Some(version)) => {
                Ok(Edit {
                    version,
                    name,
                    legal_name,
                    address,
                    vat_id,
                    payment_days: days.0,
                    payout_day: days.1,
                })
            }
            _ => Err(problems),
        }
    }
}

async fn update(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<SettingsForm>,
) -> Answer {
    let changed = match typed.read() {
        Ok(edit) => {
            store
                .write(staff.scope.clone(), move |tx| settings::change(tx, &edit))
                .await
        }
        Err(problems) => Err(Error::Invalid(problems)),
    };
    match changed {
        Ok(()) => see_other_saying(
            &session,
            &format!("{}/settings", staff.base),
            "The settings were saved.",
        ),
        Err(Error::Invalid(problems)) => {
            let page = page(&staff, &store).await?;
            unprocessable(&EditPage {
                problems,
                typed,
                ..page
            })
        }
        Err(Error::Conflict(why)) => overtaken((&staff, &store), typed, why).await,
        Err(other) => Err(other.into()),
    }
}

/// The form again, over what someone else has saved.
async fn overtaken(
    (staff, store): (&Staff, &Store),
    mut typed: SettingsForm,
    why: String,
) -> Answer {
    let mut page = page(staff, store).await?;
    if page.typed.version == typed.version {
        return Err(Error::Conflict(why).into());
    }
    typed.version.clone_from(&page.typed.version);
    let theirs = std::mem::replace(&mut page.typed, typed);
    let yours = &page.typed;
    page.both = Some(differing(&[
        ("Name", &theirs.name, &yours.name),
        ("Name on documents", &theirs.legal_name, &yours.legal_name),
        ("Address on documents", &theirs.address, &yours.address),
        (
            "Invoices are due after, in days",
            &theirs.payment_days,
            &yours.payment_days,
        ),
        (
            "Partners are paid on day",
            &theirs.payout_day,
            &yours.payout_day,
        ),
    ]));
    conflict(&page)
}

async fn set_minimum(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<MinimumForm>,
) -> Answer {
    let set = match read_minimum(&typed) {
        Ok(minimum) => {
            store
                .write(staff.scope.clone(), move |tx| {
                    settings::set_minimum(tx, minimum)
                })
                .await
        }
        Err(problems) => Err(Error::Invalid(problems)),
    };
    match set {
        Ok(()) => see_other_saying(
            &session,
            &format!("{}/settings", staff.base),
            "The lowest payout was saved.",
        ),
        Err(Error::Invalid(problems)) => {
            let page = page(&staff, &store).await?;
            unprocessable(&EditPage {
                minimum: typed,
                minimum_problems: problems,
                ..page
            })
        }
        Err(other) => Err(other.into()),
    }
}

fn read_minimum(typed: &MinimumForm) -> Result<Money, Problems> {
    let mut problems = Problems::default();
    let currency = typed.currency.trim().to_uppercase().parse::<Currency>();
    let currency = problems.check("currency", currency);
    let minimum = currency.and_then(|c| problems.check("minimum", Money::parse(&typed.minimum, c)));
    minimum.ok_or(problems)
}
