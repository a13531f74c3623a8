//! `cargo xtask sbom`: what the program is made of, as CycloneDX 1.6.
//!
//! Packages are those that `cargo tree` says are linked, and the npm packages whose files are in the page. The same lock files
//! give the same bytes: there is no serial number and no time in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::Usage;
use crate::licences;
use crate::project::{self, Project};
use crate::say::{say, talk};

/// The program.
pub const PROGRAM: &str = "darkwake";
/// The crate that the page is put into.
const PAGE_IS_IN: &str = "serve";
/// The system of the image; on ARM the packages are the same.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The packages of the page.
pub const NPM_LOCK: &str = "crates/serve/web/package-lock.json";
/// npm packages whose package.json has no licence, and the licence that later versions of them name.
const UNSTATED: [(&str, &str); 1] = [("@mapbox/jsonlint-lines-primitives", "MIT")];

/// A name and a version.
pub type Named = (String, String);

/// A package that is in the program.
#[derive(Debug, PartialEq, Eq)]
pub struct Component {
    /// Its name and version.
    pub named: Named,
    /// Its licence, as SPDX writes it.
    pub licence: Option<String>,
    /// The algorithm of its hash, as CycloneDX calls it, and the hash in hexadecimal digits; ours have none.
    pub hash: Option<(&'static str, String)>,
    /// What it needs, by purl.
    pub needs: BTreeSet<String>,
}

/// Packages by purl.
pub type Components = BTreeMap<String, Component>;

/// Writes it.
pub fn run(arguments: &[&str]) -> Result<()> {
    let file = match arguments {
        [] => None,
        ["--out", file] => Some(*file),
        _ => return Err(Usage("usage: cargo xtask sbom [--out FILE]".to_owned()).into()),
    };
    let project = Project::find()?;
    let components = components(&project)?;
    let text = format!("{:#}\n", document(&components)?);
    match file {
        None => say(text.trim_end()),
        Some(file) => {
            fs::write(file, text).with_context(|| format!("{file}: cannot be written"))?;
            talk(&format!("{file}: {} packages", components.len()));
        }
    }
    Ok(())
}

/// All that is in the program.
pub fn components(project: &Project) -> Result<Components> {
    let metadata: Value = serde_json::from_str(&project::output(&mut project.cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        TARGET,
    ]))?)?;
    let lock = fs::read_to_string(project.path("Cargo.lock")).context("Cargo.lock")?;
    let mut components = of_cargo(&metadata, &linked(project)?, &checksums(&lock)?)?;
    let lock = fs::read_to_string(project.path(NPM_LOCK)).context(NPM_LOCK)?;
    let (direct, of_page) = of_npm(&serde_json::from_str(&lock).context(NPM_LOCK)?)?;
    let serve = components.values_mut().find(|component| component.named.0 == PAGE_IS_IN);
    serve.context("the crate of the page is not in the program")?.needs.extend(direct);
    components.extend(of_page);
    Ok(components)
}

/// What `cargo tree` says is linked into the program, or runs while it is compiled as a macro.
pub fn linked(project: &Project) -> Result<BTreeSet<Named>> {
    let tree = ["tree", "--locked", "--package", PROGRAM, "--edges", "normal", "--target", TARGET];
    let form = ["--prefix", "none", "--format", "{p}"];
    let text = project::output(&mut project.cargo(&[&tree[..], &form[..]].concat()))?;
    // `name v1.2.3`, and maybe a note.
    let named = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| named(line).with_context(|| format!("cargo tree says {line:?}")))
        .collect()
}

/// SHA-256 of each package in Cargo.lock that was fetched.
pub fn checksums(lock: &str) -> Result<BTreeMap<Named, Option<String>>> {
    let lock: toml::Table = toml::from_str(lock).context("Cargo.lock")?;
    let mut all = BTreeMap::new();
    for package in lock.get("package").and_then(toml::Value::as_array).into_iter().flatten() {
        let text = |key: &str| package.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        let named = text("name").zip(text("version")).context("Cargo.lock has a package without a name")?;
        all.insert(named, text("checksum"));
    }
    Ok(all)
}

