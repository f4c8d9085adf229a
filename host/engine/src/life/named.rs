//! Generations as people name them: by a digest or the beginning of one.

use bowsprit_host_core::{
    Error, Result,
    plugins::{GenerationReport, Remembered, short_digest},
};

/// Fewest digits of a digest that name a generation.
const DIGITS: usize = 8;

/// The generation that `name` means among those of `book` that are `fit`: its
/// digest or its first digits, at least eight, with or without `sha256:`.
///
/// # Errors
///
/// [`Error::NoSuch`] with what there is, [`Error::Invalid`] if `name` is too
/// short or means several.
pub(crate) fn find<'a>(
    book: &'a Remembered,
    name: &str,
    fit: impl Fn(&GenerationReport) -> bool,
) -> Result<&'a GenerationReport> {
    let digits = name.strip_prefix("sha256:").unwrap_or(name);
    let known: Vec<_> = book.generations.iter().filter(|it| fit(it)).collect();
    if let Some(exact) = known.iter().copied().find(|it| it.digest == digits) {
        return Ok(exact);
    }
    if digits.len() < DIGITS {
        let problem = format!("must be a digest or at least its first {DIGITS} digits");
        return Err(Error::invalid("generation", problem));
    }
    let mut found = known.iter().copied().filter(|it| it.digest.starts_with(digits));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(none(book, digits, &known)),
        (Some(_), Some(_)) => {
            let problem = format!("`{digits}` begins several digests; write more digits");
            Err(Error::invalid("generation", problem))
        }
    }
}

fn none(book: &Remembered, digits: &str, known: &[&GenerationReport]) -> Error {
    let kept: Vec<_> = known.iter().map(|it| format!("`{}`", short_digest(&it.digest))).collect();
    let kept = match kept.as_slice() {
        [] => "none is kept".to_owned(),
        [one] => format!("kept is {one}"),
        more => format!("kept are {}", more.join(", ")),
    };
    let (id, digits) = (&book.id, short_digest(digits));
    Error::NoSuch { message: format!("plugin `{id}` has no generation `{digits}`; {kept}") }
}

#[cfg(test)]
mod tests {
    use bowsprit_host_core::plugins::LoadStage;

    use super::*;
    use crate::{failure::failure, life::book};

    fn known(digests: &[&str]) -> Remembered {
        let failure = failure(LoadStage::Read, "x", "x", "x");
        let report = |it: &&str| book::report_of_unread((*it).to_owned(), failure.clone());
        let generations = digests.iter().map(report).collect();
        Remembered { generations, ..Remembered::new("one") }
    }

    #[test]
    fn eight_digits_name_a_generation_if_they_are_its_alone() {
        let book = known(&["0123456789abcdef", "0123456789abffff", "11223344556677"]);
        let found = |name: &str| find(&book, name, |_| true).map(|it| it.digest.clone());
        for (name, digest) in [
            ("0123456789abcdef", "0123456789abcdef"),
            ("sha256:0123456789abffff", "0123456789abffff"),
            ("11223344", "11223344556677"),
            ("sha256:112233445", "11223344556677"),
        ] {
            assert_eq!(found(name).ok().as_deref(), Some(digest), "{name}");
        }
        for (name, words) in [
            ("1122334", "at least its first 8 digits"),
            ("", "at least its first 8 digits"),
            ("0123456789ab", "write more digits"),
            (
                "99999999999999",
                "plugin `one` has no generation `999999999999`; kept are `0123456789ab`, \
                 `0123456789ab`, `112233445566`",
            ),
        ] {
            let error = found(name).expect_err(name).to_string();
            assert!(error.contains(words), "{name}: {error}");
        }
        let error = find(&book, "11223344", |it| it.digest.starts_with('0')).err();
        assert_eq!(error.map(|it| it.code()), Some("not-found"));
        let none = find(&book, "11223344", |_| false).err().map(|it| it.to_string());
        assert!(none.is_some_and(|it| it.ends_with("none is kept")));
    }
}
