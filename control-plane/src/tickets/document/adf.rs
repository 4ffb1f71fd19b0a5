use serde_json::{Value, json};

use super::{Block, Document, Inline};

/// Atlassian Document Format, version 1: what Jira Cloud's REST API 3 takes for texts of several lines. Text in it is text, so
/// nothing needs escaping; a text node is never empty.
pub(in crate::tickets) fn adf(document: &Document) -> Value {
    let content: Vec<_> = document.0.iter().filter_map(block).collect();
    json!({ "version": 1, "type": "doc", "content": content })
}

fn block(block: &Block) -> Option<Value> {
    let content = match block {
        Block::Heading(text) => vec![text_node(text)?],
        Block::Code(text) => vec![text_node(text)?],
        Block::Paragraph(lines) => {
            let lines = lines.iter().map(|line| line.iter().filter_map(inline).collect::<Vec<_>>());
            lines.collect::<Vec<_>>().join(&json!({ "type": "hardBreak" }))
        }
    };
    Some(match block {
        Block::Heading(_) => json!({ "type": "heading", "attrs": { "level": 3 }, "content": content }),
        Block::Code(_) => json!({ "type": "codeBlock", "content": content }),
        Block::Paragraph(_) => json!({ "type": "paragraph", "content": content }),
    })
}

fn inline(inline: &Inline) -> Option<Value> {
    match inline {
        Inline::Text(text) => text_node(text),
        Inline::Link(url) => Some(json!({
            "type": "text", "text": url, "marks": [{ "type": "link", "attrs": { "href": url } }],
        })),
    }
}

fn text_node(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| json!({ "type": "text", "text": text }))
}

#[cfg(test)]
mod tests {
    use super::{super::tests::hostile, *};

    #[test]
    fn whatever_is_written_stays_text() {
        let document = adf(&hostile());
        assert_eq!((&document["version"], &document["type"]), (&json!(1), &json!("doc")));
        let [heading, paragraph, code] = document["content"].as_array().unwrap().as_slice() else {
            panic!("{document}")
        };
        assert_eq!((&heading["type"], &heading["attrs"]["level"]), (&json!("heading"), &json!(3)));
        assert_eq!(paragraph["content"][1], json!({ "type": "hardBreak" }));
        assert_eq!(
            paragraph["content"][2]["marks"][0]["attrs"]["href"],
            "https://console.example/issues/7?a=1&b=2"
        );
        assert!(paragraph["content"][0].get("marks").is_none());
        assert!(code["content"][0]["text"].as_str().unwrap().contains("</pre>{noformat}"));
    }

    #[test]
    fn no_text_node_is_empty() {
        let empty = Document(vec![
            Block::Code(String::new()),
            Block::Paragraph(vec![vec![Inline::Text(String::new())]]),
        ]);
        assert_eq!(adf(&empty)["content"], json!([{ "type": "paragraph", "content": [] }]));
    }
}
