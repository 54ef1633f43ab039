//! Plans of an offering, their versions and prices.
use actix_session::Session;
use actix_web::web::{Data, Path, ServiceConfig, get, post, resource};
use askama::Template;

use super::offerings::{Pressed, choices, id_of};
use crate::{
    Error, Result,
    domain::{
        BillingInterval, Currency, ExternalId, Name, Permission, Price, PriceKind, Problems,
        UnitPrice, VersionStatus,
    },
    id::{OfferingId, PlanId, PlanVersionId},
    services::catalogue::plans::{self as service, Draft, PriceDraft},
    store::{
        Store, Tx, VendorScope,
        catalogue::{
            offerings,
            plans::{self, Plan, PlanVersion, Terms},
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        form::{Fields, Typed, fresh_form_id, once},
        page::{ok, see_other, see_other_saying, unprocessable},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/offerings/{offering}/plans/new").route(get().to(new)))
        .service(resource("/offerings/{offering}/plans").route(post().to(create)))
        .service(resource("/plans/{plan}/versions").route(post().to(draft)))
        .service(resource("/plan-versions/{plan_version}/edit").route(get().to(edit)))
        .service(resource("/plan-versions/{plan_version}").route(post().to(update)))
        .service(resource("/plan-versions/{plan_version}/publication").route(post().to(publish)));
}

/// A plan on its offering's page.
pub struct PlanView {
    pub(super) id: PlanId,
    pub(super) code: String,
    pub(super) name: String,
    pub(super) may_draft: bool,
    pub(super) form_id: String,
    pub(super) versions: Vec<VersionView>,
}

/// A version on its offering's page.
pub struct VersionView {
    pub(super) id: PlanVersionId,
    pub(super) number: i32,
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) is_draft: bool,
    pub(super) version: String,
    pub(super) currency: &'static str,
    pub(super) terms: String,
    pub(super) prices: Vec<PriceView>,
}

/// A price on its offering's page.
pub struct PriceView {
    pub(super) label: String,
    pub(super) how: String,
    pub(super) amount: String,
}

impl PlanView {
    pub(super) fn of(plan: Plan, versions: Vec<PlanVersion>) -> Self {
        let drafted = versions.iter().any(|v| v.status == VersionStatus::Draft);
        Self {
            id: plan.id,
            code: plan.code,
            name: plan.name,
            may_draft: !drafted && !versions.is_empty(),
            form_id: String::new(),
            versions: versions.into_iter().map(VersionView::of).collect(),
        }
    }
    pub(super) fn is_sold(&self) -> bool {
        self.versions
            .iter()
            .any(|v| v.status == VersionStatus::Published.label())
    }
}

/// The pill of a version's status.
pub fn kind(status: VersionStatus) -> &'static str {
    match status {
        VersionStatus::Draft => "info",
        VersionStatus::Published => "good",
        VersionStatus::Superseded => "plain",
    }
}

impl VersionView {
    fn of(version: PlanVersion) -> Self {
        let terms = version.terms;
        let every = match terms.interval {
            BillingInterval::Month => "a month",
            BillingInterval::Year => "a year",
        };
        let how = |price: Price| match price.kind {
            PriceKind::Flat => format!("flat, {every}"),
            PriceKind::PerSeat => format!("per seat, {every}"),
        };
        Self {
            id: version.id,
            number: version.version_no,
            kind: kind(version.status),
            status: version.status.label(),
            is_draft: version.status == VersionStatus::Draft,
            version: version.version.to_string(),
            currency: terms.currency.code(),
            terms: format!(
                "Billed {} in advance, term {} months, notice {} days.",
                terms.interval.name(),
                terms.term_months,
                terms.notice_days
            ),
            prices: version
                .prices
                .into_iter()
                .map(|line| PriceView {
                    how: how(line.price),
                    amount: line.price.unit.figure(terms.currency),
                    label: line.label,
                })
                .collect(),
        }
    }
}

