//! Leaves and keys of JSON, found without building a tree: depth and width cost nothing but the bytes themselves.

use std::ops::Range;

/// A key or a leaf.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// `user.roles[].name`; cut at [`MAX_PATH`].
    pub(crate) path: String,
    pub(crate) kind: LeafKind,
    /// Of a string without its quotes.
    pub(crate) range: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeafKind {
    Key,
    Text,
    /// A number, `true`, `false` or `null`.
    Plain,
    /// Bytes where JSON has none, as when an injection broke the syntax.
    Stray,
}

const MAX_PATH: usize = 200;
/// Nesting below this is flattened into its last known path.
const MAX_DEPTH: usize = 64;

/// Walks it, lenient towards broken syntax: the server behind may be lenient too. `visit` returns whether to go on.
/// Gives the offset after the last byte walked.
pub(crate) fn walk(bytes: &[u8], visit: &mut dyn FnMut(Leaf) -> bool) -> usize {
    let mut walker = Walker { bytes, at: 0, path: String::new(), open: Vec::new() };
    while let Some(leaf) = walker.next() {
        if !visit(leaf) {
            break;
        }
    }
    walker.at
}

struct Walker<'b> {
    bytes: &'b [u8],
    at: usize,
    path: String,
    /// The path's length outside each open container.
    open: Vec<usize>,
}

impl Walker<'_> {
    fn next(&mut self) -> Option<Leaf> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            match byte {
                b'{' | b'[' => self.open(byte),
                b'}' | b']' => self.close(),
                b'"' => return Some(self.string()),
                b',' | b':' => self.at += 1,
                byte if byte.is_ascii_whitespace() => self.at += 1,
                _ => return Some(self.bare()),
            }
        }
    }

    fn open(&mut self, bracket: u8) {
        self.at += 1;
        if self.open.len() < MAX_DEPTH {
            self.open.push(self.path.len());
            if bracket == b'[' && self.path.len() + 2 <= MAX_PATH {
                self.path.push_str("[]");
            }
        }
    }

    fn close(&mut self) {
        self.at += 1;
        if let Some(length) = self.open.pop() {
            self.path.truncate(length);
        }
        self.value_ended();
    }

    /// A key's value ended: the path is the container's again.
    fn value_ended(&mut self) {
        let container = self.open.last().copied().unwrap_or(0);
        let list = self.path.get(container..).is_some_and(|rest| rest.starts_with("[]"));
        self.path.truncate(if list { container + 2 } else { container });
    }

    fn string(&mut self) -> Leaf {
        let start = self.at + 1;
        let mut end = start;
        loop {
            match self.bytes.get(end..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
                Some(offset) if self.bytes.get(end + offset) == Some(&b'\\') => end += offset + 2,
                Some(offset) => {
                    end += offset;
                    break;
                }
                None => {
                    end = self.bytes.len();
                    break;
                }
            }
        }
        let end = end.min(self.bytes.len());
        self.at = (end + 1).min(self.bytes.len());
        let after = self.bytes.get(self.at..).unwrap_or_default();
        let next = after.iter().position(|byte| !byte.is_ascii_whitespace());
        if next.is_some_and(|next| after.get(next) == Some(&b':')) {
            self.value_ended();
            let leaf = Leaf { path: self.path.clone(), kind: LeafKind::Key, range: start..end };
            self.extend_path(start..end);
            leaf
        } else {
            let leaf = Leaf { path: self.path.clone(), kind: LeafKind::Text, range: start..end };
            self.value_ended();
            leaf
        }
    }

    fn extend_path(&mut self, key: Range<usize>) {
        let key = String::from_utf8_lossy(self.bytes.get(key).unwrap_or_default());
        if !self.path.is_empty() && self.path.len() < MAX_PATH {
            self.path.push('.');
        }
        for character in key.chars() {
            if self.path.len() + character.len_utf8() > MAX_PATH {
                break;
            }
            self.path.push(character);
        }
    }

    fn bare(&mut self) -> Leaf {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b'"' | b'{' | b'['));
        let run = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default().trim_ascii_end();
        self.at = start + run.len().max(1);
        let kind = if is_plain(run) { LeafKind::Plain } else { LeafKind::Stray };
        let leaf = Leaf { path: self.path.clone(), kind, range: start..start + run.len() };
        self.value_ended();
        leaf
    }
}

fn is_plain(run: &[u8]) -> bool {
    matches!(run, b"true" | b"false" | b"null")
        || run.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(json: &str) -> Vec<(String, LeafKind, String)> {
        let mut found = Vec::new();
        walk(json.as_bytes(), &mut |leaf| {
            found.push((leaf.path, leaf.kind, json[leaf.range].to_owned()));
            true
        });
        found
    }

    #[test]
    fn leaves_carry_their_path() {
        let json = r#"{"user": {"name": "x\"y", "ids": [1, "two", {"n": true}]}, "z": "w"}"#;
        let values: Vec<_> = leaves(json)
            .into_iter()
            .filter(|(_, kind, _)| *kind != LeafKind::Key)
            .map(|(path, _, text)| format!("{path}={text}"))
            .collect();
        assert_eq!(
            values,
            ["user.name=x\\\"y", "user.ids[]=1", "user.ids[]=two", "user.ids[].n=true", "z=w"]
        );
    }

    #[test]
    fn broken_syntax_gives_stray_bytes_and_no_loss() {
        let found = leaves(r#"{"id": 1 OR 1=1, "b": "unterminated"#);
        assert!(found.contains(&("id".into(), LeafKind::Stray, "1 OR 1=1".into())), "{found:?}");
        assert!(found.contains(&("b".into(), LeafKind::Text, "unterminated".into())), "{found:?}");
    }

    #[test]
    fn depth_costs_no_recursion() {
        let json = "[".repeat(100_000) + "\"x\"";
        assert_eq!(leaves(&json).len(), 1);
    }
}
