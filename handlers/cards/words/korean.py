"""Korean: the names of `english`, whose docstrings say what each is for.

People are addressed politely (-습니다, -해 주세요). What is put in may end in any sound, so sentences are made without
particles that depend on it: a noun of our own, or a colon, stands between.
"""

import re
from collections.abc import Sequence

from runtime.requests.progress import StepState
from runtime.requests.records import Verdict

APPROVE, EDIT, REJECT, ANSWER, DECLINE = "승인", "수정", "거절", "답변", "답변하지 않기"
FILL_IN, CHOOSE = "작성", "선택"
RESPOND, IGNORE = "직접 답변", "무시"
APPROVE_ALL, REJECT_ALL, DECIDE_EACH = "모두 승인", "모두 거절", "하나씩 결정"
ARGUMENTS = "입력값"
YES, NO = "예", "아니요"
BACK, CLOSE, SEND = "뒤로", "닫기", "보내기"
SUBMIT = "제출"
VIEW_EVERYTHING, STOP_RUN, RETRY = "전체 보기", "작업 중지", "다시 시도"
TRIED_AGAIN = "🔁 이후 다시 시도했습니다."
EVERYTHING = "전체 내용"
REVEAL = "숨긴 내용 보기"
CONTINUE = "계속"
NEXT, PREVIOUS = "다음 페이지", "이전 페이지"

UNTITLED = "에이전트가 승인을 요청합니다"
UNTITLED_QUESTION = "에이전트가 답변을 요청합니다"
VALUE = "값"
WHY = "이유"

EDIT_TITLE = "수정하고 승인"
APPROVE_WITH_CHANGES = "수정 내용으로 승인"
SURE = "계속할까요?"

YOUR_ANSWER = "내 답변"
REASON, OWN_WORDS = "사유", "직접 입력"
GIVE_A_REASON = "사유를 입력해 주세요."
ONE_OF_BOTH = "사유를 고르거나 직접 적어 주세요."
NOTE, NOTE_TOLD = "메모", "에이전트에게 남기는 메모"
REASON_TOLD, REASON_UNTOLD = "에이전트가 이 내용을 읽습니다.", "이 대화에 있는 모든 사람이 읽을 수 있습니다."
LINES_HINT = "한 줄에 하나씩 입력해 주세요."
JSON_HINT = "구조화된 데이터(JSON)입니다. 따옴표, 괄호, 쉼표를 그대로 두세요."
HIDDEN_KEPT = "숨긴 값입니다. 비워 두면 그대로 유지됩니다."
HIDDEN_PARTS = "일부가 숨겨져 있습니다. 점을 그대로 두면 그 부분은 바뀌지 않습니다."

STOP_TITLE = "작업을 중지할까요?"
STOP_TEXT = "에이전트가 여기서 멈추고, 아직 답변하지 않은 질문은 모두 철회됩니다. 되돌릴 수 없습니다."

VERDICTS = {
    Verdict.APPROVED: ("✅", "승인했습니다"),
    Verdict.EDITED: ("✏️", "수정하여 승인했습니다"),
    Verdict.REJECTED: ("⛔", "거절했습니다"),
    Verdict.ANSWERED: ("💬", "답변했습니다"),
}

REPLACED = "↪️ 철회됨: 더 새로운 메시지가 이 질문을 대신합니다."
EMPTY = "비어 있음"

PASSING_ON = "⏳ 답변을 전달하고 있습니다…"
WENT_ON = "▶️ 에이전트가 작업하고 있습니다…"
ASKED_AGAIN = "▶️ 에이전트가 작업을 이어 갔고, 다른 답변을 기다리고 있습니다."
FINISHED = "🏁 완료되었습니다."
FAILED = "❌ 이 답변 뒤에 작업이 실패했습니다."

WORKING = "⏳ 작업 중…"
WAITING_FOR_ONE = "✋ 답변 대기 중"
RUN_FINISHED = "🏁 완료"
RUN_FAILED = "❌ 실패"


THINKING = "생각하는 중"
STEP_MARKS = {StepState.RUNNING: "▸ 진행 중:", StepState.DONE: "✓ 완료:", StepState.FAILED: "✕ 실패:"}


