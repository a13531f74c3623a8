//! The configuration in force, for a person to read: all settings, and of those that are not the default where they come
//! from. Secrets are masked.
//!
//! ```text
//! [serve]
//! clients = 1024
//! listen = "127.0.0.1:9464"  # DARKWAKE__SERVE__LISTEN
//! ```

use std::path::PathBuf;

use toml::{Table, Value};

use super::{Config, Given, MASK};

/// What stands above it.
const HEAD: &str = "# The configuration in force. What has no comment has its default; **** stands for what may be secret.\n";

/// It as TOML; paths as they are written. Port files of the command line take the place of those that are given.
pub fn text(given: &Given, ports: &[PathBuf]) -> anyhow::Result<String> {
    let mut config = given.config()?;
    if !ports.is_empty() {
        config.ports.files = ports.to_vec();
    }
    let origin = |path: &[String]| {
        let is_flag = !ports.is_empty() && path == ["ports", "files"];
        if is_flag { Some("--ports".to_owned()) } else { given.origin(path) }
    };
    let mut text = HEAD.to_owned();
    write(&mut text, &mut Vec::new(), &masked(config)?, &origin);
    Ok(text)
}

/// All settings. A `Secret` masks itself; this sees to what else may hold one.
fn masked(mut config: Config) -> anyhow::Result<Table> {
    for source in &mut config.live.sources {
        source.url = source.url.as_deref().map(|url| masked_url(url, Shown::Path));
    }
    for sink in &mut config.live.sinks {
        // Those who offer webhooks put what lets one in into the path.
        sink.url = sink.url.as_deref().map(|url| masked_url(url, Shown::Host));
    }
    for token in &mut config.serve.tokens {
        MASK.clone_into(&mut token.sha256);
    }
    let mut table = Table::try_from(&config)?;
    let properties = table.get_mut("kafka").and_then(|kafka| kafka.get_mut("properties"));
    if let Some(properties) = properties.and_then(Value::as_table_mut) {
        for (name, value) in config.kafka.properties.iter().filter(|(name, _)| !is_secret(name)) {
            properties.insert(name.clone(), Value::String(value.written.clone()));
        }
    }
    Ok(table)
}

/// Whether a setting of librdkafka holds what is secret: those that it hides itself, but for names of users and files.
fn is_secret(property: &str) -> bool {
    const WORDS: [&str; 5] = ["password", "passphrase", "secret", "token", "jwt"];
    WORDS.iter().any(|word| property.contains(word))
        || property.ends_with(".pem")
        || property == "sasl.oauthbearer.config"
}

/// How much of an address is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Host and path.
    Path,
    /// The host.
    Host,
}

/// An address without what lets one in.
fn masked_url(url: &str, shown: Shown) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return MASK.to_owned() };
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{host}"),
        None => authority.to_owned(),
    };
    let path = &after[..after.find(['?', '#']).unwrap_or(after.len())];
    let after = match shown {
        Shown::Host if after.len() > 1 => format!("/{MASK}"),
        Shown::Path if after.len() > path.len() => format!("{path}?{MASK}"),
        Shown::Host | Shown::Path => after.to_owned(),
    };
    format!("{scheme}://{authority}{after}")
}

/// Writes a table: its own settings first, then the tables in it.
fn write(
    text: &mut String,
    path: &mut Vec<String>,
    table: &Table,
    origin: &dyn Fn(&[String]) -> Option<String>,
) {
    let (tables, settings): (Vec<_>, Vec<_>) = table.iter().partition(|(_, value)| is_below(value));
    for (name, value) in settings {
        path.push(name.clone());
        *text += &format!("{} = {value}{}\n", key(name), comment(origin(path)));
        path.pop();
    }
    for (name, value) in tables {
        path.push(name.clone());
        let header = path.iter().map(|name| key(name)).collect::<Vec<_>>().join(".");
        if let Some(table) = value.as_table() {
            *text += &format!("\n[{header}]\n");
            write(text, path, table, origin);
        }
        for item in value.as_array().into_iter().flatten().filter_map(Value::as_table) {
            *text += &format!("\n[[{header}]]{}\n", comment(origin(path)));
            for (name, value) in item {
                *text += &format!("{} = {value}\n", key(name));
            }
        }
        path.pop();
    }
}

/// Whether it has a header of its own.
fn is_below(value: &Value) -> bool {
    let items = value.as_array().filter(|items| !items.is_empty());
    value.is_table() || items.is_some_and(|items| items.iter().all(Value::is_table))
}

/// The name of a setting, in quotes if it needs them.
fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(is_bare) {
        name.to_owned()
    } else {
        Value::String(name.to_owned()).to_string()
    }
}

