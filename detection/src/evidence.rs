//! What in a response shows that an attack worked. The status alone never does.

mod computed;
mod injected;
mod redirected;
mod reflected;
mod sign;
mod signs;
mod stored;

use portcullis_exchange::{Exchange, Request};

pub(crate) use self::{sign::Scan, signs::Family};
use crate::{
    Evidence, Match,
    answer::Answer,
    sensitive::{Sensitive, SensitiveKind},
    view::{Field, Views},
};

/// A kind of evidence: `evidence:` in a policy names those that its attack would leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EvidenceKind {
    FileContents,
    SourceCode,
    CommandOutput,
    /// The value of an expression that was sent, such as the MD5 of a number.
    ValueComputed,
    TemplateEvaluated,
    SqlError,
    DatabaseDump,
    ScriptReflected,
    CloudMetadata,
    InternalService,
    SecretsDisclosed,
    ConsoleExposed,
    DirectoryListing,
    HeaderInjected,
    RedirectFollowed,
    FileStored,
    SessionOpened,
    StackTrace,
    /// The message of an exception or a fatal error, or a path on the server.
    VerboseError,
    /// The page of a tool that intruders leave behind.
    WebShell,
    /// Many times more of what the endpoint usually answers. Learned, as the next one is, and so no sign in one answer alone.
    MoreThanUsual,
    /// A file from an endpoint that never sends any.
    UnusualFile,
}

impl EvidenceKind {
    pub const ALL: [Self; 22] = [
        Self::FileContents,
        Self::SourceCode,
        Self::CommandOutput,
        Self::ValueComputed,
        Self::TemplateEvaluated,
        Self::SqlError,
        Self::DatabaseDump,
        Self::ScriptReflected,
        Self::CloudMetadata,
        Self::InternalService,
        Self::SecretsDisclosed,
        Self::ConsoleExposed,
        Self::DirectoryListing,
        Self::HeaderInjected,
        Self::RedirectFollowed,
        Self::FileStored,
        Self::SessionOpened,
        Self::StackTrace,
        Self::VerboseError,
        Self::WebShell,
        Self::MoreThanUsual,
        Self::UnusualFile,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::FileContents => "file-contents",
            Self::SourceCode => "source-code",
            Self::CommandOutput => "command-output",
            Self::ValueComputed => "value-computed",
            Self::TemplateEvaluated => "template-evaluated",
            Self::SqlError => "sql-error",
            Self::DatabaseDump => "database-dump",
            Self::ScriptReflected => "script-reflected",
            Self::CloudMetadata => "cloud-metadata",
            Self::InternalService => "internal-service",
            Self::SecretsDisclosed => "secrets-disclosed",
            Self::ConsoleExposed => "console-exposed",
            Self::DirectoryListing => "directory-listing",
            Self::HeaderInjected => "header-injected",
            Self::RedirectFollowed => "redirect-followed",
            Self::FileStored => "file-stored",
            Self::SessionOpened => "session-opened",
            Self::StackTrace => "stack-trace",
            Self::VerboseError => "verbose-error",
            Self::WebShell => "web-shell",
            Self::MoreThanUsual => "more-than-usual",
            Self::UnusualFile => "unusual-file",
        }
    }

    /// Those that one answer shows, whatever came before it.
    pub(crate) fn shown() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kind| !matches!(kind, Self::MoreThanUsual | Self::UnusualFile))
    }

    /// The families of signs that prove it; none where it takes the request to know what to look for.
    const fn families(self) -> &'static [Family] {
        match self {
            Self::FileContents => &[Family::Accounts, Family::Files, Family::Sources],
            Self::SourceCode => &[Family::Sources],
            Self::CommandOutput => &[Family::Commands, Family::Accounts],
            Self::SqlError => &[Family::SqlErrors],
            Self::DatabaseDump => &[Family::DatabaseDumps],
            Self::CloudMetadata => &[Family::CloudMetadata],
            Self::InternalService => &[Family::InternalServices],
            Self::SecretsDisclosed => &[Family::Secrets, Family::Accounts],
            Self::ConsoleExposed => &[Family::Consoles],
            Self::DirectoryListing => &[Family::Listings],
            Self::SessionOpened => &[Family::Sessions],
            Self::StackTrace => &[Family::StackTraces],
            Self::VerboseError => &[Family::VerboseErrors, Family::StackTraces],
            Self::WebShell => &[Family::WebShells],
            Self::ValueComputed
            | Self::TemplateEvaluated
            | Self::ScriptReflected
            | Self::HeaderInjected
            | Self::RedirectFollowed
            | Self::FileStored
            | Self::MoreThanUsual
            | Self::UnusualFile => &[],
        }
    }
}

