//! SLA policies: what is promised with an offering, as data.
mod form;

use actix_web::web::{Data, ServiceConfig, get, post, resource};
use askama::Template;

use crate::{
    domain::{
        Permission, Rate,
        sla::{Liability, Terms},
    },
    id::SlaPolicyId,
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        catalogue::sla::{self, Policy, Target},
    },
    web::{Answer, Shell, admission::Staff, page::ok, words},
};
use form::{create, edit, new, update};

use crate::services::catalogue::sla::minutes;
pub use crate::services::catalogue::sla::promise;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/sla-policies")
                .route(get().to(index))
                .route(post().to(create)),
        )
        .service(resource("/sla-policies/new").route(get().to(new)))
        .service(resource("/sla-policies/{sla_policy}/edit").route(get().to(edit)))
        .service(resource("/sla-policies/{sla_policy}").route(post().to(update)));
}

/// Each promise in a sentence.
pub fn sentences(targets: &[Target]) -> Vec<String> {
    targets.iter().map(sentence).collect()
}

/// Each promise of a policy in a sentence, and what it says of maintenance and credits.
pub fn promises(policy: &Policy) -> Vec<String> {
    let mut said = sentences(&policy.targets);
    said.push(limits(&policy.terms));
    said
}

fn sentence(target: &Target) -> String {
    let what = promise(target);
    let hours = target.calendar.label().to_lowercase();
    match target.credit.bps() {
        0 => format!("{what}, {hours}."),
        _ => format!(
            "{what}, {hours}; a miss gives {} of the month's fee back.",
            target.credit
        ),
    }
}

fn read_percent(text: &str) -> Result<i64, &'static str> {
    const WHY: &str = "Give a percentage such as 99.9, with at most four decimals.";
    let text = text.trim().trim_end_matches('%').trim_end();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || part.len() > 4 || !digits(whole) || !digits(part) {
        return Err(WHY);
    }
    format!("{whole}{part:0<4}").parse().map_err(|_| WHY)
}

struct PolicyView {
    id: SlaPolicyId,
    name: String,
    summary: String,
    targets: Vec<String>,
    calendar: String,
    limits: String,
}

/// What a policy says of maintenance and of its credits together, in sentences.
fn limits(terms: &Terms) -> String {
    let mut said = Vec::new();
    if terms.notice_minutes > 0 {
        said.push(format!(
            "Maintenance is announced {} before.",
            minutes(terms.notice_minutes.into())
        ));
    }
    if let Some(cap) = terms.maintenance_cap_minutes {
        said.push(format!(
            "A month has at most {} of it.",
            minutes(cap.into())
        ));
    }
    if terms.credit_cap != Rate::WHOLE {
        said.push(format!(
            "All credits of a month together are at most {}.",
            terms.credit_cap
        ));
    }
    if let Some(days) = terms.claim_days {
        said.push(format!(
            "Credits are claimed within {} after the month, or after they are proposed if that is later.",
            words::count(days.into(), "day", "days")
        ));
    }
    said.push(match terms.liability {
        Liability::Shared => format!(
            "Vendor and partner bear credits: {} is charged back to the partner.",
            terms.partner_share
        ),
        other => format!("Credits are borne by: {}.", other.label()),
    });
    said.join(" ")
}

#[derive(Template)]
#[template(path = "staff/sla_policies/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    answer: String,
    may_edit: bool,
    rows: Vec<PolicyView>,
}

async fn index(staff: Staff, store: Data<Store>) -> Answer {
    let (policies, zone) = store
        .read(staff.scope.clone(), |tx: &mut Tx<'_, VendorScope>| {
            tx.allow(Permission::ViewCatalogue)?;
            Ok((sla::policies(tx)?, vendor::settings(tx)?.zone))
        })
        .await?;
    ok(&IndexPage {
        shell: staff.shell(),
        may_edit: staff.may(Permission::ManageCatalogue),
        base: staff.base,
        answer: "What is promised with an offering, shown with it to every partner.".to_owned(),
        rows: policies
            .into_iter()
            .map(|policy| PolicyView {
                id: policy.id,
                targets: sentences(&policy.targets),
                calendar: policy.terms.hours_in_words(zone),
                limits: limits(&policy.terms),
                name: policy.name,
                summary: policy.summary,
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::catalogue::sla::percent;

    #[test]
    fn a_percentage_reads_back_as_it_is_shown() {
        for (text, ppm) in [
            ("99.9", 999_000),
            ("99.95", 999_500),
            ("100", 1_000_000),
            ("0.5", 5_000),
        ] {
            assert_eq!(read_percent(text), Ok(ppm));
            assert_eq!(percent(ppm), text);
        }
        for nonsense in ["", "99,9", "-1", "99.99999", "abc", "1000"] {
            assert!(read_percent(nonsense).is_err(), "{nonsense}");
        }
    }
}
