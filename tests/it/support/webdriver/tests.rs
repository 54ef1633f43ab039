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
    browser.leaving(browser.click("a")).await;
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
    browser.leaving(browser.press(Key::Enter)).await;
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
