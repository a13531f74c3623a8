//! What is given of the configuration: a file, and over it variables of the environment.
//!
//! `DARKWAKE__SERVE__LISTEN=127.0.0.1:9464` takes the place of `listen` under `[serve]`: the names of the tables and of the
//! setting, in capital letters, parted by two underscores. A value is read as in the file where that fits the setting
//! (`true`, `12`, `["a", "b"]`), else it is a text. An array takes the place of the whole array.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Context;
use toml::{Table, Value};

use super::Config;
use crate::Usage;

/// What the names of these variables begin with; no flag's variable does.
pub const PREFIX: &str = "DARKWAKE__";

/// What is given; all else has its default.
pub struct Given {
    file: Option<PathBuf>,
    text: String,
    in_file: Table,
    /// By name.
    variables: Vec<Variable>,
    table: Table,
}

/// A variable of the environment.
struct Variable {
    name: String,
    /// The setting, from the outermost table on.
    path: Vec<String>,
    value: Value,
}

impl Given {
    /// Reads the file, if there is one, and the environment.
    pub fn read(file: Option<&Path>) -> anyhow::Result<Given> {
        let text = match file {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| Usage(format!("{}: cannot be read: {error}", path.display())))?,
            None => String::new(),
        };
        Given::of(text, file, std::env::vars_os())
    }

    /// The text of a file with these variables.
    pub fn of(
        text: String,
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> anyhow::Result<Given> {
        let mut given = Given {
            file: file.map(Path::to_owned),
            text,
            in_file: Table::new(),
            variables: Vec::new(),
            table: Table::new(),
        };
        given.in_file = toml::from_str(&given.text).map_err(|error| given.wrong(&error))?;
        given.table = given.in_file.clone();
        let named = environment.filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let mut named: Vec<(String, OsString)> = named.filter(|(name, _)| name.starts_with(PREFIX)).collect();
        named.sort();
        for (name, value) in named {
            let variable = given.variable(name, value)?;
            anyhow::ensure!(
                put(&mut given.table, &variable.path, variable.value.clone()),
                Usage(format!("{}: what it names lies in a setting that is no table", variable.name))
            );
            given.variables.push(variable);
        }
        Ok(given)
    }

    fn variable(&self, name: String, value: OsString) -> anyhow::Result<Variable> {
        let path = path(&name).with_context(|| {
            Usage(format!("{name}: names no setting; write it like {PREFIX}SERVE__LISTEN"))
        })?;
        let text = value.into_string().map_err(|_| Usage(format!("{name}: is not UTF-8")))?;
        let as_text = Value::String(text.clone());
        let value = match text.parse::<Value>() {
            Ok(value) if value.is_str() || self.takes(&path, &value) => value,
            // An array that does not fit was meant as one all the same.
            Ok(value) if (value.is_array() || value.is_table()) && !self.takes(&path, &as_text) => value,
            _ => as_text,
        };
        Ok(Variable { name, path, value })
    }

    /// Whether the file with this setting is a configuration.
    fn takes(&self, path: &[String], value: &Value) -> bool {
        let mut table = self.in_file.clone();
        put(&mut table, path, value.clone()) && table.try_into::<Config>().is_ok()
    }

    /// The configuration, its paths as they are written.
    pub fn config(&self) -> anyhow::Result<Config> {
        // The text tells where in it something is wrong; a table does not.
        let of_file =
            || toml::from_str::<Config>(&self.text).map_err(|error| anyhow::Error::from(self.wrong(&error)));
        if self.variables.is_empty() {
            return of_file();
        }
        let error = match self.table.clone().try_into::<Config>() {
            Ok(config) => return Ok(config),
            Err(error) => error,
        };
        of_file()?;
        anyhow::bail!(Usage(format!("{}: {}", self.blamed().join(", "), without_text(error.message()))))
    }

    /// The variables without which all would be good; or those that are wrong by themselves, or all.
    fn blamed(&self) -> Vec<&str> {
        let is_good = |is_in: &dyn Fn(usize) -> bool| {
            let mut table = self.in_file.clone();
            for (_, variable) in self.variables.iter().enumerate().filter(|(at, _)| is_in(*at)) {
                put(&mut table, &variable.path, variable.value.clone());
            }
            table.try_into::<Config>().is_ok()
        };
        let all = 0..self.variables.len();
        let mut blamed: Vec<usize> = all.clone().filter(|at| is_good(&|other| other != *at)).collect();
        if blamed.is_empty() {
            blamed = all.clone().filter(|at| !is_good(&|other| other == *at)).collect();
        }
        if blamed.is_empty() {
            blamed = all.collect();
        }
        blamed.into_iter().map(|at| self.variables[at].name.as_str()).collect()
    }

    /// What is wrong with the text of the file.
    fn wrong(&self, error: &toml::de::Error) -> Usage {
        let file = self.file.as_deref().unwrap_or(Path::new("")).display();
        Usage(format!("{file}: {error}"))
    }

    /// The settings that are given, those of variables over those of the file.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The folder that paths start from.
    pub fn folder(&self) -> &Path {
        self.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""))
    }

    /// Where settings come from, as errors say it: the file and the variables. Empty if nothing is given.
    pub fn place(&self) -> String {
        let file = self.file.iter().map(|file| file.display().to_string());
        let variables = self.variables.iter().map(|variable| variable.name.clone());
        file.chain(variables).collect::<Vec<_>>().join(", ")
    }

    /// Whether there is a file, or a variable of a section that alerts hang on.
    pub fn names_rules(&self) -> bool {
        const SECTIONS: [&str; 5] = ["input", "ports", "alerts", "watch", "limits"];
        let mut sections = self.variables.iter().filter_map(|variable| variable.path.first());
        self.file.is_some() || sections.any(|section| SECTIONS.contains(&section.as_str()))
    }

    /// Where a setting comes from, if it is not the default.
    pub fn origin(&self, path: &[String]) -> Option<String> {
        if let Some(variable) = self.variables.iter().rfind(|variable| path.starts_with(&variable.path)) {
            return Some(variable.name.clone());
        }
        let (last, tables) = path.split_last()?;
        let mut table = &self.in_file;
        for name in tables {
            table = table.get(name)?.as_table()?;
        }
        table.get(last)?;
        self.file.as_ref().map(|file| file.display().to_string())
    }
}

