//! `cargo xtask kafka`: a real broker on loopback, for tests and for trying things out.
//!
//! ```text
//! cargo xtask kafka up                  one node; prints its address, such as 127.0.0.1:41233
//! cargo xtask kafka up --brokers 3      a cluster of three
//! cargo xtask kafka up --name e2e       beside another; each name is a cluster of its own
//! cargo xtask kafka up --while PID      goes down when that process has ended
//! cargo xtask kafka stop --node 2       stops one node, which keeps its data
//! cargo xtask kafka start --node 2      starts it again
//! cargo xtask kafka down [--name e2e]   stops all and takes the data away
//! ```
//!
//! It is Apache Kafka (KRaft) from Maven Central, run by Java: no container, no root.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::Usage;
use crate::project::{self, Project};
use crate::say::{say, talk};
use crate::system::{self, Need};

const USAGE: &str = "usage: cargo xtask kafka up [--name NAME] [--brokers 1|3] [--while PID] | stop|start --node N [--name NAME] | \
     down [--name NAME]";

/// The version that is run.
const VERSION: &str = "4.3.1";
/// Its log goes to a file by this.
const LOG4J: &str = "2.24.3";
/// It is up within this time, or never.
const START: Duration = Duration::from_secs(90);
/// It ends by itself within this time, or is ended.
const STOP: Duration = Duration::from_secs(20);
/// How often it is looked whether it is so.
const LOOK: Duration = Duration::from_millis(100);
/// Names the cluster; any 16 bytes in base64 do.
const CLUSTER: &str = "ZGFya3dha2UtdGVzdC0wMQ";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Up,
    Stop,
    Start,
    Down,
}

#[derive(Debug, PartialEq, Eq)]
struct Options {
    verb: Verb,
    name: String,
    brokers: usize,
    node: usize,
    lives_with: Option<u32>,
}

impl Options {
    fn read(arguments: &[&str]) -> Result<Options> {
        let usage = || Usage(USAGE.to_owned());
        let (verb, mut rest) =
            arguments.split_first().map(|(verb, rest)| (*verb, rest.iter())).ok_or_else(usage)?;
        let verb = match verb {
            "up" => Verb::Up,
            "stop" => Verb::Stop,
            "start" => Verb::Start,
            "down" => Verb::Down,
            _ => bail!(usage()),
        };
        let is_up = verb == Verb::Up;
        let is_of_node = matches!(verb, Verb::Stop | Verb::Start);
        let mut options = Options { verb, name: "default".to_owned(), brokers: 1, node: 0, lives_with: None };
        while let Some(flag) = rest.next() {
            let value = rest.next().ok_or_else(usage)?;
            match *flag {
                "--name" if is_name(value) => options.name = (*value).to_owned(),
                "--brokers" if is_up && matches!(*value, "1" | "3") => options.brokers = value.parse()?,
                "--node" if is_of_node && matches!(*value, "1" | "2" | "3") => {
                    options.node = value.parse()?
                }
                "--while" if is_up => options.lives_with = Some(value.parse().map_err(|_| usage())?),
                _ => bail!(usage()),
            }
        }
        ensure!(!is_of_node || options.node > 0, usage());
        Ok(options)
    }
}

/// It becomes the name of a folder.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Brings it up or down.
pub fn run(arguments: &[&str]) -> Result<()> {
    let options = Options::read(arguments)?;
    let project = Project::find()?;
    let folder = project.made("kafka").join(&options.name);
    match options.verb {
        Verb::Up => {}
        Verb::Stop => return stop(&folder, &pids(&folder)[options.node - 1..options.node]),
        Verb::Start => return start_again(&folder, &jars(&project)?, options.node),
        Verb::Down => return down(&folder),
    }
    ensure!(
        !folder.exists(),
        "{}: is up already, or was not taken down; cargo xtask kafka down",
        folder.display()
    );
    system::prepare(&[Need::Java, Need::Maven])?;
    let jars = jars(&project)?;
    fs::create_dir_all(&folder)?;
    match start(&folder, &jars, options.brokers) {
        Ok(bootstrap) => {
            if let Some(parent) = options.lives_with {
                watch(parent, &folder)?;
            }
            say(&bootstrap);
            Ok(())
        }
        Err(error) => {
            let log = fs::read_to_string(folder.join("broker-1.log")).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(20).collect();
            last.iter().rev().for_each(|line| talk(line));
            down(&folder)?;
            Err(error)
        }
    }
}

