//! Keys that were not configured: made once, kept in the data folder.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use secrecy::SecretString;

/// Creates the data folder for its owner alone.
pub(crate) fn prepare_data_dir(dir: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("the data folder {} cannot be created", dir.display()))?;
    let mode = fs::metadata(dir)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!(
            "the data folder {} is open to others (mode {:o}); make it 0700",
            dir.display(),
            mode & 0o777
        );
    }
    Ok(())
}

/// The configured key, or the one in the data folder, or a fresh one that is
/// kept there from now on.
pub(crate) fn configured_or_kept(
    configured: Option<&SecretString>,
    dir: &Path,
    name: &str,
) -> anyhow::Result<SecretString> {
    if let Some(key) = configured {
        return Ok(key.clone());
    }
    let path = dir.join(name);
    let fresh = BASE64.encode(rand::random::<[u8; 32]>());
    // `create_new` settles a race between two starts: the second one reads.
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            file.write_all(fresh.as_bytes())
                .and_then(|()| file.sync_all())
                .with_context(|| format!("{} cannot be written", path.display()))?;
            tracing::info!(file = %path.display(), "generated a key");
            Ok(fresh.into())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            if text.trim().is_empty() {
                bail!("{} is empty; remove it or put a key in it", path.display());
            }
            Ok(text.trim().to_owned().into())
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be created", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn keeps_what_it_generates_to_itself() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("data");
        prepare_data_dir(&dir).unwrap();
        assert_eq!(mode(&dir), 0o700);
        let first = configured_or_kept(None, &dir, "jwt.key").unwrap();
        assert_eq!(mode(&dir.join("jwt.key")), 0o600);
        let again = configured_or_kept(None, &dir, "jwt.key").unwrap();
        assert_eq!(first.expose_secret(), again.expose_secret());
        let given = SecretString::from("mine");
        let configured = configured_or_kept(Some(&given), &dir, "jwt.key").unwrap();
        assert_eq!(configured.expose_secret(), "mine");
    }

    #[test]
    fn refuses_a_folder_others_can_read() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let error = prepare_data_dir(dir.path()).unwrap_err().to_string();
        assert!(error.contains("0700"), "{error}");
    }
}
