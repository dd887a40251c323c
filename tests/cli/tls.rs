//! The way to Fly over TLS: whom the program trusts, what it speaks, and through which proxy.
#![cfg(unix)]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::fly::TOKEN;
use crate::test::Test;

/// A Machines API that is reached over TLS and through a proxy, gone with this.
struct Tls {
    /// Whoever signed its certificate: PEM.
    ca: String,
    address: SocketAddr,
    proxy: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Default)]
struct Seen {
    /// Of each request: what it was spoken in, and whether the token came with it.
    requests: Vec<(Version, bool)>,
    /// What the proxy was told.
    proxied: Vec<String>,
}

impl Tls {
    /// With a certificate for this name.
    fn listen(name: &str) -> Self {
        let (ca, acceptor) = certified(name);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let bind = || runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let (server, proxy) = (bind(), bind());
        let (address, proxy_address) = (server.local_addr().unwrap(), proxy.local_addr().unwrap());
        runtime.spawn(serve(server, acceptor, Arc::clone(&seen)));
        runtime.spawn(forward(proxy, address, Arc::clone(&seen)));
        Self { ca, address, proxy: proxy_address, seen, _runtime: runtime }
    }

    /// A plan for the machines there, asked of `host`.
    fn plan(&self, host: &str) -> Test {
        let args = ["plan", "--image", "registry.fly.io/shop:v2", "--ca-file", "ca.pem"];
        let test = Test::shop().file("ca.pem", &self.ca).args(args);
        test.env("FLY_FLAPS_BASE_URL", &format!("https://{host}")).env("FLY_API_TOKEN", TOKEN)
    }

    fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }
}

/// A new authority, and what presents a certificate of its for `name`.
fn certified(name: &str) -> (String, TlsAcceptor) {
    let (authority_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut authority = CertificateParams::new([]).unwrap();
    authority.distinguished_name.push(DnType::CommonName, format!("authority for {name}"));
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let secret = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], secret).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (ca, TlsAcceptor::from(Arc::new(config)))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, seen: Arc<Mutex<Seen>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let Ok(stream) = acceptor.accept(stream).await else { continue };
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let seen = Arc::clone(&seen);
        let answer = service_fn(move |request| std::future::ready(answer(&request, &seen)));
        let connection = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer);
        tokio::spawn(connection);
    }
}

fn answer(request: &Request<Incoming>, seen: &Mutex<Seen>) -> Result<Response<Body>, hyper::Error> {
    let has_token = request.headers().get("authorization").is_some_and(|sent| sent == TOKEN);
    seen.lock().unwrap().requests.push((request.version(), has_token));
    let body = match request.uri().path() {
        "/v1/apps/shop/machines" => include_str!("../../examples/shop/machines.json"),
        _ => "[]",
    };
    Ok(Response::new(Body::from(body)))
}

/// Takes whoever asks to the server, whatever its name.
async fn forward(listener: TcpListener, server: SocketAddr, seen: Arc<Mutex<Seen>>) {
    while let Ok((mut near, _)) = listener.accept().await {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(near.read_u8().await.unwrap());
        }
        seen.lock().unwrap().proxied.push(String::from_utf8(head).unwrap());
        near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let mut far = TcpStream::connect(server).await.unwrap();
        tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await });
    }
}

#[test]
fn a_company_s_authority_is_trusted_when_it_is_named() {
    let fly = Tls::listen("localhost");
    fly.plan(&fly.host()).run();
    let requests = fly.seen.lock().unwrap().requests.clone();
    assert_eq!(requests, [(Version::HTTP_2, true); 3]);
}

#[test]
fn an_authority_that_nobody_named_is_refused_before_the_token_is_sent() {
    let fly = Tls::listen("localhost");
    let other = certified("elsewhere.example").0;
    let ran = fly.plan(&fly.host()).file("ca.pem", other).status(2).run();
    let host = fly.host();
    assert_eq!(
        ran.stderr,
        format!(
            "error: the machines of `shop` could not be read: no answer from https://{host}: its certificate is signed by nobody who is trusted here\n  \
             help: behind a company's proxy, name its certificates: `--ca-file FILE`\n"
        )
    );
    assert!(fly.seen.lock().unwrap().requests.is_empty());
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let fly = Tls::listen("elsewhere.example");
    let ran = fly.plan(&fly.host()).status(2).run();
    assert!(ran.stderr.contains("elsewhere.example"), "{}", ran.stderr);
    assert!(fly.seen.lock().unwrap().requests.is_empty());
}

#[test]
fn a_proxy_of_the_environment_is_tunnelled_through_and_sees_no_token() {
    let fly = Tls::listen("machines.example");
    fly.plan("machines.example").env("HTTPS_PROXY", &format!("http://{}", fly.proxy)).run();
    let seen = fly.seen.lock().unwrap();
    assert_eq!(seen.requests, [(Version::HTTP_2, true); 3]);
    for head in &seen.proxied {
        assert!(head.starts_with("CONNECT machines.example:443 HTTP/1.1\r\n"), "{head}");
        assert!(!head.to_lowercase().contains("fm2_") && !head.contains("authorization"), "{head}");
    }
    assert!(!seen.proxied.is_empty());
}
