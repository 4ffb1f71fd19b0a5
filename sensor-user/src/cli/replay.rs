use std::{
    io::{self, BufWriter, StdoutLock, Write},
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use portcullis_detection::Engine;
use portcullis_exchange::{Exchange, Tags};
use portcullis_proto::v1::ThreatEvent;
use sensor_user::{
    counters::Counters,
    event::threat_event,
    output::{event_json, exchange_json},
    replay,
    tag::Tagger,
};
use serde_json::Value;

use super::{
    exit::{Exit, Failure},
    parse::{self, ForwardedName},
    policies, terminal,
};

#[derive(Args)]
pub(crate) struct ReplayArgs {
    /// Capture files: pcap or pcapng, plain, gzip or zstd; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Judge by the policies in this folder instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,

    /// What to print, in order of completion
    #[arg(long, value_name = "WHAT", default_value = "events")]
    emit: Emit,

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
    let mut lines = Lines::new();
    let mut counters = Counters::default();
    let mut failed = 0;
    for file in &args.files {
        let read = replay::replay(file, &mut |exchange| match &judge {
            None => lines.print(&exchange_json(&exchange)),
            Some(judge) => judge.events(exchange).for_each(|event| lines.print(&event_json(&event))),
        });
        match read {
            Ok(of_file) => counters.merge(&of_file),
            Err(error) => {
                failed += 1;
                terminal::note(format_args!("error: {error}"));
            }
        }
    }
    lines.finish()?;
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

/// JSON lines on standard output. The first error ends the writing and is told at the end.
struct Lines {
    out: BufWriter<StdoutLock<'static>>,
    error: Option<io::Error>,
}

impl Lines {
    fn new() -> Self {
        Self { out: BufWriter::with_capacity(64 << 10, io::stdout().lock()), error: None }
    }

    fn print(&mut self, line: &Value) {
        if self.error.is_none()
            && let Err(error) = self.write(line)
        {
            // `… | head` has had enough: reading on would only keep it waiting.
            if terminal::is_broken_pipe(&error) {
                std::process::exit(0);
            }
            self.error = Some(error);
        }
    }

    fn write(&mut self, line: &Value) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }

    fn finish(mut self) -> anyhow::Result<()> {
        let flushed = self.error.take().map_or_else(|| self.out.flush(), Err);
        match flushed {
            Err(error) if !terminal::is_broken_pipe(&error) => {
                Err(error).context("cannot write to standard output")
            }
            _ => Ok(()),
        }
    }
}
