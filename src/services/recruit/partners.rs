//! Partners: taking them on and keeping their record.
use chrono::NaiveDate;

use super::{Slugs, slugs};
use crate::{
    Error, Result,
    domain::{
        Action, CountryCode, Email, ExternalId, LongText, Name, PartnerFacts, PartnerStatus,
        PartnerType, Permission, StatementDelivery,
        audit::{Change, diff},
    },
    id::PartnerId,
    services::stale,
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        incentivize::{
            enrollments::{self, Enrollment},
            tiers::{self, Tier},
        },
        platform::Event,
        recruit::{
            lifecycle,
            partners::{self, Partner},
        },
    },
};

/// What a vendor says about a partner.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What people call it.
    pub name: Name,
    /// As on documents.
    pub legal_name: Name,
    /// Lines of its postal address.
    pub address: LongText,
    /// Where it is.
    pub country: CountryCode,
    /// How it does business.
    pub partner_type: PartnerType,
    /// Where statements go.
    pub statement_email: Option<Email>,
    /// How statements go there.
    pub delivery: StatementDelivery,
}

impl Draft {
    /// The record with what the draft says.
    pub(crate) fn over(&self, old: Partner) -> Partner {
        Partner {
            name: self.name.to_string(),
            legal_name: self.legal_name.to_string(),
            address: self.address.to_string(),
            country: self.country.clone(),
            partner_type: self.partner_type,
            statement_email: self
                .statement_email
                .as_ref()
                .map_or_else(String::new, Email::to_string),
            delivery: self.delivery,
            ..old
        }
    }

    /// A new record of what the draft says.
    ///
    /// # Errors
    /// A fault, if no slug can be found.
    pub(crate) fn record(
        &self,
        tx: &Tx<'_, VendorScope>,
        external_id: Option<&ExternalId>,
        slugs: &mut Slugs,
    ) -> Result<Partner> {
        let id: PartnerId = tx.fresh_id();
        Ok(self.over(Partner {
            id,
            external_id: external_id.map_or_else(|| id.to_string(), ExternalId::to_string),
            slug: slugs.give(self.name.as_str())?,
            name: String::new(),
            legal_name: String::new(),
            address: String::new(),
            country: self.country.clone(),
            partner_type: self.partner_type,
            statement_email: String::new(),
            delivery: self.delivery,
            status: PartnerStatus::Active,
            left_on: None,
            created_at: tx.now(),
            version: 1,
        }))
    }
}

/// Takes a partner into the programme. Without an external id of its own it is known by its id.
///
/// # Errors
/// [`Error::Forbidden`], and [`Error::Invalid`] on `external_id`.
pub fn recruit(
    tx: &mut Tx<'_, VendorScope>,
    external_id: Option<&ExternalId>,
    draft: &Draft,
) -> Result<PartnerId> {
    tx.allow(Permission::ManagePartners)?;
    if let Some(external_id) = external_id
        && !partners::by_external_ids(tx, &[external_id.to_string()])?.is_empty()
    {
        return Err(Error::on(
            "external_id",
            "Another partner has this external id.",
        ));
    }
    let taken = partners::slugs_like(tx, &slugs::base(draft.name.as_str()))?;
    let partner = draft.record(tx, external_id, &mut Slugs::besides(taken))?;
    partners::insert_all(tx, std::slice::from_ref(&partner))?;
    note(tx, &partner, Action::PartnerAdded, &[])?;
    Ok(partner.id)
}

/// Changes a partner's record. `version` is the one the form was made from.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`], and [`Error::Conflict`] when it was changed
/// meanwhile.
pub fn edit(
    tx: &mut Tx<'_, VendorScope>,
    id: PartnerId,
    version: i32,
    draft: &Draft,
) -> Result<()> {
    tx.allow(Permission::ManagePartners)?;
    let old = partners::partner(tx, id)?;
    let new = Partner {
        version,
        ..draft.over(old.clone())
    };
    save(tx, &old, &new)
}

/// Notes that a partner has left the programme today, or is back. What was sold and earned stays.
///
/// # Errors
/// As [`edit`].
pub fn set_status(
    tx: &mut Tx<'_, VendorScope>,
    id: PartnerId,
    version: i32,
    status: PartnerStatus,
) -> Result<()> {
    tx.allow(Permission::ManagePartners)?;
    let old = partners::partner(tx, id)?;
    let left_on = match status {
        PartnerStatus::Active => None,
        PartnerStatus::Left => Some(old.left_on.map_or_else(|| vendor::today(tx), Ok)?),
    };
    let new = Partner {
        version,
        status,
        left_on,
        ..old.clone()
    };
    save(tx, &old, &new)
}

fn save(tx: &mut Tx<'_, VendorScope>, old: &Partner, new: &Partner) -> Result<()> {
    if !partners::update(tx, new)? {
        return Err(stale("partner"));
    }
    note(tx, new, Action::PartnerChanged, &changes(old, new))
}

/// What differs between two states of a record, for the audit trail.
pub(crate) fn changes(old: &Partner, new: &Partner) -> Vec<Change> {
    diff(&[
        ("name", old.name.as_str(), new.name.as_str()),
        ("legal name", &old.legal_name, &new.legal_name),
        ("address", &old.address, &new.address),
        ("country", old.country.as_str(), new.country.as_str()),
        ("type", old.partner_type.label(), new.partner_type.label()),
        (
            "statement email",
            &old.statement_email,
            &new.statement_email,
        ),
        (
            "statement delivery",
            old.delivery.label(),
            new.delivery.label(),
        ),
        ("status", old.status.label(), new.status.label()),
    ])
}

fn note(
    tx: &mut Tx<'_, VendorScope>,
    partner: &Partner,
    action: Action,
    changes: &[Change],
) -> Result<()> {
    VendorScope::record(
        tx,
        &Event {
            action,
            subject: partner.id.number(),
            partner: Some(partner.id),
            summary: format!("{}: {}", action.label(), partner.name),
            changes,
        },
    )
}

/// A partner's record with what hangs together with it today.
#[derive(Debug, Clone)]
pub struct Record {
    /// The partner.
    pub partner: Partner,
    /// Its tier today.
    pub tier: Option<Tier>,
    /// Its enrolment today.
    pub enrollment: Option<Enrollment>,
    /// What its stage rests on: counts and monthly recurring revenue.
    pub facts: PartnerFacts,
    /// The date these are of, in the vendor's zone.
    pub today: NaiveDate,
}

/// A partner's record with what hangs together with it today.
///
/// # Errors
/// [`Error::Forbidden`], and [`Error::NotFound`].
pub fn record(tx: &mut Tx<'_, VendorScope>, id: PartnerId) -> Result<Record> {
    tx.allow(Permission::ViewPartners)?;
    let partner = partners::partner(tx, id)?;
    let today = vendor::today(tx)?;
    let held = tiers::on(tx, &[id], today)?.first().map(|(_, tier)| *tier);
    let mut all = tiers::tiers(tx)?.into_iter();
    Ok(Record {
        tier: all.find(|tier| Some(tier.id) == held),
        enrollment: enrollments::on(tx, id, today)?,
        facts: lifecycle::facts_of(tx, id)?,
        partner,
        today,
    })
}
