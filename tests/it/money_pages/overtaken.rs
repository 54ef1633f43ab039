//! A form that somebody else was faster with: nothing is lost, both values stand beside each other,
//! and it can be saved over theirs.
use super::{scene::Scene, service_levels::promise};
use crate::{
    on_both,
    support::http::{Form, Page, Visitor},
};

/// A form, and what two people type into one field of it.
struct Edit<'a> {
    path: &'a str,
    css: &'a str,
    field: &'a str,
    /// As typed, and as the table of differences says it.
    theirs: (&'a str, &'a str),
    mine: (&'a str, &'a str),
}

async fn filled(who: &Visitor, edit: &Edit<'_>, value: &str) -> Form {
    let page = who.get(edit.path).await.expect(200);
    page.form(edit.css).with(edit.field, value)
}

/// One saves while the other types.
async fn overtaken(first: &Visitor, second: &Visitor, edit: &Edit<'_>) {
    let late = filled(second, edit, edit.mine.0).await;
    let early = filled(first, edit, edit.theirs.0).await;
    first.submit(&early).await.expect(303);
    let refused = second.submit(&late).await.expect(409);
    says(
        &refused,
        &[
            "Someone else saved this in the meantime",
            edit.theirs.1,
            edit.mine.1,
        ],
    );
    let again = refused.form(edit.css);
    assert_eq!(again.value(edit.field), edit.mine.0, "{}", edit.path);
    second.submit(&again).await.expect(303);
    let kept = second.get(edit.path).await.expect(200).form(edit.css);
    assert_eq!(kept.value(edit.field), edit.mine.0, "{}", edit.path);
}

#[track_caller]
fn says(page: &Page, all: &[&str]) {
    for said in all {
        assert!(page.words().contains(said), "{said}: {}", page.words());
    }
}

/// Where a button leads that begins a draft.
async fn drafted(who: &Visitor, page: &str, css: &str) -> String {
    let form = who.get(page).await.expect(200).form(css);
    who.submit(&form).await.expect(303).location()
}

const ANY: &str = "main form[method=post]";