/// The programs, fetched once, however many ask at the same time.
fn jars(project: &Project) -> Result<PathBuf> {
    let all = project.made("kafka-jars");
    let folder = all.join(format!("{VERSION}-{LOG4J}"));
    fs::create_dir_all(&all)?;
    let one_at_a_time = File::create(all.join("lock"))?;
    one_at_a_time.lock()?;
    if folder.exists() {
        return Ok(folder);
    }
    talk(&format!("fetching Apache Kafka {VERSION} from Maven Central"));
    let fetched = all.join("incomplete");
    if fetched.exists() {
        fs::remove_dir_all(&fetched)?;
    }
    fs::create_dir(&fetched)?;
    let dependency = |group: &str, artifact: &str, version: &str| {
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
        )
    };
    let pom = format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>darkwake</groupId><artifactId>broker</artifactId>\
         <version>1</version><packaging>pom</packaging><dependencies>{}{}</dependencies></project>",
        dependency("org.apache.kafka", "kafka_2.13", VERSION),
        dependency("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J)
    );
    fs::write(fetched.join("pom.xml"), pom)?;
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=."]).current_dir(&fetched);
    project::output(&mut maven)?;
    fs::rename(&fetched, &folder)?;
    Ok(folder)
}

/// Starts all nodes and waits for them; the address of the cluster.
fn start(folder: &Path, jars: &Path, brokers: usize) -> Result<String> {
    // All are taken before the first is let go, so that they differ.
    let taken: Vec<TcpListener> = (0..2 * brokers)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<std::io::Result<_>>()?;
    let ports: Vec<u16> = taken
        .iter()
        .map(|port| port.local_addr().map(|address| address.port()))
        .collect::<std::io::Result<_>>()?;
    drop(taken);
    let (clients, controllers) = ports.split_at(brokers);
    let voters: Vec<String> =
        controllers.iter().enumerate().map(|(at, port)| format!("{}@127.0.0.1:{port}", at + 1)).collect();
    let mut children: Vec<Child> = Vec::new();
    for at in 0..brokers {
        let path = folder.join(format!("broker-{}.properties", at + 1));
        fs::write(&path, properties(folder, at + 1, (clients[at], controllers[at]), &voters))?;
        let mut format = java(jars);
        format.args(["kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c"]).arg(&path);
        project::output(&mut format)?;
        children.push(node(folder, jars, at + 1)?);
        let pids: Vec<u32> = children.iter().map(Child::id).collect();
        note(folder, &pids)?;
    }
    wait_for(clients, &mut children)?;
    let bootstrap: Vec<String> = clients.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    Ok(bootstrap.join(","))
}

/// Starts a node that was stopped, and waits for it.
fn start_again(folder: &Path, jars: &Path, number: usize) -> Result<()> {
    let mut pids = pids(folder);
    ensure!((1..=pids.len()).contains(&number), "{}: has no node {number}", folder.display());
    ensure!(!is_broker(pids[number - 1], folder), "node {number} is up");
    let properties = fs::read_to_string(folder.join(format!("broker-{number}.properties")))?;
    let client =
        properties.lines().find_map(|line| line.strip_prefix("advertised.listeners=PLAINTEXT://127.0.0.1:"));
    let client: u16 = client.and_then(|port| port.parse().ok()).context("the node has no port")?;
    let child = node(folder, jars, number)?;
    pids[number - 1] = child.id();
    note(folder, &pids)?;
    wait_for(&[client], &mut [child])
}

fn node(folder: &Path, jars: &Path, number: usize) -> Result<Child> {
    let log = folder.join(format!("broker-{number}.log"));
    let log = fs::OpenOptions::new().create(true).append(true).open(log)?;
    let mut broker = java(jars);
    broker.arg("kafka.Kafka").arg(folder.join(format!("broker-{number}.properties")));
    broker.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    broker.spawn().context("java cannot be started")
}

fn wait_for(ports: &[u16], children: &mut [Child]) -> Result<()> {
    let began = Instant::now();
    for port in ports {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
        while TcpStream::connect_timeout(&address, LOOK).is_err() {
            for child in &mut *children {
                ensure!(child.try_wait()?.is_none(), "the broker has ended");
            }
            ensure!(began.elapsed() < START, "the broker is not up after {} s", START.as_secs());
            std::thread::sleep(LOOK);
        }
    }
    Ok(())
}

fn note(folder: &Path, pids: &[u32]) -> Result<()> {
    let told: Vec<String> = pids.iter().map(u32::to_string).collect();
    let beside = folder.join("pids.part");
    fs::write(&beside, told.join("\n"))?;
    Ok(fs::rename(beside, folder.join("pids"))?)
}

