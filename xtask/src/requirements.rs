//! The pinned packages of the private environment that pxlens makes for users: every version, and the hash of every file
//! that may be installed. Written by `uv`; checked here without a network.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::{python, steps::program};

const FOLDER: &str = "server/src/cluster/python";

/// What is wanted, and the file that pins it with all that it needs.
const PACKAGES: [&str; 2] = ["requirements.in", "requirements.txt"];

/// The pip that is downloaded where there is none that can install for another Python.
const PIP: [&str; 2] = ["pip.in", "pip.txt"];

/// The oldest Python that the private environment is made with.
const OLDEST: &str = "3.11";

/// The Pythons and platforms on which all packages have to be there without compiling anything.
const PYTHONS: [&str; 4] = [OLDEST, "3.12", "3.13", "3.14"];
const PLATFORMS: [&str; 5] = [
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
];

/// Writes the pinned packages anew, and checks that each platform has them.
pub(crate) fn write(root: &Path) -> Result<()> {
    if !program(root, "uv").arguments(&["--version"]).succeeds() {
        bail!("this needs uv; install it, e.g. with `pip install uv`");
    }
    for [wanted, pinned] in [PACKAGES, PIP] {
        let options =
            ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"];
        let mut compile = program(root, "uv");
        compile.arguments(&["pip", "compile", "--quiet", "--python-version", OLDEST]).arguments(&options);
        // The versions that the tests use.
        compile.arguments(&["--constraints", python::REQUIREMENTS, "--output-file"]);
        compile.path(Path::new(FOLDER).join(pinned).as_path()).path(&Path::new(FOLDER).join(wanted)).run()?;
    }
    for python in PYTHONS {
        for platform in PLATFORMS {
            let mut resolve = program(root, "uv");
            resolve.arguments(&["pip", "compile", "--quiet", "--no-deps", "--only-binary", ":all:"]);
            resolve.arguments(&["--python-version", python, "--python-platform", platform]);
            let pinned = Path::new(FOLDER).join(PACKAGES[1]);
            resolve.path(&pinned).output().with_context(|| format!("Python {python} on {platform}"))?;
            println!("  Python {python} on {platform}: all packages are there");
        }
    }
    check(root)
}

/// Checks that all packages are pinned with hashes, and in the versions that the tests use.
pub(crate) fn check(root: &Path) -> Result<()> {
    let tested = read(root, python::REQUIREMENTS)?;
    let tested: BTreeMap<String, &str> = tested.lines().filter_map(pin).collect();
    for [wanted, pinned] in [PACKAGES, PIP] {
        let pinned_text = read(root, &format!("{FOLDER}/{pinned}"))?;
        let packages = hashed(&pinned_text).with_context(|| format!("{FOLDER}/{pinned}"))?;
        for name in read(root, &format!("{FOLDER}/{wanted}"))?.lines().filter(|line| !line.starts_with('#')) {
            if !packages.contains_key(&normal(name)) {
                bail!("{FOLDER}/{pinned} lacks {name}; run `cargo xtask requirements`");
            }
        }
        for (name, version) in &packages {
            match tested.get(name) {
                Some(tested) if tested != version => bail!(
                    "{FOLDER}/{pinned} has {name} {version}, the tests have {tested}; run `cargo xtask requirements`"
                ),
                _ => {}
            }
        }
        println!("  {FOLDER}/{pinned}: {} packages, all with hashes", packages.len());
    }
    Ok(())
}

fn read(root: &Path, name: &str) -> Result<String> {
    fs::read_to_string(root.join(name)).with_context(|| format!("{name} cannot be read"))
}

/// Names are compared without case, and `_`, `.` and `-` count as the same.
fn normal(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace(['_', '.'], "-")
}

/// Name and version of a line such as `numpy==2.4.6 \`.
fn pin(line: &str) -> Option<(String, &str)> {
    let (name, version) = line.split_once("==")?;
    Some((normal(name), version.split_whitespace().next()?))
}

/// The pinned packages of a requirements file, each of which has hashes.
fn hashed(text: &str) -> Result<BTreeMap<String, &str>> {
    let mut packages = BTreeMap::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((name, version)) = pin(line) else { bail!("not a pinned package: {line:?}") };
        let mut hashes = 0;
        while let Some(hash) = lines.next_if(|line| line.starts_with(' ')) {
            let hash = hash.trim().trim_end_matches('\\').trim_end();
            let digits = hash.strip_prefix("--hash=sha256:").unwrap_or_default();
            if digits.len() != 64 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
                bail!("not the hash of a file of {name}: {hash:?}");
            }
            hashes += 1;
        }
        if hashes == 0 {
            bail!("{name} has no hashes");
        }
        packages.insert(name, version);
    }
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_without_version_or_hash_is_found() {
        let hash = "a".repeat(64);
        let good = format!(
            "a_b==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:{hash} \\\n    --hash=sha256:{hash}\n"
        );
        assert_eq!(hashed(&good).expect("it is good"), BTreeMap::from([("a-b".to_owned(), "1.0")]));
        for bad in [
            "a==1.0\n".to_owned(),
            format!("a>=1.0 \\\n    --hash=sha256:{hash}\n"),
            good.replace("sha256", "md5"),
        ] {
            hashed(&bad).expect_err("it is not pinned with a hash");
        }
    }
}
