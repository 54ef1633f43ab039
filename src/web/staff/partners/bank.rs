//! The account a partner's commission is transferred to: set by one person, confirmed by another.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{Parts, partner};
use crate::{
    Error, Result,
    domain::{Permission, Problems},
    id::PartnerId,
    services::revenue::bank::{self as service, NewAccount},
    store::{
        Scope, Store, Tx, VendorScope,
        incentivize::bank_accounts::{self, Account},
        recruit::partners,
    },
    web::{
        Answer, Shell, Site,
        admission::Staff,
        earnings::bank::{BankForm, given_words, standing_pill, standing_words},
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
        stale::{Differing, conflict},
    },
};

/// The account there is.
struct Known {
    holder: String,
    iban: String,
    bic: String,
    given: String,
    pill: (&'static str, &'static str),
    words: String,
    /// Whether whoever looks can confirm it.
    can_confirm: bool,
    /// Whether it waits for somebody else.
    is_own: bool,
    version: i32,
}

#[derive(Template)]
#[template(path = "partners/bank.html")]
struct BankPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    name: String,
    action: String,
    cancel: String,
    known: Option<Known>,
    confirm_form_id: String,
    typed: BankForm,
    problems: Problems,
    both: Option<Vec<Differing>>,
}

/// Where a partner is paid to, for those who may not know the number.
pub(super) fn standing(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<String> {
    let known = bank_accounts::of_partner(tx, id)?;
    Ok(match known {
        Some(known) => {
            let wait = match known.confirmed_at {
                None => ", not confirmed",
                Some(_) => "",
            };
            format!("Paid to {}{wait}", known.details.iban.masked())
        }
        None => "No bank details".to_owned(),
    })
}

struct Found {
    name: String,
    account: Option<Account>,
    known: Option<Known>,
}

fn find(tx: &mut Tx<'_, VendorScope>, id: PartnerId, visitor: &Staff) -> Result<Found> {
    tx.allow(Permission::ManagePayouts)?;
    let name = partners::partner(tx, id)?.name;
    let account = bank_accounts::of_partner(tx, id)?;
    let (now, user) = (tx.now(), tx.scope().actor().user);
    let known = account.as_ref().map(|account| {
        let standing = account.standing(now);
        let is_open = account.confirmed_at.is_none();
        let is_own = account.changed_by.is_some() && account.changed_by == user;
        let bic = account.details.bic.as_ref();
        Known {
            holder: account.details.holder.clone(),
            iban: account.details.iban.to_string(),
            bic: bic.map_or_else(String::new, |bic| bic.as_str().to_owned()),
            given: given_words(account, visitor.zone()),
            pill: standing_pill(standing),
            words: standing_words(standing, (visitor.vendor_name(), visitor.zone())),
            can_confirm: is_open && !is_own,
            is_own: is_open && is_own,
            version: account.version,
        }
    });
    Ok(Found {
        name,
        account,
        known,
    })
}

async fn page(
    visitor: &Staff,
    store: &Store,
    id: PartnerId,
    typed: Option<(BankForm, Problems)>,
) -> Result<(BankPage, Option<Account>)> {
    let who = visitor.clone();
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, id, &who))
        .await?;
    let base = &visitor.base;
    let href = format!("{base}/partners/{id}");
    let now = found.account.as_ref();
    let now = now.map(|account| (&account.details, account.version));
    let fresh = || (BankForm::of(now), Problems::default());
    let (typed, problems) = typed.unwrap_or_else(fresh);
    let page = BankPage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Partners".to_owned(), format!("{base}/partners")),
            (found.name.clone(), href.clone()),
        ],
        name: found.name,
        action: format!("{href}/bank"),
        cancel: href,
        known: found.known,
        confirm_form_id: fresh_form_id()?,
        typed: BankForm {
            form_id: fresh_form_id()?,
            ..typed
        },
        problems,
        both: None,
    };
    Ok((page, found.account))
}

/// The page; only for those who may know the number.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    ok(&page(&visitor, &store, partner(&parts)?, None).await?.0)
}

/// Sets the account and tells the partner.
pub(super) async fn place(
    visitor: Staff,
    (store, site, session): (Data<Store>, Data<Site>, Session),
    parts: Parts,
    Typed(typed): Typed<BankForm>,
) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    let id = partner(&parts)?;
    let to = format!("{}/partners/{id}/bank", visitor.base);
    let (form, mail_domain) = (typed.clone(), site.mail_domain.clone());
    let placed = store
        .write(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::ManagePayouts)?;
            once(tx, &form.form_id, |tx| {
                let (details, version) = form.read()?;
                let new = NewAccount {
                    details,
                    version,
                    mail_domain: mail_domain.clone(),
                };
                service::set(tx, id, &new)?;
                Ok(to.clone())
            })
        })
        .await;
    match placed {
        Ok(to) => see_other_saying(&session, &to, "The bank details were set."),
        Err(Error::Invalid(problems)) => {
            let again = page(&visitor, &store, id, Some((typed, problems))).await?;
            unprocessable(&again.0)
        }
        Err(Error::Conflict(why)) => overtaken((&visitor, &store), id, (typed, why)).await,
        Err(other) => Err(other.into()),
    }
}

/// The form again, over what someone else has saved.
async fn overtaken(
    (visitor, store): (&Staff, &Store),
    id: PartnerId,
    (typed, why): (BankForm, String),
) -> Answer {
    let (mut page, account) = page(visitor, store, id, None).await?;
    let now = account.as_ref();
    let now = now.map(|account| (&account.details, account.version));
    let Some((again, both)) = typed.overtaken(now) else {
        return Err(Error::Conflict(why).into());
    };
    page.typed = BankForm {
        form_id: page.typed.form_id,
        ..again
    };
    page.both = Some(both);
    conflict(&page)
}

/// "Confirm the account".
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ConfirmForm {
    version: String,
    form_id: String,
}

/// Confirms the account that somebody else gave.
pub(super) async fn confirm(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<ConfirmForm>,
) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    let id = partner(&parts)?;
    let to = format!("{}/partners/{id}/bank", visitor.base);
    let to = store
        .write(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::ManagePayouts)?;
            once(tx, &typed.form_id, |tx| {
                let version = typed.version.parse::<i32>();
                let version = version.map_err(|_| Error::conflict("Look at the account again."))?;
                service::confirm(tx, id, version)?;
                Ok(to.clone())
            })
        })
        .await?;
    see_other_saying(&session, &to, "The bank details are confirmed.")
}
