//! The simulated Machines API on a loopback socket: a clock, a lock and HTTP around
//! [`crate::sim::http`].
#![allow(clippy::disallowed_types)]

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderValue, Method as HttpMethod, StatusCode, header};
use axum::response::Response as HttpResponse;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::protocol::{Host, Method, NONCE_HEADER, Request};
use crate::sim::http::{Answer, Api, Response, Waiter};

/// What is told of each exchange: the time in the world, the request, and what was answered.
pub type Transcript = Box<dyn Fn(u64, &Request, &Response) + Send + Sync>;

/// A socket on 127.0.0.1; port 0 picks a free one.
///
/// # Errors
/// When the port is taken.
pub async fn bind(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Answers requests until `stop` completes.
///
/// # Errors
/// When the socket fails.
pub async fn serve(
    listener: TcpListener,
    api: Api,
    transcript: Option<Transcript>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let server = Arc::new(Server {
        begin: Instant::now(),
        speed: api.speed().max(1),
        api: Mutex::new(api),
        changed: Notify::new(),
        transcript,
    });
    let router = Router::new().fallback(answer).with_state(server);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

struct Server {
    begin: Instant,
    speed: u32,
    api: Mutex<Api>,
    /// Some request changed the world: waits have to look again.
    changed: Notify,
    transcript: Option<Transcript>,
}

impl Server {
    fn now_ms(&self) -> u64 {
        u64::try_from((self.begin.elapsed() * self.speed).as_millis()).unwrap_or(u64::MAX)
    }

    /// A panic elsewhere does not make it wrong.
    fn api(&self) -> MutexGuard<'_, Api> {
        self.api.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sleep_until(&self, at_ms: u64) {
        let real = Duration::from_millis(at_ms.saturating_sub(self.now_ms())) / self.speed;
        tokio::time::sleep(real + Duration::from_millis(1)).await;
    }

    async fn respond(&self, request: &Request) -> Response {
        let answer = self.api().respond(self.now_ms(), request);
        if request.method != Method::Get {
            self.changed.notify_waiters();
        }
        match answer {
            Answer::Now(response) => {
                if response.slow_ms > 0 {
                    self.sleep_until(self.now_ms() + response.slow_ms).await;
                }
                response
            }
            Answer::Later(waiter) => self.wait(&waiter).await,
        }
    }

    async fn wait(&self, waiter: &Waiter) -> Response {
        loop {
            // Before looking, so that no change falls between the look and the wait.
            let changed = self.changed.notified();
            let look_again_ms = {
                let world = &mut self.api().world;
                world.advance(self.now_ms());
                if let Some(response) = waiter.respond(world) {
                    return response;
                }
                world.next_change_ms().map_or(waiter.until_ms(), |at_ms| at_ms.min(waiter.until_ms()))
            };
            tokio::select! {
                () = changed => {}
                () = self.sleep_until(look_again_ms) => {}
            }
        }
    }
}

async fn answer(State(server): State<Arc<Server>>, http: HttpRequest) -> HttpResponse {
    if http.method() == HttpMethod::OPTIONS {
        return shared(plain(StatusCode::NO_CONTENT));
    }
    let request = match read(http).await {
        Ok(request) => request,
        Err(status) => return shared(plain(status)),
    };
    let response = server.respond(&request).await;
    if let Some(transcript) = &server.transcript {
        transcript(server.now_ms(), &request, &response);
    }
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let again = response.retry_after_s.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds)));
    let mut http = HttpResponse::new(Body::from(response.body));
    *http.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    http.headers_mut().extend(headers.into_iter().chain(again));
    shared(http)
}

/// Pages from anywhere may ask: nothing here is worth keeping from them.
fn shared(mut http: HttpResponse) -> HttpResponse {
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PATCH, DELETE"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, fly-machine-lease-nonce"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "retry-after"),
    ] {
        http.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    http
}

/// Of the headers only the lease nonce means anything here.
async fn read(http: HttpRequest) -> Result<Request, StatusCode> {
    let method = match http.method().as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => return Err(StatusCode::METHOD_NOT_ALLOWED),
    };
    let path = http.uri().path_and_query().map(|path| path.as_str().to_owned()).ok_or(StatusCode::BAD_REQUEST)?;
    let nonce = http.headers().get(NONCE_HEADER).and_then(|nonce| nonce.to_str().ok());
    let headers = nonce.map(|nonce| (NONCE_HEADER, nonce.to_owned())).into_iter().collect();
    let body = to_bytes(http.into_body(), LARGEST_BODY).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    let body = (!body.is_empty()).then(|| String::from_utf8_lossy(&body).into_owned());
    Ok(Request { host: Host::Machines, method, path, headers, body })
}

fn plain(status: StatusCode) -> HttpResponse {
    let mut response = HttpResponse::new(Body::empty());
    *response.status_mut() = status;
    response
}

const LARGEST_BODY: usize = 4 << 20;
