//! VAT and withholding on what a statement pays out: set by finance, fixed at the close, and the
//! same wherever the statement is read.
use perennial::{
    domain::Role, domain::statement_document::StatementDocument, mail::StatementLetter,
};

use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Visitor},
};

fn partner(scene: &Scene, slug: &str) -> String {
    let sql = format!("SELECT id AS value FROM partners WHERE slug = '{slug}'");
    let id = scene.spelled_id::<perennial::id::Partner>(&sql);
    format!("/meridian/partners/{id}")
}

pub(super) async fn set(scene: &Scene, who: &Visitor, fields: &[(&str, &str)]) -> Page {
    let page = who
        .get(&format!("{}/tax", partner(scene, "northwind")))
        .await
        .expect(200);
    let mut form = page.form("main form[method=post]");
    for (name, value) in fields {
        form = form.with(name, value);
    }
    who.submit(&form).await
}

pub(super) async fn give_own_vat_id(scene: &Scene, id: &str) -> Page {
    let owner = scene.owner().await;
    let form = owner
        .get("/meridian/settings")
        .await
        .expect(200)
        .form("form[action$='/settings']");
    owner.submit(&form.with("vat_id", id)).await
}

pub(super) const SELF_BILLED: [(&str, &str); 6] = [
    ("treatment", "self_billed"),
    ("rate", "19 %"),
    ("withheld", "12.5"),
    ("vat_id", "de 811.907.980"),
    ("agreed_until", "2026-12-15"),
    ("from", "2026-11-01"),
];

pub(super) fn statement(scene: &Scene, month: &str, currency: &str) -> (String, StatementDocument) {
    let of = format!(
        "FROM statements s JOIN partners p ON p.id = s.partner_id
         WHERE p.slug = 'northwind' AND s.month = {month} AND s.currency = '{currency}'"
    );
    let id = scene.spelled_id::<perennial::id::Statement>(&format!("SELECT s.id AS value {of}"));
    let content = scene.app.ask(&format!("SELECT s.content AS value {of}"));
    let document = StatementDocument::from_canonical(&content[0]).unwrap();
    (format!("/meridian/statements/{id}"), document)
}

pub(super) fn verify(scene: &Scene) {
    let found = scene.write(perennial::services::verify::verify);
    assert!(found.is_empty(), "{found:#?}");
}

/// Every form of a statement says these.
async fn says(who: &Visitor, (at, document): &(String, StatementDocument), wanted: &[&str]) {
    let page = who.get(at).await.expect(200).words();
    let pdf = who.get(&format!("{at}.pdf")).await.expect(200).bytes;
    let pdf = pdf_extract::extract_text_from_mem(&pdf).unwrap();
    let letter = StatementLetter {
        document,
        href: "https://portal.example".into(),
        attach: false,
    };
    for (name, text) in [
        ("page", page),
        ("pdf", pdf),
        ("mail", letter.text().unwrap()),
    ] {
        // Lines break anywhere.
        let joined = |text: &str| text.split_whitespace().collect::<String>();
        for said in wanted {
            assert!(
                joined(&text).contains(&joined(said)),
                "{name}: {said}: {text}"
            );
        }
    }
}

