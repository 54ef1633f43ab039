use std::cell::RefCell;

use perennial::{
    Error, Result,
    domain::{BillingInterval, DeliveryParty, ImportKind, Role},
    services::{
        catalogue::{offerings, plans},
        import::{self, Checked, Effects, PaymentRow, SubscriptionRow},
        revenue::payments::AtPlace,
    },
    store::{
        Platform, Tx, VendorScope, imports as files, incentivize::fx_rates, lobby,
        recruit::partners, sell::customers,
    },
};

use super::scene::{Scene, fields, is_conflict, is_forbidden, on_each, plan_draft, read};

/// Notes what the revenue services would be asked to do.
#[derive(Default)]
struct Noted {
    started: RefCell<Vec<SubscriptionRow>>,
    received: RefCell<Vec<PaymentRow>>,
    refuses: bool,
}

impl Effects for Noted {
    fn start_subscriptions(
        &self,
        _: &mut Tx<'_, VendorScope>,
        rows: &[SubscriptionRow],
    ) -> Result<(), AtPlace> {
        self.started.borrow_mut().extend_from_slice(rows);
        Ok(())
    }
    fn receive_payments(
        &self,
        _: &mut Tx<'_, VendorScope>,
        rows: &[PaymentRow],
    ) -> Result<(), AtPlace> {
        if self.refuses {
            let error = Error::on("amount", "Too much.");
            return Err(AtPlace { place: 0, error });
        }
        self.received.borrow_mut().extend_from_slice(rows);
        Ok(())
    }
}

fn bring(scene: &Scene, kind: ImportKind, text: &str) -> Result<Checked> {
    let (id, checked) = scene.write(&scene.acme, |tx| {
        import::stage(tx, kind, "file.csv", text.as_bytes())
    })?;
    assert!(checked.is_sound(), "{:?}", checked.problems);
    scene.write(&scene.acme, |tx| import::apply(tx, &Noted::default(), id))
}

fn told(scene: &Scene, kind: ImportKind, text: &str) -> Vec<(u64, String, String)> {
    let checked = scene.read(&scene.acme, |tx| import::check(tx, kind, text.as_bytes()));
    let told = checked.problems.into_iter();
    told.map(|problem| (problem.line, problem.column, problem.reason))
        .collect()
}

fn places(told: &[(u64, String, String)]) -> Vec<(u64, &str)> {
    told.iter()
        .map(|(line, column, _)| (*line, column.as_str()))
        .collect()
}

fn counts(checked: &Checked) -> (usize, usize, usize) {
    (checked.new, checked.changed, checked.unchanged)
}

const PARTNERS: &str = "external_id,name,country,statement_email\r\nP-1,Northwind,DE,a@north.example\r\nP-2,Southwind,FR,\r\n";

#[test]
fn a_file_applied_twice_changes_nothing_the_second_time() {
    on_each(|scene| {
        assert_eq!(
            counts(&bring(scene, ImportKind::Partners, PARTNERS).unwrap()),
            (2, 0, 0)
        );
        assert_eq!(
            counts(&bring(scene, ImportKind::Partners, PARTNERS).unwrap()),
            (0, 0, 2)
        );
        let moved = "external_id;name;country\nP-1;Northwind;AT\nP-3;Northwind;DE\n";
        assert_eq!(
            counts(&bring(scene, ImportKind::Partners, moved).unwrap()),
            (1, 1, 0)
        );
        let ids = ["P-1", "P-3"].map(str::to_owned);
        let mut found = scene.read(&scene.acme, |tx| partners::by_external_ids(tx, &ids));
        found.sort_by_key(|partner| partner.id);
        // A column the file does not have leaves what is on record.
        assert_eq!(
            (found[0].country.as_str(), found[0].statement_email.as_str()),
            ("AT", "a@north.example")
        );
        assert_eq!(found[1].slug.as_str(), "northwind-2");
        let history = scene.read(&scene.acme, |tx| {
            VendorScope::history(tx, found[0].id.number())
        });
        assert_eq!(history.len(), 2);
        assert_eq!(history[0].changes[0].new, "AT");
        assert!(
            scene
                .read(&scene.rival, |tx| partners::by_external_ids(tx, &ids))
                .is_empty()
        );

        let customers =
            "external_id,partner,name,country,tax\nC-1,P-1,Harbour,DE,19\nC-2,P-3,Quay,DE,\n";
        assert_eq!(
            counts(&bring(scene, ImportKind::Customers, customers).unwrap()),
            (2, 0, 0)
        );
        let renamed = customers.replace("Quay", "Pier");
        assert_eq!(
            counts(&bring(scene, ImportKind::Customers, &renamed).unwrap()),
            (0, 1, 1)
        );
        let found = scene.read(&scene.acme, |tx| {
            customers::by_external_ids(tx, &["C-2".to_owned()])
        });
        assert_eq!((found[0].name.as_str(), found[0].version), ("Pier", 2));
        let taken = told(
            scene,
            ImportKind::Customers,
            &renamed.replace("C-2,P-3", "C-2,P-1"),
        );
        assert_eq!(places(&taken), [(3, "partner")]);
    });
}

