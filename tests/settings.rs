//! Settings by file, by environment and by flag, and what a person is shown of them.

mod program;

use std::path::Path;

use program::darkwake;

const FILE: &str = "[limits]\nships = 5000\n[serve]\nclients = 7\n[[live.sources]]\nname = \"a\"\ntype = \"mqtt\"\n\
    url = \"mqtt://h\"\ntopic = \"t\"\nuser = \"u\"\npassword = \"s3cret\"\n";

/// Code, stdout and stderr of the program with these variables, in a folder with `darkwake.toml`.
fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    std::fs::write(folder.join("darkwake.toml"), FILE).unwrap();
    let done = darkwake(folder).args(arguments).envs(variables.iter().copied()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code(), text(done.stdout), text(done.stderr))
}

fn lines_with_origin(printed: &str) -> Vec<&str> {
    printed.lines().skip(1).filter(|line| line.contains("  # ")).collect()
}

#[test]
fn the_configuration_in_force_is_printed_with_origins_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let variables =
        [("DARKWAKE__SERVE__CLIENTS", "9"), ("DARKWAKE__KAFKA__PROPERTIES__SASL_PASSWORD", "s3cret")];
    let expected = [
        "\"sasl.password\" = \"****\"  # DARKWAKE__KAFKA__PROPERTIES__SASL_PASSWORD",
        "ships = 5000  # darkwake.toml",
        "[[live.sources]]  # darkwake.toml",
        "clients = 9  # DARKWAKE__SERVE__CLIENTS",
    ];
    let commands: [&[&str]; 2] = [
        &["check", "--config", "darkwake.toml", "--print"],
        &["run", "--config", "darkwake.toml", "--print-config"],
    ];
    let printed = commands.map(|arguments| {
        let (code, stdout, stderr) = run(folder.path(), arguments, &variables);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(!stdout.contains("s3cret") && !stderr.contains("s3cret"), "{stdout}{stderr}");
        assert_eq!(lines_with_origin(&stdout), expected);
        stdout
    });
    assert_eq!(printed[0], printed[1]);
    let again: toml::Table = toml::from_str(&printed[0]).unwrap();
    assert_eq!(again["serve"]["clients"].as_integer(), Some(9));
}

#[test]
fn without_a_file_there_are_the_variables_alone() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("DARKWAKE__LIMITS__LINE_BYTES", "4096")];
    let (code, stdout, stderr) = run(folder.path(), &["check", "--print"], &variables);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(lines_with_origin(&stdout), ["line_bytes = 4096  # DARKWAKE__LIMITS__LINE_BYTES"]);
}

#[test]
fn a_wrong_variable_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, told) in [
        (
            "DARKWAKE__LIMITS__SHIP",
            "1",
            "error: DARKWAKE__LIMITS__SHIP: unknown field `ship`, expected one of ",
        ),
        (
            "DARKWAKE__INPUT__DELAY_BOUND",
            "30",
            "error: DARKWAKE__INPUT__DELAY_BOUND: \"30\" is no time span; write it like ",
        ),
        (
            "DARKWAKE__SERVE__CLIENTS",
            "0",
            "error: darkwake.toml, DARKWAKE__SERVE__CLIENTS: serve.clients is 0",
        ),
    ] {
        let arguments = ["check", "--config", "darkwake.toml"];
        let (code, stdout, stderr) = run(folder.path(), &arguments, &[(name, value)]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.starts_with(told), "{stderr}");
    }
}

#[test]
fn alerts_are_of_what_is_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let hash = |arguments: &[&str], variables: &[(&str, &str)]| {
        let (code, _, stderr) = run(folder.path(), arguments, variables);
        assert_eq!(code, Some(0), "{stderr}");
        stderr.lines().find_map(|line| line.strip_prefix("configuration ")).unwrap().to_owned()
    };
    let by_file = hash(&["check", "--config", "darkwake.toml"], &[]);
    assert_eq!(hash(&["check"], &[("DARKWAKE__LIMITS__SHIPS", "5000")]), by_file);
    assert_ne!(hash(&["check"], &[]), by_file);
}

#[test]
fn what_this_machine_lacks_is_a_warning_and_an_error_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let sinks = [("DARKWAKE__LIVE__SINKS", "[{ type = \"file\", path = \"gone/alerts.jsonl\" }]")];
    let arguments = ["check", "--config", "darkwake.toml", "--strict"];
    let (code, _, stderr) = run(folder.path(), &arguments[..3], &sinks);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stderr.contains("warning: darkwake.toml, DARKWAKE__LIVE__SINKS: [[live.sinks]]: path: gone is"),
        "{stderr}"
    );
    let (code, _, stderr) = run(folder.path(), &arguments, &sinks);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.ends_with("error: --strict fails for warnings: 1\n"), "{stderr}");
}
