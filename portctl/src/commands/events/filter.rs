use serde_json::{Map, Value, json};

use crate::cli::EventFilter;

impl EventFilter {
    /// What REST calls it; what was not asked for is absent.
    pub(in crate::commands) fn request(&self) -> Map<String, Value> {
        let mut request = Map::new();
        let mut set = |key: &str, value: Value| {
            request.insert(key.to_owned(), value);
        };
        for (key, values) in [
            ("ips", &self.actor),
            ("urls", &self.url),
            ("hosts", &self.host),
            ("method", &self.method),
            ("sensorIds", &self.sensor),
            ("latestAttack", &self.policy),
            ("subCategory", &self.sub_category),
        ] {
            if !values.is_empty() {
                set(key, json!(values));
            }
        }
        if !self.severity.is_empty() {
            set("severity", self.severity.iter().map(|severity| severity.as_str()).collect());
        }
        if !self.kind.is_empty() {
            set("types", self.kind.iter().map(|kind| kind.as_str()).collect());
        }
        if !self.collection.is_empty() {
            set("apiCollectionIds", json!(self.collection));
        }
        if let Some(status) = self.status {
            set("statusFilter", json!(status.as_str()));
        }
        if self.successful {
            set("successfulExploit", json!(true));
        }
        if let Some(text) = &self.search {
            set("searchText", json!(text));
        }
        if let Some(since) = self.since {
            set("startTimestamp", json!(since));
        }
        if let Some(until) = self.until {
            set("endTimestamp", json!(until));
        }
        request
    }
}
