//! The life of a generation: what is done with a package until it serves, and
//! who decides when it does.
//!
//! `build` takes a package through compiling, linking, describing and its own
//! golden files; `settle` compares it with what serves and lets it serve, wait
//! or be. Operators and the guard do the rest. All that happens is noted in
//! the `ledger`.

pub(crate) mod book;
mod change;
mod compare;
pub(crate) mod depot;
pub(crate) mod figures;
pub(crate) mod guard;
pub(crate) mod ledger;
pub(crate) mod named;
pub(crate) mod operator;
pub(crate) mod recent;
mod returning;
mod self_test;
pub(crate) mod shelf;
mod telling;
mod trial;
mod upload;

use std::sync::{Arc, atomic::Ordering};

use bowsprit_host_core::{
    audit::Actor,
    plugins::{
        GenerationReport, GenerationState, Hold, LoadFailure, LoadStage, SelfTest, SwapPolicy,
    },
};
use futures::{FutureExt as _, future::BoxFuture};
use sha2::{Digest as _, Sha256};

use crate::{
    PluginEngine,
    admission::admit_needs,
    config::{EngineConfig, Trust},
    count::Counted,
    describe::describe,
    failure::failure,
    generations::Generation,
    grants::Grants,
    instance::Program,
    limits::CallLimits,
    package::{CodeOf, Digest, Package, PluginToml},
};
use book::Journey;
use figures::Figures;
use recent::Recent;

/// A generation that could serve.
pub(crate) struct Candidate {
    pub(crate) generation: Arc<Generation>,
    pub(crate) package: Package,
    pub(crate) report: GenerationReport,
}

/// A package that could not.
pub(crate) struct Failed {
    pub(crate) failure: LoadFailure,
    pub(crate) report: GenerationReport,
}

impl Failed {
    /// With the failure in the report as well.
    pub(crate) fn of(failure: LoadFailure, mut report: GenerationReport) -> Box<Self> {
        report.state = GenerationState::Refused;
        report.why.clone_from(&failure.message);
        report.failure = Some(failure.clone());
        Box::new(Self { failure, report })
    }
}

/// What comes of building a package.
pub(crate) type Built = Result<Candidate, Box<Failed>>;

/// What is to become of a candidate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It serves from now on.
    Serve,
    /// It served when the host stopped, and does again.
    Resume,
    /// An operator has to say so.
    Wait(Hold, String),
    /// It was taken back before.
    Leave,
}

impl PluginEngine {
    /// Builds a generation and tests it, or finds it among those that are
    /// built. Boxed, since all its calls nested in its callers' futures are more
    /// than a compiler lays out.
    pub(crate) fn build<'a>(&'a self, package: &'a Package) -> BoxFuture<'a, Built> {
        async move {
            let mut journey = Journey::begin();
            let mut report = book::report_of(package, package.digest.hex());
            let built = match self.assemble(package, &mut journey).await {
                Ok(generation) => {
                    report.digest.clone_from(&generation.program.generation);
                    self.self_test(&generation, package, &mut journey, &mut report)
                        .await
                        .map(|()| generation)
                }
                Err(failure) => Err(failure),
            };
            report.stages = journey.stages();
            match built {
                Ok(generation) => Ok(Candidate { generation, package: package.clone(), report }),
                Err(failure) => Err(Failed::of(failure, report)),
            }
        }
        .boxed()
    }

