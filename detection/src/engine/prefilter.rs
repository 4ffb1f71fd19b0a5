//! One automaton over the literals of every policy and detector, run once over each exchange: what it does not
//! find, nobody looks for.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

use crate::{
    answer::{Answer, SENSITIVE},
    detector::Detector,
    literals,
    policy::{Filter, Op, Operand, Pair, Policy, Rules, Term, Test},
    view::{Field, Place},
};

/// Bytes of literals up to which the automaton is a table: some 100 bytes of memory for each, and twice as fast. With
/// many policies of a user's own it would leave the caches.
const MAX_TABLED: usize = 32 << 10;

#[derive(Debug)]
pub(super) struct Prefilter {
    automaton: Option<AhoCorasick>,
    /// By pattern of the automaton.
    entries: Vec<Entry>,
    /// By detector: the policies that it may make match.
    by_detector: Vec<Vec<usize>>,
    /// Policies that need the answer to show one of these families ([`Answer::speaks_of`]).
    by_answer: Vec<(u64, usize)>,
    /// Policies that nothing can rule out ahead.
    always: Vec<usize>,
    /// Whether a policy has literals of its own, which may span what views divide.
    pub(super) has_policy_literals: bool,
    /// Whether a policy asks for the score.
    pub(super) asks_score: bool,
}

#[derive(Debug, Default)]
struct Entry {
    detectors: u64,
    policies: Vec<(usize, Region)>,
}

/// What of the automaton occurs in some bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scan {
    /// Those whose gates do.
    pub(super) detectors: u64,
    /// Whether a policy's own literal does.
    pub(super) has_literals: bool,
}

/// What was found in an exchange so far.
#[derive(Debug, Default)]
pub(super) struct Hits {
    policies: Vec<bool>,
}

/// What must occur in an exchange for a filter to match.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Need {
    /// Nothing can be said.
    Nothing,
    OneOf(Wanted),
}

/// At least one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wanted {
    detectors: u64,
    /// Families of signs of the answer, and [`SENSITIVE`].
    answer: u64,
    /// Literals, and where one counts.
    literals: Vec<(String, Region)>,
}

/// Parts of a request that a policy's literal may have to stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region(u8);

impl Region {
    pub(super) const URL: Self = Self(1);
    pub(super) const HEAD: Self = Self(2);
    pub(super) const BODY: Self = Self(4);

    pub(super) fn of(field: &Field<'_>) -> Self {
        match field.place {
            Place::Path | Place::Segment | Place::Query => Self::URL,
            Place::Header | Place::Cookie => Self::HEAD,
            _ => Self::BODY,
        }
    }

