//! The pages about money, through the real server: what they say, who may see them, what they do.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene has failed"
)]

mod adjustments;
mod clawbacks;
mod credit_notes;
mod currencies;
mod deals;
mod imports;
mod journal;
mod metrics;
mod nonsense;
mod outages;
mod overtaken;
mod parties;
mod payout_runs;
mod plan_changes;
mod plans;
mod resale;
mod resale_bills;
mod scene;
mod service_levels;
mod sla_credits;
mod spans;
mod spiffs;
mod steps;
mod tax;
mod tax_changes;
mod taxes;
mod volume;

use perennial::{domain::Role, id};

use crate::on_both;
use scene::Scene;

/// Every page of a side answers, and says nothing of another's.
const STAFF: &[&str] = &[
    "",
    "/invoices",
    "/invoices?status=overdue&customer=adler&partner=north&month=2026-10",
    "/invoices?status=paid",
    "/payments",
    "/payments?customer=adler&partner=n&currency=eur&month=2026-10",
    "/payments/new",
    "/ledger",
    "/ledger?status=held",
    "/ledger?status=payable&kind=earned&currency=EUR&partner=north&customer=a",
    "/ledger?status=stated&earned=2026-10&posted=2026-10",
    "/ledger?status=paid",
    "/ledger?kind=adjustment",
    "/adjustments",
    "/adjustments/new",
    "/spiffs",
    "/registrations",
    "/registrations?status=submitted&customer=adler&partner=north",
    "/ledger?kind=spiff",
    "/ledger?kind=clawback",
    "/statements",
    "/statements?month=2026-10&payout=due&delivery=none&currency=EUR&partner=n",
    "/statements?payout=overdue&delivery=queued",
    "/statements?payout=paid",
    "/statements?payout=nothing",
    "/periods",
    "/periods/2026-10",
    "/periods/2026-11",
    "/periods/2026-12",
];
const FILES: &[&str] = &[
    "/invoices.csv?status=open",
    "/payments.csv?customer=adler",
    "/ledger.csv?status=held",
    "/periods/2026-11.csv",
];