/// A price's fields on the form.
struct PriceRow {
    label_name: String,
    kind_name: String,
    amount_name: String,
    label: String,
    kind: String,
    amount: String,
}

/// The form's plain fields.
struct PlanFields {
    name: String,
    code: String,
    interval: String,
    term_months: String,
    notice_days: String,
    currency: String,
    version: String,
}

#[derive(Template)]
#[template(path = "staff/plans/edit.html")]
struct EditPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    heading: String,
    answer: String,
    action: String,
    cancel_href: String,
    is_new: bool,
    intervals: Vec<(String, String)>,
    kinds: Vec<(String, String)>,
    price_rows: Vec<PriceRow>,
    problems: Problems,
    typed: PlanFields,
    form_id: String,
}

const ROWS: usize = service::MOST_PRICES;

fn known(name: &str) -> bool {
    let fixed = [
        "name",
        "code",
        "interval",
        "term_months",
        "notice_days",
        "currency",
        "version",
        "form_id",
    ];
    fixed.contains(&name) || (1..=ROWS).any(|n| row_names(n).contains(&name.to_owned()))
}

fn row_names(n: usize) -> [String; 3] {
    [
        format!("price-{n}-label"),
        format!("price-{n}-kind"),
        format!("price-{n}"),
    ]
}

fn price_rows(typed: &Fields) -> Vec<PriceRow> {
    let filled = (1..=ROWS)
        .filter(|n| !typed.get(&format!("price-{n}")).is_empty())
        .max();
    let shown = (filled.unwrap_or_default() + 1).clamp(3, ROWS);
    (1..=shown)
        .map(|n| {
            let [label_name, kind_name, amount_name] = row_names(n);
            PriceRow {
                label: typed.text(&label_name),
                kind: typed.text(&kind_name),
                amount: typed.text(&amount_name),
                label_name,
                kind_name,
                amount_name,
            }
        })
        .collect()
}

fn read(typed: &Fields) -> Result<Draft, Problems> {
    let mut problems = Problems::default();
    let currency = typed
        .get("currency")
        .trim()
        .to_uppercase()
        .parse::<Currency>();
    let currency = problems.check("currency", currency);
    let interval = match typed.get("interval") {
        "12" => BillingInterval::Year,
        _ => BillingInterval::Month,
    };
    let whole = |name: &str| {
        let number = typed.get(name).trim().parse::<u32>();
        number.map_err(|_| "Give a whole number.")
    };
    let term = problems.check("term_months", whole("term_months"));
    let notice = problems.check("notice_days", whole("notice_days"));
    let mut prices = Vec::new();
    if let Some(currency) = currency {
        for n in 1..=ROWS {
            prices.extend(read_price(typed, n, currency, &mut problems));
        }
    }
    match (currency, term, notice) {
        (Some(currency), Some(term_months), Some(notice_days)) if problems.is_empty() => {
            Ok(Draft {
                terms: Terms {
                    currency,
                    interval,
                    term_months,
                    notice_days,
                },
                prices,
            })
        }
        _ => Err(problems),
    }
}

fn read_price(
    typed: &Fields,
    n: usize,
    currency: Currency,
    problems: &mut Problems,
) -> Option<PriceDraft> {
    let [label_name, kind_name, amount_name] = row_names(n);
    if typed.get(&label_name).trim().is_empty() && typed.get(&amount_name).trim().is_empty() {
        return None;
    }
    let label = problems.check(label_name.clone(), typed.get(&label_name).parse::<Name>());
    let unit = UnitPrice::parse(typed.get(&amount_name), currency);
    let unit = problems.check(amount_name, unit);
    let kind = problems.check(
        kind_name.clone(),
        typed.get(&kind_name).parse::<PriceKind>(),
    );
    Some(PriceDraft {
        label: label?,
        price: Price {
            kind: kind?,
            unit: unit?,
        },
    })
}

/// The service pins its remarks to its own names; the form has these.
fn on_the_form(problems: Problems) -> Problems {
    let mut renamed = Problems::default();
    for (field, why) in problems.iter() {
        let field = match field {
            "term" => "term_months",
            "notice" => "notice_days",
            "prices" => "price-1",
            other => other,
        };
        renamed.add(field, why);
    }
    renamed
}