on_both! {
    async fn what_makes_no_sense_is_refused_beside_its_field(scene: Scene) {
        let finance = scene.finance().await;
        let refused = set(&scene, &finance, &SELF_BILLED).await.expect(422);
        assert!(refused.words().contains("your own VAT id too"), "{}", refused.words());
        give_own_vat_id(&scene, "nonsense").await.expect(422);
        give_own_vat_id(&scene, "DE136695976").await.expect(303);
        for (field, value, said) in [
            ("treatment", "nonsense", "Choose one of these"),
            ("rate", "", "more than 0 %"),
            ("rate", "101", "percentage from 0 to 100"),
            ("withheld", "50", "less than 50 %"),
            ("vat_id", "", "Give the partner"),
            ("vat_id", "12345", "with its country"),
            ("agreed_until", "", "last day of the agreement"),
            ("agreed_until", "2026-10-31", "ends before this begins"),
            ("from", "2026-10-31", "Earlier months are closed"),
            ("from", "soon", ""),
        ] {
            let mut fields = SELF_BILLED.to_vec();
            fields.push((field, value));
            let refused = set(&scene, &finance, &fields).await.expect(422);
            assert!(refused.words().contains(said), "{field}: {said}: {}", refused.words());
            assert_eq!(refused.attr(&format!("#{field}"), "aria-invalid").as_deref(), Some("true"), "{field}");
        }
        let fields = [("treatment", "reverse_charge"), ("rate", "19"), ("vat_id", "DE811907980")];
        let refused = set(&scene, &finance, &fields).await.expect(422);
        assert!(refused.words().contains("No VAT is added here"), "{}", refused.words());
        for role in [Role::ChannelManager, Role::VendorViewer] {
            let other = scene.app.staff_of("meridian", role).await;
            let at = format!("{}/tax", partner(&scene, "northwind"));
            assert!(other.get(&at).await.expect(200).select("main form").is_empty());
            other.post(&at, &[]).await.expect(403);
        }
        assert_eq!(scene.app.ask("SELECT COUNT(*) AS value FROM tax_terms"), ["0"]);
        verify(&scene);
    }

    async fn a_statement_is_taxed_once_and_says_so_everywhere(scene: Scene) {
        let finance = scene.finance().await;
        give_own_vat_id(&scene, "DE136695976").await.expect(303);
        let form = finance.get(&format!("{}/tax", partner(&scene, "northwind"))).await.expect(200).form("main form[method=post]");
        let form = SELF_BILLED.iter().fold(form, |form, (name, value)| form.with(name, value));
        finance.submit(&form).await.expect(303);
        // Sent twice, done once.
        finance.submit(&form).await.expect(303);
        assert_eq!(scene.app.ask("SELECT COUNT(*) AS value FROM tax_terms"), ["1"]);
        give_own_vat_id(&scene, "").await.expect(422);
        let record = finance.get(&partner(&scene, "northwind")).await.expect(200);
        for said in ["Self-billing, VAT 19 %, VAT id DE811907980, 12.5 % withheld", "Northwind, tax from 1 Nov 2026"] {
            assert!(record.words().contains(said), "{said}: {}", record.words());
        }

        // 93.60 of commission: 17.784 VAT and 11.70 withheld, rounded once each.
        let preview = finance.get("/meridian/periods/2026-11").await.expect(200);
        assert!(preview.words().contains("99.68"), "{}", preview.words());
        let ahead = finance.get("/meridian/periods/2026-11").await.expect(200).words();
        assert!(ahead.contains("CommissionVATWithheldPayout"), "{ahead}");
        assert!(ahead.contains("93.60 17.78 11.70 EUR 99.68"), "{ahead}");
        let file = "/meridian/periods/2026-11.csv";
        let before = finance.get(file).await.expect(200).text();
        assert!(before.contains("17.78,11.70,99.68"), "{before}");
        scene.close("2026-11");
        let after = finance.get(file).await.expect(200).text();
        assert!(after.contains("17.78,11.70,99.68"), "{after}");
        let stored = scene.app.ask(
            "SELECT s.currency || ' ' || CAST(s.payout_minor AS TEXT) || ' ' || CAST(s.tax_minor AS TEXT) || ' ' || CAST(s.withheld_minor AS TEXT)
                || ' ' || CAST(o.amount_minor AS TEXT) AS value
             FROM statements s JOIN partners p ON p.id = s.partner_id JOIN payouts o ON o.statement_id = s.id
             WHERE p.slug = 'northwind' ORDER BY s.currency",
        );
        assert_eq!(stored, ["EUR 9360 1778 1170 9968", "JPY 10000 1900 1250 10650"]);
        verify(&scene);

        let closed = statement(&scene, "202611", "EUR");
        let wanted = [
            "EUR 99.68 is to be paid on 15 Dec 2026 (commission EUR 93.60, VAT EUR 17.78, less EUR 11.70 withheld).",
            "VAT 19 %, self-billed", "17.78", "Withheld 12.5 %", "−11.70", "99.68",
            "Self-billing: this invoice is written by", "VAT ids: partner DE811907980, vendor DE136695976.",
            "12.5 % of the commission is withheld as tax and paid to the tax office: EUR 11.70.",
        ];
        says(&finance, &closed, &wanted).await;
        let northwind = scene.partner("northwind", Role::PartnerFinance).await;
        let own = closed.0.replace("/meridian/", "/meridian/p/northwind/");
        let page = northwind.get(&own).await.expect(200);
        assert!(page.words().contains("Self-billing: this invoice"), "{}", page.words());
        let terms = northwind.get("/meridian/p/northwind/terms").await.expect(200);
        assert!(terms.words().contains("Self-billing, VAT 19 %"), "{}", terms.words());
        let home = northwind.get("/meridian/p/northwind").await.expect(200);
        assert!(home.words().contains("99.68"), "{}", home.words());
        let register = finance.get("/meridian/statements").await.expect(200);
        assert!(register.words().contains("99.68"), "{}", register.words());

        let csv = finance.get(&format!("{}.csv", closed.0)).await.expect(200).bytes;
        let mut reader = csv::Reader::from_reader(&csv[..]);
        let rows: Vec<std::collections::HashMap<String, String>> = reader.deserialize().map(|row| row.unwrap()).collect();
        assert!(!rows.is_empty());
        for row in &rows {
            let stated = ["net", "VAT", "VAT %", "tax", "withheld %", "withheld", "payable"].map(|name| row[&format!("Statement {name}")].as_str());
            assert_eq!(stated, ["93.60", "self_billed", "19.00", "17.78", "12.50", "11.70", "99.68"]);
        }
        let json = finance.get(&format!("{}.json", closed.0)).await.expect(200).bytes;
        let content: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let tax = &content["tax"];
        assert_eq!([&tax["tax_minor"], &tax["withheld_minor"], &tax["payable_minor"]].map(|one| one.as_i64()), [1_778, 1_170, 9_968].map(Some));
        let subject = scene.app.ask("SELECT subject AS value FROM mails WHERE kind = 'statement' AND subject LIKE '%EUR%99.68%'");
        assert_eq!(subject.len(), 1);

        // Other terms from now on: what is closed stays as it is.
        let page = finance.get(&format!("{}/tax", partner(&scene, "northwind"))).await.expect(200);
        assert_eq!(page.attr("#from", "value").as_deref(), Some("2026-12-01"));
        set(&scene, &finance, &[("treatment", "reverse_charge"), ("rate", ""), ("withheld", ""), ("agreed_until", "")]).await.expect(303);
        assert_eq!(finance.get(&format!("{}.csv", closed.0)).await.expect(200).bytes, csv);
        assert_eq!(finance.get(&format!("{}.json", closed.0)).await.expect(200).bytes, json);
        says(&finance, &closed, &wanted).await;
        verify(&scene);

        // What is paid is what was transferred.
        scene.app.now_is("2026-12-16T09:00:00Z");
        let finance = scene.finance().await;
        let form = finance.get(&closed.0).await.expect(200).form("form[action$='/payout']");
        finance.submit(&form.with("reference", "TRF 1")).await.expect(303);
        let page = finance.get(&closed.0).await.expect(200);
        assert!(page.words().contains("EUR 99.68 was paid on 16 Dec 2026"), "{}", page.words());
        verify(&scene);
    }

    async fn nothing_is_billed_in_a_name_without_agreement(scene: Scene) {
        let finance = scene.finance().await;
        give_own_vat_id(&scene, "DE136695976").await.expect(303);
        set(&scene, &finance, &SELF_BILLED).await.expect(303);
        scene.close("2026-11");
        scene.app.now_is("2027-01-02T09:00:00Z");
        scene.close("2026-12");
        let closed = statement(&scene, "202612", "EUR");
        assert!(closed.1.payout_minor > 0);
        let tax = closed.1.tax.clone().unwrap();
        assert_eq!((tax.rate_bps, tax.tax_minor), (0, 0));
        assert_eq!(tax.payable_minor, closed.1.payout_minor - tax.withheld_minor);
        let finance = scene.finance().await;
        says(&finance, &closed, &["The agreement on self-billing ended on 15 Dec 2026: no VAT is added", "VAT, not billed", "Withheld 12.5 %"]).await;
        verify(&scene);
    }
}
