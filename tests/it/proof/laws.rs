//! What holds of any books, whatever happened: the numbered invariants that a history can break.
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::{
    exact::Exact,
    facts::{CUSTOMERS, PARTNERS, Terms, partner_of},
    pure::Pure,
    rewards::By,
    rules::{Claim, Does, Earning, Money, Month, Part, Rules, first_of},
    teller::{Books, Invoice, Line, Teller},
};

type Holds = Result<(), TestCaseError>;

pub fn hold(teller: &Teller<'_, Pure>) -> Holds {
    let books = &teller.books;
    documents(books)?;
    cash(books)?;
    segments(books)?;
    charged_as_served(books)?;
    priced_by_the_day(teller)?;
    reversals(books)?;
    never_more_than_if_paid(books)?;
    parts_add_up(books)?;
    within_caps(teller)?;
    statements(books, teller.terms)?;
    rewards(teller)?;
    revenue(books)
}

/// 21 and 22: nothing is paid, credited or given back beyond what there is.
fn documents(books: &Books) -> Holds {
    for one in &books.invoices {
        prop_assert!(one.total() >= 0 && one.due() >= 0, "{one:?}");
        prop_assert!(one.paid + one.reduced <= one.total(), "{one:?}");
        prop_assert!(one.credited <= one.total() && one.reduced <= one.credited);
        prop_assert!(one.refunded <= one.paid && one.kept() >= 0, "{one:?}");
        prop_assert!(one.credited + one.refunded <= one.total(), "{one:?}");
        let net: i64 = one.lines.iter().map(|line| line.credited).sum();
        prop_assert!(net <= one.net && one.credited - net <= one.tax, "{one:?}");
    }
    for note in &books.notes {
        prop_assert_eq!(note.net + note.tax, note.reduces + note.credit);
    }
    Ok(())
}

/// 21: what came in is on invoices, in credit, or was given back; nowhere twice.
fn cash(books: &Books) -> Holds {
    for customer in 0..CUSTOMERS {
        let payments = books.payments.iter().filter(|one| one.customer == customer);
        let here: i64 = payments.map(|one| one.amount - one.refunded).sum();
        let invoices = books.invoices.iter().filter(|one| one.customer == customer);
        let kept: i64 = invoices.map(|one| one.kept()).sum();
        let credits = books.credits.iter().filter(|one| one.customer == customer);
        let left: i64 = credits.map(|one| one.left).sum();
        prop_assert_eq!(here, kept + left);
    }
    for (at, payment) in books.payments.iter().enumerate() {
        let of = books
            .allocations
            .iter()
            .filter(|one| one.payment == Some(at));
        let credit = books.credits.iter().filter(|one| one.payment == Some(at));
        let allocated: i64 = of.map(|one| one.amount).sum();
        let kept: i64 = credit.map(|one| one.amount).sum();
        prop_assert_eq!(allocated + kept, payment.amount);
        prop_assert!(payment.refunded <= payment.amount);
    }
    Ok(())
}

/// 15: a charge is never credited beyond itself, and no day of a price stands twice.
fn segments(books: &Books) -> Holds {
    for one in &books.segments {
        prop_assert!((0..=one.amount).contains(&one.credited), "{one:?}");
        for other in &books.segments {
            let key = |it: &super::teller::Segment| (it.sub, it.plan, it.price);
            let is_same = key(one) == key(other);
            let both_stand = one.is_newest && other.is_newest && one != other;
            let overlap =
                one.service.from < other.service.to && other.service.from < one.service.to;
            prop_assert!(!(is_same && both_stand && overlap), "{one:?} and {other:?}");
        }
    }
    Ok(())
}

/// 16: what documents charge and credit is what the segments say was served, to the cent; less
/// where somebody credited more by hand. Money that was given back is not credited as well.
fn charged_as_served(books: &Books) -> Holds {
    for at in 0..books.subs.len() {
        let of = || books.invoices.iter().filter(|one| one.sub == at);
        if of().any(|one| one.refunded > 0) {
            continue;
        }
        let lines = of()
            .flat_map(|one| &one.lines)
            .filter(|line| !line.is_once && line.used.is_none());
        let documents: i64 = lines.map(|line| line.net - line.credited).sum();
        let segments = books.segments.iter().filter(|one| one.sub == at);
        let served: i64 = segments.map(|one| one.amount - one.credited).sum();
        let by_hand = books.notes.iter().any(|note| {
            let of = |invoice: &usize| books.invoices[*invoice].sub == at;
            note.by_hand.is_some() && note.invoices.iter().any(of)
        });
        match by_hand {
            true => prop_assert!(documents <= served, "subscription {}", at),
            false => {
                prop_assert_eq!(documents, served, "subscription {}", at);
                // 19: and its usage what was reported of it comes to, corrections and all.
                let used = of().flat_map(|one| &one.lines);
                let used = used.filter(|line| line.used.is_some());
                let used: i64 = used.map(|line| line.net - line.credited).sum();
                let metered = books.metered.iter().filter(|one| one.sub == at);
                let metered: i64 = metered.map(|one| one.billed).sum();
                prop_assert_eq!(used, metered, "usage of subscription {}", at);
            }
        }
    }
    Ok(())
}

