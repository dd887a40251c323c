//! Which image a machine runs, and whether two machines run the same.

use std::fmt;

use smol_str::{SmolStr, format_smolstr};

use super::ImageRef;

/// A container image, by name and, where it is known, by content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Image {
    registry: SmolStr,
    repository: SmolStr,
    tag: SmolStr,
    digest: SmolStr,
    /// Fly's own images carry a version; the tag alone does not tell them apart.
    version: SmolStr,
}

impl Image {
    /// From a reference as people write it: `registry.fly.io/shop:v2`, `nginx@sha256:...`.
    pub fn named(reference: &str) -> Self {
        let (name, digest) = reference.split_once('@').unwrap_or((reference, ""));
        let (registry, path) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
            _ => (DOCKER_HUB, name),
        };
        let (repository, tag) = path.rsplit_once(':').unwrap_or((path, ""));
        let tag = if tag.is_empty() && digest.is_empty() { "latest" } else { tag };
        let repository = match registry {
            DOCKER_HUB if !repository.contains('/') => format_smolstr!("library/{repository}"),
            _ => repository.into(),
        };
        Self {
            registry: registry.into(),
            repository,
            tag: tag.into(),
            digest: digest.into(),
            version: SmolStr::default(),
        }
    }

    /// From what the API says of a machine; nothing when its host does not answer.
    pub fn observed(image: &ImageRef) -> Option<Self> {
        let unknown = image.repository.is_empty() || image.tag.is_empty() && image.digest.is_empty();
        (!unknown).then(|| Self {
            registry: image.registry.clone(),
            repository: image.repository.clone(),
            tag: image.tag.clone(),
            digest: image.digest.clone(),
            version: image.labels.get("fly.version").cloned().unwrap_or_default(),
        })
    }

    /// The same content, where both digests are known; else the same repository and tag. The
    /// registry does not matter: Fly names its mirror of Docker Hub instead.
    pub fn is_same(&self, other: &Self) -> bool {
        if self.is_pinned() && other.is_pinned() {
            return self.digest == other.digest;
        }
        let versions_differ = !self.version.is_empty() && !other.version.is_empty() && self.version != other.version;
        self.repository == other.repository && self.tag == other.tag && !versions_differ
    }

    /// Registry and repository, where its versions are; nothing when the registry is not known.
    /// Fly's mirror stands for what it mirrors.
    pub fn source(&self) -> Option<String> {
        let registry = match self.registry.as_str() {
            "" => return None,
            DOCKER_HUB_MIRROR => DOCKER_HUB,
            registry => registry,
        };
        Some(format!("{registry}/{}", self.repository))
    }

    /// The app that it was built for, where it is in Fly's registry.
    pub fn app(&self) -> Option<&str> {
        (self.registry == FLY_REGISTRY).then(|| self.repository.split('/').next().unwrap_or(&self.repository))
    }

    /// For people: without the registry and, where there is a tag, without the digest.
    pub fn brief(&self) -> String {
        match self.tag.as_str() {
            "" => format!("{}@{}", self.repository, self.digest),
            tag => format!("{}:{tag}", self.repository),
        }
    }

    /// As it was written, such as `sha256:4f1d...`; empty when there is none.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether it names its content, and not only a tag that can move.
    pub fn is_pinned(&self) -> bool {
        !self.digest.is_empty()
    }
}

/// What runs the same image, under each image. An image of known content comes before one that only has a
/// tag, which is the same as all of that name: between two that differ it would hide that they do.
pub fn by_image<T>(all: impl Iterator<Item = (Image, T)>) -> Vec<(Image, Vec<T>)> {
    let (pinned, named): (Vec<_>, Vec<_>) = all.partition(|(image, _)| image.is_pinned());
    let mut images: Vec<(Image, Vec<T>)> = Vec::new();
    for (image, one) in pinned.into_iter().chain(named) {
        match images.iter_mut().find(|(known, _)| known.is_same(&image)) {
            Some((_, same)) => same.push(one),
            None => images.push((image, vec![one])),
        }
    }
    images
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.registry.is_empty() && self.registry != DOCKER_HUB {
            write!(f, "{}/", self.registry)?;
        }
        write!(f, "{}", self.repository)?;
        if !self.tag.is_empty() {
            write!(f, ":{}", self.tag)?;
        }
        if !self.digest.is_empty() {
            write!(f, "@{}", self.digest)?;
        }
        Ok(())
    }
}

const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_MIRROR: &str = "docker-hub-mirror.fly.io";
const FLY_REGISTRY: &str = "registry.fly.io";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(left: &str, right: &str, same: bool) {
        assert_eq!(Image::named(left).is_same(&Image::named(right)), same, "{left} and {right}");
    }

    #[test]
    fn the_digest_decides_where_both_are_known() {
        check("registry.fly.io/shop:v1@sha256:aa", "registry.fly.io/shop:v2@sha256:aa", true);
        check("registry.fly.io/shop:v1@sha256:aa", "registry.fly.io/shop:v1@sha256:bb", false);
        check("registry.fly.io/shop:v1@sha256:aa", "registry.fly.io/shop:v1", true);
    }

    #[test]
    fn else_repository_and_tag_decide() {
        check("registry.fly.io/shop:v1", "registry.fly.io/shop:v2", false);
        check("registry.fly.io/shop:v1", "registry.fly.io/blog:v1", false);
        check("nginx", "nginx:latest", true);
        check("nginx:1.25", "docker-hub-mirror.fly.io/library/nginx:1.25", true);
        check("localhost:5000/shop", "localhost:5000/shop:latest", true);
    }

    #[test]
    fn an_image_without_a_digest_does_not_hide_that_others_differ() {
        let all = ["shop:v1", "shop:v1@sha256:aa", "shop:v1@sha256:bb", "shop:v1@sha256:aa"];
        let images = by_image(all.iter().map(|image| Image::named(image)).zip(1..));
        let places: Vec<_> = images.into_iter().map(|(_, places)| places).collect();
        assert_eq!(places, [vec![2, 4, 1], vec![3]]);
    }

    #[test]
    fn where_an_image_is_from() {
        let of = |reference: &str| Image::named(reference);
        assert_eq!(of("nginx").source(), of("docker-hub-mirror.fly.io/library/nginx:1").source());
        assert_ne!(of("ghcr.io/ada/shop").source(), of("registry.fly.io/shop").source());
        assert_eq!(of("registry.fly.io/shop:v1").app(), Some("shop"));
        assert_eq!(of("ghcr.io/ada/shop:v1").app(), None);
    }

    #[test]
    fn an_unreachable_machine_has_no_image() {
        assert_eq!(Image::observed(&ImageRef::default()), None);
    }
}
