//! A visitor without script: keeps cookies, follows nothing on its own, reads pages as a person does.
use reqwest::{
    Client, Method, RequestBuilder, Response, Url,
    header::{HeaderMap, HeaderName, HeaderValue, LOCATION},
    multipart,
    redirect::Policy,
};
use scraper::{ElementRef, Html, Selector};

/// One person's browser, signed in or not. Clones share their cookies.
#[derive(Clone)]
pub struct Visitor {
    client: Client,
    origin: Url,
    headers: HeaderMap,
}

/// A file to upload.
pub struct Upload<'a> {
    /// The name of the file input.
    pub field: &'a str,
    pub name: &'a str,
    pub content_type: &'a str,
    pub bytes: &'a [u8],
}

impl Visitor {
    /// Someone new at `origin`, such as `http://127.0.0.1:4000`, whose requests come from the same site.
    pub fn new(origin: &str) -> Self {
        let client = Client::builder()
            .cookie_store(true)
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let visitor = Self {
            client,
            origin: origin.parse().unwrap(),
            headers: HeaderMap::new(),
        };
        visitor.with_header("sec-fetch-site", "same-origin")
    }

    /// The same person sending this header as well, or instead.
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        let name: HeaderName = name.parse().unwrap();
        changed
            .headers
            .insert(name, HeaderValue::from_str(value).unwrap());
        changed
    }

    /// The same person not sending this header.
    pub fn without_header(&self, name: &str) -> Self {
        let mut changed = self.clone();
        changed.headers.remove(name);
        changed
    }

    /// The same person on a page of another site.
    pub fn cross_site(&self) -> Self {
        self.with_header("sec-fetch-site", "cross-site")
    }

    /// A request with this visitor's headers, for what the other methods do not offer.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.origin.join(path).unwrap();
        self.client
            .request(method, url)
            .headers(self.headers.clone())
    }

    pub async fn send(&self, method: Method, path: &str) -> Page {
        Page::read(self.request(method, path)).await
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(Method::GET, path).await
    }

    pub async fn head(&self, path: &str) -> Page {
        self.send(Method::HEAD, path).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        Page::read(self.request(Method::POST, path).form(fields)).await
    }

    /// Sends a form with a file in it.
    pub async fn post_file(&self, path: &str, fields: &[(&str, &str)], file: Upload<'_>) -> Page {
        let part = multipart::Part::bytes(file.bytes.to_vec())
            .file_name(file.name.to_owned())
            .mime_str(file.content_type)
            .unwrap();
        let fields = fields
            .iter()
            .fold(multipart::Form::new(), |form, (name, value)| {
                form.text((*name).to_owned(), (*value).to_owned())
            });
        let form = fields.part(file.field.to_owned(), part);
        Page::read(self.request(Method::POST, path).multipart(form)).await
    }

    /// Sends a form that was read from a page.
    pub async fn submit(&self, form: &Form) -> Page {
        if form.method == Method::POST {
            let request = self.request(Method::POST, &form.action).form(&form.fields);
            return Page::read(request).await;
        }
        let mut target: Url = form.action.parse().unwrap();
        target.query_pairs_mut().clear().extend_pairs(&form.fields);
        self.get(target.as_str()).await
    }

    /// Goes where the page redirects to.
    ///
    /// # Panics
    /// When it redirects nowhere.
    pub async fn follow(&self, page: &Page) -> Page {
        self.get(&page.location()).await
    }
}

/// An answer, read whole.
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    /// Where it was asked for.
    pub url: Url,
    pub bytes: Vec<u8>,
}

