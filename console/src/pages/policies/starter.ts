/** Where a new policy begins: it is whole, and matches its own example. */
export const STARTER = `id: MyPolicy
filter:
  and:
    - method: {eq: POST}
    - url: {regex: '^/api/v[0-9]+/orders(?:/|$)'}
    - request_headers: {for_one: {key: {eq: x-client}, value: {contains_either: [partner-a, partner-b]}}}
info:
  name: Orders by a partner's key
  description: What it looks for, in a sentence.
  severity: MEDIUM
  category: {name: BROKEN_AUTHENTICATION, displayName: Broken authentication, shortName: AUTH}
  subCategory: MyPolicy
examples:
  match:
    - "POST /api/v1/orders\\nx-client: partner-a"
  no_match:
    - GET /api/v1/orders
`;
