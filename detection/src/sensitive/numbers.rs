//! Numbers that check digits tell from others. One digit in ten passes a check by chance, so a number also needs its
//! written form, or a word beside it that says what it is.

use std::{ops::Range, sync::LazyLock};

use regex::bytes::Regex;

use super::{Sensitive, SensitiveKind, checks};

/// How far before a number the word that names it may stand.
const NAMED_WITHIN: usize = 48;

#[expect(clippy::expect_used, reason = "a constant expression, compiled by a test")]
static DIGITS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)\b[XYZ]?[0-9](?:[ .-]?[0-9]){6,18}-?[A-Z]?\b").expect("a constant expression")
});

#[expect(clippy::expect_used, reason = "a constant expression, compiled by a test")]
static LETTERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?-u)\b(?:[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?|[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]|[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z])\b",
    )
    .expect("a constant expression")
});

pub(super) fn find(text: &[u8]) -> impl Iterator<Item = Sensitive> + '_ {
    let digits = DIGITS.find_iter(text).filter_map(|found| place(text, found.range(), digit_kind));
    let letters = LETTERS.find_iter(text).filter_map(|found| place(text, found.range(), letter_kind));
    digits.chain(letters)
}

/// One candidate: as written, without separators, and what stands before it.
struct Candidate<'t> {
    written: &'t [u8],
    bare: Vec<u8>,
    before: String,
}

fn place(
    text: &[u8],
    range: Range<usize>,
    kind: fn(&Candidate<'_>) -> Option<SensitiveKind>,
) -> Option<Sensitive> {
    // A part of a longer number, name, path or address is none by itself.
    let is_part =
        |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'.' | b'-' | b'_' | b'/' | b'=' | b'+'));
    let before = range.start.checked_sub(1).and_then(|at| text.get(at));
    let after = text.get(range.end).filter(|byte| **byte != b'.');
    if is_part(before.filter(|byte| **byte != b'=')) || is_part(after) {
        return None;
    }
    let written = text.get(range.clone())?;
    let bare = written.iter().filter(|byte| byte.is_ascii_alphanumeric()).copied().collect();
    let context = text.get(range.start.saturating_sub(NAMED_WITHIN)..range.start).unwrap_or_default();
    let before = String::from_utf8_lossy(context).to_ascii_lowercase();
    Some(Sensitive { kind: kind(&Candidate { written, bare, before })?, range })
}

impl Candidate<'_> {
    fn named(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.before.contains(word))
    }

    /// Lengths of the groups that separators make.
    fn groups(&self) -> Vec<usize> {
        self.written.split(|byte| matches!(byte, b' ' | b'-' | b'.')).map(<[u8]>::len).collect()
    }
}

fn digit_kind(number: &Candidate<'_>) -> Option<SensitiveKind> {
    let bare = number.bare.as_slice();
    let groups = number.groups();
    let is_digits = bare.iter().all(u8::is_ascii_digit);
    let is_card = || {
        let written = matches!(groups.as_slice(), [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4]);
        let named =
            number.named(&["card", "\"pan\"", "credit", "debit", "payment", "ccnum", "cc_num", "cc-num"]);
        (written || groups.len() == 1 && named) && checks::is_issued_card(bare)
    };
    match bare.len() {
        _ if !is_digits => {
            let named = number.named(&["dni", "nif", "nie", "documento", "identi"]);
            (bare.len() == 9 && named && checks::spanish_id(bare)).then_some(SensitiveKind::SpanishId)
        }
        9 => {
            let written = groups == [3, 2, 4] && !number.written.contains(&b'.');
            let named = groups.len() == 1 && number.named(&["ssn", "social_sec", "socialsec", "social sec"]);
            ((written || named) && checks::ssn(bare)).then_some(SensitiveKind::UsSsn)
        }
        11 => {
            let is_cpf = groups == [3, 3, 3, 2] || number.named(&["cpf"]);
            if is_cpf && checks::cpf(bare) {
                return Some(SensitiveKind::BrazilianCpf);
            }
            let named = number.named(&["steuer", "idnr", "tax_id", "taxid", "tax id", "\"tin\""]);
            (named && checks::german_tax_id(bare)).then_some(SensitiveKind::GermanTaxId)
        }
        12 => {
            let named = number.named(&["aadhaar", "aadhar", "uidai"]);
            let led = matches!(bare.first(), Some(b'2'..=b'9'));
            (led && named && checks::verhoeff(bare)).then_some(SensitiveKind::Aadhaar)
        }
        15 if checks::french_nir(bare)
            && (groups.len() >= 6 || number.named(&["nir", "insee", "secu", "nss", "sécu"])) =>
        {
            Some(SensitiveKind::FrenchNir)
        }
        14..=19 => is_card().then_some(SensitiveKind::Card),
        _ => None,
    }
}

fn letter_kind(number: &Candidate<'_>) -> Option<SensitiveKind> {
    let bare = number.bare.as_slice();
    match bare.len() {
        9 => {
            let named = number.named(&[
                "nino",
                "national_ins",
                "national ins",
                "nationalins",
                "ni_number",
                "ni number",
            ]);
            let written = number.groups().as_slice() == [2, 2, 2, 2, 1];
            ((named || written) && checks::nino(bare)).then_some(SensitiveKind::UkNino)
        }
        16 if checks::codice_fiscale(bare) => Some(SensitiveKind::ItalianTaxCode),
        15..=34 => checks::iban(bare).then_some(SensitiveKind::Iban),
        _ => None,
    }
}
