//! Bringing files in: what each looks like, what a file would do, doing it.
use actix_multipart::Multipart;
use actix_session::Session;
use actix_web::{
    HttpResponse,
    web::{Data, Path, Query, ServiceConfig, get, post, resource},
};
use askama::Template;
use chrono::NaiveDateTime;
use futures_util::StreamExt;
use serde::Deserialize;

use crate::{
    Error, Result,
    domain::{ImportKind, Permission, Problems},
    id::ImportFileId,
    services::import::{self, Checked, Column, Ledger, columns, template},
    store::{
        Platform, Store, VendorScope,
        imports::{self, File, Sum},
        paging::{Cursor, Page},
    },
    web::{
        Answer, Failure, Shell,
        admission::Staff,
        filters,
        history::{self, HistoryRow},
        list::{Address, Pager},
        page::{download, ok, see_other, see_other_saying, unprocessable},
        words,
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/imports")
                .route(get().to(index))
                .route(post().to(upload)),
        )
        .service(resource("/imports/new").route(get().to(new)))
        .service(resource("/imports/templates/{kind}.csv").route(get().to(template_file)))
        .service(
            resource("/imports/{import}")
                .route(get().to(show))
                .route(post().to(apply)),
        )
        .service(resource("/imports/{import}/withdrawal").route(post().to(withdraw)));
}

/// The kinds someone may bring in.
fn kinds(visitor: &Staff) -> Vec<(String, String)> {
    let kinds = ImportKind::ALL
        .iter()
        .filter(|kind| visitor.may(kind.permission()));
    kinds
        .map(|kind| (kind.code().to_owned(), kind.label().to_owned()))
        .collect()
}

/// How a file stands: the pill's kind and its word.
fn pill(status: &str) -> (&'static str, &'static str) {
    match status {
        "applied" => ("good", "Applied"),
        "checked" => ("info", "Ready to apply"),
        "withdrawn" => ("plain", "Withdrawn"),
        _ => ("bad", "Refused"),
    }
}

fn label(kind: &str) -> &'static str {
    kind.parse::<ImportKind>().map_or("", ImportKind::label)
}

struct Row {
    href: String,
    name: String,
    kind: &'static str,
    rows: String,
    pill: (&'static str, &'static str),
    at: NaiveDateTime,
}

#[derive(Template)]
#[template(path = "imports/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    kinds: Vec<(String, String)>,
    rows: Vec<Row>,
    pager: Pager,
}

/// What the list is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Asked {
    at: String,
}

async fn index(visitor: Staff, store: Data<Store>, Query(asked): Query<Asked>) -> Answer {
    let page: Page<File> = store
        .read(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::Import)?;
            imports::page(tx, Cursor::read(&asked.at).as_ref())
        })
        .await?;
    let base = visitor.base.clone();
    let row = |file: &File| Row {
        href: format!("{base}/imports/{}", file.id),
        name: file.file_name.clone(),
        kind: label(&file.kind),
        rows: words::count(i64::from(file.row_count), "row", "rows"),
        pill: pill(&file.status),
        at: file.created_at,
    };
    ok(&IndexPage {
        shell: visitor.shell(),
        kinds: kinds(&visitor),
        pager: Address::new(format!("{base}/imports"), &[]).pager(&page),
        rows: page.rows.iter().map(row).collect(),
        base: base.clone(),
    })
}

#[derive(Template)]
#[template(path = "imports/new.html")]
struct NewPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    kind: &'static str,
    title: String,
    label: String,
    kinds: Vec<(String, String)>,
    columns: &'static [Column],
    problems: Problems,
}

/// Which kind of file is meant.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Begins {
    kind: String,
}

fn new_page(visitor: &Staff, kind: &str, problems: Problems) -> Result<NewPage> {
    visitor.needs(Permission::Import)?;
    let kinds = kinds(visitor);
    let kind = match kind.parse::<ImportKind>() {
        Ok(kind) => kind,
        Err(_) => {
            let mut all = ImportKind::ALL.iter();
            let mine = all.find(|kind| visitor.may(kind.permission()));
            *mine.ok_or(Error::Forbidden)?
        }
    };
    visitor.needs(kind.permission())?;
    Ok(NewPage {
        shell: visitor.shell(),
        base: visitor.base.clone(),
        crumbs: vec![("Imports".to_owned(), format!("{}/imports", visitor.base))],
        kind: kind.code(),
        title: format!("Import {}", kind.label().to_lowercase()),
        label: kind.label().to_lowercase(),
        kinds,
        columns: columns(kind),
        problems,
    })
}

