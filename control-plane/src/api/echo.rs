use std::marker::PhantomData;

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        AllOfBuilder, ArrayBuilder, ObjectBuilder, RefOr,
        schema::{KnownFormat, Schema, SchemaFormat, SchemaType, Type},
    },
};

use super::sort::DEFAULT_LIMIT;
use crate::clock::EpochMillis;

/// What a documented request key holds in the reply: what was given where that fits, else its default.
#[derive(Clone, Copy)]
pub(super) enum Echo {
    /// A list of texts, or null.
    Texts,
    /// A list of whole numbers, or null.
    Numbers,
    /// A text, or null.
    Text,
    /// True or false, or null.
    Flag,
    /// Whether to sort by severity: a truth value or a direction, or null.
    BySeverity,
    /// An object of directions, or null.
    Sort,
    /// A whole number, or 0.
    Count,
    /// A whole number, or the usual length of a page.
    Limit,
    /// Epoch seconds, or now.
    UntilNow,
    /// Null whatever was asked, as the page prints it.
    Nothing,
    /// 0 whatever was asked.
    Zero,
    /// The page prints `"SUCCESS"` for these, whatever was asked.
    Success,
}

impl Echo {
    fn of(self, given: Option<&Value>) -> Value {
        match given.filter(|given| self.fits(given)) {
            Some(given) => given.clone(),
            None => match self {
                Self::Count | Self::Zero => json!(0),
                Self::Limit => json!(DEFAULT_LIMIT),
                Self::UntilNow => json!(EpochMillis::now().seconds()),
                Self::Success => json!("SUCCESS"),
                _ => Value::Null,
            },
        }
    }

    fn fits(self, given: &Value) -> bool {
        let all = |fits: fn(&Value) -> bool| given.as_array().is_some_and(|list| list.iter().all(fits));
        match self {
            Self::Texts => all(Value::is_string),
            Self::Numbers => all(Value::is_i64),
            Self::Text => given.is_string(),
            Self::Flag => given.is_boolean(),
            Self::BySeverity => given.is_boolean() || given.is_i64(),
            Self::Sort => given.as_object().is_some_and(|sort| sort.values().all(Value::is_i64)),
            Self::Count | Self::Limit | Self::UntilNow => given.is_u64(),
            Self::Nothing | Self::Zero | Self::Success => false,
        }
    }

    fn schema(self) -> RefOr<Schema> {
        let of = |types: &[Type]| {
            let types = match types {
                [one] => SchemaType::Type(one.clone()),
                several => several.iter().cloned().collect(),
            };
            ObjectBuilder::new().schema_type(types)
        };
        let int64 = Some(SchemaFormat::KnownFormat(KnownFormat::Int64));
        let list = |item: Type| {
            let types: SchemaType = [Type::Array, Type::Null].into_iter().collect();
            Schema::from(ArrayBuilder::new().schema_type(types).items(ObjectBuilder::new().schema_type(item)))
        };
        let object = match self {
            Self::Texts => return list(Type::String).into(),
            Self::Numbers => return list(Type::Integer).into(),
            Self::Text => of(&[Type::String, Type::Null]),
            Self::Flag => of(&[Type::Boolean, Type::Null]),
            Self::BySeverity => of(&[Type::Boolean, Type::Integer, Type::Null]),
            Self::Sort => of(&[Type::Object, Type::Null])
                .additional_properties(Some(ObjectBuilder::new().schema_type(Type::Integer))),
            Self::Count | Self::Limit | Self::UntilNow => of(&[Type::Integer]).format(int64).minimum(Some(0)),
            Self::Nothing => of(&[Type::Null]),
            Self::Zero => of(&[Type::Integer]).enum_values(Some([0])),
            Self::Success => of(&[Type::String]).enum_values(Some(["SUCCESS"])),
        };
        Schema::Object(object.build()).into()
    }
}

/// The request keys that a reply has, besides what it tells.
pub(super) trait Echoes: Send + 'static {
    const KEYS: &'static [(&'static str, Echo)];
}

/// A result behind the documented keys of its request; its own keys win.
pub(super) struct Echoed<E, T> {
    echo: Map<String, Value>,
    result: T,
    of: PhantomData<E>,
}

impl<E: Echoes, T: Serialize> Echoed<E, T> {
    pub(super) fn new(raw: &Map<String, Value>, result: T) -> Self {
        let echo = |(key, echo): &(&str, Echo)| ((*key).to_owned(), echo.of(raw.get(*key)));
        Self { echo: E::KEYS.iter().map(echo).collect(), result, of: PhantomData }
    }
}

impl<E, T: Serialize> Serialize for Echoed<E, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reply = self.echo.clone();
        if let Value::Object(result) = serde_json::to_value(&self.result).map_err(S::Error::custom)? {
            reply.extend(result);
        }
        reply.serialize(serializer)
    }
}

impl<E: Echoes, T: ToSchema> PartialSchema for Echoed<E, T> {
    fn schema() -> RefOr<Schema> {
        let echo = ObjectBuilder::new().schema_type(Type::Object);
        let echo = E::KEYS.iter().fold(echo, |object, (key, echo)| object.property(*key, echo.schema()));
        Schema::AllOf(AllOfBuilder::new().item(echo).item(T::schema()).build()).into()
    }
}

impl<E: Echoes, T: ToSchema> ToSchema for Echoed<E, T> {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Keys;

    impl Echoes for Keys {
        const KEYS: &'static [(&'static str, Echo)] = &[
            ("skip", Echo::Count),
            ("limit", Echo::Limit),
            ("sort", Echo::Sort),
            ("host", Echo::Texts),
            ("timeline", Echo::Success),
            ("total", Echo::Zero),
        ];
    }

    #[test]
    fn given_keys_come_back_and_those_that_are_absent_or_misfit_have_their_default() {
        let Value::Object(raw) = json!({"skip": 5, "sort": null, "host": "a", "other": 1}) else {
            panic!("an object")
        };
        let reply = Echoed::<Keys, _>::new(&raw, json!({"total": 7}));
        assert_eq!(
            serde_json::to_value(reply).unwrap(),
            json!({"skip": 5, "limit": 50, "sort": null, "host": null, "timeline": "SUCCESS", "total": 7})
        );
    }
}
