//! Who and what the demo is about. All invented; the figures follow from the real rules.

/// A vendor of the demo.
pub struct VendorPart {
    /// First segment of its addresses.
    pub slug: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// As on documents.
    pub legal_name: &'static str,
    /// Postal address.
    pub address: &'static str,
    /// IANA zone.
    pub zone: &'static str,
    /// Currency of its books.
    pub currency: &'static str,
    /// Begins its document numbers.
    pub prefix: &'static str,
    /// Its SLA policies.
    pub policies: &'static [PolicyPart],
    /// Its offerings.
    pub offerings: &'static [OfferingPart],
    /// Its commission plan: name and clauses of (phase, tier, percent).
    pub commission: (
        &'static str,
        &'static [(&'static str, &'static str, &'static str)],
    ),
    /// The customer's outcome that plan is there for.
    pub outcome: &'static str,
    /// Its partners.
    pub partners: &'static [PartnerPart],
}

/// A service level policy: name, summary and targets of (metric, threshold, calendar, credit percent).
pub struct PolicyPart {
    /// Its name.
    pub name: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Its promises.
    pub targets: &'static [(&'static str, &'static str, &'static str, &'static str)],
}

/// An offering with its plans.
pub struct OfferingPart {
    /// Its name.
    pub name: &'static str,
    /// Its category.
    pub category: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Who delivers it.
    pub delivery: &'static str,
    /// Its SLA policy's name.
    pub policy: &'static str,
    /// Its plans.
    pub plans: &'static [PlanPart],
}

/// A plan of an offering.
pub struct PlanPart {
    /// Its code.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its currency.
    pub currency: &'static str,
    /// 1 or 12.
    pub interval_months: i32,
    /// The term.
    pub term_months: i32,
    /// Prices of (label, kind, amount).
    pub prices: &'static [(&'static str, &'static str, &'static str)],
}

/// A partner.
pub struct PartnerPart {
    /// Its key in the vendor's books.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// As on documents.
    pub legal_name: &'static str,
    /// Postal address, lines apart.
    pub address: &'static str,
    /// ISO 3166 code.
    pub country: &'static str,
    /// reseller, msp, referral …
    pub kind: &'static str,
    /// Its tier at the start.
    pub tier: &'static str,
    /// Months of the demo that have passed when it joins.
    pub joins: u32,
    /// Customers it wins, one every month or two.
    pub customers: u32,
    /// The plans it sells, by code.
    pub sells: &'static [&'static str],
    /// Tax of its customers in basis points.
    pub tax_bps: i32,
    /// What happens to it that others are spared.
    pub story: Story,
}

/// What makes a partner worth looking at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// Nothing out of the ordinary.
    Plain,
    /// A large refund after its payout leaves it owing.
    Negative,
    /// Earns too little for a payout.
    BelowMinimum,
    /// A payment is reported after its month was closed.
    Late,
    /// A customer gets part of a payment back.
    PartialRefund,
    /// A customer takes on more seats in the middle of a month, another fewer.
    Quantity,
    /// A yearly customer renews.
    Yearly,
    /// A customer leaves in the middle of a month.
    Leaves,
    /// Rises a tier half way.
    Rises,
    /// Has joined and sold nothing yet.
    New,
}

use Story::*;

macro_rules! partner {
    ($code:literal, $name:literal, $legal:literal, $address:literal, $country:literal, $kind:literal, $tier:literal, $joins:literal, $customers:literal, $sells:expr, $tax:literal, $story:expr) => {
        PartnerPart {
            code: $code,
            name: $name,
            legal_name: $legal,
            address: $address,
            country: $country,
            kind: $kind,
            tier: $tier,
            joins: $joins,
            customers: $customers,
            sells: $sells,
            tax_bps: $tax,
            story: $story,
        }
    };
}

/// Both vendors' tiers: name and rank.
pub const TIERS: &[(&str, i32)] = &[("Registered", 1), ("Silver", 2), ("Gold", 3)];

/// The vendors.
pub const VENDORS: &[VendorPart] = &[MERIDIAN, KESSLER];

