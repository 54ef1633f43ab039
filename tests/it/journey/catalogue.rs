//! What is sold, what is promised, and what it earns.
use super::teller::Teller;

/// A small programme pays small amounts.
pub async fn lowest_payout(story: &Teller) {
    story.follow("Settings").await;
    story.choose("currency", "EUR").await;
    story.fill("minimum", "-25").await;
    story.press("Set").await;
    story
        .refused(
            "minimum",
            "zero",
            &[
                ("currency", "EUR"),
                ("minimum", "-25"),
                ("name", "Meridian"),
            ],
        )
        .await;
    story.fill("minimum", "25").await;
    story.press("Set").await;
    story.reads("main tbody", &["EUR 25.00"]).await;
    story.picture("settings").await;
}

pub async fn tiers(story: &Teller) {
    story.follow("Tiers").await;
    story.fill("rank", "1").await;
    story.press("Add").await;
    story.refused("name", "Give", &[("rank", "1")]).await;
    story.fill("name", "Registered").await;
    story.press("Add").await;
    story.fill_all(&[("name", "Gold"), ("rank", "1")]).await;
    story.press("Add").await;
    story
        .refused(
            "rank",
            "Registered has this rank",
            &[("name", "Gold"), ("rank", "1")],
        )
        .await;
    story.fill("rank", "2").await;
    story.press("Add").await;
    let names = story.browser.texts("tbody th").await;
    assert!(
        ["Registered", "Gold"]
            .iter()
            .all(|tier| names.contains(&(*tier).to_owned())),
        "{names:?}"
    );
    story.picture("tiers").await;
}

pub async fn sla_policy(story: &Teller) {
    story.follow("SLA policies").await;
    story.follow("New SLA policy").await;
    let summary = "For services that a company cannot work without.";
    story
        .fill_all(&[("name", "Business"), ("summary", summary)])
        .await;
    story.choose("target-1-metric", "Availability").await;
    story.choose("target-1-calendar", "Around the clock").await;
    story
        .fill_all(&[("target-1-threshold", "99,9"), ("target-1-credit", "10")])
        .await;
    story.press("Save").await;
    let kept = [
        ("name", "Business"),
        ("summary", summary),
        ("target-1-threshold", "99,9"),
        ("target-1-credit", "10"),
    ];
    story
        .refused("target-1-threshold", "such as 99.9", &kept)
        .await;
    story.fill("target-1-threshold", "99.9").await;
    story.press("Save").await;
    let promise =
        "Available 99.9 % of a month, around the clock; a miss gives 10 % of the month's fee back.";
    story.reads("main", &["Business", summary, promise]).await;
}

pub async fn offering(story: &Teller) {
    story.follow("Offerings").await;
    story.picture("no-offerings").await;
    story.follow("New offering").await;
    let summary = "Daily off-site copies of servers and mailboxes.";
    story
        .fill_all(&[("category", "Data protection"), ("summary", summary)])
        .await;
    story.choose("delivery", "Vendor").await;
    story.choose("sla_policy", "Business").await;
    story.press("Save").await;
    story
        .refused(
            "name",
            "Give",
            &[("category", "Data protection"), ("summary", summary)],
        )
        .await;
    let chosen = story.browser.find_all("#sla_policy option:checked").await;
    assert_eq!(story.browser.text_of(&chosen[0]).await, "Business");
    story.fill("name", "Backup Pro").await;
    story.press("Save").await;
    story.headed("Backup Pro").await;
    story
        .reads(".facts", &["Draft", "Data protection", "Business"])
        .await;
}

pub async fn plan(story: &Teller) {
    story.follow("Add a plan").await;
    story
        .fill_all(&[("name", "Monthly"), ("code", "BKP-M")])
        .await;
    story
        .fill_all(&[("price-1-label", "Platform"), ("price-1", "-49.00")])
        .await;
    story.choose("price-1-kind", "Flat").await;
    story
        .fill_all(&[("price-2-label", "Protected machine"), ("price-2", "12.50")])
        .await;
    story.choose("price-2-kind", "Per seat").await;
    story.press("Save the draft").await;
    let kept = [
        ("name", "Monthly"),
        ("code", "BKP-M"),
        ("term_months", "12"),
        ("notice_days", "30"),
        ("currency", "EUR"),
        ("price-1", "-49.00"),
        ("price-2", "12.50"),
        ("price-2-label", "Protected machine"),
    ];
    story.refused("price-1", "zero or more", &kept).await;
    story.fill("price-1", "49.00").await;
    story.press("Save the draft").await;
    story
        .reads(
            "main",
            &[
                "Platform",
                "EUR 49.00 a month",
                "EUR 12.50 per seat and month",
                "Add a plan",
            ],
        )
        .await;
    story.press("Publish version 1 of Monthly").await;
    story.press("Publish the offering").await;
    story.reads(".facts", &["Published"]).await;
    story.reads("main", &["Available 99.9 % of a month"]).await;
    story.picture("offering").await;
}

pub async fn commission_plan(story: &Teller) {
    story.follow("Commission plans").await;
    story.press("Create and write its clauses").await;
    story.refused("name", "Give", &[("name", "")]).await;
    story.fill("name", "Recurring 2026").await;
    story.press("Create and write its clauses").await;
    story.headed("Recurring 2026, version 1").await;
    story.fill("hold_days", "10").await;
    story.fill("clause-1-rate", "-10").await;
    story.choose("clause-2-tier", "Gold partners").await;
    story.fill("clause-2-rate", "20").await;
    story.choose("clause-3-tier", "Gold partners").await;
    story.choose("clause-3-phase", "in the first period").await;
    story.fill("clause-3-rate", "25").await;
    story.press("Save the draft").await;
    let kept = [
        ("effective_from", "2026-10-01"),
        ("hold_days", "10"),
        ("clause-1-rate", "-10"),
        ("clause-3-rate", "25"),
    ];
    story.refused("clause-1-rate", "from 0 to 100", &kept).await;
    story.fill("clause-1-rate", "10").await;
    story.press("Save the draft").await;
    story.picture("commission-draft").await;
    story.press("Publish version 1").await;
    story.reads("main", &["Published", "held 10 days"]).await;
}
