//! What the fields of a header block mean (RFC 9113 section 8), and what is odd about them.

use portcullis_exchange::{Fact, Facts, Headers, HeadersBuilder};

use super::hpack::{Decoder, Fault, Field};

/// A decoded header block.
#[derive(Default)]
pub(super) struct Block {
    pub(super) pseudo: Pseudo,
    fields: HeadersBuilder,
    pub(super) facts: Facts,
    /// Fields that a table entry named which was not captured.
    pub(super) unknown: u64,
    /// As SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113 section 6.5.2).
    size: usize,
    has_field: bool,
}

/// Pseudo-header fields; the first of each name counts.
#[derive(Default)]
pub(super) struct Pseudo {
    pub(super) method: Option<Vec<u8>>,
    pub(super) scheme: Option<Vec<u8>>,
    pub(super) authority: Option<Vec<u8>>,
    pub(super) path: Option<Vec<u8>>,
    pub(super) status: Option<Vec<u8>>,
    /// RFC 8441 section 4.
    pub(super) protocol: Option<Vec<u8>>,
}

/// Name under which a field stands whose own was not captured. No sent field can have it, because of its brackets.
pub(super) const UNKNOWN: &[u8] = b"(unknown)";
/// Past this a block's fields are decoded, because the table lives on them, and not kept. Servers take 8 KiB to
/// 64 KiB, a few more; table entries make a small block into a large list.
const MAX_LIST: usize = 256 << 10;
/// Overhead of a field in a list's size.
const FIELD_OVERHEAD: usize = 32;

impl Block {
    pub(super) fn decode(decoder: &mut Decoder, bytes: &[u8]) -> (Self, Result<(), Fault>) {
        let mut block = Self::default();
        let outcome = decoder.decode(bytes, &mut |field| block.take(field));
        (block, outcome)
    }

    pub(super) fn into_fields(self) -> (Headers, Facts) {
        (self.fields.build(), self.facts)
    }

    /// The regular fields, with `:authority` as `host` (RFC 9113 section 8.3.1).
    pub(super) fn into_request(self) -> (Pseudo, Headers, Facts) {
        let Self { pseudo, fields, mut facts, .. } = self;
        let sent = fields.build();
        let Some(authority) = &pseudo.authority else {
            return (pseudo, sent, facts);
        };
        let is_same = |host: &[u8]| host.eq_ignore_ascii_case(authority);
        let first = sent.get("host").map(is_same);
        if sent.all("host").any(|host| !is_same(host)) {
            facts.insert(Fact::AuthorityDiffersFromHost);
        }
        if first == Some(true) {
            return (pseudo, sent, facts);
        }
        let mut fields = Headers::builder();
        fields.push(b"host", authority);
        sent.iter().for_each(|(name, value)| fields.push(name, value));
        (pseudo, fields.build(), facts)
    }

    fn take(&mut self, field: Field<'_>) {
        let (name, value) = (field.name.unwrap_or(UNKNOWN), field.value.unwrap_or_default());
        if field.name.is_none() || field.value.is_none() {
            self.unknown += 1;
            self.facts.insert(Fact::UnknownTableEntry);
        }
        let size = self.size.saturating_add(name.len() + value.len() + FIELD_OVERHEAD);
        if size > MAX_LIST {
            self.facts.insert(Fact::OversizedHeaderBlock);
            return;
        }
        self.size = size;
        if name.first() == Some(&b':') {
            self.pseudo(name, value);
        } else {
            // An unknown name may be that of a pseudo-header field.
            if field.name.is_some() {
                self.has_field = true;
                self.check(name, value);
            }
            self.fields.push(name, value);
        }
    }

    fn pseudo(&mut self, name: &[u8], value: &[u8]) {
        let slot = match name {
            b":method" => &mut self.pseudo.method,
            b":scheme" => &mut self.pseudo.scheme,
            b":authority" => &mut self.pseudo.authority,
            b":path" => &mut self.pseudo.path,
            b":status" => &mut self.pseudo.status,
            b":protocol" => &mut self.pseudo.protocol,
            _ => {
                self.facts.insert(Fact::MalformedPseudoField);
                return;
            }
        };
        if self.has_field || slot.is_some() {
            self.facts.insert(Fact::MalformedPseudoField);
        }
        if has_control(value) {
            self.facts.insert(Fact::InvalidFieldCharacter);
        }
        slot.get_or_insert_with(|| value.to_vec());
    }

    fn check(&mut self, name: &[u8], value: &[u8]) {
        let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        if name.is_empty() || !name.iter().all(is_token) || has_control(value) {
            self.facts.insert(Fact::InvalidFieldCharacter);
        }
        if name.iter().any(u8::is_ascii_uppercase) {
            self.facts.insert(Fact::UpperCaseFieldName);
        }
        let is_connection = match name.len() {
            2 => name.eq_ignore_ascii_case(b"te") && !value.eq_ignore_ascii_case(b"trailers"),
            7 => name.eq_ignore_ascii_case(b"upgrade"),
            10 => name.eq_ignore_ascii_case(b"connection") || name.eq_ignore_ascii_case(b"keep-alive"),
            16 => name.eq_ignore_ascii_case(b"proxy-connection"),
            17 => name.eq_ignore_ascii_case(b"transfer-encoding"),
            _ => false,
        };
        if is_connection {
            self.facts.insert(Fact::ConnectionSpecificField);
        }
    }
}

/// What ends a line in HTTP/1.1, so that a conversion makes two fields or messages of one.
fn has_control(value: &[u8]) -> bool {
    memchr::memchr3(b'\r', b'\n', 0, value).is_some()
}

impl Pseudo {
    pub(super) fn is_request(&self) -> bool {
        self.method.is_some() || self.path.is_some() || self.scheme.is_some() || self.authority.is_some()
    }

    pub(super) fn is_response(&self) -> bool {
        self.status.is_some()
    }

    /// 0 where it is unknown or no status.
    pub(super) fn status_code(&self) -> u16 {
        let digits = self.status.as_ref().filter(|status| status.len() == 3);
        digits.and_then(|status| std::str::from_utf8(status).ok()?.parse().ok()).unwrap_or_default()
    }

    /// What must be there (RFC 9113 sections 8.3.1 and 8.5, RFC 8441 section 4) and what must not.
    pub(super) fn is_whole_request(&self) -> bool {
        let is_connect = self.method.as_deref() == Some(b"CONNECT") && self.protocol.is_none();
        let has_target = if is_connect {
            self.authority.is_some() && self.path.is_none() && self.scheme.is_none()
        } else {
            self.path.as_ref().is_some_and(|path| !path.is_empty()) && self.scheme.is_some()
        };
        self.method.is_some() && has_target && self.status.is_none()
    }
}
