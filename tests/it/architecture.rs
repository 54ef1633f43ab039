//! The dependency rule, kept by a test: each layer names only itself and the layers below it, and
//! each framework only the layers it belongs to.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the source has failed"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// Lowest first. A layer may use itself and anything before it.
const LAYERS: &[&str] = &[
    "id",
    "domain",
    "clock",
    "error",
    "secrets",
    "passwords",
    "store",
    "documents",
    "mail",
    "queue",
    "services",
    "web",
    "worker",
    "startup",
    "telemetry",
    "demo",
    "load",
    "cli",
];

/// Steps upwards, each with its reason: (layer, the layer it names, why).
const EXCEPTIONS: &[(&str, &str, &str)] = &[(
    "web",
    "startup",
    "pages read the settings that startup::Config holds",
)];

/// Who may name a framework. An entry is a layer, or one file.
const FRAMEWORKS: &[(&str, &[&str])] = &[
    // Ids and errors convert to and from what the database speaks.
    ("diesel", &["store", "id.rs", "error.rs"]),
    ("diesel_migrations", &["store"]),
    // The command line runs the server that startup builds, and stops it.
    ("actix_web", &["web", "startup.rs", "cli/serve.rs"]),
    ("actix_session", &["web", "startup.rs"]),
    ("actix_multipart", &["web"]),
    // Letters and documents are templates too.
    ("askama", &["web", "documents", "mail"]),
    ("rust_embed", &["web"]),
    ("lettre", &["mail", "worker"]),
    ("krilla", &["documents"]),
    ("dejavu", &["documents"]),
    ("argon2", &["passwords.rs"]),
    ("getrandom", &["secrets.rs"]),
    ("hmac", &["secrets.rs"]),
    // The log's format is a setting.
    ("clap", &["cli", "telemetry.rs"]),
    ("tracing_subscriber", &["telemetry.rs", "cli"]),
    (
        "tokio",
        &[
            "store",
            "web",
            "mail",
            "worker",
            "startup.rs",
            "demo",
            "cli",
        ],
    ),
    ("reqwest", &[]),
];

/// What the domain may name besides the standard library: values, no machinery. The statement's
/// canonical content is a domain matter, and so is its hash.
const DOMAIN: &[(&str, &[&str])] = &[
    ("chrono", &[""]),
    ("chrono_tz", &[""]),
    ("iso_currency", &[""]),
    ("serde", &[""]),
    ("thiserror", &[""]),
    ("serde_json", &["statement_document"]),
    ("sha2", &["statement_document"]),
    ("proptest", &["tests"]),
];

struct Source {
    path: PathBuf,
    /// Comments and what stands in quotes taken out.
    code: String,
    lines: usize,
}

impl Source {
    /// The first part below `src`, without its ending.
    fn layer(&self) -> String {
        let first = self.path.iter().nth(1).unwrap().to_str().unwrap();
        first.trim_end_matches(".rs").to_owned()
    }
    fn shown(&self) -> String {
        self.path.display().to_string()
    }
    /// Every path in `use` lists and in the code, spelled out: `use a::{b, c::d}` is `a::b`, `a::c::d`.
    fn paths(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for import in self.code.split("use ").skip(1) {
            if let Some((tree, _)) = import.split_once(';') {
                spell(tree.trim(), "", &mut found);
            }
        }
        let words = self
            .code
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        found.extend(words.filter(|word| word.contains("::")).map(str::to_owned));
        found
    }
    /// Names the crate at the beginning of a path.
    fn names(&self, krate: &str) -> bool {
        let begins = format!("{krate}::");
        self.paths()
            .iter()
            .any(|path| path == krate || path.trim_start_matches("::").starts_with(&begins))
    }
}

/// Spells out one tree of a `use`.
fn spell(tree: &str, before: &str, found: &mut BTreeSet<String>) {
    let Some((prefix, rest)) = tree.split_once('{') else {
        found.insert(format!(
            "{before}{}",
            tree.split(" as ").next().unwrap().trim()
        ));
        return;
    };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut depth, mut begun) = (0, 0);
    let before = format!("{before}{}", prefix.trim());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                spell(inner[begun..at].trim(), &before, found);
                begun = at + 1;
            }
            _ => {}
        }
    }
    if !inner[begun..].trim().is_empty() {
        spell(inner[begun..].trim(), &before, found);
    }
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    gather(Path::new("src"), &mut found);
    assert!(found.len() > 50);
    found
}