    /// Compiles, links and describes a package, or finds it among those that
    /// are built.
    pub(crate) async fn assemble(
        &self,
        package: &Package,
        journey: &mut Journey,
    ) -> Result<Arc<Generation>, LoadFailure> {
        let id = &package.toml.id;
        let (base, digest) = match package.toml.code() {
            CodeOf::Own(_) => (None, package.digest),
            CodeOf::Of(used) => {
                let base = self.generations().live(used).cloned();
                let base = base.filter(|it| it.toml.uses.is_none());
                let base = base.ok_or_else(|| missing(id, used))?;
                let digest = joined(package.digest, base.program.linked.code);
                (Some(base), digest)
            }
        };
        if let Some(built) = self.generations().known(id, digest)
            && built.folder == package.folder
        {
            return Ok(built);
        }
        let world = package.toml.world();
        let linked = match (&base, &package.component) {
            (Some(base), _) if base.toml.world() == world => {
                admit_needs(&base.program.linked.needs, &package.toml.wants)?;
                journey.passed(LoadStage::Admit);
                base.program.linked.clone()
            }
            (Some(base), _) => return Err(other_kind(package, &base.toml)),
            (None, Some(code)) => {
                let wants = &package.toml.wants;
                self.compiler.prepare(code.clone(), world, wants, journey).await?
            }
            (None, None) => return Err(missing(id, "")),
        };
        let limits = CallLimits::of(&self.config.limits, &self.config.caps, &package.toml.limits);
        let EngineConfig { compared_inputs, compared_bytes, .. } = self.config;
        let recent = self.shared.recent(id, || Recent::new(compared_inputs, compared_bytes));
        let program = Program {
            plugin: id.clone(),
            version: package.toml.version.clone(),
            journal: self.journal(id),
            digest,
            generation: digest.hex(),
            linked,
            assets: Arc::clone(&package.assets),
            grants: Grants::of(&package.toml.wants),
            gate: self.shared.gate(id, limits.calls),
            limits,
            counted: Counted::new(id, self.calls.clone()),
            figures: Arc::new(Figures::default()),
            recent,
        };
        let provides = describe(&self.runtime, &program, &package.toml).await?;
        journey.passed(LoadStage::Describe);
        let (toml, folder) = (Arc::clone(&package.toml), package.folder.clone());
        Ok(Arc::new(Generation { program, toml, folder, provides }))
    }

    /// Runs golden files that a generation has never passed here.
    async fn self_test(
        &self,
        generation: &Arc<Generation>,
        package: &Package,
        journey: &mut Journey,
        report: &mut GenerationReport,
    ) -> Result<(), LoadFailure> {
        if let Some(passed) = self.passed_before(package, &report.digest) {
            report.self_test = passed;
            return Ok(());
        }
        let most = self.config.self_test_time;
        let tested = self_test::run(&self.runtime, generation, package, most).await;
        journey.passed(LoadStage::SelfTest);
        match tested {
            Ok(passed) => {
                report.self_test = passed;
                Ok(())
            }
            Err((test, failure)) => {
                report.self_test = test;
                Err(failure)
            }
        }
    }

    /// What came of the same golden files, if this generation has passed them.
    fn passed_before(&self, package: &Package, digest: &str) -> Option<SelfTest> {
        let generations = self.generations();
        let known = book::find(generations.book(&package.toml.id)?, digest)?;
        let test = &known.self_test;
        let passed = known.state != GenerationState::Refused
            && test.failure.is_none()
            && test.golden == package.tests.hex();
        passed.then(|| test.clone())
    }

    /// Lets a candidate serve or wait; whether what serves has changed.
    pub(crate) async fn settle(
        &self,
        mut candidate: Candidate,
        by: Actor,
    ) -> Result<bool, Box<Failed>> {
        let id = candidate.generation.program.plugin.clone();
        let live = self.generations().live(&id).cloned();
        // Golden files may be all that has changed.
        self.change(&id, |generations, _| generations.tested(&id, &candidate.report));
        if live.as_ref().is_some_and(|it| Arc::ptr_eq(it, &candidate.generation)) {
            self.change(&id, |generations, _| generations.forgive(&id));
            return Ok(false);
        }
        let before = match live {
            Some(live) => Some(live),
            None => self.served_before(&candidate).await,
        };
        self.compare(&mut candidate, before.as_deref()).await;
        let verdict = self.judge(&mut candidate);
        if verdict != Verdict::Leave {
            self.unkept().push(candidate.package.clone());
        }
        let changed = match verdict {
            Verdict::Serve => self.activate(candidate, by)?,
            Verdict::Resume => self
                .resume(&candidate.generation)
                .map_err(|failure| Failed::of(failure, candidate.report))?,
            Verdict::Wait(hold, why) => self.hold(candidate, hold, why, by),
            Verdict::Leave => {
                let folder = candidate.generation.folder.clone();
                self.generations().leave(&id, &folder);
                false
            }
        };
        Ok(changed)
    }

