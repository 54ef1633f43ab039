//! The journal of a month: both sides of every booking, on the page and in the file for the
//! vendor's books.
use std::collections::{BTreeMap, HashMap};

use super::{
    currencies::{self, pay_partner_in},
    scene::Scene,
    tax::{SELF_BILLED, give_own_vat_id, set, statement, verify},
};
use crate::{on_both, support::http::Visitor};

type Row = HashMap<String, String>;

async fn file(who: &Visitor, month: &str) -> Vec<u8> {
    let at = format!("/meridian/periods/{month}/journal.csv");
    who.get(&at).await.expect(200).bytes
}

fn rows(file: &[u8]) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(file);
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// What a row puts on its account, in hundredths: debits above zero.
fn minor(row: &Row) -> i64 {
    let read = |name: &str| match row[name].split_once('.') {
        Some((whole, rest)) => format!("{whole}{rest}").parse::<i64>().unwrap(),
        None if row[name].is_empty() => 0,
        None => row[name].parse::<i64>().unwrap() * 100,
    };
    let (debit, credit) = (read("Debit"), read("Credit"));
    assert!((debit > 0) != (credit > 0), "{row:?}");
    debit - credit
}

/// What a partner's rows come to by account, in one currency.
fn accounts(rows: &[Row], partner: &str, currency: &str) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for row in rows {
        if row["Partner"] == partner && row["Currency"] == currency {
            *sums.entry(row["Account"].clone()).or_default() += minor(row);
        }
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

fn these(wanted: &[(&str, i64)]) -> BTreeMap<String, i64> {
    let own = |(account, minor): &(&str, i64)| ((*account).to_owned(), *minor);
    wanted.iter().map(own).collect()
}

/// Each booking comes to nothing in each currency.
fn balanced(rows: &[Row]) {
    let mut sums: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for row in rows {
        *sums.entry((&row["Journal"], &row["Currency"])).or_default() += minor(row);
    }
    assert!(!sums.is_empty());
    assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
}

on_both! {
    async fn commission_is_accrued_owed_and_paid_on_both_sides(scene: Scene) {
        let finance = scene.finance().await;
        give_own_vat_id(&scene, "DE136695976").await.expect(303);
        set(&scene, &finance, &SELF_BILLED).await.expect(303);
        scene.close("2026-11");
        let page = finance.get("/meridian/periods/2026-11").await.expect(200);
        assert!(page.words().contains("Journal"), "{}", page.words());

        // 93.60 of commission, 17.78 of VAT: 111.38 is owed, of which 11.70 will be withheld.
        let closed = file(&finance, "2026-11").await;
        let november = rows(&closed);
        balanced(&november);
        let owed: BTreeMap<String, i64> = accounts(&november, "Northwind", "EUR");
        assert_eq!(owed["Payable to partners"], -11_138, "{owed:?}");
        assert_eq!(owed["Input VAT"], 1_778, "{owed:?}");
        let taken: i64 = november
            .iter()
            .filter(|row| row["About"] == "Put on statements" && row["Account"] == "Accrued commission")
            .filter(|row| row["Partner"] == "Northwind" && row["Currency"] == "EUR")
            .map(minor)
            .sum();
        assert_eq!(taken, 9_360);
        let page = finance.get("/meridian/periods/2026-11/journal").await.expect(200);
        for said in ["Debits and credits are", "Nothing in it changes any more", "Put on statements", "Input VAT", "17.78"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }

        // What the bank paid in a month that is closed by now is booked in the first open one.
        scene.app.now_is("2027-01-02T09:00:00Z");
        scene.close("2026-12");
        let finance = scene.finance().await;
        let december = file(&finance, "2026-12").await;
        let (at, _) = statement(&scene, "202611", "EUR");
        let form = finance.get(&at).await.expect(200).form("form[action$='/payout']");
        let form = form.with("reference", "TRF 1").with("paid_on", "2026-12-16");
        finance.submit(&form).await.expect(303);
        assert_eq!(file(&finance, "2026-11").await, closed);
        assert_eq!(file(&finance, "2026-12").await, december);
        let january = rows(&file(&finance, "2027-01").await);
        balanced(&january);
        let paid: Vec<Row> = january.into_iter().filter(|row| row["About"] == "Paid out").collect();
        let wanted = [("Bank", -9_968), ("Payable to partners", 11_138), ("Withholding tax payable", -1_170)];
        assert_eq!(accounts(&paid, "Northwind", "EUR"), these(&wanted));
        assert!(paid.iter().all(|row| row["Date"] == "2027-01-01"), "{paid:?}");
        verify(&scene);

        // A payout that is booked nowhere is found.
        scene.app.sql("UPDATE payouts SET booked_period = NULL WHERE status = 'paid'");
        let found = scene.write(perennial::services::verify::verify);
        assert!(found.iter().any(|one| one.contains("is not booked as it is paid")), "{found:?}");
    }

    async fn what_is_paid_in_another_currency_goes_through_an_account_of_its_own(scene: Scene) {
        let finance = scene.finance().await;
        pay_partner_in(&scene, &finance, ("northwind", "USD"), "2026-12-01").await.expect(303);
        currencies::set(&finance, &currencies::rate("1.1000", "2026-12-01")).await.expect(303);
        let euros = |minor| perennial::domain::Money::new(minor, "EUR".parse().unwrap());
        scene.write(|tx| perennial::services::revenue::billing::bill_due(tx, "2026-12-31".parse().unwrap()));
        scene.pay("P-usd", "C-1", "2026-12-01", euros(11_900));
        scene.close("2026-11");
        scene.app.now_is("2027-03-02T09:00:00Z");
        for month in ["2026-12", "2027-01", "2027-02"] {
            scene.close(month);
        }
        let finance = scene.finance().await;
        let mut exchanged = BTreeMap::new();
        for month in ["2026-12", "2027-01", "2027-02"] {
            let rows = rows(&file(&finance, month).await);
            if !rows.is_empty() {
                balanced(&rows);
            }
            for row in rows.iter().filter(|row| row["Account"] == "Currency exchange") {
                *exchanged.entry(row["Currency"].clone()).or_insert(0i64) += minor(row);
            }
        }
        let sum = |column: &str| {
            let sql = format!(
                "SELECT CAST(SUM(c.{column}) AS TEXT) AS value FROM conversions c JOIN statement_lines l ON l.commission_entry_id = c.commission_entry_id"
            );
            scene.app.ask(&sql)[0].parse::<i64>().unwrap()
        };
        assert!(sum("earned_minor") > 0);
        assert_eq!(exchanged, these(&[("EUR", -sum("earned_minor")), ("USD", sum("payable_minor"))]));
        verify(&scene);
    }
}