struct Form {
    heading: String,
    action: String,
    offering: OfferingId,
    offering_name: String,
    is_new: bool,
    typed: Fields,
    problems: Problems,
}

fn edit_page(staff: &Staff, form: Form) -> Result<EditPage> {
    let back = format!("{}/offerings/{}", staff.base, form.offering);
    let typed = &form.typed;
    let or = |name: &str, default: &str| match typed.get(name) {
        "" if form.is_new && form.problems.is_empty() => default.to_owned(),
        text => text.to_owned(),
    };
    Ok(EditPage {
        shell: staff.shell(),
        crumbs: vec![
            ("Offerings".to_owned(), format!("{}/offerings", staff.base)),
            (form.offering_name, back.clone()),
        ],
        heading: form.heading,
        answer: "A draft; nothing is sold by it until you publish it.".to_owned(),
        action: form.action,
        cancel_href: back,
        is_new: form.is_new,
        intervals: vec![
            ("1".to_owned(), "Monthly".to_owned()),
            ("12".to_owned(), "Yearly".to_owned()),
        ],
        kinds: choices("", PriceKind::ALL, PriceKind::code, PriceKind::label),
        price_rows: price_rows(typed),
        typed: PlanFields {
            name: typed.text("name"),
            code: typed.text("code"),
            interval: or("interval", "1"),
            term_months: or("term_months", "12"),
            notice_days: or("notice_days", "30"),
            currency: or("currency", "EUR"),
            version: typed.text("version"),
        },
        problems: form.problems,
        form_id: fresh_form_id()?,
    })
}

type Parts = Path<(String, String)>;

async fn new_form(
    staff: &Staff,
    store: &Store,
    id: OfferingId,
    (typed, problems): (Fields, Problems),
) -> Result<EditPage> {
    let offering = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManageCatalogue)?;
            offerings::offering(tx, id)
        })
        .await?;
    edit_page(
        staff,
        Form {
            heading: "New plan".to_owned(),
            action: format!("{}/offerings/{id}/plans", staff.base),
            offering: id,
            offering_name: offering.name,
            is_new: true,
            typed,
            problems,
        },
    )
}

async fn new(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id = id_of(&parts.1)?;
    ok(&new_form(&staff, &store, id, (Fields::default(), Problems::default())).await?)
}

async fn create(staff: Staff, store: Data<Store>, parts: Parts, typed: Fields) -> Answer {
    let (id, typed) = (id_of::<crate::id::Offering>(&parts.1)?, typed.only(known)?);
    let mut problems = Problems::default();
    let code = problems.check("code", typed.get("code").parse::<ExternalId>());
    let name = problems.check("name", typed.get("name").parse::<Name>());
    let made = match (read(&typed), code.zip(name)) {
        (Ok(draft), Some((code, name))) => {
            let (form_id, to) = (
                typed.text("form_id"),
                format!("{}/offerings/{id}", staff.base),
            );
            store
                .write(staff.scope.clone(), move |tx| {
                    once(tx, &form_id, |tx| {
                        service::add(tx, id, (&code, &name), &draft)?;
                        Ok(to.clone())
                    })
                })
                .await
        }
        (draft, _) => {
            if let Err(more) = draft {
                for (field, why) in more.iter() {
                    problems.add(field, why);
                }
            }
            Err(Error::Invalid(problems))
        }
    };
    match made {
        Ok(to) => see_other(&to),
        Err(Error::Invalid(problems)) => {
            let again = (typed, on_the_form(problems));
            unprocessable(&new_form(&staff, &store, id, again).await?)
        }
        Err(other) => Err(other.into()),
    }
}