const MERIDIAN: VendorPart = VendorPart {
    slug: "meridian",
    name: "Meridian Cloud",
    legal_name: "Meridian Cloud GmbH",
    address: "Speicherstrasse 14\n20457 Hamburg\nGermany",
    zone: "Europe/Berlin",
    currency: "EUR",
    prefix: "MC",
    policies: &[
        PolicyPart {
            name: "Standard",
            summary: "For services that may pause outside office hours.",
            targets: &[
                ("availability", "99.5", "24 hours, 7 days", "5"),
                ("first_response", "480", "Mon to Fri, 9 to 17", "0"),
            ],
        },
        PolicyPart {
            name: "Business",
            summary: "For services that a company cannot work without.",
            targets: &[
                ("availability", "99.9", "24 hours, 7 days", "10"),
                ("first_response", "60", "Mon to Fri, 8 to 18", "0"),
                ("resolution", "480", "Mon to Fri, 8 to 18", "5"),
            ],
        },
    ],
    offerings: &[
        OfferingPart {
            name: "Backup Pro",
            category: "Data protection",
            summary: "Daily off-site copies of servers and mailboxes, restored on request.",
            delivery: "vendor",
            policy: "Business",
            plans: &[
                PlanPart {
                    code: "BKP-M",
                    name: "Monthly",
                    currency: "EUR",
                    interval_months: 1,
                    term_months: 12,
                    prices: &[
                        ("Platform", "flat", "49.00"),
                        ("Protected machine", "per_seat", "12.50"),
                    ],
                },
                PlanPart {
                    code: "BKP-Y",
                    name: "Yearly",
                    currency: "EUR",
                    interval_months: 12,
                    term_months: 12,
                    prices: &[("Protected machine, a year", "per_seat", "132.00")],
                },
            ],
        },
        OfferingPart {
            name: "Managed Workplace",
            category: "Workplace",
            summary: "Laptops set up, patched and looked after from afar.",
            delivery: "shared",
            policy: "Business",
            plans: &[PlanPart {
                code: "WRK-M",
                name: "Monthly",
                currency: "EUR",
                interval_months: 1,
                term_months: 12,
                prices: &[("Workplace", "per_seat", "34.90")],
            }],
        },
        OfferingPart {
            name: "Team Voice",
            category: "Communication",
            summary: "Telephone numbers and calls in the browser and on the desk.",
            delivery: "vendor",
            policy: "Standard",
            plans: &[
                PlanPart {
                    code: "VOI-M",
                    name: "Monthly",
                    currency: "EUR",
                    interval_months: 1,
                    term_months: 12,
                    prices: &[("Extension", "per_seat", "8.75")],
                },
                PlanPart {
                    code: "VOI-USD",
                    name: "Monthly in dollars",
                    currency: "USD",
                    interval_months: 1,
                    term_months: 12,
                    prices: &[("Extension", "per_seat", "9.50")],
                },
            ],
        },
    ],
    outcome: "Customers can restore every file within a day, and renew because of it.",
    commission: (
        "Recurring",
        &[
            ("first", "", "30"),
            ("", "", "12"),
            ("", "Silver", "16"),
            ("", "Gold", "20"),
            ("renewal", "Gold", "15"),
        ],
    ),
    partners: &[
        partner!(
            "P-1001",
            "Northwind Systems",
            "Northwind Systems GmbH",
            "Hafenweg 3\n48155 Münster\nGermany",
            "DE",
            "msp",
            "Gold",
            0,
            14,
            &["BKP-M", "WRK-M", "VOI-M"],
            1900,
            Quantity
        ),
        partner!(
            "P-1002",
            "Alpenblick IT",
            "Alpenblick IT GmbH",
            "Maria-Theresien-Strasse 8\n6020 Innsbruck\nAustria",
            "AT",
            "reseller",
            "Silver",
            0,
            9,
            &["BKP-M", "BKP-Y"],
            2000,
            Yearly
        ),
        partner!(
            "P-1003",
            "Kontor Nord",
            "Kontor Nord OHG",
            "Lange Reihe 21\n20099 Hamburg\nGermany",
            "DE",
            "reseller",
            "Silver",
            0,
            8,
            &["WRK-M", "VOI-M"],
            1900,
            Rises
        ),
        partner!(
            "P-1004",
            "Ateliers Numa",
            "Ateliers Numa SARL",
            "12 rue des Tanneurs\n67000 Strasbourg\nFrance",
            "FR",
            "msp",
            "Gold",
            1,
            10,
            &["BKP-M", "WRK-M"],
            2000,
            PartialRefund
        ),
        partner!(
            "P-1005",
            "Lumen Dataworks",
            "Lumen Dataworks Ltd",
            "4 Canal Row\nDublin 2\nIreland",
            "IE",
            "reseller",
            "Registered",
            1,
            6,
            &["VOI-M"],
            2300,
            Plain
        ),
        partner!(
            "P-1006",
            "Oss & Zoon",
            "Oss & Zoon B.V.",
            "Kerkstraat 40\n3581 RE Utrecht\nNetherlands",
            "NL",
            "reseller",
            "Registered",
            2,
            5,
            &["BKP-M", "VOI-M"],
            2100,
            Late
        ),
        partner!(
            "P-1007",
            "Brezno Partners",
            "Brezno Partners s.r.o.",
            "Dlouhá 7\n110 00 Praha 1\nCzechia",
            "CZ",
            "referral",
            "Registered",
            2,
            4,
            &["WRK-M"],
            2100,
            Negative
        ),
        partner!(
            "P-1008",
            "Casa Verde Servizi",
            "Casa Verde Servizi S.r.l.",
            "Via Po 19\n10123 Torino\nItaly",
            "IT",
            "reseller",
            "Silver",
            3,
            6,
            &["BKP-M", "WRK-M"],
            2200,
            Leaves
        ),
        partner!(
            "P-1009",
            "Bright Harbor IT",
            "Bright Harbor IT LLC",
            "220 Pier Street\nPortland, ME 04101\nUnited States",
            "US",
            "msp",
            "Silver",
            3,
            7,
            &["VOI-USD"],
            0,
            Plain
        ),
        partner!(
            "P-1010",
            "Fjordlink",
            "Fjordlink AS",
            "Strandgaten 5\n5013 Bergen\nNorway",
            "NO",
            "reseller",
            "Registered",
            4,
            4,
            &["BKP-Y"],
            2500,
            Yearly
        ),
        partner!(
            "P-1011",
            "Kleine Werft",
            "Kleine Werft UG",
            "Am Deich 2\n26757 Borkum\nGermany",
            "DE",
            "referral",
            "Registered",
            5,
            1,
            &["VOI-M"],
            1900,
            BelowMinimum
        ),
        partner!(
            "P-1012",
            "Solera Tech",
            "Solera Tech S.L.",
            "Calle Larga 33\n11403 Jerez\nSpain",
            "ES",
            "reseller",
            "Registered",
            6,
            5,
            &["WRK-M", "VOI-M"],
            2100,
            Plain
        ),
        partner!(
            "P-1013",
            "Tatra Cloudworks",
            "Tatra Cloudworks sp. z o.o.",
            "ul. Długa 12\n31-146 Kraków\nPoland",
            "PL",
            "msp",
            "Silver",
            7,
            6,
            &["BKP-M"],
            2300,
            Plain
        ),
        partner!(
            "P-1014",
            "Helvetia Netz",
            "Helvetia Netz AG",
            "Bahnhofplatz 1\n8400 Winterthur\nSwitzerland",
            "CH",
            "reseller",
            "Registered",
            9,
            4,
            &["BKP-M", "VOI-M"],
            810,
            Quantity
        ),
        partner!(
            "P-1015",
            "Aegean Business Services",
            "Aegean Business Services EPE",
            "Ermou 50\n546 23 Thessaloniki\nGreece",
            "GR",
            "reseller",
            "Registered",
            11,
            3,
            &["VOI-M"],
            2400,
            Plain
        ),
        partner!(
            "P-1016",
            "Danubia Support",
            "Danubia Support Kft.",
            "Fő utca 9\n1011 Budapest\nHungary",
            "HU",
            "msp",
            "Registered",
            16,
            2,
            &["BKP-M"],
            2700,
            Plain
        ),
        partner!(
            "P-1017",
            "Pinewood Consulting",
            "Pinewood Consulting Oy",
            "Satamakatu 3\n33200 Tampere\nFinland",
            "FI",
            "referral",
            "Registered",
            17,
            0,
            &[],
            2550,
            New
        ),
    ],
};

