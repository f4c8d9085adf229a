//! A small component in WebAssembly text, parts of which a test replaces.

use std::{collections::BTreeMap, path::Path};

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

const INTERFACE: &str = "bowsprit:plugin/node-types@0.1.0";
/// Where the module's own data begin.
const BASE: u32 = 16;
/// Where the arguments of calls go.
const HEAP: u32 = 65_536;

/// What the module holds and answers.
pub(crate) struct Guest {
    /// Parts in WebAssembly text in place of plain ones.
    pub(crate) parts: BTreeMap<String, String>,
    /// Names of the node types.
    pub(crate) names: Vec<&'static str>,
    /// The object it renders.
    pub(crate) manifest: String,
    /// The ordering class of the object, as a number.
    pub(crate) order: u8,
    /// Where its one finding points to; no finding without.
    pub(crate) at: Option<String>,
}

impl Default for Guest {
    fn default() -> Self {
        let manifest = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}"#;
        Self {
            parts: BTreeMap::new(),
            names: vec!["hostile"],
            manifest: manifest.into(),
            order: 2,
            at: None,
        }
    }
}

impl Guest {
    /// The bytes of the component.
    pub(crate) fn component(&self) -> Vec<u8> {
        let text = self.text();
        let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut resolve = Resolve::default();
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/bowsprit-plugin/0.1");
        let (package, _) = resolve.push_dir(wit).expect("the WIT is right");
        let world = resolve.packages[package].worlds["node-types-plugin"];
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
            .expect("the world is written");
        // Nothing is checked here: that is the host's part.
        let encoder = ComponentEncoder::default().validate(false).module(&module);
        let encoded = encoder.expect("the module fits its world").encode();
        encoded.unwrap_or_else(|error| panic!("{error:?}\n{text}"))
    }

    fn text(&self) -> String {
        let mut data = Data::default();
        let (described, rendered) = (data.described(&self.names), data.rendered(self));
        let nothing = data.words(&[0; 8]);
        let object = data.text("{}");
        let empty = data.words(&[0, object[0], object[1], 0, 0, 0]);
        let fill = |text: &str| {
            text.replace("{described}", &described.to_string())
                .replace("{rendered}", &rendered.to_string())
        };
        let part = |name: &str, plain: &str| fill(self.parts.get(name).map_or(plain, |it| it));
        let (imports, functions) = sorted(&part("extra", ""));
        let start = self
            .parts
            .get("start")
            .map_or(String::new(), |body| format!("(func $start {})\n(start $start)", fill(body)));
        let export = |name: &str, signature: &str, body: &str| {
            format!("(func (export \"{INTERFACE}#{name}\") {signature} (result i32) {body})\n")
        };
        let node = "(param i32 i32 i32 i32 i32 i32)";
        let constant = |at: u32| format!("(i32.const {at})");
        let mut functions = functions;
        functions += &export("describe", "", &part("describe", "(i32.const {described})"));
        functions += &export("create", "(param i32)", &constant(empty));
        functions += &export("normalize", node, &constant(empty));
        functions += &export("public-view", node, &constant(empty));
        functions += &export("validate", "(param i32)", &constant(nothing));
        functions += &export("render", "(param i32)", &part("render", "(i32.const {rendered})"));
        functions += &export("observe", "(param i32)", &constant(nothing));
        functions += &export("status", "(param i32)", "(unreachable)");
        if self.parts.contains_key("post") {
            let (name, body) = (format!("cabi_post_{INTERFACE}#render"), part("post", ""));
            functions += &format!("(func (export \"{name}\") (param i32) {body})\n");
        }
        format!(
            "(module\n{imports}\n(memory (export \"memory\") {})\n\
             (global $top (mut i32) (i32.const {HEAP}))\n\
             (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) {})\n\
             {functions}{start}\n(data (i32.const {BASE}) \"{}\"))",
            part("memory", "2"),
            part("realloc", BUMP),
            escaped(&data.0),
        )
    }
}

/// Gives out memory in blocks of eight bytes, and never takes it back.
const BUMP: &str = "(global.get $top) (global.set $top (i32.and (i32.add (i32.add \
    (global.get $top) (local.get 3)) (i32.const 7)) (i32.const -8)))";

/// Imports have to come first.
fn sorted(extra: &str) -> (String, String) {
    if extra.starts_with("(import") {
        (extra.into(), String::new())
    } else {
        (String::new(), format!("{extra}\n"))
    }
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("\\{it:02x}")).collect()
}

/// Values laid out as the canonical ABI has them in memory.
#[derive(Default)]
struct Data(Vec<u8>);

impl Data {
    fn here(&self) -> u32 {
        BASE + u32::try_from(self.0.len()).expect("little data")
    }

    /// Address and length of a text.
    fn text(&mut self, text: &str) -> [u32; 2] {
        let at = self.here();
        self.0.extend(text.as_bytes());
        [at, u32::try_from(text.len()).expect("a short text")]
    }

    /// The address of these words.
    fn words(&mut self, words: &[u32]) -> u32 {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let at = self.here();
        self.0.extend(words.iter().flat_map(|it| it.to_le_bytes()));
        at
    }

    /// `result<list<descriptor>, failure>`.
    fn described(&mut self, names: &[&str]) -> u32 {
        let (v1, config_map) = (self.text("v1"), self.text("ConfigMap"));
        let kind = self.words(&[&[0, 0], v1.as_slice(), config_map.as_slice()].concat());
        let (word, schema) = (self.text("word"), self.text(r#"{"type":"object"}"#));
        let mut list = Vec::new();
        for name in names {
            list.extend(self.text(name));
            // Title, description, category, icon; no tags; schema version.
            list.extend([word, word, word, word, [0, 0]].concat());
            list.push(1);
            // Schema; no handles, no connections; what it produces.
            list.extend([schema, [0, 0], [0, 0], [kind, 1]].concat());
        }
        let list = self.words(&list);
        self.words(&[0, list, u32::try_from(names.len()).expect("few names"), 0])
    }

    /// `result<rendered, failure>`.
    fn rendered(&mut self, guest: &Guest) -> u32 {
        let (id, body) = (self.text("main"), self.text(&guest.manifest));
        let manifest = [id[0], id[1], body[0], body[1], u32::from(guest.order), 0, 0];
        let manifest = self.words(&manifest);
        let mut findings = [0, 0];
        if let Some(at) = &guest.at {
            let (code, at) = (self.text("hostile.finding"), self.text(at));
            // Code, severity, message; no node; place; no suggestion, no fixes.
            let finding =
                [code[0], code[1], 0, code[0], code[1], 0, 0, 0, 1, at[0], at[1], 0, 0, 0, 0, 0];
            findings = [self.words(&finding), 1];
        }
        self.words(&[0, manifest, 1, findings[0], findings[1]])
    }
}