/// 16: a period comes to the price of each of its days, discounts and all, give or take the
/// rounding of its lines. What is paused costs nothing; where another price was agreed later, what
/// was given back is a part of that.
fn priced_by_the_day(teller: &Teller<'_, Pure>) -> Holds {
    let segments = &teller.books.segments;
    for (at, sub) in teller.books.subs.iter().enumerate() {
        if segments.iter().any(|one| one.sub == at && one.lowered > 0) {
            continue;
        }
        for index in 0..sub.next {
            let of = || {
                segments
                    .iter()
                    .filter(|one| (one.sub, one.index) == (at, index))
            };
            let charged: i64 = of().map(|one| one.amount - one.credited).sum();
            let whole = teller.whole(at, index);
            let length = (whole.to - whole.from).num_days();
            let mut day = teller.charged(at, index).from;
            let (mut exact, mut known) = (Exact::NONE, None);
            while day < whole.to && sub.ends_on.is_none_or(|end| day < end) {
                let said = sub.history.iter().rfind(|(since, ..)| *since <= day);
                let (_, seats, plan) = *said.unwrap();
                let said = (seats, plan);
                let (_, worth) =
                    known
                        .filter(|(same, _)| *same == said)
                        .unwrap_or_else(|| match seats {
                            0 => (said, 0),
                            _ => (said, teller.worth(at, index, said)),
                        });
                known = Some((said, worth));
                exact = exact + Exact::part(worth, 1, length);
                day = day.succ_opt().unwrap();
            }
            let lines = 2 * i64::try_from(of().count()).unwrap() + 2;
            let off = (exact.nearest() - charged).abs();
            prop_assert!(
                off <= lines,
                "{charged} for {exact:?} in period {index} of {at}"
            );
        }
    }
    Ok(())
}

/// 8: an entry is taken back to nothing at most.
fn reversals(books: &Books) -> Holds {
    for (at, entry) in books.entries.iter().enumerate() {
        let back = books.entries.iter().filter(|one| one.reverses == Some(at));
        let back: i64 = back.map(|one| one.amount).sum();
        let least = (-entry.amount).min(0)..=(-entry.amount).max(0);
        prop_assert!(least.contains(&back), "{entry:?} is reversed by {back}");
    }
    for (invoice, one) in books.invoices.iter().enumerate() {
        for (line, posted) in one.lines.iter().enumerate() {
            let of = earned(books, (invoice, line))
                .filter(|it| it.who == partner_of(one.customer) && !it.part.is_distributors());
            prop_assert_eq!(of.map(|it| it.amount).sum::<i64>(), posted.commission);
            let nothing_left = one.kept() == 0 || posted.credited == posted.net;
            let is_protected = posted.protected > 0 || one.at_own_cost > 0 || one.total() == 0;
            prop_assert!(
                is_protected || !nothing_left || posted.commission.abs() <= 1,
                "{posted:?}"
            );
        }
    }
    Ok(())
}

/// What was earned and taken back on a line, caps left aside.
fn earned(books: &Books, of: (usize, usize)) -> impl Iterator<Item = &super::teller::Entry> {
    books.entries.iter().filter(move |it| {
        (it.invoice, it.line) == of && matches!(it.does, Does::Earns | Does::Reverses)
    })
}

fn earning(line: &Line, parties: &[(usize, Part)]) -> Earning {
    let claim = |&(who, part): &(usize, Part)| Claim {
        who,
        part,
        posted: 0,
        posted_base: 0,
    };
    line.earning(parties.iter().map(claim).collect())
}

fn earning_lines(one: &Invoice) -> Vec<(usize, &Line)> {
    let earns = |line: &Line| line.earns.is_some_and(|one| one.is_something());
    let lines = one.lines.iter().enumerate();
    lines.filter(|(_, line)| earns(line)).collect()
}

