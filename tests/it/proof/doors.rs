//! The doors that only the whole house has: ids and places in lists, files of rows, addresses of
//! pages. Whatever is handed in, nothing breaks, and what is taken is taken once.
use perennial::{
    domain::{ImportKind, Role},
    id::{Id, Partner, Subscription},
    services::import::{self, Ledger},
    store::{DatabaseUrl, paging::Cursor},
    web,
};
use proptest::{
    prelude::*,
    sample::Index,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use reqwest::Method;

use super::strange::{anything, mutated, nearly};
use crate::{
    harness::TestApp,
    on_both,
    revenue::world::{Like, World},
    routes::{For, parameters, routes_of},
    support::postgres::{Databases, Kind},
};

fn spelled(number: i64) -> String {
    crate::harness::spelled::<Partner>(number).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_id_is_read_as_it_is_spelled_and_not_otherwise(
        typed in prop_oneof![mutated((0i64..).prop_map(spelled)), anything()],
    ) {
        if let Ok(id) = typed.parse::<Id<Partner>>() {
            prop_assert_eq!(id.to_string(), typed.clone());
        }
        prop_assert!(typed.parse::<Id<Partner>>().is_err() || typed.parse::<Id<Subscription>>().is_err());
    }

    /// Two letters in each other's place, or one for another, never make another's id.
    #[test]
    fn a_slip_of_the_pen_is_no_id(number in 0i64.., at in any::<Index>(), letter in any::<Index>()) {
        let good = spelled(number);
        let (prefix, rest) = good.split_once('_').unwrap();
        let mut letters: Vec<char> = rest.chars().collect();
        let at = at.index(letters.len() - 1);
        letters.swap(at, at + 1);
        let swapped = format!("{prefix}_{}", String::from_iter(&letters));
        prop_assert!(swapped == good || swapped.parse::<Id<Partner>>().is_err());
        letters.swap(at, at + 1);
        letters[at] = char::from(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[letter.index(32)]);
        let other = format!("{prefix}_{}", String::from_iter(&letters));
        prop_assert!(other == good || other.parse::<Id<Partner>>().is_err());
    }

    #[test]
    fn a_place_in_a_list_reads_back(typed in nearly(&["YTEuYQ", "YjdmLm5vcnRo", "YS0xLg", "YQ"])) {
        if let Some(cursor) = Cursor::read(&typed) {
            prop_assert_eq!(Cursor::read(&cursor.to_string()), Some(cursor));
        }
    }

    #[test]
    fn a_database_is_a_file_or_a_server(typed in nearly(&["sqlite:var/perennial.db", "postgres://a@b/c", "var/x.db", "mysql://a"])) {
        if let Ok(DatabaseUrl::Sqlite(path)) = typed.parse::<DatabaseUrl>() {
            prop_assert!(!path.is_empty() && !path.contains("://") && !path.contains('\0'));
        }
    }
}

/// A good file of each kind, for the vendor of [`World`].
fn file(kind: ImportKind) -> &'static str {
    match kind {
        ImportKind::Partners => {
            "external_id,name,country,statement_email,partner_type\r\nP-9,\"North, Ltd\",DE,a@north.example,msp\r\nP-1,Alpine IT,CZ,,\r\n"
        }
        ImportKind::Customers => {
            "external_id;partner;name;country;tax\nC-9;P-1;Harbour;DE;19\nC-1;P-1;Customer 1;DE;20\n"
        }
        ImportKind::Subscriptions => {
            "external_id,customer,plan,quantity,starts_on\nS-1,C-1,seats,\"1,200\",2027-02-01\nS-2,C-4,yearly,1,2027-01-31\n"
        }
        ImportKind::Payments => {
            "external_id,received_on,amount,currency,customer\nPAY-1,2027-02-14,1234.50,EUR,C-1\nPAY-2,2027-02-28,5000,JPY,C-4\n"
        }
        ImportKind::Usage => {
            "external_id,subscription,meter,occurred_at,value\nE-1,S-1,api-calls,2027-02-14T09:30:00Z,12.5\n"
        }
        ImportKind::Outages => {
            "external_id,service,kind,began_at,ended_at,announced_at,note\nO-1,Backup Pro,outage,2027-01-14T09:30:00Z,2027-01-14T10:30:00Z,,Power\nO-2,backup pro,maintenance,2027-01-15T09:30:00Z,2027-01-15T10:30:00Z,2027-01-02T08:00:00Z,\"Cables, new\"\n"
        }
        ImportKind::FxRates => {
            "date,from,to,rate,source\n2027-01-01,EUR,USD,1.0837,Central bank\n2027-01-02,USD,JPY,151.37,\"Bank, of the centre\"\n"
        }
        ImportKind::Tickets => {
            "external_id,subscription,title,severity,opened_at,answered_at,resolved_at,waiting\nHD-1,S-1,A question,high,2027-01-14T09:30:00Z,,2027-01-14T12:30:00Z,2027-01-14T10:00:00Z/2027-01-14T11:00:00Z\nHD-2,S-2,Another,,2027-01-15T09:30:00Z,,,\n"
        }
    }
}