def step(name: str, done: int, total: int) -> str:
    return f"{name} ({total}개 중 {done}개)" if total > 1 else name


def is_doing(what: str) -> str:
    return f"작업 중: {what}"


ASK_AN_AGENT, START, AGENT = "에이전트에게 요청", "시작", "에이전트"
PROMPT = "무엇을 할까요?"
PROMPT_HINT = "메시지의 내용입니다. 자유롭게 고쳐 주세요."
CHOOSE_AGENT, WRITE_PROMPT = "에이전트를 선택해 주세요.", "에이전트가 할 일을 입력해 주세요."
STOPPED_WATCHING = (
    "여기에 쓰던 내용만 멈췄고 작업은 계속됩니다. 작업을 중지하려면 스레드에 `!stop`이라고 쓰거나 카드에서 "
    "*작업 중지*를 선택해 주세요."
)
NO_AGENTS = "아직 에이전트가 없습니다. `andon.toml` 파일에 추가한 뒤 저를 다시 시작해 주세요."
NOT_BEGUN = "아직 시작하지 않음"


def where_it_stands(what: str) -> str:
    return f"작업 진행 상황: {what}"


def wants_to_use(tools: Sequence[str]) -> str:
    return f"에이전트가 도구를 사용하려고 합니다: {_listed(tools)}"


def decision_on(call: str) -> str:
    return f"결정: {call}"


def stopped(who: str | None) -> str:
    return f"🛑 {who} 님이 작업을 중지했습니다" if who else "🛑 작업이 중지되었습니다"


def answered(done: int, total: int) -> str:
    return f"✋ {total}개 중 {done}개 답변됨"


def shown_in_part(label: str, cut: str) -> str:
    return f"{label} ({cut})"


def more_fields(hidden: int) -> str:
    return f"여기에 표시되지 않은 항목이 {hidden}개 더 있습니다."


CHANNEL_MEMBERS = "이 채널의 멤버"
REQUESTER = "요청한 사람"
WITHDRAW = "내 승인 취소"
VOTED_ALREADY = "이미 승인하셨습니다."
NOT_VOTED = "취소할 승인이 없습니다."
SOMEBODY_ELSE = "요청한 사람은 제외"


def members_of(channel: str) -> str:
    return f"{channel} 채널의 멤버"


def any_of(names: Sequence[str], hidden: int) -> str:
    *first, last = [*names, f"그 밖의 {hidden}명"] if hidden else names
    return f"{', '.join(first)} 또는 {last}" if first else last


TIMED_OUT = "⌛"
REJECTED_BY_SILENCE, APPROVED_BY_SILENCE = "자동 거절", "자동 승인"
ENDED_BY_SILENCE, STOPPED_BY_SILENCE = "에이전트가 답변 없이 계속", "작업 중지"


def no_answer_by(when: str, then: str) -> str:
    return f"{TIMED_OUT} *{when}까지 답변 없음*: {then}"


def answer_by(when: str, otherwise: str) -> str:
    return f"답변 기한: {when} (지나면 {otherwise})"


def by_when(when: str) -> str:
    return f"답변 기한은 {when}입니다."


def expired(when: str) -> str:
    return f"답변 기한이 지났습니다: {when}. {UNDECIDED}"


def still_waiting(agent: str, who: str) -> str:
    return f"⏰ *{agent}* 에이전트가 아직 답변을 기다리고 있습니다{f' (답변할 수 있는 사람: {who})' if who else ''}"


def waits_for_you(agent: str, asker: str) -> str:
    return f"⏰ *{agent}* 에이전트가 회원님이 하실 수 있는 답변을 기다리고 있습니다. 요청한 사람: {asker}"


def may_answer_too(who: str) -> str:
    return f"⏫ 아직 아무도 답변하지 않아 이제 다음 사람도 답변할 수 있습니다: {who}"


REMINDED, ESCALATED = "⏰ 여기에서 답변을 다시 요청했습니다.", "⏫ 여기부터 다른 사람도 답변할 수 있었습니다."
OPEN_QUESTION = "질문 열기"
NOTHING_TO_ANSWER = "여기에는 더 답변할 것이 없습니다."


