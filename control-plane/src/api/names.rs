//! What has one of a few values, by its name: in replies, and in the document with all names there are.

use portcullis_detection as detection;
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, schema::Schema},
};

use crate::{policies, room, store};

macro_rules! names {
    ($($name:ident of $of:ty = $all:expr;)+) => {
        $(
            #[derive(Clone, Copy, Debug, Serialize)]
            #[serde(transparent)]
            pub(super) struct $name(&'static str);

            impl From<$of> for $name {
                fn from(of: $of) -> Self {
                    Self(of.name())
                }
            }

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    let names = $all.into_iter().map(|one: $of| one.name());
                    ObjectBuilder::new()
                        .schema_type(utoipa::openapi::schema::Type::String)
                        .enum_values(Some(names))
                        .into()
                }
            }

            impl ToSchema for $name {}
        )+
    };
}

names! {
    Severity of detection::Severity = [
        detection::Severity::Critical,
        detection::Severity::High,
        detection::Severity::Medium,
        detection::Severity::Low,
    ];
    EventType of detection::EventType = [detection::EventType::Single, detection::EventType::Aggregated];
    DetectionType of detection::DetectionType =
        [detection::DetectionType::RuleBased, detection::DetectionType::Anomaly];
    EventStatus of store::EventStatus = store::EventStatus::ALL;
    Role of store::Role = store::Role::ALL;
    PrincipalKind of store::PrincipalKind = store::PrincipalKind::ALL;
    AlertKind of store::AlertKind = store::AlertKind::ALL;
    GateMode of store::GateMode = [store::GateMode::Enforce, store::GateMode::Monitor];
    CaptureMode of store::CaptureMode =
        [store::CaptureMode::Full, store::CaptureMode::Headers, store::CaptureMode::Off];
    TargetKind of store::TargetKind = store::TargetKind::ALL;
    TrackerKind of store::TrackerKind = store::TrackerKind::ALL;
    TicketState of store::TicketState = store::TicketState::ALL;
    IssueStatus of store::IssueStatus = store::IssueStatus::ALL;
    IssueSource of store::IssueSource = store::IssueSource::ALL;
    IgnoreReason of store::IgnoreReason = store::IgnoreReason::ALL;
    PolicyStep of store::PolicyStep = store::PolicyStep::ALL;
    NotifyOutcome of store::NotifyOutcome = store::NotifyOutcome::ALL;
    StoreHealth of room::Health = room::Health::ALL;
    PolicyOrigin of policies::Origin = policies::Origin::ALL;
}
