//! The fields of a plan version's form: how they are named, read and filled.
mod price;

use price::PriceForm;

use crate::{
    domain::{
        Aggregation, BillingInterval, Currency, Measure, Meter, Money, Price, PriceKind,
        PriceParts, Problems, Proration, money::UnknownCurrency,
    },
    services::catalogue::plans::{self as service, Draft},
    store::catalogue::plans::{PlanVersion, PriceLine, Terms},
    web::{form::Fields, stale::Said},
};

/// Kinds of price that the form offers.
pub const OFFERED: &[PriceKind] = &[
    PriceKind::Flat,
    PriceKind::PerSeat,
    PriceKind::Graduated,
    PriceKind::Volume,
    PriceKind::Package,
    PriceKind::OneOff,
    PriceKind::Usage,
    PriceKind::Retainer,
    PriceKind::Outcome,
];

/// Prices on the form.
const ROWS: usize = service::MOST_PRICES;
/// Tiers of one price on the form.
const TIERS: usize = 6;

/// Fields of a price that are chosen from a list, so that they are never empty.
const CHOSEN: &[&str] = &["kind", "earns", "aggregation", "zero"];
/// Fields of a price that are typed, besides its amount and its tiers.
const TYPED: &[&str] = &["label", "size", "free", "meter", "over", "rollover", "cap"];

/// How the fields of price `n` are named.
struct Names(usize);

impl Names {
    fn amount(&self) -> String {
        format!("price-{}", self.0)
    }
    fn of(&self, what: &str) -> String {
        format!("price-{}-{what}", self.0)
    }
    fn tier(&self, tier: usize, what: &str) -> String {
        format!("price-{}-tier-{tier}-{what}", self.0)
    }
    fn all(&self) -> Vec<String> {
        let mut all: Vec<String> = CHOSEN
            .iter()
            .chain(TYPED)
            .map(|what| self.of(what))
            .collect();
        all.push(self.amount());
        for tier in 1..=TIERS {
            all.extend(["upto", "unit", "flat"].map(|what| self.tier(tier, what)));
        }
        all
    }
}

/// Whether the form has a field of this name.
pub fn known(name: &str) -> bool {
    let fixed = [
        "name",
        "code",
        "interval",
        "term_months",
        "notice_days",
        "trial_days",
        "anchor_day",
        "minimum",
        "proration",
        "currency",
        "version",
        "form_id",
    ];
    fixed.contains(&name) || (1..=ROWS).any(|n| Names(n).all().contains(&name.to_owned()))
}

/// A field of the form with what was typed into it.
pub struct Field {
    pub name: String,
    pub value: String,
}

/// A tier's fields on the form.
pub struct TierRow {
    pub upto: Field,
    pub unit: Field,
    pub flat: Field,
}

/// A price's fields on the form.
pub struct PriceRow {
    pub label: Field,
    pub kind: Field,
    pub amount: Field,
    pub earns: Field,
    pub size: Field,
    pub free: Field,
    pub meter: Field,
    pub aggregation: Field,
    pub over: Field,
    pub rollover: Field,
    pub cap: Field,
    pub zero: Field,
    pub tiers: Vec<TierRow>,
    /// Whether the tiers are shown from the start.
    pub has_tiers: bool,
    /// Whether the package is.
    pub has_package: bool,
    /// Whether the meter is.
    pub has_meter: bool,
}

/// The prices on the form: those filled, one more, three at least.
pub fn rows(typed: &Fields, problems: &Problems) -> Vec<PriceRow> {
    let is_filled = |n: &usize| !is_blank(typed, &Names(*n));
    let filled = (1..=ROWS).filter(is_filled).max();
    let shown = (filled.unwrap_or_default() + 1).clamp(3, ROWS);
    (1..=shown)
        .map(|n| row(typed, &Names(n), problems))
        .collect()
}

fn row(typed: &Fields, names: &Names, problems: &Problems) -> PriceRow {
    let field = |name: String| Field {
        value: typed.text(&name),
        name,
    };
    let tier = |tier: usize| TierRow {
        upto: field(names.tier(tier, "upto")),
        unit: field(names.tier(tier, "unit")),
        flat: field(names.tier(tier, "flat")),
    };
    let tiers: Vec<TierRow> = (1..=TIERS).map(tier).collect();
    let touched = |field: &Field| !field.value.is_empty() || problems.on(&field.name).is_some();
    let (size, free) = (field(names.of("size")), field(names.of("free")));
    let (meter, over) = (field(names.of("meter")), field(names.of("over")));
    let (rollover, cap) = (field(names.of("rollover")), field(names.of("cap")));
    let has_meter = [&free, &meter, &over, &rollover, &cap]
        .into_iter()
        .any(touched);
    PriceRow {
        label: field(names.of("label")),
        kind: field(names.of("kind")),
        amount: field(names.amount()),
        earns: field(names.of("earns")),
        has_tiers: tiers
            .iter()
            .any(|tier| touched(&tier.upto) || touched(&tier.unit) || touched(&tier.flat)),
        has_package: touched(&size),
        has_meter,
        meter,
        aggregation: field(names.of("aggregation")),
        over,
        rollover,
        cap,
        zero: field(names.of("zero")),
        size,
        free,
        tiers,
    }
}

