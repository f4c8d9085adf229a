//! The harness finds what there is to find.

use std::cell::RefCell;

use super::*;

fn target<'a>(run: &'a dyn Fn(&[u8]) -> String) -> Target<'a> {
    Target {
        name: "test",
        seeds: vec![b"seed".to_vec()],
        words: &[b"fault"],
        make: None,
        most: 64,
        run,
    }
}

#[test]
fn an_input_of_two_words_that_only_leads_through_one_is_found() {
    let longest = RefCell::new(0);
    let run = |input: &[u8]| {
        let found = input.windows(5).filter(|it| it == b"fault").count();
        let mut longest = longest.borrow_mut();
        *longest = found.max(*longest);
        found.to_string()
    };
    let walked = walk(&target(&run));
    assert!(walked.inputs > 1000 && walked.words > 2, "{walked:?}");
    assert!(*longest.borrow() > 2);
}

#[test]
fn inputs_are_no_longer_than_they_may_be_and_repeat() {
    let all = || {
        let inputs = RefCell::new(Vec::new());
        let run = |input: &[u8]| {
            assert!(input.len() <= 64);
            let mut inputs = inputs.borrow_mut();
            if inputs.len() < 100 {
                inputs.push(input.to_vec());
            }
            String::new()
        };
        walk(&target(&run));
        inputs.into_inner()
    };
    assert_eq!(all(), all());
}

#[test]
fn a_panic_ends_the_walk_and_keeps_the_input() {
    let run = |input: &[u8]| {
        assert!(!input.ends_with(b"fault"), "found");
        String::new()
    };
    let ended = catch_unwind(AssertUnwindSafe(|| walk(&target(&run))));
    assert!(ended.is_err());
    let file = env::temp_dir().join(format!("bowsprit-fuzz-test-{}.bin", std::process::id()));
    assert!(fs::read(&file).expect("it is kept").ends_with(b"fault"));
    fs::remove_file(file).expect("it is there");
}
