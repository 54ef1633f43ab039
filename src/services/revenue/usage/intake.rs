//! What may be reported as usage, judged event by event, whichever way it comes.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{NaiveDate, NaiveDateTime};

use super::{NewUsage, report};
use crate::{
    Result,
    domain::{Aggregation, ExternalId, Measure, Zone, commitment::Pause, date_words},
    id::{PlanVersionId, SubscriptionId},
    store::{
        Tx, VendorScope,
        account::vendor,
        catalogue::plans,
        revenue::{
            commitments::pauses,
            subscriptions::plans_left,
            usage::{UsageEvent, events_named},
        },
        sell::subscriptions::{self, Subscription},
    },
};

/// An event as it was said, field by field.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// The event's own id.
    pub external_id: &'a str,
    /// The external id of the subscription.
    pub subscription: &'a str,
    /// The meter that a price of its plan of that day names.
    pub meter: &'a str,
    /// An instant in UTC.
    pub occurred_at: &'a str,
    /// How much.
    pub value: &'a str,
    /// Who or what used it; may be empty.
    pub subject: &'a str,
}

/// Something that is wrong with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The field.
    pub field: &'static str,
    /// Why, in a sentence.
    pub reason: String,
}

/// What is to be thought of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is new, and kept.
    New,
    /// It was said before, in the same words.
    Known,
    /// It cannot be taken.
    Wrong(Vec<Wrong>),
}

/// Listens to events, and writes those that are new.
pub struct Intake {
    subscriptions: HashMap<String, Subscription>,
    /// The meters of each plan, and whether they count different subjects.
    meters: BTreeMap<PlanVersionId, BTreeMap<String, bool>>,
    /// The plans that subscriptions were of before, each with the day it was left, oldest first.
    left: HashMap<SubscriptionId, Vec<(NaiveDate, PlanVersionId)>>,
    pauses: HashMap<SubscriptionId, Vec<Pause>>,
    on_record: HashMap<(String, String), UsageEvent>,
    heard: HashMap<(String, String), usize>,
    new: Vec<NewUsage>,
    now: NaiveDateTime,
    zone: Zone,
}

impl Intake {
    /// Looks up what the events refer to, in a few queries for all of them: the external ids of
    /// their subscriptions, and their own.
    ///
    /// # Errors
    /// Faults of the database.
    pub fn of(tx: &mut Tx<'_, VendorScope>, sold: &[String], events: &[String]) -> Result<Self> {
        let found = subscriptions::by_external_ids(tx, &spelled(sold))?;
        let subscriptions: HashMap<String, Subscription> = found
            .into_iter()
            .map(|one| (one.subscription.external_id.clone(), one.subscription))
            .collect();
        let ids: Vec<SubscriptionId> = subscriptions.values().map(|one| one.id).collect();
        let left = plans_left(tx, &ids)?;
        let before = left.values().flatten().map(|(_, plan)| *plan);
        let now = subscriptions.values().map(|one| one.plan_version);
        let versions: BTreeSet<PlanVersionId> = now.chain(before).collect();
        let mut meters = BTreeMap::new();
        for id in versions {
            let version = plans::version(tx, id)?;
            let of = version.prices.iter().filter_map(|line| line.price.meter());
            let of = of.map(|meter| {
                let counts_subjects = meter.aggregation == Aggregation::Unique;
                (meter.code.to_string(), counts_subjects)
            });
            meters.insert(id, of.collect());
        }
        let pauses = pauses(tx, &ids)?;
        let on_record = events_named(tx, &spelled(events))?.into_iter();
        Ok(Self {
            subscriptions,
            meters,
            left,
            pauses,
            on_record: on_record
                .map(|event| ((event.meter.clone(), event.event_id.clone()), event))
                .collect(),
            heard: HashMap::new(),
            new: Vec::new(),
            now: tx.now(),
            zone: vendor::settings(tx)?.zone,
        })
    }

    /// Takes an event in, or says what is wrong with it.
    pub fn hear(&mut self, said: &Said<'_>) -> Verdict {
        let mut wrong = Vec::new();
        let Some(event) = self.read(said, &mut wrong) else {
            return Verdict::Wrong(wrong);
        };
        let named = (event.meter.clone(), event.event_id.clone());
        let heard = self.heard.get(&named).and_then(|at| self.new.get(*at));
        let same = match (heard, self.on_record.get(&named)) {
            (Some(heard), _) => *heard == event,
            (None, Some(is)) => event.says(is),
            (None, None) => {
                let wrong = self.paused(&event).or_else(|| self.nameless(&event));
                if let Some(wrong) = wrong {
                    return Verdict::Wrong(vec![wrong]);
                }
                self.heard.insert(named, self.new.len());
                self.new.push(event);
                return Verdict::New;
            }
        };
        let why =
            "This event says something else than before. Report a correction under its own id.";
        match same {
            true => Verdict::Known,
            false => Verdict::Wrong(vec![Wrong {
                field: "external_id",
                reason: why.to_owned(),
            }]),
        }
    }

    /// Writes what was new; gives how many events that were.
    ///
    /// # Errors
    /// [`Error::Forbidden`](crate::Error::Forbidden); faults of the database.
    pub fn write(self, tx: &mut Tx<'_, VendorScope>) -> Result<usize> {
        let count = self.new.len();
        report(tx, self.new)?;
        Ok(count)
    }

