//! The VS Code extension: checked, packed, and tried in a real VS Code.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{
    clients,
    node::{self, EXTENSION, Node},
    notices::NOTICES,
    steps::{Program, cargo, program},
};

/// The VS Code that the UI tests run in; code-server 4.139.1 is VS Code 1.139.1.
const CODE_SERVER: &str = "4.139.1";

/// Typechecks, lints and runs the unit tests.
pub(crate) fn check(root: &Path) -> Result<()> {
    node::ensure(root)?.npm(&["run", "--silent", "check"]).run()
}

/// Why the UI tests cannot run on this machine, if so.
pub(crate) fn lacking() -> Option<String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Some("they run on Linux, x86_64".to_owned());
    }
    chromium().is_none().then(|| {
        "no Chromium: install it (on Debian `apt-get install chromium`), or name one in PXLENS_TEST_CHROMIUM"
            .to_owned()
    })
}

/// Whether what is lacking is a failure, not a reason to pass over a step.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// What the UI tests run in: a VS Code, a browser, the extension and the server of this workspace, and a Python with engines.
pub(crate) struct UiTests {
    node: Node,
    files: Vec<String>,
    surroundings: Vec<(&'static str, PathBuf)>,
}

impl UiTests {
    /// Installs and builds what is not there, for the test files whose names hold `pattern`.
    pub(crate) fn prepare(root: &Path, python: &Path, pattern: &str) -> Result<Self> {
        let files = test_files(root, pattern)?;
        let Some(chromium) = chromium() else { bail!("no Chromium") };
        let node = node::ensure(root)?;
        cargo(root, &["build", "--quiet", "--package", "pxlens", "--bin", "pxlens"]).run()?;
        let vscode = root.join("target/vscode/under-test");
        let script = root.join(EXTENSION).join("test/ui/install-vscode.sh");
        let mut install = node.program("bash");
        install.path(&script).path(&vscode).arguments(&[CODE_SERVER, node::PINNED]).run()?;
        let vsix = root.join("target/vscode/pxlens.vsix");
        pack(root, &node, &vsix, &[])?;
        node.npm(&["run", "--silent", "build:ui"]).run()?;
        let surroundings = vec![
            ("PXLENS_TEST_VSCODE", vscode),
            ("PXLENS_TEST_VSIX", vsix),
            ("PXLENS_TEST_SERVER", root.join("target/debug/pxlens")),
            ("PXLENS_TEST_PYTHON", python.to_owned()),
            ("PXLENS_TEST_CHROMIUM", chromium),
        ];
        Ok(Self { node, files, surroundings })
    }

    /// Runs them, and checks what the extension and the server said to one another.
    pub(crate) fn run(&self, root: &Path) -> Result<()> {
        const MESSAGES: &str = "vscode";
        let mut npm = self.node.npm(&["run", "--silent", "test:ui", "--"]);
        npm.arguments(&self.files);
        self.surround(&mut npm).env("PXLENS_TEST_RECORDER", clients::recorder(root, MESSAGES)?).run()?;
        clients::check(root, MESSAGES)
    }

    /// Measures what painting costs while somebody types, with a server as users have it.
    pub(crate) fn bench_painting(&self, root: &Path) -> Result<()> {
        let server = built_for_users(root)?;
        let mut node = self.node.program("node");
        node.folder(&root.join(EXTENSION)).arguments(&["dist/test/ui/painting.bench.js"]);
        self.surround(&mut node).env("PXLENS_TEST_SERVER", server).run()
    }

    fn surround<'a>(&self, program: &'a mut Program) -> &'a mut Program {
        for (name, path) in &self.surroundings {
            program.env(name, path);
        }
        program
    }
}

