//! Engines come, go, and work for others.

use serde_json::json;

use super::script::{Controller, activities, connect, engines, execute, uuid, within};
use crate::{
    cluster::{Whose, transport::Channel},
    engines::{Activity, EngineId},
    run::{EventKind, LostReason},
};

#[tokio::test(start_paused = true)]
async fn an_engine_that_joins_late_appears_and_runs() {
    let (mut controller, client) = Controller::with_client(&[]).await;
    engines(&client, &[]).await;
    controller.register(3);
    engines(&client, &[3]).await;
    let mut watched = execute(&client, 1, &[3]).await;
    let request = controller.executes(1).await.remove(0);
    controller.succeed(&request);
    watched.until(0, |kind| *kind == EventKind::Idle).await;
}

#[tokio::test(start_paused = true)]
async fn a_notification_that_overtakes_the_list_of_engines_counts() {
    let (controller, wires) = Controller::new(&[0, 1]);
    // Said before the answer to the first question arrives, which was made before.
    let connecting = tokio::spawn(connect(wires));
    tokio::task::yield_now().await;
    controller.notify("registration_notification", &json!({"id": 2, "uuid": uuid(2)}));
    controller.notify("unregistration_notification", &json!({"id": 0, "uuid": uuid(0)}));
    let client = connecting.await.unwrap().unwrap();
    engines(&client, &[1, 2]).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_killed_while_running_ends_as_lost_after_its_last_words() {
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let mut watched = execute(&client, 1, &[0, 1]).await;
    let requests = controller.executes(2).await;
    controller.status(&requests[0], "busy");
    controller.unregister(0);
    engines(&client, &[1]).await;
    // On its way while the Hub's notice overtook it.
    controller.print(&requests[0], "last words");
    let seen = watched.lost(0).await;
    assert!(matches!(&seen[..], [EventKind::Busy, EventKind::Stream { .. }, _]), "{seen:?}");
    assert_eq!(seen.last(), Some(&EventKind::Lost(LostReason::EngineDied)));
    controller.succeed(&requests[1]);
    watched.until(1, |kind| *kind == EventKind::Idle).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_dying_engine_finished_is_not_thrown_away() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.unregister(0);
    controller.succeed(&request);
    let seen = watched.until(0, |kind| *kind == EventKind::Idle).await;
    assert!(!seen.iter().any(|kind| matches!(kind, EventKind::Lost(_))), "{seen:?}");
    client.close().await;
    let all = watched.until_closed().await;
    assert_eq!(all.last(), Some(&EventKind::Idle));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_replied_and_died_only_lacks_the_end_of_its_output() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    controller.status(&request, "busy");
    controller.reply_ok(&request);
    controller.unregister(0);
    let seen = watched.lost(0).await;
    assert_eq!(seen.last(), Some(&EventKind::Lost(LostReason::OutputIncomplete)));
}

#[tokio::test(start_paused = true)]
async fn a_death_whose_notification_was_missed_shows_in_the_next_list() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    controller.executes(1).await;
    controller.list(&[]);
    let seen = watched.lost(0).await;
    assert_eq!(seen, [EventKind::Lost(LostReason::EngineDied)]);
    engines(&client, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn activity_follows_the_newest_work_of_any_client() {
    let (controller, client) = Controller::with_client(&[0, 1]).await;
    let busy_for = |request: &'static str| move |activity: &Activity| matches!(activity, Activity::Busy(id) if &*id.0 == request);
    let say = |kind: &str, id: &str, state: &str| {
        let parent = json!({"msg_id": id, "session": "s", "msg_type": kind});
        controller.publish_as(&uuid(0), "status", &parent, &json!({"execution_state": state}));
    };
    let until = async |wanted: &dyn Fn(&Activity) -> bool| {
        activities(&client, |activities| wanted(activities.of(EngineId(0)))).await;
    };
    say("execute_request", "a", "busy");
    until(&busy_for("a")).await;
    // Control requests come and go while it computes.
    say("kernel_info_request", "k", "busy");
    say("kernel_info_request", "k", "idle");
    say("execute_request", "earlier", "idle");
    // Something of another engine, to know that the above is through.
    controller.busy_for_somebody(1);
    activities(&client, |activities| *activities.of(EngineId(1)) != Activity::Unknown).await;
    until(&busy_for("a")).await;
    say("execute_request", "a", "idle");
    until(&|activity| *activity == Activity::Idle).await;
    say("apply_request", "b", "busy");
    until(&busy_for("b")).await;
}

/// A window that is opened while engines print for an earlier one.
#[tokio::test(start_paused = true)]
async fn whatever_an_engine_publishes_says_that_it_is_busy_until_it_is_known_to_be_idle() {
    let (controller, client) = Controller::with_client(&[0, 1, 2]).await;
    let parent = json!({"msg_id": "theirs", "session": "s", "msg_type": "execute_request"});
    let print = |engine| {
        controller.publish_as(&uuid(engine), "stream", &parent, &json!({"name": "stdout", "text": "tick"}));
    };
    print(0);
    controller.publish_as(&uuid(1), "execute_input", &parent, &json!({"code": "1", "execution_count": 1}));
    let busy = Activity::Busy("theirs".into());
    let are = |wanted: [&Activity; 3]| {
        let wanted = wanted.map(Clone::clone);
        activities(&client, move |all| [0, 1, 2].map(|id| all.of(EngineId(id)).clone()) == wanted)
    };
    are([&busy, &busy, &Activity::Unknown]).await;
    controller.publish_as(&uuid(0), "status", &parent, &json!({"execution_state": "idle"}));
    are([&Activity::Idle, &busy, &Activity::Unknown]).await;
    // A thread that the code started prints on.
    print(0);
    print(2);
    are([&Activity::Idle, &busy, &busy]).await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_prints_nothing_is_busy_with_the_oldest_request_that_the_hub_has_no_end_of() {
    let (controller, wires) = Controller::new(&[0, 1]);
    controller.unfinished(&[(0, "second"), (0, "first"), (9, "of an engine that is gone")]);
    let client = connect(wires).await.unwrap();
    let wanted = [Activity::Busy("first".into()), Activity::Unknown];
    activities(&client, |all| [0, 1].map(|id| all.of(EngineId(id)).clone()) == wanted).await;
}

/// A client hears of the beginning of its own requests. What it sent to an engine of which nothing is known may wait there.
#[tokio::test(start_paused = true)]
async fn an_engine_is_not_busy_with_a_request_of_ones_own_before_it_says_so() {
    let (mut controller, client) = Controller::with_client(&[0, 1]).await;
    let _watched = execute(&client, 1, &[0]).await;
    let request = controller.executes(1).await.remove(0);
    let id = request.header.msg_id.to_string();
    controller.unfinished(&[(1, "theirs"), (0, "behind"), (0, &id)]);
    let report = client.interrupt_others(Whose::Nobody, None, "SIGINT").await.unwrap();
    assert_eq!(report.left_alone.to_string(), "[1]");
    let wanted = [Activity::Unknown, Activity::Busy("theirs".into())];
    activities(&client, |all| [0, 1].map(|id| all.of(EngineId(id)).clone()) == wanted).await;
}

#[tokio::test(start_paused = true)]
async fn work_is_no_news_of_who_is_there_and_a_burst_of_it_is_one() {
    let (controller, client) = Controller::with_client(&[0]).await;
    let (mut there, mut doing) = (client.engines(), client.activities());
    there.borrow_and_update();
    doing.borrow_and_update();
    let say = |id: &str, state: &str| {
        let parent = json!({"msg_id": id, "session": "s", "msg_type": "execute_request"});
        controller.publish_as(&uuid(0), "status", &parent, &json!({"execution_state": state}));
    };
    for n in 0..100 {
        say(&n.to_string(), "busy");
        say(&n.to_string(), "idle");
    }
    say("last", "busy");
    within("news of what engines do", doing.changed()).await.unwrap();
    assert_eq!(*doing.borrow_and_update().of(EngineId(0)), Activity::Busy("last".into()));
    assert!(!there.has_changed().unwrap());
    // What an engine did goes with it.
    controller.unregister(0);
    engines(&client, &[]).await;
    controller.register(0);
    engines(&client, &[0]).await;
    activities(&client, |activities| *activities.of(EngineId(0)) == Activity::Unknown).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_is_ready_though_no_output_arrives() {
    let (controller, wires) = Controller::new(&[0]);
    controller.cold();
    let client = connect(wires).await.unwrap();
    engines(&client, &[0]).await;
}

#[tokio::test(start_paused = true)]
async fn requests_to_an_engine_whose_id_is_anothers_now_are_lost() {
    let (mut controller, client) = Controller::with_client(&[0]).await;
    let mut watched = execute(&client, 1, &[0]).await;
    controller.executes(1).await;
    controller.list_as([(0, "another".to_owned())]);
    controller.down(Channel::Registration, crate::cluster::transport::DownReason::Closed);
    controller.up(Channel::Registration);
    let seen = watched.lost(0).await;
    assert_eq!(seen, [EventKind::Lost(LostReason::ControllerLost)]);
}
