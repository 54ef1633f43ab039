//! The portal with demo data.
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, TimeDelta};
use clap::Args;

use super::{Settings, output, output::Progress, serve};
use crate::{
    Error, Result,
    clock::Clock,
    demo::{self, Standing},
    domain::{Period, date_words, read_date},
    id::Mint,
    mail::Post,
    secrets::SecretKey,
    startup::{Application, Config},
    store::{DatabaseUrl, Store},
    telemetry, worker,
};

/// `perennial demo`.
#[derive(Args)]
pub struct Demo {
    /// The demo as it stands in this day's month, as 2026-11-21 (default: today)
    #[arg(long)]
    as_of: Option<String>,
    /// Write the data and stop
    #[arg(long)]
    only_fill: bool,
}

const FROM: &str = "Perennial demo <statements@demo.example>";

impl Demo {
    /// Fills the database if it is new, then serves.
    ///
    /// # Errors
    /// One line naming the setting that is wrong.
    pub fn run(self, settings: Settings) -> Result<u8> {
        telemetry::start(settings.log_format, "warn");
        let today = Clock::system().now().date();
        let as_of = match &self.as_of {
            Some(text) => read_date(text).map_err(|e| Error::fault(format!("--as-of: {e}")))?,
            None => today,
        };
        let url = database(&settings, as_of)?;
        let secret = settings.secret_or_random()?;
        let post = Post::for_the_demo(FROM, &settings.public_url()?, secret.clone());
        let post = post.map_err(Error::fault)?;
        prepare(&settings, &url, as_of, &post)?;
        if self.only_fill {
            return Ok(0);
        }
        let config = config(&settings, secret)?;
        let store = Store::open(&url, clock(as_of))?;
        let application = Application::build(&config, store.clone())?;
        output::say(format!(
            "The demo answers at http://{} (there it is {})",
            settings.listen_addr,
            date_words(Period::of(as_of).first_day())
        ));
        serve::run(application, store, Some(post))
    }
}

fn database(settings: &Settings, as_of: NaiveDate) -> Result<DatabaseUrl> {
    if settings.database_url.is_some() {
        return settings.database();
    }
    std::fs::create_dir_all("var").map_err(Error::fault)?;
    let path = PathBuf::from("var").join(format!("demo-{}.db", Period::of(as_of)));
    Ok(DatabaseUrl::Sqlite(path.display().to_string()))
}

/// The demo's day is the first of its month: its clock runs on from half past nine.
fn clock(as_of: NaiveDate) -> Clock {
    let morning = TimeDelta::hours(9) + TimeDelta::minutes(30);
    let first = Period::of(as_of)
        .first_day()
        .and_time(chrono::NaiveTime::MIN);
    Clock::running_from((first + morning).and_utc())
}

/// Fills the database. The demo's own file is made beside its place and moved there whole, so that
/// a stop on the way leaves nothing half-made.
fn prepare(settings: &Settings, url: &DatabaseUrl, as_of: NaiveDate, post: &Post) -> Result<()> {
    let DatabaseUrl::Sqlite(path) = url else {
        return fill(url, as_of, post);
    };
    if settings.database_url.is_some() {
        return fill(url, as_of, post);
    }
    if Path::new(path).exists() {
        return Ok(());
    }
    let part = format!("{path}.part");
    for left in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{part}{left}"));
    }
    fill(&DatabaseUrl::Sqlite(part.clone()), as_of, post)?;
    std::fs::rename(&part, path).map_err(Error::fault)
}

fn fill(url: &DatabaseUrl, as_of: NaiveDate, post: &Post) -> Result<()> {
    let begins = demo::begins_at(as_of).and_utc();
    let clock = Clock::held_at(begins);
    let milliseconds = u64::try_from(begins.timestamp_millis()).unwrap_or_default();
    let store = Store::open_with(url, clock.clone(), Some(Mint::counting_from(milliseconds)))?;
    match demo::standing(&store)? {
        Standing::Whole => return Ok(()),
        Standing::Empty => {}
        Standing::Partial => {
            return Err(Error::fault(
                "DATABASE_URL: this database holds a half-made demo; give an empty one",
            ));
        }
    }
    let mut progress = Progress::new();
    let begun = std::time::Instant::now();
    demo::fill(
        (&store, &clock),
        as_of,
        |store| worker::run_all(store, post).map(drop),
        |month| progress.tell(&format!("{month} is closed")),
    )?;
    progress.end();
    output::say(format!(
        "Eighteen months of two vendors, lived through in {} ms",
        begun.elapsed().as_millis()
    ));
    Ok(())
}

fn config(settings: &Settings, secret: SecretKey) -> Result<Config> {
    Ok(Config {
        listen: settings.listen_addr.clone(),
        public_url: settings.public_url()?,
        secret,
        mail_domain: "demo.example".to_owned(),
        trusted_proxies: settings.trusted_proxies()?,
        personas: Some(demo::personas()),
        workers: 2,
    })
}
