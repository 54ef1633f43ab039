//! Events as programs report them: a JSON object on each line, taken as a whole or not at all.
use serde::{Deserialize, Serialize};

use super::intake::{Intake, Said, Verdict};
use crate::{
    Result,
    domain::Permission,
    store::{Tx, VendorScope},
};

/// The most events in one request.
pub const MOST_LINES: usize = 5_000;
/// The most problems that are listed; further ones are only counted.
const MOST_PROBLEMS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    external_id: String,
    subscription: String,
    meter: String,
    occurred_at: String,
    value: Value,
    #[serde(default)]
    subject: String,
}

/// Decimals come as text: a JSON number may have lost digits on its way.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Whole(i64),
    Text(String),
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Whole(whole) => whole.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Something that is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineProblem {
    /// The line, the first being 1.
    pub line: usize,
    /// The field; empty where the whole line is meant.
    pub field: &'static str,
    /// What is wrong, in a sentence.
    pub reason: String,
}

/// What was made of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Taken {
    /// Every event is on record now.
    Whole {
        /// Events that were new.
        taken: usize,
        /// Events that were on record, or said twice.
        known: usize,
    },
    /// None was taken.
    Refused {
        /// What is wrong, in the order of the lines.
        problems: Vec<LineProblem>,
        /// How many problems there are in all.
        problem_count: usize,
    },
}

#[derive(Default)]
struct Problems {
    listed: Vec<LineProblem>,
    count: usize,
}

impl Problems {
    fn add(&mut self, line: usize, field: &'static str, reason: String) {
        self.count += 1;
        if self.listed.len() < MOST_PROBLEMS {
            self.listed.push(LineProblem {
                line,
                field,
                reason,
            });
        }
    }
}

/// Takes reported events; blank lines mean nothing.
///
/// # Errors
/// [`Error::Forbidden`](crate::Error::Forbidden); faults of the database.
pub fn take(tx: &mut Tx<'_, VendorScope>, text: &str) -> Result<Taken> {
    tx.allow(Permission::ReportUsage)?;
    let mut problems = Problems::default();
    let lines = read(text, &mut problems);
    let sold: Vec<String> = lines
        .iter()
        .map(|(_, line)| line.subscription.clone())
        .collect();
    let events: Vec<String> = lines
        .iter()
        .map(|(_, line)| line.external_id.clone())
        .collect();
    let mut intake = Intake::of(tx, &sold, &events)?;
    let mut known = 0;
    for (number, line) in &lines {
        let value = line.value.text();
        let said = Said {
            external_id: &line.external_id,
            subscription: &line.subscription,
            meter: &line.meter,
            occurred_at: &line.occurred_at,
            value: &value,
            subject: &line.subject,
        };
        match intake.hear(&said) {
            Verdict::New => {}
            Verdict::Known => known += 1,
            Verdict::Wrong(wrong) => {
                for one in wrong {
                    problems.add(*number, one.field, one.reason);
                }
            }
        }
    }
    if problems.count > 0 {
        problems.listed.sort_by_key(|one| one.line);
        return Ok(Taken::Refused {
            problems: problems.listed,
            problem_count: problems.count,
        });
    }
    let taken = intake.write(tx)?;
    Ok(Taken::Whole { taken, known })
}

/// The fields of an event, and whether it must have them.
const FIELDS: [(&str, bool); 6] = [
    ("external_id", true),
    ("subscription", true),
    ("meter", true),
    ("occurred_at", true),
    ("value", true),
    ("subject", false),
];

/// An event, or what is wrong with the line, in sentences for whoever writes the program.
fn event(line: &str) -> std::result::Result<Line, String> {
    let read: serde_json::Value = serde_json::from_str(line)
        .map_err(|why| format!("This is no JSON: column {}.", why.column()))?;
    let Some(fields) = read.as_object() else {
        return Err("Give one JSON object on a line.".to_owned());
    };
    let has = |name: &str| fields.contains_key(name);
    if let Some((name, _)) = FIELDS.iter().find(|(name, must)| *must && !has(name)) {
        return Err(format!("The field “{name}” is missing."));
    }
    let is_known = |name: &&String| FIELDS.iter().any(|(known, _)| known == name);
    if let Some(name) = fields.keys().find(|name| !is_known(name)) {
        return Err(format!("An event has no field “{name}”."));
    }
    let is_text = |name: &str| fields.get(name).is_none_or(serde_json::Value::is_string);
    let mut texts = FIELDS.iter().filter(|(name, _)| *name != "value");
    if let Some((name, _)) = texts.find(|(name, _)| !is_text(name)) {
        return Err(format!("Give “{name}” as text."));
    }
    serde_json::from_str(line)
        .map_err(|_| "Give “value” as a whole number, or as text such as \"12.5\".".to_owned())
}

fn read(text: &str, problems: &mut Problems) -> Vec<(usize, Line)> {
    let mut lines = Vec::new();
    let said = (1..).zip(text.lines());
    for (number, line) in said.filter(|(_, line)| !line.trim().is_empty()) {
        if lines.len() == MOST_LINES {
            let why = format!("A request holds at most {MOST_LINES} events.");
            problems.add(number, "", why);
            break;
        }
        match event(line) {
            Ok(read) => lines.push((number, read)),
            Err(why) => problems.add(number, "", why),
        }
    }
    lines
}
