use portcullis_fuzz::decode::CODINGS;

use crate::writer::Writer;

const MAX_LEN: usize = 4 << 10;

/// The coded bodies of the messages in these bytes, as the target `decode` reads them. Chunk sizes stay in: what is not
/// a valid body is a seed too.
pub(crate) fn write(mut bytes: &[u8], writer: &Writer) -> anyhow::Result<()> {
    while let Some(end) = find(bytes, b"\r\n\r\n") {
        let (head, rest) = bytes.split_at(end + 4);
        let head = head.to_ascii_lowercase();
        let next = find(rest, b"HTTP/1.1 ").unwrap_or(rest.len());
        if let Some(codings) = value(&head, b"\r\ncontent-encoding:")
            && let Some(number) = CODINGS.iter().position(|known| known.as_bytes() == codings)
        {
            let mut body = rest.get(..next).unwrap_or_default();
            if value(&head, b"\r\ntransfer-encoding:").is_some() {
                let size_line = find(body, b"\r\n").map_or(0, |end| end + 2);
                body = body.get(size_line..).unwrap_or_default();
            }
            let body = body.get(..MAX_LEN).unwrap_or(body);
            writer.seed("decode", &[&[u8::try_from(number)?, 7], body].concat())?;
        }
        bytes = rest.get(next..).unwrap_or_default();
    }
    Ok(())
}

fn value<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let after = head.get(find(head, name)? + name.len()..)?;
    Some(after.get(..find(after, b"\r\n")?)?.trim_ascii())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
