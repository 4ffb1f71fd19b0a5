//! One automaton over the literals of every policy and detector, run once over each exchange: what it does not
//! find, nobody looks for.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use regex_syntax::hir::literal::Extractor;

use crate::{
    detector::Detector,
    policy::{Filter, Op, Operand, Pair, Policy, Rules, Term, Test},
};

#[derive(Debug)]
pub(super) struct Prefilter {
    automaton: Option<AhoCorasick>,
    /// By pattern of the automaton.
    entries: Vec<Entry>,
    /// By detector: the policies that it may make match.
    by_detector: Vec<Vec<usize>>,
    /// Policies that no literal can rule out.
    always: Vec<usize>,
    /// Whether a policy has literals of its own, which may span what views divide.
    pub(super) has_policy_literals: bool,
    /// Whether a policy asks for the score.
    pub(super) asks_score: bool,
}

#[derive(Debug, Default)]
struct Entry {
    detectors: u64,
    policies: Vec<usize>,
}

/// What was found in an exchange so far.
#[derive(Debug, Default)]
pub(super) struct Hits {
    policies: Vec<bool>,
}

/// What must occur in a request for a filter to match.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Need {
    /// Nothing can be said.
    Nothing,
    /// At least one of these.
    OneOf { detectors: u64, literals: Vec<String> },
}

impl Prefilter {
    pub(super) fn new<'p>(policies: impl Iterator<Item = &'p Policy>) -> Self {
        let mut literals: Vec<String> = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        let mut entry = |literal: &str| -> usize {
            literals.iter().position(|known| known == literal).unwrap_or_else(|| {
                literals.push(literal.to_owned());
                entries.push(Entry::default());
                literals.len() - 1
            })
        };
        let mut links: Vec<(usize, usize)> = Vec::new();
        let mut by_detector = vec![Vec::new(); Detector::ALL.len()];
        let (mut always, mut used, mut has_policy_literals) = (Vec::new(), 0_u64, false);
        for (index, policy) in policies.enumerate() {
            if !policy.enabled || policy.anomaly.is_some() {
                continue;
            }
            used |= detectors_of(&policy.rules);
            match need_of_rules(&policy.rules) {
                Need::Nothing => always.push(index),
                Need::OneOf { detectors, literals } => {
                    for (list, detector) in by_detector.iter_mut().zip(Detector::ALL) {
                        if detectors & detector.bit() != 0 {
                            list.push(index);
                        }
                    }
                    has_policy_literals |= !literals.is_empty();
                    links.extend(literals.iter().map(|literal| (entry(literal), index)));
                }
            }
        }
        let mut gates: Vec<(usize, u64)> = Vec::new();
        for detector in Detector::ALL.into_iter().filter(|detector| used & detector.bit() != 0) {
            gates.extend(detector.gates().iter().map(|literal| (entry(literal), detector.bit())));
        }
        for (at, policy) in links {
            if let Some(entry) = entries.get_mut(at) {
                entry.policies.push(policy);
            }
        }
        for (at, bit) in gates {
            if let Some(entry) = entries.get_mut(at) {
                entry.detectors |= bit;
            }
        }
        // An automaton that could not be built (only past 2^31 bytes of literals) rules nothing out.
        let automaton = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(&literals)
            .ok();
        let asks_score = Detector::ALL
            .into_iter()
            .any(|detector| detector.family().is_some() && used & detector.bit() != 0);
        Self { automaton, entries, by_detector, always, has_policy_literals, asks_score }
    }

    pub(super) fn hits(&self, policies: usize) -> Hits {
        let mut hits = Hits { policies: vec![false; policies] };
        for index in &self.always {
            hits.mark(*index);
        }
        hits
    }

    /// The detectors whose gates occur in these bytes; marks the policies whose literals do.
    pub(super) fn scan(&self, bytes: &[u8], hits: &mut Hits) -> u64 {
        let Some(automaton) = &self.automaton else { return u64::MAX };
        let mut mask = 0;
        for found in automaton.find_overlapping_iter(bytes) {
            if let Some(entry) = self.entries.get(found.pattern().as_usize()) {
                mask |= entry.detectors;
                for policy in &entry.policies {
                    hits.mark(*policy);
                }
            }
        }
        mask
    }

    /// Marks the policies that ask for one of these detectors.
    pub(super) fn mark_detectors(&self, mask: u64, hits: &mut Hits) {
        for (policies, detector) in self.by_detector.iter().zip(Detector::ALL) {
            if mask & detector.bit() != 0 || detector.reads_whole_request() {
                for policy in policies {
                    hits.mark(*policy);
                }
            }
        }
    }
}

