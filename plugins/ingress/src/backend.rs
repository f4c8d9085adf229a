//! The Services behind an Ingress.
//!
//! A path's Service is the one connected at the path's own handle; else the
//! connected one that the canvas noted, or that has the stored name; else a
//! connected one that no other path leads to. Without an edge the stored name
//! is all there is.

use bowsprit_plugin_sdk::fields::Invalid;
use bowsprit_plugin_sdk::{
    Context, Fields, Json, Neighbour, Node, Object, Report, edges, quoted, rules,
};

/// The connected Services, and which of them paths lead to.
pub(crate) struct Backends<'a> {
    context: &'a Context<'a>,
    namespace: String,
    services: Vec<&'a Neighbour<'a>>,
    used: Vec<&'a str>,
}

/// What a path leads to.
pub(crate) enum Backend<'a> {
    /// A Service's port.
    Found(Object<'a>),
    /// Neither a Service nor a port: a row nobody filled in.
    Blank,
    /// Something is wrong with it, and was told.
    Faulty,
}

impl<'a> Backends<'a> {
    /// Those connected to `node`.
    pub(crate) fn new(node: &'a Node<'_>, context: &'a Context<'_>) -> Self {
        let services: Vec<&'a Neighbour<'a>> = context
            .connected()
            .filter(|it| it.kind() == "Service" && !it.name().is_empty())
            .collect();
        let mut backends = Self {
            context,
            namespace: node.namespace(context).into_owned(),
            services,
            used: Vec::new(),
        };
        backends.claim_named(&node.fields());
        backends
    }

    /// Notes the Services that paths name in one way or another, so that none
    /// of them is given to a path that names none.
    fn claim_named(&mut self, fields: &Fields<'a, '_>) {
        let rules = fields.object().list_at(&["rules"]).iter().filter_map(|it| it.as_object());
        let lists = rules.map(|it| it.list_at(&["paths"]));
        let lists: Vec<&[Json<'a>]> = lists.chain([fields.object().list_at(&["paths"])]).collect();
        for path in lists.into_iter().flatten().filter_map(|it| it.as_object()) {
            if let Some(service) = self.named(path) {
                self.used.push(service.id);
            }
        }
    }

    /// The connected Service that a path names.
    fn named(&self, path: &Object<'_>) -> Option<&'a Neighbour<'a>> {
        let text = |name| Some(path.text_at(&[name]).trim()).filter(|it| !it.is_empty());
        let mut edges = self.context.neighbours.iter().filter(|it| it.kind() == "Service");
        let at_handle = text("id").and_then(|id| edges.find(|it| it.own_handle == Some(id)));
        let services = || self.services.iter().copied();
        let noted = || text("_linkedService").and_then(|id| services().find(|it| it.id == id));
        let called =
            || text("serviceName").and_then(|name| services().find(|it| it.name() == name));
        at_handle.or_else(noted).or_else(called)
    }

    /// What a path leads to. Faults go to `report`.
    pub(crate) fn of(&mut self, path: &Fields<'a, '_>, report: &mut Report) -> Backend<'a> {
        let name = report.required(path.text_by("serviceName", rules::dns_subdomain));
        let port = report.required(path.port_or_name("servicePort"));
        let (Some(name), Some(port)) = (name, port) else { return Backend::Faulty };
        let service = self.named(path.object()).or_else(|| {
            let free = self.free().filter(|_| name.is_none())?;
            self.used.push(free.id);
            Some(free)
        });
        if name.is_none() && port.is_none() && service.is_none() {
            return Backend::Blank;
        }
        let place = path.place().field("servicePort");
        let (name, port) = match service {
            Some(service) => {
                let pointer = path.pointer("serviceName");
                edges::check_namespace(service, &self.namespace, self.context, &pointer, report);
                let at = (place.code(), place.pointer());
                let port = edges::port(service, port, (&at.0, &at.1), report);
                (Some(Json::from(service.name())), port)
            }
            None => (name.map(Json::from), port),
        };
        let Some(name) = name else {
            let place = path.place().field("serviceName");
            report.required::<()>(Err(Invalid::missing(&place)));
            return Backend::Faulty;
        };
        let Some(port) = port else {
            report.required::<()>(Err(Invalid::missing(&place)));
            return Backend::Faulty;
        };
        let key = if port.as_str().is_some() { "name" } else { "number" };
        let service = Object::new().with("name", name).with("port", Object::new().with(key, port));
        Backend::Found(Object::new().with("service", service))
    }

    /// A connected Service no path leads to; the only one serves every path
    /// that names none.
    fn free(&self) -> Option<&'a Neighbour<'a>> {
        let mut services = self.services.iter().copied();
        let unused = services.find(|it| !self.used.contains(&it.id));
        let only = match self.services.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        unused.or(only)
    }

    /// `defaultBackend`: where requests go that no rule matches.
    pub(crate) fn default(
        &mut self,
        fields: &Fields<'a, '_>,
        report: &mut Report,
    ) -> Option<Object<'a>> {
        let backend = report.optional(fields.fields("defaultBackend"))?;
        match self.of(&backend, report) {
            Backend::Found(backend) => Some(backend),
            Backend::Blank | Backend::Faulty => None,
        }
    }

    /// Tells of connected Services that no path leads to.
    pub(crate) fn note_unused(&self, report: &mut Report) {
        for service in self.services.iter().filter(|it| !self.used.contains(&it.id)) {
            let message = format!("No path leads to the Service {}.", quoted(service.name()));
            report
                .warning("paths.service-unused", message)
                .at("/paths")
                .suggest("Add a path and connect it, or remove the edge.");
        }
    }
}
