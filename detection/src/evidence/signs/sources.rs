use crate::evidence::sign::{Sign, sign};

pub(super) const SOURCES: &[Sign] = &[
    sign(
        &["<?"],
        r"<\?(?:php)?\s[^?]{0,400}?(?:\$[A-Za-z_]\w*\s*=|\becho\b|\bprint|define\s*\(|require|include|function |class |namespace |\buse )",
    ),
    sign(&["<?"], r"\A\s*<\?(?:php)?(?:\s|\z)"),
    sign(
        &["require", "include"],
        r#"(?m)^\s*(?:require|include)(?:_once)?\s*\(?\s*['"][^'"\n]{1,200}\.(?:php|inc)['"]"#,
    ),
    sign(
        &["$_get", "$_post", "$_request", "$_server", "file_get_contents", "mysqli"],
        r"\$[A-Za-z_]\w*\s*=\s*(?:\$_(?:GET|POST|REQUEST|SERVER|COOKIE)\b|file_get_contents\s*\(|new mysqli|mysqli_connect)",
    ),
    sign(
        &["<%@"],
        r"(?i)<%@\s*(?:page|import|taglib|include|language|webhandler|webservice|master|control|application)\b",
    ),
    sign(
        &["<%"],
        r"(?i)<%=?\s*(?:dim |set |option explicit|response\.|server\.|request\.|string |out\.print|@\w)",
    ),
    sign(&["#!/"], r"(?m)^#!/(?:usr/)?(?:local/)?bin/(?:env )?[a-z]"),
    sign(&["secret_key"], r"(?m)^SECRET_KEY\s*="),
    sign(&["dependencies"], r#""(?:dev)?[dD]ependencies"\s*:\s*\{"#),
    sign(&["pd9waha"], r"PD9waHA[A-Za-z0-9+/=]{12,}"),
];
