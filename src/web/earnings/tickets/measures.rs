//! How long a ticket took, against what was promised.
use chrono::NaiveDateTime;

use crate::{
    domain::{Zone, sla::Standing},
    services::catalogue::judging::{is_about, standing},
    store::registers::service_levels::{Promised, TicketRow},
    web::staff::sla_policies,
};

/// How a promise stands for one ticket.
pub(super) struct Measure {
    pub promise: String,
    pub hours: &'static str,
    pub spent: String,
    pub pill: (&'static str, &'static str),
}

pub(super) fn measures(
    row: &TicketRow,
    promised: &[Promised],
    at: (Zone, NaiveDateTime),
) -> Vec<Measure> {
    let found = promised
        .iter()
        .find(|one| one.offering == row.ticket.offering);
    let Some(promised) = found else {
        return Vec::new();
    };
    let about = promised.policy.targets.iter();
    about
        .filter(|target| is_about(target, &row.ticket))
        .map(|target| {
            let (standing, seconds) = standing(&promised.policy, (target, &row.ticket), at);
            Measure {
                promise: sla_policies::promise(target),
                hours: target.calendar.label(),
                spent: format!("{} min", seconds / 60),
                pill: match standing {
                    Standing::InTime => ("good", "In time"),
                    Standing::Late => ("bad", "Late"),
                    Standing::Running => ("info", "Still running"),
                },
            }
        })
        .collect()
}

/// How the ticket stands, in a sentence.
pub(super) fn answer(measures: &[Measure]) -> String {
    let number = |word: &str| measures.iter().filter(|one| one.pill.1 == word).count();
    let all = measures.len();
    match (number("Late"), number("Still running")) {
        _ if all == 0 => "Nothing is promised for such a ticket.".to_owned(),
        (0, 0) => "What is promised for it was kept.".to_owned(),
        (0, _) => "What is promised for it can still be kept.".to_owned(),
        (late, _) if late == all => "What is promised for it was missed.".to_owned(),
        (late, _) => format!("Of the {all} promises for it {late} was missed."),
    }
}
