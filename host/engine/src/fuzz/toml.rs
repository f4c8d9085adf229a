//! Text that is said to be a `plugin.toml`.

use bowsprit_fuzz::{Noise, Target};

use super::{survives, word};
use crate::package::{PluginToml, is_kebab};

const GOOD: &str = r#"id = "one"
version = "1.2.3"
api = "0.1"
kind = "node-types"
component = "plugin.wasm"
title = "One"
description = "Does one thing."
license = "Apache-2.0"

[wants]
produces = ["v1/Other", "apps/v1/Thing"]
cluster-scoped = true

[limits]
memory-mib = 16
calls = 2

[palette]
native = true
"#;

const WORDS: [&str; 16] = [
    "[limits]\n",
    "[wants]\n",
    "[[wants]]\n",
    "= ",
    "\"\"\"",
    "\n",
    "[[[[[[[[",
    "{a={a={a=",
    "999999999999",
    "-1",
    "deadline-ms",
    "source-files",
    "\u{202e}",
    "ü",
    "uses = \"x\"",
    "1979-05-27",
];

/// Lines in any order.
fn shuffled(noise: &mut Noise) -> Vec<u8> {
    let lines: Vec<&str> = GOOD.lines().collect();
    let mut text = String::new();
    for _ in 0..lines.len() {
        text += noise.pick(&lines).copied().unwrap_or_default();
        text.push('\n');
    }
    text.into_bytes()
}

#[test]
fn plugin_tomls() {
    let run = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let guessed = PluginToml::guess_id(&text);
        assert!(guessed.as_deref().is_none_or(is_kebab), "{guessed:?}");
        match PluginToml::parse(&text, "plugin.toml") {
            Err(failure) => {
                assert!(failure.message.len() < 4 << 10, "a message as long as a page");
                word(&failure)
            }
            Ok(toml) => {
                assert!(is_kebab(&toml.id) && guessed.is_some());
                let wants = &toml.wants;
                format!(
                    "{:?} {} {}",
                    toml.world(),
                    wants.produced().len().min(4),
                    wants.cluster_scoped
                )
            }
        }
    };
    let words = WORDS.map(str::as_bytes);
    survives(&Target {
        name: "plugin-toml",
        seeds: vec![GOOD.into()],
        words: &words,
        make: Some(&shuffled),
        most: 16 << 10,
        run: &run,
    });
}