NO_SUCH_GRANT = "그런 승인은 없습니다. `/agent status <run>` 명령으로 현재 승인 목록을 볼 수 있습니다."
GRANT = "이 작업에서는 계속 승인"


def what_is_granted(tools: str, how_long: str) -> str:
    return (
        f"이 작업에서 에이전트가 {_time(how_long)} 동안 다음 도구를 어떤 값으로든 묻지 않고 사용할 수 있습니다: "
        f"{tools}. 언제든 끝낼 수 있습니다."
    )


def granted(who: str, tools: str, until: str, grant_id: str) -> str:
    return f"{who} 님이 이 작업에서 `{tools}` 사용을 승인했습니다. 기한: {until}. 끝내려면: `/agent revoke {grant_id}`"


def revoked(tools: str) -> str:
    return f"이제 에이전트가 `{tools}` 도구를 사용하기 전에 다시 묻습니다."


DATE_AND_TIME = "{date_short_pretty} {time}"
DEEPER = "… (더 깊은 내용은 표시할 수 없음)"


def characters_of(shown: int, total: int) -> str:
    return f"{total:,}자 중 {shown:,}자"


def lines_of(shown: int, total: int) -> str:
    return f"{total:,}줄 중 {shown:,}줄"


def requested_by(who: str) -> str:
    return f"요청한 사람: {who}"


def run_of(agent: str, who: str) -> str:
    return f"{agent}, {who} 님이 시작한 작업"


def ended_for(how: str, who: str) -> str:
    return f"{how}: {who} 님이 요청한 작업"


def decided(mark: str, word: str, people: Sequence[str]) -> str:
    return f"{mark} {all_of(people)} 님이 *{word}*"


def automatically(mark: str, word: str, rule: str) -> str:
    return f"{mark} 정책에 따라 *자동으로 {word}*: {rule}"


def all_of(names: Sequence[str]) -> str:
    return ", ".join(names)


def also_in(groups: Sequence[str]) -> str:
    return " 중에서 다음에도 속하는 사람: ".join(reversed(groups))


def may_answer(who: str) -> str:
    return f"답변할 수 있는 사람: {who}"


def only_they_may_answer(who: str) -> str:
    return f"다음 사람만 답변할 수 있습니다: {who}."


def have_to_agree(required: int) -> str:
    return f"{required}명이 승인해야 합니다"


def votes(count: int, required: int, mentions: Sequence[str], among: str) -> str:
    more = f"{required - count}명 더 필요{f' ({among})' if among else ''}"
    return " · ".join([f"{required}명 중 {count}명 승인", *(f"{mention} ✓" for mention in mentions), more])


def approves_changes(who: str) -> str:
    return f"✏️ {who} 님이 내용을 수정했고, 승인은 그때부터 셉니다. 승인하면 다음 수정 내용을 승인하게 됩니다:"


def you_can_ask(mentions: Sequence[str]) -> str:
    if not mentions:
        return "지금은 대신 부탁할 수 있는 사람이 없습니다."
    return f"대신 부탁할 수 있는 사람: {', '.join(mentions)}."


def too_long_to_edit(label: str, length: int) -> str:
    return f"{label}: 너무 길어서({length:,}자) 여기에서 수정할 수 없으며 그대로 유지됩니다."


MUST, MUST_TOO = "입력해 주세요.", "이것도 입력해 주세요. 함께 입력한 다른 항목에 필요합니다."
WHOLE_NUMBER = "정수를 입력해 주세요. 예: 3"
NUMBER = "숫자를 입력해 주세요. 예: 25.50"
DATE = "날짜를 선택해 주세요."
NOT_JSON = "구조화된 데이터(JSON)로 읽을 수 없습니다."
NOT_RECEIVED = "전달되지 않았습니다. 다시 입력해 주세요."
HIDDEN = "일부가 점으로 숨겨져 있습니다. 그대로 두거나 전체를 바꿔 주세요."
WRITE_ANSWER = "답변을 입력해 주세요."


def at_most(limit: int) -> str:
    return f"{limit:,}자까지 입력할 수 있습니다."


def not_json(line: int, column: int, problem: str) -> str:
    return f"{line}행 {column}열을 읽을 수 없습니다({problem}). 따옴표, 괄호, 쉼표를 확인해 주세요."


