//! What third-party code is in the program, and whether it may be: `deny.toml` says.
//!
//! ```text
//! cargo xtask deny                  cargo-deny: vulnerabilities, licences, sources
//! cargo xtask deny --offline        the same without vulnerabilities, whose list is fetched
//! cargo xtask test --only supply    licences, sources and the list of components, with or without cargo-deny
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::Usage;
use crate::licences;
use crate::project::{self, Project};
use crate::say::talk;
use crate::sbom::{self, Components, Named};

/// How cargo-deny is installed.
const INSTALL: &str = "cargo install --locked cargo-deny --version '^0.18'";
/// What cargo-deny looks at without the network.
const OFFLINE: [&str; 8] =
    ["deny", "--locked", "--offline", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
/// Where Cargo fetches packages from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// What names the oldest Rust that builds it, and how.
const RUST: [(&str, &str); 6] = [
    ("README.md", "Rust @ or later"),
    ("CONTRIBUTING.md", "Rust @ or later"),
    (".ci/run", "install Rust @ or later"),
    ("deploy/Dockerfile", "library/rust:@-slim"),
    (".github/workflows/ci.yml", "library/rust:@-"),
    (".github/workflows/release.yml", "library/rust:@-"),
];

/// Runs cargo-deny.
pub fn run(arguments: &[&str]) -> Result<()> {
    let is_offline = match arguments {
        [] => false,
        ["--offline"] => true,
        _ => return Err(Usage("usage: cargo xtask deny [--offline]".to_owned()).into()),
    };
    let project = Project::find()?;
    if !is_installed() {
        bail!("cargo-deny is not there; install it with: {INSTALL}");
    }
    project::run(&mut project.cargo(&OFFLINE))?;
    if is_offline {
        talk(
            "vulnerabilities were not looked at: their list is fetched, and that is what --offline leaves out",
        );
        return Ok(());
    }
    let check = ["deny", "--locked", "check", "--hide-inclusion-graph", "advisories"];
    project::run(&mut project.cargo(&check)).context(
        "advisories: either one holds, or their list could not be fetched; --offline leaves them out",
    )
}

fn is_installed() -> bool {
    project::works(&project::cargo_program().to_string_lossy(), &["deny", "--version"])
}

/// Makes the list of components, and looks whether it is whole and what is in it may be.
pub fn check(project: &Project) -> Result<String> {
    let components = sbom::components(project)?;
    let allowed = allowed(project)?;
    let lock = fs::read_to_string(project.path("Cargo.lock")).context("Cargo.lock")?;
    let mut wrong = missing_rust(project)?;
    wrong.extend(missing(&components, &sbom::linked(project)?));
    wrong.extend(other_hashes(&components, &sbom::checksums(&lock)?));
    wrong.extend(unresolved(&components, &sbom::document(&components)?));
    wrong.extend(missing_npm(project, &components)?);
    for component in components.values() {
        wrong.extend(forbidden(&component.named, component.licence.as_deref(), &allowed));
    }
    let all = all_packages(project)?;
    for (named, package) in &all {
        wrong.extend(forbidden(named, package.licence.as_deref(), &allowed));
        if let Some(source) = package.source.as_ref().filter(|source| *source != REGISTRY) {
            wrong.push(format!("{}: comes from {source}", told(named)));
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    let file = project.made("darkwake.cdx.json");
    fs::write(&file, format!("{:#}\n", sbom::document(&components)?))
        .with_context(|| format!("{}", file.display()))?;
    let told = format!("{} packages in the program, {} in the lock file", components.len(), all.len());
    if !is_installed() {
        return Ok(format!("{told}; without cargo-deny, which is not there"));
    }
    project::run(&mut project.cargo(&OFFLINE))?;
    Ok(format!("{told}; cargo-deny agrees"))
}

/// Licences that `deny.toml` allows.
fn allowed(project: &Project) -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(project.path("deny.toml")).context("deny.toml")?;
    let deny: toml::Table = toml::from_str(&text).context("deny.toml")?;
    let allow = deny.get("licenses").and_then(|licences| licences.get("allow")?.as_array());
    let allow = allow.context("deny.toml: licenses.allow is missing")?;
    Ok(allow.iter().filter_map(|licence| licence.as_str().map(str::to_owned)).collect())
}

/// A package of the lock file.
struct Package {
    licence: Option<String>,
    /// Where it comes from, unless it is one of ours.
    source: Option<String>,
}

/// Every package of the lock file, of tests and other systems too.
fn all_packages(project: &Project) -> Result<BTreeMap<Named, Package>> {
    let metadata = ["metadata", "--format-version", "1", "--locked"];
    let metadata: Value = serde_json::from_str(&project::output(&mut project.cargo(&metadata))?)?;
    let mut all = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let text = |key: &str| package[key].as_str().map(str::to_owned);
        let named =
            text("name").zip(text("version")).context("cargo metadata has a package without a name")?;
        all.insert(named, Package { licence: text("license"), source: text("source") });
    }
    Ok(all)
}

/// Packages that are linked and not among the components.
fn missing(components: &Components, linked: &BTreeSet<Named>) -> Vec<String> {
    let there: BTreeSet<&Named> = components.values().map(|component| &component.named).collect();
    let gone = linked.iter().filter(|named| !there.contains(named));
    gone.map(|named| format!("{}: is linked and no component", told(named))).collect()
}

/// Components from a registry whose version or hash is not that of the lock file.
fn other_hashes(components: &Components, lock: &BTreeMap<Named, Option<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for component in components.values() {
        let (algorithm, hash) = match &component.hash {
            Some((algorithm, hash)) => (*algorithm, Some(hash)),
            None => ("none", None),
        };
        // Those of npm have SHA-512.
        if algorithm != "SHA-512" && lock.get(&component.named).map(Option::as_ref) != Some(hash) {
            wrong.push(format!("{}: its hash is not that of Cargo.lock", told(&component.named)));
        }
    }
    wrong
}

/// References of the document that are there twice, or lead nowhere.
fn unresolved(components: &Components, document: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut all = list(&document["components"]);
    all.push(document["metadata"]["component"].clone());
    let mut references = BTreeSet::new();
    let mut wrong = Vec::new();
    for component in &all {
        let reference = component["bom-ref"].as_str().unwrap_or_default().to_owned();
        if !references.insert(reference.clone()) {
            wrong.push(format!("{reference}: is there twice"));
        }
    }
    if references.len() != components.len() {
        wrong.push(format!("the document has {} of {} components", references.len(), components.len()));
    }
    for needs in list(&document["dependencies"]) {
        for need in list(&needs["dependsOn"]).iter().chain([&needs["ref"]]) {
            if !need.as_str().is_some_and(|need| references.contains(need)) {
                wrong.push(format!("{need}: is needed and no component"));
            }
        }
    }
    wrong
}

/// Packages of the page that are not only for its making, and not among the components.
fn missing_npm(project: &Project, components: &Components) -> Result<Vec<String>> {
    let lock = fs::read_to_string(project.path(sbom::NPM_LOCK)).context(sbom::NPM_LOCK)?;
    let lock: Value = serde_json::from_str(&lock).context(sbom::NPM_LOCK)?;
    let there: BTreeSet<&Named> = components.values().map(|component| &component.named).collect();
    let mut wrong = Vec::new();
    for (path, package) in lock["packages"].as_object().into_iter().flatten() {
        let Some((_, name)) = path.rsplit_once("node_modules/") else { continue };
        let named = (name.to_owned(), package["version"].as_str().unwrap_or_default().to_owned());
        if package["dev"] != true && !there.contains(&named) {
            wrong.push(format!("{}: is in the page and no component", told(&named)));
        }
    }
    Ok(wrong)
}

/// Why a package may not be used, if that is so.
fn forbidden(named: &Named, licence: Option<&str>, allowed: &BTreeSet<String>) -> Option<String> {
    let name = told(named);
    let Some(licence) = licence else { return Some(format!("{name}: names no licence")) };
    match licences::is_met(licence, allowed) {
        Some(true) => None,
        Some(false) => Some(format!("{name}: {licence} is not allowed by deny.toml")),
        None => Some(format!("{name}: {licence:?} is no licence as SPDX writes it")),
    }
}

/// Where another Rust is named than the oldest that Cargo.toml says.
fn missing_rust(project: &Project) -> Result<Vec<String>> {
    let text = fs::read_to_string(project.path("Cargo.toml")).context("Cargo.toml")?;
    let manifest: toml::Table = toml::from_str(&text).context("Cargo.toml")?;
    let package = manifest.get("workspace").and_then(|workspace| workspace.get("package"));
    let version = package.and_then(|package| package.get("rust-version")?.as_str());
    let version = version.context("Cargo.toml: workspace.package.rust-version is missing")?;
    let mut wrong = Vec::new();
    for (file, words) in RUST {
        let words = words.replace('@', version);
        let text = fs::read_to_string(project.path(file)).context(file)?;
        if !text.contains(&words) {
            wrong.push(format!("{file}: does not say {words:?}, as Cargo.toml does"));
        }
    }
    Ok(wrong)
}

fn told((name, version): &Named) -> String {
    format!("{name} {version}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbom::Component;

    fn component(name: &str, hash: Option<(&'static str, &str)>) -> Component {
        Component {
            named: (name.to_owned(), "1.0.0".to_owned()),
            licence: Some("MIT".to_owned()),
            hash: hash.map(|(algorithm, hash)| (algorithm, hash.to_owned())),
            needs: BTreeSet::new(),
        }
    }

    fn named(name: &str) -> Named {
        (name.to_owned(), "1.0.0".to_owned())
    }

    #[test]
    fn what_is_missing_or_has_another_hash_is_told() {
        let components = Components::from([
            ("darkwake".to_owned(), component(sbom::PROGRAM, None)),
            ("a".to_owned(), component("a", Some(("SHA-256", "11")))),
            ("n".to_owned(), component("n", Some(("SHA-512", "22")))),
        ]);
        let lock =
            |hash: &str| BTreeMap::from([(named(sbom::PROGRAM), None), (named("a"), Some(hash.to_owned()))]);
        assert_eq!(other_hashes(&components, &lock("11")), Vec::<String>::new());
        assert_eq!(other_hashes(&components, &lock("12")), ["a 1.0.0: its hash is not that of Cargo.lock"]);
        let linked = BTreeSet::from([named("a"), named("b")]);
        assert_eq!(missing(&components, &linked), ["b 1.0.0: is linked and no component"]);
        let mut document = sbom::document(&components).unwrap();
        assert_eq!(unresolved(&components, &document), Vec::<String>::new());
        document["dependencies"][0]["dependsOn"] = serde_json::json!(["gone"]);
        assert_eq!(unresolved(&components, &document), ["\"gone\": is needed and no component"]);
    }

    #[test]
    fn a_licence_is_allowed_or_it_is_said_why_not() {
        let allowed = BTreeSet::from(["MIT".to_owned()]);
        let of = |licence: Option<&str>| forbidden(&named("a"), licence, &allowed);
        assert_eq!(of(Some("MIT OR GPL-3.0-only")), None);
        assert!(of(Some("GPL-3.0-only")).is_some_and(|why| why.contains("is not allowed")));
        assert!(of(Some("see LICENSE")).is_some_and(|why| why.contains("is no licence")));
        assert!(of(None).is_some_and(|why| why.contains("names no licence")));
    }
}
