//! What each term of the policy language means in an exchange.

use std::{borrow::Cow, net::IpAddr, ops::Range};

use portcullis_exchange::Headers;
use smallvec::SmallVec;

use super::{reading::Reading, url::Piece};
use crate::{
    policy::Term,
    view::{Field, Place, Text, leaves_of},
};

/// One value in its several forms, raw first.
pub(super) struct Value<'v> {
    location: Location<'v>,
    pub(super) forms: SmallVec<[Form<'v>; 2]>,
    /// The fields of the reading that it consists of, for detectors.
    pub(super) fields: Vec<usize>,
}

/// One form of a value, which knows where it stands: a term's value may be put together of many places.
pub(super) struct Form<'v> {
    text: Bytes<'v>,
    spot: Spot<'v>,
}

/// Put into words only for what matched: hardly anything does.
enum Location<'v> {
    Named(Cow<'static, str>),
    Field(&'v Field<'v>),
    NameOfField(&'v Field<'v>),
    Header { side: &'static str, name: &'v [u8] },
    NameOfHeader { side: &'static str, name: &'v [u8] },
}

impl Location<'_> {
    fn text(&self) -> String {
        match self {
            Self::Named(name) => name.clone().into_owned(),
            Self::Field(field) => field.location(),
            Self::NameOfField(field) => field.location() + " (name)",
            Self::Header { side, name } => header_location(side, name),
            Self::NameOfHeader { side, name } => header_location(side, name) + " (name)",
        }
    }
}

impl From<&'static str> for Location<'_> {
    fn from(name: &'static str) -> Self {
        Self::Named(Cow::Borrowed(name))
    }
}

impl From<String> for Location<'_> {
    fn from(name: String) -> Self {
        Self::Named(Cow::Owned(name))
    }
}

enum Bytes<'v> {
    View(&'v Text<'v>),
    Own(Text<'v>),
}

enum Spot<'v> {
    /// Where the value as a whole stands.
    Value,
    Field(&'v Field<'v>),
    /// Put together of views of these fields.
    Url(&'v [Field<'v>], &'v [Piece]),
    /// A line `name: value` of a head.
    HeaderLine {
        side: &'static str,
        name: &'v [u8],
    },
}

impl<'v> Value<'v> {
    fn text(location: impl Into<Location<'v>>, text: String) -> Self {
        Self::of(location, [Form::value(Text::owned(text.into_bytes()))])
    }

    fn raw(location: impl Into<Location<'v>>, bytes: &'v [u8]) -> Self {
        Self::of(location, [Form::value(Text::original(bytes, 0))])
    }

    fn of(location: impl Into<Location<'v>>, forms: impl IntoIterator<Item = Form<'v>>) -> Self {
        Self { location: location.into(), forms: forms.into_iter().collect(), fields: Vec::new() }
    }

    fn nothing() -> Self {
        Self::of("", [])
    }

    pub(super) fn location(&self) -> String {
        self.location.text()
    }

    /// Every form that is an address, alone or as an item of a list.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (&Form<'v>, IpAddr)> {
        self.forms.iter().filter_map(|form| Some((form, std::str::from_utf8(form.bytes()).ok()?))).flat_map(
            |(form, text)| text.split(',').filter_map(move |item| Some((form, item.trim().parse().ok()?))),
        )
    }

    /// Where a range of one of its forms stands, in bytes of the original.
    pub(super) fn place(&self, form: &Form<'v>, range: Range<usize>) -> (String, Range<usize>) {
        let original = form.text().original_range(range.clone());
        match form.spot {
            Spot::Value => (self.location.text(), original),
            Spot::Field(field) => (field.location(), original),
            Spot::Url(fields, pieces) => {
                let piece = pieces.iter().rev().find(|piece| piece.start <= range.start);
                let found = piece.and_then(|piece| {
                    let field = fields.get(piece.field)?;
                    let text = &field.views.get(piece.view)?.text;
                    let within = |at: usize| at.saturating_sub(piece.start).min(text.bytes().len());
                    Some((field.location(), text.original_range(within(range.start)..within(range.end))))
                });
                found.unwrap_or_else(|| (self.location.text(), original))
            }
            Spot::HeaderLine { side, name } => {
                let location = header_location(side, name);
                let value_at = name.len() + 2;
                if range.start < value_at {
                    (location + " (name)", range.start..range.end.min(name.len()))
                } else {
                    (location, range.start - value_at..range.end - value_at)
                }
            }
        }
    }

    /// Adds every view of a field as a form.
    fn add(&mut self, index: usize, field: &'v Field<'v>) {
        self.fields.push(index);
        let views = field.views.iter();
        self.forms.extend(views.map(|view| Form { text: Bytes::View(&view.text), spot: Spot::Field(field) }));
    }
}

impl<'v> Form<'v> {
    fn value(text: Text<'v>) -> Self {
        Self { text: Bytes::Own(text), spot: Spot::Value }
    }

    fn text(&self) -> &Text<'v> {
        match &self.text {
            Bytes::View(text) => text,
            Bytes::Own(text) => text,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.text().bytes()
    }

