//! Metrics on the vendor’s side.
use actix_web::web::{Data, Query, ServiceConfig, get, resource};

use crate::{
    store::Store,
    web::{
        Answer,
        admission::Staff,
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

async fn index(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    recurring::index(&store, Desk::of_staff(staff), asked.into_inner()).await
}
async fn index_csv(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    recurring::csv(&store, Desk::of_staff(staff), asked.into_inner()).await
}
async fn by_cohort(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    cohorts::index(&store, Desk::of_staff(staff), asked.into_inner()).await
}
async fn by_cohort_csv(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    cohorts::csv(&store, Desk::of_staff(staff), asked.into_inner()).await
}
async fn cost(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    commission::index(&store, Desk::of_staff(staff), asked.into_inner()).await
}
async fn cost_csv(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    commission::csv(&store, Desk::of_staff(staff), asked.into_inner()).await
}
async fn owed_csv(staff: Staff, store: Data<Store>, asked: Query<Asked>) -> Answer {
    commission::owed_csv(&store, Desk::of_staff(staff), asked.into_inner()).await
}
async fn simulator(staff: Staff, store: Data<Store>, asked: Query<churn::Asked>) -> Answer {
    churn::index(&store, Desk::of_staff(staff), asked.into_inner()).await
}
async fn simulator_csv(staff: Staff, store: Data<Store>, asked: Query<churn::Asked>) -> Answer {
    churn::csv(&store, Desk::of_staff(staff), asked.into_inner()).await
}
