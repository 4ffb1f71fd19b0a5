mod lines;
mod progress;

use std::{path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum, value_parser};
use ipnet::IpNet;
use portcullis_detection::Engine;
use portcullis_exchange::{Exchange, Tags};
use portcullis_proto::v1::ThreatEvent;
use sensor_user::{
    capture::ebpf::MAX_SHARDS,
    counters::Counters,
    event::threat_event,
    output::{event_json, exchange_json},
    replay::{self, Meter},
    tag::Tagger,
    wire::WireConfig,
};

use self::{
    lines::{Lines, Output},
    progress::Progress,
};
use super::{
    exit::{Exit, Failure},
    parse::{self, ForwardedName},
    policies, terminal,
};

/// As many as the running sensor may have.
const MOST_SHARDS: i64 = MAX_SHARDS as i64;

#[derive(Args)]
pub(crate) struct ReplayArgs {
    /// Capture files: pcap or pcapng, plain, gzip or zstd; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Judge by the policies of this folder or file instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,

    /// What to print, in order of completion
    #[arg(long, value_name = "WHAT", default_value = "events")]
    emit: Emit,

    /// Threads that reassemble and judge; with more than one, lines of different connections may change places
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u8).range(1..=MOST_SHARDS))]
    shards: u8,

    #[arg(short, long, value_name = "FORMAT", default_value = "jsonl")]
    output: Format,

    /// A proxy whose forwarded headers may name the actor; repeatable
    #[arg(long, value_name = "CIDR", value_parser = parse::net)]
    trusted_proxy: Vec<IpNet>,

    /// Which header the trusted proxies append to
    #[arg(long, value_name = "NAME", default_value = "auto")]
    forwarded_header: ForwardedName,
}

#[derive(Clone, Copy, ValueEnum)]
enum Emit {
    /// Every HTTP request with its response
    Exchanges,
    /// What the policies found
    Events,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A JSON object a line
    Jsonl,
}

pub(crate) fn replay(args: &ReplayArgs) -> Result<Exit, Failure> {
    let Format::Jsonl = args.output;
    let judge = match args.emit {
        Emit::Exchanges => None,
        Emit::Events => Some(Judge::new(args)?),
    };
    // Of bodies, lines of exchanges tell only the length.
    let body_keep = if judge.is_some() { WireConfig::default().body_keep } else { 0 };
    let output = Output::new();
    let mut shards: Vec<_> = (0..args.shards).map(|_| output.lines()).collect();
    let mut counters = Counters::default();
    let mut failed = 0;
    let meter = Meter::default();
    let progress = Progress::of(&args.files, &meter);
    for file in &args.files {
        let mut consumers: Vec<_> = shards
            .iter_mut()
            .map(|lines| {
                let (judge, progress) = (judge.as_ref(), progress.as_ref());
                move |exchange| {
                    progress.inspect(|progress| progress.note_transaction());
                    match judge {
                        None => lines.print(&exchange_json(&exchange)),
                        Some(judge) => {
                            judge.events(exchange).for_each(|event| lines.print(&event_json(&event)));
                        }
                    }
                }
            })
            .collect();
        let read = replay::replay(file, body_keep, &meter, &mut consumers);
        match read {
            Ok(of_file) => counters.merge(&of_file),
            Err(error) => {
                failed += 1;
                terminal::note(format_args!("error: {error}"));
            }
        }
    }
    shards.iter_mut().for_each(Lines::flush);
    drop(shards);
    drop(progress);
    output.finish()?;
    if let Some(judge) = &judge {
        counters.merge(&judge.engine.counters().into_iter().collect());
    }
    summarise(&counters);
    Ok(match failed {
        0 => Exit::Done,
        all if all == args.files.len() => Exit::Failed,
        _ => Exit::Partly,
    })
}

/// What was lost or left out must not go unseen, nor disturb who reads standard output.
fn summarise(counters: &Counters) {
    let line = counters.iter().filter(|(_, value)| *value > 0).map(|(name, value)| format!("{name}={value}"));
    terminal::note(format_args!("replayed: {}", line.collect::<Vec<_>>().join(" ")));
}

/// tag and detect, as a shard of the running sensor puts them together.
struct Judge {
    tagger: Tagger,
    engine: Engine,
}

impl Judge {
    fn new(args: &ReplayArgs) -> Result<Self, Failure> {
        let policies = policies::load(args.policies.as_deref())?;
        let tagger = Tagger::new(Tags::default(), args.trusted_proxy.clone(), args.forwarded_header.into());
        Ok(Self { tagger, engine: Engine::new(policies) })
    }

    fn events(&self, exchange: Exchange) -> impl Iterator<Item = ThreatEvent> {
        let tagged = Arc::new(self.tagger.tag(exchange));
        self.engine.judge(&tagged).into_iter().filter_map(|detection| threat_event(&detection))
    }
}
