//! Every documented form of every type, and what the pieces promise each other.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{FieldType, Place, equal, read, values_of, write};

/// A form, what it reads as, and what writing that sends.
fn forms() -> Vec<(&'static str, Place, Value, Value, Value)> {
    use Place::{Bom, BomVariation, Colorway, DataTable, Form, Grid, Header, List, Sku};
    let partner = json!({"allowedFor": null, "code": "487ec841-2d82-50fc-a9de-a85889ac91cf", "text": null, "value": "Mill"});
    let code = json!("487ec841-2d82-50fc-a9de-a85889ac91cf");
    let cotton = json!([{"code": "Cotton", "value": 100}]);
    let indented = "[\r\n  {\r\n    \"code\": \"Cotton\",\r\n    \"value\": 100\r\n  }\r\n]";
    let number = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    vec![
        ("Text", Header, json!("[not] {json}"), json!("[not] {json}"), json!("[not] {json}")),
        ("text", Header, json!(""), json!(""), json!("")),
        ("Memo", Form, json!(r#"["a"]"#), json!(r#"["a"]"#), json!(r#"["a"]"#)),
        ("ComboBox", Bom, json!(null), json!(null), json!(null)),
        ("DropDown", Header, json!("Fall"), json!("Fall"), json!("Fall")),
        ("DropDown", Grid, json!(""), json!(null), json!(null)),
        (
            "dropdown",
            Header,
            json!({"text": "F", "value": "Fall", "code": "F1"}),
            json!("Fall"),
            json!("Fall"),
        ),
        ("DropDown", Header, json!({"text": null, "value": null, "code": null}), json!(null), json!(null)),
        ("Radio", BomVariation, json!(false), json!(false), json!(false)),
        ("MultiSelect", Header, json!(["Shop", "Web"]), json!(["Shop", "Web"]), json!(["Shop", "Web"])),
        ("MultiSelect", Header, json!([""]), json!([]), json!([])),
        ("MultiSelect", Header, json!(null), json!([]), json!([])),
        ("MultiSelect", Form, json!("Shop"), json!(["Shop"]), json!(["Shop"])),
        ("MultiSelect", Form, json!("[\"Shop\"]"), json!(["Shop"]), json!(["Shop"])),
        ("MultiSelect", Form, json!("[broken"), json!(["[broken"]), json!(["[broken"])),
        (
            "MULTISELECT",
            BomVariation,
            json!([{"value": "Shop", "code": "S"}]),
            json!(["Shop"]),
            json!(["Shop"]),
        ),
        ("Tags", Form, json!("[\"one\"]"), json!(["one"]), json!(["one"])),
        ("Number", Form, json!("3"), json!(3), json!(3)),
        ("Number", Header, json!(900), json!(900), json!(900)),
        ("Number", Header, json!("many"), json!("many"), json!("has to be a whole number, not \"many\"")),
        ("Decimal", Bom, json!("12.50"), number("12.50"), number("12.50")),
        ("Currency", BomVariation, number("0.02"), number("0.02"), number("0.02")),
        ("Weight", Header, json!(""), json!(null), json!(null)),
        ("Percent", Form, json!("0.05"), number("0.05"), number("0.05")),
        ("FormulaField", Header, json!("38.20"), number("38.20"), json!("is computed by the service")),
        (
            "Date",
            Form,
            json!("8/1/2021 12:00:00 AM"),
            json!("2021-08-01T00:00:00Z"),
            json!("2021-08-01T00:00:00Z"),
        ),
        ("Date", Header, json!("0001-01-01T00:00:00"), json!(null), json!(null)),
        ("Date", Header, json!(""), json!(null), json!(null)),
        (
            "Date",
            Header,
            json!("2025-09-01T09:30:00Z"),
            json!("2025-09-01T09:30:00Z"),
            json!("2025-09-01T00:00:00Z"),
        ),
        ("Date", Header, json!("soon"), json!("soon"), json!("has to be a day such as")),
        (
            "DateTime",
            Header,
            json!("2025-05-20T14:02:07.905Z"),
            json!("2025-05-20T14:02:07.905Z"),
            json!("2025-05-20T14:02:07.905Z"),
        ),
        (
            "DateTime",
            Sku,
            json!("2025-05-20T14:02:07.9051134Z"),
            json!("2025-05-20T14:02:07.9051134Z"),
            json!("2025-05-20T14:02:07.905Z"),
        ),
        ("TrueFalse", Header, json!("Yes"), json!(true), json!("Yes")),
        ("TrueFalse", Header, json!("False"), json!(false), json!("No")),
        ("TrueFalse", Form, json!("True"), json!(true), json!(true)),
        ("TrueFalse", DataTable, json!("No"), json!(false), json!(false)),
        ("InvertedTrueFalse", List, json!(true), json!(true), json!(true)),
        ("TrueFalse", Form, json!(""), json!(null), json!(null)),
        ("Users", Header, json!("sample.designer"), json!("sample.designer"), json!("sample.designer")),
        (
            "Users",
            Header,
            json!({"id": "u-1", "name": "Ana"}),
            json!({"id": "u-1", "name": "Ana"}),
            json!("has to be a user name, which is not the name of a person, not \"Ana\""),
        ),
        (
            "Users",
            Header,
            json!({"id": "u-1", "userName": "ana"}),
            json!({"id": "u-1", "userName": "ana"}),
            json!("ana"),
        ),
        ("UsersTags", Header, json!("[]"), json!([]), json!([])),
        ("Users", Header, json!({"id": null, "name": null}), json!(null), json!(null)),
        (
            "UsersTags",
            Header,
            json!([{"value": "Ana", "code": "u-1"}]),
            json!([{"value": "Ana", "code": "u-1"}]),
            json!([{"value": "Ana", "code": "u-1"}]),
        ),
        ("PartnerDropDown", Header, partner.clone(), partner.clone(), code.clone()),
        ("PartnerDropDown", Form, json!(partner.to_string()), partner, code.clone()),
        ("PartnerDropDown", Grid, code.clone(), json!({"code": code}), code),
        ("PartnerDropDown", Header, json!("Mill"), json!({"value": "Mill"}), json!("Mill")),
        (
            "PartnerDropDown",
            Grid,
            json!("Mill"),
            json!({"value": "Mill"}),
            json!("has to be the code of a partner"),
        ),
        ("PartnerDropDown", Bom, json!(null), json!(null), json!(null)),
        ("CompositeControl", Form, json!(indented), cotton.clone(), cotton.clone()),
        (
            "CompositeControl",
            Header,
            json!([{"code": "Cotton", "value": "100"}]),
            cotton.clone(),
            cotton.clone(),
        ),
        ("CompositeControl", Header, json!(null), json!([]), json!([])),
        (
            "CompositeControl",
            Bom,
            json!("[{\"Code\": \"Cotton\", \"Value\": \"100\"}]"),
            cotton.clone(),
            cotton.clone(),
        ),
        ("CompositeControl", Header, json!({"code": "Cotton", "value": 100}), cotton.clone(), cotton.clone()),
        ("CompositeControl", Header, json!("{broken"), json!("{broken"), json!("has to be a list such as")),
        (
            "ColorDropDown",
            Header,
            json!({"_id": "c", "hex": "2F4A63", "rgb_r": 47}),
            json!("2f4a63"),
            json!("2f4a63"),
        ),
        (
            "ColorDropDown",
            Form,
            json!("{\"Id\": \"c\", \"hex\": \"#2f4A63\"}"),
            json!("2f4a63"),
            json!("2f4a63"),
        ),
        ("ColorDropDown", Colorway, json!("#2F4A63"), json!("2f4a63"), json!("2f4a63")),
        ("ColorDropDown", Colorway, json!(""), json!(null), json!(null)),
        (
            "UserLabel",
            Header,
            json!("u @ 5/20/2025 2:02:07\u{202f}PM"),
            json!("u @ 2025-05-20T14:02:07Z"),
            json!("is computed by the service"),
        ),
        (
            "UserLabel",
            Header,
            json!("u@example.com @ 03/04/2025 09:12:33"),
            json!("u@example.com @ 2025-03-04T09:12:33Z"),
            json!("is computed by the service"),
        ),
        ("UserLabel", Header, json!("u"), json!("u"), json!("is computed by the service")),
        ("Label3dMaterial", Header, json!("True"), json!(true), json!("is computed by the service")),
        ("LabelStyleGroup", Header, json!(""), json!(""), json!("is computed by the service")),
        ("Auto", Header, json!("7"), json!("7"), json!("is computed by the service")),
        ("ColorwayField", Header, json!({"Id": "x"}), json!({"Id": "x"}), json!({"Id": "x"})),
        ("NewType", Header, json!("[1]"), json!("[1]"), json!("[1]")),
    ]
}

#[test]
fn forms_of_the_service() {
    for (name, place, raw, meant, sent) in forms() {
        let field_type = FieldType::of(name);
        assert_eq!(read(field_type, &raw).to_string(), meant.to_string(), "{name} {raw}");
        assert!(equal(field_type, &raw, &meant), "{name} {raw}");
        match write(field_type, place, &meant) {
            Ok(written) => assert_eq!(written.to_string(), sent.to_string(), "{name} {meant}"),
            Err(refusal) => {
                assert!(
                    sent.as_str().is_some_and(|sent| refusal.starts_with(sent)),
                    "{name} {meant}: {refusal}"
                );
            }
        }
    }
}

#[test]
fn values_of_programs_are_written_in_the_form_of_the_service() {
    let header = |name: &str, value: Value| write(FieldType::of(name), Place::Header, &value).unwrap();
    for (name, value, sent) in [
        ("Text", json!(12), json!("12")),
        ("Number", json!("12"), json!(12)),
        ("Date", json!("2026-03-01"), json!("2026-03-01T00:00:00Z")),
        ("Date", json!("2026-03-01T02:00:00+02:00"), json!("2026-03-01T00:00:00Z")),
        ("Date", json!("2026-03-01T22:15:00Z"), json!("2026-03-01T00:00:00Z")),
        ("Date", json!("2026-03-01T22:15:00+00:00"), json!("2026-03-01T00:00:00Z")),
        ("Date", json!("2026-03-01T00:00:00"), json!("2026-03-01T00:00:00Z")),
        ("Date", json!("8/1/2021 12:00:00 AM"), json!("2021-08-01T00:00:00Z")),
        ("Date", json!("0001-01-01T00:00:00"), json!(null)),
        ("DateTime", json!("8/1/2021 1:30:00 PM"), json!("2021-08-01T13:30:00Z")),
        ("DateTime", json!("0001-01-01T00:00:00"), json!(null)),
        ("DateTime", json!("2026-03-01"), json!("2026-03-01T00:00:00Z")),
        ("DateTime", json!("2026-03-01T02:00:00.123456+02:00"), json!("2026-03-01T00:00:00.123Z")),
        ("DateTime", json!("1969-12-31T23:59:59.9999Z"), json!("1969-12-31T23:59:59.999Z")),
        ("TrueFalse", json!("no"), json!("No")),
        ("MultiSelect", json!(""), json!([])),
        (
            "CompositeControl",
            json!("[{\"code\": \"Wool\", \"value\": 5, \"id\": 1}]"),
            json!([{"code": "Wool", "value": 5}]),
        ),
        ("ColorDropDown", json!("#AABBCC"), json!("aabbcc")),
        ("PartnerDropDown", json!({"value": "Mill"}), json!("Mill")),
        // No number is made of a text.
        ("UsersTags", json!([{"value": "2024", "code": "x"}]), json!([{"value": "2024", "code": "x"}])),
        ("UsersTags", json!("[{\"code\": \"ana\"}]"), json!([{"code": "ana"}])),
    ] {
        assert_eq!(header(name, value.clone()), sent, "{name} {value}");
    }
    let precise: Value = serde_json::from_str("\"12345678901234567890.10\"").unwrap();
    assert_eq!(header("Decimal", precise).to_string(), "12345678901234567890.10");
}

#[test]
fn refusals_say_what_would_be_right() {
    for (name, value, says) in [
        ("Text", json!(true), "has to be a text, not true"),
        (
            "DropDown",
            json!({"code": "F1", "value": ""}),
            "has to be the text of a choice, not {\"code\":\"F1\",\"value\":\"\"}",
        ),
        (
            "DropDown",
            json!({"code": "F1", "value": " "}),
            "has to be the text of a choice, not {\"code\":\"F1\",\"value\":\" \"}",
        ),
        (
            "MultiSelect",
            json!([{"code": "S", "value": ""}]),
            "has to be a list of texts, not [{\"code\":\"S\",\"value\":\"\"}]",
        ),
        ("DropDown", json!(["Fall"]), "has to be the text of a choice, not [\"Fall\"]"),
        ("MultiSelect", json!("Shop"), "has to be a list of texts such as [\"Shop\"], not \"Shop\""),
        ("MultiSelect", json!([["Shop"]]), "has to be a list of texts, not [[\"Shop\"]]"),
        ("Number", json!(1.5), "has to be a whole number, not 1.5"),
        ("Decimal", json!("1,5"), "has to be a number such as 12.50, not \"1,5\""),
        ("Decimal", json!(true), "has to be a number such as 12.50, not true"),
        ("Decimal", json!("1e99999999999"), "has to be a number such as 12.50, not \"1e99999999999\""),
        (
            "Date",
            json!("2026-03-01T10:00:00"),
            "has a time without a zone, \"2026-03-01T10:00:00\": give a day such as \"2026-03-01\"",
        ),
        (
            "Date",
            json!("2026-03-01T22:00:00-05:00"),
            "is a day, and the day of \"2026-03-01T22:00:00-05:00\" depends on the zone: give a day such as \"2026-03-01\"",
        ),
        // Midnight in UTC, and the day before where it was written.
        (
            "Date",
            json!("2026-03-01T19:00:00-05:00"),
            "is a day, and the day of \"2026-03-01T19:00:00-05:00\" depends on the zone: give a day such as \"2026-03-01\"",
        ),
        ("Date", json!("8/1/2026"), "has to be a day such as \"2026-03-01\", not \"8/1/2026\""),
        (
            "Users",
            json!({"label": "Ana"}),
            "has to be the user name or the name of a user, not {\"label\":\"Ana\"}",
        ),
        ("PartnerDropDown", json!(["Mill"]), "has to be the code or the name of a partner, not [\"Mill\"]"),
        (
            "UsersTags",
            json!("Ana"),
            "has to be a list such as [{\"value\": \"Ana Ferreira\", \"code\": \"ana.ferreira\"}], not \"Ana\"",
        ),
        (
            "UsersTags",
            json!([5, null, ["x"]]),
            "has to be a list such as [{\"value\": \"Ana Ferreira\", \"code\": \"ana.ferreira\"}], not [5,null,[\"x\"]]",
        ),
        (
            "UsersTags",
            json!([{"code": "", "value": " "}]),
            "has to be a list such as [{\"value\": \"Ana Ferreira\", \"code\": \"ana.ferreira\"}], not [{\"code\":\"\",\"value\":\" \"}]",
        ),
        (
            "CompositeControl",
            json!([{"code": "Wool", "value": 1}, {"code": "Wool", "value": 2}]),
            "has the part \"Wool\" twice: add its values",
        ),
        (
            "DateTime",
            json!("2026-03-01T10:00:00"),
            "has a time without a zone, \"2026-03-01T10:00:00\": give a time with its zone such as \"2026-03-01T08:30:00Z\"",
        ),
        (
            "DateTime",
            json!("8/1/2026"),
            "has to be a time with its zone such as \"2026-03-01T08:30:00Z\", not \"8/1/2026\"",
        ),
        (
            "DateTime",
            json!(1_768_478_400),
            "has to be a time with its zone such as \"2026-03-01T08:30:00Z\", not 1768478400",
        ),
        ("TrueFalse", json!("maybe"), "has to be true or false, not \"maybe\""),
        (
            "CompositeControl",
            json!({"Cotton": 60}),
            "has to be a list such as [{\"code\": \"Cotton\", \"value\": 60}], not {\"Cotton\":60}",
        ),
        (
            "ColorDropDown",
            json!("red"),
            "has to be a colour of six hex digits such as \"2f4a63\", not \"red\"",
        ),
        ("FormulaField", json!(null), "is computed by the service, which ignores what is sent: leave it out"),
    ] {
        let refusal = write(FieldType::of(name), Place::Header, &value).unwrap_err();
        assert_eq!(refusal, says, "{name} {value}");
    }
    let long = write(FieldType::Decimal, Place::Header, &"é".repeat(1_000).into()).unwrap_err();
    assert!(long.ends_with("é...") && long.chars().count() < 150, "{long}");
}

#[test]
fn comparison_forgives_what_the_service_changes() {
    let mill = json!({"code": "487EC841-2d82-50fc-a9de-a85889ac91cf", "value": "Mill"});
    for (name, a, b) in [
        ("Text", json!(null), json!("")),
        ("Text", json!(12), json!("12")),
        ("MultiSelect", json!(["a", "b"]), json!("[\"b\", \"a\", \"a\"]")),
        ("MultiSelect", json!([""]), json!(null)),
        ("Tags", json!(["a", "b"]), json!(["b", "a"])),
        ("Date", json!("2026-03-01T10:00:00Z"), json!("3/1/2026 12:00:00 AM")),
        ("DateTime", json!("2026-03-01T10:00:00.1234567Z"), json!("2026-03-01T11:00:00.123+01:00")),
        ("Decimal", json!("12.50"), json!(12.5)),
        ("TrueFalse", json!("Yes"), json!(true)),
        ("PartnerDropDown", mill.clone(), json!("487ec841-2d82-50fc-a9de-a85889ac91cf")),
        ("PartnerDropDown", mill, json!("Mill")),
        ("Users", json!({"id": "1", "name": "Ana"}), json!("ana")),
        ("Users", json!({"id": "1", "name": "Žofie"}), json!("ŽOFIE ")),
        ("PartnerDropDown", json!({"value": "Mühle"}), json!("MÜHLE")),
        ("ColorDropDown", json!("#2F4A63"), json!({"hex": "2f4a63"})),
        (
            "CompositeControl",
            json!([{"code": "a", "value": 1}, {"code": "b", "value": 2}]),
            json!([{"value": "2.0", "code": "b"}, {"code": "a", "value": 1}]),
        ),
        ("Other", json!([]), json!(null)),
    ] {
        assert!(equal(FieldType::of(name), &a, &b), "{name} {a} {b}");
        assert!(equal(FieldType::of(name), &b, &a), "{name} {b} {a}");
    }
    for (name, a, b) in [
        ("Text", json!("a"), json!("A")),
        ("MultiSelect", json!(["a"]), json!(["a", "b"])),
        ("Date", json!("2026-03-01T00:00:00Z"), json!("2026-03-02T00:00:00Z")),
        ("DateTime", json!("2026-03-01T00:00:00Z"), json!("2026-03-01T00:00:01Z")),
        ("Decimal", json!(12.5), json!(null)),
        ("TrueFalse", json!(false), json!(null)),
        ("Number", json!(0), json!("")),
        ("PartnerDropDown", json!({"code": "a", "value": "Mill"}), json!({"code": "b", "value": "Mill"})),
        ("CompositeControl", json!([{"code": "a", "value": 1}]), json!([{"code": "a", "value": 2}])),
    ] {
        assert!(!equal(FieldType::of(name), &a, &b), "{name} {a} {b}");
    }
}

#[test]
fn records_and_rows_read_alike() {
    let fields = json!([
        {"id": "due", "value": "8/1/2021 12:00:00 AM", "type": "Date"},
        {"id": "pieces", "value": "3", "type": "number"},
        {"id": "lost", "value": null},
        {"name": "no id", "value": 1},
        {"id": "raw", "value": "[1]"},
    ]);
    let expected = json!({"due": "2021-08-01T00:00:00Z", "pieces": 3, "lost": null, "raw": "[1]"});
    for record in [
        json!({"id": "s", "headerData": {"fields": fields}, "colorways": []}),
        json!({"fields": fields}),
        json!({"id": "r", "fields": fields}),
        json!({"rowId": "r", "rowFields": fields}),
        json!({"id": "i", "controls": fields, "image": null}),
        json!({"id": "p", "name": "Design Notes", "data": fields}),
        fields.clone(),
    ] {
        assert_eq!(Value::from(values_of(&record).unwrap()).to_string(), expected.to_string(), "{record}");
    }
    let colorway = json!({"id": "c", "colorNumber": "01", "colorName": "Moss", "primaryColor": "56684A", "secondaryColor": "",
        "hideColorway": "False", "comments": "", "image": null, "fields": {"marketing_name": "Deep Moss", "extra": null}});
    assert_eq!(
        Value::from(values_of(&colorway).unwrap()).to_string(),
        json!({"color_number": "01", "color_name": "Moss", "primary": "56684a", "secondary": null, "hide_colorway": false,
            "comments": "", "marketing_name": "Deep Moss", "extra": null})
        .to_string()
    );
    let row = json!({"rowId": "r", "materialId": "m", "qty": "1.5", "19258f67-eafe-5fdb-b289-47a743484608": {"hex": "2F4A63"}});
    assert_eq!(Value::from(values_of(&row).unwrap()), json!({"materialId": "m", "qty": "1.5"}));
    for record in [json!({"headerData": null}), json!({"headerData": {}}), json!({"id": "r", "fields": null})]
    {
        assert!(values_of(&record).unwrap().is_empty(), "{record}");
    }
    for record in [
        json!({}),
        json!({"id": "x"}),
        json!(null),
        json!("x"),
        json!({"id": "f", "name": "a folder"}),
        json!({"id": "p", "data": [{"id": "i", "controls": []}]}),
    ] {
        let error = values_of(&record).unwrap_err();
        assert!(error.message().starts_with("the record has no fields: give a style"), "{record}: {error}");
    }
}

fn some_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-zA-Z {}\\[\\]\"#@,]{0,8}",
        "#?[0-9a-fA-F]{6}",
        "-?[0-9]{1,12}(\\.[0-9]{1,6})?",
        "(Yes|no|True|FALSE|)",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,7})?(Z|\\+02:00))?",
        "[1-9]/[1-9]/20[0-9]{2} [1-9]:00:00 [AP]M",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "-?[1-9][0-9]{0,20}\\.[0-9]{1,9}(e[0-9])?".prop_map(|text| serde_json::from_str(&text).unwrap()),
        text.prop_map(Value::from),
    ];
    let names = prop::sample::select(vec!["code", "value", "text", "id", "name", "hex", "_id", "userName"]);
    let nested = leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..4).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }),
        ]
    });
    prop_oneof![4 => nested.clone(), 1 => nested.prop_map(|value| value.to_string().into())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What was written compares as what was meant, however the service spells it.
    #[test]
    fn what_is_written_reads_as_it_was_meant(
        name in prop::sample::select(vec!["Text", "DropDown", "Radio", "MultiSelect", "Tags", "Number", "Decimal", "Percent",
            "Date", "DateTime", "TrueFalse", "Users", "UsersTags", "PartnerDropDown", "CompositeControl", "ColorDropDown", "New"]),
        place in prop::sample::select(vec![Place::Header, Place::Colorway, Place::Grid, Place::DataTable]),
        value in some_value(),
    ) {
        let field_type = FieldType::of(name);
        prop_assert!(equal(field_type, &value, &value));
        prop_assert!(equal(field_type, &read(field_type, &value), &value));
        if let Ok(sent) = write(field_type, place, &value) {
            prop_assert!(equal(field_type, &read(field_type, &sent), &value), "{name} {value} was sent as {sent}");
            prop_assert!(equal(field_type, &value, &sent) && equal(field_type, &sent, &value), "{name} {value} {sent}");
            prop_assert_eq!(write(field_type, place, &sent).unwrap().to_string(), sent.to_string());
        }
    }
}