/// The graph of Cargo, from the program down, as far as it is linked.
fn of_cargo(
    metadata: &Value,
    linked: &BTreeSet<Named>,
    checksums: &BTreeMap<Named, Option<String>>,
) -> Result<Components> {
    let mut packages: BTreeMap<&str, &Value> = BTreeMap::new();
    for package in list(&metadata["packages"]) {
        packages.insert(string(package, "id")?, package);
    }
    let mut needs: BTreeMap<&str, &Value> = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        needs.insert(string(node, "id")?, &node["deps"]);
    }
    let program = packages.iter().find(|(_, package)| package["name"] == PROGRAM).map(|(id, _)| *id);
    let mut open = vec![program.context("cargo metadata knows no darkwake")?];
    let mut components = Components::new();
    while let Some(id) = open.pop() {
        let package = *packages.get(id).with_context(|| format!("cargo metadata knows no {id}"))?;
        let purl = cargo_purl(package)?;
        if components.contains_key(&purl) {
            continue;
        }
        let mut found = BTreeSet::new();
        for dependency in needs.get(id).into_iter().flat_map(|deps| list(deps)) {
            let to = string(dependency, "pkg")?;
            let needed = *packages.get(to).with_context(|| format!("cargo metadata knows no {to}"))?;
            let is_normal = list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null());
            // The graph has optional ones too that only tests switch on.
            if is_normal && linked.contains(&named(needed)?) {
                found.insert(cargo_purl(needed)?);
                open.push(to);
            }
        }
        let named = named(package)?;
        let checksum = checksums.get(&named).with_context(|| format!("Cargo.lock has no {named:?}"))?;
        let component = Component {
            licence: package["license"].as_str().map(licences::normal),
            hash: checksum.clone().map(|hash| ("SHA-256", hash)),
            needs: found,
            named,
        };
        components.insert(purl, component);
    }
    Ok(components)
}

/// What the page needs itself, and all packages that are in it.
fn of_npm(lock: &Value) -> Result<(BTreeSet<String>, Components)> {
    let packages = lock["packages"].as_object().context("package-lock.json has no packages")?;
    let mut components = Components::new();
    let mut direct = BTreeSet::new();
    let mut seen = BTreeSet::from([""]);
    let mut open = vec![""];
    while let Some(path) = open.pop() {
        let package = packages.get(path).with_context(|| format!("package-lock.json has no {path}"))?;
        let mut needs = BTreeSet::new();
        for name in package["dependencies"].as_object().into_iter().flat_map(|needed| needed.keys()) {
            let to = installed(packages, path, name)
                .with_context(|| format!("package-lock.json has no {name}, which {path} needs"))?;
            needs.insert(npm_purl(name, string(&packages[to], "version")?));
            if seen.insert(to) {
                open.push(to);
            }
        }
        let Some((_, name)) = path.rsplit_once("node_modules/") else {
            direct = needs;
            continue;
        };
        let version = string(package, "version")?;
        let unstated = UNSTATED.iter().find(|(of, _)| *of == name).map(|(_, licence)| *licence);
        let hash = string(package, "integrity")?.strip_prefix("sha512-").and_then(hexadecimal);
        let component = Component {
            named: (name.to_owned(), version.to_owned()),
            licence: package["license"].as_str().or(unstated).map(licences::normal),
            hash: Some(("SHA-512", hash.with_context(|| format!("{name}: integrity is no SHA-512"))?)),
            needs,
        };
        let purl = npm_purl(name, version);
        // It may be installed in more than one place.
        match components.get_mut(&purl) {
            Some(before) => before.needs.extend(component.needs),
            None => drop(components.insert(purl, component)),
        }
    }
    Ok((direct, components))
}

