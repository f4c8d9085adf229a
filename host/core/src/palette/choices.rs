//! Which plugins people have asked for, each for themselves.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    id::Id,
    recent::Recent,
    store::{
        Collection, Documents, Field, FieldKind, Filter, Query, Record, Repository, StoreError,
        Unique,
    },
    time::Timestamp,
};

/// Choices read for one user; there are never more than there were plugins.
const MOST: u32 = 10_000;

/// How long what a user has chosen is believed; longest time until a change on
/// another replica is seen here.
const TRUST: Duration = Duration::from_millis(500);
/// Users whose choices are remembered.
const REMEMBERED: usize = 10_000;

/// Where they are kept.
pub static USER_PLUGINS: Collection = Collection {
    name: "user_plugins",
    fields: &[
        Field { name: "user_id", kind: FieldKind::Id },
        Field { name: "plugin_id", kind: FieldKind::Text },
        Field { name: "enabled_at", kind: FieldKind::Time },
        Field { name: "updated_at", kind: FieldKind::Time },
    ],
    indexes: &[],
    unique: &[Unique { name: "user_plugin", fields: &["user_id", "plugin_id"] }],
    expiry: None,
};

/// What somebody wants of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wish {
    Enabled,
    #[serde(other)]
    Disabled,
}

/// One user's choice about one plugin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Choice {
    #[serde(skip)]
    id: Id,
    user_id: Id,
    plugin_id: String,
    status: Wish,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enabled_at: Option<Timestamp>,
    updated_at: Timestamp,
}

impl Record for Choice {
    const COLLECTION: &'static Collection = &USER_PLUGINS;

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.id = id.parse().unwrap_or_default();
    }
}

impl Choice {
    pub(super) fn is_enabled(&self) -> bool {
        self.status == Wish::Enabled
    }

    /// When it was enabled, if it is.
    pub(super) fn enabled_at(&self) -> Option<Timestamp> {
        self.enabled_at.filter(|_| self.is_enabled())
    }

    fn turn(&mut self, on: bool, now: Timestamp) {
        if on && !self.is_enabled() {
            self.enabled_at = Some(now);
        }
        self.status = if on { Wish::Enabled } else { Wish::Disabled };
        self.updated_at = now;
    }
}

/// A user's choices by plugin.
pub(super) type Mine = Arc<BTreeMap<String, Choice>>;

/// The choices of all users.
#[derive(Clone)]
pub(super) struct Choices {
    stored: Repository<Choice>,
    recent: Arc<Recent<Id, Mine>>,
}

impl Choices {
    pub(super) fn new(store: &Arc<dyn Documents>) -> Self {
        let recent = Arc::new(Recent::new(TRUST, REMEMBERED));
        Self { stored: Repository::new(Arc::clone(store)), recent }
    }

    /// What a user has chosen.
    pub(super) async fn of(&self, user: Id) -> Result<Mine> {
        if let Some(mine) = self.recent.get(&user) {
            return Ok(mine);
        }
        let before = self.recent.before();
        let mine = Query::new(Filter::Eq("user_id", user.into()), MOST);
        let found = self.stored.find(&mine).await?;
        let mine = found.into_iter().map(|it| (it.plugin_id.clone(), it.value)).collect();
        let mine = Arc::new(mine);
        self.recent.keep(user, Arc::clone(&mine), before);
        Ok(mine)
    }

    /// Turns a plugin on or off for a user.
    pub(super) async fn turn(&self, user: Id, plugin: &str, on: bool) -> Result<()> {
        let turned = self.write(user, plugin, on).await;
        // A write that failed may have happened.
        self.recent.forget(|of, _| *of == user);
        turned
    }

    async fn write(&self, user: Id, plugin: &str, on: bool) -> Result<()> {
        let this = Filter::And(vec![
            Filter::Eq("user_id", user.into()),
            Filter::Eq("plugin_id", plugin.into()),
        ]);
        loop {
            let now = Timestamp::now();
            if let Some(found) = self.stored.find_one(this.clone()).await? {
                if found.is_enabled() == on {
                    return Ok(());
                }
                let turn = |it: &mut Choice| {
                    it.turn(on, now);
                    Ok::<_, Error>(())
                };
                if self.stored.update(&found.key(), turn).await?.is_some() {
                    return Ok(());
                }
                continue;
            }
            let mut new = Choice {
                id: Id::new(),
                user_id: user,
                plugin_id: plugin.to_owned(),
                status: Wish::Disabled,
                enabled_at: None,
                updated_at: now,
            };
            new.turn(on, now);
            match self.stored.insert(new).await {
                Err(StoreError::Taken(_)) => {}
                other => return other.map(drop).map_err(Error::from),
            }
        }
    }
}
