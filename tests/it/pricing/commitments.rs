//! A committed minimum: what a period lacks of it is billed after it, and says why.
use perennial::{
    domain::{Money, Role},
    id::SubscriptionId,
    services::revenue::{
        payments::{self, NewPayment},
        subscriptions::{self, CancelWhen, Cancellation, Pausing},
    },
    store::{Tx, VendorScope},
};

use super::shop::{Shop, last, problems};
use crate::{harness::spelled, on_both};

impl Shop {
    /// Everybody earns a fifth.
    pub(super) fn pays_a_fifth(&self) {
        let tenant = self.app.tenant("meridian").number();
        let partner = self.app.id("meridian/northwind");
        self.app.sql(&format!(
            "INSERT INTO commission_plans VALUES ({tenant}, 401, 'Recurring');
             INSERT INTO commission_plan_versions (tenant_id, id, commission_plan_id, version_no, status, effective_from, hold_days, published_at, version) VALUES ({tenant}, 411, 401, 1, 'published', '2026-01-01', 30, NULL, 1);
             INSERT INTO commission_clauses (tenant_id, id, commission_plan_version_id, seq, phase, tier_id, rate_bps) VALUES ({tenant}, 423, 411, 1, NULL, NULL, 2000);
             INSERT INTO commission_enrollments VALUES ({tenant}, 431, {partner}, 411, '2026-01-01', 'Partners earn 20 % of recurring revenue');"
        ));
    }

