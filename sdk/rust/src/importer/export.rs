//! Between the component's exports and an [`Importer`]. Called by the code
//! [`export_importers!`](crate::export_importers) writes, and by tests.

use super::{Analysis, Drawing, Files, Importer, Listing, ReadError, Source};
use crate::bindings::importer::bowsprit::plugin::{progress, source_files};
use crate::bindings::importer::exports::bowsprit::plugin::importer as wit;
use crate::{Failure, Json, Object};

/// The functions of one importer, documented in `importer.wit`.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the fields are the functions of the WIT interface")]
pub struct Functions {
    pub name: &'static str,
    pub describe: fn() -> Result<wit::Description, Failure>,
    pub detect: fn(&dyn Files) -> u8,
    pub analyze: fn(&dyn Files, &str, Vec<String>) -> Result<Analysis, Failure>,
}

impl Functions {
    /// The functions of an importer.
    pub const fn of<T: Importer>() -> Self {
        Self { name: T::NAME, describe: describe::<T>, detect: detect::<T>, analyze: analyze::<T> }
    }

    /// The functions of the importer called `name`.
    ///
    /// # Errors
    ///
    /// `unsupported` when `importers` has none of that name.
    pub fn find<'t>(importers: &'t [Self], name: &str) -> Result<&'t Self, Failure> {
        importers.iter().find(|it| it.name == name).ok_or_else(|| {
            let name = crate::report::quoted(name);
            Failure::Unsupported(format!("this plugin has no importer {name}"))
        })
    }
}

/// The files as the host shows them.
#[derive(Debug)]
pub struct HostFiles;

impl Files for HostFiles {
    fn list(&self) -> Listing {
        source_files::list()
    }

    fn read(&self, path: &str, offset: u64, limit: u32) -> Result<Vec<u8>, ReadError> {
        source_files::read(path, offset, limit)
    }

    fn report(&self, done: u32, total: u32, what: &str) {
        progress::report(done, total, what);
    }

    fn cancelled(&self) -> bool {
        progress::cancelled()
    }
}

/// Which importers want the source, those that are sure of nothing left out.
pub fn detected(importers: &[Functions], files: &dyn Files) -> Vec<wit::Confidence> {
    let sure = importers.iter().map(|it| wit::Confidence {
        importer: it.name.to_owned(),
        percent: (it.detect)(files).min(100),
    });
    sure.filter(|it| it.percent > 0).collect()
}

fn describe<T: Importer>() -> Result<wit::Description, Failure> {
    let it = T::describe();
    let options = Json::parse(it.options).map_err(|error| {
        Failure::Internal(format!("the options of `{}` are not JSON: {error}", T::NAME))
    })?;
    Ok(wit::Description {
        name: T::NAME.to_owned(),
        title: it.title.to_owned(),
        claims: it.claims.iter().map(|claim| (*claim).to_owned()).collect(),
        options: options.to_text(),
    })
}

fn detect<T: Importer>(files: &dyn Files) -> u8 {
    T::detect(&Source::new(files))
}

fn analyze<T: Importer>(
    files: &dyn Files,
    options: &str,
    ids: Vec<String>,
) -> Result<Analysis, Failure> {
    let options = Object::parse(options).map_err(|error| {
        Failure::Unsupported(format!("options that are not an object: {error}"))
    })?;
    let mut drawing = Drawing::new(T::NAME, ids);
    T::analyze(&Source::new(files), &options, &mut drawing)?;
    drawing.finish()
}

/// Makes importers this component's exports: `export_importers!(Compose)`.
///
/// Also defines `IMPORTERS`, the table the exports look importers up in, for
/// native tests. On other targets than WebAssembly that is all.
#[macro_export]
macro_rules! export_importers {
    ($($importer:ty),+ $(,)?) => {
        /// The importers of this plugin.
        pub static IMPORTERS: &[$crate::importer::export::Functions] =
            &[$($crate::importer::export::Functions::of::<$importer>()),+];

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::Failure;
            use $crate::bindings::importer::exports::bowsprit::plugin::importer as wit;
            use $crate::importer::export::{Functions, HostFiles, detected};

            struct Component;

            impl wit::Guest for Component {
                fn describe() -> Result<Vec<wit::Description>, Failure> {
                    IMPORTERS.iter().map(|it| (it.describe)()).collect()
                }
                fn detect() -> Result<Vec<wit::Confidence>, Failure> {
                    Ok(detected(IMPORTERS, &HostFiles))
                }
                fn analyze(
                    name: String,
                    options: String,
                    ids: Vec<String>,
                ) -> Result<wit::Analysis, Failure> {
                    (Functions::find(IMPORTERS, &name)?.analyze)(&HostFiles, &options, ids)
                }
            }

            $crate::bindings::importer::export_importer_world!(
                Component with_types_in $crate::bindings::importer
            );
        };
    };
}
