//! Archives from people who mean no good.

use std::{fs, os::unix::fs::symlink};

use proptest::prelude::*;

use super::*;

const SMALL: Bounds = Bounds { files: 3, file_bytes: 100, bytes: 150 };

/// An entry as it is written, whatever its path.
fn entry(archive: &mut Vec<u8>, path: &[u8], kind: tar::EntryType, said: u64, content: &[u8]) {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(said);
    header.set_mode(0o644);
    header.as_mut_bytes()[..path.len()].copy_from_slice(path);
    if matches!(kind, tar::EntryType::Symlink | tar::EntryType::Link) {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    archive.extend(header.as_bytes());
    archive.extend(content);
    archive.resize(archive.len().next_multiple_of(512), 0);
}

fn one(path: &[u8], kind: tar::EntryType) -> Vec<u8> {
    let mut archive = Vec::new();
    let content: &[u8] = if kind == tar::EntryType::Regular { b"x" } else { b"" };
    entry(&mut archive, path, kind, content.len() as u64, content);
    archive.resize(archive.len() + 1024, 0);
    archive
}

fn files(all: &[(&str, &str)]) -> Files {
    all.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

#[test]
fn the_same_files_are_the_same_archive_and_come_back() {
    let deep = format!("assets/{}/x", "a".repeat(150));
    let all = files(&[("plugin.toml", "id"), ("golden/a.json", "{}"), (&deep, ""), ("ü", "1")]);
    let packed = pack(&all).unwrap();
    assert_eq!(packed, pack(&all.clone()).unwrap());
    assert_eq!(unpack(&packed, Bounds::PLUGIN).unwrap(), all);
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    for path in [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "./x",
        "a//b",
        "a/./b",
        "a\\..\\x",
        "c:x",
        "a\nb",
        "..",
        "a/..",
        "a/",
    ] {
        let found = unpack(&one(path.as_bytes(), tar::EntryType::Regular), Bounds::PLUGIN);
        assert!(matches!(found, Err(ArchiveError::Path { .. })), "{path}: {found:?}");
        assert!(pack(&files(&[(path, "")])).is_err(), "{path}");
    }
    let found = unpack(&one(b"a\xff", tar::EntryType::Regular), Bounds::PLUGIN);
    assert!(matches!(found, Err(ArchiveError::Path { problem: "is not UTF-8", .. })), "{found:?}");
    let found = unpack(&one(b"../x/", tar::EntryType::Directory), Bounds::PLUGIN);
    assert!(matches!(found, Err(ArchiveError::Path { .. })), "{found:?}");
}

#[test]
fn what_is_no_plain_file_is_refused() {
    use tar::EntryType as Type;
    for kind in [Type::Symlink, Type::Link, Type::Char, Type::Block, Type::Fifo, Type::Continuous] {
        let found = unpack(&one(b"x", kind), Bounds::PLUGIN);
        assert!(matches!(found, Err(ArchiveError::Kind { .. })), "{kind:?}: {found:?}");
    }
    let folders = one(b"assets/", Type::Directory);
    assert_eq!(unpack(&folders, Bounds::PLUGIN).unwrap(), Files::new());
}

#[test]
fn one_path_twice_and_a_file_that_is_a_folder_are_refused() {
    let mut twice = one(b"x", tar::EntryType::Regular);
    twice.truncate(1024);
    twice.extend(one(b"x", tar::EntryType::Regular));
    assert!(matches!(unpack(&twice, Bounds::PLUGIN), Err(ArchiveError::Twice { .. })));
    let mut both = one(b"x", tar::EntryType::Regular);
    both.truncate(1024);
    both.extend(one(b"x/y", tar::EntryType::Regular));
    assert!(matches!(unpack(&both, Bounds::PLUGIN), Err(ArchiveError::Path { .. })));
}

#[test]
fn bounds_hold_at_their_edge() {
    let text = |length: usize| "x".repeat(length);
    let try_it = |lengths: &[usize]| {
        let names = ["a", "b", "c", "d"];
        let all = lengths.iter().zip(names).map(|(it, name)| (name.to_owned(), text(*it).into()));
        unpack(&pack(&all.collect()).unwrap(), SMALL)
    };
    assert!(try_it(&[100]).is_ok());
    let what = |found| match found {
        Err(ArchiveError::TooMuch { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(what(try_it(&[101])), "bytes in one file");
    assert!(try_it(&[100, 50]).is_ok());
    assert_eq!(what(try_it(&[100, 51])), "bytes");
    assert!(try_it(&[1, 1, 1]).is_ok());
    assert_eq!(what(try_it(&[1, 1, 1, 1])), "files");
}

#[test]
fn a_size_that_is_a_lie_costs_nothing() {
    let mut archive = Vec::new();
    entry(&mut archive, b"x", tar::EntryType::Regular, 7 << 30, b"x");
    assert!(matches!(unpack(&archive, Bounds::PLUGIN), Err(ArchiveError::TooMuch { .. })));
    let mut archive = Vec::new();
    entry(&mut archive, b"x", tar::EntryType::Regular, 10_000, b"x");
    assert!(matches!(unpack(&archive, Bounds::PLUGIN), Err(ArchiveError::Damaged(_))));
}

#[test]
fn a_folder_is_read_without_what_is_not_the_plugins() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("p");
    let toml = "id = \"p\"\nversion = \"1.0.0\"\napi = \"0.1\"\nkind = \"node-types\"\n\
                uses = \"other\"\ntitle = \"P\"\ndescription = \"P.\"\nlicense = \"MIT\"\n";
    let mut all = files(&[("plugin.toml", toml), ("assets/a/b", "1"), ("golden/x.json", "{}")]);
    write_folder(&folder, &all, false).unwrap();
    fs::create_dir(folder.join("target")).unwrap();
    fs::write(folder.join("secret.key"), "no").unwrap();
    fs::write(folder.join("assets/.x.swp"), "no").unwrap();
    assert_eq!(read_folder(&folder).unwrap(), all);
    assert!(matches!(write_folder(&folder, &all, false), Err(FolderError::Taken(_))));
    all.remove("golden/x.json");
    write_folder(&folder, &all, true).unwrap();
    assert!(!folder.join("golden").exists() && !folder.join("target").exists());
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 1, "nothing is left beside it");
    symlink("/etc/passwd", folder.join("assets/link")).unwrap();
    assert!(matches!(read_folder(&folder), Err(FolderError::NotPlain(_))));
    fs::remove_file(folder.join("assets/link")).unwrap();
    fs::remove_dir_all(folder.join("assets")).unwrap();
    symlink("/etc", folder.join("assets")).unwrap();
    assert!(matches!(read_folder(&folder), Err(FolderError::NotPlain(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        drop(unpack(&bytes, SMALL));
        // With a header that is taken seriously.
        let mut valid = one(b"x", tar::EntryType::Regular);
        for (at, byte) in bytes.drain(..).enumerate() {
            if byte > 250 && at < valid.len() {
                valid[at] = byte;
            }
        }
        drop(unpack(&valid, SMALL));
    }

    #[test]
    fn what_is_packed_comes_back(
        all in proptest::collection::btree_map("[a-z]{1,8}(/[a-zé]{1,30}){0,3}",
            proptest::collection::vec(any::<u8>(), 0..700), 0..6),
    ) {
        prop_assume!(check_paths(&all).is_ok());
        let packed = pack(&all).unwrap();
        prop_assert_eq!(unpack(&packed, Bounds::PLUGIN).unwrap(), all);
    }
}
