//! Where commission is transferred to, and the account it is paid from.
use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::{
    Result,
    domain::bank::{AccountStanding, BankDetails},
    id::{BankAccountId, OwnAccountId, PartnerId, UserId},
    store::{
        PartnerScope, Tx, VendorScope,
        account::{People, vendor},
        names::stored,
        recruit::partners::{self, Partner},
        registers::Sees,
        revenue::ASKED_AT_ONCE,
        schema::{bank_accounts, own_accounts},
        tx::to,
    },
};

/// A partner's account, as it is kept.
#[derive(Debug, Clone)]
pub struct Account {
    /// What a bank has to know.
    pub details: BankDetails,
    /// When it was given, UTC.
    pub changed_at: NaiveDateTime,
    /// Who gave it, where that was a person.
    pub changed_by: Option<UserId>,
    /// Their name.
    pub changer: String,
    /// Whether they are the partner's.
    pub by_partner: bool,
    /// Who confirmed it; empty until somebody does.
    pub confirmer: String,
    /// When, UTC.
    pub confirmed_at: Option<NaiveDateTime>,
    /// Rises with every change of the details, from 1.
    pub version: i32,
}

impl Account {
    /// Whether money may go there at an instant, UTC.
    pub fn standing(&self, now: NaiveDateTime) -> AccountStanding {
        let changed = (self.changed_at, self.version == 1);
        AccountStanding::of(self.confirmed_at.is_some(), changed, now)
    }
}

/// The vendor's own account.
#[derive(Debug, Clone)]
pub struct Own {
    /// What a bank has to know.
    pub details: BankDetails,
    /// Rises with every change, from 1.
    pub version: i32,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = bank_accounts)]
struct Row {
    partner_id: PartnerId,
    holder: String,
    iban: String,
    bic: String,
    changed_at: NaiveDateTime,
    changed_by: Option<UserId>,
    changer: String,
    by_partner: bool,
    confirmer: String,
    confirmed_at: Option<NaiveDateTime>,
    version: i32,
}

impl Row {
    fn read(self) -> Result<Account> {
        Ok(Account {
            details: details(self.holder, (&self.iban, &self.bic))?,
            changed_at: self.changed_at,
            changed_by: self.changed_by,
            changer: self.changer,
            by_partner: self.by_partner,
            confirmer: self.confirmer,
            confirmed_at: self.confirmed_at,
            version: self.version,
        })
    }
}

fn details(holder: String, (iban, bic): (&str, &str)) -> Result<BankDetails> {
    Ok(BankDetails {
        holder,
        iban: stored(iban)?,
        bic: match bic {
            "" => None,
            bic => Some(stored(bic)?),
        },
    })
}

/// A partner's account, if it is known; in a partner's scope its own alone.
///
/// # Errors
/// Faults of the database.
pub fn of_partner<S: Sees>(tx: &mut Tx<'_, S>, partner: PartnerId) -> Result<Option<Account>> {
    let row = S::bank_accounts(tx)
        .filter(bank_accounts::partner_id.eq(partner))
        .select(Row::as_select());
    let row: Option<Row> = tx.first(row)?;
    row.map(Row::read).transpose()
}

/// The accounts of these partners.
///
/// # Errors
/// Faults of the database.
pub fn of(
    tx: &mut Tx<'_, VendorScope>,
    partners: &[PartnerId],
) -> Result<HashMap<PartnerId, Account>> {
    let mut found = HashMap::new();
    for some in partners.chunks(ASKED_AT_ONCE) {
        let rows = tx
            .rows(bank_accounts::table)
            .filter(bank_accounts::partner_id.eq_any(some.to_vec()))
            .select(Row::as_select());
        let rows: Vec<Row> = tx.load(rows)?;
        for row in rows {
            found.insert(row.partner_id, row.read()?);
        }
    }
    Ok(found)
}

/// Accounts that nobody has confirmed yet, those given first before others, at most `limit`.
///
/// # Errors
/// Faults of the database.
pub fn unconfirmed(tx: &mut Tx<'_, VendorScope>, limit: i64) -> Result<Vec<(PartnerId, Account)>> {
    let rows = tx
        .rows(bank_accounts::table)
        .filter(bank_accounts::confirmed_at.is_null())
        .order((bank_accounts::changed_at, bank_accounts::id))
        .limit(limit)
        .select(Row::as_select());
    let rows: Vec<Row> = tx.load(rows)?;
    let read = |row: Row| Ok((row.partner_id, row.read()?));
    rows.into_iter().map(read).collect()
}

/// An account as somebody gives it.
#[derive(Debug, Clone)]
pub struct Given {
    /// Whose; in a partner's scope always that partner's.
    pub partner: PartnerId,
    /// What a bank has to know.
    pub details: BankDetails,
    /// Who gives it, where that is a person.
    pub by: Option<UserId>,
    /// Their name.
    pub name: String,
    /// The version that was read, 0 where there was none.
    pub version: i32,
    /// Now, UTC.
    pub at: NaiveDateTime,
}

impl Given {
    fn bic(&self) -> String {
        bic(&self.details)
    }
}

fn bic(details: &BankDetails) -> String {
    let bic = details.bic.as_ref();
    bic.map_or_else(String::new, |bic| bic.as_str().to_owned())
}

