//! By what calendar a policy measures, and what it lets pass.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime, TimeDelta};

use super::{BusinessHours, Liability};
use crate::domain::{catalogue::SlaCalendar, rate::Rate, text::Zone};

/// The calendar and the limits of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Whose months and hours count; `None` for the vendor's own zone.
    pub zone: Option<Zone>,
    /// When a working day begins, in minutes after midnight.
    pub opens_minute: i32,
    /// The first minute after it.
    pub closes_minute: i32,
    /// Days off.
    pub holidays: BTreeSet<NaiveDate>,
    /// How long before it begins maintenance has to be announced, in minutes.
    pub notice_minutes: i32,
    /// How much maintenance a month may have, in minutes; `None` for no limit.
    pub maintenance_cap_minutes: Option<i32>,
    /// The most that is given back for all the misses of a month together.
    pub credit_cap: Rate,
    /// How many days after the month, or after it is proposed, a credit can be claimed; `None` where no claim is needed.
    pub claim_days: Option<i32>,
    /// Who bears the credits.
    pub liability: Liability,
    /// The partner's part where both bear them.
    pub partner_share: Rate,
}

impl Default for Terms {
    /// Nine to five in the vendor's zone, and no limits.
    fn default() -> Self {
        Self {
            zone: None,
            opens_minute: 9 * 60,
            closes_minute: 17 * 60,
            holidays: BTreeSet::new(),
            notice_minutes: 0,
            maintenance_cap_minutes: None,
            credit_cap: Rate::WHOLE,
            claim_days: None,
            liability: Liability::ByDelivery,
            partner_share: Rate::default(),
        }
    }
}

impl Terms {
    /// The zone that counts, given the vendor's.
    pub fn zone_or(&self, vendors: Zone) -> Zone {
        self.zone.unwrap_or(vendors)
    }

    /// The hours that count, given the vendor's zone; `None` for every hour.
    pub fn hours(&self, calendar: SlaCalendar, vendors: Zone) -> Option<BusinessHours> {
        let time = |minute: i32| NaiveTime::MIN + TimeDelta::minutes(minute.into());
        match calendar {
            SlaCalendar::Always => None,
            SlaCalendar::WorkingHours => Some(BusinessHours {
                zone: self.zone_or(vendors),
                opens: time(self.opens_minute),
                closes: time(self.closes_minute),
                holidays: self.holidays.clone(),
            }),
        }
    }

    /// "Monday to Friday from 09:00 to 17:00 in Europe/Berlin, but not on 25 Dec 2026".
    pub fn hours_in_words(&self, vendors: Zone) -> String {
        let time = |minute: i32| format!("{:02}:{:02}", minute / 60, minute % 60);
        let days: Vec<String> = self
            .holidays
            .iter()
            .map(|day| crate::domain::date_words(*day))
            .collect();
        let but = match days.is_empty() {
            true => String::new(),
            false => format!(", but not on {}", days.join(", ")),
        };
        format!(
            "Monday to Friday from {} to {} in {}{but}",
            time(self.opens_minute),
            time(self.closes_minute),
            self.zone_or(vendors)
        )
    }
}
