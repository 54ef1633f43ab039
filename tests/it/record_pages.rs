//! Partners, customers, subscriptions and files, as people keep them through the pages.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set its scene has failed"
)]

use perennial::{
    domain::{
        BillingInterval, DeliveryParty, Price, Rate, Role, SlaCalendar, SlaMetric, UnitPrice,
    },
    services::{
        catalogue::{
            offerings, plans,
            plans::{Draft as PlanDraft, PriceDraft},
            sla,
        },
        incentivize::{
            commission_plans::{self, ClauseDraft},
            tiers,
        },
    },
    store::catalogue::{plans::Terms, sla::Target},
};

use crate::{
    harness::{TestApp, spelling},
    on_both,
    support::{
        http::{Page, Upload, Visitor},
        postgres::Kind,
    },
};

fn read<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// Meridian sells one plan, has one tier and one commission plan, and no partner yet.
struct Desk {
    app: TestApp,
    owner: Visitor,
}

impl Desk {
    async fn on(kind: Kind) -> Self {
        let app = TestApp::on(kind).await;
        app.vendor("meridian");
        app.vendor("rivalco");
        app.now_is("2026-11-10T09:00:00Z");
        catalogue(&app);
        let owner = app.staff_of("meridian", Role::Owner).await;
        Self { app, owner }
    }

    /// Adds a partner by its form; gives its address.
    async fn partner(&self, name: &str) -> String {
        let form = self.owner.get("/meridian/partners/new").await.expect(200);
        let form = form.form("form[action='/meridian/partners']");
        let form = form.with("name", name).with("country", "de");
        self.owner.submit(&form).await.expect(303).location()
    }

    /// Adds a customer by its form; gives its address.
    async fn customer(&self, partner: &str, name: &str) -> String {
        let id = last(partner);
        let at = format!("/meridian/customers/new?partner={id}");
        let form = self.owner.get(&at).await.expect(200);
        let form = form.form("form[action='/meridian/customers']");
        // The way here named it by its id; the field says its name.
        assert!(!form.value("partner").is_empty() && form.value("partner") != id);
        let form = form
            .with("name", name)
            .with("country", "DE")
            .with("tax", "19");
        self.owner.submit(&form).await.expect(303).location()
    }

    /// Starts a subscription by its form; gives its address.
    async fn subscription(&self, customer: &str, quantity: &str, from: &str) -> String {
        let at = format!("/meridian/subscriptions/new?customer={}", last(customer));
        let form = self.owner.get(&at).await.expect(200);
        let form = form.form("form[action='/meridian/subscriptions']");
        let form = form
            .with("plan", "VAULT-M")
            .with("quantity", quantity)
            .with("starts_on", from);
        self.started(self.owner.submit(&form).await).await
    }

    /// Where a sale leads; one that makes more than one invoice is confirmed first.
    async fn started(&self, answer: Page) -> String {
        if answer.status != 200 {
            return answer.expect(303).location();
        }
        let said = answer.words();
        assert!(
            said.contains("invoices are issued at once") || said.contains("Nobody earns"),
            "{said}"
        );
        let confirm = answer.form("form[action='/meridian/subscriptions']");
        self.owner.submit(&confirm).await.expect(303).location()
    }
}

fn last(address: &str) -> &str {
    address.rsplit('/').next().unwrap()
}

