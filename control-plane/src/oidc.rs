//! Log-in by an OpenID Connect provider (OpenID Connect Core 1.0): authorization code with PKCE (RFC 7636), state and nonce.

mod claims;
mod pending;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use openidconnect::{
    AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, Nonce, PkceCodeChallenge, RedirectUrl, Scope,
    StandardErrorResponse, StandardTokenResponse, TokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType, CoreGenderClaim,
        CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata,
        CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
    reqwest,
};
use tokio::sync::Mutex;

use self::{claims::Claims, pending::Pending};
use crate::store::Role;

const PATIENCE: Duration = Duration::from_secs(10);
/// How long what the provider says of itself is believed; its keys change now and then.
const FRESH: Duration = Duration::from_secs(300);
const MAX_SECRET: u64 = 4_096;
/// Signatures by a key that the provider alone has. `none` and those by the client's secret are no choice.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 8] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
];

/// What the operator of the machine says of the provider.
#[derive(Clone, Debug)]
pub struct OidcSettings {
    /// What the log-in page calls it.
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    /// Holds the client's secret; `None` for a public client.
    pub secret: Option<PathBuf>,
    /// Where browsers reach the console: `https://portcullis.example`.
    pub public_url: String,
    pub scopes: Vec<String>,
    /// The claim of the ID token that roles come from.
    pub claim: String,
    /// Values of the claim with the role each gives. Who has none of them does not come in.
    pub roles: Vec<(String, Role)>,
    /// Whether people also log in with passwords.
    pub passwords_too: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    #[error("--oidc-{option}: {problem}")]
    Setting { option: &'static str, problem: String },
    #[error("the identity provider cannot be reached or does not answer as it should: {0}")]
    Provider(String),
    #[error("too many log-ins are under way: try again in some minutes")]
    Busy,
    #[error("this log-in is not known here, was used already, or took longer than ten minutes: begin again")]
    Unknown,
    #[error("the identity provider refused: {0}")]
    Refused(String),
    #[error("the identity provider's token is not valid: {0}")]
    Token(String),
    #[error("none of your groups may use this control plane: ask its administrator")]
    NoRole,
    #[error("the identity provider gives no name for you that can be used here: {0}")]
    Name(String),
}

/// Somebody as the provider knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Unique and never given to anybody else: issuer and subject.
    pub(crate) subject: String,
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// Where a browser is sent, and what it has to come back with.
pub(crate) struct Begun {
    pub(crate) url: String,
    pub(crate) browser: String,
}

pub(crate) struct Oidc {
    settings: OidcSettings,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    secret: Option<ClientSecret>,
    http: reqwest::Client,
    provider: Mutex<Option<(Instant, CoreProviderMetadata)>>,
    pending: Pending,
}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Claims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type Known = Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Oidc {
    /// Does not ask the provider: it may be down while this starts.
    pub(crate) fn new(settings: OidcSettings) -> Result<Self, OidcError> {
        let setting = |option, problem: String| OidcError::Setting { option, problem };
        let issuer = IssuerUrl::new(settings.issuer.clone())
            .map_err(|error| setting("issuer", format!("{:?}: {error}", settings.issuer)))?;
        let is_loopback = matches!(issuer.url().host_str(), Some("localhost" | "[::1]"))
            || issuer.url().host_str().is_some_and(|host| host.starts_with("127."));
        if issuer.url().scheme() != "https" && !is_loopback {
            return Err(setting("issuer", "has to be https, or on this machine".to_owned()));
        }
        let back = format!("{}/session/oidc/callback", settings.public_url.trim_end_matches('/'));
        let redirect = RedirectUrl::new(back)
            .map_err(|error| setting("public-url", format!("{error}: https://HOST")))?;
        if settings.roles.is_empty() {
            return Err(setting(
                "role",
                "is missing: nobody could log in. Give at least one GROUP=ROLE".to_owned(),
            ));
        }
        let secret = settings.secret.as_deref().map(read_secret).transpose()?;
        // A redirect of the provider's could lead the client's secret anywhere.
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .map_err(|error| OidcError::Provider(error.to_string()))?;
        let (provider, pending) = (Mutex::new(None), Pending::default());
        Ok(Self { settings, issuer, redirect, secret, http, provider, pending })
    }

    pub(crate) fn passwords_too(&self) -> bool {
        self.settings.passwords_too
    }

    pub(crate) fn name(&self) -> &str {
        &self.settings.name
    }

    pub(crate) async fn begin(&self) -> Result<Begun, OidcError> {
        let client = self.client().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        let browser = CsrfToken::new_random().into_secret();
        self.pending.add(state.into_secret(), &browser, nonce, verifier)?;
        Ok(Begun { url: url.to_string(), browser })
    }

    /// `browser` is what [`Begun`] gave to the browser that now comes back: nobody is logged in by another's link.
    pub(crate) async fn finish(
        &self,
        state: &str,
        code: String,
        browser: &str,
    ) -> Result<Identity, OidcError> {
        let (nonce, verifier) = self.pending.take(state, browser)?;
        let client = self.client().await?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| OidcError::Provider(error.to_string()))?
            .set_pkce_verifier(verifier)
            .request_async(&self.http)
            .await
            .map_err(|error| OidcError::Refused(chain(&error)))?;
        let token = tokens.id_token().ok_or_else(|| OidcError::Token("there is no ID token".to_owned()))?;
        let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
        let claims = token.claims(&verifier, &nonce).map_err(|error| OidcError::Token(chain(&error)))?;
        let own = claims.additional_claims();
        let role = own.role(&self.settings.claim, &self.settings.roles).ok_or(OidcError::NoRole)?;
        let name = claims
            .preferred_username()
            .map(|name| name.as_str())
            .or_else(|| claims.email().map(|email| email.as_str()))
            .unwrap_or_else(|| claims.subject().as_str());
        let name = crate::auth::user_name(name).map_err(OidcError::Name)?;
        let subject = format!("{} {}", claims.issuer().as_str(), claims.subject().as_str());
        Ok(Identity { subject, name, role })
    }

    async fn client(&self) -> Result<Known, OidcError> {
        let mut known = self.provider.lock().await;
        let metadata = match &*known {
            Some((since, metadata)) if since.elapsed() < FRESH => metadata.clone(),
            _ => {
                let fresh = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http)
                    .await
                    .map_err(|error| OidcError::Provider(chain(&error)))?;
                *known = Some((Instant::now(), fresh.clone()));
                fresh
            }
        };
        let id = ClientId::new(self.settings.client_id.clone());
        Ok(Client::from_provider_metadata(metadata, id, self.secret.clone())
            .set_redirect_uri(self.redirect.clone()))
    }
}

fn read_secret(path: &Path) -> Result<ClientSecret, OidcError> {
    let unread = |problem: String| OidcError::Setting {
        option: "secret-file",
        problem: format!("{}: {problem}", path.display()),
    };
    let length = std::fs::metadata(path).map_err(|error| unread(error.to_string()))?.len();
    if length > MAX_SECRET {
        return Err(unread(format!("is {length} bytes long, and no secret is")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unread(error.to_string()))?;
    match text.trim() {
        "" => Err(unread("is empty".to_owned())),
        secret => Ok(ClientSecret::new(secret.to_owned())),
    }
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
