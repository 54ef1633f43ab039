//! Invitations that are open.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    Result,
    domain::Role,
    id::{InvitationId, PartnerId},
    store::{Scope, Tx, Visible, names::stored, schema::invitations},
};

/// An invitation nobody has answered yet.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Which; its token is derived from it.
    pub id: InvitationId,
    /// To which partner, if not to the vendor's side.
    pub partner: Option<PartnerId>,
    /// Whom.
    pub email: String,
    /// Their name.
    pub name: String,
    /// As what.
    pub role: Role,
    /// Since when, UTC.
    pub created_at: NaiveDateTime,
    /// Until when, UTC.
    pub expires_at: NaiveDateTime,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = invitations)]
struct Row {
    id: InvitationId,
    partner_id: Option<PartnerId>,
    email: String,
    name: String,
    role: String,
    created_at: NaiveDateTime,
    expires_at: NaiveDateTime,
}

impl Row {
    fn read(self) -> Result<Invitation> {
        Ok(Invitation {
            id: self.id,
            partner: self.partner_id,
            role: stored(&self.role)?,
            email: self.email,
            name: self.name,
            created_at: self.created_at,
            expires_at: self.expires_at,
        })
    }
}

/// Every invitation to the vendor's side, or to a partner's, that is neither accepted nor
/// withdrawn, newest first; those past their end are among them, so that they can be sent again.
///
/// # Errors
/// Faults of the database.
pub fn open<S: Scope>(tx: &mut Tx<'_, S>, partner: Option<PartnerId>) -> Result<Vec<Invitation>>
where
    invitations::table: Visible<S>,
{
    let rows = tx
        .rows(invitations::table)
        .filter(invitations::accepted_at.is_null())
        .filter(invitations::withdrawn_at.is_null());
    let rows = match partner {
        None => rows.filter(invitations::partner_id.is_null()),
        Some(partner) => rows.filter(invitations::partner_id.eq(partner)),
    };
    let rows: Vec<Row> = tx.load(rows.order(invitations::id.desc()).select(Row::as_select()))?;
    rows.into_iter().map(Row::read).collect()
}

/// One invitation that is neither accepted nor withdrawn.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), and faults of the database.
pub fn invitation<S: Scope>(tx: &mut Tx<'_, S>, id: InvitationId) -> Result<Invitation>
where
    invitations::table: Visible<S>,
{
    let row = tx
        .rows(invitations::table)
        .filter(invitations::id.eq(id))
        .filter(invitations::accepted_at.is_null())
        .filter(invitations::withdrawn_at.is_null())
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    row.read()
}
