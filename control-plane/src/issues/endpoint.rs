use portcullis_detection::looks_like_identifier;
use portcullis_proto::v1::EndpointName;

use crate::store::Place;

/// What `{id}` stands for in templates that sensors learn, too.
const PARAMETER: &str = "{id}";
/// Deeper paths end in a segment that stands for all the rest, as in the inventory.
const MAX_SEGMENTS: usize = 16;

/// The endpoint that a URL, or the path of one, belongs to.
pub(super) fn of_url(method: &str, url: &str) -> Place {
    let (host, rest) = match url.split_once("://") {
        Some((_, after)) => {
            let end = after.find(['/', '?', '#']).unwrap_or(after.len());
            after.split_at_checked(end).unwrap_or((after, ""))
        }
        None => ("", url),
    };
    // Whoever logged in stands before the host, and in no issue.
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    Place {
        method: method.to_ascii_uppercase(),
        host: without_default_port(url, host).to_ascii_lowercase(),
        template: template(rest),
        detail: String::new(),
    }
}

/// The template among these that the place belongs to: the one with the fewest parameters.
pub(super) fn known<'x>(place: &Place, known: &'x [EndpointName]) -> Option<&'x str> {
    let parameters = |template: &str| template.split('/').filter(|segment| *segment == PARAMETER).count();
    known
        .iter()
        .filter(|one| one.host == place.host && one.method == place.method)
        .map(|one| one.template.as_str())
        .filter(|template| covers(template, &place.template))
        .min_by_key(|template| (parameters(template), *template))
}

fn covers(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given || (wanted == PARAMETER && !given.is_empty()) => {}
            _ => return false,
        }
    }
}

/// A `Host` header does not have it either (RFC 9110 section 7.2), and that is where sensors read hosts.
fn without_default_port<'x>(url: &str, host: &'x str) -> &'x str {
    let port = if url.starts_with("https:") { ":443" } else { ":80" };
    host.strip_suffix(port).unwrap_or(host)
}

fn template(rest: &str) -> String {
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut template = String::new();
    for (at, segment) in path.split('/').enumerate() {
        template.push('/');
        if at + 1 >= MAX_SEGMENTS {
            template.push_str(PARAMETER);
            break;
        }
        let is_parameter = looks_like_identifier(segment.as_bytes());
        template.push_str(if is_parameter { PARAMETER } else { segment });
    }
    template
}

#[cfg(test)]
mod tests {
    use portcullis_proto::v1::EndpointName;

    use super::{known, of_url};

    #[test]
    fn a_path_belongs_to_the_endpoint_that_sensors_learned_with_the_fewest_parameters() {
        let names = ["/users/{id}", "/users/me", "/{id}/{id}"].map(|template| EndpointName {
            method: "GET".into(),
            host: "shop.example".into(),
            template: template.into(),
            vni: None,
        });
        for (url, template) in [
            ("https://shop.example/users/anna", Some("/users/{id}")),
            ("https://shop.example/users/me", Some("/users/me")),
            ("https://shop.example/shops/anna", Some("/{id}/{id}")),
            ("https://shop.example/users", None),
            ("https://shop.example/users/anna/orders", None),
            ("https://other.example/users/anna", None),
        ] {
            assert_eq!(known(&of_url("GET", url), &names), template, "{url}");
        }
        assert_eq!(known(&of_url("POST", "https://shop.example/users/anna"), &names), None);
    }

    #[test]
    fn a_url_belongs_to_the_endpoint_that_its_identifiers_are_taken_out_of() {
        for (url, host, template) in [
            ("https://Shop.example/users/17/orders?x=1", "shop.example", "/users/{id}/orders"),
            ("https://shop.example:443/users/18/orders/", "shop.example", "/users/{id}/orders"),
            ("http://me:secret@shop.example:8080/", "shop.example:8080", "/"),
            ("https://shop.example?x", "shop.example", "/"),
            ("/a/0198c0de-0000-7000-8000-000000000001#top", "", "/a/{id}"),
            (&format!("/{}", "a/".repeat(40)), "", &format!("{}/{{id}}", "/a".repeat(15))),
        ] {
            let place = of_url("get", url);
            assert_eq!((place.method.as_str(), place.host.as_str()), ("GET", host), "{url}");
            assert_eq!(place.template, template, "{url}");
        }
    }
}
