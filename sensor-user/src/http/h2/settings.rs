//! The settings that say how header blocks are to be read.

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use portcullis_exchange::Request;

/// Identifier and value (RFC 9113 section 6.5.1).
pub(super) const SETTING_LEN: usize = 6;
const SETTINGS_HEADER_TABLE_SIZE: [u8; 2] = [0, 1];
/// SETTINGS_HEADER_TABLE_SIZE until it is set.
const INITIAL_TABLE: u32 = 4096;

/// Base64url without padding (RFC 7540 section 3.2.1); with it, as some send it, it means the same.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The value of one setting, if it is this one.
pub(super) fn header_table_size([identifier @ .., a, b, c, d]: [u8; SETTING_LEN]) -> Option<u32> {
    (identifier == SETTINGS_HEADER_TABLE_SIZE).then(|| u32::from_be_bytes([a, b, c, d]))
}

/// The largest header table that the client of an upgrade allows, by its HTTP2-Settings. `None` where that is not there
/// once, or no settings: a server that switches all the same is not known to have read anything of it.
pub(super) fn of_upgrade(request: &Request) -> Option<usize> {
    let mut fields = request.headers.all("http2-settings");
    let (Some(field), None) = (fields.next(), fields.next()) else { return None };
    let settings = BASE64URL.decode(field.trim_ascii()).ok()?;
    let (settings, []) = settings.as_chunks::<SETTING_LEN>() else { return None };
    // Of a setting that is there twice the last one counts (RFC 9113 section 6.5.3).
    let size = settings.iter().rev().find_map(|setting| header_table_size(*setting));
    usize::try_from(size.unwrap_or(INITIAL_TABLE)).ok()
}

#[cfg(test)]
mod tests {
    use portcullis_exchange::Headers;

    use super::*;

    fn allowed(values: &[&str]) -> Option<usize> {
        let mut headers = Headers::builder();
        values.iter().for_each(|value| headers.push(b"HTTP2-Settings", value.as_bytes()));
        of_upgrade(&Request { headers: headers.build(), ..Request::default() })
    }

    #[test]
    fn the_header_table_size_is_read_from_an_upgrade() {
        assert_eq!(allowed(&["AAEAACAA"]), Some(8192));
        assert_eq!(allowed(&["AAMAAABkAAEAAIAAAAQAAP__"]), Some(32_768));
        assert_eq!(allowed(&["AAEAACAAAAEAAQAA"]), Some(65_536));
        assert_eq!(allowed(&["AAMAAABkAAQAAP__"]), Some(4096));
        assert_eq!(allowed(&[""]), Some(4096));
    }

    #[test]
    fn what_is_no_settings_allows_nothing_in_particular() {
        assert_eq!(allowed(&[]), None);
        assert_eq!(allowed(&["AAEAACAA", "AAEAACAA"]), None);
        assert_eq!(allowed(&["AAEAAC"]), None);
        assert_eq!(allowed(&["AAEAAC+/"]), None);
        assert_eq!(allowed(&["not base64"]), None);
    }
}