impl Page {
    pub async fn read(request: RequestBuilder) -> Self {
        let response: Response = request.send().await.unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            url: response.url().clone(),
            bytes: response.bytes().await.unwrap().to_vec(),
        }
    }

    /// The same page, or a panic that shows what came instead.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        let (url, text) = (&self.url, self.text());
        assert_eq!(
            self.status, status,
            "{url} answered {}:\n{text}",
            self.status
        );
        self
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header's value; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Path and query of the redirect, or the whole address when it leads to another site.
    ///
    /// # Panics
    /// When the answer is no redirect.
    #[track_caller]
    pub fn location(&self) -> String {
        let target = self
            .headers
            .get(LOCATION)
            .expect("a redirect")
            .to_str()
            .unwrap();
        let target = self.url.join(target).unwrap();
        if target.origin() == self.url.origin() {
            let query = target
                .query()
                .map_or_else(String::new, |query| format!("?{query}"));
            format!("{}{query}", target.path())
        } else {
            target.to_string()
        }
    }

    /// The text of every element found, spaces folded, in the order of the page.
    pub fn select(&self, css: &str) -> Vec<String> {
        self.map(css, |element| Some(folded(element)))
    }

    /// The text of the whole page as a reader gets it, spaces folded.
    pub fn words(&self) -> String {
        self.select("body").join(" ")
    }

    /// An attribute of the first element found that has it.
    pub fn attr(&self, css: &str, name: &str) -> Option<String> {
        self.attrs(css, name).into_iter().next()
    }

    /// An attribute of every element found that has it.
    pub fn attrs(&self, css: &str, name: &str) -> Vec<String> {
        self.map(css, |element| element.attr(name).map(str::to_owned))
    }

    /// The hidden `form_id` of the first form that has one.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn form_id(&self) -> String {
        let id = self.attr("input[type=hidden][name=form_id]", "value");
        id.unwrap_or_else(|| panic!("no form_id on {}:\n{}", self.url, self.text()))
    }

    /// The first form found, filled in as the page has it.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn form(&self, css: &str) -> Form {
        let form = self.map(css, |element| Some(Form::read(element, &self.url)));
        let missing = || panic!("no {css} on {}:\n{}", self.url, self.text());
        form.into_iter().next().unwrap_or_else(missing)
    }

    /// Every form, filled in as the page has it.
    pub fn forms(&self) -> Vec<Form> {
        self.map("form", |element| Some(Form::read(element, &self.url)))
    }

    fn map<T>(&self, css: &str, read: impl Fn(ElementRef<'_>) -> Option<T>) -> Vec<T> {
        let document = Html::parse_document(&self.text());
        document.select(&selector(css)).filter_map(read).collect()
    }
}

/// A form as a person without script would send it.
#[derive(Clone, Debug)]
pub struct Form {
    pub method: Method,
    /// The whole address it is sent to.
    pub action: String,
    /// Names and values, without the submit buttons.
    pub fields: Vec<(String, String)>,
}

impl Form {
    fn read(form: ElementRef<'_>, page: &Url) -> Self {
        let action = page.join(form.attr("action").unwrap_or_default()).unwrap();
        let method = form.attr("method").unwrap_or("get");
        let controls = selector("input[name], select[name], textarea[name]");
        Self {
            method: method.to_ascii_uppercase().parse().unwrap(),
            action: action.to_string(),
            fields: form.select(&controls).filter_map(sent).collect(),
        }
    }

    /// The same form with this field filled in, checked or added.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let known = self.fields.iter_mut().find(|(known, _)| known == name);
        match known {
            Some((_, old)) => value.clone_into(old),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// The same form without this field, as when a box is unchecked.
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    /// What stands in a field; empty when there is none.
    pub fn value(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(known, _)| known == name);
        field.map_or("", |(_, value)| value)
    }
}

/// What a control adds to the form, if anything.
fn sent(control: ElementRef<'_>) -> Option<(String, String)> {
    if control.attr("disabled").is_some() {
        return None;
    }
    let value = match control.value().name() {
        "textarea" => {
            let text: String = control.text().collect();
            text.strip_prefix('\n').unwrap_or(&text).to_owned()
        }
        "select" => chosen(control)?,
        _ => match control.attr("type").unwrap_or("text") {
            "submit" | "button" | "reset" | "image" | "file" => return None,
            "checkbox" | "radio" if control.attr("checked").is_none() => return None,
            "checkbox" | "radio" => control.attr("value").unwrap_or("on").to_owned(),
            _ => control.attr("value").unwrap_or_default().to_owned(),
        },
    };
    Some((control.attr("name")?.to_owned(), value))
}

fn chosen(select: ElementRef<'_>) -> Option<String> {
    let marked = select.select(&selector("option[selected]")).next();
    let option = marked.or_else(|| select.select(&selector("option")).next())?;
    Some(
        option
            .attr("value")
            .map_or_else(|| folded(option), str::to_owned),
    )
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap_or_else(|problem| panic!("{css}: {problem}"))
}

fn folded(element: ElementRef<'_>) -> String {
    let text: String = element.text().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

mod tests;
