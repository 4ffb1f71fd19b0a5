//! Built-in grammar detectors: `detect: NAME` in a policy.

mod code;
mod credentials;
mod deserialization;
mod graphql;
mod jwt;
mod lookup;
mod nosql;
mod path_traversal;
mod patterns;
mod probe;
mod protocol;
mod prototype;
mod request;
mod server_request;
mod sqli;
mod structure;
mod unix_command;
mod windows_command;
mod xss;

use std::ops::Range;

use portcullis_exchange::{Exchange, Timestamp};

use crate::{
    score::Family,
    view::{Field, View},
};

/// One class of attack that has a grammar of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Detector {
    SqlInjection,
    NoSqlInjection,
    CrossSiteScripting,
    UnixCommand,
    WindowsCommand,
    PathTraversal,
    RemoteFileInclusion,
    ServerSideRequestForgery,
    SensitivePath,
    TemplateInjection,
    JavaInjection,
    PhpInjection,
    NodeInjection,
    ExternalEntity,
    ServerSideInclude,
    LdapInjection,
    XpathInjection,
    HeaderInjection,
    OpenRedirect,
    FileUpload,
    RequestSmuggling,
    SessionFixation,
    GraphQlAbuse,
    JndiLookup,
    PrototypePollution,
    Deserialization,
    UnsignedToken,
    TokenKey,
    ExpiredToken,
    DefaultCredentials,
    GraphQlBatch,
    ProtocolViolation,
    ScoredSql,
    ScoredScript,
    ScoredCommand,
    ScoredFile,
    ScoredCode,
    ScoredEntity,
    ScoredQuery,
    ScoredAddress,
}

impl Detector {
    pub(crate) const ALL: [Self; 40] = [
        Self::SqlInjection,
        Self::NoSqlInjection,
        Self::CrossSiteScripting,
        Self::UnixCommand,
        Self::WindowsCommand,
        Self::PathTraversal,
        Self::RemoteFileInclusion,
        Self::ServerSideRequestForgery,
        Self::SensitivePath,
        Self::TemplateInjection,
        Self::JavaInjection,
        Self::PhpInjection,
        Self::NodeInjection,
        Self::ExternalEntity,
        Self::ServerSideInclude,
        Self::LdapInjection,
        Self::XpathInjection,
        Self::HeaderInjection,
        Self::OpenRedirect,
        Self::FileUpload,
        Self::RequestSmuggling,
        Self::SessionFixation,
        Self::GraphQlAbuse,
        Self::JndiLookup,
        Self::PrototypePollution,
        Self::Deserialization,
        Self::UnsignedToken,
        Self::TokenKey,
        Self::ExpiredToken,
        Self::DefaultCredentials,
        Self::GraphQlBatch,
        Self::ProtocolViolation,
        Self::ScoredSql,
        Self::ScoredScript,
        Self::ScoredCommand,
        Self::ScoredFile,
        Self::ScoredCode,
        Self::ScoredEntity,
        Self::ScoredQuery,
        Self::ScoredAddress,
    ];

    /// As a policy writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SqlInjection => "sqli",
            Self::NoSqlInjection => "nosqli",
            Self::CrossSiteScripting => "xss",
            Self::UnixCommand => "oscmd",
            Self::WindowsCommand => "wincmd",
            Self::PathTraversal => "traversal",
            Self::RemoteFileInclusion => "rfi",
            Self::ServerSideRequestForgery => "ssrf",
            Self::SensitivePath => "sensitive_path",
            Self::TemplateInjection => "ssti",
            Self::JavaInjection => "java",
            Self::PhpInjection => "php",
            Self::NodeInjection => "nodejs",
            Self::ExternalEntity => "xxe",
            Self::ServerSideInclude => "ssi",
            Self::LdapInjection => "ldap",
            Self::XpathInjection => "xpath",
            Self::HeaderInjection => "crlf",
            Self::OpenRedirect => "open_redirect",
            Self::FileUpload => "upload",
            Self::RequestSmuggling => "smuggling",
            Self::SessionFixation => "session_fixation",
            Self::GraphQlAbuse => "graphql",
            Self::JndiLookup => "jndi",
            Self::PrototypePollution => "prototype_pollution",
            Self::Deserialization => "deserialization",
            Self::UnsignedToken => "jwt_unsigned",
            Self::TokenKey => "jwt_key",
            Self::ExpiredToken => "jwt_expired",
            Self::DefaultCredentials => "default_credentials",
            Self::GraphQlBatch => "graphql_batch",
            Self::ProtocolViolation => "protocol",
            Self::ScoredSql => "score:sqli",
            Self::ScoredScript => "score:xss",
            Self::ScoredCommand => "score:oscmd",
            Self::ScoredFile => "score:traversal",
            Self::ScoredCode => "score:code",
            Self::ScoredEntity => "score:xxe",
            Self::ScoredQuery => "score:query",
            Self::ScoredAddress => "score:ssrf",
        }
    }
}

