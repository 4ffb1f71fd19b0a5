/// What is compared with its usual range; `anomaly` in a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Figure {
    /// Requests a minute to one endpoint.
    EndpointRate,
    /// Share of 4xx answers of one endpoint in a minute.
    ClientErrors,
    /// Share of 5xx answers of one endpoint in a minute.
    ServerErrors,
    /// Bytes of one answer.
    AnswerSize,
    /// A method that a path did not have before.
    NewMethod,
    /// A parameter that an endpoint did not have before.
    NewParameter,
    /// An answer without credentials where there always were some.
    MissingAuth,
    /// Requests a minute of one actor.
    ActorRate,
    /// Different identifiers that one actor asks one endpoint for.
    Identifiers,
}

impl Figure {
    pub const ALL: [Self; 9] = [
        Self::EndpointRate,
        Self::ClientErrors,
        Self::ServerErrors,
        Self::AnswerSize,
        Self::NewMethod,
        Self::NewParameter,
        Self::MissingAuth,
        Self::ActorRate,
        Self::Identifiers,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::EndpointRate => "endpoint_rate",
            Self::ClientErrors => "client_errors",
            Self::ServerErrors => "server_errors",
            Self::AnswerSize => "answer_size",
            Self::NewMethod => "new_method",
            Self::NewParameter => "new_parameter",
            Self::MissingAuth => "missing_auth",
            Self::ActorRate => "actor_rate",
            Self::Identifiers => "identifiers",
        }
    }
}
