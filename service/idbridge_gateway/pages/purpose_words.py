"""What a purpose is called: in the words of the states' register where it speaks the language, else in ours."""

from idbridge.recognition.purpose import PurposeRegister
from idbridge_gateway.pages.languages import Language


def purpose_words(words: Language, code: str, register: PurposeRegister) -> str:
    """Return what the purpose ``code`` is called in the language of ``words``, or in English where nobody says it."""
    registered = register.find(code)
    names = registered.name if registered is not None else {}
    return names.get(words.code) or words.catalogue.sentences.get(f"purpose.{code}") or names.get("en", code)