on_both! {
    async fn a_record_keeps_what_was_typed(scene: Scene) {
        let (owner, finance) = (scene.owner().await, scene.owner().await);
        let tier = owner.get("/meridian/tiers").await.expect(200).attr("main a[href*='/tiers/']", "href").unwrap();
        let offerings = owner.get("/meridian/offerings").await.expect(200);
        let offering = offerings.attr("main tbody a[href*='/offerings/']", "href").unwrap();
        for edit in [
            Edit { path: "/meridian/settings", css: "form[action$='/settings']", field: "payment_days", theirs: ("20", "20"), mine: ("45", "45") },
            Edit { path: &tier, css: ANY, field: "name", theirs: ("Silver plus", "Silver plus"), mine: ("Silver prime", "Silver prime") },
            Edit { path: &format!("{offering}/edit"), css: ANY, field: "summary", theirs: ("Backups by night", "Backups by night"), mine: ("Backups by day", "Backups by day") },
            Edit { path: &format!("{offering}/edit"), css: ANY, field: "delivery", theirs: ("partner", "Partner"), mine: ("vendor", "Vendor") },
        ] {
            overtaken(&finance, &owner, &edit).await;
        }
    }

    async fn a_long_form_keeps_what_was_typed(scene: Scene) {
        promise(&scene);
        let (owner, other) = (scene.owner().await, scene.owner().await);
        let policies = owner.get("/meridian/sla-policies").await.expect(200);
        let policy = policies.attr("main a[href$='/edit']", "href").unwrap();
        let plans = owner.get("/meridian/commission-plans").await.expect(200);
        let plan = plans.attr("main tbody a[href*='/commission-plans/']", "href").unwrap();
        let terms = drafted(&owner, &plan, "form[action$='/versions']").await;
        let offering = scene.spelled_id::<perennial::id::Offering>("SELECT id AS value FROM offerings WHERE name = 'Backup Pro'");
        let offering = format!("/meridian/offerings/{offering}");
        let prices = drafted(&owner, &offering, "form[action$='/versions']").await;
        for edit in [
            Edit { path: &policy, css: ANY, field: "target-1-credit", theirs: ("11 %", "gives 11 %"), mine: ("12 %", "gives 12 %") },
            Edit { path: &policy, css: ANY, field: "holidays", theirs: ("2026-12-24", "24 Dec 2026"), mine: ("2026-12-31", "31 Dec 2026") },
            Edit { path: &terms, css: ANY, field: "clause-1-rate", theirs: ("21 %", "earn 21 %"), mine: ("22 %", "earn 22 %") },
            Edit { path: &terms, css: ANY, field: "hold_days", theirs: ("31", "31"), mine: ("32", "32") },
            Edit { path: &prices, css: ANY, field: "notice_days", theirs: ("31", "31"), mine: ("32", "32") },
            Edit { path: &prices, css: ANY, field: "price-1-label", theirs: ("Places", "Places"), mine: ("Desks", "Desks") },
        ] {
            overtaken(&other, &owner, &edit).await;
        }
    }

    async fn a_ticket_keeps_what_was_typed(scene: Scene) {
        promise(&scene);
        let (owner, other) = (scene.owner().await, scene.owner().await);
        let form = owner.get("/meridian/tickets?subscription=S-1").await.expect(200).form(ANY);
        let form = form.with("external_id", "HD-1").with("title", "Nothing comes in").with("opened_at", "2026-11-10T15:30");
        let ticket = owner.submit(&form).await.expect(303).location();
        let edit = Edit { path: &ticket, css: "main form.form", field: "title", theirs: ("Nothing goes out", "Nothing goes out"), mine: ("Nothing at all", "Nothing at all") };
        overtaken(&other, &owner, &edit).await;
    }

    async fn a_step_on_a_subscription_keeps_what_was_typed(scene: Scene) {
        let (owner, other) = (scene.owner().await, scene.owner().await);
        let id: perennial::id::SubscriptionId = scene.spelled_id("SELECT id AS value FROM subscriptions WHERE external_id = 'S-1'");
        let sold = format!("/meridian/subscriptions/{id}");
        let discount = |page: Page, label: &str| page.form(ANY).with("label", label).with("off", "5");
        let late = discount(owner.get(&format!("{sold}/discounts/new")).await.expect(200), "First year");
        let early = discount(other.get(&format!("{sold}/discounts/new")).await.expect(200), "Spring");
        other.submit(&early).await.expect(303);
        // What is wrong is told first; the form is still the one that was opened then.
        let wrong = owner.submit(&late.clone().with("off", "much")).await.expect(422);
        let refused = owner.submit(&wrong.form(ANY).with("off", "5")).await.expect(409);
        says(&refused, &["Someone else changed this subscription in the meantime. No discount was given."]);
        let again = refused.form(ANY);
        assert_eq!(again.value("label"), "First year");
        owner.submit(&again).await.expect(303);

        let share = |page: Page, share: &str| page.form(ANY).with("partner_1", "Contoso").with("share_1", share);
        let late = share(owner.get(&format!("{sold}/parties")).await.expect(200), "30 %");
        let early = share(other.get(&format!("{sold}/parties")).await.expect(200), "20 %");
        other.submit(&early).await.expect(303);
        let refused = owner.submit(&late).await.expect(409);
        says(&refused, &["Contoso20 %30 %"]);
        owner.submit(&refused.form(ANY)).await.expect(303);

        let form = owner.get(&format!("{sold}/cancellation")).await.expect(200).form(ANY);
        let shown = owner.submit(&form.with("reason", "Moves away")).await.expect(200);
        owner.submit(&shown.form(ANY)).await.expect(303);
        let undo = format!("{sold}/cancellation/undo");
        let late = owner.get(&undo).await.expect(200).form(ANY).with("reason", "Stays after all");
        other.submit(&discount(other.get(&format!("{sold}/discounts/new")).await.expect(200), "Last")).await.expect(303);
        let refused = owner.submit(&late).await.expect(409);
        says(&refused, &["The cancellation was not undone."]);
        assert_eq!(refused.form(ANY).value("reason"), "Stays after all");
        owner.submit(&refused.form(ANY)).await.expect(303);
        scene.verified();
    }

    async fn a_payout_and_a_credit_show_what_was_decided_beside_what_was_typed(scene: Scene) {
        scene.close("2026-10");
        scene.close("2026-11");
        let (owner, other) = (scene.owner().await, scene.owner().await);
        let list = owner.get("/meridian/statements?payout=due").await.expect(200);
        let list = match list.attrs("main tbody a[href*='/statements/']", "href").is_empty() {
            true => owner.get("/meridian/statements?payout=overdue").await.expect(200),
            false => list,
        };
        let statement = list.attr("main tbody a[href*='/statements/']", "href").unwrap();
        let paid = |page: Page, reference: &str| page.form("form[action$='/payout']").with("reference", reference);
        let late = paid(owner.get(&statement).await.expect(200), "B-2");
        let early = paid(other.get(&statement).await.expect(200), "A-1");
        other.submit(&early).await.expect(303);
        let refused = owner.submit(&late).await.expect(409);
        says(&refused, &["Someone else saved this in the meantime", "Bank referenceA-1B-2"]);

        promise(&scene);
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        let down = page.form("main form[action='/meridian/service-levels']")
            .with("kind", "outage").with("began_at", "2026-11-04T02:00").with("ended_at", "2026-11-04T02:44").with("note", "Power was lost");
        owner.submit(&down).await.expect(303);
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        owner.submit(&page.form("form[action*='/months/2026-11']")).await.expect(303);
        let list = owner.get("/meridian/sla-credits").await.expect(200);
        let credit = list.attr("main tbody th a", "href").unwrap();
        let late = owner.get(&credit).await.expect(200).form("form[action$='/refusal']").with("answer", "It was our own test");
        let early = other.get(&credit).await.expect(200).form("form[action$='/approval']");
        other.submit(&early).await.expect(303);
        let refused = owner.submit(&late).await.expect(409);
        says(&refused, &["Someone else saved this in the meantime", "It was our own test"]);
        let page = owner.get(&credit).await.expect(200);
        says(&page, &["History", "SLA credit approved"]);
        scene.verified();
    }
}
