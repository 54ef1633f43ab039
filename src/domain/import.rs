//! The kinds of files that can be imported.

use super::{coded::coded, permission::Permission};

coded! {
    /// What the rows of a file are.
    ImportKind {
        Partners = "partners", "Partners";
        Customers = "customers", "Customers";
        Subscriptions = "subscriptions", "Subscriptions";
        Payments = "payments", "Payments";
        Usage = "usage", "Usage";
        Outages = "outages", "Outages and maintenance";
        Tickets = "tickets", "Tickets";
        FxRates = "exchange-rates", "Exchange rates";
    }
}

impl ImportKind {
    /// What it takes, besides the permission to import, to bring such rows in.
    pub fn permission(self) -> Permission {
        match self {
            Self::Partners => Permission::ManagePartners,
            Self::Customers => Permission::ManageCustomers,
            Self::Subscriptions | Self::Tickets => Permission::ManageSubscriptions,
            Self::Outages => Permission::ManageCatalogue,
            Self::Usage => Permission::ReportUsage,
            Self::Payments => Permission::RecordPayments,
            Self::FxRates => Permission::ManagePayouts,
        }
    }
}
