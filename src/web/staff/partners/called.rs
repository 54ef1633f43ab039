//! A partner as a filter or a form names it: by a text that the server reads.
use crate::{
    Error, Result,
    id::PartnerId,
    store::{Tx, VendorScope, recruit::partners},
};

/// Names that help while typing; any other may be typed all the same.
const KNOWN: i64 = 300;

/// What a field for a partner says, and whom it means.
#[derive(Debug, Clone, Default)]
pub(in crate::web::staff) struct Called {
    /// Whom it means; none where nothing was typed, or nobody is meant.
    pub id: Option<PartnerId>,
    /// What the field says.
    pub text: String,
    /// Why it means nobody; empty otherwise.
    pub problem: String,
    /// Names that help while typing.
    pub known: Vec<String>,
}

impl Called {
    /// Reads what was typed: an id, a code, a name or a part of one.
    ///
    /// # Errors
    /// Faults of the database. A name that nobody or several have is a `problem`.
    pub(in crate::web::staff) fn of(tx: &mut Tx<'_, VendorScope>, typed: &str) -> Result<Self> {
        let known = partners::choices(tx, KNOWN)?;
        let mut called = Self {
            text: typed.trim().to_owned(),
            known: known.into_iter().map(|(_, name)| name).collect(),
            ..Self::default()
        };
        if called.text.is_empty() {
            return Ok(called);
        }
        match partners::called(tx, typed) {
            Ok((id, _)) => {
                called.text = partners::calling(tx, id)?;
                called.id = Some(id);
            }
            Err(Error::Invalid(problems)) => {
                called.problem = problems.on("partner").unwrap_or_default().to_owned();
            }
            Err(other) => return Err(other),
        }
        Ok(called)
    }

    /// Whom a filter means.
    ///
    /// # Errors
    /// [`Error::Invalid`] where nobody, or several, fit.
    pub(in crate::web::staff) fn meant(
        tx: &mut Tx<'_, VendorScope>,
        typed: &str,
    ) -> Result<Option<PartnerId>> {
        match typed.trim() {
            "" => Ok(None),
            typed => Ok(Some(partners::called(tx, typed)?.0)),
        }
    }
}
