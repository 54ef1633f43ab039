//! The credits of a service's month, reckoned from what was measured.
use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;

use super::fees::{Fees, Given};
use crate::{
    Error, Result,
    domain::{
        Period, Permission, Rate,
        service_days::ServiceDays,
        sla::{Liable, SlaCreditStatus, borne},
    },
    id::{InvoiceId, InvoiceLineId, OfferingId, PlanVersionId, SubscriptionId},
    services::catalogue::judging::{
        Frame, Known, Measured, Outcome, Verdict, credit, in_words, judge,
    },
    store::{
        Tx, VendorScope,
        account::vendor,
        catalogue::{offerings, sla, sla::Policy, sla_events::SlaEvent, tickets::Ticket},
        registers::service_levels as register,
        revenue::{
            sla_credits::{self, SlaCredit, SlaCreditLine},
            subscriptions::{self, Subscription},
        },
    },
};

/// A service's month and how its credits are made.
struct Desk {
    offering: OfferingId,
    month: Period,
    versions: Vec<PlanVersionId>,
    policy: Policy,
    liable: Liable,
    frame: Frame,
}

/// Reckons what a service's month gives back to each customer, and proposes it; whatever nobody
/// has decided about yet is reckoned anew. A customer with a ticket that is still running is left
/// for later. Gives how many there are now.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`] for a service without promises; [`Error::Conflict`]
/// for a month that is not over; faults of the database.
pub fn propose(tx: &mut Tx<'_, VendorScope>, offering: OfferingId, month: Period) -> Result<usize> {
    tx.allow(Permission::ManageCatalogue)?;
    let desk = Desk::of(tx, offering, month)?;
    let before = sla_credits::of_month(tx, offering, month)?;
    let mut before: HashMap<SubscriptionId, SlaCredit> = before
        .into_iter()
        .map(|one| (one.subscription_id, one))
        .collect();
    let mut misses = desk.misses(tx)?;
    misses.retain(|one| before.get(&one.sold.id).is_none_or(SlaCredit::is_open));
    let all = before.len();
    before.retain(|_, one| one.is_open());
    let decided = all - before.len();
    for old in before.values() {
        sla_credits::remove(tx, old.id)?;
    }
    let ids: Vec<SubscriptionId> = misses.iter().map(|one| one.sold.id).collect();
    let prices = sla_credits::prices_of(tx, &desk.versions)?;
    let mut fees = Fees::of(tx, (month, prices), &ids)?;
    let (mut credits, mut lines) = (Vec::new(), Vec::new());
    for miss in misses {
        let old = before.remove(&miss.sold.id);
        let given = fees.give((miss.sold.id, &miss.days), miss.share)?;
        let credit = desk.credit(&*tx, (&miss, old.as_ref()), &given);
        lines.extend(given.lines.iter().map(|on| line(&*tx, &credit, on)));
        credits.push(credit);
    }
    let count = credits.len() + decided;
    credits.extend(before.into_values().filter_map(lapsed));
    sla_credits::add(tx, credits, lines)?;
    Ok(count)
}

/// A line on which something is given back.
fn line(
    tx: &Tx<'_, VendorScope>,
    of: &SlaCredit,
    ((invoice, line), net_minor): (&(InvoiceId, InvoiceLineId), &i64),
) -> SlaCreditLine {
    SlaCreditLine {
        id: tx.fresh_id(),
        partner_id: of.partner_id,
        sla_credit_id: of.id,
        invoice_id: *invoice,
        invoice_line_id: *line,
        net_minor: *net_minor,
    }
}

/// What is left of a claim that nothing is behind as things stand: should that change, it counts.
fn lapsed(old: SlaCredit) -> Option<SlaCredit> {
    let is_claimed = !old.claimed_by.is_empty();
    is_claimed.then(|| SlaCredit {
        status: SlaCreditStatus::Lapsed,
        share_bps: 0,
        fee_minor: 0,
        net_minor: 0,
        charged_back_minor: 0,
        version: old.version + 1,
        ..old
    })
}

/// Reckons the credits of every service's months of the last half year that are measured anew.
///
/// # Errors
/// As [`propose`].
pub fn propose_again(tx: &mut Tx<'_, VendorScope>) -> Result<usize> {
    tx.allow(Permission::ManageCatalogue)?;
    let mut first = Period::of(vendor::today(tx)?);
    for _ in 0..6 {
        first = first.previous();
    }
    let mut count = 0;
    for (offering, month) in sla_credits::measured_since(tx, first)? {
        count += match propose(tx, offering, month) {
            // Nothing is promised with it any more.
            Err(Error::NotFound) => 0,
            other => other?,
        };
    }
    Ok(count)
}

/// A subscription for which something was missed, the share of its fee that is given back, and
/// what it was.
struct Miss {
    sold: Subscription,
    days: ServiceDays<PlanVersionId>,
    share: Rate,
    missed: String,
}

impl Desk {
    fn of(tx: &mut Tx<'_, VendorScope>, id: OfferingId, month: Period) -> Result<Self> {
        let offering = offerings::offering(tx, id)?;
        let policy = sla::policy(tx, offering.sla_policy.ok_or(Error::NotFound)?)?;
        let at = (vendor::settings(tx)?.zone, tx.now());
        let frame = Frame::of(&policy.terms, month, at);
        if !frame.is_over {
            return Err(Error::conflict("This month is not over yet."));
        }
        let terms = &policy.terms;
        Ok(Self {
            offering: id,
            month,
            versions: sla_credits::versions_of(tx, id)?,
            liable: terms.liability.of(offering.delivery, terms.partner_share),
            frame,
            policy,
        })
    }

