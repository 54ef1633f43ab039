//! Puts the parts together and listens.
use std::{net::TcpListener, sync::Arc};

use actix_session::{
    SessionMiddleware,
    config::{CookieContentSecurity, PersistentSession},
};
use actix_web::{
    App, HttpServer,
    cookie::{Key, SameSite, time::Duration},
    dev::Server,
    middleware::from_fn,
    web::{Data, PayloadConfig, ServiceConfig},
};

use crate::{
    Error, Result,
    secrets::SecretKey,
    store::Store,
    web::{self, Site, caller::TrustedProxies, sessions::Sessions},
};

/// What a running portal needs to know, all of it settled before anything starts.
#[derive(Clone)]
pub struct Config {
    /// Where to listen, `127.0.0.1:8080`; port 0 takes a free one.
    pub listen: String,
    /// What links in mail begin with, without a slash at the end.
    pub public_url: String,
    /// Signs cookies and one-time links.
    pub secret: SecretKey,
    /// The domain of Message-IDs: that of who mail is from.
    pub mail_domain: String,
    /// The proxies in front, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// The demo's personas, for its sign-in page; none outside the demo.
    pub personas: Option<Vec<Persona>>,
    /// Threads that answer requests.
    pub workers: usize,
}

/// Somebody of the demo that a visitor may sign in as.
#[derive(Debug, Clone)]
pub struct Persona {
    /// Their name.
    pub name: String,
    /// What they are and where.
    pub what: String,
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: String,
}

/// A portal that listens.
pub struct Application {
    /// Runs until it is stopped.
    pub server: Server,
    /// The port it listens on.
    pub port: u16,
}

impl Application {
    /// Binds the address and starts the server's threads.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn build(config: &Config, store: Store) -> Result<Self> {
        Self::build_with(config, store, web::routes)
    }

    /// As [`build`](Self::build), with a table of routes of the caller's, behind the same rings.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_with(
        config: &Config,
        store: Store,
        routes: fn(&mut ServiceConfig),
    ) -> Result<Self> {
        let listener = TcpListener::bind(&config.listen).map_err(|e| {
            anyhow::Error::new(e)
                .context(format!("LISTEN_ADDR: cannot listen on {}", config.listen))
        })?;
        let port = listener.local_addr().map_err(anyhow::Error::new)?.port();
        let secure = config.public_url.starts_with("https://");
        let key = Key::derive_from(config.secret.expose());
        let site = Data::from(Arc::new(Site::of(config)));
        let pace = Data::new(web::intake::Pace::default());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::new(store.clone()))
                .app_data(site.clone())
                .app_data(pace.clone())
                .app_data(PayloadConfig::new(256 * 1024))
                .app_data(web::form::query_config())
                .app_data(web::form::path_config())
                .wrap(from_fn(web::same_site::require))
                .wrap(sessions(&store, &key, secure))
                .wrap(from_fn(web::edge::guard))
                .configure(routes)
        })
        .workers(config.workers)
        .shutdown_timeout(10)
        .disable_signals()
        .listen(listener)
        .map_err(anyhow::Error::new)?
        .run();
        Ok(Self { server, port })
    }
}

impl Application {
    /// Answers on a thread of its own while `work` is done, and stops then.
    ///
    /// # Errors
    /// When it cannot be served.
    pub fn aside<T>(self, work: impl FnOnce() -> T) -> Result<T> {
        let handle = self.server.handle();
        let server = self.server;
        let serving = std::thread::spawn(move || actix_web::rt::System::new().block_on(server));
        let done = work();
        // Not awaited here: the thread ends once the portal has.
        drop(handle.stop(false));
        let served = serving.join().map_err(|_| Error::fault("the portal"))?;
        served.map_err(Error::fault)?;
        Ok(done)
    }
}

fn sessions(store: &Store, key: &Key, secure: bool) -> SessionMiddleware<Sessions> {
    // The `__Host-` prefix binds the cookie to this host over https; plain http cannot carry it.
    let name = if secure { "__Host-sid" } else { "sid" };
    SessionMiddleware::builder(Sessions::new(store.clone()), key.clone())
        .cookie_name(name.to_owned())
        .cookie_secure(secure)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(PersistentSession::default().session_ttl(Duration::days(7)))
        .build()
}
