//! What was learned, as text that outlives the process: a line that says what it is, one for all actors, one for each
//! endpoint, and one that says how many those were.

use portcullis_exchange::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Learned;
use crate::{baseline::KeptActors, inventory::KeptEndpoint};

const FORM: &str = "portcullis-learned";
/// Raised where an older sensor, or a newer one, could not read it.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    form: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct End {
    endpoints: u64,
}

/// Why kept state is not taken up.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    #[error("it is no text of what a sensor learned")]
    Form,
    #[error("it is of version {0}, and this sensor reads {VERSION}")]
    Version(u32),
    #[error("line {line}: {reason}")]
    Line { line: usize, reason: serde_json::Error },
    #[error("it ends before its end")]
    Cut,
}

impl Learned {
    /// Gives it line by line, without line ends. While the lines of a sixteenth of the endpoints are made, exchanges with
    /// these wait.
    pub fn keep(&self, each: &mut dyn FnMut(&str)) {
        let mut line = |text: serde_json::Result<String>| {
            // Maps and numbers of ours have no form that JSON lacks; a line too few is found by its count.
            if let Ok(text) = text {
                each(&text);
            }
        };
        line(serde_json::to_string(&Head { form: FORM.to_owned(), version: VERSION }));
        line(serde_json::to_string(&self.actors.kept()));
        let mut endpoints = 0;
        self.inventory.each_kept(&mut |endpoint| {
            endpoints += 1;
            line(endpoint);
        });
        line(serde_json::to_string(&End { endpoints }));
    }

    /// Takes up what an earlier process kept, all of it or nothing; gives how many endpoints came back. Those past a bound
    /// do not. What was counted counts for what is usual, and is not told once more.
    pub fn restore(&self, text: &str, now: Timestamp) -> Result<usize, KeptError> {
        let mut lines = text.lines();
        let head = lines.next().and_then(|line| serde_json::from_str::<Head>(line).ok());
        let head = head.ok_or(KeptError::Form)?;
        if head.form != FORM {
            return Err(KeptError::Form);
        }
        if head.version != VERSION {
            return Err(KeptError::Version(head.version));
        }
        let actors: KeptActors = read(2, lines.next().ok_or(KeptError::Cut)?)?;
        let end = lines.next_back().and_then(|line| serde_json::from_str::<End>(line).ok());
        let end = end.ok_or(KeptError::Cut)?;
        let endpoints: Vec<KeptEndpoint<'static>> =
            lines.enumerate().map(|(at, line)| read(at + 3, line)).collect::<Result<_, _>>()?;
        if endpoints.len() as u64 != end.endpoints {
            return Err(KeptError::Cut);
        }
        self.actors.restore(&actors);
        Ok(endpoints
            .into_iter()
            .map(|endpoint| self.inventory.restore(endpoint, now))
            .filter(|back| *back)
            .count())
    }
}

fn read<T: DeserializeOwned>(at: usize, text: &str) -> Result<T, KeptError> {
    serde_json::from_str(text).map_err(|reason| KeptError::Line { line: at, reason })
}
