//! The rules of the fold: what may differ between outputs that are alike, and how the differences are shown.
//!
//! Code that follows a rule asks whether it [applies](Rule::applies). It always does, at no cost; only tests leave one out, to
//! show what it is good for: `tests/fold/rules.md`.

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
    /// An engine's own id is `‹rank›`.
    OwnRank,
    /// The order of process ids means nothing: no median, no bars.
    Pids,
    /// Where nearly all are identical, the others stand apart.
    Majority,
    /// A minority is shown as its difference from the majority.
    Differences,
    /// Of a value of many numbers the shape and the range are shown.
    Large,
    /// Of few engines the values are shown as they are.
    Few,
    /// A number of a result that is the same everywhere is marked by `≡`.
    Equal,
    /// Bars stand for several engines each where there are many.
    Buckets,
    /// Images may differ.
    Images,
    /// What people copy as it stands differs as a whole: members and objects of JSON, URLs.
    Copied,
}

impl Rule {
    /// Whether the rule is in force: always, outside of tests.
    #[cfg(not(test))]
    #[inline(always)]
    pub(crate) const fn applies(self) -> bool {
        true
    }

    #[cfg(test)]
    pub(crate) fn applies(self) -> bool {
        LEFT_OUT.get() != Some(self)
    }

    #[cfg(test)]
    pub(crate) const ALL: [Self; 19] = [
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
        Self::Few,
        Self::Equal,
        Self::Buckets,
        Self::Images,
        Self::Copied,
    ];
}

#[cfg(test)]
thread_local! {
    static LEFT_OUT: std::cell::Cell<Option<Rule>> = const { std::cell::Cell::new(None) };
}

/// What `work` returns when this rule is left out. Runs have to be made inside it, since they note what they are like while
/// they are filled.
#[cfg(test)]
pub(crate) fn without<T>(rule: Rule, work: impl FnOnce() -> T) -> T {
    LEFT_OUT.set(Some(rule));
    let result = work();
    LEFT_OUT.set(None);
    result
}
