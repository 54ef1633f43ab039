//! The eight stages of working with a partner, and which one facts support.

use chrono::NaiveDate;

use super::{coded::coded, money::Money, period::date_words};

coded! {
    /// A stage of the life of a partnership, in order.
    Stage {
        Strategize = "strategize", "Strategize";
        Recruit = "recruit", "Recruit";
        Onboard = "onboard", "Onboard";
        Enable = "enable", "Enable";
        Market = "market", "Market";
        Sell = "sell", "Sell";
        Incentivize = "incentivize", "Incentivize";
        Accelerate = "accelerate", "Accelerate";
    }
}

coded! {
    /// A fact that admits a partner to a stage; its label says it in short.
    Fact {
        Offering = "offering_published", "An offering is published";
        CommissionPlan = "commission_plan_published", "A commission plan is published";
        Record = "partner_recorded", "The partner is on record";
        Terms = "partner_terms", "The partner knows its terms";
        SignedIn = "partner_signed_in", "Someone of theirs has signed in";
        Sold = "subscription_sold", "A subscription has been sold";
        Stated = "commission_stated", "Commission is on a statement";
        Renewed = "renewal_held", "A renewal has been paid";
    }
}

/// One row of the table below.
struct Rule {
    stage: Stage,
    /// Every one must hold. A stage without facts cannot be reached yet.
    admits: &'static [Fact],
    /// What the stage is for, or plainly that nothing is recorded for it yet.
    about: &'static str,
}

/// Which facts admit a partner to which stage.
const RULES: [Rule; 8] = [
    Rule {
        stage: Stage::Strategize,
        admits: &[Fact::Offering, Fact::CommissionPlan],
        about: "What partners can sell, and what they earn with it.",
    },
    Rule {
        stage: Stage::Recruit,
        admits: &[Fact::Record],
        about: "The partner has been chosen and recorded.",
    },
    Rule {
        stage: Stage::Onboard,
        admits: &[Fact::Terms, Fact::SignedIn],
        about: "The partner knows its terms and its people can sign in.",
    },
    Rule {
        stage: Stage::Enable,
        admits: &[],
        about: "Courses come later; nothing is recorded here yet.",
    },
    Rule {
        stage: Stage::Market,
        admits: &[],
        about: "Campaigns come later; nothing is recorded here yet.",
    },
    Rule {
        stage: Stage::Sell,
        admits: &[Fact::Sold],
        about: "Customers of the partner subscribe.",
    },
    Rule {
        stage: Stage::Incentivize,
        admits: &[Fact::Stated],
        about: "The partner receives statements of what it earned.",
    },
    Rule {
        stage: Stage::Accelerate,
        admits: &[Fact::Renewed],
        about: "Customers of the partner stay beyond their first term.",
    },
];

/// What is known about a partner and the programme it is in.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PartnerFacts {
    /// The vendor has published an offering.
    pub has_offering: bool,
    /// The vendor has published a commission plan partners can be enrolled in.
    pub has_published_plan: bool,
    /// The partner is on record.
    pub has_record: bool,
    /// Someone of theirs has signed in.
    pub has_signed_in: bool,
    /// The partner is enrolled in a commission plan.
    pub has_commission_plan: bool,
    /// Resale terms of the partner are set: what it buys at, how invoices to it are taxed.
    pub has_resale_terms: bool,
    /// People of theirs who may sign in.
    pub people_count: i64,
    /// Customers of theirs on record.
    pub customers_count: i64,
    /// Deals that they registered, whatever became of them.
    pub deals_registered: i64,
    /// Subscriptions of those being served.
    pub live_subscriptions: i64,
    /// The day the first payment was received for one, in the vendor's zone.
    pub first_payment: Option<NaiveDate>,
    /// Statements made for them.
    pub statements_made: i64,
    /// Of those, paid.
    pub statements_paid: i64,
    /// Periods billed after a subscription's first term, and paid; where all partners are asked
    /// about, counted up to one.
    pub renewals_held: i64,
    /// Monthly recurring revenue, one amount per currency.
    pub mrr: Vec<Money>,
}

impl Fact {
    fn holds(self, facts: &PartnerFacts) -> bool {
        match self {
            Self::Offering => facts.has_offering,
            Self::CommissionPlan => facts.has_published_plan,
            Self::Record => facts.has_record,
            Self::Terms => facts.has_commission_plan || facts.has_resale_terms,
            Self::SignedIn => facts.has_signed_in,
            Self::Sold => facts.live_subscriptions > 0 || facts.first_payment.is_some(),
            Self::Stated => facts.statements_made > 0,
            Self::Renewed => facts.renewals_held > 0,
        }
    }

    /// Whether a partner is to come to it: one that only resells is paid by its margin, and needs
    /// neither a commission plan nor a statement.
    fn is_needed(self, facts: &PartnerFacts) -> bool {
        match self {
            Self::CommissionPlan | Self::Stated => {
                facts.has_commission_plan || !facts.has_resale_terms
            }
            _ => true,
        }
    }

