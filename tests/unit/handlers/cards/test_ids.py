import pytest

from handlers.cards import ids
from runtime.requests.records import RequestId, ThreadId


@pytest.mark.parametrize("request_id", ["r1", "a:b:c", "ü/%", "7"])
def test_a_block_id_gives_request_and_revision_back(request_id: str) -> None:
    ref = ids.CardRef(request_id=RequestId(request_id), revision=12)
    assert ids.parse_card_block(ids.card_block(ref.request_id, ref.revision)) == ref


@pytest.mark.parametrize(
    "block_id", ["", "req", "req:", "req:r1", "req::1", "req:r1:", "req:r1:x", "req:r1:-1", "x:r:1"]
)
def test_any_other_block_id_is_none_of_ours(block_id: str) -> None:
    assert ids.parse_card_block(block_id) is None


def test_an_action_id_gives_the_key_back() -> None:
    assert ids.action_key(ids.act("approve:now")) == "approve:now"


@pytest.mark.parametrize("action_id", ["", "act", "act:", "more", "view", "actx:approve"])
def test_any_other_action_id_is_no_answer(action_id: str) -> None:
    assert ids.action_key(action_id) is None


def test_what_a_view_is_about_survives_slack() -> None:
    ref = ids.ViewRef(request_id=RequestId("r1"), thread_id=ThreadId("t1"), turn_id="u1", action="edit", page=3)
    assert ids.parse_view_ref(ref.dump()) == ref


@pytest.mark.parametrize("metadata", ["", "x", "[]", "null", "1"])
def test_any_other_metadata_is_none_of_ours(metadata: str) -> None:
    assert ids.parse_view_ref(metadata) is None


def test_metadata_of_the_wrong_types_is_read_as_absent() -> None:
    assert ids.parse_view_ref('{"request_id": 5, "page": "2", "action": null}') == ids.ViewRef()
