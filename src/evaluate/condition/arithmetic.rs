//! Arithmetic and conversions between types.

use super::functions::{Function, mismatch};
use super::value::{Computed, Fail, Value};

fn overflow() -> Fail {
    Fail::error("the result is outside of its type's range")
}

fn zero() -> Fail {
    Fail::error("division by zero")
}

/// `+ - * / %` and the sign.
pub(super) fn calculate(function: Function, args: &[Value]) -> Computed {
    use Function::{Add, Divide, Modulo, Multiply, Negate, Subtract};
    use Value::{Bytes, Double, Duration, Int, List, String, Timestamp, Uint};
    let int = |r: Option<i64>| r.map(Int).ok_or_else(overflow);
    let uint = |r: Option<u64>| r.map(Uint).ok_or_else(overflow);
    let time = |r: Option<super::time::Instant>| r.map(Timestamp).ok_or_else(overflow);
    let span = |r: Option<i64>| r.map(Duration).ok_or_else(overflow);
    match (function, args) {
        (Add, [Int(a), Int(b)]) => int(a.checked_add(*b)),
        (Subtract, [Int(a), Int(b)]) => int(a.checked_sub(*b)),
        (Multiply, [Int(a), Int(b)]) => int(a.checked_mul(*b)),
        (Divide | Modulo, [Int(_), Int(0)] | [Uint(_), Uint(0)]) => Err(zero()),
        (Divide, [Int(a), Int(b)]) => int(a.checked_div(*b)),
        (Modulo, [Int(a), Int(b)]) => int(a.checked_rem(*b)),
        (Negate, [Int(a)]) => int(a.checked_neg()),
        (Add, [Uint(a), Uint(b)]) => uint(a.checked_add(*b)),
        (Subtract, [Uint(a), Uint(b)]) => uint(a.checked_sub(*b)),
        (Multiply, [Uint(a), Uint(b)]) => uint(a.checked_mul(*b)),
        (Divide, [Uint(a), Uint(b)]) => uint(a.checked_div(*b)),
        (Modulo, [Uint(a), Uint(b)]) => uint(a.checked_rem(*b)),
        (Add, [Double(a), Double(b)]) => Ok(Double(a + b)),
        (Subtract, [Double(a), Double(b)]) => Ok(Double(a - b)),
        (Multiply, [Double(a), Double(b)]) => Ok(Double(a * b)),
        (Divide, [Double(a), Double(b)]) => Ok(Double(a / b)),
        (Negate, [Double(a)]) => Ok(Double(-a)),
        (Add, [String(a), String(b)]) => Ok(Value::string(format!("{a}{b}"))),
        (Add, [Bytes(a), Bytes(b)]) => Ok(Bytes(a.iter().chain(b.iter()).copied().collect())),
        (Add, [List(a), List(b)]) => Ok(List(a.iter().chain(b.iter()).cloned().collect())),
        (Add, [Timestamp(t), Duration(d)] | [Duration(d), Timestamp(t)]) => time(t.plus(*d)),
        (Subtract, [Timestamp(t), Duration(d)]) => time(t.minus(*d)),
        (Subtract, [Timestamp(a), Timestamp(b)]) => span(a.since(*b)),
        (Add, [Duration(a), Duration(b)]) => span(a.checked_add(*b)),
        (Subtract, [Duration(a), Duration(b)]) => span(a.checked_sub(*b)),
        (Negate, [Duration(a)]) => span(a.checked_neg()),
        _ => Err(mismatch("arithmetic", args)),
    }
}

/// `int()`, `uint()`, `double()`, `string()`, `bytes()`, `bool()`.
pub(super) fn convert(function: Function, args: &[Value]) -> Computed {
    use Value::{Bool, Bytes, Double, Int, String, Timestamp, Uint};
    let [value] = args else {
        return Err(mismatch("a conversion", args));
    };
    let unreadable = || Fail::error(format!("{} cannot be converted", value.shown()));
    // 2^63 and 2^64 as doubles; the lower bound of int is refused by the published tests.
    let whole = 9_223_372_036_854_775_808.0_f64;
    match (function, value) {
        (Function::Int, Int(_)) | (Function::Uint, Uint(_)) | (Function::Double, Double(_)) => {
            Ok(value.clone())
        }
        (Function::Bool, Bool(_)) | (Function::String, String(_)) | (Function::Bytes, Bytes(_)) => {
            Ok(value.clone())
        }
        (Function::Int, Uint(u)) => i64::try_from(*u).map(Int).map_err(|_| overflow()),
        (Function::Int, Double(d)) if *d > -whole && *d < whole => Ok(Int(*d as i64)),
        (Function::Int, Double(_)) => Err(overflow()),
        (Function::Int, String(s)) => s.parse().map(Int).map_err(|_| unreadable()),
        (Function::Int, Timestamp(t)) => Ok(Int(t.seconds())),
        (Function::Uint, Int(i)) => u64::try_from(*i).map(Uint).map_err(|_| overflow()),
        (Function::Uint, Double(d)) if *d >= 0.0 && *d < whole * 2.0 => Ok(Uint(*d as u64)),
        (Function::Uint, Double(_)) => Err(overflow()),
        (Function::Uint, String(s)) => s.parse().map(Uint).map_err(|_| unreadable()),
        (Function::Double, Int(i)) => Ok(Double(*i as f64)),
        (Function::Double, Uint(u)) => Ok(Double(*u as f64)),
        (Function::Double, String(s)) => s.parse().map(Double).map_err(|_| unreadable()),
        (Function::Bool, String(s)) => match &**s {
            "1" | "t" | "true" | "TRUE" | "True" => Ok(Bool(true)),
            "0" | "f" | "false" | "FALSE" | "False" => Ok(Bool(false)),
            _ => Err(unreadable()),
        },
        (Function::String, Bytes(b)) => std::str::from_utf8(b)
            .map(Value::string)
            .map_err(|_| Fail::error("these bytes are not UTF-8")),
        (
            Function::String,
            Bool(_) | Int(_) | Uint(_) | Double(_) | Timestamp(_) | Value::Duration(_),
        ) => Ok(Value::string(value.to_text())),
        (Function::Bytes, String(s)) => Ok(Bytes(s.as_bytes().into())),
        _ => Err(mismatch("a conversion", args)),
    }
}
