//! What a change of a subscription would come to, found by rehearsing it.
use chrono::NaiveDate;

use crate::{
    Result,
    domain::{Money, Price, date_words, moment_words},
    id::{PlanVersionId, SubscriptionId},
    store::{
        Tx, VendorScope,
        catalogue::plans::PlanVersion,
        paging::Count,
        registers::{self, ledger, usage},
        revenue::discounts::{self, Given},
        sell::{
            accounts::{self, Billed, Credited},
            subscriptions,
        },
    },
    web::words,
};

/// What was there before, and what is new after a change.
pub(super) struct Outcome {
    before: subscriptions::Record,
    after: subscriptions::Record,
    billed: Vec<Billed>,
    credited: Vec<Credited>,
    /// Why what is taken back from the partner.
    clawed_back: Vec<String>,
    /// Its discounts.
    given: Vec<Given>,
    /// Usage that was reported of days on which it is not served.
    beyond: Count,
}

impl Outcome {
    /// Does `work` and looks at what it did.
    pub(super) fn of(
        tx: &mut Tx<'_, VendorScope>,
        id: SubscriptionId,
        work: impl FnOnce(&mut Tx<'_, VendorScope>) -> Result<()>,
    ) -> Result<Self> {
        let before = subscriptions::record(tx, id)?;
        let billed = accounts::billed(tx, id)?.len();
        let credited = accounts::credited(tx, id)?.len();
        work(tx)?;
        let calendar = registers::calendar(tx)?;
        let back = ledger::of_sources(tx, "cancellation", vec![id.number()], calendar.today)?;
        // Both lists are newest first.
        let (mut new_billed, mut new_credited) =
            (accounts::billed(tx, id)?, accounts::credited(tx, id)?);
        new_billed.truncate(new_billed.len().saturating_sub(billed));
        new_credited.truncate(new_credited.len().saturating_sub(credited));
        let after = subscriptions::record(tx, id)?;
        let beyond = match after.subscription.ends_on {
            Some(end) => usage::unbilled_from(tx, id, calendar.zone.start_of(end))?,
            None => Count::none(),
        };
        Ok(Self {
            after,
            beyond,
            before,
            given: discounts::of(tx, &[id])?.remove(&id).unwrap_or_default(),
            billed: new_billed,
            credited: new_credited,
            clawed_back: back.into_iter().map(|entry| entry.note).collect(),
        })
    }

    /// What happens, one sentence each.
    pub(super) fn sentences(&self) -> Vec<String> {
        let (was, is) = (&self.before.subscription, &self.after.subscription);
        let mut said: Vec<String> = self.billed.iter().rev().map(invoice).collect();
        said.extend(self.credited.iter().map(credit));
        if said.is_empty() {
            said.push("Nothing is billed and nothing is given back.".to_owned());
        }
        said.extend(self.clawed_back.iter().cloned());
        if was.mrr != is.mrr {
            let (was, is) = (words::money(was.mrr), words::money(is.mrr));
            said.push(format!(
                "Monthly recurring revenue goes from {was} to {is}."
            ));
        }
        let set = |record: &subscriptions::Record| {
            let next = record.next.as_ref();
            next.map(|next| (next.version.id, next.on))
        };
        if set(&self.after) != set(&self.before)
            && let Some(next) = &self.after.next
        {
            let (name, on) = (&next.name, date_words(next.on));
            said.push(format!(
                "From {on} on it is {name}, billed with that period."
            ));
        }
        said.extend(self.counted_anew());
        said.extend(self.used());
        let mut left = self.after.changes.iter();
        let left = left.find(|one| one.kind == "cancel_now" && one.effective_second > 0);
        if let Some(change) = left {
            let second = u32::try_from(change.effective_second).unwrap_or_default();
            let until = moment_words(change.effective_on, second);
            said.push(format!("It is served until {until}."));
        } else if let Some(end) = is.ends_on {
            let last = end.pred_opt().filter(|last| *last >= is.starts_on);
            said.push(match last {
                Some(last) => format!("The last day served is {}.", date_words(last)),
                None => "It is never served.".to_owned(),
            });
        }
        if self.beyond.rows > 0 {
            let events = words::count(self.beyond.rows, "usage event", "usage events");
            let more = if self.beyond.is_capped {
                "More than "
            } else {
                ""
            };
            said.push(format!(
                "{more}{events} reported of later days are not billed."
            ));
        }
        said
    }
}

/// A change of plan that bills something in arrears.
struct Turn<'a> {
    was: &'a PlanVersion,
    is: &'a PlanVersion,
    on: NaiveDate,
    /// When what was used before is billed.
    billed: &'static str,
    /// Whether it is inside a period of both.
    is_inside: bool,
}

