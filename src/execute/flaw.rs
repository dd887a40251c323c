//! Bugs that can be planted in an execution, to prove that exploring finds such: in the tests of
//! this crate only, nobody else can plant one.

/// What a worse executor would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// A create without an answer is repeated under another name, without looking.
    CreateBlindly,
    /// Blues are destroyed without reading their greens again.
    DestroyBlindly,
    /// A green whose checks passed once is trusted ever after.
    TrustOnePass,
    /// What comes after the first destroy is taken back all the same.
    TurnBackTooLate,
    /// Leases are not given back.
    ForgetLeases,
    /// A blue that could not be destroyed is not spoken of.
    SwallowFailures,
    /// Going back, the blues stay cordoned.
    LeaveCordoned,
    /// Going back begins before the changes under way are answered.
    DoNotWait,
    /// The notes on machines stay there.
    ForgetMarks,
    /// A create whose answer was lost is not taken back.
    ForgetUnanswered,
    /// Going back, nobody looks what would serve without the green.
    GoBackBlindly,
    /// Whoever goes on infers from a missing blue that there is no way back.
    InferThePoint,
    /// That there is no way back is not written down.
    ForgetThePoint,
}

impl Flaw {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 13] = [
        Self::CreateBlindly,
        Self::DestroyBlindly,
        Self::TrustOnePass,
        Self::TurnBackTooLate,
        Self::ForgetLeases,
        Self::SwallowFailures,
        Self::LeaveCordoned,
        Self::DoNotWait,
        Self::ForgetMarks,
        Self::ForgetUnanswered,
        Self::GoBackBlindly,
        Self::InferThePoint,
        Self::ForgetThePoint,
    ];
}

impl super::Options {
    #[cfg(test)]
    pub(super) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "nothing is planted outside tests")]
    pub(super) const fn has(&self, _: Flaw) -> bool {
        false
    }
}
