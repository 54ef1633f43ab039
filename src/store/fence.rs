//! Reads every statement before the database does, in debug builds and so in every test.
//!
//! Types hold a query to its scope while it is built, but a predicate may carry a subquery
//! of any table. Here the finished SQL is read, level by level: every table named in a
//! `SELECT`, `UPDATE` or `DELETE` has to be held, at that same level, to the tenant
//! (and for a partner to the partner), and no `OR` may stand beside what holds it.
use diesel::connection::{Connection, Instrumentation, InstrumentationEvent};

use super::{Conn, Scope, tables::TABLES};

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

#[derive(Debug, PartialEq, Clone)]
enum Node {
    Name(String),
    Sym(char),
    /// Its number, where it has one.
    Bind(Option<u32>),
    Group(Vec<Node>),
}
impl Node {
    fn is(&self, word: &str) -> bool {
        self.name() == Some(word)
    }
    fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }
    fn is_select(&self) -> bool {
        matches!(self, Self::Group(inner) if inner.first().is_some_and(|n| n.is("select") || n.is("with")))
    }
}

fn tokens(sql: &str) -> Vec<Node> {
    let mut found = Vec::new();
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '`' => found.push(Node::Name(
                chars
                    .by_ref()
                    .take_while(|end| *end != c)
                    .collect::<String>()
                    .to_lowercase(),
            )),
            '\'' => {
                chars.by_ref().find(|end| *end == '\'');
                found.push(Node::Sym('\''));
            }
            '?' | '$' => {
                let mut number = String::new();
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    number.push(digit);
                }
                found.push(match (c, number.parse().ok()) {
                    ('$', None) => Node::Sym('$'),
                    (_, number) => Node::Bind(number),
                });
            }
            c if c.is_alphabetic() || c == '_' => {
                let mut word = c.to_string();
                while let Some(more) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.push(more)
                }
                found.push(Node::Name(word.to_lowercase()));
            }
            c if c.is_whitespace() => {}
            c => found.push(Node::Sym(c)),
        }
    }
    found
}

fn parse(tokens: &mut impl Iterator<Item = Node>) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let Some(token) = tokens.next() {
        match token {
            Node::Sym('(') => nodes.push(Node::Group(parse(tokens))),
            Node::Sym(')') => break,
            token => nodes.push(token),
        }
    }
    nodes
}

type Column<'a> = (&'a str, &'a str);

/// What one level of a statement says.
#[derive(Default)]
struct Level<'a> {
    named: Vec<&'a str>,
    bound: Vec<(Column<'a>, Option<u32>)>,
    /// If the first is held, so is the second.
    linked: Vec<(Column<'a>, Column<'a>)>,
}

/// Which way an equality of two columns holds: in an outer join's `ON` only the table that is
/// joined, because rows of the other stay whatever it says.
#[derive(Clone, Copy)]
enum Holds<'a> {
    Both,
    Joined(&'a str),
    Neither,
}

/// What may follow a table's name; anything else would be an alias, which this does not follow.
const AFTER_A_TABLE: &[&str] = &[
    "where",
    "inner",
    "left",
    "right",
    "full",
    "cross",
    "join",
    "on",
    "group",
    "order",
    "limit",
    "offset",
    "having",
    "set",
    "values",
    "default",
    "returning",
    "for",
    "select",
    "union",
];
const ENDS_A_CONDITION: &[&str] = &[
    "where",
    "inner",
    "left",
    "right",
    "full",
    "cross",
    "join",
    "group",
    "order",
    "limit",
    "offset",
    "having",
    "returning",
    "for",
];

