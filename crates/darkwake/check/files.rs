//! The files and folders that `run` needs: what is there is looked at, and what is not there is told.
//!
//! A configuration is often checked on another machine than it is to run on, so what is missing is no error by itself.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::Path;

use crate::config::{Config, Secret, SourceKind};

/// What a basemap begins with.
const PMTILES: &[u8] = b"PMTiles";

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What no machine can use.
    pub wrong: Vec<String>,
    /// What this machine does not have.
    pub missing: Vec<String>,
}

/// Looks at everything that is named but ports and lists, which are read.
pub fn look(config: &Config) -> Found {
    let mut found = Found::default();
    sources(config, &mut found);
    sinks(config, &mut found);
    serving(config, &mut found);
    // Each is of this configuration.
    for told in found.wrong.iter_mut().chain(&mut found.missing) {
        *told = format!("{}: {told}", config.place);
    }
    found
}

fn sources(config: &Config, found: &mut Found) {
    for source in &config.live.sources {
        let name = format!("[[live.sources]] \"{}\"", source.name);
        if let Some(path) = source.path.as_ref().filter(|path| !path.is_file()) {
            let shown = path.display();
            found.missing.push(if source.kind == SourceKind::Tail {
                format!("{name}: {shown} is not there yet; it is waited for")
            } else {
                format!("{name}: {shown} is not there")
            });
        }
        empty(&source.password, &format!("{name}: password"), found);
    }
}

fn sinks(config: &Config, found: &mut Found) {
    if let Some(folder) = config.live.state.as_ref().filter(|folder| folder.exists() && !folder.is_dir()) {
        found.wrong.push(format!("live.state: {} is no folder", folder.display()));
    }
    for sink in &config.live.sinks {
        for (key, file) in [("path", &sink.path), ("dead_letters", &sink.dead_letters)] {
            if let Some(file) = file {
                to_write(file, &format!("[[live.sinks]]: {key}"), found);
            }
        }
        empty(&sink.secret, "[[live.sinks]]: secret", found);
    }
}

fn serving(config: &Config, found: &mut Found) {
    let serve = &config.serve;
    if let Some(store) = &serve.store {
        to_write(store, "serve.store", found);
    }
    if let Some((certificate, key)) = serve.certificate.as_ref().zip(serve.key.as_ref()) {
        let is_there = [("certificate", certificate), ("key", key)]
            .map(|(name, file)| to_read(file, &format!("serve.{name}"), found));
        if is_there == [true, true]
            && let Err(error) = serve::check_tls(certificate, key)
        {
            found.wrong.push(format!("serve.certificate, serve.key: {error}"));
        }
    }
    if let Some(basemap) = &serve.basemap
        && to_read(basemap, "serve.basemap", found)
        && !begins_with(basemap, PMTILES)
    {
        found.wrong.push(format!("serve.basemap: {} is no PMTiles archive", basemap.display()));
    }
}

/// Whether a file is there to be read.
fn to_read(file: &Path, key: &str, found: &mut Found) -> bool {
    match File::open(file) {
        Ok(_) => true,
        Err(error) => {
            found.missing.push(format!("{key}: {} cannot be read: {error}", file.display()));
            false
        }
    }
}

/// Tells what keeps a file from being written; nothing is made.
fn to_write(file: &Path, key: &str, found: &mut Found) {
    let shown = file.display();
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if file.is_dir() {
        found.wrong.push(format!("{key}: {shown} is a folder"));
    } else if !folder.is_dir() {
        found.missing.push(format!("{key}: {} is no folder that is there", folder.display()));
    } else if file.exists()
        && let Err(error) = OpenOptions::new().append(true).open(file)
    {
        found.missing.push(format!("{key}: {shown} cannot be written: {error}"));
    }
}

fn begins_with(file: &Path, bytes: &[u8]) -> bool {
    let mut first = vec![0; bytes.len()];
    File::open(file).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == bytes
}

/// A secret that is empty keeps nobody out.
fn empty(secret: &Option<Secret>, name: &str, found: &mut Found) {
    if secret.as_ref().is_some_and(|secret| secret.text.is_empty()) {
        found.missing.push(format!("{name} is empty"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found of a configuration in a folder with these files, without the place in front.
    fn found(text: &str, files: &[(&str, &str)]) -> Found {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let path = folder.path().join("darkwake.toml");
        std::fs::write(&path, text).unwrap();
        let config = Config::load(Some(&path)).unwrap();
        let prefix = format!("{}: ", path.display());
        let inside = format!("{}{}", folder.path().display(), std::path::MAIN_SEPARATOR);
        let bare = |told: String| told.strip_prefix(&prefix).unwrap().replace(&inside, "");
        let Found { wrong, missing } = look(&config);
        Found {
            wrong: wrong.into_iter().map(bare).collect(),
            missing: missing.into_iter().map(bare).collect(),
        }
    }

    #[test]
    fn what_is_not_there_is_told() {
        let found = found(
            "[live]\nstate = \"state\"\n\
             [[live.sources]]\nname = \"a\"\ntype = \"tail\"\npath = \"a.nmea\"\n\
             [[live.sources]]\nname = \"b\"\ntype = \"play\"\npath = \"b.nmea\"\n\
             [[live.sinks]]\ntype = \"file\"\npath = \"alerts.jsonl\"\n\
             [[live.sinks]]\ntype = \"webhook\"\nurl = \"http://h\"\nsecret = \"\"\ndead_letters = \"gone/dead.jsonl\"\n\
             [serve]\nstore = \"page.db\"\n",
            &[],
        );
        assert_eq!(found.wrong, Vec::<String>::new());
        assert_eq!(
            found.missing[..2],
            [
                "[[live.sources]] \"a\": a.nmea is not there yet; it is waited for",
                "[[live.sources]] \"b\": b.nmea is not there"
            ]
        );
        assert!(found.missing[2].starts_with("[[live.sinks]]: dead_letters: gone"), "{found:?}");
        assert_eq!(found.missing[3..], ["[[live.sinks]]: secret is empty"]);
    }

    #[test]
    fn what_is_there_and_cannot_be_used_is_wrong() {
        let found = found(
            "[live]\nstate = \"file\"\n[[live.sinks]]\ntype = \"file\"\npath = \"file\"\n\
             [serve]\ncertificate = \"file\"\nkey = \"file\"\nbasemap = \"file\"\n",
            &[("file", "neither PEM nor tiles")],
        );
        assert_eq!(found.missing, Vec::<String>::new());
        assert_eq!(found.wrong.len(), 3, "{found:?}");
        for (told, expect) in found.wrong.iter().zip([
            "live.state: file",
            "serve.certificate, serve.key: ",
            "serve.basemap: file",
        ]) {
            assert!(told.starts_with(expect), "{told}");
        }
    }

    #[test]
    fn a_certificate_with_its_key_is_good() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let text = "[serve]\ncertificate = \"c\"\nkey = \"k\"\n";
        let files = [("c", certificate.as_str()), ("k", key.as_str())];
        assert_eq!(found(text, &files), Found::default());
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = other.signing_key.serialize_pem();
        assert_eq!(found(text, &[files[0], ("k", &other)]).wrong.len(), 1);
    }
}
