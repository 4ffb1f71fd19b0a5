use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::store::Role;

/// Those that OpenID Connect does not define: groups are called differently everywhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Claims(#[serde(default)] pub(super) Map<String, Value>);

impl AdditionalClaims for Claims {}

impl Claims {
    /// The highest that any value of the claim gives.
    pub(super) fn role(&self, claim: &str, roles: &[(String, Role)]) -> Option<Role> {
        let values: Vec<&str> = match self.0.get(claim)? {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        roles.iter().filter(|(group, _)| values.contains(&group.as_str())).map(|(_, role)| *role).max()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_highest_role_of_all_groups_counts_and_nobody_has_one_by_default() {
        let roles = [("staff".to_owned(), Role::Viewer), ("soc".to_owned(), Role::Admin)];
        let role = |groups: Value| {
            let claims = json!({ "groups": groups });
            Claims(claims.as_object().unwrap().clone()).role("groups", &roles)
        };
        assert_eq!(role(json!(["staff", "soc", 7])), Some(Role::Admin));
        assert_eq!(role(json!("staff")), Some(Role::Viewer));
        for none in [json!([]), json!("Staff"), json!(null), json!({"soc": true}), json!(["soc "])] {
            assert_eq!(role(none), None);
        }
        assert_eq!(Claims(Map::new()).role("groups", &roles), None);
    }
}