/// Brings a file in where it is sound; then it is on record, and says nothing new.
fn bring(world: &World, kind: ImportKind, bytes: &[u8]) {
    let checked = world.read(|tx| import::check(tx, kind, bytes));
    if !checked.is_sound() {
        assert!(checked.problems.iter().all(|one| !one.reason.is_empty()));
        return;
    }
    let (id, _) = world
        .write(|tx| import::stage(tx, kind, "file.csv", bytes))
        .unwrap();
    let applied = world.write(|tx| {
        let ledger = Ledger::open(tx)?;
        import::apply(tx, &ledger, id)
    });
    match applied {
        Ok(done) => {
            let again = world.read(|tx| import::check(tx, kind, bytes));
            assert_eq!(
                (again.rows, again.unchanged),
                (done.rows, done.rows),
                "{again:?}"
            );
        }
        Err(perennial::Error::Invalid(_)) => {}
        Err(why) => panic!("{kind:?} {:?}: {why:#}", String::from_utf8_lossy(bytes)),
    }
}

#[test]
fn no_file_breaks_an_import_and_what_is_taken_is_taken_once() {
    for database in Databases::each() {
        let world = World::new(database, Like::default());
        let mut runner = TestRunner::new(Config {
            cases: if database == Kind::Sqlite { 240 } else { 80 },
            failure_persistence: None,
            max_shrink_iters: 200,
            ..Config::default()
        });
        let kinds = prop::sample::select(ImportKind::ALL.to_vec());
        let files = kinds.prop_flat_map(|kind| {
            let good = Just(file(kind).to_owned());
            let bytes = mutated(good).prop_map(String::into_bytes);
            let noise = prop::collection::vec(any::<u8>(), 0..80);
            (Just(kind), prop_oneof![6 => bytes, 1 => noise])
        });
        let told = runner.run(&files, |(kind, bytes)| {
            bring(&world, kind, &bytes);
            Ok(())
        });
        if let Err(why) = told {
            panic!("{database:?}: {why}");
        }
        for kind in ImportKind::ALL {
            bring(&world, *kind, file(*kind).as_bytes());
        }
        world.verify();
    }
}

/// Every byte by its number, so that nothing is tidied up on the way.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The fields that narrow, order and page lists.
const FIELDS: &[&str] = &[
    "q",
    "at",
    "sort",
    "status",
    "partner",
    "customer",
    "offering",
    "plan",
    "tier",
    "stage",
    "country",
    "currency",
    "month",
    "months",
    "until",
    "kind",
    "earned",
    "posted",
    "delivery",
    "payout",
    "recipient",
    "from",
    "base",
    "price",
    "growth",
    "churn",
    "years",
    "convention",
    "margin",
    "discount",
    "cost",
    "paid",
    "customers",
    "next",
];

const VALUES: &[&str] = &[
    "north",
    "YTEuYQ",
    "YjdmLm5vcnRo",
    "newest",
    "-name",
    "active",
    "EUR",
    "2026-10",
    "2026-13",
    "12",
    "-1",
    "99999999999999999999",
    "prt_00000000000001",
    "%",
    "_",
    "' OR 1=1 --",
    "a%00b",
];

on_both! {
    async fn no_address_breaks_a_page(app: TestApp) {
        app.vendor("meridian");
        app.partner("meridian", "northwind");
        let owner = app.staff_of("meridian", Role::Owner).await;
        let partner = app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        let mut pages = Vec::new();
        for route in routes_of(web::routes).await {
            let (who, base) = match route.side {
                For::Staff => (&owner, route.path.replacen("{vendor}", "meridian", 1)),
                For::Partners => {
                    let path = route.path.replacen("{vendor}", "meridian", 1);
                    (&partner, path.replacen("{partner}", "northwind", 1))
                }
                For::Anyone | For::People => (&owner, route.path.clone()),
            };
            if route.method == Method::GET {
                pages.push((who, base));
            }
        }
        assert!(pages.len() > 60, "{}", pages.len());
        let mut runner = TestRunner::new(Config::default());
        let value = nearly(VALUES);
        for (who, base) in pages {
            let mut path = base;
            for name in parameters(&path.clone()) {
                let text = value.new_tree(&mut runner).unwrap().current();
                let start = path.find(&format!("{{{name}")).unwrap();
                let end = start + path[start..].find('}').unwrap() + 1;
                // A part of an address is never empty.
                path.replace_range(start..end, &format!("x{}", escaped(&text)));
            }
            for _ in 0..3 {
                let fields = prop::collection::vec((prop::sample::select(FIELDS), &value), 1..6);
                let fields = fields.new_tree(&mut runner).unwrap().current();
                let fields: Vec<String> = fields
                    .into_iter()
                    .map(|(name, value)| format!("{name}={}", escaped(&value)))
                    .collect();
                let address = format!("{path}?{}", fields.join("&"));
                let page = who.get(&address).await;
                assert!(page.status < 500, "{address} answered {}: {}", page.status, page.text());
            }
        }
    }
}
