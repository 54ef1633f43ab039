//! The command line: flags, environment and `--help` are one source.
mod close;
mod demo;
mod import;
mod load;
mod output;
mod serve;
mod settings;
mod user;
mod verify;

use clap::{Parser, Subcommand};

use crate::Result;
pub use settings::Settings;

/// A partner portal for recurring revenue.
#[derive(Parser)]
#[command(name = "perennial", version, about, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the portal with believable demo data (default database: var/demo-YYYY-MM.db)
    Demo(demo::Demo),
    /// Answers requests and does the work that falls due (the default)
    Serve(serve::Serve),
    /// Does the work that falls due, without answering requests
    Work(serve::Work),
    /// Brings the database's schema up to date and stops
    Migrate,
    /// Closes the months that are due, in order, and queues their statements
    Close(close::Close),
    /// Checks a CSV file, or checks it and applies it
    Import(import::Import),
    /// Recomputes and checks every invariant of the ledger; exits with 1 if anything is wrong
    Verify(verify::Verify),
    /// Adds the first people of a vendor
    User(user::User),
    /// Fills an empty database with made-up vendors of any size, by the real rules
    Generate(load::Generate),
    /// Lives a month of a made-up vendor and says how long it takes, beside its floor
    Measure(load::Measure),
}

/// Runs what the command line says; gives the exit code.
pub fn run() -> u8 {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            output::refuse(&error);
            1
        }
    }
}

fn dispatch(cli: Cli) -> Result<u8> {
    let settings = cli.settings;
    match cli
        .command
        .unwrap_or(Command::Serve(serve::Serve::default()))
    {
        Command::Demo(command) => command.run(settings),
        Command::Serve(command) => command.run(&settings),
        Command::Work(command) => command.run(&settings),
        Command::Migrate => serve::migrate(&settings),
        Command::Close(command) => command.run(&settings),
        Command::Import(command) => command.run(&settings),
        Command::Verify(command) => command.run(&settings),
        Command::User(command) => command.run(&settings),
        Command::Generate(command) => command.run(&settings),
        Command::Measure(command) => command.run(&settings),
    }
}
