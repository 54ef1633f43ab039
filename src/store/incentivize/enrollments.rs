//! Which partner is under which commission plan from when.
use chrono::NaiveDate;
use diesel::prelude::*;

use crate::{
    Result,
    id::{CommissionEnrollmentId, CommissionPlanVersionId, PartnerId},
    store::{Scope, Tx, VendorScope, Visible, schema::commission_enrollments},
};

/// A partner's enrolment in a version of a commission plan from a date on.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = commission_enrollments)]
pub struct Enrollment {
    /// Which.
    pub id: CommissionEnrollmentId,
    /// Whose.
    #[diesel(column_name = partner_id)]
    pub partner: PartnerId,
    /// In which version.
    #[diesel(column_name = commission_plan_version_id)]
    pub plan_version: CommissionPlanVersionId,
    /// The first day, in the vendor's zone: sales of that day are under it.
    pub effective_from: NaiveDate,
    /// The plan's clauses in words, one to a line, as they stood at enrolment.
    pub terms: String,
}

/// A partner's enrolments, the latest first.
///
/// # Errors
/// Faults of the database.
pub fn of_partner<S: Scope>(tx: &mut Tx<'_, S>, partner: PartnerId) -> Result<Vec<Enrollment>>
where
    commission_enrollments::table: Visible<S>,
{
    let rows = tx
        .rows(commission_enrollments::table)
        .filter(commission_enrollments::partner_id.eq(partner))
        .order(commission_enrollments::effective_from.desc())
        .select(Enrollment::as_select());
    tx.load(rows)
}

/// The enrolment a partner's sales of a day are under, if there is one.
///
/// # Errors
/// Faults of the database.
pub fn on<S: Scope>(
    tx: &mut Tx<'_, S>,
    partner: PartnerId,
    day: NaiveDate,
) -> Result<Option<Enrollment>>
where
    commission_enrollments::table: Visible<S>,
{
    let row = tx
        .rows(commission_enrollments::table)
        .filter(commission_enrollments::partner_id.eq(partner))
        .filter(commission_enrollments::effective_from.le(day))
        .order(commission_enrollments::effective_from.desc())
        .select(Enrollment::as_select());
    tx.first(row)
}

/// Enrols a partner from a date on; an enrolment of that very date is replaced.
///
/// # Errors
/// Faults of the database.
pub fn enroll(tx: &mut Tx<'_, VendorScope>, new: &Enrollment) -> Result<()> {
    let same_day = tx
        .rows_of(commission_enrollments::table)
        .filter(commission_enrollments::partner_id.eq(new.partner))
        .filter(commission_enrollments::effective_from.eq(new.effective_from));
    tx.delete(same_day)?;
    tx.insert(
        commission_enrollments::table,
        (
            commission_enrollments::id.eq(new.id),
            commission_enrollments::partner_id.eq(new.partner),
            commission_enrollments::commission_plan_version_id.eq(new.plan_version),
            commission_enrollments::effective_from.eq(new.effective_from),
            commission_enrollments::terms.eq(new.terms.clone()),
        ),
    )
}
