//! The register of months.
use actix_web::web::Data;
use askama::Template;

use super::pill;
use crate::{
    domain::{Permission, date_words},
    store::{
        Store,
        registers::periods::{self, MonthRow},
    },
    web::{Answer, Shell, admission::Staff, earnings::Desk, page::ok, words},
};

/// A month in the register, ready to be set.
struct Listed {
    row: MonthRow,
    pill: (&'static str, &'static str),
    posted: String,
    paid: String,
}

#[derive(Template)]
#[template(path = "staff/periods/index.html")]
struct IndexPage {
    shell: Shell,
    base: String,
    answer: String,
    next: Option<MonthRow>,
    may_close: bool,
    months: Vec<Listed>,
}

/// The register.
pub(super) async fn index(staff: Staff, store: Data<Store>) -> Answer {
    let desk = Desk::of_staff(staff);
    let (months, calendar) = desk
        .read(&store, |tx, calendar| {
            Ok((periods::months(tx, calendar)?, calendar.clone()))
        })
        .await?;
    let waiting: Vec<&MonthRow> = months.iter().filter(|row| row.waits(&calendar)).collect();
    // Months close strictly in order, so the earliest is next.
    let next = waiting.last().map(|row| (*row).clone());
    let answer = match waiting.len() {
        0 => format!(
            "Every month that is over is closed. {} ends on {}.",
            calendar.this_month().title(),
            date_words(calendar.this_month().last_day())
        ),
        1 => "One month is over and waits to be closed.".to_owned(),
        many => format!("{many} months are over and wait to be closed, the earliest first."),
    };
    let listed = |row: MonthRow| Listed {
        pill: pill(&row, &calendar),
        posted: words::amounts(&row.posted),
        paid: words::amounts(&row.paid),
        row,
    };
    ok(&IndexPage {
        may_close: desk.may(Permission::ClosePeriods),
        months: months.into_iter().map(listed).collect(),
        shell: desk.shell,
        base: desk.base,
        answer,
        next,
    })
}
