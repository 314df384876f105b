//! Nothing that is not ours is touched.

use serde_json::{Value, json};

use super::script::{Controller, activities, connect_as, engines, execute, execute_noblock, status, within};
use crate::{
    cluster::{
        ClientError, ClusterClient, ClusterStatus, Identity, InterruptReport, Origin, Origins, Whose,
        transport::{Channel, DownReason},
    },
    engines::{Activity, EngineId, RankSet},
    jupyter::Message,
    run::{EventKind, RunId},
};

fn ranks(ids: &[u32]) -> RankSet {
    ids.iter().copied().map(EngineId).collect()
}

fn content(message: &Message) -> Value {
    serde_json::from_slice(&message.content).unwrap()
}

/// Waits until these engines are known to be busy.
async fn busy(client: &ClusterClient, ids: &[u32]) {
    let is_busy = |activity: &Activity| matches!(activity, Activity::Busy(_));
    let ids: Vec<_> = ids.iter().copied().map(EngineId).collect();
    activities(client, |activities| ids.iter().all(|id| is_busy(activities.of(*id)))).await;
}

fn interrupt(
    client: &ClusterClient,
    run: u32,
    only: Option<RankSet>,
    signal: &str,
) -> tokio::task::JoinHandle<Result<InterruptReport, ClientError>> {
    let (client, signal) = (client.clone(), signal.to_owned());
    tokio::spawn(async move {
        let report = client.interrupt(RunId(run), only, &signal);
        within("the report of an interrupt", report).await
    })
}

/// The next request on control.
async fn asked(controller: &mut Controller, msg_type: &str) -> Message {
    let (channel, request) = controller.request().await;
    assert_eq!((channel, request.header.msg_type.as_str()), (Channel::Control, msg_type));
    request
}

#[tokio::test(start_paused = true)]
async fn only_engines_that_work_on_the_run_are_signalled() {
    let (mut controller, client) = Controller::with_client(&[0, 1, 2]).await;
    let _watched = execute(&client, 1, &[0, 1, 2]).await;
    let requests = controller.executes(3).await;
    controller.status(&requests[0], "busy");
    controller.busy_for_somebody(1);
    controller.status(&requests[2], "busy");
    controller.succeed(&requests[2]);
    busy(&client, &[0, 1]).await;
    let report = interrupt(&client, 1, None, "SIGINT");
    let abort = asked(&mut controller, "abort_request").await;
    assert_eq!(abort.prefix[0], "uuid-1");
    assert_eq!(content(&abort), json!({"msg_ids": [requests[1].header.msg_id]}));
    let signal = asked(&mut controller, "signal_request").await;
    assert_eq!((content(&signal), &signal.prefix[0][..]), (json!({"sig": "SIGINT"}), b"uuid-0".as_slice()));
    // The nanny's reply has no usable type.
    controller.reply(Channel::Control, &signal, "_request", &json!({"status": "ok"}));
    controller.reply(Channel::Control, &abort, "abort_reply", &json!({"status": "ok"}));
    let expected = InterruptReport {
        signalled: ranks(&[0]),
        aborted: ranks(&[]),
        left_alone: ranks(&[1]),
        ..InterruptReport::default()
    };
    assert_eq!(report.await.unwrap().unwrap(), expected);
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn an_idle_engine_is_never_signalled_and_nothing_is_aborted_without_ids() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.succeed(&request);
    watched.until(0, |kind| *kind == EventKind::Idle).await;
    for run in [1, 99] {
        let report = client.interrupt(RunId(run), None, "SIGINT").await;
        assert_eq!(report, Ok(InterruptReport::default()));
    }
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_is_aborted_before_what_runs_is_signalled() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _watched = execute(&client, 1, &[0, 0]).await;
    let requests = controller.executes(2).await;
    controller.status(&requests[0], "busy");
    busy(&client, &[0]).await;
    let report = interrupt(&client, 1, None, "2");
    let abort = asked(&mut controller, "abort_request").await;
    assert_eq!(content(&abort), json!({"msg_ids": [requests[1].header.msg_id]}));
    controller.reply(Channel::Control, &abort, "abort_reply", &json!({"status": "ok"}));
    let signal = asked(&mut controller, "signal_request").await;
    assert_eq!(content(&signal), json!({"sig": 2}));
    controller.reply(Channel::Control, &signal, "_request", &json!({"status": "ok"}));
    let report = report.await.unwrap().unwrap();
    assert_eq!((report.signalled, report.aborted), (ranks(&[0]), ranks(&[])));
}

