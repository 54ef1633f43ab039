//! The door every tenant's query goes through. What is behind it stands in [`super::tables`].
use chrono::NaiveDateTime;
use diesel::{
    dsl,
    expression::AsExpression,
    prelude::*,
    query_builder::{
        AsChangeset, AsQuery, BoxedSqlQuery, DeleteStatement, InsertStatement, IntoUpdateTarget,
        SqlQuery, UpdateStatement,
    },
    query_dsl::{
        LoadQuery,
        methods::{self, BoxedDsl, ExecuteDsl, FilterDsl},
    },
    sql_types::{BigInt, SqlType, Text},
};
use serde::Serialize;

use super::{Conn, Scope, conn, fence::Rule};
use crate::{
    Error, Result,
    domain::Permission,
    id::{Id, Mint, PartnerId, TenantId},
};

pub(super) type Db = <Conn as Connection>::Backend;
pub(super) type Boxed<T> = dsl::IntoBoxed<'static, T, Db>;
/// A report written by hand, its tenant bound as `$1` (and for a partner its partner as `$2`).
pub type Report = BoxedSqlQuery<'static, Db, SqlQuery>;

/// Rows per statement: times the columns of the widest table, within what both databases bind.
pub(super) const BATCH: usize = 100;

/// One transaction: whose it is, the instant it happens at, and where its ids come from.
pub struct Tx<'c, S> {
    conn: &'c mut Conn,
    scope: S,
    now: NaiveDateTime,
    mint: Mint,
}

/// A query already narrowed to what its scope may see. Only [`Tx`] makes one.
pub struct Scoped<S, Q> {
    scope: std::marker::PhantomData<fn() -> S>,
    query: Q,
}

/// Which rows of a table a scope may see. No impl, no query.
#[diagnostic::on_unimplemented(message = "`{S}` may not see `{Self}`")]
pub trait Visible<S>: BoxedDsl<'static, Db> + Sized {
    /// The condition that holds rows to the scope.
    type Held;
    /// The table under that condition.
    type Rows: BoxedDsl<'static, Db, Output = Boxed<Self>>;
    /// The condition, for this scope.
    fn held(scope: &S) -> Self::Held;
    /// The rows, for this scope.
    fn rows(self, scope: &S) -> Self::Rows;
}
/// Tables a scope may update and delete rows of.
#[diagnostic::on_unimplemented(message = "`{S}` may not update or delete rows of `{Self}`")]
pub trait Writable<S>: Visible<S> {}
/// Writes the owner into a new row, so that no row type carries one.
#[diagnostic::on_unimplemented(message = "`{S}` may not insert `{V}` into `{Self}`")]
pub trait Stamp<S, V>: QuerySource + Sized {
    type Stamped;
    fn stamp(self, scope: &S, row: V) -> InsertStatement<Self, Self::Stamped>;
}
/// A table that takes a row from a scope: [`Stamp`] and the insert that follows from it.
#[diagnostic::on_unimplemented(message = "`{S}` may not insert `{V}` into `{Self}`")]
pub trait Takes<S, V>: Sized {
    fn put(self, scope: &S, row: V, conn: &mut Conn) -> QueryResult<usize>;
}
impl<S, V, T> Takes<S, V> for T
where
    T: Stamp<S, V>,
    InsertStatement<T, T::Stamped>: ExecuteDsl<Conn, Db>,
{
    fn put(self, scope: &S, row: V, conn: &mut Conn) -> QueryResult<usize> {
        ExecuteDsl::execute(self.stamp(scope, row), conn)
    }
}
/// As [`Stamp`], for many rows: [`BATCH`] of them are one statement that is prepared once, fewer
/// one that is prepared each time.
#[diagnostic::on_unimplemented(message = "`{S}` may not insert `{V}` into `{Self}`")]
pub trait StampAll<S, V>: QuerySource + Sized {
    type Batch;
    type Fewer;
    fn stamp_all(self, scope: &S, rows: Vec<V>) -> Stamped<Self, Self::Batch, Self::Fewer>;
}
/// An insert of many rows.
pub enum Stamped<T: QuerySource, B, F> {
    Batch(InsertStatement<T, B>),
    Fewer(InsertStatement<T, F>),
}
/// A foreign key: rows of this table go with rows of `T` by tenant and key, never by key alone.
#[diagnostic::on_unimplemented(
    message = "no foreign key in `refers!` leads from `{Self}` to `{T}`"
)]
pub trait RefersTo<T> {
    type Joined;
    fn joined(self, other: T) -> Self::Joined;
}
/// A column that may change once its row is written. Never one that says whose the row is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not change once its row is written: see `changeable!`"
)]
pub trait Changeable: Column {}

