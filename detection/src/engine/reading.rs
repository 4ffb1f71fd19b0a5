use std::cell::OnceCell;

use portcullis_exchange::{Request, TaggedExchange};

use super::{
    likeness::Likeness,
    prefilter::{Hits, Prefilter, Region},
    url::NormalisedUrl,
};
use crate::{
    Match,
    answer::Answer,
    detector::{Detector, Subject},
    evidence::Case,
    harmless::Harmless,
    score,
    view::{Field, Standing, Text, View, Views},
};

/// What one policy tells of one exchange at most.
pub(super) const MAX_MATCHES: usize = 8;
const MAX_PHRASE: usize = 160;

/// One exchange while it is judged: its views, and what each detector found, computed at most once.
pub(super) struct Reading<'x> {
    pub(super) tagged: &'x TaggedExchange,
    pub(super) views: Views<'x>,
    pub(super) likeness: Likeness,
    pub(super) answer: Answer<'x>,
    /// By field and view: what of it detectors may look at.
    scanned: Vec<Vec<Scanned>>,
    found: [OnceCell<Vec<Match>>; Detector::ALL.len()],
    url: OnceCell<Option<NormalisedUrl>>,
    head_lines: OnceCell<Vec<Text<'static>>>,
    scored: Option<score::Found>,
}

#[derive(Debug, Default)]
struct Scanned {
    detectors: u64,
    /// Whether a policy's own literal occurs.
    has_literals: bool,
    lower: Vec<u8>,
}

impl<'x> Reading<'x> {
    /// With `known`, what was found harmless before is not looked at.
    pub(super) fn of(
        tagged: &'x TaggedExchange,
        prefilter: &Prefilter,
        hits: &mut Hits,
        likeness: Likeness,
        known: Option<&'x Harmless>,
    ) -> Self {
        let request = tagged.exchange.request.as_ref();
        let views = request.map(|request| Views::of(request, known)).unwrap_or_default();
        let mut all = 0;
        let mut look = |field: &Field<'_>, view: &View<'_>| {
            if field.standing == Standing::Harmless {
                return Scanned::default();
            }
            let scan = prefilter.scan(view.text.bytes(), Region::of(field), hits);
            if view.superseded || scan.detectors == 0 {
                return Scanned { has_literals: scan.has_literals, ..Scanned::default() };
            }
            all |= scan.detectors;
            let lower = view.text.bytes().to_ascii_lowercase();
            Scanned { detectors: scan.detectors, has_literals: scan.has_literals, lower }
        };
        let scanned = views
            .fields
            .iter()
            .map(|field| field.views.iter().map(|view| look(field, view)).collect())
            .collect();
        if prefilter.has_policy_literals
            && let Some(request) = request
        {
            scan_undivided(request, prefilter, hits, known);
        }
        let scored = if prefilter.asks_score { score::judge(&views) } else { None };
        if let Some(scored) = &scored {
            all |= Detector::ALL
                .into_iter()
                .filter(|detector| detector.family() == Some(scored.family))
                .fold(0, |mask, detector| mask | detector.bit());
        }
        if request.is_some() {
            prefilter.mark_detectors(all, hits);
        }
        let answer = Answer::of(tagged.exchange.response.as_ref(), known);
        prefilter.mark_answer(&answer, hits);
        Self {
            tagged,
            views,
            answer,
            likeness,
            scanned,
            found: [const { OnceCell::new() }; Detector::ALL.len()],
            url: OnceCell::new(),
            head_lines: OnceCell::new(),
            scored,
        }
    }

    /// Notes the values in which all that would look at them has looked and found nothing.
    pub(super) fn note_harmless(&self, known: &Harmless) {
        if self.scored.is_some() {
            return;
        }
        for (field, scanned) in self.views.fields.iter().zip(&self.scanned) {
            if let (Standing::New(key), [view], [scanned]) =
                (field.standing, field.views.as_slice(), scanned.as_slice())
                && !view.superseded
                && !scanned.has_literals
                && self.is_cleared(scanned.detectors)
            {
                known.note(key);
            }
        }
        self.answer.note_harmless();
    }

    /// Whether these detectors have all run, and found nothing anywhere.
    fn is_cleared(&self, detectors: u64) -> bool {
        let ran = |detector: Detector| self.found.get(detector as usize).and_then(OnceCell::get);
        Detector::ALL.into_iter().filter(|detector| detectors & detector.bit() != 0).all(|detector| {
            // A token that is valid now expires.
            detector != Detector::ExpiredToken && ran(detector).is_some_and(Vec::is_empty)
        })
    }

