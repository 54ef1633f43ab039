//! The outbox as an owner sees it, and work that failed too often.
use actix_session::Session;
use actix_web::web::{Data, Path, Query, ServiceConfig, get, post, resource};
use askama::Template;
use serde::Deserialize;

use crate::{
    domain::{Permission, Zone},
    id::{Id, JobId, MailId, StatementId},
    services::jobs as service,
    store::{
        Store,
        jobs::{self, Parked},
        paging::Cursor,
        registers::mails::{self, MailFilter, MailRow},
    },
    web::{
        Answer, Shell,
        admission::Staff,
        earnings::{Desk, id},
        filters,
        form::{Typed, fresh_form_id, once},
        list::{Address, Pager, count_words},
        page::{ok, see_other_saying},
        words::mail_pill,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/mail").route(get().to(index)))
        .service(resource("/mail/{mail}").route(get().to(show)))
        .service(resource("/jobs/{job}/retry").route(post().to(retry)));
}

/// The register's address, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct Asked {
    recipient: String,
    kind: String,
    status: String,
    at: String,
}

impl Asked {
    fn filter(&self) -> MailFilter {
        MailFilter {
            recipient: self.recipient.clone(),
            kind: self.kind.clone(),
            status: self.status.clone(),
        }
    }
    fn address(&self, base: &str) -> Address {
        Address::new(
            format!("{base}/mail"),
            &[
                ("recipient", &self.recipient),
                ("kind", &self.kind),
                ("status", &self.status),
            ],
        )
    }
}

const KINDS: [(&str, &str); 7] = [
    ("", "All"),
    ("statement", "Statements"),
    ("invitation", "Invitations"),
    ("password_reset", "New passwords"),
    ("bank_changed", "Bank details"),
    ("deal_decision", "Decisions on registrations"),
    ("prices_changed", "New prices"),
];
const STATUSES: [(&str, &str); 8] = [
    ("", "All"),
    ("queued", "Queued"),
    ("sending", "Being sent"),
    ("sent", "Sent"),
    ("deferred", "Will be tried again"),
    ("failed", "Failed"),
    ("unknown", "Not known"),
    ("withdrawn", "Withdrawn"),
];

/// A letter, ready to be set.
struct Listed {
    row: MailRow,
    pill: (&'static str, &'static str),
}

fn listed(row: MailRow) -> Listed {
    Listed {
        pill: mail_pill(&row.status),
        row,
    }
}

/// Failed work, ready to be set.
struct Failed {
    job: Parked,
    what: &'static str,
    form_id: String,
}

fn failed(job: Parked) -> crate::Result<Failed> {
    let what = match job.kind.as_str() {
        "close_month" => "Closing a month",
        "send_mail" => "Sending a letter",
        "daily_run" => "The daily billing run",
        _ => "Work in the background",
    };
    Ok(Failed {
        form_id: fresh_form_id()?,
        job,
        what,
    })
}

#[derive(Template)]
#[template(path = "staff/mail/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    asked: Asked,
    may_retry: bool,
    failed: Vec<Failed>,
    mails: Vec<Listed>,
    count: String,
    clear_href: String,
    pager: Pager,
}

async fn index(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    let (desk, asked) = (Desk::of_staff(staff), asked.into_inner());
    let (filter, from) = (asked.filter(), Cursor::read(&asked.at));
    let (page, count, parked) = desk
        .read(&store, move |tx, _| {
            tx.allow(Permission::ViewMail)?;
            let page = mails::page(tx, &filter, from.as_ref())?;
            Ok((page, mails::count(tx, &filter)?, jobs::parked(tx)?))
        })
        .await?;
    let address = asked.address(&desk.base);
    ok(&IndexPage {
        may_retry: desk.may(Permission::ClosePeriods),
        failed: parked
            .into_iter()
            .map(failed)
            .collect::<crate::Result<_>>()?,
        count: count_words(page.rows.len(), count, ("letter", "letters")),
        pager: address.pager(&page),
        clear_href: address.clear(),
        mails: page.rows.into_iter().map(listed).collect(),
        shell: desk.shell,
        base: desk.base,
        asked,
    })
}

#[derive(Template)]
#[template(path = "staff/mail/show.html")]
struct ShowPage {
    shell: Shell,
    crumbs: Vec<(String, String)>,
    about_href: String,
    answer: String,
    letter: Listed,
    text: String,
}

async fn show(staff: Staff, store: Data<Store>, path: Path<(String, String)>) -> Answer {
    let (desk, mail) = (Desk::of_staff(staff), id::<MailId>(&path.1)?);
    let (row, text) = desk
        .read(&store, move |tx, _| {
            tx.allow(Permission::ViewMail)?;
            mails::letter(tx, mail)
        })
        .await?;
    let about: StatementId = Id::of(row.subject_id);
    ok(&ShowPage {
        crumbs: vec![("Mail".to_owned(), format!("{}/mail", desk.base))],
        about_href: match row.kind.as_str() {
            "statement" => format!("{}/statements/{about}", desk.base),
            _ => String::new(),
        },
        answer: answer(&row, desk.shell.zone),
        text: without_secrets(&text),
        letter: listed(row),
        shell: desk.shell,
    })
}

/// Where the letter is, in a sentence.
fn answer(row: &MailRow, zone: Zone) -> String {
    let to = &row.recipient;
    match row.sent_at {
        Some(at) => format!(
            "The mail server took it for {to} on {}.",
            zone.instant_words(at)
        ),
        None => match row.status.as_str() {
            "failed" => format!("It did not reach {to} and is not tried again by itself."),
            "withdrawn" => format!("It was withdrawn before it went to {to}."),
            "deferred" => format!("It did not reach {to} yet and is tried again by itself."),
            "unknown" => format!("Whether it reached {to} is not known."),
            _ => format!("It is on its way to {to}."),
        },
    }
}

/// The shortest a one-time token can be; ids and numbers of documents are shorter.
const TOKEN: usize = 32;

/// A letter's text with one-time links struck out: whoever reads the outbox must not be able to
/// use what was meant for somebody else.
fn without_secrets(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let (run, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        said.push_str(before);
        said.push_str(if run.len() >= TOKEN {
            "[one-time link]"
        } else {
            run
        });
        rest = after;
    }
    said + rest
}

/// A form that says nothing but that it was sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SentForm {
    form_id: String,
}

async fn retry(
    staff: Staff,
    (store, session): (Data<Store>, Session),
    path: Path<(String, String)>,
    Typed(typed): Typed<SentForm>,
) -> Answer {
    let job: JobId = id(&path.1)?;
    let to = format!("{}/mail", staff.base);
    let to = store
        .write(staff.scope, move |tx| {
            tx.allow(Permission::ViewMail)?;
            once(tx, &typed.form_id, |tx| {
                service::retry(tx, job)?;
                Ok(to.clone())
            })
        })
        .await?;
    see_other_saying(&session, &to, "It is tried again in a moment.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_links_are_struck_out_and_nothing_else() {
        let text = "Open https://x.test/invitations/aB3-_9aB3-_9aB3-_9aB3-_9aB3-_9aB3-_9aB3-_9a to join.\nStatement NW-2026-10-0042, sta_01HZX3G8K2M4NV.";
        let said = without_secrets(text);
        assert!(said.contains("https://x.test/invitations/[one-time link] to join."));
        assert!(said.contains("NW-2026-10-0042, sta_01HZX3G8K2M4NV."));
    }
}
