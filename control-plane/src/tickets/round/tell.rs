use std::collections::HashMap;

use super::{AT_ONCE, Round, Stop, put};
use crate::{
    clock::EpochMillis,
    store::{
        ChangedIssue, Did, EventFilter, EventSort, EventStatus, Issue, IssueStatus, Order, Page, Subject,
        Ticket, TicketState,
    },
    tickets::{
        document::Document,
        tracker::Goal,
        values::{link, stamp},
    },
};

/// Events that are looked at in one question.
const EVENTS_AT_ONCE: u64 = 200;

impl Round<'_> {
    /// Tells the tickets of issues that stand otherwise than they were told.
    pub(super) async fn tell_of_issues(&self) -> Result<bool, Stop> {
        let changed = self
            .store(|store, integration| store.changed_issues(&integration.id, EpochMillis::now(), AT_ONCE));
        let changed = changed.await?;
        let is_asked = !changed.is_empty();
        for ChangedIssue { ticket, issue } in changed {
            let (said, goal) = of_issue(&ticket, &issue);
            self.tell(ticket, issue.status, &said, goal).await?;
        }
        Ok(is_asked)
    }

    /// The same of events, which are open or ignored.
    pub(super) async fn tell_of_events(&self) -> Result<bool, Stop> {
        let (mut after, mut told) = (0, 0);
        loop {
            let found = self.store(move |store, integration| {
                let page = store.live_tickets(&integration.id, EpochMillis::MIN, after, EVENTS_AT_ONCE)?;
                let id = |ticket: &Ticket| match ticket.subject {
                    Subject::Event(id) => Some(id),
                    Subject::Issue(_) => None,
                };
                let ids: Vec<_> = page.iter().filter_map(id).collect();
                let window = Page {
                    skip: 0,
                    limit: EVENTS_AT_ONCE,
                    sort: vec![(EventSort::DetectedAt, Order::Descending)],
                };
                let rows = match ids.is_empty() {
                    true => Vec::new(),
                    false => store.list(&EventFilter::ids(ids), &window)?.rows,
                };
                let statuses: HashMap<_, _> = rows.into_iter().map(|row| (row.id, row.status)).collect();
                Ok((page, statuses))
            });
            let (page, statuses) = found.await?;
            let Some(last) = page.last() else { return Ok(told > 0) };
            after = last.seq;
            for ticket in page {
                let Subject::Event(id) = ticket.subject else { continue };
                // An event that is gone says nothing of whether its ticket is done.
                let Some(status) = statuses.get(&id) else { continue };
                let (status, said, goal) = match status {
                    EventStatus::Ignored => {
                        (IssueStatus::Ignored, "Portcullis: this event is ignored now.", Goal::Close)
                    }
                    EventStatus::Active | EventStatus::UnderReview => {
                        (IssueStatus::Open, "Portcullis: this event is no longer ignored.", Goal::Reopen)
                    }
                };
                if status != ticket.told && ticket.next_at <= EpochMillis::now() && told < AT_ONCE {
                    told += 1;
                    self.tell(ticket, status, said, goal).await?;
                }
            }
        }
    }

    async fn tell(
        &self,
        mut ticket: Ticket,
        status: IssueStatus,
        said: &str,
        goal: Goal,
    ) -> Result<(), Stop> {
        let link = link(ticket.subject, &self.integration.settings.console_url);
        let comment = Document::line(said).and_link(link.as_deref());
        match self.tracker.tell(&ticket.key, &comment, Some(goal)).await {
            Ok(found) => {
                put(&mut ticket, found);
                if goal == Goal::Reopen && ticket.state == TicketState::Done {
                    // Where it leads does not count as open: only what is found later is worth a word again.
                    ticket.done_at = Some(EpochMillis::now());
                }
                ticket.told = status;
                ticket.attempts = 0;
                ticket.next_at = EpochMillis::MIN;
                ticket.problem.clear();
                Ok(self.settle(ticket, Did::Updated).await?)
            }
            Err(problem) => self.settle_problem(ticket, problem).await,
        }
    }
}

fn of_issue(ticket: &Ticket, issue: &Issue) -> (String, Goal) {
    match (issue.status, ticket.told) {
        (IssueStatus::Fixed, _) => {
            let at = issue.last_clean.map(stamp).unwrap_or_default();
            (format!("Portcullis: fixed. A scan tried it again at {at} and did not find it."), Goal::Close)
        }
        (IssueStatus::Ignored, _) => {
            let why = issue.ignored.as_ref().map(|one| {
                let note = if one.note.is_empty() { String::new() } else { format!(": {}", one.note) };
                format!(" as {} by {}{note}", one.reason.name(), one.by)
            });
            (format!("Portcullis: ignored{}", why.unwrap_or_default()), Goal::Close)
        }
        (IssueStatus::Open, IssueStatus::Ignored) => {
            ("Portcullis: this is no longer ignored.".to_owned(), Goal::Reopen)
        }
        (IssueStatus::Open, _) => {
            let at = stamp(issue.last_found);
            (format!("Portcullis: found again at {at}; it is not fixed."), Goal::Reopen)
        }
    }
}
