//! `--once`: the traffic, then what the control plane knows of it, then a block and its end.

use std::{
    collections::HashSet,
    net::IpAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use fastrand::Rng;
use portcullis_stack::Interrupt;
use portcullis_testbed::{
    rest::Rest,
    site::Answer,
    stage::Stage,
    traffic::{Attack, Outcome, Visit},
};
use serde_json::{Value, json};

use super::{client, say, table};

const SEED: u64 = 1;
/// How long the last event may take from the wire to the answer of a REST call.
const ARRIVAL: Duration = Duration::from_secs(20);
/// How long to wait for an event that must not come.
const SILENCE: Duration = Duration::from_secs(2);

pub(super) fn run(stage: &mut Stage, interrupt: &Interrupt) -> anyhow::Result<()> {
    let rest = stage.rest()?;
    let visits = client::once(&mut Rng::with_seed(SEED));
    say(&format!("demo: sending {} requests", visits.len()));
    let outcomes = send(stage)?;
    ensure!(outcomes.len() == visits.len(), "{} requests, {} outcomes", visits.len(), outcomes.len());
    let findings = wait_for_findings(&rest, &visits, &outcomes, interrupt)?;
    show(&findings)?;
    let mut wrong: Vec<String> = findings.iter().filter_map(Finding::complaint).collect();
    wrong.extend(false_alarms(&rest, &visits)?);
    let blocked = block_and_unblock(stage, &rest)?;
    table::print(["BLOCK", "WHAT HAPPENED"], &blocked)?;
    if wrong.is_empty() {
        say("demo: all of it worked");
        return Ok(());
    }
    bail!("not all of it worked:\n  {}", wrong.join("\n  "))
}

/// The clients run in their namespace, and with the same seed do what `visits` says.
fn send(stage: &Stage) -> anyhow::Result<Vec<Outcome>> {
    let mut client = stage.site.network.clients.command(std::env::current_exe()?);
    let output = client.args(["client", "--seed", &SEED.to_string()]).output().context("the clients")?;
    ensure!(
        output.status.success(),
        "the clients: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let lines = String::from_utf8(output.stdout)?;
    lines
        .lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("the clients: {line}")))
        .collect()
}

/// An attack, what the client got, and the event that came of it.
struct Finding {
    actor: IpAddr,
    request: String,
    attack: Attack,
    status: Option<u16>,
    event: Option<Value>,
}

fn wait_for_findings(
    rest: &Rest,
    visits: &[Visit],
    outcomes: &[Outcome],
    interrupt: &Interrupt,
) -> anyhow::Result<Vec<Finding>> {
    let end = Instant::now() + ARRIVAL;
    loop {
        let events = rest.events(&json!({}))?;
        let findings = findings(visits, outcomes, &events);
        if findings.iter().all(|finding| finding.complaint().is_none()) || Instant::now() >= end {
            return Ok(findings);
        }
        ensure!(!interrupt.sleep(Duration::from_millis(200)), "stopped before the end");
    }
}

fn findings(visits: &[Visit], outcomes: &[Outcome], events: &[Value]) -> Vec<Finding> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for (visit, outcome) in visits.iter().zip(outcomes) {
        let Some(attack) = visit.attack else { continue };
        // The requests of a burst are one finding together.
        let is_burst = attack.policy == BURST;
        if is_burst && !seen.insert(visit.actor) {
            continue;
        }
        let fits = |event: &&Value| {
            text(event, "actor").parse() == Ok(visit.actor)
                && text(event, "filterId") == attack.policy
                && (is_burst || text(event, "url") == visit.path())
        };
        found.push(Finding {
            actor: visit.actor,
            request: format!("{} {}", visit.method, visit.path()),
            attack,
            status: outcome.status,
            event: events.iter().find(fits).cloned(),
        });
    }
    found
}

/// The policy that counts client errors.
const BURST: &str = "High4XXAlertFilter";

impl Finding {
    fn exploited(&self) -> Option<bool> {
        self.event.as_ref()?.get("successfulExploit")?.as_bool()
    }

