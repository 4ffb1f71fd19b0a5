use super::node::Source;
use crate::policy::{
    Category, Info, PolicyError, Severity,
    yaml::{Kind, Node},
};

const INFO: [&str; 13] = [
    "name",
    "description",
    "details",
    "impact",
    "remediation",
    "category",
    "subCategory",
    "severity",
    "tags",
    "references",
    "cwe",
    "cve",
    "compliance",
];

pub(super) fn info(source: &Source<'_>, node: Option<&Node>) -> Result<Info, PolicyError> {
    let Some(node) = node else { return Ok(Info::default()) };
    let fields = source.fields(node, "info", &INFO)?;
    let text = |key: &str| optional_text(source, fields.get(key), key);
    let list = |key: &str| match fields.get(key).filter(|node| !matches!(node.kind, Kind::Null)) {
        None => Ok(Vec::new()),
        Some(node) => {
            source.list_or_one(node).iter().map(|item| source.text(item, key).map(str::to_owned)).collect()
        }
    };
    Ok(Info {
        name: text("name")?,
        description: text("description")?,
        details: text("details")?,
        impact: text("impact")?,
        remediation: text("remediation")?,
        category: category(source, fields.get("category"))?,
        sub_category: text("subCategory")?,
        severity: severity(source, fields.get("severity"))?,
        tags: list("tags")?,
        references: list("references")?,
        cwe: list("cwe")?,
        cve: list("cve")?,
        compliance: list("compliance")?,
    })
}

fn optional_text(source: &Source<'_>, node: Option<&Node>, key: &str) -> Result<String, PolicyError> {
    match node {
        None | Some(Node { kind: Kind::Null, .. }) => Ok(String::new()),
        Some(node) => source.text(node, key).map(str::to_owned),
    }
}

fn category(source: &Source<'_>, node: Option<&Node>) -> Result<Category, PolicyError> {
    let Some(node) = node else { return Ok(Category::default()) };
    let fields = source.fields(node, "category", &["name", "displayName", "shortName"])?;
    let text = |key: &str| optional_text(source, fields.get(key), key);
    Ok(Category { name: text("name")?, display_name: text("displayName")?, short_name: text("shortName")? })
}

fn severity(source: &Source<'_>, node: Option<&Node>) -> Result<Severity, PolicyError> {
    const ALL: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let Some(node) = node else { return Ok(Severity::default()) };
    let word = source.word(node, "severity", &ALL.map(Severity::name))?;
    Ok(ALL.into_iter().find(|severity| severity.name() == word).unwrap_or_default())
}
