//! What is resold: who is billed, at what, whose money pays, and what everybody keeps; no
//! commission on any of it.
use perennial::{
    domain::Role,
    services::revenue::{billing, forecast},
};

use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Upload, Visitor},
};

fn partner(scene: &Scene, slug: &str) -> String {
    let sql = format!("SELECT id AS value FROM partners WHERE slug = '{slug}'");
    let id = scene.spelled_id::<perennial::id::Partner>(&sql);
    format!("/meridian/partners/{id}")
}

fn customer(scene: &Scene, external: &str) -> String {
    let sql = format!("SELECT id AS value FROM customers WHERE external_id = '{external}'");
    scene
        .spelled_id::<perennial::id::Customer>(&sql)
        .to_string()
}

pub(super) fn subscription(scene: &Scene, external: &str) -> String {
    let sql = format!("SELECT id AS value FROM subscriptions WHERE external_id = '{external}'");
    scene
        .spelled_id::<perennial::id::Subscription>(&sql)
        .to_string()
}

/// The invoices of a subscription, in their order: partner, net, what the resale discount took
/// off, what it is sold on for.
pub(super) fn billed(scene: &Scene, external: &str) -> Vec<String> {
    scene.app.ask(&format!(
        "SELECT p.slug || ' ' || l.kind || ' ' || CAST(l.net_minor AS TEXT) || ' ' || CAST(l.resale_minor AS TEXT) || ' '
            || COALESCE(CAST(l.resold_minor AS TEXT), '-') AS value
         FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id JOIN partners p ON p.id = i.partner_id
         JOIN subscriptions s ON s.id = l.subscription_id WHERE s.external_id = '{external}' ORDER BY i.id, l.line_no"
    ))
}

fn number(scene: &Scene, external: &str) -> String {
    scene.app.ask(&format!(
        "SELECT i.number AS value FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id
         WHERE s.external_id = '{external}' ORDER BY i.id"
    ))[0]
        .clone()
}

