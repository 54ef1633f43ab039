//! Why an entry is what it is, in sentences and as a formula.
use crate::{
    domain::{
        Money, Phase, Ratio,
        accrual::{EntryKind, EntryStatus},
        date_words, statement_document,
    },
    store::registers::ledger::{EntryDetail, EntryRow, EntryTerms, LineDetail},
    web::words,
};

pub(super) fn answer(entry: &EntryRow) -> String {
    let amount = words::money(entry.amount);
    let month = entry.earned.title();
    let whom = match entry.customer_name.as_str() {
        "" => String::new(),
        customer => format!(" for {customer}"),
    };
    match entry.kind {
        EntryKind::Earned => format!("{amount}{whom}, earned in {month}."),
        EntryKind::Reversal | EntryKind::Clawback => {
            format!("{amount}{whom}, taken back from {month}.")
        }
        kind => format!("{}: {amount}{whom}, in {month}.", kind.label()),
    }
}

/// "480.00 × 20 % = 96.00", or how rounding over the whole invoice makes it differ.
pub(super) fn formula(entry: &EntryRow, line: &LineDetail) -> String {
    let amount = words::figure(entry.amount);
    let share = match line.share.is_whole() {
        true => String::new(),
        false => format!(" × {} of {} days", line.share.days, line.share.of),
    };
    let part = entry.times_part();
    let per_unit = line.per_unit.filter(|_| entry.rate.bps() == 0);
    if let Some((per_unit, units)) = per_unit {
        let units = words::count(units.into(), "unit", "units");
        let whole = format!("{units} × {}{share}{part}", words::figure(per_unit));
        return format!(
            "{whole}, of which {amount} for {}",
            words::figure(entry.base)
        );
    }
    let sum = format!(
        "{} × {}{share}{part}",
        words::figure(entry.base),
        entry.rate
    );
    let days = line.share.exact().unwrap_or(Ratio::ONE);
    let alone = entry.rate.exact(entry.base.minor()).times(days);
    let mut factors = entry.part.factors().into_iter().map(|one| one.exact(1));
    let alone = alone.and_then(|alone| factors.try_fold(alone, Ratio::times));
    let alone = alone.and_then(Ratio::round).unwrap_or_default();
    let shared = match part.is_empty() {
        true => "",
        false => ", before it is shared out",
    };
    match alone == entry.amount.minor() {
        true => format!("{sum} = {amount}"),
        false => format!(
            "{sum} is {} alone. Rounding is done once for the whole invoice{shared}; this entry’s part is {amount}",
            words::figure(Money::new(alone, entry.amount.currency()))
        ),
    }
}

/// The same for a partner who does not see the invoice.
pub(super) fn own_formula(entry: &EntryRow) -> String {
    let amount = words::figure(entry.amount);
    let rate = entry.pays();
    format!(
        "{amount} is {rate} on {} of revenue, rounded once with the whole invoice",
        words::figure(entry.base)
    )
}

/// The amount before rounding, where it is no whole minor unit.
pub(super) fn exactly(entry: &EntryRow) -> Option<String> {
    let currency = entry.amount.currency();
    let finer = entry.exact.times(Ratio::from_int(10_000));
    let finer = finer.and_then(Ratio::round).ok();
    let finer = finer.filter(|_| entry.exact.den() > 1)?;
    Some(format!(
        "Before rounding it is {currency} {}, to four more decimals; halves round away from zero.",
        statement_document::figure(finer, currency.exponent() + 4)
    ))
}

pub(super) fn because(detail: &EntryDetail, terms: Option<&EntryTerms>) -> Vec<String> {
    let mut said = match &detail.line {
        Some(line) if detail.entry.note.is_empty() => of_line(detail, line),
        None if !detail.entry.is_own && detail.entry.note.is_empty() => of_another(&detail.entry),
        _ => vec![detail.entry.note.clone()],
    };
    if let Some(terms) = terms {
        said.push(format!(
            "Commission plan “{}”, version {}, clause {}. The plan holds commission for {} after the payment.",
            terms.plan,
            terms.version_no,
            terms.clause_no,
            words::count(terms.hold_days.into(), "day", "days")
        ));
        said.push(format!("It says: “{}.”", terms.clause));
    }
    said.extend(converted(detail));
    if detail.entry.posted > crate::domain::Period::of(detail.entry.paid_on) {
        said.push(format!(
            "It was posted in {}: {} was closed already.",
            detail.entry.posted.title(),
            crate::domain::Period::of(detail.entry.paid_on).title()
        ));
    }
    said
}

