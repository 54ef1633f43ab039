//! A statement in words: the same figure, date or sentence on the page, in the
//! PDF and in the mail.

use super::{
    super::{accrual::EntryKind, commission::Part, counted::counted},
    Block, Line, PayoutReason, Phase, StatementDocument,
};
use chrono::{Datelike, Months, NaiveDate};

/// Minor units as they are read: "1,234.50", "−0.07", "1,005" for exponent 0.
/// The minus is U+2212.
pub fn figure(minor: i64, exponent: u32) -> String {
    let (whole, fraction) = digits(minor, exponent);
    let mut out = String::from(if minor < 0 { "−" } else { "" });
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    joined(out, &fraction)
}

/// Minor units as machines read them: "1234.50", "-0.07", "1005" for exponent 0.
pub fn plain_decimal(minor: i64, exponent: u32) -> String {
    let (whole, fraction) = digits(minor, exponent);
    let sign = if minor < 0 { "-" } else { "" };
    joined(format!("{sign}{whole}"), &fraction)
}

fn digits(minor: i64, exponent: u32) -> (String, String) {
    let places = usize::try_from(exponent).unwrap_or(0);
    let mut whole = format!("{:0>width$}", minor.unsigned_abs(), width = places + 1);
    let fraction = whole.split_off(whole.len() - places);
    (whole, fraction)
}

fn joined(whole: String, fraction: &str) -> String {
    if fraction.is_empty() {
        whole
    } else {
        format!("{whole}.{fraction}")
    }
}

/// Basis points in percent: "20 %", "12.5 %", "−0.75 %".
pub fn percent(bps: i32) -> String {
    let figure = figure(i64::from(bps), 2);
    let short = figure.trim_end_matches('0').trim_end_matches('.');
    format!("{short} %")
}

/// A date as it is read: "3 Nov 2026".
pub fn date_words(date: NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

/// A month as it is read: "October 2026" for "2026-10"; any other text as it is.
pub fn month_words(period: &str) -> String {
    first_day(period).map_or(period.into(), |day| day.format("%B %Y").to_string())
}

/// A month as it is read in a column: "Oct 2026" for "2026-10"; any other text as it is.
pub fn month_short(period: &str) -> String {
    first_day(period).map_or(period.into(), |day| day.format("%b %Y").to_string())
}

fn first_day(period: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(&format!("{period}-01"), "%Y-%m-%d").ok()
}

/// A span of days with both ends in it: "1–30 Sep 2026",
/// "15 Sep – 14 Oct 2026", "15 Dec 2026 – 14 Jan 2027", "1 Sep 2026".
pub fn range_words(first: NaiveDate, last: NaiveDate) -> String {
    let end = date_words(last);
    if first == last {
        end
    } else if first.year() != last.year() {
        format!("{} – {end}", date_words(first))
    } else if first.month() != last.month() {
        format!("{} – {end}", first.format("%-d %b"))
    } else {
        format!("{}–{end}", first.day())
    }
}

/// A service period, given half-open, in words with its last day in it.
pub fn service_words(from: NaiveDate, to_exclusive: NaiveDate) -> String {
    let last = to_exclusive.pred_opt().unwrap_or(to_exclusive);
    range_words(from, last.max(from))
}

impl Block {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Earned => "Earned",
            Self::PostedLate => "Posted late",
            Self::Extra => "Bonuses, steps and adjustments",
            Self::Reversed => "Reversed",
        }
    }

    /// Its name in files: "earned", "posted_late", "extra", "reversed".
    pub fn code(self) -> &'static str {
        match self {
            Self::Earned => "earned",
            Self::PostedLate => "posted_late",
            Self::Extra => "extra",
            Self::Reversed => "reversed",
        }
    }
}

impl Phase {
    /// Its name in a sentence.
    pub fn title(self) -> &'static str {
        match self {
            Self::First => "first period",
            Self::Recurring => "recurring",
            Self::Renewal => "renewal",
        }
    }

    /// Its name in files: "first", "recurring", "renewal".
    pub fn code(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Recurring => "recurring",
            Self::Renewal => "renewal",
        }
    }
}

impl Line {
    /// Numerator and denominator of the amount before rounding; none when the
    /// stored text is no fraction.
    pub fn exact_parts(&self) -> Option<(i128, i128)> {
        let (num, den) = self.exact.split_once('/')?;
        let (num, den) = (num.parse().ok()?, den.parse().ok()?);
        (den > 0).then_some((num, den))
    }

    /// Its kind of entry, where it is neither earned nor a reversal.
    fn entry_kind(&self) -> Option<EntryKind> {
        self.kind.parse().ok()
    }

    /// Whom it is about: the customer, or else what kind of entry it is.
    pub fn about(&self) -> &str {
        match (self.customer.as_str(), self.entry_kind()) {
            ("", Some(kind)) => kind.label(),
            (customer, _) => customer,
        }
    }

