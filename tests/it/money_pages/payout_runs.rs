//! Bank details, and payouts that leave together: gathered, handed to the bank, paid or canceled.
use perennial::{
    domain::Role,
    mail::Post,
    secrets::SecretKey,
    services::revenue::payout_runs::{self, NewRun},
    store::jobs::Turns,
    worker,
};

use super::scene::Scene;
use crate::{
    on_both,
    support::{
        http::{Page, Visitor},
        smtp::SmtpSink,
    },
};

const GERMAN: &str = "DE89 3704 0044 0532 0130 00";
const AUSTRIAN: &str = "AT61 1904 3002 3457 3201";

fn partner(scene: &Scene, slug: &str) -> String {
    let sql = format!("SELECT id AS value FROM partners WHERE slug = '{slug}'");
    let id = scene.spelled_id::<perennial::id::Partner>(&sql);
    format!("/meridian/partners/{id}")
}

async fn bank_of(scene: &Scene, who: &Visitor, slug: &str, fields: &[(&str, &str)]) -> Page {
    give(who, &format!("{}/bank", partner(scene, slug)), fields).await
}

async fn give(who: &Visitor, at: &str, fields: &[(&str, &str)]) -> Page {
    let form = who.get(at).await.expect(200);
    let mut form = form.form(&format!("form[action='{at}']"));
    for (name, value) in fields {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

/// The owner confirms what finance, or the partner, has given.
async fn confirmed(scene: &Scene, slug: &str) {
    let owner = scene.owner().await;
    let at = format!("{}/bank", partner(scene, slug));
    let page = owner.get(&at).await.expect(200);
    owner
        .submit(&page.form("form[action$='/confirmation']"))
        .await
        .expect(303);
}

/// Given by finance and confirmed by the owner.
async fn known(scene: &Scene, who: &Visitor, slug: &str, fields: &[(&str, &str)]) {
    bank_of(scene, who, slug, fields).await.expect(303);
    confirmed(scene, slug).await;
}

async fn own_account(who: &Visitor) {
    let fields = [
        ("holder", "Meridian Cloud GmbH"),
        ("iban", AUSTRIAN),
        ("bic", "COBADEFFXXX"),
    ];
    give(who, "/meridian/payouts/account", &fields)
        .await
        .expect(303);
}

/// Whether a page holds more of a number than its ends, grouped or not. Not so little of it that an id
/// may hold the same by chance.
fn is_whole(page: &Page, iban: &str) -> bool {
    let (html, inner) = (html(page), &iban[5..14]);
    html.contains(inner) || html.contains(&inner.replace(' ', ""))
}

fn html(page: &Page) -> String {
    String::from_utf8(page.bytes.clone()).unwrap()
}

fn verify(scene: &Scene) {
    let found = scene.write(perennial::services::verify::verify);
    assert!(found.is_empty(), "{found:#?}");
}

/// November closed: northwind gets EUR 93.60 and JPY 10,000, contoso EUR in euro.
async fn closed(scene: &Scene) -> Visitor {
    scene.close("2026-11");
    scene.finance().await
}

/// An element's text, and what is left after it; the file must be well formed up to there.
fn check_elements(xml: &str) -> Vec<(String, String)> {
    let (head, mut rest) = xml.split_once("?>").unwrap();
    assert_eq!(head, "<?xml version=\"1.0\" encoding=\"UTF-8\"");
    let (mut open, mut found): (Vec<String>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    while let Some((text, after)) = rest.split_once('<') {
        assert!(!text.contains('>') && !text.contains('&'), "{text}");
        let (tag, after) = after.split_once('>').unwrap();
        rest = after;
        match tag.strip_prefix('/') {
            Some(name) => {
                let path = open.join("/");
                assert_eq!(open.pop().as_deref(), Some(name), "{path}");
                if !text.trim().is_empty() {
                    found.push((path, text.to_owned()));
                }
            }
            None => {
                assert!(text.trim().is_empty(), "{text}");
                open.push(tag.split(' ').next().unwrap().to_owned());
            }
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    found
}

on_both! {
    async fn bank_details_are_checked_masked_and_told(scene: Scene) {
        let finance = scene.finance().await;
        let at = format!("{}/bank", partner(&scene, "northwind"));
        for (field, value, said) in [
            ("holder", "", "Give the account holder"),
            ("holder", "株式会社", "Latin letters"),
            ("iban", "", "Give an IBAN"),
            ("iban", "DE89 3704 0044 0532 0130 01", "check digits"),
            ("iban", "DE89 3704", "22 characters"),
            ("iban", "US64 3704 0044", "No country"),
            ("bic", "COBA", "8 or 11"),
        ] {
            let mut fields = vec![("holder", "Northwind Ltd"), ("iban", GERMAN)];
            fields.push((field, value));
            let refused = give(&finance, &at, &fields).await.expect(422);
            assert!(refused.words().contains(said), "{field}: {said}: {}", refused.words());
            assert_eq!(refused.attr(&format!("#{field}"), "aria-invalid").as_deref(), Some("true"), "{field}");
            assert_eq!(refused.attr(&format!("#{field}"), "value").as_deref(), Some(value), "{field}");
        }
        assert_eq!(scene.app.ask("SELECT COUNT(*) AS value FROM bank_accounts"), ["0"]);

        let admin = scene.partner("northwind", Role::PartnerAdmin).await;
        let form = finance.get(&at).await.expect(200).form("form[action$='/bank']");
        let form = form.with("holder", "Northwind Ltd").with("iban", &GERMAN.to_lowercase());
        finance.submit(&form).await.expect(303);
        // Sent twice, done once: one account, one letter.
        finance.submit(&form).await.expect(303);
        assert_eq!(scene.app.ask("SELECT iban AS value FROM bank_accounts"), ["DE89370400440532013000"]);
        let letters = "SELECT subject AS value FROM mails WHERE kind = 'bank_changed' ORDER BY id";
        assert_eq!(scene.app.ask(letters), ["Meridian: new bank details of Northwind"]);
        // A form that was open meanwhile does not write over it: both stand beside each other.
        let stale = form.with("form_id", "another-form-0001").with("iban", AUSTRIAN);
        let met = finance.submit(&stale).await.expect(409);
        assert!(met.words().contains("Someone else saved this in the meantime"), "{}", met.words());
        assert_eq!(met.attr("#iban", "value").as_deref(), Some(AUSTRIAN));
        // The same again tells nobody; another account does.
        bank_of(&scene, &finance, "northwind", &[]).await.expect(303);
        assert_eq!(scene.app.ask(letters).len(), 1);
        finance.submit(&met.form("form[action$='/bank']")).await.expect(303);
        assert_eq!(scene.app.ask(letters).len(), 2);

        // Whoever is not finance knows it by its last digits.
        let page = finance.get(&at).await.expect(200);
        assert_eq!(page.attr("#iban", "value").as_deref(), Some(AUSTRIAN));
        for role in [Role::ChannelManager, Role::VendorViewer, Role::ProgrammeAdmin] {
            let other = scene.app.staff_of("meridian", role).await;
            other.get(&at).await.expect(403);
            other.post(&at, &[]).await.expect(403);
            other.post(&format!("{at}/confirmation"), &[]).await.expect(403);
            let record = other.get(&partner(&scene, "northwind")).await.expect(200);
            assert!(record.words().contains("Paid to AT61 ···· 3201, not confirmed"), "{}", record.words());
            assert!(!is_whole(&record, AUSTRIAN));
            assert!(record.words().contains("DE89 ···· 3000"), "{}", record.words());
            other.get("/meridian/payouts").await.expect(403);
        }
        let trail = scene.app.ask("SELECT changes AS value FROM audit_events");
        assert!(trail.iter().all(|one| !one.contains("3704") && !one.contains("19043002")), "{trail:?}");
        let terms = admin.get("/meridian/p/northwind/terms").await.expect(200);
        assert!(terms.words().contains("Northwind Ltd, AT61 ···· 3201"), "{}", terms.words());
        assert!(!html(&terms).contains("1904 3002"));
        verify(&scene);
    }

    async fn a_partner_keeps_its_own_account_and_no_other(scene: Scene) {
        let (finance, at) = (scene.partner("northwind", Role::PartnerFinance).await, "/meridian/p/northwind/bank");
        let home = finance.get("/meridian/p/northwind").await.expect(200);
        assert!(home.words().contains("Bank details are missing"), "{}", home.words());
        give(&finance, at, &[("holder", "Northwind Ltd"), ("iban", "DE00")]).await.expect(422);
        give(&finance, at, &[("holder", "Northwind Ltd"), ("iban", GERMAN)]).await.expect(303);
        let page = finance.get(at).await.expect(200);
        for said in ["Not confirmed", "at the partner on", "once someone in its finance", "DE89 3704 0044 0532 0130 00"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let home = finance.get("/meridian/p/northwind").await.expect(200);
        assert!(!home.words().contains("Bank details are missing"), "{}", home.words());
        assert_eq!(scene.app.ask("SELECT kind AS value FROM mails WHERE kind = 'bank_changed'").len(), 1);
        // Others at the partner, and another partner, see and change nothing of it.
        let seller = scene.partner("northwind", Role::PartnerSeller).await;
        seller.get(at).await.expect(403);
        seller.post(at, &[("iban", GERMAN)]).await.expect(403);
        let sibling = scene.partner("contoso", Role::PartnerAdmin).await;
        sibling.get(at).await.expect(404);
        let own = sibling.get("/meridian/p/contoso/bank").await.expect(200);
        assert!(own.words().contains("no account is known") && !is_whole(&own, GERMAN), "{}", own.words());
        give(&sibling, "/meridian/p/contoso/bank", &[("holder", "Contoso"), ("iban", AUSTRIAN)]).await.expect(303);
        let kept = "SELECT p.slug || ' ' || b.iban AS value FROM bank_accounts b JOIN partners p ON p.id = b.partner_id ORDER BY p.slug";
        assert_eq!(scene.app.ask(kept), ["contoso AT611904300234573201", "northwind DE89370400440532013000"]);

        // The vendor's finance sees that they wait, and confirms one.
        let vendor = scene.finance().await;
        let today = vendor.get("/meridian").await.expect(200);
        assert!(today.words().contains("2 partners' bank details wait"), "{}", today.words());
        let payouts = vendor.get("/meridian/payouts").await.expect(200);
        assert!(payouts.words().contains("Bank details to confirm") && payouts.words().contains("Northwind"), "{}", payouts.words());
        let bank = format!("{}/bank", partner(&scene, "northwind"));
        let form = vendor.get(&bank).await.expect(200).form("form[action$='/confirmation']");
        vendor.submit(&form).await.expect(303);
        vendor.submit(&form).await.expect(303);
        assert!(vendor.get(&bank).await.expect(200).words().contains("confirmed by"));
        assert!(finance.get(at).await.expect(200).words().contains("Runs of payouts pay to this account"));
        // Who sets an account does not confirm it, and what is changed waits to be confirmed again.
        bank_of(&scene, &vendor, "northwind", &[("iban", AUSTRIAN)]).await.expect(303);
        let page = vendor.get(&bank).await.expect(200);
        assert!(page.select("form[action$='/confirmation']").is_empty(), "{}", page.words());
        assert!(page.words().contains("Someone else in finance has to confirm them"), "{}", page.words());
        let fields = [("version", "2"), ("form_id", "confirm-own-00001")];
        vendor.post(&format!("{bank}/confirmation"), &fields).await.expect(409);
        let owner = scene.owner().await;
        let stale = [("version", "1"), ("form_id", "confirm-old-00001")];
        owner.post(&format!("{bank}/confirmation"), &stale).await.expect(409);
        confirmed(&scene, "northwind").await;
        let page = owner.get(&bank).await.expect(200);
        assert!(page.words().contains("nothing is paid to it before"), "{}", page.words());
        verify(&scene);
    }

    async fn a_letter_tells_of_new_bank_details(scene: Scene) {
        let finance = scene.finance().await;
        bank_of(&scene, &finance, "northwind", &[("holder", "Northwind Ltd"), ("iban", GERMAN)]).await.expect(303);
        let sink = SmtpSink::start().await;
        let secret = SecretKey::new("0123456789abcdef0123456789abcdef").unwrap();
        let post = Post::new(Some(&sink.url()), "Meridian <money@meridian.example>", "http://portal.example.com", secret).unwrap();
        let mut turns = Turns::default();
        while worker::run_next(&scene.app.store, &post, &mut turns).await.unwrap() {}
        let body = scene.app.ask("SELECT body AS value FROM mails WHERE kind = 'bank_changed' AND status = 'sent'");
        let [body] = &body[..] else { panic!("{body:?}") };
        assert!(body.contains("Northwind Ltd, DE89 ···· 3000") && body.contains("tell Meridian at once"), "{body}");
        assert!(!body.contains("3704"), "{body}");
    }

    async fn partners_that_are_paid_to_one_account_are_named_before_the_bank_pays(scene: Scene) {
        let finance = closed(&scene).await;
        own_account(&finance).await;
        let new = "/meridian/payouts/new?currency=EUR&execute_on=2026-12-15";
        let said = "Several partners are paid to one account: Contoso and Northwind to DE89 ···· 3000.";
        for (slug, is_shared) in [("northwind", false), ("contoso", true)] {
            known(&scene, &finance, slug, &[("holder", "Payee Ltd"), ("iban", GERMAN)]).await;
            let page = finance.get(new).await.expect(200);
            assert_eq!(page.words().contains(said), is_shared, "{slug}: {}", page.words());
        }
        // It is a warning: the run is made, and its own page says it too, until the bank has paid.
        let form = finance.get(new).await.expect(200).form("main form[method=post]");
        finance.submit(&form).await.expect(303);
        let run = scene.spelled_id::<perennial::id::PayoutRun>("SELECT id AS value FROM payout_runs");
        let page = finance.get(&format!("/meridian/payouts/{run}")).await.expect(200);
        assert!(page.words().contains(said), "{}", page.words());
        assert!(!is_whole(&page, GERMAN), "the page shows whole numbers");
        let paid = page.form("form[action$='/paid']").with("reference", "BANK-1");
        finance.submit(&paid).await.expect(303);
        let page = finance.get(&format!("/meridian/payouts/{run}")).await.expect(200);
        assert!(!page.words().contains("Several partners"), "{}", page.words());
    }

    async fn a_run_holds_what_is_due_once_and_pays_it_whole(scene: Scene) {
        let finance = closed(&scene).await;
        let due = scene.app.ask(
            "SELECT p.slug || ' ' || o.currency || ' ' || CAST(o.amount_minor AS TEXT) AS value
             FROM payouts o JOIN partners p ON p.id = o.partner_id ORDER BY o.currency, p.slug",
        );
        assert_eq!(due.len(), 3, "{due:?}");
        let euros = |slug: &str| -> i64 {
            let row = due.iter().find_map(|row| row.strip_prefix(&format!("{slug} EUR ")));
            row.unwrap().parse().unwrap()
        };
        // Nobody has bank details: all are left out, with the reason.
        let new = "/meridian/payouts/new?currency=EUR&execute_on=2026-12-15";
        let page = finance.get(new).await.expect(200);
        assert_eq!(page.words().matches("Bank details are missing").count(), 2, "{}", page.words());
        assert!(page.words().contains("Give it first"), "{}", page.words());
        finance.get("/meridian/payouts/new?currency=EUR&execute_on=soon").await.expect(422);
        let remark = "banks carry no transfers out on it";
        assert!(!page.words().contains(remark), "{}", page.words());
        let sunday = finance.get("/meridian/payouts/new?currency=EUR&execute_on=2026-12-20").await.expect(200);
        assert!(sunday.words().contains("20 Dec 2026 is a Sunday: banks carry"), "{}", sunday.words());
        bank_of(&scene, &finance, "northwind", &[("holder", "Müller & Söhne Ltd"), ("iban", GERMAN)]).await.expect(303);
        own_account(&finance).await;
        let page = finance.get(new).await.expect(200);
        assert!(page.words().contains("Nobody has confirmed the bank details") && page.select("main form[method=post]").is_empty(), "{}", page.words());
        confirmed(&scene, "northwind").await;
        let page = finance.get("/meridian/payouts").await.expect(200);
        for said in ["AT61 ···· 3201", "Northwind", "Contoso", "JPY 10,000"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let page = finance.get(new).await.expect(200);
        assert!(page.words().contains("Contoso") && page.words().contains("Bank details are missing"), "{}", page.words());
        let form = page.form("main form[method=post]");
        // A day that has passed is refused, and nothing is made.
        let refused = finance.submit(&form.clone().with("execute_on", "2026-11-30")).await.expect(422);
        assert!(refused.words().contains("This day has passed") || refused.words().contains("Nothing that can be"), "{}", refused.words());
        finance.submit(&form.clone().with("execute_on", "9999-12-31")).await.expect(422);
        // What was not looked at is not made.
        let refused = finance.submit(&form.clone().with("seen", "something else")).await.expect(422);
        assert!(refused.words().contains("has changed since you looked"), "{}", refused.words());
        finance.submit(&form).await.expect(303);
        finance.submit(&form).await.expect(303);
        assert_eq!(scene.app.ask("SELECT COUNT(*) AS value FROM payout_runs"), ["1"]);
        verify(&scene);

        let run = scene.spelled_id::<perennial::id::PayoutRun>("SELECT id AS value FROM payout_runs");
        let at = format!("/meridian/payouts/{run}");
        let page = finance.get(&at).await.expect(200);
        assert!(page.words().contains("-PAY-0001") && page.words().contains("To be paid"), "{}", page.words());
        assert!(!is_whole(&page, GERMAN), "the page shows whole numbers");

        // The file is sound, and its sums are those of the payments.
        let file = finance.get(&format!("{at}.xml")).await.expect(200).bytes;
        let file = String::from_utf8(file).unwrap();
        assert!(file.contains("<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\">"), "{file}");
        let elements = check_elements(&file);
        let sum = format!("{}.{:02}", euros("northwind") / 100, euros("northwind") % 100);
        let payment = "Document/CstmrCdtTrfInitn/PmtInf";
        for (path, text) in [
            ("Document/CstmrCdtTrfInitn/GrpHdr/NbOfTxs".to_owned(), "1"),
            ("Document/CstmrCdtTrfInitn/GrpHdr/CtrlSum".to_owned(), &sum),
            (format!("{payment}/CtrlSum"), &sum),
            (format!("{payment}/PmtMtd"), "TRF"),
            (format!("{payment}/ReqdExctnDt/Dt"), "2026-12-15"),
            (format!("{payment}/DbtrAcct/Id/IBAN"), "AT611904300234573201"),
            (format!("{payment}/DbtrAgt/FinInstnId/BICFI"), "COBADEFFXXX"),
            (format!("{payment}/ChrgBr"), "SLEV"),
            (format!("{payment}/CdtTrfTxInf/Amt/InstdAmt"), &sum),
            (format!("{payment}/CdtTrfTxInf/Cdtr/Nm"), "Mueller + Soehne Ltd"),
            (format!("{payment}/CdtTrfTxInf/CdtrAcct/Id/IBAN"), "DE89370400440532013000"),
        ] {
            assert!(elements.contains(&(path.clone(), text.to_owned())), "{path} {text}: {elements:?}");
        }
        for (path, text) in &elements {
            let most = if path.ends_with("Id") { 35 } else { 140 };
            assert!(text.len() <= most && text.is_ascii(), "{path}: {text}");
        }
        let csv = finance.get(&format!("{at}.csv")).await.expect(200).bytes;
        let mut reader = csv::Reader::from_reader(&csv[..]);
        let rows: Vec<std::collections::HashMap<String, String>> = reader.deserialize().map(|row| row.unwrap()).collect();
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0]["Amount"].as_str(), rows[0]["IBAN"].as_str(), rows[0]["Partner"].as_str()), (sum.as_str(), "DE89370400440532013000", "Northwind"));

        // What is in a run is in no other, and is not paid by itself.
        let again = finance.get(new).await.expect(200);
        assert!(again.select("main form[method=post]").is_empty(), "{}", again.words());
        let statement = scene.spelled_id::<perennial::id::Statement>("SELECT statement_id AS value FROM payouts WHERE payout_run_id IS NOT NULL");
        let page = finance.get(&format!("/meridian/statements/{statement}")).await.expect(200);
        assert!(page.words().contains("To be paid by run") && page.words().contains("Müller & Söhne Ltd, DE89 ···· 3000"), "{}", page.words());
        assert!(page.select("form[action$='/payout']").is_empty(), "{}", page.words());
        let fields = [("paid_on", "2026-12-01"), ("reference", "x"), ("version", "1"), ("form_id", "by-hand-000000001")];
        finance.post(&format!("/meridian/statements/{statement}/payout"), &fields).await.expect(409);

        // A change of the account later changes no run.
        bank_of(&scene, &finance, "northwind", &[("iban", AUSTRIAN)]).await.expect(303);
        let same = finance.get(&format!("{at}.xml")).await.expect(200).bytes;
        assert_eq!(String::from_utf8(same).unwrap(), file);
        let page = finance.get(&at).await.expect(200);
        assert!(page.words().contains("Bank details that have changed since the run was made: Northwind on"), "{}", page.words());

        // Canceled, it lets go; the next run takes it, and is paid whole.
        let form = finance.get(&at).await.expect(200).form("form[action$='/cancellation']");
        finance.submit(&form).await.expect(303);
        finance.submit(&form).await.expect(303);
        let page = finance.get(&at).await.expect(200);
        assert!(page.words().contains("It was canceled"), "{}", page.words());
        finance.get(&format!("{at}.xml")).await.expect(404);
        verify(&scene);
        known(&scene, &finance, "contoso", &[("holder", "Contoso"), ("iban", GERMAN)]).await;
        // Nothing is paid to an account that took another's place for two days, confirmed or not.
        confirmed(&scene, "northwind").await;
        let page = finance.get(new).await.expect(200);
        assert!(page.words().contains("nothing is paid there before"), "{}", page.words());
        scene.app.now_is("2026-12-04T09:00:00Z");
        let finance = scene.finance().await;
        let form = finance.get(new).await.expect(200).form("main form[method=post]");
        finance.submit(&form).await.expect(303);
        let run = scene.spelled_id::<perennial::id::PayoutRun>("SELECT id AS value FROM payout_runs WHERE status = 'open'");
        assert_eq!(scene.app.ask("SELECT CAST(transfer_count AS TEXT) AS value FROM payout_runs WHERE status = 'open'"), ["2"]);
        let at = format!("/meridian/payouts/{run}");
        scene.app.now_is("2026-12-16T09:00:00Z");
        let finance = scene.finance().await;
        let form = finance.get(&at).await.expect(200).form("form[action$='/paid']");
        for (field, value, said) in [
            ("paid_on", "2026-12-17", "still to come"),
            ("paid_on", "2026-11-30", "put together"),
            ("reference", " ", "Give the bank"),
        ] {
            let refused = finance.submit(&form.clone().with("reference", "SEPA 1").with(field, value)).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let form = finance.get(&at).await.expect(200).form("form[action$='/paid']").with("reference", "SEPA 1");
        finance.submit(&form).await.expect(303);
        finance.submit(&form).await.expect(303);
        let paid = scene.app.ask("SELECT status || ' ' || reference AS value FROM payouts WHERE currency = 'EUR'");
        assert_eq!(paid, ["paid SEPA 1", "paid SEPA 1"]);
        let register = finance.get("/meridian/statements?payout=paid").await.expect(200);
        assert_eq!(register.select("tbody tr").len(), 2, "{}", register.words());
        // The statement says how it was paid, to either side; the partner is not shown the run.
        let page = finance.get(&format!("/meridian/statements/{statement}")).await.expect(200);
        assert!(page.words().contains("Paid by run") && page.words().contains("-PAY-0002"), "{}", page.words());
        let northwind = scene.partner("northwind", Role::PartnerFinance).await;
        let own = northwind.get(&format!("/meridian/p/northwind/statements/{statement}")).await.expect(200);
        assert!(own.words().contains("Müller & Söhne Ltd, AT61 ···· 3201") && own.words().contains("Reference SEPA 1"), "{}", own.words());
        assert!(own.select("a[href*='/payouts/']").is_empty() && !is_whole(&own, AUSTRIAN));
        // What is paid cannot be canceled any more.
        let fields = [("version", "2"), ("form_id", "too-late-000000001")];
        finance.post(&format!("{at}/cancellation"), &fields).await.expect(409);
        verify(&scene);

        // Yen are no euro: a table and no file for SEPA.
        let form = finance.get("/meridian/payouts/new?currency=JPY&execute_on=2026-12-16").await.expect(200).form("main form[method=post]");
        finance.submit(&form).await.expect(303);
        let run = scene.spelled_id::<perennial::id::PayoutRun>("SELECT id AS value FROM payout_runs WHERE currency = 'JPY'");
        finance.get(&format!("/meridian/payouts/{run}.xml")).await.expect(404);
        let csv = finance.get(&format!("/meridian/payouts/{run}.csv")).await.expect(200).bytes;
        assert!(String::from_utf8(csv).unwrap().contains(",10000,JPY,"));
        verify(&scene);
    }

    async fn two_who_make_the_same_run_make_one(scene: Scene) {
        let finance = closed(&scene).await;
        known(&scene, &finance, "northwind", &[("holder", "Northwind"), ("iban", GERMAN)]).await;
        own_account(&finance).await;
        let (currency, execute_on) = ("EUR".parse().unwrap(), "2026-12-15".parse().unwrap());
        let gathered = scene.write(|tx| payout_runs::gather(tx, currency, execute_on));
        let new = NewRun { currency, execute_on, seen: gathered.seen() };
        let make = || scene.app.store.write_now(scene.scope.clone(), |tx| payout_runs::create(tx, &new));
        assert!(make().is_ok());
        assert!(make().is_err(), "the second run took the same payouts");
        assert_eq!(scene.app.ask("SELECT COUNT(*) AS value FROM payout_runs"), ["1"]);
        verify(&scene);
    }
}
