//! The recording in the documentation can be played, and tells the whole story.

#[test]
fn the_recording_plays_from_the_403_to_the_token() {
    let text = std::fs::read_to_string("docs/demo.cast").unwrap();
    let mut lines = text.lines();
    let header: serde_json::Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(header["version"], 2);
    let size = |name: &str| {
        let cells = u16::try_from(header[name].as_u64().unwrap()).unwrap();
        std::num::NonZero::new(cells).unwrap()
    };
    let mut parser = vt100::Parser::new(size("height"), size("width"), 0);
    let mut wanted = [
        "Who calls",
        "403 until granted",
        "NOT applied yet",
        "type grant to apply: grant",
        "It works",
        "works: token minted",
        "answer works: token minted",
    ]
    .into_iter()
    .peekable();
    // Its footers are those of today: one of another day names keys that are not there.
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut footers: Vec<String> = ["2-answer", "3-confirm", "4-proof"]
        .map(|name| format!("tests/explorer/snapshots/explorer__confirmation__story-{name}.snap"))
        .iter()
        .map(|path| {
            flat(
                std::fs::read_to_string(path)
                    .unwrap()
                    .lines()
                    .last()
                    .unwrap(),
            )
        })
        .collect();
    let mut last = 0.0;
    for line in lines {
        let (at, kind, drawn): (f64, String, String) = serde_json::from_str(line).unwrap();
        assert!(at >= last && kind == "o", "{line}");
        last = at;
        parser.process(drawn.as_bytes());
        let screen = parser.screen().contents();
        let flat = flat(&screen);
        footers.retain(|footer| !flat.contains(footer));
        while wanted.next_if(|words| flat.contains(words)).is_some() {}
    }
    assert_eq!(wanted.next(), None, "the recording never says it");
    assert!(
        footers.is_empty(),
        "the recording never shows {footers:?}: just record"
    );
    assert!((10.0..60.0).contains(&last), "it takes {last} s");
}
