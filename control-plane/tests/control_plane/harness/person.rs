use reqwest::{Client, StatusCode};
use serde_json::Value;

use super::read;

/// Somebody with an API key.
pub struct Person {
    client: Client,
    url: String,
    key: String,
}

impl Person {
    pub fn new(url: String, key: String) -> Self {
        Self { client: Client::new(), url, key }
    }

    /// The same key at another control plane.
    pub fn at(&self, url: String) -> Self {
        Self::new(url, self.key.clone())
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// What a request that has to work answers.
    pub async fn ask(&self, name: &str, body: Value) -> Value {
        let (status, reply) = self.try_ask(name, body.clone()).await;
        assert_eq!(status, StatusCode::OK, "{name} {body}: {reply}");
        reply
    }

    pub async fn try_ask(&self, name: &str, body: Value) -> (StatusCode, Value) {
        self.send(name, body.to_string()).await
    }

    pub async fn send(&self, name: &str, body: String) -> (StatusCode, Value) {
        let request = self.client.post(format!("{}/api/{name}", self.url)).header("x-api-key", &self.key);
        let response = request.body(body).send().await.unwrap();
        (response.status(), read("post", response).await)
    }

    /// The first line of a refusal with 422.
    pub async fn refused(&self, name: &str, body: Value) -> String {
        let (status, reply) = self.try_ask(name, body.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name} {body}: {reply}");
        reply["actionErrors"][0].as_str().unwrap().to_owned()
    }

    /// The values of one key over the rows of a list.
    pub async fn rows(&self, name: &str, body: Value, list: &str, key: &str) -> Vec<Value> {
        let reply = self.ask(name, body).await;
        reply[list].as_array().unwrap().iter().map(|row| row[key].clone()).collect()
    }
}