CHANGED = "변경됨"
REPLY_HERE = "이 스레드에 답글을 남겨 답변할 수도 있습니다"
HOW_TO_ANSWER = "답변하려면 이 메시지를 열어 주세요."


def more_changes(hidden: int) -> str:
    return f"그 밖의 변경 {hidden}개"


ASKED, OUTCOME = "요청", "결과"


def in_full(title: str) -> str:
    return f"전체 내용: {title}"


def page_of(number: int, count: int) -> str:
    return f"{count:,}페이지 중 {number:,}페이지"


ASKED_AGAIN_BECAUSE = "지난 답변이 맞지 않았습니다. "
UNFIT = "에이전트가 받을 수 없는 값입니다."
RULES = {
    "minimum": "{} 이상을 입력해 주세요.",
    "maximum": "{} 이하를 입력해 주세요.",
    "exclusiveMinimum": "{}보다 큰 값을 입력해 주세요.",
    "exclusiveMaximum": "{}보다 작은 값을 입력해 주세요.",
    "multipleOf": "{}의 배수를 입력해 주세요.",
    "minLength": "{}자 이상 입력해 주세요.",
    "maxLength": "{}자까지 입력할 수 있습니다.",
    "pattern": "형식이 맞지 않습니다: {}",
    "const": "정해진 값이어야 합니다: {}",
    "format": "형식에 맞는 값이 아닙니다: {}",
    "minItems": "{}개 이상 입력해 주세요.",
    "maxItems": "{}개까지 입력할 수 있습니다.",
    "uniqueItems": "같은 항목은 한 번만 입력할 수 있습니다.",
    "additionalProperties": "요청하지 않은 항목이 있습니다.",
}
_KINDS = {
    "string": "텍스트",
    "number": "숫자",
    "integer": "정수",
    "boolean": "참 또는 거짓",
    "array": "목록",
    "object": "이름이 있는 값의 묶음",
    "null": "빈 값",
}


def has_to_be(kind: str) -> str:
    return f"필요한 값의 종류: {_KINDS.get(kind, '다른 종류')}."


def choose_one_of(values: Sequence[object]) -> str:
    return f"다음 중 하나를 선택해 주세요: {_listed(values)}."


def missing(names: Sequence[str]) -> str:
    return f"빠진 항목이 있습니다: {_listed(names)}."


def _listed(items: Sequence[object]) -> str:
    return ", ".join(str(item) for item in items[:8]) + (", …" if len(items) > 8 else "")


REST_TITLE = "나머지 승인"
APPROVES_THESE = "다음을 그대로 승인합니다:"
APPROVING = "승인하고 있습니다…"
NOTHING_TO_APPROVE = "살펴보지 않고 승인할 수 있는 것이 더 없습니다."


def approve_the_rest(count: int) -> str:
    return f"나머지 승인 ({count})"


def approve_so_many(count: int) -> str:
    return f"{count}개 승인"


def left_out(count: int) -> str:
    return f"{count}개는 따로 살펴봐야 합니다."


def approved_so_many(done: int, count: int) -> str:
    if done == count:
        return f"{count}개를 모두 승인했습니다."
    return f"{count}개 중 {done}개를 승인했습니다. 나머지는 아무것도 결정되지 않았습니다:"


# Answering differently.
ANSWER_DIFFERENTLY, ASK_AGAIN = "다르게 답변하기", "다시 묻기"
WHAT_FORKING_DOES = "별도 대화에서 이 질문을 다시 묻습니다. 첫 답변으로 이미 실행된 것은 되돌려지지 않습니다."
CANNOT_FORK = "이 에이전트는 이전 질문으로 돌아갈 수 없습니다. 대신 새 작업을 시작해 주세요."
NOTHING_DECIDED_YET = "아직 아무도 답변하지 않았습니다. 카드에서 답변해 주세요."
ASKING_AGAIN = "이 채널의 별도 대화에서 다시 묻겠습니다."


def answered_differently(link: str) -> str:
    return f"↪️ 다르게 답변할 수 있도록 다시 물었습니다{f': <{link}|열기>' if link else ''}"


