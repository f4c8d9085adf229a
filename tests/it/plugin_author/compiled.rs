//! Compiled code that outlives a command.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Output,
};

use super::{author, complains, echo, plugin, says, texts};

/// What `check` adds if it had nothing to compile.
const KNOWN: &str = "its code was compiled by an earlier call";

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect()
}

/// A folder with the plugin `echo`, whose golden files are met.
fn desk() -> tempfile::TempDir {
    let base = tempfile::tempdir().unwrap();
    echo(base.path(), "echo");
    says(base.path(), &["test", "echo", "--update"]);
    base
}

/// The first two figures in milliseconds of the row about compiling.
fn ready_after(said: &str) -> (f64, Option<f64>) {
    let row = said.lines().find(|it| it.contains("ready after")).unwrap();
    let before = |part: &str| part.trim().rsplit(' ').next().unwrap().parse::<f64>().ok();
    let mut figures = row.split(" ms").map(before);
    (figures.next().unwrap().unwrap(), figures.next().unwrap())
}

#[test]
fn a_component_is_compiled_once_and_check_says_how_long_that_took() {
    let base = desk();
    let check = ["check", "echo", "--code-cache", "kept/code"];
    let first = says(base.path(), &check);
    assert!(!first.contains(KNOWN), "{first}");
    let [file] = files(&base.path().join("kept/code")).try_into().unwrap();
    let again = says(base.path(), &check);
    assert!(again.contains(KNOWN), "{again}");
    let (whole, _) = ready_after(&first);
    let (counted, now) = ready_after(&again);
    let compiled = counted - now.unwrap();
    assert!(compiled > 0.0 && compiled <= whole, "{first}{again}");
    // The other commands use the same.
    for arguments in
        [&["test", "echo"][..], &["try", "describe", "echo"], &["diff", "echo", "echo"]]
    {
        says(base.path(), &[arguments, &["--code-cache", "kept/code"]].concat());
    }
    assert_eq!(files(&base.path().join("kept/code")), std::slice::from_ref(&file));
    assert!(!says(base.path(), &["check", "echo", "--code-cache", "none"]).contains(KNOWN));
    assert!(!base.path().join("none").exists());

    // What somebody else may have supplied is not run.
    mode(&file, 0o666);
    assert!(!says(base.path(), &check).contains(KNOWN));
    assert!(says(base.path(), &check).contains(KNOWN), "it was written anew");
    mode(&base.path().join("kept/code"), 0o755);
    let complaint = complains(base.path(), &check);
    assert!(complaint.contains("kept/code is open to others"), "{complaint}");
}

#[test]
fn compiled_code_is_kept_in_the_users_cache_folder() {
    let base = desk();
    let check = |name: &str, value: &Path| -> Output {
        let mut command = author(base.path(), &["check", "echo"]);
        command.env_remove("BOWSPRIT_CODE_CACHE").env_remove("XDG_CACHE_HOME");
        command.env("HOME", base.path().join("home")).env(name, value).output().unwrap()
    };
    check("XDG_CACHE_HOME", &base.path().join("xdg"));
    let folder = base.path().join("xdg/bowsprit/code");
    assert_eq!(files(&folder).len(), 1);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let (out, err) = texts(&check("XDG_CACHE_HOME", &base.path().join("xdg")));
    assert!(out.contains(KNOWN) && err.is_empty(), "{out}{err}");
    // By the specification of these folders, what is relative does not count.
    check("XDG_CACHE_HOME", Path::new("xdg"));
    assert_eq!(files(&base.path().join("home/.cache/bowsprit/code")).len(), 1);
    // Nobody named it, so its state keeps nobody from working.
    mode(&folder, 0o755);
    let output = check("XDG_CACHE_HOME", &base.path().join("xdg"));
    let (out, err) = texts(&output);
    assert!(output.status.success() && !out.contains(KNOWN), "{out}{err}");
    assert!(err.contains("is open to others") && err.contains("--code-cache"), "{err}");
}

#[test]
fn compiled_code_is_bounded() {
    let base = desk();
    let check = |mib: &str| {
        let arguments = ["check", "echo", "--code-cache", "kept", "--code-cache-mib", mib];
        plugin(base.path(), &arguments)
    };
    assert!(check("1").status.success());
    let [file] = files(&base.path().join("kept")).try_into().unwrap();
    // An older one, which leaves no room for both.
    let older = file.with_file_name(format!("{}-{}.code", "0".repeat(64), "0".repeat(16)));
    fs::write(&older, vec![0; 1 << 20]).unwrap();
    mode(&file, 0o666);
    assert!(check("1").status.success());
    assert_eq!(files(&base.path().join("kept")), [file]);
    let (_, err) = texts(&check("0"));
    assert!(err.contains("--code-cache-mib"), "{err}");
}
