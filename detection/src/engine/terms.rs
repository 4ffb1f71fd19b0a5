//! What each term of the policy language means in an exchange.

use std::net::IpAddr;

use portcullis_exchange::Headers;

use super::reading::Reading;
use crate::{
    policy::Term,
    view::{Field, Place, Text, leaves_of},
};

/// One value in its several forms, raw first.
pub(super) struct Value<'v> {
    pub(super) location: String,
    pub(super) forms: Vec<Text<'v>>,
    /// The fields of the reading that it consists of, for detectors.
    pub(super) fields: Vec<usize>,
}

impl<'v> Value<'v> {
    fn text(location: impl Into<String>, text: String) -> Self {
        Self { location: location.into(), forms: vec![Text::owned(text.into_bytes())], fields: Vec::new() }
    }

    fn raw(location: impl Into<String>, bytes: &'v [u8]) -> Self {
        Self { location: location.into(), forms: vec![Text::original(bytes, 0)], fields: Vec::new() }
    }

    fn nothing() -> Self {
        Self { location: String::new(), forms: Vec::new(), fields: Vec::new() }
    }

    pub(super) fn number(&self) -> Option<f64> {
        let text = std::str::from_utf8(self.forms.first()?.bytes().trim_ascii()).ok()?;
        text.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Every form that is an address, alone or as an item of a list.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.forms
            .iter()
            .filter_map(|form| std::str::from_utf8(form.bytes()).ok())
            .flat_map(|text| text.split(',').filter_map(|item| item.trim().parse().ok()))
    }

    /// Adds every view of a field as a form.
    fn add(&mut self, index: usize, field: &'v Field<'_>) {
        self.fields.push(index);
        self.forms.extend(field.views.iter().map(|view| view.text.borrowed()));
    }
}

/// The whole value of a term.
pub(super) fn values<'v>(reading: &'v Reading<'_>, term: Term) -> Value<'v> {
    let exchange = &reading.tagged.exchange;
    let request = exchange.request.as_ref();
    let response = exchange.response.as_ref();
    let of_fields = |mut value: Value<'v>, wanted: &dyn Fn(&Field<'_>) -> bool| {
        for (index, field) in reading.views.fields.iter().enumerate().filter(|(_, field)| wanted(field)) {
            value.add(index, field);
        }
        value
    };
    match term {
        Term::Url => request.map_or_else(Value::nothing, |request| {
            let whole = Value::raw("url", &request.target);
            of_fields(whole, &|field| matches!(field.place, Place::Path | Place::Query))
        }),
        Term::Method => {
            request.map_or_else(Value::nothing, |request| Value::raw("method", request.method.as_bytes()))
        }
        Term::ApiCollectionId => {
            Value::text("api_collection_id", reading.tagged.tags.collection_id.to_string())
        }
        Term::QueryParam => request.map_or_else(Value::nothing, |request| {
            let whole = Value::raw("query", request.query().unwrap_or_default());
            of_fields(whole, &|field| field.place == Place::Query)
        }),
        Term::RequestHeaders => {
            let mut value =
                of_fields(Value::nothing(), &|field| matches!(field.place, Place::Header | Place::Cookie));
            value.location = "request.header".to_owned();
            if let Some(request) = request {
                value.forms.extend(header_lines(&request.headers));
            }
            value
        }
        Term::RequestPayload => request.map_or_else(Value::nothing, |request| {
            let whole = Value::raw("request.body", &request.body.bytes);
            of_fields(whole, &|field| field.is_body())
        }),
        Term::ResponseHeaders => response.map_or_else(Value::nothing, |response| Value {
            location: "response.header".to_owned(),
            forms: header_lines(&response.headers).collect(),
            fields: Vec::new(),
        }),
        Term::ResponsePayload => {
            response.map_or_else(Value::nothing, |response| Value::raw("response.body", &response.body.bytes))
        }
        Term::ResponseCode => response.map_or_else(Value::nothing, |response| {
            Value::text("response.status", response.status.to_string())
        }),
        Term::SourceIp => Value::text("source", reading.tagged.actor.address.to_string()),
        Term::DestinationIp => Value::text("destination", exchange.server.ip().to_string()),
        Term::WireFact => Value {
            location: "wire".to_owned(),
            forms: exchange.facts.iter().map(|fact| Text::original(fact.name().as_bytes(), 0)).collect(),
            fields: Vec::new(),
        },
    }
}

/// The keys and values of a term; empty where it has none.
pub(super) fn pairs<'v>(reading: &'v Reading<'_>, term: Term) -> Vec<(Value<'v>, Value<'v>)> {
    let exchange = &reading.tagged.exchange;
    match term {
        Term::QueryParam => field_pairs(reading, &|field| field.place == Place::Query),
        Term::RequestPayload => field_pairs(reading, &|field| field.is_body()),
        Term::RequestHeaders => {
            let mut pairs = field_pairs(reading, &|field| field.place == Place::Header);
            if let Some(request) = &exchange.request {
                pairs.extend(header_pairs(&request.headers, "request").filter(|(key, _)| {
                    key.forms.first().is_some_and(|form| form.bytes().eq_ignore_ascii_case(b"cookie"))
                }));
            }
            pairs
        }
        Term::ResponseHeaders => exchange
            .response
            .iter()
            .flat_map(|response| header_pairs(&response.headers, "response"))
            .collect(),
        Term::ResponsePayload => exchange
            .response
            .iter()
            .flat_map(|response| {
                leaves_of(&response.body.bytes).into_iter().map(|(path, text)| {
                    let key = Value::text("response.body", path.clone());
                    (
                        key,
                        Value {
                            location: format!("response.body.{path}"),
                            forms: vec![text],
                            fields: Vec::new(),
                        },
                    )
                })
            })
            .collect(),
        Term::Url
        | Term::Method
        | Term::ApiCollectionId
        | Term::ResponseCode
        | Term::SourceIp
        | Term::DestinationIp
        | Term::WireFact => Vec::new(),
    }
}

fn field_pairs<'v>(
    reading: &'v Reading<'_>,
    wanted: &dyn Fn(&Field<'_>) -> bool,
) -> Vec<(Value<'v>, Value<'v>)> {
    let fields = reading.views.fields.iter().enumerate();
    fields
        .filter(|(_, field)| !field.is_name && wanted(field))
        .map(|(index, field)| {
            let location = field.location();
            // A path is found by its whole as well as by its last name.
            let mut key = Value::raw(location.clone(), field.name.as_bytes());
            key.forms.push(Text::original(field.leaf_name().as_bytes(), 0));
            let mut value = Value { location, forms: Vec::new(), fields: Vec::new() };
            value.add(index, field);
            (key, value)
        })
        .collect()
}

fn header_pairs<'v>(
    headers: &'v Headers,
    side: &'static str,
) -> impl Iterator<Item = (Value<'v>, Value<'v>)> {
    headers.iter().map(move |(name, value)| {
        let location = format!("{side}.header.{}", String::from_utf8_lossy(name).to_ascii_lowercase());
        (Value::raw(location.clone(), name), Value::raw(location, value))
    })
}

fn header_lines<'v>(headers: &'v Headers) -> impl Iterator<Item = Text<'v>> {
    headers.iter().map(|(name, value)| Text::owned([name, b": ", value].concat()))
}