impl Outcome {
    /// What becomes of what was used, where the plan changes.
    fn used(&self) -> Vec<String> {
        let Some(turn) = self.turn() else {
            return Vec::new();
        };
        let name = |of: PlanVersionId| {
            let name = self.after.plan_names.get(&of);
            name.map_or("the plan", String::as_str)
        };
        let (was, is) = (name(turn.was.id), name(turn.is.id));
        let until = date_words(turn.on.pred_opt().unwrap_or(turn.on));
        let (on, billed) = (date_words(turn.on), turn.billed);
        let mut said = Vec::new();
        let meters = |of: &PlanVersion| -> Vec<String> {
            let meters = of.prices.iter().filter_map(|line| line.price.meter());
            meters.map(|meter| meter.code.to_string()).collect()
        };
        let counted = meters(turn.is);
        if !meters(turn.was).is_empty() {
            said.push(format!(
                "Usage until {until} is billed at the prices of {was} {billed}, also what is \
                 reported later."
            ));
        }
        if !counted.is_empty() {
            said.push(format!(
                "Usage from {on} on is billed at the prices of {is}."
            ));
        }
        let lost = meters(turn.was).into_iter();
        for code in lost.filter(|code| !counted.contains(code)) {
            said.push(format!(
                "{is} does not count {code}: none is taken from {on} on."
            ));
        }
        let carries =
            |price: &Price| matches!(price, Price::Retainer(_, of) if of.rollover_cap.micro() > 0);
        if turn.was.prices.iter().any(|line| carries(&line.price)) {
            said.push(format!("What is carried over ends with {was}."));
        }
        let least = [turn.was, turn.is];
        if turn.is_inside && least.iter().any(|plan| plan.terms.minimum_minor > 0) {
            said.push("The minimum of a plan counts for its days of the period.".to_owned());
        }
        let partly = |of: &&PlanVersion| {
            let mut prices = of.prices.iter();
            prices.any(|line| !line.price.part_words().is_empty())
        };
        if turn.is_inside && least.iter().any(partly) {
            said.push(
                "Tiers, caps and what is included or free count for a plan's days of the period."
                    .to_owned(),
            );
        }
        said
    }

    fn turn(&self) -> Option<Turn<'_>> {
        let (was, is) = (&self.before, &self.after);
        let next = is.next.as_ref();
        let set = next.filter(|_| was.subscription.next_plan != is.subscription.next_plan);
        let turn = match set {
            Some(next) => Turn {
                was: &is.version,
                is: &next.version,
                on: next.on,
                billed: "with the first bill of the new plan",
                is_inside: false,
            },
            None if was.version.id != is.version.id => {
                let anew = is.version.terms.interval != was.subscription.interval;
                let taken = is.changes.iter().find(|one| one.kind == "plan")?;
                Turn {
                    was: &was.version,
                    is: &is.version,
                    on: taken.effective_on,
                    billed: match anew {
                        true => "with the first bill of the new plan",
                        false => "once the period is over",
                    },
                    is_inside: !anew,
                }
            }
            None => return None,
        };
        let in_arrears = turn.was.bills_in_arrears() || turn.is.bills_in_arrears();
        Some(turn).filter(|_| in_arrears)
    }
}

impl Outcome {
    /// What a plan that is billed at another interval brings with it.
    fn counted_anew(&self) -> Vec<String> {
        let (was, is) = (&self.before.subscription, &self.after.subscription);
        let set = self
            .after
            .next
            .as_ref()
            .filter(|_| was.next_plan != is.next_plan);
        let billed = u32::try_from(is.billed_periods).unwrap_or_default();
        let (on, first, terms) = match set {
            Some(next) => (next.on, billed, next.version.terms),
            None => (is.anchor_on, is.anchor_index, self.after.version.terms),
        };
        if terms.interval == was.interval {
            return Vec::new();
        }
        let term = words::count(terms.term_months.into(), "month", "months");
        let mut said = vec![format!(
            "It is billed {} from {} on: periods are counted from that day, and a new term of {term} \
             begins. Commission goes on as counted from the first day charged.",
            terms.interval.name(),
            date_words(on)
        )];
        let ends = self
            .given
            .iter()
            .filter(|one| one.discount.runs_in(first) && !one.discount.outlasts(first));
        let ends: Vec<&str> = ends.map(|one| one.label.as_str()).collect();
        if !ends.is_empty() {
            said.push(format!(
                "Discounts for some periods, or of an amount a period, end with it: {}.",
                ends.join(", ")
            ));
        }
        said
    }
}

fn invoice(invoice: &Billed) -> String {
    let days = invoice.service.map(|(from, to)| words::service(from, to));
    format!(
        "An invoice of {} with tax is issued, for {}.",
        words::money(invoice.total),
        days.unwrap_or_default()
    )
}

fn credit(credit: &Credited) -> String {
    let parts: Vec<String> = [
        (credit.reduces_due, "comes off open invoices"),
        (credit.credit, "becomes credit for later invoices"),
    ]
    .into_iter()
    .filter(|(amount, _)| *amount != Money::zero(amount.currency()))
    .map(|(amount, what)| format!("{} {what}", words::money(amount)))
    .collect();
    let total = words::money(credit.total);
    format!(
        "A credit note of {total} with tax is issued: {}.",
        parts.join(", ")
    )
}
