//! Who earns on lines as they are billed: those who share in the subscription, and the
//! distributor above its partner of record, each as arranged on the period's first day.
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

use super::books::rate;
use crate::{
    Result,
    domain::{
        Permission, Rate,
        commission::{
            Part,
            parts::{self as rules, Above},
        },
    },
    id::{CustomerId, Id, InvoiceId, PartnerId, SubscriptionId},
    store::{
        Tx, VendorScope,
        incentivize::{
            distributors::{self, Link},
            parties::{self, Party},
        },
        revenue::{
            invoices::{Invoice, InvoiceLine},
            parts::EarningPart,
            subscriptions::{self, Subscription},
            terms,
        },
    },
};

/// What is arranged for some subscriptions and their partners of record.
#[derive(Default)]
pub(super) struct Arranged {
    shares: HashMap<SubscriptionId, Vec<Party>>,
    above: HashMap<PartnerId, Vec<Link>>,
}

impl Arranged {
    /// Reads it.
    pub fn of(
        tx: &mut Tx<'_, VendorScope>,
        sold: impl Iterator<Item = (SubscriptionId, PartnerId)>,
    ) -> Result<Self> {
        let (sold, sellers): (BTreeSet<SubscriptionId>, BTreeSet<PartnerId>) = sold.unzip();
        Ok(Self {
            shares: parties::of(tx, &Vec::from_iter(sold))?,
            above: distributors::of(tx, &Vec::from_iter(sellers))?,
        })
    }

    /// Whether nothing at all is arranged for a subscription: its partner of record earns alone.
    pub fn is_plain(&self, sold: SubscriptionId, seller: PartnerId) -> bool {
        !self.shares.contains_key(&sold) && !self.above.contains_key(&seller)
    }

    /// Who earns on a service period that starts on a day.
    pub fn parts(
        &self,
        (sold, seller): (SubscriptionId, PartnerId),
        from: NaiveDate,
    ) -> Result<Vec<(PartnerId, Part)>> {
        let all = self.shares.get(&sold).map_or(&[][..], Vec::as_slice);
        let shares: Vec<(i64, Rate)> = parties::on(all, from)
            .map(|one| Ok((one.partner_id.number(), rate(one.share_bps)?)))
            .collect::<Result<_>>()?;
        let links = self.above.get(&seller).map_or(&[][..], Vec::as_slice);
        let above = match distributors::on(links, from) {
            Some(link) => above(link)?,
            None => None,
        };
        let parts = rules::parts(seller.number(), &shares, above);
        Ok(parts
            .into_iter()
            .map(|(who, part)| (Id::of(who), part))
            .collect())
    }
}

impl Arranged {
    /// Who earns on a line of a subscription whose service starts on a day.
    pub fn on_line(&self, of: &Subscription, from: NaiveDate) -> Result<Vec<(PartnerId, Part)>> {
        self.parts((of.id, of.partner_id), period_start(of, from)?)
    }
}

/// Who earns on a subscription from one day on: who, and what.
pub type WhoEarns = (NaiveDate, Vec<(PartnerId, Part)>);

/// Who earns on a subscription for service periods that start on a day, and from each day on which
/// that is to change.
///
/// # Errors
/// [`crate::Error::Forbidden`]; faults of the database.
pub fn who_earns(
    tx: &mut Tx<'_, VendorScope>,
    of: (SubscriptionId, PartnerId),
    today: NaiveDate,
) -> Result<Vec<WhoEarns>> {
    tx.allow(Permission::ViewPartners)?;
    let arranged = Arranged::of(tx, std::iter::once(of))?;
    let shares = arranged
        .shares
        .values()
        .flatten()
        .map(|one| one.effective_from);
    let links = arranged
        .above
        .values()
        .flatten()
        .map(|one| one.effective_from);
    let mut days: BTreeSet<NaiveDate> = shares.chain(links).filter(|day| *day > today).collect();
    days.insert(today);
    let on = |day: NaiveDate| Ok((day, arranged.parts(of, day)?));
    days.into_iter().map(on).collect()
}

fn above(link: &Link) -> Result<Option<Above>> {
    let Some(who) = link.distributor_id else {
        return Ok(None);
    };
    Ok(Some(Above {
        who: who.number(),
        is_carved: link.carved_out,
        rate: rate(link.rate_bps)?,
    }))
}

/// Marks the lines on which not the partner of record alone earns, and gives who does.
pub(super) fn share(
    tx: &mut Tx<'_, VendorScope>,
    made: &[Invoice],
    lines: &mut [InvoiceLine],
) -> Result<Vec<EarningPart>> {
    let earning = lines.iter().filter(|line| line.earns());
    let sold = earning.map(|line| (line.subscription_id, line.partner_id));
    let arranged = Arranged::of(tx, sold)?;
    let mut ids: Vec<SubscriptionId> = Vec::new();
    for line in lines.iter_mut() {
        line.shared = false;
        if line.earns() && !arranged.is_plain(line.subscription_id, line.partner_id) {
            ids.push(line.subscription_id);
        }
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    ids.sort_unstable();
    ids.dedup();
    let sold = subscriptions::of_ids(tx, &ids)?;
    let names = names(tx, made)?;
    let mut found = Vec::new();
    for line in lines.iter_mut().filter(|line| line.earns()) {
        let Some(subscription) = sold.iter().find(|one| one.id == line.subscription_id) else {
            continue;
        };
        let parts = arranged.on_line(subscription, line.service_from)?;
        if parts == [(line.partner_id, Part::Whole)] {
            continue;
        }
        line.shared = true;
        let customer = names.get(&line.invoice_id).map_or("", String::as_str);
        for (seq, (partner, part)) in (1..).zip(parts) {
            let is_sellers = partner == line.partner_id && !part.is_override();
            found.push(EarningPart {
                id: tx.fresh_id(),
                partner_id: partner,
                invoice_line_id: line.id,
                seq,
                part,
                about: match is_sellers {
                    true => String::new(),
                    false => about(customer, &line.description),
                },
            });
        }
    }
    Ok(found)
}

/// "Hotel Adler: Backup Pro, Monthly".
pub(super) fn about(customer: &str, description: &str) -> String {
    let sold = description
        .split_once(": ")
        .map_or(description, |(sold, _)| sold);
    format!("{customer}: {sold}")
}

/// The first day of the service period that a day lies in.
fn period_start(of: &Subscription, day: NaiveDate) -> Result<NaiveDate> {
    let anchor = of.anchor()?;
    let period = anchor
        .index_of(day)
        .and_then(|index| anchor.service_period(index));
    Ok(period.map_or(day, |period| period.from.max(of.charged_from()).min(day)))
}

fn names(tx: &mut Tx<'_, VendorScope>, made: &[Invoice]) -> Result<HashMap<InvoiceId, String>> {
    let customers: BTreeSet<CustomerId> = made.iter().map(|one| one.customer_id).collect();
    let customers = terms::customers_of(tx, &Vec::from_iter(customers))?;
    let named = made.iter().filter_map(|one| {
        let customer = customers.get(&one.customer_id)?;
        Some((one.id, customer.name.clone()))
    });
    Ok(named.collect())
}
