//! The rules by which outputs are taken for alike, one by one, so that it can be shown what each is good for.

/// One rule of the fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Rule {
    /// Numbers may differ.
    Numbers,
    /// `nan` and `inf` are numbers.
    Nonfinite,
    /// A number and its unit of time are one: `980 ms` is like `1.1 s`; so is `0:01:23`.
    Durations,
    /// Hexadecimal addresses, hashes and UUIDs may differ.
    Addresses,
    /// Digits at the end of a name may differ: hosts such as `n03`.
    Names,
    /// Types such as `float64` are words for all their digits.
    Types,
    /// What has more than one dot is no number: versions, IP addresses.
    Dotted,
    /// Blanks that align a number belong to it.
    Padding,
    /// A result is read as a value: line ends within it mean nothing, and its strings may differ.
    Values,
    /// An engine's own id is `{rank}`.
    OwnRank,
    /// The order of process ids means nothing: no median, no bars.
    Pids,
    /// Where nearly all are identical, the others stand apart.
    Majority,
    /// A minority is shown as its difference from the majority.
    Differences,
    /// Of a value of many numbers the shape and the range are shown.
    Large,
    /// A number of a result that is the same everywhere is marked by `≡`.
    Equal,
    /// Bars stand for several engines each where there are many.
    Buckets,
    /// Images may differ.
    Images,
}

impl Rule {
    /// Every rule.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 17] = [
        Self::Numbers,
        Self::Nonfinite,
        Self::Durations,
        Self::Addresses,
        Self::Names,
        Self::Types,
        Self::Dotted,
        Self::Padding,
        Self::Values,
        Self::OwnRank,
        Self::Pids,
        Self::Majority,
        Self::Differences,
        Self::Large,
        Self::Equal,
        Self::Buckets,
        Self::Images,
    ];
}

/// The rules in force; by default all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// A bit for each rule that is left out.
    without: u32,
}

impl Rules {
    /// All rules but one.
    #[cfg(test)]
    pub(crate) fn without(rule: Rule) -> Self {
        Self { without: 1 << rule as u8 }
    }

    /// Whether a rule is in force.
    pub(crate) fn has(self, rule: Rule) -> bool {
        self.without & (1 << rule as u8) == 0
    }
}
