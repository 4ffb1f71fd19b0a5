use std::path::PathBuf;

use clap::Args;

use crate::{OidcSettings, store::Role};

/// Log-in by an OpenID Connect provider besides passwords.
#[derive(Debug, Args)]
pub struct Oidc {
    /// The provider's issuer, as in its discovery document; turns this way of logging in on.
    #[arg(long, value_name = "URL", requires_all = ["oidc_client_id", "public_url", "oidc_role"])]
    pub oidc_issuer: Option<String>,
    /// What the provider knows this control plane by.
    #[arg(long, value_name = "ID", requires = "oidc_issuer")]
    pub oidc_client_id: Option<String>,
    /// Holds the client's secret; without it this is a public client, with PKCE alone.
    #[arg(long, value_name = "FILE", requires = "oidc_issuer")]
    pub oidc_secret_file: Option<PathBuf>,
    /// Where browsers reach the console. The provider has to allow URL/session/oidc/callback as redirection.
    #[arg(long, value_name = "URL", requires = "oidc_issuer")]
    pub public_url: Option<String>,
    /// Which role a group gives, as `security=admin`; repeatable, the highest counts. Who is in none does not come in.
    #[arg(long, value_name = "GROUP=ROLE", value_parser = group, requires = "oidc_issuer")]
    pub oidc_role: Vec<(String, Role)>,
    /// The claim of the ID token that has the groups.
    #[arg(long, value_name = "NAME", default_value = "groups")]
    pub oidc_claim: String,
    /// What is asked for besides `openid`.
    #[arg(long, value_name = "SCOPE", value_delimiter = ',', default_value = "profile,email")]
    pub oidc_scope: Vec<String>,
    /// What the log-in page calls the provider.
    #[arg(long, value_name = "TEXT", default_value = "single sign-on")]
    pub oidc_name: String,
    /// Nobody logs in with a password, in no account: by the provider alone, or with an API key.
    #[arg(long, requires = "oidc_issuer")]
    pub no_password_log_in: bool,
}

impl Oidc {
    /// `None` where no issuer is named; clap saw to the rest.
    pub fn settings(self) -> Option<OidcSettings> {
        Some(OidcSettings {
            issuer: self.oidc_issuer?,
            client_id: self.oidc_client_id?,
            public_url: self.public_url?,
            secret: self.oidc_secret_file,
            roles: self.oidc_role,
            claim: self.oidc_claim,
            scopes: self.oidc_scope,
            name: self.oidc_name,
            passwords_too: !self.no_password_log_in,
        })
    }
}

fn group(text: &str) -> Result<(String, Role), String> {
    let problem = || format!("{text:?} is no GROUP=ROLE with one of viewer, analyst, admin");
    let (group, role) = text.rsplit_once('=').filter(|(group, _)| !group.is_empty()).ok_or_else(problem)?;
    Ok((group.to_owned(), Role::parse(role).ok_or_else(problem)?))
}