fn pids(folder: &Path) -> Vec<u32> {
    let pids = fs::read_to_string(folder.join("pids")).unwrap_or_default();
    pids.lines().filter_map(|pid| pid.parse().ok()).collect()
}

fn java(jars: &Path) -> Command {
    let mut java = Command::new("java");
    java.args(["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-cp"]).arg(jars.join("*"));
    java
}

fn properties(folder: &Path, node: usize, (client, controller): (u16, u16), voters: &[String]) -> String {
    let copies = voters.len();
    let in_sync = if copies == 1 { 1 } else { 2 };
    let data = folder.join(format!("data-{node}"));
    format!(
        "process.roles=broker,controller\n\
         node.id={node}\n\
         controller.quorum.voters={}\n\
         listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{client}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         log.dirs={}\n\
         auto.create.topics.enable=false\n\
         default.replication.factor={copies}\n\
         min.insync.replicas={in_sync}\n\
         offsets.topic.replication.factor={copies}\n\
         offsets.topic.num.partitions=3\n\
         transaction.state.log.replication.factor={copies}\n\
         transaction.state.log.min.isr={in_sync}\n\
         transaction.state.log.num.partitions=3\n\
         group.min.session.timeout.ms=1000\n\
         group.initial.rebalance.delay.ms=0\n",
        voters.join(","),
        data.display()
    )
}

/// Takes the cluster down once a process has ended, whatever ended it.
fn watch(parent: u32, folder: &Path) -> Result<()> {
    const SCRIPT: &str = "folder=$1; parent=$2; \
        alive() { for pid in $(cat \"$folder/pids\"); do kill -0 \"$pid\" 2>/dev/null && return 0; done; return 1; }; \
        while kill -0 \"$parent\" 2>/dev/null && [ -e \"$folder/pids\" ]; do sleep 1; done; \
        [ -e \"$folder/pids\" ] || exit 0; \
        kill $(cat \"$folder/pids\") 2>/dev/null; while alive; do sleep 1; done; rm -rf \"$folder\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, "watch"]).arg(folder).arg(parent.to_string());
    shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.spawn().context("sh cannot be started")?;
    Ok(())
}

fn down(folder: &Path) -> Result<()> {
    stop(folder, &pids(folder))?;
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    }
    Ok(())
}

fn stop(folder: &Path, pids: &[u32]) -> Result<()> {
    for signal in ["-TERM", "-KILL"] {
        pids.iter().filter(|pid| is_broker(**pid, folder)).for_each(|pid| {
            // One that has ended meanwhile is as well.
            let _ = Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status();
        });
        let began = Instant::now();
        while pids.iter().any(|pid| is_broker(*pid, folder)) && began.elapsed() < STOP {
            std::thread::sleep(LOOK);
        }
    }
    ensure!(!pids.iter().any(|pid| is_broker(*pid, folder)), "{}: does not stop", folder.display());
    Ok(())
}

/// Whether a process is a broker of this cluster: its number may be another's by now. One that has ended and was not
/// waited for has no command line any more.
fn is_broker(pid: u32, folder: &Path) -> bool {
    let words = fs::read(format!("/proc/{pid}/cmdline")).or_else(|_| {
        // Where there is no /proc.
        Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output().map(|done| done.stdout)
    });
    words.is_ok_and(|words| String::from_utf8_lossy(&words).contains(&*folder.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_wrong_ones_refused() {
        let options = Options::read(&["up", "--name", "e2e", "--brokers", "3", "--while", "12"]).unwrap();
        let (name, lives_with) = ("e2e".to_owned(), Some(12));
        assert_eq!(options, Options { verb: Verb::Up, name, brokers: 3, node: 0, lives_with });
        assert_eq!(Options::read(&["down"]).unwrap().verb, Verb::Down);
        let options = Options::read(&["stop", "--node", "2"]).unwrap();
        assert_eq!((options.verb, options.node), (Verb::Stop, 2));
        for wrong in [
            &["up", "--brokers", "2"][..],
            &["up", "--name", "../x"],
            &["down", "--brokers", "1"],
            &["up", "--while", "me"],
            &["stop"],
            &["start", "--node", "4"],
            &["up", "--node", "1"],
            &["up", "--name"],
            &["sideways"],
            &[],
        ] {
            assert!(Options::read(wrong).unwrap_err().is::<Usage>(), "{wrong:?}");
        }
    }
}