def answered_differently_from(who: str, link: str) -> str:
    first = f"<{link}|첫 답변>" if link else "첫 답변"
    return f"↪️ {who} 님이 다르게 답변할 수 있도록 다시 묻습니다. {first} 이후에 이루어진 일은 취소되지 않습니다."


# What was tried on a run, and what came of it.
AUDIT_TITLE, HISTORY_TITLE = "누가 무엇을 했는지", "작업 기록"
NOTHING_YET = "아직 아무 일도 없었습니다."
THE_POLICY = "에이전트의 정책"
_DEEDS = {
    "start": "작업을 시작했습니다",
    "say": "메시지를 썼습니다",
    "withdraw": "승인을 취소했습니다",
    "stop": "작업을 중지했습니다",
    "retry": "다시 시도하게 했습니다",
    "fork": "다르게 답변하겠다고 요청했습니다",
    "hand_over": "다른 사람에게 답변을 부탁했습니다",
    "remind": "알림을 요청했습니다",
    "reminded": "아직 답변이 없다고 알렸습니다",
    "escalated": "답변이 없어 다른 사람도 답변할 수 있게 했습니다",
    "grant": "이 작업이 끝날 때까지 같은 요청을 승인했습니다",
    "revoke": "같은 요청에 대한 승인을 끝냈습니다",
    "reveal": "가려진 값을 보았습니다",
    "forked": "다르게 답변하려고 이 사본을 시작했습니다",
}
_TRIED = {
    "answer": "답변",
    "withdraw": "승인 취소",
    "stop": "작업 중지",
    "retry": "다시 시도",
    "fork": "다르게 답변하기",
    "hand_over": "다른 사람에게 답변 부탁하기",
    "remind": "알림 받기",
    "grant": "같은 요청 모두 승인",
    "revoke": "같은 요청에 대한 승인 끝내기",
    "say": "메시지 쓰기",
    "start": "작업 시작",
}
_BECAUSE = {
    "decided": "다른 사람이 먼저 답변했습니다",
    "replaced": "더 새로운 메시지가 질문을 대신했습니다",
    "stopped": "작업이 중지된 상태였습니다",
    "changed": "질문이 바뀌었습니다",
    "not_an_approver": "이 질문에 답변할 수 없는 사람입니다",
    "own_request": "본인의 요청이었습니다",
    "not_yours": "본인의 작업이 아니었습니다",
    "over": "작업이 이미 끝났습니다",
    "moved_on": "대화가 이미 다음으로 넘어갔습니다",
    "not_checked": "누가 답변할 수 있는지 확인할 수 없었습니다",
    "voted": "이미 승인했습니다",
    "not_voted": "승인한 적이 없습니다",
    "invalid": "입력한 내용이 맞지 않았습니다",
    "needs_buttons": "메시지로는 결정할 수 없습니다",
    "not_them": "부탁받은 사람이 답변할 수 없었습니다",
    "cannot_let": "다른 사람에게 답변을 맡길 수 없었습니다",
    "cannot_fork": "이 에이전트는 이전 질문으로 돌아갈 수 없습니다",
    "undecided": "아직 아무도 답변하지 않았습니다",
    "several_open": "열린 질문이 여러 개였습니다",
    "guest": "게스트는 할 수 없습니다",
    "stranger": "다른 조직의 사람은 할 수 없습니다",
    "deactivated": "비활성화된 계정입니다",
    "bot": "봇은 할 수 없습니다",
}


def deed(who: str, what: str, detail: str) -> str:
    tried, _, refused = what.partition(" ")
    if refused:
        because = _BECAUSE.get(detail, "아무것도 바뀌지 않았습니다")
        return f"🚫 {who} 님의 {_TRIED.get(tried, '버튼 누르기')} 시도: {because}"
    if tried in {"answer", "vote"}:
        mark, verdict = VERDICTS[Verdict(detail.partition(" ")[0])]
        more = ". 다른 사람도 승인해야 합니다" if tried == "vote" else ""
        return f"{mark} {who} 님이 {verdict}{more}"
    return f"{who} 님이 {_DEEDS.get(tried, tried)}"


def wrote(who: str) -> str:
    return f"💬 {who} 님의 메시지"


