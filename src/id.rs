//! Typed identifiers: 64-bit, time-ordered, unique across tenants and processes, made by us.
//!
//! Layout, high to low: 41 bits of milliseconds since 2025, 12 bits of counter, 10 bits that tell
//! running processes apart. An id is never a secret; tokens are 256 random bits (see `secrets`).
use std::{
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    serialize::{self, Output, ToSql},
    sql_types::BigInt,
};

/// What an id names: gives its spelling a prefix, so that a mixed-up id is noticed.
pub trait Named: 'static {
    /// Three letters or so: `sub` makes `sub_1HZX…`.
    const PREFIX: &'static str;
}

/// The id of a `T`.
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Id<T: 'static> {
    number: i64,
    of: PhantomData<fn() -> T>,
}

// Derives would ask for `T: Clone` and so on; the marker needs none of it.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.cmp(&other.number)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.number)
    }
}

/// Crockford's base 32: no I, L, O or U, so that it survives being read aloud.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// What the check character shows: the digits as a polynomial over the field of 32 elements, at a
/// generator of it. Every digit thus has a weight of its own that can be undone, so that one wrong
/// digit, or two that changed places, always show.
fn check_of(digits: impl Iterator<Item = u64>) -> u64 {
    digits.fold(0, |sum, digit| times_generator(sum ^ digit))
}

/// Multiplies by x, modulo x⁵ + x² + 1.
const fn times_generator(element: u64) -> u64 {
    let doubled = element << 1;
    if doubled & 32 == 0 {
        doubled
    } else {
        doubled ^ 0b10_0101
    }
}

impl<T: Named> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number.unsigned_abs();
        write!(f, "{}_", T::PREFIX)?;
        let digits = (0..13).rev().map(|place| number >> (place * 5) & 31);
        for digit in digits.clone() {
            letter(f, digit)?;
        }
        letter(f, check_of(digits))
    }
}

fn letter(f: &mut fmt::Formatter<'_>, value: u64) -> fmt::Result {
    let index = usize::try_from(value).map_err(|_| fmt::Error)?;
    fmt::Write::write_char(f, char::from(*ALPHABET.get(index).ok_or(fmt::Error)?))
}

/// Said of a text that is no id of the expected kind.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct BadId;

impl<T: Named> FromStr for Id<T> {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let (prefix, letters) = text.split_once('_').ok_or(BadId)?;
        if prefix != T::PREFIX || letters.len() != 14 {
            return Err(BadId);
        }
        let values: Vec<u64> = letters.bytes().map(value_of).collect::<Result<_, _>>()?;
        let (check, digits) = values.split_last().ok_or(BadId)?;
        if check_of(digits.iter().copied()) != *check {
            return Err(BadId);
        }
        let number = digits.iter().try_fold(0u64, |sum, digit| {
            sum.checked_mul(32).and_then(|sum| sum.checked_add(*digit))
        });
        let number = number.ok_or(BadId)?;
        i64::try_from(number).map(Self::of).map_err(|_| BadId)
    }
}

fn value_of(letter: u8) -> Result<u64, BadId> {
    let place = ALPHABET.iter().position(|known| *known == letter);
    place.and_then(|p| u64::try_from(p).ok()).ok_or(BadId)
}

impl<T> Id<T> {
    pub(crate) const fn of(number: i64) -> Self {
        Self {
            number,
            of: PhantomData,
        }
    }
    /// The bare number, for hashes, for grouping and for columns that hold ids of several kinds.
    pub const fn number(self) -> i64 {
        self.number
    }
}

impl<T: 'static, DB> ToSql<BigInt, DB> for Id<T>
where
    DB: Backend,
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.number.to_sql(out)
    }
}
impl<T: 'static, DB> FromSql<BigInt, DB> for Id<T>
where
    DB: Backend,
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self::of(i64::from_sql(raw)?))
    }
}

/// Where ids come from: one per store. Each id is larger than the one before.
#[derive(Clone, Debug)]
pub struct Mint {
    last: Arc<AtomicU64>,
    instance: u64,
    follows_the_clock: bool,
}

const COUNTER_BITS: u32 = 12;
const INSTANCE_BITS: u32 = 10;
/// 2025-01-01T00:00:00Z in milliseconds.
const EPOCH_MS: u64 = 1_735_689_600_000;

