//! Whoever tells the story: a browser without script, the worker, and the mail that arrives.
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use perennial::{
    domain::Role,
    mail::Post,
    secrets::SecretKey,
    services::account::invitations::{self, Delivery, Invitee},
    worker,
};

use crate::{
    harness::TestApp,
    support::{
        smtp::{Letter, SmtpSink},
        webdriver::Browser,
    },
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// What links in mail begin with, as the harness sets it.
const PUBLIC_URL: &str = "http://portal.example.com";

/// The portal, its worker, its mail server, and somebody at a browser.
pub struct Teller {
    // First, so that the worker has stopped before its database goes.
    _work: Work,
    pub app: TestApp,
    pub sink: SmtpSink,
    pub browser: Browser,
    /// Where pictures go, if anywhere.
    shots: Option<PathBuf>,
    pictures: AtomicUsize,
}

/// The worker's thread, as `serve` has it.
struct Work {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Work {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn secret() -> SecretKey {
    SecretKey::new(SECRET).unwrap()
}

impl Teller {
    pub async fn of(app: TestApp) -> Self {
        let sink = SmtpSink::start().await;
        let from = "Meridian <statements@meridian.test>";
        let post = Post::new(Some(&sink.url()), from, PUBLIC_URL, secret()).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = worker::start(
            app.store.clone(),
            post,
            worker::Pace::default(),
            stop.clone(),
        );
        let shots = std::env::var_os("SHOTS").map(|folder| {
            let folder = PathBuf::from(folder).join(format!("{:?}", app.database.kind()));
            std::fs::create_dir_all(&folder).unwrap();
            folder
        });
        Self {
            _work: Work {
                stop,
                thread: Some(thread),
            },
            app,
            sink,
            browser: Browser::start().await,
            shots,
            pictures: AtomicUsize::new(0),
        }
    }

    /// The link that `user create` prints for a vendor's first owner.
    pub fn owners_link(&self, vendor: &str, email: &str, name: &str) -> String {
        let invitee = Invitee {
            partner: None,
            email: email.parse().unwrap(),
            name: name.parse().unwrap(),
            role: Role::Owner,
        };
        let scope = self.app.operator(vendor);
        let invited = self.app.store.write_now(scope, |tx| {
            invitations::invite(tx, &secret(), &invitee, Delivery::Link)
        });
        let invited = invited.unwrap();
        format!("/invitations/{}", invited.token)
    }

    /// Opens a page of the portal.
    pub async fn open(&self, path: &str) {
        self.browser
            .goto(&format!("{}{path}", self.app.origin))
            .await;
    }

    /// Where the browser is, without the portal's origin.
    pub async fn place(&self) -> String {
        let url = self.browser.url().await;
        url.strip_prefix(&self.app.origin)
            .unwrap_or(&url)
            .to_owned()
    }

    /// Types over what stands in a field.
    pub async fn fill(&self, field: &str, text: &str) {
        let css = format!("#{field}");
        self.browser.clear(&css).await;
        if !text.is_empty() {
            self.browser.type_into(&css, text).await;
        }
    }

    pub async fn fill_all(&self, fields: &[(&str, &str)]) {
        for (field, text) in fields {
            self.fill(field, text).await;
        }
    }

    pub async fn choose(&self, field: &str, option: &str) {
        self.browser.select(&format!("#{field}"), option).await;
    }

    pub async fn press(&self, button: &str) {
        self.browser.click_button(button).await;
    }

    pub async fn follow(&self, link: &str) {
        self.browser.click_link(link).await;
    }

    /// Fails unless the part of the page says all of this.
    pub async fn reads(&self, css: &str, wanted: &[&str]) {
        let text = self.browser.texts(css).await.join(" ");
        for words in wanted {
            assert!(
                text.contains(words),
                "no {words:?} on {}:\n{text}",
                self.place().await
            );
        }
    }

    pub async fn headed(&self, title: &str) {
        assert_eq!(
            self.browser.text("h1").await,
            title,
            "{}",
            self.place().await
        );
    }

    /// The form came back: the problem stands beside its field and above the form, leads there, and
    /// what was typed is kept.
    pub async fn refused(&self, field: &str, why: &str, kept: &[(&str, &str)]) {
        let (browser, place) = (&self.browser, self.place().await);
        let problem = browser
            .text(&format!(".field--problem #{field}-problem"))
            .await;
        assert!(problem.contains(why), "{place}: {problem:?} beside {field}");
        assert!(
            browser.exists(&format!(".field--problem #{field}")).await,
            "{place}"
        );
        assert_eq!(
            browser
                .attr(&format!("#{field}"), "aria-invalid")
                .await
                .as_deref(),
            Some("true")
        );
        let described = browser
            .attr(&format!("#{field}"), "aria-describedby")
            .await
            .unwrap();
        assert!(
            described.contains(&format!("{field}-problem")),
            "{place}: {described}"
        );
        let above = browser.text(&format!(".summary a[href='#{field}']")).await;
        assert!(above.contains(why), "{place}: {above:?} above the form");
        assert!(
            browser.title().await.starts_with("Error: "),
            "{place}: {}",
            browser.title().await
        );
        for (name, typed) in kept {
            assert_eq!(
                &browser.value(&format!("#{name}")).await,
                typed,
                "{place}: {name} is not kept"
            );
        }
        self.picture(&format!("refused-{field}")).await;
    }

    pub async fn sign_in(&self, email: &str, password: &str) {
        self.open("/sign-in").await;
        self.fill_all(&[("email", email), ("password", password)])
            .await;
        self.press("Sign in").await;
    }

    /// The letter to somebody, once it has come.
    pub async fn letter_to(&self, email: &str) -> Letter {
        for letters in 1..50 {
            let received = self.sink.wait_for(letters, Duration::from_secs(30)).await;
            let letter = received
                .iter()
                .map(|one| one.parsed())
                .find(|one| one.to == [email]);
            if let Some(letter) = letter {
                return letter;
            }
        }
        panic!("no letter to {email}");
    }

    /// Where a letter's link leads, from the portal's origin on.
    pub fn link_in(letter: &Letter) -> String {
        let (_, rest) = letter.text.split_once(PUBLIC_URL).expect("a link");
        let link = rest.split_whitespace().next().unwrap();
        assert!(
            letter.html.contains(link),
            "the two parts of the letter lead elsewhere"
        );
        link.to_owned()
    }

    /// A picture of the whole page, where pictures are wanted.
    pub async fn picture(&self, name: &str) {
        if let Some(folder) = &self.shots {
            let number = self.pictures.fetch_add(1, Ordering::Relaxed);
            self.browser
                .screenshot_page(&folder.join(format!("{number:02}-{name}.png")))
                .await;
        }
    }
}
