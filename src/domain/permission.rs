//! Who may do what: roles, permissions, and the one table between them.

use super::coded::coded;

coded! {
    /// What a person is in one workspace.
    Role {
        Owner = "owner", "Owner";
        ProgrammeAdmin = "programme_admin", "Program admin";
        ChannelManager = "channel_manager", "Channel manager";
        VendorFinance = "vendor_finance", "Finance";
        VendorViewer = "vendor_viewer", "Viewer";
        PartnerAdmin = "partner_admin", "Admin";
        PartnerSeller = "partner_seller", "Seller";
        PartnerSuccess = "partner_success", "Success manager";
        PartnerFinance = "partner_finance", "Finance";
    }
}

coded! {
    /// What can be allowed. Those named after a partner are about that partner only.
    Permission {
        ManagePeople = "manage_people", "Manage the vendor's people, and those of its partners";
        ManageCatalogue = "manage_catalogue", "Manage offerings, plans and prices";
        ManageCommissionPlans = "manage_commission_plans", "Manage commission plans and tiers";
        ManagePartners = "manage_partners", "Manage partners, their tier and their enrollment";
        ManageCustomers = "manage_customers", "Manage customers";
        ManageSubscriptions = "manage_subscriptions", "Manage subscriptions";
        DecideDeals = "decide_deals", "Decide on deals that partners register";
        ReportUsage = "report_usage", "Report usage";
        RecordPayments = "record_payments", "Record payments and refunds";
        Import = "import", "Import files";
        ClosePeriods = "close_periods", "Close months";
        SendStatements = "send_statements", "Send statements";
        MarkPayoutsPaid = "mark_payouts_paid", "Mark payouts as paid";
        ManagePayouts = "manage_payouts", "Set partners' tax and bank details, and put payouts together";
        AdjustCommission = "adjust_commission", "Propose adjustments, and approve those of others";
        ViewMoney = "view_money", "See invoices, commission and statements";
        ViewCatalogue = "view_catalogue", "See offerings, plans and prices";
        ViewPartners = "view_partners", "See partners and customers";
        ViewMail = "view_mail", "See the mail that was sent";
        ManageSettings = "manage_settings", "Change the vendor's settings";
        PartnerManagePeople = "partner_manage_people", "Manage the partner's people";
        PartnerViewEarnings = "partner_view_earnings", "See the partner's earnings";
        PartnerViewCustomers = "partner_view_customers", "See the partner's customers";
        PartnerManageBankDetails = "partner_manage_bank_details", "See and set the account the partner is paid to";
        PartnerRegisterDeals = "partner_register_deals", "Register the partner's deals";
        PartnerManageOutcomes = "partner_manage_outcomes", "Report outcomes, and verify those the vendor reports";
    }
}

/// Everyone at the vendor.
const STAFF: &[Role] = &[
    Role::Owner,
    Role::ProgrammeAdmin,
    Role::ChannelManager,
    Role::VendorFinance,
    Role::VendorViewer,
];

impl Role {
    /// Whether it is a role at the vendor; the others are at a partner.
    pub fn is_vendor(self) -> bool {
        STAFF.contains(&self)
    }

    /// The roles of one side, for a form.
    pub fn of_side(vendor: bool) -> impl Iterator<Item = Self> {
        let roles = Self::ALL.iter().copied();
        roles.filter(move |role| role.is_vendor() == vendor)
    }

    /// Whether a person in this role may do something. Importing a kind of
    /// record also takes the permission to manage that kind by hand.
    pub fn may(self, permission: Permission) -> bool {
        permission.roles().contains(&self)
    }

    /// Everything a person in this role may do.
    pub fn permissions(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.may(*permission))
    }

    /// Whether a person in this role may give (or take away) that role, so that
    /// nobody can make themselves more than they are.
    pub fn may_grant(self, role: Self) -> bool {
        match role {
            Self::Owner => self == Self::Owner,
            _ if role.is_vendor() => self.may(Permission::ManagePeople),
            _ => self.may(Permission::ManagePeople) || self.may(Permission::PartnerManagePeople),
        }
    }
}

