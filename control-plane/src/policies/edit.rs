use portcullis_detection::{Mode, PolicySet};

/// The policy's text with this mode. `None` where it is written so that no line is the mode's own.
pub(crate) fn with_mode(text: &str, mode: Mode) -> Option<String> {
    let word = match mode {
        Mode::Detect => "detect",
        Mode::Block => "block",
    };
    let changed = with_top_level(text, "mode", &format!("mode: {word}"))?;
    let (set, errors) = PolicySet::parse([("content", changed.as_str())]);
    let has_mode = errors.is_empty() && set.iter().all(|policy| policy.mode == mode);
    has_mode.then_some(changed)
}

/// A document with this in the place of what stands under `key` at its outermost level, or behind its first line where
/// there is none.
pub(crate) fn with_top_level(text: &str, key: &str, replacement: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let is_key = |line: &&str| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(':'));
    let (from, until) = match lines.iter().position(is_key) {
        Some(at) => {
            let rest = lines.get(at + 1..)?;
            let belongs = |line: &&&str| line.is_empty() || line.starts_with([' ', '\t', '-']);
            (at, at + 1 + rest.iter().take_while(belongs).count())
        }
        None => {
            let first = lines.iter().position(|line| line.starts_with("id"))?;
            (first + 1, first + 1)
        }
    };
    let before = lines.get(..from)?.iter();
    let all = before.chain([&replacement]).chain(lines.get(until..)?.iter());
    Some(all.flat_map(|line| [*line, "\n"]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_is_one_line_wherever_it_stood() {
        let plain = "id: A\nfilter: {url: {eq: /a}}\n";
        let blocking = with_mode(plain, Mode::Block).unwrap();
        assert_eq!(blocking, "id: A\nmode: block\nfilter: {url: {eq: /a}}\n");
        assert_eq!(with_mode(&blocking, Mode::Block).unwrap(), blocking);
        assert_eq!(with_mode(&blocking, Mode::Detect).unwrap(), blocking.replace("block", "detect"));
    }

    #[test]
    fn a_block_of_lines_is_replaced_whole() {
        let text = "id: A\nlist:\n- a\n  - b\n\nfilter: {url: {eq: /a}}\n";
        assert_eq!(
            with_top_level(text, "list", "list: []").unwrap(),
            "id: A\nlist: []\nfilter: {url: {eq: /a}}\n"
        );
    }

    #[test]
    fn a_document_in_one_line_is_left_alone() {
        assert_eq!(with_mode("{id: A, filter: {url: {eq: /a}}}\n", Mode::Block), None);
    }
}
