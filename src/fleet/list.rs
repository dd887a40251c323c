//! The answer to `GET /machines` as it comes: machines of a group mostly have the same config, which
//! is kept once, so that a thousand of them do not take the memory of a thousand.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserializer, SeqAccess, Visitor};

use super::Machine;
use super::shared::Shared;

/// The machines of a list, of each what `kept` keeps; `None`: it is none.
pub fn list(text: &[u8], kept: fn(Machine) -> Machine) -> Option<Vec<Arc<Machine>>> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let machines = json.deserialize_seq(Machines { kept }).ok()?;
    json.end().ok().map(|()| machines)
}

struct Machines {
    kept: fn(Machine) -> Machine,
}

impl<'de> Visitor<'de> for Machines {
    type Value = Vec<Arc<Machine>>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a list of machines")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut machines, mut configs) = (Vec::new(), Shared::default());
        while let Some(machine) = list.next_element()? {
            let mut machine = (self.kept)(machine);
            machine.config = machine.config.map(|config| configs.one(config));
            machines.push(Arc::new(machine));
        }
        Ok(machines)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::identity;

    use super::*;

    #[test]
    fn equal_configs_are_one() {
        let machine = |id: &str, image: &str| {
            format!(r#"{{"id": "{id}", "state": "started", "config": {{"image": "{image}"}}}}"#)
        };
        let text = format!("[{}, {}, {}]", machine("a1", "a:1"), machine("a2", "a:2"), machine("a3", "a:1"));
        let machines = list(text.as_bytes(), identity).unwrap();
        let config = |at: usize| machines[at].config.as_ref().unwrap();
        assert!(Arc::ptr_eq(config(0), config(2)));
        assert_ne!(config(0), config(1));
    }

    #[test]
    fn what_is_no_list_is_none() {
        for text in ["{}", "[", "[] []", "[{\"id\": 1}]", "<html>"] {
            assert!(list(text.as_bytes(), identity).is_none(), "{text}");
        }
    }
}