#[test]
fn how_customers_are_taxed_comes_with_the_file() {
    on_each(|scene| {
        let partner = "external_id,name,country\nP-1,Northwind,DE\n";
        bring(scene, ImportKind::Partners, partner).unwrap();
        let head = "external_id,partner,name,country,tax_category,vat_id\n";
        let wrong = format!(
            "{head}C-1,P-1,A,AT,reverse_charge,\nC-2,P-1,B,DE,standard,\nC-3,P-1,C,DE,half,DE1\n"
        );
        let found = told(scene, ImportKind::Customers, &wrong);
        let said = [
            (2, "vat_id"),
            (3, "tax_category"),
            (4, "tax_category"),
            (4, "vat_id"),
        ];
        assert_eq!(places(&found), said);
        let sound = format!(
            "{head}C-1,P-1,A,AT,reverse_charge,atu 12345678\nC-2,P-1,B,DE,exempt,\nC-3,P-1,C,DE,,\n"
        );
        let taken = bring(scene, ImportKind::Customers, &sound).unwrap();
        assert_eq!(counts(&taken), (3, 0, 0));
        // A file without these columns leaves them.
        let short = "external_id,partner,name,country,tax\nC-1,P-1,Adler,AT,20\nC-2,P-1,B,DE,0\n";
        let taken = bring(scene, ImportKind::Customers, short).unwrap();
        assert_eq!(counts(&taken), (0, 1, 1));
        let ids = ["C-1".to_owned(), "C-2".to_owned(), "C-3".to_owned()];
        let mut kept = scene.read(&scene.acme, |tx| customers::by_external_ids(tx, &ids));
        kept.sort_by(|one, other| one.external_id.cmp(&other.external_id));
        let said = |at: usize| (kept[at].tax_category.code(), kept[at].vat_id.as_str());
        assert_eq!(said(0), ("reverse_charge", "ATU12345678"));
        assert_eq!((said(1), said(2)), (("exempt", ""), ("own", "")));
    });
}

#[test]
fn what_is_wrong_is_told_by_line_and_column() {
    on_each(|scene| {
        let text = "external_id,name,country,partner_type\nP-1,,DE,reseller\nP-2,B,Germany,shop\nP-1,C,DE\nP-1,D,DE,msp\n";
        let found = told(scene, ImportKind::Partners, text);
        assert_eq!(
            places(&found),
            [
                (2, "name"),
                (3, "country"),
                (3, "partner_type"),
                (4, ""),
                (5, "external_id")
            ]
        );
        assert_eq!(found[4].2, "Lines 2 and 5 have the same external id.");
        let orphan = told(
            scene,
            ImportKind::Customers,
            "external_id,partner,name,country\nC-1,P-9,A,DE\n",
        );
        assert_eq!(orphan[0].2, "No partner has this external id.");

        let (id, checked) = scene
            .write(&scene.acme, |tx| {
                import::stage(tx, ImportKind::Partners, "bad\n.csv", text.as_bytes())
            })
            .unwrap();
        let file = scene.read(&scene.acme, |tx| files::file(tx, id));
        assert_eq!(
            (file.status.as_str(), file.file_name.as_str()),
            ("refused", "bad.csv")
        );
        assert_eq!(import::outcome(&file.outcome).unwrap(), checked);
        assert_eq!(scene.read(&scene.acme, |tx| files::content(tx, id)), "");
        let applied = scene.write(&scene.acme, |tx| import::apply(tx, &Noted::default(), id));
        assert!(is_conflict(&applied));
        assert!(
            scene
                .read(&scene.rival, |tx| files::page(tx, None))
                .rows
                .is_empty()
        );
    });
}

