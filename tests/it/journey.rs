//! The main job from end to end, as people do it: one story, told through the real pages in a real
//! browser without script, with mail over real SMTP. At each form somebody errs once first.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot set its scene has failed"
)]

mod catalogue;
mod earnings;
mod sales;
mod teller;

use perennial::services::verify;

use crate::{harness::TestApp, on_both, support::webdriver::Browser};
use teller::Teller;

const OWNER: (&str, &str) = ("olga@meridian.test", "a sentence is a good one");
const FINANCE: (&str, &str) = ("tomas@meridian.test", "seven small sailing ships");
const PARTNER: (&str, &str) = ("mira@northwind.test", "windows face the morning");
/// Where the partner's statements go.
const STATEMENTS_TO: &str = "finance@northwind.test";

// What the story comes to, by hand:
//   a month of 7 seats     49.00 + 7 × 12.50        = 136.50
//   with 19 % tax          136.50 × 1.19 = 162.435  → 162.44
//   commission, first period at Gold, 25 % of it: 34.125 → 34.13,
//   of that the platform   49.00 × 25 %             =  12.25
//   and the seats          87.50 × 25 % = 21.875    →  21.88
const INVOICED: &str = "162.44";
const COMMISSION: &str = "34.13";
const COMMISSION_MINOR: i64 = 3_413;
const OF_PLATFORM: &str = "12.25";
const OF_SEATS: &str = "21.88";

on_both! {
    async fn from_the_first_invitation_to_the_paid_statement(app: TestApp) {
        if !Browser::is_here() {
            return;
        }
        app.vendor("meridian");
        let story = Teller::of(app).await;
        the_owner_joins(&story).await;
        catalogue::lowest_payout(&story).await;
        catalogue::tiers(&story).await;
        catalogue::sla_policy(&story).await;
        catalogue::offering(&story).await;
        catalogue::plan(&story).await;
        catalogue::commission_plan(&story).await;
        sales::partner(&story).await;
        sales::people(&story).await;
        sales::customer(&story).await;
        sales::subscription(&story).await;
        story.press("Sign out").await;
        the_invited_join(&story).await;
        // A payment comes on the 20th; ten days of hold end within the month.
        story.app.now_is("2026-10-20T08:00:00Z");
        sales::payment(&story).await;
        earnings::held(&story).await;
        story.app.now_is("2026-11-02T09:00:00Z");
        earnings::close(&story).await;
        earnings::statement_mail(&story).await;
        earnings::statement_page(&story).await;
        story.app.now_is("2026-11-15T10:00:00Z");
        earnings::payout(&story).await;
        earnings::paid(&story).await;
        let scope = story.app.operator("meridian");
        let wrong = story.app.store.read_now(scope, verify::verify).unwrap();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

async fn the_owner_joins(story: &Teller) {
    let link = story.owners_link("meridian", OWNER.0, "Olga Brandt");
    story.open(&link).await;
    story.headed("Join Meridian").await;
    story.fill("password", "short").await;
    story.press("Join").await;
    story
        .refused("password", "12 characters", &[("name", "Olga Brandt")])
        .await;
    story.fill("password", OWNER.1).await;
    story.press("Join").await;
    assert_eq!(story.place().await, "/meridian");
    story.headed("Today").await;
    story.picture("first-day").await;
    // The link is spent: it leads home whoever it let in.
    story.open(&link).await;
    assert_eq!(story.place().await, "/meridian");
}

async fn the_invited_join(story: &Teller) {
    for ((email, password), name) in [(FINANCE, "Tomas Lind"), (PARTNER, "Mira Castellan")] {
        let letter = story.letter_to(email).await;
        assert_eq!(letter.subject, "Your invitation");
        story.open(&Teller::link_in(&letter)).await;
        story.reads("main", &[email, "Finance"]).await;
        assert_eq!(story.browser.value("#name").await, name);
        story.picture("invited").await;
        story.fill("name", "").await;
        story.fill("password", password).await;
        story.press("Join").await;
        story.refused("name", "Give", &[("name", "")]).await;
        story
            .fill_all(&[("name", name), ("password", password)])
            .await;
        story.press("Join").await;
        story.picture("joined").await;
        story.press("Sign out").await;
    }
}
