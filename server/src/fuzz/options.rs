//! The lines of magics, and the target expressions in them.

use super::check_range;
use crate::{
    cells::{MagicKind, Options, mapped::Mapped, options},
    engines::{EngineId, Targets},
};

/// The input: what stands behind the name of a magic.
///
/// Whatever is refused is refused at a place of the line; what is read is read again as the same from what it is written as.
pub fn options(data: &[u8]) {
    let line = String::from_utf8_lossy(data);
    for magic in [MagicKind::CellPx, MagicKind::LinePx, MagicKind::PxConfig, MagicKind::PxResult] {
        let read = read(&line, magic);
        let error = read.error.iter().map(|error| error.range);
        let targets = read.targets.iter().map(|targets| targets.range);
        error.chain(targets).for_each(|range| check_range(&line, range.in_block()));
        let is_number = read.config.progress_after.is_none_or(|seconds| !seconds.is_nan());
        if read.error.is_none() && !read.dynamic && is_number {
            let written = read.written();
            assert_eq!(plain(self::read(&written, magic)), plain(read), "{written:?} of {line:?}");
        }
    }
    for range in options::arguments(&line) {
        targets(&line[range]);
    }
    targets(&line);
}

fn read(line: &str, magic: MagicKind) -> Options {
    let text = Mapped::plain(line, 0);
    options::parse(line, magic, |range| text.range(range))
}

/// The options without where they stand.
fn plain(mut options: Options) -> Options {
    if let Some(targets) = &mut options.targets {
        targets.range = crate::text::TextRange::new(0, 0).into();
    }
    options
}

/// An expression that is read chooses engines that are there, and is read as the same once it is written.
fn targets(text: &str) {
    let ids: Vec<EngineId> = [0, 1, 2, 3, 5, 8].map(EngineId).to_vec();
    for read in [Targets::parse(text), Targets::parse_flag(text)] {
        match read {
            Ok(targets) => {
                assert_eq!(Targets::parse(&targets.to_string()), Ok(targets.clone()));
                if let Ok(resolved) = targets.resolve(&ids) {
                    assert!(!resolved.engines.is_empty());
                    assert!(resolved.engines.iter().all(|id| ids.contains(id)), "{resolved:?}");
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
