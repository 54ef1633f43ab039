//! The facts a partner's stage rests on, for one partner, a page of them, or all.
use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::{
    dsl::{count_star, exists, max, min, sql},
    expression::BoxableExpression,
    prelude::*,
    sql_types::{BigInt, Bool, Nullable},
};

use crate::{
    Result,
    domain::{Money, PartnerFacts, SubscriptionStatus},
    id::PartnerId,
    store::{
        Tx, VendorScope,
        names::stored,
        schema::{
            commission_enrollments, commission_plan_versions, customers, deal_registrations,
            invoice_lines, invoices, memberships, offerings, partners, payments, payouts,
            resale_terms, statements, subscriptions,
        },
        tx::Db,
    },
};

/// Which partners are asked about.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// Every one on record.
    All,
    /// These.
    These(&'a [PartnerId]),
}

/// A condition on the partner of a row, the same whether all are asked about or a few.
macro_rules! among {
    ($which:expr, $table:ident::$column:ident: $bool:ty) => {{
        let condition: Box<dyn BoxableExpression<$table::table, Db, SqlType = $bool>> = match $which
        {
            Which::All => Box::new($table::$column.ge(0i64)),
            Which::These(ids) => Box::new($table::$column.eq_any(ids.to_vec())),
        };
        condition
    }};
}

type Facts = BTreeMap<PartnerId, PartnerFacts>;

/// What is known about each of some partners, in eleven questions however many they are.
///
/// # Errors
/// Faults of the database.
pub fn facts(tx: &mut Tx<'_, VendorScope>, which: Which<'_>) -> Result<Facts> {
    let programme = programme(tx)?;
    let ids = tx
        .rows(partners::table)
        .filter(among!(which, partners::id: Bool))
        .select(partners::id);
    let ids: Vec<PartnerId> = tx.load(ids)?;
    let mut facts: Facts = ids.into_iter().map(|id| (id, programme.clone())).collect();
    people(tx, which, &mut facts)?;
    customers(tx, which, &mut facts)?;
    sales(tx, which, &mut facts)?;
    statements(tx, which, &mut facts)?;
    renewals(tx, which, &mut facts)?;
    Ok(facts)
}

/// What is known about one partner.
///
/// # Errors
/// [`Error::NotFound`](crate::Error::NotFound), and faults of the database.
pub fn facts_of(tx: &mut Tx<'_, VendorScope>, partner: PartnerId) -> Result<PartnerFacts> {
    let facts = facts(tx, Which::These(&[partner]))?.remove(&partner);
    facts.ok_or(crate::Error::NotFound)
}

/// What holds for every partner on record.
fn programme(tx: &mut Tx<'_, VendorScope>) -> Result<PartnerFacts> {
    let offering = tx
        .rows(offerings::table)
        .filter(offerings::status.eq("published"))
        .select(offerings::version);
    let plan = tx
        .rows(commission_plan_versions::table)
        .filter(commission_plan_versions::status.eq("published"))
        .select(commission_plan_versions::version);
    let (offering, plan): (Option<i32>, Option<i32>) = (tx.first(offering)?, tx.first(plan)?);
    Ok(PartnerFacts {
        has_offering: offering.is_some(),
        has_published_plan: plan.is_some(),
        has_record: true,
        ..PartnerFacts::default()
    })
}

/// Notes each row on the partner it is about.
fn note<R>(facts: &mut Facts, rows: Vec<(PartnerId, R)>, on: impl Fn(&mut PartnerFacts, R)) {
    for (partner, row) in rows {
        if let Some(facts) = facts.get_mut(&partner) {
            on(facts, row);
        }
    }
}

fn people(tx: &mut Tx<'_, VendorScope>, which: Which<'_>, facts: &mut Facts) -> Result<()> {
    let signed_in = tx
        .rows_of(memberships::table)
        .filter(among!(which, memberships::partner_id: Nullable<Bool>))
        .group_by(memberships::partner_id)
        .select((memberships::partner_id, max(memberships::signed_in_at)));
    let rows: Vec<(Option<PartnerId>, Option<chrono::NaiveDateTime>)> = tx.load(signed_in)?;
    let rows = rows.into_iter().filter_map(|(id, at)| Some((id?, at)));
    note(facts, rows.collect(), |facts, at| {
        facts.has_signed_in = at.is_some();
    });
    let active = tx
        .rows_of(memberships::table)
        .filter(among!(which, memberships::partner_id: Nullable<Bool>))
        .filter(memberships::revoked_at.is_null())
        .group_by(memberships::partner_id)
        .select((memberships::partner_id, count_star()));
    let rows: Vec<(Option<PartnerId>, i64)> = tx.load(active)?;
    let rows = rows
        .into_iter()
        .filter_map(|(id, people)| Some((id?, people)));
    note(facts, rows.collect(), |facts, people| {
        facts.people_count = people
    });
    let enrolled = tx
        .rows_of(commission_enrollments::table)
        .filter(among!(which, commission_enrollments::partner_id: Bool))
        .group_by(commission_enrollments::partner_id)
        .select((commission_enrollments::partner_id, count_star()));
    note(
        facts,
        tx.load::<(PartnerId, i64), _>(enrolled)?,
        |facts, _| {
            facts.has_commission_plan = true;
        },
    );
    let resale = tx
        .rows_of(resale_terms::table)
        .filter(among!(which, resale_terms::partner_id: Bool))
        .group_by(resale_terms::partner_id)
        .select((resale_terms::partner_id, count_star()));
    note(
        facts,
        tx.load::<(PartnerId, i64), _>(resale)?,
        |facts, _| {
            facts.has_resale_terms = true;
        },
    );
    Ok(())
}

