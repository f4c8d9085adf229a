//! What is read back from types, and what is left out.

use serde_json::json;

use super::sources::Declared;
use super::{declarations, kopium, strip};

const RUST: &str = r#"
    #[derive(CustomResource)]
    #[kube(group = "example.k8s.io", version = "v1", kind = "Widget", plural = "widgets")]
    #[kube(namespaced)]
    #[kube(status = "WidgetStatus")]
    pub struct WidgetSpec {
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "maxSpeed")]
        pub max_speed: Option<i64>,
        pub colour: WidgetColour,
        pub parts: Vec<WidgetParts>,
        pub port: Option<IntOrString>,
        pub labels: Option<BTreeMap<String, String>>,
        pub rest: Option<serde_json::Value>,
    }
    pub enum WidgetColour {
        #[serde(rename = "dark-red")]
        DarkRed,
        Blue,
    }
    pub struct WidgetParts { pub r#type: String, pub heavy: Option<bool> }
    pub struct WidgetStatus { pub conditions: Option<Vec<Condition>> }
"#;

#[test]
fn rust_types_become_a_definition() {
    let made = kopium::definition(RUST).unwrap();
    let version = &made["spec"]["versions"][0];
    let spec = &version["schema"]["openAPIV3Schema"]["properties"]["spec"];
    assert_eq!(spec["required"], json!(["colour", "parts"]));
    let of = |key: &str| &spec["properties"][key];
    assert_eq!(*of("maxSpeed"), json!({"type": "integer"}));
    assert_eq!(*of("colour"), json!({"type": "string", "enum": ["dark-red", "Blue"]}));
    assert_eq!(of("parts")["items"]["required"], json!(["type"]));
    assert_eq!(*of("port"), json!({"x-kubernetes-int-or-string": true}));
    assert_eq!(of("labels")["additionalProperties"], json!({"type": "string"}));
    assert_eq!(*of("rest"), json!({"x-kubernetes-preserve-unknown-fields": true}));
    assert_eq!(made["spec"]["names"]["plural"], "widgets");
    assert_eq!(made["spec"]["scope"], "Namespaced");
}

#[test]
fn a_rust_type_nobody_knows_is_an_error_that_names_the_field() {
    let error = kopium::definition(&RUST.replace("Option<bool>", "Option<Weight>")).unwrap_err();
    let told = format!("{error:#}");
    assert!(told.contains("heavy") && told.contains("Weight"), "{told}");
}

const TYPESCRIPT: &str = r#"
    import { ApiObject } from 'cdk8s';
    /** A { brace in a comment. */
    export declare class Widget extends ApiObject { toJson(): any; }
    export interface WidgetProps {
        readonly metadata?: ApiObjectMetadata;
        readonly spec: WidgetSpec;
    }
    export interface WidgetSpec {
        /** How fast; { and ; do not matter. */
        readonly speed?: number;
        readonly 'port': number | string;
        readonly parts?: WidgetPart[];
        readonly labels?: {
            [key: string]: string;
        };
        readonly colour: WidgetColour;
        readonly size?: WidgetSize;
    }
    export declare function toJson_Widget(obj: WidgetSpec | undefined): Record<string, any>;
    export declare class WidgetSize {
        static fromString(value: string): WidgetSize;
        private constructor();
    }
    export interface WidgetPart { readonly inner?: WidgetPart; }
    export declare enum WidgetColour {
        DARK_RED = "dark-red"
    }
"#;

fn declared() -> Vec<Declared> {
    let text = |it: &str| it.to_owned();
    vec![Declared {
        root: text("WidgetProps"),
        group: text("example.com"),
        version: text("v1"),
        kind: text("Widget"),
        plural: text("widgets"),
    }]
}

#[test]
fn typescript_declarations_become_a_definition() {
    let source = TYPESCRIPT.replace("ApiObjectMetadata", "any");
    let made = declarations::definitions(&source, &declared()).unwrap();
    let root = &made[0]["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    assert_eq!(root["required"], json!(["spec"]));
    let spec = &root["properties"]["spec"];
    assert_eq!(spec["required"], json!(["colour", "port"]));
    let of = |key: &str| &spec["properties"][key];
    assert_eq!(*of("speed"), json!({"type": "number"}));
    assert_eq!(*of("port"), json!({"x-kubernetes-int-or-string": true}));
    assert_eq!(*of("size"), json!({"x-kubernetes-int-or-string": true}));
    assert_eq!(*of("colour"), json!({"type": "string", "enum": ["dark-red"]}));
    assert_eq!(of("labels")["additionalProperties"], json!({"type": "string"}));
    let inner = &of("parts")["items"]["properties"]["inner"];
    assert_eq!(inner["x-kubernetes-preserve-unknown-fields"], true, "no recursion in a schema");
}

#[test]
fn only_served_and_wanted_versions_stay_without_their_descriptions() {
    let schema = json!({"openAPIV3Schema": {
        "type": "object", "description": "long",
        "properties": {"description": {"type": "string", "description": "long"}},
    }});
    let version = |name: &str, served: bool, storage: bool| {
        json!({"name": name, "served": served, "storage": storage, "schema": schema,
            "deprecationWarning": "old"})
    };
    let definition = json!({"metadata": {"labels": {"a": "b"}}, "spec": {
        "group": "example.k8s.io", "scope": "Cluster", "names": {"plural": "widgets"},
        "conversion": {"strategy": "Webhook"},
        "versions": [version("v3", false, true), version("v2", true, false), version("v1", true, false)],
    }});
    let small = strip::small(&definition, &[]).unwrap();
    let versions = small["spec"]["versions"].as_array().unwrap();
    let names: Vec<_> = versions.iter().map(|it| (&it["name"], &it["storage"])).collect();
    assert_eq!(names, [(&json!("v2"), &json!(true)), (&json!("v1"), &json!(false))]);
    let properties = &versions[0]["schema"]["openAPIV3Schema"];
    let left = json!({"type": "object", "properties": {"description": {"type": "string"}}});
    assert_eq!(*properties, left);
    assert_eq!(small["spec"]["conversion"], json!(null));
    assert_eq!(small["metadata"]["name"], "widgets.example.k8s.io");
    assert!(small["metadata"]["annotations"].is_object(), "a group of Kubernetes' own");
    let only = strip::small(&definition, &["v1".to_owned()]).unwrap();
    assert_eq!(only["spec"]["versions"][0]["name"], "v1");
    assert!(strip::small(&definition, &["v3".to_owned()]).is_err(), "it is not served");
}