fn catalogue(app: &TestApp) {
    let scope = app.operator("meridian");
    let plan = PlanDraft {
        terms: Terms {
            currency: read("EUR"),
            interval: BillingInterval::Month,
            term_months: 12,
            notice_days: 30,
            trial_days: 0,
            anchor_day: None,
            minimum_minor: 0,
            proration: perennial::domain::Proration::Day,
        },
        prices: vec![PriceDraft {
            label: read("Seat"),
            price: Price::per_seat(UnitPrice::from_micro(1_000_000_000).unwrap()),
            commissionable: true,
        }],
    };
    let promise = Target {
        metric: SlaMetric::Availability,
        threshold: 999_000,
        calendar: SlaCalendar::Always,
        credit: read("10"),
        share: read("100"),
        severity: None,
    };
    let written = app.store.write_now(scope, |tx| {
        let policy = sla::Draft {
            name: read("Standard"),
            summary: read("For every offering."),
            terms: perennial::domain::sla::Terms::default(),
            targets: vec![promise.clone()],
        };
        let offering = offerings::Draft {
            name: read("Vault"),
            category: read("Backup"),
            summary: read("Backups kept apart."),
            delivery: DeliveryParty::Shared,
            sla_policy: Some(sla::add(tx, &policy)?),
        };
        let offering = offerings::add(tx, &offering)?;
        let (_, version) = plans::add(tx, offering, (&read("VAULT-M"), &read("Monthly")), &plan)?;
        plans::publish(tx, version, 1)?;
        offerings::publish(tx, offering, 1)?;
        tiers::add(
            tx,
            &tiers::Draft {
                name: read("Gold"),
                rank: 10,
            },
        )?;
        let clause = ClauseDraft {
            phase: None,
            tier: None,
            rate: Rate::from_bps(2_000).unwrap(),
            ..ClauseDraft::default()
        };
        let terms = commission_plans::Draft {
            effective_from: read("2026-01-01"),
            hold_days: 30,
            outcome: String::new(),
            extras: perennial::domain::commission::extras::PlanExtras::default(),
            clauses: vec![clause],
        };
        let (_, version) = commission_plans::add(tx, &read("Recurring"), &terms)?;
        commission_plans::publish(tx, version, 1)
    });
    written.unwrap();
}

fn problems(page: &Page) -> Vec<String> {
    page.attrs(".summary a", "href")
}

