//! Plans, versions and prices as an offering's page shows them.
use crate::{
    domain::{Price, VersionStatus},
    id::{PlanId, PlanVersionId},
    store::catalogue::plans::{Plan, PlanVersion, PriceLine, Terms},
    web::{sold, words},
};

/// A plan on its offering's page.
pub struct PlanView {
    pub(in crate::web::staff) id: PlanId,
    pub(in crate::web::staff) code: String,
    pub(in crate::web::staff) name: String,
    pub(in crate::web::staff) may_draft: bool,
    pub(in crate::web::staff) form_id: String,
    pub(in crate::web::staff) versions: Vec<VersionView>,
}

/// A version on its offering's page.
pub struct VersionView {
    pub(in crate::web::staff) id: PlanVersionId,
    pub(in crate::web::staff) number: i32,
    pub(in crate::web::staff) kind: &'static str,
    pub(in crate::web::staff) status: &'static str,
    pub(in crate::web::staff) is_draft: bool,
    pub(in crate::web::staff) version: String,
    pub(in crate::web::staff) terms: String,
    pub(in crate::web::staff) may_reach: bool,
    pub(in crate::web::staff) reach: Option<String>,
    pub(in crate::web::staff) prices: Vec<PriceView>,
}

/// A price on its offering's page.
pub struct PriceView {
    pub(in crate::web::staff) label: String,
    pub(in crate::web::staff) words: String,
    pub(in crate::web::staff) earns: bool,
    pub(in crate::web::staff) warnings: Vec<String>,
}

impl PriceView {
    fn of(line: PriceLine, terms: Terms) -> Self {
        let cliffs = match &line.price {
            Price::Seats(scale) | Price::Metered(_, scale) => scale.cliffs(),
            _ => Vec::new(),
        };
        Self {
            words: line.price.words(terms.currency, terms.interval),
            earns: line.commissionable,
            warnings: cliffs
                .iter()
                .map(|cliff| cliff.words(terms.currency))
                .collect(),
            label: line.label,
        }
    }
}

impl PlanView {
    pub(in crate::web::staff) fn of(plan: Plan, versions: Vec<PlanVersion>) -> Self {
        let drafted = versions.iter().any(|v| v.status == VersionStatus::Draft);
        Self {
            id: plan.id,
            code: plan.code,
            name: plan.name,
            may_draft: !drafted && !versions.is_empty(),
            form_id: String::new(),
            versions: versions.into_iter().map(VersionView::of).collect(),
        }
    }
    pub(in crate::web::staff) fn is_sold(&self) -> bool {
        self.versions
            .iter()
            .any(|v| v.status == VersionStatus::Published.label())
    }
}

/// The pill of a version's status.
pub fn kind(status: VersionStatus) -> &'static str {
    match status {
        VersionStatus::Draft => "info",
        VersionStatus::Published => "good",
        VersionStatus::Superseded => "plain",
    }
}

impl VersionView {
    fn of(version: PlanVersion) -> Self {
        let terms = version.terms;
        Self {
            id: version.id,
            number: version.version_no,
            kind: kind(version.status),
            status: version.status.label(),
            is_draft: version.status == VersionStatus::Draft,
            version: version.version.to_string(),
            may_reach: version.version_no > 1 && version.status == VersionStatus::Published,
            reach: version.reach.map(|reach| reach.words()),
            terms: format!(
                "Billed {} in advance{}, term {}, notice {}.",
                terms.interval.name(),
                sold::begins(&terms),
                words::count(terms.term_months.into(), "month", "months"),
                words::count(terms.notice_days.into(), "day", "days")
            ),
            prices: version
                .prices
                .into_iter()
                .map(|line| PriceView::of(line, terms))
                .collect(),
        }
    }
}