/// What an update writes: made of [`to`], alone or several in a tuple.
pub trait Changes<T> {
    type Set: AsChangeset<Target = T>;
    fn set(self) -> Self::Set;
}
/// One column and its new value.
pub struct To<C, V>(C, V);
/// A column gets a value.
pub fn to<C: Changeable, V>(column: C, value: V) -> To<C, V> {
    To(column, value)
}
impl<C, V> Changes<C::Table> for To<C, V>
where
    C: Changeable + ExpressionMethods,
    C::SqlType: SqlType,
    V: AsExpression<C::SqlType>,
    dsl::Eq<C, V>: AsChangeset<Target = C::Table>,
{
    type Set = dsl::Eq<C, V>;
    fn set(self) -> Self::Set {
        self.0.eq(self.1)
    }
}
macro_rules! changes {
    ($($part:ident $at:tt),+) => {
        impl<T, $($part: Changes<T>),+> Changes<T> for ($($part,)+)
        where
            ($($part::Set,)+): AsChangeset<Target = T>,
        {
            type Set = ($($part::Set,)+);
            fn set(self) -> Self::Set {
                ($(self.$at.set(),)+)
            }
        }
    };
}
changes!(A 0, B 1);
changes!(A 0, B 1, C 2);
changes!(A 0, B 1, C 2, D 3);
changes!(A 0, B 1, C 2, D 3, E 4);
changes!(A 0, B 1, C 2, D 3, E 4, F 5);
changes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
changes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
changes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
changes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
changes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
changes!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);

impl<S, Q> Scoped<S, Q> {
    /// Private: what grows a query is named here, once, or it is not there.
    fn map<R>(self, grow: impl FnOnce(Q) -> R) -> Scoped<S, R> {
        Scoped {
            scope: self.scope,
            query: grow(self.query),
        }
    }
    /// Narrows further.
    pub fn filter<P>(self, p: P) -> Scoped<S, dsl::Filter<Q, P>>
    where
        Q: FilterDsl<P>,
    {
        self.map(|q| q.filter(p))
    }
    /// Puts in order.
    pub fn order<E: Expression>(self, e: E) -> Scoped<S, dsl::Order<Q, E>>
    where
        Q: methods::OrderDsl<E>,
    {
        self.map(|q| methods::OrderDsl::order(q, e))
    }
    /// Takes no more than this many.
    pub fn limit(self, n: i64) -> Scoped<S, dsl::Limit<Q>>
    where
        Q: methods::LimitDsl,
    {
        self.map(|q| methods::LimitDsl::limit(q, n))
    }
    /// Takes these columns.
    pub fn select<E: Expression>(self, e: E) -> Scoped<S, dsl::Select<Q, E>>
    where
        Q: methods::SelectDsl<E>,
    {
        self.map(|q| methods::SelectDsl::select(q, e))
    }
    /// Groups.
    pub fn group_by<E: Expression>(self, e: E) -> Scoped<S, dsl::GroupBy<Q, E>>
    where
        Q: methods::GroupByDsl<E>,
    {
        self.map(|q| methods::GroupByDsl::group_by(q, e))
    }
}

/// An update of rows that come as JSON, for either database. SQLite is given them materialized:
/// else it may read the whole JSON once for every row of the table.
pub(super) struct ByHand {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

impl<'c, S: Scope> Tx<'c, S> {
    pub(super) fn new(conn: &'c mut Conn, scope: S, now: NaiveDateTime, mint: Mint) -> Self {
        Rule::of(&scope).hold(conn);
        Self {
            conn,
            scope,
            now,
            mint,
        }
    }

