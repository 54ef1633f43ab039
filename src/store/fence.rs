//! Reads every statement before the database does, in debug builds and so in every test.
//!
//! Types hold a query to its scope while it is built, but a predicate may carry a subquery
//! of any table. Here the finished SQL is read, level by level: every table named in a
//! `SELECT`, `UPDATE` or `DELETE` has to be held, at that same level, to the tenant
//! (and for a partner to the partner), and no `OR` may stand beside what holds it.
mod levels;
mod tokens;

use diesel::connection::{Connection, Instrumentation, InstrumentationEvent};

use super::{Conn, Scope, tables::TABLES};
use levels::level;
use tokens::{Node, parse, tokens};

/// A tenant's table, and what a partner's people may do with it.
pub struct Table {
    pub name: &'static str,
    pub seen: Seen,
    pub writes: Writes,
}

/// Which rows of a table a partner's people may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// None.
    Never,
    /// All of the tenant's: what the vendor publishes to every partner.
    Shared,
    /// Those whose column of this name holds their partner's id.
    By(&'static str),
}

/// What a partner's people may write to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Nothing.
    Nothing,
    /// New rows that carry their partner's id, and no more.
    Append,
    /// New rows, and changes to their own.
    Own,
}

/// Tables that belong to no tenant: read and written before anyone is let in.
pub const LOBBY: &[&str] = &[
    "tenants",
    "users",
    "sessions",
    "password_resets",
    "sign_in_failures",
    "instance_counter",
];

/// Tables that are updated by hand, each row with values of its own.
const EACH: &[&str] = &["invoices", "invoice_lines"];

#[derive(Clone, Copy, Debug)]
pub enum Rule {
    Nobody,
    Migrations,
    /// The lobby's own tables, and those it says it touches across tenants.
    Lobby(&'static [&'static str]),
    Vendor,
    Partner,
    /// SQL written by hand: `$1` is the tenant and, for a partner, `$2` the partner.
    Report {
        partner: bool,
    },
    /// An update written by hand, of rows each with values of its own: `$1` is the tenant.
    Each,
}

impl Rule {
    pub fn of(scope: &impl Scope) -> Self {
        if scope.partner_id().is_some() {
            Self::Partner
        } else {
            Self::Vendor
        }
    }
    /// Puts a connection under this rule until it is put under another.
    pub fn hold(self, conn: &mut Conn) {
        if cfg!(debug_assertions) {
            conn.set_instrumentation(Fence(self));
        }
    }
}

struct Fence(Rule);
impl Instrumentation for Fence {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let sql = query.to_string();
            if let Err(why) = check(self.0, &sql) {
                panic!("fence: {why}: {sql}")
            }
        }
    }
}

pub fn check(rule: Rule, sql: &str) -> Result<(), String> {
    if matches!(rule, Rule::Migrations) {
        return Ok(());
    }
    // What diesel adds for the reader has no line breaks; anything else would be hidden from here.
    let sql = match sql.split_once(" -- binds: ") {
        Some((_, rest)) if rest.contains('\n') => return Err("SQL after a comment".into()),
        Some((sql, _)) => sql,
        None => sql,
    };
    let tokens = tokens(sql);
    readable(&tokens)?;
    for statement in tokens.split(|token| *token == Node::Sym(';')) {
        let statement = parse(&mut statement.iter().cloned());
        match statement
            .first()
            .map(|first| first.name().unwrap_or_default())
        {
            None => {}
            Some("select" | "with") => reads(rule, &statement)?,
            Some("insert") => insert(rule, &statement)?,
            Some("update" | "delete") => {
                written(rule, &statement)?;
                level(rule, &statement, None)?;
            }
            Some(first) if TRANSACTION.contains(&first) => {}
            Some(first) => return Err(format!("a statement this cannot read: {first}")),
        }
    }
    Ok(())
}

/// Statements that name no table.
const TRANSACTION: &[&str] = &[
    "begin",
    "commit",
    "rollback",
    "pragma",
    "set",
    "discard",
    "savepoint",
    "release",
];

/// What would hide something from here, no statement of ours needs: comments, escapes, and on
/// PostgreSQL quotes made of dollars.
fn readable(tokens: &[Node]) -> Result<(), String> {
    let hides = |two: &[Node]| {
        matches!(
            two,
            [Node::Sym('-'), Node::Sym('-')] | [Node::Sym('/'), Node::Sym('*')]
        )
    };
    let strange = |token: &Node| matches!(token, Node::Sym('\\' | '$' | '#'));
    match tokens.windows(2).any(hides) || tokens.iter().any(strange) {
        true => Err("a comment or an escape".into()),
        false => Ok(()),
    }
}

