//! Work that failed too often and waits for somebody.
use crate::{
    Result,
    domain::{Action, Permission},
    id::JobId,
    store::{Platform, Tx, VendorScope, jobs, platform::Event},
};

/// Lets parked work try again now.
///
/// # Errors
/// [`crate::Error::Forbidden`]; [`crate::Error::NotFound`] for work that is not parked; faults of
/// the database.
pub fn retry(tx: &mut Tx<'_, VendorScope>, job: JobId) -> Result<()> {
    tx.allow(Permission::ClosePeriods)?;
    jobs::retry(tx, job)?;
    VendorScope::record(
        tx,
        &Event {
            action: Action::JobRetried,
            subject: job.number(),
            partner: None,
            summary: String::new(),
            changes: &[],
        },
    )
}
