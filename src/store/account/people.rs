//! The people of a vendor or of a partner: memberships.
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::invitations::{self as asked, Invitation};
use crate::{
    Result,
    domain::Role,
    id::{InvitationId, MembershipId, PartnerId, UserId},
    store::{
        PartnerScope, Platform, Scope, Tx, VendorScope, Visible,
        names::stored,
        schema::{invitations, memberships},
        tx::to,
    },
};

/// Someone's place in a workspace.
#[derive(Debug, Clone)]
pub struct Member {
    /// The membership.
    pub id: MembershipId,
    /// Who.
    pub user: UserId,
    /// At which partner, if not on the vendor's side.
    pub partner: Option<PartnerId>,
    /// What they are there.
    pub role: Role,
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Since when, UTC.
    pub created_at: NaiveDateTime,
    /// When they signed in last, UTC.
    pub signed_in_at: Option<NaiveDateTime>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = memberships)]
struct Row {
    id: MembershipId,
    user_id: UserId,
    partner_id: Option<PartnerId>,
    role: String,
    email: String,
    name: String,
    created_at: NaiveDateTime,
    signed_in_at: Option<NaiveDateTime>,
}

impl Row {
    fn read(self) -> Result<Member> {
        Ok(Member {
            id: self.id,
            user: self.user_id,
            partner: self.partner_id,
            role: stored(&self.role)?,
            email: self.email,
            name: self.name,
            created_at: self.created_at,
            signed_in_at: self.signed_in_at,
        })
    }
}

/// Everyone who belongs to the vendor's side, or to a partner's, in the order they came. In a
/// partner's scope only that partner's people can be found.
///
/// # Errors
/// Faults of the database.
pub fn members<S: Scope>(tx: &mut Tx<'_, S>, partner: Option<PartnerId>) -> Result<Vec<Member>>
where
    memberships::table: Visible<S>,
{
    let rows = tx
        .rows(memberships::table)
        .filter(memberships::revoked_at.is_null());
    let rows = match partner {
        None => rows.filter(memberships::partner_id.is_null()),
        Some(partner) => rows.filter(memberships::partner_id.eq(partner)),
    };
    let rows: Vec<Row> = tx.load(rows.order(memberships::id).select(Row::as_select()))?;
    rows.into_iter().map(Row::read).collect()
}

/// One place that holds.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), and faults of the database.
pub fn member<S: Scope>(tx: &mut Tx<'_, S>, id: MembershipId) -> Result<Member>
where
    memberships::table: Visible<S>,
{
    let row = tx
        .rows(memberships::table)
        .filter(memberships::id.eq(id))
        .filter(memberships::revoked_at.is_null())
        .select(Row::as_select());
    let row: Row = tx.one(row)?;
    row.read()
}

/// What either side may read and write about its people.
pub trait People: Platform {
    /// See [`member`].
    ///
    /// # Errors
    /// As [`member`].
    fn member(tx: &mut Tx<'_, Self>, id: MembershipId) -> Result<Member>;
    /// See [`members`].
    ///
    /// # Errors
    /// Faults of the database.
    fn members(tx: &mut Tx<'_, Self>, partner: Option<PartnerId>) -> Result<Vec<Member>>;
    /// See [`invitation`](super::invitations::invitation).
    ///
    /// # Errors
    /// As there.
    fn invitation(tx: &mut Tx<'_, Self>, id: InvitationId) -> Result<Invitation>;
    /// See [`open`](super::invitations::open).
    ///
    /// # Errors
    /// Faults of the database.
    fn invitations(tx: &mut Tx<'_, Self>, partner: Option<PartnerId>) -> Result<Vec<Invitation>>;
    /// Gives someone another role.
    ///
    /// # Errors
    /// Faults of the database.
    fn set_role(tx: &mut Tx<'_, Self>, id: MembershipId, role: Role) -> Result<()>;
    /// Takes someone's place away.
    ///
    /// # Errors
    /// Faults of the database.
    fn revoke(tx: &mut Tx<'_, Self>, id: MembershipId) -> Result<()>;
    /// Withdraws every open invitation of an address to the vendor's side, or to a partner's;
    /// says how many.
    ///
    /// # Errors
    /// Faults of the database.
    fn withdraw(tx: &mut Tx<'_, Self>, partner: Option<PartnerId>, email: &str) -> Result<usize>;
}

macro_rules! people {
    ($($scope:ty),*) => {$(
        impl People for $scope {
            fn member(tx: &mut Tx<'_, Self>, id: MembershipId) -> Result<Member> {
                member(tx, id)
            }
            fn members(tx: &mut Tx<'_, Self>, partner: Option<PartnerId>) -> Result<Vec<Member>> {
                members(tx, partner)
            }
            fn invitation(tx: &mut Tx<'_, Self>, id: InvitationId) -> Result<Invitation> {
                asked::invitation(tx, id)
            }
            fn invitations(
                tx: &mut Tx<'_, Self>,
                partner: Option<PartnerId>,
            ) -> Result<Vec<Invitation>> {
                asked::open(tx, partner)
            }
            fn set_role(tx: &mut Tx<'_, Self>, id: MembershipId, role: Role) -> Result<()> {
                let row = tx.rows_of(memberships::table).filter(memberships::id.eq(id));
                tx.update(row, to(memberships::role, role.code().to_owned()))?;
                Ok(())
            }
            fn revoke(tx: &mut Tx<'_, Self>, id: MembershipId) -> Result<()> {
                let now = tx.now();
                let row = tx.rows_of(memberships::table).filter(memberships::id.eq(id));
                tx.update(row, to(memberships::revoked_at, Some(now)))?;
                Ok(())
            }
            fn withdraw(
                tx: &mut Tx<'_, Self>,
                partner: Option<PartnerId>,
                email: &str,
            ) -> Result<usize> {
                let now = tx.now();
                let open = tx
                    .rows_of(invitations::table)
                    .filter(invitations::email.eq(email.to_owned()))
                    .filter(invitations::accepted_at.is_null())
                    .filter(invitations::withdrawn_at.is_null());
                let withdrawn = to(invitations::withdrawn_at, Some(now));
                match partner {
                    None => tx.update(open.filter(invitations::partner_id.is_null()), withdrawn),
                    Some(id) => tx.update(open.filter(invitations::partner_id.eq(id)), withdrawn),
                }
            }
        }
    )*};
}
people!(VendorScope, PartnerScope);
