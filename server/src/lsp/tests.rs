//! The traps that language servers fall into, each as a test: a client over a pipe in memory with the real session, where need
//! be with a simulated controller, and the process itself (`tests/e2e/lsp_*.rs`).
//!
//! | trap | over a pipe in memory | of the process |
//! |---|---|---|
//! | order of changes and queries | `order::ten_thousand_edits_and_the_queries_between_them_are_in_order`, `order::each_query_sees_exactly_the_edits_sent_before_it_although_runs_wait` | |
//! | a click and an edit in one write | `races` | |
//! | cancel behind many slow requests | `order::a_cancel_is_heard_behind_200_runs_that_wait_for_a_silent_controller` | |
//! | ask-reply deadlock | `order::questions_to_the_client_do_not_stop_the_reader` | |
//! | a hung handler | `order::a_handler_that_hangs_does_not_hold_up_others` | |
//! | exit with a hung handler | `endings::exit_ends_it_although_a_notification_handler_hangs`, `endings::exit_ends_it_although_a_run_waits_for_a_silent_controller` | |
//! | EOF with a hung request | `endings::hanging_up_ends_it_although_a_run_waits_for_a_silent_controller` | |
//! | exit code 1 without shutdown | `endings::exit_without_shutdown_ends_with_1` | `lsp_process::exit_without_shutdown_ends_the_process_with_1` |
//! | parent gone, pipe held | `parent::tests::a_process_is_gone_after_its_end` | `lsp_process::the_process_ends_with_its_editor_although_its_input_stays_open` |
//! | stdout broken | `endings::a_broken_output_ends_it` | `lsp_process::a_broken_output_ends_the_process_with_1` |
//! | panic in a handler | `conversation::a_panic_in_a_request_is_an_error_and_the_state_is_kept` | |
//! | panic in a notification | `conversation::a_panic_in_a_notification_leaves_the_rest_as_it_was` | |
//! | panic beside the handlers | `conversation::a_panic_while_diagnostics_are_made_harms_no_other_document` | |
//! | panic in the session | `conversation::a_panic_in_the_session_costs_one_message`, `session::tests::a_panic_over_one_message_costs_that_message_only` | |
//! | URIs | `conversation::uris_are_keys_and_come_back_as_they_were_sent` | |
//! | didChange: line ends, surrogates, out of range | `conversation::edits_with_odd_line_ends_and_positions_give_the_text_of_the_client` | |
//! | notebook reorder | `conversation::a_moved_cell_keeps_its_text_and_its_name_wherever_the_client_puts_it` | |
//! | slow client, memory bound | `notify::outputs::tests` | `lsp_flood::a_client_that_does_not_read_costs_no_memory_and_no_byte` |
//! | executionSummary present, absent | `conversation::a_notebook_is_read_whatever_its_execution_summaries_hold` | |
//! | trace "compact" | `conversation::odd_capabilities_and_traces_do_not_keep_a_client_out` | |
//! | custom method with null params | `conversation::requests_without_params_with_null_and_with_an_empty_list_are_answered` | |

mod again;
mod assisting;
mod cards;
mod client;
mod clusters;
mod contents;
mod conversation;
mod endings;
mod history;
mod lenses;
mod local_parts;
mod notebooks;
mod order;
mod pages;
mod plain;
mod progress;
mod races;
mod results;
mod rewriting;
mod views;
