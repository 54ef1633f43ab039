//! A person at a real browser, script turned off: Chromium driven over the W3C WebDriver protocol.
//!
//! Binaries are found on PATH or named by `CHROMEDRIVER` and `CHROMIUM`.
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Once,
    time::Duration,
};

use mail_parser::decoders::base64::base64_decode;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

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

    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        self.click_on(&element).await;
    }

    /// Clicks the link with this text.
    pub async fn click_link(&self, text: &str) {
        let path = format!("//a[normalize-space()={}]", quoted(text));
        let element = self.sought("xpath", &path).await;
        self.click_on(&element).await;
    }

    /// Clicks the button with this text.
    pub async fn click_button(&self, text: &str) {
        let path = format!(
            "//button[normalize-space()={0}] | //input[@type='submit'][@value={0}]",
            quoted(text)
        );
        let element = self.sought("xpath", &path).await;
        self.click_on(&element).await;
    }

    pub async fn click_on(&self, element: &Element) {
        self.act(element, "click", json!({})).await;
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
        let asked = body.map(|body| body.to_string()).unwrap_or_default();
        assert!(
            ok,
            "{path} {asked}: {} {}",
            value["error"], value["message"]
        );
        value
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

/// A chromedriver of our own on a free port.
struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    fn start(program: &Path) -> Self {
        let mut child = Command::new(program)
            .arg("--port=0")
            .env("LANGUAGE", "en_US")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| port_in(&line));
        // Read on, or the driver would stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            port: port.expect("chromedriver says its port"),
            child,
        }
    }

    /// Without the async client: a runtime may be going down around us.
    fn delete(&self, path: &str) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "DELETE {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        )?;
        stream.read(&mut [0; 512]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads `ChromeDriver was started successfully on port 40123.`
fn port_in(line: &str) -> Option<u16> {
    let (_, port) = line.split_once("started successfully on port ")?;
    port.trim_end_matches('.').parse().ok()
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

/// chromedriver and Chromium, if both are here.
fn programs() -> Option<(PathBuf, PathBuf)> {
    let driver = program("CHROMEDRIVER", &["chromedriver"])?;
    let browser = program(
        "CHROMIUM",
        &["chromium", "chromium-browser", "google-chrome"],
    )?;
    Some((driver, browser))
}

fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return Some(PathBuf::from(named)).filter(|path| path.is_file());
    }
    let folders = std::env::var_os("PATH")?;
    let at = |name: &&str| {
        std::env::split_paths(&folders)
            .map(|folder| folder.join(name))
            .find(|path| path.is_file())
    };
    names.iter().find_map(at)
}

mod tests {
    use super::{Browser, Key, Scheme, Setup};
    use crate::support::pages::{Request, html, serve};

