//! Stretches that are measured by the second: their instants, and what was given back by them.
use std::collections::HashMap;

use super::{Findings, Ledger};
use crate::{
    domain::{ChargeSegment, proration::credit_at},
    id::ChargeSegmentId,
    store::revenue::segments::Segment,
};

pub fn check(ledger: &Ledger, found: &mut Findings) {
    let known: HashMap<ChargeSegmentId, &Segment> =
        ledger.segments.iter().map(|one| (one.id, one)).collect();
    for segment in &ledger.segments {
        let plan = ledger.prices.get(&segment.price_id);
        let counts = plan.is_some_and(|plan| ledger.by_second.contains(plan));
        let ends = (segment.from_at, segment.to_at);
        let fits = match ends {
            (None, None) => !counts,
            (Some(from), Some(to)) => counts && from <= to,
            _ => false,
        };
        found.unless(fits, || {
            let name = segment.id;
            format!("Segment {name}: it is not measured as its plan says, or has one end alone")
        });
        if let Some(old) = segment.replaces_id.and_then(|id| known.get(&id)) {
            replaced(old, segment, found);
        }
    }
}

/// What took the place of a stretch lies in it and ends with it, and no less of the old one was
/// given back than for the seconds from then on.
fn replaced(old: &Segment, new: &Segment, found: &mut Findings) {
    let (Some(was), Some(is)) = (old.span(), new.span()) else {
        let alike = old.span().is_some() == new.span().is_some();
        found.unless(alike, || format!("Segment {} is measured anew", new.id));
        return;
    };
    let lies = was.from <= is.from && is.from < was.to && is.to == was.to;
    found.unless(lies, || {
        format!("Segment {} does not lie in {}", new.id, old.id)
    });
    let whole = ChargeSegment {
        credited_minor: 0,
        ..old.charge()
    };
    // A price that was lowered since says nothing about what was given back before.
    let owed = credit_at(&whole, new.begins()).map_or(0, |credit| -credit);
    found.unless(old.lowered_minor > 0 || old.credited_minor >= owed, || {
        format!(
            "Segment {}: {} given back, {owed} by its seconds",
            old.id, old.credited_minor
        )
    });
}
