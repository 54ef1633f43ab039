//! The credits of a service's month, reckoned from what was measured.
use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;

use crate::{
    Error, Result,
    domain::{
        Period, Permission, Rate, ServicePeriod,
        ratio::Ratio,
        sla::{Liable, SlaCreditStatus, borne, credit_in, fee_in},
    },
    id::{OfferingId, SlaCreditId, SubscriptionId},
    services::catalogue::judging::{
        Frame, Known, Measured, Outcome, Verdict, credit, in_words, judge,
    },
    store::{
        Tx, VendorScope,
        account::vendor,
        catalogue::{offerings, sla, sla::Policy, sla_events::SlaEvent, tickets::Ticket},
        registers::service_levels as register,
        revenue::{
            invoices::InvoiceLine,
            sla_credits::{self, SlaCredit, SlaCreditLine},
            subscriptions::Subscription,
        },
    },
};

/// A service's month and how its credits are made.
struct Desk {
    offering: OfferingId,
    month: Period,
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
    let before: HashMap<SubscriptionId, SlaCredit> = before
        .into_iter()
        .map(|one| (one.subscription_id, one))
        .collect();
    let misses = desk.misses(tx)?;
    for old in before.values().filter(|one| one.is_open()) {
        sla_credits::remove(tx, old.id)?;
    }
    let is_new = |sold: &Subscription| before.get(&sold.id).is_none_or(SlaCredit::is_open);
    let misses: Vec<_> = misses
        .into_iter()
        .filter(|(sold, ..)| is_new(sold))
        .collect();
    let ids: Vec<SubscriptionId> = misses.iter().map(|(sold, ..)| sold.id).collect();
    let served = (month.first_day(), month.end());
    let charged = sla_credits::recurring_lines(tx, &ids, served)?;
    let (mut credits, mut lines) = (Vec::new(), Vec::new());
    for (sold, share, missed) in misses {
        let own = charged.get(&sold.id).map_or(&[][..], Vec::as_slice);
        let id = before
            .get(&sold.id)
            .map_or_else(|| tx.fresh_id(), |old| old.id);
        let parts = desk.parts(&*tx, (id, own), share)?;
        let mut new = desk.credit(&*tx, (id, &sold), (share, missed), &parts)?;
        if let Some(old) = before.get(&sold.id) {
            new.version = old.version + 1;
            if !old.claimed_by.is_empty() && new.status == SlaCreditStatus::Unclaimed {
                new.status = SlaCreditStatus::Proposed;
                new.claimed_by.clone_from(&old.claimed_by);
            }
        }
        credits.push(new);
        let given = parts.into_iter().map(|part| part.line);
        lines.extend(given.filter(|line| line.net_minor > 0));
    }
    let decided = before.values().filter(|one| !one.is_open()).count();
    let count = credits.len() + decided;
    sla_credits::add(tx, credits, lines)?;
    Ok(count)
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

/// What is given back of one line.
struct Part {
    fee: Ratio,
    line: SlaCreditLine,
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
            liable: terms.liability.of(offering.delivery, terms.partner_share),
            frame,
            policy,
        })
    }

    /// The subscriptions for which something was missed, the share of their fee that is given
    /// back, and what it was.
    fn misses(&self, tx: &mut Tx<'_, VendorScope>) -> Result<Vec<(Subscription, Rate, String)>> {
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
        let served = (self.month.first_day(), self.month.end());
        let mut found = Vec::new();
        for sold in sla_credits::served(tx, self.offering, served)? {
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
                found.push((sold, share, said(&outcomes)));
            }
        }
        Ok(found)
    }

    fn parts(
        &self,
        tx: &Tx<'_, VendorScope>,
        (of, lines): (SlaCreditId, &[InvoiceLine]),
        share: Rate,
    ) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        for line in lines {
            let service = ServicePeriod {
                from: line.service_from,
                to: line.service_to,
            };
            let left = line.net_minor - line.credited_net_minor;
            let fee = fee_in(left, service, self.month)?;
            let net_minor = credit_in(fee, share)?;
            parts.push(Part {
                fee,
                line: SlaCreditLine {
                    id: tx.fresh_id(),
                    partner_id: line.partner_id,
                    sla_credit_id: of,
                    invoice_id: line.invoice_id,
                    invoice_line_id: line.id,
                    net_minor,
                },
            });
        }
        Ok(parts)
    }

    fn credit(
        &self,
        tx: &Tx<'_, VendorScope>,
        (id, sold): (SlaCreditId, &Subscription),
        (share, missed): (Rate, String),
        parts: &[Part],
    ) -> Result<SlaCredit> {
        let fee = Ratio::sum(parts.iter().map(|part| part.fee))?.round()?;
        let net_minor = parts.iter().map(|part| part.line.net_minor).sum();
        let each = parts
            .iter()
            .map(|part| borne(part.line.net_minor, self.liable));
        let (liability, partner) = self.liable.named();
        let claim_days = self.policy.terms.claim_days;
        Ok(SlaCredit {
            id,
            partner_id: sold.partner_id,
            subscription_id: sold.id,
            offering_id: self.offering,
            month: self.month,
            missed,
            share_bps: share.bps(),
            currency: sold.currency,
            // Rounding up its parts never makes them more than their sum.
            fee_minor: fee.max(net_minor),
            net_minor,
            liability,
            partner_share_bps: partner.bps(),
            charged_back_minor: each.map(|part| part.charged_back).sum(),
            status: match (net_minor, claim_days) {
                (0, _) => SlaCreditStatus::Noted,
                (_, None) => SlaCreditStatus::Proposed,
                (_, Some(_)) => SlaCreditStatus::Unclaimed,
            },
            claim_until: claim_days
                .map(|days| self.month.last_day() + TimeDelta::days(days.into())),
            claimed_by: String::new(),
            decider: String::new(),
            decided_at: None,
            answer: String::new(),
            created_at: tx.now(),
            version: 1,
        })
    }
}

fn is_running(outcome: &Outcome) -> bool {
    matches!(outcome.measured, Measured::Tickets { tally, .. } if tally.running > 0)
}

fn said(outcomes: &[Outcome]) -> String {
    let missed = outcomes.iter().filter(|one| one.verdict == Verdict::Missed);
    missed.map(in_words).collect::<Vec<_>>().join("\n")
}
