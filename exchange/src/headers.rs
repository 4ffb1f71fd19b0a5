use std::ops::Range;

/// Header fields in the order of the wire, duplicates kept (RFC 9110 section 5.3: order within one name matters).
///
/// Names and values are bytes, because attackers do not promise ASCII. All of them live in one block, so that a
/// message with thirty fields costs two allocations and not sixty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    block: Vec<u8>,
    fields: Vec<Field>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    start: u32,
    name_len: u32,
    value_len: u32,
}

impl Headers {
    pub fn builder() -> HeadersBuilder {
        HeadersBuilder::default()
    }

    pub fn from_pairs<N: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut builder = Self::builder();
        for (name, value) in pairs {
            builder.push(name.as_ref(), value.as_ref());
        }
        builder.build()
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// `(name, value)` in wire order, the name in the case it was sent.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| (self.bytes(field.name()), self.bytes(field.value())))
    }

    /// The first value of a field; names compare without case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The first value of a field where it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Every value of a field, in wire order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// Heap bytes held.
    pub fn memory(&self) -> usize {
        self.block.capacity() + self.fields.capacity() * size_of::<Field>()
    }

    fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.block.get(range).unwrap_or_default()
    }
}

impl Field {
    fn name(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.name_len as usize
    }

    fn value(&self) -> Range<usize> {
        let start = self.start as usize + self.name_len as usize;
        start..start + self.value_len as usize
    }
}

/// Collects fields in wire order.
#[derive(Default)]
pub struct HeadersBuilder {
    headers: Headers,
}

impl HeadersBuilder {
    /// With room for so many fields and for the bytes of their names and values.
    pub fn with_capacity(fields: usize, bytes: usize) -> Self {
        Self { headers: Headers { block: Vec::with_capacity(bytes), fields: Vec::with_capacity(fields) } }
    }

    /// Adds a field. A block past 4 GiB cannot arise: heads are capped far below by whoever reads the wire; a
    /// field that would pass it is left out.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let block = &mut self.headers.block;
        let (Ok(start), Ok(name_len), Ok(value_len)) =
            (u32::try_from(block.len()), u32::try_from(name.len()), u32::try_from(value.len()))
        else {
            return;
        };
        block.extend_from_slice(name);
        block.extend_from_slice(value);
        self.headers.fields.push(Field { start, name_len, value_len });
    }

    pub fn build(self) -> Headers {
        self.headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_stay_in_wire_order_and_names_compare_without_case() {
        let headers = Headers::from_pairs([("Cookie", "a=1"), ("Host", "api.test"), ("cookie", "b=2")]);
        assert_eq!(headers.all("COOKIE").collect::<Vec<_>>(), [b"a=1", b"b=2"]);
        assert_eq!(headers.text("host"), Some("api.test"));
        assert_eq!(headers.get("absent"), None);
        assert_eq!(headers.len(), 3);
    }
}
