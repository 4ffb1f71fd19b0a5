use std::sync::LazyLock;

use ahash::RandomState;
use portcullis_exchange::{Headers, TaggedExchange, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AuthKind, Parameter, ParameterPlace, SensitiveSeen, auth_of, sensitive};
use crate::{
    baseline::EndpointBaseline,
    sensitive::Sensitive,
    view::{Field, Place, Views},
};

const MAX_PARAMETERS: usize = 64;
const MAX_NAME: usize = 96;
const MAX_STATUSES: usize = 16;
const MAX_TYPES: usize = 8;
const MAX_TYPE: usize = 64;
/// Fields of one request that are looked at.
const MAX_FIELDS: usize = 256;

/// Alike in every run, since hashes are kept.
static VALUES: LazyLock<RandomState> =
    LazyLock::new(|| RandomState::with_seeds(0x7661, 0x6c75, 0x6573, 0x2e2e));

/// One method of one template, and how much of it was told.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) facts: EndpointFacts,
    /// What of them an earlier process counted, which was told by it.
    before: Option<Box<EndpointFacts>>,
    pub(crate) baseline: EndpointBaseline,
    pub(super) telling: Telling,
    /// The minute in which sensitive data was looked for last.
    looked_at: u64,
}

/// What the control plane has, what is on its way there, and what there is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Telling {
    /// Raised by every exchange.
    pub(super) counted: u64,
    /// As `counted` was when something besides a count changed last.
    pub(super) changed: u64,
    pub(super) told: u64,
    /// The batch that it is in, and what will be told by it.
    pub(super) under_way: Option<(u64, u64)>,
}

/// What is known of an endpoint since it was founded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EndpointFacts {
    /// When it was founded. One that was forgotten and came again is another one, and counts from zero.
    #[serde(serialize_with = "nanos", deserialize_with = "of_nanos")]
    pub since: Timestamp,
    #[serde(serialize_with = "nanos", deserialize_with = "of_nanos")]
    pub first: Timestamp,
    #[serde(serialize_with = "nanos", deserialize_with = "of_nanos")]
    pub last: Timestamp,
    pub requests: u64,
    /// Statuses with how often each came; past 16 different ones they are counted under 0.
    pub statuses: Vec<(u16, u64)>,
    pub parameters: Vec<Parameter>,
    /// Parameters past the first 64, which are not kept.
    pub parameters_left_out: u64,
    /// By [`AuthKind::ALL`].
    pub auth: [u64; AuthKind::ALL.len()],
    pub request_types: Vec<String>,
    pub response_types: Vec<String>,
    /// Of exchanges that did not fail: the first few, one a minute, and answers in which policies looked for it.
    pub sensitive: SensitiveSeen,
}

impl Endpoint {
    pub(super) fn new(now: Timestamp) -> Self {
        let facts = EndpointFacts {
            since: now,
            first: now,
            last: now,
            requests: 0,
            statuses: Vec::new(),
            parameters: Vec::new(),
            parameters_left_out: 0,
            auth: [0; AuthKind::ALL.len()],
            request_types: Vec::new(),
            response_types: Vec::new(),
            sensitive: SensitiveSeen::default(),
        };
        let (baseline, telling) = (EndpointBaseline::new(now), Telling::default());
        Self { facts, before: None, baseline, telling, looked_at: 0 }
    }

    /// As an earlier process left it: known from the first request on, and told of again when there is something new.
    pub(super) fn restored(mut facts: EndpointFacts, baseline: EndpointBaseline, now: Timestamp) -> Self {
        facts.statuses.truncate(MAX_STATUSES + 1);
        facts.parameters.truncate(MAX_PARAMETERS);
        facts.request_types.truncate(MAX_TYPES);
        facts.response_types.truncate(MAX_TYPES);
        let before = Some(Box::new(EndpointFacts { since: now, ..facts.clone() }));
        let telling = Telling { counted: 1, changed: 1, told: 1, under_way: None };
        Self { facts, before, baseline, telling, looked_at: 0 }
    }

    /// The facts with only those counts that this process added, since its own beginning.
    pub(super) fn told(&self) -> EndpointFacts {
        self.before.as_ref().map_or_else(|| self.facts.clone(), |before| self.facts.without(before))
    }

    pub(super) fn note<'x>(
        &mut self,
        tagged: &TaggedExchange,
        views: &Views<'_>,
        in_path: impl Iterator<Item = (&'x [u8], &'x [u8])>,
    ) -> bool {
        let exchange = &tagged.exchange;
        let (Some(request), Some(response)) = (&exchange.request, &exchange.response) else { return false };
        let facts = &mut self.facts;
        facts.requests += 1;
        facts.first = facts.first.min(exchange.started_at);
        facts.last = facts.last.max(exchange.completed_at);
        let mut changed = facts.note_status(response.status);
        if let Some(count) = facts.auth.get_mut(auth_of(request, views) as usize) {
            changed |= *count == 0;
            *count += 1;
        }
        // What a failed request carried tells what somebody tried, not what the endpoint takes.
        if response.status < 400 {
            changed |= note_type(&mut facts.request_types, &request.headers);
            changed |= note_type(&mut facts.response_types, &response.headers);
            for (name, value) in in_path {
                changed |= facts.note_parameter(ParameterPlace::Path, &String::from_utf8_lossy(name), value);
            }
            for (place, field) in parameters(views) {
                if let Some(view) = field.views.last() {
                    changed |= facts.note_parameter(place, &field.name, view.text.bytes());
                }
            }
        }
        self.telling.counted += 1;
        if changed {
            self.telling.changed = self.telling.counted;
        }
        changed
    }

    /// Sensitive data of an exchange; `known` is what of the answer was found for other reasons.
    pub(crate) fn note_sensitive(&mut self, tagged: &TaggedExchange, known: Option<&[Sensitive]>) {
        let minute = tagged.exchange.completed_at.seconds() / 60;
        let is_time = sensitive::is_time(self.facts.requests, minute, self.looked_at);
        let failed = tagged.exchange.response.as_ref().is_none_or(|response| response.status >= 400);
        if failed || !(is_time || known.is_some_and(|known| !known.is_empty())) {
            return;
        }
        self.looked_at = if is_time { minute } else { self.looked_at };
        if self.facts.sensitive.note(tagged, known, is_time) {
            self.telling.changed = self.telling.counted;
        }
    }

    /// Both are the same endpoint, as it turned out.
    pub(super) fn take_in(&mut self, other: Self) {
        if other.facts.requests > self.facts.requests {
            self.baseline = other.baseline;
        }
        self.facts.take_in(other.facts);
        match (&mut self.before, other.before) {
            (Some(before), Some(other)) => before.take_in(*other),
            (before, other) => *before = before.take().or(other),
        }
        self.telling.counted += 1;
        self.telling.changed = self.telling.counted;
    }
}

