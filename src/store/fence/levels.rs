//! One level of a statement and those within it: which tables it names, and what holds each.
use super::{Rule, known, required, tokens::Node};

pub(super) type Column<'a> = (&'a str, &'a str);

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

/// At the outermost level [`Tx`](crate::store::Tx) has bound the scope's own tenant and partner. In a
/// subquery a bind could be anyone's, so there only a link to the level around it counts. In a
/// report any bind could be, but for the first two, which count wherever they stand.
pub(super) fn level(
    rule: Rule,
    nodes: &[Node],
    outer: Option<&[Column<'_>]>,
) -> Result<(), String> {
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
