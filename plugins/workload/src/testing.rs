//! Tables for the tests of node types that run pods.

use bowsprit_plugin_sdk::testing::{Becomes, arrives, becomes};

/// What the canvas sends for every type that runs pods.
pub const SENT: &[&str] = &[
    "/name",
    "/namespace",
    "/image",
    "/env",
    "/resources/limits/cpu",
    "/resources/limits/memory",
    "/resources/requests/cpu",
    "/resources/requests/memory",
    "/volumeMounts",
];

/// What of it is not a field of the manifest.
pub const KEPT: (&str, &str) = ("/envKeys", "the run dialog asks for their values");

/// [`SENT`] and more.
pub fn sent(more: &[&'static str]) -> Vec<&'static str> {
    [SENT, &[KEPT.0], more].concat()
}

/// What becomes of [`SENT`] in a manifest whose pod template is at `template`
/// and whose container has so many mounts already; and what else.
pub fn rows(template: &str, mounts: usize, more: &[Becomes]) -> Vec<Becomes> {
    let mount = format!("/spec/containers/0/volumeMounts/{mounts}/mountPath");
    let mounted = r#"[{"type":"emptyDir","name":"e","mountPath":"/e"}]"#;
    let in_pod = POD
        .into_iter()
        .chain([Becomes { at: mount.into(), ..becomes("/volumeMounts", mounted, "", r#""/e""#) }]);
    let in_pod = in_pod.map(|it| Becomes { at: format!("{template}{}", it.at).into(), ..it });
    OBJECT.into_iter().chain(in_pod).chain(more.iter().cloned()).collect()
}

const OBJECT: [Becomes; 2] = [
    arrives("/name", r#""y""#, "/metadata/name"),
    arrives("/namespace", r#""n""#, "/metadata/namespace"),
];

const POD: [Becomes; 13] = [
    arrives("/image", r#""nginx:1.29""#, "/spec/containers/0/image"),
    arrives("/command/0", r#""run""#, "/spec/containers/0/command/0"),
    arrives("/args/0", r#""--now""#, "/spec/containers/0/args/0"),
    arrives("/env/A", r#""b""#, "/spec/containers/0/env/0/value"),
    arrives("/labels/team", r#""blue""#, "/metadata/labels/team"),
    arrives("/imagePullSecrets/0", r#""pull""#, "/spec/imagePullSecrets/0/name"),
    arrives("/resources/limits/cpu", r#""2""#, "/spec/containers/0/resources/limits/cpu"),
    arrives("/resources/limits/memory", r#""1Gi""#, "/spec/containers/0/resources/limits/memory"),
    arrives("/resources/requests/cpu", r#""5m""#, "/spec/containers/0/resources/requests/cpu"),
    arrives(
        "/resources/requests/memory",
        r#""9Mi""#,
        "/spec/containers/0/resources/requests/memory",
    ),
    becomes(
        "/volumeMounts",
        r#"[{"type":"configMap","name":"c","mountPath":"/c"}]"#,
        "/spec/volumes/0/configMap/name",
        r#""c""#,
    ),
    becomes(
        "/volumeMounts",
        r#"[{"type":"secret","name":"s","mountPath":"/s"}]"#,
        "/spec/volumes/0/secret/secretName",
        r#""s""#,
    ),
    becomes(
        "/volumeMounts",
        r#"[{"type":"persistentVolumeClaim","name":"p","mountPath":"/p"}]"#,
        "/spec/volumes/0/persistentVolumeClaim/claimName",
        r#""p""#,
    ),
];