    /// What it is for: "Backup Pro, Monthly", with the kind of entry before it where it is no
    /// ordinary one.
    pub fn service(&self) -> String {
        let sold = format!("{}, {}", self.offering, self.plan);
        match (self.entry_kind(), self.offering.as_str()) {
            (None, _) => sold,
            (Some(kind), "") => kind.label().to_owned(),
            (Some(kind), _) => format!("{}: {sold}", kind.label()),
        }
    }

    /// The partner's share: "100 %", "37.5 %", or "1/3" where percent has no end.
    pub fn share_words(&self) -> String {
        let (num, den) = (u64::from(self.share_num), u64::from(self.share_den));
        match (num * 10_000).checked_rem(den) {
            Some(0) => i32::try_from(num * 10_000 / den).map_or("100 %".into(), percent),
            _ => format!("{num}/{den}"),
        }
    }

    /// What the partner gets of what the line earns.
    pub fn whose(&self) -> Part {
        self.part.parse().unwrap_or(Part::Whole)
    }

    /// The partner's part as a factor after the share: " × 70 %"; empty for all of it.
    fn times_part(&self) -> String {
        match self.whose().factor_words() {
            words if words.is_empty() => words,
            words => format!(" × {words}"),
        }
    }

    /// Base × rate × share × part by itself: rounded half away from zero, and whether
    /// that was exact. None when the share is no fraction.
    fn alone(&self) -> Option<(i128, bool)> {
        let mut num = i128::from(self.base_minor)
            .checked_mul(i128::from(self.rate_bps))?
            .checked_mul(i128::from(self.share_num))?;
        let mut den = i128::from(self.share_den) * 10_000;
        for factor in self.whose().factors() {
            num = num.checked_mul(i128::from(factor.bps()))?;
            den = den.checked_mul(10_000)?;
        }
        let (whole, rest) = (num.checked_div(den)?, num.checked_rem(den)?);
        let away = if rest.abs() * 2 >= den {
            num.signum()
        } else {
            0
        };
        Some((whole + away, rest == 0))
    }
}

impl StatementDocument {
    /// Minor units in this statement's currency, without its code.
    pub fn figure(&self, minor: i64) -> String {
        figure(minor, self.exponent)
    }

    /// Minor units with the currency: "EUR 1,234.50".
    pub fn money(&self, minor: i64) -> String {
        format!("{} {}", self.currency, self.figure(minor))
    }

    /// What a line is reckoned on; nothing for one that is not.
    pub fn base_words(&self, line: &Line) -> String {
        match !line.kind.is_empty() && line.base_minor == 0 {
            true => String::new(),
            false => {
                let base = self.earned_figure(line, line.base_minor);
                match &line.converted {
                    Some(other) => format!("{} {base}", other.currency),
                    None => base,
                }
            }
        }
    }

    /// What a line pays: "20 %", or "2.50 a unit"; nothing for one that pays no share.
    pub fn rate_words(&self, line: &Line) -> String {
        match line.per_unit {
            _ if !line.kind.is_empty() && line.rate_bps == 0 => String::new(),
            Some(per_unit) => format!("{} a unit", self.earned_figure(line, per_unit.minor)),
            None => percent(line.rate_bps),
        }
    }

    /// The period as it is read: "October 2026".
    pub fn period_words(&self) -> String {
        month_words(&self.period)
    }

    /// The days of the period: "1–31 Oct 2026".
    pub fn period_days_words(&self) -> String {
        let first = first_day(&self.period);
        let next = first.and_then(|day| day.checked_add_months(Months::new(1)));
        let days = first.zip(next);
        days.map_or(self.period.clone(), |(from, to)| service_words(from, to))
    }

    /// The label of the payout among the balances: as [`payable_label`](Self::payable_label), or
    /// "Commission, net" where tax makes another amount of it.
    pub fn payout_label(&self) -> String {
        match self.tax {
            Some(_) => "Commission, net".into(),
            None => self.payable_label(),
        }
    }

    /// The label of what is transferred: "To be paid 15 Nov 2026", or "To be paid".
    pub fn payable_label(&self) -> String {
        let date = self.payout.due_on.map(date_words);
        date.map_or("To be paid".into(), |on| format!("To be paid {on}"))
    }

    /// What becomes of the balance, in one sentence or two.
    pub fn payout_sentence(&self) -> String {
        let balance = self.money(self.closing_minor);
        match self.payout.reason {
            PayoutReason::Paid => {
                let when = self
                    .payout
                    .due_on
                    .map_or(String::new(), |on| format!(" on {}", date_words(on)));
                {
                    let amount = self.money(self.payable_minor());
                    format!("{amount} is to be paid{when}{}.", self.payable_words())
                }
            }
            PayoutReason::BelowMinimum => format!(
                "Nothing is paid: {balance} is below the minimum payout of {}. It is carried forward.",
                self.money(self.payout.minimum_minor)
            ),
            PayoutReason::Negative => format!(
                "Nothing is paid: the balance is {balance}. It is carried forward and set off against later earnings; nothing is debited."
            ),
            PayoutReason::Nothing => "Nothing is paid: the balance is zero.".into(),
        }
    }

