//! What is there before the first day: vendors, catalogue, terms; and the personas at the end.
use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};

use super::{
    Scope,
    cast::{self, OfferingPart, PartnerPart, PlanPart, PolicyPart, VendorPart},
    settling,
};
use crate::{
    Error, Result,
    domain::{
        Aggregation, Band, BillingInterval, Currency, DeliveryParty, LongText, Meter, Money, Name,
        Period, Price, PriceKind, PriceParts, Proration, Rate, Role, SlaCalendar, SlaMetric,
        UnitPrice,
        commission::{
            clawback::{ClawbackMode, ClawbackTerms},
            extras::{GuaranteeTerms, PlanExtras, RenewalTerms},
            span::{GivenBack, Span},
            volume::{Volume, VolumeKind},
        },
        sla as sla_terms,
    },
    id::{CommissionPlanVersionId, PartnerId, PlanVersionId, SlaPolicyId, TierId},
    services::{
        account::settings,
        catalogue::{offerings, plans, sla},
        incentivize::{commission_plans, tiers},
    },
    store::{
        Store, Tx,
        catalogue::{offerings as offering_rows, plans::Terms, sla::Target},
        incentivize::{commission_plans as plan_rows, tiers as tier_rows},
        lobby::{self, NewMembership, NewVendor},
        recruit::partners,
    },
};

/// What a cast's text says, or a fault of the demo.
pub fn read<T>(text: &str) -> Result<T>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|why| Error::fault(format!("demo: {text:?}: {why}")))
}

/// What later days sell and pay by.
pub struct Plans {
    /// Published plan versions by plan code, with their currency.
    pub versions: HashMap<&'static str, (PlanVersionId, Currency)>,
    /// The commission plan version partners are enrolled in.
    pub commission: CommissionPlanVersionId,
    /// Tiers by name.
    pub tiers: HashMap<&'static str, TierId>,
}

/// Sets a vendor up.
pub fn vendor(store: &Store, part: &VendorPart, first: Period) -> Result<Scope> {
    let new = NewVendor {
        slug: part.slug.to_owned(),
        name: part.name.to_owned(),
        legal_name: part.legal_name.to_owned(),
        address: part.address.to_owned(),
        time_zone: part.zone.to_owned(),
        currency: part.currency.to_owned(),
        document_prefix: part.prefix.to_owned(),
        first_period: first.key(),
    };
    store.lobby_write_now(|lobby| lobby::add_vendor(lobby, &new))
}

/// Writes and publishes a vendor's offerings and commission plan.
pub fn catalogue(store: &Store, scope: &Scope, part: &'static VendorPart) -> Result<Plans> {
    store.write_now(scope.clone(), |tx| {
        let mut policies = HashMap::new();
        for policy in part.policies {
            policies.insert(policy.name, add_policy(tx, policy)?);
        }
        let mut versions = HashMap::new();
        for offering in part.offerings {
            add_offering(
                tx,
                offering,
                policies.get(offering.policy).copied(),
                &mut versions,
            )?;
        }
        let mut tiers = HashMap::new();
        for (name, rank) in cast::TIERS {
            let draft = tiers::Draft {
                name: read(name)?,
                rank: *rank,
            };
            tiers.insert(*name, tiers::add(tx, &draft)?);
        }
        let commission = add_commission(tx, part, &tiers)?;
        let lowest = Money::parse("50", read(part.currency)?).map_err(Error::fault)?;
        settings::set_minimum(tx, lowest)?;
        settings::set_minimum(tx, Money::new(10_000, read("JPY")?))?;
        settling::own_vat_id(tx)?;
        settling::own_account(tx)?;
        Ok(Plans {
            versions,
            commission,
            tiers,
        })
    })
}

