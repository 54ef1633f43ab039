//! The first people of a vendor.
use chrono_tz::Tz;
use clap::{Args, Subcommand};

use super::{Settings, output};
use crate::{
    Error, Result,
    domain::{Currency, Email, Name, Period, Role, Slug},
    services::account::invitations::{self, Delivery, Invitee},
    store::{
        Store, VendorScope,
        lobby::{self, NewVendor},
    },
};

/// `perennial user`.
#[derive(Args)]
pub struct User {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Invites an owner and prints a link that works once; sets the vendor up first if it is new
    Create(Create),
}

#[derive(Args)]
struct Create {
    /// The vendor's address: the first part of its pages' addresses
    #[arg(long)]
    vendor: String,
    /// The owner's email address
    #[arg(long)]
    owner: String,
    /// The owner's name
    #[arg(long)]
    name: Option<String>,
    /// The vendor's name, if it is new
    #[arg(long)]
    vendor_name: Option<String>,
    /// IANA zone of the vendor's months, if it is new
    #[arg(long, default_value = "UTC")]
    time_zone: String,
    /// ISO 4217 code of the vendor's books, if it is new
    #[arg(long, default_value = "EUR")]
    currency: String,
}

impl User {
    /// Invites and prints the link.
    ///
    /// # Errors
    /// One line naming what is wrong.
    pub fn run(self, settings: &Settings) -> Result<u8> {
        let UserCommand::Create(create) = self.command;
        let (key, url) = (settings.secret()?, settings.public_url()?);
        let email: Email = read("--owner", &create.owner)?;
        let name = create.name.clone().unwrap_or_else(|| create.owner.clone());
        let invitee = Invitee {
            partner: None,
            email,
            name: read::<Name>("--name", &name)?,
            role: Role::Owner,
        };
        let store = settings.store()?;
        let scope = create.vendor(&store)?;
        let invited = store.write_now(scope, |tx| {
            invitations::invite(tx, &key, &invitee, Delivery::Link)
        })?;
        output::say(format!("{url}/invitations/{}", invited.token));
        Ok(0)
    }
}

impl Create {
    fn vendor(&self, store: &Store) -> Result<VendorScope> {
        let slug: Slug = read("--vendor", &self.vendor)?;
        let known = store.lobby_now(|lobby| lobby::operator(lobby, slug.as_str()));
        match known {
            Err(Error::NotFound) => self.new_vendor(store, &slug),
            known => known,
        }
    }
    fn new_vendor(&self, store: &Store, slug: &Slug) -> Result<VendorScope> {
        let name = self
            .vendor_name
            .clone()
            .unwrap_or_else(|| self.vendor.clone());
        let zone: Tz = self.time_zone.parse().map_err(|_| {
            Error::fault("--time-zone: give the name of a zone, such as Europe/Berlin")
        })?;
        let today = store.now().and_utc().with_timezone(&zone).date_naive();
        let name = read::<Name>("--vendor-name", &name)?.to_string();
        let new = NewVendor {
            slug: slug.to_string(),
            legal_name: name.clone(),
            name,
            address: String::new(),
            time_zone: self.time_zone.clone(),
            currency: read::<Currency>("--currency", &self.currency)?
                .code()
                .to_owned(),
            document_prefix: prefix(slug.as_str()),
            first_period: Period::of(today).key(),
        };
        store.lobby_write_now(|lobby| lobby::add_vendor(lobby, &new))
    }
}

/// Up to four letters of the slug begin its document numbers.
fn prefix(slug: &str) -> String {
    let letters = slug.chars().filter(char::is_ascii_alphanumeric);
    letters.take(4).collect::<String>().to_uppercase()
}

fn read<T>(flag: &str, text: &str) -> Result<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|why| Error::fault(format!("{flag}: {why}")))
}
