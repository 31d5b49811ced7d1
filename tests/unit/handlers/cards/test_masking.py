import pytest

from handlers.cards.masking import MASK, HiddenPartError, mask_text, restore, secret_names
from handlers.cards.schemas import Schema


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Bearer abc123def456ghi", f"Authorization: Bearer {MASK}"),
        ("Authorization: Basic dXNlcjpwdw==", f"Authorization: Basic {MASK}"),
        ("""{'user': 'ada', 'api_key': 'hunter2'}""", f"""{{'user': 'ada', 'api_key': '{MASK}'}}"""),
        ("""send {"password":"hunter 2"} now""", f"""send {{"password":"{MASK}"}} now"""),
        ("run --env=DB_PASSWORD=hun=ter) --verbose", f"run --env=DB_PASSWORD={MASK} --verbose"),
        ("GET /orders?id=7&token=abc", f"GET /orders?id=7&token={MASK}"),
        ("password = 'hunter 2' # mine", f"password = {MASK} # mine"),
        ("x-api-key: abc123\nname: ada1815", f"x-api-key: {MASK}\nname: ada1815"),
        ("postgres://user:hunter2@db/x", f"postgres://{MASK}@db/x"),
        ("a sk-abcdefghijklmnop, b", f"a {MASK}, b"),
        ("Bearer sk-abcdefghijklmnop1.x", f"Bearer {MASK}"),
        ("-----BEGIN PRIVATE KEY-----\nabc", MASK),
    ],
)
def test_a_token_is_masked_and_the_text_around_it_kept(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Bearer authentication is required",
        "basic information",
        "a task-force-for-something-quite-long",
        "https://example.org/a:b@c",
        "see AKIAs",
        "eyJust.eyJoking",
        """{"token_count": "four thousand", "the password": "is not here"}""",
        "password: required",
        "if token == expected and max_tokens=4096: pass",
        "the secret: nobody knows, the password: 8 characters",
    ],
)
def test_ordinary_words_are_no_tokens(text: str) -> None:
    assert mask_text(text) == text


def test_as_many_masks_as_were_hidden_are_put_back_in_order() -> None:
    original = "use xoxb-11111111, then ghp_2222222222222222"
    assert restore(f"first {MASK}, {MASK} second", original) == "first xoxb-11111111, ghp_2222222222222222 second"
    with pytest.raises(HiddenPartError):
        restore(f"only {MASK}", original)


@pytest.mark.parametrize(
    "marked",
    [
        {"writeOnly": True},
        {"x-secret": True},
        {"type": "string", "format": "password"},
        {"anyOf": [{"type": "string", "writeOnly": True}, {"type": "null"}]},
        {"type": "array", "items": {"writeOnly": True}},
        {"$ref": "#/$defs/Secret"},
    ],
)
def test_a_schema_marks_its_secrets_at_any_depth(marked: Schema) -> None:
    schema = {
        "properties": {"outer": {"properties": {"word": marked, "name": {"type": "string"}}}},
        "$defs": {"Secret": {"type": "string", "format": "password"}},
    }
    assert secret_names(schema) == {"word"}
