//! Kubeconfigs that users hand in: parsed in memory, and nothing in them may
//! make the host run a program or read a file.

use bowsprit_host_core::error::{Error, Result};
use http::Uri;
use kube::config::{AuthInfo, Cluster, Context, Kubeconfig, KubeconfigError};

use crate::address;

/// The field all problems are reported under.
pub(crate) const FIELD: &str = "credentials.kubeconfig";

/// Longer texts are not parsed; bytes. Ten times what a file with hundreds of
/// clusters has.
const LIMIT: usize = 1024 * 1024;

/// One context of a kubeconfig, free of references to files and programs.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The server.
    pub(crate) server: Uri,
    /// Certificate authority, base64 of PEM.
    pub(crate) ca: Option<String>,
    /// Verify the server's certificate against this name.
    pub(crate) tls_server_name: Option<String>,
    /// The user: a token, a certificate, or a password.
    pub(crate) user: AuthInfo,
}

/// Takes `context`, or the current one, out of a kubeconfig.
pub(crate) fn entry(yaml: &str, context: Option<&str>) -> Result<Entry> {
    if yaml.len() > LIMIT {
        return Err(Error::TooLarge { what: "the kubeconfig", limit: "1 MiB".into() });
    }
    let config = Kubeconfig::from_yaml(yaml).map_err(|error| unreadable(&error))?;
    let context = chosen(&config, context)?;
    let cluster = cluster(&config, &context.cluster)?;
    let user = user(&config, context.user.as_deref())?;
    refuse_programs(&user)?;
    refuse_files(&cluster, &user)?;
    refuse_redacted(&cluster, &user)?;
    if cluster.proxy_url.is_some_and(|it| !it.is_empty()) {
        return Err(invalid("has a `proxy-url`, which is not supported: remove it"));
    }
    let Some(server) = cluster.server else {
        return Err(invalid(format!("has no `server` in its cluster `{}`", context.cluster)));
    };
    Ok(Entry {
        server: address::server(FIELD, &server).map_err(in_server)?,
        ca: cluster.certificate_authority_data.filter(|it| !it.is_empty()),
        tls_server_name: cluster.tls_server_name.filter(|it| !it.is_empty()),
        user,
    })
}

/// A problem with the kubeconfig as a whole.
pub(crate) fn invalid(problem: impl Into<String>) -> Error {
    Error::invalid(FIELD, problem)
}

/// The parser's own message quotes the text, which holds keys: only the place
/// is passed on.
fn unreadable(error: &KubeconfigError) -> Error {
    let place = match error {
        KubeconfigError::Parse(error) => error
            .location()
            .map(|it| format!(" (line {}, column {})", it.line(), it.column()))
            .unwrap_or_default(),
        _ => String::new(),
    };
    invalid(format!(
        "is not a kubeconfig{place}: it must be YAML with `clusters`, `contexts` and `users`, such as `kubectl config view --raw --minify --flatten` prints"
    ))
}

fn chosen(config: &Kubeconfig, wanted: Option<&str>) -> Result<Context> {
    if config.clusters.is_empty() {
        return Err(invalid("is not a kubeconfig: it has no `clusters`"));
    }
    if config.contexts.is_empty() {
        return Err(invalid("is not a kubeconfig: it has no `contexts`"));
    }
    let current = config.current_context.as_deref().filter(|it| !it.is_empty());
    let wanted = wanted.filter(|it| !it.is_empty()).or(current);
    let Some(wanted) = wanted else {
        return Err(invalid("has no `current-context`: set it, or name the context to use"));
    };
    config
        .contexts
        .iter()
        .find(|it| it.name == wanted)
        .and_then(|it| it.context.clone())
        .ok_or_else(|| invalid(format!("has no context `{wanted}`")))
}

fn cluster(config: &Kubeconfig, name: &str) -> Result<Cluster> {
    config
        .clusters
        .iter()
        .find(|it| it.name == name)
        .and_then(|it| it.cluster.clone())
        .ok_or_else(|| invalid(format!("has no cluster `{name}`, which its context names")))
}

fn user(config: &Kubeconfig, name: Option<&str>) -> Result<AuthInfo> {
    let Some(name) = name.filter(|it| !it.is_empty()) else {
        return Err(invalid("has no `user` in its context"));
    };
    config
        .auth_infos
        .iter()
        .find(|it| it.name == name)
        .and_then(|it| it.auth_info.clone())
        .ok_or_else(|| invalid(format!("has no user `{name}`, which its context names")))
}

fn refuse_programs(user: &AuthInfo) -> Result<()> {
    if user.exec.is_some() {
        return Err(invalid(
            "uses `exec`, and programs are not run on this host: create a service account in the cluster and use its token",
        ));
    }
    if user.auth_provider.is_some() {
        return Err(invalid(
            "uses an `auth-provider`, which is not supported: create a service account in the cluster and use its token",
        ));
    }
    Ok(())
}

fn refuse_files(cluster: &Cluster, user: &AuthInfo) -> Result<()> {
    let references = [
        ("tokenFile", &user.token_file, "put the token itself into `token`"),
        (
            "certificate-authority",
            &cluster.certificate_authority,
            "use `certificate-authority-data`, as `kubectl config view --raw --flatten` prints it",
        ),
        (
            "client-certificate",
            &user.client_certificate,
            "use `client-certificate-data`, as `kubectl config view --raw --flatten` prints it",
        ),
        (
            "client-key",
            &user.client_key,
            "use `client-key-data`, as `kubectl config view --raw --flatten` prints it",
        ),
    ];
    for (name, reference, instead) in references {
        if reference.as_ref().is_some_and(|it| !it.is_empty()) {
            return Err(invalid(format!(
                "names a file in `{name}`, which this host does not read: {instead}"
            )));
        }
    }
    Ok(())
}

/// `kubectl config view` without `--raw` prints these words instead of data.
fn refuse_redacted(cluster: &Cluster, user: &AuthInfo) -> Result<()> {
    use secrecy::ExposeSecret;

    let secrets = [&user.token, &user.client_key_data, &user.password];
    let redacted = [&cluster.certificate_authority_data, &user.client_certificate_data]
        .into_iter()
        .filter_map(|it| it.as_deref())
        .chain(secrets.into_iter().flatten().map(|it| it.expose_secret()))
        .any(|it| matches!(it, "REDACTED" | "DATA+OMITTED"));
    if redacted {
        return Err(invalid(
            "has its secrets left out: export it with `kubectl config view --raw --minify --flatten`",
        ));
    }
    Ok(())
}

fn in_server(error: Error) -> Error {
    match error {
        Error::Invalid { problem, .. } => {
            invalid(format!("has a `server` that cannot be used: it {problem}"))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
