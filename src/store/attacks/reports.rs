//! Reports written by hand, and the lobby.
use super::*;

const OWN: &str = "SELECT count(*) AS n FROM audit_events WHERE audit_events.tenant_id = $1";

#[test]
fn a_report_counts_what_is_its_scopes() {
    for scene in Scene::each() {
        let all = scene
            .store
            .read_now(scene.meridian.clone(), |tx| tx.report::<Count>(OWN, |r| r))
            .unwrap();
        assert_eq!(all[0].n, 3);
        let own = "SELECT count(*) AS n FROM audit_events WHERE audit_events.tenant_id = $1 AND audit_events.partner_id = $2 AND audit_events.summary <> $3";
        let own = scene
            .store
            .read_now(scene.northwind.clone(), |tx| {
                tx.report::<Count>(own, |r| r.bind::<Text, _>("x"))
            })
            .unwrap();
        assert_eq!(own[0].n, 1);
        let joined = "WITH mine AS (SELECT partners.id AS id FROM partners WHERE partners.tenant_id = $1)
            SELECT count(*) AS n FROM audit_events LEFT JOIN partners ON partners.tenant_id = audit_events.tenant_id AND partners.id = audit_events.partner_id
            WHERE audit_events.tenant_id = $1 AND audit_events.partner_id IN (SELECT mine.id FROM mine)";
        let joined = scene
            .store
            .read_now(scene.meridian.clone(), |tx| {
                tx.report::<Count>(joined, |r| r)
            })
            .unwrap();
        assert_eq!(joined[0].n, 2);
    }
}

#[test]
fn a_report_on_somebody_else_is_refused() {
    for scene in Scene::each() {
        let (rival, contoso) = (scene.rival, scene.contoso);
        let said = scene.vendor(|tx| {
            let sql = "SELECT count(*) AS n FROM audit_events WHERE audit_events.id > $1 AND audit_events.tenant_id = $2";
            tx.report::<Count>(sql, |r| r.bind::<BigInt, TenantId>(rival))
        });
        assert_eq!(said, "audit_events is not held to its tenant_id");
        let said = scene.partner(|tx| {
            let sql = "SELECT count(*) AS n FROM audit_events WHERE audit_events.tenant_id = $1 AND audit_events.id > $2 AND audit_events.partner_id = $3";
            tx.report::<Count>(sql, |r| r.bind::<BigInt, PartnerId>(contoso))
        });
        assert_eq!(said, "audit_events is not held to its partner_id");
        // SQLite would bind these the other way round.
        let said = scene.partner(|tx| {
            let sql = "SELECT count(*) AS n FROM audit_events WHERE audit_events.partner_id = $2 AND audit_events.tenant_id = $1";
            tx.report::<Count>(sql, |r| r)
        });
        assert_eq!(said, "binds are not numbered in the order they appear in");
    }
}

#[test]
fn the_lobby_sees_its_own_tables_and_those_it_names() {
    for scene in Scene::each() {
        let said = scene.lobby(|lobby| lobby.probe("SELECT 1 FROM commission_entries"));
        assert_eq!(said, "commission_entries is not to be seen from Lobby([])");
        let said = scene.lobby(|lobby| lobby.probe("SELECT 1 FROM memberships"));
        assert_eq!(said, "memberships is not to be seen from Lobby([])");
        let said = scene.lobby(|lobby| lobby.probe("DELETE FROM statements"));
        assert_eq!(said, "statements is not the lobby's to write");
        let said = scene
            .lobby(|lobby| lobby.probe("UPDATE users SET name = (SELECT name FROM customers)"));
        assert!(said.starts_with("customers is not to be seen"), "{said}");
        // What a question about all tenants was allowed is not allowed after it.
        let said = scene.lobby(|lobby| {
            lobby::tenants_with_work(lobby)?;
            lobby.probe("SELECT 1 FROM jobs")
        });
        assert_eq!(said, "jobs is not to be seen from Lobby([])");
        assert_eq!(
            scene.lobby(|lobby| lobby.probe("SELECT 1 FROM users")),
            "went through"
        );
    }
}
