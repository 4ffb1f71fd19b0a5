use std::cell::OnceCell;

use portcullis_exchange::TaggedExchange;

use super::{
    likeness::Likeness,
    prefilter::{Hits, Prefilter},
    url::NormalisedUrl,
};
use crate::{
    Match,
    answer::Answer,
    detector::{Detector, Subject},
    evidence::Case,
    score,
    view::{Field, View, Views},
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
    scored: Option<score::Found>,
}

#[derive(Debug, Default)]
struct Scanned {
    detectors: u64,
    lower: Vec<u8>,
}

impl<'x> Reading<'x> {
    pub(super) fn of(
        tagged: &'x TaggedExchange,
        prefilter: &Prefilter,
        hits: &mut Hits,
        likeness: Likeness,
    ) -> Self {
        let request = tagged.exchange.request.as_ref();
        let views = request.map(Views::of).unwrap_or_default();
        let mut all = 0;
        let mut scan = |view: &View<'_>| {
            let mask = prefilter.scan(view.text.bytes(), hits);
            if view.superseded || mask == 0 {
                return Scanned::default();
            }
            all |= mask;
            Scanned { detectors: mask, lower: view.text.bytes().to_ascii_lowercase() }
        };
        let scanned = views.fields.iter().map(|field| field.views.iter().map(&mut scan).collect()).collect();
        if prefilter.has_policy_literals
            && let Some(request) = request
        {
            prefilter.scan(&request.target, hits);
            prefilter.scan(&request.body.bytes, hits);
            // As the term shows them: a literal may begin in the name and end in the value.
            let mut line = Vec::new();
            for (name, value) in request.headers.iter() {
                line.clear();
                line.extend_from_slice(name);
                line.extend_from_slice(b": ");
                line.extend_from_slice(value);
                prefilter.scan(&line, hits);
            }
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
        Self {
            tagged,
            views,
            answer: Answer::of(tagged.exchange.response.as_ref()),
            likeness,
            scanned,
            found: [const { OnceCell::new() }; Detector::ALL.len()],
            url: OnceCell::new(),
            scored,
        }
    }

    /// The exchange with what was found in it, for evidence.
    pub(super) fn case<'r>(&'r self, matches: &'r [Match]) -> Case<'r, 'x> {
        Case { exchange: &self.tagged.exchange, views: &self.views, answer: &self.answer, matches }
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
