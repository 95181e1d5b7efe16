//! The planner from outside: what a reviewer reads, what always holds, and a second opinion.

mod advice;
mod efficiency;
mod forecasts;
mod golden;
#[path = "../../../../tests/needed.rs"]
mod needed;
mod properties;
mod replay;
mod second_opinion;
mod support;
mod time;
mod windows;
