//! What a partner buys at when it resells, and how invoices to it are taxed.
use actix_session::Session;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;

use super::{Parts, partner};
use crate::{
    Error, Result,
    domain::{Permission, Problems, Rate, TaxCategory, VatId, read_date, resale::BuysAt},
    id::PartnerId,
    services::sell::resale::{self as service, NewTerms, words},
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        recruit::partners,
        registers::invoices,
        sell::resale::{self, Resells},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        filters,
        form::{Typed, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
        words::amounts,
    },
};

/// Terms as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ResaleForm {
    reseller: String,
    distributor: String,
    tax_category: String,
    tax: String,
    vat_id: String,
    from: String,
    form_id: String,
}

struct Row {
    words: String,
    from: NaiveDate,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "partners/resale.html")]
struct ResalePage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    name: String,
    may_manage: bool,
    action: String,
    cancel: String,
    rows: Vec<Row>,
    categories: Vec<(String, String)>,
    typed: ResaleForm,
    problems: Problems,
}

/// What a partner buys at today and has in credit, in a few words.
pub(super) fn standing(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<String> {
    let today = vendor::today(tx)?;
    let all = resale::of(tx, &[id])?.remove(&id).unwrap_or_default();
    let terms = match resale::on(&all, today) {
        Some(terms) => terms.words()?,
        None => "Does not resell".to_owned(),
    };
    let credit = invoices::in_credit(tx, id)?;
    Ok(match credit.is_empty() {
        true => terms,
        false => format!("{terms}; {} in credit", amounts(&credit)),
    })
}

struct Found {
    name: String,
    all: Vec<Resells>,
    today: NaiveDate,
}

fn find(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<Found> {
    tx.allow(Permission::ViewPartners)?;
    Ok(Found {
        name: partners::partner(tx, id)?.name,
        all: resale::of(tx, &[id])?.remove(&id).unwrap_or_default(),
        today: vendor::today(tx)?,
    })
}

impl Found {
    /// The form as it is first shown: the terms of today.
    fn as_typed(&self) -> ResaleForm {
        let rate = |bps: i32| Rate::from_bps(bps).unwrap_or_default().to_string();
        let now = resale::on(&self.all, self.today);
        let sold = now.filter(|one| one.reseller_bps > 0);
        let above = now.and_then(|one| one.distributor_bps);
        ResaleForm {
            reseller: sold.map_or_else(String::new, |one| rate(one.reseller_bps)),
            distributor: above.map_or_else(String::new, rate),
            tax_category: now
                .map_or(TaxCategory::Standard, |one| one.tax_category)
                .code()
                .to_owned(),
            tax: now
                .filter(|one| one.tax_category == TaxCategory::Own)
                .map_or_else(String::new, |one| rate(one.tax_bps)),
            vat_id: now.map_or_else(String::new, |one| one.vat_id.clone()),
            from: self.today.to_string(),
            form_id: String::new(),
        }
    }
}

async fn page(
    visitor: &Staff,
    store: &Store,
    id: PartnerId,
    typed: Option<(ResaleForm, Problems)>,
) -> Result<ResalePage> {
    let found = store
        .read(visitor.scope.clone(), move |tx| find(tx, id))
        .await?;
    let base = visitor.base.clone();
    let href = format!("{base}/partners/{id}");
    let current = resale::on(&found.all, found.today).map(|one| one.id);
    let row = |one: &Resells| {
        Ok(Row {
            words: words(one)?,
            from: one.effective_from,
            is_current: Some(one.id) == current,
        })
    };
    let (typed, problems) = typed.unwrap_or_else(|| (found.as_typed(), Problems::default()));
    let categories = TaxCategory::ALL.iter();
    Ok(ResalePage {
        shell: visitor.shell(),
        crumbs: vec![
            ("Partners".to_owned(), format!("{base}/partners")),
            (found.name.clone(), href.clone()),
        ],
        may_manage: visitor.may(Permission::ManagePartners),
        action: format!("{href}/resale"),
        cancel: href,
        rows: found.all.iter().map(row).collect::<Result<_>>()?,
        categories: categories
            .map(|one| (one.code().to_owned(), one.label().to_owned()))
            .collect(),
        typed: ResaleForm {
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

fn read(typed: &ResaleForm) -> Result<(NewTerms, NaiveDate), Problems> {
    fn given(text: &str) -> Result<Option<Rate>, <Rate as std::str::FromStr>::Err> {
        match text.trim() {
            "" => Ok(None),
            text => text.parse().map(Some),
        }
    }
    let mut problems = Problems::default();
    let reseller = problems.check("reseller", given(&typed.reseller));
    if reseller.flatten() == Some(Rate::default()) {
        problems.add("reseller", "Leave this empty where it does not resell.");
    }
    let distributor = problems.check("distributor", given(&typed.distributor));
    let category = typed.tax_category.parse::<TaxCategory>();
    let category = problems.check("tax_category", category.map_err(|_| "Choose one of these."));
    let tax = problems.check("tax", given(&typed.tax));
    if matches!((category, tax), (Some(TaxCategory::Own), Some(None))) {
        problems.add("tax", "Give the rate: 0 for none.");
    }
    let vat_id = problems.check("vat_id", typed.vat_id.parse::<VatId>());
    let from = problems.check("from", read_date(&typed.from));
    if !problems.is_empty() {
        return Err(problems);
    }
    match (reseller.zip(distributor), category.zip(tax), vat_id, from) {
        (Some((reseller, distributor)), Some((tax_category, tax)), Some(vat_id), Some(from)) => {
            let terms = NewTerms {
                buys_at: BuysAt {
                    reseller: reseller.unwrap_or_default(),
                    distributor,
                },
                tax_category,
                tax: tax.unwrap_or_default(),
                vat_id,
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
    Typed(typed): Typed<ResaleForm>,
) -> Answer {
    visitor.needs(Permission::ManagePartners)?;
    let id = partner(&parts)?;
    let to = format!("{}/partners/{id}/resale", visitor.base);
    let form = typed.clone();
    let placed = store
        .write(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::ManagePartners)?;
            once(tx, &form.form_id, |tx| {
                let (terms, from) = read(&form).map_err(Error::Invalid)?;
                service::place(tx, id, &terms, from)?;
                Ok(to.clone())
            })
        })
        .await;
    match placed {
        Ok(to) => see_other_saying(&session, &to, "The resale terms were set."),
        Err(Error::Invalid(problems)) => {
            unprocessable(&page(&visitor, &store, id, Some((typed, problems))).await?)
        }
        Err(other) => Err(other.into()),
    }
}