/// What it comes to in the currency it is paid in.
pub(super) fn converted(detail: &EntryDetail) -> Option<String> {
    let one = detail.converted.as_ref()?;
    let like = match detail.entry.reverses {
        Some(_) => ", as what it takes back was",
        None => "",
    };
    Some(format!(
        "It is paid in {}{like}: {} at {} of {} ({}) is {}.",
        one.currency,
        words::money(Money::new(one.earned_minor, one.earned_currency)),
        one.rate_words(),
        date_words(one.rated_on),
        one.source,
        words::money(Money::new(one.payable_minor, one.currency)),
    ))
}

/// Why a line of an invoice earned or gave back what it did.
pub(super) fn of_line(detail: &EntryDetail, line: &LineDetail) -> Vec<String> {
    let mut said = vec![cause(detail, line), rate(&detail.entry, line)];
    said.extend(line.chosen.map(|why| why.words()));
    if !line.share.is_whole() {
        let (days, of) = (line.share.days, line.share.of);
        said.push(match line.per_unit {
            Some(_) => {
                format!(
                    "An amount per unit is for a whole period: of its days, {days} of {of} count."
                )
            }
            None => format!(
                "The clause pays for some months only: of the days, {days} of {of} lie within them."
            ),
        });
    }
    let part = detail.entry.part.words();
    said.extend((!part.is_empty()).then(|| format!("It is {part}.")));
    said.extend(exactly(&detail.entry));
    said
}

/// Why a partner earned or gave back on what another partner sold.
pub(super) fn of_another(entry: &EntryRow) -> Vec<String> {
    let (base, day) = (words::money(entry.base), date_words(entry.paid_on));
    let cause = match (entry.kind, entry.source_kind.as_str()) {
        (EntryKind::Reversal, "credit_note") => {
            format!("A credit note of {day} changed what was collected by {base}.")
        }
        (EntryKind::Reversal, _) => {
            format!("A refund on {day} changed what was collected by {base}.")
        }
        _ => format!("{base} before tax was paid on {day}."),
    };
    let mut said = vec![
        format!("{}.", entry.customer_name),
        cause,
        format!("It is {}.", entry.part.words()),
    ];
    if entry.rate.bps() > 0 {
        said.push(format!("The rate is {}.", entry.rate));
    }
    said.extend(exactly(entry));
    said
}

pub(super) fn cause(detail: &EntryDetail, line: &LineDetail) -> String {
    let entry = &detail.entry;
    let day = date_words(entry.paid_on);
    let base = words::money(entry.base);
    let number = detail.invoice_number.as_deref().unwrap_or_default();
    let line = format!("invoice {number}, line {}", line.line_no);
    match (entry.kind, entry.source_kind.as_str()) {
        (EntryKind::Reversal, "credit_note") => {
            format!("A credit note of {day} changed what was collected on {line} by {base}.")
        }
        (EntryKind::Reversal, _) => {
            format!("A refund on {day} changed what was collected on {line} by {base}.")
        }
        _ => format!(
            "{} paid {base} before tax on {line}, on {day}.",
            entry.customer_name
        ),
    }
}

pub(super) fn rate(entry: &EntryRow, line: &LineDetail) -> String {
    let phase = match line.phase {
        Some(Phase::First) => "the first service period",
        Some(Phase::Recurring) => "a service period of the first term",
        Some(Phase::Renewal) => "a service period after the first term",
        None => "this service period",
    };
    let rate = match line.per_unit {
        Some((per_unit, _)) if entry.rate.bps() == 0 => {
            format!("{} for each unit", words::money(per_unit))
        }
        _ => entry.rate.to_string(),
    };
    match &line.tier {
        Some(tier) => format!("The rate is {rate}: {tier} at the start of {phase}."),
        None => format!("The rate is {rate}, in {phase}."),
    }
}

pub(super) fn standing(entry: &EntryRow) -> String {
    let from = date_words(entry.matures_on);
    match (entry.status, &entry.statement) {
        (EntryStatus::Held, _) => format!("Held until {from}, payable from that day on."),
        (EntryStatus::Payable, _) => {
            format!("Payable since {from}. It comes onto the next statement.")
        }
        (EntryStatus::Offset, _) => {
            "Taken back in full before it was on a statement. Both come onto one statement and add up to nothing."
                .to_owned()
        }
        (EntryStatus::Stated, Some((_, number))) => {
            format!("Payable since {from}, on statement {number}.")
        }
        (_, Some((_, number))) => format!("Paid with statement {number}."),
        (_, None) => format!("Payable since {from}."),
    }
}
