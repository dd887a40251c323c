//! What looks like a credential, told by the name of a variable and the shape of its value. Says
//! what kind it is and never the value.

use std::borrow::Cow;
use std::ops::Range;

/// What `value` seems to be; `None`: nothing secret, or a placeholder.
pub fn credential(name: &str, value: &str) -> Option<&'static str> {
    let value = value.trim();
    if value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    if password_in_url(value).is_some_and(is_literal) {
        return Some("a URL with a password");
    }
    // Hardly any variable gets further than this; there may be very many.
    let kind = token(value).or_else(|| named(name, value))?;
    let is_public = PUBLIC_WORDS.iter().any(|word| words(name).any(|part| part.eq_ignore_ascii_case(word)));
    (!is_public && is_literal(value)).then_some(kind)
}

/// `text`, lines of a config or words about one, with a star for each byte of what looks like a
/// credential. It need not parse: a value whose quotes are missing is as secret.
pub fn veiled(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    let mut name = "";
    let mut end = 0;
    for word in words_of(text) {
        let between = text[end..word.start].trim_matches([' ', '\t', '"', '\'', '`']);
        let is_argument = name.starts_with("--") && matches!(between, "" | ",");
        let is_assigned = is_argument || matches!(between, "=" | ":");
        let value = &text[word.clone()];
        let inner = value.split_once('=').and_then(|(name, value)| credential(name, value));
        if inner.or_else(|| credential(if is_assigned { name } else { "" }, value)).is_some() {
            out.to_mut().replace_range(word.clone(), &"*".repeat(value.len()));
        } else if value.len() < text.len()
            && value.contains(' ')
            && let Cow::Owned(inner) = veiled(value)
        {
            out.to_mut().replace_range(word.clone(), &inner);
        }
        (name, end) = (value, word.end);
    }
    out
}

/// What stands in quotes on one line, and what stands between blanks and signs outside of them.
fn words_of(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text[at..].trim_start();
            let is_value = text[..at].ends_with(['=', ':']) && !rest.starts_with(['[', '{']);
            at = text.len() - rest.len();
            let first = rest.chars().next()?;
            let start = at + usize::from(is_quote(first));
            let length = match first {
                quote if is_quote(quote) => quoted(&text[start..], quote),
                _ if is_value => rest.find(|c: char| c.is_whitespace() || is_quote(c)).unwrap_or(rest.len()),
                _ => bare(rest),
            };
            at = start + length;
            let is_closed = is_quote(first) && text[at..].starts_with(first);
            at += usize::from(is_closed);
            if length > 0 {
                return Some(start..start + length);
            }
            if !is_quote(first) {
                at += first.len_utf8();
            }
        }
    })
}

/// How long the string is whose opening quote is `quote`, up to the end of its line.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    let end = rest.find(|c: char| {
        let is_end = c == '\n' || c == quote && !is_escaped;
        is_escaped = c == '\\' && quote == '"' && !is_escaped;
        is_end
    });
    end.unwrap_or(rest.len())
}

/// How long a word without quotes is; an address keeps its colons.
fn bare(rest: &str) -> usize {
    let is_end = |(at, c): (usize, char)| {
        c.is_whitespace()
            || is_quote(c)
            || "=,[]{}()".contains(c)
            || c == ':' && !rest[..at].contains("://") && !rest[at..].starts_with("://")
    };
    rest.char_indices().find(|one| is_end(*one)).map_or(rest.len(), |(at, _)| at)
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`')
}

/// Of `scheme://user:password@host`.
fn password_in_url(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_once("://")?;
    let is_scheme = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    (is_scheme && !password.is_empty()).then_some(password)
}

/// Not a template's gap, nor a word that stands for a value to come.
fn is_literal(value: &str) -> bool {
    let is_gap = value.contains(['$', '{', '}', '<', '>', '*']) || value.contains("%%") || value.contains("__");
    let is_marked = value.starts_with('%') && value.ends_with('%');
    let lower = value.to_lowercase();
    !is_gap && !is_marked && !PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

/// A token whose issuer marks it.
fn token(value: &str) -> Option<&'static str> {
    let is_long = |rest: &str, least: usize| {
        rest.len() >= least && rest.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+/=,".contains(c))
    };
    let known =
        TOKENS.iter().find(|(prefix, least, _)| value.strip_prefix(prefix).is_some_and(|it| is_long(it, *least)));
    if let Some((_, _, kind)) = known {
        return Some(kind);
    }
    let is_jwt = value.starts_with("eyJ") && value.split('.').count() == 3 && is_long(value, 40);
    is_jwt.then_some("a signed token")
}

/// A value whose name says that it is secret.
fn named(name: &str, value: &str) -> Option<&'static str> {
    let upper = name.to_uppercase().replace(['-', '.'], "_");
    let ends = |word: &str| upper.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'));
    let (_, kind) = SECRET_NAMES.iter().find(|(word, _)| ends(word))?;
    looks_secret(value).then_some(*kind)
}

