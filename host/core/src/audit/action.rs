//! What can be done, by stable names, and to what.

/// An action that is worth an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Somebody registered.
    Registered,
    /// Somebody signed in.
    SignedIn,
    /// Somebody was refused at sign-in.
    SignInRefused,
    /// A session was ended.
    SignedOut,
    /// A password was changed.
    PasswordChanged,
    /// A user's role was changed.
    RoleChanged,
    /// A user was shut out.
    Deactivated,
    /// A user was let in again.
    Reactivated,
    /// The invite code was shown.
    InviteRevealed,
    /// The invite code or its rules were changed.
    InviteChanged,
    /// A cluster was added, with its credentials.
    ClusterAdded,
    /// A cluster was removed.
    ClusterRemoved,
    /// A run was planned.
    RunPlanned,
    /// A run changed a cluster.
    RunApplied,
    /// Objects of a workflow were removed from a cluster.
    ObjectsRemoved,
    /// A fix changed objects of a workflow in a cluster.
    FixApplied,
    /// A plugin's generation went live.
    PluginActivated,
    /// A plugin's generation waits for an operator.
    PluginHeld,
    /// A plugin's generation failed a stage of its load.
    PluginRefused,
    /// A plugin's earlier generation came back.
    PluginRolledBack,
    /// A plugin was switched on.
    PluginEnabled,
    /// A plugin was switched off.
    PluginDisabled,
    /// It was changed when generations of a plugin take over.
    PluginPolicySet,
    /// A plugin was loaded again on demand.
    PluginReloaded,
    /// A plugin is gone from its folder.
    PluginRemoved,
    /// Secrets were sealed anew with another key.
    KeysRotated,
}

impl Action {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registered => "auth.registered",
            Self::SignedIn => "auth.signed-in",
            Self::SignInRefused => "auth.sign-in-refused",
            Self::SignedOut => "auth.signed-out",
            Self::PasswordChanged => "auth.password-changed",
            Self::RoleChanged => "user.role-changed",
            Self::Deactivated => "user.deactivated",
            Self::Reactivated => "user.reactivated",
            Self::InviteRevealed => "invite.revealed",
            Self::InviteChanged => "invite.changed",
            Self::ClusterAdded => "cluster.added",
            Self::ClusterRemoved => "cluster.removed",
            Self::RunPlanned => "run.planned",
            Self::RunApplied => "run.applied",
            Self::ObjectsRemoved => "workflow.objects-removed",
            Self::FixApplied => "workflow.fix-applied",
            Self::PluginActivated => "plugin.activated",
            Self::PluginHeld => "plugin.held",
            Self::PluginRefused => "plugin.refused",
            Self::PluginRolledBack => "plugin.rolled-back",
            Self::PluginEnabled => "plugin.enabled",
            Self::PluginDisabled => "plugin.disabled",
            Self::PluginPolicySet => "plugin.policy-set",
            Self::PluginReloaded => "plugin.reloaded",
            Self::PluginRemoved => "plugin.removed",
            Self::KeysRotated => "keys.rotated",
        }
    }
}

/// What something was done to.
#[derive(Debug, Clone)]
pub struct Object {
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) detail: String,
}

impl Object {
    /// The thing of this kind with this id or name.
    pub fn new(kind: &'static str, id: impl ToString) -> Self {
        Self { kind, id: id.to_string(), detail: String::new() }
    }

    /// With something to say about it; never a secret.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}
