//! The first people of a vendor, and anyone else whom a link reaches better than a letter.
use chrono_tz::Tz;
use clap::{Args, Subcommand, builder::PossibleValuesParser};

use super::{Settings, output};
use crate::{
    Error, Result,
    domain::{Currency, Name, Period, Role, Slug},
    services::account::invitations::{self, Delivery, Invitee},
    store::{
        Store, VendorScope,
        lobby::{self, NewVendor},
        recruit::partners,
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
    /// Invites anyone to a vendor or a partner that is set up, and prints a link that works once
    Invite(Invite),
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
    /// IANA zone of the vendor's months, if it is new [default: UTC]
    #[arg(long)]
    time_zone: Option<String>,
    /// ISO 4217 code of the vendor's books, if it is new [default: EUR]
    #[arg(long)]
    currency: Option<String>,
}

#[derive(Args)]
struct Invite {
    /// The vendor's address: the first part of its pages' addresses
    #[arg(long)]
    vendor: String,
    /// The partner's address behind /p/, for someone on a partner's side
    #[arg(long)]
    partner: Option<String>,
    /// Their email address
    #[arg(long)]
    email: String,
    /// Their name
    #[arg(long)]
    name: Option<String>,
    /// As what
    #[arg(long, value_parser = PossibleValuesParser::new(Role::ALL.iter().map(|role| role.code())))]
    role: String,
}

impl User {
    /// Invites and prints the link.
    ///
    /// # Errors
    /// One line naming what is wrong.
    pub fn run(self, settings: &Settings) -> Result<u8> {
        match self.command {
            UserCommand::Create(create) => create.run(settings),
            UserCommand::Invite(invite) => invite.run(settings),
        }
    }
}

/// Invites someone and prints the link.
fn invite(
    settings: &Settings,
    store: &Store,
    (scope, invitee): (VendorScope, Invitee),
) -> Result<u8> {
    let (key, url) = (settings.secret()?, settings.public_url()?);
    let invited = store.write_now(scope, |tx| {
        invitations::invite(tx, &key, &invitee, Delivery::Link)
    })?;
    output::say(format!("{url}/invitations/{}", invited.token));
    Ok(0)
}

impl Invite {
    fn run(self, settings: &Settings) -> Result<u8> {
        settings.secret()?;
        settings.public_url()?;
        let slug: Slug = read("--vendor", &self.vendor)?;
        let partner = self.partner.as_deref();
        let partner = partner.map(|slug| read::<Slug>("--partner", slug));
        let partner = partner.transpose()?;
        let name = self.name.clone().unwrap_or_else(|| self.email.clone());
        let mut invitee = Invitee {
            partner: None,
            email: read("--email", &self.email)?,
            name: read::<Name>("--name", &name)?,
            role: read("--role", &self.role)?,
        };
        let store = settings.store()?;
        let scope = store
            .lobby_now(|lobby| lobby::operator(lobby, slug.as_str()))
            .map_err(|error| unknown("--vendor", error))?;
        if let Some(slug) = partner {
            let found = store.read_now(scope.clone(), |tx| partners::with_slug(tx, &slug));
            invitee.partner = Some(found.map_err(|error| unknown("--partner", error))?);
        }
        invite(settings, &store, (scope, invitee))
    }
}

fn unknown(flag: &str, error: Error) -> Error {
    match error {
        Error::NotFound => Error::fault(format!("{flag}: there is none with this address")),
        other => other,
    }
}

impl Create {
    fn run(self, settings: &Settings) -> Result<u8> {
        settings.secret()?;
        settings.public_url()?;
        let name = self.name.clone().unwrap_or_else(|| self.owner.clone());
        let invitee = Invitee {
            partner: None,
            email: read("--owner", &self.owner)?,
            name: read::<Name>("--name", &name)?,
            role: Role::Owner,
        };
        let store = settings.store()?;
        let scope = self.vendor(&store)?;
        invite(settings, &store, (scope, invitee))
    }
    fn vendor(&self, store: &Store) -> Result<VendorScope> {
        let slug: Slug = read("--vendor", &self.vendor)?;
        let known = store.lobby_now(|lobby| lobby::operator(lobby, slug.as_str()));
        match known {
            Err(Error::NotFound) => self.new_vendor(store, &slug),
            Ok(_) if self.says_how() => Err(Error::fault(format!(
                "--vendor: {slug} is set up already; its name is changed on its settings page, \
                 its time zone and currency stay"
            ))),
            known => known,
        }
    }
    /// Whether anything was said that only a new vendor takes.
    fn says_how(&self) -> bool {
        self.vendor_name.is_some() || self.time_zone.is_some() || self.currency.is_some()
    }
    fn new_vendor(&self, store: &Store, slug: &Slug) -> Result<VendorScope> {
        let name = self
            .vendor_name
            .clone()
            .unwrap_or_else(|| self.vendor.clone());
        let time_zone = self.time_zone.as_deref().unwrap_or("UTC");
        let currency = self.currency.as_deref().unwrap_or("EUR");
        let zone: Tz = time_zone.parse().map_err(|_| {
            Error::fault("--time-zone: give the name of a zone, such as Europe/Berlin")
        })?;
        let today = store.now().and_utc().with_timezone(&zone).date_naive();
        let name = read::<Name>("--vendor-name", &name)?.to_string();
        let new = NewVendor {
            slug: slug.to_string(),
            legal_name: name.clone(),
            name,
            address: String::new(),
            time_zone: time_zone.to_owned(),
            currency: read::<Currency>("--currency", currency)?.code().to_owned(),
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
