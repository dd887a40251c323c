//! What a Dockerfile says of the ports that the app listens on.

/// What a stage says of ports, with what the stages say that it builds on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DockerfilePorts {
    pub exposed: Vec<i64>,
    /// What the app is told by variables: `ENV PORT=8080`.
    pub told: Vec<i64>,
}

/// Of the last stage, or of the stage called `target`. `None` when that cannot be told from the
/// text: a variable in the place of a number, or no such stage.
pub fn ports_in_dockerfile(dockerfile: &str, target: Option<&str>) -> Option<DockerfilePorts> {
    let mut stages: Vec<Stage> = Vec::new();
    for line in dockerfile.lines() {
        let mut words = line.split_whitespace();
        match words.next().map(str::to_ascii_uppercase).as_deref() {
            Some("FROM") => stages.push(Stage::from(words, &stages)),
            Some("EXPOSE") => stages.last_mut()?.expose(words),
            Some("ENV") => stages.last_mut()?.tell(words),
            _ => {}
        }
    }
    let stage = match target {
        Some(target) => stages.iter().find(|stage| stage.name.eq_ignore_ascii_case(target)),
        None => stages.last(),
    };
    stage?.ports.clone()
}

/// Whether a variable of this name tells an app where to listen: `PORT`, `HTTP_PORT`.
pub fn is_port_variable(name: &str) -> bool {
    name.ends_with("PORT")
}

struct Stage {
    name: String,
    /// `None`: not known.
    ports: Option<DockerfilePorts>,
}

impl Stage {
    /// Of the words behind `FROM`: `[--platform=...] image [AS name]`.
    fn from<'a>(words: impl Iterator<Item = &'a str>, earlier: &[Self]) -> Self {
        let mut words = words.filter(|word| !word.starts_with("--"));
        let base = words.next().unwrap_or_default();
        let name = words.nth(1).unwrap_or_default().to_owned();
        let inherited = earlier.iter().find(|stage| !base.is_empty() && stage.name.eq_ignore_ascii_case(base));
        Self { name, ports: inherited.map_or(Some(DockerfilePorts::default()), |stage| stage.ports.clone()) }
    }

    fn expose<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        for word in words.take_while(|word| !word.starts_with('#')) {
            let port = word.split('/').next().and_then(|port| port.parse().ok());
            match (&mut self.ports, port) {
                (Some(ports), Some(port)) => ports.exposed.push(port),
                (ports, _) => *ports = None,
            }
        }
    }

    /// Of the words behind `ENV`: `NAME=VALUE ...` or, of old, `NAME VALUE`.
    fn tell<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        let words: Vec<&str> = words.collect();
        let pairs = words.iter().filter_map(|word| word.split_once('='));
        let of_old = match words.as_slice() {
            [name, value] if !name.contains('=') => Some((*name, *value)),
            _ => None,
        };
        let values = pairs.chain(of_old).filter(|(name, _)| is_port_variable(name)).map(|(_, value)| value);
        let told = values.filter_map(|value| value.trim_matches(['"', '\'']).parse::<i64>().ok());
        if let Some(ports) = &mut self.ports {
            ports.told.extend(told);
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
        let exposed = |text: &str, target| ports_in_dockerfile(text, target).map(|ports| ports.exposed);
        assert_eq!(exposed(staged, None), Some(vec![80, 53, 9090]));
        assert_eq!(exposed(staged, Some("BUILD")), Some(vec![5173]));
        assert_eq!(exposed(staged, Some("test")), None);
        assert_eq!(exposed("FROM --platform=linux/amd64 nginx\n", None), Some(vec![]));
        assert_eq!(exposed("FROM nginx\nEXPOSE $PORT\n", None), None);
        assert_eq!(exposed("EXPOSE 80\n", None), None, "no stage at all");
    }
    #[test]
    fn variables_tell_a_port() {
        let told = |text: &str| ports_in_dockerfile(text, None).unwrap().told;
        assert_eq!(told("FROM base AS run\nENV PORT=8080 HOST=::\nFROM run\nENV HTTP_PORT \"80\"\n"), [8080, 80]);
        assert_eq!(told("FROM base\nENV PORT=$PORT IMPORTANT=1\n"), Vec::<i64>::new());
    }
}
