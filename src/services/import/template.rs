//! What each kind of file looks like, as data that pages, documents and checks share.
use crate::domain::ImportKind;

/// A column of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header; small and capital letters count the same.
    pub name: &'static str,
    /// Whether every file has it and every row fills it.
    pub is_required: bool,
    /// What goes in it.
    pub about: &'static str,
    /// Such as this.
    pub example: &'static str,
}

const fn required(name: &'static str, example: &'static str, about: &'static str) -> Column {
    Column {
        name,
        is_required: true,
        about,
        example,
    }
}
const fn optional(name: &'static str, example: &'static str, about: &'static str) -> Column {
    Column {
        is_required: false,
        ..required(name, example, about)
    }
}

const PARTNERS: &[Column] = &[
    required(
        "external_id",
        "P-1001",
        "What your other systems call the partner. A row with a known external id changes that partner.",
    ),
    required("name", "Northwind Cloud", "What people call the partner."),
    optional(
        "legal_name",
        "Northwind Cloud GmbH",
        "As on documents. Left empty: the name.",
    ),
    optional(
        "address",
        "Hafenstrasse 1; 20457 Hamburg",
        "Postal address. Lines are kept when the cell is in quotes.",
    ),
    required("country", "DE", "Two letters."),
    optional(
        "partner_type",
        "reseller",
        "reseller, msp, distributor, integrator, agent or referral. Left empty: reseller.",
    ),
    optional(
        "statement_email",
        "finance@northwind.example",
        "Where statements go. Left empty: nowhere.",
    ),
    optional(
        "statement_delivery",
        "attached",
        "attached or link. Left empty: attached.",
    ),
];

const CUSTOMERS: &[Column] = &[
    required(
        "external_id",
        "C-2001",
        "What your other systems call the customer. A row with a known external id changes that customer.",
    ),
    required(
        "partner",
        "P-1001",
        "The external id of its partner of record. It never changes.",
    ),
    required("name", "Harbour Logistics", "What the customer is called."),
    required("country", "DE", "Two letters."),
    optional(
        "tax",
        "19",
        "Percentage on its invoices, at most two decimals. Left empty: 0.",
    ),
    optional(
        "tax_category",
        "own",
        "own, standard (the rate of its country), reverse_charge or exempt. Left empty: own.",
    ),
    optional(
        "vat_id",
        "DE123456789",
        "Its VAT id with the country. Reverse charge needs it.",
    ),
];

const SUBSCRIPTIONS: &[Column] = &[
    required(
        "external_id",
        "S-3001",
        "What your other systems call the subscription. A row with a known external id must say the same.",
    ),
    required("customer", "C-2001", "The external id of the customer."),
    required("plan", "BACKUP-M", "The code of a plan that is sold now."),
    required(
        "quantity",
        "25",
        "Units, a whole number from 1 to 1,000,000.",
    ),
    required(
        "starts_on",
        "2026-10-01",
        "The first day served, as year-month-day.",
    ),
    optional(
        "billing",
        "agency",
        "agency, resale or two_tier: who invoices the customer. Left empty: agency, where you do.",
    ),
];

const PAYMENTS: &[Column] = &[
    required(
        "external_id",
        "PAY-4001",
        "What your bank or books call the payment. A row with a known external id must say the same.",
    ),
    required(
        "received_on",
        "2026-10-14",
        "When the money came in, as year-month-day. Not in the future.",
    ),
    required(
        "amount",
        "1234.50",
        "More than zero, with a point for decimals.",
    ),
    required("currency", "EUR", "Three letters."),
    optional(
        "invoice_number",
        "ACME-2026-000017",
        "The invoice it pays. Left empty: the customer's oldest open invoices are paid first.",
    ),
    optional(
        "customer",
        "C-2001",
        "The external id of the customer. May be left empty where an invoice is named.",
    ),
];

