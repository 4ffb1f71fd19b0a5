/// The known word closest to what was written, where one is close enough to be what was meant.
pub(crate) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = written.chars().take(MAX_WORD).flat_map(char::to_lowercase).collect();
    let (distance, word) = known
        .into_iter()
        .map(|word| {
            let chars: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
            (distance(&written, &chars), word)
        })
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= word.len().max(written.len()).div_ceil(2).min(4)).then_some(word)
}

/// Longer words are nobody's slip of the finger, and the table below is quadratic.
const MAX_WORD: usize = 64;

/// Levenshtein distance, one row at a time.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cb, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let substituted = diagonal + usize::from(ca != cb);
            diagonal = *cell;
            left = substituted.min(*cell + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        let known = ["contains_either", "contains_all", "regex"];
        assert_eq!(nearest("containsEither", known), Some("contains_either"));
        assert_eq!(nearest("regx", known), Some("regex"));
        assert_eq!(nearest("banana_split_sundae", known), None);
    }
}