fn gather(folder: &Path, found: &mut Vec<Source>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push(Source {
                code: code_of(&text),
                lines: text.lines().count(),
                path,
            });
        }
    }
}

/// The text without comments, and with nothing between quotes.
fn code_of(text: &str) -> String {
    let mut code = String::new();
    // A text that a backslash carries to the next line.
    let mut carried = false;
    for line in text.lines() {
        let (mut quoted, mut escaped, mut last) = (carried, false, ' ');
        for c in line.chars() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' if last != '\'' => quoted = !quoted,
                '/' if !quoted && last == '/' => {
                    code.pop();
                    break;
                }
                c if !quoted => code.push(c),
                _ => {}
            }
            last = c;
        }
        carried = quoted && escaped;
        code.push('\n');
    }
    code
}

#[test]
fn each_layer_uses_only_the_layers_below_it() {
    let mut broken = String::new();
    for source in sources() {
        let layer = source.layer();
        if ["lib", "main"].contains(&layer.as_str()) {
            continue;
        }
        let height = LAYERS.iter().position(|known| *known == layer);
        let height =
            height.unwrap_or_else(|| panic!("src/{layer} is on no floor: put it into LAYERS"));
        for path in source.paths() {
            let mut parts = path.trim_start_matches("::").split("::");
            if !["crate", "perennial"].contains(&parts.next().unwrap()) {
                continue;
            }
            let named = parts.next().unwrap_or_default();
            let above = LAYERS[height + 1..].contains(&named);
            let excepted = EXCEPTIONS
                .iter()
                .any(|(from, to, _)| *from == layer && *to == named);
            if above && !excepted {
                writeln!(broken, "{} names {path}", source.shown()).unwrap();
            }
        }
    }
    assert!(broken.is_empty(), "steps upwards:\n{broken}");
}

#[test]
fn each_framework_is_named_only_where_it_belongs() {
    let mut broken = String::new();
    for source in sources() {
        let within = source.path.strip_prefix("src").unwrap();
        for (krate, allowed) in FRAMEWORKS {
            let is_allowed = allowed.iter().any(|place| {
                within.starts_with(place) || within == Path::new(&format!("{place}.rs"))
            });
            if !is_allowed && source.names(krate) {
                writeln!(broken, "{} names {krate}", source.shown()).unwrap();
            }
        }
    }
    assert!(broken.is_empty(), "{broken}");
}

/// Every crate of `Cargo.toml` that the domain names is one of the few it may.
#[test]
fn the_domain_is_pure() {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let crates: Vec<String> = manifest
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.replace('-', "_"))
        .chain(["tokio".to_owned(), "log".to_owned(), "rand".to_owned()])
        .collect();
    let mut broken = String::new();
    for source in sources().iter().filter(|source| source.layer() == "domain") {
        for krate in crates.iter().filter(|krate| source.names(krate)) {
            let row = DOMAIN.iter().find(|(name, _)| name == krate);
            let shown = source.shown();
            let is_test = shown.ends_with("tests.rs") || source.code.contains("cfg(test)");
            let allowed = row.is_some_and(|(_, places)| {
                places
                    .iter()
                    .any(|place| shown.contains(place) || (*place == "tests" && is_test))
            });
            if !allowed {
                writeln!(broken, "{shown} names {krate}").unwrap();
            }
        }
        for machinery in [
            "std::fs",
            "std::net",
            "std::thread",
            "std::env",
            "std::process",
            "std::time::SystemTime",
            "std::time::Instant",
            "Utc::now",
            "Local::now",
        ] {
            if source
                .paths()
                .iter()
                .any(|path| path.starts_with(machinery))
            {
                writeln!(broken, "{} names {machinery}", source.shown()).unwrap();
            }
        }
    }
    assert!(broken.is_empty(), "{broken}");
}

