//! Log-in by an OpenID Connect provider: a small real one over HTTP, with its own key, and every way its token can be wrong.

use std::sync::{Arc, Mutex};

use axum::{
    Form, Json, Router,
    extract::State,
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use control_plane::{OidcSettings, store::Role};
use reqwest::{Client, Response, StatusCode, header::LOCATION, redirect::Policy};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Plane, read};

const CLIENT: &str = "portcullis";

/// OpenID Connect Core's authorization code flow, as far as a client sees it.
struct Provider {
    issuer: String,
    key: EcdsaKeyPair,
    random: SystemRandom,
    /// The challenge of the code that was given out; a code is good for once.
    challenge: Mutex<Option<String>>,
    /// Claims of the next token, over those of ada's.
    claims: Mutex<Value>,
    /// Given out in place of a token of its own.
    forged: Mutex<Option<String>>,
}

#[derive(Deserialize)]
struct Exchange {
    code: String,
    code_verifier: String,
    redirect_uri: String,
}

impl Provider {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let (challenge, claims, forged) = (Mutex::default(), Mutex::new(json!({})), Mutex::default());
        let provider = Arc::new(Self { issuer, key, random, challenge, claims, forged });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discover))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    fn sign(&self, claims: &Value) -> String {
        let header = BASE64.encode(json!({"alg": "ES256", "kid": "1", "typ": "JWT"}).to_string());
        let message = format!("{header}.{}", BASE64.encode(claims.to_string()));
        let signature = self.key.sign(&self.random, message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64.encode(signature))
    }

    fn settings(&self) -> OidcSettings {
        OidcSettings {
            name: "Example".to_owned(),
            issuer: self.issuer.clone(),
            client_id: CLIENT.to_owned(),
            secret: None,
            public_url: "http://console.test/".to_owned(),
            scopes: vec!["profile".to_owned()],
            claim: "groups".to_owned(),
            roles: vec![("soc".to_owned(), Role::Analyst), ("ops".to_owned(), Role::Admin)],
            passwords_too: true,
        }
    }
}

async fn discover(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let issuer = &provider.issuer;
    Json(json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn keys(State(provider): State<Arc<Provider>>) -> Json<Value> {
    // An uncompressed point: 4, x, y.
    let (x, y) = provider.key.public_key().as_ref()[1..].split_at(32);
    Json(json!({"keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "1",
        "x": BASE64.encode(x), "y": BASE64.encode(y),
    }]}))
}

async fn token(
    State(provider): State<Arc<Provider>>,
    Form(exchange): Form<Exchange>,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let challenge = provider.challenge.lock().unwrap().take();
    let shown = BASE64.encode(Sha256::digest(exchange.code_verifier));
    if exchange.code != "the-code"
        || challenge != Some(shown)
        || exchange.redirect_uri != "http://console.test/session/oidc/callback"
    {
        return Err((StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))));
    }
    let forged = provider.forged.lock().unwrap().take();
    let token = forged.unwrap_or_else(|| provider.sign(&provider.claims.lock().unwrap()));
    Ok(Json(json!({"access_token": "x", "token_type": "Bearer", "id_token": token})))
}

/// A browser that was sent to the provider.
struct Away {
    state: String,
    nonce: String,
    cookie: String,
}

fn browser() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}

async fn begin(plane: &Plane, provider: &Provider) -> Away {
    let response = browser().get(format!("{}/session/oidc", plane.url())).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let set = response.headers()["set-cookie"].to_str().unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
    let cookie = set.split(';').next().unwrap().to_owned();
    let to = response.headers()[LOCATION].to_str().unwrap();
    assert!(to.starts_with(&format!("{}/authorize?", provider.issuer)), "{to}");
    let url = reqwest::Url::parse(to).unwrap();
    let given = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!((given("client_id"), given("code_challenge_method")), (CLIENT.into(), "S256".into()));
    *provider.challenge.lock().unwrap() = Some(given("code_challenge"));
    Away { state: given("state"), nonce: given("nonce"), cookie }
}