/// Where npm finds what a package at this path needs: beside it, or further out.
fn installed<'a>(packages: &'a Map<String, Value>, path: &str, name: &str) -> Option<&'a str> {
    let mut base = path;
    loop {
        let parent = if base.is_empty() { String::new() } else { format!("{base}/") };
        if let Some((found, _)) = packages.get_key_value(&format!("{parent}node_modules/{name}")) {
            return Some(found.as_str());
        }
        if base.is_empty() {
            return None;
        }
        base = base.rsplit_once("/node_modules/").map_or("", |(outer, _)| outer);
    }
}

/// A CycloneDX document.
pub fn document(components: &Components) -> Result<Value> {
    let (program, _) = components
        .iter()
        .find(|(_, component)| component.named.0 == PROGRAM)
        .context("the program is not among what it is made of")?;
    let told = |purl: &String, component: &Component| {
        let (name, version) = &component.named;
        let kind = if purl == program { "application" } else { "library" };
        let mut told =
            json!({ "type": kind, "bom-ref": purl, "purl": purl, "name": name, "version": version });
        if let Some(licence) = &component.licence {
            told["licenses"] = json!([{ "expression": licence }]);
        }
        if let Some((algorithm, digits)) = &component.hash {
            told["hashes"] = json!([{ "alg": algorithm, "content": digits }]);
        }
        told
    };
    let libraries = components.iter().filter(|(purl, _)| *purl != program);
    let libraries: Vec<Value> = libraries.map(|(purl, component)| told(purl, component)).collect();
    let graph =
        components.iter().map(|(purl, component)| json!({ "ref": purl, "dependsOn": component.needs }));
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": told(program, &components[program]) },
        "components": libraries,
        "dependencies": graph.collect::<Vec<Value>>(),
    }))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn string<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("{key} is missing in {value}"))
}

fn named(package: &Value) -> Result<Named> {
    Ok((string(package, "name")?.to_owned(), string(package, "version")?.to_owned()))
}

/// Ours are not on crates.io, where others may have their names.
fn cargo_purl(package: &Value) -> Result<String> {
    let (name, version) = named(package)?;
    let kind = if package["source"].is_null() { "generic/darkwake" } else { "cargo" };
    Ok(format!("pkg:{kind}/{name}@{}", version.replace('+', "%2B")))
}

fn npm_purl(name: &str, version: &str) -> String {
    format!("pkg:npm/{}@{}", name.replace('@', "%40"), version.replace('+', "%2B"))
}

