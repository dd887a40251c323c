//! What deploys do to those who use the app meanwhile: ours beside flyctl's, in the same worlds.

use cutover::execute::{Call, Reply};
use cutover::fleet::Fleet;
use cutover::plan::{Drain, Plan, Policy};
use cutover::sim::{Answered, Load, Loss, Network, Options, Run, Settings, Traffic, World};

use crate::notation::{SHOP, fleet, plan_of};
use crate::sequence::flyctl;

const RUNNING: &str = "a1 app iad started v1\na2 app iad started v1\na3 app ams started v1";
const AT_REST: &str = "a1 app iad stopped v1\na2 app iad stopped v1";

/// A deploy of `v2` while requests come in.
struct Story {
    fleet: Fleet,
    plan: Plan,
    network: Network,
}

impl Story {
    fn of(lines: &str, delay_ms: u64) -> Self {
        Self::with(lines, delay_ms, &Policy::default())
    }

    fn with(lines: &str, delay_ms: u64, policy: &Policy) -> Self {
        let fleet = fleet(SHOP, lines);
        let plan = plan_of(SHOP, &fleet, "v2", policy).unwrap();
        Self { network: Network::around(&fleet, delay_ms), plan, fleet }
    }

    fn under(mut self, every_ms: u64, takes_ms: u64) -> Self {
        self.network.loads = vec![Load { every_ms, takes_ms }];
        self
    }

    fn options(&self) -> Options {
        Options { network: Some(self.network.clone()), ..Options::default() }
    }

    fn ours(&self) -> Traffic {
        let mut run = Run::new(self.plan.clone(), &self.fleet, self.options());
        run.finish();
        assert_eq!(run.world().breaches(), []);
        run.end_traffic().unwrap().clone()
    }

    fn flyctls(&self) -> Traffic {
        flyctl(&self.plan, &self.fleet, self.network.clone())
    }
}

fn until_idle() -> Policy {
    Policy { drain: Drain::UntilIdle, drain_timeout_ms: 60_000, ..Policy::default() }
}

#[test]
fn where_flyctl_drops_requests_we_drop_fewer_and_elsewhere_none() {
    for (lines, policy) in [RUNNING, AT_REST].map(|lines| [(lines, Policy::default()), (lines, until_idle())]).concat()
    {
        for delay_ms in [0, 1_000, 5_000, 15_000, 30_000, 45_000] {
            let story = Story::with(lines, delay_ms, &policy);
            let (ours, flyctls) = (story.ours().dropped.len(), story.flyctls().dropped.len());
            assert!(ours < flyctls.max(1), "{delay_ms} ms: {ours} dropped, {flyctls} by flyctl");
            assert!(policy.drain == Drain::Fixed || ours == 0, "{delay_ms} ms: {ours} dropped");
            assert_eq!(flyctls > 0, delay_ms > 15_000 || lines == AT_REST, "{delay_ms} ms: flyctl dropped {flyctls}");
        }
    }
}

#[test]
fn an_app_at_rest_answers_throughout() {
    for (every_ms, delay_ms) in [200, 7_000].into_iter().flat_map(|ms| [(ms, 0), (ms, 1_000), (ms, 15_000)]) {
        let story = Story::of(AT_REST, delay_ms).under(every_ms, 100);
        assert_eq!(story.ours().dropped, [], "{delay_ms} ms");
        let flyctls = story.flyctls().dropped;
        // flyctl leases its blues at rest: the proxy cannot start them.
        assert!(flyctls.iter().any(|dropped| dropped.why == Loss::Leased), "{delay_ms} ms: {flyctls:?}");
    }
}

#[test]
fn a_deploy_that_is_taken_back_at_any_moment_drops_nothing() {
    for (lines, delay_ms) in [(RUNNING, 5_000), (AT_REST, 1_000)] {
        let story = Story::of(lines, delay_ms);
        let mut moments = 1;
        for at in 0.. {
            let mut run = Run::new(story.plan.clone(), &story.fleet, story.options());
            if (0..at).any(|_| run.next().is_none()) {
                break;
            }
            run.abort();
            run.finish();
            assert_eq!(run.end_traffic().unwrap().dropped, [], "aborted at moment {at}");
            moments = at;
        }
        println!("aborted at {moments} moments");
        assert!(moments > 50);
    }
}

