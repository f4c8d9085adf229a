//! One table of routes: method, path, who may call, and what it takes and
//! answers, registered together, so that the document is complete and a test
//! can walk all of them.

use axum::{
    Router,
    handler::Handler,
    http::Method,
    routing::{MethodFilter, on},
};

use crate::{ApiState, openapi::Operation};

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
    /// Whether it is counted and costs a part of the caller's rate.
    pub metered: bool,
    pub(crate) operation: Option<Operation>,
}

impl Route {
    /// Whether the API document has it.
    pub fn is_described(&self) -> bool {
        self.operation.is_some()
    }
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
    pub(crate) fn at<H, T>(self, method: Method, path: &str, access: Access, handler: H) -> Self
    where
        H: Handler<T, ApiState>,
        T: 'static,
    {
        self.add(
            Route { method, path: path.to_owned(), access, metered: true, operation: None },
            handler,
        )
    }

    /// Adds a public route at an absolute path that is neither counted nor
    /// costs anything: for probes, scrapers and documents.
    pub(crate) fn free<H, T>(self, method: Method, path: &str, handler: H) -> Self
    where
        H: Handler<T, ApiState>,
        T: 'static,
    {
        let (path, access) = (path.to_owned(), Access::Public);
        self.add(Route { method, path, access, metered: false, operation: None }, handler)
    }

    fn add<H, T>(mut self, route: Route, handler: H) -> Self
    where
        H: Handler<T, ApiState>,
        T: 'static,
    {
        self.router = self.router.route(&route.path, on(filter(&route.method), handler));
        self.routes.push(route);
        self
    }

    /// Says what the route added last takes and answers.
    pub(crate) fn described(mut self, operation: Operation) -> Self {
        if let Some(route) = self.routes.last_mut() {
            route.operation = Some(operation);
        }
        self
    }

    pub(crate) fn into_routes(self) -> Vec<Route> {
        self.routes
    }

    /// The routes, and an answer to everything unknown.
    pub(crate) fn into_router(self) -> Router<ApiState> {
        use crate::problem::no_such_route;
        self.router.method_not_allowed_fallback(no_such_route).fallback(no_such_route)
    }
}

fn filter(method: &Method) -> MethodFilter {
    MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET)
}
