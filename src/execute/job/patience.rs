//! How long a job may take, and what is said of one that took longer.

use super::{Job, Next, Owner, View};
use crate::execute::goal::Goal;
use crate::execute::{Call, watch};

impl Job {
    /// A command that did not end may have written why.
    pub(super) fn given_up(&mut self, view: View<'_>) -> Next {
        let why = self.too_late(view);
        match &self.goal {
            Goal::Ended { target } if self.note.is_none() => match view.known.id(target) {
                Some(id) => {
                    self.note = Some(why);
                    Next::Call(Call::Logs { id: id.to_owned() })
                }
                None => Next::Fail(why),
            },
            _ => Next::Fail(why),
        }
    }

    fn too_late(&self, view: View<'_>) -> String {
        let seen = match &self.goal {
            Goal::Started { target } | Goal::Healthy { target } | Goal::Ended { target } => view.known.id(target),
            Goal::Revived { machine } => Some(machine.as_str()),
            _ => None,
        };
        let last = seen.and_then(|id| view.known.seen(id)).map(|machine| match &self.goal {
            Goal::Ended { .. } => format!(": it is {}", machine.state),
            _ => format!(": it is {}, {}", machine.state, watch::tally(machine)),
        });
        format!("not within {} s{}", self.patience_ms(view) / 1_000, last.unwrap_or_default())
    }

    pub(super) fn is_overdue(&self, view: View<'_>) -> bool {
        self.deadline_ms(view).is_some_and(|deadline| view.now_ms >= deadline)
    }

    pub(super) fn deadline_ms(&self, view: View<'_>) -> Option<u64> {
        let waits = matches!(
            self.goal,
            Goal::Started { .. }
                | Goal::Healthy { .. }
                | Goal::Launched { .. }
                | Goal::Ended { .. }
                | Goal::Stopped { .. }
                | Goal::Revived { .. }
        );
        waits.then(|| self.began_ms.saturating_add(self.patience_ms(view)))
    }

    fn patience_ms(&self, view: View<'_>) -> u64 {
        let own = match self.owner {
            Owner::Forward(place) => view.plan.steps[place].timeout_ms,
            _ => None,
        };
        own.unwrap_or(view.plan.policy.wait_ms())
    }
}
