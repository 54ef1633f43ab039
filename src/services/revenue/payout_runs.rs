//! Runs of payouts: gathered, handed to the bank as a file, and marked as paid or canceled whole.
mod outcome;
mod shared;

pub use outcome::{cancel, mark_paid};
pub use shared::SharedAccount;

use std::collections::HashMap;

use chrono::{Days, NaiveDate, NaiveDateTime};

use crate::{
    Error, Result,
    documents::transfer,
    domain::{
        Action, Currency, Money, Overflow, Permission, Zone,
        bank::{AccountStanding, BankDetails, PayoutRunStatus},
    },
    id::{PartnerId, PayoutRunId},
    secrets::sha256_hex,
    store::{
        Scope, Tx, VendorScope,
        account::vendor,
        counters,
        incentivize::{
            bank_accounts::{self, Account},
            payout_runs::{self, PayoutRun, PayoutTransfer, Waiting},
        },
        recruit::partners,
    },
};

/// The most that one SEPA transfer carries, in cents.
const SEPA_AT_MOST: i64 = 99_999_999_999;

/// A payout as a run would take it, or leave it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The payout.
    pub waiting: Waiting,
    /// The partner's name.
    pub partner_name: String,
    /// Where it would go.
    pub account: Option<Account>,
    /// Why it is left out; empty where it is not.
    pub left_out: String,
}

/// What a run would hold.
#[derive(Debug, Clone)]
pub struct Gathered {
    /// What goes with it.
    pub taken: Vec<Candidate>,
    /// What does not, and why.
    pub left: Vec<Candidate>,
    /// What the payments come to.
    pub total: Money,
}

impl Gathered {
    /// Says in few letters what goes where, so that what is made is what was looked at.
    pub fn seen(&self) -> String {
        let mut said = String::new();
        for one in &self.taken {
            let account = one.account.as_ref();
            let (iban, version) = account.map_or(("", 0), |known| {
                (known.details.iban.as_str(), known.version)
            });
            let waiting = &one.waiting;
            said += &format!(
                "{} {} {iban} {version};",
                waiting.payout, waiting.amount_minor
            );
        }
        sha256_hex(said.as_bytes()).chars().take(32).collect()
    }
}

/// Whether a run in a currency can be handed to a bank by SEPA.
pub fn is_sepa(currency: Currency) -> bool {
    currency.code() == "EUR"
}

/// What a run in a currency would hold that is paid on a day: every payout due by then.
///
/// # Errors
/// [`Error::Forbidden`]; faults of the database.
pub fn gather(
    tx: &mut Tx<'_, VendorScope>,
    currency: Currency,
    execute_on: NaiveDate,
) -> Result<Gathered> {
    tx.allow(Permission::ManagePayouts)?;
    let waiting = payout_runs::waiting(tx, currency, execute_on)?;
    let ids: Vec<PartnerId> = waiting.iter().map(|one| one.partner).collect();
    let names: HashMap<_, _> = partners::names(tx, &ids)?.into_iter().collect();
    let accounts = bank_accounts::of(tx, &ids)?;
    let (now, zone) = (tx.now(), vendor::settings(tx)?.zone);
    let mut candidates = Vec::with_capacity(waiting.len());
    for one in waiting {
        let account = accounts.get(&one.partner).cloned();
        let amount = Money::new(one.amount_minor, currency);
        candidates.push(Candidate {
            partner_name: names.get(&one.partner).cloned().unwrap_or_default(),
            left_out: left_out(account.as_ref(), amount, (now, zone)),
            account,
            waiting: one,
        });
    }
    let (taken, left): (Vec<_>, Vec<_>) = candidates
        .into_iter()
        .partition(|one| one.left_out.is_empty());
    let total: i128 = taken
        .iter()
        .map(|one| i128::from(one.waiting.amount_minor))
        .sum();
    let total = i64::try_from(total).map_err(|_| Overflow)?;
    Ok(Gathered {
        taken,
        left,
        total: Money::new(total, currency),
    })
}

