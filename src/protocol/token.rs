//! The scheme that a token is sent with. Never keeps, prints or logs one.

/// The value of `Authorization` for the Machines API: `FlyV1` with the macaroons where there are
/// any, else `Bearer`. `fly tokens create` prints tokens with their scheme, so one in front is
/// accepted (as in superfly/fly-go `tokens`).
pub fn authorization(token: &str) -> String {
    let token = token.trim();
    let bare = ["FlyV1 ", "Bearer "].iter().find_map(|scheme| token.strip_prefix(scheme)).unwrap_or(token);
    let parts = || bare.split(',').map(str::trim).filter(|part| !part.is_empty());
    let macaroons: Vec<&str> = parts().filter(|part| is_macaroon(part)).collect();
    if macaroons.is_empty() {
        format!("Bearer {}", parts().collect::<Vec<_>>().join(","))
    } else {
        format!("FlyV1 {}", macaroons.join(","))
    }
}

/// For Fly's other API: all tokens, whatever their kind.
pub fn bearer(token: &str) -> String {
    let token = token.trim();
    let bare = ["FlyV1 ", "Bearer "].iter().find_map(|scheme| token.strip_prefix(scheme)).unwrap_or(token);
    format!("Bearer {bare}")
}

/// Whether it can stand in a header at all.
pub fn is_sendable(token: &str) -> bool {
    token.trim().bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// A text of somebody else's, such as an error that repeats the request, without the tokens in it.
pub(super) fn masked(text: &str) -> String {
    let (mut masked, mut rest) = (String::new(), text);
    while let Some(at) = MACAROONS.iter().chain(&[OAUTH]).filter_map(|kind| rest.find(kind)).min() {
        let (front, token) = rest.split_at(at);
        let is_end = |char: char| !char.is_ascii_alphanumeric() && !"+/=_-".contains(char);
        masked = masked + front + "***";
        rest = &token[token.find(is_end).unwrap_or(token.len())..];
    }
    masked + rest
}

fn is_macaroon(token: &str) -> bool {
    MACAROONS.iter().any(|kind| token.starts_with(kind))
}

/// How tokens begin, by their kind.
const MACAROONS: [&str; 3] = ["fm1r_", "fm1a_", "fm2_"];
const OAUTH: &str = "fo1_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_is_repeated() {
        for (text, shown) in
            [("odd: FlyV1 fm2_lJPE+a/b=,fo1_x-_y.", "odd: FlyV1 ***,***."), ("no token", "no token"), ("fm1r_a", "***")]
        {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn the_kind_of_token_decides_the_scheme() {
        for (token, header) in [
            ("sim-token", "Bearer sim-token"),
            ("Bearer sim-token", "Bearer sim-token"),
            ("fo1_abc", "Bearer fo1_abc"),
            ("FlyV1 fm2_a,fm2_b", "FlyV1 fm2_a,fm2_b"),
            ("fm2_a, fo1_c ,fm1r_b", "FlyV1 fm2_a,fm1r_b"),
            (" fm1a_a\n", "FlyV1 fm1a_a"),
        ] {
            assert_eq!(authorization(token), header);
        }
    }
}
