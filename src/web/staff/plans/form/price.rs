//! One price of a plan version's form: how its fields are read, and what does not belong in them.
use super::{Names, OFFERED, TIERS, is_blank};
use crate::{
    domain::{
        Aggregation, Band, Currency, Measure, Meter, Money, Name, PriceKind, PriceParts, Problems,
        UnitPrice, price_parts::BadPrice, scale::BadBands,
    },
    services::catalogue::plans::PriceDraft,
    web::form::Fields,
};

/// The typed fields, besides label and amount, that a kind of price has.
fn fields_of(kind: PriceKind) -> &'static [&'static str] {
    match kind {
        PriceKind::Flat | PriceKind::PerSeat | PriceKind::OneOff => &[],
        PriceKind::Graduated | PriceKind::Volume | PriceKind::Usage => &["meter"],
        PriceKind::Package => &["size", "free", "meter"],
        PriceKind::Retainer => &["free", "meter", "over", "rollover"],
        PriceKind::Outcome => &["free", "meter", "over", "cap"],
    }
}

fn is_tiered(kind: PriceKind) -> bool {
    matches!(kind, PriceKind::Graduated | PriceKind::Volume)
}

/// Whether what is typed as its amount is charged as it stands, not for each of many units.
fn is_charged_whole(kind: PriceKind) -> bool {
    matches!(
        kind,
        PriceKind::Flat | PriceKind::OneOff | PriceKind::Retainer | PriceKind::Outcome
    )
}

/// One price of the form.
pub(super) struct PriceForm<'a> {
    pub typed: &'a Fields,
    pub names: Names,
    pub currency: Currency,
}

