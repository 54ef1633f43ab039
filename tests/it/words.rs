//! What people read: one spelling, one word for one thing, and never "1 days".
use std::{
    fs,
    path::{Path, PathBuf},
};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// Every line that may be shown: of templates all, of the source what is no comment.
fn lines() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    files(&root.join("src"), &mut paths);
    files(&root.join("templates"), &mut paths);
    let mut lines = Vec::new();
    for path in paths {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let name = path.strip_prefix(root).unwrap_or(&path).display();
        let shown = text.lines().filter(|line| !line.trim().starts_with("//"));
        lines.extend(shown.map(|line| (name.to_string(), line.to_owned())));
    }
    assert!(lines.len() > 10_000, "only {} lines", lines.len());
    lines
}

/// Spellings that are not those of American English, and words for which there is another.
const OTHERWISE: &[&str] = &[
    "rogramme ",
    "rogramme.",
    "rogramme,",
    "rogrammes",
    " enrol ",
    "their enrolment",
    "cancelled",
    "colour:",
    " reckoned from",
    "Switch company",
    "\"Saved.\"",
    "Service level set",
];

#[test]
fn one_spelling_and_one_word_for_one_thing() {
    let faults: Vec<String> = lines()
        .into_iter()
        .filter(|(_, line)| line.contains('"') || line.contains('<'))
        .filter(|(_, line)| OTHERWISE.iter().any(|word| line.contains(word)))
        .map(|(file, line)| format!("{file}: {}", line.trim()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is counted on pages and by commands.
const COUNTED: &[&str] = &[
    "days",
    "months",
    "statements",
    "payouts",
    "letters",
    "rows",
    "problems",
    "subscriptions",
    "offerings",
    "units",
    "lines",
    "vendors",
    "findings",
    "hours",
    "minutes",
];

/// Where the number before the noun is never one, or is of another thing.
const NEVER_ONE: &[&str] = &[
    // Of a month's or a period's days.
    "{} of {} days",
    "{} of the {} days",
    // One has an arm of its own.
    "many => format!(\"{many} months are over",
    "in the first {months} months",
    "months => format!(\"{months} months\")",
    // A fault's text.
    "stored interval of {months} months",
    // The largest file.
    "most_lines",
];

#[test]
fn one_is_never_followed_by_many() {
    let is_bare = |line: &str| {
        COUNTED
            .iter()
            .any(|noun| line.contains(&format!("}} {noun}")))
    };
    let faults: Vec<String> = lines()
        .into_iter()
        .filter(|(file, _)| !file.starts_with("src/demo") && !file.starts_with("src/load"))
        .filter(|(_, line)| is_bare(line))
        .filter(|(_, line)| !NEVER_ONE.iter().any(|known| line.contains(known)))
        .map(|(file, line)| format!("{file}: {}", line.trim()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