async fn come_back(plane: &Plane, away: &Away) -> Response {
    let url = format!("{}/session/oidc/callback?state={}&code=the-code", plane.url(), away.state);
    browser().get(url).header("cookie", &away.cookie).send().await.unwrap()
}

fn ada(provider: &Provider, nonce: &str, change: Value) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let mut claims = json!({
        "iss": provider.issuer, "aud": CLIENT, "sub": "u-1", "exp": now + 60, "iat": now, "nonce": nonce,
        "preferred_username": "ada", "groups": ["soc"],
    });
    claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    claims
}

/// A whole log-in with these claims over ada's.
async fn log_in(plane: &Plane, provider: &Provider, change: Value) -> Response {
    let away = begin(plane, provider).await;
    *provider.claims.lock().unwrap() = ada(provider, &away.nonce, change);
    come_back(plane, &away).await
}

async fn who(plane: &Plane, response: &Response) -> Value {
    let set = response.headers()["set-cookie"].to_str().unwrap();
    let cookie = set.split(';').next().unwrap();
    assert!(set.contains("SameSite=Strict"), "{set}");
    let who = Client::new().get(format!("{}/session", plane.url())).header("cookie", cookie);
    read("get", who.send().await.unwrap()).await
}

async fn start() -> (Plane, Arc<Provider>) {
    let provider = Provider::start().await;
    (Plane::start_with_oidc(provider.settings()).await, provider)
}