impl PriceForm<'_> {
    /// The price; nothing where none was typed, or where something is wrong with it.
    pub fn read(&self, problems: &mut Problems) -> Option<PriceDraft> {
        let (typed, names) = (self.typed, &self.names);
        if is_blank(typed, names) {
            return None;
        }
        let label = names.of("label");
        let label = problems.check(label.clone(), typed.get(&label).parse::<Name>());
        let kind = names.of("kind");
        let chosen = typed.get(&kind).parse::<PriceKind>().ok();
        let chosen = chosen.filter(|kind| OFFERED.contains(kind));
        let kind = problems.check(kind, chosen.ok_or("Choose how it is put."))?;
        let (parts, fits) = (self.parts(kind, problems), self.fits(kind, problems));
        let parts = parts.filter(|_| fits)?;
        let price = match parts.price() {
            Ok(price) => price,
            Err(why) => {
                problems.add(self.field_of(why), why.to_string());
                return None;
            }
        };
        let commissionable = match typed.get(&names.of("earns")) {
            "yes" => true,
            "no" => false,
            _ => price.is_recurring(),
        };
        Some(PriceDraft {
            label: label?,
            price,
            commissionable,
        })
    }

    /// Whether nothing was typed that a price of this kind has no use for.
    fn fits(&self, kind: PriceKind, problems: &mut Problems) -> bool {
        let own = fields_of(kind);
        let others = super::TYPED.iter().filter(|what| **what != "label");
        let others = others.filter(|what| !own.contains(what));
        let mut strange: Vec<String> = others.map(|what| self.names.of(what)).collect();
        if !is_tiered(kind) {
            for tier in 1..=TIERS {
                let fields = ["upto", "unit", "flat"];
                strange.extend(fields.map(|what| self.names.tier(tier, what)));
            }
        }
        strange.retain(|name| !self.typed.get(name).trim().is_empty());
        for name in &strange {
            let words = kind.label().to_lowercase();
            let why = format!("Leave this empty: a price put as “{words}” has none.");
            problems.add(name.clone(), why);
        }
        strange.is_empty()
    }

    /// Seats are counted whole: so end the tiers and packages that count them.
    fn counts_whole(&self, parts: &PriceParts, problems: &mut Problems) -> bool {
        if parts.meter.is_some() {
            return true;
        }
        let tiers = (1..).zip(&parts.bands);
        let tiers = tiers.map(|(tier, band)| (self.names.tier(tier, "upto"), band.up_to));
        let package = [
            (self.names.of("size"), parts.package),
            (self.names.of("free"), Some(parts.included)),
        ];
        let mut is_whole = true;
        for (name, _) in tiers
            .chain(package)
            .filter(|(_, one)| one.is_some_and(|one| !one.is_whole()))
        {
            problems.add(
                name,
                "Seats are counted whole: give a whole number, or name a meter.",
            );
            is_whole = false;
        }
        is_whole
    }

    fn parts(&self, kind: PriceKind, problems: &mut Problems) -> Option<PriceParts> {
        let unit = match kind {
            _ if is_tiered(kind) => self.no_amount(problems),
            _ if is_charged_whole(kind) => self.amount(problems),
            _ => self.unit(self.names.amount(), problems),
        };
        let mut parts = PriceParts::plain(kind, unit?);
        if is_tiered(kind) {
            parts.bands = self.bands(problems)?;
        }
        if kind == PriceKind::Package {
            parts.package = self.optional("size", problems)?;
        }
        self.usage(&mut parts, problems)?;
        Some(parts).filter(|parts| self.counts_whole(parts, problems))
    }

    /// What counts usage, what is included, and what comes beyond it.
    fn usage(&self, parts: &mut PriceParts, problems: &mut Problems) -> Option<()> {
        let meter = self.names.of("meter");
        if !self.typed.get(&meter).trim().is_empty() {
            let code = problems.check(meter.clone(), self.typed.get(&meter).parse());
            let how = self.names.of("aggregation");
            let aggregation = match self.typed.get(&how) {
                "" => Some(Aggregation::Sum),
                typed => problems.check(how, typed.parse()),
            };
            parts.meter = Some(Meter {
                code: code?,
                aggregation: aggregation?,
            });
        }
        parts.included = self.optional("free", problems)?.unwrap_or_default();
        parts.rollover = self.optional("rollover", problems)?.unwrap_or_default();
        parts.flat_at_zero = self.typed.get(&self.names.of("zero")) != "no";
        let (over, cap) = (self.names.of("over"), self.names.of("cap"));
        if !self.typed.get(&over).trim().is_empty() {
            parts.over = self.unit(over, problems)?;
        }
        let typed = self.typed.get(&cap).trim();
        if !typed.is_empty() {
            let minor = Money::parse(typed, self.currency).map(Money::minor);
            let minor = minor.ok().filter(|minor| *minor >= 0);
            parts.cap_minor =
                Some(problems.check(cap, minor.ok_or("Give an amount of zero or more."))?);
        }
        Some(())
    }

    /// An amount of usage that may be left out; `None` when it is wrong.
    fn optional(&self, what: &str, problems: &mut Problems) -> Option<Option<Measure>> {
        match self.typed.get(&self.names.of(what)).trim() {
            "" => Some(None),
            _ => self.measure(what, problems).map(Some),
        }
    }

    /// A tiered price has no amount of its own.
    fn no_amount(&self, problems: &mut Problems) -> Option<UnitPrice> {
        let name = self.names.amount();
        if self.typed.get(&name).trim().is_empty() {
            return Some(UnitPrice::default());
        }
        problems.add(name, "Leave this empty: the tiers say what a unit costs.");
        None
    }

    /// An amount that is charged as it stands has no more decimals than its currency.
    fn amount(&self, problems: &mut Problems) -> Option<UnitPrice> {
        let unit = self.unit(self.names.amount(), problems)?;
        if unit.is_whole() {
            return Some(unit);
        }
        let (code, decimals) = (self.currency.code(), self.currency.exponent());
        let why = match decimals {
            0 => format!("{code} has no decimals."),
            _ => format!("{code} has {decimals} decimals: this is charged as it stands."),
        };
        problems.add(self.names.amount(), why);
        None
    }

    fn unit(&self, name: String, problems: &mut Problems) -> Option<UnitPrice> {
        let unit = UnitPrice::parse(self.typed.get(&name), self.currency);
        problems.check(name, unit)
    }

    fn measure(&self, what: &str, problems: &mut Problems) -> Option<Measure> {
        let name = self.names.of(what);
        let read = self.typed.get(&name).parse::<Measure>();
        problems.check(name, read)
    }

    fn typed_of(&self, tier: usize) -> [&str; 3] {
        ["upto", "unit", "flat"].map(|what| self.typed.get(&self.names.tier(tier, what)).trim())
    }

    /// The tiers down to the last in which something was typed; `None` when one of them is wrong.
    fn bands(&self, problems: &mut Problems) -> Option<Vec<Band>> {
        let mut bands = Vec::new();
        let mut is_whole = true;
        let is_filled = |tier: &usize| self.typed_of(*tier).iter().any(|typed| !typed.is_empty());
        let last = (1..=TIERS).rev().find(is_filled).unwrap_or_default();
        for tier in 1..=last {
            let typed = self.typed_of(tier);
            if !is_filled(&tier) {
                let why = "Fill this tier in, or move the ones below it up.";
                problems.add(self.names.tier(tier, "upto"), why);
                is_whole = false;
                continue;
            }
            match self.band(tier, typed, problems) {
                Some(band) => bands.push(band),
                None => is_whole = false,
            }
        }
        is_whole.then_some(bands)
    }

    fn band(&self, tier: usize, typed: [&str; 3], problems: &mut Problems) -> Option<Band> {
        let [upto, _, flat] = typed;
        let up_to = match upto {
            "" => Some(None),
            typed => {
                let read = typed.parse::<Measure>().map(Some);
                problems.check(self.names.tier(tier, "upto"), read)
            }
        };
        let unit = self.unit(self.names.tier(tier, "unit"), problems);
        let flat_minor = match flat {
            "" => Some(0),
            typed => {
                let read = Money::parse(typed, self.currency).map(Money::minor);
                problems.check(self.names.tier(tier, "flat"), read)
            }
        };
        Some(Band {
            up_to: up_to?,
            unit: unit?,
            flat_minor: flat_minor?,
        })
    }

    /// The field that a price's fault is about.
    fn field_of(&self, why: BadPrice) -> String {
        match why {
            BadPrice::Bands(BadBands::Negative(tier)) => self.names.tier(tier, "flat"),
            BadPrice::Bands(bands) => self.names.tier(bands.tier().min(TIERS), "upto"),
            BadPrice::Package => self.names.of("size"),
            BadPrice::Included => {
                let is_below = |what: &&str| {
                    let typed = self.typed.get(&self.names.of(what));
                    typed.trim().starts_with('-')
                };
                let found = ["free", "rollover"].into_iter().find(is_below);
                self.names.of(found.unwrap_or("free"))
            }
            BadPrice::NoMeter => self.names.of("meter"),
        }
    }
}
