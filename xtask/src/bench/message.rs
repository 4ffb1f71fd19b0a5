//! The messages of made connections.

use clap::ValueEnum;
use fastrand::Rng;

use super::bodies::Bodies;

/// What the HTTP in a made capture is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Profile {
    /// All sizes and codings, uploads, and a tenth of the connections without HTTP.
    Mixed,
    /// GET requests with short plain answers, and nothing else: as many transactions as fit.
    Small,
}

impl Profile {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Small => "small",
        }
    }
}

pub(super) fn request(rng: &mut Rng, bodies: &Bodies, profile: Profile) -> Vec<u8> {
    let (user, page) = (rng.u32(..100_000), rng.u32(..50));
    let common = format!(
        "Host: api.example\r\nUser-Agent: client/{}.{}\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\n\
         Authorization: Bearer {:032x}\r\nX-Request-Id: {:016x}\r\n",
        rng.u8(1..9),
        rng.u8(..30),
        rng.u128(..),
        rng.u64(..),
    );
    if profile == Profile::Small || rng.u8(..3) > 0 {
        return format!("GET /v1/users/{user}/orders?page={page}&sort=-created HTTP/1.1\r\n{common}\r\n")
            .into();
    }
    let is_upload = rng.u8(..100) == 0;
    let (kind, body) = if is_upload {
        let len = rng.usize(50_000..600_000);
        ("application/octet-stream", bodies.noise(rng, len))
    } else {
        ("application/json", bodies.any(rng).plain.as_slice())
    };
    let len = body.len();
    let head = format!(
        "POST /v1/users/{user}/orders HTTP/1.1\r\n{common}Content-Type: {kind}\r\nContent-Length: {len}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Where they are mixed, about a third each: gzip, chunked, and as it is.
pub(super) fn response(rng: &mut Rng, bodies: &Bodies, profile: Profile) -> Vec<u8> {
    const HEAD: &str =
        "HTTP/1.1 200 OK\r\nServer: api\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n";
    let plain = |body: &[u8]| {
        let field = format!("Content-Length: {}\r\n\r\n", body.len());
        [HEAD.as_bytes(), field.as_bytes(), body].concat()
    };
    if profile == Profile::Small {
        return plain(&bodies.small(rng).plain);
    }
    if rng.u16(..250) == 0 {
        return plain(&bodies.large(rng).plain);
    }
    let body = bodies.any(rng);
    match rng.u8(..3) {
        0 => {
            let field = format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.gzip.len());
            [HEAD.as_bytes(), field.as_bytes(), &body.gzip].concat()
        }
        1 => [HEAD.as_bytes(), b"Transfer-Encoding: chunked\r\n\r\n", &chunked(&body.plain)].concat(),
        _ => plain(&body.plain),
    }
}

/// What is no HTTP.
pub(super) fn noise(rng: &mut Rng, bodies: &Bodies) -> Vec<u8> {
    let len = rng.usize(20..6000);
    bodies.noise(rng, len).to_vec()
}

fn chunked(bytes: &[u8]) -> Vec<u8> {
    let mut coded = Vec::with_capacity(bytes.len() + 64);
    for chunk in bytes.chunks(4096) {
        coded.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(b"\r\n");
    }
    coded.extend_from_slice(b"0\r\n\r\n");
    coded
}