    const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
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
        let mut links: Vec<(usize, usize, Region)> = Vec::new();
        let mut by_detector = vec![Vec::new(); Detector::ALL.len()];
        let (mut always, mut by_answer) = (Vec::new(), Vec::new());
        let (mut used, mut has_policy_literals) = (0_u64, false);
        for (index, policy) in policies.enumerate() {
            if !policy.enabled || policy.anomaly.is_some() {
                continue;
            }
            used |= detectors_of(&policy.rules);
            match need_of_rules(&policy.rules) {
                Need::Nothing => always.push(index),
                Need::OneOf(Wanted { detectors, answer, literals }) => {
                    if answer != 0 {
                        by_answer.push((answer, index));
                    }
                    for (list, detector) in by_detector.iter_mut().zip(Detector::ALL) {
                        if detectors & detector.bit() != 0 {
                            list.push(index);
                        }
                    }
                    has_policy_literals |= !literals.is_empty();
                    links.extend(literals.iter().map(|(literal, region)| (entry(literal), index, *region)));
                }
            }
        }
        let mut gates: Vec<(usize, u64)> = Vec::new();
        for detector in Detector::ALL.into_iter().filter(|detector| used & detector.bit() != 0) {
            gates.extend(detector.gates().iter().map(|literal| (entry(literal), detector.bit())));
        }
        for (at, policy, region) in links {
            if let Some(entry) = entries.get_mut(at) {
                entry.policies.push((policy, region));
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
            .kind(
                (literals.iter().map(String::len).sum::<usize>() <= MAX_TABLED)
                    .then_some(AhoCorasickKind::DFA),
            )
            .build(&literals)
            .ok();
        let asks_score = Detector::ALL
            .into_iter()
            .any(|detector| detector.family().is_some() && used & detector.bit() != 0);
        Self { automaton, entries, by_detector, by_answer, always, has_policy_literals, asks_score }
    }

    pub(super) fn hits(&self, policies: usize) -> Hits {
        let mut hits = Hits { policies: vec![false; policies] };
        for index in &self.always {
            hits.mark(*index);
        }
        hits
    }

    /// What occurs in these bytes of a region; marks the policies whose literals do.
    pub(super) fn scan(&self, bytes: &[u8], region: Region, hits: &mut Hits) -> Scan {
        let mut scan = Scan::default();
        let Some(automaton) = &self.automaton else {
            return Scan { detectors: u64::MAX, has_literals: true };
        };
        for found in automaton.find_overlapping_iter(bytes) {
            if let Some(entry) = self.entries.get(found.pattern().as_usize()) {
                scan.detectors |= entry.detectors;
                for (policy, _) in entry.policies.iter().filter(|(_, counts)| counts.meets(region)) {
                    scan.has_literals = true;
                    hits.mark(*policy);
                }
            }
        }
        scan
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

    /// Marks the policies about what the answer shows.
    pub(super) fn mark_answer(&self, answer: &Answer<'_>, hits: &mut Hits) {
        if self.by_answer.is_empty() {
            return;
        }
        let shown = answer.speaks_of();
        for (_, policy) in self.by_answer.iter().filter(|(families, _)| families & shown != 0) {
            hits.mark(*policy);
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
        Need::OneOf(Wanted { detectors, literals, .. }) => {
            let named = Detector::ALL.into_iter().filter(|detector| detectors & detector.bit() != 0);
            let texts = literals.into_iter().map(|(text, _)| text);
            (texts.collect(), named.map(Detector::name).collect())
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
        Filter::Term(Term::QueryParam | Term::Url, test) => within(Region::URL, need_of_test(test)),
        Filter::Term(Term::RequestHeaders, test) => within(Region::HEAD, need_of_test(test)),
        Filter::Term(Term::RequestPayload, test) => within(Region::BODY, need_of_test(test)),
        Filter::Shows(kinds) => either(kinds.iter().map(|kind| match kind.signs() {
            0 => Need::Nothing,
            families => in_answer(families),
        })),
        Filter::Holds { .. } => in_answer(SENSITIVE),
        Filter::Term(..) => Need::Nothing,
    }
}

fn within(region: Region, mut need: Need) -> Need {
    if let Need::OneOf(wanted) = &mut need {
        wanted.literals.iter_mut().for_each(|(_, counts)| *counts = region);
    }
    need
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
            one_of_literals(vec![literal.to_owned()])
        }
        _ => Need::Nothing,
    }
}

fn one_of_literals(literals: Vec<String>) -> Need {
    // Which part of the request they count in, the term knows.
    let literals = literals.into_iter().map(|literal| (literal, Region(0))).collect();
    Need::OneOf(Wanted { literals, ..Wanted::default() })
}

fn need_of_regex(pattern: &str) -> Need {
    literals::required(pattern).map_or(Need::Nothing, one_of_literals)
}

fn detects(detector: Detector) -> Need {
    Need::OneOf(Wanted { detectors: detector.bit(), ..Wanted::default() })
}

fn in_answer(families: u64) -> Need {
    Need::OneOf(Wanted { answer: families, ..Wanted::default() })
}

/// Every part is needed, so any one of them will do: the one with the fewest alternatives.
fn strongest(needs: impl Iterator<Item = Need>) -> Need {
    needs
        .filter(|need| *need != Need::Nothing)
        .min_by_key(|need| match need {
            Need::Nothing => usize::MAX,
            Need::OneOf(Wanted { detectors, answer, literals }) => {
                literals.len() + 100 * (detectors.count_ones() + answer.count_ones()) as usize
            }
        })
        .unwrap_or(Need::Nothing)
}

fn either(needs: impl Iterator<Item = Need>) -> Need {
    let mut all = Wanted::default();
    for need in needs {
        match need {
            Need::Nothing => return Need::Nothing,
            Need::OneOf(wanted) => {
                all.detectors |= wanted.detectors;
                all.answer |= wanted.answer;
                all.literals.extend(wanted.literals);
            }
        }
    }
    if all == Wanted::default() { Need::Nothing } else { Need::OneOf(all) }
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