on_both! {
    async fn a_partner_is_taken_on_and_kept(desk: Desk) {
        let owner = &desk.owner;
        let empty = owner.get("/meridian/partners").await.expect(200);
        assert!(empty.words().contains("No partners yet"));

        let form = owner.get("/meridian/partners/new").await.expect(200);
        let form = form.form("form[action='/meridian/partners']");
        let wrong = form.clone().with("name", "Northwind & Söhne").with("country", "Germany");
        let again = owner.submit(&wrong).await.expect(422);
        assert_eq!(problems(&again), ["#country"]);
        assert_eq!(again.attr("#name", "value").unwrap(), "Northwind & Söhne");

        let right = form.with("name", "Northwind & Söhne").with("country", "de");
        let to = owner.submit(&right).await.expect(303).location();
        let twice = owner.submit(&right).await.expect(303).location();
        assert_eq!(to, twice);
        let page = owner.get(&to).await.expect(200);
        assert!(page.words().contains("Northwind & Söhne was added."));
        assert!(page.words().contains("Enroll the partner in a commission plan, or set its resale terms."));

        let tier = page.form("form[action$='/tier']");
        let refused = owner.submit(&tier.clone().with("tier_from", "31 Feb")).await.expect(422);
        assert_eq!(problems(&refused), ["#tier_from"]);
        owner.submit(&tier.with("tier_from", "2026-10-01")).await.expect(303);
        let page = owner.get(&to).await.expect(200);
        let terms = page.form("form[action$='/enrolment']");
        let early = owner.submit(&terms.clone().with("from", "2025-12-31")).await.expect(422);
        assert_eq!(problems(&early), ["#from"]);
        owner.submit(&terms.with("from", "2026-10-01")).await.expect(303);
        let page = owner.get(&to).await.expect(200);
        assert!(page.words().contains("Gold"), "{}", page.words());
        assert!(page.words().contains("Recurring, version 1"));

        let list = owner.get("/meridian/partners?q=söhne&stage=recruit&status=active").await.expect(200);
        assert!(list.words().contains("1 partner"));
        let none = owner.get("/meridian/partners?country=FR").await.expect(200);
        assert!(none.words().contains("No partner fits."));
        let file = owner.get("/meridian/partners.csv?q=northwind").await.expect(200);
        assert!(file.header("content-type").starts_with("text/csv"));
        assert!(file.text().contains("Northwind & Söhne"), "{}", file.text());
    }

    async fn a_partner_is_named_in_a_field_and_doubt_is_told(desk: Desk) {
        let owner = &desk.owner;
        let (north, _) = (desk.partner("Northwind").await, desk.partner("North Sea Data").await);
        desk.customer(&north, "Hotel Adler").await;
        let list = async |named: &str| {
            owner.get(&format!("/meridian/customers?partner={named}")).await.expect(200)
        };
        for named in ["northwind", "NORTHWIND", "wind", last(&north)] {
            let page = list(named).await;
            assert!(page.words().contains("1 customer"), "{named}: {}", page.words());
            assert_eq!(page.attr("#filter-partner", "value").unwrap(), "Northwind");
        }
        let doubtful = list("north").await;
        assert!(doubtful.words().contains("Several partners fit “north”, such as North Sea Data, Northwind."), "{}", doubtful.words());
        assert!(!doubtful.words().contains("Hotel Adler"));
        assert_eq!(doubtful.attr("#filter-partner", "aria-invalid").unwrap(), "true");
        assert!(list("sud").await.words().contains("No partner is called that."));
        assert_eq!(list("north").await.attrs("datalist option", "value"), ["North Sea Data", "Northwind"]);
        owner.get("/meridian/customers.csv?partner=north").await.expect(422);
        let sold = owner.get("/meridian/subscriptions?partner=north").await.expect(200);
        assert!(sold.words().contains("Several partners fit"));

        let form = owner.get("/meridian/customers/new").await.expect(200);
        let form = form.form("form[action='/meridian/customers']");
        let form = form.with("name", "Clinic am Park").with("country", "DE").with("tax", "19");
        for (named, why) in [("", "Give the partner’s name"), ("north", "Several partners fit"), ("sud", "No partner is called that.")] {
            let again = owner.submit(&form.clone().with("partner", named)).await.expect(422);
            assert_eq!(problems(&again), ["#partner"], "{named}");
            assert!(again.words().contains(why), "{}", again.words());
            assert_eq!(again.attr("#partner", "value").unwrap(), named);
        }
        owner.submit(&form.with("partner", "north sea")).await.expect(303);
        assert!(list("north sea data").await.words().contains("Clinic am Park"));
        // Countries and currencies are those there are.
        let page = list("").await;
        assert_eq!(page.attrs("#filter-country option", "value"), ["", "DE"]);
        assert_eq!(sold.attrs("#filter-currency option", "value"), ["", "EUR"]);
    }

    async fn an_offering_is_closed_after_it_was_confirmed(desk: Desk) {
        let owner = &desk.owner;
        let list = owner.get("/meridian/offerings").await.expect(200);
        let offering = list.attr("tbody th a", "href").unwrap();
        let page = owner.get(&offering).await.expect(200);
        assert!(page.attr("form[action$='/closing']", "action").is_none());
        let confirm = owner.get(&page.attr("a[href$='/closing']", "href").unwrap()).await.expect(200);
        assert!(confirm.words().contains("Vault") && confirm.words().contains("takes no new customers"), "{}", confirm.words());
        assert!(owner.get(&offering).await.expect(200).words().contains("Published"));
        owner.submit(&confirm.form("form[action$='/closing']")).await.expect(303);
        let page = owner.get(&offering).await.expect(200);
        assert!(page.words().contains("Closed to new customers"), "{}", page.words());
        let retire = owner.get(&page.attr("a[href$='/retirement']", "href").unwrap()).await.expect(200);
        owner.submit(&retire.form("form[action$='/retirement']")).await.expect(303);
        assert!(owner.get(&offering).await.expect(200).words().contains("Retired"));
        let late = owner.get(&format!("{offering}/closing")).await.expect(303);
        assert_eq!(late.location(), offering);
        let viewer = desk.app.staff_of("meridian", Role::VendorViewer).await;
        viewer.get(&format!("{offering}/closing")).await.expect(403);
    }

    async fn each_form_of_the_settings_keeps_its_own_problems(desk: Desk) {
        let owner = &desk.owner;
        let page = owner.get("/meridian/settings").await.expect(200);
        assert_eq!(page.attrs("#currency option", "value"), ["EUR"]);
        let minimum = page.form("form[action$='/payout-minimums']");
        let again = owner.submit(&minimum.clone().with("minimum", "fifty")).await.expect(422);
        assert_eq!(again.attrs("form[action$='/payout-minimums'] .summary a", "href"), ["#minimum"]);
        assert!(again.attrs("form[action$='/settings'] .summary a", "href").is_empty());
        assert_eq!(again.attr("#minimum", "value").unwrap(), "fifty");
        owner.submit(&minimum.with("minimum", "75")).await.expect(303);
        assert!(owner.get("/meridian/settings").await.expect(200).words().contains("75.00"));
        let general = page.form("form[action$='/settings']");
        let again = owner.submit(&general.with("payout_day", "31")).await.expect(422);
        assert!(again.attrs("form[action$='/payout-minimums'] .summary a", "href").is_empty());
    }

    async fn times_are_told_by_each_persons_own_clock(desk: Desk) {
        let owner = &desk.owner;
        let partner = desk.partner("Northwind").await;
        // The vendor's zone, for who chose none.
        let page = owner.get(&partner).await.expect(200);
        assert!(page.words().contains("10 Nov 2026, 10:00 CET"), "{}", page.words());
        assert!(!page.words().contains("UTC"));
        let account = owner.get("/account").await.expect(200);
        assert!(account.words().contains("It is 10 Nov 2026, 10:00 CET by your clock."), "{}", account.words());
        let form = account.form("form[action='/account/time-zone']");
        let again = owner.submit(&form.clone().with("time_zone", "Berlin")).await.expect(422);
        assert_eq!(problems(&again), ["#time_zone"]);
        assert_eq!(again.attr("#time_zone", "value").unwrap(), "Berlin");
        owner.submit(&form.clone().with("time_zone", "America/New_York")).await.expect(303);
        let page = owner.get(&partner).await.expect(200);
        assert!(page.words().contains("10 Nov 2026, 04:00 EST"), "{}", page.words());
        let people = owner.get("/meridian/people").await.expect(200);
        assert!(people.words().contains("EST") && !people.words().contains("CET"), "{}", people.words());
        // Nobody else's clock has moved.
        let colleague = desk.app.staff_of("meridian", Role::ChannelManager).await;
        assert!(colleague.get(&partner).await.expect(200).words().contains("10:00 CET"));
        owner.submit(&form.with("time_zone", "")).await.expect(303);
        assert!(owner.get(&partner).await.expect(200).words().contains("10:00 CET"));
    }

    async fn who_saves_second_sees_both(desk: Desk) {
        let owner = &desk.owner;
        let to = desk.partner("Northwind").await;
        let edit = owner.get(&format!("{to}/edit")).await.expect(200);
        let form = edit.form(&format!("form[action='{to}']"));
        owner.submit(&form.clone().with("legal_name", "Northwind AG")).await.expect(303);
        let stale = owner.submit(&form.with("legal_name", "Northwind SE")).await.expect(409);
        assert!(stale.words().contains("Northwind AG") && stale.words().contains("Northwind SE"));
        // The form that came back is up to date: saving it puts it over theirs.
        let over = stale.form(&format!("form[action='{to}']"));
        assert_eq!(over.value("legal_name"), "Northwind SE");
        owner.submit(&over).await.expect(303);
        let page = owner.get(&to).await.expect(200);
        assert!(page.words().contains("Northwind SE"));

        let leave = owner.get(&format!("{to}/status")).await.expect(200);
        owner.submit(&leave.form("form[action$='/status']")).await.expect(303);
        let page = owner.get(&to).await.expect(200);
        assert!(page.words().contains("Left the program on "));
    }

    async fn a_subscription_is_sold_changed_and_canceled(desk: Desk) {
        let owner = &desk.owner;
        let partner = desk.partner("Northwind").await;
        let page = owner.get(&partner).await.expect(200);
        let terms = page.form("form[action$='/enrolment']").with("from", "2026-10-01");
        owner.submit(&terms).await.expect(303);
        let customer = desk.customer(&partner, "Hotel Adler").await;
        let sold = desk.subscription(&customer, "10", "2026-11-01").await;
        let page = owner.get(&sold).await.expect(200);
        // 10 seats at EUR 10.00, with 19 % tax.
        assert!(page.words().contains("119.00"), "{}", page.words());
        assert!(page.words().contains("Recurring, version 1"));

        let form = owner.get(&format!("{sold}/quantity")).await.expect(200);
        let form = form.form("form[action$='/quantity']").with("quantity", "16");
        let form = form.with("effective_on", "2026-11-10").with("reason", "New branch");
        let shown = owner.submit(&form).await.expect(200);
        // Six more for 21 of 30 days: EUR 42.00, with tax EUR 49.98.
        assert!(shown.words().contains("49.98"), "{}", shown.words());
        assert!(shown.words().contains("from EUR\u{a0}100.00 to EUR\u{a0}160.00")
            || shown.words().contains("from EUR 100.00 to EUR 160.00"), "{}", shown.words());
        let untouched = owner.get(&sold).await.expect(200);
        assert!(!untouched.words().contains("49.98"));
        let confirm = shown.form("form[action$='/quantity']");
        owner.submit(&confirm).await.expect(303);
        owner.submit(&confirm).await.expect(303);
        let page = owner.get(&sold).await.expect(200);
        assert!(page.words().contains("From 10 to 16") && page.words().contains("New branch"));
        assert_eq!(page.words().matches("49.98").count(), 1);

        let late = owner.submit(&form).await.expect(409);
        assert!(late.words().contains("Nothing of yours was saved"), "{}", late.words());

        let form = owner.get(&format!("{sold}/cancellation")).await.expect(200);
        let form = form.form("form[action$='/cancellation']");
        let silent = owner.submit(&form).await.expect(422);
        assert_eq!(problems(&silent), ["#reason"]);
        let form = form.with("when", "now").with("effective_on", "2026-11-10").with("reason", "Closed down");
        let shown = owner.submit(&form).await.expect(200);
        assert!(shown.words().contains("credit note of"), "{}", shown.words());
        owner.submit(&shown.form("form[action$='/cancellation']")).await.expect(303);
        let page = owner.get(&sold).await.expect(200);
        assert!(page.words().contains("Has ended") && page.words().contains("Credit notes"));
        let list = owner.get("/meridian/subscriptions?status=canceled&currency=EUR").await.expect(200);
        assert!(list.words().contains("1 subscription"));
        let file = owner.get("/meridian/subscriptions.csv").await.expect(200);
        assert!(file.text().contains("Hotel Adler,Northwind,\"Vault, Monthly\",Canceled"), "{}", file.text());
    }

    async fn a_cancellation_set_for_later_is_undone_once_and_in_time(desk: Desk) {
        let owner = &desk.owner;
        let partner = desk.partner("Northwind").await;
        let customer = desk.customer(&partner, "Hotel Adler").await;
        let sold = desk.subscription(&customer, "10", "2026-11-01").await;
        let undo = format!("{sold}/cancellation/undo");
        owner.get(&undo).await.expect(409);
        let end_later = async || {
            let form = owner.get(&format!("{sold}/cancellation")).await.expect(200);
            let form = form.form("form[action$='/cancellation']").with("when", "period_end");
            let shown = owner.submit(&form.with("reason", "Moves away")).await.expect(200);
            assert!(shown.words().contains("This can be undone until the last day served."));
            owner.submit(&shown.form("form[action$='/cancellation']")).await.expect(303);
        };
        end_later().await;
        let page = owner.get(&sold).await.expect(200);
        assert!(page.words().contains("a month until 30 Nov 2026."), "{}", page.words());
        assert_eq!(page.attr("a[href$='/undo']", "href").unwrap(), undo);
        let viewer = desk.app.staff_of("meridian", Role::VendorViewer).await;
        assert!(viewer.get(&sold).await.expect(200).attr("a[href$='/undo']", "href").is_none());
        viewer.get(&undo).await.expect(403);

        let shown = owner.get(&undo).await.expect(200);
        assert!(shown.words().contains("the next month is billed on 1 Dec 2026"), "{}", shown.words());
        let form = shown.form("form[action$='/undo']");
        let silent = owner.submit(&form).await.expect(422);
        assert_eq!(problems(&silent), ["#reason"]);
        let form = form.with("reason", "Stays after all");
        owner.submit(&form).await.expect(303);
        owner.submit(&form).await.expect(303);
        owner.submit(&form.clone().with("form_id", "another-form-00000001")).await.expect(409);
        let page = owner.get(&sold).await.expect(200);
        let said = page.words();
        assert!(said.contains("100.00 a month from 10 units.") && said.contains("1 Dec 2026"), "{said}");
        assert_eq!(said.matches("Kept on: the cancellation was undone").count(), 1);
        assert_eq!(said.matches("Kept on: no longer ends on 1 Dec 2026").count(), 1, "{said}");
        assert!(said.contains("Stays after all") && !said.contains("Undo the cancellation"));

        // Set to end again: once the day has come it is over, whether the daily run was there or not.
        end_later().await;
        let late = owner.get(&undo).await.expect(200).form("form[action$='/undo']");
        desk.app.now_is("2026-12-01T09:00:00Z");
        let late = late.with("reason", "Too late");
        let owner = desk.app.staff_of("meridian", Role::Owner).await;
        let refused = owner.submit(&late).await.expect(409);
        assert!(refused.words().contains("1 Dec 2026 was its end"), "{}", refused.words());
    }

    async fn a_pause_gives_back_its_days_and_a_resumption_charges_the_rest(desk: Desk) {
        let partner = desk.partner("Northwind").await;
        let customer = desk.customer(&partner, "Hotel Adler").await;
        let sold = desk.subscription(&customer, "9", "2026-11-01").await;
        // 90.00 for the thirty days of November, of which twenty go back, with 19 % of tax.
        desk.app.now_is("2026-11-11T09:00:00Z");
        let owner = desk.app.staff_of("meridian", Role::Owner).await;
        owner.get(&format!("{sold}/resume")).await.expect(409);
        let form = owner.get(&format!("{sold}/pause")).await.expect(200).form("form[action$='/pause']");
        let silent = owner.submit(&form).await.expect(422);
        assert_eq!(problems(&silent), ["#reason"]);
        let form = form.with("reason", "Closed for rebuilding");
        let early = owner.submit(&form.clone().with("effective_on", "2026-11-12")).await.expect(422);
        assert_eq!(problems(&early), ["#effective_on"]);
        let shown = owner.submit(&form).await.expect(200);
        assert!(shown.words().contains("A credit note of EUR 71.40 with tax is issued"), "{}", shown.words());
        let form = shown.form("form[action$='/pause']");
        owner.submit(&form).await.expect(303);
        owner.submit(&form).await.expect(303);
        let paused = owner.get(&sold).await.expect(200);
        assert!(paused.words().contains("Paused: nothing is billed."), "{}", paused.words());
        let list = owner.get("/meridian/subscriptions?status=paused&currency=EUR").await.expect(200);
        assert!(list.words().contains("1 subscription"));
        owner.get(&format!("{sold}/pause")).await.expect(409);
        // A paused subscription keeps its quantity: the form says so when it is sent.
        let form = owner.get(&format!("{sold}/quantity")).await.expect(200).form("form[action$='/quantity']");
        owner.submit(&form.with("quantity", "12").with("reason", "More")).await.expect(409);

        desk.app.now_is("2026-11-26T09:00:00Z");
        let owner = desk.app.staff_of("meridian", Role::Owner).await;
        let form = owner.get(&format!("{sold}/resume")).await.expect(200).form("form[action$='/resume']");
        let before = form.clone().with("effective_on", "2026-11-10").with("reason", "Open again");
        assert_eq!(problems(&owner.submit(&before).await.expect(422)), ["#effective_on"]);
        let shown = owner.submit(&form.with("reason", "Open again")).await.expect(200);
        assert!(shown.words().contains("An invoice of EUR 17.85 with tax is issued"), "{}", shown.words());
        owner.submit(&shown.form("form[action$='/resume']")).await.expect(303);
        let page = owner.get(&sold).await.expect(200);
        let said = page.words();
        assert!(said.contains("90.00 a month from 9 units.") && said.contains("1 Dec 2026"), "{said}");
        assert!(said.contains("Paused from that day") && said.contains("Resumed from that day"), "{said}");

        // A pause over the billing day: the period in which it ends is charged for its rest.
        desk.app.now_is("2026-12-21T09:00:00Z");
        let owner = desk.app.staff_of("meridian", Role::Owner).await;
        let turn = async |what: &str, on: &str| {
            let page = owner.get(&format!("{sold}/{what}")).await.expect(200);
            let form = page.form(&format!("form[action$='/{what}']")).with("effective_on", on);
            let shown = owner.submit(&form.with("reason", "A season")).await.expect(200);
            owner.submit(&shown.form(&format!("form[action$='/{what}']"))).await.expect(303);
            shown.words()
        };
        turn("pause", "2026-11-29").await;
        let shown = turn("resume", "2026-12-16").await;
        assert!(shown.contains("An invoice of EUR 55.28 with tax is issued, for 16–31 Dec 2026"), "{shown}");
        let page = owner.get(&sold).await.expect(200);
        assert!(page.words().contains("1 Jan 2027"), "{}", page.words());
        let scope = desk.app.store.lobby_now(|lobby| perennial::store::lobby::operator(lobby, "meridian")).unwrap();
        let found = desk.app.store.read_now(scope, perennial::services::verify::verify).unwrap();
        assert!(found.is_empty(), "{found:#?}");
    }

    async fn registers_are_narrowed_by_plan_and_paged(desk: Desk) {
        let owner = &desk.owner;
        let partner = desk.partner("Northwind").await;
        let customer = desk.customer(&partner, "Hotel Adler").await;
        desk.subscription(&customer, "1", "2026-11-01").await;
        let list = owner.get("/meridian/subscriptions").await.expect(200);
        let plans = list.attrs("#filter-plan option", "value");
        for plan in plans.iter().filter(|plan| !plan.is_empty()) {
            let narrowed = owner.get(&format!("/meridian/subscriptions?plan={plan}")).await.expect(200);
            assert!(narrowed.words().contains("1 subscription"), "{plan}");
        }
        assert_eq!(plans.len(), 3);
        let other = spelling("pln", 1);
        let none = owner.get(&format!("/meridian/subscriptions?plan={other}")).await.expect(200);
        assert!(none.words().contains("No subscription fits."));
        // Fifty to a page.
        for number in 0..52 {
            desk.customer(&partner, &format!("Guest house {number:02}")).await;
        }
        let first = owner.get("/meridian/customers?q=guest").await.expect(200);
        assert!(first.words().contains("50 of 52 customers"));
        let next = first.attr("a[rel=next]", "href").unwrap();
        let second = owner.get(&next).await.expect(200);
        assert!(second.words().contains("Guest house 51"), "{next}");
        let back = second.attr("a[rel=prev]", "href").unwrap();
        assert!(owner.get(&back).await.expect(200).words().contains("Guest house 00"));
        let file = owner.get("/meridian/customers.csv?q=guest").await.expect(200);
        assert_eq!(file.text().lines().count(), 53);
    }

    async fn a_file_is_checked_before_it_is_applied(desk: Desk) {
        let owner = &desk.owner;
        let new = owner.get("/meridian/imports/new?kind=partners").await.expect(200);
        assert!(new.words().contains("statement_email"));
        let template = owner.get("/meridian/imports/templates/partners.csv").await.expect(200);
        assert!(template.text().starts_with("external_id,name"));
        let send = async |text: &str| {
            let file = Upload { field: "file", name: "list.csv", content_type: "text/csv", bytes: text.as_bytes() };
            owner.post_file("/meridian/imports", &[("kind", "partners")], file).await
        };
        let bad = send("external_id,name,country\r\nP-1,Northwind,Germany\r\nP-2,,DE\r\n").await.expect(303);
        let bad = owner.follow(&bad).await.expect(200);
        assert!(bad.words().contains("2 problems in 2 rows"), "{}", bad.words());
        assert!(bad.select("form[method=post] .button").iter().all(|text| !text.starts_with("Apply")));
        let good = send("external_id,name,country\r\nP-1,Northwind,DE\r\nP-2,Contoso,FR\r\n").await.expect(303);
        let to = good.location();
        let good = owner.follow(&good).await.expect(200);
        assert!(good.words().contains("Would add 2, change 0"), "{}", good.words());
        owner.post(&to, &[]).await.expect(303);
        assert!(owner.get(&to).await.expect(200).words().contains("Added 2, changed 0"));
        // Pressed twice, it leads to what the first press did.
        assert_eq!(owner.post(&to, &[]).await.expect(303).location(), to);
        assert!(owner.get(&to).await.expect(200).words().contains("Added 2, changed 0"));
        let list = owner.get("/meridian/partners").await.expect(200);
        assert!(list.words().contains("2 partners"));
        let empty = send("").await.expect(422);
        assert_eq!(problems(&empty), ["#file"]);
        let seller = desk.app.staff_of("meridian", Role::VendorViewer).await;
        seller.get("/meridian/imports").await.expect(403);
    }

    async fn a_partner_sees_its_own_and_nothing_else(desk: Desk) {
        let partner = desk.partner("Northwind").await;
        let page = desk.owner.get(&partner).await.expect(200);
        let terms = page.form("form[action$='/enrolment']").with("from", "2026-10-01");
        desk.owner.submit(&terms).await.expect(303);
        let other = desk.partner("Contoso").await;
        let customer = desk.customer(&partner, "Hotel Adler").await;
        let foreign = desk.customer(&other, "Hotel Krone").await;
        let sold = desk.subscription(&customer, "10", "2026-11-01").await;
        let hidden = desk.subscription(&foreign, "10", "2026-11-01").await;

        let people = desk.owner.get(&format!("{partner}/people")).await.expect(200);
        assert!(people.words().contains("Partners") && people.words().contains("Northwind"));
        let tenant = desk.app.tenant("meridian").number();
        let id: perennial::id::PartnerId = last(&partner).parse().unwrap();
        let user = desk.app.person("mira@northwind.test", "Mira").number();
        desk.app.sql(&format!(
            "INSERT INTO memberships (tenant_id, id, user_id, partner_id, role, email, name, created_at)
             VALUES ({tenant}, 77, {user}, {}, 'partner_admin', 'mira@northwind.test', 'Mira', '2026-11-01 00:00:00')",
            id.number()
        ));
        let mira = desk.app.signed_in("mira@northwind.test").await;
        let base = "/meridian/p/northwind";
        let list = mira.get(&format!("{base}/customers")).await.expect(200);
        assert!(list.words().contains("Hotel Adler") && !list.words().contains("Krone"));
        mira.get(&format!("{base}/customers/{}", last(&customer))).await.expect(200);
        mira.get(&format!("{base}/customers/{}", last(&foreign))).await.expect(404);
        mira.get(&format!("{base}/subscriptions/{}", last(&hidden))).await.expect(404);
        let page = mira.get(&format!("{base}/subscriptions/{}", last(&sold))).await.expect(200);
        assert!(page.words().contains("20 %"), "{}", page.words());
        let file = mira.get(&format!("{base}/subscriptions.csv")).await.expect(200);
        assert_eq!(file.text().lines().count(), 2);
        let map = mira.get(&format!("{base}/lifecycle")).await.expect(200);
        assert!(map.words().contains("You are in Sell."), "{}", map.words());
        assert!(map.words().contains("Courses come later"));
        // Nothing is recorded for Enable and Market, so that no page shows them as passed.
        let home = mira.get(base).await.expect(200);
        let record = desk.owner.get(&partner).await.expect(200);
        for page in [&map, &home, &record] {
            assert_eq!(page.select("li.stage--unrecorded small"), ["Not recorded yet"; 2]);
            assert_eq!(page.select("li.stage[aria-current] span"), ["Sell"]);
            assert!(!page.select("li.stage--reached > span").join(" ").contains("Market"));
        }
        let table = map.select("td[data-label=You]").join(", ");
        assert!(table.contains("Not recorded yet, Not recorded yet, You are here"), "{table}");
        let shelf = mira.get(&format!("{base}/offerings")).await.expect(200);
        let offering = shelf.attr("tbody th a", "href").unwrap();
        let page = mira.get(&offering).await.expect(200);
        assert!(page.words().contains("99.9 %") && page.words().contains("10.00 per seat and month"), "{}", page.words());

        let board = desk.owner.get("/meridian/lifecycle").await.expect(200);
        assert!(board.words().contains("Northwind") && board.words().contains("Contoso"));
        assert_eq!(
            board.select(".board__column--unrecorded .board__none"),
            ["Not recorded yet"; 2]
        );
        let rival = desk.app.staff_of("rivalco", Role::Owner).await;
        for mine in [&partner, &customer, &sold] {
            let theirs = mine.replace("/meridian/", "/rivalco/");
            rival.get(&theirs).await.expect(404);
        }
    }
}
