//! The account the partner is paid to, as its own people keep it.
use actix_session::Session;
use actix_web::web::{Data, ServiceConfig, get, post, resource};
use askama::Template;

use crate::{
    Error, Result,
    domain::{Permission, Problems},
    services::revenue::bank::{self as service, NewAccount},
    store::{
        PartnerScope, Scope, Store, Tx,
        incentivize::bank_accounts::{self, Account},
    },
    web::{
        Answer, Shell, Site,
        admission::Visitor,
        earnings::bank::{BankForm, given_words, standing_pill, standing_words},
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
        stale::{Differing, conflict},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/bank")
            .route(get().to(form))
            .route(post().to(place)),
    );
}

struct Known {
    holder: String,
    iban: String,
    bic: String,
    given: String,
    pill: (&'static str, &'static str),
}

#[derive(Template)]
#[template(path = "portal/bank.html")]
struct BankPage {
    shell: Shell,
    action: String,
    answer: String,
    known: Option<Known>,
    typed: BankForm,
    problems: Problems,
    both: Option<Vec<Differing>>,
}

/// The account of whoever asks.
fn own(tx: &mut Tx<'_, PartnerScope>) -> Result<Option<Account>> {
    tx.allow(Permission::PartnerManageBankDetails)?;
    let partner = tx.scope().partner_id().ok_or(Error::Forbidden)?;
    bank_accounts::of_partner(tx, partner)
}

async fn page(
    visitor: &Visitor,
    store: &Store,
    typed: Option<(BankForm, Problems)>,
) -> Result<(BankPage, Option<Account>)> {
    let (account, now) = store
        .read(visitor.scope.clone(), |tx| Ok((own(tx)?, tx.now())))
        .await?;
    let zone = visitor.zone();
    let vendor = visitor.vendor_name();
    let known = account.as_ref().map(|account| {
        let bic = account.details.bic.as_ref();
        Known {
            holder: account.details.holder.clone(),
            iban: account.details.iban.to_string(),
            bic: bic.map_or_else(String::new, |bic| bic.as_str().to_owned()),
            given: given_words(account, zone),
            pill: standing_pill(account.standing(now)),
        }
    });
    let as_kept = account.as_ref();
    let as_kept = as_kept.map(|account| (&account.details, account.version));
    let fresh = || (BankForm::of(as_kept), Problems::default());
    let (typed, problems) = typed.unwrap_or_else(fresh);
    let page = BankPage {
        shell: visitor.shell(),
        action: format!("{}/bank", visitor.base),
        answer: match &account {
            Some(account) => standing_words(account.standing(now), (vendor, zone)),
            None => format!("{vendor} cannot pay you yet: no account is known."),
        },
        known,
        typed: BankForm {
            form_id: fresh_form_id()?,
            ..typed
        },
        problems,
        both: None,
    };
    Ok((page, account))
}

async fn form(visitor: Visitor, store: Data<Store>) -> Answer {
    ok(&page(&visitor, &store, None).await?.0)
}

async fn placed(visitor: &Visitor, store: &Store, typed: &BankForm, site: &Site) -> Result<String> {
    let needs = service::permission(&visitor.scope);
    // Who may not is told so before anything typed is judged.
    if !visitor.may(needs) {
        return Err(Error::Forbidden);
    }
    let to = format!("{}/bank", visitor.base);
    let (form, mail_domain) = (typed.clone(), site.mail_domain.clone());
    store
        .write(visitor.scope.clone(), move |tx| {
            tx.allow(needs)?;
            once(tx, &form.form_id, |tx| {
                let partner = tx.scope().partner_id().ok_or(Error::Forbidden)?;
                let (details, version) = form.read()?;
                let new = NewAccount {
                    details,
                    version,
                    mail_domain: mail_domain.clone(),
                };
                service::set(tx, partner, &new)?;
                Ok(to.clone())
            })
        })
        .await
}

async fn place(
    visitor: Visitor,
    (store, site, session): (Data<Store>, Data<Site>, Session),
    Typed(typed): Typed<BankForm>,
) -> Answer {
    match placed(&visitor, &store, &typed, &site).await {
        Ok(to) => see_other_saying(&session, &to, "Your bank details were set."),
        Err(Error::Invalid(problems)) => {
            unprocessable(&page(&visitor, &store, Some((typed, problems))).await?.0)
        }
        Err(Error::Conflict(why)) => {
            let (mut page, account) = page(&visitor, &store, None).await?;
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
        Err(other) => Err(other.into()),
    }
}
