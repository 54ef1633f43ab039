//! Who lets whom in through the pages, and at which address.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene has failed"
)]

use perennial::{domain::Role, mail::Post, secrets::SecretKey, store::jobs::Turns, worker};

use crate::{
    harness::{Place, TestApp},
    on_both,
    support::{http::Page, smtp::SmtpSink},
};

/// A vendor with two partners, each with one person.
fn meridian(app: &TestApp) {
    app.vendor("meridian");
    for (slug, email) in [
        ("northwind", "nora@northwind.test"),
        ("contoso", "carl@contoso.test"),
    ] {
        app.partner("meridian", slug);
        app.membership(Place {
            email,
            vendor: "meridian",
            partner: Some(slug),
            role: Role::PartnerSeller,
        });
    }
}

fn offered(page: &Page) -> Vec<String> {
    page.attrs("#role option", "value")
}

on_both! {
    async fn no_role_is_given_by_accident_and_none_beyond_ones_own(app: TestApp) {
        meridian(&app);
        let owner = app.staff_of("meridian", Role::Owner).await;
        let admin = app.staff_of("meridian", Role::ProgrammeAdmin).await;
        let page = owner.get("/meridian/people").await.expect(200);
        assert_eq!(offered(&page)[..2], ["", "owner"]);
        let form = page.form("main form[action$='/people']").with("name", "Eve").with("email", "eve@meridian.test");
        let refused = owner.submit(&form).await.expect(422);
        assert!(refused.words().contains("Choose a role."), "{}", refused.words());
        assert_eq!(refused.attr("#email", "value").as_deref(), Some("eve@meridian.test"));

        let page = admin.get("/meridian/people").await.expect(200);
        assert!(!offered(&page).contains(&"owner".to_owned()), "{:?}", offered(&page));
        let form = page.form("main form[action$='/people']").with("name", "Eve").with("email", "eve@meridian.test");
        let refused = admin.submit(&form.clone().with("role", "owner")).await.expect(422);
        assert!(refused.words().contains("Only an owner gives this role."), "{}", refused.words());
        admin.submit(&form.with("role", "channel_manager")).await.expect(303);
        // An owner's place is not an admin's to change, and no form says so.
        let owners = page.attrs("main tbody a", "href");
        let mut seen = 0;
        for href in owners {
            let person = admin.get(&href).await.expect(200);
            let is_owner = person.words().contains("Owner here.");
            seen += usize::from(is_owner);
            assert_eq!(person.select("main form").is_empty(), is_owner, "{}", person.words());
        }
        assert_eq!(seen, 1);
    }

    async fn a_letter_whose_invitation_was_made_again_is_withdrawn_and_no_failure(app: TestApp) {
        meridian(&app);
        let owner = app.staff_of("meridian", Role::Owner).await;
        for _ in 0..2 {
            let page = owner.get("/meridian/people").await.expect(200);
            let form = page.form("main form[action$='/people']").with("name", "Eve").with("email", "eve@meridian.test");
            owner.submit(&form.with("role", "channel_manager")).await.expect(303);
        }
        let sink = SmtpSink::start().await;
        let secret = SecretKey::new("0123456789abcdef0123456789abcdef").unwrap();
        let post = Post::new(Some(&sink.url()), "Meridian <people@meridian.example>", "http://portal.example.com", secret).unwrap();
        let mut turns = Turns::default();
        while worker::run_next(&app.store, &post, &mut turns).await.unwrap() {}
        assert_eq!(app.ask("SELECT status AS value FROM mails ORDER BY id"), ["withdrawn", "sent"]);
        let mail = owner.get("/meridian/mail?status=withdrawn").await.expect(200);
        assert_eq!(mail.select("tbody tr").len(), 1, "{}", mail.words());
        assert!(!owner.get("/meridian").await.expect(200).words().contains("letter failed"));
    }

    async fn a_person_is_only_at_the_address_of_their_own_place(app: TestApp) {
        meridian(&app);
        let owner = app.staff_of("meridian", Role::Owner).await;
        let partners = owner.get("/meridian/partners").await.expect(200);
        let [contoso, northwind] = partners.attrs("main tbody th a", "href").try_into().unwrap();
        let people = owner.get(&format!("{contoso}/people")).await.expect(200);
        let carl = people.attr("main tbody a", "href").unwrap();
        let elsewhere = carl.replace(&contoso, &northwind);
        let nowhere = carl.replace(&contoso, "/meridian");
        for wrong in [elsewhere, nowhere] {
            owner.get(&wrong).await.expect(404);
            owner.post(&wrong, &[("was", "partner_seller"), ("role", "partner_admin")]).await.expect(404);
            owner.post(&format!("{wrong}/removal"), &[]).await.expect(404);
        }
        let form = people.form("main form[action$='/people']");
        owner.submit(&form.with("name", "Cora").with("email", "cora@contoso.test").with("role", "partner_admin")).await.expect(303);
        let people = owner.get(&format!("{contoso}/people")).await.expect(200);
        let withdrawal = people.attr("form[action$='/withdrawal']", "action").unwrap();
        owner.post(&withdrawal.replace(&contoso, &northwind), &[]).await.expect(404);
        owner.post(&withdrawal.replace(&contoso, "/meridian"), &[]).await.expect(404);
        assert_eq!(app.ask("SELECT COUNT(*) AS value FROM memberships WHERE revoked_at IS NULL AND role = 'partner_seller'"), ["2"]);
        owner.post(&withdrawal, &[]).await.expect(303);
        owner.post(&format!("{carl}/removal"), &[]).await.expect(303);
    }
}
