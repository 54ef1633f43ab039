//! The words in which the record of what happened is kept.

use serde::{Deserialize, Serialize};

use super::coded::coded;

coded! {
    /// Something that happened. Codes are stored for good: one may be added,
    /// none renamed.
    Action {
        VendorCreated = "vendor_created", "Vendor set up";
        SettingsChanged = "settings_changed", "Settings changed";
        PersonInvited = "person_invited", "Person invited";
        InvitationWithdrawn = "invitation_withdrawn", "Invitation withdrawn";
        PersonJoined = "person_joined", "Person joined";
        PersonRemoved = "person_removed", "Person removed";
        RoleChanged = "role_changed", "Role changed";
        TierCreated = "tier_created", "Tier created";
        TierChanged = "tier_changed", "Tier changed";
        PartnerCreated = "partner_created", "Partner created";
        PartnerChanged = "partner_changed", "Partner changed";
        TierAssigned = "tier_assigned", "Tier assigned";
        PartnerEnrolled = "partner_enrolled", "Enrolled in a commission plan";
        SlaPolicyCreated = "sla_policy_created", "SLA policy created";
        SlaPolicyChanged = "sla_policy_changed", "SLA policy changed";
        OfferingCreated = "offering_created", "Offering created";
        OfferingChanged = "offering_changed", "Offering changed";
        OfferingPublished = "offering_published", "Offering published";
        OfferingClosed = "offering_closed", "Offering closed to new customers";
        PlanCreated = "plan_created", "Plan created";
        PlanVersionDrafted = "plan_version_drafted", "Plan version drafted";
        PlanVersionChanged = "plan_version_changed", "Plan version changed";
        PlanVersionPublished = "plan_version_published", "Plan version published";
        PlanVersionSuperseded = "plan_version_superseded", "Plan version superseded";
        CommissionPlanCreated = "commission_plan_created", "Commission plan created";
        CommissionPlanVersionDrafted = "commission_plan_version_drafted", "Commission plan version drafted";
        CommissionPlanVersionChanged = "commission_plan_version_changed", "Commission plan version changed";
        CommissionPlanVersionPublished = "commission_plan_version_published", "Commission plan version published";
        CustomerCreated = "customer_created", "Customer created";
        CustomerChanged = "customer_changed", "Customer changed";
        SubscriptionStarted = "subscription_started", "Subscription started";
        QuantityChanged = "quantity_changed", "Quantity changed";
        SubscriptionCanceled = "subscription_canceled", "Subscription canceled";
        InvoiceIssued = "invoice_issued", "Invoice issued";
        CreditNoteIssued = "credit_note_issued", "Credit note issued";
        PaymentRecorded = "payment_recorded", "Payment recorded";
        RefundRecorded = "refund_recorded", "Refund recorded";
        FileImported = "file_imported", "File imported";
        PeriodClosing = "period_closing", "Close begun";
        PeriodClosed = "period_closed", "Month closed";
        StatementClosed = "statement_closed", "Statement closed";
        StatementQueued = "statement_queued", "Statement queued for mail";
        StatementSent = "statement_sent", "Statement sent";
        StatementResent = "statement_resent", "Statement sent again";
        PayoutPaid = "payout_paid", "Payout marked paid";
        JobRetried = "job_retried", "Parked job tried again";
        MailFailed = "mail_failed", "Mail failed";
        ImportRefused = "import_refused", "File refused";
    }
}

/// One field of a record that was changed, as it read before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's name as its form shows it.
    pub field: String,
    /// What it said; empty where there was nothing.
    pub old: String,
    /// What it says; empty where there is nothing now.
    pub new: String,
}

/// The fields that differ, in the order given.
pub fn diff<F, O, N>(fields: &[(F, O, N)]) -> Vec<Change>
where
    F: AsRef<str>,
    O: AsRef<str>,
    N: AsRef<str>,
{
    fields
        .iter()
        .map(|(field, old, new)| (field.as_ref(), old.as_ref(), new.as_ref()))
        .filter(|(_, old, new)| old != new)
        .map(|(field, old, new)| Change {
            field: field.to_owned(),
            old: old.to_owned(),
            new: new.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_kept() {
        let changes = diff(&[
            ("name", "Acme", "Acme"),
            ("country", "DE", "FR"),
            ("note", "", "Prefers mail"),
        ]);
        let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["country", "note"]);
        assert_eq!(
            (changes[0].old.as_str(), changes[0].new.as_str()),
            ("DE", "FR")
        );
        assert!(diff(&[(String::from("a"), "b", "b")]).is_empty());
    }

    #[test]
    fn every_action_reads_back_from_its_code() {
        for action in Action::ALL {
            assert_eq!(action.code().parse(), Ok(*action));
        }
    }
}
