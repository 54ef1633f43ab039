//! Service levels through the real server: what happened is recorded, each promise is judged, and a
//! partner sees the result.
use perennial::domain::Role;

use super::scene::Scene;
use crate::on_both;

/// Backup Pro promises 99.9 % around the clock for 10 %, 99 % for 25 %, and 99.9 % of working hours
/// for 5 %.
fn promise(scene: &Scene) {
    let tenant = scene.app.tenant("meridian").number();
    scene.app.sql(&format!(
        "INSERT INTO sla_policies (tenant_id, id, name, summary, version) VALUES ({tenant}, 901, 'Standard', 'For all', 1);
         INSERT INTO sla_targets (tenant_id, id, sla_policy_id, seq, metric, threshold, calendar, credit_bps) VALUES
           ({tenant}, 902, 901, 1, 'availability', 999000, '24x7', 1000),
           ({tenant}, 903, 901, 2, 'availability', 990000, '24x7', 2500),
           ({tenant}, 904, 901, 3, 'availability', 999000, 'working_hours', 500),
           ({tenant}, 905, 901, 4, 'first_response', 60, '24x7', 500);
         UPDATE offerings SET sla_policy_id = 901 WHERE tenant_id = {tenant} AND id = 301;"
    ));
}

on_both! {
    async fn an_outage_is_recorded_judged_and_seen(scene: Scene) {
        promise(&scene);
        let owner = scene.owner().await;
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        assert!(page.words().contains("Every promise of availability was kept in Nov 2026."), "{}", page.words());
        let form = page.form("main form[action='/meridian/service-levels']")
            .with("kind", "outage")
            .with("began_at", "2026-11-04T02:00")
            .with("ended_at", "2026-11-04T02:44")
            .with("note", "Power was lost");
        owner.submit(&form).await.expect(303);
        // 44 minutes of 43,200 are too many; 43 would have been kept.
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        for said in ["In Nov 2026, 1 service missed what was promised.", "99.9000 % Around the clock 44 min 0 min 99.8981 % Missed", "99.0000 % Around the clock 44 min 0 min 99.8981 % Kept", "99.9000 % Working hours 0 min 0 min 100.0000 % Kept", "gives 10 % of the month’s recurring fee back", "Power was lost"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        // A minute of it was maintenance that had been announced.
        let form = page.form("main form[action='/meridian/service-levels']")
            .with("kind", "maintenance")
            .with("began_at", "2026-11-04T02:00")
            .with("ended_at", "2026-11-04T02:01")
            .with("announced_at", "2026-11-01T12:00")
            .with("note", "New cables");
        owner.submit(&form).await.expect(303);
        let file = owner.get("/meridian/service-levels.csv?month=2026-11").await.expect(200);
        assert!(file.text().contains("2026-11,Backup Pro,99.9000,24x7,2591940,2580,60,99.9004,yes"), "{}", file.text());
        // The form of a page that was not sent in yet.
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        let refused = |began: &str, ended: &str, kind: &str, announced: &str| {
            let mut form = page.form("main form[action='/meridian/service-levels']");
            for (field, value) in [("kind", kind), ("began_at", began), ("ended_at", ended), ("announced_at", announced), ("note", "x")] {
                form = form.with(field, value);
            }
            form
        };
        for (form, why) in [
            (refused("2026-11-04T03:00", "2026-11-04T02:00", "outage", ""), "It ends after it begins."),
            (refused("yesterday", "2026-11-04T02:00", "outage", ""), "Give a day and a time"),
            (refused("2026-11-04T01:00", "2026-11-04T02:00", "maintenance", ""), "Say when customers were told."),
            (refused("2026-11-04T01:00", "2027-11-04T02:00", "outage", ""), "at most 31 days"),
            (refused("2026-11-30T01:00", "2026-12-04T02:00", "outage", ""), "once it is over"),
        ] {
            let page = owner.submit(&form).await.expect(422);
            assert!(page.words().contains(why), "{why}: {}", page.words());
        }
        let theirs = scene.partner("northwind", Role::PartnerSeller).await;
        let page = theirs.get("/meridian/p/northwind/service-levels?month=2026-11").await.expect(200);
        for said in ["Backup Pro", "43 min", "New cables"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        assert!(!page.words().contains("Withdraw") && !page.words().contains("Record an outage"));
        theirs.get("/meridian/p/northwind/service-levels.csv").await.expect(200);
        // Recorded by mistake: it counts no more.
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        for action in page.attrs("form[action$=withdrawal]", "action") {
            let form = page.form(&format!("form[action='{action}']"));
            owner.submit(&form).await.expect(303);
        }
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        assert!(page.words().contains("Every promise of availability was kept"), "{}", page.words());
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        let page = viewer.get("/meridian/service-levels").await.expect(200);
        assert!(!page.words().contains("Record an outage"));
    }
}
