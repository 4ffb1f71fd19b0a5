//! Makes the score's table of a labelled corpus, and says how well such tables judge sources that they were not made of.
//!
//! `train CORPUS [--benign FILE] [--write TABLE]`; `cargo xtask train` calls it. A window of a value is an attack's if its request
//! is one and no benign request has it; of several, the one that the round before found worst. What only one source has
//! is left out: it would tell sources apart, not attacks.
#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a developer's tool: it prints, and its tables are as long as the lists they were made from"
)]

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    error::Error,
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
};

use portcullis_detection::{
    Engine, EventType, PolicySet,
    corpus::{Label, Labelled},
    score::{self, FAMILIES, FAMILY_PLACES, Family, PLACES, Scorer, UNIT, Weights},
};

/// Parts that the sources are divided into; each is judged by a table made of the others.
const FOLDS: usize = 5;
const EPOCHS: usize = 6;
const ROUNDS: usize = 2;
const RATE: f32 = 0.5;
/// Weight of a benign text that is no request.
const TEXT: f32 = 0.5;
/// Below this score of the round before, a request shows nothing that values could show.
const FLOOR: f32 = -3.0;
/// What one step of a table's weights is worth; the same for all, so that their scores compare.
const STEP: f32 = 1.0 / 16.0;
/// The share of benign requests that the score by itself may accuse.
const ACCUSED: f64 = 0.0005;
/// Classes that a value by itself does not show.
const UNMEANT: [&str; 6] = ["scan", "protocol", "smuggling", "session-fixation", "grpc", "other-cve"];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Item {
    label: Label,
    class: String,
    tier: String,
    source: String,
    /// Whether a rule, not the score, accuses it.
    by_rule: bool,
    windows: Vec<usize>,
}

impl Item {
    fn is_attack(&self) -> bool {
        self.label == Label::Attack
    }

    fn counts(&self) -> bool {
        self.class != "sql-by-design"
    }
}

/// All requests, and what their windows hold, each once.
#[derive(Default)]
struct Corpus {
    items: Vec<Item>,
    /// Windows of texts that are no requests.
    texts: Vec<usize>,
    windows: Vec<Vec<u32>>,
    hashes: Vec<u32>,
    window_ids: HashMap<Vec<u32>, usize>,
    hash_ids: HashMap<u32, u32>,
}

impl Corpus {
    fn add(&mut self, item: &Labelled) -> Vec<usize> {
        let Some(request) = &item.exchange.exchange.request else { return Vec::new() };
        score::windows(request).into_iter().map(|hashes| self.window(&hashes)).collect()
    }

    fn window(&mut self, hashes: &[u32]) -> usize {
        let mut ids = Vec::with_capacity(hashes.len());
        for hash in hashes {
            let next = u32::try_from(self.hashes.len()).unwrap_or(u32::MAX);
            let id = *self.hash_ids.entry(*hash).or_insert(next);
            if id == next {
                self.hashes.push(*hash);
            }
            ids.push(id);
        }
        let next = self.windows.len();
        *self.window_ids.entry(ids).or_insert_with_key(|ids| {
            self.windows.push(ids.clone());
            next
        })
    }
}

fn lines(path: &PathBuf) -> Result<impl Iterator<Item = Result<Labelled>>> {
    let mut raw = BufReader::new(File::open(path)?);
    let gzip = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    #[expect(clippy::disallowed_types, reason = "a file that the developer named, read line by line")]
    let text: Box<dyn BufRead> =
        if gzip { Box::new(BufReader::new(flate2::read::MultiGzDecoder::new(raw))) } else { Box::new(raw) };
    Ok(text.lines().map(|line| Ok(Labelled::parse(&line?)?)))
}

fn read(corpus: &PathBuf, texts: Option<&PathBuf>) -> Result<Corpus> {
    let engine = Engine::new(PolicySet::builtin());
    let mut all = Corpus::default();
    for item in lines(corpus)? {
        let item = item?;
        let windows = all.add(&item);
        let by_rule = engine.judge(&item.exchange).iter().any(|found| {
            found.event_type == EventType::Single
                && !found.matched.iter().any(|at| at.detector.starts_with("score:"))
        });
        let Labelled { label, class, tier, source, .. } = item;
        all.items.push(Item { label, class, tier, source, by_rule, windows });
    }
    if let Some(texts) = texts {
        for item in lines(texts)? {
            let windows = all.add(&item?);
            all.texts.extend(windows);
        }
    }
    Ok(all)
}

/// A linear model over all hashes of a corpus.
struct Model {
    weights: Vec<f32>,
    bias: f32,
}

impl Model {
    fn score(&self, window: &[u32]) -> f32 {
        let sum: f32 = window.iter().map(|id| self.weights[*id as usize]).sum();
        self.bias + sum * scale(window)
    }
}

fn scale(window: &[u32]) -> f32 {
    1.0 / (window.len().max(score::FEWEST) as f32).sqrt()
}

