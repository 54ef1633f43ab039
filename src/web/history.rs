//! A record's history as its page shows it.
use crate::{domain::Zone, store::platform::History};

/// One line: when, who, what, and the fields that changed.
#[derive(Debug, Clone)]
pub struct HistoryRow {
    /// For reading: "3 Nov 2026, 14:05 CET".
    pub at: String,
    /// For machines: 2026-11-03T14:05:00Z.
    pub at_iso: String,
    /// Who.
    pub who: String,
    /// What.
    pub what: String,
    /// Field, old, new.
    pub changes: Vec<(String, String, String)>,
}

/// The lines of a history, by the clocks of a zone.
pub fn rows(history: Vec<History>, zone: Zone) -> Vec<HistoryRow> {
    let row = |line| row(line, zone);
    history.into_iter().map(row).collect()
}

fn row(line: History, zone: Zone) -> HistoryRow {
    let what = match line.summary.is_empty() {
        true => line.action.label().to_owned(),
        false => line.summary,
    };
    HistoryRow {
        at: zone.instant_words(line.at),
        at_iso: line.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        who: line.actor,
        what,
        changes: line
            .changes
            .into_iter()
            .map(|change| {
                (
                    change.field,
                    only(&change.old, &change.new),
                    only(&change.new, &change.old),
                )
            })
            .collect(),
    }
}

/// Of a value of several lines, those that another value has not; of one line, all of it.
fn only(value: &str, other: &str) -> String {
    if !value.contains('\n') && !other.contains('\n') {
        return value.to_owned();
    }
    let others: Vec<&str> = other.lines().collect();
    let lines: Vec<&str> = value
        .lines()
        .filter(|line| !others.contains(line))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_lines_those_that_changed_are_told() {
        let (old, new) = (
            "Gold earns 20 %\nAll earn 10 %",
            "Gold earns 22 %\nAll earn 10 %",
        );
        assert_eq!(only(old, new), "Gold earns 20 %");
        assert_eq!(only(new, old), "Gold earns 22 %");
        assert_eq!(only("same", "same"), "same");
        assert_eq!(only("", "a\nb"), "");
    }
}