# To the one who clicked, and to nobody else.
NOT_SENT = "보내지 않음"
UNDECIDED = "아무것도 결정되지 않았습니다."
UNKNOWN_REQUEST = f"더 이상 찾을 수 없는 질문입니다. {UNDECIDED}"
STRANGER = f"이 워크스페이스의 사람만 이곳의 에이전트에게 답변할 수 있습니다. {UNDECIDED}"
OWN_REQUEST = "본인이 요청한 것이므로 다른 사람이 답변해야 합니다."
GUEST = f"게스트는 이 에이전트의 질문에 답변할 수 없습니다. {UNDECIDED}"
DEACTIVATED = f"비활성화된 계정으로는 답변할 수 없습니다. {UNDECIDED}"
BOT = f"앱은 에이전트의 질문에 답변할 수 없습니다. {UNDECIDED}"
REDRAWN = f"카드가 표시된 뒤에 질문이 바뀌었습니다. {UNDECIDED} 이제 카드에 최신 내용이 표시됩니다."
TRY_AGAIN = f"저희 쪽에 문제가 생겼습니다. {UNDECIDED} 잠시 후 다시 시도해 주세요."
ANSWER_WITH_BUTTONS = "메시지로는 결정할 수 없습니다. 카드의 버튼을 사용해 주세요."
WHICH_ONE = "열린 질문이 여러 개입니다. 답변하려는 질문의 카드에서 답변해 주세요."
NOT_YOURS = "이 작업을 시작한 사람이나 이 에이전트의 질문에 답변할 수 있는 사람만 할 수 있습니다."
GONE = "여기에서 나눈 대화는 더 이상 보관되어 있지 않아 이어 갈 수 없습니다. `/agent` 명령으로 새 작업을 시작해 주세요."
ALREADY_OVER = "이미 끝난 작업입니다."
MOVED_ON = "이미 다시 시도했거나 그 뒤로 대화가 이어졌습니다."
TOO_LATE = "Slack이 기다려 주지 않아 열지 못했습니다. 다시 시도해 주세요."


def already(who: str, verdict: Verdict, when: str) -> str:
    return f"{who} 님이 먼저 {VERDICTS[verdict][1]}: {when}. 회원님의 답변은 반영되지 않았습니다."


def already_by_policy(when: str) -> str:
    return f"에이전트의 정책에 따라 자동으로 결정되었습니다: {when}. 회원님의 답변은 반영되지 않았습니다."


def nothing_left(end: str) -> str:
    return f"{end}. 더 답변할 것이 없습니다."


def not_checked(what: str) -> str:
    if not what:
        return f"답변하실 수 있는지 제때 확인하지 못했습니다. {UNDECIDED} 다시 시도해 주세요."
    question = f"{what} 님의 계정을" if what.startswith("<@") else f"{what}에 속한 사람을"
    return f"{question} 확인하지 못했습니다. {UNDECIDED} 다시 시도해 주세요."


def cannot_post(channel: str, code: str) -> str:
    why = {
        "not_in_channel": "제가 멤버가 아닙니다",
        "channel_not_found": "제가 멤버가 아닙니다",
        "is_archived": "보관된 채널입니다",
    }
    return (
        f"<#{channel}> 채널에서 시작하지 못했습니다: {why.get(code, code)}. "
        "/invite 명령으로 저를 초대한 뒤 다시 시도해 주세요."
    )


# Questions that are asked elsewhere.
OPEN_IT = "열기"


def asked_in(channels: str) -> str:
    return f"📨 질문한 곳: {channels}"


def asked_directly(people: str) -> str:
    return f"📨 다이렉트 메시지로 질문한 사람: {people}"


def so_many_others(count: int) -> list[str]:
    return [f"그 밖의 {count}명"] if count else []


def not_asked_in(channel: str, *, here: bool) -> str:
    return f"⚠️ {channel} 채널에 글을 쓸 수 없습니다{_so_here(here)}. /invite 명령으로 저를 그 채널에 초대해 주세요."


def not_asked_directly(who: str, *, here: bool) -> str:
    whom = f"{who} 님" if who else "답변할 수 있는 사람"
    return f"⚠️ {whom}에게 다이렉트 메시지를 보내지 못했습니다{_so_here(here)}."


def _so_here(here: bool) -> str:
    return ". 그래서 여기에서 묻습니다" if here else ""


