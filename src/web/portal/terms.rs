//! The terms a partner is under, in words.
use actix_web::web::{Data, ServiceConfig, get, resource};
use askama::Template;
use chrono::NaiveDate;

use crate::{
    domain::date_words,
    store::{
        Store,
        registers::homes::{self, OwnTerms},
    },
    web::{Answer, Shell, admission::Visitor, earnings::Desk, filters, page::ok},
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("/terms").route(get().to(show)));
}

/// Terms from a day on.
struct Enrollment {
    heading: String,
    clauses: Vec<String>,
}

#[derive(Template)]
#[template(path = "portal/terms.html")]
struct TermsPage {
    shell: Shell,
    base: String,
    answer: String,
    tier: Option<(String, NaiveDate)>,
    enrollments: Vec<Enrollment>,
}

async fn show(visitor: Visitor, store: Data<Store>) -> Answer {
    let desk = Desk::of_partner(visitor);
    let (terms, today) = desk
        .read(&store, |tx, calendar| {
            Ok((homes::own_terms(tx, calendar.today)?, calendar.today))
        })
        .await?;
    ok(&TermsPage {
        answer: match terms.enrollments.is_empty() {
            true => format!(
                "{} has not enrolled you in a commission plan yet.",
                desk.shell.vendor_name
            ),
            false => "What you earn on what your customers pay. A sale keeps the terms of its day."
                .to_owned(),
        },
        enrollments: enrollments(&terms, today),
        tier: terms.tier,
        shell: desk.shell,
        base: desk.base,
    })
}

fn enrollments(terms: &OwnTerms, today: NaiveDate) -> Vec<Enrollment> {
    let mut until: Option<NaiveDate> = None;
    terms
        .enrollments
        .iter()
        .map(|(from, clauses)| {
            let heading = match until {
                _ if *from > today => format!("For sales from {} on", date_words(*from)),
                None => format!("For sales since {}", date_words(*from)),
                Some(next) => {
                    format!(
                        "For sales from {} until {}",
                        date_words(*from),
                        date_words(next)
                    )
                }
            };
            until = from.pred_opt();
            Enrollment {
                heading,
                clauses: clauses.lines().map(str::to_owned).collect(),
            }
        })
        .collect()
}
