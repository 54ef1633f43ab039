//! The files that a generated vendor is made of.
use std::{fmt::Write, ops::Range};

use chrono::NaiveDate;

use super::Size;

/// Rows of one file.
const ROWS: usize = 20_000;

/// So many rows in files of a size that can be imported.
pub fn parts(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows)
        .step_by(ROWS)
        .map(move |from| from..rows.min(from + ROWS))
}

pub fn partners(size: Size) -> String {
    let mut text = String::from("external_id,name,country,statement_email\r\n");
    for number in 0..size.partners {
        let _ = write!(
            text,
            "P-{number:05},Partner {number:05},DE,books@p{number:05}.example\r\n"
        );
    }
    text
}

/// Dealt out to the partners in turn.
pub fn customers(size: Size, some: Range<usize>) -> String {
    let mut text = String::from("external_id,partner,name,country,tax\r\n");
    for number in some {
        let partner = number % size.partners.max(1);
        let _ = write!(
            text,
            "C-{number:07},P-{partner:05},Customer {number:07},DE,19\r\n"
        );
    }
    text
}

/// One more subscription of each of the first customers, to what is counted.
pub fn metered(sold: usize, from: NaiveDate) -> String {
    let mut text = String::from("external_id,customer,plan,quantity,starts_on\r\n");
    for number in 0..sold {
        let _ = write!(text, "M-{number:07},C-{number:07},CALLS,1,{from}\r\n");
    }
    text
}

pub fn subscriptions(some: Range<usize>, from: NaiveDate) -> String {
    let mut text = String::from("external_id,customer,plan,quantity,starts_on\r\n");
    for number in some {
        let seats = 1 + number * 7 % 40;
        let _ = write!(text, "S-{number:07},C-{number:07},SEATS,{seats},{from}\r\n");
    }
    text
}