    pub(super) fn write<T>(
        &self,
        work: impl Fn(&mut Tx<'_, VendorScope>) -> perennial::Result<T>,
    ) -> T {
        let scope = self.app.operator("meridian");
        self.app.store.write_now(scope, work).unwrap()
    }

    fn only_subscription(&self) -> (SubscriptionId, i32) {
        let id = self.app.ask("SELECT id AS value FROM subscriptions");
        let version = self.app.ask("SELECT version AS value FROM subscriptions");
        (
            spelled::<perennial::id::Subscription>(id[0].parse().unwrap()),
            version[0].parse().unwrap(),
        )
    }

    fn turn(&self, on: &str) -> Pausing {
        let (subscription, version) = self.only_subscription();
        Pausing {
            subscription,
            version,
            on: on.parse().unwrap(),
            reason: "Closed.".to_owned(),
        }
    }
}

on_both! {
    async fn what_a_period_lacks_of_its_minimum_is_billed_after_it(shop: Shop) {
        shop.pays_a_fifth();
        let price = [
            ("price-1-label", "Platform"), ("price-1-kind", "flat"), ("price-1", "99.00"),
            ("price-2-label", "Calls"), ("price-2-kind", "usage"), ("price-2", "0.01"),
            ("price-2-meter", "calls"), ("price-2-aggregation", "sum"),
        ];
        let least = |typed| [&price[..], &[("minimum", typed)]].concat();
        for typed in ["-5", "much", "1.005", "99999999999999"] {
            let refused = shop.try_plan("LEAST-M", &least(typed)).await.expect(422);
            assert_eq!(problems(&refused), ["#minimum"], "{typed}");
            assert_eq!(refused.attr("#minimum", "value").unwrap(), typed);
        }
        shop.plan("LEAST-M", &least("500.00")).await;
        let said = ", at least EUR 500.00 a month";
        assert!(shop.page(&shop.offering).await.words().contains(said));
        let partner = shop.app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        let offered = partner.get(&format!("/meridian/p/northwind/offerings/{}", last(&shop.offering))).await.expect(200);
        assert!(offered.words().contains(said), "{}", offered.words());

        let sold = shop.sell_with("LEAST-M", &[("quantity", "1"), ("starts_on", "2026-11-01"), ("external_id", "S-1")]).await;
        assert_eq!(shop.nets(), ["9900"]);
        // What is committed counts as monthly revenue.
        assert_eq!(shop.app.ask("SELECT mrr_minor AS value FROM subscriptions"), ["50000"]);
        let head = "external_id,subscription,meter,occurred_at,value\r\n";
        shop.bring(&format!("{head}e1,S-1,calls,2026-11-02T10:00:00Z,31247\r\n")).await;
        let said = "Minimum of EUR 500.00, of which EUR 411.47 was charged";
        let shop = shop.at("2026-12-01T09:00:00Z").await;
        let partner = shop.app.portal_of("meridian", "northwind", Role::PartnerAdmin).await;
        let theirs = format!("/meridian/p/northwind/subscriptions/{}", last(&sold));
        let page = partner.get(&theirs).await.expect(200);
        for page in [shop.page(&sold).await, page] {
            for said in [said, "88.53", "595.00"] {
                assert!(page.words().contains(said), "{said}: {}", page.words());
            }
        }
        shop.bill("2026-12-01");
        assert_eq!(shop.nets(), ["9900", "9900", "31247", "8853"]);
        let invoice = shop.newest_invoice().await.words();
        assert!(invoice.contains(&format!("Vault, LEAST-M: {said} 1–30 Nov 2026")), "{invoice}");
        // Partners earn on it as on the rest: a fifth of 99.00 for December, and of 401.00.
        let number = shop.app.ask("SELECT number AS value FROM invoices ORDER BY id DESC LIMIT 1").concat();
        let paid = NewPayment {
            external_id: "P-1".to_owned(),
            received_on: "2026-12-01".parse().unwrap(),
            amount: Money::new(59_500, "EUR".parse().unwrap()),
            invoice_number: Some(number),
            customer: None,
        };
        shop.write(|tx| payments::receive(tx, &paid));
        assert_eq!(shop.app.ask("SELECT CAST(SUM(amount_minor) AS BIGINT) AS value FROM commission_entries"), ["10000"]);

        // What comes late makes up for a part of the true-up; December used nothing.
        shop.bring(&format!("{head}e2,S-1,calls,2026-11-20T10:00:00Z,4000\r\n")).await;
        let shop = shop.at("2027-01-01T09:00:00Z").await;
        shop.bill("2027-01-01");
        assert_eq!(shop.nets()[4..], ["9900", "4000", "40100"]);
        let true_up = "on Vault, LEAST-M: Minimum of EUR 500.00, of which EUR 411.47 was charged";
        assert_eq!(shop.given_back(), [format!("4000 {true_up}")]);
        shop.bring(&format!("{head}e3,S-1,calls,2026-11-21T10:00:00Z,9000\r\n")).await;
        let shop = shop.at("2027-02-01T09:00:00Z").await;
        shop.bill("2027-02-01");
        assert_eq!(shop.nets()[7..], ["9900", "9000", "40100"]);
        assert_eq!(shop.given_back(), [format!("4000 {true_up}"), format!("4853 {true_up}")]);
        // Billed under the minimum it was sold with, it stays with it.
        let form = shop.page(&format!("{sold}/plan")).await;
        assert!(!form.words().contains("LEAST-M: EUR"), "{}", form.words());
        shop.verify();
    }

    async fn days_that_are_not_served_are_not_committed(shop: Shop) {
        shop.plan("PART-M", &[
            ("price-1-label", "Platform"), ("price-1-kind", "flat"), ("price-1", "60.00"),
            ("anchor_day", "1"), ("minimum", "300.00"),
        ]).await;
        shop.sell("PART-M", "1", "2026-11-16").await;
        let shop = shop.at("2026-11-16T09:00:00Z").await;
        shop.bill("2026-11-16");
        // Half a month costs half, and is committed to half.
        assert_eq!(shop.nets(), ["3000"]);
        let shop = shop.at("2026-12-27T09:00:00Z").await;
        shop.bill("2026-12-27");
        assert_eq!(shop.nets(), ["3000", "6000", "12000"]);
        shop.write(|tx| subscriptions::pause(tx, &shop.turn("2026-12-11")));
        shop.write(|tx| subscriptions::resume(tx, &shop.turn("2026-12-26")));
        let shop = shop.at("2027-01-11T09:00:00Z").await;
        shop.bill("2027-01-11");
        // Of December 16 of 31 days were served: 154.84, of which 19.35 and 11.61 were charged.
        assert_eq!(shop.nets()[3..], ["1161", "6000", "12388"]);
        let (subscription, version) = shop.only_subscription();
        let cancellation = Cancellation {
            subscription,
            version,
            when: CancelWhen::Now("2027-01-11".parse().unwrap()),
            reason: "Done.".to_owned(),
            is_vendor_fault: false,
        };
        shop.write(|tx| subscriptions::cancel(tx, &cancellation));
        shop.bill("2027-01-11");
        // Ten of 31 days: 96.77, of which 19.35 was kept.
        assert_eq!(shop.nets()[6..], ["7742"]);
        assert_eq!(shop.app.ask("SELECT count(*) AS value FROM subscriptions WHERE next_bill_on IS NOT NULL"), ["0"]);
        shop.verify();
    }
}
