//! What judging costs: each of a few everyday exchanges, and requests of a corpus per CPU-second: reading alone, with the
//! built-in policies, and with a thousand policies more that match nothing, in turn over the same requests. Prints a JSON
//! line for each, and one with the ratios.

#![allow(clippy::print_stdout, reason = "what a measurement is for")]

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use portcullis_detection::{Engine, PolicySet, corpus::Labelled};
use portcullis_exchange::TaggedExchange;
use serde_json::json;

/// Requests that stand for the corpus: every so many-th of it.
const STEP: usize = 13;
const ROUNDS: usize = 5;
const IDLE_POLICIES: usize = 1000;

mod everyday;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    everyday()?;
    let arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let Some(path) = arguments.map(PathBuf::from).next() else {
        println!("skipped: name a corpus, as in cargo xtask bench detect --corpus FILE");
        return Ok(());
    };
    let requests = sample(&path)?;
    let contenders = [
        ("read", Engine::new(PolicySet::default())),
        ("judge", Engine::new(PolicySet::builtin())),
        ("judge-with-1000-idle-policies", Engine::new(with_idle_policies()?)),
    ];
    let mut times = vec![Vec::new(); contenders.len()];
    for _ in 0..=ROUNDS {
        for ((_, engine), times) in contenders.iter().zip(&mut times) {
            let before = cpu_time()?;
            let found: usize = requests.iter().map(|request| engine.judge(request).len()).sum();
            std::hint::black_box(found);
            times.push(cpu_time()? - before);
        }
    }
    let mut rates = Vec::new();
    for ((name, _), mut times) in contenders.iter().zip(times) {
        // The first round builds what is built lazily.
        times.remove(0);
        times.sort_unstable();
        let median = times.get(ROUNDS / 2).copied().unwrap_or_default().as_secs_f64();
        let rate = requests.len() as f64 / median;
        rates.push(rate);
        println!(
            "{}",
            json!({"measured": name, "requests": requests.len(), "rounds": ROUNDS, "requests_per_cpu_second": rate.round()})
        );
    }
    if let [read, judge, idle] = rates.as_slice() {
        println!("{}", json!({"judge_to_read": judge / read, "cost_of_idle_policies": judge / idle - 1.0}));
    }
    Ok(())
}

/// Nanoseconds of CPU for each kind of exchange that is nothing but usual.
fn everyday() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::new(PolicySet::builtin());
    for (name, exchange) in everyday::exchanges()? {
        let mut best = Duration::MAX;
        let mut found = 0;
        for _ in 0..=ROUNDS {
            let before = cpu_time()?;
            for _ in 0..everyday::TIMES {
                found += engine.judge(&exchange).iter().len();
            }
            best = best.min(cpu_time()? - before);
        }
        let nanoseconds = best.as_nanos() / everyday::TIMES as u128;
        println!("{}", json!({"measured": name, "nanoseconds": nanoseconds, "detections": found}));
    }
    Ok(())
}

fn sample(path: &PathBuf) -> Result<Vec<Arc<TaggedExchange>>, Box<dyn std::error::Error>> {
    let mut file = BufReader::new(File::open(path)?);
    let gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    #[expect(clippy::disallowed_types, reason = "a file of the developer's own, read line by line")]
    let text: Box<dyn Read> =
        if gzip { Box::new(flate2::read::MultiGzDecoder::new(file)) } else { Box::new(file) };
    let lines = BufReader::new(text).lines().step_by(STEP);
    lines.map(|line| Ok(Labelled::parse(&line?)?.exchange)).collect()
}

/// The built-in policies and so many more, each with words of its own that no request has.
fn with_idle_policies() -> Result<PolicySet, Box<dyn std::error::Error>> {
    let policy = |number: usize| {
        let text = format!(
            "id: Idle{number}\nfilter:\n  request_payload:\n    contains_either: [qzjxk{number}w, wvvqz{number}y]\ninfo:\n  name: idle\n  description: idle\n  details: idle\n  impact: none\n  remediation: none\n  category: {{name: Idle, displayName: Idle, shortName: IDLE}}\n  subCategory: Idle\n  severity: LOW\n",
        );
        (format!("idle{number}.yaml"), text)
    };
    let (idle, errors) = PolicySet::parse((0..IDLE_POLICIES).map(policy));
    match errors.first() {
        Some(error) => Err(error.to_string().into()),
        None => Ok(PolicySet::builtin().overlaid(idle)),
    }
}

/// User and system time of this process (proc_pid_stat(5), fields 14 and 15, in hundredths of a second).
fn cpu_time() -> Result<Duration, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields = text.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}
