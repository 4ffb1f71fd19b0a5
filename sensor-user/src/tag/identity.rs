use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis_exchange::{Headers, Identity};
use ring::hmac;
use serde_json::{Map, Value};

/// A longer value is no name of anybody.
const MAX_VALUE: usize = 4 << 10;
/// A token's claims; longer ones are left unread.
const MAX_CLAIMS: usize = 16 << 10;

/// How an actor is told besides its address: the first rule that finds something counts. What it finds is hashed with a key
/// that is the same on all nodes of an account, and goes nowhere else.
pub struct IdentityRules {
    rules: Vec<(Source, String)>,
    key: hmac::Key,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Header,
    Cookie,
    /// Of the JSON Web Token (RFC 7519) in `authorization: Bearer`. Nobody here can check its signature: whoever makes one up
    /// is somebody else to us, never somebody known.
    JwtClaim,
}

impl std::fmt::Debug for IdentityRules {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("IdentityRules").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl IdentityRules {
    pub fn new(rules: Vec<(Source, String)>, key: &[u8]) -> Self {
        Self { rules, key: hmac::Key::new(hmac::HMAC_SHA256, key) }
    }

    pub(super) fn of(&self, headers: &Headers) -> Option<Identity> {
        self.rules.iter().find_map(|(source, name)| {
            let value = match source {
                Source::Header => headers.text(name).map(|value| value.trim().to_owned()),
                Source::Cookie => cookie(headers, name),
                Source::JwtClaim => claim(headers, name),
            };
            let value = value.filter(|value| !value.is_empty() && value.len() <= MAX_VALUE)?;
            Some(self.hash(*source, name, &value))
        })
    }

    /// Field borders count, so that no value of one rule is one of another.
    fn hash(&self, source: Source, name: &str, value: &str) -> Identity {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&[source as u8]);
        for field in [name.to_ascii_lowercase().as_str(), value] {
            context.update(&(field.len() as u64).to_be_bytes());
            context.update(field.as_bytes());
        }
        let mut identity = [0; 16];
        identity.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        Identity(identity)
    }
}

/// RFC 6265 section 4.2.1; of several cookies of the name the first, as servers read them.
fn cookie(headers: &Headers, name: &str) -> Option<String> {
    headers.all("cookie").find_map(|line| {
        let line = String::from_utf8_lossy(line);
        line.split(';').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key.trim() == name).then(|| value.trim().trim_matches('"').to_owned())
        })
    })
}

fn claim(headers: &Headers, name: &str) -> Option<String> {
    let authorization = headers.text("authorization")?;
    let (scheme, token) = authorization.trim().split_once(' ')?;
    let claims = token.trim().split('.').nth(1).filter(|_| scheme.eq_ignore_ascii_case("bearer"))?;
    if claims.len() > MAX_CLAIMS {
        return None;
    }
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    match serde_json::from_slice::<Map<String, Value>>(&claims).ok()?.remove(name)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> IdentityRules {
        let rules = [(Source::Header, "X-User"), (Source::Cookie, "sid"), (Source::JwtClaim, "sub")];
        IdentityRules::new(rules.map(|(source, name)| (source, name.to_owned())).to_vec(), &[7; 32])
    }

    fn of(headers: &[(&str, &str)]) -> Option<Identity> {
        rules().of(&Headers::from_pairs(headers.iter().copied()))
    }

    #[test]
    fn the_first_rule_that_finds_something_counts_and_its_value_stays_here() {
        let ann = of(&[("x-user", "ann")]).unwrap();
        assert_eq!(of(&[("cookie", "a=1; sid=xyz"), ("X-User", " ann ")]), Some(ann));
        let text = ann.to_string();
        assert!(text.len() == 35 && text.starts_with("id:") && !text.contains("ann"), "{text}");
        assert_ne!(of(&[("x-user", "bob")]), Some(ann));
        assert_eq!(of(&[("x-user", ""), ("accept", "*/*")]), None);
    }

    #[test]
    fn cookies_and_claims_name_somebody_each_apart() {
        let session = of(&[("cookie", "theme=dark"), ("cookie", "sid=\"ann\"")]).unwrap();
        assert_ne!(Some(session), of(&[("x-user", "ann")]));
        let token = |claims: &str| format!("Bearer e30.{}.sig", URL_SAFE_NO_PAD.encode(claims));
        let claimed = of(&[("authorization", &token(r#"{"sub":"ann"}"#))]);
        assert!(claimed.is_some() && claimed != Some(session));
        assert!(of(&[("authorization", &token(r#"{"sub":7}"#))]).is_some());
        for bad in ["Bearer a.b", "Basic e30.e30.e30", "Bearer x.####.y", &token("[1]"), &token("{}")] {
            assert_eq!(of(&[("authorization", bad)]), None, "{bad}");
        }
    }

    #[test]
    fn another_key_makes_another_identity() {
        let other = IdentityRules::new(vec![(Source::Header, "x-user".to_owned())], &[8; 32]);
        let headers = Headers::from_pairs([("x-user", "ann")]);
        assert_ne!(other.of(&headers), rules().of(&headers));
    }
}
