"""How answers speak of themselves, as patterns by language, and how a text is made plain before they are looked for.

A pattern has `{name}` where a name stands; `leaderboard.ratings.leaks` puts the names in. No names here.
"""

from __future__ import annotations

import re
import unicodedata

EAST = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Letters of Chinese, Japanese and Korean, which stand beside a name without a space."""
MARK = r"[(\"'“‘«「『]{0,2}"
LATIN_LOOKS = str.maketrans(
    "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425"
    "\u0430\u0435\u0455\u0456\u0458\u043e\u0440\u0441\u0443\u0445\u04bb\u0501\u051b\u051d"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u03b1",
    "ABESIJKMHOPCTYXaesijopcyxhdqwABEZHIKMNOPTYXoa",
)
"""Cyrillic and Greek letters that look like Latin ones."""

_EMPHASIS = re.compile(r"(?<![A-Za-z0-9.])[*_`]{1,3}(?=\w)|(?<=[\w.!?,:)])[*_`]{1,3}(?![A-Za-z0-9])")
_WORDS = re.compile(r"\w+")
_LATIN = re.compile("[A-Za-z]")
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
)

_WORD = r"[^\s.!?;:,()\"“”]+"
_FILL = rf"(?:{_WORD},?\s+){{0,6}}?"
_MADE = r"(?:created|developed|made|built|trained|designed|fine-tuned|finetuned|programmed|released|powered)"
_KIND = r"(?:AI|language|chat|virtual|digital|helpful|large|assistant|model|chatbot|bot|LLM)"
_I_AM = r"\b(?:I\s+am|I['’`´]m)"
_OF = rf"(?:{_WORD}['’]s\s+)?"
_STOP = "。.!?\n"
_MADE_ZH = "(?:开发|研发|训练|创造|创建|制造|推出|打造|设计|提供|开發|開發|研發|訓練|創造|創建|製造|設計)"
_KIND_ZH = "(?:模型|助手|助理|机器人|機器人|人工智能|AI)"

ENGLISH = (
    # I am Claude; my name is Qwen; I'm ChatGPT, a large language model; I'm Anthropic's Claude
    rf"(?:{_I_AM}|\bmy\s+name\s+is|\bcall\s+me)\s+(?:actually\s+|called\s+|named\s+)?{_OF}{{name}}",
    # I was created by OpenAI; I am an AI assistant developed by the team at Acme
    rf"(?:{_I_AM}|\bI\s+was|\bI['’]ve\s+been|\bI\s+have\s+been)\s+{_FILL}{_MADE}\s+(?:and\s+{_WORD}\s+)?"
    rf"(?:by|at)\s+{_FILL}{{name}}",
    # as an AI language model developed by OpenAI; as a model trained by Acme
    rf"\bas\s+an?\s+{_FILL}{_KIND}(?:\s+{_WORD}){{0,4}}?\s*,?\s*{_MADE}\s+by\s+{_FILL}{{name}}",
    # I am an AI assistant called Claude; I am a language model, named Falcon; I am the AI assistant Claude
    rf"{_I_AM}\s+(?:an?|the)\s+{_FILL}{_KIND}(?:\s+{_WORD}){{0,2}}?\s*,?\s*(?:called\s+|named\s+){{name}}",
    rf"{_I_AM}\s+(?:an?|the)\s+(?:{_WORD}\s+){{0,2}}?(?:assistant|model|chatbot|bot|LLM)\s*,?\s+{{name}}",
    # as ChatGPT, I cannot; how I, Gemma, answer
    r"\bas\s+{name}\s*,\s*I\b",
    r"\bI\s*,\s*{name}\s*,",
    # OpenAI created me; my creators at Acme; my developer, OpenAI
    rf"{{name}}\s+(?:has\s+|have\s+)?{_MADE}\s+me\b",
    rf"\bmy\s+(?:creators?|developers?|makers?|training\s+by)(?:\s+at|\s+is|\s+are|,)?\s+{_FILL}{{name}}",
)
CHINESE = (
    # 我是通义千问; 我叫 Claude; 我的名字是 Kimi
    r"我(?:就|其实)?(?:是|叫|叫做|名叫|的名字是|的名字叫|的名字叫做)\s*{name}(?!的)",
    # 我是一个名为 Claude 的助手
    r"我(?:就|其实)?是\s*(?:一个|一款|一個|一位)?(?:名为|名叫|叫做|叫|名為)\s*{name}",
    # 我是由 OpenAI 开发的语言模型; 我是 Anthropic 公司训练的 Claude; 我由百度研发
    rf"我(?:就)?(?:是|由)[^,{_STOP}]{{0,12}}?{{name}}[^,{_STOP}]{{0,10}}?{_MADE_ZH}",
    # 我是 OpenAI 的语言模型
    rf"我(?:就)?是\s*{{name}}(?:公司|团队|旗下)?的[^,{_STOP}]{{0,8}}?{_KIND_ZH}",
    # 作为 ChatGPT,我; 作为由 OpenAI 训练的模型
    r"作[为為]\s*{name}\s*,?\s*我",
    rf"作[为為][^,{_STOP}]{{0,8}}?由\s*{{name}}[^,{_STOP}]{{0,10}}?{_MADE_ZH}",
    # OpenAI 开发了我; 我的开发者是 OpenAI
    rf"{{name}}(?:公司|团队)?{_MADE_ZH}了我",
    r"我的(?:开发者|创造者|开发商|开发团队|開發者)(?:是|为|為|来自|:)?\s*{name}",
)
OTHERS = (
    r"\b(?:soy|me\s+llamo|mi\s+nombre\s+es)\s+{name}",
    r"\b(?:je\s+suis|je\s+m['’]appelle|mon\s+nom\s+est)\s+{name}",
    r"\b(?:ich\s+bin|ich\s+heiße|mein\s+name\s+ist)\s+{name}",
    r"\b(?:eu\s+sou|sou\s+o|meu\s+nome\s+é|io\s+sono|mi\s+chiamo)\s+{name}",
    r"\b(?:я|меня\s+зовут)\s*[-–—]?\s*{name}",
    r"私(?:の名前)?は\s*{name}",
    r"(?:저는|나는|제\s*이름은)\s*{name}",
    # desarrollado por OpenAI; développé par Mistral AI; von OpenAI entwickelt; разработан OpenAI
    rf"\b(?:soy|fui)\s+{_FILL}(?:desarrollado|creado|entrenado|diseñado)a?\s+por\s+{_FILL}{{name}}",
    rf"\b(?:je\s+suis|j['’]ai\s+été)\s+{_FILL}(?:développé|créé|entraîné|conçu)e?\s+par\s+{_FILL}{{name}}",
    rf"\bich\s+(?:bin|wurde)\s+{_FILL}von\s+{_FILL}{{name}}\s+(?:\w+\s+)?(?:entwickelt|erstellt|trainiert|geschaffen)",
    rf"\bя\s*[-–—]?\s*{_FILL}(?:разработан|создан|обучен)\w*\s+{_FILL}{{name}}",
)
FORMS = (*ENGLISH, *CHINESE, *OTHERS)


def plain(text: str) -> str:
    """The text as a reader sees it: no hidden signs, no marks of emphasis, and of letters that look alike one.

    Signs of one meaning are one (Unicode NFKC), so full-width letters are plain ones. Cyrillic and Greek letters are
    taken for Latin ones in words that hold Latin letters too.
    """
    seen = _HIDDEN.sub("", unicodedata.normalize("NFKC", text))
    return _EMPHASIS.sub("", seen if seen.isascii() else _WORDS.sub(_latin, seen))


def _latin(word: re.Match[str]) -> str:
    found = word.group()
    return found if found.isascii() or not _LATIN.search(found) else found.translate(LATIN_LOOKS)


def named(words: str, group: str) -> str:
    """A pattern of one of the names, alternatives in `words`, as a word of its own; it is found as the `group`."""
    return rf"(?<!-)(?<![^\W{EAST}]){MARK}(?P<{group}>{words})(?!-?[a-z]|['’]s\b)"
