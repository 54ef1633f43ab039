//! What holds of any books, whatever happened: the numbered invariants that a history can break.
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::{
    exact::Exact,
    facts::{CUSTOMERS, PARTNERS, Terms},
    pure::Pure,
    rules::{Earning, Money, Rules, first_of},
    teller::{Books, Teller},
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
    statements(books, teller.terms)?;
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
            let is_same = (one.sub, one.price) == (other.sub, other.price);
            let both_stand = one.is_newest && other.is_newest && one != other;
            let overlap =
                one.service.from < other.service.to && other.service.from < one.service.to;
            prop_assert!(!(is_same && both_stand && overlap), "{one:?} and {other:?}");
        }
    }
    Ok(())
}

/// 16: what documents charge and credit is what the segments say was served, to the cent. Money
/// that was given back is not credited as well.
fn charged_as_served(books: &Books) -> Holds {
    for at in 0..books.subs.len() {
        let of = || books.invoices.iter().filter(|one| one.sub == at);
        if of().any(|one| one.refunded > 0) {
            continue;
        }
        let lines = of().flat_map(|one| &one.lines).filter(|line| !line.is_once);
        let documents: i64 = lines.map(|line| line.net - line.credited).sum();
        let segments = books.segments.iter().filter(|one| one.sub == at);
        let served: i64 = segments.map(|one| one.amount - one.credited).sum();
        prop_assert_eq!(documents, served, "subscription {}", at);
    }
    Ok(())
}

/// 16: a period comes to the price of each of its days, discounts and all, give or take the
/// rounding of its lines.
fn priced_by_the_day(teller: &Teller<'_, Pure>) -> Holds {
    let segments = &teller.books.segments;
    for (at, sub) in teller.books.subs.iter().enumerate() {
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
                let seats = sub.history.iter().rfind(|(since, _)| *since <= day);
                let seats = seats.unwrap().1;
                let (_, worth) = known
                    .filter(|(same, _)| *same == seats)
                    .unwrap_or_else(|| (seats, teller.worth(at, index, seats)));
                known = Some((seats, worth));
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
            let of = books
                .entries
                .iter()
                .filter(|it| (it.invoice, it.line) == (invoice, line));
            prop_assert_eq!(of.map(|it| it.amount).sum::<i64>(), posted.commission);
            let nothing_left = one.kept() == 0 || posted.credited == posted.net;
            prop_assert!(!nothing_left || posted.commission.abs() <= 1, "{posted:?}");
        }
    }
    Ok(())
}

/// 23: commission never exceeds what it would be had everything been paid, and is that once it is.
fn never_more_than_if_paid(books: &Books) -> Holds {
    for one in &books.invoices {
        let earns = |line: &&super::teller::Line| line.clause.is_some_and(|(_, rate)| rate > 0);
        let lines: Vec<_> = one.lines.iter().filter(earns).collect();
        if lines.iter().any(|line| line.net < 0) {
            continue;
        }
        let earning = |line: &&super::teller::Line| Earning {
            net: line.net,
            credited: line.credited,
            clause: line.clause.unwrap().0,
            rate_bps: line.clause.unwrap().1,
            posted: 0,
            posted_base: 0,
        };
        let paid = Money {
            total: one.total(),
            paid: one.total(),
            refunded: 0,
            credited: one.credited,
        };
        let all: Vec<_> = lines.iter().map(earning).collect();
        let full: i64 = Pure::accrue(&paid, &all)
            .into_iter()
            .map(|(all, _)| all)
            .sum();
        let posted: i64 = lines.iter().map(|line| line.commission).sum();
        prop_assert!((0..=full).contains(&posted), "{posted} of {full}: {one:?}");
        let is_paid = one.due() == 0 && one.refunded == 0;
        prop_assert!(!is_paid || posted == full, "{posted} of {full}: {one:?}");
    }
    Ok(())
}

/// 2, 3, 4 and 26: a statement is its lines, opens with what was carried, and pays all or nothing.
fn statements(books: &Books, terms: &Terms) -> Holds {
    for partner in 0..PARTNERS {
        let mut carried = 0;
        for one in books.statements.iter().filter(|one| one.partner == partner) {
            prop_assert_eq!(one.opening, carried);
            let lines: i64 = one.blocks.iter().sum();
            let of = books.entries.iter().filter(|entry| {
                let customer = books.invoices[entry.invoice].customer;
                entry.stated == Some(one.month) && super::facts::partner_of(customer) == partner
            });
            prop_assert_eq!(of.clone().count(), one.lines);
            prop_assert_eq!(of.map(|entry| entry.amount).sum::<i64>(), lines);
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