/// What is wrong, without the text that was given: it may be a secret.
fn without_text(message: &str) -> String {
    match (message.find("string \""), message.rfind("\", expected")) {
        (Some(start), Some(end)) if start < end => {
            format!("{}text{}", &message[..start], &message[end + 1..])
        }
        _ => message.to_owned(),
    }
}

/// The setting that a variable names.
fn path(name: &str) -> Option<Vec<String>> {
    let path: Vec<String> = name.strip_prefix(PREFIX)?.split("__").map(str::to_lowercase).collect();
    if path.iter().any(String::is_empty) {
        return None;
    }
    // Names of librdkafka have dots, which a shell does not take in those of variables.
    if let [kafka, properties, rest @ ..] = &path[..]
        && kafka == "kafka"
        && properties == "properties"
        && !rest.is_empty()
    {
        let property = rest.join(".").replace('_', ".");
        return Some(vec![kafka.clone(), properties.clone(), property]);
    }
    Some(path)
}

/// Puts a value where it belongs; whether there is such a place.
fn put(mut table: &mut Table, path: &[String], value: Value) -> bool {
    let Some((last, tables)) = path.split_last() else { return false };
    for name in tables {
        let inner = table.entry(name.as_str()).or_insert_with(|| Value::Table(Table::new()));
        let Some(inner) = inner.as_table_mut() else { return false };
        table = inner;
    }
    table.insert(last.clone(), value);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a file and variables.
    fn load(text: &str, variables: &[(&str, &str)]) -> anyhow::Result<Config> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("darkwake.toml");
        std::fs::write(&file, text)?;
        let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Config::of(&Given::of(text.to_owned(), Some(&file), variables)?)
    }

    #[test]
    fn variables_take_the_place_of_what_the_file_says() {
        let file =
            "[serve]\nlisten = \"127.0.0.1:1\"\nclients = 7\n[kafka.properties]\n\"linger.ms\" = \"5\"\n";
        let config = load(
            file,
            &[
                ("DARKWAKE__SERVE__LISTEN", "127.0.0.1:9464"),
                ("DARKWAKE__SERVE__PAGE", "false"),
                ("DARKWAKE__LIMITS__SHIPS", "1_000"),
                ("DARKWAKE__INPUT__DELAY_BOUND", "1m 30s"),
                ("DARKWAKE__KAFKA__APPLICATION", "2024"),
                ("DARKWAKE__KAFKA__TOPICS__LOG", "\"quoted\""),
                ("DARKWAKE__KAFKA__PROPERTIES__SASL_PASSWORD", "0123"),
                ("DARKWAKE__LIVE__SOURCES", "[{ name = \"a\", type = \"stdin\" }]"),
                ("DARKWAKE_SHARDS", "of no concern"),
            ],
        );
        let config = config.unwrap();
        assert_eq!((config.serve.listen.as_deref(), config.serve.clients), (Some("127.0.0.1:9464"), 7));
        assert_eq!((config.serve.page, config.limits.ships), (false, 1_000));
        assert_eq!(config.input.delay_bound.ms, 90_000);
        assert_eq!((config.kafka.application.as_str(), config.kafka.topics.log.as_str()), ("2024", "quoted"));
        let properties: Vec<(&str, &str)> = config
            .kafka
            .properties
            .iter()
            .map(|(name, value)| (name.as_str(), value.text.as_str()))
            .collect();
        assert_eq!(properties, [("linger.ms", "5"), ("sasl.password", "0123")]);
        assert_eq!(config.live.sources.len(), 1);
    }

    #[test]
    fn the_hash_is_of_what_is_in_force() {
        let by_file = load("[limits]\nships = 9\n", &[]).unwrap();
        let by_variable = load("[limits]\nships = 3\n", &[("DARKWAKE__LIMITS__SHIPS", "9")]).unwrap();
        assert_eq!(by_file.hash(), by_variable.hash());
        assert_ne!(by_file.hash(), load("[limits]\nships = 3\n", &[]).unwrap().hash());
    }

    #[test]
    fn an_error_names_the_variable() {
        for (variables, told) in [
            (&[("DARKWAKE__SERVE__LISSTEN", "x")][..], "DARKWAKE__SERVE__LISSTEN: unknown field `lissten`"),
            (
                &[("DARKWAKE__SERVE__PAGE", "no")][..],
                "DARKWAKE__SERVE__PAGE: invalid type: text, expected a boolean",
            ),
            (
                &[("DARKWAKE__LIMITS__SHIPS", "5"), ("DARKWAKE__LIMITS__LINE_BYTES", "-1")][..],
                "DARKWAKE__LIMITS__LINE_BYTES: invalid",
            ),
            (&[("DARKWAKE__INPUT__DELAY_BOUND", "30")][..], "DELAY_BOUND: \"30\" is no time span"),
            (
                &[("DARKWAKE__INPUT__DELAY_BOUND", "6m")][..],
                "DELAY_BOUND: input.delay_bound = \"6m\" is more",
            ),
            (&[("DARKWAKE__SERVE__CLIENTS", "0")][..], "DARKWAKE__SERVE__CLIENTS: serve.clients is 0"),
            (&[("DARKWAKE__LIVE__SOURCES", "[{ name = \"a\" }]")][..], "SOURCES: missing field `type`"),
            (&[("DARKWAKE__PORTS__FILES__0", "a")][..], "DARKWAKE__PORTS__FILES__0: what it names lies in"),
            (&[("DARKWAKE__", "a")][..], "DARKWAKE__: names no setting"),
        ] {
            let error = load("[ports]\nfiles = []\n", variables).unwrap_err();
            assert!(error.is::<Usage>() && format!("{error:#}").contains(told), "{error:#}");
        }
        let error = load("[input]\nnothing = 1\n", &[("DARKWAKE__LIMITS__SHIPS", "5")]).unwrap_err();
        assert!(format!("{error:#}").contains("TOML parse error at line 2"), "{error:#}");
    }

    #[test]
    fn settings_that_need_each_other_may_all_be_variables() {
        let columns = |time: &'static str| {
            [
                ("DARKWAKE__INPUT__COLUMNS__TIME", time),
                ("DARKWAKE__INPUT__COLUMNS__MMSI", "id"),
                ("DARKWAKE__INPUT__COLUMNS__LON", "x"),
                ("DARKWAKE__INPUT__COLUMNS__LAT", "y"),
            ]
        };
        assert!(load("", &columns("t")).unwrap().input.columns.is_some());
        let error = load("", &columns("[]")).unwrap_err();
        assert!(format!("{error:#}").contains("DARKWAKE__INPUT__COLUMNS__TIME"), "{error:#}");
    }

    #[test]
    fn paths_of_variables_start_from_the_folder_of_the_file() {
        let config = load("", &[("DARKWAKE__SERVE__STORE", "page.db")]).unwrap();
        assert_eq!(config.serve.store, Some(config.folder.join("page.db")));
        assert!(config.folder.is_absolute());
    }
}