const KESSLER: VendorPart = VendorPart {
    slug: "kessler",
    name: "Kessler Packaging",
    legal_name: "Kessler Packaging Machines AG",
    address: "Industriestrasse 70\n8404 Winterthur\nSwitzerland",
    zone: "Europe/Zurich",
    currency: "EUR",
    prefix: "KP",
    policies: &[PolicyPart {
        name: "Line care",
        summary: "A technician answers while the line runs.",
        targets: &[
            ("first_response", "30", "Mon to Sat, 6 to 22", "5"),
            ("resolution", "1440", "Mon to Sat, 6 to 22", "10"),
        ],
    }],
    offerings: &[
        OfferingPart {
            name: "Line Monitoring",
            category: "Connected machines",
            summary: "Every cartoner on one screen, with a call before it stops.",
            delivery: "vendor",
            policy: "Line care",
            plans: &[
                PlanPart {
                    code: "MON-M",
                    name: "Monthly",
                    currency: "EUR",
                    interval_months: 1,
                    term_months: 24,
                    prices: &[("Machine", "per_seat", "185.00")],
                },
                PlanPart {
                    code: "MON-JPY",
                    name: "Monthly in yen",
                    currency: "JPY",
                    interval_months: 1,
                    term_months: 24,
                    prices: &[("Machine", "per_seat", "29800")],
                },
            ],
        },
        OfferingPart {
            name: "Preventive Maintenance",
            category: "Service contracts",
            summary: "Two visits a year and wear parts before they wear out.",
            delivery: "partner",
            policy: "Line care",
            plans: &[PlanPart {
                code: "PRV-Y",
                name: "Yearly",
                currency: "EUR",
                interval_months: 12,
                term_months: 12,
                prices: &[
                    ("Visits", "flat", "2400.00"),
                    ("Machine", "per_seat", "960.00"),
                ],
            }],
        },
    ],
    outcome: "Machines run without unplanned stops for the whole service term.",
    commission: (
        "Service residuals",
        &[
            ("", "", "8"),
            ("", "Silver", "10"),
            ("", "Gold", "12.5"),
            ("first", "Gold", "20"),
        ],
    ),
    partners: &[
        partner!(
            "K-01",
            "Northwind Industrial",
            "Northwind Industrial GmbH",
            "Hafenweg 3\n48155 Münster\nGermany",
            "DE",
            "reseller",
            "Gold",
            0,
            7,
            &["MON-M", "PRV-Y"],
            1900,
            Yearly
        ),
        partner!(
            "K-02",
            "Sakura Pack",
            "Sakura Pack K.K.",
            "2-11-3 Honmachi\nOsaka 541-0053\nJapan",
            "JP",
            "reseller",
            "Silver",
            0,
            6,
            &["MON-JPY"],
            1000,
            Plain
        ),
        partner!(
            "K-03",
            "Emballages Rousseau",
            "Emballages Rousseau SAS",
            "8 quai du Port\n33300 Bordeaux\nFrance",
            "FR",
            "reseller",
            "Silver",
            1,
            5,
            &["MON-M"],
            2000,
            PartialRefund
        ),
        partner!(
            "K-04",
            "Ponte Confezioni",
            "Ponte Confezioni S.p.A.",
            "Viale Mazzini 4\n40137 Bologna\nItaly",
            "IT",
            "reseller",
            "Registered",
            2,
            4,
            &["MON-M", "PRV-Y"],
            2200,
            Plain
        ),
        partner!(
            "K-05",
            "Baltic Lines",
            "Baltic Lines UAB",
            "Pilies g. 6\n01123 Vilnius\nLithuania",
            "LT",
            "agent",
            "Registered",
            4,
            3,
            &["MON-M"],
            2100,
            Late
        ),
        partner!(
            "K-06",
            "Vega Envases",
            "Vega Envases S.A.",
            "Gran Vía 55\n46005 Valencia\nSpain",
            "ES",
            "reseller",
            "Registered",
            6,
            3,
            &["PRV-Y"],
            2100,
            Yearly
        ),
        partner!(
            "K-07",
            "Carton Union",
            "Carton Union Ltd",
            "9 Mill Lane\nLeeds LS1 4AP\nUnited Kingdom",
            "GB",
            "agent",
            "Silver",
            8,
            3,
            &["MON-M"],
            2000,
            Leaves
        ),
        partner!(
            "K-08",
            "Steirer Technik",
            "Steirer Technik GmbH",
            "Murgasse 15\n8010 Graz\nAustria",
            "AT",
            "reseller",
            "Registered",
            12,
            2,
            &["MON-M"],
            2000,
            Plain
        ),
        partner!(
            "K-09",
            "Lagos Packaging Works",
            "Lagos Packaging Works Ltd",
            "18 Marina Road\nLagos\nNigeria",
            "NG",
            "agent",
            "Registered",
            16,
            0,
            &[],
            750,
            New
        ),
    ],
};