/// 23: commission never exceeds what it would be had everything been paid, and is that once it is:
/// for everybody who earns on it.
fn never_more_than_if_paid(books: &Books) -> Holds {
    for (at, one) in books.invoices.iter().enumerate() {
        let lines = earning_lines(one);
        if lines.iter().any(|(_, line)| line.net < 0) {
            continue;
        }
        let paid = Money {
            paid: one.total(),
            refunded: 0,
            ..one.money()
        };
        let all: Vec<Earning> = lines
            .iter()
            .map(|(_, line)| earning(line, &line.parties))
            .collect();
        let full = Pure::accrue(&paid, &all);
        let is_paid = one.due() == 0 && one.refunded == 0;
        for who in 0..PARTNERS {
            for is_distributors in [false, true] {
                let is_its =
                    |of: (usize, Part)| of.0 == who && of.1.is_distributors() == is_distributors;
                let mut most = 0;
                for ((_, line), full) in lines.iter().zip(&full) {
                    let its = line.parties.iter().zip(full);
                    most += its
                        .filter(|(of, _)| is_its(**of))
                        .map(|(_, (all, ..))| all)
                        .sum::<i64>();
                }
                let posted = lines
                    .iter()
                    .flat_map(|(line, _)| earned(books, (at, *line)));
                let posted = posted.filter(|it| is_its((it.who, it.part)));
                let posted: i64 = posted.map(|it| it.amount).sum();
                prop_assert!((0..=most).contains(&posted), "{posted} of {most}: {one:?}");
                prop_assert!(!is_paid || posted == most, "{posted} of {most}: {one:?}");
            }
        }
    }
    Ok(())
}

/// 5, 6 and 7: what several earn of a commission adds up to what one alone would have, and what a
/// distributor gets on top is its rate of the revenue.
fn parts_add_up(books: &Books) -> Holds {
    for (at, one) in books.invoices.iter().enumerate() {
        let lines = earning_lines(one);
        let whole = [(partner_of(one.customer), Part::Whole)];
        let alone: Vec<Earning> = lines
            .iter()
            .map(|(_, line)| earning(line, &whole))
            .collect();
        let alone = Pure::accrue(&one.money(), &alone);
        let alone: i64 = alone.into_iter().flatten().map(|(all, ..)| all).sum();
        let its = || {
            lines
                .iter()
                .flat_map(|(line, _)| earned(books, (at, *line)))
        };
        let shared = its().filter(|it| !matches!(it.part, Part::OnRevenue(_)));
        let shared: i64 = shared.map(|it| it.amount).sum();
        let mut groups: Vec<(i64, &[(usize, Part)])> = lines
            .iter()
            .map(|(_, line)| (line.earns.unwrap().clause, line.parties.as_slice()))
            .collect();
        groups.sort_unstable();
        groups.dedup();
        // Where others earn on some lines than on the rest, each are rounded by themselves.
        let mut clauses: Vec<i64> = groups.iter().map(|(clause, _)| *clause).collect();
        clauses.dedup();
        let most = i64::try_from(groups.len() - clauses.len()).unwrap();
        prop_assert!(
            (shared - alone).abs() <= most,
            "{shared} for {alone}: {one:?}"
        );
    }
    Ok(())
}

/// A clause pays nobody more for a month than its cap, its distributor's part included: to the cent,
/// after each posting.
fn within_caps(teller: &Teller<'_, Pure>) -> Holds {
    let mut earned: BTreeMap<(i64, usize, Month), i64> = BTreeMap::new();
    let mut known = 0;
    for &now in &teller.books.postings {
        let new = &teller.books.entries[known..now];
        for entry in new {
            if let Some(group) = teller.group_of(entry) {
                *earned.entry(group).or_default() += entry.amount;
            }
        }
        for group in new.iter().filter_map(|entry| teller.group_of(entry)) {
            let cap = teller.terms.caps.get(usize::try_from(group.0).unwrap());
            let cap = cap.copied().flatten();
            let all = earned[&group];
            let is_within = cap.is_none_or(|cap| all <= cap);
            prop_assert!(is_within, "{all} beyond {cap:?} of {group:?}");
        }
        known = now;
    }
    prop_assert_eq!(known, teller.books.entries.len());
    Ok(())
}