impl Hits {
    fn mark(&mut self, policy: usize) {
        if let Some(hit) = self.policies.get_mut(policy) {
            *hit = true;
        }
    }

    /// The policies that can still match.
    pub(super) fn candidates(&self) -> impl Iterator<Item = usize> {
        self.policies.iter().enumerate().filter(|(_, hit)| **hit).map(|(index, _)| index)
    }
}

/// What must occur in a request for these rules to be evaluated: one of these texts, or a gate of one of these
/// detectors. Both are empty where nothing can be ruled out ahead.
pub(super) fn needs(rules: &Rules) -> (Vec<String>, Vec<&'static str>) {
    match need_of_rules(rules) {
        Need::Nothing => (Vec::new(), Vec::new()),
        Need::OneOf { detectors, literals } => {
            let named = Detector::ALL.into_iter().filter(|detector| detectors & detector.bit() != 0);
            (literals, named.map(Detector::name).collect())
        }
    }
}

fn need_of_rules(rules: &Rules) -> Need {
    let alternatives = [&rules.filter, &rules.success, &rules.failure];
    either(alternatives.into_iter().flatten().map(need_of))
}

fn need_of(filter: &Filter) -> Need {
    match filter {
        Filter::And(all) => strongest(all.iter().map(need_of)),
        Filter::Or(any) => either(any.iter().map(need_of)),
        Filter::Not(_) => Need::Nothing,
        Filter::Detect(detector) => detects(*detector),
        Filter::Term(Term::QueryParam | Term::RequestHeaders | Term::RequestPayload | Term::Url, test) => {
            need_of_test(test)
        }
        Filter::Shows(_) | Filter::Holds { .. } | Filter::Term(..) => Need::Nothing,
    }
}

fn need_of_test(test: &Test) -> Need {
    match test {
        Test::And(all) => strongest(all.iter().map(need_of_test)),
        Test::Or(any) => either(any.iter().map(need_of_test)),
        Test::ForOne(pair) => need_of_pair(pair),
        // The key of a pair may be put together (a JSON path), and is not text of the request as such.
        Test::Not(_) | Test::ForAll(_) | Test::Length(_) | Test::Likeness(_) | Test::Distinct { .. } => {
            Need::Nothing
        }
        Test::Op(op) => need_of_op(op),
    }
}

fn need_of_pair(pair: &Pair) -> Need {
    match pair {
        Pair::And(all) => strongest(all.iter().map(need_of_pair)),
        Pair::Or(any) => either(any.iter().map(need_of_pair)),
        Pair::Value(test) => need_of_test(test),
        Pair::Key(_) | Pair::Not(_) => Need::Nothing,
    }
}

fn need_of_op(op: &Op) -> Need {
    match op {
        Op::Equals(operands) | Op::ContainsEither(operands) => either(operands.iter().map(need_of_operand)),
        Op::ContainsAll(operands) => strongest(operands.iter().map(need_of_operand)),
        Op::Detect(detector) => detects(*detector),
        Op::Regex(regex) | Op::RegexExtract { regex, .. } => need_of_regex(regex.as_str()),
        Op::Compare(_)
        | Op::InNetworks(_)
        | Op::Extract(_)
        | Op::ContainsJwt
        | Op::DataType(_)
        | Op::ValueType(_)
        | Op::Records(_)
        | Op::Entropy(_) => Need::Nothing,
    }
}

