//! What asks a deploy to end, once and twice.
#![cfg(unix)]

use crate::fly::Fly;

#[test]
fn a_signal_takes_back_what_was_done() {
    for signal in ["INT", "TERM", "HUP"] {
        let fly = Fly::listen();
        let before = fly.machines();
        let mut apply = fly.apply(fly.plan());
        apply.until_step("wait-healthy", "done");
        apply.signal(&[signal]);
        assert_eq!(apply.ends("restored").0, Some(3), "{signal}");
        assert_eq!(fly.machines(), before, "{signal}");
    }
}

#[test]
fn a_signal_after_the_first_destroy_finishes() {
    let fly = Fly::listen();
    let mut apply = fly.apply(fly.plan());
    apply.until_step("destroy", "done");
    apply.signal(&["TERM"]);
    assert_eq!(apply.ends("completed").0, Some(0));
}

#[test]
fn a_second_signal_stops_at_once_and_names_what_is_left() {
    // Of two kinds: one that is sent twice before it is heard is heard once.
    for (first, second) in [("INT", "TERM"), ("TERM", "HUP"), ("HUP", "INT")] {
        // However busy the machine: nothing is taken back before the second is heard.
        let fly = Fly::listen_with("destroy=slow:20000");
        let mut apply = fly.apply(fly.plan());
        apply.until_step("wait-healthy", "done");
        apply.signal(&[first, second]);
        // The last event says so too, also to who reads nothing else.
        let (status, report) = apply.ends("needs-attention");
        assert_eq!(status, Some(4));
        // Traffic had not moved: the blues were not touched, and the greens can go.
        assert!(report.contains("fly machine destroy --force") && !report.contains("2874d0ea5b1938"), "{report}");
    }
}
