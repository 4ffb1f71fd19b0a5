//! A filter in the words of the policy, for whoever asks why it matched.

use super::filter::{Comparison, DataType, Op, Operand, Part, Term, Test};

/// Words of a list that are shown.
const MAX_SHOWN: usize = 6;

impl Term {
    /// As a policy writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Method => "method",
            Self::ApiCollectionId => "api_collection_id",
            Self::QueryParam => "query_param",
            Self::RequestHeaders => "request_headers",
            Self::RequestPayload => "request_payload",
            Self::ResponseHeaders => "response_headers",
            Self::ResponsePayload => "response_payload",
            Self::ResponseCode => "response_code",
            Self::SourceIp => "source_ip",
            Self::DestinationIp => "destination_ip",
            Self::CountryCode => "country_code",
            Self::WireFact => "wire_fact",
        }
    }
}

impl Test {
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::And(_) => "all of".to_owned(),
            Self::Or(_) => "one of".to_owned(),
            Self::Not(_) => "not".to_owned(),
            Self::ForOne(_) => "for_one".to_owned(),
            Self::ForAll(_) => "for_all".to_owned(),
            Self::Length(bounds) => format!("length: {}", comparisons(bounds)),
            Self::Likeness(bounds) => format!("percentage_match: {}", comparisons(bounds)),
            Self::Distinct { key: None, comparisons: bounds } => format!("distinct: {}", comparisons(bounds)),
            Self::Distinct { key: Some(key), comparisons: bounds } => {
                format!("distinct: {{key: {key}, {}}}", comparisons(bounds))
            }
            Self::Op(op) => op.describe(),
        }
    }
}

impl Op {
    fn describe(&self) -> String {
        match self {
            Self::Equals(operands) => format!("eq: {}", list(operands.iter().map(operand))),
            Self::Compare(one) => format!("{}: {}", one.order.name(), one.bound),
            Self::ContainsEither(operands) => {
                format!("contains_either: {}", list(operands.iter().map(operand)))
            }
            Self::ContainsAll(operands) => format!("contains_all: {}", list(operands.iter().map(operand))),
            Self::InNetworks(networks) => {
                format!("contains_either_cidr: {}", list(networks.iter().map(ToString::to_string)))
            }
            Self::Regex(regex) => format!("regex: {}", regex.as_str()),
            Self::RegexExtract { regex, into: None } => format!("regex_extract: {}", regex.as_str()),
            Self::RegexExtract { regex, into: Some(name) } => {
                format!("regex_extract: {} (as ${{{name}}})", regex.as_str())
            }
            Self::Extract(name) => format!("extract: {name}"),
            Self::ContainsJwt => "contains_jwt: true".to_owned(),
            Self::DataType(wanted) => format!(
                "datatype: {}",
                match wanted {
                    DataType::Text => "string",
                    DataType::Number => "number",
                    DataType::Boolean => "boolean",
                }
            ),
            Self::ValueType(wanted) => {
                format!("valuetype: {}", list(wanted.iter().map(|one| one.name().to_owned())))
            }
            Self::Detect(detector) => format!("detect: {}", detector.name()),
            Self::Records(bounds) => format!("records: {}", comparisons(bounds)),
            Self::Entropy(bounds) => format!("entropy: {}", comparisons(bounds)),
        }
    }
}

fn comparisons(bounds: &[Comparison]) -> String {
    let each = bounds.iter().map(|one| format!("{}: {}", one.order.name(), one.bound));
    each.collect::<Vec<_>>().join(", ")
}

fn operand(operand: &Operand) -> String {
    let part = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        Part::Variable(name) => format!("${{{name}}}"),
    };
    operand.parts.iter().map(part).collect()
}

fn list(items: impl ExactSizeIterator<Item = String>) -> String {
    let all = items.len();
    let mut shown: Vec<String> = items.take(MAX_SHOWN).collect();
    if all > shown.len() {
        shown.push(format!("and {} more", all - shown.len()));
    }
    match shown.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", shown.join(", ")),
    }
}
