use crate::store::StoreError;

/// Runs work that may wait for the disk where waiting harms nobody.
pub(crate) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(%error, "work on the store did not come to its end");
            Err(StoreError::BrokeOff.into())
        }
    }
}
