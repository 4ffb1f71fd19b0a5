use serde::Deserialize;
use serde_saphyr::Spanned;

use super::AccountId;

/// RFC 7348: 24 bits.
const MAX_VNI: u32 = (1 << 24) - 1;
const MAX_TEXT: usize = 256 << 10;
const MAX_RANGES: usize = 10_000;

/// Whose traffic the operator's sensors see in which overlay networks. What a sensor says of accounts counts for nothing here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VniMapping {
    /// In order, without overlap.
    ranges: Vec<Range>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    from: u32,
    to: u32,
    owner: Owner,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owner {
    /// `None` for the operator's.
    pub(crate) account: Option<AccountId>,
    /// `None` leaves it as the sensor has it.
    pub(crate) collection: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    vnis: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    vni: Option<u32>,
    from: Option<u32>,
    to: Option<u32>,
    account: Option<String>,
    collection: Option<i64>,
}

impl VniMapping {
    /// `is_known`: whether there is such an account. Errors name the line.
    pub(crate) fn parse(text: &str, is_known: impl Fn(&AccountId) -> bool) -> Result<Self, String> {
        if text.len() > MAX_TEXT {
            return Err(format!("is longer than {MAX_TEXT} bytes"));
        }
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let file: File = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(1, |location| location.line());
            let what = error.to_string();
            let what = what.lines().next().unwrap_or("no valid YAML").trim_start_matches("error: ");
            format!("line {line}: {what}")
        })?;
        if file.vnis.len() > MAX_RANGES {
            return Err(format!("has more than {MAX_RANGES} entries"));
        }
        let mut ranges = Vec::with_capacity(file.vnis.len());
        for entry in file.vnis {
            let line = entry.referenced.line();
            let range = range(entry.value, &is_known).map_err(|what| format!("line {line}: {what}"))?;
            ranges.push((line, range));
        }
        ranges.sort_by_key(|(_, range)| range.from);
        for pair in ranges.windows(2) {
            if let [(first, a), (second, b)] = pair
                && b.from <= a.to
            {
                let (first, second) = (first.min(second), first.max(second));
                return Err(format!("line {second}: VNI {} stands in line {first} already", b.from));
            }
        }
        Ok(Self { ranges: ranges.into_iter().map(|(_, range)| range).collect() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub(crate) fn owner(&self, vni: u32) -> Option<&Owner> {
        let at = self.ranges.partition_point(|range| range.to < vni);
        self.ranges.get(at).filter(|range| range.from <= vni).map(|range| &range.owner)
    }

    pub(crate) fn names(&self, account: &AccountId) -> bool {
        self.ranges.iter().any(|range| range.owner.account.as_ref() == Some(account))
    }
}

fn range(entry: Entry, is_known: &impl Fn(&AccountId) -> bool) -> Result<Range, String> {
    let (from, to) = match (entry.vni, entry.from, entry.to) {
        (Some(vni), None, None) => (vni, vni),
        (None, Some(from), Some(to)) => (from, to),
        _ => return Err("has either `vni`, or `from` and `to`".to_owned()),
    };
    if to > MAX_VNI {
        return Err(format!("a VNI is at most {MAX_VNI}"));
    }
    if from > to {
        return Err(format!("`from` ({from}) is behind `to` ({to})"));
    }
    let account = match entry.account {
        Some(text) => {
            let id = AccountId::parse(&text).map_err(|error| error.to_string())?;
            if !is_known(&id) {
                return Err(format!("there is no account {id}; `portctl accounts` shows those there are"));
            }
            Some(id)
        }
        None => None,
    };
    if account.is_none() && entry.collection.is_none() {
        return Err("has neither `account` nor `collection`".to_owned());
    }
    Ok(Range { from, to, owner: Owner { account, collection: entry.collection } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<VniMapping, String> {
        VniMapping::parse(text, |id| id.as_str() != "nobody")
    }

    #[test]
    fn a_vni_belongs_to_the_one_entry_that_holds_it() {
        let mapping = parse(
            "vnis:\n  - from: 5000\n    to: 5999\n    account: acme\n  - vni: 7\n    account: b\n    collection: 12\n  - {vni: 8, collection: 3}\n",
        )
        .unwrap();
        let of = |vni| {
            mapping.owner(vni).map(|owner| (owner.account.as_ref().map(AccountId::as_str), owner.collection))
        };
        assert_eq!(of(7), Some((Some("b"), Some(12))));
        assert_eq!(of(8), Some((None, Some(3))));
        assert_eq!((of(5000), of(5999)), (Some((Some("acme"), None)), Some((Some("acme"), None))));
        assert_eq!((of(6), of(9), of(4999), of(6000)), (None, None, None, None));
        assert_eq!(parse("").unwrap(), VniMapping::default());
    }

    #[test]
    fn an_error_names_the_line() {
        for (text, expected) in [
            ("vnis:\n  - vni: x\n", "line 2: "),
            ("vnis:\n  - vni: 1\n    account: a\n  - vni: 2\n    acount: a\n", "line 5: "),
            (
                "vnis:\n  - vni: 1\n    account: a\n\n  - vni: 1\n    account: b\n",
                "line 5: VNI 1 stands in line 2 already",
            ),
            ("vnis:\n  - vni: 1\n    account: nobody\n", "line 2: there is no account nobody"),
            ("vnis:\n  - vni: 1\n    account: ../a\n", "line 2: \"../a\" is no account id"),
            ("vnis:\n  - vni: 16777216\n    account: a\n", "line 2: a VNI is at most 16777215"),
            ("vnis:\n  - from: 5\n    to: 4\n    account: a\n", "line 2: `from` (5) is behind"),
            ("vnis:\n  - from: 5\n    account: a\n", "line 2: has either"),
            ("vnis:\n  - vni: 5\n", "line 2: has neither"),
            ("accounts: []\n", "line 1: "),
            ("[", "line 1: "),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{text:?}: {error}");
        }
    }
}
