use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn decoded(decoder: &mut Decoder, block: &[u8]) -> (Vec<String>, Result<(), Fault>) {
    let mut fields = Vec::new();
    let text =
        |part: Option<&[u8]>| part.map_or("?".into(), |part| String::from_utf8_lossy(part).into_owned());
    let outcome = decoder
        .decode(block, &mut |field| fields.push(format!("{}={}", text(field.name), text(field.value))));
    (fields, outcome)
}

fn sequence(table_size: Option<usize>, blocks: &[(&str, &[&str])]) {
    let mut decoder = Decoder::new();
    if let Some(size) = table_size {
        decoder.table.resize(size);
    }
    for (hex, expected) in blocks {
        let (fields, outcome) = decoded(&mut decoder, &bytes(hex));
        assert_eq!((fields.as_slice(), outcome), (expected.map_strings().as_slice(), Ok(())));
    }
}

trait MapStrings {
    fn map_strings(&self) -> Vec<String>;
}

impl MapStrings for &[&str] {
    fn map_strings(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

const FIRST: &[&str] = &[":method=GET", ":scheme=http", ":path=/", ":authority=www.example.com"];
const SECOND: &[&str] =
    &[":method=GET", ":scheme=http", ":path=/", ":authority=www.example.com", "cache-control=no-cache"];
const THIRD: &[&str] = &[
    ":method=GET",
    ":scheme=https",
    ":path=/index.html",
    ":authority=www.example.com",
    "custom-key=custom-value",
];

#[test]
fn the_field_examples_of_appendix_c_2() {
    for (hex, field) in [
        ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", "custom-key=custom-header"),
        ("040c2f73616d706c652f70617468", ":path=/sample/path"),
        ("100870617373776f726406736563726574", "password=secret"),
        ("82", ":method=GET"),
    ] {
        sequence(None, &[(hex, &[field])]);
    }
}

#[test]
fn the_request_examples_of_appendix_c_3() {
    sequence(
        None,
        &[
            ("828684410f7777772e6578616d706c652e636f6d", FIRST),
            ("828684be58086e6f2d6361636865", SECOND),
            ("828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", THIRD),
        ],
    );
}

#[test]
fn the_huffman_request_examples_of_appendix_c_4() {
    sequence(
        None,
        &[
            ("828684418cf1e3c2e5f23a6ba0ab90f4ff", FIRST),
            ("828684be5886a8eb10649cbf", SECOND),
            ("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", THIRD),
        ],
    );
}

const RESPONSE: &[&str] = &[
    ":status=302",
    "cache-control=private",
    "date=Mon, 21 Oct 2013 20:13:21 GMT",
    "location=https://www.example.com",
];
const SECOND_RESPONSE: &[&str] = &[
    ":status=307",
    "cache-control=private",
    "date=Mon, 21 Oct 2013 20:13:21 GMT",
    "location=https://www.example.com",
];
const THIRD_RESPONSE: &[&str] = &[
    ":status=200",
    "cache-control=private",
    "date=Mon, 21 Oct 2013 20:13:22 GMT",
    "location=https://www.example.com",
    "content-encoding=gzip",
    "set-cookie=foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
];

#[test]
fn the_response_examples_of_appendix_c_5_with_a_small_table() {
    sequence(
        Some(256),
        &[
            (
                "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54\
             6e1768747470733a2f2f7777772e6578616d706c652e636f6d",
                RESPONSE,
            ),
            ("4803333037c1c0bf", SECOND_RESPONSE),
            (
                "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f\
             3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b20\
             76657273696f6e3d31",
                THIRD_RESPONSE,
            ),
        ],
    );
}

#[test]
fn the_huffman_response_examples_of_appendix_c_6_with_a_small_table() {
    sequence(
        Some(256),
        &[
            (
                "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f\
             0b97c8e9ae82ae43d3",
                RESPONSE,
            ),
            ("4883640effc1c0bf", SECOND_RESPONSE),
            (
                "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335df\
             dfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
                THIRD_RESPONSE,
            ),
        ],
    );
}

#[test]
fn after_joining_unknown_entries_are_marked_and_new_ones_known() {
    let mut decoder = Decoder::joining();
    // An unknown field, a known name with an unknown entry's, a new entry, and that entry.
    let block = [&[0xc0, 0x82][..], &[0x7e, 1, b'v'], &[0x40, 1, b'n', 1, b'w'], &[0xbe, 0xbf]].concat();
    let (fields, outcome) = decoded(&mut decoder, &block);
    assert_eq!((fields.join(" ").as_str(), outcome), ("?=? :method=GET ?=v n=w n=w ?=v", Ok(())));
}

#[test]
fn what_a_receiver_would_refuse_is_a_fault_after_the_fields_before_it() {
    for (block, fault) in [
        (&[0x82, 0xbe][..], Fault::Index),
        (&[0x82, 0x80], Fault::Index),
        (&[0x82, 0x20], Fault::SizeUpdate),
        (&[0x3f, 0xe2, 0x1f, 0x82], Fault::SizeUpdate),
        (&[0x82, 0x40, 5, b'a'], Fault::Truncated),
        (&[0x82, 0x00, 0x81, 0x00, 0], Fault::Huffman),
    ] {
        let (fields, outcome) = decoded(&mut Decoder::new(), block);
        assert_eq!(outcome, Err(fault), "{block:x?}");
        assert_eq!(fields.len(), usize::from(block[0] == 0x82));
    }
}

#[test]
fn a_larger_table_is_used_where_the_receiver_allowed_it() {
    let mut decoder = Decoder::new();
    decoder.allow(8192);
    assert_eq!(decoded(&mut decoder, &[0x3f, 0xe1, 0x3f, 0x82]).1, Ok(()));
}