    pub(super) fn number(&self) -> Option<f64> {
        let text = std::str::from_utf8(self.bytes().trim_ascii()).ok()?;
        text.parse().ok().filter(|number: &f64| number.is_finite())
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
            let raw = Value::raw("url", &request.target);
            let mut value = of_fields(raw, &|field| field.place == Place::Path);
            let queries = reading.views.fields.iter().enumerate();
            value.fields.extend(queries.filter(|(_, field)| field.place == Place::Query).map(|(at, _)| at));
            value.forms.extend(reading.normalised_url().map(|url| Form {
                text: Bytes::View(&url.text),
                spot: Spot::Url(&reading.views.fields, &url.pieces),
            }));
            value
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
        Term::RequestHeaders => request.map_or_else(Value::nothing, |request| {
            let views = Value::of("request.header", []);
            let mut value = of_fields(views, &|field| matches!(field.place, Place::Header | Place::Cookie));
            let lines = request.headers.iter().zip(reading.head_lines());
            value.forms.extend(lines.map(|((name, _), line)| Form {
                text: Bytes::View(line),
                spot: Spot::HeaderLine { side: "request", name },
            }));
            value
        }),
        Term::RequestPayload => request.map_or_else(Value::nothing, |request| {
            let whole = Value::raw("request.body", &request.body.bytes);
            of_fields(whole, &|field| field.is_body())
        }),
        Term::ResponseHeaders => response.map_or_else(Value::nothing, |response| {
            Value::of("response.header", header_lines(&response.headers, "response"))
        }),
        Term::ResponsePayload => {
            response.map_or_else(Value::nothing, |response| Value::raw("response.body", &response.body.bytes))
        }
        Term::ResponseCode => response.map_or_else(Value::nothing, |response| {
            Value::text("response.status", response.status.to_string())
        }),
        Term::SourceIp => Value::text("source", reading.tagged.actor.address.to_string()),
        Term::DestinationIp => Value::text("destination", exchange.server.ip().to_string()),
        // Private and reserved addresses are registered nowhere: their country is the empty text.
        Term::CountryCode => Value::text(
            "source.country",
            iptocc::country_code(reading.tagged.actor.address).unwrap_or_default().to_owned(),
        ),
        Term::WireFact => Value::of(
            "wire",
            exchange.facts.iter().map(|fact| Form::value(Text::original(fact.name().as_bytes(), 0))),
        ),
    }
}

/// The keys and values of a term; none where it has none. Most are asked for only up to one that fits.
pub(super) fn pairs<'v>(
    reading: &'v Reading<'_>,
    term: Term,
) -> Box<dyn Iterator<Item = (Value<'v>, Value<'v>)> + 'v> {
    let exchange = &reading.tagged.exchange;
    match term {
        Term::QueryParam => Box::new(field_pairs(reading, |field| field.place == Place::Query)),
        Term::RequestPayload => Box::new(field_pairs(reading, |field| field.is_body())),
        Term::RequestHeaders => {
            let cookies = exchange.request.iter().flat_map(|request| {
                let headers = request.headers.iter();
                let cookies = headers.filter(|(name, _)| name.eq_ignore_ascii_case(b"cookie"));
                cookies.map(|(name, value)| header_pair("request", name, value))
            });
            Box::new(field_pairs(reading, |field| field.place == Place::Header).chain(cookies))
        }
        Term::ResponseHeaders => Box::new(exchange.response.iter().flat_map(|response| {
            response.headers.iter().map(|(name, value)| header_pair("response", name, value))
        })),
        Term::ResponsePayload => Box::new(exchange.response.iter().flat_map(|response| {
            leaves_of(&response.body.bytes).into_iter().map(|(path, text)| {
                let location = format!("response.body.{path}");
                (named(&location, path), Value::of(location, [Form::value(text)]))
            })
        })),
        Term::Url
        | Term::Method
        | Term::ApiCollectionId
        | Term::ResponseCode
        | Term::SourceIp
        | Term::DestinationIp
        | Term::CountryCode
        | Term::WireFact => Box::new(std::iter::empty()),
    }
}

fn field_pairs<'v>(
    reading: &'v Reading<'_>,
    wanted: impl Fn(&Field<'_>) -> bool + 'v,
) -> impl Iterator<Item = (Value<'v>, Value<'v>)> + 'v {
    let fields = reading.views.fields.iter().enumerate();
    fields.filter(move |(_, field)| !field.is_name && wanted(field)).map(|(index, field)| {
        let names = [field.name.as_str(), field.leaf_name()];
        let forms = names.map(|name| Form::value(Text::original(name.as_bytes(), 0)));
        let mut value = Value::of(Location::Field(field), []);
        value.add(index, field);
        (Value::of(Location::NameOfField(field), forms), value)
    })
}

/// A path is found by its whole as well as by its last name.
fn named<'v>(location: &str, path: String) -> Value<'v> {
    let leaf = path.trim_end_matches("[]").rsplit('.').next().unwrap_or_default().to_owned();
    let forms = [path, leaf].map(|name| Form::value(Text::owned(name.into_bytes())));
    Value::of(format!("{location} (name)"), forms)
}

fn header_pair<'v>(side: &'static str, name: &'v [u8], value: &'v [u8]) -> (Value<'v>, Value<'v>) {
    let (at_name, at_value) = (Location::NameOfHeader { side, name }, Location::Header { side, name });
    (Value::raw(at_name, name), Value::raw(at_value, value))
}

fn header_lines<'v>(headers: &'v Headers, side: &'static str) -> impl Iterator<Item = Form<'v>> {
    headers.iter().map(move |(name, value)| Form {
        text: Bytes::Own(Text::owned([name, b": ", value].concat())),
        spot: Spot::HeaderLine { side, name },
    })
}

fn header_location(side: &str, name: &[u8]) -> String {
    format!("{side}.header.{}", String::from_utf8_lossy(name).to_ascii_lowercase())
}
