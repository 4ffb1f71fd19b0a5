use super::{
    frame::{FrameHeader, Kind, PADDED, PRIORITY},
    settings::{self, SETTING_LEN},
};

/// A frame's payload on its way: what comes before its content, the content, and the padding.
pub(super) struct Payload {
    pub(super) header: FrameHeader,
    stage: Stage,
    prefix: Prefix,
    /// Bytes of content that lack.
    content: u32,
    /// Bytes after the content that lack.
    padding: u32,
    setting: [u8; SETTING_LEN],
    setting_len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Prefix,
    Content,
    Padding,
    /// Too short for what its flags say is in it.
    Malformed,
}

/// Pad length, promised stream, priority, or error code.
#[derive(Default)]
struct Prefix {
    bytes: [u8; 6],
    len: usize,
    filled: usize,
}

/// What the next bytes of a payload are.
pub(super) enum Taken<'a> {
    Passed,
    Malformed,
    Data(&'a [u8]),
    /// Of a header block; `is_last` where it is the last one of this frame.
    Fragment {
        bytes: &'a [u8],
        is_last: bool,
    },
    HeaderTableSize(u32),
    /// The frame is over.
    Over,
}

impl Payload {
    pub(super) fn of(header: FrameHeader) -> Self {
        let is_padded = header.has(PADDED);
        let len = match header.kind {
            Kind::Data => usize::from(is_padded),
            Kind::Headers => usize::from(is_padded) + if header.has(PRIORITY) { 5 } else { 0 },
            Kind::PushPromise => usize::from(is_padded) + 4,
            Kind::ResetStream => 4,
            _ => 0,
        };
        let mut this = Self::passed_over(header);
        match header.len.checked_sub(len as u32) {
            Some(content) => {
                this.prefix.len = len;
                (this.content, this.padding) = (content, 0);
                this.stage = if len > 0 { Stage::Prefix } else { Stage::Content };
            }
            None => this.stage = Stage::Malformed,
        }
        this
    }

    /// A payload that nobody reads.
    pub(super) fn passed_over(header: FrameHeader) -> Self {
        Self {
            header,
            stage: Stage::Padding,
            prefix: Prefix::default(),
            content: 0,
            padding: header.len,
            setting: [0; SETTING_LEN],
            setting_len: 0,
        }
    }

    pub(super) fn needs_bytes(&self) -> bool {
        match self.stage {
            Stage::Prefix => true,
            Stage::Content => self.content > 0,
            Stage::Padding => self.padding > 0,
            Stage::Malformed => false,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.left() == 0
    }

    /// What a RST_STREAM says.
    pub(super) fn reset_code(&self) -> Option<u32> {
        let is_whole = self.prefix.len == 4 && self.prefix.filled == 4;
        self.prefix.bytes.first_chunk().filter(|_| is_whole).map(|code| u32::from_be_bytes(*code))
    }

    /// Takes of the next bytes what belongs together, and says how many those were.
    pub(super) fn take<'a>(&mut self, bytes: &'a [u8]) -> (Taken<'a>, usize) {
        match self.stage {
            Stage::Malformed => {
                self.stage = Stage::Padding;
                (Taken::Malformed, 0)
            }
            Stage::Prefix => {
                let used = self.prefix.fill(bytes);
                let is_sound = self.prefix.filled < self.prefix.len || self.end_prefix();
                (if is_sound { Taken::Passed } else { Taken::Malformed }, used)
            }
            Stage::Content => self.take_content(bytes),
            Stage::Padding if self.padding == 0 => (Taken::Over, 0),
            Stage::Padding => {
                let len = (self.padding as usize).min(bytes.len());
                self.padding -= len as u32;
                (Taken::Passed, len)
            }
        }
    }

    /// Passes over lost bytes; gives those of them that were content. `None` where they reach past the frame.
    pub(super) fn skip(&mut self, missing: u64) -> Option<u64> {
        let left = self.left();
        let after = left.checked_sub(missing)?;
        match self.stage {
            Stage::Content if self.header.kind != Kind::Settings => {
                let content = missing.min(u64::from(self.content));
                self.content -= content as u32;
                self.padding -= (missing - content) as u32;
                Some(content)
            }
            // What the rest means cannot be told.
            _ => {
                let was_content = self.stage != Stage::Padding;
                self.stage = Stage::Padding;
                (self.content, self.padding, self.prefix.len) = (0, after as u32, 0);
                Some(if was_content { left } else { 0 })
            }
        }
    }

    fn left(&self) -> u64 {
        let prefix = if self.stage == Stage::Prefix { self.prefix.len - self.prefix.filled } else { 0 };
        prefix as u64 + u64::from(self.content) + u64::from(self.padding)
    }

    /// Where the prefix says that more is padding than is there, the frame is malformed.
    fn end_prefix(&mut self) -> bool {
        let is_padded = self.header.has(PADDED) && self.header.kind != Kind::ResetStream;
        let padding = if is_padded { self.prefix.bytes.first().copied().unwrap_or_default() } else { 0 };
        let padding = u32::from(padding);
        match self.content.checked_sub(padding) {
            Some(content) => {
                (self.stage, self.content, self.padding) = (Stage::Content, content, padding);
                true
            }
            None => {
                (self.stage, self.content, self.padding) = (Stage::Padding, 0, self.content);
                false
            }
        }
    }

    fn take_content<'a>(&mut self, bytes: &'a [u8]) -> (Taken<'a>, usize) {
        let len = (self.content as usize).min(bytes.len());
        let content = bytes.get(..len).unwrap_or_default();
        if self.header.kind == Kind::Settings && len > 0 {
            return self.take_setting(content);
        }
        let is_last = len == self.content as usize;
        self.content -= len as u32;
        if is_last {
            self.stage = Stage::Padding;
        }
        let taken = match self.header.kind {
            Kind::Data if len > 0 => Taken::Data(content),
            Kind::Headers | Kind::PushPromise | Kind::Continuation => {
                Taken::Fragment { bytes: content, is_last }
            }
            _ => Taken::Passed,
        };
        (taken, len)
    }

    fn take_setting<'a>(&mut self, bytes: &'a [u8]) -> (Taken<'a>, usize) {
        let mut used = 0;
        for (slot, byte) in self.setting.iter_mut().skip(self.setting_len).zip(bytes) {
            *slot = *byte;
            used += 1;
        }
        self.setting_len += used;
        self.content -= used as u32;
        let mut taken = Taken::Passed;
        if self.setting_len == SETTING_LEN {
            self.setting_len = 0;
            if let Some(size) = settings::header_table_size(self.setting) {
                taken = Taken::HeaderTableSize(size);
            }
        }
        (taken, used)
    }
}

impl Prefix {
    fn fill(&mut self, bytes: &[u8]) -> usize {
        let mut used = 0;
        for (slot, byte) in self.bytes.iter_mut().take(self.len).skip(self.filled).zip(bytes) {
            *slot = *byte;
            used += 1;
        }
        self.filled += used;
        used
    }
}
