//! Pages about money that both sides have: the vendor sees every partner's, a partner its own.
pub mod bank;
pub mod credit_notes;
pub mod forecast;
pub mod invoices;
pub mod ledger;
pub mod missed;
pub mod paid;
pub mod service_levels;
pub mod sla_credits;
pub mod statements;
pub mod tickets;
pub mod usage;

use crate::{
    Error, Result,
    domain::{Currency, Period, Permission},
    store::{
        PartnerScope, Store, Tx, VendorScope,
        registers::{Calendar, Sees, calendar},
    },
    web::{
        Shell,
        admission::{Staff, Visitor},
    },
};

/// Who looks, from where, with what permission.
#[derive(Clone)]
pub struct Desk<S> {
    /// As whom.
    pub scope: S,
    /// Where the workspace begins.
    pub base: String,
    /// The frame.
    pub shell: Shell,
    /// Whether it is the vendor's side.
    pub is_staff: bool,
    /// What it takes to look.
    needs: Permission,
}

impl Desk<VendorScope> {
    /// A desk on the vendor's side.
    pub fn of_staff(staff: Staff) -> Self {
        Self {
            shell: staff.shell(),
            scope: staff.scope,
            base: staff.base,
            is_staff: true,
            needs: Permission::ViewMoney,
        }
    }
}
impl Desk<PartnerScope> {
    /// A desk on a partner's side.
    pub fn of_partner(visitor: Visitor) -> Self {
        Self {
            shell: visitor.shell(),
            scope: visitor.scope,
            base: visitor.base,
            is_staff: false,
            needs: Permission::PartnerViewEarnings,
        }
    }

    /// As [`of_partner`](Self::of_partner), for what those see who look after customers.
    pub fn of_seller(visitor: Visitor) -> Self {
        Self {
            needs: Permission::PartnerViewCustomers,
            ..Self::of_partner(visitor)
        }
    }
}

impl<S: Sees> Desk<S> {
    /// The same desk for pages that ask for another permission.
    pub fn needing(self, needs: Permission) -> Self {
        Self { needs, ..self }
    }

    /// Whether they may do something, for buttons that are shown or not.
    pub fn may(&self, permission: Permission) -> bool {
        self.scope.actor().may(permission)
    }

    /// Reads what a page shows, for those who may see it.
    ///
    /// # Errors
    /// [`Error::Forbidden`], and those of `work`.
    pub async fn read<T: Send + 'static>(
        &self,
        store: &Store,
        work: impl FnOnce(&mut Tx<'_, S>, &Calendar) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let needs = self.needs;
        store
            .read(self.scope.clone(), move |tx| {
                tx.allow(needs)?;
                let calendar = calendar(tx)?;
                work(tx, &calendar)
            })
            .await
    }
}

/// The id in an address; one that is none leads nowhere.
///
/// # Errors
/// [`Error::NotFound`].
pub fn id<T: std::str::FromStr>(spelled: &str) -> Result<T> {
    spelled.parse().map_err(|_| Error::NotFound)
}

/// The months a filter offers, latest first, after "all".
pub fn months(calendar: &Calendar) -> Vec<(String, String)> {
    let known = calendar.first_period.through(calendar.this_month());
    let mut months: Vec<_> = known
        .map(|month| (month.to_string(), month.title()))
        .collect();
    months.push((String::new(), "All".to_owned()));
    months.reverse();
    months
}

/// A month as a filter has it; anything else narrows nothing.
pub fn month(typed: &str) -> Option<Period> {
    typed.parse().ok()
}

/// A currency's code as a filter has it; anything else narrows nothing.
pub fn currency(typed: &str) -> String {
    let code = typed.trim().to_uppercase();
    let known = code.parse::<Currency>();
    known.map_or(String::new(), |currency| currency.code().to_owned())
}
