//! How a partner's commission is taxed: VAT, its id, and what is withheld.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::{Parts, partner};
use crate::{
    Error, Result,
    domain::{PartnerTax, Permission, Problems, Rate, TaxTreatment, VatId, read_date},
    id::PartnerId,
    services::{
        incentivize::tax_terms::{self as service, words},
        revenue::Books,
    },
    store::{
        Store, Tx, VendorScope,
        incentivize::tax_terms::{self, Taxed},
        recruit::partners,
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
    },
};

/// Terms as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TaxForm {
    treatment: String,
    rate: String,
    withheld: String,
    vat_id: String,
    agreed_until: String,
    from: String,
    form_id: String,
}

struct TaxRow {
    words: String,
    from: NaiveDate,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "partners/tax.html")]
struct TaxPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    name: String,
    may_manage: bool,
    action: String,
    cancel: String,
    rows: Vec<TaxRow>,
    treatments: Vec<(String, String)>,
    typed: TaxForm,
    problems: Problems,
}

/// How a partner is taxed, in a few words.
pub(super) fn standing(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<String> {
    let last = Books::open(tx)?.first_open.last_day();
    let all = tax_terms::of(tx, &[id])?.remove(&id).unwrap_or_default();
    match tax_terms::on(&all, last) {
        Some(one) => Ok(one.terms()?.words()),
        None => Ok("No VAT, nothing withheld".to_owned()),
    }
}

struct Found {
    name: String,
    all: Vec<Taxed>,
    opens: NaiveDate,
    ends: NaiveDate,
}

fn find(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<Found> {
    tx.allow(Permission::ViewMoney)?;
    let open = Books::open(tx)?.first_open;
    Ok(Found {
        name: partners::partner(tx, id)?.name,
        all: tax_terms::of(tx, &[id])?.remove(&id).unwrap_or_default(),
        opens: open.first_day(),
        ends: open.last_day(),
    })
}

impl Found {
    /// The form as it is first shown: the terms of the month that is open.
    fn as_typed(&self) -> TaxForm {
        let from = self.opens.to_string();
        let Some(now) = tax_terms::on(&self.all, self.ends) else {
            return TaxForm {
                treatment: TaxTreatment::NoTax.code().to_owned(),
                from,
                ..TaxForm::default()
            };
        };
        let rate = |bps: i32| match bps {
            0 => String::new(),
            bps => Rate::from_bps(bps).unwrap_or_default().to_string(),
        };
        TaxForm {
            treatment: now.treatment.code().to_owned(),
            rate: rate(now.rate_bps),
            withheld: rate(now.withheld_bps),
            vat_id: now.vat_id.clone(),
            agreed_until: now
                .agreed_until
                .map(|day| day.to_string())
                .unwrap_or_default(),
            from,
            form_id: String::new(),
        }
    }
}

async fn page(
    visitor: &Staff,
    store: &Store,
    id: PartnerId,
    typed: Option<(TaxForm, Problems)>,
) -> Result<TaxPage> {
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, id))
        .await?;
    let base = visitor.base.clone();
    let href = format!("{base}/partners/{id}");
    let current = tax_terms::on(&found.all, found.ends).map(|one| one.id);
    let row = |one: &Taxed| {
        Ok(TaxRow {
            words: words(one)?,
            from: one.effective_from,
            is_current: Some(one.id) == current,
        })
    };
    let (typed, problems) = typed.unwrap_or_else(|| (found.as_typed(), Problems::default()));
    Ok(TaxPage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Partners".to_owned(), format!("{base}/partners")),
            (found.name.clone(), href.clone()),
        ],
        may_manage: visitor.may(Permission::ManagePayouts),
        action: format!("{href}/tax"),
        cancel: href,
        rows: found.all.iter().map(row).collect::<Result<_>>()?,
        treatments: TaxTreatment::ALL
            .iter()
            .map(|one| (one.code().to_owned(), one.label().to_owned()))
            .collect(),
        typed: TaxForm {
            form_id: fresh_form_id()?,
            ..typed
        },
        name: found.name,
        problems,
    })
}

/// The page.
pub(super) async fn form(visitor: Staff, store: Data<Store>, parts: Parts) -> Answer {
    ok(&page(&visitor, &store, partner(&parts)?, None).await?)
}

fn read(typed: &TaxForm) -> Result<(PartnerTax, NaiveDate), Problems> {
    fn given<T: std::str::FromStr>(text: &str) -> Result<Option<T>, T::Err> {
        match text.trim() {
            "" => Ok(None),
            text => text.parse().map(Some),
        }
    }
    let mut problems = Problems::default();
    let treatment = typed.treatment.parse::<TaxTreatment>();
    let treatment = problems.check("treatment", treatment.map_err(|_| "Choose one of these."));
    let rate = problems.check("rate", given::<Rate>(&typed.rate));
    let withheld = problems.check("withheld", given::<Rate>(&typed.withheld));
    let vat_id = problems.check("vat_id", given::<VatId>(&typed.vat_id));
    let until = match typed.agreed_until.trim() {
        "" => Some(None),
        day => problems.check("agreed_until", read_date(day)).map(Some),
    };
    let from = problems.check("from", read_date(&typed.from));
    match (treatment, rate.zip(withheld), vat_id, until, from) {
        (Some(treatment), Some((rate, withheld)), Some(vat_id), Some(agreed_until), Some(from)) => {
            let terms = PartnerTax {
                treatment,
                rate: rate.unwrap_or_default(),
                withheld: withheld.unwrap_or_default(),
                vat_id,
                agreed_until,
            };
            Ok((terms, from))
        }
        _ => Err(problems),
    }
}

/// Sets the terms.
pub(super) async fn place(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(typed): Typed<TaxForm>,
) -> Answer {
    visitor.needs(Permission::ManagePayouts)?;
    let id = partner(&parts)?;
    let to = format!("{}/partners/{id}/tax", visitor.base);
    let form = typed.clone();
    let placed = store
        .write(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::ManagePayouts)?;
            once(tx, &form.form_id, |tx| {
                let (terms, from) = read(&form).map_err(Error::Invalid)?;
                service::place(tx, id, &terms, from)?;
                Ok(to.clone())
            })
        })
        .await;
    match placed {
        Ok(to) => see_other_saying(&session, &to, "The tax was set."),
        Err(Error::Invalid(problems)) => {
            unprocessable(&page(&visitor, &store, id, Some((typed, problems))).await?)
        }
        Err(other) => Err(other.into()),
    }
}
