use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::{events::EventFilter, issues::IssueFilter};

#[derive(Debug, Subcommand)]
pub(crate) enum Tickets {
    /// Tickets of events and issues, newest first
    List {
        /// In this integration
        #[arg(long, value_name = "NAME", value_delimiter = ',')]
        integration: Vec<String>,
        #[arg(long, value_enum, value_delimiter = ',')]
        state: Vec<TicketState>,
        /// PROJ-17 in Jira, 17 in Azure Boards
        #[arg(long, value_name = "KEY", value_delimiter = ',')]
        key: Vec<String>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Make a ticket for each of these issues or events; those that have one keep it
    #[command(subcommand)]
    Create(Create),
    /// Take a ticket that people made for an issue or event
    Link {
        /// PROJ-17 in Jira, 17 in Azure Boards
        key: String,
        #[command(flatten)]
        of: Of,
        /// The integration; not needed where there is one alone
        #[arg(long, value_name = "NAME")]
        integration: Option<String>,
    },
    /// Forget the ticket of an issue or event; at the tracker it stays
    Unlink {
        #[command(flatten)]
        of: Of,
    },
    /// Ask the trackers now how their tickets stand
    Sync,
    /// The issue trackers that tickets are made in, and how that goes
    Integrations,
    /// Make tickets in an issue tracker
    Add {
        /// What the integration is called from here on
        name: String,
        #[arg(long, value_enum)]
        kind: TrackerKind,
        #[command(flatten)]
        tracker: Box<TrackerArgs>,
    },
    /// Change what is given and leave the rest; a new address or user needs its token, too
    Modify {
        name: String,
        #[command(flatten)]
        tracker: Box<TrackerArgs>,
        /// Make and tell tickets again
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        /// Do nothing there any more; what waits goes on waiting
        #[arg(long)]
        disable: bool,
    },
    /// Forget an integration and which tickets it has; at the tracker they stay
    #[command(alias = "rm")]
    Remove { name: String },
    /// Whether credentials, project and type are good; makes no ticket
    Test { name: String },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Create {
    /// Of issues: by id, or all that a filter lists
    Issues {
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        filter: IssueFilter,
        #[command(flatten)]
        terms: CreateTerms,
    },
    /// Of events: by id, or all that a filter lists
    Events {
        #[arg(value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        filter: Box<EventFilter>,
        #[command(flatten)]
        terms: CreateTerms,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateTerms {
    /// The integration; not needed where there is one alone
    #[arg(long, value_name = "NAME")]
    pub(crate) integration: Option<String>,
    /// Another ticket where there is one that is done
    #[arg(long)]
    pub(crate) again: bool,
    /// Wait so long for the tracker
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=60))]
    pub(crate) wait: u64,
    /// Yes, for all that the filter lists (100 at most)
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Whose ticket.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("of").required(true))]
pub(crate) struct Of {
    /// The issue's id
    #[arg(long, value_name = "ID", group = "of")]
    pub(crate) issue: Option<String>,
    /// The event's id
    #[arg(long, value_name = "ID", group = "of")]
    pub(crate) event: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TrackerArgs {
    /// https://SITE.atlassian.net, that of your Jira, or https://dev.azure.com/ORGANIZATION
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Jira: the project's key; Azure Boards: its name
    #[arg(long)]
    pub(crate) project: Option<String>,
    /// What tickets are made as: Bug, Task, …
    #[arg(long, value_name = "TYPE")]
    pub(crate) issue_type: Option<String>,
    /// Jira Cloud: the account's e-mail address; Jira Server: a name, where it is a password and no access token
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// A file with the API token, personal access token or password, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Where people reach the console, for links in tickets
    #[arg(long, value_name = "URL")]
    pub(crate) console_url: Option<String>,
    /// The template of titles: '[{severity}] {name}'
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) summary: Option<String>,
    /// A file with the template of texts
    #[arg(long, value_name = "FILE")]
    pub(crate) description_file: Option<PathBuf>,
    /// Further fields of each new ticket: '{"priority": {"name": "High"}}'
    #[arg(long, value_name = "JSON")]
    pub(crate) fields: Option<String>,
    /// Where a ticket goes when its issue is fixed or ignored; else the tracker's categories tell. These four are set together
    #[arg(long, value_name = "STATE")]
    pub(crate) close: Option<String>,
    /// Where it goes when that is no longer so
    #[arg(long, value_name = "STATE")]
    pub(crate) reopen: Option<String>,
    /// Counts as done besides those whose category says so
    #[arg(long, value_name = "STATE")]
    pub(crate) done: Vec<String>,
    /// A state or resolution by which people ignore an issue: "Won't Do=acceptable-risk"
    #[arg(long, value_name = "STATE=REASON")]
    pub(crate) ignore: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrackerKind {
    /// Jira Cloud, REST API 3
    JiraCloud,
    /// Jira Data Center and Server, REST API 2
    JiraServer,
    /// Work items of Azure DevOps
    AzureBoards,
}

impl TrackerKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::JiraCloud => "jiraCloud",
            Self::JiraServer => "jiraServer",
            Self::AzureBoards => "azureBoards",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TicketState {
    /// To be made
    Queued,
    Open,
    /// At the tracker
    Done,
    /// Refused by the tracker
    Failed,
    /// Deleted there
    Gone,
}
