//! One statement as a page: its sum, its lines with their reasons, its payout and its letters.
use std::collections::HashMap;

use actix_web::http::StatusCode;
use askama::Template;
use chrono::NaiveDate;

use super::{find, payout_pill};
use crate::{
    Result,
    documents::{SummaryRow, mail_summary},
    domain::{
        Permission, Problems, Zone, counted, date_words, read_date,
        statement_document::{Block, Line, StatementDocument, month_short, service_words},
    },
    id::{InvoiceId, StatementId},
    store::{
        Store,
        incentivize::bank_accounts,
        registers::{
            Sees, invoices,
            mails::MailRow,
            payouts::{self, TransferredTo},
            statements::{self, StatementDetail, StatementRow},
        },
    },
    web::{
        Answer, Shell,
        earnings::{Desk, id, paid::PaidForm},
        filters,
        form::fresh_form_id,
        page::{html, ok},
        stale::{Differing, differing, is_overtaken},
        words::{self, mail_pill},
    },
};

/// A line of a statement, ready to be set.
struct LineView {
    customer: String,
    service: String,
    period: String,
    earned: String,
    base: String,
    rate: String,
    amount: String,
    why: String,
    entry_href: String,
    invoice: String,
    /// Empty where the number is not known any more.
    invoice_href: String,
}

/// The lines of one block and what they come to.
struct BlockView {
    title: &'static str,
    lines: Vec<LineView>,
    total: String,
}

/// Lines shown on a page; all of them are in the files.
const LINES_SHOWN: usize = 500;

type Numbers = HashMap<String, InvoiceId>;

fn blocks(document: &StatementDocument, base: &str, invoices: &Numbers) -> Vec<BlockView> {
    let mut left = LINES_SHOWN;
    let block = |block: Block| {
        let lines: Vec<LineView> = document
            .block(block)
            .take(left)
            .map(|line| LineView {
                invoice_href: invoices
                    .get(&line.invoice_number)
                    .map_or_else(String::new, |id| format!("{base}/invoices/{id}")),
                ..view(document, line, base)
            })
            .collect();
        left = left.saturating_sub(lines.len());
        BlockView {
            title: block.title(),
            total: document.figure(document.stated_total(block)),
            lines,
        }
    };
    let blocks = Block::ALL.map(block);
    blocks
        .into_iter()
        .filter(|block| !block.lines.is_empty())
        .collect()
}

fn view(document: &StatementDocument, line: &Line, base: &str) -> LineView {
    LineView {
        customer: line.about().to_owned(),
        service: line.service(),
        period: service_words(line.service_from, line.service_to),
        earned: month_short(&line.earned_period),
        base: document.base_words(line),
        rate: document.rate_words(line),
        amount: document.figure(line.amount_minor),
        why: document.explanation(line),
        entry_href: format!("{base}/ledger/{}", line.entry),
        invoice: line.invoice_number.clone(),
        invoice_href: String::new(),
    }
}

/// The run that holds the statement's payout.
struct ByRun {
    /// "Paid by run".
    said: &'static str,
    number: String,
    /// Empty for those who may not see runs.
    href: String,
    /// Whose account, and enough of its number to know it by.
    to: String,
}

/// A letter about the statement, ready to be set.
struct Letter {
    pill: (&'static str, &'static str),
    at: String,
    mail: MailRow,
}

#[derive(Template)]
#[template(path = "statements/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    is_staff: bool,
    may_send: bool,
    may_pay: bool,
    // Not `href`: inside the body of a section that name is the section's own.
    own_href: String,
    title: String,
    crumbs: Vec<(String, String)>,
    answer: String,
    summary: Vec<SummaryRow>,
    payable: Vec<SummaryRow>,
    tax: String,
    held: String,
    next_payment: Option<String>,
    plans: String,
    blocks: Vec<BlockView>,
    /// "3 more lines are"; empty where all stand there.
    lines_left: String,
    lines_total: String,
    letters: Vec<Letter>,
    payout: (&'static str, String),
    run: Option<ByRun>,
    /// Why the payout cannot be transferred; empty where it can, or where that is over.
    missing: String,
    missing_href: String,
    row: StatementRow,
    document: StatementDocument,
    sha256: String,
    problems: Problems,
    typed: PaidForm,
    both: Option<Vec<Differing>>,
    form_id: String,
}

