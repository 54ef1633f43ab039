//! The account that payouts come from.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;

use crate::{
    Error, Result,
    domain::{Permission, Problems},
    services::revenue::bank as service,
    store::{
        Store, Tx, VendorScope,
        incentivize::bank_accounts::{self, Own},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::bank::BankForm,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
        stale::{Differing, conflict},
    },
};

#[derive(Template)]
#[template(path = "staff/payouts/account.html")]
struct AccountPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    action: String,
    cancel: String,
    typed: BankForm,
    problems: Problems,
    both: Option<Vec<Differing>>,
}

async fn page(
    visitor: &Staff,
    store: &Store,
    typed: Option<(BankForm, Problems)>,
) -> Result<(AccountPage, Option<Own>)> {
    let known = store
        .read(visitor.scope.clone(), |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManagePayouts)?;
            bank_accounts::own(tx)
        })
        .await?;
    let href = format!("{}/payouts", visitor.base);
    let now = known.as_ref().map(|own| (&own.details, own.version));
    let fresh = || (BankForm::of(now), Problems::default());
    let (typed, problems) = typed.unwrap_or_else(fresh);
    let page = AccountPage {
        shell: visitor.shell(),
        crumbs: vec![("Payouts".to_owned(), href.clone())],
        action: format!("{href}/account"),
        cancel: href,
        typed: BankForm {
            form_id: fresh_form_id()?,
            ..typed
        },
        problems,
        both: None,
    };
    Ok((page, known))
}

/// The page.
pub(super) async fn form(visitor: Staff, store: Data<Store>) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    ok(&page(&visitor, &store, None).await?.0)
}

/// Sets the account.
pub(super) async fn place(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<BankForm>,
) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    let to = format!("{}/payouts", visitor.base);
    let form = typed.clone();
    let placed = store
        .write(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::ManagePayouts)?;
            once(tx, &form.form_id, |tx| {
                let (details, version) = form.read()?;
                service::set_own(tx, &details, version)?;
                Ok(to.clone())
            })
        })
        .await;
    match placed {
        Ok(to) => see_other_saying(&session, &to, "The account was set."),
        Err(Error::Invalid(problems)) => {
            unprocessable(&page(&visitor, &store, Some((typed, problems))).await?.0)
        }
        Err(Error::Conflict(why)) => overtaken(&visitor, &store, (typed, why)).await,
        Err(other) => Err(other.into()),
    }
}

/// The form again, over what someone else has saved.
async fn overtaken(visitor: &Staff, store: &Store, (typed, why): (BankForm, String)) -> Answer {
    let (mut page, known) = page(visitor, store, None).await?;
    let now = known.as_ref().map(|own| (&own.details, own.version));
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
