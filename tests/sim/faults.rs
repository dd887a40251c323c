//! Faults are written as they are read: what `sim explore` tells can be given to `sim listen`.

use cutover::sim::Fault;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

proptest! {
    #[test]
    fn a_fault_is_written_as_it_is_read(text in written()) {
        let fault: Fault = text.parse().unwrap();
        prop_assert_eq!(fault.to_string(), text);
    }
}

/// Every effect, behaviour and jump that the grammar's own messages name.
fn written() -> impl Strategy<Value = String> {
    let listed = |text: &str| -> Vec<String> {
        let why = text.parse::<Fault>().unwrap_err();
        why.rsplit_once("`: ").unwrap().1.split(", ").map(str::to_owned).collect()
    };
    let calls = listed("?=refused").into_iter().filter(|call| call != "machine").collect::<Vec<_>>();
    let machine = "[a-z0-9][a-z0-9-]{0,12}";
    let counted = (select(calls), option::of(machine), option::of(1..=u64::MAX), select(listed("*=?")));
    let call = counted.prop_map(|(call, machine, nth, effect)| {
        let machine = machine.map_or(String::new(), |machine| format!("@{machine}"));
        let nth = nth.map_or(String::new(), |nth| format!("#{nth}"));
        format!("{call}{machine}{nth}={effect}")
    });
    let machine = (machine, select(listed("machine@a=?"))).prop_map(|(id, what)| format!("machine@{id}={what}"));
    let clock = (0..=u64::MAX, select(listed("clock@1=?"))).prop_map(|(at, jump)| format!("clock@{at}={jump}"));
    let any = prop_oneof![call, machine, clock];
    (any, 0..=u64::MAX, 0..=u8::MAX).prop_map(|(text, ms, code)| {
        text.replace("[:MS]", if code % 2 == 0 { "" } else { ":MS" })
            .replace(":MS", &format!(":{ms}"))
            .replace(":CODE", &format!(":{code}"))
    })
}
