//! Whose rows are read, written and changed.
use super::*;

#[test]
fn each_scope_sees_its_own_and_rows_of_nobody_are_the_vendors() {
    for scene in Scene::each() {
        let own = scene
            .store
            .read_now(scene.northwind.clone(), summaries)
            .unwrap();
        assert_eq!(own, [scene.northwind.partner().number().to_string()]);
        let all = scene
            .store
            .read_now(scene.meridian.clone(), summaries)
            .unwrap();
        assert_eq!(all.len(), 3);
        let names: Texts = scene
            .store
            .read_now(scene.northwind.clone(), |tx| {
                let query = tx.rows(partners::table).select(partners::slug);
                tx.load(query)
            })
            .unwrap();
        assert_eq!(names, ["northwind"]);
    }
}

/// A partner says whose an event, a letter or an invitation is; the door does not listen.
#[test]
fn what_a_partner_writes_is_its_own_whatever_it_says() {
    for scene in Scene::each() {
        let (victim, partner) = (scene.contoso, scene.northwind.partner());
        scene
            .store
            .write_now(scene.northwind.clone(), |tx| {
                PartnerScope::record(tx, &event(Some(victim)))?;
                PartnerScope::record(tx, &event(None))?;
                let id: MailId = tx.fresh_id();
                let row = (
                    mails::id.eq(id),
                    mails::kind.eq("invitation"),
                    mails::subject_id.eq(1),
                    mails::copy_no.eq(1),
                    mails::recipient.eq("a@b.test"),
                    mails::subject.eq("x"),
                    mails::body.eq(""),
                    mails::message_id.eq("x"),
                    mails::status.eq("queued"),
                    mails::attempts.eq(0),
                    mails::created_at.eq(tx.now()),
                );
                tx.insert(mails::table, row)
            })
            .unwrap();
        let owners: Vec<Option<PartnerId>> = scene
            .store
            .read_now(scene.meridian.clone(), |tx| {
                let query = tx
                    .rows(audit_events::table)
                    .order(audit_events::id.desc())
                    .limit(2)
                    .select(audit_events::partner_id);
                tx.load(query)
            })
            .unwrap();
        assert_eq!(owners, [Some(partner), Some(partner)]);
    }
}

/// Types cannot tell this: the columns of a row are the row's own. The fence does.
#[test]
fn a_row_with_an_owner_of_its_own_is_refused() {
    for scene in Scene::each() {
        let (victim, rival) = (scene.contoso, scene.rival);
        let said = scene.partner(|tx| {
            let id: AuditEventId = tx.fresh_id();
            let row = (
                audit_events::id.eq(id),
                audit_events::partner_id.eq(victim),
                audit_events::actor.eq("x"),
            );
            tx.insert(audit_events::table, row)
        });
        assert_eq!(said, "audit_events is not given its partner_id just once");
        let said = scene.vendor(|tx| {
            let id: TierId = tx.fresh_id();
            let row = (
                tiers::id.eq(id),
                tiers::tenant_id.eq(rival),
                tiers::name.eq("x"),
                tiers::rank.eq(1),
                tiers::version.eq(1),
            );
            tx.insert(tiers::table, row)
        });
        assert_eq!(said, "tiers is not given its tenant_id just once");
        let said = scene.vendor(|tx| {
            let id: TierId = tx.fresh_id();
            let row = (
                tiers::id.eq(id),
                tiers::tenant_id.eq(rival),
                tiers::name.eq("x"),
                tiers::rank.eq(1),
                tiers::version.eq(1),
            );
            tx.insert_all(tiers::table, vec![row])
        });
        assert_eq!(said, "tiers is not given its tenant_id just once");
    }
}

/// The vendor names a partner itself; another tenant's is refused by the database.
#[test]
fn a_row_for_another_tenants_partner_is_refused() {
    for scene in Scene::each() {
        let theirs = scene.eastwind;
        let done = scene.store.write_now(scene.meridian.clone(), |tx| {
            VendorScope::record(tx, &event(Some(theirs)))
        });
        let Err(Error::Unexpected(error)) = done else {
            panic!("it went through");
        };
        assert!(
            format!("{error:#}").to_lowercase().contains("foreign key"),
            "{error:#}"
        );
    }
}

#[test]
fn partners_put_jobs_in_the_queue_and_never_see_it() {
    for scene in Scene::each() {
        let queued = scene.store.write_now(scene.northwind.clone(), |tx| {
            let run_at = tx.now();
            PartnerScope::add_job(
                tx,
                &NewJob {
                    kind: "k",
                    payload: "{}",
                    dedupe: "d",
                    run_at,
                },
            )
        });
        queued.unwrap();
        let owner: Vec<Option<PartnerId>> = scene
            .store
            .read_now(scene.meridian.clone(), |tx| {
                let query = tx.rows(jobs::table).select(jobs::partner_id);
                tx.load(query)
            })
            .unwrap();
        assert_eq!(owner, [Some(scene.northwind.partner())]);
        let said = scene.partner(|tx| {
            tx.report::<Count>(
                "SELECT count(*) AS n FROM jobs WHERE jobs.tenant_id = $1 AND jobs.partner_id = $2",
                |r| r,
            )
        });
        assert_eq!(said, "jobs is not to be seen from Report { partner");
    }
}

#[test]
fn a_read_writes_nothing() {
    for scene in Scene::each() {
        let wrote = scene.store.read_now(scene.meridian.clone(), |tx| {
            VendorScope::record(tx, &event(None))
        });
        assert!(wrote.is_err());
        // And the connection is as good as before.
        for _ in 0..20 {
            scene
                .store
                .write_now(scene.meridian.clone(), |tx| {
                    VendorScope::record(tx, &event(None))
                })
                .unwrap();
        }
    }
}

#[test]
fn a_partner_changes_its_own_rows_alone() {
    for scene in Scene::each() {
        let victim = scene.contoso;
        let changed = scene.store.write_now(scene.northwind.clone(), |tx| {
            let theirs = tx
                .rows_of(memberships::table)
                .filter(memberships::partner_id.eq(victim));
            let now = tx.now();
            tx.update(theirs, to(memberships::revoked_at, Some(now)))
        });
        assert_eq!(changed.unwrap(), 0);
    }
}

/// A panic in the middle leaves nothing behind, and no connection that is under the wrong rule.
#[test]
fn after_a_refusal_the_connection_is_sound() {
    for scene in Scene::each() {
        for _ in 0..30 {
            let said = scene.partner(|tx| {
                PartnerScope::record(tx, &event(None))?;
                tx.report::<Count>("SELECT count(*) AS n FROM users", |r| r)
            });
            assert!(said.contains("users is not to be seen"), "{said}");
        }
        let own = scene
            .store
            .read_now(scene.northwind.clone(), summaries)
            .unwrap();
        assert_eq!(own.len(), 1);
    }
}
