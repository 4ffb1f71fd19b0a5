use std::io::{self, BufWriter, Write};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{ApiError, endpoint::Call};
use crate::{
    backup::{self, BackupError},
    blocking::blocking,
};

/// Pieces under way to a reader who takes them slowly.
const PIECES: usize = 4;
const PIECE: usize = 256 * 1024;

/// `exportBackup`: everything that is kept, as `control-plane restore` takes it. One at a time.
pub(super) async fn export(call: Call) -> Result<Response, ApiError> {
    let turn = call.api.backups.clone().try_acquire_owned().map_err(|_| ApiError::BackupUnderWay)?;
    let (api, act) = (call.api.clone(), call.act());
    blocking(move || api.store.note(&act, "backup")).await?;
    let (pieces, body) = mpsc::channel::<io::Result<Bytes>>(PIECES);
    let data_dir = call.api.data_dir.clone();
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let made = backup::staging(&data_dir).and_then(|staging| {
            let into = BufWriter::with_capacity(PIECE, Pieces(pieces.clone()));
            backup::to_writer(&data_dir, staging.path(), into, &mut |_| {})
        });
        match made {
            Ok(_) => {}
            Err(BackupError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                tracing::warn!("whoever fetched a backup went away");
            }
            Err(error) => {
                tracing::error!(%error, "a backup broke off");
                // The reader sees a body that was cut off. Where nobody reads, that is that.
                let _gone = pieces.blocking_send(Err(io::Error::other("the backup broke off")));
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zstd")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"portcullis.backup.tar.zst\""),
        ),
    ];
    Ok((headers, Body::from_stream(ReceiverStream::new(body))).into_response())
}

struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(piece)));
        sent.map(|()| piece.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