/// How often a plan may be billed.
pub fn intervals() -> Vec<(String, String)> {
    let option = |interval: &BillingInterval| {
        let name = match interval {
            BillingInterval::Week => "Weekly",
            BillingInterval::Month => "Monthly",
            BillingInterval::Quarter => "Quarterly",
            BillingInterval::HalfYear => "Half-yearly",
            BillingInterval::Year => "Yearly",
        };
        (interval.months().to_string(), name.to_owned())
    };
    BillingInterval::ALL.iter().map(option).collect()
}

/// How parts of a period are measured.
pub fn prorations() -> Vec<(String, String)> {
    let option = |by: &Proration| (by.code().to_owned(), by.label().to_owned());
    Proration::ALL.iter().map(option).collect()
}

/// How a meter's events become a quantity.
pub fn aggregations() -> Vec<(String, String)> {
    let option = |how: &Aggregation| (how.code().to_owned(), how.label().to_owned());
    Aggregation::ALL.iter().map(option).collect()
}

/// Whether the first tier's flat part is charged when nothing was used.
pub fn at_zero() -> Vec<(String, String)> {
    [("", "Charged"), ("no", "Not charged")]
        .map(|(code, label)| (code.to_owned(), label.to_owned()))
        .to_vec()
}

/// Whether partners earn on a price.
pub fn earnings() -> Vec<(String, String)> {
    [
        ("", "As usual: all but one-off"),
        ("yes", "Earns commission"),
        ("no", "No commission"),
    ]
    .map(|(code, label)| (code.to_owned(), label.to_owned()))
    .to_vec()
}

/// Reads a version's form.
///
/// # Errors
/// What is wrong with it, field by field.
pub fn read(typed: &Fields) -> Result<Draft, Problems> {
    let mut problems = Problems::default();
    let terms = read_terms(typed, &mut problems);
    let (mut prices, mut meters) = (Vec::new(), Vec::new());
    if let Ok(currency) = read_currency(typed) {
        for n in 1..=ROWS {
            let form = PriceForm {
                typed,
                names: Names(n),
                currency,
            };
            let price = form.read(&mut problems);
            if let Some(meter) = price.as_ref().and_then(|price| price.price.meter()) {
                count_alike(&mut meters, (n, meter), &mut problems);
            }
            prices.extend(price);
        }
    }
    match terms {
        Some(terms) if problems.is_empty() => Ok(Draft { terms, prices }),
        _ => Err(problems),
    }
}

/// One meter counts in one way: what is reported for it means one thing.
fn count_alike(known: &mut Vec<Meter>, (n, meter): (usize, &Meter), problems: &mut Problems) {
    let other = known.iter().find(|one| one.code == meter.code);
    match other.filter(|one| one.aggregation != meter.aggregation) {
        None => known.push(meter.clone()),
        Some(other) => {
            let how = other.aggregation.label().to_lowercase();
            let why = format!("A price above counts this meter by “{how}”: count it alike.");
            problems.add(Names(n).of("aggregation"), why);
        }
    }
}

fn read_currency(typed: &Fields) -> Result<Currency, UnknownCurrency> {
    typed.get("currency").trim().to_uppercase().parse()
}

fn read_terms(typed: &Fields, problems: &mut Problems) -> Option<Terms> {
    let currency = problems.check("currency", read_currency(typed));
    let months = typed.get("interval").parse().ok();
    let interval = months.and_then(BillingInterval::from_months);
    let interval = interval.ok_or("Choose how often it is billed.");
    let interval = problems.check("interval", interval);
    let mut whole = |name: &str| {
        let number = typed.get(name).trim().parse::<u32>();
        problems.check(name, number.map_err(|_| "Give a whole number."))
    };
    let blank = |name: &str| typed.get(name).trim().is_empty();
    let (term_months, notice_days) = (whole("term_months"), whole("notice_days"));
    let trial_days = match blank("trial_days") {
        true => Some(0),
        false => whole("trial_days"),
    };
    let anchor_day = match blank("anchor_day") {
        true => Some(None),
        false => whole("anchor_day").map(Some),
    };
    let minimum_minor = match (blank("minimum"), currency) {
        (false, Some(currency)) => {
            let typed = Money::parse(typed.get("minimum"), currency);
            problems.check("minimum", typed).map(Money::minor)
        }
        _ => Some(0),
    };
    let proration = match typed.get("proration") {
        "" => Some(Proration::Day),
        typed => problems.check("proration", typed.parse::<Proration>()),
    };
    Some(Terms {
        proration: proration?,
        currency: currency?,
        interval: interval?,
        term_months: term_months?,
        notice_days: notice_days?,
        trial_days: trial_days?,
        anchor_day: anchor_day?,
        minimum_minor: minimum_minor?,
    })
}