#[test]
fn a_file_is_judged_again_when_it_is_applied() {
    on_each(|scene| {
        bring(scene, ImportKind::Partners, PARTNERS).unwrap();
        let stage = |text: &'static str| {
            let kind = ImportKind::Customers;
            scene
                .write(&scene.acme, |tx| {
                    import::stage(tx, kind, "c.csv", text.as_bytes())
                })
                .unwrap()
                .0
        };
        let apply = |id| scene.write(&scene.acme, |tx| import::apply(tx, &Noted::default(), id));
        let one = stage("external_id,partner,name,country\nC-1,P-1,A,DE\nC-2,P-1,B,DE\n");
        let two = stage("external_id,partner,name,country\nC-2,P-2,B,DE\nC-3,P-2,B,DE\n");
        apply(one).unwrap();
        // Once more, it says again what it did and does nothing.
        let again = apply(one).unwrap();
        assert_eq!((again.new, again.changed, again.unchanged), (2, 0, 0));
        assert_eq!(fields(apply(two)), ["line-2"]);
        let none = scene.read(&scene.acme, |tx| {
            customers::by_external_ids(tx, &["C-3".to_owned()])
        });
        assert!(none.is_empty());
        assert_eq!(
            scene
                .read(&scene.acme, |tx| files::page(tx, None))
                .rows
                .len(),
            3
        );
        // Both were checked before either was applied: the second would no longer add what it
        // was shown to add.
        let three = stage("external_id,partner,name,country\nC-4,P-1,D,DE\n");
        let four = stage("external_id,partner,name,country\nC-4,P-1,E,DE\nC-5,P-1,F,DE\n");
        apply(three).unwrap();
        assert!(is_conflict(&apply(four)));
        let neither = scene.read(&scene.acme, |tx| {
            customers::by_external_ids(tx, &["C-5".to_owned()])
        });
        assert!(neither.is_empty());
    });
}

#[test]
fn importing_takes_the_permission_to_do_it_by_hand() {
    on_each(|scene| {
        let check = |role, kind| {
            let scope = scene.staff(role);
            scene
                .store
                .read_now(scope, move |tx| import::check(tx, kind, b"x"))
        };
        assert!(is_forbidden(&check(
            Role::VendorViewer,
            ImportKind::Partners
        )));
        assert!(is_forbidden(&check(
            Role::VendorFinance,
            ImportKind::Partners
        )));
        assert!(is_forbidden(&check(
            Role::ChannelManager,
            ImportKind::Payments
        )));
        assert!(check(Role::Owner, ImportKind::Payments).is_ok());
    });
}

/// One partner, one customer, one plan that is sold and one that is not.
fn market(scene: &Scene) {
    bring(scene, ImportKind::Partners, PARTNERS).unwrap();
    bring(
        scene,
        ImportKind::Customers,
        "external_id,partner,name,country\nC-1,P-1,A,DE\nC-2,P-1,B,DE\n",
    )
    .unwrap();
    let draft = |name: &str| offerings::Draft {
        name: read(name),
        category: read("Backup"),
        summary: read(""),
        delivery: DeliveryParty::Vendor,
        sla_policy: None,
    };
    let monthly = plan_draft(BillingInterval::Month, 12, &[1_000_000]);
    let made = scene.write(&scene.acme, |tx| {
        for (name, code) in [("Vault", "VAULT"), ("Safe", "SAFE")] {
            let offering = offerings::add(tx, &draft(name))?;
            let (_, version) = plans::add(tx, offering, (&read(code), &read(name)), &monthly)?;
            if name == "Vault" {
                plans::publish(tx, version, 1)?;
                offerings::publish(tx, offering, 1)?;
            }
        }
        Ok(())
    });
    made.unwrap();
}