/// A report's numbered binds have to appear in their order: SQLite knows them by that alone.
fn reads(rule: Rule, statement: &[Node]) -> Result<(), String> {
    if matches!(rule, Rule::Report { .. }) {
        let (mut seen, mut flat) = (0, Vec::new());
        binds(statement, &mut flat);
        for bind in flat {
            match bind {
                Some(number) if number <= seen => {}
                Some(number) if number == seen + 1 => seen = number,
                _ => return Err("binds are not numbered in the order they appear in".into()),
            }
        }
    }
    level(rule, statement, None)
}

fn binds(nodes: &[Node], found: &mut Vec<Option<u32>>) {
    for node in nodes {
        match node {
            Node::Bind(number) => found.push(*number),
            Node::Group(inner) => binds(inner, found),
            _ => {}
        }
    }
}

fn insert(rule: Rule, nodes: &[Node]) -> Result<(), String> {
    let [_, _, Node::Name(table), columns, ..] = nodes else {
        return Err("an insert this cannot read".into());
    };
    written(rule, nodes)?;
    let columns: Vec<&str> = match columns {
        Node::Group(columns) => columns.iter().filter_map(Node::name).collect(),
        _ => Vec::new(),
    };
    for column in stamped(rule, table)? {
        // Named twice, one value would win, and not the same one on either database.
        if columns.iter().filter(|c| **c == column).count() != 1 {
            return Err(format!("{table} is not given its {column} just once"));
        }
    }
    level(rule, &nodes[4..], Some(&[]))
}

/// What is written has to be the scope's to write, and stay whose it is.
fn written(rule: Rule, nodes: &[Node]) -> Result<(), String> {
    let target = nodes
        .iter()
        .skip(1)
        .find(|n| !n.is("into") && !n.is("from"));
    let name = target.and_then(Node::name).unwrap_or_default();
    if matches!(rule, Rule::Report { .. }) {
        return Err("a report writes nothing".into());
    }
    if matches!(rule, Rule::Each) && !(nodes[0].is("update") && EACH.contains(&name)) {
        return Err("an update by hand of a table that has none".into());
    }
    if let Rule::Lobby(across) = rule {
        return match LOBBY.contains(&name) || across.contains(&name) {
            true => Ok(()),
            false => Err(format!("{name} is not the lobby's to write")),
        };
    }
    let Some(table) = table(name) else {
        return Err("writes a table that is not a scope's".into());
    };
    let adds = nodes.first().is_some_and(|n| n.is("insert"));
    let may = match table.writes {
        Writes::Own => true,
        Writes::Append => adds,
        Writes::Nothing => false,
    };
    if matches!(rule, Rule::Partner) && !may {
        return Err(format!("{} is not for partners to write", table.name));
    }
    let Some(set) = nodes.iter().position(|n| n.is("set")) else {
        return Ok(());
    };
    for pair in nodes[set..]
        .split(|n| n.is("where"))
        .next()
        .unwrap_or_default()
        .windows(2)
    {
        if let [Node::Name(column), Node::Sym('=')] = pair
            && (["tenant_id", "partner_id"].contains(&column.as_str())
                || matches!(table.seen, Seen::By(whose) if whose == column))
        {
            return Err(format!("{} is given another {column}", table.name));
        }
    }
    Ok(())
}

fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|t| t.name == name)
}
pub fn known(name: &str) -> bool {
    table(name).is_some() || LOBBY.contains(&name)
}

/// The columns a new row must bring.
fn stamped(rule: Rule, name: &str) -> Result<Vec<&'static str>, String> {
    match (rule, table(name)) {
        (Rule::Partner, Some(table)) if table.writes == Writes::Append => {
            Ok(vec!["tenant_id", "partner_id"])
        }
        _ => required(rule, name),
    }
}

/// The columns a table must be held by.
fn required(rule: Rule, name: &str) -> Result<Vec<&'static str>, String> {
    let refused = Err(format!("{name} is not to be seen from {rule:?}"));
    match (rule, table(name)) {
        (Rule::Lobby(across), _) if LOBBY.contains(&name) || across.contains(&name) => Ok(vec![]),
        (Rule::Vendor | Rule::Each | Rule::Report { partner: false }, Some(_)) => {
            Ok(vec!["tenant_id"])
        }
        (Rule::Partner | Rule::Report { partner: true }, Some(table)) => match table.seen {
            Seen::By(column) => Ok(vec!["tenant_id", column]),
            Seen::Shared => Ok(vec!["tenant_id"]),
            Seen::Never => refused,
        },
        _ => refused,
    }
}