async fn set(scene: &Scene, who: &Visitor, slug: &str, fields: &[(&str, &str)]) -> Page {
    let at = format!("{}/resale", partner(scene, slug));
    let mut form = who
        .get(&at)
        .await
        .expect(200)
        .form("main form[method=post]");
    for (name, value) in fields {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

/// Contoso above Northwind, which buys at 20 % off, Contoso at 30 % off for it.
pub(super) async fn agreed(scene: &Scene, who: &Visitor) {
    let at = format!("{}/distributor", partner(scene, "northwind"));
    let form = who
        .get(&at)
        .await
        .expect(200)
        .form("main form[method=post]");
    let form = form.with("distributor", "Contoso").with("rate", "5");
    who.submit(&form).await.expect(303);
    let north = [
        ("reseller", "20 %"),
        ("distributor", "30"),
        ("tax_category", "own"),
        ("tax", "19"),
        ("vat_id", "DE136695976"),
        ("from", "2026-12-01"),
    ];
    set(scene, who, "northwind", &north).await.expect(303);
    let contoso = [
        ("reseller", ""),
        ("distributor", ""),
        ("tax_category", "reverse_charge"),
        ("tax", "0"),
        ("vat_id", "ATU61204830"),
        ("from", "2026-12-01"),
    ];
    set(scene, who, "contoso", &contoso).await.expect(303);
}

/// A sale of seats at 12.00 from today, 1 Dec 2026.
pub(super) async fn sell(scene: &Scene, who: &Visitor, to: &str, fields: &[(&str, &str)]) -> Page {
    let at = format!(
        "/meridian/subscriptions/new?customer={}",
        customer(scene, to)
    );
    let mut form = who
        .get(&at)
        .await
        .expect(200)
        .form("main form[method=post]");
    form = form.with("plan", "seats").with("starts_on", "2026-12-01");
    for (name, value) in fields {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

async fn pay(who: &Visitor, fields: &[(&str, &str)]) -> Page {
    let form = who.get("/meridian/payments/new").await.expect(200);
    let mut form = form.form("main form[method=post]");
    for (name, value) in fields {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

/// Entries on what is resold.
pub(super) fn entries(scene: &Scene) -> Vec<String> {
    scene.app.ask(
        "SELECT COUNT(*) AS value FROM commission_entries e JOIN subscriptions s ON s.id = e.subscription_id
         WHERE s.payer_id IS NOT NULL",
    )
}

on_both! {
    async fn what_makes_no_sense_is_refused_beside_its_field(scene: Scene) {
        let owner = scene.owner().await;
        for (fields, said) in [
            (&[("reseller", "20"), ("distributor", "19.99"), ("tax_category", "own")][..], "give 20 % or more"),
            (&[("reseller", "100"), ("tax_category", "own")], "less than 100 %"),
            (&[("reseller", "0"), ("tax_category", "own")], "Leave this empty"),
            (&[("distributor", "30"), ("tax_category", "own")], "off the list for the partner itself"),
            (&[("reseller", "20"), ("tax_category", "reverse_charge")], "needs the partner's VAT id"),
            (&[("reseller", "nonsense"), ("tax_category", "own")], "percentage from 0 to 100"),
            (&[("reseller", "20"), ("tax_category", "own"), ("tax", "")], "Give the rate: 0 for none"),
            (&[("reseller", "20"), ("tax_category", "none")], "Choose one of these"),
            (&[("reseller", "20"), ("tax_category", "own"), ("vat_id", "12")], "VAT id with its country"),
            (&[("reseller", "20"), ("tax_category", "own"), ("from", "someday")], "Give a date as"),
        ] {
            let typed = [&[("tax", "19")], fields].concat();
            let refused = set(&scene, &owner, "northwind", &typed).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        viewer.post(&format!("{}/resale", partner(&scene, "northwind")), &[]).await.expect(403);

        fn sold<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
            [&[("quantity", "10")], fields].concat()
        }
        for (fields, said) in [
            (sold(&[("billing", "resale")]), "Northwind has no resale terms on 1 Dec 2026"),
            (sold(&[("billing", "agency"), ("street", "95")]), "Only what is resold has a street price"),
            (sold(&[("billing", "nonsense")]), "This is not one of the choices"),
            (sold(&[("starts_on", "2199-12-31")]), "This day is more than ten years ahead"),
        ] {
            let refused = sell(&scene, &owner, "C-1", &fields).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let own = [("reseller", "20"), ("tax_category", "own"), ("tax", "19"), ("from", "2026-12-01")];
        set(&scene, &owner, "northwind", &own).await.expect(303);
        let refused = sell(&scene, &owner, "C-1", &sold(&[("billing", "two_tier")])).await.expect(422);
        assert!(refused.words().contains("Northwind has no distributor on 1 Dec 2026"), "{}", refused.words());
        let refused = sell(&scene, &owner, "C-1", &sold(&[("billing", "resale"), ("street", "nonsense")])).await.expect(422);
        assert!(!refused.select("#street-problem").is_empty(), "{}", refused.words());
        // What was typed is kept.
        assert_eq!(refused.attr("#street", "value").as_deref(), Some("nonsense"));
        let before = sell(&scene, &owner, "C-1", &sold(&[("billing", "resale"), ("starts_on", "2026-11-30")])).await.expect(422);
        assert!(before.words().contains("no resale terms on 30 Nov 2026"), "{}", before.words());

        let at = format!("{}/distributor", partner(&scene, "northwind"));
        let form = owner.get(&at).await.expect(200).form("main form[method=post]");
        owner.submit(&form.with("distributor", "Contoso").with("rate", "5")).await.expect(303);
        let refused = sell(&scene, &owner, "C-1", &sold(&[("billing", "two_tier")])).await.expect(422);
        assert!(refused.words().contains("say nothing of its distributor"), "{}", refused.words());
        let both = [("reseller", "20"), ("distributor", "30"), ("tax_category", "own"), ("tax", "19"), ("from", "2026-12-01")];
        set(&scene, &owner, "northwind", &both).await.expect(303);
        let refused = sell(&scene, &owner, "C-1", &sold(&[("billing", "two_tier")])).await.expect(422);
        assert!(refused.words().contains("Contoso has no resale terms on 1 Dec 2026"), "{}", refused.words());
        assert_eq!(scene.app.ask("SELECT COUNT(*) AS value FROM subscriptions WHERE payer_id IS NOT NULL"), ["0"]);
        scene.verified();
    }

    /// Case C10, through the pages: a hundred seats, whose list price is 1,200.00.
    async fn in_two_tiers_everybody_keeps_the_difference_and_sees_no_more(scene: Scene) {
        let owner = scene.owner().await;
        agreed(&scene, &owner).await;
        let at = format!("/meridian/subscriptions/new?customer={}", customer(&scene, "C-1"));
        let form = owner.get(&at).await.expect(200).form("main form[method=post]");
        let form = form.with("plan", "seats").with("starts_on", "2026-12-01").with("quantity", "100")
            .with("billing", "two_tier").with("street", "1140.00").with("external_id", "T-1");
        // A price below what the partner buys at is asked about first.
        let below = owner.submit(&form.clone().with("street", "0")).await.expect(200);
        assert!(below.words().contains("it is left with EUR −960.00 of each period"), "{}", below.words());
        owner.submit(&form).await.expect(303);
        // Sent twice, done once.
        owner.submit(&form).await.expect(303);
        // List 1,200.00: Contoso is billed 840.00 and bills Northwind 960.00.
        assert_eq!(billed(&scene, "T-1"), ["contoso recurring 84000 36000 96000"]);
        let sold = subscription(&scene, "T-1");
        let record = owner.get(&format!("/meridian/subscriptions/{sold}")).await.expect(200);
        for said in [
            "Two-tier resale. You invoice Contoso, Contoso invoices Northwind, and Northwind the customer.",
            "List priceEUR 1,200.00", "Contoso buys at 30 % off the listEUR 840.00", "Contoso keepsEUR 120.00",
            "Northwind buys at 20 % off the listEUR 960.00", "Street priceEUR 1,140.00", "Northwind keepsEUR 180.00",
            "the margin is the partner’s pay", "EUR 840.00 a month",
        ] {
            assert!(record.words().contains(said), "{said}: {}", record.words());
        }
        let number = number(&scene, "T-1");
        let invoice = scene.spelled_id::<perennial::id::Invoice>(&format!("SELECT id AS value FROM invoices WHERE number = '{number}'"));
        let page = owner.get(&format!("/meridian/invoices/{invoice}")).await.expect(200);
        for said in [
            "EUR 840.00 to Contoso", "VAT id ATU61204830", "Reverse charge", "Sold on toNorthwind",
            "List 1,200.00, less a resale discount of 360.00, sold on at 960.00: a margin of 120.00",
            "Nobody earns commission on it",
        ] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }

        // It is found by the customer who is served.
        let found = owner.get("/meridian/invoices?customer=adler").await.expect(200);
        assert!(found.words().contains(&number), "{}", found.words());

        // The distributor sees what it is billed and keeps, not what its reseller asks, nor of whom.
        let contoso = scene.partner("contoso", Role::PartnerAdmin).await;
        let own = contoso.get(&format!("/meridian/p/contoso/invoices/{invoice}")).await.expect(200);
        for said in ["840.00", "Sold on toNorthwind", "a margin of 120.00"] {
            assert!(own.words().contains(said), "{said}: {}", own.words());
        }
        contoso.get(&format!("/meridian/p/contoso/subscriptions/{sold}")).await.expect(404);
        let list = contoso.get("/meridian/p/contoso/subscriptions").await.expect(200);
        for said in ["Margin by month", "EUR 1,200.00", "EUR 840.00", "EUR 960.00", "EUR 120.00"] {
            assert!(list.words().contains(said), "{said}: {}", list.words());
        }
        for page in [&own, &list, &contoso.get("/meridian/p/contoso/invoices").await.expect(200)] {
            for hidden in ["Hotel Adler", "1,140.00", "180.00"] {
                assert!(!page.words().contains(hidden), "{hidden}: {}", page.words());
            }
        }

        // The seller sees what it buys at and keeps, and nothing of what its distributor buys at.
        let northwind = scene.partner("northwind", Role::PartnerAdmin).await;
        let own = northwind.get(&format!("/meridian/p/northwind/subscriptions/{sold}")).await.expect(200);
        for said in [
            "Two-tier resale. Your distributor invoices you", "You buy at 20 % off the listEUR 960.00",
            "Street priceEUR 1,140.00", "You keepEUR 180.00", "Bought from your distributor",
        ] {
            assert!(own.words().contains(said), "{said}: {}", own.words());
        }
        northwind.get(&format!("/meridian/p/northwind/invoices/{invoice}")).await.expect(404);
        // The first screens say what each keeps, and of what nothing is shown.
        let home = contoso.get("/meridian/p/contoso").await.expect(200);
        for said in ["Margin in December", "EUR 120.00", "on EUR 840.00 bought to sell on"] {
            assert!(home.words().contains(said), "{said}: {}", home.words());
        }
        let home = northwind.get("/meridian/p/northwind").await.expect(200);
        assert!(home.words().contains("not shown: 1 subscription bought from your distributor"), "{}", home.words());
        let terms = northwind.get("/meridian/p/northwind/terms").await.expect(200);
        let said = "You buy at 20 % off the list; taxed: 19 %, VAT id DE136695976: for sales and invoices from 1 Dec 2026 on";
        assert!(terms.words().contains(said), "{}", terms.words());
        let hotel = customer(&scene, "C-1");
        for page in [
            "", "terms", "lifecycle", "subscriptions", "subscriptions.csv", "customers", "invoices", "invoices.csv", "forecast",
            "metrics", &format!("customers/{hotel}"), &format!("subscriptions/{sold}"),
        ] {
            let page = northwind.get(format!("/meridian/p/northwind/{page}").trim_end_matches('/')).await.expect(200);
            for hidden in ["840.00", "840,00", "30 % off", "360.00", &number] {
                assert!(!page.text().contains(hidden), "{hidden}: {}", page.text());
            }
        }

        // Whoever is billed pays: nobody earns, today or in what is foreseen.
        pay(&owner, &[("external_id", "B-1"), ("invoice_number", &number), ("amount", "840.00")]).await.expect(303);
        scene.write(|tx| forecast::renew(tx, "2026-12-01".parse().unwrap()));
        assert_eq!(entries(&scene), ["0"]);
        let paid = scene.spelled_id::<perennial::id::Payment>("SELECT id AS value FROM payments WHERE external_id = 'B-1'");
        let page = owner.get(&format!("/meridian/payments/{paid}")).await.expect(200);
        assert!(page.words().contains("EUR 840.00 from Contoso") && page.words().contains("No commission followed"), "{}", page.words());
        scene.verified();
    }

    /// 84.00 at list: a further 12.5 % takes 7.35 off the distributor's 58.80 and 8.40 off the 67.20
    /// of its reseller, who sees what was used, and not what it came to.
    async fn a_further_discount_goes_on_in_the_same_share(scene: Scene) {
        let owner = scene.owner().await;
        agreed(&scene, &owner).await;
        let fields = [("quantity", "7"), ("billing", "two_tier"), ("external_id", "T-1")];
        sell(&scene, &owner, "C-1", &fields).await.expect(303);
        assert_eq!(billed(&scene, "T-1"), ["contoso recurring 5880 2520 6720"]);
        let at = format!("/meridian/subscriptions/{}", subscription(&scene, "T-1"));
        let form = owner.get(&format!("{at}/discounts/new")).await.expect(200).form("form[action$='/discounts']");
        owner.submit(&form.with("label", "Thanks").with("how", "percent").with("off", "12.5")).await.expect(303);
        scene.app.now_is("2027-01-02T09:00:00Z");
        scene.write(|tx| billing::bill_due(tx, "2027-01-02".parse().unwrap()));
        assert_eq!(billed(&scene, "T-1")[1..], ["contoso recurring 5145 2520 5880"]);
        let last = scene.app.ask("SELECT i.id AS value FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id WHERE s.external_id = 'T-1' ORDER BY i.id DESC");
        let last = crate::harness::spelled::<perennial::id::Invoice>(last[0].parse().unwrap());
        let contoso = scene.partner("contoso", Role::PartnerAdmin).await;
        let page = contoso.get(&format!("/meridian/p/contoso/invoices/{last}")).await.expect(200);
        let said = "less further discounts of 7.35, which go on in the same share, sold on at 58.80: a margin of 7.35";
        assert!(page.words().contains(said), "{}", page.words());
        scene.verified();
    }

    async fn seats_and_an_early_end_go_by_what_the_partner_buys_at(scene: Scene) {
        let owner = scene.owner().await;
        agreed(&scene, &owner).await;
        let fields = [("quantity", "10"), ("billing", "resale"), ("street", "114"), ("external_id", "T-1")];
        sell(&scene, &owner, "C-1", &fields).await.expect(303);
        assert_eq!(billed(&scene, "T-1"), ["northwind recurring 9600 2400 11400"]);
        let sold = subscription(&scene, "T-1");
        let at = format!("/meridian/subscriptions/{sold}");
        let record = owner.get(&at).await.expect(200);
        for said in ["after a resale discount of 24.00", "Northwind keepsEUR 18.00", "You invoice Northwind, and Northwind the customer."] {
            assert!(record.words().contains(said), "{said}: {}", record.words());
        }
        let northwind = scene.partner("northwind", Role::PartnerAdmin).await;
        let own = northwind.get(&format!("/meridian/p/northwind/subscriptions/{sold}")).await.expect(200);
        for said in ["the margin is your pay", "You keepEUR 18.00", "EUR 96.00 a month"] {
            assert!(own.words().contains(said), "{said}: {}", own.words());
        }
        let seller = scene.partner("northwind", Role::PartnerSeller).await;
        let own = seller.get("/meridian/p/northwind/subscriptions").await.expect(200);
        assert!(!own.words().contains("Margin by month"), "{}", own.words());

        // 17 of 31 days: five more seats cost 48.00 x 17 / 31 on top of what is given back.
        scene.app.now_is("2026-12-15T09:00:00Z");
        let owner = scene.owner().await;
        let form = owner.get(&format!("{at}/quantity")).await.expect(200).form("main form[method=post]");
        let told = owner.submit(&form.with("quantity", "15").with("effective_on", "2026-12-15").with("reason", "Grows")).await.expect(200);
        owner.submit(&told.form("main form[method=post]")).await.expect(303);
        // 96.00 x 17 / 31 = 52.65 back, 144.00 x 17 / 31 = 78.97 anew; the lists 65.81 and 98.71.
        assert_eq!(billed(&scene, "T-1")[1..], [
            "northwind proration_credit -5265 -1316 -6252", "northwind proration_charge 7897 1974 9377",
        ]);
        scene.verified();
        // It ends a day later: what is unused goes back at what was charged.
        scene.app.now_is("2026-12-16T09:00:00Z");
        let owner = scene.owner().await;
        let form = owner.get(&format!("{at}/cancellation")).await.expect(200).form("main form[method=post]");
        let told = owner.submit(&form.with("when", "now").with("effective_on", "2026-12-16").with("reason", "Closes")).await.expect(200);
        owner.submit(&told.form("main form[method=post]")).await.expect(303);
        // 16 of the 17 days of 78.97: 74.32.
        assert_eq!(scene.app.ask("SELECT n.net_minor AS value FROM credit_notes n JOIN subscriptions s ON s.id = n.subscription_id WHERE s.external_id = 'T-1'"), ["7432"]);
        assert_eq!(entries(&scene), ["0"]);
        scene.verified();
    }

    async fn what_goes_back_whole_mirrors_what_was_billed(scene: Scene) {
        let owner = scene.owner().await;
        agreed(&scene, &owner).await;
        let third = [("reseller", "33.33 %"), ("distributor", ""), ("from", "2026-12-01")];
        set(&scene, &owner, "northwind", &third).await.expect(303);
        let fields = [("quantity", "7"), ("billing", "resale"), ("street", "79.99"), ("external_id", "T-1")];
        sell(&scene, &owner, "C-1", &fields).await.expect(303);
        let at = format!("/meridian/subscriptions/{}", subscription(&scene, "T-1"));
        for seats in ["9", "11"] {
            let form = owner.get(&format!("{at}/quantity")).await.expect(200).form("main form[method=post]");
            let told = owner.submit(&form.with("quantity", seats).with("effective_on", "2026-12-01").with("reason", "Grows")).await.expect(200);
            owner.submit(&told.form("main form[method=post]")).await.expect(303);
        }
        // 84.00 less a third is 56.0028; nine are sold on for 79.99 x 9 / 7 = 102.844.
        assert_eq!(billed(&scene, "T-1"), [
            "northwind recurring 5600 2800 7999",
            "northwind proration_credit -5600 -2800 -7999", "northwind proration_charge 7200 3600 10284",
            "northwind proration_credit -7200 -3600 -10284", "northwind proration_charge 8800 4400 12570",
        ]);
        scene.verified();
    }

    async fn two_pools_of_cash_do_not_mix(scene: Scene) {
        let owner = scene.owner().await;
        agreed(&scene, &owner).await;
        let fields = [("quantity", "10"), ("billing", "resale"), ("external_id", "T-1")];
        sell(&scene, &owner, "C-1", &fields).await.expect(303);
        let number = number(&scene, "T-1");
        let due = |external: &str| scene.app.ask(&format!(
            "SELECT CAST(SUM(i.total_minor - i.paid_minor - i.reduced_minor) AS BIGINT) AS value FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id WHERE s.external_id = '{external}'"
        ))[0].clone();
        assert_eq!(due("T-1"), "11424");
        scene.write(|tx| billing::bill_due(tx, "2026-12-01".parse().unwrap()));
        let owed = due("S-1");
        assert_eq!(owed, "57120");
        // Much money of the hotel's: what it owes is paid, the rest is its credit.
        pay(&owner, &[("external_id", "B-1"), ("customer", "C-1"), ("amount", "2000.00")]).await.expect(303);
        assert_eq!((due("S-1").as_str(), due("T-1").as_str()), ("0", "11424"));
        // Northwind pays too much: the rest is Northwind's, and pays nothing of the hotel's.
        pay(&owner, &[("external_id", "B-2"), ("invoice_number", &number), ("amount", "200.00")]).await.expect(303);
        assert_eq!(due("T-1"), "0");
        let left = |payer: &str| scene.app.ask(&format!(
            "SELECT CAST(SUM(c.remaining_minor) AS BIGINT) AS value FROM customer_credits c JOIN customers k ON k.id = c.customer_id WHERE k.external_id = 'C-1' AND c.payer_id {payer}"
        ))[0].clone();
        let hotels = 200_000 - owed.parse::<i64>().unwrap();
        assert_eq!((left("IS NULL"), left("IS NOT NULL")), (hotels.to_string(), "8576".to_owned()));
        let hotel = owner.get(&format!("/meridian/customers/{}", customer(&scene, "C-1"))).await.expect(200);
        assert!(!hotel.words().contains("85.76"), "{}", hotel.words());
        // A credit note by hand is to who is billed, and no commission is in it.
        let of = "SELECT i.id AS value FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id WHERE s.external_id = 'T-1'";
        let invoice = scene.spelled_id::<perennial::id::Invoice>(of);
        let form = owner.get(&format!("/meridian/invoices/{invoice}/credit-note")).await.expect(200);
        for said in ["to Northwind Ltd, for Hotel Adler", "Northwind Ltd reads it.", "credit of who is billed"] {
            assert!(form.words().contains(said), "{said}: {}", form.words());
        }
        assert!(form.select("input[type=radio][name=commission]").is_empty());
        // Both sides see it, and nobody else does.
        let record = owner.get(&partner(&scene, "northwind")).await.expect(200);
        assert!(record.words().contains("EUR 85.76 in credit"), "{}", record.words());
        let other = owner.get(&partner(&scene, "contoso")).await.expect(200);
        assert!(!other.words().contains("in credit"), "{}", other.words());
        let says = "You have EUR 85.76 in credit.";
        for (slug, role, sees) in [
            ("northwind", Role::PartnerAdmin, true),
            ("northwind", Role::PartnerSeller, false),
            ("contoso", Role::PartnerAdmin, false),
        ] {
            let who = scene.partner(slug, role).await;
            let list = who.get(&format!("/meridian/p/{slug}/subscriptions")).await.expect(200);
            assert_eq!(list.words().contains(says), sees, "{}", list.words());
        }
        // January: each pays its own.
        scene.app.now_is("2027-01-02T09:00:00Z");
        scene.write(|tx| billing::bill_due(tx, "2027-01-02".parse().unwrap()));
        assert_eq!((due("S-1").as_str(), due("T-1").as_str()), ("0", "2848"));
        assert_eq!((left("IS NULL"), left("IS NOT NULL")), ((hotels - 57_120).to_string(), "0".to_owned()));
        scene.verified();
        // A refund takes of Northwind's money alone, and nobody's commission.
        let before = scene.app.ask("SELECT COUNT(*) AS value FROM commission_entries");
        let payment = scene.spelled_id::<perennial::id::Payment>("SELECT id AS value FROM payments WHERE external_id = 'B-2'");
        let owner = scene.owner().await;
        let form = owner.get(&format!("/meridian/payments/{payment}")).await.expect(200).form("form[action$='/refunds']");
        owner.submit(&form.with("external_id", "R-9").with("refunded_on", "2027-01-02").with("amount", "100.00").with("reason", "Agreed")).await.expect(303);
        assert_eq!(left("IS NULL"), (hotels - 57_120).to_string());
        assert_eq!(scene.app.ask("SELECT COUNT(*) AS value FROM commission_entries"), before);
        assert_eq!(entries(&scene), ["0"]);
        scene.verified();
        // Closed, nothing of it is on a statement.
        for month in ["2026-11", "2026-12"] {
            scene.close(month);
        }
        scene.verified();
    }

    async fn verify_finds_commission_on_what_was_resold(scene: Scene) {
        let owner = scene.owner().await;
        agreed(&scene, &owner).await;
        let fields = [("quantity", "10"), ("billing", "resale"), ("external_id", "T-1")];
        sell(&scene, &owner, "C-1", &fields).await.expect(303);
        scene.verified();
        let found = || scene.write(perennial::services::verify::verify).join("\n");
        // An entry of the hotel's own subscription is made one of what was resold.
        let moved = "UPDATE commission_entries SET subscription_id = (SELECT id FROM subscriptions WHERE external_id = 'T-1')
            WHERE id = (SELECT MIN(id) FROM commission_entries WHERE kind = 'earned' AND invoice_id IS NOT NULL)";
        scene.app.sql(moved);
        assert!(found().contains("is commission on what was resold"), "{}", found());
        scene.app.sql("UPDATE payments SET payer_id = partner_id WHERE external_id = 'P-1'");
        assert!(found().contains("pays with money of somebody else"), "{}", found());
        scene.app.sql("UPDATE invoices SET payer_id = NULL WHERE payer_id IS NOT NULL");
        assert!(found().contains("is billed to somebody else"), "{}", found());
        scene.app.sql("UPDATE subscriptions SET payer_id = NULL WHERE external_id = 'T-1'");
        assert!(found().contains("how it is billed makes no sense"), "{}", found());
    }

    async fn a_file_says_how_a_sale_is_billed(scene: Scene) {
        let owner = scene.owner().await;
        agreed(&scene, &owner).await;
        let file = "external_id,customer,plan,quantity,starts_on,billing\nF-1,C-1,seats,10,2026-12-01,resale\nF-2,C-2,seats,10,2026-12-01,two_tier\nF-3,C-2,seats,10,2026-12-01,\n";
        let file = Upload { field: "file", name: "sold.csv", content_type: "text/csv", bytes: file.as_bytes() };
        let sent = owner.post_file("/meridian/imports", &[("kind", "subscriptions")], file).await.expect(303);
        let page = owner.follow(&sent).await.expect(200);
        let applied = owner.submit(&page.form("form[action*='/imports/']:not([action$='/withdrawal'])")).await.expect(303);
        let page = owner.follow(&applied).await.expect(200);
        assert!(page.words().contains("Applied"), "{}", page.words());
        assert_eq!(scene.app.ask("SELECT CASE WHEN payer_id IS NULL THEN 'agency' WHEN payer_id = partner_id THEN 'resale' ELSE 'two_tier' END AS value FROM subscriptions WHERE external_id LIKE 'F-%' ORDER BY external_id"), ["resale", "two_tier", "agency"]);
        assert_eq!(billed(&scene, "F-2"), ["contoso recurring 8400 3600 9600"]);
        let csv = owner.get("/meridian/subscriptions.csv").await.expect(200).text();
        assert!(csv.contains("Two-tier resale,30.00") && csv.contains("Resale,20.00") && csv.contains("Agency,"), "{csv}");
        scene.verified();
    }
}
