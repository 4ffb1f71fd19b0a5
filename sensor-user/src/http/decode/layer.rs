use super::stage::{Stage, Stop};

/// A coding that was announced, until it shows that it was not applied.
///
/// Receivers often ignore the field, so a plain body under a false `Content-Encoding: gzip` would otherwise hide from us.
pub(super) struct Layer {
    /// `None` once the bytes were found to be something else: they pass as they are.
    stage: Option<Box<dyn Stage>>,
    /// What came before anything was decoded.
    untouched: Vec<u8>,
    has_output: bool,
}

/// A false coding shows itself in its first bytes; more is not held for it.
const MAX_UNTOUCHED: usize = 4 << 10;

impl Layer {
    pub(super) fn new(stage: Box<dyn Stage>) -> Self {
        Self { stage: Some(stage), untouched: Vec::new(), has_output: false }
    }

    /// Whether the coding was found not to be applied.
    pub(super) fn is_false(&self) -> bool {
        self.stage.is_none()
    }

    fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8]) -> Result<(), Stop>) -> Result<(), Stop> {
        let Some(stage) = &mut self.stage else { return out(bytes) };
        if self.has_output {
            return stage.push(bytes, out);
        }
        let mut has_output = false;
        let outcome = stage.push(bytes, &mut |decoded| {
            has_output |= !decoded.is_empty();
            out(decoded)
        });
        if has_output {
            self.has_output = true;
            self.untouched = Vec::new();
            return outcome;
        }
        let may_be_false = self.untouched.len() + bytes.len() <= MAX_UNTOUCHED || self.untouched.is_empty();
        match outcome {
            Err(Stop::Damaged) if may_be_false => {
                self.stage = None;
                out(&std::mem::take(&mut self.untouched))?;
                out(bytes)
            }
            Ok(()) if may_be_false && bytes.len() <= MAX_UNTOUCHED => {
                self.untouched.extend_from_slice(bytes);
                Ok(())
            }
            Ok(()) => {
                self.has_output = true;
                self.untouched = Vec::new();
                Ok(())
            }
            Err(stop) => Err(stop),
        }
    }

    /// What came, where nothing was decoded of it and more would have had to come.
    pub(super) fn undecided(&mut self) -> Vec<u8> {
        let is_undecided = !self.has_output && self.stage.as_ref().is_some_and(|stage| !stage.is_over());
        if is_undecided { std::mem::take(&mut self.untouched) } else { Vec::new() }
    }

    pub(super) fn memory(&self) -> usize {
        self.untouched.capacity() + self.stage.as_ref().map_or(0, |stage| stage.memory())
    }
}

/// Takes off one coding after the other.
pub(super) fn run(
    stages: &mut [Layer],
    bytes: &[u8],
    out: &mut dyn FnMut(&[u8]) -> Result<(), Stop>,
) -> Result<(), Stop> {
    match stages.split_first_mut() {
        None => out(bytes),
        Some((stage, rest)) => stage.push(bytes, &mut |decoded| run(rest, decoded, out)),
    }
}