    const PAGE: &str = r#"<!doctype html><meta name="viewport" content="width=device-width"><title>Before</title>
        <style>body{background:#fff}@media(prefers-color-scheme:dark){body{background:#000}}input{max-width:9rem}</style>
        <script>document.title = "After"</script><noscript><p id="plain">No script here</p></noscript>
        <h1>New   partner</h1><form method="post" action="/save" enctype="multipart/form-data">
        <label for="n">Partner's name</label><input id="n" name="name" value="old">
        <label for="d">From</label><input id="d" type="date" name="from">
        <label>Agreed <input type="checkbox" name="agreed"></label>
        <select id="c" name="currency"><option value="EUR">Euro<option value="JPY">Yen</select>
        <input id="f" type="file" name="file"><p hidden>secret</p><ul><li>one<li>two</ul>
        <button>Save</button></form><a href="/long">A long page</a>"#;

    fn answer(request: &Request) -> String {
        match request.head.split(' ').nth(1).unwrap() {
            "/" => html("200 OK", "", PAGE),
            "/long" => html(
                "200 OK",
                "",
                "<!doctype html><title>Long</title><div style='height:3000px;width:400px'>x</div>",
            ),
            _ => html(
                "200 OK",
                "",
                &format!("<title>Saved</title><pre>{}</pre>", request.body),
            ),
        }
    }

    #[tokio::test]
    async fn a_form_is_filled_in_and_sent_without_script() {
        if !Browser::is_here() {
            return;
        }
        let files = tempfile::tempdir().unwrap();
        let csv = files.path().join("p.csv");
        std::fs::write(&csv, "name,tier\n").unwrap();
        let origin = serve(answer);
        let browser = Browser::start().await;
        browser.goto(&origin).await;
        assert_eq!(browser.title().await, "Before");
        assert_eq!(browser.text("#plain").await, "No script here");
        assert_eq!(browser.text("h1").await, "New partner");
        assert_eq!(browser.texts("li").await, ["one", "two"]);
        assert_eq!(browser.attr("#f", "type").await.unwrap(), "file");
        assert!(browser.page_source().await.contains("noscript"));
        assert!(browser.exists("h1").await && !browser.exists("h2").await);
        browser.fill("Partner's name", "Zoë & Co").await;
        assert_eq!(browser.value("#n").await, "Zoë & Co");
        browser.pick_date("#d", "2026-11-03").await;
        assert_eq!(browser.value("#d").await, "2026-11-03");
        browser.click_on(&browser.labelled("Agreed").await).await;
        browser.select("#c", "Yen").await;
        browser.upload("#f", &csv).await;
        browser.screenshot(&files.path().join("form.png")).await;
        assert!(
            std::fs::read(files.path().join("form.png"))
                .unwrap()
                .starts_with(b"\x89PNG")
        );
        browser.click_button("Save").await;
        assert_eq!(browser.title().await, "Saved");
        let sent = browser.text("pre").await;
        for part in [
            "Zoë & Co",
            "2026-11-03",
            "name=\"agreed\" on",
            "JPY",
            "filename=\"p.csv\"",
            "name,tier",
        ] {
            assert!(sent.contains(part), "{part}: {sent}");
        }
        browser.back().await;
        assert_eq!(browser.url().await, format!("{origin}/"));
        browser.click_link("A long page").await;
        assert_eq!(browser.url().await, format!("{origin}/long"));
    }

    #[tokio::test]
    async fn the_window_is_as_wide_and_as_dark_as_asked() {
        if !Browser::is_here() {
            return;
        }
        let origin = serve(answer);
        let browser = Browser::with(Setup {
            width: 360,
            scheme: Scheme::Dark,
            ..Setup::default()
        })
        .await;
        browser.goto(&origin).await;
        assert_eq!(
            browser.style("body", "background-color").await,
            "rgba(0, 0, 0, 1)"
        );
        assert_eq!(browser.page_size().await.0, 360);
        browser.prefer(Scheme::Light).await;
        assert_eq!(
            browser.style("body", "background-color").await,
            "rgba(255, 255, 255, 1)"
        );
        browser.clear("#n").await;
        browser.type_into("#n", "x").await;
        assert_eq!(browser.focused().await, browser.find("#n").await);
        browser.press(Key::Tab).await;
        assert_eq!(browser.focused().await, browser.find("#d").await);
        browser.click("a").await;
        assert_eq!(browser.title().await, "Long");
        browser.resize(320, 640).await;
        let (width, height) = browser.page_size().await;
        assert!(width > 400 && height > 3000, "{width} x {height}");
        let file = tempfile::NamedTempFile::new().unwrap();
        browser.screenshot_page(file.path()).await;
        assert!(std::fs::metadata(file.path()).unwrap().len() > 1000);
    }

    #[tokio::test]
    async fn the_keyboard_alone_will_do() {
        if !Browser::is_here() {
            return;
        }
        let browser = Browser::start().await;
        browser.goto(&serve(answer)).await;
        browser.type_into("#n", "x").await;
        browser.press(Key::Tab).await;
        while browser.focused().await == browser.find("#d").await {
            browser.press(Key::Tab).await;
        }
        assert_eq!(browser.focused().await, browser.labelled("Agreed").await);
        browser.press(Key::Space).await;
        browser.press(Key::Tab).await;
        browser.press(Key::ArrowDown).await;
        assert_eq!(browser.value("#c").await, "JPY");
        browser.click("#n").await;
        browser.press(Key::Enter).await;
        let sent = browser.text("pre").await;
        assert!(
            sent.contains("name=\"agreed\"") && sent.contains("JPY"),
            "{sent}"
        );
    }

    #[tokio::test]
    async fn script_runs_where_a_test_asks_for_it() {
        if !Browser::is_here() {
            return;
        }
        let browser = Browser::with(Setup {
            script: true,
            ..Setup::default()
        })
        .await;
        browser.goto(&serve(answer)).await;
        assert_eq!(browser.title().await, "After");
    }
}
