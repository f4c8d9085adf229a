//! Files with names that every system can have.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Error, Result, kubernetes::ObjectKey};

/// Texts by path.
#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<String, String>);

impl Files {
    pub(super) fn add(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.0.insert(path.into(), text.into());
    }

    /// Adds an object under a name made of its key; answers the file's name.
    pub(super) fn add_object(&mut self, folder: &str, key: &ObjectKey, text: String) -> String {
        let name = file_name(key);
        let numbered = (2..).map(|n: u32| format!("{name}-{n}"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        let free = names.find(|it| !self.0.contains_key(&format!("{folder}{it}.yaml")));
        let file = format!("{}.yaml", free.unwrap_or(name));
        self.0.insert(format!("{folder}{file}"), text);
        file
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|(path, text)| path.len() + text.len()).sum()
    }

    pub(super) fn into_list(self) -> Vec<(String, String)> {
        self.0.into_iter().collect()
    }
}

fn file_name(key: &ObjectKey) -> String {
    let text = format!("{}-{}", key.kind.kind, key.name).to_lowercase();
    let kept = |it: char| if it.is_ascii_alphanumeric() || it == '.' { it } else { '-' };
    // A kind has at most 63 letters and a name 253: longer than a file's may be.
    text.chars().map(kept).take(120).collect()
}

/// A value as YAML.
pub(super) fn yaml(value: &impl Serialize) -> Result<String> {
    serde_saphyr::to_string(value).map_err(Error::internal)
}

/// Lines of comment.
pub(super) fn comment(text: &str) -> String {
    text.lines().map(|line| format!("# {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node_types::Kind;

    #[test]
    fn objects_of_one_name_have_files_of_their_own() {
        let mut files = Files::default();
        let key = |name: &str| ObjectKey {
            kind: Kind::parse("v1", "Thing"),
            namespace: None,
            name: name.into(),
        };
        for (name, file) in [("a:b", "thing-a-b.yaml"), ("a/b", "thing-a-b-2.yaml")] {
            assert_eq!(files.add_object("base/", &key(name), String::new()), file);
        }
        assert_eq!(files.bytes(), "base/thing-a-b.yamlbase/thing-a-b-2.yaml".len());
    }
}