#[tokio::test(start_paused = true)]
async fn an_abort_that_came_too_late_is_followed_by_a_signal() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    let report = interrupt(&client, 1, None, "SIGINT");
    let abort = asked(&mut controller, "abort_request").await;
    controller.status(&request, "busy");
    controller.publish(&request, "execute_input", &json!({"code": "1+1", "execution_count": 1}));
    busy(&client, &[0]).await;
    controller.reply(Channel::Control, &abort, "abort_reply", &json!({"status": "ok"}));
    let signal = asked(&mut controller, "signal_request").await;
    controller.reply(Channel::Control, &signal, "_request", &json!({"status": "ok"}));
    let report = report.await.unwrap().unwrap();
    assert_eq!((report.signalled, report.aborted), (ranks(&[0]), ranks(&[])));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_begins_after_its_abort_was_answered_is_signalled() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let input = json!({"code": "1+1", "execution_count": 1});
    // At once, and after the report was given.
    for late in [false, true] {
        let run = u32::from(late);
        let _watched = execute(&client, run, &[0]).await;
        let request = controller.executes(1).await.remove(0);
        let mut report = interrupt(&client, run, None, "SIGINT");
        let abort = asked(&mut controller, "abort_request").await;
        controller.reply(Channel::Control, &abort, "abort_reply", &json!({"status": "ok"}));
        let early = if late { Some((&mut report).await.unwrap().unwrap()) } else { None };
        controller.status(&request, "busy");
        controller.publish(&request, "execute_input", &input);
        let signal = asked(&mut controller, "signal_request").await;
        controller.reply(Channel::Control, &signal, "_request", &json!({"status": "ok"}));
        let report = match early {
            Some(report) => report,
            None => report.await.unwrap().unwrap(),
        };
        let expected = if late { (ranks(&[]), ranks(&[0])) } else { (ranks(&[0]), ranks(&[])) };
        assert_eq!(
            (report.signalled, report.unanswered, report.aborted),
            (expected.0, expected.1, ranks(&[]))
        );
        controller.reply_ok(&request);
        controller.status(&request, "idle");
        activities(&client, |activities| *activities.of(EngineId(0)) == Activity::Idle).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_ended_before_its_news_arrive_is_neither_signalled_nor_called_aborted() {
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let _watched = execute(&client, 1, &[0, 1]).await;
    let requests = controller.executes(2).await;
    let report = interrupt(&client, 1, None, "SIGINT");
    for _ in &requests {
        let abort = asked(&mut controller, "abort_request").await;
        controller.reply(Channel::Control, &abort, "abort_reply", &json!({"status": "ok"}));
    }
    controller.reply_ok(&requests[0]);
    controller.publish(&requests[0], "execute_input", &json!({"code": "1+1", "execution_count": 1}));
    controller.reply(Channel::Mux, &requests[1], "execute_reply", &json!({"status": "aborted"}));
    let expected = InterruptReport { aborted: ranks(&[1]), ..InterruptReport::default() };
    assert_eq!(report.await.unwrap().unwrap(), expected);
    assert!(controller.is_idle());
}

/// IPython swallows a keyboard interrupt that comes while it prepares to run the code.
#[tokio::test(start_paused = true)]
async fn a_keyboard_interrupt_waits_until_the_code_itself_runs_and_other_signals_do_not() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    // (signal, whether it ends before the signal's time, whether it is signalled, and only after a wait)
    let cases =
        [("SIGINT", false, true, true), ("SIGINT", true, false, false), ("SIGTERM", false, true, false)];
    for (run, (signal, ends, signalled, waits)) in (0..).zip(cases) {
        let mut watched = execute(&client, run, &[0]).await;
        let request = controller.executes(1).await.remove(0);
        controller.status(&request, "busy");
        busy(&client, &[0]).await;
        controller.publish(&request, "execute_input", &json!({"code": "1+1", "execution_count": 1}));
        watched.until(0, |kind| matches!(kind, EventKind::Input { .. })).await;
        let begun = tokio::time::Instant::now();
        let report = interrupt(&client, run, None, signal);
        if ends {
            controller.succeed(&request);
        }
        if signalled {
            let asked = asked(&mut controller, "signal_request").await;
            let waited = begun.elapsed() >= std::time::Duration::from_millis(150);
            assert_eq!(waited, waits, "{signal}: {:?}", begun.elapsed());
            controller.reply(Channel::Control, &asked, "_request", &json!({"status": "ok"}));
            controller.succeed(&request);
        }
        let expected = if signalled { ranks(&[0]) } else { ranks(&[]) };
        assert_eq!(report.await.unwrap().unwrap().signalled, expected, "{signal}");
        activities(&client, |activities| *activities.of(EngineId(0)) == Activity::Idle).await;
    }
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_a_nanny_is_interrupted_by_itself() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.status(&request, "busy");
    busy(&client, &[0]).await;
    let report = interrupt(&client, 1, None, "SIGINT");
    asked(&mut controller, "signal_request").await;
    let fallback = asked(&mut controller, "interrupt_request").await;
    controller.reply(Channel::Control, &fallback, "interrupt_reply", &json!({}));
    assert_eq!(report.await.unwrap().unwrap().signalled, ranks(&[0]));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_answers_nothing_is_named() {
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let _watched = execute(&client, 1, &[0, 1]).await;
    let requests = controller.executes(2).await;
    controller.status(&requests[0], "busy");
    busy(&client, &[0]).await;
    let expected = InterruptReport { unanswered: ranks(&[0, 1]), ..InterruptReport::default() };
    assert_eq!(client.interrupt(RunId(1), None, "SIGINT").await, Ok(expected));
    // A signal that the engine itself cannot stand in for is not replaced by an interrupt.
    while !controller.is_idle() {}
    let report = client.interrupt(RunId(1), Some(ranks(&[0])), "SIGUSR1").await.unwrap();
    assert_eq!(report.unanswered, ranks(&[0]));
    asked(&mut controller, "signal_request").await;
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn only_the_chosen_engines_are_interrupted() {
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let _watched = execute(&client, 1, &[0, 1]).await;
    let requests = controller.executes(2).await;
    requests.iter().for_each(|request| controller.status(request, "busy"));
    busy(&client, &[0, 1]).await;
    let report = interrupt(&client, 1, Some(ranks(&[1])), "SIGINT");
    let signal = asked(&mut controller, "signal_request").await;
    controller.reply(Channel::Control, &signal, "_request", &json!({"status": "ok"}));
    assert_eq!(report.await.unwrap().unwrap().signalled, ranks(&[1]));
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn a_signal_that_the_engine_does_not_know_is_reported() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.status(&request, "busy");
    busy(&client, &[0]).await;
    let report = interrupt(&client, 1, None, "SIGNOPE");
    let signal = asked(&mut controller, "signal_request").await;
    let content = json!({"status": "error", "ename": "AttributeError", "evalue": "no SIGNOPE"});
    controller.reply(Channel::Control, &signal, "_request", &content);
    let error = report.await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "an engine refused the signal 'SIGNOPE': AttributeError: no SIGNOPE; use a name such as SIGINT, or a number"
    );
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_died_meanwhile_is_not_asked() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.status(&request, "busy");
    busy(&client, &[0]).await;
    controller.unregister(0);
    engines(&client, &[]).await;
    assert_eq!(client.interrupt(RunId(1), None, "SIGINT").await, Ok(InterruptReport::default()));
    assert!(controller.is_idle());
}

/// The engine confirms that it will drop a request.
async fn confirm_abort(controller: &mut Controller) {
    let abort = asked(controller, "abort_request").await;
    controller.reply(Channel::Control, &abort, "abort_reply", &json!({"status": "ok"}));
}

fn is_aborted(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Aborted(why) if why == "it was interrupted before it began")
}