/// Words that customers' names are made of.
pub const CUSTOMER_FIRST: &[&str] = &[
    "Hotel",
    "Bakery",
    "Studio",
    "Clinic",
    "Brewery",
    "Transport",
    "Garden",
    "Press",
    "Bureau",
    "Dairy",
    "Atelier",
    "Pharmacy",
    "School",
    "Vineyard",
    "Foundry",
    "Cannery",
    "Mill",
];
/// The second half of a customer's name.
pub const CUSTOMER_SECOND: &[&str] = &[
    "Adler",
    "Lindner",
    "Okapi",
    "Seeblick",
    "Marlow",
    "Vries",
    "Castell",
    "Anker",
    "Birke",
    "Falken",
    "Grove",
    "Hazel",
    "Iris",
    "Juniper",
    "Kestrel",
    "Larch",
    "Meadow",
    "Nordstern",
    "Orchard",
    "Perle",
    "Quarry",
    "Rosenhof",
    "Silva",
    "Tern",
    "Ulmen",
    "Violet",
    "Weiden",
];

/// People at partners who sign in the day after they were invited.
pub const CONTACTS: &[&str] = &[
    "Anna Berg",
    "Luca Moretti",
    "Ines Duarte",
    "Pavel Novak",
    "Sofia Lindqvist",
    "Karim Haddad",
    "Greta Sommer",
    "Owen Hughes",
    "Marta Kowalska",
    "Yuki Tanabe",
    "Nils Aaker",
    "Elena Petrou",
    "Tamas Szabo",
    "Clara Fontaine",
    "Diego Serrano",
    "Ruth Keller",
    "Aino Laine",
];

