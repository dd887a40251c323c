//! Numbers, lists, durations and images as people write them.

/// `1 machine`, `2 machines`.
pub(in crate::render) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `a`, `a and b`, `a, b and c`.
pub(in crate::render) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The first `most` of `items`, and how many more there are.
pub(in crate::render) fn first(items: &[String], most: usize) -> String {
    match items.len().saturating_sub(most) {
        0 | 1 => items.join(", "),
        more => format!("{} and {more} more", items[..most].join(", ")),
    }
}

/// Seconds with one decimal, or minutes: `3.2s`, `2m05s`.
pub fn seconds(ms: u64) -> String {
    match ms {
        0..60_000 => format!("{}.{}s", ms / 1000, ms % 1000 / 100),
        60_000..3_600_000 => format!("{}m{:02}s", ms / 60_000, ms % 60_000 / 1000),
        _ => format!("{}h{:02}m{:02}s", ms / 3_600_000, ms % 3_600_000 / 60_000, ms % 60_000 / 1000),
    }
}

/// As [`seconds`], without a part that is nought: `10s`, `5m`.
pub(in crate::render) fn whole_seconds(ms: u64) -> String {
    let text = seconds(ms).replace(".0s", "s");
    let text = text.strip_suffix("m00s").map_or(text.clone(), |minutes| format!("{minutes}m"));
    text.strip_suffix("h00m").map_or(text.clone(), |hours| format!("{hours}h"))
}

/// With every image digest cut to what tells two apart.
pub(in crate::render) fn short_digests(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let digest = part.chars().take_while(char::is_ascii_hexdigit).count();
        let shown = if digest > SHOWN_DIGITS { &part[..SHOWN_DIGITS] } else { &part[..digest] };
        out.push_str(&format!("sha256:{shown}{}", if digest > SHOWN_DIGITS { "…" } else { "" }));
        out.push_str(&part[digest..]);
    }
    out
}

/// The beginning of a hash.
pub(in crate::render) fn short_hash(hash: &str) -> &str {
    hash.get(..SHOWN_DIGITS).unwrap_or(hash)
}

/// `text`, or its beginning.
pub(in crate::render) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

const SHOWN_DIGITS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        assert_eq!([0, 3_249, 59_999, 125_000, 3_725_000].map(seconds), ["0.0s", "3.2s", "59.9s", "2m05s", "1h02m05s"]);
        assert_eq!([10_000, 300_000, 3_600_000, 600_000].map(whole_seconds), ["10s", "5m", "1h", "10m"]);
    }

    #[test]
    fn digests_are_cut() {
        let digest = "4f1d7c0a9be25386".repeat(4);
        assert_eq!(
            short_digests(&format!("a@sha256:{digest} and b@sha256:12")),
            "a@sha256:4f1d7c0a9be2… and b@sha256:12"
        );
        assert_eq!(short_digests("sha256:ü"), "sha256:ü");
    }

    #[test]
    fn long_lists_end_with_how_many_more() {
        let names: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
        assert_eq!(first(&names, 2), "a, b and 2 more");
        assert_eq!(first(&names, 3), "a, b, c, d", "one more is as short as its name");
    }
}
