/// At most `max` bytes of a text, never inside a character.
pub(super) fn text(text: &str, max: usize) -> String {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default().to_owned()
}

pub(super) fn bytes(bytes: &[u8], max: usize) -> &[u8] {
    bytes.get(..max).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_never_split() {
        assert_eq!(text("aé", 2), "a");
        assert_eq!(text("aé", 3), "aé");
        assert_eq!(bytes(b"abc", 2), b"ab");
        assert_eq!(bytes(b"abc", 9), b"abc");
    }
}
