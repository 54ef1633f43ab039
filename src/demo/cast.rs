//! Who and what the demo is about. All invented; the figures follow from the real rules.
mod kessler;
mod meridian;
mod people;

pub use people::{CONTACTS, CUSTOMER_FIRST, CUSTOMER_SECOND, PERSONAS};

/// A vendor of the demo.
pub struct VendorPart {
    /// First segment of its addresses.
    pub slug: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// As on documents.
    pub legal_name: &'static str,
    /// Postal address.
    pub address: &'static str,
    /// IANA zone.
    pub zone: &'static str,
    /// Currency of its books.
    pub currency: &'static str,
    /// Begins its document numbers.
    pub prefix: &'static str,
    /// Its SLA policies.
    pub policies: &'static [PolicyPart],
    /// Its offerings.
    pub offerings: &'static [OfferingPart],
    /// Its commission plan: name and clauses of (phase, tier, percent), where it says so with the
    /// steps above which the revenue of a month or a quarter earns more, the days within which it
    /// goes back when a customer leaves, or what a registered deal adds: "20 then 2,500: 22",
    /// "20 then 7,500: 22 in a quarter", "30 back 180", "16 plus 4".
    pub commission: (
        &'static str,
        &'static [(&'static str, &'static str, &'static str)],
    ),
    /// The customer's outcome that plan is there for.
    pub outcome: &'static str,
    /// Its partners.
    pub partners: &'static [PartnerPart],
}

/// A service level policy: name, summary and targets of (metric, threshold, calendar, credit percent).
pub struct PolicyPart {
    /// Its name.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Its promises.
    pub targets: &'static [(&'static str, &'static str, &'static str, &'static str)],
}

/// An offering with its plans.
pub struct OfferingPart {
    /// Its name.
    pub name: &'static str,
    /// Its category.
    pub category: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Who delivers it.
    pub delivery: &'static str,
    /// Its SLA policy's name.
    pub policy: &'static str,
    /// Its plans.
    pub plans: &'static [PlanPart],
}

/// A plan of an offering.
pub struct PlanPart {
    /// Its code.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its currency.
    pub currency: &'static str,
    /// 0 for a week, 1, 3, 6 or 12.
    pub interval_months: u32,
    /// The term.
    pub term_months: i32,
    /// Days free at the start.
    pub trial_days: u32,
    /// What a period comes to at least; empty for no commitment.
    pub minimum: &'static str,
    /// Prices of (label, kind, amount or tiers); `by` and a meter for what is counted from usage,
    /// `with` and more for what a retainer or the fee of an outcome covers.
    pub prices: &'static [(&'static str, &'static str, &'static str)],
}

/// A partner.
pub struct PartnerPart {
    /// Its key in the vendor's books.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// As on documents.
    pub legal_name: &'static str,
    /// Postal address, lines apart.
    pub address: &'static str,
    /// ISO 3166 code.
    pub country: &'static str,
    /// reseller, msp, referral …
    pub kind: &'static str,
    /// Its tier at the start.
    pub tier: &'static str,
    /// Months of the demo that have passed when it joins.
    pub joins: u32,
    /// Customers it wins, one every month or two.
    pub customers: u32,
    /// The plans it sells, by code.
    pub sells: &'static [&'static str],
    /// Tax of its customers in basis points.
    pub tax_bps: i32,
    /// What happens to it that others are spared.
    pub story: Story,
}

/// What makes a partner worth looking at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// Nothing out of the ordinary.
    Plain,
    /// A large refund after its payout leaves it owing.
    Negative,
    /// Earns too little for a payout.
    BelowMinimum,
    /// A payment is reported after its month was closed.
    Late,
    /// A customer gets part of a payment back.
    PartialRefund,
    /// A customer takes on more seats in the middle of a month, another fewer.
    Quantity,
    /// A yearly customer renews.
    Yearly,
    /// A customer leaves in the middle of a month.
    Leaves,
    /// Rises a tier half way.
    Rises,
    /// Has joined and sold nothing yet.
    New,
}

/// A partner in one call, so that they can be read beneath each other.
macro_rules! partner {
    ($code:literal, $name:literal, $legal:literal, $address:literal, $country:literal, $kind:literal, $tier:literal, $joins:literal, $customers:literal, $sells:expr, $tax:literal, $story:expr) => {
        PartnerPart {
            code: $code,
            name: $name,
            legal_name: $legal,
            address: $address,
            country: $country,
            kind: $kind,
            tier: $tier,
            joins: $joins,
            customers: $customers,
            sells: $sells,
            tax_bps: $tax,
            story: $story,
        }
    };
}
use partner;

/// Both vendors' tiers: name and rank.
pub const TIERS: &[(&str, i32)] = &[("Registered", 1), ("Silver", 2), ("Gold", 3)];

/// The vendors.
pub const VENDORS: &[VendorPart] = &[meridian::VENDOR, kessler::VENDOR];
