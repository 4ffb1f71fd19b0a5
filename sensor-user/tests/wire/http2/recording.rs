//! What two real peers say to each other, recorded between them.

use std::sync::{Arc, Mutex};

use portcullis_exchange::{Exchange, Timestamp};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::conversation::{Conversation, replay};

/// Both directions in the order in which they passed.
#[derive(Clone, Default)]
pub(super) struct Recording(Arc<Mutex<Vec<Piece>>>);

/// Whether the client sent it, and what it was.
type Piece = (bool, Vec<u8>);

impl Recording {
    /// Passes bytes on between two peers until both are silent.
    pub(super) async fn pass<C, S>(self, client: C, server: S)
    where
        C: AsyncRead + AsyncWrite,
        S: AsyncRead + AsyncWrite,
    {
        let (from_client, to_client) = tokio::io::split(client);
        let (from_server, to_server) = tokio::io::split(server);
        tokio::join!(self.one_way(true, from_client, to_server), self.one_way(false, from_server, to_client));
    }

    async fn one_way(
        &self,
        is_client: bool,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(len @ 1..) = from.read(&mut buffer).await {
            self.0.lock().unwrap().push((is_client, buffer[..len].to_vec()));
            if to.write_all(&buffer[..len]).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    }

    /// As a capture sees it, each piece cut into segments of the lengths that `cut` gives.
    pub(super) fn conversation(&self, cut: &mut dyn FnMut() -> usize) -> Conversation {
        let pieces = self.0.lock().unwrap();
        let conversation =
            pieces.iter().fold(Conversation::opened(), |mut conversation, (is_client, bytes)| {
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at(cut().clamp(1, rest.len()));
                    conversation.push(*is_client, sensor_user::segment::TcpFlags::ACK, piece);
                    rest = after;
                }
                conversation
            });
        conversation.closed()
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        without_times(self.conversation(&mut || usize::MAX).exchanges())
    }

    /// The exchanges must be the same whatever the cuts.
    pub(super) fn assert_cuts_change_nothing(&self, seed: u64) {
        let expected = self.exchanges();
        let mut random = fastrand::Rng::with_seed(seed);
        for longest in [1, 9, 100, 1460] {
            let conversation = self.conversation(&mut || random.usize(1..=longest));
            assert_eq!(without_times(replay(&conversation.sent)), expected, "segments of at most {longest}");
        }
    }
}

fn without_times(mut exchanges: Vec<Exchange>) -> Vec<Exchange> {
    for exchange in &mut exchanges {
        (exchange.started_at, exchange.completed_at) = (Timestamp::default(), Timestamp::default());
    }
    exchanges.sort_by_key(|exchange| exchange.stream);
    exchanges
}
