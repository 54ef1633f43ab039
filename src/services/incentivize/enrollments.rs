//! Putting partners under a commission plan.
use chrono::NaiveDate;

use super::wording::Wording;
use crate::{
    Error, Result,
    domain::{Action, Permission, VersionStatus, audit::diff, date_words, near},
    id::{CommissionEnrollmentId, CommissionPlanVersionId, PartnerId},
    store::{
        Platform, Tx, VendorScope,
        account::vendor,
        incentivize::{
            commission_plans,
            enrollments::{self, Enrollment},
        },
        platform::Event,
        recruit::partners,
    },
};

/// Puts a partner's sales from a date on (in the vendor's zone) under a published version of a
/// commission plan. Earlier sales keep theirs; an enrolment of that very date is replaced.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`] for the partner, and [`Error::Invalid`] on
/// `plan_version` or `from`.
pub fn enroll(
    tx: &mut Tx<'_, VendorScope>,
    partner: PartnerId,
    plan_version: CommissionPlanVersionId,
    from: NaiveDate,
) -> Result<CommissionEnrollmentId> {
    tx.allow(Permission::ManagePartners)?;
    let name = partners::partner(tx, partner)?.name;
    let version = match commission_plans::version(tx, plan_version) {
        Ok(version) if version.status == VersionStatus::Published => version,
        Ok(_) | Err(Error::NotFound) => {
            return Err(Error::on(
                "plan_version",
                "Choose a published commission plan.",
            ));
        }
        Err(fault) => return Err(fault),
    };
    if from < version.effective_from {
        let first = date_words(version.effective_from);
        return Err(Error::on(
            "from",
            format!("This plan holds from {first} on."),
        ));
    }
    near::within_reach(from, vendor::today(tx)?).map_err(|why| Error::on("from", why))?;
    let plan = commission_plans::plan(tx, version.plan)?.name;
    let old = enrollments::on(tx, partner, from)?.map_or_else(String::new, |held| held.terms);
    let enrollment = Enrollment {
        id: tx.fresh_id(),
        partner,
        plan_version,
        effective_from: from,
        terms: Wording::of(tx)?.terms(&version),
    };
    enrollments::enroll(tx, &enrollment)?;
    VendorScope::record(
        tx,
        &Event {
            action: Action::PartnerEnrolled,
            subject: partner.number(),
            partner: Some(partner),
            summary: format!("{name} is under {plan} from {}", date_words(from)),
            changes: &diff(&[("terms", old, enrollment.terms.clone())]),
        },
    )?;
    Ok(enrollment.id)
}
