//! What can happen, in the audit trail's words, and how a change is told.
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A field's old and new value, as people read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's name as its form shows it.
    pub field: String,
    /// Before; empty for something new.
    pub old: String,
    /// After.
    pub new: String,
}

/// The fields that differ, in the order given: (field, old, new).
pub fn diff(fields: &[(&str, String, String)]) -> Vec<Change> {
    fields
        .iter()
        .filter(|(_, old, new)| old != new)
        .map(|(field, old, new)| Change {
            field: (*field).to_owned(),
            old: old.clone(),
            new: new.clone(),
        })
        .collect()
}

macro_rules! actions {
    ($($action:ident = $code:literal, $label:literal;)*) => {
        /// Something that happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {$(
            #[doc = $label]
            $action,
        )*}
        const ACTIONS: &[(Action, &str, &str)] = &[$((Action::$action, $code, $label),)*];
    };
}
actions! {
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
}

/// Said of a text that is no action.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such action: {0}")]
pub struct BadAction(String);

impl FromStr for Action {
    type Err = BadAction;
    fn from_str(code: &str) -> Result<Self, BadAction> {
        let found = ACTIONS.iter().find(|(_, known, _)| *known == code);
        found
            .map(|(action, _, _)| *action)
            .ok_or_else(|| BadAction(code.to_owned()))
    }
}

impl Action {
    /// As stored.
    pub fn code(self) -> &'static str {
        self.row().1
    }
    /// As people read it.
    pub fn label(self) -> &'static str {
        self.row().2
    }
    fn row(self) -> &'static (Action, &'static str, &'static str) {
        let found = ACTIONS.iter().find(|(action, _, _)| *action == self);
        found.unwrap_or(&ACTIONS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_reads_back_from_its_code_and_no_two_share_one() {
        let codes: std::collections::HashSet<_> = ACTIONS.iter().map(|(_, code, _)| code).collect();
        assert_eq!(codes.len(), ACTIONS.len());
        for (action, code, label) in ACTIONS {
            assert_eq!(code.parse(), Ok(*action));
            assert_eq!((action.code(), action.label()), (*code, *label));
        }
    }

    #[test]
    fn only_what_differs_is_told() {
        let same = ("Name", "a".to_owned(), "a".to_owned());
        let changed = ("Country", "DE".to_owned(), "FR".to_owned());
        let told = diff(&[same, changed]);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].field, "Country");
    }
}