# What `/agent` says back.
START_AN_AGENT = "에이전트를 시작해 보세요. 사람이 필요하면 여기에서 묻습니다:"
NOTHING_RUNS = "진행 중인 작업이 없습니다. `/agent help` 명령으로 시작할 수 있는 에이전트를 볼 수 있습니다."
OPEN_LINK, OPEN_CONVERSATION = "열기", "대화 열기"
MARKS = {"done": "완료", "running": "진행 중", "waiting for an answer": "답변 대기 중", "failed": "실패"}


def also_there(names: Sequence[str]) -> str:
    return f"그 밖의 에이전트: {', '.join(names)}"


def other_commands(commands: Sequence[str]) -> str:
    return f"그 밖의 명령: {' · '.join(f'`/agent {command}`' for command in commands)}"


def starting(agent: str) -> str:
    return f"*{agent}* 에이전트를 시작합니다…"


def tell_it_what(agent: str, example: str) -> str:
    return f"*{agent}* 에이전트가 할 일을 알려 주세요. 예: `{example}`"


def no_such_agent(name: str, near: str = "") -> str:
    guess = f" `/agent {near} …` 명령을 찾으셨나요?" if near else ""
    return f"이름이 `{name}`인 에이전트는 없습니다.{guess}"


def started_by(who: str, when: str) -> str:
    return f"{when}에 {who} 님이 시작"


def no_such_run(ref: str) -> str:
    return f"여기에는 `{ref}` 작업이 없습니다. `/agent list` 명령으로 진행 중인 작업을 볼 수 있습니다."


def several_runs(ref: str) -> str:
    return f"`{ref}`(으)로 시작하는 작업이 여러 개입니다. 조금 더 길게 입력해 주세요."


def drawing(agent: str, link: str) -> str:
    return f"*{agent}* 작업의 진행 상황을 그리고 있습니다. 그림은 <{link}|해당 대화>에 올라옵니다."


def nothing_to_draw(agent: str) -> str:
    return f"*{agent}* 작업은 그릴 것이 없습니다. 에이전트나 대화가 더 이상 없습니다."


def asked_for_picture(who: str) -> str:
    return f"{who} 님이 작업 진행 상황을 물었습니다."


def stopped_by_command(agent: str) -> str:
    return f"*{agent}* 작업을 중지했습니다."


# A policy in words.
NOT_LOOKED_UP = "지금은 누가 여기에 해당하는지 확인하지 못했습니다."
BY_DEFAULT = "기본값"
EVERYBODY = "이 워크스페이스에서 질문을 볼 수 있는 모든 사람"
NOT_WHOEVER_ASKED = "요청한 사람은 답변할 수 없습니다"
GUESTS_MAY = "게스트도 답변할 수 있습니다. 앱, 비활성화된 계정, 다른 조직은 항상 답변할 수 없습니다"
GUESTS_MAY_NOT = "게스트는 답변할 수 없습니다. 앱, 비활성화된 계정, 다른 조직은 항상 답변할 수 없습니다"
REMINDER, MESSAGE_TO_APPROVERS = "대화에서 다시 알림", "답변할 수 있는 사람에게 다이렉트 메시지"
NO_HANDING_OVER = "답변을 다른 사람에게 맡길 수 없습니다"
REASON_REQUIRED = "거절하는 사람은 사유를 남겨야 합니다"
DIRECT_MESSAGES = "답변할 수 있는 사람에게 보내는 다이렉트 메시지"
APPROVED_BY_TIME, REJECTED_BY_TIME = "자동 승인", "자동 거절"


def who_may_answer(agent: str) -> str:
    return f"*{agent}*: 누가 답변할 수 있나요"


def as_of_now(people: str) -> str:
    return f"현재 해당하는 사람: {people}"


def for_tool(tool: str) -> str:
    return f"`{tool}` 도구의 경우"


def about_policies(every: str) -> str:
    return (
        f"질문마다 이보다 좁게 제한할 수 있지만 넓힐 수는 없습니다. 멤버는 {_time(every)}마다 확인하고, "
        "누군가의 답변을 거부하기 전에 다시 확인합니다."
    )