/// What the page is made from.
struct Found {
    detail: StatementDetail,
    invoices: Numbers,
    today: NaiveDate,
    transferred: Option<TransferredTo>,
    has_account: bool,
}

/// One statement.
///
/// # Errors
/// [`crate::Error::NotFound`]; [`crate::Error::Forbidden`]; faults.
pub async fn show<S: Sees>(store: &Store, desk: Desk<S>, statement: &str) -> Answer {
    let first = (PaidForm::default(), Problems::default(), None);
    show_with(store, desk, statement, first).await
}

/// As [`show`], with a payout form that was refused: what was typed, what is wrong with it, or why
/// it met a conflict.
///
/// # Errors
/// As [`show`].
pub async fn show_with<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    statement: &str,
    (mut typed, problems, met): (PaidForm, Problems, Option<String>),
) -> Answer {
    let statement: StatementId = id(statement)?;
    let found = desk
        .read(store, move |tx, calendar| {
            let detail = statements::statement(tx, statement)?;
            let shown = detail.document.lines.iter().take(LINES_SHOWN);
            let shown = shown.filter(|line| !line.invoice_number.is_empty());
            let numbers = shown.map(|line| line.invoice_number.clone());
            let transferred = match &detail.row.payment {
                Some(payment) => payouts::transferred(tx, payment)?,
                None => None,
            };
            let account = bank_accounts::of_partner(tx, detail.row.partner)?;
            Ok(Found {
                invoices: invoices::by_numbers(tx, numbers)?,
                today: calendar.today,
                transferred,
                has_account: account.is_some(),
                detail,
            })
        })
        .await?;
    let both = match met {
        Some(why) => Some(typed.overtaken(&found.detail.row, why)?),
        None => None,
    };
    let status = match (&both, problems.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, true) => StatusCode::OK,
    };
    if problems.is_empty() && both.is_none() {
        typed.paid_on = found.today.to_string();
    }
    let page = show_page(desk, found, (typed, problems))?;
    html(status, &ShowPage { both, ..page })
}

impl PaidForm {
    /// How the payout stands beside what was typed, where somebody else was faster.
    ///
    /// # Errors
    /// The conflict, where nobody was.
    fn overtaken(&self, row: &StatementRow, why: String) -> Result<Vec<Differing>> {
        let payment = row.payment.as_ref();
        let payment = payment.filter(|now| is_overtaken(&self.version, now.version));
        let Some(payment) = payment else {
            return Err(crate::Error::Conflict(why));
        };
        let typed = self.paid_on.trim();
        let day = read_date(typed).map_or_else(|_| typed.to_owned(), date_words);
        let paid_on = payment.paid_on.map_or_else(String::new, date_words);
        let reference = payment.reference.clone().unwrap_or_default();
        Ok(differing(&[
            ("Paid on", &paid_on, &day),
            ("Bank reference", &reference, &self.reference),
        ]))
    }
}

/// What became of a payout that was made; the document itself was written before.
fn paid_words(row: &StatementRow) -> Option<String> {
    let day = row.payment.as_ref()?.paid_on?;
    Some(format!(
        "{} was paid on {}.",
        words::money(row.payable),
        date_words(day)
    ))
}

/// The document's figures; it was made before the payout, so what was to be paid is named as paid.
fn sums(
    row: &StatementRow,
    document: &StatementDocument,
    rows: Vec<SummaryRow>,
) -> Vec<SummaryRow> {
    let paid = row.payment.as_ref().and_then(|payment| payment.paid_on);
    let to_be_paid = document.payable_label();
    let named = |sum: SummaryRow| match paid {
        Some(day) if sum.label == to_be_paid => SummaryRow {
            label: format!("Paid {}", date_words(day)),
            ..sum
        },
        _ => sum,
    };
    rows.into_iter().map(named).collect()
}

/// The run that a payout is paid by, as those see it who may see runs, and the others.
fn by_run<S: Sees>(desk: &Desk<S>, found: &Found) -> Option<ByRun> {
    let payment = found.detail.row.payment.as_ref()?;
    let to = found.transferred.as_ref()?;
    let may_see = desk.is_staff && desk.may(Permission::ManagePayouts);
    let href = payment.run.filter(|_| may_see);
    Some(ByRun {
        said: match payment.paid_on {
            Some(_) => "Paid by run",
            None => "To be paid by run",
        },
        number: to.run_number.clone(),
        href: href.map_or_else(String::new, |run| format!("{}/payouts/{run}", desk.base)),
        to: format!("{}, {}", to.holder, to.iban.masked()),
    })
}

