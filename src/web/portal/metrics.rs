//! Metrics on a partner’s side: of its own customers.
use actix_web::web::{Data, Query, ServiceConfig, get, resource};

use crate::{
    store::Store,
    web::{
        Answer,
        admission::Visitor,
        earnings::Desk,
        metrics::{Asked, churn, cohorts, commission, recurring},
    },
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/metrics").route(get().to(index)))
        .service(resource("/metrics.csv").route(get().to(index_csv)))
        .service(resource("/metrics/cohorts").route(get().to(by_cohort)))
        .service(resource("/metrics/cohorts.csv").route(get().to(by_cohort_csv)))
        .service(resource("/metrics/commission").route(get().to(cost)))
        .service(resource("/metrics/commission.csv").route(get().to(cost_csv)))
        .service(resource("/metrics/liability.csv").route(get().to(owed_csv)))
        .service(resource("/metrics/churn").route(get().to(simulator)))
        .service(resource("/metrics/churn.csv").route(get().to(simulator_csv)));
}

async fn index(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    recurring::index(&store, Desk::of_partner(visitor), asked.into_inner()).await
}
async fn index_csv(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    recurring::csv(&store, Desk::of_partner(visitor), asked.into_inner()).await
}
async fn by_cohort(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    cohorts::index(&store, Desk::of_partner(visitor), asked.into_inner()).await
}
async fn by_cohort_csv(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    cohorts::csv(&store, Desk::of_partner(visitor), asked.into_inner()).await
}
async fn cost(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    commission::index(&store, Desk::of_partner(visitor), asked.into_inner()).await
}
async fn cost_csv(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    commission::csv(&store, Desk::of_partner(visitor), asked.into_inner()).await
}
async fn owed_csv(visitor: Visitor, store: Data<Store>, asked: Query<Asked>) -> Answer {
    commission::owed_csv(&store, Desk::of_partner(visitor), asked.into_inner()).await
}
async fn simulator(visitor: Visitor, store: Data<Store>, asked: Query<churn::Asked>) -> Answer {
    churn::index(&store, Desk::of_partner(visitor), asked.into_inner()).await
}
async fn simulator_csv(visitor: Visitor, store: Data<Store>, asked: Query<churn::Asked>) -> Answer {
    churn::csv(&store, Desk::of_partner(visitor), asked.into_inner()).await
}
