//! What a change makes of the segments that were charged: the rest of each is taken back, and
//! charged anew.
use std::collections::HashMap;

use chrono::NaiveDateTime;

use super::{apart::taxed_otherwise, newest};
use crate::{
    Error, Result,
    domain::{
        Billing, DayShare, Discount, Moment, Overflow, Price, ServicePeriod,
        bill::{self, Ahead, Spans, Stretch},
        discount::Off,
        meter::Span,
        proration::credit_at,
        resale::{left_of, list_of},
    },
    id::{Id, InvoiceId, InvoiceLineId},
    services::revenue::{
        billing::{Draft, Terms, Used, blank_invoice, issue, sell_on},
        books::{Books, day},
        credit::{Unused, credit, use_credits},
    },
    store::{
        Tx, VendorScope,
        catalogue::plans::PriceLine,
        revenue::{
            invoices::{self, InvoiceLine, InvoiceLineKind},
            segments::{self, Segment},
            subscriptions::Subscription,
        },
    },
};

/// What a change makes of one segment: the rest of it taken back, and charged anew.
pub(super) struct Turn<'a> {
    old: &'a Segment,
    pub price: &'a PriceLine,
    rest: ServicePeriod,
    /// The first instant of the rest, where it is measured by the second.
    from_at: Option<NaiveDateTime>,
    /// That, or the first day of the rest, in words.
    begins: String,
    whole: ServicePeriod,
    credit_minor: i64,
    charge_minor: i64,
    off_minor: i64,
    /// Of that, the resale discount.
    resale_minor: i64,
}

impl Turn<'_> {
    pub fn net_minor(&self) -> i64 {
        self.charge_minor - self.credit_minor
    }
    /// What giving the old one's rest back takes back of the resale discount, and of what it is sold
    /// on for, each zero or less: their shares of what the line that charged for it says; by the
    /// list where no line of its own did.
    fn resale_back(
        &self,
        own: Option<&InvoiceLine>,
        billing: &Billing,
    ) -> Result<(i64, Option<i64>)> {
        let minor = self.credit_minor;
        let Some(line) = own.filter(|line| line.net_minor != 0) else {
            let list = list_of(-minor, billing.discount())?;
            return Ok((list + minor, billing.sold_on(list)?));
        };
        let gone = line.net_minor - minor;
        let back = |whole| left_of(whole, (line.net_minor, gone)).map(|share| -share);
        let sold = line.resold_minor.map(back).transpose()?;
        Ok((back(line.resale_minor)?, sold))
    }
    /// So much of what the old one charged, as not used.
    fn unused(&self, net_minor: i64) -> Unused<'_> {
        Unused {
            segment: self.old,
            service: self.rest,
            net_minor,
        }
    }
    /// The segment in the old one's place.
    fn segment(
        &self,
        tx: &Tx<'_, VendorScope>,
        quantity: i32,
        (carried_minor, line): (i64, Option<InvoiceLineId>),
    ) -> Segment {
        Segment {
            id: tx.fresh_id(),
            change_no: self.old.change_no + 1,
            service_from: self.rest.from,
            quantity,
            amount_minor: self.charge_minor,
            credited_minor: 0,
            carried_minor,
            replaces_id: Some(self.old.id),
            invoice_line_id: line,
            lowered_minor: 0,
            from_at: self.from_at,
            ..self.old.clone()
        }
    }
}

/// What every segment that reaches beyond a moment turns into, at the prices of the plan for the new
/// quantity and with the discounts of its period.
pub(super) fn turns<'a>(
    (terms, books): (&'a Terms, &Books),
    (now, all): (&Subscription, &'a [Segment]),
    from: Moment,
    which: impl Fn(&Price, u32) -> bool,
) -> Result<Vec<Turn<'a>>> {
    let plan = terms.plan(now)?;
    let mut turns = Vec::new();
    // Before periods were counted anew, all that is left was given back.
    let open = newest(all).filter(|old| old.period_index >= now.anchor_index);
    for old in open.filter(|old| old.service_to > from.on) {
        let mut prices = plan.prices.iter().enumerate();
        let Some((at, price)) = prices.find(|(_, price)| price.id == old.price_id) else {
            continue;
        };
        let index = u32::try_from(old.period_index).unwrap_or_default();
        if !which(&price.price, index) {
            continue;
        }
        let rest = old.charge().service.rest_from(from.on);
        let period = now.stretch(index)?;
        let spans = old.span().map(|span| Spans {
            whole: Span::of_days(period.whole, books.vendor.zone),
            service: span.rest_from(from.at),
        });
        let stretch = Stretch {
            service: rest,
            spans,
            ..period
        };
        let from_at = spans.map(|spans| spans.service.from);
        let ahead = anew((terms, now), (at, price), stretch)?;
        turns.push(Turn {
            old,
            price,
            rest,
            from_at,
            begins: match from_at == Some(from.at) {
                true => from.words(),
                false => day(rest.from),
            },
            whole: stretch.whole,
            credit_minor: -credit_at(&old.charge(), from)?,
            charge_minor: ahead.net_minor(),
            off_minor: ahead.off_minor,
            resale_minor: ahead.resale_minor,
        });
    }
    Ok(turns)
}

