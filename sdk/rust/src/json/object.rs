//! Objects, sorted by key.

use std::borrow::Cow;

use super::Json;

/// A JSON object. Members are unique and sorted by the bytes of their keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Json<'a>)>,
}

impl<'a> Object<'a> {
    /// An object without members.
    pub fn new() -> Self {
        Self::default()
    }

    /// The member's value. A member that is `null` counts as absent.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        let index = self.position(key).ok()?;
        self.members.get(index).map(|(_, value)| value).filter(|it| !it.is_null())
    }

    /// The value at the end of a path of members.
    pub fn path(&self, keys: &[&str]) -> Option<&Json<'a>> {
        let (last, parents) = keys.split_last()?;
        let mut object = self;
        for key in parents {
            object = object.get(key)?.as_object()?;
        }
        object.get(last)
    }

    /// The string at the end of a path; `""` if there is none.
    pub fn text_at(&self, keys: &[&str]) -> &str {
        self.path(keys).and_then(Json::as_str).unwrap_or_default()
    }

    /// The whole number at the end of a path.
    pub fn int_at(&self, keys: &[&str]) -> Option<i64> {
        self.path(keys).and_then(Json::as_int)
    }

    /// The elements of the array at the end of a path; none if there is none.
    pub fn list_at(&self, keys: &[&str]) -> &[Json<'a>] {
        self.path(keys).map(Json::elements).unwrap_or_default()
    }

    /// Sets a member, replacing one of the same key.
    pub fn set(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Json<'a>>) {
        self.put(key.into(), value.into());
    }

    /// Without type parameters, so that a component has it once.
    #[inline(never)]
    fn put(&mut self, key: Cow<'a, str>, value: Json<'a>) {
        match self.position(&key) {
            Ok(index) => {
                if let Some(member) = self.members.get_mut(index) {
                    member.1 = value;
                }
            }
            Err(index) => self.members.insert(index, (key, value)),
        }
    }

    /// Takes a member out.
    pub fn remove(&mut self, key: &str) -> Option<Json<'a>> {
        let index = self.position(key).ok()?;
        Some(self.members.remove(index).1)
    }

    /// The object with a member added or replaced.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Json<'a>>) -> Self {
        self.set(key, value);
        self
    }

    /// The object with a member, if there is a value for it.
    #[must_use]
    pub fn with_some(
        self,
        key: impl Into<Cow<'a, str>>,
        value: Option<impl Into<Json<'a>>>,
    ) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// The object with a member, unless that is an empty object or array.
    #[must_use]
    pub fn with_filled(self, key: impl Into<Cow<'a, str>>, value: impl Into<Json<'a>>) -> Self {
        match value.into() {
            Json::List(items) if items.is_empty() => self,
            Json::Object(object) if object.is_empty() => self,
            value => self.with(key, value),
        }
    }

    /// Members in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.members.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Keeps the members that `keep` agrees to.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &Json<'a>) -> bool) {
        self.members.retain(|(key, value)| keep(key, value));
    }

    /// The values, for change.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Json<'a>> {
        self.members.iter_mut().map(|(_, value)| value)
    }

    /// The member's value, for change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Json<'a>> {
        let index = self.position(key).ok()?;
        self.members.get_mut(index).map(|(_, value)| value)
    }

    /// The same object without borrowed texts.
    pub fn into_owned(self) -> Object<'static> {
        let owned = |(key, value): (Cow<'a, str>, Json<'a>)| {
            (Cow::Owned(key.into_owned()), value.into_owned())
        };
        Object { members: self.members.into_iter().map(owned).collect() }
    }

    fn position(&self, key: &str) -> Result<usize, usize> {
        self.members.binary_search_by(|(it, _)| it.as_ref().cmp(key))
    }

    /// From members in any order; the last of several with one key stays.
    pub(super) fn from_members(members: Vec<(Cow<'a, str>, Json<'a>)>) -> Self {
        let sorted = members.windows(2).all(|pair| match pair {
            [(left, _), (right, _)] => left < right,
            _ => true,
        });
        if sorted {
            return Self { members };
        }
        // By key, and the last of equals first, which is the one `dedup`
        // keeps. A stable sort is twice the code, in every component.
        let mut numbered: Vec<_> = members.into_iter().enumerate().collect();
        numbered.sort_unstable_by(|(left_at, (left, _)), (right_at, (right, _))| {
            left.cmp(right).then(right_at.cmp(left_at))
        });
        numbered.dedup_by(|(_, (later, _)), (_, (kept, _))| later == kept);
        Self { members: numbered.into_iter().map(|(_, member)| member).collect() }
    }
}

impl<'a, K: Into<Cow<'a, str>>, V: Into<Json<'a>>> FromIterator<(K, V)> for Object<'a> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Self {
        Self::from_members(members.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }
}

impl<'a> IntoIterator for Object<'a> {
    type Item = (Cow<'a, str>, Json<'a>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.members.into_iter()
    }
}
