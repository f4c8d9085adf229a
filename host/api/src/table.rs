//! One table of routes: method, path and who may call, registered together so
//! that a test can walk all of them.

use axum::{
    Router,
    handler::Handler,
    http::Method,
    routing::{MethodFilter, on},
};

use crate::ApiState;

/// Who may call a route. The extractor in its handler enforces it; a test
/// checks that the two agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// A valid token, or one that may still be refreshed.
    Refresh,
    /// Every signed-in user, for their own things.
    User,
    /// Administrators.
    Admin,
}

/// A registered route.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path from the server's root, parameters in braces.
    pub path: String,
    /// Who may call.
    pub access: Access,
}

/// Routes under construction.
pub(crate) struct Table {
    routes: Vec<Route>,
    router: Router<ApiState>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self { routes: Vec::new(), router: Router::new() }
    }

    /// Adds a route under `/v1/api`.
    pub(crate) fn api<H, T>(self, method: Method, path: &str, access: Access, handler: H) -> Self
    where
        H: Handler<T, ApiState>,
        T: 'static,
    {
        self.at(method, &format!("/v1/api{path}"), access, handler)
    }

    /// Adds a route at an absolute path.
    pub(crate) fn at<H, T>(mut self, method: Method, path: &str, access: Access, handler: H) -> Self
    where
        H: Handler<T, ApiState>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        self.router = self.router.route(path, on(filter, handler));
        self.routes.push(Route { method, path: path.to_owned(), access });
        self
    }

    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }

    pub(crate) fn into_router(self) -> Router<ApiState> {
        self.router.method_not_allowed_fallback(crate::problem::no_such_route)
    }
}