/// One form of one value, about to be judged.
pub(crate) struct Subject<'a> {
    pub(crate) field: &'a Field<'a>,
    pub(crate) view: &'a View<'a>,
    /// The view's bytes in lower case; same length.
    pub(crate) lower: &'a [u8],
    /// When the exchange was complete.
    pub(crate) at: Timestamp,
}

impl Subject<'_> {
    fn bytes(&self) -> &[u8] {
        self.view.text.bytes()
    }

    /// Whether the parameter or the JSON leaf is called one of these.
    fn name_is(&self, names: &[&str]) -> bool {
        let name = self.field.leaf_name();
        names.iter().any(|known| name.eq_ignore_ascii_case(known))
    }

    /// Whether it is a text of several lines or many words, such as a post or a file of code: there, single signs of
    /// an attack stand by right, so more of them must come together.
    fn is_document(&self) -> bool {
        memchr::memchr_iter(b'\n', self.lower).take(4).count() > 3 || self.words() > 40
    }

    /// Whether its first quote opens an operand, as in a filter or a query that somebody wrote whole; what breaks out
    /// of a literal begins with the quote that ends it.
    fn is_expression(&self) -> bool {
        let quote = memchr::memchr2(b'\'', b'"', self.lower);
        let before = quote.and_then(|at| self.lower.get(..at)).unwrap_or_default().trim_ascii_end();
        before
            .last()
            .is_some_and(|byte| matches!(byte, b'=' | b'(' | b',' | b'<' | b'>' | b'~' | b'[' | b'{' | b':'))
    }

    /// Runs of non-blank bytes: how much a value reads like prose.
    fn words(&self) -> usize {
        self.lower.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty()).take(1000).count()
    }
}

impl Detector {
    pub(crate) const fn bit(self) -> u64 {
        1 << self as u8
    }

