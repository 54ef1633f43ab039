//! A person at a real browser, script turned off: Chromium driven over the W3C WebDriver protocol.
//!
//! Binaries are found on PATH or named by `CHROMEDRIVER` and `CHROMIUM`.
use std::{path::Path, sync::Once, time::Duration};

use mail_parser::decoders::base64::base64_decode;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use driver::{Driver, programs};

/// The key under which the protocol names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Light or dark, as the person's system prefers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

/// How the browser is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    pub scheme: Scheme,
    /// Off, as the product promises to work without it.
    pub script: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 900,
            scheme: Scheme::Light,
            script: false,
        }
    }
}

/// Keys that are not characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Tab,
    Enter,
    Space,
    ArrowDown,
}

/// A browser window with a profile of its own. Dropping it closes the browser.
pub struct Browser {
    client: Client,
    /// `http://127.0.0.1:PORT/session/ID`.
    session: String,
    driver: Driver,
    _profile: TempDir,
}

/// Something on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element(String);

impl Browser {
    /// Whether chromedriver and Chromium are on this machine.
    pub fn available() -> bool {
        programs().is_some()
    }

    /// Whether a browser journey can be made. Says once when it cannot.
    ///
    /// # Panics
    /// When there is no browser and `REQUIRE_BROWSER=1` says that there must be.
    pub fn is_here() -> bool {
        const NOTICE: &str = "browser journey not run: chromedriver or chromium not found";
        static SAID: Once = Once::new();
        if Self::available() {
            return true;
        }
        let required = std::env::var("REQUIRE_BROWSER").is_ok_and(|value| value == "1");
        assert!(!required, "{NOTICE}, and REQUIRE_BROWSER=1");
        SAID.call_once(|| super::say(NOTICE));
        false
    }

    /// A new window, 1280 px wide, light, without script.
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// A new window as asked for.
    ///
    /// # Panics
    /// When the browser does not start.
    pub async fn with(setup: Setup) -> Self {
        let (chromedriver, chromium) = programs().expect("chromedriver and chromium");
        let profile = tempfile::tempdir().unwrap();
        let driver = Driver::start(&chromedriver);
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        let mut browser = Self {
            client,
            session: format!("http://127.0.0.1:{}/session", driver.port),
            driver,
            _profile: profile,
        };
        let wanted = capabilities(&chromium, browser._profile.path(), setup);
        let session = browser.post("", wanted).await;
        let id = session["sessionId"].as_str().expect("a session");
        browser.session = format!("{}/{id}", browser.session);
        browser.resize(setup.width, setup.height).await;
        browser.prefer(setup.scheme).await;
        browser
    }

    /// Opens a page and waits until it is loaded.
    pub async fn goto(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await;
    }

    pub async fn back(&self) {
        self.post("/back", json!({})).await;
    }

    pub async fn url(&self) -> String {
        self.get_text("/url").await
    }

    pub async fn title(&self) -> String {
        self.get_text("/title").await
    }

    pub async fn page_source(&self) -> String {
        self.get_text("/source").await
    }

    /// The first element found.
    ///
    /// # Panics
    /// When there is none; the message carries the page's words.
    pub async fn find(&self, css: &str) -> Element {
        self.sought("css selector", css).await
    }

    /// Every element found, possibly none.
    pub async fn find_all(&self, css: &str) -> Vec<Element> {
        self.all("css selector", css).await
    }

    pub async fn exists(&self, css: &str) -> bool {
        !self.find_all(css).await.is_empty()
    }