fn add_policy(tx: &mut Tx<'_, Scope>, part: &PolicyPart) -> Result<SlaPolicyId> {
    let (mut targets, mut terms) = (Vec::new(), days_off(tx.now().date())?);
    for (metric, threshold, calendar, credit) in part.targets {
        // "Mon to Fri, 8 to 18".
        let hours = calendar
            .rsplit_once(", ")
            .and_then(|(_, hours)| hours.split_once(" to "));
        if let Some((opens, closes)) = hours {
            terms.opens_minute = read::<i32>(opens)? * 60;
            terms.closes_minute = read::<i32>(closes)? * 60;
        }
        let metric: SlaMetric = read(metric)?;
        let threshold = match metric {
            SlaMetric::Availability => i64::from(read::<Rate>(threshold)?.bps()) * 100,
            _ => read(threshold)?,
        };
        targets.push(Target {
            metric,
            threshold,
            calendar: match *calendar {
                "24 hours, 7 days" => SlaCalendar::Always,
                _ => SlaCalendar::WorkingHours,
            },
            credit: read(credit)?,
            share: Rate::WHOLE,
            severity: None,
        });
    }
    match part.name {
        "Line care" => {
            terms.liability = sla_terms::Liability::Shared;
            terms.partner_share = read("30")?;
        }
        "Standard" => terms.claim_days = Some(30),
        _ => {}
    }
    let draft = sla::Draft {
        name: read(part.name)?,
        summary: read(part.summary)?,
        terms,
        targets,
    };
    sla::add(tx, &draft)
}

/// The holidays of this year and the two after it, and a day's notice of maintenance.
fn days_off(today: NaiveDate) -> Result<sla_terms::Terms> {
    let mut terms = sla_terms::Terms {
        notice_minutes: 24 * 60,
        maintenance_cap_minutes: Some(8 * 60),
        credit_cap: read("25")?,
        ..sla_terms::Terms::default()
    };
    for year in today.year()..=today.year() + 2 {
        for day in ["01-01", "05-01", "12-25", "12-26"] {
            terms.holidays.insert(read(&format!("{year}-{day}"))?);
        }
    }
    Ok(terms)
}

fn add_offering(
    tx: &mut Tx<'_, Scope>,
    part: &'static OfferingPart,
    sla_policy: Option<SlaPolicyId>,
    versions: &mut HashMap<&'static str, (PlanVersionId, Currency)>,
) -> Result<()> {
    let draft = offerings::Draft {
        name: read::<Name>(part.name)?,
        category: read(part.category)?,
        summary: read::<LongText>(part.summary)?,
        delivery: read::<DeliveryParty>(part.delivery)?,
        sla_policy,
    };
    let offering = offerings::add(tx, &draft)?;
    for plan in part.plans {
        let draft = plan_draft(plan)?;
        let named = (&read(plan.code)?, &read(plan.name)?);
        let (_, version) = plans::add(tx, offering, named, &draft)?;
        plans::publish(tx, version, 1)?;
        versions.insert(plan.code, (version, draft.terms.currency));
    }
    let version = offering_rows::offering(tx, offering)?.version;
    offerings::publish(tx, offering, version)
}

/// Plans whose parts of a month are charged by the second.
pub(super) const BY_SECOND: &[&str] = &["VOI-M"];

fn plan_draft(part: &PlanPart) -> Result<plans::Draft> {
    let currency: Currency = read(part.currency)?;
    let mut prices = Vec::new();
    for (label, kind, amount) in part.prices {
        let price = price(read::<PriceKind>(kind)?, amount, currency)?;
        prices.push(plans::PriceDraft {
            label: read(label)?,
            commissionable: price.is_recurring(),
            price,
        });
    }
    let interval = BillingInterval::from_months(part.interval_months);
    let interval = interval.ok_or_else(|| Error::fault("demo: no such interval"))?;
    Ok(plans::Draft {
        terms: Terms {
            currency,
            interval,
            term_months: u32::try_from(part.term_months).unwrap_or(12),
            notice_days: 30,
            trial_days: part.trial_days,
            anchor_day: None,
            proration: match BY_SECOND.contains(&part.code) {
                true => Proration::Second,
                false => Proration::Day,
            },
            minimum_minor: match part.minimum {
                "" => 0,
                least => Money::parse(least, currency).map_err(Error::fault)?.minor(),
            },
        },
        prices,
    })
}