/// Somebody a visitor of the demo may sign in as: name, address, and places of
/// (vendor slug, partner code or empty, role code).
pub struct PersonaPart {
    /// Their name.
    pub name: &'static str,
    /// Their address.
    pub email: &'static str,
    /// What they are, for the sign-in page.
    pub what: &'static str,
    /// Where they belong.
    pub places: &'static [(&'static str, &'static str, &'static str)],
}

/// The personas, in the order of the sign-in page.
pub const PERSONAS: &[PersonaPart] = &[
    PersonaPart {
        name: "Hanna Vogt",
        email: "hanna.vogt@meridian.example",
        what: "Channel manager at Meridian Cloud, a cloud software house",
        places: &[("meridian", "", "channel_manager")],
    },
    PersonaPart {
        name: "Tomas Lind",
        email: "tomas.lind@meridian.example",
        what: "Finance at Meridian Cloud: closes the months",
        places: &[("meridian", "", "vendor_finance")],
    },
    PersonaPart {
        name: "Mira Castellan",
        email: "mira.castellan@northwind.example",
        what: "Finance at Northwind Systems, a partner of Meridian Cloud",
        places: &[("meridian", "P-1001", "partner_finance")],
    },
    PersonaPart {
        name: "Jonas Peeters",
        email: "jonas.peeters@northwind.example",
        what: "Seller at Northwind, a partner of both vendors",
        places: &[
            ("meridian", "P-1001", "partner_seller"),
            ("kessler", "K-01", "partner_seller"),
        ],
    },
    PersonaPart {
        name: "Elif Brandt",
        email: "elif.brandt@northwind.example",
        what: "Admin at Northwind Systems: its people and its earnings",
        places: &[("meridian", "P-1001", "partner_admin")],
    },
    PersonaPart {
        name: "Reto Kessler",
        email: "reto.kessler@kessler.example",
        what: "Owner of Kessler Packaging, a maker of packaging machines",
        places: &[("kessler", "", "owner")],
    },
];
