//! What pods may do, unless the drawing says otherwise.
//!
//! The *restricted* Pod Security Standard asks for four things of a container.
//! Two of them break hardly any image and are set: the runtime's default
//! seccomp profile, and no gaining of privileges. The other two, another user
//! than root and no capabilities, break images that start as root; they are
//! set together as soon as the drawing names another user, and missed with a
//! finding where it does not.

use bowsprit_plugin_sdk::{Fields, Json, Object, Report, shape};

use crate::forms::security::{CONTAINER, POD};

/// Reads `podSecurityContext` and fills in what it leaves open.
pub(crate) fn pod<'a>(fields: &Fields<'a, '_>, report: &mut Report) -> Object<'a> {
    let given = shape::object(fields, "podSecurityContext", &POD, report).unwrap_or_default();
    let system = fields.object().text_at(&["nodeSelector", "kubernetes.io/os"]);
    if system == "windows" {
        return given;
    }
    let profile = || Object::new().with("type", "RuntimeDefault").into();
    with_default(given, "seccompProfile", profile)
}

/// Reads `securityContext` and fills in what it leaves open. `pod` is the
/// pod's, which containers inherit.
pub(crate) fn container<'a>(
    fields: &Fields<'a, '_>,
    pod: &Object<'a>,
    report: &mut Report,
) -> Object<'a> {
    let given = shape::object(fields, "securityContext", &CONTAINER, report).unwrap_or_default();
    let is_ordinary = is_other_user(&given, pod);
    let context = filled(given, is_ordinary);
    note_unrestricted(fields, &context, is_ordinary, report);
    context
}

/// Fills in what a container beside the main one leaves open.
pub(crate) fn beside<'a>(container: Object<'a>, pod: &Object<'a>) -> Object<'a> {
    let mut container = container;
    let given = match container.remove("securityContext") {
        Some(Json::Object(given)) => given,
        _ => Object::new(),
    };
    let is_ordinary = is_other_user(&given, pod);
    container.with("securityContext", filled(given, is_ordinary))
}

fn filled(context: Object<'_>, is_ordinary: bool) -> Object<'_> {
    if is_privileged(&context) {
        return context;
    }
    let adds = !context.list_at(&["capabilities", "add"]).is_empty();
    // A container that is given `SYS_ADMIN` can gain everything anyway, and
    // the API server refuses to be told otherwise.
    let can_gain = adds && context.list_at(&["capabilities", "add"]).iter().any(is_sys_admin);
    let context = if can_gain {
        context
    } else {
        with_default(context, "allowPrivilegeEscalation", || false.into())
    };
    if !is_ordinary {
        return context;
    }
    let mut context = with_default(context, "runAsNonRoot", || true.into());
    let none = || Json::from(vec![Json::from("ALL")]);
    let capabilities = match context.remove("capabilities") {
        Some(Json::Object(given)) => with_default(given, "drop", none),
        _ => Object::new().with("drop", none()),
    };
    context.with("capabilities", capabilities)
}

fn is_sys_admin(capability: &Json<'_>) -> bool {
    matches!(capability.as_str(), Some("SYS_ADMIN" | "ALL"))
}

fn is_privileged(context: &Object<'_>) -> bool {
    context.get("privileged").and_then(Json::as_bool).unwrap_or_default()
}

/// Whether the drawing says that the container runs as another user than root.
fn is_other_user(container: &Object<'_>, pod: &Object<'_>) -> bool {
    let user = container.int_at(&["runAsUser"]).or_else(|| pod.int_at(&["runAsUser"]));
    let flag = |it: &Object<'_>| it.get("runAsNonRoot").and_then(Json::as_bool);
    let must = flag(container).or_else(|| flag(pod));
    user.map_or(must == Some(true), |it| it != 0)
}

fn note_unrestricted(
    fields: &Fields<'_, '_>,
    context: &Object<'_>,
    is_ordinary: bool,
    report: &mut Report,
) {
    let flag = |name| fields.flag(name).ok().flatten().unwrap_or_default();
    let host = ["hostNetwork", "hostPID", "hostIPC"].into_iter().find(|it| flag(it));
    let (why, hint) = if is_privileged(context) {
        ("the container is privileged", "Give it the capabilities it needs instead, if you can.")
    } else if host.is_some() {
        ("the pods share something with their machine", "Turn that off, if it is not needed.")
    } else if !is_ordinary {
        let hint = "Set `runAsNonRoot` to `true`, or `runAsUser`, if the image can run like that.";
        ("nothing says that they run as another user than root", hint)
    } else {
        return;
    };
    if report.has_errors() {
        // First what keeps it from running anywhere.
        return;
    }
    let message =
        format!("A namespace with the `restricted` security standard refuses the pods: {why}.");
    report.info("security.unrestricted", message).at("/podSecurityContext").suggest(hint);
}

fn with_default<'a>(
    mut object: Object<'a>,
    name: &'static str,
    value: impl FnOnce() -> Json<'a>,
) -> Object<'a> {
    if object.get(name).is_none() {
        object.set(name, value());
    }
    object
}
