use super::node::Source;
use crate::policy::{Example, Examples, PolicyError, yaml::Node};

pub(super) fn examples(source: &Source<'_>, node: Option<&Node>) -> Result<Examples, PolicyError> {
    let Some(node) = node else { return Ok(Examples::default()) };
    let fields = source.fields(node, "examples", &["match", "no_match"])?;
    let list = |key: &str| match fields.get(key) {
        None => Ok(Vec::new()),
        Some(node) => source.list(node, key)?.iter().map(|item| example(source, item)).collect(),
    };
    Ok(Examples { matching: list("match")?, benign: list("no_match")? })
}

fn example(source: &Source<'_>, node: &Node) -> Result<Example, PolicyError> {
    let text = source.text(node, "example")?;
    Example::parse(text.as_bytes()).map_err(|what| source.error(node, format!("example: {what}")))
}
