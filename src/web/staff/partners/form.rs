//! Adding a partner, changing its record, and noting that it left.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use serde::Deserialize;

use super::{Parts, partner};
use crate::{
    Error, Result,
    domain::{
        Email, ExternalId, LongText, Name, PartnerStatus, PartnerType, Permission, Problems,
        StatementDelivery, read_country,
    },
    id::PartnerId,
    services::recruit::partners::{self as service, Draft},
    store::{
        Store,
        recruit::partners::{self, Partner},
    },
    web::{
        Answer, Failure, Shell,
        admission::Staff,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
        stale::{Differing, conflict, differing},
    },
};

/// A partner as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PartnerForm {
    name: String,
    legal_name: String,
    external_id: String,
    address: String,
    country: String,
    partner_type: String,
    statement_email: String,
    delivery: String,
    version: String,
    form_id: String,
}

impl PartnerForm {
    fn of(partner: &Partner) -> Self {
        Self {
            name: partner.name.clone(),
            legal_name: partner.legal_name.clone(),
            external_id: partner.external_id.clone(),
            address: partner.address.clone(),
            country: partner.country.to_string(),
            partner_type: partner.partner_type.code().to_owned(),
            statement_email: partner.statement_email.clone(),
            delivery: partner.delivery.code().to_owned(),
            version: partner.version.to_string(),
            form_id: String::new(),
        }
    }

    fn read(&self) -> Result<Draft, Problems> {
        let mut problems = Problems::default();
        let name = problems.check("name", self.name.parse::<Name>());
        // Most partners are called as they are registered.
        let legal = if self.legal_name.trim().is_empty() {
            &self.name
        } else {
            &self.legal_name
        };
        let legal_name = problems.check("legal_name", legal.parse::<Name>());
        let address = problems.check("address", self.address.parse::<LongText>());
        let country = problems.check("country", read_country(&self.country));
        let partner_type = problems.check("partner_type", self.partner_type.parse::<PartnerType>());
        let email = Some(self.statement_email.as_str()).filter(|typed| !typed.trim().is_empty());
        let statement_email = problems.check(
            "statement_email",
            email.map(str::parse::<Email>).transpose(),
        );
        let delivery = problems.check("delivery", self.delivery.parse::<StatementDelivery>());
        let draft = (|| {
            Some(Draft {
                name: name?,
                legal_name: legal_name?,
                address: address?,
                country: country?,
                partner_type: partner_type?,
                statement_email: statement_email?,
                delivery: delivery?,
            })
        })();
        draft.filter(|_| problems.is_empty()).ok_or(problems)
    }

    fn external_id(&self) -> Result<Option<ExternalId>, Problems> {
        let typed = Some(self.external_id.as_str()).filter(|typed| !typed.trim().is_empty());
        let read = typed.map(str::parse::<ExternalId>).transpose();
        read.map_err(|why| Problems::with("external_id", why.to_string()))
    }
}

#[derive(Template)]
#[template(path = "partners/form.html")]
struct FormPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    title: String,
    action: String,
    cancel: String,
    verb: &'static str,
    is_new: bool,
    types: Vec<(String, String)>,
    deliveries: Vec<(String, String)>,
    typed: PartnerForm,
    problems: Problems,
    both: Option<Vec<Differing>>,
}

/// The choices of a closed set, for a select.
macro_rules! options {
    ($of:ty) => {
        <$of>::ALL
            .iter()
            .map(|choice| (choice.code().to_owned(), choice.label().to_owned()))
            .collect()
    };
}

impl FormPage {
    fn new(visitor: &Staff, typed: PartnerForm, problems: Problems) -> Result<Self> {
        let register = format!("{}/partners", visitor.base);
        Ok(Self {
            shell: visitor.shell(),
            crumbs: vec![("Partners".to_owned(), register.clone())],
            title: "Add a partner".to_owned(),
            action: register.clone(),
            cancel: register,
            verb: "Add partner",
            is_new: true,
            types: options!(PartnerType),
            deliveries: options!(StatementDelivery),
            typed: PartnerForm {
                form_id: fresh_form_id()?,
                ..typed
            },
            problems,
            both: None,
        })
    }
    fn edit(
        visitor: &Staff,
        partner: &Partner,
        typed: PartnerForm,
        problems: Problems,
    ) -> Result<Self> {
        let page = Self::new(visitor, typed, problems)?;
        let record = format!("{}/{}", page.action, partner.id);
        let mut crumbs = page.crumbs;
        crumbs.push((partner.name.clone(), record.clone()));
        Ok(Self {
            crumbs,
            title: format!("Edit {}", partner.name),
            action: record.clone(),
            cancel: record,
            verb: "Save partner",
            is_new: false,
            ..page
        })
    }
}

/// The form for a new partner.
pub(super) async fn new(visitor: Staff) -> Answer {
    visitor.needs(Permission::ManagePartners)?;
    let typed = PartnerForm {
        partner_type: PartnerType::Reseller.code().to_owned(),
        delivery: StatementDelivery::Attached.code().to_owned(),
        ..PartnerForm::default()
    };
    ok(&FormPage::new(&visitor, typed, Problems::default())?)
}

