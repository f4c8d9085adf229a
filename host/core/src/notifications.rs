//! Notes to a user inside the application: stored, counted, pushed.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    access::Caller,
    events::{EventId, Events, Subscription, Topic},
    id::Id,
    store::{
        Collection, Direction, Documents, Expiry, Field, FieldKind, Filter, Query, Record,
        Repository, StoreError,
    },
    time::Timestamp,
    workflows::Workflow,
};

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationType {
    /// A run came to its end.
    WorkflowDeployed,
    /// A run failed.
    WorkflowFailed,
    /// An image was built.
    BuildCompleted,
    /// An image could not be built.
    BuildFailed,
    /// An object needs attention.
    ResourceWarning,
    /// About the host itself.
    System,
}

/// A note to one user, as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notification {
    #[serde(skip)]
    id: Id,
    user_id: Id,
    #[serde(rename = "type")]
    about: NotificationType,
    title: String,
    message: String,
    read: bool,
    #[serde(default)]
    link: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ref_id: Option<Id>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Where notifications are kept. Read ones vanish after seven days.
pub static NOTIFICATIONS: Collection = Collection {
    name: "notifications",
    fields: &[
        Field { name: "user_id", kind: FieldKind::Id },
        Field { name: "ref_id", kind: FieldKind::Id },
        Field { name: "read", kind: FieldKind::Bool },
        Field { name: "created_at", kind: FieldKind::Time },
        Field { name: "updated_at", kind: FieldKind::Time },
    ],
    indexes: &[&["user_id", "created_at"], &["user_id", "read"]],
    unique: &[],
    expiry: Some(Expiry { field: "updated_at", after_seconds: 7 * 86_400, only_if: Some("read") }),
};

impl Record for Notification {
    const COLLECTION: &'static Collection = &NOTIFICATIONS;

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.id = id.parse().unwrap_or_default();
    }
}

/// A notification as the API shows it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationView {
    id: Id,
    user_id: Id,
    #[serde(rename = "type")]
    about: NotificationType,
    title: String,
    message: String,
    read: bool,
    /// A path of the web frontend.
    link: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ref_id: Option<Id>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Notification> for NotificationView {
    fn from(it: Notification) -> Self {
        Self {
            id: it.id,
            user_id: it.user_id,
            about: it.about,
            title: it.title,
            message: it.message,
            read: it.read,
            link: it.link,
            ref_id: it.ref_id,
            created_at: it.created_at,
            updated_at: it.updated_at,
        }
    }
}

/// One page of notifications.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationPage {
    notifications: Vec<NotificationView>,
    total: u64,
    unread_count: u64,
}

/// The notification use-cases.
#[derive(Clone)]
pub struct Notifications {
    stored: Repository<Notification>,
    events: Arc<dyn Events>,
}

impl Notifications {
    /// Notifications in `store`, pushed through `events`.
    pub fn new(store: &Arc<dyn Documents>, events: Arc<dyn Events>) -> Self {
        Self { stored: Repository::new(Arc::clone(store)), events }
    }

    /// Tells the owner of a workflow about a run of it, once: the note has the
    /// id of the run.
    pub(crate) async fn about_run(
        &self,
        workflow: &Workflow,
        run: Id,
        about: NotificationType,
        title: String,
        message: String,
    ) -> Result<()> {
        let now = Timestamp::now();
        let user = workflow.owner_id;
        let notification = Notification {
            id: run,
            user_id: user,
            about,
            title,
            message,
            read: false,
            link: format!("/dashboard/workflow/{}", workflow.id),
            ref_id: Some(workflow.id),
            created_at: now,
            updated_at: now,
        };
        let stored = match self.stored.insert(notification).await {
            Err(StoreError::Taken(_)) => return Ok(()),
            other => other?.value,
        };
        let view = NotificationView::from(stored);
        self.events.publish(&Topic::Notifications(user), "new_notification", &view);
        Ok(())
    }

    /// A page of the caller's notifications, newest first.
    pub async fn page(&self, caller: &Caller, limit: u32, skip: u64) -> Result<NotificationPage> {
        let mine = Filter::Eq("user_id", caller.user.into());
        let query = Query::new(mine.clone(), limit)
            .sorted("created_at", Direction::Descending)
            .skipping(skip);
        let found = self.stored.find(&query).await?;
        Ok(NotificationPage {
            notifications: found.into_iter().map(|it| it.value.into()).collect(),
            total: self.stored.count(&mine).await?,
            unread_count: self.unread(caller).await?,
        })
    }

    /// How many the caller has not read.
    pub async fn unread(&self, caller: &Caller) -> Result<u64> {
        Ok(self.stored.count(&unread_of(caller)).await?)
    }

    /// Marks one as read; harmless when it is already.
    pub async fn mark_read(&self, caller: &Caller, id: Id) -> Result<()> {
        let found = self.stored.get(&id.to_string()).await?;
        let found = found.ok_or_else(|| Error::not_found("notification", id))?;
        caller.require_owner(found.user_id, "notification", id)?;
        self.mark(id).await?;
        Ok(())
    }

    /// Marks all as read; answers how many changed.
    pub async fn mark_all_read(&self, caller: &Caller) -> Result<u64> {
        let mut changed = 0;
        loop {
            let page = self.stored.find(&Query::new(unread_of(caller), 200)).await?;
            if page.is_empty() {
                return Ok(changed);
            }
            for notification in page {
                changed += u64::from(self.mark(notification.id).await?);
            }
        }
    }

    /// True if it was unread.
    async fn mark(&self, id: Id) -> Result<bool> {
        let mut was_unread = false;
        self.stored
            .update(&id.to_string(), |it| {
                was_unread = !it.read;
                if was_unread {
                    it.read = true;
                    it.updated_at = Timestamp::now();
                }
                Ok::<_, Error>(())
            })
            .await?;
        Ok(was_unread)
    }

    /// New ones as they come.
    pub fn subscribe(&self, caller: &Caller, after: Option<EventId>) -> Subscription {
        self.events.subscribe(&Topic::Notifications(caller.user), after)
    }
}

fn unread_of(caller: &Caller) -> Filter {
    Filter::And(vec![Filter::Eq("user_id", caller.user.into()), Filter::Eq("read", false.into())])
}