async fn new(visitor: Staff, Query(begins): Query<Begins>) -> Answer {
    ok(&new_page(&visitor, &begins.kind, Problems::default())?)
}

async fn template_file(
    visitor: Staff,
    parts: Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    visitor.needs(Permission::Import)?;
    let kind: ImportKind = parts.1.parse().map_err(|_| Error::NotFound)?;
    let name = format!("{}.csv", kind.code());
    Ok(download(
        &name,
        "text/csv; charset=utf-8",
        template(kind).into_bytes(),
    ))
}

/// A file as it was sent in.
#[derive(Default)]
struct Upload {
    kind: String,
    file_name: String,
    bytes: Vec<u8>,
}

/// The longest text of a field besides the file.
const LONGEST_FIELD: usize = 64;

/// Reads the two parts of the form; anything else was sent by no page of ours.
async fn receive(mut parts: Multipart) -> Result<Upload, Failure> {
    let mut upload = Upload::default();
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|_| Failure::BadRequest)?;
        let name = part.name().unwrap_or_default().to_owned();
        let limit = match name.as_str() {
            "file" => import::LARGEST_FILE,
            "kind" => LONGEST_FIELD,
            _ => return Err(Failure::BadRequest),
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = part.next().await {
            let chunk = chunk.map_err(|_| Failure::BadRequest)?;
            if bytes.len() + chunk.len() > limit {
                return Err(Failure::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        if name == "file" {
            let disposition = part.content_disposition();
            let given = disposition.and_then(|given| given.get_filename());
            upload.file_name = given.unwrap_or_default().to_owned();
            upload.bytes = bytes;
        } else {
            upload.kind = String::from_utf8(bytes).map_err(|_| Failure::BadRequest)?;
        }
    }
    Ok(upload)
}

async fn upload(visitor: Staff, store: Data<Store>, parts: Multipart) -> Answer {
    visitor.needs(Permission::Import)?;
    let upload = receive(parts).await?;
    let Ok(kind) = upload.kind.parse::<ImportKind>() else {
        return Err(Failure::BadRequest);
    };
    if upload.file_name.is_empty() || upload.bytes.is_empty() {
        let problems = Problems::with("file", "Choose a file that is not empty.");
        return unprocessable(&new_page(&visitor, kind.code(), problems)?);
    }
    let base = visitor.base;
    let id = store
        .write(visitor.scope, move |tx| {
            Ok(import::stage(tx, kind, &upload.file_name, &upload.bytes)?.0)
        })
        .await?;
    see_other(&format!("{base}/imports/{id}"))
}

#[derive(Template)]
#[template(path = "imports/show.html")]
struct ShowPage {
    shell: Shell,
    base: String,
    crumbs: Vec<(String, String)>,
    href: String,
    kind: &'static str,
    kind_code: String,
    file: File,
    pill: (&'static str, &'static str),
    answer: String,
    checked: Checked,
    may_apply: bool,
    more_problems: usize,
    refused: Vec<(String, String)>,
    /// What applying it would write to the ledger; empty where that is not shown.
    foreseen: Vec<(&'static str, String)>,
    /// Why it could not be applied as things stand.
    hindered: String,
    history: Vec<HistoryRow>,
}

fn answer(file: &File, checked: &Checked) -> String {
    let count = |number: usize, one, many| {
        words::count(i64::try_from(number).unwrap_or(i64::MAX), one, many)
    };
    let Checked {
        new,
        changed,
        unchanged,
        ..
    } = checked;
    match file.status.as_str() {
        "applied" => format!("Added {new}, changed {changed}, left {unchanged} as it was."),
        "withdrawn" => "It was withdrawn before it was applied. Nothing was brought in.".to_owned(),
        "checked" => format!("Would add {new}, change {changed} and leave {unchanged} as it is."),
        _ => format!(
            "Nothing was brought in: {} in {}.",
            count(checked.problem_count, "problem", "problems"),
            count(checked.rows, "row", "rows")
        ),
    }
}

/// A row that could not be applied: its line, and why.
fn refused_line((field, why): (&str, &str)) -> (String, String) {
    let line = field.strip_prefix("line-").unwrap_or(field);
    (line.to_owned(), why.to_owned())
}

/// What applying a file would come to, or why it would be refused.
#[derive(Default)]
struct Foreseen {
    sums: Vec<(&'static str, String)>,
    problems: Problems,
    hindered: String,
}

/// "12 invoices, EUR 3,400.00", for each currency.
fn sums_words((one, many): (&str, &str), sums: &[Sum]) -> String {
    let words = |(count, sum): &Sum| {
        format!(
            "{}, {}",
            words::count(*count, one, many),
            words::money(*sum)
        )
    };
    match sums {
        [] => "None".to_owned(),
        sums => sums.iter().map(words).collect::<Vec<_>>().join("; "),
    }
}

/// Lets a file about money be applied and taken back, and says what it wrote.
async fn foresee(visitor: &Staff, store: &Store, file: &File) -> Result<Foreseen> {
    let is_money =
        file.kind == ImportKind::Subscriptions.code() || file.kind == ImportKind::Payments.code();
    if !is_money || file.row_count > import::MOST_REHEARSED {
        return Ok(Foreseen::default());
    }
    let id = file.id;
    let applied = store
        .rehearse(visitor.scope.clone(), move |tx| {
            let ledger = Ledger::open(tx)?;
            import::applied(tx, &ledger, id)
        })
        .await;
    let mut foreseen = Foreseen::default();
    match applied {
        Ok(written) => {
            foreseen.sums = vec![
                (
                    "Issued",
                    sums_words(("invoice", "invoices"), &written.invoices),
                ),
                (
                    "Recorded",
                    sums_words(("payment", "payments"), &written.payments),
                ),
                ("Earned", sums_words(("entry", "entries"), &written.entries)),
            ];
        }
        Err(Error::Invalid(problems)) => foreseen.problems = problems,
        Err(Error::Conflict(why)) => foreseen.hindered = why,
        Err(other) => return Err(other),
    }
    Ok(foreseen)
}

async fn show_page(
    visitor: &Staff,
    store: &Store,
    id: ImportFileId,
    problems: Problems,
) -> Result<ShowPage> {
    let (file, events) = store
        .read(visitor.scope.clone(), move |tx| {
            tx.allow(Permission::Import)?;
            Ok((
                imports::file(tx, id)?,
                VendorScope::history(tx, id.number())?,
            ))
        })
        .await?;
    let checked = import::outcome(&file.outcome)?;
    let may_apply = file
        .kind
        .parse::<ImportKind>()
        .is_ok_and(|kind| visitor.may(kind.permission()));
    let may_apply = may_apply && file.status == "checked";
    let mut foreseen = Foreseen {
        problems,
        ..Foreseen::default()
    };
    if may_apply && foreseen.problems.is_empty() {
        foreseen = foresee(visitor, store, &file).await?;
    }
    let base = visitor.base.clone();
    Ok(ShowPage {
        shell: visitor.shell(),
        crumbs: vec![("Imports".to_owned(), format!("{base}/imports"))],
        href: format!("{base}/imports/{id}"),
        kind: label(&file.kind),
        kind_code: file.kind.clone(),
        pill: pill(&file.status),
        answer: answer(&file, &checked),
        may_apply,
        more_problems: checked.problem_count.saturating_sub(checked.problems.len()),
        refused: foreseen.problems.iter().map(refused_line).collect(),
        foreseen: foreseen.sums,
        hindered: foreseen.hindered,
        history: history::rows(events, visitor.zone()),
        checked,
        file,
        base,
    })
}

fn file_id(parts: &Path<(String, String)>) -> Result<ImportFileId, Error> {
    parts.1.parse().map_err(|_| Error::NotFound)
}

async fn show(visitor: Staff, store: Data<Store>, parts: Path<(String, String)>) -> Answer {
    ok(&show_page(&visitor, &store, file_id(&parts)?, Problems::default()).await?)
}

async fn apply(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Path<(String, String)>,
) -> Answer {
    let id = file_id(&parts)?;
    let applied = store
        .write(visitor.scope.clone(), move |tx| {
            let ledger = Ledger::open(tx)?;
            import::apply(tx, &ledger, id)
        })
        .await;
    match applied {
        Ok(_) => {
            let to = format!("{}/imports/{id}", visitor.base);
            see_other_saying(&session, &to, "The file was applied.")
        }
        Err(Error::Invalid(problems)) => {
            unprocessable(&show_page(&visitor, &store, id, problems).await?)
        }
        Err(other) => Err(other.into()),
    }
}

async fn withdraw(
    visitor: Staff,
    (store, session): (Data<Store>, Session),
    parts: Path<(String, String)>,
) -> Answer {
    let id = file_id(&parts)?;
    store
        .write(visitor.scope.clone(), move |tx| import::withdraw(tx, id))
        .await?;
    let to = format!("{}/imports/{id}", visitor.base);
    see_other_saying(&session, &to, "The file was withdrawn.")
}
