use std::time::Duration;

use crate::Failure;

/// What holds for all nodes. What is left out is as the library has it.
#[derive(Clone, Copy, Default)]
pub struct Options {
    /// `-idle 100ms`: close a connection after this time without a stream.
    pub idle: Option<Duration>,
    /// `-max-message 131072`: bytes of the largest message that is written or read.
    pub max_message: Option<usize>,
}

impl Options {
    pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Self, Failure> {
        let mut options = Options::default();
        let mut args = args.into_iter();
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name} has no value"))?;
            match name.as_str() {
                "-idle" => options.idle = Some(Duration::from_millis(value.trim_end_matches("ms").parse()?)),
                "-max-message" => options.max_message = Some(value.parse()?),
                _ => return Err(format!("no option {name}").into()),
            }
        }
        Ok(options)
    }
}
