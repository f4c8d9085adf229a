//! One call from its turn in the queue to its checked answer.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bowsprit_host_core::{
    budgets::Budgets,
    id::Id,
    node_types::CallError,
    plugins::{FailedCall, masked},
    time::Timestamp,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    bill::Bill,
    fault::Fault,
    functions::{Function, Outcome},
    instance::{Exported as _, Instance, Program},
    journal::Failures,
    package::Digest,
    remembered::Remembered,
    ticker::Ticker,
};

/// What all calls of an engine share.
pub(crate) struct Runtime {
    pub(crate) ticker: Ticker,
    /// Calls under way.
    pub(crate) gate: Arc<Semaphore>,
    /// Instances held between calls.
    pub(crate) idle: Arc<Semaphore>,
    /// Longest wait for a turn.
    pub(crate) wait: Duration,
    /// What users may have.
    pub(crate) budgets: Budgets,
    /// Whose request is being served.
    pub(crate) trace: fn() -> Option<Id>,
    /// Calls that broke.
    pub(crate) failures: Failures,
    /// What was answered before.
    pub(crate) remembered: Remembered,
    /// Calls so far.
    pub(crate) calls: AtomicU64,
}

/// What tells one call from another in logs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    /// Counts calls of this engine.
    pub(crate) call: u64,
    /// The request it is made for.
    pub(crate) trace: Option<Id>,
}

/// Largest input that is kept of a call that broke, bytes.
const KEPT_INPUT: usize = 64 << 10;

/// Instances one request holds for its next calls, and who pays for them. A
/// plugin's instance goes only to calls of the same generation.
#[derive(Default)]
pub(crate) struct Idle {
    payer: Option<Id>,
    parked: Mutex<Vec<Parked>>,
}

struct Parked {
    digest: Digest,
    instance: Instance,
    // Gives the place back when the instance is taken or dropped.
    _place: OwnedSemaphorePermit,
}

impl Idle {
    /// For a request of this user.
    pub(crate) fn paid_by(payer: Option<Id>) -> Self {
        Self { payer, parked: Mutex::default() }
    }

    pub(crate) fn payer(&self) -> Option<Id> {
        self.payer
    }

    fn take(&self, digest: Digest) -> Option<Instance> {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        let at = parked.iter().position(|it| it.digest == digest)?;
        Some(parked.swap_remove(at).instance)
    }

    /// Keeps the instance if there is a place for it.
    fn park(&self, digest: Digest, instance: Instance, places: &Arc<Semaphore>) {
        let Ok(place) = Arc::clone(places).try_acquire_owned() else { return };
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.push(Parked { digest, instance, _place: place });
    }
}

impl Runtime {
    /// Calls a function of `program` and checks its answer.
    pub(crate) async fn call<F: Function>(
        &self,
        program: &Program,
        idle: &Idle,
        function: F,
    ) -> Result<F::Output, CallError> {
        if let Some(payer) = idle.payer {
            self.budgets.check(payer)?;
        }
        let begun = Instant::now();
        let ticket = self.ticket();
        let done = self.attempt(program, idle, &function, ticket).await;
        if !matches!(done, Err(Fault::Busy)) {
            program.figures.note(program.timed(begun.elapsed()), done.is_err());
        }
        let outcome = match &done {
            Ok(Outcome::Answer(_)) => "ok",
            Ok(Outcome::Invalid(_)) => "invalid-input",
            Ok(Outcome::Unsupported(_)) => "unsupported",
            Err(fault) => fault.code(),
        };
        let took = begun.elapsed();
        program.counted.count(F::NAME, outcome, took);
        tracing::debug!(
            plugin = program.plugin,
            generation = program.generation,
            function = F::NAME,
            outcome,
            micros = took.as_micros() as u64,
            "plugin called"
        );
        let record = done.as_ref().err().map(|fault| {
            let record = self.record(program, &function, fault, ticket, took);
            tracing::warn!(
                plugin = program.plugin,
                generation = program.generation,
                function = F::NAME,
                code = fault.code(),
                detail = ?fault.detail(),
                trace = ticket.trace.map(tracing::field::display),
                "plugin call failed"
            );
            record
        });
        answered::<F>(program, done, record.flatten())
    }

