//! What administrators may do with plugins.

use std::sync::Arc;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    ActivationEntry, ComparisonReport, FailedCall, FailedCallSummary, GenerationReport, LogLevel,
    LogLine, PluginReport, Plugins, SwapPolicy, Trial, Validation,
};
use crate::{
    Result,
    access::Caller,
    audit::{Actor, Audit, AuditFilter, Entry},
    events::{EventId, Events, Subscription, Topic},
    id::Id,
    time::Timestamp,
};

/// Looks after plugins on behalf of administrators. Each change is in the
/// activation log, which is part of the audit log.
#[derive(Clone)]
pub struct PluginAdmin {
    plugins: Arc<dyn Plugins>,
    audit: Audit,
    events: Arc<dyn Events>,
}

/// An entry of the activation log with what the audit log adds.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activation {
    /// Its number in the audit log.
    pub number: i64,
    /// Its hash, by which the next entry of the audit log is chained to it.
    pub hash: String,
    /// When.
    pub at: Timestamp,
    /// The plugin.
    pub plugin: String,
    /// The user who did it; absent if the host did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Id>,
    /// What happened.
    #[serde(flatten)]
    pub entry: ActivationEntry,
}

/// A page of the activation log, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ActivationPage {
    /// The entries.
    pub entries: Vec<Activation>,
    /// What to ask `before` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// All functions answer [`crate::Error::Forbidden`] to callers who are no
/// administrators, and else what [`Plugins`] does.
impl PluginAdmin {
    /// Looks after `plugins`, whose memory writes to `audit` and who publish
    /// to `events`.
    pub fn new(plugins: Arc<dyn Plugins>, audit: Audit, events: Arc<dyn Events>) -> Self {
        Self { plugins, audit, events }
    }

    /// What becomes of generations from now on, or from the event after
    /// `after`.
    pub fn subscribe(&self, caller: &Caller, after: Option<EventId>) -> Result<Subscription> {
        caller.require_admin()?;
        Ok(self.events.subscribe(&Topic::Plugins, after))
    }

    /// All plugins.
    pub fn list(&self, caller: &Caller) -> Result<Vec<PluginReport>> {
        caller.require_admin()?;
        Ok(self.plugins.list())
    }

    /// One plugin.
    pub fn report(&self, caller: &Caller, id: &str) -> Result<PluginReport> {
        caller.require_admin()?;
        self.plugins.report(id)
    }

    /// A plugin's generations, newest first.
    pub fn generations(&self, caller: &Caller, id: &str) -> Result<Vec<GenerationReport>> {
        caller.require_admin()?;
        self.plugins.generations(id)
    }

    /// How a generation compares with what served before it.
    pub fn comparison(&self, caller: &Caller, id: &str, digest: &str) -> Result<ComparisonReport> {
        caller.require_admin()?;
        self.plugins.comparison(id, digest)
    }

    /// Lets a waiting generation serve.
    pub async fn consent(&self, caller: &Caller, id: &str, digest: &str) -> Result<PluginReport> {
        caller.require_admin()?;
        self.plugins.consent(id, digest, Actor::from(caller)).await
    }

    /// Goes back to an earlier generation.
    pub async fn rollback(
        &self,
        caller: &Caller,
        id: &str,
        to: Option<&str>,
    ) -> Result<PluginReport> {
        caller.require_admin()?;
        self.plugins.rollback(id, to, Actor::from(caller)).await
    }

    /// Switches a plugin on.
    pub async fn enable(&self, caller: &Caller, id: &str) -> Result<PluginReport> {
        caller.require_admin()?;
        self.plugins.enable(id, Actor::from(caller)).await
    }

    /// Switches a plugin off.
    pub async fn disable(&self, caller: &Caller, id: &str) -> Result<PluginReport> {
        caller.require_admin()?;
        self.plugins.disable(id, Actor::from(caller)).await
    }

    /// Says when a plugin's new generations take over.
    pub async fn set_policy(
        &self,
        caller: &Caller,
        id: &str,
        policy: SwapPolicy,
    ) -> Result<PluginReport> {
        caller.require_admin()?;
        self.plugins.set_policy(id, policy, Actor::from(caller)).await
    }

    /// Loads what lies in a plugin's folder.
    pub async fn reload(&self, caller: &Caller, id: &str) -> Result<PluginReport> {
        caller.require_admin()?;
        self.plugins.reload(id, Actor::from(caller)).await
    }

    /// Tells what would become of a packed folder.
    pub async fn validate(&self, caller: &Caller, packed: Bytes) -> Result<Validation> {
        caller.require_admin()?;
        self.plugins.validate(packed).await
    }

    /// Calls one function of the serving generation.
    pub async fn try_call(
        &self,
        caller: &Caller,
        id: &str,
        function: &str,
        input: &str,
    ) -> Result<Trial> {
        caller.require_admin()?;
        self.plugins.try_call(id, function, input).await
    }

    /// The last lines of a plugin's log.
    pub fn log(
        &self,
        caller: &Caller,
        id: &str,
        least: LogLevel,
        limit: usize,
    ) -> Result<Vec<LogLine>> {
        caller.require_admin()?;
        self.plugins.log(id, least, limit)
    }

    /// What a plugin writes from now on, or after the event `after`.
    pub fn follow_log(
        &self,
        caller: &Caller,
        id: &str,
        after: Option<EventId>,
    ) -> Result<Subscription> {
        caller.require_admin()?;
        self.plugins.report(id)?;
        Ok(self.events.subscribe(&Topic::PluginLog(id.to_owned()), after))
    }

    /// The last calls that broke, of one plugin or of all, newest first.
    pub fn failed_calls(
        &self,
        caller: &Caller,
        plugin: Option<&str>,
    ) -> Result<Vec<FailedCallSummary>> {
        caller.require_admin()?;
        Ok(self.plugins.failed_calls(plugin))
    }

    /// A call that broke.
    pub fn failed_call(&self, caller: &Caller, id: Id) -> Result<FailedCall> {
        caller.require_admin()?;
        self.plugins.failed_call(id)
    }

    /// The activation log of one plugin or of all, newest first; `before` a
    /// number of the audit log. A page may have fewer entries than `limit`
    /// and still not be the last.
    pub async fn activations(
        &self,
        caller: &Caller,
        id: Option<&str>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<ActivationPage> {
        let filter = AuditFilter { object: id.map(Into::into), before, ..AuditFilter::default() };
        let page = self.audit.page(caller, filter, limit).await?;
        let entries = page.entries.into_iter().filter_map(Activation::of).collect();
        Ok(ActivationPage { entries, next: page.next })
    }
}

impl Activation {
    /// None if the entry tells of something else.
    fn of(entry: Entry) -> Option<Self> {
        let Entry { number, content, hash, .. } = entry;
        if content.kind != "plugin" {
            return None;
        }
        let mut told: ActivationEntry = serde_json::from_str(&content.detail).ok()?;
        told.plugin.clone_from(&content.object);
        let (at, by, plugin) = (content.at, content.actor, content.object);
        Some(Self { number, hash, at, plugin, by, entry: told })
    }
}