/// A price by its amount, or by its tiers: `5 at 7.00, 20 at 6.50, then 6.00`; with `by calls` of
/// the calls that were reported, `with 12, keeping 4, then 135.00` of a retainer.
fn price(kind: PriceKind, amount: &str, currency: Currency) -> Result<Price> {
    let (amount, meter) = match amount.split_once(" by ") {
        Some((amount, code)) => (amount, Some(read(code)?)),
        None => (amount, None),
    };
    let (amount, covers) = amount.split_once(" with ").unwrap_or((amount, ""));
    let unit = |typed: &str| UnitPrice::parse(typed, currency).map_err(Error::fault);
    let mut parts = match kind {
        PriceKind::Graduated | PriceKind::Volume => PriceParts::plain(kind, UnitPrice::default()),
        _ => PriceParts::plain(kind, unit(amount)?),
    };
    if matches!(kind, PriceKind::Graduated | PriceKind::Volume) {
        for tier in amount.split(", ") {
            let (up_to, each) = match tier.split_once(" at ") {
                Some((up_to, each)) => (Some(read(up_to)?), each),
                None => (None, tier.trim_start_matches("then ")),
            };
            parts.bands.push(Band {
                up_to,
                unit: unit(each)?,
                flat_minor: 0,
            });
        }
    }
    parts.meter = meter.map(|code| Meter {
        code,
        aggregation: Aggregation::Sum,
    });
    cover(&mut parts, covers, currency)?;
    parts.price().map_err(Error::fault)
}

/// What the fee of a retainer or an outcome covers: `12, keeping 4, then 135.00`.
fn cover(parts: &mut PriceParts, covers: &str, currency: Currency) -> Result<()> {
    for said in covers.split(", ").filter(|said| !said.is_empty()) {
        match said.split_once(' ') {
            Some(("keeping", most)) => parts.rollover = read(most)?,
            Some(("then", each)) => {
                parts.over = UnitPrice::parse(each, currency).map_err(Error::fault)?;
            }
            Some((_, most)) => {
                let most = most.trim_start_matches("most ");
                let most = Money::parse(most, currency).map_err(Error::fault)?;
                parts.cap_minor = Some(most.minor());
            }
            None => parts.included = read(said)?,
        }
    }
    Ok(())
}

fn add_commission(
    tx: &mut Tx<'_, Scope>,
    part: &VendorPart,
    tiers: &HashMap<&'static str, TierId>,
) -> Result<CommissionPlanVersionId> {
    let (name, parts) = part.commission;
    let mut clauses = Vec::new();
    for (phase, tier, rate) in parts {
        let (rate, steps) = rate.split_once(" then ").unwrap_or((*rate, ""));
        let (rate, days) = rate.split_once(" back ").unwrap_or((rate, "0"));
        let (rate, uplift) = rate.split_once(" plus ").unwrap_or((rate, "0"));
        let (rate, currency) = (read(rate)?, read(part.currency)?);
        let (steps, span) = match steps.strip_suffix(" in a quarter") {
            Some(steps) => (steps, Span::Quarter),
            None => (steps, Span::Month),
        };
        let volume = Volume::parse(VolumeKind::Graduated, currency, steps, rate);
        let volume = volume.map(|volume| volume.over(span, GivenBack::OriginalRate));
        let volume = (!steps.is_empty()).then_some(volume).transpose();
        clauses.push(commission_plans::ClauseDraft {
            phase: (!phase.is_empty()).then(|| read(phase)).transpose()?,
            tier: tiers.get(tier).copied(),
            rate,
            uplift: read(uplift)?,
            volume: volume.map_err(Error::fault)?,
            clawback: ClawbackTerms::of(read(days)?, ClawbackMode::Linear),
            ..commission_plans::ClauseDraft::default()
        });
    }
    let draft = commission_plans::Draft {
        effective_from: tx.now().date(),
        hold_days: 30,
        outcome: part.outcome.to_owned(),
        extras: commission_extras(part)?,
        clauses,
    };
    let (_, version) = commission_plans::add(tx, &read(name)?, &draft)?;
    commission_plans::publish(tx, version, 1)?;
    Ok(version)
}

