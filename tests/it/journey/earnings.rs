//! From the commission that is held to the payout that was made.
use std::{collections::HashMap, time::Duration};

use super::{
    COMMISSION, COMMISSION_MINOR, FINANCE, OF_PLATFORM, OF_SEATS, PARTNER, STATEMENTS_TO,
    teller::Teller,
};

const STATEMENT: &str = "MER-2026-10-0001";

/// The partner sees its commission in the minute in which the payment was recorded.
pub async fn held(story: &Teller) {
    story.sign_in(PARTNER.0, PARTNER.1).await;
    story.headed("Good morning, Mira").await;
    let held = "Held, not yet payable EUR 34.13";
    story.reads(".figures", &[held]).await;
    story.picture("partner-home").await;
    story.press("Sign out").await;
}

/// Finance closes the month from its page; the worker does the work.
pub async fn close(story: &Teller) {
    story.sign_in(FINANCE.0, FINANCE.1).await;
    story
        .reads("main", &["October 2026 waits to be closed"])
        .await;
    story.picture("a-month-waits").await;
    // November is not over: it cannot be closed by its address either.
    story.open("/meridian/periods/2026-11/closure").await;
    story.reads("main", &["November 2026"]).await;
    assert!(!story.browser.exists("main form").await);
    story.picture("not-over").await;
    story.open("/meridian").await;
    story.follow("Months").await;
    story.follow("Review October 2026").await;
    story.reads("main", &["Would be paid EUR 34.13"]).await;
    story.picture("preview").await;
    story.follow("Close October 2026").await;
    story
        .reads("main", &["To be paid EUR 34.13", "never opens again"])
        .await;
    story.press("Close October 2026").await;
    for _ in 0..100 {
        if story
            .browser
            .text("main")
            .await
            .contains("Closed on 2 Nov 2026")
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        story.open("/meridian/periods/2026-10").await;
    }
    story
        .reads(
            "main",
            &[
                "Closed on 2 Nov 2026",
                "Northwind Systems",
                STATEMENT,
                COMMISSION,
            ],
        )
        .await;
    story.picture("closed").await;
    story.press("Sign out").await;
}

/// The letter, and the two files that came with it, say the same.
pub async fn statement_mail(story: &Teller) {
    let letter = story.letter_to(STATEMENTS_TO).await;
    assert_eq!(
        letter.subject,
        "Meridian: October 2026 statement, EUR 34.13, to be paid 15 Nov 2026"
    );
    for words in [
        "EUR 34.13 is to be paid on 15 Nov 2026.",
        "Earned: 34.13",
        "Opening balance: 0.00",
        "Closing balance: 0.00",
    ] {
        assert!(
            letter.text.contains(words),
            "no {words:?} in\n{}",
            letter.text
        );
    }
    assert!(letter.html.contains("EUR 34.13"));
    let [pdf, csv] = &letter.attachments[..] else {
        panic!("{} files", letter.attachments.len())
    };
    assert_eq!(
        (&*pdf.name, &*pdf.content_type),
        ("MER-2026-10-0001.pdf", "application/pdf")
    );
    assert_eq!(
        (&*csv.name, &*csv.content_type),
        ("MER-2026-10-0001.csv", "text/csv")
    );
    let text = pdf_extract::extract_text_from_mem(&pdf.bytes)
        .unwrap()
        .replace('\u{a0}', " ");
    for words in [
        STATEMENT,
        "Hotel Adler",
        OF_PLATFORM,
        OF_SEATS,
        COMMISSION,
        "15 Nov 2026",
    ] {
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
    let mut rows = ::csv::Reader::from_reader(&csv.bytes[..]);
    let amount =
        |row: HashMap<String, String>| row["Amount"].replace('.', "").parse::<i64>().unwrap();
    let sum: i64 = rows.deserialize().map(|row| amount(row.unwrap())).sum();
    assert_eq!(sum, COMMISSION_MINOR);
}

/// The partner opens the statement from the list and asks why.
pub async fn statement_page(story: &Teller) {
    story.sign_in(PARTNER.0, PARTNER.1).await;
    story
        .reads(
            "main",
            &["Your October statement is EUR 34.13; it is paid on 15 Nov 2026."],
        )
        .await;
    story.follow("Statements").await;
    story
        .reads("tbody", &[STATEMENT, "Due 15 Nov 2026", COMMISSION])
        .await;
    story.picture("statements").await;
    story.follow(STATEMENT).await;
    let total = story.browser.text(".reckoning__part--total dd").await;
    let letter = story.letter_to(STATEMENTS_TO).await;
    assert_eq!(total, COMMISSION);
    assert!(
        letter.text.contains(&format!("EUR {total}")),
        "the letter has another total"
    );
    assert_eq!(
        Teller::link_in(&letter),
        story.place().await,
        "the letter leads elsewhere"
    );
    let amounts = story.browser.texts(".lines__line td.lead").await;
    assert_eq!(amounts, [OF_PLATFORM, OF_SEATS]);
    assert_eq!(
        story.browser.text(".lines__because").await,
        "",
        "folded at first"
    );
    for summary in story.browser.find_all(".lines__why summary").await {
        story.browser.click_on(&summary).await;
    }
    let why = [
        "Invoice MER-2026-000001 line 1, paid 20 Oct 2026, held until 30 Oct 2026.",
        "Gold, first period: 25 %.",
        "49.00 × 25 % × share 100 % = 12.25.",
        "87.50 × 25 % × share 100 % = 21.88, rounded.",
        "Plan “Recurring 2026”, version 1, clause 3.",
    ];
    story.reads(".lines__because", &why).await;
    story.picture("why").await;
    for (width, name) in [(360, "why-narrow"), (1280, "why-wide")] {
        story.browser.resize(width, 900).await;
        assert!(story.browser.page_size().await.0 <= u64::from(width));
        story.picture(name).await;
    }
    story.press("Sign out").await;
}

/// Finance marks the payout as paid.
pub async fn payout(story: &Teller) {
    story.sign_in(FINANCE.0, FINANCE.1).await;
    story.follow("Statements").await;
    story.follow(STATEMENT).await;
    story.browser.pick_date("#paid_on", "2026-11-16").await;
    story.press("Mark as paid").await;
    story
        .refused("reference", "", &[("paid_on", "2026-11-16")])
        .await;
    story.fill("reference", "TRF 4711").await;
    story.press("Mark as paid").await;
    story
        .refused(
            "paid_on",
            "still to come",
            &[("paid_on", "2026-11-16"), ("reference", "TRF 4711")],
        )
        .await;
    story.browser.pick_date("#paid_on", "2026-11-15").await;
    story.press("Mark as paid").await;
    story.reads("main", &["Paid 15 Nov 2026", "TRF 4711"]).await;
    assert!(
        !story.browser.exists("#reference").await,
        "it could be paid twice"
    );
    story.picture("paid").await;
    story.press("Sign out").await;
}

/// The partner sees that it was paid.
pub async fn paid(story: &Teller) {
    story.sign_in(PARTNER.0, PARTNER.1).await;
    story
        .reads(
            "main",
            &["Your October statement is EUR 34.13; it was paid on 15 Nov 2026."],
        )
        .await;
    story.follow("Statements").await;
    story.reads("tbody", &["Paid 15 Nov 2026"]).await;
    story.follow(STATEMENT).await;
    story.reads("main", &["Paid 15 Nov 2026", "TRF 4711"]).await;
    story.picture("partner-sees-it-paid").await;
}