    /// The subscriptions to the service in this month for which something was missed.
    fn misses(&self, tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Miss>> {
        let span = (self.frame.span.from, self.frame.span.to);
        let events = register::events(tx, span)?;
        let events: Vec<&SlaEvent> = events
            .iter()
            .filter(|one| one.offering == self.offering)
            .collect();
        let tickets = register::tickets(tx, span)?;
        let mut asked: BTreeMap<SubscriptionId, Vec<&Ticket>> = BTreeMap::new();
        for ticket in tickets.iter().filter(|one| one.offering == self.offering) {
            asked.entry(ticket.subscription).or_default().push(ticket);
        }
        let mut found = Vec::new();
        for (sold, days) in self.served(tx)? {
            let own = asked.get(&sold.id).map_or(&[][..], Vec::as_slice);
            let known = Known {
                events: &events,
                tickets: own,
                is_complete: true,
            };
            let outcomes = judge(&self.policy, &known, &self.frame);
            if outcomes.iter().any(is_running) {
                continue;
            }
            if let Some(share) = credit(&self.policy, &outcomes) {
                let (share, missed) = self.of_the_vendor(&sold, (share, said(&outcomes)));
                found.push(Miss {
                    sold,
                    days,
                    share,
                    missed,
                });
            }
        }
        Ok(found)
    }

    /// What the vendor gives back of a share, and why: of what is resold no more than it bears itself,
    /// for nobody has commission on it that the rest could be charged back to.
    fn of_the_vendor(
        &self,
        sold: &Subscription,
        (share, missed): (Rate, String),
    ) -> (Rate, String) {
        let Some(partner) = self.left_to_reseller(sold) else {
            return (share, missed);
        };
        let borne = i64::from(share.bps()) - partner.of(share.bps().into());
        let borne = i32::try_from(borne).map_or(share, |bps| Rate::from_bps(bps).unwrap_or(share));
        let why = format!("Of {share}, {partner} are borne by whoever sells it on");
        (borne, format!("{missed}\n{why}"))
    }

    /// The part of a credit that stays with whoever sells something on.
    fn left_to_reseller(&self, sold: &Subscription) -> Option<Rate> {
        match self.liable {
            Liable::Shared { partner } if sold.payer_id.is_some() => Some(partner),
            _ => None,
        }
    }

    /// The subscriptions that were to the service on a day of the month, with their days.
    fn served(
        &self,
        tx: &mut Tx<'_, VendorScope>,
    ) -> Result<Vec<(Subscription, ServiceDays<PlanVersionId>)>> {
        let (first, end) = (self.month.first_day(), self.month.end());
        let sold = sla_credits::served(tx, &self.versions, (first, end))?;
        let mut days = subscriptions::service_days(tx, &sold)?;
        let with_days = |one: Subscription| {
            let days = days.remove(&one.id)?;
            let mut month = first.iter_days().take_while(|day| *day < end);
            let is_of = |plan| self.versions.contains(&plan);
            month
                .any(|day| days.on(day).is_some_and(is_of))
                .then_some((one, days))
        };
        Ok(sold.into_iter().filter_map(with_days).collect())
    }

    /// The credit of a miss, in the place of what was reckoned before.
    fn credit(
        &self,
        tx: &Tx<'_, VendorScope>,
        (miss, old): (&Miss, Option<&SlaCredit>),
        given: &Given,
    ) -> SlaCredit {
        let net_minor = given.lines.values().sum();
        let liable = match self.left_to_reseller(&miss.sold) {
            Some(_) => Liable::ReduceBase,
            None => self.liable,
        };
        let each = given.lines.values().map(|net| borne(*net, liable));
        let (liability, partner) = liable.named();
        let claim_days = self.policy.terms.claim_days;
        let created_at = old.map_or_else(|| tx.now(), |old| old.created_at);
        let proposed_on = self.frame.vendors.local_date(created_at);
        let claimed_by = old.map_or("", |old| old.claimed_by.as_str());
        let claims = claim_days.filter(|_| claimed_by.is_empty());
        SlaCredit {
            id: old.map_or_else(|| tx.fresh_id(), |old| old.id),
            partner_id: miss.sold.billed_partner(),
            subscription_id: miss.sold.id,
            offering_id: self.offering,
            month: self.month,
            missed: miss.missed.clone(),
            share_bps: miss.share.bps(),
            currency: miss.sold.currency,
            fee_minor: given.fee_minor,
            net_minor,
            liability,
            partner_share_bps: partner.bps(),
            charged_back_minor: each.map(|part| part.charged_back).sum(),
            status: match (net_minor, claims) {
                (0, _) => SlaCreditStatus::Noted,
                (_, None) => SlaCreditStatus::Proposed,
                (_, Some(_)) => SlaCreditStatus::Unclaimed,
            },
            // Nobody can claim what is not on record yet.
            claim_until: claim_days
                .map(|days| self.month.last_day().max(proposed_on) + TimeDelta::days(days.into())),
            claimed_by: claimed_by.to_owned(),
            decider: String::new(),
            decided_at: None,
            answer: String::new(),
            created_at,
            version: old.map_or(1, |old| old.version + 1),
        }
    }
}

fn is_running(outcome: &Outcome) -> bool {
    matches!(outcome.measured, Measured::Tickets { tally, .. } if tally.running > 0)
}

fn said(outcomes: &[Outcome]) -> String {
    let missed = outcomes.iter().filter(|one| one.verdict == Verdict::Missed);
    missed.map(in_words).collect::<Vec<_>>().join("\n")
}
