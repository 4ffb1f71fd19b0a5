use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use regex::bytes::{Regex, RegexBuilder};

use super::{filter::Reader, node::Source};
use crate::{
    detector::Detector,
    policy::{
        Comparison, DataType, Op, Operand, Order, Part, PolicyError, Test, ValueType,
        nearest::nearest,
        yaml::{Kind, Node},
    },
};

pub(super) const OPERATORS: [&str; 22] = [
    "eq",
    "neq",
    "gt",
    "gte",
    "lt",
    "lte",
    "contains_either",
    "contains_all",
    "not_contains",
    "not_contains_either",
    "contains_either_cidr",
    "not_contains_cidr",
    "regex",
    "regex_extract",
    "extract",
    "contains_jwt",
    "datatype",
    "detect",
    "entropy",
    "records",
    "valuetype",
    "contains_cidr",
];

/// Compiled expressions above this size are refused: one policy must not eat the node's memory.
const REGEX_SIZE_LIMIT: usize = 2 << 20;

/// `None` where the name is no operator.
pub(super) fn operator(
    reader: &Reader<'_>,
    name: &str,
    node: &Node,
    bound: Option<&Arc<str>>,
) -> Result<Option<Test>, PolicyError> {
    let source = reader.source;
    let compare =
        |order| source.number(node, name).map(|bound| Test::Op(Op::Compare(Comparison { order, bound })));
    let not = |op: Op| Test::Not(Box::new(Test::Op(op)));
    Ok(Some(match name {
        "eq" => Op::Equals(operands(reader, node, name)?).into(),
        "neq" => not(Op::Equals(operands(reader, node, name)?)),
        "gt" => compare(Order::Greater)?,
        "gte" => compare(Order::GreaterOrEqual)?,
        "lt" => compare(Order::Less)?,
        "lte" => compare(Order::LessOrEqual)?,
        "contains_either" => Op::ContainsEither(operands(reader, node, name)?).into(),
        "contains_all" => Op::ContainsAll(operands(reader, node, name)?).into(),
        "not_contains" | "not_contains_either" => not(Op::ContainsEither(operands(reader, node, name)?)),
        "contains_either_cidr" | "contains_cidr" => Op::InNetworks(networks(reader, node, name)?).into(),
        "not_contains_cidr" => not(Op::InNetworks(networks(reader, node, name)?)),
        "regex" => {
            let list = source.list_or_one(node).iter();
            let mut tests: Vec<Test> = list
                .map(|item| regex(source, item).map(|regex| Op::Regex(regex).into()))
                .collect::<Result<_, _>>()?;
            if tests.len() == 1 { tests.remove(0) } else { Test::Or(tests) }
        }
        "regex_extract" => Op::RegexExtract { regex: regex(source, node)?, into: bound.cloned() }.into(),
        "extract" => Op::Extract(source.text(node, name)?.into()).into(),
        "contains_jwt" if source.bool(node, name)? => Op::ContainsJwt.into(),
        "contains_jwt" => not(Op::ContainsJwt),
        "datatype" => Op::DataType(match source.word(node, name, &["string", "number", "boolean"])? {
            "number" => DataType::Number,
            "boolean" => DataType::Boolean,
            _ => DataType::Text,
        })
        .into(),
        "detect" => {
            let list = source.list_or_one(node).iter();
            Test::Or(
                list.map(|item| Ok(Op::Detect(detector(source, item)?).into())).collect::<Result<_, _>>()?,
            )
        }
        "records" => Op::Records(comparisons(source, node, name)?).into(),
        "entropy" => Op::Entropy(comparisons(source, node, name)?).into(),
        "valuetype" => {
            let known = ValueType::ALL.map(ValueType::name);
            let mut types = Vec::new();
            for item in source.list_or_one(node) {
                let word = source.word(item, name, &known)?;
                types.extend(ValueType::ALL.into_iter().find(|kind| kind.name() == word));
            }
            Op::ValueType(types).into()
        }
        _ => return Ok(None),
    }))
}

pub(super) fn detector(source: &Source<'_>, node: &Node) -> Result<Detector, PolicyError> {
    let word = source.word(node, "detect", &Detector::ALL.map(Detector::name))?;
    Detector::ALL
        .into_iter()
        .find(|detector| detector.name() == word)
        .ok_or_else(|| source.error(node, format!("detect: unknown detector `{word}`")))
}

/// `{gt: 20}`, or with the name whose values count: `{key: id, gt: 20}`.
pub(super) fn distinct(source: &Source<'_>, node: &Node) -> Result<Test, PolicyError> {
    let Kind::Map(entries) = &node.kind else {
        return Ok(Test::Distinct { key: None, comparisons: comparisons(source, node, "distinct")? });
    };
    let key = entries.iter().find(|(key, _)| key.name == "key");
    let key = key.map(|(_, node)| source.text(node, "distinct.key").map(str::to_owned)).transpose()?;
    let others = entries.iter().filter(|(key, _)| key.name != "key").cloned().collect();
    let others = Node { at: node.at, kind: Kind::Map(others) };
    Ok(Test::Distinct { key, comparisons: comparisons(source, &others, "distinct")? })
}

