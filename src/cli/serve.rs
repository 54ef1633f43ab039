//! Answering requests, and the work that falls due.
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use clap::Args;

use super::{Settings, output};
use crate::{
    Error, Result,
    mail::Post,
    startup::{Application, Config},
    store::Store,
    telemetry,
    worker::{self, Pace},
};

/// `perennial serve`.
#[derive(Args, Default)]
pub struct Serve {
    /// Leave the work that falls due to `perennial work`
    #[arg(long)]
    no_work: bool,
}

/// `perennial work`.
#[derive(Args)]
pub struct Work {
    /// Stop when nothing is due any more
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    hurry: Hurry,
}

/// Another pace, for tests of workers that die; not for production, and not in the help.
#[derive(Args)]
struct Hurry {
    /// Milliseconds that a claim lasts
    #[arg(long, hide = true, value_parser = clap::value_parser!(i64).range(100..))]
    lease_ms: Option<i64>,
    /// Partners staged in one transaction of a close
    #[arg(long, hide = true, value_parser = clap::value_parser!(i64).range(1..))]
    chunk: Option<i64>,
    /// Milliseconds between two transactions of a close
    #[arg(long, hide = true)]
    pause_ms: Option<u64>,
}

impl Hurry {
    fn pace(&self) -> Pace {
        let usual = Pace::default();
        Pace {
            lease: self
                .lease_ms
                .map_or(usual.lease, chrono::TimeDelta::milliseconds),
            chunk: self.chunk.unwrap_or(usual.chunk),
            pause: self
                .pause_ms
                .map_or(usual.pause, std::time::Duration::from_millis),
        }
    }
}

impl Serve {
    /// Runs until it is stopped.
    ///
    /// # Errors
    /// One line naming the setting that is wrong.
    pub fn run(&self, settings: &Settings) -> Result<u8> {
        telemetry::start(settings.log_format, "info");
        let config = Config {
            listen: settings.listen_addr.clone(),
            public_url: settings.public_url()?,
            secret: settings.secret()?,
            mail_domain: settings.mail_domain()?,
            trusted_proxies: settings.trusted_proxies()?,
            personas: None,
            workers: 2,
        };
        let post = settings.post(&config)?;
        let store = settings.store()?;
        let application = Application::build(&config, store.clone())?;
        output::say(format!("Perennial answers at {}", config.public_url));
        run(application, store, (!self.no_work).then_some(post))
    }
}

impl Work {
    /// Works until it is stopped.
    ///
    /// # Errors
    /// One line naming the setting that is wrong.
    pub fn run(&self, settings: &Settings) -> Result<u8> {
        telemetry::start(settings.log_format, "info");
        let config = Config {
            listen: settings.listen_addr.clone(),
            public_url: settings.public_url()?,
            secret: settings.secret()?,
            mail_domain: settings.mail_domain()?,
            trusted_proxies: settings.trusted_proxies()?,
            personas: None,
            workers: 1,
        };
        let post = settings.post(&config)?;
        let store = settings.store()?;
        if self.once {
            let done = worker::run_all(&store, &post)?;
            output::say(format!("{done} jobs done"));
            return Ok(0);
        }
        let stop = Arc::new(AtomicBool::new(false));
        let work = worker::start(store, post, self.hurry.pace(), stop.clone());
        runtime()?.block_on(asked_to_stop());
        stop.store(true, Ordering::Relaxed);
        let _ = work.join();
        Ok(0)
    }
}

/// Serves, and works if there is a post to send by, until a signal comes; then finishes what
/// was begun.
///
/// # Errors
/// Faults of the server.
pub fn run(application: Application, store: Store, post: Option<Post>) -> Result<u8> {
    let stop = Arc::new(AtomicBool::new(false));
    let work = post.map(|post| worker::start(store, post, Pace::default(), stop.clone()));
    let served = actix_web::rt::System::new().block_on(async {
        let handle = application.server.handle();
        actix_web::rt::spawn(async move {
            asked_to_stop().await;
            handle.stop(true).await;
        });
        application.server.await
    });
    stop.store(true, Ordering::Relaxed);
    if let Some(work) = work {
        let _ = work.join();
    }
    served.map_err(Error::fault)?;
    Ok(0)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::fault)
}

async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    else {
        let _ = interrupt.await;
        return;
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}

/// `perennial migrate`.
///
/// # Errors
/// When the database cannot be opened or a migration fails.
pub fn migrate(settings: &Settings) -> Result<u8> {
    settings.store()?;
    output::say("The database's schema is up to date.");
    Ok(0)
}