fn need_of_operand(operand: &Operand) -> Need {
    match operand.as_literal() {
        // The automaton folds the case of ASCII only.
        Some(literal) if !literal.is_empty() && literal.is_ascii() => {
            Need::OneOf { detectors: 0, literals: vec![literal.to_owned()] }
        }
        _ => Need::Nothing,
    }
}

/// Prefixes of which every match begins with one. Expressions are matched without case, and so is the automaton:
/// parsing them case-sensitively keeps the list short.
fn need_of_regex(pattern: &str) -> Need {
    const SHORTEST: usize = 2;
    let Ok(hir) = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern) else {
        return Need::Nothing;
    };
    let sequence = Extractor::new().extract(&hir);
    let Some(literals) = sequence.literals() else { return Need::Nothing };
    let texts = literals.iter().map(|literal| {
        let text = std::str::from_utf8(literal.as_bytes()).ok()?;
        (text.len() >= SHORTEST && text.is_ascii()).then(|| text.to_ascii_lowercase())
    });
    match texts.collect::<Option<Vec<_>>>() {
        Some(literals) if !literals.is_empty() => Need::OneOf { detectors: 0, literals },
        _ => Need::Nothing,
    }
}

fn detects(detector: Detector) -> Need {
    Need::OneOf { detectors: detector.bit(), literals: Vec::new() }
}

/// Every part is needed, so any one of them will do: the one with the fewest alternatives.
fn strongest(needs: impl Iterator<Item = Need>) -> Need {
    needs
        .filter(|need| *need != Need::Nothing)
        .min_by_key(|need| match need {
            Need::Nothing => usize::MAX,
            Need::OneOf { detectors, literals } => literals.len() + 100 * detectors.count_ones() as usize,
        })
        .unwrap_or(Need::Nothing)
}

fn either(needs: impl Iterator<Item = Need>) -> Need {
    let (mut all_detectors, mut all_literals, mut any) = (0, Vec::new(), false);
    for need in needs {
        match need {
            Need::Nothing => return Need::Nothing,
            Need::OneOf { detectors, literals } => {
                any = true;
                all_detectors |= detectors;
                all_literals.extend(literals);
            }
        }
    }
    if any { Need::OneOf { detectors: all_detectors, literals: all_literals } } else { Need::Nothing }
}

fn detectors_of(rules: &Rules) -> u64 {
    fn of_filter(filter: &Filter) -> u64 {
        match filter {
            Filter::And(all) | Filter::Or(all) => all.iter().map(of_filter).fold(0, |a, b| a | b),
            Filter::Not(inner) => of_filter(inner),
            Filter::Detect(detector) => detector.bit(),
            Filter::Shows(_) | Filter::Holds { .. } => 0,
            Filter::Term(_, test) => of_test(test),
        }
    }
    fn of_test(test: &Test) -> u64 {
        match test {
            Test::And(all) | Test::Or(all) => all.iter().map(of_test).fold(0, |a, b| a | b),
            Test::Not(inner) => of_test(inner),
            Test::ForOne(pair) | Test::ForAll(pair) => of_pair(pair),
            Test::Op(Op::Detect(detector)) => detector.bit(),
            Test::Op(_) | Test::Length(_) | Test::Likeness(_) | Test::Distinct { .. } => 0,
        }
    }
    fn of_pair(pair: &Pair) -> u64 {
        match pair {
            Pair::And(all) | Pair::Or(all) => all.iter().map(of_pair).fold(0, |a, b| a | b),
            Pair::Not(inner) => of_pair(inner),
            Pair::Key(test) | Pair::Value(test) => of_test(test),
        }
    }
    [&rules.filter, &rules.success, &rules.failure, &rules.ignore, &rules.suspect]
        .into_iter()
        .flatten()
        .map(of_filter)
        .fold(0, |a, b| a | b)
}
