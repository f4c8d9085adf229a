//! Components with an interpreter in them: what their tools are given, and
//! what they give.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    BuildError, Runner, at,
    made::{Kept, WORK, is_made},
    source::Head,
    trim::without,
};

/// Where a plugin keeps the interfaces of the host that it was begun for.
const INTERFACES: &str = "bowsprit/wit/bowsprit-plugin";
/// What of a plugin's folder does not go into its component.
const BESIDE: [&str; 5] = ["plugin.toml", "golden", "assets", "README.md", "LICENSE"];

/// Where the component of the plugin in `folder` is written.
pub(crate) fn component(folder: &Path) -> PathBuf {
    folder.join(WORK).join("plugin.wasm")
}

/// What the tool of an interpreter has to know.
pub(crate) struct Task {
    /// The plugin's folder, absolute.
    pub(crate) folder: PathBuf,
    /// The folder of its interfaces, from there.
    pub(crate) interfaces: PathBuf,
    /// The world it is for.
    pub(crate) world: String,
    /// Where the component goes, from there.
    pub(crate) component: PathBuf,
}

impl Task {
    /// What is to be done in `folder`, by what its `plugin.toml` says.
    pub(crate) fn of(folder: &Path) -> Result<Self, BuildError> {
        let head = Head::read(folder)?;
        let interfaces = Path::new(INTERFACES).join(head.word("api").unwrap_or("?"));
        let folder = fs::canonicalize(folder).map_err(at(folder))?;
        if !folder.join(&interfaces).is_dir() {
            return Err(BuildError::NoInterfaces(folder.join(interfaces)));
        }
        let world = format!("{}-plugin", head.word("kind").unwrap_or("node-types"));
        Ok(Self { interfaces, world, component: component(Path::new("")), folder })
    }

    /// Something that is kept below the plugin's folder as long as `inputs`, of
    /// that folder, are the same.
    pub(crate) fn kept(&self, name: &str, inputs: &[&str]) -> Result<Kept, BuildError> {
        let inputs = inputs.iter().map(|it| self.folder.join(it)).filter(|it| it.is_file());
        let inputs: Vec<_> = inputs.collect();
        // Environments name their own place.
        Kept::of(self.stamp(name), &inputs, &self.folder.to_string_lossy())
    }

    /// Has `tool` write the component, unless it would be the same as before, and
    /// takes the export away that it leaves in each for itself.
    pub(crate) fn componentize(
        &self,
        tool: &str,
        command: Command,
        own_export: &str,
        runner: &dyn Runner,
    ) -> Result<(), BuildError> {
        let mut inputs = Vec::new();
        collect(&self.folder, Path::new(""), &mut inputs)?;
        inputs.sort();
        let how = format!("{command:?} without {own_export}");
        let kept = Kept::of(self.stamp("component"), &inputs, &how)?;
        let component = self.folder.join(&self.component);
        kept.or_make(&component, || {
            runner.run(tool, command).map_err(BuildError::Program)?;
            let made = fs::read(&component).map_err(at(&component))?;
            match without(&made, own_export) {
                Some(trimmed) => fs::write(&component, trimmed).map_err(at(&component)),
                None => Ok(()),
            }
        })
    }

    fn stamp(&self, name: &str) -> PathBuf {
        self.folder.join(WORK).join(format!("{name}.digest"))
    }
}

/// All files that may go into the component.
fn collect(base: &Path, inside: &Path, files: &mut Vec<PathBuf>) -> Result<(), BuildError> {
    let folder = base.join(inside);
    for entry in fs::read_dir(&folder).map_err(at(&folder))? {
        let name = entry.map_err(at(&folder))?.file_name();
        let path = inside.join(&name);
        let hidden = name.as_encoded_bytes().starts_with(b".");
        if hidden || is_made(&path) || BESIDE.iter().any(|it| path == Path::new(it)) {
            continue;
        }
        if base.join(&path).is_dir() {
            collect(base, &path, files)?;
        } else {
            files.push(base.join(path));
        }
    }
    Ok(())
}
