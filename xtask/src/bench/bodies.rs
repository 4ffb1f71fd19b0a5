//! What the made messages carry: drawn once from the seed, since making every body anew would take longer than all that
//! is measured with them.

use std::io::Write as _;

use fastrand::Rng;
use flate2::{Compression, write::GzEncoder};

pub(super) struct Bodies {
    /// By size, small ones first; see [`CLASSES`].
    classes: Vec<Vec<Body>>,
    large: Vec<Body>,
    /// Bytes without a pattern.
    noise: Vec<u8>,
}

pub(super) struct Body {
    pub(super) plain: Vec<u8>,
    pub(super) gzip: Vec<u8>,
}

/// About how many bytes, and for how many of a hundred messages: APIs answer briefly, and seldom at length.
const CLASSES: [(usize, u32); 6] = [(200, 25), (600, 25), (1_500, 25), (4_000, 15), (12_000, 8), (48_000, 2)];
const OF_EACH: usize = 24;
const LARGE: [usize; 3] = [120_000, 400_000, 1_500_000];
const NOISE: usize = 1 << 20;

impl Bodies {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let classes =
            CLASSES.iter().map(|(len, _)| (0..OF_EACH).map(|_| Body::json(rng, *len)).collect()).collect();
        let large = LARGE.iter().map(|len| Body::json(rng, *len)).collect();
        let mut noise = vec![0; NOISE];
        rng.fill(&mut noise);
        Self { classes, large, noise }
    }

    pub(super) fn any(&self, rng: &mut Rng) -> &Body {
        let mut draw = rng.u32(..100);
        let class = CLASSES.iter().position(|(_, share)| {
            let is_it = draw < *share;
            draw = draw.saturating_sub(*share);
            is_it
        });
        pick(rng, self.classes.get(class.unwrap_or_default()).unwrap_or(&self.large))
    }

    pub(super) fn small(&self, rng: &mut Rng) -> &Body {
        pick(rng, self.classes.first().unwrap_or(&self.large))
    }

    pub(super) fn large(&self, rng: &mut Rng) -> &Body {
        pick(rng, &self.large)
    }

    pub(super) fn noise(&self, rng: &mut Rng, len: usize) -> &[u8] {
        let start = rng.usize(..NOISE - len.min(NOISE - 1));
        self.noise.get(start..start + len).unwrap_or_default()
    }
}

#[expect(clippy::indexing_slicing, reason = "no list here is empty")]
fn pick<'a>(rng: &mut Rng, bodies: &'a [Body]) -> &'a Body {
    &bodies[rng.usize(..bodies.len())]
}

impl Body {
    fn json(rng: &mut Rng, len: usize) -> Self {
        const STATES: [&str; 4] = ["open", "paid", "shipped", "returned"];
        let mut text = String::from("{\"items\":[");
        while text.len() < len {
            let (id, cents) = (rng.u64(..1 << 40), rng.u32(..100_000));
            let state = rng.choice(STATES).unwrap_or_default();
            let row =
                format!("{{\"id\":\"{id:010x}\",\"state\":\"{state}\",\"cents\":{cents},\"note\":null}},");
            text.push_str(&row);
        }
        text.push_str("null]}");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        // Memory takes whatever is written.
        encoder.write_all(text.as_bytes()).ok();
        Self { plain: text.into_bytes(), gzip: encoder.finish().unwrap_or_default() }
    }
}