    /// Keeps what is known of a call that broke; its id. A call that got no
    /// turn did not break.
    fn record<F: Function>(
        &self,
        program: &Program,
        function: &F,
        fault: &Fault,
        ticket: Ticket,
        took: Duration,
    ) -> Option<Id> {
        if matches!(fault, Fault::Busy) {
            return None;
        }
        let input = masked(function.input());
        let bytes = input.to_string().len();
        let input = if bytes <= KEPT_INPUT {
            input
        } else {
            format!("not kept: {bytes} bytes, more than {KEPT_INPUT}").into()
        };
        let id = Id::new();
        self.failures.keep(FailedCall {
            id,
            at: Timestamp::now(),
            plugin: program.plugin.clone(),
            version: program.version.clone(),
            generation: program.generation.clone(),
            function: F::NAME,
            code: fault.code(),
            reason: fault.reason(),
            detail: fault.detail(),
            trace: ticket.trace,
            input,
            lines: program.journal.of_call(ticket.call),
            micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        });
        Some(id)
    }

    fn ticket(&self) -> Ticket {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        Ticket { call, trace: (self.trace)() }
    }

    /// The same for a call that appears in no figure and no log.
    pub(crate) async fn call_unheard<F: Function>(
        &self,
        program: &Program,
        idle: &Idle,
        function: F,
    ) -> Result<F::Output, CallError> {
        answered::<F>(program, self.turn_and_run(program, idle, &function).await, None)
    }

    /// Waits for a turn, calls, and checks the answer.
    pub(crate) async fn turn_and_run<F: Function>(
        &self,
        program: &Program,
        idle: &Idle,
        function: &F,
    ) -> Result<Outcome<F::Output>, Fault> {
        self.attempt(program, idle, function, self.ticket()).await
    }

    async fn attempt<F: Function>(
        &self,
        program: &Program,
        idle: &Idle,
        function: &F,
        ticket: Ticket,
    ) -> Result<Outcome<F::Output>, Fault> {
        let _own = self.turn(&program.gate).await?;
        let _all = self.turn(&self.gate).await?;
        let _running = self.ticker.running();
        let bill = Bill::new(&self.budgets, idle.payer);
        bill.timed(self.run(program, idle, function, (&bill, ticket))).await
    }

    async fn run<F: Function>(
        &self,
        program: &Program,
        idle: &Idle,
        function: &F,
        (bill, ticket): (&Bill<'_>, Ticket),
    ) -> Result<Outcome<F::Output>, Fault> {
        let mut instance = match idle.take(program.digest) {
            Some(mut instance) => {
                instance.arm((F::NAME, ticket), &program.limits, bill);
                instance
            }
            None => Instance::start(program, (F::NAME, ticket), bill).await.map_err(Fault::of)?,
        };
        // After an error the store is dead; it is dropped here with the
        // instance, as it is if the caller goes away in the middle.
        function.prepare(instance.store.data_mut());
        let Instance { store, guests } = &mut instance;
        let guest = F::Guest::of(guests);
        let guest = guest.ok_or_else(|| Fault::Internal(format!("no `{}`", F::NAME)))?;
        let answer = function.call(guest, store).await.map_err(Fault::of)?;
        if instance.lines_dropped() > 0 {
            let (plugin, dropped) = (&program.plugin, instance.lines_dropped());
            tracing::warn!(plugin, function = F::NAME, dropped, "plugin log lines dropped");
        }
        let outcome = function.accept(answer, &program.limits)?;
        idle.park(program.digest, instance, &self.idle);
        Ok(outcome)
    }

    async fn turn(&self, gate: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Fault> {
        // The clock is only set up for those who have to wait.
        if let Ok(permit) = Arc::clone(gate).try_acquire_owned() {
            return Ok(permit);
        }
        let turn = tokio::time::timeout(self.wait, Arc::clone(gate).acquire_owned());
        turn.await.ok().and_then(Result::ok).ok_or(Fault::Busy)
    }
}

/// As the port says it.
fn answered<F: Function>(
    program: &Program,
    done: Result<Outcome<F::Output>, Fault>,
    record: Option<Id>,
) -> Result<F::Output, CallError> {
    match done {
        Ok(Outcome::Answer(answer)) => Ok(answer),
        Ok(Outcome::Invalid(findings)) => Err(CallError::InvalidInput(findings)),
        Ok(Outcome::Unsupported(what)) => Err(CallError::Unsupported(what)),
        Err(fault) => Err(fault.into_call_error(&program.plugin, F::NAME, record)),
    }
}
