//! `bowsprit plugin push`: a plugin into a registry, or into a bundle.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::Context as _;
use bowsprit_host_engine::{
    archive::{pack, read_folder},
    workbench::About,
};
use bowsprit_host_outbound::oci::{
    Artifact, Reference,
    artifact::{Facts, seal},
    bundle,
    signature::{PrivateKey, sign},
};
use clap::Args;

use super::{
    credentials::Access,
    desk::{Bases, load, package},
    test::must_be_met,
};
use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The plugin's folder: as built, or its sources once they are built.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Where to: `registry.example.com/team/plugin:1.0.0`; the tag is the
    /// plugin's version if not given.
    #[arg(value_name = "REFERENCE")]
    place: Reference,
    /// Signs with this key: PKCS#8 in PEM, P-256.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Writes a bundle for sites without a registry instead.
    #[arg(long, value_name = "FILE")]
    to_bundle: Option<PathBuf>,
    #[command(flatten)]
    access: Access,
    #[command(flatten)]
    bases: Bases,
}

impl Push {
    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        let sample = load(&self.bases.workbench()?, &self.folder).await?;
        let folder = package(&self.folder)?;
        must_be_met(&sample, &folder).await?;
        let content = seal(read_folder(&folder)?, facts(&sample.about))?;
        if self.place.tag.is_none() {
            self.place.tag = Some(sample.about.version.replace('+', "_"));
        }
        let digest = content.digest();
        let signature = match &self.key {
            Some(file) => {
                let pem = fs::read_to_string(file).with_context(|| file.display().to_string())?;
                Some(sign(&PrivateKey::read(&pem.into())?, &self.place, &digest)?)
            }
            None => None,
        };
        let signed = if signature.is_some() { "signed" } else { "not signed" };
        let artifact = Artifact { content, signature };
        if let Some(out) = &self.to_bundle {
            let archive = pack(&bundle::write(&artifact, &self.place.to_string())?)?;
            fs::write(out, archive).with_context(|| out.display().to_string())?;
            say(format_args!("{}: {digest}, {signed}", out.display()));
            return Ok(());
        }
        let registry = self.access.registry(&self.place)?;
        registry.push(&self.place, &artifact).await?;
        say(format_args!("{}@{digest}", self.place));
        eprintln!("pushed, {signed}");
        Ok(())
    }
}

fn facts(about: &About) -> Facts {
    let annotations = BTreeMap::from([
        ("org.opencontainers.image.title".to_owned(), about.title.clone()),
        ("org.opencontainers.image.version".to_owned(), about.version.clone()),
        ("dev.bowsprit.plugin.id".to_owned(), about.id.clone()),
        ("dev.bowsprit.plugin.api".to_owned(), about.api.clone()),
        ("dev.bowsprit.plugin.generation".to_owned(), about.generation.clone()),
    ]);
    Facts {
        component: about.component.clone(),
        imports: about.imports.clone(),
        exports: about.exports.clone(),
        annotations,
    }
}
