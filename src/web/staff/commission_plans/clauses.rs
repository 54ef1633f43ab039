//! The clauses of a draft as rows of a form.
use crate::{
    Result,
    domain::{
        CommissionClause, Currency, Money, Phase, Problems, Rate,
        commission::{
            clawback::{ClawbackMode, ClawbackTerms},
            span::{GivenBack, Span},
            volume::{Volume, VolumeKind},
        },
    },
    id::{OfferingId, TierId},
    services::incentivize::commission_plans::{self as service, ClauseDraft},
    store::{Tx, VendorScope, account::vendor, catalogue::offerings, incentivize::tiers},
    web::form::Fields,
};

const ROWS: usize = service::MOST_CLAUSES;

/// The parts of a clause as they are typed, in the order of its sentence.
const PARTS: [&str; 15] = [
    "tier",
    "rate",
    "kind",
    "offering",
    "phase",
    "months",
    "cap",
    "currency",
    "volume",
    "steps",
    "span",
    "given_back",
    "back",
    "mode",
    "uplift",
];

/// What is chosen where nobody says anything else.
const SET: [&str; 4] = ["currency", "mode", "span", "given_back"];

/// An amount for each unit, instead of a share of revenue.
const PER_UNIT: &str = "unit";

/// One clause of the form: what each of its fields is called and holds.
pub(super) struct ClauseRow {
    pub name: String,
    /// Whether anything beyond the simple sentence is said.
    pub is_open: bool,
    pub tier: Part,
    pub rate: Part,
    pub kind: Part,
    pub offering: Part,
    pub phase: Part,
    pub months: Part,
    pub cap: Part,
    pub currency: Part,
    pub volume: Part,
    pub steps: Part,
    pub span: Part,
    pub given_back: Part,
    pub back: Part,
    pub mode: Part,
    pub uplift: Part,
}

/// One field of a clause.
pub(super) struct Part {
    pub name: String,
    pub value: String,
}

type Options = Vec<(String, String)>;

/// What the fields choose from.
pub(super) struct Choices {
    pub tiers: Options,
    pub kinds: Options,
    pub offerings: Options,
    pub phases: Options,
    pub volumes: Options,
    pub spans: Options,
    pub given_back: Options,
    pub modes: Options,
    /// The vendor's own currency.
    pub currency: String,
}

impl Choices {
    pub fn of(tx: &mut Tx<'_, VendorScope>) -> Result<Self> {
        let named = |first: &str, rest: Options| {
            let first = (String::new(), first.to_owned());
            std::iter::once(first).chain(rest).collect()
        };
        let tiers = tiers::tiers(tx)?.into_iter();
        let tiers = tiers.map(|tier| (tier.id.to_string(), format!("{} partners", tier.name)));
        let offerings = offerings::names(tx)?.into_iter();
        let offerings = offerings.map(|(id, name)| (id.to_string(), name));
        Ok(Self {
            tiers: named("Every partner", tiers.collect()),
            kinds: named(
                "% of recurring revenue",
                vec![(PER_UNIT.to_owned(), "per unit of each period".to_owned())],
            ),
            offerings: named("every offering", offerings.collect()),
            phases: named(
                "in every period",
                [
                    (Phase::First, "in the first period"),
                    (Phase::Recurring, "between first period and renewal"),
                    (Phase::Renewal, "from the renewal on"),
                ]
                .map(|(phase, label)| (phase.code().to_owned(), label.to_owned()))
                .into(),
            ),
            volumes: named(
                "the same whatever customers pay",
                VolumeKind::ALL
                    .map(|kind| (kind.code().to_owned(), kind.label().to_owned()))
                    .into(),
            ),
            spans: coded(Span::ALL, |span| (span.code(), span.label())),
            given_back: coded(GivenBack::ALL, |one| (one.code(), one.label())),
            modes: modes(),
            currency: vendor::settings(tx)?.currency.code().to_owned(),
        })
    }
}

/// How much goes back.
pub(super) fn modes() -> Options {
    coded(ClawbackMode::ALL, |mode| (mode.code(), mode.label()))
}

fn coded<T: Copy>(all: &[T], say: impl Fn(T) -> (&'static str, &'static str)) -> Options {
    let said = all.iter().map(|one| say(*one));
    said.map(|(code, label)| (code.to_owned(), label.to_owned()))
        .collect()
}

fn field(n: usize, part: &str) -> String {
    format!("clause-{n}-{part}")
}

/// Which clause of the form a field belongs to, and which part of it is.
fn place_of(name: &str) -> Option<(usize, &str)> {
    let (n, part) = name.strip_prefix("clause-")?.split_once('-')?;
    let n = n.parse::<usize>().ok()?;
    ((1..=ROWS).contains(&n) && PARTS.contains(&part)).then_some((n, part))
}

/// Whether a field belongs to a clause of the form.
pub(super) fn is_known(name: &str) -> bool {
    place_of(name).is_some()
}

