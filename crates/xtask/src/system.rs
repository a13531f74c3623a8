//! What the tests need of the system: says what is missing, and installs it where that is simple and safe.

use std::fs;
use std::process::Command;

use anyhow::{Result, bail};

use crate::pgo;
use crate::project::{self, starts, works};
use crate::say::talk;

/// The oldest Python that the oracle runs on.
const PYTHON: &str = "import sys; sys.exit(sys.version_info < (3, 11))";

/// The oldest Node.js that runs our tests.
const NODE: &str = "process.exit(Number(process.versions.node.split('.')[0]) < 18 ? 1 : 0)";

/// Something that must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// `python3`, for the oracle.
    Python,
    /// `cargo clippy`.
    Clippy,
    /// `cargo fmt`.
    Rustfmt,
    /// `java`, for the broker.
    Java,
    /// `mvn`, which fetches the broker.
    Maven,
    /// `make`, with which the Kafka client is built.
    Make,
    /// The headers of OpenSSL, for the Kafka client.
    OpenSsl,
    /// `mosquitto`, an MQTT broker for tests.
    Mosquitto,
    /// `node` and `npm`, with which the page is built.
    Node,
    /// `chromium`, in which the page is tested.
    Chromium,
    /// `python3 -m venv`, for what tests the API.
    Venv,
    /// `ogr2ogr`, with which outputs are opened.
    Gdal,
    /// What runs and checks what is deployed.
    Deployment,
    /// `llvm-profdata` of the Rust toolchain.
    LlvmTools,
    /// `valgrind`, with which instructions are counted.
    Valgrind,
}

/// What tests of what is deployed run, and the packages that have it.
const DEPLOYMENT: [&str; 6] = ["promtool", "docker-compose", "dockerd", "mmdebstrap", "strip", "podman"];
const PACKAGES_OF_DEPLOYMENT: [&str; 8] =
    ["prometheus", "docker-compose", "docker.io", "mmdebstrap", "binutils", "podman", "catatonit", "systemd"];

/// What it is called.
pub const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

