//! The planner from outside: what a reviewer reads, what always holds, and a second opinion.

mod golden;
mod properties;
mod second_opinion;
mod support;