    /// Has candidate and predecessor render what the plugin was asked lately.
    pub(crate) async fn compare(&self, candidate: &mut Candidate, live: Option<&Generation>) {
        let Some(live) = live else { return };
        let inputs = self.inputs(&live.program.plugin, &live.program.recent).await;
        if inputs.is_empty() {
            return;
        }
        let mut journey = Journey::begin();
        let most = self.config.compare_time;
        let after = &candidate.generation;
        let compared = compare::compare(&self.runtime, live, after, &inputs, most).await;
        journey.passed(LoadStage::Compare);
        candidate.report.stages.extend(journey.stages());
        candidate.report.comparison = Some(compared);
    }

    /// What is to become of a candidate, and what it lacks.
    pub(crate) fn judge(&self, candidate: &mut Candidate) -> Verdict {
        let id = &candidate.generation.program.plugin;
        let report = &mut candidate.report;
        let generations = self.generations();
        let book = generations.book(id);
        if self.loading.load(Ordering::Acquire)
            && let Some(known) = book.and_then(|it| book::find(it, &report.digest))
        {
            match (known.state, known.hold) {
                (GenerationState::Live, _) => return Verdict::Resume,
                (GenerationState::RolledBack, _) => return Verdict::Leave,
                (GenerationState::Waiting, Some(hold)) => {
                    report.comparison.clone_from(&known.comparison);
                    report.missing.clone_from(&known.missing);
                    return Verdict::Wait(hold, known.why.clone());
                }
                _ => {}
            }
        }
        let granted = book.and_then(|it| it.grants.clone());
        let trusted = match self.config.trust {
            _ if self.is_builtin(&candidate.package) => true,
            Trust::Everything => true,
            Trust::First => granted.is_none(),
            Trust::Nothing => false,
        };
        report.missing = report.wants.beyond(&granted.unwrap_or_default());
        if trusted {
            report.missing = Default::default();
        }
        if !report.missing.is_empty() {
            let why = format!("it wants more than is granted: {}", report.missing);
            return Verdict::Wait(Hold::Consent, why);
        }
        let compared = report.comparison.as_ref().map(|it| it.summary);
        match generations.policy(id) {
            SwapPolicy::HoldAlways => {
                Verdict::Wait(Hold::Policy, "generations of this plugin always wait".into())
            }
            SwapPolicy::HoldIfDifferent => {
                let unknown = book::uncompared(generations.known_live(id).as_deref(), report);
                let differs = compared.filter(|it| !it.is_same()).map(|it| it.to_string());
                match unknown.map(str::to_owned).or(differs) {
                    Some(why) => Verdict::Wait(Hold::Difference, why),
                    None => Verdict::Serve,
                }
            }
            SwapPolicy::Swap => Verdict::Serve,
        }
    }

    fn is_builtin(&self, package: &Package) -> bool {
        self.builtin_dirs.iter().any(|dir| package.folder.parent() == Some(dir))
    }
}

/// Identity of a plugin that uses another one's component.
fn joined(own: Digest, code: Digest) -> Digest {
    let mut hash = Sha256::new();
    hash.update(own.bytes());
    hash.update(code.bytes());
    Digest::from(<[u8; 32]>::from(hash.finalize()))
}

fn other_kind(package: &Package, base: &PluginToml) -> LoadFailure {
    let (own, other) = (package.toml.world().kind(), base.world().kind());
    failure(
        LoadStage::Activate,
        "plugin.uses.kind",
        format!("plugin `{}` is of kind `{own}`, `{}` of kind `{other}`", package.toml.id, base.id),
        format!("write `kind = \"{other}\"`, or use another plugin"),
    )
}

fn missing(id: &str, used: &str) -> LoadFailure {
    failure(
        LoadStage::Activate,
        "plugin.uses.missing",
        format!("plugin `{id}` uses the component of `{used}`, which does not serve one"),
        format!("install `{used}`"),
    )
}
