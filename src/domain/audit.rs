//! The words in which the record of what happened is kept.

use serde::{Deserialize, Serialize};

use super::coded::coded;

coded! {
    /// Something that was done, in the past tense. Codes are stored for good:
    /// one may be added, none renamed.
    Action {
        PartnerAdded = "partner.added", "Partner added";
        PartnerChanged = "partner.changed", "Partner changed";
        PartnerTierChanged = "partner.tier_changed", "Partner's tier changed";
        PartnerTaxSet = "partner.tax_set", "Partner's tax set";
        PartnerBankSet = "partner.bank_set", "Partner's bank details set";
        PartnerBankConfirmed = "partner.bank_confirmed", "Partner's bank details confirmed";
        PartnerPayoutCurrencySet = "partner.payout_currency_set", "Partner's payout currency set";
        PartnerResaleSet = "partner.resale_set", "Partner's resale terms set";
        PartnerEnrolled = "partner.enrolled", "Partner enrolled in a commission plan";
        CustomerAdded = "customer.added", "Customer added";
        CustomerChanged = "customer.changed", "Customer changed";
        OfferingAdded = "offering.added", "Offering added";
        OfferingChanged = "offering.changed", "Offering changed";
        OfferingPublished = "offering.published", "Offering published";
        OfferingClosedToNew = "offering.closed_to_new", "Offering closed to new customers";
        OfferingRetired = "offering.retired", "Offering retired";
        PlanAdded = "plan.added", "Plan added";
        PlanChanged = "plan.changed", "Plan changed";
        PlanPublished = "plan.published", "Plan version published";
        PlanDraftRemoved = "plan.draft_removed", "Draft of a plan removed";
        PriceSet = "price.set", "Price set";
        SlaSet = "sla.set", "SLA policy set";
        SlaEventRecorded = "sla_event.recorded", "Outage or maintenance recorded";
        SlaEventWithdrawn = "sla_event.withdrawn", "Outage or maintenance withdrawn";
        SlaMonthMeasured = "sla_month.measured", "Measurements of a month said to be complete";
        SlaCreditClaimed = "sla_credit.claimed", "SLA credit claimed";
        SlaCreditApproved = "sla_credit.approved", "SLA credit approved";
        SlaCreditDeclined = "sla_credit.declined", "SLA credit declined";
        TicketRecorded = "ticket.recorded", "Ticket recorded";
        TicketChanged = "ticket.changed", "Ticket changed";
        TicketWithdrawn = "ticket.withdrawn", "Ticket withdrawn";
        TierAdded = "tier.added", "Tier added";
        TierChanged = "tier.changed", "Tier changed";
        CommissionPlanAdded = "commission_plan.added", "Commission plan added";
        CommissionPlanChanged = "commission_plan.changed", "Commission plan changed";
        CommissionPlanPublished = "commission_plan.published", "Commission plan version published";
        SubscriptionStarted = "subscription.started", "Subscription started";
        SubscriptionChanged = "subscription.changed", "Subscription changed";
        SubscriptionCancelScheduled = "subscription.cancel_scheduled", "Subscription set to end";
        SubscriptionCancelUndone = "subscription.cancel_undone", "Subscription kept on";
        SubscriptionPaused = "subscription.paused", "Subscription paused";
        SubscriptionResumed = "subscription.resumed", "Subscription resumed";
        SubscriptionCanceled = "subscription.canceled", "Subscription canceled";
        SubscriptionExpired = "subscription.expired", "Subscription expired";
        SubscriptionOutcomeReported = "subscription.outcome_reported", "Outcome reported";
        SubscriptionOutcomeVerified = "subscription.outcome_verified", "Outcome verified";
        InvoiceIssued = "invoice.issued", "Invoice issued";
        InvoiceWrittenOff = "invoice.written_off", "Invoice written off";
        PaymentRecorded = "payment.recorded", "Payment recorded";
        RefundRecorded = "refund.recorded", "Refund recorded";
        CreditNoteIssued = "credit_note.issued", "Credit note issued";
        ImportApplied = "import.applied", "Import applied";
        ImportRefused = "import.refused", "Import refused";
        ImportWithdrawn = "import.withdrawn", "Import withdrawn";
        PeriodClosing = "period.closing", "Month's close started";
        PeriodClosed = "period.closed", "Month closed";
        SpiffAnnounced = "spiff.announced", "SPIFF announced";
        SpiffEnded = "spiff.ended", "SPIFF ended early";
        AdjustmentProposed = "adjustment.proposed", "Adjustment proposed";
        AdjustmentApproved = "adjustment.approved", "Adjustment approved";
        AdjustmentDeclined = "adjustment.declined", "Adjustment declined";
        DealRegistered = "deal_registration.submitted", "Deal registered";
        DealWithdrawn = "deal_registration.withdrawn", "Registration withdrawn";
        DealApproved = "deal_registration.approved", "Registration approved";
        DealDeclined = "deal_registration.declined", "Registration declined";
        DealWon = "deal_registration.won", "Registered deal won";
        DealLapsed = "deal_registration.lapsed", "Registration lapsed";
        StatementMade = "statement.made", "Statement made";
        StatementSent = "statement.sent", "Statement sent";
        MailSent = "mail.sent", "Mail sent";
        MailFailed = "mail.failed", "Mail failed";
        PayoutPaid = "payout.paid", "Payout marked as paid";
        PayoutRunMade = "payout_run.made", "Payout run made";
        PayoutRunPaid = "payout_run.paid", "Payout run marked as paid";
        PayoutRunCanceled = "payout_run.canceled", "Payout run canceled";
        PersonAdded = "person.added", "Person added";
        PersonChanged = "person.changed", "Person's role changed";
        PersonRemoved = "person.removed", "Person removed";
        PersonSignedIn = "person.signed_in", "Person signed in";
        PersonSignedOut = "person.signed_out", "Person signed out";
        PersonPasswordSet = "person.password_set", "Password set";
        InvitationSent = "invitation.sent", "Invitation sent";
        InvitationAccepted = "invitation.accepted", "Invitation accepted";
        InvitationRevoked = "invitation.revoked", "Invitation withdrawn";
        AccessTokenCreated = "access_token.created", "Access token created";
        AccessTokenRevoked = "access_token.revoked", "Access token revoked";
        TaxRateSet = "tax_rate.set", "Tax rate set";
        FxRateSet = "fx_rate.set", "Exchange rate set";
        SettingsChanged = "settings.changed", "Settings changed";
        JobRetried = "job.retried", "Failed work tried again";
    }
}

impl Action {
    /// What it was done to: the part of its code before the point.
    pub fn subject(self) -> &'static str {
        self.code().split('.').next().unwrap_or_default()
    }
}

/// One field of a record that was changed, as it read before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's name.
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
    fn every_action_names_its_subject_and_reads_back() {
        for action in Action::ALL {
            assert!(!action.subject().is_empty() && action.subject() != action.code());
            assert_eq!(action.code().parse(), Ok(*action));
        }
        assert_eq!(Action::CreditNoteIssued.subject(), "credit_note");
    }
}
