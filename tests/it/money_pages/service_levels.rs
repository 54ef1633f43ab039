//! Service levels through the real server: what happened is recorded, each promise is judged, and a
//! partner sees the result.
use perennial::domain::Role;

use super::scene::Scene;
use crate::{
    on_both,
    support::http::{Page, Upload, Visitor},
};

/// Backup Pro promises 99.9 % around the clock for 10 %, 99 % for 25 %, and 99.9 % of working hours
/// for 5 %.
pub fn promise(scene: &Scene) {
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
        assert!(page.words().contains("Not measured: nothing is on record for Nov 2026."), "{}", page.words());
        assert!(!page.words().contains("kept in"), "{}", page.words());
        let form = page.form("main form[action='/meridian/service-levels']")
            .with("kind", "outage")
            .with("began_at", "2026-11-04T02:00")
            .with("ended_at", "2026-11-04T02:44")
            .with("note", "Power was lost");
        owner.submit(&form).await.expect(303);
        // 44 minutes of 43,200 are too many; 43 would have been kept.
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        for said in ["In Nov 2026, 1 service missed what was promised.", "99.9000 % Around the clock 44 min 0 min 99.8981 % Missed", "99.0000 % Around the clock 44 min 0 min 99.8981 % Kept so far", "99.9000 % Working hours 0 min 0 min 100.0000 % Kept so far", "gives 10 % of the month’s recurring fee back", "Power was lost"] {
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
        assert!(file.text().contains("2026-11,Backup Pro,Available 99.9 % of a month,24x7,2591940,2580,60,99.9004,,,,,Kept so far"), "{}", file.text());
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
        assert!(page.words().contains("Not measured: nothing is on record"), "{}", page.words());
        // Somebody says that there was none: from then on the month has kept its promises.
        let complete = page.form("form[action*='/months/2026-11']");
        for _ in 0..2 {
            owner.submit(&complete).await.expect(303);
        }
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        for said in ["99.9000 % Around the clock 0 min 0 min 100.0000 % Kept", "This month is on record in full", "1 service was not measured in full"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        // December is not over.
        let other = complete.action.replace("2026-11", "2026-12");
        owner.post(&other, &[]).await.expect(409);
        assert!(owner.get("/meridian/service-levels").await.expect(200).select("form[action*='/months/']").is_empty());
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        let page = viewer.get("/meridian/service-levels").await.expect(200);
        assert!(!page.words().contains("Record an outage"));
    }
    async fn tickets_are_measured_in_the_hours_of_the_policy(scene: Scene) {
        promise(&scene);
        let owner = scene.owner().await;
        // The policy promises an answer within four working hours, 90 % of the time, on the clock of New York.
        let page = owner.get("/meridian/sla-policies").await.expect(200);
        let edit = page.attr("main a[href$='/edit']", "href").unwrap();
        let form = owner.get(&edit).await.expect(200).form("main form[method=post]");
        let refused = form.clone().with("opens", "25:00").with("holidays", "Christmas").with("zone", "Mars/Base");
        let page = owner.submit(&refused).await.expect(422);
        for field in ["opens", "holidays", "zone"] {
            assert!(page.text().contains(&format!("id=\"{field}-problem\"")), "{field}: {}", page.words());
        }
        let form = form
            .with("zone", "America/New_York")
            .with("opens", "09:00")
            .with("closes", "17:00")
            .with("holidays", "2026-11-26")
            .with("credit_cap", "25")
            .with("target-4-metric", "first_response")
            .with("target-4-threshold", "240")
            .with("target-4-calendar", "working_hours")
            .with("target-4-share", "90");
        owner.submit(&form).await.expect(303);
        let page = owner.get("/meridian/sla-policies").await.expect(200);
        for said in ["First response within 4 hours for 90 % of tickets, working hours", "Monday to Friday from 09:00 to 17:00 in America/New_York, but not on 26 Nov 2026", "at most 25 %"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }

        // Wednesday 25 November, 16:30 in New York: the day after is a holiday.
        let form = owner.get("/meridian/tickets?subscription=S-1").await.expect(200).form("main form[method=post]");
        let form = form.with("title", "Nothing comes in").with("severity", "critical");
        let wrong = form.clone().with("external_id", "HD-1").with("opened_at", "2026-11-25T22:30").with("answered_at", "2026-11-24T22:30");
        assert!(owner.submit(&wrong).await.expect(422).words().contains("It is answered after it came."));
        let wrong = wrong.with("answered_at", "").with("subscription", "S-99");
        assert!(owner.submit(&wrong).await.expect(422).words().contains("No subscription has this external id."));
        let sent = form.clone().with("external_id", "HD-1").with("opened_at", "2026-11-25T22:30").with("answered_at", "2026-11-27T16:15").with("resolved_at", "2026-11-27T17:00");
        let done = owner.submit(&sent).await.expect(303);
        assert_eq!(owner.submit(&sent).await.expect(303).location(), done.location());
        let ticket = owner.get(&done.location()).await.expect(200);
        // Half an hour on Wednesday, and on Friday from 9:00 to 10:15.
        for said in ["Hotel Adler", "Backup Pro", "First response within 4 hours", "105 min In time"] {
            assert!(ticket.words().contains(said), "{said}: {}", ticket.words());
        }
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        assert!(page.words().contains("Working hours 1 1 0 100.0000 % Kept"), "{}", page.words());

        // Another customer of the same service is answered too late, unless it was waited for.
        let fresh = || async { owner.get("/meridian/tickets?subscription=S-5").await.expect(200).form("main form[method=post]") };
        let late = fresh().await.with("external_id", "HD-2").with("title", "Where is the report").with("opened_at", "2026-11-10T15:30").with("answered_at", "2026-11-10T22:30");
        let done = owner.submit(&late).await.expect(303);
        let again = fresh().await.with("external_id", "HD-2").with("title", "x").with("opened_at", "2026-11-10T15:30");
        assert!(owner.submit(&again).await.expect(422).words().contains("Another ticket has this id."));
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        for said in ["Working hours 2 1 0 50.0000 % Missed for 1 of 2", "In Nov 2026, 1 service missed what was promised."] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let file = owner.get("/meridian/service-levels.csv?month=2026-11").await.expect(200);
        assert!(file.text().contains("working_hours,,,,,2,1,50.0000,90.00,Missed"), "{}", file.text());

        // Each partner sees its own customers' tickets, and its own share.
        let seller = scene.partner("northwind", Role::PartnerSeller).await;
        let page = seller.get("/meridian/p/northwind/service-levels?month=2026-11").await.expect(200);
        assert!(page.words().contains("Working hours 1 1 0 100.0000 % Kept"), "{}", page.words());
        let list = seller.get("/meridian/p/northwind/tickets?month=2026-11").await.expect(200);
        assert!(list.words().contains("HD-1") && !list.words().contains("HD-2"), "{}", list.words());
        let file = seller.get("/meridian/p/northwind/tickets.csv").await.expect(200);
        assert!(file.text().contains("HD-1,Nothing comes in,Hotel Adler,S-1") && !file.text().contains("HD-2"), "{}", file.text());
        let own = list.attr("main tbody a", "href").unwrap();
        assert!(seller.get(&own).await.expect(200).words().contains("105 min In time"));
        let theirs = done.location().replace("/meridian/", "/meridian/p/northwind/");
        seller.get(&theirs).await.expect(404);

        // It waited for the customer: what is left is in time. A stale form changes nothing.
        let form = owner.get(&done.location()).await.expect(200).form("main form.form");
        let waits = form.clone().with("waits", "2026-11-10T16:00 to 2026-11-10T21:00");
        let wrong = form.clone().with("waits", "2026-11-10T13:00 to 2026-11-10T21:00");
        assert!(owner.submit(&wrong).await.expect(422).words().contains("It waits after it came"));
        owner.submit(&waits).await.expect(303);
        owner.submit(&waits).await.expect(409);
        let ticket = owner.get(&done.location()).await.expect(200);
        for said in ["120 min In time", "Waited for the customer", "10 Nov 2026, 16:00 CET to 10 Nov 2026, 21:00 CET"] {
            assert!(ticket.words().contains(said), "{said}: {}", ticket.words());
        }
        scene.verified();
        let withdraw = ticket.form("form[action$=withdrawal]");
        owner.submit(&withdraw).await.expect(303);
        owner.get(&done.location()).await.expect(404);
        let viewer = scene.app.staff_of("meridian", Role::VendorViewer).await;
        let page = viewer.get("/meridian/tickets").await.expect(200);
        assert!(page.words().contains("HD-1") && !page.words().contains("Record a ticket"));
        viewer.post("/meridian/tickets", &[]).await.expect(403);
    }
    async fn measurements_come_in_by_file_and_only_once(scene: Scene) {
        promise(&scene);
        let owner = scene.owner().await;
        for (kind, column) in [("outages", "announced_at"), ("tickets", "waiting")] {
            let template = owner.get(&format!("/meridian/imports/templates/{kind}.csv")).await.expect(200);
            assert!(template.text().contains(column), "{}", template.text());
            let page = owner.get(&format!("/meridian/imports/new?kind={kind}")).await.expect(200);
            assert!(page.words().contains(column), "{}", page.words());
        }
        // What is wrong is said row by row, and nothing is written.
        let wrong = "external_id,service,kind,began_at,ended_at,announced_at,note\n\
            O-1,Backup Max,outage,2026-11-04T02:00:00Z,2026-11-04T02:44:00Z,,Power\n\
            O-2,Backup Pro,outage,2026-11-04T03:00:00Z,2026-11-04T02:44:00Z,,Power\n\
            O-3,Backup Pro,maintenance,2026-11-05T02:00:00Z,2026-11-05T03:00:00Z,,Cables\n\
            O-4,Backup Pro,pause,yesterday,2026-11-05T03:00:00Z,,Cables\n";
        let page = dry_run(&owner, "outages", wrong).await;
        for said in ["No offering has this name.", "It ends after it begins.", "Say when customers were told.", "Give an instant in UTC"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM sla_events"), ["0"]);
        let outages = "external_id,service,kind,began_at,ended_at,announced_at,note\n\
            O-1,backup pro,outage,2026-11-04T02:00:00Z,2026-11-04T02:44:00Z,,Power was lost\n\
            O-2,Backup Pro,maintenance,2026-11-05T02:00:00Z,2026-11-05T03:00:00Z,2026-11-01T09:00:00Z,New cables\n";
        bring(&owner, "outages", outages).await;
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        for said in ["44 min 60 min 99.8980 % Missed", "Power was lost", "New cables"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let page = dry_run(&owner, "outages", outages).await;
        assert!(page.words().contains("As it is 2"), "{}", page.words());
        let other = outages.replace("02:44", "02:45");
        assert!(dry_run(&owner, "outages", &other).await.words().contains("says something else"));

        let tickets = "external_id,subscription,title,severity,opened_at,answered_at,resolved_at,waiting\n\
            HD-1,S-1,Nothing comes in,critical,2026-11-10T09:00:00Z,2026-11-10T09:59:00Z,2026-11-10T15:00:00Z,2026-11-10T10:00:00Z/2026-11-10T11:00:00Z; 2026-11-10T12:00:00Z/2026-11-10T13:00:00Z\n\
            HD-2,S-5,A question,,2026-11-11T09:00:00Z,,,\n";
        let wrong = tickets.replace("S-5", "S-77").replace("critical", "dire").replace("2026-11-10T15:00:00Z", "2026-11-10T09:30:00Z");
        let page = dry_run(&owner, "tickets", &wrong).await;
        assert!(page.words().contains("No subscription has this external id."), "{}", page.words());
        bring(&owner, "tickets", tickets).await;
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        // One answered within the hour, one not at all, and its time is up.
        assert!(page.words().contains("Around the clock 2 1 0 50.0000 % Missed for 1 of 2"), "{}", page.words());
        assert_eq!(scene.app.ask("SELECT count(*) AS value FROM sla_waits"), ["2"]);
        // The help desk's next file says the same of one, and more of the other.
        let later = tickets.replace("2026-11-11T09:00:00Z,,,", "2026-11-11T09:00:00Z,2026-11-11T09:20:00Z,,");
        let page = dry_run(&owner, "tickets", &later).await;
        assert!(page.words().contains("Changed 1 As it is 1"), "{}", page.words());
        bring(&owner, "tickets", &later).await;
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        assert!(page.words().contains("Around the clock 2 2 0 100.0000 % Kept"), "{}", page.words());
        let moved = later.replace("HD-1,S-1", "HD-1,S-2");
        assert!(dry_run(&owner, "tickets", &moved).await.words().contains("on record under another subscription"));
        scene.verified();
        // Who may not record them by hand may not bring them in either.
        let finance = scene.finance().await;
        let file = upload(tickets);
        let refused = finance.post_file("/meridian/imports", &[("kind", "tickets")], file).await;
        assert_eq!(refused.status, 403);
    }
}

fn upload(text: &str) -> Upload<'_> {
    Upload {
        field: "file",
        name: "measured.csv",
        content_type: "text/csv",
        bytes: text.as_bytes(),
    }
}

/// Sends a file in; gives the page that says what it would do.
async fn dry_run(owner: &Visitor, kind: &str, text: &str) -> Page {
    let sent = owner
        .post_file("/meridian/imports", &[("kind", kind)], upload(text))
        .await
        .expect(303);
    owner.follow(&sent).await.expect(200)
}

/// Sends a file in and applies it.
async fn bring(owner: &Visitor, kind: &str, text: &str) {
    let sent = owner
        .post_file("/meridian/imports", &[("kind", kind)], upload(text))
        .await
        .expect(303);
    let to = sent.location();
    let page = owner.follow(&sent).await.expect(200).words();
    assert!(page.contains("Would add"), "{page}");
    owner.post(&to, &[]).await.expect(303);
}
