//! `registry.example.com/team/plugin:1.0.0@sha256:…`

use std::{fmt, str::FromStr};

use super::Digest;

/// Where an artifact is, and which one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Host and, if it is not the usual one, port.
    pub registry: String,
    /// The artifact's name there.
    pub repository: String,
    /// A name that can be moved.
    pub tag: Option<String>,
    /// Which one exactly.
    pub digest: Option<Digest>,
}

/// A text that is no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no reference: {problem}, as in `registry.example.com/team/plugin:1.0.0`")]
pub struct ReferenceError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Reference {
    /// Registry and repository.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The same repository at another digest, without a tag.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// How the manifest is asked for: by digest if there is one.
    pub fn version(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |problem| ReferenceError { text: super::shown(text), problem };
        let (rest, digest) = match text.split_once('@') {
            None => (text, None),
            Some((rest, digest)) => {
                let parsed = Digest::parse(digest);
                let problem = "after `@` there must be `sha256:` and 64 hexadecimal digits";
                (rest, Some(parsed.ok_or(wrong(problem))?))
            }
        };
        let (registry, path) =
            rest.split_once('/').ok_or(wrong("write registry, `/` and a name"))?;
        let (repository, tag) = match path.split_once(':') {
            None => (path, None),
            Some((repository, tag)) => (repository, Some(tag)),
        };
        if !is_registry(registry) {
            return Err(wrong("begin with the registry's host, with a dot, a port or `localhost`"));
        }
        if repository.len() > 255 || !repository.split('/').all(is_name) {
            return Err(wrong("use lower-case letters, digits and single `.`, `_`, `-` in names"));
        }
        if !tag.is_none_or(is_tag) {
            return Err(wrong("a tag is 1 to 128 letters, digits, `.`, `_` and `-`"));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(out, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(out, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// A host that cannot be taken for the first part of a name.
fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let bracketed = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let named = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-'))
        }
    };
    let numbered = port.is_none_or(|it| it.parse::<u16>().is_ok());
    named && numbered && (host.contains(['.', '[']) || port.is_some() || host == "localhost")
}

/// One part of a repository's name, as the distribution specification has it.
fn is_name(part: &str) -> bool {
    let inner = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    let ends = part.bytes().next().is_some_and(inner) && part.bytes().last().is_some_and(inner);
    let known = part.bytes().all(|it| inner(it) || matches!(it, b'.' | b'_' | b'-'));
    ends && known && !part.contains("..") && !part.contains("___")
}

fn is_tag(tag: &str) -> bool {
    let word = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|it| word(it) || matches!(it, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for text in [
            "localhost/plugin",
            "localhost:5000/a/b/c:v1",
            "ghcr.io/team/plug_in.x:1.0.0",
            "127.0.0.1:5000/p:latest",
            "[::1]:5000/p",
            &format!("r.example.com/p:1@{digest}"),
            &format!("r.example.com/p@{digest}"),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_could_lead_elsewhere() {
        for text in [
            "",
            "plugin",
            "team/plugin",
            "/plugin",
            "r.example.com/",
            "r.example.com/../x",
            "r.example.com/a//b",
            "r.example.com/A",
            "r.example.com/a:",
            "r.example.com/a:b:c",
            "r.example.com/a?x=1",
            "u:p@r.example.com/a",
            "http://r.example.com/a",
            "r.example.com:99999/a",
            "r.example.com/a@sha256:00",
            "r.example.com/a@md5:00",
            "r.example.com/a\n",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }
}
