//! Notifications of the caller (R112–R116).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Method},
    response::Response,
};
use bowsprit_host_core::notifications::NotificationPage;
use futures::FutureExt as _;
use serde_json::{Value, json};

use crate::{
    ApiState,
    extract::{Auth, Numbers, PathId},
    problem::Problem,
    sse,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table
        .api(Method::GET, "/user-notifications", Access::User, list_notifications)
        .api(Method::GET, "/user-notifications/unread-count", Access::User, count_unread)
        .api(Method::GET, "/user-notifications/stream", Access::User, stream_notifications)
        .api(Method::PATCH, "/user-notifications/{id}/read", Access::User, mark_read)
        .api(Method::POST, "/user-notifications/mark-all-read", Access::User, mark_all_read)
}

async fn list_notifications(
    State(state): State<ApiState>,
    Auth(caller): Auth,
    numbers: Numbers,
) -> Result<Json<NotificationPage>, Problem> {
    let limit = numbers.get("limit", 1..=100, 20);
    let offset = numbers.get("offset", 0..=u64::from(u32::MAX), 0);
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
    let subscription = state.notifications.subscribe(&caller, sse::last_event_id(&headers));
    let unread = state.notifications.unread(&caller).await?;
    let connected =
        |unread: u64| sse::frame("connected", &json!({ "unreadCount": unread }).to_string());
    let notifications = state.notifications.clone();
    let snapshot: sse::Snapshot = Box::new(move || {
        let (notifications, caller) = (notifications.clone(), caller.clone());
        async move { notifications.unread(&caller).await.ok().map(connected) }.boxed()
    });
    Ok(sse::stream([connected(unread)], subscription, Some(snapshot)))
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