#[test]
fn subscriptions_are_started_and_never_changed_by_a_file() {
    on_each(|scene| {
        market(scene);
        let header = "external_id,customer,plan,quantity,starts_on\n";
        let bad = format!(
            "{header}S-1,C-9,SAFE,0,2026-13-01\nS-2,C-1,SAFE,5,2026-10-01\nS-3,C-1,NONE,5,2026-10-01\nS-4,C-1,VAULT,1,1999-01-01\n"
        );
        let found = told(scene, ImportKind::Subscriptions, &bad);
        assert_eq!(
            places(&found),
            [
                (2, "customer"),
                (2, "quantity"),
                (2, "starts_on"),
                (3, "plan"),
                (4, "plan"),
                (5, "starts_on")
            ]
        );
        let good = format!("{header}S-1,C-1,VAULT,3,2026-10-01\n");
        let noted = Noted::default();
        let apply = |text: &str| {
            let (id, _) = scene.write(&scene.acme, |tx| {
                import::stage(tx, ImportKind::Subscriptions, "s.csv", text.as_bytes())
            })?;
            scene.write(&scene.acme, |tx| import::apply(tx, &noted, id))
        };
        assert_eq!(counts(&apply(&good).unwrap()), (1, 0, 0));
        let row = noted.started.borrow()[0].clone();
        assert_eq!(
            (row.quantity.get(), row.starts_on.to_string()),
            (3, "2026-10-01".to_owned())
        );
        let customer = scene.read(&scene.acme, |tx| {
            customers::by_external_ids(tx, &["C-1".to_owned()])
        });
        scene.subscription(
            (customer[0].partner, customer[0].id),
            row.plan_version,
            "S-1",
        );
        // On record are 5 units, started with 3.
        for (units, told_at) in [("3", vec![]), ("5", vec![]), ("4", vec![(2, "quantity")])] {
            let found = told(
                scene,
                ImportKind::Subscriptions,
                &good.replace(",3,", &format!(",{units},")),
            );
            assert_eq!(places(&found), told_at, "{units}");
        }
        let other = told(
            scene,
            ImportKind::Subscriptions,
            &good.replace("C-1", "C-2"),
        );
        assert_eq!(places(&other), [(2, "customer")]);
        assert_eq!(
            places(&told(
                scene,
                ImportKind::Subscriptions,
                &good.replace("VAULT", "SAFE")
            )),
            [(2, "plan")]
        );
    });
}

#[test]
fn payments_are_received_and_never_changed_by_a_file() {
    on_each(|scene| {
        market(scene);
        let customer = scene.read(&scene.acme, |tx| {
            customers::by_external_ids(tx, &["C-1".to_owned()])
        })[0]
            .clone();
        let (_, sub) = (customer.clone(), {
            let plan = scene.read(&scene.acme, plans_sold);
            scene.subscription((customer.partner, customer.id), plan, "S-1")
        });
        let (tenant, p, c) = (
            lobby::tenant_of(&scene.acme).number(),
            customer.partner.number(),
            customer.id.number(),
        );
        scene.database.sql(&format!(
            "INSERT INTO invoices (tenant_id, id, partner_id, customer_id, subscription_id, number,
             issued_on, due_on, currency, tax_bps, net_minor, tax_minor, total_minor, paid_minor,
             refunded_minor, credited_minor, reduced_minor, status, created_at) VALUES ({tenant}, 1,
             {p}, {c}, {sub}, 'A-1', '2026-10-01', '2026-10-15', 'EUR', 1900, 12500, 2375, 14875,
             0, 0, 0, 0, 'open', '2026-10-01 08:00:00')"
        ));
        let header = "external_id,received_on,amount,currency,invoice_number,customer\n";
        let bad = format!(
            "{header}Y-1,2026-11-06,1.00,EUR,,C-1\nY-2,2026-11-05,-1,EUR,,C-1\nY-3,2026-11-05,1.005,EUR,,C-1\n\
             Y-4,2026-11-05,1,XXX,,C-1\nY-5,2026-11-05,1,JPY,A-1,\nY-6,2026-11-05,1,EUR,A-1,C-2\n\
             Y-7,2026-11-05,1,EUR,,\nY-8,2026-11-05,1,EUR,A-2,C-1\nY-9,1990-01-01,1,EUR,,C-1\n"
        );
        let found = told(scene, ImportKind::Payments, &bad);
        assert_eq!(
            places(&found),
            [
                (2, "received_on"),
                (3, "amount"),
                (4, "amount"),
                (5, "currency"),
                (6, "currency"),
                (7, "customer"),
                (8, "customer"),
                (9, "invoice_number"),
                (10, "received_on")
            ]
        );
        let good = format!("{header}Y-1,2026-11-05,148.75,EUR,A-1,\nY-2,2026-11-05,20,EUR,,C-2\n");
        let stage = || {
            let kind = ImportKind::Payments;
            scene
                .write(&scene.acme, |tx| {
                    import::stage(tx, kind, "y.csv", good.as_bytes())
                })
                .unwrap()
                .0
        };
        let refusing = Noted {
            refuses: true,
            ..Noted::default()
        };
        let id = stage();
        assert_eq!(
            fields(scene.write(&scene.acme, |tx| import::apply(tx, &refusing, id))),
            ["line-2"]
        );
        let noted = Noted::default();
        scene
            .write(&scene.acme, |tx| import::apply(tx, &noted, id))
            .unwrap();
        let rows = noted.received.borrow().clone();
        assert_eq!(
            (rows[0].customer, rows[0].amount.to_string().as_str()),
            (customer.id, "EUR 148.75")
        );
        assert_eq!(
            (
                rows[0].invoice_number.as_deref(),
                rows[1].invoice_number.as_deref()
            ),
            (Some("A-1"), None)
        );
        scene.database.sql(&format!(
            "INSERT INTO payments (tenant_id, id, partner_id, customer_id, external_id, invoice_number,
             received_on, currency, amount_minor, refunded_minor, created_at) VALUES ({tenant}, 1, {p},
             {c}, 'Y-1', 'A-1', '2026-11-05', 'EUR', 14875, 0, '2026-11-05 08:00:00')"
        ));
        let again = scene.read(&scene.acme, |tx| {
            import::check(tx, ImportKind::Payments, good.as_bytes())
        });
        assert_eq!((counts(&again), again.is_sound()), ((1, 0, 1), true));
        let other = told(
            scene,
            ImportKind::Payments,
            &good.replace("148.75", "148.76"),
        );
        assert_eq!(places(&other), [(2, "amount")]);
    });
}