/// "`px/interrupt` answers `aborted` and the cell stays running": the engine drops the request only when it is past what an
/// earlier window left running, which may be never.
#[tokio::test(start_paused = true)]
async fn a_run_that_waits_behind_work_of_others_ends_when_it_is_interrupted() {
    let (mut controller, client) = Controller::with_client(&[0, 1, 2]).await;
    controller.busy_for_somebody(0);
    busy(&client, &[0]).await;
    let mut watched = execute(&client, 1, &[0, 1, 2]).await;
    let requests = controller.executes(3).await;
    // Engines 1 and 2 have not said what they do, but the Hub knows. Engine 2 does not answer.
    controller.unfinished(&[(1, "theirs"), (2, "theirs too")]);
    let report = interrupt(&client, 1, None, "SIGINT");
    for _ in &requests {
        let abort = asked(&mut controller, "abort_request").await;
        if abort.prefix[0] != "uuid-2" {
            controller.reply(Channel::Control, &abort, "abort_reply", &json!({"status": "ok"}));
        }
    }
    for slot in 0..3 {
        watched.until(slot, is_aborted).await;
    }
    let expected = InterruptReport {
        left_alone: ranks(&[0]),
        aborted: ranks(&[1]),
        unanswered: ranks(&[2]),
        ..InterruptReport::default()
    };
    assert_eq!(report.await.unwrap().unwrap(), expected);
    // The abort came too late on engine 1, much later: what was dropped must not run.
    controller.publish(&requests[1], "execute_input", &json!({"code": "1+1", "execution_count": 1}));
    let signal = asked(&mut controller, "signal_request").await;
    assert_eq!(signal.prefix[0], "uuid-1");
    controller.reply(Channel::Control, &signal, "_request", &json!({"status": "ok"}));
    // On engine 0 it came in time; its late answer changes nothing.
    controller.status(&requests[0], "busy");
    controller.reply(Channel::Mux, &requests[0], "execute_reply", &json!({"status": "aborted"}));
    controller.status(&requests[0], "idle");
    activities(&client, |activities| *activities.of(EngineId(0)) == Activity::Idle).await;
    assert!(controller.is_idle());
}