    /// Lower-case literals of which at least one occurs in everything that this detector finds.
    pub(crate) const fn gates(self) -> &'static [&'static str] {
        match self {
            Self::SqlInjection => sqli::GATES,
            Self::NoSqlInjection => nosql::GATES,
            Self::CrossSiteScripting => xss::GATES,
            Self::UnixCommand => unix_command::GATES,
            Self::WindowsCommand => windows_command::GATES,
            Self::PathTraversal => path_traversal::GATES,
            Self::RemoteFileInclusion | Self::ServerSideRequestForgery | Self::OpenRedirect => {
                server_request::GATES
            }
            Self::SensitivePath => request::SENSITIVE_GATES,
            Self::TemplateInjection => code::TEMPLATE_GATES,
            Self::JavaInjection => code::JAVA_GATES,
            Self::PhpInjection => code::PHP_GATES,
            Self::NodeInjection => code::NODE_GATES,
            Self::ExternalEntity => structure::XXE_GATES,
            Self::ServerSideInclude => code::SSI_GATES,
            Self::LdapInjection => structure::LDAP_GATES,
            Self::XpathInjection => structure::XPATH_GATES,
            Self::HeaderInjection => structure::HEADER_GATES,
            Self::FileUpload => request::UPLOAD_GATES,
            Self::SessionFixation => request::SESSION_GATES,
            Self::GraphQlAbuse => structure::GRAPHQL_GATES,
            Self::UnsignedToken | Self::TokenKey | Self::ExpiredToken => jwt::GATES,
            Self::JndiLookup => lookup::GATES,
            Self::PrototypePollution => prototype::GATES,
            Self::Deserialization => deserialization::GATES,
            Self::DefaultCredentials => credentials::GATES,
            Self::RequestSmuggling
            | Self::GraphQlBatch
            | Self::ProtocolViolation
            | Self::ScoredSql
            | Self::ScoredScript
            | Self::ScoredCommand
            | Self::ScoredFile
            | Self::ScoredCode
            | Self::ScoredEntity
            | Self::ScoredQuery
            | Self::ScoredAddress => &[],
        }
    }

    /// The family whose score it stands for; such a detector has no grammar of its own.
    pub(crate) const fn family(self) -> Option<Family> {
        Some(match self {
            Self::ScoredSql => Family::Sql,
            Self::ScoredScript => Family::Script,
            Self::ScoredCommand => Family::Command,
            Self::ScoredFile => Family::File,
            Self::ScoredCode => Family::Code,
            Self::ScoredEntity => Family::Entity,
            Self::ScoredQuery => Family::Query,
            Self::ScoredAddress => Family::Address,
            _ => return None,
        })
    }

    /// Whether it reads the request as a whole instead of single values.
    pub(crate) const fn reads_whole_request(self) -> bool {
        matches!(self, Self::RequestSmuggling | Self::GraphQlBatch | Self::ProtocolViolation)
    }

    /// What those that read the request as a whole find in it.
    pub(crate) fn find_whole(self, exchange: &Exchange) -> Option<String> {
        let request = exchange.request.as_ref()?;
        match self {
            Self::RequestSmuggling => request::smuggling(exchange, request),
            Self::GraphQlBatch => graphql::batch(request).map(|count| format!("{count} operations")),
            Self::ProtocolViolation => protocol::violation(request),
            _ => None,
        }
    }

    /// Where in the view the attack stands. Linear in the view's length.
    pub(crate) fn find(self, subject: &Subject<'_>) -> Option<Range<usize>> {
        match self {
            Self::SqlInjection => sqli::find(subject),
            Self::NoSqlInjection => nosql::find(subject),
            Self::CrossSiteScripting => xss::find(subject),
            Self::UnixCommand => unix_command::find(subject),
            Self::WindowsCommand => windows_command::find(subject),
            Self::PathTraversal => path_traversal::find(subject),
            Self::RemoteFileInclusion => server_request::file_inclusion(subject),
            Self::ServerSideRequestForgery => server_request::request_forgery(subject),
            Self::OpenRedirect => server_request::open_redirect(subject),
            Self::SensitivePath => request::sensitive_path(subject),
            Self::TemplateInjection => code::template(subject),
            Self::JavaInjection => code::java(subject),
            Self::PhpInjection => code::php(subject),
            Self::NodeInjection => code::node(subject),
            Self::ExternalEntity => structure::external_entity(subject),
            Self::ServerSideInclude => code::server_include(subject),
            Self::LdapInjection => structure::ldap(subject),
            Self::XpathInjection => structure::xpath(subject),
            Self::HeaderInjection => structure::header(subject),
            Self::FileUpload => request::upload(subject),
            Self::SessionFixation => request::session_fixation(subject),
            Self::GraphQlAbuse => structure::graphql(subject),
            Self::JndiLookup => lookup::jndi(subject),
            Self::PrototypePollution => prototype::pollution(subject),
            Self::Deserialization => deserialization::object(subject),
            Self::UnsignedToken => jwt::unsigned(subject),
            Self::TokenKey => jwt::key(subject),
            Self::ExpiredToken => jwt::expired(subject),
            Self::DefaultCredentials => credentials::default_pair(subject),
            Self::RequestSmuggling
            | Self::GraphQlBatch
            | Self::ProtocolViolation
            | Self::ScoredSql
            | Self::ScoredScript
            | Self::ScoredCommand
            | Self::ScoredFile
            | Self::ScoredCode
            | Self::ScoredEntity
            | Self::ScoredQuery
            | Self::ScoredAddress => None,
        }
    }
}