#[tokio::test]
async fn somebody_of_a_group_comes_in_with_its_role_and_is_kept_as_external() {
    let (plane, provider) = start().await;
    let ways = read("get", reqwest::get(format!("{}/session/ways", plane.url())).await.unwrap()).await;
    assert_eq!(ways, json!({"password": true, "oidc": {"name": "Example", "path": "/session/oidc"}}));
    let first = log_in(&plane, &provider, json!({})).await;
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(
        who(&plane, &first).await,
        json!({"name": "ada", "role": "analyst", "kind": "user", "account": "1000000"})
    );

    // The provider says who they are, what they are called here stays; a new role counts at once.
    let change = json!({"groups": ["soc", "ops"], "preferred_username": "countess"});
    let second = log_in(&plane, &provider, change).await;
    assert_eq!(
        who(&plane, &second).await,
        json!({"name": "ada", "role": "admin", "kind": "user", "account": "1000000"})
    );
    let admin = plane.person(Role::Admin);
    let users = admin.ask("fetchUsers", json!({})).await;
    assert_eq!((&users["total"], &users["users"][0]["external"]), (&json!(1), &json!(true)));
    let told = admin.refused("modifyUser", json!({"name": "ada", "password": "correct horse battery"})).await;
    assert!(told.contains("identity provider"), "{told}");

    plane
        .person(Role::Admin)
        .ask("addUser", json!({"name": "root", "role": "admin", "password": "correct horse battery"}))
        .await;
    admin.ask("modifyUser", json!({"name": "ada", "disabled": true})).await;
    assert_eq!(log_in(&plane, &provider, json!({})).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn whoever_is_in_no_group_or_bears_a_local_users_name_stays_out() {
    let (plane, provider) = start().await;
    let admin = plane.person(Role::Admin);
    admin
        .ask("addUser", json!({"name": "grace", "role": "admin", "password": "correct horse battery"}))
        .await;
    for (change, why) in [
        (json!({"groups": ["others"]}), "none of your groups"),
        (json!({"groups": null}), "none of your groups"),
        (json!({"preferred_username": "Grace"}), "another user"),
        (json!({"preferred_username": "<script>"}), "no name for you"),
    ] {
        let response = log_in(&plane, &provider, change).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert!(response.headers().get("set-cookie").is_none());
        let text = response.text().await.unwrap();
        assert!(text.contains(why) && !text.contains("<script"), "{text}");
    }
    assert_eq!(admin.ask("fetchUsers", json!({})).await["total"], 1);
}

#[tokio::test]
async fn a_token_that_is_wrong_in_any_way_opens_nothing() {
    let (plane, provider) = start().await;
    for change in [
        json!({"nonce": "another"}),
        json!({"nonce": null}),
        json!({"aud": "another-client"}),
        json!({"iss": "http://elsewhere.test"}),
        json!({"exp": 1_700_000_000}),
    ] {
        let response = log_in(&plane, &provider, change.clone()).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{change}");
        let text = response.text().await.unwrap();
        assert!(text.contains("token is not valid"), "{change}: {text}");
    }
    let other = Provider::start().await;
    let away = begin(&plane, &provider).await;
    *provider.forged.lock().unwrap() = Some(other.sign(&ada(&provider, &away.nonce, json!({}))));
    let response = come_back(&plane, &away).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN, "another's key");
    let away = begin(&plane, &provider).await;
    let unsigned = [json!({"alg": "none"}), ada(&provider, &away.nonce, json!({}))];
    let [header, claims] = unsigned.map(|part| BASE64.encode(part.to_string()));
    *provider.forged.lock().unwrap() = Some(format!("{header}.{claims}."));
    assert_eq!(come_back(&plane, &away).await.status(), StatusCode::FORBIDDEN, "no signature");
    assert_eq!(plane.person(Role::Admin).ask("fetchUsers", json!({})).await["total"], 0);
}

#[tokio::test]
async fn a_state_is_good_for_once_and_in_the_browser_that_began() {
    let (plane, provider) = start().await;
    let away = begin(&plane, &provider).await;
    *provider.claims.lock().unwrap() = ada(&provider, &away.nonce, json!({}));
    assert_eq!(come_back(&plane, &away).await.status(), StatusCode::OK);
    let replayed = come_back(&plane, &away).await;
    assert_eq!(replayed.status(), StatusCode::FORBIDDEN);
    assert!(replayed.text().await.unwrap().contains("used already"));

    let (victim, attacker) = (begin(&plane, &provider).await, begin(&plane, &provider).await);
    let lured = Away { state: attacker.state, nonce: attacker.nonce, cookie: victim.cookie };
    assert_eq!(come_back(&plane, &lured).await.status(), StatusCode::FORBIDDEN);
    let made_up = Away { state: "made-up".to_owned(), ..lured };
    assert_eq!(come_back(&plane, &made_up).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let plane = Plane::start().await;
    let ways = read("get", reqwest::get(format!("{}/session/ways", plane.url())).await.unwrap()).await;
    assert_eq!(ways, json!({"password": true, "oidc": null}));
    let none = browser().get(format!("{}/session/oidc", plane.url())).send().await.unwrap();
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn where_passwords_are_turned_off_only_the_provider_and_keys_let_anybody_in() {
    let provider = Provider::start().await;
    let settings = OidcSettings { passwords_too: false, ..provider.settings() };
    let plane = Plane::start_with_oidc(settings).await;
    let ways = read("get", reqwest::get(format!("{}/session/ways", plane.url())).await.unwrap()).await;
    assert_eq!(ways, json!({"password": false, "oidc": {"name": "Example", "path": "/session/oidc"}}));

    let admin = plane.person(Role::Admin);
    let password = "correct horse battery";
    admin.ask("addUser", json!({"name": "root", "role": "admin", "password": password})).await;
    let log_in_with = async |body: Value| {
        Client::new().post(format!("{}/session", plane.url())).json(&body).send().await.unwrap()
    };
    for name in ["root", "nobody"] {
        let refused = log_in_with(json!({"name": name, "password": password})).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert!(refused.headers().get("set-cookie").is_none());
        let told = read("post", refused).await.to_string();
        assert!(told.contains("identity provider"), "{told}");
    }
    assert_eq!(log_in_with(json!({"apiKey": admin.key()})).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(log_in(&plane, &provider, json!({})).await.status(), StatusCode::OK);
}
