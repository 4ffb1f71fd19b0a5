use std::{
    fmt,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use indicatif::ProgressBar;

/// A line for people. Data goes to standard output through the verb's own writer, notes come here.
pub(crate) fn note(line: fmt::Arguments<'_>) {
    // A closed standard error leaves nobody to tell.
    aside_of_progress(|| writeln!(io::stderr().lock(), "{line}")).ok();
}

/// The line that a verb rewrites while it works.
static PROGRESS: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Shows it; or no more.
pub(crate) fn show_progress(bar: Option<ProgressBar>) {
    *PROGRESS.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

/// Writes to the terminal while the progress line is taken off it, so that neither is torn.
pub(crate) fn aside_of_progress<T>(write: impl FnOnce() -> T) -> T {
    let bar = PROGRESS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Standard error for the log.
pub(crate) struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        aside_of_progress(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Whether writing failed because the reader has had enough (`… | head`): no error, just the end.
pub(crate) fn is_broken_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}
