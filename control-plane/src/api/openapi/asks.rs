use utoipa::{
    PartialSchema,
    openapi::{
        Object, ObjectBuilder, RefOr,
        schema::{Schema, SchemaType, Type},
    },
};

/// What a call asks for: types that each take their part of the body.
pub(in crate::api) trait Asks {
    /// All their keys in one object.
    fn schema() -> Object;
}

impl Asks for () {
    fn schema() -> Object {
        ObjectBuilder::new().schema_type(SchemaType::Type(Type::Object)).build()
    }
}

macro_rules! several {
    ($($part:ident),+) => {
        impl<$($part: PartialSchema),+> Asks for ($($part,)+) {
            fn schema() -> Object {
                let mut whole = <() as Asks>::schema();
                $(take(&mut whole, $part::schema());)+
                whole
            }
        }
    };
}

several!(A);
several!(A, B);
several!(A, B, C);
several!(A, B, C, D);
several!(A, B, C, D, E);

fn take(whole: &mut Object, part: RefOr<Schema>) {
    let RefOr::T(Schema::Object(part)) = part else { return };
    whole.properties.extend(part.properties);
    whole.required.extend(part.required);
}