fn left_out(
    account: Option<&Account>,
    amount: Money,
    (now, zone): (NaiveDateTime, Zone),
) -> String {
    let Some(account) = account else {
        return "Bank details are missing".to_owned();
    };
    match account.standing(now) {
        AccountStanding::Unconfirmed => return "Nobody has confirmed the bank details".to_owned(),
        AccountStanding::Waits(until) => {
            let until = zone.instant_words(until);
            return format!("The bank details have changed: nothing is paid there before {until}");
        }
        AccountStanding::Ready => {}
    }
    let is_sepa = is_sepa(amount.currency());
    let why = match account.details.iban.is_sepa() {
        false if is_sepa => "The bank is not reached by SEPA",
        _ if is_sepa && amount.minor() > SEPA_AT_MOST => "Too much for one transfer",
        _ => "",
    };
    why.to_owned()
}

/// A run that is asked for.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// What it pays in.
    pub currency: Currency,
    /// The day on which the bank is to pay.
    pub execute_on: NaiveDate,
    /// [`Gathered::seen`] of what was looked at.
    pub seen: String,
}

/// For how many days ahead a bank is told.
const AHEAD: Days = Days::new(180);

fn check_day(execute_on: NaiveDate, today: NaiveDate) -> Result<()> {
    let last = today.checked_add_days(AHEAD).unwrap_or(today);
    match execute_on {
        day if day < today => Err(Error::on("execute_on", "This day has passed.")),
        day if day > last => Err(Error::on(
            "execute_on",
            "Give a day within the next six months.",
        )),
        _ => Ok(()),
    }
}

/// What a run is to hold, if it is what was looked at.
fn looked_at(tx: &mut Tx<'_, VendorScope>, new: &NewRun) -> Result<Gathered> {
    let gathered = gather(tx, new.currency, new.execute_on)?;
    if gathered.taken.is_empty() {
        let why = "Nothing that can be transferred is due in this currency by that day.";
        return Err(Error::on("currency", why));
    }
    match gathered.seen() == new.seen {
        true => Ok(gathered),
        false => Err(Error::on(
            "seen",
            "What is due, or an account, has changed since you looked. Look at the run again.",
        )),
    }
}

/// Puts a run together of what is due in a currency by the day on which the bank is to pay. What it
/// holds, and the accounts, stay as they are now; its payouts are in no other run.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] on `execute_on`, `currency` or `seen`;
/// [`Error::Conflict`] when somebody else took one of the payouts meanwhile; faults of the database.
pub fn create(tx: &mut Tx<'_, VendorScope>, new: &NewRun) -> Result<PayoutRunId> {
    tx.allow(Permission::ManagePayouts)?;
    check_day(new.execute_on, vendor::today(tx)?)?;
    let Some(own) = bank_accounts::own(tx)? else {
        return Err(Error::on(
            "currency",
            "Give the account you pay from first.",
        ));
    };
    let gathered = looked_at(tx, new)?;
    let prefix = vendor::settings(tx)?.document_prefix;
    let number = counters::take(tx, "payout_run", 1)?;
    let id: PayoutRunId = tx.fresh_id();
    let run = PayoutRun {
        id,
        number: format!("{prefix}-PAY-{number:04}"),
        currency: new.currency,
        execute_on: new.execute_on,
        holder: own.details.holder.clone(),
        iban: own.details.iban.as_str().to_owned(),
        bic: bic(&own.details),
        transfer_count: i32::try_from(gathered.taken.len()).map_err(Error::fault)?,
        total_minor: gathered.total.minor(),
        status: PayoutRunStatus::Open,
        paid_on: None,
        reference: String::new(),
        created_by: tx.scope().actor().name.clone(),
        created_at: tx.now(),
        version: 1,
    };
    let transfers = transfers(tx, &run, &gathered.taken);
    let summary = format!(
        "{}: {} payments, {}",
        run.number, run.transfer_count, gathered.total
    );
    if !payout_runs::add(tx, run, transfers)? {
        return Err(Error::conflict(
            "Somebody else has taken one of these payouts.",
        ));
    }
    outcome::note(tx, (Action::PayoutRunMade, id), summary)?;
    Ok(id)
}

