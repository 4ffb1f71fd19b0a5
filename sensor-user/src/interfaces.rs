//! Which interfaces are meant, by name, by pattern or all of them, and which of these are there just now: those of pods
//! come and go.

mod follow;

use std::io;

use globset::{GlobBuilder, GlobMatcher};

pub use self::follow::Follower;
use crate::kernel::interface;
pub use crate::kernel::interface::Interface;

/// Every interface but loopback, which sees each packet twice and nothing from outside.
const ALL: &str = "all";

/// What stands behind `--interface`; by default no interface.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    words: Vec<String>,
    names: Vec<String>,
    matching: Vec<GlobMatcher>,
    except: Vec<GlobMatcher>,
    all: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    #[error("there is no interface {name}; here are: {known}")]
    NoSuchInterface { name: String, known: String },
    #[error("{pattern} is no pattern: {why}; write one like `veth*`, or `!veth9` for all but that one")]
    Pattern { pattern: String, why: String },
    #[error("no interface is meant; name one, or a pattern like `veth*`, or `all`")]
    Nothing,
    #[error("interfaces cannot be listed: {0}; run it in a network namespace that you may look at")]
    List(#[from] io::Error),
}

impl Selection {
    /// Names, patterns (`veth*`, `eth[01]`, `{ens,eth}*`), `all`, and patterns after `!` for what `all` and other
    /// patterns are not to take.
    pub fn parse<S: AsRef<str>>(words: &[S]) -> Result<Self, SelectionError> {
        let mut selection =
            Self { words: words.iter().map(|word| word.as_ref().to_owned()).collect(), ..Self::default() };
        for word in words.iter().map(AsRef::as_ref) {
            if let Some(pattern) = word.strip_prefix('!') {
                selection.except.push(matcher(pattern)?);
            } else if word == ALL {
                selection.all = true;
            } else if word.contains(['*', '?', '[', '{']) {
                selection.matching.push(matcher(word)?);
            } else if !word.is_empty() && !selection.names.iter().any(|name| name == word) {
                selection.names.push(word.to_owned());
            }
        }
        if selection.names.is_empty() && selection.matching.is_empty() && !selection.all {
            return Err(SelectionError::Nothing);
        }
        Ok(selection)
    }

    /// As it was written.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether this one is meant by its own name. That it cannot be watched or guarded is an error then; of one that a
    /// pattern took it is told, and the others go on.
    pub fn names(&self, interface: &str) -> bool {
        self.names.iter().any(|name| name == interface)
    }

    /// Those that are meant by their own name.
    pub fn named(&self) -> &[String] {
        &self.names
    }

    /// Whether interfaces may come that are not there yet.
    pub fn is_open_ended(&self) -> bool {
        self.all || !self.matching.is_empty()
    }

    /// Those that are there; an error where a named one is not.
    pub fn resolve(&self) -> Result<Vec<Interface>, SelectionError> {
        let all = interface::list()?;
        if let Some(absent) = self.names.iter().find(|name| all.iter().all(|there| there.name != **name)) {
            let known = all.iter().map(|there| there.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(SelectionError::NoSuchInterface { name: absent.clone(), known });
        }
        Ok(self.of(all))
    }

    /// Those that are there.
    pub fn present(&self) -> Result<Vec<Interface>, SelectionError> {
        Ok(self.of(interface::list()?))
    }

    fn of(&self, mut all: Vec<Interface>) -> Vec<Interface> {
        all.retain(|interface| self.means(interface));
        all
    }

    fn means(&self, interface: &Interface) -> bool {
        let any = |globs: &[GlobMatcher]| globs.iter().any(|glob| glob.is_match(&interface.name));
        self.names(&interface.name)
            || (self.all && !interface.is_loopback() || any(&self.matching)) && !any(&self.except)
    }
}

fn matcher(pattern: &str) -> Result<GlobMatcher, SelectionError> {
    let glob = GlobBuilder::new(pattern).backslash_escape(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| SelectionError::Pattern {
        pattern: pattern.to_owned(),
        why: error.kind().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str) -> Interface {
        let hardware = if name == "lo" { libc::ARPHRD_LOOPBACK } else { libc::ARPHRD_ETHER };
        Interface { name: name.to_owned(), index: 1, hardware, kind: String::new() }
    }

    fn meant(words: &[&str]) -> Vec<String> {
        let there = ["lo", "eth0", "eth1", "veth1", "veth9", "wg0"].map(interface).to_vec();
        let selection = Selection::parse(words).unwrap();
        selection.of(there).into_iter().map(|interface| interface.name).collect()
    }

    #[test]
    fn names_patterns_and_all_may_stand_together() {
        assert_eq!(meant(&["veth*"]), ["veth1", "veth9"]);
        assert_eq!(meant(&["eth[01]", "wg?"]), ["eth0", "eth1", "wg0"]);
        assert_eq!(meant(&["veth*", "lo", "lo"]), ["lo", "veth1", "veth9"]);
    }

    #[test]
    fn loopback_is_taken_only_where_it_is_named() {
        assert_eq!(meant(&["all"]), ["eth0", "eth1", "veth1", "veth9", "wg0"]);
        assert_eq!(meant(&["all", "lo"]).len(), 6);
    }

    #[test]
    fn an_exception_takes_out_what_patterns_took_and_never_what_is_named() {
        assert_eq!(meant(&["all", "!veth*", "!wg0"]), ["eth0", "eth1"]);
        assert_eq!(meant(&["veth*", "!veth*", "veth9"]), ["veth9"]);
    }

    #[test]
    fn what_means_nothing_is_an_error_that_says_what_would() {
        for words in [&["!veth9"][..], &[], &[""]] {
            assert!(matches!(Selection::parse(words), Err(SelectionError::Nothing)));
        }
        let error = Selection::parse(&["veth[1"]).unwrap_err().to_string();
        assert!(error.starts_with("veth[1 is no pattern: ") && error.contains("`veth*`"), "{error}");
    }

    #[test]
    fn a_name_that_is_not_there_is_an_error_with_those_that_are() {
        let error = Selection::parse(&["nosuch0", "lo"]).unwrap().resolve().unwrap_err().to_string();
        assert!(
            error.starts_with("there is no interface nosuch0; here are: ") && error.contains("lo"),
            "{error}"
        );
        assert_eq!(Selection::parse(&["nosuch*"]).unwrap().resolve().unwrap(), []);
    }
}
