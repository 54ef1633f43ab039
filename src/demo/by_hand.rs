//! What is given beside the plan: by hand, where one colleague in finance proposes and the other
//! approves, and for each new subscription of some months.
use chrono::NaiveDate;

use super::{Scope, cast::VendorPart, setting::read};
use crate::{
    Error, Result,
    domain::{AdjustmentReason, Money, Period, Role, commission::clawback::ClawbackMode},
    id::{AdjustmentId, PartnerId},
    services::{
        incentivize::{
            adjustments::{self, NewAdjustment},
            spiffs::{self, NewSpiff},
        },
        revenue::bank::{self, NewAccount},
    },
    store::{
        Store,
        catalogue::offerings,
        lobby::{self, Admission, NewMembership},
    },
};

/// Two colleagues in a vendor's finance. They are no personas: nobody has their password.
pub(super) struct Finance([Scope; 2]);

const COLLEAGUES: [&str; 2] = ["Jonas Weber", "Maria Rossi"];

/// Three months in which each new subscription of the vendor's first offering is worth something.
pub(super) fn announce(
    store: &Store,
    (scope, vendor): (&Scope, &VendorPart),
    day: NaiveDate,
) -> Result<()> {
    let Some(first) = vendor.offerings.first() else {
        return Ok(());
    };
    let month = Period::of(day);
    store.write_now(scope.clone(), |tx| {
        let known = offerings::names(tx)?;
        let offering = known.iter().find(|(_, name)| name == first.name);
        let new = NewSpiff {
            name: read("Three strong months")?,
            offering: offering.ok_or(Error::NotFound)?.0,
            from: month.first_day(),
            until: month.next().next().last_day(),
            amount: Money::new(15_000, read(vendor.currency)?),
            most: Some(3),
            clawback_days: 180,
            clawback_mode: ClawbackMode::Linear,
        };
        spiffs::add(tx, &new).map(drop)
    })
}

impl Finance {
    /// Gives both their places.
    pub fn of(store: &Store, (scope, vendor): (&Scope, &VendorPart)) -> Result<Self> {
        let [first, second] = COLLEAGUES.map(|name| colleague(store, (scope, vendor), name));
        Ok(Self([first?, second?]))
    }

    /// Proposed by one, and approved by the other unless it is left waiting.
    pub fn adjust(
        &self,
        store: &Store,
        (partner, day): (PartnerId, NaiveDate),
        (amount, reason, memo): (Money, AdjustmentReason, &str),
        approved: bool,
    ) -> Result<()> {
        let new = NewAdjustment {
            partner,
            month: Period::of(day),
            amount,
            reason,
            memo: read(memo)?,
        };
        let [proposer, approver] = &self.0;
        let id: AdjustmentId =
            store.write_now(proposer.clone(), |tx| adjustments::propose(tx, &new))?;
        if approved {
            store.write_now(approver.clone(), |tx| adjustments::approve(tx, id))?;
        }
        Ok(())
    }
}

impl Finance {
    /// Whoever of them pays partners.
    pub fn desk(&self) -> &Scope {
        let [first, _] = &self.0;
        first
    }

    /// Set by one, and confirmed by the other unless it is left waiting.
    pub fn account(
        &self,
        store: &Store,
        (partner, new): (PartnerId, &NewAccount),
        confirmed: bool,
    ) -> Result<()> {
        let [first, second] = &self.0;
        store.write_now(first.clone(), |tx| bank::set(tx, partner, new))?;
        if confirmed {
            let version = new.version + 1;
            store.write_now(second.clone(), |tx| bank::confirm(tx, partner, version))?;
        }
        Ok(())
    }
}

fn colleague(store: &Store, (scope, vendor): (&Scope, &VendorPart), name: &str) -> Result<Scope> {
    let mailbox = name.to_lowercase().replace(' ', ".");
    let email = format!("{mailbox}@{}.example", vendor.slug);
    let admitted = store.lobby_write_now(|lobby| {
        let user = lobby::add_person(lobby, &email, name, None)?;
        let place = NewMembership {
            tenant: lobby::tenant_of(scope),
            partner: None,
            user,
            role: Role::VendorFinance,
            email: &email,
            name,
        };
        lobby::add_membership(lobby, &place)?;
        lobby::admit(lobby, user, vendor.slug, None)
    })?;
    match admitted {
        Some(Admission::Staff(scope)) => Ok(scope),
        _ => Err(Error::NotFound),
    }
}
