//! Tokens that let a vendor's own programs report usage, and nothing else.
use crate::{
    Result,
    domain::{Action, Name, Permission},
    id::AccessTokenId,
    secrets::hash_of,
    store::{
        Platform, Scope, Tx, VendorScope,
        account::access_tokens::{self, AccessToken},
        platform::Event,
    },
};

/// Begins every token, so that one that was lost can be known for what it is.
pub const PREFIX: &str = "perennial_";

/// Keeps a token for a program. The token is shown to its maker once; of it the hash is kept.
///
/// # Errors
/// [`Error::Forbidden`](crate::Error::Forbidden); faults of the database.
pub fn create(tx: &mut Tx<'_, VendorScope>, name: &Name, token: &str) -> Result<AccessTokenId> {
    tx.allow(Permission::ManageSettings)?;
    let id: AccessTokenId = tx.fresh_id();
    let maker = tx.scope().actor().name.clone();
    access_tokens::add(tx, (id, name.as_str()), (hash_of(token), maker))?;
    note(tx, Action::AccessTokenCreated, id, name.to_string())?;
    Ok(id)
}

/// Ends a token at once.
///
/// # Errors
/// [`Error::Forbidden`](crate::Error::Forbidden); [`Error::NotFound`](crate::Error::NotFound) for
/// one that was revoked before; faults of the database.
pub fn revoke(tx: &mut Tx<'_, VendorScope>, id: AccessTokenId) -> Result<()> {
    tx.allow(Permission::ManageSettings)?;
    let name = access_tokens::revoke(tx, id)?;
    note(tx, Action::AccessTokenRevoked, id, name)
}

/// Every token, newest first.
///
/// # Errors
/// [`Error::Forbidden`](crate::Error::Forbidden); faults of the database.
pub fn all(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<AccessToken>> {
    tx.allow(Permission::ManageSettings)?;
    access_tokens::all(tx)
}

fn note(
    tx: &mut Tx<'_, VendorScope>,
    action: Action,
    id: AccessTokenId,
    summary: String,
) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: id.number(),
            partner: None,
            summary,
            changes: &[],
        },
    )
}
