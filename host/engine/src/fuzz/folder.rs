//! Folders that are said to be a plugin: names, links, depths and sizes of
//! assets.

use std::{fs, os::unix::fs::symlink, path::Path};

use bowsprit_fuzz::Target;

use super::{survives, word};
use crate::package::Sight;

const TOML: &str = "id = \"one\"\nversion = \"1.0.0\"\napi = \"0.1\"\nkind = \"node-types\"\n\
    component = \"plugin.wasm\"\ntitle = \"t\"\ndescription = \"d\"\nlicense = \"l\"\n";
/// What no plugin may see.
const CANARY: &str = "the neighbour's";

/// Segments of paths and targets of links.
const NAMES: [&str; 16] = [
    "a",
    "b",
    "assets",
    "..",
    ".",
    "plugin.toml",
    "plugin.wasm",
    "x.tmp",
    "x~",
    ".hidden",
    "ü",
    "\u{202e}",
    "a\nb",
    "../../secret",
    "/etc/passwd",
    "assets/a",
];

/// Does to the folder what the bytes say: two bits of what, six of where.
fn build(root: &Path, bytes: &[u8]) {
    let mut here = root.join("assets");
    for byte in bytes {
        let name = NAMES[usize::from(byte & 0x0f)];
        let path = here.join(name.trim_start_matches('/'));
        // What the system refuses is not there, and that is fine.
        let _ = match byte >> 4 & 0x07 {
            0 | 1 => fs::write(&path, [*byte]),
            2 => fs::create_dir(&path),
            3 => symlink(name, &path),
            4 => symlink(root.join("..").join("secret"), &path),
            5 => symlink(root, &path),
            6 => fs::remove_file(&path),
            _ => Ok(()),
        };
        if byte >> 7 == 1
            && path.is_dir()
            && path.starts_with(root.join("assets"))
            && !name.contains('.')
        {
            here = path;
        }
    }
}

#[test]
fn folders() {
    let home = tempfile::tempdir().expect("a temporary folder");
    fs::write(home.path().join("secret"), CANARY).expect("written");
    let root = home.path().join("plugin");
    let run = |bytes: &[u8]| {
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("assets")).expect("a folder");
        fs::write(root.join("plugin.toml"), TOML).expect("written");
        fs::write(root.join("plugin.wasm"), "\0asm").expect("written");
        build(&root, bytes);
        let (sight, again) = (Sight::of(&root), Sight::of(&root));
        assert_eq!(sight.digest(), again.digest(), "two looks at one folder");
        match sight {
            Sight::Absent => "absent".into(),
            Sight::Refused(refusal) => word(&refusal.failure),
            Sight::Ready(package) => {
                for (path, bytes) in package.assets.iter() {
                    assert!(
                        !path.starts_with('/') && !path.split('/').any(|it| it == ".."),
                        "{path}"
                    );
                    assert!(bytes.len() < 1000, "only small files were written");
                    assert!(bytes.as_slice() != CANARY.as_bytes(), "{path} is from elsewhere");
                }
                format!("{} assets", package.assets.len())
            }
        }
    };
    survives(&Target {
        name: "folder",
        seeds: vec![
            vec![0x00, 0x01],
            vec![0xa0, 0x01, 0xa1, 0x00],
            vec![0x40],
            vec![0x50],
            vec![0x3c],
        ],
        words: &[&[0xa0, 0xa0, 0xa0, 0xa0], &[0x53], &[0x3d], &[0x4a]],
        make: None,
        most: 64,
        run: &run,
    });
}
