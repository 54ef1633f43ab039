//! A commission plan as a channel manager writes it: sentences, checks, a trial on past months; and
//! the months ahead on either side.
use perennial::{domain::Role, services::revenue::forecast};

use super::scene::Scene;
use crate::on_both;

on_both! {
    async fn a_plan_is_written_in_sentences_checked_tried_and_published(scene: Scene) {
        let owner = scene.owner().await;
        let form = owner.get("/meridian/commission-plans").await.expect(200).form("main form[method=post]");
        let edit = owner.submit(&form.with("name", "Loyalty 2027")).await.expect(303).location();
        let form = owner.get(&edit).await.expect(200).form("main form[method=post]");
        let gold = owner.get(&edit).await.attrs("select[name=clause-1-tier] option", "value")[1].clone();
        let typed = form
            .with("clause-1-tier", &gold).with("clause-1-rate", "20").with("clause-1-months", "1")
            .with("clause-2-tier", &gold).with("clause-2-rate", "12").with("clause-2-cap", "300").with("clause-2-currency", "eur")
            .with("clause-3-rate", "2.50").with("clause-3-kind", "unit")
            .with("renewal", "2").with("guarantee", "500").with("guarantee_months", "6");
        let refused = owner.submit(&typed.clone().with("guarantee_months", "some").with("renewal", "much")).await.expect(422);
        assert!(refused.words().contains("Give a whole number of months."), "{}", refused.words());
        let refused = owner.submit(&typed.clone().with("guarantee_months", "61")).await.expect(422);
        assert!(refused.words().contains("Give 1 to 60 months."), "{}", refused.words());
        let refused = owner.submit(&typed.clone().with("clause-2-months", "a year").with("clause-4-months", "3")).await.expect(422);
        for problem in ["Give a whole number of months", "Say what it pays."] {
            assert!(refused.words().contains(problem), "{problem}: {}", refused.words());
        }
        let plan = owner.submit(&typed).await.expect(303).location();
        let page = owner.get(&plan).await.expect(200);
        for said in [
            "Gold partners earn 20 % of recurring revenue, in the first month.",
            "Gold partners earn 12 % of recurring revenue after 1 month, for as long as they serve the customer, at most EUR 300.00 a month.",
            "Clause 2 is capped in EUR only.",
            "Partners earn 2 % of what a renewed term is worth, once its first invoice is paid, if that is at least 100 % of the term before.",
            "Partners earn at least EUR 500.00 a month in their first 6 months, not counting what goes back of earlier months.",
            "Partners earn EUR 2.50 per unit of each period, for as long as they serve the customer.",
            "Clause 3 pays in EUR only.",
            "The plan names no outcome",
        ] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        // Northwind had 20 % all along, Contoso 15 % of a first period; the yen were paid once.
        let trial = page.attr("a[href$='/dry-run']", "href").unwrap();
        let tried = owner.get(&format!("{trial}?from=2026-10&until=2026-11")).await.expect(200);
        for said in ["0 gain, 2 lose, 1 stays the same", "Northwind", "Contoso"] {
            assert!(tried.words().contains(said), "{said}: {}", tried.words());
        }
        assert_eq!(tried.select("tbody tr").len(), 3, "{}", tried.words());
        owner.get(&format!("{trial}?from=2026-11&until=2026-10")).await.expect(422);
        let wrong = owner.get(&format!("{trial}?from=soon")).await.expect(422);
        assert_eq!(wrong.attrs(".summary a", "href"), ["#from"]);
        assert_eq!(wrong.attr("#from", "aria-invalid").as_deref(), Some("true"));
        owner.get(&trial).await.expect(200);
        let before = scene.app.ask("SELECT CAST(count(*) AS TEXT) AS value FROM commission_entries");
        owner.submit(&page.form("form[action$='/publication']")).await.expect(303);
        assert_eq!(scene.app.ask("SELECT CAST(count(*) AS TEXT) AS value FROM commission_entries"), before);
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        viewer.get(&edit).await.expect(403);
    }

    async fn a_partner_is_told_why_a_clause_won(scene: Scene) {
        let admin = scene.partner("northwind", Role::PartnerAdmin).await;
        let ledger = admin.get("/meridian/p/northwind/ledger?earned=2026-10&customer=adler&kind=earned").await.expect(200);
        let entry = admin.get(&ledger.attr("tbody th a", "href").unwrap()).await.expect(200);
        let said = "3 clauses of the plan fit this period. This one counts, for it names the tier, which comes before all else.";
        assert!(entry.words().contains(said), "{}", entry.words());
        let contoso = scene.partner("contoso", Role::PartnerAdmin).await;
        let ledger = contoso.get("/meridian/p/contoso/ledger?earned=2026-10&kind=earned").await.expect(200);
        let entry = contoso.get(&ledger.attr("tbody th a", "href").unwrap()).await.expect(200);
        let said = "2 clauses of the plan fit this period. This one counts, for it names the phase that the period lies in.";
        assert!(entry.words().contains(said), "{}", entry.words());
    }

    async fn an_entry_paid_by_the_unit_explains_itself(scene: Scene) {
        scene.app.sql("UPDATE invoice_lines SET unit_pay_minor = 250, rate_bps = 0; UPDATE commission_entries SET rate_bps = 0");
        let owner = scene.owner().await;
        let ledger = owner.get("/meridian/ledger").await.expect(200);
        assert!(ledger.words().contains("2.50 a unit"), "{}", ledger.words());
        let entry = ledger.attr("tbody th a", "href").unwrap();
        let entry = owner.get(&entry).await.expect(200);
        for said in ["2.50 a unit", "for each unit", "units × 2.50", "It says: “"] {
            assert!(entry.words().contains(said), "{said}: {}", entry.words());
        }
        let file = owner.get("/meridian/ledger.csv?customer=adler").await.expect(200).text();
        assert!(file.contains(",Rate %,Amount per unit,") && file.contains(",480.00,,2.50,"), "{file}");
    }

    async fn a_cap_takes_off_what_is_beyond_it_and_says_so(scene: Scene) {
        scene.app.sql("UPDATE commission_clauses SET cap_minor = 100, currency = 'EUR'");
        let finance = scene.finance().await;
        let form = finance.get("/meridian/payments/new").await.expect(200).form("main form[method=post]");
        let form = form.with("external_id", "BANK-77").with("customer", "C-6").with("amount", "14.28");
        let payment = finance.submit(&form).await.expect(303).location();
        let page = finance.get(&payment).await.expect(200);
        assert!(page.words().contains("Cap"), "{}", page.words());
        let admin = scene.partner("contoso", Role::PartnerAdmin).await;
        let ledger = admin.get("/meridian/p/contoso/ledger?kind=cap").await.expect(200);
        let href = ledger.attr("tbody th a", "href").unwrap();
        let entry = admin.get(&href).await.expect(200);
        for said in ["pays at most EUR 1.00 a month: EUR 0.50 of EUR 1.50 is beyond it", "Caps this entry"] {
            assert!(entry.words().contains(said), "{said}: {}", entry.words());
        }
        let capped = entry.attr("main table a[href*='/ledger/']", "href").unwrap();
        let capped = admin.get(&capped).await.expect(200);
        assert!(capped.words().contains("Capped by this entry"), "{}", capped.words());
        let found = scene.write(perennial::services::verify::verify);
        assert!(found.is_empty(), "{found:#?}");
    }

    async fn the_months_ahead_are_told_on_either_side(scene: Scene) {
        let owner = scene.owner().await;
        let none = owner.get("/meridian/forecast").await.expect(200);
        assert!(none.words().contains("Nothing to forecast yet"), "{}", none.words());
        scene.write(|tx| forecast::renew(tx, "2026-12-01".parse().unwrap()));
        scene.write(|tx| forecast::renew(tx, "2026-12-01".parse().unwrap()));
        let page = owner.get("/meridian/forecast").await.expect(200);
        for said in ["Committed commission", "Northwind", "Contoso", "JPY", "As of 1 Dec 2026", "Committed: service periods that start in a term now running"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let file = owner.get("/meridian/forecast.csv").await.expect(200).text();
        // Gold at 20 %: Hotel Adler has 40 seats at 12.00; the term of three months ends with
        // December, the yen subscription's with September.
        assert!(file.lines().any(|row| row.contains("2026-12,EUR,564.00,112.80,564.00,112.80")), "{file}");
        assert!(file.lines().any(|row| row.contains("2027-01,EUR,0.00,0.00,564.00,112.80")), "{file}");
        assert!(file.lines().any(|row| row.contains("2027-01,JPY,50000,10000,50000,10000")), "{file}");
        let one = page.attr("tbody a[href*='?partner=']", "href").unwrap();
        let one = owner.get(&one).await.expect(200);
        assert!(one.words().contains("Every partner"), "{}", one.words());
        let admin = scene.partner("northwind", Role::PartnerAdmin).await;
        let own = admin.get("/meridian/p/northwind/forecast").await.expect(200);
        assert!(own.words().contains("your tier") && !own.words().contains("Contoso"), "{}", own.words());
        let file = admin.get("/meridian/p/northwind/forecast.csv").await.expect(200).text();
        assert!(!file.contains("Contoso") && file.lines().count() == 25, "{file}");
        let seller = scene.partner("northwind", Role::PartnerSeller).await;
        seller.get("/meridian/p/northwind/forecast").await.expect(403);
        seller.get("/meridian/p/northwind/forecast.csv").await.expect(403);
    }
}