/// `{gt: 3, lte: 9}`, or a bare number for equality.
pub(super) fn comparisons(
    source: &Source<'_>,
    node: &Node,
    what: &str,
) -> Result<Vec<Comparison>, PolicyError> {
    const ORDERS: [(&str, Order); 6] = [
        ("eq", Order::Equal),
        ("neq", Order::NotEqual),
        ("gt", Order::Greater),
        ("gte", Order::GreaterOrEqual),
        ("lt", Order::Less),
        ("lte", Order::LessOrEqual),
    ];
    if let Ok(bound) = source.number(node, what) {
        return Ok(vec![Comparison { order: Order::Equal, bound }]);
    }
    let known = ORDERS.map(|(name, _)| name);
    let entries = source.map(node, what)?;
    if entries.is_empty() {
        return Err(source.error(node, format!("{what}: needs a bound, such as `gt: 10`")));
    }
    entries
        .iter()
        .map(|(key, value)| {
            let order = ORDERS.iter().find(|(name, _)| *name == key.name).map(|(_, order)| *order);
            let order = order.ok_or_else(|| source.unknown(key.at, what, &key.name, &known))?;
            Ok(Comparison { order, bound: source.number(value, what)? })
        })
        .collect()
}

fn operands(reader: &Reader<'_>, node: &Node, what: &str) -> Result<Vec<Operand>, PolicyError> {
    let mut operands = Vec::new();
    for item in reader.source.list_or_one(node) {
        let text = reader.source.text(item, what)?;
        if text.trim().is_empty() && what != "eq" && what != "neq" {
            return Err(reader.source.error(item, format!("{what}: empty text is in every value")));
        }
        match whole_name(text).and_then(|name| reader.names.list(name)) {
            Some(words) => operands.extend(words.iter().map(|word| Operand::literal(word))),
            None => {
                let operand = operand(text);
                check_names(reader, item, &operand)?;
                operands.push(operand);
            }
        }
    }
    Ok(operands)
}

/// A reference to nothing would never match, silently.
fn check_names(reader: &Reader<'_>, node: &Node, operand: &Operand) -> Result<(), PolicyError> {
    let unknown = operand.parts.iter().find_map(|part| match part {
        Part::Variable(name) if !reader.names.is_extracted(name) => Some(name),
        _ => None,
    });
    let Some(name) = unknown else { return Ok(()) };
    let message = format!("`${{{name}}}`: no word list and no `extract` has this name");
    Err(reader.source.error(node, message).suggesting(nearest(name, reader.names.all())))
}

fn networks(reader: &Reader<'_>, node: &Node, what: &str) -> Result<Vec<IpNet>, PolicyError> {
    let mut networks = Vec::new();
    for item in reader.source.list_or_one(node) {
        let text = reader.source.text(item, what)?;
        let words = whole_name(text).and_then(|name| reader.names.list(name));
        let texts: Vec<&str> = words.map_or(vec![text], |words| words.iter().map(String::as_str).collect());
        for text in texts {
            let network = text.trim().parse::<IpNet>().ok();
            let network = network.or_else(|| text.trim().parse::<IpAddr>().ok().map(IpNet::from));
            networks.push(network.ok_or_else(|| {
                reader
                    .source
                    .error(item, format!("{what}: `{text}` is no address or prefix like `10.0.0.0/8`"))
            })?);
        }
    }
    Ok(networks)
}

/// `name` of text that is `${name}` and nothing else.
fn whole_name(text: &str) -> Option<&str> {
    text.trim().strip_prefix("${")?.strip_suffix('}').filter(|name| !name.contains('}'))
}

/// Text with its `${name}` references.
fn operand(text: &str) -> Operand {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while let Some((literal, name, after)) = rest
        .split_once("${")
        .and_then(|(head, tail)| tail.split_once('}').map(|(name, rest)| (head, name, rest)))
    {
        if !literal.is_empty() {
            parts.push(Part::Literal(literal.to_lowercase()));
        }
        parts.push(Part::Variable(name.into()));
        rest = after;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(Part::Literal(rest.to_lowercase()));
    }
    Operand { parts }
}

fn regex(source: &Source<'_>, node: &Node) -> Result<Regex, PolicyError> {
    let text = source.text(node, "regex")?;
    RegexBuilder::new(text)
        .case_insensitive(true)
        .unicode(true)
        .size_limit(REGEX_SIZE_LIMIT)
        .dfa_size_limit(REGEX_SIZE_LIMIT)
        .build()
        .map_err(|error| source.error(node, format!("regex: {}", explain(text, &error.to_string()))))
}

/// The library draws a picture over several lines; its last line is the reason.
fn explain(regex: &str, error: &str) -> String {
    if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| regex.contains(look)) {
        return "look-around is not supported, because matching must take linear time".to_owned();
    }
    let reason = error.lines().last().unwrap_or(error).trim();
    reason.strip_prefix("error: ").unwrap_or(reason).to_owned()
}