/// Lints are met, or expected with a reason: `allow` would stay when its cause has gone.
#[test]
fn no_lint_is_allowed_away() {
    for source in sources() {
        for attribute in source
            .code
            .split("#[")
            .skip(1)
            .chain(source.code.split("#![").skip(1))
        {
            let attribute = attribute.trim_start();
            assert!(
                !attribute.starts_with("allow("),
                "{}: #[{}",
                source.shown(),
                attribute.lines().next().unwrap()
            );
        }
        for attribute in source
            .code
            .split("#[expect(")
            .skip(1)
            .chain(source.code.split("#![expect(").skip(1))
        {
            let inner = attribute.split(")]").next().unwrap();
            assert!(
                inner.contains("reason ="),
                "{}: expect({inner}",
                source.shown()
            );
        }
    }
}

/// Where floats may be: places on a sheet of paper, and seconds in a log. Nowhere near money.
const FLOATS: &[&str] = &["documents/pdf", "documents/pdf.rs"];

/// Whether code names a float's type, makes a float, or asks the database for one.
fn has_float(code: &str) -> bool {
    let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
    let is_literal = |word: &str| {
        let mut parts = word.splitn(2, '.');
        let whole = parts.next().unwrap_or_default();
        let is_number = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_digit())
                && part.chars().all(|c| c.is_ascii_digit() || c == '_')
        };
        is_number(whole) && parts.next().is_some_and(is_number)
    };
    let types = [
        "f32", "f64", "Float", "Double", "Float4", "Float8", "as_f64", "as_f32", "from_f64",
    ];
    words
        .map(|word| word.trim_matches('.'))
        .any(|word| word.split('.').any(|part| types.contains(&part)) || is_literal(word))
}

/// Invariant 32: money, rates, shares and metrics are whole numbers and fractions. The linter
/// refuses the types by name; this also finds a literal, a column and what a crate hands out.
#[test]
fn no_float_comes_near_money() {
    let mut broken = String::new();
    for source in sources() {
        let within = source.path.strip_prefix("src").unwrap();
        let is_allowed = FLOATS.iter().any(|place| within.starts_with(place));
        if !is_allowed && has_float(&source.code) {
            writeln!(broken, "{}", source.shown()).unwrap();
        }
    }
    assert!(broken.is_empty(), "floats in:\n{broken}");
    let lints = fs::read_to_string("clippy.toml").unwrap();
    assert!(lints.contains("path = \"f32\"") && lints.contains("path = \"f64\""));
    assert!(has_float("let x = 1.5;") && has_float("fn of(x: f64)") && has_float("value.as_f64()"));
    assert!(!has_float("self.0.1") && !has_float("0..5") && !has_float("pair.0 .1"));
}

/// SQL written by hand stays in the store, and there it is few.
#[test]
fn sql_is_written_in_the_store_alone() {
    for source in sources().iter().filter(|source| source.layer() != "store") {
        for word in [
            "sql_query",
            "batch_execute",
            "rows_of(",
            "TransactionManager",
        ] {
            assert!(
                !source.code.contains(word),
                "{} says {word}",
                source.shown()
            );
        }
    }
}

/// Told, not refused: a file that has grown, and a function clippy would call too long.
#[test]
fn what_has_grown_too_long_is_told() {
    let mut long = BTreeMap::new();
    for source in sources() {
        let generated = source.path.ends_with("store/schema.rs");
        if source.lines > 400 && !generated {
            long.insert(source.shown(), source.lines);
        }
    }
    for (file, lines) in &long {
        println!("{file} has {lines} lines: look for what could stand on its own");
    }
    let far_too_long: Vec<_> = long.iter().filter(|(_, lines)| **lines > 1000).collect();
    assert!(far_too_long.is_empty(), "{far_too_long:?}");
}

