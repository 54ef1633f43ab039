//! A statement taken apart: words, signs, binds, and what stands in brackets.

/// A part of a statement.
#[derive(Debug, PartialEq, Clone)]
pub(super) enum Node {
    Name(String),
    Sym(char),
    /// Its number, where it has one.
    Bind(Option<u32>),
    Group(Vec<Node>),
}
impl Node {
    pub(super) fn is(&self, word: &str) -> bool {
        self.name() == Some(word)
    }
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }
    pub(super) fn is_select(&self) -> bool {
        matches!(self, Self::Group(inner) if inner.first().is_some_and(|n| n.is("select") || n.is("with")))
    }
}

/// The words, signs and binds of a statement.
pub(super) fn tokens(sql: &str) -> Vec<Node> {
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

/// The same with what stands in brackets as one part.
pub(super) fn parse(tokens: &mut impl Iterator<Item = Node>) -> Vec<Node> {
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
