use std::{
    fmt,
    io::{self, Write},
};

/// A line for people. Data goes to standard output through the verb's own writer, notes come here.
pub(crate) fn note(line: fmt::Arguments<'_>) {
    // A closed standard error leaves nobody to tell.
    writeln!(io::stderr().lock(), "{line}").ok();
}

/// Whether writing failed because the reader has had enough (`… | head`): no error, just the end.
pub(crate) fn is_broken_pipe(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}