impl EvidenceKind {
    /// The families of signs of which the answer must show one, as [`Family::bit`]s; 0 where it takes more to know.
    pub(crate) fn signs(self) -> u64 {
        self.families().iter().fold(0, |all, family| all | family.bit())
    }
}

/// One exchange in which an attack was found.
pub(crate) struct Case<'r, 'x> {
    pub(crate) exchange: &'x Exchange,
    pub(crate) views: &'r Views<'x>,
    pub(crate) answer: &'r Answer<'x>,
    pub(crate) matches: &'r [Match],
}

impl<'r, 'x> Case<'r, 'x> {
    /// Looks for one kind of evidence.
    pub(crate) fn find(&self, kind: EvidenceKind) -> Option<Evidence> {
        let status = self.answer.response()?.status;
        let at = match kind {
            EvidenceKind::ScriptReflected => reflected::find(self),
            EvidenceKind::HeaderInjected => injected::find(self),
            EvidenceKind::ValueComputed | EvidenceKind::TemplateEvaluated => computed::find(self),
            EvidenceKind::RedirectFollowed => redirected::find(self),
            EvidenceKind::FileStored => stored::find(self),
            EvidenceKind::MoreThanUsual | EvidenceKind::UnusualFile => None,
            // What everybody gets who logs in is evidence only where somebody logs in, and only if it went well.
            EvidenceKind::SessionOpened if !(200..300).contains(&status) || !self.is_login() => None,
            // What the request says itself, the answer only repeats.
            _ => {
                let shown = kind.families().iter().filter_map(|family| self.answer.shows(*family));
                shown.into_iter().find(|at| !self.is_sent(at.phrase.trim().as_bytes())).cloned()
            }
        }?;
        Some(Evidence { kind: kind.name().to_owned(), at })
    }

    /// The same where no attack was found yet. What takes the whole request to see is looked for only where it asks for
    /// something to be computed.
    pub(crate) fn find_at_first_sight(&self, kind: EvidenceKind) -> Option<Evidence> {
        let is_costly = kind.families().is_empty();
        let worth = !is_costly
            || self.request().is_some_and(|request| {
                !self.answer.body().is_empty()
                    && (computed::may_be_in(&request.target) || computed::may_be_in(&request.body.bytes))
            });
        if worth { self.find(kind) } else { None }
    }

    /// Sensitive data of the answer, if there are so many different values of it that the request did not bring.
    pub(crate) fn held(&self, kinds: &[SensitiveKind], at_least: usize) -> Vec<Match> {
        let body = self.answer.body();
        let wanted = self.answer.sensitive().iter().filter(|place| kinds.contains(&place.kind));
        let mut values: Vec<(&[u8], &Sensitive)> = Vec::new();
        for place in wanted {
            let value = body.get(place.range.clone()).unwrap_or_default();
            if !values.iter().any(|(known, _)| *known == value) && !self.is_sent(value) {
                values.push((value, place));
            }
        }
        if values.len() < at_least {
            return Vec::new();
        }
        values.iter().map(|(_, place)| self.answer.matched(place.range.clone(), place.kind.name())).collect()
    }

    fn request(&self) -> Option<&'x Request> {
        self.exchange.request.as_ref()
    }

    fn is_login(&self) -> bool {
        let path = self.request().map(|request| request.path().to_ascii_lowercase()).unwrap_or_default();
        [&b"login"[..], b"signin", b"sign-in", b"auth", b"session", b"token"]
            .iter()
            .any(|word| memchr::memmem::find(&path, word).is_some())
    }

    /// Every value of the request in its most decoded forms.
    fn values(&self) -> impl Iterator<Item = (&'r Field<'x>, &'r [u8])> + use<'r, 'x> {
        let views = self.views;
        views.fields.iter().flat_map(|field| {
            let last = field.views.iter().filter(|view| !view.superseded);
            last.map(move |view| (field, view.text.bytes()))
        })
    }

    /// Whether the request says these very bytes itself, in any form.
    fn is_sent(&self, bytes: &[u8]) -> bool {
        let mut forms = self.views.fields.iter().flat_map(|field| &field.views);
        forms.any(|view| memchr::memmem::find(view.text.bytes(), bytes).is_some())
    }
}
