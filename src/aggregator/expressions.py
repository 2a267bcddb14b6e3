"""JMESPath expressions (https://jmespath.org/specification.html), which the user writes to read JSON. Pure.

The only place that knows the library. It finds a misspelt function, or one with the wrong number of arguments, only
when that is called: here both are found when the expression is compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import jmespath
from jmespath.exceptions import EmptyExpressionError, JMESPathTypeError, LexerError, ParseError
from jmespath.functions import Functions
from jmespath.parser import ParsedResult

MAX_EXPRESSION_CHARS = 2_000

_FUNCTIONS: Mapping[str, Mapping[str, Any]] = Functions.FUNCTION_TABLE


class ExpressionError(ValueError):
    """An expression that is none, or one that fails on a document; the text says why, to the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; `text` is how it was written."""

    text: str
    _compiled: ParsedResult

    def find(self, document: Any) -> Any:
        """Return what the expression finds in `document`, decoded JSON: None where it finds nothing.

        Raises:
            ExpressionError: it has no meaning there, such as the sum of texts.
            RecursionError: the document is nested too deep.
        """
        try:
            return self._compiled.search(document)
        except JMESPathTypeError as error:
            # The library's own text would quote the value, which may be a whole document.
            raise ExpressionError(f"{error.function_name}() cannot be used on {error.actual_type}") from None
        except (ArithmeticError, TypeError, ValueError) as error:
            raise ExpressionError(f"it fails: {str(error)[:200]}") from None


def compile_expression(text: str) -> Expression:
    """Return the compiled form of `text`.

    Raises:
        ExpressionError: it is not JMESPath; the text names the column, counted from 1, and what is wrong there.
    """
    if len(text) > MAX_EXPRESSION_CHARS:
        raise ExpressionError(f"it is longer than {MAX_EXPRESSION_CHARS} characters")
    try:
        compiled = jmespath.compile(text)
    except EmptyExpressionError:
        raise ExpressionError("it is empty") from None
    except ParseError as error:
        raise ExpressionError(_explained(error, len(text))) from None
    except RecursionError:
        raise ExpressionError("it is nested too deep") from None
    for name, arguments in _calls(compiled.parsed):
        _check_call(name, arguments)
    return Expression(text, compiled)


def _explained(error: ParseError, length: int) -> str:
    if error.lex_position >= length:
        return "it ends too early"
    reason = error.message if isinstance(error, LexerError) else f"unexpected “{error.token_value}”"
    return f"{reason} at column {error.lex_position + 1}"


def _calls(node: Any) -> Iterator[tuple[str, int]]:
    """Yield each function that a syntax tree calls, and with how many arguments."""
    if not isinstance(node, dict):
        return
    children = node.get("children", [])
    if node.get("type") == "function_expression":
        yield node["value"], len(children)
    for child in children:
        yield from _calls(child)


def _check_call(name: str, arguments: int) -> None:
    if name not in _FUNCTIONS:
        near = get_close_matches(name, _FUNCTIONS, n=1)
        hint = f"did you mean “{near[0]}”?" if near else f"known are: {', '.join(sorted(_FUNCTIONS))}"
        raise ExpressionError(f"there is no function “{name}”; {hint}")
    signature = _FUNCTIONS[name]["signature"]
    takes_more = bool(signature) and bool(signature[-1].get("variadic"))
    if arguments < len(signature) or (arguments > len(signature) and not takes_more):
        least = "at least " if takes_more else ""
        raise ExpressionError(f"{name}() takes {least}{len(signature)} arguments, not {arguments}")