/// The requests that a table is made of.
fn train(corpus: &Corpus, chosen: &dyn Fn(&Item) -> bool) -> Weights {
    let mut sources: Vec<HashSet<&str>> = vec![HashSet::new(); corpus.hashes.len()];
    let mut benign: BTreeMap<usize, f32> = corpus.texts.iter().map(|window| (*window, TEXT)).collect();
    for item in corpus.items.iter().filter(|item| chosen(item)) {
        for window in &item.windows {
            for id in &corpus.windows[*window] {
                let known = &mut sources[*id as usize];
                if known.len() < 2 {
                    known.insert(&item.source);
                }
            }
            if !item.is_attack() {
                benign.insert(*window, 1.0);
            }
        }
    }
    for id in corpus.texts.iter().flat_map(|window| &corpus.windows[*window]) {
        sources[*id as usize].insert("");
    }
    let kept: Vec<bool> = sources.iter().map(|known| known.len() > 1).collect();
    let meant: Vec<&Item> = corpus
        .items
        .iter()
        .filter(|item| item.is_attack() && chosen(item) && !UNMEANT.contains(&item.class.as_str()))
        .collect();
    let own = |item: &Item| -> Vec<usize> {
        item.windows.iter().copied().filter(|window| !benign.contains_key(window)).collect()
    };
    let mut examples: Vec<(usize, f32, f32)> =
        benign.iter().map(|(at, weight)| (*at, 0.0, *weight)).collect();
    let negatives = examples.len();
    let mut positives: BTreeMap<usize, &str> =
        meant.iter().flat_map(|item| own(item).into_iter().map(|at| (at, item.class.as_str()))).collect();
    let mut model = Model { weights: Vec::new(), bias: 0.0 };
    for round in 0..=ROUNDS {
        examples.truncate(negatives);
        examples.extend(positives.keys().map(|window| (*window, 1.0, 1.0)));
        model = fit(corpus, &kept, &mut examples.clone());
        if round < ROUNDS {
            let worst = |item: &&Item| {
                let scored = own(item).into_iter().map(|at| (model.score(&corpus.windows[at]), at));
                let (score, at) = scored.max_by(|one, other| one.0.total_cmp(&other.0))?;
                (score > FLOOR).then_some(at)
            };
            positives = meant.iter().filter_map(|item| Some((worst(item)?, item.class.as_str()))).collect();
        }
    }
    table(corpus, &model, &positives)
}

/// Logistic regression by AdaGrad; `examples` are window, label and weight.
fn fit(corpus: &Corpus, kept: &[bool], examples: &mut [(usize, f32, f32)]) -> Model {
    let mut model = Model { weights: vec![0.0; corpus.hashes.len()], bias: 0.0 };
    let mut squares = vec![1e-3_f32; corpus.hashes.len()];
    let mut bias_squares = 1e-3_f32;
    let mut random = 7_u64;
    for _ in 0..EPOCHS {
        for at in (1..examples.len()).rev() {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            examples.swap(at, (random >> 33) as usize % (at + 1));
        }
        for (window, label, weight) in &*examples {
            let window = &corpus.windows[*window];
            let likely = 1.0 / (1.0 + (-model.score(window)).exp());
            let error = (likely - label) * weight;
            if error.abs() < 1e-3 {
                continue;
            }
            bias_squares += error * error;
            model.bias -= RATE / 10.0 * error / bias_squares.sqrt();
            let step = error * scale(window);
            for id in window.iter().map(|id| *id as usize).filter(|id| kept[*id]) {
                squares[id] += step * step;
                model.weights[id] -= RATE * step / squares[id].sqrt();
            }
        }
    }
    model
}

/// Of runs that share a place, the heaviest has it.
fn table(corpus: &Corpus, model: &Model, positives: &BTreeMap<usize, &str>) -> Weights {
    let mut weights = Weights {
        threshold: i32::MAX,
        bias: (model.bias / STEP * UNIT as f32).round() as i32,
        tags: vec![0; PLACES],
        attack: vec![0; PLACES],
        family: families(corpus, positives),
    };
    for (hash, weight) in corpus.hashes.iter().zip(&model.weights) {
        let at = score::place(*hash);
        let weight = (weight / STEP).round().clamp(-127.0, 127.0) as i8;
        if weight.unsigned_abs() > weights.attack[at].unsigned_abs() {
            weights.attack[at] = weight;
            weights.tags[at] = score::tag(*hash);
        }
    }
    weights
}

fn family_of(class: &str) -> Family {
    match class {
        "sqli" => Family::Sql,
        "xss" => Family::Script,
        "oscmd" | "wincmd" | "shellshock" => Family::Command,
        "lfi" | "rfi" | "upload" => Family::File,
        "xxe" => Family::Entity,
        "nosqli" | "ldap" | "xpath" | "graphql" | "mail" | "crlf" => Family::Query,
        "ssrf" | "openredirect" => Family::Address,
        _ => Family::Code,
    }
}