/// The bundles of the UI tests whose names hold this.
fn test_files(root: &Path, pattern: &str) -> Result<Vec<String>> {
    let folder = root.join(EXTENSION).join("test/ui");
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let tests = names.filter_map(|name| Some(name.strip_suffix(".test.ts")?.to_owned()));
    let mut files: Vec<String> = tests
        .filter(|name| name.contains(pattern))
        .map(|name| format!("dist/test/ui/{name}.test.js"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("no file of test/ui has {pattern} in its name");
    }
    Ok(files)
}

/// What the UI tests saw that the documentation shows.
const PICTURES: [&str; 2] = ["error", "panel-plots"];

/// Puts pictures of the last UI tests into the documentation.
pub(crate) fn keep_pictures(root: &Path) -> Result<()> {
    for name in PICTURES {
        let (from, to) = (format!("target/vscode/screenshots/{name}.png"), format!("docs/vscode-{name}.png"));
        fs::copy(root.join(&from), root.join(&to))
            .with_context(|| format!("{from}: run all UI tests first"))?;
        println!("  {to}");
    }
    Ok(())
}

/// The profile of what is handed out, and so of what is measured. Cargo puts it into a folder of the same name.
pub(crate) const PROFILE: &str = "dist";

/// Where packages go.
const PACKAGES: &str = "target/packages";

/// Builds the server as users get it, and gives its binary.
pub(crate) fn built_for_users(root: &Path) -> Result<PathBuf> {
    cargo(root, &["build", "--profile", PROFILE, "--package", "pxlens", "--bin", "pxlens"]).run()?;
    Ok(root.join(format!("target/{PROFILE}/pxlens{}", env::consts::EXE_SUFFIX)))
}

/// Packs the extension for this platform, with the server inside, and the server alone.
pub(crate) fn dist(root: &Path) -> Result<()> {
    let target = platform().context("VS Code has no name for this platform")?;
    let node = node::ensure(root)?;
    let server = built_for_users(root)?;
    let packed = root.join(format!("{PACKAGES}/pxlens-{target}.vsix"));
    let result = bundle(root, &server).and_then(|()| pack(root, &node, &packed, &["--target", target]));
    // Left there, the server would go before the one on `PATH` in an extension under development.
    unbundle(root);
    result?;
    println!("{}", packed.display());
    pack_server(root, &server, &format!("pxlens-{target}"))
}

/// Packs the server for Neovim and other editors, in a folder of this name.
fn pack_server(root: &Path, server: &Path, name: &str) -> Result<()> {
    let packages = root.join(PACKAGES);
    let folder = packages.join(name);
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let program_name = Path::new(server.file_name().context("a binary has a name")?);
    fs::copy(server, folder.join(program_name)).context("the server's binary")?;
    for file in LICENSES.into_iter().chain(["README.md"]) {
        fs::copy(root.join(file), folder.join(file)).context(file)?;
    }
    let archive = format!("{name}.tar.gz");
    program(root, "tar").folder(&packages).arguments(&["-czf", &archive, name]).run()?;
    fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
    println!("{}", packages.join(archive).display());
    Ok(())
}

/// What has to go with the program, its own licences and those of its libraries. The extension has them only while it is packed.
const LICENSES: [&str; 3] = ["LICENSE-APACHE", "LICENSE-MIT", NOTICES];

fn bundle(root: &Path, binary: &Path) -> Result<()> {
    let extension = root.join(EXTENSION);
    let server = extension.join("server");
    fs::create_dir_all(&server).context("vscode-extension/server cannot be made")?;
    let name = binary.file_name().context("a binary has a name")?;
    fs::copy(binary, server.join(name)).context("the server's binary")?;
    for license in LICENSES {
        fs::copy(root.join(license), extension.join(license)).context(license)?;
    }
    Ok(())
}

/// What is not there needs no removing.
fn unbundle(root: &Path) {
    let extension = root.join(EXTENSION);
    let _ = fs::remove_dir_all(extension.join("server"));
    for license in LICENSES {
        let _ = fs::remove_file(extension.join(license));
    }
}

fn pack(root: &Path, node: &Node, to: &Path, more: &[&str]) -> Result<()> {
    let folder = to.parent().unwrap_or(root);
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut npm = node.npm(&["run", "--silent", "package", "--"]);
    npm.arguments(more).arguments(&["--out"]).path(to).run()
}

fn chromium() -> Option<PathBuf> {
    if let Some(named) = env::var_os("PXLENS_TEST_CHROMIUM") {
        return Some(named.into());
    }
    let path = env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name))).find(|file| file.is_file())
}

/// What the marketplace calls this platform.
fn platform() -> Option<&'static str> {
    Some(match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-x64",
        ("macos", "aarch64") => "darwin-arm64",
        ("windows", "x86_64") => "win32-x64",
        ("windows", "aarch64") => "win32-arm64",
        _ => return None,
    })
}