    /// Clicks what does not lead to another page; for what does, see [`Self::leaving`].
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        self.click_on(&element).await;
    }

    /// Clicks the link with this text and waits for the page it leads to.
    pub async fn click_link(&self, text: &str) {
        let path = format!("//a[normalize-space()={}]", quoted(text));
        let element = self.sought("xpath", &path).await;
        self.leaving(self.click_on(&element)).await;
    }

    /// Clicks the button with this text and waits for the page that answers.
    pub async fn click_button(&self, text: &str) {
        let path = format!(
            "//button[normalize-space()={0}] | //input[@type='submit'][@value={0}]",
            quoted(text)
        );
        let element = self.sought("xpath", &path).await;
        self.leaving(self.click_on(&element)).await;
    }

    /// Does what leads to another page and waits until this one is gone.
    ///
    /// A form with a file is sent some time after the click, and the protocol knows nothing of it:
    /// a question asked at once would be answered by the old page.
    ///
    /// # Panics
    /// When this page is still there after half a minute.
    pub async fn leaving(&self, act: impl Future<Output = ()>) {
        let page = self.sought("css selector", "html").await;
        act.await;
        let patience = tokio::time::timeout(Duration::from_secs(30), self.gone(&page));
        assert!(patience.await.is_ok(), "still on {}", self.url().await);
    }

    async fn gone(&self, element: &Element) {
        let question = format!("/element/{}/name", element.0);
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        loop {
            pace.tick().await;
            // Halfway between two pages the driver has other errors too; they pass.
            let Err(error) = self.try_call(Method::GET, &question, None).await else {
                continue;
            };
            if ["stale element reference", "no such element"]
                .map(Value::from)
                .contains(&error["error"])
            {
                return;
            }
        }
    }

    pub async fn click_on(&self, element: &Element) {
        let place = format!("/element/{}/click", element.0);
        let clicked = self.try_call(Method::POST, &place, Some(json!({}))).await;
        match clicked {
            Ok(_) => {}
            // The driver takes what stands in a closed <details> for hidden, even where the style
            // shows it, as in the rail of a wide window. The mouse knows better.
            Err(error) if error["error"] == "element not interactable" => {
                self.point_at(element).await
            }
            Err(error) => panic!("{place}: {} {}", error["error"], error["message"]),
        }
    }

    /// Moves the mouse there and presses it. Fails for what takes no room on the screen.
    async fn point_at(&self, element: &Element) {
        let place = self.get(&format!("/element/{}/rect", element.0)).await;
        let room = ["width", "height"].map(|side| place[side].as_f64().unwrap_or_default());
        assert!(
            room.iter().all(|side| *side > 0.0),
            "what was to be clicked is hidden"
        );
        let strokes = json!([
            { "type": "pointerMove", "duration": 0, "origin": { ELEMENT: element.0 }, "x": 0, "y": 0 },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerUp", "button": 0 },
        ]);
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": strokes });
        self.post("/actions", json!({ "actions": [mouse] })).await;
    }

    /// Types into what has the keyboard's attention once it is clicked.
    pub async fn type_into(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        self.act(&element, "value", json!({ "text": text })).await;
    }

    /// Empties the field labelled so and types into it.
    pub async fn fill(&self, label: &str, text: &str) {
        let element = self.labelled(label).await;
        self.act(&element, "clear", json!({})).await;
        self.act(&element, "value", json!({ "text": text })).await;
    }

    pub async fn clear(&self, css: &str) {
        let element = self.find(css).await;
        self.act(&element, "clear", json!({})).await;
    }

    /// Sets a date field, which has no text of its own to type over, to a date as `YYYY-MM-DD`.
    pub async fn pick_date(&self, css: &str, date: &str) {
        let parts: Vec<_> = date.split('-').collect();
        let [year, month, day] = parts[..] else {
            panic!("{date} is no date")
        };
        // As a person in the browser's language types it: month, day, year.
        self.type_into(css, &format!("{month}{day}{year}")).await;
    }

    /// The field that a label with this text is for.
    pub async fn labelled(&self, label: &str) -> Element {
        let text = quoted(label);
        let path = format!(
            "//*[@id=//label[normalize-space()={text}]/@for] | //label[normalize-space()={text}]//*[self::input or self::select or self::textarea]"
        );
        self.sought("xpath", &path).await
    }

    /// Chooses the option with this text.
    pub async fn select(&self, css: &str, option: &str) {
        let select = self.find(css).await;
        let path = format!(".//option[normalize-space()={}]", quoted(option));
        let found = self.within(&select, &path).await;
        let option = found
            .first()
            .unwrap_or_else(|| panic!("no option {option:?} in {css}"));
        self.click_on(option).await;
    }

    /// Puts a file into a file input.
    pub async fn upload(&self, css: &str, file: &Path) {
        let path = file.canonicalize().unwrap();
        self.type_into(css, path.to_str().unwrap()).await;
    }

    /// The visible text of the first element found, spaces folded.
    pub async fn text(&self, css: &str) -> String {
        let element = self.find(css).await;
        self.text_of(&element).await
    }

    /// The visible text of every element found, spaces folded.
    pub async fn texts(&self, css: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.find_all(css).await {
            texts.push(self.text_of(&element).await);
        }
        texts
    }

    pub async fn text_of(&self, element: &Element) -> String {
        let text = self.get_text(&format!("/element/{}/text", element.0)).await;
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// An attribute of the first element found.
    pub async fn attr(&self, css: &str, name: &str) -> Option<String> {
        let element = self.find(css).await;
        let value = self
            .get(&format!("/element/{}/attribute/{name}", element.0))
            .await;
        value.as_str().map(str::to_owned)
    }

    /// What stands in a field.
    pub async fn value(&self, css: &str) -> String {
        let element = self.find(css).await;
        self.get_text(&format!("/element/{}/property/value", element.0))
            .await
    }

    /// A style as the browser computes it, such as `background-color`.
    pub async fn style(&self, css: &str, property: &str) -> String {
        let element = self.find(css).await;
        self.get_text(&format!("/element/{}/css/{property}", element.0))
            .await
    }

    /// What has the keyboard's attention.
    pub async fn focused(&self) -> Element {
        element_of(&self.get("/element/active").await)
    }

    /// Presses and releases a key.
    pub async fn press(&self, key: Key) {
        let code = key.code();
        let strokes =
            json!([{ "type": "keyDown", "value": code }, { "type": "keyUp", "value": code }]);
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.post("/actions", json!({ "actions": [keyboard] }))
            .await;
    }

    /// Writes a PNG of what the window shows.
    pub async fn screenshot(&self, path: &Path) {
        let image = self.get_text("/screenshot").await;
        std::fs::write(path, decoded(&image)).unwrap();
    }

    /// Writes a PNG of the whole page, however long it is.
    pub async fn screenshot_page(&self, path: &Path) {
        let shot = self
            .devtools(
                "Page.captureScreenshot",
                json!({ "captureBeyondViewport": true }),
            )
            .await;
        std::fs::write(path, decoded(shot["data"].as_str().unwrap())).unwrap();
    }

    /// How wide and high the page is in CSS pixels: wider than the window means sideways scroll.
    pub async fn page_size(&self) -> (u64, u64) {
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let size = |name: &str| metrics["cssContentSize"][name].as_f64().unwrap().ceil() as u64;
        (size("width"), size("height"))
    }

    /// Changes the window's size in CSS pixels, below what a desktop window allows too.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// Changes what the system prefers.
    pub async fn prefer(&self, scheme: Scheme) {
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )
        .await;
    }

    /// What the browser has complained about since it was last asked: what it could not load, what
    /// the content security policy refused, what a script got wrong.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().unwrap().iter();
        entries
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// The names of what can be filled in or pressed, as a screen reader says them, after what each is.
    pub async fn controls(&self) -> Vec<(String, String)> {
        const KINDS: [&str; 9] = [
            "button",
            "link",
            "textbox",
            "searchbox",
            "combobox",
            "checkbox",
            "radio",
            "spinbutton",
            "Date",
        ];
        let tree = self
            .devtools("Accessibility.getFullAXTree", json!({}))
            .await;
        let text = |node: &Value, of: &str| {
            node[of]["value"]
                .as_str()
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        let nodes = tree["nodes"].as_array().unwrap().iter();
        let nodes = nodes.map(|node| (text(node, "role"), text(node, "name")));
        nodes
            .filter(|(role, _)| KINDS.contains(&role.as_str()))
            .collect()
    }

    /// A Chrome DevTools command.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let call = json!({ "cmd": command, "params": parameters });
        self.post("/goog/cdp/execute", call).await
    }

    async fn act(&self, element: &Element, action: &str, with: Value) {
        self.post(&format!("/element/{}/{action}", element.0), with)
            .await;
    }

    async fn sought(&self, using: &str, what: &str) -> Element {
        match self.all(using, what).await.into_iter().next() {
            Some(element) => element,
            None => panic!(
                "no {what} on {}:\n{}",
                self.url().await,
                self.text_of(&self.body().await).await
            ),
        }
    }

    async fn body(&self) -> Element {
        let found = self.all("css selector", "body").await;
        found.into_iter().next().expect("a page")
    }

    async fn all(&self, using: &str, what: &str) -> Vec<Element> {
        let found = self
            .post("/elements", json!({ "using": using, "value": what }))
            .await;
        found.as_array().unwrap().iter().map(element_of).collect()
    }

    async fn within(&self, element: &Element, path: &str) -> Vec<Element> {
        let place = format!("/element/{}/elements", element.0);
        let found = self
            .post(&place, json!({ "using": "xpath", "value": path }))
            .await;
        found.as_array().unwrap().iter().map(element_of).collect()
    }

    async fn get_text(&self, path: &str) -> String {
        self.get(path).await.as_str().unwrap_or_default().to_owned()
    }

    async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let asked = body.as_ref().map(Value::to_string).unwrap_or_default();
        let answer = self.try_call(method, path, body).await;
        answer.unwrap_or_else(|error| {
            panic!("{path} {asked}: {} {}", error["error"], error["message"])
        })
    }

    async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Value> {
        let request = self
            .client
            .request(method, format!("{}{path}", self.session));
        let request = body
            .iter()
            .fold(request, |request, body| request.json(body));
        let response = request.send().await.unwrap();
        let ok = response.status().is_success();
        let mut answer: Value = response.json().await.unwrap();
        let value = answer["value"].take();
        if ok { Ok(value) } else { Err(value) }
    }
}

