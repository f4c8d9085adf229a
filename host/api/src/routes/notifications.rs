//! Notifications of the caller (R112–R116).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use bowsprit_host_core::notifications::NotificationPage;
use futures::FutureExt as _;
use serde_json::{Value, json};

use crate::{
    ApiState,
    extract::{Auth, Parameters, PathId},
    openapi::Operation,
    problem::Problem,
    sse,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table
        .api(Method::GET, "/user-notifications", Access::User, list_notifications)
        .described(
            Operation::new("Lists the caller's notifications, newest first")
                .reads("limit", "1 to 100; else 20")
                .reads("offset", "how many to skip; else 0")
                .answers::<NotificationPage>(StatusCode::OK),
        )
        .api(Method::GET, "/user-notifications/unread-count", Access::User, count_unread)
        .described(
            Operation::new("Counts unread notifications")
                .answers_shape(StatusCode::OK, json!({ "unreadCount": "integer" })),
        )
        .api(Method::GET, "/user-notifications/stream", Access::User, stream_notifications)
        .described(
            Operation::new("Streams notifications: `connected`, `new_notification`")
                .streams()
                .fails(&["streams.too-many"]),
        )
        .api(Method::PATCH, "/user-notifications/{id}/read", Access::User, mark_read)
        .described(Operation::new("Marks a notification as read").says_so())
        .api(Method::POST, "/user-notifications/mark-all-read", Access::User, mark_all_read)
        .described(
            Operation::new("Marks all notifications as read")
                .answers_shape(StatusCode::OK, json!({ "message": "text", "count": "integer" })),
        )
}

async fn list_notifications(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    parameters: Parameters,
) -> Result<Json<NotificationPage>, Problem> {
    let limit = parameters.number("limit", 1..=100, 20);
    let offset = parameters.number("offset", 0..=u64::from(u32::MAX), 0);
    Ok(Json(state.notifications.page(&caller, limit as u32, offset).await?))
}

async fn count_unread(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({ "unreadCount": state.notifications.unread(&caller).await? })))
}

async fn stream_notifications(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let slot = state.stream_slot(&caller)?;
    let subscription = state.notifications.subscribe(&caller, sse::last_event_id(&headers));
    let unread = state.notifications.unread(&caller).await?;
    let connected =
        |unread: u64| sse::frame("connected", &json!({ "unreadCount": unread }).to_string());
    let notifications = state.notifications.clone();
    let snapshot: sse::Snapshot = Box::new(move || {
        let (notifications, caller) = (notifications.clone(), caller.clone());
        async move { notifications.unread(&caller).await.ok().map(connected) }.boxed()
    });
    Ok(sse::stream(Some(connected(unread)), subscription, Some(snapshot), slot))
}

async fn mark_read(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    PathId(id): PathId,
) -> Result<Json<Value>, Problem> {
    state.notifications.mark_read(&caller, id).await?;
    Ok(Json(json!({ "message": "Notification marked as read" })))
}

async fn mark_all_read(
    State(state): State<ApiState>,
    Auth(caller): Auth,
) -> Result<Json<Value>, Problem> {
    let count = state.notifications.mark_all_read(&caller).await?;
    Ok(Json(json!({ "message": "All notifications marked as read", "count": count })))
}