impl Need {
    /// Whether it is there.
    pub fn is_met(self) -> bool {
        let cargo = project::cargo_program();
        let cargo = cargo.to_string_lossy();
        match self {
            Need::Python => works("python3", &["-c", PYTHON]),
            Need::Clippy => works(&cargo, &["clippy", "--version"]),
            Need::Rustfmt => works(&cargo, &["fmt", "--version"]),
            Need::Java => works("java", &["--version"]),
            Need::Maven => works("mvn", &["--version"]),
            Need::LlvmTools => pgo::llvm_profdata().is_ok_and(|program| program.exists()),
            Need::Make => works("make", &["--version"]),
            Need::OpenSsl => works("pkg-config", &["--exists", "openssl"]) && works("openssl", &["version"]),
            Need::Node => works("node", &["-e", NODE]) && works("npm", &["--version"]),
            Need::Chromium => CHROMIUM.iter().any(|program| works(program, &["--version"])),
            Need::Venv => works("python3", &["-c", "import ensurepip, venv"]),
            Need::Gdal => works("ogr2ogr", &["--version"]),
            Need::Deployment => DEPLOYMENT.iter().all(|program| works(program, &["--version"])),
            Need::Valgrind => works("valgrind", &["--version"]),
            Need::Mosquitto => {
                ["mosquitto", "/usr/sbin/mosquitto"].iter().any(|program| starts(program, &["-h"]))
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Need::Python => "python3, 3.11 or later (for the oracle)",
            Need::Clippy => "clippy (a part of the Rust toolchain)",
            Need::Rustfmt => "rustfmt (a part of the Rust toolchain)",
            Need::Java => "java, 17 or later (for the broker)",
            Need::Maven => "mvn (Apache Maven, which fetches the broker)",
            Need::Make => "make (for the Kafka client)",
            Need::OpenSsl => "openssl, its headers, and pkg-config (for the Kafka client, and for tests)",
            Need::Mosquitto => "mosquitto (an MQTT broker, for tests)",
            Need::Node => "node, 18 or later, and npm (for the page)",
            Need::Chromium => "chromium (in which the page is tested)",
            Need::Venv => "python3 with venv (for what tests the API)",
            Need::Gdal => "ogr2ogr (GDAL, with which tests open outputs)",
            Need::Deployment => {
                "promtool, docker-compose, dockerd, mmdebstrap, podman (for the tests of deploy/)"
            }
            Need::LlvmTools => "llvm-tools (a part of the Rust toolchain)",
            Need::Valgrind => "valgrind (with which instructions are counted)",
        }
    }

    /// What Debian and Ubuntu call it.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Need::Python => &["python3"],
            Need::Java => &["default-jre-headless"],
            Need::Maven => &["maven"],
            Need::Make => &["make"],
            Need::OpenSsl => &["libssl-dev", "pkg-config", "openssl"],
            Need::Mosquitto => &["mosquitto"],
            Need::Node => &["nodejs", "npm"],
            Need::Chromium => &["chromium"],
            Need::Venv => &["python3", "python3-venv"],
            Need::Gdal => &["gdal-bin"],
            Need::Deployment => &PACKAGES_OF_DEPLOYMENT,
            Need::Valgrind => &["valgrind"],
            Need::Clippy | Need::Rustfmt | Need::LlvmTools => &[],
        }
    }

    fn by_hand(self) -> &'static str {
        match self {
            Need::Python => {
                "install Python 3.11 or later, so that `python3` runs it (python.org, or the system's packages)"
            }
            Need::Clippy => "rustup component add clippy",
            Need::Rustfmt => "rustup component add rustfmt",
            Need::LlvmTools => "rustup component add llvm-tools",
            Need::Java => "install a Java runtime, 17 or later, so that `java` runs it",
            Need::Maven => "install Apache Maven, so that `mvn` runs it",
            Need::Make => "install make",
            Need::OpenSsl => {
                "install pkg-config, openssl and its headers, so that `pkg-config --exists openssl` holds"
            }
            Need::Mosquitto => "install mosquitto, so that it is found",
            Need::Node => "install Node.js 18 or later with npm (nodejs.org)",
            Need::Chromium => "install Chromium or Chrome, so that it is found",
            Need::Venv => "install Python 3 with venv and pip",
            Need::Gdal => "install the programs of GDAL (gdal.org)",
            Need::Deployment => "install Prometheus, docker-compose, dockerd, mmdebstrap, strip and podman",
            Need::Valgrind => "install valgrind, so that it is found",
        }
    }
}

/// What this system lets us do.
#[derive(Clone, Copy, Debug, Default)]
struct Means {
    /// Debian or a child of it, with `apt-get`.
    apt: bool,
    /// We are root.
    root: bool,
    /// `sudo` asks for no password.
    sudo: bool,
    /// There is `rustup`.
    rustup: bool,
    /// There is a `python3`, though too old.
    old_python: bool,
}

impl Means {
    fn look() -> Means {
        let id = Command::new("id").arg("-u").output();
        let root = id.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
        Means {
            apt: is_debian(&fs::read_to_string("/etc/os-release").unwrap_or_default())
                && works("apt-get", &["--version"]),
            root,
            sudo: !root && works("sudo", &["-n", "true"]),
            rustup: works("rustup", &["--version"]),
            old_python: works("python3", &["--version"]),
        }
    }
}

/// Whether `/etc/os-release` is that of Debian, Ubuntu or a child of theirs.
fn is_debian(release: &str) -> bool {
    release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split_whitespace())
        .any(|id| id == "debian" || id == "ubuntu")
}

/// What to do about what is missing.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    /// Run these.
    Install(Vec<Vec<&'static str>>),
    /// A person has to do this.
    Ask(Vec<String>),
}