/// 2, 3, 4 and 26: a statement is its lines, opens with what was carried, and pays all or nothing.
fn statements(books: &Books, terms: &Terms) -> Holds {
    for partner in 0..PARTNERS {
        let mut carried = 0;
        for one in books.statements.iter().filter(|one| one.partner == partner) {
            prop_assert_eq!(one.opening, carried);
            let lines: i64 = one.blocks.iter().sum();
            let of = books
                .entries
                .iter()
                .filter(|entry| entry.stated == Some(one.month) && entry.who == partner);
            let beside = books.beside.iter();
            let beside = beside.filter(|it| it.stated == Some(one.month) && it.who == partner);
            let rewards = books.rewards.iter();
            let rewards = rewards.filter(|it| it.stated == Some(one.month) && it.who == partner);
            let steps = books.stepped.iter();
            let steps = steps.filter(|it| it.stated == Some(one.month) && it.who == partner);
            let many = of.clone().count() + beside.clone().count() + rewards.clone().count();
            prop_assert_eq!(many + steps.clone().count(), one.lines);
            let steps: i64 = steps.map(|it| it.amount).sum();
            let sum: i64 = of.map(|entry| entry.amount).sum();
            let beside: i64 = beside.map(|it| it.amount).sum();
            let rewards: i64 = rewards.map(|it| it.amount).sum();
            prop_assert_eq!(sum + beside + rewards + steps, lines);
            prop_assert_eq!(one.opening + lines, one.payout + one.closing);
            prop_assert!(one.payout == 0 || one.payout >= terms.minimum.max(1));
            carried = one.closing;
        }
    }
    for entry in &books.entries {
        let stated = entry.stated.map(|month| first_of(month + 1));
        prop_assert!(
            stated.is_none_or(|after| entry.matures_on < after),
            "{entry:?}"
        );
        prop_assert!(entry.stated.is_none_or(|month| entry.posted <= month));
    }
    Ok(())
}

/// 8 and 11: a SPIFF is paid once for a subscription and no more often to a partner than it says, a
/// bonus once for a renewed term, but where all that was paid went back; both go back to nothing at
/// most, to nothing where the customer left at once.
fn rewards(teller: &Teller<'_, Pure>) -> Holds {
    let books = &teller.books;
    for (spiff, terms) in teller.terms.clauses.spiffs.iter().enumerate() {
        let mut standing = teller.standing_rewards(spiff);
        for who in 0..PARTNERS {
            let its = standing.iter().filter(|(_, to)| *to == who).count();
            let most = terms.most.map(|most| usize::try_from(most).unwrap());
            prop_assert!(most.is_none_or(|most| its <= most), "{standing:?}");
        }
        let all = standing.len();
        standing.sort_unstable();
        standing.dedup();
        prop_assert_eq!(standing.len(), all);
    }
    let paid = || {
        books
            .rewards
            .iter()
            .enumerate()
            .filter(|(_, one)| one.reverses.is_none())
    };
    let is_back = |at: usize| {
        let mut backs = books.rewards.iter();
        backs.any(|one| one.reverses == Some(at) && one.is_refund)
    };
    let kept = || paid().filter(|(at, _)| !is_back(*at));
    for (at, one) in kept() {
        let again = kept().filter(|(_, other)| other.by == one.by && other.sub == one.sub);
        let is_renewal = matches!(one.by, By::Renewal { .. });
        prop_assert!(!is_renewal || again.count() == 1, "{at}: {one:?}");
    }
    for (at, one) in paid() {
        let left = one.amount - teller.went_back(at, false);
        prop_assert!((0..=one.amount).contains(&left), "{one:?}");
        let sub = &books.subs[one.sub];
        let clauses = &teller.terms.clauses;
        let (days, since) = match one.by {
            By::Spiff(spiff) => (clauses.spiffs[spiff].days, sub.charged_from),
            By::Renewal { from, .. } => (clauses.renewal.unwrap().days, from),
        };
        let promises = days > 0;
        let is_at_once = sub.ends_on.is_some_and(|end| end <= since);
        let goes = sub.is_canceled && promises && is_at_once && !sub.is_vendors_fault;
        prop_assert!(left == 0 || !goes, "{one:?}");
    }
    Ok(())
}

/// 27, 28 and 29: every change of revenue has its name, and retention is in order.
fn revenue(books: &Books) -> Holds {
    let mut before = None;
    for [start, new, more, back, less, gone, end, had, lost, has] in books.movements.iter().copied()
    {
        prop_assert_eq!(start + new + more + back - less - gone, end);
        prop_assert!(before.is_none_or(|end| end == start));
        let (gross, net) = (start - less - gone, start + more - less - gone);
        prop_assert!(gross >= 0 && gross <= start && gross <= net);
        prop_assert!(lost <= had && (has == 0) == (end == 0));
        before = Some(end);
    }
    Ok(())
}