/// Not a switch, a number, a path, an address or the name of something.
fn looks_secret(value: &str) -> bool {
    let is_setting = SETTINGS.iter().any(|word| value.eq_ignore_ascii_case(word));
    let is_number = value.parse::<f64>().is_ok();
    let is_place = value.contains("://") || value.starts_with(['/', '.', '~']) || value.contains(' ');
    value.len() >= SHORTEST && !is_setting && !is_number && !is_place
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(['_', '-', '.'])
}

/// Shorter values are settings, or nothing to steal.
const SHORTEST: usize = 6;

/// Parts of names whose values are meant for everybody: they end up in browsers.
const PUBLIC_WORDS: [&str; 7] = ["public", "vite", "react", "anon", "publishable", "site", "test"];

const PLACEHOLDERS: [&str; 10] =
    ["dummy", "redacted", "changeme", "change-me", "change_me", "replace", "your", "example", "placeholder", "xxxx"];

const SETTINGS: [&str; 6] = ["enabled", "disabled", "required", "optional", "default", "production"];

/// How tokens begin, how much follows at least, and what they are.
const TOKENS: [(&str, usize, &str); 24] = [
    ("AKIA", 16, "an AWS access key"),
    ("ghp_", 30, "a GitHub token"),
    ("gho_", 30, "a GitHub token"),
    ("ghs_", 30, "a GitHub token"),
    ("github_pat_", 30, "a GitHub token"),
    ("glpat-", 20, "a GitLab token"),
    ("xoxb-", 20, "a Slack token"),
    ("xoxp-", 20, "a Slack token"),
    ("xapp-", 20, "a Slack token"),
    ("sk_live_", 16, "a Stripe key"),
    ("rk_live_", 16, "a Stripe key"),
    ("whsec_", 16, "a webhook's secret"),
    ("sk-", 20, "an API key"),
    ("AIza", 35, "a Google API key"),
    ("ya29.", 20, "a Google token"),
    ("SG.", 40, "a SendGrid key"),
    ("npm_", 30, "an npm token"),
    ("hf_", 30, "a Hugging Face token"),
    ("dop_v1_", 30, "a DigitalOcean token"),
    ("shpat_", 20, "a Shopify token"),
    ("fo1_", 20, "a Fly token"),
    ("fm1r_", 20, "a Fly token"),
    ("fm2_", 20, "a Fly token"),
    ("FlyV1 ", 6, "a Fly token"),
];