    fn read(&self, said: &Said<'_>, wrong: &mut Vec<Wrong>) -> Option<NewUsage> {
        let external_id = field(wrong, "external_id", said.external_id, |typed| {
            typed.parse::<ExternalId>()
        });
        let sold = field(wrong, "subscription", said.subscription, |id| {
            let found = self.subscriptions.get(id);
            found.ok_or("No subscription has this external id.")
        });
        let occurred_at = field(wrong, "occurred_at", said.occurred_at, |typed| {
            self.happened(instant(typed)?, sold)
        });
        let meter = field(wrong, "meter", said.meter, |meter| {
            self.counted(meter, sold, occurred_at)
        });
        let value = field(wrong, "value", said.value, str::parse::<Measure>);
        let subject = match said.subject {
            "" => Some(String::new()),
            typed => field(wrong, "subject", typed, |typed| {
                typed
                    .parse::<ExternalId>()
                    .map(|subject| subject.to_string())
            }),
        };
        let sold = sold?;
        Some(NewUsage {
            subscription: sold.id,
            partner: sold.partner,
            meter: meter?,
            event_id: external_id?.to_string(),
            subject: subject?,
            value: value?,
            occurred_at: occurred_at?,
        })
    }

    /// That nothing was served on the day of an event.
    fn paused(&self, event: &NewUsage) -> Option<Wrong> {
        let day = self.zone.local_date(event.occurred_at);
        let pauses = self.pauses.get(&event.subscription)?;
        let during = pauses.iter().find(|pause| pause.contains(day))?;
        Some(Wrong {
            field: "occurred_at",
            reason: words_of(during),
        })
    }

    /// The plan that a subscription was of at an instant, given what it is of now.
    fn plan_at(
        &self,
        (of, now): (SubscriptionId, PlanVersionId),
        at: NaiveDateTime,
    ) -> PlanVersionId {
        let day = self.zone.local_date(at);
        let left = self.left.get(&of).map_or(&[][..], Vec::as_slice);
        let left = left.iter().find(|(on, _)| day < *on);
        left.map_or(now, |(_, plan)| *plan)
    }

    /// That an event names nobody, where different ones are what is counted.
    fn nameless(&self, event: &NewUsage) -> Option<Wrong> {
        let mut sold = self.subscriptions.values();
        let sold = sold.find(|one| one.id == event.subscription)?;
        let plan = self.plan_at((sold.id, sold.plan_version), event.occurred_at);
        let counts_subjects = self.meters.get(&plan)?.get(&event.meter)?;
        (event.subject.is_empty() && *counts_subjects).then(|| Wrong {
            field: "subject",
            reason: "Name who or what used it: this meter counts different ones.".to_owned(),
        })
    }

    /// A meter that counts for a price of the plan that a subscription was of then.
    fn counted(
        &self,
        meter: &str,
        under: Option<&Subscription>,
        at: Option<NaiveDateTime>,
    ) -> Result<String, &'static str> {
        let counts = |plan: &PlanVersionId| {
            let meters = self.meters.get(plan);
            meters.is_some_and(|meters| meters.contains_key(meter))
        };
        let Some(of) = under else {
            return Ok(meter.to_owned());
        };
        let left = self.left.get(&of.id).map_or(&[][..], Vec::as_slice);
        let then = at.map(|at| self.plan_at((of.id, of.plan_version), at));
        let mut ever = left.iter().map(|(_, plan)| plan).chain([&of.plan_version]);
        match then.as_ref().map(counts) {
            Some(true) => Ok(meter.to_owned()),
            _ if !ever.any(counts) => {
                Err("No price of this subscription's plan is counted by this meter.")
            }
            Some(false) => Err("No price of the plan of this day is counted by this meter."),
            None => Ok(meter.to_owned()),
        }
    }

    /// An instant that has come, and at which a subscription was served.
    fn happened(
        &self,
        at: NaiveDateTime,
        under: Option<&Subscription>,
    ) -> Result<NaiveDateTime, &'static str> {
        let day = self.zone.local_date(at);
        let is_served =
            |of: &Subscription| of.starts_on <= day && of.ends_on.is_none_or(|end| day < end);
        match at <= self.now {
            false => Err("This instant has not come yet."),
            true if under.is_none_or(is_served) => Ok(at),
            true => Err("The subscription was not served at this instant."),
        }
    }
}

/// Why what was used in a pause is not taken.
pub(super) fn words_of(pause: &Pause) -> String {
    let from = date_words(pause.from);
    let until = pause.until.and_then(|until| until.pred_opt());
    match until {
        Some(last) => format!(
            "The subscription was paused from {from} to {}: nothing is billed for these days.",
            date_words(last)
        ),
        None => format!(
            "The subscription is paused from {from} on: nothing is billed until it is resumed."
        ),
    }
}

/// What may be an external id at all: nothing else is looked for.
fn spelled(ids: &[String]) -> Vec<String> {
    let ids = ids.iter().filter_map(|id| id.parse::<ExternalId>().ok());
    let ids: BTreeSet<String> = ids.map(|id| id.to_string()).collect();
    ids.into_iter().collect()
}

fn field<T, E: std::fmt::Display>(
    wrong: &mut Vec<Wrong>,
    field: &'static str,
    typed: &str,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    let read = match typed {
        "" => Err("This is empty.".to_owned()),
        typed => read(typed).map_err(|why| why.to_string()),
    };
    read.map_err(|reason| wrong.push(Wrong { field, reason }))
        .ok()
}

/// An instant as it is said: `2026-10-14T09:30:00Z`.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub fn instant(typed: &str) -> Result<NaiveDateTime, &'static str> {
    let why = "Give an instant in UTC, such as 2026-10-14T09:30:00Z.";
    let text = typed.strip_suffix('Z').ok_or(why)?;
    text.parse().map_err(|_| why)
}
