//! Body keys that a type does not know: another program's, or those of a newer
//! build. An update carries them along.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde_json::value::RawValue;

use super::{Record, StoreError};

type Keys<'a> = IndexMap<Cow<'a, str>, &'a RawValue>;

/// Unknown keys of an object and of the objects in it.
#[derive(Default)]
pub(super) struct Foreign(Vec<(String, Part)>);

enum Part {
    /// The type does not know this key.
    Whole(Box<RawValue>),
    /// It knows the key, but not all of the object there.
    Within(Foreign),
}

impl Foreign {
    /// What `body` holds beyond `own`, which the value read from it writes.
    pub(super) fn of<T: Record>(body: &str, own: &str) -> Result<Self, StoreError> {
        Self::beyond(own, body, T::MOVED)
    }

    fn beyond(own: &str, stored: &str, moved: &[&str]) -> Result<Self, StoreError> {
        let own = keys(own)?;
        let mut parts = Vec::new();
        for (key, value) in keys(stored)? {
            match own.get(&key) {
                Some(own) if is_object(own) && is_object(value) => {
                    let within = Self::beyond(own.get(), value.get(), &[])?;
                    if !within.0.is_empty() {
                        parts.push((key.into_owned(), Part::Within(within)));
                    }
                }
                None if !moved.contains(&key.as_ref()) => {
                    parts.push((key.into_owned(), Part::Whole(value.to_owned())));
                }
                _ => {}
            }
        }
        Ok(Self(parts))
    }

    /// `body` with the unknown keys, except those it has by now.
    pub(super) fn added_to(&self, body: String) -> Result<String, StoreError> {
        if self.0.is_empty() {
            return Ok(body);
        }
        let own = keys(&body)?;
        let mut whole: IndexMap<_, Cow<'_, RawValue>> =
            own.into_iter().map(|(key, value)| (key, Cow::Borrowed(value))).collect();
        for (key, part) in &self.0 {
            match (part, whole.get_mut(key.as_str())) {
                (Part::Whole(value), None) => {
                    whole.insert(key.as_str().into(), Cow::Borrowed(value));
                }
                (Part::Within(foreign), Some(own)) if is_object(own) => {
                    let text = foreign.added_to(own.get().to_owned())?;
                    *own = Cow::Owned(RawValue::from_string(text).map_err(corrupt)?);
                }
                _ => {}
            }
        }
        serde_json::to_string(&whole).map_err(corrupt)
    }
}

fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

fn keys(body: &str) -> Result<Keys<'_>, StoreError> {
    serde_json::from_str(body).map_err(corrupt)
}

fn corrupt(error: serde_json::Error) -> StoreError {
    StoreError::Corrupt(error.into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::{super::Collection, *};

    #[derive(Serialize, Deserialize)]
    struct Thing {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<i64>,
        #[serde(default)]
        labels: BTreeMap<String, String>,
        #[serde(default)]
        inner: Inner,
    }

    #[derive(Default, Serialize, Deserialize)]
    struct Inner {
        known: i64,
    }

    static THINGS: Collection =
        Collection { name: "things", fields: &[], indexes: &[], unique: &[], expiry: None };

    impl Record for Thing {
        const COLLECTION: &'static Collection = &THINGS;
        const MOVED: &'static [&'static str] = &["graph"];

        fn key(&self) -> String {
            "x".into()
        }

        fn restore_key(&mut self, _id: &str) {}
    }

    fn updated(body: &str, change: impl FnOnce(&mut Thing)) -> String {
        let mut thing: Thing = serde_json::from_str(body).unwrap();
        let foreign = Foreign::of::<Thing>(body, &serde_json::to_string(&thing).unwrap()).unwrap();
        change(&mut thing);
        foreign.added_to(serde_json::to_string(&thing).unwrap()).unwrap()
    }

    #[test]
    fn unknown_keys_stay_as_they_were_written() {
        let body = r#"{"name":"a","n":1.0e2,"graph":[1],"deep":{"z":1,"a":[ 2 ]},"inner":{"x":[ ],"known":1}}"#;
        let renamed = updated(body, |it| it.name = "b".into());
        let expected = r#"{"name":"b","labels":{},"inner":{"known":1,"x":[ ]},"n":1.0e2,"deep":{"z":1,"a":[ 2 ]}}"#;
        assert_eq!(renamed, expected);
    }

    #[test]
    fn known_keys_come_and_go() {
        let body = r#"{"name":"a","labels":{"a":"1","b":"2"},"inner":{"known":1},"end":5}"#;
        let changed = updated(body, |it| {
            it.end = None;
            it.labels.remove("a");
        });
        assert_eq!(changed, r#"{"name":"a","labels":{"b":"2"},"inner":{"known":1}}"#);
        let set = updated(r#"{"name":"a","end":null}"#, |it| it.end = Some(6));
        assert_eq!(set, r#"{"name":"a","end":6,"labels":{},"inner":{"known":0}}"#);
    }
}