on_both! {
    async fn every_register_answers_whatever_is_asked(scene: Scene) {
        let owner = scene.owner().await;
        for path in STAFF.iter().chain(&["/mail", "/mail?status=queued&kind=statement&recipient=a@b.test"]) {
            let page = owner.get(&format!("/meridian{path}")).await;
            page.expect(200);
        }
        for path in FILES {
            let file = owner.get(&format!("/meridian{path}")).await.expect(200);
            assert!(file.header("content-type").starts_with("text/csv"), "{path}");
            assert!(file.text().lines().count() > 1, "{path}: {}", file.text());
        }
        scene.close("2026-11");
        let file = owner.get("/meridian/statements.csv?month=2026-11").await.expect(200);
        assert_eq!(file.text().lines().count(), 4, "{}", file.text());
        let admin = scene.partner("northwind", Role::PartnerAdmin).await;
        for path in ["", "/statements", "/statements?payout=due", "/ledger", "/ledger?status=held", "/terms"] {
            let page = admin.get(&format!("/meridian/p/northwind{path}")).await.expect(200);
            for other in ["Contoso", "Clinic am Park", "Freight Lines"] {
                assert!(!page.text().contains(other), "{path} names {other}");
            }
        }
    }

    async fn an_invoice_and_a_payment_say_where_the_money_went(scene: Scene) {
        let finance = scene.finance().await;
        let invoice: id::InvoiceId =
            scene.spelled_id("SELECT min(i.id) AS value FROM invoices i JOIN customers c ON c.id = i.customer_id WHERE c.external_id = 'C-1'");
        let page = finance.get(&format!("/meridian/invoices/{invoice}")).await.expect(200);
        for said in ["Hotel Adler", "12.00", "480.00", "571.20", "P-1", "1–31 Oct 2026", "Gold, first period"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let payment: id::PaymentId = scene.spelled_id("SELECT id AS value FROM payments WHERE external_id = 'P-1'");
        let page = finance.get(&format!("/meridian/payments/{payment}")).await.expect(200);
        for said in ["571.20", "114.24", "R-1", "Service was down for six days", "Reversed", "96.00", "−19.20"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
    }

    async fn a_partner_reads_the_invoices_of_its_own_customers(scene: Scene) {
        let base = "/meridian/p/northwind";
        let seller = scene.partner("northwind", Role::PartnerSeller).await;
        let list = seller.get(&format!("{base}/invoices")).await.expect(200);
        assert!(list.words().contains("Hotel Adler") && !list.words().contains("Clinic am Park"), "{}", list.words());
        let narrow = seller.get(&format!("{base}/invoices?customer=adler&status=paid&month=2026-10")).await.expect(200);
        assert_eq!(narrow.select("tbody tr").len(), 1, "{}", narrow.words());
        let none = seller.get(&format!("{base}/invoices?customer=clinic")).await.expect(200);
        assert!(none.words().contains("No invoice fits"), "{}", none.words());
        let file = seller.get(&format!("{base}/invoices.csv?customer=adler")).await.expect(200);
        assert!(file.header("content-type").starts_with("text/csv") && file.text().lines().count() > 1);
        assert!(!file.text().contains("Contoso"));

        let invoice: id::InvoiceId =
            scene.spelled_id("SELECT min(i.id) AS value FROM invoices i JOIN customers c ON c.id = i.customer_id WHERE c.external_id = 'C-1'");
        let path = format!("{base}/invoices/{invoice}");
        let page = seller.get(&path).await.expect(200);
        for said in ["Hotel Adler", "480.00", "571.20", "P-1", "1–31 Oct 2026"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        assert!(!page.words().contains("Commission") && page.attr("main a[href*='/payments/']", "href").is_none());
        let finance = scene.partner("northwind", Role::PartnerFinance).await;
        let page = finance.get(&path).await.expect(200);
        assert!(page.words().contains("Gold, first period") && page.words().contains("96.00"), "{}", page.words());
        for href in page.attrs("main a", "href") {
            finance.get(&href).await.expect(200);
        }
        let customer = page.attr("main a[href*='/customers/']", "href").unwrap();
        let customer = finance.get(&customer).await.expect(200);
        let all = customer.attr("main a[href*='/invoices?customer=']", "href").unwrap();
        assert!(finance.get(&all).await.expect(200).words().contains("Hotel Adler"));
        let sold = page.attr("main a[href*='/subscriptions/']", "href").unwrap();
        assert!(finance.get(&sold).await.expect(200).attrs("main a", "href").contains(&path));

        let rival = scene.partner("contoso", Role::PartnerAdmin).await;
        rival.get(&format!("/meridian/p/contoso/invoices/{invoice}")).await.expect(404);
        seller.post(&path, &[]).await.expect(405);
    }

    async fn an_entry_explains_itself_on_either_side(scene: Scene) {
        let entry: id::CommissionEntryId =
            scene.spelled_id("SELECT id AS value FROM commission_entries WHERE amount_minor = 9600 AND due_period = 202610");
        let finance = scene.finance().await;
        let page = finance.get(&format!("/meridian/ledger/{entry}")).await.expect(200);
        for said in ["480.00 × 20 % = 96.00", "Hotel Adler paid", "on 5 Oct 2026", "“Recurring 2026”, version 3, clause 1", "30 days", "Taken back by this entry"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let theirs = scene.partner("northwind", Role::PartnerFinance).await;
        let page = theirs.get(&format!("/meridian/p/northwind/ledger/{entry}")).await.expect(200);
        assert!(page.words().contains("480.00 × 20 % = 96.00"));
        assert!(!page.words().contains("version 3"));
        let rival = scene.partner("contoso", Role::PartnerFinance).await;
        rival.get(&format!("/meridian/p/contoso/ledger/{entry}")).await.expect(404);
        rival.get("/meridian/p/contoso/ledger/ent_nonsense").await.expect(404);
    }

    async fn a_month_is_reviewed_confirmed_and_queued_once(scene: Scene) {
        let finance = scene.finance().await;
        let page = finance.get("/meridian/periods/2026-11").await.expect(200);
        let words = page.words();
        assert!(words.contains("November 2026 is over."), "{words}");
        let would = words.replace("statements would be made", "statement would be made");
        let would = would.split_once(" statement would be made").and_then(|(before, _)| before.rsplit(' ').next());
        let would = would.map(str::to_owned).unwrap_or_default();
        assert_eq!(page.attr(".head__action a", "href").unwrap(), "/meridian/periods/2026-11/closure");
        finance.get("/meridian/periods/2026-12/closure").await.expect(409);
        finance.get("/meridian/periods/2027-03").await.expect(404);
        finance.get("/meridian/periods/never").await.expect(404);
        scene.app.sql("UPDATE partners SET statement_email = '' WHERE slug = 'contoso'");
        let confirm = finance.get("/meridian/periods/2026-11/closure").await.expect(200);
        assert!(confirm.words().contains("1 partner has no address for statements."), "{}", confirm.words());
        let form = confirm.form("main form[method=post]");
        for _ in 0..2 {
            let sent = finance.submit(&form).await.expect(303);
            assert_eq!(sent.location(), "/meridian/periods/2026-11");
        }
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM jobs WHERE kind = 'close_month'"), ["1"]);
        let page = finance.get("/meridian/periods/2026-11").await.expect(200);
        assert_eq!(page.header("refresh"), "5");
        assert!(page.words().contains("queued"), "{}", page.words());
        let previewed = scene.app.ask("SELECT count(*) AS value FROM statements WHERE month = 202611");
        assert_eq!(previewed, ["0"]);
        scene.close("2026-11");
        assert_eq!(scene.app.ask("SELECT CAST(count(*) AS TEXT) AS value FROM statements WHERE month = 202611"), [would]);
        let page = finance.get("/meridian/periods/2026-11").await.expect(200);
        assert!(page.words().contains("Closed on 1 Dec 2026"), "{}", page.words());
        finance.get("/meridian/periods/2026-11/closure").await.expect(409);
    }

    async fn the_preview_says_what_the_close_then_does(scene: Scene) {
        let finance = scene.finance().await;
        let columns = |text: String| -> Vec<Vec<String>> {
            let keep = [0, 1, 2, 3, 4, 5, 6, 8];
            let mut rows: Vec<Vec<String>> = text
                .lines()
                .skip(1)
                .map(|line| {
                    let cells: Vec<&str> = line.split(',').collect();
                    keep.iter().map(|at| cells[*at].to_owned()).collect()
                })
                .collect();
            rows.retain(|row: &Vec<String>| row[3] != "0");
            rows.sort();
            rows
        };
        let before = finance.get("/meridian/periods/2026-11.csv").await.expect(200);
        scene.close("2026-11");
        let after = finance.get("/meridian/periods/2026-11.csv").await.expect(200);
        assert_eq!(columns(before.text()), columns(after.text()));
    }

    async fn a_statement_is_one_content_in_four_shapes(scene: Scene) {
        scene.close("2026-11");
        let statement: id::StatementId = scene.spelled_id(
            "SELECT s.id AS value FROM statements s JOIN partners p ON p.id = s.partner_id
             WHERE p.slug = 'northwind' AND s.month = 202611 AND s.currency = 'EUR'",
        );
        let admin = scene.partner("northwind", Role::PartnerAdmin).await;
        let path = format!("/meridian/p/northwind/statements/{statement}");
        let page = admin.get(&path).await.expect(200);
        let json: serde_json::Value = serde_json::from_str(&admin.get(&format!("{path}.json")).await.expect(200).text()).unwrap();
        let csv = admin.get(&format!("{path}.csv")).await.expect(200).text();
        let pdf = admin.get(&format!("{path}.pdf")).await.expect(200);
        assert_eq!(pdf.header("content-type"), "application/pdf");
        let lines = json["lines"].as_array().unwrap().len();
        assert_eq!(csv.lines().count(), lines + 1);
        assert_eq!(page.select("tr.lines__line").len(), lines);
        assert!(page.words().contains(json["sha256"].as_str().unwrap()));
        assert!(page.words().contains(json["number"].as_str().unwrap()));
        let rival = scene.partner("contoso", Role::PartnerAdmin).await;
        for end in ["", ".pdf", ".csv", ".json"] {
            rival.get(&format!("/meridian/p/contoso/statements/{statement}{end}")).await.expect(404);
        }
        // Every link of the page leads somewhere.
        for href in page.attrs("main a", "href") {
            if href.contains("/ledger/") || href.contains("/invoices/") {
                admin.get(&href).await.expect(200);
            }
        }
        assert_eq!(page.attrs("tr.lines__why a[href*='/invoices/']", "href").len(), lines);
    }

    async fn a_payout_is_marked_paid_once_and_a_copy_is_sent(scene: Scene) {
        scene.close("2026-11");
        let statement: id::StatementId = scene.spelled_id(
            "SELECT s.id AS value FROM statements s JOIN partners p ON p.id = s.partner_id
             WHERE p.slug = 'northwind' AND s.month = 202611 AND s.currency = 'EUR'",
        );
        let finance = scene.finance().await;
        let path = format!("/meridian/statements/{statement}");
        let page = finance.get(&path).await.expect(200);
        let form = page.form("form[action$='/payout']");
        let refused = finance.submit(&form.clone().with("reference", "")).await.expect(422);
        assert!(refused.words().contains("Give the bank’s reference"), "{}", refused.words());
        let form = form.with("reference", "SEPA 4711").with("paid_on", "2026-12-01");
        finance.submit(&form).await.expect(303);
        finance.submit(&form).await.expect(303);
        let page = finance.get(&path).await.expect(200);
        assert!(page.words().contains("Paid 1 Dec 2026") && page.words().contains("SEPA 4711"));
        let confirm = finance.get(&format!("{path}/sendings/new")).await.expect(200);
        assert!(confirm.words().contains("money@northwind.test"));
        let form = confirm.form("main form[method=post]");
        finance.submit(&form).await.expect(303);
        finance.submit(&form).await.expect(303);
        let copies = "SELECT count(*) AS value FROM mails WHERE copy_no = 2".to_string();
        assert_eq!(scene.app.ask(&copies), ["1"]);
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        let seen = viewer.get(&path).await.expect(200);
        assert!(seen.select("form[action$='/payout']").is_empty());
        viewer.get(&format!("{path}/sendings/new")).await.expect(403);
    }

    async fn a_payment_and_a_refund_are_recorded_by_hand(scene: Scene) {
        let finance = scene.finance().await;
        let form = finance.get("/meridian/payments/new").await.expect(200).form("main form[method=post]");
        let refused = finance.submit(&form.clone().with("amount", "ten")).await.expect(422);
        for field in ["external_id", "amount", "invoice_number"] {
            assert!(refused.text().contains(&format!("id=\"{field}-problem\"")), "{field}: {}", refused.words());
        }
        let form = form.with("external_id", "BANK-77").with("customer", "C-6").with("amount", "14.28");
        let unknown = finance.submit(&form.clone().with("customer", "C-66")).await.expect(422);
        assert!(unknown.words().contains("No customer has this id"));
        let done = finance.submit(&form).await.expect(303);
        assert_eq!(finance.submit(&form).await.expect(303).location(), done.location());
        let page = finance.get(&done.location()).await.expect(200);
        assert!(page.words().contains("EUR 14.28 from Small Shop") || page.words().contains("14.28 from Small Shop"), "{}", page.words());
        let refund = page.form("form[action$='/refunds']").with("external_id", "BACK-77").with("amount", "20");
        let refused = finance.submit(&refund.clone().with("reason", "Double")).await.expect(422);
        assert!(refused.words().contains("is left of this payment"), "{}", refused.words());
        let refund = refund.with("amount", "14.28").with("reason", "Paid twice");
        finance.submit(&refund).await.expect(303);
        let page = finance.get(&done.location()).await.expect(200);
        assert!(page.words().contains("Paid twice"));
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        viewer.get("/meridian/payments/new").await.expect(403);
        viewer.submit(&form).await.expect(403);
    }

    async fn a_seller_sees_no_earnings(scene: Scene) {
        let seller = scene.partner("northwind", Role::PartnerSeller).await;
        for path in ["/statements", "/statements.csv", "/ledger", "/ledger.csv", "/terms"] {
            seller.get(&format!("/meridian/p/northwind{path}")).await.expect(403);
        }
        let home = seller.get("/meridian/p/northwind").await.expect(200);
        assert!(!home.words().contains("Earned") && !home.words().contains("statement"), "{}", home.words());
    }

    async fn the_first_screens_lead_to_what_they_count(scene: Scene) {
        scene.close("2026-11");
        let owner = scene.owner().await;
        let home = owner.get("/meridian").await.expect(200);
        for said in ["Monthly recurring revenue", "JPY", "Held", "To be paid out", "1 offering is a draft", "payouts to be made"] {
            assert!(home.words().contains(said), "{said}: {}", home.words());
        }
        let admin = scene.partner("northwind", Role::PartnerAdmin).await;
        let home = admin.get("/meridian/p/northwind").await.expect(200);
        for said in ["Your November statement is", "Earned in December", "Hotel Adler comes up for renewal"] {
            assert!(home.words().contains(said), "{said}: {}", home.words());
        }
        for href in home.attrs(".figure a", "href") {
            if !href.contains("/subscriptions") {
                admin.get(&href).await.expect(200);
            }
        }
    }

    async fn the_outbox_strikes_out_secrets_and_lets_work_be_tried_again(scene: Scene) {
        let tenant = scene.app.tenant("meridian").number();
        scene.app.sql(&format!(
            "INSERT INTO mails (tenant_id, id, kind, subject_id, copy_no, recipient, subject, body, message_id, status, attempts, last_error, created_at)
             VALUES ({tenant}, 7001, 'invitation', 1, 1, 'new@northwind.test', 'You are invited', 'https://x.test/invitations/0123456789012345678901234567890123456789abc', '<a@b>', 'failed', 3, 'no such mailbox', '2026-11-01 00:00:00');
             INSERT INTO jobs (tenant_id, id, kind, payload, dedupe, status, run_at, lease_token, attempts, last_error, created_at)
             VALUES ({tenant}, 7002, 'daily_run', '{{}}', 'daily_run:x', 'parked', '2026-11-01 00:00:00', 1, 8, 'the disk is full', '2026-11-01 00:00:00')"
        ));
        let owner = scene.owner().await;
        let page = owner.get("/meridian/mail").await.expect(200);
        assert!(page.words().contains("the disk is full") && page.words().contains("no such mailbox"));
        let href = page.attrs("main th a", "href").into_iter().next().unwrap();
        let letter = owner.get(&href).await.expect(200);
        assert!(letter.words().contains("invitations/[one-time link]"), "{}", letter.words());
        owner.submit(&page.form("form[action$='/retry']")).await.expect(303);
        assert_eq!(scene.app.ask("SELECT status AS value FROM jobs WHERE id = 7002"), ["ready"]);
        let finance = scene.finance().await;
        finance.get("/meridian/mail").await.expect(403);
        finance.get(&href).await.expect(403);
    }
}
