//! From a diagnosis to a changed policy, in four wings.
//!
//! [`plan`](mod@plan) says what would change and [`words`] what that means: both pure. `write` makes
//! the change, takes it back and looks whether it counts. [`history`] is the journal of what was sent:
//! written before, completed after, and settled by asking the policy. Each uses only what stands before
//! it here, except that `write` uses `history`.

pub mod history;
pub mod plan;
pub mod words;
pub mod write;

pub use history::ledger::{Ledger, WriteEnd};
pub use history::{Journal, last_grant, was_reverted};
pub use plan::edit;
pub use plan::{
    EditError, Edited, Elsewhere, Grant, Plan, PlanOptions, PolicyBefore, Remedy, RemedyStep,
    Repair, Switch, plan, plan_with, refusing_guards, remedies,
};
pub use words::{
    CommandLine, FixWith, GrantMeaning, Power, SourceOptions, Word, diff, equivalents, meaning,
    power, word,
};
pub use write::{
    Applied, ApplyError, Carried, CarryEvent, ClosedPattern, ClosedProjects, Consent, KnownRights,
    LookedAt, MayWrite, ReadAhead, Standing, StepDone, StepError, SwitchError, UndoError, Undone,
    apply, apply_unseen, carry_out, carry_out_unasked, may_carry_out, may_write, newest_in_force,
    prepare, read_ahead, settle, standings, turn_on, undo, verify,
};
