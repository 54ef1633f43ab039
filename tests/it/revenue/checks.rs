//! The check of the ledger notices what it should, and large runs stay quick.
use std::time::{Duration, Instant};

use perennial::{
    services::{
        revenue::{
            Books, billing,
            payments::{self, NewPayment},
        },
        verify,
    },
    worker::{self, Closing},
};

use super::world::{Like, SEATS, World, date, eur, month, plan_version};
use crate::support::postgres::Databases;

#[test]
fn the_check_notices_whatever_is_changed_behind_its_back() {
    for kind in Databases::each() {
        let like = Like {
            now: "2027-01-11",
            hold_days: 0,
            ..Like::default()
        };
        let world = World::new(kind, like);
        world.start("S-1", 1, SEATS, "2027-01-01", 100);
        let paid = world.pay("P-1", 1, "2027-01-11", eur(150_000)).id();
        world
            .refund("R-1", paid, "2027-01-11", eur(20_000))
            .unwrap();
        // One cent earns nothing yet: a close looks at it again and posts nothing.
        world.start("S-2", 2, SEATS, "2027-01-01", 1);
        world.pay("P-2", 2, "2027-01-11", eur(1));
        world.at("2027-02-02");
        let closing = Closing {
            period: month("2027-01"),
            chunk: 10,
            mail_domain: "x.example".into(),
        };
        worker::close_now(&world.store, &world.scope, &closing).unwrap();
        world.verify();
        let tampered = [
            (
                "UPDATE invoices SET paid_minor = paid_minor - 1",
                "UPDATE invoices SET paid_minor = paid_minor + 1",
            ),
            (
                "UPDATE invoices SET number = 'MC-2027-000009' WHERE number = 'MC-2027-000002'",
                "UPDATE invoices SET number = 'MC-2027-000002' WHERE number = 'MC-2027-000009'",
            ),
            (
                "UPDATE invoice_lines SET commission_minor = commission_minor + 1",
                "UPDATE invoice_lines SET commission_minor = commission_minor - 1",
            ),
            (
                "UPDATE charge_segments SET amount_minor = amount_minor + 1",
                "UPDATE charge_segments SET amount_minor = amount_minor - 1",
            ),
            (
                "UPDATE payments SET amount_minor = amount_minor + 1",
                "UPDATE payments SET amount_minor = amount_minor - 1",
            ),
            (
                "UPDATE customer_credits SET remaining_minor = remaining_minor - 1 WHERE remaining_minor > 0",
                "UPDATE customer_credits SET remaining_minor = remaining_minor + 1 WHERE remaining_minor > 0",
            ),
            (
                "UPDATE commission_entries SET amount_minor = amount_minor + 1",
                "UPDATE commission_entries SET amount_minor = amount_minor - 1",
            ),
            (
                "UPDATE commission_entries SET partner_id = 202",
                "UPDATE commission_entries SET partner_id = 201",
            ),
            (
                "UPDATE statements SET content = replace(content, 'Alpine', 'Alpina')",
                "UPDATE statements SET content = replace(content, 'Alpina', 'Alpine')",
            ),
            (
                "UPDATE statements SET opening_minor = opening_minor + 1, closing_minor = closing_minor + 1",
                "UPDATE statements SET opening_minor = opening_minor - 1, closing_minor = closing_minor - 1",
            ),
            (
                "UPDATE payouts SET amount_minor = amount_minor + 1",
                "UPDATE payouts SET amount_minor = amount_minor - 1",
            ),
            (
                "UPDATE mrr_changes SET change_minor = change_minor + 1",
                "UPDATE mrr_changes SET change_minor = change_minor - 1",
            ),
            (
                "UPDATE mrr_changes SET effective_on = '2027-01-02'",
                "UPDATE mrr_changes SET effective_on = '2027-01-01'",
            ),
            (
                "UPDATE mrr_changes SET month = 202702",
                "UPDATE mrr_changes SET month = 202701",
            ),
            (
                "UPDATE periods SET status = 'closing'",
                "UPDATE periods SET status = 'closed'",
            ),
        ];
        for (tamper, mend) in tampered {
            world.database.sql(tamper);
            assert!(
                !world.read(verify::verify).is_empty(),
                "not noticed: {tamper}"
            );
            world.database.sql(mend);
            world.verify();
        }
    }
}

/// Prints what it took; fails only when it is slow beyond doubt.
#[test]
fn a_month_of_many_subscriptions_is_quick() {
    let many: i64 = std::env::var("MANY")
        .ok()
        .and_then(|many| many.parse().ok())
        .unwrap_or(1_000);
    for kind in Databases::each() {
        let world = World::new(
            kind,
            Like {
                now: "2027-01-01",
                ..Like::default()
            },
        );
        let tenant = perennial::store::lobby::tenant_of(&world.scope).number();
        let mut sql = String::from("BEGIN;");
        for n in 0..many {
            let (id, customer, partner) = (10_000 + n, 20_000_000 + n, 201 + n % 2);
            sql += &format!("INSERT INTO customers (tenant_id, id, partner_id, external_id, name, name_key, country, tax_bps, created_at, version) VALUES ({tenant}, {customer}, {partner}, 'X-{n}', 'N', 'n', 'DE', 2000, '2027-01-01 00:00:00', 1);
              INSERT INTO subscriptions (tenant_id, id, partner_id, customer_id, plan_version_id, commission_plan_version_id, external_id, currency, starts_on, interval_months, term_months, quantity, mrr_minor, billed_periods, next_bill_on, ends_on, status, created_at, version) VALUES ({tenant}, {id}, {partner}, {customer}, {}, 411, 'S-{n}', 'EUR', '2027-01-01', 1, 12, 5, 5000, 0, '2027-01-01', NULL, 'active', '2027-01-01 00:00:00', 1);
              INSERT INTO mrr_changes VALUES ({tenant}, {id}, {partner}, {customer}, {id}, 301, 'EUR', 202701, '2027-01-01', 5000, '2027-01-01 00:00:00');", plan_version(SEATS).number());
        }
        world.database.sql(&(sql + "COMMIT;"));
        let began = Instant::now();
        let made = world
            .write(|tx| billing::bill_due(tx, date("2027-01-01")))
            .unwrap();
        assert_eq!(i64::try_from(made).unwrap(), many);
        let billed = began.elapsed();
        let invoices = world.invoices();
        let began = Instant::now();
        world
            .write(|tx| {
                let books = Books::open(tx)?;
                let new: Vec<NewPayment> = invoices
                    .iter()
                    .map(|invoice| NewPayment {
                        external_id: invoice.number.clone(),
                        received_on: date("2027-01-01"),
                        amount: eur(invoice.total_minor),
                        invoice_number: Some(invoice.number.clone()),
                        customer: None,
                    })
                    .collect();
                for some in new.chunks(1_000) {
                    payments::receive_all(tx, &books, some).map_err(|at| at.error)?;
                }
                Ok(())
            })
            .unwrap();
        let paid = began.elapsed();
        world.at("2027-02-01");
        let began = Instant::now();
        let closing = Closing {
            period: month("2027-01"),
            chunk: 200,
            mail_domain: "x.example".into(),
        };
        worker::close_now(&world.store, &world.scope, &closing).unwrap();
        let closed = began.elapsed();
        eprintln!("{kind:?}, {many}: billed in {billed:?}, paid in {paid:?}, closed in {closed:?}");
        assert!(billed + paid + closed < Duration::from_secs(120));
        world.verify();
    }
}
