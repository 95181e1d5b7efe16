//! Carbon signals: what a grid emits per kWh, now, in the past and in the hours to come.
//!
//! Every source answers with the same type, [`catalog::Signal`]. Nothing here decides anything: that is the
//! planner's.
