//! Steps over a quarter, what goes back of them, and what they come to in another currency: through
//! the pages.
use perennial::{
    domain::{Money, Role},
    id::PaymentId,
    services::revenue::{
        billing,
        payments::{self, NewPayment},
    },
};

use super::{
    currencies::{pay_partner_in, rate, set},
    scene::Scene,
    volume::{SETTLED, enroll_under, sell_seats},
};
use crate::{on_both, support::http::Visitor};

fn eur(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

/// Bills the month of a day, and has what was sold for steps paid on that day: 1,200.00.
fn collect(scene: &Scene, day: &str) -> PaymentId {
    scene.app.now_is(&format!("{day}T09:00:00Z"));
    scene.write(|tx| billing::bill_due(tx, day.parse().unwrap()));
    let number = scene.app.ask(
        "SELECT i.number AS value FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id
         WHERE s.external_id = 'V-1' AND i.paid_minor = 0 ORDER BY i.id",
    );
    let new = NewPayment {
        external_id: day.into(),
        received_on: day.parse().unwrap(),
        amount: eur(142_800),
        invoice_number: Some(number[0].clone()),
        customer: None,
    };
    scene.write(|tx| payments::receive(tx, &new)).id()
}

fn close(scene: &Scene, month: &str, next: &str) {
    scene.app.now_is(&format!("{next}T09:00:00Z"));
    scene.close(month);
    scene.verified();
}

/// Gives some of a payment back on its own page.
async fn refund(owner: &Visitor, payment: &str, (name, on, amount): (&str, &str, &str)) {
    let form = owner
        .get(payment)
        .await
        .expect(200)
        .form("form[action$='/refunds']");
    let form = form
        .with("external_id", name)
        .with("refunded_on", on)
        .with("amount", amount)
        .with("reason", "Not used");
    owner.submit(&form).await.expect(303);
}

fn hashes(scene: &Scene, through: &str) -> Vec<String> {
    scene.app.ask(&format!(
        "SELECT sha256 AS value FROM statements WHERE month <= {through} ORDER BY id"
    ))
}

fn last_note(scene: &Scene) -> String {
    scene.app.ask(
        "SELECT note AS value FROM commission_entries WHERE kind = 'accelerator' ORDER BY id DESC",
    )[0]
    .clone()
}

/// What Contoso's entries of steps were converted to.
fn converted(scene: &Scene, kind: &str) -> Vec<String> {
    scene.app.ask(&format!(
        "SELECT CAST(c.earned_minor AS TEXT) || ' ' || CAST(c.payable_minor AS TEXT) || ' ' || CAST(c.rate_nano AS TEXT) AS value
         FROM conversions c JOIN commission_entries e ON e.id = c.commission_entry_id
         WHERE e.kind = '{kind}' ORDER BY e.id"
    ))
}

const QUARTER: [(&str, &str); 4] = [
    ("rate", "10"),
    ("volume", "graduated"),
    ("steps", "2,000: 12 %; 3,000: 15 %"),
    ("span", "quarter"),
];

on_both! {
    async fn what_steps_count_and_what_goes_back_is_chosen_on_the_form(scene: Scene) {
        let owner = scene.owner().await;
        let form = owner.get("/meridian/commission-plans").await.expect(200).form("main form[method=post]");
        let edit = owner.submit(&form.with("name", "By quarter")).await.expect(303).location();
        let page = owner.get(&edit).await.expect(200);
        for said in ["a calendar quarter", "a calendar year", "takes the steps anew"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let form = page.form("main form[method=post]")
            .with("clause-1-rate", "10").with("clause-1-volume", "cliff").with("clause-1-steps", "20,000")
            .with("clause-1-span", "quarter").with("clause-1-given_back", "reband");
        for (field, value, said) in [
            ("span", "decade", "Choose a month, a quarter or a year."),
            ("given_back", "never", "Choose one of the rules."),
            ("offering", "off_0000000000000", "Choose one of the offerings."),
        ] {
            let refused = owner.submit(&form.clone().with(&format!("clause-1-{field}"), value)).await.expect(422);
            assert!(refused.words().contains(said), "{said}: {}", refused.words());
            let problem = format!("#clause-1-{field}");
            assert_eq!(refused.attr(&problem, "aria-invalid").as_deref(), Some("true"), "{field}");
            assert_eq!(refused.attr("#clause-1-steps", "value").as_deref(), Some("20,000"));
        }
        // An offering that is not the vendor's, spelled as one that could be.
        let strange = crate::harness::spelled::<perennial::id::Offering>(999_999).to_string();
        let refused = owner.submit(&form.clone().with("clause-1-offering", &strange)).await.expect(422);
        assert_eq!(refused.attr("#clause-1-offering", "aria-invalid").as_deref(), Some("true"), "{}", refused.words());

        let plan = owner.submit(&form).await.expect(303).location();
        let page = owner.get(&plan).await.expect(200);
        for said in [
            "Partners earn 10 % of recurring revenue, but only in quarters above EUR 20,000.00 (revenue under this clause alone counts, of a shared sale the share, by calendar quarter; what goes back later takes the steps anew), for as long as they serve the customer.",
            "the first cent above EUR 20,000.00 in a quarter brings EUR 2,000.00 at once, and giving it back at any time takes as much.",
            "until a quarter is above its step, what it pays is taken off again as each month is closed.",
        ] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let again = owner.get(&edit).await.expect(200);
        for (field, chosen) in [("span", "quarter"), ("given_back", "reband")] {
            let option = format!("#clause-1-{field} option[selected]");
            assert_eq!(again.attr(&option, "value").as_deref(), Some(chosen));
        }
        // What the form cannot do is found where it was done by hand.
        scene.verified();
        scene.app.sql("UPDATE commission_clauses SET offering_id = 999999 WHERE volume IS NOT NULL");
        let found = scene.write(perennial::services::verify::verify);
        assert!(found.len() == 1 && found[0].contains("is for an offering that is not there"), "{found:?}");
    }

    async fn a_quarters_steps_are_settled_month_by_month(scene: Scene) {
        let owner = scene.owner().await;
        let page = enroll_under(&scene, &owner, &QUARTER).await;
        let said = "12 % of what lies above EUR 2,000.00 in a quarter, 15 % of what lies above EUR 3,000.00 in a quarter";
        assert!(page.words().contains(said), "{}", page.words());
        sell_seats(&scene, &owner, (100, "1428")).await;
        scene.close("2026-11");
        close(&scene, "2026-12", "2027-01-02");
        collect(&scene, "2027-01-04");
        close(&scene, "2027-01", "2027-02-02");
        let february = collect(&scene, "2027-02-04");
        scene.app.now_is("2027-03-02T09:00:00Z");
        let owner = scene.owner().await;
        let month = owner.get("/meridian/periods/2027-02").await.expect(200);
        assert!(month.words().contains("In it is EUR 8.00 that the close itself would make"), "{}", month.words());
        scene.close("2027-02");
        collect(&scene, "2027-03-04");
        close(&scene, "2027-03", "2027-04-02");
        assert_eq!(scene.app.ask(SETTLED), ["800", "4200"]);
        let admin = scene.partner("contoso", Role::PartnerAdmin).await;
        let why = scene.spelled_id::<perennial::id::CommissionEntry>(
            "SELECT id AS value FROM commission_entries WHERE kind = 'accelerator' AND amount_minor = 4200",
        );
        let entry = admin.get(&format!("/meridian/p/contoso/ledger/{why}")).await.expect(200);
        let said = "(revenue under this clause alone counts, of a shared sale the share, by calendar quarter): EUR 3,600.00 of revenue in Q1 2027 through March 2027 earns EUR 410.00 in all, of which EUR 368.00 was posted. It earns EUR 2,000.00 of it at 10 %, EUR 1,000.00 of it at 12 % and EUR 600.00 of it at 15 %.";
        assert!(entry.words().contains(said), "{}", entry.words());

        // A sixth of the quarter's revenue goes back after it, and takes a sixth of 50.00 along.
        let stated = hashes(&scene, "202703");
        let owner = scene.owner().await;
        let payment = format!("/meridian/payments/{february}");
        refund(&owner, &payment, ("R-9", "2027-04-02", "714")).await;
        close(&scene, "2027-04", "2027-05-02");
        assert_eq!(scene.app.ask(SETTLED), ["800", "4200", "-833"]);
        assert_eq!(hashes(&scene, "202703"), stated);
        assert_eq!(last_note(&scene), "Of the revenue of Q1 2027, EUR 600.00 went back in April 2027: of the EUR 50.00 that the steps of clause 1 brought for it, EUR 8.33 is taken back with it.");
    }

    async fn what_goes_back_after_a_close_takes_the_steps_anew_where_the_clause_says_so(scene: Scene) {
        for (given_back, all) in [("original_rate", "-2000"), ("reband", "-11800")] {
            let scene = match given_back {
                "reband" => &scene,
                _ => &Scene::on(scene.app.database.kind()).await,
            };
            let owner = scene.owner().await;
            let typed = [("rate", "8"), ("volume", "whole"), ("steps", "5,000: 10 %"), ("given_back", given_back)];
            enroll_under(scene, &owner, &typed).await;
            let payment = sell_seats(scene, &owner, (425, "6069")).await;
            scene.close("2026-11");
            close(scene, "2026-12", "2027-01-02");
            assert_eq!(scene.app.ask(SETTLED), ["10200"]);
            let stated = hashes(scene, "202612");
            let owner = scene.owner().await;
            refund(&owner, &payment, ("R-9", "2027-01-02", "238")).await;
            close(scene, "2027-01", "2027-02-02");
            let january = scene.app.ask("SELECT CAST(SUM(amount_minor) AS TEXT) AS value FROM commission_entries WHERE posting_period = 202701");
            assert_eq!(january, [all], "{given_back}");
            assert_eq!(hashes(scene, "202612"), stated);
        }
        assert_eq!(last_note(&scene), "Of the revenue of December 2026, EUR 200.00 went back in January 2027, so that the steps are reckoned anew. Clause 1 pays 8 % of recurring revenue, 10 % of all of a month’s once that is above EUR 5,000.00 (revenue under this clause alone counts, of a shared sale the share; what goes back later takes the steps anew): EUR 4,900.00 of revenue left of December 2026 earns EUR 392.00 in all, of which EUR 494.00 was posted. It is not above EUR 5,000.00: all of it earns 8 %.");
    }

    async fn what_steps_take_back_goes_at_the_rate_it_came_at(scene: Scene) {
        let owner = scene.owner().await;
        pay_partner_in(&scene, &owner, ("contoso", "USD"), "2026-12-01").await.expect(303);
        set(&owner, &rate("1.0837", "2026-12-01")).await.expect(303);
        let typed = [("rate", "10"), ("volume", "graduated"), ("steps", "500: 12 %"), ("span", "quarter")];
        enroll_under(&scene, &owner, &typed).await;
        let december = sell_seats(&scene, &owner, (100, "1428")).await;
        scene.close("2026-11");
        scene.app.now_is("2027-01-02T09:00:00Z");
        let owner = scene.owner().await;
        set(&owner, &rate("1.2", "2027-01-01")).await.expect(303);
        close(&scene, "2026-12", "2027-01-02");
        // 2 % of 700.00, at the rate that holds on the last day of its month.
        assert_eq!(converted(&scene, "accelerator"), ["1400 1517 1083700000"]);

        // After the quarter, in two steps: all that was converted, and no more.
        refund(&owner, &december, ("R-11", "2027-01-02", "714")).await;
        let january = collect(&scene, "2027-01-04");
        scene.app.now_is("2027-02-01T09:00:00Z");
        let owner = scene.owner().await;
        set(&owner, &rate("1.15", "2027-02-01")).await.expect(303);
        close(&scene, "2027-01", "2027-02-02");
        let owner = scene.owner().await;
        refund(&owner, &december, ("R-12", "2027-02-02", "714")).await;
        // Within the quarter: what January brought is taken back at January's rate.
        let payment = format!("/meridian/payments/{january}");
        refund(&owner, &payment, ("R-13", "2027-02-02", "1428")).await;
        close(&scene, "2027-02", "2027-03-02");
        assert_eq!(
            converted(&scene, "accelerator"),
            [
                "1400 1517 1083700000",
                "-700 -759 1083700000",
                "1400 1680 1200000000",
                "-700 -758 1083700000",
                "-1400 -1680 1200000000",
            ]
        );
        let said = "EUR 0.00 of revenue in Q1 2027 through February 2027 earns EUR 0.00 in all, of which EUR 14.00 was posted. It is not above EUR 500.00: all of it earns 10 %. EUR 14.00 of what steps brought in January 2027 is taken back here.";
        assert!(last_note(&scene).ends_with(said), "{}", last_note(&scene));
        let sum = scene.app.ask("SELECT CAST(SUM(payable_minor) AS TEXT) AS value FROM conversions");
        assert_eq!(sum, ["0"]);
    }

    async fn a_guarantee_is_converted_at_the_rate_of_its_months_last_day(scene: Scene) {
        let owner = scene.owner().await;
        pay_partner_in(&scene, &owner, ("contoso", "USD"), "2026-12-01").await.expect(303);
        set(&owner, &rate("1.0837", "2026-12-01")).await.expect(303);
        let typed = [("rate", "10"), ("guarantee", "200"), ("guarantee_currency", "EUR"), ("guarantee_months", "24")];
        enroll_under(&scene, &owner, &typed).await;
        sell_seats(&scene, &owner, (100, "1428")).await;
        scene.close("2026-11");
        scene.app.now_is("2026-12-15T09:00:00Z");
        let owner = scene.owner().await;
        set(&owner, &rate("1.2", "2026-12-15")).await.expect(303);
        close(&scene, "2026-12", "2027-01-02");
        assert_eq!(converted(&scene, "earned"), ["12000 13004 1083700000"]);
        assert_eq!(converted(&scene, "guarantee"), ["8000 9600 1200000000"]);
    }
}
