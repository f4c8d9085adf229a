//! Accounts that the reference product made, in a database it left behind.

use std::sync::Arc;

use super::{
    CLAIMS,
    registration::{FIRST_ADMIN, FirstAdmin},
    users::User,
};
use crate::{
    access::Role,
    store::{Direction, Documents, Filter, Patch, Query, Record as _, Repository, StoreError},
    time::Timestamp,
};

/// Accounts read at a time.
const PAGE: u32 = 100;

/// Gives accounts the key they are found by, and sees to it that the next
/// registration is not taken for the first. Repeating it is harmless; costs two
/// reads where there is nothing to do.
///
/// Two accounts whose addresses differ only by case: the later one keeps
/// unable to sign in, and the log names it.
pub async fn adopt(store: &Arc<dyn Documents>) -> Result<(), StoreError> {
    let users = Repository::<User>::new(Arc::clone(store));
    claim_first_admin(store, &users).await?;
    let mut left = 0;
    loop {
        let keyless = Query::new(Filter::Absent("email_key"), PAGE).skipping(left);
        let found = users.find(&keyless).await?;
        if found.is_empty() {
            return Ok(());
        }
        for user in found {
            let set = [("email_key".to_owned(), user.email_key.clone().into())].into_iter();
            let patch = Patch { set: set.collect(), ..Patch::default() };
            match users.patch(&user.key(), Some(user.revision), &Filter::All, &patch).await {
                // Another replica may be doing the same.
                Ok(_) | Err(StoreError::Stale(_) | StoreError::Missing) => {}
                Err(StoreError::Taken(_)) => {
                    left += 1;
                    tracing::warn!(user = %user.id, "another account has the same e-mail address");
                }
                Err(other) => return Err(other),
            }
        }
    }
}

/// The oldest administrator, else the oldest account, counts as the first.
async fn claim_first_admin(
    store: &Arc<dyn Documents>,
    users: &Repository<User>,
) -> Result<(), StoreError> {
    if store.get(&CLAIMS, FIRST_ADMIN).await?.is_some() {
        return Ok(());
    }
    let query = Query::new(Filter::All, 1_000).sorted("created_at", Direction::Ascending);
    let all = users.find(&query).await?;
    let first = all.iter().find(|it| it.role == Role::Admin).or(all.first());
    let Some(first) = first else { return Ok(()) };
    let claims = Repository::<FirstAdmin>::new(Arc::clone(store));
    match claims.insert(FirstAdmin { user_id: first.id, at: Timestamp::now() }).await {
        Ok(_) | Err(StoreError::Taken(_)) => Ok(()),
        Err(other) => Err(other),
    }
}