impl Mint {
    /// For a running process: `instance` tells it from others on the same database.
    pub fn following_the_clock(instance: u64) -> Self {
        Self {
            last: Arc::default(),
            instance: instance & ((1 << INSTANCE_BITS) - 1),
            follows_the_clock: true,
        }
    }
    /// For content that is the same on every run: counts up from an instant (Unix milliseconds)
    /// and never reads the time.
    pub fn counting_from(unix_ms: u64) -> Self {
        let start = unix_ms.saturating_sub(EPOCH_MS) << COUNTER_BITS;
        Self {
            last: Arc::new(AtomicU64::new(start)),
            instance: 0,
            follows_the_clock: false,
        }
    }
    /// The next id. When ids are drawn faster than 4,096 a millisecond they run ahead of the clock.
    pub fn next<T>(&self) -> Id<T> {
        let floor = if self.follows_the_clock {
            now_ms().saturating_sub(EPOCH_MS) << COUNTER_BITS
        } else {
            0
        };
        let step = |last: u64| Some(floor.max(last + 1));
        let before = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step)
            .unwrap_or_default();
        let number = (floor.max(before + 1) << INSTANCE_BITS) | self.instance;
        Id::of(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}

/// Declares what can be named and how the name begins.
macro_rules! named {
    ($($(#[$doc:meta])* $kind:ident = $prefix:literal, $id:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $kind {}
        impl Named for $kind {
            const PREFIX: &'static str = $prefix;
        }
        #[doc = concat!("The id of a [`", stringify!($kind), "`].")]
        pub type $id = Id<$kind>;
    )*};
}
named! {
    /// A vendor's whole programme, the owner of every row.
    Tenant = "ten", TenantId;
    /// A person, in however many workspaces.
    User = "usr", UserId;
    /// The vendor's own settings row.
    Vendor = "ven", VendorId;
    /// A channel partner.
    Partner = "par", PartnerId;
    /// A person's place in a workspace.
    Membership = "mem", MembershipId;
    /// An invitation by mail.
    Invitation = "inv", InvitationId;
    /// A partner tier.
    Tier = "tie", TierId;
    /// A partner's tier from a date on.
    TierAssignment = "tas", TierAssignmentId;
    /// A lowest amount that is paid out in one currency.
    PayoutMinimum = "min", PayoutMinimumId;
    /// A service level policy.
    SlaPolicy = "sla", SlaPolicyId;
    /// One promise of a service level policy.
    SlaTarget = "slt", SlaTargetId;
    /// An outage or maintenance of a service.
    SlaEvent = "sle", SlaEventId;
    /// A day off in a service level policy's calendar.
    SlaHoliday = "slh", SlaHolidayId;
    /// A request of a customer's, for service levels.
    SlaTicket = "tkt", SlaTicketId;
    /// A stretch in which a ticket waited for the customer.
    SlaWait = "slw", SlaWaitId;
    /// That a service's month is measured.
    SlaMeasured = "slm", SlaMeasuredId;
    /// A month in which a promise to a customer was missed.
    SlaCredit = "slc", SlaCreditId;
    /// A line on which a missed promise gives something back.
    SlaCreditLine = "sll", SlaCreditLineId;
    /// A deal that a partner registered.
    DealRegistration = "drg", DealRegistrationId;
    /// A credit note that a missed promise became.
    SlaCreditNote = "sln", SlaCreditNoteId;
    /// A recurring service that partners may resell.
    Offering = "off", OfferingId;
    /// A plan of an offering.
    Plan = "pln", PlanId;
    /// A version of a plan.
    PlanVersion = "plv", PlanVersionId;
    /// A price of a plan version.
    PriceRow = "pri", PriceId;
    /// A tier of a price.
    PriceTier = "prt", PriceTierId;
    /// A commission plan.
    CommissionPlan = "cpl", CommissionPlanId;
    /// A version of a commission plan.
    CommissionPlanVersion = "cpv", CommissionPlanVersionId;
    /// A clause of a commission plan version.
    CommissionClause = "ccl", CommissionClauseId;
    /// A partner's enrolment in a commission plan version from a date on.
    CommissionEnrollment = "enr", CommissionEnrollmentId;
    /// A month ahead of one partner.
    Forecast = "fct", ForecastId;
    /// An end customer.
    Customer = "cus", CustomerId;
    /// A customer's ongoing purchase of a plan.
    Subscription = "sub", SubscriptionId;
    /// A discount of a subscription.
    Discount = "dis", DiscountId;
    /// Somebody's share in what a subscription earns.
    SubscriptionParty = "spy", SubscriptionPartyId;
    /// A partner's place below a distributor from a day on.
    DistributorLink = "dsl", DistributorLinkId;
    /// How a partner is taxed from a day on.
    TaxTerms = "txt", TaxTermsId;
    /// What a currency is worth in another on a day.
    FxRate = "fxr", FxRateId;
    /// The currency a partner is paid in from a day on.
    PayoutCurrency = "pcy", PayoutCurrencyId;
    /// What a partner buys at when it resells.
    ResaleTerms = "rst", ResaleTermsId;
    /// What an entry comes to in the currency of its payout.
    Conversion = "cnv", ConversionId;
    /// What somebody gets of what a line earns.
    EarningPart = "erp", EarningPartId;
    /// A recorded change of a subscription.
    SubscriptionChange = "chg", SubscriptionChangeId;
    /// A change of what a subscription brings a month.
    MrrChange = "mrr", MrrChangeId;
    /// What was charged for a stretch of service.
    ChargeSegment = "seg", ChargeSegmentId;
    /// What lets a vendor's own program in.
    AccessToken = "act", AccessTokenId;
    /// Something that was used, as it was reported.
    UsageEvent = "use", UsageEventId;
    /// What the usage of one price in one period came to.
    UsageCharge = "usc", UsageChargeId;
    /// A country's tax rate, from a day on.
    TaxRate = "txr", TaxRateId;
    /// An invoice to a customer.
    Invoice = "ivc", InvoiceId;
    /// A line of an invoice.
    InvoiceLine = "ivl", InvoiceLineId;
    /// Money received from a customer.
    Payment = "pay", PaymentId;
    /// Cash applied to an invoice.
    PaymentAllocation = "alc", PaymentAllocationId;
    /// Money given back to a customer.
    Refund = "rfd", RefundId;
    /// A credit note.
    CreditNote = "crn", CreditNoteId;
    /// A line of a credit note.
    CreditNoteLine = "crl", CreditNoteLineId;
    /// Money of a customer that no invoice has used yet.
    CustomerCredit = "ccr", CustomerCreditId;
    /// One line of the commission ledger.
    CommissionEntry = "ent", CommissionEntryId;
    /// What finance proposes to give or take by hand.
    Adjustment = "adj", AdjustmentId;
    /// A fixed amount for each new subscription.
    Spiff = "spf", SpiffId;
    /// An accounting month of a vendor.
    AccountingPeriod = "per", AccountingPeriodId;
    /// A commission statement.
    Statement = "sta", StatementId;
    /// An entry's place on a statement.
    StatementLine = "stl", StatementLineId;
    /// A payment to a partner.
    Payout = "pyo", PayoutId;
    /// Payouts that are transferred together.
    PayoutRun = "run", PayoutRunId;
    /// A payment of a run.
    PayoutTransfer = "ptr", PayoutTransferId;
    /// Where a partner is paid to.
    BankAccount = "bnk", BankAccountId;
    /// Where the vendor pays from.
    OwnAccount = "own", OwnAccountId;
    /// A gapless series of document numbers.
    Counter = "cnt", CounterId;
    /// Something to be done.
    Job = "job", JobId;
    /// A letter in the outbox.
    Mail = "mai", MailId;
    /// A line of the audit trail.
    AuditEvent = "aud", AuditEventId;
    /// A form that was sent in.
    FormSubmission = "frm", FormSubmissionId;
    /// An uploaded CSV file.
    ImportFile = "imp", ImportFileId;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_spelled() {
        let mint = Mint::following_the_clock(7);
        for _ in 0..10_000 {
            let id: SubscriptionId = mint.next();
            assert_eq!(id.to_string().parse::<SubscriptionId>(), Ok(id));
        }
    }

    #[test]
    fn a_slip_or_another_kind_is_noticed() {
        let id: SubscriptionId = Mint::counting_from(1_800_000_000_000).next();
        let text = id.to_string();
        assert!(text.parse::<CustomerId>().is_err());
        for place in 4..text.len() {
            for letter in ALPHABET {
                let mut slipped = text.clone().into_bytes();
                if slipped[place] == *letter {
                    continue;
                }
                slipped[place] = *letter;
                let slipped = String::from_utf8(slipped).unwrap();
                assert!(slipped.parse::<SubscriptionId>().is_err(), "{slipped}");
            }
        }
        for (one, other) in (4..text.len()).flat_map(|one| (4..one).map(move |other| (one, other)))
        {
            let mut swapped = text.clone().into_bytes();
            swapped.swap(one, other);
            let swapped = String::from_utf8(swapped).unwrap();
            assert!(
                swapped == text || swapped.parse::<SubscriptionId>().is_err(),
                "{swapped}"
            );
        }
        assert!("sub_".parse::<SubscriptionId>().is_err());
        assert!("sub_ÄÄÄÄÄÄÄ".parse::<SubscriptionId>().is_err());
    }

    #[test]
    fn ids_rise_and_two_processes_never_meet() {
        let (one, two) = (Mint::following_the_clock(1), Mint::following_the_clock(2));
        let mut seen = std::collections::HashSet::new();
        let mut last = 0;
        for _ in 0..50_000 {
            let (a, b): (JobId, JobId) = (one.next(), two.next());
            assert!(a.number() > last);
            last = a.number();
            assert!(seen.insert(a.number()) && seen.insert(b.number()));
        }
    }
}
