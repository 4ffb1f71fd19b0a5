/// An oddity of the wire that two HTTP implementations may read differently, kept for detection.
///
/// Request smuggling lives on these (RFC 9112 sections 2.2, 5.1, 6.1, 6.3 and 11.2), also across
/// a conversion from HTTP/2 (RFC 9113 section 10.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Fact {
    /// Both `Transfer-Encoding` and `Content-Length` (RFC 9112 section 6.1).
    ContentLengthWithTransferEncoding,
    /// Several `Content-Length` values that differ.
    ConflictingContentLength,
    /// A `Content-Length` that is no plain decimal number.
    InvalidContentLength,
    /// `chunked` is not the last coding, is repeated, or is spelled so that some peers miss it.
    ObfuscatedTransferEncoding,
    /// A line ended with a bare LF.
    BareLineFeed,
    /// A CR stood alone inside the head.
    BareCarriageReturn,
    /// White space between a field name and its colon.
    SpaceBeforeColon,
    /// A folded field line (RFC 9112 section 5.2).
    ObsoleteFolding,
    /// A chunk size that is not plain hexadecimal, overflows, or has white space or line ends about it.
    InvalidChunkSize,
    /// A chunk extension (RFC 9112 section 7.1.1), seldom seen from honest clients.
    ChunkExtension,
    /// More than one `Host`, or none in HTTP/1.1.
    AmbiguousHost,
    /// A NUL byte in the head.
    NulByte,
    /// A header block of HTTP/2 refers to a table entry that was not captured; what it named is left empty.
    UnknownTableEntry,
    /// A header block that HPACK (RFC 7541) does not allow; what came before the fault is kept.
    MalformedHeaderBlock,
    /// A header block past our limits; what came before them is kept.
    OversizedHeaderBlock,
    /// Pseudo-header fields that are repeated, missing, unknown or out of place (RFC 9113 section 8.3).
    MalformedPseudoField,
    /// A field of HTTP/1.1 connections inside HTTP/2 (RFC 9113 section 8.2.2): what smuggles when converted.
    ConnectionSpecificField,
    /// An HTTP/2 field name in upper case (RFC 9113 section 8.2.1).
    UpperCaseFieldName,
    /// CR, LF, NUL, or in a name anything but a token, in an HTTP/2 field (RFC 9113 section 8.2.1).
    InvalidFieldCharacter,
    /// `:authority` or an absolute target, and `host`, name different servers (RFC 9113 section 8.3.1, RFC 9112 section
    /// 3.2.2).
    AuthorityDiffersFromHost,
    /// `content-length` is not what the DATA frames carried (RFC 9113 section 8.1.1).
    ContentLengthDiffersFromData,
    /// A field name that is no token, or a line without a colon (RFC 9112 section 5.1).
    InvalidFieldName,
    /// White space between the first line and the first field (RFC 9112 section 2.2).
    SpaceBeforeFirstField,
    /// A version other than `HTTP/1.0` and `HTTP/1.1`, or none, or in another case (RFC 9112 section 2.3).
    UnusualVersion,
    /// A first line with more or fewer words than it should have, or a status that is no three digits (RFC 9112
    /// sections 3 and 4).
    InvalidStartLine,
    /// A 204 or 304 response with bytes where its body would be (RFC 9112 section 6.3).
    UnexpectedBody,
    /// A GET or HEAD request with a body (RFC 9110 section 9.3.1).
    BodyOfGet,
    /// The stream ended before the empty line that ends a chunked body (RFC 9112 section 7.1).
    MissingFinalLine,
    /// A head longer than any server takes; what fits is kept, what follows it is not.
    OversizedHead,
}