/// At the outermost level [`Tx`](super::Tx) has bound the scope's own tenant and partner. In a
/// subquery a bind could be anyone's, so there only a link to the level around it counts. In a
/// report any bind could be, but for the first two, which count wherever they stand.
fn level(rule: Rule, nodes: &[Node], outer: Option<&[Column<'_>]>) -> Result<(), String> {
    let sets = |n: &Node| {
        ["union", "except", "intersect"]
            .iter()
            .any(|word| n.is(word))
    };
    for part in nodes.split(sets) {
        let mut here = Level::default();
        read(part, &mut here)?;
        let around = outer.unwrap_or_default().iter().copied();
        let mut held: Vec<_> = around
            .filter(|(table, _)| !here.named.contains(table))
            .collect();
        let bound = here.bound.iter().filter(|(column, number)| match rule {
            Rule::Report { partner } => match column.1 {
                "tenant_id" => *number == Some(1),
                _ => partner && *number == Some(2),
            },
            Rule::Each => column.1 == "tenant_id" && *number == Some(1),
            _ => outer.is_none(),
        });
        held.extend(bound.map(|(column, _)| *column));
        // One pass per link is enough for the longest chain there can be.
        for _ in 0..here.linked.len() {
            for (a, b) in &here.linked {
                if held.contains(a) && !held.contains(b) {
                    held.push(*b);
                }
            }
        }
        for table in here.named {
            for column in required(rule, table)? {
                if !held.contains(&(table, column)) {
                    return Err(format!("{table} is not held to its {column}"));
                }
            }
        }
        within(rule, part, &held)?;
    }
    Ok(())
}

fn within(rule: Rule, nodes: &[Node], held: &[Column<'_>]) -> Result<(), String> {
    for node in nodes {
        if let Node::Group(inner) = node {
            let first = inner.first().and_then(Node::name).unwrap_or_default();
            if ["insert", "update", "delete", "merge"].contains(&first) {
                return Err("a statement within a statement writes".into());
            }
            if node.is_select() {
                level(rule, inner, Some(held))?
            } else {
                within(rule, inner, held)?
            }
        }
    }
    Ok(())
}

fn read<'a>(nodes: &'a [Node], here: &mut Level<'a>) -> Result<(), String> {
    for (i, node) in nodes.iter().enumerate() {
        let rest = &nodes[i + 1..];
        match node {
            Node::Name(word) if word == "where" || word == "on" => {
                let end = rest
                    .iter()
                    .position(|n| ENDS_A_CONDITION.iter().any(|w| n.is(w)));
                let holds = match word.as_str() {
                    "where" => Holds::Both,
                    _ => joined(&nodes[..i]),
                };
                conjuncts(
                    &rest[..end.unwrap_or(rest.len())],
                    word == "where",
                    holds,
                    here,
                );
            }
            Node::Name(word) if (word == "right" || word == "full") && is_join(rest) => {
                return Err(format!("a {word} join"));
            }
            Node::Name(name) if known(name) && rest.first() != Some(&Node::Sym('.')) => {
                if let Some(Node::Name(alias)) = rest.first()
                    && !AFTER_A_TABLE.contains(&alias.as_str())
                {
                    return Err(format!(
                        "{name} has an alias, or something like one: {alias}"
                    ));
                }
                here.named.push(name);
            }
            Node::Group(inner) if !node.is_select() => read(inner, here)?,
            _ => {}
        }
    }
    Ok(())
}

fn is_join(rest: &[Node]) -> bool {
    rest.iter().take(2).any(|node| node.is("join"))
}

/// What the `ON` after these nodes holds.
fn joined(before: &[Node]) -> Holds<'_> {
    let Some(join) = before.iter().rposition(|node| node.is("join")) else {
        return Holds::Neither;
    };
    let kind = before[..join].iter().rev().find(|node| !node.is("outer"));
    match (
        kind.is_some_and(|kind| kind.is("left")),
        &before[join + 1..],
    ) {
        (false, _) => Holds::Both,
        (true, [.., Node::Name(table)]) => Holds::Joined(table),
        (true, _) => Holds::Neither,
    }
}

/// What has to be true of every row. With an `OR` beside it, or inside a `CASE`, nothing has to.
/// In an `ON` a bind is not looked at: only links count there.
fn conjuncts<'a>(nodes: &'a [Node], binds: bool, holds: Holds<'a>, here: &mut Level<'a>) {
    if nodes.iter().any(|n| n.is("or") || n.is("case")) {
        return;
    }
    let mut between = false;
    for piece in nodes.split(|n| n.is("and")) {
        // The AND of `x BETWEEN y AND z` joins no conditions.
        if std::mem::replace(&mut between, piece.iter().any(|n| n.is("between"))) {
            continue;
        }
        match piece {
            [group @ Node::Group(inner)] if !group.is_select() => {
                conjuncts(inner, binds, holds, here);
            }
            [
                Node::Name(t),
                Node::Sym('.'),
                Node::Name(c),
                Node::Sym('='),
                Node::Bind(number),
            ] if binds => here.bound.push(((t, c), *number)),
            [
                Node::Name(t),
                Node::Sym('.'),
                Node::Name(c),
                Node::Sym('='),
                Node::Name(u),
                Node::Sym('.'),
                Node::Name(d),
            ] => {
                let either = [((t.as_str(), c.as_str()), (u.as_str(), d.as_str()))];
                for (a, b) in either.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]) {
                    match holds {
                        Holds::Joined(table) if table != b.0 => {}
                        Holds::Neither => {}
                        _ => here.linked.push((a, b)),
                    }
                }
            }
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
