use serde_json::{Map, Value, json};
use utoipa::{
    ToSchema,
    openapi::{RefOr, schema::Schema},
};

/// What a call answers where it does what it is asked.
pub(super) enum Answers {
    Json {
        schema: Box<RefOr<Schema>>,
        named: Named,
    },
    /// A file in one of these types.
    File(&'static [&'static str]),
}

type Named = Vec<(String, RefOr<Schema>)>;

impl Answers {
    pub(super) fn json<T: ToSchema>() -> Self {
        let mut named = Vec::new();
        T::schemas(&mut named);
        Self::Json { schema: Box::new(T::schema()), named }
    }

    pub(super) fn content(&self) -> Value {
        match self {
            Self::Json { schema, .. } => json!({ "application/json": { "schema": schema } }),
            Self::File(kinds) => kinds.iter().map(|kind| ((*kind).to_owned(), json!({}))).collect(),
        }
    }

    /// The types that its schema refers to, by name.
    pub(super) fn named(&self) -> &[(String, RefOr<Schema>)] {
        match self {
            Self::Json { named, .. } => named,
            Self::File(_) => &[],
        }
    }
}

/// A reply has all of its keys and no others; what is flattened into it has its keys there.
pub(super) fn whole(schema: &mut Value, named: &Map<String, Value>) {
    match schema {
        Value::Array(several) => several.iter_mut().for_each(|one| whole(one, named)),
        Value::Object(object) => {
            if let Some(Value::Array(parts)) = object.remove("allOf") {
                flatten(object, parts, named);
            }
            object.values_mut().for_each(|one| whole(one, named));
            let Some(Value::Object(properties)) = object.get("properties") else { return };
            let keys: Vec<_> = properties.keys().cloned().collect();
            object.insert("required".to_owned(), json!(keys));
            object.insert("additionalProperties".to_owned(), json!(false));
        }
        _ => {}
    }
}

fn flatten(into: &mut Map<String, Value>, parts: Vec<Value>, named: &Map<String, Value>) {
    let mut properties = Map::new();
    for part in parts {
        let name = part.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
        let mut part = name.and_then(|name| named.get(name)).cloned().unwrap_or(part);
        if let Some(Value::Array(parts)) = part.as_object_mut().and_then(|part| part.remove("allOf")) {
            let mut inner = Map::new();
            flatten(&mut inner, parts, named);
            part = Value::Object(inner);
        }
        if let Some(Value::Object(more)) = part.get_mut("properties").map(Value::take) {
            properties.extend(more);
        }
    }
    into.insert("type".to_owned(), json!("object"));
    into.insert("properties".to_owned(), Value::Object(properties));
}