/// What a price charges for the rest of a period. A percentage is taken off what this price alone
/// comes to, rounded once: the invoice of a change charges for some of the prices. A fixed amount is
/// shared with the others, which turn with it.
fn anew(
    (terms, now): (&Terms, &Subscription),
    (at, price): (usize, &PriceLine),
    stretch: Stretch,
) -> Result<Ahead> {
    let discounts = terms.discounts(now);
    let charged = match shares_fixed(&discounts, stretch.index) {
        true => terms.ahead(now, stretch)?.get(at).copied(),
        false => bill::ahead([&price.price], now.units()?, &discounts, stretch)?.pop(),
    };
    Ok(charged.ok_or(Overflow)?)
}

/// Whether a fixed discount runs in a period: its parts on each price shift with the amounts, so
/// that prices which do not grow with the seats turn too, or more or less than it would be given.
pub(super) fn shares_fixed(discounts: &[Discount], period: u32) -> bool {
    let is_fixed = |one: &&Discount| matches!(one.off, Off::Fixed(_));
    let mut fixed = discounts.iter().filter(is_fixed);
    fixed.any(|one| one.runs_in(period))
}

/// The line that the terms of a segment's period stand on: its own, or that of one it replaced.
fn origin<'a>(
    all: &[Segment],
    lines: &'a HashMap<InvoiceLineId, InvoiceLine>,
    segment: &Segment,
) -> Result<&'a InvoiceLine> {
    let mut at = Some(segment.clone());
    while let Some(segment) = at {
        if let Some(line) = segment.invoice_line_id.and_then(|id| lines.get(&id)) {
            return Ok(line);
        }
        at = all
            .iter()
            .find(|one| Some(one.id) == segment.replaces_id)
            .cloned();
    }
    Err(Error::fault("a segment has no line that charged for it"))
}

fn service_of(line: &InvoiceLine) -> ServicePeriod {
    ServicePeriod {
        from: line.service_from,
        to: line.service_to,
    }
}

fn place(lines: &mut [InvoiceLine], invoice: InvoiceId) {
    for (place, line) in (1..).zip(lines) {
        line.line_no = place;
        line.invoice_id = invoice;
    }
}

/// What the lines of a turn are made like.
struct Model<'a> {
    /// The line that the terms of the period stand on.
    like: &'a InvoiceLine,
    /// The line that charged for what is given back; none where that was no line of its own.
    own: Option<&'a InvoiceLine>,
    days: ServicePeriod,
    share: DayShare,
    billing: Billing,
}

impl Model<'_> {
    /// What takes the old charge's rest back, and what charges it anew. Nothing takes back what was
    /// paused, for that has been given back already, nor what is credited apart.
    fn lines(
        &self,
        tx: &Tx<'_, VendorScope>,
        (terms, now): (&Terms, &Subscription),
        (turn, is_apart): (&Turn<'_>, bool),
    ) -> Result<(Option<InvoiceLine>, InvoiceLine)> {
        let plan = terms.plan(now)?;
        let name = plan.line_words(&turn.price.label);
        let (old, begins) = (turn.old.quantity, &turn.begins);
        let mut more = format!("{name}, {} from {begins}", now.quantity);
        let back = match turn.credit_minor {
            0 => None,
            _ if is_apart => {
                more += &format!("; {old} are credited apart, at the tax they were charged");
                None
            }
            minor => {
                let since = match turn.from_at {
                    Some(_) => format!(" from {begins}"),
                    None => String::new(),
                };
                let words = format!("{name}, credit for {old}{since}");
                let (resale, resold) = turn.resale_back(self.own, &self.billing)?;
                let kind = InvoiceLineKind::ProrationCredit;
                let line = self.line(tx, (kind, old, words), (-minor, 0, resale))?;
                Some(InvoiceLine {
                    resold_minor: resold,
                    ..line
                })
            }
        };
        let kind = InvoiceLineKind::ProrationCharge;
        let amounts = (turn.charge_minor, turn.off_minor, turn.resale_minor);
        let charge = self.line(tx, (kind, now.quantity, more), amounts)?;
        Ok((back, charge))
    }
    /// A line over a net amount, what discounts took off it, and of that the resale discount. Its
    /// invoice and place are set once the net of all is known.
    fn line(
        &self,
        tx: &Tx<'_, VendorScope>,
        (kind, quantity, description): (InvoiceLineKind, i32, String),
        (net_minor, discount_minor, resale_minor): (i64, i64, i64),
    ) -> Result<InvoiceLine> {
        Ok(InvoiceLine {
            id: tx.fresh_id(),
            invoice_id: Id::of(0),
            line_no: 0,
            kind,
            description,
            service_from: self.days.from,
            service_to: self.days.to,
            quantity,
            net_minor,
            discount_minor,
            resale_minor,
            resold_minor: None,
            credited_net_minor: 0,
            protected_net_minor: 0,
            commission_minor: 0,
            share_days: self.share.days,
            share_of: self.share.of,
            usage_charge_id: None,
            ..self.like.clone()
        })
    }
}

