//! A credit note on an invoice: typed, shown what it comes to, issued.
use actix_session::Session;
use actix_web::web::{Data, Path};
use askama::Template;

use crate::{
    Error, Result,
    domain::{
        CommissionRule, CreditReason, Currency, Disposition, LongText, Money, Permission, Problems,
    },
    id::InvoiceId,
    services::{
        revenue::credit::{self as service, LineCredit, NewCreditNote},
        stale,
    },
    store::{
        Store, Tx, VendorScope,
        registers::{
            self,
            invoices::{self, CreditNoteRow, InvoiceDetail},
            ledger::{self, EntryRow},
        },
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::{Desk, id},
        filters,
        form::{Fields, fresh_form_id, once},
        page::{ok, see_other_saying, unprocessable},
        stale::conflict,
        words,
    },
};

const FIELDS: [&str; 7] = [
    "reason",
    "note",
    "disposition",
    "commission",
    "confirmed",
    "shown",
    "form_id",
];

/// A field of the form that only repeats what was typed.
type Hidden = (String, String);

/// A line that can be credited, and what was typed for it.
struct LineField {
    name: String,
    description: String,
    period: String,
    net: Money,
    left: Money,
    typed: String,
}

#[derive(Template)]
#[template(path = "staff/invoices/credit.html")]
struct CreditPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    title: String,
    /// Who is billed; for whom, where that is not the customer.
    customer: String,
    readers: String,
    due: Money,
    currency: Currency,
    action: String,
    cancel: String,
    lines: Vec<LineField>,
    reasons: Vec<(String, String)>,
    dispositions: Vec<(String, String)>,
    /// What commission does; nothing to choose where nobody earns any.
    rules: Vec<(String, String)>,
    typed: Fields,
    form_id: String,
    outcome: Vec<String>,
    hidden: Vec<Hidden>,
    problems: Problems,
    is_stale: bool,
}

/// The invoice, and what is left of its lines.
type Seen = (InvoiceDetail, Vec<i64>);

async fn seen(desk: &Desk<VendorScope>, store: &Store, invoice: InvoiceId) -> Result<Seen> {
    desk.read(store, move |tx, _| {
        let left = service::creditable(tx, invoice)?;
        let left = left.into_iter().map(|(_, left)| left).collect();
        Ok((invoices::invoice(tx, invoice)?, left))
    })
    .await
}

fn options<T: Copy>(
    all: impl Iterator<Item = T>,
    of: impl Fn(T) -> (&'static str, &'static str),
) -> Vec<(String, String)> {
    all.map(of)
        .map(|(code, label)| (code.to_owned(), label.to_owned()))
        .collect()
}

fn page(
    desk: Desk<VendorScope>,
    (detail, left): &Seen,
    typed: Fields,
    problems: Problems,
) -> Result<CreditPage> {
    let row = &detail.row;
    let list = format!("{}/invoices", desk.base);
    let href = format!("{list}/{}", row.id);
    let currency = row.total.currency();
    let field = |(line, left): (&invoices::InvoiceLineRow, &i64)| {
        let name = format!("line_{}", line.line_no);
        LineField {
            typed: typed.text(&name),
            name,
            description: line.description.clone(),
            period: words::service(line.service_from, line.service_to),
            net: line.net,
            left: Money::new(*left, currency),
        }
    };
    let lines = detail.lines.iter().zip(left).filter(|(_, left)| **left > 0);
    Ok(CreditPage {
        title: format!("Invoice {}", row.number),
        crumbs: vec![
            ("Invoices".to_owned(), list),
            (format!("Invoice {}", row.number), href.clone()),
        ],
        customer: match &row.payer {
            Some(payer) => format!("{}, for {}", payer.name, row.customer_name),
            None => row.customer_name.clone(),
        },
        readers: match &row.payer {
            Some(payer) => format!("{} reads it.", payer.name),
            None => "The customer and the partner read it.".to_owned(),
        },
        due: row.due,
        currency,
        action: format!("{href}/credit-note"),
        cancel: href,
        lines: lines.map(field).collect(),
        reasons: options(CreditReason::by_hand(), |one| (one.code(), one.label())),
        dispositions: options(Disposition::ALL.iter().copied(), |one| {
            (one.code(), goes(one, row.payer.is_some()))
        }),
        rules: match row.payer {
            Some(_) => Vec::new(),
            None => options(CommissionRule::ALL.iter().copied(), |one| {
                (one.code(), one.label())
            }),
        },
        form_id: fresh_form_id()?,
        outcome: Vec::new(),
        hidden: Vec::new(),
        problems,
        is_stale: false,
        typed,
        shell: desk.shell,
    })
}

