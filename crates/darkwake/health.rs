//! `darkwake health`: whether a running darkwake answers.

use std::time::Duration;

use anyhow::Context;

/// Whoever takes longer is not well.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fails unless the answer is 200.
pub fn run(url: &str) -> anyhow::Result<()> {
    let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false);
    let agent: ureq::Agent = config.build().into();
    let mut answer = agent.get(url).call().with_context(|| format!("{url}: no answer"))?;
    let said = answer.body_mut().read_to_string().unwrap_or_default();
    anyhow::ensure!(answer.status().as_u16() == 200, "{url}: {} {}", answer.status(), said.trim());
    Ok(())
}
