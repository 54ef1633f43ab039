//! Every crate that is built into the product may be: its licence is on the list.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot ask cargo has failed"
)]

use std::{path::Path, process::Command};

use serde_json::Value;

/// Licences whose conditions Perennial meets by shipping under MIT or Apache-2.0 with its sources.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "PostgreSQL",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

#[test]
fn every_crate_has_a_licence_on_the_list() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{} packages only", packages.len());
    let refused: Vec<_> = packages.iter().filter_map(refused).collect();
    assert!(
        refused.is_empty(),
        "not on the list:\n{}",
        refused.join("\n")
    );
}

#[test]
fn the_product_carries_both_of_its_licences() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(env!("CARGO_PKG_LICENSE"), "MIT OR Apache-2.0");
    for (file, says) in [
        ("LICENSE-MIT", "Permission is hereby granted"),
        ("LICENSE-APACHE", "Version 2.0, January 2004"),
    ] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        assert!(text.contains(says), "{file} does not say {says:?}");
    }
}

/// Asks cargo what is in the lock file, for every platform; without the network where it can.
fn metadata() -> Value {
    let asked = ask(&["--offline"]).or_else(|_| ask(&[]));
    let json = asked.unwrap_or_else(|problem| panic!("cargo metadata: {problem}"));
    serde_json::from_slice(&json).unwrap()
}

fn ask(more: &[&str]) -> Result<Vec<u8>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(more)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The line that names a package whose licence will not do.
fn refused(package: &Value) -> Option<String> {
    let licence = package["license"].as_str().unwrap_or("no licence named");
    let name = format!(
        "{} {}",
        package["name"].as_str()?,
        package["version"].as_str()?
    );
    match allows(licence) {
        Ok(true) => None,
        Ok(false) => Some(format!("{name}: {licence}")),
        Err(problem) => Some(format!("{name}: {licence} ({problem})")),
    }
}

/// Whether an SPDX expression can be met with licences of the list.
fn allows(expression: &str) -> Result<bool, String> {
    // Before SPDX, a slash between licences meant a choice.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let allowed = either(&mut words)?;
    match words.next() {
        None => Ok(allowed),
        Some(word) => Err(format!("{word:?} is out of place")),
    }
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>) -> Result<bool, String> {
    let mut allowed = both(words)?;
    while words.next_if_eq(&"OR").is_some() {
        allowed |= both(words)?;
    }
    Ok(allowed)
}

fn both(words: &mut Words<'_>) -> Result<bool, String> {
    let mut allowed = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        allowed &= one(words)?;
    }
    Ok(allowed)
}

fn one(words: &mut Words<'_>) -> Result<bool, String> {
    let name = words.next().ok_or("a licence is missing")?;
    if name == "(" {
        let allowed = either(words)?;
        return match words.next() {
            Some(")") => Ok(allowed),
            _ => Err("a bracket is left open".into()),
        };
    }
    if ["OR", "AND", "WITH", ")"].contains(&name) {
        return Err(format!("{name:?} is out of place"));
    }
    let Some(_) = words.next_if_eq(&"WITH") else {
        return Ok(ALLOWED.contains(&name));
    };
    let exception = words.next().ok_or("an exception is missing")?;
    Ok(ALLOWED.contains(&format!("{name} WITH {exception}").as_str()))
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0-only OR MIT",
        "(MIT OR GPL-3.0-only) AND Unicode-3.0",
        "MIT OR GPL-3.0-only AND GPL-2.0-only",
        "Apache-2.0 WITH LLVM-exception OR Apache-2.0",
    ] {
        assert_eq!(allows(good), Ok(true), "{good}");
    }
    for bad in [
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "GPL-3.0-only/AGPL-3.0",
        "MIT WITH Strange-exception",
    ] {
        assert_eq!(allows(bad), Ok(false), "{bad}");
    }
    for broken in ["", "MIT OR", "(MIT", "MIT MIT", "MIT)", "AND MIT"] {
        assert!(allows(broken).is_err(), "{broken}");
    }
}