/// Where the money goes, in words: to the customer, or to who is billed in its place.
fn goes(one: Disposition, is_resold: bool) -> &'static str {
    match (one, is_resold) {
        (_, false) => one.label(),
        (Disposition::DueThenCredit, true) => {
            "Off what is due; the rest is credit of who is billed"
        }
        (Disposition::DueThenRefund, true) => "Off what is due; the rest is paid back",
        (Disposition::Credit, true) => "All of it is credit of who is billed, for the next invoice",
    }
}

fn read(typed: &Fields, (detail, left): &Seen) -> Result<NewCreditNote, Problems> {
    let mut problems = Problems::default();
    let currency = detail.row.total.currency();
    let mut lines = Vec::new();
    for (line, left) in detail.lines.iter().zip(left) {
        let name = format!("line_{}", line.line_no);
        let amount = typed.get(&name).trim();
        if amount.is_empty() || (*left == 0 && amount == "0") {
            continue;
        }
        if let Some(amount) = problems.check(name, Money::parse(amount, currency)) {
            lines.push(LineCredit {
                days: None,
                line: line.id,
                net_minor: amount.minor(),
            });
        }
    }
    if lines.is_empty() && problems.is_empty() {
        let first = detail.lines.iter().zip(left).find(|(_, left)| **left > 0);
        let place = first.map_or(1, |(line, _)| line.line_no);
        problems.add(format!("line_{place}"), "Give what is credited.");
    }
    let reason = problems.check("reason", typed.get("reason").parse::<CreditReason>());
    let note = problems.check("note", typed.get("note").parse::<LongText>());
    if typed.get("note").trim().is_empty() {
        problems.add("note", "Say why.");
    }
    let disposition = problems.check("disposition", typed.get("disposition").parse());
    let commission = problems.check("commission", typed.get("commission").parse());
    match (reason, note, disposition, commission, problems.is_empty()) {
        (Some(reason), Some(note), Some(disposition), Some(commission), true) => {
            Ok(NewCreditNote {
                invoice: detail.row.id,
                lines,
                reason,
                note: note.to_string(),
                disposition,
                commission,
            })
        }
        _ => Err(problems),
    }
}

/// The form.
pub(super) async fn form(staff: Staff, store: Data<Store>, path: Path<(String, String)>) -> Answer {
    let desk = Desk::of_staff(staff).needing(Permission::RecordPayments);
    let found = seen(&desk, &store, id(&path.1)?).await?;
    let (due, rule) = (Disposition::DueThenCredit, CommissionRule::ReduceBase);
    let typed = Fields::new(vec![
        ("disposition".to_owned(), due.code().to_owned()),
        ("commission".to_owned(), rule.code().to_owned()),
    ]);
    ok(&page(desk, &found, typed, Problems::default())?)
}

fn is_known(name: &str) -> bool {
    let place = name.strip_prefix("line_");
    FIELDS.contains(&name) || place.is_some_and(|place| place.parse::<u16>().is_ok())
}

/// Shows what a credit note comes to, or, once that was confirmed, issues it.
pub(super) async fn issue(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    path: Path<(String, String)>,
    typed: Fields,
) -> Answer {
    let typed = typed.only(is_known)?;
    let desk = Desk::of_staff(staff).needing(Permission::RecordPayments);
    let found = seen(&desk, &store, id(&path.1)?).await?;
    let new = match read(&typed, &found) {
        Ok(new) => new,
        Err(problems) => return unprocessable(&page(desk, &found, typed, problems)?),
    };
    if typed.get("confirmed").is_empty() {
        return preview((desk, &store), &found, (typed, new), false).await;
    }
    let to = format!("{}/invoices/{}", desk.base, new.invoice);
    let (form_id, shown) = (typed.text("form_id"), typed.text("shown"));
    let asked = new.clone();
    let issued = store
        .write(desk.scope.clone(), move |tx| {
            once(tx, &form_id, |tx| {
                // What is issued is what was shown, or nothing.
                match told(&rehearsed(tx, &asked)?) == shown {
                    true => Ok(to.clone()),
                    false => Err(stale("invoice")),
                }
            })
        })
        .await;
    match issued {
        Ok(to) => see_other_saying(&session, &to, "The credit note was issued."),
        Err(Error::Invalid(problems)) => unprocessable(&page(desk, &found, typed, problems)?),
        Err(Error::Conflict(_)) => preview((desk, &store), &found, (typed, new), true).await,
        Err(error) => Err(error.into()),
    }
}

