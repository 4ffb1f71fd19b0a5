//! The URL as a server understands it: every part decoded, and put together again.

use crate::view::{Field, Place, Text, Views};

/// What `url` sees beside the target as it was sent.
pub(super) struct NormalisedUrl {
    pub(super) text: Text<'static>,
    pub(super) pieces: Vec<Piece>,
}

/// From `start` on stands a view of a field.
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) field: usize,
    pub(super) view: usize,
}

impl NormalisedUrl {
    /// `None` without a query: then the path alone is the URL.
    pub(super) fn of(views: &Views<'_>) -> Option<Self> {
        let (mut bytes, mut pieces) = (Vec::new(), Vec::new());
        let mut has_query = false;
        for (index, field) in views.fields.iter().enumerate() {
            match (field.place, field.is_name) {
                (Place::Path, _) => {}
                (Place::Query, is_name) => {
                    bytes.push(if !has_query {
                        b'?'
                    } else if is_name {
                        b'&'
                    } else {
                        b'='
                    });
                    has_query = true;
                }
                _ => continue,
            }
            let (view, text) = decoded(field)?;
            pieces.push(Piece { start: bytes.len(), field: index, view });
            bytes.extend_from_slice(text);
        }
        has_query.then(|| Self { text: Text::owned(bytes), pieces })
    }
}

/// Its last form that is not a guess, as base64 is.
fn decoded<'f>(field: &'f Field<'_>) -> Option<(usize, &'f [u8])> {
    let (at, view) = field.views.iter().enumerate().rev().find(|(_, view)| !view.via.base64)?;
    Some((at, view.text.bytes()))
}
