//! What containers and pods are allowed to do.

use bowsprit_plugin_sdk::shape::{Form, MOST, Member, Shape};
use bowsprit_plugin_sdk::{Fields, Invalid, Report, rules};

use super::{COUNT, TEXT};

const RUN_AS_GROUP: Member = ("runAsGroup", COUNT);
const RUN_AS_NON_ROOT: Member = ("runAsNonRoot", Shape::Flag);
const RUN_AS_USER: Member = ("runAsUser", COUNT);
const APP_ARMOR: Member = ("appArmorProfile", Shape::One(&PROFILE));
const SECCOMP: Member = ("seccompProfile", Shape::One(&PROFILE));
const SE_LINUX: Member = ("seLinuxOptions", Shape::One(&SE_LINUX_OPTIONS));
const WINDOWS: Member = ("windowsOptions", Shape::One(&WINDOWS_OPTIONS));

/// `core/v1.SecurityContext`.
pub(crate) static CONTAINER: Form = Form::new(&[
    ("allowPrivilegeEscalation", Shape::Flag),
    APP_ARMOR,
    ("capabilities", Shape::One(&CAPABILITIES)),
    ("privileged", Shape::Flag),
    ("procMount", Shape::Choice(&["Default", "Unmasked"])),
    ("readOnlyRootFilesystem", Shape::Flag),
    RUN_AS_GROUP,
    RUN_AS_NON_ROOT,
    RUN_AS_USER,
    SE_LINUX,
    SECCOMP,
    WINDOWS,
])
.check(check_container);

/// `core/v1.PodSecurityContext`.
pub(crate) static POD: Form = Form::new(&[
    APP_ARMOR,
    ("fsGroup", COUNT),
    ("fsGroupChangePolicy", Shape::Choice(&["OnRootMismatch", "Always"])),
    RUN_AS_GROUP,
    RUN_AS_NON_ROOT,
    RUN_AS_USER,
    SE_LINUX,
    SECCOMP,
    ("supplementalGroups", Shape::Wholes(0, MOST)),
    ("supplementalGroupsPolicy", Shape::Choice(&["Merge", "Strict"])),
    ("sysctls", Shape::Many(&SYSCTL)),
    WINDOWS,
])
.check(check_user);

static PROFILE: Form = Form::new(&[
    ("localhostProfile", TEXT),
    ("type", Shape::Choice(&["RuntimeDefault", "Localhost", "Unconfined"])),
])
.required(&["type"]);

static CAPABILITIES: Form =
    Form::new(&[("add", Shape::Texts(capability)), ("drop", Shape::Texts(capability))]);

static SE_LINUX_OPTIONS: Form =
    Form::new(&[("level", TEXT), ("role", TEXT), ("type", TEXT), ("user", TEXT)]);

static WINDOWS_OPTIONS: Form = Form::new(&[
    ("gmsaCredentialSpec", TEXT),
    ("gmsaCredentialSpecName", TEXT),
    ("hostProcess", Shape::Flag),
    ("runAsUserName", TEXT),
]);

static SYSCTL: Form = Form::new(&[("name", TEXT), ("value", TEXT)]).required(&["name", "value"]);

/// The name of a Linux capability, as container runtimes take it.
fn capability(text: &str) -> Result<(), rules::Flaw> {
    let word = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_';
    if text.bytes().all(word) && !text.starts_with("CAP_") {
        return Ok(());
    }
    Err(rules::Flaw {
        problem: "is not a capability",
        hint: "Write it in capitals and without `CAP_`, such as `NET_BIND_SERVICE`, or `ALL`.",
    })
}

/// Source: `core/validation.ValidateSecurityContext`.
fn check_container(fields: &Fields<'_, '_>, report: &mut Report) {
    let flag = |name| fields.flag(name).ok().flatten();
    let is_privileged = flag("privileged") == Some(true);
    if is_privileged && flag("allowPrivilegeEscalation") == Some(false) {
        let place = fields.place().field("allowPrivilegeEscalation");
        let message = "A privileged container can always gain privileges.";
        let invalid = Invalid::new(&place, "privileged", message);
        report.required::<()>(Err(invalid.suggest("Turn one of the two off.")));
    }
    check_user(fields, report);
}

/// Root is not another user than root.
fn check_user(fields: &Fields<'_, '_>, report: &mut Report) {
    let must_not = fields.flag("runAsNonRoot").ok().flatten() == Some(true);
    let is_root = fields.whole("runAsUser", 0..=0).ok().flatten().is_some();
    if must_not && is_root {
        let place = fields.place().field("runAsUser");
        let message = "`runAsNonRoot` forbids user 0.";
        let invalid = Invalid::new(&place, "root", message);
        report.required::<()>(Err(invalid.suggest("Name another user, such as 1000.")));
    }
}
