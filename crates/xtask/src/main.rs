//! The tasks of the project: `cargo xtask demo | test | bench | ports`.

mod ports;
mod ports_countries;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((task, rest)) if task == "ports" => ports::run(rest),
        _ => anyhow::bail!("usage: cargo xtask ports [--check]"),
    }
}
