//! Service levels: what was promised, what was kept, and what a breach costs.
//! Time is counted in whole seconds; a promise is judged on exact integers,
//! never on a rounded percentage.

mod availability;
mod breach;
mod clock;
mod credit;
mod spans;
mod terms;
mod tickets;

pub use availability::{Availability, Maintenance, MonthOfService, availability};
pub use breach::{
    Borne, Liability, SlaCreditStatus, borne, charge_in, charge_on, credit_in, too_many,
};
pub use clock::{BusinessHours, counted_seconds};
pub use credit::{
    Band, CommissionEffect, Liable, credit_minor, effect_on_commission, missed_band, total_credit,
};
pub use spans::Span;
pub use terms::Terms;
pub use tickets::{Standing, Tally, Timing, Wait, read_waits, waits_in_words};
