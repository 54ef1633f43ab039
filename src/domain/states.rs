//! Which states may follow which, for everything that has a life. What is not listed is refused.

/// `(thing, from, to)`, each as it is stored.
const LEGAL: &[(&str, &str, &str)] = &[
    ("offering", "draft", "published"),
    ("offering", "draft", "deleted"),
    ("offering", "published", "closed_to_new"),
    ("offering", "closed_to_new", "retired"),
    ("plan_version", "draft", "published"),
    ("plan_version", "published", "superseded"),
    ("plan_version", "superseded", "retired"),
    ("invoice", "draft", "open"),
    ("invoice", "open", "partially_paid"),
    ("invoice", "open", "paid"),
    ("invoice", "partially_paid", "paid"),
    ("invoice", "open", "void"),
    ("invoice", "open", "uncollectible"),
    ("invoice", "partially_paid", "uncollectible"),
    ("invoice", "uncollectible", "paid"),
    ("payment", "pending", "succeeded"),
    ("payment", "pending", "failed"),
    ("payment", "succeeded", "partially_refunded"),
    ("payment", "succeeded", "refunded"),
    ("payment", "partially_refunded", "refunded"),
    ("payment", "succeeded", "disputed"),
    ("payment", "partially_refunded", "disputed"),
    ("payment", "disputed", "won"),
    ("payment", "disputed", "lost"),
    ("credit_note", "draft", "issued"),
    ("credit_note", "issued", "void"),
    ("commission", "pending", "held"),
    ("commission", "held", "pending"),
    ("commission", "pending", "eligible"),
    ("commission", "eligible", "statemented"),
    ("commission", "statemented", "in_payout"),
    ("commission", "in_payout", "paid"),
    ("commission", "pending", "offset"),
    ("commission", "held", "offset"),
    ("commission", "eligible", "offset"),
    ("commission", "statemented", "offset"),
    ("commission", "in_payout", "offset"),
    ("commission", "paid", "offset"),
    ("statement", "open", "in_review"),
    ("statement", "in_review", "closed"),
    ("statement", "closed", "sent"),
    ("statement", "sent", "acknowledged"),
    ("statement", "sent", "disputed"),
    ("statement", "acknowledged", "disputed"),
    ("statement", "disputed", "resolved"),
    ("renewal", "scheduled", "notice_sent"),
    ("renewal", "notice_sent", "quoted"),
    ("renewal", "quoted", "renewed"),
    ("renewal", "quoted", "renewed_changed"),
    ("renewal", "quoted", "lapsed"),
    ("renewal", "quoted", "canceled"),
];

/// Whether a thing in one state may come into another. Payouts, subscriptions, months and deals
/// are judged by their own types; here by the names they are stored under.
pub fn may_follow(thing: &str, from: &str, to: &str) -> bool {
    match thing {
        "payout" => both(from, to, super::payout::PayoutStatus::can_become),
        "subscription" => both(
            from,
            to,
            super::subscription::SubscriptionStatus::can_become,
        ),
        "period" => both(from, to, super::statement::PeriodStatus::can_become),
        "deal" => both(from, to, super::DealStatus::can_become),
        _ => LEGAL.contains(&(thing, from, to)),
    }
}

fn both<T: std::str::FromStr>(from: &str, to: &str, rule: fn(T, T) -> bool) -> bool {
    let read = from.parse().ok().zip(to.parse().ok());
    read.is_some_and(|(from, to)| rule(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_final_stays() {
        for (thing, last) in [
            ("invoice", "paid"),
            ("invoice", "void"),
            ("commission", "offset"),
            ("plan_version", "retired"),
            ("subscription", "canceled"),
            ("period", "closed"),
        ] {
            assert!(
                LEGAL
                    .iter()
                    .all(|(at, from, _)| (*at, *from) != (thing, last))
            );
            assert!(!may_follow(thing, last, "open") && !may_follow(thing, last, "active"));
        }
    }

    #[test]
    fn nothing_unknown_is_legal() {
        assert!(!may_follow("payout", "paid", "elsewhere"));
        assert!(!may_follow("nothing", "draft", "open"));
    }
}