/// What it comes to, to be confirmed; `is_stale` where that is not what was shown before.
async fn preview(
    (desk, store): (Desk<VendorScope>, &Store),
    found: &Seen,
    (typed, new): (Fields, NewCreditNote),
    is_stale: bool,
) -> Answer {
    let scope = desk.scope.clone();
    match store.rehearse(scope, move |tx| rehearsed(tx, &new)).await {
        Ok(outcome) => {
            let mut hidden = repeated(&typed);
            hidden.push(("shown".to_owned(), told(&outcome)));
            let page = CreditPage {
                outcome,
                hidden,
                is_stale,
                ..page(desk, found, typed, Problems::default())?
            };
            match is_stale {
                true => conflict(&page),
                false => ok(&page),
            }
        }
        Err(Error::Invalid(problems)) => unprocessable(&page(desk, found, typed, problems)?),
        Err(error) => Err(error.into()),
    }
}

/// The sentences of an outcome as a form carries them.
fn told(outcome: &[String]) -> String {
    outcome.join(" ")
}

/// What was typed, for the form that confirms it.
fn repeated(typed: &Fields) -> Vec<Hidden> {
    let mut hidden = typed.pairs();
    hidden.retain(|(name, _)| !matches!(&**name, "form_id" | "confirmed" | "shown"));
    hidden
}

/// What entries do to everybody's commission, a sentence for each whom it moves anything.
fn moved(entries: &[EntryRow]) -> Result<Vec<String>> {
    let mut sums: Vec<(&str, Money)> = Vec::new();
    for entry in entries {
        let name = entry.partner_name.as_str();
        match sums.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum = sum.plus(entry.amount).map_err(Error::fault)?,
            None => sums.push((name, entry.amount)),
        }
    }
    let moved = sums.into_iter().filter(|(_, sum)| !sum.is_zero());
    let said = moved.map(|(name, sum)| format!("Commission of {name}: {}.", words::money(sum)));
    Ok(said.collect())
}

/// Issues it, and says what that did.
fn rehearsed(tx: &mut Tx<'_, VendorScope>, new: &NewCreditNote) -> Result<Vec<String>> {
    let note = service::issue(tx, new)?;
    let today = registers::calendar(tx)?.today;
    let entries = ledger::of_sources(tx, "credit_note", vec![note.number()], today)?;
    let detail = invoices::invoice(tx, new.invoice)?;
    let mut said = Vec::new();
    let known = detail.credit_notes.iter().find(|one| one.id == note);
    let is_resold = detail.row.payer.is_some();
    said.extend(known.map(|note| note_words(note, is_resold)));
    let moved = moved(&entries)?;
    if moved.is_empty() {
        said.push(match is_resold {
            true => "Nobody earned commission on it: it is resold.".to_owned(),
            false => format!(
                "The commission of {} stays as it is.",
                detail.row.partner_name
            ),
        });
    }
    said.extend(moved);
    said.push(match detail.row.due.is_positive() {
        true => format!(
            "{} of the invoice is still due.",
            words::money(detail.row.due)
        ),
        false => "Nothing is due on the invoice any more.".to_owned(),
    });
    Ok(said)
}

fn note_words(note: &CreditNoteRow, is_resold: bool) -> String {
    let parts: Vec<String> = note
        .parts(is_resold)
        .map(|(amount, what)| format!("{} {what}", words::money(amount)))
        .collect();
    format!(
        "A credit note of {} with tax is issued: {}.",
        words::money(note.amount),
        parts.join(", ")
    )
}
