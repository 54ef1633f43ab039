//! Deals that partners register before they sell: most are won, one lapses, one is declined, and in
//! the end two partners want the same customer.
use chrono::{Datelike, Days, NaiveDate};

use super::{
    Scope,
    cast::{PartnerPart, Story, VendorPart},
    setting::read,
    years::Sale,
};
use crate::{
    Error, Result,
    domain::{Quantity, deal::usual_last_day},
    id::{DealRegistrationId, PartnerId, PlanVersionId},
    services::{
        revenue::usage::{self, NewOutcome},
        sell::deals::{self, Approval, Draft},
    },
    store::{
        PartnerScope, Store,
        account::people,
        lobby::{self, Admission},
        recruit::partners,
        revenue::terms,
        sell::deals as rows,
    },
};

/// Whose addresses letters come from.
pub(super) const MAIL_DOMAIN: &str = "demo.example";
/// Days from a registration to the sale.
const TAKES: u64 = 12;

/// Whether a partner registers its sale number `k`, counted from 0.
pub(super) fn is_registered(part: &PartnerPart, k: u32) -> bool {
    part.story == Story::Plain && part.tier == "Silver" && k % 2 == 1
}

/// The day a deal is sold that is registered on another.
pub(super) fn sold_on(registered_on: NaiveDate) -> NaiveDate {
    let on = registered_on.checked_add_days(Days::new(TAKES));
    on.unwrap_or(registered_on)
}

/// Somebody at a partner who registers deals, and what they see of the vendor.
pub(super) struct Seller {
    scope: PartnerScope,
    vendor: Scope,
}

impl Seller {
    /// The first person of a partner's.
    pub fn of(
        store: &Store,
        (scope, vendor): (&Scope, &VendorPart),
        partner: PartnerId,
    ) -> Result<Self> {
        let (user, slug) = store.read_now(scope.clone(), |tx| {
            let members = people::members(tx, Some(partner))?;
            let first = members.first().ok_or(Error::NotFound)?;
            Ok((first.user, partners::partner(tx, partner)?.slug))
        })?;
        let admitted =
            store.lobby_now(|lobby| lobby::admit(lobby, user, vendor.slug, Some(slug.as_str())))?;
        match admitted {
            Some(Admission::Partner(own)) => Ok(Self {
                scope: own,
                vendor: scope.clone(),
            }),
            _ => Err(Error::NotFound),
        }
    }

    /// Registers a sale that is to be made on a day.
    pub fn register(
        &self,
        store: &Store,
        (sale, customer): (&Sale, &str),
        on: NaiveDate,
    ) -> Result<DealRegistrationId> {
        let note = "Two meetings, and a test account since last week";
        self.claim(
            store,
            (sale.plan_version, sale.quantity),
            (customer, note),
            on,
        )
    }

    /// Reports what was reached under a subscription.
    pub fn report(&self, store: &Store, new: &NewOutcome) -> Result<()> {
        store.write_now(self.scope.clone(), |tx| usage::record(tx, new))
    }

    fn claim(
        &self,
        store: &Store,
        (version, quantity): (PlanVersionId, u32),
        (customer, note): (&str, &str),
        on: NaiveDate,
    ) -> Result<DealRegistrationId> {
        let plans = store.read_now(self.vendor.clone(), |tx| terms::plans_of(tx, &[version]))?;
        let plan = plans.get(&version).ok_or(Error::NotFound)?;
        let host = customer.to_lowercase().replace(' ', "-");
        let draft = Draft {
            customer: read(customer)?,
            web: format!("www.{host}.example"),
            vat_id: read("")?,
            offering: plan.offering_id,
            quantity: Quantity::new(quantity).map_err(Error::fault)?,
            expected_on: on,
            note: read(note)?,
        };
        store.write_now(self.scope.clone(), |tx| deals::register(tx, &draft))
    }
}

/// Approves a registration for the usual time.
pub(super) fn approve(
    store: &Store,
    scope: &Scope,
    deal: DealRegistrationId,
    day: NaiveDate,
) -> Result<()> {
    let approval = Approval {
        deal,
        version: 1,
        until: usual_last_day(day),
        despite: false,
    };
    store.write_now(scope.clone(), |tx| {
        deals::approve(tx, &approval, MAIL_DOMAIN)
    })
}

/// A deal that is told on one day.
pub(super) struct DealStory {
    /// The month of the demo and the day of the month.
    pub when: (u32, u32),
    /// The story of the partner that registers it.
    pub whose: Story,
    customer: &'static str,
    note: &'static str,
    ends: Ends,
}

/// What the vendor says to it.
enum Ends {
    Waits,
    Approved,
    Declined(&'static str),
}

/// In the order of the days.
pub(super) const STORIES: [DealStory; 5] = [
    DealStory {
        when: (11, 9),
        whose: Story::Rises,
        customer: "Shipyard Möwe",
        note: "",
        ends: Ends::Approved,
    },
    DealStory {
        when: (17, 6),
        whose: Story::Quantity,
        customer: "Tannery Holm",
        note: "A test account since October; the board decides in two weeks",
        ends: Ends::Approved,
    },
    DealStory {
        when: (17, 10),
        whose: Story::Negative,
        customer: "City of Auerfurt",
        note: "",
        ends: Ends::Declined("The city is in a tender of ours since August."),
    },
    DealStory {
        when: (17, 19),
        whose: Story::Quantity,
        customer: "Observatory Lorn",
        note: "Asked us for an offer after the autumn fair",
        ends: Ends::Waits,
    },
    DealStory {
        when: (17, 23),
        whose: Story::Late,
        customer: "Tannery Holm AG",
        note: "We look after their telephones",
        ends: Ends::Waits,
    },
];

/// Registers a story's deal, and decides on it.
pub(super) fn tell(
    store: &Store,
    scope: &Scope,
    (seller, version): (&Seller, PlanVersionId),
    (story, day): (&DealStory, NaiveDate),
) -> Result<()> {
    let about = (story.customer, story.note);
    let deal = seller.claim(store, (version, 12), about, sold_on(day))?;
    match story.ends {
        Ends::Waits => Ok(()),
        Ends::Approved => approve(store, scope, deal, day),
        Ends::Declined(why) => {
            let answer = read(why)?;
            store.write_now(scope.clone(), |tx| {
                let seen = (deal, rows::one(tx, deal)?.version);
                deals::decline(tx, seen, (&answer, MAIL_DOMAIN))
            })
        }
    }
}

/// Once a month what is over is noted, as the daily run does.
pub(super) fn lapse(store: &Store, scope: &Scope, day: NaiveDate) -> Result<()> {
    match day.day() {
        1 => store.write_now(scope.clone(), |tx| deals::lapse(tx, day, 100).map(drop)),
        _ => Ok(()),
    }
}
