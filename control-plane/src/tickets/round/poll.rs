use super::{Round, Stop, put};
use crate::{
    clock::EpochMillis,
    store::{
        Did, IgnoreReason, Ignored, Issue, IssueFilter, IssueSort, IssueStatus, Order, Page, StoreError,
        Subject, Ticket, TicketState,
    },
    tickets::{
        act,
        tracker::{Found, Problem},
    },
};

/// Tickets that have been done for longer are asked about no more.
const DONE_MILLIS: i64 = 90 * 86_400_000;
/// Tickets that were not among the answers are asked about one by one, so many of a page.
const MAX_MISSING: usize = 10;

impl Round<'_> {
    /// Asks how all tickets stand, a page at a time.
    pub(super) async fn poll(&self) -> Result<(), Stop> {
        let done_since = EpochMillis::from_millis(EpochMillis::now().millis() - DONE_MILLIS);
        let limit = self.tracker.at_once();
        let mut after = 0;
        loop {
            let page = self.store(move |store, integration| {
                store.live_tickets(&integration.id, done_since, after, limit as u64)
            });
            let page = page.await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            let keys: Vec<_> = page.iter().map(|ticket| ticket.key.clone()).collect();
            let mut found = self.tracker.read(&keys).await.map_err(Stop::Tracker)?;
            let (mut settled, mut missing) = (Vec::new(), 0);
            for ticket in page {
                let found = match found.remove(&ticket.key) {
                    Some(found) => Some(found),
                    None if missing == MAX_MISSING => continue,
                    None => {
                        missing += 1;
                        match self.tracker.one(&ticket.key).await {
                            Ok(found) => Some(found),
                            Err(Problem::Gone(_)) => None,
                            Err(problem) => return Err(Stop::Tracker(problem)),
                        }
                    }
                };
                settled.push((self.seen(ticket, found).await?, Did::Nothing));
            }
            self.store(move |store, _| store.settle_tickets(settled)).await?;
        }
    }

    async fn seen(&self, mut ticket: Ticket, found: Option<Found>) -> Result<Ticket, StoreError> {
        let Some(found) = found else {
            ticket.state = TicketState::Gone;
            "the tracker knows it no more".clone_into(&mut ticket.problem);
            return Ok(ticket);
        };
        let was_done = ticket.state == TicketState::Done;
        // Only what people did since then says anything: what was decided here meanwhile stands.
        let is_news = was_done != found.is_done || ticket.tracker_state != found.state;
        let reason = is_news.then(|| self.ignores(&found)).flatten();
        let state = match found.resolution.as_str() {
            resolution if resolution.is_empty() || resolution == found.state => found.state.clone(),
            resolution => format!("{} ({resolution})", found.state),
        };
        let is_open_again = was_done && !found.is_done;
        put(&mut ticket, found);
        let Subject::Issue(fingerprint) = ticket.subject else { return Ok(ticket) };
        let by = format!("ticket {}", ticket.key);
        let note = format!("{} is {state}", ticket.key);
        let told = ticket.told;
        let told = self.store(move |store, _| {
            let filter = IssueFilter { fingerprints: Some(vec![fingerprint]), ..IssueFilter::default() };
            let issue = |filter: &IssueFilter| -> Result<Option<Issue>, StoreError> {
                let page = Page { skip: 0, limit: 1, sort: vec![(IssueSort::Endpoint, Order::Ascending)] };
                Ok(store.issues(filter, &page)?.0.rows.into_iter().next())
            };
            if let Some(reason) = reason {
                // One that a scan found fixed stays so, and one that people ignored keeps their reason.
                let filter = IssueFilter { statuses: vec![IssueStatus::Open], ..filter };
                let ignored = Ignored { reason, note, by, at: EpochMillis::now() };
                let changed = store.ignore_issues(&act(), &filter, Some(ignored))?;
                return Ok(if changed > 0 { IssueStatus::Ignored } else { told });
            }
            if is_open_again
                && let Some(issue) = issue(&filter)?
                && issue.ignored.is_some_and(|one| one.by == by)
            {
                store.ignore_issues(&act(), &filter, None)?;
                return Ok(IssueStatus::Open);
            }
            Ok(told)
        });
        ticket.told = told.await?;
        Ok(ticket)
    }

    /// As what people said at the tracker that it is to be ignored.
    fn ignores(&self, found: &Found) -> Option<IgnoreReason> {
        let states = &self.integration.settings.states.ignore;
        let is_it = |name: &str| {
            name.eq_ignore_ascii_case(&found.state) || name.eq_ignore_ascii_case(&found.resolution)
        };
        let (_, reason) = states.iter().find(|(name, _)| is_it(name))?;
        IgnoreReason::parse(reason)
    }
}
