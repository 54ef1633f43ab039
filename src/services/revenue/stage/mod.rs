//! Makes the statements of some partners: what is payable on the month's last day and on no
//! earlier statement, with every name and reason written out as it stands at the close.
mod contents;
mod maker;
mod names;

use chrono::NaiveDate;

use self::{
    contents::contents,
    maker::{Maker, Taxes},
    names::Names,
};
use super::books::Books;
use crate::{
    Error, Result,
    domain::{
        Currency, Period,
        statement::{self as rules},
    },
    id::PartnerId,
    store::{
        Tx, VendorScope,
        account::vendor,
        counters,
        incentivize::{
            statements::{self, StatedPartner},
            tax_terms::{self},
        },
        revenue::terms,
    },
};

/// The month whose statements are made.
pub(super) struct Month<'a> {
    pub period: Period,
    pub closed_on: NaiveDate,
    pub books: &'a Books,
}

/// Stages one statement for each of these partners and each currency in which something is
/// payable or carried in; those that are there already stay as they are.
pub(super) fn stage(
    tx: &mut Tx<'_, VendorScope>,
    month: &Month<'_>,
    partners: &[StatedPartner],
) -> Result<usize> {
    let mut contents = contents(tx, month.period, partners)?;
    contents.retain(|_, content| content.is_due());
    if contents.is_empty() {
        return Ok(0);
    }
    let payable = contents.values().flat_map(|content| &content.payable);
    let names = Names::of(tx, payable.map(|one| &one.entry))?;
    let minimums = terms::payout_minimums_set(tx)?;
    let ids: Vec<PartnerId> = contents.keys().map(|(partner, _)| *partner).collect();
    let taxed = Taxes {
        own_vat_id: vendor::settings(tx)?.vat_id,
        terms: tax_terms::of(tx, &ids)?,
    };
    let count = i64::try_from(contents.len()).map_err(Error::fault)?;
    let first = counters::take(tx, &format!("statement:{}", month.period), count)?;
    let (mut made, mut lines) = (Vec::new(), Vec::new());
    for (number, ((partner, code), content)) in (first..).zip(contents) {
        let partner = partners.iter().find(|one| one.id == partner);
        let partner = partner.ok_or_else(|| Error::fault("a statement has no partner"))?;
        let currency: Currency = code.parse().map_err(Error::fault)?;
        let minimum = minimums
            .get(&currency)
            .copied()
            .unwrap_or_else(|| rules::usual_minimum(currency));
        // Nothing more may come, so that a small balance would never be paid.
        let minimum = match partner.has_left(month.period.last_day()) {
            true => 0,
            false => minimum,
        };
        let maker = Maker {
            tx: &*tx,
            month,
            names: &names,
            partner,
            taxes: &taxed,
            currency,
            minimum,
        };
        let (statement, its) = maker.make(number, content)?;
        made.push(statement);
        lines.extend(its);
    }
    let count = made.len();
    statements::stage(tx, made, lines)?;
    Ok(count)
}
