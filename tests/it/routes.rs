//! To be filled.
use actix_web::{App, HttpResponse, introspection::IntrospectionTree, test, web};
#[tokio::test]
async fn show() {
    async fn report(tree: web::Data<IntrospectionTree>) -> HttpResponse {
        HttpResponse::Ok().body(tree.report_as_json())
    }
    let app = test::init_service(
        App::new().route("/report", web::get().to(report)).configure(perennial::web::routes),
    )
    .await;
    let body = test::call_and_read_body(&app, test::TestRequest::get().uri("/report").to_request()).await;
    eprintln!("{}", String::from_utf8_lossy(&body));
}
