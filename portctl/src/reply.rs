//! What the control plane answers, as far as a person reads it. JSON output passes on the server's own objects.

mod events;
mod fleet;
mod inventory;
mod issues;
mod notify;
mod orders;
mod people;
mod policies;
mod tickets;

pub(crate) use self::{
    events::{Actor, Api, Changed, Deed, Event, EventPage, Exchange, Match, Sample, Samples},
    fleet::{AlertList, CoverageAlert, Fleet, Sensor},
    inventory::{InventoryEndpoint, InventoryList},
    issues::{ImportedIssues, Issue, IssueDetail, IssueList, UpdatedIssues},
    notify::{ChangedTarget, NotifyAttempt, NotifyLog, NotifyTarget, NotifyTargets, NotifyTest},
    orders::{
        AllowList, AllowedEntry, Applied, Block, Blocklist, CaptureRule, CaptureRules, Imported, Pushed,
        Suppression, Suppressions,
    },
    people::{
        Account, AccountList, AuditEntry, AuditPage, ChangedUser, Key, KeyList, MadeAccount, MadeKey, User,
        UserList, VniMapping,
    },
    policies::{Template, TemplateVersion, TemplateVersions, Templates, Trial, TrialMatch},
    tickets::{
        ChangedIntegration, CreatedTickets, Integration, IntegrationTest, Integrations, OneTicket, Ticket,
    },
};
