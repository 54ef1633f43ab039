//! What every page is made of: the shell around it, and how it is sent.
use actix_session::Session;
use actix_web::{HttpResponse, http::StatusCode, http::header};
use askama::Template;

use super::{Failure, assets, sessions::FLASH};
use crate::startup::Config;

/// What a handler gives back.
pub type Answer = Result<HttpResponse, Failure>;

/// What pages need to know of the installation.
#[derive(Debug, Clone)]
pub struct Site {
    /// What links in mail begin with.
    pub public_url: String,
    /// Whether this is the demo.
    pub demo: bool,
    /// The demo's personas.
    pub personas: Vec<crate::startup::Persona>,
    /// Derives one-time links.
    pub secret: crate::secrets::SecretKey,
    /// The domain of Message-IDs: that of who mail is from.
    pub mail_domain: String,
    /// Whose word about a caller's address is taken.
    pub trusted_proxies: super::caller::TrustedProxies,
}

impl Site {
    /// The installation's settings that pages use.
    pub fn of(config: &Config) -> Self {
        Self {
            public_url: config.public_url.clone(),
            demo: config.personas.is_some(),
            personas: config.personas.clone().unwrap_or_default(),
            secret: config.secret.clone(),
            mail_domain: config.mail_domain.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
        }
    }
    /// Whether the public address is https.
    pub fn https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// The frame around a page of a workspace.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The vendor's name.
    pub vendor_name: String,
    /// The partner's name, on a partner's side.
    pub partner_name: Option<String>,
    /// Where the workspace begins.
    pub home_href: String,
    /// The rail.
    pub nav: Vec<NavGroup>,
    /// Every workspace of the person, for the switcher.
    pub workspaces: Vec<WorkspaceLink>,
    /// Who is signed in.
    pub person: String,
    /// The zone they see times in.
    pub zone: crate::domain::Zone,
    /// Their own page.
    pub account_href: String,
    /// A message from the page before.
    pub flash: Option<String>,
    /// The style sheet's address.
    pub css: &'static str,
    /// The icon sprite's address.
    pub icons: &'static str,
    /// Whether this is the demo.
    pub demo: bool,
    /// The date by the person's clock: "3 Nov 2026".
    pub today: String,
    /// The page of all mail, for those who may see it.
    pub mail_href: Option<String>,
}

/// A group of the rail.
#[derive(Debug, Clone)]
pub struct NavGroup {
    /// Its heading; empty for the first.
    pub title: String,
    /// Its links.
    pub items: Vec<NavItem>,
}

/// A link of the rail.
#[derive(Debug, Clone)]
pub struct NavItem {
    /// Its text.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// A symbol of the sprite.
    pub icon: &'static str,
    /// Whether the page is in this part.
    pub current: bool,
}

/// A workspace in the switcher.
#[derive(Debug, Clone)]
pub struct WorkspaceLink {
    /// Its name.
    pub label: String,
    /// Where it begins.
    pub href: String,
    /// Whether it is this one.
    pub current: bool,
}

/// A page as a response.
///
/// # Errors
/// When the template fails.
pub fn html(status: StatusCode, page: &impl Template) -> Answer {
    let body = page.render().map_err(anyhow::Error::new)?;
    Ok(HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(body))
}

/// A page that was found.
///
/// # Errors
/// When the template fails.
pub fn ok(page: &impl Template) -> Answer {
    html(StatusCode::OK, page)
}

/// The form again, with what was typed and what is wrong with it.
///
/// # Errors
/// When the template fails.
pub fn unprocessable(page: &impl Template) -> Answer {
    html(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// On to another page, after something was done.
///
/// # Errors
/// Never; the type is what handlers give back.
pub fn see_other(to: &str) -> Answer {
    Ok(HttpResponse::SeeOther()
        .insert_header((header::LOCATION, to))
        .finish())
}

/// As [`see_other`], with a message on the next page.
///
/// # Errors
/// When the session cannot hold the message.
pub fn see_other_saying(session: &Session, to: &str, message: &str) -> Answer {
    session
        .insert(FLASH, message)
        .map_err(|e| anyhow::anyhow!("{e}"))?;
    see_other(to)
}

/// A file to be kept.
pub fn download(name: &str, media: &str, content: Vec<u8>) -> HttpResponse {
    let safe: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{safe}\""),
        ))
        .body(content)
}

/// A query string of pairs, escaped; pairs without a value are left out.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let parts: Vec<String> = pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect();
    parts.join("&")
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// The sheet and sprite, for pages outside a workspace.
pub fn css() -> &'static str {
    assets::css()
}
