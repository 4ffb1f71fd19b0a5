//! Doors for fuzz targets into what only an engine calls otherwise. No part of the interface.

use std::ops::Range;

use portcullis_exchange::{Exchange, Request};

use crate::{
    detector::{Detector, Subject},
    score,
    view::{View, Views},
};

/// What a request was taken apart into.
#[derive(Debug)]
pub struct Taken {
    pub fields: usize,
    pub decoded_bytes: usize,
    pub forms: Vec<Stretch>,
}

/// A part of a form of a value.
#[derive(Debug)]
pub struct Stretch {
    /// Who chose it.
    pub by: &'static str,
    pub range: Range<usize>,
    /// Bytes of the form.
    pub len: usize,
    /// The same part of what was sent.
    pub original: Range<usize>,
    /// Whether a literal occurs without which the engine would not have asked.
    pub is_gated: bool,
}

impl Stretch {
    fn of(by: &'static str, view: &View<'_>, range: Range<usize>, is_gated: bool) -> Self {
        let (len, original) = (view.text.bytes().len(), view.text.original_range(range.clone()));
        Self { by, range, len, original, is_gated }
    }
}

/// Every value in every form.
pub fn take_apart(request: &Request) -> Taken {
    let views = Views::of(request, None);
    let forms = views.fields.iter().flat_map(|field| &field.views);
    let whole = |view: &View<'_>| Stretch::of("form", view, 0..view.text.bytes().len(), true);
    Taken {
        fields: views.fields.len(),
        decoded_bytes: views.work.decoded_bytes,
        forms: forms.map(whole).collect(),
    }
}

/// What any detector finds in any value, asked without the prefilter.
pub fn every_detector(exchange: &Exchange) -> Vec<Stretch> {
    let mut found = Vec::new();
    let Some(request) = &exchange.request else { return found };
    let views = Views::of(request, None);
    for field in &views.fields {
        for view in field.views.iter().filter(|view| !view.superseded) {
            let lower = view.text.bytes().to_ascii_lowercase();
            let subject = Subject { field, view, lower: &lower, at: exchange.completed_at };
            for detector in Detector::ALL {
                if let Some(range) = detector.find(&subject) {
                    let occurs = |gate: &&str| memchr::memmem::find(&lower, gate.as_bytes()).is_some();
                    let is_gated = detector.gates().iter().any(occurs);
                    found.push(Stretch::of(detector.name(), view, range, is_gated));
                }
            }
        }
    }
    for detector in Detector::ALL {
        drop(detector.find_whole(exchange));
    }
    found
}

/// What speaks most for the highest score, if there is one.
pub fn scored(request: &Request) -> Vec<Stretch> {
    let views = Views::of(request, None);
    let Some(found) = score::judge(&views) else { return Vec::new() };
    let view = views.fields.get(found.field).and_then(|field| field.views.get(found.view));
    let Some(view) = view else { return Vec::new() };
    found.strongest.into_iter().map(|range| Stretch::of("score", view, range, true)).collect()
}