const ALL: [Fact; 29] = [
    Fact::ContentLengthWithTransferEncoding,
    Fact::ConflictingContentLength,
    Fact::InvalidContentLength,
    Fact::ObfuscatedTransferEncoding,
    Fact::BareLineFeed,
    Fact::BareCarriageReturn,
    Fact::SpaceBeforeColon,
    Fact::ObsoleteFolding,
    Fact::InvalidChunkSize,
    Fact::ChunkExtension,
    Fact::AmbiguousHost,
    Fact::NulByte,
    Fact::UnknownTableEntry,
    Fact::MalformedHeaderBlock,
    Fact::OversizedHeaderBlock,
    Fact::MalformedPseudoField,
    Fact::ConnectionSpecificField,
    Fact::UpperCaseFieldName,
    Fact::InvalidFieldCharacter,
    Fact::AuthorityDiffersFromHost,
    Fact::ContentLengthDiffersFromData,
    Fact::InvalidFieldName,
    Fact::SpaceBeforeFirstField,
    Fact::UnusualVersion,
    Fact::InvalidStartLine,
    Fact::UnexpectedBody,
    Fact::BodyOfGet,
    Fact::MissingFinalLine,
    Fact::OversizedHead,
];

impl Fact {
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContentLengthWithTransferEncoding => "content-length-with-transfer-encoding",
            Self::ConflictingContentLength => "conflicting-content-length",
            Self::InvalidContentLength => "invalid-content-length",
            Self::ObfuscatedTransferEncoding => "obfuscated-transfer-encoding",
            Self::BareLineFeed => "bare-line-feed",
            Self::BareCarriageReturn => "bare-carriage-return",
            Self::SpaceBeforeColon => "space-before-colon",
            Self::ObsoleteFolding => "obsolete-folding",
            Self::InvalidChunkSize => "invalid-chunk-size",
            Self::ChunkExtension => "chunk-extension",
            Self::AmbiguousHost => "ambiguous-host",
            Self::NulByte => "nul-byte",
            Self::UnknownTableEntry => "unknown-table-entry",
            Self::MalformedHeaderBlock => "malformed-header-block",
            Self::OversizedHeaderBlock => "oversized-header-block",
            Self::MalformedPseudoField => "malformed-pseudo-field",
            Self::ConnectionSpecificField => "connection-specific-field",
            Self::UpperCaseFieldName => "upper-case-field-name",
            Self::InvalidFieldCharacter => "invalid-field-character",
            Self::AuthorityDiffersFromHost => "authority-differs-from-host",
            Self::ContentLengthDiffersFromData => "content-length-differs-from-data",
            Self::InvalidFieldName => "invalid-field-name",
            Self::SpaceBeforeFirstField => "space-before-first-field",
            Self::UnusualVersion => "unusual-version",
            Self::InvalidStartLine => "invalid-start-line",
            Self::UnexpectedBody => "unexpected-body",
            Self::BodyOfGet => "body-of-get",
            Self::MissingFinalLine => "missing-final-line",
            Self::OversizedHead => "oversized-head",
        }
    }
}

/// A set of [`Fact`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts(u64);

impl Facts {
    pub fn insert(&mut self, fact: Fact) {
        self.0 |= 1 << fact as u8;
    }

    /// Those of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn contains(self, fact: Fact) -> bool {
        self.0 & (1 << fact as u8) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Fact> {
        ALL.into_iter().filter(move |fact| self.contains(*fact))
    }
}

/// Why an exchange is not whole. A half exchange is reported, and never completed with a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incomplete {
    /// No response was seen before the connection ended or fell silent.
    NoResponse,
    /// The request was not seen: capture began later, or its bytes were lost.
    NoRequest,
    /// Bytes were lost inside the request or the response.
    Gap,
    /// The connection ended inside the message.
    CutOff,
    /// An HTTP/2 stream was reset (RFC 9113 section 6.4).
    Reset,
    /// Capture ended, or the memory budget evicted the flow.
    Evicted,
}

impl Incomplete {
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoResponse => "no-response",
            Self::NoRequest => "no-request",
            Self::Gap => "gap",
            Self::CutOff => "cut-off",
            Self::Reset => "reset",
            Self::Evicted => "evicted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_back_what_was_put_in() {
        let mut facts = Facts::default();
        facts.insert(Fact::BareLineFeed);
        facts.insert(Fact::NulByte);
        assert_eq!(facts.iter().collect::<Vec<_>>(), [Fact::BareLineFeed, Fact::NulByte]);
        assert!(!facts.contains(Fact::ChunkExtension));
    }
}
