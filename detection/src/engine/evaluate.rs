//! Walks a filter tree over one exchange, collecting what matched.

use std::{borrow::Cow, collections::HashSet, ops::Range, sync::Arc};

use super::{
    fold::Folded,
    kind::{data_type, find_jwt, looks_like},
    reading::{MAX_MATCHES, Reading, phrase},
    records,
    terms::{Form, Value, pairs, values},
};
use crate::{
    Match,
    policy::{Comparison, DataType, Filter, Op, Operand, Pair, Part, Term, Test},
};

/// Values that a policy may hold at once, and how long each may be.
const MAX_BOUND: usize = 16;
const MAX_BOUND_LENGTH: usize = 4096;

pub(super) struct Evaluation<'r, 'x> {
    reading: &'r Reading<'x>,
    bound: Vec<(Arc<str>, String)>,
    pub(super) matches: Vec<Match>,
}

impl<'r, 'x> Evaluation<'r, 'x> {
    pub(super) fn of(reading: &'r Reading<'x>) -> Self {
        Self { reading, bound: Vec::new(), matches: Vec::new() }
    }

    pub(super) fn filter(&mut self, filter: &Filter) -> bool {
        match filter {
            Filter::And(all) => {
                // They bind nothing, so their turn does not matter; but they are told in a moment.
                let (cheap, others) =
                    (|filter: &&Filter| filter.is_cheap(), |filter: &&Filter| !filter.is_cheap());
                self.keeping(|this| {
                    all.iter().filter(cheap).all(|filter| this.filter(filter))
                        && all.iter().filter(others).all(|filter| this.filter(filter))
                })
            }
            Filter::Or(any) => any.iter().any(|filter| this_filter(self, filter)),
            Filter::Not(inner) => !self.forgetting(|this| this.filter(inner)),
            Filter::Detect(detector) => {
                let found = self.reading.detect(*detector);
                for matched in found {
                    self.note(matched.clone());
                }
                !found.is_empty()
            }
            Filter::Shows(kinds) => {
                let case = self.reading.case(&[]);
                let Some(shown) = kinds.iter().find_map(|kind| case.find(*kind)) else { return false };
                self.note(shown.at);
                true
            }
            Filter::Holds { kinds, at_least } => {
                let held = self.reading.case(&[]).held(kinds, *at_least);
                let any = !held.is_empty();
                for matched in held {
                    self.note(matched);
                }
                any
            }
            Filter::Term(term, test) => self.term(*term, test),
        }
    }

    fn term(&mut self, term: Term, test: &Test) -> bool {
        let whole = values(self.reading, term);
        self.test(term, &whole, test)
    }

    /// A test on a value in its several forms: one form is enough.
    pub(super) fn test(&mut self, term: Term, value: &Value<'_>, test: &Test) -> bool {
        match test {
            Test::And(all) => self.keeping(|this| all.iter().all(|test| this.test(term, value, test))),
            Test::Or(any) => any.iter().any(|test| self.test(term, value, test)),
            Test::Not(inner) => !self.forgetting(|this| this.test(term, value, inner)),
            Test::ForOne(pair) => pairs(self.reading, term).any(|one| self.pair(term, &one, pair)),
            Test::ForAll(pair) => {
                let mut all = pairs(self.reading, term).peekable();
                all.peek().is_some() && self.keeping(|this| all.all(|one| this.pair(term, &one, pair)))
            }
            Test::Length(comparisons) => {
                let length = value.forms.first().map_or(0, |form| form.bytes().len());
                let holds = all_hold(comparisons, length as f64);
                if holds && let Some(form) = value.forms.first() {
                    self.note_at(value, form, 0..length, "length");
                }
                holds
            }
            Test::Likeness(comparisons) => {
                let likeness = self.reading.likeness;
                let percent =
                    if term == Term::ResponsePayload { likeness.response } else { likeness.request };
                let holds = percent.is_some_and(|percent| all_hold(comparisons, percent));
                if holds && let Some(form) = value.forms.first() {
                    self.note_at(value, form, 0..form.bytes().len(), "percentage_match");
                }
                holds
            }
            Test::Distinct { key, comparisons } => self.distinct(term, key.as_deref(), comparisons),
            Test::Op(op) => self.op(value, op),
        }
    }