/// How much more often a run is in attacks of each family than in all: logarithms of the shares' ratios.
fn families(corpus: &Corpus, positives: &BTreeMap<usize, &str>) -> Vec<i8> {
    const SMOOTH: f32 = 0.5;
    const STEPS: f32 = 16.0;
    let mut counts = vec![0.0_f32; FAMILIES * FAMILY_PLACES];
    let mut totals = [0.0_f32; FAMILIES];
    for (window, class) in positives {
        let family = family_of(class) as usize;
        for id in &corpus.windows[*window] {
            counts[score::family_place(corpus.hashes[*id as usize]) * FAMILIES + family] += 1.0;
            totals[family] += 1.0;
        }
    }
    let all: f32 = totals.iter().sum();
    let mut weights = Vec::with_capacity(counts.len());
    for row in counts.chunks(FAMILIES) {
        let usual = (row.iter().sum::<f32>() + SMOOTH) / (all + SMOOTH);
        for (count, total) in row.iter().zip(&totals) {
            let share = (count + SMOOTH * usual * 100.0) / (total + SMOOTH * 100.0);
            weights.push(((share / usual).ln() * STEPS).clamp(-127.0, 127.0) as i8);
        }
    }
    weights
}

/// The sources in parts of about the same size.
fn folds(items: &[Item]) -> HashMap<String, usize> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for item in items {
        *sizes.entry(&item.source).or_default() += if item.is_attack() { 2 } else { 1 };
    }
    let mut sizes: Vec<(&str, usize)> = sizes.into_iter().collect();
    sizes.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let mut loads = [0_usize; FOLDS];
    let mut folds = HashMap::new();
    for (source, size) in sizes {
        let least = (0..FOLDS).min_by_key(|fold| loads[*fold]).unwrap_or_default();
        loads[least] += size;
        folds.insert(source.to_owned(), least);
    }
    folds
}

/// How often rules, the score, and both together accuse, of the items of a name.
#[derive(Default)]
struct Tally([usize; 4]);

impl Tally {
    fn line(&self, name: &str) -> String {
        let [all, rule, score, both] = self.0;
        let rate = |hits: usize| hits as f64 * 100.0 / all.max(1) as f64;
        format!("{name:<52} {all:>6} {:>8.2} {:>8.2} {:>8.2}", rate(rule), rate(score), rate(both))
    }
}

fn report(items: &[Item], scores: &[i32], threshold: i32) {
    println!("{:<52} {:>6} {:>8} {:>8} {:>8}", "held out:", "of", "rules %", "score %", "both %");
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for (item, score) in items.iter().zip(scores).filter(|(item, _)| item.counts()) {
        let found = *score > threshold;
        let names = if item.is_attack() {
            [
                "1 attacks".to_owned(),
                format!("3 attacks, {}", item.class),
                format!("4 attacks of {}", item.source),
            ]
        } else {
            [
                "1 benign".to_owned(),
                format!("2 benign, {}", item.tier),
                format!("5 benign of {}", item.source),
            ]
        };
        for name in names {
            let Tally(counts) = tallies.entry(name).or_default();
            for (count, hit) in counts.iter_mut().zip([true, item.by_rule, found, item.by_rule || found]) {
                *count += usize::from(hit);
            }
        }
    }
    for (name, tally) in &tallies {
        println!("{}", tally.line(&name[2..]));
    }
}

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let corpus =
        PathBuf::from(arguments.next().ok_or("usage: train CORPUS [--benign FILE] [--write TABLE]")?);
    let (mut texts, mut out) = (None, None);
    while let Some(option) = arguments.next() {
        let value = arguments.next().map(PathBuf::from);
        match option.to_str() {
            Some("--benign") => texts = value,
            Some("--write") => out = value,
            _ => return Err("usage: train CORPUS [--benign FILE] [--write TABLE]".into()),
        }
    }
    let corpus = read(&corpus, texts.as_ref())?;
    let folds = folds(&corpus.items);
    let mut scores = vec![i32::MIN; corpus.items.len()];
    for fold in 0..FOLDS {
        let weights = train(&corpus, &|item| folds.get(&item.source) != Some(&fold));
        let mut scorer = Scorer::default();
        for (item, best) in corpus.items.iter().zip(&mut scores) {
            if folds.get(&item.source) == Some(&fold) {
                let windows = item.windows.iter().map(|window| {
                    let ids = &corpus.windows[*window];
                    scorer.score(&weights, ids.iter().map(|id| corpus.hashes[*id as usize]))
                });
                *best = windows.max().unwrap_or(i32::MIN);
            }
        }
    }
    let mut benign: Vec<i32> = corpus
        .items
        .iter()
        .zip(&scores)
        .filter(|(item, _)| !item.is_attack() && item.counts())
        .map(|(_, score)| *score)
        .collect();
    benign.sort_unstable_by_key(|score| std::cmp::Reverse(*score));
    let threshold = benign[(benign.len() as f64 * ACCUSED) as usize];
    report(&corpus.items, &scores, threshold);
    if let Some(out) = out {
        let weights = Weights { threshold, ..train(&corpus, &|_| true) };
        std::fs::write(&out, weights.to_bytes())?;
        println!("written: {}", out.display());
    }
    Ok(())
}
