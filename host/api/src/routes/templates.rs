//! The palette (R42).

use axum::{
    Json,
    extract::State,
    http::{Method, StatusCode},
};
use bowsprit_host_core::palette::PaletteEntry;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    ApiState,
    extract::Auth,
    openapi::Operation,
    table::{Access, Table},
};

pub(super) fn add(table: Table) -> Table {
    table
        .api(Method::GET, "/templates", Access::User, list_templates)
        .described(Operation::new("Lists the palette").answers::<Templates>(StatusCode::OK))
}

#[derive(Serialize, JsonSchema)]
struct Templates {
    templates: Vec<PaletteEntry>,
}

async fn list_templates(State(state): State<ApiState>, Auth(_): Auth) -> Json<Templates> {
    Json(Templates { templates: state.palette.entries() })
}