/// The form with its clauses one after the other from the first row, those that say nothing left
/// out: what is wrong with the second clause is then said beside the second row.
pub(super) fn closed_up(typed: &Fields) -> Fields {
    let said: Vec<usize> = (1..=ROWS).filter(|n| is_said(typed, *n)).collect();
    let moved = |(name, value): (String, String)| {
        let Some((n, part)) = place_of(&name) else {
            return Some((name, value));
        };
        let before = said.iter().position(|one| *one == n)?;
        Some((field(before + 1, part), value))
    };
    Fields::new(typed.pairs().into_iter().filter_map(moved).collect())
}

/// Whether anything was typed into a clause beyond what is set in every one.
fn is_said(typed: &Fields, n: usize) -> bool {
    let said = |part: &&str| !typed.get(&field(n, part)).trim().is_empty();
    PARTS.iter().filter(|part| !SET.contains(part)).any(said)
}

/// The rows to show: those that say something, and two to fill.
pub(super) fn rows(typed: &Fields, currency: &str) -> Vec<ClauseRow> {
    let filled = (1..=ROWS).filter(|n| is_said(typed, *n)).max();
    let shown = (filled.unwrap_or_default() + 2).clamp(4, ROWS);
    (1..=shown)
        .map(|n| {
            let part = |part: &str| Part {
                value: typed.text(&field(n, part)),
                name: field(n, part),
            };
            let more = [
                "kind", "offering", "months", "cap", "volume", "steps", "back", "uplift",
            ]
            .map(part);
            let mut currency_part = part("currency");
            if currency_part.value.is_empty() {
                currency_part.value = currency.to_owned();
            }
            let is_open = more.iter().any(|part| !part.value.is_empty());
            let [kind, offering, months, cap, volume, steps, back, uplift] = more;
            ClauseRow {
                name: format!("clause-{n}"),
                is_open,
                tier: part("tier"),
                rate: part("rate"),
                phase: part("phase"),
                kind,
                offering,
                months,
                cap,
                currency: currency_part,
                volume,
                steps,
                span: part("span"),
                given_back: part("given_back"),
                back,
                uplift,
                mode: part("mode"),
            }
        })
        .collect()
}

/// Reads every clause that says something.
pub(super) fn read(typed: &Fields, problems: &mut Problems) -> Vec<ClauseDraft> {
    let said = (1..=ROWS).filter(|n| is_said(typed, *n));
    said.filter_map(|n| Reader { typed, n, problems }.clause())
        .collect()
}

struct Reader<'a> {
    typed: &'a Fields,
    n: usize,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn clause(mut self) -> Option<ClauseDraft> {
        let tier = self.choice(
            "tier",
            |id| id.parse::<TierId>().ok(),
            "Choose one of the tiers.",
        );
        let offering = self.choice(
            "offering",
            |id| id.parse::<OfferingId>().ok(),
            "Choose one of the offerings.",
        );
        let phase = self.choice(
            "phase",
            |code| code.parse::<Phase>().ok(),
            "Choose one of the phases.",
        );
        let months = self.choice(
            "months",
            |typed| typed.parse::<u32>().ok(),
            "Give a whole number of months, or none for life.",
        );
        let cap = self.amount("cap");
        let (rate, per_unit) = self.pays()?;
        let uplift = self.choice(
            "uplift",
            |typed| typed.parse::<Rate>().ok(),
            "Give a percentage such as 5, or none.",
        );
        let volume = self.volume(rate)?;
        let clawback = self.clawback()?;
        Some(ClauseDraft {
            tier: tier?,
            offering: offering?,
            phase: phase?,
            months: months?,
            cap: cap?,
            rate,
            uplift: uplift?.unwrap_or_default(),
            per_unit,
            volume,
            clawback,
        })
    }

    /// What goes back when the customer leaves early; may be left empty.
    fn clawback(&mut self) -> Option<Option<ClawbackTerms>> {
        let ((days_name, days), (mode_name, mode)) = (self.text("back"), self.text("mode"));
        read_clawback((&days_name, &days), (&mode_name, &mode), self.problems)
    }

    /// What it pays beyond its rate; may be left empty.
    fn volume(&mut self, base: Rate) -> Option<Option<Volume>> {
        let (kind_name, kind) = self.text("volume");
        let (name, steps) = self.text("steps");
        let span = self.choice(
            "span",
            |code| code.parse::<Span>().ok(),
            "Choose a month, a quarter or a year.",
        )?;
        let given_back = self.choice(
            "given_back",
            |code| code.parse::<GivenBack>().ok(),
            "Choose one of the rules.",
        )?;
        if kind.is_empty() {
            if !steps.is_empty() {
                self.problems.add(kind_name, "Say how the steps pay.");
            }
            return Some(None);
        }
        let kind = self.problems.check(kind_name, kind.parse::<VolumeKind>())?;
        let currency = self.currency()?;
        let volume = Volume::parse(kind, currency, &steps, base);
        let volume = self.problems.check(name, volume)?;
        let span = span.unwrap_or(Span::Month);
        let given_back = given_back.unwrap_or(GivenBack::OriginalRate);
        Some(Some(volume.over(span, given_back)))
    }

    fn text(&self, part: &str) -> (String, String) {
        let name = field(self.n, part);
        let text = self.typed.get(&name).trim().to_owned();
        (name, text)
    }

    /// A field that may be left empty.
    fn choice<T>(
        &mut self,
        part: &str,
        read: impl Fn(&str) -> Option<T>,
        why: &'static str,
    ) -> Option<Option<T>> {
        let (name, text) = self.text(part);
        if text.is_empty() {
            return Some(None);
        }
        self.problems.check(name, read(&text).ok_or(why)).map(Some)
    }

    /// An amount in the clause's currency; may be left empty.
    fn amount(&mut self, part: &str) -> Option<Option<Money>> {
        let (name, text) = self.text(part);
        if text.is_empty() {
            return Some(None);
        }
        let currency = self.currency()?;
        let amount = Money::parse(&text, currency).map_err(|why| why.to_string());
        self.problems.check(name, amount).map(Some)
    }

    fn currency(&mut self) -> Option<Currency> {
        let (name, code) = self.text("currency");
        let code = code.to_uppercase();
        self.problems.check(name, code.parse::<Currency>())
    }

    fn pays(&mut self) -> Option<(Rate, Option<Money>)> {
        let (name, text) = self.text("rate");
        if text.is_empty() {
            self.problems.add(name, "Say what it pays.");
            return None;
        }
        let (kind_name, kind) = self.text("kind");
        match kind.as_str() {
            "" => {}
            PER_UNIT => return Some((Rate::default(), self.amount("rate")?)),
            _ => self.problems.add(kind_name, "Choose what it pays on."),
        }
        let rate = self.problems.check(name, text.parse::<Rate>())?;
        Some((rate, None))
    }
}

