//! Synthetic load, and what a month of it takes.
use std::path::PathBuf;

use chrono::{NaiveTime, Utc};
use clap::Args;

use super::{Settings, output, output::Progress};
use crate::{
    Error, Result,
    clock::Clock,
    domain::counted,
    load::{self, Figures, Size},
    store::{DatabaseUrl, Store},
};

/// `perennial generate`.
#[derive(Args)]
pub struct Generate {
    /// Vendors
    #[arg(long, default_value_t = 1)]
    vendors: usize,
    /// Partners of each vendor
    #[arg(long, default_value_t = 1_000)]
    partners: usize,
    /// Subscriptions of each vendor
    #[arg(long, default_value_t = 10_000)]
    subscriptions: usize,
    /// Months that are billed, paid and closed
    #[arg(long, default_value_t = 1)]
    months: u32,
}

impl Generate {
    /// Fills an empty database with made-up vendors by the real rules.
    ///
    /// # Errors
    /// One line naming what is wrong.
    pub fn run(&self, settings: &Settings) -> Result<u8> {
        let clock = clock();
        let store = Store::open(&settings.database()?, clock.clone())?;
        let size = Size {
            vendors: self.vendors,
            partners: self.partners.max(1),
            subscriptions: self.subscriptions,
            months: self.months,
        };
        let mut progress = Progress::new();
        load::generate((&store, &clock), size, |line| progress.tell(line))?;
        progress.end();
        output::say(format!(
            "{}, each with {}, {} and {}",
            counted(size.vendors, "vendor", "vendors"),
            counted(size.partners, "partner", "partners"),
            counted(size.subscriptions, "subscription", "subscriptions"),
            counted(size.months, "closed month", "closed months")
        ));
        Ok(0)
    }
}

/// `perennial measure`.
#[derive(Args)]
pub struct Measure {
    /// Active subscriptions
    #[arg(long, default_value_t = 10_000)]
    subscriptions: usize,
    /// Partners they are dealt out to
    #[arg(long, default_value_t = 1_000)]
    partners: usize,
    /// The figures as one JSON object
    #[arg(long)]
    json: bool,
}

impl Measure {
    /// Lives one month of a made-up vendor and says what each part took, beside its floor. The
    /// database has to be empty; without one a file under var/ is made and taken away again.
    ///
    /// # Errors
    /// One line naming what is wrong.
    pub fn run(&self, settings: &Settings) -> Result<u8> {
        let own = settings.database_url.is_none();
        let path = PathBuf::from("var").join("measure.db");
        let url = match own {
            false => settings.database()?,
            true => {
                std::fs::create_dir_all("var").map_err(Error::fault)?;
                remove(&path);
                DatabaseUrl::Sqlite(path.display().to_string())
            }
        };
        let clock = clock();
        let mut progress = Progress::new();
        let figures = {
            let store = Store::open(&url, clock.clone())?;
            let size = (self.partners.max(1), self.subscriptions);
            load::measure((&store, &clock), size, |line| progress.tell(line))
        };
        progress.end();
        if own {
            remove(&path);
        }
        self.tell(&figures?);
        Ok(0)
    }

    fn tell(&self, figures: &Figures) {
        if self.json {
            output::json(figures);
            return;
        }
        let seconds = |ms: u128| format!("{}.{:03} s", ms / 1000, ms % 1000);
        for phase in &figures.phases {
            output::say(format!(
                "{:>12}  {:>9}  {}",
                seconds(phase.ms),
                phase.count,
                phase.name
            ));
        }
        let ratio = figures.ratio_percent();
        output::say(format!("{:>12}  the month", seconds(figures.month_ms)));
        let floor = [
            (
                figures.floor_ms - figures.changing_ms,
                figures.rows,
                "rows set in at once",
            ),
            (figures.changing_ms, figures.changed, "rows changed at once"),
        ];
        for (ms, rows, what) in floor {
            output::say(format!("{:>12}  {rows:>9}  {what}", seconds(ms)));
        }
        output::say(format!(
            "{:>12}  both: the floor",
            seconds(figures.floor_ms)
        ));
        output::say(format!(
            "The month took {}.{:02} times its floor.",
            ratio / 100,
            ratio % 100
        ));
        if let Some(peak) = figures.peak_mib {
            output::say(format!("Most memory held: {peak} MiB"));
        }
    }
}

fn remove(path: &std::path::Path) {
    for left in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{left}", path.display()));
    }
}

fn clock() -> Clock {
    let first = load::first_month().first_day().and_time(NaiveTime::MIN);
    Clock::held_at(first.and_local_timezone(Utc).single().unwrap_or_default())
}
