//! Names of inputs and outputs are kept as they are, and so is their order.

use crate::api::{Api, Type, Value, expect};
use crate::{Case, Check};

pub fn cases<A: Api>() -> Vec<Case> {
    if !A::HAS_NAMES {
        return Vec::new();
    }
    let long = "n".repeat(4096);
    let single = [
        ("empty", String::new()),
        ("space", " ".into()),
        ("latin", "größe".into()),
        ("chinese", "模型".into()),
        ("emoji", "🧠🔥".into()),
        ("combining", "e\u{301}".into()),
        ("precomposed", "é".into()),
        ("right-to-left", "مدخل".into()),
        ("quote", "a\"b".into()),
        ("backslash", "a\\b".into()),
        ("newline", "a\nb".into()),
        ("nul", "a\0b".into()),
        ("byte-order-mark", "\u{feff}x".into()),
        ("path", "../../etc/passwd".into()),
        ("url", "https://example.com/m.onnx".into()),
        ("prototype", "__proto__".into()),
        ("constructor", "constructor".into()),
        ("length", "length".into()),
        ("json", "{\"a\":1}".into()),
        ("markup", "<b>".into()),
        ("zero", "0".into()),
        ("seven", "7".into()),
        ("leading-zeros", "007".into()),
        ("negative", "-1".into()),
        ("fraction", "0.5".into()),
        ("huge-number", "99999999999999999999".into()),
        ("long", long),
        ("last-code-point", "\u{10ffff}".into()),
    ];
    let mut cases: Vec<_> =
        single.into_iter().map(|(id, name)| Case::once(format!("names/{id}"), move || named::<A>(&[&name]))).collect();
    let several: [(&str, &[&str]); 6] = [
        ("order/alphabetical", &["a", "b", "c"]),
        ("order/reversed", &["c", "b", "a"]),
        ("order/numbers-reversed", &["2", "1", "0"]),
        ("order/numbers-shuffled", &["10", "9", "100", "1"]),
        ("order/mixed", &["1", "a", "0", "B", ""]),
        ("order/case", &["x", "X", "x "]),
    ];
    for (id, names) in several {
        cases.push(Case::once(id, move || named::<A>(names)));
    }
    cases.into_iter().map(|case| case.loads("echo")).collect()
}

fn named<A: Api>(names: &[&str]) -> Check {
    let context = A::context(&A::load_by_name("echo")?)?;
    let values: Vec<_> = (1..).take(names.len()).map(|seed| Value::patterned(Type::U8, &[seed], seed)).collect();
    let named: Vec<_> = names.iter().copied().zip(&values).collect();
    expect::<A>(&context, &named, &named)
}
