//! Deals: registered by a seller, decided by a channel manager, won by a sale that earns more.
use perennial::{
    domain::Role,
    id::{DealRegistrationId, SubscriptionId},
    mail::Post,
    secrets::SecretKey,
    services::sell::deals,
    store::jobs::Turns,
    worker,
};

use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Visitor},
};

const HOME: &str = "/meridian/p/northwind/registrations";

/// Registers a customer for Backup Pro.
async fn register(seller: &Visitor, home: &str, with: &[(&str, &str)]) -> Page {
    let page = seller.get(&format!("{home}/new")).await.expect(200);
    let offering = page.attr("select[name=offering] option", "value").unwrap();
    let mut form = page.form("main form[method=post]");
    let fields = [
        ("customer", "Hotel Adler GmbH"),
        ("web", "https://www.hotel-adler.de/"),
        ("offering", offering.as_str()),
        ("quantity", "12"),
        ("expected_on", "2026-12-15"),
        ("note", "Two meetings so far"),
    ];
    for (name, value) in fields.iter().chain(with) {
        form = form.with(name, value);
    }
    seller.submit(&form).await
}

async fn decide(who: &Visitor, at: &str, step: &str, with: &[(&str, &str)]) -> Page {
    let page = who.get(at).await.expect(200);
    let mut form = page.form(&format!("form[action$='/{step}']"));
    for (name, value) in with {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

fn on_staff(location: &str) -> String {
    location
        .replace("/p/northwind", "")
        .replace("/p/contoso", "")
}

/// Writes a plan that pays 12.5 %, and 5 % more on what was registered, and puts Northwind under it.
async fn publish_uplift(scene: &Scene, owner: &Visitor) {
    let form = owner
        .get("/meridian/commission-plans")
        .await
        .expect(200)
        .form("main form[method=post]");
    let made = owner.submit(&form.with("name", "With deals")).await;
    let edit = made.expect(303).location();
    let form = owner.get(&edit).await.expect(200);
    let form = form.form("main form[method=post]");
    let form = form.with("clause-1-rate", "12.5");
    for (part, typed, said) in [
        ("uplift", "much", "Give a percentage such as 5, or none."),
        ("uplift", "90", "this comes to more than 100 %"),
        ("kind", "unit", "A registered deal adds to a percentage"),
    ] {
        let wrong = form.clone().with("clause-1-uplift", "5");
        let wrong = wrong.with(&format!("clause-1-{part}"), typed);
        let page = owner.submit(&wrong).await.expect(422);
        assert!(page.words().contains(said), "{said}: {}", page.words());
    }
    let saved = owner.submit(&form.with("clause-1-uplift", "5")).await;
    let plan = saved.expect(303).location();
    let again = owner.get(&edit).await.expect(200);
    let again = again.form("main form[method=post]");
    assert_eq!(again.value("clause-1-uplift"), "5 %");
    let page = owner.get(&plan).await.expect(200);
    let said = "Partners earn 12.5 % (17.5 % where the deal was registered) of recurring revenue";
    assert!(page.words().contains(said), "{}", page.words());
    let publication = page.form("form[action$='/publication']");
    owner.submit(&publication).await.expect(303);
    let northwind = scene.spelled_id::<perennial::id::Partner>(
        "SELECT id AS value FROM partners WHERE slug = 'northwind'",
    );
    let record = owner.get(&format!("/meridian/partners/{northwind}")).await;
    let version = scene.spelled_id::<perennial::id::CommissionPlanVersion>(
        "SELECT v.id AS value FROM commission_plan_versions v JOIN commission_plans p ON p.id = v.commission_plan_id WHERE p.name = 'With deals'",
    );
    let form = record.expect(200).form("form[action$='/enrolment']");
    let form = form.with("plan_version", &version.to_string());
    let form = form.with("from", "2026-12-01");
    owner.submit(&form).await.expect(303);
}

/// What letters about decisions say, once a worker has written them.
async fn letters(scene: &Scene) -> Vec<String> {
    let secret = SecretKey::new("0123456789abcdef0123456789abcdef").unwrap();
    let from = "Meridian Cloud <statements@meridian.example>";
    let post = Post::new(None, from, "http://portal.example.com", secret).unwrap();
    let mut turns = Turns::default();
    while worker::run_next(&scene.app.store, &post, &mut turns)
        .await
        .unwrap()
    {}
    scene
        .app
        .ask("SELECT body AS value FROM mails WHERE kind = 'deal_decision' ORDER BY id")
}

/// Starts a subscription of ten seats for 120.00 through the form, for one of the customers.
async fn sell(scene: &Scene, owner: &Visitor, what: (&str, &str)) -> Page {
    sell_from(scene, owner, what, "2026-12-01").await
}

async fn sell_from(
    scene: &Scene,
    owner: &Visitor,
    (customer, deal): (&str, &str),
    on: &str,
) -> Page {
    let id = scene.app.ask(&format!(
        "SELECT id AS value FROM customers WHERE external_id = '{customer}'"
    ));
    let id: perennial::id::CustomerId = crate::harness::spelled(id[0].parse().unwrap());
    let page = owner
        .get(&format!("/meridian/subscriptions/new?customer={id}"))
        .await
        .expect(200);
    let form = page.form("main form[method=post]");
    let form = form
        .with("plan", "seats")
        .with("quantity", "10")
        .with("starts_on", on);
    owner.submit(&form.with("deal", deal)).await
}

on_both! {
    async fn a_deal_is_registered_approved_won_and_pays_more(scene: Scene) {
        let owner = scene.owner().await;
        publish_uplift(&scene, &owner).await;
        let seller = scene.partner("northwind", Role::PartnerSeller).await;
        let list = seller.get(HOME).await.expect(200);
        assert!(list.words().contains("Nothing is registered yet"));
        for (name, typed, said) in [
            ("customer", "", "Give a name."),
            ("web", "", "names alone are mixed up"),
            ("web", "nowhere", "Give a website such as example.com"),
            ("vat_id", "12", "Give the VAT id with its country"),
            ("offering", "off_nonsense", "Choose an offering."),
            ("quantity", "0", ""),
            ("expected_on", "2026-11-30", "Give a day to come"),
        ] {
            let refused = register(&seller, HOME, &[(name, typed)]).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
            assert_eq!(refused.form("main form[method=post]").value("note").trim(), "Two meetings so far");
        }
        // All that is wrong is said at once.
        let much = [("customer", ""), ("web", "nowhere"), ("expected_on", "1999-01-01")];
        let refused = register(&seller, HOME, &much).await.expect(422);
        for said in ["Give a name.", "Give a website such as example.com", "Give a day to come"] {
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let made = register(&seller, HOME, &[]).await.expect(303);
        let at = made.location();
        let page = seller.get(&at).await.expect(200);
        for said in ["Hotel Adler GmbH", "Waits for a decision", "Registered today", "Two meetings so far", "Deal registered"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let twice = register(&seller, HOME, &[("customer", "HOTEL ADLER")]).await.expect(422);
        assert!(twice.words().contains("You have registered Hotel Adler GmbH for this already"), "{}", twice.words());
        // Nobody else at the partner, and nobody at another, may touch it.
        let finance = scene.partner("northwind", Role::PartnerFinance).await;
        finance.get(&at).await.expect(200);
        finance.post(&format!("{at}/withdrawal"), &[]).await.expect(403);
        finance.get(&format!("{HOME}/new")).await.expect(403);

        let manager = scene.app.staff_of("meridian", Role::ChannelManager).await;
        let today = manager.get("/meridian").await.expect(200);
        assert!(today.words().contains("1 registered deal waits for a decision"), "{}", today.words());
        let own = on_staff(&at);
        for (until, said) in [("", ""), ("2026-11-30", "This day is over"), ("2028-01-01", "within the next 365")] {
            let refused = decide(&manager, &own, "approval", &[("until", until)]).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
        }
        let form = manager.get(&own).await.expect(200).form("form[action$='/approval']");
        assert_eq!(form.value("until"), "2027-03-01");
        manager.submit(&form).await.expect(303);
        manager.submit(&form).await.expect(303);
        let late = manager.post(&format!("{own}/refusal"), &[("version", "1"), ("answer", "No"), ("form_id", "late-0000000000000000")]).await;
        assert_eq!(late.status, 409, "{}", late.words());
        for said in ["Status", "Approved", "Declined", "Reason", "No"] {
            assert!(late.select(".table td, .table th").iter().any(|cell| cell == said), "{said}: {}", late.words());
        }
        let mails = scene.app.ask("SELECT subject AS value FROM mails WHERE kind = 'deal_decision'");
        assert_eq!(mails, ["Your registration of Hotel Adler GmbH is approved"]);
        let letter = letters(&scene).await.concat();
        assert!(letter.contains("Hotel Adler GmbH is protected for Northwind until 1 Mar 2027."), "{letter}");
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        viewer.get(&own).await.expect(200);
        viewer.post(&format!("{own}/approval"), &[]).await.expect(403);

        // The form of the sale finds the registration by the customer; none may be chosen all the same.
        let deal = at.rsplit('/').next().unwrap();
        let started = manager.get(&own).await.expect(200).attr(".head__action a", "href").unwrap();
        let choose = owner.get(&started).await.expect(200);
        assert!(!choose.words().contains("Clinic am Park"), "only the partner's own customers");
        // Searching for its customer, or adding one, the registration is not lost.
        let found = owner.get(&format!("/meridian/subscriptions/new?q=adler&deal={}", choose.form("form.filters").value("deal"))).await.expect(200);
        assert!(found.select(".agenda a").len() == 1 && found.attr(".agenda a", "href").unwrap().ends_with(&format!("&deal={deal}")), "{}", found.words());
        let add = owner.get(&found.attr("main p.soft a", "href").unwrap()).await.expect(200);
        let add = add.form("main form[method=post]");
        assert_eq!(["name", "partner"].map(|name| add.value(name)), ["Hotel Adler GmbH", "Northwind"]);
        let wrong = owner.submit(&add.clone().with("partner", "nobody at all").with("country", "")).await.expect(422);
        for said in ["No partner is called that.", "There is no such country"] {
            assert!(wrong.words().contains(said), "{said}: {}", wrong.words());
        }
        let added = owner.submit(&add.with("country", "DE").with("tax_category", "exempt")).await.expect(303);
        let on = owner.follow(&added).await.expect(200);
        assert_eq!(on.form("main form[method=post]").value("deal"), deal);
        let form = owner.get(&choose.attr(".agenda a", "href").unwrap()).await.expect(200);
        let begun = form.form("main form[method=post]");
        let values = ["deal", "quantity", "starts_on"].map(|name| begun.value(name));
        assert_eq!(values, [deal, "12", "2026-12-15"]);
        let other = sell(&scene, &owner, ("C-2", deal)).await.expect(200);
        let said = "It is to win the registration of Hotel Adler GmbH, which is another name than Bakery Sommer.";
        assert!(other.words().contains(said), "{}", other.words());
        let stranger = sell(&scene, &owner, ("C-4", deal)).await.expect(422);
        assert!(stranger.words().contains("Another partner registered this deal"), "{}", stranger.words());
        sell(&scene, &owner, ("C-1", "drg_nonsense")).await.expect(422);
        let early = sell_from(&scene, &owner, ("C-1", deal), "2026-11-30").await.expect(422);
        assert!(early.words().contains("it was registered later"), "{}", early.words());
        let plain = sell(&scene, &owner, ("C-1", "")).await.expect(303);
        let sold = sell(&scene, &owner, ("C-1", deal)).await.expect(303);
        sell(&scene, &owner, ("C-1", deal)).await.expect(422);
        let page = owner.get(&sold.location()).await.expect(200);
        assert!(page.words().contains("Registered deal"), "{}", page.words());
        let rates = scene.app.ask(
            "SELECT CAST(l.rate_bps AS TEXT) || ' ' || l.chosen AS value FROM invoice_lines l
             JOIN deal_registrations d ON d.subscription_id = l.subscription_id ORDER BY l.id",
        );
        assert_eq!(rates, ["1750 a1+500"]);
        let of = |page: &Page| -> SubscriptionId { page.location().rsplit('/').next().unwrap().parse().unwrap() };
        for (page, rate, amount) in [(&sold, "17.5 %", "21.00"), (&plain, "12.5 %", "15.00")] {
            let number = scene.app.ask(&format!("SELECT number AS value FROM invoices WHERE subscription_id = {}", of(page).number()));
            let form = owner.get("/meridian/payments/new").await.expect(200).form("main form[method=post]");
            let form = form.with("external_id", &number[0]).with("invoice_number", &number[0]).with("amount", "142.80");
            owner.submit(&form).await.expect(303);
            let entry = scene.app.ask(&format!("SELECT id AS value FROM commission_entries WHERE subscription_id = {}", of(page).number()));
            let entry: perennial::id::CommissionEntryId = crate::harness::spelled(entry[0].parse().unwrap());
            let admin = scene.partner("northwind", Role::PartnerAdmin).await;
            let why = admin.get(&format!("/meridian/p/northwind/ledger/{entry}")).await.expect(200);
            assert!(why.words().contains(&format!("120.00 × {rate} = {amount}")), "{}", why.words());
            let said = "The deal was registered, which adds 5 % to its rate.";
            assert_eq!(why.words().contains(said), rate == "17.5 %", "{}", why.words());
        }
        let won = seller.get(&at).await.expect(200);
        assert!(won.words().contains("It was sold while it was protected."), "{}", won.words());
        let file = seller.get(&format!("{HOME}.csv?status=won")).await.expect(200);
        assert!(file.text().lines().count() == 2 && file.text().contains("Hotel Adler GmbH"), "{}", file.text());
        // The next bill goes by the same terms, and a dry run of the version changes nothing.
        scene.app.now_is("2027-01-01T09:00:00Z");
        scene.write(|tx| perennial::services::revenue::billing::bill_due(tx, "2027-01-01".parse().unwrap()));
        let rates = scene.app.ask("SELECT DISTINCT l.rate_bps AS value FROM invoice_lines l JOIN deal_registrations d ON d.subscription_id = l.subscription_id");
        assert_eq!(rates, ["1750"]);
        scene.verified();
        scene.app.sql("UPDATE invoice_lines SET rate_bps = 1250 WHERE rate_bps = 1750");
        let found = scene.write(perennial::services::verify::verify);
        assert!(found.iter().any(|one| one.contains("The rate of a line")), "{found:#?}");
    }

    async fn two_partners_want_one_customer(scene: Scene) {
        let first = scene.partner("northwind", Role::PartnerSeller).await;
        let second = scene.partner("contoso", Role::PartnerSeller).await;
        let manager = scene.app.staff_of("meridian", Role::ChannelManager).await;
        let (vat, theirs) = ([("web", ""), ("vat_id", "DE 123 456 789"), ("customer", "Seeblick")], "/meridian/p/contoso/registrations");
        let ours = register(&first, HOME, &vat).await.expect(303).location();
        decide(&manager, &on_staff(&ours), "approval", &[]).await.expect(303);
        // The second is not told of the first.
        let other = [("customer", "Hotel Seeblick AG"), ("vat_id", "de123456789"), ("web", "")];
        let rival = register(&second, theirs, &other).await.expect(303).location();
        let page = second.get(&rival).await.expect(200);
        assert!(!page.words().to_lowercase().contains("northwind") && !page.words().contains("Who else"), "{}", page.words());
        second.get(&ours.replace("northwind", "contoso")).await.expect(404);
        let own = on_staff(&rival);
        let page = manager.get(&own).await.expect(200);
        for said in ["Who else claims this customer", "Northwind", "VAT id", "Protected until 1 Mar 2027"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let refused = decide(&manager, &own, "approval", &[]).await.expect(422);
        assert!(refused.words().contains("is protected for this customer until 1 Mar 2027"), "{}", refused.words());
        let refused = decide(&manager, &own, "refusal", &[("answer", " ")]).await.expect(422);
        assert!(refused.words().contains("Say why: the partner reads it."), "{}", refused.words());
        let sure = page.form("form[action$='/approval']").with("despite", "yes");
        manager.submit(&sure).await.expect(303);
        let said = "Approved although";
        assert!(manager.get(&own).await.words().contains(said));
        assert!(!second.get(&rival).await.words().contains(said));
        // A customer on record is shown too; what is declined says why.
        let known = register(&first, HOME, &[("customer", "Clinic am Park"), ("web", "clinic.example")]).await.expect(303).location();
        let page = manager.get(&on_staff(&known)).await.expect(200);
        assert!(page.words().contains("A customer on record") && page.words().contains("Contoso"), "{}", page.words());
        decide(&manager, &on_staff(&known), "refusal", &[("answer", "A customer of another partner.")]).await.expect(303);
        let page = first.get(&known).await.expect(200);
        assert!(page.words().contains("A customer of another partner.") && page.forms().iter().all(|form| !form.action.ends_with("withdrawal")));
        // Withdrawn, it may be registered again; what is over is noted by the daily run.
        let page = first.get(&ours).await.expect(200);
        let form = page.form("form[action$='/withdrawal']");
        first.submit(&form).await.expect(303);
        first.submit(&form).await.expect(303);
        register(&first, HOME, &vat).await.expect(303);
        let home = second.get("/meridian/p/contoso").await.expect(200);
        assert!(!home.words().contains("Your protection"), "{}", home.words());
        scene.app.now_is("2027-02-20T09:00:00Z");
        let home = scene.partner("contoso", Role::PartnerSeller).await.get("/meridian/p/contoso").await.expect(200);
        assert!(home.words().contains("Your protection for Hotel Seeblick AG ends"), "{}", home.words());
        let day = |typed: &str| typed.parse().unwrap();
        assert_eq!(scene.write(|tx| deals::lapse(tx, day("2027-03-01"), 10)), 0);
        assert_eq!(scene.write(|tx| deals::lapse(tx, day("2027-03-02"), 10)), 1);
        let deal: DealRegistrationId = rival.rsplit('/').next().unwrap().parse().unwrap();
        let stands = scene.app.ask(&format!("SELECT status AS value FROM deal_registrations WHERE id = {}", deal.number()));
        assert_eq!(stands, ["expired"]);
        scene.verified();
    }
}
