//! Every stable code, the status it is answered with, and what it means.
//!
//! `docs/errors.md` and the API document are made from this list; `cargo xtask
//! tidy` compares it with the codes the source uses.

/// A stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Dotted: the noun, then what is the matter with it.
    pub code: &'static str,
    /// The status it is answered with; 0 if it only occurs inside an answer,
    /// as a finding or in a plugin's record.
    pub status: u16,
    /// What happened, and what the caller can do.
    pub meaning: &'static str,
}

const fn code(status: u16, code: &'static str, meaning: &'static str) -> Code {
    Code { code, status, meaning }
}

/// The entry of a code.
pub fn find(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|it| it.code == code)
}

/// All codes, by name.
pub static CODES: &[Code] = &[
    code(403, "auth.account.closed", "this account was closed"),
    code(403, "auth.account.deactivated", "an administrator has shut this account"),
    code(403, "auth.admin-only", "only an administrator may do this"),
    code(403, "auth.builtin.disabled", "sign-in with a password is turned off"),
    code(429, "auth.busy", "too many sign-ins at once; wait as `Retry-After` says"),
    code(403, "auth.domain.refused", "addresses of this e-mail domain may not register"),
    code(
        409,
        "auth.email.other-provider",
        "the account of this e-mail address belongs to another provider",
    ),
    code(409, "auth.email.taken", "an account with this e-mail address exists"),
    code(403, "auth.email.unverified", "the provider does not vouch for the e-mail address"),
    code(403, "auth.invite.wrong", "the invite code is missing or not valid"),
    code(409, "auth.last-admin", "the last active administrator must stay; make another one first"),
    code(401, "auth.login.wrong", "e-mail address or password is wrong"),
    code(401, "auth.oauth.code", "the code is not valid any more; sign in again"),
    code(400, "auth.oauth.state", "the sign-in took too long or began elsewhere; begin again"),
    code(409, "auth.password.changed", "another request changed the password meanwhile"),
    code(400, "auth.password.none", "this account signs in through a provider and has no password"),
    code(400, "auth.provider.no-email", "the provider names no e-mail address"),
    code(400, "auth.provider.no-subject", "the provider does not say who signed in"),
    code(502, "auth.provider.refused", "the provider refused; its own words are in the message"),
    code(502, "auth.provider.unreachable", "the provider does not answer"),
    code(502, "auth.provider.untrusted", "what the provider sent does not verify"),
    code(401, "auth.refresh.reused", "the refresh token was used before, so its session was ended"),
    code(401, "auth.refresh.separate", "this session is refreshed by its refresh token only"),
    code(401, "auth.session.over", "the session has ended; sign in again"),
    code(403, "auth.signup.disabled", "registration is turned off"),
    code(429, "auth.throttled", "too many wrong passwords or codes; wait as `Retry-After` says"),
    code(401, "auth.token.expired", "the token has expired; refresh it or sign in again"),
    code(401, "auth.token.invalid", "the token is not one of this host"),
    code(401, "auth.token.missing", "the request has no bearer token"),
    code(502, "cluster.address-refused", "the address is one where no cluster can be"),
    code(400, "cluster.auth.unsupported", "clusters of this `authType` cannot be entered"),
    code(502, "cluster.busy", "the cluster asks for patience; try again later"),
    code(502, "cluster.certificate", "the cluster's certificate cannot be trusted"),
    code(502, "cluster.failed", "the cluster failed at it; its own words are in the message"),
    code(502, "cluster.forbidden", "the cluster's credentials do not allow it"),
    code(502, "cluster.kind-not-served", "the cluster does not know this kind of object"),
    code(409, "cluster.name.taken", "a cluster of this name exists"),
    code(502, "cluster.namespace-terminating", "the namespace is being removed; wait, then repeat"),
    code(502, "cluster.not-found", "the cluster has no such object"),
    code(502, "cluster.not-kubernetes", "what answers there is not a Kubernetes API"),
    code(
        502,
        "cluster.refused",
        "the cluster refuses the object; its own words are in the message",
    ),
    code(502, "cluster.unauthorized", "the cluster does not accept the credentials"),
    code(502, "cluster.unreachable", "the cluster does not answer"),
    code(403, "cors.origin", "browsers of this origin may not call; see `cors_allowed_origins`"),
    code(
        400,
        "custom-resource.undescribed",
        "no form can be made of the custom resource; the message says why",
    ),
    code(503, "dependency.unavailable", "something the host needs is down; try again later"),
    code(409, "diagnostics.fix.conflict", "somebody else owns a field that the fix would change"),
    code(400, "diagnostics.fix.foreign", "the object is not there, or not of this workflow"),
    code(400, "diagnostics.fix.unsupported", "the fix does not apply here; the message says why"),
    code(400, "diagnostics.none", "no plugin has checks for this type of node"),
    code(0, "graph.cycle", "edges lead round in a circle, which keeps nothing from being run"),
    code(0, "graph.edge.dangling", "an edge begins or ends at no node"),
    code(0, "graph.edge.meaningless", "neither end of an edge can use the other"),
    code(0, "graph.name.duplicate", "two nodes make the same object"),
    code(400, "import.format.unknown", "no plugin knows how to import this format"),
    code(400, "import.source.unsupported", "this host does not import from there"),
    code(400, "import.unsupported", "the plugin that knows the format cannot import this"),
    code(500, "internal", "a fault of the host; its log has the cause by the request id"),
    code(0, "node.kind.not-served", "the cluster lacks the operator that the node needs"),
    code(0, "node.object.refused", "the cluster would refuse an object of the node"),
    code(400, "node.type.unknown", "no plugin provides this node type; a run skips the node"),
    code(0, "node.unsupported", "nobody provides this node type"),
    code(404, "not-found", "there is no such thing, or not for this caller"),
    code(0, "plugin.api.version", "the plugin is for another version of the interface"),
    code(0, "plugin.assets.invalid", "the plugin refuses its own assets and says what is wrong"),
    code(
        429,
        "plugin.budget.exhausted",
        "plugins worked enough for this user this hour; wait as `Retry-After` says",
    ),
    code(503, "plugin.busy", "too many calls of this plugin at once; try again later"),
    code(0, "plugin.compile.deadline", "the plugin's component takes too long to compile"),
    code(0, "plugin.compile.interrupted", "the plugin's compilation was cut off"),
    code(0, "plugin.component.invalid", "the plugin's component does not compile"),
    code(0, "plugin.component.is-module", "the file is a core module, not a component"),
    code(0, "plugin.component.malformed", "the file is not WebAssembly"),
    code(0, "plugin.component.parts", "the component has too many instances, memories or tables"),
    code(0, "plugin.component.too-complex", "the component is too dear to compile"),
    code(502, "plugin.deadline", "the plugin took longer than it may"),
    code(0, "plugin.export.missing", "the component lacks an export of its interface"),
    code(0, "plugin.folder.ambiguous", "a file is beside `plugin.toml` and in `assets/`"),
    code(0, "plugin.folder.escape", "the plugin's folder links to something outside of it"),
    code(0, "plugin.folder.too-large", "the plugin's folder is larger than allowed"),
    code(0, "plugin.folder.unreadable", "the plugin's folder cannot be read"),
    code(409, "plugin.folder.unsettled", "the plugin's folder is being written to all the time"),
    code(502, "plugin.forged", "the plugin's answer says what only host or cluster may say"),
    code(400, "plugin.generation.gone", "the generation is no longer kept"),
    code(409, "plugin.generation.not-waiting", "the generation does not wait for an operator"),
    code(502, "plugin.host-calls", "the plugin called the host more often than it may"),
    code(0, "plugin.id.taken", "another folder has a plugin of this id"),
    code(0, "plugin.import.not-granted", "the component imports what its manifest does not want"),
    code(0, "plugin.import.unknown", "the component imports what the host does not have"),
    code(0, "plugin.import.wasi", "the component imports WASI, which plugins do not get"),
    code(502, "plugin.instances", "the plugin consists of more core instances than it may"),
    code(502, "plugin.internal", "the plugin reports a fault of its own"),
    code(502, "plugin.invalid-output", "the plugin's answer is not what the contract asks for"),
    code(0, "plugin.link.mismatch", "the component's types differ from the interface's"),
    code(502, "plugin.list-too-long", "a list of the plugin's answer is longer than it may be"),
    code(502, "plugin.memory", "the plugin wanted more memory than it may have"),
    code(409, "plugin.name.taken", "another plugin has a name of this one"),
    code(502, "plugin.not-granted", "the plugin answers objects it has no grant for"),
    code(400, "plugin.not-serving", "no generation of the plugin serves"),
    code(502, "plugin.output-too-large", "the plugin answers more than it may"),
    code(0, "plugin.produces.not-wanted", "a node type names kinds its manifest does not want"),
    code(400, "plugin.rollback.none", "no earlier generation of the plugin is kept"),
    code(0, "plugin.self-test.failed", "the plugin fails its own golden files"),
    code(502, "plugin.stack", "the plugin ran out of stack"),
    code(0, "plugin.toml.invalid", "`plugin.toml` is not as it should be"),
    code(502, "plugin.trap", "the plugin crashed"),
    code(0, "plugin.uses.kind", "the plugin uses another one that is of another kind"),
    code(0, "plugin.uses.missing", "the plugin uses another one that is not there"),
    code(429, "rate.exceeded", "too many requests; wait as `Retry-After` says"),
    code(431, "request.headers-too-large", "the headers are too many or too long"),
    code(400, "request.invalid", "`field` is not as it should be"),
    code(408, "request.timeout", "the request's body came too slowly"),
    code(400, "request.too-deep", "the JSON is nested too deeply"),
    code(413, "request.too-large", "the body or the drawing is larger than a limit"),
    code(502, "run.apply-failed", "some objects were not applied; `logs` says which"),
    code(
        500,
        "secret.unreadable",
        "no configured key opens a stored secret; see `encryption_keys_old`",
    ),
    code(409, "store.conflict", "it was changed by someone else; read it again and repeat"),
    code(429, "streams.too-many", "the caller has too many event streams open; close some"),
    code(409, "workflow.changed", "somebody else saved first; the answer has both revisions"),
    code(422, "workflow.findings", "the drawing has problems; they are in `findings`"),
    code(400, "workflow.not-published", "only a published workflow can be run"),
    code(409, "workflow.run.active", "the workflow is being run; wait until that run is over"),
];