    /// The exchange with what was found in it, for evidence.
    pub(super) fn case<'r>(&'r self, matches: &'r [Match]) -> Case<'r, 'x> {
        Case { exchange: &self.tagged.exchange, views: &self.views, answer: &self.answer, matches }
    }

    /// The request's header fields as lines `name: value`.
    pub(super) fn head_lines(&self) -> &[Text<'static>] {
        self.head_lines.get_or_init(|| {
            let headers = self.tagged.exchange.request.iter().flat_map(|request| request.headers.iter());
            headers.map(|(name, value)| Text::owned([name, b": ", value].concat())).collect()
        })
    }

    /// Path and query, decoded; `None` without a query.
    pub(super) fn normalised_url(&self) -> Option<&NormalisedUrl> {
        self.url.get_or_init(|| NormalisedUrl::of(&self.views)).as_ref()
    }

    /// What the detector finds anywhere in the request.
    pub(super) fn detect(&self, detector: Detector) -> &[Match] {
        match self.found.get(detector as usize) {
            Some(cell) => cell.get_or_init(|| self.run(detector)),
            None => &[],
        }
    }

    fn run(&self, detector: Detector) -> Vec<Match> {
        if detector.reads_whole_request() {
            return self.run_whole(detector).into_iter().collect();
        }
        if detector.family().is_some() {
            return self.scored_as(detector);
        }
        let mut matches: Vec<Match> = Vec::new();
        for (index, field) in self.views.fields.iter().enumerate() {
            if let Some(found) = self.detect_in(detector, index, field) {
                // A path and its segment tell the same twice.
                if !matches
                    .iter()
                    .any(|known| known.location == found.location && known.phrase == found.phrase)
                {
                    matches.push(found);
                }
                if matches.len() >= MAX_MATCHES {
                    break;
                }
            }
        }
        matches
    }

    fn run_whole(&self, detector: Detector) -> Option<Match> {
        let what = detector.find_whole(&self.tagged.exchange)?;
        Some(Match {
            location: "request".to_owned(),
            start: 0,
            end: 0,
            phrase: what,
            detector: detector.name().to_owned(),
        })
    }

    /// The values that the detector looked at, since one of its gates is in them: where, what, and whether decoded.
    pub(super) fn looked_at(&self, detector: Detector) -> impl Iterator<Item = (String, &[u8], bool)> {
        let fields = self.views.fields.iter().zip(&self.scanned);
        fields.flat_map(move |(field, scanned)| {
            let views = field.views.iter().enumerate().zip(scanned);
            let gated = views.filter(move |(_, scanned)| scanned.detectors & detector.bit() != 0);
            gated.map(|((index, view), _)| (field.location(), view.text.bytes(), index > 0))
        })
    }

    /// The stretches that made the score, where it is one of the detector's family.
    fn scored_as(&self, detector: Detector) -> Vec<Match> {
        let scored = self.scored.as_ref().filter(|scored| detector.family() == Some(scored.family));
        let Some(scored) = scored else { return Vec::new() };
        let field = self.views.fields.get(scored.field);
        let view = field.and_then(|field| field.views.get(scored.view));
        let (Some(field), Some(view)) = (field, view) else { return Vec::new() };
        let tell = |range: &std::ops::Range<usize>| matched(field, view, range.clone(), detector.name());
        scored.strongest.iter().map(tell).collect()
    }

    /// What the detector finds in one field.
    pub(super) fn detect_in(&self, detector: Detector, index: usize, field: &Field<'x>) -> Option<Match> {
        if detector.family().is_some() {
            let here = self.scored.as_ref().is_some_and(|scored| scored.field == index);
            return if here { self.scored_as(detector).into_iter().next() } else { None };
        }
        let scanned = self.scanned.get(index)?;
        let at = self.tagged.exchange.completed_at;
        field.views.iter().zip(scanned).find_map(|(view, scanned)| {
            if scanned.detectors & detector.bit() == 0 {
                return None;
            }
            let range = detector.find(&Subject { field, view, lower: &scanned.lower, at })?;
            Some(matched(field, view, range, detector.name()))
        })
    }
}

/// Marks the policies whose literals may begin in one value and end in the next: in the target, in the body, and in the
/// header lines as the term shows them.
fn scan_undivided(request: &Request, prefilter: &Prefilter, hits: &mut Hits, known: Option<&Harmless>) {
    const LINE: u8 = 0xff;
    prefilter.scan(&request.target, Region::URL, hits);
    prefilter.scan(&request.body.bytes, Region::BODY, hits);
    let mut line = Vec::new();
    for (name, value) in request.headers.iter() {
        let key = known.map(|known| (known, known.key(LINE, name, value)));
        if key.is_some_and(|(known, key)| known.holds(key)) {
            continue;
        }
        line.clear();
        line.extend_from_slice(name);
        line.extend_from_slice(b": ");
        line.extend_from_slice(value);
        let has_literals = prefilter.scan(&line, Region::HEAD, hits).has_literals;
        if let Some((known, key)) = key.filter(|_| !has_literals) {
            known.note(key);
        }
    }
}

/// A match of a view, told in offsets of the original.
pub(super) fn matched(
    field: &Field<'_>,
    view: &View<'_>,
    range: std::ops::Range<usize>,
    detector: &str,
) -> Match {
    let original = view.text.original_range(range.clone());
    Match {
        location: field.location(),
        start: original.start,
        end: original.end,
        phrase: phrase(view.text.bytes(), range),
        detector: detector.to_owned(),
    }
}

/// The matched text, readable and cut to a bound.
pub(crate) fn phrase(bytes: &[u8], range: std::ops::Range<usize>) -> String {
    let end = range.end.min(range.start.saturating_add(MAX_PHRASE)).min(bytes.len());
    String::from_utf8_lossy(bytes.get(range.start..end).unwrap_or_default()).into_owned()
}
