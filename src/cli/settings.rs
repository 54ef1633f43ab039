//! Settings, as flags or environment. Each is judged before anything starts.
use std::path::PathBuf;

use clap::Args;

use crate::{
    Error, Result,
    clock::Clock,
    mail::Post,
    secrets::SecretKey,
    startup::Config,
    store::{DatabaseUrl, Store},
    telemetry::LogFormat,
    web::caller::TrustedProxies,
};

/// What every command may be told.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// A file path, sqlite:PATH, or postgres://USER@HOST/NAME
    #[arg(long, env = "DATABASE_URL", global = true, hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where to listen
    #[arg(
        long,
        env = "LISTEN_ADDR",
        default_value = "127.0.0.1:8080",
        global = true
    )]
    pub listen_addr: String,
    /// What links in mail begin with
    #[arg(long, env = "PUBLIC_URL", global = true)]
    pub public_url: Option<String>,
    /// At least 32 characters that nobody can guess: signs cookies and one-time links
    #[arg(long, env = "SECRET_KEY", global = true, hide_env_values = true)]
    pub secret_key: Option<String>,
    /// A file that holds the secret key
    #[arg(long, env = "SECRET_KEY_FILE", global = true)]
    pub secret_key_file: Option<PathBuf>,
    /// smtp://USER:PASSWORD@HOST:PORT or smtps://…; without it mail waits in the outbox
    #[arg(long, env = "SMTP_URL", global = true, hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Who mail is from
    #[arg(
        long,
        env = "MAIL_FROM",
        default_value = "Perennial <statements@localhost.example>",
        global = true
    )]
    pub mail_from: String,
    /// The proxies in front, whose X-Forwarded-For is believed: addresses or networks
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        default_value = "127.0.0.1,::1",
        global = true
    )]
    pub trusted_proxies: String,
    /// How log lines are written
    #[arg(
        long,
        env = "LOG_FORMAT",
        value_enum,
        default_value = "text",
        global = true
    )]
    pub log_format: LogFormat,
}

impl Settings {
    /// Which database.
    ///
    /// # Errors
    /// One line naming `DATABASE_URL`.
    pub fn database(&self) -> Result<DatabaseUrl> {
        let text = self.database_url.as_deref().unwrap_or("perennial.db");
        text.parse().map_err(Error::fault)
    }
    /// The database, opened and up to date.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn store(&self) -> Result<Store> {
        Store::open(&self.database()?, Clock::system()).map_err(name_it("DATABASE_URL"))
    }
    /// What links in mail begin with.
    ///
    /// # Errors
    /// One line naming `PUBLIC_URL`.
    pub fn public_url(&self) -> Result<String> {
        let default = format!("http://{}", self.listen_addr);
        let url = self.public_url.clone().unwrap_or(default);
        let rest = ["https://", "http://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme));
        let host = rest.unwrap_or_default().trim_end_matches('/');
        match host.is_empty() || host.contains(['/', ' ', '?', '#', '@']) {
            true => Err(Error::fault(
                "PUBLIC_URL: give the portal's own address, such as https://partners.example.com",
            )),
            false => Ok(url.trim_end_matches('/').to_owned()),
        }
    }
    /// Whose word about the address of a caller is taken.
    ///
    /// # Errors
    /// One line naming `TRUSTED_PROXIES`.
    pub fn trusted_proxies(&self) -> Result<TrustedProxies> {
        let read = self.trusted_proxies.parse();
        read.map_err(|why: String| Error::fault(format!("TRUSTED_PROXIES: {why}")))
    }
    /// The installation's key.
    ///
    /// # Errors
    /// One line naming the setting that is missing, unreadable or weak.
    pub fn secret(&self) -> Result<SecretKey> {
        // A setting that is there and empty is not set.
        let file = self.secret_key_file.as_ref();
        let file = file.filter(|file| !file.as_os_str().is_empty());
        let text = match (&self.secret_key, file) {
            (Some(key), _) => key.clone(),
            (None, Some(file)) => std::fs::read_to_string(file)
                .map_err(|e| Error::fault(format!("SECRET_KEY_FILE: {}: {e}", file.display())))?,
            (None, None) => {
                return Err(Error::fault(
                    "SECRET_KEY: set it, or SECRET_KEY_FILE, to at least 32 characters that nobody can guess",
                ));
            }
        };
        SecretKey::new(text.trim().as_bytes()).map_err(Error::fault)
    }
    /// As [`secret`](Self::secret), or a key of this run alone where none is set.
    ///
    /// # Errors
    /// As [`secret`](Self::secret), for one that is set.
    pub fn secret_or_random(&self) -> Result<SecretKey> {
        match (&self.secret_key, &self.secret_key_file) {
            (None, None) => SecretKey::random(),
            _ => self.secret(),
        }
    }
}

impl Settings {
    /// How mail leaves.
    ///
    /// # Errors
    /// One line naming `SMTP_URL` or `MAIL_FROM`.
    pub fn post(&self, config: &Config) -> Result<Post> {
        let (url, secret) = (self.smtp_url.as_deref(), config.secret.clone());
        Post::new(url, &self.mail_from, &config.public_url, secret).map_err(Error::fault)
    }
    /// The domain of who mail is from.
    ///
    /// # Errors
    /// One line naming `MAIL_FROM`.
    pub fn mail_domain(&self) -> Result<String> {
        let post = Post::new(None, &self.mail_from, "", SecretKey::random()?);
        post.map(|post| post.domain().to_owned())
            .map_err(Error::fault)
    }
}

/// Puts a setting's name before what went wrong with it.
pub fn name_it(setting: &'static str) -> impl Fn(Error) -> Error {
    move |error| match error {
        Error::Unexpected(cause) => {
            let told = format!("{cause:#}");
            match told.starts_with(setting) {
                true => Error::Unexpected(cause),
                false => Error::fault(format!("{setting}: {told}")),
            }
        }
        other => other,
    }
}
