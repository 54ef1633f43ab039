//! The language of the business: what things are called and how they are
//! reckoned. Pure and exact: no database, no clock, no framework, no float.

pub mod audit;
pub mod permission;
pub mod statement_document;
pub mod billing_calendar;
mod decimal;
pub mod money;
pub mod period;
pub mod problems;
pub mod rate;
pub mod ratio;
pub mod text;

pub use billing_calendar::{Anchor, BillingInterval, ServicePeriod};
pub use money::{Currency, Money, MoneyError};
pub use period::{Period, date_words};
pub use problems::Problems;
pub use rate::{Quantity, Rate, UnitPrice};
pub use ratio::{Overflow, Ratio};
pub use text::{CountryCode, Email, ExternalId, LongText, Name, Slug, Zone};
pub use permission::{Permission, Role};
