//! How much of the machine plugins may use for one user in an hour.
//!
//! A call is charged to whose request or workflow it serves. The hour begins
//! with the first call and is forgotten with the process: a budget keeps one
//! user from slowing the others down, it is no bill. A call that has begun is
//! never cut off for it, so what is used can exceed what is allowed by the
//! calls under way.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{Error, Result, access::Caller, id::Id, time::Timestamp};

/// The time a budget is for.
const HOUR: Duration = Duration::from_secs(3600);
/// Users whose accounts are kept before those of past hours are dropped.
const KEPT: usize = 1024;
const MIB: f64 = (1 << 20) as f64;

/// What a user may have in an hour; 0 is no bound.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BudgetLimits {
    /// Milliseconds of a processor.
    pub cpu_millis: u64,
    /// Mebibytes times the seconds they are held.
    pub memory_mib_seconds: u64,
}

/// What was used for whom. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Budgets(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    limits: BudgetLimits,
    accounts: Mutex<HashMap<Id, Account>>,
}

/// One user's hour.
#[derive(Debug)]
struct Account {
    begun: Instant,
    since: Timestamp,
    calls: u64,
    cpu: Duration,
    mib_seconds: f64,
}

/// What one call took.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Time on a processor.
    pub cpu: Duration,
    /// Bytes it held at the most.
    pub memory: usize,
    /// How long it held them.
    pub held: Duration,
}

/// All budgets as an administrator sees them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BudgetReport {
    /// What everybody may have in an hour; 0 is no bound.
    pub limits: BudgetLimits,
    /// Who used something in their present hour, most processor time first.
    pub budgets: Vec<Budget>,
}

/// One user's present hour.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// The user.
    pub user: String,
    /// Calls of plugins.
    pub calls: u64,
    /// Milliseconds of a processor.
    pub cpu_millis: u64,
    /// Mebibytes times the seconds they were held.
    pub memory_mib_seconds: u64,
    /// When the hour began, RFC 3339.
    pub since: String,
    /// Seconds until it ends.
    pub ends_in_seconds: u64,
    /// Whether calls are refused until then.
    pub exhausted: bool,
}

impl Budgets {
    /// With nothing used.
    pub fn new(limits: BudgetLimits) -> Self {
        Self(Arc::new(Shared { limits, accounts: Mutex::default() }))
    }

    /// Whether `user` has something left.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] with `plugin.budget.exhausted` and the rest of the
    /// hour.
    pub fn check(&self, user: Id) -> Result<()> {
        self.check_at(user, Instant::now())
    }

    /// Charges a call to `user`.
    pub fn charge(&self, user: Id, cost: Cost) {
        self.charge_at(user, cost, Instant::now());
    }

    /// Who used how much.
    ///
    /// # Errors
    ///
    /// [`Error::Forbidden`] for whoever is no administrator.
    pub fn report(&self, caller: &Caller) -> Result<BudgetReport> {
        caller.require_admin()?;
        Ok(self.report_at(Instant::now()))
    }

    fn check_at(&self, user: Id, now: Instant) -> Result<()> {
        let accounts = self.accounts();
        let Some(account) = accounts.get(&user) else { return Ok(()) };
        let left = account.left(now);
        if left.is_zero() || !account.is_exhausted(&self.0.limits) {
            return Ok(());
        }
        Err(Error::Busy {
            code: "plugin.budget.exhausted",
            message: "this hour's budget for plugins is used up".into(),
            retry_after: left,
        })
    }

    fn charge_at(&self, user: Id, cost: Cost, now: Instant) {
        let mut accounts = self.accounts();
        if accounts.len() >= KEPT && !accounts.contains_key(&user) {
            accounts.retain(|_, it| !it.left(now).is_zero());
        }
        let account = accounts.entry(user).or_insert_with(|| Account::new(now));
        if account.left(now).is_zero() {
            *account = Account::new(now);
        }
        account.calls += 1;
        account.cpu = account.cpu.saturating_add(cost.cpu);
        account.mib_seconds += cost.memory as f64 / MIB * cost.held.as_secs_f64();
    }

    fn report_at(&self, now: Instant) -> BudgetReport {
        let limits = self.0.limits;
        let accounts = self.accounts();
        let present = accounts.iter().filter(|(_, it)| !it.left(now).is_zero());
        let mut budgets: Vec<Budget> =
            present.map(|(user, it)| it.report(*user, &limits, now)).collect();
        budgets.sort_by(|a, b| b.cpu_millis.cmp(&a.cpu_millis).then(a.user.cmp(&b.user)));
        BudgetReport { limits, budgets }
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<Id, Account>> {
        self.0.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn new(begun: Instant) -> Self {
        let since = Timestamp::now();
        Self { begun, since, calls: 0, cpu: Duration::ZERO, mib_seconds: 0.0 }
    }

    /// The rest of the hour.
    fn left(&self, now: Instant) -> Duration {
        HOUR.saturating_sub(now.saturating_duration_since(self.begun))
    }

    fn cpu_millis(&self) -> u64 {
        u64::try_from(self.cpu.as_millis()).unwrap_or(u64::MAX)
    }

    fn is_exhausted(&self, limits: &BudgetLimits) -> bool {
        let over = |used: u64, limit: u64| limit > 0 && used >= limit;
        over(self.cpu_millis(), limits.cpu_millis)
            || over(self.mib_seconds as u64, limits.memory_mib_seconds)
    }

    fn report(&self, user: Id, limits: &BudgetLimits, now: Instant) -> Budget {
        Budget {
            user: user.to_string(),
            calls: self.calls,
            cpu_millis: self.cpu_millis(),
            memory_mib_seconds: self.mib_seconds as u64,
            since: self.since.to_string(),
            ends_in_seconds: self.left(now).as_secs(),
            exhausted: self.is_exhausted(limits),
        }
    }
}

#[cfg(test)]
mod tests;