/// Whether nothing was typed for a price.
fn is_blank(typed: &Fields, names: &Names) -> bool {
    let chosen: Vec<String> = CHOSEN.iter().map(|what| names.of(what)).collect();
    let all = names.all().into_iter();
    let mut typed_in = all.filter(|name| !chosen.contains(name));
    typed_in.all(|name| typed.get(&name).trim().is_empty())
}

/// What a version says, in words.
pub fn said(version: &PlanVersion) -> Said {
    let prices = version.prices.iter();
    said_of(
        &version.terms,
        prices.map(|line| (line.label.as_str(), &line.price, line.commissionable)),
    )
}

/// The same of what was typed.
pub fn said_of_draft(draft: &Draft) -> Said {
    let prices = draft.prices.iter();
    said_of(
        &draft.terms,
        prices.map(|line| (line.label.as_str(), &line.price, line.commissionable)),
    )
}

fn said_of<'a>(terms: &Terms, prices: impl Iterator<Item = (&'a str, &'a Price, bool)>) -> Said {
    let day = terms
        .anchor_day
        .map_or(String::new(), |day| day.to_string());
    let mut said: Said = [
        ("Billed", format!("every {}", terms.interval.unit())),
        ("Term in months", terms.term_months.to_string()),
        ("Notice in days", terms.notice_days.to_string()),
        ("Days free at the start", terms.trial_days.to_string()),
        ("Billed on this day of the month", day),
        (
            "Parts of a period are charged",
            terms.proration.label().to_lowercase(),
        ),
        ("Currency", terms.currency.code().to_owned()),
    ]
    .map(|(label, value)| (label.to_owned(), value))
    .to_vec();
    for (n, (label, price, earns)) in (1..).zip(prices) {
        let words = price.words(terms.currency, terms.interval);
        let earns = if earns { "" } else { ", no commission" };
        said.push((format!("Price {n}"), format!("{label}: {words}{earns}")));
    }
    said
}

/// A version as its form would have been typed.
pub fn typed_of(version: PlanVersion) -> Fields {
    let terms = version.terms;
    let mut fields = vec![
        ("interval".to_owned(), terms.interval.months().to_string()),
        ("term_months".to_owned(), terms.term_months.to_string()),
        ("notice_days".to_owned(), terms.notice_days.to_string()),
        ("trial_days".to_owned(), terms.trial_days.to_string()),
        ("currency".to_owned(), terms.currency.code().to_owned()),
        ("proration".to_owned(), terms.proration.code().to_owned()),
        ("version".to_owned(), version.version.to_string()),
    ];
    if let Some(day) = terms.anchor_day {
        fields.push(("anchor_day".to_owned(), day.to_string()));
    }
    if let Some(minimum) = terms.minimum() {
        fields.push(("minimum".to_owned(), minimum.plain()));
    }
    for (n, line) in (1..).zip(&version.prices) {
        fields.extend(typed_price(&Names(n), line, terms.currency));
    }
    Fields::new(fields)
}

fn typed_price(names: &Names, line: &PriceLine, currency: Currency) -> Vec<(String, String)> {
    let parts = PriceParts::of(&line.price);
    let mut fields = vec![
        (names.of("label"), line.label.clone()),
        (names.of("kind"), parts.kind.code().to_owned()),
    ];
    if parts.bands.is_empty() {
        fields.push((names.amount(), parts.unit.figure(currency)));
    }
    if line.commissionable != line.price.is_recurring() {
        let earns = if line.commissionable { "yes" } else { "no" };
        fields.push((names.of("earns"), earns.to_owned()));
    }
    if let Some(size) = parts.package {
        fields.push((names.of("size"), size.to_string()));
    }
    if parts.included != Measure::ZERO {
        fields.push((names.of("free"), parts.included.to_string()));
    }
    if let Some(meter) = &parts.meter {
        fields.push((names.of("meter"), meter.code.to_string()));
        let how = meter.aggregation.code().to_owned();
        fields.push((names.of("aggregation"), how));
    }
    if parts.over.micro() != 0 {
        fields.push((names.of("over"), parts.over.figure(currency)));
    }
    if parts.rollover != Measure::ZERO {
        fields.push((names.of("rollover"), parts.rollover.to_string()));
    }
    if let Some(cap) = parts.cap_minor {
        fields.push((names.of("cap"), Money::new(cap, currency).figure()));
    }
    if !parts.flat_at_zero {
        fields.push((names.of("zero"), "no".to_owned()));
    }
    for (tier, band) in (1..).zip(&parts.bands) {
        let up_to = band
            .up_to
            .map_or_else(String::new, |up_to| up_to.to_string());
        fields.push((names.tier(tier, "upto"), up_to));
        fields.push((names.tier(tier, "unit"), band.unit.figure(currency)));
        if band.flat_minor != 0 {
            let flat = Money::new(band.flat_minor, currency).figure();
            fields.push((names.tier(tier, "flat"), flat));
        }
    }
    fields
}
