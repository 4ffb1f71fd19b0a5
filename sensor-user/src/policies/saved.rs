//! Policies that people saved at the control plane, over those that the sensor was started with.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_detection::PolicySet;

/// Over the sensor's own; of two for one id the later layer counts.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    /// From the lowest on.
    layers: Vec<PolicySet>,
    out: BTreeSet<String>,
}

impl Saved {
    /// What cannot be read is left out: whoever took these texts over has looked before.
    pub fn of<'a>(layers: impl IntoIterator<Item = &'a BTreeMap<String, String>>) -> Self {
        let mut saved = Self::default();
        for texts in layers {
            let mut set = PolicySet::default();
            for (id, text) in texts {
                if text.is_empty() {
                    saved.out.insert(id.clone());
                    continue;
                }
                match parse_saved(id, text) {
                    Ok(policy) => {
                        saved.out.remove(id);
                        set = set.overlaid(policy);
                    }
                    Err(problem) => tracing::error!(policy = id, problem, "a saved policy is not in force"),
                }
            }
            saved.layers.push(set);
        }
        saved
    }

    pub(super) fn over(&self, own: &PolicySet) -> PolicySet {
        let all = self.layers.iter().fold(own.clone(), |below, layer| below.overlaid(layer.clone()));
        all.without(|id| self.out.contains(id))
    }

    pub(super) fn len(&self) -> usize {
        self.layers.iter().map(PolicySet::len).sum::<usize>() + self.out.len()
    }
}

/// The one policy that stands in such a text.
pub fn parse_saved(id: &str, text: &str) -> Result<PolicySet, String> {
    let (set, errors) = PolicySet::parse([(format!("{id}.yaml"), text)]);
    if let Some(error) = errors.first() {
        return Err(error.to_string());
    }
    match set.get(id) {
        Some(_) => Ok(set),
        None => Err(format!("{id}.yaml: holds no policy of that id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
        pairs.map(|(id, text)| (id.to_owned(), text.to_owned())).into()
    }

    const A: &str = "id: A\nfilter: {url: {eq: /a}}\n";
    const B: &str = "id: B\nfilter: {url: {eq: /b}}\n";

    #[test]
    fn a_later_layer_replaces_adds_and_keeps_out() {
        let (own, errors) = PolicySet::parse([("a", A), ("b", B)]);
        assert_eq!(errors, []);
        let (lower, upper) = (
            texts([("C", "id: C\nmode: block\nfilter: {url: {eq: /c}}\n")]),
            texts([("A", ""), ("B", "id: B\nfilter: {url: {eq: /other}}\n")]),
        );
        let saved = Saved::of([&lower, &upper]);
        let set = saved.over(&own);
        assert_eq!(set.iter().map(|one| &*one.id).collect::<Vec<_>>(), ["B", "C"]);
        assert!(set.get("B").unwrap().source.contains("/other"));
        assert_eq!(saved.len(), 3);
        let back = Saved::of([&texts([("A", "")]), &texts([("A", A)])]);
        assert!(
            back.over(&own).get("A").is_some(),
            "a later layer puts in force what an earlier one kept out"
        );
    }

    #[test]
    fn a_text_has_to_hold_the_policy_it_is_saved_as() {
        assert!(parse_saved("A", A).is_ok());
        assert!(parse_saved("B", A).unwrap_err().contains("no policy of that id"));
        assert!(parse_saved("A", "id: A\nfilter: {urll: {eq: /a}}\n").unwrap_err().contains("A.yaml:2:"));
    }
}
