//! The facts a partner's stage rests on, as its own people may see them.
use chrono::{NaiveDate, NaiveDateTime};
use diesel::{
    dsl::{count_star, min},
    prelude::*,
};

use crate::{
    Result,
    domain::{Money, PartnerFacts, SubscriptionStatus},
    error::Error,
    id::{OfferingId, PartnerId},
    store::{
        PartnerScope, Scope, Tx,
        names::stored,
        schema::{
            commission_enrollments, customers, deal_registrations, invoice_lines, invoices,
            memberships, offerings, payments, payouts, resale_terms, statements, subscriptions,
        },
    },
};

/// What is known about the partner of a scope. Commission plans are the vendor's own affair: that
/// one is published shows in the partner's enrolment.
///
/// # Errors
/// Faults of the database.
pub fn facts(tx: &mut Tx<'_, PartnerScope>) -> Result<PartnerFacts> {
    let offering = tx
        .rows(offerings::table)
        .filter(offerings::status.eq("published"))
        .select(offerings::id);
    let offering: Option<OfferingId> = tx.first(offering)?;
    let enrolled = tx.rows(commission_enrollments::table).select(count_star());
    let enrolled: i64 = tx.one(enrolled)?;
    let resale = tx.rows(resale_terms::table).select(count_star());
    let resale: i64 = tx.one(resale)?;
    let mut facts = PartnerFacts {
        has_offering: offering.is_some(),
        has_published_plan: enrolled > 0,
        has_record: true,
        has_commission_plan: enrolled > 0,
        has_resale_terms: resale > 0,
        ..PartnerFacts::default()
    };
    people(tx, &mut facts)?;
    sales(tx, &mut facts)?;
    statements(tx, &mut facts)?;
    Ok(facts)
}

fn people(tx: &mut Tx<'_, PartnerScope>, facts: &mut PartnerFacts) -> Result<()> {
    let rows = tx
        .rows(memberships::table)
        .select((memberships::signed_in_at, memberships::revoked_at));
    for (signed_in, revoked) in
        tx.load::<(Option<NaiveDateTime>, Option<NaiveDateTime>), _>(rows)?
    {
        facts.has_signed_in |= signed_in.is_some();
        facts.people_count += i64::from(revoked.is_none());
    }
    Ok(())
}

fn sales(tx: &mut Tx<'_, PartnerScope>, facts: &mut PartnerFacts) -> Result<()> {
    let customers = tx.rows(customers::table).select(count_star());
    facts.customers_count = tx.one(customers)?;
    let deals = tx.rows(deal_registrations::table).select(count_star());
    facts.deals_registered = tx.one(deals)?;
    let rows = tx
        .rows(subscriptions::table)
        .filter(
            subscriptions::status.eq_any(SubscriptionStatus::LIVE.map(SubscriptionStatus::code)),
        )
        .select((
            subscriptions::currency,
            subscriptions::mrr_minor,
            subscriptions::payer_id,
        ));
    let seen_by = tx.scope().partner_id();
    let mut mrr = Vec::new();
    for (currency, minor, payer) in tx.load::<(String, i64, Option<PartnerId>), _>(rows)? {
        facts.live_subscriptions += 1;
        // What a distributor buys at is nobody's below it.
        if payer.is_none() || payer == seen_by {
            mrr.push(Money::new(minor, stored(&currency)?));
        }
    }
    facts.mrr = Money::totals(mrr).map_err(Error::fault)?;
    let paid = tx.rows(payments::table).select(min(payments::received_on));
    facts.first_payment = tx.one::<Option<NaiveDate>, _>(paid)?;
    Ok(())
}

fn statements(tx: &mut Tx<'_, PartnerScope>, facts: &mut PartnerFacts) -> Result<()> {
    let made = tx
        .rows(statements::table)
        .filter(statements::status.eq("closed"))
        .select(count_star());
    facts.statements_made = tx.one(made)?;
    let paid = tx
        .rows(payouts::table)
        .filter(payouts::status.eq("paid"))
        .select(count_star());
    facts.statements_paid = tx.one(paid)?;
    let renewed = tx
        .joined(invoice_lines::table, invoices::table)
        .filter(invoice_lines::phase.eq("renewal"))
        .filter(invoice_lines::kind.eq("recurring"))
        .filter(invoices::status.eq("paid"))
        .select(count_star());
    facts.renewals_held = tx.one(renewed)?;
    Ok(())
}
