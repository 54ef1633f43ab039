//! The words in which a catalogue is kept.

use super::coded::coded;

coded! {
    /// Where an offering is in its life.
    OfferingStatus {
        Draft = "draft", "Draft";
        Published = "published", "Published";
        ClosedToNew = "closed_to_new", "Closed to new customers";
        Retired = "retired", "Retired";
    }
}

impl OfferingStatus {
    /// Whether this may turn into that; an offering moves one way.
    pub fn can_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Draft, Self::Published)
                | (Self::Published, Self::ClosedToNew)
                | (Self::ClosedToNew, Self::Retired)
        )
    }
}

coded! {
    /// Where a version of a plan or of a commission plan is in its life.
    VersionStatus {
        Draft = "draft", "Draft";
        Published = "published", "Published";
        Superseded = "superseded", "Superseded";
    }
}

coded! {
    /// Who delivers an offering to the customer.
    DeliveryParty {
        Vendor = "vendor", "Vendor";
        Partner = "partner", "Partner";
        Shared = "shared", "Vendor and partner";
    }
}

coded! {
    /// What a service level promises.
    SlaMetric {
        Availability = "availability", "Availability";
        FirstResponse = "first_response", "First response";
        Resolution = "resolution", "Resolution";
    }
}

coded! {
    /// What happened to a service.
    SlaEventKind {
        Outage = "outage", "Outage";
        Maintenance = "maintenance", "Maintenance";
    }
}

coded! {
    /// How badly a customer needs an answer.
    TicketSeverity {
        Critical = "critical", "Critical";
        High = "high", "High";
        Normal = "normal", "Normal";
        Low = "low", "Low";
    }
}

coded! {
    /// The hours that count for a service level.
    SlaCalendar {
        Always = "24x7", "Around the clock";
        WorkingHours = "working_hours", "Working hours";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offering_moves_one_way() {
        use OfferingStatus::{ClosedToNew, Draft, Published, Retired};
        assert!(Draft.can_become(Published) && Published.can_become(ClosedToNew));
        assert!(ClosedToNew.can_become(Retired));
        for next in OfferingStatus::ALL {
            assert!(!Retired.can_become(*next) && !next.can_become(Draft));
        }
    }
}