/// "Engines 0 work for another client and were left alone", of a cell behind the user's own loop.
#[tokio::test(start_paused = true)]
async fn behind_a_run_of_ones_own_no_engine_is_said_to_work_for_another_client() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _first = execute(&client, 1, &[0]).await;
    let first = controller.executes(1).await.remove(0);
    controller.status(&first, "busy");
    busy(&client, &[0]).await;
    let mut second = execute(&client, 2, &[0]).await;
    controller.executes(1).await;
    let report = interrupt(&client, 2, None, "SIGINT");
    confirm_abort(&mut controller).await;
    let expected = InterruptReport { aborted: ranks(&[0]), ..InterruptReport::default() };
    assert_eq!(report.await.unwrap().unwrap(), expected);
    second.until(0, is_aborted).await;
    assert!(controller.is_idle());
}

/// Any other signal than a keyboard interrupt would have ended the engine in the middle of somebody else's work.
#[tokio::test(start_paused = true)]
async fn an_engine_that_works_for_somebody_else_gets_no_signal_of_any_kind() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    controller.busy_for_somebody(0);
    busy(&client, &[0]).await;
    for (run, signal) in (1..).zip(["SIGINT", "SIGTERM", "9"]) {
        let _watched = execute(&client, run, &[0]).await;
        controller.executes(1).await;
        let report = interrupt(&client, run, None, signal);
        confirm_abort(&mut controller).await;
        assert_eq!(report.await.unwrap().unwrap().left_alone, ranks(&[0]), "{signal}");
        assert!(controller.is_idle(), "{signal}");
    }
}

