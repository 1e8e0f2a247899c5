//! What keys come to.

use evdev::EventType;

use super::*;

fn key(key: KeyCode, value: i32) -> InputEvent {
    InputEvent::new(EventType::KEY.0, key.0, value)
}

fn lost() -> InputEvent {
    InputEvent::new(EventType::SYNCHRONIZATION.0, Syn::SYN_DROPPED.0, 0)
}

fn named(name: &str) -> KeyCode {
    KeyCode::from_str(&format!("KEY_{name}")).unwrap()
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Keys by their names, pressed and let go one after the other; `+` before a name only presses, `-` only lets go.
fn play(typing: &mut Typing, now: Duration, keys: &str) -> Vec<Input> {
    let mut heard = Vec::new();
    for name in keys.split_whitespace() {
        let (values, name): (&[i32], _) = match (name.strip_prefix('+'), name.strip_prefix('-')) {
            (Some(name), _) => (&[1], name),
            (_, Some(name)) => (&[0], name),
            _ => (&[1, 0], name),
        };
        for &value in values {
            typing.take(key(named(name), value), now, &mut heard);
            typing.take(InputEvent::new(EventType::SYNCHRONIZATION.0, Syn::SYN_REPORT.0, 0), now, &mut heard);
        }
    }
    heard
}

fn code(text: &str) -> Vec<Input> {
    vec![Input::Code(text.to_owned())]
}

#[test]
fn what_a_scanner_types_before_enter_is_a_code() {
    let mut typing = Typing::new(None);
    assert_eq!(
        play(&mut typing, s(1), "+LEFTSHIFT P -LEFTSHIFT MINUS 4 7 1 1 +RIGHTSHIFT BACKSLASH D -RIGHTSHIFT O E"),
        []
    );
    assert_eq!(play(&mut typing, s(1), "ENTER"), code("P-4711|Doe"));
    assert_eq!(play(&mut typing, s(1), "ENTER TAB"), [], "a suffix more is no code");
    assert_eq!(play(&mut typing, s(2), "KP4 KP2 KPDOT KP0 KPENTER"), code("42.0"));
    assert_eq!(play(&mut typing, s(2), "SPACE ENTER"), []);
}

#[test]
fn every_key_of_the_layout_types_its_characters() {
    let rows = [
        ("1 2 3 4 5 6 7 8 9 0 MINUS EQUAL", "1234567890-=", "!@#$%^&*()_+"),
        ("Q W E R T Y U I O P LEFTBRACE RIGHTBRACE", "qwertyuiop[]", "QWERTYUIOP{}"),
        ("A S D F G H J K L SEMICOLON APOSTROPHE GRAVE", "asdfghjkl;'`", "ASDFGHJKL:\"~"),
        ("BACKSLASH Z X C V B N M COMMA DOT SLASH", "\\zxcvbnm,./", "|ZXCVBNM<>?"),
        ("KP1 KP2 KP3 KP4 KP5 KP6 KP7 KP8 KP9 KP0", "1234567890", "1234567890"),
        ("KPMINUS KPPLUS KPDOT KPASTERISK KPSLASH KPEQUAL", "-+.*/=", "-+.*/="),
    ];
    for (keys, plain, shifted) in rows {
        let mut typing = Typing::new(None);
        assert_eq!(play(&mut typing, s(1), &format!("{keys} ENTER")), code(plain));
        assert_eq!(play(&mut typing, s(1), &format!("+LEFTSHIFT {keys} -LEFTSHIFT ENTER")), code(shifted));
    }
}

#[test]
fn shift_holds_while_either_is_held() {
    let mut typing = Typing::new(None);
    assert_eq!(play(&mut typing, s(1), "+LEFTSHIFT +RIGHTSHIFT A -LEFTSHIFT B -RIGHTSHIFT C ENTER"), code("ABc"));
}

#[test]
fn a_code_that_is_not_understood_whole_is_none() {
    let mut typing = Typing::new(None);
    for spoiling in ["F5", "+LEFTCTRL RIGHTBRACE -LEFTCTRL", "+LEFTALT KP6 KP5 -LEFTALT", "102ND"] {
        assert_eq!(play(&mut typing, s(1), &format!("1 2 {spoiling} 3 4 ENTER")), [], "{spoiling}");
        assert_eq!(play(&mut typing, s(1), "1 2 ENTER"), code("12"), "after {spoiling}");
    }
    assert_eq!(play(&mut typing, s(1), "CAPSLOCK 1 NUMLOCK 2 ENTER"), code("12"), "locks spoil nothing");
}

#[test]
fn a_code_is_bounded() {
    let mut typing = Typing::new(None);
    let longest = "7 ".repeat(MOST);
    assert_eq!(play(&mut typing, s(1), &format!("{longest} ENTER")), code(&"7".repeat(MOST)));
    assert_eq!(play(&mut typing, s(1), &format!("{longest} 7 ENTER")), []);
    assert_eq!(play(&mut typing, s(1), "7 ENTER"), code("7"));
}

#[test]
fn typed_characters_are_taken_back_and_forgotten_after_a_pause() {
    let mut typing = Typing::new(None);
    assert_eq!(play(&mut typing, s(1), "1 2 BACKSPACE 3 ENTER"), code("13"));
    assert_eq!(play(&mut typing, s(1), "1 F5 ESC 2 ENTER"), code("2"));
    assert_eq!(play(&mut typing, s(1), "9 9"), []);
    assert_eq!(play(&mut typing, s(11), "1 ENTER"), code("991"));
    assert_eq!(play(&mut typing, s(20), "9 9"), []);
    assert_eq!(play(&mut typing, s(31), "1 ENTER"), code("1"), "the nines were somebody else's");
}

#[test]
fn a_key_that_repeats_itself_is_typed_once() {
    let mut typing = Typing::new(None);
    let mut heard = Vec::new();
    for value in [1, 2, 2, 0] {
        typing.take(key(KeyCode::KEY_5, value), s(1), &mut heard);
    }
    heard.extend(play(&mut typing, s(1), "ENTER"));
    assert_eq!(heard, code("5"));
}

#[test]
fn the_shutter_key_is_a_button_and_no_character() {
    let mut typing = Typing::new(Some("KEY_VOLUMEUP".parse().unwrap()));
    let mut heard = Vec::new();
    for value in [1, 2, 2, 0, 0] {
        typing.take(key(KeyCode::KEY_VOLUMEUP, value), s(1), &mut heard);
    }
    assert_eq!(heard, [Input::Button { pressed: true }, Input::Button { pressed: false }]);
    assert_eq!(play(&mut typing, s(1), "1 VOLUMEUP 2 ENTER").last(), code("12").last());
}

#[test]
fn lost_events_spoil_a_code_and_let_go_of_keys_that_are_not_down() {
    let mut typing = Typing::new(Some("KEY_CAMERA".parse().unwrap()));
    let pressed = |pressed| Input::Button { pressed };
    assert_eq!(play(&mut typing, s(1), "1 2 +LEFTSHIFT +RIGHTSHIFT +CAMERA"), [pressed(true)]);
    let mut heard = Vec::new();
    typing.take(lost(), s(1), &mut heard);
    assert!(typing.lost());
    heard.extend(play(&mut typing, s(1), "3 -LEFTSHIFT -CAMERA ENTER"));
    assert_eq!(heard, []);
    typing.resume(|key| key == KeyCode::KEY_RIGHTSHIFT, &mut heard);
    assert!(!typing.lost());
    assert_eq!(heard, [pressed(false)]);
    assert_eq!(play(&mut typing, s(1), "4 ENTER"), [], "the rest of a code");
    assert_eq!(play(&mut typing, s(1), "A -RIGHTSHIFT B ENTER"), code("Ab"));
}

#[test]
fn a_press_that_was_lost_takes_no_photograph() {
    let mut typing = Typing::new(Some("KEY_CAMERA".parse().unwrap()));
    let mut heard = Vec::new();
    typing.take(lost(), s(1), &mut heard);
    typing.resume(|_| true, &mut heard);
    assert_eq!(heard, []);
    assert_eq!(play(&mut typing, s(1), "-CAMERA +CAMERA"), [Input::Button { pressed: true }]);
    typing.gone(&mut heard);
    typing.gone(&mut heard);
    assert_eq!(heard, [Input::Button { pressed: false }], "an unplugged button is not pressed");
}

#[test]
fn a_shutter_key_is_one_that_codes_are_not_typed_with() {
    assert_eq!("KEY_CAMERA".parse(), Ok(Key(KeyCode::KEY_CAMERA)));
    assert_eq!("KEY_F1".parse::<Key>().unwrap().to_string(), "KEY_F1");
    for name in ["KEY_A", "KEY_KP5", "KEY_ENTER", "KEY_LEFTSHIFT", "KEY_ESC", "BTN_TOUCH", "BTN_LEFT"] {
        assert_eq!(name.parse::<Key>(), Err(KeyError::Typing { found: name.to_owned() }));
    }
    let error = "camera".parse::<Key>().unwrap_err().to_string();
    assert_eq!(error, "expected a key as Linux calls it, such as KEY_CAMERA, found \"camera\"");
}