/// Base64 as hexadecimal digits.
fn hexadecimal(base64: &str) -> Option<String> {
    let (mut bits, mut count) = (0_u32, 0);
    let mut digits = String::new();
    for byte in base64.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = ((bits << 6) | u32::from(six)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            digits += &format!("{:02x}", (bits >> count) & 0xff);
        }
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n[[package]]\nname = \"darkwake\"\nversion = \"0.1.0\"\n\
        [[package]]\nname = \"serve\"\nversion = \"0.1.0\"\n\
        [[package]]\nname = \"sys\"\nversion = \"1.0.0+2\"\nchecksum = \"ab\"\n\
        [[package]]\nname = \"test\"\nversion = \"1.0.0\"\nchecksum = \"cd\"\n";

    fn metadata() -> Value {
        let package = |name: &str, version: &str, source: Value| json!({ "id": name, "name": name, "version": version, "source": source, "license": "MIT/ISC" });
        let node = |name: &str, deps: &[(&str, Value)]| {
            let deps: Vec<Value> =
                deps.iter().map(|(to, kind)| json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] })).collect();
            json!({ "id": name, "deps": deps })
        };
        let nothing = Value::Null;
        json!({
            "packages": [
                package("darkwake", "0.1.0", nothing.clone()),
                package("serve", "0.1.0", nothing.clone()),
                package("sys", "1.0.0+2", json!("registry")),
                package("test", "1.0.0", json!("registry")),
            ],
            "resolve": { "nodes": [
                node("darkwake", &[("serve", nothing.clone()), ("test", json!("dev"))]),
                node("serve", &[("sys", nothing.clone()), ("test", nothing)]),
                node("sys", &[]),
                node("test", &[]),
            ] },
        })
    }

    fn of_tree(names: &[(&str, &str)]) -> BTreeSet<Named> {
        names.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect()
    }

    #[test]
    fn what_is_linked_is_in_with_its_checksum_and_nothing_else_is() {
        let linked = of_tree(&[("darkwake", "0.1.0"), ("serve", "0.1.0"), ("sys", "1.0.0+2")]);
        let components = of_cargo(&metadata(), &linked, &checksums(LOCK).unwrap()).unwrap();
        let purls: Vec<&str> = components.keys().map(String::as_str).collect();
        assert_eq!(
            purls,
            [
                "pkg:cargo/sys@1.0.0%2B2",
                "pkg:generic/darkwake/darkwake@0.1.0",
                "pkg:generic/darkwake/serve@0.1.0"
            ]
        );
        let sys = &components["pkg:cargo/sys@1.0.0%2B2"];
        assert_eq!(sys.hash, Some(("SHA-256", "ab".to_owned())));
        assert_eq!(sys.licence.as_deref(), Some("MIT OR ISC"));
        let serve = &components["pkg:generic/darkwake/serve@0.1.0"];
        assert_eq!((serve.hash.is_none(), serve.needs.len()), (true, 1));
    }

    #[test]
    fn a_package_of_npm_is_found_where_it_is_installed() {
        let hash = "sha512-q80=";
        let lock = json!({ "packages": {
            "": { "dependencies": { "a": "1", "@s/b": "1" } },
            "node_modules/a": { "version": "1.0.0", "license": "MIT", "integrity": hash, "dependencies": { "@s/b": "2", "c": "1" } },
            "node_modules/a/node_modules/@s/b": { "version": "2.0.0", "license": "ISC", "integrity": hash, "dependencies": { "c": "1" } },
            "node_modules/@s/b": { "version": "1.0.0", "license": "ISC", "integrity": hash },
            "node_modules/c": { "version": "3.0.0", "license": "MIT", "integrity": hash },
            "node_modules/d": { "version": "1.0.0", "license": "MIT", "integrity": hash, "dev": true },
        } });
        let (direct, components) = of_npm(&lock).unwrap();
        let names = |purls: &BTreeSet<String>| purls.iter().cloned().collect::<Vec<_>>();
        assert_eq!(names(&direct), ["pkg:npm/%40s/b@1.0.0", "pkg:npm/a@1.0.0"]);
        let a = &components["pkg:npm/a@1.0.0"];
        assert_eq!(names(&a.needs), ["pkg:npm/%40s/b@2.0.0", "pkg:npm/c@3.0.0"]);
        assert_eq!(a.hash, Some(("SHA-512", "abcd".to_owned())));
        assert_eq!(components.len(), 4);
        assert!(!components.contains_key("pkg:npm/d@1.0.0"));
    }

    #[test]
    fn the_document_says_the_same_again() {
        let linked = of_tree(&[("darkwake", "0.1.0"), ("serve", "0.1.0"), ("sys", "1.0.0+2")]);
        let make = || {
            let components = of_cargo(&metadata(), &linked, &checksums(LOCK).unwrap()).unwrap();
            document(&components).unwrap()
        };
        let document = make();
        assert_eq!(document, make());
        assert_eq!(document["metadata"]["component"]["name"], PROGRAM);
        assert_eq!(list(&document["components"]).count(), 2);
        assert_eq!(document["components"][0]["hashes"][0], json!({ "alg": "SHA-256", "content": "ab" }));
        assert_eq!(document["dependencies"][1]["dependsOn"], json!(["pkg:generic/darkwake/serve@0.1.0"]));
    }

    #[test]
    fn base64_is_written_in_hexadecimal_digits() {
        for (base64, digits) in [("", ""), ("q80=", "abcd"), ("AAECAwQ=", "0001020304"), ("////", "ffffff")] {
            assert_eq!(hexadecimal(base64).as_deref(), Some(digits));
        }
        assert_eq!(hexadecimal("a b"), None);
    }
}