/// A client of a user whose earlier window left runs 7 and 8 on the engines 0 and 1, with another one behind on engine 1, while
/// engine 2 works for somebody else and engine 3 for nobody.
async fn after_an_earlier_window() -> (Controller, ClusterClient, [String; 3]) {
    let user = Identity::fresh();
    let earlier = Origins::new(&user);
    let sent = |count, run| earlier.message_id(count, Some(RunId(run))).to_string();
    let sent = [sent(1, 7), sent(2, 8), sent(3, 9)];
    let (controller, wires) = Controller::new(&[0, 1, 2, 3]);
    controller.unfinished(&[(2, "behind"), (1, &sent[2]), (1, &sent[1])]);
    let client = connect_as(wires, user).await.unwrap();
    controller.busy_with(0, &sent[0]);
    controller.busy_for_somebody(2);
    busy(&client, &[0, 1, 2]).await;
    (controller, client, sent)
}

fn interrupt_others(
    client: &ClusterClient,
    whose: Whose,
    only: Option<RankSet>,
) -> tokio::task::JoinHandle<Result<InterruptReport, ClientError>> {
    let client = client.clone();
    tokio::spawn(async move {
        within("the report of an interrupt", client.interrupt_others(whose, only, "SIGINT")).await
    })
}

/// Answers the questions of an interrupt until this many signals were sent; returns the engines that got one, and what was
/// aborted.
async fn signalled(controller: &mut Controller, count: usize) -> (RankSet, Vec<String>) {
    let (mut signalled, mut aborted) = (Vec::new(), Vec::new());
    while signalled.len() < count {
        let (_, question) = controller.request().await;
        let kind = question.header.msg_type.replace("request", "reply");
        let engine = String::from_utf8(question.prefix[0].to_vec()).unwrap();
        match question.header.msg_type.as_str() {
            "signal_request" => {
                signalled.push(EngineId(engine.trim_start_matches("uuid-").parse().unwrap()));
            }
            "abort_request" => aborted.push(format!("{engine}: {}", content(&question)["msg_ids"])),
            // It is at work, and answers nothing on mux.
            _ => continue,
        }
        controller.reply(Channel::Control, &question, &kind, &json!({"status": "ok"}));
    }
    (signalled.into_iter().collect(), aborted)
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_window_left_running_is_stopped_and_nothing_of_somebody_else() {
    let (mut controller, client, sent) = after_an_earlier_window().await;
    let Activity::Busy(on_1) = client.activities().borrow().of(EngineId(1)).clone() else { panic!("idle") };
    assert!(matches!(client.origins().of(&on_1), Origin::Mine(run) if run.to_string().ends_with("-8")));
    let report = interrupt_others(&client, Whose::Mine, None);
    let aborted = format!(r#"uuid-1: ["{}"]"#, sent[2]);
    assert_eq!(signalled(&mut controller, 2).await, (ranks(&[0, 1]), vec![aborted]));
    let expected =
        InterruptReport { signalled: ranks(&[0, 1]), left_alone: ranks(&[2]), ..InterruptReport::default() };
    assert_eq!(report.await.unwrap().unwrap(), expected);
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn one_run_of_an_earlier_window_is_stopped_alone() {
    let (mut controller, client, sent) = after_an_earlier_window().await;
    let Origin::Mine(run) = client.origins().of(&sent[0].as_str().into()) else { panic!("{sent:?}") };
    let report = interrupt_others(&client, Whose::Run(run), None);
    assert_eq!(signalled(&mut controller, 1).await, (ranks(&[0]), Vec::new()));
    let report = report.await.unwrap().unwrap();
    assert_eq!(
        (report.signalled, report.left_mine, report.left_alone),
        (ranks(&[0]), ranks(&[1]), ranks(&[2]))
    );
    assert!(controller.is_idle());
}

#[tokio::test(start_paused = true)]
async fn work_of_anybody_is_stopped_on_the_engines_that_were_named_only() {
    let (mut controller, client, _) = after_an_earlier_window().await;
    let report = interrupt_others(&client, Whose::Anybody, Some(ranks(&[2, 3])));
    let aborted = r#"uuid-2: ["behind"]"#.to_owned();
    assert_eq!(signalled(&mut controller, 1).await, (ranks(&[2]), vec![aborted]));
    let expected = InterruptReport { signalled: ranks(&[2]), ..InterruptReport::default() };
    assert_eq!(report.await.unwrap().unwrap(), expected);
    assert!(controller.is_idle());
}

/// What this client itself sent is not another client's, and a run of its own that waits there ends as its own interrupts end it.
#[tokio::test(start_paused = true)]
async fn an_interrupt_of_others_leaves_runs_of_ones_own_alone() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _watched = execute_noblock(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.status(&request, "busy");
    busy(&client, &[0]).await;
    let report = interrupt_others(&client, Whose::Anybody, None);
    assert_eq!(report.await.unwrap(), Ok(InterruptReport::default()));
    assert!(controller.is_idle());
}

/// Code that awaits at its top level gets no reply, so the Hub calls its engine busy long after it has ended.
#[tokio::test(start_paused = true)]
async fn an_engine_that_only_the_hub_calls_busy_is_idle_once_it_answers() {
    let user = Identity::fresh();
    let sent = Origins::new(&user).message_id(1, Some(RunId(7))).to_string();
    let (mut controller, wires) = Controller::new(&[0]);
    controller.unfinished(&[(0, &sent)]);
    let client = connect_as(wires, user).await.unwrap();
    busy(&client, &[0]).await;
    let report = interrupt_others(&client, Whose::Mine, None);
    let (channel, probe) = controller.request().await;
    assert_eq!((channel, probe.header.msg_type.as_str()), (Channel::Mux, "kernel_info_request"));
    assert_eq!(signalled(&mut controller, 1).await.0, ranks(&[0]));
    assert_eq!(report.await.unwrap().unwrap().signalled, ranks(&[0]));
    busy(&client, &[0]).await;
    controller.reply(Channel::Mux, &probe, "kernel_info_reply", &json!({"status": "ok"}));
    activities(&client, |activities| *activities.of(EngineId(0)) == Activity::Idle).await;
    // The Hub says so still, and nothing is left to do.
    let report = interrupt_others(&client, Whose::Mine, None);
    assert_eq!(report.await.unwrap(), Ok(InterruptReport::default()));
    assert!(controller.is_idle());
}

/// Idle engines were "busy, run 9b1f-14, of another pxlens of yours" to every client that came: the Hub lists for ever what was
/// never replied to.
#[tokio::test(start_paused = true)]
async fn an_engine_that_answers_is_not_called_busy_because_of_what_the_hub_still_lists() {
    for interrupted in [false, true] {
        let user = Identity::fresh();
        let sent = Origins::new(&user).message_id(1, Some(RunId(7))).to_string();
        let (mut controller, wires) = Controller::new(&[0, 1]);
        controller.unfinished(&[(0, &sent), (1, "theirs")]);
        let client = connect_as(wires, user).await.unwrap();
        let mut probes = Vec::new();
        for _ in 0..2 {
            let (channel, probe) = controller.request().await;
            assert_eq!((channel, probe.header.msg_type.as_str()), (Channel::Mux, "kernel_info_request"));
            probes.push(probe);
        }
        probes.sort_by_key(|probe| probe.prefix[0].clone());
        let report = interrupted.then(|| interrupt_others(&client, Whose::Mine, None));
        // What asks for the engines waits for this too. Engine 1 is at work indeed.
        controller.reply(Channel::Mux, &probes[0], "kernel_info_reply", &json!({"status": "ok"}));
        within("what engines do", client.settled(std::time::Duration::from_secs(60))).await;
        activities(&client, |activities| *activities.of(EngineId(0)) == Activity::Idle).await;
        assert!(matches!(client.activities().borrow().of(EngineId(1)), Activity::Busy(_)));
        if let Some(report) = report {
            let expected = InterruptReport { left_alone: ranks(&[1]), ..InterruptReport::default() };
            assert_eq!(report.await.unwrap(), Ok(expected));
        }
        assert!(controller.is_idle());
    }
}

/// Waits until the client knows that the connection of outputs is broken.
async fn deaf(controller: &Controller, client: &ClusterClient) {
    controller.down(Channel::Iopub, DownReason::Closed);
    status(client, |status| matches!(status, ClusterStatus::Down { .. })).await;
}

fn begins(controller: &Controller, request: &Message) {
    controller.status(request, "busy");
    controller.publish(request, "execute_input", &json!({"code": "1+1", "execution_count": 1}));
}

/// "Interrupted before it began", of a px cell that its engine worked on: the news that it began was lost with the connection
/// of outputs. The engine went on, and what was sent to it afterwards waited for ever.
#[tokio::test(start_paused = true)]
async fn a_run_that_began_unheard_is_signalled_where_the_hub_says_that_its_engine_works_on_it() {
    let (mut controller, client) = Controller::with_client(&[0, 1, 2]).await;
    let mut watched = execute(&client, 1, &[0, 1, 2]).await;
    let requests = controller.executes(3).await;
    deaf(&controller, &client).await;
    // Engine 0 works on it, engine 1 for somebody else. The Hub knows nothing of engine 2.
    let id = |slot: usize| requests[slot].header.msg_id.0.to_string();
    controller.unfinished(&[(0, &id(0)), (1, &id(1)), (1, "theirs")]);
    let report = interrupt(&client, 1, None, "SIGINT");
    for _ in &requests {
        confirm_abort(&mut controller).await;
    }
    assert_eq!(signalled(&mut controller, 1).await, (ranks(&[0]), Vec::new()));
    watched.until(1, is_aborted).await;
    let expected = InterruptReport {
        signalled: ranks(&[0]),
        aborted: ranks(&[1]),
        unanswered: ranks(&[2]),
        ..InterruptReport::default()
    };
    assert_eq!(report.await.unwrap().unwrap(), expected);
    // Its output shows that engine 2 had begun as well.
    controller.up(Channel::Iopub);
    controller.print(&requests[2], "step 100\n");
    assert_eq!(signalled(&mut controller, 1).await, (ranks(&[2]), Vec::new()));
    for slot in [0, 2] {
        controller.reply_error(&requests[slot]);
        controller.status(&requests[slot], "idle");
        let slot = u32::try_from(slot).unwrap();
        let seen = watched.until(slot, |kind| *kind == EventKind::Idle).await;
        assert!(!seen.iter().any(is_aborted), "{seen:?}");
    }
}

/// "Aborted: not run", of a cell that ran: code that holds the interpreter holds back the news that it began.
#[tokio::test(start_paused = true)]
async fn a_run_whose_beginning_is_only_late_is_not_called_aborted() {
    let (mut controller, client) = Controller::with_client(&[0, 1, 2, 3]).await;
    // The engines are known to be idle.
    let mut before = execute(&client, 1, &[0, 1, 2, 3]).await;
    for (slot, request) in (0..).zip(controller.executes(4).await) {
        controller.succeed(&request);
        before.until(slot, |kind| *kind == EventKind::Idle).await;
    }
    let mut watched = execute(&client, 2, &[0, 1, 2, 3]).await;
    let requests = controller.executes(4).await;
    // Engine 0 works on it; the Hub knows nothing of engine 1, and of engine 2 also what somebody else left.
    let id = |slot: usize| requests[slot].header.msg_id.0.to_string();
    controller.unfinished(&[(0, &id(0)), (2, &id(2)), (2, "theirs")]);
    let report = interrupt(&client, 2, None, "SIGINT");
    for _ in &requests {
        confirm_abort(&mut controller).await;
    }
    controller.reply(Channel::Mux, &requests[3], "execute_reply", &json!({"status": "aborted"}));
    assert_eq!(signalled(&mut controller, 1).await, (ranks(&[0]), Vec::new()));
    let expected = InterruptReport {
        signalled: ranks(&[0]),
        aborted: ranks(&[3]),
        unanswered: ranks(&[1, 2]),
        ..InterruptReport::default()
    };
    assert_eq!(report.await.unwrap().unwrap(), expected);
    for slot in [0, 1, 2] {
        controller.reply_error(&requests[slot]);
        controller.status(&requests[slot], "idle");
        let seen = watched.until(u32::try_from(slot).unwrap(), |kind| *kind == EventKind::Idle).await;
        assert!(!seen.iter().any(is_aborted), "{seen:?}");
    }
    assert!(controller.is_idle());
}

/// The Hub heard of the end of the work before, and not yet that the request was dropped.
#[tokio::test(start_paused = true)]
async fn what_is_dropped_just_when_the_hub_says_that_it_runs_gets_no_signal() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    deaf(&controller, &client).await;
    controller.unfinished(&[(0, &request.header.msg_id.0)]);
    let report = interrupt(&client, 1, None, "SIGTERM");
    confirm_abort(&mut controller).await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert!(!report.is_finished());
    controller.reply(Channel::Mux, &request, "execute_reply", &json!({"status": "aborted"}));
    watched.until(0, |kind| matches!(kind, EventKind::Reply(_))).await;
    assert_eq!(report.await.unwrap().unwrap().signalled, ranks(&[]));
    assert!(controller.is_idle());
}

/// What an engine worked on before the connection of outputs broke is not what it works on afterwards.
#[tokio::test(start_paused = true)]
async fn what_engines_did_before_outputs_were_missed_is_asked_for_again() {
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let _first = execute(&client, 1, &[0, 1]).await;
    let first = controller.executes(2).await;
    first.iter().for_each(|request| begins(&controller, request));
    busy(&client, &[0, 1]).await;
    let mut second = execute(&client, 2, &[0]).await;
    let second_request = controller.executes(1).await.remove(0);
    deaf(&controller, &client).await;
    controller.reply_ok(&first[0]);
    // Somebody's code that awaits never ends for the Hub. What is known to have begun on engine 1 is past that.
    controller.unfinished(&[
        (0, &second_request.header.msg_id.0),
        (1, &first[1].header.msg_id.0),
        (1, "awaits"),
    ]);
    controller.up(Channel::Iopub);
    let is_on =
        |activity: &Activity, request: &Message| *activity == Activity::Busy(request.header.msg_id.clone());
    activities(&client, |activities| {
        is_on(activities.of(EngineId(0)), &second_request) && is_on(activities.of(EngineId(1)), &first[1])
    })
    .await;
    for (run, engine) in [(2, 0), (1, 1)] {
        let report = interrupt(&client, run, None, "SIGINT");
        assert_eq!(signalled(&mut controller, 1).await, (ranks(&[engine]), Vec::new()));
        assert_eq!(report.await.unwrap().unwrap().signalled, ranks(&[engine]));
    }
    controller.reply_error(&second_request);
    controller.status(&second_request, "idle");
    second.until(0, |kind| *kind == EventKind::Idle).await;
}

/// A Hub that was restarted, or has no database, does not know what engines work on.
#[tokio::test(start_paused = true)]
async fn what_is_known_to_have_begun_is_signalled_although_the_hub_knows_nothing() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    begins(&controller, &request);
    busy(&client, &[0]).await;
    deaf(&controller, &client).await;
    controller.up(Channel::Iopub);
    status(&client, |status| *status == ClusterStatus::Up).await;
    let report = interrupt(&client, 1, None, "SIGINT");
    assert_eq!(signalled(&mut controller, 1).await.0, ranks(&[0]));
    assert_eq!(report.await.unwrap().unwrap().signalled, ranks(&[0]));
}

/// Its run was told that it had not begun; then its connection broke together with the news that it had.
#[tokio::test(start_paused = true)]
async fn what_was_given_up_and_began_unheard_is_signalled_when_outputs_arrive_again() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let _first = execute(&client, 1, &[0]).await;
    let first = controller.executes(1).await.remove(0);
    begins(&controller, &first);
    busy(&client, &[0]).await;
    let mut second = execute(&client, 2, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    let report = interrupt(&client, 2, None, "SIGINT");
    confirm_abort(&mut controller).await;
    assert_eq!(report.await.unwrap().unwrap().aborted, ranks(&[0]));
    second.until(0, is_aborted).await;
    controller.unfinished(&[(0, &request.header.msg_id.0)]);
    deaf(&controller, &client).await;
    controller.reply_ok(&first);
    controller.up(Channel::Iopub);
    assert_eq!(signalled(&mut controller, 1).await, (ranks(&[0]), Vec::new()));
}
