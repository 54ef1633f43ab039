//! Every question the store can ask is asked by somebody, and so read by the fence.
//!
//! The fence reads what runs. A function of the store that nothing calls has never been read, so each
//! public one must be named in the code above it, and from there in a test's reach: services, pages,
//! jobs and the command line are run by the stories. This reads names, not runs; it finds what was
//! forgotten, not what a story passes by.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the source has failed"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Functions that only stand ready. Each with its reason. This list may only shrink.
const UNCALLED: &[(&str, &str)] = &[];

struct File {
    path: PathBuf,
    text: String,
}

fn gather(folder: &Path, found: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push(File { path, text });
        }
    }
}

/// Whether a text calls a function, or hands it on: its name, not as part of a longer one, and not
/// where it is declared.
fn calls(text: &str, name: &str) -> bool {
    let part_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let alone = !before.ends_with(part_of_a_name) && !after.starts_with(part_of_a_name);
        alone
            && !before.ends_with("fn ")
            && after.starts_with(['(', ')', ',', ':', ';', '}', '.', ' ', '\n'])
    })
}

/// The public functions of a file, methods and those of traits among them.
fn public(text: &str) -> Vec<String> {
    let tested = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let names = tested.lines().filter_map(|line| {
        let line = line.trim_start();
        let rest = ["pub fn ", "pub async fn ", "pub(crate) fn "]
            .iter()
            .find_map(|begin| line.strip_prefix(begin))?;
        rest.split(['(', '<']).next().map(str::to_owned)
    });
    names.collect()
}

#[test]
fn every_function_of_the_store_is_called() {
    let (mut store, mut all) = (Vec::new(), Vec::new());
    gather(Path::new("src/store"), &mut store);
    gather(Path::new("src"), &mut all);
    gather(Path::new("tests"), &mut all);
    let mut uncalled: BTreeMap<String, String> = BTreeMap::new();
    let mut read = 0;
    for file in &store {
        for name in public(&file.text) {
            read += 1;
            let called = all.iter().any(|other| calls(&other.text, &name));
            if !called {
                uncalled.insert(name, file.path.display().to_string());
            }
        }
    }
    assert!(read > 60, "{read}");
    let listed: Vec<&str> = UNCALLED.iter().map(|(name, _)| *name).collect();
    let new: Vec<_> = uncalled
        .iter()
        .filter(|(name, _)| !listed.contains(&name.as_str()))
        .collect();
    let gone: Vec<_> = listed
        .iter()
        .filter(|name| !uncalled.contains_key(**name))
        .collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "called by nobody: {new:#?}; strike from the list: {gone:?}"
    );
}

#[test]
fn a_call_is_told_from_a_declaration() {
    for (text, called) in [
        ("pub fn parked(tx: &mut Tx)", false),
        ("jobs::parked(tx)", true),
        ("read(scope, jobs::parked)", true),
        ("let unparked = 1; parked_list()", false),
        ("use store::jobs::{parked, retry};", true),
    ] {
        assert_eq!(calls(text, "parked"), called, "{text}");
    }
}
