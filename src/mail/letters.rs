//! What letters say. Text and HTML say the same; neither shows a picture or runs a script.
use askama::Template;

use super::post::Attachment;
use crate::{
    Result,
    documents::{SummaryRow, csv, mail_summary, pdf},
    domain::statement_document::StatementDocument,
};

/// Attachments that are larger together are left out; the letter has a link.
const ATTACHED_AT_MOST: usize = 2_000_000;

/// A letter that is ready to be sent.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// Files that go with it.
    pub attachments: Vec<Attachment>,
}

/// A statement's letter.
#[derive(Debug, Clone)]
pub struct StatementLetter<'a> {
    /// The statement as it was closed.
    pub document: &'a StatementDocument,
    /// Where it stands, behind sign-in.
    pub href: String,
    /// Whether the partner wants the files with it.
    pub attach: bool,
}

#[derive(Template)]
#[template(path = "mail/statement.txt", escape = "none")]
struct StatementText<'a>(&'a StatementWords);

#[derive(Template)]
#[template(path = "mail/statement.html")]
struct StatementHtml<'a>(&'a StatementWords);

struct StatementWords {
    title: String,
    total: String,
    sentence: String,
    rows: Vec<SummaryRow>,
    payable: Vec<SummaryRow>,
    tax: String,
    largest: Vec<String>,
    held: String,
    href: String,
    attached: bool,
    vendor: String,
    number: String,
    currency: String,
}

macro_rules! reads {
    ($($template:ident of $words:ty;)+) => {$(
        impl std::ops::Deref for $template<'_> {
            type Target = $words;
            fn deref(&self) -> &$words {
                self.0
            }
        }
    )+};
}
reads! {
    StatementText of StatementWords;
    StatementHtml of StatementWords;
    LinkText of LinkLetter;
    LinkHtml of LinkLetter;
    PricesText of PricesLetter;
    PricesHtml of PricesLetter;
}

impl StatementLetter<'_> {
    /// The plain text alone, for the record; it is what [`render`](Self::render) gives.
    ///
    /// # Errors
    /// A fault of the template or of the files.
    pub fn text(&self) -> Result<String> {
        let attached = !self.files()?.is_empty();
        render(&StatementText(&self.words(attached)))
    }

    /// The letter and its files.
    ///
    /// # Errors
    /// A fault of the template or of the files.
    pub fn render(&self) -> Result<Rendered> {
        let attachments = self.files()?;
        let words = self.words(!attachments.is_empty());
        Ok(Rendered {
            text: render(&StatementText(&words))?,
            html: render(&StatementHtml(&words))?,
            attachments,
        })
    }

    fn files(&self) -> Result<Vec<Attachment>> {
        if !self.attach {
            return Ok(Vec::new());
        }
        let number = &self.document.number;
        let files = vec![
            Attachment {
                name: format!("{number}.pdf"),
                content_type: "application/pdf",
                bytes: pdf::statement(self.document)?,
            },
            Attachment {
                name: format!("{number}.csv"),
                content_type: "text/csv; charset=utf-8",
                bytes: csv::statement(self.document)?,
            },
        ];
        let size: usize = files.iter().map(|file| file.bytes.len()).sum();
        Ok(if size > ATTACHED_AT_MOST {
            Vec::new()
        } else {
            files
        })
    }

    fn words(&self, attached: bool) -> StatementWords {
        let document = self.document;
        let summary = mail_summary(document);
        StatementWords {
            title: format!(
                "{}: {} statement",
                document.vendor.name,
                document.period_words()
            ),
            total: summary.total,
            sentence: summary.sentence,
            rows: summary.rows,
            payable: summary.payable,
            tax: summary.tax,
            largest: summary.largest,
            held: summary.held,
            href: self.href.clone(),
            attached,
            vendor: document.vendor.legal_name.clone(),
            number: document.number.clone(),
            currency: document.currency.clone(),
        }
    }
}

/// A letter around one link.
#[derive(Debug, Clone)]
pub struct LinkLetter {
    /// What it is about.
    pub title: String,
    /// Why it was sent.
    pub sentence: String,
    /// What the link does.
    pub button: String,
    /// The link.
    pub href: String,
    /// Until when it works, and what to do if it was not asked for.
    pub note: String,
}

#[derive(Template)]
#[template(path = "mail/link.txt", escape = "none")]
struct LinkText<'a>(&'a LinkLetter);

#[derive(Template)]
#[template(path = "mail/link.html")]
struct LinkHtml<'a>(&'a LinkLetter);

impl LinkLetter {
    /// The letter.
    ///
    /// # Errors
    /// A fault of the template.
    pub fn render(&self) -> Result<Rendered> {
        Ok(Rendered {
            text: render(&LinkText(self))?,
            html: render(&LinkHtml(self))?,
            attachments: Vec::new(),
        })
    }

    /// The plain text for the record: the end of the link is struck out, for it opens a door.
    ///
    /// # Errors
    /// A fault of the template.
    pub fn text_without_link(&self) -> Result<String> {
        let kept = self.href.rsplit_once('/').map_or("", |(start, _)| start);
        let href = format!("{kept}/…");
        render(&LinkText(&Self {
            href,
            ..self.clone()
        }))
    }
}

/// A subscription that comes to new prices, as a letter says it.
#[derive(Debug, Clone)]
pub struct PriceRow {
    /// The customer, the subscription and its units.
    pub what: String,
    /// "EUR 50.00 a month until 31 Dec 2026".
    pub now: String,
    /// "EUR 60.00 a month from 1 Jan 2027".
    pub then: String,
}

/// A letter about new prices.
#[derive(Debug, Clone)]
pub struct PricesLetter {
    /// What it is about.
    pub title: String,
    /// What happens.
    pub sentence: String,
    /// To which subscriptions, as far as they fit.
    pub rows: Vec<PriceRow>,
    /// How many more there are.
    pub more: usize,
    /// Where they stand, behind sign-in.
    pub href: String,
    /// What stays.
    pub note: String,
}

#[derive(Template)]
#[template(path = "mail/prices.txt", escape = "none")]
struct PricesText<'a>(&'a PricesLetter);

#[derive(Template)]
#[template(path = "mail/prices.html")]
struct PricesHtml<'a>(&'a PricesLetter);

impl PricesLetter {
    /// The letter.
    ///
    /// # Errors
    /// A fault of the template.
    pub fn render(&self) -> Result<Rendered> {
        Ok(Rendered {
            text: self.text()?,
            html: render(&PricesHtml(self))?,
            attachments: Vec::new(),
        })
    }

    /// The plain text alone, for the record.
    ///
    /// # Errors
    /// A fault of the template.
    pub fn text(&self) -> Result<String> {
        render(&PricesText(self))
    }
}

fn render(template: &impl Template) -> Result<String> {
    Ok(template.render().map_err(anyhow::Error::new)?)
}