def whose_policy(commands: str) -> str:
    return f"어느 에이전트의 정책인가요? {commands}"


def they_may_answer(who: str) -> str:
    return f"답변할 수 있는 사람: {who}"


def they_may_answer_too(who: str) -> str:
    return f"다음 사람도 답변할 수 있음: {who}"


def so_many_agree(required: int) -> str:
    return f"{required}명이 승인해야 하며, 한 명이라도 거절하면 거절됩니다"


def asked_elsewhere(place: str) -> str:
    return f"질문하는 곳: {place}. 작업이 진행되는 대화에도 알립니다"


def approved_without_asking(condition: str) -> str:
    return f"묻지 않고 승인하는 조건: `{condition}`"


def grants_hold(how_long: str) -> str:
    return f"“{GRANT}” 승인은 같은 도구의 호출에 {_time(how_long)} 동안 적용됩니다"


def after(what: str, how_long: str) -> str:
    return f"{_time(how_long)} 뒤: {what}"


def clock_runs(hours: str) -> str:
    return f"시간을 세는 업무 시간: {hours}"


# Asking somebody else, and being reminded.
ASK_SOMEBODY, REMIND_ME = "다른 사람에게 부탁…", "1시간 뒤에 알림"
ASK_SOMEBODY_TITLE, ASK = "다른 사람에게 부탁", "부탁하기"
WHOM = "누가 답변하면 좋을까요?"
WHOM_HINT = "그 사람이 다이렉트 메시지로 질문을 받습니다. 답변할 수 있다면 직접 답변하셔도 됩니다."
NOTE_HINT = "질문을 보는 모든 사람이 읽을 수 있습니다."
CHOOSE_SOMEBODY_ELSE = "다른 사람을 선택해 주세요."
CANNOT_LET = "이 질문에 답변할 수 없는 사람이며, 회원님이 맡길 수도 없습니다. 답변할 수 있는 사람에게 부탁해 주세요."


def not_them(reason: str) -> str:
    return f"이 사람은 답변할 수 없습니다: {_BECAUSE.get(reason, '허용되지 않습니다')}."


def handed_to(by: str, to: str, note: str) -> str:
    return f"↪️ {by} 님이 {to} 님에게 답변을 맡겼습니다{f': {note}' if note else ''}"


def asks_to_answer(by: str, to: str, note: str) -> str:
    return f"↪️ {by} 님이 {to} 님에게 답변을 부탁했습니다{f': {note}' if note else ''}"


def will_remind(when: str) -> str:
    return f"그때까지 답변이 없으면 알려 드리겠습니다: {when}."


def you_wanted_to_know(agent: str, asker: str) -> str:
    return f"⏰ 요청하신 알림입니다. *{agent}* 에이전트가 아직 답변을 기다리고 있습니다. {requested_by(asker)}"


# The Home tab.
WAITING_FOR_YOU = "내 답변을 기다리는 질문"
STARTED_BY_YOU = "내가 시작한 작업"
NOTHING_WAITS = "회원님의 답변을 기다리는 질문이 없습니다."
START_SOMETHING = "제가 있는 채널에서 /agent 명령으로 에이전트를 시작하거나 여기에 메시지를 보내 주세요:"
OPEN = "열기"
DECIDED_LATELY = "최근에 결정된 질문"


def more_in_home(hidden: int, *, more: bool) -> str:
    return f"그 밖의 질문 {hidden}개{' 이상' if more else ''}: 제 홈 탭을 열어 주세요"


def in_its_conversation(link: str) -> str:
    return f"<{link}|해당 대화 열기>"


def range_of(first: int, last: int, total: int) -> str:
    return f"총 {total}개 중 {first}~{last}"


def more_agents(hidden: int) -> str:
    return f"그 밖의 에이전트 {hidden}개: `/agent help`"


UNKNOWN_COMMAND = "알 수 없는 명령입니다. /agent help 명령을 사용해 보세요."
_UNITS = {"d": "일", "h": "시간", "m": "분", "s": "초", "w": "주"}


def _time(how_long: str) -> str:
    """`1h 30m` as people say it."""
    return re.sub(r"(\d+)\s*([dhmsw])", lambda found: f"{found[1]}{_UNITS[found[2]]}", how_long)
