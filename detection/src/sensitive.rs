//! Data of people and credentials, known by form and checksum.

mod checks;
mod numbers;
mod tokens;

use std::ops::Range;

pub(crate) use self::tokens::GATES as TOKEN_GATES;

/// What lies further into a text is not searched.
const MAX_SEARCHED: usize = 512 << 10;
/// Places that one text gives at most.
const MAX_FOUND: usize = 256;

/// What a text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SensitiveKind {
    /// ISO/IEC 7812 number of a known issuer, with its check digit.
    Card,
    /// ISO 13616, with the country's length and the check digits of ISO 7064 MOD 97-10.
    Iban,
    /// US social security number as the SSA assigns them, in its written form.
    UsSsn,
    /// Indian Aadhaar number, with its Verhoeff digit.
    Aadhaar,
    /// German Steuer-ID (§ 139b AO), with its check digit of ISO 7064 MOD 11,10.
    GermanTaxId,
    /// Spanish DNI or NIE, with its letter.
    SpanishId,
    /// French NIR, with its key.
    FrenchNir,
    /// UK national insurance number.
    UkNino,
    /// Brazilian CPF, with its two check digits.
    BrazilianCpf,
    /// Italian codice fiscale, with its check letter.
    ItalianTaxCode,
    PrivateKey,
    /// A token or key in the form of a known issuer.
    AccessToken,
    Email,
}

impl SensitiveKind {
    pub const ALL: [Self; 13] = [
        Self::Card,
        Self::Iban,
        Self::UsSsn,
        Self::Aadhaar,
        Self::GermanTaxId,
        Self::SpanishId,
        Self::FrenchNir,
        Self::UkNino,
        Self::BrazilianCpf,
        Self::ItalianTaxCode,
        Self::PrivateKey,
        Self::AccessToken,
        Self::Email,
    ];

    /// As a policy writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Iban => "iban",
            Self::UsSsn => "us-ssn",
            Self::Aadhaar => "aadhaar",
            Self::GermanTaxId => "german-tax-id",
            Self::SpanishId => "spanish-id",
            Self::FrenchNir => "french-nir",
            Self::UkNino => "uk-nino",
            Self::BrazilianCpf => "brazilian-cpf",
            Self::ItalianTaxCode => "italian-tax-code",
            Self::PrivateKey => "private-key",
            Self::AccessToken => "access-token",
            Self::Email => "email",
        }
    }
}

/// One place of sensitive data in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensitive {
    pub kind: SensitiveKind,
    /// Byte offsets.
    pub range: Range<usize>,
}

/// Everything sensitive in a text, by place, within bounds: the first 512 KiB of it, 256 places.
pub fn sensitive_data(text: &[u8]) -> Vec<Sensitive> {
    sensitive_data_of(text, true)
}

/// The same; `tokens` may be false only where none of [`TOKEN_GATES`] occurs.
pub(crate) fn sensitive_data_of(text: &[u8], tokens: bool) -> Vec<Sensitive> {
    let text = text.get(..MAX_SEARCHED).unwrap_or(text);
    let mut found: Vec<Sensitive> =
        numbers::find(text).chain(tokens::find(text, tokens)).take(MAX_FOUND).collect();
    found.sort_by_key(|place| place.range.start);
    found
}