fn comment(origin: Option<String>) -> String {
    origin.map_or(String::new(), |origin| format!("  # {}", origin.replace(['\n', '\r'], " ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> (tempfile::TempDir, Given) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("darkwake.toml");
        std::fs::write(&file, text).unwrap();
        let given = Given::read(Some(&file)).unwrap();
        (folder, given)
    }

    #[test]
    fn what_is_printed_is_the_same_configuration_again() {
        let (_folder, given) = given(
            "[input]\ndelay_bound = \"1m 30s\"\n[input.columns]\ntime = \"t\"\nmmsi = \"1\"\nlon = \"x\"\nlat = \"y\"\n\
             [[watch.ships]]\nimo = 9000003\nmmsi = [{ mmsi = 273000001, from = \"2023-08-01\" }]\n\
             [[watch.areas]]\nname = \"X\"\nring = [[0, 0], [1, 0], [1.5, 1.5]]\n\
             [[live.sources]]\nname = \"a \\\"b\\\"\"\ntype = \"play\"\npath = \"f\"\nspeed = 2.5\n\
             [kafka.properties]\n\"linger.ms\" = \"5\"\n[serve]\npage = false\n",
        );
        let printed = text(&given, &[]).unwrap();
        let again: Config = toml::from_str(&printed).unwrap_or_else(|error| panic!("{error}\n{printed}"));
        let json = |config: &Config| serde_json::to_value(config).unwrap();
        assert_eq!(json(&again), json(&given.config().unwrap()), "{printed}");
    }

    #[test]
    fn every_default_is_printed_without_a_comment() {
        let printed = text(&Given::read(None).unwrap(), &[]).unwrap();
        let again: Config = toml::from_str(&printed).unwrap();
        let json = |config: &Config| serde_json::to_value(config).unwrap();
        assert_eq!(json(&again), json(&Config::default()));
        assert!(printed.lines().skip(1).all(|line| !line.contains('#')), "{printed}");
    }

    #[test]
    fn where_a_setting_comes_from_stands_behind_it() {
        let (folder, given) =
            given("[ports]\nfiles = [\"a\"]\n[serve]\npage = false\n[[live.sinks]]\ntype = \"stdout\"\n");
        let file = folder.path().join("darkwake.toml").display().to_string();
        let printed = text(&given, &[]).unwrap();
        for line in [
            format!("files = [\"a\"]  # {file}"),
            format!("page = false  # {file}"),
            format!("[[live.sinks]]  # {file}"),
            "clients = 1024".to_owned(),
        ] {
            assert!(printed.lines().any(|printed| printed == line), "{line}\n{printed}");
        }
        let printed = text(&given, &["mine.geojson".into()]).unwrap();
        assert!(printed.contains("files = [\"mine.geojson\"]  # --ports\n"), "{printed}");
    }

    #[test]
    fn no_secret_is_printed() {
        let hash = "5ec4e7".repeat(11)[..64].to_owned();
        let (_folder, given) = given(&format!(
            "[[live.sources]]\nname = \"a\"\ntype = \"mqtt\"\nurl = \"mqtt://u:s3cret@h:1883/\"\ntopic = \"t\"\nuser = \"u\"\npassword = \"s3cret\"\n\
             [[live.sources]]\nname = \"b\"\ntype = \"websocket\"\nurl = \"wss://h/v0/stream?key=s3cret\"\nsubscribe = \"s3cret ${{PATH}}\"\n\
             [[live.sinks]]\ntype = \"webhook\"\nurl = \"https://h/T0/s3cret\"\nsecret = \"${{CARGO_PKG_NAME}}\"\ndead_letters = \"d\"\n\
             [kafka.properties]\n\"sasl.password\" = \"s3cret\"\n\"ssl.key.pem\" = \"s3cret\"\n\"security.protocol\" = \"SSL\"\n\
             [[serve.tokens]]\nname = \"desk\"\nrole = \"viewer\"\nsha256 = \"{hash}\"\n"
        ));
        let printed = text(&given, &[]).unwrap();
        assert!(!printed.contains("s3cret") && !printed.contains(&hash), "{printed}");
        for shown in [
            "url = \"mqtt://****@h:1883/\"",
            "url = \"wss://h/v0/stream?****\"",
            "url = \"https://h/****\"",
            "secret = \"${CARGO_PKG_NAME}\"",
            "subscribe = \"****\"",
            "\"security.protocol\" = \"SSL\"",
            "\"sasl.password\" = \"****\"",
            "user = \"u\"",
        ] {
            assert!(printed.contains(shown), "{shown}\n{printed}");
        }
    }
}