    fn pair(&mut self, term: Term, one: &(Value<'_>, Value<'_>), pair: &Pair) -> bool {
        match pair {
            Pair::And(all) => self.keeping(|this| all.iter().all(|pair| this.pair(term, one, pair))),
            Pair::Or(any) => any.iter().any(|pair| self.pair(term, one, pair)),
            Pair::Not(inner) => !self.forgetting(|this| this.pair(term, one, inner)),
            Pair::Key(test) => self.test(term, &one.0, test),
            Pair::Value(test) => self.test(term, &one.1, test),
        }
    }

    fn op(&mut self, value: &Value<'_>, op: &Op) -> bool {
        match op {
            Op::Equals(operands) => self.any_text(value, operands, "eq", |text, wanted| text.equals(wanted)),
            Op::ContainsEither(operands) => {
                self.any_text(value, operands, "contains_either", |text, wanted| text.find(wanted))
            }
            Op::ContainsAll(operands) => self.keeping(|this| {
                operands.iter().all(|operand| {
                    this.any_text(value, std::slice::from_ref(operand), "contains_all", |text, wanted| {
                        text.find(wanted)
                    })
                })
            }),
            Op::Compare(comparison) => {
                let holds = |form: &&Form<'_>| form.number().is_some_and(|number| comparison.holds(number));
                let found = value.forms.iter().find(holds);
                self.note_whole(value, found, comparison.order.name())
            }
            Op::InNetworks(networks) => {
                let inside = |(_, address): &(_, _)| networks.iter().any(|net| net.contains(address));
                let found = value.addresses().find(inside).map(|(form, _)| form);
                self.note_whole(value, found, "contains_either_cidr")
            }
            Op::Regex(regex) => {
                let found =
                    value.forms.iter().find_map(|form| Some((form, regex.find(form.bytes())?.range())));
                found.is_some_and(|(form, range)| {
                    self.note_at(value, form, range, "regex");
                    true
                })
            }
            Op::RegexExtract { regex, into } => {
                let found = value.forms.iter().find_map(|form| {
                    let captures = regex.captures(form.bytes())?;
                    let part = captures.get(1).or_else(|| captures.get(0))?;
                    Some((form, part.range()))
                });
                found.is_some_and(|(form, range)| {
                    if let Some(name) = into {
                        self.bind(name, form.bytes().get(range.clone()).unwrap_or_default());
                    }
                    self.note_at(value, form, range, "regex_extract");
                    true
                })
            }
            Op::Extract(name) => value.forms.last().is_some_and(|form| {
                self.bind(name, form.bytes());
                true
            }),
            Op::ContainsJwt => {
                let found = value.forms.iter().find_map(|form| Some((form, find_jwt(form.bytes())?)));
                found.is_some_and(|(form, range)| {
                    self.note_at(value, form, range, "contains_jwt");
                    true
                })
            }
            Op::DataType(wanted) => {
                let found = value.forms.iter().find(|form| data_type(form.bytes()) == *wanted);
                // What one form shows to be a number is no text, though another form of it is.
                let is_text = |form: &Form<'_>| data_type(form.bytes()) == DataType::Text;
                let found = found.filter(|_| *wanted != DataType::Text || value.forms.iter().all(is_text));
                self.note_whole(value, found, "datatype")
            }
            Op::ValueType(wanted) => {
                let found = value
                    .forms
                    .iter()
                    .find(|form| wanted.iter().any(|wanted| looks_like(form.bytes(), *wanted)));
                self.note_whole(value, found, "valuetype")
            }
            Op::Detect(detector) => {
                let found: Vec<Match> = value
                    .fields
                    .iter()
                    .filter_map(|index| {
                        let field = self.reading.views.fields.get(*index)?;
                        self.reading.detect_in(*detector, *index, field)
                    })
                    .take(MAX_MATCHES)
                    .collect();
                let any = !found.is_empty();
                for matched in found {
                    self.note(matched);
                }
                any
            }
            Op::Records(comparisons) => {
                let found = value.forms.first().filter(|form| records::are(comparisons, form.bytes()));
                self.note_whole(value, found, "records")
            }
            Op::Entropy(comparisons) => {
                let found = value.forms.last().filter(|form| all_hold(comparisons, entropy(form.bytes())));
                self.note_whole(value, found, "entropy")
            }
        }
    }