/// `docs/errors.md`.
pub fn to_markdown() -> String {
    let mut text = String::from(ABOUT);
    for Code { code, status, meaning } in CODES {
        let status = if *status == 0 { "–".to_owned() } else { status.to_string() };
        text.push_str(&format!("| `{code}` | {status} | {meaning} |\n"));
    }
    text
}

const ABOUT: &str = "\
# Errors

Every answer that is not what was asked for has the same shape:
`{\"error\", \"message\", \"code\", \"field\"?, \"details\"?, \"findings\"?,
\"requestId\"}`. `error` and `message` are the same sentence for people; `code` is
stable and for programs; `field` names what to mend; `requestId` is in the
host's log. Only a missing, wrong or expired token (and a wrong password at
sign-in) answers 401.

A code without a status is a finding's, or stands in a plugin's record.
A run answers `cluster.*` and `plugin.*` with the status below; the test of a
cluster answers them with 503.

Made from `host/api/src/problem/codes.rs`; `UPDATE_GOLDEN=1 cargo test -p
bowsprit-tests --test it documents` writes it anew.

| code | status | meaning |
|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_sorted_and_unique() {
        assert!(CODES.windows(2).all(|it| it[0].code < it[1].code));
    }

    #[test]
    fn have_a_status_a_client_can_act_on() {
        for it in CODES {
            let plain = matches!(it.status, 0 | 400..=499 | 500 | 502 | 503);
            assert!(plain && !it.meaning.is_empty(), "{it:?}");
        }
    }
}
