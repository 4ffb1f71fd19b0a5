//! Serialized objects of languages whose readers run code: Java, PHP, .NET, Python, Ruby, Node.js, YAML tags.

use std::{ops::Range, sync::LazyLock};

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};

use super::{Subject, patterns::Patterns};

pub(super) const GATES: &[&str] = &[
    "ro0ab",
    "aced0005",
    "\u{0}\u{5}sr\u{0}",
    "\"xmldecoder",
    "java.beans",
    "com.sun.",
    "com.mchange.",
    "com.zaxxer.",
    "com.alibaba.",
    "com.ibatis.",
    "org.apache.",
    "org.hibernate.",
    "org.springframework.",
    "javax.",
    "java.net",
    "java.lang",
    "java.io",
    "system.",
    "microsoft.",
    "mscorlib",
    "o:",
    "c:",
    "aaeaaad/////",
    "gasv",
    "gar",
    "gan",
    "gaj",
    "y29z",
    "y3bvc2l4",
    "kgrw",
    "\n",
    "bah",
    "!ruby/",
    "!!python/",
    "!!java",
    "!!com.",
    "!!org.",
    "_$$nd_func",
    "__js_function",
    "<dynamic-proxy",
    "<java.util.priorityqueue",
    "<sorted-set",
];

static TEXT: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        // Java's stream header in hex, and its start in a stream itself (Object Serialization Stream Protocol, 6.4.2).
        (10, r"(?:^|[^0-9a-f])aced0005(?:7[0-9a-e]|$)|\xac\xed\x00\x05[\x70-\x7e]"),
        (10, r"class\s*=\s*['\x22]java\.beans\.xmldecoder|<dynamic-proxy>|<java\.util\.priorityqueue[\s>]"),
        // PHP: an object, with its class and its fields (serialize() of the PHP manual).
        (10, r#"(?:^|[;:{=|&\s'])[oc]:\+?[0-9]{1,4}:\\?"[a-z_\\][a-z0-9_\\]*\\?":[0-9]{1,6}:\{"#),
        // Python's pickle, protocol 0: a global by module and name.
        (
            10,
            r"(?:^|[^a-z])c(?:os|posix|nt|subprocess|__builtin__|builtins|commands|pty|runpy|importlib|platform)\n(?:system|popen|eval|exec|execfile|check_output|call|run|__import__|getattr|spawn|compile|globals|_run_code|import_module)\n",
        ),
        (10, r"!ruby/(?:object|hash|struct|class|module|exception)|!!python/(?:object|name|module)[:/]"),
        (
            10,
            r"!!(?:javax|java\.net|java\.io|com\.sun|com\.mchange|org\.apache|org\.springframework)\.?[a-z.]*",
        ),
        (10, r"_\$\$nd_func\$\$_|\x22__js_function\x22\s*:"),
    ])
});

/// Classes of .NET and Java that deserialize into code, where a key of its own names the class.
static CLASSES: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"^\s*l?(?:com\.sun\.|org\.apache\.|javax\.|java\.(?:net|lang\.(?:class|autocloseable|runtime)|io)\b|com\.(?:mchange|zaxxer|alibaba|ibatis)\.|org\.(?:hibernate|springframework)\.)",
        ),
        (
            10,
            r"^\s*(?:system\.(?:windows\.data\.objectdataprovider|windows\.resourcedictionary|diagnostics\.process|configuration\.install\.|management\.automation|identitymodel\.|security\.principal\.(?:windows|generic)|security\.claims\.|web\.security\.roles|io\.fileinfo|workflow\.|data\.(?:dataset|services)|windows\.forms\.(?:axhost|bindingsource))|microsoft\.(?:visualstudio\.text\.formatting|identitymodel)|mscorlib)",
        ),
    ])
});

