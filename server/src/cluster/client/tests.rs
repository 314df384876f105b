//! The client against a scripted controller.
