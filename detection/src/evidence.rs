//! What in a response shows that an attack worked. The status alone never does.

/// A kind of evidence: `evidence:` in a policy names those that its attack would leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvidenceKind {
    FileContents,
    CommandOutput,
    SqlError,
    DatabaseDump,
    ScriptReflected,
    CloudMetadata,
    SecretsDisclosed,
    TemplateEvaluated,
    HeaderInjected,
    StackTrace,
}

impl EvidenceKind {
    pub const ALL: [Self; 10] = [
        Self::FileContents,
        Self::CommandOutput,
        Self::SqlError,
        Self::DatabaseDump,
        Self::ScriptReflected,
        Self::CloudMetadata,
        Self::SecretsDisclosed,
        Self::TemplateEvaluated,
        Self::HeaderInjected,
        Self::StackTrace,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::FileContents => "file-contents",
            Self::CommandOutput => "command-output",
            Self::SqlError => "sql-error",
            Self::DatabaseDump => "database-dump",
            Self::ScriptReflected => "script-reflected",
            Self::CloudMetadata => "cloud-metadata",
            Self::SecretsDisclosed => "secrets-disclosed",
            Self::TemplateEvaluated => "template-evaluated",
            Self::HeaderInjected => "header-injected",
            Self::StackTrace => "stack-trace",
        }
    }
}
