//! Subqueries and conditions that would see more than the scope does.
use super::*;

#[test]
fn a_subquery_of_a_table_partners_may_not_see_is_refused() {
    for scene in Scene::each() {
        let said = scene.partner(|tx| {
            let other = exists(jobs::table.filter(jobs::kind.eq("send_statement")));
            let query = tx
                .rows(audit_events::table)
                .filter(other)
                .select(audit_events::summary);
            tx.load::<String, _>(query)
        });
        assert_eq!(said, "jobs is not to be seen from Partner");
    }
}

#[test]
fn a_subquery_that_is_not_held_to_the_tenant_is_refused() {
    for scene in Scene::each() {
        let said = scene.vendor(|tx| {
            let other = exists(statements::table.filter(statements::month.eq(202_610)));
            let query = tx
                .rows(audit_events::table)
                .filter(other)
                .select(audit_events::summary);
            tx.load::<String, _>(query)
        });
        assert_eq!(said, "statements is not held to its tenant_id");
    }
}

#[test]
fn a_partners_subquery_held_to_the_tenant_alone_is_refused() {
    for scene in Scene::each() {
        let said = scene.partner(|tx| {
            let same = statements::tenant_id.eq(commission_entries::tenant_id);
            let query = tx
                .rows(commission_entries::table)
                .filter(exists(statements::table.filter(same)));
            tx.load::<i64, _>(query.select(commission_entries::amount_minor))
        });
        assert_eq!(said, "statements is not held to its partner_id");
    }
}

#[test]
fn a_subquery_held_to_somebody_else_is_refused() {
    for scene in Scene::each() {
        for (tenant, victim) in [
            (scene.meridian.tenant(), scene.contoso),
            (scene.rival, scene.eastwind),
        ] {
            let said = scene.partner(|tx| {
                let theirs = statements::table
                    .filter(statements::tenant_id.eq(tenant))
                    .filter(statements::partner_id.eq(victim));
                let query = tx.rows(commission_entries::table).filter(exists(theirs));
                tx.load::<i64, _>(query.select(commission_entries::amount_minor))
            });
            assert_eq!(said, "statements is not held to its tenant_id");
        }
    }
}

#[test]
fn a_subquery_held_to_the_row_around_it_goes_through() {
    for scene in Scene::each() {
        let found = scene.store.read_now(scene.northwind.clone(), |tx| {
            let own = partners::table
                .filter(partners::tenant_id.eq(audit_events::tenant_id))
                .filter(partners::id.nullable().eq(audit_events::partner_id));
            let query = tx
                .rows(audit_events::table)
                .filter(exists(own))
                .select(audit_events::summary);
            tx.load::<String, _>(query)
        });
        assert_eq!(
            found.unwrap(),
            [scene.northwind.partner().number().to_string()]
        );
    }
}

/// Without the alias diesel refuses it itself: E0271, the table appears more than once.
#[test]
fn a_subquery_of_the_very_same_table_is_refused() {
    for scene in Scene::each() {
        let said = scene.partner(|tx| {
            let other = diesel::alias!(audit_events as other);
            let others = audit_events::id.eq_any(other.select(other.field(audit_events::id)));
            let query = tx
                .rows(audit_events::table)
                .filter(others)
                .select(audit_events::summary);
            tx.load::<String, _>(query)
        });
        assert_eq!(said, "audit_events has an alias, or something like one");
    }
}

#[test]
fn sql_written_by_hand_is_read_too() {
    for scene in Scene::each() {
        for (fragment, told) in [
            (
                "0 < (SELECT count(*) FROM jobs j)",
                "jobs has an alias, or something like one",
            ),
            (
                "0 < (SELECT count(*) FROM jobs)",
                "jobs is not to be seen from Partner",
            ),
            (
                "0 < (SELECT count(*) FROM users)",
                "users is not to be seen from Partner",
            ),
            (
                "EXISTS (SELECT 1 FROM \"audit_events\")",
                "audit_events is not held to its tenant_id",
            ),
            ("1 = 1 -- ", "a comment or an escape"),
            ("1 = 1 /* ' */", "a comment or an escape"),
            (
                "1 = 1; DELETE FROM audit_events",
                "audit_events is not for partners to write",
            ),
        ] {
            let said = scene.partner(|tx| {
                let query = tx
                    .rows(audit_events::table)
                    .filter(sql::<Bool>(fragment))
                    .select(audit_events::summary);
                tx.load::<String, _>(query)
            });
            assert_eq!(said, told, "{fragment}");
        }
    }
}

#[test]
fn an_or_cannot_widen_what_a_scope_sees() {
    for scene in Scene::each() {
        let (rival, contoso) = (scene.rival, scene.contoso);
        let found: Texts = scene
            .store
            .read_now(scene.northwind.clone(), |tx| {
                let anybody = audit_events::tenant_id
                    .eq(rival)
                    .or(audit_events::partner_id.eq(contoso))
                    .or(audit_events::partner_id.is_null());
                let query = tx
                    .rows(audit_events::table)
                    .filter(anybody)
                    .select(audit_events::summary);
                tx.load(query)
            })
            .unwrap();
        assert!(found.is_empty(), "{found:?}");
        let found: Texts = scene
            .store
            .read_now(scene.meridian.clone(), |tx| {
                let anybody = audit_events::tenant_id
                    .eq(rival)
                    .or(audit_events::id.gt(AuditEventId::of(0)));
                let query = tx
                    .rows(audit_events::table)
                    .filter(anybody)
                    .select(audit_events::summary);
                tx.load(query)
            })
            .unwrap();
        assert_eq!(found.len(), 3, "{found:?}");
    }
}