/// The body of a `call` is expanded inside the macro, so a name in it that is also one of the macro's
/// parameters is the parameter: a form would be sent to the wrong address, and nobody would say so.
#[test]
fn no_name_in_a_template_is_taken_over_by_the_macro_around_it() {
    let mut files = Vec::new();
    templates(Path::new("templates"), &mut files);
    let mut macros: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in files
        .iter()
        .filter(|(path, _)| path.starts_with("templates/parts"))
    {
        let library = path.file_stem().unwrap().to_str().unwrap();
        for declared in text.split("{% macro ").skip(1) {
            let (name, rest) = declared.split_once('(').unwrap();
            let parameters = rest.split(')').next().unwrap().split(',');
            let parameters = parameters.map(|one| one.split('=').next().unwrap().trim().to_owned());
            macros.insert(
                format!("{library}::{name}"),
                parameters.filter(|one| !one.is_empty()).collect(),
            );
        }
    }
    assert!(macros.len() > 10);
    let mut taken = String::new();
    for (path, text) in &files {
        for (around, name) in shadowed(text, &macros) {
            // The macro is given the page's own title.
            if (around.as_str(), name.as_str()) == ("records::head", "title")
                && text.contains("records::head(crumbs, title,")
            {
                continue;
            }
            writeln!(taken, "{}: {name} within {around}", path.display()).unwrap();
        }
    }
    assert!(taken.is_empty(), "{taken}");
}

fn templates(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            templates(&path, found);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}

/// Names that stand in the body of a call and are parameters of its macro.
fn shadowed(text: &str, macros: &BTreeMap<String, Vec<String>>) -> Vec<(String, String)> {
    let (mut around, mut found): (Vec<String>, _) = (Vec::new(), Vec::new());
    for piece in text.split("{{").flat_map(|piece| piece.split("{%")).skip(1) {
        let end = piece
            .find("}}")
            .into_iter()
            .chain(piece.find("%}"))
            .min()
            .unwrap_or(piece.len());
        let code = piece[..end].trim().trim_matches('-').trim();
        if code == "endcall" {
            around.pop();
            continue;
        }
        // Every other part stands in quotes; what is followed by `=` names a parameter on purpose.
        let said: String = code.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        let words = said.split(|c: char| !(c.is_alphanumeric() || "_.:=".contains(c)));
        for word in words.filter(|word| !word.contains('=')) {
            let name = word.split('.').next().unwrap();
            for call in &around {
                if macros
                    .get(call)
                    .is_some_and(|parameters| parameters.iter().any(|one| one == name))
                {
                    found.push((call.clone(), name.to_owned()));
                }
            }
        }
        if let Some(called) = code.strip_prefix("call ") {
            around.push(called.split('(').next().unwrap().trim().to_owned());
        }
    }
    found
}

mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Source, code_of, shadowed, spell};

    #[test]
    fn a_use_is_spelled_out() {
        let mut found = BTreeSet::new();
        spell("crate::{a, b::{c, d::e as f}, g::*,}", "", &mut found);
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            ["crate::a", "crate::b::c", "crate::b::d::e", "crate::g::*"]
        );
    }

    #[test]
    fn a_name_in_a_calls_body_is_told_from_one_beside_it() {
        let macros = BTreeMap::from([(
            "records::section".to_owned(),
            vec!["title".to_owned(), "href".to_owned()],
        )]);
        let text = "{{ href }}{% call records::section(\"A\", href=other) %}{{ one.href }}{{ \"href\" }}{% endcall %}{{ title }}";
        assert!(shadowed(text, &macros).is_empty());
        let text = "{% call records::section(\"A\") %}{% if a %}<a href=\"{{ href }}/x\">{% endif %}{% endcall %}";
        assert_eq!(shadowed(text, &macros).len(), 1);
    }

    #[test]
    fn comments_and_quotes_name_nothing() {
        let text = "use diesel::x; // actix_web::App\nlet a = \"lettre::x\"; askama::y();\n/// krilla::z\nlet c = '\"'; tokio::spawn();";
        let source = Source {
            path: "src/x.rs".into(),
            code: code_of(text),
            lines: 0,
        };
        for (krate, named) in [
            ("diesel", true),
            ("askama", true),
            ("tokio", true),
            ("actix_web", false),
            ("lettre", false),
            ("krilla", false),
        ] {
            assert_eq!(source.names(krate), named, "{krate}");
        }
    }
}
