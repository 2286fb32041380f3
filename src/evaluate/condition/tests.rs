use super::*;
#[test]
fn smoke() {
    assert_eq!(
        compile("1 == 1").unwrap().decide(&Context::default()),
        Outcome::True
    );
}
