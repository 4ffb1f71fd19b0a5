//! Built-in grammar detectors: `detect: NAME` in a policy.

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
}

impl Detector {
    pub(crate) const ALL: [Self; 23] = [
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
        }
    }
}
