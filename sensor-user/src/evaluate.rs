//! `sensor evaluate`: judges a labelled corpus and says how often the policies were right.

mod summary;

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use portcullis_detection::{
    Detection, Engine, EventType, Evidence, PolicySet,
    corpus::{Label, Labelled},
};
use serde::Serialize;

pub use self::summary::Summary;

/// A longer line is no request that anybody labelled.
const MAX_LINE: u64 = 64 << 20;

/// What to judge, and by what.
#[derive(Clone, Debug)]
pub struct EvaluateArgs {
    /// JSON lines, plain or gzip; `-` is standard input.
    pub corpus: PathBuf,
    pub policies: PolicySet,
    pub output: EvaluateOutput,
    /// Only what was judged wrong goes into the verdicts.
    pub misses: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvaluateOutput {
    /// One `{id, verdict, policies, successful_exploit}` a line.
    Jsonl,
    /// True and false positives per class and per tier, and each policy's own false positives.
    Summary,
    /// The same, and per source.
    Sources,
}

#[derive(Serialize)]
struct Verdict<'a> {
    id: &'a str,
    verdict: &'static str,
    policies: Vec<&'a str>,
    /// What in the answer shows that the attack worked, and where.
    successful_exploit: Option<Proof<'a>>,
}

#[derive(Serialize)]
struct Proof<'a> {
    policy: &'a str,
    kind: &'a str,
    location: &'a str,
    start: usize,
    end: usize,
    phrase: &'a str,
    detector: &'a str,
}

impl<'a> Proof<'a> {
    fn of(detection: &'a Detection) -> Option<Self> {
        let Evidence { kind, at } = detection.successful_exploit.as_ref()?;
        Some(Self {
            policy: &detection.policy_id,
            kind,
            location: &at.location,
            start: at.start,
            end: at.end,
            phrase: &at.phrase,
            detector: &at.detector,
        })
    }
}

/// Judges every line; a line that is none of the corpus schema ends it with that line's number.
///
/// Each line is judged by itself: windows of aggregation rules know no corpus, so AGGREGATED events do not count.
pub fn run(args: &EvaluateArgs, out: &mut dyn Write) -> anyhow::Result<Summary> {
    let engine = Engine::new(args.policies.clone());
    let name = args.corpus.display();
    let mut reader = open(&args.corpus)?;
    let mut summary = Summary::default();
    let mut line = String::new();
    for number in 1_u64.. {
        line.clear();
        let read = reader
            .by_ref()
            .take(MAX_LINE)
            .read_line(&mut line)
            .with_context(|| format!("{name}:{number}: cannot be read"))?;
        if read == 0 {
            break;
        }
        if read as u64 == MAX_LINE {
            bail!("{name}:{number}: the line is longer than {MAX_LINE} bytes");
        }
        if line.trim().is_empty() {
            continue;
        }
        let item = Labelled::parse(&line).with_context(|| format!("{name}:{number}"))?;
        let detections = engine.judge(&item.exchange);
        let policies: Vec<&str> = detections
            .iter()
            .filter(|detection| detection.event_type == EventType::Single)
            .map(|detection| &*detection.policy_id)
            .collect();
        summary.count(&item, &policies);
        let right = policies.is_empty() == (item.label == Label::Benign);
        if args.output == EvaluateOutput::Jsonl && !(args.misses && right) {
            let verdict = if policies.is_empty() { "benign" } else { "attack" };
            let successful_exploit = detections.iter().find_map(Proof::of);
            serde_json::to_writer(
                &mut *out,
                &Verdict { id: &item.id, verdict, policies, successful_exploit },
            )?;
            writeln!(out)?;
        }
    }
    match args.output {
        EvaluateOutput::Jsonl => {}
        EvaluateOutput::Summary => write!(out, "{summary}")?,
        EvaluateOutput::Sources => write!(out, "{}{summary}", summary.sources())?,
    }
    out.flush()?;
    Ok(summary)
}

fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return unpacked(Box::new(std::io::stdin()));
    }
    let file = fs_err::File::open(path)?;
    unpacked(Box::new(file))
}

/// Gzip is told by its magic number, not by the file's name.
fn unpacked(raw: Box<dyn Read>) -> anyhow::Result<Box<dyn BufRead>> {
    let mut raw = BufReader::with_capacity(1 << 16, raw);
    let gzip = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    if gzip {
        #[expect(
            clippy::disallowed_types,
            reason = "a file that the operator named, read line by line within MAX_LINE, cannot grow in memory"
        )]
        let decoder = flate2::read::MultiGzDecoder::new(raw);
        return Ok(Box::new(BufReader::with_capacity(1 << 16, decoder)));
    }
    Ok(Box::new(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTACK: &str = r#"{"id":"a","label":"attack","class":"sqli","tier":"t","request":{"method":"GET","path":"/?id=1%27%20OR%201=1--","headers":{},"body_base64":""},"response":null}"#;
    const BENIGN: &str = r#"{"id":"b","label":"benign","class":"api-json","tier":"recorded","request":{"method":"GET","path":"/?id=1","headers":{},"body_base64":""},"response":null}"#;

    fn evaluate(text: &str, output: EvaluateOutput) -> anyhow::Result<String> {
        let file = tempfile::NamedTempFile::new()?;
        fs_err::write(file.path(), text)?;
        let policies = PolicySet::builtin();
        let args = EvaluateArgs { corpus: file.path().into(), policies, output, misses: false };
        let mut out = Vec::new();
        run(&args, &mut out)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn each_line_gets_its_verdict() {
        let out = evaluate(&format!("{ATTACK}\n\n{BENIGN}\n"), EvaluateOutput::Jsonl).unwrap();
        let lines: Vec<_> = out.lines().collect();
        assert_eq!(
            lines[0],
            r#"{"id":"a","verdict":"attack","policies":["SQLInjection"],"successful_exploit":null}"#
        );
        assert_eq!(lines[1], r#"{"id":"b","verdict":"benign","policies":[],"successful_exploit":null}"#);
    }

    #[test]
    fn an_exploit_that_worked_is_told_with_its_evidence() {
        let body = "cm9vdDp4OjA6MDpyb290Oi9yb290Oi9iaW4vYmFzaAo=";
        let line = format!(
            r#"{{"id":"c","label":"attack","class":"lfi","request":{{"method":"GET","path":"/?f=../../etc/passwd","headers":{{}},"body_base64":""}},"response":{{"status":200,"headers":{{}},"body_base64":"{body}"}}}}"#
        );
        let out = evaluate(&line, EvaluateOutput::Jsonl).unwrap();
        let verdict: serde_json::Value = serde_json::from_str(&out).unwrap();
        let proof = &verdict["successful_exploit"];
        assert_eq!(
            (&proof["kind"], &proof["location"]),
            (&"file-contents".into(), &"response.body".into()),
            "{out}"
        );
        assert_eq!((&proof["start"], &proof["end"]), (&0.into(), &17.into()), "{out}");
    }

    #[test]
    fn the_summary_counts_by_class_and_tier() {
        let out = evaluate(&format!("{ATTACK}\n{BENIGN}\n"), EvaluateOutput::Summary).unwrap();
        assert!(out.contains("sqli") && out.contains("recorded"), "{out}");
        assert!(out.contains("TPR 100.00 %"), "{out}");
    }

    #[test]
    fn a_line_of_another_schema_is_an_error_with_its_number() {
        let error = evaluate(&format!("{ATTACK}\n{{\"id\": 7}}\n"), EvaluateOutput::Jsonl).unwrap_err();
        assert!(error.to_string().ends_with(":2"), "{error}");
    }
}
