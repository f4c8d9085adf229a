use super::*;

#[test]
fn is_complete_by_construction() {
    let routes = crate::routes();
    let bare: Vec<_> = routes
        .iter()
        .filter(|it| !it.is_described())
        .map(|it| format!("{} {}", it.method, it.path))
        .collect();
    assert!(bare.is_empty(), "routes without `.described(…)`: {bare:#?}");
    let paths = crate::document()["paths"].as_object().unwrap();
    let operations: usize = paths.values().map(|it| it.as_object().unwrap().len()).sum();
    assert_eq!(operations, routes.len());
}

#[test]
fn every_reference_leads_somewhere() {
    let text = crate::document().to_string();
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(crate::document()["components"]["schemas"].get(name).is_some(), "`{name}`");
    }
}

#[test]
fn every_code_a_route_names_exists() {
    for route in crate::routes() {
        let fails = route.operation.iter().flat_map(|it| &it.fails);
        for (status, code) in fails {
            let entry = codes::find(code).unwrap_or_else(|| panic!("`{code}` is in no list"));
            assert!(status.is_some() || entry.status != 0, "`{code}` is no answer's own");
        }
    }
}

#[test]
fn the_yaml_begins_like_yaml() {
    let text = String::from_utf8(crate::DOCUMENT.yaml.to_vec()).unwrap();
    assert!(text.contains("openapi: \"3.1.0\"\n"), "{}", &text[..200]);
    assert!(text.contains("\n  \"/v1/api/workflows/{id}\": {"));
}

#[test]
fn an_answer_may_be_empty() {
    let operation = Operation::new("Leads on").answers_nothing(StatusCode::TEMPORARY_REDIRECT);
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let (status, content) = &operation.answers[0];
    let response = content.response(*status, &mut generator);
    assert_eq!(response, json!({ "description": "Temporary Redirect" }));
}