    /// What shows that it holds, one remark each.
    fn evidence(self, facts: &PartnerFacts) -> Vec<String> {
        match self {
            Self::Terms => {
                let plan = facts.has_commission_plan;
                let resale = facts.has_resale_terms;
                let plan = plan.then_some("The partner has a commission plan");
                let resale = resale.then_some("The partner has resale terms");
                plan.into_iter().chain(resale).map(str::to_owned).collect()
            }
            Self::SignedIn => vec![
                self.label().to_owned(),
                count(
                    facts.people_count,
                    "person who may sign in",
                    "people who may sign in",
                ),
            ],
            Self::Sold => sales(facts),
            Self::Stated => vec![format!(
                "{}, {} paid",
                count(facts.statements_made, "statement", "statements"),
                facts.statements_paid
            )],
            Self::Renewed => vec![count(
                facts.renewals_held,
                "period paid after a first term",
                "periods paid after a first term",
            )],
            _ => vec![self.label().to_owned()],
        }
    }

    /// What would make it hold.
    fn step(self) -> &'static str {
        match self {
            Self::Offering => "Publish an offering.",
            Self::CommissionPlan => "Publish a commission plan.",
            Self::Record => "Add the partner.",
            Self::Terms => "Enroll the partner in a commission plan, or set its resale terms.",
            Self::SignedIn => "Invite someone of theirs; nobody has signed in yet.",
            Self::Sold => "Start the first subscription of one of their customers.",
            Self::Stated => "Close a month in which their commission is payable.",
            Self::Renewed => "Keep a customer of theirs beyond the first term.",
        }
    }
}

fn sales(facts: &PartnerFacts) -> Vec<String> {
    let mut remarks = vec![
        count(facts.customers_count, "customer", "customers"),
        count(
            facts.live_subscriptions,
            "live subscription",
            "live subscriptions",
        ),
    ];
    let deals = Some(facts.deals_registered).filter(|number| *number > 0);
    remarks.extend(deals.map(|number| count(number, "registered deal", "registered deals")));
    remarks.extend(facts.mrr.iter().map(|mrr| format!("{mrr} a month")));
    let first = facts.first_payment.map(date_words);
    remarks.extend(first.map(|day| format!("First payment on {day}")));
    remarks
}

fn count(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Where a partner stands, what shows it, and what comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The furthest stage the facts admit to.
    pub stage: Stage,
    /// What admits to it, one remark each; none at the very start.
    pub evidence: Vec<String>,
    /// The first step still missing, in one sentence.
    pub next: String,
}

/// The stage a partner is in: the furthest one its facts admit it to. Stages
/// nothing is recorded for yet neither hold it back nor lift it. The next step
/// is the first missing fact in order, so that a gap left behind is named.
pub fn stage_of(facts: &PartnerFacts) -> Position {
    let reached = RULES.iter().rfind(|rule| rule.is_met(facts));
    let missing = RULES
        .iter()
        .flat_map(|rule| rule.admits)
        .find(|fact| !fact.holds(facts) && fact.is_needed(facts));
    Position {
        stage: reached.map_or(Stage::Strategize, |rule| rule.stage),
        evidence: reached.map_or_else(Vec::new, |rule| rule.evidence(facts)),
        next: missing
            .map_or("Keep the renewals coming.", |fact| fact.step())
            .to_owned(),
    }
}

coded! {
    /// How one stage stands to a partner's facts.
    Standing {
        Reached = "reached", "Reached";
        Current = "current", "You are here";
        Ahead = "ahead", "Not yet";
        Unrecorded = "unrecorded", "Not recorded yet";
    }
}

/// One stage on a partner's map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageOnMap {
    /// The stage.
    pub stage: Stage,
    /// Whether it is reached.
    pub standing: Standing,
    /// What the stage is for, or plainly that nothing is recorded for it yet.
    pub about: &'static str,
    /// What shows that it is reached.
    pub evidence: Vec<String>,
}

/// All eight stages as they stand to a partner's facts, in order.
pub fn map_of(facts: &PartnerFacts) -> Vec<StageOnMap> {
    let current = stage_of(facts).stage;
    RULES
        .iter()
        .map(|rule| StageOnMap {
            stage: rule.stage,
            standing: rule.standing(facts, current),
            about: rule.about,
            evidence: rule.evidence(facts),
        })
        .collect()
}

impl Stage {
    /// Whether facts can be recorded for it at all today.
    pub fn is_available(self) -> bool {
        RULES
            .iter()
            .any(|rule| rule.stage == self && rule.is_available())
    }
}

impl Rule {
    fn is_available(&self) -> bool {
        !self.admits.is_empty()
    }

    fn is_met(&self, facts: &PartnerFacts) -> bool {
        let mut admits = self.admits.iter();
        let holds = self.admits.iter().any(|fact| fact.holds(facts));
        holds && admits.all(|fact| fact.holds(facts) || !fact.is_needed(facts))
    }

    fn evidence(&self, facts: &PartnerFacts) -> Vec<String> {
        self.admits
            .iter()
            .filter(|fact| fact.holds(facts))
            .flat_map(|fact| fact.evidence(facts))
            .collect()
    }

    fn standing(&self, facts: &PartnerFacts, current: Stage) -> Standing {
        if !self.is_available() {
            Standing::Unrecorded
        } else if self.stage == current {
            Standing::Current
        } else if self.is_met(facts) {
            Standing::Reached
        } else {
            Standing::Ahead
        }
    }
}

#[cfg(test)]
mod tests;