    /// The instant this transaction happens at (UTC); the same for every row it writes.
    pub fn now(&self) -> NaiveDateTime {
        self.now
    }
    /// The instant leases are measured by: on PostgreSQL, where several machines may share the
    /// database, its own clock; on SQLite the transaction's.
    pub(super) fn database_now(&mut self) -> Result<NaiveDateTime> {
        conn::now(self.conn, self.now)
    }
    /// A new id: larger than all before it.
    pub fn fresh_id<T>(&self) -> Id<T> {
        self.mint.next()
    }
    /// Whose rows these are.
    pub fn scope(&self) -> &S {
        &self.scope
    }
    /// Goes on only if whoever asks may do this. The first line of every service.
    pub fn allow(&self, permission: Permission) -> Result<()> {
        match self.scope.actor().may(permission) {
            true => Ok(()),
            false => Err(Error::Forbidden),
        }
    }

    fn scoped<Q>(&self, query: Q) -> Scoped<S, Q> {
        Scoped {
            scope: std::marker::PhantomData,
            query,
        }
    }
    /// A report in SQL written by hand, for sums over several tables. The scope is bound first:
    /// `$1` is the tenant, and in a partner's scope `$2` the partner; what `bind` adds comes after.
    /// Each number appears first in its order, because SQLite knows them by that. The fence reads it as it
    /// reads every statement: each table has to be held to both.
    pub fn report<U>(
        &mut self,
        sql: &'static str,
        bind: impl FnOnce(Report) -> Report,
    ) -> Result<Vec<U>>
    where
        U: QueryableByName<Db> + 'static,
    {
        let query = diesel::sql_query(sql).into_boxed::<Db>();
        let query = query.bind::<BigInt, TenantId>(self.scope.tenant());
        let query = match self.scope.partner_id() {
            Some(partner) => query.bind::<BigInt, PartnerId>(partner),
            None => query,
        };
        let partner = self.scope.partner_id().is_some();
        Rule::Report { partner }.hold(self.conn);
        let rows = LoadQuery::<Conn, U>::internal_load(bind(query), self.conn)
            .and_then(Iterator::collect::<QueryResult<_>>);
        Rule::of(&self.scope).hold(self.conn);
        Ok(rows?)
    }
    /// The rows of a table this scope may see; the type is the same for every scope.
    pub fn rows<T: Visible<S>>(&self, table: T) -> Scoped<S, Boxed<T>> {
        self.scoped(table.rows(&self.scope).internal_into_boxed())
    }
    /// As [`rows`](Self::rows), typed, for a query that goes on to group, update or delete.
    pub fn rows_of<T: Visible<S>>(&self, table: T) -> Scoped<S, T::Rows> {
        self.scoped(table.rows(&self.scope))
    }
    /// The rows of two tables along a foreign key, each narrowed to what this scope may see.
    pub fn joined<T, U>(&self, table: T, other: U) -> Scoped<S, Both<S, T, U>>
    where
        T: Visible<S> + RefersTo<U>,
        U: Visible<S>,
        T::Joined: FilterDsl<T::Held>,
        dsl::Filter<T::Joined, T::Held>: FilterDsl<U::Held>,
    {
        let both = table.joined(other);
        self.scoped(
            both.filter(T::held(&self.scope))
                .filter(U::held(&self.scope)),
        )
    }