async fn draft(staff: Staff, store: Data<Store>, parts: Parts, typed: Fields) -> Answer {
    let (id, typed) = (id_of::<crate::id::Plan>(&parts.1)?, typed.only(known)?);
    let (form_id, base) = (typed.text("form_id"), staff.base.clone());
    let to = store
        .write(staff.scope.clone(), move |tx| {
            once(tx, &form_id, |tx| {
                let version = service::new_version(tx, id)?;
                Ok(format!("{base}/plan-versions/{version}/edit"))
            })
        })
        .await?;
    see_other(&to)
}

async fn edit_form(
    staff: &Staff,
    store: &Store,
    id: PlanVersionId,
    again: Option<(Fields, Problems)>,
) -> Result<EditPage> {
    let (version, plan, offering) = store
        .read(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ManageCatalogue)?;
            let version = plans::version(tx, id)?;
            let plan = plans::plan(tx, version.plan)?;
            let offering = offerings::offering(tx, plan.offering)?;
            Ok((version, plan, offering))
        })
        .await?;
    if version.status != VersionStatus::Draft {
        return Err(Error::conflict(
            "A published version never changes. Draft a new one instead.",
        ));
    }
    let number = version.version_no;
    let (typed, problems) = again.unwrap_or_else(|| (typed_of(version), Problems::default()));
    edit_page(
        staff,
        Form {
            heading: format!("{}, version {number}", plan.name),
            action: format!("{}/plan-versions/{id}", staff.base),
            offering: offering.id,
            offering_name: offering.name,
            is_new: false,
            typed,
            problems,
        },
    )
}

fn typed_of(version: PlanVersion) -> Fields {
    let terms = version.terms;
    let mut fields = vec![
        ("interval".to_owned(), terms.interval.months().to_string()),
        ("term_months".to_owned(), terms.term_months.to_string()),
        ("notice_days".to_owned(), terms.notice_days.to_string()),
        ("currency".to_owned(), terms.currency.code().to_owned()),
        ("version".to_owned(), version.version.to_string()),
    ];
    for (n, line) in (1..).zip(version.prices) {
        let [label, kind, amount] = row_names(n);
        fields.push((label, line.label));
        fields.push((kind, line.price.kind.code().to_owned()));
        fields.push((amount, line.price.unit.figure(terms.currency)));
    }
    Fields::new(fields)
}

async fn edit(staff: Staff, store: Data<Store>, parts: Parts) -> Answer {
    let id = id_of(&parts.1)?;
    ok(&edit_form(&staff, &store, id, None).await?)
}

async fn update(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    typed: Fields,
) -> Answer {
    let (id, typed) = (
        id_of::<crate::id::PlanVersion>(&parts.1)?,
        typed.only(known)?,
    );
    let version = typed.get("version").parse().unwrap_or_default();
    let changed = match read(&typed) {
        Ok(draft) => {
            store
                .write(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
                    service::edit_draft(tx, id, version, &draft)?;
                    let plan = plans::version(tx, id)?.plan;
                    Ok(plans::plan(tx, plan)?.offering)
                })
                .await
        }
        Err(problems) => Err(Error::Invalid(problems)),
    };
    match changed {
        Ok(offering) => see_other_saying(
            &session,
            &format!("{}/offerings/{offering}", staff.base),
            "Saved.",
        ),
        Err(Error::Invalid(problems)) => {
            let again = Some((typed, on_the_form(problems)));
            unprocessable(&edit_form(&staff, &store, id, again).await?)
        }
        Err(other) => Err(other.into()),
    }
}

async fn publish(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    parts: Parts,
    Typed(pressed): Typed<Pressed>,
) -> Answer {
    let (id, version) = (
        id_of::<crate::id::PlanVersion>(&parts.1)?,
        pressed.version(),
    );
    let offering = store
        .write(staff.scope.clone(), move |tx: &mut Tx<'_, VendorScope>| {
            service::publish(tx, id, version)?;
            let plan = plans::version(tx, id)?.plan;
            Ok(plans::plan(tx, plan)?.offering)
        })
        .await?;
    let to = format!("{}/offerings/{offering}", staff.base);
    see_other_saying(
        &session,
        &to,
        "Published: this is what is sold from now on.",
    )
}
