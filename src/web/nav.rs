//! The rail: for the vendor by lifecycle stage, for a partner by job.
use super::page::{NavGroup, NavItem};
use crate::domain::{
    Permission::{self, *},
    Role,
};

/// A heading and its links: label, address below the workspace, icon, who sees it.
type Group = (
    &'static str,
    &'static [(&'static str, &'static str, &'static str, Permission)],
);

const STAFF: &[Group] = &[
    (
        "",
        &[
            ("Today", "", "home", ViewPartners),
            ("Partners", "/partners", "partners", ViewPartners),
            ("Lifecycle", "/lifecycle", "accelerate", ViewPartners),
            ("Metrics", "/metrics", "accelerate", ViewMoney),
        ],
    ),
    (
        "Strategize",
        &[
            ("Offerings", "/offerings", "catalogue", ViewCatalogue),
            ("SLA policies", "/sla-policies", "strategize", ViewCatalogue),
            (
                "Service levels",
                "/service-levels",
                "history",
                ViewCatalogue,
            ),
            ("Tickets", "/tickets", "history", ViewPartners),
            ("SLA credits", "/sla-credits", "incentivize", ViewPartners),
        ],
    ),
    (
        "Sell",
        &[
            ("Registrations", "/registrations", "sell", ViewPartners),
            ("Customers", "/customers", "customers", ViewPartners),
            (
                "Subscriptions",
                "/subscriptions",
                "subscriptions",
                ViewPartners,
            ),
            ("Invoices", "/invoices", "invoices", ViewMoney),
            ("Payments", "/payments", "payments", ViewMoney),
        ],
    ),
    (
        "Incentivize",
        &[
            (
                "Commission plans",
                "/commission-plans",
                "commission",
                ViewMoney,
            ),
            ("Tiers", "/tiers", "incentivize", ViewPartners),
            ("SPIFFs", "/spiffs", "incentivize", ViewMoney),
            ("Ledger", "/ledger", "history", ViewMoney),
            ("Adjustments", "/adjustments", "commission", ViewMoney),
            ("Forecast", "/forecast", "sell", ViewMoney),
            ("Months", "/periods", "periods", ViewMoney),
            ("Statements", "/statements", "statements", ViewMoney),
            ("Payouts", "/payouts", "payments", ManagePayouts),
        ],
    ),
    (
        "Settings",
        &[
            ("Imports", "/imports", "imports", Import),
            ("People", "/people", "person", ManagePeople),
            ("Access tokens", "/access-tokens", "imports", ManageSettings),
            ("Settings", "/settings", "settings", ManageSettings),
        ],
    ),
];

const PORTAL: &[Group] = &[
    ("", &[("Home", "", "home", ViewCatalogue)]),
    (
        "Customers",
        &[
            (
                "Registrations",
                "/registrations",
                "sell",
                PartnerViewCustomers,
            ),
            ("Customers", "/customers", "customers", PartnerViewCustomers),
            (
                "Subscriptions",
                "/subscriptions",
                "subscriptions",
                PartnerViewCustomers,
            ),
            ("Invoices", "/invoices", "invoices", PartnerViewCustomers),
        ],
    ),
    (
        "Earnings",
        &[
            (
                "Statements",
                "/statements",
                "statements",
                PartnerViewEarnings,
            ),
            ("Ledger", "/ledger", "history", PartnerViewEarnings),
            ("Forecast", "/forecast", "sell", PartnerViewEarnings),
            ("Metrics", "/metrics", "accelerate", PartnerViewEarnings),
            ("Plan terms", "/terms", "commission", PartnerViewEarnings),
            (
                "Bank details",
                "/bank",
                "payments",
                PartnerManageBankDetails,
            ),
        ],
    ),
    (
        "Offerings",
        &[
            ("Catalogue", "/offerings", "catalogue", ViewCatalogue),
            (
                "Service levels",
                "/service-levels",
                "history",
                ViewCatalogue,
            ),
            ("Tickets", "/tickets", "history", PartnerViewCustomers),
            (
                "SLA credits",
                "/sla-credits",
                "incentivize",
                PartnerViewCustomers,
            ),
        ],
    ),
    (
        "Our company",
        &[
            ("Lifecycle", "/lifecycle", "accelerate", ViewCatalogue),
            ("People", "/people", "person", PartnerManagePeople),
        ],
    ),
];

/// The rail on the vendor's side.
pub fn staff(base: &str, role: Role, path: &str) -> Vec<NavGroup> {
    rail(STAFF, base, role, path)
}
/// The rail on a partner's side.
pub fn portal(base: &str, role: Role, path: &str) -> Vec<NavGroup> {
    rail(PORTAL, base, role, path)
}

fn rail(groups: &[Group], base: &str, role: Role, path: &str) -> Vec<NavGroup> {
    let groups = groups.iter().map(|(title, items)| NavGroup {
        title: (*title).to_owned(),
        items: items
            .iter()
            .filter(|(_, _, _, needed)| role.may(*needed))
            .map(|(label, below, icon, _)| NavItem {
                label: (*label).to_owned(),
                href: format!("{base}{below}"),
                icon,
                current: is_current(below, path.strip_prefix(base).unwrap_or_default()),
            })
            .collect(),
    });
    groups.filter(|group| !group.items.is_empty()).collect()
}

/// A part of the workspace is current on its register and on its records.
fn is_current(below: &str, path: &str) -> bool {
    match below {
        "" => path.is_empty() || path == "/",
        _ => path
            .strip_prefix(below)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}
