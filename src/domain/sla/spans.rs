//! Stretches of time, half-open, and what they cover together.

use chrono::NaiveDateTime;

/// From one instant to another, `[from, to)`; both in the same zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first instant in it.
    pub from: NaiveDateTime,
    /// The first instant after it.
    pub to: NaiveDateTime,
}

impl Span {
    /// How long it is in seconds, never below zero.
    pub fn seconds(self) -> i64 {
        (self.to - self.from).num_seconds().max(0)
    }

    /// What of it lies in another, if anything.
    pub fn within(self, other: Self) -> Option<Self> {
        let both = Self {
            from: self.from.max(other.from),
            to: self.to.min(other.to),
        };
        (both.from < both.to).then_some(both)
    }
}

/// The same time, in order and without overlaps.
pub(super) fn merged(spans: impl IntoIterator<Item = Span>) -> Vec<Span> {
    let mut spans: Vec<Span> = spans.into_iter().filter(|one| one.from < one.to).collect();
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => merged.push(span),
        }
    }
    merged
}

/// What of the first is not in the second; both are merged.
pub(super) fn without(spans: &[Span], taken: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    for &span in spans {
        let mut from = span.from;
        for cut in taken.iter().filter_map(|cut| cut.within(span)) {
            if from < cut.from {
                left.push(Span { from, to: cut.from });
            }
            from = from.max(cut.to);
        }
        if from < span.to {
            left.push(Span { from, to: span.to });
        }
    }
    left
}

/// How long merged spans are together, in seconds.
pub(super) fn total(spans: &[Span]) -> i64 {
    spans.iter().map(|span| span.seconds()).sum()
}
