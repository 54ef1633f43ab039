//! Names of customers, people at partners, and whom a visitor may sign in as.

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
        name: "Ines Albrecht",
        email: "ines.albrecht@meridian.example",
        what: "Owner at Meridian Cloud: settings, people, mail and access tokens",
        places: &[("meridian", "", "owner")],
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
