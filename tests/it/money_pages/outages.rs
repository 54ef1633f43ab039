//! What was recorded of a service and withdrawn again: every month keeps its place, and nothing is
//! gone without a trace.
use perennial::domain::Role;

use super::{scene::Scene, service_levels::promise};
use crate::on_both;

on_both! {
    async fn a_withdrawn_outage_stands_in_the_history_of_its_service(scene: Scene) {
        promise(&scene);
        let owner = scene.owner().await;
        let page = owner.get("/meridian/service-levels?month=2026-12").await.expect(200);
        let form = page.form("main form[action='/meridian/service-levels']")
            .with("kind", "outage").with("began_at", "2026-11-04T02:00").with("ended_at", "2026-11-04T02:44").with("note", "Power was lost");
        // What is refused keeps the month that was looked at; what is recorded leads to its own.
        let earlier = owner.get("/meridian/service-levels?month=2026-10").await.expect(200);
        let wrong = earlier.form("main form[action='/meridian/service-levels']").with("kind", "outage").with("began_at", "never");
        let refused = owner.submit(&wrong).await.expect(422);
        assert_eq!(refused.form("main form[action='/meridian/service-levels']").value("month"), "2026-10");
        let done = owner.submit(&form).await.expect(303);
        assert!(done.location().ends_with("/service-levels?month=2026-11"), "{}", done.location());
        let page = owner.follow(&done).await.expect(200);
        let gone = owner.submit(&page.form("form[action$=withdrawal]")).await.expect(303);
        assert!(gone.location().ends_with("/service-levels?month=2026-11"), "{}", gone.location());
        let offering = scene.spelled_id::<perennial::id::Offering>("SELECT id AS value FROM offerings WHERE name = 'Backup Pro'");
        let record = owner.get(&format!("/meridian/offerings/{offering}")).await.expect(200);
        for said in [
            "Outage or maintenance recorded: Outage of Backup Pro",
            "from: empty →now 2026-11-04T01:00:00Z",
            "Outage or maintenance withdrawn: Outage of Backup Pro",
            "to: 2026-11-04T01:44:00Z →now empty",
            "note: Power was lost →now empty",
        ] {
            assert!(record.words().contains(said), "{said}: {}", record.words());
        }
    }

    async fn an_outage_of_a_service_without_promises_has_a_name(scene: Scene) {
        promise(&scene);
        let owner = scene.owner().await;
        let tenant = scene.app.tenant("meridian").number();
        // Files bring them for any offering: 302 is a draft.
        scene.app.sql(&format!(
            "INSERT INTO sla_events (tenant_id, id, offering_id, kind, began_at, ended_at, note, recorded_at) VALUES ({tenant}, 911, 302, 'outage', '2026-11-05 02:00:00', '2026-11-05 03:00:00', 'Disks', '2026-11-06 09:00:00')"
        ));
        let page = owner.get("/meridian/service-levels?month=2026-11").await.expect(200);
        for said in ["Archive", "Withdraw: Archive, 5 Nov 2026"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        let theirs = scene.partner("northwind", Role::PartnerSeller).await;
        let page = theirs.get("/meridian/p/northwind/service-levels?month=2026-11").await.expect(200);
        assert!(!page.words().contains("Disks") && !page.words().contains("Archive"), "{}", page.words());
    }

    async fn a_ticket_keeps_its_seconds_and_what_it_was(scene: Scene) {
        promise(&scene);
        let owner = scene.owner().await;
        let form = owner.get("/meridian/tickets?subscription=S-1").await.expect(200).form("main form[method=post]");
        // Answered within the hour, by one second.
        let form = form.with("external_id", "HD-1").with("title", "Nothing comes in").with("opened_at", "2026-11-10T10:00:30").with("answered_at", "2026-11-10T11:00:29");
        let ticket = owner.submit(&form).await.expect(303).location();
        let page = owner.get(&ticket).await.expect(200);
        assert!(page.words().contains("In time"), "{}", page.words());
        assert_eq!(page.attr("#opened_at", "step").as_deref(), Some("1"));
        let form = page.form("main form.form");
        assert_eq!(form.value("opened_at"), "2026-11-10T10:00:30");
        owner.submit(&form.with("title", "Nothing at all")).await.expect(303);
        let page = owner.get(&ticket).await.expect(200);
        for said in ["In time", "History", "title: Nothing comes in →now Nothing at all"] {
            assert!(page.words().contains(said), "{said}: {}", page.words());
        }
        assert!(!page.words().contains("opened: 2026"), "{}", page.words());
        let theirs = scene.partner("northwind", Role::PartnerSeller).await;
        let own = ticket.replace("/meridian/", "/meridian/p/northwind/");
        assert!(!theirs.get(&own).await.expect(200).words().contains("History"));

        owner.submit(&page.form("form[action$=withdrawal]")).await.expect(303);
        let sold = scene.spelled_id::<perennial::id::Subscription>("SELECT id AS value FROM subscriptions WHERE external_id = 'S-1'");
        let record = owner.get(&format!("/meridian/subscriptions/{sold}")).await.expect(200);
        for said in ["Ticket withdrawn: HD-1", "title: Nothing at all →now empty", "opened: 2026-11-10T09:00:30Z →now empty"] {
            assert!(record.words().contains(said), "{said}: {}", record.words());
        }
        // What an SLA policy said before stands on its own page.
        let policies = owner.get("/meridian/sla-policies").await.expect(200);
        let edit = policies.attr("main a[href$='/edit']", "href").unwrap();
        let form = owner.get(&edit).await.expect(200).form("main form[method=post]");
        owner.submit(&form.with("name", "Standard 2027")).await.expect(303);
        let page = owner.get(&edit).await.expect(200);
        assert!(page.words().contains("name: Standard →now Standard 2027"), "{}", page.words());
    }
}
