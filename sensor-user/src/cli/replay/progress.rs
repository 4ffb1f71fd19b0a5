//! How far a replay has come, for whoever waits for it at a terminal.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use sensor_user::replay::Meter;

use crate::cli::terminal;

/// One line, rewritten until it is dropped.
pub(super) struct Progress {
    bar: ProgressBar,
    transactions: Arc<AtomicU64>,
    /// Ends the thread by being dropped.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Time between two looks.
const STEP: Duration = Duration::from_millis(250);
const DRAWN_PER_SECOND: u8 = 4;
const WITH_TOTAL: &str =
    "{bytes} / {total_bytes}  {percent} %  {bytes_per_sec}  {transactions} transactions  {eta} left";
const WITHOUT_TOTAL: &str = "{bytes}  {bytes_per_sec}  {transactions} transactions";

impl Progress {
    /// `None` where standard error is no terminal.
    pub(super) fn of(files: &[PathBuf], meter: &Meter) -> Option<Self> {
        let total = total(files);
        let target = ProgressDrawTarget::stderr_with_hz(DRAWN_PER_SECOND);
        let bar = ProgressBar::with_draw_target(total, target);
        if bar.is_hidden() {
            return None;
        }
        let transactions = Arc::new(AtomicU64::new(0));
        let style =
            ProgressStyle::with_template(if total.is_some() { WITH_TOTAL } else { WITHOUT_TOTAL }).ok()?;
        let count = Arc::clone(&transactions);
        bar.set_style(style.with_key(
            "transactions",
            move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
                // There is nobody to tell that a line could not be drawn.
                write!(out, "{}", count.load(Ordering::Relaxed)).ok();
            },
        ));
        bar.tick();
        terminal::show_progress(Some(bar.clone()));
        let (stop, stopped) = mpsc::channel::<()>();
        let (shown, meter) = (bar.clone(), meter.clone());
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
                shown.set_position(meter.bytes());
            }
        });
        Some(Self { bar, transactions, stop: Some(stop), thread: Some(thread) })
    }

    pub(super) fn note_transaction(&self) {
        self.transactions.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop = None;
        // What a thread panicked about was printed by it.
        self.thread.take().map(JoinHandle::join);
        terminal::show_progress(None);
        self.bar.finish_and_clear();
    }
}

/// `None` where some of them cannot say: standard input, pipes, files that are not there.
fn total(files: &[PathBuf]) -> Option<u64> {
    let len = |file: &PathBuf| {
        let known = fs_err::metadata(file).ok().filter(|known| known.is_file());
        known.filter(|_| file != Path::new("-")).map(|known| known.len())
    };
    files.iter().map(len).sum()
}
