//! Somebody at a browser: follows redirects, keeps cookies, fills in the
//! provider's pages.

use std::collections::BTreeMap;

use bowsprit_tests::{Method, TestHost};
use reqwest::{Client, Url, header, redirect::Policy};

/// The address the host under test believes the frontend to have. Nobody
/// listens there: a browser that is sent there has arrived.
pub(crate) const FRONTEND: &str = "http://frontend.test/app";

/// A browser with the provider's cookies.
pub(crate) struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
}

/// What a page answered.
pub(crate) struct Page {
    pub(crate) status: u16,
    /// Where it leads, absolute.
    pub(crate) location: Option<Url>,
    pub(crate) text: String,
}

impl Page {
    /// Where it leads.
    #[track_caller]
    pub(crate) fn leads(&self) -> Url {
        self.location.clone().unwrap_or_else(|| panic!("{}: {}", self.status, self.text))
    }
}

impl Browser {
    pub(crate) fn new() -> Self {
        drop(bowsprit_tests::client());
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { client, cookies: BTreeMap::new() }
    }

    pub(crate) async fn open(&mut self, url: &Url) -> Page {
        self.send(Method::GET, url, "").await
    }

    async fn send(&mut self, method: Method, url: &Url, form: &str) -> Page {
        let cookies: Vec<_> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let request = self.client.request(method, url.clone());
        let request = request.header(header::COOKIE, cookies.join("; "));
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let response = request.body(form.to_owned()).send().await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        let location = response.headers().get(header::LOCATION);
        let location = location.map(|it| url.join(it.to_str().unwrap()).unwrap());
        let status = response.status().as_u16();
        Page { status, location, text: response.text().await.unwrap() }
    }

    /// Begins at the host; answers the provider's address it is sent to.
    pub(crate) async fn begin(&mut self, host: &TestHost, provider: &str) -> Url {
        let page = self.open(&authorize(host, provider)).await;
        assert_eq!(page.status, 307, "{}", page.text);
        page.leads()
    }

    /// Signs in as `sub`; answers where the browser ends up at the frontend.
    pub(crate) async fn sign_in(&mut self, host: &TestHost, provider: &str, sub: &str) -> Url {
        let callback = self.until_callback(authorize(host, provider), sub).await;
        self.open(&callback).await.leads()
    }

    /// Goes from `url` through the provider's pages until it sends the browser
    /// back to the host; answers that address without going there.
    pub(crate) async fn until_callback(&mut self, mut url: Url, sub: &str) -> Url {
        for _ in 0..20 {
            let page = self.open(&url).await;
            let next = match &page.location {
                Some(next) => next.clone(),
                None if page.text.contains(r#"name="prompt" value="login""#) => {
                    let form = format!("prompt=login&login={sub}&password=any");
                    self.send(Method::POST, &url, &form).await.leads()
                }
                None if page.text.contains(r#"name="prompt" value="consent""#) => {
                    self.send(Method::POST, &url, "prompt=consent").await.leads()
                }
                None => panic!("{url}: {} {}", page.status, page.text),
            };
            if next.path().ends_with("/callback") {
                return next;
            }
            url = next;
        }
        panic!("no end of redirects at {url}");
    }

    /// Goes to the provider's first page and declines there.
    pub(crate) async fn decline(&mut self, host: &TestHost, provider: &str) -> Url {
        let mut url = self.begin(host, provider).await;
        while let Some(next) = self.open(&url).await.location {
            url = next;
        }
        url = Url::parse(&format!("{url}/abort")).unwrap();
        while !url.as_str().starts_with(FRONTEND) {
            url = self.open(&url).await.leads();
        }
        url
    }
}

fn authorize(host: &TestHost, provider: &str) -> Url {
    let url = format!("{}/v1/api/auth/oauth/{provider}/authorize", host.origin);
    url.parse().unwrap()
}

/// A parameter of a URL.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The code of a browser that came to the frontend after all went well.
#[track_caller]
pub(crate) fn code(url: &Url) -> String {
    assert!(url.as_str().starts_with(&format!("{FRONTEND}/auth/callback?code=")), "{url}");
    parameter(url, "code").unwrap()
}

/// What a browser is told that came to the frontend after something went wrong.
#[track_caller]
pub(crate) fn error(url: &Url) -> String {
    assert!(url.as_str().starts_with(&format!("{FRONTEND}/login?error=")), "{url}");
    parameter(url, "error").unwrap()
}
