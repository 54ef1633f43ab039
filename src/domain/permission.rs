//! Who may do what: roles as they are held, permissions as services ask for them, one table.
use std::str::FromStr;

/// What a person is in one workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Vendor: everything.
    Owner,
    /// Vendor: catalogue, commission plans, partners, people.
    ProgrammeAdmin,
    /// Vendor: partners, customers, subscriptions, imports.
    ChannelManager,
    /// Vendor: payments, closes, statements, payouts.
    VendorFinance,
    /// Vendor: reads.
    VendorViewer,
    /// Partner: everything of the partner, its people too.
    PartnerAdmin,
    /// Partner: customers and subscriptions.
    PartnerSeller,
    /// Partner: customers and subscriptions, for those who keep them.
    PartnerSuccess,
    /// Partner: earnings and statements.
    PartnerFinance,
}

/// What a service asks for before it does anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Invite people to the vendor's side and take them out; also a partner's people, as vendor.
    ManagePeople,
    /// Offerings, plans, prices, SLA policies.
    ManageCatalogue,
    /// Commission plans and tiers.
    ManageCommissionPlans,
    /// Partners, their tier and enrolment.
    ManagePartners,
    /// Customers.
    ManageCustomers,
    /// Start, change and cancel subscriptions.
    ManageSubscriptions,
    /// Record payments and refunds.
    RecordPayments,
    /// Import CSV files.
    Import,
    /// Close months.
    ClosePeriods,
    /// Send statements again.
    SendStatements,
    /// Mark payouts paid.
    MarkPayoutsPaid,
    /// See invoices, payments, the ledger and statements.
    ViewMoney,
    /// See the catalogue.
    ViewCatalogue,
    /// See partners, customers and subscriptions.
    ViewPartners,
    /// See the mail that was sent.
    ViewMail,
    /// Change the vendor's settings.
    ManageSettings,
    /// Partner: invite and take out its own people.
    PartnerManagePeople,
    /// Partner: see earnings and statements.
    PartnerViewEarnings,
    /// Partner: see customers and subscriptions.
    PartnerViewCustomers,
}

use Permission::*;

const ROLES: &[(Role, &str, &str)] = &[
    (Role::Owner, "owner", "Owner"),
    (Role::ProgrammeAdmin, "programme_admin", "Programme admin"),
    (Role::ChannelManager, "channel_manager", "Channel manager"),
    (Role::VendorFinance, "vendor_finance", "Finance"),
    (Role::VendorViewer, "vendor_viewer", "Viewer"),
    (Role::PartnerAdmin, "partner_admin", "Admin"),
    (Role::PartnerSeller, "partner_seller", "Seller"),
    (Role::PartnerSuccess, "partner_success", "Success manager"),
    (Role::PartnerFinance, "partner_finance", "Finance"),
];

/// Said of a text that is no role.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("choose a role")]
pub struct BadRole;

impl FromStr for Role {
    type Err = BadRole;
    fn from_str(code: &str) -> Result<Self, BadRole> {
        let found = ROLES.iter().find(|(_, known, _)| *known == code);
        found.map(|(role, _, _)| *role).ok_or(BadRole)
    }
}

impl Role {
    /// As stored.
    pub fn code(self) -> &'static str {
        self.row().1
    }
    /// As people read it.
    pub fn label(self) -> &'static str {
        self.row().2
    }
    fn row(self) -> &'static (Role, &'static str, &'static str) {
        let found = ROLES.iter().find(|(role, _, _)| *role == self);
        found.unwrap_or(&ROLES[4])
    }
    /// Whether the role is on the vendor's side.
    pub fn is_vendor(self) -> bool {
        !self.row().1.starts_with("partner_")
    }
    /// The roles of one side, for a form.
    pub fn of_side(vendor: bool) -> impl Iterator<Item = Role> {
        ROLES
            .iter()
            .map(|(role, _, _)| *role)
            .filter(move |role| role.is_vendor() == vendor)
    }
    /// Whether the role may do something.
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }
    fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Owner => &[
                ManagePeople,
                ManageCatalogue,
                ManageCommissionPlans,
                ManagePartners,
                ManageCustomers,
                ManageSubscriptions,
                RecordPayments,
                Import,
                ClosePeriods,
                SendStatements,
                MarkPayoutsPaid,
                ViewMoney,
                ViewCatalogue,
                ViewPartners,
                ViewMail,
                ManageSettings,
            ],
            Self::ProgrammeAdmin => &[
                ManagePeople,
                ManageCatalogue,
                ManageCommissionPlans,
                ManagePartners,
                ManageCustomers,
                ManageSubscriptions,
                Import,
                ViewMoney,
                ViewCatalogue,
                ViewPartners,
                ManageSettings,
            ],
            Self::ChannelManager => &[
                ManageCatalogue,
                ManagePartners,
                ManageCustomers,
                ManageSubscriptions,
                Import,
                ViewMoney,
                ViewCatalogue,
                ViewPartners,
            ],
            Self::VendorFinance => &[
                RecordPayments,
                Import,
                ClosePeriods,
                SendStatements,
                MarkPayoutsPaid,
                ViewMoney,
                ViewCatalogue,
                ViewPartners,
            ],
            Self::VendorViewer => &[ViewMoney, ViewCatalogue, ViewPartners],
            Self::PartnerAdmin => &[
                PartnerManagePeople,
                PartnerViewEarnings,
                PartnerViewCustomers,
                ViewCatalogue,
            ],
            Self::PartnerSeller | Self::PartnerSuccess => &[PartnerViewCustomers, ViewCatalogue],
            Self::PartnerFinance => &[PartnerViewEarnings, PartnerViewCustomers, ViewCatalogue],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reads_back_from_its_code() {
        for (role, code, _) in ROLES {
            assert_eq!(code.parse(), Ok(*role));
            assert_eq!(role.code(), *code);
        }
        assert_eq!("root".parse::<Role>(), Err(BadRole));
    }

    #[test]
    fn no_role_reaches_over_to_the_other_side() {
        for (role, _, _) in ROLES {
            let partners = [PartnerManagePeople, PartnerViewEarnings, PartnerViewCustomers];
            for permission in role.permissions() {
                let shared = *permission == ViewCatalogue;
                assert!(shared || partners.contains(permission) != role.is_vendor());
            }
        }
    }

    #[test]
    fn money_is_closed_by_finance_and_the_owner_alone() {
        let may: Vec<_> = ROLES
            .iter()
            .filter(|(role, _, _)| role.may(ClosePeriods))
            .map(|(_, code, _)| *code)
            .collect();
        assert_eq!(may, ["owner", "vendor_finance"]);
    }
}