/// What goes back when a customer leaves early, as typed: days, none for never, and how much.
pub(super) fn read_clawback(
    (days_name, days): (&str, &str),
    (mode_name, mode): (&str, &str),
    problems: &mut Problems,
) -> Option<Option<ClawbackTerms>> {
    let mode = match mode {
        "" => Some(ClawbackMode::Linear),
        code => problems.check(mode_name, code.parse::<ClawbackMode>()),
    };
    if days.is_empty() {
        return mode.map(|_| None);
    }
    let days = days.parse::<u32>();
    let days = days.map_err(|_| "Give a whole number of days, or none where nothing goes back.");
    let days = problems.check(days_name, days);
    days.zip(mode)
        .map(|(days, mode)| Some(ClawbackTerms { days, mode }))
}

fn uplift_typed(clause: &CommissionClause) -> String {
    match clause.uplift.bps() {
        0 => String::new(),
        _ => clause.uplift.to_string(),
    }
}

/// A clause's steps as they would be typed.
fn typed_steps(clause: &CommissionClause) -> [(&'static str, String); 4] {
    let Some(volume) = clause.volume else {
        return ["volume", "steps", "span", "given_back"].map(|part| (part, String::new()));
    };
    [
        ("volume", volume.kind.code().to_owned()),
        ("steps", volume.typed()),
        ("span", volume.span.code().to_owned()),
        ("given_back", volume.given_back.code().to_owned()),
    ]
}

/// A clause as it would be typed.
pub(super) fn typed_of(n: usize, clause: &CommissionClause) -> Vec<(String, String)> {
    let id = |number: Option<i64>, spell: fn(i64) -> String| number.map_or(String::new(), spell);
    let currency = clause.per_unit.or(clause.cap).map(Money::currency);
    let currency = currency.or(clause.volume.map(|volume| volume.currency));
    let back = clause.clawback;
    let said = [
        (
            "back",
            back.map_or(String::new(), |back| back.days.to_string()),
        ),
        (
            "mode",
            back.map_or(String::new(), |back| back.mode.code().to_owned()),
        ),
        ("uplift", uplift_typed(clause)),
        ("tier", id(clause.tier, |id| TierId::of(id).to_string())),
        (
            "rate",
            clause
                .per_unit
                .map_or(clause.rate.to_string(), |money| money.plain()),
        ),
        (
            "kind",
            clause
                .per_unit
                .map_or(String::new(), |_| PER_UNIT.to_owned()),
        ),
        (
            "offering",
            id(clause.offering, |id| OfferingId::of(id).to_string()),
        ),
        (
            "phase",
            clause
                .phase
                .map_or(String::new(), |phase| phase.code().to_owned()),
        ),
        (
            "months",
            clause
                .months
                .map_or(String::new(), |months| months.to_string()),
        ),
        ("cap", clause.cap.map_or(String::new(), Money::plain)),
        (
            "currency",
            currency.map_or(String::new(), |currency| currency.code().to_owned()),
        ),
    ];
    let all = said.into_iter().chain(typed_steps(clause));
    all.map(|(part, value)| (field(n, part), value)).collect()
}