/// A bonus on what renews as large as it was, and a floor while a partner begins.
fn commission_extras(part: &VendorPart) -> Result<PlanExtras> {
    Ok(PlanExtras {
        renewal: Some(RenewalTerms {
            rate: read("1")?,
            kept_bps: 10_000,
            clawback: ClawbackTerms::of(90, ClawbackMode::Linear),
        }),
        guarantee: Some(GuaranteeTerms {
            amount: Money::new(2_500, read(part.currency)?),
            months: 2,
        }),
    })
}

/// The plan that a channel manager is thinking about: a draft to be tried on past months.
pub fn draft_next_plan(tx: &mut Tx<'_, Scope>, part: &VendorPart, day: NaiveDate) -> Result<()> {
    let name = part.commission.0;
    let plans = plan_rows::plans(tx)?;
    let Some(plan) = plans.into_iter().find(|plan| plan.name == name) else {
        return Ok(());
    };
    let gold = tier_rows::tiers(tx)?
        .into_iter()
        .find(|tier| tier.name == "Gold");
    let gold = gold.map(|tier| tier.id);
    let share = |tier, months, rate: &str| -> Result<commission_plans::ClauseDraft> {
        Ok(commission_plans::ClauseDraft {
            tier,
            months,
            rate: read(rate)?,
            ..commission_plans::ClauseDraft::default()
        })
    };
    let clauses = vec![
        share(gold, Some(12), "20")?,
        share(gold, None, "16")?,
        share(None, None, "12")?,
    ];
    let version = commission_plans::new_version(tx, plan.id)?;
    let old = plan_rows::version(tx, version)?;
    let draft = commission_plans::Draft {
        effective_from: Period::of(day).next().first_day(),
        hold_days: old.hold_days,
        outcome: old.outcome,
        extras: old.extras,
        clauses,
    };
    commission_plans::edit_draft(tx, version, old.version, &draft)
}

/// Gives the personas their places, and the same password.
pub fn people(store: &Store, password_hash: &str) -> Result<()> {
    for part in cast::PERSONAS {
        let user = store.lobby_write_now(|lobby| {
            lobby::add_person(lobby, part.email, part.name, Some(password_hash.to_owned()))
        })?;
        for (slug, partner, role) in part.places {
            let scope = store.lobby_now(|lobby| lobby::operator(lobby, slug))?;
            let partner = partner_coded(store, &scope, partner)?;
            let role: Role = read(role)?;
            store.lobby_write_now(|lobby| {
                lobby::add_membership(
                    lobby,
                    &NewMembership {
                        tenant: lobby::tenant_of(&scope),
                        partner,
                        user,
                        role,
                        email: part.email,
                        name: part.name,
                    },
                )
            })?;
        }
    }
    Ok(())
}

/// Somebody at a partner who has joined and signed in. They are no persona: nobody has their
/// password.
pub fn contact(
    store: &Store,
    (scope, vendor): (&Scope, &VendorPart),
    (id, part): (PartnerId, &PartnerPart),
) -> Result<()> {
    let place = vendor.partners.iter().position(|one| one.code == part.code);
    let index = place.unwrap_or_default() + vendor.slug.len();
    let name = cast::CONTACTS[index % cast::CONTACTS.len()];
    let mailbox = name.to_lowercase().replace(' ', ".");
    let email = format!("{mailbox}@{}.example", part.code.to_lowercase());
    store.lobby_write_now(|lobby| {
        let user = lobby::add_person(lobby, &email, name, None)?;
        let place = NewMembership {
            tenant: lobby::tenant_of(scope),
            partner: Some(id),
            user,
            role: Role::PartnerAdmin,
            email: &email,
            name,
        };
        lobby::add_membership(lobby, &place)?;
        lobby::note_sign_in(lobby, user)
    })
}

fn partner_coded(store: &Store, scope: &Scope, code: &str) -> Result<Option<PartnerId>> {
    if code.is_empty() {
        return Ok(None);
    }
    let code = code.to_owned();
    store.read_now(scope.clone(), |tx| {
        let found = partners::by_external_ids(tx, std::slice::from_ref(&code))?;
        let first = found.into_iter().next();
        first.map(|partner| Some(partner.id)).ok_or(Error::NotFound)
    })
}
