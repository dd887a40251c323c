//! What a Dockerfile says of the ports that the app listens on.

/// The ports that the last stage, or the stage called `target`, exposes, with those of the stages
/// it builds on. `None` when that cannot be told from the text: a variable in the place of a number,
/// or no such stage.
pub fn exposed_ports(dockerfile: &str, target: Option<&str>) -> Option<Vec<i64>> {
    let mut stages: Vec<Stage> = Vec::new();
    for line in dockerfile.lines() {
        let mut words = line.split_whitespace();
        match words.next().map(str::to_ascii_uppercase).as_deref() {
            Some("FROM") => stages.push(Stage::from(words, &stages)),
            Some("EXPOSE") => stages.last_mut()?.expose(words),
            _ => {}
        }
    }
    let stage = match target {
        Some(target) => stages.iter().find(|stage| stage.name.eq_ignore_ascii_case(target)),
        None => stages.last(),
    };
    stage?.ports.clone()
}

struct Stage {
    name: String,
    /// `None`: not known.
    ports: Option<Vec<i64>>,
}

impl Stage {
    /// Of the words behind `FROM`: `[--platform=...] image [AS name]`.
    fn from<'a>(words: impl Iterator<Item = &'a str>, earlier: &[Self]) -> Self {
        let mut words = words.filter(|word| !word.starts_with("--"));
        let base = words.next().unwrap_or_default();
        let name = words.nth(1).unwrap_or_default().to_owned();
        let inherited = earlier.iter().find(|stage| !base.is_empty() && stage.name.eq_ignore_ascii_case(base));
        Self { name, ports: inherited.map_or(Some(Vec::new()), |stage| stage.ports.clone()) }
    }

    fn expose<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        for word in words.take_while(|word| !word.starts_with('#')) {
            let port = word.split('/').next().and_then(|port| port.parse().ok());
            match (&mut self.ports, port) {
                (Some(ports), Some(port)) => ports.push(port),
                (ports, _) => *ports = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_that_is_deployed_decides() {
        let staged =
            "FROM node:22 AS build\nEXPOSE 5173\nFROM scratch AS base\nexpose 80/tcp 53/udp\nFROM base\nEXPOSE 9090\n";
        assert_eq!(exposed_ports(staged, None), Some(vec![80, 53, 9090]));
        assert_eq!(exposed_ports(staged, Some("BUILD")), Some(vec![5173]));
        assert_eq!(exposed_ports(staged, Some("test")), None);
        assert_eq!(exposed_ports("FROM --platform=linux/amd64 nginx\n", None), Some(vec![]));
        assert_eq!(exposed_ports("FROM nginx\nEXPOSE $PORT\n", None), None);
        assert_eq!(exposed_ports("EXPOSE 80\n", None), None, "no stage at all");
    }
}
