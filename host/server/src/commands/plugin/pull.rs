//! `bowsprit plugin pull`: a plugin out of a registry or a bundle, believed
//! only if somebody vouches for it.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use bowsprit_host_engine::archive::{Bounds, Files, check_paths, unpack, write_folder};
use bowsprit_host_outbound::oci::{
    Artifact, Reference, artifact::open, bundle, signature::PublicKey,
};
use clap::Args;

use super::{
    credentials::Access,
    desk::{Bases, refused},
};
use crate::{
    output::say,
    registries,
    settings::{Flags, Loaded, Trust},
};

#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// Which plugin: `registry.example.com/team/plugin:1.0.0@sha256:…`; not
    /// needed with a bundle.
    #[arg(value_name = "REFERENCE", required_unless_present = "from_bundle")]
    place: Option<Reference>,
    /// The folder of plugins it is put into, as `<id>`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    into: PathBuf,
    /// Replaces a plugin that is there.
    #[arg(long)]
    replace: bool,
    /// The public key (PEM) of whoever has to vouch for it.
    #[arg(long, value_name = "FILE", conflicts_with = "unsigned")]
    key: Option<PathBuf>,
    /// Accepts a plugin that nobody vouches for.
    #[arg(long)]
    unsigned: bool,
    /// Settings file; its `plugins.sources` say what to ask of each repository.
    #[arg(long, value_name = "FILE", env = "BOWSPRIT_CONFIG")]
    config: Option<PathBuf>,
    /// Reads this bundle instead of asking a registry.
    #[arg(long, value_name = "FILE")]
    from_bundle: Option<PathBuf>,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    bases: Bases,
}

impl Pull {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let trust = self.trust()?;
        let artifact = self.artifact(&trust).await?;
        let digest = artifact.content.digest();
        registries::vouched(&artifact, &trust)?;
        let files: Files = open(&artifact.content)?;
        check_paths(&files)?;
        let folder = self.put(&files).await?;
        match &self.place {
            Some(place) => say(format_args!("{}@{digest}", place.name())),
            None => say(format_args!("{digest}")),
        }
        eprintln!("{}: {}", folder.display(), reason(&trust));
        Ok(())
    }

    /// What has to hold: what the operator's settings say of the repository
    /// and, on top, what the command line says. Whoever names a digest has it
    /// from somebody they trust.
    fn trust(&self) -> anyhow::Result<Trust> {
        let mut trust = self.configured()?.unwrap_or_default();
        if let Some(named) = self.place.as_ref().and_then(|it| it.digest.as_ref()) {
            match &trust.digest {
                Some(pinned) if pinned != named => {
                    bail!("`plugins.sources` accepts only {pinned} from this repository")
                }
                _ => trust.digest = Some(named.clone()),
            }
        }
        if let Some(file) = &self.key {
            let pem = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
            trust.key = Some(PublicKey::read(&pem)?);
        }
        if trust.key.is_none() && trust.digest.is_none() && !self.unsigned {
            bail!(
                "nobody vouches for this plugin: give the author's `--key`, a digest in the \
                 reference, list the repository in `plugins.sources`, or accept that with \
                 `--unsigned`"
            );
        }
        Ok(trust)
    }

    fn configured(&self) -> anyhow::Result<Option<Trust>> {
        let (Some(place), Some(config)) = (&self.place, &self.config) else { return Ok(None) };
        let loaded = Loaded::read(Some(config), std::env::vars(), Flags::default())?;
        for source in &loaded.settings.plugins.sources {
            let (listed, trust) = source.trust()?;
            if listed.name() == place.name() {
                return Ok(Some(trust));
            }
        }
        Ok(None)
    }

    async fn artifact(&self, trust: &Trust) -> anyhow::Result<Artifact> {
        if let Some(file) = &self.from_bundle {
            let files = unpack(&read_bounded(file)?, Bounds::BUNDLE)?;
            return Ok(bundle::read(&files, trust.digest.as_ref())?);
        }
        let place = self.place.as_ref().ok_or_else(|| anyhow!("a reference is missing"))?;
        let pinned = trust.digest.as_ref().map(|it| place.at(it.clone()));
        let registry = self.access.registry(place)?;
        Ok(registry.pull(pinned.as_ref().unwrap_or(place)).await?)
    }

    /// Puts the plugin into place, once it is one that a host would load.
    async fn put(&self, files: &Files) -> anyhow::Result<PathBuf> {
        let staged = tempfile::tempdir().context("a temporary folder")?;
        let folder = staged.path().join("plugin");
        write_folder(&folder, files, false)?;
        let sample = self.bases.workbench()?.load(&folder).await.map_err(refused)?;
        let target = self.into.join(&sample.about.id);
        write_folder(&target, files, self.replace)?;
        Ok(target)
    }
}

fn reason(trust: &Trust) -> &'static str {
    match (&trust.key, &trust.digest) {
        (Some(_), Some(_)) => "signature verified, digest as asked for",
        (Some(_), None) => "signature verified",
        (None, Some(_)) => "digest as asked for",
        (None, None) => "nobody vouches for it",
    }
}

fn read_bounded(file: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = || file.display().to_string();
    let most = Bounds::BUNDLE.bytes + (1 << 20);
    let mut bytes = Vec::new();
    let opened = File::open(file).with_context(shown)?;
    opened.take(most + 1).read_to_end(&mut bytes).with_context(shown)?;
    if bytes.len() as u64 > most {
        bail!("{} has more than {most} bytes, so it is no bundle", shown());
    }
    Ok(bytes)
}
