//! Keys that were not configured: made once, kept in the data folder.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bowsprit_host_core::{
    identity::tokens::SigningKeys,
    secrets::{Key, KeyRing},
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::settings::Settings;

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

/// What seals credentials, and what still opens them.
pub(crate) fn key_ring(settings: &Settings) -> anyhow::Result<KeyRing> {
    let configured = settings.encryption_key.as_ref();
    let key = configured_or_kept(configured, &settings.data_dir, "encryption.key")?;
    Ok(KeyRing::new(Key::parse(&key), settings.encryption_keys_old.iter().map(Key::parse)))
}

/// What signs tokens: what is configured, or what the data folder keeps. The
/// kept file holds a key a line, the newest first.
pub(crate) fn signing_keys(settings: &Settings) -> anyhow::Result<SigningKeys> {
    const FILE: &str = "jwt.key";
    let configured = settings.jwt_secret.as_ref();
    let kept = configured_or_kept(configured, &settings.data_dir, FILE)?;
    let mut old = settings.jwt_secrets_old.clone();
    let first = match configured {
        Some(secret) => secret.clone(),
        None => {
            let lines = kept.expose_secret().lines().map(str::trim);
            let mut keys = lines.filter(|it| !it.is_empty()).map(SecretString::from);
            let first = keys.next().with_context(|| format!("{FILE} is empty"))?;
            old.extend(keys);
            first
        }
    };
    if old.iter().chain([&first]).any(|it| it.expose_secret().len() < 16) {
        bail!("a key in `jwt_secrets_old` or {FILE} is shorter than 16 bytes");
    }
    Ok(SigningKeys { first, old, reference: configured.is_some() })
}

#[cfg(test)]
mod tests {
    use crate::settings::Flags;

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
    fn the_newest_key_signs_and_earlier_ones_count() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().display().to_string();
        let keys = |more: &[(&str, &str)]| {
            let given = [more, &[("BOWSPRIT_DATA_DIR", folder.as_str())]].concat();
            let given = given.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
            signing_keys(&Settings::load(None, given, Flags::default()).unwrap())
        };
        let texts = |keys: &SigningKeys| {
            let all = [&keys.first].into_iter().chain(&keys.old);
            all.map(|it| it.expose_secret().to_owned()).collect::<Vec<_>>()
        };
        fs::write(dir.path().join("jwt.key"), "the second of keys\n\nthe first of keys\n").unwrap();
        let kept = keys(&[]).unwrap();
        assert_eq!(texts(&kept), ["the second of keys", "the first of keys"]);
        assert!(!kept.reference);
        let secret = ("BOWSPRIT_JWT_SECRET", "a configured secret");
        let old = ("BOWSPRIT_JWT_SECRETS_OLD", "an earlier secret, another of my secrets");
        let configured = keys(&[secret, old]).unwrap();
        let expected = ["a configured secret", "an earlier secret", "another of my secrets"];
        assert_eq!(texts(&configured), expected);
        assert!(configured.reference);
        let error = keys(&[("BOWSPRIT_JWT_SECRETS_OLD", "short")]).err().unwrap().to_string();
        assert!(error.contains("jwt_secrets_old") && error.contains("16 bytes"), "{error}");
    }

    #[test]
    fn refuses_a_folder_others_can_read() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let error = prepare_data_dir(dir.path()).unwrap_err().to_string();
        assert!(error.contains("0700"), "{error}");
    }
}