#[test]
fn connections_that_are_held_are_drained_not_cut() {
    let cut = |policy| {
        let dropped = Story::with(RUNNING, 1_000, &policy).under(3_000, 25_000).ours().dropped;
        assert!(dropped.iter().all(|dropped| dropped.why == Loss::Cut), "{dropped:?}");
        dropped.len()
    };
    assert_eq!(cut(until_idle()), 0);
    assert!(cut(Policy::default()) > 0, "ten seconds are not enough for them");
}

/// A world without a deploy in it, under a request a second, for half a minute.
fn world(lines: &str, takes_ms: u64) -> World {
    let fleet = fleet(SHOP, lines);
    let mut world = World::new(&fleet, Settings::default(), Vec::new(), 1);
    let network = Network { autostop_every_ms: 10_000, ..Network::around(&fleet, 0) };
    let loads = if takes_ms == 0 { Vec::new() } else { vec![Load { every_ms: 1_000, takes_ms }] };
    world.send_traffic(Network { edges: network.edges[..1].to_vec(), loads, ..network });
    world
}

fn states(world: &World) -> Vec<&str> {
    world.machines().iter().map(|machine| machine.state.as_str()).collect()
}

#[test]
fn what_is_under_way_ends_if_its_machine_lets_it() {
    let lost = |takes_ms| {
        let mut world = world("a1 app iad started v1\na2 app iad started v1", takes_ms);
        world.advance(5_500);
        let stop = Call::Stop { id: "a1".to_owned(), nonce: None };
        assert!(matches!(world.call(&stop), Answered::Now { reply: Reply::Done(_), .. }));
        world.advance(30_000);
        let dropped = &world.traffic().unwrap().dropped;
        assert!(dropped.iter().all(|dropped| dropped.why == Loss::Cut && dropped.machine.as_deref() == Some("a1")));
        dropped.len()
    };
    // It has five seconds: flyctl's default.
    assert_eq!(lost(4_000), 0);
    assert!(lost(9_000) > 0);
}

#[test]
fn the_proxy_stops_what_is_idle_and_starts_what_is_needed() {
    let mut idle = world("a1 app iad started v1\na2 app iad started v1", 0);
    idle.advance(15_000);
    assert_eq!(states(&idle), ["stopped", "started"], "one at a time");
    idle.advance(25_000);
    assert_eq!(states(&idle), ["stopped", "stopped"]);

    let mut needed = world(AT_REST, 100);
    needed.advance(5_000);
    assert_eq!(states(&needed), ["started", "stopped"]);
    // Boot and checks take four seconds; it is tried every quarter of one.
    assert_eq!((needed.traffic().unwrap().dropped.len(), needed.traffic().unwrap().waited_ms), (0, 4_250));
}

#[test]
fn a_lease_keeps_the_proxy_from_starting_a_machine() {
    let mut world = world("a1 app iad stopped v1", 100);
    let _ = world.call(&Call::AcquireLease { id: "a1".to_owned(), ttl_s: 60, nonce: None });
    world.advance(20_000);
    let traffic = world.traffic().unwrap();
    assert_eq!((states(&world), traffic.answered_in_all()), (vec!["stopped"], 0));
    assert!(traffic.dropped.iter().all(|dropped| dropped.why == Loss::Leased) && !traffic.dropped.is_empty());
}

#[test]
fn the_documented_figures_are_what_is_measured() {
    let text = std::fs::read_to_string("docs/performance.md").unwrap();
    let rows: Vec<String> =
        [("running", RUNNING), ("at rest", AT_REST)].into_iter().flat_map(|(name, lines)| rows(name, lines)).collect();
    let missing: Vec<&String> = rows.iter().filter(|row| !text.contains(*row)).collect();
    assert!(missing.is_empty(), "docs/performance.md has other figures than these:\n{}", rows.join("\n"));
}

fn rows(name: &str, lines: &str) -> Vec<String> {
    let cell = |traffic: &Traffic| {
        let seconds = |ms: u64| format!("{}.{} s", ms / 1_000, ms % 1_000 / 100);
        let (dropped, all) = (traffic.dropped.len(), traffic.answered_in_all() + traffic.dropped.len() as u64);
        format!("{dropped} of {all}, {}, {}", seconds(traffic.waited_ms), seconds(traffic.mixed_version_ms()))
    };
    let row = |delay_ms| {
        let cells = [
            Story::of(lines, delay_ms).flyctls(),
            Story::of(lines, delay_ms).ours(),
            Story::with(lines, delay_ms, &until_idle()).ours(),
        ];
        format!("| {name} | {} s | {} |", delay_ms / 1_000, cells.each_ref().map(cell).join(" | "))
    };
    [0, 1_000, 5_000, 15_000, 30_000].map(row).to_vec()
}
