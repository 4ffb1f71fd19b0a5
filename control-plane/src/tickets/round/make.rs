use super::{AT_ONCE, Round, Stop, put};
use crate::{
    clock::EpochMillis,
    store::{Did, EventFilter, EventSort, IssueFilter, IssueSort, Order, Page, StoreError, Subject, Ticket},
    tickets::{
        template::{BadTemplate, Template, Values},
        tracker::{Draft, Problem},
        values,
    },
};

/// On every ticket from here.
const LABEL: &str = "portcullis";

impl Round<'_> {
    /// Makes the tickets that wait.
    pub(super) async fn make(&self) -> Result<bool, Stop> {
        let due =
            self.store(|store, integration| store.due_tickets(&integration.id, EpochMillis::now(), AT_ONCE));
        let due = due.await?;
        let is_asked = !due.is_empty();
        for ticket in due {
            self.make_one(ticket).await?;
        }
        Ok(is_asked)
    }

    async fn make_one(&self, mut ticket: Ticket) -> Result<(), Stop> {
        let Some(values) = self.values(&ticket).await? else {
            let what = ticket.subject.kind();
            let problem = Problem::Request(format!("the {what} is not there any more"));
            return self.settle_problem(ticket, problem).await;
        };
        let mark = format!("{LABEL}-{}", ticket.mark);
        let draft = match self.draft(&values, mark.clone()) {
            Ok(draft) => draft,
            Err(bad) => {
                let problem = Problem::Request(format!("the integration's template: {bad}"));
                return self.settle_problem(ticket, problem).await;
            }
        };
        // An earlier try may have made it, and its answer got lost.
        let mut made = match ticket.attempts {
            0 => Ok(None),
            _ => self.tracker.find(&mark).await,
        };
        if let Ok(None) = made {
            // Before it is sent: whatever happens then, the next try looks first.
            ticket.attempts += 1;
            self.settle(ticket.clone(), Did::Nothing).await?;
            made = self.tracker.create(&draft).await.map(Some);
        }
        match made {
            Ok(Some(found)) => {
                put(&mut ticket, found);
                ticket.attempts = 0;
                ticket.problem.clear();
                Ok(self.settle(ticket, Did::Created).await?)
            }
            Ok(None) => Ok(()),
            Err(problem) => self.settle_problem(ticket, problem).await,
        }
    }

    fn draft(&self, values: &Values, mark: String) -> Result<Draft, BadTemplate> {
        let settings = &self.integration.settings;
        Ok(Draft {
            summary: Template::summary(&settings.summary)?.title(values),
            description: Template::parse(&settings.description)?.document(values),
            labels: [LABEL.to_owned(), mark],
        })
    }

    /// `None` where what it is about is not there any more.
    async fn values(&self, ticket: &Ticket) -> Result<Option<Values>, StoreError> {
        let subject = ticket.subject;
        let policies = self.tickets.policies.clone();
        self.store(move |store, integration| {
            let console_url = &integration.settings.console_url;
            match subject {
                Subject::Issue(fingerprint) => {
                    let filter =
                        IssueFilter { fingerprints: Some(vec![fingerprint]), ..IssueFilter::default() };
                    let page =
                        Page { skip: 0, limit: 1, sort: vec![(IssueSort::Endpoint, Order::Ascending)] };
                    let (found, _) = store.issues(&filter, &page)?;
                    Ok(found.rows.first().map(|issue| values::of_issue(issue, console_url)))
                }
                Subject::Event(id) => {
                    let page =
                        Page { skip: 0, limit: 1, sort: vec![(EventSort::DetectedAt, Order::Descending)] };
                    let found = store.list(&EventFilter::ids(vec![id]), &page)?;
                    let Some(row) = found.rows.first() else { return Ok(None) };
                    let details = store.details(&[id])?;
                    let Some(detail) = details.first() else { return Ok(None) };
                    let policy = policies.one(store, &row.policy_id)?;
                    let info = policy.as_ref().map(|known| &*known.policy.info);
                    Ok(Some(values::of_event(row, detail, info, console_url)))
                }
            }
        })
        .await
    }
}