impl Drop for Browser {
    /// Asks the driver to close the browser, which outlives a driver that is only killed.
    fn drop(&mut self) {
        let path = self.session.split_once("/session").map_or("", |(_, id)| id);
        if !path.is_empty() {
            let _ = self.driver.delete(&format!("/session{path}"));
        }
    }
}

impl Key {
    fn code(self) -> char {
        match self {
            Self::Tab => '\u{E004}',
            Self::Enter => '\u{E007}',
            Self::Space => ' ',
            Self::ArrowDown => '\u{E015}',
        }
    }
}

fn capabilities(chromium: &Path, profile: &Path, setup: Setup) -> Value {
    let mut arguments: Vec<String> = [
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-dev-shm-usage",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "no-first-run",
        "no-proxy-server",
        "lang=en-US",
    ]
    .map(|argument| format!("--{argument}"))
    .into();
    arguments.push(format!("--window-size={},{}", setup.width, setup.height));
    arguments.push(format!("--user-data-dir={}", profile.display()));
    let script = if setup.script { 1 } else { 2 };
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": {
            "binary": chromium,
            "args": arguments,
            "prefs": { "profile.managed_default_content_settings.javascript": script },
        },
    } } })
}

fn element_of(value: &Value) -> Element {
    Element(value[ELEMENT].as_str().expect("an element").to_owned())
}

fn decoded(image: &str) -> Vec<u8> {
    base64_decode(image.as_bytes()).expect("base64")
}

/// A string for XPath, which knows no escapes.
fn quoted(text: &str) -> String {
    let parts: Vec<_> = text.split('\'').map(|part| format!("'{part}'")).collect();
    match &parts[..] {
        [only] => only.clone(),
        parts => format!("concat({})", parts.join(", \"'\", ")),
    }
}

mod driver;
mod tests;