    /// All rows of a query.
    pub fn load<'q, U, Q: LoadQuery<'q, Conn, U>>(&mut self, rows: Scoped<S, Q>) -> Result<Vec<U>> {
        Ok(rows
            .query
            .internal_load(self.conn)?
            .collect::<QueryResult<_>>()?)
    }
    /// The first row of a query, if there is one.
    pub fn first<'q, U, Q>(&mut self, rows: Scoped<S, Q>) -> Result<Option<U>>
    where
        Q: methods::LimitDsl,
        dsl::Limit<Q>: LoadQuery<'q, Conn, U>,
    {
        Ok(rows
            .limit(1)
            .query
            .internal_load(self.conn)?
            .next()
            .transpose()?)
    }
    /// The one row, or [`Error::NotFound`].
    pub fn one<'q, U, Q>(&mut self, rows: Scoped<S, Q>) -> Result<U>
    where
        Q: methods::LimitDsl,
        dsl::Limit<Q>: LoadQuery<'q, Conn, U>,
    {
        self.first(rows)?.ok_or(Error::NotFound)
    }
    /// One new row, stamped with its owner.
    pub fn insert<T: Takes<S, V>, V>(&mut self, table: T, row: V) -> Result<()> {
        table.put(&self.scope, row, self.conn)?;
        Ok(())
    }
    /// Many rows, one statement per batch. Rows that may leave a column out (an `Option` without
    /// `treat_none_as_default_value = false`) go one by one on SQLite, which knows no `DEFAULT`.
    pub fn insert_all<T, V>(&mut self, table: T, rows: impl IntoIterator<Item = V>) -> Result<usize>
    where
        T: StampAll<S, V> + Copy,
        InsertStatement<T, T::Batch>: ExecuteDsl<PgConnection> + ExecuteDsl<SqliteConnection>,
        InsertStatement<T, T::Fewer>: ExecuteDsl<PgConnection> + ExecuteDsl<SqliteConnection>,
    {
        let mut rows = rows.into_iter();
        let mut done = 0;
        loop {
            let batch: Vec<V> = rows.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return Ok(done);
            }
            done += match (table.stamp_all(&self.scope, batch), &mut *self.conn) {
                (Stamped::Batch(rows), Conn::Postgres(conn)) => ExecuteDsl::execute(rows, conn)?,
                (Stamped::Batch(rows), Conn::Sqlite(conn)) => ExecuteDsl::execute(rows, conn)?,
                (Stamped::Fewer(rows), Conn::Postgres(conn)) => ExecuteDsl::execute(rows, conn)?,
                (Stamped::Fewer(rows), Conn::Sqlite(conn)) => ExecuteDsl::execute(rows, conn)?,
            };
        }
    }
    /// Says how many rows it touched.
    pub fn update<Q, C>(&mut self, rows: Scoped<S, Q>, changes: C) -> Result<usize>
    where
        Q: IntoUpdateTarget,
        Q::Table: Writable<S>,
        C: Changes<Q::Table>,
        Updated<Q, C>: AsQuery + ExecuteDsl<Conn, Db>,
    {
        let update = diesel::update(rows.query).set(changes.set());
        Ok(ExecuteDsl::execute(update, self.conn)?)
    }
    /// Many rows, each with values of its own, in one statement written by hand: `1` binds the
    /// tenant, `2` the rows as a JSON array.
    pub(super) fn update_each(&mut self, by_hand: &ByHand, rows: &[impl Serialize]) -> Result<()> {
        if self.scope.partner_id().is_some() {
            return Err(Error::Forbidden);
        }
        let rows = serde_json::to_string(rows).map_err(Error::fault)?;
        let sql = match self.conn {
            Conn::Postgres(_) => by_hand.postgres,
            Conn::Sqlite(_) => by_hand.sqlite,
        };
        let query = diesel::sql_query(sql)
            .bind::<BigInt, TenantId>(self.scope.tenant())
            .bind::<Text, String>(rows);
        Rule::Each.hold(self.conn);
        let done = ExecuteDsl::<Conn, Db>::execute(query, self.conn);
        Rule::of(&self.scope).hold(self.conn);
        done?;
        Ok(())
    }
    /// Says how many rows it removed.
    pub fn delete<Q>(&mut self, rows: Scoped<S, Q>) -> Result<usize>
    where
        Q: IntoUpdateTarget,
        Q::Table: Writable<S>,
        DeleteStatement<Q::Table, Q::WhereClause>: ExecuteDsl<Conn, Db>,
    {
        Ok(ExecuteDsl::execute(diesel::delete(rows.query), self.conn)?)
    }
}

type Both<S, T, U> = dsl::Filter<
    dsl::Filter<<T as RefersTo<U>>::Joined, <T as Visible<S>>::Held>,
    <U as Visible<S>>::Held,
>;
type Updated<Q, C> = UpdateStatement<
    <Q as diesel::associations::HasTable>::Table,
    <Q as IntoUpdateTarget>::WhereClause,
    <<C as Changes<<Q as diesel::associations::HasTable>::Table>>::Set as AsChangeset>::Changeset,
>;
