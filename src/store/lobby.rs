//! What may be read and written before anyone is let in: people, sessions, tokens, the first
//! vendor. The only place that makes a scope.
mod admission;
mod people;
pub mod places;
mod sessions;
mod throttle;
mod tokens;
mod vendors;

pub use admission::{
    Admission, Workspace, admit, every_vendor, operator, program, tenants_with_work, workspaces,
};
pub use people::{
    NewMembership, Person, add_membership, add_person, note_sign_in, person, person_by_email,
    set_password, set_time_zone,
};
pub use sessions::{
    Session, add_session, change_session, end_session, end_sessions, session, sweep,
};
pub use throttle::{blocked_until, clear_failures, note_failure, spend};
pub use tokens::{
    OpenInvitation, accept_invitation, add_password_reset, invitation, invitation_is_accepted,
    password_reset, place_name, use_password_reset,
};
pub use vendors::{NewVendor, add_vendor, tenant_of};

use chrono::NaiveDateTime;
use diesel::{
    prelude::*,
    query_dsl::{LoadQuery, methods::ExecuteDsl},
};

use super::{Conn, fence::Rule, schema::instance_counter, tx::Db};
use crate::{Result, id::Mint};

/// A transaction before anyone is let in.
pub struct Lobby<'c> {
    conn: &'c mut Conn,
    now: NaiveDateTime,
    mint: Mint,
}

impl<'c> Lobby<'c> {
    pub(super) fn new(conn: &'c mut Conn, now: NaiveDateTime, mint: Mint) -> Self {
        Rule::Lobby(&[]).hold(conn);
        Self { conn, now, mint }
    }
    /// The instant of this transaction, UTC.
    pub fn now(&self) -> NaiveDateTime {
        self.now
    }
    fn first<'q, U>(&mut self, query: impl LoadQuery<'q, Conn, U>) -> Result<Option<U>> {
        Ok(query.internal_load(self.conn)?.next().transpose()?)
    }
    fn all<'q, U>(&mut self, query: impl LoadQuery<'q, Conn, U>) -> Result<Vec<U>> {
        Ok(query
            .internal_load(self.conn)?
            .collect::<QueryResult<_>>()?)
    }
    fn run(&mut self, statement: impl ExecuteDsl<Conn, Db>) -> Result<usize> {
        Ok(ExecuteDsl::execute(statement, self.conn)?)
    }
    /// Any SQL at all, for the tests of the fence.
    #[cfg(test)]
    pub(super) fn probe(&mut self, sql: &'static str) -> Result<()> {
        ExecuteDsl::execute(diesel::sql_query(sql), self.conn)?;
        Ok(())
    }
    /// For a question about all tenants at once; says of which tables.
    fn across<T>(
        &mut self,
        tables: &'static [&'static str],
        ask: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        Rule::Lobby(tables).hold(self.conn);
        let found = ask(self);
        Rule::Lobby(&[]).hold(self.conn);
        found
    }
}

pub(super) fn next_instance(conn: &mut Conn) -> Result<u64> {
    Rule::Lobby(&[]).hold(conn);
    let step = diesel::update(instance_counter::table)
        .set(instance_counter::opened.eq(instance_counter::opened + 1));
    ExecuteDsl::execute(step, conn)?;
    let opened: Vec<i64> = LoadQuery::<Conn, i64>::internal_load(
        instance_counter::table.select(instance_counter::opened),
        conn,
    )?
    .collect::<QueryResult<_>>()?;
    Rule::Nobody.hold(conn);
    Ok(opened
        .first()
        .and_then(|n| u64::try_from(*n).ok())
        .unwrap_or(0))
}
