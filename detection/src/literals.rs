//! What must stand in a text for an expression to match.

use std::cmp::Reverse;

use regex_syntax::hir::{Hir, HirKind, literal::Extractor};

/// Shorter ones occur nearly everywhere.
const SHORTEST: usize = 2;
/// Longer than this does not make it rarer.
const LONG: usize = 4;

/// Lower-case literals of which every match holds one, whatever its case; `None` where there are no such literals, or too
/// many.
pub(crate) fn required(pattern: &str) -> Option<Vec<String>> {
    // Parsed with the case it is written in, which keeps the list short.
    let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).ok()?;
    // What every match begins with, or what every match of a rest of the expression does.
    let rests: Vec<Hir> = match hir.kind() {
        HirKind::Concat(parts) => {
            (1..parts.len()).filter_map(|from| Some(Hir::concat(parts.get(from..)?.to_vec()))).collect()
        }
        _ => Vec::new(),
    };
    let shortest = |literals: &Vec<String>| literals.iter().map(String::len).min().unwrap_or_default();
    let found = std::iter::once(&hir).chain(&rests).filter_map(prefixes);
    // Of those as long, the fewest.
    found.min_by_key(|literals| (Reverse(shortest(literals).min(LONG)), literals.len()))
}

fn prefixes(hir: &Hir) -> Option<Vec<String>> {
    let sequence = Extractor::new().extract(hir);
    let texts = sequence.literals()?.iter().map(|literal| {
        let text = std::str::from_utf8(literal.as_bytes()).ok()?;
        (text.len() >= SHORTEST && text.is_ascii()).then(|| text.to_ascii_lowercase())
    });
    let mut texts = texts.collect::<Option<Vec<_>>>().filter(|texts| !texts.is_empty())?;
    texts.sort_unstable();
    texts.dedup();
    Some(texts)
}

#[cfg(test)]
mod tests {
    use super::required;

    #[test]
    fn the_rarest_part_of_an_expression_is_required() {
        let of = |pattern: &str| required(pattern).unwrap_or_default();
        assert_eq!(of(r"\bUNION\s+select"), ["union"]);
        assert_eq!(of(r"^[^?]*/(?:admin|root)/"), ["/admin/", "/root/"]);
        assert_eq!(of(r"[0-9]+\s*=\s*sleep\("), ["sleep("]);
    }

    #[test]
    fn nothing_is_required_where_nothing_is_sure() {
        for pattern in [r"(?:abc)?", r"[a-z]+", r"abc|[0-9]", r"a.*b", r"("] {
            assert_eq!(required(pattern), None, "{pattern}");
        }
    }
}