pub(super) fn charge_more(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (terms, reason): (&Terms, &str),
    (now, all): (&Subscription, &[Segment]),
    turns: &[Turn<'_>],
) -> Result<()> {
    let ids: Vec<InvoiceLineId> = all.iter().filter_map(|one| one.invoice_line_id).collect();
    let known = invoices::lines_of_ids(tx, &ids)?;
    let turned: Vec<&Segment> = turns.iter().map(|turn| turn.old).collect();
    let tax = terms.tax(now, books.today)?;
    let apart = taxed_otherwise(tx, (all, &known), &turned, &tax)?;
    let (mut lines, mut charged) = (Vec::new(), Vec::new());
    for turn in turns {
        let like = origin(all, &known, turn.old)?;
        let share = like
            .terms()?
            .prorated(service_of(like), turn.rest, turn.whole);
        let own = turn.old.invoice_line_id.and_then(|id| known.get(&id));
        let model = Model {
            like,
            own,
            days: turn.rest,
            share,
            billing: now.billing()?,
        };
        let is_apart = apart.contains(&turn.old.id);
        let (back, charge) = model.lines(tx, (terms, now), (turn, is_apart))?;
        let mut segment = turn.segment(tx, now.quantity, (turn.credit_minor, Some(charge.id)));
        if is_apart {
            (segment.carried_minor, segment.replaces_id) = (0, None);
        }
        charged.push(segment);
        lines.extend(back.into_iter().chain([charge]));
    }
    retire(tx, turns)?;
    let apart = turns.iter().filter(|one| apart.contains(&one.old.id));
    let unused: Vec<Unused<'_>> = apart.map(|turn| turn.unused(turn.credit_minor)).collect();
    if !unused.is_empty() {
        credit(tx, books, (now, all), &unused, reason)?;
    }
    sell_on(&now.billing()?, &mut lines)?;
    let net = lines.iter().map(|line| line.net_minor).sum();
    let invoice = blank_invoice(tx, books, now, terms, (books.today, net))?;
    place(&mut lines, invoice.id);
    let draft = Draft {
        invoice,
        lines,
        segments: charged,
        used: Used::default(),
        too_much: Vec::new(),
    };
    let mut made = issue(tx, books, vec![draft])?;
    use_credits(tx, books, &mut made)
}

pub(super) fn charge_less(
    tx: &mut Tx<'_, VendorScope>,
    books: &Books,
    (now, all): (&Subscription, &[Segment]),
    turns: &[Turn<'_>],
    reason: &str,
) -> Result<()> {
    retire(tx, turns)?;
    let new: Vec<Segment> = turns
        .iter()
        .map(|turn| turn.segment(tx, now.quantity, (turn.charge_minor, None)))
        .collect();
    segments::add(tx, new)?;
    let unused: Vec<Unused<'_>> = turns
        .iter()
        .filter(|turn| turn.net_minor() < 0)
        .map(|turn| turn.unused(-turn.net_minor()))
        .collect();
    credit(tx, books, (now, all), &unused, reason)
}

fn retire(tx: &mut Tx<'_, VendorScope>, turns: &[Turn<'_>]) -> Result<()> {
    for turn in turns {
        segments::credit(tx, turn.old.id, turn.old.credited_minor + turn.credit_minor)?;
    }
    Ok(())
}