/// A scope in which partners' accounts are given.
pub trait Accounts: Sees + People {
    /// Writes a partner's account, unconfirmed, if it is still at the version that was read; says
    /// whether it was.
    ///
    /// # Errors
    /// Faults of the database.
    fn place(tx: &mut Tx<'_, Self>, given: &Given) -> Result<bool>;
    /// Whose account it is.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound), also for another partner than the scope's;
    /// faults of the database.
    fn payee(tx: &mut Tx<'_, Self>, partner: PartnerId) -> Result<Partner>;
    /// What people call the vendor.
    ///
    /// # Errors
    /// Faults of the database.
    fn vendor_name(tx: &mut Tx<'_, Self>) -> Result<String>;
}

macro_rules! accounts {
    ($scope:ty, $by_partner:literal, |$partner:ident, $columns:ident| $owned:expr) => {
        impl Accounts for $scope {
            fn place(tx: &mut Tx<'_, Self>, given: &Given) -> Result<bool> {
                if given.version == 0 {
                    if of_partner(tx, given.partner)?.is_some() {
                        return Ok(false);
                    }
                    let id: BankAccountId = tx.fresh_id();
                    let $columns = (
                        bank_accounts::id.eq(id),
                        bank_accounts::holder.eq(given.details.holder.clone()),
                        bank_accounts::iban.eq(given.details.iban.as_str().to_owned()),
                        bank_accounts::bic.eq(given.bic()),
                        bank_accounts::changed_at.eq(given.at),
                        bank_accounts::changed_by.eq(given.by),
                        bank_accounts::changer.eq(given.name.clone()),
                        bank_accounts::by_partner.eq($by_partner),
                        bank_accounts::confirmer.eq(String::new()),
                        bank_accounts::version.eq(1),
                    );
                    let $partner = given.partner;
                    tx.insert(bank_accounts::table, $owned)?;
                    return Ok(true);
                }
                let row = tx
                    .rows_of(bank_accounts::table)
                    .filter(bank_accounts::partner_id.eq(given.partner))
                    .filter(bank_accounts::version.eq(given.version));
                let changed = tx.update(
                    row,
                    (
                        to(bank_accounts::holder, given.details.holder.clone()),
                        to(bank_accounts::iban, given.details.iban.as_str().to_owned()),
                        to(bank_accounts::bic, given.bic()),
                        to(bank_accounts::changed_at, given.at),
                        to(bank_accounts::changed_by, given.by),
                        to(bank_accounts::changer, given.name.clone()),
                        to(bank_accounts::by_partner, $by_partner),
                        to(bank_accounts::confirmer, String::new()),
                        to(bank_accounts::confirmed_at, None::<NaiveDateTime>),
                        to(bank_accounts::version, given.version + 1),
                    ),
                )?;
                Ok(changed == 1)
            }
            fn payee(tx: &mut Tx<'_, Self>, partner: PartnerId) -> Result<Partner> {
                partners::partner(tx, partner)
            }
            fn vendor_name(tx: &mut Tx<'_, Self>) -> Result<String> {
                Ok(vendor::settings(tx)?.name)
            }
        }
    };
}
accounts!(VendorScope, false, |partner, columns| (
    bank_accounts::partner_id.eq(partner),
    columns
));
accounts!(PartnerScope, true, |partner, columns| {
    // The door stamps the partner itself.
    let _: PartnerId = partner;
    columns
});

/// Notes who has confirmed a partner's account, if it is still at `version` and unconfirmed; says
/// whether it was.
///
/// # Errors
/// Faults of the database.
pub fn confirm(
    tx: &mut Tx<'_, VendorScope>,
    (partner, version): (PartnerId, i32),
    (by, at): (&str, NaiveDateTime),
) -> Result<bool> {
    let row = tx
        .rows_of(bank_accounts::table)
        .filter(bank_accounts::partner_id.eq(partner))
        .filter(bank_accounts::version.eq(version))
        .filter(bank_accounts::confirmed_at.is_null());
    let confirmed = (
        to(bank_accounts::confirmer, by.to_owned()),
        to(bank_accounts::confirmed_at, Some(at)),
    );
    Ok(tx.update(row, confirmed)? == 1)
}

/// The account the vendor pays from, if it is known.
///
/// # Errors
/// Faults of the database.
pub fn own(tx: &mut Tx<'_, VendorScope>) -> Result<Option<Own>> {
    let row = tx.rows(own_accounts::table).select((
        own_accounts::holder,
        own_accounts::iban,
        own_accounts::bic,
        own_accounts::version,
    ));
    let row: Option<(String, String, String, i32)> = tx.first(row)?;
    let read = |(holder, iban, bic, version): (String, String, String, i32)| {
        let details = details(holder, (&iban, &bic))?;
        Ok(Own { details, version })
    };
    row.map(read).transpose()
}

/// Writes the account the vendor pays from, if it is still at `version` (0 where there is none);
/// says whether it was.
///
/// # Errors
/// Faults of the database.
pub fn place_own(
    tx: &mut Tx<'_, VendorScope>,
    details: &BankDetails,
    version: i32,
) -> Result<bool> {
    if version == 0 {
        if own(tx)?.is_some() {
            return Ok(false);
        }
        let id: OwnAccountId = tx.fresh_id();
        let row = (
            own_accounts::id.eq(id),
            own_accounts::holder.eq(details.holder.clone()),
            own_accounts::iban.eq(details.iban.as_str().to_owned()),
            own_accounts::bic.eq(bic(details)),
            own_accounts::version.eq(1),
        );
        tx.insert(own_accounts::table, row)?;
        return Ok(true);
    }
    let row = tx
        .rows_of(own_accounts::table)
        .filter(own_accounts::version.eq(version));
    let changed = tx.update(
        row,
        (
            to(own_accounts::holder, details.holder.clone()),
            to(own_accounts::iban, details.iban.as_str().to_owned()),
            to(own_accounts::bic, bic(details)),
            to(own_accounts::version, version + 1),
        ),
    )?;
    Ok(changed == 1)
}
