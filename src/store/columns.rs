//! Domain values as columns: a currency, a status or a month is never a bare text in a row.
use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    serialize::{self, Output, ToSql},
    sql_types::{Integer, Text},
};

use crate::domain::{
    AdjustmentReason, AdjustmentStatus, BillingModel, CommissionRule, CreditReason, Currency,
    DealStatus, Period, PeriodStatus, Phase, Proration, SubscriptionStatus, TaxCategory,
    TaxTreatment,
    bank::PayoutRunStatus,
    commission::{EntryKind, Part, clawback::ClawbackMode},
    ratio::Ratio,
    sla::{Liability, SlaCreditStatus},
    statement::LineBlock,
};

/// A value that is kept as its code.
#[derive(Debug, Clone, Copy, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Coded<T: 'static>(T);

/// What has a code, and reads back from it.
pub trait HasCode: Sized + 'static {
    fn code(&self) -> &'static str;
    fn of(code: &str) -> Option<Self>;
}

impl<T> From<T> for Coded<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}
impl<T: HasCode + std::fmt::Debug, DB> ToSql<Text, DB> for Coded<T>
where
    DB: Backend,
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.code().to_sql(out)
    }
}
impl<T: HasCode, DB> FromSql<Text, DB> for Coded<T>
where
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let code = String::from_sql(raw)?;
        let value = T::of(&code).ok_or_else(|| format!("a column says {code:?}"))?;
        Ok(Self(value))
    }
}

macro_rules! coded_columns {
    ($($kind:ty),+) => {$(
        impl HasCode for $kind {
            fn code(&self) -> &'static str {
                <$kind>::code(*self)
            }
            fn of(code: &str) -> Option<Self> {
                code.parse().ok()
            }
        }
        impl From<Coded<$kind>> for $kind {
            fn from(coded: Coded<$kind>) -> Self {
                coded.0
            }
        }
    )+};
}
coded_columns!(
    ClawbackMode,
    AdjustmentReason,
    AdjustmentStatus,
    BillingModel,
    CommissionRule,
    CreditReason,
    Currency,
    DealStatus,
    EntryKind,
    Liability,
    SlaCreditStatus,
    SubscriptionStatus,
    TaxCategory,
    Phase,
    PeriodStatus,
    Proration,
    TaxTreatment,
    PayoutRunStatus,
    LineBlock
);

/// Declares codes that only rows know.
macro_rules! row_codes {
    ($($(#[$about:meta])* $name:ident { $($(#[$says:meta])* $variant:ident = $code:literal,)+ })+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$says])* $variant,)+ }
        impl $name {
            /// How it is stored.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
        }
        impl $crate::store::columns::HasCode for $name {
            fn code(&self) -> &'static str {
                (*self).code()
            }
            fn of(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
        impl From<$crate::store::columns::Coded<$name>> for $name {
            fn from(coded: $crate::store::columns::Coded<$name>) -> Self {
                coded.value()
            }
        }
    )+};
}
pub(super) use row_codes;

impl<T> Coded<T> {
    pub(super) fn value(self) -> T {
        self.0
    }
}

/// A month, kept as 202610.
#[derive(Debug, Clone, Copy, AsExpression, FromSqlRow)]
#[diesel(sql_type = Integer)]
pub struct Month(i32);

impl From<Period> for Month {
    fn from(period: Period) -> Self {
        Self(period.key())
    }
}
impl TryFrom<Month> for Period {
    type Error = Box<dyn std::error::Error + Send + Sync>;
    fn try_from(month: Month) -> Result<Self, Self::Error> {
        Self::from_key(month.0).ok_or_else(|| format!("a column says month {}", month.0).into())
    }
}
impl<DB> ToSql<Integer, DB> for Month
where
    DB: Backend,
    i32: ToSql<Integer, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}
impl<DB> FromSql<Integer, DB> for Month
where
    DB: Backend,
    i32: FromSql<Integer, DB>,
{
    fn from_sql(raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(i32::from_sql(raw)?))
    }
}

/// A part of a commission, kept as its code: "split:7000:0".
#[derive(Debug, Clone, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct PartCode(String);

impl From<Part> for PartCode {
    fn from(part: Part) -> Self {
        Self(part.to_string())
    }
}
impl TryFrom<PartCode> for Part {
    type Error = Box<dyn std::error::Error + Send + Sync>;
    fn try_from(PartCode(text): PartCode) -> Result<Self, Self::Error> {
        Ok(text.parse()?)
    }
}
impl<DB> ToSql<Text, DB> for PartCode
where
    DB: Backend,
    String: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}
impl<DB> FromSql<Text, DB> for PartCode
where
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(String::from_sql(raw)?))
    }
}

/// An exact fraction, kept as "numerator/denominator".
#[derive(Debug, Clone, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Fraction(String);

impl From<Ratio> for Fraction {
    fn from(ratio: Ratio) -> Self {
        Self(ratio.to_string())
    }
}
impl TryFrom<Fraction> for Ratio {
    type Error = Box<dyn std::error::Error + Send + Sync>;
    fn try_from(Fraction(text): Fraction) -> Result<Self, Self::Error> {
        let (num, den) = text
            .split_once('/')
            .ok_or("an exact amount is no fraction")?;
        Ok(Self::new(num.parse()?, den.parse()?)?)
    }
}
impl<DB> ToSql<Text, DB> for Fraction
where
    DB: Backend,
    String: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}
impl<DB> FromSql<Text, DB> for Fraction
where
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(String::from_sql(raw)?))
    }
}
