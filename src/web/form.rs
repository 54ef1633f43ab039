//! Forms: text as typed, sent in once.
use actix_web::{
    Error as ActixError, FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    error::{PathError, PayloadError, QueryPayloadError},
    web::{PathConfig, Query, QueryConfig},
};
use futures_util::TryStreamExt;
use serde::de::DeserializeOwned;
use std::{future::Future, pin::Pin};

use super::{Failure, edge};
use crate::{
    Error, Result,
    domain::Problems,
    secrets,
    store::{Platform, Tx, platform::SentForm},
};

/// A form's fields as they were typed.
pub struct Typed<T>(pub T);

/// The most a form may hold, in bytes.
const LARGEST: usize = 64 * 1024;

impl<T: DeserializeOwned + 'static> FromRequest for Typed<T> {
    type Error = ActixError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ActixError>>>>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form = request.content_type() == "application/x-www-form-urlencoded";
        let path = request.path().to_owned();
        let body = payload
            .take()
            .try_fold(Vec::new(), |mut body, part| async move {
                body.extend_from_slice(&part);
                match body.len() > LARGEST {
                    true => Err(PayloadError::Overflow),
                    false => Ok(body),
                }
            });
        Box::pin(async move {
            let body = body.await.map_err(|error| match error {
                PayloadError::Overflow => Failure::TooLarge,
                _ => Failure::BadRequest,
            })?;
            let read = is_form.then(|| read(&path, &body)).flatten();
            read.map(Self).ok_or_else(|| Failure::BadRequest.into())
        })
    }
}

/// A form that is text through and through and has the fields of `T`, no others.
fn read<T: DeserializeOwned>(path: &str, body: &[u8]) -> Option<T> {
    let body = std::str::from_utf8(body).ok()?;
    edge::decode(body).filter(|text| edge::is_clean(text))?;
    let body = sealed(path, body)?;
    Query::<T>::from_query(&body).ok().map(Query::into_inner)
}

/// A form as it was sent to an address, with its id as [`once`] reads it: a new one for the form
/// when it is shown again, the one it was sent under, and the hash of what it held.
fn sealed(path: &str, body: &str) -> Option<String> {
    const ID: &str = "form_id=";
    let (ids, fields): (Vec<&str>, Vec<&str>) =
        body.split('&').partition(|one| one.starts_with(ID));
    let [id] = ids[..] else {
        return Some(body.to_owned());
    };
    let id = id.strip_prefix(ID)?;
    let id = id.split_once('.').map_or(id, |(new, _)| new);
    let held = secrets::sha256_hex(format!("{path}\n{id}\n{}", fields.join("&")).as_bytes());
    let id = format!("{ID}{}.{id}.{held}", fresh_form_id().ok()?);
    Some([fields, vec![&id]].concat().join("&"))
}

/// A query string that does not fit is a page that does not exist.
pub fn query_config() -> QueryConfig {
    QueryConfig::default().error_handler(|_: QueryPayloadError, _| Failure::BadRequest.into())
}
/// A path that does not fit is a page that does not exist.
pub fn path_config() -> PathConfig {
    PathConfig::default()
        .error_handler(|_: PathError, _| Failure::from(crate::Error::NotFound).into())
}

/// A new form's id, hidden in it: the same form sent twice has one effect.
///
/// # Errors
/// When the system gives no randomness.
pub fn fresh_form_id() -> Result<String> {
    secrets::random_token()
}

/// Does `work` unless this form was sent in before; gives where it leads either way. `form_id` is
/// the field of a form that [`Typed`] has read.
///
/// # Errors
/// Those of `work`; a form id that no page made, and one under which something else was sent before.
pub fn once<S: Platform>(
    tx: &mut Tx<'_, S>,
    form_id: &str,
    work: impl FnOnce(&mut Tx<'_, S>) -> Result<String>,
) -> Result<String> {
    let refused = |why| Err(Error::Invalid(Problems::with("form_id", why)));
    let mut parts = form_id.split('.').skip(1);
    let (id, held) = (parts.next().unwrap_or_default(), parts.next());
    if !(16..=64).contains(&id.len()) {
        return refused("this form is out of date: open the page again");
    }
    if let Some(before) = S::form_sent(tx, id)? {
        let is_same = before
            .content_hash
            .as_deref()
            .is_none_or(|before| Some(before) == held);
        return match is_same {
            true => Ok(before.location),
            false => refused(
                "this form was sent before with other content, and that was done. What it holds now was not: look it over, and send it again if you mean it too",
            ),
        };
    }
    let location = work(tx)?;
    let sent = SentForm {
        location: location.clone(),
        content_hash: held.map(str::to_owned),
    };
    S::note_form(tx, id, sent)?;
    Ok(location)
}

/// A form whose number of fields depends on what is in it, such as a plan's prices.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Fields given by the page itself.
    pub fn new(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }
    /// What was typed into a field; empty for one that was not sent.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }
    /// As [`get`](Self::get), for a page that shows it again.
    pub fn text(&self, name: &str) -> String {
        self.get(name).to_owned()
    }
    /// The same with one field holding something else.
    #[must_use]
    pub fn with(mut self, name: &str, value: String) -> Self {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value));
        self
    }
    /// Every field with what was typed into it, in the form's order.
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.0.clone()
    }
    /// Refuses a form with fields that no page of ours has.
    ///
    /// # Errors
    /// [`Failure::BadRequest`].
    pub fn only(self, known: impl Fn(&str) -> bool) -> std::result::Result<Self, Failure> {
        match self.0.iter().all(|(name, _)| known(name)) {
            true => Ok(self),
            false => Err(Failure::BadRequest),
        }
    }
}

impl FromRequest for Fields {
    type Error = ActixError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ActixError>>>>;
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let form = Typed::<Vec<(String, String)>>::from_request(request, payload);
        Box::pin(async move { Ok(Self(form.await?.0)) })
    }
}
