//! Servers that answer badly, or not at all, byte for byte.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cutover::execute::{Answer, Call, Reply, Why};
use cutover::native::http::{Client, Endpoint};
use cutover::native::listen::bind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{client, on_one_thread};

/// What a server does with the connection once it has read the request.
#[derive(Clone, Copy)]
enum Then {
    Close,
    Reset,
    /// Neither another byte nor an end.
    Hang,
    /// Bytes without end.
    Flood,
}

/// What comes of `call` where the server writes `answer` and `then` does that; and the requests
/// that it read.
fn told(answer: &'static str, then: Then, call: &Call) -> (Reply, Vec<String>) {
    on_one_thread(async move {
        let listener = bind(0).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap();
                seen.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).into_owned());
                stream.write_all(answer.as_bytes()).await.unwrap();
                end(stream, then).await;
            }
        });
        let reply = client(&url, "FlyV1 fm2_secret,fo1_other").call(call).await;
        let requests = requests.lock().unwrap().clone();
        (reply, requests)
    })
}

async fn end(mut stream: TcpStream, then: Then) {
    match then {
        Then::Close => {}
        Then::Reset => stream.set_zero_linger().unwrap(),
        Then::Hang => tokio::time::sleep(Duration::from_secs(600)).await,
        Then::Flood => while stream.write_all(&[b' '; 1 << 16]).await.is_ok() {},
    }
}

fn cordon() -> Call {
    Call::Cordon { id: "a1".into(), nonce: None }
}

#[test]
fn an_answer_that_does_not_arrive_leaves_the_fate_unknown() {
    let renew = Call::AcquireLease { id: "a1".into(), ttl_s: 13, nonce: Some("n".into()) };
    for (answer, then, call, why) in [
        ("", Then::Close, cordon(), "connection closed"),
        ("", Then::Reset, cordon(), "reset"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{", Then::Close, Call::ListMachines, "end of file"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{", Then::Reset, Call::ListMachines, "reset"),
        ("HTTP/1.1 200 OK\r\n\r\n", Then::Flood, Call::ListMachines, "more than 64 MiB"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", Then::Hang, renew, "too long"),
        ("220 mail.example.com ESMTP\r\n", Then::Close, cordon(), "invalid HTTP version"),
    ] {
        let (reply, requests) = told(answer, then, &call);
        let Reply::Unknown(error) = reply else { panic!("{answer:?}: {reply:?}") };
        assert!(error.contains(why), "{answer:?}: {error}");
        assert!(!error.contains("secret"));
        assert_eq!(requests.len(), 1, "only the executor decides on another attempt");
    }
}

#[test]
fn a_page_of_somebody_between_us_and_fly_is_not_flys_answer() {
    const PAGE: &str = "content-type: text/html; charset=utf-8\r\ncontent-length: 18\r\n\r\n<html>login</html>";
    let unclear = |status| Reply::Unknown(format!("answered with status {status} (a web page, not Fly's answer)"));
    for (status, reply) in [
        ("200 OK", unclear(200)),
        ("404 Not Found", unclear(404)),
        ("502 Bad Gateway", unclear(502)),
        ("403 Forbidden", Reply::Refused(Why::Unauthorized { message: "a web page, not Fly's answer".into() })),
    ] {
        let answer = format!("HTTP/1.1 {status}\r\n{PAGE}").leak();
        assert_eq!(told(answer, Then::Close, &cordon()).0, reply, "{status}");
    }
}

#[test]
fn what_the_answer_is_says_its_body_and_not_its_type() {
    let list = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\n[]";
    assert_eq!(told(list, Then::Close, &Call::ListMachines).0, Reply::Done(Answer::Machines(Vec::new())));
}

#[test]
fn fly_says_how_long_to_wait() {
    let limited = |retry_after_ms| Reply::Refused(Why::RateLimited { retry_after_ms });
    for (header, reply) in [
        ("Retry-After: 7\r\n", limited(Some(7_000))),
        ("retry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n", limited(None)),
        ("", limited(None)),
    ] {
        let answer = format!("HTTP/1.1 429 Too Many Requests\r\n{header}content-length: 0\r\n\r\n").leak();
        assert_eq!(told(answer, Then::Close, &cordon()).0, reply);
    }
}

#[test]
fn each_host_gets_the_token_in_its_own_scheme_and_strangers_none() {
    let sent = |call: &Call| {
        let (_, requests) = told("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Then::Close, call);
        let lines: Vec<String> = requests[0].lines().map(str::to_owned).collect();
        lines.into_iter().find_map(|line| line.strip_prefix("authorization: ").map(str::to_owned))
    };
    assert_eq!(sent(&cordon()).as_deref(), Some("FlyV1 fm2_secret"));
    assert_eq!(sent(&Call::Logs { id: "a1".into() }).as_deref(), Some("Bearer fm2_secret,fo1_other"));
    let probe = on_one_thread(async {
        let listener = bind(0).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let client = client("http://127.0.0.1:1", "FlyV1 fm2_secret");
        let asked = tokio::spawn(async move { client.call(&Call::Probe { url }).await });
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        assert!(matches!(asked.await.unwrap(), Reply::Done(Answer::Probed(_))));
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    assert!(probe.starts_with("GET / ") && !probe.contains("authorization"), "{probe}");
}

#[test]
fn nothing_is_asked_of_where_a_redirect_points_to() {
    let elsewhere = on_one_thread(bind(0)).unwrap().into_std().unwrap();
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{}/v1\r\ncontent-length: 0\r\n\r\n",
        elsewhere.local_addr().unwrap()
    );
    let (reply, _) = told(answer.leak(), Then::Close, &cordon());
    assert!(matches!(reply, Reply::Refused(Why::Other { status: 307, .. })), "{reply:?}");
    assert!(elsewhere.accept().is_err(), "it does not block, and nobody came");
}

#[test]
fn certificates_that_are_none_are_refused() {
    for certificates in
        ["-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n!"]
    {
        let endpoint = Endpoint { certificates: certificates.into(), ..Endpoint::at("https://127.0.0.1:1") };
        assert!(Client::new("shop", &endpoint).is_err(), "{certificates}");
    }
}