/// Why a payout that waits cannot be transferred, and where that is put right.
fn missing<S: Sees>(desk: &Desk<S>, found: &Found) -> (String, String) {
    let row = &found.detail.row;
    let waits = row
        .payment
        .as_ref()
        .is_some_and(|one| one.paid_on.is_none());
    if !waits || found.has_account {
        return Default::default();
    }
    let href = match desk.is_staff {
        true if desk.may(Permission::ManagePayouts) => {
            format!("{}/partners/{}/bank", desk.base, row.partner)
        }
        false if desk.may(Permission::PartnerManageBankDetails) => format!("{}/bank", desk.base),
        _ => String::new(),
    };
    ("Bank details are missing.".to_owned(), href)
}

fn show_page<S: Sees>(
    desk: Desk<S>,
    found: Found,
    (typed, problems): (PaidForm, Problems),
) -> Result<ShowPage> {
    let run = by_run(&desk, &found);
    let (missing, missing_href) = missing(&desk, &found);
    let StatementDetail {
        row,
        document,
        sha256,
        mails,
    } = found.detail;
    let summary = mail_summary(&document);
    let blocks = blocks(&document, &desk.base, &found.invoices);
    let shown: usize = blocks.iter().map(|block| block.lines.len()).sum();
    let letter = |mail: MailRow| Letter {
        pill: mail_pill(&mail.status),
        at: sent_words(&mail, desk.shell.zone),
        mail,
    };
    Ok(ShowPage {
        own_href: format!("{}/statements/{}", desk.base, row.id),
        crumbs: vec![("Statements".to_owned(), format!("{}/statements", desk.base))],
        title: format!("{} statement", document.period_words()),
        answer: paid_words(&row).unwrap_or(summary.sentence),
        summary: sums(&row, &document, summary.rows),
        payable: sums(&row, &document, summary.payable),
        tax: summary.tax,
        held: summary.held,
        next_payment: document.next_payment_sentence(),
        plans: document.commission_plans.join("; "),
        lines_total: document.figure(row.lines.minor()),
        lines_left: match document.lines.len() - shown {
            0 => String::new(),
            left => counted(left, "more line is", "more lines are"),
        },
        blocks,
        letters: mails.into_iter().map(letter).collect(),
        payout: payout_pill(&row, found.today),
        run,
        missing,
        missing_href,
        may_send: desk.is_staff && desk.may(Permission::SendStatements),
        may_pay: desk.is_staff && desk.may(Permission::MarkPayoutsPaid),
        shell: desk.shell,
        base: desk.base,
        is_staff: desk.is_staff,
        row,
        document,
        sha256,
        problems,
        typed,
        both: None,
        form_id: fresh_form_id()?,
    })
}

#[derive(Template)]
#[template(path = "statements/sending.html")]
struct SendingPage {
    shell: Shell,
    href: String,
    crumbs: Vec<(String, String)>,
    row: StatementRow,
    /// Where the address can be given, while there is none.
    partner_href: String,
    recipient: String,
    form_id: String,
}

/// The page that asks before a statement is sent again.
///
/// # Errors
/// [`crate::Error::NotFound`]; [`crate::Error::Forbidden`]; faults.
pub async fn sending<S: Sees>(
    store: &Store,
    desk: Desk<S>,
    statement: &str,
    recipient: String,
) -> Answer {
    let row = find(store, &desk, statement).await?.row;
    let href = format!("{}/statements/{}", desk.base, row.id);
    ok(&SendingPage {
        crumbs: vec![
            ("Statements".to_owned(), format!("{}/statements", desk.base)),
            (row.number.clone(), href.clone()),
        ],
        form_id: fresh_form_id()?,
        partner_href: format!("{}/partners/{}/edit", desk.base, row.partner),
        shell: desk.shell,
        href,
        row,
        recipient,
    })
}

/// "2 Nov 2026, 09:00 CET": when a letter was taken, or else written.
fn sent_words(mail: &MailRow, zone: Zone) -> String {
    zone.instant_words(mail.sent_at.unwrap_or(mail.created_at))
}