    fn complaint(&self) -> Option<String> {
        let of = format!("{} by {} ({})", self.attack.name, self.actor, self.request);
        match (&self.event, self.exploited()) {
            (None, _) => Some(format!("{of}: not detected")),
            (Some(_), Some(exploited)) if exploited != self.attack.succeeds => Some(format!(
                "{of}: successfulExploit is {exploited}, but it {}",
                if exploited { "failed" } else { "worked" }
            )),
            (Some(event), None) => Some(format!("{of}: no successfulExploit in {event}")),
            _ => None,
        }
    }
}

fn show(findings: &[Finding]) -> anyhow::Result<()> {
    let rows: Vec<[String; 7]> = findings
        .iter()
        .map(|finding| {
            let of_event =
                |key| finding.event.as_ref().map_or("-".to_owned(), |event| text(event, key).to_owned());
            [
                finding.actor.to_string(),
                finding.request.clone(),
                finding.attack.name.to_owned(),
                finding.status.map_or("-".to_owned(), |status| status.to_string()),
                of_event("filterId"),
                of_event("severity"),
                finding
                    .exploited()
                    .map_or("MISSED", |exploited| if exploited { "yes" } else { "no" })
                    .to_owned(),
            ]
        })
        .collect();
    table::print(["ACTOR", "REQUEST", "ATTACK", "STATUS", "POLICY", "SEVERITY", "EXPLOITED"], &rows)
}

/// Customers must not be accused.
fn false_alarms(rest: &Rest, visits: &[Visit]) -> anyhow::Result<Vec<String>> {
    std::thread::sleep(SILENCE);
    let customers: HashSet<String> =
        visits.iter().filter(|visit| visit.attack.is_none()).map(|visit| visit.actor.to_string()).collect();
    let ips: Vec<&String> = customers.iter().collect();
    let events = rest.events(&json!({ "ips": ips }))?;
    let honest = visits.iter().filter(|visit| visit.attack.is_none()).count();
    say(&format!("demo: {honest} requests of customers raised {} events", events.len()));
    Ok(events
        .iter()
        .map(|event| {
            format!(
                "false alarm: {} by {}: {}",
                text(event, "filterId"),
                text(event, "actor"),
                text(event, "url")
            )
        })
        .collect())
}

/// Block IP, as the console does it; any step that does not hold is an error.
fn block_and_unblock(stage: &Stage, rest: &Rest) -> anyhow::Result<Vec<[String; 2]>> {
    let actor: IpAddr = "203.0.113.7".parse()?;
    let cidr = format!("{actor}/32");
    let visit = || stage.site.curl(actor).get("/api/health");
    let answered = |answer: Answer, when: &str| {
        ensure!(answer.status() == Some(200), "{when}: {actor} should be served, and got {answer:?}");
        Ok(["served".to_owned(), format!("{when}: 200")])
    };
    let mut rows = vec![answered(visit()?, "before the block")?];

    let reply = rest.call(
        "modifyThreatActorStatus",
        &json!({ "actorIp": actor, "status": "blocked", "reason": "demo" }),
    )?;
    let applied = reply.pointer("/sensors/applied").and_then(Value::as_u64).unwrap_or(0);
    ensure!(applied == 1, "Block IP: no sensor has applied it: {reply}");
    let before = dropped(rest, &cidr)?;
    let answer = visit()?;
    ensure!(answer == Answer::TimedOut, "blocked, and {actor} still got {answer:?}");
    rows.push(["blocked".to_owned(), format!("{cidr}: applied by {applied} sensor, curl timed out")]);

    let end = Instant::now() + ARRIVAL;
    while dropped(rest, &cidr)? <= before {
        ensure!(Instant::now() < end, "blocked, but the counter of dropped packets stays at {before}");
        std::thread::sleep(Duration::from_millis(200));
    }
    rows.push(["counted".to_owned(), format!("{} packets dropped", dropped(rest, &cidr)?)]);

    rest.call("modifyThreatActorStatus", &json!({ "actorIp": actor, "status": "active" }))?;
    rows.push(answered(visit()?, "after the block was lifted")?);
    Ok(rows)
}

fn dropped(rest: &Rest, cidr: &str) -> anyhow::Result<u64> {
    let block = rest.block(cidr)?.with_context(|| format!("{cidr} is not on the blocklist"))?;
    block.pointer("/hits/packets").and_then(Value::as_u64).with_context(|| format!("no hits in {block}"))
}

fn text<'a>(event: &'a Value, key: &str) -> &'a str {
    event.get(key).and_then(Value::as_str).unwrap_or_default()
}
