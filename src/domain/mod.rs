//! The language of the business: what things are called and how they are
//! reckoned. Pure and exact: no database, no clock, no framework, no float.

pub mod accrual;
pub mod adjustment;
pub mod arrears;
pub mod audit;
pub mod bill;
pub mod billing_calendar;
pub mod cash;
pub mod catalogue;
pub mod coded;
pub mod commission;
pub mod counted;
pub mod countries;
pub mod credit_note;
mod decimal;
pub mod discount;
pub mod forecast;
pub mod import;
pub mod lifecycle;
pub mod measure;
pub mod meter;
pub mod metrics;
pub mod money;
pub mod partner;
pub mod payable;
pub mod payout;
pub mod period;
pub mod permission;
pub mod price;
pub mod price_parts;
mod price_words;
pub mod problems;
pub mod proration;
pub mod rate;
pub mod ratio;
pub mod sale;
pub mod scale;
pub mod shares;
pub mod sla;
pub mod statement;
pub mod statement_document;
pub mod states;
pub mod subscription;
pub mod text;

pub use adjustment::{AdjustmentReason, AdjustmentStatus};
pub use audit::{Action, Change};
pub use billing_calendar::{Anchor, BillingInterval, ServicePeriod};
pub use catalogue::{
    DeliveryParty, OfferingStatus, SlaCalendar, SlaEventKind, SlaMetric, TicketSeverity,
    VersionStatus,
};
pub use coded::UnknownCode;
pub use commission::{CommissionClause, window::DayShare};
pub use counted::counted;
pub use countries::read_country;
pub use credit_note::{CommissionRule, CreditReason, Disposition};
pub use discount::{Discount, DiscountDuration};
pub use import::ImportKind;
pub use lifecycle::{PartnerFacts, Position, Stage};
pub use measure::Measure;
pub use meter::{Aggregation, Meter};
pub use money::{Currency, Money, MoneyError};
pub use partner::{PartnerStatus, PartnerType, StatementDelivery};
pub use period::{Period, date_words, read_date};
pub use permission::{Permission, Role};
pub use price::{Price, PriceKind};
pub use price_parts::PriceParts;
pub use problems::Problems;
pub use proration::ChargeSegment;
pub use rate::{Quantity, Rate, UnitPrice};
pub use ratio::{Overflow, Ratio};
pub use scale::{Band, Bands, Scale};
pub use statement::{PeriodStatus, Settlement, StatementStatus};
pub use subscription::{Billable, Charge, Phase, SubscriptionStatus};
pub use text::{CountryCode, Email, ExternalId, LongText, Name, Slug, Zone};
