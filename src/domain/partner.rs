//! What a partner is, in the words of its record.

use super::coded::coded;

coded! {
    /// How a partner does business with the vendor.
    PartnerType {
        Reseller = "reseller", "Reseller";
        ManagedServices = "msp", "Managed service provider";
        Distributor = "distributor", "Distributor";
        Integrator = "integrator", "System integrator";
        Agent = "agent", "Agent";
        Referral = "referral", "Referral partner";
    }
}

coded! {
    /// Whether a partner is in the programme.
    PartnerStatus {
        Active = "active", "Active";
        Left = "left", "Left the program";
    }
}

coded! {
    /// How statements reach a partner.
    StatementDelivery {
        Attached = "attached", "Attached to the mail";
        Link = "link", "As a link";
    }
}