    fn any_text(
        &mut self,
        value: &Value<'_>,
        operands: &[Operand],
        operator: &'static str,
        test: impl Fn(&Folded<'_>, &str) -> Option<Range<usize>>,
    ) -> bool {
        for form in &value.forms {
            let folded = Folded::of(form.bytes());
            for operand in operands {
                let Some(wanted) = self.resolve(operand) else { continue };
                if let Some(range) = test(&folded, &wanted) {
                    self.note_at(value, form, range, operator);
                    return true;
                }
            }
        }
        false
    }

    /// How many different values the collection has.
    fn distinct(&mut self, term: Term, key: Option<&str>, comparisons: &[Comparison]) -> bool {
        let all: Vec<_> = pairs(self.reading, term).collect();
        let is_named = |name: &Value<'_>| {
            key.is_none_or(|key| {
                name.forms.iter().any(|form| form.bytes().eq_ignore_ascii_case(key.as_bytes()))
            })
        };
        let counted = || all.iter().filter(|(name, _)| is_named(name)).map(|(_, value)| value);
        let different: HashSet<&[u8]> =
            counted().filter_map(|value| value.forms.last()).map(|form| form.bytes().trim_ascii()).collect();
        let holds = all_hold(comparisons, different.len() as f64);
        if holds && let Some((value, form)) = counted().find_map(|value| Some((value, value.forms.last()?))) {
            self.note_at(value, form, 0..form.bytes().len(), "distinct");
        }
        holds
    }

    /// The operand with extracted values filled in; `None` where one was not extracted.
    fn resolve<'o>(&self, operand: &'o Operand) -> Option<Cow<'o, str>> {
        if let Some(literal) = operand.as_literal() {
            return Some(Cow::Borrowed(literal));
        }
        let mut text = String::new();
        for part in &operand.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable(name) => {
                    let (_, value) = self.bound.iter().rev().find(|(known, _)| known == name)?;
                    text.push_str(value);
                }
            }
        }
        (!text.is_empty()).then_some(Cow::Owned(text))
    }

    fn bind(&mut self, name: &Arc<str>, bytes: &[u8]) {
        if self.bound.len() >= MAX_BOUND {
            self.bound.remove(0);
        }
        let bytes = bytes.get(..bytes.len().min(MAX_BOUND_LENGTH)).unwrap_or_default();
        let text = String::from_utf8_lossy(bytes).trim().to_lowercase();
        self.bound.push((Arc::clone(name), text));
    }

    fn note(&mut self, matched: Match) {
        if self.matches.len() < MAX_MATCHES && !self.matches.contains(&matched) {
            self.matches.push(matched);
        }
    }

    fn note_at<'v>(
        &mut self,
        value: &Value<'v>,
        form: &Form<'v>,
        range: Range<usize>,
        operator: &'static str,
    ) {
        let (location, original) = value.place(form, range.clone());
        self.note(Match {
            location,
            start: original.start,
            end: original.end,
            phrase: phrase(form.bytes(), range),
            detector: operator.to_owned(),
        });
    }

    /// Notes a form that as a whole is what was asked for; gives whether there is one.
    fn note_whole<'v>(&mut self, value: &Value<'v>, form: Option<&Form<'v>>, operator: &'static str) -> bool {
        if let Some(form) = form {
            self.note_at(value, form, 0..form.bytes().len(), operator);
        }
        form.is_some()
    }

    /// What was noted and bound stays only if it holds.
    fn keeping(&mut self, test: impl FnOnce(&mut Self) -> bool) -> bool {
        let (matches, bound) = (self.matches.len(), self.bound.len());
        let holds = test(self);
        if !holds {
            self.matches.truncate(matches);
            self.bound.truncate(bound);
        }
        holds
    }

    /// Nothing that a negated test saw is a match.
    fn forgetting(&mut self, test: impl FnOnce(&mut Self) -> bool) -> bool {
        let (matches, bound) = (self.matches.len(), self.bound.len());
        let holds = test(self);
        self.matches.truncate(matches);
        self.bound.truncate(bound);
        holds
    }
}

/// `any` borrows the evaluation anew for each alternative.
fn this_filter(evaluation: &mut Evaluation<'_, '_>, filter: &Filter) -> bool {
    evaluation.filter(filter)
}

fn all_hold(comparisons: &[Comparison], value: f64) -> bool {
    comparisons.iter().all(|comparison| comparison.holds(value))
}

fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let length = bytes.len() as f64;
    let share = |count: &u32| f64::from(*count) / length;
    counts.iter().filter(|count| **count > 0).map(|count| -share(count) * share(count).log2()).sum()
}
