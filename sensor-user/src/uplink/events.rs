use std::{collections::VecDeque, convert::Infallible, time::Duration};

use portcullis_proto::v1::{EventAck, EventBatch};
use tokio::{sync::mpsc, time::sleep};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use super::{
    backoff::Backoff,
    journal::Journal,
    link::{Client, LinkError},
    spool::Position,
};

/// Batches that may be on their way before the first is acknowledged.
const WINDOW: usize = 8;

/// A control plane that takes longer to store a batch is not storing it.
const ACK_PATIENCE: Duration = Duration::from_secs(30);

struct InFlight {
    sequence: u64,
    events: u64,
    end: Position,
}

/// Keeps the stream open where only the store has no room: blocks must go on coming meanwhile.
pub(super) async fn stream(client: Client, journal: &Journal) -> Result<Infallible, LinkError> {
    let mut backoff = Backoff::default();
    loop {
        let before = journal.waiting();
        match once(client.clone(), journal).await {
            Err(LinkError::Ended(status)) if status.code() == Code::ResourceExhausted => {
                if journal.waiting() < before {
                    backoff.reset();
                }
                tracing::warn!(
                    reason = status.message(),
                    waiting = journal.waiting(),
                    "events wait in the spool"
                );
                sleep(backoff.next()).await;
            }
            ended => return ended,
        }
    }
}

/// Sends what the spool holds, from the oldest event that is not acknowledged; ends only with an error.
async fn once(client: Client, journal: &Journal) -> Result<Infallible, LinkError> {
    let (to, batches) = mpsc::channel(WINDOW);
    let request = client.request(ReceiverStream::new(batches));
    let mut acks = client.stub().stream_events(request).await?.into_inner();
    let mut waiting = journal.watch();
    let mut in_flight = VecDeque::new();
    let mut sequence = 0;
    let mut next: Position = 0;
    loop {
        // Before the read, so that an event written after it wakes us.
        waiting.borrow_and_update();
        while in_flight.len() < WINDOW
            && let Some(batch) = journal.batch(next)?
        {
            sequence += 1;
            next = batch.end;
            in_flight.push_back(InFlight { sequence, events: batch.events.len() as u64, end: batch.end });
            to.send(EventBatch { sequence, events: batch.events }).await.map_err(|_| ended())?;
        }
        tokio::select! {
            ack = acks.message() => settle(ack?.ok_or_else(ended)?, &mut in_flight, journal)?,
            _ = waiting.changed(), if in_flight.len() < WINDOW => {}
            () = sleep(ACK_PATIENCE), if !in_flight.is_empty() => {
                return Err(Status::deadline_exceeded("events were not acknowledged in time").into());
            }
        }
    }
}

fn settle(ack: EventAck, in_flight: &mut VecDeque<InFlight>, journal: &Journal) -> Result<(), LinkError> {
    let mut stored = None;
    while let Some(batch) = in_flight.pop_front_if(|batch| batch.sequence <= ack.sequence) {
        let events = stored.map_or(0, |(events, _)| events) + batch.events;
        stored = Some((events, batch.end));
    }
    match stored {
        Some((events, end)) => Ok(journal.acknowledge(events, end)?),
        None => Ok(()),
    }
}

fn ended() -> Status {
    Status::unavailable("the control plane ended the event stream")
}