fn transfers(
    tx: &Tx<'_, VendorScope>,
    run: &PayoutRun,
    taken: &[Candidate],
) -> Vec<PayoutTransfer> {
    let with_account = taken
        .iter()
        .filter_map(|one| Some((one, &one.account.as_ref()?.details)));
    (1..)
        .zip(with_account)
        .map(|(seq, (one, account))| PayoutTransfer {
            id: tx.fresh_id(),
            partner_id: one.waiting.partner,
            payout_run_id: run.id,
            payout_id: one.waiting.payout,
            seq,
            run_number: run.number.clone(),
            statement_number: one.waiting.statement_number.clone(),
            amount_minor: one.waiting.amount_minor,
            holder: account.holder.clone(),
            iban: account.iban.as_str().to_owned(),
            bic: bic(account),
        })
        .collect()
}

fn bic(details: &BankDetails) -> String {
    let bic = details.bic.as_ref();
    bic.map_or_else(String::new, |bic| bic.as_str().to_owned())
}

/// A payment of a run, and whom it is for.
#[derive(Debug, Clone)]
pub struct HeldTransfer {
    /// The payment, with the account as it was.
    pub transfer: PayoutTransfer,
    /// The partner's name.
    pub partner_name: String,
    /// When the partner's account was changed, UTC, where it is another by now.
    pub changed_at: Option<NaiveDateTime>,
}

/// A run with its payments.
#[derive(Debug, Clone)]
pub struct Held {
    /// The run.
    pub run: PayoutRun,
    /// Its payments, in order.
    pub transfers: Vec<HeldTransfer>,
}

/// A run with what it holds.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::NotFound`]; faults of the database.
pub fn held(tx: &mut Tx<'_, VendorScope>, id: PayoutRunId) -> Result<Held> {
    tx.allow(Permission::ManagePayouts)?;
    let run = payout_runs::one(tx, id)?;
    let transfers = payout_runs::transfers(tx, id)?;
    let ids: Vec<PartnerId> = transfers.iter().map(|one| one.partner_id).collect();
    let names: HashMap<_, _> = partners::names(tx, &ids)?.into_iter().collect();
    let accounts = bank_accounts::of(tx, &ids)?;
    let held = |transfer: PayoutTransfer| {
        let now = accounts.get(&transfer.partner_id);
        let other = now.filter(|now| is_other(&now.details, &transfer));
        HeldTransfer {
            partner_name: names.get(&transfer.partner_id).cloned().unwrap_or_default(),
            changed_at: other.map(|now| now.changed_at),
            transfer,
        }
    };
    let transfers = transfers.into_iter().map(held).collect();
    Ok(Held { run, transfers })
}

/// Whether an account is not the one that a payment goes to.
fn is_other(now: &BankDetails, transfer: &PayoutTransfer) -> bool {
    let as_now = (now.holder.as_str(), now.iban.as_str(), bic(now));
    (
        transfer.holder.as_str(),
        transfer.iban.as_str(),
        transfer.bic.clone(),
    ) != as_now
}

impl Held {
    /// The run as its files say it.
    pub fn as_file(&self) -> transfer::Run {
        let run = &self.run;
        transfer::Run {
            message: run.id.to_string(),
            number: run.number.clone(),
            created_at: run.created_at,
            execute_on: run.execute_on,
            currency: run.currency,
            from: transfer::Account {
                holder: run.holder.clone(),
                iban: run.iban.clone(),
                bic: run.bic.clone(),
            },
            transfers: self
                .transfers
                .iter()
                .map(|held| (&held.transfer, &held.partner_name))
                .map(|(one, partner)| transfer::Transfer {
                    end_to_end: one.payout_id.to_string(),
                    to: transfer::Account {
                        holder: one.holder.clone(),
                        iban: one.iban.clone(),
                        bic: one.bic.clone(),
                    },
                    amount_minor: one.amount_minor,
                    remittance: one.statement_number.clone(),
                    partner: partner.clone(),
                })
                .collect(),
        }
    }
}
