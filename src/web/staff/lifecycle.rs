//! Every partner by stage: how many come how far, and what blocks each.
use actix_web::web::{Data, ServiceConfig, get, resource};
use askama::Template;

use crate::{
    Result,
    domain::{
        PartnerFacts, Permission, Stage, counted,
        lifecycle::{Standing, map_of, stage_of},
    },
    store::{
        Store, Tx, VendorScope,
        account::vendor,
        recruit::{
            board::{self, Member},
            lifecycle::{self, Which},
        },
    },
    web::{Answer, Shell, admission::Staff, page::ok, words},
};

/// The route.
pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("/lifecycle").route(get().to(index)));
}

/// A partner on the board.
struct Card {
    name: String,
    href: String,
    days: String,
    note: String,
}

/// A stage.
struct Column {
    title: &'static str,
    /// How many are in it; none where nothing is recorded yet.
    count: Option<usize>,
    facts: Vec<String>,
    cards: Vec<Card>,
    more: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "lifecycle/board.html")]
struct BoardPage {
    shell: Shell,
    base: String,
    answer: String,
    has_partners: bool,
    may_add: bool,
    columns: Vec<Column>,
}

/// A partner, where it stands, and how long that is known for.
struct Placed {
    member: Member,
    stage: Stage,
    /// What is missing, if anything is.
    next: Option<String>,
    reached: Vec<Stage>,
    days: Option<i64>,
}

/// Partners a column shows before it leads to the register.
const SHOWN: usize = 40;

fn find(tx: &mut Tx<'_, VendorScope>) -> Result<Vec<Placed>> {
    tx.allow(Permission::ViewPartners)?;
    let settings = vendor::settings(tx)?;
    let today = settings.zone.local_date(tx.now());
    let mut facts = lifecycle::facts(tx, Which::All)?;
    let members = board::members(tx)?;
    let available = Stage::ALL
        .iter()
        .filter(|stage| stage.is_available())
        .count();
    let placed = members.into_iter().map(|member| {
        let facts: PartnerFacts = facts.remove(&member.0).unwrap_or_default();
        let position = stage_of(&facts);
        let is_reached = |at: &Standing| matches!(at, Standing::Reached | Standing::Current);
        let reached = map_of(&facts)
            .into_iter()
            .filter(|at| is_reached(&at.standing))
            .map(|at| at.stage);
        let reached: Vec<Stage> = reached.collect();
        // Of the other stages no one wrote down when they were reached.
        let since = (position.stage == Stage::Recruit).then(|| settings.zone.local_date(member.2));
        Placed {
            stage: position.stage,
            next: Some(position.next).filter(|_| reached.len() < available),
            reached,
            days: since.map(|since| (today - since).num_days()),
            member,
        }
    });
    Ok(placed.collect())
}

fn card(base: &str, placed: &Placed) -> Card {
    Card {
        name: placed.member.1.clone(),
        href: format!("{base}/partners/{}", placed.member.0),
        days: placed
            .days
            .map_or_else(String::new, |days| words::count(days, "day", "days")),
        note: placed.next.clone().unwrap_or_default(),
    }
}

fn median(mut days: Vec<i64>) -> Option<i64> {
    days.sort_unstable();
    days.get(days.len() / 2).copied()
}

fn column(base: &str, all: &[Placed], stage: Stage, about: &str) -> Column {
    let here: Vec<&Placed> = all.iter().filter(|placed| placed.stage == stage).collect();
    let reached = all
        .iter()
        .filter(|placed| placed.reached.contains(&stage))
        .count();
    let mut facts = Vec::new();
    match stage {
        _ if !stage.is_available() => facts.push(about.to_owned()),
        Stage::Strategize | Stage::Recruit => facts.push(about.to_owned()),
        _ => facts.push(format!("{reached} of {} have reached it.", all.len())),
    }
    // The days of one partner stand beside its name.
    let days: Vec<i64> = here.iter().filter_map(|placed| placed.days).collect();
    let median = median(days).filter(|_| here.len() > 1);
    facts.extend(median.map(|days| format!("Median {}.", words::count(days, "day", "days"))));
    let more = (here.len() > SHOWN).then(|| {
        let href = format!("{base}/partners?stage={}", stage.code());
        (href, format!("{} more", here.len() - SHOWN))
    });
    Column {
        title: stage.label(),
        count: stage.is_available().then_some(here.len()),
        facts,
        cards: here
            .iter()
            .take(SHOWN)
            .map(|placed| card(base, placed))
            .collect(),
        more,
    }
}

/// Where most are lost between two stages that both can be reached: from, to, of how many, how
/// many come on.
fn weakest(all: &[Placed]) -> Option<(Stage, Stage, usize, usize)> {
    let available: Vec<Stage> = Stage::ALL
        .iter()
        .copied()
        .filter(|s| s.is_available())
        .collect();
    let steps = available.iter().zip(available.iter().skip(1));
    let step = steps.filter_map(|(from, to)| {
        let came = || all.iter().filter(|placed| placed.reached.contains(from));
        let of = came().count();
        let on = came().filter(|placed| placed.reached.contains(to)).count();
        (of > on).then_some((*from, *to, of, on))
    });
    // Compared as fractions, without dividing.
    step.min_by(|a, b| (a.3 * b.2).cmp(&(b.3 * a.2)))
}

fn answer(all: &[Placed]) -> String {
    match weakest(all) {
        Some((from, to, of, on)) => format!(
            "The weakest step is from {} to {}: taken by {on} of {}.",
            from.label(),
            to.label(),
            counted(of, "partner", "partners")
        ),
        None => "How far each partner has come, and what comes next.".to_owned(),
    }
}

async fn index(visitor: Staff, store: Data<Store>) -> Answer {
    let all = store.read(visitor.scope.clone(), find).await?;
    let base = visitor.base.clone();
    let about = map_of(&PartnerFacts::default());
    let column = |(stage, about): (&Stage, &str)| column(&base, &all, *stage, about);
    let abouts = about.iter().map(|at| at.about);
    ok(&BoardPage {
        shell: visitor.shell(),
        answer: answer(&all),
        has_partners: !all.is_empty(),
        may_add: visitor.may(Permission::ManagePartners),
        columns: Stage::ALL.iter().zip(abouts).map(column).collect(),
        base: base.clone(),
    })
}