/// What a pickle of any protocol that runs something has in it.
#[expect(clippy::expect_used, reason = "a constant expression; a test compiles it")]
static PICKLED_CALL: LazyLock<Regex> = LazyLock::new(|| {
    RegexBuilder::new(
        r"(?s)(?:os|posix|nt|subprocess|builtins|__builtin__|commands|runpy|importlib|pty)(?:\n|.{0,4}\x94?.{0,3}[\x8c\x8d].{1,2})(?:system|popen|eval|exec|check_output|call|run|__import__|getattr|Popen|spawn)",
    )
    .unicode(false)
    .build()
    .expect("constant expression")
});

pub(super) fn object(subject: &Subject<'_>) -> Option<Range<usize>> {
    if let Some(found) = TEXT.find_in(subject) {
        return Some(found);
    }
    if subject.name_is(&["$type", "@type"]) {
        return CLASSES.find(subject.lower);
    }
    encoded(subject.bytes())
}

/// Starts of the base64 of a serialized object, and what the rest must show.
fn encoded(bytes: &[u8]) -> Option<Range<usize>> {
    const STARTS: [(&[u8], Proof); 10] = [
        (b"rO0AB", Proof::Start),
        (b"AAEAAAD/////", Proof::Start),
        (b"gASV", Proof::Pickle),
        (b"gAR", Proof::Pickle),
        (b"gAN", Proof::Pickle),
        (b"gAJ", Proof::Pickle),
        (b"Y29z", Proof::Pickle),
        (b"Y3Bvc2l4", Proof::Pickle),
        (b"KGRw", Proof::Pickle),
        (b"BAh", Proof::Ruby),
    ];
    STARTS.iter().find_map(|(start, proof)| {
        let at = memmem::find(bytes, start)?;
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')) {
            return None;
        }
        let rest = bytes.get(at..)?;
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
        let length = rest.iter().take(MAX_ENCODED).take_while(|byte| is_base64(byte)).count();
        let text = rest.get(..length)?;
        (length > start.len() + 2 && proof.holds(text)).then_some(at..at + length)
    })
}

/// Bytes of base64 that are decoded: what names the class stands first.
const MAX_ENCODED: usize = 4096;

#[derive(Clone, Copy)]
enum Proof {
    /// The start says it all.
    Start,
    Pickle,
    Ruby,
}

impl Proof {
    fn holds(self, text: &[u8]) -> bool {
        match self {
            Self::Start => true,
            Self::Pickle => decode(text).is_some_and(|bytes| PICKLED_CALL.is_match(&bytes)),
            Self::Ruby => decode(text).is_some_and(|bytes| {
                let gadgets =
                    ["Gem::", "ERB", "ActiveSupport::", "Net::WriteAdapter", "Kernel", "Rack::Session"];
                bytes.starts_with(&[4, 8])
                    && gadgets.iter().any(|gadget| memmem::find(&bytes, gadget.as_bytes()).is_some())
            }),
        }
    }
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
    let standard: Vec<u8> = text
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => *byte,
        })
        .collect();
    // A length of 4n + 1 is a cut: what is before it still decodes.
    let whole = standard.len() - usize::from(standard.len() % 4 == 1);
    ENGINE.decode(standard.get(..whole)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        LazyLock::force(&TEXT);
        LazyLock::force(&CLASSES);
        LazyLock::force(&PICKLED_CALL);
    }

    #[test]
    fn a_pickle_that_calls_is_told_from_one_that_holds_data() {
        // cos\nsystem\n(S'id'\ntR.
        assert!(encoded(b"Y29zCnN5c3RlbQooUydpZCcKdFIu").is_some());
        // {"a": 1} in protocol 4.
        assert!(encoded(b"gASVCgAAAAAAAAB9lIwBYZRLAXMu").is_none());
        assert!(encoded(b"x=rO0ABXNyABFqYXZh").is_some());
        assert!(encoded(b"MyrO0ABXNyABFqYXZh").is_none(), "inside a longer word");
    }
}
