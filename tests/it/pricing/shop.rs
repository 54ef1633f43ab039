//! A vendor that writes its plans, and a partner with one customer who buys them, all by form.
use perennial::domain::Role;

use crate::{
    harness::TestApp,
    support::{
        http::{Page, Upload, Visitor},
        postgres::Kind,
    },
};

pub struct Shop {
    pub app: TestApp,
    pub owner: Visitor,
    pub offering: String,
    pub customer: String,
}

pub fn last(address: &str) -> &str {
    address.rsplit('/').next().unwrap()
}

/// The fields that a refused form leads to.
pub fn problems(page: &Page) -> Vec<String> {
    page.attrs(".summary a", "href")
}

impl Shop {
    /// On 10 Nov 2026, with an offering without plans.
    pub async fn on(kind: Kind) -> Self {
        let app = TestApp::on(kind).await;
        app.vendor("meridian");
        app.partner("meridian", "northwind");
        app.now_is("2026-11-10T09:00:00Z");
        let owner = app.staff_of("meridian", Role::Owner).await;
        let mut shop = Self {
            app,
            owner,
            offering: String::new(),
            customer: String::new(),
        };
        shop.offering = shop.add_offering().await;
        shop.customer = shop.add_customer().await;
        shop
    }

    /// The same shop at another time, which may be after the sign-in ran out.
    pub async fn at(mut self, now: &str) -> Self {
        self.app.now_is(now);
        self.owner = self.app.staff_of("meridian", Role::Owner).await;
        self
    }

    pub async fn page(&self, at: &str) -> Page {
        self.owner.get(at).await.expect(200)
    }

    async fn add_offering(&self) -> String {
        let form = self.page("/meridian/offerings/new").await;
        let form = form.form("form[action='/meridian/offerings']");
        let form = form
            .with("name", "Vault")
            .with("category", "Backup")
            .with("summary", "Backups kept apart.");
        self.owner.submit(&form).await.expect(303).location()
    }

    async fn add_customer(&self) -> String {
        let id = self.app.ask("SELECT id AS value FROM partners");
        let id = crate::harness::spelled::<perennial::id::Partner>(id[0].parse().unwrap());
        let form = self
            .page(&format!("/meridian/customers/new?partner={id}"))
            .await;
        let form = form.form("form[action='/meridian/customers']");
        let form = form
            .with("name", "Hotel Adler")
            .with("country", "DE")
            .with("tax", "19");
        self.owner.submit(&form).await.expect(303).location()
    }

    /// Sends the form of a new plan in.
    pub async fn try_plan(&self, code: &str, fields: &[(&str, &str)]) -> Page {
        let form = self.page(&format!("{}/plans/new", self.offering)).await;
        let mut form = form
            .form("form[action$='/plans']")
            .with("name", code)
            .with("code", code);
        for (name, value) in fields {
            form = form.with(name, value);
        }
        self.owner.submit(&form).await
    }

    /// Adds a plan, publishes it, and with the first one the offering.
    pub async fn plan(&self, code: &str, fields: &[(&str, &str)]) {
        self.try_plan(code, fields).await.expect(303);
        self.publish().await;
    }

    pub async fn publish(&self) {
        let page = self.page(&self.offering).await;
        let form = page.form("form[action*='/plan-versions/'][action$='/publication']");
        self.owner.submit(&form).await.expect(303);
        let page = self.page(&self.offering).await;
        let offering = "form[action*='/offerings/'][action$='/publication']";
        if !page.select(offering).is_empty() {
            let form = page.form(offering);
            self.owner.submit(&form).await.expect(303);
        }
    }

    /// Starts a subscription; gives its address.
    pub async fn sell(&self, plan: &str, quantity: &str, from: &str) -> String {
        self.sell_with(plan, &[("quantity", quantity), ("starts_on", from)])
            .await
    }

    pub async fn sell_with(&self, plan: &str, fields: &[(&str, &str)]) -> String {
        let at = format!(
            "/meridian/subscriptions/new?customer={}",
            last(&self.customer)
        );
        let form = self.page(&at).await;
        let mut form = form
            .form("form[action='/meridian/subscriptions']")
            .with("plan", plan);
        for (name, value) in fields {
            form = form.with(name, value);
        }
        let answer = self.owner.submit(&form).await;
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

    /// The newest invoice of a subscription, as its page shows it.
    pub async fn newest_invoice(&self) -> Page {
        let id = self
            .app
            .ask("SELECT id AS value FROM invoices ORDER BY id DESC LIMIT 1");
        let id = crate::harness::spelled::<perennial::id::Invoice>(id[0].parse().unwrap());
        self.page(&format!("/meridian/invoices/{id}")).await
    }

    /// What lines charge, oldest invoice first, before tax.
    pub fn nets(&self) -> Vec<String> {
        self.app
            .ask("SELECT net_minor AS value FROM invoice_lines ORDER BY invoice_id, line_no")
    }

    /// What credit notes took back of lines before tax, and of which, oldest note first.
    pub fn given_back(&self) -> Vec<String> {
        self.app.ask(
            "SELECT credit_note_lines.net_minor || ' on ' || invoice_lines.description AS value
               FROM credit_note_lines
               JOIN invoice_lines ON invoice_lines.id = credit_note_lines.invoice_line_id
              ORDER BY credit_note_lines.id",
        )
    }

    /// Bills what is due by today, as the daily run does.
    pub fn bill(&self, today: &str) {
        let scope = self.app.operator("meridian");
        let today = today.parse().unwrap();
        self.app
            .store
            .write_now(scope, |tx| {
                perennial::services::revenue::billing::bill_due(tx, today)
            })
            .unwrap();
    }

    /// Fails when the ledger contradicts itself anywhere.
    pub fn verify(&self) {
        let scope = self.app.operator("meridian");
        let found = self
            .app
            .store
            .read_now(scope, perennial::services::verify::verify);
        assert!(found.as_ref().unwrap().is_empty(), "{found:#?}");
    }

    /// Sends a file of usage in; gives the page that says what it would do.
    pub async fn report(&self, text: &str) -> Page {
        let file = Upload {
            field: "file",
            name: "usage.csv",
            content_type: "text/csv",
            bytes: text.as_bytes(),
        };
        let sent = self
            .owner
            .post_file("/meridian/imports", &[("kind", "usage")], file)
            .await
            .expect(303);
        self.owner.follow(&sent).await.expect(200)
    }

    /// Sends a file of usage in and applies it.
    pub async fn bring(&self, text: &str) {
        let file = Upload {
            field: "file",
            name: "usage.csv",
            content_type: "text/csv",
            bytes: text.as_bytes(),
        };
        let sent = self
            .owner
            .post_file("/meridian/imports", &[("kind", "usage")], file)
            .await
            .expect(303);
        let to = sent.location();
        let page = self.owner.follow(&sent).await.expect(200).words();
        assert!(page.contains("Would add"), "{page}");
        self.owner.post(&to, &[]).await.expect(303);
    }
}
