//! Who sells, to whom, and what is paid.
use super::{FINANCE, INVOICED, OF_PLATFORM, OF_SEATS, PARTNER, STATEMENTS_TO, teller::Teller};

pub async fn partner(story: &Teller) {
    story.follow("Partners").await;
    story.picture("no-partners").await;
    story.follow("Add the first partner").await;
    story
        .fill_all(&[("country", "DE"), ("statement_email", STATEMENTS_TO)])
        .await;
    story
        .choose("partner_type", "Managed service provider")
        .await;
    story.press("Add partner").await;
    story
        .refused(
            "name",
            "Give",
            &[
                ("country", "DE"),
                ("statement_email", STATEMENTS_TO),
                ("partner_type", "msp"),
            ],
        )
        .await;
    story
        .fill_all(&[
            ("name", "Northwind Systems"),
            ("address", "Hafenweg 3\n48155 Münster"),
        ])
        .await;
    story.press("Add partner").await;
    story.headed("Northwind Systems").await;
    story.choose("tier", "Gold").await;
    story.press("Assign tier").await;
    story.reads("#tiers, main", &["Gold", "Today"]).await;
    // Its terms cannot hold before they were written.
    story.browser.pick_date("#from", "2026-09-01").await;
    story.press("Enroll").await;
    story
        .refused("from", "from 1 Oct 2026 on", &[("from", "2026-09-01")])
        .await;
    story.browser.pick_date("#from", "2026-10-01").await;
    story.press("Enroll").await;
    story
        .reads(
            "#enrolment",
            &["Recurring 2026, version 1 from 1 Oct 2026", "25 %"],
        )
        .await;
    story.picture("partner").await;
}

pub async fn people(story: &Teller) {
    story.follow("People of Northwind Systems").await;
    invite(story, "Mira Castellan", PARTNER.0).await;
    story.follow("People").await;
    invite(story, "Tomas Lind", FINANCE.0).await;
    story.picture("people").await;
}

/// Invites a person of finance, the address mistyped at first.
async fn invite(story: &Teller, name: &str, email: &str) {
    let half = email.split('@').next().unwrap();
    story.fill_all(&[("name", name), ("email", half)]).await;
    story.choose("role", "Finance").await;
    story.press("Invite").await;
    story
        .refused("email", "address", &[("name", name), ("email", half)])
        .await;
    let chosen = story.browser.find_all("#role option:checked").await;
    assert_eq!(story.browser.text_of(&chosen[0]).await, "Finance");
    story.fill("email", email).await;
    story.press("Invite").await;
    story
        .reads("main", &["Invited, not here yet", name, email])
        .await;
}

pub async fn customer(story: &Teller) {
    story.follow("Customers").await;
    story.follow("Add the first customer").await;
    story
        .fill_all(&[
            ("partner", "northwind"),
            ("name", "Hotel Adler"),
            ("country", "DE"),
            ("tax", "-19"),
            ("external_id", "C-1"),
        ])
        .await;
    story.press("Add customer").await;
    let kept = [
        ("name", "Hotel Adler"),
        ("country", "DE"),
        ("tax", "-19"),
        ("external_id", "C-1"),
    ];
    story.refused("tax", "from 0 to 100", &kept).await;
    story.fill("tax", "19").await;
    story.press("Add customer").await;
    story.headed("Hotel Adler").await;
    story.picture("customer").await;
}

pub async fn subscription(story: &Teller) {
    story.follow("Start the first subscription").await;
    story.browser.click("input[name=plan][value='BKP-M']").await;
    story.fill("quantity", "0").await;
    story.press("Start subscription").await;
    story
        .refused(
            "quantity",
            "from 1 to 1,000,000",
            &[("quantity", "0"), ("starts_on", "2026-10-01")],
        )
        .await;
    assert!(
        story
            .browser
            .exists("input[name=plan][value='BKP-M']:checked")
            .await,
        "the plan is not kept"
    );
    story.fill("quantity", "7").await;
    story.press("Start subscription").await;
    let facts = [
        "Hotel Adler",
        "Northwind Systems",
        "136.50",
        "1 Oct 2026",
        "1 Nov 2026",
    ];
    story.reads(".facts", &facts).await;
    story.reads("main", &["MER-2026-000001", INVOICED]).await;
    story.picture("subscription").await;
}

pub async fn payment(story: &Teller) {
    story.sign_in(FINANCE.0, FINANCE.1).await;
    story.follow("Payments").await;
    story.follow("Record a payment").await;
    story
        .fill_all(&[
            ("external_id", "BANK-1"),
            ("invoice_number", "MER-2026-000001"),
            ("amount", "-162.44"),
        ])
        .await;
    story.press("Record the payment").await;
    let kept = [
        ("external_id", "BANK-1"),
        ("invoice_number", "MER-2026-000001"),
        ("amount", "-162.44"),
        ("received_on", "2026-10-20"),
        ("currency", "EUR"),
    ];
    story.refused("amount", "above zero", &kept).await;
    story.fill("amount", INVOICED).await;
    story.browser.pick_date("#received_on", "2026-11-20").await;
    story.press("Record the payment").await;
    story
        .refused(
            "received_on",
            "still to come",
            &[("amount", INVOICED), ("received_on", "2026-11-20")],
        )
        .await;
    story.browser.pick_date("#received_on", "2026-10-20").await;
    story.press("Record the payment").await;
    story
        .reads(
            "main",
            &["MER-2026-000001", INVOICED, OF_PLATFORM, OF_SEATS, "Held"],
        )
        .await;
    story.picture("payment").await;
    story.press("Sign out").await;
}