impl EndpointFacts {
    fn note_status(&mut self, status: u16) -> bool {
        if let Some((_, count)) = self.statuses.iter_mut().find(|(known, _)| *known == status) {
            *count += 1;
            return false;
        }
        if self.statuses.len() < MAX_STATUSES {
            self.statuses.push((status, 1));
            return true;
        }
        match self.statuses.iter_mut().find(|(known, _)| *known == 0) {
            Some((_, count)) => *count += 1,
            None => self.statuses.push((0, 1)),
        }
        false
    }

    fn note_parameter(&mut self, place: ParameterPlace, name: &str, value: &[u8]) -> bool {
        let name = name.get(..name.floor_char_boundary(MAX_NAME)).unwrap_or_default();
        let known = self.parameters.iter_mut().find(|known| known.place == place && *known.name == *name);
        if let Some(known) = known {
            known.note(value, &VALUES);
            return false;
        }
        if self.parameters.len() >= MAX_PARAMETERS {
            self.parameters_left_out += 1;
            return false;
        }
        let mut parameter = Parameter::new(place, name);
        parameter.note(value, &VALUES);
        self.parameters.push(parameter);
        true
    }

    fn without(&self, before: &Self) -> Self {
        let mut facts = Self { since: before.since, ..self.clone() };
        facts.requests = facts.requests.saturating_sub(before.requests);
        facts.parameters_left_out = facts.parameters_left_out.saturating_sub(before.parameters_left_out);
        for (status, count) in &mut facts.statuses {
            let known = before.statuses.iter().find(|(known, _)| known == status);
            *count = count.saturating_sub(known.map_or(0, |(_, count)| *count));
        }
        facts.statuses.retain(|(_, count)| *count > 0);
        facts
            .auth
            .iter_mut()
            .zip(before.auth)
            .for_each(|(count, known)| *count = count.saturating_sub(known));
        for parameter in &mut facts.parameters {
            let same = |known: &&Parameter| known.place == parameter.place && known.name == parameter.name;
            let known = before.parameters.iter().find(same);
            parameter.seen = parameter.seen.saturating_sub(known.map_or(0, |known| known.seen));
        }
        facts
    }

    fn take_in(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.requests += other.requests;
        for (status, count) in other.statuses {
            self.note_status(status);
            if let Some((_, known)) = self.statuses.iter_mut().find(|(known, _)| *known == status) {
                *known += count - 1;
            }
        }
        for parameter in other.parameters {
            let has_room = self.parameters.len() < MAX_PARAMETERS;
            let same =
                |known: &&mut Parameter| known.place == parameter.place && known.name == parameter.name;
            match self.parameters.iter_mut().find(same) {
                Some(known) => known.take_in(&parameter),
                None if has_room => self.parameters.push(parameter),
                None => self.parameters_left_out += 1,
            }
        }
        self.parameters_left_out += other.parameters_left_out;
        self.sensitive.join(other.sensitive);
        self.auth.iter_mut().zip(other.auth).for_each(|(known, count)| *known += count);
        for (mine, theirs) in
            [(&mut self.request_types, other.request_types), (&mut self.response_types, other.response_types)]
        {
            for one in theirs {
                if mine.len() < MAX_TYPES && !mine.contains(&one) {
                    mine.push(one);
                }
            }
        }
    }
}

fn nanos<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    time.nanos().serialize(serializer)
}

fn of_nanos<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Timestamp, D::Error> {
    u64::deserialize(deserializer).map(Timestamp::from_nanos)
}

/// Values that a client chooses by name.
pub(crate) fn parameters<'v, 'x>(
    views: &'v Views<'x>,
) -> impl Iterator<Item = (ParameterPlace, &'v Field<'x>)> {
    views.fields.iter().take(MAX_FIELDS).filter_map(|field| {
        let place = match field.place {
            Place::Query => ParameterPlace::Query,
            Place::Cookie => ParameterPlace::Cookie,
            Place::Form | Place::Json | Place::Multipart => ParameterPlace::Body,
            _ => return None,
        };
        (!field.is_name && !field.name.is_empty()).then_some((place, field))
    })
}

/// The media type without its parameters (RFC 9110 section 8.3.1).
fn note_type(known: &mut Vec<String>, headers: &Headers) -> bool {
    let Some(value) = headers.text("content-type") else { return false };
    let name = value.split(';').next().unwrap_or_default().trim();
    if name.is_empty() || name.len() > MAX_TYPE || known.len() >= MAX_TYPES {
        return false;
    }
    if known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return false;
    }
    known.push(name.to_ascii_lowercase());
    true
}