const USAGE: &[Column] = &[
    required(
        "external_id",
        "EVT-5001",
        "The event's own id. The same event, reported again, counts once. A correction is an event of its own.",
    ),
    required(
        "subscription",
        "S-3001",
        "The external id of the subscription.",
    ),
    required(
        "meter",
        "api-calls",
        "The meter that a price of its plan of that day names.",
    ),
    required(
        "occurred_at",
        "2026-10-14T09:30:00Z",
        "When it happened, in UTC. It is billed with the period after the one it happened in.",
    ),
    required(
        "value",
        "12.5",
        "How much, at most six decimals. Below zero to correct.",
    ),
    optional(
        "subject",
        "user-17",
        "Who or what used it, for meters that count different subjects.",
    ),
];

const OUTAGES: &[Column] = &[
    required(
        "external_id",
        "OUT-6001",
        "What your monitoring calls it. A row with a known external id must say the same.",
    ),
    required("service", "Cloud Backup", "The name of the offering."),
    required("kind", "outage", "outage or maintenance."),
    required(
        "began_at",
        "2026-10-14T02:00:00Z",
        "Its first instant, in UTC.",
    ),
    required(
        "ended_at",
        "2026-10-14T02:44:00Z",
        "The first instant after it, in UTC. An outage is over, and at most 31 days long.",
    ),
    optional(
        "announced_at",
        "",
        "When customers were told of maintenance, in UTC. Empty for an outage.",
    ),
    required("note", "Power was lost", "What was the matter."),
];

const TICKETS: &[Column] = &[
    required(
        "external_id",
        "HD-7001",
        "What your help desk calls the ticket. A row with a known external id changes that ticket.",
    ),
    required(
        "subscription",
        "S-3001",
        "The external id of the subscription. It never changes.",
    ),
    required("title", "A user cannot sign in", "What it is about."),
    optional(
        "severity",
        "normal",
        "critical, high, normal or low. Left empty: normal.",
    ),
    required("opened_at", "2026-10-14T09:30:00Z", "When it came, in UTC."),
    optional(
        "answered_at",
        "2026-10-14T09:50:00Z",
        "When it was answered first, in UTC. Left empty: not yet, or when it was resolved.",
    ),
    optional(
        "resolved_at",
        "2026-10-14T15:00:00Z",
        "When it was resolved, in UTC. Left empty: not yet.",
    ),
    optional(
        "waiting",
        "2026-10-14T10:00:00Z/2026-10-14T12:00:00Z",
        "When it waited for the customer: from/to in UTC, several between semicolons. The last has no end while it waits still.",
    ),
];

const FX_RATES: &[Column] = &[
    required(
        "date",
        "2026-10-01",
        "The first day the rate holds for, as year-month-day. Not in the future. A rate of a day that has converted commission is not changed.",
    ),
    required("from", "EUR", "Three letters: what one unit is of."),
    required("to", "USD", "Three letters: what it is worth so much of."),
    required(
        "rate",
        "1.0837",
        "What one unit is worth. More than zero, with a point, at most nine decimals.",
    ),
    required(
        "source",
        "European Central Bank",
        "Where the rate comes from, as statements name it.",
    ),
];

/// The columns of a kind of file, in the order of its template.
pub fn columns(kind: ImportKind) -> &'static [Column] {
    match kind {
        ImportKind::Partners => PARTNERS,
        ImportKind::Customers => CUSTOMERS,
        ImportKind::Subscriptions => SUBSCRIPTIONS,
        ImportKind::Payments => PAYMENTS,
        ImportKind::Usage => USAGE,
        ImportKind::Outages => OUTAGES,
        ImportKind::Tickets => TICKETS,
        ImportKind::FxRates => FX_RATES,
    }
}

/// A file to begin from: the header and one example row, as CSV with CRLF line ends.
pub fn template(kind: ImportKind) -> String {
    let line = |cell: fn(&Column) -> &'static str| {
        let cells: Vec<&str> = columns(kind).iter().map(cell).collect();
        cells.join(",")
    };
    format!(
        "{}\r\n{}\r\n",
        line(|column| column.name),
        line(|column| column.example)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_example_needs_quotes() {
        for kind in ImportKind::ALL {
            for column in columns(*kind) {
                assert!(
                    !column.example.contains([',', '"', '\n']),
                    "{}",
                    column.example
                );
                assert!(!column.about.is_empty());
            }
        }
    }
}
