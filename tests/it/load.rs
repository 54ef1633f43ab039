//! Made-up load goes through the real rules: what it leaves behind is a ledger that holds together.

use perennial::{
    load::{self, Size},
    services::verify,
    store::incentivize::statements,
};

use crate::{harness::store_on, on_both, support::postgres::TestDatabase};

on_both! {
    async fn generated_vendors_hold_together(database: TestDatabase) {
        let (store, clock) = store_on(&database);
        let size = Size { vendors: 2, partners: 5, subscriptions: 40, months: 2 };
        let made = load::generate((&store, &clock), size, |_| {}).unwrap();
        assert_eq!(made.len(), 2);
        for scope in made {
            let found = store.read_now(scope.clone(), verify::verify).unwrap();
            assert!(found.is_empty(), "{found:#?}");
            let stated = store.read_now(scope, statements::all).unwrap();
            assert_eq!(stated.len(), 10, "a statement for each partner and month");
            assert!(stated.iter().all(|one| one.line_count > 0));
        }
    }

    async fn a_month_is_measured_beside_its_floor(database: TestDatabase) {
        let (store, clock) = store_on(&database);
        let figures = load::measure((&store, &clock), (3, 20), |_| {}).unwrap();
        let count = |name| {
            let phase = figures.phases.iter().find(|phase| phase.name == name);
            phase.unwrap().count
        };
        assert_eq!(count("invoices issued"), 20);
        assert_eq!(count("statements closed"), 3);
        assert_eq!(count("statements rendered as PDF"), 3);
        assert_eq!(count("usage events taken over HTTP"), 50_000);
        let paid = count("payments applied, commission earned");
        assert!((15..=20).contains(&paid), "{paid}");
        // Invoice, line and segment of each; payment, allocation, entry, statement line and audit
        // row of each that was paid; three statements; what says that it happened.
        assert!(figures.rows >= 20 * 3 + paid * 5 + 3, "{}", figures.rows);
        // Each subscription; invoice and line of each that was paid; three statements.
        assert_eq!(figures.changed, 20 + paid * 2 + 3);
    }
}
