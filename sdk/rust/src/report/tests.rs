//! Findings get what the call site leaves out.

use super::{MAX_FINDINGS, Report, quoted};
use crate::Severity;

#[test]
fn a_finding_names_type_node_and_place() {
    let mut report = Report::new("deployment", "n1");
    report.warning("image.latest", "text").at("/image").suggest("pin it");
    assert!(!report.has_errors());
    let findings = report.into_findings();
    assert_eq!(findings[0].code, "deployment.image.latest");
    assert_eq!(findings[0].severity, Severity::Warning);
    assert_eq!(findings[0].node.as_deref(), Some("n1"));
    assert_eq!(findings[0].at.as_deref(), Some("/image"));
    assert_eq!(findings[0].suggestion.as_deref(), Some("pin it"));
}

#[test]
fn a_flood_of_findings_is_counted_instead_of_kept() {
    let mut report = Report::new("configmap", "n1");
    for _ in 0..MAX_FINDINGS + 7 {
        report.error("data.key.invalid", "text").at("/data");
    }
    assert!(report.has_errors());
    let findings = report.into_findings();
    assert_eq!(findings.len(), MAX_FINDINGS + 1);
    assert_eq!(findings[MAX_FINDINGS].message, "There are 7 more findings.");
}

#[test]
fn quoted_text_stays_on_one_short_line() {
    assert_eq!(quoted("a\nb"), "`a\\u{a}b`");
    assert!(quoted(&"x".repeat(1000)).chars().count() < 70);
}
