//! What recurring revenue does: how it moves, what is kept of it, what a
//! customer is worth, and what losing fewer would change. Money is in minor
//! units of one currency; shares are in hundredths of a percent.

mod channel;
mod churn;
mod fixed;
mod lifetime;
mod movements;
mod normal;
mod steps;

pub use channel::{AgeBand, Liability, LiabilityState, Owed, cost_ratio_bps, liability};
pub use churn::{Combine, Convention, Projection, Reading, churn_point, gross_new_bps, project};
pub use fixed::Fixed;
pub use lifetime::{Bond, Paid, monthly_of_annual, simple_value, yearly_of_monthly};
pub use movements::{
    Cohort, CustomerHistory, MonthMovements, MovementKind, Retention, by_month, cohorts, movement,
    quotient, retention, share_bps,
};
pub use normal::{Cadence, monthly_value};
pub use steps::restated;