fn plans_sold(tx: &mut Tx<'_, VendorScope>) -> Result<perennial::id::PlanVersionId> {
    Ok(perennial::store::catalogue::plans::choices(tx)?[0]
        .version
        .id)
}

#[test]
fn many_rows_take_seconds() {
    on_each(|scene| {
        let (partners, customers) = match std::env::var("RECORDS_FULL_SIZE") {
            Ok(_) => (5_000, 20_000),
            Err(_) => (500, 2_000),
        };
        let mut text = String::from("external_id,name,country\n");
        for number in 0..partners {
            text += &format!("P-{number},Partner {},DE\n", number / 3);
        }
        let begun = std::time::Instant::now();
        assert_eq!(
            bring(scene, ImportKind::Partners, &text).unwrap().new,
            partners
        );
        assert_eq!(
            bring(scene, ImportKind::Partners, &text).unwrap().unchanged,
            partners
        );
        let after_partners = begun.elapsed();
        let mut text = String::from("external_id,partner,name,country,tax\n");
        for number in 0..customers {
            text += &format!(
                "C-{number},P-{},Customer {number},DE,19\n",
                number % partners
            );
        }
        assert_eq!(
            bring(scene, ImportKind::Customers, &text).unwrap().new,
            customers
        );
        assert_eq!(
            bring(scene, ImportKind::Customers, &text)
                .unwrap()
                .unchanged,
            customers
        );
        println!(
            "{:?}: {after_partners:?}, {:?}",
            scene.database.kind(),
            begun.elapsed()
        );
        assert!(begun.elapsed().as_secs() < 60);
    });
}

#[test]
fn a_file_of_exchange_rates_is_set_once() {
    on_each(|scene| {
        let file = "date,from,to,rate,source\n2026-01-01,EUR,USD,1.0837,Central bank\n2026-01-02,USD,JPY,151.37,Central bank\n";
        let kind = ImportKind::FxRates;
        assert_eq!(counts(&bring(scene, kind, file).unwrap()), (2, 0, 0));
        assert_eq!(counts(&bring(scene, kind, file).unwrap()), (0, 0, 2));
        let other = file.replace("1.0837", "1.0838");
        assert_eq!(counts(&bring(scene, kind, &other).unwrap()), (0, 1, 1));
        let wrong = "date,from,to,rate,source\n2999-01-01,EUR,USD,1,Bank\n2026-01-03,EUR,EUR,1,Bank\n2026-01-03,EUR,USD,0,Bank\n2026-01-04,EUR,USD,1,\n2026-01-05,eur,USD,1,Bank\n2026-01-06,EUR,USD,1.1,Bank\n2026-01-06,EUR,USD,1.2,Bank\n";
        assert_eq!(
            places(&told(scene, kind, wrong)),
            [
                (2, "date"),
                (3, "to"),
                (4, "rate"),
                (5, "source"),
                (6, "from"),
                (8, "date")
            ]
        );
        let rates = scene.read(&scene.rival, fx_rates::all);
        assert!(rates.is_empty());
    });
}