    /// The day of the next payment run in a sentence; none when it is not known.
    pub fn next_payment_sentence(&self) -> Option<String> {
        self.next_payment_on
            .map(|on| format!("The next payment date is {}.", date_words(on)))
    }

    /// The memo of what is held, in one sentence.
    pub fn held_sentence(&self) -> String {
        let total = self.money(self.held.total_minor);
        match (self.held.first_matures_on, self.held.last_matures_on) {
            (Some(first), Some(last)) => format!(
                "Held, not yet payable: {total}, maturing {}.",
                range_words(first, last)
            ),
            _ => "Nothing is held.".into(),
        }
    }

    /// A line's amount, traced in words from the invoice to the clause.
    pub fn explanation(&self, line: &Line) -> String {
        if !line.kind.is_empty() {
            let mut said = vec![explained(line)];
            said.extend(self.conversion(line));
            return said.join(" ");
        }
        let mut said = vec![format!(
            "Invoice {} line {}, paid {}, held until {}.",
            line.invoice_number,
            line.invoice_line,
            date_words(line.paid_on),
            date_words(line.held_until)
        )];
        said.extend(cause(line));
        said.push(format!("{}: {}.", standing(line), self.rate_words(line)));
        let part = line.whose().words();
        said.extend((!part.is_empty()).then(|| format!("For you: {part}.")));
        said.push(self.arithmetic(line));
        said.extend(self.conversion(line));
        said.push(format!(
            "Plan {}, clause {}.",
            quoted_plan(&line.plan_version),
            line.clause_number
        ));
        said.join(" ")
    }

    fn arithmetic(&self, line: &Line) -> String {
        let amount = self.earned_figure(line, line.earned_minor());
        if let Some(per_unit) = line.per_unit {
            return format!(
                "{} × {} × share {}{}, for the part collected: {amount}.",
                counted(per_unit.units, "unit", "units"),
                self.earned_figure(line, per_unit.minor),
                line.share_words(),
                line.times_part()
            );
        }
        let sum = format!(
            "{} × {} × share {}{}",
            self.earned_figure(line, line.base_minor),
            percent(line.rate_bps),
            line.share_words(),
            line.times_part()
        );
        let Some((alone, exact)) = line.alone() else {
            return format!("{sum}: {amount}.");
        };
        let rounded = if exact { "" } else { ", rounded" };
        let apart = alone.abs_diff(i128::from(line.earned_minor()));
        if apart == 0 {
            return format!("{sum} = {amount}{rounded}.");
        }
        let alone = i64::try_from(alone);
        let alone = alone.map_or("too much".into(), |m| self.earned_figure(line, m));
        let why = match (apart, line.part.is_empty()) {
            (1, true) => "rounding is done once for the whole invoice, and this line’s part is",
            (1, false) => {
                "rounding is done once for the whole invoice, before it is shared out, and this line’s part is"
            }
            _ => "this line states",
        };
        format!("{sum} = {alone}{rounded} alone; {why} {amount}.")
    }
}

/// A line that its note explains: the note, what it takes back, and since when it is payable.
fn explained(line: &Line) -> String {
    let mut said = vec![line.note.clone()];
    if line.reverses.is_some() {
        said.extend(cause(line));
    }
    if line.invoice_line > 0 {
        said.push(format!(
            "Invoice {} line {}.",
            line.invoice_number, line.invoice_line
        ));
    }
    if line.held_until > line.paid_on {
        said.push(format!("Held until {}.", date_words(line.held_until)));
    }
    said.join(" ")
}

/// Why the line is not an ordinary one of its month.
fn cause(line: &Line) -> Option<String> {
    let reason = line.reason.as_deref().map(|r| r.trim_end_matches('.'));
    let because = reason.map_or(String::new(), |reason| format!(": {reason}"));
    match (&line.reverses, line.block) {
        (Some(reversed), _) => {
            let of = reversed.statement_number.as_deref();
            let of = of.map_or("on this statement".into(), |n| format!("of statement {n}"));
            Some(format!("Reverses entry {} {of}{because}.", reversed.entry))
        }
        (None, Block::PostedLate) => Some(format!(
            "Earned in {}, posted late{because}.",
            month_words(&line.earned_period)
        )),
        (None, _) => reason.map(|reason| format!("{reason}.")),
    }
}

/// "Gold, first period".
fn standing(line: &Line) -> String {
    let phase = line.phase.title();
    match &line.tier {
        Some(tier) => format!("{tier}, {phase}"),
        None => {
            let (head, rest) = phase.split_at(1);
            format!("{}{rest}", head.to_uppercase())
        }
    }
}

/// Puts the plan's name, which may be any text, in quotes of its own.
fn quoted_plan(plan_version: &str) -> String {
    match plan_version.rsplit_once(", version ") {
        Some((name, version)) => format!("“{name}”, version {version}"),
        None => format!("“{plan_version}”"),
    }
}