/// Adds a partner.
pub(super) async fn create(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    Typed(typed): Typed<PartnerForm>,
) -> Answer {
    visitor.needs(Permission::ManagePartners)?;
    let read = typed
        .read()
        .and_then(|draft| Ok((draft, typed.external_id()?)));
    let added = match read {
        Err(problems) => Err(Error::Invalid(problems)),
        Ok((draft, external_id)) => {
            let (base, form_id) = (visitor.base.clone(), typed.form_id.clone());
            store
                .write(visitor.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        let id = service::recruit(tx, external_id.as_ref(), &draft)?;
                        Ok(format!("{base}/partners/{id}"))
                    })
                })
                .await
        }
    };
    match added {
        Ok(to) => see_other_saying(&session, &to, &format!("{} was added.", typed.name.trim())),
        Err(Error::Invalid(problems)) => unprocessable(&FormPage::new(&visitor, typed, problems)?),
        Err(other) => Err(other.into()),
    }
}

async fn current(visitor: &Staff, store: &Store, id: PartnerId) -> Result<Partner, Failure> {
    visitor.needs(Permission::ManagePartners)?;
    let scope = visitor.scope.clone();
    Ok(store
        .read(scope, move |tx| partners::partner(tx, id))
        .await?)
}

/// The form for a partner's record.
pub(super) async fn edit(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let found = current(&visitor, &store, partner(&parts)?).await?;
    let typed = PartnerForm::of(&found);
    ok(&FormPage::edit(
        &visitor,
        &found,
        typed,
        Problems::default(),
    )?)
}

/// Saves a partner's record.
pub(super) async fn update(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<PartnerForm>,
) -> Answer {
    let id = partner(&parts)?;
    let found = current(&visitor, &store, id).await?;
    let saved = match (typed.read(), typed.version.parse::<i32>()) {
        (Err(problems), _) => Err(Error::Invalid(problems)),
        (_, Err(_)) => return Err(Failure::BadRequest),
        (Ok(draft), Ok(version)) => {
            let scope = visitor.scope.clone();
            store
                .write(scope, move |tx| service::edit(tx, id, version, &draft))
                .await
        }
    };
    match saved {
        Ok(()) => {
            let to = format!("{}/partners/{id}", visitor.base);
            see_other_saying(&session, &to, "The partner was saved.")
        }
        Err(Error::Invalid(problems)) => {
            unprocessable(&FormPage::edit(&visitor, &found, typed, problems)?)
        }
        Err(Error::Conflict(_)) => stale(&visitor, &store, id, typed).await,
        Err(other) => Err(other.into()),
    }
}

/// The form again, over what someone else has saved.
async fn stale(visitor: &Staff, store: &Store, id: PartnerId, typed: PartnerForm) -> Answer {
    let found = current(visitor, store, id).await?;
    let theirs = PartnerForm::of(&found);
    let typed = PartnerForm {
        version: theirs.version.clone(),
        ..typed
    };
    let mut page = FormPage::edit(visitor, &found, typed, Problems::default())?;
    let (yours, kind) = (&page.typed, |code: &str| {
        match code.parse::<PartnerType>() {
            Ok(known) => known.label(),
            Err(_) => "",
        }
    });
    let way = |code: &str| {
        code.parse::<StatementDelivery>()
            .map_or("", StatementDelivery::label)
    };
    page.both = Some(differing(&[
        ("Name", &theirs.name, &yours.name),
        ("Legal name", &theirs.legal_name, &yours.legal_name),
        ("Address", &theirs.address, &yours.address),
        ("Country", &theirs.country, &yours.country),
        (
            "Type",
            kind(&theirs.partner_type),
            kind(&yours.partner_type),
        ),
        (
            "Statement email",
            &theirs.statement_email,
            &yours.statement_email,
        ),
        (
            "Statements arrive",
            way(&theirs.delivery),
            way(&yours.delivery),
        ),
    ]));
    conflict(&page)
}

#[derive(Template)]
#[template(path = "partners/status.html")]
struct StatusPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    name: String,
    is_leaving: bool,
    action: String,
    cancel: String,
    version: i32,
    status: &'static str,
}

/// Asks once more before a partner leaves the programme or comes back.
pub(super) async fn confirm_status(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let found = current(&visitor, &store, partner(&parts)?).await?;
    let register = format!("{}/partners", visitor.base);
    let record = format!("{register}/{}", found.id);
    let is_leaving = found.status == PartnerStatus::Active;
    let next = if is_leaving {
        PartnerStatus::Left
    } else {
        PartnerStatus::Active
    };
    ok(&StatusPage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Partners".into(), register),
            (found.name.clone(), record.clone()),
        ],
        name: found.name,
        is_leaving,
        action: format!("{record}/status"),
        cancel: record,
        version: found.version,
        status: next.code(),
    })
}

/// A partner's new status.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StatusForm {
    status: String,
    version: String,
}

/// Notes that a partner has left the programme, or is back.
pub(super) async fn change_status(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<StatusForm>,
) -> Answer {
    let id = current(&visitor, &store, partner(&parts)?).await?.id;
    let (Ok(status), Ok(version)) = (typed.status.parse::<PartnerStatus>(), typed.version.parse())
    else {
        return Err(Failure::BadRequest);
    };
    let scope = visitor.scope.clone();
    store
        .write(scope, move |tx| {
            service::set_status(tx, id, version, status)
        })
        .await?;
    let said = match status {
        PartnerStatus::Active => "The partner is back in the program.",
        PartnerStatus::Left => "The partner has left the program.",
    };
    see_other_saying(&session, &format!("{}/partners/{id}", visitor.base), said)
}
