//! The judgement: what every kind of policy says about one question.

pub mod condition;
