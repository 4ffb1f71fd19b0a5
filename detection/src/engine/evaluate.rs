//! Walks a filter tree over one exchange, collecting what matched.

use std::{borrow::Cow, sync::Arc};

use super::{
    reading::{MAX_MATCHES, Reading, phrase},
    terms::{Value, pairs, values},
};
use crate::{
    Match,
    policy::{DataType, Filter, Op, Operand, Pair, Part, Term, Test},
    view::Text,
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
            Filter::And(all) => self.keeping(|this| all.iter().all(|filter| this.filter(filter))),
            Filter::Or(any) => any.iter().any(|filter| this_filter(self, filter)),
            Filter::Not(inner) => !self.forgetting(|this| this.filter(inner)),
            Filter::Detect(detector) => {
                let found = self.reading.detect(*detector);
                for matched in found {
                    self.note(matched.clone());
                }
                !found.is_empty()
            }
            Filter::Term(term, test) => self.term(*term, test),
        }
    }

    fn term(&mut self, term: Term, test: &Test) -> bool {
        let whole = values(self.reading, term);
        self.test(term, &whole, test)
    }

    /// A test on a value in its several forms: one form is enough.
    fn test(&mut self, term: Term, value: &Value<'_>, test: &Test) -> bool {
        match test {
            Test::And(all) => self.keeping(|this| all.iter().all(|test| this.test(term, value, test))),
            Test::Or(any) => any.iter().any(|test| self.test(term, value, test)),
            Test::Not(inner) => !self.forgetting(|this| this.test(term, value, inner)),
            Test::ForOne(pair) => pairs(self.reading, term).iter().any(|one| self.pair(term, one, pair)),
            Test::ForAll(pair) => {
                let all = pairs(self.reading, term);
                !all.is_empty() && self.keeping(|this| all.iter().all(|one| this.pair(term, one, pair)))
            }
            Test::Length(comparisons) => {
                let length = value.forms.first().map_or(0, |form| form.bytes().len()) as f64;
                comparisons.iter().all(|comparison| comparison.holds(length))
            }
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
            Op::Equals(operands) => self
                .any_text(value, operands, |text, wanted| (text.trim() == wanted).then_some(0..text.len())),
            Op::ContainsEither(operands) => self.any_text(value, operands, |text, wanted| {
                text.find(wanted).map(|start| start..start + wanted.len())
            }),
            Op::ContainsAll(operands) => self.keeping(|this| {
                operands.iter().all(|operand| {
                    this.any_text(value, std::slice::from_ref(operand), |text, wanted| {
                        text.find(wanted).map(|start| start..start + wanted.len())
                    })
                })
            }),
            Op::Compare(comparison) => value.number().is_some_and(|number| comparison.holds(number)),
            Op::InNetworks(networks) => {
                value.addresses().any(|address| networks.iter().any(|net| net.contains(&address)))
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
            Op::ContainsJwt => value.forms.iter().any(|form| contains_jwt(form.bytes())),
            Op::DataType(wanted) => {
                value.forms.first().is_some_and(|form| data_type(form.bytes()) == *wanted)
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
            Op::Entropy(comparisons) => value.forms.last().is_some_and(|form| {
                let entropy = entropy(form.bytes());
                comparisons.iter().all(|comparison| comparison.holds(entropy))
            }),
        }
    }

    fn any_text(
        &mut self,
        value: &Value<'_>,
        operands: &[Operand],
        test: impl Fn(&str, &str) -> Option<std::ops::Range<usize>>,
    ) -> bool {
        for form in &value.forms {
            // Lengths stay the same, so that a place in the folded text is one in the form.
            let ascii = form.bytes().to_ascii_lowercase();
            let text = String::from_utf8_lossy(&ascii);
            let unicode = if text.is_ascii() { Cow::Borrowed("") } else { Cow::Owned(text.to_lowercase()) };
            for operand in operands {
                let Some(wanted) = self.resolve(operand) else { continue };
                let found = test(&text, &wanted)
                    .or_else(|| if unicode.is_empty() { None } else { test(&unicode, &wanted) });
                if let Some(range) = found {
                    self.note_at(value, form, range, "text");
                    return true;
                }
            }
        }
        false
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

    fn note_at(&mut self, value: &Value<'_>, form: &Text<'_>, range: std::ops::Range<usize>, detector: &str) {
        let original = form.original_range(range.clone());
        self.note(Match {
            location: value.location.clone(),
            start: original.start,
            end: original.end,
            phrase: phrase(form.bytes(), range),
            detector: detector.to_owned(),
        });
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

/// Three base64url parts, the first of which opens a JSON object (RFC 7519 section 3.1).
fn contains_jwt(bytes: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    memchr::memmem::find_iter(bytes, b"eyJ").any(|start| {
        let rest = bytes.get(start..).unwrap_or_default();
        let mut parts = rest.splitn(3, |byte| *byte == b'.');
        let whole =
            |part: Option<&[u8]>| part.is_some_and(|part| part.len() >= 4 && part.iter().all(is_part));
        whole(parts.next())
            && whole(parts.next())
            && parts.next().and_then(<[u8]>::first).is_some_and(is_part)
    })
}

fn data_type(bytes: &[u8]) -> DataType {
    match std::str::from_utf8(bytes.trim_ascii()) {
        Ok("true" | "false") => DataType::Boolean,
        Ok(text) if text.parse::<f64>().is_ok_and(f64::is_finite) => DataType::Number,
        _ => DataType::Text,
    }
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
