//! The answer to `GET /machines` as it comes: machines of a group mostly have the same config, which
//! is kept once but for their metadata, so that a thousand of them do not take the memory of a thousand.

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

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn equal_configs_are_one_and_those_that_differ_in_metadata_share_the_rest() {
        let configs = [
            json!({"image": "a:1", "metadata": {"slot": "1"}, "services": []}),
            json!({"image": "a:1", "metadata": {"slot": "2"}, "services": []}),
            json!({"image": "a:1", "metadata": {"slot": "1"}, "services": []}),
            json!({"image": "a:1", "services": []}),
            json!({"image": "a:2", "metadata": {"slot": "1"}, "services": []}),
        ];
        let machines: Vec<Value> =
            configs.iter().map(|config| json!({"id": "a1", "state": "started", "config": config})).collect();
        let machines = list(json!(machines).to_string().as_bytes(), identity).unwrap();
        let config = |at: usize| machines[at].config.as_ref().unwrap();
        assert!(Arc::ptr_eq(config(0), config(2)));
        let shares = |at: usize| Arc::ptr_eq(&config(0).fields, &config(at).fields);
        assert_eq!([1, 2, 3, 4].map(shares), [true, true, true, false]);
        for (at, told) in configs.iter().enumerate() {
            assert_eq!(json!(config(at)).to_string(), told.to_string(), "in its order, and itself");
        }
    }

    #[test]
    fn a_change_of_what_is_shared_is_of_one_alone() {
        let text = json!([1, 2].map(|slot| json!({"id": "a", "state": "started",
            "config": {"image": "a:1", "metadata": {"slot": slot.to_string()}}})));
        let mut machines = list(text.to_string().as_bytes(), identity).unwrap();
        let config = Arc::make_mut(&mut machines[0]).config_mut().unwrap();
        config.fields_mut().insert("image".to_owned(), "a:2".into());
        config.set_metadata("slot", "3");
        let told = |at: usize| json!(machines[at].config).to_string();
        assert_eq!(told(0), r#"{"image":"a:2","metadata":{"slot":"3"}}"#);
        assert_eq!(told(1), r#"{"image":"a:1","metadata":{"slot":"2"}}"#);
    }

    #[test]
    fn what_is_no_list_is_none() {
        for text in ["{}", "[", "[] []", "[{\"id\": 1}]", "<html>"] {
            assert!(list(text.as_bytes(), identity).is_none(), "{text}");
        }
    }
}