fn customers(tx: &mut Tx<'_, VendorScope>, which: Which<'_>, facts: &mut Facts) -> Result<()> {
    let rows = tx
        .rows_of(customers::table)
        .filter(among!(which, customers::partner_id: Bool))
        .group_by(customers::partner_id)
        .select((customers::partner_id, count_star()));
    note(
        facts,
        tx.load::<(PartnerId, i64), _>(rows)?,
        |facts, number| {
            facts.customers_count = number;
        },
    );
    let rows = tx
        .rows_of(deal_registrations::table)
        .filter(among!(which, deal_registrations::partner_id: Bool))
        .group_by(deal_registrations::partner_id)
        .select((deal_registrations::partner_id, count_star()));
    note(
        facts,
        tx.load::<(PartnerId, i64), _>(rows)?,
        |facts, number| {
            facts.deals_registered = number;
        },
    );
    Ok(())
}

fn sales(tx: &mut Tx<'_, VendorScope>, which: Which<'_>, facts: &mut Facts) -> Result<()> {
    let rows = tx
        .rows_of(subscriptions::table)
        .filter(among!(which, subscriptions::partner_id: Bool))
        .filter(
            subscriptions::status.eq_any(SubscriptionStatus::LIVE.map(SubscriptionStatus::code)),
        )
        .group_by((subscriptions::partner_id, subscriptions::currency))
        .order((subscriptions::partner_id, subscriptions::currency))
        .select((
            subscriptions::partner_id,
            (
                subscriptions::currency,
                count_star(),
                sql::<BigInt>("CAST(SUM(subscriptions.mrr_minor) AS BIGINT)"),
            ),
        ));
    for (partner, (currency, number, minor)) in
        tx.load::<(PartnerId, (String, i64, i64)), _>(rows)?
    {
        let mrr = Money::new(minor, stored(&currency)?);
        note(facts, vec![(partner, mrr)], |facts, mrr| {
            facts.live_subscriptions += number;
            facts.mrr.push(mrr);
        });
    }
    let paid = tx
        .rows_of(payments::table)
        .filter(among!(which, payments::partner_id: Bool))
        .group_by(payments::partner_id)
        .select((payments::partner_id, min(payments::received_on)));
    let rows: Vec<(PartnerId, Option<NaiveDate>)> = tx.load(paid)?;
    note(facts, rows, |facts, first| facts.first_payment = first);
    Ok(())
}

fn statements(tx: &mut Tx<'_, VendorScope>, which: Which<'_>, facts: &mut Facts) -> Result<()> {
    let made = tx
        .rows_of(statements::table)
        .filter(among!(which, statements::partner_id: Bool))
        .filter(statements::status.eq("closed"))
        .group_by(statements::partner_id)
        .select((statements::partner_id, count_star()));
    note(
        facts,
        tx.load::<(PartnerId, i64), _>(made)?,
        |facts, number| {
            facts.statements_made = number;
        },
    );
    let paid = tx
        .rows_of(payouts::table)
        .filter(among!(which, payouts::partner_id: Bool))
        .filter(payouts::status.eq("paid"))
        .group_by(payouts::partner_id)
        .select((payouts::partner_id, count_star()));
    note(
        facts,
        tx.load::<(PartnerId, i64), _>(paid)?,
        |facts, number| {
            facts.statements_paid = number;
        },
    );
    Ok(())
}

/// Lines of whole periods billed after a first term. Written out, so that the databases know the
/// index of just these.
const RENEWED: &str = "invoice_lines.phase = 'renewal' AND invoice_lines.kind = 'recurring'";

/// Whole periods billed after a first term whose invoice has been paid: of a few partners how many,
/// of all only whether there is one.
fn renewals(tx: &mut Tx<'_, VendorScope>, which: Which<'_>, facts: &mut Facts) -> Result<()> {
    let held = match which {
        Which::All => {
            let paid = invoice_lines::table
                .inner_join(
                    invoices::table.on(invoices::tenant_id
                        .eq(invoice_lines::tenant_id)
                        .and(invoices::id.eq(invoice_lines::invoice_id))),
                )
                .filter(invoice_lines::tenant_id.eq(partners::tenant_id))
                .filter(invoice_lines::partner_id.eq(partners::id))
                .filter(sql::<Bool>(RENEWED))
                .filter(invoices::status.eq("paid"));
            let some = tx.rows(partners::table).filter(exists(paid));
            let some: Vec<PartnerId> = tx.load(some.select(partners::id))?;
            some.into_iter().map(|id| (id, 1)).collect()
        }
        Which::These(ids) => {
            let rows = tx
                .joined(invoice_lines::table, invoices::table)
                .filter(invoice_lines::partner_id.eq_any(ids.to_vec()))
                .filter(sql::<Bool>(RENEWED))
                .filter(invoices::status.eq("paid"))
                .group_by(invoice_lines::partner_id)
                .select((invoice_lines::partner_id, count_star()));
            tx.load::<(PartnerId, i64), _>(rows)?
        }
    };
    note(facts, held, |facts, number| facts.renewals_held = number);
    Ok(())
}
