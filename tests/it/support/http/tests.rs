use super::{Upload, Visitor};
use crate::support::pages::{Request, html, serve};

const FORM: &str = r#"<!doctype html><title>T</title><h1>New
        partner</h1><form method="post" action="/save?x=1"><input type="hidden" name="form_id" value="f1">
        <input name="name" value="A &amp; B"><input type="checkbox" name="agreed" checked>
        <input type="checkbox" name="news"><input type="radio" name="tier" value="gold"><input type="radio" name="tier" value="silver" checked>
        <select name="currency"><option value="EUR">Euro<option value="JPY" selected>Yen</select>
        <select name="first"><option>one<option>two</select><textarea name="note">
a
b</textarea><input name="off" disabled><button name="go" value="1">Save</button></form><a href="/one">1</a><a href="/two">2</a>"#;

fn answer(request: &Request) -> String {
    let mut words = request.head.split(' ');
    match (words.next().unwrap(), words.next().unwrap()) {
        ("GET", "/new") => html("200 OK", "set-cookie: sid=7; HttpOnly\r\n", FORM),
        ("HEAD", _) => html("200 OK", "", ""),
        ("POST", "/save?x=1") => html("303 See Other", "location: /done?id=1\r\n", ""),
        ("POST", "/away") => html("303 See Other", "location: http://elsewhere.test/\r\n", ""),
        _ => html(
            "404 Not Found",
            "",
            &format!("<pre>{}\n{}</pre>", request.head, request.body),
        ),
    }
}

#[tokio::test]
async fn a_form_is_read_filled_in_and_sent() {
    let visitor = Visitor::new(&serve(answer));
    let page = visitor.get("/new").await.expect(200);
    assert_eq!(page.select("h1"), ["New partner"]);
    assert!(page.words().starts_with("New partner Euro"));
    assert_eq!(page.attr("a", "href").unwrap(), "/one");
    assert_eq!(page.attrs("a", "href"), ["/one", "/two"]);
    assert_eq!(page.form_id(), "f1");
    let form = page
        .form("form")
        .with("name", "C")
        .with("extra", "1")
        .without("agreed");
    assert_eq!(
        (form.value("tier"), form.value("currency")),
        ("silver", "JPY")
    );
    assert_eq!((form.value("first"), form.value("note")), ("one", "a\nb"));
    assert_eq!(form.fields.len(), 7);
    let saved = visitor.submit(&form).await.expect(303);
    assert_eq!(saved.location(), "/done?id=1");
    let done = visitor.follow(&saved).await.expect(404).text();
    assert!(done.contains("cookie: sid=7"), "{done}");
    assert_eq!(
        visitor.post("/away", &[]).await.location(),
        "http://elsewhere.test/"
    );
}

#[tokio::test]
async fn requests_say_where_they_come_from() {
    let visitor = Visitor::new(&serve(answer));
    let echo = visitor.post("/echo", &[("a", "b c")]).await.text();
    assert!(
        echo.contains("sec-fetch-site: same-origin") && echo.contains("a=b+c"),
        "{echo}"
    );
    let echo = visitor.cross_site().get("/echo").await.text();
    assert!(echo.contains("sec-fetch-site: cross-site"), "{echo}");
    let echo = visitor
        .without_header("sec-fetch-site")
        .get("/echo")
        .await
        .text();
    assert!(!echo.contains("sec-fetch-site"), "{echo}");
    let head = visitor.head("/new").await.expect(200);
    assert_eq!(head.header("content-type"), "text/html; charset=utf-8");
    assert!(head.bytes.is_empty());
}

#[tokio::test]
async fn a_file_goes_with_its_name_and_type() {
    let visitor = Visitor::new(&serve(answer));
    let file = Upload {
        field: "file",
        name: "p.csv",
        content_type: "text/csv",
        bytes: b"name\nA\n",
    };
    let echo = visitor
        .post_file("/echo", &[("form_id", "f1")], file)
        .await
        .text();
    assert!(
        echo.contains(
            "name=\"file\"; filename=\"p.csv\"\r\nContent-Type: text/csv\r\n\r\nname\nA\n"
        ),
        "{echo}"
    );
    assert!(echo.contains("name=\"form_id\"\r\n\r\nf1"), "{echo}");
}
