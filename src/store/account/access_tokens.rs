//! What lets a vendor's own programs in. Of a token the hash alone is kept.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    Error, Result,
    id::AccessTokenId,
    store::{Tx, VendorScope, schema::access_tokens, tx::to},
};

/// An access token, without the token.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = access_tokens)]
pub struct AccessToken {
    /// Which.
    pub id: AccessTokenId,
    /// What its maker called the program that has it.
    pub name: String,
    /// Who made it.
    pub created_by: String,
    /// When, UTC.
    pub created_at: NaiveDateTime,
    /// Since when it opens nothing, UTC.
    pub revoked_at: Option<NaiveDateTime>,
}

/// Every access token, newest first.
///
/// # Errors
/// Faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<AccessToken>> {
    let rows = tx
        .rows(access_tokens::table)
        .order(access_tokens::id.desc())
        .select(AccessToken::as_select());
    tx.load(rows)
}

/// Keeps a token's hash.
///
/// # Errors
/// Faults of the database.
pub fn add(
    tx: &mut Tx<'_, VendorScope>,
    (id, name): (AccessTokenId, &str),
    (token_hash, created_by): (String, String),
) -> Result<()> {
    let row = (
        access_tokens::id.eq(id),
        access_tokens::name.eq(name.to_owned()),
        access_tokens::token_hash.eq(token_hash),
        access_tokens::created_by.eq(created_by),
        access_tokens::created_at.eq(tx.now()),
    );
    tx.insert(access_tokens::table, row)
}

/// Ends a token; gives its name.
///
/// # Errors
/// [`Error::NotFound`] for none, or one that was revoked before; faults of the database.
pub fn revoke(tx: &mut Tx<'_, VendorScope>, id: AccessTokenId) -> Result<String> {
    let name = tx
        .rows(access_tokens::table)
        .filter(access_tokens::id.eq(id))
        .filter(access_tokens::revoked_at.is_null())
        .select(access_tokens::name);
    let name: String = tx.one(name)?;
    let row = tx
        .rows_of(access_tokens::table)
        .filter(access_tokens::id.eq(id));
    match tx.update(row, to(access_tokens::revoked_at, Some(tx.now())))? {
        0 => Err(Error::NotFound),
        _ => Ok(name),
    }
}