fn plan(missing: &[Need], means: Means) -> Plan {
    let can_install = means.apt && (means.root || means.sudo);
    let mut commands: Vec<Vec<&'static str>> = Vec::new();
    let mut packages: Vec<&'static str> = Vec::new();
    let mut asked: Vec<String> = Vec::new();
    for need in missing {
        match need {
            Need::Clippy if means.rustup => commands.push(vec!["rustup", "component", "add", "clippy"]),
            Need::Rustfmt if means.rustup => commands.push(vec!["rustup", "component", "add", "rustfmt"]),
            Need::LlvmTools if means.rustup => {
                commands.push(vec!["rustup", "component", "add", "llvm-tools"])
            }
            Need::Python if means.old_python => asked.push(need.by_hand().to_owned()),
            Need::Python
            | Need::Clippy
            | Need::Rustfmt
            | Need::LlvmTools
            | Need::Java
            | Need::Maven
            | Need::Make
            | Need::OpenSsl
            | Need::Mosquitto
            | Need::Node
            | Need::Chromium
            | Need::Venv
            | Need::Gdal
            | Need::Deployment
            | Need::Valgrind => {
                if need.packages().is_empty() || !means.apt {
                    asked.push(need.by_hand().to_owned());
                } else {
                    packages.extend(need.packages());
                }
            }
        }
    }
    if !packages.is_empty() && !can_install {
        asked.push(format!("sudo apt-get install -y {}", packages.join(" ")));
    } else if !packages.is_empty() {
        let sudo: &[&str] = if means.root { &[] } else { &["sudo"] };
        let install = [&["apt-get", "install", "-y"], &packages[..]].concat();
        commands.splice(0..0, [[sudo, &["apt-get", "update"]].concat(), [sudo, &install].concat()]);
    }
    if asked.is_empty() { Plan::Install(commands) } else { Plan::Ask(asked) }
}

/// Sees that what is needed is there.
pub fn prepare(needs: &[Need]) -> Result<()> {
    let missing: Vec<Need> = needs.iter().copied().filter(|need| !need.is_met()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        talk(&format!("missing: {}", need.name()));
    }
    match plan(&missing, Means::look()) {
        Plan::Ask(asked) => bail!("first do this:\n  {}", asked.join("\n  ")),
        Plan::Install(commands) => {
            talk("installing:");
            for words in &commands {
                talk(&format!("  {}", words.join(" ")));
            }
            for words in &commands {
                project::run(
                    Command::new(words[0]).args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive"),
                )?;
            }
        }
    }
    let still: Vec<&str> = missing.iter().filter(|need| !need.is_met()).map(|need| need.by_hand()).collect();
    if !still.is_empty() {
        bail!("still missing; do this:\n  {}", still.join("\n  "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Need; 7] =
        [Need::Python, Need::Clippy, Need::Rustfmt, Need::Java, Need::Maven, Need::Make, Need::OpenSsl];

    #[test]
    fn debian_and_its_children_are_known() {
        for (release, expect) in [
            ("ID=debian\n", true),
            ("NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n", true),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", true),
            ("ID=fedora\n", false),
            ("PRETTY_NAME=\"not debian\"\nID=arch\n", false),
            ("", false),
        ] {
            assert_eq!(is_debian(release), expect, "{release}");
        }
    }

    #[test]
    fn as_root_on_debian_everything_is_installed() {
        let means = Means { apt: true, root: true, rustup: true, ..Means::default() };
        let Plan::Install(commands) = plan(&ALL, means) else { panic!("asked") };
        let lines: Vec<String> = commands.iter().map(|words| words.join(" ")).collect();
        assert_eq!(
            lines,
            [
                "apt-get update",
                "apt-get install -y python3 default-jre-headless maven make libssl-dev pkg-config openssl",
                "rustup component add clippy",
                "rustup component add rustfmt"
            ]
        );
    }

    #[test]
    fn sudo_is_used_only_without_a_password() {
        let means = Means { apt: true, sudo: true, ..Means::default() };
        let expect =
            vec![vec!["sudo", "apt-get", "update"], vec!["sudo", "apt-get", "install", "-y", "python3"]];
        assert_eq!(plan(&[Need::Python], means), Plan::Install(expect));
        let means = Means { apt: true, ..Means::default() };
        assert_eq!(
            plan(&[Need::Python], means),
            Plan::Ask(vec!["sudo apt-get install -y python3".to_owned()])
        );
    }

    #[test]
    fn elsewhere_a_person_is_asked() {
        let Plan::Ask(asked) = plan(&ALL, Means::default()) else { panic!("installs") };
        assert_eq!(asked.len(), ALL.len());
    }

    #[test]
    fn an_old_python_is_not_replaced() {
        let means = Means { apt: true, root: true, old_python: true, ..Means::default() };
        assert_eq!(plan(&[Need::Python], means), Plan::Ask(vec![Need::Python.by_hand().to_owned()]));
    }
}
