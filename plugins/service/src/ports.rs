//! A Service's ports.

use bowsprit_plugin_sdk::{Fields, Invalid, Json, Node, Object, Report, quoted, rules};

/// Protocols of ports.
const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// The main port, called `http`, and those of the list `ports`; without a main
/// port the list alone. `target` is where the main port leads.
pub(crate) fn read<'a>(
    fields: &Fields<'a, '_>,
    target: Option<Json<'a>>,
    kind: &str,
    report: &mut Report,
) -> Vec<Object<'a>> {
    let mut ports: Vec<Object<'a>> = Vec::new();
    if let Some(port) = main(fields, target, report) {
        ports.push(port);
    }
    let has_main = !ports.is_empty();
    fields.each("ports", report, |item, report| {
        let Some(port) = report.required(listed(&item)) else { return };
        // The list may repeat the main port to say more about it.
        let same = |it: &Object<'_>| {
            it.get("port") == port.get("port") && it.get("protocol") == port.get("protocol")
        };
        match ports.iter_mut().enumerate().find(|(_, it)| same(it)) {
            Some((0, main)) if has_main => refine(main, &port),
            Some(_) => {
                let number = port.get("port").map(Json::to_text).unwrap_or_default();
                report
                    .error("ports.port.taken", format!("Port {number} is there twice."))
                    .at(item.pointer("port"));
            }
            None => ports.push(port),
        }
    });
    note_none(fields, &ports, report);
    name_all(&mut ports, report);
    if kind == "ClusterIP" {
        ports.iter_mut().for_each(|it| drop(it.remove("nodePort")));
    }
    ports
}

fn main<'a>(
    fields: &Fields<'a, '_>,
    target: Option<Json<'a>>,
    report: &mut Report,
) -> Option<Object<'a>> {
    let port = report.optional(fields.port("port"))?;
    let protocol = report.optional(fields.choice("protocol", &PROTOCOLS)).unwrap_or("TCP");
    let node_port = report.optional(fields.port("nodePort"));
    let name = report.optional(fields.text_by("portName", rules::port_name));
    let port = Object::new()
        .with("name", name.unwrap_or("http".into()))
        .with_some("nodePort", node_port)
        .with("port", port)
        .with("protocol", protocol)
        .with("targetPort", target.unwrap_or(Json::from(port)));
    Some(port)
}

fn listed<'a>(item: &Fields<'a, '_>) -> Result<Object<'a>, Invalid> {
    let Some(port) = item.port("port")? else {
        return Err(Invalid::missing(&item.place().field("port")));
    };
    let target = item.port_or_name("targetPort")?;
    Ok(Object::new()
        .with_some("appProtocol", item.text("appProtocol")?)
        .with_some("name", item.text_by("name", rules::port_name)?)
        .with_some("nodePort", item.port("nodePort")?)
        .with("port", port)
        .with("protocol", item.choice("protocol", &PROTOCOLS)?.unwrap_or("TCP"))
        .with("targetPort", target.unwrap_or(Json::from(port))))
}

/// Lays what a listed port says over the main one. Where it leads stays,
/// unless the list says otherwise on purpose.
fn refine<'a>(main: &mut Object<'a>, listed: &Object<'a>) {
    for (key, value) in listed.iter() {
        if key == "targetPort" && Some(value) == listed.get("port") {
            continue;
        }
        main.set(key.to_owned(), value.clone());
    }
}

fn note_none(fields: &Fields<'_, '_>, ports: &[Object<'_>], report: &mut Report) {
    let is_headless = fields.flag("headless").ok().flatten().unwrap_or_default();
    let is_blank = matches!(fields.text("port"), Ok(None));
    let is_listed = fields.list("ports").map_or(true, |mut it| it.next().is_some());
    if ports.is_empty() && is_blank && !is_listed && !is_headless {
        report.error("port.missing", "`port` is missing.").at("/port").suggest("Fill in `port`.");
    }
}

/// Several ports need names that differ.
fn name_all(ports: &mut [Object<'_>], report: &mut Report) {
    let is_alone = ports.len() == 1;
    let mut names: Vec<String> = Vec::new();
    for port in ports {
        let number = port.int_at(&["port"]).unwrap_or_default();
        let name = match port.get("name").and_then(Json::as_str) {
            Some(name) => name.to_owned(),
            None if is_alone => "http".to_owned(),
            None => {
                let protocol = port.text_at(&["protocol"]).to_ascii_lowercase();
                format!("{protocol}-{number}")
            }
        };
        if names.contains(&name) {
            let message = format!("Two ports are called {}.", quoted(&name));
            report
                .error("ports.name.taken", message)
                .at("/ports")
                .suggest("Give each port a name of its own.");
        }
        port.set("name", name.clone());
        names.push(name);
    }
}

/// The ports as neighbours see them.
pub(crate) fn view<'a>(node: &'a Node<'_>) -> Vec<Object<'a>> {
    // What is wrong with them is the node's own business.
    let mut unheard = Report::new("service", node.id);
    let ports = read(&node.fields(), None, "NodePort", &mut unheard);
    let narrow = |mut port: Object<'a>| {
        port.retain(|key, _| matches!(key, "name" | "port" | "protocol"));
        port
    };
    ports.into_iter().map(narrow).collect()
}
