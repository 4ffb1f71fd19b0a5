//! Many GraphQL operations in one request, past limits that count requests.

use portcullis_exchange::Request;

/// Clients bundle what one page needs, which is fewer.
const MANY_OPERATIONS: usize = 10;

/// A list of operations as a body. Gives how many there are.
pub(super) fn batch(request: &Request) -> Option<usize> {
    let body = request.body.bytes.trim_ascii();
    if !body.starts_with(b"[") {
        return None;
    }
    let count = |key: &[u8]| memchr::memmem::find_iter(body, key).take(1000).count();
    let operations = count(b"\"query\"");
    if operations < MANY_OPERATIONS {
        return None;
    }
    let path = request.path().to_ascii_lowercase();
    let is_graphql =
        ["graphql", "/gql"].iter().any(|name| memchr::memmem::find(&path, name.as_bytes()).is_some());
    (is_graphql || count(b"\"operationName\"") >= MANY_OPERATIONS).then_some(operations)
}