/// How names of secrets end, and what they are.
const SECRET_NAMES: [(&str, &str); 17] = [
    ("PASSWORD", "what its name calls a password"),
    ("PASSWD", "what its name calls a password"),
    ("PASSPHRASE", "what its name calls a password"),
    ("SECRET", "what its name calls a secret"),
    ("SECRETS", "what its name calls a secret"),
    ("SECRET_KEY", "what its name calls a secret key"),
    ("SECRET_KEY_BASE", "what its name calls a secret key"),
    ("PRIVATE_KEY", "what its name calls a private key"),
    ("MASTER_KEY", "what its name calls a secret key"),
    ("ENCRYPTION_KEY", "what its name calls a secret key"),
    ("SIGNING_KEY", "what its name calls a secret key"),
    ("ACCESS_KEY", "what its name calls an access key"),
    ("API_KEY", "what its name calls an API key"),
    ("APIKEY", "what its name calls an API key"),
    ("TOKEN", "what its name calls a token"),
    ("CREDENTIALS", "what its name calls credentials"),
    ("AUTH_KEY", "what its name calls a key"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_name_or_shape() {
        for (name, value) in [
            ("DATABASE_URL", "postgres://shop:correct-horse@db.internal:5432/shop"),
            ("CELERY_BROKER", "redis+sentinel://:hunter2@cache:6379"),
            ("TLS", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----"),
            ("GH", "ghp_0123456789abcdefghijABCDEFGHIJ0123"),
            ("X", "AKIAIOSFODNN7ABCDEFG"),
            ("OPENAI", "sk-proj-0123456789abcdefghij"),
            ("SESSION", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"),
            ("db.password", "hunter2"),
            ("STRIPE_API_KEY", "a1b2c3d4e5"),
            ("DEPLOY", "FlyV1 fm2_abcdef,fm2_ghijkl"),
        ] {
            assert!(credential(name, value).is_some(), "{name}");
        }
    }

    #[test]
    fn what_is_shown_holds_no_credential() {
        for (given, expected) in [
            ("A_TOKEN = \"s3cret1\" # why", "A_TOKEN = \"*******\" # why"),
            ("'A_TOKEN'='s3cret1'", "'A_TOKEN'='*******'"),
            ("{\"A_TOKEN\": \"s3\\\"cret\", \"B\": 1}", "{\"A_TOKEN\": \"********\", \"B\": 1}"),
            ("env={A_TOKEN=\"s3cret1\"}", "env={A_TOKEN=\"*******\"}"),
            ("  A_TOKEN: s3cret1\n  B: c", "  A_TOKEN: *******\n  B: c"),
            ("A_TOKEN = s3=cret\nB = 1", "A_TOKEN = *******\nB = 1"),
            ("A_TOKEN = \"s3cret1\nB = 1", "A_TOKEN = \"*******\nB = 1"),
            ("U = redis://u:p=@h", "U = **************"),
            ("# redis://u:pw@h", "# **************"),
            ("not the text \"U=redis://u:pw@h\"", "not the text \"****************\""),
            ("run --api-token s3cret1 --port 8080", "run --api-token ******* --port 8080"),
            ("sh -c 'run --password s3cret1'", "sh -c 'run --password *******'"),
            ("[\"run\", \"--password\", \"s3cret1\"]", "[\"run\", \"--password\", \"*******\"]"),
            ("A = \"\"\"redis://u:pw@h\"\"\"", "A = \"\"\"**************\"\"\""),
        ] {
            assert_eq!(veiled(given), expected);
        }
        for kept in ["", "=", "\"", "app = 'shöp'", "port = 8080\r\n", "the password is missing", "a = [\"x\", 1]"] {
            assert_eq!(veiled(kept), kept);
        }
    }

    #[test]
    fn settings_placeholders_and_public_values_are_not() {
        for (name, value) in [
            ("DATABASE_URL", "postgres://db.internal:5432/shop"),
            ("DATABASE_URL", "postgres://shop@db.internal/shop"),
            ("REDIS_URL", "redis://default:${REDIS_PASSWORD}@cache.internal:6379"),
            ("REDIS_PASSWORD", ""),
            ("REDIS_PASSWORD", "%redis_password%"),
            ("PASSWORD", "{YOUR_PASSWORD}"),
            ("API_KEY", "redacted"),
            ("API_TOKEN", "__TOKEN__"),
            ("MAX_TOKEN", "4096"),
            ("CSRF_TOKEN", "enabled"),
            ("DB_PASSWORD", "/run/secrets/db"),
            ("TOKEN_SECRET", "https://vault.internal/token"),
            ("NEXT_PUBLIC_API_KEY", "a1b2c3d4e5f6"),
            ("SUPABASE_ANON_KEY", "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"),
            ("TOKENIZER", "bert-base-uncased"),
            ("ACCESS_TOKEN_TTL", "3600000"),
            ("LLM", "sk-short"),
        ] {
            assert_eq!(credential(name, value), None, "{name}={value}");
        }
    }
}
