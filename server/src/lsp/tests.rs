//! The pitfalls of language servers, each as a test: with a client over an in-memory pipe, the real session and, if
//! needed, a simulated controller; and with the real process (`tests/e2e/lsp_*.rs`).
//!
//! | pitfall | over an in-memory pipe | with the process |
//! |---|---|---|
//! | order of edits and requests | `order::ten_thousand_edits_and_the_requests_between_them_are_in_order`, `order::each_request_sees_exactly_the_edits_sent_before_it_although_runs_wait` | |
//! | a click and an edit in one write | `races` | |
//! | a request that is cancelled and has its effect | `order::a_request_that_is_answered_as_cancelled_runs_nothing_and_one_that_runs_is_answered` | |
//! | cancellation after many slow requests | `order::a_cancellation_is_handled_after_200_runs_that_wait_for_a_silent_controller` | |
//! | deadlock of requests in both directions | `order::requests_to_the_client_do_not_stop_the_reader` | |
//! | a hung handler | `order::a_handler_that_hangs_does_not_hold_up_others` | |
//! | exit with a hung handler | `endings::exit_ends_it_although_a_notification_handler_hangs`, `endings::exit_ends_it_although_a_run_waits_for_a_silent_controller` | |
//! | end of input with a hung request | `endings::hanging_up_ends_it_although_a_run_waits_for_a_silent_controller` | |
//! | exit code 1 without shutdown | `endings::exit_without_shutdown_ends_with_1` | `lsp_process::exit_without_shutdown_ends_the_process_with_1` |
//! | parent gone, pipe held | `parent::tests::a_process_is_gone_after_its_end` | `lsp_process::the_process_ends_with_its_editor_although_its_input_stays_open` |
//! | stdout broken | `endings::a_broken_output_ends_it` | `lsp_process::a_broken_output_ends_the_process_with_1` |
//! | panic in a handler | `conversation::a_panic_in_a_request_is_an_error_and_the_state_is_kept` | |
//! | panic in a notification | `conversation::a_panic_in_a_notification_leaves_the_rest_as_it_was` | |
//! | panic outside of the handlers | `conversation::a_panic_in_the_diagnostics_of_one_document_does_not_affect_others` | |
//! | panic in the session | `conversation::a_panic_in_the_session_costs_one_message`, `session::tests::a_panic_costs_only_the_message_that_caused_it` | |
//! | URIs | `conversation::uris_are_keys_and_come_back_as_they_were_sent` | |
//! | didChange: line endings, surrogates, out of range | `conversation::edits_with_odd_line_endings_and_positions_give_the_text_of_the_client` | |
//! | notebook reorder | `conversation::a_moved_cell_keeps_its_text_and_its_id_wherever_the_client_puts_it` | |
//! | slow client, memory bound | `notify::outputs::tests` | `lsp_flood::a_client_that_does_not_read_costs_no_memory_and_no_byte` |
//! | executionSummary present, absent | `conversation::a_notebook_is_read_whatever_its_execution_summaries_contain` | |
//! | trace "compact" | `conversation::odd_capabilities_and_traces_do_not_keep_a_client_out` | |
//! | custom method with null params | `conversation::requests_without_params_with_null_and_with_an_empty_list_are_answered` | |

mod cards;
mod client;
mod clusters;
mod contents;
mod conversation;
mod diagnostics;
mod endings;
mod examples;
mod history;
mod language_features;
mod lenses;
mod local_parts;
mod notebooks;
mod order;
mod pages;
mod plain;
mod progress;
mod races;
mod renames;
mod rerun;
mod results;
mod rewriting;
mod views;