impl Permission {
    /// The table: the roles that may. Who is not in a row may not.
    pub fn roles(self) -> &'static [Role] {
        use Role::{
            ChannelManager, Owner, PartnerAdmin, PartnerFinance, PartnerSeller, PartnerSuccess,
            ProgrammeAdmin, VendorFinance,
        };
        match self {
            Self::ManagePeople | Self::ManageSettings | Self::ManageCommissionPlans => {
                &[Owner, ProgrammeAdmin]
            }
            Self::ManageCatalogue
            | Self::ManagePartners
            | Self::ManageCustomers
            | Self::ManageSubscriptions
            | Self::DecideDeals
            | Self::ReportUsage => &[Owner, ProgrammeAdmin, ChannelManager],
            Self::RecordPayments
            | Self::ClosePeriods
            | Self::SendStatements
            | Self::MarkPayoutsPaid
            | Self::ManagePayouts
            | Self::AdjustCommission => &[Owner, VendorFinance],
            Self::Import => &[Owner, ProgrammeAdmin, ChannelManager, VendorFinance],
            Self::ViewMoney | Self::ViewPartners => STAFF,
            Self::ViewCatalogue => Role::ALL,
            Self::ViewMail => &[Owner],
            Self::PartnerManagePeople => &[PartnerAdmin],
            Self::PartnerRegisterDeals => &[PartnerAdmin, PartnerSeller],
            Self::PartnerManageOutcomes => &[PartnerAdmin, PartnerSuccess],
            Self::PartnerViewEarnings | Self::PartnerManageBankDetails => {
                &[PartnerAdmin, PartnerFinance]
            }
            Self::PartnerViewCustomers => {
                &[PartnerAdmin, PartnerFinance, PartnerSeller, PartnerSuccess]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_partners(permission: Permission) -> bool {
        permission.code().starts_with("partner_")
    }

    #[test]
    fn an_owner_may_do_everything_at_the_vendor() {
        for permission in Permission::ALL {
            assert_eq!(Role::Owner.may(*permission), !is_partners(*permission));
        }
    }

    #[test]
    fn nobody_reaches_across() {
        for role in Role::ALL {
            for permission in role.permissions() {
                let is_shared = permission == Permission::ViewCatalogue;
                assert!(
                    is_shared || role.is_vendor() != is_partners(permission),
                    "{role:?}"
                );
            }
        }
    }

    #[test]
    fn those_who_set_the_terms_do_not_pay_the_money() {
        for role in [
            Role::ProgrammeAdmin,
            Role::ChannelManager,
            Role::VendorViewer,
        ] {
            for permission in [
                Permission::RecordPayments,
                Permission::ClosePeriods,
                Permission::MarkPayoutsPaid,
            ] {
                assert!(!role.may(permission), "{role:?}");
            }
        }
        assert!(!Role::VendorFinance.may(Permission::ManageCommissionPlans));
        assert!(Role::VendorFinance.may(Permission::ClosePeriods));
    }

    #[test]
    fn a_viewer_changes_nothing() {
        for permission in Role::VendorViewer.permissions() {
            assert!(permission.code().starts_with("view_"));
        }
    }

    #[test]
    fn mail_is_for_owners() {
        for role in Role::ALL {
            assert_eq!(role.may(Permission::ViewMail), *role == Role::Owner);
        }
    }

    #[test]
    fn nobody_grants_more_than_they_may() {
        assert!(Role::Owner.may_grant(Role::Owner));
        assert!(!Role::ProgrammeAdmin.may_grant(Role::Owner));
        assert!(Role::ProgrammeAdmin.may_grant(Role::VendorFinance));
        assert!(Role::ProgrammeAdmin.may_grant(Role::PartnerAdmin));
        assert!(Role::PartnerAdmin.may_grant(Role::PartnerSeller));
        assert!(!Role::PartnerAdmin.may_grant(Role::VendorViewer));
        for role in Role::ALL {
            assert!(!Role::PartnerSeller.may_grant(*role));
            assert!(!Role::ChannelManager.may_grant(*role));
        }
    }

    #[test]
    fn a_role_is_on_one_side() {
        assert_eq!(
            Role::of_side(true)
                .chain(Role::of_side(false))
                .collect::<Vec<_>>(),
            Role::ALL
        );
        assert!(Role::of_side(false).all(|role| role.code().starts_with("partner_")));
    }

    #[test]
    fn every_permission_is_somebodys() {
        for permission in Permission::ALL {
            assert!(
                Role::ALL.iter().any(|role| role.may(*permission)),
                "{permission:?}"
            );
        }
    }
}
