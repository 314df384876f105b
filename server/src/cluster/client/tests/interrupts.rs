//! Nothing that is not ours is touched.

use serde_json::{Value, json};

use super::script::{Controller, activities, engines, execute, within};
use crate::{
    cluster::{ClientError, ClusterClient, InterruptReport, transport::Channel},
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
        unanswered: ranks(&[]),
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
        assert_eq!((report.signalled, report.aborted), expected);
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
